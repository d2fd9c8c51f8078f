/* press.h: pieces of work, done on several threads and delivered in order.
 *
 * One thread takes items from a ring of `slots`, fills them and gives them back in the same order;
 * any thread works on a given item; then each way of delivering has a thread of its own and sees
 * the items in the order they were given. When all have had an item, it is free again. So memory is
 * bounded by the ring, and a slow delivery slows the giver down. The first failure stops everything
 * and is what press_take() and press_finish() report.
 */
#ifndef WORKER_ARCHIVE_PRESS_H
#define WORKER_ARCHIVE_PRESS_H

#include "lib/base/attr.h"
#include "lib/base/err.h"

enum { PRESS_THREADS_MAX = 16, PRESS_SLOTS_MAX = PRESS_THREADS_MAX + 3, PRESS_WAYS = 2 };

struct press;
struct press_spec {
	int threads, slots;
	void *const *items;           /* one for each slot; what they point to outlives the press */
	int (*work)(void *arg, int thread, void *item, struct err *e);
	/* The second may be NULL. */
	int (*deliver[PRESS_WAYS])(void *arg, void *item, struct err *e);
	void *arg;
};
MUST_USE int press_new(struct press **ret, const struct press_spec *spec, struct err *e);
MUST_USE int press_take(void **item, struct press *p, struct err *e);   /* waits for a free one */
void press_give(struct press *p);                                      /* the one taken last */
MUST_USE int press_finish(struct press *p, struct err *e); /* all that was given is delivered */
/* Stops and joins the threads; what was not delivered is lost. */
void press_freep(struct press **p);
#define CLEANUP_PRESS CLEANUP(press_freep)

#endif
