/* manifest.h: one line per path, in mtree(5) with a few words of ours; see docs/format.md.
 *
 *   #mtree
 *   # lazarette manifest 1
 *   ./img/a\040b.jpg type=file mode=0644 uid=33 gid=33 uname=www-data gname=www-data size=5120
 *        time=1763690400.000000000 sha256=… x-pack=<name> x-frame=<n>
 *        x-offset=<of the frame in the stored pack> x-at=<in the decoded frame>
 *   (one line; bytes outside 0x21–0x7e, '#', '=' and '\' are \ooo)
 *
 * Version 1 has a line for each member of its own packs, in their order. Version 2 has first those
 * of its own packs, which are files with content; then files that lie in older packs, pack by pack
 * and in their order there; then what has no content and lies in no pack: empty files, links,
 * folders.
 */
#ifndef WORKER_ARCHIVE_MANIFEST_H
#define WORKER_ARCHIVE_MANIFEST_H

#include <stdbool.h>
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
	int64_t size;                 /* files and hard links */
	int64_t mtime_s;
	long mtime_ns;
	const char *target;           /* of a link; of a hard link: the path of the first name */
	char sha256[65];              /* files and hard links */
	const char *pack;             /* files with content: where it lies; else "" */
	int64_t frame, frame_offset, at;
	/* How a later backup knows that it is still the same; inode 0: it cannot. */
	int64_t inode, ctime_s;
	long ctime_ns;
};

/* Append the two head lines; append one entry's line. Without place: no words of ours, for
 * downloads. */
enum { MANIFEST_FULL = 1, MANIFEST_CHAIN = 2 };
void manifest_head(struct buf *out, int version);
void manifest_line(struct buf *out, const struct entry *entry, bool with_place);

/* A path as a person can read it on one line: control bytes and bad UTF-8 as \ooo. */
void manifest_show_path(struct buf *out, const char *path);

/* A path that stays below its root: no "..", ".", empty or absolute; "" is the root itself. */
bool manifest_path_ok(const char *path);

/* Read one line (a C string without \n). ERR_DAMAGED for a bad one; *skip for a comment or blank
 * line. */
enum { MANIFEST_LINE_MAX = 64 << 10 };
MUST_USE int manifest_parse(struct entry *ret, bool *skip, struct arena *a, const char *line,
    struct err *e);

/* A whole manifest, as its bytes come: `each` gets every entry, valid during the call. */
struct manifest_reader {
	int (*each)(void *arg, const struct entry *entry, struct err *e);
	void *arg;
	struct buf line;
	int64_t number;               /* of the line being read, from 1 */
};
MUST_USE int manifest_read(struct manifest_reader *r, const void *p, size_t n, struct err *e);
/* The end: ERR_DAMAGED when the last line is not whole or the head was missing. Releases the
 * memory. */
MUST_USE int manifest_read_end(struct manifest_reader *r, struct err *e);
void manifest_reader_release(struct manifest_reader *r);

#endif
