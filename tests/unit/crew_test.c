/* crew_test.c: job processes claimed, watched, stopped and buried (PEER-17, T11).
 *
 * The crew starts this very program again with --job: main() then plays a job's process as the
 * variable CREW_TEST says.
 */
#include "tests/unit/job_home.h"

#include <signal.h>

#include "lib/store/enqueue.h"
#include "worker/crew.h"
#include "worker/job/report.h"

/* -- the part of a job's process -- */

static int
play(const char *part)
{
	if (strcmp(part, "abort") == 0)
		abort();
	if (strcmp(part, "unwritten") == 0)
		return REPORT_UNWRITTEN;
	if (strcmp(part, "deaf") == 0)
		signal(SIGTERM, SIG_IGN);
	if (strcmp(part, "sleep") == 0 || strcmp(part, "deaf") == 0)
		clock_sleep(60000);
	return 0;
}

/* -- the machine -- */

static double load_now;

int
getloadavg(double *ret, int n UNUSED)
{
	*ret = load_now;
	return 1;
}

/* -- the tests -- */

struct scene {
	struct job_home *h;
	struct crew crew;
};

static struct scene
scene_of(void **state, const char *part)
{
	struct scene s = { .h = *state };

	setenv("CREW_TEST", part, 1);
	s.h->conf.worker_parallel = 2;
	s.h->conf.lease_ms = 600;
	s.h->conf.stall_ms = 60000;
	crew_init(&s.crew, &s.h->conf, s.h->f.db, "w1");
	return s;
}

/* Turns of the supervisor until nobody is busy; at most ten seconds, only to end a hang. */
static void
run_down(struct scene *s)
{
	struct fixture *f = &s->h->f;

	for (int i = 0; crew_busy(&s->crew) > 0; i++) {
		if (i > 1000)
			fail_msg("the crew is still busy");
		clock_sleep(10);
		OK(crew_bury(&s->crew, &f->e));
		OK(crew_watch(&s->crew, &f->e));
	}
}

static int64_t
claim_one(struct scene *s)
{
	struct fixture *f = &s->h->f;
	int64_t job = fixture_request(f, f->database, NULL).job;

	OK(crew_claim(&s->crew, &f->e));
	assert_int_equal(crew_busy(&s->crew), 1);
	return job;
}

static void
claims_no_more_than_it_has_hands(void **state)
{
	struct scene s = scene_of(state, "sleep");
	struct fixture *f = &s.h->f;

	fixture_request(f, f->database, NULL);
	fixture_request(f, f->media, NULL);
	fixture_request(f, f->media, NULL);
	OK(crew_claim(&s.crew, &f->e));
	OK(crew_claim(&s.crew, &f->e));
	assert_int_equal(crew_busy(&s.crew), 2);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job WHERE state='queued'"), 1);
	crew_close(&s.crew);
	run_down(&s);
	crew_release(&s.crew);
}

static void
above_max_load_only_what_somebody_asked_for_begins(void **state)
{
	struct scene s = scene_of(state, "sleep");
	struct fixture *f = &s.h->f;
	char *why;

	/* One that the timer queued, and one of a person. */
	fixture_request(f, f->database, NULL);
	fixture_do(f, arena_printf(f->a, "UPDATE job SET priority=%d", ENQUEUE_BACKGROUND));
	s.h->conf.max_load = 4;
	load_now = 4.5;
	OK(crew_claim(&s.crew, &f->e));
	assert_int_equal(crew_busy(&s.crew), 0);
	fixture_request(f, f->media, NULL);
	OK(crew_claim(&s.crew, &f->e));
	assert_int_equal(crew_busy(&s.crew), 1);
	OK(jobs_waiting_for(&why, f->a, f->db, 1, &f->e));
	assert_string_equal(why, "waits for a quieter machine: its load is 4.5, and above 4 "
	                         "(max_load) only what somebody asked for begins");
	load_now = 3.5;
	OK(crew_claim(&s.crew, &f->e));
	assert_int_equal(crew_busy(&s.crew), 2);
	crew_close(&s.crew);
	run_down(&s);
	crew_release(&s.crew);
}

static void
a_worker_that_stops_gives_its_jobs_back(void **state)
{
	struct scene s = scene_of(state, "sleep");
	int64_t job = claim_one(&s);
	struct job j;

	crew_close(&s.crew);
	run_down(&s);
	j = home_job_row(s.h, job);
	assert_int_equal(j.state, JOB_QUEUED);
	assert_int_equal(j.deaths, 0);
	crew_release(&s.crew);
}

static void
a_process_that_crashes_is_a_death(void **state)
{
	struct scene s = scene_of(state, "abort");
	int64_t job = claim_one(&s);
	struct job j;

	run_down(&s);
	j = home_job_row(s.h, job);
	assert_int_equal(j.state, JOB_QUEUED);
	assert_int_equal(j.deaths, 1);
	assert_true(s.crew.left_traces);
	crew_release(&s.crew);
}

