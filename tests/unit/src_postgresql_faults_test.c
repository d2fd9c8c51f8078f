/* src_postgresql_faults_test.c: servers that die, dumps that are cut, tools that lie, jobs that are
 * killed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/stat.h>

#include "lib/base/rand.h"
#include "tests/unit/pg_scene.h"

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
		if (strspn(entry->d_name, "0123456789") > 0 &&
		    fd_read_file(&line, path, 1 << 20, &e) == 0)
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
	if (scene_dump(&s, &e) != 0)
		fail_msg("%s", e.text);
	assert_true(s.times > 0);
	assert_null(memmem(s.bytes.p, s.bytes.n, canary, strlen(canary)));
	assert_int_equal(count_in(scratch), 0);
	/* A server that repeats it in an error: it is starred out in the log and the error. */
	s.service.settings.database = canary;
	assert_int_equal(scene_dump(&s, &e), -1);
	assert_non_null(strstr(e.text, "database \"***\" does not exist"));
	assert_non_null(strstr(s.said.p, "database \"***\" does not exist"));
	assert_null(strstr(s.said.p, "canary-61"));
	assert_int_equal(proc_start(&control, &spec, &e), 0);
	assert_true(in_any_cmdline(canary));
	scene_end(&s);
}

static int
break_off(struct scene *s)
{
	return s->bytes.n > 1000000 ? -1 : 0;
}

/* T07: who asked for the dump is killed; pg_dump and its locks are gone within two seconds. */
static void
T07_pg_dump_dies_with_the_job(void **state UNUSED)
{
	static const char alive[] =
	    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lazarette'";
	bool seen = false;
	struct scene s;
	struct err e;
	pid_t job;

	scene_begin(&s, "shop");
	/* Again and again, so that one is certainly there to be killed. */
	job = fork();
	if (job == 0) {
		s.meanwhile = break_off;
		while (scene_dump(&s, &e) != 0)
			;
		_exit(0);
	}
	/* Between two of them there is none, so the first look that sees one is enough. */
	for (int i = 0; i < 500 && !seen; i++) {
		seen = strcmp(answer(s.a, "postgres", alive), "0") != 0;
		clock_sleep(2);
	}
	assert_true(seen);
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
		sql("postgres",
		    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name "
		    "= 'lazarette'");
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
	const char *const env[] = { "PGHOST=127.0.0.1", env_port, "PGUSER=" PG_USER,
		"PGPASSWORD=" PG_PASSWORD, "PGDATABASE=shop", "PGAPPNAME=control", NULL };
	struct proc_spec spec = { .argv = argv, .env = env, .stdin_fd = -1 };
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err e;

	snprintf(env_port, sizeof env_port, "PGPORT=%s", port);
	snprintf(script, sizeof script,
	    "B=/usr/lib/postgresql/15/bin; "
	    "$B/pg_dump -Fc -Z0 | { head -c 1000000; $B/psql -XAtq -d postgres -c \"SELECT "
	    "pg_terminate_backend(pid)"
	    " FROM pg_stat_activity WHERE application_name = 'control' AND datname = 'shop'\" >&2; "
	    "cat; } > %s/control",
	    scratch);
	assert_int_equal(proc_output(&out, 1 << 20, &spec, &e), 0);
	snprintf(script, sizeof script,
	    "/usr/lib/postgresql/15/bin/pg_restore --list %s/control >&2", scratch);
	assert_int_equal(proc_output(&out, 1 << 20, &spec, &e), 0);
	snprintf(script, sizeof script,
	    "/usr/lib/postgresql/15/bin/pg_restore -f /dev/null < %s/control", scratch);
	assert_int_equal(proc_output(&out, 1 << 20, &spec, &e), -1);
	snprintf(script, sizeof script, "rm %s/control", scratch);
	assert_int_equal(proc_output(&out, 1 << 20, &spec, &e), 0);
}

/* T14: the server goes away at 30 moments of the dump: each fails with its words, nothing is
 * accepted. */
