/* minisign.c: signatures as `minisign` writes and checks them. */
#include "lib/util/minisign.h"

#include <openssl/evp.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/fd.h"
#include "lib/base/rand.h"

enum { B64 = sodium_base64_VARIANT_ORIGINAL, LINE_SIZE = 512, SIGNATURE = crypto_sign_BYTES };

static const char untrusted[] = "untrusted comment: ", trusted[] = "trusted comment: ";

/* The layouts of the three kinds of lines; bytes only, so nothing is between them. */
struct public_line {
	char algorithm[2];            /* "Ed" */
	unsigned char id[MINISIGN_ID], key[32];
};
struct secret_line {
	char algorithm[2];            /* "Ed" */
	char kdf[2];                  /* 0, 0: no password */
	char checksum[2];             /* "B2" */
	unsigned char salt[32], limits[16];
	unsigned char id[MINISIGN_ID], key[64], sum[32];
};
struct signature_line {
	char algorithm[2];            /* "ED": over the BLAKE2b-512 of what is signed */
	unsigned char id[MINISIGN_ID], signature[SIGNATURE];
};

static int
need_sodium(struct err *e)
{
	return sodium_init() < 0 ? err_set(e, ERR_INTERNAL, "libsodium cannot start") : 0;
}

/* The base64 of exactly n bytes. */
static bool
decode(void *out, size_t n, const char *text, size_t length)
{
	const char *end;
	size_t got = 0;

	return sodium_base642bin(out, n, text, length, NULL, &got, &end, B64) == 0 && got == n &&
	    end == text + length;
}

static void
encode(char *out, size_t size, const void *p, size_t n)
{
	sodium_bin2base64(out, size, p, n, B64);
}

/* -- keys -- */

void
minisign_forget(struct minisign_secret *k)
{
	sodium_memzero(k, sizeof *k);
}

void
minisign_public_of(struct minisign_public *ret, const struct minisign_secret *k)
{
	memcpy(ret->id, k->id, sizeof ret->id);
	/* libsodium keeps the public half behind the seed. */
	memcpy(ret->key, k->key + 32, sizeof ret->key);
}

void
minisign_id_text(char out[MINISIGN_ID_TEXT], const unsigned char id[MINISIGN_ID])
{
	for (int i = 0; i < MINISIGN_ID; i++)
		snprintf(out + 2 * i, 3, "%02X", id[MINISIGN_ID - 1 - i]);
}

void
minisign_public_text(char out[MINISIGN_PUBLIC_TEXT], const struct minisign_public *k)
{
	struct public_line line = { .algorithm = { 'E', 'd' } };

	memcpy(line.id, k->id, sizeof line.id);
	memcpy(line.key, k->key, sizeof line.key);
	encode(out, MINISIGN_PUBLIC_TEXT, &line, sizeof line);
}

int
minisign_read_public(struct minisign_public *ret, const char *text, struct err *e)
{
	struct public_line line;
	const char *at = text;

	if (strncmp(at, untrusted, sizeof untrusted - 1) == 0) {
		at = strchr(at, '\n');
		at = at != NULL ? at + 1 : "";
	}
	if (!decode(&line, sizeof line, at, strcspn(at, "\r\n")) ||
	    memcmp(line.algorithm, "Ed", 2) != 0)
		return err_set(e, ERR_INPUT, "this is no public key of minisign (RW…)");
	memcpy(ret->id, line.id, sizeof ret->id);
	memcpy(ret->key, line.key, sizeof ret->key);
	return 0;
}

/* What tells a right secret from a wrong one: over algorithm, number and key. */
static void
sum_secret(unsigned char out[32], const struct secret_line *line)
{
	crypto_generichash_state h;

	crypto_generichash_init(&h, NULL, 0, 32);
	crypto_generichash_update(&h, (const unsigned char *)line->algorithm, 2);
	crypto_generichash_update(&h, line->id, sizeof line->id);
	crypto_generichash_update(&h, line->key, sizeof line->key);
	crypto_generichash_final(&h, out, 32);
}

