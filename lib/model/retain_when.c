/* retain_when.c: when a backup goes, if a good one is made at each run of the schedule from now on.
 *
 * Nothing is simulated: a backup leaves a keep of N periods when the N-th period after its own no
 * longer has its representative kept by a finer keep, and that moment is found in the same way. So
 * the answer costs a few steps for each keep of the rule, whatever the length of the list.
 */
#include "lib/model/retain_inner.h"

#define NONE INT64_MIN   /* no keep of these holds it at all */

/* A backup of the chain (run < 0), or one that a run of the schedule will make. */
struct when_backup {
	size_t i;
	int64_t run;
};

/* Anything rarer than once in ten years is no schedule. */
static bool
is_pace(const struct retain_keeps *k)
{
	return k->next_run > 0 && k->every_ms > 0 &&
	    k->every_ms <= 3650 * (int64_t)PERIOD_MS_DAY;
}

static bool
has_pace(const struct retain_chain *c)
{
	const struct retain_keeps own = retain_own_keeps(c->ask);
	bool any;

	if (!c->any)
		return is_pace(&c->by);
	any = is_pace(&own);
	for (size_t i = 0; i < c->ask->keeps_count; i++)
		any = any || is_pace(&c->ask->keeps[i]);
	return any;
}

/* Run 0 is the next one; one that is overdue comes now. */
static int64_t
run_of(const struct retain_keeps *k, int64_t now, int64_t run)
{
	return (k->next_run > now ? k->next_run : now) + run * k->every_ms;
}

/* How many runs of all schedules together there are up to an instant. */
static int64_t
runs_until(const struct retain_ask *ask, int64_t at)
{
	const struct retain_keeps own = retain_own_keeps(ask);
	int64_t sum = 0;

	for (size_t i = 0; i <= ask->keeps_count; i++) {
		const struct retain_keeps *k = i == 0 ? &own : &ask->keeps[i - 1];

		if (is_pace(k) && run_of(k, ask->now, 0) <= at)
			sum += (at - run_of(k, ask->now, 0)) / k->every_ms + 1;
	}
	return sum;
}

/* The instant of such a run: the first up to which there are so many. */
static int64_t
run_of_any(const struct retain_ask *ask, int64_t run)
{
	int64_t from = ask->now, step = PERIOD_MS_HOUR, until;

	while (runs_until(ask, from + step) <= run)
		step *= 2;
	for (until = from + step; from < until;) {
		int64_t middle = from + (until - from) / 2;

		if (runs_until(ask, middle) > run)
			until = middle;
		else
			from = middle + 1;
	}
	return from;
}

static int64_t
run_time(const struct retain_chain *c, int64_t run)
{
	return c->any ? run_of_any(c->ask, run) : run_of(&c->by, c->ask->now, run);
}

/* The first run at or after an instant. */
static int64_t
run_after(const struct retain_chain *c, int64_t at)
{
	int64_t wait = at - run_time(c, 0);

	return wait <= 0 ? 0 : (wait + c->by.every_ms - 1) / c->by.every_ms;
}

static int64_t
time_of(const struct retain_chain *c, struct when_backup b)
{
	return b.run < 0 ? c->list[b.i]->taken : run_time(c, b.run);
}

static int64_t
key_of_run(const struct retain_chain *c, enum period p, int64_t run)
{
	int64_t at = run_time(c, run);

	return period_key(p, at + retain_ahead(p, at, retain_local(c->ask, at)));
}

/* The first run in or after a period: its local beginning, turned into an instant. */
static int64_t
run_in(const struct retain_chain *c, enum period p, int64_t key)
{
	int64_t local = period_start(p, key), utc = local;

	/* The offset at the guess is that at the instant, save near a change of the clock. */
	utc = local - retain_ahead(p, utc, retain_local(c->ask, utc));
	utc = local - retain_ahead(p, utc, retain_local(c->ask, utc));
	return run_after(c, utc);
}

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* The n-th backup of the list after `b`; the 0th is itself. */
static int64_t
arrival(const struct retain_chain *c, struct when_backup b, int64_t n)
{
	if (b.run >= 0)
		return run_time(c, b.run + n);
	if (n <= (int64_t)b.i)
		return c->list[b.i - (size_t)n]->taken;
	return run_time(c, n - (int64_t)b.i - 1);
}

