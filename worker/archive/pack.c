/* pack.c: folders become a pack and a manifest: what goes where, and in which order. */
#include "worker/archive/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/fault.h"
#include "lib/base/fd.h"
#include "worker/archive/owners.h"
#include "worker/archive/press.h"
#include "worker/archive/slot.h"
#include "worker/archive/tally.h"
#include "worker/archive/tar.h"

/* Manifests compress well; small frames keep their memory small. */
enum { MANIFEST_FRAME = 1 << 20, ITEMS_MAX = 4096, HELD_MAX = 400 };

struct pack {
	const struct pack_spec *spec;
	struct walk_roots roots;
	struct slot_shared shared;
	struct press *press;
	int threads, slot_count;
	size_t slot_size;
	struct slot slots[PRESS_SLOTS_MAX];
	struct slot_tools tools[PRESS_THREADS_MAX];

	/* The planner's. */
	struct slot *open;
	struct twins twins;
	struct owners owners;
	struct hash *stream_hash;

	/* The delivering thread's. */
	struct tally tally;
	struct frame_writer *manifest;
	struct buf line;
	int64_t stream_frame, stream_offset;
	int64_t entries, files, file_bytes;
};

/* -- delivering -- */

static int
deliver_line(struct pack *p, const struct slot *s, struct item *item, const int64_t place[2],
    struct err *e)
{
	struct entry *entry = &item->entry;

	if (!item->stored)
		return 0;
	if (entry->type == ENTRY_HARDLINK) {
		entry->size = item->twin->size;
		memcpy(entry->sha256, item->twin->sha256, sizeof entry->sha256);
	}
	if (entry->type == ENTRY_FILE && entry->size > 0) {
		entry->pack = p->spec->pack_name;
		entry->frame = s->stream ? p->stream_frame : place[0];
		entry->frame_offset = s->stream ? p->stream_offset : place[1];
		entry->at = (int64_t)item->at;
	}
	p->entries++;
	p->files += entry->type == ENTRY_FILE;
	p->file_bytes += entry->type == ENTRY_FILE ? entry->size : 0;
	buf_clear(&p->line);
	manifest_line(&p->line, entry, true);
	return frame_write(p->manifest, p->line.p, p->line.n, e);
}

/* In the order of the members: the flat group was filled from its end. */
static int
deliver_group(struct pack *p, struct slot *s, enum slot_group group, const int64_t place[2],
    struct err *e)
{
	for (size_t i = 0; i < s->count; i++) {
		struct item *item = &s->items[group == GROUP_FLAT ? s->count - 1 - i : i];

		if (item->group == group && deliver_line(p, s, item, place, e) != 0)
			return -1;
	}
	return 0;
}

/* The hash over the whole tar has a thread of its own: it can only be made in order, and it would
 * be half of the work of the other one. */
static int
hash_slot(void *arg, void *given, struct err *e)
{
	struct pack *p = arg;
	const struct slot *s = given;

	(void)e;
	tally_raw(&p->tally, s->raw, s->front);
	tally_raw(&p->tally, s->raw + s->back, s->size - s->back);
	tally_raw(&p->tally, s->last.p, s->last.n);
	return 0;
}

static int
deliver_slot(void *arg, void *given, struct err *e)
{
	struct pack *p = arg;
	struct slot *s = given;
	int64_t offset = p->tally.stored_bytes;
	int frame = 0;

	FAULT("pack.mid");
	if (s->stream & STREAM_FIRST) {
		p->stream_frame = p->tally.frames;
		p->stream_offset = offset;
	}
	for (int group = 0; group < GROUPS; group++) {
		for (; frame < s->first_frame[group]; frame++)
			offset += (int64_t)s->squeezed.frame[frame].out_n;
		const int64_t place[2] = { p->tally.frames + s->first_frame[group], offset };

		if (deliver_group(p, s, (enum slot_group)group, place, e) != 0)
			return -1;
	}
	p->tally.frames += s->squeezed.frames;
	if (tally_stored(&p->tally, s->squeezed.out, s->squeezed.n, e) != 0)
		return -1;
	if (p->spec->watch != NULL && p->spec->watch->bytes != NULL)
		p->spec->watch->bytes(p->spec->watch->arg,
		    (int64_t)(s->front + s->size - s->back + s->last.n));
	return 0;
}

