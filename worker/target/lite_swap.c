/* lite_swap.c: one SQLite database becomes another for all who have it open. */
#include "worker/target/lite_swap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fault.h"
#include "lib/base/fd.h"
#include "lib/base/room.h"
#include "lib/util/hash.h"
#include "worker/source/lite.h"

enum { PIECE = 256 * 1024, LOG_FORMAT = 2 };

/* What `done` says: undoing a file that was not there before takes it away; an undo that has begun
 * has kept what was written since. */
static const char over[] = "overwritten\n", made_new[] = "made\n", returning[] = "returning\n";
static const char *const endings[] = { "", "-wal", "-shm", "-journal" };
enum { ENDINGS = sizeof endings / sizeof endings[0] };

static bool
there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static void
free_path(char **p)
{
	free(*p);
}

void
lite_swap_files(struct lite_files *ret, struct arena *a, const char *path, const char *tag)
{
	CLEANUP(free_path) char *real = realpath(path, NULL);
	const char *at = arena_dup(a, real != NULL ? real : path);
	const char *slash = strrchr(at, '/');

	*ret = (struct lite_files){ .arena = a,
		.path = at,
		.folder = slash == NULL ? "."
		    : slash == at   ? "/"
		                    : arena_dupn(a, at, (size_t)(slash - at)),
		.side = arena_printf(a, "%s.%s.new", at, tag),
		.raw = arena_printf(a, "%s.%s.raw", at, tag),
		.old = arena_printf(a, "%s.%s.old", at, tag),
		.done = arena_printf(a, "%s.%s.done", at, tag),
		.mark = arena_printf(a, "lazarette_%s", tag),
		.exists = there(at) };
}

static int
sync_folder(const struct lite_files *f, struct err *e)
{
	CLEANUP_FD int fd = open(f->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 && fsync(fd) == 0 ? 0 : err_sys(e, "sync folder '%s'", f->folder);
}

int
lite_swap_remove(const char *path, struct err *e)
{
	char each[4200];

	for (size_t i = 0; i < ENDINGS; i++) {
		snprintf(each, sizeof each, "%s%s", path, endings[i]);
		if (unlink(each) != 0 && errno != ENOENT)
			return err_sys(e, "remove '%s'", each);
	}
	return 0;
}

int
lite_swap_settle(const struct lite_files *f, const char *made, struct err *e)
{
	CLEANUP_FD int fd = open(made, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return err_sys(e, "open '%s'", made);
	if (stat(f->path, &st) == 0) {
		/* Only root may give a file away; for others the mode alone must do. */
		if (fchown(fd, st.st_uid, st.st_gid) != 0 && errno != EPERM)
			return err_sys(e, "owner of '%s'", made);
		if (fchmod(fd, st.st_mode & 0777) != 0)
			return err_sys(e, "mode of '%s'", made);
	}
	return fsync(fd) == 0 ? sync_folder(f, e) : err_sys(e, "sync '%s'", made);
}

/* Of the head: the format's version, change counter, schema cookie, and who wrote it last. */
static void
forget_head(unsigned char *head)
{
	memset(head + 18, 0, 2);
	memset(head + 24, 0, 4);
	memset(head + 40, 0, 4);
	memset(head + 92, 0, 8);
}

int
lite_swap_print(const char **ret, struct arena *a, const char *path, struct err *e)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	CLEANUP_BUF struct buf piece = BUF_INIT;
	CLEANUP_HASH struct hash *h = hash_new();
	char hex[HASH_HEX_SIZE];
	bool first = true;
	ssize_t n;

	if (fd < 0)
		return err_sys(e, "open '%s'", path);
	while ((n = fd_read_full(fd, buf_room(&piece, PIECE), PIECE, e)) > 0) {
		if (first && n >= LITE_HEAD)
			forget_head((unsigned char *)piece.p);
		first = false;
		hash_add(h, piece.p, (size_t)n);
	}
	if (n < 0)
		return err_in(e, "'%s'", path);
	hash_hex(h, hex);
	*ret = arena_dup(a, hex);
	return 0;
}

/* -- the turn -- */

struct turn {
	const struct lite_files *f;
	sqlite3 *live, *from;
	sqlite3_backup *pages;
	int64_t until;
};

static void
turn_release(struct turn *t)
{
	if (t->pages != NULL)
		sqlite3_backup_finish(t->pages);
	sqlite3_close(t->from);
	sqlite3_close(t->live);
}

static int
step_failed(const struct turn *t, int rc, struct err *e)
{
	const char *path = t->f->path;

	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_set(e, ERR_BUSY,
		    "SQLite database %s stayed locked for %d s by a program that has it open: "
		    "nothing was changed. Stop its application, or wait until it ends its "
		    "transaction",
		    path, LITE_BUSY_LIMIT / 1000);
	case SQLITE_NOTADB:
		return err_set(e, ERR_CONFLICT,
		    "File %s is not a SQLite database: nothing was changed. Move it away, then the "
		    "backup comes back as a new file",
		    path);
	case SQLITE_READONLY:
		return err_set(e, ERR_CONFLICT,
		    "SQLite database %s may not be written, or its page size changed since the "
		    "copy "
		    "was built: nothing was changed. Restore again",
		    path);
	case SQLITE_FULL:
		return err_set(e, ERR_FULL,
		    "Folder %s ran full while %s was overwritten: nothing was changed",
		    t->f->folder,
		    path);
	default:
		return err_set(e, ERR_INTERNAL, "SQLite database %s: %s", path, sqlite3_errstr(rc));
	}
}

