/* retain_oracle.h: the rules of retain.h a second time, slowly and straight from its sentences.
 *
 * Nothing is shared with the evaluator but the structs: periods are words that strftime() prints, a
 * place in a list is found by counting those before it, and nothing is sorted.
 */
#ifndef TESTS_UNIT_RETAIN_ORACLE_H
#define TESTS_UNIT_RETAIN_ORACLE_H

#include "tests/unit/retaining.h"

enum { ORACLE_MAX = 64, WORD_SIZE = 40, SERVICES = 4 };

struct oracle {
	const struct retain_ask *ask;
	uint32_t why[ORACLE_MAX];
	bool go[ORACLE_MAX];
	char word[ORACLE_MAX][PERIODS][WORD_SIZE];
	/* Of the service that is looked at, and of the keeps of one schedule (0: the
	 * environment's). */
	int64_t schedule;
	const struct retain_rule *rule;
	bool scheduled[ORACLE_MAX], on_demand[ORACLE_MAX];
};

static bool
before(const struct retain_item *a, const struct retain_item *b)
{
	return a->taken_at < b->taken_at || (a->taken_at == b->taken_at && a->id < b->id);
}

static bool
out(const struct oracle *o, size_t i)
{
	const struct retain_item *x = &o->ask->items[i];

	return x->environment != o->ask->environment || x->taken_at > o->ask->now ||
	    x->state == BACKUP_BUILDING || x->state == BACKUP_TRASHED || x->state == BACKUP_DELETED;
}

static bool
healthy(const struct retain_item *x)
{
	return x->health == HEALTH_GOOD || x->health == HEALTH_UNKNOWN;
}

/* Its part of this service is there and whole; service 0 is the one of a backup without parts. */
static bool
has_good(const struct retain_item *x, int64_t service)
{
	if (x->part_count == 0)
		return service == 0 && x->state == BACKUP_READY && healthy(x);
	for (size_t i = 0; i < x->part_count; i++)
		if (x->parts[i].service == service && x->parts[i].good)
			return true;
	return false;
}

static bool
any_good(const struct retain_item *x)
{
	bool any = x->part_count == 0;

	for (size_t i = 0; i < x->part_count; i++)
		any = any || x->parts[i].good;
	return any;
}

static bool
ready(const struct oracle *o, size_t i)
{
	const struct retain_item *x = &o->ask->items[i];

	return !out(o, i) && x->state == BACKUP_READY && healthy(x) && any_good(x);
}

static bool
young(const struct oracle *o, size_t i)
{
	return !out(o, i) &&
	    o->ask->now - o->ask->items[i].taken_at < HOURS(o->ask->rule->min_age_hours);
}

/* Whose keeps count it: a schedule that has keeps of its own, or 0. */
static int64_t
keeper(const struct oracle *o, const struct retain_item *x)
{
	for (size_t i = 0; i < o->ask->keeps_count; i++)
		if (x->kind == BACKUP_SCHEDULED && x->schedule == o->ask->keeps[i].schedule)
			return x->schedule;
	return 0;
}

static bool
in_list(const struct oracle *o, size_t i, int64_t service, bool on_demand)
{
	const struct retain_item *x = &o->ask->items[i];
	bool apart = x->kind != BACKUP_SCHEDULED && o->ask->rule->demand != DEMAND_TOGETHER;

	return ready(o, i) && !x->suspicious && x->kind != BACKUP_SAFETY && apart == on_demand &&
	    has_good(x, service) && (on_demand || keeper(o, x) == o->schedule);
}

/* Among the newest n of a list: either so few are newer, or it is not young and the newer ones that
 * are young are taken as one. */
static bool
is_among(const struct oracle *o, size_t i, const bool listed[ORACLE_MAX], int64_t n)
{
	int64_t newer = 0, old = 0, any_young = 0;

	for (size_t k = 0; k < o->ask->count; k++) {
		if (!listed[k] || !before(&o->ask->items[i], &o->ask->items[k]))
			continue;
		newer++;
		if (young(o, k))
			any_young = 1;
		else
			old++;
	}
	return newer < n || (!young(o, i) && old + any_young < n);
}

