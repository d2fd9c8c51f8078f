/* hkdf.h: HKDF-SHA256 (RFC 5869) with 32 bytes of output, and the HMAC beneath it. */
#ifndef WORKER_CRYPT_HKDF_H
#define WORKER_CRYPT_HKDF_H

#include <stddef.h>

enum { HKDF_SIZE = 32 };

struct hkdf {
	const void *secret;
	size_t secret_n;
	const void *salt;             /* NULL: none */
	size_t salt_n;
	const char *info;
};
void hkdf(unsigned char out[HKDF_SIZE], const struct hkdf *from);
void hkdf_hmac(unsigned char out[HKDF_SIZE], const unsigned char key[HKDF_SIZE], const void *p,
    size_t n);

#endif
