/* src_sqlite.c: a SQLite database, copied while it is in use by SQLite's own backup interface.
 *
 * The source is only ever opened for reading: it is neither created nor changed. One read
 * transaction is held over the whole copy, so it shows one moment whatever others commit meanwhile:
 * in WAL mode they go on, with a rollback journal their commits wait. The copy lies in the job's
 * scratch folder until it is in storage.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/base/num.h"
#include "lib/base/rand.h"
#include "lib/base/room.h"
#include "worker/source/drivers.h"
#include "worker/source/lite.h"

enum { CHECK_LIMIT = 10000, STEP_PAGES = 2048, PIECE = 256 * 1024 };

/* A private file in the scratch folder, removed with what SQLite may put beside it. */
struct scrap {
	char path[4096];
};

static void
scrap_remove(struct scrap *s)
{
	static const char *const endings[] = { "", "-wal", "-shm", "-journal" };
	char path[sizeof s->path + 16];

	for (size_t i = 0; *s->path != '\0' && i < sizeof endings / sizeof endings[0]; i++) {
		snprintf(path, sizeof path, "%s%s", s->path, endings[i]);
		unlink(path);
	}
}

static int
scrap_name(struct scrap *ret, const struct source *src, struct err *e)
{
	char uuid[UUID_SIZE];

	rand_uuid(uuid);
	if (snprintf(ret->path, sizeof ret->path, "%s/%s.sqlite", src->scratch, uuid) <
	    (int)sizeof ret->path)
		return 0;
	*ret->path = '\0';
	return err_set(e, ERR_INTERNAL, "path too long: '%s'", src->scratch);
}

/* Open the source for reading and begin the one read transaction; *bytes is the size of that
 * moment. */
