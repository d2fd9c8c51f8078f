/* ballast.c: a little room kept back on the catalogue's disk. */
#include "worker/job/ballast.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "lib/base/log.h"

enum { BALLAST_BYTES = 1 << 20, PATH_SIZE = 4096 };

static bool
path_of(char out[PATH_SIZE], const struct conf *conf)
{
	return snprintf(out, PATH_SIZE, "%s/ballast", conf->run) < PATH_SIZE;
}

void
ballast_keep(const struct conf *conf)
{
	CLEANUP_FD int fd = -1;
	char path[PATH_SIZE];
	struct statvfs v;
	struct stat st;

	if (!path_of(path, conf) || (stat(path, &st) == 0 && st.st_size == BALLAST_BYTES))
		return;
	if (statvfs(conf->run, &v) != 0 ||
	    (int64_t)v.f_bavail * (int64_t)v.f_frsize < 4 * (int64_t)BALLAST_BYTES)
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || posix_fallocate(fd, 0, BALLAST_BYTES) != 0)
		unlink(path);
}

void
ballast_drop(const struct conf *conf)
{
	char path[PATH_SIZE];

	if (path_of(path, conf) && unlink(path) == 0)
		log_line(LOG_WARN, "disk.full",
		    "the disk of the catalogue is full; its reserve of 1 MB is given up");
}
