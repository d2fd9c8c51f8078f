/* outfile.h: a file that is being written, with its hash: each on a thread of its own, so that
 * whoever gives the bytes goes on meanwhile. Memory is constant, a few MiB.
 */
#ifndef WORKER_ARCHIVE_OUTFILE_H
#define WORKER_ARCHIVE_OUTFILE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/util/hash.h"

struct outfile;

/* Written from the present offset of `fd` on, which stays the caller's. */
MUST_USE int outfile_new(struct outfile **ret, int fd, struct err *e);
/* For a sink. What the disk says of bytes given before may come with later ones, or at the end. */
MUST_USE int outfile_write(void *arg, const void *p, size_t n, struct err *e);
/* All is written, not synced. Nothing may be given any more. */
MUST_USE int outfile_finish(int64_t *bytes, char sha256[HASH_HEX_SIZE], struct outfile *f,
    struct err *e);
void outfile_freep(struct outfile **f);
#define CLEANUP_OUTFILE CLEANUP(outfile_freep)

#endif
