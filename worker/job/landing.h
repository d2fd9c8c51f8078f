/* landing.h: one part of a restore, with all that its driver needs: where it comes from, where it
 * lands. */
#ifndef WORKER_JOB_LANDING_H
#define WORKER_JOB_LANDING_H

#include <stdbool.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/restore.h"
#include "worker/job/plan.h"
#include "worker/target/target.h"

struct landing_place {
	struct restore_part *row;     /* of the plan */
	const struct part *part;      /* of the backup */
	struct source src;
	struct target target;
	struct export_part from;
	const struct target_driver *driver;
};

/* The place of one part, with the service's secret opened. It points into itself, so `ret` stays
 * where it is. */
MUST_USE int landing_place(struct landing_place *ret, struct plan *p, struct restore_part *row,
    struct err *e);

/* The row into the journal; ERR_FENCED when the job is another's by now. */
MUST_USE int landing_write(const struct landing_place *at, struct plan *p, struct err *e);

/* What was confirmed is what is built for: ERR_GONE for a service that was edited since, for it
 * may lead elsewhere. */
MUST_USE int landing_still_same(const struct landing_place *at, struct err *e);
/* From then on it is the place alone that decides: whether the service leads where the part was
 * built. Where it does not, switching there and back is ERR_GONE. */
MUST_USE bool landing_same_place(const struct landing_place *at);

/* Build it beside its target, unless the journal says that it stands there; count, and compare with
 * what the backup has counted: ERR_DAMAGED when it does not hold what was promised. Fills the row's
 * mark and duration; that it is built is the caller's to write. */
MUST_USE int landing_build(struct landing_place *at, struct plan *p, struct err *e);

/* The one act that changes the target; `swapping` is written before it, `swapped` after it. In mode
 * add a row that is `swapping` already is ERR_CONFLICT where nobody knows whether it was done. */
MUST_USE int landing_swap(struct landing_place *at, struct plan *p, struct err *e);
/* And back, for the undo and for a restore whose other part could not be swapped. */
MUST_USE int landing_unswap(struct landing_place *at, struct plan *p, struct err *e);

/* Mode new: the service of what is not in use, made beside the target's or led to its place. */
MUST_USE int landing_make(struct landing_place *at, struct plan *p, struct err *e);

/* "41 tables, 212,033 rows" or "3,412 files": what stands there, and whether it is what the backup
 * has counted (*equal); a backup from before rows were counted is equal when it could be built. */
MUST_USE int landing_compare(char **text, bool *equal, const struct landing_place *at,
    const struct target_built *built, struct plan *p, struct err *e);

#endif
