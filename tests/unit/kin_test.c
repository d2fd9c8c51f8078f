/* kin_test.c: the tools of a job die with it, with all that they started (PEER-17, T07). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/attr.h"
#include "lib/base/clock.h"
#include "worker/job/kin.h"

/* A job: leads a session, has a tool in a group of its own, which has started something itself.
 * All three hold the write end of the pipe. */
static pid_t
job_with_tools(int *held)
{
	int ends[2];
	char ready;
	pid_t job;

	assert_int_equal(pipe(ends), 0);
	job = fork();
	if (job == 0) {
		setsid();
		if (fork() == 0) {
			setpgid(0, 0);
			if (fork() == 0 && write(ends[1], "r", 1) != 1)
				_exit(1);
		}
		pause();
		_exit(0);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &ready, 1), 1);
	*held = ends[0];
	return job;
}

/* The end of the pipe comes when nobody holds it any more. */
static void
all_gone(int held)
{
	char c;

	assert_int_equal(read(held, &c, 1), 0);
	close(held);
}

static void
kills_the_tools_and_what_they_started_but_not_the_job(void **state UNUSED)
{
	int held, status;
	pid_t job = job_with_tools(&held);

	kin_kill(job);
	clock_sleep(20);
	assert_int_equal(waitpid(job, &status, WNOHANG), 0);
	kill(job, SIGKILL);
	waitpid(job, &status, 0);
	all_gone(held);
}

static void
kills_them_when_the_job_is_dead_already(void **state UNUSED)
{
	int held, status;
	pid_t job = job_with_tools(&held);

	kill(job, SIGKILL);
	waitpid(job, &status, 0);
	kin_kill(job);
	all_gone(held);
}

static void
spares_other_sessions_and_those_that_lead_none(void **state UNUSED)
{
	int held, status;
	pid_t job = job_with_tools(&held), plain = fork();

	if (plain == 0) {
		pause();
		_exit(0);
	}
	kin_kill(plain);
	clock_sleep(20);
	assert_int_equal(waitpid(job, &status, WNOHANG), 0);
	assert_int_equal(waitpid(plain, &status, WNOHANG), 0);
	kill(plain, SIGKILL);
	waitpid(plain, &status, 0);
	kill(job, SIGKILL);
	waitpid(job, &status, 0);
	kin_kill(job);
	all_gone(held);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kills_the_tools_and_what_they_started_but_not_the_job),
		cmocka_unit_test(kills_them_when_the_job_is_dead_already),
		cmocka_unit_test(spares_other_sessions_and_those_that_lead_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
