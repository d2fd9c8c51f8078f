/* do_prune_test.c: what the keep rule lets go moves to the trash, with real backups. */
#include "tests/unit/job_home.h"

#include <signal.h>

#include "lib/store/events.h"
#include "lib/store/policies.h"
#include "lib/store/retention.h"
#include "worker/pruner.h"
#include "worker/sweep.h"

static void
set_rule(struct job_home *h, const char *rule)
{
	struct fixture *f = &h->f;
	const struct policy_place at = { LEVEL_PROJECT, f->project };

	OK(policies_set(f->db, POLICY_RETENTION, &at, rule, f->admin, &f->e));
}

static void
set_trash_days(struct job_home *h, const char *days)
{
	struct fixture *f = &h->f;
	const struct policy_place at = { LEVEL_ENVIRONMENT, f->environment };

	OK(policies_set(f->db, POLICY_TRASH_DAYS, &at, days, f->admin, &f->e));
}

/* The supervisor's turn and the job it makes; 0 when it made none. */
static int64_t
prune(struct job_home *h)
{
	struct fixture *f = &h->f;
	struct lease l;

	OK(pruner_step(f->db, &h->conf, clock_now(), &f->e));
	l = fixture_claim(f);
	if (l.job == 0)
		return 0;
	assert_int_equal(home_job_row(h, l.job).kind, JOB_PRUNE);
	assert_int_equal(home_work(h, &l), 0);
	assert_int_equal(home_job_row(h, l.job).state, JOB_SUCCEEDED);
	return l.job;
}

static bool
log_has(struct job_home *h, int64_t job, const char *words)
{
	struct fixture *f = &h->f;
	struct job_line *lines;
	size_t n;

	OK(jobs_log_tail(&lines, &n, f->a, f->db, job, 50, &f->e));
	for (size_t i = 0; i < n; i++)
		if (strstr(lines[i].text, words) != NULL)
			return true;
	return false;
}

/* In the catalogue, and after the days of the trash on disk. */
static void
SCU_11_exactly_the_newest_3_remain_in_catalogue_and_on_disk(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t ids[5], each, job = 0;

	set_rule(h, "last=3 on-demand=together min-age=0");
	set_trash_days(h, "1");
	for (int i = 0; i < 5; i++) {
		ids[i] = home_backup(h, 0);
		job = prune(h);
		assert_int_equal(job != 0, i >= 3);
	}
	each = home_objects(h) / 5;
	for (int i = 0; i < 5; i++)
		assert_int_equal(home_backup_row(h, ids[i]).state,
		    i < 2 ? BACKUP_TRASHED : BACKUP_READY);
	assert_string_equal(home_backup_row(h, ids[0]).trashed_why, "not among the newest 3");
	assert_true(log_has(h, job, "1 backup ("));
	/* Nothing has left the disk; then the days are over. */
	OK(sweep_once(&h->conf, f->db, 0, &f->e));
	assert_int_equal(home_objects(h), 5 * each);
	fixture_do(f, "UPDATE backup SET trashed_at=trashed_at-90000000 WHERE state='trashed'");
	OK(sweep_once(&h->conf, f->db, 0, &f->e));
	/* The first pack of the media stays, for all that came after it need it. */
	assert_int_equal(home_objects(h), 3 * each + 1);
	for (int i = 0; i < 5; i++)
		assert_int_equal(home_backup_row(h, ids[i]).state,
		    i < 2 ? BACKUP_DELETED : BACKUP_READY);
	assert_int_equal(prune(h), 0);
}

/* A failed run takes no place, and pushes out nothing. */
static void
SCU_11_failed_runs_never_evict(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t ids[3];

	set_rule(h, "last=3 on-demand=together min-age=0");
	for (int i = 0; i < 3; i++)
		ids[i] = home_backup(h, f->media);
	OK(rename(home_path(h, "data/media"), home_path(h, "data/away")));
	for (int i = 0; i < 4; i++) {
		int64_t failed = home_backup(h, f->media);

		assert_int_equal(home_backup_row(h, failed).state, BACKUP_FAILED);
		fixture_do(f, "UPDATE environment SET pruned_at=0");
		assert_int_equal(prune(h), 0);
	}
	for (int i = 0; i < 3; i++)
		assert_int_equal(home_backup_row(h, ids[i]).state, BACKUP_READY);
}

