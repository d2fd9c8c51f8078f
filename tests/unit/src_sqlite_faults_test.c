/* src_sqlite_faults_test.c: every way a copy can fail, and what a damaged one is found by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "lib/base/rand.h"
#include "tests/unit/bank.h"

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

/* A transaction that was cut off with pages already in the file: only a writer can take it back. */
static void
an_unfinished_transaction_is_told_with_the_remedy(void **state UNUSED)
{
	struct scene s;
	char *text;
	struct err e;
	pid_t pid;

	make_bank(source, "PRAGMA journal_mode=DELETE");
	pid = fork();
	if (pid == 0) {
		sqlite3 *db = db_of(source);

		sql(db,
		    "PRAGMA cache_size=2; BEGIN; UPDATE account SET pad = hex(randomblob(150))");
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	scene_begin(&s, source);
	assert_int_equal(src_sqlite_driver.check(&text, &s.src, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_non_null(strstr(e.text, "Start its application once"));
	assert_int_equal(scene_dump(&s, &e), -1);
	assert_int_equal(s.bytes.n, 0);
	scene_end(&s);
	clean(source);
}

/* As another user than root, who may read everything. */
static int
check_as_a_stranger(char **text, struct scene *s, struct err *e)
{
	int rc;

	scene_begin(s, source);
	if (geteuid() == 0 && seteuid(65534) != 0)
		fail();
	rc = s->driver->check(text, &s->src, e);
	if (getuid() == 0 && seteuid(0) != 0)
		fail();
	return rc;
}

static void
what_may_not_be_read_is_told(void **state UNUSED)
{
	struct scene s;
	char *text;
	struct err e;

	if (getuid() != 0)
		skip();
	make_bank(source, "PRAGMA journal_mode=WAL");
	assert_int_equal(chmod(source, 0600), 0);
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(check_as_a_stranger(&text, &s, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_non_null(strstr(e.text, "cannot be read: Permission denied"));
	scene_end(&s);
	/* Readable, but the side files that a log needs cannot be made: SQLite refuses, and we tell
	 * what helps. */
	assert_int_equal(chmod(source, 0644), 0);
	assert_int_equal(check_as_a_stranger(&text, &s, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_non_null(strstr(e.text, "let the worker's user write to its folder"));
	scene_end(&s);
	clean(source);
}

static void
a_scratch_folder_that_fails_is_told(void **state UNUSED)
{
	struct rlimit was, small;
	struct scene s;
	struct err e;

	make_bank(source, "PRAGMA journal_mode=DELETE");
	scene_begin(&s, source);
	s.src.scratch = "/nonexistent/scratch";
	assert_int_equal(scene_dump(&s, &e), -1);
	assert_non_null(strstr(e.text, "scratch folder '/nonexistent/scratch'"));
	s.src.scratch = scratch;
	assert_int_equal(scene_dump(&s, &e), 0);
	s.src.scratch = "/nonexistent/scratch";
	assert_int_equal(scene_prove(&s, s.bytes.p, s.bytes.n, &e), -1);
	assert_non_null(strstr(e.text, "create '/nonexistent/scratch/"));
	s.src.scratch = scratch;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	small = was;
	small.rlim_cur = 100000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(src_sqlite_driver.dump(&(struct sink){ scene_write, &s }, &s.src, &e), -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_true(strlen(e.text) > 0);
	assert_true(is_empty(scratch));
	scene_end(&s);
}

/* Whether a copy of the source may go to a disk of this size; 77: no disk can be mounted here. */
static int
prepared_on(const char *size)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct source_facts facts;
		struct scene s;
		struct err e;

		scene_begin(&s, source);
		if (unshare(CLONE_NEWNS) != 0 ||
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
		    mount("tmpfs", scratch, "tmpfs", 0, size) != 0)
			_exit(77);
		if (src_sqlite_driver.prepare(&facts, &s.src, &e) == 0)
			_exit(0);
		_exit(e.kind == ERR_FULL ? 1 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* PEER-20: the copy would fit, but then the catalogue beside it could not be written any more. */
static void
PEER_20_a_copy_leaves_room_for_the_catalogue(void **state UNUSED)
{
	make_bank(source, "PRAGMA journal_mode=DELETE");
	if (prepared_on("size=128m") == 77)
		skip();
	assert_int_equal(prepared_on("size=128m"), 0);
	assert_int_equal(prepared_on("size=60m"), 1);
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
	assert_memory_equal(e.text,
	    "The scratch folder /proc is full: a copy of the database needs about 9", 70);
	assert_non_null(strstr(e.text, "it has 0 B of which 6"));
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

/* T16: cut anywhere, or with something behind it, a copy is refused. The control only looks at its
 * head. */
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
	print_message("T16 sqlite: %d cuts, %d refused; control: a look at the head accepts %d\n",
	    CUTS, refused, control);
	assert_int_equal(refused, CUTS);
	assert_true(control > 0);
	buf_text(&s.bytes, "more");
	assert_int_equal(scene_prove(&s, s.bytes.p, s.bytes.n, &e), -1);
	assert_non_null(strstr(e.text, "where its head promises"));
	assert_true(is_empty(scratch));
	scene_end(&s);
}

/* T17: pages of one table that changed places or were zeroed are refused; a flipped bit of a value
 * is the hash's to find. */
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
		size_t pages = s.bytes.n / PAGE, a = 5 + rand_below(pages / 2 - 5),
		       b = pages / 2 + rand_below(pages / 2 - 1);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_a_damaged_source),
		cmocka_unit_test(an_unfinished_transaction_is_told_with_the_remedy),
		cmocka_unit_test(what_may_not_be_read_is_told),
		cmocka_unit_test(a_scratch_folder_that_fails_is_told),
		cmocka_unit_test(PEER_20_room_is_checked_before_staging),
		cmocka_unit_test(PEER_20_a_copy_leaves_room_for_the_catalogue),
		cmocka_unit_test(a_sink_that_fails_leaves_nothing),
		cmocka_unit_test(T16_prove_refuses_every_truncation),
		cmocka_unit_test(T17_prove_refuses_swapped_and_zeroed_pages),
	};

	return cmocka_run_group_tests_name("src_sqlite_faults", tests, begin, end);
}
