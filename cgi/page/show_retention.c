/* show_retention.c: a keep rule as a form, and the list that it judges. */
#include "cgi/page/show_retention.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cgi/page/mark.h"
#include "lib/model/retain_note.h"
#include "lib/model/retain_words.h"

/* Longer lists are cut: a page stays a page. */
enum { ROWS_MAX = 200 };

static const struct show_retention_field fields[] = {
	{ "keep_last", "last" }, { "keep_days", "days" }, { "hourly", "hourly" },
	{ "daily", "daily" }, { "weekly", "weekly" }, { "monthly", "monthly" },
	{ "yearly", "yearly" }, { "demand_days", "on-demand-days" },
	{ "demand_last", "on-demand-last" }, { "failed", "failed" }, { "safety", "safety" },
	{ "min_age", "min-age" }, { "min_good", "min-good" }, { "max_total", "max-total" },
};

const struct show_retention_field *
show_retention_fields(size_t *count)
{
	*count = sizeof fields / sizeof *fields;
	return fields;
}

/* What stands behind "word=" in the line of a rule; NULL when the word is not there. */
static char *
value_of(struct arena *a, const char *line, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = line; *at != '\0';) {
		size_t len = strcspn(at, " ");

		if (len > n && at[n] == '=' && memcmp(at, word, n) == 0)
			return arena_dupn(a, at + n + 1, len - n - 1);
		at += len;
		at += strspn(at, " ");
	}
	return NULL;
}

static void
set_demand(struct node *root, enum retain_demand demand)
{
	node_flag(root, "demand.stays", demand == DEMAND_STAYS);
	node_flag(root, "demand.own", demand == DEMAND_OWN);
	node_flag(root, "demand.together", demand == DEMAND_TOGETHER);
}

void
show_retention_form(struct page *p, struct arena *a, const struct retain_rule *rule,
    const char *choice)
{
	const char *line = retain_rule_text(a, rule);
	enum retain_preset preset;
	int64_t n;

	preset = retain_preset_of(&n, rule);
	if (choice == NULL)
		choice = preset == PRESETS ? "own" : retain_preset_name(preset);
	node_flag(p->root, arena_printf(a, "preset.%s", choice), true);
	node_int(p->root, "last_n.value", preset == PRESET_LAST ? n : 30);
	node_int(p->root, "days_n.value", preset == PRESET_DAYS ? n : 365);
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		node_set(p->root, arena_printf(a, "%s.value", fields[i].field),
		    value_of(a, line, fields[i].word));
	set_demand(p->root, rule->demand);
}

void
show_retention_rule(struct node *n, struct arena *a, const char *text)
{
	struct retain_rule rule;
	struct err why;

	if (retain_rule_parse(&rule, text, &why) != 0) {
		node_set(n, "words", why.text);
		return;
	}
	node_set(n, "words", retain_rule_words(a, &rule));
	node_set(n, "small_print", retain_rule_small_print(a, &rule));
}

static void
row(struct node *n, struct arena *a, const struct retention *r, size_t i, int64_t now)
{
	const struct retain_item *it = &r->ask.items[i];
	const struct retain_verdict *v = &r->result.verdicts[i];
	const struct backup b = { .state = it->state };

	mark_id(n, "id", NAME_BACKUP, it->id);
	node_setf(n, "href", "/b/b%" PRId64, it->id);
	page_time(n, "taken", it->taken_at, now);
	node_set(n, "kind", mark_kind(it->kind));
	if (it->stored_bytes > 0)
		page_size(n, "size", it->stored_bytes);
	mark_backup(n, &b);
	node_flag(n, "goes", v->go);
	node_set(n, "why", retain_words_row(a, &r->ask, i, v));
}

/* One environment: its list, without what lies in the trash already. */
static void
list(struct page *p, struct arena *a, const struct retention *r, int64_t now)
{
	size_t shown = 0, left = 0;

	for (size_t i = r->ask.count; i-- > 0;) {
		if (r->ask.items[i].state == BACKUP_TRASHED)
			continue;
		if (shown == ROWS_MAX) {
			left++;
			continue;
		}
		row(node_add(p->root, "rows"), a, r, i, now);
		shown++;
	}
	if (left > 0)
		mark_count(p->root, "rows_left", (int64_t)left);
}

static void
shares(struct page *p, const struct retention_impact *impact)
{
	for (size_t i = 0; i < impact->count; i++) {
		const struct retention_share *s = &impact->shares[i];
		struct node *n = node_add(p->root, "shares");

		node_setf(n, "label", "%s/%s", s->project_slug, s->environment_slug);
		node_setf(n, "href", "/p/%s/%s/retention", s->project_slug, s->environment_slug);
		mark_count(n, "goes", (int64_t)s->judged->result.go_count);
		page_size(n, "bytes", s->judged->result.go_bytes);
		page_size(n, "stays", s->judged->result.stay_bytes);
	}
}

/* The schedules that do not go by the rule of one environment. */
static void
apart(struct page *p, struct arena *a, const struct retain_ask *ask)
{
	for (size_t i = 0; i < ask->keeps_count; i++) {
		struct node *n = node_add(p->root, "apart");

		node_set(n, "name", ask->keeps[i].name);
		node_set(n, "words", retain_rule_words(a, ask->keeps[i].rule));
	}
}

void
show_retention_impact(struct page *p, struct arena *a, const struct retention_impact *impact,
    int64_t now)
{
	const struct retain_result sum = { .go_count = impact->go_count,
		.go_bytes = impact->go_bytes };

	node_set(p->root, "saving", retain_note_saving(a, &sum));
	node_set(p->root, "list", impact->list);
	node_setf(p->root, "go_count", "%zu", impact->go_count);
	shares(p, impact);
	for (size_t i = 0; i < impact->count; i++)
		if (impact->shares[i].judged->ask.keeps_count > 0)
			node_flag(p->root, "some_apart", true);
	if (impact->count != 1 || node_get(p->root, "of_environment") == NULL)
		return;
	list(p, a, impact->shares[0].judged, now);
	apart(p, a, &impact->shares[0].judged->ask);
	node_set(p->root, "zone", impact->shares[0].judged->zone);
	node_flag(p->root, "paused", impact->shares[0].judged->paused);
	node_set(p->root, "warning",
	    retain_note_warning(a, &impact->shares[0].judged->ask,
	        &impact->shares[0].judged->result));
}
