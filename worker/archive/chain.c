/* chain.c: a part of files as one archive, though its files lie in several packs.
 *
 * One thread walks the manifest, reads the stored frames it names and notes what of them is wanted;
 * several decode and hash; one puts headers, contents and padding into the sink, in order.
 */
#include "worker/archive/chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "worker/archive/chain_inner.h"
#include "worker/archive/tar.h"

enum { READ_STEP = 512 << 10, NAMES_SIZE = 256 << 10, PIECES_MAX = 16384, END_MAX = 64 };

bool
chain_is(const struct export_part *part)
{
	return part->chain != NULL && part->chain->whole_bytes > part->data->raw_bytes;
}

/* -- walking the manifest: the caller's thread -- */

void
chain_give(struct chain *c)
{
	if (c->open != NULL)
		press_give(c->press);
	c->open = NULL;
}

static int
take(struct chain *c, struct err *e)
{
	void *item;

	chain_give(c);
	if (press_take(&item, c->press, e) != 0)
		return -1;
	c->open = item;
	arena_free(c->open->arena);
	c->open->arena = arena_new();
	c->open->count = c->open->stored_n = c->open->raw_n = c->open->wanted = 0;
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

int
chain_load(struct chain *c, int64_t offset, struct err *e)
{
	unsigned long long raw_n;
	size_t n;

	if (take(c, e) != 0)
		return -1;
	c->open->offset = offset;
	c->open->key = c->pack->key;
	if (offset >= c->size)
		return chain_lot_damaged(c->open, "no frame begins there", e);
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
		return chain_lot_damaged(c->open, ZSTD_getErrorName(n), e);
	raw_n = ZSTD_getFrameContentSize(c->window, n);
	if (raw_n > FRAME_RAW_MAX || n > ZSTD_compressBound(FRAME_RAW_MAX))
		return chain_lot_damaged(c->open, "a frame is larger than any of ours", e);
	memcpy(c->open->stored, c->window, n);
	c->open->stored_n = n;
	c->open->raw_n = (size_t)raw_n;
	return 0;
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

int
chain_add_piece(struct chain *c, const struct entry *entry, int64_t *left, struct err *e)
{
	struct lot *l = c->open;
	bool first = *left == entry->size;
	size_t at = first ? (size_t)entry->at : 0;

	if (at >= l->raw_n)
		return chain_lot_damaged(l, "the frame has less than its file needs", e);
	struct piece p = { .entry = copy_entry(l->arena, entry), .at = at, .n = l->raw_n - at,
		.first = first };

	if ((int64_t)p.n >= *left) {
		p.n = (size_t)*left;
		p.last = true;
	}
	if (l->count == l->capacity) {
		l->capacity = l->capacity ? l->capacity * 2 : 64;
		l->pieces = xrealloc(l->pieces, l->capacity * sizeof *l->pieces);
	}
	l->pieces[l->count++] = p;
	l->wanted += p.n + TAR_BLOCK;
	*left -= (int64_t)p.n;
	return 0;
}

/* Whether the open lot has the frame that begins there, and room for more of it: a content that is
 * wanted a hundred times comes in several lots. */
static bool
is_open(const struct chain *c, int64_t offset, int64_t bytes)
{
	const struct lot *l = c->open;

	return l != NULL && l->stored_n > 0 && l->offset == offset && l->count < PIECES_MAX
	    && (l->count == 0 || (int64_t)l->wanted + bytes <= FRAME_RAW_MAX);
}

/* The frames of one file; what follows it may be in the last of them. */
static int
add_file(struct chain *c, const struct entry *entry, struct err *e)
{
	int64_t left = entry->size, next = entry->frame_offset;

	do {
		if (!is_open(c, next, left) && chain_load(c, next, e) != 0)
			return -1;
		if (chain_add_piece(c, entry, &left, e) != 0)
			return -1;
		next = c->open->offset + (int64_t)c->open->stored_n;
	} while (left > 0);
	return 0;
}

const char *
chain_name_of(const char *key)
{
	const char *slash = strrchr(key, '/');

	return slash != NULL ? slash + 1 : key;
}

const struct stored_object *
chain_pack_named(const struct export_part *of, const char *name)
{
	const struct part *part = of->chain;

	if (strcmp(chain_name_of(of->data->key), name) == 0)
		return of->data;
	for (size_t i = 0; part != NULL && i < part->pack_count; i++)
		if (strcmp(chain_name_of(part->packs[i].object.key), name) == 0)
			return &part->packs[i].object;
	return NULL;
}

int
chain_open_pack(struct chain *c, const struct stored_object *pack, struct err *e)
{
	int64_t bytes;

	chain_give(c);
	object_closep(&c->object);
	c->pack = pack;
	if (object_open_stored(&c->object, &bytes, c->part->dest, c->pack, e) != 0)
		return -1;
	if (object_lies(c->object) != c->pack->stored_bytes)
		return err_set(e, ERR_DAMAGED, "%s: the stored copy has %lld bytes, it should have"
		    " %lld", c->pack->key, (long long)object_lies(c->object),
		    (long long)c->pack->stored_bytes);
	c->size = bytes;
	c->window_at = 0;
	c->window_n = 0;
	return 0;
}

static int
open_named(struct chain *c, const char *name, struct err *e)
{
	const struct stored_object *pack = chain_pack_named(c->part, name);

	return pack != NULL ? chain_open_pack(c, pack, e) : err_set(e, ERR_DAMAGED,
	    "%s: it names the pack '%.200s', which the backup does not know",
	    c->part->manifest->key, name);
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
	if ((c->pack == NULL || strcmp(chain_name_of(c->pack->key), entry->pack) != 0)
	    && open_named(c, entry->pack, e) != 0)
		return -1;
	return add_file(c, entry, e);
}

/* Whether it names a pack that this part has stored itself. */
static bool
is_own(struct chain *c, const char *name)
{
	const struct stored_object *pack;

	if (c->own != NULL && strcmp(chain_name_of(c->own->key), name) == 0)
		return true;
	pack = chain_pack_named(c->part, name);
	if (pack == NULL || backup_own_pack(c->part->chain, pack->key) == 0)
		return false;
	c->own = pack;
	return true;
}

static int
walk(struct chain *c, struct err *e)
{
	static const char end[TAR_END];
	const struct entry *entry = NULL;
	bool others = c->pick != NULL;   /* the own packs were not sent whole */
	bool more = others || !backup_is_plain(c->part->chain);

	while (more) {
		if (scroll_next(&entry, c->scroll, e) != 0)
			return -1;
		if (entry == NULL)
			break;
		if (!others && is_own(c, entry->pack))
			continue;
		others = true;
		if (c->pick != NULL && !c->pick->wants(c->pick->arg, entry))
			continue;
		if (add_entry(c, entry, e) != 0)
			return -1;
	}
	if (add_names(c, end, sizeof end, e) != 0)
		return -1;
	chain_give(c);
	return press_finish(c->press, e);
}

/* -- the own packs -- */

static int
send_own(void *arg, const void *p, size_t n, struct err *e)
{
	struct chain *c = arg;
	size_t take = (int64_t)n > c->own_left ? (size_t)c->own_left : n;

	c->own_left -= (int64_t)take;
	return chain_lot_send(c, p, take, e);
}

/* Without `check` each file is compared by whoever takes it; else the hash over all of it tells. */
static int
read_own(struct chain *c, const struct stored_object *data, struct err *e)
{
	struct frame_totals got, expect = { .raw_bytes = data->raw_bytes,
		.stored_bytes = data->stored_bytes };
	const struct sink to = { send_own, c };
	CLEANUP_OBJECT struct object *o = NULL;
	int64_t bytes;

	c->own_left = data->raw_bytes - TAR_END;
	snprintf(expect.stored_sha256, sizeof expect.stored_sha256, "%s", data->stored_sha256);
	if (c->check)
		snprintf(expect.raw_sha256, sizeof expect.raw_sha256, "%s", data->raw_sha256);
	if ((c->check ? object_open(&o, &bytes, c->part->dest, data->key, e)
	              : object_open_stored(&o, &bytes, c->part->dest, data, e)) != 0)
		return -1;
	return frame_read(&got, o, &to, &expect, e) == 0 ? 0 : err_in(e, "%s", data->key);
}

/* -- the own packs' frames -- */

/* Where the last frame begins, which is the archive's end and nothing else. */
static int
find_end(int64_t *ret, struct object *o, const char *key, struct err *e)
{
	unsigned char tail[END_MAX], raw[TAR_END];
	int64_t bytes = object_bytes(o), from = bytes > END_MAX ? bytes - END_MAX : 0;
	ssize_t n = object_read(o, from, tail, sizeof tail, e);

	if (n < 0)
		return -1;
	for (ssize_t at = n; at-- > 0;) {
		size_t rest = (size_t)(n - at);

		if (ZSTD_findFrameCompressedSize(tail + at, rest) == rest
		    && ZSTD_decompress(raw, sizeof raw, tail + at, rest) == TAR_END) {
			*ret = from + at;
			return 0;
		}
	}
	return err_set(e, ERR_DAMAGED, "%s: its last frame is not the end of an archive",
	    key);
}

/* Byte for byte, but for its end. */
static int
copy_own(struct chain *c, const struct stored_object *data, struct err *e)
{
	const struct watch *watch = c->part->watch;
	CLEANUP_OBJECT struct object *o = NULL;
	CLEANUP_HASH struct hash *hash = hash_new();
	CLEANUP_BUF struct buf piece = BUF_INIT;
	int64_t bytes, end = 0, at = 0;
	ssize_t n;

	if (object_open(&o, &bytes, c->part->dest, data->key, e) != 0
	    || find_end(&end, o, data->key, e) != 0)
		return -1;
	while ((n = object_read(o, at, buf_room(&piece, READ_STEP), READ_STEP, e)) > 0) {
		size_t take = at + n > end ? (size_t)(end > at ? end - at : 0) : (size_t)n;

		if (!object_is_encrypted(o))
			hash_add(hash, piece.p, (size_t)n);
		if (take > 0 && sink_write(c->to, piece.p, take, e) != 0)
			return -1;
		at += n;
	}
	if (n < 0)
		return -1;
	if (object_compare(o, hash, at, data, e) != 0)
		return err_in(e, "%s", data->key);
	c->sent += data->raw_bytes - TAR_END;
	if (watch != NULL && watch->bytes != NULL)
		watch->bytes(watch->arg, data->raw_bytes - TAR_END);
	return 0;
}

/* -- the whole -- */

int
chain_set_up(struct chain *c, struct err *e)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	c->threads = cores < 1 ? 1 : cores > CHAIN_THREADS ? CHAIN_THREADS : (int)cores;
	c->slots = c->threads + 2;
	c->window_size = ZSTD_compressBound(FRAME_RAW_MAX) + READ_STEP;
	c->window = xmalloc(c->window_size);
	for (int i = 0; i <= c->threads; i++)
		c->hashes[i] = hash_new();
	for (int i = 0; i < c->threads; i++) {
		c->contexts[i] = ZSTD_createDCtx();
		if (c->contexts[i] == NULL)
			return err_set(e, ERR_INTERNAL, "zstd cannot be set up");
		if (c->frames && squeeze_new(&c->squeezers[i], CHAIN_LEVEL, e) != 0)
			return -1;
	}
	for (int i = 0; i < c->slots; i++) {
		c->lots[i].stored = xmalloc(CHAIN_STORED);
		c->lots[i].raw = xmalloc(CHAIN_STORED);
	}
	return scroll_open(&c->scroll, c->part->dest, c->part->manifest, e);
}

int
chain_press(struct chain *c, const struct press_spec *ways, struct err *e)
{
	void *items[CHAIN_THREADS + 2];
	struct press_spec spec = *ways;

	for (int i = 0; i < c->slots; i++)
		items[i] = &c->lots[i];
	spec.threads = c->threads;
	spec.slots = c->slots;
	spec.items = items;
	return press_new(&c->press, &spec, e);
}

void
chain_release(struct chain *c)
{
	press_freep(&c->press);
	scroll_closep(&c->scroll);
	object_closep(&c->object);
	for (int i = 0; i <= c->threads; i++)
		hash_freep(&c->hashes[i]);
	for (int i = 0; i < c->threads; i++) {
		ZSTD_freeDCtx(c->contexts[i]);
		squeeze_freep(&c->squeezers[i]);
	}
	for (int i = 0; i < c->slots; i++) {
		free(c->lots[i].stored);
		free(c->lots[i].raw);
		free(c->lots[i].pieces);
		arena_free(c->lots[i].arena);
	}
	free(c->window);
	buf_release(&c->head);
}

static int
put_together(struct chain *c, struct err *e)
{
	const struct press_spec ways = { .work = chain_lot_work, .deliver = { chain_lot_deliver },
		.arg = c };

	return chain_set_up(c, e) != 0 || chain_press(c, &ways, e) != 0 || walk(c, e) != 0 ? -1 : 0;
}

static int
read_all(struct chain *c, struct err *e)
{
	const struct export_part *part = c->part;
	const struct stored_object *own;

	for (int64_t n = 1; (own = backup_own(part->chain, n)) != NULL; n++)
		if ((c->frames ? copy_own(c, own, e) : read_own(c, own, e)) != 0)
			return -1;
	if (put_together(c, e) != 0)
		return -1;
	if (c->sent != part->chain->whole_bytes)
		return err_set(e, ERR_DAMAGED,
		    "%s: put together, the archive has %lld bytes, it should have %lld",
		    part->manifest->key, (long long)c->sent, (long long)part->chain->whole_bytes);
	return 0;
}

int
chain_read(const struct export_part *part, const struct sink *to, bool check, struct err *e)
{
	CLEANUP(chain_release) struct chain c = { .part = part, .to = to, .check = check,
		.head = BUF_INIT };

	return read_all(&c, e);
}

int
chain_frames(const struct export_part *part, const struct sink *to, struct err *e)
{
	CLEANUP(chain_release) struct chain c = { .part = part, .to = to, .check = true,
		.frames = true, .head = BUF_INIT };

	return read_all(&c, e);
}

int
chain_pick(const struct export_part *part, const struct sink *to, const struct chain_pick *pick,
    struct err *e)
{
	CLEANUP(chain_release) struct chain c = { .part = part, .to = to, .pick = pick,
		.check = pick->check, .head = BUF_INIT };

	return put_together(&c, e);
}
