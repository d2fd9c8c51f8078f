/* sql.h: how the files of lib/store talk to SQLite; nobody else includes it.
 *
 * SQL is constant text with ?1, ?2 …; its statement is prepared once per connection and kept.
 * Values are bound by position, rows are read into the caller's arena. A query and a transaction
 * are CLEANUP variables: leaving the scope ends the one and rolls the other back.
 */
#ifndef LIB_STORE_SQL_H
#define LIB_STORE_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/db.h"

struct sqlite3;
struct sql;

struct db {
	struct sqlite3 *handle;
	struct sql *statements;       /* prepared ones, latest used first */
	int64_t busy_since, busy_limit_ms;
};

enum sql_kind { SQL_END, SQL_NULL, SQL_INT, SQL_TEXT, SQL_BLOB };
struct sql_arg {
	enum sql_kind kind;
	int64_t i;
	const void *p;
	size_t n;
};

static inline struct sql_arg
sql_i(int64_t i)
{
	return (struct sql_arg){ SQL_INT, i, NULL, 0 };
}

/* A reference to another row: 0 is NULL. */
static inline struct sql_arg
sql_id(int64_t id)
{
	return (struct sql_arg){ id == 0 ? SQL_NULL : SQL_INT, id, NULL, 0 };
}

/* NULL stays NULL. */
static inline struct sql_arg
sql_t(const char *text)
{
	return (struct sql_arg){ text == NULL ? SQL_NULL : SQL_TEXT, 0, text, 0 };
}

static inline struct sql_arg
sql_b(const void *p, size_t n)
{
	return (struct sql_arg){ p == NULL ? SQL_NULL : SQL_BLOB, 0, p, n };
}

/* The values of ?1, ?2 … in order. */
#define SQL_ARGS(...) ((const struct sql_arg[]){ __VA_ARGS__, { SQL_END, 0, NULL, 0 } })
/* No values. */
#define SQL_NO_ARGS NULL

/* Begin to run `text`, which must be a constant: its address is its name. */
MUST_USE int sql_open(struct sql **ret, struct db *db, const char *text, const struct sql_arg *args,
    struct err *e);
/* 1: a row is there, 0: that was all, -1. */
MUST_USE int sql_row(struct sql *q, struct err *e);
int64_t sql_int(struct sql *q, int column);                             /* NULL gives 0 */
char *sql_text(struct sql *q, int column, struct arena *a);             /* NULL gives "" */
char *sql_text_or_null(struct sql *q, int column, struct arena *a);
void *sql_blob(size_t *n, struct sql *q, int column, struct arena *a);  /* NULL gives NULL */
void sql_closep(struct sql **q);
#define CLEANUP_SQL CLEANUP(sql_closep)

/* Run to the end; *changes (unless NULL) is the number of rows it changed. A unique value that is
 * taken is ERR_CONFLICT. */
MUST_USE int sql_run(int64_t *changes, struct db *db, const char *text, const struct sql_arg *args,
    struct err *e);
/* Run to the end; *ret is the first column of the first row, 0 when there is none. */
MUST_USE int sql_get(int64_t *ret, struct db *db, const char *text, const struct sql_arg *args,
    struct err *e);

/* Rows as structs. `read` fills one that is zeroed. */
typedef void sql_reader(void *row, struct sql *q, struct arena *a);
struct sql_query {
	struct db *db;
	struct arena *arena;
	const char *text;
	const struct sql_arg *args;
	size_t size;                  /* of the struct; sql_first() does not need it */
	sql_reader *read;
};
/* All rows as an array in the arena, never NULL but on failure. */
MUST_USE void *sql_list(size_t *count, const struct sql_query *query, struct err *e);
/* The first row into *row: 1, or 0 when there is none (then *row is as it was), -1. */
MUST_USE int sql_first(void *row, const struct sql_query *query, struct err *e);

/* A transaction that may write. */
struct sql_txn {
	struct db *db;
};
MUST_USE int sql_begin(struct sql_txn *ret, struct db *db, struct err *e);
MUST_USE int sql_commit(struct sql_txn *t, struct err *e);
void sql_rollback(struct sql_txn *t);
#define CLEANUP_TXN CLEANUP(sql_rollback)

/* Word what SQLite says about its last failure. */
int sql_fail(struct db *db, struct err *e);
/* Give back all prepared statements: before the connection is closed. */
void sql_forget(struct db *db);

/* What db_open_migrate() runs with the scripts of lib/store/schema; tests bring their own. */
MUST_USE int db_migrate(struct db **ret, const char *path, const char *const *scripts, int count,
    struct err *e);

#endif
