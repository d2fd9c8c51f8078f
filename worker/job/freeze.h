/* freeze.h: the application stands still while a consistent backup reads it, and no longer.
 *
 * The freeze is written down before its hook runs. From then on the thaw runs in any case: by
 * freeze_end(), by a thread of this process when the time is up, or, when this process is gone or
 * stuck, by the supervisor (worker/thaws.h).
 */
#ifndef WORKER_JOB_FREEZE_H
#define WORKER_JOB_FREEZE_H

#include <stdbool.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "worker/job/plan.h"

struct freeze;

/* *ret is NULL when nothing is to be held (a live backup, or no hook: then it says so). An error
 * leaves nothing frozen but what the supervisor knows of: the hook failed, or another backup holds
 * it for longer than we wait. ERR_FENCED: it is outside the environment's window by now, and the
 * job went back to the queue until that opens. */
MUST_USE int freeze_begin(struct freeze **ret, struct plan *p, struct err *e);

/* All has been read: go on. May be called more than once, and from within a dump. A thaw that fails
 * is a warning here and stays owed. */
void freeze_end(struct freeze *f);

void freeze_release(struct freeze *f);     /* ends first; NULL is fine */
void freeze_releasep(struct freeze **f);
#define CLEANUP_FREEZE CLEANUP(freeze_releasep)

#endif
