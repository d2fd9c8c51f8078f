/* chain_check.c: the packs of a part of files are read to their ends, and each file is hashed. */
#include "worker/archive/chain_check.h"

#include <stdlib.h>
#include <string.h>

#include "worker/archive/chain_inner.h"

/* Each member has a header of its own, so that no frame has more. */
enum { FILES_MAX = FRAME_RAW_MAX / 512 };

struct chain_check {
	struct chain chain;
	const struct entry *line;     /* the next file with content; NULL: there is none */
	bool failed;                  /* the manifest did, and nobody was told */
	struct err why;
	bool *named;                  /* for `data`, and for each of the part's packs */
	const struct stored_object *pack;   /* the one that is next or being read */
	/* The pack's last file: others with its content may have the same place. */
	int64_t offset, at, size;
	char sha256[HASH_HEX_SIZE];

	/* Of who delivers. */
	struct hash *stored, *raw;    /* of the pack; stored: not of an encrypted one */
};

/* -- the manifest -- */

static void
fail(struct chain_check *k)
{
	k->failed = true;
	k->line = NULL;
}

static bool
is_here(const struct chain_check *k)
{
	return k->line != NULL && k->pack != NULL
	    && strcmp(chain_name_of(k->pack->key), k->line->pack) == 0;
}

static void
note_place(struct chain_check *k)
{
	k->offset = k->line->frame_offset;
	k->at = k->line->at;
	k->size = k->line->size;
	memcpy(k->sha256, k->line->sha256, sizeof k->sha256);
}

/* The same content once more: it need not be hashed again. */
static bool
is_again(const struct chain_check *k)
{
	return is_here(k) && k->line->frame_offset == k->offset && k->line->at == k->at
	    && k->line->size == k->size && strcmp(k->line->sha256, k->sha256) == 0;
}

/* The next line of a file with content, wherever it lies. */
static void
read_line(struct chain_check *k)
{
	const char *key = k->chain.part->manifest->key;
	const struct entry *l;

	do {
		if (scroll_next(&k->line, k->chain.scroll, &k->why) != 0) {
			fail(k);
			return;
		}
		l = k->line;
	} while (l != NULL && (l->type != ENTRY_FILE || l->size == 0));
	if (l != NULL && l->pack[0] == '\0') {
		(void)err_set(&k->why, ERR_DAMAGED, "%s: '%s' has no place", key, l->path);
		fail(k);
	}
}

/* The next one that is to be hashed. */
static void
forward(struct chain_check *k)
{
	do
		read_line(k);
	while (is_again(k));
	if (!is_here(k))
		return;
	if (k->line->frame_offset < k->offset) {
		(void)err_set(&k->why, ERR_DAMAGED, "%s: '%s' is not in the order of its pack",
		    k->chain.part->manifest->key, k->line->path);
		fail(k);
		return;
	}
	note_place(k);
}

static size_t
number_of(const struct chain_check *k, const struct stored_object *pack)
{
	const struct part *part = k->chain.part->chain;

	for (size_t i = 0; i < part->pack_count; i++)
		if (pack == &part->packs[i].object)
			return i + 1;
	return 0;
}

/* The pack of the next line becomes the next pack; NULL: it cannot be. */
static const struct stored_object *
find_named(struct chain_check *k)
{
	const struct export_part *part = k->chain.part;
	const struct stored_object *pack = chain_pack_named(part, k->line->pack);

	if (pack != NULL && !k->named[number_of(k, pack)])
		return pack;
	(void)err_set(&k->why, ERR_DAMAGED,
	    pack == NULL ? "%s: it names the pack '%.200s', which the backup does not know"
	                 : "%s: its lines of the pack '%.200s' are not together",
	    part->manifest->key, k->line->pack);
	fail(k);
	return NULL;
}

static const struct stored_object *
find_unnamed(const struct chain_check *k)
{
	const struct part *part = k->chain.part->chain;

	if (!k->named[0])
		return k->chain.part->data;
	for (size_t i = 0; i < part->pack_count; i++)
		if (!k->named[i + 1])
			return &part->packs[i].object;
	return NULL;
}

int
chain_check_next(const struct stored_object **ret, struct chain_check *k, struct err *e)
{
	const struct stored_object *pack = NULL;

	while (is_here(k))
		forward(k);
	if (k->line != NULL)
		pack = find_named(k);
	if (k->failed) {
		k->failed = false;
		*e = k->why;
		return -1;
	}
	if (pack == NULL)
		pack = find_unnamed(k);
	if (pack != NULL)
		k->named[number_of(k, pack)] = true;
	k->pack = pack;
	if (is_here(k))
		note_place(k);
	*ret = pack;
	return 0;
}

/* -- decoding and hashing: several threads -- */

static int
work(void *arg, int thread, void *item, struct err *e)
{
	struct chain_check *k = arg;

	return chain_lot_work(&k->chain, thread, item, e);
}

static int
deliver(void *arg, void *item, struct err *e)
{
	struct chain_check *k = arg;
	const struct lot *l = item;

	for (size_t i = 0; i < l->count; i++) {
		const struct piece *p = &l->pieces[i];

		if (chain_lot_hash(&k->chain, l, p, l->raw + p->at, e) != 0)
			return -1;
	}
	if (k->pack->raw_sha256[0] != '\0')
		hash_add(k->raw, l->raw, l->raw_n);
	return chain_lot_send(&k->chain, l->raw, l->raw_n, e);
}

