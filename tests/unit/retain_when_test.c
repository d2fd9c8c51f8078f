/* retain_when_test.c: when a backup goes, foretold, against living through it. */
#include "tests/unit/retaining.h"

enum { TRACKED = 2100 };

struct life {
	struct list list;
	int64_t next;               /* the run to come */
	int ids;
	int64_t gone[TRACKED];      /* by id: the run after which it went; 0 stays */
};

static void
life_begin(struct life *life, const char *rule, int64_t first, int64_t every)
{
	memset(life, 0, sizeof *life);
	list_begin(&life->list, rule, first);
	life->list.ask.every_ms = every;
	life->next = first;
}

/* So many runs, of which `lost` in a hundred do not happen: a new good backup, then what goes is
 * deleted. */
static void
live(struct life *life, int runs, int lost)
{
	struct list *l = &life->list;

	for (int run = 0; run < runs; run++) {
		l->ask.now = life->next;
		l->ask.next_run = life->next += l->ask.every_ms;
		if (run * 37 % 100 < lost && run + 1 < runs)
			continue;
		list_add(l, l->ask.now)->id = ++life->ids;
		list_judge(l);
		for (size_t i = 0; i < l->ask.count; i++)
			if (l->result.verdicts[i].go)
				life->gone[l->items[i].id] = l->ask.now;
		list_delete(l);
	}
}

struct told {
	int id;
	int64_t at;
};

/* What each backup of now is told, with the time between two runs stretched so many times. */
static size_t
ask_all(struct told told[TRACKED], struct life *life, int64_t stretch)
{
	struct list *l = &life->list;

	l->ask.every_ms *= stretch;
	list_judge(l);
	l->ask.every_ms /= stretch;
	for (size_t i = 0; i < l->ask.count; i++) {
		assert_int_equal(l->result.verdicts[i].goes, GOES_AT);
		told[i] = (struct told) { (int)l->items[i].id, l->result.verdicts[i].goes_at };
	}
	return l->ask.count;
}

/* One that is foretold to go at an instant goes at the first run from then on. */
static size_t
count_true(const struct life *life, const struct told *told, size_t n, bool say)
{
	size_t right = 0;

	for (size_t i = 0; i < n; i++) {
		int64_t gone = life->gone[told[i].id];

		if (gone != 0 && told[i].at <= gone && told[i].at > gone - life->list.ask.every_ms)
			right++;
		else if (say)
			print_message("%d: foretold %lld, gone %lld, %lld h between\n", told[i].id,
			    (long long)told[i].at, (long long)gone,
			    (long long)(gone - told[i].at) / 3600000);
	}
	return right;
}

static const struct { const char *rule; int64_t every; int before, after; } lives[] = {
	{ "daily=7 weekly=4 monthly=12", DAYS(1), 500, 460 },
	{ "daily=7 weekly=4 monthly=12 min-age=0", DAYS(1), 511, 460 },
	{ "daily=7", DAYS(1), 40, 20 },
	{ "last=5 min-age=0", DAYS(1), 40, 20 },
	{ "last=5 min-age=72", DAYS(1), 40, 20 },
	{ "days=30", DAYS(1), 50, 40 },
	{ "days=10 weekly=6", DAYS(1), 100, 80 },
	{ "last=3 daily=4 weekly=3 monthly=2 yearly=2", DAYS(1), 900, 1100 },
	{ "hourly=24 daily=7 weekly=2", HOURS(1), 900, 900 },
	{ "hourly=5 daily=3 monthly=2", HOURS(6), 500, 500 },
	{ "weekly=4 monthly=3", DAYS(7), 60, 60 },
	{ "daily=5 weekly=4", DAYS(2), 100, 60 },
};

/* The zone, the hour of the first run, and how many runs of a hundred fail to happen at first. */
static const struct { int64_t (*zone)(void *, int64_t); int hour, lost; } ways[] = {
	{ NULL, 2, 0 }, { zurich, 2, 0 }, { kathmandu, 13, 0 }, { NULL, 2, 30 }, { zurich, 12, 80 },
};

/* PLA-11: the row says when it goes, and it does. */
static void
PLA_11_what_is_foretold_of_each_backup_comes_true(void **state UNUSED)
{
	for (size_t i = 0; i < sizeof lives / sizeof *lives * 5; i++) {
		struct told told[TRACKED];
		struct life life;
		size_t n, way = i % 5, lot = i / 5;

		life_begin(&life, lives[lot].rule, utc(2024, 11, 21, ways[way].hour, 0),
		    lives[lot].every);
		life.list.ask.local_ms = ways[way].zone;
		live(&life, lives[lot].before, ways[way].lost);
		n = ask_all(told, &life, 1);
		assert_true(n > 0);
		live(&life, lives[lot].after, 0);
		if (count_true(&life, told, n, true) != n)
			fail_msg("%s, way %zu", lives[lot].rule, way);
		list_end(&life.list);
	}
}

/* Who takes the runs for half as frequent foretells wrongly. */
static void
PLA_11_control_a_wrong_pace_is_noticed(void **state UNUSED)
{
	struct told told[TRACKED];
	struct life life;
	size_t n;

	life_begin(&life, lives[0].rule, utc(2024, 11, 21, 2, 0), lives[0].every);
	live(&life, lives[0].before, 0);
	n = ask_all(told, &life, 2);
	live(&life, lives[0].after, 0);
	assert_true(count_true(&life, told, n, false) < n / 2);
	list_end(&life.list);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(PLA_11_what_is_foretold_of_each_backup_comes_true),
		cmocka_unit_test(PLA_11_control_a_wrong_pace_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
