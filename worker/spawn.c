/* spawn.c: this program once more, as a child for one duty. */
#include "worker/spawn.h"

#include <assert.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lib/base/fault.h"

enum { ARGS_MAX = 8, NOT_STARTED = 127 };

/* Only async-signal-safe calls from here on. */
static NORETURN void
become(char *const *argv, pid_t parent)
{
	sigset_t none;

	sigemptyset(&none);
	setsid();
	/* SIGTERM, so that it can take what it started with it (report.h). The control of the
	 * orphan test goes without the first half of this. */
	if (!FAULT_CONTROL("no_deathsig") && prctl(PR_SET_PDEATHSIG, SIGTERM) != 0)
		_exit(NOT_STARTED);
	/* It may have died before the line above: then nobody would ever kill us. */
	if (getppid() != parent)
		_exit(NOT_STARTED);
	close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv("/proc/self/exe", argv);
	_exit(NOT_STARTED);
}

int
spawn_self(pid_t *ret, const char *const *args, struct err *e)
{
	char name[] = "lazarette-worker";
	char *argv[ARGS_MAX + 2] = { name };
	pid_t parent = getpid(), pid;

	for (size_t i = 0; args[i] != NULL; i++) {
		assert(i < ARGS_MAX);
		/* exec's type is older than const; it writes to none of them. */
		argv[i + 1] = (char *)(size_t)args[i];
	}
	pid = fork();
	if (pid < 0)
		return err_sys(e, "start a process");
	if (pid == 0)
		become(argv, parent);
	*ret = pid;
	return 0;
}