static int
hash_stored(void *arg, void *item, struct err *e)
{
	struct chain_check *k = arg;
	const struct lot *l = item;

	(void)e;
	if (!object_is_encrypted(k->chain.object))
		hash_add(k->stored, l->stored, l->stored_n);
	return 0;
}

/* -- a pack: the caller's thread -- */

/* The files that begin in the open frame; of the last of them so many bytes are in the next. */
static int
add_files(struct chain_check *k, int64_t *left, struct err *e)
{
	struct lot *l = k->chain.open;

	while (is_here(k) && k->line->frame_offset == l->offset) {
		if (l->count == FILES_MAX) {
			(void)err_set(&k->why, ERR_DAMAGED,
			    "%s: it has more files in one frame than there can be",
			    k->chain.part->manifest->key);
			fail(k);
			return 0;
		}
		*left = k->line->size;
		if (chain_add_piece(&k->chain, k->line, left, e) != 0)
			return -1;
		if (*left > 0)
			return 0;
		forward(k);
	}
	return 0;
}

static int
add_frame(struct chain_check *k, int64_t *left, struct err *e)
{
	if (*left > 0) {
		if (chain_add_piece(&k->chain, k->line, left, e) != 0)
			return -1;
		if (*left > 0)
			return 0;
		forward(k);
	}
	return add_files(k, left, e);
}

/* No file of it may be left, nor bytes behind it. */
static int
check_end(struct chain_check *k, int64_t left, struct err *e)
{
	const struct chain *c = &k->chain;
	char more;
	ssize_t n;

	if (left > 0)
		return err_set(e, ERR_DAMAGED, "%s: the stored copy ends within '%s'", k->pack->key,
		    k->line->path);
	if (is_here(k))
		return err_set(e, ERR_DAMAGED, "%s: no frame begins at byte %lld, where '%s'"
		    " should be", k->pack->key, (long long)k->line->frame_offset, k->line->path);
	n = object_read(c->object, c->size, &more, 1, e);
	if (n > 0)
		return err_set(e, ERR_DAMAGED, "%s: the stored copy goes on behind byte %lld, where"
		    " it should end", k->pack->key, (long long)c->size);
	return n < 0 ? -1 : 0;
}

static int
compare(struct chain_check *k, struct err *e)
{
	const struct stored_object *pack = k->pack;
	char raw[HASH_HEX_SIZE];

	if (object_compare(k->chain.object, k->stored, k->chain.size, pack, e) != 0)
		return -1;
	if (k->chain.sent != pack->raw_bytes)
		return err_set(e, ERR_DAMAGED,
		    "%s: the stored copy differs: decoded, it has %lld bytes, it should have %lld",
		    pack->key, (long long)k->chain.sent, (long long)pack->raw_bytes);
	hash_hex(k->raw, raw);
	return pack->raw_sha256[0] == '\0' || strcmp(raw, pack->raw_sha256) == 0 ? 0
	    : err_set(e, ERR_DAMAGED,
	          "%s: the stored copy differs: decoded, its SHA-256 is %s, it should be %s",
	          pack->key, raw, pack->raw_sha256);
}

static int
read_pack(struct chain_check *k, struct err *e)
{
	struct chain *c = &k->chain;
	int64_t left = 0;

	if (chain_open_pack(c, k->pack, e) != 0)
		return -1;
	for (int64_t at = 0; at < c->size; at += (int64_t)c->open->stored_n)
		if (chain_load(c, at, e) != 0 || add_frame(k, &left, e) != 0)
			return -1;
	chain_give(c);
	if (press_finish(c->press, e) != 0 || check_end(k, left, e) != 0)
		return -1;
	return compare(k, e);
}

int
chain_check_pack(struct chain_check *k, const struct sink *to, struct err *e)
{
	struct chain *c = &k->chain;
	const struct press_spec ways = { .work = work, .deliver = { deliver, hash_stored },
		.arg = k };
	struct hash **own[] = { &c->hashes[c->threads], &k->stored, &k->raw };
	int rc;

	c->to = to;
	c->sent = 0;
	c->open = NULL;
	for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
		hash_freep(own[i]);
		*own[i] = hash_new();
	}
	if (chain_press(c, &ways, e) != 0)
		return -1;
	rc = read_pack(k, e);
	press_freep(&c->press);
	object_closep(&c->object);
	return rc == 0 || strstr(e->text, k->pack->key) != NULL ? rc
	                                                        : err_in(e, "%s", k->pack->key);
}

/* -- the whole -- */

int
chain_check_open(struct chain_check **ret, const struct export_part *part, struct err *e)
{
	CLEANUP_CHAIN_CHECK struct chain_check *k = xmalloc(sizeof *k);
	size_t packs = part->chain->pack_count + 1;

	*k = (struct chain_check){ .chain = { .part = part, .check = true, .head = BUF_INIT } };
	k->named = xmalloc(packs * sizeof *k->named);
	memset(k->named, 0, packs * sizeof *k->named);
	if (chain_set_up(&k->chain, e) != 0)
		return -1;
	forward(k);
	*ret = k;
	k = NULL;
	return 0;
}

void
chain_check_closep(struct chain_check **pk)
{
	struct chain_check *k = *pk;

	*pk = NULL;
	if (k == NULL)
		return;
	chain_release(&k->chain);
	hash_freep(&k->stored);
	hash_freep(&k->raw);
	free(k->named);
	free(k);
}