/* Take the right to write; who has it keeps others from committing, not from reading a log. */
static int
take_turn(struct turn *t, const struct lite_files *f, const char *from, struct err *e)
{
	int rc;

	t->f = f;
	if (lite_open_own(&t->from, from, e) != 0 ||
	    lite_open(&t->live, f->path, SQLITE_OPEN_READWRITE, &t->until, e) != 0)
		return -1;
	t->pages = sqlite3_backup_init(t->live, "main", t->from, "main");
	if (t->pages == NULL)
		return lite_complain(t->live, sqlite3_errcode(t->live), f->path, e);
	rc = sqlite3_backup_step(t->pages, 0);
	return rc == SQLITE_OK || rc == SQLITE_DONE ? 0 : step_failed(t, rc, e);
}

static int
finish_turn(struct turn *t, struct err *e)
{
	int rc = sqlite3_backup_step(t->pages, -1), end = sqlite3_backup_finish(t->pages);

	t->pages = NULL;
	if (rc == SQLITE_DONE && end == SQLITE_OK)
		return 0;
	return step_failed(t, rc == SQLITE_DONE ? end : rc, e);
}

/* Nobody else can write, and what is in the file is all there is: byte for byte. It is read through
 * SQLite's own descriptor. */
static int
copy_file(sqlite3_file *from, int64_t size, const char *to, struct err *e)
{
	CLEANUP_FD int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	CLEANUP_BUF struct buf piece = BUF_INIT;

	if (fd < 0)
		return room_not_made(e, to);
	buf_room(&piece, PIECE);
	for (int64_t at = 0; at < size; at += PIECE) {
		int n = (int)(size - at < PIECE ? size - at : PIECE);
		int rc = from->pMethods->xRead(from, piece.p, n, at);

		if (rc != SQLITE_OK)
			return err_set(e, ERR_INTERNAL, "read for '%s': %s", to,
			    sqlite3_errstr(rc));
		if (fd_write_all(fd, piece.p, (size_t)n, e) != 0)
			return err_in(e, "'%s'", to);
	}
	return 0;
}

static int
copy_log(const char *path, const char *to, struct err *e)
{
	CLEANUP_LITE sqlite3 *from = NULL;
	CLEANUP_LITE sqlite3 *copy = NULL;
	sqlite3_backup *b;
	int64_t until;
	int rc;

	if (lite_open(&from, path, SQLITE_OPEN_READONLY, &until, e) != 0 ||
	    lite_open_own(&copy, to, e) != 0)
		return -1;
	b = sqlite3_backup_init(copy, "main", from, "main");
	if (b == NULL)
		return lite_complain(copy, sqlite3_errcode(copy), to, e);
	sqlite3_backup_step(b, -1);
	rc = sqlite3_backup_finish(b);
	return rc == SQLITE_OK ? 0 : lite_complain(copy, rc, to, e);
}

