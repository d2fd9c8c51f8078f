/* gz.h: a stream as one gzip member (RFC 1952), compressed on several cores, in order. */
#ifndef WORKER_ARCHIVE_GZ_H
#define WORKER_ARCHIVE_GZ_H

#include <stddef.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "worker/archive/sink.h"

struct gz;
MUST_USE int gz_new(struct gz **ret, const struct sink *out, int threads, struct err *e);
MUST_USE int gz_write(struct gz *g, const void *p, size_t n, struct err *e);
MUST_USE int gz_finish(struct gz *g, struct err *e);
void gz_freep(struct gz **g);
#define CLEANUP_GZ CLEANUP(gz_freep)

#endif
