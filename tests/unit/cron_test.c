/* cron_test.c: when schedules run, beside a walk through every minute that knows only the rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/model/cron.h"
#include "lib/model/cron_read.h"
#include "tests/unit/zones.h"

static struct cron
cron_of(const char *text)
{
	struct cron c = { 0 };
	struct err e;

	if (cron_read(&c, text, 0, &e) != 0)
		fail_msg("%s: %s", text, e.text);
	return c;
}

/* "2026-03-29T03:00+02:00" of a run. */
static const char *
wall(struct arena *a, const struct cron_run *run)
{
	char local[CALENDAR_TEXT_SIZE], offset[ZONE_OFFSET_SIZE];

	calendar_text(local, run->at + run->offset * INT64_C(1000));
	zone_offset_text(offset, run->offset);
	return arena_printf(a, "%s%s", local, offset);
}

/*
 * The rules a second time, as plainly as they can be said: walk through every minute of UTC, look
 * at the wall clock before and after, and decide by what is seen.
 */
struct walker {
	const struct cron *c;
	const struct zone *z;
	int64_t at;               /* the minute to look at next */
	int64_t before;           /* what the wall clock showed a minute earlier */
};

static bool
fits(const struct cron *c, int64_t local)
{
	int64_t minute = local / CALENDAR_MINUTE % 1440;

	return (c->minutes >> minute % 60 & 1) != 0 && (c->hours >> minute / 60 & 1) != 0 &&
	    cron_on_day(c, local / CALENDAR_DAY);
}

static bool
walker_runs(struct walker *w)
{
	const int64_t m = CALENDAR_MINUTE, small = 180 * m;
	int64_t now = zone_local(w->z, w->at), before = w->before + m;
	int64_t jump = now - before;

	w->before = now;
	if (w->c->fixed && jump > 0 && jump < small)
		for (int64_t skipped = before; skipped < now; skipped += m)
			if (fits(w->c, skipped))
				return true;
	if (!fits(w->c, now))
		return false;
	/* A fixed time does not run again when the clock showed it within the last hours. */
	for (int64_t ago = m; w->c->fixed && ago < small; ago += m)
		if (zone_local(w->z, w->at - ago) == now)
			return false;
	return true;
}

static int64_t
walker_next(struct walker *w)
{
	while (!walker_runs(w))
		w->at += CALENDAR_MINUTE;
	w->at += CALENDAR_MINUTE;
	return w->at - CALENDAR_MINUTE;
}

/* Each run of [from, until) is the walker's, strictly later than the one before, with an id of its
 * own; and cron_latest() finds it back. Returns how many there are. */
static int
compare(const char *text, const struct zone *z, const char *from, const char *until)
{
	struct cron c = cron_of(text);
	struct walker w = { &c, z, local_of(from), zone_local(z, local_of(from) - 60000) };
	struct cron_run run, back, before = { 0 };
	int64_t at = local_of(from) - 1, end = local_of(until);
	int n = 0;

	for (;; n++, at = run.at, before = run) {
		int64_t wanted;

		assert_true(cron_next(&run, &c, z, at));
		if (run.at >= end)
			return n;
		wanted = walker_next(&w);
		if (run.at != wanted)
			fail_msg("%s in %s: %s is %" PRId64 " and not %" PRId64, text, zone_name(z),
			    run.id, run.at, wanted);
		assert_true(run.at > at);
		assert_true(strcmp(run.id, before.id) != 0);
		assert_true(cron_latest(&back, &c, z, run.at) && back.at == run.at);
		assert_string_equal(back.id, run.id);
		if (n > 0) {
			assert_true(cron_latest(&back, &c, z, run.at - 1));
			assert_int_equal(back.at, before.at);
			assert_string_equal(back.id, before.id);
		}
	}
}

static const char *const dst_zones[] = { "Europe/Zurich", "Europe/Berlin", "America/New_York",
	"Australia/Lord_Howe", "Asia/Kathmandu", "Asia/Kolkata", "Africa/Casablanca", "UTC",
	"America/Sao_Paulo", "Antarctica/Troll" };
enum { DST_ZONES = sizeof dst_zones / sizeof *dst_zones };

