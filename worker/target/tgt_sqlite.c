/* tgt_sqlite.c: restoring into a SQLite database that may be in use.
 *
 * The side is a database file in the target's folder. A whole part is the backup's file as it is;
 * with a choice of tables, or on top of what is there, it begins as a copy of the target, and the
 * swap then refuses a target that was written to since. Nothing of the backup's own schema runs:
 * triggers are off, functions that a schema may not use are refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "lib/base/num.h"
#include "lib/base/room.h"
#include "worker/source/lite.h"
#include "worker/target/landings.h"
#include "worker/target/lite_swap.h"
#include "worker/target/lite_tables.h"

static struct lite_files
files_of(const struct target *t)
{
	struct lite_files f;

	lite_swap_files(&f, t->src->arena, t->src->service->settings.path, t->tag);
	return f;
}

/* Made from the target and the backup, rather than from the backup alone. */
static bool
is_mixed(const struct target *t, const struct lite_files *f)
{
	return t->choice_count > 0 || (t->mode == RESTORE_ADD && f->exists);
}

static void
warn(struct target_built *ret, const struct target *t, const char *text)
{
	const struct watch *w = t->src->watch;

	ret->warnings++;
	if (w != NULL && w->say != NULL)
		w->say(w->arg, "warn", text);
}

/* -- look -- */

static const char *
cannot_write(const struct target *t, const struct lite_files *f)
{
	struct arena *a = t->src->arena;
	struct stat st;

	if (stat(f->folder, &st) != 0 || !S_ISDIR(st.st_mode))
		return arena_printf(a,
		    "Folder %s does not exist on this host. Make it, or correct the service's path",
		    f->folder);
	if (faccessat(AT_FDCWD, f->folder, W_OK | X_OK, AT_EACCESS) != 0)
		return arena_printf(a,
		    "The copy is built in folder %s, where the worker may not write: %s. Give its "
		    "user the right to write there",
		    f->folder, strerror(errno));
	if (!f->exists)
		return NULL;
	if (stat(f->path, &st) != 0 || !S_ISREG(st.st_mode))
		return arena_printf(a, "%s is not a file", f->path);
	if (faccessat(AT_FDCWD, f->path, R_OK | W_OK, AT_EACCESS) != 0)
		return arena_printf(a,
		    "The worker may not write file %s: %s. Give its user the right",
		    f->path, strerror(errno));
	return NULL;
}

/* Size and rows now. A target that is damaged may be what the restore is for: it is no refusal. */
static const char *
read_target(struct target_look *ret, const struct target *t, const struct lite_files *f)
{
	CLEANUP_LITE sqlite3 *db = NULL;
	int64_t until, pages, size;
	struct stat st;
	struct err e;

	if (stat(f->path, &st) != 0 || st.st_size == 0)
		return NULL;
	ret->bytes = st.st_size;
	if (lite_open(&db, f->path, SQLITE_OPEN_READONLY, &until, &e) == 0 &&
	    lite_ask(&pages, db, "PRAGMA page_count", f->path, &e) == 0 &&
	    lite_ask(&size, db, "PRAGMA page_size", f->path, &e) == 0 &&
	    lite_count(&ret->tables, &ret->table_count, t->src->arena, db, &e) == 0) {
		ret->bytes = pages * size;
		return NULL;
	}
	if (e.kind == ERR_DAMAGED && !is_mixed(t, f))
		return NULL;
	if (e.kind == ERR_INPUT)
		return arena_printf(t->src->arena,
		    "%s. If it may go, move it away: then the backup comes back as a new file",
		    e.text);
	return arena_dup(t->src->arena, e.text);
}

/* The side, the kept old, and the journal or log of overwriting the one with the other. */
static int64_t
needs_of(const struct target *t, const struct lite_files *f, int64_t now, int64_t raw)
{
	int64_t side = is_mixed(t, f) ? now + 2 * raw : raw;

	return f->exists ? side + now + (side > now ? side : now) : side;
}