/* Killed between two backups, the job is done again to its end. */
static void
a_prune_that_was_killed_goes_on(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t ids[4];
	struct lease l;
	bool again;
	int status;
	pid_t pid;

	set_rule(h, "last=1 on-demand=together min-age=0");
	for (int i = 0; i < 4; i++)
		ids[i] = home_backup(h, f->media);
	OK(pruner_step(f->db, &h->conf, clock_now(), &f->e));
	l = fixture_claim(f);
	pid = fork();
	if (pid == 0) {
		setenv("LAZARETTE_FAULT", "prune.trashed:kill:2", 1);
		exit(work_run(&h->conf, &l));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(home_backup_row(h, ids[1]).state, BACKUP_TRASHED);
	assert_int_equal(home_backup_row(h, ids[2]).state, BACKUP_READY);
	OK(jobs_died(&again, f->db, &l, "killed", &f->e));
	assert_true(again);
	fixture_do(f, "UPDATE job SET run_at=0 WHERE state='queued'");
	l = fixture_claim(f);
	assert_int_equal(home_work(h, &l), 0);
	assert_int_equal(home_backup_row(h, ids[2]).state, BACKUP_TRASHED);
	assert_int_equal(home_backup_row(h, ids[3]).state, BACKUP_READY);
	assert_int_equal(fixture_number(f,
	    "SELECT count(*) FROM event WHERE action='backup.pruned'"), 3);
}

/* Between the queue and the job somebody paused the environment, or the clock jumped. */
static void
what_changed_since_it_was_queued_counts(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t old = home_backup(h, f->media), job;
	struct lease l;

	set_rule(h, "last=1 on-demand=together min-age=0");
	home_backup(h, f->media);
	OK(pruner_step(f->db, &h->conf, clock_now(), &f->e));
	l = fixture_claim(f);
	fixture_do(f, "UPDATE environment SET paused=1");
	assert_int_equal(home_work(h, &l), 0);
	assert_true(log_has(h, l.job, "is paused: nothing is deleted"));
	assert_int_equal(home_backup_row(h, old).state, BACKUP_READY);

	fixture_do(f, "UPDATE environment SET paused=0, pruned_at=0");
	OK(pruner_step(f->db, &h->conf, clock_now(), &f->e));
	l = fixture_claim(f);
	OK(settings_set(f->db, "retention_clock", "1000 0 0", &f->e));
	assert_int_equal(home_work(h, &l), 0);
	assert_true(log_has(h, l.job, "nothing is deleted this time"));
	assert_int_equal(home_backup_row(h, old).state, BACKUP_READY);
	assert_int_equal(home_job_row(h, l.job).warnings, 1);

	/* Control: without either it goes. */
	OK(settings_set(f->db, "retention_clock", "", &f->e));
	fixture_do(f, "UPDATE environment SET pruned_at=0");
	job = prune(h);
	assert_true(job != 0);
	assert_int_equal(home_backup_row(h, old).state, BACKUP_TRASHED);
}

/* Four that may go but the newest; after the first, a change comes in between. Gives how many of
 * the others went. */
static int
go_on_after(struct job_home *h, const char *change, const char *control)
{
	struct fixture *f = &h->f;
	int64_t ids[4];
	struct lease l;
	int status, gone = 0;
	pid_t pid;

	set_rule(h, "last=1 on-demand=together min-age=0");
	for (int i = 0; i < 4; i++)
		ids[i] = home_backup(h, f->media);
	fixture_do(f, "UPDATE environment SET pruned_at=0");
	OK(pruner_step(f->db, &h->conf, clock_now(), &f->e));
	l = fixture_claim(f);
	if ((pid = fork()) == 0) {
		setenv("LAZARETTE_FAULT", "prune.trashed:stop", 1);
		setenv("LAZARETTE_FAULT_CONTROL", control, 1);
		exit(work_run(&h->conf, &l));
	}
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	OK(sql_run(NULL, f->db, change, SQL_ARGS(sql_i(ids[3])), &f->e));
	kill(pid, SIGCONT);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	for (int i = 1; i < 4; i++)
		gone += home_backup_row(h, ids[i]).state == BACKUP_TRASHED;
	fixture_do(f, "UPDATE backup SET state='trashed', trashed_at=1, keep=0");
	fixture_do(f, "UPDATE environment SET paused=0");
	return gone;
}

static void
SCU_11_each_is_judged_again_right_before_it_goes(void **state)
{
	static const char damaged[] = "UPDATE backup SET health='damaged' WHERE id=?1",
	                  pinned[] = "UPDATE backup SET keep=1 WHERE id=?1-2",
	                  paused[] = "UPDATE environment SET paused=1 WHERE ?1>0",
	                  other[] = "UPDATE backup SET note='x' WHERE id=?1";
	struct job_home *h = *state;

	assert_int_equal(go_on_after(h, other, ""), 2);
	/* The newest is no good any more: the one before it is the last good one. */
	assert_int_equal(go_on_after(h, damaged, ""), 1);
	assert_int_equal(go_on_after(h, pinned, ""), 1);
	assert_int_equal(go_on_after(h, paused, ""), 0);
	/* Control: by the list that was made at the start. */
	assert_int_equal(go_on_after(h, damaged, "judged_once"), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HOME_TEST(SCU_11_exactly_the_newest_3_remain_in_catalogue_and_on_disk),
		HOME_TEST(SCU_11_failed_runs_never_evict),
		HOME_TEST(a_prune_that_was_killed_goes_on),
		HOME_TEST(what_changed_since_it_was_queued_counts),
		HOME_TEST(SCU_11_each_is_judged_again_right_before_it_goes),
	};

	return cmocka_run_group_tests_name("do_prune", tests, NULL, NULL);
}
