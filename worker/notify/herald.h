/* herald.h: what happened becomes notices: for each channel that asked to be told of it, once.
 *
 * Reads jobs that began or ended and alarms that opened or closed since it last looked; what is
 * made of each is written together with the mark that it was told, so neither a crash nor a second
 * worker tells twice. Nothing here touches a backup: a channel that cannot be reached is shown with
 * its fault, and that is all (PEER-2).
 */
#ifndef WORKER_NOTIFY_HERALD_H
#define WORKER_NOTIFY_HERALD_H

#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/db.h"
#include "lib/util/conf.h"

enum { HERALD_ALIVE_MS = 60 * 1000, HERALD_SILENT_MS = 5 * 60 * 1000, HERALD_KEEP_DAYS = 90 };

/* When what is not looked at in every turn is due. Starts as zeros. */
struct herald {
	int64_t alive_at, digest_at, forget_at;
};

/* Before the first beat of a worker: if none was heard of for HERALD_SILENT_MS, that is told, by
 * the first of those that start together. */
MUST_USE int herald_begin(struct db *db, int64_t now, struct err *e);
/* One turn: never waits. */
MUST_USE int herald_step(struct herald *h, struct db *db, const struct conf *conf, int64_t now,
    struct err *e);

#endif
