/* retain_test.c: which backups stay and which go, worked out by hand. */
#include "tests/unit/retaining.h"

/*
 * 21 November 2026 is a Saturday. Daily: 21 to 15 November (1 to 7). The week of 16 November is
 * represented by the 21st, that of the 9th by Sunday the 15th: both stay already. So the weekly
 * ones are the Sundays 8 and 1 November, 25 and 18 October (14, 21, 28, 35). November is
 * represented by the 21st; the monthly ones are the last days of October (22), September (53),
 * August (83), July (114), June (145), May (175), April (206), March (236), February (267),
 * January (295), December (326), November 2025 (357).
 */
static void
the_calendar_preset_keeps_7_daily_4_weekly_and_12_monthly(void **state UNUSED)
{
	struct list l;

	list_begin(&l, NULL, noon());
	l.rule = retain_preset_rule(PRESET_CALENDAR, 0);
	add_nights(&l, 700);
	list_judge(&l);
	assert_string_equal(staying(&l), "1 2 3 4 5 6 7 14 21 22 28 35 53 83 114 145 175 206 236"
	                                 " 267 295 326 357");
	assert_int_equal(count_why(&l, WHY_DAILY), 7);
	assert_int_equal(count_why(&l, WHY_WEEKLY), 4);
	assert_int_equal(count_why(&l, WHY_MONTHLY), 12);
	assert_int_equal(l.result.go_count, 700 - 23);
	list_end(&l);
}

/* The same counted on every night of three years: 23 in all once there are enough. */
static void
the_calendar_preset_holds_on_every_night_of_three_years(void **state UNUSED)
{
	struct list l;

	list_begin(&l, NULL, noon());
	l.rule = retain_preset_rule(PRESET_CALENDAR, 0);
	for (int night = 1; night <= 1100; night++) {
		l.ask.now = utc(2024, 1, 1, 2, 0) + DAYS(night);
		list_add(&l, l.ask.now)->id = night;
		list_judge(&l);
		assert_true(count_why(&l, WHY_DAILY) == (size_t)(night < 7 ? night : 7));
		if (night > 400) {
			assert_int_equal(count_why(&l, WHY_WEEKLY), 4);
			assert_int_equal(count_why(&l, WHY_MONTHLY), 12);
			assert_int_equal(stay_count(&l), 23);
		}
		list_delete(&l);
	}
	list_end(&l);
}

static void
nothing_is_lost_while_backups_stop_for_90_days(void **state UNUSED)
{
	struct list l;

	list_begin(&l, NULL, noon());
	l.rule = retain_preset_rule(PRESET_CALENDAR, 0);
	add_nights(&l, 700);
	list_judge(&l);
	list_delete(&l);
	for (int day = 1; day <= 90; day++) {
		l.ask.now = noon() + DAYS(day);
		list_judge(&l);
		assert_int_equal(l.result.go_count, 0);
	}
	assert_int_equal(l.ask.count, 23);
	list_end(&l);
}

/* One night: a backup comes, and what goes is deleted. */
static void
one_night(struct list *l, int night)
{
	l->ask.now = noon() + DAYS(night);
	list_add(l, l->ask.now - HOURS(10))->id = 1000 + night;
	list_judge(l);
}

/* 90 days without a backup, then one each night again: the three counts are held on every night,
 * and after a year it is as if nothing had been. */
static void
after_90_days_without_backups_the_calendar_preset_holds_again(void **state UNUSED)
{
	struct list l, always;

	list_begin(&l, NULL, noon());
	list_begin(&always, NULL, noon());
	l.rule = always.rule = retain_preset_rule(PRESET_CALENDAR, 0);
	add_nights(&l, 700);
	list_judge(&l);
	list_delete(&l);
	for (int night = 1; night <= 90 + 400; night++) {
		if (night > 90) {
			one_night(&l, night);
			assert_int_equal(count_why(&l, WHY_DAILY), 7);
			assert_int_equal(count_why(&l, WHY_WEEKLY), 4);
			assert_int_equal(count_why(&l, WHY_MONTHLY), 12);
			assert_int_equal(stay_count(&l), 23);
			/* The newest are never the price of the old. */
			for (size_t i = l.ask.count; i-- > 0 && l.items[i].id > 1000 + night - 7;)
				assert_false(l.result.verdicts[i].go);
			list_delete(&l);
		}
		one_night(&always, night);
		list_delete(&always);
	}
	list_judge(&l);
	list_judge(&always);
	assert_int_equal(l.ask.count, 23);
	assert_string_equal(staying(&l), staying(&always));
	list_end(&l);
	list_end(&always);
}

static void
an_empty_list_and_a_single_backup_are_no_trouble(void **state UNUSED)
{
	struct list l;

	list_begin(&l, "daily=1 min-age=0", noon());
	list_judge(&l);
	assert_int_equal(l.result.go_count, 0);
	assert_null(retain_note_saving(l.arena, &l.result));
	list_add(&l, 0);
	list_judge(&l);
	assert_string_equal(staying(&l), "1");
	list_add(&l, INT64_MAX);
	list_add(&l, INT64_MIN);
	list_judge(&l);
	assert_string_equal(staying(&l), "1 2");
	list_end(&l);
}

