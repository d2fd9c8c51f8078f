/* tgt_postgresql_add_test.c: rows on top of what is there, and single tables, on a real server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <sys/resource.h>

#include "lib/base/clock.h"
#include "tests/unit/pg_merging.h"

static void
choose(struct landing_scene *l, const char *const *tables, size_t n)
{
	l->target.mode = RESTORE_REPLACE;
	l->target.choice = tables;
	l->target.choice_count = n;
}

#define CHOOSE(l, ...)                                                                             \
	choose(l, (const char *const[]){ __VA_ARGS__ },                                            \
	    sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

/* PEER-24, DIV-11: chosen tables are the backup's, all else stays; and back, byte for byte. */
static void
PEER_24_DIV_11_chosen_tables_come_back_and_go_again(void **state UNUSED)
{
	struct target_built built;
	struct landing_scene l;
	char *before, *after;
	int64_t kept = -1;

	merging_shop(&l, "20261125r7p1");
	as_role(l.s.a, "shop",
	    "UPDATE person SET \"select\" = 'since' WHERE n < 100;"
	    "UPDATE line SET note = 'since' WHERE id < 50; DELETE FROM node WHERE id > 60;"
	    "DELETE FROM of_part; DELETE FROM part WHERE id > 20; INSERT INTO node (name) "
	    "VALUES ('later');"
	    "DELETE FROM \"odd \"\" name\".\"T.\xc3\xa4\n;\"; UPDATE egg SET hen = NULL; SELECT "
	    "nextval('lone');"
	    "DROP RULE loud ON \"Upper\"; DELETE FROM \"Upper\"; CREATE RULE loud AS ON DELETE "
	    "TO \"Upper\" DO INSTEAD NOTHING;"
	    "INSERT INTO seat VALUES (99, 'later', '[1,2)'); DELETE FROM secret; DELETE FROM "
	    "fired;");
	before = ordered(l.s.a, "shop");
	CHOOSE(&l, "public.person", "node", "egg", "public.hen", "public.part",
	    "odd \" name.T.\xc3\xa4 ;",
	    "public.Upper", "seat", "base", "secret");
	landing_build(&built, &l);
	same_text(ordered(l.s.a, "shop"), before);
	for (int again = 0; again < 2; again++)
		merge_swap(&l, &kept);
	assert_true(kept > 100000);
	after = ordered(l.s.a, "shop");
	for (int again = 0; again < 2; again++)
		merge_unswap(&l);
	same_text(ordered(l.s.a, "shop"), before);
	merge_swap(&l, &kept);
	same_text(ordered(l.s.a, "shop"), after);
	for (int again = 0; again < 2; again++)
		landing_drop(&l);
	landing_end(&l);
}

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

/* PEER-24, DIV-11: what was lost comes back, and nothing else differs from the backup: not a
 * trigger's state, not a key's comment. */
static void
PEER_24_a_chosen_table_is_the_backups_in_every_byte(void **state UNUSED)
{
	struct target_built built;
	struct landing_scene l;
	char *backup;
	int64_t kept;

	merging_shop(&l, "20261125r7p3");
	backup = ordered(l.s.a, "shop");
	as_super(l.s.a, "shop",
	    "SET session_replication_role = replica; UPDATE person SET n = 7, mail = id || '!',"
	    " \"select\" = NULL; DELETE FROM person WHERE id % 3 = 0; INSERT INTO person (mail)"
	    " VALUES ('later'); UPDATE seat SET place = id || '!'; DELETE FROM \"Upper\";"
	    "ALTER TABLE \"Upper\" DISABLE RULE loud; DELETE FROM \"Upper\"; ALTER TABLE \"Upper\""
	    " ENABLE ALWAYS RULE loud; DELETE FROM part; DELETE FROM egg; INSERT INTO egg"
	    " SELECT i FROM generate_series(100, 140) i; DELETE FROM hen;"
	    "DELETE FROM ONLY base; SELECT setval('node_id_seq', 1000); UPDATE node SET up = id;"
	    "DELETE FROM fired");
	CHOOSE(&l, "person", "egg", "hen", "node", "part", "Upper", "seat", "base");
	landing_build(&built, &l);
	merge_swap(&l, &kept);
	landing_drop(&l);
	same_text(ordered(l.s.a, "shop"), backup);
	assert_string_equal(as_role(l.s.a, "shop", "SELECT n, (SELECT n FROM mmv) FROM mv"),
	    "500|501");
	landing_end(&l);
}

