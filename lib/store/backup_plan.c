/* backup_plan.c: the rows of a new backup: itself, its parts with their keys, its job. */
#include "lib/store/backup_plan.h"

#include <inttypes.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/rand.h"
#include "lib/model/project.h"
#include "lib/store/enqueue.h"
#include "lib/store/freezes.h"
#include "lib/store/policies.h"
#include "lib/store/projects.h"
#include "lib/store/sql.h"

/* How each engine's part is called in storage. */
static const struct {
	const char *format, *ending;
	bool manifest;
} layouts[ENGINES] = {
	[ENGINE_POSTGRESQL] = { "pg-custom", "dump.zst", false },
	[ENGINE_SQLITE] = { "sqlite", "sqlite.zst", false },
	[ENGINE_FILES] = { "tar", "tar.zst", true },
};

static int
add_part(struct db *db, int64_t backup, const struct service *s, struct err *e)
{
	static const char sql_encrypted[] = "SELECT s.encrypted FROM backup b JOIN storage s ON"
	    " s.id=b.storage WHERE b.id=?1";
	static const char sql[] =
	    "INSERT INTO part (uuid, backup, service, service_slug, service_name, engine, state,"
	    " format, data_key, manifest_key) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'building', ?7, ?8,"
	    " ?9)";
	CLEANUP_ARENA struct arena *a = arena_new();
	const char *stem, *sealed, *manifest = "";
	char uuid[UUID_SIZE];
	int64_t encrypted;

	if (sql_get(&encrypted, db, sql_encrypted, SQL_ARGS(sql_i(backup)), e) != 0)
		return -1;
	sealed = encrypted != 0 ? ".age" : "";

	rand_uuid(uuid);
	stem = arena_printf(a, "%s/%s/%s/%s", s->project_slug, s->environment_slug, s->slug, uuid);
	if (layouts[s->engine].manifest)
		manifest = arena_printf(a, "%s.manifest.zst%s", stem, sealed);
	return sql_run(NULL, db, sql,
	    SQL_ARGS(sql_t(uuid), sql_i(backup), sql_i(s->id), sql_t(s->slug), sql_t(s->name),
	        sql_t(engine_name(s->engine)), sql_t(layouts[s->engine].format),
	        sql_t(arena_printf(a, "%s.%s%s", stem, layouts[s->engine].ending, sealed)),
	        sql_t(manifest)),
	    e);
}

/* The row itself; its sidecar's name holds its number, so that comes second. */
static int
add_backup(int64_t *ret, struct db *db, const struct backup_request *rq,
    const struct environment *v, const char *contents, struct err *e)
{
	/* A storage that the policy names and that is gone is no reason to take no backup. */
	static const char sql_storage[] =
	    "SELECT coalesce((SELECT id FROM storage WHERE slug=?1), (SELECT min(id) FROM"
	    " storage WHERE removed_at=0))";
	static const char sql_add[] =
	    "INSERT INTO backup (uuid, environment, storage, kind, state, note, requested_by,"
	    " created_at, contents, mode, schedule, keep_until, anew) VALUES (?1, ?2, ?3,"
	    " ?4, 'building', ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) RETURNING id";
	static const char sql_key[] = "UPDATE backup SET sidecar_key=?2 WHERE id=?1";
	CLEANUP_ARENA struct arena *a = arena_new();
	struct policy where;
	int64_t storage, id;
	char uuid[UUID_SIZE];

	rand_uuid(uuid);
	if (policies_get(&where, a, db, POLICY_STORAGE, v->id, e) != 0 ||
	    sql_get(&storage, db, sql_storage, SQL_ARGS(sql_t(where.value)), e) != 0)
		return -1;
	if (storage == 0)
		return err_set(e, ERR_CONFLICT,
		    "there is no storage yet; run: lazarette admin init");
	if (sql_get(&id, db, sql_add,
	        SQL_ARGS(sql_t(uuid), sql_i(v->id), sql_i(storage),
	            sql_t(backup_kind_name(rq->kind)), sql_t(rq->note ? rq->note : ""),
	            sql_id(rq->job.requested_by), sql_i(clock_now()), sql_t(contents),
	            sql_t(backup_mode_name(rq->mode)), sql_id(rq->schedule),
	            sql_i(rq->keep_until), sql_i(rq->anew)),
	        e) != 0 ||
	    sql_run(NULL, db, sql_key,
	        SQL_ARGS(sql_i(id),
	            sql_t(arena_printf(a, "%s/%s/b%" PRId64 "-%s.json", v->project_slug, v->slug,
	                id, uuid))),
	        e) != 0)
		return -1;
	*ret = id;
	return 0;
}

