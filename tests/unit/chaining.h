/* chaining.h: for tests: a folder that is packed again and again, each time on top of the last. */
#ifndef TESTS_UNIT_CHAINING_H
#define TESTS_UNIT_CHAINING_H

#include "tests/unit/packing.h"
#include "worker/archive/chain.h"
#include "worker/archive/unpack.h"

enum { CHAIN_MAX = 4096 };

/* One that was packed, and a copy of the folder as it was then. */
struct chained_one {
	bool lives;
	struct part part;
	struct pack_totals totals;
	char name[32], key[48], list[48], copy[100];
	struct part_pack *own;        /* its packs before the last one */
	size_t own_count;
	struct upload *up;            /* of the one that is being written */
	struct sink to;
};
struct chained {
	struct place *place;
	struct arena *arena;
	struct chained_one links[CHAIN_MAX];
	int count, base;              /* the last one; -1: none */
	char ledger[100];
	int64_t limit;                /* of a pack; 0: one, however large */
	size_t raw_max;               /* of a frame; 0: as it is in life */
};

UNUSED static void
chain_open(struct chained *c, struct place *place)
{
	*c = (struct chained){ .place = place, .arena = arena_new(), .base = -1 };
	snprintf(c->ledger, sizeof c->ledger, "%s/ledger", place->path);
}

UNUSED static void
chain_close(struct chained *c)
{
	for (int i = 0; i < c->count; i++)
		free(c->links[i].own);
	arena_free(c->arena);
}

/* For each test of a chain: its place, and files that count as settled as soon as they are written.
 */
UNUSED static int
chaining_set_up(struct chained *c, void **state)
{
	setenv("LAZARETTE_FAULT_CONTROL", "slot.settled_at_once", 1);
	if (set_up(state) != 0)
		return -1;
	chain_open(c, *state);
	return 0;
}

UNUSED static int
chaining_tear_down(struct chained *c, void **state)
{
	unsetenv("LAZARETTE_FAULT_CONTROL");
	chain_close(c);
	return tear_down(state);
}

/* Until the next call. */
UNUSED static char *
chaining_source(const struct chained *c, const char *below)
{
	static char path[300];

	snprintf(path, sizeof path, "%s/%s", c->place->source, below);
	return path;
}

static struct stored_object
chain_object(struct arena *a, const char *key, const struct frame_totals *t)
{
	return (struct stored_object){ .key = key, .raw_bytes = t->raw_bytes,
		.stored_bytes = t->stored_bytes, .raw_sha256 = arena_dup(a, t->raw_sha256),
		.stored_sha256 = arena_dup(a, t->stored_sha256) };
}

static void
chain_key(struct chained *c, struct chained_one *l, size_t number)
{
	if (number == 1)
		snprintf(l->name, sizeof l->name, "%03d.tar.zst", c->count);
	else
		snprintf(l->name, sizeof l->name, "%03d-%zu.tar.zst", c->count, number);
	snprintf(l->key, sizeof l->key, "p/%s", l->name);
}

static void
chain_begin(struct chained *c, struct chained_one *l)
{
	struct err e = { .text = "" };

	chain_key(c, l, l->own_count + 1);
	if (dest_begin(&l->up, c->place->dest, l->key, 1, &e) != 0)
		fail_msg("%s", e.text);
	l->to = (struct sink){ to_upload, l->up };
}

/* What was written is whole. */
static void
chain_commit(struct chained *c, struct chained_one *l, const struct frame_totals *t)
{
	struct err e = { .text = "" };

	if (upload_commit(&l->up, &e) != 0)
		fail_msg("%s", e.text);
	l->own = xrealloc(l->own, (l->own_count + 1) * sizeof *l->own);
	l->own[l->own_count++] = (struct part_pack){ .object = chain_object(c->arena,
		arena_dup(c->arena, l->key), t), .live_bytes = t->raw_bytes - 1024 };
}

