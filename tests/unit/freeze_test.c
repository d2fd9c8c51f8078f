/* freeze_test.c: consistent backups: what is held is let go, whatever happens in between. */
#include "tests/unit/job_home.h"

#include <signal.h>
#include <time.h>

#include "lib/base/clock.h"
#include "lib/store/freezes.h"
#include "lib/store/policies.h"
#include "lib/util/proc.h"
#include "worker/job/thaw.h"
#include "worker/thaws.h"

/* -- an application: it stands still while the file "frozen" is there -- */

static void
put_hook(struct job_home *h, const char *name, const char *body)
{
	const char *path = home_path(h, arena_printf(h->f.a, "hooks/%s", name));
	const char *text = arena_printf(h->f.a, "#!/bin/sh\ncd '%s' || exit 9\n%s\n", h->f.folder,
	    body);
	struct fixture *f = &h->f;

	OK(fd_make_path(home_path(h, "hooks"), &f->e));
	OK(fd_put_file(path, text, strlen(text), 0755, &f->e));
	assert_int_equal(chmod(path, 0755), 0);
}

static void
make_app(struct job_home *h)
{
	put_hook(h, "hold", "echo $LAZARETTE_STEP >>hooked; : >frozen");
	put_hook(h, "go", "echo $LAZARETTE_STEP $LAZARETTE_OUTCOME >>hooked; rm -f frozen");
	fixture_do(&h->f, "UPDATE environment SET hook_freeze='hold', hook_thaw='go'");
}

static const char *
hooked(struct job_home *h)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct fixture *f = &h->f;

	if (!home_has(h, "hooked"))
		return "";
	OK(fd_read_file(&text, home_path(h, "hooked"), 100000, &f->e));
	return arena_dupn(f->a, text.p, text.n);
}

static int
times(const char *text, const char *what)
{
	int n = 0;

	for (const char *at = text; (at = strstr(at, what)) != NULL; at += strlen(what))
		n++;
	return n;
}

static void
set_cap(struct job_home *h, const char *seconds)
{
	const struct policy_place at = { LEVEL_ENVIRONMENT, h->f.environment };
	struct fixture *f = &h->f;

	OK(policies_set(f->db, POLICY_FREEZE_SECONDS, &at, seconds, 0, &f->e));
}

/* -- a job and its supervisor -- */

static struct backup_ids
ask(struct job_home *h, enum backup_mode mode)
{
	struct fixture *f = &h->f;
	int64_t both[] = { f->database, f->media };
	struct backup_request rq = { .job = { f->environment, f->admin, NULL, false },
		.kind = BACKUP_ON_DEMAND, .note = "", .services = both, .service_count = 2,
		.mode = mode };
	struct backup_ids ids = { 0, 0 };

	OK(backups_request(&ids, f->db, &rq, &f->e));
	return ids;
}

static pid_t
start_job(struct job_home *h, const struct lease *l, const char *fault)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (fault != NULL)
			setenv("LAZARETTE_FAULT", fault, 1);
		setsid();
		exit(work_run(&h->conf, l));
	}
	return pid;
}

