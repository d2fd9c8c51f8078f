/* backup_plan.h: the rows of a new backup, and whether one can be used; only for lib/store, always
 * inside a transaction. */
#ifndef LIB_STORE_BACKUP_PLAN_H
#define LIB_STORE_BACKUP_PLAN_H

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/backups.h"
#include "lib/store/db.h"

/*
 * The backup (building), one part per service with the keys of its objects, and the queued job. The
 * keys stand before the first byte is written, so that what a dead job left can be found.
 */
MUST_USE int backup_plan_add(struct backup_ids *ret, struct db *db, const struct backup_request *rq,
    struct err *e);

/* How the refusal of backup_plan_add() ends when the environment is paused. The run of a schedule
 * keeps that sentence, and is known by it as one that nobody waits for. */
#define BACKUP_PLAN_PAUSED " is paused; make it active in its settings first"

/* ERR_CONFLICT, which says what it is, unless the backup is ready and not known to be damaged. */
MUST_USE int backup_plan_usable(const struct backup *b, struct err *e);

#endif
