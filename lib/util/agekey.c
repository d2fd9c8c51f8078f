/* agekey.c: age's X25519 keys. */
#include "lib/util/agekey.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/base/rand.h"

enum { FILE_MAX = 64 << 10, PATH_SIZE = 4096 };
static const char public_prefix[] = "age", secret_prefix[] = "AGE-SECRET-KEY-";
static const char ending[] = ".identity";

static void
pkey_freep(EVP_PKEY **k)
{
	EVP_PKEY_free(*k);
}

static void
context_freep(EVP_PKEY_CTX **c)
{
	EVP_PKEY_CTX_free(*c);
}

/* The public half; any 32 bytes are a secret key. */
static void
pair(struct agekey *k)
{
	CLEANUP(pkey_freep) EVP_PKEY *key =
	    EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, k->secret, AGEKEY_SIZE);
	size_t n = AGEKEY_SIZE;

	/* EVP fails only without memory or without the algorithm. */
	if (key == NULL || EVP_PKEY_get_raw_public_key(key, k->public, &n) != 1)
		abort();
}

void
agekey_make(struct agekey *ret)
{
	rand_bytes(ret->secret, sizeof ret->secret);
	pair(ret);
}

void
agekey_forget(struct agekey *k)
{
	OPENSSL_cleanse(k, sizeof *k);
}

void
agekey_public_text(char out[AGEKEY_TEXT], const unsigned char public[AGEKEY_SIZE])
{
	bech32_write(out, public_prefix, public);
}

void
agekey_secret_text(char out[AGEKEY_TEXT], const struct agekey *k)
{
	bech32_write(out, secret_prefix, k->secret);
}

void
agekey_short(char out[AGEKEY_SHORT], const char *public_text)
{
	snprintf(out, AGEKEY_SHORT, "%.12s", public_text);
}

int
agekey_read_public(unsigned char ret[AGEKEY_SIZE], const char *text, struct err *e)
{
	if (bech32_read(ret, public_prefix, text))
		return 0;
	return err_set(e, ERR_INPUT, "'%.80s' is no public key of age (age1…): a character of it"
	    " is wrong or missing", text);
}

int
agekey_read_secret(struct agekey *ret, const char *text, struct err *e)
{
	if (!bech32_read(ret->secret, secret_prefix, text))
		return err_set(e, ERR_INPUT,
		    "this is no secret key of age (AGE-SECRET-KEY-1…): a character of it is wrong"
		    " or missing");
	pair(ret);
	return 0;
}

int
agekey_shared(unsigned char ret[AGEKEY_SIZE], const unsigned char secret[AGEKEY_SIZE],
    const unsigned char public[AGEKEY_SIZE], struct err *e)
{
	CLEANUP(pkey_freep) EVP_PKEY *ours =
	    EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret, AGEKEY_SIZE);
	CLEANUP(pkey_freep) EVP_PKEY *theirs =
	    EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, public, AGEKEY_SIZE);
	CLEANUP(context_freep) EVP_PKEY_CTX *c =
	    ours != NULL ? EVP_PKEY_CTX_new(ours, NULL) : NULL;
	size_t n = AGEKEY_SIZE;

	if (c == NULL || theirs == NULL || EVP_PKEY_derive_init(c) != 1)
		return err_set(e, ERR_INTERNAL, "X25519 cannot be set up");
	/* A point of low order gives zeros, which OpenSSL refuses. */
	if (EVP_PKEY_derive_set_peer(c, theirs) != 1 || EVP_PKEY_derive(c, ret, &n) != 1)
		return err_set(e, ERR_DAMAGED, "a public key in it is none");
	return 0;
}

/* -- files of secret keys -- */

void
agekey_ring_release(struct agering *r)
{
	if (r->keys != NULL)
		OPENSSL_cleanse(r->keys, r->count * sizeof *r->keys);
	free(r->keys);
	*r = (struct agering){ NULL, 0 };
}

/* By hand, not by realloc: no copy of a secret stays behind in freed memory. */
static void
add(struct agering *r, const struct agekey *k)
{
	struct agering more = { xmalloc((r->count + 1) * sizeof *r->keys), r->count + 1 };

	if (r->count > 0)
		memcpy(more.keys, r->keys, r->count * sizeof *r->keys);
	more.keys[r->count] = *k;
	agekey_ring_release(r);
	*r = more;
}

static int
read_lines(struct agering *ring, char *text, struct err *e)
{
	size_t before = ring->count;
	int number = 0;

	for (char *line = text, *next; line != NULL; line = next) {
		CLEANUP_AGEKEY struct agekey k = { .secret = { 0 } };
		size_t n;

		number++;
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		n = strlen(line);
		if (n > 0 && line[n - 1] == '\r')
			line[n - 1] = '\0';
		if (line[0] == '\0' || line[0] == '#')
			continue;
		if (agekey_read_secret(&k, line, e) != 0)
			return err_in(e, "line %d", number);
		add(ring, &k);
	}
	return ring->count > before
	    ? 0 : err_set(e, ERR_INPUT, "there is no secret key (AGE-SECRET-KEY-1…) in it");
}

int
agekey_read_file(struct agering *ring, const char *path, struct err *e)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct stat st;
	int rc;

	if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0007) != 0)
		return err_set(e, ERR_INPUT,
		    "everybody on this machine may read the key '%s'; run: chmod 600 '%s'", path,
		    path);
	if (fd_read_file(&text, path, FILE_MAX, e) != 0)
		return -1;
	rc = read_lines(ring, text.p, e);
	OPENSSL_cleanse(text.p, text.n);
	return rc == 0 ? 0 : err_in(e, "'%s'", path);
}

static void
dir_closep(DIR **dir)
{
	if (*dir != NULL)
		closedir(*dir);
}

int
agekey_read_folder(struct agering *ring, const char *folder, struct err *e)
{
	CLEANUP(dir_closep) DIR *dir = opendir(folder);
	char path[PATH_SIZE];

	if (dir == NULL)
		return errno == ENOENT ? 0 : err_sys(e, "list '%s'", folder);
	for (struct dirent *d; (d = readdir(dir)) != NULL;) {
		size_t n = strlen(d->d_name), tail = sizeof ending - 1;

		if (d->d_name[0] == '.' || n <= tail || strcmp(d->d_name + n - tail, ending) != 0)
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, d->d_name);
		if (agekey_read_file(ring, path, e) != 0)
			return -1;
	}
	return 0;
}

int
agekey_put(const char *folder, const struct agekey *k, struct err *e)
{
	char path[PATH_SIZE], public[AGEKEY_TEXT], secret[AGEKEY_TEXT], id[AGEKEY_SHORT];
	char now[CLOCK_ISO_SIZE], text[512];
	int n, rc;

	agekey_public_text(public, k->public);
	agekey_secret_text(secret, k);
	agekey_short(id, public);
	clock_iso(now, clock_now());
	snprintf(path, sizeof path, "%s/%s%s", folder, id, ending);
	n = snprintf(text, sizeof text, "# created: %s\n# public key: %s\n%s\n", now, public,
	    secret);
	rc = fd_put_file(path, text, (size_t)n, 0600, e);
	OPENSSL_cleanse(text, sizeof text);
	OPENSSL_cleanse(secret, sizeof secret);
	return rc;
}
