/* ahead.h: reading an object of a storage that is far away, some way ahead. */
#ifndef WORKER_DEST_AHEAD_H
#define WORKER_DEST_AHEAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"

/* Gets exactly n bytes from `from` on. Where several go at once: from several threads. */
typedef int ahead_fetch(void *arg, int64_t from, char *into, size_t n, struct err *e);

enum { AHEAD_AT_ONCE = 3 };

struct ahead;
/* What is on its way while what lies before it is read. */
struct ahead_block {
	struct ahead *of;
	pthread_t thread;
	bool begun;
	int64_t at;
	size_t n;
	char *p;
	int rc;
	struct err e;
};

struct ahead {
	ahead_fetch *fetch;
	void *arg;
	int64_t bytes;                /* of the object */
	pthread_mutex_t lock;         /* of what follows */
	char *p;                      /* n bytes from `at` on */
	int64_t at;
	size_t n, step;
	size_t most;                  /* at once; may be set to less before the first reading */
	struct ahead_block blocks[AHEAD_AT_ONCE];   /* in their order, `first` is next */
	int first;
	atomic_bool *turn;            /* set while one has some on their way; NULL: none may */
	bool mine;
	atomic_bool stop;             /* what is on its way is of no use any more */
};

/* turn: of all objects that share it one at a time has AHEAD_AT_ONCE fetches go on beside its
 * reader, so that several readers do not take several times the memory; NULL: none has. */
void ahead_init(struct ahead *a, int64_t bytes, atomic_bool *turn, ahead_fetch *fetch, void *arg);
void ahead_release(struct ahead *a);
/* As object_read(). Who reads on gets more and more at once, and then has what follows fetched
 * while it reads: 8 MiB in all, 2 when it is not its turn, 4 where there are no turns; who jumps
 * about, little more than it asks for. Safe from several threads. */
MUST_USE ssize_t ahead_read(struct ahead *a, int64_t offset, void *p, size_t n, struct err *e);

#endif
