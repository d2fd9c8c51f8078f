/* src_postgresql_test.c: real dumps of a real server, and what is said when there is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/pg_scene.h"

static void
check_tells_version_size_and_tables(void **state UNUSED)
{
	struct scene s;
	char *text = NULL;
	struct err e;

	scene_begin(&s, "shop");
	if (src_postgresql_driver.check(&text, &s.src, &e) != 0)
		fail_msg("%s", e.text);
	assert_memory_equal(text, "PostgreSQL 15.", 14);
	assert_non_null(
	    strstr(text, " MB in 2 tables. It will be dumped by pg_dump (PostgreSQL) 15."));
	assert_int_equal(count_in(scratch), 0);
	scene_end(&s);
}

static void
check_names_the_tables_the_user_may_not_read(void **state UNUSED)
{
	struct scene s;
	char *text = NULL;
	struct err e;

	sql("postgres", "CREATE DATABASE rights");
	sql("postgres", "CREATE ROLE reader LOGIN PASSWORD 'pass-of-reader'");
	sql("rights",
	    "CREATE TABLE secrets (a int); CREATE SCHEMA inner_; CREATE TABLE inner_.audit (a "
	    "serial);"
	    "CREATE TABLE fine (a int); GRANT SELECT ON fine TO reader");
	scene_begin(&s, "rights");
	s.service.settings.user = "reader";
	s.src.secret = "pass-of-reader";
	assert_int_equal(src_postgresql_driver.check(&text, &s.src, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_string_equal(e.text,
	    "User reader lacks SELECT on 2 tables: inner_.audit, secrets. "
	    "A superuser can grant it: GRANT pg_read_all_data TO \"reader\" (PostgreSQL 14 or "
	    "newer)");
	/* The check is right: pg_dump fails, too. */
	assert_int_equal(scene_dump(&s, &e), -1);
	if (strstr(e.text, "permission denied for") == NULL)
		fail_msg("%s", e.text);

	sql("rights",
	    "GRANT USAGE ON SCHEMA inner_ TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA inner_, "
	    "public TO reader");
	assert_int_equal(src_postgresql_driver.check(&text, &s.src, &e), -1);
	assert_non_null(strstr(e.text, "lacks SELECT on 1 sequence: inner_.audit_a_seq."));
	/* The remedy is right, too. */
	sql("rights", "GRANT pg_read_all_data TO reader");
	assert_int_equal(src_postgresql_driver.check(&text, &s.src, &e), 0);
	assert_int_equal(scene_dump(&s, &e), 0);

	sql("rights", "ALTER TABLE fine ENABLE ROW LEVEL SECURITY");
	assert_int_equal(src_postgresql_driver.check(&text, &s.src, &e), -1);
	assert_string_equal(e.text, "Row security hides rows of 1 table from user reader: fine. "
	    "A superuser can lift it: ALTER ROLE \"reader\" BYPASSRLS");
	assert_int_equal(scene_dump(&s, &e), -1);
	scene_end(&s);
}

/* SET-23 (custom format), DIV-17 (the vendor's tool loads it) */
static void
SET_23_DIV_17_dump_is_a_custom_format_that_loads(void **state UNUSED)
{
	struct source_facts facts;
	struct scene s;
	char path[256], port[32];
	const char *const argv[] = { "/usr/lib/postgresql/15/bin/pg_restore", "--exit-on-error",
		"-d", "again", path, NULL };
	const char *const env[] = { "PGHOST=127.0.0.1", port, "PGUSER=" PG_USER,
		"PGPASSWORD=" PG_PASSWORD, NULL };
	struct proc_spec spec = { .argv = argv, .env = env, .stdin_fd = -1 };
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err e;

	scene_begin(&s, "shop");
	snprintf(port, sizeof port, "PGPORT=%s", pg.port);
	assert_int_equal(src_postgresql_driver.prepare(&facts, &s.src, &e), 0);
	assert_string_equal(facts.format, "pg-custom");
	assert_string_equal(facts.ending, "dump");
	assert_memory_equal(facts.engine_version, "15.", 3);
	assert_memory_equal(facts.tool, "pg_dump (PostgreSQL) 15.", 24);
	assert_null(strchr(facts.tool + 21, ' '));
	assert_in_range(facts.taken_at, clock_now() - 60000, clock_now());
	if (scene_dump(&s, &e) != 0)
		fail_msg("%s", e.text);
	assert_memory_equal(s.bytes.p, "PGDMP", 5);
	assert_int_equal(s.counted, s.bytes.n);
	assert_int_equal(scene_prove(&s, s.bytes.p, s.bytes.n, &e), 0);
	assert_int_equal(list(s.bytes.p, s.bytes.n, &e), 0);

	snprintf(path, sizeof path, "%s/again.dump", scratch);
	assert_int_equal(fd_put_file(path, s.bytes.p, s.bytes.n, 0600, &e), 0);
	sql("postgres", "CREATE DATABASE again");
	if (proc_output(&out, 1 << 20, &spec, &e) != 0)
		fail_msg("%s", e.text);
	assert_string_equal(answer(s.a, "again",
	                        "SELECT count(*), sum(hashtext(t::text)::int8) FROM item t"),
	    answer(s.a, "shop", "SELECT count(*), sum(hashtext(t::text)::int8) FROM item t"));
	sql("postgres", "DROP DATABASE again");
	unlink(path);
	assert_int_equal(count_in(scratch), 0);
	scene_end(&s);
}

