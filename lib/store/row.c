/* row.c: one row of a table of named things: found, added, changed. */
#include "lib/store/row.h"

#include <sqlite3.h>

#include "lib/base/fault.h"

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

int
row_sealed(struct sql_txn *t, struct db *db, const char *sealed_for, struct err *e)
{
	static const char sql[] =
	    "SELECT count(*) FROM setting WHERE name='seal_public_key' AND value=?1";
	int64_t same;

	if (sealed_for == NULL)
		return 0;
	if ((sqlite3_get_autocommit(db->handle) && sql_begin(t, db, e) != 0) ||
	    sql_get(&same, db, sql, SQL_ARGS(sql_t(sealed_for)), e) != 0)
		return -1;
	return same != 0 || FAULT_CONTROL("seal.any") ? 0 : err_set(e, ERR_BUSY,
	    "The key that locks passwords up was changed in this very moment, so nothing was saved."
	    " Go back and save again.");
}

int
row_sealed_commit(struct sql_txn *t, struct err *e)
{
	return t->db == NULL ? 0 : sql_commit(t, e);
}