/* Cycle's rule: 365 days, to the millisecond. */
static void
days_are_24_hours_each(void **state UNUSED)
{
	struct list l;

	list_begin(&l, NULL, noon());
	l.rule = retain_preset_rule(PRESET_DAYS, 365);
	list_add(&l, noon() - DAYS(1));
	list_add(&l, noon() - DAYS(365) + 1);
	list_add(&l, noon() - DAYS(365));
	list_judge(&l);
	assert_string_equal(staying(&l), "1 2");
	assert_int_equal(verdict_of(&l, 2)->goes_at, noon() + 1);
	assert_string_equal(row_of(&l, 3), "Goes tonight: older than 365 days");
	list_end(&l);
}

static void
forever_deletes_no_scheduled_one(void **state UNUSED)
{
	struct list l;

	list_begin(&l, "forever", noon());
	add_nights(&l, 400);
	list_add(&l, noon() - DAYS(20))->state = BACKUP_FAILED;
	list_judge(&l);
	assert_int_equal(l.result.go_count, 1);
	assert_true(verdict_of(&l, 401)->go);
	assert_string_equal(row_of(&l, 400), "Kept: the rule keeps all");
	assert_int_equal(verdict_of(&l, 400)->goes, GOES_NEVER);
	list_end(&l);
}

/* -- on demand: Divio's 30 days, then the newest 3 -- */

static void
add_on_demand(struct list *l, int days_ago)
{
	list_add(l, noon() - DAYS(days_ago))->kind = BACKUP_ON_DEMAND;
}

