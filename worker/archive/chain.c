/* chain.c: a part of files as one archive, though its files lie in the packs of several backups.
 *
 * One thread walks the manifest, reads the stored frames it names and notes what of them is wanted;
 * several decode and hash; one puts headers, contents and padding into the sink, in order.
 */
#include "worker/archive/chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "lib/base/arena.h"
#include "lib/base/fault.h"
#include "worker/archive/frame.h"
#include "worker/archive/press.h"
#include "worker/archive/scroll.h"
#include "worker/archive/tar.h"

enum { THREADS_MAX = 4, READ_STEP = 512 << 10, NAMES_SIZE = 256 << 10, PIECES_MAX = 16384 };

/* What is wanted of a frame: a file, or a part of one that goes on in the next frame. */
struct piece {
	const struct entry *entry;
	size_t at, n;
	bool first, last;
};

/* One frame on its way; without stored bytes: headers of what has no content. */
struct lot {
	unsigned char *stored, *raw;
	size_t stored_n, raw_n;
	int64_t offset;
	const char *key;
	struct piece *pieces;
	size_t count, capacity;
	struct arena *arena;          /* of the entries */
};

struct chain {
	const struct export_part *part;
	const struct sink *to;
	bool check;
	struct scroll *scroll;
	struct press *press;
	int threads, slots;
	ZSTD_DCtx *contexts[THREADS_MAX];
	struct hash *hashes[THREADS_MAX + 1];   /* the last one is of who delivers */
	struct lot lots[THREADS_MAX + 2];

	/* The pack that is gone through, and what of it was read and not yet used. */
	const struct stored_object *pack;
	struct object *object;
	int64_t size, window_at;
	unsigned char *window;
	size_t window_n, window_size;
	struct lot *open;

	struct buf head;              /* of who delivers */
	int64_t sent;
	int64_t own_left;             /* of the own pack's tar, without its end */
};

bool
chain_is(const struct export_part *part)
{
	return part->chain != NULL && part->chain->whole_bytes > part->data->raw_bytes;
}

static int
send(struct chain *c, const void *p, size_t n, struct err *e)
{
	c->sent += (int64_t)n;
	return n > 0 ? sink_write(c->to, p, n, e) : 0;
}

/* -- decoding and hashing: several threads -- */

static int
damaged(const struct lot *l, const char *how, struct err *e)
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

