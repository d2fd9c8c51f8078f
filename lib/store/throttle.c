/* throttle.c: the brake on guessing. */
#include "lib/base/clock.h"
#include "lib/store/accounts.h"
#include "lib/store/sql.h"

enum { FREE_TRIES = 5, FIRST_WAIT = 1000, LONGEST_WAIT = 15 * 60 * 1000, PEACE = 3600 * 1000 };

int
throttle_wait(int64_t *ret, struct db *db, const char *name, struct err *e)
{
	static const char sql[] = "SELECT blocked_until FROM throttle WHERE name=?1 AND last_at>?2";
	int64_t now = clock_now(), until;

	if (sql_get(&until, db, sql, SQL_ARGS(sql_t(name), sql_i(now - PEACE)), e) != 0)
		return -1;
	/* A clock that was set back must not lock anybody out for longer than the longest wait. */
	if (until > now + LONGEST_WAIT)
		until = now + LONGEST_WAIT;
	*ret = until > now ? until - now : 0;
	return 0;
}

int
throttle_failed(struct db *db, const char *name, struct err *e)
{
	static const char sql_sweep[] = "DELETE FROM throttle WHERE last_at<=?1";
	static const char sql_count[] =
	    "INSERT INTO throttle (name, tries, last_at, blocked_until) VALUES (?1, 1, ?2, 0) ON"
	    " CONFLICT (name) DO UPDATE SET tries=throttle.tries+1, last_at=?2 RETURNING tries";
	static const char sql_block[] = "UPDATE throttle SET blocked_until=?2 WHERE name=?1";
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t now = clock_now(), tries, wait;

	if (sql_begin(&t, db, e) != 0 ||
	    sql_run(NULL, db, sql_sweep, SQL_ARGS(sql_i(now - PEACE)), e) != 0 ||
	    sql_get(&tries, db, sql_count, SQL_ARGS(sql_t(name), sql_i(now)), e) != 0)
		return -1;
	if (tries > FREE_TRIES) {
		wait = FIRST_WAIT;
		for (int64_t i = FREE_TRIES + 1; i < tries && wait < LONGEST_WAIT; i++)
			wait *= 2;
		if (wait > LONGEST_WAIT)
			wait = LONGEST_WAIT;
		if (sql_run(NULL, db, sql_block, SQL_ARGS(sql_t(name), sql_i(now + wait)), e) != 0)
			return -1;
	}
	return sql_commit(&t, e);
}

int
throttle_clear(struct db *db, const char *name, struct err *e)
{
	return sql_run(NULL, db, "DELETE FROM throttle WHERE name=?1", SQL_ARGS(sql_t(name)), e);
}
