/* seal.c: secrets that anybody here can lock up and only the worker can open. */
#include "lib/util/seal.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/fault.h"
#include "lib/base/fd.h"
#include "lib/base/rand.h"

enum { SECRET_HEX = 2 * crypto_box_SECRETKEYBYTES, ENDING = 8 };

_Static_assert(SEAL_PUBLIC_HEX_SIZE == 2 * crypto_box_PUBLICKEYBYTES + 1,
    "the public key fits its buffer");
_Static_assert(sizeof((struct seal_key *)0)->secret == crypto_box_SECRETKEYBYTES,
    "the secret key fits its place");

void
seal_forget(struct seal_key *k)
{
	sodium_memzero(k, sizeof *k);
}

static int
need_sodium(struct err *e)
{
	return sodium_init() < 0 ? err_set(e, ERR_INTERNAL, "libsodium cannot start") : 0;
}

/* -- key files -- */

/* The file holds the secret key in hex on one line; the public key follows from it. */
int
seal_load(struct seal_key *ret, const char *key_file, struct err *e)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	unsigned char public[crypto_box_PUBLICKEYBYTES];
	struct stat st;
	size_t n = 0;
	int bad;

	if (need_sodium(e) != 0)
		return -1;
	if (stat(key_file, &st) == 0 && (st.st_mode & 0007) != 0)
		return err_set(e, ERR_DENIED,
		    "everybody on this machine may read the key '%s'; run: chmod 600 '%s'",
		    key_file, key_file);
	if (fd_read_file(&text, key_file, 256, e) != 0)
		return err_in(e, "the key that opens secrets");
	bad = sodium_hex2bin(ret->secret, sizeof ret->secret, text.p, text.n, " \t\r\n", &n,
	          NULL) != 0 ||
	    n != sizeof ret->secret || crypto_scalarmult_base(public, ret->secret) != 0;
	sodium_memzero(text.p, text.n);
	if (bad)
		return err_set(e, ERR_DAMAGED, "'%s' is not a key of this program", key_file);
	rand_hex(ret->public_hex, public, sizeof public);
	return 0;
}

static int
make_key(const char *file, struct err *e)
{
	unsigned char public[crypto_box_PUBLICKEYBYTES];
	CLEANUP_SEAL struct seal_key k = { .secret = { 0 } };
	char text[SECRET_HEX + 2];
	int rc;

	crypto_box_keypair(public, k.secret);
	rand_hex(text, k.secret, sizeof k.secret);
	memcpy(text + SECRET_HEX, "\n", 2);
	rc = fd_put_file(file, text, SECRET_HEX + 1, 0600, e);
	sodium_memzero(text, sizeof text);
	return rc;
}

