/* seal.h: secrets that anybody here can lock up and only the worker can open.
 *
 * libsodium's crypto_box_seal (X25519, XSalsa20-Poly1305). The public key is in the catalogue
 * (setting seal_public_key, hex), the secret key in a file of mode 0600.
 *
 * Beside that file lie others of its name and an ending: ".next" is the key that is about to take
 * its place, one that has left it ends in the first eight digits of its public half. What the key
 * does not open is tried with those, so that nothing is shut in the moment between the catalogue's
 * change and the file's, nor for whoever read the catalogue before it.
 */
#ifndef LIB_UTIL_SEAL_H
#define LIB_UTIL_SEAL_H

#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

enum { SEAL_PUBLIC_HEX_SIZE = 65 };

struct seal_key {
	char public_hex[SEAL_PUBLIC_HEX_SIZE];
	unsigned char secret[32];
};
void seal_forget(struct seal_key *k);
#define CLEANUP_SEAL CLEANUP(seal_forget)

/* Make the key file unless it exists; gives the public key in either case. */
MUST_USE int seal_make_key(char public_hex[SEAL_PUBLIC_HEX_SIZE], const char *key_file,
    struct err *e);
/* The public half of a key file that is there: ERR_NOT_FOUND, or ERR_DAMAGED when it is none. */
MUST_USE int seal_read_key(char public_hex[SEAL_PUBLIC_HEX_SIZE], const char *key_file,
    struct err *e);
/* ERR_NOT_FOUND, ERR_DAMAGED when it is no key, ERR_DENIED when everybody may read it. */
MUST_USE int seal_load(struct seal_key *ret, const char *key_file, struct err *e);
/* A new key in "<key_file>.next", on disk. One that lies there is kept under its own ending. */
MUST_USE int seal_make_next(struct seal_key *ret, const char *key_file, struct err *e);
/* The path of the file that has the key of this public half: key_file or one beside it.
 * ERR_CONFLICT: none; the text says what to do. */
MUST_USE int seal_find(char **ret, struct arena *a, const char *key_file, const char *public_hex,
    struct err *e);
/* Let what seal_find() has found lie in key_file; the key that lay there is kept under its own
 * ending. It is on disk when this returns. */
MUST_USE int seal_move(const char *key_file, const char *found, struct err *e);
/* The sealed bytes live in the arena. */
MUST_USE int seal_lock(void **ret, size_t *size, struct arena *a, const char *public_hex,
    const char *secret, struct err *e);
/* ERR_DAMAGED: another key, or changed bytes. The text lives in the arena. */
MUST_USE int seal_unlock(char **ret, struct arena *a, const struct seal_key *k, const void *sealed,
    size_t size, struct err *e);
/* As seal_unlock() with the key of the file or one that lies beside it. Any other kind of failure
 * is one of the key, and the secret may open another time; the text says what to do. */
MUST_USE int seal_open(char **ret, struct arena *a, const char *key_file, const void *sealed,
    size_t size, struct err *e);

#endif
