/* safety.h: the answer to "am I safe?" for one environment, out of facts alone.
 *
 * Times are instants (ms UTC); 0 stands for "never" or "none". Nothing is read here and no clock
 * is asked: the same facts always give the same answer.
 */
#ifndef LIB_MODEL_SAFETY_H
#define LIB_MODEL_SAFETY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/model/backup.h"

/* Worst first: lists are sorted by it. */
enum safety_state {
	SAFETY_AT_RISK,
	SAFETY_SUSPICIOUS,
	SAFETY_LATE,
	SAFETY_NONE,                  /* no backup yet */
	SAFETY_UNSCHEDULED,           /* at risk as well, but by a choice and not by a failure */
	SAFETY_PROTECTED,
	SAFETY_PAUSED,
	SAFETY_STATES
};

/* Why. Within a state, the first that holds is told. */
enum safety_cause {
	CAUSE_FAILED,                 /* the last backup failed */
	CAUSE_DAMAGED,                /* stored bytes of the newest one are damaged or missing */
	CAUSE_OVERDUE,                /* a scheduled one did not come, and its grace is over */
	CAUSE_OLD,                    /* the newest trusted one is older than allowed */
	CAUSE_ALARM,                  /* an open alarm says so: test, missing, rto */
	CAUSE_SUSPICIOUS,
	CAUSE_LATE,                   /* a scheduled one did not come yet, within its grace */
	CAUSE_NO_SERVICES,
	CAUSE_COMING,                 /* the first one is on its way */
	CAUSE_FIRST,                  /* nothing has been backed up yet */
	CAUSE_UNSCHEDULED,
	CAUSE_OFF,                    /* there are schedules, and all of them are off or paused */
	CAUSE_GAP,                    /* protected, but for services that no schedule takes */
	CAUSE_GOOD,
	CAUSE_PAUSED,
	CAUSES
};

/* Within this time of a run nobody expects its backup, or even its job, to be there. */
#define SAFETY_SLACK INT64_C(300000)

struct safety_facts {
	int64_t created_at;           /* of the environment */
	bool paused;
	int64_t paused_at, resumed_at;   /* its last pause: from and to; 0: none, not known */
	int64_t services;             /* that stand for themselves */
	const char *uncovered;        /* those that no running schedule takes: "media, cache"; "" */
	int64_t uncovered_count;

	int64_t schedules, schedules_on;   /* that hold here, and those of them that run */
	int64_t resumes_at;           /* when the first paused one goes on, 0 when none does */
	int64_t next_at;              /* the next run; in the past when nobody has taken it */
	int64_t interval_ms;          /* between runs; 0: not known */
	/* The first run that came due and whose services have no good backup since: of each service
	 * its own newest counts, and the environment is as safe as the worst of them. So in
	 * trusted_at and ended, too. */
	int64_t unmet_at;

	int64_t good, good_at;        /* the newest good backup, and when it ended */
	enum backup_health health;    /* of it */
	/* The newest of a service is; which one, when it ended, and of which service: "" when it is
	 * the newest of all. */
	bool suspicious;
	int64_t odd, odd_at;
	const char *odd_of;
	/* When the newest began, and when one ended, that nobody doubts. For a service that has no
	 * backup at all it is when that was made, and 0; 0 and 0: it has only doubtful ones. */
	int64_t trusted_at, trusted_end;
	const char *oldest;           /* the service that is told of; "" when all are as old */
	int64_t ended, ended_at;      /* the newest that ended of a service: a failed one, if any */
	bool ended_failed;
	const char *ended_of;         /* that service */
	int64_t newest;               /* the newest that ended of any */
	/* Of the service whose backup failed and that should have had the next one first: when it
	 * failed, and the time between its own runs; 0: none. */
	int64_t silent_after, silent_interval_ms;
	int64_t coming;               /* a backup that is queued or running */

	int64_t rpo_ms;               /* how old the newest one may be; 0: any age */
	const char *alarm;            /* the text of an open alarm about it; "" */
	int64_t alarm_at;
};

struct safety {
	enum safety_state state;
	enum safety_cause cause;
	int64_t since;                /* when that began; 0: not known */
};

/* NULL texts count as "". */
struct safety safety_of(const struct safety_facts *f, int64_t now);

/* The newest trusted backup is older than allowed; where there was none yet, the environment is.
 * That may be true beside another cause, and of an environment without a backup safety_of() says
 * nothing of it. */
bool safety_too_old(const struct safety_facts *f, int64_t now);

/* The first run that came due and brought no good backup; 0: none. */
int64_t safety_unmet(const struct safety_facts *f, int64_t now);
/* The last backup of a service failed, and when the one after it should have ended long ago nothing
 * had: by the runs of this service. The last pause does not count, as in all lateness. */
bool safety_silent(const struct safety_facts *f, int64_t now);

/* How long a scheduled backup may be late before it is overdue: a quarter of the time between
 * runs, from 30 minutes to 6 hours. */
int64_t safety_grace(int64_t interval_ms);

const char *safety_word(enum safety_state state);        /* "At risk" */
const char *safety_name(enum safety_state state);        /* "at-risk": for machines */
/* One or two sentences that say why. */
char *safety_reason(struct arena *a, const struct safety *s, const struct safety_facts *f,
    int64_t now);
/* Has something gone wrong that somebody must look at? Never scheduled and no backup yet do not
 * count: they wait for a decision. */
bool safety_bad(enum safety_state state);

#endif
