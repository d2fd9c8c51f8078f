/* ahead.c: reading an object of a storage that is far away, some way ahead. */
#include "worker/dest/ahead.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"

enum { AHEAD_MIN = 128 << 10, AHEAD_MAX = 4 << 20 };

void
ahead_init(struct ahead *a, int64_t bytes, ahead_fetch *fetch, void *arg)
{
	*a = (struct ahead){ .fetch = fetch, .arg = arg, .bytes = bytes,
		.lock = PTHREAD_MUTEX_INITIALIZER, .step = AHEAD_MIN };
}

void
ahead_release(struct ahead *a)
{
	pthread_mutex_destroy(&a->lock);
	free(a->p);
}

static int
get_more(struct ahead *a, int64_t offset, size_t n, struct err *e)
{
	bool on = a->p != NULL && offset == a->at + (int64_t)a->n;
	size_t room;

	a->step = !on ? AHEAD_MIN : a->step < AHEAD_MAX ? a->step * 2 : AHEAD_MAX;
	room = n > a->step ? n : a->step;
	if (room > AHEAD_MAX)
		room = AHEAD_MAX;
	if ((int64_t)room > a->bytes - offset)
		room = (size_t)(a->bytes - offset);
	if (a->p == NULL)
		a->p = xmalloc(AHEAD_MAX);
	a->n = 0;
	if (a->fetch(a->arg, offset, a->p, room, e) != 0)
		return -1;
	a->at = offset;
	a->n = room;
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