static int
wait_for(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static struct backup
done(struct job_home *h, enum backup_mode mode)
{
	struct backup_ids ids = ask(h, mode);
	struct lease l = fixture_claim(&h->f);

	assert_int_equal(l.job, ids.job);
	assert_int_equal(wait_for(start_job(h, &l, NULL)), 0);
	return home_backup_row(h, ids.backup);
}

static size_t
owed(struct job_home *h, struct freeze_row **rows)
{
	struct fixture *f = &h->f;
	size_t count;

	OK(freezes_owed(rows, &count, f->a, f->db, &f->e));
	return count;
}

/* What the supervisor does at each of its turns; returns how many thaws it had to start. */
static int
supervise(struct job_home *h, int64_t later_ms)
{
	struct freeze_row *rows;
	int started = 0;

	for (size_t n = owed(h, &rows), i = 0; i < n; i++) {
		pid_t pid;

		if (!thaws_due(&rows[i], thaw_guarded(&h->conf, rows[i].environment),
		        clock_now() + later_ms, 0))
			continue;
		started++;
		if ((pid = fork()) == 0) {
			unsetenv("LAZARETTE_FAULT");
			exit(thaw_main(&h->conf, rows[i].environment));
		}
		wait_for(pid);
	}
	return started;
}

static bool
log_says(struct job_home *h, int64_t job, const char *text)
{
	struct fixture *f = &h->f;
	struct job_line *lines;
	size_t n;

	OK(jobs_log_tail(&lines, &n, f->a, f->db, job, 100, &f->e));
	for (size_t i = 0; i < n; i++)
		if (strstr(lines[i].text, text) != NULL)
			return true;
	return false;
}

/* -- the two modes -- */

static void
PLA_7_a_consistent_backup_holds_the_application_and_records_for_how_long(void **state)
{
	struct job_home *h = *state;
	struct freeze_row *rows;
	struct backup b;

	make_app(h);
	b = done(h, MODE_CONSISTENT);
	assert_int_equal(b.state, BACKUP_READY);
	assert_int_equal(b.mode, MODE_CONSISTENT);
	assert_true(b.frozen_ms > 0 && b.frozen_ms < 60000);
	assert_string_equal(hooked(h), "freeze\nthaw read\n");
	assert_false(home_has(h, "frozen"));
	assert_int_equal(owed(h, &rows), 0);
	assert_true(log_says(h, b.job, "exit code 0"));
	assert_int_equal(b.warnings, 0);
}

static void
PLA_8_a_live_backup_runs_no_hook_and_is_marked(void **state)
{
	struct job_home *h = *state;
	struct backup b;

	make_app(h);
	b = done(h, MODE_LIVE);
	assert_int_equal(b.state, BACKUP_READY);
	assert_int_equal(b.mode, MODE_LIVE);
	assert_int_equal(b.frozen_ms, 0);
	assert_string_equal(hooked(h), "");
}

static void
without_a_hook_a_consistent_backup_is_a_live_one_and_says_so(void **state)
{
	struct job_home *h = *state;
	struct backup b = done(h, MODE_CONSISTENT);

	assert_int_equal(b.state, BACKUP_READY);
	assert_int_equal(b.mode, MODE_LIVE);
	assert_true(log_says(h, b.job, "no hook"));
	assert_true(b.warnings > 0);
}

/* What a stored object holds, as text. */
static const char *
stored(struct job_home *h, const char *key)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct fixture *f = &h->f;
	char *zstd;

	OK(proc_find(&zstd, f->a, "zstd", 0, &f->e));
	const char *const argv[] = { zstd, "-dcq",
		arena_printf(f->a, "%s/%s", h->conf.storage, key), NULL };
	struct proc_spec spec = { .argv = argv, .stdin_fd = -1 };

	OK(proc_output(&out, 1 << 20, &spec, &f->e));
	for (size_t i = 0; i < out.n; i++)
		if (out.p[i] == '\0')
			out.p[i] = ' ';
	return arena_dupn(f->a, out.p, out.n);
}

/* The application writes the same word into both of its stores, all the time that it may. */
static void
both_stores_say(struct job_home *h, const struct backup *b, const char *word, const char *not)
{
	struct fixture *f = &h->f;
	struct part *parts;
	size_t n;

	OK(backups_parts(&parts, &n, f->a, f->db, b->id, &f->e));
	assert_int_equal(n, 2);
	for (size_t i = 0; i < n; i++) {
		const char *text = stored(h, parts[i].data.key);

		assert_int_equal(times(text, word) > 0, *word != '\0');
		assert_int_equal(times(text, not), 0);
	}
}

static void
all_parts_are_of_the_moment_that_was_held(void **state)
{
	static const char write[] =
	    "python3 -c 'import sqlite3, sys; c=sqlite3.connect(\"data/app.db\");"
	    " c.execute(\"UPDATE note SET text=?\", (sys.argv[1],)); c.commit()' %s &&"
	    " echo %s >data/media/a.txt && echo %s >data/media/img/b.bin";
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	struct backup b;

	make_app(h);
	/* "onlyheld" is there from the freeze to the thaw and never else. */
	put_hook(h, "hold", arena_printf(f->a, write, "onlyheld", "onlyheld", "onlyheld"));
	put_hook(h, "go", arena_printf(f->a, write, "runagain", "runagain", "runagain"));
	b = done(h, MODE_CONSISTENT);
	assert_int_equal(b.mode, MODE_CONSISTENT);
	both_stores_say(h, &b, "onlyheld", "runagain");
	/* The control: a live one sees what is there by chance. */
	b = done(h, MODE_LIVE);
	both_stores_say(h, &b, "runagain", "onlyheld");
}

/* -- hooks that fail -- */

