/* sweep.c: housekeeping: what is past its time goes, and what the dead left behind. */
#include "worker/sweep.h"

#include <inttypes.h>

#include "lib/base/clock.h"
#include "lib/base/fault.h"
#include "lib/base/log.h"
#include "lib/store/backups.h"
#include "lib/store/downloads.h"
#include "lib/store/jobs.h"
#include "lib/store/projects.h"
#include "worker/job/clear.h"
#include "worker/notify/mail.h"

/* One round takes at most so many of each, so that a round ends; the next one goes on. */
enum { AT_ONCE = 200 };
enum { MAIL_BACK_MS = 24 * 3600 * 1000, MAIL_LATE_MS = 10 * 1000 };

static int
sweep_trash(const struct clear *c, struct err *e)
{
	int64_t before = clock_now() - c->conf->trash_ms, id;

	for (int i = 0; i < AT_ONCE; i++) {
		if (backups_next_purge(&id, c->db, before, e) != 0)
			return -1;
		if (id == 0)
			return 0;
		if (clear_backup(c, id, e) != 0)
			return -1;
		FAULT("sweep.purged");
		if (backups_set_deleted(c->db, id, e) != 0)
			return -1;
		log_line(LOG_INFO, "backup.deleted", "b%" PRId64 " left the trash", id);
	}
	return 0;
}

static int
sweep_downloads(const struct clear *c, struct err *e)
{
	int64_t id;

	for (int i = 0; i < AT_ONCE; i++) {
		if (downloads_next_removal(&id, c->db, e) != 0)
			return -1;
		if (id == 0)
			return 0;
		if (clear_download(c, id, e) != 0 || downloads_set_removed(c->db, id, e) != 0)
			return -1;
		log_line(LOG_INFO, "download.removed", "the files of d%" PRId64 " are gone", id);
	}
	return 0;
}

static int
sweep_failed_of(const struct clear *c, int64_t environment, int64_t since, struct err *e)
{
	const struct backup_filter filter = {
		.environment = environment, .kind = -1, .state = BACKUP_FAILED, .limit = AT_ONCE,
	};
	struct backup *list;
	size_t count;

	if (backups_list(&list, &count, c->arena, c->db, &filter, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (list[i].finished_at >= since && clear_backup(c, list[i].id, e) != 0)
			return -1;
	return 0;
}

/* A job clears what it left when it fails; this is for those that were killed before they could. */
static int
sweep_failed(const struct clear *c, int64_t since, struct err *e)
{
	struct environment *list;
	size_t count;

	if (environments_list(&list, &count, c->arena, c->db, 0, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (sweep_failed_of(c, list[i].id, since, e) != 0)
			return -1;
	return 0;
}

/* A holder that lost its lease and was killed: what it had begun lies beside what its successor
 * made. */
static int
sweep_uploads(const struct clear *c, const struct job *j, struct err *e)
{
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

static int
sweep_jobs(const struct clear *c, int64_t since, struct err *e)
{
	const struct job_filter filter = { .limit = AT_ONCE };
	struct job *list;
	size_t count;

	if (jobs_list(&list, &count, c->arena, c->db, &filter, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (job_ended(list[i].state) && list[i].finished_at < since)
			continue;
		if (sweep_uploads(c, &list[i], e) != 0 || sweep_mail(c, &list[i], e) != 0)
			return -1;
	}
	return 0;
}

/* Keeps the first fault; the others are only logged. */
static void
note(int *rc, struct err *first, int now, const struct err *e)
{
	if (now == 0)
		return;
	log_line(LOG_WARN, "sweep", "%s", e->text);
	if (*rc == 0)
		*first = *e;
	*rc = -1;
}

int
sweep_once(const struct conf *conf, struct db *db, int64_t since, struct err *e)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	const struct clear c = { conf, arena, db };
	struct err now;
	int rc = 0;

	note(&rc, e, sweep_failed(&c, since, &now), &now);
	note(&rc, e, sweep_downloads(&c, &now), &now);
	note(&rc, e, clear_downloads(&c, &now), &now);
	note(&rc, e, sweep_trash(&c, &now), &now);
	note(&rc, e, clear_scratch(&c, &now), &now);
	note(&rc, e, sweep_jobs(&c, since, &now), &now);
	return rc;
}
