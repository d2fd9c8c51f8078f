/* schedpage.c: where a schedule is set, and what pages about schedules begin with. */
#include "cgi/handle/schedpage.h"

#include <inttypes.h>
#include <string.h>

#include "cgi/handle/envpage.h"
#include "cgi/handle/find.h"
#include "cgi/page/mark.h"
#include "cgi/page/show_schedule.h"
#include "lib/store/plans.h"
#include "lib/store/projects.h"

static void
fill_environment(struct spot *at, const struct request *rq)
{
	at->at.environment = at->in_environment = at->v.id;
	at->in_project = at->v.project;
	at->base = arena_printf(rq->arena, "/p/%s/%s", at->v.project_slug, at->v.slug);
	at->place = arena_printf(rq->arena, "%s/%s", at->v.project_slug, at->v.slug);
}

int
schedpage_environment(struct spot *ret, const struct request *rq, struct err *e)
{
	memset(ret, 0, sizeof *ret);
	if (find_environment(&ret->v, rq, e) != 0)
		return -1;
	fill_environment(ret, rq);
	return 0;
}

static void
fill_project(struct spot *at, const struct request *rq)
{
	at->at.project = at->in_project = at->project.id;
	at->base = arena_printf(rq->arena, "/p/%s/-", at->project.slug);
	at->place = at->project.slug;
}

int
schedpage_project(struct spot *ret, const struct request *rq, struct err *e)
{
	memset(ret, 0, sizeof *ret);
	if (find_project(&ret->project, rq, e) != 0)
		return -1;
	fill_project(ret, rq);
	return 0;
}

void
schedpage_instance(struct spot *ret)
{
	memset(ret, 0, sizeof *ret);
	ret->base = "";
	ret->place = "all projects";
}

static int
project_by_id(struct project *ret, const struct request *rq, int64_t id, struct err *e)
{
	struct project *all;
	size_t count;

	if (projects_list(&all, &count, rq->arena, rq->db, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (all[i].id == id) {
			*ret = all[i];
			return 0;
		}
	return err_set(e, ERR_NOT_FOUND, "there is no such project");
}

int
schedpage_find(struct schedule *ret, struct spot *at, const struct request *rq, struct err *e)
{
	int64_t id;

	if (!name_id_parse(&id, NAME_SCHEDULE, rq->args[0]))
		return err_set(e, ERR_NOT_FOUND, "there is no such schedule");
	if (schedules_by_id(ret, rq->arena, rq->db, id, e) != 0)
		return -1;
	schedpage_instance(at);
	if (ret->environment != 0) {
		if (environments_by_id(&at->v, rq->arena, rq->db, ret->environment, e) != 0)
			return -1;
		fill_environment(at, rq);
	} else if (ret->project != 0) {
		if (project_by_id(&at->project, rq, ret->project, e) != 0)
			return -1;
		fill_project(at, rq);
	}
	return 0;
}

int
schedpage_begin(struct page *p, const struct request *rq, const struct spot *at,
    const struct schedpage *f, struct err *e)
{
	const char *list = arena_printf(rq->arena, "%s/schedule", at->base);

	if (at->at.environment != 0) {
		if (envpage_begin(p, rq, &at->v,
		        &(struct envpage){ f->template, f->title, "schedule", f->crumb == NULL },
		        e) != 0)
			return -1;
	} else {
		page_begin(p, rq, f->template,
		    arena_printf(rq->arena, "%s %s %s", f->title,
		        f->crumb == NULL ? "of" : "for", at->place));
		if (at->at.project != 0) {
			page_crumb(p, "Projects", "/projects");
			page_crumb(p, at->project.slug,
			    arena_printf(rq->arena, "/p/%s", at->project.slug));
		}
		page_crumb(p, "Schedule", f->crumb == NULL ? NULL : list);
		if (envpage_worker(p, rq, e) != 0)
			return -1;
	}
	if (f->crumb != NULL) {
		if (at->at.environment != 0)
			page_crumb(p, "Schedule", list);
		page_crumb(p, f->crumb, NULL);
	}
	node_set(p->root, "base", at->base);
	node_set(p->root, "place", at->place);
	return 0;
}

/* They are there, and none of them is on. */
static void
all_off(struct node *n, const struct schedule_plan *plans, size_t count, int64_t now)
{
	const struct schedule *last = &plans[0].schedule;

	for (size_t i = 0; i < count; i++) {
		if (plans[i].schedule.enabled)
			return;
		if (plans[i].schedule.off_at > last->off_at)
			last = &plans[i].schedule;
	}
	page_time(n, "off.at", last->off_at, now);
	node_set(n, "off.by", last->off_name);
	/* One that holds for others too is not turned on from here. */
	node_flag(n, "off.inherited", last->environment == 0);
	node_setf(n, "off.href", "/s/s%" PRId64 "/switch", last->id);
}

int
schedpage_next(struct page *p, const struct request *rq, const struct environment *v,
    struct err *e)
{
	struct zoneset set = { .arena = rq->arena };
	struct node *n = node_at(p->root, "sched");
	const struct schedule_plan *first = NULL;
	struct schedule_plan *plans;
	int64_t earliest = 0, next;
	struct zone *zone;
	size_t count;

	if (plans_list(&plans, &count, rq->arena, rq->db, v->id, e) != 0)
		return -1;
	node_setf(n, "href", "/p/%s/%s/schedule", v->project_slug, v->slug);
	node_flag(n, "none", count == 0);
	for (size_t i = 0; i < count; i++) {
		next = show_schedule_next(&set, &plans[i], rq->now);
		if (next != 0 && (earliest == 0 || next < earliest)) {
			earliest = next;
			first = &plans[i];
		}
	}
	if (count > 0)
		all_off(n, plans, count, rq->now);
	if (first == NULL)
		return 0;
	zone = zoneset_any(&set, first->zone);
	show_schedule_moment(n, "next", zone, earliest, rq->now);
	show_schedule_item(node_at(n, "by"), rq->arena, &first->schedule, first->zone, rq->now);
	return 0;
}
