/* schedules_test.c: schedules in the catalogue, and the scheduler's turn over two weeks of a fake
 * clock. */
#include "tests/unit/ask.h"

#include <inttypes.h>
#include <sys/wait.h>

#include "lib/model/calendar.h"
#include "lib/store/plans.h"
#include "lib/store/policies.h"
#include "lib/store/schedules.h"
#include "worker/timer.h"

/* A Sunday noon in winter, UTC. */
#define START INT64_C(1763899200000)
#define HOUR CALENDAR_HOUR
#define DAY CALENDAR_DAY

static struct schedule
nightly(struct fixture *f)
{
	return (struct schedule){ .environment = f->environment, .name = "Nightly",
		.cron = "0 2 * * *", .zone = "UTC" };
}

static int64_t
add(struct fixture *f, struct schedule s)
{
	OK(schedules_add(&s, f->db, &f->e));
	return s.id;
}

static void
step(struct fixture *f, struct timer *t, int64_t now)
{
	OK(timer_step(t, f->db, now, &f->e));
}

/* What workers would have done by now. */
static void
work(struct fixture *f)
{
	fixture_do(f, "UPDATE backup SET state='ready', finished_at=1, sidecar_sha256='x' WHERE"
	    " state='building'");
	fixture_do(f, "UPDATE job SET state='succeeded', finished_at=1 WHERE state='queued'");
}

/* Turn by turn from one instant to another, with workers that keep up. */
static void
walk(struct fixture *f, struct timer *t, const int64_t between[2], int64_t pace)
{
	for (int64_t now = between[0]; now < between[1]; now += pace) {
		step(f, t, now);
		work(f);
	}
}

#define PLANNED "SELECT count(*) FROM schedule_state WHERE next_at>0"
#define RUNS "SELECT count(*) FROM schedule_run"

static void
SET_30_DIV_3_a_slot_becomes_one_backup_and_two_days_become_two(void **state)
{
	struct fixture *f = *state;
	struct timer t = { .begun = false };

	add(f, nightly(f));
	walk(f, &t, (int64_t[]){ START, START + 2 * DAY }, HOUR / 2);
	assert_int_equal(fixture_number(f, RUNS " WHERE backup IS NOT NULL AND error IS NULL"), 2);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM backup WHERE kind='scheduled'"
	    " AND schedule IS NOT NULL"), 2);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM part"), 4);
	assert_int_equal(fixture_number(f, "SELECT min(next_at) FROM schedule_state"),
	    START + 2 * DAY + 14 * HOUR);
}

static void
SET_30_once_per_slot_over_restarts_and_clocks_that_are_set(void **state)
{
	struct fixture *f = *state;
	int64_t two = START + 14 * HOUR;

	add(f, nightly(f));
	step(f, &(struct timer){ .begun = false }, START);
	step(f, &(struct timer){ .begun = false }, two - 1);
	assert_int_equal(fixture_number(f, RUNS), 0);
	for (int i = 0; i < 5; i++) {
		step(f, &(struct timer){ .begun = false }, two + i);
		work(f);
	}
	/* Back by an hour, three and thirty, and on again. */
	for (int back = 1; back <= 30; back *= 5) {
		struct timer t = { .begun = false };

		step(f, &t, two + 10 * CALENDAR_MINUTE);
		step(f, &t, two - back * HOUR);
		step(f, &t, two - 1);
		step(f, &t, two + 1);
		step(f, &t, two + 20 * CALENDAR_MINUTE);
		work(f);
	}
	assert_int_equal(fixture_number(f, RUNS), 1 + 1);      /* 30 h back: the night before */
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM backup"), 2);
	/* Control: without the slot's row the same instant runs again. */
	fixture_do(f, "DELETE FROM schedule_run");
	fixture_do(f, "UPDATE schedule_state SET handled_at=handled_at-86400000");
	step(f, &(struct timer){ .begun = false }, two + 30 * CALENDAR_MINUTE);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM backup"), 3);
}

/* Made, or changed, while no worker looks: its slots since then are owed, whatever else is changed
 * before one comes; turned off and on again, nothing of the days before is. */