/* T11: the third death is the last, and its reason stands in the job. */
static void
the_third_death_is_the_last(void **state)
{
	struct scene s = scene_of(state, "abort");
	struct fixture *f = &s.h->f;
	int64_t job = claim_one(&s);
	struct job j;

	run_down(&s);
	for (int i = 0; i < 2; i++) {
		fixture_do(f, "UPDATE job SET run_at=0");
		OK(crew_claim(&s.crew, &f->e));
		run_down(&s);
	}
	j = home_job_row(s.h, job);
	assert_int_equal(j.state, JOB_FAILED);
	assert_non_null(strstr(j.error, "poisoned"));
	assert_non_null(strstr(j.error, "signal 6"));
	crew_release(&s.crew);
}

static void
an_end_that_could_not_be_written_is_no_death(void **state)
{
	struct scene s = scene_of(state, "unwritten");
	int64_t job = claim_one(&s);

	run_down(&s);
	assert_int_equal(home_job_row(s.h, job).state, JOB_QUEUED);
	assert_int_equal(home_job_row(s.h, job).deaths, 0);
	crew_release(&s.crew);
}

/* It says all is well, and the catalogue knows nothing of it. */
static void
a_process_that_ends_without_a_result_is_a_death(void **state)
{
	struct scene s = scene_of(state, "liar");
	int64_t job = claim_one(&s);

	run_down(&s);
	assert_int_equal(home_job_row(s.h, job).deaths, 1);
	crew_release(&s.crew);
}

static void
a_cancelled_job_is_ended(void **state)
{
	struct scene s = scene_of(state, "sleep");
	struct fixture *f = &s.h->f;
	int64_t job = claim_one(&s);

	OK(jobs_cancel(f->db, job, &f->e));
	run_down(&s);
	assert_int_equal(home_job_row(s.h, job).state, JOB_CANCELLED);
	crew_release(&s.crew);
}

static void
a_deaf_process_is_killed_after_the_grace(void **state)
{
	struct scene s = scene_of(state, "deaf");
	struct fixture *f = &s.h->f;
	int64_t job = claim_one(&s);

	clock_sleep(300);
	OK(jobs_cancel(f->db, job, &f->e));
	run_down(&s);
	assert_int_equal(home_job_row(s.h, job).state, JOB_CANCELLED);
	crew_release(&s.crew);
}

static void
a_stalled_job_is_failed_with_its_phase(void **state)
{
	struct scene s = scene_of(state, "sleep");
	struct fixture *f = &s.h->f;
	int64_t job;

	s.h->conf.stall_ms = 200;
	job = claim_one(&s);
	fixture_do(f, "UPDATE job SET phase='database: dumping'");
	run_down(&s);
	assert_int_equal(home_job_row(s.h, job).state, JOB_FAILED);
	assert_string_equal(home_job_row(s.h, job).error,
	    "stalled: no bytes for 0.2 s while: database: dumping");
	crew_release(&s.crew);
}

/* The wall clock is set while a job runs, forward or back. */
static void
a_jump_of_the_clock_is_no_stall_and_hides_none(void **state)
{
	struct scene s = scene_of(state, "sleep");
	struct hand *h = &s.crew.hands[0];
	struct fixture *f = &s.h->f;

	s.h->conf.lease_ms = 30000;
	claim_one(&s);
	h->started -= 3600 * 1000;
	h->moved = h->beaten = h->started;
	fixture_do(f, "UPDATE job SET progress_at=1");
	OK(crew_watch(&s.crew, &f->e));
	assert_int_equal(h->stop, CREW_RUNS);
	fixture_do(f, "UPDATE job SET progress_at=9000000000000000");
	h->beaten = h->started;
	OK(crew_watch(&s.crew, &f->e));
	assert_int_equal(h->stop, CREW_RUNS);
	h->moved = h->started;
	h->beaten -= 2000;
	OK(crew_watch(&s.crew, &f->e));
	assert_int_equal(h->stop, CREW_STALL);
	run_down(&s);
	crew_release(&s.crew);
}

/* T39: for an hour nobody was awake, neither the job nor who looks after it. What does not move
 * after that is a stall all the same. */
static void
T39_a_machine_that_slept_is_no_stall(void **state)
{
	struct scene s = scene_of(state, "sleep");
	struct hand *h = &s.crew.hands[0];
	struct fixture *f = &s.h->f;

	s.h->conf.lease_ms = 30000;
	claim_one(&s);
	h->beaten -= 2000;
	OK(crew_watch(&s.crew, &f->e));
	h->started = h->moved = h->beaten -= 3600 * 1000;
	OK(crew_watch(&s.crew, &f->e));
	assert_int_equal(h->stop, CREW_RUNS);
	h->moved -= s.h->conf.stall_ms + 1000;
	h->beaten -= 2000;
	OK(crew_watch(&s.crew, &f->e));
	assert_int_equal(h->stop, CREW_STALL);
	run_down(&s);
	crew_release(&s.crew);
}

