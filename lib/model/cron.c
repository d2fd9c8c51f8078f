/* cron.c: when a schedule runs. Pure: no clock, no catalogue, no time zone of the process. */
#include "lib/model/cron.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/model/calendar.h"

/* Clock changes of this size and more are corrections. */
#define CORRECTION (3 * CALENDAR_HOUR)
#define SEARCH (41 * 366 * CALENDAR_DAY)

enum { MINUTES = 1440 };

/*
 * A span of the zone as a schedule sees it. Local times are in minutes here, a local time with
 * seconds counting as the next minute: before 1900 changes were not at whole ones.
 */
struct stretch {
	struct zone_span span;
	int64_t gap;              /* local times from `gap` up to `begin` were skipped before it */
	int64_t begin;            /* the first local minute that counts */
	int64_t repeated;         /* local minutes before this one came already; `begin` if none */
};

static int64_t
ms(int offset)
{
	return offset * INT64_C(1000);
}

/* The first local minute at or after an instant of this span. */
static int64_t
minute_at(const struct zone_span *s, int64_t at)
{
	return calendar_floor(at + ms(s->offset) + CALENDAR_MINUTE - 1, CALENDAR_MINUTE);
}

static void
look(struct stretch *out, const struct cron *c, const struct zone *z, int64_t at)
{
	struct zone_span *s = &out->span;
	int64_t shift, before;

	zone_span(s, z, at);
	shift = ms(s->offset - s->before);
	before = calendar_floor(s->from + ms(s->before) + CALENDAR_MINUTE - 1, CALENDAR_MINUTE);
	out->begin = minute_at(s, s->from);
	out->repeated = shift < 0 ? before : out->begin;
	if (shift < 0 && shift > -CORRECTION && c->fixed)
		out->begin = before;
	out->gap = shift > 0 && shift < CORRECTION && c->fixed ? before : out->begin;
}

bool
cron_on_day(const struct cron *c, int64_t day)
{
	struct calendar date;
	int length;
	bool by_day, by_weekday;

	calendar_of(&date, day);
	if ((c->months >> date.month & 1) == 0)
		return false;
	length = calendar_month_length(date.year, date.month);
	by_day = (c->days >> date.day & 1) != 0 ||
	    (date.day == length && (c->days >> CRON_LAST_DAY & 1) != 0);
	by_weekday = (c->weekdays >> date.weekday & 1) != 0 ||
	    (date.day > length - 7 && (c->last_weekdays >> date.weekday & 1) != 0);
	return c->either ? by_day || by_weekday : by_day && by_weekday;
}

/* The first minute of the day at or after `from` that fits, or MINUTES. */
static int
time_from(const struct cron *c, int from)
{
	for (int hour = from / 60, minute = from % 60; hour < 24; hour++, minute = 0) {
		if ((c->hours >> hour & 1) == 0)
			continue;
		for (; minute < 60; minute++)
			if ((c->minutes >> minute & 1) != 0)
				return hour * 60 + minute;
	}
	return MINUTES;
}

/* The last minute of the day at or before `to` that fits, or -1. */
static int
time_to(const struct cron *c, int to)
{
	for (int hour = to / 60, minute = to % 60; hour >= 0; hour--, minute = 59) {
		if ((c->hours >> hour & 1) == 0)
			continue;
		for (; minute >= 0; minute--)
			if ((c->minutes >> minute & 1) != 0)
				return hour * 60 + minute;
	}
	return -1;
}

/* The first local minute in [from, until) that fits. */
static bool
first_in(int64_t *ret, const struct cron *c, int64_t from, int64_t until)
{
	int64_t day = calendar_floor(from, MINUTES);

	for (int time = (int)(from - day * MINUTES); day * MINUTES < until; day++, time = 0) {
		int found = cron_on_day(c, day) ? time_from(c, time) : MINUTES;

		if (found < MINUTES) {
			*ret = day * MINUTES + found;
			return *ret < until;
		}
	}
	return false;
}

