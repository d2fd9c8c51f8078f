/* secrets.h: every secret of the catalogue, and the key that opens them.
 *
 * What is sealed: passwords of services, secret keys of storages, addresses of channels, and mails
 * that wait. All are sealed to one key, the public half of which is the setting seal_public_key.
 * The file with the secret half follows the catalogue: whoever finds that another one lies in it
 * lets the right one take its place (see seal.h for where that is). Files are moved under the
 * catalogue's lock for writers only.
 */
#ifndef LIB_STORE_SECRETS_H
#define LIB_STORE_SECRETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/db.h"

/* What a person typed, or a mail, locked up: from here on nothing of the web can read it. All of it
 * lives in the arena. Whoever stores it names `sealed_for` too, so that it is refused when the key
 * has changed in between. */
struct secrets_locked {
	const void *sealed;
	size_t sealed_size;
	const char *sealed_for;       /* the public key */
};
MUST_USE int secrets_lock(struct secrets_locked *ret, struct arena *a, struct db *db,
    const char *text, struct err *e);

/* One that does not open; the text says whose it is, and why. */
typedef void secrets_tell(void *arg, const char *text);

/* Let the key file hold the key of the catalogue: after a change of the key that was broken off, or
 * when an older catalogue was put back. *changed says that it had to be moved there. A catalogue
 * without a key is fine. ERR_CONFLICT: no file has it. */
MUST_USE int secrets_settle(bool *changed, struct db *db, const char *key_file, struct err *e);

/* A new key: every secret is opened and sealed to it in one transaction, and then it takes the
 * place of the old one, which is kept beside it. What does not open stays as it is and is told. On
 * failure the catalogue is as it was. */
struct secrets_rotation {
	const char *key_file;
	bool lost;                    /* the old key is nowhere: do without it */
	secrets_tell *tell;
	void *arg;
	int64_t sealed, shut;         /* out: how many */
};
MUST_USE int secrets_rotate(struct secrets_rotation *r, struct db *db, struct err *e);

/* Does every secret open? Tells of each that does not. */
MUST_USE int secrets_check(struct db *db, const char *key_file, secrets_tell *tell, void *arg,
    struct err *e);

#endif
