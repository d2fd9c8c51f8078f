/* accounts.c: who may sign in, sessions, and the brake on guessing. */
#include "lib/store/accounts.h"

#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/rand.h"
#include "lib/store/sql.h"

#define ACCOUNT_COLUMNS "a.id, a.uuid, a.email, a.name, a.role, a.password_hash, a.disabled, a.created_at, a.seen_at"
enum { ACCOUNT_WIDTH = 9 };

static void
read_account_at(struct account *out, struct sql *q, int c, struct arena *a)
{
	out->id = sql_int(q, c++);
	out->uuid = sql_text(q, c++, a);
	out->email = sql_text(q, c++, a);
	out->name = sql_text(q, c++, a);
	if (!role_parse(&out->role, sql_text(q, c++, a)))
		out->role = ROLE_VIEWER;
	out->password_hash = sql_text(q, c++, a);
	out->disabled = sql_int(q, c++) != 0;
	out->created_at = sql_int(q, c++);
	out->seen_at = sql_int(q, c++);
}

static void
read_account(void *row, struct sql *q, struct arena *a)
{
	read_account_at(row, q, 0, a);
}

/* E-mails are ASCII; they are kept as they were written and compared in lower case. */
static char *
lower(struct arena *a, const char *email)
{
	char *low = arena_dup(a, email);

	for (char *p = low; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return low;
}

int
accounts_count(int64_t *ret, struct db *db, struct err *e)
{
	return sql_get(ret, db, "SELECT count(*) FROM account", SQL_NO_ARGS, e);
}

static int
insert(struct account *account, struct db *db, struct err *e)
{
	static const char sql[] = "INSERT INTO account (uuid, email, name, role, password_hash, created_at)"
	    " SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE NOT EXISTS (SELECT 1 FROM account WHERE lower(email)=?7)"
	    " RETURNING id";
	CLEANUP_ARENA struct arena *a = arena_new();
	int64_t now = clock_now(), id;
	char uuid[UUID_SIZE];

	rand_uuid(uuid);
	if (sql_get(&id, db, sql, SQL_ARGS(sql_t(uuid), sql_t(account->email), sql_t(account->name),
	    sql_t(role_name(account->role)), sql_t(account->password_hash), sql_i(now),
	    sql_t(lower(a, account->email))), e) != 0)
		return -1;
	if (id == 0)
		return err_set(e, ERR_CONFLICT, "%s has an account already", account->email);
	account->id = id;
	account->created_at = now;
	return 0;
}

int
accounts_add(struct account *account, struct db *db, struct err *e)
{
	return insert(account, db, e);
}

int
accounts_by_email(struct account *ret, struct arena *a, struct db *db, const char *email, struct err *e)
{
	static const char sql[] = "SELECT " ACCOUNT_COLUMNS " FROM account a WHERE lower(a.email)=?1";
	struct sql_query query = { db, a, sql, SQL_ARGS(sql_t(lower(a, email))), sizeof *ret, read_account };
	int rc = sql_first(ret, &query, e);

	return rc == 0 ? err_set(e, ERR_NOT_FOUND, "nobody has this e-mail address") : rc == 1 ? 0 : -1;
}

int
accounts_by_id(struct account *ret, struct arena *a, struct db *db, int64_t id, struct err *e)
{
	static const char sql[] = "SELECT " ACCOUNT_COLUMNS " FROM account a WHERE a.id=?1";
	struct sql_query query = { db, a, sql, SQL_ARGS(sql_i(id)), sizeof *ret, read_account };
	int rc = sql_first(ret, &query, e);

	return rc == 0 ? err_set(e, ERR_NOT_FOUND, "there is no such account") : rc == 1 ? 0 : -1;
}

int
accounts_set_up(struct account *account, struct db *db, const char *code_hash, struct err *e)
{
	static const char sql_code[] = "SELECT count(*) FROM setting WHERE name='setup_code_hash' AND value=?1 AND value<>''";
	static const char sql_spend[] = "DELETE FROM setting WHERE name='setup_code_hash'";
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t accounts, right;

	if (sql_begin(&t, db, e) != 0 || accounts_count(&accounts, db, e) != 0 ||
	    sql_get(&right, db, sql_code, SQL_ARGS(sql_t(code_hash)), e) != 0)
		return -1;
	if (accounts > 0)
		return err_set(e, ERR_CONFLICT, "the first account exists already; sign in");
	if (right == 0)
		return err_set(e, ERR_DENIED, "Enter the setup code shown by `lazarette admin setup-code`");
	if (insert(account, db, e) != 0 || sql_run(NULL, db, sql_spend, SQL_NO_ARGS, e) != 0)
		return -1;
	return sql_commit(&t, e);
}

int
sessions_add(struct db *db, const char *id_hash, int64_t account, const char *csrf, const char *address,
    struct err *e)
{
	static const char sql[] = "INSERT INTO session (id_hash, account, csrf, address, created_at, seen_at, auth_at)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?5)";
	static const char sql_seen[] = "UPDATE account SET seen_at=?2 WHERE id=?1";
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t now = clock_now();

	if (sql_begin(&t, db, e) != 0 ||
	    sql_run(NULL, db, sql, SQL_ARGS(sql_t(id_hash), sql_i(account), sql_t(csrf), sql_t(address), sql_i(now)), e) != 0 ||
	    sql_run(NULL, db, sql_seen, SQL_ARGS(sql_i(account), sql_i(now)), e) != 0)
		return -1;
	return sql_commit(&t, e);
}

static void
read_session(void *row, struct sql *q, struct arena *a)
{
	struct session *s = row;
	int c = ACCOUNT_WIDTH;

	read_account_at(&s->account, q, 0, a);
	s->csrf = sql_text(q, c++, a);
	s->created_at = sql_int(q, c++);
	s->seen_at = sql_int(q, c++);
	s->auth_at = sql_int(q, c++);
}

int
sessions_find(struct session *ret, struct arena *a, struct db *db, const char *id_hash,
    const struct session_limits *limits, struct err *e)
{
	static const char sql[] = "SELECT " ACCOUNT_COLUMNS ", s.csrf, s.created_at, s.seen_at, s.auth_at"
	    " FROM session s JOIN account a ON a.id=s.account"
	    " WHERE s.id_hash=?1 AND a.disabled=0 AND s.seen_at>?2 AND s.created_at>?3";
	static const char sql_seen[] = "UPDATE session SET seen_at=?2 WHERE id_hash=?1 AND seen_at<?2";
	enum { SEEN_STEP = 60 * 1000 };
	int64_t now = clock_now();
	struct sql_query query = { db, a, sql,
	    SQL_ARGS(sql_t(id_hash), sql_i(now - limits->idle_ms), sql_i(now - limits->life_ms)), sizeof *ret, read_session };
	int rc = sql_first(ret, &query, e);
	struct err ignored;

	if (rc <= 0)
		return rc < 0 ? -1 : err_set(e, ERR_NOT_FOUND, "no such session");
	/* A catalogue that cannot be written now must not sign people out: the pages still show what there is. */
	if (now - ret->seen_at >= SEEN_STEP &&
	    sql_run(NULL, db, sql_seen, SQL_ARGS(sql_t(id_hash), sql_i(now)), &ignored) == 0)
		ret->seen_at = now;
	return 0;
}

int
sessions_remove(struct db *db, const char *id_hash, struct err *e)
{
	return sql_run(NULL, db, "DELETE FROM session WHERE id_hash=?1", SQL_ARGS(sql_t(id_hash)), e);
}

int
sessions_sweep(struct db *db, const struct session_limits *limits, struct err *e)
{
	static const char sql[] = "DELETE FROM session WHERE seen_at<=?1 OR created_at<=?2";
	int64_t now = clock_now();

	return sql_run(NULL, db, sql, SQL_ARGS(sql_i(now - limits->idle_ms), sql_i(now - limits->life_ms)), e);
}

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
	static const char sql_count[] = "INSERT INTO throttle (name, tries, last_at, blocked_until) VALUES (?1, 1, ?2, 0)"
	    " ON CONFLICT (name) DO UPDATE SET tries=throttle.tries+1, last_at=?2 RETURNING tries";
	static const char sql_block[] = "UPDATE throttle SET blocked_until=?2 WHERE name=?1";
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t now = clock_now(), tries, wait;

	if (sql_begin(&t, db, e) != 0 || sql_run(NULL, db, sql_sweep, SQL_ARGS(sql_i(now - PEACE)), e) != 0 ||
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
