/* show_compare.c: what changed from one backup to another, in files and in tables. */
#include "cgi/page/show_compare.h"

#include <inttypes.h>
#include <string.h>

#include "cgi/page/mark.h"
#include "cgi/page/show_backup.h"
#include "lib/base/num.h"
#include "lib/util/url.h"

enum { TABLES_SHOWN = 500 };

const struct part *
show_compare_part(const struct compare_part *p)
{
	return p->newer != NULL ? p->newer : p->older;
}

bool
show_compare_has_files(const struct compare_part *p)
{
	return show_compare_part(p)->manifest.key[0] != '\0';
}

/* base: "compare" or "compare/fragment"; the rest is the place on the page, without its kind. */
static char *
address(struct arena *a, const struct compare_view *view, const char *base)
{
	return arena_printf(a, "/b/b%" PRId64 "/%s?with=b%" PRId64 "&part=%s&order=%s",
	    view->asked->id, base, view->other->id,
	    view->part != NULL ? url_encode(a, show_compare_part(view->part)->service_slug) : "",
	    view->at->by_growth ? "size" : "path");
}

static char *
of_kind(struct arena *a, const struct compare_view *view, int kind)
{
	return arena_printf(a, "%s&kind=%s", address(a, view, "compare"),
	    kind < 0 ? "all" : compare_kind_name((enum compare_kind)kind));
}

/* "+1.2 MB" */
static void
growth(struct node *n, const char *name, int64_t bytes)
{
	char text[NUM_TEXT];

	num_size(text, bytes < 0 ? -bytes : bytes);
	node_setf(n, name, "%s%s", bytes < 0 ? "\xe2\x88\x92" : "+", text);
}

static void
totals(struct node *n, struct arena *a, const struct compare_view *view)
{
	static const char *const words[COMPARE_KINDS] = {
		[COMPARE_ADDED] = "added", [COMPARE_REMOVED] = "removed",
		[COMPARE_CHANGED] = "changed", [COMPARE_TOUCHED] = "with only another time",
	};
	int64_t different = 0;

	for (int i = 0; i < COMPARE_KINDS; i++) {
		const struct compare_total *t = &view->totals->of[i];
		struct node *row = node_add(n, "totals");
		char size[NUM_TEXT];

		different += t->count;
		mark_count(row, "count", t->count);
		node_set(row, "text", words[i]);
		if (t->count > 0)
			node_set(row, "href", of_kind(a, view, i));
		num_size(size, i == COMPARE_ADDED ? t->after : t->before);
		if (i == COMPARE_CHANGED && t->count > 0)
			growth(row, "size", t->after - t->before);
		else if (i != COMPARE_TOUCHED && t->count > 0)
			node_set(row, "size", size);
	}
	mark_count(n, "same", view->totals->same);
	node_flag(n, "equal", different == 0);
}

static const char *
type_word(enum listing_type type)
{
	static const char *const words[LISTING_TYPES] = {
		[LISTING_FOLDER] = "folder", [LISTING_FILE] = "file", [LISTING_LINK] = "link",
	};

	return type < LISTING_TYPES ? words[type] : "?";
}