static void
T14_a_server_that_dies_fails_the_dump(void **state UNUSED)
{
	enum { MOMENTS = 30, BEHIND = 12 << 20 };
	int refused = 0, listed = 0, late = 0;
	struct scene whole;
	struct err e;

	scene_begin(&whole, "shop");
	assert_int_equal(scene_dump(&whole, &e), 0);
	assert_true(whole.bytes.n > 2 * BEHIND);
	for (int i = 0; i < MOMENTS; i++) {
		struct scene s;

		scene_begin(&s, "shop");
		/* What the pipes and sockets hold still arrives: strike before that. */
		s.threshold = (int64_t)rand_below(whole.bytes.n - BEHIND);
		s.meanwhile = i % 3 == 2 ? kill_postmaster : terminate_backend;
		if (scene_dump(&s, &e) == 0) {
			/* All had left the server before it was struck: then the dump is whole. */
			assert_int_equal(scene_prove(&s, s.bytes.p, s.bytes.n, &e), 0);
			assert_int_equal(s.bytes.n, whole.bytes.n);
			assert_true(++late < MOMENTS / 3);
			if (s.meanwhile == kill_postmaster)
				pg_act(&pg, "start");
			scene_end(&s);
			i--;
			continue;
		}
		assert_int_equal(s.times, 1);
		if (strstr(e.text, "server closed the connection unexpectedly") == NULL &&
		    strstr(e.text, "terminating connection") == NULL)
			fail_msg("not the server's words: %s", e.text);
		assert_int_equal(e.exit_code, 1);
		assert_memory_equal(e.text, "pg_dump ended with exit code 1: pg_dump: error: ", 48);
		refused += scene_prove(&s, s.bytes.p, s.bytes.n, &e) == -1 && e.kind == ERR_DAMAGED;
		listed += list(s.bytes.p, s.bytes.n, &e) == 0;
		if (s.meanwhile == kill_postmaster)
			pg_act(&pg, "start");
		scene_end(&s);
	}
	print_message("T14: %d deaths, %d refused by prove(); control: pg_restore --list accepts "
	              "%d\n",
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
	sql("small",
	    "CREATE TABLE a AS SELECT i, md5(i::text) FROM generate_series(1, 2000) i; CREATE VIEW "
	    "v AS SELECT * FROM a");
	scene_begin(&s, "small");
	assert_int_equal(scene_dump(&s, &e), 0);
	assert_int_equal(scene_prove(&s, s.bytes.p, s.bytes.n, &e), 0);
	for (int i = 0; i < CUTS + LAST; i++) {
		size_t n = i < CUTS ? rand_below(s.bytes.n) : s.bytes.n - 1 - (size_t)(i - CUTS);

		refused += scene_prove(&s, s.bytes.p, n, &e) == -1 && e.kind == ERR_DAMAGED;
		listed += list(s.bytes.p, n, &e) == 0;
	}
	print_message("T16 pg-custom: %d cuts, %d refused; control: pg_restore --list accepts %d\n",
	    CUTS + LAST, refused, listed);
	assert_int_equal(refused, CUTS + LAST);
	assert_true(listed > CUTS / 2);
	scene_end(&s);
}

/* T21: a tool that is missing, old, broken or lies is found before or at the first run, with the
 * fix. */
static void
T21_wrong_tools_are_told_with_the_fix(void **state UNUSED)
{
	static const struct {
		const char *folder, *words;
		bool early;           /* prepare() and check() find it */
	} cases[] = {
		{ "pg-13",
		    "pg_dump 13 cannot dump a PostgreSQL 15 server. Install a newer one with: "
		    "apt install postgresql-client-15",
		    true },
		{ "pg-9.6", "pg_dump 9 cannot dump a PostgreSQL 15 server.", true },
		{ "pg-stranger", "which is no version of PostgreSQL", true },
		{ "pg-broken",
		    "pg_dump ended with exit code 127: error while loading shared libraries: "
		    "libpq.so.5",
		    true },
		{ "pg-mismatch",
		    "pg_dump ended with exit code 1: pg_dump: error: server version: 15.20; "
		    "pg_dump version: 13.9 "
		    "pg_dump: error: aborting because of server version mismatch",
		    false },
		{ "pg-silent", "pg_dump ended with exit code 0 but wrote nothing", false },
		{ "pg-plain", "what pg_dump wrote does not begin as a custom-format dump", false },
		{ "pg-short", "what pg_dump wrote does not begin as a custom-format dump", false },
		{ "pg-late", "pg_dump ended with exit code 3: pg_dump: error: out of breath",
		    false },
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
			assert_int_equal(scene_dump(&s, &e), -1);
		}
		if (strstr(e.text, cases[i].words) == NULL)
			fail_msg("%s: %s", cases[i].folder, e.text);
		told++;
		unsetenv("LAZARETTE_TOOLS");
		scene_end(&s);
	}
	print_message("T21: %d of %zu told at the first run\n", told,
	    sizeof cases / sizeof cases[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(T61_the_password_is_in_no_arguments_log_or_error),
		cmocka_unit_test(T07_pg_dump_dies_with_the_job),
		cmocka_unit_test(T14_a_server_that_dies_fails_the_dump),
		cmocka_unit_test(T16_prove_refuses_every_truncation),
		cmocka_unit_test(T21_wrong_tools_are_told_with_the_fix),
	};

	return cmocka_run_group_tests_name("src_postgresql_faults", tests, begin, end);
}
