/* retain_words.c: what retain.h decides, in sentences for people. */
#include "lib/model/retain_words.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/num.h"
#include "lib/model/word.h"

static const char *const why_words[WHYS] = {
	[WHY_STRANGER] = "stranger",
	[WHY_BUILDING] = "building",
	[WHY_TRASHED] = "trashed",
	[WHY_FUTURE] = "future",
	[WHY_CLOCK] = "clock",
	[WHY_PINNED] = "pinned",
	[WHY_UNTIL] = "until",
	[WHY_IN_USE] = "in-use",
	[WHY_FOREVER] = "forever",
	[WHY_LAST] = "last",
	[WHY_DAYS] = "days",
	[WHY_HOURLY] = "hourly",
	[WHY_DAILY] = "daily",
	[WHY_WEEKLY] = "weekly",
	[WHY_MONTHLY] = "monthly",
	[WHY_YEARLY] = "yearly",
	[WHY_DEMAND_STAYS] = "on-demand",
	[WHY_DEMAND_DAYS] = "on-demand-days",
	[WHY_DEMAND_LAST] = "on-demand-last",
	[WHY_SAFETY] = "safety",
	[WHY_FAILED] = "failed",
	[WHY_YOUNG] = "young",
	[WHY_NEWEST_GOOD] = "newest-good",
	[WHY_NEWEST_ODD] = "newest-suspicious",
};

const char *
retain_words_why(enum retain_why why)
{
	return word_of(why_words, WHYS, (int)why);
}

/* What binds most is told first; a reason that ends soon, last. */
enum retain_why
retain_words_main(const struct retain_verdict *v)
{
	static const enum retain_why order[] = {
		WHY_STRANGER,    WHY_TRASHED,     WHY_BUILDING,     WHY_FUTURE,     WHY_PINNED,
		WHY_UNTIL,       WHY_CLOCK,       WHY_FOREVER,      WHY_YEARLY,     WHY_MONTHLY,
		WHY_WEEKLY,      WHY_DAILY,       WHY_HOURLY,       WHY_DAYS,       WHY_LAST,
		WHY_DEMAND_DAYS, WHY_DEMAND_LAST, WHY_DEMAND_STAYS, WHY_NEWEST_ODD, WHY_NEWEST_GOOD,
		WHY_SAFETY,      WHY_FAILED,      WHY_YOUNG,        WHY_IN_USE,
	};

	for (size_t i = 0; i < sizeof order / sizeof *order; i++)
		if ((v->why & UINT32_C(1) << order[i]) != 0)
			return order[i];
	return WHYS;
}

/* -- dates -- */

static int64_t
day_of(const struct retain_ask *ask, int64_t utc)
{
	return period_key(PERIOD_DAY, retain_local(ask, utc));
}

/* The last whole day on which it is there. */
static int64_t
last_day(const struct retain_ask *ask, const struct retain_verdict *v)
{
	return period_start(PERIOD_DAY, day_of(ask, v->goes_at) - 1);
}

static bool
is_dated(const struct retain_ask *ask, const struct retain_verdict *v)
{
	return v->goes_at > ask->now && day_of(ask, v->goes_at) > day_of(ask, ask->now);
}

static void
add_newer(struct buf *b, int64_t n)
{
	if (n == 1)
		buf_text(b, "a newer one exists");
	else
		buf_printf(b, "%" PRId64 " newer ones exist", n);
}

/* "; goes after 19 Dec 2026" */
static void
add_end(struct buf *b, const struct retain_ask *ask, const struct retain_verdict *v)
{
	char date[NUM_TEXT] = "";

	if (v->goes != GOES_AT && v->goes != GOES_WHEN_NEWER)
		return;
	if (is_dated(ask, v)) {
		period_date(date, last_day(ask, v));
		buf_printf(b, "; goes after %s", date);
	} else if (v->goes == GOES_AT) {
		buf_text(b, v->goes_at > ask->now ? "; goes today" : "; goes soon");
	}
	if (v->goes == GOES_AT)
		return;
	buf_text(b, date[0] != '\0' ? ", and only when " : "; goes when ");
	if (v->goes_newer > 0)
		add_newer(b, v->goes_newer);
	else
		buf_text(b, "newer ones take its place");
}

