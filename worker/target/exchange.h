/* exchange.h: a side and the target change places, and back; each unit by one rename. */
#ifndef WORKER_TARGET_EXCHANGE_H
#define WORKER_TARGET_EXCHANGE_H

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "worker/target/lay.h"

/* Every unit that is not yet in the target, by its inode; then the sides take their old names.
 * ERR_CONFLICT: the target is not as it was when the side was built. */
MUST_USE int exchange_swap(const struct lay *l, const struct lay_units *units, struct err *e);
/* And back. ERR_GONE: the old is not there any more. */
MUST_USE int exchange_back(const struct lay *l, const struct lay_units *units, struct err *e);
/* Whether the file system of each root can exchange two folders: tried with two empty ones, the
 * fresh side and its old name. ERR_CONFLICT else. */
MUST_USE int exchange_try(const struct lay_root *root, struct err *e);

#endif