static void
oracle_words(struct oracle *o, size_t i)
{
	int64_t at = o->ask->items[i].taken_at;
	int64_t local = o->ask->local_ms != NULL ? o->ask->local_ms(NULL, at) : at;
	time_t seconds = (time_t)(local / 1000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(o->word[i][PERIOD_HOUR], WORD_SIZE, "%F %H", &tm);
	strftime(o->word[i][PERIOD_DAY], WORD_SIZE, "%F", &tm);
	strftime(o->word[i][PERIOD_WEEK], WORD_SIZE, "%G-%V", &tm);
	strftime(o->word[i][PERIOD_MONTH], WORD_SIZE, "%Y-%m", &tm);
	strftime(o->word[i][PERIOD_YEAR], WORD_SIZE, "%Y", &tm);
	/* 02:30 comes twice in the night in which summer time ends: these are two hours. */
	snprintf(o->word[i][0] + strlen(o->word[i][0]), 20, " %d", (int)((local - at) / 60000));
}

/* No other of the list is newer in the same period. */
static bool
stands_for(const struct oracle *o, size_t i, int p)
{
	for (size_t k = 0; k < o->ask->count; k++)
		if (o->scheduled[k] && strcmp(o->word[k][p], o->word[i][p]) == 0 &&
		    before(&o->ask->items[i], &o->ask->items[k]))
			return false;
	return true;
}

static void
oracle_periods(struct oracle *o, bool kept[ORACLE_MAX], int p)
{
	bool now_kept[ORACLE_MAX] = { false };

	for (size_t i = 0; i < o->ask->count; i++) {
		int64_t newer = 0;

		if (!o->scheduled[i] || kept[i] || !stands_for(o, i, p))
			continue;
		for (size_t k = 0; k < o->ask->count; k++)
			newer += o->scheduled[k] && !kept[k] && stands_for(o, k, p) &&
			    before(&o->ask->items[i], &o->ask->items[k]);
		if (newer < o->rule->each[p])
			now_kept[i] = true;
	}
	for (size_t i = 0; i < o->ask->count; i++)
		if (now_kept[i]) {
			kept[i] = true;
			o->why[i] |= UINT32_C(1) << (WHY_HOURLY + p);
		}
}

static void
oracle_scheduled(struct oracle *o)
{
	const struct retain_rule *rule = o->rule;
	bool kept[ORACLE_MAX] = { false };

	for (size_t i = 0; i < o->ask->count; i++) {
		if (!o->scheduled[i])
			continue;
		if (is_among(o, i, o->scheduled, rule->last))
			o->why[i] |= UINT32_C(1) << WHY_LAST, kept[i] = true;
		if (rule->last > 0 && young(o, i))
			kept[i] = true;
		if (o->ask->now - o->ask->items[i].taken_at < DAYS(rule->days))
			o->why[i] |= UINT32_C(1) << WHY_DAYS, kept[i] = true;
		if (rule->forever)
			o->why[i] |= UINT32_C(1) << WHY_FOREVER;
	}
	for (int p = 0; p < PERIODS; p++)
		oracle_periods(o, kept, p);
}

static void
oracle_on_demand(struct oracle *o)
{
	const struct retain_rule *rule = o->ask->rule;

	for (size_t i = 0; i < o->ask->count; i++) {
		if (!o->on_demand[i])
			continue;
		if (rule->demand == DEMAND_STAYS) {
			o->why[i] |= UINT32_C(1) << WHY_DEMAND_STAYS;
			continue;
		}
		if (o->ask->now - o->ask->items[i].taken_at < DAYS(rule->demand_days))
			o->why[i] |= UINT32_C(1) << WHY_DEMAND_DAYS;
		if (is_among(o, i, o->on_demand, rule->demand_last))
			o->why[i] |= UINT32_C(1) << WHY_DEMAND_LAST;
	}
}

/* 4: a good copy. 3: suspicious, or in a failed backup. 2: a safety backup. 1: better than nothing.
 * 0: nothing of this service. */
static int
worth(const struct oracle *o, size_t i, int64_t service)
{
	const struct retain_item *x = &o->ask->items[i];

	if (out(o, i) || !has_good(x, service) || x->health == HEALTH_MISSING)
		return 0;
	if (!healthy(x))
		return 1;
	if (x->suspicious || x->state != BACKUP_READY)
		return x->kind == BACKUP_SAFETY ? 1 : 3;
	return x->kind == BACKUP_SAFETY ? 2 : 4;
}

static size_t
newer_of_worth(const struct oracle *o, size_t i, int64_t service, int least, int most)
{
	size_t n = 0;

	for (size_t k = 0; k < o->ask->count; k++)
		n += worth(o, k, service) >= least && worth(o, k, service) <= most &&
		    before(&o->ask->items[i], &o->ask->items[k]);
	return n;
}

static void
oracle_last_good(struct oracle *o, int64_t service)
{
	bool good[ORACLE_MAX] = { false };
	int best = 0;

	for (size_t i = 0; i < o->ask->count; i++) {
		good[i] = worth(o, i, service) == 4;
		if (worth(o, i, service) != 3 && worth(o, i, service) > best)
			best = worth(o, i, service);
	}
	for (size_t i = 0; i < o->ask->count; i++) {
		int w = worth(o, i, service);

		if (w == 4 && is_among(o, i, good, o->ask->rule->min_good))
			o->why[i] |= UINT32_C(1) << WHY_NEWEST_GOOD;
		if (w == 3 && newer_of_worth(o, i, service, 3, 4) == 0)
			o->why[i] |= UINT32_C(1) << WHY_NEWEST_ODD;
		if (w > 0 && w < 3 && w == best && newer_of_worth(o, i, service, w, w) == 0)
			o->why[i] |= UINT32_C(1) << WHY_NEWEST_GOOD;
	}
}

static void
oracle_by_itself(struct oracle *o, size_t i)
{
	const struct retain_item *x = &o->ask->items[i];
	const struct retain_rule *rule = o->ask->rule;
	int64_t age = o->ask->now - x->taken_at;
	bool safety = ready(o, i) && x->kind == BACKUP_SAFETY;
	bool failed = !out(o, i) && !safety && (!ready(o, i) || x->suspicious);

	o->why[i] |= (uint32_t)x->pinned << WHY_PINNED | (uint32_t)x->in_use << WHY_IN_USE;
	o->why[i] |= (uint32_t)(x->keep_until > o->ask->now) << WHY_UNTIL;
	o->why[i] |= (uint32_t)young(o, i) << WHY_YOUNG;
	o->why[i] |= (uint32_t)(safety && age < DAYS(rule->safety_days)) << WHY_SAFETY;
	o->why[i] |= (uint32_t)(failed && age < DAYS(rule->failed_days)) << WHY_FAILED;
	if (x->environment != o->ask->environment)
		o->why[i] |= UINT32_C(1) << WHY_STRANGER;
	else if (x->state == BACKUP_TRASHED || x->state == BACKUP_DELETED)
		o->why[i] |= UINT32_C(1) << WHY_TRASHED;
	else if (x->state == BACKUP_BUILDING)
		o->why[i] |= UINT32_C(1) << WHY_BUILDING;
	else if (x->taken_at > o->ask->now)
		o->why[i] |= UINT32_C(1) << WHY_FUTURE;
}

static int64_t
oracle_room(const struct oracle *o)
{
	int64_t sum = 0;

	for (size_t i = 0; i < o->ask->count; i++)
		if (!o->go[i] &&
		    (o->why[i] & (UINT32_C(1) << WHY_STRANGER | UINT32_C(1) << WHY_TRASHED)) == 0)
			sum += o->ask->items[i].stored_bytes;
	return sum;
}

/* The oldest that only the rule keeps, again and again. */
static void
oracle_limit(struct oracle *o)
{
	uint32_t rule_alone = 0;

	for (int why = WHY_FOREVER; why <= WHY_FAILED; why++)
		rule_alone |= UINT32_C(1) << why;
	while (o->ask->rule->max_total > 0 && oracle_room(o) > o->ask->rule->max_total) {
		size_t oldest = ORACLE_MAX;

		for (size_t i = 0; i < o->ask->count; i++)
			if (!o->go[i] && (o->why[i] & ~rule_alone) == 0 &&
			    o->ask->items[i].stored_bytes > 0 &&
			    (oldest == ORACLE_MAX ||
			        before(&o->ask->items[i], &o->ask->items[oldest])))
				oldest = i;
		if (oldest == ORACLE_MAX)
			return;
		o->go[oldest] = true;
	}
}

static UNUSED void
oracle_judge(struct oracle *o, const struct retain_ask *ask)
{
	memset(o, 0, sizeof *o);
	o->ask = ask;
	assert_true(ask->count <= ORACLE_MAX);
	for (size_t i = 0; i < ask->count; i++) {
		oracle_words(o, i);
		oracle_by_itself(o, i);
	}
	for (int64_t service = 0; service < SERVICES; service++) {
		for (size_t k = 0; k <= ask->keeps_count; k++) {
			o->schedule = k == 0 ? 0 : ask->keeps[k - 1].schedule;
			o->rule = k == 0 ? ask->rule : ask->keeps[k - 1].rule;
			for (size_t i = 0; i < ask->count; i++)
				o->scheduled[i] = in_list(o, i, service, false);
			oracle_scheduled(o);
		}
		for (size_t i = 0; i < ask->count; i++)
			o->on_demand[i] = in_list(o, i, service, true);
		oracle_on_demand(o);
		oracle_last_good(o, service);
	}
	for (size_t i = 0; i < ask->count; i++)
		o->go[i] = o->why[i] == 0;
	oracle_limit(o);
	if (ask->last_now == 0 ||
	    (ask->now - ask->last_now <= DAYS(1) && ask->last_now - ask->now <= HOURS(1)))
		return;
	for (size_t i = 0; i < ask->count; i++) {
		o->why[i] |= (uint32_t)o->go[i] << WHY_CLOCK;
		o->go[i] = false;
	}
}

#endif