/* A partition alone, a table of another's heirs alone: the others keep what they have. */
static void
PEER_24_a_partition_is_chosen_alone(void **state UNUSED)
{
	struct target_built built;
	struct landing_scene l;
	char *before;
	int64_t kept;

	merging_shop(&l, "20261125r7p4");
	as_super(l.s.a, "shop", "SET session_replication_role = replica; DELETE FROM part;"
	                        "DELETE FROM of_part; DELETE FROM fired; UPDATE base SET v = 'since'");
	before = ordered(l.s.a, "shop");
	CHOOSE(&l, "public.part_a", "heir");
	landing_build(&built, &l);
	merge_swap(&l, &kept);
	assert_string_equal(as_role(l.s.a, "shop", "SELECT (SELECT count(*) FROM part_a),"
	    " (SELECT count(*) FROM part), (SELECT count(*) FROM base WHERE v = 'since'),"
	    " (SELECT count(*) FROM ONLY base), (SELECT count(*) FROM fired)"), "30|30|20|20|0");
	merge_unswap(&l);
	same_text(ordered(l.s.a, "shop"), before);
	landing_drop(&l);
	landing_end(&l);
}

static const char lost[] =
    "DROP TABLE line; DROP MATERIALIZED VIEW mmv, mv; DROP VIEW v; DROP TABLE \"odd \"\" name\"."
    "\"T.\xc3\xa4\n;\"; DROP SCHEMA \"odd \"\" name\"; DROP TABLE person; DROP TYPE mood, pair;"
    " DROP DOMAIN positive; DROP TABLE part_a CASCADE";

