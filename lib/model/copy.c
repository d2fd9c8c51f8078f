/* copy.c: one backup in one storage. */
#include "lib/model/copy.h"

#include <string.h>

#include "lib/model/word.h"

static const char *const states[COPY_STATES] = {
	[COPY_COPYING] = "copying", [COPY_READY] = "ready",
	[COPY_FAILED] = "failed", [COPY_LEAVING] = "leaving",
};

const char *
copy_state_name(enum copy_state state)
{
	return word_of(states, COPY_STATES, (int)state);
}

bool
copy_state_parse(enum copy_state *ret, const char *name)
{
	int found = word_find(states, COPY_STATES, name);

	if (found < 0)
		return false;
	*ret = (enum copy_state)found;
	return true;
}

int64_t
copy_fence(int64_t job, int64_t fence)
{
	return job * COPY_FENCES + fence;
}

bool
copy_usable(const struct copy *c)
{
	return c->state == COPY_READY && c->health != HEALTH_DAMAGED && c->health != HEALTH_MISSING;
}

static int
distance(const struct copy *c)
{
	enum { FIRST, NEAR, FAR, USELESS };

	if (!copy_usable(c))
		return USELESS;
	if (c->first)
		return FIRST;
	return strcmp(c->kind, "local") == 0 ? NEAR : FAR;
}

/* By insertion: a backup has a handful of places, and equals keep their order. */
size_t
copy_order(struct copy *list, size_t count)
{
	size_t usable = 0;

	for (size_t i = 0; i < count; i++) {
		struct copy c = list[i];
		size_t at = i;

		usable += copy_usable(&c);
		for (; at > 0 && distance(&list[at - 1]) > distance(&c); at--)
			list[at] = list[at - 1];
		list[at] = c;
	}
	return usable;
}
