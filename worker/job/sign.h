/* sign.h: signatures of stored objects: `<key>.minisig` beside each sidecar and manifest.
 *
 * The trusted comment says of which instance and under which key the object is, so that one that
 * was put into another's place does not pass. `minisign -V -p lazarette.pub -m FILE` checks it.
 */
#ifndef WORKER_JOB_SIGN_H
#define WORKER_JOB_SIGN_H

#include <stddef.h>

#include "lib/util/minisign.h"
#include "worker/job/plan.h"

#define SIGN_ENDING ".minisig"

/* Whether this instance signs; nothing is signed by one that has no key yet. */
MUST_USE bool sign_wanted(const struct plan *p);
/* The number of the key that signs; "" when none does. */
char *sign_key_id(struct plan *p);
char *sign_key_for(struct arena *a, const char *key);

/* Put the signature of these bytes, which lie or will lie under `key`, into the storage. */
MUST_USE int sign_bytes(struct plan *p, const char *key, const struct buf *bytes, struct err *e);
/* The same of what lies there already, after comparing it with its hash. */
MUST_USE int sign_object(struct plan *p, const struct stored_object *o, struct err *e);

struct sign_check {
	struct arena *arena;
	struct dest *dest;
	const char *key;                     /* of what is signed */
	const char *instance;
	const struct minisign_public *by;
	const unsigned char *digest;         /* of what lies there, MINISIGN_DIGEST bytes */
};
/* ERR_NOT_FOUND: there is no signature. ERR_DAMAGED says what does not fit. */
MUST_USE int sign_check(const struct sign_check *what, struct err *e);
/* The same for an object of a backup of this instance, which is read once. */
MUST_USE int sign_check_object(struct plan *p, const char *key, struct err *e);

#endif
