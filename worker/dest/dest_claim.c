/* dest_claim.c: whose storage it is, and how to open everything in it without Lazarette. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/rand.h"
#include "worker/dest/driver.h"

/* Format 1 is a storage whose parts of files stand each for itself, as they are; in format 2 they
 * may need the packs of others, and what ends in .age is encrypted. */
enum { FORMAT_FIRST = 1, FORMAT = 2, OWNER_MAX = 64 << 10 };
static const char owner_key[] = "lazarette.json";
static const char runbook_key[] = "README.txt";
static const char signing_key[] = "lazarette.pub";

static const char runbook[] =
    "Backups made by Lazarette\n"
    "=========================\n"
    "\n"
    "Everything here opens with the usual tools of a Linux system: age, zstd, tar, sha256sum,\n"
    "and the restore tool of the database. Neither Lazarette nor its catalogue is needed. On\n"
    "Debian:\n"
    "\n"
    "    apt install age minisign zstd tar coreutils jq postgresql-client sqlite3\n"
    "\n"
    "In an S3 bucket, fetch what you need first, or all of it:\n"
    "\n"
    "    aws --endpoint-url https://... s3 sync s3://<bucket>/<prefix> .\n"
    "\n"
    "From an SFTP server likewise:\n"
    "\n"
    "    sftp -r <account>@<server>:<folder> .\n"
    "\n"
    "What lies where\n"
    "---------------\n"
    "\n"
    "    <project>/<environment>/b101-<id>.json               what backup b101 holds (text)\n"
    "    <project>/<environment>/<service>/<id>.dump.zst      a PostgreSQL database\n"
    "    <project>/<environment>/<service>/<id>.sqlite.zst    an SQLite database\n"
    "    <project>/<environment>/<service>/<id>.tar.zst       files (media)\n"
    "    <project>/<environment>/<service>/<id>-2.tar.zst     more of them, and so on\n"
    "    <project>/<environment>/<service>/<id>.manifest.zst  the list of those files\n"
    "\n"
    "A name that ends in .age is encrypted, one that ends in .minisig is a signature, one\n"
    "that ends in .header lets newer keys open the file that it is named after. Any other\n"
    "file that no .json names, or whose name ends in .tmp, is not part of a backup.\n"
    "\n"
    "Step by step\n"
    "------------\n"
    "\n"
    "What stands far to the right are commands. Type them in this folder, or better in a\n"
    "copy of it. They speak of backup b101 of shop/live: put the names of yours in their\n"
    "place. <id> is the name that the .json has.\n"
    "\n"
    "1. Find the backup. Each .json is one finished backup: its time, its note, and for\n"
    "   each service the key (the path below this folder), the size and the SHA-256 of what\n"
    "   is stored.\n"
    "\n"
    "       ls -l */*/b*.json\n"
    "       jq . shop/live/b101-*.json\n"
    "\n"
    "2. If it has a .minisig, see who wrote it. lazarette.pub is the public key; better is\n"
    "   a copy of it that you kept elsewhere, for who can write here can put another in its\n"
    "   place. The trusted comment must name the very file that you check.\n"
    "\n"
    "       minisign -V -p lazarette.pub -m shop/live/b101-*.json\n"
    "\n"
    "3. List every file that it needs, and compare each with its SHA-256:\n"
    "\n"
    "       jq -r '.parts[] | .data, .manifest, .packs[]? | select(.) |\n"
    "              .stored_sha256 + \"  \" + .key' shop/live/b101-*.json > needed\n"
    "       sha256sum -c needed\n"
    "\n"
    "4. If the names end in .age, take the encryption away. That needs a secret key, which\n"
    "   is not here: the identity of the server (keys/age1....identity in the folder of\n"
    "   Lazarette), or a file into which you write the recovery key (a line\n"
    "   AGE-SECRET-KEY-1..., printed when Lazarette was set up). \"recipients\" in the .json\n"
    "   are the public halves. KEY is that file. Where it does not open one, because the keys\n"
    "   were changed later, what is behind the first header (it ends with the line that begins\n"
    "   with ---) opens with the one in the .header beside it:\n"
    "\n"
    "       for f in $(cut -c 67- needed); do age -d -i KEY -o ${f%.age} $f || {\n"
    "           cat $f.header; tail -c +$(($(sed '/^--- /q' $f | wc -c) + 1)) $f\n"
    "           } | age -d -i KEY -o ${f%.age}; done\n"
    "\n"
    "5. A PostgreSQL database (pg_dump's custom format), into a new, empty database:\n"
    "\n"
    "       createdb restored\n"
    "       zstd -dc shop/live/db/<id>.dump.zst | pg_restore --no-owner --dbname=restored\n"
    "\n"
    "   An SQLite database is the database file itself:\n"
    "\n"
    "       zstd -dc shop/live/db/<id>.sqlite.zst > restored.sqlite\n"
    "       sqlite3 restored.sqlite 'PRAGMA integrity_check'\n"
    "\n"
    "   Files, into a new, empty folder (as root, to get owners and modes back). Many lie in\n"
    "   several packs, <id>.tar.zst, <id>-2.tar.zst and so on, which are one archive:\n"
    "\n"
    "       mkdir restored && zstd -dc $(ls -v shop/live/media/<id>*.tar.zst) |\n"
    "           tar -x -p -i -C restored\n"
    "\n"
    "   When the second line of the list of files (see 6) ends in 2, the packs of this id hold\n"
    "   only what was new: files that had not changed lie in \"packs\" of another id, which the\n"
    "   .json names, and folders, links and empty files are in the list alone. This takes\n"
    "   each from where it is:\n"
    "\n"
    "       sh restore-files.sh shop/live/media/<id>.manifest.zst restored\n"
    "\n";

