/* tgt_postgresql_rows_test.c: rows on their way into a database by several connections. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/pg_landing.h"

/* What COPY escapes, what is NULL, rows that are longer than any buffer, and who may not write into
 * his own table. */
static const char large[] =
    "CREATE TABLE much (i int PRIMARY KEY, t text, b bytea, d double precision[]);"
    "INSERT INTO much SELECT i, CASE i % 7 WHEN 0 THEN NULL WHEN 1 THEN E'\\\\.' WHEN 2 THEN ''"
    "  ELSE repeat(E'\\t\\n\\\\N\\r\\b' || i, 20) END, decode(md5(i::text), 'hex'),"
    "  ARRAY[i, NULL, 0.5] FROM generate_series(1, 40000) i;"
    "INSERT INTO much SELECT -i, repeat(md5(i::text), 100000) FROM generate_series(1, 3) i;"
    "CREATE TABLE \"a.b\" (i int); INSERT INTO \"a.b\" SELECT generate_series(1, 1000);"
    "CREATE TABLE nothing (); INSERT INTO nothing SELECT FROM generate_series(1, 12);"
    "CREATE TABLE empty (i int REFERENCES much);"
    "CREATE SEQUENCE s START 5; SELECT nextval('s'), nextval('s');"
    "SELECT lo_from_bytea(4242, decode(repeat('00ff5c2e0a', 30000), 'hex'));"
    "REVOKE INSERT ON much FROM " ROLE;

static const char facts[] =
    "SELECT (SELECT md5(string_agg(m::text, '|' ORDER BY i)) FROM much m) ||"
    " (SELECT md5(string_agg(a::text, '|')) FROM \"a.b\" a) || (SELECT count(*) FROM nothing) ||"
    " (SELECT count(*) FROM empty) || (SELECT last_value FROM s) || md5(lo_get(4242)) ||"
    " has_table_privilege('much', 'INSERT')";

/* What loading has set is taken back. */
static const char settings[] =
    "SELECT count(setdatabase) || ' ' || datconnlimit FROM pg_database d LEFT JOIN"
    " pg_db_role_setting s ON d.oid = s.setdatabase WHERE datname = current_database()"
    " GROUP BY datconnlimit";

static void
SET_10_a_large_table_comes_back_by_several_connections(void **state UNUSED)
{
	struct target_built built;
	struct landing_scene l;
	struct pg_dealt dump;
	const char *before;
	struct err e;

	landing_begin(&l, "lanes");
	as_role(l.s.a, "shop", large);
	before = as_role(l.s.a, "shop", facts);
	assert_non_null(strstr(before, "false"));
	as_role(l.s.a, "shop", "ALTER DATABASE shop CONNECTION LIMIT 1");
	landing_dump(&l);
	assert_int_equal(pg_land_fetch(&dump, &l.target, &l.from, &e), 0);
	assert_in_range(dump.lanes, 2, PG_LANES_MAX);
	pg_land_remove(&l.target);
	for (int owners = 1; owners >= 0; owners--) {
		char *after;

		l.target.owners = owners;
		landing_build(&built, &l);
		assert_int_equal(built.warnings, 0);
		after = as_role(l.s.a, "shop_lanes_new", facts);
		if (owners)
			assert_string_equal(after, before);
		/* Without grants the owner may write again; all else is the same. */
		else
			assert_memory_equal(after, before, strlen(before) - strlen("false"));
		assert_string_equal(as_role(l.s.a, "shop_lanes_new", settings), "0 1");
		landing_drop(&l);
	}
	as_role(l.s.a, "shop", "ALTER DATABASE shop CONNECTION LIMIT -1");
	landing_end(&l);
}

/* The bytes of the dump with the first `old` replaced, as many of them. */
static void
exchange(struct landing_scene *l, const char *old, const char *by)
{
	char *at = memmem(l->s.bytes.p, l->s.bytes.n, old, strlen(old));

	assert_non_null(at);
	assert_int_equal(strlen(old), strlen(by));
	memcpy(at, by, strlen(by));
	landing_store(l);
}

