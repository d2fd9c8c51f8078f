/* show_backups.c: the list of an environment's backups, and what is asked before many of them are
 * deleted. */
#include "cgi/page/show_backups.h"

#include <inttypes.h>
#include <string.h>

#include "cgi/page/mark.h"
#include "lib/util/url.h"

/* Is the service of that slug a folder of files? Services that are gone count as databases. */
static bool
is_media(const struct backups_view *view, const char *slug, size_t n)
{
	for (size_t i = 0; i < view->service_count; i++) {
		const struct service *s = &view->services[i];

		if (strlen(s->slug) == n && memcmp(s->slug, slug, n) == 0)
			return engine_is_media(s->engine);
	}
	return false;
}

/* "database, media" becomes one item per service, each with its icon. */
static void
contents(struct node *n, const struct backup *b, const struct backups_view *view)
{
	char slug[NAME_SLUG_MAX + 1];

	for (const char *at = b->contents; *at != '\0';) {
		size_t len = strcspn(at, ", ");
		struct node *item;

		if (len > 0 && len < sizeof slug) {
			memcpy(slug, at, len);
			slug[len] = '\0';
			item = node_add(n, "contents");
			node_set(item, "name", slug);
			node_set(item, "icon", is_media(view, slug, len) ? "media" : "database");
			node_set(item, "what", is_media(view, slug, len) ? "media" : "database");
		}
		at += len;
		at += strspn(at, ", ");
	}
}

void
show_backups_row(struct node *n, const struct backup *b, const struct backups_view *view)
{
	mark_id(n, "id", NAME_BACKUP, b->id);
	node_int(n, "number", b->id);
	node_setf(n, "href", "/b/b%" PRId64, b->id);
	page_time(n, "created", b->created_at, view->now);
	node_set(n, "kind", mark_kind(b->kind));
	mark_backup(n, b);
	if (b->copies_bad > 0 && b->state == BACKUP_READY)
		mark_count(n, "copies_bad", b->copies_bad);
	contents(n, b, view);
	if (b->finished_at > 0 && b->state != BACKUP_FAILED) {
		page_size(n, "size", b->stored_bytes);
		page_size(n, "raw", b->raw_bytes);
	}
	if (b->finished_at > 0 && b->started_at > 0)
		mark_duration(n, "duration", b->finished_at - b->started_at);
	mark_health(n, b, view->now);
	mark_tested(n, b, view->now);
	node_set(n, "obstacle", mark_obstacle(b));
	node_set(n, "note", *b->note == '\0' ? NULL : b->note);
	if (view->retention != NULL)
		node_set(n, "stays", retention_short(view->arena, view->retention, b->id));
	node_set(n, "by", b->requested_name);
	node_set(n, "suspicion",
	    b->state == BACKUP_READY && *b->suspicion != '\0' ? b->suspicion : NULL);
	node_set(n, "error", b->state == BACKUP_FAILED ? b->error : NULL);
	mark_frozen(n, b);
	node_flag(n, "keep", b->keep);
	node_flag(n, "ready", b->state == BACKUP_READY);
	node_flag(n, "building", b->state == BACKUP_BUILDING);
	node_flag(n, "trashed", b->state == BACKUP_TRASHED);
	node_flag(n, "deletable",
	    (b->state == BACKUP_READY || b->state == BACKUP_FAILED) && !b->keep);
	if (b->state == BACKUP_BUILDING && b->job != 0)
		node_setf(n, "job", "/j/j%" PRId64, b->job);
}

static void
choice(struct node *root, const char *list, const char *value, const char *text, bool on)
{
	struct node *n = node_add(root, list);

	node_set(n, "value", value);
	node_set(n, "text", text);
	node_flag(n, "on", on);
}

