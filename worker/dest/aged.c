/* aged.c: objects whose key ends in .age: encrypted above the drivers. */
#include "worker/dest/aged.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/rand.h"
#include "lib/util/hash.h"
#include "worker/crypt/age.h"
#include "worker/dest/ahead.h"
#include "worker/dest/beside.h"
#include "worker/dest/wrap.h"

enum { BATCH = 16 };
/* What is opened ahead at once: no way has to be waited for, as with a bucket. */
enum { AHEAD = 1 << 20 };
/* Who has read so many chunks in order will read all: another thread then hashes them. */
enum { BESIDE_FROM = 64 };

/* What this process has written it can read back without any secret key: a backup is proven also
 * where its secret key is kept away. Nobody else has the file key, so that a stored piece which
 * opens with it is the piece that was written; when all do, the hash is the one of the writing. */
struct dest_made {
	struct dest_made *next;
	unsigned char file_key[AGE_KEY];
	struct upload_stored lies;
	char key[];
};

struct aged_upload {
	struct upload base;
	struct upload *inner;
	struct dest *in;
	struct dest_made *made;       /* not in the list yet */
	struct age_cipher *cipher;
	struct age_chunk chunk;
	struct hash *hash;
	int64_t bytes;
	size_t plain_n;
	bool ended;
	unsigned char plain[AGE_CHUNK], stored[AGE_STORED];
};

struct aged_object {
	struct object base;           /* bytes: of the plaintext */
	struct object *inner;
	struct age_payload payload;
	int64_t front;                /* header and nonce */
	int64_t chunks;
	/* Its file key is that of the writing, for this process has written it, or it begins as it
	 * was promised: a chunk that opens is the one that was written, and what was written has
	 * the hash in `lies`. Else what lies there is hashed. */
	bool proven;
	struct upload_stored lies;
	/* Of one that is proven nothing needs its order, so that chunks are opened on several cores
	 * where the driver can read so. */
	bool reads_ahead;
	struct ahead ahead;
	pthread_mutex_t lock;         /* of the four below */
	struct hash *hash;            /* of what lies there, as far as it was read in order */
	struct beside *beside;        /* has the hash, unless NULL */
	int64_t hashed;               /* chunks */
	int64_t seen;                 /* plaintext, as far as it was given in order */
};

static const struct dest_driver aged;

static void
made_free(struct dest_made *m)
{
	if (m != NULL)
		OPENSSL_cleanse(m->file_key, sizeof m->file_key);
	free(m);
}

void
aged_forget(struct dest *d)
{
	for (struct dest_made *m = d->made, *next; m != NULL; m = next) {
		next = m->next;
		made_free(m);
	}
	d->made = NULL;
}

/* -- writing -- */

static int
put(struct aged_upload *up, const void *p, size_t n, struct err *e)
{
	hash_add(up->hash, p, n);
	up->bytes += (int64_t)n;
	return up->inner->driver->write(up->inner, p, n, e);
}

static int
put_front(struct aged_upload *up, const struct dest_keys *k, struct err *e)
{
	CLEANUP_BUF struct buf front = BUF_INIT;
	CLEANUP(age_payload_forget) struct age_payload payload = { { 0 } };
	unsigned char nonce[AGE_NONCE];

	rand_bytes(up->made->file_key, AGE_KEY);
	rand_bytes(nonce, sizeof nonce);
	if (wrap_write(&front, up->made->file_key, k, false, e) != 0)
		return -1;
	buf_add(&front, nonce, sizeof nonce);
	hash_of(up->made->lies.front_sha256, front.p, front.n);
	age_payload_key(&payload, up->made->file_key, nonce);
	up->cipher = age_cipher_new(&payload);
	return put(up, front.p, front.n, e);
}

static void
aged_upload_free(struct aged_upload *up)
{
	made_free(up->made);
	age_cipher_freep(&up->cipher);
	hash_free(up->hash);
	OPENSSL_cleanse(up->plain, sizeof up->plain);
	free(up);
}

