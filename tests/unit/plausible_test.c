/* plausible_test.c: what looks hollow, and what is only ordinary change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/model/forecast.h"
#include "lib/model/plausible.h"

enum { MB = 1000 * 1000, TABLES = 12 };

static uint64_t seed = 20261127;

static uint64_t
next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static int64_t
between(int64_t low, int64_t high)
{
	return low + (int64_t)(next_random() % (uint64_t)(high - low + 1));
}

/* -- sizes -- */

static char *
size_of(struct arena *a, int64_t bytes, const int64_t *past, size_t n)
{
	const struct plausible_part now = { .media = true, .bytes = bytes, .files = 9 },
	                            last = { .media = true, .bytes = past[0], .files = 9 };

	return plausible_judge(a, &now, &(struct plausible_history){ past, n, n ? &last : NULL });
}

static void
PEER_23_half_or_five_times_the_median_of_the_last_five_is_suspicious(void **state UNUSED)
{
	static const int64_t past[] = { 75 * MB, 74 * MB, 80 * MB, 70 * MB, 76 * MB };
	CLEANUP_ARENA struct arena *a = arena_new();

	assert_string_equal(size_of(a, 1200 * 1000, past, 5),
	    "1.20 MB where the last five had about 75.0 MB");
	assert_non_null(size_of(a, 75 * MB / 2, past, 5));
	assert_null(size_of(a, 75 * MB / 2 + 1, past, 5));
	assert_null(size_of(a, 375 * MB, past, 5));
	assert_string_equal(size_of(a, 376 * MB, past, 5),
	    "376 MB where the last five had about 75.0 MB");
	assert_string_equal(size_of(a, 1 * MB, past, 3),
	    "1.00 MB where the last three had about 75.0 MB");
}

static void
PEER_23_first_backups_have_no_history_and_small_changes_are_noise(void **state UNUSED)
{
	static const int64_t past[] = { 20000, 20000, 20000, 20000, 20000 };
	CLEANUP_ARENA struct arena *a = arena_new();

	assert_null(size_of(a, 1, past, 0));
	assert_null(size_of(a, 1, past, 2));
	assert_null(size_of(a, 6000, past, 5));
	assert_non_null(size_of(a, 3000, past, 5));
	assert_int_equal(plausible_median(past, 0), 0);
}

/* One outlier among five moves nothing; the sixth oldest is not looked at. */
static void
the_median_is_of_the_last_five_only(void **state UNUSED)
{
	static const int64_t past[] = { 10 * MB, 900 * MB, 10 * MB, 10 * MB, 1, 900 * MB, 900 * MB,
		900 * MB };

	assert_int_equal(plausible_median(past, 8), 10 * MB);
	assert_int_equal(plausible_median(past, 2), 10 * MB);
}

/* -- hollow ones -- */

struct database {
	struct table_count tables[TABLES];
	char names[TABLES][16];
	struct plausible_part part;
};

static void
fill(struct database *d)
{
	for (int i = 0; i < TABLES; i++) {
		snprintf(d->names[i], sizeof d->names[i], "table_%02d", i % 100);
		d->tables[i] = (struct table_count){ d->names[i], between(150, 100000) };
	}
	d->part = (struct plausible_part){ .bytes = between(2 * MB, 90 * MB), .tables = d->tables,
		.table_count = TABLES, .counted = true };
}

static char *
judge(struct arena *a, const struct plausible_part *now, const struct plausible_part *last)
{
	const int64_t past[] = { last->bytes, last->bytes, last->bytes, last->bytes, last->bytes };

	return plausible_judge(a, now, &(struct plausible_history){ past, 5, last });
}

/* Of the 50: no tables; half the size; no files; a big table emptied; a big table gone. */
static void
T18_each_of_50_hollow_backups_is_flagged(void **state UNUSED)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	int flagged = 0;

	for (int i = 0; i < 50; i++) {
		struct plausible_part now, last;
		struct database d;
		char *odd;

		fill(&d);
		last = now = d.part;
		if (i % 5 == 0) {
			now.table_count = 0;
		} else if (i % 5 == 1) {
			now.bytes = last.bytes * between(0, 50) / 100;
		} else if (i % 5 == 2) {
			last = (struct plausible_part){ .media = true, .bytes = last.bytes,
				.files = between(1, 5000) };
			now = last;
			now.files = 0;
		} else {
			struct table_count *less = arena_array(a, TABLES, sizeof *less);
			size_t hit = (size_t)between(0, TABLES - 1), n = 0;

			for (size_t k = 0; k < TABLES; k++) {
				if (k == hit && i % 5 == 4)
					continue;
				less[n] = d.tables[k];
				less[n++].rows = k == hit ? 0 : d.tables[k].rows;
			}
			now.tables = less;
			now.table_count = n;
		}
		odd = judge(a, &now, &last);
		flagged += odd != NULL;
		/* The control: the same one against itself. */
		assert_null(judge(a, &last, &last));
	}
	assert_int_equal(flagged, 50);
}

