/* unpack_put.c: one entry of an archive, put on the disk below its root. */
#include "worker/archive/unpack_put.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/fd.h"
#include "lib/base/room.h"

/* A backup has a member for each folder, soon after what is in it; and none is so deep. */
enum { PENDING_MAX = 4096 };
/* Smaller files are not worth a call. */
enum { FLUSH_LEAST = 32 << 10 };
enum { FILE_FLAGS = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC };

int
unpack_put_damaged(struct err *e, const char *path, const char *why)
{
	CLEANUP_BUF struct buf shown = BUF_INIT;

	manifest_show_path(&shown, path[0] ? path : ".");
	return err_set(e, ERR_DAMAGED, "'%.500s' %s", shown.p, why);
}

/* What the disk said; what an archive can bring about is the archive's fault. */
static int
failed(struct err *e, const struct unpack_put *put, const char *what)
{
	CLEANUP_BUF struct buf shown = BUF_INIT;
	int why = errno;

	if (why == EEXIST)
		return unpack_put_damaged(e, put->entry.path, "is in the archive twice");
	if (why == ELOOP || why == ENOTDIR || why == EXDEV)
		return unpack_put_damaged(e, put->entry.path,
		    "is below something that is no folder");
	manifest_show_path(&shown, put->entry.path[0] ? put->entry.path : ".");
	errno = why;
	err_sys(e, "%s '%.500s'", what, shown.p);
	room_tell(e, put->root, "the target");
	return -1;
}

static void
times_of(struct timespec times[2], const struct entry *entry)
{
	times[0] = (struct timespec){ .tv_sec = entry->mtime_s, .tv_nsec = entry->mtime_ns };
	times[1] = times[0];
}

/* The owner first: changing it takes bits from the mode. */
static int
finish(int fd, const struct unpack_hand *h, const struct entry *entry, mode_t mask)
{
	struct timespec times[2];

	times_of(times, entry);
	if (h->owners && fchown(fd, entry->uid, entry->gid) != 0)
		return -1;
	return fchmod(fd, entry->mode & mask) == 0 && futimens(fd, times) == 0 ? 0 : -1;
}

static int
parent_of(const char **name, struct unpack_hand *h, const struct unpack_put *put, struct err *e)
{
	int fd = beneath_parent(name, &h->beneath, put->root, put->below, h->pending);

	if (fd >= 0 && atomic_load(h->pending) > PENDING_MAX)
		return unpack_put_damaged(e, put->entry.path,
		    "is below folders that are not in the archive");
	return fd >= 0 ? fd : failed(e, put, "make the folder of");
}

/* A folder that is finished already looks afterwards as if nothing had come. */
static int
open_late(int parent, const char *name)
{
	struct timespec times[2];
	struct stat st;
	int fd;

	if (fstat(parent, &st) != 0 || fchmod(parent, (st.st_mode & 07777) | 0700) != 0)
		return -1;
	times[0] = times[1] = st.st_mtim;
	fd = openat(parent, name, FILE_FLAGS, 0600);
	if (fd >= 0 && (fchmod(parent, st.st_mode & 07777) != 0 || futimens(parent, times) != 0))
		fd_close(&fd);
	return fd;
}

int
unpack_put_begin(int *fd, struct unpack_hand *h, const struct unpack_put *put, struct err *e)
{
	const char *name;
	int parent = parent_of(&name, h, put, e);

	if (parent < 0)
		return -1;
	*fd = put->late ? open_late(parent, name) : openat(parent, name, FILE_FLAGS, 0600);
	return *fd >= 0 ? 0 : failed(e, put, "make");
}

int
unpack_put_write(int fd, const struct unpack_put *put, const void *p, size_t n, struct err *e)
{
	if (fd_write_all(fd, p, n, e) != 0) {
		room_tell(e, put->root, "the target");
		return -1;
	}
	/* Starts the disk early, so that little is left to wait for in the end; only a hint. */
	if (n >= FLUSH_LEAST)
		sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	return 0;
}

int
unpack_put_end(int *fd, struct unpack_hand *h, const struct unpack_put *put, struct err *e)
{
	char hash[HASH_HEX_SIZE];

	hash_hex(h->hash, hash);
	if (strcmp(hash, put->entry.sha256) != 0)
		return unpack_put_damaged(e, put->entry.path,
		    "differs: its SHA-256 is not that of the manifest");
	if (finish(*fd, h, &put->entry, 0777) != 0)
		return failed(e, put, "set mode, owner and time of");
	fd_close(fd);
	return 0;
}

int
unpack_put_file(struct unpack_hand *h, const struct unpack_put *put, const void *p, struct err *e)
{
	size_t n = (size_t)put->entry.size;
	CLEANUP_FD int fd = -1;

	if (unpack_put_begin(&fd, h, put, e) != 0)
		return -1;
	hash_add(h->hash, p, n);
	if (unpack_put_write(fd, put, p, n, e) != 0)
		return -1;
	return unpack_put_end(&fd, h, put, e);
}

int
unpack_put_link(struct unpack_hand *h, const struct unpack_put *put, struct err *e)
{
	const struct entry *entry = &put->entry;
	struct timespec times[2];
	const char *name;
	int parent = parent_of(&name, h, put, e);

	if (parent < 0)
		return -1;
	times_of(times, entry);
	if (symlinkat(entry->target, parent, name) != 0)
		return failed(e, put, "make");
	if ((h->owners
	        && fchownat(parent, name, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW) != 0)
	    || utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW) != 0)
		return failed(e, put, "set owner and time of");
	return 0;
}

int
unpack_put_hardlink(struct unpack_hand *h, const struct unpack_put *put, struct err *e)
{
	const char *name, *first;
	int parent = parent_of(&name, h, put, e), from;
	struct stat st;

	if (parent < 0)
		return -1;
	from = beneath_parent(&first, &h->other, put->from_root, put->from_below, NULL);
	if (from < 0 || fstatat(from, first, &st, AT_SYMLINK_NOFOLLOW) != 0
	    || !S_ISREG(st.st_mode) || st.st_size != put->entry.size)
		return unpack_put_damaged(e, put->entry.path,
		    "is a further name of something that is no such file");
	return linkat(from, first, parent, name, 0) == 0 ? 0 : failed(e, put, "make");
}

int
unpack_put_folder(struct unpack_hand *h, const struct unpack_put *put, struct err *e)
{
	size_t n = strlen(put->below);
	CLEANUP_FD int fd = -1;
	/* The mode that would be taken for an unfinished folder; its sticky bit says nothing. */
	mode_t mask = (put->entry.mode & BENEATH_MODE_MASK) == BENEATH_NEW ? 0777
	                                                                   : BENEATH_MODE_MASK;
	struct stat st;

	fd = beneath_folder(put->root, put->below, n, h->pending);
	if (fd < 0 || fstat(fd, &st) != 0)
		return failed(e, put, "make the folder");
	if ((st.st_mode & BENEATH_MODE_MASK) != BENEATH_NEW)
		return unpack_put_damaged(e, put->entry.path, "is in the archive twice");
	if (finish(fd, h, &put->entry, mask) != 0)
		return failed(e, put, "set mode, owner and time of");
	/* The root was not made by us. */
	atomic_fetch_sub(h->pending, n > 0);
	return 0;
}
