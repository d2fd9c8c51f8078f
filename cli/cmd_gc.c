/* cmd_gc.c: lazarette admin gc: what lies in the storages and no backup needs any more.
 *
 * The work is the worker's: this finds the program and becomes it.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/cmd.h"

int
cmd_gc(int argc, char **argv)
{
	bool dry = argc == 2 && strcmp(argv[1], "--dry-run") == 0;

	if (argc > 1 && !dry) {
		fputs("usage: lazarette admin gc [--dry-run]\n", stderr);
		return EX_USAGE;
	}
	return cmd_become_worker(
	    &(struct cmd_option){ dry ? "--gc-dry" : "--gc", true, NULL }, 1);
}
