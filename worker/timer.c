/* timer.c: the scheduler's turn. */
#include "worker/timer.h"

#include <inttypes.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/model/retain.h"
#include "lib/store/plans.h"
#include "lib/store/schedules.h"
#include "lib/store/setback.h"

enum { PLAN_MS = 10 * 60 * 1000, TURN_MS = 15 };

/* Before anything is planned by what stands there. */
static int
look_at_clock(const struct timer *t, struct db *db, int64_t now, struct err *e)
{
	struct setback was;

	if (t->begun && !retain_clock_jumped(t->now, now))
		return 0;
	if (setback_mend(&was, db, now, e) != 0)
		return err_in(e, "mend what a wrong clock left");
	if (was.slots > 0 || was.jobs > 0 || was.mails > 0)
		log_line(LOG_WARN, "schedule.clock", "the clock was ahead: %" PRId64 " runs that "
		    "were noted for days to come are forgotten, %" PRId64 " jobs and %" PRId64
		    " notices and mails that would wait until then are due", was.slots, was.jobs,
		    was.mails);
	return 0;
}

static int
plan(struct timer *t, struct db *db, int64_t now, struct err *e)
{
	int64_t changed;

	if (schedules_changed(&changed, db, e) != 0)
		return -1;
	if (t->begun && changed == t->changed && now >= t->now && now - t->planned_at < PLAN_MS)
		return 0;
	if (plans_refresh(db, now, e) != 0)
		return err_in(e, "plan the schedules");
	t->begun = true;
	t->changed = changed;
	t->planned_at = now;
	return 0;
}

static void
say(const struct schedule_due *what, const struct schedule_fired *f)
{
	if (f->missed > 0)
		log_line(LOG_WARN, "schedule.missed", "s%" PRId64 " has missed %d runs",
		    what->schedule, f->missed);
	if (*f->error != '\0')
		log_line(LOG_WARN, "schedule.refused", "s%" PRId64 ": %s", what->schedule,
		    f->error);
	else
		log_line(LOG_INFO, "schedule.run", "s%" PRId64 ": b%" PRId64 "%s", what->schedule,
		    f->backup, f->merged ? ", which still waited" : "");
}

int
timer_step(struct timer *t, struct db *db, int64_t now, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	int64_t began = clock_mono();     /* one at least, however long the plan took */
	struct schedule_due *due;
	struct schedule_fired fired;
	size_t count;
	struct err why;
	int rc = 0;

	if (look_at_clock(t, db, now, e) != 0 || plan(t, db, now, e) != 0 ||
	    plans_due(&due, &count, a, db, now, e) != 0)
		return -1;
	t->now = now;
	for (size_t i = 0; i < count && (i == 0 || clock_mono() - began < TURN_MS); i++) {
		if (plans_fire(&fired, a, db, &due[i], now, &why) != 0) {
			err_in(&why, "schedule s%" PRId64, due[i].schedule);
			*e = rc == 0 ? why : *e;
			rc = -1;
		} else if (fired.ran) {
			say(&due[i], &fired);
		}
	}
	return rc;
}
