/* kin_test.c: the tools of a job die with it, in groups of their own (PEER-17, T07). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/attr.h"
#include "lib/base/clock.h"
#include "worker/job/kin.h"

static pid_t
sleeper(bool own_group)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (own_group)
			setpgid(0, 0);
		pause();
		_exit(0);
	}
	if (own_group)
		setpgid(pid, pid);
	return pid;
}

static void
kills_children_in_their_own_groups_and_in_ours(void **state UNUSED)
{
	pid_t a = sleeper(true), b = sleeper(false);
	int status;

	kin_kill(getpid());
	assert_int_equal(waitpid(a, &status, 0), a);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(waitpid(b, &status, 0), b);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* A tool that started something itself: its group goes with it. */
static void
kills_what_a_tool_started(void **state UNUSED)
{
	int ends[2], status;
	pid_t tool, below;

	assert_int_equal(pipe(ends), 0);
	tool = fork();
	if (tool == 0) {
		setpgid(0, 0);
		below = fork();
		if (below == 0) {
			pause();
			_exit(0);
		}
		if (write(ends[1], &below, sizeof below) != (ssize_t)sizeof below)
			_exit(1);
		pause();
		_exit(0);
	}
	assert_int_equal(read(ends[0], &below, sizeof below), sizeof below);
	kin_kill(getpid());
	assert_int_equal(waitpid(tool, &status, 0), tool);
	close(ends[1]);
	/* The write end of the pipe is open for as long as anybody of that group lives. */
	assert_int_equal(read(ends[0], &below, sizeof below), 0);
	close(ends[0]);
}

static void
spares_strangers(void **state UNUSED)
{
	pid_t other = sleeper(true);
	int status;

	kin_kill(other);
	clock_sleep(20);
	assert_int_equal(waitpid(other, &status, WNOHANG), 0);
	kill(other, SIGKILL);
	waitpid(other, &status, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kills_children_in_their_own_groups_and_in_ours),
		cmocka_unit_test(kills_what_a_tool_started),
		cmocka_unit_test(spares_strangers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
