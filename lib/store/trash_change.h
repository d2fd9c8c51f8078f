/* trash_change.h: what a change of the days of the trash would take for good.
 *
 * backups_next_purge() goes by the policy as it stands, so fewer days hold at once, also for what
 * lies in the trash already. This tells beforehand what that comes to.
 */
#ifndef LIB_STORE_TRASH_CHANGE_H
#define LIB_STORE_TRASH_CHANGE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/db.h"
#include "lib/store/policies.h"
#include "lib/store/retention.h"

/* The days of one level become `days`; NULL: it takes what it inherits. */
struct trash_change {
	struct policy_place at;
	const char *days;             /* as policy_check() takes it */
	int64_t now;
	int64_t unsaid_ms;            /* how long the trash keeps where nobody set anything */
};
/* What would leave the storages within a day by this change, sooner than it does without it. The
 * rest has a day at least in which somebody can put it back, or more days again. */
struct trash_impact {
	size_t count;
	int64_t bytes;
	char list[RETENTION_LIST_SIZE];   /* names the list of those that go */
};
MUST_USE int trash_change_weigh(struct trash_impact *ret, struct arena *a, struct db *db,
    const struct trash_change *c, struct err *e);
/* policies_set() by `by`, if that still takes what `seen` names. ERR_CONFLICT: it does not any
 * more, and nothing is changed. */
MUST_USE int trash_change_set(struct db *db, const struct trash_change *c,
    const struct trash_impact *seen, int64_t by, struct err *e);

#endif