static void
T38_runs_are_those_of_a_walk_through_every_minute(void **state)
{
	static const char *const texts[] = { "0 2 * * *", "30 2 * * *", "15 1 * * *", "0 0 * * *",
		"59 23 * * *", "*/15 * * * *", "*/20 2 * * *", "30 * * * *",
		"0,15,30,45 1,2,3 * * *", "0 2,3 * * *", "45 1-3 * * 0", "0 */6 * * *",
		"30 2 L * *", "30 2 * 3,10 0L", "15 2 1,15 * mon" };

	/* The weeks around the changes of all these zones, and a whole year of one. */
	for (size_t i = 0; i < DST_ZONES; i++)
		for (size_t j = 0; j < sizeof texts / sizeof *texts; j++) {
			const struct zone *z = zone_of(*state, dst_zones[i]);
			const char *text = texts[j];

			assert_true(compare(text, z, "2024-03-05T00:00", "2024-04-18T00:00") > 0);
			assert_true(compare(text, z, "2024-10-01T00:00", "2024-11-08T00:00") > 0);
		}
	for (size_t j = 0; j < sizeof texts / sizeof *texts; j++)
		assert_true(compare(texts[j], zone_of(*state, "Europe/Zurich"), "2026-01-01T00:00",
		    "2027-02-01T00:00") > 1);
}

/* Control: the rule for the other kind of job is seen to be wrong, on the first day it differs. */
static void
T38_the_walk_sees_a_job_under_the_wrong_rule(void **state)
{
	static const struct {
		const char *text, *from, *id;
	} cases[] = {
		{ "30 2 * * *", "2026-03-01T00:00", "2026-03-29T02:30" },
		{ "30 2 * * *", "2026-10-01T00:00", "2026-10-26T02:30" },
		{ "30 * * * *", "2026-03-01T00:00", "2026-03-29T03:30+02:00" },
		{ "30 * * * *", "2026-10-01T00:00", "2026-10-25T02:30+01:00" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct zone *z = zone_of(*state, "Europe/Zurich");
		struct cron c = cron_of(cases[i].text), wrong = c;
		struct walker w = { &wrong, z, local_of(cases[i].from),
			zone_local(z, local_of(cases[i].from) - 60000) };
		struct cron_run run = { .at = local_of(cases[i].from) - 1 };

		wrong.fixed = !c.fixed;
		do
			assert_true(cron_next(&run, &c, z, run.at));
		while (walker_next(&w) == run.at);
		assert_string_equal(run.id, cases[i].id);
	}
}

static void
T38_past_changes_of_three_hours_and_more_are_corrections(void **state)
{
	static const char *const texts[] = { "30 2 * * *", "0 12 * * *", "*/30 * * * *",
		"0 0 30 * *", "0,30 22,23 * * *" };
	struct cron_run run;
	struct cron c = cron_of("0 12 * * *");
	const struct zone *apia = zone_of(*state, "Pacific/Apia");

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		compare(texts[i], apia, "2011-12-01T00:00", "2012-05-01T00:00");
		compare(texts[i], zone_of(*state, "Antarctica/Casey"), "2009-10-01T00:00",
		    "2010-04-01T00:00");
		compare(texts[i], zone_of(*state, "Antarctica/Casey"), "2011-10-01T00:00",
		    "2012-03-01T00:00");
		compare(texts[i], zone_of(*state, "America/Sao_Paulo"), "2018-01-01T00:00",
		    "2018-12-01T00:00");
		compare(texts[i], zone_of(*state, "America/Caracas"), "2007-11-01T00:00",
		    "2008-02-01T00:00");
	}
	/* Samoa had no 30 December 2011. */
	assert_true(cron_next(&run, &c, apia, local_of("2011-12-29T23:00")));
	assert_string_equal(run.id, "2011-12-31T12:00");
	assert_int_equal(run.shift, CRON_AS_WRITTEN);
	/* Casey went back by three hours: what was repeated runs again, under another id. */
	c = cron_of("30 0 * * *");
	assert_true(cron_next(&run, &c, zone_of(*state, "Antarctica/Casey"),
	    local_of("2010-03-04T13:00")));
	assert_string_equal(run.id, "2010-03-05T00:30");
	assert_int_equal(run.shift, CRON_EACH);
	assert_true(cron_next(&run, &c, zone_of(*state, "Antarctica/Casey"), run.at));
	assert_string_equal(run.id, "2010-03-05T00:30+08:00");
}

