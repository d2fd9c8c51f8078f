/* hkdf.c: HKDF-SHA256 (RFC 5869) with 32 bytes of output. */
#include "worker/crypt/hkdf.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

enum { INFO_MAX = 63 };

static void
hmac(unsigned char out[HKDF_SIZE], const void *key, size_t key_n, const void *p, size_t n)
{
	unsigned size = 0;

	/* It fails only without memory or without SHA-256. */
	if (HMAC(EVP_sha256(), key, (int)key_n, p, n, out, &size) == NULL || size != HKDF_SIZE)
		abort();
}

void
hkdf_hmac(unsigned char out[HKDF_SIZE], const unsigned char key[HKDF_SIZE], const void *p, size_t n)
{
	hmac(out, key, HKDF_SIZE, p, n);
}

/* One block of output is all that is asked for: the info and a 1. */
void
hkdf(unsigned char out[HKDF_SIZE], const struct hkdf *from)
{
	static const unsigned char zeros[HKDF_SIZE];
	unsigned char inner[HKDF_SIZE], last[INFO_MAX + 1];
	size_t n = strlen(from->info);

	assert(n <= INFO_MAX);
	memcpy(last, from->info, n);
	last[n] = 1;
	hmac(inner, from->salt != NULL ? from->salt : zeros,
	    from->salt != NULL ? from->salt_n : sizeof zeros, from->secret, from->secret_n);
	hmac(out, inner, sizeof inner, last, n + 1);
	OPENSSL_cleanse(inner, sizeof inner);
}
