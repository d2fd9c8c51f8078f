/* setback.c: what a clock that ran ahead has left behind, once it is right again. */
#include "lib/store/setback.h"

#include "lib/store/sql.h"

enum { AHEAD_MS = 2 * 24 * 3600 * 1000, LEASE_MS = 2 * 60 * 1000 };

static const char sql_slots[] = "DELETE FROM schedule_run WHERE started_at>?1";
/* The others: ?1 is how far ahead things may lie, ?2 what they become. */
static const char sql_jobs[] = "UPDATE job SET run_at=?2 WHERE state='queued' AND run_at>?1";
/* Who lives makes its lease new long before this is over. */
static const char sql_leases[] =
    "UPDATE job SET lease_until=?2 WHERE state='running' AND lease_until>?1";
static const char sql_notices[] =
    "UPDATE delivery SET next_at=?2 WHERE state='queued' AND next_at>?1";
static const char sql_mails[] = "UPDATE outbox SET next_at=?2 WHERE state='queued' AND next_at>?1";
/* A mail is tried for a day from here on. */
static const char sql_mails_made[] =
    "UPDATE outbox SET created_at=?2 WHERE state='queued' AND created_at>?1";
static const char sql_channels[] = "UPDATE channel SET created_at=?2 WHERE created_at>?1";
static const char sql_services[] = "UPDATE service SET created_at=?2 WHERE created_at>?1";
/* Else nothing would be owed until then (safety.h). */
static const char sql_environments[] =
    "UPDATE environment SET created_at=min(created_at, ?2), paused_at=min(paused_at, ?2),"
    " resumed_at=min(resumed_at, ?2) WHERE max(created_at, paused_at, resumed_at)>?1";

static int
mend(int64_t *count, struct db *db, const char *sql, const int64_t times[2], struct err *e)
{
	int64_t changes;

	if (sql_run(&changes, db, sql, SQL_ARGS(sql_i(times[0]), sql_i(times[1])), e) != 0)
		return -1;
	if (count != NULL)
		*count += changes;
	return 0;
}

int
setback_mend(struct setback *ret, struct db *db, int64_t now, struct err *e)
{
	static const char sql_born[] = "SELECT coalesce(min(created_at), 0) FROM account";
	const int64_t times[] = { now + AHEAD_MS, now },
	              lease[] = { now + AHEAD_MS, now + LEASE_MS };
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct setback done = { 0, 0, 0 };
	int64_t born;

	/* Before anybody had an account here the clock is wrong, not what was written. */
	if (sql_get(&born, db, sql_born, SQL_NO_ARGS, e) != 0)
		return -1;
	if (now < born) {
		*ret = done;
		return 0;
	}
	if (sql_begin(&t, db, e) != 0 ||
	    sql_run(&done.slots, db, sql_slots, SQL_ARGS(sql_i(times[0])), e) != 0 ||
	    mend(&done.jobs, db, sql_jobs, times, e) != 0 ||
	    mend(&done.jobs, db, sql_leases, lease, e) != 0 ||
	    mend(&done.mails, db, sql_notices, times, e) != 0 ||
	    mend(&done.mails, db, sql_mails, times, e) != 0 ||
	    mend(NULL, db, sql_mails_made, times, e) != 0 ||
	    mend(NULL, db, sql_channels, times, e) != 0 ||
	    mend(NULL, db, sql_services, times, e) != 0 ||
	    mend(NULL, db, sql_environments, times, e) != 0 || sql_commit(&t, e) != 0)
		return -1;
	*ret = done;
	return 0;
}
