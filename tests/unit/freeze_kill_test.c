/* freeze_kill_test.c: what is held is let go, whatever dies in between. */
#include "tests/unit/freezing.h"

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
		HOME_TEST(PLA_7_the_thaw_runs_wherever_the_job_is_killed),
		HOME_TEST(PLA_7_the_thaw_runs_whenever_the_job_is_killed),
		HOME_TEST(an_unwritten_freeze_would_stay),
		HOME_TEST(two_that_thaw_run_the_hook_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
