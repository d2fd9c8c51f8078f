/* runbook.c: a backup is opened as README.txt of its storage says, with the tools it names. */
#include "worker/job/runbook.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "lib/util/proc.h"
#include "worker/dest/wrap.h"
#include "worker/job/readback.h"
#include "worker/job/runbook_files.h"
#include "worker/job/sign.h"
#include "worker/source/lite.h"
#include "worker/target/raze.h"

/* restore-files.sh starts several processes for each file. */
enum { STEP = 256 << 10, SAID_MAX = 64 << 10, FILES_MAX = 20000, ARGS = 64 };
#define BYTES_MAX (INT64_C(8) << 30)

enum tool { SHA256SUM, MINISIGN, AGE, ZSTD, TAR, SH, SQLITE3, PG_RESTORE, TOOLS };
static const char *const names[TOOLS] = {
	[SHA256SUM] = "sha256sum", [MINISIGN] = "minisign", [AGE] = "age", [ZSTD] = "zstd",
	[TAR] = "tar", [SH] = "sh", [SQLITE3] = "sqlite3", [PG_RESTORE] = "pg_restore",
};

struct opening {
	struct plan *plan;
	struct arena *arena;
	char *tools[TOOLS];           /* NULL: not needed */
	const char *const *identities;   /* "-i", file, "-i", file …, NULL */
	const char *folder;           /* in the scratch folder, of one part */
};

/* -- which tools -- */

static bool
is_format(const struct part *part, const char *format)
{
	return strcmp(part->format, format) == 0;
}

static bool
is_signed_by_us(struct plan *p)
{
	return *p->backup.signed_by != '\0' && strcmp(p->backup.signed_by, sign_key_id(p)) == 0;
}

static void
wants(bool wanted[TOOLS], struct plan *p)
{
	wanted[SHA256SUM] = wanted[ZSTD] = true;
	wanted[MINISIGN] = is_signed_by_us(p);
	for (size_t i = 0; i < p->part_count; i++) {
		const struct part *part = &p->parts[i];

		wanted[AGE] |= dest_encrypts(part->data.key);
		wanted[TAR] |= is_format(part, "tar") && backup_is_plain(part);
		wanted[SH] |= !backup_is_plain(part);
		wanted[SQLITE3] |= is_format(part, "sqlite");
		wanted[PG_RESTORE] |= is_format(part, "pg-custom");
	}
}

/* Gives why it cannot be done that way; NULL: it can. */
static const char *
find_tools(struct opening *o)
{
	bool wanted[TOOLS] = { false };
	struct err e;

	wants(wanted, o->plan);
	for (int i = 0; i < TOOLS; i++)
		if (wanted[i] && proc_find(&o->tools[i], o->arena, names[i], 0, &e) != 0)
			return arena_printf(o->arena, "%s is not installed", names[i]);
	return NULL;
}

/* The packs as they lie and opened, and all that is in them. */
static int64_t
room_for(const struct part *part)
{
	int64_t sum = 2 * (part->data.stored_bytes + part->manifest.stored_bytes) +
	    part->manifest.raw_bytes + part->data.raw_bytes + backup_part_bytes(part);

	for (size_t i = 0; i < part->pack_count; i++)
		sum += 2 * part->packs[i].object.stored_bytes;
	return sum;
}

static const char *
find_room(const struct opening *o)
{
	struct statvfs fs;
	int64_t needed = 0;

	for (size_t i = 0; i < o->plan->part_count; i++) {
		const struct part *part = &o->plan->parts[i];

		if (room_for(part) > needed)
			needed = room_for(part);
		if (!backup_is_plain(part) && part->items > FILES_MAX)
			return "it has too many files for restore-files.sh";
	}
	if (statvfs(o->plan->scratch, &fs) != 0)
		return "nobody knows how much room there is for it";
	return needed > BYTES_MAX || needed > (int64_t)(fs.f_bavail * fs.f_frsize) / 2
	    ? "it is too large to be taken out beside" : NULL;
}

/* -- running them -- */

