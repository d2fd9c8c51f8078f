/* retain.c: which backups of an environment stay, which go, and why. */
#include "lib/model/retain.h"

#include <stdlib.h>
#include <string.h>

#include "lib/model/retain_inner.h"

#define HOUR ((int64_t)PERIOD_MS_HOUR)
#define DAY  ((int64_t)PERIOD_MS_DAY)
#define YEAR_9999_ENDS INT64_C(253402300799999)

struct judging {
	const struct retain_ask *ask;
	const struct retain_rule *rule;
	struct arena *scratch;
	struct retain_work *works;   /* newest first */
	size_t count;
	struct retain_piece *pieces;
	size_t piece_count;
	/* Room for the lists of one service, used again for the next. */
	struct retain_work **counted, **demand, **good, **alike;
	struct retain_chain chain;
};

static void
keep(struct retain_work *w, enum retain_why why)
{
	w->verdict->why |= RETAIN_BIT(why);
}

static bool
has_any(const struct retain_work *w, uint32_t bits)
{
	return (w->verdict->why & bits) != 0;
}

bool
retain_clock_jumped(int64_t last_now, int64_t now)
{
	return last_now != 0 && (now - last_now > DAY || last_now - now > HOUR);
}

static int64_t
within_calendar(int64_t ms)
{
	return ms < 0 ? 0 : ms > YEAR_9999_ENDS ? YEAR_9999_ENDS : ms;
}

int64_t
retain_local(const struct retain_ask *ask, int64_t utc_ms)
{
	int64_t at = within_calendar(utc_ms);

	return ask->local_ms != NULL ? ask->local_ms(ask->zone, at) : at;
}

/* An hour is of the wall clock, yet the hour that a change of the clock repeats is two: of the
 * offset from UTC only what is no whole hour is taken. */
int64_t
retain_ahead(enum period p, int64_t utc_ms, int64_t local)
{
	int64_t ahead = local - utc_ms;

	if (p != PERIOD_HOUR)
		return ahead;
	return ahead % HOUR < 0 ? ahead % HOUR + HOUR : ahead % HOUR;
}

/* Only what a schedule brought is counted by its keeps. */
const struct retain_keeps *
retain_keeps_of(const struct retain_ask *ask, const struct retain_item *item)
{
	if (item->kind != BACKUP_SCHEDULED || item->schedule == 0)
		return NULL;
	for (size_t i = 0; i < ask->keeps_count; i++)
		if (ask->keeps[i].schedule == item->schedule)
			return &ask->keeps[i];
	return NULL;
}

const struct retain_rule *
retain_rule_of(const struct retain_ask *ask, const struct retain_item *item)
{
	const struct retain_keeps *keeps = retain_keeps_of(ask, item);

	return keeps != NULL ? keeps->rule : ask->rule;
}

struct retain_keeps
retain_own_keeps(const struct retain_ask *ask)
{
	return (struct retain_keeps) { .rule = ask->rule, .next_run = ask->next_run,
		.every_ms = ask->every_ms };
}

static void
set_keys(struct retain_work *w, const struct retain_ask *ask)
{
	const struct retain_rule *rule = w->keeps != NULL ? w->keeps->rule : ask->rule;
	int64_t local = retain_local(ask, w->taken);

	for (int p = 0; p < PERIODS; p++)
		if (rule->each[p] > 0)
			w->keys[p] = period_key((enum period)p,
			    w->taken + retain_ahead((enum period)p, w->taken, local));
}

static bool
is_whole(const struct retain_item *item)
{
	return item->state == BACKUP_READY && item->health != HEALTH_DAMAGED &&
	    item->health != HEALTH_MISSING;
}

bool
retain_counts(const struct retain_item *item)
{
	return is_whole(item) && !item->suspicious && item->kind != BACKUP_SAFETY;
}

/* -- each backup by itself -- */

/* Ready, and yet none of its parts is: it is nothing to count on. */
static bool
is_hollow(const struct retain_item *item)
{
	for (size_t i = 0; i < item->part_count; i++)
		if (item->parts[i].good)
			return false;
	return item->part_count > 0;
}

