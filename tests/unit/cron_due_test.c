/* cron_due_test.c: what is due after a stop or under a wrong clock, the spread, the window. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "lib/base/utf8.h"
#include "lib/model/cron_read.h"
#include "lib/model/spread.h"
#include "lib/model/window.h"
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

static struct cron_due
due(struct arena *a, const char *text, const char *zone, const char *handled, const char *now)
{
	struct cron c = cron_of(text);
	struct cron_due out;

	cron_due(&out, &c, zone_of(a, zone), local_of(handled), local_of(now));
	return out;
}

static void
T40_after_a_stop_of_days_only_the_latest_run_is_due(void **state)
{
	static const struct {
		const char *text, *handled, *now, *id;
		int missed;
	} cases[] = {
		{ "0 2 * * *", "2026-11-20T02:00", "2026-11-20T14:00", NULL, 0 },
		{ "0 2 * * *", "2026-11-20T02:00", "2026-11-21T01:59", NULL, 0 },
		{ "0 2 * * *", "2026-11-20T02:00", "2026-11-21T02:00", "2026-11-21T02:00", 0 },
		{ "0 2 * * *", "2026-11-20T02:00", "2026-11-23T14:00", "2026-11-23T02:00", 2 },
		{ "0 2 * * *", "2026-11-20T01:59", "2026-11-23T14:00", "2026-11-23T02:00", 3 },
		{ "0 2 * * *", "2026-11-20T02:00", "2026-11-20T02:00", NULL, 0 },
		{ "*/15 * * * *", "2026-11-20T00:00", "2026-11-23T00:07",
		    "2026-11-23T00:00+00:00", 287 },
		{ "0 0 1 * *", "2026-01-01T00:00", "2026-11-23T00:00", "2026-11-01T00:00", 9 },
		{ "0 0 1 1 *", "2026-01-01T00:00", "2026-11-23T00:00", NULL, 0 },
		{ "* * * * *", "2025-01-01T00:00", "2026-11-23T00:00", "2026-11-23T00:00+00:00",
		    CRON_MISSED_MAX },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cron_due d = due(*state, cases[i].text, "UTC", cases[i].handled,
		    cases[i].now);

		assert_int_equal(d.due, cases[i].id != NULL);
		assert_int_equal(d.missed, cases[i].missed);
		assert_int_equal(d.handled, local_of(cases[i].handled));
		if (d.due)
			assert_string_equal(d.run.id, cases[i].id);
	}
}

/* A worker that looks once in a while, is stopped for days, and takes what is due. */
static void
SET_30_each_slot_is_taken_once_across_restarts(void **state)
{
	static const char *const texts[] = { "0 2 * * *", "30 2 * * *", "*/15 * * * *",
		"0 1,2,3 * * *", "0 0 * * 1" };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		const struct zone *z = zone_of(*state, "Europe/Zurich");
		struct cron c = cron_of(texts[i]);
		int64_t handled = local_of("2026-03-01T00:00"), now = handled;
		int64_t end = local_of("2026-11-30T00:00");
		int taken = 0, missed = 0, all = 0;
		struct cron_run run = { .at = handled };

		/* Looks are 7 to 40 minutes apart, the hundredth comes after a stop of 17 days. */
		for (int look = 1; now < end; look++) {
			struct cron_due d;

			now += (7 + look % 34) * CALENDAR_MINUTE;
			if (look % 100 == 0)
				now += 17 * CALENDAR_DAY;
			cron_due(&d, &c, z, handled, now);
			if (!d.due)
				continue;
			assert_true(d.run.at > handled && d.run.at <= now);
			handled = d.run.at;
			taken++;
			missed += d.missed;
		}
		while (cron_next(&run, &c, z, run.at) && run.at <= handled)
			all++;
		assert_int_equal(taken + missed, all);
		assert_true(missed > 0);
	}
}

static void
DIV_3_two_days_bring_two_runs(void **state)
{
	const struct zone *z = zone_of(*state, "Europe/Zurich");
	int64_t begin = local_of("2026-11-20T12:00"), handled = begin;
	struct cron c = cron_of("0 2 * * *");
	int runs = 0;

	for (int64_t now = begin; now <= begin + 2 * CALENDAR_DAY; now += CALENDAR_MINUTE) {
		struct cron_due d;

		cron_due(&d, &c, z, handled, now);
		handled = d.due ? d.run.at : d.handled;
		runs += d.due ? 1 : 0;
	}
	assert_int_equal(runs, 2);
}