int
aged_begin(struct upload **ret, struct dest *d, const char *key, int64_t fence, struct err *e)
{
	const struct dest_keys *k = d->keys;
	struct aged_upload *up;

	if (k == NULL || k->recipient_count == 0)
		return err_set(e, ERR_CONFLICT,
		    "storage %s is to be encrypted, and there is no key for it yet; run: lazarette"
		    " admin keys", d->slug);
	up = xmalloc(sizeof *up);
	*up = (struct aged_upload){ .base = { .driver = &aged }, .in = d, .hash = hash_new() };
	up->made = xmalloc(sizeof *up->made + strlen(key) + 1);
	memcpy(up->made->key, key, strlen(key) + 1);
	if (d->driver->begin(&up->inner, d, key, fence, e) != 0) {
		aged_upload_free(up);
		return -1;
	}
	if (put_front(up, k, e) != 0) {
		up->inner->driver->abort(up->inner);
		aged_upload_free(up);
		return -1;
	}
	*ret = &up->base;
	return 0;
}

static int
put_chunk(struct aged_upload *up, const unsigned char *p, size_t n, struct err *e)
{
	age_seal(up->stored, up->cipher, &up->chunk, p, n);
	up->chunk.number++;
	return put(up, up->stored, n + AGE_TAG, e);
}

/* A full chunk is held back until more comes: only the last is marked. */
static int
aged_write(struct upload *base, const void *p, size_t n, struct err *e)
{
	struct aged_upload *up = (struct aged_upload *)base;
	const unsigned char *at = p;

	while (n > 0) {
		size_t room = AGE_CHUNK - up->plain_n, take = n < room ? n : room;

		if (room == 0) {
			if (put_chunk(up, up->plain, AGE_CHUNK, e) != 0)
				return -1;
			up->plain_n = 0;
			continue;
		}
		if (up->plain_n == 0 && n > AGE_CHUNK) {
			if (put_chunk(up, at, AGE_CHUNK, e) != 0)
				return -1;
		} else {
			memcpy(up->plain + up->plain_n, at, take);
			up->plain_n += take;
		}
		at += take;
		n -= take;
	}
	return 0;
}

int
aged_end(struct upload_stored *ret, struct upload *base, struct err *e)
{
	struct aged_upload *up = (struct aged_upload *)base;

	if (base->driver != &aged || up->ended)
		return 0;
	up->chunk.last = true;
	if (put_chunk(up, up->plain, up->plain_n, e) != 0)
		return -1;
	up->ended = true;
	up->made->lies.bytes = up->bytes;
	hash_hex(up->hash, up->made->lies.sha256);
	*ret = up->made->lies;
	return 0;
}

static void
aged_abort(struct upload *base)
{
	struct aged_upload *up = (struct aged_upload *)base;

	up->inner->driver->abort(up->inner);
	aged_upload_free(up);
}

static int
aged_commit(struct upload *base, struct err *e)
{
	struct aged_upload *up = (struct aged_upload *)base;
	struct upload_stored ignored;
	int rc;

	if (aged_end(&ignored, base, e) != 0) {
		aged_abort(base);
		return -1;
	}
	rc = up->inner->driver->commit(up->inner, e);
	if (rc == 0) {
		up->made->next = up->in->made;
		up->in->made = up->made;
		up->made = NULL;
	}
	aged_upload_free(up);
	return rc;
}

/* -- opening -- */

/* As far as the drivers promise whole reads, so do we. */
static int
read_exactly(struct object *inner, int64_t at, struct buf *to, size_t n, struct err *e)
{
	ssize_t got = inner->driver->read(inner, at, buf_room(to, n), n, e);

	if (got < 0)
		return -1;
	buf_took(to, (size_t)got);
	return (size_t)got == n ? 0
	    : err_set(e, ERR_DAMAGED, "the stored copy ends at byte %lld, it should go on",
	        (long long)(at + got));
}

