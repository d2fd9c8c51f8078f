/* tgt_sqlite_test.c: restores into SQLite databases, in use or not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/lite_fixture.h"

static int64_t
rows_of(const struct table_count *tables, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(tables[i].name, name) == 0)
			return tables[i].rows;
	return -1;
}

static void
DIV_13_replace_makes_the_target_equal_to_the_backup(void **state)
{
	struct place *p = *state;
	const char *old, *new;

	make_db(p->live, "PRAGMA user_version=41", 1, 500);
	make_db(p->other, "PRAGMA user_version=42", 2, 700);
	assert_int_equal(chmod(p->live, 0640), 0);
	old = dump_of(p, p->live);
	new = dump_of(p, p->other);
	store_file(p, p->other);
	build(p);
	assert_string_equal(dump_of(p, p->live), old);
	assert_int_equal(rows_of(p->built.tables, p->built.table_count, "account"), 700);
	assert_int_equal(rows_of(p->built.tables, p->built.table_count, "odd \"name"), 1);
	assert_int_equal(rows_of(p->built.tables, p->built.table_count, "note"), 200);
	assert_int_equal(p->built.table_count, 4);
	assert_true(swap(p) > 0);
	assert_string_equal(dump_of(p, p->live), new);
	assert_int_equal(number(p->live, "PRAGMA user_version"), 42);
	assert_int_equal(
	    number(p->live, "SELECT count(*) FROM sqlite_master WHERE name LIKE 'lazarette%'"), 0);
	assert_int_equal(number(p->live, "SELECT count(*) FROM note WHERE note MATCH 'word2'"),
	    200);
	/* Once more is nothing more: what was written since stays. */
	sql(p->live, "UPDATE meta SET writes = 99");
	assert_true(swap(p) > 0);
	assert_int_equal(number(p->live, "SELECT writes FROM meta"), 99);
	OK(tgt_sqlite_driver.unswap(&p->t, "", &p->e));
	assert_string_equal(dump_of(p, p->live), old);
	assert_int_equal(number(p->live, "PRAGMA user_version"), 41);
	OK(tgt_sqlite_driver.unswap(&p->t, "", &p->e));
	OK(tgt_sqlite_driver.drop(&p->t, &p->e));
	assert_int_equal(beside(p), 0);
	assert_string_equal(dump_of(p, p->live), old);
	OK(tgt_sqlite_driver.drop(&p->t, &p->e));
}

/* T34: what the undo brings back is the very file. */
static void
T34_the_undo_of_a_quiet_target_is_equal_by_content(void **state)
{
	static const char *const modes[] = { "PRAGMA journal_mode=DELETE",
		"PRAGMA journal_mode=WAL",
		"PRAGMA journal_mode=TRUNCATE; PRAGMA page_size=1024",
		"PRAGMA page_size=8192; PRAGMA journal_mode=WAL",
		"PRAGMA auto_vacuum=INCREMENTAL" };
	struct place *p = *state;

	for (int i = 0; i < 20; i++) {
		const char *old, *new;

		make_db(p->live, modes[i % 5], 1, 50 + i * 30);
		make_db(p->other, modes[i / 4], 2, 500 - i * 20);
		old = dump_of(p, p->live);
		new = lines_of(p, p->other);
		store_file(p, p->other);
		build(p);
		swap(p);
		assert_string_equal(lines_of(p, p->live), new);
		assert_int_equal(number(p->live, "PRAGMA page_size"),
		    i % 5 == 2 ? 1024 : i % 5 == 3 ? 8192 : 4096);
		OK(tgt_sqlite_driver.unswap(&p->t, "", &p->e));
		assert_string_equal(dump_of(p, p->live), old);
		OK(tgt_sqlite_driver.drop(&p->t, &p->e));
		assert_int_equal(beside(p), 0);
	}
}

static void
a_target_that_is_not_there_is_made_and_its_undo_takes_it_away(void **state)
{
	struct place *p = *state;
	struct target_look look;
	const char *new;

	make_db(p->other, "PRAGMA journal_mode=WAL", 2, 100);
	new = dump_of(p, p->other);
	store_file(p, p->other);
	OK(tgt_sqlite_driver.look(&look, &p->t, &p->from, &p->e));
	assert_null(look.refusal);
	assert_int_equal(look.bytes, 0);
	assert_int_equal(look.needs, p->data.raw_bytes);
	build(p);
	assert_int_equal(access(p->live, F_OK), -1);
	assert_int_equal(swap(p), 0);
	assert_int_equal(swap(p), 0);
	assert_string_equal(dump_of(p, p->live), new);
	OK(tgt_sqlite_driver.unswap(&p->t, "", &p->e));
	OK(tgt_sqlite_driver.unswap(&p->t, "", &p->e));
	assert_int_equal(access(p->live, F_OK), -1);
	OK(tgt_sqlite_driver.drop(&p->t, &p->e));
	assert_int_equal(beside(p), 0);
}

