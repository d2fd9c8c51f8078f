/* seal.c: secrets that anybody here can lock up and only the worker can open. */
#include "lib/util/seal.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/buf.h"
#include "lib/base/fd.h"
#include "lib/base/rand.h"

enum { SECRET_HEX = 2 * crypto_box_SECRETKEYBYTES };

_Static_assert(SEAL_PUBLIC_HEX_SIZE == 2 * crypto_box_PUBLICKEYBYTES + 1,
    "the public key fits its buffer");

struct key {
	unsigned char public[crypto_box_PUBLICKEYBYTES], secret[crypto_box_SECRETKEYBYTES];
};

static void
forget(struct key *k)
{
	sodium_memzero(k, sizeof *k);
}

static int
need_sodium(struct err *e)
{
	return sodium_init() < 0 ? err_set(e, ERR_INTERNAL, "libsodium cannot start") : 0;
}

/* The file holds the secret key in hex on one line; the public key follows from it. */
static int
read_key(struct key *ret, const char *file, struct err *e)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct stat st;
	size_t n = 0;
	int bad;

	if (stat(file, &st) == 0 && (st.st_mode & 0007) != 0)
		return err_set(e, ERR_INPUT,
		    "everybody on this machine may read the key '%s'; run: chmod 600 '%s'", file,
		    file);
	if (fd_read_file(&text, file, 256, e) != 0)
		return err_in(e, "the key that opens secrets");
	bad = sodium_hex2bin(ret->secret, sizeof ret->secret, text.p, text.n, " \t\r\n", &n,
	          NULL) != 0 ||
	    n != sizeof ret->secret || crypto_scalarmult_base(ret->public, ret->secret) != 0;
	sodium_memzero(text.p, text.n);
	return bad ? err_set(e, ERR_DAMAGED, "'%s' is not a key of this program", file) : 0;
}

static int
make_key(const char *file, struct err *e)
{
	CLEANUP(forget) struct key k = { 0 };
	char text[SECRET_HEX + 2];
	int rc;

	crypto_box_keypair(k.public, k.secret);
	rand_hex(text, k.secret, sizeof k.secret);
	memcpy(text + SECRET_HEX, "\n", 2);
	rc = fd_put_file(file, text, SECRET_HEX + 1, 0600, e);
	sodium_memzero(text, sizeof text);
	return rc;
}

int
seal_read_key(char public_hex[SEAL_PUBLIC_HEX_SIZE], const char *key_file, struct err *e)
{
	CLEANUP(forget) struct key k = { 0 };

	if (need_sodium(e) != 0 || read_key(&k, key_file, e) != 0)
		return -1;
	rand_hex(public_hex, k.public, sizeof k.public);
	return 0;
}

int
seal_make_key(char public_hex[SEAL_PUBLIC_HEX_SIZE], const char *key_file, struct err *e)
{
	struct stat st;

	if (need_sodium(e) != 0)
		return -1;
	if (stat(key_file, &st) != 0 && make_key(key_file, e) != 0)
		return err_in(e, "make the key that opens secrets");
	return seal_read_key(public_hex, key_file, e);
}

int
seal_lock(void **ret, size_t *size, struct arena *a, const char *public_hex, const char *secret,
    struct err *e)
{
	unsigned char public[crypto_box_PUBLICKEYBYTES], *out;
	size_t n = 0, len = strlen(secret);

	if (need_sodium(e) != 0)
		return -1;
	if (sodium_hex2bin(public, sizeof public, public_hex, strlen(public_hex), NULL, &n, NULL) !=
	        0 ||
	    n != sizeof public)
		return err_set(e, ERR_INTERNAL,
		    "the catalogue has no usable public key; run: lazarette admin init");
	out = arena_alloc(a, crypto_box_SEALBYTES + len);
	if (crypto_box_seal(out, (const unsigned char *)secret, len, public) != 0)
		return err_set(e, ERR_INTERNAL, "the secret could not be sealed");
	*ret = out;
	*size = crypto_box_SEALBYTES + len;
	return 0;
}

int
seal_open(char **ret, struct arena *a, const char *key_file, const void *sealed, size_t size,
    struct err *e)
{
	CLEANUP(forget) struct key k = { 0 };
	char *text;

	if (need_sodium(e) != 0 || read_key(&k, key_file, e) != 0)
		return -1;
	if (size < crypto_box_SEALBYTES)
		return err_set(e, ERR_DAMAGED, "the sealed secret is cut short");
	text = arena_alloc(a, size - crypto_box_SEALBYTES + 1);
	if (crypto_box_seal_open((unsigned char *)text, sealed, size, k.public, k.secret) != 0)
		return err_set(e, ERR_DAMAGED,
		    "the secret does not open with the key '%s': enter it again on the service's "
		    "page",
		    key_file);
	*ret = text;
	return 0;
}