/* -- why it stays -- */

static void
add_days(struct buf *b, int64_t n)
{
	if (n == 1)
		buf_text(b, "24 hours");
	else
		buf_printf(b, "%" PRId64 " days", n);
}

static const char *
what_is_wrong(const struct retain_item *item)
{
	if (item->state == BACKUP_FAILED)
		return "Failed";
	if (item->health == HEALTH_MISSING)
		return "Missing in its storage";
	if (item->health == HEALTH_DAMAGED)
		return "Damaged";
	return item->suspicious ? "Suspicious" : "Nothing in it is whole";
}

static void
add_newest(struct buf *b, const struct retain_ask *ask, const struct retain_verdict *v,
    const struct retain_item *odd)
{
	const char *of = v->service[0] != '\0' ? " of " : "";

	if (odd != NULL)
		buf_printf(b, "Newest backup%s%s, %s", of, v->service,
		    odd->suspicious ? "but suspicious" : "whole in a backup that failed");
	else if (ask->rule->min_good == 1)
		buf_printf(b, "Newest good backup%s%s", of, v->service);
	else
		buf_printf(b, "Among the newest %" PRId64 " good backups%s%s", ask->rule->min_good,
		    of, v->service);
}

/* "Kept as the weekly backup of week 47" */
static void
add_period(struct buf *b, const struct retain_ask *ask, const struct retain_item *item,
    enum retain_why why)
{
	char period[NUM_TEXT];

	period_words(period, (enum period)(why - WHY_HOURLY), retain_local(ask, item->taken_at),
	    retain_local(ask, ask->now));
	buf_printf(b, " as the %s backup of %s", why_words[why], period);
}

/* " by its schedule “Hourly”" where its own keeps count it, not those of the environment. */
static void
add_by(struct buf *b, const char *before, const struct retain_ask *ask,
    const struct retain_item *item)
{
	const struct retain_keeps *keeps = retain_keeps_of(ask, item);

	if (keeps != NULL)
		buf_printf(b, "%s by its schedule \u201c%s\u201d", before, keeps->name);
}

static void
add_rule_reason(struct buf *b, const struct retain_ask *ask, const struct retain_item *item,
    const struct retain_verdict *v)
{
	const struct retain_rule *rule = retain_rule_of(ask, item);
	enum retain_why why = retain_words_main(v);

	buf_text(b, "Kept");
	add_by(b, "", ask, item);
	if (v->only != NULL && v->only[0] != '\0')
		buf_printf(b, " for %s", v->only);
	if (why == WHY_DAYS) {
		buf_text(b, v->only != NULL ? ", for " : " for ");
		add_days(b, rule->days);
	} else if (why == WHY_LAST && rule->last == 1) {
		buf_text(b, " as the newest one");
	} else if (why == WHY_LAST) {
		buf_printf(b, " as one of the newest %" PRId64, rule->last);
	} else {
		add_period(b, ask, item, why);
	}
	add_end(b, ask, v);
}

/* Those of on-demand backups, and of what goes by its age alone. */
static void
add_other_reason(struct buf *b, const struct retain_ask *ask, const struct retain_item *item,
    const struct retain_verdict *v)
{
	const struct retain_rule *rule = ask->rule;
	enum retain_why why = retain_words_main(v);

	if (why == WHY_DEMAND_DAYS) {
		buf_text(b, "Kept for ");
		add_days(b, rule->demand_days);
		buf_text(b, ", as it was taken on demand");
	} else if (why == WHY_DEMAND_LAST) {
		if (rule->demand_last == 1)
			buf_text(b, "Kept as the newest one on demand");
		else
			buf_printf(b, "Kept as one of the newest %" PRId64 " on demand",
			    rule->demand_last);
	} else if (why == WHY_SAFETY) {
		buf_text(b, "Safety backup, kept for ");
		add_days(b, rule->safety_days);
	} else if (why == WHY_FAILED) {
		buf_printf(b, "%s, kept for ", what_is_wrong(item));
		add_days(b, rule->failed_days);
	} else {
		buf_printf(b, "New: nothing goes within %" PRId64 " hour%s", rule->min_age_hours,
		    rule->min_age_hours == 1 ? "" : "s");
	}
	add_end(b, ask, v);
}

