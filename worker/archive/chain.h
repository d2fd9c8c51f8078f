/* chain.h: a part of files as one archive, though its files lie in several packs.
 *
 * What comes out is a pax tar whose members are the manifest's lines in their order, as if the part
 * had been stored whole in one. Its own packs come first, byte for byte; then each older pack is
 * gone through once, of which only the frames with needed files are read, decoded on several cores;
 * then what lies in no pack. Memory is constant, at most 60 MiB.
 */
#ifndef WORKER_ARCHIVE_CHAIN_H
#define WORKER_ARCHIVE_CHAIN_H

#include <stdbool.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "worker/archive/export.h"
#include "worker/archive/manifest.h"
#include "worker/archive/sink.h"

/* Whether any of it lies outside of its first pack. */
bool chain_is(const struct export_part *part);

/* The pack that a line of the manifest names, its own or an older one; NULL: the part does not know
 * it. */
const struct stored_object *chain_pack_named(const struct export_part *of, const char *name);

/*
 * The tar, to its end: backup_part_bytes(part->chain) bytes. The own packs are compared with what
 * was promised; of an older one each frame has its checksum. `check` also compares each file out of
 * an older one with the manifest's SHA-256, and each own pack's decoded bytes with theirs where it
 * has such a hash: for who does not do that while it takes them. ERR_DAMAGED names the pack and the
 * file.
 */
MUST_USE int chain_read(const struct export_part *part, const struct sink *to, bool check,
    struct err *e);

/*
 * Of any part of files, the tar of those entries that are wanted, in the manifest's order; nothing
 * is read but the manifest and the frames that they lie in. Of those each frame has its checksum;
 * without `check` each content is compared by whoever takes it.
 */
struct chain_pick {
	bool (*wants)(void *arg, const struct entry *entry);
	void *arg;
	bool check;                   /* compare each content with the manifest's SHA-256 */
};
MUST_USE int chain_pick(const struct export_part *part, const struct sink *to,
    const struct chain_pick *pick, struct err *e);

/* The same tar as zstd frames: those of the packs as they are stored, where all in them is needed
 * and as it was; others made anew. Everything is checked, and part->watch is told of every raw
 * byte. */
MUST_USE int chain_frames(const struct export_part *part, const struct sink *to, struct err *e);

#endif
