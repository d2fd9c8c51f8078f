/* proofs.h: whether what lies in a storage is enough to come back from.
 *
 * A job of the kind prove, nightly or when somebody asks, rebuilds the catalogue's backups from the
 * sidecars of one storage into a catalogue that it throws away, compares that with the live one,
 * and opens one backup as the storage's runbook says. Here is when it is due, the comparison, and
 * what the last one has come to.
 */
#ifndef LIB_STORE_PROOFS_H
#define LIB_STORE_PROOFS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/db.h"
#include "lib/store/jobs.h"

/* -- asking -- */

/* As findings_request(): once while one is queued or running; ERR_CONFLICT without a backup. */
MUST_USE int proofs_request(int64_t *job, struct db *db, const struct job_request *rq,
    int64_t storage, struct err *e);
/* Queue those that are due: for each storage with a backup from before it, one after each `minute`
 * of the day by the instance's clock; below 0: never. */
MUST_USE int proofs_queue(int64_t *count, struct db *db, int64_t now, int64_t minute,
    struct err *e);

/* -- comparing -- */

/* One backup that a rebuilt catalogue has otherwise than the live one. */
struct proofs_difference {
	const char *uuid;
	const char *text;             /* "b101 cannot be rebuilt: its description is missing" */
};
struct proofs_pair {
	struct db *live, *rebuilt;
	int64_t storage;              /* of the live one; the rebuilt one knows only this one */
	int64_t since;                /* what has become ready after it may be in either */
};
/* In the order of their UUIDs, one for each backup at most. What is being made or is leaving the
 * trash is passed over, as is what the live catalogue itself knows to be missing or damaged. */
MUST_USE int proofs_compare(struct proofs_difference **ret, size_t *count, struct arena *a,
    const struct proofs_pair *pair, struct err *e);

/* How many backups of a storage another key than this one has signed. */
MUST_USE int proofs_foreign(int64_t *count, struct db *db, int64_t storage, const char *key_id,
    struct err *e);

/* One ready backup of a storage by chance, 0 when there is none: of those whose bytes, stored and
 * whole, are at most max_bytes; else the smallest. */
MUST_USE int proofs_sample(int64_t *backup, struct db *db, int64_t storage, int64_t max_bytes,
    struct err *e);

/* -- what came of it -- */

struct proof {
	int64_t storage;
	int64_t at;                   /* 0: there was none yet */
	int64_t backups, rebuild_ms, differences;
	int64_t sample, sample_ms;    /* 0: none was opened */
	const char *way;              /* "age, zstd and tar", or why none was opened */
	const char *text;             /* what is wrong; "": nothing */
};
/* It takes the place of the last one; under the lease. at is set here. */
MUST_USE int proofs_write(struct db *db, const struct lease *l, const struct proof *p,
    struct err *e);
MUST_USE int proofs_last(struct proof *ret, struct arena *a, struct db *db, int64_t storage,
    struct err *e);

#endif
