/* spill.h: bytes kept for later, in a file without a name. For one thread. */
#ifndef WORKER_ARCHIVE_SPILL_H
#define WORKER_ARCHIVE_SPILL_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "worker/archive/sink.h"

struct spill;
MUST_USE int spill_new(struct spill **ret, const char *folder, struct err *e);
void spill_freep(struct spill **s);
MUST_USE int spill_add(struct spill *s, const void *p, size_t n, struct err *e);
int64_t spill_bytes(const struct spill *s);   /* how many were added */
/* Some of them again; all of them again, in order. */
MUST_USE int spill_get(struct spill *s, int64_t at, void *p, size_t n, struct err *e);
MUST_USE int spill_all(struct spill *s, const struct sink *to, struct err *e);

#endif
