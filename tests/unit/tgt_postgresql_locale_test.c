/* tgt_postgresql_locale_test.c: targets whose encoding and sort order are not the server's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/pg_landing.h"

/* Made like this by whoever set them up; the server itself is UTF8 and C.UTF-8. */
static const struct kind {
	const char *name, *options;
} kinds[] = {
	{ "latin1", "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'" },
	{ "plain", "ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'" },
	{ "halves", "ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'" },
	{ "icu_de", "ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'de-DE'" },
	{ "icu_latin1", "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER icu "
	    "ICU_LOCALE 'de-DE-u-co-phonebk'" },
};
enum { LATIN1, PLAIN, HALVES, ICU_DE, ICU_LATIN1, KINDS };
_Static_assert(sizeof kinds / sizeof kinds[0] == KINDS, "each kind has its name");

/* Letters that LATIN1 has, in names, rows, comments, defaults and an index. */
static const char filling[] =
    "CREATE TABLE \"Größe\" (\"Maß\" text PRIMARY KEY DEFAULT 'ß', n int);"
    "INSERT INTO \"Größe\" VALUES ('Zebra', 1), ('ähnlich', 2), ('arg', 3), ('Öl', 4), ('z', 5);"
    "CREATE INDEX ON \"Größe\" (upper(\"Maß\")); COMMENT ON TABLE \"Größe\" IS 'für später';"
    "CREATE TABLE marker AS SELECT 'backup'::text AS v";

/* Like any other database of the server, but for its options. */
static void
make(struct landing_scene *l, const char *name, const char *options)
{
	as_super(l->s.a, "postgres",
	    arena_printf(l->s.a, "CREATE DATABASE %s OWNER " ROLE " TEMPLATE template0 %s", name,
	        options));
	l->s.service.settings.database = name;
}

static void
unmake(struct landing_scene *l)
{
	as_super(l->s.a, "postgres",
	    arena_printf(l->s.a, "DROP DATABASE %s", l->s.service.settings.database));
}

/* All that was decided when the database was made. */
static const char *
facts(struct arena *a, const char *database)
{
	return as_super(a, "postgres",
	    arena_printf(a,
	        "SELECT concat_ws(' ', pg_encoding_to_char(encoding), datcollate, datctype, "
	        "datlocprovider, coalesce(daticulocale, '-'), coalesce(datcollversion, '-'), "
	        "pg_get_userbyid(datdba)) FROM pg_database WHERE datname = '%s'", database));
}

static const char *
sorted(struct arena *a, const char *database)
{
	return as_super(a, database,
	    "SELECT string_agg(\"Maß\", ' ' ORDER BY \"Maß\") FROM \"Größe\"");
}

static const char *
marker(struct arena *a, const char *database)
{
	return as_super(a, database, "SELECT v FROM marker");
}

/* One of that kind is restored over itself and taken back. */
static void
round_trip(const struct kind *kind)
{
	const char *before, *was, *order, *side;
	struct target_built built;
	struct landing_scene l;
	struct err e;

	landing_begin(&l, "loc");
	make(&l, kind->name, kind->options);
	as_role(l.s.a, kind->name, filling);
	was = facts(l.s.a, kind->name);
	before = text_of(l.s.a, kind->name);
	order = sorted(l.s.a, kind->name);
	landing_dump(&l);
	as_role(l.s.a, kind->name, "UPDATE marker SET v = 'wrecked'; DELETE FROM \"Größe\"");

	landing_build(&built, &l);
	side = pg_side_names(&l.target).new_;
	assert_string_equal(facts(l.s.a, side), was);
	assert_int_equal(rows_of(&built, "public.Größe"), 5);
	assert_int_equal(built.warnings, 0);
	landing_swap(&l);
	assert_string_equal(facts(l.s.a, kind->name), was);
	assert_string_equal(text_of(l.s.a, kind->name), before);
	assert_string_equal(sorted(l.s.a, kind->name), order);
	assert_int_equal(tgt_postgresql_driver.unswap(&l.target, built.mark, &e), 0);
	assert_string_equal(facts(l.s.a, kind->name), was);
	assert_string_equal(marker(l.s.a, kind->name), "wrecked");
	landing_drop(&l);

	/* The control: one that is made as the server makes them is seen to be another. */
	as_role(l.s.a, "postgres", arena_printf(l.s.a, "CREATE DATABASE %s", side));
	assert_string_not_equal(facts(l.s.a, side), was);
	as_role(l.s.a, "postgres", arena_printf(l.s.a, "DROP DATABASE %s", side));
	unmake(&l);
	landing_end(&l);
}

static void
DIV_11_SET_10_encoding_and_order_of_the_target_stay(void **state UNUSED)
{
	for (size_t i = 0; i < KINDS; i++)
		round_trip(&kinds[i]);
}

