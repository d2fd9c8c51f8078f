/* sweep.h: housekeeping: what is past its time goes, and what the dead left behind. */
#ifndef WORKER_SWEEP_H
#define WORKER_SWEEP_H

#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/db.h"
#include "lib/util/conf.h"

/*
 * One round: trashed backups past their time, downloads past theirs, scratch folders, objects of
 * backups that failed at or after `since` (ms), unfinished uploads and mails of jobs that run or
 * ended since. A fault of one does not keep the others; the first is given back. Run it in a
 * process of its own: a storage can be slow.
 */
MUST_USE int sweep_once(const struct conf *conf, struct db *db, int64_t since, struct err *e);

#endif