static void
classify(struct retain_work *w, const struct retain_ask *ask)
{
	const struct retain_item *item = w->item;

	w->class = CLASS_OUT;
	if (item->environment != ask->environment)
		keep(w, WHY_STRANGER);
	else if (item->state == BACKUP_TRASHED || item->state == BACKUP_DELETED)
		keep(w, WHY_TRASHED);
	else if (item->state == BACKUP_BUILDING)
		keep(w, WHY_BUILDING);
	else if (item->taken_at > ask->now)
		keep(w, WHY_FUTURE);
	else if (!is_whole(item) || is_hollow(item))
		w->class = CLASS_FAILED;
	else if (item->kind == BACKUP_SAFETY)
		w->class = CLASS_SAFETY;
	else if (item->suspicious)
		w->class = CLASS_FAILED;
	else if (item->kind != BACKUP_SCHEDULED && ask->rule->demand != DEMAND_TOGETHER)
		w->class = CLASS_DEMAND;
	else
		w->class = CLASS_COUNTED;
}

static int
newest_first(const void *a, const void *b)
{
	const struct retain_item *x = *(const struct retain_item *const *)a;
	const struct retain_item *y = *(const struct retain_item *const *)b;

	if (x->taken_at != y->taken_at)
		return x->taken_at < y->taken_at ? 1 : -1;
	return (x->id < y->id) - (x->id > y->id);
}

static void
set_up(struct judging *j, struct retain_verdict *verdicts)
{
	const struct retain_ask *ask = j->ask;
	const struct retain_item **sorted = arena_array(j->scratch, ask->count + 1, sizeof *sorted);

	for (size_t i = 0; i < ask->count; i++)
		sorted[i] = &ask->items[i];
	qsort(sorted, ask->count, sizeof *sorted, newest_first);
	j->count = ask->count;
	j->works = arena_array(j->scratch, j->count + 1, sizeof *j->works);
	for (size_t i = 0; i < j->count; i++) {
		struct retain_work *w = &j->works[i];

		w->item = sorted[i];
		w->verdict = &verdicts[sorted[i] - ask->items];
		w->verdict->service = "";
		classify(w, ask);
		w->keeps = retain_keeps_of(ask, w->item);
		w->taken = within_calendar(w->item->taken_at);
		w->young = w->class != CLASS_OUT &&
		    ask->now - w->taken < j->rule->min_age_hours * HOUR;
		if (w->class == CLASS_COUNTED)
			set_keys(w, ask);
	}
}

/* What stays for a time of its own, or because of what a person did. */
static void
keep_by_itself(struct retain_work *w, const struct retain_ask *ask)
{
	const struct retain_rule *rule = ask->rule;
	int64_t days = w->class == CLASS_SAFETY ? rule->safety_days
	    : w->class == CLASS_FAILED          ? rule->failed_days
	                                        : 0;

	if (w->item->pinned)
		keep(w, WHY_PINNED);
	if (w->item->keep_until > ask->now) {
		keep(w, WHY_UNTIL);
		retain_when_until(w, w->item->keep_until);
	}
	if (w->item->in_use)
		keep(w, WHY_IN_USE);
	if (w->young) {
		keep(w, WHY_YOUNG);
		retain_when_until(w, w->taken + rule->min_age_hours * HOUR);
	}
	if (days > 0 && ask->now - w->taken < days * DAY) {
		keep(w, w->class == CLASS_SAFETY ? WHY_SAFETY : WHY_FAILED);
		retain_when_until(w, w->taken + days * DAY);
	}
	if (w->class == CLASS_DEMAND && rule->demand == DEMAND_STAYS)
		keep(w, WHY_DEMAND_STAYS);
	if (w->class == CLASS_COUNTED && retain_rule_of(ask, w->item)->forever)
		keep(w, WHY_FOREVER);
}

/* -- service by service -- */

static int
by_service(const void *a, const void *b)
{
	const struct retain_piece *x = a, *y = b;

	if (x->service != y->service)
		return x->service < y->service ? -1 : 1;
	return (x->rank > y->rank) - (x->rank < y->rank);
}

