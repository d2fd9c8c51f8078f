/* tgt_postgresql_test.c: databases put back on a real server, whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/pg_landing.h"
#include "tests/unit/pg_payload.h"

static const char awkward[] =
    "CREATE EXTENSION pg_trgm; CREATE EXTENSION citext;"
    "COMMENT ON DATABASE shop IS 'it''s the shop; DROP DATABASE shop_;';"
    "CREATE SCHEMA \"odd \"\" name\"; COMMENT ON SCHEMA \"odd \"\" name\" IS E'a\\\\b\\n\\\\! id';"
    "CREATE TYPE mood AS ENUM ('sad', 'o''k', 'hap\\py');"
    "CREATE DOMAIN positive AS int CHECK (VALUE > 0);"
    "CREATE COLLATION german (provider = icu, locale = 'de-x-icu');"
    "CREATE TABLE person (id int GENERATED ALWAYS AS IDENTITY (START 7) PRIMARY KEY,"
    " name text COLLATE german NOT NULL, mail citext UNIQUE, m mood DEFAULT 'o''k', n positive,"
    " twice int GENERATED ALWAYS AS (n * 2) STORED, \"select\" text);"
    "INSERT INTO person (name, mail, n, \"select\") SELECT 'n' || i, i || '@x', i, "
    "E'\\\\.\\n\\t\\\\N'"
    " FROM generate_series(1, 500) i;"
    "CREATE TABLE part (id int, day date NOT NULL, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);"
    "CREATE TABLE part_a PARTITION OF part FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');"
    "CREATE TABLE part_rest PARTITION OF part DEFAULT;"
    "INSERT INTO part SELECT i, date '2020-12-01' + i FROM generate_series(1, 100) i;"
    "CREATE VIEW v AS SELECT name, CASE WHEN n > 3 THEN 'a;b' END AS c FROM person;"
    "CREATE MATERIALIZED VIEW mv AS SELECT count(*) AS n FROM person; CREATE INDEX ON mv (n);"
    "CREATE INDEX trgm ON person USING gin (name gin_trgm_ops) WHERE n > 2;"
    "CREATE FUNCTION hurt() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN EXECUTE 'DROP DATABASE "
    "shop_live2'; /*\n\\! id\nCOPY person FROM PROGRAM 'id'; */ RETURN NEW; END $f$;"
    "CREATE TRIGGER t BEFORE DELETE ON part_a FOR EACH ROW EXECUTE FUNCTION hurt();"
    "CREATE FUNCTION body(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN a > 1 THEN "
    "1"
    " ELSE a END; SELECT a + 1; END;"
    "CREATE PROCEDURE p() LANGUAGE sql AS 'DELETE FROM person';"
    "CREATE RULE r AS ON INSERT TO v DO INSTEAD (SELECT 1; SELECT 2);"
    "ALTER TABLE person ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON person TO reader USING (n "
    "> 1);"
    "CREATE PUBLICATION pub FOR TABLE person; CREATE STATISTICS st ON id, n FROM person;"
    "CREATE SEQUENCE s START 5 INCREMENT 3; SELECT nextval('s'), nextval('s');"
    "CREATE TABLE \"odd \"\" name\".\"t\n;\" (a int REFERENCES person, b bytea);"
    "INSERT INTO \"odd \"\" name\".\"t\n;\" VALUES (7, '\\x00ff5c27');"
    "CREATE AGGREGATE total (int) (SFUNC = int4pl, STYPE = int); CREATE CAST (mood AS int) WITH "
    "INOUT;"
    "CREATE OPERATOR <~> (LEFTARG = int, RIGHTARG = int, FUNCTION = int4pl);"
    "CREATE TABLE marker AS SELECT 'backup'::text AS v;"
    "SELECT lo_from_bytea(77777, '\\x00ff27275c0a2e');"
    "ALTER DATABASE shop SET search_path = \"odd \"\" name\", public;"
    "ALTER DATABASE shop SET work_mem = '5MB'; ALTER ROLE " ROLE " IN DATABASE shop SET jit = off;"
    "REVOKE CONNECT ON DATABASE shop FROM PUBLIC; GRANT CONNECT ON DATABASE shop TO reader";

static const char wreck[] =
    "UPDATE public.marker SET v = 'wrecked'; DROP TABLE public.part;"
    "DELETE FROM public.person WHERE n > 9; CREATE TABLE public.later (a int)";

static char *
marker(struct arena *a)
{
	return as_super(a, "shop", "SELECT v FROM public.marker");
}

