/* trust.h: which backups are suspicious, and who said that one is fine.
 *
 * A suspicious backup can be restored like any other; but retention does not count it, and it is no
 * measure for those that come after it. Who says that it is fine makes it the new measure: nothing
 * older is compared with any more.
 */
#ifndef LIB_STORE_TRUST_H
#define LIB_STORE_TRUST_H

#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/db.h"
#include "lib/store/jobs.h"

/* What is odd about a backup whose parts are ready, compared with the last good, unsuspicious ones
 * of the same services: "media: no files where the last one had 412"; "" when nothing is. */
MUST_USE int trust_judge(char **ret, struct arena *a, struct db *db, int64_t backup,
    struct err *e);
/* The same on the row of the backup that this lease builds, before it becomes ready. */
MUST_USE int trust_mark(char **ret, struct arena *a, struct db *db, const struct lease *l,
    struct err *e);
/* Somebody looked and says that it is fine. ERR_CONFLICT: it is not suspicious (any more). */
MUST_USE int trust_clear(struct db *db, int64_t backup, struct err *e);

#endif
