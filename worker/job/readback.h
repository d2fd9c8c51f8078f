/* readback.h: a stored object is read again, compared, and shown to the engine's own reader. */
#ifndef WORKER_JOB_READBACK_H
#define WORKER_JOB_READBACK_H

#include <stdbool.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/backup.h"
#include "worker/job/plan.h"

struct chain_check;

struct readback {
	const struct stored_object *object;   /* its key and what it must hash to */
	const char *label;                    /* begins the phase: "database" */
	const struct source_driver *prover;   /* NULL: the hashes alone decide */
	const struct source *source;          /* of the prover */
	bool counted; /* these bytes are the job's work, not its second look */
};

/* ERR_DAMAGED says at which byte; ERR_NOT_FOUND when the storage has no such object. */
MUST_USE int readback_object(struct plan *p, const struct readback *what, struct err *e);

/* The same of a pack, the one that chain_check_next() gave last: each file in it is hashed, too. */
MUST_USE int readback_pack(struct plan *p, const struct readback *what, struct chain_check *check,
    struct err *e);

/* Without its key only what lies there can be compared, and that it is what was stored. Of an
 * object whose size is not known stored_bytes is -1. */
MUST_USE int readback_as_it_lies(struct plan *p, struct dest *in, const struct stored_object *o,
    struct err *e);

#endif