static const char *
no_room(const struct target_look *l, const struct target *t, const struct lite_files *f)
{
	char needs[NUM_TEXT], has[NUM_TEXT];

	if (l->needs <= l->has)
		return NULL;
	num_size(needs, l->needs);
	num_size(has, l->has);
	return arena_printf(t->src->arena,
	    "Folder %s has %s free; the copy, the old that is kept for an undo and SQLite's "
	    "journal "
	    "need %s. Make room there",
	    f->folder, has, needs);
}

static int
look(struct target_look *ret, const struct target *t, const struct export_part *from,
    struct err *e)
{
	const struct lite_files f = files_of(t);
	struct statvfs fs;

	*ret = (struct target_look){ .refusal = cannot_write(t, &f) };
	if (ret->refusal != NULL)
		return 0;
	ret->there = f.exists;
	if (f.exists)
		ret->refusal = read_target(ret, t, &f);
	if (statvfs(f.folder, &fs) != 0)
		return err_sys(e, "free room of '%s'", f.folder);
	ret->has = (int64_t)(fs.f_bavail * fs.f_frsize);
	ret->needs = needs_of(t, &f, ret->bytes, from->data->raw_bytes);
	if (ret->refusal == NULL)
		ret->refusal = no_room(ret, t, &f);
	return 0;
}

/* -- build -- */

/* The stored copy as a file, compared with its hashes and with the size its head promises. */
static int
decode(const char *path, const struct export_part *from, struct err *e)
{
	CLEANUP_FD int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	unsigned char head[LITE_HEAD] = { 0 };
	struct export_file made;
	ssize_t n;

	if (fd < 0)
		return room_not_made(e, path);
	if (export_database(&made, fd, from, e) != 0)
		return -1;
	n = pread(fd, head, sizeof head, 0);
	if (n != LITE_HEAD || lite_promised(head) < 0)
		return err_set(e, ERR_DAMAGED, "The backup is not a SQLite database");
	if (lite_promised(head) != made.bytes)
		return err_set(e, ERR_DAMAGED,
		    "The backup has %" PRId64 " bytes where its head promises %" PRId64, made.bytes,
		    lite_promised(head));
	return 0;
}

static int
inspect(struct target_built *ret, const struct target *t, sqlite3 *db, struct err *e)
{
	static const char sql[] = "SELECT count(*) FROM pragma_foreign_key_check";
	const char *verdict;
	int64_t orphans;
	struct err fault;

	if (lite_inspect(&verdict, t->src->arena, db, "PRAGMA integrity_check(1)", 0, e) != 0)
		return err_in(e, "SQLite refuses the copy");
	if (strcmp(verdict, "ok") != 0)
		return err_set(e, ERR_DAMAGED, "SQLite's integrity check of the copy says: %s",
		    verdict);
	if (lite_ask(&orphans, db, sql, "of the backup", &fault) != 0)
		warn(ret, t, fault.text);
	else if (orphans > 0)
		warn(ret, t,
		    arena_printf(t->src->arena,
		        "%" PRId64 " rows of the backup point to rows that are not there "
		        "(PRAGMA foreign_key_check)",
		        orphans));
	return 0;
}

static int
run(sqlite3 *db, const char *sql, const char *path, struct err *e)
{
	int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : lite_complain(db, rc, path, e);
}

/* All pages of the target as one moment shows them. */
static int
copy_target(sqlite3 *side, const struct lite_files *f, struct err *e)
{
	CLEANUP_LITE sqlite3 *from = NULL;
	sqlite3_backup *b;
	int64_t until;
	int rc;

	if (lite_open(&from, f->path, SQLITE_OPEN_READONLY, &until, e) != 0 ||
	    run(from, "BEGIN; SELECT 1 FROM sqlite_master LIMIT 1", f->path, e) != 0)
		return -1;
	b = sqlite3_backup_init(side, "main", from, "main");
	if (b == NULL)
		return lite_complain(side, sqlite3_errcode(side), f->side, e);
	sqlite3_backup_step(b, -1);
	rc = sqlite3_backup_finish(b);
	return rc == SQLITE_OK ? 0 : lite_complain(side, rc, f->path, e);
}

