/* hooks_server.h: tests/fake/hooks.py as a child of a test: a receiver of webhooks. */
#ifndef TESTS_UNIT_HOOKS_SERVER_H
#define TESTS_UNIT_HOOKS_SERVER_H

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/attr.h"
#include "lib/base/buf.h"
#include "lib/base/fd.h"
#include "tests/unit/fake.h"

struct hooks {
	pid_t pid;
	int port;
	char log[96];
};

/* Every argument behind the log; ends in NULL. */
UNUSED static void
hooks_start(struct hooks *h, const char *folder, const char *const *more)
{
	const char *argv[8] = { "python3", "tests/fake/hooks.py" };

	snprintf(h->log, sizeof h->log, "%s/hooks.log", folder);
	argv[2] = h->log;
	for (int i = 0; more != NULL && more[i] != NULL; i++)
		argv[3 + i] = more[i];
	h->port = fake_spawn(&h->pid, SIGKILL, argv);
	if (h->port == 0)
		abort();
}

UNUSED static void
hooks_stop(struct hooks *h)
{
	kill(h->pid, SIGKILL);
	waitpid(h->pid, NULL, 0);
	unlink(h->log);
}

/* How many requests came whose line holds this text; "": all. */
UNUSED static int
hooks_count(const struct hooks *h, const char *text)
{
	CLEANUP_BUF struct buf all = BUF_INIT;
	struct err e;
	int count = 0;

	if (access(h->log, F_OK) != 0)
		return 0;
	if (fd_read_file(&all, h->log, 16 << 20, &e) != 0)
		abort();
	for (char *next = NULL, *line = strtok_r(all.p, "\n", &next); line != NULL;
	     line = strtok_r(NULL, "\n", &next))
		count += strstr(line, text) != NULL;
	return count;
}

#endif
