/* retention_keeps.h: the schedules of an environment as retain.h asks of them; only for lib/store.
 */
#ifndef LIB_STORE_RETENTION_KEEPS_H
#define LIB_STORE_RETENTION_KEEPS_H

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/retain.h"
#include "lib/store/db.h"
#include "lib/store/retention.h"

/* Into ask (which has its environment and now): the keeps of schedules that have their own, and
 * when the next backups come. The backups of a removed one go by the rule of the environment, as
 * nobody could change its keeps any more. */
MUST_USE int retention_keeps_load(struct retain_ask *ask, struct arena *a, struct db *db,
    const struct retention_question *q, struct err *e);

#endif
