/* dst_local.c: a storage that is a folder of this machine. */
#include "worker/dest/driver.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/fd.h"
#include "lib/base/room.h"

enum { NAME_SIZE = 256, KEY_SIZE = 1024, STORAGE_PLACE = 128 };

struct local {
	struct dest base;
	int root;
};

struct local_upload {
	struct upload base;
	struct local *in;
	int folder, fd;
	int64_t bytes, flushed;
	char name[NAME_SIZE], temporary[NAME_SIZE];
};

struct local_object {
	struct object base;
	char *key;
	int fd;
};

/* Never leaves the folder and follows no link, whatever the key says. */
static int
open_below(int root, const char *path, int flags)
{
	struct open_how how = {
		.flags = (unsigned)(flags | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, root, path, &how, sizeof how);
}

/* The words for a storage that takes no more are the same wherever the kernel notices it. */
static int
failed(struct local *d, struct err *e)
{
	char place[STORAGE_PLACE];

	snprintf(place, sizeof place, "storage %s", d->base.slug);
	return room_tell(e, d->root, place) ? -1 : err_in(e, "%s", place);
}

static int
local_open(struct dest **ret, const struct storage *s, struct err *e)
{
	struct local *d;
	int root;

	if (s->path[0] != '/')
		return err_set(e, ERR_INPUT, "storage %s: '%s' is not an absolute path", s->slug,
		    s->path);
	/* Never made here: below the mount point of a disk that is away, it would be on another. */
	root = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0 && errno == ENOENT)
		return err_set(e, ERR_BUSY,
		    "storage *%s* is not there: the folder %s does not exist. Is its disk mounted?",
		    s->slug, s->path);
	if (root < 0) {
		err_sys(e, "open the folder '%s'", s->path);
		return err_in(e, "storage %s", s->slug);
	}
	d = xmalloc(sizeof *d);
	*d = (struct local){ .root = root,
		.base = { .driver = &dst_local, .slug = xstrdup(s->slug),
		    .where = xstrdup(s->path) } };
	*ret = &d->base;
	return 0;
}

static void
local_close(struct dest *base)
{
	struct local *d = (struct local *)base;

	close(d->root);
	free(d->base.where);
	free(d->base.slug);
	free(d);
}

static int
local_space(int64_t *free_bytes, struct dest *base, struct err *e)
{
	struct local *d = (struct local *)base;
	struct statvfs v;

	if (fstatvfs(d->root, &v) != 0) {
		err_sys(e, "ask for free room in '%s'", d->base.where);
		return err_in(e, "storage %s", d->base.slug);
	}
	*free_bytes = (int64_t)v.f_bavail * (int64_t)v.f_frsize;
	return 0;
}

/* Splits "a/b/c" into the folder "a/b" ("." for none) and the name "c". */
static const char *
split(char folder[KEY_SIZE], const char *key)
{
	const char *slash = strrchr(key, '/');

	if (slash == NULL)
		snprintf(folder, KEY_SIZE, ".");
	else
		snprintf(folder, KEY_SIZE, "%.*s", (int)(slash - key), key);
	return slash == NULL ? key : slash + 1;
}

/* Each folder is made durable in its parent before anything is put below it. */
static int
make_folders(struct local *d, const char *folder, struct err *e)
{
	char part[KEY_SIZE];

	for (size_t i = 1;; i++) {
		CLEANUP_FD int parent = -1;
		const char *name;

		if (folder[i] != '/' && folder[i] != '\0')
			continue;
		snprintf(part, sizeof part, "%.*s", (int)i, folder);
		char above[KEY_SIZE];
		name = split(above, part);
		parent = open_below(d->root, above, O_RDONLY | O_DIRECTORY);
		if (parent < 0)
			return err_sys(e, "open the folder '%s'", above);
		if (mkdirat(parent, name, 0700) != 0) {
			if (errno != EEXIST)
				return err_sys(e, "make the folder '%s'", part);
		} else if (fsync(parent) != 0)
			return err_sys(e, "sync the folder '%s'", above);
		if (folder[i] == '\0')
			return 0;
	}
}

