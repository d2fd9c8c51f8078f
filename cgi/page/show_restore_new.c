/* show_restore_new.c: asking for a restore: what, and where. */
#include "cgi/page/show_restore_new.h"

#include <inttypes.h>
#include <string.h>

#include "cgi/page/mark.h"
#include "cgi/page/show_backup.h"

enum { TABLES_SHOWN = 100 };

/* The engine in the words of people, also one that this version does not know. */
static const char *
title_of(const char *name)
{
	enum engine engine;

	return engine_parse(&engine, name) ? engine_title(engine) : name;
}

static bool
is_media(const char *name)
{
	enum engine engine;

	return engine_parse(&engine, name) && engine_is_media(engine);
}

const char *
show_restore_new_misfit(struct arena *a, const struct part *part, const struct service *service)
{
	if (strcmp(part->engine, engine_name(service->engine)) == 0)
		return NULL;
	return arena_printf(a, "%s into %s does not fit; prepare a download instead",
	    title_of(part->engine), engine_title(service->engine));
}

static void
pick_row(struct node *n, const struct restore_pick *pick)
{
	const struct part *part = pick->part;
	bool media = is_media(part->engine);

	node_int(n, "id", part->id);
	node_set(n, "name", part->service_name);
	node_set(n, "engine", title_of(part->engine));
	node_set(n, "icon", media ? "media" : "database");
	node_flag(n, "media", media);
	page_size(n, "size", backup_part_bytes(part));
	if (media)
		mark_count(n, "items", part->items);
	node_flag(n, "on", pick->on);
	node_flag(n, "only", pick->only);
	node_set(n, "choice", pick->choice);
	node_set(n, "error", pick->choice_error);
	for (size_t i = 0; i < pick->table_count && i < TABLES_SHOWN; i++) {
		struct node *row = node_add(n, "tables");

		node_set(row, "name", pick->tables[i].name);
		mark_count(row, "rows", pick->tables[i].rows);
	}
	if (pick->table_count > 0)
		mark_count(n, "table_count", (int64_t)pick->table_count);
	if (pick->table_count > TABLES_SHOWN)
		mark_count(n, "tables_more", (int64_t)pick->table_count - TABLES_SHOWN);
}

static void
begin(struct page *p, const struct restore_new_view *view)
{
	show_backup_short(node_at(p->root, "backup"), view->backup, view->now);
	node_setf(p->root, "source", "%s/%s", view->source->project_slug, view->source->slug);
}

void
show_restore_new_what(struct page *p, const struct restore_new_view *view)
{
	begin(p, view);
	node_set(p->root, "obstacle", mark_obstacle(view->backup));
	for (size_t i = 0; i < view->count; i++)
		pick_row(node_add(p->root, "picks"), &view->picks[i]);
}

/* Every environment, the live ones greyed for whoever may not restore into them. */
static void
places(struct page *p, const struct restore_new_view *view)
{
	for (size_t i = 0; i < view->place_count; i++) {
		const struct environment *v = &view->places[i];
		struct node *n;

		if (v->id == view->source->id)
			continue;
		n = node_add(p->root, "places");
		node_int(n, "id", v->id);
		node_setf(n, "label", "%s/%s", v->project_slug, v->slug);
		node_flag(n, "on", view->target != NULL && view->target->id == v->id);
		if (v->kind == ENV_LIVE && !view->may_live)
			node_set(n, "why", "live: an administrator may");
	}
}

/* The services that one part could go into, and those that it cannot, with the reason. */
static void
landing(struct node *n, const struct restore_pick *pick, const struct restore_new_view *view,
    struct arena *a)
{
	bool fits = false;

	node_int(n, "id", pick->part->id);
	node_set(n, "name", pick->part->service_name);
	node_set(n, "icon", is_media(pick->part->engine) ? "media" : "database");
	page_size(n, "size", backup_part_bytes(pick->part));
	node_set(n, "error", pick->service_error);
	for (size_t i = 0; i < view->service_count; i++) {
		const struct service *s = &view->services[i];
		const char *misfit = show_restore_new_misfit(a, pick->part, s);
		struct node *o;

		/* What lies beside a service is reached by switching. */
		if (s->made_by != 0)
			continue;
		o = node_add(n, "services");
		node_int(o, "id", s->id);
		node_set(o, "name", s->name);
		node_set(o, "why", misfit);
		node_flag(o, "on", misfit == NULL && s->id == pick->service);
		fits = fits || misfit == NULL;
	}
	node_flag(n, "nowhere", !fits);
}

static void
target(struct page *p, const struct restore_new_view *view, struct arena *a)
{
	bool postgresql = false;

	node_int(p->root, "target.id", view->target->id);
	node_setf(p->root, "target.label", "%s/%s", view->target->project_slug,
	    view->target->slug);
	node_setf(p->root, "target.services", "/p/%s/%s/services", view->target->project_slug,
	    view->target->slug);
	node_flag(p->root, "target.live", view->target->kind == ENV_LIVE);
	for (size_t i = 0; i < view->count; i++) {
		if (!view->picks[i].on)
			continue;
		landing(node_add(p->root, "landings"), &view->picks[i], view, a);
		postgresql = postgresql ||
		    strcmp(view->picks[i].part->engine, engine_name(ENGINE_POSTGRESQL)) == 0;
	}
	node_flag(p->root, "postgresql", postgresql);
	node_flag(p->root, "replace", view->mode == RESTORE_REPLACE);
	node_flag(p->root, "add", view->mode == RESTORE_ADD);
	node_flag(p->root, "new", view->mode == RESTORE_NEW);
	node_flag(p->root, "owners.on", view->owners);
}

void
show_restore_new_where(struct page *p, const struct restore_new_view *view, struct arena *a)
{
	begin(p, view);
	for (size_t i = 0; i < view->count; i++) {
		if (view->picks[i].on)
			pick_row(node_add(p->root, "picks"), &view->picks[i]);
	}
	node_flag(p->root, "same.on", strcmp(view->place, "same") == 0);
	node_flag(p->root, "other.on", strcmp(view->place, "other") == 0);
	node_flag(p->root, "same.may", view->source->kind != ENV_LIVE || view->may_live);
	places(p, view);
	if (view->target != NULL)
		target(p, view, a);
}
