/* invariants.h: what must be true of the catalogue, and which files it says there are.
 *
 * For `lazarette admin doctor`. Everything here only reads; begin with invariants_freeze(), so that
 * all answers are of one moment.
 */
#ifndef LIB_STORE_INVARIANTS_H
#define LIB_STORE_INVARIANTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/db.h"

/* From here to invariants_thaw() the catalogue is seen as it is now, whatever others write. */
MUST_USE int invariants_freeze(struct db *db, struct err *e);
void invariants_thaw(struct db *db);

/* One sentence per thing that is not as it must be. */
MUST_USE int invariants_check(const char ***ret, size_t *count, struct arena *a, struct db *db,
    struct err *e);

/* Whether a file that the catalogue names must be there, may be there, or is known to be lost. */
enum invariants_wish { INVARIANTS_MUST, INVARIANTS_MAY, INVARIANTS_LOST };
struct invariants_file {
	const char *path;             /* below the storage's or the downloads folder */
	const char *owner;            /* "b101", "d3" */
	const char *sha256;           /* of the bytes on disk; "" when not known */
	int64_t bytes;                /* -1 when not known */
	int64_t fence;                /* of the running job that writes it, 0 when none does */
	enum invariants_wish wish;
};
/* All objects of one storage, in the order of their path; all files below the downloads folder
 * likewise. */
MUST_USE int invariants_objects(struct invariants_file **ret, size_t *count, struct arena *a,
    struct db *db, int64_t storage, struct err *e);
MUST_USE int invariants_downloads(struct invariants_file **ret, size_t *count, struct arena *a,
    struct db *db, struct err *e);
/* Whether `path` is what an upload is called while the job of this row writes it into this folder:
 * ".b101-….json.7.tmp" belongs to whoever holds the fence 7. */
bool invariants_writes(const struct invariants_file *row, const char *path);

#endif
