/* on_service.c: the services of an environment: listing, testing. */
#include "cgi/handle/on_service.h"

#include <inttypes.h>

#include "cgi/handle/envpage.h"
#include "cgi/handle/find.h"
#include "cgi/handle/trail.h"
#include "cgi/page/show_service.h"
#include "lib/store/backups.h"
#include "lib/store/jobs.h"
#include "lib/store/projects.h"

/* The newest good backup that holds this service; NULL when there is none. */
static int
last_backup(const struct backup **ret, const struct request *rq, const struct service *s,
    struct err *e)
{
	const struct backup_filter filter = { .environment = s->environment,
		.service = s->id,
		.kind = -1,
		.state = BACKUP_READY,
		.note = "",
		.limit = 1 };
	struct backup *found;
	size_t count;

	if (backups_list(&found, &count, rq->arena, rq->db, &filter, e) != 0)
		return -1;
	*ret = count > 0 ? found : NULL;
	return 0;
}

int
on_service_list(struct reply *rp, struct request *rq, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	struct environment v;
	struct service *services;
	size_t count;

	if (find_environment(&v, rq, e) != 0 ||
	    services_list(&services, &count, rq->arena, rq->db, v.id, e) != 0)
		return -1;
	if (envpage_begin(&p, rq, &v,
	        &(struct envpage){ "services.cs", "Services", "services", true }, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct service_view view = { .service = &services[i], .now = rq->now };
		int64_t stored;

		if (backups_estimate(&view.raw_bytes, &stored, rq->db, services[i].id, e) != 0 ||
		    last_backup(&view.last, rq, &services[i], e) != 0)
			return -1;
		show_service_row(node_add(p.root, "services"), &view);
	}
	node_setf(p.root, "base", "/p/%s/%s", v.project_slug, v.slug);
	return page_send(rp, rq, &p, e);
}

int
on_service_check(struct reply *rp, struct request *rq, struct err *e)
{
	struct environment v;
	struct service s;
	struct job_request jr;
	int64_t job;

	if (find_environment(&v, rq, e) != 0 || find_service(&s, rq, &v, e) != 0 ||
	    find_earlier(&job, rq, e) != 0)
		return -1;
	if (job != 0)
		return reply_see_other(rp, "/j/j%" PRId64, job);
	jr = (struct job_request){ .environment = v.id, .key = find_key(rq),
		.requested_by = rq->session != NULL ? rq->session->account.id : 0 };
	if (jobs_add_check(&job, rq->db, &jr, s.id, e) != 0 ||
	    trail_add(rq,
	        &(struct event){ .action = "service.tested",
	            .project = v.project,
	            .environment = v.id,
	            .target = s.slug },
	        e) != 0)
		return -1;
	return reply_see_other(rp, "/j/j%" PRId64, job);
}
