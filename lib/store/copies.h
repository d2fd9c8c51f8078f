/* copies.h: the places of a backup: the first, which stands in its own row, and its copies. */
#ifndef LIB_STORE_COPIES_H
#define LIB_STORE_COPIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/copy.h"
#include "lib/store/db.h"
#include "lib/store/jobs.h"

/* What failed is tried again after so long, unless somebody cancelled it. */
enum { COPIES_AGAIN_MS = 3600 * 1000 };

/* All places of a backup: the first, then the others by the age of their storages. */
MUST_USE int copies_list(struct copy **ret, size_t *count, struct arena *a, struct db *db,
    int64_t backup, struct err *e);

struct copy_ask {
	int64_t backup, storage;
	bool takes_over;              /* it becomes the first place */
	bool background;              /* nobody waits for it */
};
/*
 * Queue a copy of a backup into a storage, or what is damaged there made whole again; or find the
 * job that is at it already. ERR_CONFLICT: the backup is not ready, or is whole there already.
 */
MUST_USE int copies_request(int64_t *job, struct db *db, const struct job_request *rq,
    const struct copy_ask *ask, struct err *e);

/* Queue a re-reading of what lies in one of its places. ERR_CONFLICT: it does not lie there. */
MUST_USE int copies_verify(int64_t *job, struct db *db, const struct job_request *rq,
    const struct copy_ask *ask, struct err *e);

/* All backups of `from` are to have their first place in `to`: queues what brings each of them
 * there and then removes it from where it was. Again is fine: it goes on. *count is how
 * many; one that can be read nowhere stays. */
struct copy_move {
	int64_t from, to;
};
MUST_USE int copies_move(int64_t *count, struct db *db, const struct job_request *rq,
    const struct copy_move *move, struct err *e);
/* Of the backups whose first place is there: how many are nowhere else, and on their way out. */
struct copy_counts {
	int64_t first, only_here, moving;
};
MUST_USE int copies_count(struct copy_counts *ret, struct db *db, int64_t storage,
    struct err *e);

/* A copy goes; what lies there is removed by housekeeping. ERR_CONFLICT: it is the first place, the
 * last one that can be read, or in use by a queued or running job. */
MUST_USE int copies_remove(struct db *db, int64_t backup, int64_t storage, struct err *e);

/* Inside the transaction in which a backup becomes ready: a copy for each further storage that the
 * policy names. One that is gone is no reason to have no backup. */
MUST_USE int copies_follow(struct db *db, int64_t backup, int64_t environment, struct err *e);

/* -- the worker's side -- */

/* The job has made it whole: it is ready, or healthy again, and the job succeeded. Where it takes
 * over it is the first place now, and the one before is leaving. stored_bytes is what was new. */
MUST_USE int copies_finish(struct db *db, const struct lease *l, int64_t stored_bytes,
    int64_t warnings, struct err *e);
/* Inside a transaction, for lease_end(): the copy that this job was making has failed. */
MUST_USE int copies_failed(struct db *db, int64_t job, const char *error, struct err *e);

/* What a reading of one place found. */
struct copy_finding {
	int64_t backup, storage;
	enum backup_health health;
	int64_t since; /* of a good one: when the look began. Worse that was found since stays */
};
MUST_USE int copies_found(struct db *db, const struct copy_finding *f, struct err *e);

/* Copies whose objects are to be removed, of one storage after the other; only backup and storage
 * are set. Those that a running job may be reading wait for its end. */
MUST_USE int copies_leaving(struct copy **ret, size_t *count, struct arena *a, struct db *db,
    int limit, struct err *e);
/* Its objects are gone. */
MUST_USE int copies_gone(struct db *db, int64_t backup, int64_t storage, struct err *e);

/*
 * Queue what makes places whole again that are damaged or miss something, while another place of
 * the backup is whole. backup 0: of all. One that was tried in vain within the hour waits, and one
 * that somebody cancelled is left alone. *count is raised by each.
 */
MUST_USE int copies_heal(int64_t *count, struct db *db, int64_t backup, int64_t now,
    struct err *e);
/* That, and what failed to be copied is tried again. */
MUST_USE int copies_queue(int64_t *count, struct db *db, int64_t now, struct err *e);
/* The copy in this storage that is to be read again next: as verifies_due(). 0: none. */
MUST_USE int copies_due(int64_t *backup, struct db *db, int64_t storage, int64_t before,
    struct err *e);

/* From which storage this job reads: pages say so. 0: from the first place. */
MUST_USE int copies_reading(struct db *db, const struct lease *l, int64_t storage,
    struct err *e);

/* Whether a healthy place in that storage has this pack: then it need not be copied. */
MUST_USE int copies_have_pack(bool *ret, struct db *db, int64_t storage, const char *key,
    struct err *e);

#endif
