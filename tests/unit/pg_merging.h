/* pg_merging.h: a database with all that makes a merge hard, and what may happen to it since its
 * backup. <cmocka.h> comes first. */
#ifndef TESTS_UNIT_PG_MERGING_H
#define TESTS_UNIT_PG_MERGING_H

#include <signal.h>

#include "tests/unit/pg_landing.h"

/* Any trigger that fires, any rule that rewrites, tells it in `fired`. */
static const char merging[] =
    "CREATE EXTENSION citext; CREATE SCHEMA \"odd \"\" name\";"
    "CREATE TYPE mood AS ENUM ('sad', 'o''k', 'hap\\py'); CREATE DOMAIN positive AS int CHECK "
    "(VALUE "
    "> 0);"
    "CREATE TYPE pair AS (a int, b text);"
    "CREATE TABLE fired (what text);"
    "CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN INSERT INTO public.fired "
    "VALUES (TG_NAME || TG_OP); RETURN coalesce(NEW, OLD); END $f$;"
    /* Identity, generated, domains, enums, a unique key that is not the first. */
    "CREATE TABLE person (id int GENERATED ALWAYS AS IDENTITY (START 7) PRIMARY KEY, mail citext "
    "UNIQUE, m mood DEFAULT 'o''k', n positive, twice int GENERATED ALWAYS AS (n * 2) STORED,"
    " \"select\" text, j jsonb, b bytea, tags text[], pr pair, f float8, at timestamptz);"
    "INSERT INTO person (mail, n, \"select\", j, b, tags, pr, f, at) SELECT i || '@x', i, CASE i "
    "% 3 "
    "WHEN 0 THEN NULL WHEN 1 THEN E'\\\\.\\n\\t\\\\N;''' ELSE '' END, jsonb_build_object('k', i, "
    "'z', "
    "E'\\n\"'), decode(md5(i::text), 'hex'), CASE i % 2 WHEN 0 THEN ARRAY['a', NULL, E',\"{}\\\\'] "
    "END, (i, E'\"x\\n')::pair, 1 / i::float8, timestamptz '2020-01-01 00:00:00.123456+02' + i * "
    "interval '1 day' FROM generate_series(1, 500) i;"
    /* A table that refers to itself, two that refer to each other, and those who refer to them in
     * every way. */
    "CREATE TABLE node (id serial PRIMARY KEY, up int REFERENCES node, name text);"
    "INSERT INTO node (up, name) SELECT CASE WHEN i < 50 THEN i + 1 END, 'n' || i FROM "
    "generate_series(1, 100) i;"
    "CREATE TABLE egg (id int PRIMARY KEY, hen int); CREATE TABLE hen (id int PRIMARY KEY, egg int "
    "NOT NULL REFERENCES egg DEFERRABLE INITIALLY DEFERRED);"
    "INSERT INTO egg SELECT i, i FROM generate_series(1, 20) i; INSERT INTO hen SELECT i, i FROM "
    "generate_series(1, 20) i;"
    "ALTER TABLE egg ADD CONSTRAINT \"of a hen\" FOREIGN KEY (hen) REFERENCES hen; COMMENT ON "
    "CONSTRAINT \"of a hen\" ON egg IS 'it''s hers';"
    "CREATE TABLE line (id int PRIMARY KEY, person int REFERENCES person ON DELETE CASCADE, node "
    "int "
    "REFERENCES node ON DELETE SET NULL ON UPDATE CASCADE, note text);"
    "COMMENT ON CONSTRAINT line_person_fkey ON line IS 'with '' in it';"
    "INSERT INTO line SELECT i, 6 + i, 1 + i % 100, 'l' FROM generate_series(1, 500) i;"
    /* Partitions, with a trigger that is off in one of them. */
    "CREATE TABLE part (id int, day date NOT NULL, v text, PRIMARY KEY (id, day)) PARTITION BY "
    "RANGE "
    "(day);"
    "CREATE TABLE part_a PARTITION OF part FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');"
    "CREATE TABLE part_rest PARTITION OF part DEFAULT; CREATE INDEX ON part (v);"
    "INSERT INTO part SELECT i, date '2020-12-01' + i, 'p' FROM generate_series(1, 100) i;"
    "CREATE TRIGGER on_part BEFORE INSERT OR DELETE ON part FOR EACH ROW EXECUTE FUNCTION fire();"
    "ALTER TABLE part_a DISABLE TRIGGER on_part;"
    "CREATE TABLE of_part (id int PRIMARY KEY, p int, day date, FOREIGN KEY (p, day) REFERENCES "
    "part);"
    "INSERT INTO of_part SELECT i, i, date '2020-12-01' + i FROM generate_series(1, 100) i;"
    /* Names, no key, no rows told apart, rules, triggers of each kind. */
    "CREATE TABLE \"odd \"\" name\".\"T.\xc3\xa4\n;\" (a int REFERENCES person, b text, \"c %s $f$ "
    ":x\" text);"
    "INSERT INTO \"odd \"\" name\".\"T.\xc3\xa4\n;\" SELECT 7 + i % 5, 'x', NULL FROM "
    "generate_series(1, 50) i;"
    "CREATE TABLE \"Upper\" (x json, y point); INSERT INTO \"Upper\" VALUES ('{\"a\": 1}', "
    "'(1,2)'), "
    "('{\"a\": 1}', '(1,2)'), (NULL, NULL);"
    "CREATE RULE quiet AS ON INSERT TO \"Upper\" DO ALSO INSERT INTO fired VALUES ('rule');"
    "CREATE RULE loud AS ON DELETE TO \"Upper\" DO INSTEAD NOTHING; ALTER TABLE \"Upper\" ENABLE "
    "ALWAYS RULE loud;"
    "CREATE TRIGGER b_person BEFORE INSERT OR DELETE OR UPDATE ON person FOR EACH ROW EXECUTE "
    "FUNCTION fire();"
    "CREATE TRIGGER s_person AFTER INSERT OR DELETE ON person FOR EACH STATEMENT EXECUTE FUNCTION "
    "fire(); ALTER TABLE person ENABLE ALWAYS TRIGGER s_person;"
    "CREATE CONSTRAINT TRIGGER c_person AFTER INSERT OR DELETE ON person DEFERRABLE INITIALLY "
    "DEFERRED FOR EACH ROW EXECUTE FUNCTION fire();"
    "CREATE TRIGGER r_person AFTER INSERT ON person FOR EACH ROW EXECUTE FUNCTION fire(); ALTER "
    "TABLE person ENABLE REPLICA TRIGGER r_person;"
    "CREATE TRIGGER d_person AFTER INSERT ON person FOR EACH ROW EXECUTE FUNCTION fire(); ALTER "
    "TABLE person DISABLE TRIGGER d_person";

