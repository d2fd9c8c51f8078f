/* fd.h: whole reads, whole writes, and the one way a file is published.
 *
 * Publishing (design: nothing half-written is ever listed): write under a
 * temporary name in the same folder, fsync, rename, fsync the folder. A failed
 * fsync means the file is abandoned; it is never tried a second time.
 */
#ifndef LIB_BASE_FD_H
#define LIB_BASE_FD_H

#include <stddef.h>
#include <sys/types.h>

#include "lib/base/attr.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"

void fd_close(int *fd);                 /* for CLEANUP_FD; -1 is fine, sets -1 */
#define CLEANUP_FD CLEANUP(fd_close)

MUST_USE int fd_write_all(int fd, const void *p, size_t n, struct err *e);

/* Read up to n bytes, fewer only at the end of the file; returns the count or -1. */
MUST_USE ssize_t fd_read_full(int fd, void *p, size_t n, struct err *e);

/* Append the whole rest of fd to `to`; more than `max` bytes is ERR_INPUT. */
MUST_USE int fd_read_all(struct buf *to, int fd, size_t max, struct err *e);

/* The whole file at `path`, as fd_read_all(). A missing file is ERR_NOT_FOUND. */
MUST_USE int fd_read_file(struct buf *to, const char *path, size_t max, struct err *e);

/* fsync(fd), rename `temporary` to `name` (both below dirfd), fsync the folder that
 * holds `name`. On failure the temporary file is removed and `name` is as it was. */
MUST_USE int fd_publish(int fd, int dirfd, const char *temporary, const char *name, struct err *e);

/* Publish `n` bytes as the file `path` with this mode, by fd_publish(). */
MUST_USE int fd_put_file(const char *path, const void *p, size_t n, mode_t mode, struct err *e);

/* fsync the folder that holds `path`: what was linked or renamed there is on disk. */
MUST_USE int fd_sync_folder(const char *path, struct err *e);

/* mkdir -p with mode 0700 for what is made; existing folders are left as they are. */
MUST_USE int fd_make_path(const char *path, struct err *e);

#endif
