/* retain_keeps_test.c: a schedule with keeps of its own: its backups are a list apart. */
#include "tests/unit/retaining.h"

enum { FILES_HOURLY = 11, TRACKED = 4000 };

/* Each night one of the environment's schedule (ids 1 to n, newest first); then so many of a
 * schedule of its own, one each six hours. */
static void
add_both(struct list *l, int nights, int others)
{
	add_nights(l, nights);
	for (int i = 0; i < others; i++)
		list_add(l, noon() - HOURS(1) - HOURS(6) * i)->schedule = FILES_HOURLY;
}

static void
PEER_19_each_is_counted_by_its_own_keeps(void **state UNUSED)
{
	struct list l;

	list_begin(&l, "daily=3 min-age=0", noon());
	list_keeps(&l, FILES_HOURLY, "last=2");
	add_both(&l, 5, 5);
	list_judge(&l);
	assert_string_equal(staying(&l), "1 2 3 6 7");
	assert_string_equal(row_of(&l, 7),
	    "Kept by its schedule \u201cHourly\u201d as one of the newest 2; goes when a newer one"
	    " exists");
	assert_string_equal(row_of(&l, 8),
	    "Goes tonight: not among the newest 2, by its schedule \u201cHourly\u201d");
	assert_string_equal(row_of(&l, 4), "Goes tonight: not needed for 3 daily");
	/* The control: without keeps of its own they count together, by the environment's. */
	l.ask.keeps_count = 0;
	list_judge(&l);
	assert_string_equal(staying(&l), "3 6 8");
	list_end(&l);
}

static void
only_what_the_schedule_brought_is_in_its_list(void **state UNUSED)
{
	struct list l;

	list_begin(&l, "last=1 min-age=0", noon());
	list_keeps(&l, FILES_HOURLY, "forever");
	add_both(&l, 3, 4);
	/* Asked for by a person, or of a schedule without keeps of its own. */
	l.items[5].kind = BACKUP_ON_DEMAND;
	l.items[6].schedule = 12;
	list_judge(&l);
	assert_string_equal(staying(&l), "1 4 5 6");
	assert_true(HAS(verdict_of(&l, 6), WHY_DEMAND_STAYS));
	assert_true(HAS(verdict_of(&l, 4), WHY_FOREVER));
	assert_string_equal(row_of(&l, 4),
	    "Kept by its schedule \u201cHourly\u201d, which keeps all");
	assert_int_equal(verdict_of(&l, 4)->goes, GOES_NEVER);
	list_end(&l);
}

/* PEER-10: of all lists together the newest good one of a service stays. */
static void
PEER_10_the_last_good_one_stays_whatever_its_own_keeps_say(void **state UNUSED)
{
	struct list l;

	list_begin(&l, "daily=3 failed=5 min-age=0", noon());
	list_keeps(&l, FILES_HOURLY, "days=1");
	list_add(&l, noon() - DAYS(30))->schedule = FILES_HOURLY;
	list_add(&l, noon() - DAYS(31))->schedule = FILES_HOURLY;
	/* What is suspicious goes by the environment's days. */
	list_add(&l, noon() - DAYS(4))->schedule = FILES_HOURLY;
	l.items[2].suspicious = true;
	list_add(&l, noon() - DAYS(6))->schedule = FILES_HOURLY;
	l.items[3].suspicious = true;
	list_judge(&l);
	assert_string_equal(staying(&l), "1 3");
	assert_true(HAS(verdict_of(&l, 1), WHY_NEWEST_GOOD));
	/* Once the environment has a good one, it may go. */
	add_nights(&l, 1);
	list_judge(&l);
	assert_string_equal(staying(&l), "3 5");
	list_end(&l);
}

static void
keeps_of_a_schedule_are_keeps_alone(void **state UNUSED)
{
	static const char *const wrong[] = { "daily=7 min-good=2", "last=3 max-total=5GB",
		"days=3 on-demand=together", "last=1 failed=3", "last=1 min-age=0",
		"forever safety=9", "on-demand-last=4 last=1" };
	struct retain_rule rule;
	struct arena *a;
	struct err e;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_int_equal(retain_rule_parse_keeps(&rule, wrong[i], &e), -1);
		assert_int_equal(e.kind, ERR_INPUT);
		assert_non_null(strstr(e.text, "Of a schedule only"));
	}
	assert_int_equal(retain_rule_parse_keeps(&rule, "", &e), -1);
	assert_int_equal(retain_rule_parse_keeps(&rule, "daily=x", &e), -1);
	assert_int_equal(retain_rule_parse_keeps(&rule, "last=2 days=3 hourly=4 daily=5 weekly=6"
	    " monthly=7 yearly=8", &e), 0);
	assert_int_equal(rule.each[PERIOD_YEAR], 8);
	a = arena_new();
	assert_string_equal(retain_rule_text_keeps(a, &rule), "last=2 days=3 hourly=4 daily=5"
	    " weekly=6 monthly=7 yearly=8");
	arena_free(a);
	assert_int_equal(retain_rule_parse_keeps(&rule, "forever", &e), 0);
}