/* The services that were asked for, each once, all of this environment; their slugs for lists. */
static int
find_services(struct service *out, struct buf *contents, struct arena *a, struct db *db,
    const struct backup_request *rq, struct err *e)
{
	for (size_t i = 0; i < rq->service_count; i++) {
		for (size_t j = 0; j < i; j++)
			if (rq->services[j] == rq->services[i])
				return err_set(e, ERR_INPUT, "%s was chosen twice", out[j].name);
		if (services_by_id(&out[i], a, db, rq->services[i], e) != 0 &&
		    e->kind != ERR_NOT_FOUND)
			return -1;
		if (out[i].id == 0 || out[i].environment != rq->job.environment)
			return err_set(e, ERR_INPUT,
			    "a service was chosen that does not belong to this environment");
		buf_printf(contents, "%s%s", i > 0 ? ", " : "", out[i].slug);
	}
	return 0;
}

int
backup_plan_add(struct backup_ids *ret, struct db *db, const struct backup_request *rq,
    struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_BUF struct buf contents = BUF_INIT;
	struct service *services = arena_array(a, rq->service_count, sizeof *services);
	struct freeze_window window = { "", "", 0 };
	struct environment v;

	if (rq->service_count == 0)
		return err_set(e, ERR_INPUT, "Choose at least one thing to back up");
	if (environments_by_id(&v, a, db, rq->job.environment, e) != 0)
		return -1;
	if (v.paused)
		return err_set(e, ERR_CONFLICT,
		    "%s/%s" BACKUP_PLAN_PAUSED, v.project_slug, v.slug);
	/* Nobody ticked that the application may be paused in the middle of the day: a plan, run
	 * now or by its time, keeps to the window. It is looked at again when its turn comes. */
	if (rq->mode == MODE_CONSISTENT && freezes_windowed(rq->kind, rq->schedule) &&
	    freezes_window(&window, a, db, v.id, clock_now(), e) != 0)
		return -1;
	if (find_services(services, &contents, a, db, rq, e) != 0 ||
	    add_backup(&ret->backup, db, rq, &v, contents.p, e) != 0 ||
	    enqueue_add(&ret->job, db, &rq->job,
	        &(struct enqueue_work){ .kind = JOB_BACKUP, .backup = ret->backup,
	            .run_at = window.opens,
	            .background = rq->kind == BACKUP_SCHEDULED }, e) != 0)
		return -1;
	for (size_t i = 0; i < rq->service_count; i++)
		if (add_part(db, ret->backup, &services[i], e) != 0 ||
		    enqueue_service(db, ret->job, services[i].id, e) != 0)
			return -1;
	return 0;
}

int
backup_plan_usable(const struct backup *b, struct err *e)
{
	if (b->state == BACKUP_BUILDING)
		return err_set(e, ERR_CONFLICT, "backup b%" PRId64 " is still being created",
		    b->id);
	if (b->state != BACKUP_READY)
		return err_set(e, ERR_CONFLICT, "backup b%" PRId64 " is %s", b->id,
		    b->state == BACKUP_TRASHED ? "in the trash" : backup_state_name(b->state));
	if (backup_is_lost(b))
		return err_set(e, ERR_CONFLICT,
		    "backup b%" PRId64 " is %s in storage; choose another one", b->id,
		    backup_health_name(b->health));
	return 0;
}