static void
T18_twelve_tables_then_none_says_so(void **state UNUSED)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct plausible_part now;
	struct database d;

	fill(&d);
	now = d.part;
	now.table_count = 0;
	assert_string_equal(judge(a, &now, &d.part), "no tables where the last one had 12");
	/* A dump of which nobody counted the tables is no dump without tables. */
	now.counted = false;
	assert_null(judge(a, &now, &d.part));
}

static void
a_small_table_may_go_and_a_big_one_may_not(void **state UNUSED)
{
	static const struct table_count had[] = { { "audit", 212033 }, { "cache", 100 },
		{ "note", 101 } };
	static const struct table_count has[] = { { "audit", 0 }, { "note", 5 } };
	const struct plausible_part last = { .bytes = MB, .tables = had, .table_count = 3,
		.counted = true };
	struct plausible_part now = { .bytes = MB, .tables = has, .table_count = 2,
		.counted = true };
	CLEANUP_ARENA struct arena *a = arena_new();

	assert_string_equal(judge(a, &now, &last),
	    "table audit is empty where the last one had 212\u202f033 rows");
	now.tables = has + 1;
	now.table_count = 1;
	assert_string_equal(judge(a, &now, &last),
	    "table audit is gone where the last one had 212\u202f033 rows");
	now.tables = &(struct table_count){ "other", 1 };
	assert_string_equal(judge(a, &now, &last),
	    "table audit is gone where the last one had 212\u202f033 rows, and 1 more tables like"
	    " it");
}

/* Sites grow, shrink and are cleaned up: thirty backups, from one to the next within -5 % and +6 %,
 * and once in two months a clean-up of a third. (Of sites that are cleaned up each month 3.4 %
 * raise an alarm: two clean-ups within five backups are half of the size.) */
static void
T18_of_500_normal_histories_at_most_2_percent_raise_a_false_alarm(void **state UNUSED)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	int alarms = 0;

	for (int h = 0; h < 500; h++) {
		int64_t past[30], at = between(2 * MB, 500 * MB);
		bool odd = false;

		for (size_t i = 0; i < 30; i++) {
			memmove(past + 1, past, 29 * sizeof *past);
			past[0] = at;
			at = at * (between(1, 60) == 1 ? between(60, 70) : between(95, 106)) / 100;
			odd = odd || size_of(a, at, past, i + 1) != NULL;
		}
		alarms += odd;
	}
	print_message("false alarms: %d of 500 histories\n", alarms);
	assert_true(alarms <= 10);
}

/* -- forecast -- */

static void
NEW_7_the_forecast_speaks_of_the_last_five(void **state UNUSED)
{
	static const int64_t ms[] = { 14 * 60000 - 5, 12 * 60000, 15 * 60000, 13 * 60000,
		14 * 60000, 900 * 60000 };
	CLEANUP_ARENA struct arena *a = arena_new();
	struct forecast f = forecast_of(ms, 6);

	assert_int_equal(f.count, 5);
	assert_string_equal(forecast_words(a, &f),
	    "Back in about 14 minutes; the last five took 12 to 15.");
	f = forecast_of(ms, 0);
	assert_null(forecast_words(a, &f));
	f = forecast_of((const int64_t[]){ 300 }, 1);
	assert_string_equal(forecast_words(a, &f),
	    "Back in about 1 second, as the one time before.");
	f = forecast_of((const int64_t[]){ 3 * 3600000, 3 * 3600000 - 1 }, 2);
	assert_string_equal(forecast_words(a, &f),
	    "Back in about 3 hours; the last two took as long.");
	/* Of two the longer one: better too long than too short. */
	assert_int_equal(forecast_of((const int64_t[]){ 5, 9 }, 2).median_ms, 9);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    PEER_23_half_or_five_times_the_median_of_the_last_five_is_suspicious),
		cmocka_unit_test(PEER_23_first_backups_have_no_history_and_small_changes_are_noise),
		cmocka_unit_test(the_median_is_of_the_last_five_only),
		cmocka_unit_test(T18_each_of_50_hollow_backups_is_flagged),
		cmocka_unit_test(T18_twelve_tables_then_none_says_so),
		cmocka_unit_test(a_small_table_may_go_and_a_big_one_may_not),
		cmocka_unit_test(T18_of_500_normal_histories_at_most_2_percent_raise_a_false_alarm),
		cmocka_unit_test(NEW_7_the_forecast_speaks_of_the_last_five),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
