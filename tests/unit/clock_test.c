/* clock_test.c: the seam of the clocks: a fixed skew, a file that moves both, files that move none.
 *
 * The seam is looked for once in a process, so each test asks in a child of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/attr.h"
#include "lib/base/clock.h"

#define HOUR INT64_C(3600000)
#define NEAR INT64_C(60000)

static char path[] = "/tmp/lz-clock-XXXXXX";

static int64_t
machine(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool
ahead(int64_t ours, int64_t theirs, int64_t ms)
{
	int64_t by = ours - theirs - ms;

	return by > -NEAR && by < NEAR;
}

/* The wall clock is so much ahead, and the other one so much. */
static bool
stand(int64_t wall, int64_t mono)
{
	return ahead(clock_now(), machine(CLOCK_REALTIME), wall) &&
	    ahead(clock_mono(), machine(CLOCK_BOOTTIME), mono);
}

static bool
put(int64_t ms, size_t n)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, &ms, n) == (ssize_t)n;

	if (fd >= 0)
		close(fd);
	return good;
}

static void
in_a_child(bool (*ask)(void), const char *skew)
{
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(setenv("LAZARETTE_CLOCK_SKEW", skew, 1) == 0 && ask() ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static bool
fixed(void)
{
	return stand(5 * HOUR, 0);
}

static void
a_number_moves_the_wall_clock_alone(void **state UNUSED)
{
	in_a_child(fixed, "18000000");
}

static bool
moves(void)
{
	int64_t ms = -HOUR;
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && stand(5 * HOUR, 5 * HOUR) &&
	    pwrite(fd, &ms, sizeof ms, 0) == (ssize_t)sizeof ms && stand(-HOUR, -HOUR);

	if (fd >= 0)
		close(fd);
	return good;
}

static void
a_file_moves_both_as_often_as_it_changes(void **state UNUSED)
{
	assert_true(put(5 * HOUR, sizeof(int64_t)));
	in_a_child(moves, path);
}

static bool
is_set(void)
{
	return stand(6 * HOUR, HOUR);
}

static void
a_second_number_in_it_moves_the_wall_clock_alone(void **state UNUSED)
{
	const int64_t set = 5 * HOUR;
	int fd;

	assert_true(put(HOUR, sizeof(int64_t)));
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(write(fd, &set, sizeof set), sizeof set);
	close(fd);
	in_a_child(is_set, path);
}

/* As after a sandbox: nothing can be opened, and what was looked for before still counts. */
static bool
without_files(void)
{
	const struct rlimit none = { 0, 0 };

	clock_begin();
	if (setrlimit(RLIMIT_NOFILE, &none) != 0 || open(path, O_RDONLY | O_CLOEXEC) >= 0)
		return false;
	return stand(5 * HOUR, 5 * HOUR);
}

static void
who_gives_up_files_looks_before(void **state UNUSED)
{
	assert_true(put(5 * HOUR, sizeof(int64_t)));
	in_a_child(without_files, path);
}

static bool
unmoved(void)
{
	return stand(0, 0);
}

static void
a_file_that_is_short_or_missing_moves_nothing(void **state UNUSED)
{
	assert_true(put(5 * HOUR, sizeof(int64_t) - 1));
	in_a_child(unmoved, path);
	in_a_child(unmoved, "/tmp/lz-clock-there-is-none");
	in_a_child(unmoved, "/tmp");
}

static int
make_file(void **state UNUSED)
{
	int fd = mkstemp(path);

	if (fd >= 0)
		close(fd);
	return fd < 0;
}

static int
remove_file(void **state UNUSED)
{
	return unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_moves_the_wall_clock_alone),
		cmocka_unit_test(a_file_moves_both_as_often_as_it_changes),
		cmocka_unit_test(a_second_number_in_it_moves_the_wall_clock_alone),
		cmocka_unit_test(who_gives_up_files_looks_before),
		cmocka_unit_test(a_file_that_is_short_or_missing_moves_nothing),
	};

	return cmocka_run_group_tests_name("clock", tests, make_file, remove_file);
}