/* T43: names are themselves, whatever they look like. */
static void
T43_hostile_names_are_literal(void **state UNUSED)
{
	static const char *const names[] = { "a=b", "postgresql://127.0.0.1/shop", "-d", "--help",
		"sp ace", "o'brien\"x", "$(touch /tmp/canary_T43)", "`id`;x",
		"host=/tmp dbname=shop", "\xc3\xbc\xe2\x82\xac", "%s%n", "a\\b:c" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		CLEANUP_BUF struct buf quoted = BUF_INIT;
		struct source_facts facts;
		struct scene s;
		char *text;
		struct err e;

		for (const char *c = names[i]; *c != '\0'; c++) {
			if (*c == '"')
				buf_char(&quoted, '"');
			buf_char(&quoted, *c);
		}
		scene_begin(&s, names[i]);
		sql("postgres", arena_printf(s.a, "CREATE DATABASE \"%s\"", quoted.p));
		sql("postgres",
		    arena_printf(s.a, "CREATE ROLE \"%s\" SUPERUSER LOGIN PASSWORD $x$%s$x$",
		        quoted.p, names[i]));
		sql(names[i],
		    arena_printf(s.a, "CREATE TABLE here AS SELECT $x$%s$x$ AS name", names[i]));
		s.service.settings.user = names[i];
		s.src.secret = names[i];
		if (src_postgresql_driver.check(&text, &s.src, &e) != 0 ||
		    src_postgresql_driver.prepare(&facts, &s.src, &e) != 0 ||
		    scene_dump(&s, &e) != 0)
			fail_msg("%s: %s", names[i], e.text);
		assert_non_null(memmem(s.bytes.p, s.bytes.n, names[i], strlen(names[i])));
		sql("postgres", arena_printf(s.a, "DROP DATABASE \"%s\"", quoted.p));
		scene_end(&s);
	}
	assert_int_equal(access("/tmp/canary_T43", F_OK), -1);
}

static void
wrong_password_fails_with_the_tool_s_words(void **state UNUSED)
{
	struct source_facts facts;
	struct scene s;
	struct err e;

	scene_begin(&s, "shop");
	s.src.secret = "wrong-canary";
	assert_int_equal(scene_dump(&s, &e), -1);
	assert_memory_equal(e.text,
	    "pg_dump ended with exit code 1: pg_dump: error: connection to server at", 71);
	assert_non_null(strstr(e.text, "password authentication failed for user \"" PG_USER "\""));
	assert_int_equal(e.exit_code, 1);
	assert_non_null(strstr(s.said.p, "err pg_dump: error: connection to server"));
	assert_null(strstr(s.said.p, "wrong-canary"));
	assert_int_equal(src_postgresql_driver.prepare(&facts, &s.src, &e), -1);
	assert_non_null(strstr(e.text, "password authentication failed"));
	assert_int_equal(s.bytes.n, 0);
	s.src.secret = "two\nlines";
	assert_int_equal(scene_dump(&s, &e), -1);
	assert_string_equal(e.text, "A password with a line break cannot be used for PostgreSQL");
	/* Without one, the tool does not ask. */
	s.src.secret = "";
	assert_int_equal(scene_dump(&s, &e), -1);
	assert_non_null(strstr(e.text, "no password supplied"));
	assert_int_equal(count_in(scratch), 0);
	scene_end(&s);
}

/* NEW-6: rows are those that the dump shows, whatever happens meanwhile. */
static int
delete_meanwhile(struct scene *s)
{
	if (s->times++ == 0)
		sql("shop", "DELETE FROM item WHERE id <= 100; CREATE TABLE later (a int)");
	return 0;
}