int
seal_read_key(char public_hex[SEAL_PUBLIC_HEX_SIZE], const char *key_file, struct err *e)
{
	CLEANUP_SEAL struct seal_key k = { .secret = { 0 } };

	if (seal_load(&k, key_file, e) != 0)
		return -1;
	memcpy(public_hex, k.public_hex, sizeof k.public_hex);
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

/* A second name for the key in `file`, which is about to be replaced. */
static int
keep(const char *file, const char *key_file, struct err *e)
{
	CLEANUP_SEAL struct seal_key k = { .secret = { 0 } };
	char name[PATH_MAX];
	const char *ending = k.public_hex;
	struct err why;

	if (seal_load(&k, file, &why) != 0) {
		if (why.kind == ERR_NOT_FOUND)
			return 0;
		if (why.kind != ERR_DAMAGED) {
			*e = why;
			return -1;
		}
		ending = "damaged";
	}
	if (snprintf(name, sizeof name, "%s.%.*s", key_file, ENDING, ending) >= (int)sizeof name)
		return err_set(e, ERR_INTERNAL, "path too long: '%s'", key_file);
	if (link(file, name) != 0 && errno != EEXIST)
		return err_sys(e, "keep the key '%s' as '%s'", file, name);
	return fd_sync_folder(key_file, e);
}

int
seal_make_next(struct seal_key *ret, const char *key_file, struct err *e)
{
	char next[PATH_MAX];

	if (need_sodium(e) != 0)
		return -1;
	if (snprintf(next, sizeof next, "%s.next", key_file) >= (int)sizeof next)
		return err_set(e, ERR_INTERNAL, "path too long: '%s'", key_file);
	if (keep(next, key_file, e) != 0 || make_key(next, e) != 0)
		return err_in(e, "make the next key");
	return seal_load(ret, next, e);
}

/* -- those beside it -- */

static void
globbed(glob_t *g)
{
	globfree(g);
}

/* The paths of the files that may hold a key: key_file's name and an ending. None is no error. */
static int
beside(glob_t *ret, const char *key_file, struct err *e)
{
	char pattern[PATH_MAX];
	size_t n = 0;

	for (const char *p = key_file; *p != '\0'; p++) {
		if (n + 4 >= sizeof pattern)
			return err_set(e, ERR_INTERNAL, "path too long: '%s'", key_file);
		if (strchr("*?[\\", *p) != NULL)
			pattern[n++] = '\\';
		pattern[n++] = *p;
	}
	memcpy(pattern + n, ".*", 3);
	switch (glob(pattern, 0, NULL, ret)) {
	case 0:
	case GLOB_NOMATCH:
		return 0;
	default:
		return err_sys(e, "look for keys beside '%s'", key_file);
	}
}

/* The former one, if any, has two names for a moment, never none. */
int
seal_move(const char *key_file, const char *found, struct err *e)
{
	if (keep(key_file, key_file, e) != 0)
		return -1;
	FAULT("seal.kept");
	if (rename(found, key_file) != 0)
		return err_sys(e, "rename the key '%s' to '%s'", found, key_file);
	FAULT("seal.renamed");
	return fd_sync_folder(key_file, e);
}

int
seal_find(char **ret, struct arena *a, const char *key_file, const char *public_hex, struct err *e)
{
	CLEANUP_SEAL struct seal_key k = { .secret = { 0 } };
	CLEANUP(globbed) glob_t found = { .gl_pathc = 0 };
	const char *what = "belongs to another catalogue";
	struct err why;

	*ret = arena_dup(a, key_file);
	if (seal_load(&k, key_file, &why) == 0) {
		if (strcmp(k.public_hex, public_hex) == 0)
			return 0;
	} else if (why.kind == ERR_NOT_FOUND) {
		what = "does not exist";
	} else if (why.kind == ERR_DAMAGED) {
		what = "is not a key of this program";
	} else {
		*e = why;
		return -1;
	}
	if (beside(&found, key_file, e) != 0)
		return -1;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		if (seal_load(&k, found.gl_pathv[i], &why) == 0 &&
		    strcmp(k.public_hex, public_hex) == 0) {
			*ret = arena_dup(a, found.gl_pathv[i]);
			return 0;
		}
	}
	return err_set(e, ERR_CONFLICT,
	    "the key '%s' %s: put the right one back from your copy, the public half of which"
	    " begins with %.8s; if it is lost for good, run:"
	    " lazarette admin secret-key rotate --lost",
	    key_file, what, public_hex);
}

/* -- secrets -- */

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
seal_unlock(char **ret, struct arena *a, const struct seal_key *k, const void *sealed, size_t size,
    struct err *e)
{
	unsigned char public[crypto_box_PUBLICKEYBYTES];
	char *text;

	if (size < crypto_box_SEALBYTES)
		return err_set(e, ERR_DAMAGED, "the sealed secret is cut short");
	text = arena_alloc(a, size - crypto_box_SEALBYTES + 1);
	if (sodium_hex2bin(public, sizeof public, k->public_hex, SEAL_PUBLIC_HEX_SIZE - 1, NULL,
	        NULL, NULL) != 0 ||
	    crypto_box_seal_open((unsigned char *)text, sealed, size, public, k->secret) != 0)
		return err_set(e, ERR_DAMAGED, "the secret does not open with this key");
	*ret = text;
	return 0;
}

/* 0 when one of those beside opens it. */
static int
open_beside(char **ret, struct arena *a, const char *key_file, const void *sealed, size_t size)
{
	CLEANUP_SEAL struct seal_key k = { .secret = { 0 } };
	CLEANUP(globbed) glob_t found = { .gl_pathc = 0 };
	struct err ignored;

	if (beside(&found, key_file, &ignored) != 0)
		return -1;
	for (size_t i = 0; i < found.gl_pathc; i++)
		if (seal_load(&k, found.gl_pathv[i], &ignored) == 0 &&
		    seal_unlock(ret, a, &k, sealed, size, &ignored) == 0)
			return 0;
	return -1;
}

int
seal_open(char **ret, struct arena *a, const char *key_file, const void *sealed, size_t size,
    struct err *e)
{
	CLEANUP_SEAL struct seal_key k = { .secret = { 0 } };
	struct err why;
	bool there = seal_load(&k, key_file, &why) == 0;

	if ((there && seal_unlock(ret, a, &k, sealed, size, &why) == 0) ||
	    open_beside(ret, a, key_file, sealed, size) == 0)
		return 0;
	if (there)
		return err_set(e, ERR_DAMAGED, "the secret does not open with the key '%s' or one"
		    " kept beside it: enter it again on its page", key_file);
	if (why.kind == ERR_NOT_FOUND || why.kind == ERR_DAMAGED)
		return err_set(e, ERR_NOT_FOUND, "the key that opens secrets, '%s', %s: put it back"
		    " from your copy; if there is none, run: lazarette admin secret-key rotate"
		    " --lost", key_file, why.kind == ERR_NOT_FOUND ? "does not exist"
		    : "is not a key of this program");
	*e = why;
	return -1;
}
