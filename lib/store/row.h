/* row.h: one row of a table of named things: found, added, changed; only for lib/store. */
#ifndef LIB_STORE_ROW_H
#define LIB_STORE_ROW_H

#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/sql.h"

/* One row, or ERR_NOT_FOUND with the sentence `missing`. */
MUST_USE int row_one(void *ret, const struct sql_query *query, const char *missing, struct err *e);

/* An INSERT with RETURNING id, or an UPDATE, of something whose slug is ?1: ERR_CONFLICT "shop is
 * taken". An update that meets no row is ERR_NOT_FOUND. */
MUST_USE int row_insert(int64_t *id, struct db *db, const char *sql, const struct sql_arg *args,
    struct err *e);
MUST_USE int row_update(struct db *db, const char *sql, const struct sql_arg *args,
    const char *missing, struct err *e);

/* For who writes what was sealed to the key of this public half: from here to row_sealed_commit(),
 * or the end of the transaction that is there already, the catalogue's key stays that one; ERR_BUSY
 * when it is another by now. NULL, of what was not sealed just now: does nothing. */
MUST_USE int row_sealed(struct sql_txn *t, struct db *db, const char *sealed_for, struct err *e);
MUST_USE int row_sealed_commit(struct sql_txn *t, struct err *e);

#endif
