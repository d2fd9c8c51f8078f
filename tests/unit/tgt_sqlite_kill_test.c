/* tgt_sqlite_kill_test.c: swaps of SQLite databases that are killed, and that others look at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/resource.h>
#include <time.h>

#include "lib/base/clock.h"
#include "tests/unit/budget.h"
#include "tests/unit/lite_fixture.h"

enum { KILLS = 80, OLD_ROWS = 12000, NEW_ROWS = 9000 };

static const char *const modes[] = { "PRAGMA journal_mode=WAL", "PRAGMA journal_mode=DELETE" };

static void
in_turn(struct place *p)
{
	int64_t kept;
	struct err e;

	_exit(tgt_sqlite_driver.swap(&kept, &p->t, p->built.mark, &e) == 0 ? 0 : 1);
}

static void
back_in_turn(struct place *p)
{
	struct err e;

	_exit(tgt_sqlite_driver.unswap(&p->t, p->built.mark, &e) == 0 ? 0 : 1);
}

/* The control: what a restore by cp does. */
static void
by_copying(struct place *p)
{
	char side[200];
	CLEANUP_BUF struct buf b = BUF_INIT;
	int fd = open(p->live, O_WRONLY | O_CLOEXEC);

	snprintf(side, sizeof side, "%s.%s.new", p->live, p->t.tag);
	OK(fd_read_file(&b, side, 1 << 28, &p->e));
	for (size_t at = 0; at < b.n; at += 4096) {
		if (pwrite(fd, b.p + at, 4096, (off_t)at) != 4096 || fdatasync(fd) != 0)
			_exit(1);
	}
	_exit(ftruncate(fd, (off_t)b.n) == 0 ? 0 : 1);
}

/* Run `what` in a child that dies after so many microseconds (0: never); whether it ended. */
static bool
killed_after(struct place *p, void (*what)(struct place *), int64_t us)
{
	int status;
	pid_t child = fork();

	if (child == 0)
		what(p);
	if (us > 0) {
		const struct timespec t = { us / 1000000, (us % 1000000) * 1000 };

		nanosleep(&t, NULL);
		kill(child, SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status))
		assert_int_equal(WEXITSTATUS(status), 0);
	return WIFEXITED(status);
}

static int64_t
time_of(struct place *p, void (*what)(struct place *))
{
	int64_t begin = clock_mono();

	assert_true(killed_after(p, what, 0));
	return 1 + (clock_mono() - begin) * 1000;
}

static void
make_both(struct place *p, const char *mode)
{
	make_db(p->live, mode, 1, OLD_ROWS);
	make_db(p->other, "", 2, NEW_ROWS);
	store_file(p, p->other);
	build(p);
}

/* 1 old, 2 new, 0 neither. */
static int
which(struct place *p, const char *old, const char *new)
{
	const char *now = dump_of(p, p->live);

	return strcmp(now, old) == 0 ? 1 : strcmp(now, new) == 0 ? 2 : 0;
}

static void
kill_often(struct place *p, const char *mode)
{
	int seen[3] = { 0, 0, 0 };
	const char *old, *new;
	struct budget budget = budget_of(KILLS, 24, 30);
	int64_t long_one;
	int i;

	make_both(p, mode);
	old = dump_of(p, p->live);
	new = dump_of(p, p->other);
	long_one = time_of(p, in_turn);
	OK(tgt_sqlite_driver.unswap(&p->t, "", &p->e));
	for (i = 0; budget_wants(&budget, i); i++) {
		bool back = i % 4 == 3;

		if (back)
			swap(p);
		killed_after(p, back ? back_in_turn : in_turn,
		    1 + long_one * (i * 17 % KILLS + 1) / KILLS);
		seen[which(p, old, new)]++;
		/* Who comes after finds its way from anywhere. */
		if (!back) {
			swap(p);
			assert_int_equal(which(p, old, new), 2);
			assert_int_equal(number(p->live, "SELECT count(*) FROM sqlite_master WHERE"
			                                 " name LIKE 'lazarette%'"), 0);
		}
		OK(tgt_sqlite_driver.unswap(&p->t, "", &p->e));
		assert_int_equal(which(p, old, new), 1);
	}
	print_message("%s: %d kills in %lld ms: %d old, %d new, %d mixed\n", mode, i,
	    (long long)long_one / 1000, seen[1], seen[2], seen[0]);
	assert_int_equal(seen[0], 0);
	assert_true(seen[1] * 16 > i && seen[2] * 16 > i);
}

static void
T31_a_killed_swap_leaves_old_or_new_with_a_log(void **state)
{
	kill_often(*state, modes[0]);
}

static void
T31_a_killed_swap_leaves_old_or_new_with_a_journal(void **state)
{
	kill_often(*state, modes[1]);
}

/* The control: the same kills find what a restore by copying does. */
static void
T31_control_copying_over_the_file_is_found_mixed(void **state)
{
	struct place *p = *state;
	int64_t long_one;
	int mixed = 0;

	make_both(p, modes[1]);
	long_one = time_of(p, by_copying);
	for (int i = 0; i < 10; i++) {
		const char *old, *new;

		make_both(p, modes[1]);
		old = dump_of(p, p->live);
		new = dump_of(p, p->other);
		killed_after(p, by_copying, long_one * (i + 1) / 12);
		mixed += which(p, old, new) == 0;
	}
	assert_true(mixed > 0);
}

