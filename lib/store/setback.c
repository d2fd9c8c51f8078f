/* setback.c: what a clock that ran ahead has left behind, once it is right again. */
#include "lib/store/setback.h"

#include "lib/store/sql.h"

enum { AHEAD_MS = 2 * 24 * 3600 * 1000 };

int
setback_mend(struct setback *ret, struct db *db, int64_t now, struct err *e)
{
	static const char sql_born[] = "SELECT coalesce(min(created_at), 0) FROM account";
	static const char sql_slots[] = "DELETE FROM schedule_run WHERE started_at>?1";
	static const char sql_jobs[] =
	    "UPDATE job SET run_at=?2 WHERE state='queued' AND run_at>?1";
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct setback done = { 0, 0 };
	int64_t born;

	/* Before anybody had an account here the clock is wrong, not what was written. */
	if (sql_get(&born, db, sql_born, SQL_NO_ARGS, e) != 0)
		return -1;
	if (now < born) {
		*ret = done;
		return 0;
	}
	if (sql_begin(&t, db, e) != 0 ||
	    sql_run(&done.slots, db, sql_slots, SQL_ARGS(sql_i(now + AHEAD_MS)), e) != 0 ||
	    sql_run(&done.jobs, db, sql_jobs, SQL_ARGS(sql_i(now + AHEAD_MS), sql_i(now)),
	        e) != 0 ||
	    sql_commit(&t, e) != 0)
		return -1;
	*ret = done;
	return 0;
}
