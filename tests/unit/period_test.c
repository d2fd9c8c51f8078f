/* period_test.c: the calendar, against the C library's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/base/attr.h"
#include "lib/model/period.h"

#define DAY INT64_C(86400000)

static int64_t
utc(int year, int month, int day)
{
	struct tm tm = { .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day };

	return (int64_t)timegm(&tm) * 1000;
}

/* Each day from 1900 to 2400: the number of each period changes exactly when its name does. */
static void
every_day_of_500_years_is_in_the_periods_that_strftime_says(void **state UNUSED)
{
	char was[PERIODS][20] = { "" };
	int64_t number[PERIODS] = { 0 };
	int64_t first = utc(1900, 1, 1), last = utc(2400, 12, 31);

	for (int64_t at = first; at <= last; at += DAY) {
		time_t seconds = (time_t)(at / 1000);
		char name[PERIODS][20], date[NUM_TEXT], wanted[NUM_TEXT];
		struct tm tm;
		int year, week = period_week(&year, at);

		gmtime_r(&seconds, &tm);
		strftime(name[PERIOD_HOUR], 20, "%F %H", &tm);
		strftime(name[PERIOD_DAY], 20, "%F", &tm);
		strftime(name[PERIOD_WEEK], 20, "%G-%V", &tm);
		strftime(name[PERIOD_MONTH], 20, "%Y-%m", &tm);
		strftime(name[PERIOD_YEAR], 20, "%Y", &tm);
		for (int p = PERIOD_DAY; p < PERIODS; p++) {
			int64_t key = period_key((enum period)p, at + DAY - 1);
			bool begins = strcmp(name[p], was[p]) != 0;

			assert_int_equal(period_key((enum period)p, at), key);
			assert_true(at == first || key - number[p] == begins);
			assert_true(period_start((enum period)p, key) <= at);
			assert_true(period_start((enum period)p, key + 1) > at);
			if (begins && at != first)
				assert_int_equal(period_start((enum period)p, key), at);
			number[p] = key;
			memcpy(was[p], name[p], sizeof was[p]);
		}
		snprintf(wanted, sizeof wanted, "%04d-%02d", year, week);
		assert_string_equal(wanted, name[PERIOD_WEEK]);
		strftime(wanted, sizeof wanted, "%e %b %Y", &tm);
		period_date(date, at);
		assert_string_equal(date, wanted + (wanted[0] == ' '));
	}
}

static void
hours_follow_each_other_also_before_1970(void **state UNUSED)
{
	for (int64_t hour = -1000; hour < 1000; hour++) {
		assert_int_equal(period_key(PERIOD_HOUR, hour * PERIOD_MS_HOUR), hour);
		assert_int_equal(period_key(PERIOD_HOUR, (hour + 1) * PERIOD_MS_HOUR - 1), hour);
		assert_int_equal(period_start(PERIOD_HOUR, hour), hour * PERIOD_MS_HOUR);
	}
}

static void
the_shortest_of_a_kind_is_no_longer_than_any(void **state UNUSED)
{
	for (int p = 0; p < PERIODS; p++) {
		int64_t shortest = INT64_MAX;

		for (int64_t key = 2000; key < 2500; key++) {
			int64_t length = period_start((enum period)p, key + 1) -
			    period_start((enum period)p, key);

			shortest = length < shortest ? length : shortest;
		}
		assert_int_equal(period_shortest((enum period)p), shortest);
	}
}

static void
weeks_at_the_border_of_years_are_those_of_iso_8601(void **state UNUSED)
{
	static const struct { int y, m, d, year, week; } cases[] = {
		{ 2026, 12, 27, 2026, 52 }, { 2026, 12, 28, 2026, 53 }, { 2027, 1, 3, 2026, 53 },
		{ 2027, 1, 4, 2027, 1 },    { 2024, 12, 29, 2024, 52 }, { 2024, 12, 30, 2025, 1 },
		{ 2021, 1, 3, 2020, 53 },   { 2023, 1, 1, 2022, 52 },   { 2018, 1, 1, 2018, 1 },
		{ 2026, 11, 21, 2026, 47 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int year;

		assert_int_equal(period_week(&year, utc(cases[i].y, cases[i].m, cases[i].d)),
		    cases[i].week);
		assert_int_equal(year, cases[i].year);
	}
}

static void
periods_have_names_for_people(void **state UNUSED)
{
	static const struct { enum period p; const char *words; } cases[] = {
		{ PERIOD_HOUR, "14:00 on 1 Jan 2027" }, { PERIOD_DAY, "1 Jan 2027" },
		{ PERIOD_WEEK, "week 53" },             { PERIOD_MONTH, "January 2027" },
		{ PERIOD_YEAR, "2027" },
	};
	int64_t at = utc(2027, 1, 1) + 14 * PERIOD_MS_HOUR + 59 * 60000;
	char text[NUM_TEXT];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		period_words(text, cases[i].p, at, utc(2026, 12, 31));
		assert_string_equal(text, cases[i].words);
	}
	period_words(text, PERIOD_WEEK, at, utc(2027, 2, 1));
	assert_string_equal(text, "week 53 of 2026");
	period_short_date(text, at);
	assert_string_equal(text, "1 Jan");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_day_of_500_years_is_in_the_periods_that_strftime_says),
		cmocka_unit_test(hours_follow_each_other_also_before_1970),
		cmocka_unit_test(the_shortest_of_a_kind_is_no_longer_than_any),
		cmocka_unit_test(weeks_at_the_border_of_years_are_those_of_iso_8601),
		cmocka_unit_test(periods_have_names_for_people),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
