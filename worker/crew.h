/* crew.h: the job processes of one worker: claimed, watched, stopped, buried.
 *
 * The crew is part of a single-threaded supervisor. Nothing here blocks but the catalogue, whose
 * own limit is ten seconds; a write to it that fails is tried again at the next turn.
 */
#ifndef WORKER_CREW_H
#define WORKER_CREW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/db.h"
#include "lib/store/jobs.h"
#include "lib/util/conf.h"

/* Why we ended a job's process; decides what its end is called. */
enum crew_stop { CREW_RUNS, CREW_CANCEL, CREW_STALL, CREW_LIMIT, CREW_FENCED, CREW_CLOSING };

struct hand {
	pid_t pid;                    /* 0: it is dead and `status` says how */
	int status;
	struct lease lease;           /* job 0: nobody */
	enum crew_stop stop;
	int64_t started, beaten,
	    asked; /* clock_mono(): start, last good beat, SIGTERM sent (0: not) */
	struct job_pulse pulse;       /* the last one, and the clock_mono() when it last moved */
	int64_t moved;
	int64_t lease_until;          /* clock_now(): before it nobody takes the job from us */
	bool clear_failed;            /* that was said: it is tried at each turn */
};

struct crew {
	const struct conf *conf;
	struct db *db;
	const char *worker;           /* our name in the catalogue */
	struct hand *hands;
	size_t size;
	bool left_traces;             /* a job ended badly: housekeeping is due now */
	bool held_back, load_known;   /* the load is too high for background work; it was asked */
};

void crew_init(struct crew *crew, const struct conf *conf, struct db *db, const char *worker);
void crew_release(struct crew *crew);

size_t crew_busy(const struct crew *crew);
/* Claim jobs and start them while there are free hands; above max_load only those that somebody
 * waits for. */
MUST_USE int crew_claim(struct crew *crew, struct err *e);
/* Beat leases that are due, obey cancels, stalls and limits. */
MUST_USE int crew_watch(struct crew *crew, struct err *e);
/* Take the dead and write the end of their jobs. */
MUST_USE int crew_bury(struct crew *crew, struct err *e);
/* Jobs of workers that are gone become queued again. */
MUST_USE int crew_recover(struct crew *crew, struct err *e);
/* Ask all to stop; whoever is still there after the grace is killed by crew_watch(). */
void crew_close(struct crew *crew);

#endif
