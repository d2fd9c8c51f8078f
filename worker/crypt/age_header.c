/* age_header.c: the front of an age file: who can open it. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/rand.h"
#include "worker/crypt/age.h"
#include "worker/crypt/hkdf.h"

enum {
	WRAPPED = AGE_KEY + AGE_TAG,
	LINE = 64,                    /* of a stanza's body; a shorter one ends it */
	SHARE_TEXT = 43, MAC_TEXT = 43, B64_ROOM = 48,
};
static const char version_line[] = "age-encryption.org/v1\n", x25519[] = "-> X25519 ",
    named[] = "-> lazarette-recipients ";
static const char end_mark[] = "---", info[] = "age-encryption.org/v1/X25519";

/* -- base64 without padding, of 32 bytes: all that a header of ours has -- */

static void
encode32(char out[B64_ROOM], const unsigned char p[32])
{
	int n = EVP_EncodeBlock((unsigned char *)out, p, 32);

	out[n - 1] = '\0';
}

/* Canonical only: what decodes must encode to the same text. */
static bool
decode32(unsigned char ret[32], const char *text, size_t n)
{
	unsigned char in[B64_ROOM], bytes[B64_ROOM];
	char again[B64_ROOM];

	if (n != SHARE_TEXT)
		return false;
	memcpy(in, text, n);
	in[n] = '=';
	if (EVP_DecodeBlock(bytes, in, SHARE_TEXT + 1) != 33)
		return false;
	encode32(again, bytes);
	if (memcmp(again, text, n) != 0)
		return false;
	memcpy(ret, bytes, 32);
	return true;
}

/* -- wrapping -- */

static void
wrap_key(struct age_payload *ret, const unsigned char shared[AGEKEY_SIZE],
    const unsigned char share[AGEKEY_SIZE], const unsigned char recipient[AGEKEY_SIZE])
{
	unsigned char salt[2 * AGEKEY_SIZE];

	memcpy(salt, share, AGEKEY_SIZE);
	memcpy(salt + AGEKEY_SIZE, recipient, AGEKEY_SIZE);
	hkdf(ret->key, &(struct hkdf){ shared, AGEKEY_SIZE, salt, sizeof salt, info });
}

/* The nonce of a wrapped key is zero: chunk 0, not the last, of its own key. */
static const struct age_chunk first = { 0, false };

static int
add_stanza(struct buf *out, const unsigned char file_key[AGE_KEY],
    const unsigned char recipient[AGEKEY_SIZE], struct err *e)
{
	CLEANUP_AGEKEY struct agekey once = { .secret = { 0 } };
	CLEANUP(age_payload_forget) struct age_payload key = { { 0 } };
	CLEANUP_AGE_CIPHER struct age_cipher *c = NULL;
	unsigned char shared[AGEKEY_SIZE], wrapped[WRAPPED];
	char share[B64_ROOM], body[B64_ROOM];

	agekey_make(&once);
	if (agekey_shared(shared, once.secret, recipient, e) != 0)
		return -1;
	wrap_key(&key, shared, once.public, recipient);
	OPENSSL_cleanse(shared, sizeof shared);
	c = age_cipher_new(&key);
	age_seal(wrapped, c, &first, file_key, AGE_KEY);
	encode32(share, once.public);
	encode32(body, wrapped);
	buf_printf(out, "%s%s\n%s\n", x25519, share, body);
	return 0;
}

/* An entry without a body, of a kind of our own. */
static void
add_names(struct buf *out, const struct age_recipients *to)
{
	buf_text(out, named);
	for (size_t i = 0; i < to->count; i++)
		buf_printf(out, "%s%s", i > 0 ? " " : "", to->names[i]);
	buf_text(out, "\n\n");
}

static void
mac_of(unsigned char out[HKDF_SIZE], const unsigned char file_key[AGE_KEY], const char *p, size_t n)
{
	unsigned char key[HKDF_SIZE];

	hkdf(key, &(struct hkdf){ file_key, AGE_KEY, NULL, 0, "header" });
	hkdf_hmac(out, key, p, n);
	OPENSSL_cleanse(key, sizeof key);
}

int
age_header_write(struct buf *out, const unsigned char file_key[AGE_KEY],
    const struct age_recipients *to, struct err *e)
{
	size_t began = out->n;
	unsigned char mac[HKDF_SIZE];
	char text[B64_ROOM];

	if (to->count == 0)
		return err_set(e, ERR_INTERNAL, "nobody could open what is encrypted to nobody");
	buf_text(out, version_line);
	for (size_t i = 0; i < to->count; i++)
		if (add_stanza(out, file_key, to->keys[i], e) != 0)
			return -1;
	if (to->names != NULL)
		add_names(out, to);
	buf_text(out, end_mark);
	mac_of(mac, file_key, out->p + began, out->n - began);
	encode32(text, mac);
	buf_printf(out, " %s\n", text);
	return 0;
}

/* -- reading -- */

struct header {
	const char *p, *stop;
	const struct age_openers *by;
	unsigned char *file_key;
	bool opened;
	const char *names;            /* names_n bytes, of the last entry that has any */
	size_t names_n;
};

/* One line without its end, printable ASCII only; NULL: there is none. */
static const char *
take_line(size_t *n, struct header *h)
{
	const char *line = h->p, *end = memchr(line, '\n', (size_t)(h->stop - line));

	if (end == NULL)
		return NULL;
	for (const char *c = line; c < end; c++)
		if (*c < ' ' || *c > '~')
			return NULL;
	*n = (size_t)(end - line);
	h->p = end + 1;
	return line;
}