static int
chain_next(struct pack_begun *ret, void *arg, const struct frame_totals *full, struct err *e UNUSED)
{
	struct chained *c = arg;
	struct chained_one *l = &c->links[c->count];

	chain_commit(c, l, full);
	chain_begin(c, l);
	*ret = (struct pack_begun){ &l->to, arena_dup(c->arena, l->name) };
	return 0;
}

/* The spec's reuse and ledger are made here. */
static int
chain_write(struct chained *c, struct chained_one *l, struct reuse *reuse, struct err *e)
{
	const char *const roots[] = { c->place->source };
	const struct watch watch = { on_bytes, on_say, c->place };
	CLEANUP_LEDGER_WRITER struct ledger_writer *ledger = NULL;
	CLEANUP_UPLOAD struct upload *list = NULL;
	const struct pack_next next = { c->limit, chain_next, c };

	if (ledger_write_new(&ledger, c->ledger, e) != 0)
		return -1;
	chain_begin(c, l);
	const struct pack_spec spec = { .roots = roots, .root_count = 1,
		.pack_name = arena_dup(c->arena, l->name), .next = c->limit > 0 ? &next : NULL,
		.frames = { .level = 3, .threads = 2, .raw_max = c->raw_max }, .watch = &watch,
		.reuse = reuse,
		.ledger = ledger };

	assert_int_equal(dest_begin(&list, c->place->dest, l->list, 1, e), 0);
	const struct sink to_list = { to_upload, list };

	if (pack_write(&l->totals, &l->to, &to_list, &spec, e) != 0
	    || upload_commit(&list, e) != 0)
		return -1;
	chain_commit(c, l, &l->totals.data);
	return ledger_write_finish(ledger, l->totals.manifest.stored_sha256, e);
}

/* As the folder is now, for comparing; chain_pack() does it, unless it is done. */
static void
chain_copy(struct chained *c)
{
	struct chained_one *l = &c->links[c->count];

	if (l->copy[0] != '\0')
		return;
	snprintf(l->copy, sizeof l->copy, "%s/copy-%03d", c->place->path, c->count);
	assert_int_equal(RUN("/", "cp", "-a", c->place->source, l->copy), 0);
}

/* Behind those of older ones. */
static void
chain_add_own(struct chained *c, struct chained_one *l)
{
	struct part *p = &l->part;
	struct part_pack *all = arena_array(c->arena, p->pack_count + l->own_count, sizeof *all);

	for (size_t i = 0; i < p->pack_count; i++)
		all[i] = p->packs[i];
	for (size_t i = 1; i < l->own_count; i++)
		all[p->pack_count++] = l->own[i];
	p->packs = all;
}

UNUSED static struct chained_one *
chain_pack(struct chained *c)
{
	struct chained_one *l = &c->links[c->count];
	CLEANUP_REUSE struct reuse *reuse = NULL;
	struct err e = { .text = "" };
	const struct reuse_spec spec = { .dest = c->place->dest, .ledger = c->ledger,
		.base = c->base < 0 ? NULL : &c->links[c->base].part, .scratch = c->place->path,
		.pack_size = c->limit };

	assert_true(c->count < CHAIN_MAX);
	snprintf(l->list, sizeof l->list, "p/%03d.manifest.zst", c->count);
	chain_copy(c);
	if ((c->base >= 0 && reuse_open(&reuse, &spec, &e) != 0)
	    || chain_write(c, l, reuse, &e) != 0)
		fail_msg("%s", e.text);
	l->part = (struct part){ .whole_bytes = l->totals.whole_bytes,
		.data = l->own[0].object,
		.manifest = chain_object(c->arena, l->list, &l->totals.manifest) };
	if (reuse != NULL)
		reuse_packs(&l->part.packs, &l->part.pack_count, reuse, c->arena);
	chain_add_own(c, l);
	l->lives = true;
	c->base = c->count++;
	return l;
}