/* A service that stands in a backup twice is one piece of it, good when either is. */
static void
drop_doubles(struct judging *j)
{
	size_t used = 0;

	for (size_t i = 0; i < j->piece_count; i++) {
		struct retain_piece *last = used > 0 ? &j->pieces[used - 1] : NULL;

		if (last != NULL && last->service == j->pieces[i].service &&
		    last->rank == j->pieces[i].rank)
			last->good = last->good || j->pieces[i].good;
		else
			j->pieces[used++] = j->pieces[i];
	}
	j->piece_count = used;
}

static void
add_piece(struct judging *j, size_t rank, const struct retain_part *part)
{
	j->pieces[j->piece_count++] = (struct retain_piece) {
		.service = part->service,
		.rank = rank,
		.work = &j->works[rank],
		.good = part->good,
		.name = part->name != NULL ? part->name : "",
	};
}

static void
gather_pieces(struct judging *j)
{
	size_t room = 0;

	for (size_t i = 0; i < j->count; i++)
		room += j->works[i].item->part_count + 1;
	j->pieces = arena_array(j->scratch, room + 1, sizeof *j->pieces);
	for (size_t i = 0; i < j->count; i++) {
		const struct retain_work *w = &j->works[i];

		if (w->class == CLASS_OUT)
			continue;
		if (w->item->part_count == 0)
			add_piece(j, i, &(struct retain_part) { .good = is_whole(w->item) });
		for (size_t k = 0; k < w->item->part_count; k++)
			add_piece(j, i, &w->item->parts[k]);
	}
	qsort(j->pieces, j->piece_count, sizeof *j->pieces, by_service);
	drop_doubles(j);
}

/* When somebody asks for the next one is never foretold. */
static void
keep_on_demand(const struct judging *j, size_t n)
{
	const struct retain_chain c = { .ask = j->ask, .by = retain_own_keeps(j->ask),
		.list = j->demand, .n = n };
	struct retain_work *const *list = j->demand;
	int64_t days = j->rule->demand_days, last = j->rule->demand_last;
	struct retain_count count = { 0 };

	for (size_t i = 0; i < n; i++) {
		if (j->ask->now - list[i]->taken < days * DAY) {
			keep(list[i], WHY_DEMAND_DAYS);
			retain_when_until(list[i], list[i]->taken + days * DAY);
		}
		if (retain_chain_place(&count, list[i], last) == PLACE_OWN) {
			keep(list[i], WHY_DEMAND_LAST);
			retain_when_last(&c, i, last);
		}
	}
}

/* Of the n counted ones of a service, those that have these keeps (NULL: the environment's). */
static void
keep_alike(struct judging *j, size_t n, const struct retain_keeps *keeps, const char *service)
{
	struct retain_chain *c = &j->chain;

	c->n = 0;
	for (size_t i = 0; i < n; i++)
		if (j->counted[i]->keeps == keeps)
			j->alike[c->n++] = j->counted[i];
	n = c->n;
	c->by = keeps != NULL ? *keeps : retain_own_keeps(j->ask);
	retain_chain_keep(c);
	for (size_t i = 0; i < n; i++) {
		c->list[i]->services++;
		if (!c->kept[i])
			continue;
		if (c->list[i]->kept_services++ == 0)
			c->list[i]->kept_service = service;
		retain_when_note(c, i);
	}
}

static void
keep_counted(struct judging *j, size_t n, const char *service)
{
	keep_alike(j, n, NULL, service);
	for (size_t k = 0; k < j->ask->keeps_count; k++)
		keep_alike(j, n, &j->ask->keeps[k], service);
}

static void
judge_service(struct judging *j, const struct retain_piece *pieces, size_t n)
{
	size_t counted_n = 0, demand_n = 0;

	retain_good_keep(j->ask, j->good, pieces, n);
	for (size_t i = 0; i < n; i++) {
		struct retain_work *w = pieces[i].work;

		if (pieces[i].good && w->class == CLASS_COUNTED)
			j->counted[counted_n++] = w;
		if (pieces[i].good && w->class == CLASS_DEMAND)
			j->demand[demand_n++] = w;
	}
	keep_counted(j, counted_n, pieces[0].name);
	if (j->rule->demand == DEMAND_OWN)
		keep_on_demand(j, demand_n);
}

