/* chain_check.h: the packs of a part of files are read to their ends, and each file is hashed.
 *
 * The manifest is read once for all packs, which it names one after the other. Of each pack every
 * frame is read, decoded on several cores and compared with its checksum, whoever needs what lies
 * in it; each file that the manifest has there is hashed on the way and compared with the
 * manifest's SHA-256; at its end, that nothing follows, its sizes, and its hashes where the backup
 * has them. Damage in one pack keeps none of the others from being read. Memory is constant, at
 * most 60 MiB.
 */
#ifndef WORKER_ARCHIVE_CHAIN_CHECK_H
#define WORKER_ARCHIVE_CHAIN_CHECK_H

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "worker/archive/export.h"
#include "worker/archive/sink.h"

struct chain_check;

/* `part`, which has a chain and a manifest, outlives it; its watch is not told. ERR_DENIED: the
 * manifest is encrypted, and its key is not here. */
MUST_USE int chain_check_open(struct chain_check **ret, const struct export_part *part,
    struct err *e);

/*
 * The next pack: those with files, in the manifest's order, then those that no line names; each
 * once. NULL behind the last. What the manifest has in the pack before is passed over, read or not.
 * A failure is of the manifest: ERR_DAMAGED when it is not as promised, names a pack that the
 * backup does not know, or files not in the order of their packs. No more files are then hashed,
 * but the packs that are left come with the next calls.
 */
MUST_USE int chain_check_next(const struct stored_object **ret, struct chain_check *k,
    struct err *e);

/*
 * Read the pack that chain_check_next() gave last; once. `to` gets its decoded bytes. ERR_DAMAGED
 * names the pack and the byte or file, ERR_NOT_FOUND: it is not there; ERR_DENIED: its key is not
 * here. A failure of the manifest meanwhile is told by the next chain_check_next(); the pack is
 * then read to its end without it.
 */
MUST_USE int chain_check_pack(struct chain_check *k, const struct sink *to, struct err *e);

void chain_check_closep(struct chain_check **k);
#define CLEANUP_CHAIN_CHECK CLEANUP(chain_check_closep)

#endif
