/* sessions.c: who is signed in. */
#include "lib/base/clock.h"
#include "lib/store/accounts.h"
#include "lib/store/sql.h"

int
sessions_add(struct db *db, const char *id_hash, int64_t account, const char *csrf,
    const char *address, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO session (id_hash, account, csrf, address, created_at, seen_at, auth_at)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?5)";
	static const char sql_seen[] = "UPDATE account SET seen_at=?2 WHERE id=?1";
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t now = clock_now();

	if (sql_begin(&t, db, e) != 0 ||
	    sql_run(NULL, db, sql,
	        SQL_ARGS(sql_t(id_hash), sql_i(account), sql_t(csrf), sql_t(address), sql_i(now)),
	        e) != 0 ||
	    sql_run(NULL, db, sql_seen, SQL_ARGS(sql_i(account), sql_i(now)), e) != 0)
		return -1;
	return sql_commit(&t, e);
}

static void
read_session(void *row, struct sql *q, struct arena *a)
{
	struct session *s = row;

	s->account.id = sql_int(q, 0);
	s->csrf = sql_text(q, 1, a);
	s->created_at = sql_int(q, 2);
	s->seen_at = sql_int(q, 3);
	s->auth_at = sql_int(q, 4);
}

int
sessions_find(struct session *ret, struct arena *a, struct db *db, const char *id_hash,
    const struct session_limits *limits, struct err *e)
{
	static const char sql[] = "SELECT account, csrf, created_at, seen_at, auth_at FROM session"
	    " WHERE id_hash=?1 AND seen_at>?2 AND created_at>?3";
	static const char sql_seen[] =
	    "UPDATE session SET seen_at=?2 WHERE id_hash=?1 AND seen_at<?2";
	enum { SEEN_STEP = 60 * 1000 };
	int64_t now = clock_now();
	struct session s;
	struct sql_query query = { db, a, sql,
		SQL_ARGS(sql_t(id_hash), sql_i(now - limits->idle_ms),
		    sql_i(now - limits->life_ms)),
		sizeof s, read_session };
	int rc = sql_first(&s, &query, e);
	struct err ignored;

	if (rc <= 0)
		return rc < 0 ? -1 : err_set(e, ERR_NOT_FOUND, "no such session");
	if (accounts_by_id(&s.account, a, db, s.account.id, e) != 0)
		return -1;
	if (s.account.disabled)
		return err_set(e, ERR_NOT_FOUND, "the account is disabled");
	/* A catalogue that cannot be written now must not sign people out: the pages still show
	 * what there is. */
	if (now - s.seen_at >= SEEN_STEP &&
	    sql_run(NULL, db, sql_seen, SQL_ARGS(sql_t(id_hash), sql_i(now)), &ignored) == 0)
		s.seen_at = now;
	*ret = s;
	return 0;
}

int
sessions_renew(struct db *db, const char *id_hash, struct err *e)
{
	return sql_run(NULL, db, "UPDATE session SET auth_at=?2 WHERE id_hash=?1",
	    SQL_ARGS(sql_t(id_hash), sql_i(clock_now())), e);
}

int
sessions_remove(struct db *db, const char *id_hash, struct err *e)
{
	return sql_run(NULL, db, "DELETE FROM session WHERE id_hash=?1", SQL_ARGS(sql_t(id_hash)),
	    e);
}

int
sessions_sweep(struct db *db, const struct session_limits *limits, struct err *e)
{
	static const char sql[] = "DELETE FROM session WHERE seen_at<=?1 OR created_at<=?2";
	int64_t now = clock_now();

	return sql_run(NULL, db, sql,
	    SQL_ARGS(sql_i(now - limits->idle_ms), sql_i(now - limits->life_ms)), e);
}
