/* tgt_postgresql_add_test.c: rows on top of what is there, and no more, on a real server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/resource.h>

#include "lib/base/clock.h"
#include "tests/unit/pg_merging.h"

/* SET-10: what is there stays as it is, whatever the backup says of it; what is missing comes. And
 * once more is as once. */
static void
SET_10_what_is_there_stays_and_what_is_missing_comes(void **state UNUSED)
{
	static const char since[] =
	    "SET session_replication_role = replica;"
	    "DELETE FROM person WHERE id % 2 = 0; UPDATE person SET \"select\" = 'mine';"
	    "INSERT INTO person (mail) VALUES ('mine');"
	    "UPDATE node SET name = 'mine' WHERE id < 50; DELETE FROM node WHERE id >= 50;"
	    "DELETE FROM egg WHERE id < 15; DELETE FROM hen WHERE id < 10; DELETE FROM line;"
	    "DELETE FROM part WHERE id % 3 = 0; UPDATE part SET v = 'mine' WHERE id % 3 = 1;"
	    "DELETE FROM seat WHERE id < 20; UPDATE seat SET place = 'Mine' WHERE id = 25;"
	    "INSERT INTO seat VALUES (99, 'p3', '[3000,3001)');"
	    "DELETE FROM \"odd \"\" name\".\"T.\xc3\xa4\n;\" WHERE ctid IN (SELECT ctid FROM"
	    " \"odd \"\" name\".\"T.\xc3\xa4\n;\" LIMIT 20); INSERT INTO \"odd \"\" name\"."
	    "\"T.\xc3\xa4\n;\" (b) VALUES ('mine');"
	    "ALTER TABLE \"Upper\" DISABLE RULE loud; DELETE FROM \"Upper\" WHERE x IS NULL;"
	    "DELETE FROM \"Upper\" WHERE ctid = (SELECT min(ctid) FROM \"Upper\");"
	    "ALTER TABLE \"Upper\" ENABLE ALWAYS RULE loud;"
	    "DELETE FROM lower_ WHERE x > 20; UPDATE lower_ SET name = upper(name), x = -x;"
	    "SELECT setval('node_id_seq', 5), setval('lone', 1000), setval('down', -100);"
	    "SELECT lo_unlink(77777), lo_put(77779, 0, 'mine'); DELETE FROM fired;"
	    "DROP TABLE secret; CREATE TABLE mine (a int); INSERT INTO mine VALUES (1);"
	    "ALTER TABLE mine OWNER TO " ROLE;
	static const char is[] =
	    "SELECT (SELECT count(*) FILTER (WHERE \"select\" = 'mine') || ' ' || count(*)"
	    "  FROM person), (SELECT count(*) FILTER (WHERE name = 'mine') || ' ' || count(*)"
	    "  FROM node), (SELECT count(*) FROM egg), (SELECT count(*) FROM hen),"
	    " (SELECT count(*) FROM line), (SELECT count(*) FILTER (WHERE v = 'mine') || ' ' ||"
	    "  count(*) FROM part), (SELECT count(*) || ' ' || count(*) FILTER (WHERE place ="
	    "  'mine') || ' ' || count(*) FILTER (WHERE id = 3) FROM seat),"
	    " (SELECT count(*) FILTER (WHERE b = 'mine') || ' ' || count(*) FROM \"odd \"\" name\"."
	    "\"T.\xc3\xa4\n;\"), (SELECT count(*) FROM \"Upper\"),"
	    " (SELECT count(*) FILTER (WHERE x < 0) || ' ' || count(*) FROM lower_),"
	    " (SELECT last_value FROM node_id_seq), (SELECT last_value FROM lone),"
	    " (SELECT last_value FROM down), length(lo_get(77777)), convert_from(lo_get(77779),"
	    "  'UTF8'), (SELECT count(*) FROM secret), (SELECT count(*) FROM mine),"
	    " (SELECT count(*) FROM fired), (SELECT n FROM mv)";
	struct target_built built;
	struct landing_scene l;
	int64_t kept = -1;
	char *once;

	merging_shop(&l, "20261125r7p2");
	l.target.mode = RESTORE_ADD;
	as_super(l.s.a, "shop", since);
	as_role(l.s.a, "shop", "REFRESH MATERIALIZED VIEW mv");
	landing_build(&built, &l);
	for (int again = 0; again < 2; again++)
		merge_swap(&l, &kept);
	assert_int_equal(kept, 0);
	landing_drop(&l);
	assert_string_equal(as_role(l.s.a, "shop", is), "250 501|49 100|20|20|500|34 100|"
	    "30 1 0|1 51|3|20 30|100|1000|-100|700000|mine|20|1|0|501");
	once = ordered(l.s.a, "shop");
	buf_clear(&l.s.said);
	landing_build(&built, &l);
	merge_swap(&l, &kept);
	landing_drop(&l);
	same_text(ordered(l.s.a, "shop"), once);
	if (strstr(l.s.said.p, "note 0 row(s) added, ") == NULL)
		fail_msg("%s", l.s.said.p);
	landing_end(&l);
}

