/* freezes.h: applications that are held for a consistent backup, and the thaw that is owed to them.
 *
 * A freeze is written down before its hook runs and struck off after its thaw has run: whoever
 * finds one knows that an application may stand still. Times are of clock_now().
 */
#ifndef LIB_STORE_FREEZES_H
#define LIB_STORE_FREEZES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/backup.h"
#include "lib/store/db.h"
#include "lib/store/jobs.h"

struct freeze_row {
	int64_t environment, job, backup;
	int64_t at, until;            /* since when, and by when it must be over */
	int64_t tries, next;          /* thaws that failed, and when to try again */
	const char *error;            /* of the last one; "" when none */
	int64_t limit_ms;             /* how long its thaw may take; only of one that was read */
	const char *worker;           /* that runs its job; "" when none does; as limit_ms */
};

/* The environment of a running backup job is frozen from now on, for `cap_ms` at most. ERR_BUSY:
 * it is already, ERR_FENCED. */
MUST_USE int freezes_begin(struct freeze_row *ret, struct db *db, const struct lease *l,
    int64_t cap_ms, struct err *e);

/* All that are owed a thaw, the oldest first. */
MUST_USE int freezes_owed(struct freeze_row **ret, size_t *count, struct arena *a, struct db *db,
    struct err *e);
/* That of one environment; ret->at is 0 when it is not frozen. */
MUST_USE int freezes_of(struct freeze_row *ret, struct arena *a, struct db *db,
    int64_t environment, struct err *e);

/* Its thaw has run; the backup learns for how long it was held. `kept`: up to the moment when all
 * of it had been read; else the backup is a live one from here on. Nothing happens when another
 * freeze has begun since. */
MUST_USE int freezes_over(struct db *db, const struct freeze_row *row, bool kept, struct err *e);
/* Its thaw has failed: `next` is when to try again. */
MUST_USE int freezes_failed(struct db *db, const struct freeze_row *row, const char *why,
    int64_t next, struct err *e);

/* No hook to freeze with: the backup of this job is a live one. */
MUST_USE int freezes_live(struct db *db, const struct lease *l, struct err *e);

/* When an environment may be held: text is "01:00-05:00", "" at any time; opens is `now` or when
 * the window opens next. A zone that cannot be read counts as UTC. */
struct freeze_window {
	const char *text, *zone;
	int64_t opens;
};
MUST_USE int freezes_window(struct freeze_window *ret, struct arena *a, struct db *db,
    int64_t environment, int64_t now, struct err *e);
/* Does a backup keep to it whatever anybody says, as all that a plan asks for do? `schedule` 0:
 * none asked for it. */
bool freezes_windowed(enum backup_kind kind, int64_t schedule);
/* Outside of it: the job goes back to the queue until it opens, with a line in its log, and the
 * lease is over. Asked to be cancelled it ends instead. ERR_FENCED: the lease was over before. */
MUST_USE int freezes_put_back(struct db *db, const struct lease *l, const struct freeze_window *w,
    struct err *e);

/* How long the last consistent backup of an environment held it; 0: there was none. */
MUST_USE int freezes_usual(int64_t *ms, struct db *db, int64_t environment, struct err *e);

/* A line in a job's log by somebody who does not hold it. Best effort: a full log takes none. */
MUST_USE int freezes_note(struct db *db, int64_t job, const char *stream, const char *text,
    struct err *e);

#endif