/* Every time of day, in each zone, for the years of the two tables: one run on each local day. */
static void
T38_a_daily_job_runs_once_on_each_local_day_of_seven_years(void **state)
{
	for (size_t i = 0; i < DST_ZONES; i++)
		for (int minute = 0; minute < 1440; minute += minute < 240 ? 15 : 97) {
			const struct zone *z = zone_of(*state, dst_zones[i]);
			char text[40];
			struct cron c;
			struct cron_run run;
			int64_t first = calendar_day(2024, 1, 1), day = first, at;

			snprintf(text, sizeof text, "%d %d * * *", minute % 60, minute / 60);
			c = cron_of(text);
			for (at = day * CALENDAR_DAY - 14 * CALENDAR_HOUR;
			    day < calendar_day(2031, 1, 1); at = run.at) {
				assert_true(cron_next(&run, &c, z, at));
				if (run.local < first * CALENDAR_DAY)
					continue;
				assert_int_equal(run.local / CALENDAR_MINUTE, day * 1440 + minute);
				day++;
			}
		}
}

/* A fixed time has each wall time once; any other job each wall time and offset: its id. */
static void
T38_ten_years_rise_strictly_and_no_slot_comes_twice(void **state)
{
	static const char *const texts[] = { "0 2 * * *", "30 1-3 * * *", "15,45 2 * * *",
		"0 0,1,2,3,23 * * *", "30 * * * *" };

	for (size_t i = 0; i < DST_ZONES; i++)
		for (size_t j = 0; j < sizeof texts / sizeof *texts; j++) {
			struct cron c = cron_of(texts[j]);
			const struct zone *z = zone_of(*state, dst_zones[i]);
			struct cron_run run, before = { .at = local_of("2020-01-01T00:00") };

			for (; before.at < local_of("2030-01-01T00:00"); before = run) {
				assert_true(cron_next(&run, &c, z, before.at));
				assert_true(run.at > before.at);
				assert_true(c.fixed ? run.local > before.local :
				    strcmp(run.id, before.id) != 0);
			}
		}
}

#define SKIPPED(time, runs) \
	(time " does not exist on this day; runs at " runs ", right after the clocks change")
#define FIRST(time) (time " comes twice on this day; runs the first time only")

