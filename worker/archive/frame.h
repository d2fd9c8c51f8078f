/* frame.h: one stream as concatenated zstd frames (RFC 8878), compressed on several cores, in
 * order.
 *
 * What is written comes out as frames of at most FRAME_RAW_MAX raw bytes, each with its content
 * size and checksum; `zstd -dc` gives the stream back. Bytes whose sample does not compress are
 * stored as they are (frames of raw blocks). Memory: at most 40 MiB and 1.3 MiB for each thread.
 */
#ifndef WORKER_ARCHIVE_FRAME_H
#define WORKER_ARCHIVE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/util/hash.h"
#include "worker/archive/sink.h"
#include "worker/dest/dest.h"

enum { FRAME_RAW_MAX = 4 << 20 };

/* What a finished stream was: for the catalogue and the sidecar. Of a pack there is no raw_sha256,
 * for its files have theirs. */
struct frame_totals {
	int64_t raw_bytes, stored_bytes, frames;
	char raw_sha256[HASH_HEX_SIZE], stored_sha256[HASH_HEX_SIZE];
};

struct frame_writer;
struct frame_options {
	int level;                    /* zstd level, 1–19 */
	int threads;                  /* compressing threads, 1–16 */
	size_t raw_max; /* raw bytes of one frame at most; 0: as threads and memory allow */
	size_t held;  /* what the storage holds of it in memory: dest_holds() */
	bool encrypted; /* what lies is not what comes out: stored_sha256 stays "" */
};
MUST_USE int frame_writer_new(struct frame_writer **ret, const struct sink *out,
    const struct frame_options *opt, struct err *e);
MUST_USE int frame_write(struct frame_writer *w, const void *p, size_t n, struct err *e);
MUST_USE int frame_finish(struct frame_totals *ret, struct frame_writer *w, struct err *e);
void frame_writer_freep(struct frame_writer **w);    /* stops the threads; fine before finish */
#define CLEANUP_FRAME_WRITER CLEANUP(frame_writer_freep)

/*
 * Read a stored stream to its end: hash the stored bytes (of an encrypted object those that lie
 * there, unless object_open_stored() proves them otherwise), decode every frame, hash the raw
 * bytes, and hand them to `raw`. ERR_DAMAGED names the offset. `expect` NULL: nothing is compared;
 * else a hash or size that differs is ERR_DAMAGED ("the stored copy differs: …"). With `expect` and
 * without `raw`, or without expect's raw_sha256, the decoded bytes are checked by the frames' own
 * checksums and the stored hash instead of a hash of theirs.
 */
MUST_USE int frame_read(struct frame_totals *ret, struct object *o, const struct sink *raw,
    const struct frame_totals *expect, struct err *e);

#endif