static void
PEER_21_a_freeze_that_fails_means_no_backup_and_yet_a_thaw(void **state)
{
	struct job_home *h = *state;
	struct backup_ids ids;
	struct job job;
	struct lease l;

	make_app(h);
	put_hook(h, "hold", "echo freeze >>hooked; : >frozen; echo no >&2; exit 7");
	ids = ask(h, MODE_CONSISTENT);
	l = fixture_claim(&h->f);
	assert_int_equal(wait_for(start_job(h, &l, NULL)), 0);
	job = home_job_row(h, ids.job);
	assert_int_equal(job.state, JOB_FAILED);
	assert_non_null(strstr(job.error, "no backup was taken"));
	assert_non_null(strstr(job.error, "exit code 7"));
	assert_int_equal(job.exit_code, 7);
	assert_int_equal(home_backup_row(h, ids.backup).state, BACKUP_FAILED);
	assert_string_equal(hooked(h), "freeze\nthaw read\n");
	assert_false(home_has(h, "frozen"));
	assert_int_equal(home_objects(h), 0);
}

static void
PEER_21_a_thaw_that_fails_is_owed_until_it_works(void **state)
{
	struct job_home *h = *state;
	struct freeze_row *rows;
	struct backup b;

	make_app(h);
	put_hook(h, "go", "echo try >>hooked; echo busy >&2; exit 3");
	b = done(h, MODE_CONSISTENT);
	assert_int_equal(b.state, BACKUP_READY);
	assert_true(log_says(h, b.job, "exit code 3"));
	assert_int_equal(owed(h, &rows), 1);
	assert_int_equal(rows[0].tries, 1);
	assert_non_null(strstr(rows[0].error, "exit code 3"));
	/* Not at once, but soon, and again. */
	assert_int_equal(supervise(h, 0), 0);
	assert_int_equal(supervise(h, 6000), 1);
	assert_int_equal(owed(h, &rows), 1);
	assert_int_equal(rows[0].tries, 2);
	put_hook(h, "go", "echo thaw >>hooked; rm -f frozen");
	assert_int_equal(supervise(h, 60000), 1);
	assert_int_equal(owed(h, &rows), 0);
	assert_false(home_has(h, "frozen"));
	assert_string_equal(hooked(h), "freeze\ntry\ntry\nthaw\n");
}

static void
a_freeze_hook_past_the_cap_is_stopped_and_thawed(void **state)
{
	struct job_home *h = *state;
	struct backup_ids ids;
	struct lease l;
	int64_t began;

	make_app(h);
	set_cap(h, "1");
	put_hook(h, "hold", ": >frozen; exec sleep 600");
	ids = ask(h, MODE_CONSISTENT);
	l = fixture_claim(&h->f);
	began = clock_mono();
	assert_int_equal(wait_for(start_job(h, &l, NULL)), 0);
	assert_true(clock_mono() - began < 20000);
	assert_int_equal(home_job_row(h, ids.job).state, JOB_FAILED);
	assert_false(home_has(h, "frozen"));
}

/* -- the cap -- */

/* Reading takes longer than the site may stand still: it comes back, and the backup says so. */
static void
the_cap_lets_go_while_the_backup_goes_on(void **state)
{
	struct job_home *h = *state;
	struct backup_ids ids;
	struct backup b;
	struct lease l;
	pid_t pid;

	make_app(h);
	set_cap(h, "2");
	ids = ask(h, MODE_CONSISTENT);
	l = fixture_claim(&h->f);
	/* Ten seconds between two parts. */
	pid = start_job(h, &l, "freeze.part_taken:sleep:1");
	while (!home_has(h, "frozen"))
		clock_sleep(20);
	for (int64_t began = clock_mono(); home_has(h, "frozen"); clock_sleep(20))
		assert_true(clock_mono() - began < 6000);
	assert_int_equal(home_job_row(h, ids.job).state, JOB_RUNNING);
	assert_int_equal(wait_for(pid), 0);
	b = home_backup_row(h, ids.backup);
	assert_int_equal(b.state, BACKUP_READY);
	assert_int_equal(b.mode, MODE_LIVE);
	assert_true(b.frozen_ms >= 2000 && b.frozen_ms < 6000);
	assert_true(b.warnings > 0);
	assert_true(log_says(h, b.job, "before all was read"));
	assert_string_equal(hooked(h), "freeze\nthaw cap\n");
}

