/* dest_claim.c: whose storage it is, and how to open everything in it without Lazarette. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/rand.h"
#include "worker/dest/driver.h"

enum { FORMAT = 1, OWNER_MAX = 64 << 10 };
static const char owner_key[] = "lazarette.json";
static const char runbook_key[] = "README.txt";

static const char runbook[] =
    "Backups made by Lazarette\n"
    "=========================\n"
    "\n"
    "Everything here opens with the usual tools of a Linux system: zstd, tar, sha256sum, and the\n"
    "restore tool of the database. Neither Lazarette nor its catalogue is needed. On Debian:\n"
    "\n"
    "    apt install zstd tar coreutils jq postgresql-client sqlite3\n"
    "\n"
    "In an S3 bucket, fetch what you need first, or all of it:\n"
    "\n"
    "    aws --endpoint-url https://... s3 sync s3://<bucket>/<prefix> .\n"
    "\n"
    "What lies where\n"
    "---------------\n"
    "\n"
    "    <project>/<environment>/b101-<id>.json               what backup b101 holds (a text "
    "file)\n"
    "    <project>/<environment>/<service>/<id>.dump.zst      a PostgreSQL database\n"
    "    <project>/<environment>/<service>/<id>.sqlite.zst    an SQLite database\n"
    "    <project>/<environment>/<service>/<id>.tar.zst       files (media)\n"
    "    <project>/<environment>/<service>/<id>.manifest.zst  the list of those files\n"
    "\n"
    "1. Find the backup. Each .json file is one finished backup: its time, its note, and for each\n"
    "   service the key (the path below this folder), the size and the SHA-256 of what is stored.\n"
    "   A file that no .json names, or whose name ends in .tmp, is not a backup.\n"
    "\n"
    "       ls -l */*/b*.json\n"
    "       jq . shop/live/b101-*.json\n"
    "\n"
    "2. Check the stored file against \"stored_sha256\" in the .json, and that it decodes:\n"
    "\n"
    "       sha256sum shop/live/db/<id>.dump.zst\n"
    "       zstd -t   shop/live/db/<id>.dump.zst\n"
    "\n"
    "3. A PostgreSQL database (pg_dump's custom format), into a new, empty database:\n"
    "\n"
    "       createdb restored\n"
    "       zstd -dc shop/live/db/<id>.dump.zst | pg_restore --no-owner --dbname=restored\n"
    "\n"
    "   An SQLite database is the database file itself:\n"
    "\n"
    "       zstd -dc shop/live/db/<id>.sqlite.zst > restored.sqlite\n"
    "       sqlite3 restored.sqlite 'PRAGMA integrity_check'\n"
    "\n"
    "   Files, into a new, empty folder (as root, to get owners and modes back):\n"
    "\n"
    "       mkdir restored && zstd -dc shop/live/media/<id>.tar.zst | tar -x -p -C restored\n"
    "\n"
    "4. The list of files with size, owner, mode, time and SHA-256 is mtree(5) text:\n"
    "\n"
    "       zstd -dc shop/live/media/<id>.manifest.zst | less\n"
    "\n"
    "The formats are described in docs/format.md of Lazarette.\n";

static int
put(struct dest *d, const char *key, const void *p, size_t n, struct err *e)
{
	CLEANUP_UPLOAD struct upload *up = NULL;

	/* Jobs that find an empty storage at the same time must not share a temporary file. */
	if (dest_begin(&up, d, key, (int64_t)rand_below(INT64_MAX), e) != 0 ||
	    upload_write(up, p, n, e) != 0)
		return -1;
	return upload_commit(&up, e);
}

/* 0 with *ret empty when there is no such object. */
static int
fetch(struct buf *ret, struct dest *d, const char *key, struct err *e)
{
	CLEANUP_OBJECT struct object *o = NULL;
	int64_t bytes;
	ssize_t got;

	if (object_open(&o, &bytes, d, key, e) != 0)
		return e->kind == ERR_NOT_FOUND ? 0 : -1;
	if (bytes > OWNER_MAX)
		return err_set(e, ERR_DAMAGED, "'%s' is %lld bytes long", key, (long long)bytes);
	got = object_read(o, 0, buf_room(ret, (size_t)bytes), (size_t)bytes, e);
	if (got < 0)
		return -1;
	buf_took(ret, (size_t)got);
	return 0;
}

static void
json_freep(json_t **j)
{
	json_decref(*j);
}

static int
check_owner(const struct dest *d, const struct buf *text, const char *instance_id, struct err *e)
{
	CLEANUP(json_freep) json_t *j = json_loadb(text->p, text->n, 0, NULL);
	const char *owner = json_string_value(json_object_get(j, "instance_id"));
	json_int_t format = json_integer_value(json_object_get(j, "format"));

	if (owner == NULL || format == 0)
		return err_set(e, ERR_DAMAGED, "'%s' in the storage does not say whose it is",
		    owner_key);
	if (format != FORMAT)
		return err_set(e, ERR_CONFLICT,
		    "the storage has format %lld, this Lazarette knows only"
		    " format %d: use the newer Lazarette that wrote it",
		    (long long)format, FORMAT);
	if (strcmp(owner, instance_id) != 0)
		return err_set(e, ERR_CONFLICT, "the storage belongs to another Lazarette (%.60s):"
		    " choose an empty %s", owner,
		    d->driver == &dst_local ? "folder" : "bucket or prefix");
	return 0;
}

int
dest_claim(struct dest *d, const char *instance_id, bool may_begin, struct err *e)
{
	CLEANUP_BUF struct buf owner = BUF_INIT;
	CLEANUP_BUF struct buf readme = BUF_INIT;
	bool local = d->driver == &dst_local;

	if (fetch(&owner, d, owner_key, e) != 0 || fetch(&readme, d, runbook_key, e) != 0)
		return -1;
	if (owner.n > 0 && check_owner(d, &owner, instance_id, e) != 0)
		return -1;
	if (owner.n == 0 && !may_begin)
		return err_set(e, ERR_BUSY,
		    "storage *%s* is not there: %s has no %s. Is %s?", d->slug, d->where,
		    owner_key, local ? "its disk mounted" : "it the right bucket");
	if (readme.n == 0 && put(d, runbook_key, runbook, sizeof runbook - 1, e) != 0)
		return -1;
	if (owner.n > 0)
		return 0;
	buf_printf(&owner, "{\n\t\"format\": %d,\n\t\"instance_id\": \"%s\"\n}\n", FORMAT,
	    instance_id);
	return put(d, owner_key, owner.p, owner.n, e);
}
