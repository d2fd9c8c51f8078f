/* lists.h: the manifests of a backup become lists that pages can read. */
#ifndef WORKER_JOB_LISTS_H
#define WORKER_JOB_LISTS_H

#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "worker/job/plan.h"

/* Makes those of the plan's backup that are not there; one that cannot be made leaves nothing. */
MUST_USE int lists_make(struct plan *p, struct err *e);
/* How many bytes of manifests are read for it at most. */
int64_t lists_bytes(const struct plan *p);

#endif