/* Each place between two steps, and the one after it finds what was done. */
static void
T31_a_swap_killed_between_two_steps_goes_on(void **state)
{
	static const struct { const char *at; int then; } places[] = { { "sqlite.locked:kill", 1 },
		{ "sqlite.kept:kill", 1 }, { "sqlite.overwritten:kill", 2 },
		{ "sqlite.noted:kill", 2 } };
	struct place *p = *state;

	for (int mode = 0; mode < 2; mode++) {
		const char *old, *new;

		make_both(p, modes[mode]);
		old = dump_of(p, p->live);
		new = dump_of(p, p->other);
		for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
			/* An undo has put what was written since where the side was. */
			build(p);
			setenv("LAZARETTE_FAULT", places[i].at, 1);
			assert_false(killed_after(p, in_turn, 0));
			unsetenv("LAZARETTE_FAULT");
			assert_int_equal(which(p, old, new), places[i].then);
			/* Somebody writes before we are back: with the new it stays, with the old
			 * it is what an undo brings back. */
			sql(p->live, "UPDATE meta SET writes = 77");
			swap(p);
			assert_int_equal(number(p->live, "SELECT writes FROM meta"),
			    places[i].then == 2 ? 77 : 0);
			OK(tgt_sqlite_driver.unswap(&p->t, "", &p->e));
			assert_int_equal(number(p->live, "SELECT writes FROM meta"),
			    places[i].then == 2 ? 0 : 77);
			sql(p->live, "UPDATE meta SET writes = 0");
			assert_int_equal(which(p, old, new), 1);
		}
		OK(tgt_sqlite_driver.drop(&p->t, &p->e));
	}
}

/* Killed behind the act and before its note: taken back all the same, and nothing is dropped that
 * is the only copy. */
static void
T31_what_was_not_noted_is_taken_back(void **state)
{
	struct place *p = *state;
	const char *old, *new;

	make_both(p, modes[0]);
	old = dump_of(p, p->live);
	new = dump_of(p, p->other);
	setenv("LAZARETTE_FAULT", "sqlite.overwritten:kill", 1);
	assert_false(killed_after(p, in_turn, 0));
	unsetenv("LAZARETTE_FAULT");
	assert_int_equal(which(p, old, new), 2);
	OK(tgt_sqlite_driver.unswap(&p->t, p->built.mark, &p->e));
	assert_int_equal(which(p, old, new), 1);
	OK(tgt_sqlite_driver.drop(&p->t, &p->e));
	assert_int_equal(which(p, old, new), 1);
}

/* NEW-2: what was written since the restore is not lost by an undo that is itself taken back. */
static void
NEW_2_an_undo_keeps_what_was_written_since(void **state)
{
	struct place *p = *state;

	make_both(p, modes[0]);
	swap(p);
	sql(p->live, "UPDATE meta SET writes = 5");
	OK(tgt_sqlite_driver.unswap(&p->t, p->built.mark, &p->e));
	assert_int_equal(number(p->live, "SELECT writes FROM meta"), 0);
	swap(p);
	assert_int_equal(number(p->live, "SELECT writes FROM meta"), 5);
}

/* A side that somebody removed is no swap that was done. */
static void
a_side_that_is_gone_is_told(void **state)
{
	struct place *p = *state;
	const char *old, *new;
	char side[200];
	int64_t kept;

	make_both(p, modes[0]);
	old = dump_of(p, p->live);
	new = dump_of(p, p->other);
	snprintf(side, sizeof side, "%s.%s.new", p->live, p->t.tag);
	assert_int_equal(unlink(side), 0);
	assert_int_equal(tgt_sqlite_driver.swap(&kept, &p->t, p->built.mark, &p->e), -1);
	assert_int_equal(p->e.kind, ERR_CONFLICT);
	assert_int_equal(which(p, old, new), 1);
	OK(tgt_sqlite_driver.unswap(&p->t, p->built.mark, &p->e));
	OK(tgt_sqlite_driver.drop(&p->t, &p->e));
	assert_int_equal(which(p, old, new), 1);
}

/* A disk that is full: no file may grow over what the kept old takes. */
static void
with_no_room(struct place *p)
{
	struct rlimit small = { .rlim_cur = 700000, .rlim_max = 700000 };
	int64_t kept;
	struct err e;

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &small) != 0)
		_exit(1);
	_exit(tgt_sqlite_driver.swap(&kept, &p->t, p->built.mark, &e) == -1 ? 0 : 2);
}

