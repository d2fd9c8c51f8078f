/* wraps.h: which encrypted objects lie in a storage, and for whom they were encrypted.
 *
 * After a change of the keys a job of the kind rewrap puts a header for the new ones beside each
 * object that was encrypted for others (worker/dest/wrap.h).
 */
#ifndef LIB_STORE_WRAPS_H
#define LIB_STORE_WRAPS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/db.h"
#include "lib/store/jobs.h"

/* Queue it for a storage; while one is queued or running it gives that one. ERR_CONFLICT: there is
 * no backup in it. */
MUST_USE int wraps_request(int64_t *job, struct db *db, const struct job_request *rq,
    int64_t storage, struct err *e);

struct wraps_object {
	const char *key;
	const char *recipients;       /* as a backup has them that stored or needs it */
};
/* Every encrypted object of the backups that are whole in this storage, each once, by its key. */
MUST_USE int wraps_list(struct wraps_object **ret, size_t *count, struct arena *a, struct db *db,
    int64_t storage, struct err *e);

/* The encrypted backups that are being made in this storage, or copied into it, which the list
 * above has not yet: their names ("b7") are the keys. */
MUST_USE int wraps_making(struct wraps_object **ret, size_t *count, struct arena *a, struct db *db,
    int64_t storage, struct err *e);

/* The recipients of a pack, as above. */
MUST_USE int wraps_recipients(char **ret, struct arena *a, struct db *db, const char *pack,
    struct err *e);

#endif
