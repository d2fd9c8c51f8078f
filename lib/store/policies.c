/* policies.c: what was set for an instance, a project or an environment, and what holds. */
#include "lib/store/policies.h"

#include "lib/base/clock.h"
#include "lib/store/schedules.h"
#include "lib/store/sql.h"

/* The nearest of the levels at or below `below`, of this environment and its project; 0: only the
 * instance. */
static int
find(struct policy *ret, struct arena *a, const struct sql_query *query, enum policy_key key,
    struct err *e)
{
	CLEANUP_SQL struct sql *q = NULL;
	int rc;

	*ret = (struct policy){ policy_default(key), LEVEL_DEFAULT };
	if (sql_open(&q, query->db, query->text, query->args, e) != 0 ||
	    (rc = sql_row(q, e)) < 0)
		return -1;
	if (rc == 0)
		return 0;
	ret->value = sql_text(q, 0, a);
	if (!policy_level_parse(&ret->level, sql_text(q, 1, a)))
		ret->level = LEVEL_INSTANCE;
	return 0;
}

#define NEAREST \
	" ORDER BY CASE level WHEN 'environment' THEN 0 WHEN 'project' THEN 1 ELSE 2 END LIMIT 1"

int
policies_get(struct policy *ret, struct arena *a, struct db *db, enum policy_key key,
    int64_t environment, struct err *e)
{
	static const char sql[] =
	    "SELECT value, level FROM policy WHERE key=?1 AND ((level='environment' AND owner=?2)"
	    " OR (level='project' AND owner=(SELECT project FROM environment WHERE id=?2)) OR"
	    " (level='instance' AND owner=0))" NEAREST;

	return find(ret, a,
	    &(struct sql_query){ db, a, sql,
	        SQL_ARGS(sql_t(policy_key_name(key)), sql_i(environment)), 0, NULL },
	    key, e);
}

int
policies_number(int64_t *ret, struct db *db, enum policy_key key, int64_t environment,
    struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct policy p;

	if (policies_get(&p, a, db, key, environment, e) != 0)
		return -1;
	*ret = policy_number(key, p.value);
	return 0;
}

/* What would hold without this level: for an environment its project and the instance, for a
 * project the instance. */
static int
find_above(struct policy *ret, struct arena *a, struct db *db, enum policy_key key,
    const struct policy_place *at, struct err *e)
{
	static const char sql[] =
	    "SELECT value, level FROM policy WHERE key=?1 AND ((?2='environment' AND"
	    " level='project' AND owner=(SELECT project FROM environment WHERE id=?3)) OR"
	    " (?2<>'instance' AND level='instance' AND owner=0))" NEAREST;

	return find(ret, a,
	    &(struct sql_query){ db, a, sql,
	        SQL_ARGS(sql_t(policy_key_name(key)), sql_t(policy_level_name(at->level)),
	            sql_i(at->owner)), 0, NULL },
	    key, e);
}

int
policies_pair(struct policy_pair *ret, struct arena *a, struct db *db, enum policy_key key,
    const struct policy_place *at, struct err *e)
{
	static const char sql[] = "SELECT value FROM policy WHERE level=?1 AND owner=?2 AND key=?3";
	CLEANUP_SQL struct sql *q = NULL;
	int rc;

	ret->own = (struct policy){ NULL, at->level };
	if (sql_open(&q, db, sql,
	        SQL_ARGS(sql_t(policy_level_name(at->level)), sql_i(at->owner),
	            sql_t(policy_key_name(key))),
	        e) != 0 ||
	    (rc = sql_row(q, e)) < 0)
		return -1;
	if (rc == 1)
		ret->own.value = sql_text(q, 0, a);
	return find_above(&ret->inherited, a, db, key, at, e);
}

int
policies_set(struct db *db, enum policy_key key, const struct policy_place *at,
    const char *value, int64_t by, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO policy (level, owner, key, value, set_by, set_at) VALUES (?1, ?2, ?3, ?4,"
	    " ?5, ?6) ON CONFLICT (level, owner, key) DO UPDATE SET value=excluded.value,"
	    " set_by=excluded.set_by, set_at=excluded.set_at";
	static const char sql_clear[] =
	    "DELETE FROM policy WHERE level=?1 AND owner=?2 AND key=?3";
	const char *level = policy_level_name(at->level), *name = policy_key_name(key);

	if (value != NULL && policy_check(key, value, e) != 0)
		return -1;
	if (value == NULL
	        ? sql_run(NULL, db, sql_clear,
	              SQL_ARGS(sql_t(level), sql_i(at->owner), sql_t(name)), e) != 0
	        : sql_run(NULL, db, sql,
	              SQL_ARGS(sql_t(level), sql_i(at->owner), sql_t(name), sql_t(value),
	                  sql_id(by), sql_i(clock_now())),
	              e) != 0)
		return -1;
	return key == POLICY_ZONE ? schedules_touch(db, e) : 0;
}
