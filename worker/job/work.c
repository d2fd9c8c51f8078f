/* work.c: one job, in a process of its own, from its row to its end. */
#include "worker/job/work.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/ioprio.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fault.h"
#include "lib/base/log.h"
#include "worker/job/act.h"
#include "worker/job/ballast.h"

static const struct act *const acts[JOB_KINDS] = {
	[JOB_BACKUP] = &do_backup, [JOB_DOWNLOAD] = &do_download,
	[JOB_CHECK] = &do_check,   [JOB_VERIFY] = &do_verify,
	[JOB_PREVIEW] = &do_preview, [JOB_RESTORE] = &do_restore,
	[JOB_UNDO] = &do_undo,     [JOB_SWITCH] = &do_switch,
	[JOB_TIDY] = &do_tidy,     [JOB_TEST] = &do_test,
	[JOB_RECONCILE] = &do_reconcile,
	[JOB_PRUNE] = &do_prune,
	[JOB_LIST] = &do_list,
	[JOB_COMPARE] = &do_compare,
	[JOB_COPY] = &do_copy,
	[JOB_PROVE] = &do_prove,
	[JOB_REWRAP] = &do_rewrap,
};

enum { END_TRY_MS = 60 * 1000, END_PAUSE_MS = 200 };

/* No core file (it would hold opened secrets), nobody reads our memory. */
static void
sandbox(void)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__
	/* A job that runs wild dies of its own limit, not of the machine's last page. (The
	 * sanitizers trace themselves and map terabytes of shadow.) */
	struct rlimit data = { (rlim_t)2 << 30, (rlim_t)2 << 30 };

	setrlimit(RLIMIT_DATA, &data);
	prctl(PR_SET_DUMPABLE, 0);
#endif
	signal(SIGPIPE, SIG_IGN);
}

/* All else goes first, unless somebody waits for it. The threads and the tools that the job starts
 * from now on inherit it. */
static void
step_back(const struct plan *p)
{
	static const bool waited_for[JOB_KINDS] = {
		[JOB_RESTORE] = true, [JOB_UNDO] = true, [JOB_SWITCH] = true,
		[JOB_PREVIEW] = true, [JOB_LIST] = true,
	};
	const struct conf *c = p->conf;
	int io = c->io_class == CONF_IO_IDLE
	    ? IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0)
	    : IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, IOPRIO_BE_NR - 1);

	if (waited_for[p->job.kind])
		return;
	if (getpriority(PRIO_PROCESS, 0) < c->nice &&
	    setpriority(PRIO_PROCESS, 0, (int)c->nice) != 0)
		log_line(LOG_WARN, "job.nice", "j%" PRId64 " goes on without nice %" PRId64 ": %s",
		    p->job.id, c->nice, strerror(errno));
	if (c->io_class != CONF_IO_NONE &&
	    syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, io) != 0)
		log_line(LOG_WARN, "job.nice", "j%" PRId64 " reads and writes as all else does: %s",
		    p->job.id, strerror(errno));
}

/* -- the end -- */

struct end {
	struct plan *plan;
	const struct act *act;        /* NULL: the job's row could not even be resolved */
	const struct err *why;        /* NULL: it went well */
};

static int
write_end(const struct end *end, struct err *e)
{
	struct plan *p = end->plan;

	if (report_flush(p->report, p->db, e) != 0 && !FAULT_CONTROL("no_fence"))
		return -1;
	if (end->why != NULL)
		return jobs_fail(p->db, &p->lease, end->why, e);
	if (end->act->finish == NULL)
		return jobs_succeed(p->db, &p->lease, report_warnings(p->report), e);
	return end->act->finish(p, e);
}

/* A catalogue that is busy or full now may be well in a moment: the work of hours is not thrown
 * away for it. */
static int
write_end_patiently(const struct end *end, struct err *e)
{
	int64_t until = clock_mono() + END_TRY_MS;

	while (write_end(end, e) != 0) {
		if ((e->kind != ERR_BUSY && e->kind != ERR_FULL) || clock_mono() >= until)
			return -1;
		if (e->kind == ERR_FULL)
			ballast_drop(end->plan->conf);
		clock_sleep(END_PAUSE_MS);
	}
	return 0;
}

static int
status_of(const struct err *e)
{
	return e->kind == ERR_FENCED ? REPORT_FENCED : REPORT_UNWRITTEN;
}

static int
end_badly(const struct end *good, const struct err *why)
{
	struct end end = { good->plan, good->act, why };
	struct err e;

	if (why->kind == ERR_FENCED)
		return REPORT_FENCED;
	log_line(LOG_WARN, "job.failed", "j%" PRId64 ": %s", end.plan->lease.job, why->text);
	report_say(end.plan->report, "err", "%s", why->text);
	if (write_end_patiently(&end, &e) != 0) {
		log_line(LOG_ERROR, "job.end", "j%" PRId64 ": %s", end.plan->lease.job, e.text);
		return status_of(&e);
	}
	FAULT("job.before_clear");
	if (end.act != NULL && end.act->clear != NULL && end.act->clear(end.plan, &e) != 0)
		log_line(LOG_WARN, "job.clear", "j%" PRId64 ": %s", end.plan->lease.job, e.text);
	return 0;
}

static int
end_well(const struct end *end)
{
	int64_t fence = end->plan->lease.fence;
	struct err e;

	/* The control of the fence tests: a late worker that writes as if the job were still its
	 * own. */
	if (FAULT_CONTROL("no_fence") &&
	    jobs_by_id(&end->plan->job, end->plan->arena, end->plan->db, end->plan->lease.job,
	        &e) == 0)
		end->plan->lease.fence = end->plan->job.fence;
	if (write_end_patiently(end, &e) == 0) {
		log_line(LOG_INFO, "job.done", "j%" PRId64 " fence %" PRId64 ", %s",
		    end->plan->lease.job, fence, job_kind_name(end->plan->job.kind));
		return 0;
	}
	return e.kind == ERR_BUSY || e.kind == ERR_FULL ? REPORT_UNWRITTEN : end_badly(end, &e);
}

/* -- the whole -- */

static int
run_plan(struct plan *p)
{
	struct end end = { .plan = p };
	struct err why;
	int rc = plan_make(p, &why);

	if (rc == 0) {
		step_back(p);
		end.act = acts[p->job.kind];
		FAULT(arena_printf(p->arena, "job.begin.j%" PRId64, p->job.id));
		rc = end.act->work(p, &why);
	}
	report_stop(p->report);
	return rc == 0 ? end_well(&end) : end_badly(&end, &why);
}

int
work_run(const struct conf *conf, const struct lease *l)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_REPORT struct report *report = NULL;
	CLEANUP_DB struct db *db = NULL;
	struct plan p = { .conf = conf, .arena = arena, .lease = *l };
	struct err e;
	int status;

	sandbox();
	FAULT("job.begin");
	if (report_start(&report, conf->catalog, l, &e) != 0 ||
	    db_open(&db, conf->catalog, &e) != 0) {
		log_line(LOG_ERROR, "job.start", "j%" PRId64 ": %s", l->job, e.text);
		return REPORT_UNWRITTEN;
	}
	p.report = report;
	p.db = db;
	status = run_plan(&p);
	plan_release(&p);
	return status;
}