static int
fill_slot(void *arg, int thread, void *given, struct err *e)
{
	struct pack *p = arg;

	return slot_fill(given, &p->tools[thread], &p->shared, e);
}

/* -- planning -- */

static int
open_slot(struct pack *p, struct err *e)
{
	void *item;

	if (p->open != NULL)
		return 0;
	if (press_take(&item, p->press, e) != 0)
		return -1;
	p->open = item;
	slot_clear(p->open);
	return 0;
}

static void
give_slot(struct pack *p)
{
	if (p->open != NULL)
		press_give(p->press);
	p->open = NULL;
}

/* A slot with room for one more item of so many bytes. */
static int
room_for(struct pack *p, size_t bytes, struct err *e)
{
	if (p->open != NULL &&
	    (p->open->planned + bytes > p->slot_size || p->open->count >= ITEMS_MAX ||
	        p->open->held >= HELD_MAX / p->slot_count))
		give_slot(p);
	if (open_slot(p, e) != 0)
		return -1;
	p->open->planned += bytes;
	return 0;
}

static struct item *
add_item(struct pack *p, const struct walk_found *f, const char *target)
{
	struct arena *a = p->open->arena;
	struct item *item = slot_add(p->open);

	slot_take_stat(&item->entry, f->st);
	item->entry.path = arena_dup(a, f->path);
	/* The same text, for one root; else behind the root's name. */
	item->below = item->entry.path + (f->below - f->path);
	item->root = f->root;
	item->entry.target = arena_dup(a, target);
	item->entry.uname = owners_user(&p->owners, f->st->st_uid, a);
	item->entry.gname = owners_group(&p->owners, f->st->st_gid, a);
	return item;
}

static int
plan_name(struct pack *p, const struct walk_found *f, enum entry_type type, const char *target,
    struct err *e)
{
	if (room_for(p, tar_header_bound(strlen(f->path), strlen(target)), e) != 0)
		return -1;
	add_item(p, f, target)->entry.type = type;
	return 0;
}

static int
plan_link(struct pack *p, const struct walk_found *f, struct err *e)
{
	char target[PATH_MAX + 1], words[128];
	ssize_t n = readlinkat(f->dirfd, f->name, target, sizeof target - 1);

	if (n < 0) {
		slot_warn(&p->shared, f->path, "cannot be read (%s); it is not in the backup",
		    strerror_r(errno, words, sizeof words));
		return 0;
	}
	target[n] = '\0';
	return plan_name(p, f, ENTRY_LINK, target, e);
}

/* A file that fits a slot: opened and read by the thread that fills it. */
static int
plan_small(struct pack *p, const struct walk_found *f, int fd, struct twin *twin, struct err *e)
{
	size_t room = (size_t)f->st->st_size + tar_padding(f->st->st_size);
	struct item *item;

	if (room_for(p, tar_header_bound(strlen(f->path), 0) + room, e) != 0) {
		twins_drop(twin);
		fd_close(&fd);
		return -1;
	}
	item = add_item(p, f, "");
	item->entry.type = ENTRY_FILE;
	item->room = room;
	item->twin = twin;
	item->fd = fd;
	p->open->held += fd >= 0;
	return 0;
}

/* -- files larger than a slot -- */

struct stream {
	struct pack *pack;
	struct item item;             /* its entry, until the last piece carries it */
	int fd;
	int64_t left;
	bool ended;                   /* the file gave all it had, before its size was reached */
};