/* SET-10: on top of what is there; nothing that is there goes. */
static void
SET_10_add_keeps_what_is_there(void **state)
{
	struct place *p = *state;

	make_db(p->live, "PRAGMA journal_mode=WAL", 1, 100);
	make_db(p->other, "PRAGMA page_size=1024", 2, 100);
	sql(p->live, "CREATE TABLE unrelated (x); INSERT INTO unrelated VALUES (7);"
	    "DELETE FROM account WHERE id > 40");
	sql(p->other, "DELETE FROM account WHERE id <= 40; CREATE TABLE more (x, y AS (x + 1));"
	    "INSERT INTO more VALUES (1), (2); CREATE INDEX more_x ON more (x);"
	    "CREATE TRIGGER more_t AFTER INSERT ON more BEGIN DELETE FROM unrelated; END;"
	    "CREATE VIEW mores AS SELECT * FROM more; DELETE FROM note");
	store_file(p, p->other);
	p->t.mode = RESTORE_ADD;
	build(p);
	swap(p);
	assert_int_equal(number(p->live, "SELECT x FROM unrelated"), 7);
	assert_int_equal(number(p->live, "SELECT count(*) FROM account"), 100);
	assert_int_equal(number(p->live, "SELECT sum(generation) FROM account"), 40 + 60 * 2);
	assert_int_equal(number(p->live, "SELECT sum(thrice) FROM account"), 3 * (40 + 60 * 2));
	assert_int_equal(number(p->live, "SELECT sum(y) FROM mores"), 5);
	assert_int_equal(number(p->live, "SELECT count(*) FROM sqlite_master WHERE name IN"
	                                 " ('more_x', 'more_t')"), 2);
	/* Its own trigger would have counted. */
	assert_int_equal(number(p->live, "SELECT max(writes) FROM meta"), 0);
	assert_int_equal(number(p->live, "SELECT count(*) FROM meta"), 2);
	assert_int_equal(number(p->live, "SELECT count(*) FROM note"), 100);
	OK(tgt_sqlite_driver.unswap(&p->t, p->built.mark, &p->e));
	assert_int_equal(number(p->live, "SELECT count(*) FROM account"), 40);
}

/* SET-10: all or none, and the sentence names the table. */
static void
SET_10_a_key_that_is_there_already_fails_the_whole(void **state)
{
	struct place *p = *state;
	const char *old;

	make_db(p->live, "PRAGMA journal_mode=WAL", 1, 10);
	make_db(p->other, "", 2, 10);
	old = dump_of(p, p->live);
	store_file(p, p->other);
	p->t.mode = RESTORE_ADD;
	assert_int_equal(tgt_sqlite_driver.build(&p->built, &p->t, &p->from, &p->e), -1);
	assert_int_equal(p->e.kind, ERR_CONFLICT);
	assert_non_null(strstr(p->e.text, "Table account cannot be put into "));
	assert_non_null(strstr(p->e.text, "UNIQUE constraint failed: account.id"));
	assert_string_equal(dump_of(p, p->live), old);
	assert_int_equal(beside(p), 0);
}

/* SET-10: who writes while the side is made would lose it with the swap: refused. */
static void
SET_10_a_target_written_to_since_the_build_is_not_purged(void **state)
{
	static const char *const modes[] = { "PRAGMA journal_mode=WAL",
		"PRAGMA journal_mode=DELETE" };
	static const char *const choice[] = { "more" };
	struct place *p = *state;
	int64_t kept;

	make_db(p->other, "CREATE TABLE more (x)", 2, 10);
	store_file(p, p->other);
	p->t.mode = RESTORE_ADD;
	p->t.choice = choice;
	p->t.choice_count = 1;
	for (int i = 0; i < 2; i++) {
		make_db(p->live, modes[i], 1, 10);
		build(p);
		sql(p->live, "UPDATE meta SET writes = 5");
		assert_int_equal(
		    tgt_sqlite_driver.swap(&kept, &p->t, p->built.mark, &p->e), -1);
		assert_int_equal(p->e.kind, ERR_CONFLICT);
		assert_non_null(strstr(p->e.text, "was written to after its copy was built"));
		assert_int_equal(number(p->live, "SELECT writes FROM meta"), 5);
		build(p);
		swap(p);
		assert_int_equal(number(p->live, "SELECT writes FROM meta"), 5);
		assert_int_equal(number(p->live, "SELECT count(*) FROM more"), 0);
		OK(tgt_sqlite_driver.drop(&p->t, &p->e));
	}
}

