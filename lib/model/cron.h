/* cron.h: when a schedule runs. Pure: no clock, no catalogue, no time zone of the process.
 *
 * A schedule is a cron expression (cron_read.h) in a time zone (zone.h). Days: as in Debian's cron,
 * when day of month and weekday are both restricted, either of them is enough.
 *
 * The two days a year on which the clocks change are treated as cron(8) of Debian documents it:
 * - A job at a fixed time (neither minute nor hour begins with `*`) whose time is skipped runs once
 *   right after the change, however many of its times were skipped. A time that is repeated runs
 *   the first time only. So such a job runs on every day it is meant to, and never twice.
 * - Any other job follows the wall clock: it does not run in an hour that is skipped and runs in
 *   both of an hour that is repeated.
 * - Changes of three hours and more are corrections (Samoa left out a whole day in 2011): every
 *   job follows the wall clock.
 * One difference is wanted: a job whose skipped time meets another of its times runs once, where
 * cron would start it twice in the same minute.
 *
 * Instants are milliseconds since 1970 UTC, local times those of zone.h.
 */
#ifndef LIB_MODEL_CRON_H
#define LIB_MODEL_CRON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/model/calendar.h"
#include "lib/model/zone.h"

/* A valid one comes from cron_read(). Bit n stands for the value n. */
struct cron {
	uint64_t minutes;         /* 0 to 59 */
	uint32_t hours;           /* 0 to 23 */
	uint32_t days;            /* 1 to 31; bit CRON_LAST_DAY: the last of the month */
	uint32_t months;          /* 1 to 12 */
	uint32_t weekdays;        /* 0 to 6, Sunday is 0 */
	uint32_t last_weekdays;   /* the last such weekday of the month */
	bool fixed;               /* neither minute nor hour begins with `*` */
	bool either;              /* day of month or weekday is enough; else both must fit */
};

enum { CRON_LAST_DAY = 0 };

/* Why a run is when it is. */
enum cron_shift {
	CRON_AS_WRITTEN,
	CRON_SKIPPED,             /* `local` does not exist on this day: right after the change */
	CRON_FIRST,               /* `local` comes twice: this is the first, and the only run */
	CRON_EACH,                /* `local` comes twice, and so does the run */
	CRON_SHIFTS
};

enum { CRON_ID_SIZE = CALENDAR_TEXT_SIZE + ZONE_OFFSET_SIZE };

/* One run, or slot. */
struct cron_run {
	int64_t at;               /* when it is due, without the spread of spread.h */
	int64_t local;            /* the wall time the schedule asked for */
	int offset;               /* of the zone at `at`, seconds east of UTC */
	enum cron_shift shift;
	bool change_day;          /* this local day is longer or shorter than 24 hours */
	/*
	 * What tells this run from all others of its schedule. For a fixed time the local minute
	 * alone, "2026-03-29T02:30": it stays the same, and so runs once, even if the zone's rules
	 * are changed under the schedule. Otherwise with the offset, "2026-10-25T02:15+01:00".
	 */
	char id[CRON_ID_SIZE];
};

/* The first run after an instant, or the last one at or before it; false when there is none within
 * 41 years, which is longer than 29 February takes to be a Sunday again (40). */
MUST_USE bool cron_next(struct cron_run *ret, const struct cron *c, const struct zone *z,
    int64_t after);
MUST_USE bool cron_latest(struct cron_run *ret, const struct cron *c, const struct zone *z,
    int64_t at);

/* The next runs after an instant, at most `max`; returns how many there are. */
size_t cron_list(struct cron_run *out, size_t max, const struct cron *c, const struct zone *z,
    int64_t after);

/* A sentence on a run that is not as written, "" for one that is: "02:30 does not exist on this
 * day; runs at 03:00, right after the clocks change". */
const char *cron_note(struct arena *a, const struct cron_run *run);

/* Whether a day of the calendar is one of the schedule's. */
bool cron_on_day(const struct cron *c, int64_t day);

/* Is there any day that fits, in any year? */
bool cron_happens(const struct cron *c);

/* The fewest minutes from a run to the next by the wall clock, 1 to 1440; 1440 is a day or more. */
int cron_gap(const struct cron *c);

/* What is due after a stop, however long: the latest run alone, never each one that was missed. */
struct cron_due {
	bool due;
	struct cron_run run;      /* set if due */
	int missed;               /* runs before it that will not be made up for; CRON_MISSED_MAX
	                           * stands for that many or more */
	int64_t handled;          /* what `handled` really was: see below */
};

enum { CRON_MISSED_MAX = 10000 };

/*
 * `handled` is the instant of the last run that was started or given up, or when the schedule was
 * made or changed; runs up to it are done with. A `handled` that lies in the future by three hours
 * or more was written under a wrong clock: it is not believed, `now` takes its place, and nothing
 * is due. When less is amiss (a clock was set back a little) runs wait until `handled` is past, so
 * that none is made twice.
 * With a spread of m minutes ask for now - m minutes: a run is due m minutes late, and stays in
 * order.
 */
void cron_due(struct cron_due *out, const struct cron *c, const struct zone *z, int64_t handled,
    int64_t now);

#endif
