/* setback.h: what a clock that ran ahead has left behind, once it is right again. */
#ifndef LIB_STORE_SETBACK_H
#define LIB_STORE_SETBACK_H

#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/db.h"

/*
 * Whatever lies further ahead of `now` than two days was written under a wrong clock: no window
 * puts a job off for that long. Slots that were taken are free again, so that their runs are not
 * skipped when their day comes (their backups stay), and queued jobs that would wait until then are
 * due. What lies nearer is left, so that a clock that is set back a little makes no run twice;
 * and all is left when `now` is before the first account was made, as on a machine that has just
 * started without its time. Reads the whole of schedule_run: for a worker's start and for a clock
 * that jumped.
 */
struct setback {
	int64_t slots, jobs;          /* how many there were */
};
MUST_USE int setback_mend(struct setback *ret, struct db *db, int64_t now, struct err *e);

#endif
