/* elsewhere.h: a backup that cannot be read in one of its places is read in the next one. */
#ifndef WORKER_JOB_ELSEWHERE_H
#define WORKER_JOB_ELSEWHERE_H

#include <stdbool.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "worker/job/plan.h"

/*
 * After a step of the work has failed: whether it is to be done again, for it was the storage that
 * failed it and the next place of the backup is open now. What was open is looked at first: only
 * what its own bytes say is noted against it, and a fault that lies elsewhere stays one. When it is
 * false *e says why: as it did, or, when no place is left, what stands against each of them.
 */
MUST_USE bool elsewhere_open(struct plan *p, struct err *e);

/* What was found of the place that the plan reads; a pack counts for all backups that need it. */
MUST_USE int elsewhere_mark(struct plan *p, const struct stored_object *pack,
    enum backup_health health, struct err *e);

#endif
