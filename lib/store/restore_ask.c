/* restore_ask.c: what asking for a restore, an undo or a switch have in common. */
#include "lib/store/restore_ask.h"

#include <inttypes.h>

#include "lib/base/arena.h"
#include "lib/model/name.h"
#include "lib/store/enqueue.h"
#include "lib/store/restores.h"
#include "lib/store/sql.h"

int
restore_ask_paused(const struct environment *v, struct err *e)
{
	if (!v->paused)
		return 0;
	return err_set(e, ERR_CONFLICT, "%s/%s is paused; make it active in its settings first",
	    v->project_slug, v->slug);
}

int
restore_ask_find(struct restore *ret, struct arena *a, struct db *db, const struct job_request *rq,
    int64_t id, struct err *e)
{
	struct restore r;

	if (restores_by_id(&r, a, db, id, e) != 0)
		return -1;
	if (r.environment != rq->environment)
		return err_set(e, ERR_NOT_FOUND, "there is no restore r%" PRId64 " here", id);
	*ret = r;
	return 0;
}

int
restore_ask_unfinished(int64_t *ret, struct db *db, int64_t restore, enum job_kind kind,
    struct err *e)
{
	static const char sql[] = "SELECT min(id) FROM job WHERE restore=?1 AND kind=?2 AND state"
	                          " IN ('queued', 'running')";

	return sql_get(ret, db, sql, SQL_ARGS(sql_i(restore), sql_t(job_kind_name(kind))), e);
}

int
restore_ask_names(struct db *db, int64_t restore, struct err *e)
{
	static const char sql[] =
	    "SELECT name, made, length(made)>?2 FROM (SELECT x.id AS part, s.environment AS place,"
	    " s.name AS name, s.slug || '-r' || r.id AS made FROM restore r JOIN restore_part x ON"
	    " x.restore=r.id JOIN service s ON s.id=x.service WHERE r.id=?1 AND r.mode='new') WHERE"
	    " length(made)>?2 OR EXISTS (SELECT 1 FROM service t WHERE t.environment=place AND"
	    " t.slug=made) ORDER BY part LIMIT 1";
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_SQL struct sql *q = NULL;
	int rc;

	if (sql_open(&q, db, sql, SQL_ARGS(sql_i(restore), sql_i(NAME_SLUG_MAX)), e) != 0 ||
	    (rc = sql_row(q, e)) < 0)
		return -1;
	if (rc == 0)
		return 0;
	if (sql_int(q, 2) != 0)
		return err_set(e, ERR_CONFLICT,
		    "the new service beside %s would be called %s, and a name in addresses has at "
		    "most %d characters; give %s a shorter one in its settings first",
		    sql_text(q, 0, a), sql_text(q, 1, a), NAME_SLUG_MAX, sql_text(q, 0, a));
	return err_set(e, ERR_CONFLICT,
	    "the new service beside %s would be called %s, and there is or was one of that name; "
	    "give %s another name in addresses in its settings first",
	    sql_text(q, 0, a), sql_text(q, 1, a), sql_text(q, 0, a));
}

int
restore_ask_changed(struct db *db, const struct restore *r, const char *advice, struct err *e)
{
	static const char sql[] =
	    "SELECT s.name FROM restore_part x JOIN service s ON s.id=x.service WHERE x.restore=?1"
	    " AND s.revision<>x.revision ORDER BY x.id LIMIT 1";
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_SQL struct sql *q = NULL;
	int rc;

	if (sql_open(&q, db, sql, SQL_ARGS(sql_i(r->id)), e) != 0 || (rc = sql_row(q, e)) < 0)
		return -1;
	return rc == 0 ? 0 : err_set(e, ERR_CONFLICT,
	    "%s of %s/%s has changed since %s", sql_text(q, 0, a), r->project_slug,
	    r->environment_slug, advice);
}

int
restore_ask_halfway(struct db *db, const struct restore *r, struct err *e)
{
	static const char sql[] =
	    "SELECT o.id FROM restore_part m JOIN restore_part x ON x.service=m.service JOIN"
	    " restore o ON o.id=x.restore WHERE m.restore=?1 AND o.tidied_at=0 AND ((o.id<>?1 AND"
	    " x.tag LIKE '%" RESTORE_UNDO_TAG "' AND o.state='done' AND x.state IN"
	    " ('swapping', 'swapped')) OR (o.id<>?1 AND x.tag NOT LIKE '%" RESTORE_UNDO_TAG "'"
	    " AND o.mode='replace' AND ((o.state='failed' AND"
	    " x.state IN ('swapping', 'swapped')) OR (o.state='done' AND x.state IN ('built',"
	    " 'swapping')))) OR (o.mode='new' AND o.state='done' AND x.state NOT IN ('gone',"
	    " iif(o.landed_at>0, 'swapped', 'built')))) ORDER BY o.id LIMIT 1";
	int64_t other;

	if (sql_get(&other, db, sql, SQL_ARGS(sql_i(r->id)), e) != 0)
		return -1;
	return other == 0 ? 0 : err_set(e, ERR_CONFLICT,
	    "r%" PRId64 " ended halfway in %s/%s and is being put right; wait until that is done",
	    other, r->project_slug, r->environment_slug);
}