/* DIV-11, SET-10, PEER-4: the target equals the backup, what stood there lies beside it, and nobody
 * else is touched; and back. */
static void
DIV_11_SET_10_PEER_4_a_restore_gives_back_every_byte(void **state UNUSED)
{
	struct target_built built;
	struct target_look look;
	struct landing_scene l;
	char *before;
	struct err e;

	landing_begin(&l, "20261125r7p12");
	as_role(l.s.a, "shop", awkward);
	before = text_of(l.s.a, "shop");
	landing_dump(&l);
	as_role(l.s.a, "shop", wreck);
	if (tgt_postgresql_driver.look(&look, &l.target, &l.from, &e) != 0)
		fail_msg("%s", e.text);
	assert_null(look.refusal);
	assert_true(look.bytes > 1 << 20 && look.needs > l.data.raw_bytes && look.has == -1);
	assert_int_equal(look.table_count, 4);

	landing_build(&built, &l);
	assert_string_equal(marker(l.s.a), "wrecked");
	assert_string_equal(databases(l.s.a), "shop shop_ shop_20261125r7p12_new shop_live2");
	assert_int_equal(rows_of(&built, "public.person"), 500);
	assert_int_equal(rows_of(&built, "public.part_a"), 30);
	assert_int_equal(rows_of(&built, "odd \" name.t ;"), 1);
	assert_int_equal(rows_of(&built, "public.later"), -2);
	assert_int_equal(built.warnings, 0);
	assert_int_equal(strncmp(built.mark, "built ", 6), 0);
	for (int again = 0; again < 2; again++)
		landing_swap(&l);
	assert_string_equal(databases(l.s.a), "shop shop_ shop_20261125r7p12_old shop_live2");
	assert_string_equal(text_of(l.s.a, "shop"), before);

	for (int again = 0; again < 2; again++)
		assert_int_equal(tgt_postgresql_driver.unswap(&l.target, "", &e), 0);
	assert_string_equal(marker(l.s.a), "wrecked");
	landing_swap(&l);
	for (int again = 0; again < 2; again++)
		landing_drop(&l);
	assert_string_equal(text_of(l.s.a, "shop"), before);
	assert_string_equal(databases(l.s.a), "shop shop_ shop_live2");
	landing_end(&l);
}

/* The archive with a comment of 300 bytes replaced by the payload. */
static void
poison(struct landing_scene *l, const char *payload)
{
	static const char head[] = "COMMENT ON TABLE public.bait IS 'xxxx";
	char *at = memmem(l->s.bytes.p, l->s.bytes.n, head, sizeof head - 1);
	size_t n = strlen(payload);

	assert_non_null(at);
	assert_true(n < 300);
	memset(at, ' ', sizeof head - 5 + 300 + 2);
	memcpy(at, payload, n);
	landing_store(l);
}

static void
T36_a_hostile_dump_is_refused_before_anything_is_made(void **state UNUSED)
{
	CLEANUP_PG_ACCESS struct pg_access side = { .passfile = "" };
	CLEANUP_BUF struct buf clean = BUF_INIT;
	struct target_built built;
	struct landing_scene l;
	struct pg_dealt dump;
	const char *untouched;
	struct pg_loaded loaded;
	struct err e;

	landing_begin(&l, "t36");
	as_role(l.s.a, "shop", "CREATE TABLE public.bait (a int)");
	as_role(l.s.a, "shop",
	    "DO $$ BEGIN EXECUTE 'COMMENT ON TABLE public.bait IS ''' || "
	    "repeat('x', 300) || ''''; END $$");
	landing_dump(&l);
	buf_add(&clean, l.s.bytes.p, l.s.bytes.n);
	untouched = text_of(l.s.a, "shop");
	for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
		memcpy(l.s.bytes.p, clean.p, clean.n);
		poison(&l, hostile[i]);
		if (tgt_postgresql_driver.build(&built, &l.target, &l.from, &e) == 0)
			fail_msg("passed: %s", hostile[i]);
		assert_int_equal(e.kind, ERR_INPUT);
		assert_memory_equal(e.text, "The dump is refused at line ", 28);
	}
	assert_string_equal(databases(l.s.a), "shop shop_ shop_live2");
	assert_string_equal(text_of(l.s.a, "shop"), untouched);

	/* The control: without the fence the payload does what it says, and the unpoisoned passes.
	 */
	memcpy(l.s.bytes.p, clean.p, clean.n);
	poison(&l, "ALTER DATABASE shop_live2 RENAME TO stolen");
	assert_int_equal(tgt_postgresql_driver.build(&built, &l.target, &l.from, &e), -1);
	as_role(l.s.a, "postgres", "CREATE DATABASE shop_t36_new");
	assert_int_equal(pg_access_make(&side, &l.s.src, "shop_t36_new", &e), 0);
	assert_int_equal(pg_land_fetch(&dump, &l.target, &l.from, &e), 0);
	if (pg_land_load(&loaded, &l.target, &side, &dump, &e) != 0)
		fail_msg("%s", e.text);
	assert_string_equal(databases(l.s.a), "shop shop_ shop_t36_new stolen");
	pg_access_drop(&side);
	as_role(l.s.a, "postgres", "ALTER DATABASE stolen RENAME TO shop_live2");
	memcpy(l.s.bytes.p, clean.p, clean.n);
	landing_store(&l);
	landing_build(&built, &l);
	landing_drop(&l);
	as_role(l.s.a, "shop", "DROP TABLE public.bait");
	landing_end(&l);
}

