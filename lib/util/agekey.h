/* agekey.h: age's X25519 keys: who can open what is encrypted, and what with.
 *
 * A public key is text like age1…, a secret one like AGE-SECRET-KEY-1…. A file of secret keys holds
 * one on each line; empty lines and those that begin with # say nothing: `age -d -i FILE` reads the
 * same file.
 */
#ifndef LIB_UTIL_AGEKEY_H
#define LIB_UTIL_AGEKEY_H

#include <stddef.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/util/bech32.h"

enum { AGEKEY_SIZE = 32, AGEKEY_TEXT = BECH32_SIZE };
/* "age1" and eight characters: enough for a person to tell keys apart. */
enum { AGEKEY_SHORT = 13 };

struct agekey {
	unsigned char secret[AGEKEY_SIZE], public[AGEKEY_SIZE];
};
void agekey_make(struct agekey *ret);
void agekey_forget(struct agekey *k);       /* wipes it */
#define CLEANUP_AGEKEY CLEANUP(agekey_forget)

void agekey_public_text(char out[AGEKEY_TEXT], const unsigned char public[AGEKEY_SIZE]);
void agekey_secret_text(char out[AGEKEY_TEXT], const struct agekey *k);
void agekey_short(char out[AGEKEY_SHORT], const char *public_text);
/* ERR_INPUT: it is none, or was mistyped. */
MUST_USE int agekey_read_public(unsigned char ret[AGEKEY_SIZE], const char *text, struct err *e);
MUST_USE int agekey_read_secret(struct agekey *ret, const char *text, struct err *e);

/* X25519. ERR_DAMAGED for a point that gives no secret. */
MUST_USE int agekey_shared(unsigned char ret[AGEKEY_SIZE], const unsigned char secret[AGEKEY_SIZE],
    const unsigned char public[AGEKEY_SIZE], struct err *e);

/* Secret keys at hand. Zero it first. */
struct agering {
	struct agekey *keys;
	size_t count;
};
void agekey_ring_release(struct agering *r);   /* wipes them */
#define CLEANUP_AGERING CLEANUP(agekey_ring_release)
/* All keys of one file; ERR_NOT_FOUND, ERR_INPUT when it holds none or everybody may read it. */
MUST_USE int agekey_read_file(struct agering *ring, const char *path, struct err *e);
/* All keys of all files in a folder that end in .identity; a missing folder holds none. */
MUST_USE int agekey_read_folder(struct agering *ring, const char *folder, struct err *e);
/* A new file `<folder>/<short>.identity` of mode 0600. */
MUST_USE int agekey_put(const char *folder, const struct agekey *k, struct err *e);

#endif
