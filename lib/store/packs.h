/* packs.h: which packs of older backups a part needs, and who still needs a pack.
 *
 * A part of files names, beside its own pack, those of older backups of the same service in which
 * files lie that have not changed since. A pack lives as long as a part that lives names it,
 * whatever became of the backup that stored it.
 */
#ifndef LIB_STORE_PACKS_H
#define LIB_STORE_PACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/backup.h"
#include "lib/store/db.h"
#include "lib/store/jobs.h"

MUST_USE int packs_list(struct part_pack **ret, size_t *count, struct arena *a, struct db *db,
    int64_t part, struct err *e);

/* Inside a transaction: part->packs are what it needs, and nothing else. */
MUST_USE int packs_put(struct db *db, const struct part *part, struct err *e);

/*
 * The part that a new one of this service in this storage may build on: of the newest backup that
 * is ready, if it is neither damaged nor failed a test, with its packs. All of them are noted as
 * needed by `part` in the same act, so that none is removed meanwhile. ret->id is 0 when there is
 * none, or when everything is to be stored anew: by wish, or by the policy full-days.
 */
MUST_USE int packs_hold_base(struct part *ret, struct arena *a, struct db *db,
    const struct lease *l, const struct part *part, struct err *e);

/* Whether a backup that is not `backup` and that is being made, ready, or in the trash, has stored
 * this pack or needs it. */
MUST_USE int packs_needed(bool *ret, struct db *db, const char *key, int64_t backup,
    struct err *e);

/* The backup that failed or was deleted, to which the object of this key belonged; 0: to none. */
MUST_USE int packs_former(int64_t *backup, struct db *db, const char *key, struct err *e);

/* The pack was read to its end and is good, for all that need it. */
MUST_USE int packs_read(struct db *db, const char *key, int64_t at, struct err *e);
/* It is not good: every ready backup that has stored it or needs it has that health from now on. */
MUST_USE int packs_bad(struct db *db, const char *key, enum backup_health health, struct err *e);

#endif
