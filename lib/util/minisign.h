/* minisign.h: signatures as `minisign` writes and checks them (Ed25519 over BLAKE2b-512).
 *
 * A signature is a small text of four lines beside what is signed. Its trusted comment is signed,
 * too, so it can say what the signature is for.
 */
#ifndef LIB_UTIL_MINISIGN_H
#define LIB_UTIL_MINISIGN_H

#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"

enum { MINISIGN_ID = 8, MINISIGN_DIGEST = 64 };
/* "RW…", as `minisign -P` takes it; the number of a key, as it prints it. */
enum { MINISIGN_PUBLIC_TEXT = 57, MINISIGN_ID_TEXT = 17 };
enum { MINISIGN_SIGNATURE_MAX = 4096, MINISIGN_COMMENT_MAX = 2048 };

struct minisign_public {
	unsigned char id[MINISIGN_ID], key[32];
};
struct minisign_secret {
	unsigned char id[MINISIGN_ID], key[64];
};

/* A new key pair: the secret half becomes a file of mode 0600 (without a password, as
 * `minisign -G -W` makes them). */
MUST_USE int minisign_make(struct minisign_public *ret, const char *secret_file, struct err *e);
/* ERR_NOT_FOUND, or ERR_DAMAGED when it is none. */
MUST_USE int minisign_read_secret(struct minisign_secret *ret, const char *file, struct err *e);
void minisign_forget(struct minisign_secret *k);   /* wipes it */
#define CLEANUP_MINISIGN CLEANUP(minisign_forget)

void minisign_public_of(struct minisign_public *ret, const struct minisign_secret *k);
void minisign_public_text(char out[MINISIGN_PUBLIC_TEXT], const struct minisign_public *k);
void minisign_id_text(char out[MINISIGN_ID_TEXT], const unsigned char id[MINISIGN_ID]);
/* The text alone, or the whole of a .pub file. ERR_INPUT: it is none. */
MUST_USE int minisign_read_public(struct minisign_public *ret, const char *text, struct err *e);

/* BLAKE2b-512 of a stream: what is signed. */
struct minisign_hash;
struct minisign_hash *minisign_hash_new(void);
void minisign_hash_freep(struct minisign_hash **h);
#define CLEANUP_MINISIGN_HASH CLEANUP(minisign_hash_freep)
void minisign_hash_add(struct minisign_hash *h, const void *p, size_t n);
void minisign_hash_end(struct minisign_hash *h, unsigned char out[MINISIGN_DIGEST]);
void minisign_hash_of(unsigned char out[MINISIGN_DIGEST], const void *p, size_t n);

/* Append the four lines. The comment is one line of at most MINISIGN_COMMENT_MAX bytes. */
MUST_USE int minisign_sign(struct buf *out, const struct minisign_secret *k,
    const unsigned char digest[MINISIGN_DIGEST], const char *comment, struct err *e);

struct minisign_check {
	const struct minisign_public *key;
	const unsigned char *digest;   /* MINISIGN_DIGEST bytes */
	const char *text;              /* the signature, NUL at its end */
};
/* Gives the trusted comment. ERR_DAMAGED says what does not fit: it is no signature, it is by
 * another key, or what was signed has changed. */
MUST_USE int minisign_verify(char **comment, struct arena *a, const struct minisign_check *what,
    struct err *e);

#endif
