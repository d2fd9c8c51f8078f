/* show_overview.c: "am I safe?" on one page. */
#include "cgi/page/show_overview.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cgi/page/chart.h"
#include "cgi/page/mark.h"
#include "cgi/page/show_activity.h"
#include "cgi/page/show_job.h"
#include "cgi/page/show_project.h"
#include "lib/base/num.h"
#include "lib/model/calendar.h"

enum { EVENTS_SHOWN = 10, WEEK_DAYS = 7 };

/* What the environments and jobs add up to. */
struct sums {
	size_t states[SAFETY_STATES];
	size_t running, queued;
	int64_t uncovered;                     /* services that no schedule takes */
	const struct stats_row *latest;        /* with the newest good backup of all */
	const struct stats_row *next;          /* with the next run of all */
};

static void
add_environment(struct sums *s, const struct stats_row *r, int64_t now)
{
	const struct safety_facts *f = &r->facts;

	s->states[r->safety.state]++;
	if (f->good != 0 && (s->latest == NULL || f->good_at > s->latest->facts.good_at))
		s->latest = r;
	if (f->paused)
		return;
	if (f->schedules_on > 0)
		s->uncovered += f->uncovered_count;
	if (f->schedules_on > 0 && f->next_at > now &&
	    (s->next == NULL || f->next_at < s->next->facts.next_at))
		s->next = r;
}

static struct sums
add_up(const struct overview_view *view)
{
	struct sums s = { .running = 0 };

	for (size_t i = 0; i < view->environments.count; i++)
		add_environment(&s, &view->environments.rows[i], view->now);
	for (size_t i = 0; i < view->job_count; i++) {
		s.running += view->jobs[i].state == JOB_RUNNING;
		s.queued += view->jobs[i].state == JOB_QUEUED;
	}
	return s;
}

static void
count(struct node *root, size_t n, const char *one, const char *many)
{
	if (n > 0)
		node_setf(node_add(root, "counts"), "text", "%zu %s", n, n == 1 ? one : many);
}

/* The sentence of the worst state there is. */
static void
sentence(struct node *n, struct arena *a, const struct sums *s, size_t troubles)
{
	size_t none = s->states[SAFETY_NONE];

	if (s->states[SAFETY_AT_RISK] + s->states[SAFETY_SUSPICIOUS] > 0)
		mark_state(n, "state", "A backup needs attention", "failed", "bad");
	else if (s->states[SAFETY_LATE] > 0)
		mark_state(n, "state", "A backup is late", "warning", "warn");
	else if (none > 0 && s->latest != NULL)
		mark_state(n, "state", arena_printf(a, none == 1
		    ? "%zu environment has no backup yet"
		    : "%zu environments have no backup yet", none), "warning", "warn");
	else if (none > 0)
		mark_state(n, "state", "Waiting for a first backup", "warning", "warn");
	else if (troubles > 0)
		mark_state(n, "state", "Backed up, but something needs attention", "warning",
		    "warn");
	else if (s->states[SAFETY_UNSCHEDULED] > 0 && s->states[SAFETY_PROTECTED] > 0)
		mark_state(n, "state", "Backed up, but not all of it on a schedule", "warning",
		    "warn");
	else if (s->states[SAFETY_UNSCHEDULED] > 0)
		mark_state(n, "state", "Backed up, but on demand only", "warning", "warn");
	else if (s->uncovered > 0)
		mark_state(n, "state", "Backed up, but not all of it", "warning", "warn");
	else if (s->states[SAFETY_PROTECTED] > 0)
		mark_state(n, "state", "Everything is backed up", "ok", "good");
	else
		mark_state(n, "state", "Everything is paused", "cancelled", "idle");
}

/* One sentence by the worst state, then the counts behind it. */
static void
hero(struct page *p, struct arena *a, const struct overview_view *view)
{
	const struct sums s = add_up(view);
	size_t bad = s.states[SAFETY_AT_RISK] + s.states[SAFETY_SUSPICIOUS] +
	    s.states[SAFETY_LATE] + s.states[SAFETY_NONE] + view->trouble_count;
	struct node *n = node_at(p->root, "hero");

	sentence(n, a, &s, view->trouble_count);
	count(n, s.states[SAFETY_AT_RISK] + s.states[SAFETY_UNSCHEDULED], "at risk", "at risk");
	count(n, s.states[SAFETY_SUSPICIOUS], "suspicious", "suspicious");
	count(n, s.states[SAFETY_LATE], "late", "late");
	count(n, s.states[SAFETY_NONE], "without a backup", "without a backup");
	count(n, (size_t)s.uncovered, "service not backed up", "services not backed up");
	count(n, s.states[SAFETY_PROTECTED], "protected", "protected");
	count(n, s.states[SAFETY_PAUSED], "paused", "paused");
	count(n, s.running, "job running", "jobs running");
	count(n, s.queued, "job waiting", "jobs waiting");
	if (bad > 0)
		node_set(p->root, "page.mark",
		    arena_printf(a, "\xe2\x9c\x97 %zu need attention", bad));
	if (s.latest != NULL)
		show_project_environment(node_at(n, "latest"), a, s.latest, view->now);
	if (s.next != NULL)
		show_project_environment(node_at(n, "next"), a, s.next, view->now);
}