/* When n are newer. The young take one place together: with a minimum age the last but one of them
 * must have grown out of it. */
static int64_t
leaves_newest(const struct retain_chain *c, struct when_backup b, int64_t n)
{
	int64_t young = c->ask->rule->min_age_hours * PERIOD_MS_HOUR;

	if (young == 0)
		return arrival(c, b, n);
	return later(arrival(c, b, n), arrival(c, b, n - 1) + young);
}

static int64_t
leaves_first_keeps(const struct retain_chain *c, struct when_backup b)
{
	const struct retain_rule *rule = c->by.rule;
	int64_t at = NONE;

	if (rule->days > 0)
		at = time_of(c, b) + rule->days * PERIOD_MS_DAY;
	if (rule->last > 0)
		at = later(at, leaves_newest(c, b, rule->last));
	return at;
}

static int64_t leaves(const struct retain_chain *c, struct when_backup b, int level);

/* Stands for its period to the end of it: no run comes behind it there. */
static bool
stands_for(const struct retain_chain *c, enum period p, struct when_backup b)
{
	if (b.run >= 0)
		return key_of_run(c, p, b.run) < key_of_run(c, p, b.run + 1);
	if (c->head[p][c->group[p][b.i]] != b.i)
		return false;
	return c->group[p][b.i] > 0 || key_of_run(c, p, 0) > c->list[b.i]->keys[p];
}

/* From when on the period of these runs is one that the keep of periods must hold itself: none of
 * the finer ones holds the newest backup that it has by then. */
static int64_t
runs_are_bare(const struct retain_chain *c, enum period p, int64_t first, int64_t last)
{
	int64_t at = leaves(c, (struct when_backup) { .run = first }, (int)p - 1);

	if (last <= first || at <= run_time(c, first + 1))
		return later(at, run_time(c, first));
	return leaves(c, (struct when_backup) { .run = last }, (int)p - 1);
}

/* The same of a period of the list. */
static int64_t
group_is_bare(const struct retain_chain *c, enum period p, size_t group)
{
	size_t head = c->head[p][group];
	int64_t key = c->list[head]->keys[p];
	int64_t at = leaves(c, (struct when_backup) { .i = head, .run = -1 }, (int)p - 1);

	if (group > 0 || at <= run_time(c, 0) || key_of_run(c, p, 0) > key)
		return at;
	return leaves(c, (struct when_backup) { .run = run_in(c, p, key + 1) - 1 }, (int)p - 1);
}

/* The n-th period behind `key`, of those that runs from `run` on fall into. */
static int64_t
nth_is_bare(const struct retain_chain *c, enum period p, int64_t run, int64_t n)
{
	int64_t key;

	/* Rarer than the period, each run is a period of its own. */
	if (c->by.every_ms >= period_shortest(p))
		return runs_are_bare(c, p, run + n - 1, run + n - 1);
	key = key_of_run(c, p, run) + n - 1;
	return runs_are_bare(c, p, run_in(c, p, key), run_in(c, p, key + 1) - 1);
}

/* When `each` periods behind that of `b` must be held, so that its own no longer is. */
static int64_t
leaves_period(const struct retain_chain *c, enum period p, struct when_backup b)
{
	int64_t each = c->by.rule->each[p], newer, key, run;

	if (b.run >= 0)
		return nth_is_bare(c, p, b.run + 1, each);
	newer = (int64_t)c->group[p][b.i];
	if (newer >= each)
		return group_is_bare(c, p, (size_t)(newer - each));
	/* The first run that is not in the newest period of the list. */
	key = c->list[c->head[p][0]]->keys[p];
	run = key_of_run(c, p, 0) > key ? 0 : run_in(c, p, key + 1);
	return nth_is_bare(c, p, run, each - newer);
}

