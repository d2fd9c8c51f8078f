/* report_test.c: progress and log lines get through with their fence, and a job ends at once when
 * it is told to. */
#include "tests/unit/job_home.h"

#include <signal.h>

#include "worker/job/report.h"

static struct report *
report_of(struct job_home *h, const struct lease *l)
{
	struct fixture *f = &h->f;
	struct report *r = NULL;

	OK(report_start(&r, h->conf.catalog, l, &f->e));
	return r;
}

/* Waits at most ten seconds, only to end a hang. */
static bool
soon(bool (*is)(struct job_home *h), struct job_home *h)
{
	for (int i = 0; i < 1000; i++) {
		if (is(h))
			return true;
		clock_sleep(10);
	}
	return false;
}

static bool
has_progress(struct job_home *h)
{
	struct job j = home_job_row(h, 1);

	return j.bytes_done == 42 && j.bytes_total == 100 &&
	    strcmp(j.phase, "database: dumping") == 0;
}

static bool
has_line(struct job_home *h)
{
	return fixture_number(&h->f,
	           "SELECT count(*) FROM job_log WHERE text='a line' AND stream='warn'") == 1;
}

/* The thread must not outlive the test: each of these runs the report in a process of its own. */
static int
status_of(void (*run)(struct job_home *h, struct report *r), struct job_home *h,
    const struct lease *l)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct report *r = report_of(h, l);

		run(h, r);
		report_free(r);
		exit(0);
	}
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
tell(struct job_home *h UNUSED, struct report *r)
{
	const struct watch *w = report_watch(r);

	report_phase(r, "%s: dumping", "database");
	report_expect(r, 100);
	w->bytes(w->arg, 40);
	w->bytes(w->arg, 2);
	w->say(w->arg, "warn", "a line");
	if (report_warnings(r) != 1 || report_bytes(r) != 42 || report_expected(r) != 100)
		exit(1);
	clock_sleep(1200);
}

static void
progress_and_lines_reach_the_catalogue(void **state)
{
	struct job_home *h = *state;
	struct lease l;

	fixture_request(&h->f, 0, NULL);
	l = fixture_claim(&h->f);
	assert_int_equal(status_of(tell, h, &l), 0);
	assert_true(soon(has_progress, h));
	assert_true(soon(has_line, h));
}

static void
wait_long(struct job_home *h UNUSED, struct report *r)
{
	report_phase(r, "working");
	clock_sleep(20000);
}

static void
a_lost_lease_ends_the_process(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	struct lease l;

	fixture_request(f, 0, NULL);
	l = fixture_claim(f);
	OK(jobs_release(f->db, &l, &f->e));
	assert_int_equal(status_of(wait_long, h, &l), REPORT_FENCED);
}

static void
ask_to_stop(struct job_home *h, struct report *r)
{
	kill(getpid(), SIGTERM);
	wait_long(h, r);
}

static void
sigterm_ends_the_process(void **state)
{
	struct job_home *h = *state;
	struct lease l;

	fixture_request(&h->f, 0, NULL);
	l = fixture_claim(&h->f);
	assert_int_equal(status_of(ask_to_stop, h, &l), REPORT_STOPPED);
	assert_int_equal(home_job_row(h, l.job).state, JOB_RUNNING);
}

static int
open_files(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* Who obeys is still looking for tools to end when the report is freed: either it ends the process
 * all the same, or it never began, and nothing of its search stays open. */
static void
ask_and_go(struct job_home *h UNUSED, struct report *r)
{
	int before = open_files();

	kill(getpid(), SIGTERM);
	usleep((useconds_t)(getpid() % 20) * 25);
	report_free(r);
	exit(open_files() > before ? 1 : 0);
}

static void
sigterm_at_the_very_end_is_heard_whole_or_not_at_all(void **state)
{
	struct job_home *h = *state;
	struct lease l;
	int status;

	fixture_request(&h->f, 0, NULL);
	l = fixture_claim(&h->f);
	for (int i = 0; i < 20; i++) {
		status = status_of(ask_and_go, h, &l);
		assert_true(status == REPORT_STOPPED || status == 0);
	}
}

static void
stop_and_flush(struct job_home *h, struct report *r)
{
	CLEANUP_DB struct db *db = NULL;
	struct err e;

	report_stop(r);
	report_say(r, "warn", "a %s", "line");
	report_phase(r, "the end");
	if (db_open(&db, h->conf.catalog, &e) != 0 || report_flush(r, db, &e) != 0 ||
	    report_flush(r, db, &e) != 0)
		exit(1);
}

static void
what_was_not_written_yet_is_flushed_once(void **state)
{
	struct job_home *h = *state;
	struct lease l;

	fixture_request(&h->f, 0, NULL);
	l = fixture_claim(&h->f);
	assert_int_equal(status_of(stop_and_flush, h, &l), 0);
	assert_true(has_line(h));
	assert_string_equal(home_job_row(h, l.job).phase, "the end");
}

static void
flood(struct job_home *h, struct report *r)
{
	CLEANUP_DB struct db *db = NULL;
	struct err e;

	report_stop(r);
	for (int i = 0; i < 5000; i++)
		report_say(r, "note", "line %d", i);
	if (db_open(&db, h->conf.catalog, &e) != 0 || report_flush(r, db, &e) != 0)
		exit(1);
}

static void
a_flood_of_lines_is_bounded(void **state)
{
	struct job_home *h = *state;
	struct lease l;

	fixture_request(&h->f, 0, NULL);
	l = fixture_claim(&h->f);
	assert_int_equal(status_of(flood, h, &l), 0);
	assert_int_equal(fixture_number(&h->f, "SELECT count(*) FROM job_log"), 2001);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HOME_TEST(progress_and_lines_reach_the_catalogue),
		HOME_TEST(a_lost_lease_ends_the_process),
		HOME_TEST(sigterm_ends_the_process),
		HOME_TEST(sigterm_at_the_very_end_is_heard_whole_or_not_at_all),
		HOME_TEST(what_was_not_written_yet_is_flushed_once),
		HOME_TEST(a_flood_of_lines_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
