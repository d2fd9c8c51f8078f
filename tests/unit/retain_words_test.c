/* retain_words_test.c: why a backup stays and when it goes, in sentences; and how fast. */
#include "tests/unit/retaining.h"

/* The preset on two years of nights, 21 November 2026 at noon in Zurich, the next run at 02:00. */
static void
begin_calendar(struct list *l)
{
	list_begin(l, NULL, noon());
	l->rule = retain_preset_rule(PRESET_CALENDAR, 0);
	l->ask.local_ms = zurich;
	l->ask.next_run = utc(2026, 11, 22, 2, 0);
	l->ask.every_ms = DAYS(1);
	add_nights(l, 700);
	list_judge(l);
}

/*
 * PLA-11. The daily ones are those of 21 to 15 November. That of the 20th is Friday's, neither the
 * last of its week nor of its month: it goes when the 27th is there. Sunday the 15th stays as a
 * weekly one: the fourth Sunday after it is 13 December, which is daily until the 20th is there.
 * Sunday 8 November: 6 December stays daily until the 13th is there. The last of October: the
 * twelfth end of a month after it is 31 October 2027, a Sunday, so that it is weekly until 28
 * November has been daily, on 5 December 2027.
 */
static void
PLA_11_each_row_says_why_it_stays_and_when_it_goes(void **state UNUSED)
{
	static const struct { int id; const char *row, *brief; } cases[] = {
		{ 2, "Kept as the daily backup of 20 Nov 2026; goes after 26 Nov 2026",
		    "Kept as daily until 26 Nov" },
		{ 7, "Kept as the daily backup of 15 Nov 2026; goes after 19 Dec 2026",
		    "Kept as daily until 19 Dec" },
		{ 14, "Kept as the weekly backup of week 45; goes after 12 Dec 2026",
		    "Kept as weekly until 12 Dec" },
		{ 22, "Kept as the monthly backup of October 2026; goes after 4 Dec 2027",
		    "Kept as monthly until 4 Dec 2027" },
		{ 700, "Goes tonight: not needed for 7 daily, 4 weekly, 12 monthly",
		    "Goes tonight" },
	};
	struct list l;

	begin_calendar(&l);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_string_equal(row_of(&l, cases[i].id), cases[i].row);
		assert_string_equal(short_of(&l, cases[i].id), cases[i].brief);
	}
	list_end(&l);
}

