/* crew.c: the job processes of one worker: claimed, watched, stopped, buried. */
#include "worker/crew.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/base/clock.h"
#include "lib/base/fault.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "worker/job/clear.h"
#include "worker/job/kin.h"
#include "worker/job/report.h"
#include "worker/notify/mail.h"
#include "worker/spawn.h"

/* Between SIGTERM and SIGKILL; and how long somebody who cancels a job waits at most to be heard.
 */
enum { GRACE_MS = 5000, HEAR_MS = 1000 };

void
crew_init(struct crew *crew, const struct conf *conf, struct db *db, const char *worker)
{
	size_t size = (size_t)conf->worker_parallel;

	*crew = (struct crew){ .conf = conf, .db = db, .worker = worker, .size = size };
	crew->hands = xmalloc(size * sizeof crew->hands[0]);
	memset(crew->hands, 0, size * sizeof crew->hands[0]);
}

void
crew_release(struct crew *crew)
{
	free(crew->hands);
	*crew = (struct crew){ 0 };
}

size_t
crew_busy(const struct crew *crew)
{
	size_t busy = 0;

	for (size_t i = 0; i < crew->size; i++)
		busy += crew->hands[i].lease.job != 0;
	return busy;
}

/* -- starting -- */

static int
start(const struct crew *crew, struct hand *h, const struct lease *l, struct err *e)
{
	char job[24], fence[24];
	const char *const args[] = { "--job", job, "--fence", fence, NULL };

	snprintf(job, sizeof job, "%" PRId64, l->job);
	snprintf(fence, sizeof fence, "%" PRId64, l->fence);
	*h = (struct hand){ .lease = *l, .started = clock_mono(), .beaten = clock_mono(),
		.moved = clock_mono(), .lease_until = clock_now() + crew->conf->lease_ms };
	if (spawn_self(&h->pid, args, e) == 0)
		return 0;
	/* The lease is ours: the job goes back at the burial as if it had been stopped. */
	h->stop = CREW_CLOSING;
	return -1;
}

/* Is the machine too busy for background work? What the pages say of it changes with the answer. */
static int
look_at_load(struct crew *crew, struct err *e)
{
	double load = 0;
	char why[512] = "";
	bool high;

	if (crew->conf->max_load > 0 && getloadavg(&load, 1) != 1)
		load = 0;
	high = crew->conf->max_load > 0 && load > (double)crew->conf->max_load;
	if (high == crew->held_back && crew->load_known)
		return 0;
	if (high)
		snprintf(why, sizeof why, "waits for a quieter machine: its load is %.1f, and above"
		    " %" PRId64 " (max_load) only what somebody asked for begins", load,
		    crew->conf->max_load);
	if (jobs_hold_back(crew->db, why, e) != 0)
		return -1;
	crew->held_back = high;
	crew->load_known = true;
	return 0;
}

static int
claim_one(struct lease *ret, struct crew *crew, struct err *e)
{
	if (crew->held_back)
		return jobs_claim_urgent(ret, crew->db, crew->worker, crew->conf->lease_ms, e);
	return jobs_claim(ret, crew->db, crew->worker, crew->conf->lease_ms, e);
}

int
crew_claim(struct crew *crew, struct err *e)
{
	struct lease l;

	if (look_at_load(crew, e) != 0)
		return -1;

	for (size_t i = 0; i < crew->size; i++) {
		if (crew->hands[i].lease.job != 0)
			continue;
		if (claim_one(&l, crew, e) != 0)
			return -1;
		if (l.job == 0)
			return 0;
		FAULT("crew.claimed");
		log_line(LOG_INFO, "job.claimed", "j%" PRId64 " fence %" PRId64, l.job, l.fence);
		if (start(crew, &crew->hands[i], &l, e) != 0)
			return -1;
	}
	return 0;
}

/* -- watching -- */

static void
kill_hard(struct hand *h, enum crew_stop why)
{
	h->stop = h->stop == CREW_RUNS ? why : h->stop;
	kill(h->pid, SIGKILL);
	kin_kill(h->pid);
}

static void
ask(struct hand *h, enum crew_stop why)
{
	if (h->asked != 0)
		return;
	h->stop = why;
	h->asked = clock_mono();
	kill(h->pid, SIGTERM);
}

/*
 * The job's own times are of the wall clock, which may jump: only whether they change is of use,
 * and for how long they did not is measured here.
 */
static bool
stalls(const struct crew *crew, struct hand *h, const struct job_pulse *now)
{
	if (now->progress_at != h->pulse.progress_at || now->bytes_done != h->pulse.bytes_done)
		h->moved = clock_mono();
	h->pulse = *now;
	return crew->conf->stall_ms > 0 && clock_mono() - h->moved > crew->conf->stall_ms;
}

