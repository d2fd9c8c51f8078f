/* sidecar_read.h: a sidecar read again, without a catalogue. docs/format.md has its words. */
#ifndef WORKER_JOB_SIDECAR_READ_H
#define WORKER_JOB_SIDECAR_READ_H

#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/backup.h"

/* What a person needs to know of a backup, and where its bytes lie. */
struct sidecar_read {
	int64_t number, created_at;
	const char *uuid, *project, *environment, *note;
	const char *instance;         /* that made it; "" when it does not say */
	const char *recipient;        /* the first public key it is encrypted to; "": it is not */
	struct part *parts;           /* id, backup and service are 0 */
	size_t part_count;
};

/* ERR_DAMAGED: this is no sidecar, or something in it is missing or of the wrong kind. ERR_INPUT:
 * it was written by a newer version. The result lives in the arena. */
MUST_USE int sidecar_read(struct sidecar_read *ret, struct arena *a, const char *text, size_t n,
    struct err *e);

#endif
