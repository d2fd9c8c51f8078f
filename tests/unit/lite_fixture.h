/* lite_fixture.h: a SQLite target, a backup of another database in a storage, and a restore of the
 * one into the other. <cmocka.h> comes first. */
#ifndef TESTS_UNIT_LITE_FIXTURE_H
#define TESTS_UNIT_LITE_FIXTURE_H

#include <signal.h>
#include <sqlite3.h>

#include "tests/unit/tree.h"
#include "worker/archive/frame.h"
#include "worker/dest/dest.h"
#include "worker/target/landings.h"

struct place {
	char path[64], live[96], other[96], store[96];
	struct storage storage;
	struct dest *dest;
	struct frame_totals totals;
	struct stored_object data;
	struct arena *a;
	struct service service;
	struct watch watch;
	struct source src;
	struct export_part from;
	struct target t;
	struct buf said;
	struct target_built built;
	struct err e;
};

UNUSED static void
on_say(void *arg, const char *stream, const char *text)
{
	buf_printf(&((struct place *)arg)->said, "%s %s\n", stream, text);
}

UNUSED static void
on_bytes(void *arg UNUSED, int64_t more UNUSED)
{
}

UNUSED static int
set_up(void **state)
{
	static struct place p;

	p = (struct place){ .said = BUF_INIT, .a = arena_new() };
	snprintf(p.path, sizeof p.path, "/tmp/tgt_sqlite_test.XXXXXX");
	assert_non_null(mkdtemp(p.path));
	snprintf(p.live, sizeof p.live, "%s/app.sqlite", p.path);
	snprintf(p.other, sizeof p.other, "%s/other.sqlite", p.path);
	snprintf(p.store, sizeof p.store, "%s/store", p.path);
	assert_int_equal(mkdir(p.store, 0700), 0);
	p.storage = (struct storage){ .slug = "main", .kind = "local", .path = p.store };
	assert_int_equal(dest_open(&p.dest, &p.storage, &p.e), 0);
	p.service = (struct service){ .engine = ENGINE_SQLITE, .settings = { .path = p.live } };
	p.watch = (struct watch){ on_bytes, on_say, &p };
	p.src = (struct source){ .service = &p.service, .secret = "", .scratch = p.path,
		.arena = p.a, .watch = &p.watch };
	p.from = (struct export_part){ p.dest, &p.data, NULL, &p.watch, NULL };
	p.t = (struct target){ .src = &p.src, .tag = "20261125r7p12", .mode = RESTORE_REPLACE };
	*state = &p;
	return 0;
}

UNUSED static int
tear_down(void **state)
{
	struct place *p = *state;

	dest_closep(&p->dest);
	arena_free(p->a);
	buf_release(&p->said);
	return RUN("/", "rm", "-rf", p->path);
}

UNUSED static sqlite3 *
db_of(const char *path)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	return db;
}

/* With the sqlite3 shell's own eyes. */
UNUSED static void
sql(const char *path, const char *text)
{
	sqlite3 *db = db_of(path);

	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%.200s: %s", text, sqlite3_errmsg(db));
	sqlite3_close(db);
}

