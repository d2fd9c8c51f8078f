/* raze.c: a whole tree removed or measured, whatever its depth, without following a link. */
#include "worker/target/raze.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/fd.h"

/* Each level holds a descriptor; what is deeper is moved to the top first. */
enum { LEVELS_MAX = 64, FOLDER_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

struct razing {
	int top;                      /* the tree's own folder */
	dev_t device;
	int64_t moved;
};

static void
dir_closep(DIR **dir)
{
	if (*dir != NULL)
		closedir(*dir);
}

/* A folder that its owner may not read or change is opened up. */
static int
open_folder(int parent, const char *name, bool change)
{
	int fd = openat(parent, name, FOLDER_FLAGS);
	struct stat st;

	if (fd < 0 && errno == EACCES && change) {
		char self[64];
		CLEANUP_FD int path =
		    openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		snprintf(self, sizeof self, "/proc/self/fd/%d", path);
		if (path < 0 || chmod(self, 0700) != 0)
			return -1;
		fd = openat(parent, name, FOLDER_FLAGS);
	}
	if (fd >= 0 && change && fstat(fd, &st) == 0 && (st.st_mode & 0300) != 0300
	    && fchmod(fd, 0700) != 0)
		fd_close(&fd);
	return fd;
}

static bool
is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int
failed(struct err *e, const char *what, const char *name)
{
	return err_sys(e, "%s '%.300s'", what, name);
}

static int
move_up(struct razing *r, int parent, const char *name, struct err *e)
{
	char aside[40];

	/* Such a name may be taken by what is there. */
	do {
		snprintf(aside, sizeof aside, ".raze-%lld", (long long)r->moved++);
	} while (faccessat(r->top, aside, F_OK, AT_SYMLINK_NOFOLLOW) == 0);
	return renameat(parent, name, r->top, aside) == 0 ? 0 : failed(e, "move the folder", name);
}

static int empty_folder(struct razing *r, int fd, int level, struct err *e);

static int
remove_folder(struct razing *r, int parent, const char *name, int level, struct err *e)
{
	/* Opened up also to be moved: that changes its "..". */
	CLEANUP_FD int fd = open_folder(parent, name, true);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		return failed(e, "open the folder", name);
	if (st.st_dev != r->device)
		return err_set(e, ERR_CONFLICT,
		    "'%.300s' is a mounted file system; unmount it, then this can be removed",
		    name);
	if (level >= LEVELS_MAX)
		return move_up(r, parent, name, e);
	if (empty_folder(r, fd, level, e) != 0)
		return -1;
	return unlinkat(parent, name, AT_REMOVEDIR) == 0 ? 0 : failed(e, "remove", name);
}

static int
empty_folder(struct razing *r, int fd, int level, struct err *e)
{
	int mine = dup(fd);
	CLEANUP(dir_closep) DIR *dir = mine >= 0 ? fdopendir(mine) : NULL;
	bool again = true;

	if (dir == NULL) {
		fd_close(&mine);
		return err_sys(e, "list a folder");
	}
	/* Once more while something was there: what is moved to the top may come behind the end. */
	while (again) {
		struct dirent *entry;

		again = false;
		rewinddir(dir);
		while (errno = 0, (entry = readdir(dir)) != NULL) {
			if (is_dots(entry->d_name))
				continue;
			again = true;
			if (unlinkat(fd, entry->d_name, 0) == 0)
				continue;
			if (errno != EISDIR && errno != EPERM)
				return failed(e, "remove", entry->d_name);
			if (remove_folder(r, fd, entry->d_name, level + 1, e) != 0)
				return -1;
		}
		if (errno != 0)
			return err_sys(e, "list a folder");
	}
	return 0;
}

int
raze_tree(int folder, const char *name, struct err *e)
{
	struct razing r = { .top = -1 };
	struct stat st;
	int rc;

	if (unlinkat(folder, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return failed(e, "remove", name);
	CLEANUP_FD int top = open_folder(folder, name, true);

	if (top < 0 || fstat(top, &st) != 0)
		return failed(e, "open the folder", name);
	r.top = top;
	r.device = st.st_dev;
	rc = empty_folder(&r, top, 0, e);
	if (rc != 0)
		return err_in(e, "'%.300s'", name);
	return unlinkat(folder, name, AT_REMOVEDIR) == 0 ? 0 : failed(e, "remove", name);
}

/* What cannot be entered is not counted: this is a figure for people. */
static void
measure(int64_t *bytes, int parent, const char *name, int level)
{
	CLEANUP_FD int fd = -1;
	CLEANUP(dir_closep) DIR *dir = NULL;
	struct stat st;
	int mine;

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return;
	/* Each name of a file has its share. */
	*bytes += (int64_t)st.st_blocks * 512 / (S_ISDIR(st.st_mode) ? 1 : (int64_t)st.st_nlink);
	if (!S_ISDIR(st.st_mode) || level > LEVELS_MAX * 4)
		return;
	fd = open_folder(parent, name, false);
	mine = fd >= 0 ? dup(fd) : -1;
	dir = mine >= 0 ? fdopendir(mine) : NULL;
	if (dir == NULL)
		fd_close(&mine);
	for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;)
		if (!is_dots(entry->d_name))
			measure(bytes, fd, entry->d_name, level + 1);
}

int
raze_measure(int64_t *bytes, int folder, const char *name, struct err *e)
{
	struct stat st;
	int64_t sum = 0;

	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0 && errno != ENOENT)
		return failed(e, "look at", name);
	measure(&sum, folder, name, 0);
	*bytes = sum;
	return 0;
}
