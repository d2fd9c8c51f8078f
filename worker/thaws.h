/* thaws.h: the supervisor's watch over applications that are held for a backup.
 *
 * A freeze whose job is gone, or whose time was up a while ago while the job is stuck, gets its
 * thaw from a child of the supervisor. So does what an earlier worker, or the machine before it was
 * started again, left held.
 */
#ifndef WORKER_THAWS_H
#define WORKER_THAWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/db.h"
#include "lib/store/freezes.h"
#include "lib/util/conf.h"

enum { THAWS_AT_ONCE = 32 };

struct thaws {
	struct thaw_watch {
		int64_t environment, at;   /* of the freeze; environment 0: free */
		int64_t seen;              /* since when, by a clock that does not jump */
		int64_t started;           /* of the child */
		pid_t pid;                 /* 0: none */
	} watches[THAWS_AT_ONCE];
};

/* One turn: bury children, start those that are due. */
MUST_USE int thaws_step(struct thaws *t, struct db *db, const struct conf *conf, struct err *e);

/* A worker that stops, and for how long it has been at that. */
struct thaws_leaving {
	const struct conf *conf;
	const char *worker;
	int64_t stopping_ms;
};
/* Must it still stay? While a thaw is at work, and while one is owed that was not given up: each
 * has the time that its hook may take. */
MUST_USE int thaws_keep(bool *ret, const struct thaws *t, struct db *db,
    const struct thaws_leaving *who, struct err *e);
/* Is this what another worker's living job holds, and will let go? */
bool thaws_of_another(const struct freeze_row *row, const struct thaws_leaving *who);

/* One thaw may fail in passing, as when a server is just starting again. From this one on somebody
 * is told, and a worker that stops leaves it to the next. */
enum { THAWS_FAILED = 2 };

/* Pure: must the supervisor step in? `seen_ms` is for how long it has known of it, `guarded`
 * whether the job lives. */
bool thaws_due(const struct freeze_row *row, bool guarded, int64_t now, int64_t seen_ms);

#endif
