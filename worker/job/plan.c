/* plan.c: a job's row becomes everything that its work needs, resolved. */
#include "worker/job/plan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/fault.h"
#include "lib/base/log.h"
#include "lib/base/room.h"
#include "lib/store/backups.h"
#include "lib/store/copies.h"
#include "lib/store/downloads.h"
#include "lib/store/projects.h"
#include "lib/store/restores.h"
#include "lib/store/settings.h"
#include "lib/util/seal.h"
#include "worker/job/folder.h"
#include "worker/job/keys.h"

enum { PATH_SIZE = 4096 };

void
plan_limits(struct storage *s, const struct plan *p)
{
	s->ca_file = p->conf->http.ca_file;
	s->stall_ms = p->conf->http.stall_ms;
	s->pace_file = arena_printf(p->arena, "%s/pace-%" PRId64, p->conf->run, s->id);
	s->tries = (int)p->conf->http.tries;
}

/* The secret is opened here and lives as long as the job. */
static int
unlock(struct storage *s, const struct plan *p, struct err *e)
{
	char *secret;

	plan_limits(s, p);
	if (s->sealed == NULL)
		return 0;
	if (seal_open(&secret, p->arena, p->conf->secret_key, s->sealed, s->sealed_size, e) != 0)
		return err_in(e, "storage %s: its stored secret key cannot be opened", s->slug);
	s->secret = secret;
	return 0;
}

int
plan_dest(struct dest **ret, struct storage *storage, struct plan *p, struct err *e)
{
	const char *needed = p->backup.recipients != NULL ? p->backup.recipients : "";

	if (unlock(storage, p, e) != 0 || keys_load(&p->keys, p, needed, e) != 0 ||
	    dest_open(ret, storage, e) != 0)
		return -1;
	dest_use_keys(*ret, p->keys);
	return 0;
}

int
plan_storage(struct dest **ret, struct storage *storage, struct plan *p, int64_t id, struct err *e)
{
	CLEANUP_DEST struct dest *dest = NULL;
	char *instance;
	bool used;

	if (storages_by_id(storage, p->arena, p->db, id, e) != 0 ||
	    plan_dest(&dest, storage, p, e) != 0)
		return -1;
	if (settings_get(&instance, p->arena, p->db, "instance_id", e) != 0 ||
	    backups_in_storage(&used, p->db, id, e) != 0 ||
	    dest_claim(dest, instance, !used, e) != 0)
		return -1;
	*ret = dest;
	dest = NULL;
	return 0;
}

/* -- the places of a backup -- */

void
plan_note_unread(struct plan *p, const struct copy *place, const char *why)
{
	p->unread = arena_printf(p->arena, "%s%s%s: %s", p->unread != NULL ? p->unread : "",
	    p->unread != NULL ? "; " : "", place->slug, why);
}

static const char *
unusable(const struct copy *c, struct arena *a)
{
	if (c->state == COPY_READY)
		return arena_printf(a, "its stored bytes are %s", backup_health_name(c->health));
	if (c->state == COPY_FAILED && c->error != NULL)
		return arena_printf(a, "it was not copied there: %s", c->error);
	return c->state == COPY_LEAVING ? "it is being removed there" : "it is not there yet";
}

/* Which is read stands on the job's page; what a verification or a copy is about stands there
 * anyway. */
static int
tell_place(struct plan *p, const struct copy *c, struct err *e)
{
	int64_t other = c->first ? 0 : c->storage;

	if (!c->first)
		report_say(p->report, "note", "backup b%" PRId64 " is read from its copy in %s",
		    p->backup.id, c->slug);
	if (p->job.kind == JOB_COPY || p->job.storage == other)
		return 0;
	p->job.storage = other;
	return copies_reading(p->db, &p->lease, other, e);
}

int
plan_open_place(struct plan *p, struct err *e)
{
	struct err why;

	for (; p->place < p->place_count; p->place++) {
		const struct copy *c = &p->places[p->place];

		if (plan_storage(&p->dest, &p->storage, p, c->storage, &why) == 0)
			return tell_place(p, c, e);
		report_say(p->report, "note", "%s cannot be read: %s", c->slug, why.text);
		plan_note_unread(p, c, why.text);
	}
	return err_set(e, ERR_BUSY, "backup b%" PRId64 " cannot be read in any of its places: %s",
	    p->backup.id, p->unread);
}

/* A verification is about one place, a backup in the making has but one; a copy is made from
 * another place than the one that it is for. */
