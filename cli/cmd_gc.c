/* cmd_gc.c: lazarette admin gc: what lies in the storages and no backup needs any more.
 *
 * The work is the worker's: this finds the program and becomes it.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/cmd.h"

int
cmd_gc(int argc, char **argv)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	char worker[PATH_MAX];
	struct err e;

	if (argc > 2 || (argc == 2 && strcmp(argv[1], "--dry-run") != 0)) {
		fputs("usage: lazarette admin gc [--dry-run]\n", stderr);
		return EX_USAGE;
	}
	if (cmd_worker(worker, &e) != 0)
		return cmd_fail(&e);
	char *const args[] = { worker, arena_dup(a, argc == 2 ? "--gc-dry" : "--gc"), NULL };

	execv(worker, args);
	err_sys(&e, "run '%s'", worker);
	return cmd_fail(&e);
}
