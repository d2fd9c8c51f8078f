/* pg_pick.h: what of the side the target has not, as SQL that makes it. */
#ifndef WORKER_TARGET_PG_PICK_H
#define WORKER_TARGET_PG_PICK_H

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "worker/source/pg.h"
#include "worker/target/target.h"

/* Before the rows and behind them; "" when there is nothing to make. */
struct pg_ddl {
	const char *before, *behind;
};

/*
 * `missing` are lines "class|id|start|follow", as psql tells them: an object by its catalogue and
 * its number in the side; `start`: it is wanted; `follow`: it comes along when something wanted
 * needs it. The words are pg_dump's own, and pass the fence once more: no command of psql, nothing
 * that leaves the database or ends a transaction (ERR_INPUT). Works in files of the scratch folder,
 * which it removes.
 */
MUST_USE int pg_pick(struct pg_ddl *ret, const struct target *t, const struct pg_access *side,
    const char *missing, struct err *e);

#endif
