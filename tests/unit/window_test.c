/* window_test.c: when a window opens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/model/window.h"
#include "tests/unit/zones.h"

static int64_t
when(int year, int month, int day, int minute)
{
	return calendar_day(year, month, day) * CALENDAR_DAY + minute * CALENDAR_MINUTE;
}

static void
PLA_29_within_it_is_now_and_outside_it_is_the_next_opening(void **state)
{
	const struct zone *utc = zone_of(*state, "UTC");
	const struct window night = { 60, 300 }, late = { 22 * 60, 120 };

	assert_int_equal(window_opens(&night, utc, when(2026, 3, 1, 60)), when(2026, 3, 1, 60));
	assert_int_equal(window_opens(&night, utc, when(2026, 3, 1, 299)), when(2026, 3, 1, 299));
	assert_int_equal(window_opens(&night, utc, when(2026, 3, 1, 300)), when(2026, 3, 2, 60));
	assert_int_equal(window_opens(&night, utc, when(2026, 3, 1, 59)), when(2026, 3, 1, 60));
	/* Past midnight. */
	assert_int_equal(window_opens(&late, utc, when(2026, 3, 1, 119)), when(2026, 3, 1, 119));
	assert_int_equal(window_opens(&late, utc, when(2026, 3, 1, 120)), when(2026, 3, 1, 1320));
	assert_int_equal(window_opens(&late, utc, when(2026, 3, 1, 1400)), when(2026, 3, 1, 1400));
}

static void
it_is_local_time_also_when_the_clocks_change(void **state)
{
	const struct zone *berlin = zone_of(*state, "Europe/Berlin");
	const struct window w = { 150, 300 };   /* 02:30 */

	/* 1 March, 12:00 UTC: opens at 02:30 CET. */
	assert_int_equal(window_opens(&w, berlin, when(2026, 3, 1, 720)), when(2026, 3, 2, 90));
	/* 29 March has no 02:30: right after the change, at 01:00 UTC. */
	assert_int_equal(window_opens(&w, berlin, when(2026, 3, 28, 720)), when(2026, 3, 29, 60));
	/* 25 October has two: the first. */
	assert_int_equal(window_opens(&w, berlin, when(2026, 10, 24, 720)),
	    when(2026, 10, 25, 30));
}

/* Whatever the zone, an hour of a year at a time: inside is inside, and the opening is the first
 * minute that is. */
static void
the_opening_is_the_first_open_minute(void **state)
{
	static const char *const zones[] = { "Europe/Berlin", "America/New_York",
		"Australia/Lord_Howe", "Asia/Kolkata", "UTC" };
	const struct window windows[] = { { 60, 300 }, { 150, 240 }, { 1380, 30 }, { 0, 1 } };

	for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
		const struct zone *z = zone_of(*state, zones[i]);

		for (size_t k = 0; k < sizeof windows / sizeof windows[0]; k++)
			for (int64_t at = when(2026, 1, 1, 0); at < when(2027, 1, 1, 0);
			     at += CALENDAR_HOUR + CALENDAR_MINUTE) {
				int64_t opens = window_opens(&windows[k], z, at);

				assert_in_range(opens - at, 0, 25 * CALENDAR_HOUR);
				assert_int_equal(window_opens(&windows[k], z, opens), opens);
				if (opens > at)
					assert_int_not_equal(
					    window_opens(&windows[k], z, opens - 1), opens - 1);
			}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(PLA_29_within_it_is_now_and_outside_it_is_the_next_opening),
		IN_ARENA(it_is_local_time_also_when_the_clocks_change),
		IN_ARENA(the_opening_is_the_first_open_minute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
