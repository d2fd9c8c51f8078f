/* vouch.h: whether a sidecar is what an instance wrote, told from the storage alone. */
#ifndef WORKER_JOB_VOUCH_H
#define WORKER_JOB_VOUCH_H

#include <stdbool.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/util/minisign.h"
#include "worker/dest/dest.h"

struct vouch {
	struct arena *arena;
	struct dest *dest;
	const char *by;               /* .pub file or RW…; NULL: what the storage names */
	bool not_signed;              /* what has no signature is taken, too */
	/* of vouch_begin() */
	struct dest_owner owner;
	bool checks;                  /* there is a key to check with */
	struct minisign_public key;
};
/* Reads whose storage it is and the key that counts; the rest is set by the caller. */
MUST_USE int vouch_begin(struct vouch *v, struct err *e);
/* *said, for people: who signed it, that nobody did, or that nothing was checked. ERR_DAMAGED: it
 * was changed, moved, or signed by another. ERR_CONFLICT: it should be signed and is not. */
MUST_USE int vouch_sidecar(const char **said, const struct vouch *v, const char *key,
    const struct buf *text, struct err *e);

#endif