/* One backup under one rule, so many hours old, without a schedule. */
static const struct {
	const char *rule;
	int hours;
	enum backup_kind kind;
	enum backup_state state;
	enum backup_health health;
	const char *row, *brief;
} singles[] = {
	{ "days=30 min-age=0", 24, BACKUP_SCHEDULED, BACKUP_READY, HEALTH_GOOD,
	    "Kept for 30 days; goes after 19 Dec 2026, and only when a newer one exists",
	    "Kept until 19 Dec or longer" },
	{ "days=1 min-age=0", 12, BACKUP_SCHEDULED, BACKUP_READY, HEALTH_GOOD,
	    "Kept for 24 hours; goes after 21 Nov 2026, and only when a newer one exists",
	    "Kept until 21 Nov or longer" },
	{ "last=5 min-age=0", 24, BACKUP_SCHEDULED, BACKUP_READY, HEALTH_UNKNOWN,
	    "Kept as one of the newest 5; goes when 5 newer ones exist",
	    "Kept until 5 newer ones exist" },
	{ "last=1 min-age=0", 24, BACKUP_SCHEDULED, BACKUP_READY, HEALTH_GOOD,
	    "Kept as the newest one; goes when a newer one exists",
	    "Kept until a newer one exists" },
	{ "hourly=2 min-age=0", 24, BACKUP_SCHEDULED, BACKUP_READY, HEALTH_GOOD,
	    "Kept as the hourly backup of 12:00 on 20 Nov 2026; goes when newer ones take its"
	    " place",
	    "Kept as hourly" },
	{ "yearly=2 min-age=0", 24, BACKUP_SCHEDULED, BACKUP_READY, HEALTH_GOOD,
	    "Kept as the yearly backup of 2026; goes when newer ones take its place",
	    "Kept as yearly" },
	{ "last=1 on-demand-days=30 on-demand-last=3 min-age=0", 24, BACKUP_ON_DEMAND, BACKUP_READY,
	    HEALTH_GOOD,
	    "Kept for 30 days, as it was taken on demand; goes after 19 Dec 2026,"
	    " and only when 3 newer ones exist",
	    "Kept until 19 Dec or longer" },
	{ "last=1 on-demand-last=3 min-age=0", 24, BACKUP_UPLOADED, BACKUP_READY, HEALTH_GOOD,
	    "Kept as one of the newest 3 on demand; goes when 3 newer ones exist",
	    "Kept as one of the newest 3 on demand; goes when 3 newer ones exist" },
	{ "last=1 on-demand-last=1 min-age=0", 24, BACKUP_ON_DEMAND, BACKUP_READY, HEALTH_GOOD,
	    "Kept as the newest one on demand; goes when a newer one exists",
	    "Kept as the newest one on demand; goes when a newer one exists" },
	{ "last=1 on-demand-days=1 min-age=0", 48, BACKUP_ON_DEMAND, BACKUP_READY, HEALTH_GOOD,
	    "Newest good backup of database", "Newest good backup of database" },
	{ "last=1 min-age=0", 24, BACKUP_SCHEDULED, BACKUP_FAILED, HEALTH_UNKNOWN,
	    "Failed, kept for 14 days; goes after 3 Dec 2026", "Failed until 3 Dec" },
	{ "last=1 failed=1 min-age=0", 12, BACKUP_SCHEDULED, BACKUP_READY, HEALTH_MISSING,
	    "Missing in its storage, kept for 24 hours; goes after 21 Nov 2026",
	    "Missing in its storage until 21 Nov" },
	{ "last=1 failed=1 min-age=0", 48, BACKUP_SCHEDULED, BACKUP_READY, HEALTH_MISSING,
	    "Goes tonight: missing in its storage, and older than 24 hours", "Goes tonight" },
	{ "last=1 failed=1 min-age=48", 36, BACKUP_SCHEDULED, BACKUP_READY, HEALTH_MISSING,
	    "New: nothing goes within 48 hours; goes after 21 Nov 2026", "New until 21 Nov" },
	{ "last=1 failed=1 min-age=1", 0, BACKUP_SAFETY, BACKUP_FAILED, HEALTH_UNKNOWN,
	    "Failed, kept for 24 hours; goes after 21 Nov 2026", "Failed until 21 Nov" },
};

static void
PLA_11_every_reason_has_its_sentence(void **state UNUSED)
{
	for (size_t i = 0; i < sizeof singles / sizeof *singles; i++) {
		struct retain_item *item;
		struct list l;

		list_begin(&l, singles[i].rule, noon());
		item = list_add(&l, noon() - HOURS(singles[i].hours));
		item->kind = singles[i].kind;
		item->state = singles[i].state;
		item->health = singles[i].health;
		l.parts[0].good = item->state == BACKUP_READY && item->health != HEALTH_MISSING;
		list_judge(&l);
		assert_string_equal(row_of(&l, 1), singles[i].row);
		assert_string_equal(short_of(&l, 1), singles[i].brief);
		list_end(&l);
	}
}