/* What this process has written, it knows all of. */
static const struct dest_made *
find_made(const struct dest *d, const char *key)
{
	const struct dest_made *m = d->made;

	while (m != NULL && strcmp(m->key, key) != 0)
		m = m->next;
	return m;
}

/* Before any key is asked for: that of another file is of no use. */
static int
compare_front(struct aged_object *o, const struct buf *front, const struct stored_object *promised,
    struct err *e)
{
	CLEANUP_BUF struct buf names = BUF_INIT;
	struct upload_stored *lies = &o->lies;
	struct err why;
	size_t size;

	if (age_header_look(&size, &names, front, &why) != 0)
		return err_set(e, ERR_DAMAGED, "%s: the stored copy differs: %s", promised->key,
		    why.text);
	size = size + AGE_NONCE < front->n ? size + AGE_NONCE : front->n;
	hash_of(lies->front_sha256, front->p, size);
	if (strcmp(lies->front_sha256, promised->front_sha256) != 0)
		return err_set(e, ERR_DAMAGED, "%s: the stored copy differs: its first %zu bytes"
		    " are not those that were written; they are damaged, or another file lies in"
		    " its place", promised->key, size);
	snprintf(lies->sha256, sizeof lies->sha256, "%s", promised->stored_sha256);
	o->proven = true;
	return 0;
}

static int
read_front(struct aged_object *o, struct dest *d, const struct stored_object *promised,
    struct err *e)
{
	CLEANUP_BUF struct buf front = BUF_INIT;
	const struct dest_made *made = find_made(d, promised->key);
	struct wrap_lock w = { .dest = d, .key = promised->key, .front = &front,
		.known = made != NULL ? &made->file_key : NULL };
	int64_t all = o->inner->bytes;

	if (made != NULL) {
		o->proven = true;
		o->lies = made->lies;
	}
	if (read_exactly(o->inner, 0, &front, all < AGE_HEADER_MAX ? (size_t)all : AGE_HEADER_MAX,
	        e) != 0 || (*backup_front(promised) != '\0' &&
	                       compare_front(o, &front, promised, e) != 0) ||
	    wrap_unlock(&w, e) != 0)
		return -1;
	if (w.size + AGE_NONCE > front.n) {
		OPENSSL_cleanse(w.file_key, sizeof w.file_key);
		return err_set(e, ERR_DAMAGED,
		    "%s: the stored copy ends at byte %zu, it should go on", w.key, front.n);
	}
	o->front = (int64_t)(w.size + AGE_NONCE);
	age_payload_key(&o->payload, w.file_key, (unsigned char *)front.p + w.size);
	OPENSSL_cleanse(w.file_key, sizeof w.file_key);
	hash_add(o->hash, front.p, w.size + AGE_NONCE);
	return 0;
}

static void
aged_close(struct object *base)
{
	struct aged_object *o = (struct aged_object *)base;

	if (o->reads_ahead)
		ahead_release(&o->ahead);
	o->inner->driver->read_close(o->inner);
	beside_freep(&o->beside);
	age_payload_forget(&o->payload);
	pthread_mutex_destroy(&o->lock);
	hash_free(o->hash);
	free(o);
}

/* -- reading -- */

/* Without a thread for it, it is done here. */
static int
hash_more(struct aged_object *o, struct buf *stored, size_t skip, struct err *e)
{
	struct err ignored;

	if (o->beside == NULL && o->hashed >= BESIDE_FROM &&
	    beside_new(&o->beside, o->hash, &ignored) != 0)
		o->beside = NULL;
	if (o->beside != NULL)
		return beside_add(o->beside, stored, skip, e);
	hash_add(o->hash, stored->p + skip, stored->n - skip);
	return 0;
}

