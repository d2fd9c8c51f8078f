/* on_overview.c: the first page. */
#include "cgi/handle/on_overview.h"

#include <stdlib.h>
#include <string.h>

#include "cgi/handle/envpage.h"
#include "cgi/page/chart.h"
#include "cgi/page/show_csv.h"
#include "cgi/page/show_overview.h"
#include "lib/model/calendar.h"
#include "lib/store/jobs.h"
#include "lib/store/outbox.h"

enum { JOBS_SHOWN = 20 };

/* Worst first; of the same state that which lasts longest, then by name. */
static int
worse(const void *left, const void *right)
{
	const struct stats_row *a = left, *b = right;
	int by_project;

	if (a->safety.state != b->safety.state)
		return a->safety.state < b->safety.state ? -1 : 1;
	if (safety_bad(a->safety.state) && a->safety.since != b->safety.since)
		return a->safety.since < b->safety.since ? -1 : 1;
	by_project = strcmp(a->environment.project_slug, b->environment.project_slug);
	return by_project != 0 ? by_project : strcmp(a->environment.slug, b->environment.slug);
}

/* All environments in the order of the page. */
static int
read_environments(struct stats_list *ret, const struct request *rq, struct err *e)
{
	if (envpage_environments(ret, rq, 0, e) != 0)
		return -1;
	qsort(ret->rows, ret->count, sizeof *ret->rows, worse);
	return 0;
}

/* The storages, each with what lay there in the last 30 days. */
static int
read_storages(struct overview_view *view, const struct request *rq, struct err *e)
{
	int64_t from = calendar_floor(rq->now, CALENDAR_DAY) - CHART_STRIP_DAYS;
	struct stats_storage *storages;
	struct overview_storage *out;
	struct stats_used *used;

	if (stats_storages(&storages, &view->storage_count, rq->arena, rq->db, e) != 0)
		return -1;
	out = arena_array(rq->arena, view->storage_count + 1, sizeof *out);
	for (size_t i = 0; i < view->storage_count; i++) {
		struct trend_point *points;

		if (stats_used_days(&used, &out[i].point_count, rq->arena, rq->db,
		        storages[i].storage.id, from, e) != 0)
			return -1;
		points = arena_array(rq->arena, out[i].point_count + 1, sizeof *points);
		for (size_t j = 0; j < out[i].point_count; j++)
			points[j] = (struct trend_point){ used[j].day, used[j].used_bytes };
		out[i].storage = &storages[i];
		out[i].points = points;
	}
	view->storages = out;
	return 0;
}

int
on_overview_get(struct reply *rp, struct request *rq, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	const struct job_filter unfinished = { .unfinished_only = true, .limit = JOBS_SHOWN };
	struct overview_view view = { .now = rq->now };
	struct stats_day *days;
	struct job *jobs;
	struct event *events;
	struct alarm *troubles;

	if (read_environments(&view.environments, rq, e) != 0 ||
	    stats_days(&days, &view.day_count, rq->arena, rq->db, 0,
	        calendar_floor(rq->now, CALENDAR_DAY) - CHART_STRIP_DAYS, e) != 0 ||
	    jobs_list(&jobs, &view.job_count, rq->arena, rq->db, &unfinished, e) != 0 ||
	    read_storages(&view, rq, e) != 0 ||
	    events_list(&events, &view.event_count, rq->arena, rq->db, 0, 0, e) != 0 ||
	    alarms_open_instance(&troubles, &view.trouble_count, rq->arena, rq->db, e) != 0)
		return -1;
	view.days = days;
	view.jobs = jobs;
	view.events = events;
	view.troubles = troubles;
	page_begin(&p, rq, "overview.cs", "Overview");
	if (envpage_worker(&p, rq, e) != 0)
		return -1;
	show_overview_page(&p, rq->arena, &view);
	return page_send(rp, rq, &p, e);
}

int
on_overview_csv(struct reply *rp, struct request *rq, struct err *e)
{
	struct stats_list all;

	if (read_environments(&all, rq, e) != 0)
		return -1;
	show_csv_begin(rp, "environments", rq->now);
	show_csv_environments_head(rp);
	for (size_t i = 0; i < all.count && show_csv_room(rp); i++)
		show_csv_environment(rp, rq->arena, &all.rows[i], rq->now);
	return 0;
}
