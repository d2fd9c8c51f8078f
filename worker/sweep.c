/* sweep.c: housekeeping: what is past its time goes, and what the dead left behind. */
#include "worker/sweep.h"

#include <inttypes.h>
#include <stdbool.h>

#include "lib/base/clock.h"
#include "lib/base/fault.h"
#include "lib/base/log.h"
#include "lib/model/storage.h"
#include "lib/store/backups.h"
#include "lib/store/copies.h"
#include "lib/store/downloads.h"
#include "lib/store/jobs.h"
#include "lib/store/projects.h"
#include "lib/store/restores.h"
#include "worker/job/clear.h"
#include "worker/notify/mail.h"
#include "worker/verify.h"

/* Rows of a page; and of what is past its time one round takes at most so many, so that it ends. */
enum { AT_ONCE = 200 };
enum { AWAY_MS = 10 * 60 * 1000, LOCKED_MS = 3600 * 1000 };
enum { MAIL_BACK_MS = 24 * 3600 * 1000, MAIL_LATE_MS = 10 * 1000 };

/* A round goes on behind whatever it cannot do; the first fault is given back, all are logged. */
struct round {
	struct clear c;
	int64_t since;
	int rc;
	struct err first;
};

/* Whether it went well. */
static bool
went(struct round *r, int rc, const struct err *e)
{
	if (rc == 0)
		return true;
	log_line(LOG_WARN, "sweep", "%s", e->text);
	if (r->rc == 0)
		r->first = *e;
	r->rc = -1;
	return false;
}

/* *failed_in: the storage that it failed in. */
static int
purge(const struct clear *base, int64_t id, int64_t *failed_in, struct err *e)
{
	const struct clear with = { base->conf, base->arena, base->db, failed_in }, *c = &with;

	if (clear_backup(c, id, e) != 0)
		return -1;
	FAULT("sweep.purged");
	if (backups_set_deleted(c->db, id, e) != 0)
		return -1;
	log_line(LOG_INFO, "backup.deleted", "b%" PRId64 " left the trash", id);
	return 0;
}

/* A bucket that is out of reach would hold up each round for as long as its requests are tried, and
 * an object that is locked would fill the log: both have time. */
static int
put_off(const struct clear *c, int64_t id, int64_t storage, const struct err *why, struct err *e)
{
	bool away = why->kind == ERR_BUSY;
	struct storage s;

	if (storage == 0 || (!away && why->kind != ERR_CONFLICT && why->kind != ERR_DENIED))
		return 0;
	if (storages_by_id(&s, c->arena, c->db, storage, e) != 0)
		return -1;
	if (!storage_is_remote(&s))
		return 0;
	return backups_put_off(c->db, id, away ? storage : 0,
	    clock_now() + (away ? AWAY_MS : LOCKED_MS), e);
}

static void
sweep_trash(struct round *r)
{
	int64_t before = clock_now() - r->c.conf->trash_ms, id = 0, failed_in;
	struct err e, why;

	for (int i = 0; i < AT_ONCE; i++) {
		if (!went(r, backups_next_purge(&id, r->c.db, before, id, &e), &e) || id == 0)
			return;
		failed_in = 0;
		if (!went(r, purge(&r->c, id, &failed_in, &e), &e) &&
		    put_off(&r->c, id, failed_in, &e, &why) != 0)
			went(r, -1, &why);
	}
}

/* A storage that does not answer is asked once a round. */
static void
sweep_leaving(struct round *r)
{
	int64_t away = 0;
	struct copy *list;
	size_t count;
	struct err e;

	if (!went(r, copies_leaving(&list, &count, r->c.arena, r->c.db, AT_ONCE, &e), &e))
		return;
	for (size_t i = 0; i < count; i++) {
		if (list[i].storage == away)
			continue;
		if (!went(r, clear_copy(&r->c, list[i].backup, list[i].storage, &e), &e))
			away = list[i].storage;
		else
			log_line(LOG_INFO, "copy.removed", "b%" PRId64 " left a storage",
			    list[i].backup);
	}
}

static int
remove_files(const struct clear *c, int64_t id, struct err *e)
{
	if (clear_download(c, id, e) != 0 || downloads_set_removed(c->db, id, e) != 0)
		return -1;
	log_line(LOG_INFO, "download.removed", "the files of d%" PRId64 " are gone", id);
	return 0;
}

static void
sweep_downloads(struct round *r)
{
	struct err e;
	int64_t id = 0;

	for (int i = 0; i < AT_ONCE; i++) {
		if (!went(r, downloads_next_removal(&id, r->c.db, id, &e), &e) || id == 0)
			break;
		went(r, remove_files(&r->c, id, &e), &e);
	}
	went(r, clear_downloads(&r->c, &e), &e);
}