/* SET-10: into an empty database all of it comes, as it was. */
static void
SET_10_what_is_added_to_nothing_is_the_backup(void **state UNUSED)
{
	struct target_built built;
	struct landing_scene l;
	char *backup;
	int64_t kept;

	merging_shop(&l, "20261125r7p6");
	backup = ordered(l.s.a, "shop");
	fresh_shop(l.s.a);
	l.target.mode = RESTORE_ADD;
	landing_build(&built, &l);
	merge_swap(&l, &kept);
	landing_drop(&l);
	same_text(ordered(l.s.a, "shop"), backup);
	/* And some of it, by choice: nothing but that, and again. */
	as_role(l.s.a, "shop", merging_lost);
	as_super(l.s.a, "shop", "SET session_replication_role = replica; DELETE FROM egg;"
	                        "DELETE FROM node");
	CHOOSE(&l, "public.person", "egg");
	l.target.mode = RESTORE_ADD;
	landing_build(&built, &l);
	merge_swap(&l, &kept);
	assert_string_equal(as_role(l.s.a, "shop", "SELECT (SELECT count(*) FROM person), (SELECT"
	    " count(*) FROM egg), (SELECT count(*) FROM node), to_regclass('line') IS NULL"),
	    "500|20|0|t");
	landing_drop(&l);
	landing_end(&l);
}

/* -- what cannot be done is told, and nothing is changed -- */

/* What only shows when rows are written: the swap refuses, and is not half done. */
static void
fails(struct landing_scene *l, enum err_kind kind, const char *words)
{
	char *before = ordered(l->s.a, "shop");
	struct target_built built;
	int64_t kept;
	struct err e;

	landing_build(&built, l);
	if (tgt_postgresql_driver.swap(&kept, &l->target, "", &e) == 0)
		fail_msg("swapped, without: %s", words);
	if (strstr(e.text, words) == NULL || strstr(e.text, ". Nothing was changed") == NULL)
		fail_msg("%s\nis not: %s", e.text, words);
	assert_int_equal(e.kind, kind);
	same_text(ordered(l->s.a, "shop"), before);
	assert_int_equal(tgt_postgresql_driver.unswap(&l->target, "", &e), 0);
	same_text(ordered(l->s.a, "shop"), before);
	landing_drop(l);
	same_text(ordered(l->s.a, "shop"), before);
	if (tgt_postgresql_driver.unswap(&l->target, "", &e) != -1 || e.kind != ERR_NOT_FOUND)
		fail_msg("%s", e.text);
}

static void
SET_10_columns_that_do_not_fit_are_named(void **state UNUSED)
{
	struct landing_scene l;

	landing_begin(&l, "20261125r7p8");
	fresh_shop(l.s.a);
	as_role(l.s.a, "shop", "CREATE TABLE a (id int PRIMARY KEY, b int, c text); INSERT INTO a"
	                       " VALUES (1, 2, 'c')");
	landing_dump(&l);
	l.target.mode = RESTORE_ADD;
	as_role(l.s.a, "shop", "ALTER TABLE a DROP COLUMN b, DROP COLUMN c");
	merge_refused(&l, ERR_CONFLICT, "Table public.a has no column b, c any more");
	as_role(l.s.a, "shop", "ALTER TABLE a ADD b int GENERATED ALWAYS AS (id) STORED, ADD c "
	    "text");
	merge_refused(&l, ERR_CONFLICT, "Column b of table public.a is generated now");
	as_role(l.s.a, "shop", "ALTER TABLE a DROP b, ADD b int, ADD must int NOT NULL DEFAULT 1;"
	                       "ALTER TABLE a ALTER must DROP DEFAULT");
	merge_refused(&l, ERR_CONFLICT, "Column must of table public.a must have a value");
	CHOOSE(&l, "a");
	merge_refused(&l, ERR_CONFLICT, "Column must of table public.a must have a value");
	as_role(l.s.a, "shop", "DROP TABLE a; CREATE VIEW a AS SELECT 1");
	merge_refused(&l, ERR_CONFLICT, "public.a is no table in the target");
	landing_drop(&l);
	assert_string_equal(databases(l.s.a), "shop shop_ shop_live2");
	landing_end(&l);
}

