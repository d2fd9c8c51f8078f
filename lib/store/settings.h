/* settings.h: the few facts an instance knows of itself, and the heartbeats of its workers. */
#ifndef LIB_STORE_SETTINGS_H
#define LIB_STORE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/db.h"

/* Names in use: instance_id, instance_name, seal_public_key (hex), setup_code_hash,
 * age_recipient and age_recovery (age1…), sign_public_key (minisign's RW…),
 * trash_rests_until (ms), schedules_changed (schedules.h), background_waits (jobs.h). "" when not
 * set. */
MUST_USE int settings_get(char **ret, struct arena *a, struct db *db, const char *name,
    struct err *e);
MUST_USE int settings_set(struct db *db, const char *name, const char *value, struct err *e);

/* Say that this worker lives; rows silent for a day go, and those of a clock that was ahead. */
MUST_USE int settings_worker_beat(struct db *db, const char *worker, struct err *e);
/* Whether the clock has just moved by more than a day beyond what the workers knew (it was set
 * wrong, or the machine was off): for an hour after the next beat no backup leaves the trash, and
 * what a restore can be taken back with is kept, so that somebody can see it before anything goes
 * for good. */
MUST_USE int settings_trash_rests(bool *ret, struct db *db, struct err *e);
/* When any worker was last heard of, 0 when never. A beat of the future (the clock was ahead, and
 * that worker has not beaten since) is none. */
MUST_USE int settings_worker_seen(int64_t *ret, struct db *db, struct err *e);

#endif
