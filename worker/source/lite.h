/* lite.h: what whoever reads or writes somebody's SQLite database needs.
 *
 * Such a file is only opened by SQLite: closing another descriptor of it would drop SQLite's locks
 * in this process (it may be our own catalogue). Its schema is never trusted.
 */
#ifndef WORKER_SOURCE_LITE_H
#define WORKER_SOURCE_LITE_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/backup.h"

enum { LITE_BUSY_LIMIT = 60000, LITE_HEAD = 100 };

void lite_closep(sqlite3 **db);
#define CLEANUP_LITE CLEANUP(lite_closep)

/* Opened, with a schema that may do nothing by itself, and waiting for locks until *until (which
 * this sets, LITE_BUSY_LIMIT from now, and which must live as long as *ret). */
MUST_USE int lite_open(sqlite3 **ret, const char *path, int flags, int64_t *until, struct err *e);
/* Of one's own file, that nobody else sees and that is worthless when this fails: without locks,
 * without waiting for the disk. Made when it is not there. */
MUST_USE int lite_open_own(sqlite3 **ret, const char *path, struct err *e);

/* For sqlite3_busy_handler(); arg is the int64_t *until of lite_open(). */
int lite_wait(void *arg, int count);
/* What SQLite says, as a sentence about this file; returns -1. */
int lite_complain(sqlite3 *db, int rc, const char *path, struct err *e);
/* The one integer a statement gives. */
MUST_USE int lite_ask(int64_t *ret, sqlite3 *db, const char *sql, const char *path, struct err *e);
/* A sentence for what is not even worth opening. */
MUST_USE int lite_look_at(const char *path, struct err *e);
/* "ok", or the first fault found; NULL when `limit` ms (0: none) did not suffice. */
MUST_USE int lite_inspect(const char **ret, struct arena *a, sqlite3 *db, const char *pragma,
    int64_t limit, struct err *e);
/* The size a database says it has in its head; -1 for a head that is none. */
int64_t lite_promised(const unsigned char *head);

/* SQL about a table: no statement takes its name as a parameter, so each @ becomes it, quoted. */
const char *lite_sql(struct arena *a, const char *text, const char *name);
/* Rows of each table of its own, by name; what belongs to a virtual table is part of that one, and
 * one whose module is missing here is left out. */
MUST_USE int lite_count(struct table_count **ret, size_t *count, struct arena *a, sqlite3 *db,
    struct err *e);

/* What sqlite3 is asked by hand: "ok" when the file is sound. */
extern const char lite_integrity[];

#endif