static void
add_trashed(struct buf *b, const struct retain_ask *ask, const struct retain_item *item,
    const struct retain_verdict *v)
{
	buf_text(b, item->state == BACKUP_DELETED ? "Deleted" : "In the trash");
	if (item->state != BACKUP_DELETED)
		add_end(b, ask, v);
}

static void
add_until(struct buf *b, const struct retain_ask *ask, const struct retain_item *item)
{
	char date[NUM_TEXT];

	period_date(date, retain_local(ask, item->keep_until));
	buf_printf(b, "Kept until %s", date);
}

static void
add_stay(struct buf *b, const struct retain_ask *ask, const struct retain_item *item,
    const struct retain_verdict *v)
{
	enum retain_why why = retain_words_main(v);

	switch (why) {
	case WHY_STRANGER:
		buf_text(b, "Belongs to another environment");
		return;
	case WHY_BUILDING:
		buf_text(b, "Is being made");
		return;
	case WHY_TRASHED:
		add_trashed(b, ask, item, v);
		return;
	case WHY_FUTURE:
		buf_text(b, "Dated in the future: never counts and never goes");
		return;
	case WHY_CLOCK:
		buf_text(b, "Would go, but the clock jumped: nothing is deleted");
		return;
	case WHY_PINNED:
		buf_text(b, "Kept");
		return;
	case WHY_UNTIL:
		add_until(b, ask, item);
		return;
	case WHY_IN_USE:
		buf_text(b, "In use: a restore or a download needs it");
		return;
	case WHY_FOREVER:
		buf_text(b, "Kept");
		add_by(b, "", ask, item);
		buf_text(b, retain_keeps_of(ask, item) != NULL ? ", which keeps all"
		                                               : ": the rule keeps all");
		return;
	case WHY_DEMAND_STAYS:
		buf_text(b, "Kept: it was taken on demand");
		return;
	case WHY_NEWEST_GOOD:
	case WHY_NEWEST_ODD:
		add_newest(b, ask, v, why == WHY_NEWEST_ODD ? item : NULL);
		return;
	case WHY_LAST:
	case WHY_DAYS:
	case WHY_HOURLY:
	case WHY_DAILY:
	case WHY_WEEKLY:
	case WHY_MONTHLY:
	case WHY_YEARLY:
		add_rule_reason(b, ask, item, v);
		return;
	case WHY_DEMAND_DAYS:
	case WHY_DEMAND_LAST:
	case WHY_SAFETY:
	case WHY_FAILED:
	case WHY_YOUNG:
		add_other_reason(b, ask, item, v);
		return;
	case WHYS:
		break;
	}
}

/* -- why it goes -- */

static void
add_lower(struct buf *b, const char *sentence)
{
	buf_char(b, (char)(*sentence - 'A' + 'a'));
	buf_text(b, sentence + 1);
}

static void
add_and(struct buf *b, bool *first)
{
	buf_text(b, *first ? "" : " and ");
	*first = false;
}

static void
add_older(struct buf *b, bool *first, int64_t days)
{
	if (days == 0)
		return;
	add_and(b, first);
	buf_text(b, "older than ");
	add_days(b, days);
}

static void
add_not_among(struct buf *b, bool *first, int64_t n, const char *of)
{
	if (n == 0)
		return;
	add_and(b, first);
	if (n == 1)
		buf_printf(b, "not the newest one%s", of);
	else
		buf_printf(b, "not among the newest %" PRId64 "%s", n, of);
}

