/* meet.h: which key the server of a storage shows. */
#ifndef WORKER_JOB_MEET_H
#define WORKER_JOB_MEET_H

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "worker/job/plan.h"

/* Of a storage on a server; of any other there is nothing to do. Nothing is sent to it. What it
 * shows is kept for the storage's page; ERR_DENIED with what to do: it is not the confirmed one. */
MUST_USE int meet_server(struct plan *p, struct storage *s, struct err *e);

#endif
