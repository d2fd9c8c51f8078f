/* pruner.h: looks which environments have backups that may go, and queues the jobs for it. */
#ifndef WORKER_PRUNER_H
#define WORKER_PRUNER_H

#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/db.h"
#include "lib/util/conf.h"

/*
 * One turn: notes the clock, and judges at most a handful of the environments that are due: after
 * each backup that became ready, and once a day. Only where something goes is a job made.
 */
MUST_USE int pruner_step(struct db *db, const struct conf *conf, int64_t now, struct err *e);

#endif
