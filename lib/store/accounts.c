/* accounts.c: who may sign in. */
#include "lib/store/accounts.h"

#include "lib/base/clock.h"
#include "lib/base/rand.h"
#include "lib/store/row.h"
#include "lib/store/sql.h"

#define ACCOUNT_COLUMNS \
	"SELECT id, uuid, email, name, role, password_hash, disabled, created_at, seen_at FROM" \
	" account"

static void
read_account(void *row, struct sql *q, struct arena *a)
{
	struct account *out = row;
	int c = 0;

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
	static const char sql[] =
	    "INSERT INTO account (uuid, email, name, role, password_hash, created_at) SELECT ?1,"
	    " ?2, ?3, ?4, ?5, ?6 WHERE NOT EXISTS (SELECT 1 FROM account WHERE lower(email)=?7)"
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
accounts_by_email(struct account *ret, struct arena *a, struct db *db, const char *email,
    struct err *e)
{
	static const char sql[] = ACCOUNT_COLUMNS " WHERE lower(email)=?1";
	struct sql_query query = { db, a, sql, SQL_ARGS(sql_t(lower(a, email))), sizeof *ret,
		read_account };

	return row_one(ret, &query, "nobody has this e-mail address", e);
}

int
accounts_by_id(struct account *ret, struct arena *a, struct db *db, int64_t id, struct err *e)
{
	static const char sql[] = ACCOUNT_COLUMNS " WHERE id=?1";
	struct sql_query query = { db, a, sql, SQL_ARGS(sql_i(id)), sizeof *ret, read_account };

	return row_one(ret, &query, "there is no such account", e);
}

int
accounts_set_up(struct account *account, struct db *db, const char *code_hash, struct err *e)
{
	static const char sql_code[] =
	    "SELECT count(*) FROM setting WHERE name='setup_code_hash' AND value=?1 AND value<>''";
	static const char sql_spend[] = "DELETE FROM setting WHERE name='setup_code_hash'";
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t accounts, right;

	if (sql_begin(&t, db, e) != 0 || accounts_count(&accounts, db, e) != 0 ||
	    sql_get(&right, db, sql_code, SQL_ARGS(sql_t(code_hash)), e) != 0)
		return -1;
	if (accounts > 0)
		return err_set(e, ERR_CONFLICT, "the first account exists already; sign in");
	if (right == 0)
		return err_set(e, ERR_DENIED,
		    "Enter the setup code shown by `lazarette admin setup-code`");
	if (insert(account, db, e) != 0 || sql_run(NULL, db, sql_spend, SQL_NO_ARGS, e) != 0)
		return -1;
	return sql_commit(&t, e);
}