/* The lease may have gone to somebody else while we could not beat: then ours must not go on. */
static int
beat(struct crew *crew, struct hand *h, struct err *e)
{
	int64_t until = clock_now() + crew->conf->lease_ms;
	bool slept = clock_mono() - h->beaten > crew->conf->lease_ms;
	struct job_pulse pulse;

	if (jobs_beat(&pulse, crew->db, &h->lease, crew->conf->lease_ms, e) != 0) {
		if (e->kind != ERR_FENCED)
			return -1;
		log_line(LOG_WARN, "job.fenced", "j%" PRId64 " has another holder", h->lease.job);
		if (h->pid != 0)
			kill_hard(h, CREW_FENCED);
		return 0;
	}
	h->beaten = clock_mono();
	h->lease_until = until;
	/* As a machine does: nobody looked, and the job may have slept as well. */
	if (slept)
		h->moved = h->beaten;
	if (h->pid == 0)
		return 0;
	if (pulse.cancel)
		ask(h, CREW_CANCEL);
	else if (stalls(crew, h, &pulse))
		kill_hard(h, CREW_STALL);
	return 0;
}

static int64_t
beat_ms(const struct crew *crew)
{
	int64_t third = crew->conf->lease_ms / 3;

	return third < HEAR_MS ? third : HEAR_MS;
}

int
crew_watch(struct crew *crew, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; i < crew->size; i++) {
		struct hand *h = &crew->hands[i];

		if (h->lease.job == 0)
			continue;
		if (h->pid != 0 && h->asked != 0 && clock_mono() - h->asked > GRACE_MS)
			kill_hard(h, h->stop);
		if (h->pid != 0 && crew->conf->job_limit_ms > 0 &&
		    clock_mono() - h->started > crew->conf->job_limit_ms)
			kill_hard(h, CREW_LIMIT);
		if (clock_mono() - h->beaten >= beat_ms(crew) && beat(crew, h, e) != 0)
			rc = -1;
	}
	return rc;
}

void
crew_close(struct crew *crew)
{
	for (size_t i = 0; i < crew->size; i++)
		if (crew->hands[i].lease.job != 0 && crew->hands[i].pid != 0)
			ask(&crew->hands[i], CREW_CLOSING);
}

/* -- ending -- */