static int
stream_piece(struct stream *st, struct err *e)
{
	struct slot *s = st->pack->open;
	size_t room = s->size - s->front;
	size_t want = st->left < (int64_t)room ? (size_t)st->left : room;
	ssize_t got = st->ended ? 0 : fd_read_full(st->fd, s->raw + s->front, want, e);

	if (got < 0)
		slot_warn(&st->pack->shared, st->item.entry.path,
		    "%s; zeros stand for what could not be read", e->text);
	else if ((size_t)got < want && !st->ended)
		slot_warn(&st->pack->shared, st->item.entry.path,
		    "became shorter while it was read; zeros stand for what is missing");
	got = got < 0 ? 0 : got;
	st->ended = st->ended || (size_t)got < want;
	memset(s->raw + s->front + got, 0, want - (size_t)got);
	hash_add(st->pack->stream_hash, s->raw + s->front, want);
	s->front += want;
	st->left -= (int64_t)want;
	return 0;
}

/* Gives away the full slot; the next one goes on with the same file. */
static int
stream_next_slot(struct stream *st, struct err *e)
{
	give_slot(st->pack);
	if (open_slot(st->pack, e) != 0)
		return -1;
	st->pack->open->stream = STREAM_MIDDLE;
	return 0;
}

static int
stream_end(struct stream *st, const struct entry *entry, struct err *e)
{
	struct pack *p = st->pack;
	size_t padding = tar_padding(entry->size);
	struct item *item;

	if (p->open->front + padding > p->slot_size && stream_next_slot(st, e) != 0)
		return -1;
	memset(p->open->raw + p->open->front, 0, padding);
	p->open->front += padding;
	p->open->stream |= STREAM_LAST;
	item = slot_add(p->open);
	*item = st->item;
	item->entry.path = arena_dup(p->open->arena, entry->path);
	item->entry.uname = arena_dup(p->open->arena, entry->uname);
	item->entry.gname = arena_dup(p->open->arena, entry->gname);
	hash_hex(p->stream_hash, item->entry.sha256);
	if (item->twin != NULL) {
		item->twin->size = item->entry.size;
		memcpy(item->twin->sha256, item->entry.sha256, sizeof item->entry.sha256);
	}
	item->stored = true;
	give_slot(p);
	return 0;
}

/* Takes over nothing: fd stays the caller's; the twin's holder becomes the item's on success. */
static int
stream_file(struct pack *p, const char *path, int fd, struct twin *twin, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_BUF struct buf head = BUF_INIT;
	struct stream st = { .pack = p, .fd = fd };
	struct entry *entry = &st.item.entry;
	struct stat before, after;

	if (fstat(fd, &before) != 0)
		return err_sys(e, "look at '%s'", path);
	give_slot(p);
	if (open_slot(p, e) != 0)
		return -1;
	p->open->stream = STREAM_FIRST;
	*entry = (struct entry){ .path = path, .type = ENTRY_FILE, .target = "", .pack = "" };
	slot_take_stat(entry, &before);
	entry->uname = owners_user(&p->owners, entry->uid, a);
	entry->gname = owners_group(&p->owners, entry->gid, a);
	tar_header(&head, entry);
	memcpy(p->open->raw, head.p, head.n);
	p->open->front = head.n;
	st.item.fd = -1;
	st.item.twin = twin;
	st.item.at = head.n;
	st.left = entry->size;
	while (st.left > 0) {
		if (p->open->front == p->slot_size && stream_next_slot(&st, e) != 0)
			return -1;
		if (stream_piece(&st, e) != 0)
			return -1;
	}
	if (!st.ended && fstat(fd, &after) == 0 && slot_changed(&before, &after))
		slot_warn(&p->shared, path, "changed while it was read");
	return stream_end(&st, entry, e);
}

static bool
fits_a_slot(const struct pack *p, const struct walk_found *f)
{
	size_t head = tar_header_bound(strlen(f->path), 0);

	return f->st->st_size <= (int64_t)(p->slot_size - head - TAR_BLOCK);
}