static int
decode(void *arg, int thread, void *item, struct err *e)
{
	struct chain *c = arg;
	struct lot *l = item;
	size_t n;

	if (l->stored_n == 0)
		return 0;
	n = ZSTD_decompressDCtx(c->contexts[thread], l->raw, FRAME_RAW_MAX, l->stored, l->stored_n);
	if (ZSTD_isError(n))
		return damaged(l, ZSTD_getErrorName(n), e);
	if (n != l->raw_n)
		return damaged(l, "the frame has another size than it says", e);
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

/* -- putting it together: one thread -- */

static int
send_piece(struct chain *c, const struct lot *l, const struct piece *p, struct err *e)
{
	static const char zeros[TAR_BLOCK];
	struct hash *h = c->hashes[c->threads];

	if (p->first) {
		buf_clear(&c->head);
		tar_header(&c->head, p->entry);
		if (send(c, c->head.p, c->head.n, e) != 0)
			return -1;
	}
	if (c->check && !(p->first && p->last)) {
		hash_add(h, l->raw + p->at, p->n);
		if (p->last && compare_hash(h, l, p->entry, e) != 0)
			return -1;
	}
	if (send(c, l->raw + p->at, p->n, e) != 0)
		return -1;
	return p->last ? send(c, zeros, tar_padding(p->entry->size), e) : 0;
}

static int
deliver(void *arg, void *item, struct err *e)
{
	struct chain *c = arg;
	struct lot *l = item;

	if (l->stored_n == 0)
		return send(c, l->raw, l->raw_n, e);
	for (size_t i = 0; i < l->count; i++)
		if (send_piece(c, l, &l->pieces[i], e) != 0)
			return -1;
	return 0;
}

/* -- walking the manifest: the caller's thread -- */

static void
give(struct chain *c)
{
	if (c->open != NULL)
		press_give(c->press);
	c->open = NULL;
}

static int
take(struct chain *c, struct err *e)
{
	void *item;

	give(c);
	if (press_take(&item, c->press, e) != 0)
		return -1;
	c->open = item;
	arena_free(c->open->arena);
	c->open->arena = arena_new();
	c->open->count = c->open->stored_n = c->open->raw_n = 0;
	return 0;
}

/* More of the pack behind what the window has of it. */
static int
read_more(struct chain *c, struct err *e)
{
	int64_t at = c->window_at + (int64_t)c->window_n;
	size_t want = c->window_size - c->window_n < READ_STEP ? c->window_size - c->window_n
	                                                        : READ_STEP;
	ssize_t got;

	if ((int64_t)want > c->size - at)
		want = (size_t)(c->size - at);
	got = object_read(c->object, at, c->window + c->window_n, want, e);
	if (got < 0)
		return -1;
	if ((size_t)got < want)
		return err_set(e, ERR_DAMAGED, "%s: the stored copy ends at byte %lld, it should"
		    " have %lld", c->pack->key, (long long)(at + got), (long long)c->size);
	c->window_n += want;
	return 0;
}

/* The window then begins at this byte of the pack. */
static void
move_window(struct chain *c, int64_t offset)
{
	int64_t skip = offset - c->window_at;

	if (skip < 0 || skip > (int64_t)c->window_n)
		c->window_n = 0;
	else
		c->window_n -= (size_t)skip;
	if (c->window_n > 0)
		memmove(c->window, c->window + skip, c->window_n);
	c->window_at = offset;
}

/* A lot with the frame that begins there. */
static int
load(struct chain *c, int64_t offset, struct err *e)
{
	unsigned long long raw_n;
	size_t n;

	if (take(c, e) != 0)
		return -1;
	c->open->offset = offset;
	c->open->key = c->pack->key;
	if (offset >= c->size)
		return damaged(c->open, "no frame begins there", e);
	move_window(c, offset);
	for (;;) {
		n = ZSTD_findFrameCompressedSize(c->window, c->window_n);
		if (!ZSTD_isError(n) || c->window_n == c->window_size
		    || c->window_at + (int64_t)c->window_n == c->size)
			break;
		if (read_more(c, e) != 0)
			return -1;
	}
	if (ZSTD_isError(n))
		return damaged(c->open, ZSTD_getErrorName(n), e);
	raw_n = ZSTD_getFrameContentSize(c->window, n);
	if (raw_n > FRAME_RAW_MAX || n > ZSTD_compressBound(FRAME_RAW_MAX))
		return damaged(c->open, "a frame is larger than any of ours", e);
	memcpy(c->open->stored, c->window, n);
	c->open->stored_n = n;
	c->open->raw_n = (size_t)raw_n;
	return 0;
}

static void
add_piece(struct lot *l, const struct piece *p)
{
	if (l->count == l->capacity) {
		l->capacity = l->capacity ? l->capacity * 2 : 64;
		l->pieces = xrealloc(l->pieces, l->capacity * sizeof *l->pieces);
	}
	l->pieces[l->count++] = *p;
}

static struct entry *
copy_entry(struct arena *a, const struct entry *from)
{
	struct entry *entry = arena_alloc(a, sizeof *entry);

	*entry = *from;
	entry->path = arena_dup(a, from->path);
	entry->uname = arena_dup(a, from->uname);
	entry->gname = arena_dup(a, from->gname);
	entry->target = entry->pack = "";
	return entry;
}

/* The frames of one file; what follows it may be in the last of them. */
static int
add_file(struct chain *c, const struct entry *entry, struct err *e)
{
	int64_t left = entry->size, next = entry->frame_offset;
	size_t at = (size_t)entry->at;
	bool first = true;

	do {
		if (c->open == NULL || c->open->stored_n == 0 || c->open->offset != next
		    || c->open->count >= PIECES_MAX)
			if (load(c, next, e) != 0)
				return -1;
		struct lot *l = c->open;

		if (at >= l->raw_n || (!first && l->raw_n == 0))
			return damaged(l, "the frame has less than its file needs", e);
		struct piece p = { copy_entry(l->arena, entry), at, l->raw_n - at, first, false };

		if ((int64_t)p.n >= left) {
			p.n = (size_t)left;
			p.last = true;
		}
		add_piece(l, &p);
		left -= (int64_t)p.n;
		next = l->offset + (int64_t)l->stored_n;
		first = false;
		at = 0;
	} while (left > 0);
	return 0;
}

static int
open_pack(struct chain *c, const char *name, struct err *e)
{
	const struct part *part = c->part->chain;
	int64_t bytes;

	give(c);
	object_closep(&c->object);
	c->pack = NULL;
	for (size_t i = 0; i < part->pack_count; i++) {
		const char *key = part->packs[i].object.key, *slash = strrchr(key, '/');

		if (strcmp(slash ? slash + 1 : key, name) == 0)
			c->pack = &part->packs[i].object;
	}
	if (c->pack == NULL)
		return err_set(e, ERR_DAMAGED,
		    "%s: it names the pack '%.200s', which the backup does not know",
		    c->part->manifest->key, name);
	if (object_open(&c->object, &bytes, c->part->dest, c->pack->key, e) != 0)
		return -1;
	if (bytes != c->pack->stored_bytes)
		return err_set(e, ERR_DAMAGED, "%s: the stored copy has %lld bytes, it should have"
		    " %lld", c->pack->key, (long long)bytes, (long long)c->pack->stored_bytes);
	c->size = bytes;
	c->window_at = 0;
	c->window_n = 0;
	return 0;
}

/* Headers in a row, and the archive's end. */
static int
add_names(struct chain *c, const void *p, size_t n, struct err *e)
{
	if (c->open == NULL || c->open->stored_n > 0 || c->open->raw_n + n > NAMES_SIZE)
		if (take(c, e) != 0)
			return -1;
	memcpy(c->open->raw + c->open->raw_n, p, n);
	c->open->raw_n += n;
	return 0;
}

static int
add_entry(struct chain *c, const struct entry *entry, struct err *e)
{
	CLEANUP_BUF struct buf head = BUF_INIT;

	if (entry->pack[0] == '\0' && entry->type == ENTRY_FILE && entry->size > 0)
		return err_set(e, ERR_DAMAGED, "%s: '%s' has no place", c->part->manifest->key,
		    entry->path);
	if (entry->pack[0] == '\0' || entry->size == 0) {
		tar_header(&head, entry);
		return add_names(c, head.p, head.n, e);
	}
	const char *slash = c->pack == NULL ? NULL : strrchr(c->pack->key, '/');

	if ((c->pack == NULL || strcmp(slash ? slash + 1 : c->pack->key, entry->pack) != 0)
	    && open_pack(c, entry->pack, e) != 0)
		return -1;
	return add_file(c, entry, e);
}

static int
walk(struct chain *c, struct err *e)
{
	static const char end[TAR_END];
	const char *slash = strrchr(c->part->data->key, '/');
	const char *own = slash ? slash + 1 : c->part->data->key;
	const struct entry *entry = NULL;
	bool others = false;

	for (;;) {
		if (scroll_next(&entry, c->scroll, e) != 0)
			return -1;
		if (entry == NULL)
			break;
		if (strcmp(entry->pack, own) == 0 && !others)
			continue;
		others = true;
		if (add_entry(c, entry, e) != 0)
			return -1;
	}
	if (add_names(c, end, sizeof end, e) != 0)
		return -1;
	give(c);
	return press_finish(c->press, e);
}

/* -- the own pack -- */

static int
send_own(void *arg, const void *p, size_t n, struct err *e)
{
	struct chain *c = arg;
	size_t take = (int64_t)n > c->own_left ? (size_t)c->own_left : n;

	c->own_left -= (int64_t)take;
	return send(c, p, take, e);
}

static int
read_own(struct chain *c, struct err *e)
{
	const struct stored_object *data = c->part->data;
	struct frame_totals got, expect = { .raw_bytes = data->raw_bytes,
		.stored_bytes = data->stored_bytes };
	const struct sink to = { send_own, c };
	CLEANUP_OBJECT struct object *o = NULL;
	int64_t bytes;

	c->own_left = data->raw_bytes - TAR_END;
	snprintf(expect.stored_sha256, sizeof expect.stored_sha256, "%s", data->stored_sha256);
	if (c->check)
		snprintf(expect.raw_sha256, sizeof expect.raw_sha256, "%s", data->raw_sha256);
	if (object_open(&o, &bytes, c->part->dest, data->key, e) != 0)
		return -1;
	return frame_read(&got, o, &to, &expect, e) == 0 ? 0 : err_in(e, "%s", data->key);
}

/* -- the whole -- */

static int
set_up(struct chain *c, struct err *e)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	void *items[THREADS_MAX + 2];

	c->threads = cores < 1 ? 1 : cores > THREADS_MAX ? THREADS_MAX : (int)cores;
	c->slots = c->threads + 2;
	c->window_size = ZSTD_compressBound(FRAME_RAW_MAX) + READ_STEP;
	c->window = xmalloc(c->window_size);
	for (int i = 0; i <= c->threads; i++)
		c->hashes[i] = hash_new();
	for (int i = 0; i < c->threads; i++) {
		c->contexts[i] = ZSTD_createDCtx();
		if (c->contexts[i] == NULL)
			return err_set(e, ERR_INTERNAL, "zstd cannot be set up");
	}
	for (int i = 0; i < c->slots; i++) {
		c->lots[i].stored = xmalloc(ZSTD_compressBound(FRAME_RAW_MAX));
		c->lots[i].raw = xmalloc(FRAME_RAW_MAX);
		items[i] = &c->lots[i];
	}
	const struct press_spec spec = {
		.threads = c->threads, .slots = c->slots, .items = items, .work = decode,
		.deliver = { deliver }, .arg = c,
	};
	if (scroll_open(&c->scroll, c->part->dest, c->part->manifest, e) != 0)
		return -1;
	return press_new(&c->press, &spec, e);
}

static void
chain_release(struct chain *c)
{
	press_freep(&c->press);
	scroll_closep(&c->scroll);
	object_closep(&c->object);
	for (int i = 0; i <= c->threads; i++)
		hash_freep(&c->hashes[i]);
	for (int i = 0; i < c->threads; i++)
		ZSTD_freeDCtx(c->contexts[i]);
	for (int i = 0; i < c->slots; i++) {
		free(c->lots[i].stored);
		free(c->lots[i].raw);
		free(c->lots[i].pieces);
		arena_free(c->lots[i].arena);
	}
	free(c->window);
	buf_release(&c->head);
}

int
chain_read(const struct export_part *part, const struct sink *to, bool check, struct err *e)
{
	CLEANUP(chain_release) struct chain c = { .part = part, .to = to, .check = check,
		.head = BUF_INIT };

	if (read_own(&c, e) != 0 || set_up(&c, e) != 0 || walk(&c, e) != 0)
		return -1;
	if (c.sent != part->chain->whole_bytes)
		return err_set(e, ERR_DAMAGED,
		    "%s: put together, the archive has %lld bytes, it should have %lld",
		    part->manifest->key, (long long)c.sent, (long long)part->chain->whole_bytes);
	return 0;
}