static void
filters(struct page *p, const struct backups_view *view)
{
	static const struct { enum backup_state state; const char *text;
	} states[] = {
		{ BACKUP_READY, "Ready" },
		{ BACKUP_BUILDING, "Queued or running" },
		{ BACKUP_FAILED, "Failed" },
		{ BACKUP_TRASHED, "In the trash" },
	};
	const struct backup_filter *f = view->filter;

	choice(p->root, "filter.kinds", "", "Any kind", f->kind < 0);
	for (int kind = 0; kind < BACKUP_KINDS; kind++)
		choice(p->root, "filter.kinds", backup_kind_name((enum backup_kind)kind),
		    mark_kind((enum backup_kind)kind), f->kind == kind);
	choice(p->root, "filter.states", "", "Any state", f->state < 0);
	for (size_t i = 0; i < sizeof states / sizeof *states; i++)
		choice(p->root, "filter.states", backup_state_name(states[i].state), states[i].text,
		    f->state == (int)states[i].state);
	choice(p->root, "filter.services", "", "Any service", f->service == 0);
	for (size_t i = 0; i < view->service_count; i++)
		choice(p->root, "filter.services", view->services[i].slug, view->services[i].name,
		    f->service == view->services[i].id);
	node_set(p->root, "filter.note", f->note);
	node_flag(p->root, "filter.on",
	    f->kind >= 0 || f->state >= 0 || f->service != 0 || *f->note != '\0');
	node_flag(p->root, "filter.trash", f->state == BACKUP_TRASHED);
}

/* The address of this list with the same filters, from the row behind `after` on (0: the newest);
 * service: "" where the path already has it. */
static char *
address(struct arena *a, const struct backups_view *view, const char *base, const char *service,
    int64_t after)
{
	const struct backup_filter *f = view->filter;
	CLEANUP_BUF struct buf text = BUF_INIT;
	char mark = '?';
	const struct { const char *name, *value; } words[] = {
		{ "kind", f->kind < 0 ? "" : backup_kind_name((enum backup_kind)f->kind) },
		{ "state", f->state < 0 ? "" : backup_state_name((enum backup_state)f->state) },
		{ "service", service },
		{ "q", f->note },
	};

	buf_text(&text, base);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (*words[i].value == '\0')
			continue;
		buf_printf(&text, "%c%s=%s", mark, words[i].name, url_encode(a, words[i].value));
		mark = '&';
	}
	if (after > 0)
		buf_printf(&text, "%cafter=%" PRId64, mark, after);
	return arena_dupn(a, text.p, text.n);
}

/* Where the same list is to be had as CSV: all of it, whatever page this is. */
static char *
csv_address(struct arena *a, const struct backups_view *view)
{
	const char *service = "";

	for (size_t i = 0; i < view->service_count; i++)
		if (view->services[i].id == view->filter->service)
			service = view->services[i].slug;
	return address(a, view,
	    arena_printf(a, "/p/%s/%s/backups.csv", view->environment->project_slug,
	        view->environment->slug), service, 0);
}

void
show_backups_list(struct page *p, struct arena *a, const struct backups_view *view)
{
	bool acts = false;

	for (size_t i = 0; i < view->count; i++) {
		const struct backup *b = &view->items[i];

		show_backups_row(node_add(p->root, "backups"), b, view);
		acts = acts || b->state == BACKUP_READY || b->state == BACKUP_TRASHED;
	}
	/* Some row has a button that belongs to the page's form. */
	node_flag(p->root, "acts", acts);
	filters(p, view);
	node_set(p->root, "base", view->base);
	node_flag(p->root, "first_page", view->filter->after == 0);
	if (view->more)
		node_set(p->root, "pager.older", address(a, view, view->base, view->service_slug,
		    view->items[view->count - 1].id));
	if (view->filter->after != 0)
		node_set(p->root, "pager.newer",
		    address(a, view, view->base, view->service_slug, 0));
	if (view->count > 0)
		node_set(p->root, "csv", csv_address(a, view));
	node_flag(p->root, "no_services", view->service_count == 0);
}
