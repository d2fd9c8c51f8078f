/* packs.h: which packs a part needs beside its first, and who still needs a pack.
 *
 * A part of files names, beside its first pack, the further ones that it has stored itself, and
 * those of older backups of the same service in which files lie that have not changed since. A pack
 * lives as long as a part that lives names it, whatever became of the backup that stored it.
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

/* SQL: a sum over the packs that the part `p` has stored itself, without its first. `k` is one. */
#define PACKS_OWN(what) \
	"(SELECT coalesce(sum(" what "), 0) FROM part_pack k WHERE k.part=p.id AND" \
	" instr(k.key, '/'||p.uuid||'-')>0)"

/* A further pack of its own will be written under this key: from now on it counts as needed, and is
 * found when the job comes to nothing. */
MUST_USE int packs_begin(struct db *db, const struct lease *l, const struct part *part,
    const char *key, struct err *e);

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

/* An object as it lies in one storage. `backup`: whose it is, which does not count itself. */
struct pack_place {
	int64_t storage, backup;
	const char *key;
};
/* Whether a backup that is not `backup` and that is being made, ready, or in the trash, and has a
 * place in this storage, has stored this pack or needs it. */
MUST_USE int packs_needed(bool *ret, struct db *db, const struct pack_place *at, struct err *e);

/* The backup that failed, was deleted or left this storage, to which the object belonged; 0: to
 * none. */
MUST_USE int packs_former(int64_t *backup, struct db *db, const struct pack_place *at,
    struct err *e);

/* The pack was read to its end there and is good, for all that need it; `when` 0: that no longer
 * counts. */
MUST_USE int packs_read(struct db *db, const struct pack_place *at, int64_t when, struct err *e);
/* When that was last, in a storage that holds copies; 0: never, or nobody knows. */
MUST_USE int packs_read_at(int64_t *ret, struct db *db, const struct pack_place *at,
    struct err *e);
/* It is gone from there. */
MUST_USE int packs_gone(struct db *db, const struct pack_place *at, struct err *e);
/* How long a pack that was read to its end need not be read once more for the next who shares it.
 */
enum { PACKS_READ_LATELY_MS = 24 * 3600 * 1000 };
/* It is not good: all that have stored it or need it, also in the trash or in the making, have that
 * health in this storage from now on, and nobody has read it there lately. */
MUST_USE int packs_bad(struct db *db, int64_t storage, const char *key,
    enum backup_health health, struct err *e);
/* This backup's packs were made whole in the storage: what is said to be bad of others that share
 * one is in doubt, and is read again. */
MUST_USE int packs_mended(struct db *db, int64_t storage, int64_t backup, struct err *e);

#endif
