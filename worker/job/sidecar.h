/* sidecar.h: all that the catalogue knows of one backup, as JSON. docs/format.md has its words. */
#ifndef WORKER_JOB_SIDECAR_H
#define WORKER_JOB_SIDECAR_H

#include "lib/base/attr.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "worker/job/plan.h"

/* Version 3: a pack has no hash over its decoded bytes. Else 2: it is encrypted, or a part needs
 * more than one pack. Else 1. */
enum { SIDECAR_FULL = 1, SIDECAR_SEALED = 2, SIDECAR_VERSION = 3 };

/* Append the text. Everything comes from the plan, whose parts are ready. Never holds a secret. */
MUST_USE int sidecar_build(struct buf *out, struct plan *p, struct err *e);

/* Build it, put it into the storage and note its hash in p->sidecar_sha256. */
MUST_USE int sidecar_publish(struct plan *p, struct err *e);

/* Read the stored one again: ERR_DAMAGED unless it has this hash. It is small and stored as it is:
 * one hash decides. */
MUST_USE int sidecar_check(struct plan *p, const char *sha256, struct err *e);

#endif