int
minisign_make(struct minisign_public *ret, const char *secret_file, struct err *e)
{
	struct secret_line line = { .algorithm = { 'E', 'd' }, .checksum = { 'B', '2' } };
	CLEANUP_MINISIGN struct minisign_secret k = { .id = { 0 } };
	char text[LINE_SIZE], key[LINE_SIZE / 2];
	int n, rc;

	if (need_sodium(e) != 0)
		return -1;
	rand_bytes(k.id, sizeof k.id);
	crypto_sign_keypair(ret->key, k.key);
	memcpy(ret->id, k.id, sizeof k.id);
	memcpy(line.id, k.id, sizeof k.id);
	memcpy(line.key, k.key, sizeof k.key);
	sum_secret(line.sum, &line);
	encode(key, sizeof key, &line, sizeof line);
	n = snprintf(text, sizeof text, "%sminisign secret key of lazarette\n%s\n", untrusted, key);
	rc = fd_put_file(secret_file, text, (size_t)n, 0600, e);
	sodium_memzero(&line, sizeof line);
	sodium_memzero(key, sizeof key);
	sodium_memzero(text, sizeof text);
	return rc;
}

static bool
parse_secret(struct minisign_secret *ret, const char *text)
{
	const char *at = strchr(text, '\n');
	struct secret_line line;
	unsigned char sum[32];
	bool ok = at != NULL && decode(&line, sizeof line, at + 1, strcspn(at + 1, "\r\n")) &&
	    memcmp(line.algorithm, "Ed", 2) == 0 && memcmp(line.kdf, "\0\0", 2) == 0 &&
	    memcmp(line.checksum, "B2", 2) == 0;

	if (ok) {
		sum_secret(sum, &line);
		ok = memcmp(sum, line.sum, sizeof sum) == 0;
	}
	if (ok) {
		memcpy(ret->id, line.id, sizeof ret->id);
		memcpy(ret->key, line.key, sizeof ret->key);
	}
	sodium_memzero(&line, sizeof line);
	return ok;
}

int
minisign_read_secret(struct minisign_secret *ret, const char *file, struct err *e)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct stat st;
	bool ok;

	if (need_sodium(e) != 0)
		return -1;
	if (stat(file, &st) == 0 && (st.st_mode & 0007) != 0)
		return err_set(e, ERR_INPUT,
		    "everybody on this machine may read the key '%s'; run: chmod 600 '%s'", file,
		    file);
	if (fd_read_file(&text, file, LINE_SIZE * 4, e) != 0)
		return -1;
	ok = parse_secret(ret, text.p);
	sodium_memzero(text.p, text.n);
	return ok ? 0 : err_set(e, ERR_DAMAGED,
	    "'%s' is no secret key of minisign without a password", file);
}

/* -- what is signed -- */

struct minisign_hash {
	EVP_MD_CTX *md;
};

/* EVP fails only without memory or without the algorithm: neither leaves anything to do. */
static void
must(int ok)
{
	if (ok != 1)
		abort();
}

struct minisign_hash *
minisign_hash_new(void)
{
	struct minisign_hash *h = xmalloc(sizeof *h);

	h->md = EVP_MD_CTX_new();
	must(h->md != NULL);
	must(EVP_DigestInit_ex(h->md, EVP_blake2b512(), NULL));
	return h;
}

void
minisign_hash_freep(struct minisign_hash **h)
{
	if (*h != NULL)
		EVP_MD_CTX_free((*h)->md);
	free(*h);
	*h = NULL;
}

void
minisign_hash_add(struct minisign_hash *h, const void *p, size_t n)
{
	must(EVP_DigestUpdate(h->md, p, n));
}

void
minisign_hash_end(struct minisign_hash *h, unsigned char out[MINISIGN_DIGEST])
{
	must(EVP_DigestFinal_ex(h->md, out, NULL));
}

void
minisign_hash_of(unsigned char out[MINISIGN_DIGEST], const void *p, size_t n)
{
	must(EVP_Digest(p, n, out, NULL, EVP_blake2b512(), NULL));
}

/* -- signatures -- */

/* The second signature is over the first and the comment. */
static size_t
whole(unsigned char out[SIGNATURE + MINISIGN_COMMENT_MAX], const struct signature_line *line,
    const char *comment, size_t n)
{
	memcpy(out, line->signature, SIGNATURE);
	memcpy(out + SIGNATURE, comment, n);
	return SIGNATURE + n;
}

