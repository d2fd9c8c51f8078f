/* lite_tables.h: chosen tables of one SQLite database put into another, all or none. */
#ifndef WORKER_TARGET_LITE_TABLES_H
#define WORKER_TARGET_LITE_TABLES_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

struct lite_tables {
	struct arena *arena;
	sqlite3 *into;                /* a side, not in a transaction */
	const char *from;             /* the backup's database file */
	const char *target;           /* for sentences */
	const char *const *choice;    /* count 0: all */
	size_t count;
	/* What is there stays, rows come on top; else a table becomes what it is in the backup,
	 * with its indexes and triggers. */
	bool add;
};
/*
 * In one transaction; no trigger fires. ERR_INPUT: a table that the backup has not; ERR_CONFLICT:
 * rows that cannot be added, with the table's name.
 */
MUST_USE int lite_tables_put(const struct lite_tables *w, struct err *e);
/* From here on `db` refuses what would leave it: other files and programs. With `rows_only` also
 * what would end the transaction or change how it works. lite_tables_open() ends that. */
void lite_tables_close(sqlite3 *db, bool rows_only);
void lite_tables_open(sqlite3 *db);

#endif
