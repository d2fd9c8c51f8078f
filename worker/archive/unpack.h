/* unpack.h: a stored pack becomes files below open folders, checked while it is written.
 *
 * The archive and its manifest are walked side by side: a member that is not the manifest's next
 * entry, a content whose size or SHA-256 differs, a path that comes twice, a stored object that is
 * not as it was promised: each is ERR_DAMAGED and names it. So never more is written than the
 * manifest declares. What was written before a failure stays for the caller to remove.
 *
 * Nothing is followed and nothing outside of the folders is reached, whatever the archive says and
 * whoever exchanges folders for links meanwhile. Devices and FIFOs are never made. Modes lose
 * set-user-id and set-group-id bits, and on files the sticky bit; each loss is told to the watch.
 * While it works, folders are open to their owner only. Memory is constant, about 50 MiB.
 */
#ifndef WORKER_ARCHIVE_UNPACK_H
#define WORKER_ARCHIVE_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "worker/archive/export.h"

/* Where a top-level folder of the archive goes; name "": all of it, for an archive of one root. */
struct unpack_root {
	const char *name;
	int fd;                       /* an empty folder */
};
struct unpack_spec {
	struct export_part from;
	const struct unpack_root *roots;
	size_t root_count;
	/* Paths in the archive: each with all that is below it; the folders above come along,
	 * empty. None: everything. ERR_INPUT names one that the archive has not. Of the packs only
	 * the frames are read that hold what was chosen. */
	const char *const *choice;
	size_t choice_count;
	bool owners;                  /* set them, as numbers; only root may */
};
struct unpack_totals {
	int64_t entries;              /* paths that were made */
	int64_t files, bytes;         /* regular files, hard links counted once */
	int64_t warnings;
	uint64_t roots;               /* bit n: the archive has root n itself */
};
/* Not synced: syncfs() is the caller's. */
MUST_USE int unpack_tree(struct unpack_totals *ret, const struct unpack_spec *spec, struct err *e);

/* Whether a path is among the chosen, or below one; `above` also when it is a folder on the way. */
bool unpack_chosen(const char *const *choice, size_t count, const char *path, bool above);
/* "" or the root of this path, and what is below it; NULL when there is none of that name. */
const struct unpack_root *unpack_root_of(const char **below, const struct unpack_root *roots,
    size_t count, const char *path);

#endif
