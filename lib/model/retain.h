/* retain.h: which backups of an environment stay, which go, and why.
 *
 * Pure: the same question has the same answer, in whatever order the backups are given.
 *
 * What counts. A scheduled backup counts when it is ready, neither damaged nor missing, and nobody
 * suspects it. Counting is done for each service by itself: a backup stays when one of the services
 * in it needs it, so a nightly backup of files alone never pushes out one of the database.
 *
 * The keeps are taken in this order, each from what the ones before left: the newest N, the last N
 * days, hourly, daily, weekly, monthly, yearly. A period is represented by the newest backup in it
 * (an hour by the clock on the wall, a day from midnight, a week from Monday). A period whose
 * representative stays already is passed over, so 7 daily, 4 weekly and 12 monthly are 23 backups
 * that do not overlap. Hours, days and weeks without a backup are not counted: when backups stop,
 * nothing is lost by waiting. A rule with larger numbers never deletes a backup that one with
 * smaller numbers keeps (as long as max-total takes no part).
 *
 * A schedule may have keeps of its own: then its scheduled backups are a list of their own, counted
 * by these keeps, and take nobody's place in the list of the others. All else of the rule, with the
 * newest min_good of each service among all lists, is the environment's.
 *
 * On-demand and uploaded backups are a list of their own, in which none takes the place of a
 * scheduled one: each stays for demand_days and then while it is among the newest demand_last.
 * Safety backups stay safety_days and never stand for the state of a service: they were taken
 * because something was about to be overwritten. Failed, damaged, missing and suspicious ones stay
 * failed_days.
 *
 * What never goes, whatever the rule says: a pinned one, one kept until a date that is to come, one
 * in use, one that is being built, one dated in the future, one of another environment, one younger
 * than the minimum age; the newest min_good good ones of each service (a safety or damaged one when
 * there is nothing else); the newest one that is suspicious, or whole inside a backup of which
 * another part failed, when no good one is newer. These are laid over the rule: pinning a backup
 * changes nothing for any other. Those younger than the minimum age take one place together among
 * the newest N, so that a flood of new backups pushes out no more than one does for that long.
 *
 * max_total comes last: while what stays (the trash apart) is larger, the oldest that may go goes.
 * A limit that cannot be met is told, never enforced on what must not go.
 *
 * A clock that jumped (24 hours forward or one hour back since the caller last looked) stops all
 * deleting.
 */
#ifndef LIB_MODEL_RETAIN_H
#define LIB_MODEL_RETAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/model/backup.h"
#include "lib/model/retain_rule.h"

/* Why a backup stays; any number of them together, as bits 1u << why. */
enum retain_why {
	/* Of the state it is in. */
	WHY_STRANGER,         /* it belongs to another environment */
	WHY_BUILDING,
	WHY_TRASHED,          /* it is in the trash, or deleted: nothing to decide */
	WHY_FUTURE,           /* its date is to come */
	WHY_CLOCK,            /* it would go, but the clock jumped */
	/* Of what a person did. */
	WHY_PINNED,
	WHY_UNTIL,            /* the date of keep_until is to come */
	WHY_IN_USE,
	/* Of the rule. */
	WHY_FOREVER,
	WHY_LAST,
	WHY_DAYS,
	WHY_HOURLY,           /* WHY_HOURLY + enum period */
	WHY_DAILY,
	WHY_WEEKLY,
	WHY_MONTHLY,
	WHY_YEARLY,
	WHY_DEMAND_STAYS,
	WHY_DEMAND_DAYS,
	WHY_DEMAND_LAST,
	WHY_SAFETY,           /* a safety backup within its days */
	WHY_FAILED,           /* failed, damaged, missing or suspicious, within its days */
	/* Whatever the rule says. */
	WHY_YOUNG,            /* younger than the minimum age */
	WHY_NEWEST_GOOD,      /* among the newest min_good of a service */
	WHY_NEWEST_ODD,       /* the newest of a service, yet suspicious or in a failed backup */
	WHYS
};

