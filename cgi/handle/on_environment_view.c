/* on_environment_view.c: an environment at a glance: how safe, its year, its size. */
#include "cgi/handle/on_environment_view.h"

#include "cgi/handle/envpage.h"
#include "cgi/handle/find.h"
#include "cgi/page/chart.h"
#include "cgi/page/chart_line.h"
#include "cgi/page/mark.h"
#include "lib/model/calendar.h"

/* Whether, and by what, a service is backed up. */
static void
show_service(struct node *n, const struct stats_service *s, bool scheduled, int64_t now)
{
	node_set(n, "name", s->name);
	node_set(n, "slug", s->slug);
	node_set(n, "icon", s->media ? "media" : "database");
	page_time(n, "good", s->good_at, now);
	if (!s->known) {
		mark_state(n, "state", "Not backed up", "failed", "bad");
		node_setf(n, "why", "This program does not know the type %s.", s->engine);
	} else if (s->covered) {
		mark_state(n, "state", "On a schedule", "ok", "good");
	} else if (scheduled) {
		mark_state(n, "state", "Not backed up", "failed", "bad");
		node_set(n, "why", "No schedule takes it.");
	} else if (s->good_at == 0) {
		mark_state(n, "state", "Not backed up", "failed", "bad");
	} else {
		mark_state(n, "state", "On demand only", "warning", "warn");
	}
}

int
on_environment_view(struct reply *rp, struct request *rq, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	int64_t today = calendar_floor(rq->now, CALENDAR_DAY);
	struct environment v;
	struct chart_days d = { NULL, 0, 0 };
	struct stats_day *days;
	struct stats_size *sizes;
	struct stats_service *services;
	size_t size_count, service_count;
	bool scheduled = false;

	if (find_environment(&v, rq, e) != 0 ||
	    stats_days(&days, &d.count, rq->arena, rq->db, v.id,
	        today - CHART_CALENDAR_WEEKS * 7, e) != 0 ||
	    stats_sizes(&sizes, &size_count, rq->arena, rq->db, v.id, CHART_LINE_POINTS, e) != 0 ||
	    stats_services(&services, &service_count, rq->arena, rq->db, v.id, e) != 0 ||
	    envpage_begin(&p, rq, &v,
	        &(struct envpage){ "environment.cs", "Overview", "overview", true }, e) != 0)
		return -1;
	d.days = days;
	d.today = chart_today(days, d.count, rq->now);
	for (size_t i = 0; i < service_count; i++)
		scheduled = scheduled || services[i].covered;
	for (size_t i = 0; i < service_count; i++)
		show_service(node_add(p.root, "services"), &services[i], scheduled, rq->now);
	chart_calendar(node_at(p.root, "year"), &d);
	chart_line_sizes(node_at(p.root, "sizes"), rq->arena, sizes, size_count);
	return page_send(rp, rq, &p, e);
}