static void
T39_a_clock_that_jumps_makes_no_run_twice_and_stops_no_schedule(void **state)
{
	const struct zone *z = zone_of(*state, "UTC");
	struct cron c = cron_of("0 2 * * *");
	struct cron_due d;

	/* Set back by an hour after the run: it waits, and is not made again. */
	d = due(*state, "0 2 * * *", "UTC", "2026-11-20T02:00", "2026-11-20T01:30");
	assert_true(!d.due && d.handled == local_of("2026-11-20T02:00"));
	d = due(*state, "0 2 * * *", "UTC", "2026-11-20T02:00", "2026-11-20T02:00");
	assert_false(d.due);
	/* Two hours and 59 minutes are still that; three are a clock that was wrong. */
	d = due(*state, "*/15 * * * *", "UTC", "2026-11-20T02:59", "2026-11-20T00:00");
	assert_true(!d.due && d.handled == local_of("2026-11-20T02:59"));
	d = due(*state, "*/15 * * * *", "UTC", "2026-11-20T03:00", "2026-11-20T00:00");
	assert_true(!d.due && d.handled == local_of("2026-11-20T00:00"));
	/* The clock was in 2038 once: the schedule goes on now, and not in twelve years. */
	d = due(*state, "0 2 * * *", "UTC", "2038-01-19T02:00", "2026-11-20T12:00");
	assert_true(!d.due && d.handled == local_of("2026-11-20T12:00"));
	d = due(*state, "0 2 * * *", "UTC", "2026-11-20T12:00", "2026-11-21T02:00");
	assert_true(d.due && d.missed == 0);
	/* It starts in 1970 and is then set: one run, not twenty thousand. */
	d = due(*state, "0 2 * * *", "UTC", "2026-11-20T02:00", "1970-01-01T00:05");
	assert_true(!d.due && d.handled == local_of("1970-01-01T00:05"));
	d = due(*state, "0 2 * * *", "UTC", "1970-01-01T00:05", "2026-11-20T12:00");
	assert_true(d.due && d.missed == CRON_MISSED_MAX);
	assert_string_equal(d.run.id, "2026-11-20T02:00");
	/* Numbers that no clock gives. */
	cron_due(&d, &c, z, INT64_MAX, INT64_MIN);
	assert_true(!d.due && d.handled == INT64_MIN);
	cron_due(&d, &c, z, INT64_MIN, local_of("2026-11-20T12:00"));
	assert_true(d.due && d.missed == CRON_MISSED_MAX);
}

/* The zone's rules change between two runs of a day: the fixed time keeps its id. */
static void
T39_a_fixed_time_keeps_its_id_under_other_rules(void **state)
{
	struct cron_run summer, winter, other;
	struct cron fixed = cron_of("0 2 * * *"), wild = cron_of("0 * * * *");
	int64_t after = local_of("2026-06-30T23:30");

	assert_true(cron_next(&summer, &fixed, zone_of(*state, "Europe/Zurich"), after));
	assert_true(cron_next(&winter, &fixed, zone_of(*state, "Africa/Algiers"), after));
	assert_string_equal(summer.id, winter.id);
	assert_int_equal(winter.at - summer.at, CALENDAR_HOUR);
	assert_true(cron_next(&summer, &wild, zone_of(*state, "Europe/Zurich"), after));
	assert_true(cron_next(&other, &wild, zone_of(*state, "Africa/Algiers"), after));
	assert_string_not_equal(summer.id, other.id);
}