static int
run(const struct opening *o, enum tool tool, const char *const *rest, struct err *e)
{
	const char *argv[ARGS] = { o->tools[tool] };
	const struct proc_spec spec = { .argv = argv, .stdin_fd = -1 };
	CLEANUP_PROC struct proc *child = NULL;
	size_t n = 1;

	for (; *rest != NULL && n < ARGS - 1; rest++)
		argv[n++] = *rest;
	return proc_start(&child, &spec, e) != 0 ? -1 : proc_wait(child, e);
}
#define RUN(o, tool, e, ...) run(o, tool, (const char *const[]){ __VA_ARGS__, NULL }, e)

/* Into the folder, as it lies. */
static int
fetch(const char **path, const struct opening *o, const char *key, struct err *e)
{
	const struct watch *watch = report_watch(o->plan->report);
	CLEANUP(runbook_files_free) unsigned char *buffer = xmalloc(STEP);
	CLEANUP_OBJECT struct object *from = NULL;
	CLEANUP_FD int fd = -1;
	int64_t bytes, at = 0;
	ssize_t n;

	*path = arena_printf(o->arena, "%s/%s", o->folder, strrchr(key, '/') + 1);
	if (object_open_as_is(&from, &bytes, o->plan->dest, key, e) != 0)
		return -1;
	fd = open(*path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, "create '%s'", *path);
	while ((n = object_read(from, at, buffer, STEP, e)) > 0) {
		if (fd_write_all(fd, buffer, (size_t)n, e) != 0)
			return -1;
		watch->bytes(watch->arg, n);
		at += n;
	}
	return n < 0 ? -1 : 0;
}

static int
compare_sum(const struct opening *o, const char *path, const char *sha256, struct err *e)
{
	const char *list = arena_printf(o->arena, "%s/needed", o->folder);
	const char *line = arena_printf(o->arena, "%s  %s\n", sha256, path);
	struct err why;

	if (fd_put_file(list, line, strlen(line), 0600, e) != 0)
		return -1;
	if (RUN(o, SHA256SUM, &why, "-c", "--quiet", "--strict", list) == 0)
		return 0;
	return err_set(e, ERR_DAMAGED, "sha256sum finds another content in '%s'",
	    strrchr(path, '/') + 1);
}

static int
open_one(const struct opening *o, const char *from, const char *plain, struct err *e)
{
	const char *argv[ARGS] = { "-d", "-o", plain };
	size_t n = 3;

	for (size_t i = 0; o->identities[i] != NULL && n < ARGS - 3; i++)
		argv[n++] = o->identities[i];
	argv[n] = from;
	return run(o, AGE, argv, e);
}