static void
judge_services(struct judging *j)
{
	j->counted = arena_array(j->scratch, j->count + 1, sizeof *j->counted);
	j->demand = arena_array(j->scratch, j->count + 1, sizeof *j->demand);
	j->good = arena_array(j->scratch, j->count + 1, sizeof *j->good);
	j->alike = arena_array(j->scratch, j->count + 1, sizeof *j->alike);
	j->chain = (struct retain_chain) { .ask = j->ask, .list = j->alike };
	retain_chain_room(&j->chain, j->scratch, j->count);
	gather_pieces(j);
	for (size_t i = 0, end; i < j->piece_count; i = end) {
		end = i + 1;
		while (end < j->piece_count && j->pieces[end].service == j->pieces[i].service)
			end++;
		judge_service(j, &j->pieces[i], end - i);
	}
}

/* -- all together -- */

/* What takes room in the environment: the trash empties by itself. */
static int64_t
room_of(const struct retain_work *w)
{
	if (has_any(w, RETAIN_BIT(WHY_TRASHED) | RETAIN_BIT(WHY_STRANGER)))
		return 0;
	return w->item->stored_bytes;
}

static int64_t
stay_bytes(const struct judging *j)
{
	int64_t sum = 0;

	for (size_t i = 0; i < j->count; i++)
		sum += j->works[i].verdict->go ? 0 : room_of(&j->works[i]);
	return sum;
}

static void
obey_limit(struct retain_result *ret, const struct judging *j)
{
	static const uint32_t must_stay = RETAIN_BIT(WHY_STRANGER) | RETAIN_BIT(WHY_BUILDING) |
	    RETAIN_BIT(WHY_TRASHED) | RETAIN_BIT(WHY_FUTURE) | RETAIN_BIT(WHY_PINNED) |
	    RETAIN_BIT(WHY_UNTIL) | RETAIN_BIT(WHY_IN_USE) | RETAIN_BIT(WHY_YOUNG) |
	    RETAIN_BIT(WHY_NEWEST_GOOD) | RETAIN_BIT(WHY_NEWEST_ODD);
	int64_t sum = stay_bytes(j);

	for (size_t i = j->count; i-- > 0 && sum > j->rule->max_total;) {
		struct retain_work *w = &j->works[i];

		if (w->verdict->go || has_any(w, must_stay) || w->item->stored_bytes <= 0)
			continue;
		sum -= room_of(w);
		w->verdict->go = w->verdict->limit = true;
	}
	ret->over_limit = sum > j->rule->max_total;
}

static void
conclude(struct retain_result *ret, const struct judging *j)
{
	for (size_t i = 0; i < j->count; i++) {
		struct retain_work *w = &j->works[i];
		struct retain_verdict *v = w->verdict;

		if (v->go && ret->stopped) {
			v->go = false;
			v->why |= RETAIN_BIT(WHY_CLOCK);
		}
		if (v->go) {
			v->why = 0;
			ret->go_count++;
			ret->go_bytes += w->item->stored_bytes;
		}
		if (w->kept_services > 0 && w->kept_services < w->services)
			v->only = w->kept_service;
		retain_when_conclude(w, j->ask);
	}
	ret->stay_bytes = stay_bytes(j);
}

void
retain_judge(struct retain_result *ret, struct arena *a, const struct retain_ask *ask)
{
	CLEANUP_ARENA struct arena *scratch = arena_new();
	struct judging j = { .ask = ask, .rule = ask->rule, .scratch = scratch };

	*ret = (struct retain_result) {
		.verdicts = arena_array(a, ask->count + 1, sizeof *ret->verdicts),
		.stopped = retain_clock_jumped(ask->last_now, ask->now),
	};
	set_up(&j, ret->verdicts);
	judge_services(&j);
	for (size_t i = 0; i < j.count; i++) {
		keep_by_itself(&j.works[i], ask);
		j.works[i].verdict->go = j.works[i].verdict->why == 0;
	}
	if (ask->rule->max_total > 0)
		obey_limit(ret, &j);
	conclude(ret, &j);
}