static void
NEW_6_rows_are_counted_in_the_dump_s_own_snapshot(void **state UNUSED)
{
	struct source_rows rows = { NULL, 0 };
	struct scene s;
	struct err e;

	sql("shop", "CREATE SCHEMA \"odd|sch\"; CREATE TABLE \"odd|sch\".\"a\nb'c\" AS SELECT 1;"
	    "CREATE TABLE p (a int) PARTITION BY LIST (a);"
	    "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); INSERT INTO p VALUES (1), (1)");
	scene_begin(&s, "shop");
	s.src.rows = &rows;
	s.meanwhile = delete_meanwhile;
	if (scene_dump(&s, &e) != 0)
		fail_msg("%s", e.text);
	assert_string_equal(answer(s.a, "shop", "SELECT count(*) FROM item"), "21900");
	assert_int_equal(rows.count, 4);
	assert_string_equal(rows.tables[0].name, "odd|sch.a b'c");
	assert_int_equal(rows.tables[0].rows, 1);
	assert_string_equal(rows.tables[1].name, "public.empty");
	assert_int_equal(rows.tables[1].rows, 0);
	assert_string_equal(rows.tables[2].name, "public.item");
	assert_int_equal(rows.tables[2].rows, 22000);
	assert_string_equal(rows.tables[3].name, "public.p1");
	assert_int_equal(rows.tables[3].rows, 2);
	assert_string_equal(answer(s.a, "shop", "SELECT count(*) FROM pg_stat_activity WHERE "
	    "datname = 'shop' AND application_name = 'lazarette'"), "0");
	sql("shop", "DROP TABLE p, later; DROP SCHEMA \"odd|sch\" CASCADE");
	scene_end(&s);
}

static void
an_unreachable_server_or_database_is_named(void **state UNUSED)
{
	struct scene s;
	char *text;
	struct err e;

	scene_begin(&s, "no such one");
	assert_int_equal(src_postgresql_driver.check(&text, &s.src, &e), -1);
	assert_non_null(strstr(e.text, "database \"no such one\" does not exist"));
	s.service.settings.port = "1";
	assert_int_equal(src_postgresql_driver.check(&text, &s.src, &e), -1);
	assert_non_null(strstr(e.text, "port 1 failed: Connection refused"));
	s.service.settings.host = "no-such-host.invalid";
	assert_int_equal(src_postgresql_driver.check(&text, &s.src, &e), -1);
	assert_non_null(strstr(e.text, "could not translate host name \"no-such-host.invalid\""));
	s.service.settings = (struct service_settings){ .host = "127.0.0.1",
		.port = pg.port,
		.database = "shop",
		.user = PG_USER,
		.tls = "require" };
	assert_int_equal(src_postgresql_driver.check(&text, &s.src, &e), -1);
	assert_non_null(strstr(e.text, "server does not support SSL, but SSL was required"));
	scene_end(&s);
}

static int
break_off(struct scene *s)
{
	return s->bytes.n > 1000000 ? -1 : 0;
}

static void
a_sink_that_fails_ends_the_dump(void **state UNUSED)
{
	struct scene s;
	struct err e;

	scene_begin(&s, "shop");
	s.meanwhile = break_off;
	assert_int_equal(scene_dump(&s, &e), -1);
	assert_string_equal(e.text, "the sink is broken");
	for (int i = 0; i < 200 &&
	     strcmp(answer(s.a, "postgres",
	                "SELECT count(*) FROM pg_stat_activity WHERE application_name = "
	                "'lazarette'"),
	         "0") != 0;
	     i++)
		clock_sleep(10);
	assert_string_equal(answer(s.a, "postgres",
	    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lazarette'"), "0");
	assert_int_equal(count_in(scratch), 0);
	scene_end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_tells_version_size_and_tables),
		cmocka_unit_test(check_names_the_tables_the_user_may_not_read),
		cmocka_unit_test(SET_23_DIV_17_dump_is_a_custom_format_that_loads),
		cmocka_unit_test(T43_hostile_names_are_literal),
		cmocka_unit_test(wrong_password_fails_with_the_tool_s_words),
		cmocka_unit_test(NEW_6_rows_are_counted_in_the_dump_s_own_snapshot),
		cmocka_unit_test(an_unreachable_server_or_database_is_named),
		cmocka_unit_test(a_sink_that_fails_ends_the_dump),
	};

	return cmocka_run_group_tests_name("src_postgresql", tests, begin, end);
}
