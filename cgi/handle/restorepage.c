/* restorepage.c: what every page about a restore begins with. */
#include "cgi/handle/restorepage.h"

#include <inttypes.h>

#include "cgi/handle/find.h"
#include "cgi/page/show_log.h"
#include "lib/store/jobs.h"
#include "lib/store/projects.h"
#include "lib/store/restores.h"

/* The job that works on it, or did last: its undo, once there was one. */
static int
read_job(struct restore_view *view, const struct request *rq, struct err *e)
{
	const struct restore *r = view->restore;
	struct job *job = arena_alloc(rq->arena, sizeof *job);
	struct job_line *lines;
	char *waiting = NULL;
	int64_t id = r->undo_job != 0 ? r->undo_job : r->job;

	if (id == 0)
		return 0;
	if (jobs_by_id(job, rq->arena, rq->db, id, e) != 0 ||
	    jobs_log_tail(&lines, &view->line_count, rq->arena, rq->db, id, SHOW_LOG_TAIL, e) != 0)
		return -1;
	if (job->state == JOB_QUEUED &&
	    jobs_waiting_for(&waiting, rq->arena, rq->db, id, e) != 0)
		return -1;
	view->job = job;
	view->lines = lines;
	view->waiting = waiting;
	return 0;
}

/* Mode new: the services of what is not in use. */
static int
read_beside(struct restore_view *view, const struct request *rq, struct err *e)
{
	struct service *beside = arena_array(rq->arena, view->count + 1, sizeof *beside);

	for (size_t i = 0; i < view->count; i++) {
		if (view->parts[i].made == 0)
			continue;
		if (services_by_id(&beside[view->beside_count], rq->arena, rq->db,
		        view->parts[i].made, e) != 0)
			return -1;
		view->beside_count++;
	}
	view->beside = beside;
	return 0;
}

int
restorepage_gather(struct restore_view *view, const struct request *rq, const struct restore *r,
    const struct environment *v, struct err *e)
{
	struct restore_part *parts;

	view->restore = r;
	view->target = v;
	view->now = rq->now;
	view->may_undo = find_may_restore(rq, v->kind);
	if (restores_parts(&parts, &view->count, rq->arena, rq->db, r->id, e) != 0 ||
	    restores_way_back(&view->way, rq->db, r, e) != 0)
		return -1;
	view->parts = parts;
	return read_beside(view, rq, e) != 0 ? -1 : read_job(view, rq, e);
}

int
restorepage_begin(struct page *p, const struct request *rq, const struct restore_view *view,
    const struct envpage *f, const char *act, struct err *e)
{
	const struct environment *v = view->target;
	const char *id = arena_printf(rq->arena, "r%" PRId64, view->restore->id);

	if (envpage_begin(p, rq, v, f, e) != 0)
		return -1;
	page_crumb(p, "Restores",
	    arena_printf(rq->arena, "/p/%s/%s/restores", v->project_slug, v->slug));
	page_crumb(p, id, act != NULL ? arena_printf(rq->arena, "/r/%s", id) : NULL);
	if (act != NULL)
		page_crumb(p, act, NULL);
	show_restore_page(p, view);
	return 0;
}
