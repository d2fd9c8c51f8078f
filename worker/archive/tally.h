/* tally.h: the end of a framed stream: its hashes, both counts, and the sink.
 *
 * tally_raw() and tally_stored() may run in two threads at once; the totals are for when both have
 * ended. */
#ifndef WORKER_ARCHIVE_TALLY_H
#define WORKER_ARCHIVE_TALLY_H

#include <stddef.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "worker/archive/frame.h"
#include "worker/archive/sink.h"

struct tally {
	const struct sink *out;       /* NULL: only hashed and counted */
	struct hash *raw;             /* NULL: its files have theirs */
	struct hash *stored;          /* NULL: somebody else hashes what lies */
	int64_t raw_bytes, stored_bytes, frames;
};
void tally_init(struct tally *t, const struct sink *out);
void tally_release(struct tally *t);
void tally_bare(struct tally *t);        /* no hash of the stored bytes */
void tally_unhashed(struct tally *t);    /* no hash of the raw bytes */
void tally_raw(struct tally *t, const void *p, size_t n);
MUST_USE int tally_stored(struct tally *t, const void *p, size_t n, struct err *e);
void tally_totals(struct frame_totals *ret, struct tally *t);

#endif
