/* show_policies.c: policies in words. */
#include "cgi/page/show_policies.h"

#include <string.h>

#include "lib/model/retain_note.h"
#include "lib/model/retain_rule.h"

static const struct {
	const char *title, *hint, *unit;
	const char *none;             /* what an empty value or 0 means */
} words[POLICY_KEYS] = {
	[POLICY_ZONE] = { "Time zone",
	    "Days are counted, and schedules run, by its clock: Europe/Zurich", "", NULL },
	[POLICY_RETENTION] = { "Retention", "Which backups stay, and how long", "", NULL },
	[POLICY_TRASH_DAYS] = { "Days in the trash",
	    "1 to 90: so long what was deleted can be put back. A shorter time holds at once, also"
	    " for what lies there now; then the number of what goes is to be typed", "days", NULL },
	[POLICY_RPO_HOURS] = { "Oldest newest backup",
	    "Hours: an alarm when the newest good backup is older. 0: by the schedule", "hours",
	    "by the schedule" },
	[POLICY_RTO_MINUTES] = { "Longest restore",
	    "Minutes: an alarm when a restore is expected to take longer. 0: none", "minutes",
	    "no limit" },
	[POLICY_VERIFY_DAYS] = { "Verify at least every",
	    "1 to 365 days: every stored part is read again within this time", "days", NULL },
	[POLICY_TEST_DAYS] = { "Test restores at least every",
	    "Days: each service is restored into a scratch place as often. 0: never", "days",
	    "never" },
	[POLICY_WINDOW] = { "Window for consistent backups",
	    "Local time, as 01:00-05:00. Empty: any time", "", "any time" },
	[POLICY_FREEZE_SECONDS] = { "Longest freeze",
	    "1 to 600 seconds: so long an application is held at most", "seconds", NULL },
	[POLICY_STORAGE] = { "Storage", "Where new backups go", "", "the first one" },
	[POLICY_DOWNLOADS] = { "Downloads",
	    "Whether backups may be prepared for download and fetched", "", NULL },
	[POLICY_COPIES] = { "Copies",
	    "Each new backup is also copied there as soon as it is ready", "", "none" },
	[POLICY_FULL_DAYS] = { "Store files anew after",
	    "Days: then a backup of files stores all of them again, also what has not changed. 0:"
	    " never; each backup is a full one either way", "days", "never" },
};

/* A value for people: "7 days", "any time", "keeps 7 daily". */
static const char *
in_words(struct arena *a, enum policy_key key, const char *value)
{
	struct retain_rule rule;
	struct err why;

	if (key == POLICY_RETENTION && retain_rule_parse(&rule, value, &why) == 0)
		return retain_rule_words(a, &rule);
	if (words[key].none != NULL && (*value == '\0' || strcmp(value, "0") == 0))
		return words[key].none;
	if (key == POLICY_COPIES)
		return policy_list_words(a, value);
	return *words[key].unit == '\0' ? value
	                                : arena_printf(a, "%s %s", value, words[key].unit);
}

static void
option(struct node *n, const char *value, const char *text, const char *now)
{
	struct node *o = node_add(n, "options");

	node_set(o, "value", value);
	node_set(o, "text", text);
	node_flag(o, "on", strcmp(value, now) == 0);
}

/* A box for each storage. */
static void
boxes(struct node *n, const struct policies_view *view, const char *now)
{
	for (size_t i = 0; i < view->storage_count; i++) {
		struct node *box = node_add(n, "boxes");

		node_set(box, "value", view->storages[i].slug);
		node_flag(box, "on", policy_list_has(now, view->storages[i].slug));
	}
}

static void
options(struct node *n, const struct policies_view *view, const char *now)
{
	if (view->key == POLICY_DOWNLOADS) {
		option(n, "allowed", "Allowed", now);
		option(n, "forbidden", "Forbidden", now);
	}
	if (view->key != POLICY_STORAGE)
		return;
	option(n, "", "The first one", now);
	for (size_t i = 0; i < view->storage_count; i++)
		option(n, view->storages[i].slug, view->storages[i].slug, now);
}

static void
impact(struct node *n, struct arena *a, const struct policies_view *view)
{
	const struct trash_impact *i = view->impact;

	if (i == NULL)
		return;
	node_flag(n, "looked", true);
	node_set(n, "saving", retain_note_purging(a, i->count, i->bytes, view->inherit));
	node_set(n, "list", i->list);
	node_setf(n, "go_count", "%zu", i->count);
}

void
show_policies_row(struct node *n, struct arena *a, const struct policies_view *view)
{
	const struct policy *own = &view->pair.own, *above = &view->pair.inherited;
	const char *value = view->typed != NULL ? view->typed
	    : own->value != NULL                ? own->value
	                                        : above->value;

	node_set(n, "name", policy_key_name(view->key));
	node_set(n, "title", words[view->key].title);
	node_set(n, "hint", words[view->key].hint);
	node_set(n, "value", value);
	node_set(n, "error", view->wrong);
	node_flag(n, "retention", view->key == POLICY_RETENTION);
	if (own->value != NULL)
		node_set(n, "own", in_words(a, view->key, own->value));
	node_set(n, "inherited", in_words(a, view->key, above->value));
	node_set(n, "origin", view->origin);
	options(n, view, value);
	if (view->key == POLICY_COPIES)
		boxes(n, view, value);
	node_flag(n, "looks", view->key == POLICY_TRASH_DAYS);
	impact(n, a, view);
}