static int
open_folder(int *ret, struct local *d, const char *folder, struct err *e)
{
	int fd = open_below(d->root, folder, O_RDONLY | O_DIRECTORY);

	if (fd < 0 && errno == ENOENT) {
		if (make_folders(d, folder, e) != 0)
			return -1;
		fd = open_below(d->root, folder, O_RDONLY | O_DIRECTORY);
	}
	if (fd < 0)
		return err_sys(e, "open the folder '%s'", folder);
	*ret = fd;
	return 0;
}

static void
upload_free(struct local_upload *up)
{
	fd_close(&up->fd);
	fd_close(&up->folder);
	free(up);
}

static int
local_begin(struct upload **ret, struct dest *base, const char *key, int64_t fence, struct err *e)
{
	struct local *d = (struct local *)base;
	struct local_upload *up = xmalloc(sizeof *up);
	char folder[KEY_SIZE];
	const char *name = split(folder, key);

	*up = (struct local_upload){ .base = { .driver = &dst_local }, .in = d, .folder = -1,
		.fd = -1 };
	snprintf(up->name, sizeof up->name, "%s", name);
	dest_temporary(up->temporary, sizeof up->temporary, name, fence);
	if (open_folder(&up->folder, d, folder, e) != 0)
		goto undo;
	/* Same fence, same worker: what lies there is from an attempt that was given up. */
	unlinkat(up->folder, up->temporary, 0);
	up->fd = openat(up->folder, up->temporary,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (up->fd < 0) {
		err_sys(e, "create '%s/%s'", folder, up->temporary);
		goto undo;
	}
	*ret = &up->base;
	return 0;
undo:
	upload_free(up);
	return failed(d, e);
}

static int
local_write(struct upload *base, const void *p, size_t n, struct err *e)
{
	enum { FLUSH = 32 << 20 };
	struct local_upload *up = (struct local_upload *)base;

	if (fd_write_all(up->fd, p, n, e) != 0)
		return failed(up->in, e);
	up->bytes += (int64_t)n;
	/* Start the disk early, so that the one fsync at the end has little left to wait for. */
	if (up->bytes - up->flushed >= FLUSH) {
		sync_file_range(up->fd, up->flushed, up->bytes - up->flushed,
		    SYNC_FILE_RANGE_WRITE);
		up->flushed = up->bytes;
	}
	return 0;
}

static int
local_commit(struct upload *base, struct err *e)
{
	struct local_upload *up = (struct local_upload *)base;
	int rc = fd_publish(up->fd, up->folder, up->temporary, up->name, e);

	if (rc != 0)
		failed(up->in, e);
	upload_free(up);
	return rc;
}

static void
local_abort(struct upload *base)
{
	struct local_upload *up = (struct local_upload *)base;

	unlinkat(up->folder, up->temporary, 0);
	upload_free(up);
}

static int
local_read_open(struct object **ret, int64_t *bytes, struct dest *base, const char *key,
    struct err *e)
{
	struct local *d = (struct local *)base;
	CLEANUP_FD int fd = open_below(d->root, key, O_RDONLY | O_NONBLOCK);
	struct local_object *o;
	struct stat st;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return err_set(e, ERR_NOT_FOUND, "storage %s has no '%s'", d->base.slug, key);
	if (fd < 0 || fstat(fd, &st) != 0) {
		err_sys(e, "open '%s'", key);
		return err_in(e, "storage %s", d->base.slug);
	}
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_DAMAGED, "storage %s: '%s' is not a file", d->base.slug, key);
	o = xmalloc(sizeof *o);
	*o = (struct local_object){ .base = { .driver = &dst_local, .bytes = st.st_size },
		.key = xstrdup(key), .fd = fd };
	fd = -1;
	*ret = &o->base;
	*bytes = st.st_size;
	return 0;
}

static ssize_t
local_read(struct object *base, int64_t offset, void *p, size_t n, struct err *e)
{
	struct local_object *o = (struct local_object *)base;
	size_t got = 0;

	while (got < n) {
		ssize_t r = pread(o->fd, (char *)p + got, n - got, offset + (off_t)got);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return err_sys(e, "read '%s' at byte %lld", o->key, (long long)offset);
		if (r == 0)
			break;
		got += (size_t)r;
	}
	return (ssize_t)got;
}

static void
local_read_close(struct object *base)
{
	struct local_object *o = (struct local_object *)base;

	close(o->fd);
	free(o->key);
	free(o);
}

