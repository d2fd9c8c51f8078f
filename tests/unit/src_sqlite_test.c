/* src_sqlite_test.c: copies of databases in use, and every way a copy can fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/rand.h"
#include "tests/unit/scene.h"

enum { ACCOUNTS = 3000, EACH = 1000 };

static char folder[] = "/tmp/src_sqlite_test.XXXXXX";
static char source[64], scratch[64], plain[64];

static void
scene_begin(struct scene *s, const char *path)
{
	scene_open(s, &src_sqlite_driver, "", scratch);
	s->service.settings.path = path;
}

static sqlite3 *
db_of(const char *path)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	return db;
}

static void
sql(sqlite3 *db, const char *text)
{
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", text, sqlite3_errmsg(db));
}

/* -1 when SQLite cannot even answer. */
static int64_t
number(sqlite3 *db, const char *text)
{
	sqlite3_stmt *st = NULL;
	int64_t n = -1;

	if (sqlite3_prepare_v2(db, text, -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
		n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return n;
}

/* Accounts whose balances always sum up to the same, and how many transfers there were. */
static void
make_bank(const char *path, const char *mode)
{
	sqlite3 *db;

	unlink(path);
	db = db_of(path);
	sql(db, mode);
	sql(db, "CREATE TABLE meta (transfers int); INSERT INTO meta VALUES (0);"
	    "CREATE TABLE account (id INTEGER PRIMARY KEY, balance int, pad text);"
	    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
	    " INSERT INTO account SELECT i, 1000, hex(randomblob(150)) FROM n");
	sqlite3_close(db);
}

static void
clean(const char *path)
{
	static const char *const endings[] = { "", "-wal", "-shm", "-journal" };
	char each[128];

	for (size_t i = 0; i < 4; i++) {
		snprintf(each, sizeof each, "%s%s", path, endings[i]);
		unlink(each);
	}
}

static bool
is_empty(const char *path)
{
	return rmdir(path) == 0 && mkdir(path, 0700) == 0;
}

static void
check_tells_size_and_tables(void **state UNUSED)
{
	struct scene s;
	char *text = NULL;
	struct err e;

	make_bank(source, "PRAGMA journal_mode=DELETE");
	scene_begin(&s, source);
	if (src_sqlite_driver.check(&text, &s.src, &e) != 0)
		fail_msg("%s", e.text);
	assert_memory_equal(text, "SQLite database, 9", 18);
	assert_non_null(strstr(text, " kB in 2 tables. SQLite's quick check found no fault."));
	scene_end(&s);
}

static void
says_what_is_wrong_with_a_path(void **state UNUSED)
{
	static const char *const words[] = { "does not exist on this host", "does not exist on this host",
		"is not a file", "is not a file", "is empty: no SQLite database yet",
		"is not a SQLite database", "is not a SQLite database" };
	char path[7][128];
	struct source_facts facts;
	struct scene s;
	char *text;
	struct err e;

	for (int i = 0; i < 7; i++)
		snprintf(path[i], sizeof path[i], "%s/path%d", folder, i);
	snprintf(path[1], sizeof path[1], "%s/below/path", plain);
	assert_int_equal(fd_put_file(plain, "x", 1, 0600, &e), 0);
	assert_int_equal(mkdir(path[2], 0700), 0);
	assert_int_equal(mkfifo(path[3], 0600), 0);     /* opening it would wait for ever */
	assert_int_equal(fd_put_file(path[4], "", 0, 0600, &e), 0);
	assert_int_equal(fd_put_file(path[5], "hello", 5, 0600, &e), 0);
	assert_int_equal(fd_put_file(path[6], folder - 0, sizeof folder, 0600, &e), 0);
	assert_int_equal(truncate(path[6], 8192), 0);
	for (int i = 0; i < 7; i++) {
		char want[256];

		snprintf(want, sizeof want, "%s%s %s", i == 2 || i == 3 ? "" : "File ", path[i], words[i]);
		scene_begin(&s, path[i]);
		assert_int_equal(src_sqlite_driver.check(&text, &s.src, &e), -1);
		assert_string_equal(e.text, want);
		assert_int_equal(e.kind, ERR_INPUT);
		assert_int_equal(src_sqlite_driver.prepare(&facts, &s.src, &e), -1);
		assert_int_equal(scene_dump(&s, &e), -1);
		assert_string_equal(e.text, want);
		assert_int_equal(s.bytes.n, 0);
		scene_end(&s);
	}
	assert_int_equal(access(path[0], F_OK), -1);    /* nothing was created */
	assert_int_equal(rmdir(path[2]), 0);
	for (int i = 3; i < 7; i++)
		unlink(path[i]);
	unlink(plain);
	assert_true(is_empty(scratch));
}

static void
refuses_a_damaged_source(void **state UNUSED)
{
	struct scene s;
	char *text;
	struct err e;
	int fd;

	make_bank(source, "PRAGMA journal_mode=DELETE");
	fd = open(source, O_WRONLY);
	for (off_t at = 4096; at < 4096 * 40; at += 4096)
		assert_int_equal(pwrite(fd, folder, sizeof folder, at), sizeof folder);
	close(fd);
	scene_begin(&s, source);
	assert_int_equal(src_sqlite_driver.check(&text, &s.src, &e), -1);
	assert_int_equal(e.kind, ERR_DAMAGED);
	assert_non_null(strstr(e.text, "is damaged: "));
	/* The copy is as damaged as its source: the proof tells. */
	if (scene_dump(&s, &e) == 0)
		assert_int_equal(scene_prove(&s, s.bytes.p, s.bytes.n, &e), -1);
	assert_int_equal(e.kind, ERR_DAMAGED);
	assert_true(is_empty(scratch));
	scene_end(&s);
}

static void
the_source_is_not_changed(void **state UNUSED)
{
	CLEANUP_BUF struct buf before = BUF_INIT;
	CLEANUP_BUF struct buf after = BUF_INIT;
	struct source_facts facts;
	struct scene s;
	struct stat was, is;
	char side[80];
	struct err e;

	make_bank(source, "PRAGMA journal_mode=DELETE");
	assert_int_equal(fd_read_file(&before, source, 1 << 24, &e), 0);
	assert_int_equal(stat(source, &was), 0);
	scene_begin(&s, source);
	assert_int_equal(src_sqlite_driver.prepare(&facts, &s.src, &e), 0);
	assert_string_equal(facts.format, "sqlite");
	assert_string_equal(facts.ending, "sqlite");
	assert_memory_equal(facts.tool, "SQLite 3.", 9);
	assert_in_range(facts.taken_at, clock_now() - 60000, clock_now());
	assert_int_equal(scene_dump(&s, &e), 0);
	assert_int_equal(fd_read_file(&after, source, 1 << 24, &e), 0);
	assert_int_equal(before.n, after.n);
	assert_memory_equal(before.p, after.p, before.n);
	assert_int_equal(stat(source, &is), 0);
	assert_true(was.st_mtim.tv_sec == is.st_mtim.tv_sec && was.st_mtim.tv_nsec == is.st_mtim.tv_nsec);
	snprintf(side, sizeof side, "%s-journal", source);
	assert_int_equal(access(side, F_OK), -1);
	/* And its progress is told once, give or take the halves. */
	assert_in_range(s.counted, (int64_t)s.bytes.n - 4096, (int64_t)s.bytes.n);
	assert_int_equal(scene_prove(&s, s.bytes.p, s.bytes.n, &e), 0);
	assert_true(is_empty(scratch));
	scene_end(&s);
}

/* DIV-17 for this engine: what is in the write-ahead log only is in the copy, which SQLite opens. */
static void
DIV_17_a_copy_holds_what_is_only_in_the_log(void **state UNUSED)
{
	struct scene s;
	sqlite3 *db, *copy;
	struct err e;

	make_bank(source, "PRAGMA journal_mode=WAL");
	db = db_of(source);
	sql(db, "PRAGMA wal_autocheckpoint=0; UPDATE meta SET transfers = 77");
	scene_begin(&s, source);
	if (scene_dump(&s, &e) != 0 || scene_prove(&s, s.bytes.p, s.bytes.n, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(fd_put_file(plain, s.bytes.p, s.bytes.n, 0600, &e), 0);
	copy = db_of(plain);
	assert_int_equal(number(copy, "SELECT transfers FROM meta"), 77);
	assert_int_equal(number(copy, "SELECT sum(balance) FROM account"), ACCOUNTS * EACH);
	sqlite3_close(copy);
	sqlite3_close(db);
	clean(plain);
	scene_end(&s);
}

/* Transfers until it is killed; each commit is counted in shared memory. */
static pid_t
writer(volatile int64_t *commits)
{
	pid_t pid = fork();
	sqlite3 *db;
	char text[256];

	if (pid != 0)
		return pid;
	if (sqlite3_open(source, &db) != SQLITE_OK)
		_exit(1);
	sqlite3_exec(db, "PRAGMA synchronous=OFF", NULL, NULL, NULL);
	for (;;) {
		snprintf(text, sizeof text, "BEGIN IMMEDIATE; UPDATE account SET balance = balance - 7 WHERE id = %d;"
		    "UPDATE account SET balance = balance + 7 WHERE id = %d; UPDATE meta SET transfers = transfers + 1; COMMIT",
		    (int)rand_below(ACCOUNTS) + 1, (int)rand_below(ACCOUNTS) + 1);
		if (sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK)
			++*commits;
		else
			sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	}
}

/* Whether the copy is one moment's, not older than `least` commits. */
static bool
is_sound(const char *p, size_t n, int64_t least)
{
	sqlite3 *db;
	struct err e;
	bool sound;

	clean(plain);
	assert_int_equal(fd_put_file(plain, p, n, 0600, &e), 0);
	db = db_of(plain);
	sound = number(db, "SELECT sum(balance) FROM account") == (int64_t)ACCOUNTS * EACH &&
	    number(db, "SELECT transfers FROM meta") >= least &&
	    number(db, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'") == 1;
	sqlite3_close(db);
	clean(plain);
	return sound;
}

/* The control: a plain copy of the file, which takes its time as that of a big one does. */
static void
plain_copy(struct buf *to)
{
	enum { STEP = 32 * 1024 };
	CLEANUP_FD int fd = open(source, O_RDONLY | O_CLOEXEC);
	struct err e;
	ssize_t n;

	while ((n = fd_read_full(fd, buf_room(to, STEP), STEP, &e)) > 0) {
		buf_took(to, (size_t)n);
		clock_sleep(1);
	}
	assert_int_equal(n, 0);
}

static void
copies_under_a_writer(const char *mode)
{
	enum { COPIES = 25 };
	volatile int64_t *commits = mmap(NULL, sizeof *commits, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int sound = 0, control = 0;
	int64_t at_first;
	struct scene s;
	struct err e;
	pid_t pid;

	make_bank(source, mode);
	*commits = 0;
	pid = writer(commits);
	while (*commits < 20)
		clock_sleep(1);
	at_first = *commits;
	scene_begin(&s, source);
	for (int i = 0; i < COPIES; i++) {
		CLEANUP_BUF struct buf file = BUF_INIT;
		int64_t least = *commits;

		if (scene_dump(&s, &e) != 0 || scene_prove(&s, s.bytes.p, s.bytes.n, &e) != 0)
			fail_msg("%s", e.text);
		sound += is_sound(s.bytes.p, s.bytes.n, least);
		least = *commits;
		plain_copy(&file);
		control += is_sound(file.p, file.n, least);
		clock_sleep(3);
	}
	assert_true(*commits > at_first);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	print_message("sqlite, %s: %d of %d copies sound during %lld commits; control, cp: %d\n", mode + 7, sound, COPIES,
	    (long long)*commits, control);
	assert_int_equal(sound, COPIES);
	assert_true(control < COPIES);
	munmap((void *)(uintptr_t)commits, sizeof *commits);
	scene_end(&s);
	clean(source);
}

static void
a_copy_is_of_one_moment_while_others_write_with_a_log(void **state UNUSED)
{
	copies_under_a_writer("PRAGMA journal_mode=WAL");
}

static void
a_copy_is_of_one_moment_while_others_write_with_a_journal(void **state UNUSED)
{
	copies_under_a_writer("PRAGMA journal_mode=TRUNCATE");
}

/* Does another process get the write lock? */
static bool
another_may_write(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		sqlite3 *db;

		if (sqlite3_open(source, &db) != SQLITE_OK)
			_exit(2);
		_exit(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
	return WEXITSTATUS(status) == 1;
}

/* The source may be open in this very process (our own catalogue): its locks must survive a backup. */
static void
locks_of_this_process_are_kept(void **state UNUSED)
{
	struct source_facts facts;
	struct scene s;
	sqlite3 *db;
	struct err e;

	make_bank(source, "PRAGMA journal_mode=WAL");
	scene_begin(&s, source);
	db = db_of(source);
	sql(db, "BEGIN IMMEDIATE; UPDATE meta SET transfers = 1");
	assert_false(another_may_write());
	assert_int_equal(src_sqlite_driver.prepare(&facts, &s.src, &e), 0);
	assert_int_equal(scene_dump(&s, &e), 0);
	assert_false(another_may_write());
	sql(db, "ROLLBACK");
	assert_true(another_may_write());
	sqlite3_close(db);
	scene_end(&s);
	clean(source);
}

static void
waits_for_a_lock_that_is_given_back(void **state UNUSED)
{
	struct scene s;
	sqlite3 *db;
	struct err e;
	pid_t pid;

	make_bank(source, "PRAGMA journal_mode=DELETE");
	pid = fork();
	if (pid == 0) {
		if (sqlite3_open(source, &db) != SQLITE_OK || sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL) != SQLITE_OK)
			_exit(1);
		clock_sleep(400);
		_exit(0);
	}
	db = db_of(source);
	for (int i = 0; i < 300 && number(db, "SELECT transfers FROM meta") >= 0; i++)
		clock_sleep(1);
	sqlite3_close(db);
	scene_begin(&s, source);
	if (scene_dump(&s, &e) != 0)
		fail_msg("%s", e.text);
	waitpid(pid, NULL, 0);
	assert_true(s.bytes.n > 0);
	scene_end(&s);
}

/* PEER-20: what must be staged has its room checked first. */
static void
PEER_20_room_is_checked_before_staging(void **state UNUSED)
{
	struct source_facts facts;
	struct scene s;
	struct err e;

	make_bank(source, "PRAGMA journal_mode=DELETE");
	scene_begin(&s, source);
	assert_int_equal(scene_dump(&s, &e), 0);
	s.src.scratch = "/proc";      /* a file system without any room */
	assert_int_equal(src_sqlite_driver.prepare(&facts, &s.src, &e), -1);
	assert_int_equal(e.kind, ERR_FULL);
	assert_memory_equal(e.text, "The scratch folder /proc is full: a copy of the database needs about 9", 70);
	assert_non_null(strstr(e.text, "it has 0 B"));
	s.bytes.p[30] = 0x70;         /* a head that promises far more than there is room for */
	s.bytes.p[28] = 0x70;
	s.src.scratch = scratch;
	assert_int_equal(scene_prove(&s, s.bytes.p, s.bytes.n, &e), -1);
	assert_int_equal(e.kind, ERR_FULL);
	assert_true(is_empty(scratch));
	scene_end(&s);
}

static int
break_off(struct scene *s UNUSED)
{
	return -1;
}

static void
a_sink_that_fails_leaves_nothing(void **state UNUSED)
{
	struct scene s;
	struct err e;

	make_bank(source, "PRAGMA journal_mode=DELETE");
	scene_begin(&s, source);
	s.meanwhile = break_off;
	assert_int_equal(scene_dump(&s, &e), -1);
	assert_string_equal(e.text, "the sink is broken");
	assert_true(is_empty(scratch));
	scene_end(&s);
}

/* T16: cut anywhere, or with something behind it, a copy is refused. The control only looks at its head. */
static void
T16_prove_refuses_every_truncation(void **state UNUSED)
{
	enum { CUTS = 150 };
	int refused = 0, control = 0;
	struct scene s;
	struct err e;

	make_bank(source, "PRAGMA journal_mode=DELETE");
	scene_begin(&s, source);
	assert_int_equal(scene_dump(&s, &e), 0);
	for (int i = 0; i < CUTS; i++) {
		size_t n = i % 2 ? rand_below(s.bytes.n) : rand_below(s.bytes.n / 4096) * 4096;

		refused += scene_prove(&s, s.bytes.p, n, &e) == -1 && e.kind == ERR_DAMAGED;
		control += n >= 16 && memcmp(s.bytes.p, "SQLite format 3", 16) == 0;
	}
	print_message("T16 sqlite: %d cuts, %d refused; control: a look at the head accepts %d\n", CUTS, refused, control);
	assert_int_equal(refused, CUTS);
	assert_true(control > 0);
	buf_text(&s.bytes, "more");
	assert_int_equal(scene_prove(&s, s.bytes.p, s.bytes.n, &e), -1);
	assert_non_null(strstr(e.text, "where its head promises"));
	assert_true(is_empty(scratch));
	scene_end(&s);
}

/* T17: pages of one table that changed places or were zeroed are refused; a flipped bit of a value is the hash's to find. */
static void
T17_prove_refuses_swapped_and_zeroed_pages(void **state UNUSED)
{
	enum { TRIES = 60, PAGE = 4096 };
	int refused = 0;
	struct scene s;
	struct err e;

	make_bank(source, "PRAGMA journal_mode=DELETE");
	scene_begin(&s, source);
	assert_int_equal(scene_dump(&s, &e), 0);
	for (int i = 0; i < TRIES; i++) {
		size_t pages = s.bytes.n / PAGE, a = 5 + rand_below(pages / 2 - 5), b = pages / 2 + rand_below(pages / 2 - 1);
		CLEANUP_BUF struct buf bad = BUF_INIT;

		buf_add(&bad, s.bytes.p, s.bytes.n);
		if (i % 2)
			memset(bad.p + a * PAGE, 0, PAGE);
		else
			memcpy(bad.p + a * PAGE, s.bytes.p + b * PAGE, PAGE);
		refused += scene_prove(&s, bad.p, bad.n, &e) == -1 && e.kind == ERR_DAMAGED;
	}
	print_message("T17 sqlite: %d bad pages, %d refused\n", TRIES, refused);
	assert_int_equal(refused, TRIES);
	scene_end(&s);
}

static int
begin(void **state UNUSED)
{
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(source, sizeof source, "%s/app.sqlite", folder);
	snprintf(scratch, sizeof scratch, "%s/scratch", folder);
	snprintf(plain, sizeof plain, "%s/plain", folder);
	return mkdir(scratch, 0700);
}

static int
end(void **state UNUSED)
{
	clean(source);
	return rmdir(scratch) | rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_tells_size_and_tables),
		cmocka_unit_test(says_what_is_wrong_with_a_path),
		cmocka_unit_test(refuses_a_damaged_source),
		cmocka_unit_test(the_source_is_not_changed),
		cmocka_unit_test(DIV_17_a_copy_holds_what_is_only_in_the_log),
		cmocka_unit_test(a_copy_is_of_one_moment_while_others_write_with_a_log),
		cmocka_unit_test(a_copy_is_of_one_moment_while_others_write_with_a_journal),
		cmocka_unit_test(locks_of_this_process_are_kept),
		cmocka_unit_test(waits_for_a_lock_that_is_given_back),
		cmocka_unit_test(PEER_20_room_is_checked_before_staging),
		cmocka_unit_test(a_sink_that_fails_leaves_nothing),
		cmocka_unit_test(T16_prove_refuses_every_truncation),
		cmocka_unit_test(T17_prove_refuses_swapped_and_zeroed_pages),
	};

	return cmocka_run_group_tests_name("src_sqlite", tests, begin, end);
}
