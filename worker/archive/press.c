/* press.c: pieces of work, done on several threads and delivered in order. */
#include "worker/archive/press.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"

enum slot_state { SLOT_GIVEN, SLOT_WORKING, SLOT_DONE };

struct helper {
	struct press *press;
	pthread_t thread;
	int number;
};

struct press {
	struct press_spec spec;
	void *items[PRESS_SLOTS_MAX];
	enum slot_state state[PRESS_SLOTS_MAX];
	/* Counts of items; the slot is the count modulo slots. */
	int64_t taken, given, started, delivered[PRESS_WAYS];
	int ways;
	bool stop, failed;
	struct err error;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct helper helpers[PRESS_THREADS_MAX + PRESS_WAYS];   /* the last ones deliver */
	int running;
};

static int
slot_of(const struct press *p, int64_t count)
{
	return (int)(count % p->spec.slots);
}

/* So many items were delivered in every way. */
static int64_t
all_delivered(const struct press *p)
{
	int64_t least = p->delivered[0];

	for (int way = 1; way < p->ways; way++)
		if (p->delivered[way] < least)
			least = p->delivered[way];
	return least;
}

/* Only the first failure is kept: the later ones follow from it. */
static void
fail(struct press *p, const struct err *e)
{
	if (!p->failed)
		p->error = *e;
	p->failed = true;
}

static void *
work_loop(void *arg)
{
	struct helper *me = arg;
	struct press *p = me->press;
	struct err e;

	pthread_mutex_lock(&p->lock);
	for (;;) {
		while (!p->stop && !p->failed && p->started == p->given)
			pthread_cond_wait(&p->changed, &p->lock);
		if (p->stop || p->failed)
			break;
		int slot = slot_of(p, p->started++);
		p->state[slot] = SLOT_WORKING;
		pthread_mutex_unlock(&p->lock);
		int rc = p->spec.work(p->spec.arg, me->number, p->items[slot], &e);
		pthread_mutex_lock(&p->lock);
		p->state[slot] = SLOT_DONE;
		if (rc != 0)
			fail(p, &e);
		pthread_cond_broadcast(&p->changed);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

static void *
deliver_loop(void *arg)
{
	struct helper *me = arg;
	struct press *p = me->press;
	int way = me->number - p->spec.threads;
	struct err e;

	pthread_mutex_lock(&p->lock);
	for (;;) {
		int slot = slot_of(p, p->delivered[way]);

		/* A slot not given yet may still be done from the time before. */
		while (!p->stop && !p->failed
		    && (p->delivered[way] == p->given || p->state[slot] != SLOT_DONE))
			pthread_cond_wait(&p->changed, &p->lock);
		if (p->stop || p->failed)
			break;
		pthread_mutex_unlock(&p->lock);
		int rc = p->spec.deliver[way](p->spec.arg, p->items[slot], &e);
		pthread_mutex_lock(&p->lock);
		p->delivered[way]++;
		if (rc != 0)
			fail(p, &e);
		pthread_cond_broadcast(&p->changed);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

int
press_new(struct press **ret, const struct press_spec *spec, struct err *e)
{
	CLEANUP_PRESS struct press *p = xmalloc(sizeof *p);
	sigset_t all, before;

	assert(spec->threads > 0 && spec->threads <= PRESS_THREADS_MAX);
	assert(spec->slots > 1 && spec->slots <= PRESS_SLOTS_MAX);
	*p = (struct press){ .spec = *spec };
	memcpy(p->items, spec->items, (size_t)spec->slots * sizeof p->items[0]);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->changed, NULL);
	/* Signals belong to the thread that started us. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	p->ways = spec->deliver[1] != NULL ? 2 : 1;
	for (int i = 0; i < spec->threads + p->ways; i++) {
		struct helper *h = &p->helpers[i];

		*h = (struct helper){ .press = p, .number = i };
		errno = pthread_create(&h->thread, NULL,
		    i < spec->threads ? work_loop : deliver_loop, h);
		if (errno != 0)
			break;
		p->running++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (p->running < spec->threads + p->ways)
		return err_sys(e, "start a thread");
	*ret = p;
	p = NULL;
	return 0;
}

static int
failure(const struct press *p, struct err *e)
{
	*e = p->error;
	return -1;
}

int
press_take(void **item, struct press *p, struct err *e)
{
	int rc = 0;

	pthread_mutex_lock(&p->lock);
	assert(p->taken == p->given);
	while (!p->failed && p->given - all_delivered(p) >= p->spec.slots)
		pthread_cond_wait(&p->changed, &p->lock);
	if (p->failed)
		rc = failure(p, e);
	else
		*item = p->items[slot_of(p, p->taken++)];
	pthread_mutex_unlock(&p->lock);
	return rc;
}

void
press_give(struct press *p)
{
	pthread_mutex_lock(&p->lock);
	assert(p->taken == p->given + 1);
	p->state[slot_of(p, p->given++)] = SLOT_GIVEN;
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
}

int
press_finish(struct press *p, struct err *e)
{
	int rc = 0;

	pthread_mutex_lock(&p->lock);
	while (!p->failed && all_delivered(p) < p->given)
		pthread_cond_wait(&p->changed, &p->lock);
	if (p->failed)
		rc = failure(p, e);
	pthread_mutex_unlock(&p->lock);
	return rc;
}

void
press_freep(struct press **pp)
{
	struct press *p = *pp;

	*pp = NULL;
	if (p == NULL)
		return;
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
	for (int i = 0; i < p->running; i++)
		pthread_join(p->helpers[i].thread, NULL);
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
	free(p);
}
