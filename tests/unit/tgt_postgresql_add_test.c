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
		cmocka_unit_test(SET_10_what_is_there_stays_and_what_is_missing_comes),
	};

	return cmocka_run_group_tests(tests, server, landing_server_end);
}
