/* trash_change.c: what a change of the days of the trash would take for good. */
#include "lib/store/trash_change.h"

#include <string.h>

#include "lib/store/sql.h"

#define DAY (INT64_C(24) * 3600 * 1000)

static int64_t
trash_ms(const struct policy *p, int64_t unsaid)
{
	return p->level == LEVEL_DEFAULT ? unsaid
	                                 : policy_number(POLICY_TRASH_DAYS, p->value) * DAY;
}

/* Now and after the change, in every environment for which this level decides. */
static int
find_terms(int64_t *before, int64_t *after, struct arena *a, struct db *db,
    const struct trash_change *c, struct err *e)
{
	const struct policy wanted = { c->days, c->at.level };
	struct policy_pair pair;

	if (policies_pair(&pair, a, db, POLICY_TRASH_DAYS, &c->at, e) != 0)
		return -1;
	*before = trash_ms(pair.own.value != NULL ? &pair.own : &pair.inherited, c->unsaid_ms);
	*after = trash_ms(c->days != NULL ? &wanted : &pair.inherited, c->unsaid_ms);
	return 0;
}

int
trash_change_weigh(struct trash_impact *ret, struct arena *a, struct db *db,
    const struct trash_change *c, struct err *e)
{
	/* What is past its time already, or on its way out, goes whatever is saved; a mark "keep"
	 * holds it in any case. */
	static const char sql[] =
	    "SELECT b.id, b.stored_bytes FROM backup b JOIN environment v ON v.id=b.environment"
	    " WHERE b.state='trashed' AND b.keep=0 AND b.trashed_at>0 AND b.trashed_at>=?3-?4 AND"
	    " b.trashed_at<?3-?5+?6 AND ((?1='environment' AND v.id=?2) OR (NOT EXISTS (SELECT 1"
	    " FROM policy x WHERE x.key='trash-days' AND x.level='environment' AND x.owner=v.id)"
	    " AND ((?1='project' AND v.project=?2) OR (?1='instance' AND NOT EXISTS (SELECT 1 FROM"
	    " policy x WHERE x.key='trash-days' AND x.level='project' AND x.owner=v.project)))))"
	    " ORDER BY b.id";
	struct trash_impact sum = { .count = 0 };
	uint64_t hash = RETENTION_LIST_BEGIN;
	CLEANUP_SQL struct sql *q = NULL;
	int64_t before, after;
	int rc;

	if (find_terms(&before, &after, a, db, c, e) != 0 ||
	    sql_open(&q, db, sql,
	        SQL_ARGS(sql_t(policy_level_name(c->at.level)), sql_i(c->at.owner), sql_i(c->now),
	            sql_i(before), sql_i(after), sql_i(DAY)),
	        e) != 0)
		return -1;
	while (after < before && (rc = sql_row(q, e)) != 0) {
		if (rc < 0)
			return -1;
		sum.count++;
		sum.bytes += sql_int(q, 1);
		hash = retention_list_add(hash, sql_int(q, 0));
	}
	retention_list_name(sum.list, sum.count, hash);
	*ret = sum;
	return 0;
}

int
trash_change_set(struct db *db, const struct trash_change *c, const struct trash_impact *seen,
    int64_t by, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct trash_impact now;

	if (sql_begin(&t, db, e) != 0 || trash_change_weigh(&now, a, db, c, e) != 0)
		return -1;
	if (strcmp(now.list, seen->list) != 0)
		return err_set(e, ERR_CONFLICT, "what would go has just changed; look again");
	if (policies_set(db, POLICY_TRASH_DAYS, &c->at, c->days, by, e) != 0)
		return -1;
	return sql_commit(&t, e);
}
