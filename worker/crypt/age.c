/* age.c: the chunks of an age file: ChaCha20-Poly1305 in a STREAM, through OpenSSL's EVP. */
#include "worker/crypt/age.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "lib/base/arena.h"
#include "worker/crypt/hkdf.h"

enum { CIPHER_NONCE = 12 };

struct age_cipher {
	EVP_CIPHER_CTX *seal, *open;
};

/* EVP fails only without memory or without the algorithm: neither leaves anything to do. */
static void
must(int ok)
{
	if (ok != 1)
		abort();
}

void
age_payload_key(struct age_payload *ret, const unsigned char file_key[AGE_KEY],
    const unsigned char nonce[AGE_NONCE])
{
	hkdf(ret->key, &(struct hkdf){ file_key, AGE_KEY, nonce, AGE_NONCE, "payload" });
}

void
age_payload_forget(struct age_payload *p)
{
	OPENSSL_cleanse(p, sizeof *p);
}

struct age_cipher *
age_cipher_new(const struct age_payload *p)
{
	struct age_cipher *c = xmalloc(sizeof *c);

	c->seal = EVP_CIPHER_CTX_new();
	c->open = EVP_CIPHER_CTX_new();
	must(c->seal != NULL && c->open != NULL);
	must(EVP_EncryptInit_ex(c->seal, EVP_chacha20_poly1305(), NULL, p->key, NULL));
	must(EVP_DecryptInit_ex(c->open, EVP_chacha20_poly1305(), NULL, p->key, NULL));
	return c;
}

void
age_cipher_freep(struct age_cipher **c)
{
	if (*c != NULL) {
		EVP_CIPHER_CTX_free((*c)->seal);
		EVP_CIPHER_CTX_free((*c)->open);
	}
	free(*c);
	*c = NULL;
}

/* Eleven bytes of the chunk's number, big-endian, then whether it is the last. */
static void
nonce_of(unsigned char out[CIPHER_NONCE], const struct age_chunk *which)
{
	uint64_t number = (uint64_t)which->number;

	for (int i = CIPHER_NONCE - 2; i >= 0; i--, number >>= 8)
		out[i] = (unsigned char)(number & 0xff);
	out[CIPHER_NONCE - 1] = which->last ? 1 : 0;
}

void
age_seal(unsigned char *out, struct age_cipher *c, const struct age_chunk *which,
    const unsigned char *p, size_t n)
{
	unsigned char nonce[CIPHER_NONCE], none[AGE_TAG];
	int done;

	nonce_of(nonce, which);
	must(EVP_EncryptInit_ex(c->seal, NULL, NULL, NULL, nonce));
	must(EVP_EncryptUpdate(c->seal, out, &done, p, (int)n));
	must(EVP_EncryptFinal_ex(c->seal, none, &done));
	must(EVP_CIPHER_CTX_ctrl(c->seal, EVP_CTRL_AEAD_GET_TAG, AGE_TAG, out + n));
}

bool
age_open(unsigned char *out, struct age_cipher *c, const struct age_chunk *which,
    const unsigned char *p, size_t n)
{
	unsigned char nonce[CIPHER_NONCE], none[AGE_TAG], tag[AGE_TAG];
	int done;

	if (n < AGE_TAG)
		return false;
	n -= AGE_TAG;
	for (int i = 0; i < AGE_TAG; i++)
		tag[i] = p[n + (size_t)i];
	nonce_of(nonce, which);
	must(EVP_DecryptInit_ex(c->open, NULL, NULL, NULL, nonce));
	must(EVP_CIPHER_CTX_ctrl(c->open, EVP_CTRL_AEAD_SET_TAG, AGE_TAG, tag));
	must(EVP_DecryptUpdate(c->open, out, &done, p, (int)n));
	return EVP_DecryptFinal_ex(c->open, none, &done) == 1;
}

int64_t
age_plain_size(int64_t stored)
{
	int64_t rest = stored % AGE_STORED, chunks = stored / AGE_STORED + (rest > 0 ? 1 : 0);

	/* An empty chunk stands only for an empty file. */
	if (chunks == 0 || (rest > 0 && (rest < AGE_TAG || (rest == AGE_TAG && chunks > 1))))
		return -1;
	return stored - chunks * AGE_TAG;
}
