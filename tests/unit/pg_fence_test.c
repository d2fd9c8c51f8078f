/* pg_fence_test.c: what may be restored, and what is refused with its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "lib/base/attr.h"
#include "tests/unit/pg_payload.h"
#include "worker/target/pg_fence.h"

/* In pieces of `step` bytes, which must make no difference. */
static int
pass(enum pg_fence_kind kind, const char *script, size_t step, struct err *e)
{
	CLEANUP_PG_FENCE struct pg_fence *f = pg_fence_new(kind);
	size_t n = strlen(script);

	for (size_t at = 0; at < n; at += step)
		if (pg_fence_read(f, script + at, n - at < step ? n - at : step, e) != 0)
			return -1;
	return pg_fence_end(f, e);
}

static const char *const ordinary[] = {
	"",
	"--\n-- PostgreSQL database dump\n--\n\n\\restrict abc\n\nSET statement_timeout = 0;\n"
	"SET client_encoding = 'UTF8';\nSET standard_conforming_strings = on;\n"
	"SELECT pg_catalog.set_config('search_path', '', false);\n\\unrestrict abc\n\n",
	"CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $_$\nBEGIN\n  EXECUTE 'DROP DATABASE "
	"x';"
	"\n  \\! id\nEND\n$_$;\nALTER FUNCTION f() OWNER TO a;\n",
	"CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE sql\n  BEGIN ATOMIC\n"
	"  SELECT CASE WHEN a > 1 THEN 2 ELSE 3 END;\n  DELETE FROM t;\n  END;\n",
	"COPY public.t (a, b) FROM stdin;\n1\tDROP DATABASE x;\n\\\\.\t\\\\connect "
	"x\n\\N\tit's\n\\.\n\n\n"
	"--\n-- Name: x; Type: TABLE; Schema: public; Owner: a\n--\n\nCREATE TABLE x (a int);\n",
	"COPY public.t FROM stdin;\n\\.\n",
	"CREATE TABLE \"drop database\" (\"it's;\" text DEFAULT 'a''; DROP DATABASE x; --');\n",
	"COMMENT ON TABLE t IS E'a\\\\b\\'; DROP DATABASE x; --';\n",
	"COMMENT ON TABLE t IS E'a'\n  '\\'; DROP DATABASE x; --';\n",
	"/* DROP DATABASE x; /* nested */ \\connect y */ CREATE SCHEMA s;\n",
	"CREATE RULE r AS ON INSERT TO v DO INSTEAD ( INSERT INTO a VALUES (1); DELETE FROM b; "
	");\n",
	"SELECT pg_catalog.setval('public.s', 42, true);\n",
	"SELECT pg_catalog.lo_create('16401');\nBEGIN;\n\nSELECT pg_catalog.lo_open('16401', "
	"131072);\n"
	"SELECT pg_catalog.lowrite(0, '\\x0127');\nSELECT pg_catalog.lo_close(0);\n\nCOMMIT;\n",
	"GRANT SELECT(a) ON TABLE t TO PUBLIC;\nREVOKE ALL ON SCHEMA public FROM PUBLIC;\n",
	"ALTER DEFAULT PRIVILEGES FOR ROLE a IN SCHEMA s GRANT SELECT ON TABLES TO b;\n",
	"INSERT INTO t VALUES ('\\', '--', $$;$$, $a$'$$a$a$);\n",
	"CREATE TABLE language (language c, begin atomic, a$b int, x int DEFAULT 1);\n",
	"CREATE OR REPLACE VIEW v AS\n SELECT t.a$$ FROM t;\nREFRESH MATERIALIZED VIEW m;\n",
	"CREATE FUNCTION plperl_f() RETURNS text LANGUAGE plperl AS $_$ system('id') $_$;\n",
	"CREATE PUBLICATION p FOR ALL TABLES;\nCREATE EVENT TRIGGER e ON ddl_command_end "
	"EXECUTE FUNCTION f();\n",
};