static void
T38_the_days_of_the_change_say_what_happens(void **state)
{
	static const struct {
		const char *text, *zone, *after, *runs, *id;
		enum cron_shift shift;
		bool change_day;
		const char *note;
	} cases[] = {
		{ "30 2 * * *", "Europe/Zurich", "2026-03-28T12:00", "2026-03-29T03:00+02:00",
		    "2026-03-29T02:30", CRON_SKIPPED, true,
		    SKIPPED("02:30", "03:00") },
		{ "30 2 * * *", "Europe/Zurich", "2026-03-29T01:00", "2026-03-30T02:30+02:00",
		    "2026-03-30T02:30", CRON_AS_WRITTEN, false, "" },
		{ "0,30 2 * * *", "Europe/Zurich", "2026-03-28T12:00", "2026-03-29T03:00+02:00",
		    "2026-03-29T02:00", CRON_SKIPPED, true,
		    SKIPPED("02:00", "03:00") },
		{ "0 2,3 * * *", "Europe/Zurich", "2026-03-28T12:00", "2026-03-29T03:00+02:00",
		    "2026-03-29T03:00", CRON_AS_WRITTEN, true, "" },
		{ "*/30 2 * * *", "Europe/Zurich", "2026-03-28T12:00", "2026-03-30T02:00+02:00",
		    "2026-03-30T02:00+02:00", CRON_AS_WRITTEN, false, "" },
		{ "30 2 * * *", "Europe/Zurich", "2026-10-24T12:00", "2026-10-25T02:30+02:00",
		    "2026-10-25T02:30", CRON_FIRST, true,
		    FIRST("02:30") },
		{ "30 2 * * *", "Europe/Zurich", "2026-10-25T00:30", "2026-10-26T02:30+01:00",
		    "2026-10-26T02:30", CRON_AS_WRITTEN, false, "" },
		{ "30 * * * *", "Europe/Zurich", "2026-10-25T00:00", "2026-10-25T02:30+02:00",
		    "2026-10-25T02:30+02:00", CRON_EACH, true,
		    "02:30 comes twice on this day; runs both times, this is the one at +02:00" },
		{ "30 * * * *", "Europe/Zurich", "2026-10-25T00:30", "2026-10-25T02:30+01:00",
		    "2026-10-25T02:30+01:00", CRON_EACH, true,
		    "02:30 comes twice on this day; runs both times, this is the one at +01:00" },
		{ "0 12 * * *", "Europe/Zurich", "2026-10-25T01:00", "2026-10-25T12:00+01:00",
		    "2026-10-25T12:00", CRON_AS_WRITTEN, true, "" },
		{ "0 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00", "2026-10-04T02:30+11:00",
		    "2026-10-04T02:00", CRON_SKIPPED, true,
		    SKIPPED("02:00", "02:30") },
		{ "45 1 * * *", "Australia/Lord_Howe", "2026-04-04T00:00", "2026-04-05T01:45+11:00",
		    "2026-04-05T01:45", CRON_FIRST, true,
		    FIRST("01:45") },
		{ "0 0 * * *", "America/Sao_Paulo", "2018-11-03T12:00", "2018-11-04T01:00-02:00",
		    "2018-11-04T00:00", CRON_SKIPPED, true,
		    SKIPPED("00:00", "01:00") },
		{ "0 23 * * *", "America/Sao_Paulo", "2018-11-03T12:00", "2018-11-03T23:00-03:00",
		    "2018-11-03T23:00", CRON_AS_WRITTEN, false, "" },
		{ "0 0 * * *", "America/Sao_Paulo", "2018-02-17T12:00", "2018-02-18T00:00-03:00",
		    "2018-02-18T00:00", CRON_AS_WRITTEN, false, "" },
		{ "0 12 * * *", "America/Sao_Paulo", "2018-02-17T12:00", "2018-02-17T12:00-02:00",
		    "2018-02-17T12:00", CRON_AS_WRITTEN, true, "" },
		{ "30 2 * * *", "Africa/Casablanca", "2026-03-21T12:00", "2026-03-22T03:00+01:00",
		    "2026-03-22T02:30", CRON_SKIPPED, true,
		    SKIPPED("02:30", "03:00") },
		{ "30 2 * * *", "Asia/Kathmandu", "2026-03-28T12:00", "2026-03-29T02:30+05:45",
		    "2026-03-29T02:30", CRON_AS_WRITTEN, false, "" },
		{ "30 2 * * *", "Antarctica/Troll", "2026-03-28T12:00", "2026-03-29T03:00+02:00",
		    "2026-03-29T02:30", CRON_SKIPPED, true,
		    SKIPPED("02:30", "03:00") },
		{ "30 2 * * *", "America/New_York", "2026-03-07T12:00", "2026-03-08T03:00-04:00",
		    "2026-03-08T02:30", CRON_SKIPPED, true,
		    SKIPPED("02:30", "03:00") },
		{ "30 1 * * *", "America/New_York", "2026-10-31T12:00", "2026-11-01T01:30-04:00",
		    "2026-11-01T01:30", CRON_FIRST, true,
		    FIRST("01:30") },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cron c = cron_of(cases[i].text);
		struct cron_run run;

		assert_true(cron_next(&run, &c, zone_of(*state, cases[i].zone),
		    local_of(cases[i].after)));
		assert_string_equal(wall(*state, &run), cases[i].runs);
		assert_string_equal(run.id, cases[i].id);
		assert_int_equal(run.shift, cases[i].shift);
		assert_string_equal(cron_note(*state, &run), cases[i].note);
		if (run.change_day != cases[i].change_day)
			fail_msg("%s %s: change day", cases[i].text, run.id);
	}
}

static void
PLA_16_the_next_runs_are_shown_with_their_offset(void **state)
{
	static const char *const wanted[] = { "2026-10-24T05:00+02:00", "2026-10-25T05:00+01:00",
		"2026-10-26T05:00+01:00", "2026-10-27T05:00+01:00", "2026-10-28T05:00+01:00" };
	struct cron c = cron_of("0 5 * * *"), once = cron_of("0 0 29 2 */7");
	struct cron_run runs[5];

	assert_int_equal(cron_list(runs, 5, &c, zone_of(*state, "Europe/Zurich"),
	    local_of("2026-10-23T12:00")), 5);
	for (size_t i = 0; i < 5; i++) {
		assert_string_equal(wall(*state, &runs[i]), wanted[i]);
		assert_int_equal(runs[i].change_day, i == 1);
	}
	assert_int_equal(cron_list(runs, 5, &c, zone_of(*state, "UTC"),
	    local_of("2026-10-23T12:00")), 5);
	assert_string_equal(wall(*state, &runs[0]), "2026-10-24T05:00+00:00");
	assert_int_equal(cron_list(runs, 0, &c, zone_of(*state, "UTC"), 0), 0);
	/* Near the end of the years that are looked at the list is shorter. */
	assert_int_equal(cron_list(runs, 5, &once, zone_of(*state, "UTC"),
	    local_of("2350-01-01T00:00")), 1);
}

