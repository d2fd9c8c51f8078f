/* cmd_restore.c: lazarette admin restore: a backup taken out of a storage alone.
 *
 * The work is the worker's: this finds the program and becomes it.
 */
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/cmd.h"

enum { ARGUMENTS = 20 };

static int
usage(void)
{
	fputs("usage: lazarette admin restore --storage FOLDER BACKUP [--service SLUG]"
	      " [--identity FILE]\n"
	      "         [--signing-key FILE|RW…] [--unsigned] --to-dir FOLDER | --to-database URL\n"
	      "BACKUP is b101, or its UUID. Nothing but the storage is needed: see lazarette(8).\n",
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
	CLEANUP_ARENA struct arena *a = arena_new();
	char *args[ARGUMENTS];
	char worker[PATH_MAX];
	struct err e;
	size_t n = 0;

	if (!read_order(&o, argc, argv))
		return usage();
	if (cmd_worker(worker, &e) != 0)
		return cmd_fail(&e);
	const struct {
		const char *word, *value;
	} options[] = {
		{ "--salvage", o.backup },
		{ "--storage", o.storage },
		{ "--to-dir", o.to_dir },
		{ "--to-database", o.to_database },
		{ "--service", o.service },
		{ "--identity", o.identity },
		{ "--signing-key", o.signing_key },
	};

	args[n++] = worker;
	for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
		if (options[i].value == NULL)
			continue;
		args[n++] = arena_dup(a, options[i].word);
		args[n++] = arena_dup(a, options[i].value);
	}
	if (o.not_signed)
		args[n++] = arena_dup(a, "--unsigned");
	args[n] = NULL;
	execv(worker, args);
	err_sys(&e, "run '%s'", worker);
	return cmd_fail(&e);
}
