/* jobs.h: the queue.
 *
 * A worker claims a job by a lease. Each claim raises the job's fence; every
 * later write of that worker names the fence, and a write with an old fence
 * changes nothing and is ERR_FENCED: somebody else has the job now.
 * All times come from clock_now().
 */
#ifndef LIB_STORE_JOBS_H
#define LIB_STORE_JOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/job.h"
#include "lib/store/db.h"

/* A claimed job, as its worker must name it in every write. */
struct lease {
	int64_t job, fence;
};

/* The common part of every request for work. `key` makes a form idempotent: the same key
 * gives the job that the first one made. NULL: none. */
struct job_request {
	int64_t environment, requested_by;   /* requested_by 0: the system */
	const char *key;
	bool mail_when_done;
};

/* Queue a connection test of one service. */
MUST_USE int jobs_add_check(int64_t *ret, struct db *db, const struct job_request *rq,
    int64_t service, struct err *e);
/* Queue a re-reading of everything a backup stored. */
MUST_USE int jobs_add_verify(int64_t *ret, struct db *db, const struct job_request *rq,
    int64_t backup, struct err *e);

MUST_USE int jobs_by_id(struct job *ret, struct arena *a, struct db *db, int64_t id, struct err *e);
/* ERR_NOT_FOUND when no job carries this key. */
MUST_USE int jobs_by_key(int64_t *ret, struct db *db, const char *key, struct err *e);

/* Newest first; environment 0: all. after 0: from the newest, else the rows with an id below it. */
struct job_filter {
	int64_t environment, after;
	bool unfinished_only;
	int limit;
};
MUST_USE int jobs_list(struct job **ret, size_t *count, struct arena *a, struct db *db,
    const struct job_filter *filter, struct err *e);

/* Why a queued job waits: a sentence ("waits for j412 on database"), or "" when it is next in line.
 */
MUST_USE int jobs_waiting_for(char **ret, struct arena *a, struct db *db, int64_t job,
    struct err *e);

/* Ask for a queued job to be cancelled at once, or a running one soon. ERR_CONFLICT when it has
 * ended. A queued one becomes cancelled here, together with its backup or download. */
MUST_USE int jobs_cancel(struct db *db, int64_t job, struct err *e);

/* -- the worker's side -- */

/* Claim the oldest due job none of whose services is busy. ret->job is 0 when there is nothing to
 * do. */
MUST_USE int jobs_claim(struct lease *ret, struct db *db, const char *worker, int64_t lease_ms,
    struct err *e);
/* The same while the machine is busy: only what somebody waits for; the rest is left for later. */
MUST_USE int jobs_claim_urgent(struct lease *ret, struct db *db, const char *worker,
    int64_t lease_ms, struct err *e);
/* Why background work is held back at the moment, "" when it is not: jobs_waiting_for() says so. */
MUST_USE int jobs_hold_back(struct db *db, const char *why, struct err *e);
/* Extend the lease; `cancel` tells whether somebody asked to stop, the rest changes as it moves. */
struct job_pulse {
	bool cancel;
	int64_t progress_at, bytes_done;
};
MUST_USE int jobs_beat(struct job_pulse *ret, struct db *db, const struct lease *l,
    int64_t lease_ms, struct err *e);

struct job_progress {
	const char *phase;
	int64_t bytes_done, bytes_total;
};
MUST_USE int jobs_progress(struct db *db, const struct lease *l, const struct job_progress *p,
    struct err *e);

/* Append to the job's log. Text is cut at 4000 bytes a line; a job keeps 2000 lines, then one that
 * says so. A "warn" counts as a warning of the job, however it ends. */
MUST_USE int jobs_log(struct db *db, const struct lease *l, const char *stream, const char *text,
    struct err *e);
struct job_line {
	int64_t seq, at;
	const char *stream, *text;
};
/* The last `limit` lines, oldest first. */
MUST_USE int jobs_log_tail(struct job_line **ret, size_t *count, struct arena *a, struct db *db,
    int64_t job, int limit, struct err *e);

/* End a check or verify job well. Backups and downloads end in backups.h and downloads.h. */
MUST_USE int jobs_succeed(struct db *db, const struct lease *l, int64_t warnings, struct err *e);
/* End any job as failed, or cancelled when why->kind is ERR_CANCELLED, together with its backup
 * (failed) or download (failed), in one transaction. */
MUST_USE int jobs_fail(struct db *db, const struct lease *l, const struct err *why, struct err *e);
/* The job's process died under a living worker: queue it again, or, after the third death, fail it
 * as poisoned with `how` in the error. *again tells which. */
MUST_USE int jobs_died(bool *again, struct db *db, const struct lease *l, const char *how,
    struct err *e);
/* Give a running job back: queued again at once, no death counted. For a worker that stops. */
MUST_USE int jobs_release(struct db *db, const struct lease *l, struct err *e);

/* Find one job whose lease ran out: it becomes queued again (or failed after 25 losses) with a
 * raised fence. ret->job is 0 when there is none. The caller then cleans up what the dead left in
 * storage. */
MUST_USE int jobs_recover(struct lease *ret, struct db *db, struct err *e);

#endif