static void
a_job_beyond_its_limit_is_failed(void **state)
{
	struct scene s = scene_of(state, "sleep");
	int64_t job;

	s.h->conf.job_limit_ms = 200;
	job = claim_one(&s);
	run_down(&s);
	assert_non_null(strstr(home_job_row(s.h, job).error, "longer than the limit of 0.2 s"));
	crew_release(&s.crew);
}

static void
a_lost_lease_ends_the_process_and_changes_nothing(void **state)
{
	struct scene s = scene_of(state, "sleep");
	struct fixture *f = &s.h->f;
	int64_t job = claim_one(&s);
	struct lease l;

	fixture_do(f, "UPDATE job SET lease_until=1");
	OK(jobs_recover(&l, f->db, &f->e));
	assert_int_equal(l.job, job);
	run_down(&s);
	assert_int_equal(home_job_row(s.h, job).state, JOB_QUEUED);
	assert_true(s.crew.left_traces);
	crew_release(&s.crew);
}

/* The clock was set forward, so all leases are over: ours first get a beat. */
static void
a_jump_of_the_clock_takes_no_job_from_a_living_hand(void **state)
{
	struct scene s = scene_of(state, "sleep");
	struct hand *h = &s.crew.hands[0];
	struct fixture *f = &s.h->f;
	int64_t job = claim_one(&s);

	h->lease_until = 1;
	fixture_do(f, "UPDATE job SET lease_until=1");
	OK(crew_recover(&s.crew, &f->e));
	assert_int_equal(home_job_row(s.h, job).state, JOB_RUNNING);
	assert_int_equal(home_job_row(s.h, job).fence, h->lease.fence);
	assert_true(h->lease_until > 1);
	/* The control: a lease that no hand holds is taken back. */
	h->lease.fence--;
	h->lease_until = 1;
	fixture_do(f, "UPDATE job SET lease_until=1");
	OK(crew_recover(&s.crew, &f->e));
	assert_int_equal(h->stop, CREW_FENCED);
	assert_int_equal(home_job_row(s.h, job).state, JOB_QUEUED);
	run_down(&s);
	crew_release(&s.crew);
}

static void
jobs_of_workers_that_are_gone_are_taken_back(void **state)
{
	struct scene s = scene_of(state, "sleep");
	struct fixture *f = &s.h->f;
	struct lease l;

	fixture_request(f, f->database, NULL);
	l = fixture_claim(f);
	fixture_do(f, "UPDATE job SET lease_until=1");
	OK(crew_recover(&s.crew, &f->e));
	assert_int_equal(home_job_row(s.h, l.job).state, JOB_QUEUED);
	assert_false(s.crew.left_traces);
	fixture_do(f, "UPDATE job SET losses=24");
	l = fixture_claim(f);
	fixture_do(f, "UPDATE job SET lease_until=1");
	OK(crew_recover(&s.crew, &f->e));
	assert_int_equal(home_job_row(s.h, l.job).state, JOB_FAILED);
	assert_true(s.crew.left_traces);
	crew_release(&s.crew);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		HOME_TEST(claims_no_more_than_it_has_hands),
		HOME_TEST(above_max_load_only_what_somebody_asked_for_begins),
		HOME_TEST(a_worker_that_stops_gives_its_jobs_back),
		HOME_TEST(a_process_that_crashes_is_a_death),
		HOME_TEST(the_third_death_is_the_last),
		HOME_TEST(an_end_that_could_not_be_written_is_no_death),
		HOME_TEST(a_process_that_ends_without_a_result_is_a_death),
		HOME_TEST(a_cancelled_job_is_ended),
		HOME_TEST(a_deaf_process_is_killed_after_the_grace),
		HOME_TEST(a_stalled_job_is_failed_with_its_phase),
		HOME_TEST(a_jump_of_the_clock_is_no_stall_and_hides_none),
		HOME_TEST(T39_a_machine_that_slept_is_no_stall),
		HOME_TEST(a_job_beyond_its_limit_is_failed),
		HOME_TEST(a_lost_lease_ends_the_process_and_changes_nothing),
		HOME_TEST(a_jump_of_the_clock_takes_no_job_from_a_living_hand),
		HOME_TEST(jobs_of_workers_that_are_gone_are_taken_back),
	};

	if (argc > 1 && strcmp(argv[1], "--job") == 0)
		return play(getenv("CREW_TEST"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
