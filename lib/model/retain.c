/* retain.c: which backups of an environment stay, which go, and why. */
#include "lib/model/retain.h"

#include <stdlib.h>
#include <string.h>

#include "lib/model/retain_inner.h"

#define HOUR ((int64_t)PERIOD_MS_HOUR)
#define DAY  ((int64_t)PERIOD_MS_DAY)
#define YEAR_9999_ENDS INT64_C(253402300799999)

/* A service in a backup; the pieces of one service stand together, newest first. */
struct piece {
	int64_t service;
	size_t rank;          /* of the backup, newest first */
	bool good;
	const char *name;
};

struct judging {
	const struct retain_ask *ask;
	const struct retain_rule *rule;
	struct arena *scratch;
	struct retain_work *works;   /* newest first */
	size_t count;
	struct piece *pieces;
	size_t piece_count;
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

int64_t
retain_local(const struct retain_ask *ask, int64_t utc_ms)
{
	return ask->local_ms != NULL ? ask->local_ms(ask->zone, utc_ms) : utc_ms;
}

/* An hour is of the wall clock, yet the hour that a change of the clock repeats is two. */
int64_t
retain_ahead(const struct retain_ask *ask, enum period p, int64_t utc_ms)
{
	int64_t ahead = retain_local(ask, utc_ms) - utc_ms;

	if (p != PERIOD_HOUR)
		return ahead;
	return ahead % HOUR < 0 ? ahead % HOUR + HOUR : ahead % HOUR;
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
	const struct retain_work *x = a, *y = b;

	if (x->item->taken_at != y->item->taken_at)
		return x->item->taken_at < y->item->taken_at ? 1 : -1;
	return (x->item->id < y->item->id) - (x->item->id > y->item->id);
}

static void
set_up(struct judging *j, struct retain_verdict *verdicts)
{
	const struct retain_ask *ask = j->ask;

	j->count = ask->count;
	j->works = arena_array(j->scratch, j->count + 1, sizeof *j->works);
	for (size_t i = 0; i < j->count; i++) {
		j->works[i].item = &ask->items[i];
		j->works[i].place = i;
	}
	qsort(j->works, j->count, sizeof *j->works, newest_first);
	for (size_t i = 0; i < j->count; i++) {
		struct retain_work *w = &j->works[i];

		w->verdict = &verdicts[w->place];
		w->verdict->service = "";
		classify(w, ask);
		w->taken = w->item->taken_at < 0 ? 0
		    : w->item->taken_at > YEAR_9999_ENDS ? YEAR_9999_ENDS
		                                         : w->item->taken_at;
		w->young = w->class != CLASS_OUT &&
		    ask->now - w->taken < j->rule->min_age_hours * HOUR;
		for (int p = 0; p < PERIODS && w->class == CLASS_COUNTED; p++)
			if (j->rule->each[p] > 0)
				w->keys[p] = period_key((enum period)p,
				    w->taken + retain_ahead(ask, (enum period)p, w->taken));
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
	if (w->class == CLASS_COUNTED && rule->forever)
		keep(w, WHY_FOREVER);
}

/* -- service by service -- */

static int
by_service(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

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
		struct piece *last = used > 0 ? &j->pieces[used - 1] : NULL;

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
	j->pieces[j->piece_count++] = (struct piece) {
		.service = part->service,
		.rank = rank,
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

static void
keep_newest(const struct judging *j, const struct piece *p, enum retain_why why, int64_t newer)
{
	struct retain_work *w = &j->works[p->rank];

	if (!has_any(w, RETAIN_BIT(WHY_NEWEST_GOOD) | RETAIN_BIT(WHY_NEWEST_ODD)))
		w->verdict->service = p->name;
	keep(w, why);
	retain_when_newer(j->ask, w, newer);
}

enum worth { WORTH_NOTHING, WORTH_MAKESHIFT, WORTH_SAFETY, WORTH_ODD, WORTH_GOOD, WORTHS };

/*
 * Of a damaged backup nobody knows which part it is, and a safety backup may be of the very state
 * that made a restore necessary: they stand in only where nothing better is. A part that is whole in
 * a backup of which another failed is like a suspicious one: perhaps the newest state there is.
 */
static enum worth
worth_of(const struct retain_item *item, const struct piece *piece)
{
	if (!piece->good || item->health == HEALTH_MISSING)
		return WORTH_NOTHING;
	if (item->health == HEALTH_DAMAGED)
		return WORTH_MAKESHIFT;
	if (item->suspicious || item->state != BACKUP_READY)
		return item->kind == BACKUP_SAFETY ? WORTH_MAKESHIFT : WORTH_ODD;
	return item->kind == BACKUP_SAFETY ? WORTH_SAFETY : WORTH_GOOD;
}

static void
keep_newest_good(const struct judging *j, const struct piece *pieces, size_t n)
{
	const struct piece *newest[WORTHS] = { NULL }, *instead;
	bool young_seen = false;
	int64_t place = 0;

	for (size_t i = 0; i < n; i++) {
		const struct retain_work *w = &j->works[pieces[i].rank];
		enum worth worth = worth_of(w->item, &pieces[i]);

		if (newest[worth] == NULL && (worth != WORTH_ODD || place == 0))
			newest[worth] = &pieces[i];
		if (worth != WORTH_GOOD)
			continue;
		place = retain_chain_place(place, w, &young_seen);
		if (place > j->rule->min_good)
			break;
		keep_newest(j, &pieces[i], WHY_NEWEST_GOOD, j->rule->min_good - place + 1);
	}
	if (newest[WORTH_ODD] != NULL)
		keep_newest(j, newest[WORTH_ODD], WHY_NEWEST_ODD, 1);
	instead = newest[WORTH_SAFETY] != NULL ? newest[WORTH_SAFETY] : newest[WORTH_MAKESHIFT];
	if (place == 0 && instead != NULL)
		keep_newest(j, instead, WHY_NEWEST_GOOD, 1);
}

static void
keep_on_demand(const struct judging *j, struct retain_work *const *list, size_t n)
{
	const struct retain_rule *rule = j->rule;
	bool young_seen = false;
	int64_t place = 0;

	for (size_t i = 0; i < n; i++) {
		struct retain_work *w = list[i];

		if (j->ask->now - w->taken < rule->demand_days * DAY) {
			keep(w, WHY_DEMAND_DAYS);
			retain_when_until(w, w->taken + rule->demand_days * DAY);
		}
		place = retain_chain_place(place, w, &young_seen);
		if (place > rule->demand_last)
			continue;
		/* When somebody asks for the next one is not foretold. */
		keep(w, WHY_DEMAND_LAST);
		retain_when_uncertain(w, rule->demand_last - place + 1);
	}
}

static void
keep_counted(const struct judging *j, struct retain_work **list, size_t n, const char *service)
{
	struct retain_chain c = { .ask = j->ask, .list = list, .n = n };

	retain_chain_keep(&c, j->scratch);
	for (size_t i = 0; i < n; i++) {
		list[i]->services++;
		if (!c.kept[i])
			continue;
		if (list[i]->kept_services++ == 0)
			list[i]->kept_service = service;
		retain_when_note(&c, i);
	}
}

static void
judge_service(const struct judging *j, const struct piece *pieces, size_t n)
{
	struct retain_work **counted = arena_array(j->scratch, n + 1, sizeof *counted);
	struct retain_work **demand = arena_array(j->scratch, n + 1, sizeof *demand);
	size_t counted_n = 0, demand_n = 0;

	keep_newest_good(j, pieces, n);
	for (size_t i = 0; i < n; i++) {
		struct retain_work *w = &j->works[pieces[i].rank];

		if (pieces[i].good && w->class == CLASS_COUNTED)
			counted[counted_n++] = w;
		if (pieces[i].good && w->class == CLASS_DEMAND)
			demand[demand_n++] = w;
	}
	keep_counted(j, counted, counted_n, pieces[0].name);
	if (j->rule->demand == DEMAND_OWN)
		keep_on_demand(j, demand, demand_n);
}

static void
judge_services(struct judging *j)
{
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