/* The last local minute in [from, until) that fits. */
static bool
last_in(int64_t *ret, const struct cron *c, int64_t from, int64_t until)
{
	int64_t day = calendar_floor(until - 1, MINUTES);

	for (int time = (int)(until - 1 - day * MINUTES); (day + 1) * MINUTES > from;
	    day--, time = MINUTES - 1) {
		int found = cron_on_day(c, day) ? time_to(c, time) : -1;

		if (found >= 0) {
			*ret = day * MINUTES + found;
			return *ret >= from;
		}
	}
	return false;
}

/* The first instant of a local day, or of what there is of it. */
static int64_t
day_begin(const struct zone *z, int64_t day)
{
	int64_t found[2], local = day * CALENDAR_DAY;
	struct zone_span s;

	if (zone_instants(found, z, local) > 0)
		return found[0];
	/* Midnight was skipped: the day begins with the change that led beyond it. */
	zone_span(&s, z, local - CALENDAR_DAY);
	while (s.until < ZONE_END) {
		zone_span(&s, z, s.until);
		if (s.from + ms(s.offset) > local)
			return s.from;
	}
	return s.until;
}

/* Does an instant's local day have another offset at its end than before its beginning? */
static bool
on_change_day(const struct zone *z, int64_t at)
{
	int64_t day = calendar_floor(zone_local(z, at), CALENDAR_DAY);
	struct zone_span a, b;

	zone_span(&a, z, day_begin(z, day) - 1);
	zone_span(&b, z, day_begin(z, day + 1) - 1);
	return a.offset != b.offset;
}

/* Why a run is when it is, for one whose wall time was not skipped. */
static enum cron_shift
shift_of(const struct cron *c, const struct zone *z, int64_t local)
{
	int64_t found[2];

	if (zone_instants(found, z, local) < 2)
		return CRON_AS_WRITTEN;
	return c->fixed && found[1] - found[0] < CORRECTION ? CRON_FIRST : CRON_EACH;
}

static void
set_run(struct cron_run *ret, const struct cron *c, const struct zone *z,
    const struct stretch *s, int64_t minute)
{
	bool skipped = minute < s->begin, again = !skipped && minute < s->repeated;
	char local[CALENDAR_TEXT_SIZE], offset[ZONE_OFFSET_SIZE];

	ret->local = minute * CALENDAR_MINUTE;
	ret->offset = s->span.offset;
	ret->at = skipped ? s->span.from : ret->local - ms(ret->offset);
	ret->shift = skipped ? CRON_SKIPPED : shift_of(c, z, ret->local);
	ret->change_day = on_change_day(z, ret->at);
	calendar_text(local, ret->local);
	zone_offset_text(offset, ret->offset);
	snprintf(ret->id, sizeof ret->id, "%s%s", local, c->fixed && !again ? "" : offset);
}

/* Of the times skipped before this stretch the first that fits, unless a run is there anyway. */
static bool
skipped_run(int64_t *ret, const struct cron *c, const struct stretch *s)
{
	int64_t there;

	return s->gap < s->begin && first_in(ret, c, s->gap, s->begin) &&
	    !first_in(&there, c, s->begin, s->begin + 1);
}

bool
cron_next(struct cron_run *ret, const struct cron *c, const struct zone *z, int64_t after)
{
	int64_t at = after < ZONE_BEGIN ? ZONE_BEGIN : after < ZONE_END ? after + 1 : ZONE_END;
	int64_t end = at < ZONE_END - SEARCH ? at + SEARCH : ZONE_END;
	struct stretch s;

	for (; at < end; at = s.span.until) {
		int64_t from, minute;

		look(&s, c, z, at);
		from = minute_at(&s.span, at);
		if ((at == s.span.from && skipped_run(&minute, c, &s)) ||
		    first_in(&minute, c, from > s.begin ? from : s.begin,
		    minute_at(&s.span, s.span.until))) {
			set_run(ret, c, z, &s, minute);
			return true;
		}
	}
	return false;
}

