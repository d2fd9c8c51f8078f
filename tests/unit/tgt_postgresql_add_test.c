/* tgt_postgresql_add_test.c: rows on top of what is there, and single tables, on a real server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>

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

/* SET-10 */
static void
SET_10_what_is_there_stays_and_what_is_missing_comes(void **state UNUSED)
{
	struct target_built built;
	struct landing_scene l;
	int64_t kept = -1;
	char *once;

	merging_shop(&l, "20261125r7p2");
	l.target.mode = RESTORE_ADD;
	as_role(l.s.a, "shop",
	    "DELETE FROM \"odd \"\" name\".\"T.\xc3\xa4\n;\"; DELETE FROM person WHERE n < 100;"
	    "UPDATE node SET name = 'since';");
	landing_build(&built, &l);
	merge_swap(&l, &kept);
	assert_int_equal(kept, 0);
	landing_drop(&l);
	once = ordered(l.s.a, "shop");
	landing_build(&built, &l);
	merge_swap(&l, &kept);
	landing_drop(&l);
	same_text(ordered(l.s.a, "shop"), once);
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
	};

	return cmocka_run_group_tests(tests, server, landing_server_end);
}
