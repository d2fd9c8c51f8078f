/* pg_merge.h: a backup's rows put into a PostgreSQL database that stays: on top of what is there,
 * or chosen tables in the place of what they were.
 *
 * build() makes the side whole, as for any restore. The swap is one transaction in the target: what
 * it has not is made, and rows are read from the side and written to it, both as a stream. A schema
 * named after the tag comes with it, and is how anybody later tells that it was done. Chosen tables
 * leave their former rows in that schema, so that they can be put back.
 *
 * Nothing fires: no trigger, no rule, no ON DELETE of a foreign key. Keys are checked at the end,
 * and what was switched off is then as it was. Tables are locked against writers meanwhile, and
 * against readers too where a key or a rule of theirs has to be changed for it.
 */
#ifndef WORKER_TARGET_PG_MERGE_H
#define WORKER_TARGET_PG_MERGE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "worker/target/target.h"

/* Whether a restore is one of these, rather than an exchange of databases. */
bool pg_merge_is(const struct target *t);

/* Early, without the backup's bytes: a chosen table that was not counted there and that the target
 * has not either. *refusal is not written to when there is none. */
MUST_USE int pg_merge_look(const char **refusal, const struct target *t, struct err *e);

/* Before anything is touched, when the side is there: each chosen table is one of the backup
 * (ERR_INPUT, with its name), and columns fit (ERR_CONFLICT, with table and column). */
MUST_USE int pg_merge_check(const struct target *t, struct err *e);

/* Done, or not at all; 0, too, when it was done before. *kept_bytes: 0 where it cannot be asked.
 * ERR_CONFLICT: the server refuses a row or an object, in its own words. ERR_BUSY: somebody holds a
 * lock; who. */
MUST_USE int pg_merge_swap(int64_t *kept_bytes, const struct target *t, struct err *e);
/* Chosen tables only: their former rows are back, and what the swap has made is gone. What was
 * written to them since is lost. ERR_CONFLICT: after mode add; or rows of other tables point to
 * what would go. */
MUST_USE int pg_merge_unswap(const struct target *t, struct err *e);
/* What the swap has left in the target: that schema. */
MUST_USE int pg_merge_drop(const struct target *t, struct err *e);

#endif
