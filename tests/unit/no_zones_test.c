/* no_zones_test.c: a machine without time zones (no package tzdata): all goes on, by UTC. */
#include "tests/unit/freezing.h"

#include <errno.h>

#include "lib/model/calendar.h"
#include "lib/model/zoneset.h"
#include "lib/store/days.h"
#include "lib/store/schedules.h"
#include "worker/notify/digest.h"
#include "worker/runner.h"
#include "worker/timer.h"

/* -- the machine -- */

static bool bare = true;

int
stat(const char *restrict path, struct stat *restrict st)
{
	if (bare && strncmp(path, ZONE_FOLDER, sizeof ZONE_FOLDER - 1) == 0) {
		errno = ENOENT;
		return -1;
	}
	return fstatat(AT_FDCWD, path, st, 0);
}

/* -- the tests -- */

static void
a_backup_and_a_failure_end_without_time_zones(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t id = home_backup(h, f->media);

	assert_int_equal(home_backup_row(h, id).state, BACKUP_READY);
	assert_int_equal(fixture_number(f, "SELECT good FROM day_log"), 1);
	assert_int_equal(fixture_number(f, "SELECT day FROM day_log"), clock_now() / CALENDAR_DAY);
	OK(rename(home_path(h, "data/media"), home_path(h, "data/away")));
	id = home_backup(h, f->media);
	assert_int_equal(home_backup_row(h, id).state, BACKUP_FAILED);
	assert_int_equal(fixture_number(f, "SELECT failed FROM day_log"), 1);
}

static void
schedules_windows_and_digests_go_by_utc(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	const struct policy_place at = { LEVEL_ENVIRONMENT, f->environment };
	int64_t sunday = calendar_day(2025, 11, 23) * CALENDAR_DAY,
	        noon = sunday + CALENDAR_DAY / 2;
	struct freeze_window w;
	struct timer t = { .begun = false };

	fixture_do(f, "INSERT INTO schedule (id, uuid, environment, name, cron, created_at) VALUES"
	              " (1, 's', 1, 'Nightly', '0 2 * * *', 1)");
	fixture_do(f, "INSERT INTO policy (level, owner, key, value, set_at) VALUES ('instance', 0,"
	              " 'zone', 'Asia/Tokyo', 1)");
	OK(policies_set(f->db, POLICY_WINDOW, &at, "01:00-05:00", 0, &f->e));
	OK(timer_step(&t, f->db, noon, &f->e));
	assert_int_equal(fixture_number(f, "SELECT next_at FROM schedule_state"),
	    sunday + CALENDAR_DAY + 2 * CALENDAR_HOUR);
	OK(timer_step(&t, f->db, sunday + CALENDAR_DAY + 2 * CALENDAR_HOUR, &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM schedule_run"), 1);
	OK(freezes_window(&w, f->a, f->db, f->environment, noon, &f->e));
	assert_string_equal(w.zone, "UTC");
	assert_int_equal(w.opens, sunday + CALENDAR_DAY + CALENDAR_HOUR);
	OK(digest_step(f->db, &h->conf, noon, &f->e));
}

static int
warnings_of_a_start(struct job_home *h)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct fixture *f = &h->f;
	pid_t pid = fork();

	if (pid == 0) {
		if (freopen(home_path(h, "log"), "w", stderr) == NULL)
			exit(1);
		exit(runner_run(&h->conf));
	}
	clock_sleep(500);
	kill(pid, SIGTERM);
	assert_int_equal(wait_for(pid), 0);
	OK(fd_read_file(&text, home_path(h, "log"), 100000, &f->e));
	return times(arena_dupn(f->a, text.p, text.n), "has no time zones (package tzdata)");
}

static void
a_worker_says_once_that_there_are_none(void **state)
{
	struct job_home *h = *state;

	assert_int_equal(warnings_of_a_start(h), 1);
	/* Control: on a whole machine nothing is said. */
	bare = false;
	assert_int_equal(warnings_of_a_start(h), 0);
	bare = true;
}

int
main(int argc, char **argv UNUSED)
{
	const struct CMUnitTest tests[] = {
		HOME_TEST(a_backup_and_a_failure_end_without_time_zones),
		HOME_TEST(schedules_windows_and_digests_go_by_utc),
		HOME_TEST(a_worker_says_once_that_there_are_none),
	};

	/* A child of the worker, which has nothing to do here. */
	if (argc > 1)
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
