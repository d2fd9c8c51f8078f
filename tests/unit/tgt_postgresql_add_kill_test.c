/* tgt_postgresql_add_kill_test.c: rows put into a running PostgreSQL database, killed meanwhile: it
 * is wholly as it was, or all of it is there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/base/clock.h"
#include "tests/unit/budget.h"
#include "tests/unit/pg_merging.h"

enum { KILLS = 42 };

static const char goods[] =
    "CREATE TYPE mood AS ENUM ('a', 'b'); CREATE TABLE a (id serial PRIMARY KEY, v text, up int"
    " REFERENCES a); CREATE TABLE b (id int PRIMARY KEY, a int NOT NULL REFERENCES a ON DELETE"
    " CASCADE); CREATE TABLE c (id int PRIMARY KEY, m mood, b int REFERENCES b); CREATE TABLE d"
    " (id int PRIMARY KEY, b int REFERENCES b DEFERRABLE); CREATE TABLE fired (what text);"
    "CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN INSERT INTO"
    " public.fired VALUES (TG_NAME); RETURN coalesce(NEW, OLD); END $f$;"
    "INSERT INTO a (v) SELECT repeat(md5(i::text), 20) FROM generate_series(1, 4000) i;"
    "INSERT INTO b SELECT i, i FROM generate_series(1, 4000) i; INSERT INTO c SELECT i, 'b', i"
    " FROM generate_series(1, 2000) i; INSERT INTO d SELECT i, i FROM generate_series(1, 2000) i;"
    "CREATE TRIGGER t BEFORE INSERT OR DELETE ON a FOR EACH ROW EXECUTE FUNCTION fire()";

static const char since[] =
    "SET session_replication_role = replica; DROP TABLE c; DROP TYPE mood; UPDATE a SET v = 'since'"
    " WHERE id % 2 = 0; DELETE FROM a WHERE id % 3 = 0; DELETE FROM b WHERE id % 3 = 0;"
    "DELETE FROM d WHERE id % 3 = 0; INSERT INTO a (v) VALUES ('mine'); SELECT setval('a_id_seq',"
    " 4001)";

/* Rows, sequences, what was made, and what may not stay switched off. */
static const char state_of[] =
    "SELECT md5(concat_ws('|', (SELECT string_agg(t::text, ',' ORDER BY id) FROM a t), (SELECT"
    " string_agg(t::text, ',' ORDER BY id) FROM b t), (SELECT string_agg(t::text, ',' ORDER BY id)"
    " FROM d t), (SELECT last_value || ' ' || is_called FROM a_id_seq), to_regclass('c'),"
    " to_regtype('mood'), (SELECT count(*) FROM fired), (SELECT string_agg(tgname ||"
    " tgenabled::text, ',') FROM pg_trigger WHERE NOT tgisinternal), (SELECT string_agg(conname ||"
    " pg_get_constraintdef(oid), ',' ORDER BY conname) FROM pg_constraint), (SELECT count(*) FROM"
    " pg_namespace WHERE nspname ~ '^lazarette'), query_to_xml(CASE WHEN to_regclass('c') IS NULL"
    " THEN 'SELECT 1' ELSE 'SELECT count(*), sum(b) FROM public.c' END, true, false, '')))";

static char *
state(struct landing_scene *l)
{
	return as_super(l->s.a, "shop", state_of);
}

/* As it was when its backup was a week old. */
static void
wind_back(struct landing_scene *l)
{
	as_super(l->s.a, "postgres", "DROP DATABASE IF EXISTS shop WITH (FORCE)");
	as_super(l->s.a, "postgres", "CREATE DATABASE shop TEMPLATE shop_kept OWNER " ROLE);
}

static void
goods_begin(struct landing_scene *l, const char *tag)
{
	struct target_built built;

	landing_begin(l, tag);
	fresh_shop(l->s.a);
	as_role(l->s.a, "shop", goods);
	landing_dump(l);
	as_super(l->s.a, "shop", since);
	as_super(l->s.a, "postgres", "CREATE DATABASE shop_kept TEMPLATE shop");
	landing_build(&built, l);
}

