/* tree.h: for tests: trees of files as hostile as they come, and whether two of them are equal. */
#ifndef TESTS_UNIT_TREE_H
#define TESTS_UNIT_TREE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/attr.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/rand.h"

enum { TREE_PATH = 4096 };

/* Run a program in a folder; its exit status. */
UNUSED static int
tree_run(const char *folder, const char *const *argv)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		if (chdir(folder) != 0)
			_exit(126);
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
#define RUN(folder, ...) tree_run(folder, (const char *const[]){ __VA_ARGS__, NULL })

static void
tree_stamp(int dirfd, const char *name, int64_t s, long ns)
{
	const struct timespec times[2] = { { .tv_sec = s, .tv_nsec = ns },
		{ .tv_sec = s, .tv_nsec = ns } };

	assert_int_equal(utimensat(dirfd, name, times, AT_SYMLINK_NOFOLLOW), 0);
}

UNUSED static void
tree_put(int dirfd, const char *name, const void *p, size_t n)
{
	CLEANUP_FD int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	struct err e;

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, p, n, &e), 0);
}

UNUSED static int
tree_folder(int dirfd, const char *name)
{
	int fd;

	assert_int_equal(mkdirat(dirfd, name, 0755), 0);
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

/* Bytes that zstd presses, or that it does not. */
UNUSED static void
tree_put_many(int dirfd, const char *name, size_t n, bool random)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	char *p = buf_room(&b, n);

	if (random)
		rand_bytes(p, n);
	else
		for (size_t i = 0; i < n; i++)
			p[i] = "lorem ipsum dolor\n"[i % 18];
	buf_took(&b, n);
	tree_put(dirfd, name, b.p, b.n);
}

static void
tree_names(int root)
{
	char longest[256], target[301];

	memset(longest, 'n', 255);
	longest[255] = '\0';
	memset(target, 't', 300);
	target[300] = '\0';
	tree_put(root, "plain.txt", "plain\n", 6);
	tree_put(root, "-rf", "dash\n", 5);
	tree_put(root, "-", "only a dash\n", 12);
	tree_put(root, "new\nline", "newline\n", 8);
	tree_put(root, "re\rturn", "return\n", 7);
	tree_put(root, "back\\slash \\n", "backslash\n", 10);
	tree_put(root, "\xff\xfe bad utf-8", "bytes\n", 6);
	tree_put(root, "M\xc3\xbcnchen = #1", "umlaut\n", 7);
	tree_put(root, longest, "255\n", 4);
	tree_put(root, "empty", "", 0);
	assert_int_equal(symlinkat("nowhere", root, "dangling"), 0);
	assert_int_equal(symlinkat("/etc/passwd", root, "absolute"), 0);
	assert_int_equal(symlinkat(target, root, "long link"), 0);
	assert_int_equal(symlinkat("\xff/\n", root, "odd link"), 0);
	assert_int_equal(symlinkat("plain.txt", root, "link"), 0);
	tree_stamp(root, "link", 1234567890, 987654321);
	tree_stamp(root, "plain.txt", 1234567890, 123456789);
	tree_stamp(root, "empty", 1000000000, 0);
	tree_stamp(root, "-rf", -86400, 0);
}

/* Five folders of 250 bytes each: paths far over 255, of UTF-8 and of other bytes. */
static void
tree_depths(int root)
{
	char name[251];
	int at = dup(root);

	for (int i = 0; i < 5; i++) {
		int next;

		memset(name, i == 4 ? '\xfe' : 'a' + i, 250);
		name[250] = '\0';
		next = tree_folder(at, name);
		tree_put(next, "deep", "deep\n", 5);
		close(at);
		at = next;
	}
	close(at);
}

static void
tree_links(int root)
{
	int folder = tree_folder(root, "links");

	tree_put(folder, "one", "several names\n", 14);
	assert_int_equal(linkat(folder, "one", folder, "two", 0), 0);
	assert_int_equal(linkat(folder, "one", root, "three", 0), 0);
	tree_put_many(folder, "big one", 6 << 20, true);
	assert_int_equal(linkat(folder, "big one", root, "big two", 0), 0);
	tree_put_many(folder, "flat one", 100000, true);
	assert_int_equal(linkat(folder, "flat one", folder, "flat two", 0), 0);
	close(folder);
}

static void
tree_sizes(int root)
{
	CLEANUP_FD int sparse = -1;
	char name[32];
	int folder = tree_folder(root, "sizes");

	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof name, "small-%03d", i);
		tree_put_many(folder, name, (size_t)i * 37, i % 2);
	}
	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof name, "middle-%03d", i);
		tree_put_many(folder, name, (size_t)i * 15013, i % 3);
	}
	tree_put_many(folder, "big random", (9 << 20) + 511, true);
	tree_put_many(folder, "big text", (9 << 20) + 1, false);
	tree_put_many(folder, "whole slot", (4 << 20) - 2048, true);
	tree_put_many(folder, "whole frame", 4 << 20, false);
	sparse = openat(folder, "sparse", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_int_equal(ftruncate(sparse, 20 << 20), 0);
	assert_int_equal(pwrite(sparse, "end", 3, (20 << 20) - 3), 3);
	close(folder);
}

