/* tgt_postgresql_choose_test.c: single tables of a PostgreSQL database, put back and taken away
 * again, on a real server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/pg_merging.h"

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
	                        "DELETE FROM of_part; DELETE FROM fired; UPDATE base SET v = "
	                        "'since'");
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
	as_role(l.s.a, "shop", merging_lost);
	before = ordered(l.s.a, "shop");
	CHOOSE(&l, "person", "line", "part");
	l.target.owners = true;
	landing_build(&built, &l);
	merge_swap(&l, &kept);
	assert_string_equal(as_role(l.s.a, "shop", "SELECT md5(string_agg(p::text, ',' ORDER BY "
	    "id))"
	                                           " FROM person p"), person);
	assert_string_equal(as_role(l.s.a, "shop", "SELECT (SELECT count(*) FROM part_a), (SELECT"
	    " count(*) FROM line), to_regclass('v') IS NULL, (SELECT string_agg(tgname || "
	    "tgenabled::text,"
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
	merge_refused(&l, ERR_INPUT, "The backup has no table public.gone'; --. Nothing was");
	CHOOSE(&l, "V'w");
	merge_refused(&l, ERR_INPUT, "public.V'w is a view in the backup; only tables");
	CHOOSE(&l, "public.m");
	merge_refused(&l, ERR_INPUT, "public.m is a materialized view in the backup");
	CHOOSE(&l, "s");
	merge_refused(&l, ERR_INPUT, "public.s is a sequence in the backup");
	CHOOSE(&l, "b");
	merge_refused(&l, ERR_INPUT, "The backup has 2 tables b: name one with its schema");
	CHOOSE(&l, "A");
	merge_refused(&l, ERR_INPUT, "The backup has no table A");
	CHOOSE(&l, "pg_class");
	merge_refused(&l, ERR_INPUT, "The backup has no table pg_class");
	landing_drop(&l);
	assert_string_equal(databases(l.s.a), "shop shop_ shop_live2");
	landing_end(&l);
}

/* NEW-3: rules run on the side, and what they made of the rows is what comes. Who could not read
 * the rows cannot read them where they are kept. */
static void
NEW_3_landing_rules_come_first_and_what_is_kept_is_closed(void **state UNUSED)
{
	static const char rights[] =
	    "SELECT has_schema_privilege('reader', 'lazarette_restore_20261125r7p14', 'USAGE'),"
	    " has_schema_privilege('reader', 'public', 'USAGE'), (SELECT v FROM a),"
	    " (SELECT v FROM lazarette_restore_20261125r7p14.rows_1)";
	const char *const *env = NULL;
	struct target_built built;
	struct landing_scene l;
	bool told = false;
	int64_t kept;
	struct err e;

	landing_begin(&l, "20261125r7p14");
	fresh_shop(l.s.a);
	as_role(l.s.a, "shop", "CREATE TABLE a (id int, v text); INSERT INTO a VALUES (1, 'real');"
	                       "ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO reader;"
	                       "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader");
	landing_dump(&l);
	as_role(l.s.a, "shop", "UPDATE a SET v = 'before'");
	CHOOSE(&l, "a");
	landing_build(&built, &l);
	if (tgt_postgresql_driver.script(&l.target, "UPDATE a SET v = 'clean'", &e) != 0 ||
	    tgt_postgresql_driver.side_env(&env, &l.target, &e) != 0)
		fail_msg("%s", e.text);
	for (; *env != NULL; env++)
		told = told || strcmp(*env, "PGDATABASE=shop_20261125r7p14_new") == 0;
	assert_true(told);
	merge_swap(&l, &kept);
	assert_string_equal(as_role(l.s.a, "shop", rights), "f|t|clean|before");
	landing_drop(&l);
	landing_sweep();               /* the password file of a hook */
	landing_end(&l);
}

/* Early, from what was counted; but no table is said to be missing that the backup may have. */
static void
PEER_24_the_look_knows_which_tables_there_are(void **state UNUSED)
{
	static const struct table_count counted[] = { { "public.a", 1 }, { "x.b c", 1 } };
	struct target_look look;
	struct landing_scene l;
	struct err e;

	landing_begin(&l, "20261125r7p13");
	fresh_shop(l.s.a);
	as_role(l.s.a, "shop", "CREATE TABLE uncounted (id int)");
	landing_dump(&l);
#define LOOK(...)                                                                                  \
	do {                                                                                       \
		CHOOSE(&l, __VA_ARGS__);                                                           \
		if (tgt_postgresql_driver.look(&look, &l.target, &l.from, &e) != 0)                \
			fail_msg("%s", e.text);                                                    \
	} while (0)
	LOOK("gone");
	assert_null(look.refusal);
	l.target.counted = counted;
	l.target.counted_count = 2;
	LOOK("a", "b c", "public.a", "x.b c", "uncounted", "public.uncounted");
	assert_null(look.refusal);
	LOOK("a", "c");
	assert_string_equal(look.refusal, "The backup has no table c. Choose among those that it"
	                                  " lists");
	CHOOSE(&l, "c");
	l.target.mode = RESTORE_ADD;
	assert_int_equal(tgt_postgresql_driver.look(&look, &l.target, &l.from, &e), 0);
	assert_non_null(look.refusal);
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
	as_role(l.s.a, "shop", "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (a int "
	    "REFERENCES"
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
	assert_string_equal(as_role(l.s.a, "shop", "SELECT count(*), to_regclass('c') IS NULL "
	    "FROM a"),
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

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(PEER_24_DIV_11_chosen_tables_come_back_and_go_again),
		cmocka_unit_test(PEER_24_a_chosen_table_is_the_backups_in_every_byte),
		cmocka_unit_test(PEER_24_a_partition_is_chosen_alone),
		cmocka_unit_test(PEER_24_a_table_that_is_gone_is_made_again),
		cmocka_unit_test(DIV_11_what_cannot_be_chosen_is_refused_by_name),
		cmocka_unit_test(NEW_3_landing_rules_come_first_and_what_is_kept_is_closed),
		cmocka_unit_test(PEER_24_the_look_knows_which_tables_there_are),
		cmocka_unit_test(PEER_24_an_undo_that_would_break_a_key_is_refused),
	};

	return cmocka_run_group_tests(tests, merging_server, landing_server_end);
}
