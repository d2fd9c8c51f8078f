/* cmd_secret_key.c: lazarette admin secret-key rotate: another key for the passwords. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/cmd.h"
#include "lib/store/secrets.h"

static void
tell(void *arg UNUSED, const char *text)
{
	printf("shut: %s\n", text);
}

static int
rotate(struct cmd_desk *d, bool lost)
{
	struct secrets_rotation r = { .key_file = d->conf.secret_key, .lost = lost, .tell = tell };
	struct err e;

	if (secrets_rotate(&r, d->db, &e) != 0 ||
	    cmd_note(d, (struct event){ .action = "secret_key.changed", .target = "" }, &e) != 0)
		return cmd_fail(&e);
	printf("%" PRId64 " secrets are sealed to a new key, %s.\n", r.sealed, r.key_file);
	if (r.shut > 0)
		printf("%" PRId64 " do not open and stay as they are: enter each again on its "
		       "page.\n", r.shut);
	if (!lost)
		puts("The old key is kept beside it, for copies of the catalogue from before; "
		     "remove it when none is needed any more.");
	printf("Copy the folder %s/keys again.\n", d->conf.home);
	return r.shut > 0 && !lost ? 1 : 0;
}

int
cmd_secret_key(int argc, char **argv)
{
	bool lost = argc == 3 && strcmp(argv[2], "--lost") == 0;
	struct cmd_desk d = { .db = NULL };
	struct err e;
	int status;

	if (argc < 2 || strcmp(argv[1], "rotate") != 0 || argc != (lost ? 3 : 2)) {
		fputs("usage: lazarette admin secret-key rotate [--lost]\n", stderr);
		return EX_USAGE;
	}
	status = cmd_desk_open(&d, &e) == 0 ? rotate(&d, lost) : cmd_fail(&e);
	cmd_desk_close(&d);
	return status;
}