static void
goods_end(struct landing_scene *l)
{
	landing_drop(l);
	landing_sweep();
	as_super(l->s.a, "postgres", "DROP DATABASE shop_kept");
	landing_end(l);
}

static void
in_turn(struct landing_scene *l, bool back)
{
	int64_t kept;
	struct err e;

	_exit(back ? tgt_postgresql_driver.unswap(&l->target, "", &e) != 0
	           : tgt_postgresql_driver.swap(&kept, &l->target, "", &e) != 0);
}

/* The psql that a process has started, by its kernel's list of children. */
static void
kill_psql(pid_t pid)
{
	char path[64], list[512], name[32];
	FILE *f, *g;
	char *next = list, *end;

	snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
	f = fopen(path, "r");
	if (f == NULL)
		return;
	list[fread(list, 1, sizeof list - 1, f)] = '\0';
	fclose(f);
	for (long child; (child = strtol(next, &end, 10)) > 0; next = end) {
		snprintf(path, sizeof path, "/proc/%ld/comm", child);
		g = fopen(path, "r");
		if (g == NULL)
			continue;
		if (fgets(name, sizeof name, g) != NULL && strcmp(name, "psql\n") == 0)
			kill((pid_t)child, SIGKILL);
		fclose(g);
	}
}

/* Run a step in a process of its own, and after so long kill it, its psql, or the server; what it
 * ended with, or -1. */
static int
struck(struct landing_scene *l, bool back, useconds_t after, int whom)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		in_turn(l, back);
	usleep(after);
	if (whom == 2)
		kill_psql(pid);
	else if (whom == 3)
		pg_act(&pg, "kill");
	else
		kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	if (whom == 3)
		pg_act(&pg, "start");
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* How long a step takes, in microseconds. */
static int64_t
time_of(struct landing_scene *l, bool back)
{
	int64_t began = clock_mono();
	int status;
	pid_t pid = fork();

	if (pid == 0)
		in_turn(l, back);
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	return 1 + (clock_mono() - began) * 1000;
}

/* A time in which to strike: every part of a step, and as much again behind it. What came too late
 * or too early for that, says how long a step takes by now. */
static int64_t
strike_time(const int64_t *takes, int i)
{
	return *takes * 2 * (i * 17 % KILLS + 1) / KILLS;
}

static void
learn_time(int64_t *takes, int64_t after, bool done)
{
	if (!done && after > *takes)
		*takes = *takes * 5 / 4;
	else if (done && after < *takes / 2)
		*takes = *takes * 4 / 5;
}

/* Kills from the begin of a step to behind its end. Whoever comes after, ends what was begun. */
static void
kill_often(struct landing_scene *l, bool undo)
{
	int seen[2] = { 0, 0 };
	struct budget budget = budget_of(KILLS, 16, 35);
	char *old = state(l), *new;
	int64_t takes[2] = { time_of(l, false), undo ? time_of(l, true) : 0 }, kept;
	struct err e;
	int i;

	if (undo)
		assert_string_equal(state(l), old);
	merge_swap(l, &kept);
	new = state(l);
	assert_string_not_equal(old, new);
	for (i = 0; budget_wants(&budget, i); i++) {
		bool back = undo && i % 4 == 1;
		const char *from = back ? new : old, *to = back ? old : new, *now;
		int64_t after = strike_time(&takes[back], i);
		int ended, whom = i / 2 % 4;

		if (!back)
			wind_back(l);
		ended = struck(l, back, (useconds_t)after, whom);
		now = state(l);
		if (strcmp(now, from) != 0 && strcmp(now, to) != 0)
			fail_msg("mixed at kill %d", i);
		seen[strcmp(now, to) == 0]++;
		learn_time(&takes[back], after, strcmp(now, to) == 0);
		/* What it told is true. Without its server it cannot know, and fails. */
		if (ended == 0)
			assert_string_equal(now, to);
		else if (ended > 0 && whom != 3)
			assert_string_equal(now, from);
		if (back ? tgt_postgresql_driver.unswap(&l->target, "", &e) != 0
		         : tgt_postgresql_driver.swap(&kept, &l->target, "", &e) != 0)
			fail_msg("kill %d: %s", i, e.text);
		assert_string_equal(state(l), to);
	}
	print_message("%d kills in steps of %lld ms: %d as before, %d done, 0 mixed\n", i,
	    (long long)takes[0] / 1000, seen[0], seen[1]);
	assert_true(seen[0] * 7 > i && seen[1] * 7 > i);
}

