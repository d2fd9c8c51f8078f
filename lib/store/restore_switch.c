/* restore_switch.c: a new service and the one it stands beside: made, switched, removed. */
#include <inttypes.h>

#include "lib/base/clock.h"
#include "lib/store/enqueue.h"
#include "lib/store/lease.h"
#include "lib/store/projects.h"
#include "lib/store/restore_ask.h"
#include "lib/store/restores.h"
#include "lib/store/sql.h"

/* -- asking -- */

/* A new service that is whole, and not on its way out. */
static int
refuse_unfit(const struct restore *r, struct err *e)
{
	if (r->mode != RESTORE_NEW)
		return err_set(e, ERR_CONFLICT, "r%" PRId64 " has made no new service", r->id);
	if (r->state == RESTORE_DRAFT || r->state == RESTORE_PENDING)
		return err_set(e, ERR_CONFLICT, "r%" PRId64 " has not been restored yet", r->id);
	if (r->state == RESTORE_FAILED)
		return err_set(e, ERR_CONFLICT,
		    "r%" PRId64 " has failed, so there is nothing to switch to", r->id);
	return r->tidied_at == 0 && r->undo_until > clock_now() ? 0 : err_set(e, ERR_CONFLICT,
	    "what lay beside the service by r%" PRId64 " was removed", r->id);
}

static int
refuse_turn(const struct restore *r, const struct restore_part *parts, size_t n,
    enum restore_turn to, struct err *e)
{
	if (restore_turn_of(parts, n) != to)
		return 0;
	return err_set(e, ERR_CONFLICT, to == TURN_IN
	    ? "%s/%s uses what r%" PRId64 " brought already"
	    : "%s/%s uses what it had before r%" PRId64 " already",
	    r->project_slug, r->environment_slug, r->id);
}

static int
ask(int64_t *job, struct db *db, const struct job_request *rq, const struct restore *r,
    enum restore_turn to, struct err *e)
{
	static const char sql[] = "UPDATE restore SET wanted=?2 WHERE id=?1";
	CLEANUP_ARENA struct arena *a = arena_new();
	struct environment v;
	struct restore_part *parts;
	size_t n;

	if (refuse_unfit(r, e) != 0 || environments_by_id(&v, a, db, r->environment, e) != 0 ||
	    restore_ask_paused(&v, e) != 0 || restore_ask_other(db, r, e) != 0 ||
	    restore_ask_halfway(db, r, e) != 0 || restore_ask_running(db, r, e) != 0 ||
	    (to == TURN_OUT && restore_ask_later(db, r, e) != 0) ||
	    restore_ask_changed(db, r, "it was built, so the switch might go elsewhere. Restore the"
	        " backup into a new service once more", e) != 0 ||
	    restores_parts(&parts, &n, a, db, r->id, e) != 0 ||
	    refuse_turn(r, parts, n, to, e) != 0 ||
	    sql_run(NULL, db, sql, SQL_ARGS(sql_i(r->id), sql_t(restore_turn_name(to))), e) != 0 ||
	    enqueue_add(job, db, rq,
	        &(struct enqueue_work){ .kind = JOB_SWITCH, .restore = r->id }, e) != 0)
		return -1;
	return restore_ask_take(db, *job, parts, n, e);
}

int
restores_switch(int64_t *job, struct db *db, const struct job_request *rq, int64_t restore,
    enum restore_turn to, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct restore r;
	int64_t known;

	if (sql_begin(&t, db, e) != 0 || enqueue_known(&known, db, rq->key, JOB_SWITCH, e) != 0 ||
	    restore_ask_find(&r, a, db, rq, restore, e) != 0 ||
	    (known == 0 && ask(&known, db, rq, &r, to, e) != 0) || sql_commit(&t, e) != 0)
		return -1;
	*job = known;
	return 0;
}

static int
ask_remove(int64_t *job, struct db *db, const struct job_request *rq, const struct restore *r,
    struct err *e)
{
	static const char sql[] = "UPDATE restore SET undo_until=?2 WHERE id=?1";
	CLEANUP_ARENA struct arena *a = arena_new();
	struct environment v;
	struct restore_part *parts;
	size_t n;

	if (refuse_unfit(r, e) != 0 || environments_by_id(&v, a, db, r->environment, e) != 0 ||
	    restore_ask_paused(&v, e) != 0 || restore_ask_other(db, r, e) != 0 ||
	    restore_ask_halfway(db, r, e) != 0 || restore_ask_running(db, r, e) != 0 ||
	    restores_parts(&parts, &n, a, db, r->id, e) != 0 ||
	    sql_run(NULL, db, sql, SQL_ARGS(sql_i(r->id), sql_i(clock_now())), e) != 0 ||
	    enqueue_add(job, db, rq,
	        &(struct enqueue_work){ .kind = JOB_TIDY, .restore = r->id }, e) != 0)
		return -1;
	return restore_ask_take(db, *job, parts, n, e);
}

