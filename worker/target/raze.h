/* raze.h: a whole tree removed or measured, whatever its depth, without following a link. */
#ifndef WORKER_TARGET_RAZE_H
#define WORKER_TARGET_RAZE_H

#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"

/* Remove `name` in the folder, with all that is in it; missing is fine. Other file systems mounted
 * in it are not entered: ERR_CONFLICT. */
MUST_USE int raze_tree(int folder, const char *name, struct err *e);
/* What it takes on the disk; 0 when it is missing. */
MUST_USE int raze_measure(int64_t *bytes, int folder, const char *name, struct err *e);

#endif
