/* pg_fixture.h: a private PostgreSQL for a test in C, served by tests/flow/pg.py; run from the top
 * folder. */
#ifndef TESTS_UNIT_PG_FIXTURE_H
#define TESTS_UNIT_PG_FIXTURE_H

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/util/proc.h"

/* The superuser of tests/flow/pg.py. */
#define PG_USER "owner"
#define PG_PASSWORD "a:b\\c 'd' \"e\" %f=g"

struct pg {
	pid_t pid;
	FILE *to, *from;
	char port[8], folder[256];
};

/* The server goes when `to` closes, also when this process crashes: so no SIGKILL for it. */
static inline void
pg_start(struct pg *pg)
{
	int to[2], from[2];

	if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0)
		abort();
	pg->pid = fork();
	if (pg->pid == 0) {
		dup2(to[0], 0);
		dup2(from[1], 1);
		execl("/usr/bin/python3", "python3", "tests/flow/pg.py", (char *)NULL);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	pg->to = fdopen(to[1], "w");
	pg->from = fdopen(from[0], "r");
	if (fscanf(pg->from, "%7s %255s", pg->port, pg->folder) != 2 || fgetc(pg->from) != '\n')
		abort();
}

/* "kill" (the postmaster, by SIGKILL) or "start". */
static inline void
pg_act(struct pg *pg, const char *what)
{
	char answer[16];

	fprintf(pg->to, "%s\n", what);
	fflush(pg->to);
	if (fgets(answer, sizeof answer, pg->from) == NULL || strcmp(answer, "done\n") != 0)
		abort();
}

static inline void
pg_stop(struct pg *pg)
{
	fclose(pg->to);
	waitpid(pg->pid, NULL, 0);
	fclose(pg->from);
}

/* Run SQL as the superuser; the answer in `out`. */
static inline int
pg_sql(struct buf *out, const struct pg *pg, const char *database, const char *sql, struct err *e)
{
	char host[] = "PGHOST=127.0.0.1", port[32], name[256];
	const char *const env[] = { host, port, "PGUSER=" PG_USER, "PGPASSWORD=" PG_PASSWORD, name,
		"PGCLIENTENCODING=UTF8", NULL };
	const char *const argv[] = { "/usr/lib/postgresql/15/bin/psql", "-XAtq", "-v",
		"ON_ERROR_STOP=1", "-c", sql, NULL };
	struct proc_spec spec = { .argv = argv, .env = env, .stdin_fd = -1 };

	snprintf(port, sizeof port, "PGPORT=%s", pg->port);
	snprintf(name, sizeof name, "PGDATABASE=%s", database);
	return proc_output(out, 1 << 20, &spec, e);
}

#endif
