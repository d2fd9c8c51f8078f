/* unpack.c: a stored pack becomes files: what is next, and who puts it on the disk.
 *
 * Frames are decoded by threads of their own (frame.h). One thread takes the tar apart, compares
 * each member with the manifest's next entry and fills batches; several write the files of a batch;
 * one goes through the batches in order and makes what must come after something else: further
 * names, folders (after what is in them), and the pieces of large files.
 */
#include "worker/archive/unpack.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/fault.h"
#include "lib/base/fd.h"
#include "worker/archive/chain.h"
#include "worker/archive/frame.h"
#include "worker/archive/press.h"
#include "worker/archive/scroll.h"
#include "worker/archive/stand_in.h"
#include "worker/archive/unpack_put.h"
#include "worker/archive/untar.h"

/* pack.c goes less deep. */
enum { DEPTH_MAX = 512 };
enum { BATCH_SIZE = 512 << 10, BATCH_PUTS = 256, WRITERS_MAX = 4, SAID_MAX = 100 };
/* Which piece of a file larger than a batch this is. */
enum piece { PIECE_NONE = 0, PIECE_FIRST = 1, PIECE_MIDDLE = 2, PIECE_LAST = 4 };

struct batch {
	unsigned char *bytes;
	size_t n;
	struct unpack_put puts[BATCH_PUTS];   /* the first one, when it is a piece */
	size_t count;
	unsigned piece;
	struct arena *arena;
};

struct unpack {
	const struct unpack_spec *spec;
	struct scroll *scroll;
	struct untar *untar;
	struct press *press;
	struct batch batches[WRITERS_MAX + 3];
	int writers, slots;
	int64_t raw_bytes, whole_bytes;
	struct stand_ins stand_ins;

	/* The one who fills batches. */
	struct batch *open;
	enum entry_type type;
	int64_t left;
	struct unpack_totals totals;

	atomic_int pending;
	struct unpack_hand hands[WRITERS_MAX + 1];   /* the last one is the deliverer's */
	struct unpack_put large;      /* being written in pieces */
	struct arena *large_arena;
	int large_fd;
};

bool
unpack_chosen(const char *const *choice, size_t count, const char *path, bool above)
{
	size_t n = strlen(path);

	for (size_t i = 0; i < count; i++) {
		size_t m = strlen(choice[i]);

		if (m == 0 || (n >= m && memcmp(path, choice[i], m) == 0
		                  && (path[m] == '\0' || path[m] == '/')))
			return true;
		if (above && (n == 0 || (n < m && memcmp(path, choice[i], n) == 0
		                            && choice[i][n] == '/')))
			return true;
	}
	return count == 0;
}

const struct unpack_root *
unpack_root_of(const char **below, const struct unpack_root *roots, size_t count, const char *path)
{
	size_t n = strcspn(path, "/");

	for (size_t i = 0; i < count; i++) {
		const struct unpack_root *root = &roots[i];

		if (root->name[0] == '\0') {
			*below = path;
			return root;
		}
		if (n > 0 && strlen(root->name) == n && memcmp(root->name, path, n) == 0) {
			*below = path[n] == '/' ? path + n + 1 : path + n;
			return root;
		}
	}
	return NULL;
}

/* -- telling -- */

static void
say(struct unpack *u, const char *stream, const char *path, const char *words)
{
	const struct watch *watch = u->spec->from.watch;
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (watch == NULL || watch->say == NULL)
		return;
	manifest_show_path(&text, path[0] ? path : ".");
	buf_printf(&text, ": %s", words);
	watch->say(watch->arg, stream, text.p);
}

/* Bits that are not brought back are told one by one, up to a number that a person reads. */
static void
tell_bits(struct unpack *u, const struct entry *entry)
{
	unsigned lost = entry->mode & (entry->type == ENTRY_DIR ? 06000 : 07000);
	char words[96];

	if (entry->type == ENTRY_LINK || entry->type == ENTRY_HARDLINK || lost == 0)
		return;
	if (u->totals.warnings++ < SAID_MAX) {
		snprintf(words, sizeof words, "is restored with mode %04o instead of %04o",
		    entry->mode & ~lost, entry->mode);
		say(u, "warn", entry->path, words);
	}
	if (u->totals.warnings == SAID_MAX)
		say(u, "note", entry->path, "further modes that were changed are only counted");
}

/* -- writing; several threads -- */

static int
write_batch(void *arg, int thread, void *item, struct err *e)
{
	struct unpack *u = arg;
	struct batch *b = item;

	for (size_t i = 0; i < b->count; i++) {
		const struct unpack_put *put = &b->puts[i];
		enum entry_type type = put->entry.type;
		int rc = 0;

		if (type == ENTRY_FILE && !put->late && b->piece == PIECE_NONE)
			rc = unpack_put_file(&u->hands[thread], put, b->bytes + put->at, e);
		else if (type == ENTRY_LINK)
			rc = unpack_put_link(&u->hands[thread], put, e);
		if (rc != 0)
			return -1;
	}
	return 0;
}

