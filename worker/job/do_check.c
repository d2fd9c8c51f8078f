/* do_check.c: can this service be reached and read, or this storage be written and read? The answer
 * goes beside the service's name; that of a storage is how its job ended. */
#include <inttypes.h>
#include <string.h>

#include "lib/base/num.h"
#include "lib/model/storage.h"
#include "lib/store/findings.h"
#include "lib/store/projects.h"
#include "worker/job/act.h"
#include "worker/job/meet.h"
#include "worker/job/near_source.h"
#include "worker/job/probe.h"

/* Which key its server shows comes first: nothing is sent to another one than the confirmed. */
static int
meet(struct plan *p, int64_t storage, struct err *e)
{
	struct storage s;

	if (storages_by_id(&s, p->arena, p->db, storage, e) != 0)
		return -1;
	if (storage_is_server(&s))
		report_phase(p->report, "%s: looking at the key of its server", s.slug);
	return meet_server(p, &s, e);
}

static int
check_storage(struct plan *p, struct err *e)
{
	struct probe_steps took;
	char size[NUM_TEXT];
	const char *advice;
	int64_t storage;

	if (findings_storage_of(&storage, p->db, p->job.id, e) != 0 ||
	    meet(p, storage, e) != 0 || plan_storage(&p->dest, &p->storage, p, storage, e) != 0)
		return -1;
	report_phase(p->report, "%s: testing", p->storage.slug);
	if (probe_storage(&took, p->dest, p->lease.fence, e) != 0)
		return err_in(e, "storage %s", p->storage.slug);
	num_size(size, PROBE_BYTES);
	advice = dest_advice(p->dest);
	p->storage.test_text = arena_printf(p->arena, "A probe of %s was written in %" PRId64
	    " ms, read back in %" PRId64 " ms, listed in %" PRId64 " ms and removed in %" PRId64
	    " ms%s%s", size, took.write, took.read, took.list, took.remove,
	    *advice != '\0' ? ". " : "", advice);
	report_say(p->report, "note", "%s: %s", p->storage.slug, p->storage.test_text);
	if (near_source(&p->storage.test_warning, p, &p->storage, e) != 0)
		return -1;
	if (*p->storage.test_warning != '\0')
		report_say(p->report, "warn", "%s: %s", p->storage.slug, p->storage.test_warning);
	return storages_set_test(p->db, &p->storage, e);
}

static int
check_service(struct plan *p, struct err *e)
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
work(struct plan *p, struct err *e)
{
	return p->job.service != 0 ? check_service(p, e) : check_storage(p, e);
}

const struct act do_check = { .work = work };