static void
what_was_made_while_no_worker_looked_runs_when_one_does(void **state)
{
	struct fixture *f = *state;
	int64_t id = add(f, nightly(f)), now = clock_now();
	int64_t next = now - (now - 2 * HOUR) % DAY + DAY;

	assert_int_equal(fixture_number(f, "SELECT next_at FROM schedule_state"), next);
	/* As if all that was yesterday, and now something else is changed. */
	fixture_do(f, "UPDATE schedule_state SET handled_at=handled_at-86400000");
	OK(schedules_touch(f->db, &f->e));
	step(f, &(struct timer){ .begun = false }, next - 1);
	assert_int_equal(fixture_number(f, RUNS), 1);
	assert_int_equal(fixture_number(f, "SELECT due_at FROM schedule_run"), next - DAY);
	work(f);
	fixture_do(f, "UPDATE schedule_state SET handled_at=handled_at-5*86400000");
	OK(schedules_switch(f->db, id, false, 1, &f->e));
	OK(schedules_switch(f->db, id, true, 1, &f->e));
	step(f, &(struct timer){ .begun = false }, next - 1);
	assert_int_equal(fixture_number(f, RUNS), 1);
}

static void
a_clock_that_was_years_ahead_stops_nothing(void **state)
{
	struct fixture *f = *state;
	struct timer t = { .begun = false };

	add(f, nightly(f));
	fixture_do(f, "UPDATE account SET created_at=1");
	step(f, &t, START);
	step(f, &t, START + 4000 * DAY);
	work(f);
	walk(f, &t, (int64_t[]){ START + HOUR, START + 2 * DAY }, HOUR / 2);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM backup"), 3);
	/* The run of days to come is forgotten: its slot is free when its day comes. */
	assert_int_equal(fixture_number(f, RUNS), 2);
}

static void
T40_after_a_stop_one_catch_up_per_schedule_within_its_spread(void **state)
{
	struct fixture *f = *state;
	struct timer t = { .begun = false };
	struct schedule s = nightly(f);
	int64_t back = START + 5 * DAY;

	add(f, s);
	s.name = "Spread";
	s.spread_min = 60;
	add(f, s);
	step(f, &t, START);
	t = (struct timer){ .begun = false };
	walk(f, &t, (int64_t[]){ back, back + 2 * HOUR }, CALENDAR_MINUTE);
	assert_int_equal(fixture_number(f, RUNS), 2);
	assert_int_equal(fixture_number(f, RUNS " WHERE missed=4"), 2);
	/* Four days without a backup, told once each by both schedules. */
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM day_log WHERE missed=2"), 4);
	assert_true(fixture_number(f, "SELECT count(DISTINCT started_at) FROM schedule_run") == 2);
}

static void
T40_two_workers_at_once_make_one_backup(void **state)
{
	struct fixture *f = *state;
	int64_t two = START + 14 * HOUR;
	int failed = 0;

	add(f, nightly(f));
	step(f, &(struct timer){ .begun = false }, START);
	/* SQLite knows its locks by process: no connection is open across a fork. */
	db_close(f->db);
	for (int i = 0; i < 4; i++) {
		if (fork() == 0) {
			struct timer t = { .begun = false };
			struct db *db;
			struct err e;
			int rc = db_open(&db, f->path, &e);

			for (int n = 0; rc == 0 && n < 20; n++)
				rc = timer_step(&t, db, two + n, &e);
			if (rc != 0)
				fprintf(stderr, "a worker: %s\n", e.text);
			_exit(rc == 0 ? 0 : 1);
		}
	}
	for (int i = 0, status; i < 4; i++) {
		assert_true(wait(&status) > 0);
		failed += status != 0;
	}
	OK(db_open(&f->db, f->path, &f->e));
	assert_int_equal(failed, 0);
	assert_int_equal(fixture_number(f, RUNS), 1);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM backup"), 1);
}