/* -- finishing; one thread, in order -- */

static int
write_piece(struct unpack *u, struct batch *b, struct err *e)
{
	struct unpack_hand *h = &u->hands[u->writers];

	if (b->piece & PIECE_FIRST) {
		/* Its texts must outlive the batch. */
		u->large = b->puts[0];
		arena_free(u->large_arena);
		u->large_arena = b->arena;
		b->arena = NULL;
		if (unpack_put_begin(&u->large_fd, h, &u->large, e) != 0)
			return -1;
	}
	hash_add(h->hash, b->bytes, b->n);
	if (unpack_put_write(u->large_fd, &u->large, b->bytes, b->n, e) != 0)
		return -1;
	return b->piece & PIECE_LAST ? unpack_put_end(&u->large_fd, h, &u->large, e) : 0;
}

static int
finish_batch(void *arg, void *item, struct err *e)
{
	struct unpack *u = arg;
	struct batch *b = item;
	struct unpack_hand *h = &u->hands[u->writers];

	FAULT("unpack.mid");
	if (b->piece != PIECE_NONE)
		return write_piece(u, b, e);
	for (size_t i = 0; i < b->count; i++) {
		const struct unpack_put *put = &b->puts[i];
		int rc = 0;

		if (put->entry.type == ENTRY_FILE && put->late)
			rc = unpack_put_file(h, put, b->bytes + put->at, e);
		else if (put->entry.type == ENTRY_HARDLINK)
			rc = unpack_put_hardlink(h, put, e);
		else if (put->entry.type == ENTRY_DIR)
			rc = unpack_put_folder(h, put, e);
		if (rc != 0)
			return -1;
	}
	return 0;
}

/* -- filling batches; the thread that the decoded bytes come from -- */

static void
give_batch(struct unpack *u)
{
	if (u->open != NULL)
		press_give(u->press);
	u->open = NULL;
}

/* A batch with room for one more entry of so many bytes. */
static int
room_for(struct unpack *u, size_t bytes, struct err *e)
{
	void *item;

	if (u->open != NULL
	    && (u->open->n + bytes > BATCH_SIZE || u->open->count == BATCH_PUTS))
		give_batch(u);
	if (u->open != NULL)
		return 0;
	if (press_take(&item, u->press, e) != 0)
		return -1;
	u->open = item;
	arena_free(u->open->arena);
	u->open->arena = arena_new();
	u->open->n = u->open->count = 0;
	u->open->piece = PIECE_NONE;
	return 0;
}

static int
depth(const char *path)
{
	int n = 0;

	for (const char *p = path; *p != '\0'; p++)
		n += *p == '/';
	return n;
}

/* Where an entry goes, when it is wanted: a file may stand in for a further name of it. */
static bool
choose(struct entry *entry, const struct unpack *u)
{
	const struct unpack_spec *s = u->spec;
	const char *instead;

	if (unpack_chosen(s->choice, s->choice_count, entry->path, entry->type == ENTRY_DIR)) {
		instead = entry->type == ENTRY_HARDLINK
		    ? stand_in_find(&u->stand_ins, entry->target) : NULL;
		if (instead != NULL && strcmp(instead, entry->path) == 0)
			return false;
		entry->target = instead != NULL ? instead : entry->target;
		return true;
	}
	instead = entry->type == ENTRY_FILE ? stand_in_find(&u->stand_ins, entry->path) : NULL;
	entry->path = instead != NULL ? instead : entry->path;
	return instead != NULL;
}

/* The next entry that the archive can have: with a choice, what is not wanted is not in it. */
static int
next_wanted(const struct entry **ret, struct unpack *u, struct err *e)
{
	struct entry entry;

	do {
		if (scroll_next(ret, u->scroll, e) != 0)
			return -1;
		if (*ret != NULL)
			entry = **ret;
	} while (*ret != NULL && u->spec->choice_count > 0 && !choose(&entry, u));
	return 0;
}

/* The member that the archive has is the one that the manifest says. */
static int
compare(struct entry *ret, const struct entry *is, struct unpack *u, struct err *e)
{
	const struct entry *want = NULL;

	if (next_wanted(&want, u, e) != 0)
		return -1;
	if (want == NULL || strcmp(want->path, is->path) != 0)
		return unpack_put_damaged(e, is->path,
		    want == NULL ? "is in the archive but not in its manifest"
		                 : "is not what the manifest has at this place");
	if (want->type != is->type || strcmp(want->target, is->target) != 0)
		return unpack_put_damaged(e, is->path, "is of another kind than in the manifest");
	if (is->type == ENTRY_FILE && want->size != is->size)
		return unpack_put_damaged(e, is->path, "has another size than in the manifest");
	if (want->mode != is->mode || want->uid != is->uid || want->gid != is->gid)
		return unpack_put_damaged(e, is->path,
		    "has another mode or owner than in the manifest");
	if (depth(is->path) > DEPTH_MAX)
		return unpack_put_damaged(e, is->path, "is deeper than any path of ours");
	*ret = *want;
	return 0;
}