/* What is there now, while nobody can commit. */
static int
keep(struct turn *t, const char *to, struct err *e)
{
	const struct lite_files *f = t->f;
	unsigned char head[LITE_HEAD] = { 0 };
	sqlite3_file *file = NULL;
	sqlite3_int64 size = 0;
	int rc = sqlite3_file_control(t->live, "main", SQLITE_FCNTL_FILE_POINTER, &file);

	if (rc == SQLITE_OK)
		rc = file->pMethods->xFileSize(file, &size);
	if (rc == SQLITE_OK && size >= LITE_HEAD)
		rc = file->pMethods->xRead(file, head, LITE_HEAD, 0);
	if (rc != SQLITE_OK)
		return lite_complain(NULL, rc, f->path, e);
	if (lite_swap_remove(to, e) != 0 ||
	    (head[19] == LOG_FORMAT ? copy_log(f->path, to, e)
	                            : copy_file(file, size, to, e)) != 0)
		return -1;
	return lite_swap_settle(f, to, e);
}

static int
still_prints(const struct lite_files *f, const char *mark, struct err *e)
{
	const char *now;

	if (*mark == '\0')
		return 0;
	if (lite_swap_print(&now, f->arena, f->old, e) != 0)
		return -1;
	if (strcmp(now, mark) == 0)
		return 0;
	return err_set(e, ERR_CONFLICT,
	    "SQLite database %s was written to after its copy was built, and that would be lost: "
	    "nothing was changed. Stop its application, then restore again",
	    f->path);
}

static int
run(sqlite3 *db, const struct lite_files *f, const char *text, struct err *e)
{
	int rc = sqlite3_exec(db, lite_sql(f->arena, text, f->mark), NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : lite_complain(db, rc, f->path, e);
}

/* Whether the database came from our side. */
static int
is_marked(bool *ret, const struct lite_files *f, struct err *e)
{
	static const char sql[] = "SELECT 1 FROM sqlite_master WHERE type = 'view' AND name = ?1";
	CLEANUP_LITE sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;
	int64_t until;
	int rc;

	if (lite_open(&db, f->path, SQLITE_OPEN_READWRITE, &until, e) != 0)
		return -1;
	rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);
	if (rc == SQLITE_OK) {
		sqlite3_bind_text(st, 1, f->mark, -1, SQLITE_STATIC);
		rc = sqlite3_step(st);
	}
	*ret = rc == SQLITE_ROW;
	sqlite3_finalize(st);
	/* A damaged one is not ours: the side was checked. */
	if (rc == SQLITE_ROW || rc == SQLITE_DONE || (rc & 0xff) == SQLITE_CORRUPT)
		return 0;
	return step_failed(&(struct turn){ .f = f }, rc, e);
}

/* A log that holds all pages twice the size; only if nobody reads from it. */
static void
shorten_log(sqlite3 *db)
{
	sqlite3_busy_handler(db, NULL, NULL);
	sqlite3_wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
}

static int
clear_mark(const struct lite_files *f, struct err *e)
{
	CLEANUP_LITE sqlite3 *db = NULL;
	int64_t until;

	if (lite_open(&db, f->path, SQLITE_OPEN_READWRITE, &until, e) != 0 ||
	    run(db, f, "DROP VIEW IF EXISTS main.@", e) != 0)
		return -1;
	shorten_log(db);
	return 0;
}

static int
set_mark(const struct lite_files *f, struct err *e)
{
	CLEANUP_LITE sqlite3 *db = NULL;

	if (!there(f->side))
		return err_set(e, ERR_CONFLICT, "The copy %s is not there any more", f->side);
	if (lite_open_own(&db, f->side, e) != 0)
		return -1;
	return run(db, f,
	    "PRAGMA synchronous=FULL; CREATE VIEW IF NOT EXISTS main.@ AS SELECT 1", e);
}

static int
note(const struct lite_files *f, const char *text, struct err *e)
{
	return fd_put_file(f->done, text, strlen(text), 0600, e);
}

static int
overwrite(const struct lite_files *f, const char *mark, struct err *e)
{
	CLEANUP(turn_release) struct turn t = { .live = NULL };

	if (set_mark(f, e) != 0 || take_turn(&t, f, f->side, e) != 0)
		return -1;
	FAULT("sqlite.locked");
	if (keep(&t, f->old, e) != 0 || still_prints(f, mark, e) != 0)
		return -1;
	FAULT("sqlite.kept");
	if (finish_turn(&t, e) != 0)
		return -1;
	FAULT("sqlite.overwritten");
	return 0;
}