/* Chunks from `number` to `until` were opened; those that come next in order are hashed. */
static int
hash_in_order(struct aged_object *o, struct buf *stored, const int64_t chunks[2], struct err *e)
{
	int rc = 0;

	if (o->proven)
		return 0;
	pthread_mutex_lock(&o->lock);
	if (chunks[0] <= o->hashed && o->hashed < chunks[1]) {
		rc = hash_more(o, stored, (size_t)(o->hashed - chunks[0]) * AGE_STORED, e);
		o->hashed = chunks[1];
	}
	pthread_mutex_unlock(&o->lock);
	return rc;
}

struct reading {
	struct aged_object *o;
	struct age_cipher *cipher;
	int64_t offset;
	unsigned char *to, *chunk;
	size_t left, done;
};

/* One chunk, and of it what was asked for. */
static int
open_chunk(struct reading *r, int64_t number, const unsigned char *p, size_t n, struct err *e)
{
	const struct age_chunk which = { number, number == r->o->chunks - 1 };
	size_t from = (size_t)(r->offset - number * AGE_CHUNK), has = n - AGE_TAG - from;
	size_t take = has < r->left ? has : r->left;
	bool whole = from == 0 && take == n - AGE_TAG;
	unsigned char *out = whole ? r->to + r->done : r->chunk;

	if (!age_open(out, r->cipher, &which, p, n))
		return err_set(e, ERR_DAMAGED,
		    "the stored copy is damaged at byte %lld: what is there is not the piece that"
		    " was stored there", (long long)(r->o->front + number * AGE_STORED));
	if (!whole)
		memcpy(r->to + r->done, r->chunk + from, take);
	r->done += take;
	r->left -= take;
	r->offset += (int64_t)take;
	return 0;
}

static int
open_batch(struct reading *r, struct buf *stored, struct err *e)
{
	struct aged_object *o = r->o;
	int64_t number = r->offset / AGE_CHUNK, end = r->offset + (int64_t)r->left;
	int64_t until = (end + AGE_CHUNK - 1) / AGE_CHUNK, payload = o->inner->bytes - o->front;
	int64_t at = number * AGE_STORED, stop;

	until = until - number > BATCH ? number + BATCH : until;
	const int64_t chunks[2] = { number, until };
	stop = until * AGE_STORED < payload ? until * AGE_STORED : payload;
	buf_clear(stored);
	if (read_exactly(o->inner, o->front + at, stored, (size_t)(stop - at), e) != 0)
		return -1;
	for (; number < until; number++) {
		const unsigned char *p =
		    (const unsigned char *)stored->p + (number * AGE_STORED - at);
		int64_t n = stop - number * AGE_STORED;

		if (open_chunk(r, number, p, n < AGE_STORED ? (size_t)n : AGE_STORED, e) != 0)
			return -1;
	}
	return hash_in_order(o, stored, chunks, e);
}

static void
free_chunk(unsigned char **p)
{
	free(*p);
}

/* n bytes of plaintext, all of which there are. */
static int
open_all(void *arg, int64_t from, char *into, size_t n, struct err *e)
{
	struct aged_object *o = arg;
	CLEANUP_AGE_CIPHER struct age_cipher *cipher = age_cipher_new(&o->payload);
	CLEANUP(free_chunk) unsigned char *chunk = xmalloc(AGE_CHUNK);
	CLEANUP_BUF struct buf stored = BUF_INIT;
	struct reading r = { .o = o, .cipher = cipher, .offset = from,
		.to = (unsigned char *)into, .chunk = chunk, .left = n };

	while (r.left > 0)
		if (open_batch(&r, &stored, e) != 0)
			return -1;
	return 0;
}

static void
note_seen(struct aged_object *o, int64_t offset, size_t n)
{
	pthread_mutex_lock(&o->lock);
	if (offset <= o->seen && o->seen < offset + (int64_t)n)
		o->seen = offset + (int64_t)n;
	pthread_mutex_unlock(&o->lock);
}