/* What sorts differently shows that the kinds above do differ in more than their names. */
static void
the_kinds_sort_differently(void **state UNUSED)
{
	static const struct {
		size_t kind;
		const char *order;
	} wants[] = {
		{ PLAIN, "Zebra arg z Öl ähnlich" },
		{ ICU_DE, "ähnlich arg Öl z Zebra" },
	};
	struct landing_scene l;

	landing_begin(&l, "sort");
	landing_dump(&l);
	for (size_t i = 0; i < sizeof wants / sizeof wants[0]; i++) {
		make(&l, kinds[wants[i].kind].name, kinds[wants[i].kind].options);
		as_role(l.s.a, l.s.service.settings.database, filling);
		assert_string_equal(sorted(l.s.a, l.s.service.settings.database), wants[i].order);
		unmake(&l);
	}
	landing_end(&l);
}

/* The dump of a UTF8 database, and a target of another kind with content of its own. */
static void
foreign_begin(struct landing_scene *l, const char *more, const struct kind *kind)
{
	landing_begin(l, "foreign");
	make(l, "origin", "");
	as_role(l->s.a, "origin", filling);
	as_role(l->s.a, "origin", more);
	landing_dump(l);
	unmake(l);
	make(l, kind->name, kind->options);
	as_role(l->s.a, kind->name, "CREATE TABLE marker AS SELECT 'mine, schön'::text AS v");
}

static void
foreign_end(struct landing_scene *l)
{
	unmake(l);
	landing_end(l);
}

/* SET-10: the content of a UTF8 database becomes that of the target, which stays what it is. */
static void
SET_10_text_of_another_encoding_is_converted(void **state UNUSED)
{
	static const size_t into[] = { LATIN1, ICU_LATIN1 };
	struct target_built built;
	struct landing_scene l;

	for (size_t i = 0; i < sizeof into / sizeof into[0]; i++) {
		const char *name = kinds[into[i]].name, *was;

		foreign_begin(&l, "SELECT 1", &kinds[into[i]]);
		was = facts(l.s.a, name);
		landing_build(&built, &l);
		landing_swap(&l);
		assert_string_equal(facts(l.s.a, name), was);
		assert_string_equal(marker(l.s.a, name), "backup");
		assert_string_equal(as_super(l.s.a, name,
		    "SELECT string_agg(\"Maß\", ' ' ORDER BY n) FROM \"Größe\""),
		    "Zebra ähnlich arg Öl z");
		landing_drop(&l);
		foreign_end(&l);
	}
}

/* SET-14, PEER-24: each leads to an error elsewhere: of COPY, of a table, a comment, a check. */
static void
SET_14_text_that_the_encoding_cannot_hold_is_refused(void **state UNUSED)
{
	static const char *const beyond[] = {
		"INSERT INTO \"Größe\" VALUES ('猫', 6)",
		"CREATE TABLE \"猫\" AS SELECT 1 AS a",
		"COMMENT ON TABLE marker IS '猫'",
		"ALTER TABLE marker ADD CHECK (v <> '猫')",
	};
	struct target_built built;
	struct landing_scene l;
	const char *untouched, *there;
	struct err e;

	for (size_t i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
		foreign_begin(&l, beyond[i], &kinds[LATIN1]);
		untouched = text_of(l.s.a, "latin1");
		there = databases(l.s.a);
		if (tgt_postgresql_driver.build(&built, &l.target, &l.from, &e) == 0)
			fail_msg("was restored: %s", beyond[i]);
		assert_int_equal(e.kind, ERR_INPUT);
		assert_memory_equal(e.text, "The dump cannot be restored here: ", 34);
		if (strstr(e.text, "has no equivalent in encoding \"LATIN1\"") == NULL ||
		    strstr(e.text, "LATIN1\" ()") != NULL ||
		    strstr(e.text, "ENCODING 'UTF8'") == NULL)
			fail_msg("%s", e.text);
		assert_string_equal(databases(l.s.a), there);
		assert_string_equal(text_of(l.s.a, "latin1"), untouched);
		assert_string_equal(marker(l.s.a, "latin1"), "mine, schön");
		foreign_end(&l);
	}
	/* The control: it is the target's encoding that refuses. */
	foreign_begin(&l, beyond[0], &kinds[PLAIN]);
	landing_build(&built, &l);
	assert_int_equal(rows_of(&built, "public.Größe"), 6);
	landing_drop(&l);
	foreign_end(&l);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(DIV_11_SET_10_encoding_and_order_of_the_target_stay),
		cmocka_unit_test(the_kinds_sort_differently),
		cmocka_unit_test(SET_10_text_of_another_encoding_is_converted),
		cmocka_unit_test(SET_14_text_that_the_encoding_cannot_hold_is_refused),
	};

	return cmocka_run_group_tests(tests, landing_server, landing_server_end);
}
