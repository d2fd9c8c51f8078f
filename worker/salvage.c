/* salvage.c: a backup taken out of a storage alone. */
#include "worker/salvage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/base/num.h"
#include "lib/model/name.h"
#include "lib/store/projects.h"
#include "lib/util/conf.h"
#include "worker/archive/export.h"
#include "worker/archive/unpack.h"
#include "worker/dest/dest.h"
#include "worker/job/meet.h"
#include "worker/job/plan.h"
#include "worker/job/sidecar_read.h"
#include "worker/job/vouch.h"
#include "worker/target/pg_salvage.h"

enum { SIDECAR_MAX = 16 << 20, LISTED = 20 };

struct rescue {
	const struct salvage *order;
	struct arena *arena;
	struct dest *dest;
	struct sidecar_read backup;
	int folder;                   /* to_dir */
	struct dest_keys keys;
};

/* -- finding the backup -- */

struct search {
	const char *wanted;           /* "b101-" or a UUID */
	struct arena *arena;
	const char *found[2];
	size_t matches, others;
	struct buf listed;
};

/* "shop/live/b101-<uuid>.json": the base name, or NULL for anything else. */
static const char *
sidecar_name(const char *key)
{
	const char *slash = strrchr(key, '/');
	size_t n = strlen(key);

	if (slash == NULL || slash[1] != 'b' || n < 6 || strcmp(key + n - 5, ".json") != 0)
		return NULL;
	return slash + 1;
}

static int
look_at(void *arg, const struct dest_entry *entry, struct err *e UNUSED)
{
	struct search *s = arg;
	const char *name = sidecar_name(entry->key);

	if (name == NULL)
		return 0;
	if (strstr(name, s->wanted) != NULL && (s->wanted[0] != 'b' ||
	    strncmp(name, s->wanted, strlen(s->wanted)) == 0)) {
		if (s->matches < 2)
			s->found[s->matches] = arena_dup(s->arena, entry->key);
		s->matches++;
	} else if (s->others++ < LISTED) {
		buf_printf(&s->listed, "\n  %s", entry->key);
	}
	return 0;
}