/* PEER-24: one table comes back, with its index, counter and trigger; the others stay. */
static void
PEER_24_only_the_chosen_tables_are_replaced(void **state)
{
	static const char *const choice[] = { "account", "note", "odd \"name" };
	static const char *const none[] = { "nothing" };
	struct place *p = *state;
	const char *old;

	make_db(p->live, "PRAGMA journal_mode=WAL", 1, 100);
	make_db(p->other, "PRAGMA page_size=512", 2, 300);
	sql(p->live, "CREATE TABLE unrelated (x); INSERT INTO unrelated VALUES (7);"
	    "DROP INDEX account_generation; DROP TRIGGER count_up");
	sql(p->other, "DELETE FROM account WHERE id > 290");
	old = dump_of(p, p->live);
	store_file(p, p->other);
	p->t.choice = none;
	p->t.choice_count = 1;
	assert_int_equal(tgt_sqlite_driver.build(&p->built, &p->t, &p->from, &p->e), -1);
	assert_int_equal(p->e.kind, ERR_INPUT);
	assert_string_equal(p->e.text, "The backup has no table nothing");
	p->t.choice = choice;
	p->t.choice_count = 3;
	build(p);
	swap(p);
	assert_int_equal(number(p->live, "SELECT generation FROM meta"), 1);
	assert_int_equal(number(p->live, "SELECT x FROM unrelated"), 7);
	assert_int_equal(number(p->live, "SELECT sum(thrice) FROM account"), 290 * 6);
	assert_int_equal(number(p->live, "SELECT seq FROM sqlite_sequence"), 300);
	assert_int_equal(number(p->live, "SELECT a = 'k2' FROM \"odd \"\"name\""), 1);
	assert_int_equal(number(p->live, "SELECT count(*) FROM note WHERE note MATCH 'word2'"),
	    200);
	assert_int_equal(number(p->live, "SELECT count(*) FROM note WHERE note MATCH 'word1'"), 0);
	assert_int_equal(number(p->live, "SELECT count(*) FROM sqlite_master WHERE name IN"
	                                 " ('account_generation', 'count_up')"), 2);
	sql(p->live, "INSERT INTO note(note) VALUES ('integrity-check');"
	    "INSERT INTO account (generation) VALUES (9)");
	assert_int_equal(number(p->live, "SELECT writes FROM meta"), 1);
	assert_int_equal(number(p->live, "PRAGMA integrity_check") >= 0, 1);
	OK(tgt_sqlite_driver.unswap(&p->t, p->built.mark, &p->e));
	assert_string_equal(dump_of(p, p->live), old);
}

/* T35: a damaged copy is refused before anything is done to the target. */
static void
T35_a_damaged_copy_leaves_the_target_alone(void **state)
{
	struct place *p = *state;
	CLEANUP_BUF struct buf good = BUF_INIT, live = BUF_INIT;
	char path[200];
	int refused = 0;

	make_db(p->live, "PRAGMA journal_mode=WAL", 1, 100);
	make_db(p->other, "", 2, 300);
	store_file(p, p->other);
	snprintf(path, sizeof path, "%s/a.sqlite.zst", p->store);
	OK(fd_read_file(&good, path, 1 << 28, &p->e));
	OK(fd_read_file(&live, p->live, 1 << 28, &p->e));
	for (size_t i = 0; i < 100; i++) {
		size_t at = good.n * i / 100;
		CLEANUP_BUF struct buf now = BUF_INIT;

		good.p[at] = (char)(good.p[at] ^ (1 << (i % 8)));
		OK(fd_put_file(path, good.p, i % 10 == 9 ? at : good.n, 0600, &p->e));
		good.p[at] = (char)(good.p[at] ^ (1 << (i % 8)));
		refused += tgt_sqlite_driver.build(&p->built, &p->t, &p->from, &p->e) == -1 &&
		    p->e.kind == ERR_DAMAGED && strstr(p->e.text, "a.sqlite.zst") != NULL;
		OK(fd_read_file(&now, p->live, 1 << 28, &p->e));
		assert_int_equal(now.n, live.n);
		assert_memory_equal(now.p, live.p, live.n);
		assert_int_equal(beside(p), 0);
	}
	assert_int_equal(refused, 100);
	/* Control: as it was, it is taken. */
	OK(fd_put_file(path, good.p, good.n, 0600, &p->e));
	build(p);
}

