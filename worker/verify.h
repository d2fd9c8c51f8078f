/* verify.h: the worker's own look at what it keeps: reads again, tests, reconciles, alarms. */
#ifndef WORKER_VERIFY_H
#define WORKER_VERIFY_H

#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/db.h"
#include "lib/util/conf.h"

/*
 * One turn of housekeeping, at most a job more of each kind for a storage or an environment: what
 * is due is queued, and the alarms about what backups are like (lib/store/concerns.h) open and
 * close. Every step is done whatever becomes of the others; the first fault is given back.
 */
MUST_USE int verify_step(struct db *db, const struct conf *conf, int64_t now, struct err *e);

#endif
