/* schedules.h: schedules as people set them, and which of them hold in an environment.
 *
 * The nearest level that has any schedule (turned on or off) for the kind of an environment holds:
 * its own, its project's, the instance's. Their runs: plans.h.
 */
#ifndef LIB_STORE_SCHEDULES_H
#define LIB_STORE_SCHEDULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/schedule.h"
#include "lib/store/db.h"

/* -- what a person sets -- */

/* Sets id, revision and created_at. ERR_INPUT: schedule_check() finds a fault (the page shows all
 * of them), or a service is chosen that is not of the environment, lies beside another or is gone.
 * ERR_CONFLICT: there are SCHEDULES_MAX at this place already. */
MUST_USE int schedules_add(struct schedule *s, struct db *db, struct err *e);
/* What somebody saw of the backups that other keeps let go: retention_schedule_impact(). */
struct schedule_seen {
	int64_t now;
	const char *list;
};
/* Name, cron, zone, spread, mode, keep, notify, kinds and services. The row must still have
 * s->revision, and its keep must let go what `seen` names (NULL: nobody looked), else
 * ERR_CONFLICT. Where its times change, what was due before is given up. */
MUST_USE int schedules_update(const struct schedule *s, const struct schedule_seen *seen,
    struct db *db, struct err *e);
/* Turned on again it begins afresh: what fell into the time it was off is not made up for. */
MUST_USE int schedules_switch(struct db *db, int64_t id, bool on, int64_t by, struct err *e);
/* until 0: no more. */
MUST_USE int schedules_pause(struct db *db, int64_t id, int64_t until, struct err *e);
/* It comes no more; its backups go by the rule of their environment from then on. That must let go
 * what `seen` names (of keep ""; NULL: nobody looked), else ERR_CONFLICT. */
MUST_USE int schedules_remove(struct db *db, int64_t id, const struct schedule_seen *seen,
    struct err *e);
/* Its backups that could go to the trash: the ready and failed ones that are not kept. */
MUST_USE int schedules_backups(int64_t **ret, size_t *count, struct arena *a, struct db *db,
    int64_t id, struct err *e);

/* ERR_NOT_FOUND, also of one that was removed. */
MUST_USE int schedules_by_id(struct schedule *ret, struct arena *a, struct db *db, int64_t id,
    struct err *e);
/* Those set at one place itself: of a project, an environment, or (both 0) the instance. */
struct schedule_place {
	int64_t project, environment;
};
MUST_USE int schedules_at(struct schedule **ret, size_t *count, struct arena *a, struct db *db,
    const struct schedule_place *at, struct err *e);
/* Those that hold in an environment, wherever they are set. */
MUST_USE int schedules_of(struct schedule **ret, size_t *count, struct arena *a, struct db *db,
    int64_t environment, struct err *e);
/* By which rule its backups are told, also when it was removed since; of schedule 0 as the channels
 * have chosen. */
MUST_USE int schedules_notify(enum schedule_notify *ret, struct db *db, int64_t schedule,
    struct err *e);
/* The services that a run takes: the chosen ones, or all that stand for themselves, as long as they
 * are there. */
MUST_USE int schedules_services(int64_t **ret, size_t *count, struct arena *a, struct db *db,
    const struct schedule *s, int64_t environment, struct err *e);

/* -- for whoever follows them -- */

/* A number that is another one after whatever could change when something runs. */
MUST_USE int schedules_changed(int64_t *ret, struct db *db, struct err *e);
/* Says so, and notes what holds from now on (plans_begin()), so that no run is lost if no worker is
 * there to see it; lib/store calls it, inside a transaction or not. */
MUST_USE int schedules_touch(struct db *db, struct err *e);

#endif
