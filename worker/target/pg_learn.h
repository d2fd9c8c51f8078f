/* pg_learn.h: what a server must know of new tables before anybody asks it: their statistics.
 *
 * A table of up to 8 MB is analysed as always. Of a larger one a tenth of the usual sample is
 * enough to plan by at once, and autovacuum makes the rest of it within minutes: ANALYZE with the
 * columns by name leaves the server's count of changes as it is ("reset the counter only if we
 * analyzed all columns", do_analyze_rel() in PostgreSQL's commands/analyze.c), so the table still
 * has its turn. What autovacuum would not do is done in full: partitioned tables, tables for which
 * it is off, a server where it is off. What the role may not analyse is left, with the server's
 * warning.
 */
#ifndef WORKER_TARGET_PG_LEARN_H
#define WORKER_TARGET_PG_LEARN_H

#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "worker/source/pg.h"

/* Begin in that database, beside other work. */
MUST_USE int pg_learn_begin(struct proc **ret, const struct source *src,
    const struct pg_access *access, struct err *e);

struct pg_learned {
	int64_t bytes, oid;           /* how large the database is, and its number */
};
/* Wait for it. An error has psql's own words. */
MUST_USE int pg_learn_end(struct pg_learned *ret, struct proc *learning, struct err *e);

#endif
