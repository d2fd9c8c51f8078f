/* envpage.c: what every page about an environment begins with. */
#include "cgi/handle/envpage.h"

#include <inttypes.h>
#include <string.h>

#include "lib/store/backups.h"
#include "lib/store/freezes.h"
#include "lib/store/jobs.h"
#include "lib/store/projects.h"
#include "lib/store/settings.h"

/* There is no good backup: can there be one, and is one on its way? */
static int
look_for_first(struct safety *ret, const struct request *rq, const struct environment *v,
    struct err *e)
{
	const struct job_filter unfinished = { .environment = v->id,
		.unfinished_only = true,
		.limit = 20 };
	struct service *services;
	struct job *jobs;
	size_t count, service_count;

	if (services_list(&services, &service_count, rq->arena, rq->db, v->id, e) != 0 ||
	    jobs_list(&jobs, &count, rq->arena, rq->db, &unfinished, e) != 0)
		return -1;
	ret->no_services = service_count == 0;
	for (size_t i = 0; i < count; i++) {
		if (jobs[i].kind == JOB_BACKUP)
			ret->coming = jobs[i].backup;
	}
	return 0;
}

int
envpage_safety(struct safety *ret, const struct request *rq, const struct environment *v,
    struct err *e)
{
	memset(ret, 0, sizeof *ret);
	if (backups_last_good(&ret->good, rq->arena, rq->db, v->id, e) == 0)
		ret->has_good = true;
	else if (e->kind != ERR_NOT_FOUND)
		return -1;
	if (backups_last_ended(&ret->ended, rq->arena, rq->db, v->id, e) == 0)
		ret->has_ended = true;
	else if (e->kind != ERR_NOT_FOUND)
		return -1;

	if (v->paused)
		ret->state = SAFETY_PAUSED;
	else if (!ret->has_good)
		ret->state = SAFETY_NONE;
	else if (ret->has_ended && ret->ended.state == BACKUP_FAILED)
		ret->state = SAFETY_FAILED;
	else if (ret->good.health == HEALTH_DAMAGED || ret->good.health == HEALTH_MISSING)
		ret->state = SAFETY_DAMAGED;
	else
		ret->state = SAFETY_UNSCHEDULED;
	return ret->state == SAFETY_NONE ? look_for_first(ret, rq, v, e) : 0;
}

int
envpage_environments(struct environment_view **ret, size_t *count, const struct request *rq,
    int64_t project, struct err *e)
{
	struct environment *found;
	struct environment_view *views;

	if (environments_list(&found, count, rq->arena, rq->db, project, e) != 0)
		return -1;
	views = arena_array(rq->arena, *count + 1, sizeof *views);
	for (size_t i = 0; i < *count; i++) {
		views[i].environment = &found[i];
		if (envpage_safety(&views[i].safety, rq, &found[i], e) != 0)
			return -1;
	}
	*ret = views;
	return 0;
}

int
envpage_worker(struct page *p, const struct request *rq, struct err *e)
{
	int64_t seen;

	if (settings_worker_seen(&seen, rq->db, e) != 0)
		return -1;
	show_environment_worker(p, seen, rq->now);
	return 0;
}

/* An application that may stand still because its thaw fails: nothing else matters as much. */
static int
held(struct page *p, const struct request *rq, const struct environment *v, struct err *e)
{
	struct freeze_row row;

	if (freezes_of(&row, rq->arena, rq->db, v->id, e) != 0)
		return -1;
	if (row.at == 0 || row.tries == 0)
		return 0;
	node_setf(p->root, "held.word", "%s/%s may still be paused: letting it go has failed %"
	    PRId64 " %s and is tried again.", v->project_slug, v->slug, row.tries,
	    row.tries == 1 ? "time" : "times");
	node_set(p->root, "held.error", row.error);
	return 0;
}

int
envpage_begin(struct page *p, const struct request *rq, const struct environment *v,
    const struct envpage *f, struct err *e)
{
	struct safety s;

	if (envpage_safety(&s, rq, v, e) != 0)
		return -1;
	page_begin(p, rq, f->template, f->title);
	page_environment(p, rq, v, f->tab);
	if (f->placed)
		node_setf(p->root, "page.place", "%s/%s", v->project_slug, v->slug);
	show_environment_item(node_at(p->root, "env"), v);
	show_environment_safety(node_at(p->root, "env"), &s, rq->now);
	return held(p, rq, v, e) != 0 ? -1 : envpage_worker(p, rq, e);
}