static void
T40_a_spread_is_stable_and_even(void **state UNUSED)
{
	int count[SPREAD_MAX + 1] = { 0 };
	const char *plan = "0198c1a2-7a5e-7c11-8d3f-0d2b8a6f4e10";

	for (int i = 0; i < 61000; i++) {
		char target[40];
		int n;

		snprintf(target, sizeof target, "0198c1a2-7a5e-7c11-8d3f-%012x", (unsigned)i);
		n = spread_minutes(plan, target, SPREAD_MAX);
		assert_in_range(n, 0, SPREAD_MAX);
		count[n]++;
		assert_int_equal(spread_minutes(plan, target, SPREAD_MAX), n);
		assert_int_equal(spread_minutes(plan, target, 0), 0);
	}
	for (int i = 0; i <= SPREAD_MAX; i++)
		assert_in_range(count[i], 850, 1150);
	/* Written down, so that another build or release cannot choose otherwise unseen. */
	assert_int_equal(spread_minutes(plan,
	    "0198c1a2-7a5e-7c11-8d3f-000000000000", 60), 34);
	assert_int_equal(spread_minutes(plan,
	    "0198c1a2-7a5e-7c11-8d3f-000000000001", 60), 28);
	assert_int_equal(spread_minutes("", "", 15), 12);
	assert_int_equal(spread_minutes(plan, "x", -5), 0);
	assert_int_equal(spread_minutes(plan, "x", 1000), spread_minutes(plan, "x", SPREAD_MAX));
	assert_true(spread_minutes("ab", "c", 60) != spread_minutes("a", "bc", 60));
}

/* A run with a spread is due that much later; asked for then, none is lost and the order stays. */
static void
T40_a_spread_moves_runs_without_losing_any(void **state)
{
	const struct zone *z = zone_of(*state, "UTC");
	struct cron c = cron_of("*/15 * * * *");
	int64_t handled = local_of("2026-11-20T00:00"), begin = handled;
	int taken = 0;

	for (int64_t now = begin; now < begin + CALENDAR_DAY; now += CALENDAR_MINUTE) {
		struct cron_due d;

		cron_due(&d, &c, z, handled, now - 47 * CALENDAR_MINUTE);
		if (!d.due)
			continue;
		assert_int_equal(now - d.run.at, 47 * CALENDAR_MINUTE);
		assert_int_equal(d.run.at - handled, 15 * CALENDAR_MINUTE);
		handled = d.run.at;
		taken++;
	}
	assert_int_equal(taken, 92);
}

