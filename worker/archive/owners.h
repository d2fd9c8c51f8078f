/* owners.h: names of users and groups, with those looked up last at hand. */
#ifndef WORKER_ARCHIVE_OWNERS_H
#define WORKER_ARCHIVE_OWNERS_H

#include <stdbool.h>

#include "lib/base/arena.h"

enum { OWNERS_KEPT = 256, OWNERS_NAME = 32 };
struct owners_name {
	unsigned id;
	bool known;
	char name[OWNERS_NAME];
};
/* For one thread: the C library keeps its answers in static memory. Zero is empty. */
struct owners {
	struct owners_name users[OWNERS_KEPT], groups[OWNERS_KEPT];
};

/* "" when there is none, or one that a tar header cannot hold. */
const char *owners_user(struct owners *o, unsigned id, struct arena *a);
const char *owners_group(struct owners *o, unsigned id, struct arena *a);

#endif