static bool
is_b64(const char *p, size_t n)
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < n; i++)
		if (strchr(alphabet, p[i]) == NULL)
			return false;
	return true;
}

/* One of ours: 32 bytes of share in the line, 32 of wrapped key in the body. */
static int
try_stanza(struct header *h, const unsigned char share[AGEKEY_SIZE],
    const unsigned char wrapped[WRAPPED], struct err *e)
{
	const struct agering *ring = h->by->ring;

	for (size_t i = 0; ring != NULL && i < ring->count && !h->opened; i++) {
		const struct agekey *k = &ring->keys[i];
		CLEANUP(age_payload_forget) struct age_payload key = { { 0 } };
		CLEANUP_AGE_CIPHER struct age_cipher *c = NULL;
		unsigned char shared[AGEKEY_SIZE];

		if (agekey_shared(shared, k->secret, share, e) != 0)
			return -1;
		wrap_key(&key, shared, share, k->public);
		OPENSSL_cleanse(shared, sizeof shared);
		c = age_cipher_new(&key);
		h->opened = age_open(h->file_key, c, &first, wrapped, WRAPPED);
	}
	return 0;
}

static int
bad(struct err *e, const char *how)
{
	return err_set(e, ERR_DAMAGED, "its header is damaged: %s", how);
}

/* Whether the body is whole; *only is its single line when it has one. */
static bool
take_body(const char **only, size_t *only_n, struct header *h)
{
	size_t n, lines = 0;

	do {
		const char *line = take_line(&n, h);

		if (line == NULL || n > LINE || !is_b64(line, n))
			return false;
		*only = lines == 0 ? line : NULL;
		*only_n = n;
		lines++;
	} while (n == LINE);
	return true;
}

static int
read_stanza(struct header *h, const char *line, size_t n, struct err *e)
{
	size_t head = sizeof x25519 - 1, body_n = 0;
	unsigned char share[32], wrapped[32];
	const char *body = NULL;

	if (!take_body(&body, &body_n, h))
		return bad(e, "an entry for a key is not whole");
	if (n > sizeof named - 1 && memcmp(line, named, sizeof named - 1) == 0) {
		h->names = line + (sizeof named - 1);
		h->names_n = n - (sizeof named - 1);
	}
	/* Entries of other kinds are for others. */
	if (n < head || memcmp(line, x25519, head) != 0)
		return 0;
	if (!decode32(share, line + head, n - head) || body == NULL ||
	    !decode32(wrapped, body, body_n))
		return bad(e, "an entry for a key has the wrong length");
	return h->opened ? 0 : try_stanza(h, share, wrapped, e);
}

static int
read_end(struct header *h, const char *began, const char *line, size_t n, struct err *e)
{
	size_t head = sizeof end_mark - 1;
	unsigned char said[32], mac[HKDF_SIZE];

	if (n != head + 1 + MAC_TEXT || line[head] != ' ' ||
	    !decode32(said, line + head + 1, MAC_TEXT))
		return bad(e, "it does not end as it should");
	/* A key that is known already is right when the seal over the header is. */
	if (!h->opened && h->by->known != NULL) {
		memcpy(h->file_key, *h->by->known, AGE_KEY);
		h->opened = true;
	}
	if (!h->opened)
		return err_set(e, ERR_DENIED, "none of the keys at hand opens it");
	mac_of(mac, h->file_key, began, (size_t)(line + head - began));
	return CRYPTO_memcmp(mac, said, sizeof mac) == 0 ? 0 : bad(e, "its seal does not fit");
}

/* Up to the line that ends it, which *end becomes. */
static int
read_entries(const char **end, size_t *end_n, struct header *h, struct err *e)
{
	size_t left = (size_t)(h->stop - h->p), head = sizeof version_line - 1;

	if (left < head || memcmp(h->p, "age-encryption.org/", 19) != 0)
		return err_set(e, ERR_DAMAGED, "it does not begin as a file of age");
	if (memcmp(h->p, version_line, head) != 0)
		return err_set(e, ERR_INPUT, "it is of a version of age that is not known here");
	h->p += head;
	for (size_t stanzas = 0;; stanzas++) {
		const char *line = take_line(end_n, h);

		if (line == NULL)
			return bad(e, "it ends too early");
		if (*end_n >= 3 && memcmp(line, end_mark, 3) == 0) {
			*end = line;
			return stanzas > 0 ? 0 : bad(e, "it is for nobody");
		}
		if (*end_n < 4 || memcmp(line, "-> ", 3) != 0)
			return bad(e, "a line of it is no entry for a key");
		if (read_stanza(h, line, *end_n, e) != 0)
			return -1;
	}
}

int
age_header_read(size_t *size, unsigned char file_key[AGE_KEY], const struct buf *front,
    const struct age_openers *by, struct err *e)
{
	struct header h = { .p = front->p, .stop = front->p + front->n, .by = by,
		.file_key = file_key };
	const char *end = NULL;
	size_t n = 0;

	if (read_entries(&end, &n, &h, e) != 0 || read_end(&h, front->p, end, n, e) != 0)
		return -1;
	*size = (size_t)(h.p - front->p);
	return 0;
}

int
age_header_look(size_t *size, struct buf *names, const struct buf *front, struct err *e)
{
	const struct age_openers nobody = { NULL, NULL };
	struct header h = { .p = front->p, .stop = front->p + front->n, .by = &nobody };
	const char *end = NULL;
	size_t n = 0;

	if (read_entries(&end, &n, &h, e) != 0)
		return -1;
	buf_add(names, h.names, h.names_n);
	*size = (size_t)(h.p - front->p);
	return 0;
}
