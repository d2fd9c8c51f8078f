/* on_overview.c: the first page. */
#include "cgi/handle/on_overview.h"

#include <stdlib.h>
#include <string.h>

#include "cgi/handle/envpage.h"
#include "cgi/page/show_overview.h"
#include "lib/store/jobs.h"
#include "lib/store/outbox.h"
#include "lib/store/projects.h"

enum { JOBS_SHOWN = 20 };

/* Worst first, then by name. */
static int
worse(const void *left, const void *right)
{
	const struct environment_view *a = left, *b = right;
	int by_project;

	if (a->safety.state != b->safety.state)
		return a->safety.state < b->safety.state ? -1 : 1;
	by_project = strcmp(a->environment->project_slug, b->environment->project_slug);
	return by_project != 0 ? by_project : strcmp(a->environment->slug, b->environment->slug);
}

int
on_overview_get(struct reply *rp, struct request *rq, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	const struct job_filter unfinished = { .unfinished_only = true, .limit = JOBS_SHOWN };
	struct overview_view view = { .now = rq->now };
	struct environment_view *environments;
	struct job *jobs;
	struct storage *storages;
	struct event *events;

	if (envpage_environments(&environments, &view.environment_count, rq, 0, e) != 0 ||
	    jobs_list(&jobs, &view.job_count, rq->arena, rq->db, &unfinished, e) != 0 ||
	    storages_list(&storages, &view.storage_count, rq->arena, rq->db, e) != 0 ||
	    events_list(&events, &view.event_count, rq->arena, rq->db, 0, 0, e) != 0)
		return -1;
	qsort(environments, view.environment_count, sizeof *environments, worse);
	view.environments = environments;
	view.jobs = jobs;
	view.storages = storages;
	view.events = events;
	page_begin(&p, rq, "overview.cs", "Overview");
	if (envpage_worker(&p, rq, e) != 0)
		return -1;
	show_overview_page(&p, rq->arena, &view);
	return page_send(rp, rq, &p, e);
}
