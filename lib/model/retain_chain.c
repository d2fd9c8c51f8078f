/* retain_chain.c: the keeps of scheduled backups, for the list of one service. */
#include "lib/model/retain_inner.h"

#include <string.h>

/* A run of young ones takes one place together: see the header. */
enum retain_place
retain_chain_place(struct retain_count *count, const struct retain_work *w, int64_t n)
{
	if (!w->young)
		count->places++;
	else if (count->seen == 0)
		count->places = 1;
	count->seen++;
	if (count->places > n)
		return PLACE_NONE;
	return w->young && count->seen > n ? PLACE_SHARED : PLACE_OWN;
}

static void
keep(struct retain_chain *c, size_t i, enum retain_why why)
{
	c->list[i]->verdict->why |= RETAIN_BIT(why);
	c->kept[i] = true;
}

static void
keep_last_and_days(struct retain_chain *c)
{
	const struct retain_rule *rule = c->by.rule;
	struct retain_count count = { 0 };

	for (size_t i = 0; i < c->n; i++) {
		enum retain_place place = retain_chain_place(&count, c->list[i], rule->last);

		if (place == PLACE_OWN)
			keep(c, i, WHY_LAST);
		if (c->ask->now - c->list[i]->taken < rule->days * PERIOD_MS_DAY)
			keep(c, i, WHY_DAYS);
		c->kept[i] = c->kept[i] || place == PLACE_SHARED;
	}
}

/* Periods whose newest one stays already are passed over; of the next `each` it is kept. A clock
 * set back over midnight gives a key that is too large: such a backup joins the group before. */
static void
keep_periods(struct retain_chain *c, enum period p)
{
	int64_t wanted = c->by.rule->each[p], key = INT64_MAX;
	size_t groups = 0;

	for (size_t i = 0; i < c->n; i++) {
		if (c->list[i]->keys[p] < key) {
			key = c->list[i]->keys[p];
			c->head[p][groups++] = i;
			if (!c->kept[i] && wanted-- > 0)
				keep(c, i, (enum retain_why)(WHY_HOURLY + (int)p));
		}
		c->group[p][i] = groups - 1;
	}
}

void
retain_chain_room(struct retain_chain *c, struct arena *scratch, size_t n)
{
	c->kept = arena_array(scratch, n + 1, sizeof *c->kept);
	for (int p = 0; p < PERIODS; p++) {
		bool any = c->ask->rule->each[p] > 0;

		for (size_t k = 0; k < c->ask->keeps_count; k++)
			any = any || c->ask->keeps[k].rule->each[p] > 0;
		if (!any)
			continue;
		c->group[p] = arena_array(scratch, n + 1, sizeof *c->group[p]);
		c->head[p] = arena_array(scratch, n + 1, sizeof *c->head[p]);
	}
}

void
retain_chain_keep(struct retain_chain *c)
{
	memset(c->kept, 0, (c->n + 1) * sizeof *c->kept);
	keep_last_and_days(c);
	for (int p = 0; p < PERIODS; p++)
		if (c->by.rule->each[p] > 0)
			keep_periods(c, (enum period)p);
}
