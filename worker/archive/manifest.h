/* manifest.h: one line per path, in mtree(5) with a few words of ours. docs/format.md is the description.
 *
 *   #mtree
 *   # lazarette manifest 1
 *   ./img/a\040b.jpg type=file mode=0644 uid=33 gid=33 uname=www-data gname=www-data size=5120 time=1763690400.000000000
 *        sha256=… nlink=1 x-pack=<name> x-frame=<n> x-offset=<of the frame in the stored pack> x-at=<in the raw frame>
 *   (one line; bytes outside 0x21–0x7e, '#', '=' and '\' are \ooo)
 */
#ifndef WORKER_ARCHIVE_MANIFEST_H
#define WORKER_ARCHIVE_MANIFEST_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"

enum entry_type { ENTRY_FILE, ENTRY_DIR, ENTRY_LINK, ENTRY_HARDLINK };

struct entry {
	const char *path;             /* bytes as on disk, no leading "./"; "" is the root itself */
	enum entry_type type;
	unsigned mode, uid, gid;
	const char *uname, *gname;    /* "" when unknown */
	int64_t size;
	int64_t mtime_s;
	long mtime_ns;
	const char *target;           /* of a link; of a hard link: the path of the first name */
	char sha256[65];              /* files only */
	const char *pack;             /* files with content: where it lies */
	int64_t frame, frame_offset, at;
};

/* Append the two head lines; append one entry's line. with_place 0 leaves out our x- words (for downloads). */
void manifest_head(struct buf *out);
void manifest_line(struct buf *out, const struct entry *entry, int with_place);
/* Read one line (without its \n). ERR_INPUT for a bad one, *skip set for a comment or blank line. */
MUST_USE int manifest_parse(struct entry *ret, int *skip, struct arena *a, const char *line, size_t n, struct err *e);

#endif