/* Nobody can have it open: one rename. It fails when the name was taken meanwhile. */
static int
make_new(const struct lite_files *f, struct err *e)
{
	bool marked = true;

	if (there(f->side)) {
		if (set_mark(f, e) != 0)
			return -1;
		if (renameat2(AT_FDCWD, f->side, AT_FDCWD, f->path, RENAME_NOREPLACE) != 0)
			return err_sys(e, "rename '%s' to '%s'", f->side, f->path);
		FAULT("sqlite.renamed");
	} else if (is_marked(&marked, f, e) != 0) {
		return -1;
	}
	/* A side that somebody removed is no rename that was done before. */
	if (!marked)
		return err_set(e, ERR_CONFLICT, "The copy %s is not there any more", f->side);
	if (sync_folder(f, e) != 0 || note(f, made_new, e) != 0)
		return -1;
	return clear_mark(f, e);
}

int
lite_swap_in(const struct lite_files *f, const char *mark, struct err *e)
{
	bool marked = false;

	if (there(f->done))
		return f->exists ? clear_mark(f, e) : 0;
	if (!f->exists && !there(f->side))
		return err_set(e, ERR_CONFLICT, "The copy %s is not there any more", f->side);
	if (!f->exists || !there(f->side))
		return make_new(f, e);
	if (is_marked(&marked, f, e) != 0 || (!marked && overwrite(f, mark, e) != 0))
		return -1;
	if (note(f, over, e) != 0)
		return -1;
	FAULT("sqlite.noted");
	return clear_mark(f, e);
}

/* The log goes where its database goes. */
static int
take_away(const struct lite_files *f, struct err *e)
{
	char from[4200], to[4200];

	for (size_t i = 0; i < ENDINGS; i++) {
		snprintf(from, sizeof from, "%s%s", f->path, endings[i]);
		snprintf(to, sizeof to, "%s%s", f->side, endings[i]);
		if (rename(from, to) != 0 && errno != ENOENT)
			return err_sys(e, "rename '%s' to '%s'", from, to);
	}
	return sync_folder(f, e);
}

/* What was written since the restore lies where the restored was: nothing goes for good. Noted
 * under the lock, so that one who comes after a kill does not keep the old as if it were that. */
static int
keep_new(struct turn *t, struct err *e)
{
	const struct lite_files *f = t->f;

	if (keep(t, f->raw, e) != 0)
		return -1;
	if (rename(f->raw, f->side) != 0)
		return err_sys(e, "rename '%s' to '%s'", f->raw, f->side);
	return note(f, returning, e);
}

static int
overwrite_back(const struct lite_files *f, bool kept, struct err *e)
{
	CLEANUP(turn_release) struct turn t = { .live = NULL };

	if (!there(f->old))
		return err_set(e, ERR_CONFLICT, "The kept old %s is not there any more", f->old);
	if (take_turn(&t, f, f->old, e) != 0 || (!kept && keep_new(&t, e) != 0) ||
	    finish_turn(&t, e) != 0)
		return -1;
	FAULT("sqlite.back");
	shorten_log(t.live);
	return 0;
}

/* Nothing is noted: was it killed between the act and the note? The database knows. */
static int
unnoted_back(const struct lite_files *f, struct err *e)
{
	bool marked = false;

	if (!there(f->path))
		return 0;
	if (is_marked(&marked, f, e) != 0)
		return -1;
	if (!marked)
		return 0;
	return there(f->old) ? overwrite_back(f, false, e) : take_away(f, e);
}

static int
noted_back(const struct lite_files *f, struct err *e)
{
	CLEANUP_BUF struct buf how = BUF_INIT;

	if (fd_read_file(&how, f->done, 64, e) != 0)
		return -1;
	if (strcmp(how.p, made_new) == 0)
		return take_away(f, e);
	return overwrite_back(f, strcmp(how.p, returning) == 0, e);
}

int
lite_swap_back(const struct lite_files *f, struct err *e)
{
	if ((there(f->done) ? noted_back(f, e) : unnoted_back(f, e)) != 0)
		return -1;
	if (unlink(f->done) != 0 && errno != ENOENT)
		return err_sys(e, "remove '%s'", f->done);
	return sync_folder(f, e);
}