static int
place(int *fd, const char **below, struct unpack *u, const char *path, struct err *e)
{
	const struct unpack_root *root =
	    unpack_root_of(below, u->spec->roots, u->spec->root_count, path);

	if (root == NULL)
		return err_set(e, ERR_CONFLICT,
		    "The backup has a folder '%.*s', and none of that name is to be restored",
		    (int)strcspn(path, "/"), path);
	*fd = root->fd;
	return 0;
}

static int
add_put(struct unpack *u, const struct entry *entry, struct err *e)
{
	struct unpack_put *put = &u->open->puts[u->open->count];
	struct arena *a = u->open->arena;
	size_t root;

	*put = (struct unpack_put){ .entry = *entry, .at = u->open->n };
	put->entry.path = arena_dup(a, entry->path);
	put->entry.target = arena_dup(a, entry->target);
	put->entry.uname = put->entry.gname = put->entry.pack = "";
	if (place(&put->root, &put->below, u, put->entry.path, e) != 0)
		return -1;
	if (entry->type == ENTRY_HARDLINK
	    && place(&put->from_root, &put->from_below, u, put->entry.target, e) != 0)
		return -1;
	for (root = 0; u->spec->roots[root].fd != put->root; root++)
		;
	put->late = (u->totals.roots >> root & 1) != 0;
	if (put->below[0] == '\0')
		u->totals.roots |= (uint64_t)1 << root;
	u->open->count++;
	u->totals.entries++;
	return 0;
}

static int
on_member(void *arg, const struct entry *is, struct err *e)
{
	struct unpack *u = arg;
	struct entry entry;
	size_t bytes;

	if (compare(&entry, is, u, e) != 0)
		return -1;
	u->type = entry.type;
	u->left = entry.type == ENTRY_FILE ? entry.size : 0;
	choose(&entry, u);
	bytes = u->left <= BATCH_SIZE ? (size_t)u->left : 0;
	if (u->left > BATCH_SIZE)
		give_batch(u);
	if (room_for(u, bytes, e) != 0 || add_put(u, &entry, e) != 0)
		return -1;
	if (u->left > BATCH_SIZE)
		u->open->piece = PIECE_FIRST;
	tell_bits(u, &entry);
	u->totals.files += entry.type == ENTRY_FILE;
	u->totals.bytes += u->left;
	return 0;
}

static int
on_content(void *arg, const void *p, size_t n, struct err *e)
{
	struct unpack *u = arg;
	const char *at = p;

	while (n > 0) {
		size_t take = BATCH_SIZE - u->open->n < n ? BATCH_SIZE - u->open->n : n;

		memcpy(u->open->bytes + u->open->n, at, take);
		u->open->n += take;
		u->left -= (int64_t)take;
		at += take;
		n -= take;
		if (u->open->piece == PIECE_NONE)
			continue;
		if (u->left == 0)
			u->open->piece |= PIECE_LAST;
		if (u->left == 0 || u->open->n == BATCH_SIZE) {
			give_batch(u);
			if (u->left > 0 && room_for(u, 0, e) != 0)
				return -1;
			if (u->left > 0)
				u->open->piece = PIECE_MIDDLE;
		}
	}
	return 0;
}

static int
on_raw(void *arg, const void *p, size_t n, struct err *e)
{
	struct unpack *u = arg;
	const struct watch *watch = u->spec->from.watch;

	u->raw_bytes += (int64_t)n;
	if (u->raw_bytes > u->whole_bytes && !FAULT_CONTROL("unpack.unbounded"))
		return err_set(e, ERR_DAMAGED,
		    "the stored copy decodes to more than the %lld bytes it should have",
		    (long long)u->whole_bytes);
	if (watch != NULL && watch->bytes != NULL)
		watch->bytes(watch->arg, (int64_t)n);
	return untar_write(u->untar, p, n, e);
}

/* -- the whole -- */