int
minisign_sign(struct buf *out, const struct minisign_secret *k,
    const unsigned char digest[MINISIGN_DIGEST], const char *comment, struct err *e)
{
	struct signature_line line = { .algorithm = { 'E', 'D' } };
	unsigned char all[SIGNATURE + MINISIGN_COMMENT_MAX], second[SIGNATURE];
	char first_text[LINE_SIZE], second_text[LINE_SIZE];
	size_t n = strlen(comment);

	if (need_sodium(e) != 0)
		return -1;
	if (n > MINISIGN_COMMENT_MAX || strpbrk(comment, "\r\n") != NULL)
		return err_set(e, ERR_INTERNAL, "the comment of a signature is one short line");
	memcpy(line.id, k->id, sizeof line.id);
	crypto_sign_detached(line.signature, NULL, digest, MINISIGN_DIGEST, k->key);
	crypto_sign_detached(second, NULL, all, whole(all, &line, comment, n), k->key);
	encode(first_text, sizeof first_text, &line, sizeof line);
	encode(second_text, sizeof second_text, second, sizeof second);
	buf_printf(out, "%ssignature of lazarette\n%s\n%s%s\n%s\n", untrusted, first_text, trusted,
	    comment, second_text);
	return 0;
}

/* Takes the next line, without its end. */
static size_t
next_line(const char **line, const char **at)
{
	size_t n = strcspn(*at, "\n");

	*line = *at;
	*at += n + ((*at)[n] == '\n' ? 1 : 0);
	return n > 0 && (*line)[n - 1] == '\r' ? n - 1 : n;
}

struct parsed {
	struct signature_line line;
	const char *comment;
	size_t comment_n;
	unsigned char second[SIGNATURE];
};

static bool
parse_signature(struct parsed *ret, const char *text)
{
	const char *line, *at = text;
	size_t n = next_line(&line, &at);

	if (n < sizeof untrusted - 1 || memcmp(line, untrusted, sizeof untrusted - 1) != 0)
		return false;
	n = next_line(&line, &at);
	if (!decode(&ret->line, sizeof ret->line, line, n) ||
	    memcmp(ret->line.algorithm, "ED", 2) != 0)
		return false;
	n = next_line(&line, &at);
	if (n < sizeof trusted - 1 || memcmp(line, trusted, sizeof trusted - 1) != 0)
		return false;
	ret->comment = line + sizeof trusted - 1;
	ret->comment_n = n - (sizeof trusted - 1);
	n = next_line(&line, &at);
	return ret->comment_n <= MINISIGN_COMMENT_MAX &&
	    decode(ret->second, sizeof ret->second, line, n) && *at == '\0';
}

int
minisign_verify(char **comment, struct arena *a, const struct minisign_check *what, struct err *e)
{
	unsigned char all[SIGNATURE + MINISIGN_COMMENT_MAX];
	char id[MINISIGN_ID_TEXT], ours[MINISIGN_ID_TEXT];
	struct parsed p;
	size_t n;

	if (need_sodium(e) != 0)
		return -1;
	if (!parse_signature(&p, what->text))
		return err_set(e, ERR_DAMAGED, "the signature is not one of minisign");
	if (memcmp(p.line.id, what->key->id, MINISIGN_ID) != 0) {
		minisign_id_text(id, p.line.id);
		minisign_id_text(ours, what->key->id);
		return err_set(e, ERR_DAMAGED, "it is signed with the key %s, not with %s", id,
		    ours);
	}
	if (crypto_sign_verify_detached(p.line.signature, what->digest, MINISIGN_DIGEST,
	        what->key->key) != 0)
		return err_set(e, ERR_DAMAGED, "its signature does not fit: it was changed after"
		    " it was signed");
	n = whole(all, &p.line, p.comment, p.comment_n);
	if (crypto_sign_verify_detached(p.second, all, n, what->key->key) != 0)
		return err_set(e, ERR_DAMAGED, "the comment of its signature was changed");
	*comment = arena_dupn(a, p.comment, p.comment_n);
	return 0;
}
