/* series.h: the packs that one backup of files stores, one behind the other.
 *
 * The first one is the part's `data`; the next ones have its key with -2, -3 … before the ending. A
 * pack that is full is published when the next one begins, so that at most one is being written;
 * before it begins, the catalogue knows its key: whatever becomes of the job, all are found.
 */
#ifndef WORKER_JOB_SERIES_H
#define WORKER_JOB_SERIES_H

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/backup.h"
#include "worker/archive/pack.h"
#include "worker/job/plan.h"

struct series {
	struct plan *plan;
	struct part *part;
	struct upload *up;            /* of the one that is being written */
	struct sink to;               /* into it */
	const char *key;              /* its key */
	struct part_pack *packs;      /* those before it, the first one among them */
	size_t count, capacity;
	struct pack_next next;        /* for pack_write() */
};
/* The first one begins. What it is given must outlive it, where it is: it must not be moved. */
MUST_USE int series_open(struct series *s, struct part *part, struct plan *p, struct err *e);
/* The last one is whole: part->data is filled in. Needs the storage's word for several packs. */
MUST_USE int series_finish(struct series *s, const struct frame_totals *last, struct err *e);
/* The further ones become part->packs, in front of those that it has already. */
void series_list(struct series *s);
void series_close(struct series *s);
#define CLEANUP_SERIES CLEANUP(series_close)

/* The further ones are read again, as part->data is. */
MUST_USE int series_read_back(struct part *part, struct plan *p, struct err *e);

#endif
