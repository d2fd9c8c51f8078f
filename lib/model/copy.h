/* copy.h: one backup in one storage: the first place that it was made in, and the others. */
#ifndef LIB_MODEL_COPY_H
#define LIB_MODEL_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/model/backup.h"

/* copying -> ready | failed; failed -> copying; leaving: its objects go, another took its part. */
enum copy_state { COPY_COPYING, COPY_READY, COPY_FAILED, COPY_LEAVING, COPY_STATES };

const char *copy_state_name(enum copy_state state);
MUST_USE bool copy_state_parse(enum copy_state *ret, const char *name);

struct copy {
	int64_t backup, storage;
	bool first;                   /* where the backup was made, or was moved to */
	enum copy_state state;
	enum backup_health health;
	const char *error;            /* of the last try; NULL: none */
	int64_t stored_bytes;
	bool takes_over;              /* becomes the first place when it is ready */
	int64_t created_at, finished_at, verified_at;
	const char *slug, *kind;      /* of its storage */
	int64_t job;                  /* that copies to it, queued or running; else 0 */
};

/* The fence in the names of what a copy job writes: two of them may write the same pack, so it
 * holds the number of the job, too. */
enum { COPY_FENCES = 1024 };
int64_t copy_fence(int64_t job, int64_t fence);

/* Whether it can be read: whole there, and nothing is known against it. */
bool copy_usable(const struct copy *c);

/* The nearest comes first: the first place, then folders of this machine, then what is reached
 * over the network; each as they stood. What cannot be read goes behind. Gives how many can. */
size_t copy_order(struct copy *list, size_t count);

#endif
