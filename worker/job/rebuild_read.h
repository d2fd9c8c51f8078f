/* rebuild_read.h: what lies in a storage, and what its sidecars say. */
#ifndef WORKER_JOB_REBUILD_READ_H
#define WORKER_JOB_REBUILD_READ_H

#include "lib/store/regain.h"
#include "worker/job/vouch.h"

/* One object of the storage. */
struct rebuild_object {
	const char *key;
	int64_t bytes;
};

struct rebuild_read {
	struct arena *arena;
	struct vouch *vouch;          /* begun */
	struct rebuild_object *objects;   /* in the order of their keys */
	size_t object_count, object_capacity;
	struct regain_backup *backups;   /* in the order of their numbers */
	size_t count, capacity;
	struct regain_texts refused; /* sidecars that are none of this instance's, and why */
};

/* Lists the storage once and reads every sidecar. Set arena and vouch, zero the rest. A sidecar
 * that cannot be believed is refused; only a storage out of reach fails. */
MUST_USE int rebuild_read(struct rebuild_read *r, struct err *e);

#endif
