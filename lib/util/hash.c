/* hash.c: SHA-256 through OpenSSL's EVP. */
#include "lib/util/hash.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "lib/base/arena.h"
#include "lib/base/rand.h"

struct hash {
	EVP_MD_CTX *md;
};

/* EVP fails only without memory or without the algorithm: neither leaves anything to do. */
static void
must(int ok)
{
	if (ok != 1)
		abort();
}

struct hash *
hash_new(void)
{
	struct hash *h = xmalloc(sizeof *h);

	h->md = EVP_MD_CTX_new();
	must(h->md != NULL);
	must(EVP_DigestInit_ex(h->md, EVP_sha256(), NULL));
	return h;
}

void
hash_free(struct hash *h)
{
	if (h == NULL)
		return;
	EVP_MD_CTX_free(h->md);
	free(h);
}

void
hash_freep(struct hash **h)
{
	hash_free(*h);
}

void
hash_add(struct hash *h, const void *p, size_t n)
{
	must(EVP_DigestUpdate(h->md, p, n));
}

void
hash_hex(struct hash *h, char out[HASH_HEX_SIZE])
{
	unsigned char sum[HASH_SIZE];

	must(EVP_DigestFinal_ex(h->md, sum, NULL));
	must(EVP_DigestInit_ex(h->md, EVP_sha256(), NULL));
	rand_hex(out, sum, sizeof sum);
}

void
hash_of(char out[HASH_HEX_SIZE], const void *p, size_t n)
{
	unsigned char sum[HASH_SIZE];

	must(EVP_Digest(p, n, sum, NULL, EVP_sha256(), NULL));
	rand_hex(out, sum, sizeof sum);
}
