/* near_source.h: does a storage lie on the disk of what it keeps? Then both go with it. */
#ifndef WORKER_JOB_NEAR_SOURCE_H
#define WORKER_JOB_NEAR_SOURCE_H

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "worker/job/plan.h"

/* A sentence naming the first service whose files lie on the same file system; "" when there is
 * none, or the storage is no folder. It lives in the plan's arena. */
MUST_USE int near_source(const char **ret, struct plan *p, const struct storage *s, struct err *e);

#endif
