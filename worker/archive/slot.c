/* slot.c: one piece of a pack: members that are read, hashed and pressed by one thread. */
#include "worker/archive/slot.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/fault.h"
#include "lib/base/fd.h"
#include "worker/archive/tar.h"

/* A frame of its own is worth it only for files that are not tiny. */
enum { FLAT_LEAST = 16 << 10 };

/* The coarsest times that a file system keeps are of two seconds. */
enum { SETTLED_S = 2 };

/* So many files are asked of a disk at once. */
enum { AHEAD = 32 };

void
slot_init(struct slot *s, size_t size)
{
	*s = (struct slot){ .raw = xmalloc(squeeze_room(size)), .size = size, .last = BUF_INIT };
	s->squeezed.capacity = squeeze_room(size);
}

static void
drop_items(struct slot *s)
{
	for (size_t i = 0; i < s->count; i++) {
		fd_close(&s->items[i].fd);
		twins_drop(s->items[i].twin);
	}
	s->count = 0;
}

void
slot_clear(struct slot *s)
{
	drop_items(s);
	arena_free(s->arena);
	s->arena = arena_new();
	s->planned = s->front = s->ahead = 0;
	s->back = s->size;
	s->held = 0;
	s->stream = STREAM_NONE;
	s->cold = false;
	buf_clear(&s->last);
	squeeze_out_clear(&s->squeezed);
}

void
slot_release(struct slot *s)
{
	drop_items(s);
	free(s->items);
	free(s->raw);
	arena_free(s->arena);
	buf_release(&s->last);
}

struct item *
slot_add(struct slot *s)
{
	if (s->count == s->capacity) {
		s->capacity = s->capacity ? s->capacity * 2 : 64;
		s->items = xrealloc(s->items, s->capacity * sizeof *s->items);
	}
	struct item *item = &s->items[s->count++];
	*item = (struct item){ .fd = -1, .entry = { .path = "", .uname = "", .gname = "",
		.target = "", .pack = "" } };
	return item;
}

void
slot_warn(struct slot_shared *shared, const char *path, const char *fmt, ...)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	char words[512];
	va_list ap;

	atomic_fetch_add(&shared->warnings, 1);
	if (shared->watch == NULL || shared->watch->say == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(words, sizeof words, fmt, ap);
	va_end(ap);
	manifest_show_path(&text, path[0] ? path : ".");
	buf_printf(&text, ": %s", words);
	shared->watch->say(shared->watch->arg, "warn", text.p);
}

