/* retain_random.h: random lists and rules, the same ones from the same seed. */
#ifndef TESTS_UNIT_RETAIN_RANDOM_H
#define TESTS_UNIT_RETAIN_RANDOM_H

#include "tests/unit/retaining.h"

struct dice {
	uint64_t state;
};

/* splitmix64 */
static UNUSED uint64_t
roll(struct dice *d)
{
	uint64_t z = d->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* 0 to limit - 1 */
static UNUSED int
pick(struct dice *d, int limit)
{
	return (int)(roll(d) % (uint64_t)limit);
}

static UNUSED bool
one_in(struct dice *d, int n)
{
	return pick(d, n) == 0;
}

static UNUSED void
random_rule(struct dice *d, struct retain_rule *rule)
{
	*rule = (struct retain_rule) {
		.forever = one_in(d, 20),
		.last = one_in(d, 2) ? pick(d, 6) : 0,
		.days = one_in(d, 3) ? pick(d, 20) : 0,
		.demand = (enum retain_demand)pick(d, 3),
		.demand_days = one_in(d, 2) ? pick(d, 40) : 0,
		.demand_last = pick(d, 4),
		.failed_days = 1 + pick(d, 30),
		.safety_days = 1 + pick(d, 30),
		.min_age_hours = one_in(d, 2) ? pick(d, 72) : 0,
		.min_good = 1 + pick(d, 3),
	};
	for (int p = 0; p < PERIODS; p++)
		rule->each[p] = one_in(d, 2) ? pick(d, 6) : 0;
}

/* Up to three schedules, 11 to 13, that have keeps of their own; 14 has none. */
static UNUSED void
random_keeps(struct dice *d, struct list *l)
{
	for (int n = pick(d, LIST_KEEPS + 1), i = 0; i < n; i++) {
		struct retain_keeps *k = list_keeps(l, 11 + i, NULL);

		random_rule(d, &l->keep_rules[i]);
		if (one_in(d, 2)) {
			k->next_run = l->ask.now + 1 + pick(d, 86400) * 1000;
			k->every_ms = HOURS(1 + pick(d, 200));
		}
	}
}

static UNUSED int64_t
random_time(struct dice *d, int64_t now)
{
	/* Mostly dense, some far back, a few at the same instant. */
	int64_t spread = one_in(d, 3) ? DAYS(500) : one_in(d, 2) ? DAYS(40) : DAYS(4);
	int64_t at = now - (int64_t)(roll(d) % (uint64_t)spread);

	return one_in(d, 4) ? at - at % HOURS(6) : at;
}

static UNUSED void
random_item(struct dice *d, struct list *l)
{
	int64_t now = l->ask.now;
	struct retain_item *item =
	    list_add(l, one_in(d, 25) ? now + 1 + pick(d, 90000000) : random_time(d, now));
	struct retain_part *parts = &l->parts[3 * (item->id - 1)];

	item->kind = one_in(d, 2) ? BACKUP_SCHEDULED : (enum backup_kind)pick(d, BACKUP_KINDS);
	item->state = one_in(d, 5) ? (enum backup_state)pick(d, BACKUP_STATES) : BACKUP_READY;
	item->health = one_in(d, 6) ? (enum backup_health)pick(d, HEALTHS) : HEALTH_GOOD;
	item->suspicious = one_in(d, 8);
	item->pinned = one_in(d, 15);
	item->in_use = one_in(d, 25);
	item->keep_until = one_in(d, 15) ? now + pick(d, 1000000) - 500000 : 0;
	item->trashed_at = item->state == BACKUP_TRASHED ? item->taken_at + 1 : 0;
	item->environment = one_in(d, 30) ? HOME + 1 : HOME;
	item->stored_bytes = pick(d, 5) * 1000;
	item->schedule = one_in(d, 2) ? 0 : 11 + pick(d, 4);
	item->part_count = one_in(d, 10) ? 0 : (size_t)(1 + pick(d, 3));
	for (size_t i = 0; i < 3; i++) {
		parts[i].service = one_in(d, 10) ? pick(d, 3) : (int64_t)i + 1;
		parts[i].good = item->state == BACKUP_READY ? !one_in(d, 12) : one_in(d, 2);
	}
}

/* Up to `most` backups under some rule in some time zone. */
static UNUSED void
random_list(struct dice *d, struct list *l, int most)
{
	static int64_t (*const zones[])(void *, int64_t) = { NULL, zurich, kathmandu };
	int n = pick(d, most + 1);

	int64_t now = utc(2026, 1, 1, 0, 0) + pick(d, 700) * DAYS(1) + pick(d, 86400) * 1000;

	list_begin_room(l, NULL, now, (size_t)most + 1);
	l->ask.local_ms = zones[pick(d, 3)];
	l->ask.last_now = one_in(d, 3) ? 0 : l->ask.now - pick(d, 86400) * 1000;
	if (one_in(d, 2)) {
		l->ask.next_run = l->ask.now + 1 + pick(d, 86400) * 1000;
		l->ask.every_ms = HOURS(1 + pick(d, 200));
	}
	random_rule(d, &l->rule);
	random_keeps(d, l);
	for (int i = 0; i < n; i++)
		random_item(d, l);
}

#endif
