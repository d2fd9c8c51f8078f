/* seal.h: secrets that anybody here can lock up and only the worker can open.
 *
 * libsodium's crypto_box_seal (X25519, XSalsa20-Poly1305). The public key is in the catalogue
 * (setting seal_public_key, hex), the secret key in a file of mode 0600.
 */
#ifndef LIB_UTIL_SEAL_H
#define LIB_UTIL_SEAL_H

#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

enum { SEAL_PUBLIC_HEX_SIZE = 65 };

/* Make the key file unless it exists; gives the public key in either case. */
MUST_USE int seal_make_key(char public_hex[SEAL_PUBLIC_HEX_SIZE], const char *key_file,
    struct err *e);
/* The public half of a key file that is there: ERR_NOT_FOUND, or ERR_DAMAGED when it is none. */
MUST_USE int seal_read_key(char public_hex[SEAL_PUBLIC_HEX_SIZE], const char *key_file,
    struct err *e);
/* The sealed bytes live in the arena. */
MUST_USE int seal_lock(void **ret, size_t *size, struct arena *a, const char *public_hex,
    const char *secret, struct err *e);
/* ERR_DAMAGED: another key, or changed bytes. The text lives in the arena. */
MUST_USE int seal_open(char **ret, struct arena *a, const char *key_file, const void *sealed,
    size_t size, struct err *e);

#endif