static const char merging_more[] =
    /* Keys that wait, keys of expressions, ranges that must not meet. */
    "CREATE TABLE seat (id int PRIMARY KEY DEFERRABLE, place citext UNIQUE DEFERRABLE INITIALLY "
    "DEFERRED, r int4range, EXCLUDE USING gist (r WITH &&) DEFERRABLE);"
    "INSERT INTO seat SELECT i, 'P' || i, int4range(i * 10, i * 10 + 9) FROM generate_series(1, "
    "30) "
    "i; CREATE TABLE lower_ (name text, x int); CREATE UNIQUE INDEX ON lower_ (lower(name));"
    "INSERT INTO lower_ SELECT 'N' || i, i FROM generate_series(1, 30) i;"
    /* Row security, inheritance, views of rows, sequences up and down, large objects. */
    "CREATE TABLE secret (id int PRIMARY KEY, v text); ALTER TABLE secret ENABLE ROW LEVEL "
    "SECURITY;"
    "CREATE POLICY mine ON secret USING (id < 5); INSERT INTO secret SELECT i, 's' FROM "
    "generate_series(1, 20) i;"
    "CREATE TABLE base (id int PRIMARY KEY, v text); CREATE TABLE heir (w text) INHERITS (base);"
    "INSERT INTO base SELECT i, 'b' FROM generate_series(1, 20) i; INSERT INTO heir SELECT i, 'h', "
    "'w' FROM generate_series(1, 20) i;"
    "CREATE VIEW v AS SELECT mail, CASE WHEN n > 3 THEN 'a;b' END AS c FROM person;"
    "CREATE MATERIALIZED VIEW mv AS SELECT count(*) AS n, max(mail) AS m FROM v;"
    "CREATE MATERIALIZED VIEW mmv AS SELECT n + 1 AS n FROM mv; CREATE UNIQUE INDEX ON mmv (n);"
    "CREATE SEQUENCE down INCREMENT -3 MAXVALUE -1 START -1; SELECT nextval('down'), "
    "nextval('down');"
    "CREATE SEQUENCE lone START 50; SELECT nextval('lone');"
    "SELECT lo_from_bytea(77777, decode(repeat('00ff27275c0a2e', 100000), 'hex'));"
    "SELECT lo_from_bytea(77778, ''); SELECT lo_from_bytea(77779, 'kept');"
    "DELETE FROM fired";