static void
tree_modes(int root)
{
	int folder = tree_folder(root, "closed");

	tree_put(folder, "setuid", "#!\n", 3);
	assert_int_equal(fchmodat(folder, "setuid", 04755, 0), 0);
	tree_put(folder, "secret", "x\n", 2);
	assert_int_equal(fchmodat(folder, "secret", 0600, 0), 0);
	tree_put_many(folder, "picture", 70000, true);
	assert_int_equal(fchmod(folder, 0555), 0);
	tree_stamp(root, "closed", 1111111111, 111111111);
	close(folder);
	close(tree_folder(root, "empty folder"));
	assert_int_equal(fchmodat(root, "empty folder", 01777, 0), 0);
	tree_stamp(root, "empty folder", 1222222222, 5);
}

/* Everything a backup must bring back. */
UNUSED static void
tree_make(const char *path)
{
	CLEANUP_FD int root = -1;

	assert_int_equal(mkdir(path, 0755), 0);
	root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	tree_names(root);
	tree_depths(root);
	tree_links(root);
	tree_sizes(root);
	tree_modes(root);
	tree_stamp(root, ".", 1333333333, 333333333);
}

/* What must never be opened; returns how many. */
UNUSED static int
tree_add_specials(const char *path)
{
	CLEANUP_FD int root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	CLEANUP_FD int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int n = 2;

	assert_int_equal(mkfifoat(root, "fifo", 0644), 0);
	snprintf(address.sun_path, sizeof address.sun_path, "%.80s/socket", path);
	assert_int_equal(bind(s, (const struct sockaddr *)&address, sizeof address), 0);
	/* /dev/tty's number: opening it would give us a terminal. Needs root. */
	n += mknodat(root, "device", S_IFCHR | 0644, (dev_t)(5 << 8)) == 0;
	return n;
}

static bool
tree_same_content(int a, int b, const char *name)
{
	CLEANUP_FD int one = openat(a, name, O_RDONLY | O_CLOEXEC);
	CLEANUP_FD int two = openat(b, name, O_RDONLY | O_CLOEXEC);
	CLEANUP_BUF struct buf first = BUF_INIT, second = BUF_INIT;
	struct err e;

	return one >= 0 && two >= 0 && fd_read_all(&first, one, 1 << 30, &e) == 0
	    && fd_read_all(&second, two, 1 << 30, &e) == 0 && first.n == second.n
	    && memcmp(first.p, second.p, first.n) == 0;
}

static bool
tree_same_target(int a, int b, const char *name)
{
	char one[TREE_PATH] = "", two[TREE_PATH] = "";

	return readlinkat(a, name, one, sizeof one - 1) >= 0
	    && readlinkat(b, name, two, sizeof two - 1) >= 0 && strcmp(one, two) == 0;
}

struct tree_check {
	bool times, links;            /* compare nanoseconds; compare link counts */
	int seen, differ;
};

static void tree_compare_at(struct tree_check *c, int a, int b);

static void
tree_compare_one(struct tree_check *c, int a, int b, const char *name)
{
	struct stat one, two;
	bool same;

	c->seen++;
	same = fstatat(a, name, &one, AT_SYMLINK_NOFOLLOW) == 0
	    && fstatat(b, name, &two, AT_SYMLINK_NOFOLLOW) == 0;
	same = same && one.st_mode == two.st_mode && one.st_uid == two.st_uid &&
	    one.st_gid == two.st_gid;
	if (same && c->times)
		same = one.st_mtim.tv_sec == two.st_mtim.tv_sec &&
		    one.st_mtim.tv_nsec == two.st_mtim.tv_nsec;
	if (same && c->links && S_ISREG(one.st_mode))
		same = one.st_nlink == two.st_nlink;
	if (same && S_ISREG(one.st_mode))
		same = tree_same_content(a, b, name);
	if (same && S_ISLNK(one.st_mode))
		same = tree_same_target(a, b, name);
	if (!same) {
		c->differ++;
		print_message("differs: %.200s\n", name);
	} else if (S_ISDIR(one.st_mode)) {
		CLEANUP_FD int below_a = openat(a, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		CLEANUP_FD int below_b = openat(b, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		tree_compare_at(c, below_a, below_b);
	}
}

static int
tree_count(int fd)
{
	DIR *dir = fdopendir(openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	int n = 0;

	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static void
tree_compare_at(struct tree_check *c, int a, int b)
{
	DIR *dir = fdopendir(openat(a, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));

	for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			tree_compare_one(c, a, b, entry->d_name);
	closedir(dir);
	c->differ += tree_count(a) != tree_count(b);
}

/* How many paths of `a` are not the same in `b`; a folder with more or fewer names counts too. */
UNUSED static int
tree_compare(struct tree_check *c, const char *a, const char *b)
{
	CLEANUP_FD int one = open(a, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP_FD int two = open(b, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st_one, st_two;

	tree_compare_at(c, one, two);
	assert_int_equal(fstat(one, &st_one), 0);
	assert_int_equal(fstat(two, &st_two), 0);
	if (c->times)
		c->differ += st_one.st_mtim.tv_nsec != st_two.st_mtim.tv_nsec;
	return c->differ;
}

#endif