static void
add_not_needed(struct buf *b, struct arena *a, const struct retain_rule *rule)
{
	struct retain_rule periods = *rule;
	bool first = true, any = false;

	for (int p = 0; p < PERIODS; p++)
		any = any || rule->each[p] > 0;
	add_older(b, &first, rule->days);
	add_not_among(b, &first, rule->last, "");
	if (!any)
		return;
	periods.last = periods.days = 0;
	add_and(b, &first);
	buf_printf(b, "not needed for %s", retain_rule_words(a, &periods) + strlen("keeps "));
}

static void
add_go(struct buf *b, struct arena *a, const struct retain_ask *ask, const struct retain_item *item,
    const struct retain_verdict *v)
{
	const struct retain_rule *rule = ask->rule;
	bool first = true;
	char size[NUM_TEXT];

	buf_text(b, "Goes tonight: ");
	if (v->limit) {
		num_size(size, rule->max_total);
		buf_printf(b, "the oldest of more than %s", size);
	} else if (item->kind == BACKUP_SAFETY && item->state == BACKUP_READY &&
	    item->health != HEALTH_DAMAGED && item->health != HEALTH_MISSING) {
		buf_text(b, "a safety backup, ");
		add_older(b, &first, rule->safety_days);
	} else if (!retain_counts(item)) {
		add_lower(b, what_is_wrong(item));
		buf_text(b, ", and ");
		add_older(b, &first, rule->failed_days);
	} else if (item->kind != BACKUP_SCHEDULED && rule->demand == DEMAND_OWN) {
		add_older(b, &first, rule->demand_days);
		add_not_among(b, &first, rule->demand_last, " on demand");
	} else {
		add_not_needed(b, a, retain_rule_of(ask, item));
		add_by(b, ",", ask, item);
	}
}

char *
retain_words_row(struct arena *a, const struct retain_ask *ask, size_t i,
    const struct retain_verdict *v)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	if (v->go)
		add_go(&b, a, ask, &ask->items[i], v);
	else
		add_stay(&b, ask, &ask->items[i], v);
	return arena_dup(a, b.p);
}

/* -- in a few words -- */

static void
add_until_short(struct buf *b, const struct retain_ask *ask, const struct retain_verdict *v)
{
	char date[NUM_TEXT];
	int64_t day = last_day(ask, v);

	if (v->goes == GOES_WHEN_NEWER && !is_dated(ask, v) && v->goes_newer > 0) {
		buf_text(b, " until ");
		add_newer(b, v->goes_newer);
	}
	if ((v->goes != GOES_AT && v->goes != GOES_WHEN_NEWER) || !is_dated(ask, v))
		return;
	if (period_key(PERIOD_YEAR, day) == period_key(PERIOD_YEAR, retain_local(ask, ask->now)))
		period_short_date(date, day);
	else
		period_date(date, day);
	buf_printf(b, " until %s%s", date, v->goes == GOES_AT ? "" : " or longer");
}

char *
retain_words_short(struct arena *a, const struct retain_ask *ask, size_t i,
    const struct retain_verdict *v)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	enum retain_why why = retain_words_main(v);

	if (v->go)
		return arena_dup(a, "Goes tonight");
	if (why >= WHY_HOURLY && why <= WHY_YEARLY)
		buf_printf(&b, "Kept as %s", why_words[why]);
	else if (why == WHY_LAST || why == WHY_DAYS || why == WHY_DEMAND_DAYS)
		buf_text(&b, "Kept");
	else if (why == WHY_SAFETY)
		buf_text(&b, "Safety backup");
	else if (why == WHY_FAILED)
		buf_text(&b, what_is_wrong(&ask->items[i]));
	else if (why == WHY_YOUNG)
		buf_text(&b, "New");
	else if (why == WHY_TRASHED && v->goes == GOES_AT)
		buf_text(&b, "In the trash");
	else
		return retain_words_row(a, ask, i, v);
	add_until_short(&b, ask, v);
	return arena_dup(a, b.p);
}