static void
a_swap_that_runs_out_of_room_leaves_the_old(void **state)
{
	struct place *p = *state;

	for (int mode = 0; mode < 2; mode++) {
		const char *old, *new;

		make_db(p->live, modes[mode], 1, 1000);
		make_db(p->other, "", 2, NEW_ROWS);
		store_file(p, p->other);
		build(p);
		old = dump_of(p, p->live);
		new = dump_of(p, p->other);
		assert_true(killed_after(p, with_no_room, 0));
		assert_int_equal(which(p, old, new), 1);
		/* Control: with room it is done. */
		swap(p);
		assert_int_equal(which(p, old, new), 2);
		OK(tgt_sqlite_driver.drop(&p->t, &p->e));
	}
}

/* SQLite's own waits last whole seconds in Debian's build: beside a busy writer that starves. */
static int
wait_a_little(void *arg UNUSED, int count)
{
	clock_sleep(2);
	return count < 10000;
}

/* Until it is killed: every look shows one generation in all tables. */
static void
look_on(const char *path, int fd)
{
	static const char sql_look[] = "SELECT (SELECT generation FROM meta), min(generation),"
	                               " max(generation) FROM account";
	sqlite3 *db;
	sqlite3_stmt *st = NULL;
	int looks[3] = { 0, 0, 0 };

	sqlite3_open(path, &db);
	sqlite3_busy_handler(db, wait_a_little, NULL);
	for (int after = 0; after < 20;) {
		int64_t meta, least, most;

		if (sqlite3_prepare_v2(db, sql_look, -1, &st, NULL) != SQLITE_OK ||
		    sqlite3_step(st) != SQLITE_ROW) {
			fprintf(stderr, "reader: %s (%d)\n", sqlite3_errmsg(db),
			    sqlite3_extended_errcode(db));
			_exit(3);
		}
		meta = sqlite3_column_int64(st, 0);
		least = sqlite3_column_int64(st, 1);
		most = sqlite3_column_int64(st, 2);
		sqlite3_finalize(st);
		if (meta != least || meta != most || meta < 1 || meta > 2)
			_exit(4);
		if (looks[meta]++ == 0 && write(fd, "x", 1) != 1)
			_exit(5);
		after += meta == 2;
	}
	_exit(looks[1] > 0 ? 0 : 6);
}

static void
write_on(const char *path, int fd)
{
	sqlite3 *db;
	int writes = 0;

	sqlite3_open(path, &db);
	sqlite3_busy_handler(db, wait_a_little, NULL);
	for (;;) {
		if (sqlite3_exec(db, "UPDATE meta SET writes = writes + 1;"
		                     "INSERT INTO account (generation) SELECT generation FROM meta",
		        NULL, NULL, NULL) != SQLITE_OK) {
			fprintf(stderr, "writer: %s (%d)\n", sqlite3_errmsg(db),
			    sqlite3_extended_errcode(db));
			_exit(3);
		}
		if (writes++ == 0 && write(fd, "x", 1) != 1)
			_exit(5);
		clock_sleep(3);
	}
}

/* A reader and a writer that never close the database see the old, then the new. */
static void
SET_5_who_has_it_open_sees_old_or_new(void **state)
{
	struct place *p = *state;

	for (int mode = 0; mode < 2; mode++) {
		int status, ends[2];
		pid_t reader, writer;
		char byte;

		make_both(p, modes[mode]);
		assert_int_equal(pipe(ends), 0);
		if ((reader = fork()) == 0)
			look_on(p->live, ends[1]);
		if ((writer = fork()) == 0)
			write_on(p->live, ends[1]);
		assert_int_equal(read(ends[0], &byte, 1), 1);
		assert_int_equal(read(ends[0], &byte, 1), 1);
		swap(p);
		assert_int_equal(waitpid(reader, &status, 0), reader);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
		/* The writer goes on in the new. */
		for (int i = 0; i < 5000 && number(p->live, "SELECT writes FROM meta") <= 0; i++)
			clock_sleep(2);
		assert_int_equal(waitpid(writer, &status, WNOHANG), 0);
		kill(writer, SIGKILL);
		waitpid(writer, &status, 0);
		close(ends[0]);
		close(ends[1]);
		assert_true(number(p->live, "SELECT writes FROM meta") > 0);
		assert_int_equal(number(p->live, "SELECT min(generation) FROM account"), 2);
		OK(tgt_sqlite_driver.unswap(&p->t, "", &p->e));
		assert_int_equal(number(p->live, "SELECT max(generation) FROM account"), 1);
		/* Not one commit of the old is missing: each wrote one row and one count twice. */
		assert_int_equal(number(p->live, "SELECT count(*) FROM account"),
		    OLD_ROWS + number(p->live, "SELECT writes / 2 FROM meta"));
		OK(tgt_sqlite_driver.drop(&p->t, &p->e));
	}
}

int
main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(T31_a_killed_swap_leaves_old_or_new_with_a_log),
		T(T31_a_killed_swap_leaves_old_or_new_with_a_journal),
		T(T31_control_copying_over_the_file_is_found_mixed),
		T(T31_a_swap_killed_between_two_steps_goes_on),
		T(T31_what_was_not_noted_is_taken_back),
		T(NEW_2_an_undo_keeps_what_was_written_since),
		T(a_side_that_is_gone_is_told),
		T(a_swap_that_runs_out_of_room_leaves_the_old),
		T(SET_5_who_has_it_open_sees_old_or_new),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
