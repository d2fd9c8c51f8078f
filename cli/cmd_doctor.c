/* cmd_doctor.c: lazarette admin doctor: does everything that must be true hold? */
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/inspect.h"
#include "lib/base/clock.h"
#include "lib/base/num.h"
#include "lib/model/storage.h"
#include "lib/store/projects.h"
#include "lib/store/secrets.h"
#include "lib/store/settings.h"
#include "lib/util/agekey.h"
#include "lib/util/minisign.h"
#include "lib/util/seal.h"

struct doctor {
	struct arena *arena;
	struct conf conf;
	struct db *db;
	bool deep, strict;
};

static int
check_facts(struct doctor *d, struct inspect *in, struct err *e)
{
	const char **texts;
	size_t n;

	if (invariants_check(&texts, &n, d->arena, d->db, e) != 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		inspect_add(in, INSPECT_ERROR, "catalogue: %s", texts[i]);
	return 0;
}

static void
shut(void *in, const char *text)
{
	inspect_add(in, INSPECT_ERROR, "%s", text);
}

/* What a change of the key has left that was broken off is no fault: every secret opens. */
static void
check_place(struct doctor *d, struct inspect *in, const char *lies)
{
	const char *key = d->conf.secret_key, *next = arena_printf(d->arena, "%s.next", key);

	if (strcmp(lies, key) != 0)
		inspect_add(in, INSPECT_NOTE, "the key '%s' still lies in '%s': the worker puts it "
		    "into its place when it starts", key, lies);
	else if (access(next, F_OK) == 0)
		inspect_add(in, INSPECT_NOTE, "'%s' was left by a change of the key that was "
		    "broken off: no secret needs it", next);
}

static int
check_key(struct doctor *d, struct inspect *in, struct err *e)
{
	char *known, *lies;
	struct err why;

	if (settings_get(&known, d->arena, d->db, "seal_public_key", e) != 0)
		return -1;
	if (*known == '\0') {
		inspect_add(in, INSPECT_ERROR,
		    "the catalogue has no public key; run: lazarette admin init");
	} else if (seal_find(&lies, d->arena, d->conf.secret_key, known, &why) != 0) {
		inspect_add(in, INSPECT_ERROR, "%s", why.text);
	} else {
		check_place(d, in, lies);
		return secrets_check(d->db, d->conf.secret_key, shut, in, e);
	}
	return 0;
}

static bool
has_key(const struct agering *ring, const char *public)
{
	char text[AGEKEY_TEXT];

	for (size_t i = 0; i < ring->count; i++) {
		agekey_public_text(text, ring->keys[i].public);
		if (strcmp(text, public) == 0)
			return true;
	}
	return false;
}

static void
check_signing_key(struct doctor *d, struct inspect *in, const char *known)
{
	const char *file = arena_printf(d->arena, "%s/keys/sign.key", d->conf.home);
	CLEANUP_MINISIGN struct minisign_secret secret = { .id = { 0 } };
	char text[MINISIGN_PUBLIC_TEXT];
	struct minisign_public public;
	struct err why;

	if (minisign_read_secret(&secret, file, &why) != 0) {
		inspect_add(in, INSPECT_ERROR, "the key that signs backups: %s", why.text);
		return;
	}
	minisign_public_of(&public, &secret);
	minisign_public_text(text, &public);
	if (strcmp(text, known) != 0)
		inspect_add(in, INSPECT_ERROR, "the key '%s' belongs to another catalogue", file);
}

/* The key that opens backups may be kept elsewhere; the one that signs them may not. */
static int
check_backup_keys(struct doctor *d, struct inspect *in, struct err *e)
{
	CLEANUP_AGERING struct agering ring = { NULL, 0 };
	const char *folder = arena_printf(d->arena, "%s/keys", d->conf.home);
	char *recipient, *signing;
	struct err why;

	if (settings_get(&recipient, d->arena, d->db, "age_recipient", e) != 0 ||
	    settings_get(&signing, d->arena, d->db, "sign_public_key", e) != 0)
		return -1;
	if (*signing != '\0')
		check_signing_key(d, in, signing);
	if (*recipient == '\0')
		return 0;
	if (agekey_read_folder(&ring, folder, &why) != 0)
		inspect_add(in, INSPECT_ERROR, "%s", why.text);
	else if (!has_key(&ring, recipient))
		inspect_add(in, INSPECT_NOTE, "the secret key of %s is not in %s: backups go on, "
		    "restores and downloads ask for it", recipient, folder);
	return 0;
}

/* The rows are read at one moment, the folders after it. */
static int
check_files(struct doctor *d, struct inspect *in, struct err *e)
{
	static const char *const storage_ours[] = { "lazarette.json", "lazarette.pub",
		"README.txt", "restore-files.sh", NULL },
	                         *const none[] = { NULL };
	struct inspect_folder folder = { "downloads", d->conf.downloads, NULL, 0, none };
	struct invariants_file *rows;
	struct storage *storages;
	size_t n;

	if (storages_list(&storages, &n, d->arena, d->db, e) != 0 ||
	    invariants_downloads(&rows, &folder.count, d->arena, d->db, e) != 0)
		return -1;
	folder.rows = rows;
	if (inspect_folder(in, &folder, e) != 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		/* A bucket is looked through by the worker, who may open its key. */
		if (storage_is_remote(&storages[i]))
			continue;
		folder =
		    (struct inspect_folder){ arena_printf(d->arena, "storage %s", storages[i].slug),
			    storages[i].path, NULL, 0, storage_ours };
		if (invariants_objects(&rows, &folder.count, d->arena, d->db, storages[i].id,
		    e) != 0)
			return -1;
		folder.rows = rows;
		if (inspect_folder(in, &folder, e) != 0)
			return -1;
	}
	return 0;
}

/*
 * While a worker is at work a file may go or come between the two looks at rows and folders. What
 * is wrong for good is there in a second look as well.
 */
static void
keep_common(struct inspect *in, const struct inspect *second)
{
	size_t kept = 0;

	for (size_t i = 0; i < in->count; i++)
		for (size_t j = 0; j < second->count; j++)
			if (strcmp(in->items[i].text, second->items[j].text) == 0) {
				in->items[kept++] = in->items[i];
				break;
			}
	in->count = kept;
}

static int
look(struct doctor *d, struct inspect *in, struct err *e)
{
	enum { PAUSE_MS = 300 };
	struct inspect files = { .arena = d->arena, .deep = d->deep }, again = files;
	struct err why;
	int rc;

	if (invariants_freeze(d->db, e) != 0)
		return -1;
	rc = check_facts(d, in, e);
	invariants_thaw(d->db);
	if (rc == 0 && db_check_writable(d->db, &why) != 0)
		inspect_add(in, INSPECT_ERROR, "catalogue: it cannot be written: %s", why.text);
	if (rc != 0 || check_key(d, in, e) != 0 ||
	    check_backup_keys(d, in, e) != 0 || check_files(d, &files, e) != 0)
		return -1;
	if (files.count > 0) {
		clock_sleep(PAUSE_MS);
		if (check_files(d, &again, e) != 0)
			return -1;
		keep_common(&files, &again);
	}
	for (size_t i = 0; i < files.count; i++)
		inspect_add(in, files.items[i].level, "%s", files.items[i].text);
	in->files = files.files;
	in->bytes = files.bytes;
	return 0;
}

/* One line per finding, the worst first, then the sum. */
static int
report(const struct doctor *d, const struct inspect *in)
{
	static const char *const words[INSPECT_LEVELS] = { "error", "stranger", "note" };
	size_t found[INSPECT_LEVELS] = { 0 };
	char size[NUM_TEXT];

	for (int level = 0; level < INSPECT_LEVELS; level++)
		for (size_t i = 0; i < in->count; i++)
			if (in->items[i].level == (enum inspect_level)level) {
				printf("%s: %s\n", words[level], in->items[i].text);
				found[level]++;
			}
	num_size(size, in->bytes);
	printf("%s: %" PRId64 " files (%s) %s; %zu errors, %zu strangers, %zu notes\n",
	    found[INSPECT_ERROR] > 0 ? "ill" : "sound", in->files, size,
	    d->deep ? "read and compared" : "looked at", found[INSPECT_ERROR],
	    found[INSPECT_STRANGER], found[INSPECT_NOTE]);
	return found[INSPECT_ERROR] > 0 || (d->strict && found[INSPECT_STRANGER] > 0);
}

static int
options(struct doctor *d, int argc, char **argv)
{
	static const struct option known[] = {
		{ "deep", no_argument, NULL, 'd' },
		{ "strict", no_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (c != 'd' && c != 's')
			break;
		d->deep = d->deep || c == 'd';
		d->strict = d->strict || c == 's';
	}
	if (c == -1 && optind == argc)
		return 0;
	fputs("usage: lazarette admin doctor [--deep] [--strict]\n", stderr);
	return EX_USAGE;
}

int
cmd_doctor(int argc, char **argv)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_DB struct db *db = NULL;
	struct doctor d = { .arena = a };
	struct inspect in = { .arena = a };
	int status = options(&d, argc, argv);
	struct err e;

	if (status != 0)
		return status;
	if (cmd_open(&db, &d.conf, a, &e) != 0)
		return cmd_fail(&e);
	d.db = db;
	if (look(&d, &in, &e) != 0)
		return cmd_fail(&e);
	return report(&d, &in);
}