/* A job that hangs as a whole, its own watch with it. */
static void
a_stuck_job_is_thawed_by_the_supervisor(void **state)
{
	struct job_home *h = *state;
	struct backup_ids ids;
	struct backup b;
	struct lease l;
	int status;
	pid_t pid;

	make_app(h);
	set_cap(h, "1");
	ids = ask(h, MODE_CONSISTENT);
	l = fixture_claim(&h->f);
	pid = start_job(h, &l, "freeze.part_taken:stop:1");
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	clock_sleep(1500);
	/* Not before its time and the job's own grace are over: the job might do it still. */
	assert_true(home_has(h, "frozen"));
	assert_int_equal(supervise(h, 0), 0);
	assert_int_equal(supervise(h, 12000), 1);
	assert_false(home_has(h, "frozen"));
	/* It wakes up and finds that it is a live one. */
	kill(pid, SIGCONT);
	assert_int_equal(wait_for(pid), 0);
	b = home_backup_row(h, ids.backup);
	assert_int_equal(b.state, BACKUP_READY);
	assert_int_equal(b.mode, MODE_LIVE);
	assert_true(log_says(h, b.job, "by the supervisor"));
	assert_string_equal(hooked(h), "freeze\nthaw cap\n");
}

static void
the_supervisor_steps_in_when_it_must(void **state)
{
	struct freeze_row row = { .at = 1000000, .until = 1030000 };

	(void)state;
	assert_false(thaws_due(&row, true, 1029000, 0));
	assert_false(thaws_due(&row, true, 1039000, 0));
	assert_true(thaws_due(&row, true, 1040000, 0));
	assert_true(thaws_due(&row, false, 1000001, 0));
	/* The wall clock was set back: the other clock counts. */
	assert_false(thaws_due(&row, true, 900000, 30000));
	assert_true(thaws_due(&row, true, 900000, 40000));
	/* One that failed waits for its next turn, unless that lies in another age. */
	row.next = 1000000 + 5000;
	assert_false(thaws_due(&row, false, 1001000, 0));
	assert_true(thaws_due(&row, false, 1005000, 0));
	row.next = 1000000 + INT64_C(86400000);
	assert_true(thaws_due(&row, false, 1001000, 0));
}

/* -- kills -- */

static const char *const points[] = {
	"freeze.written", "freeze.hook_ran", "keep.before_check", "keep.before_commit",
	"keep.published", "keep.dumped", "freeze.part_taken", "freeze.read", "thaw.begun",
	"thaw.hook_ran", "freeze.over", "backup.after_part", "backup.before_sidecar",
	"backup.sidecar_published", "backup.before_finish",
};
enum { POINTS = sizeof points / sizeof points[0], ROUNDS = 3 };

/* A job dies at a point; whoever comes next lets go. Then the backup is made after all. */
static void
killed_at(struct job_home *h, const char *fault)
{
	struct fixture *f = &h->f;
	struct backup_ids ids = ask(h, MODE_CONSISTENT);
	struct lease l = fixture_claim(f);
	int freezes = times(hooked(h), "freeze\n"), thaws = times(hooked(h), "thaw ");
	struct freeze_row *rows;
	struct backup b;
	bool again;
	int status = wait_for(start_job(h, &l, fault));

	if (WIFSIGNALED(status)) {
		supervise(h, 0);
		assert_false(home_has(h, "frozen"));
		assert_int_equal(owed(h, &rows), 0);
		OK(jobs_died(&again, f->db, &l, "signal 9", &f->e));
		assert_true(again);
		fixture_do(f, "UPDATE job SET run_at=0 WHERE state='queued'");
		l = fixture_claim(f);
		assert_int_equal(wait_for(start_job(h, &l, NULL)), 0);
	}
	b = home_backup_row(h, ids.backup);
	assert_int_equal(b.state, BACKUP_READY);
	assert_int_equal(b.mode, MODE_CONSISTENT);
	assert_false(home_has(h, "frozen"));
	assert_int_equal(owed(h, &rows), 0);
	freezes = times(hooked(h), "freeze\n") - freezes;
	thaws = times(hooked(h), "thaw ") - thaws;
	/* One each: only who dies between the hook and the note of it makes it run twice; who dies
	 * before the freeze's hook has one thaw more. */
	assert_in_range(thaws, freezes, freezes + 1);
	if (strncmp(fault, "thaw.hook_ran", 13) != 0 && strncmp(fault, "freeze.written", 14) != 0)
		assert_int_equal(thaws, freezes);
}