static int
open_source(sqlite3 **ret, int64_t *bytes, const char *path, int64_t *until, struct err *e)
{
	CLEANUP_LITE sqlite3 *db = NULL;
	int64_t pages, size;
	int rc;

	if (lite_look_at(path, e) != 0)
		return -1;
	if (lite_open(&db, path, SQLITE_OPEN_READONLY, until, e) != 0)
		return -1;
	rc = sqlite3_exec(db, "BEGIN; SELECT 1 FROM sqlite_master LIMIT 1", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return lite_complain(db, rc, path, e);
	if (lite_ask(&pages, db, "PRAGMA page_count", path, e) != 0 ||
	    lite_ask(&size, db, "PRAGMA page_size", path, e) != 0)
		return -1;
	*bytes = pages * size;
	*ret = db;
	db = NULL;
	return 0;
}

/* The catalogue lies on the same disk: a copy leaves it 5 %, at least 64 MB and at most 1 GB. */
static int64_t
reserve(const struct statvfs *fs)
{
	int64_t least = 64 << 20, most = 1 << 30,
	        part = (int64_t)(fs->f_blocks * fs->f_frsize) / 20;

	return part < least ? least : part > most ? most : part;
}

static int
need_space(int64_t bytes, const char *scratch, struct err *e)
{
	char needs[NUM_TEXT], has[NUM_TEXT], kept[NUM_TEXT];
	struct statvfs fs;
	int64_t room;

	if (statvfs(scratch, &fs) != 0)
		return err_sys(e, "scratch folder '%s'", scratch);
	room = (int64_t)(fs.f_bavail * fs.f_frsize);
	if (bytes <= room - reserve(&fs))
		return 0;
	num_size(needs, bytes);
	num_size(has, room);
	num_size(kept, reserve(&fs));
	return err_set(e, ERR_FULL,
	    "The scratch folder %s is full: a copy of the database needs about %s, it has %s of"
	    " which %s stay free for the catalogue",
	    scratch, needs, has, kept);
}

static int
prepare(struct source_facts *ret, const struct source *src, struct err *e)
{
	CLEANUP_LITE sqlite3 *db = NULL;
	int64_t bytes, until;

	if (open_source(&db, &bytes, src->service->settings.path, &until, e) != 0 ||
	    need_space(bytes, src->scratch, e) != 0)
		return -1;
	*ret = (struct source_facts){ .format = "sqlite",
		.ending = "sqlite",
		.engine_version = "",
		.tool = arena_printf(src->arena, "SQLite %s", sqlite3_libversion()),
		.taken_at = clock_now() };
	return 0;
}

static int
check(char **text, const struct source *src, struct err *e)
{
	const char *path = src->service->settings.path, *verdict;
	char size[NUM_TEXT], count[NUM_TEXT];
	CLEANUP_LITE sqlite3 *db = NULL;
	int64_t bytes, tables, until;

	if (open_source(&db, &bytes, path, &until, e) != 0 ||
	    lite_ask(&tables, db,
	        "SELECT count(*) FROM sqlite_master"
	        " WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
	        path, e) != 0)
		return -1;
	if (lite_inspect(&verdict, src->arena, db, "PRAGMA quick_check(1)", CHECK_LIMIT, e) != 0)
		return err_in(e, "SQLite database %s is damaged", path);
	if (verdict != NULL && strcmp(verdict, "ok") != 0)
		return err_set(e, ERR_DAMAGED, "SQLite database %s is damaged: %s", path, verdict);
	num_size(size, bytes);
	num_count(count, tables);
	*text = arena_printf(src->arena, "SQLite database, %s in %s table%s. %s", size, count,
	    tables == 1 ? "" : "s",
	    verdict ? "SQLite's quick check found no fault."
	            : "It is too big for a check of its structure here; "
	              "each backup is checked whole.");
	return 0;
}

/* All pages into `copy`, in steps, so that progress shows. Each page is read and written twice on
 * its way into storage, here and by stream(): half of its bytes is counted at each. */
static int
copy_pages(sqlite3 *copy, sqlite3 *from, int64_t bytes, const struct source *src, struct err *e)
{
	sqlite3_backup *b = sqlite3_backup_init(copy, "main", from, "main");
	const char *path = src->service->settings.path;
	int64_t seen = 0;
	int rc;

	if (b == NULL)
		return lite_complain(copy, sqlite3_errcode(copy), path, e);
	do {
		int64_t total, now;

		rc = sqlite3_backup_step(b, STEP_PAGES);
		total = sqlite3_backup_pagecount(b);
		now = total > 0 ? bytes / total * (total - sqlite3_backup_remaining(b)) : 0;
		src->watch->bytes(src->watch->arg, now / 2 - seen / 2);
		seen = now;
	} while (rc == SQLITE_OK);
	sqlite3_backup_finish(b);
	if (rc == SQLITE_DONE)
		return 0;
	if ((rc & 0xff) == SQLITE_FULL)
		return err_set(e, ERR_FULL,
		    "The scratch folder %s ran full while a database was copied into it",
		    src->scratch);
	return lite_complain(from, rc, path, e);
}

static int
copy_to(const struct scrap *scrap, const struct source *src, struct err *e)
{
	CLEANUP_LITE sqlite3 *from = NULL;
	CLEANUP_LITE sqlite3 *copy = NULL;
	int64_t bytes, until;
	int rc;

	if (open_source(&from, &bytes, src->service->settings.path, &until, e) != 0 ||
	    need_space(bytes, src->scratch, e) != 0)
		return -1;
	rc = sqlite3_open_v2(scrap->path, &copy,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
	/* Nobody else sees the copy, and it is worthless when this fails: neither locks nor
	 * journal. */
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(copy,
		    "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=OFF; PRAGMA "
		    "synchronous=OFF",
		    NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return lite_complain(copy, rc, scrap->path, e);
	return copy_pages(copy, from, bytes, src, e);
}

static int
stream(const struct sink *to, const char *path, const struct watch *watch, struct err *e)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	CLEANUP_BUF struct buf piece = BUF_INIT;
	ssize_t n;

	if (fd < 0)
		return err_sys(e, "open '%s'", path);
	while ((n = fd_read_full(fd, buf_room(&piece, PIECE), PIECE, e)) > 0) {
		if (sink_write(to, piece.p, (size_t)n, e) != 0)
			return -1;
		watch->bytes(watch->arg, n / 2);
	}
	return n < 0 ? -1 : 0;
}

/* Rows as the copy shows them; a copy that cannot be counted is a copy still. */
static void
count_rows(const struct scrap *scrap, const struct source *src)
{
	CLEANUP_LITE sqlite3 *copy = NULL;
	struct source_rows *rows = src->rows;
	struct err ignored;

	if (lite_open_own(&copy, scrap->path, &ignored) != 0 ||
	    lite_count(&rows->tables, &rows->count, src->arena, copy, &ignored) != 0)
		*rows = (struct source_rows){ NULL, 0 };
}

static int
dump(const struct sink *to, const struct source *src, struct err *e)
{
	CLEANUP(scrap_remove) struct scrap scrap = { "" };

	if (scrap_name(&scrap, src, e) != 0 || copy_to(&scrap, src, e) != 0)
		return -1;
	if (src->rows != NULL)
		count_rows(&scrap, src);
	return stream(to, scrap.path, src->watch, e);
}

/* The stream into a file, which must have the size its head promises. */
static int
collect(const struct scrap *scrap, int fd, const char *scratch, struct err *e)
{
	CLEANUP_FD int out = open(scrap->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	CLEANUP_BUF struct buf piece = BUF_INIT;
	int64_t want, got;
	ssize_t n;

	if (out < 0)
		return room_not_made(e, scrap->path);
	n = fd_read_full(fd, buf_room(&piece, PIECE), PIECE, e);
	if (n < 0)
		return -1;
	want = n >= LITE_HEAD ? lite_promised((const unsigned char *)piece.p) : -1;
	if (want < 0)
		return err_set(e, ERR_DAMAGED, "the copy is not a SQLite database");
	if (need_space(want, scratch, e) != 0)
		return -1;
	for (got = 0; n > 0; got += n, n = fd_read_full(fd, piece.p, PIECE, e))
		if (fd_write_all(out, piece.p, (size_t)n, e) != 0)
			return err_in(e, "'%s'", scrap->path);
	if (n < 0)
		return -1;
	if (got != want)
		return err_set(e, ERR_DAMAGED,
		    "the copy has %" PRId64 " bytes where its head promises %" PRId64, got, want);
	return 0;
}

static int
prove(int fd, const struct source *src, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();    /* the job proves in a thread of its own */
	CLEANUP(scrap_remove) struct scrap scrap = { "" };
	CLEANUP_LITE sqlite3 *db = NULL;
	const char *verdict = NULL;
	int rc;

	if (scrap_name(&scrap, src, e) != 0 || collect(&scrap, fd, src->scratch, e) != 0)
		return -1;
	rc = sqlite3_open_v2(scrap.path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, "PRAGMA locking_mode=EXCLUSIVE", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return err_set(e, ERR_DAMAGED, "SQLite refuses the copy: %s", sqlite3_errmsg(db));
	if (lite_inspect(&verdict, a, db, "PRAGMA integrity_check(1)", 0, e) != 0)
		return err_in(e, "SQLite refuses the copy");
	if (strcmp(verdict, "ok") != 0)
		return err_set(e, ERR_DAMAGED, "SQLite's integrity check of the copy says: %s",
		    verdict);
	return 0;
}

const struct source_driver src_sqlite_driver = {
	.engine = ENGINE_SQLITE,
	.check = check,
	.prepare = prepare,
	.dump = dump,
	.prove = prove,
};