static int
set_up(struct unpack *u, struct err *e)
{
	const struct untar_to to = { on_member, on_content, u };
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	void *items[WRITERS_MAX + 3];

	u->writers = cores < 1 ? 1 : cores > WRITERS_MAX ? WRITERS_MAX : (int)cores;
	u->slots = u->writers + 3;
	for (int i = 0; i < u->slots; i++) {
		u->batches[i].bytes = xmalloc(BATCH_SIZE);
		items[i] = &u->batches[i];
	}
	for (int i = 0; i <= u->writers; i++)
		u->hands[i] = (struct unpack_hand){ .beneath = BENEATH_INIT, .other = BENEATH_INIT,
			.hash = hash_new(), .owners = u->spec->owners,
			.pending = &u->pending };
	for (size_t i = 0; i < u->spec->root_count; i++)
		if (fchmod(u->spec->roots[i].fd, BENEATH_NEW) != 0)
			return err_sys(e, "set the mode of a new folder");
	const struct press_spec press = {
		.threads = u->writers, .slots = u->slots, .items = items, .work = write_batch,
		.deliver = { finish_batch }, .arg = u,
	};
	u->untar = untar_new(&to);
	if (scroll_open(&u->scroll, u->spec->from.dest, u->spec->from.manifest, e) != 0)
		return -1;
	return press_new(&u->press, &press, e);
}

static void
unpack_release(struct unpack **pu)
{
	struct unpack *u = *pu;

	press_freep(&u->press);
	untar_freep(&u->untar);
	scroll_closep(&u->scroll);
	for (int i = 0; i < u->slots; i++) {
		free(u->batches[i].bytes);
		arena_free(u->batches[i].arena);
	}
	for (int i = 0; i <= u->writers; i++) {
		beneath_release(&u->hands[i].beneath);
		beneath_release(&u->hands[i].other);
		hash_freep(&u->hands[i].hash);
	}
	fd_close(&u->large_fd);
	arena_free(u->large_arena);
	stand_in_release(&u->stand_ins);
	free(u);
}

static bool
wants(void *arg, const struct entry *entry)
{
	struct entry copy = *entry;

	return choose(&copy, arg);
}

/* Only the frames that hold what was chosen; the rest counts as done in the end. */
static int
read_chosen(struct unpack *u, const struct sink *raw, struct err *e)
{
	const struct export_part *from = &u->spec->from;
	const struct chain_pick pick = { .wants = wants, .arg = u };
	const struct watch *watch = from->watch;

	if (chain_pick(from, raw, &pick, e) != 0)
		return -1;
	if (watch != NULL && watch->bytes != NULL)
		watch->bytes(watch->arg, u->whole_bytes - u->raw_bytes);
	return 0;
}

static int
read_pack(struct unpack *u, struct err *e)
{
	const struct stored_object *data = u->spec->from.data;
	struct frame_totals got, expect = { .raw_bytes = data->raw_bytes,
		.stored_bytes = data->stored_bytes };
	const struct sink raw = { on_raw, u };
	CLEANUP_OBJECT struct object *o = NULL;
	int64_t bytes;

	u->whole_bytes = chain_is(&u->spec->from) ? u->spec->from.chain->whole_bytes
	                                          : data->raw_bytes;
	if (u->spec->choice_count > 0 || chain_is(&u->spec->from)) {
		if ((u->spec->choice_count > 0
		        ? read_chosen(u, &raw, e)
		        : chain_read(&u->spec->from, &raw, false, e)) != 0)
			return -1;
		return untar_end(u->untar, e) == 0 ? 0 : err_in(e, "%s", data->key);
	}
	/* No hash over all decoded bytes: the stored ones have theirs, and each file its own. */
	snprintf(expect.stored_sha256, sizeof expect.stored_sha256, "%s", data->stored_sha256);
	if (object_open_stored(&o, &bytes, u->spec->from.dest, data, e) != 0)
		return -1;
	if (frame_read(&got, o, &raw, &expect, e) != 0)
		return err_in(e, "%s", data->key);
	return untar_end(u->untar, e) == 0 ? 0 : err_in(e, "%s", data->key);
}

int
unpack_tree(struct unpack_totals *ret, const struct unpack_spec *spec, struct err *e)
{
	CLEANUP(unpack_release) struct unpack *u = xmalloc(sizeof *u);
	const struct entry *more = NULL;

	memset(u, 0, sizeof *u);
	u->spec = spec;
	u->large_fd = -1;
	u->stand_ins = (struct stand_ins){ .arena = NULL };
	if (spec->choice_count > 0 && stand_in_learn(&u->stand_ins, spec, e) != 0)
		return -1;
	if (set_up(u, e) != 0 || read_pack(u, e) != 0 || next_wanted(&more, u, e) != 0)
		return -1;
	if (more != NULL)
		return unpack_put_damaged(e, more->path,
		    "is in the manifest but not in the archive");
	give_batch(u);
	if (press_finish(u->press, e) != 0)
		return -1;
	if (atomic_load(&u->pending) != 0)
		return err_set(e, ERR_DAMAGED, "%s: %d folders have no member in the archive",
		    spec->from.data->key, atomic_load(&u->pending));
	*ret = u->totals;
	return 0;
}