/* -- when they go -- */

struct life {
	struct list list;
	int ids;
	int64_t told[TRACKED], gone[TRACKED], before[TRACKED];
};

/* Both schedules run on, each at its times, until the end. What goes is deleted right after each
 * run; `before` is the run before the one after which a backup was gone. */
static void
live(struct life *life, int64_t until)
{
	struct list *l = &life->list;
	struct retain_keeps *k = &l->keeps[0];

	while (l->ask.now < until) {
		int64_t last = l->ask.now;
		bool own = k->next_run < l->ask.next_run;

		l->ask.now = own ? k->next_run : l->ask.next_run;
		*(own ? &k->next_run : &l->ask.next_run) += own ? k->every_ms : l->ask.every_ms;
		list_add(l, l->ask.now)->id = ++life->ids;
		l->items[l->ask.count - 1].schedule = own ? FILES_HOURLY : 0;
		list_judge(l);
		for (size_t i = 0; i < l->ask.count; i++)
			if (l->result.verdicts[i].go) {
				life->gone[l->items[i].id] = l->ask.now;
				life->before[l->items[i].id] = last;
			}
		list_delete(l);
	}
}

/* PLA-11: two schedules at two paces, each list foretold by its own. */
static void
PLA_11_what_is_foretold_of_two_lists_comes_true(void **state UNUSED)
{
	static const struct { const char *rule, *keeps; int64_t every, own_every; } lives[] = {
		{ "daily=7 weekly=4", "last=10", DAYS(1), HOURS(6) },
		{ "daily=7 weekly=4 min-age=0", "hourly=12 daily=3", DAYS(1), HOURS(1) },
		{ "last=5 min-good=3", "days=2", DAYS(1), HOURS(12) },
		{ "last=2 min-good=6 min-age=0", "last=1", DAYS(1), DAYS(2) },
		{ "days=3 min-good=4", "daily=5 weekly=3", HOURS(8), DAYS(1) },
	};

	for (size_t i = 0; i < sizeof lives / sizeof *lives; i++) {
		static struct life life;
		struct list *l = &life.list;
		size_t told = 0;

		memset(&life, 0, sizeof life);
		list_begin(l, lives[i].rule, utc(2026, 3, 1, 1, 59));
		list_keeps(l, FILES_HOURLY, lives[i].keeps);
		l->ask.next_run = utc(2026, 3, 1, 2, 0);
		l->ask.every_ms = lives[i].every;
		l->keeps[0].next_run = utc(2026, 3, 1, 2, 20);
		l->keeps[0].every_ms = lives[i].own_every;
		live(&life, utc(2026, 5, 10, 12, 0));
		list_judge(l);
		for (size_t n = 0; n < l->ask.count; n++) {
			assert_int_equal(l->result.verdicts[n].goes, GOES_AT);
			life.told[l->items[n].id] = l->result.verdicts[n].goes_at;
		}
		live(&life, utc(2026, 7, 1, 12, 0));
		for (int id = 1; id <= life.ids; id++) {
			if (life.told[id] == 0)
				continue;
			told++;
			if (life.gone[id] == 0 || life.told[id] > life.gone[id] ||
			    life.told[id] <= life.before[id])
				fail_msg("%s + %s: %d foretold %lld, gone %lld, there %lld",
				    lives[i].rule, lives[i].keeps, id, (long long)life.told[id],
				    (long long)life.gone[id], (long long)life.before[id]);
		}
		assert_true(told > 4);
		list_end(l);
	}
}

/* A schedule that was removed brings no newer ones: nothing can be foretold of the newest N. */
static void
a_list_without_a_pace_waits(void **state UNUSED)
{
	struct list l;

	list_begin(&l, "daily=7 min-age=0", noon());
	list_keeps(&l, FILES_HOURLY, "last=3");
	l.ask.next_run = noon() + HOURS(14);
	l.ask.every_ms = DAYS(1);
	add_both(&l, 3, 3);
	list_judge(&l);
	assert_int_equal(verdict_of(&l, 1)->goes, GOES_AT);
	assert_int_equal(verdict_of(&l, 6)->goes, GOES_WHEN_NEWER);
	assert_int_equal(verdict_of(&l, 6)->goes_newer, 1);
	list_end(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(PEER_19_each_is_counted_by_its_own_keeps),
		cmocka_unit_test(only_what_the_schedule_brought_is_in_its_list),
		cmocka_unit_test(PEER_10_the_last_good_one_stays_whatever_its_own_keeps_say),
		cmocka_unit_test(keeps_of_a_schedule_are_keeps_alone),
		cmocka_unit_test(PLA_11_what_is_foretold_of_two_lists_comes_true),
		cmocka_unit_test(a_list_without_a_pace_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
