/* pack.h: folders become packs (framed tar.zst) and a manifest (framed mtree), in constant memory.
 *
 * The pack's frames, decoded in order, are one pax tar (POSIX.1-2001) with the contents of the
 * roots: one root: at the top; several: below a folder named after each root's last component (made
 * unique by -2, -3 …). Files are read in parallel; small ones share frames, big ones have several.
 * Symbolic links stay links, hard links inside the roots stay hard links, holes are stored as
 * zeros, FIFOs, sockets and devices are never opened and are counted as skipped with a warning. A
 * file that cannot be read is a warning and is not in the pack; one that grows, shrinks or changes
 * while it is read is a warning and is stored with the size it had.
 *
 * There may be a limit to a pack's size: then there are several, each a tar with its own end, and
 * all of them, without the ends but the last, are the tar that one would be. A file lies in one
 * pack, so a pack may be larger than its limit by the last file in it.
 *
 * With `reuse` only files whose content is not in an older pack are in the pack: the manifest alone
 * tells of the others, and of folders, links and empty files.
 */
#ifndef WORKER_ARCHIVE_PACK_H
#define WORKER_ARCHIVE_PACK_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "worker/archive/frame.h"
#include "worker/archive/reuse.h"
#include "worker/archive/sink.h"
#include "worker/archive/watch.h"

/* Where the next pack goes. */
struct pack_begun {
	const struct sink *to;
	const char *name;             /* as pack_spec.pack_name */
};
/* Asked for it when `limit` stored bytes are there and more comes, by another thread than the
 * caller's; `full` is what the pack has become that is full. */
struct pack_next {
	int64_t limit;                /* before encryption */
	int (*next)(struct pack_begun *ret, void *arg, const struct frame_totals *full,
	    struct err *e);
	void *arg;
};
struct pack_spec {
	const char *const *roots;     /* absolute folders */
	size_t root_count;
	const char *const *excludes; /* fnmatch patterns: with a slash against the path below the
	                                root, else against the name */
	size_t exclude_count;
	const char *pack_name; /* as the manifest names the pack: the last component of its key */
	const struct pack_next *next;   /* NULL: one pack, however large */
	struct frame_options frames;
	const struct watch *watch;
	struct reuse *reuse;          /* NULL: everything is stored */
	struct ledger_writer *ledger; /* told of every file with content; NULL: nobody asks */
	int64_t count_until;          /* clock_mono() when pack_count() gives up; 0: never */
};

struct pack_totals {
	struct frame_totals data, manifest;   /* data: of the last pack */
	int64_t whole_bytes;          /* as one archive, with what lies in other packs */
	int64_t entries;              /* paths in the manifest */
	int64_t files, file_bytes;    /* regular files and their bytes, hard links counted once */
	int64_t warnings;
};

MUST_USE int pack_write(struct pack_totals *ret, const struct sink *data,
    const struct sink *manifest, const struct pack_spec *spec, struct err *e);

/* What a backup would hold, by walking without reading: for the preview of excludes. ERR_BUSY when
 * spec->count_until came first. */
struct pack_count {
	int64_t files, bytes, folders, excluded, unreadable;
};
MUST_USE int pack_count(struct pack_count *ret, const struct pack_spec *spec, struct err *e);

#endif
