/* verifies.h: what was stored is read again, and restored for a test, without anybody asking.
 *
 * Every backup is read again within a day of its making and then at least every verify-days of its
 * environment; where test-days is set, the newest good backup of each service is restored into a
 * scratch target at least so often. All of it is background work: whatever somebody asked for goes
 * first.
 */
#ifndef LIB_STORE_VERIFIES_H
#define LIB_STORE_VERIFIES_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/db.h"
#include "lib/store/jobs.h"

/* A new one is read again after half a day, so that it is done before a day has passed; what could
 * not be read for another reason than its bytes is tried again after an hour, a test that failed
 * after a day. */
enum { VERIFIES_NEW_MS = 12 * 3600 * 1000, VERIFIES_AGAIN_MS = 3600 * 1000,
	VERIFIES_DAY_MS = 24 * 3600 * 1000 };

/* The backup of this storage that is to be read next; 0: none is due. New ones and old ones take
 * turns while both are due, each the oldest first: so neither waits for ever for the others. */
MUST_USE int verifies_due(int64_t *ret, struct db *db, int64_t storage, int64_t now,
    struct err *e);
/* What should have been read by now, of each environment that has any: a new one two days after its
 * making, an old one a day after its verify-days are over. */
struct verifies_late {
	int64_t environment, count, first;   /* first: the oldest of these backups */
};
MUST_USE int verifies_late(struct verifies_late **ret, size_t *count, struct arena *a,
    struct db *db, int64_t now, struct err *e);
/* Queues at most one verification for each storage that has none queued or running. *count (may
 * be NULL) is how many. */
MUST_USE int verifies_queue(int64_t *count, struct db *db, int64_t now, struct err *e);
/* Queues the test restores that are due, one at a time in an environment. */
MUST_USE int verifies_queue_tests(int64_t *count, struct db *db, int64_t now, struct err *e);

/* The stored bytes of a part were read to their end and are good. */
MUST_USE int verifies_part_read(struct db *db, const struct lease *l, int64_t part,
    struct err *e);

#endif
