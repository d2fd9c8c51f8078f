/* do_test.c: a backup is restored into scratch targets, counted, and removed again. */
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/fault.h"
#include "lib/store/backups.h"
#include "lib/store/jobs.h"
#include "lib/store/restores.h"
#include "worker/job/act.h"
#include "worker/job/elsewhere.h"
#include "worker/job/landing.h"

struct result {
	bool equal;
	const char *text;
};

enum { LOOK_BACK = 200 };

static const char *
tag_of(struct plan *p, int64_t job, int64_t part)
{
	return arena_printf(p->arena, "test%" PRId64 "p%" PRId64, job, part);
}

/* The scratch target lies beside the service that the part came from, under a name of this job. */
static struct restore_part *
scratch(struct plan *p, const struct part *part)
{
	struct restore_part *row = arena_alloc(p->arena, sizeof *row);

	*row = (struct restore_part){ .part = part->id, .service = part->service, .choice = "",
		.mark = "", .refusal = "", .target_slug = part->service_slug,
		.tag = tag_of(p, p->job.id, part->id) };
	return row;
}

/* -- what tests before this one left -- */

/* One that was cancelled or died could not remove its scratch target. */
static void
drop_part(struct plan *p, const struct part *part, int64_t job)
{
	struct source src;
	struct target t = { .src = &src, .part = part,
		.tag = tag_of(p, job, part->id) };
	struct err e;

	if (plan_source(&src, p, part->service, &e) != 0 ||
	    target_driver(src.service->engine)->drop(&t, &e) != 0)
		report_say(p->report, "note", "%s: what the test j%" PRId64
		    " left was not removed: %s", part->service_slug, job, e.text);
}

static int
drop_left(struct plan *p, struct err *e)
{
	const struct job_filter filter = { .environment = p->backup.environment,
		.limit = LOOK_BACK };
	struct part *parts;
	struct job *list;
	size_t count, n;

	if (jobs_list(&list, &count, p->arena, p->db, &filter, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (list[i].kind != JOB_TEST ||
		    (list[i].state != JOB_FAILED && list[i].state != JOB_CANCELLED))
			continue;
		if (backups_parts(&parts, &n, p->arena, p->db, list[i].backup, e) != 0)
			return -1;
		for (size_t k = 0; k < n; k++)
			drop_part(p, &parts[k], list[i].id);
	}
	return 0;
}

static int
count(struct result *ret, struct landing_place *at, struct plan *p, struct err *e)
{
	struct target_built built = { .mark = "" };
	struct result found;
	char *text;

	report_phase(p->report, "%s: restoring into a scratch target", at->row->target_slug);
	if (at->driver->build(&built, &at->target, &at->from, e) != 0 ||
	    landing_compare(&text, &found.equal, at, &built, p, e) != 0)
		return -1;
	found.text = text;
	*ret = found;
	return 0;
}

static int
test_part(struct result *ret, struct plan *p, const struct part *part, struct err *e)
{
	struct landing_place *at = arena_alloc(p->arena, sizeof *at);
	struct err why;
	int rc;

	do {
		if (landing_place(at, p, scratch(p, part), e) != 0)
			return -1;
		rc = count(ret, at, p, e);
	} while (rc != 0 && elsewhere_open(p, e));
	FAULT("test.counted");
	/* Whatever came of it, nothing stays. */
	if (at->driver->drop(&at->target, &why) != 0) {
		if (rc == 0)
			*e = why;
		return err_in(e, "%s", part->service_slug);
	}
	if (rc != 0)
		return err_in(e, "%s", part->service_slug);
	report_say(p->report, ret->equal ? "note" : "err", "%s: %s%s", part->service_slug,
	    ret->text, ret->equal ? ", equal" : "");
	return 0;
}

static int
work(struct plan *p, struct err *e)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct result one = { false, "" };
	bool equal = true;

	if (p->backup.state != BACKUP_READY)
		return err_set(e, ERR_CONFLICT, "backup b%" PRId64 " is %s", p->backup.id,
		    backup_state_name(p->backup.state));
	if (drop_left(p, e) != 0)
		return -1;
	for (size_t i = 0; i < p->part_count; i++) {
		if (test_part(&one, p, &p->parts[i], e) != 0)
			return -1;
		/* What differs is the news; what is equal is a list. */
		if (!one.equal && equal)
			buf_clear(&text);
		if (one.equal && !equal)
			continue;
		buf_printf(&text, "%s%s: %s", text.n > 0 ? "; " : "", p->parts[i].service_slug,
		    one.text);
		equal = equal && one.equal;
	}
	p->test_state = equal ? "equal" : "differs";
	p->test_text = arena_dupn(p->arena, text.p, text.n);
	return 0;
}

static int
finish(struct plan *p, struct err *e)
{
	if (restores_set_tested(p->db, p->backup.id, p->test_state, p->test_text, e) != 0)
		return -1;
	return jobs_succeed(p->db, &p->lease, report_warnings(p->report), e);
}

const struct act do_test = { .work = work, .finish = finish };
