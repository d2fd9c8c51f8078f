/* src_postgresql_test.c: real dumps of a real server, and every way they can fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <sys/stat.h>
#include <sys/mman.h>

#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/base/rand.h"
#include "tests/unit/pg_fixture.h"
#include "worker/source/drivers.h"

static struct pg pg;
static char scratch[] = "/tmp/src_postgresql_test.XXXXXX";

/* One job's view, and all that it saw. */
struct scene {
	struct arena *a;
	struct service service;
	struct source src;
	struct watch watch;
	struct buf bytes, said;
	int64_t counted;
	int (*meanwhile)(struct scene *s);    /* with every piece of a dump */
	int times;
	int64_t threshold;
};

static void
on_bytes(void *arg, int64_t more)
{
	((struct scene *)arg)->counted += more;
}

static void
on_say(void *arg, const char *stream, const char *text)
{
	buf_printf(&((struct scene *)arg)->said, "%s %s\n", stream, text);
}

static int
on_write(void *arg, const void *p, size_t n, struct err *e)
{
	struct scene *s = arg;

	buf_add(&s->bytes, p, n);
	if (s->meanwhile != NULL && s->meanwhile(s) != 0)
		return err_set(e, ERR_INTERNAL, "the sink is broken");
	return 0;
}

static void
scene_begin(struct scene *s, const char *database)
{
	*s = (struct scene){ .a = arena_new(), .bytes = BUF_INIT, .said = BUF_INIT };
	s->watch = (struct watch){ on_bytes, on_say, s };
	s->service = (struct service){ .engine = ENGINE_POSTGRESQL, .settings = { .host = "127.0.0.1", .port = pg.port,
		.database = database, .user = PG_USER, .tls = "", .path = "", .roots = "", .excludes = "" } };
	s->src = (struct source){ &s->service, PG_PASSWORD, scratch, s->a, &s->watch };
}

static void
scene_end(struct scene *s)
{
	arena_free(s->a);
	buf_release(&s->bytes);
	buf_release(&s->said);
}

static int
dump(struct scene *s, struct err *e)
{
	struct sink to = { on_write, s };

	return src_postgresql_driver.dump(&to, &s->src, e);
}

/* The bytes as the descriptor that prove() reads. */
static int
prove(const struct scene *s, const char *p, size_t n, struct err *e)
{
	CLEANUP_FD int fd = memfd_create("dump", MFD_CLOEXEC);

	assert_int_equal(fd_write_all(fd, p, n, e), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return src_postgresql_driver.prove(fd, &s->src, e);
}

/* What pg_restore --list says of the bytes: the check that is none. */
static int
list(const char *p, size_t n, struct err *e)
{
	const char *const argv[] = { "/usr/lib/postgresql/15/bin/pg_restore", "--list", NULL };
	struct proc_spec spec = { .argv = argv, .stdin_fd = memfd_create("dump", MFD_CLOEXEC) };
	CLEANUP_BUF struct buf out = BUF_INIT;

	assert_int_equal(fd_write_all(spec.stdin_fd, p, n, e), 0);
	assert_int_equal(lseek(spec.stdin_fd, 0, SEEK_SET), 0);
	return proc_output(&out, 1 << 20, &spec, e);
}

static void
sql(const char *database, const char *text)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err e;

	if (pg_sql(&out, &pg, database, text, &e) != 0)
		fail_msg("%s", e.text);
}

static char *
answer(struct arena *a, const char *database, const char *text)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err e;

	if (pg_sql(&out, &pg, database, text, &e) != 0)
		fail_msg("%s", e.text);
	return arena_dupn(a, out.p, strcspn(out.p, "\n"));
}

