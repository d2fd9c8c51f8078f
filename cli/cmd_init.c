/* cmd_init.c: lazarette admin init: an instance's folder with everything in it; safe to run again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/keyset.h"
#include "lib/base/fd.h"
#include "lib/base/rand.h"
#include "lib/store/projects.h"
#include "lib/store/secrets.h"
#include "lib/store/settings.h"
#include "lib/util/seal.h"

static const char standard_conf[] =
    "# lazarette.conf: see lazarette.conf(5). What stands here behind a # is in force as it is.\n"
    "# `lazarette admin check-config` shows what is read.\n"
    "\n"
    "# Where people find the console; the links in mails begin with it.\n"
    "#public_url = \"http://127.0.0.1:8080\"\n"
    "\n"
    "# Where backups lie.\n"
    "#storage = \"store\"\n"
    "\n"
    "# How many jobs run at once, and when one that moves nothing is ended.\n"
    "#worker_parallel = 2\n"
    "#stall = 5m\n"
    "\n"
    "# How large one file of a backup of files may become; a larger backup has several.\n"
    "#pack_size = 512MiB\n"
    "\n"
    "# How long a deleted backup can be put back; how long a download can be fetched, and how "
    "often.\n"
    "#trash = 7d\n"
    "#undo_keep = 24h\n"
    "#download_valid = 24h\n"
    "#download_uses = 5\n"
    "\n"
    "# Without a server, mails become files in the folder mail.\n"
    "#mail {\n"
    "#\tserver = \"smtp://mail.example.org:587\"\n"
    "#\tfrom = \"backup@example.org\"\n"
    "#\tuser = \"backup\"\n"
    "#\tpassword_file = \"keys/mail.password\"\n"
    "#}\n";

/* Folders that nginx must enter are open to our group; it is a member. */
static int
make_folder(const char *path, mode_t mode, struct err *e)
{
	struct stat st;

	if (stat(path, &st) == 0)
		return S_ISDIR(st.st_mode) ? 0
		                           : err_set(e, ERR_CONFLICT, "'%s' is not a folder", path);
	if (errno != ENOENT)
		return err_sys(e, "look at '%s'", path);
	if (fd_make_path(path, e) != 0)
		return -1;
	return chmod(path, mode) == 0 ? 0 : err_sys(e, "set the mode of '%s'", path);
}

static int
make_folders(const struct conf *c, struct arena *a, struct err *e)
{
	const struct { const char *path; mode_t mode;
	} folders[] = {
		{ c->storage, 0700 },
		{ c->downloads, 0750 },
		{ c->run, 0750 },
		{ c->mail.folder, 0700 },
		{ arena_printf(a, "%s/log", c->home), 0750 },
		{ arena_printf(a, "%s/keys", c->home), 0700 },
	};

	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		if (make_folder(folders[i].path, folders[i].mode, e) != 0)
			return -1;
	return 0;
}

static int
set_once(struct db *db, struct arena *a, const char *name, const char *value, struct err *e)
{
	char *now;

	if (settings_get(&now, a, db, name, e) != 0)
		return -1;
	return *now == '\0' ? settings_set(db, name, value, e) : 0;
}

/* The catalogue holds the public half; another key would leave every secret shut. */
static int
pair_key(struct db *db, const struct conf *c, struct arena *a, struct err *e)
{
	char public[SEAL_PUBLIC_HEX_SIZE], *known;
	bool changed;

	if (settings_get(&known, a, db, "seal_public_key", e) != 0)
		return -1;
	if (*known != '\0')
		return secrets_settle(&changed, db, c->secret_key, e);
	return seal_make_key(public, c->secret_key, e) != 0
	    ? -1 : settings_set(db, "seal_public_key", public, e);
}

static int
fill_catalogue(const struct conf *c, struct arena *a, struct err *e)
{
	CLEANUP_DB struct db *db = NULL;
	struct storage storage = { .slug = "main", .kind = "local", .path = c->storage };
	char uuid[UUID_SIZE], *instance;

	rand_uuid(uuid);
	if (db_open_migrate(&db, c->catalog, e) != 0 || pair_key(db, c, a, e) != 0 ||
	    settings_get(&instance, a, db, "instance_id", e) != 0 ||
	    set_once(db, a, "instance_id", uuid, e) != 0 ||
	    set_once(db, a, "instance_name", "Lazarette", e) != 0)
		return -1;
	if (storages_ensure(&storage, db, e) != 0)
		return -1;
	/* One that is there already stays as it is: `lazarette admin keys` makes its keys. */
	if (*instance != '\0')
		return 0;
	const struct keyset keys = { db, c, a };

	if (keyset_make(&keys, e) != 0)
		return -1;
	return storages_set_encrypted(db, storage.id, true, e);
}

static int
make_instance(struct conf *c, struct arena *a, struct err *e)
{
	CLEANUP_FD int lock = -1;
	const char *home = conf_home(a), *conf = arena_printf(a, "%s/lazarette.conf", home);

	if (make_folder(home, 0750, e) != 0)
		return -1;
	lock = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock < 0 || flock(lock, LOCK_EX) != 0)
		return err_sys(e, "lock '%s'", home);
	if (access(conf, F_OK) != 0 &&
	    fd_put_file(conf, standard_conf, strlen(standard_conf), 0640, e) != 0)
		return -1;
	if (conf_read(c, a, home, e) != 0 || make_folders(c, a, e) != 0)
		return -1;
	return fill_catalogue(c, a, e);
}

int
cmd_init(int argc, char **argv)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	int status = cmd_no_arguments(argc, argv);
	struct conf conf;
	struct err e;

	if (status != 0)
		return status;
	if (make_instance(&conf, a, &e) != 0)
		return cmd_fail(&e);
	printf("The instance is in %s.\n", conf.home);
	printf("Keep a copy of the folder %s/keys somewhere else: without it the passwords of "
	       "services must be entered again, and only the recovery key opens the backups.\n",
	    conf.home);
	puts("Next: lazarette admin setup-code");
	return 0;
}
