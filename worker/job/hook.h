/* hook.h: programs of the administrator around a restore or a backup: stop the application, start
 * it again, make data harmless.
 *
 * A hook is an executable in <home>/hooks; the catalogue knows only its name, so that whoever can
 * write there cannot run anything that was not put on this machine by hand. It is run without a
 * shell, with LAZARETTE_PROJECT, LAZARETTE_ENVIRONMENT, LAZARETTE_RESTORE or LAZARETTE_BACKUP,
 * LAZARETTE_STEP (before, after, sanitise, freeze, thaw, code), LAZARETTE_OUTCOME and what the
 * driver adds.
 */
#ifndef WORKER_JOB_HOOK_H
#define WORKER_JOB_HOOK_H

#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "worker/job/plan.h"

struct hook {
	const char *name;             /* of the executable */
	const char *step, *outcome;   /* outcome "" until it is known */
	int64_t limit_s;
	const char *const *more;      /* more of its environment, ends in NULL; NULL: none */
	const char **answer;          /* the first line it writes, "" at first; NULL: not wanted */
};

/* 0 when it ended with 0 in time. ERR_INPUT: it is not there, or anybody could change it. What it
 * writes goes into the job's log. */
MUST_USE int hook_run(const struct hook *h, struct plan *p, struct err *e);

/* The hooks of the plan's environment, when its restore runs any. "before" that fails is an error;
 * from the moment it begins, "after" is owed and written down as such. */
MUST_USE int hook_before(struct plan *p, struct err *e);
/* Runs only when it is owed, then it is not any more: its own failure is a warning of the job. */
MUST_USE int hook_after(struct plan *p, const char *outcome, struct err *e);

/* Which code the plan's environment runs: the first words (up to 80 bytes) of its hook for that.
 * "" when it has none, or when that fails: the job goes on, with a warning. */
const char *hook_code(struct plan *p);

#endif
