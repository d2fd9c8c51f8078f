/* pg_learn_test.c: what a restored database knows of its tables when the first question comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/base/clock.h"
#include "lib/util/proc.h"
#include "tests/unit/pg_landing.h"
#include "worker/target/pg_learn.h"

/* 40,000 rows of 300 bytes are more than 8 MB. */
#define LARGE                                                                                      \
	" SELECT i, md5((i % 50)::text) AS t, repeat('x', 250) AS pad"                             \
	" FROM generate_series(1, 40000) i"
static const char tables[] =
    "SET ROLE " ROLE ";"
    "CREATE TABLE large AS" LARGE ";"
    "CREATE MATERIALIZED VIEW large_view AS" LARGE ";"
    "CREATE TABLE \"Wei\xc3\x9f \"\"x\"\".y\" AS" LARGE ";"
    "ALTER TABLE \"Wei\xc3\x9f \"\"x\"\".y\" RENAME t TO \"a, b\"\"\";"
    "ALTER TABLE large DROP COLUMN pad;"
    "CREATE TABLE alone WITH (autovacuum_enabled = off) AS" LARGE ";"
    "CREATE TABLE small AS SELECT i AS t FROM generate_series(1, 200) i;"
    "CREATE TABLE nothing ();"
    "CREATE TABLE whole (i int, t text, pad text) PARTITION BY RANGE (i);"
    "CREATE TABLE half PARTITION OF whole FOR VALUES FROM (0) TO (50000);"
    "INSERT INTO whole" LARGE ";";

/* Wait for what the server answers to be so: its own counts come with a little delay. */
static void
becomes(struct arena *a, const char *sql, const char *answer)
{
	int64_t until = clock_mono() + 20000;
	const char *got;

	while (strcmp(got = as_super(a, "shop", sql), answer) != 0)
		if (clock_mono() > until)
			fail_msg("%s: %s", sql, got);
		else
			clock_sleep(50);
}

static void
learned(struct landing_scene *l)
{
	landing_sweep();
	dest_closep(&l->dest);
	assert_int_equal(rmdir(l->store), 0);
	scene_end(&l->s);
}

static int64_t
learn(struct landing_scene *l)
{
	CLEANUP_PG_ACCESS struct pg_access access = { .passfile = "" };
	CLEANUP_PROC struct proc *learning = NULL;
	struct pg_learned learned = { 0, 0 };
	struct err e;

	if (pg_access_make(&access, &l->s.src, "shop", &e) != 0 ||
	    pg_learn_begin(&learning, &l->s.src, &access, &e) != 0 ||
	    pg_learn_end(&learned, learning, &e) != 0)
		fail_msg("%s", e.text);
	assert_string_equal(arena_printf(l->s.a, "%lld", (long long)learned.oid),
	    as_super(l->s.a, "shop", "SELECT oid FROM pg_database WHERE datname = 'shop'"));
	return learned.bytes;
}

/* SET-3: each table has statistics at once; a large one by a small sample, and its turn with
 * autovacuum is still to come. What autovacuum would leave alone is done to its end. */
static void
SET_3_statistics_are_there_at_once_and_full_ones_follow(void **state UNUSED)
{
	struct landing_scene l;
	int64_t bytes;

	landing_begin(&l, "t");
	as_super(l.s.a, "shop", tables);
	becomes(l.s.a,
	    "SELECT count(*) FROM pg_stat_user_tables WHERE n_mod_since_analyze > 0", "6");
	bytes = learn(&l);
	assert_true(bytes > 40 << 20);
	becomes(l.s.a, "SELECT string_agg(DISTINCT tablename, ',' ORDER BY tablename) FROM pg_stats"
	    " WHERE schemaname = 'public'",
	    "Wei\xc3\x9f \"x\".y,alone,half,large,large_view,small,whole");
	becomes(l.s.a,
	    "SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_stat_user_tables"
	    " WHERE n_mod_since_analyze > 0 OR autoanalyze_count > 0",
	    "Wei\xc3\x9f \"x\".y,large,large_view");
	/* Of fifty common values a small sample keeps at most ten, unless autovacuum was there. */
	becomes(l.s.a, "SELECT cardinality(most_common_vals::text::text[]) FROM pg_stats WHERE"
	    " tablename = 'alone' AND attname = 't'", "50");
	becomes(l.s.a, "SELECT count(*) FROM pg_stats s JOIN pg_stat_user_tables u ON"
	    " u.relname = s.tablename WHERE tablename = 'large' AND attname = 't' AND"
	    " (coalesce(cardinality(most_common_vals::text::text[]), 0) <= 10 OR"
	    " u.autoanalyze_count > 0)", "1");
	as_super(l.s.a, "shop", "DROP OWNED BY " ROLE);
	learned(&l);
}

/* A server that makes no statistics by itself gets full ones. */
static void
SET_3_without_autovacuum_all_is_learned_at_once(void **state UNUSED)
{
	struct landing_scene l;

	landing_begin(&l, "t");
	as_super(l.s.a, "shop", "SET ROLE " ROLE "; CREATE TABLE large AS" LARGE);
	as_super(l.s.a, "postgres", "ALTER SYSTEM SET autovacuum = off");
	as_super(l.s.a, "postgres", "SELECT pg_reload_conf()");
	becomes(l.s.a, "SELECT current_setting('autovacuum')", "off");
	(void)learn(&l);
	becomes(l.s.a, "SELECT cardinality(most_common_vals::text::text[]) FROM pg_stats WHERE"
	    " tablename = 'large' AND attname = 't'", "50");
	as_super(l.s.a, "postgres", "ALTER SYSTEM RESET autovacuum");
	as_super(l.s.a, "postgres", "SELECT pg_reload_conf()");
	as_super(l.s.a, "shop", "DROP OWNED BY " ROLE);
	learned(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(SET_3_statistics_are_there_at_once_and_full_ones_follow),
		cmocka_unit_test(SET_3_without_autovacuum_all_is_learned_at_once),
	};

	return cmocka_run_group_tests(tests, landing_server, landing_server_end);
}
