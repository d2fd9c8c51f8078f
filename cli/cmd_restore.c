/* cmd_restore.c: lazarette admin restore: a backup taken out of a storage alone.
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
	fputs("usage: lazarette admin restore --storage FOLDER|SLUG BACKUP [--service SLUG]\n"
	      "         [--identity FILE] [--signing-key FILE|RW…] [--unsigned]\n"
	      "         --to-dir FOLDER | --to-database URL\n"
	      "BACKUP is b101, or its UUID. A folder needs nothing else; SLUG is a storage that\n"
	      "the catalogue of this machine knows: see lazarette(8).\n",
	    stderr);
	return EX_USAGE;
}

struct order {
	const char *storage, *service, *to_dir, *to_database, *backup, *identity, *signing_key;
	bool not_signed;
};

static bool
read_order(struct order *out, int argc, char **argv)
{
	static const struct option known[] = {
		{ "storage", required_argument, NULL, 's' },
		{ "service", required_argument, NULL, 'S' },
		{ "identity", required_argument, NULL, 'i' },
		{ "signing-key", required_argument, NULL, 'k' },
		{ "unsigned", no_argument, NULL, 'n' },
		{ "to-dir", required_argument, NULL, 'd' },
		{ "to-database", required_argument, NULL, 'u' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (c) {
		case 's': out->storage = optarg; break;
		case 'S': out->service = optarg; break;
		case 'i': out->identity = optarg; break;
		case 'k': out->signing_key = optarg; break;
		case 'n': out->not_signed = true; break;
		case 'd': out->to_dir = optarg; break;
		case 'u': out->to_database = optarg; break;
		default:  return false;
		}
	}
	if (optind != argc - 1)
		return false;
	out->backup = argv[optind];
	return out->storage != NULL && (out->to_dir != NULL) != (out->to_database != NULL);
}

int
cmd_restore(int argc, char **argv)
{
	struct order o = { .storage = NULL };

	if (!read_order(&o, argc, argv))
		return usage();
	const struct cmd_option options[] = {
		{ "--salvage", true, o.backup },
		{ "--storage", true, o.storage },
		{ "--to-dir", o.to_dir != NULL, o.to_dir },
		{ "--to-database", o.to_database != NULL, o.to_database },
		{ "--service", o.service != NULL, o.service },
		{ "--identity", o.identity != NULL, o.identity },
		{ "--signing-key", o.signing_key != NULL, o.signing_key },
		{ "--unsigned", o.not_signed, NULL },
	};

	return cmd_become_worker(options, sizeof options / sizeof *options);
}
