/* cmd_keys.c: lazarette admin keys: the keys that encrypt and sign backups. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/cmd.h"
#include "cli/keyset.h"

int
cmd_keys(int argc, char **argv)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_DB struct db *db = NULL;
	bool rotate = argc == 2 && strcmp(argv[1], "rotate") == 0;
	struct conf conf;
	struct err e;

	if (argc > 1 && !rotate) {
		fputs("usage: lazarette admin keys [rotate]\n", stderr);
		return EX_USAGE;
	}
	if (cmd_open(&db, &conf, a, &e) != 0)
		return cmd_fail(&e);
	const struct keyset k = { db, &conf, a };

	if ((rotate ? keyset_rotate(&k, &e) : keyset_make(&k, &e)) != 0 ||
	    keyset_show(&k, &e) != 0)
		return cmd_fail(&e);
	if (rotate)
		puts("What was stored before stays readable with its own key: keep all *.identity "
		     "files.");
	return 0;
}
