/* beneath.h: folders below an open one, reached without following a link.
 *
 * The kernel refuses every step that leaves the folder (openat2, RESOLVE_BENEATH), also when
 * somebody exchanges folders for links meanwhile. Errors are in errno: ELOOP or ENOTDIR where a
 * step is no folder. Paths may be longer than PATH_MAX.
 */
#ifndef WORKER_ARCHIVE_BENEATH_H
#define WORKER_ARCHIVE_BENEATH_H

#include <stdatomic.h>
#include <stddef.h>

#include "lib/base/attr.h"
#include "lib/base/buf.h"

/* The mode of a folder that was made on the way and that nobody has finished yet. */
enum { BENEATH_NEW = 01700, BENEATH_MODE_MASK = 01777 };

/* A descriptor of the folder at `path` (n bytes; 0: the folder itself). With `made`, missing ones
 * are made with mode BENEATH_NEW, and counted. */
MUST_USE int beneath_folder(int root, const char *path, size_t n, atomic_int *made);

/* The folder that a path is in, kept open for the next one in the same. */
struct beneath {
	int root, fd;
	struct buf path;
};
#define BENEATH_INIT { .root = -1, .fd = -1, .path = BUF_INIT }
/* The descriptor stays the holder's. *name is the last component of `below`, "." for "". */
MUST_USE int beneath_parent(const char **name, struct beneath *b, int root, const char *below,
    atomic_int *made);
void beneath_release(struct beneath *b);

#endif