static int
begin_as_target(struct target_built *ret, const struct target *t, const struct lite_files *f,
    struct err *e)
{
	CLEANUP_LITE sqlite3 *side = NULL;

	if (lite_open_own(&side, f->side, e) != 0)
		return -1;
	if (!f->exists)
		return 0;
	if (copy_target(side, f, e) != 0)
		return -1;
	sqlite3_close(side);
	side = NULL;
	return lite_swap_print(&ret->mark, t->src->arena, f->side, e);
}

static int
build_mixed(struct target_built *ret, const struct target *t, const struct export_part *from,
    struct err *e)
{
	const struct lite_files f = files_of(t);
	CLEANUP_LITE sqlite3 *raw = NULL;
	CLEANUP_LITE sqlite3 *side = NULL;

	if (decode(f.raw, from, e) != 0 || lite_open_own(&raw, f.raw, e) != 0 ||
	    inspect(ret, t, raw, e) != 0 || run(raw, "PRAGMA journal_mode=DELETE", f.raw, e) != 0)
		return -1;
	sqlite3_close(raw);
	raw = NULL;
	if (begin_as_target(ret, t, &f, e) != 0 || lite_open_own(&side, f.side, e) != 0 ||
	    run(side, "PRAGMA journal_mode=DELETE", f.side, e) != 0)
		return -1;
	const struct lite_tables what = { .arena = t->src->arena,
		.into = side,
		.from = f.raw,
		.target = f.path,
		.choice = t->choice,
		.count = t->choice_count,
		.add = t->mode == RESTORE_ADD };

	if (lite_tables_put(&what, e) != 0)
		return -1;
	sqlite3_close(side);
	side = NULL;
	return lite_swap_remove(f.raw, e);
}

/* A log takes pages of its own database's size only. */
static int
fit(const struct target *t, const struct lite_files *f, sqlite3 *side, struct err *e)
{
	CLEANUP_LITE sqlite3 *live = NULL;
	int64_t until, mine, wanted = 0;
	struct err fault;
	struct stat st;

	if (stat(f->path, &st) != 0 || st.st_size == 0)
		return 0;
	if (lite_ask(&mine, side, "PRAGMA page_size", f->side, e) != 0 ||
	    lite_open(&live, f->path, SQLITE_OPEN_READONLY, &until, e) != 0)
		return -1;
	if (run(side, "PRAGMA journal_mode=DELETE", f->side, e) != 0)
		return -1;
	/* Of a damaged target there is no page size; SQLite then takes the side's. */
	if (run(live, "SELECT 1 FROM sqlite_master LIMIT 1", f->path, &fault) != 0 ||
	    lite_ask(&wanted, live, "PRAGMA page_size", f->path, &fault) != 0 || wanted == mine)
		return 0;
	return run(side,
	    arena_printf(t->src->arena, "PRAGMA page_size=%" PRId64 "; VACUUM", wanted), f->side,
	    e);
}

static int
build_whole(struct target_built *ret, const struct target *t, const struct export_part *from,
    struct err *e)
{
	const struct lite_files f = files_of(t);
	CLEANUP_LITE sqlite3 *side = NULL;

	if (decode(f.side, from, e) != 0 || lite_open_own(&side, f.side, e) != 0)
		return -1;
	if (inspect(ret, t, side, e) != 0)
		return -1;
	return fit(t, &f, side, e);
}

