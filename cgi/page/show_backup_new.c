/* show_backup_new.c: the form that asks for a backup. */
#include "cgi/page/show_backup_new.h"

#include <inttypes.h>

#include "cgi/page/mark.h"
#include "lib/base/num.h"

/* The group of an engine: its node is made when the first member comes. */
static struct node *
group(struct page *p, struct node **groups, bool media)
{
	if (groups[media] == NULL) {
		groups[media] = node_add(p->root, "groups");
		node_set(groups[media], "title", media ? "Media" : "Database");
		node_set(groups[media], "icon", media ? "media" : "database");
	}
	return groups[media];
}

static void
estimate(struct page *p, const struct backup_new_view *view)
{
	int64_t raw = 0, stored = 0;
	size_t unknown = 0;

	for (size_t i = 0; i < view->count; i++) {
		if (!view->choices[i].on)
			continue;
		raw += view->choices[i].raw_bytes;
		stored += view->choices[i].stored_bytes;
		unknown += view->choices[i].raw_bytes == 0;
	}
	if (raw == 0)
		return;
	page_size(p->root, "estimate.raw", raw);
	page_size(p->root, "estimate.stored", stored);
	node_flag(p->root, "estimate.partial", unknown > 0);
}

/* "about 20 s": nobody plans by milliseconds. */
static void
modes(struct page *p, const struct backup_new_view *view)
{
	const struct environment *v = view->environment;
	char usual[NUM_TEXT];

	node_setf(p->root, "settings", "/p/%s/%s/settings", v->project_slug, v->slug);
	if (*v->hook_freeze == '\0')
		return;
	node_flag(p->root, "mode.offered", true);
	node_flag(p->root, "mode.live", view->mode == MODE_LIVE);
	node_flag(p->root, "mode.consistent", view->mode == MODE_CONSISTENT);
	if (view->usual_ms > 0) {
		num_duration(usual, (view->usual_ms + 999) / 1000 * 1000);
		node_set(p->root, "mode.usual", usual);
	}
	if (view->window.opens <= view->now)
		return;
	node_set(p->root, "window.text", view->window.text);
	node_set(p->root, "window.zone", view->window.zone);
	node_flag(p->root, "window.anyway", view->anyway);
}

void
show_backup_new_form(struct page *p, const struct backup_new_view *view)
{
	struct node *groups[2] = { NULL, NULL };
	const struct environment *v = view->environment;

	/* Databases first, whatever the order of the services is. */
	for (int media = 0; media < 2; media++) {
		for (size_t i = 0; i < view->count; i++) {
			const struct backup_choice *c = &view->choices[i];
			struct node *n;

			if (engine_is_media(c->service->engine) != (media == 1))
				continue;
			n = node_add(group(p, groups, media == 1), "services");
			node_set(n, "slug", c->service->slug);
			node_set(n, "name", c->service->name);
			node_set(n, "engine", engine_title(c->service->engine));
			node_flag(n, "on", c->on);
			if (c->raw_bytes > 0)
				page_size(n, "last", c->raw_bytes);
			if (c->raw_bytes > 0 && media == 1)
				node_flag(p->root, "anew.offered", true);
			mark_check(n, c->service);
			node_setf(n, "href", "/p/%s/%s/services/%s", v->project_slug, v->slug,
			    c->service->slug);
		}
	}
	estimate(p, view);
	node_set(p->root, "keep_days.value", view->keep_days);
	modes(p, view);
	node_flag(p->root, "anew.on", view->anew);
	node_set(p->root, "note.value", view->note);
	node_int(p->root, "note.limit", NAME_NOTE_MAX);
	node_flag(p->root, "mail.on", view->mail);
	node_set(p->root, "mail.to", view->email);
	node_flag(p->root, "none", view->count == 0);
	node_setf(p->root, "base", "/p/%s/%s", v->project_slug, v->slug);
	if (view->busy != NULL) {
		mark_id(p->root, "busy.id", NAME_JOB, view->busy->id);
		node_setf(p->root, "busy.href", "/j/j%" PRId64, view->busy->id);
	}
}
