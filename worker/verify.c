/* verify.c: the worker's own look at what it keeps: reads again, tests, reconciles, alarms. */
#include "worker/verify.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/log.h"
#include "lib/store/alarms.h"
#include "lib/store/concerns.h"
#include "lib/store/copies.h"
#include "lib/store/findings.h"
#include "lib/store/proofs.h"
#include "lib/store/verifies.h"

static bool
is_among(const struct alarm *alarm, const struct alarm *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (alarm->environment == list[i].environment &&
		    strcmp(alarm->kind, list[i].kind) == 0 &&
		    strcmp(alarm->subject, list[i].subject) == 0)
			return true;
	return false;
}

/* What is so opens, what is not so any more closes. */
static int
compare_alarms(struct db *db, int64_t now, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct alarm *wanted, *open;
	size_t wanted_count, open_count;

	if (concerns_list(&wanted, &wanted_count, a, db, now, e) != 0 ||
	    alarms_open(&open, &open_count, a, db, 0, e) != 0)
		return -1;
	for (size_t i = 0; i < wanted_count; i++)
		if (alarms_raise(NULL, db, &wanted[i], e) != 0)
			return -1;
	for (size_t i = 0; i < open_count; i++)
		if (concerns_owns(&open[i]) && !is_among(&open[i], wanted, wanted_count) &&
		    alarms_settle(NULL, db, &open[i], e) != 0)
			return -1;
	return 0;
}

typedef int queue_due(int64_t *count, struct db *db, int64_t now, struct err *e);

int
verify_step(struct db *db, const struct conf *conf, int64_t now, struct err *e)
{
	static queue_due *const queues[] = {
		verifies_queue, verifies_queue_tests, findings_queue, copies_queue,
	};
	int64_t queued, total = 0;
	struct err why;
	int rc = 0;

	for (size_t i = 0; i < sizeof queues / sizeof *queues; i++) {
		queued = 0;
		if (queues[i](&queued, db, now, &why) != 0) {
			if (rc == 0)
				*e = why;
			rc = -1;
		}
		total += queued;
	}
	queued = 0;
	if (proofs_queue(&queued, db, now, conf->prove_minute, &why) != 0) {
		if (rc == 0)
			*e = why;
		rc = -1;
	}
	total += queued;
	if (total > 0)
		log_line(LOG_INFO, "verify.queued", "%" PRId64 " jobs look after old backups",
		    total);
	if (compare_alarms(db, now, &why) != 0) {
		if (rc == 0)
			*e = why;
		rc = -1;
	}
	return rc;
}
