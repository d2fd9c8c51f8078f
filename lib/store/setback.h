/* setback.h: what a clock that ran ahead has left behind, once it is right again. */
#ifndef LIB_STORE_SETBACK_H
#define LIB_STORE_SETBACK_H

#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/db.h"

/*
 * Whatever lies further ahead of `now` than two days was written under a wrong clock: no window
 * puts a job off for that long. What would keep somebody waiting, or hide that nothing came, is
 * mended: slots that were taken are free again, so that their runs are not skipped when their day
 * comes; queued jobs, notices and mails that would wait until then are due; a job that nobody holds
 * is soon taken back; channels and services that were added then count as added now, so that they
 * are told, and waited for. When backups and jobs began and ended is history and stays: of each
 * service the next backup is the newest whatever its time, and retention lets none go because of
 * a mended time. What lies nearer is left, so that a clock set back a little makes no run twice;
 * and all is left when `now` is before the first account was made, as on a machine that has just
 * started without its time. Reads the whole of schedule_run: for a worker's start and for a clock
 * that jumped.
 */
struct setback {
	int64_t slots, jobs, mails;   /* how many there were; mails: and notices */
};
MUST_USE int setback_mend(struct setback *ret, struct db *db, int64_t now, struct err *e);

#endif
