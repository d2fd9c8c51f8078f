/* apart.h: would exchanging a folder take another service's data away with it? */
#ifndef WORKER_JOB_APART_H
#define WORKER_JOB_APART_H

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "worker/job/landing.h"

/* A sentence that names the other service and what to do; NULL: the place stands for itself. Only
 * what is exchanged counts: whole roots in mode replace, or the chosen paths below them. */
MUST_USE int apart_refusal(const char **ret, const struct landing_place *at, struct plan *p,
    struct err *e);

#endif