int
plan_nearest(struct plan *p, struct err *e)
{
	size_t count, usable;

	if (p->job.kind == JOB_VERIFY && p->job.storage != 0)
		return plan_storage(&p->dest, &p->storage, p, p->job.storage, e);
	if (copies_list(&p->places, &count, p->arena, p->db, p->backup.id, e) != 0)
		return -1;
	if (count == 1 || p->job.kind == JOB_VERIFY || p->job.kind == JOB_BACKUP) {
		p->places = NULL;
		return plan_storage(&p->dest, &p->storage, p, p->backup.storage, e);
	}
	usable = copy_order(p->places, count);
	for (size_t i = 0; i < usable; i++)
		if (p->job.kind != JOB_COPY || p->places[i].storage != p->job.storage)
			p->places[p->place_count++] = p->places[i];
	for (size_t i = usable; i < count; i++)
		plan_note_unread(p, &p->places[i], unusable(&p->places[i], p->arena));
	return plan_open_place(p, e);
}

static int
resolve_backup(struct plan *p, int64_t id, struct err *e)
{
	if (backups_by_id(&p->backup, p->arena, p->db, id, e) != 0 ||
	    backups_parts(&p->parts, &p->part_count, p->arena, p->db, id, e) != 0)
		return -1;
	return plan_nearest(p, e);
}

/* The source is the backup's; p->environment is the target. What lies beside a target is switched
 * back and removed without the storage, whose disk may be away. */
static int
resolve_restore(struct plan *p, int64_t id, struct err *e)
{
	bool reads = p->job.kind == JOB_PREVIEW || p->job.kind == JOB_RESTORE;

	if (restores_by_id(&p->restore, p->arena, p->db, id, e) != 0 ||
	    restores_parts(&p->landings, &p->landing_count, p->arena, p->db, id, e) != 0)
		return -1;
	if (reads)
		return resolve_backup(p, p->restore.backup, e);
	if (backups_by_id(&p->backup, p->arena, p->db, p->restore.backup, e) != 0)
		return -1;
	return backups_parts(&p->parts, &p->part_count, p->arena, p->db, p->restore.backup, e);
}

int
plan_make(struct plan *p, struct err *e)
{
	int64_t id = p->lease.job;

	if (jobs_by_id(&p->job, p->arena, p->db, id, e) != 0)
		return -1;
	if (p->job.state != JOB_RUNNING || p->job.fence != p->lease.fence)
		return err_set(e, ERR_FENCED, "job j%" PRId64 " is not ours any more", id);
	if (environments_by_id(&p->environment, p->arena, p->db, p->job.environment, e) != 0)
		return -1;
	if (p->job.download != 0 &&
	    (downloads_by_id(&p->download, p->arena, p->db, p->job.download, e) != 0 ||
	    downloads_files(&p->files, &p->file_count, p->arena, p->db, p->job.download, e) != 0))
		return -1;
	if (p->job.download != 0)
		return resolve_backup(p, p->download.backup, e);
	if (p->job.restore != 0)
		return resolve_restore(p, p->job.restore, e);
	return p->job.backup != 0 ? resolve_backup(p, p->job.backup, e) : 0;
}

void
plan_scratch_path(char *out, size_t n, const struct conf *conf, const struct lease *l)
{
	snprintf(out, n, "%s/job-%" PRId64 "-%" PRId64, conf->run, l->job, l->fence);
}

int
plan_scratch(struct plan *p, struct err *e)
{
	char path[PATH_SIZE];

	if (p->scratch != NULL)
		return 0;
	plan_scratch_path(path, sizeof path, p->conf, &p->lease);
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return room_not_made(e, path);
	p->scratch = arena_dup(p->arena, path);
	return 0;
}

void
plan_release(struct plan *p)
{
	struct err e;

	dest_closep(&p->dest);
	dest_closep(&p->to);
	if (p->scratch != NULL && folder_remove(p->scratch, &e) != 0)
		log_line(LOG_WARN, "job.scratch", "%s", e.text);
	p->scratch = NULL;
}

int
plan_source(struct source *ret, struct plan *p, int64_t id, struct err *e)
{
	struct service *service = arena_alloc(p->arena, sizeof *service);
	char *secret = arena_dup(p->arena, "");

	if (services_by_id(service, p->arena, p->db, id, e) != 0)
		return -1;
	if (service->sealed != NULL &&
	    seal_open(&secret, p->arena, p->conf->secret_key, service->sealed, service->sealed_size,
	        e) != 0)
		return err_in(e, "%s: its stored password cannot be opened", service->slug);
	if (plan_scratch(p, e) != 0)
		return err_in(e, "%s", service->slug);
	*ret = (struct source){
		.service = service, .secret = secret, .scratch = p->scratch,
		.arena = p->arena, .watch = report_watch(p->report),
	};
	return 0;
}

int
plan_still_ours(struct plan *p, struct err *e)
{
	struct job_progress now = {
		.phase = report_words(p->report, p->arena),
		.bytes_done = report_bytes(p->report), .bytes_total = report_expected(p->report),
	};

	if (FAULT_CONTROL("no_fence"))
		return 0;
	return jobs_progress(p->db, &p->lease, &now, e);
}

const struct part *
plan_part(const struct plan *p, int64_t id)
{
	for (size_t i = 0; i < p->part_count; i++)
		if (p->parts[i].id == id)
			return &p->parts[i];
	return NULL;
}
