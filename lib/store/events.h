/* events.h: the audit trail, append only. */
#ifndef LIB_STORE_EVENTS_H
#define LIB_STORE_EVENTS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/db.h"

struct event {
	int64_t id, at, account;      /* account 0: the system */
	const char *actor;            /* e-mail or "system" */
	const char *action;           /* backup.requested, session.started … */
	int64_t project, environment; /* 0: none */
	const char *target, *detail, *address;
};
MUST_USE int events_add(struct db *db, const struct event *ev, struct err *e);
/* Newest first, rows with an id below `after` (0: from the newest), 50 rows. environment 0: all. */
MUST_USE int events_list(struct event **ret, size_t *count, struct arena *a, struct db *db,
    int64_t environment, int64_t after, struct err *e);

#endif
