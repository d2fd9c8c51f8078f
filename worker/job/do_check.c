/* do_check.c: can this service be reached and read? The answer goes beside the service's name. */
#include "lib/store/projects.h"
#include "worker/job/act.h"

static int
work(struct plan *p, struct err *e)
{
	struct source src;
	struct err why;
	char *text;
	int rc;

	if (plan_source(&src, p, p->job.service, e) != 0)
		return -1;
	report_phase(p->report, "%s: testing", src.service->slug);
	rc = source_driver(src.service->engine)->check(&text, &src, &why);
	report_say(p->report, rc == 0 ? "note" : "err", "%s: %s", src.service->slug,
	    rc == 0 ? text : why.text);
	if (services_set_check(p->db, src.service->id, src.service->revision,
	        rc == 0 ? "ok" : "failed", rc == 0 ? text : why.text, e) != 0)
		return -1;
	if (rc != 0)
		*e = why;
	return rc;
}

static int
finish(struct plan *p, struct err *e)
{
	return jobs_succeed(p->db, &p->lease, report_warnings(p->report), e);
}

static int
clear(struct plan *p UNUSED, struct err *e UNUSED)
{
	return 0;
}

const struct act do_check = { work, finish, clear };