static void
change_row(struct node *n, const struct compare_change *c)
{
	static const struct {
		const char *word, *icon, *tone;
	} marks[COMPARE_KINDS] = {
		[COMPARE_ADDED] = { "Added", "plus", "good" },
		[COMPARE_REMOVED] = { "Removed", "trash", "bad" },
		[COMPARE_CHANGED] = { "Changed", "note", "busy" },
		[COMPARE_TOUCHED] = { "Other time", "queued", "idle" },
	};
	bool was = c->kind != COMPARE_ADDED, is = c->kind != COMPARE_REMOVED;
	bool retyped = was && is && c->before.type != c->after.type;

	if (c->kind >= COMPARE_KINDS)
		return;
	mark_state(n, "state", marks[c->kind].word, marks[c->kind].icon, marks[c->kind].tone);
	node_set(n, "name", c->path);
	node_flag(n, "folder", (is ? c->after.type : c->before.type) == LISTING_FOLDER);
	if (was && c->before.type == LISTING_FILE)
		page_size(n, "before", c->before.size);
	if (is && c->after.type == LISTING_FILE)
		page_size(n, "after", c->after.size);
	node_flag(n, "resized", was && is && c->before.size != c->after.size);
	if (retyped)
		node_setf(n, "type", "%s \xe2\x86\x92 %s", type_word(c->before.type),
		    type_word(c->after.type));
	node_flag(n, "content", c->content && !retyped && c->after.type == LISTING_FILE);
	node_flag(n, "target", c->content && !retyped && c->after.type == LISTING_LINK);
	if (was && is && !retyped && c->before.mode != c->after.mode)
		node_setf(n, "mode", "%04o \xe2\x86\x92 %04o", c->before.mode, c->after.mode);
}

static void
option(struct node *n, const char *name, const char *value, const char *text, bool on)
{
	struct node *o = node_add(n, name);

	node_set(o, "value", value);
	node_set(o, "text", text);
	node_flag(o, "on", on);
}

static void
changes(struct node *n, struct arena *a, const struct compare_view *view)
{
	static const char *const words[COMPARE_KINDS] = {
		[COMPARE_ADDED] = "Added", [COMPARE_REMOVED] = "Removed",
		[COMPARE_CHANGED] = "Changed", [COMPARE_TOUCHED] = "Only another time",
	};
	const struct compare_page *at = view->at;
	const char *here = arena_printf(a, "%s&q=%s", of_kind(a, view, at->kind),
	    url_encode(a, at->search));

	totals(n, a, view);
	option(n, "kinds", "all", "All changes", at->kind < 0);
	for (int i = 0; i < COMPARE_KINDS; i++)
		option(n, "kinds", compare_kind_name((enum compare_kind)i), words[i],
		    at->kind == i);
	option(n, "orders", "path", "Name", !at->by_growth);
	option(n, "orders", "size", "Change of size", at->by_growth);
	node_set(n, "search", at->search);
	node_flag(n, "narrowed", at->kind >= 0 || *at->search != '\0');
	for (size_t i = 0; i < view->count; i++)
		change_row(node_add(n, "changes"), &view->changes[i]);
	if (*at->after != '\0')
		node_set(n, "first", here);
	if (view->more)
		node_setf(n, "next", "%s&after=%s", here,
		    url_encode(a, view->changes[view->count - 1].path));
}

/* The state of the work: waiting, going on, or why it failed. */
static void
working(struct node *n, struct arena *a, const struct compare_view *view)
{
	mark_id(n, "job.id", NAME_JOB, view->job->id);
	node_setf(n, "job.href", "/j/j%" PRId64, view->job->id);
	node_flag(n, "failed", job_ended(view->job->state));
	node_set(n, "error", view->job->state == JOB_CANCELLED ? "it was cancelled"
	                                                    : view->job->error);
	node_flag(n, "working", !job_ended(view->job->state));
	node_set(n, "poll", address(a, view, "compare/fragment"));
}

static void
table_row(struct node *n, const struct table_count *before, const struct table_count *after)
{
	node_set(n, "name", after != NULL ? after->name : before->name);
	if (before == NULL)
		mark_state(n, "state", "Added", "plus", "good");
	else if (after == NULL)
		mark_state(n, "state", "Removed", "trash", "bad");
	else
		mark_state(n, "state", "Changed", "note", "busy");
	if (before != NULL)
		mark_count(n, "before", before->rows);
	if (after != NULL)
		mark_count(n, "after", after->rows);
}

