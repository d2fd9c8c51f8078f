/* room.c: why a file system takes nothing more, and what to do about it. */
#include "lib/base/room.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <sys/statvfs.h>

#include "lib/base/fd.h"
#include "lib/base/num.h"

/* A file system that makes inodes as it needs them says that it has none at all. */
static void
tell_full(struct err *e, const char *place, const struct statvfs *v)
{
	char has[NUM_TEXT];

	num_size(has, (int64_t)v->f_bavail * (int64_t)v->f_frsize);
	if (v->f_files > 0 && v->f_favail == 0)
		err_set(e, ERR_FULL,
		    "%s has no free inodes: its file system has %" PRIu64 " of them, one for each"
		    " file, though %s are free. Remove files there, or move it to a file system"
		    " with more inodes", place, (uint64_t)v->f_files, has);
	else
		err_set(e, ERR_FULL, "%s is full: has %s", place, has);
}

bool
room_tell(struct err *e, int fd, const char *place)
{
	struct statvfs v;

	if (e->os == EROFS)
		err_set(e, ERR_FULL,
		    "%s is read-only: its file system was mounted so, or became so after a fault"
		    " of the disk (the kernel's log tells). Mend that, then mount it writable",
		    place);
	else if (e->os == EDQUOT)
		err_set(e, ERR_FULL,
		    "%s is full: the worker's quota on its file system is used up. Raise the quota,"
		    " or make room", place);
	else if (e->os == ENOSPC && fstatvfs(fd, &v) == 0)
		tell_full(e, place, &v);
	else
		return false;
	return true;
}

bool
room_tell_folder(struct err *e, const char *path)
{
	CLEANUP_FD int fd = open(path, O_PATH | O_CLOEXEC);
	char place[ERR_TEXT_MAX / 2];

	snprintf(place, sizeof place, "the folder '%s'", path);
	return room_tell(e, fd, place);
}

int
room_not_made(struct err *e, const char *path)
{
	char folder[ERR_TEXT_MAX];

	err_sys(e, "create '%s'", path);
	if (snprintf(folder, sizeof folder, "%s", path) < (int)sizeof folder)
		room_tell_folder(e, dirname(folder));
	return -1;
}
