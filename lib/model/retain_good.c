/* retain_good.c: the newest good backups of a service, which never go. */
#include "lib/model/retain_inner.h"

enum worth { WORTH_NOTHING, WORTH_MAKESHIFT, WORTH_SAFETY, WORTH_ODD, WORTH_GOOD, WORTHS };

/*
 * Of a damaged backup nobody knows which part it is, and a safety backup may be of the very state
 * that made a restore necessary: they stand in only where nothing better is. A part that is whole
 * in a backup of which another failed is like a suspicious one: perhaps the newest state there is.
 */
static enum worth
worth_of(const struct retain_item *item, const struct retain_piece *piece)
{
	if (!piece->good || item->health == HEALTH_MISSING)
		return WORTH_NOTHING;
	if (item->health == HEALTH_DAMAGED)
		return WORTH_MAKESHIFT;
	if (item->suspicious || item->state != BACKUP_READY)
		return item->kind == BACKUP_SAFETY ? WORTH_MAKESHIFT : WORTH_ODD;
	return item->kind == BACKUP_SAFETY ? WORTH_SAFETY : WORTH_GOOD;
}

/* Of several services the first one is told, and rather one that has to be looked at. */
static void
keep(const struct retain_piece *piece, enum retain_why why)
{
	struct retain_verdict *v = piece->work->verdict;
	uint32_t told = RETAIN_BIT(WHY_NEWEST_ODD);

	if (why == WHY_NEWEST_GOOD)
		told |= RETAIN_BIT(WHY_NEWEST_GOOD);
	if ((v->why & told) == 0)
		v->service = piece->name;
	v->why |= RETAIN_BIT(why);
}

/* It is its own list: whatever good one comes next takes its place. */
static void
keep_one(const struct retain_ask *ask, const struct retain_piece *piece, enum retain_why why)
{
	struct retain_work *w = piece->work;
	const struct retain_chain c = { .ask = ask, .any = true, .list = &w, .n = 1 };

	keep(piece, why);
	retain_when_scheduled_last(&c, 0, 1);
}

void
retain_good_keep(const struct retain_ask *ask, struct retain_work **list,
    const struct retain_piece *pieces, size_t n)
{
	struct retain_chain c = { .ask = ask, .any = true, .list = list };
	const struct retain_piece *newest[WORTHS] = { NULL }, *instead;
	enum retain_place place = PLACE_OWN;
	struct retain_count count = { 0 };

	for (size_t i = 0; i < n && place != PLACE_NONE; i++) {
		struct retain_work *w = list[c.n] = pieces[i].work;
		enum worth worth = worth_of(w->item, &pieces[i]);

		if (newest[worth] == NULL && (worth != WORTH_ODD || c.n == 0))
			newest[worth] = &pieces[i];
		if (worth != WORTH_GOOD)
			continue;
		place = retain_chain_place(&count, w, ask->rule->min_good);
		if (place == PLACE_OWN) {
			keep(&pieces[i], WHY_NEWEST_GOOD);
			retain_when_scheduled_last(&c, c.n, ask->rule->min_good);
		}
		c.n++;
	}
	if (newest[WORTH_ODD] != NULL)
		keep_one(ask, newest[WORTH_ODD], WHY_NEWEST_ODD);
	instead = newest[WORTH_SAFETY] != NULL ? newest[WORTH_SAFETY] : newest[WORTH_MAKESHIFT];
	if (c.n == 0 && instead != NULL)
		keep_one(ask, instead, WHY_NEWEST_GOOD);
}
