/* stand_in.h: chosen further names of files whose first name is not chosen.
 *
 * The content is in the archive under the first name; it is put where the first chosen further name
 * is, and the other ones are linked to that.
 */
#ifndef WORKER_ARCHIVE_STAND_IN_H
#define WORKER_ARCHIVE_STAND_IN_H

#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "worker/archive/unpack.h"

struct stand_in {
	const char *first, *instead;  /* not chosen; chosen */
	size_t place;                 /* among all that were found */
};
struct stand_ins {
	struct arena *arena;
	struct stand_in *list;        /* by first */
	size_t count, capacity;
};
/* Reads the manifest. ERR_INPUT names a choice that the backup has not. */
MUST_USE int stand_in_learn(struct stand_ins *ret, const struct unpack_spec *spec, struct err *e);
const char *stand_in_find(const struct stand_ins *s, const char *first);   /* NULL: none */
void stand_in_release(struct stand_ins *s);

#endif
