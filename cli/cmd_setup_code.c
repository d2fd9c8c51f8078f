/* cmd_setup_code.c: lazarette admin setup-code. */
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "lib/base/rand.h"
#include "lib/store/accounts.h"
#include "lib/store/settings.h"
#include "lib/util/hash.h"

/* Four groups of five out of 31 letters that cannot be mistaken for each other: 99 bits. */
enum { GROUPS = 4, GROUP = 5, CODE_SIZE = GROUPS * (GROUP + 1) };

static void
make_code(char out[CODE_SIZE])
{
	static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789";

	for (size_t i = 0; i < CODE_SIZE - 1; i++)
		out[i] = (i + 1) % (GROUP + 1) == 0 ? '-' : letters[rand_below(sizeof letters - 1)];
	out[CODE_SIZE - 1] = '\0';
}

/* Only its hash is kept; a code that was printed before is void from now on. */
static int
keep_code(const char *code, struct conf *conf, struct arena *a, struct err *e)
{
	CLEANUP_DB struct db *db = NULL;
	char hash[HASH_HEX_SIZE];
	int64_t accounts;

	if (cmd_open(&db, conf, a, e) != 0 || accounts_count(&accounts, db, e) != 0)
		return -1;
	if (accounts > 0)
		return err_set(e, ERR_CONFLICT,
		    "the first account exists already: sign in at %s/login", conf->public_url);
	hash_of(hash, code, strlen(code));
	return settings_set(db, "setup_code_hash", hash, e);
}

int
cmd_setup_code(int argc, char **argv)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	int status = cmd_no_arguments(argc, argv);
	char code[CODE_SIZE];
	struct conf conf;
	struct err e;

	if (status != 0)
		return status;
	make_code(code);
	if (keep_code(code, &conf, a, &e) != 0)
		return cmd_fail(&e);
	fprintf(stderr, "Enter this code at %s/setup to make the first account. It works once.\n",
	    conf.public_url);
	printf("%s\n", code);
	return 0;
}
