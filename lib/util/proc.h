/* proc.h: the one way a child process is run.
 *
 * Absolute path (or a name looked up on a fixed PATH by proc_find), argv, a clean environment,
 * closed descriptors, its own process group, SIGKILL for all of the group when its parent dies (a
 * small guard process in the group sees to it). We make the pipes and read the exit status. stderr
 * is kept: its last lines, escaped, and each line to a callback.
 *
 * "Its parent" is the thread that called proc_start(): call it from one that outlives the child.
 */
#ifndef LIB_UTIL_PROC_H
#define LIB_UTIL_PROC_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"

enum { PROC_LINE_MAX = 4096 };    /* bytes kept of one line of stderr */

struct proc_spec {
	const char *const *argv;      /* argv[0] is an absolute path; ends in NULL */
	/* "NAME=value", ends in NULL; else only PATH, LC_ALL=C.UTF-8 and TZ=UTC are passed. */
	const char *const *env;
	/* -1: /dev/null; else the child's stdin, closed here whether it starts or not. */
	int stdin_fd;
	/* *** stands for it on stderr (below 4 bytes it would be any word's part); may be NULL. */
	const char *secret;
	/* Each line of stderr, cleaned UTF-8; may be NULL. */
	void (*line)(void *arg, const char *line);
	void *arg;
};

struct proc;

/* Where a tool is: looked for in LAZARETTE_TOOLS and its folders N/bin (tests), then
 * /usr/lib/postgresql/N/bin, newest first (when `major` > 0: of that major or newer), then
 * /usr/local/bin, /usr/bin, /bin. ERR_INPUT "pg_dump is not installed" with the fix ("apt install
 * postgresql-client"). */
MUST_USE int proc_find(char **ret, struct arena *a, const char *name, int major, struct err *e);

MUST_USE int proc_start(struct proc **ret, const struct proc_spec *spec, struct err *e);
/* Read from its stdout while draining stderr: > 0 bytes, 0 at the end, -1. */
MUST_USE ssize_t proc_read(struct proc *p, void *at, size_t n, struct err *e);
/* Write all of it to `fd`, which feeds the child's stdin and never blocks (O_NONBLOCK), while
 * draining stderr and throwing stdout away: so neither waits for the other. With SIGPIPE ignored a
 * child that is gone is -1; proc_wait() then has its own words. */
MUST_USE int proc_feed(struct proc *p, int fd, const void *at, size_t n, struct err *e);
/* Wait for the end; stdout that was not read is thrown away. An exit status other than 0 is
 * ERR_INTERNAL: "pg_dump ended with exit code 1: <the last six lines of stderr from the first
 * 'error:' on, else the last>", e->exit_code set; a signal is "was killed by signal 9 (Killed)",
 * exit_code 128 + signal. */
MUST_USE int proc_wait(struct proc *p, struct err *e);
/* Sleeps until one of them is at its end, which proc_wait() then tells without waiting. The stderr
 * of all is drained; nobody reads their stdout, so it must be small. NULLs are passed over. */
MUST_USE int proc_first(size_t *which, struct proc *const *procs, size_t n, struct err *e);
/* Kills the whole process group if it still runs, reaps it, frees. NULL is fine. */
void proc_end(struct proc *p);
void proc_endp(struct proc **p);
#define CLEANUP_PROC CLEANUP(proc_endp)

/* Start, collect stdout, wait. More than `max` bytes of stdout is ERR_INPUT. */
MUST_USE int proc_output(struct buf *out, size_t max, const struct proc_spec *spec, struct err *e);

#endif