static void
dir_closep(DIR **dir)
{
	if (*dir != NULL)
		closedir(*dir);
}
#define CLEANUP_DIR CLEANUP(dir_closep)

/* Takes over fd, also on failure. */
static DIR *
dir_of(int fd, struct err *e)
{
	DIR *dir = fdopendir(fd);

	if (dir == NULL) {
		err_sys(e, "list a folder");
		close(fd);
	}
	return dir;
}

/* Removes the temporaries of `key` below `fence`, and the object itself if `whole`. */
static int
clear(struct local *d, const char *key, int64_t fence, bool whole, struct err *e)
{
	char folder[KEY_SIZE];
	const char *name = split(folder, key);
	CLEANUP_DIR DIR *dir = NULL;
	int fd = open_below(d->root, folder, O_RDONLY | O_DIRECTORY);

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0)
		return err_sys(e, "open the folder '%s'", folder);
	dir = dir_of(fd, e);
	if (dir == NULL)
		return -1;
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		int64_t found = dest_fence_of(entry->d_name, name);
		bool temporary = found >= 0 && found < fence;

		if (!temporary && !(whole && strcmp(entry->d_name, name) == 0))
			continue;
		if (unlinkat(fd, entry->d_name, 0) != 0 && errno != ENOENT)
			return err_sys(e, "remove '%s/%s'", folder, entry->d_name);
	}
	if (fsync(fd) != 0)
		return err_sys(e, "sync the folder '%s'", folder);
	return 0;
}

/* The temporaries go first: should we die between, no upload of this key can end behind our back.
 */
static int
local_remove(struct dest *base, const char *key, struct err *e)
{
	struct local *d = (struct local *)base;

	if (clear(d, key, INT64_MAX, false, e) != 0 || clear(d, key, INT64_MAX, true, e) != 0)
		return err_in(e, "storage %s", d->base.slug);
	return 0;
}

static int
local_sweep(struct dest *base, const char *key, int64_t fence, struct err *e)
{
	struct local *d = (struct local *)base;

	if (clear(d, key, fence, false, e) != 0)
		return err_in(e, "storage %s", d->base.slug);
	return 0;
}

struct listing {
	dest_each *fn;
	void *arg;
};

static int list_folder(struct local *d, const char *folder, const struct listing *to,
    struct err *e);

static int
list_entry(struct local *d, int fd, const char *key, const struct listing *to, struct err *e)
{
	const char *slash = strrchr(key, '/');
	struct stat st;

	if (fstatat(fd, slash == NULL ? key : slash + 1, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : err_sys(e, "look at '%s'", key);
	if (S_ISDIR(st.st_mode))
		return list_folder(d, key, to, e);
	if (!S_ISREG(st.st_mode))
		return 0;
	const struct dest_entry found = {
		.key = key, .bytes = st.st_size,
		.changed_at = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000,
	};
	return to->fn(to->arg, &found, e);
}

static int
list_folder(struct local *d, const char *folder, const struct listing *to, struct err *e)
{
	CLEANUP_DIR DIR *dir = NULL;
	char key[KEY_SIZE];
	int fd = open_below(d->root, folder[0] ? folder : ".", O_RDONLY | O_DIRECTORY);

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0)
		return err_sys(e, "open the folder '%s'", folder);
	dir = dir_of(fd, e);
	if (dir == NULL)
		return -1;
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		/* A longer path cannot be a key of ours. */
		if (snprintf(key, sizeof key, "%s%s%s", folder, folder[0] ? "/" : "", entry->d_name)
		    >= (int)sizeof key)
			continue;
		if (list_entry(d, fd, key, to, e) != 0)
			return -1;
	}
	return 0;
}

static int
local_each(struct dest *base, const char *prefix, dest_each *fn, void *arg, struct err *e)
{
	struct local *d = (struct local *)base;
	const struct listing to = { fn, arg };

	if (list_folder(d, prefix, &to, e) != 0)
		return err_in(e, "storage %s", d->base.slug);
	return 0;
}

const struct dest_driver dst_local = {
	.kind = "local",
	.open = local_open, .close = local_close, .space = local_space,
	.begin = local_begin, .write = local_write, .commit = local_commit, .abort = local_abort,
	.read_open = local_read_open, .read = local_read, .read_close = local_read_close,
	.reads_apart = true,
	.remove = local_remove, .sweep = local_sweep, .each = local_each,
};
