/* pack_plan.c: folders become a pack: what goes where. The thread that walks them. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "worker/archive/pack_inner.h"
#include "worker/archive/tar.h"

enum { ITEMS_MAX = 4096, HELD_MAX = 400, HASH_STEP = 1 << 20 };
#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

int
pack_plan_slot(struct pack *p, struct err *e)
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

void
pack_plan_give(struct pack *p)
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
		pack_plan_give(p);
	if (pack_plan_slot(p, e) != 0)
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
	struct item *item = add_item(p, f, target);

	item->entry.type = type;
	item->outside = p->spec->reuse != NULL;
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
	int64_t left, asked;          /* `asked`: so far the disk was asked to read ahead */
	bool ended;                   /* the file gave all it had, before its size was reached */
};

/* A disk is asked for more at once than the kernel does by itself: two pieces ahead. */
static void
ask_ahead(struct stream *st)
{
	int64_t at = st->item.entry.size - st->left, end = at + 3 * (int64_t)st->pack->slot_size;

	if (st->asked < end)
		posix_fadvise(st->fd, st->asked, end - st->asked, POSIX_FADV_WILLNEED);
	st->asked = end;
}

static int
stream_piece(struct stream *st, struct err *e)
{
	struct slot *s = st->pack->open;
	size_t room = s->size - s->front;
	size_t want = st->left < (int64_t)room ? (size_t)st->left : room;
	ssize_t got;

	ask_ahead(st);
	got = st->ended ? 0 : fd_read_full(st->fd, s->raw + s->front, want, e);

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
	pack_plan_give(st->pack);
	if (pack_plan_slot(st->pack, e) != 0)
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
	pack_plan_give(p);
	return 0;
}

int
pack_plan_stream(struct pack *p, const char *path, int fd, struct twin *twin, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_BUF struct buf head = BUF_INIT;
	struct stream st = { .pack = p, .fd = fd };
	struct entry *entry = &st.item.entry;
	struct stat before, after;

	if (fstat(fd, &before) != 0)
		return err_sys(e, "look at '%s'", path);
	pack_plan_give(p);
	if (pack_plan_slot(p, e) != 0)
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
	if (!st.ended && fstat(fd, &after) == 0 && slot_changed(&before, &after)) {
		entry->inode = 0;
		slot_warn(&p->shared, path, "changed while it was read");
	}
	entry->inode = st.ended ? 0 : entry->inode;
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
	rc = pack_plan_stream(p, f->path, fd, twin, e);
	if (rc != 0)
		twins_drop(twin);
	fd_close(&fd);
	return rc;
}

/* Its further names are told of the content; this one is told of by the old line. */
static void
keep_twin(const struct pack *p, const struct ledger_record *record, struct twin *twin)
{
	struct entry content = { .path = "" };

	if (twin == NULL)
		return;
	reuse_fill(&content, p->spec->reuse, record);
	twin->size = content.size;
	memcpy(twin->sha256, content.sha256, sizeof twin->sha256);
	twins_drop(twin);
}

/* A file of which only the manifest tells; the twin's holder becomes the item's. */
static int
plan_pointer(struct pack *p, const struct walk_found *f, const struct ledger_record *record,
    struct twin *twin, struct err *e)
{
	struct item *item;

	if (plan_name(p, f, ENTRY_FILE, "", e) != 0) {
		twins_drop(twin);
		return -1;
	}
	item = &p->open->items[p->open->count - 1];
	item->record = record;
	item->twin = twin;
	if (record != NULL)
		reuse_fill(&item->entry, p->spec->reuse, record);
	else
		memcpy(item->entry.sha256, EMPTY_SHA256, sizeof item->entry.sha256);
	if (twin != NULL) {
		twin->size = item->entry.size;
		memcpy(twin->sha256, item->entry.sha256, sizeof twin->sha256);
	}
	return 0;
}

/* A file that need not be opened: it is empty, or in an older pack as it is. */
static int
plan_known(bool *done, struct pack *p, const struct walk_found *f, struct err *e)
{
	const struct ledger_record *record = NULL;
	const struct watch *watch = p->spec->watch;
	struct twin *twin = NULL;
	bool same = false;

	if (f->st->st_size > 0) {
		record = reuse_find(&same, p->spec->reuse, f->st, f->path);
		if (record == NULL)
			return 0;
	}
	*done = true;
	if (f->st->st_nlink > 1)
		twin = twins_add(&p->twins, f->st, f->path);
	if (same) {
		keep_twin(p, record, twin);
		reuse_keep(p->spec->reuse, record);
		if (watch != NULL && watch->bytes != NULL)
			watch->bytes(watch->arg, f->st->st_size);
		return 0;
	}
	return plan_pointer(p, f, record, twin, e);
}

/* A large file is not taken back once it is in slots: when it may only have been touched or
 * renamed, it is read to know that. */
static int
hash_touched(const struct ledger_record **ret, struct pack *p, int fd, const struct stat *st,
    struct err *e)
{
	CLEANUP_BUF struct buf piece = BUF_INIT;
	char sha256[HASH_HEX_SIZE];
	struct stat after;
	int64_t bytes = 0;
	ssize_t n;

	while ((n = fd_read_full(fd, buf_room(&piece, HASH_STEP), HASH_STEP, e)) > 0) {
		hash_add(p->stream_hash, piece.p, (size_t)n);
		bytes += n;
	}
	hash_hex(p->stream_hash, sha256);
	if (lseek(fd, 0, SEEK_SET) != 0)
		return err_sys(e, "go back in a file");
	if (n == 0 && bytes == st->st_size && fstat(fd, &after) == 0 && !slot_changed(st, &after))
		*ret = reuse_content(p->spec->reuse, sha256, bytes);
	return 0;
}

/* Opened here and not by a filling thread, because of what its other names and its size need. */
static int
plan_by_opening(struct pack *p, const struct walk_found *f, struct err *e)
{
	CLEANUP_FD int fd = -1;
	struct walk_found now = *f;
	struct stat st;
	struct twin *twin = NULL;
	const struct ledger_record *record = NULL;
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
	if (p->spec->reuse != NULL && !fits_a_slot(p, &now) && reuse_maybe(p->spec->reuse, &st)
	    && hash_touched(&record, p, fd, &st, e) != 0) {
		twins_drop(twin);
		return -1;
	}
	if (record != NULL)
		return plan_pointer(p, &now, record, twin, e);
	mine = fd;
	fd = -1;
	return plan_opened(p, &now, mine, twin, e);
}

static int
plan_file(struct pack *p, const struct walk_found *f, struct err *e)
{
	struct twin *twin = f->st->st_nlink > 1 ? twins_find(&p->twins, f->st) : NULL;
	bool done = false;

	if (twin == NULL) {
		if (p->spec->reuse != NULL && plan_known(&done, p, f, e) != 0)
			return -1;
		if (done)
			return 0;
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

int
pack_plan_found(void *arg, const struct walk_found *f, struct err *e)
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

void
pack_plan_trouble(void *arg, enum walk_trouble kind, const char *path, const char *why)
{
	struct pack *p = arg;

	if (kind == WALK_VANISHED)
		slot_warn(&p->shared, path, "vanished before it was read; it is not in the backup");
	else if (kind == WALK_UNREADABLE)
		slot_warn(&p->shared, path, "%s; what is in it is not in the backup", why);
}
