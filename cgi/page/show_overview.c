/* show_overview.c: "am I safe?" on one page. */
#include "cgi/page/show_overview.h"

#include <inttypes.h>

#include "cgi/page/mark.h"
#include "cgi/page/show_activity.h"
#include "cgi/page/show_job.h"

/* What the environments and jobs add up to. */
struct sums {
	size_t none, risk, unscheduled, paused, running, queued;
	const struct environment_view *latest;   /* with the newest good backup of all */
};

static struct sums
add_up(const struct overview_view *view)
{
	struct sums s = { 0 };

	for (size_t i = 0; i < view->environment_count; i++) {
		const struct environment_view *v = &view->environments[i];

		s.risk += show_environment_at_risk(&v->safety);
		s.none += v->safety.state == SAFETY_NONE && !show_environment_at_risk(&v->safety);
		s.unscheduled += v->safety.state == SAFETY_UNSCHEDULED;
		s.paused += v->safety.state == SAFETY_PAUSED;
		if (v->safety.has_good &&
		    (s.latest == NULL ||
		        v->safety.good.finished_at > s.latest->safety.good.finished_at))
			s.latest = v;
	}
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

/* One sentence by the worst state, then the counts behind it. */
static void
hero(struct page *p, struct arena *a, const struct overview_view *view)
{
	const struct sums s = add_up(view);
	size_t at_risk = s.risk + s.unscheduled;
	struct node *n = node_at(p->root, "hero");

	if (s.risk > 0)
		mark_state(n, "state", "A backup needs attention", "failed", "bad");
	else if (s.none > 0 && s.latest != NULL)
		mark_state(n, "state", arena_printf(a, s.none == 1
		    ? "%zu environment has no backup yet"
		    : "%zu environments have no backup yet", s.none), "warning", "warn");
	else if (s.none > 0)
		mark_state(n, "state", "Waiting for a first backup", "warning", "warn");
	else if (s.unscheduled > 0)
		mark_state(n, "state", "Backed up, but on demand only", "warning", "warn");
	else
		mark_state(n, "state", "Everything is paused", "cancelled", "idle");
	count(n, at_risk, "at risk", "at risk");
	count(n, s.none, "without a backup", "without a backup");
	count(n, s.paused, "paused", "paused");
	count(n, s.running, "job running", "jobs running");
	count(n, s.queued, "job waiting", "jobs waiting");
	if (s.risk + s.none > 0)
		node_set(p->root, "page.mark",
		    arena_printf(a, "\xe2\x9c\x97 %zu need attention", s.risk + s.none));
	if (s.latest != NULL)
		show_project_environment(node_at(n, "latest"), s.latest, view->now);
}

void
show_overview_page(struct page *p, struct arena *a, const struct overview_view *view)
{
	node_flag(p->root, "empty", view->environment_count == 0);
	if (view->environment_count > 0)
		hero(p, a, view);
	for (size_t i = 0; i < view->environment_count; i++) {
		const struct environment_view *v = &view->environments[i];

		show_project_environment(node_add(p->root, "environments"), v, view->now);
		if (v->safety.state <= SAFETY_DAMAGED)
			show_project_environment(node_add(p->root, "attention"), v, view->now);
	}
	for (size_t i = 0; i < view->job_count; i++)
		show_job_row(node_add(p->root, "jobs"), &view->jobs[i], NULL, view->now);
	for (size_t i = 0; i < view->storage_count; i++) {
		struct node *n = node_add(p->root, "storages");

		node_set(n, "name", view->storages[i].slug);
		node_set(n, "path", view->storages[i].path);
		page_size(n, "used", view->storages[i].used_bytes);
	}
	for (size_t i = 0; i < view->event_count && i < 10; i++)
		show_activity_row(node_add(p->root, "events"), &view->events[i], view->now);
}
