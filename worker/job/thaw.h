/* thaw.h: an application that was held for a backup is let go again, whatever became of the backup.
 *
 * Whoever finds that a thaw is owed may run it: the job itself, its watch at the cap, the
 * supervisor. A lock in the folder of runtime files lets one of them do it at a time, and the row
 * in the catalogue tells the next one that it is done. A thaw whose runner is killed before that
 * is written is run again: the hook must bear that.
 */
#ifndef WORKER_JOB_THAW_H
#define WORKER_JOB_THAW_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/freezes.h"
#include "worker/job/plan.h"

/* Why it ends: all that had to be read has been; its time is up; nobody looks after it any more. */
enum thaw_why { THAW_READ, THAW_CAP, THAW_LEFT };

/* *mine tells whether this call let it go (false: somebody had). Needs conf, arena, db, report and
 * environment of the plan. The hook's own failure is an error, is written down, and the thaw stays
 * owed. */
MUST_USE int thaw_run(bool *mine, struct plan *p, const struct freeze_row *row, enum thaw_why why,
    struct err *e);

/* The lock that says that a process looks after a freeze; it ends with the process. -1 and ERR_BUSY
 * when another has it. Not for threads of one process against each other. */
MUST_USE int thaw_guard(int *fd, const struct conf *conf, int64_t environment, struct err *e);
/* Does any other process look after it? */
bool thaw_guarded(const struct conf *conf, int64_t environment);

/* What lazarette-worker --thaw does: one environment, by the supervisor's order. Exit status. */
int thaw_main(const struct conf *conf, int64_t environment);

#endif
