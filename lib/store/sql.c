/* sql.c: how the files of lib/store talk to SQLite. */
#include "lib/store/sql.h"

#include <assert.h>
#include <errno.h>
#include <libgen.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/room.h"

struct sql {
	struct sql *next;
	struct db *db;
	const char *text;
	sqlite3_stmt *st;
	bool busy;
};

/* A disk that became read-only, or has no inodes; room.h has words for these. */
static bool
disk_refuses(struct db *db, struct err *e)
{
	const char *path = sqlite3_db_filename(db->handle, "main");
	int code = sqlite3_errcode(db->handle) & 0xff, sys = sqlite3_system_errno(db->handle);
	char folder[ERR_TEXT_MAX / 2];

	if (path == NULL || snprintf(folder, sizeof folder, "%s", path) >= (int)sizeof folder)
		return false;
	if (code == SQLITE_READONLY)
		sys = access(path, W_OK) == 0 ? EROFS : errno;
	if (sys != EROFS && (sys != ENOSPC || code != SQLITE_CANTOPEN))
		return false;
	errno = sys;
	err_sys(e, "catalogue");
	return room_tell_folder(e, dirname(folder));
}

/*
 * In WAL mode a full disk shows as an I/O error, because the shared-memory file cannot grow: both
 * are "no room" to us (measured: facts on SQLite).
 */
int
sql_fail(struct db *db, struct err *e)
{
	int code = sqlite3_errcode(db->handle), sys = sqlite3_system_errno(db->handle);
	const char *words = sqlite3_errmsg(db->handle);

	if (disk_refuses(db, e))
		return err_in(e, "catalogue");
	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_set(e, ERR_BUSY, "the catalogue has been locked for %lld s; try again",
		    (long long)(db->busy_limit_ms / 1000));
	case SQLITE_FULL:
	case SQLITE_IOERR:
		return err_set(e, ERR_FULL,
		    "the catalogue's disk is full or failing (%s): make room there; if it has"
		    " room, the kernel's log tells what is wrong", words);
	case SQLITE_CANTOPEN:
		if (sys == ENOSPC || sys == EDQUOT)
			return err_set(e, ERR_FULL,
			    "the catalogue's disk is full (%s): make room there", words);
		break;
	case SQLITE_CONSTRAINT:
		code = sqlite3_extended_errcode(db->handle);
		if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY)
			return err_set(e, ERR_CONFLICT, "is taken (%s)", words);
		break;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return err_set(e, ERR_DAMAGED,
		    "the catalogue is damaged (%s): run lazarette admin doctor", words);
	default:
		break;
	}
	return err_set(e, ERR_INTERNAL, "catalogue: %s", words);
}

/* Takes the kept statement of this text to the front of the list, or prepares it. */
static int
find(struct sql **ret, struct db *db, const char *text, struct err *e)
{
	struct sql *q;

	for (struct sql **at = &db->statements; (q = *at) != NULL; at = &q->next)
		if (q->text == text && !q->busy) {
			*at = q->next;
			break;
		}
	if (q == NULL) {
		sqlite3_stmt *st;

		if (sqlite3_prepare_v3(db->handle, text, -1, SQLITE_PREPARE_PERSISTENT, &st,
		        NULL) != SQLITE_OK)
			return sql_fail(db, e);
		q = xmalloc(sizeof *q);
		*q = (struct sql){ NULL, db, text, st, false };
	}
	q->next = db->statements;
	db->statements = q;
	*ret = q;
	return 0;
}

static int
bind(struct sql *q, int n, const struct sql_arg *arg)
{
	switch (arg->kind) {
	case SQL_INT:
		return sqlite3_bind_int64(q->st, n, arg->i);
	case SQL_TEXT:
		return sqlite3_bind_text(q->st, n, arg->p, -1, SQLITE_TRANSIENT);
	case SQL_BLOB:
		return sqlite3_bind_blob64(q->st, n, arg->p, arg->n, SQLITE_TRANSIENT);
	case SQL_NULL:
	case SQL_END:
		break;
	}
	return sqlite3_bind_null(q->st, n);
}

int
sql_open(struct sql **ret, struct db *db, const char *text, const struct sql_arg *args,
    struct err *e)
{
	struct sql *q = NULL;
	int n = 0;

	if (find(&q, db, text, e) != 0)
		return -1;
	for (; args != NULL && args[n].kind != SQL_END; n++)
		if (bind(q, n + 1, &args[n]) != SQLITE_OK)
			return sql_fail(db, e);
	assert(n == sqlite3_bind_parameter_count(q->st));
	q->busy = true;
	*ret = q;
	return 0;
}

