/* by_itself.c: what goes on without anybody, timed: turns of the scheduler over a catalogue, and
 * one judgement of many backups. The catalogue is changed: its schedules run. The last line of
 * stdout has the figures in microseconds.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/base/clock.h"
#include "lib/model/calendar.h"
#include "lib/model/retain.h"
#include "worker/timer.h"

enum { TURNS = 200, BACKUPS = 100000, JUDGED = 5 };

/* A monotonic clock of more than milliseconds. */
static int64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int
compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int64_t
median(int64_t *took, size_t n)
{
	qsort(took, n, sizeof *took, compare);
	return took[n / 2];
}

struct figures {
	int64_t plan, idle, idle_most, firing, firing_most, judge;
};

static int
turn(int64_t *us, struct timer *t, struct db *db, int64_t now, struct err *e)
{
	int64_t began = now_us();

	if (timer_step(t, db, now, e) != 0)
		return -1;
	*us = now_us() - began;
	return 0;
}

/* The first turn plans all; then nothing is due; then, a day later, everything at once. */
static int
turns(struct figures *ret, struct db *db, struct err *e)
{
	int64_t took[TURNS], now = clock_now(), later = now + CALENDAR_DAY;
	struct timer t = { .begun = false };
	size_t n = 0;

	if (turn(&ret->plan, &t, db, now, e) != 0)
		return -1;
	for (n = 0; n < TURNS; n++)
		if (turn(&took[n], &t, db, now + (int64_t)n, e) != 0)
			return -1;
	ret->idle = median(took, n);
	ret->idle_most = took[n - 1];
	if (turn(&took[0], &t, db, later, e) != 0)   /* plans again: ten minutes are over */
		return -1;
	for (n = 0; n < TURNS; n++)
		if (turn(&took[n], &t, db, later + 1 + (int64_t)n, e) != 0)
			return -1;
	ret->firing = median(took, n);
	ret->firing_most = took[n - 1];
	return 0;
}

/* Two services, an hour apart, by a rule that uses every period. */
static int64_t
judge(void)
{
	static const struct retain_rule rule = { .last = 3, .days = 3, .each = { 24, 7, 4, 12, 5 },
		.demand_last = 3, .failed_days = 14, .safety_days = 7, .min_age_hours = 1,
		.min_good = 1 };
	static const struct retain_part parts[] = { { 1, "Database", true }, { 2, "Media", true } };
	CLEANUP_ARENA struct arena *a = arena_new();
	struct retain_item *items = arena_array(a, BACKUPS, sizeof *items);
	const struct retain_ask ask = { .rule = &rule, .environment = 1, .now = clock_now(),
		.items = items, .count = BACKUPS };
	int64_t took[JUDGED];

	for (int i = 0; i < BACKUPS; i++)
		items[i] = (struct retain_item){ .id = i + 1, .environment = 1,
			.taken_at = ask.now - (int64_t)(BACKUPS - i) * CALENDAR_HOUR,
			.kind = BACKUP_SCHEDULED, .state = BACKUP_READY, .health = HEALTH_GOOD,
			.stored_bytes = 1000, .parts = parts, .part_count = 2 };
	for (int i = 0; i < JUDGED; i++) {
		CLEANUP_ARENA struct arena *mine = arena_new();
		struct retain_result r;
		int64_t began = now_us();

		retain_judge(&r, mine, &ask);
		took[i] = now_us() - began;
	}
	return median(took, JUDGED);
}

int
main(int argc, char **argv)
{
	CLEANUP(db_closep) struct db *db = NULL;
	struct figures f = { .plan = 0 };
	struct err e;

	if (argc != 2) {
		fprintf(stderr, "usage: by_itself CATALOG\n");
		return 2;
	}
	if (db_open(&db, argv[1], &e) != 0 || turns(&f, db, &e) != 0) {
		fprintf(stderr, "by_itself: %s\n", e.text);
		return 1;
	}
	f.judge = judge();
	printf("{\"plan\": %" PRId64 ", \"idle\": %" PRId64 ", \"idle_most\": %" PRId64
	       ", \"firing\": %" PRId64 ", \"firing_most\": %" PRId64 ", \"judge\": %" PRId64 "}\n",
	    f.plan, f.idle, f.idle_most, f.firing, f.firing_most, f.judge);
	return 0;
}
