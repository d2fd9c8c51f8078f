/* pg_side_test.c: a database and what is beside it exchange their names, whatever comes between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/base/clock.h"
#include "tests/unit/budget.h"
#include "tests/unit/pg_landing.h"

static const char filling[] =
    "CREATE TABLE public.marker AS SELECT 'backup'::text AS v;"
    "CREATE TABLE public.person AS SELECT n FROM generate_series(1, 500) n;"
    "CREATE TABLE public.part (id int)";
static const char wreck[] =
    "UPDATE public.marker SET v = 'wrecked'; DROP TABLE public.part;"
    "DELETE FROM public.person WHERE n > 9; CREATE TABLE public.later (a int)";

/* The dump holds the filling, the target what the wreck has left. */
static void
shop_begin(struct landing_scene *l, const char *tag)
{
	landing_begin(l, tag);
	as_role(l->s.a, "shop",
	    "DROP TABLE IF EXISTS public.marker, public.person, public.part, public.later");
	as_role(l->s.a, "shop", filling);
	landing_dump(l);
	as_role(l->s.a, "shop", wreck);
}

/* Run one step in a process of its own, and kill it after so many microseconds. Whether it ended.
 */
static bool
struck(struct landing_scene *l, bool back, useconds_t after)
{
	pid_t pid = fork();
	int64_t kept;
	struct err e;
	int status;

	if (pid == 0)
		_exit(back ? tgt_postgresql_driver.unswap(&l->target, "", &e) != 0
		           : tgt_postgresql_driver.swap(&kept, &l->target, "", &e) != 0);
	usleep(after);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The target is there and whole, and says which it is. */
static const char *
whole(struct arena *a)
{
	const char *rows = as_super(a, "shop",
	    "SELECT v || ' ' || (SELECT count(*) FROM "
	    "public.person) || ' ' || (to_regclass('public.part') IS NOT NULL) FROM public.marker");

	if (strcmp(rows, "backup 500 true") == 0)
		return "new";
	if (strcmp(rows, "wrecked 9 false") != 0)
		fail_msg("mixed: %s", rows);
	return "old";
}

static void
T31_killed_while_switching_it_is_wholly_old_or_wholly_new(void **state UNUSED)
{
	enum { ROUNDS = 40 };
	struct budget budget = budget_of(ROUNDS, 16, 25);
	int seen[2] = { 0, 0 }, ended = 0, i;
	struct target_built built;
	struct landing_scene l;
	struct err e;
	int64_t kept, took;

	shop_begin(&l, "t31");
	landing_build(&built, &l);
	/* Moments from the begin of a switch to behind its end, on this machine. */
	took = clock_mono();
	landing_swap(&l);
	assert_int_equal(tgt_postgresql_driver.unswap(&l.target, "", &e), 0);
	took = (clock_mono() - took) / 2;
	for (i = 0; budget_wants(&budget, i); i++) {
		bool back = i % 2 == 1;
		useconds_t after = (useconds_t)(took * 1000 * (i / 2 * 7 % (ROUNDS / 2) + 1) * 4 /
		    ROUNDS);

		if (i % 8 == 7) {
			ended += struck(&l, back, after);
			pg_act(&pg, "kill");
			pg_act(&pg, "start");
		} else {
			ended += struck(&l, back, after);
		}
		seen[strcmp(whole(l.s.a), "new") == 0]++;
		/* The next holder ends what was begun; a server that is not through yet makes it
		 * wait. */
		if (back ? tgt_postgresql_driver.unswap(&l.target, "", &e) != 0
		         : tgt_postgresql_driver.swap(&kept, &l.target, "", &e) != 0)
			fail_msg("round %d: %s", i, e.text);
		assert_string_equal(whole(l.s.a), back ? "old" : "new");
	}
	/* Else the moments were badly chosen. */
	assert_in_range(ended, 1, i - 1);
	assert_true(seen[0] > 0 && seen[1] > 0);
	/* The time may be over when the new one is in its place. */
	assert_int_equal(tgt_postgresql_driver.unswap(&l.target, "", &e), 0);
	landing_drop(&l);
	assert_string_equal(whole(l.s.a), "old");
	landing_sweep();
	landing_end(&l);
}

/* The killed holder's server had its COMMIT already: it is not over when its worker is. */
static void
T31_a_switch_that_is_still_under_way_is_waited_for(void **state UNUSED)
{
	char port[32];
	const char *const env[] = { "PGHOST=127.0.0.1", port, "PGUSER=" ROLE,
		"PGPASSWORD=" ROLE_PASSWORD, "PGDATABASE=postgres", NULL };
	const char *const argv[] = { BIN "psql", "-Xc",
		"BEGIN; ALTER DATABASE shop RENAME TO shop_t31w_old;"
		" ALTER DATABASE shop_t31w_new RENAME TO shop; SELECT pg_sleep(1); COMMIT",
		NULL };
	struct proc_spec spec = { .argv = argv, .env = env, .stdin_fd = -1 };
	struct target_built built;
	struct landing_scene l;
	struct err e;

	shop_begin(&l, "t31w");
	landing_build(&built, &l);
	snprintf(port, sizeof port, "PGPORT=%s", pg.port);
	for (int back = 0; back < 2; back++) {
		CLEANUP_PROC struct proc *p = NULL;
		int64_t kept;

		assert_int_equal(proc_start(&p, &spec, &e), 0);
		while (strcmp(as_super(l.s.a, "postgres", "SELECT count(*) FROM pg_stat_activity"
		                  " WHERE wait_event = 'PgSleep'"), "1") != 0)
			usleep(10000);
		if (back ? tgt_postgresql_driver.unswap(&l.target, built.mark, &e) != 0
		         : tgt_postgresql_driver.swap(&kept, &l.target, built.mark, &e) != 0)
			fail_msg("%s", e.text);
		assert_int_equal(proc_wait(p, &e), 0);
		assert_string_equal(whole(l.s.a), back ? "old" : "new");
		assert_int_equal(tgt_postgresql_driver.unswap(&l.target, built.mark, &e), 0);
	}
	landing_drop(&l);
	landing_end(&l);
}

static void
T31_killed_while_building_the_target_is_as_it_was(void **state UNUSED)
{
	enum { ROUNDS = 12 };
	struct target_built built;
	struct landing_scene l;
	int64_t began, took;
	int killed = 0;

	shop_begin(&l, "t31b");
	as_role(l.s.a, "shop",
	    "CREATE TABLE public.much AS SELECT i, repeat(md5(i::text), 20) AS t "
	    "FROM generate_series(1, 20000) i");
	landing_dump(&l);
	began = clock_mono();
	landing_build(&built, &l);
	took = clock_mono() - began;
	landing_drop(&l);
	for (int i = 0; i < ROUNDS; i++) {
		pid_t pid = fork();
		struct err e;
		int status;

		if (pid == 0)
			_exit(tgt_postgresql_driver.build(&built, &l.target, &l.from, &e) != 0);
		clock_sleep(took * (i + 1) / (ROUNDS + 2));
		if (i % 4 == 3)
			pg_act(&pg, "kill");
		else
			kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		killed += !WIFEXITED(status) || WEXITSTATUS(status) != 0;
		if (i % 4 == 3)
			pg_act(&pg, "start");
		assert_string_equal(whole(l.s.a), "old");
	}
	assert_true(killed > ROUNDS / 2);
	/* The next holder begins anew. */
	landing_build(&built, &l);
	assert_int_equal(rows_of(&built, "public.much"), 20000);
	landing_drop(&l);
	assert_string_equal(databases(l.s.a), "shop shop_ shop_live2");
	as_role(l.s.a, "shop", "DROP TABLE public.much");
	landing_sweep();
	landing_end(&l);
}

/* What surely never was the target is no conflict on the way back: that would be tried for ever. */
static void
SET_15_what_never_was_switched_in_needs_no_way_back(void **state UNUSED)
{
	static const char drop_new[] = "DROP DATABASE %s_20261125r7p14_new";
	static const char *const names[] = { "late", "shop" };
	struct landing_scene l;
	struct target_built built;
	int64_t kept;
	struct err e;

	shop_begin(&l, "20261125r7p14");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		bool fresh = i == 0;

		l.s.service.settings.database = names[i];
		landing_build(&built, &l);
		/* The application made the target meanwhile. */
		if (fresh) {
			as_super(l.s.a, "postgres", "CREATE DATABASE late OWNER " ROLE);
			assert_int_equal(tgt_postgresql_driver.swap(&kept, &l.target, built.mark,
			    &e), -1);
			assert_int_equal(e.kind, ERR_CONFLICT);
			assert_int_equal(tgt_postgresql_driver.unswap(&l.target, built.mark, &e),
			    0);
			assert_non_null(strstr(databases(l.s.a), "late_20261125r7p14_new"));
		}
		/* Somebody removed the side: the target is nothing of ours. */
		as_super(l.s.a, "postgres", arena_printf(l.s.a, drop_new, names[i]));
		assert_int_equal(tgt_postgresql_driver.swap(&kept, &l.target, built.mark, &e), -1);
		assert_int_equal(e.kind, ERR_CONFLICT);
		assert_int_equal(tgt_postgresql_driver.unswap(&l.target, built.mark, &e), -1);
		assert_int_equal(e.kind, ERR_NOT_FOUND);
		assert_string_equal(databases(l.s.a), "late shop shop_ shop_live2");
	}
	as_super(l.s.a, "postgres", "DROP DATABASE late");
	landing_end(&l);
}

