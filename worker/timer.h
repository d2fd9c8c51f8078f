/* timer.h: the scheduler's turn: what is due is asked for. */
#ifndef WORKER_TIMER_H
#define WORKER_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/db.h"

/* Zeroed at the start; what is lost with it is only looked up again. */
struct timer {
	bool begun;
	int64_t planned_at, now;      /* of the last plan, of the last step */
	int64_t changed;              /* schedules_changed() as it was planned */
};

/*
 * One turn at the instant `now`: at first and when the clock jumped, mend what one that was ahead
 * has left (setback.h); plan again when something was changed, when the clock was set back, and
 * every ten minutes; then run what is due, until a turn's time is over. With nothing to do it is
 * two look-ups. A schedule that fails keeps no other one waiting; the first fault is given back,
 * and the next step tries again.
 */
MUST_USE int timer_step(struct timer *t, struct db *db, int64_t now, struct err *e);

#endif