static void
rare_days_are_found_however_far_they_are(void **state)
{
	static const struct {
		const char *text, *after, *runs;
	} cases[] = {
		{ "0 0 29 2 *", "2026-01-01T00:00", "2028-02-29T00:00+00:00" },
		{ "0 0 29 2 *", "2096-03-01T00:00", "2104-02-29T00:00+00:00" },
		{ "0 0 29 2 */7", "2026-01-01T00:00", "2032-02-29T00:00+00:00" },
		{ "0 0 29 2 */7", "2088-03-01T00:00", "2128-02-29T00:00+00:00" },
		{ "0 0 */28 2 1", "2026-01-01T00:00", "2027-02-01T00:00+00:00" },
		{ "0 0 31 * *", "2026-01-31T00:00", "2026-03-31T00:00+00:00" },
		{ "0 0 L * *", "2026-01-31T00:00", "2026-02-28T00:00+00:00" },
		{ "0 0 L 2 *", "2026-12-31T00:00", "2027-02-28T00:00+00:00" },
		{ "0 0 L 2 *", "2027-12-31T00:00", "2028-02-29T00:00+00:00" },
		{ "0 0 * * friL", "2026-11-01T00:00", "2026-11-27T00:00+00:00" },
		{ "0 0 * * 0L", "2026-05-01T00:00", "2026-05-31T00:00+00:00" },
		{ "0 0 * 2 7L", "2026-05-01T00:00", "2027-02-28T00:00+00:00" },
		{ "0 0 13 * 5", "2026-11-01T00:00", "2026-11-06T00:00+00:00" },
		{ "0 0 13 * 5", "2026-11-06T00:00", "2026-11-13T00:00+00:00" },
		{ "0 0 1-7 * */7", "2026-11-27T00:00", "2026-12-06T00:00+00:00" },
		{ "0 0 L * 1", "2026-11-27T00:00", "2026-11-30T00:00+00:00" },
		{ "0 0 L * 1", "2026-12-28T00:00", "2026-12-31T00:00+00:00" },
		{ "0 0 1 1 *", "1969-06-01T00:00", "1970-01-01T00:00+00:00" },
		{ "0 0 1 1 *", "1899-06-01T00:00", "1900-01-01T00:00+00:00" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cron c = cron_of(cases[i].text);
		struct cron_run run;

		assert_true(cron_next(&run, &c, zone_of(*state, "UTC"), local_of(cases[i].after)));
		assert_string_equal(wall(*state, &run), cases[i].runs);
	}
}

static void
the_search_ends_where_the_years_end(void **state)
{
	const struct zone *z = zone_of(*state, "Europe/Zurich");
	struct cron c = cron_of("0 0 29 2 */7");
	struct cron_run run;

	assert_false(cron_next(&run, &c, z, ZONE_END - 1));
	assert_false(cron_next(&run, &c, z, INT64_MAX));
	assert_false(cron_latest(&run, &c, z, ZONE_BEGIN));
	assert_false(cron_latest(&run, &c, z, INT64_MIN));
	assert_true(cron_next(&run, &c, z, INT64_MIN));
	assert_true(cron_latest(&run, &c, z, INT64_MAX));
	/* A schedule without a day, which cron_read() refuses, is no endless search. */
	c.days = 0;
	assert_false(cron_next(&run, &c, z, 0));
	assert_false(cron_latest(&run, &c, z, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(T38_runs_are_those_of_a_walk_through_every_minute),
		IN_ARENA(T38_the_walk_sees_a_job_under_the_wrong_rule),
		IN_ARENA(T38_past_changes_of_three_hours_and_more_are_corrections),
		IN_ARENA(T38_a_daily_job_runs_once_on_each_local_day_of_seven_years),
		IN_ARENA(T38_ten_years_rise_strictly_and_no_slot_comes_twice),
		IN_ARENA(T38_the_days_of_the_change_say_what_happens),
		IN_ARENA(PLA_16_the_next_runs_are_shown_with_their_offset),
		IN_ARENA(rare_days_are_found_however_far_they_are),
		IN_ARENA(the_search_ends_where_the_years_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
