/* folder.c: removing a folder of ours with all that is in it. */
#include "worker/job/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Our folders are flat or nearly so; a tree that is deeper is somebody else's. */
enum { DEPTH_MAX = 16 };

static int
remove_below(int parent, const char *name, int depth, struct err *e)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct dirent *d;
	int rc = 0;
	DIR *dir;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, "open the folder '%s'", name);
	dir = depth > 0 ? fdopendir(fd) : NULL;
	if (dir == NULL) {
		close(fd);
		return err_set(e, ERR_INTERNAL, "folder '%s' is too deep to remove", name);
	}
	while (rc == 0 && (d = readdir(dir)) != NULL) {
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		if (unlinkat(fd, d->d_name, 0) == 0 || errno == ENOENT)
			continue;
		rc = errno == EISDIR || errno == EPERM ? remove_below(fd, d->d_name, depth - 1, e)
		    : err_sys(e, "remove '%s'", d->d_name);
	}
	closedir(dir);
	if (rc == 0 && unlinkat(parent, name, AT_REMOVEDIR) != 0 && errno != ENOENT)
		return err_sys(e, "remove the folder '%s'", name);
	return rc;
}

int
folder_remove(const char *path, struct err *e)
{
	if (remove_below(AT_FDCWD, path, DEPTH_MAX, e) != 0)
		return err_in(e, "'%s'", path);
	return 0;
}