static void
a_row_that_the_server_refuses_ends_it_with_its_words(void **state UNUSED)
{
	struct target_built built;
	struct landing_scene l;
	struct err e;

	landing_begin(&l, "row");
	landing_dump(&l);
	exchange(&l, "39999\t", "3x999\t");
	assert_int_equal(tgt_postgresql_driver.build(&built, &l.target, &l.from, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	if (strstr(e.text, "The dump cannot be restored here: ") != e.text ||
	    strstr(e.text, "invalid input syntax for type integer: \"3x999\"") == NULL)
		fail_msg("%s", e.text);
	assert_string_equal(databases(l.s.a), "shop shop_ shop_live2");
	/* The control: as it was. */
	exchange(&l, "3x999\t", "39999\t");
	landing_build(&built, &l);
	landing_drop(&l);
	landing_end(&l);
}

#define BAIT "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

/* Rows that end early, and the statement that reads rows: the fence sees what follows. */
static void
T36_what_hides_in_rows_or_their_statement_is_refused(void **state UNUSED)
{
	static const struct {
		const char *old, *by;
	} hidden[] = {
		{ BAIT,
		    "\\.\nALTER DATABASE shop_live2 RENAME TO stolen;\n             " },
		{ BAIT,
		    "\\.\r\nALTER DATABASE shop_live2 RENAME TO stolen;\n\\.\n         " },
		{ "COPY public.bait (a, b) FROM stdin;\n",
		    "ALTER ROLE shopper CREATEROLE;     \n" },
		{ "COPY public.bait (a, b) FROM stdin;\n",
		    "COPY public.bait FROM PROGRAM 'id';\n" },
		{ "COPY public.bait (a, b) FROM stdin;\n",
		    "COPY public.bait TO PROGRAM 'id';  \n" },
	};
	struct target_built built;
	struct landing_scene l;
	struct err e;

	landing_begin(&l, "t36rows");
	as_role(l.s.a, "shop",
	    "CREATE TABLE bait (a text, b int); INSERT INTO bait VALUES ('" BAIT "', 1)");
	landing_dump(&l);
	for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++) {
		exchange(&l, hidden[i].old, hidden[i].by);
		if (tgt_postgresql_driver.build(&built, &l.target, &l.from, &e) == 0)
			fail_msg("passed: %s", hidden[i].by);
		assert_int_equal(e.kind, ERR_INPUT);
		if (strstr(e.text, "The dump is refused at line ") != e.text)
			fail_msg("%s", e.text);
		assert_string_equal(databases(l.s.a), "shop shop_ shop_live2");
		exchange(&l, hidden[i].by, hidden[i].old);
	}
	landing_build(&built, &l);
	landing_drop(&l);
	as_role(l.s.a, "shop", "DROP TABLE bait");
	landing_end(&l);
}

/* One that is not dealt out: compressed, as somebody else may have made it. */
static void
a_compressed_dump_is_restored_as_one_file(void **state UNUSED)
{
	static const char *const argv[] = { BIN "pg_dump", "-Fc", "-Z1", NULL };
	struct target_built built;
	struct landing_scene l;
	struct pg_dealt dump;
	const char *before;
	struct err e;

	landing_begin(&l, "whole");
	l.target.owners = true;
	before = as_role(l.s.a, "shop", facts);
	run_tool(&l.s.bytes, argv, "shop");
	landing_store(&l);
	assert_int_equal(pg_land_fetch(&dump, &l.target, &l.from, &e), 0);
	assert_int_equal(dump.lanes, 0);
	pg_land_remove(&l.target);
	landing_build(&built, &l);
	assert_string_equal(as_role(l.s.a, "shop_whole_new", facts), before);
	landing_drop(&l);
	exchange(&l, "SELECT pg_catalog.setval('public.s', 6, true);",
	    "ALTER DATABASE shop_live2 RENAME TO stolen;   ");
	assert_int_equal(tgt_postgresql_driver.build(&built, &l.target, &l.from, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_string_equal(databases(l.s.a), "shop shop_ shop_live2");
	landing_end(&l);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(SET_10_a_large_table_comes_back_by_several_connections),
		cmocka_unit_test(a_row_that_the_server_refuses_ends_it_with_its_words),
		cmocka_unit_test(T36_what_hides_in_rows_or_their_statement_is_refused),
		cmocka_unit_test(a_compressed_dump_is_restored_as_one_file),
	};

	return cmocka_run_group_tests(tests, landing_server, landing_server_end);
}
