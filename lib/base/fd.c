/* fd.c: whole reads, whole writes, and the one way a file is published. */
#include "lib/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/fault.h"

void
fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int
fd_write_all(int fd, const void *p, size_t n, struct err *e)
{
	const char *at = p;
	ssize_t w;

	while (n > 0) {
		w = write(fd, at, n);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return err_sys(e, "write");
		at += w;
		n -= (size_t)w;
	}
	return 0;
}

ssize_t
fd_read_full(int fd, void *p, size_t n, struct err *e)
{
	char *at = p;
	size_t got = 0;
	ssize_t r;

	while (got < n) {
		r = read(fd, at + got, n - got);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return err_sys(e, "read");
		if (r == 0)
			break;
		got += (size_t)r;
	}
	return (ssize_t)got;
}

int
fd_read_all(struct buf *to, int fd, size_t max, struct err *e)
{
	enum { STEP = 16 * 1024 };
	size_t start = to->n;
	ssize_t r;

	do {
		r = fd_read_full(fd, buf_room(to, STEP), STEP, e);
		if (r < 0)
			return -1;
		buf_took(to, (size_t)r);
		if (to->n - start > max)
			return err_set(e, ERR_INPUT, "larger than the limit of %zu bytes", max);
	} while (r == STEP);
	return 0;
}

int
fd_read_file(struct buf *to, const char *path, size_t max, struct err *e)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return err_set(e, ERR_NOT_FOUND, "'%s' does not exist", path);
	if (fd < 0)
		return err_sys(e, "open '%s'", path);
	if (fd_read_all(to, fd, max, e) != 0)
		return err_in(e, "'%s'", path);
	return 0;
}

static int
sync_folder_of(int dirfd, const char *name, struct err *e)
{
	CLEANUP_FD int folder = -1;
	char path[PATH_MAX];

	if (snprintf(path, sizeof path, "%s", name) >= (int)sizeof path)
		return err_set(e, ERR_INTERNAL, "path too long");
	folder = openat(dirfd, dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0 || fsync(folder) != 0)
		return err_sys(e, "sync the folder of '%s'", name);
	return 0;
}

int
fd_sync_folder(const char *path, struct err *e)
{
	return sync_folder_of(AT_FDCWD, path, e);
}

int
fd_publish(int fd, int dirfd, const char *temporary, const char *name, struct err *e)
{
	FAULT("publish.before_sync");
	if (fsync(fd) != 0) {
		err_sys(e, "sync '%s'", temporary);
		unlinkat(dirfd, temporary, 0);
		return -1;
	}
	FAULT("publish.before_rename");
	if (renameat(dirfd, temporary, dirfd, name) != 0) {
		err_sys(e, "rename '%s' to '%s'", temporary, name);
		unlinkat(dirfd, temporary, 0);
		return -1;
	}
	FAULT("publish.after_rename");
	return sync_folder_of(dirfd, name, e);
}

int
fd_put_file(const char *path, const void *p, size_t n, mode_t mode, struct err *e)
{
	CLEANUP_FD int fd = -1;
	char temporary[PATH_MAX];

	if (snprintf(temporary, sizeof temporary, "%s.%d.tmp", path, getpid()) >=
	    (int)sizeof temporary)
		return err_set(e, ERR_INTERNAL, "path too long: '%s'", path);
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	if (fd < 0)
		return err_sys(e, "create '%s'", temporary);
	if (fchmod(fd, mode) != 0 || fd_write_all(fd, p, n, e) != 0) {
		unlink(temporary);
		return err_in(e, "'%s'", path);
	}
	return fd_publish(fd, AT_FDCWD, temporary, path, e);
}

int
fd_make_path(const char *path, struct err *e)
{
	char part[PATH_MAX];

	if (snprintf(part, sizeof part, "%s", path) >= (int)sizeof part)
		return err_set(e, ERR_INTERNAL, "path too long: '%s'", path);
	for (char *p = part + 1;; p++) {
		char was = *p;

		if (was != '/' && was != '\0')
			continue;
		*p = '\0';
		if (mkdir(part, 0700) != 0 && errno != EEXIST)
			return err_sys(e, "make the folder '%s'", part);
		*p = was;
		if (was == '\0')
			return 0;
	}
}
