/* main.c: lazarette, the command line: the few acts that must work on the server without the web
 * part. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <sys/stat.h>

#include "cli/cmd.h"
#include "lib/util/near.h"

static const struct {
	const char *name, *what;
	int (*run)(int argc, char **argv);
} acts[] = {
	{ "init", "make the instance's folder, keys, catalogue and configuration", cmd_init },
	{ "setup-code", "print the one-time code for the first account", cmd_setup_code },
	{ "keys", "make and show the keys that encrypt and sign backups (rotate)", cmd_keys },
	{ "secret-key", "change the key that opens the passwords (rotate)", cmd_secret_key },
	{ "doctor", "check the catalogue against the files (--deep, --strict)", cmd_doctor },
	{ "restore", "take a backup out of a storage, without the console", cmd_restore },
	{ "rebuild", "make the catalogue's backups again from a storage", cmd_rebuild },
	{ "gc", "remove what no backup needs any more (--dry-run)", cmd_gc },
	{ "check-config", "read the configuration and show what is in force", cmd_check_config },
};
enum { ACTS = sizeof acts / sizeof *acts };

static void
help(FILE *out)
{
	fputs("lazarette admin init          # once, on the server\n"
	    "lazarette admin setup-code    # then open the console's address and enter it\n"
	    "lazarette admin doctor        # any time\n"
	    "lazarette plan list           # what is backed up, when, and how it went\n"
	    "lazarette backup list         # what there is to restore and to download\n\n"
	    "The instance is the folder in LAZARETTE_HOME, else /var/lib/lazarette.\n\n", out);
	for (size_t i = 0; i < ACTS; i++)
		fprintf(out, "  admin %-13s %s\n", acts[i].name, acts[i].what);
	fputs("  backup list         print the backups (PROJECT/ENVIRONMENT, --limit, --json)\n"
	      "  backup show         print one backup and its parts\n"
	      "  backup download     write its files here, or print links (--print-url)\n"
	      "  plan list           print the plans (--json)\n"
	      "  plan run            ask for a backup as a plan would, now\n"
	      "  plan delete         delete a plan (--backups keep or delete)\n"
	      "  version             print the version\n  help                print this\n", out);
}

/* What is known, and what the word may have meant. */
static int
unknown(const char *kind, const char *word, const char *const *words, size_t count)
{
	const char *near = near_word(words, count, word);

	fprintf(stderr, "lazarette: there is no %s \"%s\"", kind, word);
	if (near != NULL)
		fprintf(stderr, "; did you mean %s?\n", near);
	else
		fputs("; see lazarette help\n", stderr);
	return EX_USAGE;
}

static int
admin(int argc, char **argv)
{
	const char *names[ACTS];

	if (argc < 2) {
		help(stderr);
		return EX_USAGE;
	}
	for (size_t i = 0; i < ACTS; i++) {
		names[i] = acts[i].name;
		if (strcmp(argv[1], acts[i].name) == 0)
			return acts[i].run(argc - 1, argv + 1);
	}
	return unknown("admin command", argv[1], names, ACTS);
}

int
main(int argc, char **argv)
{
	static const char *const words[] = { "admin", "backup", "plan", "version", "help" };
	const char *word = argc > 1 ? argv[1] : "";

	umask(0077);
	if (strcmp(word, "admin") == 0)
		return admin(argc - 1, argv + 1);
	if (strcmp(word, "backup") == 0)
		return cmd_backup(argc - 1, argv + 1);
	if (strcmp(word, "plan") == 0)
		return cmd_plan(argc - 1, argv + 1);
	if (strcmp(word, "version") == 0 || strcmp(word, "--version") == 0) {
		puts("lazarette " LAZARETTE_VERSION);
		return 0;
	}
	if (strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
		help(stdout);
		return 0;
	}
	if (argc > 1)
		return unknown("command", word, words, sizeof words / sizeof *words);
	help(stderr);
	return EX_USAGE;
}