int
restore_ask_other(struct db *db, const struct restore *r, struct err *e)
{
	static const char sql[] =
	    "SELECT j.restore, j.kind FROM job j JOIN restore_part o ON o.restore=j.restore JOIN"
	    " restore_part m ON m.service=o.service AND m.restore=?1 WHERE j.id IN (SELECT id FROM"
	    " job WHERE state='queued' UNION ALL SELECT id FROM job WHERE state='running') AND"
	    " j.kind IN ('restore', 'undo', 'switch') ORDER BY j.id LIMIT 1";
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_SQL struct sql *q = NULL;
	enum job_kind kind;
	int rc;

	if (sql_open(&q, db, sql, SQL_ARGS(sql_i(r->id)), e) != 0 || (rc = sql_row(q, e)) < 0)
		return -1;
	if (rc == 0)
		return 0;
	if (job_kind_parse(&kind, sql_text(q, 1, a)) && kind != JOB_RESTORE)
		return err_set(e, ERR_CONFLICT, "r%" PRId64 " is being %s in %s/%s; wait for it",
		    sql_int(q, 0), kind == JOB_UNDO ? "undone" : "switched", r->project_slug,
		    r->environment_slug);
	return err_set(e, ERR_CONFLICT,
	    "r%" PRId64 " is being restored into %s/%s; wait for it or cancel it", sql_int(q, 0),
	    r->project_slug, r->environment_slug);
}

/* The later one first; or, where that has no way back itself, what there is instead. */
static int
refuse_later(struct arena *a, struct db *db, const struct restore *r, int64_t id, struct err *e)
{
	enum restore_way way;
	struct restore later;
	const char *advice = "restore an older backup instead";

	if (restores_by_id(&later, a, db, id, e) != 0 ||
	    restores_way_back(&way, db, &later, e) != 0)
		return -1;
	if (way != WAY_NONE)
		return err_set(e, ERR_CONFLICT, "r%" PRId64 " was restored into %s/%s after r%"
		    PRId64 "; undo r%" PRId64 " first", id, r->project_slug, r->environment_slug,
		    r->id, id);
	if (r->mode == RESTORE_NEW)
		advice = "wait until nothing is kept of it";
	else if (r->safety_backup != 0)
		advice = arena_printf(a, "restore the safety backup b%" PRId64 " to go back to "
		    "before r%" PRId64, r->safety_backup, r->id);
	return err_set(e, ERR_CONFLICT, "r%" PRId64 " was restored into %s/%s after r%" PRId64
	    " and has no way back itself; %s", id, r->project_slug, r->environment_slug, r->id,
	    advice);
}

/* What lies beside a new service is not lost when it is switched: there only what still keeps an
 * old of its own stands in the way. */
int
restore_ask_later(struct db *db, const struct restore *r, struct err *e)
{
	static const char sql[] =
	    "SELECT o.id, o.mode FROM restore_part m JOIN restore_part x ON x.service=m.service"
	    " JOIN restore o ON o.id=x.restore WHERE m.restore=?1 AND o.id<>?1 AND o.state='done'"
	    " AND (o.landed_at, o.id)>(?2, ?1) AND (?3=0 OR o.tidied_at=0) ORDER BY o.landed_at"
	    " DESC, o.id DESC LIMIT 1";
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_SQL struct sql *q = NULL;
	enum restore_mode mode;
	int64_t later;
	int rc;

	if (sql_open(&q, db, sql,
	        SQL_ARGS(sql_i(r->id), sql_i(r->landed_at), sql_i(r->mode == RESTORE_NEW)),
	        e) != 0 ||
	    (rc = sql_row(q, e)) < 0)
		return -1;
	if (rc == 0)
		return 0;
	later = sql_int(q, 0);
	if (restore_mode_parse(&mode, sql_text(q, 1, a)) && mode == RESTORE_NEW)
		return err_set(e, ERR_CONFLICT, "%s/%s was switched to r%" PRId64 " after r%" PRId64
		    "; switch r%" PRId64 " back first", r->project_slug, r->environment_slug, later,
		    r->id, later);
	return refuse_later(a, db, r, later, e);
}

int
restore_ask_running(struct db *db, const struct restore *r, struct err *e)
{
	static const char sql[] =
	    "SELECT o.job, s.slug FROM restore_part m JOIN job_service o ON o.service IN"
	    " (m.service, m.made) AND o.running=1 JOIN service s ON s.id=o.service WHERE"
	    " m.restore=?1 ORDER BY o.job LIMIT 1";
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_SQL struct sql *q = NULL;
	int rc;

	if (sql_open(&q, db, sql, SQL_ARGS(sql_i(r->id)), e) != 0 || (rc = sql_row(q, e)) < 0)
		return -1;
	return rc == 0 ? 0 : err_set(e, ERR_CONFLICT,
	    "j%" PRId64 " works on %s of %s/%s; wait for it or cancel it", sql_int(q, 0),
	    sql_text(q, 1, a), r->project_slug, r->environment_slug);
}

int
restore_ask_take(struct db *db, int64_t job, const struct restore_part *parts, size_t n,
    struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (enqueue_service(db, job, parts[i].service, e) != 0 ||
		    (parts[i].made != 0 && enqueue_service(db, job, parts[i].made, e) != 0))
			return -1;
	return 0;
}
