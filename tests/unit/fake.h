/* fake.h: a program of tests/fake as a child of a test. */
#ifndef TESTS_UNIT_FAKE_H
#define TESTS_UNIT_FAKE_H

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/attr.h"

/* Start argv[0]; gives the port it prints as its first line, 0 when it printed none. It gets `sig`
 * when the test dies. */
UNUSED static int
fake_spawn(pid_t *pid, int sig, const char *const *argv)
{
	char text[16] = "";
	int ends[2];

	if (pipe(ends) != 0)
		abort();
	*pid = fork();
	if (*pid == 0) {
		prctl(PR_SET_PDEATHSIG, sig);
		dup2(ends[1], 1);
		close(ends[0]);
		close(ends[1]);
		execvp(argv[0], (char **)(uintptr_t)argv);
		_exit(127);
	}
	close(ends[1]);
	for (size_t n = 0; n + 1 < sizeof text && read(ends[0], text + n, 1) == 1; n++)
		if (text[n] == '\n')
			break;
	close(ends[0]);
	return (int)strtol(text, NULL, 10);
}

/* Ask it to end, wait until it has, and remove its folder. */
UNUSED static void
fake_end(pid_t pid, const char *folder)
{
	pid_t child;

	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	child = fork();
	if (child == 0) {
		execl("/bin/rm", "rm", "-rf", folder, (char *)NULL);
		_exit(127);
	}
	waitpid(child, NULL, 0);
}

#endif
