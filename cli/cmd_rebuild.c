/* cmd_rebuild.c: lazarette admin rebuild: the catalogue's backups made again from a storage.
 *
 * The work is the worker's: this finds the program and becomes it.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <sysexits.h>

#include "cli/cmd.h"

static int
usage(void)
{
	fputs("usage: lazarette admin rebuild --storage SLUG|FOLDER [--dry-run] [--adopt]\n"
	      "         [--signing-key FILE|RW…] [--unsigned]\n"
	      "Takes up every backup that the storage describes and the catalogue does not know.\n"
	      "What is there is left alone; nothing in the storage changes: see lazarette(8).\n",
	    stderr);
	return EX_USAGE;
}

struct order {
	const char *storage, *signing_key;
	bool dry, adopt, not_signed;
};

static bool
read_order(struct order *out, int argc, char **argv)
{
	static const struct option known[] = {
		{ "storage", required_argument, NULL, 's' },
		{ "signing-key", required_argument, NULL, 'k' },
		{ "dry-run", no_argument, NULL, 'd' },
		{ "adopt", no_argument, NULL, 'a' },
		{ "unsigned", no_argument, NULL, 'n' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (c) {
		case 's': out->storage = optarg; break;
		case 'k': out->signing_key = optarg; break;
		case 'd': out->dry = true; break;
		case 'a': out->adopt = true; break;
		case 'n': out->not_signed = true; break;
		default:  return false;
		}
	}
	return optind == argc && out->storage != NULL;
}

int
cmd_rebuild(int argc, char **argv)
{
	struct order o = { .storage = NULL };

	if (!read_order(&o, argc, argv))
		return usage();
	const struct cmd_option options[] = {
		{ o.dry ? "--rebuild-dry" : "--rebuild", true, NULL },
		{ "--storage", true, o.storage },
		{ "--signing-key", o.signing_key != NULL, o.signing_key },
		{ "--adopt", o.adopt, NULL },
		{ "--unsigned", o.not_signed, NULL },
	};

	return cmd_become_worker(options, sizeof options / sizeof *options);
}
