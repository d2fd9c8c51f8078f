/* zoneset.h: time zones by name, each read from the system once. */
#ifndef LIB_MODEL_ZONESET_H
#define LIB_MODEL_ZONESET_H

#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/zone.h"

enum { ZONESET_MAX = 32 };

/* { .arena = a }: its zones live there. */
struct zoneset {
	struct arena *arena;
	struct zone *items[ZONESET_MAX];
	size_t count;
};

/* As zone_load(). What does not fit is read each time. */
MUST_USE int zoneset_find(struct zone **ret, struct zoneset *set, const char *name, struct err *e);
/* The same; UTC in place of a zone that the system has no more, be it that it has none at all
 * (whatever runs by it runs at another hour, and not never). Never NULL. */
struct zone *zoneset_any(struct zoneset *set, const char *name);

#endif
