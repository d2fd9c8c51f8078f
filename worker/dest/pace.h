/* pace.h: how fast bytes go to a storage and come from it, by all jobs of this machine together.
 *
 * A small file that the jobs share says from which moment on the next byte may go. Who wants to
 * move some takes that moment, puts it off by as long as they take, and waits until then: so nobody
 * needs to know how many the others are, and who comes first goes first. A job that dies leaves
 * nothing.
 */
#ifndef WORKER_DEST_PACE_H
#define WORKER_DEST_PACE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"

enum pace_way { PACE_WRITE, PACE_READ, PACE_WAYS };

struct pace;
/* `path` is made if it is not there; `rate` in bytes a second, 0: no limit that way. */
MUST_USE int pace_open(struct pace **ret, const char *path, const int64_t rate[PACE_WAYS],
    struct err *e);
void pace_close(struct pace *p);          /* NULL is fine */
/* How many of n bytes should move at once, so that nobody waits for long; of NULL all. */
size_t pace_slice(const struct pace *p, enum pace_way way, size_t n);
/* Returns when n bytes may move; of NULL at once. Safe from several threads. */
void pace_wait(struct pace *p, enum pace_way way, size_t n);

/* When who asks at `now` (µs) for something that takes `cost` may go; *next is moved on. */
int64_t pace_take(_Atomic int64_t *next, int64_t now, int64_t cost);

#endif
