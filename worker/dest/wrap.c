/* wrap.c: who can open what lies there already. */
#include "worker/dest/wrap.h"

#include <openssl/crypto.h>
#include <string.h>

#include "lib/base/arena.h"
#include "worker/dest/driver.h"

enum { RECIPIENTS_MAX = 8 };

char *
wrap_key_for(struct arena *a, const char *key)
{
	return arena_printf(a, "%s" WRAP_ENDING, key);
}

/* -- recipients -- */

static bool
has_word(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = words; (at = strstr(at, word)) != NULL; at += n)
		if ((at == words || at[-1] == ' ') && (at[n] == '\0' || at[n] == ' '))
			return true;
	return false;
}

bool
wrap_covers(const char *recipients, const struct dest_keys *keys)
{
	for (size_t i = 0; i < keys->recipient_count; i++)
		if (!has_word(recipients, keys->recipients[i]))
			return false;
	return true;
}

int
wrap_write(struct buf *out, const unsigned char file_key[AGE_KEY], const struct dest_keys *k,
    bool named, struct err *e)
{
	unsigned char public[RECIPIENTS_MAX][AGEKEY_SIZE];
	const struct age_recipients to = { .keys = public, .count = k->recipient_count,
		.names = named ? k->recipients : NULL };

	if (k->recipient_count > RECIPIENTS_MAX)
		return err_set(e, ERR_CONFLICT, "%zu recipients are too many", k->recipient_count);
	for (size_t i = 0; i < k->recipient_count; i++)
		if (agekey_read_public(public[i], k->recipients[i], e) != 0)
			return -1;
	return age_header_write(out, file_key, &to, e);
}

/* -- opening -- */

static int
read_keys(struct agering *ring, const struct dest_keys *k, struct err *e)
{
	if (k == NULL)
		return 0;
	if (k->file != NULL && agekey_read_file(ring, k->file, e) != 0)
		return -1;
	return k->folder != NULL ? agekey_read_folder(ring, k->folder, e) : 0;
}

/* Of an object as it lies, as much as a header may have. */
static int
read_front(struct buf *front, struct dest *d, const char *key, struct err *e)
{
	CLEANUP_OBJECT struct object *o = NULL;
	int64_t bytes;
	size_t n;
	ssize_t got;

	if (object_open_as_is(&o, &bytes, d, key, e) != 0)
		return -1;
	n = bytes < AGE_HEADER_MAX ? (size_t)bytes : AGE_HEADER_MAX;
	got = object_read(o, 0, buf_room(front, n), n, e);
	if (got < 0)
		return -1;
	buf_took(front, (size_t)got);
	return 0;
}

/* Which key is asked for, and where it belongs: for whoever keeps it away from this machine. */
static int
no_key(const struct dest_keys *k, const char *key, const char *needed, struct err *e)
{
	char id[AGEKEY_SHORT];

	if (*needed == '\0')
		return err_set(e, ERR_DENIED, "%s is encrypted, and none of the secret keys in %s"
		    " opens it", key, k != NULL && k->folder != NULL ? k->folder : "reach");
	if (k->folder == NULL)
		return err_set(e, ERR_DENIED, "%s is encrypted to %s: name a file with its secret"
		    " key, or with the recovery key, by --identity FILE", key, needed);
	agekey_short(id, needed);
	return err_set(e, ERR_DENIED,
	    "%s is encrypted to %s, and its secret key is not here: put the file %s.identity (or"
	    " the recovery key, as a file whose name ends in .identity) into %s and try again",
	    key, needed, id, k->folder);
}

/* The header beside it, whole. */
static int
look_beside(struct buf *names, const struct buf *beside, struct err *e)
{
	size_t size;

	if (age_header_look(&size, names, beside, e) != 0)
		return -1;
	return size == beside->n ? 0 : err_set(e, ERR_DAMAGED, "there is more than a header in it");
}

/* A header of another object is not taken: the seal over the object's own is of the same file
 * key. */
static int
open_beside(struct wrap_lock *w, const struct buf *beside, const struct agering *ring,
    struct err *e)
{
	const struct age_openers by = { ring, NULL };
	const struct age_openers own = { NULL, (const unsigned char (*)[AGE_KEY])&w->file_key };
	unsigned char same[AGE_KEY];
	size_t size;
	int rc;

	if (age_header_read(&size, w->file_key, beside, &by, e) != 0)
		return -1;
	rc = age_header_read(&w->size, same, w->front, &own, e);
	OPENSSL_cleanse(same, sizeof same);
	if (rc == 0)
		return 0;
	OPENSSL_cleanse(w->file_key, sizeof w->file_key);
	return err_set(e, ERR_DAMAGED, "it is of another object: the key in it does not fit the"
	    " header of %s", w->key);
}

