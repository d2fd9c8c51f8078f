/* scroll.h: a stored manifest, read one entry at a time when it is asked for.
 *
 * For a reader that walks the archive beside it. The last call compares size and both hashes with
 * what was promised. Memory is constant, whatever the stored frames ask for.
 */
#ifndef WORKER_ARCHIVE_SCROLL_H
#define WORKER_ARCHIVE_SCROLL_H

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/backup.h"
#include "worker/archive/manifest.h"
#include "worker/dest/dest.h"

struct scroll;
MUST_USE int scroll_open(struct scroll **ret, struct dest *d, const struct stored_object *stored,
    struct err *e);
/* *ret is valid until the next call; NULL behind the last entry, when all of it was as promised.
 * ERR_DAMAGED else. */
MUST_USE int scroll_next(const struct entry **ret, struct scroll *s, struct err *e);
void scroll_closep(struct scroll **s);
#define CLEANUP_SCROLL CLEANUP(scroll_closep)

#endif
