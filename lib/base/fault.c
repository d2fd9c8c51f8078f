/* fault.c: named places where a test can break us. */
#include "lib/base/fault.h"

#ifdef FAULT_POINTS

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/arena.h"

enum { EATEN = 16 << 20 };

static void
act(const char *action)
{
	if (strncmp(action, "kill", 4) == 0)
		raise(SIGKILL);
	else if (strncmp(action, "stop", 4) == 0)
		raise(SIGSTOP);
	else if (strncmp(action, "abort", 5) == 0)
		abort();
	else if (strncmp(action, "sleep", 5) == 0)
		sleep(10);
	else if (strncmp(action, "eat", 3) == 0)
		while (true)
			memset(xmalloc(EATEN), 1, 1);
}

bool
fault_control(const char *name)
{
	const char *want = getenv("LAZARETTE_FAULT_CONTROL");

	return want != NULL && strcmp(want, name) == 0;
}

void
fault_reach(const char *name)
{
	static long reached;
	const char *want = getenv("LAZARETTE_FAULT");
	size_t n = strlen(name);
	const char *count;

	if (want == NULL || strncmp(want, name, n) != 0 || want[n] != ':')
		return;
	count = strchr(want + n + 1, ':');
	if (++reached == (count ? atol(count + 1) : 1))
		act(want + n + 1);
}

#else
typedef int fault_points_are_not_compiled_in;
#endif