static void
PLA_29_the_window_is_by_the_wall_clock(void **state)
{
	static const struct {
		const char *from, *until, *zone, *at, *opens;
	} cases[] = {
		{ "01:00", "05:00", "UTC", "2026-11-20T00:59", "2026-11-20T01:00" },
		{ "01:00", "05:00", "UTC", "2026-11-20T01:00", NULL },
		{ "01:00", "05:00", "UTC", "2026-11-20T04:59", NULL },
		{ "01:00", "05:00", "UTC", "2026-11-20T05:00", "2026-11-21T01:00" },
		{ "01:00", "05:00", "UTC", "2026-11-20T23:59", "2026-11-21T01:00" },
		{ "01:00", "05:00", "Europe/Zurich", "2026-11-20T00:00", NULL },
		{ "01:00", "05:00", "Europe/Zurich", "2026-11-20T04:00", "2026-11-21T00:00" },
		{ "23:00", "05:00", "UTC", "2026-11-20T22:59", "2026-11-20T23:00" },
		{ "23:00", "05:00", "UTC", "2026-11-20T23:00", NULL },
		{ "23:00", "05:00", "UTC", "2026-11-21T00:00", NULL },
		{ "23:00", "05:00", "UTC", "2026-11-21T04:59", NULL },
		{ "23:00", "05:00", "UTC", "2026-11-21T05:00", "2026-11-21T23:00" },
		{ "20:00", "24:00", "UTC", "2026-11-21T23:59", NULL },
		{ "20:00", "24:00", "UTC", "2026-11-21T00:00", "2026-11-21T20:00" },
		{ "00:00", "6:00", "UTC", "2026-11-21T12:00", "2026-11-22T00:00" },
		{ "03:00", "03:00", "UTC", "2026-11-21T12:00", NULL },
		/* 02:00 to 03:00 is skipped: what begins in it opens at 03:00 … */
		{ "02:30", "05:00", "Europe/Zurich", "2026-03-29T00:00", "2026-03-29T01:00" },
		/* … what lies in it not at all … */
		{ "02:15", "02:45", "Europe/Zurich", "2026-03-29T00:00", "2026-03-30T00:15" },
		/* … and what is repeated is open twice. */
		{ "02:00", "02:30", "Europe/Zurich", "2026-10-25T00:10", NULL },
		{ "02:00", "02:30", "Europe/Zurich", "2026-10-25T00:40", "2026-10-25T01:00" },
		{ "02:00", "02:30", "Europe/Zurich", "2026-10-25T01:30", "2026-10-26T01:00" },
		{ "12:00", "13:00", "Pacific/Apia", "2011-12-30T00:00", "2011-12-30T22:00" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct zone *z = zone_of(*state, cases[i].zone);
		int64_t at = local_of(cases[i].at), opens;
		struct window w;
		struct err e;

		assert_int_equal(window_read(&w, cases[i].from, cases[i].until, &e), 0);
		assert_int_equal(window_inside(&w, z, at), cases[i].opens == NULL);
		opens = window_opens(&w, z, at);
		if (opens != (cases[i].opens ? local_of(cases[i].opens) : at))
			fail_msg("%s-%s at %s in %s", cases[i].from, cases[i].until, cases[i].at,
			    cases[i].zone);
		assert_true(window_inside(&w, z, opens));
	}
}

/* Beside a walk through the minutes, over the changes of two zones. */
static void
PLA_29_no_earlier_minute_is_inside_than_the_one_it_opens_in(void **state)
{
	static const struct window windows[] = { { 60, 300 }, { 1380, 300 }, { 150, 160 },
		{ 119, 121 }, { 0, 1 }, { 1439, 0 } };
	static const char *const names[] = { "Europe/Zurich", "Australia/Lord_Howe" };

	for (size_t i = 0; i < 2; i++)
		for (size_t j = 0; j < sizeof windows / sizeof *windows; j++) {
			const struct zone *z = zone_of(*state, names[i]);
			int64_t at = local_of("2026-11-01T00:00"), opens = at;

			for (; at > local_of("2026-03-20T00:00"); at -= CALENDAR_MINUTE) {
				if (window_inside(&windows[j], z, at))
					opens = at;
				else if (opens < local_of("2026-10-30T00:00"))
					assert_int_equal(window_opens(&windows[j], z, at), opens);
			}
		}
}

static void
times_of_a_window_are_read_or_refused(void **state UNUSED)
{
	static const char *const bad[] = { "", "1", "01", "0100", "1:0", "01:0", "01:000", "aa:00",
		"01:aa", ":00", "-1:00", "+1:00", "01-00", "1 :00", "01:00 ", "\xff\xff:00" };
	static const char *const wrong[] = { "25:00", "24:01", "01:60", "99:99" };
	struct window w = { 7, 8 };
	char text[80];
	struct err e;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (window_read(&w, bad[i], "05:00", &e) != -1 ||
		    window_read(&w, "05:00", bad[i], &e) != -1)
			fail_msg("'%s' is taken", bad[i]);
		assert_string_equal(e.text, "Enter a time like 01:00");
	}
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_int_equal(window_read(&w, wrong[i], "05:00", &e), -1);
		snprintf(text, sizeof text, "Enter a time like 01:00, you wrote %s", wrong[i]);
		assert_string_equal(e.text, text);
	}
	assert_int_equal(e.kind, ERR_INPUT);
	assert_true(w.from == 7 && w.until == 8);
	assert_int_equal(window_read(&w, "1:05", "24:00", &e), 0);
	assert_true(w.from == 65 && w.until == 0);
}

static void
a_window_that_opens_no_more_says_so(void **state)
{
	struct window w = { 60, 120 };

	assert_int_equal(window_opens(&w, zone_of(*state, "UTC"), ZONE_END - CALENDAR_HOUR),
	    ZONE_END);
	assert_int_equal(window_opens(&w, zone_of(*state, "Europe/Zurich"), INT64_MAX), ZONE_END);
	assert_false(window_inside(&w, zone_of(*state, "UTC"), INT64_MIN));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(T40_after_a_stop_of_days_only_the_latest_run_is_due),
		IN_ARENA(SET_30_each_slot_is_taken_once_across_restarts),
		IN_ARENA(DIV_3_two_days_bring_two_runs),
		IN_ARENA(T39_a_clock_that_jumps_makes_no_run_twice_and_stops_no_schedule),
		IN_ARENA(T39_a_fixed_time_keeps_its_id_under_other_rules),
		cmocka_unit_test(T40_a_spread_is_stable_and_even),
		IN_ARENA(T40_a_spread_moves_runs_without_losing_any),
		IN_ARENA(PLA_29_the_window_is_by_the_wall_clock),
		IN_ARENA(PLA_29_no_earlier_minute_is_inside_than_the_one_it_opens_in),
		cmocka_unit_test(times_of_a_window_are_read_or_refused),
		IN_ARENA(a_window_that_opens_no_more_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