static int
judge_search(const struct search *s, const struct salvage *order, struct err *e)
{
	if (s->matches == 1)
		return 0;
	if (s->matches > 1)
		return err_set(e, ERR_INPUT,
		    "there is more than one backup %s in %s: %s and %s; name it by its UUID",
		    order->backup, order->storage, s->found[0], s->found[1]);
	if (s->others == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no backup at all in %s", order->storage);
	return err_set(e, ERR_NOT_FOUND, "there is no backup %s in %s; there are:%s%s",
	    order->backup, order->storage, s->listed.p, s->others > LISTED ? "\n  …" : "");
}

static int
find_sidecar(const char **key, struct rescue *r, struct err *e)
{
	struct search s = { .arena = r->arena, .wanted = r->order->backup, .listed = BUF_INIT };
	int64_t number;
	int rc;

	if (name_id_parse(&number, NAME_BACKUP, r->order->backup))
		s.wanted = arena_printf(r->arena, "b%" PRId64 "-", number);
	else if (strlen(s.wanted) < 8)
		return err_set(e, ERR_INPUT, "'%s' is no backup: say b101, or its UUID",
		    r->order->backup);
	rc = dest_each_object(r->dest, "", look_at, &s, e);
	if (rc == 0)
		rc = judge_search(&s, r->order, e);
	*key = s.found[0];
	buf_release(&s.listed);
	return rc;
}

static int
read_sidecar(struct rescue *r, const char *key, struct err *e)
{
	CLEANUP_OBJECT struct object *o = NULL;
	CLEANUP_BUF struct buf text = BUF_INIT;
	const char *said;
	int64_t bytes;
	ssize_t n;

	if (object_open(&o, &bytes, r->dest, key, e) != 0)
		return -1;
	if (bytes > SIDECAR_MAX)
		return err_set(e, ERR_DAMAGED, "'%s' has %" PRId64 " bytes", key, bytes);
	n = object_read(o, 0, buf_room(&text, (size_t)bytes + 1), (size_t)bytes, e);
	if (n < 0)
		return -1;
	buf_took(&text, (size_t)n);
	struct vouch v = { .arena = r->arena, .dest = r->dest, .by = r->order->signing_key,
		.not_signed = r->order->not_signed };

	/* What is known here counts more than what anybody can write there. */
	if (v.by == NULL && *r->keys.signing != '\0')
		v.by = r->keys.signing;
	/* Nothing of it is believed before. */
	if (vouch_begin(&v, e) != 0 || vouch_sidecar(&said, &v, key, &text, e) != 0)
		return -1;
	puts(said);
	if (sidecar_read(&r->backup, r->arena, text.p, text.n, e) != 0)
		return err_in(e, "'%s'", key);
	r->keys.needed = r->backup.recipient;
	return 0;
}

/* -- into a folder -- */

static void
count(void *arg UNUSED, int64_t more UNUSED)
{
}

static void
say(void *arg UNUSED, const char *stream, const char *text)
{
	fprintf(strcmp(stream, "note") == 0 ? stdout : stderr, "  %s\n", text);
}

static const struct watch watch = { count, say, NULL };

/* Made when it is not there; what is in it is somebody's. */
static int
open_folder(struct rescue *r, struct err *e)
{
	const char *path = r->order->to_dir;
	struct dirent *d;
	DIR *dir;
	int fd;

	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return err_sys(e, "make the folder '%s'", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(dup(fd));
	if (dir == NULL)
		return err_sys(e, "open the folder '%s'", path);
	r->folder = fd;
	while ((d = readdir(dir)) != NULL)
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			break;
	closedir(dir);
	return d == NULL ? 0 : err_set(e, ERR_CONFLICT,
	    "the folder '%s' is not empty; name one that is empty or not there yet", path);
}

static struct export_part
part_from(const struct rescue *r, const struct part *part)
{
	return (struct export_part){ r->dest, &part->data, &part->manifest, &watch, part };
}

static int
files_to_folder(const char **name, const struct rescue *r, const struct part *part, struct err *e)
{
	CLEANUP_FD int fd = -1;
	const char *temporary = arena_printf(r->arena, ".%s.part", part->service_slug);
	struct unpack_root root = { "", -1 };
	struct unpack_spec spec = { .from = part_from(r, part), .roots = &root, .root_count = 1,
		.owners = geteuid() == 0 };
	struct unpack_totals totals;

	if (mkdirat(r->folder, temporary, 0700) != 0 ||
	    (fd = openat(r->folder, temporary, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return err_sys(e, "make the folder '%s'", temporary);
	root.fd = fd;
	if (unpack_tree(&totals, &spec, e) != 0)
		return -1;
	if (syncfs(fd) != 0 ||
	    renameat2(r->folder, temporary, r->folder, part->service_slug, RENAME_NOREPLACE) !=
	        0 ||
	    fsync(r->folder) != 0)
		return err_sys(e, "publish '%s'", part->service_slug);
	*name = part->service_slug;
	return 0;
}

/* "….dump.zst" and "….dump.zst.age" give "dump". */
static const char *
ending_of(struct arena *a, const char *stored)
{
	const char *key = arena_dupn(a, stored, strlen(stored) - (dest_encrypts(stored) ? 4 : 0));
	const char *slash = strrchr(key, '/'), *dot = strchr(slash ? slash : key, '.');
	size_t n = dot ? strlen(dot + 1) : 0;

	return n > 4 && strcmp(dot + 1 + n - 4, ".zst") == 0 ? arena_dupn(a, dot + 1, n - 4)
	                                                     : "data";
}

static int
database_to_folder(const char **name, const struct rescue *r, const struct part *part,
    struct err *e)
{
	const struct export_part from = part_from(r, part);
	const char *file = arena_printf(r->arena, "%s.%s", part->service_slug,
	    ending_of(r->arena, part->data.key));
	const char *temporary = arena_printf(r->arena, ".%s.part", file);
	CLEANUP_FD int fd =
	    openat(r->folder, temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct export_file made;

	if (fd < 0)
		return err_sys(e, "create '%s'", temporary);
	if (export_database(&made, fd, &from, e) != 0) {
		unlinkat(r->folder, temporary, 0);
		return -1;
	}
	*name = file;
	return fd_publish(fd, r->folder, temporary, file, e);
}

static int
to_folder(const struct rescue *r, const struct part *part, struct err *e)
{
	char size[NUM_TEXT];
	const char *name = NULL;
	int rc = part->manifest.key[0] != '\0' ? files_to_folder(&name, r, part, e)
	                                       : database_to_folder(&name, r, part, e);

	if (rc != 0)
		return err_in(e, "%s", part->service_slug);
	num_size(size, backup_part_bytes(part));
	printf("%s: %s, whole, in %s/%s\n", part->service_slug, size, r->order->to_dir, name);
	return 0;
}

/* -- the whole -- */

static bool
is_wanted(const struct rescue *r, const struct part *part)
{
	return r->order->service == NULL || strcmp(r->order->service, part->service_slug) == 0;
}

static int
check_services(const struct rescue *r, struct err *e)
{
	CLEANUP_BUF struct buf names = BUF_INIT;

	for (size_t i = 0; i < r->backup.part_count; i++) {
		if (is_wanted(r, &r->backup.parts[i]))
			return 0;
		buf_printf(&names, " %s", r->backup.parts[i].service_slug);
	}
	return err_set(e, ERR_NOT_FOUND, "backup b%" PRId64 " has no service %s; it has:%s",
	    r->backup.number, r->order->service, names.p);
}

static int
to_database(const struct rescue *r, struct err *e)
{
	const struct part *part = NULL;

	for (size_t i = 0; i < r->backup.part_count; i++) {
		if (!is_wanted(r, &r->backup.parts[i]) ||
		    strcmp(r->backup.parts[i].engine, "postgresql") != 0)
			continue;
		if (part != NULL)
			return err_set(e, ERR_INPUT,
			    "backup b%" PRId64 " has several PostgreSQL databases; choose one with "
			    "--service", r->backup.number);
		part = &r->backup.parts[i];
	}
	if (part == NULL)
		return err_set(e, ERR_INPUT,
		    "only a PostgreSQL database can go into a database; take it out with --to-dir");
	const struct export_part from = part_from(r, part);

	if (pg_salvage(&from, r->order->to_database, r->arena, e) != 0)
		return err_in(e, "%s", part->service_slug);
	printf("%s: whole, in the database\n", part->service_slug);
	return 0;
}

static int
rescue(struct rescue *r, struct err *e)
{
	char made[CLOCK_ISO_SIZE];
	const char *key = NULL;

	if (find_sidecar(&key, r, e) != 0 || read_sidecar(r, key, e) != 0 ||
	    check_services(r, e) != 0)
		return -1;
	clock_iso(made, r->backup.created_at);
	printf("b%" PRId64 " of %s/%s, made %s\n", r->backup.number, r->backup.project,
	    r->backup.environment, made);
	if (r->order->to_database != NULL)
		return to_database(r, e);
	if (open_folder(r, e) != 0)
		return -1;
	for (size_t i = 0; i < r->backup.part_count; i++)
		if (is_wanted(r, &r->backup.parts[i]) &&
		    to_folder(r, &r->backup.parts[i], e) != 0)
			return -1;
	return 0;
}

/* -- where it lies -- */

static bool
is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int
open_by_folder(struct rescue *r, struct err *e)
{
	const struct storage storage = { .slug = "main", .kind = "local",
		.path = r->order->storage };

	r->keys.signing = "";
	return dest_open(&r->dest, &storage, e);
}

static int
no_such(const struct salvage *s, const char *why, struct err *e)
{
	return err_set(e, ERR_NOT_FOUND, "there is no storage folder '%s', and %s. Without a"
	    " catalogue, fetch the bucket or the folder of the server with any tool, such as"
	    " 'aws s3 sync' or 'sftp -r', and name the folder that it then lies in", s->storage,
	    why);
}

/* With what the catalogue of this machine knows of it; its own keys do where no file is named. */
static int
open_by_name(struct rescue *r, struct err *e)
{
	CLEANUP_DB struct db *db = NULL;
	const char *home = conf_home(r->arena), *name = r->order->storage;
	struct plan p = { .arena = r->arena };
	struct storage storage;
	struct conf conf;

	if (conf_read(&conf, r->arena, home, e) != 0)
		return -1;
	if (access(conf.catalog, F_OK) != 0 && errno == ENOENT)
		return no_such(r->order, arena_printf(r->arena, "no catalogue is in '%s' that"
		    " could know a storage of this name (LAZARETTE_HOME says where)", home), e);
	if (db_open(&db, conf.catalog, e) != 0)
		return -1;
	p.conf = &conf;
	p.db = db;
	if (storages_by_slug(&storage, r->arena, db, name, e) != 0)
		return e->kind != ERR_NOT_FOUND ? -1
		    : no_such(r->order, "the catalogue knows no storage of this name", e);
	if (meet_server(&p, &storage, e) != 0 || plan_dest(&r->dest, &storage, &p, e) != 0)
		return -1;
	r->keys = *p.keys;
	return 0;
}

int
salvage_run(const struct salvage *s, struct err *e)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct rescue r = { .order = s, .arena = arena, .folder = -1 };
	bool by_folder = strchr(s->storage, '/') != NULL || is_folder(s->storage);
	int rc;

	if (by_folder && !is_folder(s->storage))
		return err_set(e, ERR_NOT_FOUND, "there is no storage folder '%s'", s->storage);
	rc = by_folder ? open_by_folder(&r, e) : open_by_name(&r, e);
	if (rc == 0) {
		if (s->identity != NULL) {
			r.keys.folder = NULL;
			r.keys.file = s->identity;
		}
		dest_use_keys(r.dest, &r.keys);
		rc = rescue(&r, e);
	}
	dest_closep(&r.dest);
	fd_close(&r.folder);
	return rc;
}
