/* chain_lot.c: one stored frame, of which some or all is wanted in an archive. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/fault.h"
#include "worker/archive/chain_inner.h"
#include "worker/archive/tar.h"

int
chain_lot_send(struct chain *c, const void *p, size_t n, struct err *e)
{
	c->sent += (int64_t)n;
	return n > 0 ? sink_write(c->to, p, n, e) : 0;
}

/* -- decoding, hashing and pressing: several threads -- */

int
chain_lot_damaged(const struct lot *l, const char *how, struct err *e)
{
	return err_set(e, ERR_DAMAGED, "%s: the stored copy is damaged at byte %lld: %s", l->key,
	    (long long)l->offset, how);
}

static int
compare_hash(struct hash *h, const struct lot *l, const struct entry *entry, struct err *e)
{
	char got[HASH_HEX_SIZE];

	hash_hex(h, got);
	return strcmp(got, entry->sha256) == 0 || FAULT_CONTROL("chain.unchecked") ? 0
	    : err_set(e, ERR_DAMAGED, "'%s' is not in %s as it was stored", entry->path, l->key);
}

/* Whether the frame holds just what is wanted of it, as it would be written now. */
static bool
is_whole(const struct lot *l)
{
	CLEANUP_BUF struct buf head = BUF_INIT;
	size_t at = 0;

	for (size_t i = 0; i < l->count; i++) {
		const struct piece *p = &l->pieces[i];

		buf_clear(&head);
		if (p->first)
			tar_header(&head, p->entry);
		if (p->at != at + head.n || memcmp(l->raw + at, head.p, head.n) != 0)
			return false;
		at = p->at + p->n + (p->last ? tar_padding(p->entry->size) : 0);
	}
	return at == l->raw_n;
}

/* What is wanted of it takes the place of the stored bytes, which are of no use any more. */
static void
make_anew(struct lot *l)
{
	CLEANUP_BUF struct buf head = BUF_INIT;
	size_t room = 0;

	/* Longer names, or a content that is wanted more than once, can make it larger than it was.
	 */
	for (size_t i = 0; i < l->count; i++)
		room += tar_header_bound(strlen(l->pieces[i].entry->path), 0) + l->pieces[i].n +
		    TAR_BLOCK;
	if (room > CHAIN_STORED)
		l->stored = xrealloc(l->stored, room);
	l->made_n = 0;
	for (size_t i = 0; i < l->count; i++) {
		struct piece *p = &l->pieces[i];
		size_t padding = p->last ? tar_padding(p->entry->size) : 0;

		buf_clear(&head);
		if (p->first)
			tar_header(&head, p->entry);
		p->made_at = l->made_n + head.n;
		memcpy(l->stored + l->made_n, head.p, head.n);
		memcpy(l->stored + p->made_at, l->raw + p->at, p->n);
		memset(l->stored + p->made_at + p->n, 0, padding);
		l->made_n = p->made_at + p->n + padding;
	}
}

static int
press(struct lot *l, unsigned char *bytes, unsigned char *to, struct squeezer *s, struct err *e)
{
	const struct iovec raw = { bytes, l->made_n };
	struct squeezed out = { .out = to, .capacity = ZSTD_compressBound(l->made_n) };

	if (squeeze_frame(&out, s, squeeze_is_flat(bytes, l->made_n), &raw, e) != 0)
		return -1;
	l->frame = to;
	l->frame_n = out.n;
	return 0;
}

static int
make_frame(struct chain *c, int thread, struct lot *l, struct err *e)
{
	if (l->stored_n == 0) {
		l->made_n = l->raw_n;
		return press(l, l->raw, l->stored, c->squeezers[thread], e);
	}
	if (is_whole(l)) {
		l->frame = l->stored;
		l->frame_n = l->stored_n;
		l->made_n = l->raw_n;
		return 0;
	}
	make_anew(l);
	if (ZSTD_compressBound(l->made_n) > CHAIN_STORED)
		l->raw = xrealloc(l->raw, ZSTD_compressBound(l->made_n));
	return press(l, l->stored, l->raw, c->squeezers[thread], e);
}

static int
decode(struct chain *c, int thread, struct lot *l, struct err *e)
{
	size_t n;

	if (l->stored_n == 0)
		return 0;
	n = ZSTD_decompressDCtx(c->contexts[thread], l->raw, FRAME_RAW_MAX, l->stored, l->stored_n);
	if (ZSTD_isError(n))
		return chain_lot_damaged(l, ZSTD_getErrorName(n), e);
	if (n != l->raw_n)
		return chain_lot_damaged(l, "the frame has another size than it says", e);
	for (size_t i = 0; c->check && i < l->count; i++) {
		const struct piece *p = &l->pieces[i];

		if (!p->first || !p->last)
			continue;
		hash_add(c->hashes[thread], l->raw + p->at, p->n);
		if (compare_hash(c->hashes[thread], l, p->entry, e) != 0)
			return -1;
	}
	return 0;
}

int
chain_lot_work(void *arg, int thread, void *item, struct err *e)
{
	struct chain *c = arg;

	if (decode(c, thread, item, e) != 0)
		return -1;
	return c->frames ? make_frame(c, thread, item, e) : 0;
}

/* -- putting it together: one thread -- */

int
chain_lot_hash(struct chain *c, const struct lot *l, const struct piece *p,
    const unsigned char *bytes, struct err *e)
{
	struct hash *h = c->hashes[c->threads];

	if (p->first && p->last)
		return 0;
	hash_add(h, bytes, p->n);
	return p->last ? compare_hash(h, l, p->entry, e) : 0;
}

static int
send_piece(struct chain *c, const struct lot *l, const struct piece *p, struct err *e)
{
	static const char zeros[TAR_BLOCK];

	if (p->first) {
		buf_clear(&c->head);
		tar_header(&c->head, p->entry);
		if (chain_lot_send(c, c->head.p, c->head.n, e) != 0)
			return -1;
	}
	if (c->check && chain_lot_hash(c, l, p, l->raw + p->at, e) != 0)
		return -1;
	if (chain_lot_send(c, l->raw + p->at, p->n, e) != 0)
		return -1;
	return p->last ? chain_lot_send(c, zeros, tar_padding(p->entry->size), e) : 0;
}

/* A file of several frames is hashed in their order, from wherever its bytes are now. */
static int
send_frame(struct chain *c, const struct lot *l, struct err *e)
{
	const struct watch *watch = c->part->watch;

	for (size_t i = 0; i < l->count; i++) {
		const struct piece *p = &l->pieces[i];

		if (chain_lot_hash(c, l, p,
		        l->frame == l->raw ? l->stored + p->made_at : l->raw + p->at, e) != 0)
			return -1;
	}
	c->sent += (int64_t)l->made_n;
	if (watch != NULL && watch->bytes != NULL)
		watch->bytes(watch->arg, (int64_t)l->made_n);
	return sink_write(c->to, l->frame, l->frame_n, e);
}

int
chain_lot_deliver(void *arg, void *item, struct err *e)
{
	struct chain *c = arg;
	struct lot *l = item;

	if (c->frames)
		return send_frame(c, l, e);
	if (l->stored_n == 0)
		return chain_lot_send(c, l->raw, l->raw_n, e);
	for (size_t i = 0; i < l->count; i++)
		if (send_piece(c, l, &l->pieces[i], e) != 0)
			return -1;
	return 0;
}
