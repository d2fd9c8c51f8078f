/* environments.c: live, staging and development of a project. */
#include "lib/base/clock.h"
#include "lib/base/rand.h"
#include "lib/store/projects.h"
#include "lib/store/row.h"
#include "lib/store/schedules.h"
#include "lib/store/sql.h"

#define ENVIRONMENT_COLUMNS \
	"SELECT v.id, v.project, v.uuid, v.slug, v.name, v.kind, v.paused, v.created_at," \
	" v.hook_before, v.hook_after, v.hook_limit_s, v.hook_freeze, v.hook_thaw, v.hook_code," \
	" v.watchers, p.slug, p.name FROM environment v JOIN project p ON p.id=v.project"
enum { HOOK_LIMIT_S = 300 };
static const char no_environment[] = "there is no such environment";

static void
read_environment(void *row, struct sql *q, struct arena *a)
{
	struct environment *v = row;
	int c = 0;

	v->id = sql_int(q, c++);
	v->project = sql_int(q, c++);
	v->uuid = sql_text(q, c++, a);
	v->slug = sql_text(q, c++, a);
	v->name = sql_text(q, c++, a);
	if (!environment_kind_parse(&v->kind, sql_text(q, c++, a)))
		v->kind = ENV_LIVE;
	v->paused = sql_int(q, c++) != 0;
	v->created_at = sql_int(q, c++);
	v->hook_before = sql_text(q, c++, a);
	v->hook_after = sql_text(q, c++, a);
	v->hook_limit_s = sql_int(q, c++);
	v->hook_freeze = sql_text(q, c++, a);
	v->hook_thaw = sql_text(q, c++, a);
	v->hook_code = sql_text(q, c++, a);
	v->watchers = sql_text(q, c++, a);
	v->project_slug = sql_text(q, c++, a);
	v->project_name = sql_text(q, c++, a);
}

static int64_t
hook_limit(const struct environment *v)
{
	return v->hook_limit_s > 0 ? v->hook_limit_s : HOOK_LIMIT_S;
}

int
environments_add(struct environment *v, struct db *db, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO environment (slug, project, uuid, name, kind, paused, created_at,"
	    " hook_before, hook_after, hook_limit_s, watchers, hook_freeze, hook_thaw, hook_code)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, coalesce(?8, ''), coalesce(?9, ''), ?10,"
	    " coalesce(?11, ''), coalesce(?12, ''), coalesce(?13, ''), coalesce(?14, ''))"
	    " RETURNING id";
	int64_t now = clock_now();
	char uuid[UUID_SIZE];

	rand_uuid(uuid);
	if (row_insert(&v->id, db, sql,
	        SQL_ARGS(sql_t(v->slug), sql_i(v->project), sql_t(uuid), sql_t(v->name),
	            sql_t(environment_kind_name(v->kind)), sql_i(v->paused), sql_i(now),
	            sql_t(v->hook_before), sql_t(v->hook_after), sql_i(hook_limit(v)),
	            sql_t(v->watchers), sql_t(v->hook_freeze), sql_t(v->hook_thaw),
	            sql_t(v->hook_code)),
	        e) != 0)
		return -1;
	v->created_at = now;
	return schedules_touch(db, e);
}

int
environments_update(const struct environment *v, struct db *db, struct err *e)
{
	/* The time of a pause is no lateness, what was late before it stays so (stats.c). */
	static const char sql[] =
	    "UPDATE environment SET slug=?1, name=?2, kind=?3, paused=?4,"
	    " hook_before=coalesce(?6, ''), hook_after=coalesce(?7, ''), hook_limit_s=?8,"
	    " watchers=coalesce(?9, ''), hook_freeze=coalesce(?10, ''),"
	    " hook_thaw=coalesce(?11, ''), hook_code=coalesce(?13, ''),"
	    " paused_at=iif(paused=0 AND ?4<>0, ?12, paused_at),"
	    " resumed_at=iif(paused=1 AND ?4=0, ?12, resumed_at) WHERE id=?5";

	if (row_update(db, sql,
	        SQL_ARGS(sql_t(v->slug), sql_t(v->name), sql_t(environment_kind_name(v->kind)),
	            sql_i(v->paused), sql_i(v->id), sql_t(v->hook_before),
	            sql_t(v->hook_after), sql_i(hook_limit(v)), sql_t(v->watchers),
	            sql_t(v->hook_freeze), sql_t(v->hook_thaw), sql_i(clock_now()),
	            sql_t(v->hook_code)),
	        no_environment, e) != 0)
		return -1;
	return schedules_touch(db, e);
}

int
environments_by_slug(struct environment *ret, struct arena *a, struct db *db, const char *project,
    const char *slug, struct err *e)
{
	static const char sql[] = ENVIRONMENT_COLUMNS " WHERE p.slug=?1 AND v.slug=?2";

	return row_one(ret,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_t(project), sql_t(slug)), sizeof *ret,
	        read_environment },
	    no_environment, e);
}

int
environments_by_id(struct environment *ret, struct arena *a, struct db *db, int64_t id,
    struct err *e)
{
	static const char sql[] = ENVIRONMENT_COLUMNS " WHERE v.id=?1";

	return row_one(ret,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(id)), sizeof *ret, read_environment },
	    no_environment, e);
}

int
environments_list(struct environment **ret, size_t *count, struct arena *a, struct db *db,
    int64_t project, struct err *e)
{
	static const char sql[] =
	    ENVIRONMENT_COLUMNS " WHERE ?1=0 OR v.project=?1 ORDER BY"
	                        " CASE v.kind WHEN 'live' THEN 0 WHEN 'staging' THEN 1 ELSE 2 END,"
	                        " lower(p.name), lower(v.name), v.id";
	void *rows = sql_list(count,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(project)), sizeof **ret,
	        read_environment },
	    e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}
