/* probe.h: can a storage be written, read and cleared? An object of no backup is put there, read
 * back, compared and removed. */
#ifndef WORKER_JOB_PROBE_H
#define WORKER_JOB_PROBE_H

#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "worker/dest/dest.h"

/* Where it lies in the meantime. No project can be called so: a slug has no dot. */
#define PROBE_KEY "lazarette-probe.bin"
enum { PROBE_BYTES = 64 * 1024 };

/* How long each step took, in ms. */
struct probe_steps {
	int64_t write, read, list, remove;
};
/* ERR_DAMAGED: what is read or listed is not what was written; else as the storage says. Whatever
 * happens, the object is removed again, if the storage lets us. */
MUST_USE int probe_storage(struct probe_steps *ret, struct dest *d, int64_t fence, struct err *e);

#endif
