/* pace.c: how fast bytes go to a storage and come from it, by all jobs of this machine together. */
#include "worker/dest/pace.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/fault.h"
#include "lib/base/fd.h"

enum { SECOND_US = 1000 * 1000, SLICES_A_SECOND = 4, SLICE_MIN = 4096 };
/* What was not used for so long is lost; what lies further ahead was written before a restart. */
enum { CREDIT_US = SECOND_US / SLICES_A_SECOND, AHEAD_US = 120 * SECOND_US };

struct shared {
	_Atomic int64_t next[PACE_WAYS];       /* µs of CLOCK_MONOTONIC */
};
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "a lock would not work between processes");

struct pace {
	struct shared *shared;
	int64_t rate[PACE_WAYS];
};

int
pace_open(struct pace **ret, const char *path, const int64_t rate[PACE_WAYS], struct err *e)
{
	CLEANUP_FD int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	void *shared;
	struct pace *p;

	if (fd < 0 || ftruncate(fd, sizeof *p->shared) != 0)
		return err_sys(e, "open '%s'", path);
	shared = mmap(NULL, sizeof *p->shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (shared == MAP_FAILED)
		return err_sys(e, "map '%s'", path);
	p = xmalloc(sizeof *p);
	*p = (struct pace){ shared, { rate[PACE_WRITE], rate[PACE_READ] } };
	*ret = p;
	return 0;
}

void
pace_close(struct pace *p)
{
	if (p == NULL)
		return;
	munmap(p->shared, sizeof *p->shared);
	free(p);
}

size_t
pace_slice(const struct pace *p, enum pace_way way, size_t n)
{
	int64_t slice;

	if (p == NULL || p->rate[way] == 0)
		return n;
	slice = p->rate[way] / SLICES_A_SECOND;
	if (slice < SLICE_MIN)
		slice = SLICE_MIN;
	return (int64_t)n < slice ? n : (size_t)slice;
}

int64_t
pace_take(_Atomic int64_t *next, int64_t now, int64_t cost)
{
	int64_t was = atomic_load(next), from;

	do {
		from = was;
		if (from < now - CREDIT_US || from > now + AHEAD_US)
			from = now - CREDIT_US;
	} while (!atomic_compare_exchange_weak(next, &was, from + cost));
	return from + cost;
}

static int64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * SECOND_US + t.tv_nsec / 1000;
}

void
pace_wait(struct pace *p, enum pace_way way, size_t n)
{
	int64_t now, until;

	if (p == NULL || p->rate[way] == 0 || FAULT_CONTROL("no_pace"))
		return;
	now = now_us();
	until = pace_take(&p->shared->next[way], now,
	    (int64_t)((double)n * SECOND_US / (double)p->rate[way]));
	if (until > now)
		clock_sleep((until - now + 999) / 1000);
}
