/* pg_rows.h: how many rows each table has, all of one moment. */
#ifndef WORKER_SOURCE_PG_ROWS_H
#define WORKER_SOURCE_PG_ROWS_H

#include <stddef.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "worker/source/pg.h"
#include "worker/source/source.h"

/*
 * A session that counts while its snapshot is shared. Tables are those that a dump holds,
 * partitions one by one, by name ("public.item"); -1: it could not be read, and the watch is told
 * why.
 */
struct pg_rows;
/* *snapshot is for pg_dump, until pg_rows_end(); counting begins at once. */
MUST_USE int pg_rows_begin(struct pg_rows **ret, char **snapshot, const struct source *src,
    const struct pg_access *access, struct err *e);
MUST_USE int pg_rows_end(struct source_rows *ret, struct pg_rows *rows, struct err *e);
void pg_rows_freep(struct pg_rows **rows);
#define CLEANUP_PG_ROWS CLEANUP(pg_rows_freep)

/* Both at once: as they are now. */
MUST_USE int pg_rows_now(struct source_rows *ret, const struct source *src,
    const struct pg_access *access, struct err *e);

#endif