/* Into `out`, anew. */
UNUSED static int
chain_restore(struct chained *c, const struct chained_one *l, struct err *e)
{
	const struct watch watch = { on_bytes, on_say, c->place };
	struct unpack_root root = { "", -1 };
	const struct unpack_spec spec = { .from = { c->place->dest, &l->part.data,
		&l->part.manifest, &watch, &l->part }, .roots = &root, .root_count = 1,
		.owners = geteuid() == 0 };
	struct unpack_totals totals;
	int rc;

	if (access(c->place->out, F_OK) == 0)
		assert_int_equal(RUN("/", "chmod", "-R", "u+rwX", c->place->out), 0);
	assert_int_equal(RUN("/", "rm", "-rf", c->place->out), 0);
	assert_int_equal(mkdir(c->place->out, 0700), 0);
	root.fd = open(c->place->out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	c->place->bytes = 0;
	rc = unpack_tree(&totals, &spec, e);
	close(root.fd);
	if (rc != 0)
		return -1;
	assert_int_equal(c->place->bytes, l->part.whole_bytes);
	assert_int_equal(totals.entries, l->totals.entries);
	assert_int_equal(totals.files, l->totals.files);
	assert_int_equal(totals.bytes, l->totals.file_bytes);
	return 0;
}

/* How many paths are not as they were. */
UNUSED static int
chain_differs(struct chained *c, const struct chained_one *l)
{
	struct tree_check check = { .links = true, .times = true };
	struct err e = { .text = "" };

	if (chain_restore(c, l, &e) != 0)
		fail_msg("%s", e.text);
	return tree_compare(&check, l->copy, c->place->out);
}

/* The same by frames, through zstd and tar. */
UNUSED static int
chain_frames_differ(struct chained *c, const struct chained_one *l)
{
	const struct watch watch = { on_bytes, on_say, c->place };
	const struct export_part part = { c->place->dest, &l->part.data, &l->part.manifest, &watch,
		&l->part };
	struct tree_check check = { .links = true, .times = true };
	struct err e = { .text = "" };
	char file[100];
	CLEANUP_FD int fd = -1;
	const struct sink to = { to_file, &fd };

	if (!chain_is(&part))
		return 0;
	snprintf(file, sizeof file, "%s/frames.tar.zst", c->place->path);
	fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	c->place->bytes = 0;
	if (chain_frames(&part, &to, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(c->place->bytes, l->part.whole_bytes);
	if (access(c->place->out, F_OK) == 0)
		assert_int_equal(RUN("/", "chmod", "-R", "u+rwX", c->place->out), 0);
	assert_int_equal(RUN("/", "rm", "-rf", c->place->out), 0);
	assert_int_equal(mkdir(c->place->out, 0700), 0);
	assert_int_equal(RUN(c->place->out, "tar", "--zstd", "-xpf", file), 0);
	return tree_compare(&check, l->copy, c->place->out);
}

static bool
chain_needs(const struct chained_one *l, const char *key)
{
	if (!l->lives)
		return false;
	for (size_t i = 0; i < l->part.pack_count; i++)
		if (strcmp(l->part.packs[i].object.key, key) == 0)
			return true;
	return strcmp(l->part.data.key, key) == 0;
}

static bool
chain_needed(const struct chained *c, const char *key)
{
	for (int i = 0; i < c->count; i++)
		if (chain_needs(&c->links[i], key))
			return true;
	return false;
}

/* It goes, and with it each pack that nobody needs any more; `blindly`: its own in any case. */
UNUSED static void
chain_delete(struct chained *c, struct chained_one *l, bool blindly)
{
	struct err e = { .text = "" };

	l->lives = false;
	assert_int_equal(dest_remove(c->place->dest, l->list, &e), 0);
	if (blindly || !chain_needed(c, l->part.data.key))
		assert_int_equal(dest_remove(c->place->dest, l->part.data.key, &e), 0);
	for (size_t i = 0; i < l->part.pack_count; i++)
		if (!chain_needed(c, l->part.packs[i].object.key))
			assert_int_equal(
			    dest_remove(c->place->dest, l->part.packs[i].object.key, &e), 0);
	for (c->base = c->count - 1; c->base >= 0 && !c->links[c->base].lives; c->base--)
		;
	assert_int_equal(RUN("/", "chmod", "-R", "u+rwX", l->copy), 0);
	assert_int_equal(RUN("/", "rm", "-rf", l->copy), 0);
}

#endif