static int
plan_opened(struct pack *p, const struct walk_found *f, int fd, struct twin *twin, struct err *e)
{
	int rc;

	if (fits_a_slot(p, f))
		return plan_small(p, f, fd, twin, e);
	rc = stream_file(p, f->path, fd, twin, e);
	if (rc != 0)
		twins_drop(twin);
	fd_close(&fd);
	return rc;
}

/* Opened here and not by a filling thread, because of what its other names and its size need. */
static int
plan_by_opening(struct pack *p, const struct walk_found *f, struct err *e)
{
	CLEANUP_FD int fd = -1;
	struct walk_found now = *f;
	struct stat st;
	struct twin *twin = NULL;
	char words[128];
	int mine;

	fd = slot_open(f->root, f->below, &st);
	if (fd < 0) {
		slot_warn(&p->shared, f->path, "cannot be opened (%s); it is not in the backup",
		    errno == ELOOP ? "it is no longer a file"
		                   : strerror_r(errno, words, sizeof words));
		return 0;
	}
	now.st = &st;
	if (st.st_nlink > 1)
		twin = twins_add(&p->twins, &st, f->path);
	mine = fd;
	fd = -1;
	return plan_opened(p, &now, mine, twin, e);
}

static int
plan_file(struct pack *p, const struct walk_found *f, struct err *e)
{
	struct twin *twin = f->st->st_nlink > 1 ? twins_find(&p->twins, f->st) : NULL;

	if (twin == NULL) {
		if (f->st->st_nlink > 1 || !fits_a_slot(p, f))
			return plan_by_opening(p, f, e);
		return plan_small(p, f, -1, NULL, e);
	}
	if (plan_name(p, f, ENTRY_HARDLINK, twin->path, e) != 0) {
		twins_drop(twin);
		return -1;
	}
	p->open->items[p->open->count - 1].twin = twin;
	return 0;
}

static const char *
kind_of(mode_t mode)
{
	return S_ISFIFO(mode) ? "a FIFO" : S_ISSOCK(mode) ? "a socket" : S_ISCHR(mode)
	    || S_ISBLK(mode) ? "a device" : "of an unknown kind";
}

static int
plan_found(void *arg, const struct walk_found *f, struct err *e)
{
	struct pack *p = arg;
	mode_t mode = f->st->st_mode;

	if (S_ISREG(mode))
		return plan_file(p, f, e);
	if (S_ISDIR(mode))
		return plan_name(p, f, ENTRY_DIR, "", e);
	if (S_ISLNK(mode))
		return plan_link(p, f, e);
	slot_warn(&p->shared, f->path, "is %s; it is not in the backup", kind_of(mode));
	return 0;
}

static void
plan_trouble(void *arg, enum walk_trouble kind, const char *path, const char *why)
{
	struct pack *p = arg;

	if (kind == WALK_VANISHED)
		slot_warn(&p->shared, path, "vanished before it was read; it is not in the backup");
	else if (kind == WALK_UNREADABLE)
		slot_warn(&p->shared, path, "%s; what is in it is not in the backup", why);
}

/* -- the whole -- */

