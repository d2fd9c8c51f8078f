/* probe_test.c: the test of a storage: an object of no backup is written, read back and removed. */
#include "tests/unit/job_home.h"

#include <signal.h>

#include "lib/store/findings.h"
#include "lib/store/invariants.h"
#include "worker/job/probe.h"

/* Ask for a test and claim it. */
static struct lease
ask(struct job_home *h)
{
	struct fixture *f = &h->f;
	const struct job_request rq = { .requested_by = f->admin };
	struct lease l;
	int64_t job;

	OK(findings_request_test(&job, f->db, &rq, f->storage, &f->e));
	l = fixture_claim(f);
	assert_int_equal(l.job, job);
	return l;
}

static struct job
test_storage(struct job_home *h)
{
	struct lease l = ask(h);

	home_work(h, &l);
	return home_job_row(h, l.job);
}

static bool
probe_is_there(struct job_home *h)
{
	return home_has(h, "store/" PROBE_KEY);
}

static void
CYC_2_a_probe_is_written_read_and_removed(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	const struct job_request rq = { .requested_by = f->admin };
	const char **faults;
	struct job job;
	int64_t look;
	size_t n;

	/* Also where no backup lies yet, and nothing could be looked through. */
	REFUSED(ERR_CONFLICT, findings_request(&look, f->db, &rq, f->storage, &f->e));
	job = test_storage(h);
	assert_int_equal(job.state, JOB_SUCCEEDED);
	assert_int_equal(job.kind, JOB_CHECK);
	assert_int_equal(home_objects(h), 0);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job_log WHERE text LIKE"
	    " 'main: A probe of 65.5 kB was written in % ms, read back in % ms, listed in % ms and"
	    " removed in % ms'"), 1);
	OK(invariants_check(&faults, &n, f->a, f->db, &f->e));
	assert_int_equal(n, 0);
}

static void
CYC_2_a_storage_that_cannot_be_written_says_so(void **state)
{
	struct job_home *h = *state;
	struct job job;

	/* Something else has the probe's name. */
	assert_int_equal(mkdir(home_path(h, "store/" PROBE_KEY), 0755), 0);
	home_file(h, "store/" PROBE_KEY "/x", "not ours");
	job = test_storage(h);
	assert_int_equal(job.state, JOB_FAILED);
	assert_non_null(strstr(job.error, "storage main: write a probe: "));
	/* What is there stays, and nothing half-written beside it. */
	assert_int_equal(home_objects(h), 1);
	assert_true(home_has(h, "store/" PROBE_KEY "/x"));
}

static void
CYC_2_a_storage_that_is_away_or_anothers_says_so(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	struct job job;

	assert_int_equal(test_storage(h).state, JOB_SUCCEEDED);
	OK(settings_set(f->db, "instance_id", "01890000-0000-7000-8000-000000000002", &f->e));
	job = test_storage(h);
	assert_int_equal(job.state, JOB_FAILED);
	assert_non_null(strstr(job.error, "belongs to another Lazarette"));
	assert_int_equal(rename(home_path(h, "store"), home_path(h, "elsewhere")), 0);
	job = test_storage(h);
	assert_int_equal(job.state, JOB_FAILED);
	assert_non_null(strstr(job.error, "Is its disk mounted?"));
}

/* Begins the test, stops behind the write, and gives the process. */
static pid_t
stop_behind_write(struct job_home *h, const struct lease *l, const char *fault)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		setenv("LAZARETTE_FAULT", fault, 1);
		exit(work_run(&h->conf, l));
	}
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status) || WIFSIGNALED(status));
	assert_true(probe_is_there(h));
	return pid;
}

static void
CYC_2_bytes_that_come_back_differently_fail(void **state)
{
	struct job_home *h = *state;
	struct lease l = ask(h);
	pid_t pid = stop_behind_write(h, &l, "probe.written:stop");
	char bytes[PROBE_BYTES];
	struct job job;
	int status;

	memset(bytes, 'x', sizeof bytes);
	assert_int_equal(fd_put_file(home_path(h, "store/" PROBE_KEY), bytes, sizeof bytes, 0600,
	    &h->f.e), 0);
	kill(pid, SIGCONT);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	job = home_job_row(h, l.job);
	assert_int_equal(job.state, JOB_FAILED);
	assert_non_null(strstr(job.error, "what is read is not what was written"));
	assert_false(probe_is_there(h));
	/* The control: left alone, the same stop ends well. */
	l = ask(h);
	pid = stop_behind_write(h, &l, "probe.written:stop");
	kill(pid, SIGCONT);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(home_job_row(h, l.job).state, JOB_SUCCEEDED);
}

static void
CYC_2_what_a_killed_test_left_the_next_try_takes_away(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	struct lease l = ask(h);
	bool again;

	stop_behind_write(h, &l, "probe.written:kill");
	OK(jobs_died(&again, f->db, &l, "signal 9", &f->e));
	assert_true(again);
	fixture_do(f, "UPDATE job SET run_at=0");
	l = fixture_claim(f);
	assert_int_equal(home_work(h, &l), 0);
	assert_int_equal(home_job_row(h, l.job).state, JOB_SUCCEEDED);
	assert_false(probe_is_there(h));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HOME_TEST(CYC_2_a_probe_is_written_read_and_removed),
		HOME_TEST(CYC_2_a_storage_that_cannot_be_written_says_so),
		HOME_TEST(CYC_2_a_storage_that_is_away_or_anothers_says_so),
		HOME_TEST(CYC_2_bytes_that_come_back_differently_fail),
		HOME_TEST(CYC_2_what_a_killed_test_left_the_next_try_takes_away),
	};

	return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