/* Who is connected is sent away, by the role's own right; who may not be is named. */
static void
a_switch_ends_the_sessions_that_hold_on(void **state UNUSED)
{
	struct target_built built;
	struct landing_scene l;
	char port[32];
	const char *const env[] = { "PGHOST=127.0.0.1", port, "PGUSER=" ROLE,
		"PGPASSWORD=" ROLE_PASSWORD, "PGDATABASE=shop", NULL };
	const char *const argv[] = { BIN "psql", "-Xc",
		"SELECT 1 FROM public.marker; SELECT "
		"pg_sleep(100)",
		NULL };
	struct proc_spec spec = { .argv = argv, .env = env, .stdin_fd = -1 };
	CLEANUP_PROC struct proc *p = NULL;
	int64_t began;
	struct err e;

	shop_begin(&l, "busy");
	landing_build(&built, &l);
	snprintf(port, sizeof port, "PGPORT=%s", pg.port);
	assert_int_equal(proc_start(&p, &spec, &e), 0);
	while (strcmp(as_super(l.s.a, "postgres",
	                  "SELECT count(*) FROM pg_stat_activity WHERE datname = "
	                  "'shop'"),
	           "1") != 0)
		usleep(10000);
	began = clock_mono();
	landing_swap(&l);
	assert_in_range(clock_mono() - began, 0, 5000);
	assert_int_equal(proc_wait(p, &e), -1);
	if (strstr(e.text, "connection") == NULL)
		fail_msg("%s", e.text);
	landing_drop(&l);
	landing_end(&l);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(SET_15_what_never_was_switched_in_needs_no_way_back),
		cmocka_unit_test(a_switch_ends_the_sessions_that_hold_on),
		cmocka_unit_test(T31_a_switch_that_is_still_under_way_is_waited_for),
		cmocka_unit_test(T31_killed_while_switching_it_is_wholly_old_or_wholly_new),
		cmocka_unit_test(T31_killed_while_building_the_target_is_as_it_was),
	};

	return cmocka_run_group_tests(tests, landing_server, landing_server_end);
}
