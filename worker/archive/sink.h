/* sink.h: where a stream of bytes goes; a seam between those who make bytes and those who keep
 * them. */
#ifndef WORKER_ARCHIVE_SINK_H
#define WORKER_ARCHIVE_SINK_H

#include <stddef.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"

struct sink {
	int (*write)(void *arg, const void *p, size_t n, struct err *e);
	void *arg;
};

MUST_USE static inline int
sink_write(const struct sink *s, const void *p, size_t n, struct err *e)
{
	return s->write(s->arg, p, n, e);
}

#endif