static void
T31_SET_10_killed_while_adding_all_or_nothing_is_there(void **test UNUSED)
{
	struct landing_scene l;

	goods_begin(&l, "20261125r8p1");
	l.target.mode = RESTORE_ADD;
	kill_often(&l, false);
	goods_end(&l);
}

static const char *const chosen[] = { "public.a", "b", "c" };

static void
T31_PEER_24_killed_while_tables_are_put_they_are_old_or_new(void **test UNUSED)
{
	struct landing_scene l;

	goods_begin(&l, "20261125r8p2");
	l.target.choice = chosen;
	l.target.choice_count = 3;
	kill_often(&l, true);
	goods_end(&l);
}

/* At each place between two steps. */
static void
T31_killed_between_two_steps_it_is_as_it_was(void **test UNUSED)
{
	static const struct {
		const char *at;
		bool done;
	} places[] = { { "merge.begun:kill", false }, { "merge.rows:kill", false },
		{ "merge.rows:kill:3", false }, { "merge.before_commit:kill", false },
		{ "merge.committed:kill", true } };
	struct landing_scene l;
	int64_t kept;

	goods_begin(&l, "20261125r8p3");
	l.target.choice = chosen;
	l.target.choice_count = 3;
	for (int add = 0; add < 2; add++) {
		char *old, *new;

		l.target.mode = add == 0 ? RESTORE_REPLACE : RESTORE_ADD;
		wind_back(&l);
		old = state(&l);
		merge_swap(&l, &kept);
		new = state(&l);
		for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
			pid_t pid;

			wind_back(&l);
			setenv("LAZARETTE_FAULT", places[i].at, 1);
			pid = fork();
			if (pid == 0)
				in_turn(&l, false);
			waitpid(pid, NULL, 0);
			unsetenv("LAZARETTE_FAULT");
			if (strcmp(state(&l), places[i].done ? new : old) != 0)
				fail_msg("%s", places[i].at);
			merge_swap(&l, &kept);
			assert_string_equal(state(&l), new);
		}
	}
	goods_end(&l);
}

/* The control: one transaction for each table, and the same kills find what is neither. */
static void
T31_control_a_transaction_for_each_table_is_found_mixed(void **test UNUSED)
{
	struct landing_scene l;
	char *old, *new, *now;
	int64_t kept;
	pid_t pid;

	goods_begin(&l, "20261125r8p4");
	l.target.mode = RESTORE_ADD;
	old = state(&l);
	merge_swap(&l, &kept);
	new = state(&l);
	wind_back(&l);
	setenv("LAZARETTE_FAULT_CONTROL", "merge_in_pieces", 1);
	setenv("LAZARETTE_FAULT", "merge.before_commit:kill", 1);
	pid = fork();
	if (pid == 0)
		in_turn(&l, false);
	waitpid(pid, NULL, 0);
	unsetenv("LAZARETTE_FAULT");
	unsetenv("LAZARETTE_FAULT_CONTROL");
	now = state(&l);
	assert_string_not_equal(now, old);
	assert_string_not_equal(now, new);
	wind_back(&l);
	goods_end(&l);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(T31_SET_10_killed_while_adding_all_or_nothing_is_there),
		cmocka_unit_test(T31_PEER_24_killed_while_tables_are_put_they_are_old_or_new),
		cmocka_unit_test(T31_killed_between_two_steps_it_is_as_it_was),
		cmocka_unit_test(T31_control_a_transaction_for_each_table_is_found_mixed),
	};

	return cmocka_run_group_tests(tests, merging_server, landing_server_end);
}