/* Both lists of tables go by name. */
static void
database(struct node *n, const struct compare_part *p)
{
	int64_t same = 0, different = 0;

	node_set(n, "name", show_compare_part(p)->service_name);
	page_size(n, "before", backup_part_bytes(p->older));
	page_size(n, "after", backup_part_bytes(p->newer));
	node_flag(n, "counted", p->before_count > 0 && p->after_count > 0);
	for (size_t i = 0, k = 0; i < p->before_count || k < p->after_count;) {
		const struct table_count *was = i < p->before_count ? &p->before[i] : NULL;
		const struct table_count *is = k < p->after_count ? &p->after[k] : NULL;
		int order = was == NULL ? 1 : is == NULL ? -1 : strcmp(was->name, is->name);

		i += order <= 0;
		k += order >= 0;
		if (order == 0 && was->rows == is->rows)
			same++;
		else if (different++ < TABLES_SHOWN)
			table_row(node_add(n, "tables"), order <= 0 ? was : NULL,
			    order >= 0 ? is : NULL);
	}
	mark_count(n, "same", same);
	if (different > TABLES_SHOWN)
		mark_count(n, "more", different - TABLES_SHOWN);
}

/* "b100, 20 Nov 2026, 02:00, before the upgrade", as a choice. */
static void
candidate(struct node *n, const struct compare_view *view, const struct backup *b)
{
	node_setf(n, "value", "b%" PRId64, b->id);
	page_time(n, "created", b->created_at, view->now);
	node_set(n, "note", *b->note != '\0' ? b->note : NULL);
	if (b->environment != view->asked->environment)
		node_setf(n, "place", "%s/%s", b->project_slug, b->environment_slug);
	node_flag(n, "on", view->other != NULL && b->id == view->other->id);
}

static void
parts(struct page *p, struct arena *a, const struct compare_view *view)
{
	struct node *n = node_at(p->root, "compare");

	for (size_t i = 0; i < view->part_count; i++) {
		const struct compare_part *part = &view->parts[i];
		const char *name = show_compare_part(part)->service_name;

		if (part->older == NULL)
			node_set(node_add(n, "only_newer"), "name", name);
		else if (part->newer == NULL)
			node_set(node_add(n, "only_older"), "name", name);
		else if (!show_compare_has_files(part))
			database(node_add(p->root, "databases"), part);
		else {
			struct node *tab = node_add(n, "parts");

			node_set(tab, "name", name);
			node_setf(tab, "href", "/b/b%" PRId64 "/compare?with=b%" PRId64 "&part=%s",
			    view->asked->id, view->other->id,
			    url_encode(a, show_compare_part(part)->service_slug));
			node_flag(tab, "current", part == view->part);
		}
	}
	node_flag(n, "several", node_get(n, "parts.1.name") != NULL);
}

void
show_compare_page(struct page *p, struct arena *a, const struct compare_view *view)
{
	struct node *n = node_at(p->root, "compare");

	show_backup_short(node_at(p->root, "backup"), view->asked, view->now);
	for (size_t i = 0; i < view->candidate_count; i++)
		candidate(node_add(n, "candidates"), view, &view->candidates[i]);
	if (view->other == NULL)
		return;
	show_backup_short(node_at(p->root, "older"), view->older, view->now);
	show_backup_short(node_at(p->root, "newer"), view->newer, view->now);
	node_setf(n, "with", "b%" PRId64, view->other->id);
	for (int i = 0; i < 2; i++) {
		const struct backup *b = i == 0 ? view->older : view->newer;

		if (b->state == BACKUP_READY)
			continue;
		node_setf(n, "unready", "b%" PRId64, b->id);
		node_set(n, "obstacle", mark_obstacle(b));
		return;
	}
	parts(p, a, view);
	if (view->part == NULL)
		return;
	node_set(n, "part", show_compare_part(view->part)->service_slug);
	node_set(n, "name", show_compare_part(view->part)->service_name);
	node_set(n, "here", address(a, view, "compare"));
	if (view->job != NULL)
		working(n, a, view);
	else
		changes(n, a, view);
}
