/* plans.h: schedules in the environments where they hold: their next run, and what became of the
 * last.
 *
 * What is due becomes a backup exactly once: the worker's turn is plans_refresh() when something
 * has changed, then plans_fire() for each of plans_due().
 */
#ifndef LIB_STORE_PLANS_H
#define LIB_STORE_PLANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/backup.h"
#include "lib/model/schedule.h"
#include "lib/store/db.h"

/* A schedule in one environment where it holds. */
struct schedule_plan {
	struct schedule schedule;
	int64_t environment;
	const char *environment_uuid;
	const char *project_slug, *environment_slug;
	bool environment_paused;
	const char *zone;             /* by which it runs: its own, else the environment's */
	bool known;                   /* the next two are there */
	int64_t handled, next;        /* of schedule_state */
	/* The newest run; run_at 0: there was none. */
	int64_t run_at, run_due;
	const char *run_error;        /* why it could not be asked for, "" when it could */
	bool run_merged;
	/* The newest backup it asked for (also by [Run now]); 0: none. */
	int64_t backup, backup_at, backup_started, backup_bytes, backup_warnings;
	enum backup_state backup_state;
	enum backup_health backup_health;
	const char *backup_error, *contents;
	const char *storage_slug;     /* where the next run goes; "" when there is no storage */
	const char *retention;        /* the line of the rule that holds there (retain_rule.h) */
	bool storage_default, retention_default;   /* no policy says so */
};
/* The newest run could not even be asked for: it is newer than the newest backup. */
bool plans_refused(const struct schedule_plan *p);
/* Why the newest run brought nothing, "" when it did or is still at work. */
const char *plans_error(const struct schedule_plan *p);
/* "keeps 7 daily, 4 weekly, 12 monthly". */
char *plans_keeps(struct arena *a, const struct schedule_plan *p);
/* environment 0: of all. In the order of project, environment, schedule. */
MUST_USE int plans_list(struct schedule_plan **ret, size_t *count, struct arena *a,
    struct db *db, int64_t environment, struct err *e);

/* Ask for a backup as the schedule would, on behalf of a person and at once; it only queues. A
 * consistent one waits for the window, as it would at its time. */
struct schedule_run_request {
	int64_t schedule, environment, requested_by;
	const char *key;              /* of the form */
};
MUST_USE int plans_run_now(int64_t *backup, struct db *db,
    const struct schedule_run_request *rq, struct err *e);

/* -- for whoever changes something -- */

/* A row of schedule_state for each schedule in each environment where it holds since this moment,
 * with its next run; those that hold already stay as they are. Within a transaction or not. */
MUST_USE int plans_begin(struct db *db, int64_t now, struct err *e);

/* -- the worker's side -- */

/* Bring schedule_state up to date: a row for each schedule in each environment where it holds, with
 * its next run. What is overdue by more than ten minutes (nobody worked) begins within its spread
 * from now on, so that not all of it comes at once. */
MUST_USE int plans_refresh(struct db *db, int64_t now, struct err *e);

struct schedule_due {
	int64_t schedule, environment;
};
/* The first ones that are due, at most `limit`. */
MUST_USE int plans_due(struct schedule_due **ret, size_t *count, struct arena *a,
    struct db *db, int64_t now, struct err *e);

/*
 * Do what is due, in one transaction: the run is noted under its slot, which makes it the only one,
 * and the backup is asked for. When that is refused (paused, no services) the run holds why. When
 * the backup of the run before still waits in the queue, the two are one. Days that passed without
 * their run get it counted as missed.
 */
struct schedule_fired {
	bool ran;                     /* false: somebody else did, or nothing was due any more */
	int64_t backup;               /* 0: it could not be asked for */
	bool merged;
	int missed;
	const char *error;            /* "" */
};
MUST_USE int plans_fire(struct schedule_fired *ret, struct arena *a, struct db *db,
    const struct schedule_due *what, int64_t now, struct err *e);

#endif