static void
how_it_died(char *out, size_t n, int status)
{
	if (WIFSIGNALED(status))
		snprintf(out, n, "its process was killed by signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else
		snprintf(out, n, "its process ended with exit code %d and no result",
		    WEXITSTATUS(status));
}

static int
write_died(struct crew *crew, const struct hand *h, struct err *e)
{
	char how[160];
	bool again;

	/* The control of the poison test: a job may die for ever. */
	if (FAULT_CONTROL("immortal"))
		return jobs_release(crew->db, &h->lease, e);
	how_it_died(how, sizeof how, h->status);
	if (jobs_died(&again, crew->db, &h->lease, how, e) != 0)
		return -1;
	log_line(LOG_WARN, "job.died", "j%" PRId64 ": %s; %s", h->lease.job, how,
	    again ? "it is queued again" : "it is poisoned");
	return 0;
}

/* The job still counts as ours: say how it ended. */
static int
write_end(struct crew *crew, const struct hand *h, const struct job *job, struct err *e)
{
	const char *phase = job->phase[0] != '\0' ? job->phase : "starting";
	char limit[NUM_TEXT];
	struct err why;

	switch (h->stop) {
	case CREW_CANCEL:
		err_set(&why, ERR_CANCELLED, "cancelled on request while: %s", phase);
		break;
	case CREW_STALL:
		num_duration(limit, crew->conf->stall_ms);
		err_set(&why, ERR_INTERNAL, "stalled: no bytes for %s while: %s", limit, phase);
		break;
	case CREW_LIMIT:
		num_duration(limit, crew->conf->job_limit_ms);
		err_set(&why, ERR_INTERNAL, "stopped: it took longer than the limit of %s", limit);
		break;
	case CREW_CLOSING:
		return jobs_release(crew->db, &h->lease, e);
	case CREW_FENCED:
		return 0;
	case CREW_RUNS:
		/* It could not write its end, or was told to stop by somebody else: no fault of the
		 * job. */
		if (WIFEXITED(h->status) &&
		    (WEXITSTATUS(h->status) == REPORT_UNWRITTEN ||
		        WEXITSTATUS(h->status) == REPORT_STOPPED))
			return jobs_release(crew->db, &h->lease, e);
		return write_died(crew, h, e);
	}
	log_line(LOG_WARN, "job.failed", "j%" PRId64 ": %s", h->lease.job, why.text);
	return jobs_fail(crew->db, &h->lease, &why, e);
}

/*
 * The process is gone. Its unfinished uploads go before the job's end is written, so that a job
 * that has ended has nothing half-written in storage; whole objects go after it, when nobody can
 * claim it any more. What fails here is left to housekeeping.
 */
static void
clear_after(struct crew *crew, struct arena *arena, struct hand *h, const struct job *job)
{
	const struct clear c = { crew->conf, arena, crew->db, NULL };
	struct err e;
	bool near = false;
	int rc;

	if (job->kind != JOB_BACKUP || h->status == 0)
		return;
	rc = clear_is_near(&near, &c, job->backup, &e);
	/* What does not answer must not hold up the supervisor; nor does it open secrets. */
	if (rc == 0 && !near)
		return;
	if (rc == 0)
		rc = clear_uploads(&c, job->backup, h->lease.fence + 1, &e);
	if (rc == 0 && (job->state == JOB_FAILED || job->state == JOB_CANCELLED))
		rc = clear_backup(&c, job->backup, &e);
	if (rc != 0 && !h->clear_failed)
		log_line(LOG_WARN, "job.clear", "j%" PRId64 ": %s", job->id, e.text);
	h->clear_failed = rc != 0;
}

static int
bury(struct crew *crew, struct hand *h, struct err *e)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct job job;
	struct err mail;

	if (jobs_by_id(&job, arena, crew->db, h->lease.job, e) != 0)
		return -1;
	/* Whoever lost the job, or gave it up, may have left an upload or a scratch folder. */
	crew->left_traces |= job.fence != h->lease.fence || h->status != 0;
	/* What was built beside a target and is of no more use goes soon. */
	crew->left_traces |= job.kind == JOB_RESTORE || job.kind == JOB_UNDO ||
	    job.kind == JOB_SWITCH;
	clear_after(crew, arena, h, &job);
	if (job.state == JOB_RUNNING && job.fence == h->lease.fence &&
	    write_end(crew, h, &job, e) != 0 && e->kind != ERR_FENCED)
		return -1;
	if (jobs_by_id(&job, arena, crew->db, h->lease.job, e) != 0)
		return -1;
	clear_after(crew, arena, h, &job);
	/* A mail never fails a job, and what is not due is not queued. */
	if (mail_job_ended(crew->db, crew->conf, h->lease.job, &mail) != 0)
		log_line(LOG_WARN, "mail.queue", "j%" PRId64 ": %s", h->lease.job, mail.text);
	*h = (struct hand){ 0 };
	return 0;
}

int
crew_bury(struct crew *crew, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; i < crew->size; i++) {
		struct hand *h = &crew->hands[i];

		if (h->lease.job == 0)
			continue;
		if (h->pid != 0 && waitpid(h->pid, &h->status, WNOHANG) == h->pid) {
			/* A crash takes nobody with it. */
			if (h->status != 0)
				kin_kill(h->pid);
			h->pid = 0;
		}
		if (h->pid == 0 && bury(crew, h, e) != 0)
			rc = -1;
	}
	return rc;
}

/* After a jump of the wall clock our own leases look as if we had gone. */
static int
beat_late(struct crew *crew, struct err *e)
{
	for (size_t i = 0; i < crew->size; i++) {
		struct hand *h = &crew->hands[i];

		if (h->lease.job != 0 && h->lease_until <= clock_now() && beat(crew, h, e) != 0)
			return -1;
	}
	return 0;
}

int
crew_recover(struct crew *crew, struct err *e)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct lease l;
	struct job job;

	/* Without a good beat nothing is taken back: it might be what one of our hands holds. */
	if (beat_late(crew, e) != 0)
		return -1;
	for (;;) {
		if (jobs_recover(&l, crew->db, e) != 0)
			return -1;
		if (l.job == 0)
			return 0;
		FAULT("crew.recovered");
		if (jobs_by_id(&job, arena, crew->db, l.job, e) != 0)
			return -1;
		log_line(LOG_WARN, "job.recovered", "j%" PRId64 " lost its worker; it is %s", l.job,
		    job_state_name(job.state));
		if (!job_ended(job.state))
			continue;
		crew->left_traces = true;
		if (mail_job_ended(crew->db, crew->conf, l.job, e) != 0)
			log_line(LOG_WARN, "mail.queue", "j%" PRId64 ": %s", l.job, e->text);
	}
}
