/* show_restore_confirm.c: what a restore will change, before it is decided. */
#include "cgi/page/show_restore_confirm.h"

#include <inttypes.h>
#include <string.h>

#include "cgi/page/mark.h"
#include "cgi/page/show_job.h"
#include "cgi/page/show_restore.h"

enum { ROWS_FIRST = 20, ROWS_MAX = 500 };

/* Rows of one table on both sides; -1: it is not there. */
struct pair {
	const char *name;
	int64_t then, now;
};

/* Is a table within what was chosen? Lines are tables, with or without their schema. */
static bool
is_chosen(const char *choice, const char *table)
{
	const char *dot = strrchr(table, '.');

	if (*choice == '\0')
		return true;
	for (const char *at = choice; *at != '\0'; at += strspn(at, "\n")) {
		size_t n = strcspn(at, "\n");

		if ((strlen(table) == n && memcmp(at, table, n) == 0) ||
		    (dot != NULL && strlen(dot + 1) == n && memcmp(at, dot + 1, n) == 0))
			return true;
		at += n;
	}
	return false;
}

/* The next table of either list; false at the end of both. */
static bool
next_pair(struct pair *ret, const struct restore_change *c, size_t *i, size_t *j)
{
	int order;

	if (*i == c->then_count && *j == c->now_count)
		return false;
	if (*i == c->then_count)
		order = 1;
	else if (*j == c->now_count)
		order = -1;
	else
		order = strcmp(c->then[*i].name, c->now[*j].name);
	ret->name = order <= 0 ? c->then[*i].name : c->now[*j].name;
	ret->then = order <= 0 ? c->then[*i].rows : -1;
	ret->now = order >= 0 ? c->now[*j].rows : -1;
	*i += order <= 0;
	*j += order >= 0;
	return true;
}

static void
table_row(struct node *n, const struct pair *pair)
{
	node_set(n, "name", pair->name);
	if (pair->then >= 0)
		mark_count(n, "then", pair->then);
	if (pair->now >= 0)
		mark_count(n, "now", pair->now);
	if (pair->then == pair->now)
		return;
	if (pair->now < 0)
		mark_state(n, "state", "Comes", "plus", "busy");
	else if (pair->then < 0)
		mark_state(n, "state", "Not in the backup", "warning", "warn");
	else
		mark_state(n, "state", "Differs", "warning", "warn");
}

/* Tables side by side, those that differ before the others; the first twenty are shown at once. */
static void
tables(struct node *n, const struct restore_change *c)
{
	size_t shown = 0, all = 0, differing = 0;

	for (int same = 0; same < 2; same++) {
		struct pair pair = { "", -1, -1 };
		size_t i = 0, j = 0;

		while (next_pair(&pair, c, &i, &j)) {
			if (!is_chosen(c->part->choice, pair.name) ||
			    (pair.then == pair.now) != (same == 1))
				continue;
			all++;
			differing += same == 0;
			if (shown == ROWS_MAX)
				continue;
			table_row(node_add(n, shown < ROWS_FIRST ? "tables" : "more"), &pair);
			shown++;
		}
	}
	mark_count(n, "table_count", (int64_t)all);
	mark_count(n, "differing", (int64_t)differing);
	node_flag(n, "all_same", all > 0 && differing == 0);
	if (all > ROWS_FIRST)
		mark_count(n, "more_count", (int64_t)(all - ROWS_FIRST));
	if (all > shown)
		mark_count(n, "unshown", (int64_t)(all - shown));
}

