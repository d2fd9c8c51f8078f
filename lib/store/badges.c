/* badges.c: the public address of an environment's badge. */
#include "lib/store/badges.h"

#include "lib/base/rand.h"
#include "lib/store/row.h"
#include "lib/store/sql.h"

static int
set(struct db *db, int64_t environment, const char *code, struct err *e)
{
	return row_update(db, "UPDATE environment SET badge=?1 WHERE id=?2",
	    SQL_ARGS(sql_t(code), sql_i(environment)), "there is no such environment", e);
}

int
badges_make(struct db *db, int64_t environment, struct err *e)
{
	char code[TOKEN_SIZE];

	rand_token(code);
	return set(db, environment, code, e);
}

int
badges_remove(struct db *db, int64_t environment, struct err *e)
{
	return set(db, environment, "", e);
}

int
badges_code(char **ret, struct arena *a, struct db *db, int64_t environment, struct err *e)
{
	static const char sql[] = "SELECT badge FROM environment WHERE id=?1";
	CLEANUP_SQL struct sql *q = NULL;
	int rc;

	if (sql_open(&q, db, sql, SQL_ARGS(sql_i(environment)), e) != 0 ||
	    (rc = sql_row(q, e)) < 0)
		return -1;
	*ret = rc == 1 ? sql_text(q, 0, a) : arena_dup(a, "");
	return 0;
}

int
badges_find(int64_t *environment, struct db *db, const char *code, struct err *e)
{
	int64_t id;

	if (sql_get(&id, db, "SELECT id FROM environment WHERE badge=?1 AND badge<>''",
	        SQL_ARGS(sql_t(code)), e) != 0)
		return -1;
	if (id == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no such badge");
	*environment = id;
	return 0;
}
