/* findings.h: what lies in a storage, compared with what the catalogue says lies there.
 *
 * A reconcile job looks through one storage: weekly, or when somebody asks. It only reads. A job of
 * it hangs on an environment that has backups there, for every job has one.
 */
#ifndef LIB_STORE_FINDINGS_H
#define LIB_STORE_FINDINGS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/backup.h"
#include "lib/model/project.h"
#include "lib/store/db.h"
#include "lib/store/jobs.h"

enum { FINDINGS_EVERY_DAYS = 7 };
/* Of what nobody knows at most so many are kept by name. */
enum { FINDINGS_UNKNOWN = 1000 };

enum finding_kind { FINDING_MISSING, FINDING_DAMAGED, FINDING_UNKNOWN, FINDINGS };
const char *findings_kind_name(enum finding_kind kind);

struct finding {
	const char *path;             /* below the storage's folder */
	enum finding_kind kind;
	const char *text;             /* a sentence for people */
	int64_t backup;               /* whose it is; 0: nobody's */
	int64_t found_at;             /* when it was seen first; findings_write() keeps it */
};

/* Queue a look through a storage. rq->environment is found here. While one is queued or running
 * it gives that one. ERR_CONFLICT: no environment has a backup there, so there is nothing to
 * compare. */
MUST_USE int findings_request(int64_t *job, struct db *db, const struct job_request *rq,
    int64_t storage, struct err *e);
/* Queue those that are due: the last good look is a week old, and the last bad one a day. */
MUST_USE int findings_queue(int64_t *count, struct db *db, int64_t now, struct err *e);
/* Queue a test of a storage (probe.h): a job of the kind check without a service. rq->environment
 * is found here, any one where no backup lies there yet. While one is queued or running it gives
 * that one. ERR_CONFLICT: there is no environment. */
MUST_USE int findings_request_test(int64_t *job, struct db *db, const struct job_request *rq,
    int64_t storage, struct err *e);
/* The same of any kind of job about a storage. */
MUST_USE int findings_request_kind(int64_t *job, struct db *db, const struct job_request *rq,
    int64_t storage, enum job_kind kind, struct err *e);
/* The storage of such a job; the newest of a kind, reconcile or check, of a storage, 0: none. */
MUST_USE int findings_storage_of(int64_t *ret, struct db *db, int64_t job, struct err *e);
MUST_USE int findings_newest_job(int64_t *ret, struct db *db, int64_t storage,
    enum job_kind kind, struct err *e);

/* -- the worker's side -- */

struct findings_look {
	int64_t storage;
	int64_t objects, bytes, free_bytes;
	const struct finding *items;
	size_t count;
};
/*
 * All that a look found takes the place of what stood there: the findings, the state of the backups
 * they belong to (missing or damaged; one that was missing and is whole again becomes unknown, to
 * be read again soon), and an event for each backup that changed. A backup that has left the state
 * ready since the look began is left alone. One transaction, under the lease.
 */
MUST_USE int findings_write(struct db *db, const struct lease *l, const struct findings_look *look,
    struct err *e);

/* What is wrong with an object, in a sentence; owner: "b101". */
char *findings_gone(struct arena *a, const char *owner);
char *findings_resized(struct arena *a, const char *owner, int64_t bytes, int64_t stored);
/* One finding, inside a transaction; found_at is now, or as it was. */
MUST_USE int findings_put(struct db *db, int64_t storage, const struct finding *f, struct err *e);

/* -- looking -- */

/* A storage as its page shows it. */
struct findings_storage {
	struct storage storage;
	int64_t checked_at, objects, bytes, free_bytes;   /* checked_at 0: never */
	int64_t backups, missing, damaged, unknown;
};
MUST_USE int findings_storages(struct findings_storage **ret, size_t *count, struct arena *a,
    struct db *db, struct err *e);
/* ERR_NOT_FOUND. */
MUST_USE int findings_storage(struct findings_storage *ret, struct arena *a, struct db *db,
    const char *slug, struct err *e);
/* Worst first, at most `limit`. */
MUST_USE int findings_list(struct finding **ret, size_t *count, struct arena *a, struct db *db,
    int64_t storage, int limit, struct err *e);

#endif
