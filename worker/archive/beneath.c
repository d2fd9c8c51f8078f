/* beneath.c: folders below an open one, reached without following a link. */
#include "worker/archive/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/fault.h"
#include "lib/base/fd.h"

enum { STEP_MAX = 4000 };

static int
open_step(int at, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	int fd;

	if (FAULT_CONTROL("beneath.open"))
		return openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* EAGAIN: something was renamed meanwhile, so that the kernel cannot be sure. */
	do {
		fd = (int)syscall(SYS_openat2, at, path, &how, sizeof how);
	} while (fd < 0 && errno == EAGAIN);
	return fd;
}

/* One step made of as many components as fit. */
static int
open_steps(int root, const char *path, size_t n)
{
	CLEANUP_FD int at = -1;
	int ret;

	for (;;) {
		char step[STEP_MAX + 1];
		size_t take = n;
		int next;

		if (take > STEP_MAX)
			for (take = STEP_MAX; take > 0 && path[take] != '/'; take--)
				;
		memcpy(step, path, take);
		step[take] = '\0';
		next = open_step(at >= 0 ? at : root, take > 0 ? step : ".");
		if (next < 0)
			return -1;
		fd_close(&at);
		at = next;
		if (take == n)
			break;
		path += take + 1;
		n -= take + 1;
	}
	ret = at;
	at = -1;
	return ret;
}

static size_t
parent_length(const char *path, size_t n)
{
	while (n > 0 && path[n - 1] != '/')
		n--;
	return n > 0 ? n - 1 : 0;
}

/* The folder and its missing parents: from the first one that is there downwards. */
static int
make_folder(int root, const char *path, size_t n, atomic_int *made)
{
	size_t there = n;
	CLEANUP_FD int at = -1;
	int ret;

	do {
		there = parent_length(path, there);
		at = open_steps(root, path, there);
	} while (at < 0 && errno == ENOENT && there > 0);
	while (at >= 0 && there < n) {
		size_t start = there > 0 ? there + 1 : 0, length = 0;
		char name[256];
		int next;

		while (start + length < n && path[start + length] != '/')
			length++;
		if (length >= sizeof name) {
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(name, path + start, length);
		name[length] = '\0';
		/* Another thread may have been first. */
		if (mkdirat(at, name, BENEATH_NEW) == 0)
			atomic_fetch_add(made, 1);
		else if (errno != EEXIST)
			return -1;
		next = open_step(at, name);
		fd_close(&at);
		at = next;
		there = start + length;
	}
	ret = at;
	at = -1;
	return ret;
}

int
beneath_folder(int root, const char *path, size_t n, atomic_int *made)
{
	int fd = open_steps(root, path, n);

	if (fd < 0 && errno == ENOENT && made != NULL && n > 0)
		fd = make_folder(root, path, n, made);
	return fd;
}

int
beneath_parent(const char **name, struct beneath *b, int root, const char *below,
    atomic_int *made)
{
	const char *slash = strrchr(below, '/');
	size_t n = slash != NULL ? (size_t)(slash - below) : 0;

	*name = slash != NULL ? slash + 1 : below[0] ? below : ".";
	if (b->fd >= 0 && b->root == root && b->path.n == n && memcmp(b->path.p, below, n) == 0)
		return b->fd;
	fd_close(&b->fd);
	b->fd = beneath_folder(root, below, n, made);
	b->root = root;
	buf_clear(&b->path);
	buf_add(&b->path, below, n);
	return b->fd;
}

void
beneath_release(struct beneath *b)
{
	fd_close(&b->fd);
	buf_release(&b->path);
}