/* What is there now, on disk for good. */
static int
finish(struct target_built *ret, const struct target *t, bool again, struct err *e)
{
	const struct lite_files f = files_of(t);
	CLEANUP_LITE sqlite3 *side = NULL;
	struct stat st;

	if (lite_open_own(&side, f.side, e) != 0 ||
	    (again && inspect(ret, t, side, e) != 0) ||
	    lite_count(&ret->tables, &ret->table_count, t->src->arena, side, e) != 0)
		return -1;
	sqlite3_close(side);
	side = NULL;
	if (stat(f.side, &st) != 0)
		return err_sys(e, "'%s'", f.side);
	ret->bytes = st.st_size;
	return lite_swap_settle(&f, f.side, e);
}

static int
drop(const struct target *t, struct err *e)
{
	const struct lite_files f = files_of(t);

	if (lite_swap_remove(f.side, e) != 0 || lite_swap_remove(f.raw, e) != 0 ||
	    lite_swap_remove(f.old, e) != 0)
		return -1;
	if (unlink(f.done) != 0 && errno != ENOENT)
		return err_sys(e, "remove '%s'", f.done);
	return 0;
}

static int
build(struct target_built *ret, const struct target *t, const struct export_part *from,
    struct err *e)
{
	const struct lite_files f = files_of(t);
	bool mixed = is_mixed(t, &f);
	struct err ignored;

	*ret = (struct target_built){ .mark = "" };
	if (drop(t, e) != 0)
		return -1;
	if ((mixed ? build_mixed : build_whole)(ret, t, from, e) == 0 &&
	    finish(ret, t, mixed, e) == 0)
		return 0;
	if (drop(t, &ignored) != 0)
		warn(ret, t, ignored.text);
	return -1;
}

/* -- landing rules, swap -- */

/* Rules change rows, not where they lie; nor may they end the transaction that makes them one. */
static int
script(const struct target *t, const char *sql, struct err *e)
{
	const struct lite_files f = files_of(t);
	CLEANUP_LITE sqlite3 *side = NULL;
	int rc;

	if (lite_open_own(&side, f.side, e) != 0 || run(side, "BEGIN IMMEDIATE", f.side, e) != 0)
		return -1;
	lite_tables_close(side, true);
	rc = sqlite3_exec(side, sql, NULL, NULL, NULL);
	lite_tables_open(side);
	if (rc != SQLITE_OK)
		return err_set(e, ERR_INPUT, "The landing rules failed on the copy: %s%s",
		    sqlite3_errmsg(side),
		    rc == SQLITE_AUTH ? ". ATTACH, PRAGMA and transactions are not allowed in them"
		                      : "");
	if (run(side, "COMMIT", f.side, e) != 0)
		return -1;
	sqlite3_close(side);
	side = NULL;
	return lite_swap_settle(&f, f.side, e);
}

static int
side_env(const char *const **ret, const struct target *t, struct err *e UNUSED)
{
	const struct lite_files f = files_of(t);
	const char **env = arena_array(t->src->arena, 2, sizeof *env);

	env[0] = arena_printf(t->src->arena, "LAZARETTE_SIDE=%s", f.side);
	*ret = env;
	return 0;
}

static int
beside(struct service_settings *ret, const struct target *t, bool swapped, struct err *e UNUSED)
{
	const struct lite_files f = files_of(t);

	*ret = t->src->service->settings;
	ret->path = swapped ? f.old : f.side;
	return 0;
}

static int
swap(int64_t *kept_bytes, const struct target *t, const char *mark, struct err *e)
{
	const struct lite_files f = files_of(t);
	struct stat st;

	if (lite_swap_in(&f, mark, e) != 0)
		return -1;
	*kept_bytes = stat(f.old, &st) == 0 ? st.st_size : 0;
	return 0;
}

static int
unswap(const struct target *t, const char *mark UNUSED, struct err *e)
{
	const struct lite_files f = files_of(t);

	return lite_swap_back(&f, e);
}

const struct target_driver tgt_sqlite_driver = {
	.engine = ENGINE_SQLITE,
	.look = look,
	.build = build,
	.script = script,
	.side_env = side_env,
	.beside = beside,
	.swap = swap,
	.unswap = unswap,
	.drop = drop,
};