/* PEER-24: a person reads why, and what to do. */
static void
look_refuses_what_cannot_end_well(void **state UNUSED)
{
	struct target_built built;
	struct target_look look;
	struct landing_scene l;
	const char *const tables[] = { "public.person" };
	struct err e;

	landing_begin(&l, "no");
	landing_dump(&l);
#define REFUSED(words)                                                                             \
	do {                                                                                       \
		if (tgt_postgresql_driver.look(&look, &l.target, &l.from, &e) != 0)                \
			fail_msg("%s", e.text);                                                    \
		assert_non_null(look.refusal);                                                     \
		if (strstr(look.refusal, words) == NULL)                                           \
			fail_msg("%s", look.refusal);                                              \
		assert_int_equal(tgt_postgresql_driver.build(&built, &l.target, &l.from, &e), -1); \
		assert_int_equal(e.kind, ERR_INPUT);                                               \
		assert_string_equal(e.text, look.refusal);                                         \
	} while (0)
	l.part.engine_version = "99.1 (Debian)";
	REFUSED("b101 was made by PostgreSQL 99; this server runs 15.");
	l.part.engine_version = "";
	as_super(l.s.a, "postgres", "ALTER ROLE " ROLE " NOCREATEDB");
	REFUSED("A superuser can allow it: ALTER ROLE \"" ROLE "\" CREATEDB");
	as_super(l.s.a, "postgres", "ALTER ROLE " ROLE " CREATEDB SUPERUSER");
	REFUSED("Role " ROLE " is a superuser, and restores never run as one");
	as_super(l.s.a, "postgres",
	    "ALTER ROLE " ROLE " NOSUPERUSER; ALTER DATABASE shop OWNER TO " PG_USER);
	as_super(l.s.a, "shop", "GRANT CONNECT ON DATABASE shop TO " ROLE);
	REFUSED("does not own database shop, so it cannot exchange it");
	as_super(l.s.a, "postgres", "ALTER DATABASE shop OWNER TO " ROLE);
	l.target.choice = tables;
	l.target.choice_count = 1;
	l.s.service.settings.database = "gone";
	REFUSED("There is no database gone that single tables could be put into");
	l.s.service.settings.database = "shop";
	assert_string_equal(databases(l.s.a), "shop shop_ shop_live2");
	landing_end(&l);
}

/* What only a superuser can restore is left out and counted; what fails for another reason fails.
 */