static ssize_t
aged_read(struct object *base, int64_t offset, void *p, size_t n, struct err *e)
{
	struct aged_object *o = (struct aged_object *)base;

	if (offset >= o->base.bytes)
		return 0;
	if ((int64_t)n > o->base.bytes - offset)
		n = (size_t)(o->base.bytes - offset);
	if ((o->reads_ahead ? ahead_read(&o->ahead, offset, p, n, e) < 0
	                    : open_all(o, offset, p, n, e) != 0))
		return -1;
	note_seen(o, offset, n);
	return (ssize_t)n;
}

/* No reader asks for the only chunk of nothing, and one that was cut off looks like it. */
static int
check_empty(struct aged_object *o, struct err *e)
{
	CLEANUP_AGE_CIPHER struct age_cipher *cipher = age_cipher_new(&o->payload);
	CLEANUP_BUF struct buf stored = BUF_INIT;
	unsigned char nothing[AGE_TAG];
	struct reading r = { .o = o, .cipher = cipher, .to = nothing, .chunk = nothing };
	const int64_t chunks[2] = { 0, 1 };

	if (read_exactly(o->inner, o->front, &stored, AGE_TAG, e) != 0
	    || open_chunk(&r, 0, (unsigned char *)stored.p, AGE_TAG, e) != 0)
		return -1;
	return hash_in_order(o, &stored, chunks, e);
}

int
aged_open(struct object **ret, int64_t *bytes, struct dest *d,
    const struct stored_object *promised, struct err *e)
{
	const char *key = promised->key;
	struct object *inner;
	struct aged_object *o;
	int64_t all, payload;

	if (d->driver->read_open(&inner, &all, d, key, e) != 0)
		return -1;
	o = xmalloc(sizeof *o);
	*o = (struct aged_object){ .base = { .driver = &aged }, .inner = inner,
		.hash = hash_new() };
	pthread_mutex_init(&o->lock, NULL);
	if (read_front(o, d, promised, e) != 0) {
		aged_close(&o->base);
		return -1;
	}
	payload = all - o->front;
	o->chunks = (payload + AGE_STORED - 1) / AGE_STORED;
	o->base.bytes = age_plain_size(payload);
	if (o->base.bytes < 0) {
		aged_close(&o->base);
		return err_set(e, ERR_DAMAGED,
		    "%s: the stored copy was cut off: it ends at byte %lld, within a chunk", key,
		    (long long)all);
	}
	if (o->base.bytes == 0 && check_empty(o, e) != 0) {
		aged_close(&o->base);
		return err_in(e, "%s", key);
	}
	o->reads_ahead = o->proven && d->driver->reads_apart;
	if (o->reads_ahead) {
		ahead_init(&o->ahead, o->base.bytes, &d->opens_ahead, open_all, o);
		o->ahead.most = AHEAD;
	}
	*bytes = o->base.bytes;
	*ret = &o->base;
	return 0;
}

bool
aged_is_object(const struct object *o)
{
	return o->driver == &aged;
}

int64_t
aged_lies(const struct object *base)
{
	return ((const struct aged_object *)base)->inner->bytes;
}

bool
aged_stored(struct upload_stored *ret, struct object *base)
{
	struct aged_object *o = (struct aged_object *)base;
	struct err ignored;

	if (!aged_is_object(base) ||
	    (o->proven ? o->seen != base->bytes : o->hashed != o->chunks) ||
	    (o->beside != NULL && beside_end(o->beside, &ignored) != 0))
		return false;
	o->lies.bytes = o->inner->bytes;
	if (!o->proven)
		hash_hex(o->hash, o->lies.sha256);
	*ret = o->lies;
	o->hashed = o->seen = -1;
	return true;
}

static const struct dest_driver aged = {
	.kind = "aged",
	.write = aged_write, .commit = aged_commit, .abort = aged_abort,
	.read = aged_read, .read_close = aged_close,
};
