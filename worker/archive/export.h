/* export.h: a stored part becomes the file that a person downloads.
 *
 * Media: a tar (as it is, gzip or zstd) or a zip with two members first, MANIFEST (mtree, without
 * our own words) and SHA256SUMS (for `sha256sum -c`), then the contents at the root. Should the
 * contents have a top-level path of such a name, ours gets "-2" (-3 …) behind it. tar.zst is the
 * stored frames behind one new frame; nothing is compressed again. Database: the vendor's own file.
 *
 * The stored objects are compared with the sizes and hashes in `data` and `manifest` while they are
 * read: a difference is ERR_DAMAGED, and what was written to `fd` must not be used. Memory is
 * constant.
 */
#ifndef WORKER_ARCHIVE_EXPORT_H
#define WORKER_ARCHIVE_EXPORT_H

#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/backup.h"
#include "lib/model/download.h"
#include "lib/util/hash.h"
#include "worker/archive/sink.h"
#include "worker/archive/watch.h"
#include "worker/dest/dest.h"

struct chain_pick;
struct entry;

struct export_part {
	struct dest *dest;
	const struct stored_object *data;
	const struct stored_object *manifest;   /* media only */
	const struct watch
	    *watch; /* told of every raw byte: chain->whole_bytes, or data->raw_bytes */
	const struct part *chain;     /* media: NULL when nothing of it can lie in other packs */
};

/* The file that was written. */
struct export_file {
	int64_t bytes;
	char sha256[HASH_HEX_SIZE];
};

/* Written from the present offset of `fd` on, to its end; not synced: fd_publish() does that. */
MUST_USE int export_media(struct export_file *ret, int fd, const struct export_part *part,
    enum download_format format, struct err *e);
MUST_USE int export_database(struct export_file *ret, int fd, const struct export_part *part,
    struct err *e);
/* Of media only what is picked; the picker sees that each content is compared. */
struct export_picked {
	const struct export_part *part;
	const struct chain_pick *pick;
};
MUST_USE int export_picked(struct export_file *ret, int fd, const struct export_picked *what,
    enum download_format format, struct err *e);
/* The content of one file of media, of the line `entry` of its manifest. */
MUST_USE int export_one(struct export_file *ret, int fd, const struct export_part *part,
    const struct entry *entry, struct err *e);
/* The same bytes of a database to a sink: what is wrong may show only at their end. */
MUST_USE int export_bytes(const struct sink *to, const struct export_part *part, struct err *e);

#endif
