/* keep.h: the data of one service goes into storage, is read back from it and proven. */
#ifndef WORKER_JOB_KEEP_H
#define WORKER_JOB_KEEP_H

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/backup.h"
#include "worker/archive/frame.h"
#include "worker/job/plan.h"

/*
 * Fills in what the part has become: versions, sizes, hashes, times. Nothing is visible in the
 * storage under the part's keys before all of it is there and synced; a failure leaves at most
 * whole objects, which the end of the job removes.
 */
MUST_USE int keep_part(struct part *part, struct plan *p, struct err *e);

/* The same in two steps: all is read and stored; what was stored is read back. */
MUST_USE int keep_take(struct part *part, struct plan *p, struct err *e);
MUST_USE int keep_prove(struct part *part, struct plan *p, struct err *e);

/* One object that was written to its end appears under its key, and `o` is told what it has become.
 * ERR_FENCED: the job is somebody else's by now. */
MUST_USE int keep_object(struct stored_object *o, const struct frame_totals *t, struct upload **up,
    struct plan *p, struct err *e);

#endif
