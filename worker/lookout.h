/* lookout.h: who is late, at risk or still held for a backup, and which storage is nearly full:
 * alarms that open and close by themselves. */
#ifndef WORKER_LOOKOUT_H
#define WORKER_LOOKOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/db.h"

/*
 * One look at everything. Opens and closes the alarms "late", "at-risk" and "held" (to let it go
 * fails) of environments and "storage" of storages; what has not changed is not written. A "late"
 * that becomes "at-risk" stays open until both are over, so that nobody reads of a recovery
 * meanwhile. Notes once a minute what lies in each storage and what its file system has left; that
 * can block, so run it apart.
 */
MUST_USE int lookout_step(struct db *db, int64_t now, struct err *e);

/* Of a worker that stops: opens "held" for whatever it could not let go of. *news: there is one of
 * which nobody was told before. */
struct thaws_leaving;
MUST_USE int lookout_held(bool *news, struct db *db, const struct thaws_leaving *who,
    struct err *e);

#endif