static int
set_up(struct pack *p, const struct sink *data, const struct sink *manifest, struct err *e)
{
	const struct frame_options small = { .level = p->spec->frames.level, .threads = 1,
		.raw_max = MANIFEST_FRAME, .encrypted = p->spec->frames.encrypted };
	void *items[PRESS_SLOTS_MAX];

	p->threads = p->spec->frames.threads;
	p->slot_count = p->threads + 3;
	p->slot_size = squeeze_piece(p->slot_count);
	pthread_mutex_init(&p->shared.lock, NULL);
	p->shared.watch = p->spec->watch;
	tally_init(&p->tally, data);
	if (p->spec->frames.encrypted)
		tally_bare(&p->tally);
	p->stream_hash = hash_new();
	for (int i = 0; i < p->slot_count; i++) {
		slot_init(&p->slots[i], p->slot_size);
		items[i] = &p->slots[i];
	}
	for (int i = 0; i < p->threads; i++) {
		if (squeeze_new(&p->tools[i].squeezer, p->spec->frames.level, e) != 0)
			return -1;
		p->tools[i].hash = hash_new();
	}
	const struct press_spec press = {
		.threads = p->threads, .slots = p->slot_count, .items = items, .work = fill_slot,
		.deliver = { deliver_slot, hash_slot }, .arg = p,
	};
	manifest_head(&p->line);
	if (frame_writer_new(&p->manifest, manifest, &small, e) != 0
	    || frame_write(p->manifest, p->line.p, p->line.n, e) != 0)
		return -1;
	return press_new(&p->press, &press, e);
}

static void
pack_release(struct pack **pp)
{
	struct pack *p = *pp;

	press_freep(&p->press);
	frame_writer_freep(&p->manifest);
	for (int i = 0; i < p->slot_count; i++)
		slot_release(&p->slots[i]);
	for (int i = 0; i < p->threads; i++) {
		squeeze_freep(&p->tools[i].squeezer);
		hash_freep(&p->tools[i].hash);
	}
	for (struct slot_again *at = p->shared.again, *next; at != NULL; at = next) {
		next = at->next;
		free(at->path);
		free(at->below);
		free(at);
	}
	pthread_mutex_destroy(&p->shared.lock);
	twins_release(&p->twins);
	tally_release(&p->tally);
	hash_freep(&p->stream_hash);
	buf_release(&p->line);
	walk_close(&p->roots);
	free(p);
}

/* All slots are done by now, so nobody else touches the list. */
static int
read_again(struct pack *p, struct err *e)
{
	for (const struct slot_again *at = p->shared.again; at != NULL; at = at->next) {
		struct stat st;
		CLEANUP_FD int fd = slot_open(at->root, at->below, &st);

		if (fd < 0)
			slot_warn(&p->shared, at->path,
			    "vanished while it was read; it is not in the backup");
		else if (stream_file(p, at->path, fd, NULL, e) != 0)
			return -1;
	}
	return 0;
}

static int
add_end(struct pack *p, struct err *e)
{
	if (open_slot(p, e) != 0)
		return -1;
	p->open->stream = STREAM_MIDDLE;
	memset(p->open->raw, 0, TAR_END);
	p->open->front = TAR_END;
	give_slot(p);
	return press_finish(p->press, e);
}

int
pack_write(struct pack_totals *ret, const struct sink *data, const struct sink *manifest,
    const struct pack_spec *spec, struct err *e)
{
	CLEANUP(pack_release) struct pack *p = xmalloc(sizeof *p);
	const struct walk walk = {
		.excludes = spec->excludes, .exclude_count = spec->exclude_count,
		.found = plan_found, .trouble = plan_trouble, .arg = p,
	};
	struct pack_totals totals = { .entries = 0 };

	*p = (struct pack){ .spec = spec, .line = BUF_INIT };
	if (walk_open(&p->roots, spec->roots, spec->root_count, e) != 0
	    || set_up(p, data, manifest, e) != 0 || walk_all(&p->roots, &walk, e) != 0)
		return -1;
	give_slot(p);
	if (press_finish(p->press, e) != 0 || read_again(p, e) != 0 || add_end(p, e) != 0)
		return -1;
	tally_totals(&totals.data, &p->tally);
	if (frame_finish(&totals.manifest, p->manifest, e) != 0)
		return err_in(e, "manifest");
	totals.entries = p->entries;
	totals.files = p->files;
	totals.file_bytes = p->file_bytes;
	totals.warnings = atomic_load(&p->shared.warnings);
	*ret = totals;
	return 0;
}
