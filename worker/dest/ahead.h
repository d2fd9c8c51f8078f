/* ahead.h: reading an object of a storage that is far away, some way ahead. */
#ifndef WORKER_DEST_AHEAD_H
#define WORKER_DEST_AHEAD_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"

/* Gets exactly n bytes from `from` on. */
typedef int ahead_fetch(void *arg, int64_t from, char *into, size_t n, struct err *e);

struct ahead {
	ahead_fetch *fetch;
	void *arg;
	int64_t bytes;                /* of the object */
	pthread_mutex_t lock;         /* of what follows */
	char *p;                      /* n bytes from `at` on */
	int64_t at;
	size_t n, step;
};

void ahead_init(struct ahead *a, int64_t bytes, ahead_fetch *fetch, void *arg);
void ahead_release(struct ahead *a);
/* As object_read(). Who reads on gets more and more at once; who jumps about, little more than it
 * asks for. Safe from several threads. */
MUST_USE ssize_t ahead_read(struct ahead *a, int64_t offset, void *p, size_t n, struct err *e);

#endif