static int
count_in(const char *folder)
{
	DIR *d = opendir(folder);
	int n = -2;

	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static void
empty(const char *folder)
{
	DIR *d = opendir(folder);
	struct dirent *entry;

	while ((entry = readdir(d)) != NULL)
		if (*entry->d_name != '.')
			unlinkat(dirfd(d), entry->d_name, 0);
	closedir(d);
}

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
	assert_non_null(strstr(text, " MB in 2 tables. It will be dumped by pg_dump (PostgreSQL) 15."));
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
	sql("rights", "CREATE TABLE secrets (a int); CREATE SCHEMA inner_; CREATE TABLE inner_.audit (a serial);"
	    "CREATE TABLE fine (a int); GRANT SELECT ON fine TO reader");
	scene_begin(&s, "rights");
	s.service.settings.user = "reader";
	s.src.secret = "pass-of-reader";
	assert_int_equal(src_postgresql_driver.check(&text, &s.src, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_string_equal(e.text, "User reader lacks SELECT on 2 tables: inner_.audit, secrets. "
	    "A superuser can grant it: GRANT pg_read_all_data TO \"reader\" (PostgreSQL 14 or newer)");
	/* The check is right: pg_dump fails, too. */
	assert_int_equal(dump(&s, &e), -1);
	if (strstr(e.text, "permission denied for") == NULL)
		fail_msg("%s", e.text);

	sql("rights", "GRANT USAGE ON SCHEMA inner_ TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA inner_, public TO reader");
	assert_int_equal(src_postgresql_driver.check(&text, &s.src, &e), -1);
	assert_non_null(strstr(e.text, "lacks SELECT on 1 sequence: inner_.audit_a_seq."));
	/* The remedy is right, too. */
	sql("rights", "GRANT pg_read_all_data TO reader");
	assert_int_equal(src_postgresql_driver.check(&text, &s.src, &e), 0);
	assert_int_equal(dump(&s, &e), 0);

	sql("rights", "ALTER TABLE fine ENABLE ROW LEVEL SECURITY");
	assert_int_equal(src_postgresql_driver.check(&text, &s.src, &e), -1);
	assert_string_equal(e.text, "Row security hides rows of 1 table from user reader: fine. "
	    "A superuser can lift it: ALTER ROLE \"reader\" BYPASSRLS");
	assert_int_equal(dump(&s, &e), -1);
	scene_end(&s);
}

/* SET-23 (custom format), DIV-17 (the vendor's tool loads it) */
static void
SET_23_DIV_17_dump_is_a_custom_format_that_loads(void **state UNUSED)
{
	struct source_facts facts;
	struct scene s;
	char path[256], port[32];
	const char *const argv[] = { "/usr/lib/postgresql/15/bin/pg_restore", "--exit-on-error", "-d", "again", path, NULL };
	const char *const env[] = { "PGHOST=127.0.0.1", port, "PGUSER=" PG_USER, "PGPASSWORD=" PG_PASSWORD, NULL };
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
	if (dump(&s, &e) != 0)
		fail_msg("%s", e.text);
	assert_memory_equal(s.bytes.p, "PGDMP", 5);
	assert_int_equal(s.counted, s.bytes.n);
	assert_int_equal(prove(&s, s.bytes.p, s.bytes.n, &e), 0);
	assert_int_equal(list(s.bytes.p, s.bytes.n, &e), 0);

	snprintf(path, sizeof path, "%s/again.dump", scratch);
	assert_int_equal(fd_put_file(path, s.bytes.p, s.bytes.n, 0600, &e), 0);
	sql("postgres", "CREATE DATABASE again");
	if (proc_output(&out, 1 << 20, &spec, &e) != 0)
		fail_msg("%s", e.text);
	assert_string_equal(answer(s.a, "again", "SELECT count(*), sum(hashtext(t::text)::int8) FROM item t"),
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
	static const char *const names[] = { "a=b", "postgresql://127.0.0.1/shop", "-d", "--help", "sp ace", "o'brien\"x",
		"$(touch /tmp/canary_T43)", "`id`;x", "host=/tmp dbname=shop", "\xc3\xbc\xe2\x82\xac", "%s%n", "a\\b:c" };

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
		sql("postgres", arena_printf(s.a, "CREATE ROLE \"%s\" SUPERUSER LOGIN PASSWORD $x$%s$x$", quoted.p, names[i]));
		sql(names[i], arena_printf(s.a, "CREATE TABLE here AS SELECT $x$%s$x$ AS name", names[i]));
		s.service.settings.user = names[i];
		s.src.secret = names[i];
		if (src_postgresql_driver.check(&text, &s.src, &e) != 0 ||
		    src_postgresql_driver.prepare(&facts, &s.src, &e) != 0 || dump(&s, &e) != 0)
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
	assert_int_equal(dump(&s, &e), -1);
	assert_memory_equal(e.text, "pg_dump ended with exit code 1: pg_dump: error: connection to server at", 71);
	assert_non_null(strstr(e.text, "password authentication failed for user \"" PG_USER "\""));
	assert_int_equal(e.exit_code, 1);
	assert_non_null(strstr(s.said.p, "err pg_dump: error: connection to server"));
	assert_null(strstr(s.said.p, "wrong-canary"));
	assert_int_equal(src_postgresql_driver.prepare(&facts, &s.src, &e), -1);
	assert_non_null(strstr(e.text, "password authentication failed"));
	assert_int_equal(s.bytes.n, 0);
	s.src.secret = "two\nlines";
	assert_int_equal(dump(&s, &e), -1);
	assert_string_equal(e.text, "A password with a line break cannot be used for PostgreSQL");
	/* Without one, the tool does not ask. */
	s.src.secret = "";
	assert_int_equal(dump(&s, &e), -1);
	assert_non_null(strstr(e.text, "no password supplied"));
	assert_int_equal(count_in(scratch), 0);
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
	s.service.settings = (struct service_settings){ .host = "127.0.0.1", .port = pg.port, .database = "shop",
		.user = PG_USER, .tls = "require" };
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
	assert_int_equal(dump(&s, &e), -1);
	assert_string_equal(e.text, "the sink is broken");
	for (int i = 0; i < 200 && strcmp(answer(s.a, "postgres",
	    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lazarette'"), "0") != 0; i++)
		clock_sleep(10);
	assert_string_equal(answer(s.a, "postgres",
	    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lazarette'"), "0");
	assert_int_equal(count_in(scratch), 0);
	scene_end(&s);
}

/* Is the text in any process's arguments now? */
static bool
in_any_cmdline(const char *text)
{
	DIR *d = opendir("/proc");
	struct dirent *entry;
	bool found = false;

	while ((entry = readdir(d)) != NULL) {
		CLEANUP_BUF struct buf line = BUF_INIT;
		char path[300];
		struct err e;

		snprintf(path, sizeof path, "/proc/%.20s/cmdline", entry->d_name);
		if (strspn(entry->d_name, "0123456789") > 0 && fd_read_file(&line, path, 1 << 20, &e) == 0)
			found |= memmem(line.p, line.n, text, strlen(text)) != NULL;
	}
	closedir(d);
	return found;
}

static int
look_for_canary(struct scene *s)
{
	DIR *d = opendir(scratch);
	struct dirent *entry;
	struct stat st;

	assert_false(in_any_cmdline(s->src.secret));
	while ((entry = readdir(d)) != NULL) {
		if (*entry->d_name == '.')
			continue;
		assert_int_equal(fstatat(dirfd(d), entry->d_name, &st, 0), 0);
		assert_int_equal(st.st_mode, S_IFREG | 0600);
		s->times++;
	}
	closedir(d);
	return 0;
}

/* T61, for this engine: with its control, a process that has the canary in its arguments. */
static void
T61_the_password_is_in_no_arguments_log_or_error(void **state UNUSED)
{
	static const char canary[] = "canary-61:\\pass word";
	const char *const argv[] = { "/bin/sh", "-c", "sleep 100; :", canary, NULL };
	struct proc_spec spec = { .argv = argv, .stdin_fd = -1 };
	CLEANUP_PROC struct proc *control = NULL;
	struct scene s;
	struct err e;

	sql("postgres", "CREATE ROLE canary SUPERUSER LOGIN PASSWORD 'canary-61:\\pass word'");
	scene_begin(&s, "shop");
	s.service.settings.user = "canary";
	s.src.secret = canary;
	s.meanwhile = look_for_canary;
	if (dump(&s, &e) != 0)
		fail_msg("%s", e.text);
	assert_true(s.times > 0);
	assert_null(memmem(s.bytes.p, s.bytes.n, canary, strlen(canary)));
	assert_int_equal(count_in(scratch), 0);
	/* A server that repeats it in an error: it is starred out in the log and the error. */
	s.service.settings.database = canary;
	assert_int_equal(dump(&s, &e), -1);
	assert_non_null(strstr(e.text, "database \"***\" does not exist"));
	assert_non_null(strstr(s.said.p, "database \"***\" does not exist"));
	assert_null(strstr(s.said.p, "canary-61"));
	assert_int_equal(proc_start(&control, &spec, &e), 0);
	assert_true(in_any_cmdline(canary));
	scene_end(&s);
}

/* T07: who asked for the dump is killed; pg_dump and its locks are gone within two seconds. */
static void
T07_pg_dump_dies_with_the_job(void **state UNUSED)
{
	static const char alive[] = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lazarette'";
	struct scene s;
	struct err e;
	pid_t job;

	scene_begin(&s, "shop");
	/* Again and again, so that one is certainly there to be killed. */
	job = fork();
	if (job == 0) {
		s.meanwhile = break_off;
		while (dump(&s, &e) != 0)
			;
		_exit(0);
	}
	for (int i = 0; i < 500 && strcmp(answer(s.a, "postgres", alive), "0") == 0; i++)
		clock_sleep(2);
	assert_string_not_equal(answer(s.a, "postgres", alive), "0");
	kill(job, SIGKILL);
	assert_int_equal(waitpid(job, NULL, 0), job);
	for (int i = 0; i < 100 && strcmp(answer(s.a, "postgres", alive), "0") != 0; i++)
		clock_sleep(20);
	assert_string_equal(answer(s.a, "postgres", alive), "0");
	/* Its scratch folder is swept by who notices its death. */
	assert_in_range(count_in(scratch), 0, 1);
	empty(scratch);
	scene_end(&s);
}

static int
terminate_backend(struct scene *s)
{
	if (s->times == 0 && (int64_t)s->bytes.n >= s->threshold) {
		s->times++;
		sql("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lazarette'");
	}
	return 0;
}

static int
kill_postmaster(struct scene *s)
{
	if (s->times == 0 && (int64_t)s->bytes.n >= s->threshold) {
		s->times++;
		pg_act(&pg, "kill");
	}
	return 0;
}

/* The control of T14: a shell's pipe, whose exit status is the last one's. */
static void
pipe_accepts_what_was_cut_off(const char *port)
{
	char script[512], env_port[32];
	const char *const argv[] = { "/bin/bash", "-c", script, NULL };
	const char *const env[] = { "PGHOST=127.0.0.1", env_port, "PGUSER=" PG_USER, "PGPASSWORD=" PG_PASSWORD,
		"PGDATABASE=shop", "PGAPPNAME=control", NULL };
	struct proc_spec spec = { .argv = argv, .env = env, .stdin_fd = -1 };
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err e;

	snprintf(env_port, sizeof env_port, "PGPORT=%s", port);
	snprintf(script, sizeof script, "B=/usr/lib/postgresql/15/bin; "
	    "$B/pg_dump -Fc -Z0 | { head -c 1000000; $B/psql -XAtq -d postgres -c \"SELECT pg_terminate_backend(pid)"
	    " FROM pg_stat_activity WHERE application_name = 'control' AND datname = 'shop'\" >&2; cat; } > %s/control",
	    scratch);
	assert_int_equal(proc_output(&out, 1 << 20, &spec, &e), 0);
	snprintf(script, sizeof script, "/usr/lib/postgresql/15/bin/pg_restore --list %s/control >&2", scratch);
	assert_int_equal(proc_output(&out, 1 << 20, &spec, &e), 0);
	snprintf(script, sizeof script, "/usr/lib/postgresql/15/bin/pg_restore -f /dev/null < %s/control", scratch);
	assert_int_equal(proc_output(&out, 1 << 20, &spec, &e), -1);
	snprintf(script, sizeof script, "rm %s/control", scratch);
	assert_int_equal(proc_output(&out, 1 << 20, &spec, &e), 0);
}

/* T14: the server goes away at 30 moments of the dump: each fails with its words, nothing is accepted. */
static void
T14_a_server_that_dies_fails_the_dump(void **state UNUSED)
{
	enum { MOMENTS = 30, BEHIND = 12 << 20 };
	int refused = 0, listed = 0;
	struct scene whole;
	struct err e;

	scene_begin(&whole, "shop");
	assert_int_equal(dump(&whole, &e), 0);
	assert_true(whole.bytes.n > 2 * BEHIND);
	for (int i = 0; i < MOMENTS; i++) {
		struct scene s;

		scene_begin(&s, "shop");
		/* What the pipes and sockets hold still arrives: strike before that. */
		s.threshold = (int64_t)rand_below(whole.bytes.n - BEHIND);
		s.meanwhile = i % 3 == 2 ? kill_postmaster : terminate_backend;
		assert_int_equal(dump(&s, &e), -1);
		assert_int_equal(s.times, 1);
		if (strstr(e.text, "server closed the connection unexpectedly") == NULL &&
		    strstr(e.text, "terminating connection") == NULL)
			fail_msg("not the server's words: %s", e.text);
		assert_int_equal(e.exit_code, 1);
		assert_memory_equal(e.text, "pg_dump ended with exit code 1: pg_dump: error: ", 48);
		refused += prove(&s, s.bytes.p, s.bytes.n, &e) == -1 && e.kind == ERR_DAMAGED;
		listed += list(s.bytes.p, s.bytes.n, &e) == 0;
		if (s.meanwhile == kill_postmaster)
			pg_act(&pg, "start");
		scene_end(&s);
	}
	print_message("T14: %d deaths, %d refused by prove(); control: pg_restore --list accepts %d\n",
	    MOMENTS, refused, listed);
	assert_int_equal(refused, MOMENTS);
	assert_true(listed > 0);
	pipe_accepts_what_was_cut_off(pg.port);
	scene_end(&whole);
}

/* T16: a dump cut anywhere is refused; the control, --list, accepts. */
static void
T16_prove_refuses_every_truncation(void **state UNUSED)
{
	enum { CUTS = 120, LAST = 40 };
	int refused = 0, listed = 0;
	struct scene s;
	struct err e;

	sql("postgres", "CREATE DATABASE small");
	sql("small", "CREATE TABLE a AS SELECT i, md5(i::text) FROM generate_series(1, 2000) i; CREATE VIEW v AS SELECT * FROM a");
	scene_begin(&s, "small");
	assert_int_equal(dump(&s, &e), 0);
	assert_int_equal(prove(&s, s.bytes.p, s.bytes.n, &e), 0);
	for (int i = 0; i < CUTS + LAST; i++) {
		size_t n = i < CUTS ? rand_below(s.bytes.n) : s.bytes.n - 1 - (size_t)(i - CUTS);

		refused += prove(&s, s.bytes.p, n, &e) == -1 && e.kind == ERR_DAMAGED;
		listed += list(s.bytes.p, n, &e) == 0;
	}
	print_message("T16 pg-custom: %d cuts, %d refused; control: pg_restore --list accepts %d\n", CUTS + LAST, refused,
	    listed);
	assert_int_equal(refused, CUTS + LAST);
	assert_true(listed > CUTS / 2);
	scene_end(&s);
}

/* T21: a tool that is missing, old, broken or lies is found before or at the first run, with the fix. */
static void
T21_wrong_tools_are_told_with_the_fix(void **state UNUSED)
{
	static const struct {
		const char *folder, *words;
		bool early;           /* prepare() and check() find it */
	} cases[] = {
		{ "pg-13", "pg_dump 13 cannot dump a PostgreSQL 15 server. Install a newer one with: "
		    "apt install postgresql-client-15", true },
		{ "pg-9.6", "pg_dump 9 cannot dump a PostgreSQL 15 server.", true },
		{ "pg-stranger", "which is no version of PostgreSQL", true },
		{ "pg-broken", "pg_dump ended with exit code 127: error while loading shared libraries: libpq.so.5", true },
		{ "pg-mismatch", "pg_dump ended with exit code 1: pg_dump: error: server version: 15.20; pg_dump version: 13.9 "
		    "pg_dump: error: aborting because of server version mismatch", false },
		{ "pg-silent", "pg_dump ended with exit code 0 but wrote nothing", false },
		{ "pg-plain", "what pg_dump wrote does not begin as a custom-format dump", false },
		{ "pg-short", "what pg_dump wrote does not begin as a custom-format dump", false },
		{ "pg-late", "pg_dump ended with exit code 3: pg_dump: error: out of breath", false },
		{ "pg-killed", "pg_dump was killed by signal 9 (Killed)", false },
	};
	int told = 0;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct source_facts facts;
		struct scene s;
		char *tools = realpath("tests/fake", NULL), *text;
		struct err e = { .text = "" };

		scene_begin(&s, "shop");
		setenv("LAZARETTE_TOOLS", arena_printf(s.a, "%s/%s", tools, cases[i].folder), 1);
		free(tools);
		if (cases[i].early) {
			assert_int_equal(src_postgresql_driver.check(&text, &s.src, &e), -1);
			assert_non_null(strstr(e.text, cases[i].words));
			assert_int_equal(src_postgresql_driver.prepare(&facts, &s.src, &e), -1);
		} else {
			assert_int_equal(src_postgresql_driver.prepare(&facts, &s.src, &e), 0);
			assert_int_equal(dump(&s, &e), -1);
		}
		if (strstr(e.text, cases[i].words) == NULL)
			fail_msg("%s: %s", cases[i].folder, e.text);
		told++;
		unsetenv("LAZARETTE_TOOLS");
		scene_end(&s);
	}
	print_message("T21: %d of %zu told at the first run\n", told, sizeof cases / sizeof cases[0]);
}

static int
begin(void **state UNUSED)
{
	pg_start(&pg);
	if (mkdtemp(scratch) == NULL)
		return -1;
	sql("postgres", "CREATE DATABASE shop");
	/* About 28 MB, which no buffer on the way holds; incompressible, in rows that are stored in line. */
	sql("shop", "CREATE TABLE item AS SELECT i AS id, now() AS added, (SELECT string_agg(md5(i::text || j), '')"
	    " FROM generate_series(1, 40) j) AS name FROM generate_series(1, 22000) i; ALTER TABLE item ADD PRIMARY KEY (id)");
	sql("shop", "CREATE TABLE empty (a int)");
	return 0;
}

static int
end(void **state UNUSED)
{
	pg_stop(&pg);
	return rmdir(scratch);
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
		cmocka_unit_test(an_unreachable_server_or_database_is_named),
		cmocka_unit_test(a_sink_that_fails_ends_the_dump),
		cmocka_unit_test(T61_the_password_is_in_no_arguments_log_or_error),
		cmocka_unit_test(T07_pg_dump_dies_with_the_job),
		cmocka_unit_test(T14_a_server_that_dies_fails_the_dump),
		cmocka_unit_test(T16_prove_refuses_every_truncation),
		cmocka_unit_test(T21_wrong_tools_are_told_with_the_fix),
	};

	return cmocka_run_group_tests_name("src_postgresql", tests, begin, end);
}