/* The rows of each COPY in their order; what is left is as it was written. */
static inline int
merging_by_line(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static inline char *
ordered(struct arena *a, const char *database)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	char *text = text_of(a, database), *line, *rest = text, **rows = NULL;
	size_t n = 0, capacity = 0;
	bool inside = false;

	while ((line = strsep(&rest, "\n")) != NULL) {
		if (inside && strcmp(line, "\\.") != 0) {
			rows = arena_grow(a, rows, n, &capacity, sizeof *rows);
			rows[n++] = line;
			continue;
		}
		if (n > 0)
			qsort(rows, n, sizeof *rows, merging_by_line);
		for (size_t i = 0; i < n; i++)
			buf_printf(&out, "%s\n", rows[i]);
		n = 0;
		inside = strncmp(line, "COPY ", 5) == 0 && strstr(line, " FROM stdin;") != NULL;
		buf_printf(&out, "%s\n", line);
	}
	return arena_dupn(a, out.p, out.n);
}

static inline void
same_text(const char *is, const char *was)
{
	size_t at = 0;

	while (is[at] != '\0' && is[at] == was[at])
		at++;
	if (is[at] == was[at])
		return;
	while (at > 0 && is[at - 1] != '\n')
		at--;
	fail_msg("differs:\n%.400s\n-- from --\n%.400s", is + at, was + at);
}

/* More than rows. */
static const char merging_lost[] =
    "DROP TABLE line; DROP MATERIALIZED VIEW mmv, mv; DROP VIEW v; DROP TABLE \"odd \"\" name\"."
    "\"T.\xc3\xa4\n;\"; DROP SCHEMA \"odd \"\" name\"; DROP TABLE person; DROP TYPE mood, pair;"
    " DROP DOMAIN positive; DROP TABLE part_a CASCADE";

/* An empty database of the role. */
static inline void
fresh_shop(struct arena *a)
{
	as_super(a, "postgres", "DROP DATABASE IF EXISTS shop WITH (FORCE)");
	as_super(a, "postgres", "CREATE DATABASE shop OWNER " ROLE);
}

static inline void
merging_shop(struct landing_scene *l, const char *tag)
{
	landing_begin(l, tag);
	fresh_shop(l->s.a);
	as_role(l->s.a, "shop", merging);
	as_role(l->s.a, "shop", merging_more);
	landing_dump(l);
}

static inline void
choose(struct landing_scene *l, const char *const *tables, size_t n)
{
	l->target.mode = RESTORE_REPLACE;
	l->target.choice = tables;
	l->target.choice_count = n;
}

#define CHOOSE(l, ...)                                                                             \
	choose(l, (const char *const[]){ __VA_ARGS__ },                                            \
	    sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

static inline void
merge_swap(struct landing_scene *l, int64_t *kept)
{
	struct err e;

	if (tgt_postgresql_driver.swap(kept, &l->target, "", &e) != 0)
		fail_msg("%s\n%s", e.text, l->s.said.p);
}

static inline void
merge_unswap(struct landing_scene *l)
{
	struct err e;

	if (tgt_postgresql_driver.unswap(&l->target, "", &e) != 0)
		fail_msg("%s\n%s", e.text, l->s.said.p);
}

/* build() refuses, with these words, and leaves the target alone. */
static inline void
merge_refused(struct landing_scene *l, enum err_kind kind, const char *words)
{
	char *before = ordered(l->s.a, "shop");
	struct target_built built;
	struct err e;

	if (tgt_postgresql_driver.build(&built, &l->target, &l->from, &e) == 0)
		fail_msg("built, without: %s", words);
	if (strstr(e.text, words) == NULL)
		fail_msg("%s\nis not: %s", e.text, words);
	assert_int_equal(e.kind, kind);
	same_text(ordered(l->s.a, "shop"), before);
}

/* As in the worker: a child that is gone is no reason to die. */
static inline int
merging_server(void **state)
{
	signal(SIGPIPE, SIG_IGN);
	return landing_server(state);
}

#endif
