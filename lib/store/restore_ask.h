/* restore_ask.h: what asking for a restore, an undo or a switch have in common; only for lib/store,
 * always inside a transaction. Each refusal is ERR_CONFLICT with its sentence. */
#ifndef LIB_STORE_RESTORE_ASK_H
#define LIB_STORE_RESTORE_ASK_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/project.h"
#include "lib/model/restore.h"
#include "lib/store/db.h"
#include "lib/store/jobs.h"

/* The restore that a request names, in the environment that it names; ERR_NOT_FOUND. */
MUST_USE int restore_ask_find(struct restore *ret, struct arena *a, struct db *db,
    const struct job_request *rq, int64_t id, struct err *e);
/* The job of this kind that works on the restore now or soon; 0 when there is none. */
MUST_USE int restore_ask_unfinished(int64_t *ret, struct db *db, int64_t restore,
    enum job_kind kind, struct err *e);
/* The job needs the services of these parts for itself, and those that were made for them. */
MUST_USE int restore_ask_take(struct db *db, int64_t job, const struct restore_part *parts,
    size_t n, struct err *e);

/* The environment is paused. */
MUST_USE int restore_ask_paused(const struct environment *v, struct err *e);
/* Mode new: a service would get a name, as media-r7, that is too long or taken. */
MUST_USE int restore_ask_names(struct db *db, int64_t restore, struct err *e);
/* A target was edited since the restore was looked at; `advice` ends "… has changed since ". */
MUST_USE int restore_ask_changed(struct db *db, const struct restore *r, const char *advice,
    struct err *e);
/* A restore or an undo that ended between two switches is put right by a tidy job, which would take
 * what comes now for what it has to replace. */
MUST_USE int restore_ask_halfway(struct db *db, const struct restore *r, struct err *e);
/* Another restore, undo or switch has a service that this one needs, now or soon. */
MUST_USE int restore_ask_other(struct db *db, const struct restore *r, struct err *e);
/* A job that runs has one of its services: the person decides whether to wait. */
MUST_USE int restore_ask_running(struct db *db, const struct restore *r, struct err *e);
/* What came into its targets after it would be lost with it: that first ("undo r8 first"), or where
 * it has no way back, what can be restored instead. */
MUST_USE int restore_ask_later(struct db *db, const struct restore *r, struct err *e);

#endif
