/* wrap.h: who can open what lies there already.
 *
 * A stored object never changes, and its header names the keys of the day on which it was stored.
 * When the keys have changed, another header is put beside it: `<key>.header`, a whole header of
 * age with the same file key for the recipients of now, and nothing behind it. The recipients stand
 * in it, too, for a header of age alone does not say whom it is for. What it gives counts only when
 * it fits the object's own header, so none of another object is taken.
 */
#ifndef WORKER_DEST_WRAP_H
#define WORKER_DEST_WRAP_H

#include <stdbool.h>

#include "lib/base/buf.h"
#include "worker/crypt/age.h"
#include "worker/dest/dest.h"

#define WRAP_ENDING ".header"
char *wrap_key_for(struct arena *a, const char *key);

/* Whether a list of recipients, divided by spaces, has all that are written to now. */
bool wrap_covers(const char *recipients, const struct dest_keys *keys);

/* A header for the recipients of now, of which there are some; `named`: it says so. ERR_CONFLICT:
 * they are too many. */
MUST_USE int wrap_write(struct buf *out, const unsigned char file_key[AGE_KEY],
    const struct dest_keys *keys, bool named, struct err *e);

struct wrap_lock {
	struct dest *dest;
	const char *key;
	const struct buf *front;                 /* the first bytes of the object */
	const unsigned char (*known)[AGE_KEY];   /* its file key; NULL: it is asked for */
	/* of wrap_unlock() */
	size_t size;                             /* of the object's own header */
	unsigned char file_key[AGE_KEY];         /* for the caller to wipe */
};
/* By the object's own header, else by the one beside it. ERR_DENIED says which key is missing and
 * what is wrong with a header beside it that cannot be used; ERR_DAMAGED: its own is none. */
MUST_USE int wrap_unlock(struct wrap_lock *w, struct err *e);

/* What lies beside an object: nothing; a header that cannot be used; one for other recipients than
 * those of now; the right one. */
enum wrap_found { WRAP_NONE, WRAP_BROKEN, WRAP_OTHERS, WRAP_WHOLE };
/* *why is set for WRAP_BROKEN. As far as keys are at hand it is compared with the object, of which
 * only the front is read. */
MUST_USE int wrap_look(enum wrap_found *ret, struct err *why, struct dest *d, const char *key,
    struct err *e);
/* The text of the header that belongs beside an object now. Errors as of wrap_unlock(), and
 * ERR_NOT_FOUND. */
MUST_USE int wrap_make(struct buf *out, struct dest *d, const char *key, struct err *e);

#endif
