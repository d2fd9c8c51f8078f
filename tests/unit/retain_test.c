/* retain_test.c: which backups stay and which go, worked out by hand. */
#include "tests/unit/retaining.h"

/* Saturday, 21 November 2026, 12:00 UTC. */
static int64_t
noon(void)
{
	return utc(2026, 11, 21, 12, 0);
}

/* A backup each night at 02:00 for so many nights, the last this morning; id 1 is the newest. */
static void
add_nights(struct list *l, int nights)
{
	for (int i = 0; i < nights; i++)
		list_add(l, utc(2026, 11, 21, 2, 0) - DAYS(i));
}

/* The ids that stay, "1 2 3". */
static const char *
staying(struct list *l)
{
	char *text = arena_dup(l->arena, "");

	for (size_t i = 0; i < l->ask.count; i++)
		if (!l->result.verdicts[i].go)
			text = arena_printf(l->arena, "%s%s%lld", text, *text ? " " : "",
			    (long long)l->items[i].id);
	return text;
}

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

/* SCU-11: `rotate 3` keeps exactly the three newest, whatever fails in between. */
static void
SCU_11_the_newest_3_stay_and_failed_runs_never_evict(void **state UNUSED)
{
	struct list l;

	list_begin(&l, NULL, noon());
	l.rule = retain_preset_rule(PRESET_LAST, 3);
	for (int i = 0; i < 5; i++)
		list_add(&l, noon() - HOURS(5 - i));
	list_judge(&l);
	assert_string_equal(staying(&l), "3 4 5");
	for (int i = 0; i < 7; i++)
		list_add(&l, noon() - 60000 * i)->state = BACKUP_FAILED;
	list_judge(&l);
	assert_string_equal(staying(&l), "3 4 5 6 7 8 9 10 11 12");
	list_end(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_calendar_preset_keeps_7_daily_4_weekly_and_12_monthly),
		cmocka_unit_test(SCU_11_the_newest_3_stay_and_failed_runs_never_evict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
