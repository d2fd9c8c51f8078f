/* pg_land.h: a dump goes through the fence and into the database beside the target. */
#ifndef WORKER_TARGET_PG_LAND_H
#define WORKER_TARGET_PG_LAND_H

#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "worker/source/pg.h"
#include "worker/target/pg_deal.h"
#include "worker/target/target.h"

/* Reads the stored copy to its end into files of the scratch folder, whose room is checked first:
 * ERR_FULL. Every hash is compared: ERR_DAMAGED. They stay until pg_land_remove(), after a failure,
 * too. */
MUST_USE int pg_land_fetch(struct pg_dealt *ret, const struct target *t,
    const struct export_part *from, struct err *e);
void pg_land_remove(const struct target *t);

/* The whole script that pg_restore makes of it, statement by statement: ERR_INPUT with the line.
 * Rows that were dealt out are in no script. */
MUST_USE int pg_land_fence(const struct target *t, const struct pg_dealt *dump, struct err *e);

/* What a role that is no superuser may not do and nobody misses, and how long the steps took: what
 * comes before the rows, they, and what comes after (indexes, constraints). */
struct pg_loaded {
	int64_t left_out;
	int64_t before_ms, rows_ms, after_ms;
};
/* Restore it into the database beside the target, by several connections where that helps. What is
 * left out is said; any other failure is one. */
MUST_USE int pg_land_load(struct pg_loaded *ret, const struct target *t,
    const struct pg_access *access, const struct pg_dealt *dump, struct err *e);

#endif
