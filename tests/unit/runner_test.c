/* runner_test.c: a worker that is told to stop lets go of what it holds before it leaves.
 *
 * The worker starts this very program again for its duties: main() does those that a worker has.
 */
#include "tests/unit/freezing.h"

#include <sys/prctl.h>

#include "lib/base/num.h"
#include "lib/store/channels.h"
#include "worker/runner.h"

/* -- a worker -- */

static pid_t
start_worker(struct job_home *h)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setenv("RUNNER_TEST", h->f.folder, 1);
		exit(runner_run(&h->conf));
	}
	return pid;
}

/* Until the number is that; at most half a minute, only to end a hang. */
static void
wait_until(struct job_home *h, const char *sql, int64_t wanted)
{
	for (int i = 0; fixture_number(&h->f, sql) != wanted; i++) {
		if (i > 3000)
			fail_msg("%s is not %d", sql, (int)wanted);
		clock_sleep(10);
	}
}

static void
wait_until_there(struct job_home *h, const char *file)
{
	for (int i = 0; !home_has(h, file) && i < 3000; i++)
		clock_sleep(10);
	assert_true(home_has(h, file));
}

static int64_t
stop_worker(pid_t pid)
{
	int64_t began = clock_mono();

	kill(pid, SIGTERM);
	assert_int_equal(wait_for(pid), 0);
	return clock_mono() - began;
}

/* A job has died while it held the application; no worker has seen it yet. */
static void
leave_held(struct job_home *h)
{
	struct lease l;

	ask(h, MODE_CONSISTENT);
	l = fixture_claim(&h->f);
	assert_true(WIFSIGNALED(wait_for(start_job(h, &l, "freeze.hook_ran:kill"))));
	assert_true(home_has(h, "frozen"));
	/* It is taken back by nobody here: this is about the application only. */
	fixture_do(&h->f, "UPDATE job SET lease_until=4102444800000");
}

static const char thaws_tried[] = "SELECT thaw_tries FROM environment WHERE id=1";
static const char open_alarms[] = "SELECT count(*) FROM alarm WHERE kind='held' AND closed_at=0";

static void
PLA_7_a_worker_that_stops_tries_a_failed_thaw_again_before_it_leaves(void **state)
{
	struct job_home *h = *state;
	struct freeze_row *rows;
	pid_t worker;

	make_app(h);
	put_hook(h, "go", "if ! [ -e once ]; then : >once; exit 3; fi; rm -f frozen");
	leave_held(h);
	worker = start_worker(h);
	wait_until(h, thaws_tried, 1);
	stop_worker(worker);
	assert_false(home_has(h, "frozen"));
	assert_int_equal(owed(h, &rows), 0);
	assert_int_equal(fixture_number(&h->f, open_alarms), 0);
}

/* Longer than jobs get to end. */
static void
PLA_7_a_worker_that_stops_waits_for_a_long_thaw(void **state)
{
	struct job_home *h = *state;
	struct freeze_row *rows;
	pid_t worker;

	make_app(h);
	put_hook(h, "go", ": >begun; sleep 17; rm -f frozen");
	leave_held(h);
	worker = start_worker(h);
	wait_until_there(h, "begun");
	assert_true(stop_worker(worker) > 15 * 1000);
	assert_false(home_has(h, "frozen"));
	assert_int_equal(owed(h, &rows), 0);
}

static void
PLA_7_what_could_not_be_let_go_is_told_and_the_next_worker_lets_go(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	pid_t worker;

	make_app(h);
	put_hook(h, "go", "exit 3");
	leave_held(h);
	OK(channels_add(&(struct channel){ .kind = CHANNEL_HEALTHCHECKS, .name = "x",
	    .target = "x.example", .events = notice_bit(NOTICE_HELD) }, f->db, &f->e));
	worker = start_worker(h);
	wait_until(h, thaws_tried, 1);
	/* It is tried once more, and not for ever. */
	assert_in_range(stop_worker(worker), 0, 60 * 1000);
	assert_true(home_has(h, "frozen"));
	assert_int_equal(fixture_number(f, thaws_tried), 2);
	assert_int_equal(fixture_number(f, open_alarms), 1);
	/* It went out at once, here to nobody. */
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM delivery WHERE event='held' AND"
	    " attempts=1"), 1);
	put_hook(h, "go", "rm -f frozen");
	fixture_do(f, "UPDATE environment SET thaw_next=0");
	worker = start_worker(h);
	wait_until(h, "SELECT count(*) FROM environment WHERE frozen_at>0", 0);
	assert_false(home_has(h, "frozen"));
	wait_until(h, open_alarms, 0);
	stop_worker(worker);
}

/* It is held by a job of "w1" that lives: whoever stops has nothing to do with it. */
static void
PLA_7_a_worker_that_stops_does_not_wait_for_what_another_one_holds(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	struct lease l;
	pid_t job, worker;

	make_app(h);
	ask(h, MODE_CONSISTENT);
	l = fixture_claim(f);
	job = start_job(h, &l, "freeze.hook_ran:sleep");
	wait_until(h, "SELECT count(*) FROM environment WHERE frozen_at>0", 1);
	wait_until_there(h, "frozen");
	fixture_do(f, "UPDATE job SET lease_until=4102444800000");
	worker = start_worker(h);
	wait_until(h, "SELECT count(*) FROM worker", 1);
	assert_in_range(stop_worker(worker), 0, 10 * 1000);
	assert_true(home_has(h, "frozen"));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM alarm WHERE kind='held'"), 0);
	kill(job, SIGKILL);
	wait_for(job);
}

/* -- the duties of its children -- */

static int
duty(const char *which, const char *number)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct conf conf;
	struct err e;
	int64_t n;

	if (conf_read(&conf, arena, getenv("RUNNER_TEST"), &e) != 0 ||
	    !num_parse(&n, number, 0, INT64_MAX))
		return 1;
	if (strcmp(which, "--thaw") == 0)
		return thaw_main(&conf, n);
	return strcmp(which, "--sweep") == 0 ? runner_sweep(&conf, n) : 1;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		HOME_TEST(PLA_7_a_worker_that_stops_tries_a_failed_thaw_again_before_it_leaves),
		HOME_TEST(PLA_7_a_worker_that_stops_waits_for_a_long_thaw),
		HOME_TEST(PLA_7_what_could_not_be_let_go_is_told_and_the_next_worker_lets_go),
		HOME_TEST(PLA_7_a_worker_that_stops_does_not_wait_for_what_another_one_holds),
	};

	if (argc > 2)
		return duty(argv[1], argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
