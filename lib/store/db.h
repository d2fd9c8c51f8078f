/* db.h: the catalogue's connection.
 *
 * One open function sets WAL, synchronous=FULL, foreign keys, trusted_schema
 * off, defensive mode, and our own busy handler (Debian's SQLite sleeps whole
 * seconds in sqlite3_busy_timeout). Open it after fork; a connection belongs to
 * one process. Code outside lib/store only opens, closes and passes it on.
 *
 * Kinds of failure: ERR_BUSY (locked for longer than 10 s), ERR_FULL (no
 * room: SQLITE_FULL, and SQLITE_IOERR in WAL mode on a full disk; or the disk
 * became read-only), else
 * ERR_INTERNAL.
 */
#ifndef LIB_STORE_DB_H
#define LIB_STORE_DB_H

#include <stdbool.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"

struct db;

/* Open an existing catalogue of exactly this program's version. A newer one is
 * ERR_CONFLICT with the sentence that says which program wrote it; an older one
 * is ERR_BUSY (the worker migrates it). */
MUST_USE int db_open(struct db **ret, const char *path, struct err *e);

/* As db_open(), but make the catalogue or migrate it first. Each migration is one
 * transaction; before the first, the file is copied to "<path>.v<version>.bak". */
MUST_USE int db_open_migrate(struct db **ret, const char *path, struct err *e);

/* A database of its own that is derived from something else and may be lost at any time: made anew,
 * empty, and only good once its one transaction is committed and it was closed; opened to be read,
 * when nobody writes to it any more. ERR_NOT_FOUND when there is none. */
MUST_USE int db_make_derived(struct db **ret, const char *path, struct err *e);
MUST_USE int db_open_derived(struct db **ret, const char *path, struct err *e);

void db_close(struct db *db);         /* NULL is fine */
void db_closep(struct db **db);
#define CLEANUP_DB CLEANUP(db_closep)

/* It was opened while it could only be read, which a connection never forgets, and its disk can be
 * written by now: close it and open it anew. Asks the disk only in the first case. */
bool db_is_outlived(struct db *db);

/* Check that the catalogue can be written now (a transaction that changes nothing lasting). */
MUST_USE int db_check_writable(struct db *db, struct err *e);

#endif