static void
PEER_4_what_pg_dump_writes_passes(void **state UNUSED)
{
	struct err e;

	for (size_t i = 0; i < sizeof ordinary / sizeof ordinary[0]; i++)
		for (size_t step = 1; step < 300; step += 59)
			if (pass(PG_FENCE_DUMP, ordinary[i], step, &e) != 0)
				fail_msg("%s\n%s", ordinary[i], e.text);
}

/* T36: every statement that would reach out, each with its line. */
static void
T36_what_leaves_the_database_is_refused(void **state UNUSED)
{
	struct err e = { 0 };

	for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++)
		for (size_t step = 1; step < 300; step += 59) {
			if (pass(PG_FENCE_DUMP, hostile[i], step, &e) == 0)
				fail_msg("passed: %s", hostile[i]);
			assert_int_equal(e.kind, ERR_INPUT);
			assert_memory_equal(e.text, "The dump is refused at line ", 28);
		}
}

static void
the_refused_line_is_shown_and_cut(void **state UNUSED)
{
	static const char script[] = "SET xmloption = content;\n\nCREATE SCHEMA s;\n  CREATE\n"
	                             " DATABASE y;\nCREATE SCHEMA t;\n";
	char text[600] = "CREATE DATABASE ";
	struct err e;

	assert_int_equal(pass(PG_FENCE_DUMP, script, 7, &e), -1);
	assert_string_equal(e.text,
	    "The dump is refused at line 4, which would create, change or "
	    "drop a database: CREATE  DATABASE y;");
	memset(text + 16, 'y', 500);
	memcpy(text + 516, ";\n", 3);
	assert_int_equal(pass(PG_FENCE_DUMP, text, sizeof text, &e), -1);
	assert_int_equal(strlen(strstr(e.text, "CREATE DATABASE yyy")), 200);
}

/* NEW-3: landing rules may do what they like, inside the database and its transaction. */
static void
NEW_3_landing_rules_stay_in_their_database(void **state UNUSED)
{
	static const char *const fine[] = { "UPDATE person SET mail = id || '@example.org'",
		("DROP TABLE t; TRUNCATE x;\n-- \\! in a comment\nSELECT '\\!'; SAVEPOINT a;\n"
		"ROLLBACK TO SAVEPOINT a"),
		"DO $$ BEGIN PERFORM 1; END $$;", "  -- nothing\n",
		"SET search_path = s; WITH a AS (SELECT 1) DELETE FROM b;",
		"COPY t FROM stdin;\n1\n\\.\nSELECT 1;" };
	static const char *const refused[] = { "\\! id", "UPDATE a SET b = 1; \\connect x\n",
		"SELECT 1 \\gexec\n", "COMMIT; DROP TABLE a;", "ROLLBACK", "begin;",
		"DROP DATABASE x", "ALTER ROLE x SUPERUSER;", "COPY t FROM PROGRAM 'id';",
		"SET ROLE x;", "RESET SESSION AUTHORIZATION;", "SET LOCAL ROLE x", "GRANT a TO b;",
		"LOAD 'x';", "SELECT 'open", "SELECT (;" };
	struct err e = { 0 };

	for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++)
		if (pass(PG_FENCE_SQL, fine[i], 5, &e) != 0)
			fail_msg("%s: %s", fine[i], e.text);
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		if (pass(PG_FENCE_SQL, refused[i], 5, &e) == 0)
			fail_msg("passed: %s", refused[i]);
		assert_memory_equal(e.text, "The SQL is refused at line 1, which would ", 42);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(PEER_4_what_pg_dump_writes_passes),
		cmocka_unit_test(T36_what_leaves_the_database_is_refused),
		cmocka_unit_test(the_refused_line_is_shown_and_cut),
		cmocka_unit_test(NEW_3_landing_rules_stay_in_their_database),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
