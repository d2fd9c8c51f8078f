/* rand.h: randomness from the kernel, and ids that sort by time. */
#ifndef LIB_BASE_RAND_H
#define LIB_BASE_RAND_H

#include <stddef.h>
#include <stdint.h>

void rand_bytes(void *p, size_t n);       /* never fails; no kernel randomness ends the process */
uint64_t rand_below(uint64_t limit);      /* 0 <= result < limit; limit > 0 */

enum { UUID_SIZE = 37 };
/* UUIDv7 (RFC 9562): 48 bits of milliseconds, then random; text of 36 characters. */
void rand_uuid(char out[UUID_SIZE]);

/* Lower-case hex of n bytes; `out` has room for 2n + 1. */
void rand_hex(char *out, const void *p, size_t n);

enum { TOKEN_SIZE = 44 };
/* 256 random bits as 43 characters of base64url. */
void rand_token(char out[TOKEN_SIZE]);

#endif
