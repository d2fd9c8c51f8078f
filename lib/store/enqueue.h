/* enqueue.h: putting work into the queue; only for lib/store, always inside a transaction. */
#ifndef LIB_STORE_ENQUEUE_H
#define LIB_STORE_ENQUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/job.h"
#include "lib/store/db.h"
#include "lib/store/jobs.h"

/* The job that this form made before, 0 when there is none or key is NULL. ERR_CONFLICT when it was
 * another kind of work: a key belongs to one form. */
MUST_USE int enqueue_known(int64_t *ret, struct db *db, const char *key, enum job_kind kind,
    struct err *e);

/* Work of this priority or less is nobody's concern at the moment: it may wait for a quiet hour. */
enum { ENQUEUE_BACKGROUND = 10 };

struct enqueue_work {
	enum job_kind kind;
	int64_t backup, download, service;   /* 0 when none: so are the next two */
	int64_t restore;
	int64_t compared;             /* the older backup of a compare */
	int64_t storage;              /* 0: none, or that of the backup */
	int64_t after;                /* a job that must have ended before this one begins */
	int64_t run_at;               /* not before; 0: now */
	bool background;              /* nobody waits for it: after all that somebody asked for */
};
/* A queued job. */
MUST_USE int enqueue_add(int64_t *ret, struct db *db, const struct job_request *rq,
    const struct enqueue_work *work, struct err *e);
/* The job needs this service for itself. */
MUST_USE int enqueue_service(struct db *db, int64_t job, int64_t service, struct err *e);

#endif