int
slot_open(const struct walk_root *root, const char *below, struct stat *st)
{
	/* Opening a FIFO or a device must neither wait nor do anything; what is none is found by
	 * fstat. */
	struct open_how how = {
		.flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	CLEANUP_FD int fd = (int)syscall(SYS_openat2, root->fd, below, &how, sizeof how);
	int ret = fd;

	if (fd < 0 || fstat(fd, st) != 0)
		return -1;
	if (!S_ISREG(st->st_mode)) {
		errno = ELOOP;
		return -1;
	}
	fd = -1;
	return ret;
}

void
slot_take_stat(struct entry *entry, const struct stat *st)
{
	struct timespec now;

	entry->mode = st->st_mode & 07777;
	entry->uid = st->st_uid;
	entry->gid = st->st_gid;
	entry->size = S_ISREG(st->st_mode) ? st->st_size : 0;
	entry->mtime_s = st->st_mtim.tv_sec;
	entry->mtime_ns = st->st_mtim.tv_nsec;
	entry->ctime_s = st->st_ctim.tv_sec;
	entry->ctime_ns = st->st_ctim.tv_nsec;
	clock_gettime(CLOCK_REALTIME, &now);
	entry->inode = S_ISREG(st->st_mode) && (st->st_ctim.tv_sec + SETTLED_S < now.tv_sec ||
	    FAULT_CONTROL("slot.settled_at_once")) ? (int64_t)st->st_ino : 0;
}

bool
slot_changed(const struct stat *a, const struct stat *b)
{
	return a->st_size != b->st_size || a->st_mtim.tv_sec != b->st_mtim.tv_sec
	    || a->st_mtim.tv_nsec != b->st_mtim.tv_nsec || a->st_ctim.tv_sec != b->st_ctim.tv_sec
	    || a->st_ctim.tv_nsec != b->st_ctim.tv_nsec;
}

static void
warn_not_opened(struct slot_shared *shared, const char *path)
{
	char words[128];

	if (errno == ENOENT)
		slot_warn(shared, path, "vanished before it was read; it is not in the backup");
	else if (errno == ELOOP)
		slot_warn(shared, path, "is no longer a file; it is not in the backup");
	else
		slot_warn(shared, path, "cannot be opened (%s); it is not in the backup",
		    strerror_r(errno, words, sizeof words));
}

/* To be streamed at the end, when its size no longer matters. */
static void
read_again_later(struct slot_shared *shared, const struct item *item)
{
	struct slot_again *again = xmalloc(sizeof *again);

	*again = (struct slot_again){ .root = item->root, .path = xstrdup(item->entry.path),
		.below = xstrdup(item->below) };
	pthread_mutex_lock(&shared->lock);
	again->next = shared->again;
	shared->again = again;
	pthread_mutex_unlock(&shared->lock);
}

/* Gives what is in memory already, which may be nothing; false when the rest is not. */
static bool
read_at_once(ssize_t *n, int fd, unsigned char *to, size_t size)
{
	struct iovec all = { to, size };

	*n = preadv2(fd, &all, 1, -1, RWF_NOWAIT);
	if (*n >= 0)
		return true;
	*n = 0;
	return errno != EAGAIN;
}

/* The bytes read, fewer only at the end of the file. After a read error a file with other names is
 * filled up with zeros, because they need it, and is read again next time; -1 for any other. */
static ssize_t
read_content(unsigned char *to, struct item *item, struct slot *s, struct slot_shared *shared)
{
	struct err e;
	size_t size = (size_t)item->entry.size;
	ssize_t first = 0, n;

	s->cold = s->cold || !read_at_once(&first, item->fd, to, size);
	if ((size_t)first == size)
		return first;
	n = fd_read_full(item->fd, to + first, size - (size_t)first, &e);
	if (n >= 0)
		return first + n;
	if (item->twin == NULL) {
		slot_warn(shared, item->entry.path, "%s; it is not in the backup", e.text);
		return -1;
	}
	slot_warn(shared, item->entry.path, "%s; zeros stand for what could not be read", e.text);
	memset(to, 0, (size_t)item->entry.size);
	item->entry.inode = 0;
	return item->entry.size;
}

static void
check_unchanged(int fd, const struct stat *before, struct item *item, struct slot_shared *shared)
{
	struct stat after;

	if (item->entry.size != before->st_size)
		item->entry.inode = 0;
	if (item->entry.size < before->st_size && item->entry.size < (int64_t)item->room)
		slot_warn(shared, item->entry.path, "became shorter while it was read");
	else if (fstat(fd, &after) == 0 && slot_changed(before, &after)) {
		item->entry.inode = 0;
		slot_warn(shared, item->entry.path, "changed while it was read");
	}
}

static bool *
last_with_ending(struct slot_tools *tools, const char *path)
{
	const char *dot = strrchr(path, '.');
	unsigned h = 0;

	for (const char *p = dot != NULL ? dot : ""; *p != '\0'; p++)
		h = h * 31 + (unsigned char)*p;
	return &tools->flat[h % SLOT_ENDINGS];
}

/* Content that does not compress belongs to the back, other content to the front. It was read to
 * where such names had theirs the last time, so that it seldom has to move. */
static void
place(struct slot *s, struct item *item, bool *flat, const unsigned char *member, size_t head)
{
	size_t size = (size_t)item->entry.size, whole = head + size + tar_padding(item->entry.size);

	if (size >= FLAT_LEAST)
		*flat = squeeze_is_flat(member + head, size);
	item->group = size >= FLAT_LEAST && *flat ? GROUP_FLAT : GROUP_PRESSED;
	unsigned char *to = s->raw + (item->group == GROUP_FLAT ? s->back - whole : s->front);
	if (to != member)
		memmove(to, member, whole);
	/* Of the flat group, `at` is in `raw` until all is placed. */
	item->at = (size_t)(to - s->raw) + head;
	if (item->group == GROUP_FLAT)
		s->back -= whole;
	else
		s->front += whole;
}

static void
finish_file(struct item *item, unsigned char *content, struct slot_tools *tools)
{
	struct entry *entry = &item->entry;

	memset(content + entry->size, 0, tar_padding(entry->size));
	hash_add(tools->hash, content, (size_t)entry->size);
	hash_hex(tools->hash, entry->sha256);
	if (item->twin != NULL) {
		item->twin->size = entry->size;
		memcpy(item->twin->sha256, entry->sha256, sizeof entry->sha256);
	}
	item->stored = true;
}

/* The size that is stored; false when the file must be read again later. */
static bool
settle_size(struct item *item, struct slot_shared *shared)
{
	if (item->entry.size <= (int64_t)item->room)
		return true;
	if (item->twin == NULL) {
		read_again_later(shared, item);
		return false;
	}
	slot_warn(shared, item->entry.path, "grew while it was read");
	item->entry.size = (int64_t)item->room;
	return true;
}

/* What is in an older pack already leaves its place to the next one. */
static bool
is_known(struct item *item, const struct slot_shared *shared)
{
	if (shared->reuse == NULL || item->entry.size == 0)
		return false;
	item->record = reuse_content(shared->reuse, item->entry.sha256, item->entry.size);
	item->outside = item->record != NULL;
	return item->outside;
}

static void
fill_from(struct slot *s, struct item *item, struct slot_tools *tools, struct slot_shared *shared,
    const struct stat *st)
{
	CLEANUP_BUF struct buf head = BUF_INIT;
	struct entry *entry = &item->entry;
	bool *flat = last_with_ending(tools, entry->path);
	ssize_t n;

	slot_take_stat(entry, st);
	if (!settle_size(item, shared))
		return;
	tar_header(&head, entry);
	size_t whole = head.n + (size_t)entry->size + tar_padding(entry->size);
	assert(s->front + whole <= s->back);
	unsigned char *member = s->raw + s->front;
	if (*flat && entry->size >= FLAT_LEAST)
		member = s->raw + s->back - whole;
	n = read_content(member + head.n, item, s, shared);
	if (n < 0)
		return;
	if (n < entry->size) {
		entry->size = n;
		buf_clear(&head);
		tar_header(&head, entry);
	}
	memcpy(member, head.p, head.n);
	check_unchanged(item->fd, st, item, shared);
	finish_file(item, member + head.n, tools);
	if (is_known(item, shared))
		return;
	place(s, item, flat, member, head.n);
}

static void
fill_file(struct slot *s, struct item *item, struct slot_tools *tools, struct slot_shared *shared)
{
	struct stat st;

	if (item->fd < 0)
		item->fd = slot_open(item->root, item->below, &st);
	else if (fstat(item->fd, &st) != 0)
		fd_close(&item->fd);
	if (item->fd < 0)
		warn_not_opened(shared, item->entry.path);
	else
		fill_from(s, item, tools, shared, &st);
	fd_close(&item->fd);
}

/* A disk reads many files at a time much faster than one after the other: those that come next are
 * opened and asked for before the first of them is waited for. */
static void
ask_ahead(struct slot *s, size_t at)
{
	struct item *item;
	struct stat st;

	for (s->ahead = s->ahead > at ? s->ahead : at + 1; s->ahead < s->count &&
	     s->ahead <= at + AHEAD; s->ahead++) {
		item = &s->items[s->ahead];
		if (item->entry.type != ENTRY_FILE || item->outside || item->fd >= 0)
			continue;
		item->fd = slot_open(item->root, item->below, &st);
		if (item->fd >= 0)
			posix_fadvise(item->fd, 0, st.st_size, POSIX_FADV_WILLNEED);
	}
}

static void
fill_item(struct slot *s, struct item *item, struct slot_tools *tools, struct slot_shared *shared)
{
	CLEANUP_BUF struct buf head = BUF_INIT;

	if (item->outside) {
		item->stored = true;
		return;
	}
	if (item->entry.type == ENTRY_FILE) {
		fill_file(s, item, tools, shared);
		return;
	}
	item->stored = true;
	item->group = item->entry.type == ENTRY_LINK ? GROUP_PRESSED : GROUP_LAST;
	if (item->group == GROUP_LAST) {
		tar_header(&s->last, &item->entry);
		return;
	}
	tar_header(&head, &item->entry);
	memcpy(s->raw + s->front, head.p, head.n);
	s->front += head.n;
}

static int
press_group(struct slot *s, enum slot_group group, struct squeezer *squeezer, struct err *e)
{
	const struct iovec raw[GROUPS] = {
		[GROUP_PRESSED] = { s->raw, s->front },
		[GROUP_FLAT] = { s->raw + s->back, s->size - s->back },
		[GROUP_LAST] = { s->last.p, s->last.n },
	};

	s->first_frame[group] = s->squeezed.frames;
	if (raw[group].iov_len == 0)
		return 0;
	if (s->stream != STREAM_NONE)
		return squeeze_runs(&s->squeezed, squeezer, &raw[group], e);
	return squeeze_frame(&s->squeezed, squeezer, group == GROUP_FLAT, &raw[group], e);
}

/* What is pressed takes the place of the raw bytes, whose memory is the thread's for its next slot.
 */
static int
press_all(struct slot *s, struct slot_tools *tools, struct err *e)
{
	s->squeezed.out = tools->spare;
	for (int group = 0; group < GROUPS; group++)
		if (press_group(s, (enum slot_group)group, tools->squeezer, e) != 0)
			return -1;
	tools->spare = s->raw;
	s->raw = s->squeezed.out;
	return 0;
}

int
slot_fill(struct slot *s, struct slot_tools *tools, struct slot_shared *shared, struct err *e)
{
	FAULT("pack.before_fill");
	if (s->stream == STREAM_NONE)
		for (size_t i = 0; i < s->count; i++) {
			if (s->cold)
				ask_ahead(s, i);
			fill_item(s, &s->items[i], tools, shared);
		}
	for (size_t i = 0; i < s->count; i++)
		if (s->items[i].group == GROUP_FLAT)
			s->items[i].at -= s->back;
	return press_all(s, tools, e);
}
