/* src_sqlite_test.c: copies of databases in use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/base/clock.h"
#include "lib/base/rand.h"
#include "tests/unit/bank.h"

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

/* NEW-6: what the dump has is counted in the dump, and counting leaves it as it is. */
static void
NEW_6_rows_are_counted_in_the_copy(void **state UNUSED)
{
	static const char *const modes[] = { "PRAGMA journal_mode=WAL",
		"PRAGMA journal_mode=DELETE" };

	for (int i = 0; i < 2; i++) {
		CLEANUP_BUF struct buf plainly = BUF_INIT;
		struct source_rows rows = { NULL, 0 };
		struct scene s;
		struct err e;

		make_bank(source, modes[i]);
		scene_begin(&s, source);
		assert_int_equal(scene_dump(&s, &e), 0);
		buf_add(&plainly, s.bytes.p, s.bytes.n);
		s.src.rows = &rows;
		assert_int_equal(scene_dump(&s, &e), 0);
		assert_int_equal(rows.count, 2);
		assert_string_equal(rows.tables[0].name, "account");
		assert_int_equal(rows.tables[0].rows, ACCOUNTS);
		assert_string_equal(rows.tables[1].name, "meta");
		assert_int_equal(rows.tables[1].rows, 1);
		assert_int_equal(plainly.n, s.bytes.n);
		assert_memory_equal(plainly.p + 100, s.bytes.p + 100, plainly.n - 100);
		assert_true(is_empty(scratch));
		scene_end(&s);
		clean(source);
	}
}

static void
says_what_is_wrong_with_a_path(void **state UNUSED)
{
	static const char *const words[] = { "does not exist on this host",
		"does not exist on this host", "is not a file", "is not a file",
		"is empty: no SQLite database yet", "is not a SQLite database",
		"is not a SQLite database" };
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

		snprintf(want, sizeof want, "%s%s %s", i == 2 || i == 3 ? "" : "File ", path[i],
		    words[i]);
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
	assert_true(
	    was.st_mtim.tv_sec == is.st_mtim.tv_sec && was.st_mtim.tv_nsec == is.st_mtim.tv_nsec);
	snprintf(side, sizeof side, "%s-journal", source);
	assert_int_equal(access(side, F_OK), -1);
	/* And its progress is told once, give or take the halves. */
	assert_in_range(s.counted, (int64_t)s.bytes.n - 4096, (int64_t)s.bytes.n);
	assert_int_equal(scene_prove(&s, s.bytes.p, s.bytes.n, &e), 0);
	assert_true(is_empty(scratch));
	scene_end(&s);
}

/* DIV-17 for this engine: what is in the write-ahead log only is in the copy, which SQLite opens.
 */
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
		snprintf(text, sizeof text,
		    "BEGIN IMMEDIATE; UPDATE account SET balance = balance - 7 WHERE id = %d;"
		    "UPDATE account SET balance = balance + 7 WHERE id = %d; UPDATE meta SET "
		    "transfers = transfers + 1; COMMIT",
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
	    number(db,
	        "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'") == 1;
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
	volatile int64_t *commits =
	    mmap(NULL, sizeof *commits, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
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
	print_message("sqlite, %s: %d of %d copies sound during %lld commits; control, cp: %d\n",
	    mode + 7, sound, COPIES, (long long)*commits, control);
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

/* The source may be open in this very process (our own catalogue): its locks must survive a backup.
 */
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
		if (sqlite3_open(source, &db) != SQLITE_OK ||
		    sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL) != SQLITE_OK)
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_tells_size_and_tables),
		cmocka_unit_test(NEW_6_rows_are_counted_in_the_copy),
		cmocka_unit_test(says_what_is_wrong_with_a_path),
		cmocka_unit_test(the_source_is_not_changed),
		cmocka_unit_test(DIV_17_a_copy_holds_what_is_only_in_the_log),
		cmocka_unit_test(a_copy_is_of_one_moment_while_others_write_with_a_log),
		cmocka_unit_test(a_copy_is_of_one_moment_while_others_write_with_a_journal),
		cmocka_unit_test(locks_of_this_process_are_kept),
		cmocka_unit_test(waits_for_a_lock_that_is_given_back),
	};

	return cmocka_run_group_tests_name("src_sqlite", tests, begin, end);
}