int
sql_row(struct sql *q, struct err *e)
{
	switch (sqlite3_step(q->st)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		return 0;
	default:
		return sql_fail(q->db, e);
	}
}

int64_t
sql_int(struct sql *q, int column)
{
	return sqlite3_column_int64(q->st, column);
}

char *
sql_text_or_null(struct sql *q, int column, struct arena *a)
{
	const unsigned char *text = sqlite3_column_text(q->st, column);

	return text ? arena_dupn(a, text, (size_t)sqlite3_column_bytes(q->st, column)) : NULL;
}

char *
sql_text(struct sql *q, int column, struct arena *a)
{
	char *text = sql_text_or_null(q, column, a);

	return text ? text : arena_dup(a, "");
}

void *
sql_blob(size_t *n, struct sql *q, int column, struct arena *a)
{
	const void *p = sqlite3_column_blob(q->st, column);

	*n = (size_t)sqlite3_column_bytes(q->st, column);
	return sqlite3_column_type(q->st, column) == SQLITE_NULL ? NULL : arena_dupn(a, p, *n);
}

void
sql_closep(struct sql **q)
{
	if (*q == NULL)
		return;
	sqlite3_reset((*q)->st);
	sqlite3_clear_bindings((*q)->st);
	(*q)->busy = false;
	*q = NULL;
}

int
sql_run(int64_t *changes, struct db *db, const char *text, const struct sql_arg *args,
    struct err *e)
{
	CLEANUP_SQL struct sql *q = NULL;
	int rc;

	if (sql_open(&q, db, text, args, e) != 0)
		return -1;
	while ((rc = sql_row(q, e)) == 1)
		;
	if (rc == 0 && changes != NULL)
		*changes = sqlite3_changes(db->handle);
	return rc;
}

int
sql_get(int64_t *ret, struct db *db, const char *text, const struct sql_arg *args, struct err *e)
{
	CLEANUP_SQL struct sql *q = NULL;
	int64_t first = 0;
	int rc;

	if (sql_open(&q, db, text, args, e) != 0)
		return -1;
	rc = sql_row(q, e);
	if (rc == 1)
		first = sql_int(q, 0);
	/* To the end, so that a write with RETURNING is whole. */
	while (rc == 1)
		rc = sql_row(q, e);
	if (rc == 0)
		*ret = first;
	return rc;
}

void *
sql_list(size_t *count, const struct sql_query *query, struct err *e)
{
	CLEANUP_SQL struct sql *q = NULL;
	size_t n = 0, capacity = 0;
	char *rows = arena_grow(query->arena, NULL, 0, &capacity, query->size);
	int rc;

	if (sql_open(&q, query->db, query->text, query->args, e) != 0)
		return NULL;
	while ((rc = sql_row(q, e)) == 1) {
		rows = arena_grow(query->arena, rows, n, &capacity, query->size);
		query->read(rows + n++ * query->size, q, query->arena);
	}
	if (rc != 0)
		return NULL;
	*count = n;
	return rows;
}

int
sql_first(void *row, const struct sql_query *query, struct err *e)
{
	CLEANUP_SQL struct sql *q = NULL;
	int rc;

	if (sql_open(&q, query->db, query->text, query->args, e) != 0)
		return -1;
	rc = sql_row(q, e);
	if (rc == 1)
		query->read(row, q, query->arena);
	return rc;
}

int
sql_begin(struct sql_txn *ret, struct db *db, struct err *e)
{
	assert(sqlite3_get_autocommit(db->handle));
	if (sql_run(NULL, db, "BEGIN IMMEDIATE", SQL_NO_ARGS, e) != 0)
		return -1;
	ret->db = db;
	return 0;
}

int
sql_commit(struct sql_txn *t, struct err *e)
{
	if (sql_run(NULL, t->db, "COMMIT", SQL_NO_ARGS, e) != 0)
		return -1;
	t->db = NULL;
	return 0;
}

void
sql_rollback(struct sql_txn *t)
{
	struct err ignored;

	/* On a full disk SQLite has rolled back by itself. A ROLLBACK that fails leaves nothing to
	 * do: the connection's next BEGIN says so. */
	if (t->db != NULL && !sqlite3_get_autocommit(t->db->handle) &&
	    sql_run(NULL, t->db, "ROLLBACK", SQL_NO_ARGS, &ignored) != 0)
		return;
	t->db = NULL;
}

void
sql_forget(struct db *db)
{
	for (struct sql *q = db->statements, *next; q != NULL; q = next) {
		next = q->next;
		sqlite3_finalize(q->st);
		free(q);
	}
	db->statements = NULL;
}