/* Apart only because a string is that long at most. */
static const char runbook_end[] =
    "6. The list of files with size, owner, mode, time and SHA-256 is mtree(5) text:\n"
    "\n"
    "       zstd -dc shop/live/media/<id>.manifest.zst > files.txt\n"
    "\n"
    "The formats are described in docs/format.md of Lazarette.\n"
    "\n"
    "With a new Lazarette\n"
    "--------------------\n"
    "\n"
    "When the machine is lost, a new Lazarette can take the place of the one that wrote\n"
    "this. If there is a copy of its folder keys, put that back first. Then, on the server:\n"
    "\n"
    "    lazarette admin init\n"
    "    lazarette admin setup-code\n"
    "\n"
    "The code makes the first account in the browser. A bucket or an SFTP server is added\n"
    "there, on the page Storage, under any name; bucket and prefix, or the folder, are those\n"
    "in which lazarette.json lies. Before the new one makes any backup:\n"
    "\n"
    "    lazarette admin rebuild --storage NAME --adopt\n"
    "\n"
    "NAME is what the page calls it, or the path of a folder on that machine. Every backup\n"
    "is taken up from its .json. Further storages of the same Lazarette follow at once,\n"
    "without --adopt. Where the keys are lost, add --signing-key with the old public key, and\n"
    "write the recovery key into keys/recovery.identity on the server. Where only the\n"
    "catalogue is lost, or an old copy of it was put back, the same command without --adopt\n"
    "takes up what is not known. See lazarette(8).\n";

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

static int
put_runbook(struct dest *d, struct err *e)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	buf_add(&text, runbook, sizeof runbook - 1);
	buf_add(&text, runbook_end, sizeof runbook_end - 1);
	return put(d, runbook_key, text.p, text.n, e);
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
check_format(json_int_t format, struct err *e)
{
	if (format >= FORMAT_FIRST && format <= FORMAT)
		return 0;
	return err_set(e, ERR_CONFLICT, "the storage has format %lld, this Lazarette knows only"
	    " formats up to %d: use the newer Lazarette that wrote it", (long long)format, FORMAT);
}

int
dest_claim_owner(struct dest_owner *ret, struct arena *a, struct dest *d, struct err *e)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP(json_freep) json_t *j = NULL;
	const char *instance, *signing;

	if (fetch(&text, d, owner_key, e) != 0)
		return -1;
	j = json_loadb(text.p, text.n, 0, NULL);
	if (json_object_get(j, "format") != NULL &&
	    check_format(json_integer_value(json_object_get(j, "format")), e) != 0)
		return -1;
	instance = json_string_value(json_object_get(j, "instance_id"));
	signing = json_string_value(json_object_get(j, "signing_key"));
	ret->instance = arena_dup(a, instance != NULL ? instance : "");
	ret->signing_key = arena_dup(a, signing != NULL ? signing : "");
	return 0;
}

static int
check_owner(json_int_t *ret, const struct dest *d, const struct buf *text,
    const char *instance_id, struct err *e)
{
	CLEANUP(json_freep) json_t *j = json_loadb(text->p, text->n, 0, NULL);
	const char *owner = json_string_value(json_object_get(j, "instance_id"));
	json_int_t format = json_integer_value(json_object_get(j, "format"));

	if (owner == NULL || format == 0)
		return err_set(e, ERR_DAMAGED, "'%s' in the storage does not say whose it is",
		    owner_key);
	if (check_format(format, e) != 0)
		return -1;
	if (strcmp(owner, instance_id) != 0)
		return err_set(e, ERR_CONFLICT, "the storage belongs to another Lazarette (%.60s):"
		    " choose an empty %s. Only if that one is gone for good, and this one is to"
		    " take its place, type on the server: lazarette admin rebuild --storage %s"
		    " --adopt", owner, d->driver == &dst_s3 ? "bucket or prefix" : "folder",
		    d->slug);
	*ret = format;
	return 0;
}

