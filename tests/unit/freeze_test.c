/* freeze_test.c: consistent backups: all parts are of one moment, and the application goes on. */
#include "tests/unit/freezing.h"

#include "worker/job/report.h"

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

/* -- the window -- */

static void
PLA_29_a_scheduled_consistent_backup_waits_for_the_window(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	const struct policy_place at = { LEVEL_ENVIRONMENT, f->environment };
	int64_t now = clock_now(), hour = now / 3600000 % 24;
	struct backup_request rq = { .job = { f->environment, 0, NULL, false },
		.kind = BACKUP_SCHEDULED, .services = &f->media, .service_count = 1,
		.mode = MODE_CONSISTENT };
	struct backup_ids waits, live;
	int64_t run_at;
	char *why;

	OK(policies_set(f->db, POLICY_ZONE, &at, "UTC", 0, &f->e));
	OK(policies_set(f->db, POLICY_WINDOW, &at, arena_printf(f->a, "%02d:00-%02d:00",
	    (int)((hour + 3) % 24), (int)((hour + 5) % 24)), 0, &f->e));
	OK(backups_request(&waits, f->db, &rq, &f->e));
	run_at = fixture_number(f, "SELECT run_at FROM job ORDER BY id DESC LIMIT 1");
	assert_int_equal(run_at, (now / 3600000 + 3) * 3600000);
	assert_int_equal(fixture_claim(f).job, 0);
	OK(jobs_waiting_for(&why, f->a, f->db, waits.job, &f->e));
	assert_non_null(strstr(why, "waits until "));
	/* So does a plan that is run now: nobody said that the application may be paused by day. */
	fixture_do(f, "INSERT INTO schedule (id, uuid, environment, name, cron, created_at) VALUES"
	              " (1, 's', 1, 'Nightly', '0 2 * * *', 1)");
	rq.kind = BACKUP_ON_DEMAND;
	rq.schedule = 1;
	OK(backups_request(&waits, f->db, &rq, &f->e));
	assert_int_equal(fixture_number(f, "SELECT run_at FROM job ORDER BY id DESC LIMIT 1"),
	    run_at);
	rq.kind = BACKUP_SCHEDULED;
	rq.schedule = 0;
	/* PLA-10: a live one does not. */
	rq.mode = MODE_LIVE;
	OK(backups_request(&live, f->db, &rq, &f->e));
	assert_int_equal(fixture_claim(f).job, live.job);
}

/* A window of two hours that opens so many hours from now on; 0: it is open. */
static int64_t
set_window(struct job_home *h, int in)
{
	const struct policy_place at = { LEVEL_ENVIRONMENT, h->f.environment };
	struct fixture *f = &h->f;
	int64_t now = clock_now(), hour = now / 3600000 % 24;

	OK(policies_set(f->db, POLICY_ZONE, &at, "UTC", 0, &f->e));
	OK(policies_set(f->db, POLICY_WINDOW, &at, arena_printf(f->a, "%02d:00-%02d:00",
	    (int)((hour + in) % 24), (int)((hour + in + 2) % 24)), 0, &f->e));
	return (now / 3600000 + in) * 3600000;
}

/* Asked for in its window; its turn comes when that is over. */
static void
PLA_29_one_whose_turn_comes_too_late_waits_for_the_next_window(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	struct backup_request rq = { .job = { f->environment, 0, NULL, false },
		.kind = BACKUP_SCHEDULED, .services = &f->media, .service_count = 1,
		.mode = MODE_CONSISTENT };
	struct backup_ids ids;
	struct lease l;
	int64_t opens;

	make_app(h);
	set_window(h, 0);
	OK(backups_request(&ids, f->db, &rq, &f->e));
	l = fixture_claim(f);
	assert_int_equal(l.job, ids.job);
	opens = set_window(h, 3);
	assert_int_equal(WEXITSTATUS(wait_for(start_job(h, &l, NULL))), REPORT_FENCED);
	assert_string_equal(hooked(h), "");
	assert_int_equal(home_job_row(h, ids.job).state, JOB_QUEUED);
	assert_int_equal(home_job_row(h, ids.job).started_at, 0);
	assert_int_equal(home_job_row(h, ids.job).deaths, 0);
	assert_int_equal(home_backup_row(h, ids.backup).state, BACKUP_BUILDING);
	assert_int_equal(fixture_number(f, "SELECT run_at FROM job"), opens);
	assert_true(log_says(h, ids.job, "its turn came outside the window"));
	assert_int_equal(fixture_claim(f).job, 0);
	/* When it opens the backup is made, with the application held. */
	set_window(h, 0);
	fixture_do(f, "UPDATE job SET run_at=0");
	l = fixture_claim(f);
	assert_int_equal(wait_for(start_job(h, &l, NULL)), 0);
	assert_int_equal(home_backup_row(h, ids.backup).state, BACKUP_READY);
	assert_string_equal(hooked(h), "freeze\nthaw read\n");
}

/* By hand, while the window was open, so nobody was asked. */
static void
PLA_29_one_by_hand_that_comes_too_late_waits_as_well(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	struct backup_ids ids;
	struct lease l;
	int64_t opens;

	make_app(h);
	ids = ask(h, MODE_CONSISTENT);
	l = fixture_claim(f);
	/* It was asked for when the window was open: four hours ago. */
	opens = set_window(h, 20);
	fixture_do(f, "UPDATE backup SET created_at=created_at-4*3600000");
	assert_int_equal(WEXITSTATUS(wait_for(start_job(h, &l, NULL))), REPORT_FENCED);
	assert_string_equal(hooked(h), "");
	assert_int_equal(home_job_row(h, ids.job).state, JOB_QUEUED);
	assert_int_equal(fixture_number(f, "SELECT run_at FROM job"), opens);
}

/* Somebody ticked that the application may be paused now: whenever that is. */
static void
PLA_29_one_that_was_allowed_now_does_not_wait_for_a_window(void **state)
{
	struct job_home *h = *state;
	struct backup b;

	make_app(h);
	set_window(h, 3);
	b = done(h, MODE_CONSISTENT);
	assert_int_equal(b.state, BACKUP_READY);
	assert_int_equal(b.mode, MODE_CONSISTENT);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HOME_TEST(PLA_7_a_consistent_backup_holds_the_application_and_records_for_how_long),
		HOME_TEST(PLA_8_a_live_backup_runs_no_hook_and_is_marked),
		HOME_TEST(without_a_hook_a_consistent_backup_is_a_live_one_and_says_so),
		HOME_TEST(all_parts_are_of_the_moment_that_was_held),
		HOME_TEST(PLA_29_a_scheduled_consistent_backup_waits_for_the_window),
		HOME_TEST(PLA_29_one_whose_turn_comes_too_late_waits_for_the_next_window),
		HOME_TEST(PLA_29_one_by_hand_that_comes_too_late_waits_as_well),
		HOME_TEST(PLA_29_one_that_was_allowed_now_does_not_wait_for_a_window),
		HOME_TEST(PEER_21_a_freeze_that_fails_means_no_backup_and_yet_a_thaw),
		HOME_TEST(PEER_21_a_thaw_that_fails_is_owed_until_it_works),
		HOME_TEST(a_freeze_hook_past_the_cap_is_stopped_and_thawed),
		HOME_TEST(the_cap_lets_go_while_the_backup_goes_on),
		HOME_TEST(a_stuck_job_is_thawed_by_the_supervisor),
		cmocka_unit_test(the_supervisor_steps_in_when_it_must),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
