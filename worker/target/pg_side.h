/* pg_side.h: the databases beside a target, and the one act that exchanges them.
 *
 * They carry the target's name and the tag: shop_20261125140233r7p12_new is built, _old is what the
 * target was before, _via is an empty one that is connected to when nothing else is left. Only
 * these exact names are ever made, renamed or dropped. Where the target's name is too long for the
 * server (63 bytes) its end is cut; the tag keeps them apart.
 */
#ifndef WORKER_TARGET_PG_SIDE_H
#define WORKER_TARGET_PG_SIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "worker/source/pg.h"
#include "worker/target/target.h"

struct pg_names {
	const char *target, *new_, *old, *via;
};
struct pg_names pg_side_names(const struct target *t);

/* Which of them there are. */
struct pg_there {
	bool target, new_, old;
};
MUST_USE int pg_side_there(struct pg_there *ret, const struct target *t,
    const struct pg_access *access, struct err *e);

/* A way to the server by a database that stays as it is. With `away` never by the target. */
MUST_USE int pg_side_reach(struct pg_access *ret, const struct target *t, bool away,
    struct err *e);

/* The same by the first question that is asked of it. */
MUST_USE int pg_side_ask(struct pg_access *ret, char **answer, const struct target *t,
    const char *sql, struct err *e);

/* An empty database as the target is: owner, encoding, locale, tablespace. One of a former holder
 * goes first. It is there once proc_wait() says so; what commits in it until it is dressed is not
 * waited for by the disk. */
MUST_USE int pg_side_begin(struct proc **ret, const struct target *t,
    const struct pg_access *access, struct err *e);
/* What belongs to a database and is in no dump: its settings, privileges, comment, and how many may
 * connect, which loading might pass. What the role may not set is left out, and said. All that was
 * committed in it before is on the disk then. */
MUST_USE int pg_side_dress(int64_t *warnings, const struct target *t,
    const struct pg_access *access, struct err *e);

/* What was built as new, whatever its name is by now. */
struct pg_built {
	bool fresh;                   /* there was no target before */
	int64_t oid;                  /* 0: not known */
};

/* New becomes the target and the target becomes old, or (with `back`) the other way round, in one
 * transaction. 0, too, when it is so already, and with `back` when new surely never was the target.
 * ERR_NOT_FOUND with `back`: it is neither the target nor beside it. */
MUST_USE int pg_side_exchange(const struct target *t, bool back, const struct pg_built *built,
    struct err *e);
MUST_USE int pg_side_drop(const struct target *t, const struct pg_access *access,
    const char *name, struct err *e);

#endif