static int
unlock_beside(struct wrap_lock *w, const struct agering *ring, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_BUF struct buf beside = BUF_INIT;
	CLEANUP_BUF struct buf names = BUF_INIT;
	const struct dest_keys *k = w->dest->keys;
	const char *needed = k != NULL && k->needed != NULL ? k->needed : "";
	const char *key = wrap_key_for(a, w->key), *text;
	struct err why;

	if (read_front(&beside, w->dest, key, &why) != 0) {
		if (why.kind == ERR_NOT_FOUND || why.kind == ERR_DENIED)
			return no_key(k, w->key, needed, e);
		*e = why;
		return err_in(e, "%s", key);
	}
	if (look_beside(&names, &beside, &why) == 0) {
		if (open_beside(w, &beside, ring, &why) == 0)
			return 0;
		if (why.kind == ERR_DENIED && names.n > 0)
			needed = arena_dupn(a, names.p, strcspn(names.p, " "));
	}
	no_key(k, w->key, needed, e);
	if (why.kind == ERR_DENIED)
		return -1;
	text = arena_dup(a, e->text);
	return err_set(e, ERR_DENIED, "%s. The header beside it, %s, is of no use: %s", text, key,
	    why.text);
}

int
wrap_unlock(struct wrap_lock *w, struct err *e)
{
	CLEANUP_AGERING struct agering ring = { NULL, 0 };
	const struct age_openers by = { &ring, w->known };

	if (w->known == NULL && read_keys(&ring, w->dest->keys, e) != 0)
		return -1;
	if (age_header_read(&w->size, w->file_key, w->front, &by, e) == 0)
		return 0;
	return e->kind == ERR_DENIED ? unlock_beside(w, &ring, e) : err_in(e, "%s", w->key);
}

/* -- putting one beside -- */

/* Whether a secret key of a recipient that it names is at hand. */
static bool
is_named(const char *names, const struct agering *ring)
{
	char text[AGEKEY_TEXT];

	for (size_t i = 0; i < ring->count; i++) {
		agekey_public_text(text, ring->keys[i].public);
		if (has_word(names, text))
			return true;
	}
	return false;
}

/* By the object's own header, where a key at hand opens it: any changed byte is noticed. Else by
 * the one beside it. */
static int
judge(struct wrap_lock *w, const struct buf *beside, const char *names,
    const struct agering *ring, struct err *why)
{
	const struct age_openers by = { ring, NULL };
	const struct age_openers own = { NULL, (const unsigned char (*)[AGE_KEY])&w->file_key };
	unsigned char same[AGE_KEY];
	size_t size;

	if (age_header_read(&w->size, w->file_key, w->front, &by, why) == 0) {
		if (age_header_read(&size, same, beside, &own, why) == 0)
			return 0;
		return err_set(why, ERR_DAMAGED,
		    "it is damaged, or of another object: the key of %s does not fit it", w->key);
	}
	if (open_beside(w, beside, ring, why) == 0)
		return 0;
	if (why->kind != ERR_DENIED)
		return -1;
	return !is_named(names, ring) ? 0 : err_set(why, ERR_DAMAGED,
	    "it is damaged: a key that it names does not open it");
}

/* Whether it fits; -1: nobody can say. Where no key at hand opens it, what it says is believed: it
 * does no harm, and whoever has the key finds out. */
static int
compare(struct err *why, struct wrap_lock *w, const struct buf *beside, const char *names,
    struct err *e)
{
	CLEANUP_AGERING struct agering ring = { NULL, 0 };
	CLEANUP_BUF struct buf front = BUF_INIT;
	bool fits;

	if (read_keys(&ring, w->dest->keys, e) != 0)
		return -1;
	if (ring.count == 0)
		return 1;
	if (read_front(&front, w->dest, w->key, e) != 0)
		return err_in(e, "%s", w->key);
	w->front = &front;
	fits = judge(w, beside, names, &ring, why) == 0;
	OPENSSL_cleanse(w->file_key, sizeof w->file_key);
	return fits;
}

int
wrap_look(enum wrap_found *ret, struct err *why, struct dest *d, const char *key, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_BUF struct buf beside = BUF_INIT;
	CLEANUP_BUF struct buf names = BUF_INIT;
	struct wrap_lock w = { .dest = d, .key = key };
	const char *at = wrap_key_for(a, key);
	int fits = 0;

	if (read_front(&beside, d, at, e) != 0) {
		*ret = WRAP_NONE;
		return e->kind == ERR_NOT_FOUND ? 0 : err_in(e, "%s", at);
	}
	if (look_beside(&names, &beside, why) == 0)
		fits = compare(why, &w, &beside, names.p, e);
	if (fits < 0)
		return -1;
	if (fits > 0)
		*ret = wrap_covers(names.p, d->keys) ? WRAP_WHOLE : WRAP_OTHERS;
	else {
		*ret = WRAP_BROKEN;
		err_in(why, "%s", at);
	}
	return 0;
}

int
wrap_make(struct buf *out, struct dest *d, const char *key, struct err *e)
{
	CLEANUP_BUF struct buf front = BUF_INIT;
	struct wrap_lock w = { .dest = d, .key = key, .front = &front };
	int rc;

	if (read_front(&front, d, key, e) != 0)
		return err_in(e, "%s", key);
	if (wrap_unlock(&w, e) != 0)
		return -1;
	rc = wrap_write(out, w.file_key, d->keys, true, e);
	OPENSSL_cleanse(w.file_key, sizeof w.file_key);
	return rc;
}
