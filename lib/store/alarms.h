/* alarms.h: troubles that last. Each is opened once, told once, and closed when it is over.
 *
 * What an alarm is about is its kind, its environment and its subject; at most one of each is open.
 * The herald (worker/notify/herald.h) tells that it was opened and that it was closed.
 */
#ifndef LIB_STORE_ALARMS_H
#define LIB_STORE_ALARMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/db.h"

struct alarm {
	int64_t id;
	const char *kind;             /* late, at-risk, suspicious, storage, worker, test, missing,
	                                 unread, rto, held, proof */
	int64_t environment;          /* 0: of the instance */
	const char *subject;          /* what of it: a storage's slug, a service's; "" the whole */
	const char *text;             /* one sentence for people */
	int64_t opened_at, closed_at; /* closed_at 0: still open */
};

/* Opens it unless it is open. *opened: it was not; else only its text is made new when it changed,
 * and nobody is told again. `opened` may be NULL. what->id and the times are not read. */
MUST_USE int alarms_raise(bool *opened, struct db *db, const struct alarm *what, struct err *e);
/* Closes it if it is open: *closed tells. what->text is not read. `closed` may be NULL. */
MUST_USE int alarms_settle(bool *closed, struct db *db, const struct alarm *what, struct err *e);
/* The same when it is not over but nobody waits for it any more: nobody is told. */
MUST_USE int alarms_forget(struct db *db, const struct alarm *what, struct err *e);
/* Opens it and closes it, in one transaction: it is over already, and both ends are told. Nothing
 * happens when one of its kind, environment and subject was opened after `since`: whoever looked at
 * the same time was faster. */
MUST_USE int alarms_pass(struct db *db, const struct alarm *what, int64_t since, struct err *e);
/* What is open, oldest first. environment 0: all. */
MUST_USE int alarms_open(struct alarm **ret, size_t *count, struct arena *a, struct db *db,
    int64_t environment, struct err *e);
/* Those of them that belong to no environment. */
MUST_USE int alarms_open_instance(struct alarm **ret, size_t *count, struct arena *a,
    struct db *db, struct err *e);

/* -- the herald's side -- */

/* Alarms of which something was not told yet, oldest first, at most 100: opened when told_open is
 * false; closed when closed_at is set. */
struct alarm_news {
	struct alarm alarm;
	bool told_open;
};
MUST_USE int alarms_news(struct alarm_news **ret, size_t *count, struct arena *a, struct db *db,
    struct err *e);
/* All of it that is so now was told. In the same transaction as what was made of it. */
MUST_USE int alarms_told(struct db *db, const struct alarm *told, struct err *e);

#endif
