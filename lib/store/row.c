/* row.c: one row of a table of named things: found, added, changed. */
#include "lib/store/row.h"

int
row_one(void *ret, const struct sql_query *query, const char *missing, struct err *e)
{
	int rc = sql_first(ret, query, e);

	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "%s", missing);
	return rc == 1 ? 0 : -1;
}

int
row_insert(int64_t *id, struct db *db, const char *sql, const struct sql_arg *args, struct err *e)
{
	if (sql_get(id, db, sql, args, e) == 0)
		return 0;
	if (e->kind == ERR_CONFLICT)
		err_set(e, ERR_CONFLICT, "%s is taken", (const char *)args[0].p);
	return -1;
}

int
row_update(struct db *db, const char *sql, const struct sql_arg *args, const char *missing,
    struct err *e)
{
	int64_t changes;

	if (sql_run(&changes, db, sql, args, e) != 0) {
		if (e->kind == ERR_CONFLICT)
			err_set(e, ERR_CONFLICT, "%s is taken", (const char *)args[0].p);
		return -1;
	}
	return changes == 1 ? 0 : err_set(e, ERR_NOT_FOUND, "%s", missing);
}