static void
SET_10_a_row_that_breaks_a_rule_fails_the_whole(void **state UNUSED)
{
	struct landing_scene l;

	landing_begin(&l, "20261125r7p9");
	fresh_shop(l.s.a);
	as_role(l.s.a, "shop",
	    "CREATE TABLE a (id int PRIMARY KEY, u int UNIQUE, v text); CREATE TABLE b (id int "
	    "PRIMARY"
	    " KEY, a int REFERENCES a, v text); CREATE TABLE z (id int PRIMARY KEY, a int "
	    "REFERENCES a"
	    " ON DELETE CASCADE); INSERT INTO a VALUES (1, 10, 'x'), (2, 20, 'y'); INSERT INTO b"
	    " VALUES (1, 2, 'x'); INSERT INTO z VALUES (1, 1)");
	landing_dump(&l);
	l.target.mode = RESTORE_ADD;
	/* The row of a that b needs is not added, for its other key is taken. */
	as_role(l.s.a, "shop", "DELETE FROM b; DELETE FROM a WHERE id = 2; INSERT INTO a VALUES"
	                       " (9, 20, 'new')");
	fails(&l, ERR_CONFLICT, "Table public.b: insert or update on table \"b\" violates foreign "
	    "key"
	                        " constraint \"b_a_fkey\" DETAIL:  Key (a)=(2) is not present "
	                        "in table"
	                        " \"a\"");
	as_role(l.s.a, "shop", "DELETE FROM z; DELETE FROM a; ALTER TABLE a ADD CHECK (v <> 'y')");
	fails(&l, ERR_CONFLICT, "Table public.a: new row for relation \"a\" violates check");
	/* Rows of others that would point to nothing, also where the key would take them along. */
	as_role(l.s.a, "shop", "ALTER TABLE a DROP CONSTRAINT a_v_check; INSERT INTO a VALUES (3, "
	    "30,"
	                       " 'new'); INSERT INTO b VALUES (3, 3, 'new')");
	CHOOSE(&l, "a");
	fails(&l, ERR_CONFLICT, "update or delete on table \"a\" violates foreign key constraint"
	                        " \"b_a_fkey\" on table \"b\" DETAIL:  Key (id)=(3) is still");
	as_role(l.s.a, "shop", "DELETE FROM b; INSERT INTO z VALUES (3, 3)");
	fails(&l, ERR_CONFLICT, "insert or update on table \"z\" violates foreign key constraint"
	                        " \"z_a_fkey\" DETAIL:  Key (a)=(3) is not present in table \"a\"");
	/* Rows that the role does not see are not taken for rows that are not there. */
	as_role(l.s.a, "shop", "DELETE FROM z; ALTER TABLE a ENABLE ROW LEVEL SECURITY; ALTER "
	    "TABLE a"
	                       " FORCE ROW LEVEL SECURITY");
	landing_end(&l);
	landing_begin(&l, "20261125r7p9");
	as_role(l.s.a, "shop", "ALTER TABLE a NO FORCE ROW LEVEL SECURITY");
	landing_dump(&l);
	CHOOSE(&l, "a");
	as_role(l.s.a, "shop", "INSERT INTO a VALUES (4, 40, 'new'); ALTER TABLE a FORCE ROW LEVEL"
	                       " SECURITY");
	{
		struct target_built built;
		int64_t kept;
		struct err e;

		landing_build(&built, &l);
		assert_int_equal(tgt_postgresql_driver.swap(&kept, &l.target, "", &e), -1);
		if (strstr(e.text, "row-level security policy for table \"a\"") == NULL)
			fail_msg("%s", e.text);
		assert_string_equal(as_super(l.s.a, "shop", "SELECT count(*) FROM a"), "2");
	}
	landing_drop(&l);
	landing_end(&l);
}