/* T35: hashes that are right of a database that is not. */
static void
T35_a_copy_that_sqlite_refuses_is_refused(void **state)
{
	struct place *p = *state;
	CLEANUP_FD int fd = -1;

	make_db(p->live, "", 1, 10);
	make_db(p->other, "", 2, 3000);
	fd = open(p->other, O_RDWR | O_CLOEXEC);
	for (off_t at = 4096 * 20; at < 4096 * 60; at += 4096)
		assert_int_equal(pwrite(fd, p->path, sizeof p->path, at), sizeof p->path);
	store_file(p, p->other);
	assert_int_equal(tgt_sqlite_driver.build(&p->built, &p->t, &p->from, &p->e), -1);
	assert_int_equal(p->e.kind, ERR_DAMAGED);
	assert_int_equal(ftruncate(fd, 4096 * 10), 0);
	store_file(p, p->other);
	assert_int_equal(tgt_sqlite_driver.build(&p->built, &p->t, &p->from, &p->e), -1);
	assert_int_equal(p->e.kind, ERR_DAMAGED);
	assert_non_null(strstr(p->e.text, "where its head promises"));
	assert_int_equal(pwrite(fd, "no", 2, 0), 2);
	store_file(p, p->other);
	assert_int_equal(tgt_sqlite_driver.build(&p->built, &p->t, &p->from, &p->e), -1);
	assert_string_equal(p->e.text, "The backup is not a SQLite database");
	assert_int_equal(beside(p), 0);
}

static void
NEW_3_landing_rules_change_the_side_and_cannot_leave_it(void **state)
{
	static const char *const refused[] = { "ATTACH '/tmp/elsewhere' AS x",
		"DETACH main", "SELECT load_extension('x')", "PRAGMA journal_mode=WAL", "COMMIT",
		"VACUUM INTO '/tmp/elsewhere'",
		"UPDATE account SET generation = 3; SELECT * FROM no" };
	struct place *p = *state;
	const char *const *env, *old;
	char side[200];

	make_db(p->live, "", 1, 10);
	make_db(p->other, "", 2, 20);
	old = dump_of(p, p->live);
	store_file(p, p->other);
	build(p);
	OK(tgt_sqlite_driver.side_env(&env, &p->t, &p->e));
	snprintf(side, sizeof side, "%s.%s.new", p->live, p->t.tag);
	assert_string_equal(env[0] + strlen("LAZARETTE_SIDE="), side);
	assert_null(env[1]);
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		assert_int_equal(tgt_sqlite_driver.script(&p->t, refused[i], &p->e), -1);
		assert_int_equal(p->e.kind, ERR_INPUT);
		assert_int_equal(number(side, "SELECT max(generation) FROM account"), 2);
	}
	assert_int_equal(access("/tmp/elsewhere", F_OK), -1);
	OK(tgt_sqlite_driver.script(&p->t, "UPDATE account SET pad = 'gone'; DELETE FROM note",
	    &p->e));
	assert_string_equal(dump_of(p, p->live), old);
	swap(p);
	assert_int_equal(number(p->live, "SELECT count(*) FROM account WHERE pad = 'gone'"), 20);
	assert_int_equal(number(p->live, "SELECT count(*) FROM note"), 0);
}

static void
look_tells_sizes_rows_and_why_not(void **state)
{
	struct place *p = *state;
	struct target_look look;

	make_db(p->live, "PRAGMA journal_mode=WAL", 1, 1000);
	make_db(p->other, "", 2, 20);
	store_file(p, p->other);
	OK(tgt_sqlite_driver.look(&look, &p->t, &p->from, &p->e));
	assert_null(look.refusal);
	assert_int_equal(rows_of(look.tables, look.table_count, "account"), 1000);
	assert_true(look.bytes > 200000 && look.has > 0);
	assert_int_equal(look.needs, p->data.raw_bytes + 2 * look.bytes);
	p->data.raw_bytes = INT64_C(1) << 50;
	OK(tgt_sqlite_driver.look(&look, &p->t, &p->from, &p->e));
	assert_non_null(strstr(look.refusal, "Make room there"));
	OK(fd_put_file(p->live, p->path, 20, 0600, &p->e));
	OK(tgt_sqlite_driver.look(&look, &p->t, &p->from, &p->e));
	assert_non_null(strstr(look.refusal, "is not a SQLite database. If it may go, move it"));
	p->service.settings.path = "/nonexistent/app.sqlite";
	OK(tgt_sqlite_driver.look(&look, &p->t, &p->from, &p->e));
	assert_non_null(strstr(look.refusal, "Folder /nonexistent does not exist on this host"));
}

int
main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(DIV_13_replace_makes_the_target_equal_to_the_backup),
		T(T34_the_undo_of_a_quiet_target_is_equal_by_content),
		T(a_target_that_is_not_there_is_made_and_its_undo_takes_it_away),
		T(SET_10_add_keeps_what_is_there),
		T(SET_10_a_key_that_is_there_already_fails_the_whole),
		T(SET_10_a_target_written_to_since_the_build_is_not_purged),
		T(PEER_24_only_the_chosen_tables_are_replaced),
		T(T35_a_damaged_copy_leaves_the_target_alone),
		T(T35_a_copy_that_sqlite_refuses_is_refused),
		T(NEW_3_landing_rules_change_the_side_and_cannot_leave_it),
		T(look_tells_sizes_rows_and_why_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