/* When the keeps up to this one (a period, or -1 for the first two) let it go. */
static int64_t
leaves(const struct retain_chain *c, struct when_backup b, int level)
{
	int64_t at = leaves_first_keeps(c, b);

	for (int p = 0; p <= level; p++)
		if (c->by.rule->each[p] > 0 && stands_for(c, (enum period)p, b))
			at = later(at, leaves_period(c, (enum period)p, b));
	return at;
}

void
retain_when_until(struct retain_work *w, int64_t at)
{
	w->until = later(w->until, at);
}

void
retain_when_uncertain(struct retain_work *w, int64_t n)
{
	w->until_newer = true;
	w->newer = later(w->newer, n);
}

/* Without a schedule only a length of time can be foretold. */
static void
note_without_pace(const struct retain_chain *c, size_t i)
{
	const struct retain_rule *rule = c->by.rule;
	struct retain_work *w = c->list[i];

	if ((w->verdict->why & RETAIN_BIT(WHY_DAYS)) != 0)
		retain_when_until(w, w->taken + rule->days * PERIOD_MS_DAY);
	if ((w->verdict->why & RETAIN_BIT(WHY_LAST)) != 0)
		retain_when_last(c, i, rule->last);
	for (int p = 0; p < PERIODS; p++)
		if ((w->verdict->why & RETAIN_BIT(WHY_HOURLY + p)) != 0)
			retain_when_uncertain(w, RETAIN_SOME);
}

/* Where n or more are newer already, only their youth keeps it among the newest n. */
void
retain_when_last(const struct retain_chain *c, size_t i, int64_t n)
{
	if ((int64_t)i < n)
		retain_when_uncertain(c->list[i], n - (int64_t)i);
	else
		retain_when_until(c->list[i], c->list[i - (size_t)n + 1]->taken +
		    c->ask->rule->min_age_hours * PERIOD_MS_HOUR);
}

void
retain_when_scheduled_last(const struct retain_chain *c, size_t i, int64_t n)
{
	if (has_pace(c))
		retain_when_until(c->list[i],
		    leaves_newest(c, (struct when_backup) { .i = i, .run = -1 }, n));
	else
		retain_when_last(c, i, n);
}

void
retain_when_note(const struct retain_chain *c, size_t i)
{
	int64_t at;

	if (!has_pace(c)) {
		note_without_pace(c, i);
		return;
	}
	at = leaves(c, (struct when_backup) { .i = i, .run = -1 }, PERIODS - 1);
	/* What stands for its period only until the next run takes its place. */
	retain_when_until(c->list[i], at > c->ask->now ? at : run_time(c, 0));
}

void
retain_when_conclude(struct retain_work *w, const struct retain_ask *ask)
{
	static const uint32_t open = RETAIN_BIT(WHY_STRANGER) | RETAIN_BIT(WHY_BUILDING) |
	    RETAIN_BIT(WHY_FUTURE) | RETAIN_BIT(WHY_CLOCK) | RETAIN_BIT(WHY_IN_USE);
	static const uint32_t never = RETAIN_BIT(WHY_PINNED) | RETAIN_BIT(WHY_FOREVER) |
	    RETAIN_BIT(WHY_DEMAND_STAYS);
	struct retain_verdict *v = w->verdict;

	if (v->go) {
		v->goes = GOES_NOW;
		v->goes_at = ask->now;
	} else if ((v->why & RETAIN_BIT(WHY_TRASHED)) != 0) {
		v->goes = GOES_AT;
		v->goes_at = w->item->trashed_at + ask->trash_ms;
	} else if ((v->why & never) != 0) {
		v->goes = GOES_NEVER;
	} else if ((v->why & open) != 0) {
		v->goes = GOES_OPEN;
	} else {
		v->goes = w->until_newer ? GOES_WHEN_NEWER : GOES_AT;
		v->goes_at = w->until;
		v->goes_newer = w->newer == RETAIN_SOME ? 0 : w->newer;
	}
}
