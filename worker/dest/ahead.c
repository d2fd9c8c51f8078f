/* ahead.c: reading an object of a storage that is far away, some way ahead. */
#include "worker/dest/ahead.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"

enum { AHEAD_MIN = 128 << 10, AHEAD_MAX = 4 << 20, BLOCK_MAX = 2 << 20 };

void
ahead_init(struct ahead *a, int64_t bytes, atomic_bool *turn, ahead_fetch *fetch, void *arg)
{
	*a = (struct ahead){ .fetch = fetch, .arg = arg, .bytes = bytes, .turn = turn,
		.lock = PTHREAD_MUTEX_INITIALIZER, .step = AHEAD_MIN,
		.most = turn != NULL ? BLOCK_MAX : AHEAD_MAX };
}

/* -- beside the reader -- */

static void *
fetch_block(void *arg)
{
	struct ahead_block *b = arg;

	b->rc = b->of->fetch(b->of->arg, b->at, b->p, b->n, &b->e);
	return NULL;
}

/* Without a thread the reader fetches it itself. */
static void
begin_block(struct ahead *a, struct ahead_block *b, int64_t at)
{
	sigset_t all, before;

	if (at >= a->bytes)
		return;
	b->of = a;
	b->at = at;
	b->n = a->most;
	if ((int64_t)b->n > a->bytes - at)
		b->n = (size_t)(a->bytes - at);
	if (b->p == NULL)
		b->p = xmalloc(a->most);
	/* Signals belong to the thread that started us. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	b->begun = pthread_create(&b->thread, NULL, fetch_block, b) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void
begin_blocks(struct ahead *a)
{
	if (a->turn == NULL || atomic_exchange(a->turn, true))
		return;
	a->mine = true;
	a->first = 0;
	for (int i = 0; i < AHEAD_AT_ONCE; i++)
		begin_block(a, &a->blocks[i], a->at + (int64_t)a->n + i * (int64_t)a->most);
}

static void
drop_blocks(struct ahead *a)
{
	if (!a->mine)
		return;
	atomic_store(&a->stop, true);
	for (int i = 0; i < AHEAD_AT_ONCE; i++) {
		if (a->blocks[i].begun)
			pthread_join(a->blocks[i].thread, NULL);
		free(a->blocks[i].p);
		a->blocks[i] = (struct ahead_block){ .begun = false };
	}
	atomic_store(&a->stop, false);
	a->mine = false;
	atomic_store(a->turn, false);
}

/* The block that follows takes the place of what was read, and the last one is followed by another.
 */
static int
take_block(struct ahead *a, struct ahead_block *b, struct err *e)
{
	int64_t next = b->at + AHEAD_AT_ONCE * (int64_t)a->most;
	char *was = a->p;

	pthread_join(b->thread, NULL);
	b->begun = false;
	if (b->rc != 0) {
		*e = b->e;
		return -1;
	}
	a->p = b->p;
	a->at = b->at;
	a->n = b->n;
	b->p = was;
	begin_block(a, b, next);
	a->first = (a->first + 1) % AHEAD_AT_ONCE;
	if (!a->blocks[a->first].begun)
		drop_blocks(a);
	return 0;
}

void
ahead_release(struct ahead *a)
{
	drop_blocks(a);
	pthread_mutex_destroy(&a->lock);
	free(a->p);
}

/* -- the reader -- */

static int
get_more(struct ahead *a, int64_t offset, size_t n, struct err *e)
{
	bool on = a->p != NULL && offset == a->at + (int64_t)a->n;
	struct ahead_block *next = &a->blocks[a->first];
	size_t room;

	if (on && next->begun && next->at == offset)
		return take_block(a, next, e);
	drop_blocks(a);
	a->step = !on ? AHEAD_MIN : a->step < a->most ? a->step * 2 : a->most;
	room = n > a->step ? n : a->step;
	if (room > a->most)
		room = a->most;
	if ((int64_t)room > a->bytes - offset)
		room = (size_t)(a->bytes - offset);
	if (a->p == NULL)
		a->p = xmalloc(a->most);
	a->n = 0;
	if (a->fetch(a->arg, offset, a->p, room, e) != 0)
		return -1;
	a->at = offset;
	a->n = room;
	if (on && a->step == a->most)
		begin_blocks(a);
	return 0;
}

/* Gives as much as lies ahead, but at least a byte. */
static ssize_t
read_some(struct ahead *a, int64_t offset, void *p, size_t n, struct err *e)
{
	size_t skip, got;

	if ((offset < a->at || offset >= a->at + (int64_t)a->n) && get_more(a, offset, n, e) != 0)
		return -1;
	skip = (size_t)(offset - a->at);
	got = a->n - skip < n ? a->n - skip : n;
	memcpy(p, a->p + skip, got);
	return (ssize_t)got;
}

ssize_t
ahead_read(struct ahead *a, int64_t offset, void *p, size_t n, struct err *e)
{
	size_t got = 0;
	ssize_t r = 0;

	pthread_mutex_lock(&a->lock);
	while (got < n && offset + (int64_t)got < a->bytes) {
		r = read_some(a, offset + (int64_t)got, (char *)p + got, n - got, e);
		if (r < 0)
			break;
		got += (size_t)r;
	}
	pthread_mutex_unlock(&a->lock);
	return r < 0 ? -1 : (ssize_t)got;
}