static void
PLA_7_the_thaw_runs_wherever_the_job_is_killed(void **state)
{
	struct job_home *h = *state;
	int kills = 0;

	make_app(h);
	for (int round = 1; round <= ROUNDS; round++)
		for (size_t i = 0; i < POINTS; i++, kills++)
			killed_at(h, arena_printf(h->f.a, "%s:kill:%d", points[i],
			    round == 3 ? 1 : round));
	assert_true(kills >= 40);
}

/* At any moment, in the middle of a hook as well. */
static void
PLA_7_the_thaw_runs_whenever_the_job_is_killed(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	struct freeze_row *rows;

	make_app(h);
	put_hook(h, "hold", "echo freeze >>hooked; : >frozen; sleep 0.1");
	put_hook(h, "go", "sleep 0.1; rm -f frozen");
	for (int i = 0; i < 20; i++) {
		struct backup_ids ids = ask(h, MODE_CONSISTENT);
		struct lease l = fixture_claim(f);
		pid_t pid = start_job(h, &l, NULL);

		clock_sleep(20 + i * 20);
		kill(pid, SIGKILL);
		wait_for(pid);
		/* The hook that was in work ends with its job. */
		clock_sleep(50);
		supervise(h, 0);
		assert_false(home_has(h, "frozen"));
		assert_int_equal(owed(h, &rows), 0);
		fixture_do(f, "UPDATE job SET cancel_asked=1 WHERE state='running'");
		if (home_job_row(h, ids.job).state == JOB_RUNNING) {
			struct err why;

			err_set(&why, ERR_CANCELLED, "cancelled");
			OK(jobs_fail(f->db, &l, &why, &f->e));
		}
	}
	assert_true(times(hooked(h), "freeze\n") > 0);
}

/* The control of both: without what was written down nobody would know. */
static void
an_unwritten_freeze_would_stay(void **state)
{
	struct job_home *h = *state;
	struct lease l;

	make_app(h);
	ask(h, MODE_CONSISTENT);
	l = fixture_claim(&h->f);
	assert_true(WIFSIGNALED(wait_for(start_job(h, &l, "freeze.hook_ran:kill"))));
	assert_true(home_has(h, "frozen"));
	fixture_do(&h->f, "UPDATE environment SET frozen_at=0");
	assert_int_equal(supervise(h, 0), 0);
	assert_int_equal(supervise(h, 3600 * 1000), 0);
	assert_true(home_has(h, "frozen"));
}

/* Also of two that come at once only one runs the hook. */
static void
two_that_thaw_run_the_hook_once(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	struct lease l;
	pid_t pids[4];

	make_app(h);
	put_hook(h, "go", "echo thaw >>hooked; sleep 0.3; rm -f frozen");
	ask(h, MODE_CONSISTENT);
	l = fixture_claim(f);
	assert_true(WIFSIGNALED(wait_for(start_job(h, &l, "freeze.hook_ran:kill"))));
	for (int i = 0; i < 4; i++)
		if ((pids[i] = fork()) == 0)
			exit(thaw_main(&h->conf, f->environment));
	for (int i = 0; i < 4; i++)
		assert_int_equal(wait_for(pids[i]), 0);
	assert_string_equal(hooked(h), "freeze\nthaw\n");
	assert_false(home_has(h, "frozen"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HOME_TEST(PLA_7_a_consistent_backup_holds_the_application_and_records_for_how_long),
		HOME_TEST(PLA_8_a_live_backup_runs_no_hook_and_is_marked),
		HOME_TEST(without_a_hook_a_consistent_backup_is_a_live_one_and_says_so),
		HOME_TEST(all_parts_are_of_the_moment_that_was_held),
		HOME_TEST(PEER_21_a_freeze_that_fails_means_no_backup_and_yet_a_thaw),
		HOME_TEST(PEER_21_a_thaw_that_fails_is_owed_until_it_works),
		HOME_TEST(a_freeze_hook_past_the_cap_is_stopped_and_thawed),
		HOME_TEST(the_cap_lets_go_while_the_backup_goes_on),
		HOME_TEST(a_stuck_job_is_thawed_by_the_supervisor),
		cmocka_unit_test(the_supervisor_steps_in_when_it_must),
		HOME_TEST(PLA_7_the_thaw_runs_wherever_the_job_is_killed),
		HOME_TEST(PLA_7_the_thaw_runs_whenever_the_job_is_killed),
		HOME_TEST(an_unwritten_freeze_would_stay),
		HOME_TEST(two_that_thaw_run_the_hook_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
