/* merge.h: mode add: what was built comes on top of what is there, path by path.
 *
 * A path that the target has not is moved there, a folder with all that is in it. A file or link
 * that it has is replaced by one rename, and the one that was there is kept in the old tree first.
 * Where one has a folder and the other none, what was there is moved to the old tree; but a link of
 * the target where the backup has a folder is refused, since what the application reads through it
 * would be gone from its sight. Folders that are on both sides keep the target's mode and owner.
 * May be repeated: what is left in the side is what is still to be moved.
 */
#ifndef WORKER_TARGET_MERGE_H
#define WORKER_TARGET_MERGE_H

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "worker/target/lay.h"

/* Whether a link stands where a folder of the side is to go, before anything is moved.
 * ERR_CONFLICT: it does, and is named. */
MUST_USE int merge_look(const struct lay_root *root, struct err *e);
/* ERR_CONFLICT, too, when such a link came meanwhile; what was added until then stays. */
MUST_USE int merge_root(const struct lay_root *root, struct err *e);
/* The words for it; `path` as manifest_show_path() has written it. */
MUST_USE int merge_refuse_link(struct err *e, const char *root, const char *path);

#endif