UNUSED static int64_t
number(const char *path, const char *text)
{
	sqlite3 *db = db_of(path);
	sqlite3_stmt *st = NULL;
	int64_t n = -1;

	if (sqlite3_prepare_v2(db, text, -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return n;
}

/* What the shell's .dump says, without our mark; through a filter. */
UNUSED static char *
dump_through(struct place *p, const char *path, const char *filter)
{
	char command[400], out[120];
	CLEANUP_BUF struct buf b = BUF_INIT;

	snprintf(out, sizeof out, "%s/dump.txt", p->path);
	snprintf(command, sizeof command,
	    "sqlite3 -cmd '.timeout 20000' %s .dump 2>&1 | grep -v 'VIEW \"lazarette_' | %s >%s",
	    path, filter, out);
	assert_int_equal(RUN("/", "sh", "-c", command), 0);
	assert_int_equal(fd_read_file(&b, out, 1 << 28, &p->e), 0);
	assert_true(b.n > 100);
	assert_int_equal(unlink(out), 0);
	return arena_dupn(p->a, b.p, b.n);
}

UNUSED static char *
dump_of(struct place *p, const char *path)
{
	return dump_through(p, path, "cat");
}

/* Another page size means VACUUM, which writes the schema's rows in another order. */
UNUSED static char *
lines_of(struct place *p, const char *path)
{
	return dump_through(p, path, "LC_ALL=C sort");
}

/* `rows` accounts of one generation, full text search, generated columns, a trigger, a view. */
UNUSED static void
make_db(const char *path, const char *pragmas, int generation, int rows)
{
	char text[4000];

	snprintf(text, sizeof text,
	    "%s; CREATE TABLE meta (generation int, writes int); INSERT INTO meta VALUES (%d, 0);"
	    "CREATE TABLE account (id INTEGER PRIMARY KEY AUTOINCREMENT, generation int,"
	    " pad text, twice int AS (generation * 2) STORED, thrice int AS (generation * 3));"
	    "CREATE TABLE \"odd \"\"name\" (a text PRIMARY KEY, b blob) WITHOUT ROWID;"
	    "INSERT INTO \"odd \"\"name\" VALUES ('k%d', x'00ff');"
	    "CREATE VIRTUAL TABLE note USING fts5(title, body);"
	    "CREATE INDEX account_generation ON account (generation);"
	    "CREATE VIEW sums AS SELECT count(*) AS n FROM account;"
	    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
	    " INSERT INTO account (id, generation, pad) SELECT i, %d, hex(randomblob(100)) FROM n;"
	    "INSERT INTO note SELECT 'title ' || id, 'word' || generation FROM account"
	    " WHERE id <= 200;"
	    "CREATE TRIGGER count_up AFTER INSERT ON account BEGIN"
	    " UPDATE meta SET writes = writes + 1; END",
	    pragmas, generation, generation, rows, generation);
	RUN("/", "rm", "-f", path);
	sql(path, text);
}

static int
to_upload(void *arg, const void *bytes, size_t n, struct err *e)
{
	return upload_write(arg, bytes, n, e);
}

/* Any file as a stored part. */
UNUSED static void
store_file(struct place *p, const char *path)
{
	CLEANUP_FRAME_WRITER struct frame_writer *w = NULL;
	CLEANUP_UPLOAD struct upload *up = NULL;
	const struct frame_options options = { .level = 3, .threads = 1 };
	CLEANUP_BUF struct buf b = BUF_INIT;

	assert_int_equal(fd_read_file(&b, path, 1 << 28, &p->e), 0);
	assert_int_equal(dest_begin(&up, p->dest, "a.sqlite.zst", 1, &p->e), 0);
	const struct sink sink = { to_upload, up };

	assert_int_equal(frame_writer_new(&w, &sink, &options, &p->e), 0);
	assert_int_equal(frame_write(w, b.p, b.n, &p->e), 0);
	assert_int_equal(frame_finish(&p->totals, w, &p->e), 0);
	assert_int_equal(upload_commit(&up, &p->e), 0);
	p->data = (struct stored_object){ .key = "a.sqlite.zst",
		.raw_bytes = p->totals.raw_bytes,
		.stored_bytes = p->totals.stored_bytes,
		.raw_sha256 = p->totals.raw_sha256,
		.stored_sha256 = p->totals.stored_sha256 };
}

#define OK(call)                                            \
	do {                                                \
		if ((call) != 0)                            \
			fail_msg("%s: %s", #call, p->e.text); \
	} while (0)

UNUSED static void
build(struct place *p)
{
	OK(tgt_sqlite_driver.build(&p->built, &p->t, &p->from, &p->e));
}

UNUSED static int64_t
swap(struct place *p)
{
	int64_t kept = -1;

	OK(tgt_sqlite_driver.swap(&kept, &p->t, p->built.mark, &p->e));
	return kept;
}

/* How many names with this tag lie beside the target. */
UNUSED static int
beside(const struct place *p)
{
	DIR *dir = opendir(p->path);
	int n = 0;

	for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
		n += strstr(entry->d_name, p->t.tag) != NULL;
	closedir(dir);
	return n;
}

#endif