/* One service in a backup. Of a service that is gone the last good copy stays like any other:
 * whoever wants it to go leaves its part out of the question. */
struct retain_part {
	int64_t service;
	const char *name;     /* for sentences */
	bool good;            /* its bytes are whole, as far as anybody knows */
};

/* A backup without parts is taken as one unnamed service that is good when the backup is. */
struct retain_item {
	int64_t id;
	int64_t environment;
	int64_t taken_at;     /* ms; of a backup that never got so far, when it was made */
	enum backup_kind kind;
	enum backup_state state;
	enum backup_health health;
	bool suspicious, pinned, in_use;
	int64_t keep_until;   /* ms, 0: none */
	int64_t trashed_at;
	int64_t stored_bytes;
	int64_t schedule;     /* 0: none */
	const struct retain_part *parts;
	size_t part_count;
};

/* A schedule with keeps of its own. Of the rule only forever, last, days and each take part. */
struct retain_keeps {
	int64_t schedule;
	const char *name;             /* for sentences */
	const struct retain_rule *rule;
	int64_t next_run, every_ms;   /* as below */
};

struct retain_ask {
	const struct retain_rule *rule;
	int64_t environment;
	int64_t now;
	int64_t last_now;     /* when the caller last looked at the clock; 0: never before */
	/* What the clock on the wall shows, in ms as if it stood at UTC. NULL: UTC. */
	int64_t (*local_ms)(void *zone, int64_t utc_ms);
	void *zone;
	const struct retain_keeps *keeps;
	size_t keeps_count;
	/* For foretelling: the next run of a schedule without keeps of its own, the time between
	 * two; 0: none. */
	int64_t next_run, every_ms;
	int64_t trash_ms;     /* how long a backup lies in the trash */
	const struct retain_item *items;
	size_t count;
};

/* When a backup goes, if a good one of each service is made at each run from now on, and the limit
 * takes none. */
enum retain_goes {
	GOES_NOW,
	GOES_AT,              /* `goes_at` is the first instant at which nothing keeps it */
	GOES_WHEN_NEWER,      /* when `goes_newer` more are there, and not before `goes_at` */
	GOES_NEVER,           /* only by a person */
	GOES_OPEN             /* nobody can say: it is being built, in use, of another time */
};

struct retain_verdict {
	bool go;
	bool limit;           /* it goes for max_total; the rule alone would keep it */
	uint32_t why;         /* 0 when it goes */
	const char *service;  /* of WHY_NEWEST_*; "" when unnamed */
	const char *only;     /* the rule keeps it for this service, not for all in it; else NULL */
	enum retain_goes goes;
	int64_t goes_at, goes_newer;
};

struct retain_result {
	struct retain_verdict *verdicts;   /* one for each item, in the order of the question */
	size_t go_count;
	int64_t go_bytes;
	int64_t stay_bytes;   /* of what stays and is not in the trash */
	bool stopped;         /* the clock jumped: go_count is 0 */
	bool over_limit;      /* what must not go is larger than max_total */
};

/* The result lives in the arena; names in it are the caller's. Times outside the years 1970 to 9999
 * count as the nearest time inside. */
void retain_judge(struct retain_result *ret, struct arena *a, const struct retain_ask *ask);

/* The clock jumped between `last_now` (0: unknown, no jump) and `now`. */
bool retain_clock_jumped(int64_t last_now, int64_t now);

/* The local time of an instant, by the question's zone. */
int64_t retain_local(const struct retain_ask *ask, int64_t utc_ms);

/* By which schedule's own keeps it is counted; NULL: by the rule of the environment. */
const struct retain_keeps *retain_keeps_of(const struct retain_ask *ask,
    const struct retain_item *item);
/* The rule whose keeps count it. */
const struct retain_rule *retain_rule_of(const struct retain_ask *ask,
    const struct retain_item *item);

/* A backup that the rule counts: ready, whole, unsuspected. */
bool retain_counts(const struct retain_item *item);

#endif