static void
SET_14_what_is_left_out_is_named_and_the_rest_fails(void **state UNUSED)
{
	struct target_built built;
	struct landing_scene l;
	struct err e;

	landing_begin(&l, "benign");
	as_super(l.s.a, "shop",
	    "CREATE PUBLICATION everything FOR ALL TABLES; ALTER PUBLICATION "
	    "everything OWNER TO " PG_USER "; CREATE FUNCTION public.ev() RETURNS "
	    "event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT TRIGGER watching ON "
	    "ddl_command_end EXECUTE FUNCTION public.ev(); ALTER FUNCTION public.ev() OWNER "
	    "TO " ROLE);
	landing_dump(&l);
	landing_build(&built, &l);
	assert_int_equal(built.warnings, 2);
	assert_non_null(strstr(l.s.said.p,
	    "warn left out: a publication of all tables: CREATE PUBLICATION everything "));
	assert_non_null(
	    strstr(l.s.said.p, "warn left out: an event trigger: CREATE EVENT TRIGGER watching "));
	as_super(l.s.a, "shop",
	    "DROP PUBLICATION everything; DROP FUNCTION public.ev CASCADE; "
	    "CREATE EXTENSION adminpack");
	landing_dump(&l);
	assert_int_equal(tgt_postgresql_driver.build(&built, &l.target, &l.from, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	if (strstr(e.text, "permission denied to create extension \"adminpack\"") == NULL)
		fail_msg("%s", e.text);
	as_super(l.s.a, "shop", "DROP EXTENSION adminpack");
	landing_drop(&l);
	landing_end(&l);
}

static void
DIV_13_a_damaged_copy_touches_nothing(void **state UNUSED)
{
	struct target_built built;
	struct landing_scene l;
	char path[512];
	struct err e;
	char byte;
	int fd;

	landing_begin(&l, "bad");
	landing_dump(&l);
	snprintf(path, sizeof path, "%s/d", l.store);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(pread(fd, &byte, 1, l.data.stored_bytes / 2), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, l.data.stored_bytes / 2), 1);
	close(fd);
	assert_int_equal(tgt_postgresql_driver.build(&built, &l.target, &l.from, &e), -1);
	assert_int_equal(e.kind, ERR_DAMAGED);
	assert_string_equal(databases(l.s.a), "shop shop_ shop_live2");
	landing_end(&l);
}

/* NEW-3: rules change the side, all or none, and never the target. */
static void
NEW_3_landing_rules_run_on_the_side(void **state UNUSED)
{
	struct target_built built;
	struct landing_scene l;
	struct err e;

	landing_begin(&l, "rules");
	landing_dump(&l);
	landing_build(&built, &l);
	assert_int_equal(tgt_postgresql_driver.script(&l.target,
	                     "UPDATE public.marker SET v = 'clean';\nSELECT 1 / 0;", &e),
	    -1);
	assert_non_null(strstr(e.text, "division by zero"));
	assert_string_equal(as_role(l.s.a, "shop_rules_new", "SELECT v FROM public.marker"),
	    "backup");
	assert_int_equal(tgt_postgresql_driver.script(&l.target, "SELECT 1;\n\\! id\n", &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_string_equal(e.text,
	    "The SQL is refused at line 2, which would run a command of psql: \\! id");
	assert_int_equal(tgt_postgresql_driver.script(&l.target,
	                     "UPDATE public.marker SET v = 'clean'", &e),
	    0);
	assert_string_equal(as_role(l.s.a, "shop_rules_new", "SELECT v FROM public.marker"),
	    "clean");
	assert_string_equal(marker(l.s.a), "backup");
	landing_drop(&l);
	landing_end(&l);
}

/* Where there was nothing, the side becomes the target, and nothing is kept. */
static void
SET_15_a_database_that_was_not_there_is_made(void **state UNUSED)
{
	static const char name[] = "a very long name of a database that fills all there is of it";
	struct target_built built;
	struct target_look look;
	struct landing_scene l;
	int64_t kept = -1;
	struct err e;

	landing_begin(&l, "20261125r7p13");
	landing_dump(&l);
	l.s.service.settings.database = name;
	if (tgt_postgresql_driver.look(&look, &l.target, &l.from, &e) != 0)
		fail_msg("%s", e.text);
	assert_null(look.refusal);
	assert_int_equal(look.bytes, 0);
	landing_build(&built, &l);
	assert_int_equal(strncmp(built.mark, "fresh ", 6), 0);
	for (int again = 0; again < 2; again++)
		if (tgt_postgresql_driver.swap(&kept, &l.target, built.mark, &e) != 0)
			fail_msg("%s", e.text);
	assert_int_equal(kept, 0);
	assert_string_equal(as_role(l.s.a, name, "SELECT v FROM public.marker"), "backup");
	for (int again = 0; again < 2; again++)
		assert_int_equal(tgt_postgresql_driver.unswap(&l.target, built.mark, &e), 0);
	assert_non_null(strstr(databases(l.s.a),
	    "a very long name of a database that fills all_20261125r7p13_new"));
	landing_drop(&l);
	assert_string_equal(databases(l.s.a), "shop shop_ shop_live2");
	landing_end(&l);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(DIV_11_SET_10_PEER_4_a_restore_gives_back_every_byte),
		cmocka_unit_test(T36_a_hostile_dump_is_refused_before_anything_is_made),
		cmocka_unit_test(look_refuses_what_cannot_end_well),
		cmocka_unit_test(SET_14_what_is_left_out_is_named_and_the_rest_fails),
		cmocka_unit_test(DIV_13_a_damaged_copy_touches_nothing),
		cmocka_unit_test(NEW_3_landing_rules_run_on_the_side),
		cmocka_unit_test(SET_15_a_database_that_was_not_there_is_made),
	};

	return cmocka_run_group_tests(tests, landing_server, landing_server_end);
}
