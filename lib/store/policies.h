/* policies.h: what was set for an instance, a project or an environment, and what holds. */
#ifndef LIB_STORE_POLICIES_H
#define LIB_STORE_POLICIES_H

#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/policy.h"
#include "lib/store/db.h"

/* What holds in an environment, with the level that says so. Never NULL. environment 0: of the
 * instance alone. */
MUST_USE int policies_get(struct policy *ret, struct arena *a, struct db *db, enum policy_key key,
    int64_t environment, struct err *e);
/* The same as a number. */
MUST_USE int policies_number(int64_t *ret, struct db *db, enum policy_key key, int64_t environment,
    struct err *e);

/* owner: the environment's or project's id, 0 of the instance. */
struct policy_place {
	enum policy_level level;
	int64_t owner;
};
/* What a level says by itself, and what would hold without it (own.value NULL: nothing is said
 * there). */
struct policy_pair {
	struct policy own, inherited;
};
MUST_USE int policies_pair(struct policy_pair *ret, struct arena *a, struct db *db,
    enum policy_key key, const struct policy_place *at, struct err *e);

/* value NULL: say nothing any more. ERR_INPUT as policy_check(). by 0: the system. */
MUST_USE int policies_set(struct db *db, enum policy_key key, const struct policy_place *at,
    const char *value, int64_t by, struct err *e);

#endif
