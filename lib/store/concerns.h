/* concerns.h: what is wrong with backups that are there, and how soon an environment is back.
 *
 * Everything here is read from the rows as they are: an alarm for it opens and closes by a
 * comparison with what is open (worker/verify.h), so that a worker that dies between a finding and
 * its alarm loses none.
 */
#ifndef LIB_STORE_CONCERNS_H
#define LIB_STORE_CONCERNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/forecast.h"
#include "lib/store/alarms.h"
#include "lib/store/db.h"

/* Per environment at most so many alarms of single backups; the rest is one more. */
enum { CONCERNS_EACH = 20 };

/*
 * All that should be open at `now`, as alarms_raise() takes it; ids and times are 0:
 *   missing     a backup that is damaged or missing, subject "b101"; past CONCERNS_EACH "more";
 *               and of the instance, subject a storage's slug: files that nobody knows
 *   suspicious  the newest backup of an environment is
 *   unread      backups of it were not read again in time (verifies_late())
 *   test        the last test restore of a service failed or differs, subject a service's slug
 *   proof       of the instance, subject a storage's slug: its last proof of recovery failed
 *   rto         subject "rto": being back takes longer than rto-minutes
 * That the newest good backup is older than rpo-hours is told by "at-risk" (safety.h).
 */
MUST_USE int concerns_list(struct alarm **ret, size_t *count, struct arena *a, struct db *db,
    int64_t now, struct err *e);
/* Whether an alarm is of those kinds. */
bool concerns_owns(const struct alarm *alarm);

/* From the last restores of whole backups into an environment, and test restores of its own. */
MUST_USE int concerns_forecast(struct forecast *ret, struct db *db, int64_t environment,
    struct err *e);
/* The sentence about age and wish: "The newest good backup is 5 h old; at most 24 h are wished.";
 * NULL without rpo-hours. *broken: it is older. An environment is as safe as its worst service: of
 * that one it is told ("A service's newest good backup is ...", "A service has no good ...").
 * ERR_NOT_FOUND. */
MUST_USE int concerns_age(char **ret, bool *broken, struct arena *a, struct db *db,
    int64_t environment, int64_t now, struct err *e);

#endif