/* { cat FILE.header; tail -c +N FILE; }: what is behind the file's own header. */
static int
join(const char *joined, const char *there, const char *header, struct err *e)
{
	CLEANUP(runbook_files_free) unsigned char *buffer = xmalloc(STEP);
	CLEANUP_BUF struct buf front = BUF_INIT;
	CLEANUP_BUF struct buf beside = BUF_INIT;
	CLEANUP_BUF struct buf said = BUF_INIT;
	CLEANUP_FD int from = open(there, O_RDONLY | O_CLOEXEC);
	CLEANUP_FD int to = open(joined, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	size_t size;
	ssize_t n;

	if (from < 0 || to < 0)
		return err_sys(e, "open '%s'", from < 0 ? there : joined);
	n = fd_read_full(from, buf_room(&front, AGE_HEADER_MAX), AGE_HEADER_MAX, e);
	if (n < 0)
		return -1;
	buf_took(&front, (size_t)n);
	if (fd_read_file(&beside, header, AGE_HEADER_MAX, e) != 0 ||
	    age_header_look(&size, &said, &front, e) != 0 ||
	    fd_write_all(to, beside.p, beside.n, e) != 0 ||
	    fd_write_all(to, front.p + size, front.n - size, e) != 0)
		return -1;
	while ((n = fd_read_full(from, buffer, STEP, e)) > 0)
		if (fd_write_all(to, buffer, (size_t)n, e) != 0)
			return -1;
	return n < 0 ? -1 : 0;
}

/* By its own header, else by the one beside it. */
static int
open_stored(const struct opening *o, const struct stored_object *object, const char *there,
    const char *plain, struct err *e)
{
	const char *joined = arena_printf(o->arena, "%s.joined", there), *header = NULL;
	struct err why;

	if (open_one(o, there, plain, e) == 0)
		return 0;
	if (fetch(&header, o, wrap_key_for(o->arena, object->key), &why) != 0)
		return -1;
	if (join(joined, there, header, e) != 0 || open_one(o, joined, plain, e) != 0)
		return -1;
	return unlink(joined) == 0 ? 0 : err_sys(e, "remove '%s'", joined);
}

/* Fetched, compared and opened; *path is the .zst. */
static int
take(const char **path, const struct opening *o, const struct stored_object *object, struct err *e)
{
	const char *there = NULL, *plain;

	if (fetch(&there, o, object->key, e) != 0 ||
	    compare_sum(o, there, object->stored_sha256, e) != 0)
		return -1;
	*path = there;
	if (!dest_encrypts(object->key))
		return 0;
	plain = arena_dupn(o->arena, there, strlen(there) - 4);
	*path = plain;
	if (open_stored(o, object, there, plain, e) != 0)
		return -1;
	return unlink(there) == 0 ? 0 : err_sys(e, "remove '%s'", there);
}

/* What zstd makes of it, compared. */
static int
decode(const char **ret, const struct opening *o, const char *path,
    const struct stored_object *object, struct err *e)
{
	*ret = arena_dupn(o->arena, path, strlen(path) - strlen(".zst"));
	if (RUN(o, ZSTD, e, "-d", "-q", "-o", *ret, path) != 0)
		return -1;
	return *object->raw_sha256 == '\0' ? 0
	                                   : compare_sum(o, *ret, object->raw_sha256, e);
}

/* -- one part -- */

static int
check_database(const struct opening *o, const struct part *part, const char *stored, struct err *e)
{
	const char *file = NULL;

	if (decode(&file, o, stored, &part->data, e) != 0)
		return -1;
	if (is_format(part, "pg-custom"))
		return RUN(o, PG_RESTORE, e, "--list", file);
	if (is_format(part, "sqlite")) {
		CLEANUP_BUF struct buf said = BUF_INIT;
		const char *const argv[] = { o->tools[SQLITE3], file, lite_integrity,
			NULL };
		const struct proc_spec spec = { .argv = argv, .stdin_fd = -1 };

		if (proc_output(&said, SAID_MAX, &spec, e) != 0)
			return -1;
		if (strcmp(said.p, "ok\n") != 0)
			return err_set(e, ERR_DAMAGED, "sqlite3 says: %.200s", said.p);
	}
	return 0;
}

static int
put_script(const char **path, const struct opening *o, struct err *e)
{
	size_t n;
	const char *text = dest_claim_script(&n);

	*path = arena_printf(o->arena, "%s/restore-files.sh", o->folder);
	return fd_put_file(*path, text, n, 0600, e);
}

/* Its own packs, one behind the other. */
static int
untar_all(const struct opening *o, const struct part *part, const char *to, struct err *e)
{
	const struct stored_object *own;
	const char *file = NULL;

	if (mkdir(to, 0700) != 0)
		return err_sys(e, "make the folder '%s'", to);
	for (int64_t i = 1; (own = backup_own(part, i)) != NULL; i++) {
		const char *stored = arena_printf(o->arena, "%s/%s", o->folder,
		    strrchr(own->key, '/') + 1);

		if (dest_encrypts(own->key))
			stored = arena_dupn(o->arena, stored, strlen(stored) - strlen(".age"));
		if (decode(&file, o, stored, own, e) != 0 ||
		    RUN(o, TAR, e, "-x", "-f", file, "-C", to) != 0)
			return -1;
		if (unlink(file) != 0)
			return err_sys(e, "remove '%s'", file);
	}
	return 0;
}

static int
check_files(const struct opening *o, const struct part *part, struct err *e)
{
	const char *to = arena_printf(o->arena, "%s/restored", o->folder);
	const char *packed = NULL, *manifest = NULL, *script = NULL, *file = NULL;

	if (take(&packed, o, &part->manifest, e) != 0 ||
	    decode(&manifest, o, packed, &part->manifest, e) != 0)
		return -1;
	for (size_t i = 0; i < part->pack_count; i++)
		if (take(&file, o, &part->packs[i].object, e) != 0)
			return -1;
	if (backup_is_plain(part)) {
		if (untar_all(o, part, to, e) != 0)
			return -1;
	} else if (put_script(&script, o, e) != 0 || RUN(o, SH, e, script, packed, to) != 0) {
		return -1;
	}
	return runbook_files_compare(manifest, to, e);
}

static int
check_part(struct opening *o, const struct part *part, struct err *e)
{
	const char *stored = NULL;
	struct err ignored;
	int rc;

	report_phase(o->plan->report, "%s: opening it as the runbook says", part->service_slug);
	o->folder = arena_printf(o->arena, "%s/%s", o->plan->scratch, part->service_slug);
	if (mkdir(o->folder, 0700) != 0)
		return err_sys(e, "make the folder '%s'", o->folder);
	rc = take(&stored, o, &part->data, e);
	if (rc == 0)
		rc = *part->manifest.key != '\0' ? check_files(o, part, e)
		                                 : check_database(o, part, stored, e);
	/* What stays is housekeeping's, with the scratch folder. */
	if (raze_tree(AT_FDCWD, o->folder, &ignored) != 0 && rc == 0) {
		*e = ignored;
		return -1;
	}
	return rc == 0 ? 0 : err_in(e, "%s", part->service_slug);
}

static int
check_signature(struct opening *o, struct err *e)
{
	struct plan *p = o->plan;
	const char *sidecar = NULL, *signature = NULL;

	if (o->tools[MINISIGN] == NULL)
		return 0;
	o->folder = p->scratch;
	if (fetch(&sidecar, o, p->backup.sidecar_key, e) != 0 ||
	    fetch(&signature, o, sign_key_for(o->arena, p->backup.sidecar_key), e) != 0)
		return -1;
	return RUN(o, MINISIGN, e, "-V", "-q", "-P", p->keys->signing, "-m", sidecar, "-x",
	    signature);
}

/* -- the whole -- */

/* By Lazarette's own reader: all bytes and every hash of each object. */
static int
read_all(struct plan *p, struct err *e)
{
	for (size_t i = 0; i < p->part_count; i++) {
		const struct part *part = &p->parts[i];
		struct readback what = { .object = &part->data, .label = part->service_slug,
			.counted = true };

		if (readback_object(p, &what, e) != 0)
			return err_in(e, "%s", part->service_slug);
		for (size_t k = 0; k <= part->pack_count; k++) {
			what.object = k < part->pack_count ? &part->packs[k].object
			                                   : &part->manifest;
			if (*what.object->key != '\0' && readback_object(p, &what, e) != 0)
				return err_in(e, "%s", part->service_slug);
		}
	}
	return 0;
}

/* ERR_DENIED now, and not after gigabytes. */
static int
check_keys(struct plan *p, struct err *e)
{
	for (size_t i = 0; i < p->part_count; i++) {
		CLEANUP_OBJECT struct object *o = NULL;
		int64_t bytes;

		if (object_open_stored(&o, &bytes, p->dest, &p->parts[i].data, e) != 0)
			return -1;
	}
	return 0;
}

static const char *
say_way(const struct opening *o)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	const char *used[TOOLS];
	size_t n = 0;

	for (int i = 0; i < TOOLS; i++)
		if (o->tools[i] != NULL && i != SHA256SUM)
			used[n++] = i == SH ? "restore-files.sh" : names[i];
	for (size_t i = 0; i < n; i++)
		buf_printf(&text, "%s%s", i == 0 ? "" : i == n - 1 ? " and " : ", ", used[i]);
	return arena_dup(o->arena, text.p);
}

int
runbook_open(const char **way, struct plan *p, struct err *e)
{
	struct opening o = { .plan = p, .arena = p->arena };
	const char *why_not;

	if (check_keys(p, e) != 0 || plan_scratch(p, e) != 0)
		return -1;
	why_not = find_tools(&o);
	if (why_not == NULL)
		why_not = find_room(&o);
	if (why_not != NULL) {
		*way = arena_printf(p->arena, "Lazarette's own reader (%s)", why_not);
		return read_all(p, e);
	}
	if (runbook_files_identities(&o.identities, p->arena, p->keys->folder, e) != 0 ||
	    check_signature(&o, e) != 0)
		return -1;
	for (size_t i = 0; i < p->part_count; i++)
		if (check_part(&o, &p->parts[i], e) != 0)
			return -1;
	*way = say_way(&o);
	return 0;
}