int
restores_remove(int64_t *job, struct db *db, const struct job_request *rq, int64_t restore,
    struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct restore r;
	int64_t known;

	if (sql_begin(&t, db, e) != 0 || enqueue_known(&known, db, rq->key, JOB_TIDY, e) != 0 ||
	    restore_ask_find(&r, a, db, rq, restore, e) != 0 ||
	    (known == 0 && restore_ask_unfinished(&known, db, r.id, JOB_TIDY, e) != 0) ||
	    (known == 0 && ask_remove(&known, db, rq, &r, e) != 0) || sql_commit(&t, e) != 0)
		return -1;
	*job = known;
	return 0;
}

/* -- the worker's side -- */

/* The job of this lease works on the restore of that part. */
static int
held_part(struct db *db, const struct lease *l, const struct restore_part *part, struct err *e)
{
	struct lease_work work;

	if (lease_check(&work, db, l, e) != 0)
		return -1;
	if (work.restore == part->restore)
		return 0;
	return err_set(e, ERR_INTERNAL, "job j%" PRId64 " is not one of restore r%" PRId64, l->job,
	    part->restore);
}

static int
renew(const struct service *made, struct db *db, int64_t id, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct service row;

	if (services_by_id(&row, a, db, id, e) != 0)
		return -1;
	row.name = made->name;
	row.settings = made->settings;
	return services_update(&row, db, e);
}

/* With the secret as it is sealed by now: the job read it a while ago. */
static int
add(struct service *made, struct db *db, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct service of;
	int rc;

	if (made->sealed == NULL)
		return services_add(made, db, e);
	if (services_by_id(&of, a, db, made->id, e) != 0)
		return -1;
	made->sealed = of.sealed;
	made->sealed_size = of.sealed_size;
	rc = services_add(made, db, e);
	made->sealed = NULL;
	return rc;
}

int
restores_made(struct db *db, const struct lease *l, struct restore_part *part,
    struct service *made, struct err *e)
{
	static const char sql_of[] = "SELECT made FROM restore_part WHERE id=?1";
	static const char sql[] = "UPDATE restore_part SET made=?2 WHERE id=?1";
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t id;

	if (sql_begin(&t, db, e) != 0 || held_part(db, l, part, e) != 0 ||
	    sql_get(&id, db, sql_of, SQL_ARGS(sql_i(part->id)), e) != 0)
		return -1;
	if (id != 0) {
		if (renew(made, db, id, e) != 0)
			return -1;
	} else {
		if (add(made, db, e) != 0)
			return -1;
		id = made->id;
		if (sql_run(NULL, db, sql, SQL_ARGS(sql_i(part->id), sql_i(id)), e) != 0)
			return -1;
	}
	if (sql_commit(&t, e) != 0)
		return -1;
	part->made = id;
	return 0;
}

int
restores_switched(struct db *db, const struct lease *l, int64_t warnings, struct err *e)
{
	static const char sql_astray[] =
	    "SELECT count(*) FROM restore_part x JOIN restore r ON r.id=x.restore WHERE r.id=?1 AND"
	    " x.state<>CASE r.wanted WHEN 'in' THEN 'swapped' ELSE 'built' END";
	static const char sql[] =
	    "UPDATE restore SET landed_at=CASE wanted WHEN 'in' THEN ?2 ELSE 0 END WHERE id=?1";
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct lease_work work;
	int64_t astray;

	if (sql_begin(&t, db, e) != 0 || lease_check(&work, db, l, e) != 0 ||
	    sql_get(&astray, db, sql_astray, SQL_ARGS(sql_i(work.restore)), e) != 0)
		return -1;
	if (work.kind != JOB_SWITCH || astray > 0)
		return err_set(e, ERR_INTERNAL,
		    "restore r%" PRId64 " has %" PRId64 " parts that were not switched",
		    work.restore, astray);
	if (sql_run(NULL, db, sql, SQL_ARGS(sql_i(work.restore), sql_i(clock_now())), e) != 0 ||
	    lease_end(db, l->job, &(struct lease_end){ JOB_SUCCEEDED, NULL, 0, warnings }, e) != 0)
		return -1;
	return sql_commit(&t, e);
}