/* One page of the failed backups of an environment, newest first; *after is where the next begins,
 * 0 when nothing on this one, and so on no later one, is of this round. */
static void
sweep_failed_page(struct round *r, int64_t environment, int64_t *after)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	const struct clear c = { r->c.conf, arena, r->c.db, NULL };
	const struct backup_filter filter = { .environment = environment, .after = *after,
		.kind = -1, .state = BACKUP_FAILED, .limit = AT_ONCE };
	struct backup *list;
	size_t count;
	struct err e;

	*after = 0;
	if (!went(r, backups_list(&list, &count, arena, c.db, &filter, &e), &e))
		return;
	for (size_t i = 0; i < count; i++) {
		if (list[i].finished_at < r->since)
			continue;
		went(r, clear_backup(&c, list[i].id, &e), &e);
		*after = list[count - 1].id;
	}
}

/* A job clears what it left when it fails; this is for those that were killed before they could. */
static void
sweep_failed(struct round *r)
{
	struct environment *list;
	size_t count;
	struct err e;

	if (!went(r, environments_list(&list, &count, r->c.arena, r->c.db, 0, &e), &e))
		return;
	for (size_t i = 0; i < count; i++) {
		int64_t after = 0;

		do
			sweep_failed_page(r, list[i].id, &after);
		while (after != 0);
	}
}

/* A holder that lost its lease and was killed: what it had begun lies beside what its successor
 * made. */
static int
sweep_uploads(const struct clear *c, const struct job *j, struct err *e)
{
	if (j->kind == JOB_COPY && (j->fence > 1 || (job_ended(j->state) &&
	                                                j->state != JOB_SUCCEEDED)))
		return clear_copy_uploads(c, j, e);
	if (j->kind == JOB_REWRAP)
		return job_ended(j->state) && j->state != JOB_SUCCEEDED
		    ? clear_wrap_uploads(c, j, e) : 0;
	return j->kind == JOB_BACKUP && j->fence > 1 ? clear_uploads_of(c, j, e) : 0;
}

/*
 * A mail that nobody got to: the supervisor was killed between the end of a job and its mail.
 * Queueing one twice does nothing, but the one that has just ended is left to who is at it.
 */
static int
sweep_mail(const struct clear *c, const struct job *j, struct err *e)
{
	int64_t now = clock_now();

	if (!job_ended(j->state) || j->finished_at < now - MAIL_BACK_MS ||
	    j->finished_at > now - MAIL_LATE_MS)
		return 0;
	return mail_job_ended(c->db, c->conf, j->id, e);
}

/* As sweep_failed_page(): jobs that have not ended belong to every round. */
static void
sweep_jobs_page(struct round *r, int64_t *after)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	const struct clear c = { r->c.conf, arena, r->c.db, NULL };
	const struct job_filter filter = { .after = *after, .limit = AT_ONCE };
	struct job *list;
	size_t count;
	struct err e;

	*after = 0;
	if (!went(r, jobs_list(&list, &count, arena, c.db, &filter, &e), &e))
		return;
	for (size_t i = 0; i < count; i++) {
		if (job_ended(list[i].state) && list[i].finished_at < r->since)
			continue;
		went(r, sweep_uploads(&c, &list[i], &e), &e);
		went(r, sweep_mail(&c, &list[i], &e), &e);
		*after = list[count - 1].id;
	}
}

static void
sweep_jobs(struct round *r)
{
	int64_t after = 0;

	do
		sweep_jobs_page(r, &after);
	while (after != 0);
}

/* What restores left beside their targets needs the targets' passwords: that is a job's work. */
static void
sweep_restores(struct round *r)
{
	int64_t queued;
	struct err e;

	if (went(r, restores_queue_tidy(&queued, r->c.db, &e), &e) && queued > 0)
		log_line(LOG_INFO, "restore.tidy", "%" PRId64 " restores are to be tidied", queued);
}

int
sweep_once(const struct conf *conf, struct db *db, int64_t since, struct err *e)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct round r = { .c = { conf, arena, db, NULL }, .since = since };
	struct err now;

	sweep_failed(&r);
	sweep_downloads(&r);
	sweep_trash(&r);
	sweep_leaving(&r);
	went(&r, clear_scratch(&r.c, &now), &now);
	went(&r, clear_lists(&r.c, &now), &now);
	went(&r, clear_ledgers(&r.c, &now), &now);
	sweep_jobs(&r);
	sweep_restores(&r);
	went(&r, verify_step(db, conf, clock_now(), &now), &now);
	if (r.rc != 0)
		*e = r.first;
	return r.rc;
}