/* PEER-24: what is gone is made again, with what it needs; an undo takes all of that away. */
static void
PEER_24_a_table_that_is_gone_is_made_again(void **state UNUSED)
{
	struct target_built built;
	struct landing_scene l;
	char *before, *after, *person;
	int64_t kept;

	merging_shop(&l, "20261125r7p5");
	person = as_role(l.s.a, "shop", "SELECT md5(string_agg(p::text, ',' ORDER BY id)) FROM"
	                                " person p");
	as_role(l.s.a, "shop", lost);
	before = ordered(l.s.a, "shop");
	CHOOSE(&l, "person", "line", "part");
	landing_build(&built, &l);
	merge_swap(&l, &kept);
	assert_string_equal(as_role(l.s.a, "shop", "SELECT md5(string_agg(p::text, ',' ORDER BY id))"
	                                           " FROM person p"), person);
	assert_string_equal(as_role(l.s.a, "shop", "SELECT (SELECT count(*) FROM part_a), (SELECT"
	    " count(*) FROM line), to_regclass('v') IS NULL, (SELECT string_agg(tgname || tgenabled::text,"
	    " ' ' ORDER BY tgname) FROM pg_trigger WHERE tgrelid = 'person'::regclass AND NOT"
	    " tgisinternal), (SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND conrelid ="
	    " 'line'::regclass), nextval('person_id_seq')"),
	    "30|500|t|b_personO c_personO d_personD r_personR s_personA|2|507");
	after = ordered(l.s.a, "shop");
	for (int again = 0; again < 2; again++)
		merge_unswap(&l);
	same_text(ordered(l.s.a, "shop"), before);
	merge_swap(&l, &kept);
	as_role(l.s.a, "shop", "SELECT setval('person_id_seq', 507)");
	same_text(ordered(l.s.a, "shop"), after);
	landing_drop(&l);
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
	as_role(l.s.a, "shop", lost);
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

/* build() refuses, with these words, and leaves the target alone. */
static void
refused(struct landing_scene *l, enum err_kind kind, const char *words)
{
	char *before = ordered(l->s.a, "shop");
	struct target_built built;
	struct err e;

	if (tgt_postgresql_driver.build(&built, &l->target, &l->from, &e) == 0)
		fail_msg("built, without: %s", words);
	if (strstr(e.text, words) == NULL)
		fail_msg("%s\nis not: %s", e.text, words);
	assert_int_equal(e.kind, kind);
	same_text(ordered(l->s.a, "shop"), before);
}

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
DIV_11_what_cannot_be_chosen_is_refused_by_name(void **state UNUSED)
{
	struct landing_scene l;

	landing_begin(&l, "20261125r7p7");
	fresh_shop(l.s.a);
	as_role(l.s.a, "shop", "CREATE TABLE a (id int); CREATE VIEW \"V'w\" AS SELECT * FROM a;"
	                       "CREATE SCHEMA x; CREATE SCHEMA y; CREATE TABLE x.b (id int);"
	                       "CREATE TABLE y.b (id int); CREATE SEQUENCE s;"
	                       "CREATE MATERIALIZED VIEW m AS SELECT 1 AS n");
	landing_dump(&l);
	CHOOSE(&l, "a", "public.gone'; --");
	refused(&l, ERR_INPUT, "The backup has no table public.gone'; --. Nothing was changed");
	CHOOSE(&l, "V'w");
	refused(&l, ERR_INPUT, "public.V'w is a view in the backup; only tables can be chosen");
	CHOOSE(&l, "public.m");
	refused(&l, ERR_INPUT, "public.m is a materialized view in the backup");
	CHOOSE(&l, "s");
	refused(&l, ERR_INPUT, "public.s is a sequence in the backup");
	CHOOSE(&l, "b");
	refused(&l, ERR_INPUT, "The backup has 2 tables b: name one with its schema");
	CHOOSE(&l, "A");
	refused(&l, ERR_INPUT, "The backup has no table A");
	CHOOSE(&l, "pg_class");
	refused(&l, ERR_INPUT, "The backup has no table pg_class");
	landing_drop(&l);
	landing_end(&l);
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
	refused(&l, ERR_CONFLICT, "Table public.a has no column b, c any more");
	as_role(l.s.a, "shop", "ALTER TABLE a ADD b int GENERATED ALWAYS AS (id) STORED, ADD c text");
	refused(&l, ERR_CONFLICT, "Column b of table public.a is generated now");
	as_role(l.s.a, "shop", "ALTER TABLE a DROP b, ADD b int, ADD must int NOT NULL DEFAULT 1;"
	                       "ALTER TABLE a ALTER must DROP DEFAULT");
	refused(&l, ERR_CONFLICT, "Column must of table public.a must have a value (NOT NULL");
	CHOOSE(&l, "a");
	refused(&l, ERR_CONFLICT, "Column must of table public.a must have a value (NOT NULL");
	as_role(l.s.a, "shop", "DROP TABLE a; CREATE VIEW a AS SELECT 1");
	refused(&l, ERR_CONFLICT, "public.a is no table in the target");
	landing_drop(&l);
	landing_end(&l);
}

static void
SET_10_a_row_that_breaks_a_rule_fails_the_whole(void **state UNUSED)
{
	struct landing_scene l;

	landing_begin(&l, "20261125r7p9");
	fresh_shop(l.s.a);
	as_role(l.s.a, "shop",
	    "CREATE TABLE a (id int PRIMARY KEY, u int UNIQUE, v text); CREATE TABLE b (id int PRIMARY"
	    " KEY, a int REFERENCES a, v text); CREATE TABLE z (id int PRIMARY KEY, a int REFERENCES a"
	    " ON DELETE CASCADE); INSERT INTO a VALUES (1, 10, 'x'), (2, 20, 'y'); INSERT INTO b"
	    " VALUES (1, 2, 'x'); INSERT INTO z VALUES (1, 1)");
	landing_dump(&l);
	l.target.mode = RESTORE_ADD;
	/* The row of a that b needs is not added, for its other key is taken. */
	as_role(l.s.a, "shop", "DELETE FROM b; DELETE FROM a WHERE id = 2; INSERT INTO a VALUES"
	                       " (9, 20, 'new')");
	fails(&l, ERR_CONFLICT, "Table public.b: insert or update on table \"b\" violates foreign key"
	                        " constraint \"b_a_fkey\" DETAIL:  Key (a)=(2) is not present in table"
	                        " \"a\"");
	as_role(l.s.a, "shop", "DELETE FROM z; DELETE FROM a; ALTER TABLE a ADD CHECK (v <> 'y')");
	fails(&l, ERR_CONFLICT, "Table public.a: new row for relation \"a\" violates check");
	/* Rows of others that would point to nothing, also where the key would take them along. */
	as_role(l.s.a, "shop", "ALTER TABLE a DROP CONSTRAINT a_v_check; INSERT INTO a VALUES (3, 30,"
	                       " 'new'); INSERT INTO b VALUES (3, 3, 'new')");
	CHOOSE(&l, "a");
	fails(&l, ERR_CONFLICT, "update or delete on table \"a\" violates foreign key constraint"
	                        " \"b_a_fkey\" on table \"b\" DETAIL:  Key (id)=(3) is still");
	as_role(l.s.a, "shop", "DELETE FROM b; INSERT INTO z VALUES (3, 3)");
	fails(&l, ERR_CONFLICT, "insert or update on table \"z\" violates foreign key constraint"
	                        " \"z_a_fkey\" DETAIL:  Key (a)=(3) is not present in table \"a\"");
	/* Rows that the role does not see are not taken for rows that are not there. */
	as_role(l.s.a, "shop", "DELETE FROM z; ALTER TABLE a ENABLE ROW LEVEL SECURITY; ALTER TABLE a"
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

/* A foreign key that the server is not sure of, what is kept for a later undo, and what is written
 * meanwhile. */
static void
PEER_24_an_undo_that_would_break_a_key_is_refused(void **state UNUSED)
{
	struct target_built built;
	struct landing_scene l;
	char *after;
	int64_t kept;
	struct err e;

	landing_begin(&l, "20261125r7p10");
	fresh_shop(l.s.a);
	as_role(l.s.a, "shop", "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (a int REFERENCES"
	                       " a); CREATE TABLE c (id int); INSERT INTO a VALUES (1), (2)");
	landing_dump(&l);
	as_role(l.s.a, "shop", "DELETE FROM a; DROP TABLE c");
	CHOOSE(&l, "a", "c");
	landing_build(&built, &l);
	merge_swap(&l, &kept);
	as_role(l.s.a, "shop", "INSERT INTO b VALUES (2)");
	after = ordered(l.s.a, "shop");
	assert_int_equal(tgt_postgresql_driver.unswap(&l.target, "", &e), -1);
	if (strstr(e.text, "violates foreign key constraint \"b_a_fkey\" on table \"b\"") == NULL)
		fail_msg("%s", e.text);
	same_text(ordered(l.s.a, "shop"), after);
	as_role(l.s.a, "shop", "DELETE FROM b; CREATE VIEW on_c AS SELECT * FROM c");
	assert_int_equal(tgt_postgresql_driver.unswap(&l.target, "", &e), -1);
	if (strstr(e.text, "What the restore had made is in use by now: table public.c") == NULL)
		fail_msg("%s", e.text);
	as_role(l.s.a, "shop", "DROP VIEW on_c");
	merge_unswap(&l);
	assert_string_equal(as_role(l.s.a, "shop", "SELECT count(*), to_regclass('c') IS NULL FROM a"),
	    "0|t");
	/* What is kept is no part of a backup, and is not counted. */
	merge_swap(&l, &kept);
	landing_dump(&l);
	assert_null(memmem(l.s.bytes.p, l.s.bytes.n, "lazarette_restore", 17));
	assert_non_null(memmem(l.s.bytes.p, l.s.bytes.n, "public", 6));
	landing_drop(&l);
	/* After mode add there is no way back but the safety backup. */
	l.target.mode = RESTORE_ADD;
	l.target.choice_count = 0;
	landing_build(&built, &l);
	merge_swap(&l, &kept);
	assert_int_equal(tgt_postgresql_driver.unswap(&l.target, "", &e), -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
	assert_non_null(strstr(e.text, "restore the safety backup"));
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
	enum { ROWS = 60000, MOST_KB = 48 * 1024 };
	struct target_built built;
	struct landing_scene l;
	struct rusage used;
	int64_t kept;
	struct err e;
	int status;
	pid_t pid;

	landing_begin(&l, "20261125r7p12");
	fresh_shop(l.s.a);
	as_role(l.s.a, "shop", "CREATE TABLE big (id int PRIMARY KEY, v text); CREATE TABLE big2"
	                       " (LIKE big INCLUDING ALL)");
	landing_dump(&l);
	l.target.mode = RESTORE_ADD;
	landing_build(&built, &l);
	/* What passes is far more than the limit; the side is as if it had been in the dump. */
	as_role(l.s.a, "shop_20261125r7p12_new", "INSERT INTO big SELECT i, repeat(md5(i::text), 60)"
	                                         " FROM generate_series(1, 60000) i");
	pid = fork();
	if (pid == 0) {
		buf_release(&l.s.bytes);
		if (tgt_postgresql_driver.swap(&kept, &l.target, "", &e) != 0)
			_exit(1);
		if (getrusage(RUSAGE_SELF, &used) != 0 || used.ru_maxrss > MOST_KB)
			_exit(2);
		_exit(getrusage(RUSAGE_CHILDREN, &used) != 0 || used.ru_maxrss > MOST_KB ? 3 : 0);
	}
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_string_equal(as_role(l.s.a, "shop", "SELECT count(*), sum(length(v)) FROM big"),
	    "60000|115200000");
	landing_drop(&l);
	landing_end(&l);
}

static int
server(void **state)
{
	signal(SIGPIPE, SIG_IGN);
	return landing_server(state);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(PEER_24_DIV_11_chosen_tables_come_back_and_go_again),
		cmocka_unit_test(PEER_24_a_chosen_table_is_the_backups_in_every_byte),
		cmocka_unit_test(PEER_24_a_partition_is_chosen_alone),
		cmocka_unit_test(PEER_24_a_table_that_is_gone_is_made_again),
		cmocka_unit_test(SET_10_what_is_added_to_nothing_is_the_backup),
		cmocka_unit_test(SET_10_what_is_there_stays_and_what_is_missing_comes),
		cmocka_unit_test(DIV_11_what_cannot_be_chosen_is_refused_by_name),
		cmocka_unit_test(SET_10_columns_that_do_not_fit_are_named),
		cmocka_unit_test(SET_10_a_row_that_breaks_a_rule_fails_the_whole),
		cmocka_unit_test(PEER_24_an_undo_that_would_break_a_key_is_refused),
		cmocka_unit_test(SET_10_who_holds_a_lock_is_named),
		cmocka_unit_test(PEER_20_SET_10_a_big_table_passes_in_little_memory),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests(tests, server, landing_server_end);
}