static bool
has_keys(const struct dest_keys *keys)
{
	return keys != NULL && (keys->recipient_count > 0 || *keys->signing != '\0');
}

static void
owner_text(struct buf *out, const struct dest_keys *keys, const char *instance_id, int format)
{
	buf_printf(out, "{\n\t\"format\": %d,\n\t\"instance_id\": \"%s\"", format, instance_id);
	if (has_keys(keys)) {
		buf_text(out, ",\n\t\"recipients\": [");
		for (size_t i = 0; i < keys->recipient_count; i++)
			buf_printf(out, "%s\"%s\"", i > 0 ? ", " : "", keys->recipients[i]);
		buf_printf(out, "],\n\t\"signing_key\": \"%s\"", keys->signing);
	}
	buf_text(out, "\n}\n");
}

/* What anybody needs to check signatures: `minisign -V -p lazarette.pub -m FILE`. */
static int
publish_signing_key(struct dest *d, struct err *e)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (!has_keys(d->keys) || *d->keys->signing == '\0')
		return 0;
	buf_printf(&text, "untrusted comment: minisign public key of lazarette\n%s\n",
	    d->keys->signing);
	return put(d, signing_key, text.p, text.n, e);
}

/* How to open by hand what is not in format 1, too. */
static int
put_format_2(struct dest *d, const struct buf *owner, struct err *e)
{
	if (put(d, dest_script_key, dest_script, dest_script_size, e) != 0 ||
	    put_runbook(d, e) != 0 ||
	    publish_signing_key(d, e) != 0)
		return -1;
	return put(d, owner_key, owner->p, owner->n, e);
}

int
dest_claim(struct dest *d, const char *instance_id, bool may_begin, struct err *e)
{
	CLEANUP_BUF struct buf owner = BUF_INIT;
	CLEANUP_BUF struct buf readme = BUF_INIT;
	CLEANUP_BUF struct buf wanted = BUF_INIT;
	json_int_t format;

	if (fetch(&owner, d, owner_key, e) != 0 || fetch(&readme, d, runbook_key, e) != 0)
		return -1;
	if (owner.n > 0 && check_owner(&format, d, &owner, instance_id, e) != 0)
		return -1;
	if (owner.n == 0 && !may_begin)
		return err_set(e, ERR_BUSY,
		    "storage *%s* is not there: %s has no %s. Is %s?", d->slug, d->where,
		    owner_key, d->driver == &dst_s3 ? "it the right bucket"
		    : d->driver == &dst_sftp ? "it the right folder, and its disk mounted there"
		    : "its disk mounted");
	owner_text(&wanted, d->keys, instance_id, has_keys(d->keys) ? FORMAT : FORMAT_FIRST);
	/* Without keys an owner's file stays as it is. */
	if (has_keys(d->keys))
		return strcmp(owner.p, wanted.p) == 0 ? 0 : put_format_2(d, &wanted, e);
	if (readme.n == 0 && put_runbook(d, e) != 0)
		return -1;
	return owner.n > 0 ? 0 : put(d, owner_key, wanted.p, wanted.n, e);
}

int
dest_claim_leave(struct dest *d, const char *instance_id, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct dest_owner owner;

	if (dest_claim_owner(&owner, a, d, e) != 0)
		return -1;
	return strcmp(owner.instance, instance_id) == 0 ? dest_remove(d, owner_key, e) : 0;
}

int
dest_claim_raise(struct dest *d, const char *instance_id, struct err *e)
{
	CLEANUP_BUF struct buf owner = BUF_INIT;
	CLEANUP_BUF struct buf wanted = BUF_INIT;
	json_int_t format = 0;

	if (fetch(&owner, d, owner_key, e) != 0 ||
	    (owner.n > 0 && check_owner(&format, d, &owner, instance_id, e) != 0))
		return -1;
	if (format == FORMAT)
		return 0;
	owner_text(&wanted, d->keys, instance_id, FORMAT);
	return put_format_2(d, &wanted, e);
}

const char *
dest_claim_script(size_t *n)
{
	*n = dest_script_size;
	return dest_script;
}
