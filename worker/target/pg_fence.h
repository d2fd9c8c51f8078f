/* pg_fence.h: what a PostgreSQL script may do when it is restored.
 *
 * Reads the script that pg_restore writes for a dump, and lets pass only what pg_dump writes and
 * what stays inside its own database: no other database, no role, no server, no program, no file,
 * no language that leaves the server, no command of psql. What stands in strings, comments, bodies
 * in dollar quotes and rows of COPY is data. A statement must end inside the entry of the dump in
 * which it began: otherwise a quote left open would hide the next one.
 *
 * The fence sees statements, not what a function does when it is called: that is held by the role,
 * which is no superuser. Memory is constant.
 */
#ifndef WORKER_TARGET_PG_FENCE_H
#define WORKER_TARGET_PG_FENCE_H

#include <stddef.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"

enum pg_fence_kind {
	PG_FENCE_DUMP, /* only statements that pg_dump writes */
	PG_FENCE_SQL,  /* a person's SQL: any that stays in its database */
};

struct pg_fence;
struct pg_fence *pg_fence_new(enum pg_fence_kind kind);
void pg_fence_freep(struct pg_fence **f); /* NULL is fine */
#define CLEANUP_PG_FENCE CLEANUP(pg_fence_freep)

/* Some more of the script. ERR_INPUT, once for all: 'line 7 of the dump …: CREATE DATABASE x'. */
MUST_USE int pg_fence_read(struct pg_fence *f, const char *p, size_t n, struct err *e);
/* The script is at its end, and so must be its last statement. */
MUST_USE int pg_fence_end(struct pg_fence *f, struct err *e);

#endif
