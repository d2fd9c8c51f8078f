/* fd_test.c: whole reads and writes, and publishing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/fd.h"

static char folder[] = "/tmp/fd_test.XXXXXX";

static const char *
in_folder(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static void
a_put_file_is_whole_and_leaves_no_temporary(void **state UNUSED)
{
	CLEANUP_BUF struct buf got = BUF_INIT;
	char temporary[64];
	struct stat st;
	struct err e;

	assert_int_equal(fd_put_file(in_folder("a"), "hello", 5, 0640, &e), 0);
	assert_int_equal(fd_put_file(in_folder("a"), "again", 5, 0640, &e), 0);
	assert_int_equal(fd_read_file(&got, in_folder("a"), 100, &e), 0);
	assert_string_equal(got.p, "again");
	assert_int_equal(stat(in_folder("a"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	snprintf(temporary, sizeof temporary, "a.%d.tmp", getpid());
	assert_int_not_equal(access(in_folder(temporary), F_OK), 0);
}

static void
a_missing_file_is_not_found_and_a_large_one_is_refused(void **state UNUSED)
{
	CLEANUP_BUF struct buf got = BUF_INIT;
	struct err e;

	assert_int_equal(fd_read_file(&got, in_folder("none"), 100, &e), -1);
	assert_int_equal(e.kind, ERR_NOT_FOUND);
	assert_int_equal(fd_put_file(in_folder("big"), "0123456789", 10, 0600, &e), 0);
	assert_int_equal(fd_read_file(&got, in_folder("big"), 9, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	buf_clear(&got);
	assert_int_equal(fd_read_file(&got, in_folder("big"), 10, &e), 0);
}

static void
a_publish_that_fails_leaves_the_old_file(void **state UNUSED)
{
	CLEANUP_BUF struct buf got = BUF_INIT;
	CLEANUP_FD int dir = open(folder, O_RDONLY | O_DIRECTORY);
	CLEANUP_FD int fd = -1;
	struct err e;

	assert_int_equal(fd_put_file(in_folder("kept"), "old", 3, 0600, &e), 0);
	fd = openat(dir, "kept.tmp", O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	/* A folder that does not exist cannot be renamed into. */
	assert_int_equal(fd_publish(fd, dir, "kept.tmp", "nowhere/kept", &e), -1);
	assert_int_not_equal(faccessat(dir, "kept.tmp", F_OK, 0), 0);
	assert_int_equal(fd_read_file(&got, in_folder("kept"), 100, &e), 0);
	assert_string_equal(got.p, "old");
}

static void
short_pieces_are_read_to_the_end(void **state UNUSED)
{
	CLEANUP_BUF struct buf got = BUF_INIT;
	char want[100000];
	int pipes[2];
	struct err e;

	assert_int_equal(pipe(pipes), 0);
	memset(want, 'z', sizeof want);
	if (fork() == 0) {
		struct err mine;

		close(pipes[0]);
		for (size_t i = 0; i < sizeof want; i += 1000)
			if (fd_write_all(pipes[1], want + i, 1000, &mine) != 0)
				_exit(1);
		_exit(0);
	}
	close(pipes[1]);
	assert_int_equal(fd_read_all(&got, pipes[0], sizeof want, &e), 0);
	assert_int_equal(got.n, sizeof want);
	close(pipes[0]);
}

static void
a_path_is_made_part_by_part(void **state UNUSED)
{
	struct stat st;
	struct err e;

	assert_int_equal(fd_make_path(in_folder("x/y/z"), &e), 0);
	assert_int_equal(fd_make_path(in_folder("x/y/z"), &e), 0);
	assert_int_equal(stat(in_folder("x/y/z"), &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(fd_put_file(in_folder("file"), "", 0, 0600, &e), 0);
	assert_int_equal(fd_make_path(in_folder("file/below"), &e), -1);
}

static void
a_closed_descriptor_is_closed_once(void **state UNUSED)
{
	int fd = open("/dev/null", O_RDONLY);

	fd_close(&fd);
	assert_int_equal(fd, -1);
	fd_close(&fd);
	assert_int_equal(fd, -1);
}

static int
make_folder(void **state UNUSED)
{
	return mkdtemp(folder) == NULL;
}

static int
remove_folder(void **state UNUSED)
{
	static const char *const files[] = { "a", "big", "kept", "file" };

	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		unlink(in_folder(files[i]));
	rmdir(in_folder("x/y/z"));
	rmdir(in_folder("x/y"));
	rmdir(in_folder("x"));
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_put_file_is_whole_and_leaves_no_temporary),
		cmocka_unit_test(a_missing_file_is_not_found_and_a_large_one_is_refused),
		cmocka_unit_test(a_publish_that_fails_leaves_the_old_file),
		cmocka_unit_test(short_pieces_are_read_to_the_end),
		cmocka_unit_test(a_path_is_made_part_by_part),
		cmocka_unit_test(a_closed_descriptor_is_closed_once),
	};

	return cmocka_run_group_tests_name("fd", tests, make_folder, remove_folder);
}