/* The keep rule that each verdict of a list of old ones was measured by. */
static void
PLA_11_what_goes_says_by_which_rule(void **state UNUSED)
{
	static const struct { const char *rule; bool on_demand; const char *row; } cases[] = {
		{ "days=30", false, "Goes tonight: older than 30 days" },
		{ "days=1 last=3", false,
		    "Goes tonight: older than 24 hours and not among the newest 3" },
		{ "last=1", false, "Goes tonight: not the newest one" },
		{ "days=2 last=3 weekly=4", false,
		    "Goes tonight: older than 2 days and not among the"
		    " newest 3 and not needed for 4 weekly" },
		{ "last=1 on-demand-days=30", true, "Goes tonight: older than 30 days" },
		{ "last=1 on-demand-last=3", true,
		    "Goes tonight: not among the newest 3 on demand" },
		{ "last=1 on-demand-days=30 on-demand-last=3", true,
		    "Goes tonight: older than 30 days and not among the newest 3 on demand" },
		{ "last=1 on-demand=together", true, "Goes tonight: not the newest one" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct list l;

		list_begin(&l, cases[i].rule, noon());
		for (int k = 0; k < 9; k++)
			list_add(&l, noon() - DAYS(100 + 50 * k))->kind =
			    cases[i].on_demand ? BACKUP_ON_DEMAND : BACKUP_SCHEDULED;
		list_judge(&l);
		assert_string_equal(row_of(&l, 9), cases[i].row);
		assert_int_equal(verdict_of(&l, 9)->goes, GOES_NOW);
		list_end(&l);
	}
}

static void
every_reason_has_a_word(void **state UNUSED)
{
	for (int i = 0; i < WHYS; i++)
		for (int k = 0; k < i; k++)
			assert_string_not_equal(retain_words_why((enum retain_why)i),
			    retain_words_why((enum retain_why)k));
	assert_string_equal(retain_words_why(WHY_NEWEST_GOOD), "newest-good");
	assert_string_equal(retain_words_why(WHYS), "unknown");
	for (int i = 0; i < WHYS; i++) {
		struct retain_verdict v = { .why = UINT32_C(1) << i };

		assert_int_equal(retain_words_main(&v), i);
	}
}

static void
one_that_goes_is_told_in_the_singular(void **state UNUSED)
{
	struct list l;

	list_begin(&l, "last=1 min-age=0", noon());
	list_add(&l, noon() - DAYS(1));
	list_add(&l, noon() - DAYS(2));
	list_judge(&l);
	assert_string_equal(retain_note_saving(l.arena, &l.result),
	    "Saving deletes 1 backup (1.00 MB) tonight");
	assert_int_equal(l.result.go_bytes, 1000000);
	assert_int_equal(l.result.stay_bytes, 1000000);
	list_end(&l);
}

/* -- speed -- */

static double
cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* The least of five, so that what else runs on the machine counts little. */
static double
least_ms(const char *rule, int n)
{
	double least = 1e9;
	struct list l;

	list_begin_room(&l, rule, noon(), (size_t)n);
	l.ask.local_ms = zurich;
	l.ask.next_run = noon() + HOURS(1);
	l.ask.every_ms = HOURS(1);
	for (int i = 0; i < n; i++)
		list_add(&l, noon() - HOURS(i * 7919 % n))->part_count = 3;
	for (int i = 0; i < 5; i++) {
		double began = cpu_ms();

		list_judge(&l);
		least = cpu_ms() - began < least ? cpu_ms() - began : least;
	}
	list_end(&l);
	return least;
}

/* Of one process, in CPU time: no sort and no walk grows with the square. */
static void
four_times_as_many_take_about_four_times_as_long(void **state UNUSED)
{
	static const char *const rules[] = {
		"daily=7 weekly=4 monthly=12",
		"last=1000 hourly=1000 daily=1000 weekly=520 monthly=240 yearly=100",
	};

	for (size_t i = 0; i < 2; i++) {
		double small = least_ms(rules[i], 2500), large = least_ms(rules[i], 10000);

		if (large > 10 * small + 20)
			fail_msg("2500: %.1f ms, 10000: %.1f ms (%s)", small, large, rules[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(PLA_11_each_row_says_why_it_stays_and_when_it_goes),
		cmocka_unit_test(PLA_11_every_reason_has_its_sentence),
		cmocka_unit_test(PLA_11_what_goes_says_by_which_rule),
		cmocka_unit_test(every_reason_has_a_word),
		cmocka_unit_test(one_that_goes_is_told_in_the_singular),
		cmocka_unit_test(four_times_as_many_take_about_four_times_as_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