static void
on_demand_ones_stay_30_days_and_then_the_newest_3(void **state UNUSED)
{
	static const struct { int ages[6]; const char *stay; } cases[] = {
		{ { 1, 2, 3, 4, 5, 29 }, "1 2 3 4 5 6" },
		{ { 1, 10, 29, 30, 31, 400 }, "1 2 3" },
		{ { 1, 31, 40, 50, 60, 70 }, "1 2 3" },
		{ { 100, 200, 300, 400, 500, 600 }, "1 2 3" },
		{ { 600, 500, 400, 300, 200, 100 }, "4 5 6" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct list l;

		list_begin(&l, NULL, noon());
		l.rule = retain_preset_rule(PRESET_CALENDAR, 0);
		for (int k = 0; k < 6; k++)
			add_on_demand(&l, cases[i].ages[k]);
		list_judge(&l);
		assert_string_equal(staying(&l), cases[i].stay);
		list_end(&l);
	}
}

static void
on_demand_and_scheduled_ones_take_no_place_of_each_other(void **state UNUSED)
{
	struct list l;

	list_begin(&l, "last=2 on-demand-last=2 min-age=0", noon());
	for (int i = 0; i < 4; i++) {
		list_add(&l, noon() - DAYS(10 + i));
		add_on_demand(&l, i + 1);
	}
	list_add(&l, noon() - DAYS(9))->kind = BACKUP_UPLOADED;
	list_judge(&l);
	assert_string_equal(staying(&l), "1 2 3 4");
	list_rule(&l, "last=2 on-demand=together min-age=0");
	list_judge(&l);
	assert_string_equal(staying(&l), "2 4");
	list_rule(&l, "last=2 min-age=0");
	list_judge(&l);
	assert_string_equal(staying(&l), "1 2 3 4 6 8 9");
	assert_string_equal(row_of(&l, 9), "Kept: it was taken on demand");
	list_end(&l);
}

/* -- the limit -- */

static void
above_the_limit_the_oldest_go_that_may(void **state UNUSED)
{
	struct list l;

	list_begin(&l, "forever max-total=6MB min-age=0", noon());
	for (int i = 0; i < 10; i++)
		list_add(&l, noon() - DAYS(1 + i));
	l.items[9].pinned = true;
	l.items[8].stored_bytes = 0;
	l.items[7].state = BACKUP_TRASHED;
	list_judge(&l);
	/* Eight of 1 MB: the pinned one stays, the empty one frees nothing. */
	assert_string_equal(staying(&l), "1 2 3 4 5 8 9 10");
	assert_int_equal(l.result.stay_bytes, 6000000);
	assert_int_equal(l.result.go_bytes, 2000000);
	assert_false(l.result.over_limit);
	assert_true(verdict_of(&l, 7)->limit);
	assert_string_equal(row_of(&l, 7), "Goes tonight: the oldest of more than 6.00 MB");
	assert_string_equal(retain_note_saving(l.arena, &l.result),
	    "Saving deletes 2 backups (2.00 MB) tonight");
	assert_null(retain_note_warning(l.arena, &l.ask, &l.result));
	list_end(&l);
}

static void
a_limit_that_cannot_be_met_is_told_and_not_enforced(void **state UNUSED)
{
	struct list l;

	list_begin(&l, "daily=3 max-total=1MB min-age=0", noon());
	add_nights(&l, 3);
	l.items[0].stored_bytes = 5000000;
	list_judge(&l);
	assert_string_equal(staying(&l), "1");
	assert_true(l.result.over_limit);
	assert_string_equal(retain_note_warning(l.arena, &l.ask, &l.result),
	    "What must stay is 5.00 MB, more than the limit of 1.00 MB: nothing else can go");
	list_end(&l);
}

/* -- time zones and calendars -- */

/* 23:30 UTC is the next day in Zurich; so are 22:30 in summer, and neither in UTC. */
static void
a_day_is_a_day_of_the_zone(void **state UNUSED)
{
	struct list l;

	list_begin(&l, "daily=9 min-age=0", noon());
	list_add(&l, utc(2026, 11, 19, 12, 0));
	list_add(&l, utc(2026, 11, 19, 23, 30));
	list_add(&l, utc(2026, 7, 19, 12, 0));
	list_add(&l, utc(2026, 7, 19, 22, 30));
	list_judge(&l);
	assert_string_equal(staying(&l), "2 4");
	l.ask.local_ms = zurich;
	list_judge(&l);
	assert_string_equal(staying(&l), "1 2 3 4");
	assert_non_null(strstr(row_of(&l, 4), "daily backup of 20 Jul 2026"));
	list_end(&l);
}

/* On 25 October 2026 the hour from 02:00 to 03:00 comes twice: at 00:00 and at 01:00 UTC. */
static void
the_repeated_hour_is_two_hours_and_the_day_is_one(void **state UNUSED)
{
	struct list l;

	list_begin(&l, "hourly=2 min-age=0", noon());
	l.ask.local_ms = zurich;
	list_add(&l, utc(2026, 10, 25, 0, 30));
	list_add(&l, utc(2026, 10, 25, 1, 30));
	list_judge(&l);
	assert_string_equal(staying(&l), "1 2");
	list_rule(&l, "daily=2 min-age=0");
	list_judge(&l);
	assert_string_equal(staying(&l), "2");
	/* From 22:00 UTC on 24 October it is 25 hours to the next midnight. */
	list_add(&l, utc(2026, 10, 24, 22, 0));
	list_add(&l, utc(2026, 10, 25, 22, 59));
	list_add(&l, utc(2026, 10, 25, 23, 0));
	list_judge(&l);
	assert_string_equal(staying(&l), "4 5");
	list_end(&l);
}

/* 2026 has a week 53, and Friday, 1 January 2027 is in it. */
static void
a_week_may_lie_in_two_years(void **state UNUSED)
{
	struct list l;

	list_begin(&l, "weekly=3 min-age=0", utc(2027, 1, 20, 12, 0));
	list_add(&l, utc(2026, 12, 27, 2, 0));
	list_add(&l, utc(2026, 12, 31, 2, 0));
	list_add(&l, utc(2027, 1, 3, 2, 0));
	list_add(&l, utc(2027, 1, 4, 2, 0));
	list_judge(&l);
	assert_string_equal(staying(&l), "1 3 4");
	assert_non_null(strstr(row_of(&l, 1), "weekly backup of week 52 of 2026;"));
	assert_non_null(strstr(row_of(&l, 3), "weekly backup of week 53 of 2026;"));
	assert_non_null(strstr(row_of(&l, 4), "weekly backup of week 1;"));
	list_rule(&l, "yearly=3 min-age=0");
	list_judge(&l);
	assert_string_equal(staying(&l), "2 4");
	list_end(&l);
}

static void
the_leap_day_ends_its_february(void **state UNUSED)
{
	struct list l;

	list_begin(&l, "monthly=3 min-age=0", utc(2028, 4, 2, 12, 0));
	list_add(&l, utc(2028, 2, 28, 2, 0));
	list_add(&l, utc(2028, 2, 29, 2, 0));
	list_add(&l, utc(2028, 3, 1, 2, 0));
	list_judge(&l);
	assert_string_equal(staying(&l), "2 3");
	assert_non_null(strstr(row_of(&l, 2), "monthly backup of February 2028;"));
	list_end(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_calendar_preset_keeps_7_daily_4_weekly_and_12_monthly),
		cmocka_unit_test(the_calendar_preset_holds_on_every_night_of_three_years),
		cmocka_unit_test(nothing_is_lost_while_backups_stop_for_90_days),
		cmocka_unit_test(after_90_days_without_backups_the_calendar_preset_holds_again),
		cmocka_unit_test(an_empty_list_and_a_single_backup_are_no_trouble),
		cmocka_unit_test(days_are_24_hours_each),
		cmocka_unit_test(forever_deletes_no_scheduled_one),
		cmocka_unit_test(on_demand_ones_stay_30_days_and_then_the_newest_3),
		cmocka_unit_test(on_demand_and_scheduled_ones_take_no_place_of_each_other),
		cmocka_unit_test(above_the_limit_the_oldest_go_that_may),
		cmocka_unit_test(a_limit_that_cannot_be_met_is_told_and_not_enforced),
		cmocka_unit_test(a_day_is_a_day_of_the_zone),
		cmocka_unit_test(the_repeated_hour_is_two_hours_and_the_day_is_one),
		cmocka_unit_test(a_week_may_lie_in_two_years),
		cmocka_unit_test(the_leap_day_ends_its_february),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