static void
SET_30_killed_anywhere_the_slot_is_neither_lost_nor_made_twice(void **state)
{
	static const char *const places[] = { "schedule.slot:kill", "schedule.asked:kill",
		"schedule.committed:kill" };
	struct fixture *f = *state;
	int64_t two = START + 14 * HOUR;

	add(f, nightly(f));
	step(f, &(struct timer){ .begun = false }, START);
	for (int i = 0; i < 3; i++) {
		int status;
		pid_t child;

		db_close(f->db);
		child = fork();
		if (child == 0) {
			struct timer t = { .begun = false };
			struct db *db;
			struct err e;

			setenv("LAZARETTE_FAULT", places[i], 1);
			if (db_open(&db, f->path, &e) == 0)
				(void)!timer_step(&t, db, two + i * DAY, &e);
			_exit(0);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		OK(db_open(&f->db, f->path, &f->e));
		if (!WIFSIGNALED(status))
			fail_msg("%s: nobody was killed", places[i]);
		assert_int_equal(fixture_number(f, RUNS), i == 2 ? 3 : i);
		step(f, &(struct timer){ .begun = false }, two + i * DAY + 1);
		work(f);
		assert_int_equal(fixture_number(f, RUNS), i + 1);
		assert_int_equal(fixture_number(f, "SELECT count(*) FROM backup"), i + 1);
	}
}

static void
T38_one_run_on_each_local_day_when_the_clocks_change(void **state)
{
	/* Local 02:30 in Zurich is skipped on 29 March 2026 and comes twice on 25 October. */
	static const int64_t starts[] = { INT64_C(1774609200000), INT64_C(1792756800000) };
	struct fixture *f = *state;
	struct schedule s = nightly(f);

	s.cron = "30 2 * * *";
	s.zone = "";
	OK(policies_set(f->db, POLICY_ZONE, &(struct policy_place){ LEVEL_PROJECT, f->project },
	    "Europe/Zurich", f->admin, &f->e));
	for (int i = 0; i < 2; i++) {
		struct timer t = { .begun = false };

		fixture_do(f, "DELETE FROM schedule_run");
		fixture_do(f, "DELETE FROM schedule_state");
		if (i == 0)
			add(f, s);
		walk(f, &t, (int64_t[]){ starts[i], starts[i] + 4 * DAY }, 10 * CALENDAR_MINUTE);
		assert_int_equal(fixture_number(f, RUNS), 4);
		assert_int_equal(fixture_number(f, "SELECT count(DISTINCT substr(slot, 1, 10))"
		    " FROM schedule_run"), 4);
	}
}

static void
PEER_19_PLA_16_the_nearest_level_holds_and_kinds_are_kept_apart(void **state)
{
	struct fixture *f = *state;
	struct environment staging = { .project = f->project, .slug = "staging",
		.name = "Staging", .kind = ENV_STAGING };
	struct schedule s = nightly(f), *found;
	int64_t own, project, instance;
	size_t n;

	OK(environments_add(&staging, f->db, &f->e));
	s.environment = 0;
	s.all_kinds = true;
	instance = add(f, s);
	s.project = f->project;
	s.all_kinds = false;
	project = add(f, s);
	OK(schedules_of(&found, &n, f->a, f->db, f->environment, &f->e));
	assert_true(n == 1 && found[0].id == project);
	/* The project's is for live ones alone, so the instance's holds here. */
	OK(schedules_of(&found, &n, f->a, f->db, staging.id, &f->e));
	assert_true(n == 1 && found[0].id == instance);
	own = add(f, nightly(f));
	OK(schedules_of(&found, &n, f->a, f->db, f->environment, &f->e));
	assert_true(n == 1 && found[0].id == own);
	/* Turned off it still says that there is to be none. */
	OK(schedules_switch(f->db, own, false, f->admin, &f->e));
	OK(plans_refresh(f->db, START, &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM schedule_state"), 2);
	assert_int_equal(fixture_number(f, PLANNED), 1);
	OK(schedules_remove(f->db, own, NULL, &f->e));
	OK(schedules_remove(f->db, instance, NULL, &f->e));
	OK(plans_refresh(f->db, START, &f->e));
	assert_int_equal(fixture_number(f, PLANNED), 1);
	OK(schedules_of(&found, &n, f->a, f->db, staging.id, &f->e));
	assert_int_equal(n, 0);
}

static void
SCU_10_wrong_ones_are_refused_and_the_old_value_stays(void **state)
{
	static const struct { const char *cron, *words; } wrong[] = {
		{ "75 2 * * *", "Minute must be 0\u201359, you wrote 75" },
		{ "0 2 30 2 *", "30 February never happens" },
		{ "* * * * *", "the shortest allowed is 15 minutes" },
		{ "0 2 * *", "five fields" },
		{ "61 * * * *", "Minute must be 0\u201359, you wrote 61" },
		{ "", "" },
	};
	struct fixture *f = *state;
	struct schedule s = nightly(f), stored;
	int64_t id = add(f, s);

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		OK(schedules_by_id(&s, f->a, f->db, id, &f->e));
		s.cron = wrong[i].cron;
		REFUSED(ERR_INPUT, schedules_update(&s, NULL, f->db, &f->e));
		assert_non_null(strstr(f->e.text, wrong[i].words));
		OK(schedules_by_id(&stored, f->a, f->db, id, &f->e));
		assert_string_equal(stored.cron, "0 2 * * *");
	}
	s.cron = "12 0 * * *";
	s.zone = "Mars/Olympus";
	REFUSED(ERR_INPUT, schedules_update(&s, NULL, f->db, &f->e));
	s.zone = "UTC";
	s.spread_min = 61;
	REFUSED(ERR_INPUT, schedules_update(&s, NULL, f->db, &f->e));
	s.spread_min = 0;
	OK(plans_refresh(f->db, START, &f->e));
	OK(schedules_update(&s, NULL, f->db, &f->e));
	REFUSED(ERR_CONFLICT, schedules_update(&s, NULL, f->db, &f->e));
	OK(plans_refresh(f->db, START, &f->e));
	assert_int_equal(fixture_number(f, "SELECT next_at FROM schedule_state"),
	    START + 12 * HOUR + 12 * CALENDAR_MINUTE);
	for (int i = 1; i < SCHEDULES_MAX; i++)
		add(f, nightly(f));
	s = nightly(f);
	REFUSED(ERR_CONFLICT, schedules_add(&s, f->db, &f->e));
	REFUSED(ERR_NOT_FOUND, schedules_remove(f->db, 999, NULL, &f->e));
}

static void
CYC_1_only_services_that_hold_data_of_this_environment(void **state)
{
	struct fixture *f = *state;
	struct environment other = { .project = f->project, .slug = "other", .name = "Other" };
	struct service foreign = { .slug = "x", .name = "X", .engine = ENGINE_SQLITE,
		.settings = { .path = "/x" } };
	struct schedule s = nightly(f), stored;
	struct timer t = { .begun = false };

	OK(environments_add(&other, f->db, &f->e));
	foreign.environment = other.id;
	OK(services_add(&foreign, f->db, &f->e));
	s.services = (int64_t[]){ f->database, foreign.id };
	s.service_count = 2;
	REFUSED(ERR_INPUT, schedules_add(&s, f->db, &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM schedule"), 0);
	s.service_count = 1;
	OK(schedules_add(&s, f->db, &f->e));
	OK(schedules_by_id(&stored, f->a, f->db, s.id, &f->e));
	assert_true(stored.service_count == 1 && stored.services[0] == f->database);
	walk(f, &t, (int64_t[]){ START, START + DAY }, HOUR);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM part"), 1);
	/* The one it is for goes: the run says so, and nothing else is taken instead. */
	fixture_do(f, "UPDATE service SET removed_at=1 WHERE slug='database'");
	walk(f, &t, (int64_t[]){ START + DAY, START + 2 * DAY }, HOUR);
	assert_int_equal(
	    fixture_number(f, RUNS " WHERE backup IS NULL AND error LIKE '%are gone'"), 1);
}

static void
SCU_9_a_refused_run_holds_why_and_the_day_counts_as_missed(void **state)
{
	struct fixture *f = *state;
	struct schedule_plan *plans;
	struct timer t = { .begun = false };
	size_t n;

	add(f, nightly(f));
	fixture_do(f, "UPDATE environment SET paused=1");
	walk(f, &t, (int64_t[]){ START, START + DAY }, HOUR);
	OK(plans_list(&plans, &n, f->a, f->db, f->environment, &f->e));
	assert_int_equal(n, 1);
	assert_non_null(strstr(plans[0].run_error, "is paused"));
	assert_int_equal(fixture_number(f, "SELECT missed FROM day_log"), 1);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM backup"), 0);
	fixture_do(f, "UPDATE environment SET paused=0");
	walk(f, &t, (int64_t[]){ START + DAY, START + 2 * DAY }, HOUR);
	OK(plans_list(&plans, &n, f->a, f->db, 0, &f->e));
	assert_string_equal(plans[0].run_error, "");
	assert_int_equal(plans[0].backup_state, BACKUP_READY);
}

static void
what_still_waits_takes_the_next_slot_in(void **state)
{
	struct fixture *f = *state;
	struct timer t = { .begun = false };

	add(f, nightly(f));
	for (int64_t now = START; now < START + 3 * DAY; now += HOUR)
		step(f, &t, now);
	assert_int_equal(fixture_number(f, RUNS), 3);
	assert_int_equal(fixture_number(f, RUNS " WHERE merged=1 AND backup IS NOT NULL"), 2);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM backup"), 1);
}

static void
a_pause_ends_by_itself_and_off_is_off_and_neither_is_made_up_for(void **state)
{
	struct fixture *f = *state;
	struct timer t = { .begun = false };
	int64_t id = add(f, nightly(f));
	struct schedule s;

	step(f, &t, START);
	OK(schedules_pause(f->db, id, START + 3 * DAY, &f->e));
	/* From an old page: it is on, and stays paused. */
	OK(schedules_switch(f->db, id, true, f->admin, &f->e));
	assert_int_equal(fixture_number(f, "SELECT paused_until>0 FROM schedule"), 1);
	walk(f, &t, (int64_t[]){ START + HOUR, START + 4 * DAY }, HOUR);
	assert_int_equal(fixture_number(f, RUNS), 1);
	assert_int_equal(fixture_number(f, "SELECT missed FROM schedule_run"), 0);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM day_log WHERE missed>0"), 0);
	OK(schedules_switch(f->db, id, false, f->admin, &f->e));
	OK(schedules_by_id(&s, f->a, f->db, id, &f->e));
	assert_false(s.enabled);
	assert_string_equal(s.off_name, "admin@example.org");
	walk(f, &t, (int64_t[]){ START + 4 * DAY, START + 6 * DAY }, HOUR);
	OK(schedules_switch(f->db, id, true, f->admin, &f->e));
	walk(f, &t, (int64_t[]){ START + 6 * DAY, START + 6 * DAY + 10 * HOUR }, HOUR);
	assert_int_equal(fixture_number(f, RUNS), 1);
	walk(f, &t, (int64_t[]){ START + 6 * DAY + 10 * HOUR, START + 7 * DAY }, HOUR);
	assert_int_equal(fixture_number(f, RUNS), 2);
}

static void
SCU_15_SCU_24_run_now_only_queues_and_removing_leaves_the_backups(void **state)
{
	struct fixture *f = *state;
	int64_t id = add(f, nightly(f)), backup = 0, *list;
	struct schedule_plan *plans;
	struct lease l;
	size_t n;

	OK(plans_run_now(&backup, f->db,
	    &(struct schedule_run_request){ id, f->environment, f->admin, "key" }, &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job WHERE state='queued'"), 1);
	OK(plans_list(&plans, &n, f->a, f->db, 0, &f->e));
	assert_true(n == 1 && plans[0].backup == backup);
	l = fixture_claim(f);
	fixture_finish(f, &l, backup);
	assert_int_equal(fixture_number(f, "SELECT good FROM day_log"), 1);
	assert_int_equal(fixture_number(f, "SELECT raw_bytes FROM day_log"), 2 * FIXTURE_RAW);
	OK(schedules_backups(&list, &n, f->a, f->db, id, &f->e));
	assert_true(n == 1 && list[0] == backup);
	OK(schedules_remove(f->db, id, NULL, &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM backup WHERE state='ready'"), 1);
	REFUSED(ERR_NOT_FOUND,
	    schedules_by_id(&(struct schedule){ .id = 0 }, f->a, f->db, id, &f->e));
}

static void
a_failed_backup_is_a_failed_day_and_a_cancelled_one_is_none(void **state)
{
	struct fixture *f = *state;
	struct err why;
	struct lease l;

	fixture_request(f, 0, NULL);
	l = fixture_claim(f);
	err_set(&why, ERR_INTERNAL, "broken");
	OK(jobs_fail(f->db, &l, &why, &f->e));
	OK(jobs_cancel(f->db, fixture_request(f, 0, NULL).job, &f->e));
	assert_int_equal(fixture_number(f, "SELECT failed FROM day_log"), 1);
	assert_int_equal(fixture_number(f, "SELECT good+missed FROM day_log"), 0);
}

static void
above_max_load_only_urgent_jobs_are_claimed_and_the_rest_says_why(void **state)
{
	struct fixture *f = *state;
	struct timer t = { .begun = false };
	struct lease l;
	char *why;

	add(f, nightly(f));
	step(f, &t, START);
	step(f, &t, START + DAY);
	OK(jobs_claim_urgent(&l, f->db, "w1", 30000, &f->e));
	assert_int_equal(l.job, 0);
	OK(jobs_hold_back(f->db, "waits for a quieter machine", &f->e));
	OK(jobs_waiting_for(&why, f->a, f->db, 1, &f->e));
	assert_string_equal(why, "waits for a quieter machine");
	OK(jobs_hold_back(f->db, "", &f->e));
	OK(jobs_waiting_for(&why, f->a, f->db, 1, &f->e));
	assert_string_equal(why, "");
	assert_int_equal(fixture_claim(f).job, 1);
}

static void
two_weeks_of_twenty_environments_bring_each_night_once(void **state)
{
	struct fixture *f = *state;
	struct timer t = { .begun = false };
	struct schedule s = { .name = "Nightly", .cron = "0 2 * * *", .all_kinds = true, .zone = "",
		.spread_min = 30 };
	struct service d = { .slug = "database", .name = "Database", .engine = ENGINE_SQLITE,
		.settings = { .path = "/x" } };
	int64_t began = clock_mono();

	for (int i = 0; i < 19; i++) {
		char slug[16];
		struct environment v = { .project = f->project, .slug = slug, .name = slug,
			.kind = ENV_STAGING };

		snprintf(slug, sizeof slug, "e%d", i);
		OK(environments_add(&v, f->db, &f->e));
		d.environment = v.id;
		OK(services_add(&d, f->db, &f->e));
	}
	add(f, s);
	walk(f, &t, (int64_t[]){ START, START + 14 * DAY }, 5 * CALENDAR_MINUTE);
	assert_int_equal(fixture_number(f, RUNS), 14 * 20);
	assert_int_equal(fixture_number(f, RUNS " WHERE merged=0 AND missed=0 AND error IS NULL"),
	    14 * 20);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM (SELECT environment FROM"
	    " schedule_run GROUP BY environment, slot)"), 14 * 20);
	assert_true(
	    fixture_number(f, "SELECT count(DISTINCT due_at%86400000) FROM schedule_run") > 5);
	print_message("# two weeks of 20 environments: %" PRId64 " ms\n", clock_mono() - began);
	assert_true(clock_mono() - began < 60000);
}

static void
a_tick_with_a_thousand_environments_is_short(void **state)
{
	struct fixture *f = *state;
	struct timer t = { .begun = false };
	struct schedule s = { .name = "Nightly", .cron = "0 2 * * *", .all_kinds = true, .zone = "",
		.spread_min = 60 };
	int64_t began, idle, planned;

	fixture_do(f, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<999)"
	    " INSERT INTO environment (uuid, project, slug, name, kind, created_at)"
	    " SELECT 'u'||i, (SELECT min(id) FROM project), 'e'||i, 'E', 'live', 1 FROM n");
	add(f, s);
	began = clock_mono();
	step(f, &t, START);
	planned = clock_mono() - began;
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM schedule_state"), 1000);
	began = clock_mono();
	for (int i = 1; i <= 1000; i++)
		step(f, &t, START + i);
	idle = clock_mono() - began;
	print_message("# 1,000 environments: planned in %" PRId64 " ms, an idle tick %.3f ms\n",
	    planned, (double)idle / 1000);
	assert_true(idle < 20 * 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(SET_30_DIV_3_a_slot_becomes_one_backup_and_two_days_become_two),
		FIXTURE_TEST(SET_30_once_per_slot_over_restarts_and_clocks_that_are_set),
		FIXTURE_TEST(what_was_made_while_no_worker_looked_runs_when_one_does),
		FIXTURE_TEST(a_clock_that_was_years_ahead_stops_nothing),
		FIXTURE_TEST(T40_after_a_stop_one_catch_up_per_schedule_within_its_spread),
		FIXTURE_TEST(T40_two_workers_at_once_make_one_backup),
		FIXTURE_TEST(SET_30_killed_anywhere_the_slot_is_neither_lost_nor_made_twice),
		FIXTURE_TEST(T38_one_run_on_each_local_day_when_the_clocks_change),
		FIXTURE_TEST(PEER_19_PLA_16_the_nearest_level_holds_and_kinds_are_kept_apart),
		FIXTURE_TEST(SCU_10_wrong_ones_are_refused_and_the_old_value_stays),
		FIXTURE_TEST(CYC_1_only_services_that_hold_data_of_this_environment),
		FIXTURE_TEST(SCU_9_a_refused_run_holds_why_and_the_day_counts_as_missed),
		FIXTURE_TEST(what_still_waits_takes_the_next_slot_in),
		FIXTURE_TEST(a_pause_ends_by_itself_and_off_is_off_and_neither_is_made_up_for),
		FIXTURE_TEST(SCU_15_SCU_24_run_now_only_queues_and_removing_leaves_the_backups),
		FIXTURE_TEST(a_failed_backup_is_a_failed_day_and_a_cancelled_one_is_none),
		FIXTURE_TEST(above_max_load_only_urgent_jobs_are_claimed_and_the_rest_says_why),
		FIXTURE_TEST(two_weeks_of_twenty_environments_bring_each_night_once),
		FIXTURE_TEST(a_tick_with_a_thousand_environments_is_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
