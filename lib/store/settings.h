/* settings.h: the few facts an instance knows of itself, and the heartbeats of its workers. */
#ifndef LIB_STORE_SETTINGS_H
#define LIB_STORE_SETTINGS_H

#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/db.h"

/* Names in use: instance_id, instance_name, seal_public_key (hex), setup_code_hash. "" when not
 * set. */
MUST_USE int settings_get(char **ret, struct arena *a, struct db *db, const char *name,
    struct err *e);
MUST_USE int settings_set(struct db *db, const char *name, const char *value, struct err *e);

/* Say that this worker lives; rows silent for a day go. */
MUST_USE int settings_worker_beat(struct db *db, const char *worker, struct err *e);
/* When any worker was last heard of, 0 when never. */
MUST_USE int settings_worker_seen(int64_t *ret, struct db *db, struct err *e);

#endif
