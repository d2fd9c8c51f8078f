/* days.h: what each day brought to an environment, kept for good; written by lib/store alone,
 * always inside a transaction. */
#ifndef LIB_STORE_DAYS_H
#define LIB_STORE_DAYS_H

#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/zone.h"
#include "lib/store/db.h"

/* What is added to the day of `at`, by the environment's calendar. */
struct day_note {
	int64_t environment, at;
	int good, failed;
	int missed;                   /* counts only on a day without any good one */
	int64_t raw_bytes;            /* of the good one */
};
MUST_USE int days_add(struct db *db, const struct day_note *note, struct err *e);

/* The environment's time zone: the policy's, or UTC should the system have that one no more. */
MUST_USE int days_zone(struct zone **ret, struct arena *a, struct db *db, int64_t environment,
    struct err *e);

#endif