/* Of the instance: a storage that is nearly full, files that nobody knows. */
static void
troubles(struct node *root, const struct overview_view *view)
{
	for (size_t i = 0; i < view->trouble_count; i++) {
		const struct alarm *alarm = &view->troubles[i];
		struct node *n = node_add(root, "troubles");

		node_set(n, "text", alarm->text);
		page_time(n, "since", alarm->opened_at, view->now);
		if (strcmp(alarm->kind, "storage") == 0 || strcmp(alarm->kind, "missing") == 0 ||
		    strcmp(alarm->kind, "proof") == 0)
			node_setf(n, "href", "/storage/%s", alarm->subject);
	}
}

static int
by_environment(const void *key, const void *item)
{
	int64_t a = *(const int64_t *)key, b = ((const struct stats_day *)item)->environment;

	return a < b ? -1 : a > b;
}

/* The days of one environment among those of all. */
static struct chart_days
days_of(const struct overview_view *view, int64_t environment)
{
	struct chart_days d = { NULL, 0, 0 };
	const struct stats_day *found = view->day_count == 0 ? NULL
	    : bsearch(&environment, view->days, view->day_count, sizeof *view->days,
	        by_environment), *end = view->days + view->day_count;

	if (found != NULL) {
		while (found > view->days && found[-1].environment == environment)
			found--;
		d.days = found;
		while (found < end && found->environment == environment)
			found++;
		d.count = (size_t)(found - d.days);
	}
	d.today = chart_today(d.days, d.count, view->now);
	return d;
}

/* How much larger or smaller than a week ago, where both are known. */
static void
week(struct node *n, const struct chart_days *d, const struct stats_row *r)
{
	char text[NUM_TEXT];
	int64_t then = 0, change;

	for (size_t i = 0; i < d->count && d->days[i].day <= d->today - WEEK_DAYS; i++)
		if (d->days[i].raw_bytes > 0)
			then = d->days[i].raw_bytes;
	if (then == 0 || r->facts.good == 0)
		return;
	change = r->good.raw_bytes - then;
	num_size(text, change < 0 ? -change : change);
	if (change == 0)
		node_set(n, "week", "the same as a week ago");
	else
		node_setf(n, "week", "%s%s in 7 days", change < 0 ? "\xe2\x88\x92" : "+", text);
}

static void
row(struct node *n, struct arena *a, const struct overview_view *view, const struct stats_row *r)
{
	const struct chart_days d = days_of(view, r->environment.id);

	show_project_environment(n, a, r, view->now);
	chart_strip(node_at(n, "strip"), &d);
	week(n, &d, r);
}

static void
storage(struct node *n, const struct overview_storage *o, int64_t now)
{
	const struct stats_storage *s = o->storage;
	char date[NUM_TEXT];
	int64_t days;

	node_set(n, "name", s->storage.slug);
	node_set(n, "path", s->storage.path);
	page_size(n, "used", s->storage.used_bytes);
	chart_bar(node_at(n, "chart"), s);
	if (s->looked_at == 0 || !trend_days_left(&days, o->points, o->point_count, s->free_bytes))
		return;
	num_date(date, now + days * CALENDAR_DAY);
	node_setf(n, "full", "At this pace it is full in about %" PRId64 " day%s, on %.11s.", days,
	    days == 1 ? "" : "s", date);
}

static void
environments(struct page *p, struct arena *a, const struct overview_view *view)
{
	size_t attention = 0;

	for (size_t i = 0; i < view->environments.count; i++) {
		const struct stats_row *r = &view->environments.rows[i];

		if (i < OVERVIEW_ROWS)
			row(node_add(p->root, "environments"), a, view, r);
		if (show_environment_attention(r) && attention++ < OVERVIEW_ATTENTION)
			show_project_environment(node_add(p->root, "attention"), a, r, view->now);
	}
	if (view->environments.count > OVERVIEW_ROWS)
		node_setf(p->root, "more", "%zu", view->environments.count - OVERVIEW_ROWS);
}

void
show_overview_page(struct page *p, struct arena *a, const struct overview_view *view)
{
	node_flag(p->root, "empty", view->environments.count == 0);
	if (view->environments.count > 0)
		hero(p, a, view);
	troubles(p->root, view);
	environments(p, a, view);
	for (size_t i = 0; i < view->job_count; i++)
		show_job_row(node_add(p->root, "jobs"), &view->jobs[i], NULL, view->now);
	for (size_t i = 0; i < view->storage_count; i++)
		storage(node_add(p->root, "storages"), &view->storages[i], view->now);
	for (size_t i = 0; i < view->event_count && i < EVENTS_SHOWN; i++)
		show_activity_row(node_add(p->root, "events"), &view->events[i], view->now);
}