bool
cron_latest(struct cron_run *ret, const struct cron *c, const struct zone *z, int64_t at)
{
	int64_t until = at < ZONE_END ? at + 1 : ZONE_END;
	int64_t end = until > ZONE_BEGIN + SEARCH ? until - SEARCH : ZONE_BEGIN;
	struct stretch s;

	for (; until > end; until = s.span.from) {
		int64_t minute;

		look(&s, c, z, until - 1);
		if (last_in(&minute, c, s.begin, minute_at(&s.span, until)) ||
		    skipped_run(&minute, c, &s)) {
			set_run(ret, c, z, &s, minute);
			return true;
		}
	}
	return false;
}

size_t
cron_list(struct cron_run *out, size_t max, const struct cron *c, const struct zone *z,
    int64_t after)
{
	size_t n = 0;

	while (n < max && cron_next(&out[n], c, z, n > 0 ? out[n - 1].at : after))
		n++;
	return n;
}

const char *
cron_note(struct arena *a, const struct cron_run *run)
{
	char asked[CALENDAR_TEXT_SIZE], real[CALENDAR_TEXT_SIZE], offset[ZONE_OFFSET_SIZE];
	const char *time = asked + CALENDAR_TIME_AT;

	calendar_text(asked, run->local);
	calendar_text(real, run->at + ms(run->offset));
	zone_offset_text(offset, run->offset);
	switch (run->shift) {
	case CRON_SKIPPED:
		return arena_printf(a, "%s does not exist on this day; runs at %s, right after the"
		    " clocks change", time, real + CALENDAR_TIME_AT);
	case CRON_FIRST:
		return arena_printf(a, "%s comes twice on this day; runs the first time only",
		    time);
	case CRON_EACH:
		return arena_printf(a, "%s comes twice on this day; runs both times, this is the"
		    " one at %s", time, offset);
	case CRON_AS_WRITTEN:
	case CRON_SHIFTS:
		break;
	}
	return "";
}

/* Days to look through so that every date has met every weekday, and every kind of February. */
enum { CYCLE = 41 * 366 };

bool
cron_happens(const struct cron *c)
{
	int64_t day = calendar_day(2000, 1, 1);

	for (int i = 0; i < CYCLE; i++)
		if (cron_on_day(c, day + i))
			return true;
	return false;
}

/* Can a day that fits follow another one? */
static bool
two_days_running(const struct cron *c)
{
	int64_t day = calendar_day(2000, 1, 1);

	for (int i = 0; i < CYCLE; i++)
		if (cron_on_day(c, day + i) && cron_on_day(c, day + i + 1))
			return true;
	return false;
}

int
cron_gap(const struct cron *c)
{
	int first = time_from(c, 0), last = time_to(c, MINUTES - 1), gap = MINUTES;

	for (int time = first, next; time < last; time = next) {
		next = time_from(c, time + 1);
		if (next - time < gap)
			gap = next - time;
	}
	if (first + MINUTES - last < gap && two_days_running(c))
		gap = first + MINUTES - last;
	return gap;
}

void
cron_due(struct cron_due *out, const struct cron *c, const struct zone *z, int64_t handled,
    int64_t now)
{
	struct cron_run run;
	int64_t at;

	memset(out, 0, sizeof *out);
	/* Unsigned: what the catalogue holds may be any number. */
	out->handled = handled > now && (uint64_t)handled - (uint64_t)now >= CORRECTION ? now :
	    handled;
	if (!cron_latest(&run, c, z, now) || run.at <= out->handled)
		return;
	out->due = true;
	out->run = run;
	for (at = out->handled; out->missed < CRON_MISSED_MAX; at = run.at, out->missed++)
		if (!cron_next(&run, c, z, at) || run.at >= out->run.at)
			break;
}