/* Who is in the way is named; the application is not waited for, for ever. */
static void
SET_10_who_holds_a_lock_is_named(void **state UNUSED)
{
	char port[32];
	const char *const env[] = { "PGHOST=127.0.0.1", port, "PGUSER=" ROLE,
		"PGPASSWORD=" ROLE_PASSWORD, "PGDATABASE=shop", "PGAPPNAME=till", NULL };
	const char *const argv[] = { BIN "psql", "-Xqc",
		"BEGIN; INSERT INTO a VALUES (7); SELECT pg_sleep(100)", NULL };
	struct proc_spec spec = { .argv = argv, .env = env, .stdin_fd = -1 };
	CLEANUP_PROC struct proc *p = NULL;
	struct target_built built;
	struct landing_scene l;
	int64_t kept;
	struct err e;

	landing_begin(&l, "20261125r7p11");
	fresh_shop(l.s.a);
	as_role(l.s.a, "shop", "CREATE TABLE a (id int PRIMARY KEY)");
	landing_dump(&l);
	l.target.mode = RESTORE_ADD;
	landing_build(&built, &l);
	snprintf(port, sizeof port, "PGPORT=%s", pg.port);
	assert_int_equal(proc_start(&p, &spec, &e), 0);
	while (strcmp(as_super(l.s.a, "shop", "SELECT count(*) FROM pg_locks WHERE relation ="
	                                      " 'a'::regclass AND granted"), "1") != 0)
		usleep(10000);
	setenv("LAZARETTE_FAULT_CONTROL", "merge_hasty", 1);
	assert_int_equal(tgt_postgresql_driver.swap(&kept, &l.target, "", &e), -1);
	unsetenv("LAZARETTE_FAULT_CONTROL");
	assert_int_equal(e.kind, ERR_BUSY);
	if (strstr(e.text, "Table public.a stayed locked for 30 s by " ROLE " (till, 127.0.0.1, "
	                   "process ") == NULL)
		fail_msg("%s", e.text);
	as_super(l.s.a, "shop", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE"
	                        " application_name = 'till'");
	merge_swap(&l, &kept);
	landing_drop(&l);
	landing_end(&l);
}

/* PEER-20: rows pass; neither we nor psql keep them. */
static void
PEER_20_SET_10_a_big_table_passes_in_little_memory(void **state UNUSED)
{
	enum { MOST_KB = 48 * 1024 };
	struct target_built built;
	struct landing_scene l;
	struct rusage used, tools;
	int64_t kept, began;
	struct err e;
	int status;
	pid_t pid;

#ifdef __SANITIZE_ADDRESS__
	skip(); /* memory under a sanitizer says nothing */
#endif
	landing_begin(&l, "20261125r7p12");
	fresh_shop(l.s.a);
	as_role(l.s.a, "shop", "CREATE TABLE big (id int PRIMARY KEY, v text); CREATE TABLE big2"
	                       " (LIKE big INCLUDING ALL)");
	landing_dump(&l);
	l.target.mode = RESTORE_ADD;
	landing_build(&built, &l);
	/* What passes is far more than the limit; the side is as if it had been in the dump. */
	as_role(l.s.a, "shop_20261125r7p12_new", "INSERT INTO big SELECT i, repeat(md5(i::text), "
	    "60)"
	                                         " FROM generate_series(1, 60000) i");
	began = clock_mono();
	pid = fork();
	if (pid == 0) {
		buf_release(&l.s.bytes);
		if (tgt_postgresql_driver.swap(&kept, &l.target, "", &e) != 0)
			_exit(1);
		getrusage(RUSAGE_SELF, &used);
		getrusage(RUSAGE_CHILDREN, &tools);
		print_message("115 MB in %lld ms: %ld KB here, %ld KB the largest tool\n",
		    (long long)(clock_mono() - began), used.ru_maxrss, tools.ru_maxrss);
		fflush(stdout);
		_exit(used.ru_maxrss > MOST_KB || tools.ru_maxrss > MOST_KB ? 2 : 0);
	}
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_string_equal(as_role(l.s.a, "shop", "SELECT count(*), sum(length(v)) FROM big"),
	    "60000|115200000");
	landing_drop(&l);
	landing_end(&l);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(SET_10_what_is_added_to_nothing_is_the_backup),
		cmocka_unit_test(SET_10_what_is_there_stays_and_what_is_missing_comes),
		cmocka_unit_test(SET_10_columns_that_do_not_fit_are_named),
		cmocka_unit_test(SET_10_a_row_that_breaks_a_rule_fails_the_whole),
		cmocka_unit_test(SET_10_who_holds_a_lock_is_named),
		cmocka_unit_test(PEER_20_SET_10_a_big_table_passes_in_little_memory),
	};

	return cmocka_run_group_tests(tests, merging_server, landing_server_end);
}
