/* hash.h: SHA-256 through OpenSSL's EVP (which uses the processor's SHA instructions). */
#ifndef LIB_UTIL_HASH_H
#define LIB_UTIL_HASH_H

#include <stddef.h>

#include "lib/base/attr.h"

enum { HASH_SIZE = 32, HASH_HEX_SIZE = 65 };

struct hash;
struct hash *hash_new(void);
void hash_free(struct hash *h);          /* NULL is fine */
void hash_freep(struct hash **h);
#define CLEANUP_HASH CLEANUP(hash_freep)

void hash_add(struct hash *h, const void *p, size_t n);
/* Lower-case hex of all that was added; the hash then starts anew. */
void hash_hex(struct hash *h, char out[HASH_HEX_SIZE]);

/* One-shot. */
void hash_of(char out[HASH_HEX_SIZE], const void *p, size_t n);

#endif
