/* driver.h: what every storage driver shares with dest.c; only worker/dest includes it. */
#ifndef WORKER_DEST_DRIVER_H
#define WORKER_DEST_DRIVER_H

#include <stdatomic.h>

#include "worker/dest/dest.h"
#include "worker/dest/pace.h"

/* The first member of each driver's own type. */
struct dest {
	const struct dest_driver *driver;
	char *slug;                   /* for sentences: "storage main is full" */
	char *where;                  /* for sentences, too: the folder, or the bucket */
	const struct dest_keys *keys;   /* NULL: none */
	struct dest_made *made;         /* what aged.c can read back */
	atomic_bool opens_ahead;        /* one of its encrypted objects: see ahead.h */
	struct pace *pace;              /* NULL: as fast as it goes */
};
struct upload {
	const struct dest_driver *driver;
	struct pace *pace;              /* dest.c sets it; drivers leave it alone */
};
struct object {
	const struct dest_driver *driver;
	int64_t bytes;
	struct pace *pace;              /* the same */
};

extern const struct dest_driver dst_local, dst_s3, dst_sftp;

/* ".<name>.<fence>.tmp": what an upload that is not committed yet is called beside its place. */
void dest_temporary(char *out, size_t n, const char *name, int64_t fence);
/* The fence in such a name; -1 for any other one. */
int64_t dest_fence_of(const char *entry, const char *name);

/* The script that lies beside the runbook in a storage of format 2. */
extern const char dest_script_key[], dest_script[];
extern const size_t dest_script_size;

#endif
