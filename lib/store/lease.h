/* lease.h: who holds a job, and how a job ends; only for lib/store, always inside a transaction. */
#ifndef LIB_STORE_LEASE_H
#define LIB_STORE_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/job.h"
#include "lib/store/db.h"
#include "lib/store/jobs.h"

/* What the holder of a lease works on. */
struct lease_work {
	enum job_kind kind;
	int64_t backup, download, restore;   /* 0 when none */
	int64_t deaths, losses;
	bool cancel_asked;
};

/* ERR_FENCED unless the lease is the one of the running job. */
MUST_USE int lease_check(struct lease_work *ret, struct db *db, const struct lease *l,
    struct err *e);

/* Sets ERR_FENCED for it. */
int lease_lost(const struct lease *l, struct err *e);

/* How a job ends. error NULL: well. */
struct lease_end {
	enum job_state state;         /* succeeded, failed or cancelled */
	const char *error;
	int exit_code;
	int64_t warnings;             /* never fewer than the job's log has */
};
/* From queued or running: the job ends and its services are free. Unless the
 * job succeeded, what it was making fails with the same error: its backup or download; the pending
 * restore; a look refuses its draft, a test restore marks its backup as failed in the test; the
 * copy that it was making. */
MUST_USE int lease_end(struct db *db, int64_t job, const struct lease_end *end, struct err *e);

/* Back to the queue, due at `run_at`, with a raised fence. */
MUST_USE int lease_requeue(struct db *db, int64_t job, int64_t run_at, struct err *e);
/* The same, unless somebody has asked for a cancel: then it ends. */
MUST_USE int lease_release(struct db *db, int64_t job, const struct lease_work *work,
    int64_t run_at, struct err *e);

#endif