static void
change_row(struct node *n, const struct restore_confirm_view *view, const struct restore_change *c)
{
	const struct restore_part *part = c->part;
	enum engine engine;
	bool media = engine_parse(&engine, part->engine) && engine_is_media(engine);

	show_restore_part(n, part, view->now);
	node_flag(n, "moved", c->moved);
	/* Into what it did not come from: nothing there is of this backup's line. */
	node_flag(n, "elsewhere", strcmp(part->source_slug, part->target_slug) != 0 ||
	        strcmp(view->restore->project_slug, view->restore->source_project_slug) != 0 ||
	        strcmp(view->restore->environment_slug,
	            view->restore->source_environment_slug) != 0);
	node_set(n, "refusal", *part->refusal == '\0' ? NULL : part->refusal);
	node_flag(n, "absent", restore_part_is_absent(part));
	if (!restore_part_is_absent(part))
		page_size(n, "target_size", part->target_bytes);
	page_time(n, "target_backed_up", part->target_backed_up, view->now);
	page_size(n, "needs", part->needs_bytes);
	if (part->has_bytes >= 0)
		page_size(n, "has", part->has_bytes);
	mark_duration(n, "age", view->now - part->taken_at);
	if (media) {
		mark_count(n, "added", part->added);
		mark_count(n, "changed", part->changed);
		mark_count(n, "removed", part->removed);
	} else {
		tables(n, c);
	}
}

/* The choices of the form, as they were sent or as they are at first. */
static void
choices(struct page *p, const struct restore_confirm_view *view)
{
	const struct environment *v = view->target;

	node_flag(p->root, "hooks.any", *v->hook_before != '\0' || *v->hook_after != '\0');
	node_set(p->root, "hooks.before", *v->hook_before == '\0' ? NULL : v->hook_before);
	node_set(p->root, "hooks.after", *v->hook_after == '\0' ? NULL : v->hook_after);
	node_flag(p->root, "hooks.on", view->hooks);
	node_flag(p->root, "safety.on", view->safety);
	node_flag(p->root, "real_data.on", view->real_data);
	node_flag(p->root, "consent.on", view->consent);
	node_set(p->root, "typed.value", view->typed);
	node_flag(p->root, "password.asked", view->ask_password);
	node_flag(p->root, "rules.missing", view->needs_rules);
	node_flag(p->root, "rules.may_sign_off", view->may_sign_off);
	node_flag(p->root, "rules.refused", view->needs_rules && !view->may_sign_off);
	node_setf(p->root, "rules.services", "/p/%s/%s/services", v->project_slug, v->slug);
}

void
show_restore_confirm_page(struct page *p, const struct restore_confirm_view *view)
{
	const struct restore *r = view->restore;
	bool moved = false;
	size_t absent = 0;

	show_restore_row(node_at(p->root, "restore"), r, view->now);
	node_setf(p->root, "target.label", "%s/%s", r->project_slug, r->environment_slug);
	node_flag(p->root, "target.live", view->target->kind == ENV_LIVE);
	node_flag(p->root, "looking", r->preview == PREVIEW_LOOKING &&
	    (view->job == NULL || !job_ended(view->job->state)));
	node_flag(p->root, "stopped", r->preview == PREVIEW_LOOKING && view->job != NULL &&
	    job_ended(view->job->state));
	node_flag(p->root, "refused", r->preview == PREVIEW_REFUSED);
	node_flag(p->root, "ok", r->preview == PREVIEW_OK);
	node_set(p->root, "refusal", *r->preview_text == '\0' ? NULL : r->preview_text);
	page_time(p->root, "looked", r->previewed_at, view->now);
	node_setf(p->root, "looked.ms", "%" PRId64, r->previewed_at);
	if (view->job != NULL)
		show_job_row(node_at(p->root, "job"), view->job, NULL, view->now);
	if (node_get(p->root, "looking") != NULL)
		node_set(p->root, "page.refresh", "5");
	for (size_t i = 0; i < view->count; i++) {
		change_row(node_add(p->root, "changes"), view, &view->changes[i]);
		moved = moved || view->changes[i].moved;
		absent += restore_part_is_absent(view->changes[i].part);
	}
	node_flag(p->root, "absent.some", absent > 0);
	node_flag(p->root, "absent.all", absent > 0 && absent == view->count);
	node_flag(p->root, "moved", moved);
	if (view->expected_ms > 0)
		mark_duration(p->root, "expected", view->expected_ms);
	node_set(p->root, "forecast", view->forecast);
	choices(p, view);
}
