/* report.h: what a running job tells the world, and how it is told to stop.
 *
 * A thread with a connection of its own writes to the catalogue at most every half second, so that
 * the threads that do the work never wait for it. Another one only waits for SIGTERM (somebody
 * cancelled, or the supervisor is gone): it kills all that the job started and ends the process
 * with REPORT_STOPPED. A lost lease does the same with REPORT_FENCED. In both cases nothing more is
 * written: the supervisor cleans up.
 */
#ifndef WORKER_JOB_REPORT_H
#define WORKER_JOB_REPORT_H

#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/db.h"
#include "lib/store/jobs.h"
#include "worker/archive/watch.h"

/* Exit statuses of a job's process besides 0 ("the end is written"). */
enum { REPORT_UNWRITTEN = 74, REPORT_FENCED = 75, REPORT_STOPPED = 76 };

struct report;

/* Blocks SIGTERM, SIGINT and SIGUSR1 in the calling thread and those it starts later: call it
 * first. */
MUST_USE int report_start(struct report **ret, const char *catalog, const struct lease *l,
    struct err *e);

/* For who works on a job without holding it: no threads; what is said goes to the worker's own log
 * alone. */
struct report *report_aside(void);

/* Words for people: "database: dumping". Does not count as progress of bytes, but does as a sign of
 * life. */
void report_phase(struct report *r, const char *fmt, ...) PRINTF(2, 3);
void report_expect(struct report *r, int64_t raw_bytes);
/* One line of the log; stream: note, err or warn. A "warn" is counted. */
void report_say(struct report *r, const char *stream, const char *fmt, ...) PRINTF(3, 4);
const struct watch *report_watch(struct report *r);
/* The present phase as it was last set; lives in the arena. */
char *report_words(struct report *r, struct arena *a);
int64_t report_expected(struct report *r);
int64_t report_bytes(struct report *r);
int64_t report_warnings(struct report *r);

/* Ends the thread; what it had not written yet is kept for report_flush(). */
void report_stop(struct report *r);
/* Write what is left, first of all that is written at a job's end, through the caller's connection;
 * lines that were written are forgotten. */
MUST_USE int report_flush(struct report *r, struct db *db, struct err *e);

void report_free(struct report *r);     /* NULL is fine; stops first */
void report_freep(struct report **r);
#define CLEANUP_REPORT CLEANUP(report_freep)

#endif
