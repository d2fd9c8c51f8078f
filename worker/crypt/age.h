/* age.h: the age v1 format (https://age-encryption.org/v1): the header, and the chunks behind it.
 *
 * A file is: the header (text, with the file key wrapped for each recipient), a nonce, then the
 * plaintext in chunks of 64 KiB, each with its number and "last" under ChaCha20-Poly1305. So any
 * place can be read alone, and a chunk that was changed, moved, left out or cut off is noticed.
 */
#ifndef WORKER_CRYPT_AGE_H
#define WORKER_CRYPT_AGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/util/agekey.h"

enum { AGE_KEY = 16, AGE_NONCE = 16, AGE_CHUNK = 64 << 10, AGE_TAG = 16 };
enum { AGE_STORED = AGE_CHUNK + AGE_TAG };     /* a whole chunk as it lies */
enum { AGE_HEADER_MAX = 16 << 10 };

/* -- the header -- */

struct age_recipients {
	unsigned char (*keys)[AGEKEY_SIZE];
	size_t count;
	/* Their texts (age1…), to be said in the header, which tells them to nobody otherwise;
	 * readers pass over that entry. NULL: it stays untold. */
	const char *const *names;
};
/* Append a header that wraps this file key for each recipient. */
MUST_USE int age_header_write(struct buf *out, const unsigned char file_key[AGE_KEY],
    const struct age_recipients *to, struct err *e);

/* What opens a file: secret keys, and a file key that is known already (NULL: none). */
struct age_openers {
	const struct agering *ring;
	const unsigned char (*known)[AGE_KEY];
};
/*
 * Read the header at the front of `p`; *size is its length. ERR_DAMAGED: it is none, or was
 * changed. ERR_DENIED: none of the keys opens it. ERR_INPUT: a version this reader does not know.
 */
MUST_USE int age_header_read(size_t *size, unsigned char file_key[AGE_KEY],
    const struct buf *front, const struct age_openers *by, struct err *e);

/* What a header says to those without a key: its length, and the names that were written into it,
 * divided by spaces (as they stand there: only who opens it knows that they are true). Both are
 * set only when it goes well; the errors are those of age_header_read(), but for ERR_DENIED. */
MUST_USE int age_header_look(size_t *size, struct buf *names, const struct buf *front,
    struct err *e);

/* -- the payload -- */

struct age_payload {
	unsigned char key[32];
};
void age_payload_key(struct age_payload *ret, const unsigned char file_key[AGE_KEY],
    const unsigned char nonce[AGE_NONCE]);
void age_payload_forget(struct age_payload *p);

/* One cipher of one thread. */
struct age_cipher;
struct age_cipher *age_cipher_new(const struct age_payload *p);
void age_cipher_freep(struct age_cipher **c);
#define CLEANUP_AGE_CIPHER CLEANUP(age_cipher_freep)

struct age_chunk {
	int64_t number;
	bool last;
};
/* `out` takes n + AGE_TAG bytes. */
void age_seal(unsigned char *out, struct age_cipher *c, const struct age_chunk *which,
    const unsigned char *p, size_t n);
/* `out` takes n - AGE_TAG bytes; false: it is not this chunk of this file. */
MUST_USE bool age_open(unsigned char *out, struct age_cipher *c, const struct age_chunk *which,
    const unsigned char *p, size_t n);

/* How many bytes of plaintext a payload of `stored` bytes (nonce not counted) holds; -1: none does,
 * it was cut. */
int64_t age_plain_size(int64_t stored);

#endif
