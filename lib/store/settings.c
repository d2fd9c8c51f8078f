/* settings.c: the few facts an instance knows of itself, and the heartbeats of its workers. */
#include "lib/store/settings.h"

#include "lib/base/clock.h"
#include "lib/store/sql.h"

enum { MINUTE = 60 * 1000, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

/* The clock is more than a day (?2) further than the last beat of any worker. */
#define CLOCK_JUMPED \
	"(EXISTS (SELECT 1 FROM worker) AND NOT EXISTS (SELECT 1 FROM worker WHERE seen_at>=?1-?2))"

int
settings_get(char **ret, struct arena *a, struct db *db, const char *name, struct err *e)
{
	static const char sql[] = "SELECT value FROM setting WHERE name=?1";
	CLEANUP_SQL struct sql *q = NULL;
	int rc;

	if (sql_open(&q, db, sql, SQL_ARGS(sql_t(name)), e) != 0 || (rc = sql_row(q, e)) < 0)
		return -1;
	*ret = rc == 1 ? sql_text(q, 0, a) : arena_dup(a, "");
	return 0;
}

int
settings_set(struct db *db, const char *name, const char *value, struct err *e)
{
	static const char sql[] = "INSERT INTO setting (name, value) VALUES (?1, ?2)"
	    " ON CONFLICT (name) DO UPDATE SET value=excluded.value";

	return sql_run(NULL, db, sql, SQL_ARGS(sql_t(name), sql_t(value)), e);
}

/* The first beat after such a jump hides it from all others: it notes how long the trash rests. */
static int
rest_trash(struct db *db, int64_t now, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO setting (name, value) SELECT 'trash_rests_until', CAST(?1+?3 AS TEXT)"
	    " WHERE " CLOCK_JUMPED " ON CONFLICT (name) DO UPDATE SET value=excluded.value";

	return sql_run(NULL, db, sql, SQL_ARGS(sql_i(now), sql_i(DAY), sql_i(HOUR)), e);
}

int
settings_trash_rests(bool *ret, struct db *db, struct err *e)
{
	/* A rest that would be longer than it can be was noted by a clock that is right again. */
	static const char sql[] =
	    "SELECT " CLOCK_JUMPED " OR EXISTS (SELECT 1 FROM setting WHERE"
	    " name='trash_rests_until' AND CAST(value AS BIGINT) BETWEEN ?1+1 AND ?1+?3)";
	int64_t rests;

	if (sql_get(&rests, db, sql, SQL_ARGS(sql_i(clock_now()), sql_i(DAY), sql_i(HOUR)), e) != 0)
		return -1;
	*ret = rests != 0;
	return 0;
}

int
settings_worker_beat(struct db *db, const char *worker, struct err *e)
{
	static const char sql_beat[] =
	    "INSERT INTO worker (name, started_at, seen_at) VALUES (?1, ?2, ?2) ON CONFLICT (name)"
	    " DO UPDATE SET seen_at=excluded.seen_at";
	/* One of days to come was written under a wrong clock. It would hide the next jump, too. */
	static const char sql_sweep[] = "DELETE FROM worker WHERE seen_at<?1 OR seen_at>?2";
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t now = clock_now();

	if (sql_begin(&t, db, e) != 0 || rest_trash(db, now, e) != 0 ||
	    sql_run(NULL, db, sql_beat, SQL_ARGS(sql_t(worker), sql_i(now)), e) != 0 ||
	    sql_run(NULL, db, sql_sweep, SQL_ARGS(sql_i(now - DAY), sql_i(now + DAY)),
	        e) != 0)
		return -1;
	return sql_commit(&t, e);
}

int
settings_worker_seen(int64_t *ret, struct db *db, struct err *e)
{
	static const char sql[] = "SELECT max(seen_at) FROM worker WHERE seen_at<=?1";

	return sql_get(ret, db, sql, SQL_ARGS(sql_i(clock_now() + MINUTE)), e);
}
