/* stats_test.c: the facts about every environment, also among 100,000 backups. */
#include "tests/unit/fixture.h"

#include <sqlite3.h>

#include "lib/model/calendar.h"
#include "lib/store/badges.h"
#include "lib/store/policies.h"
#include "lib/store/stats.h"

#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)

static struct stats_row
row_of(struct fixture *f, int64_t environment)
{
	const struct stats_query q = { .environment = environment, .now = clock_now() };
	struct stats_list list;

	OK(stats_environments(&list, f->a, f->db, &q, &f->e));
	assert_int_equal(list.count, 1);
	assert_int_equal(list.rows[0].environment.id, environment);
	return list.rows[0];
}

/* A schedule as the timer keeps it: handled half a day ago, due in half a day. */
static void
schedule(struct fixture *f, int id, const char *more)
{
	fixture_do(f, arena_printf(f->a, "INSERT INTO schedule (id, uuid, environment, name, cron,"
	    " created_at) VALUES (%d, 's%d', 1, 'Nightly', '0 2 * * *', 1)", id, id));
	fixture_do(f, arena_printf(f->a, "INSERT INTO schedule_state (schedule, environment,"
	    " handled_at, next_at) VALUES (%d, 1, %lld, %lld)", id,
	    (long long)(clock_now() - DAY / 2), (long long)(clock_now() + DAY / 2)));
	if (*more != '\0')
		fixture_do(f, arena_printf(f->a, "UPDATE schedule SET %s WHERE id=%d", more, id));
}

static void
an_environment_goes_from_nothing_to_protected(void **state)
{
	struct fixture *f = *state;
	struct stats_row r = row_of(f, f->environment);

	assert_int_equal(r.safety.cause, CAUSE_FIRST);
	assert_int_equal(r.facts.services, 2);
	assert_int_equal(r.facts.uncovered_count, 2);
	assert_string_equal(r.facts.uncovered, "Database, Media");
	fixture_request(f, 0, NULL);
	assert_int_equal(row_of(f, f->environment).safety.cause, CAUSE_COMING);
	fixture_do(f, "UPDATE job SET state='cancelled', finished_at=1");
	fixture_do(f, "UPDATE backup SET state='failed', error='x', finished_at=1");
	assert_int_equal(row_of(f, f->environment).safety.cause, CAUSE_FAILED);
	fixture_ready(f);
	r = row_of(f, f->environment);
	assert_int_equal(r.safety.cause, CAUSE_UNSCHEDULED);
	assert_int_equal(r.good.id, 2);
	assert_int_equal(r.good.raw_bytes, 2000);
	assert_int_equal(r.good.health, HEALTH_GOOD);
	schedule(f, 1, "");
	r = row_of(f, f->environment);
	assert_int_equal(r.safety.state, SAFETY_PROTECTED);
	assert_int_equal(r.safety.cause, CAUSE_GOOD);
	assert_int_equal(r.facts.interval_ms, DAY);
	assert_int_equal(r.facts.uncovered_count, 0);
}

static void
SET_28_what_no_schedule_takes_is_named(void **state)
{
	struct fixture *f = *state;
	struct stats_service *services;
	struct stats_row r;
	size_t count;

	fixture_ready(f);
	schedule(f, 1, "");
	fixture_do(f, "INSERT INTO schedule_service (schedule, service) VALUES (1, 1)");
	r = row_of(f, f->environment);
	assert_int_equal(r.safety.cause, CAUSE_GAP);
	assert_string_equal(r.facts.uncovered, "Media");
	OK(stats_services(&services, &count, f->a, f->db, f->environment, &f->e));
	assert_int_equal(count, 2);
	assert_true(services[0].covered && services[0].known && !services[0].media);
	assert_true(!services[1].covered && services[1].media && services[1].good_at > 0);
	/* A second schedule takes the rest. */
	schedule(f, 2, "");
	fixture_do(f, "INSERT INTO schedule_service (schedule, service) VALUES (2, 2)");
	assert_int_equal(row_of(f, f->environment).safety.cause, CAUSE_GOOD);
	fixture_do(f, "UPDATE schedule SET enabled=0 WHERE id=2");
	assert_int_equal(row_of(f, f->environment).safety.cause, CAUSE_GAP);
	/* A removed service, and one that lies beside another, are no gap. */
	fixture_do(f, "UPDATE service SET removed_at=1 WHERE id=2");
	assert_int_equal(row_of(f, f->environment).safety.cause, CAUSE_GOOD);
}

/* A type that this program cannot back up is a gap, whatever the schedules say. */
static void
SET_28_a_type_without_support_is_not_backed_up(void **state)
{
	struct fixture *f = *state;
	struct stats_service *services;
	struct stats_row r;
	size_t count;

	fixture_ready(f);
	schedule(f, 1, "");
	fixture_do(f, "PRAGMA ignore_check_constraints=1");
	fixture_do(f, "INSERT INTO service (uuid, environment, slug, name, engine, settings,"
	    " created_at) VALUES ('x', 1, 'search', 'Search', 'elastic', '{}', 1)");
	r = row_of(f, f->environment);
	assert_int_equal(r.safety.cause, CAUSE_GAP);
	assert_string_equal(r.facts.uncovered, "Search");
	OK(stats_services(&services, &count, f->a, f->db, f->environment, &f->e));
	assert_int_equal(count, 3);
	assert_false(services[2].known);
}

static void
PEER_8_what_came_due_and_brought_nothing_is_late(void **state)
{
	struct fixture *f = *state;
	int64_t now = clock_now();
	struct stats_row r;

	fixture_ready(f);
	schedule(f, 1, "");
	fixture_do(f, "UPDATE service SET created_at=1");
	fixture_do(f, arena_printf(f->a, "UPDATE backup SET started_at=%lld, finished_at=%lld",
	    (long long)(now - 26 * HOUR), (long long)(now - 25 * HOUR)));
	/* Before it, and answered by it. */
	fixture_do(f, arena_printf(f->a, "INSERT INTO schedule_run (schedule, environment, slot,"
	    " due_at, started_at) VALUES (1, 1, 'a', %lld, 1)", (long long)(now - 26 * HOUR)));
	assert_int_equal(row_of(f, f->environment).safety.state, SAFETY_PROTECTED);
	fixture_do(f, arena_printf(f->a, "INSERT INTO schedule_run (schedule, environment, slot,"
	    " due_at, started_at) VALUES (1, 1, 'b', %lld, 1), (1, 1, 'c', %lld, 1)",
	    (long long)(now - HOUR), (long long)(now - HOUR / 2)));
	r = row_of(f, f->environment);
	assert_int_equal(r.safety.state, SAFETY_LATE);
	assert_int_equal(r.safety.since, now - HOUR);
	fixture_do(f, arena_printf(f->a, "UPDATE schedule_run SET due_at=%lld WHERE slot='b'",
	    (long long)(now - 8 * HOUR)));
	assert_int_equal(row_of(f, f->environment).safety.cause, CAUSE_OVERDUE);
	/* What is new owes nothing for the time before it. */
	fixture_do(f, "UPDATE service SET created_at=9000000000000");
	assert_int_equal(row_of(f, f->environment).safety.state, SAFETY_PROTECTED);
	fixture_do(f, "UPDATE service SET created_at=1");
	/* A schedule that is off asks for nothing. */
	fixture_do(f, "UPDATE schedule SET enabled=0");
	assert_int_equal(row_of(f, f->environment).safety.cause, CAUSE_OFF);
}

static void
the_nearest_policy_says_how_old_it_may_be(void **state)
{
	struct fixture *f = *state;
	struct policy_place project = { LEVEL_PROJECT, f->project },
	                    own = { LEVEL_ENVIRONMENT, f->environment };

	fixture_ready(f);
	schedule(f, 1, "");
	fixture_do(f, arena_printf(f->a, "UPDATE backup SET started_at=%lld",
	    (long long)(clock_now() - 5 * HOUR)));
	OK(policies_set(f->db, POLICY_RPO_HOURS, &project, "4", f->admin, &f->e));
	assert_int_equal(row_of(f, f->environment).safety.cause, CAUSE_OLD);
	OK(policies_set(f->db, POLICY_RPO_HOURS, &own, "6", f->admin, &f->e));
	assert_int_equal(row_of(f, f->environment).safety.cause, CAUSE_GOOD);
	assert_int_equal(row_of(f, f->environment).facts.rpo_ms, 6 * HOUR);
}

static void
suspicion_and_alarms_are_facts(void **state)
{
	struct fixture *f = *state;
	struct stats_row r;

	fixture_ready(f);
	fixture_ready(f);
	schedule(f, 1, "");
	fixture_do(f, "UPDATE backup SET finished_at=finished_at-1000 WHERE id=1");
	fixture_do(f, "UPDATE backup SET suspicion='0 tables', started_at=started_at+5 WHERE id=2");
	r = row_of(f, f->environment);
	assert_int_equal(r.safety.state, SAFETY_SUSPICIOUS);
	assert_int_equal(r.good.id, 2);
	assert_int_equal(r.facts.trusted_at,
	    fixture_number(f, "SELECT started_at FROM backup WHERE id=1"));
	fixture_do(f, "INSERT INTO alarm (kind, environment, text, opened_at) VALUES ('test', 1,"
	    " 'The test restore failed.', 77)");
	r = row_of(f, f->environment);
	assert_int_equal(r.safety.cause, CAUSE_ALARM);
	assert_int_equal(r.safety.since, 77);
	fixture_do(f, "UPDATE alarm SET closed_at=99");
	assert_int_equal(row_of(f, f->environment).safety.state, SAFETY_SUSPICIOUS);
	/* An alarm that says what is found here must not keep itself alive. */
	fixture_do(f, "INSERT INTO alarm (kind, environment, text, opened_at) VALUES ('at-risk', 1,"
	    " 'x', 77)");
	assert_int_equal(row_of(f, f->environment).safety.state, SAFETY_SUSPICIOUS);
}

/* Someone's upload of an old dump does not make a forgotten environment safe. */
static void
an_upload_is_no_backup_of_the_environment(void **state)
{
	struct fixture *f = *state;

	fixture_ready(f);
	assert_int_equal(row_of(f, f->environment).good.id, 1);
	fixture_do(f, "UPDATE backup SET kind='uploaded'");
	assert_int_equal(row_of(f, f->environment).facts.good, 0);
}

static void
a_list_keeps_to_its_project(void **state)
{
	struct fixture *f = *state;
	struct stats_query q = { .now = clock_now() };
	struct stats_list list;

	fixture_do(f, "INSERT INTO project (id, uuid, slug, name, owners, created_at) VALUES (77,"
	    " 'u', 'blog', 'Blog', '', 1)");
	fixture_do(f, "INSERT INTO environment (id, project, uuid, slug, name, kind, paused,"
	    " created_at) VALUES (90, 77, 'v', 'test', 'Test', 'staging', 1, 1), (77, 77, 'w',"
	    " 'live', 'Live', 'live', 0, 1)");
	OK(stats_environments(&list, f->a, f->db, &q, &f->e));
	assert_int_equal(list.count, 3);
	assert_string_equal(list.rows[0].environment.project_slug, "blog");
	assert_string_equal(list.rows[2].environment.slug, "test");
	q.project = 77;
	OK(stats_environments(&list, f->a, f->db, &q, &f->e));
	assert_int_equal(list.count, 2);
	assert_int_equal(list.rows[1].safety.state, SAFETY_PAUSED);
	q = (struct stats_query){ .environment = 4711, .now = 1 };
	OK(stats_environments(&list, f->a, f->db, &q, &f->e));
	assert_int_equal(list.count, 0);
}

static void
days_sizes_and_jobs_are_counted(void **state)
{
	struct fixture *f = *state;
	struct stats_day *days;
	struct stats_size *sizes;
	struct stats_jobs *jobs;
	size_t count;

	fixture_ready(f);
	fixture_ready(f);
	fixture_request(f, 0, NULL);
	fixture_do(f, "DELETE FROM day_log");
	fixture_do(f, "INSERT INTO day_log (environment, day, good, failed, missed, raw_bytes)"
	    " VALUES (1, 100, 1, 0, 0, 5), (1, 102, 0, 2, 1, 0), (1, 90, 1, 0, 0, 5)");
	OK(stats_days(&days, &count, f->a, f->db, 0, 100, &f->e));
	assert_int_equal(count, 2);
	assert_true(days[0].day == 100 && days[0].good == 1 && days[0].raw_bytes == 5);
	assert_true(days[1].day == 102 && days[1].failed == 2 && days[1].missed == 1);
	OK(stats_days(&days, &count, f->a, f->db, 4711, 0, &f->e));
	assert_int_equal(count, 0);
	OK(stats_sizes(&sizes, &count, f->a, f->db, f->environment, 1, &f->e));
	assert_int_equal(count, 1);
	assert_int_equal(sizes[0].raw_bytes, 2000);
	OK(stats_job_counts(&jobs, &count, f->a, f->db, &f->e));
	assert_int_equal(count, 2);
	assert_int_equal(jobs[0].count + jobs[1].count, 3);
}

static void
PEER_26_what_a_storage_held_is_noted_by_day(void **state)
{
	struct fixture *f = *state;
	struct stats_storage *s;
	struct stats_used *used;
	size_t count;

	fixture_ready(f);
	OK(stats_storages(&s, &count, f->a, f->db, &f->e));
	assert_int_equal(count, 1);
	assert_int_equal(s[0].storage.used_bytes, 205);
	assert_int_equal(s[0].largest, 205);
	assert_int_equal(s[0].looked_at, 0);
	s[0].free_bytes = 700;
	s[0].total_bytes = 1000;
	OK(stats_saw_storage(f->db, &s[0], 10 * DAY + 5, &f->e));
	s[0].storage.used_bytes = 300;
	OK(stats_saw_storage(f->db, &s[0], 10 * DAY + 6, &f->e));
	OK(stats_saw_storage(f->db, &s[0], 11 * DAY, &f->e));
	OK(stats_used_days(&used, &count, f->a, f->db, f->storage, 10, &f->e));
	assert_int_equal(count, 2);
	assert_true(used[0].day == 10 && used[0].used_bytes == 300 && used[1].day == 11);
	OK(stats_storages(&s, &count, f->a, f->db, &f->e));
	assert_true(s[0].free_bytes == 700 && s[0].looked_at == 11 * DAY);
}

static void
a_badge_is_found_by_its_code_alone(void **state)
{
	struct fixture *f = *state;
	int64_t id = 0;
	char *first, *second;

	OK(badges_code(&first, f->a, f->db, f->environment, &f->e));
	assert_string_equal(first, "");
	REFUSED(ERR_NOT_FOUND, badges_find(&id, f->db, "", &f->e));
	OK(badges_make(f->db, f->environment, &f->e));
	OK(badges_code(&first, f->a, f->db, f->environment, &f->e));
	assert_int_equal(strlen(first), 43);
	OK(badges_find(&id, f->db, first, &f->e));
	assert_int_equal(id, f->environment);
	OK(badges_make(f->db, f->environment, &f->e));
	OK(badges_code(&second, f->a, f->db, f->environment, &f->e));
	assert_string_not_equal(first, second);
	REFUSED(ERR_NOT_FOUND, badges_find(&id, f->db, first, &f->e));
	OK(badges_remove(f->db, f->environment, &f->e));
	REFUSED(ERR_NOT_FOUND, badges_find(&id, f->db, second, &f->e));
	REFUSED(ERR_NOT_FOUND, badges_make(f->db, 4711, &f->e));
}

/* -- 100,000 backups -- */

static void
fill(struct fixture *f)
{
	fixture_do(f, "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i+1 FROM n WHERE i<200)"
	    " INSERT INTO environment (id, project, uuid, slug, name, kind, created_at) SELECT i,"
	    " 1, 'v' || i, 'e' || i, 'E' || i, 'live', 1 FROM n");
	fixture_do(f, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<100000)"
	    " INSERT INTO backup (id, uuid, environment, storage, kind, state, created_at,"
	    " started_at, finished_at, stored_bytes, raw_bytes, sidecar_sha256, error) SELECT i,"
	    " 'b' || i, 1 + i % 200, 1, 'scheduled', CASE WHEN i % 50 = 7 THEN 'failed' ELSE"
	    " 'ready' END, i, i, i + 1, 100, 1000, 'x', 'x' FROM n");
	fixture_do(f, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<100000)"
	    " INSERT INTO job (id, uuid, kind, state, environment, backup, run_at, created_at,"
	    " finished_at, error) SELECT i, 'j' || i, 'backup', 'succeeded', 1 + i % 200, i, i, i,"
	    " i, 'x' FROM n");
	fixture_do(f, "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i<79999)"
	    " INSERT INTO day_log (environment, day, good) SELECT 1 + i % 200, i / 200, 1 FROM n");
}

static void
ask_everything(struct fixture *f)
{
	const struct stats_query q = { .now = clock_now() };
	struct stats_list list;
	struct stats_day *days;
	struct stats_size *sizes;
	struct stats_jobs *jobs;
	struct stats_storage *storages;
	size_t count;

	OK(stats_environments(&list, f->a, f->db, &q, &f->e));
	assert_int_equal(list.count, 200);
	OK(stats_days(&days, &count, f->a, f->db, 0, 370, &f->e));
	assert_int_equal(count, 200 * 30);
	OK(stats_sizes(&sizes, &count, f->a, f->db, 7, 90, &f->e));
	assert_int_equal(count, 90);
	OK(stats_job_counts(&jobs, &count, f->a, f->db, &f->e));
	OK(stats_storages(&storages, &count, f->a, f->db, &f->e));
}

/* The lines of the plan of a statement that go through a whole table of backups, jobs or days. */
static int
whole_scans(struct fixture *f, const char *sql)
{
	sqlite3_stmt *plan = NULL;
	int n = 0;

	if (sqlite3_prepare_v2(f->db->handle,
	        arena_printf(f->a, "EXPLAIN QUERY PLAN %s", sql), -1, &plan, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(f->db->handle));
	while (sqlite3_step(plan) == SQLITE_ROW) {
		const char *line = (const char *)sqlite3_column_text(plan, 3);

		/* Two indexes have nothing but unfinished jobs, so all of them may be read. */
		if (strncmp(line, "SCAN ", 5) != 0 || strstr(line, "COVERING INDEX") != NULL ||
		    strstr(line, "INDEX job_queue") != NULL ||
		    strstr(line, "INDEX job_leases") != NULL)
			continue;
		for (size_t i = 0; i < 8; i++) {
			static const char *const big[] = { "g", "t", "n", "b", "d", "backup", "job",
				"day_log" };
			size_t len = strlen(big[i]);

			n += strncmp(line + 5, big[i], len) == 0 &&
			    (line[5 + len] == '\0' || line[5 + len] == ' ');
		}
	}
	sqlite3_finalize(plan);
	return n;
}

static void
PEER_25_every_statement_goes_by_an_index(void **state)
{
	struct fixture *f = *state;
	int looked = 0;

	fill(f);
	/* Also when SQLite knows that nearly all jobs are alike. */
	fixture_do(f, "ANALYZE");
	ask_everything(f);
	for (sqlite3_stmt *s = NULL; (s = sqlite3_next_stmt(f->db->handle, s)) != NULL;) {
		const char *sql = sqlite3_sql(s);

		if (strncmp(sql, "SELECT", 6) != 0 || strstr(sql, "FROM") == NULL)
			continue;
		looked++;
		if (whole_scans(f, sql) > 0)
			fail_msg("a whole table is read: %s", sql);
	}
	assert_true(looked >= 8);
	/* Control: such a statement is noticed. */
	assert_int_equal(whole_scans(f, "SELECT count(*) FROM backup b WHERE note<>'y'"), 1);
	assert_int_equal(whole_scans(f, "SELECT raw_bytes FROM day_log d WHERE good>3"), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(an_environment_goes_from_nothing_to_protected),
		FIXTURE_TEST(SET_28_what_no_schedule_takes_is_named),
		FIXTURE_TEST(SET_28_a_type_without_support_is_not_backed_up),
		FIXTURE_TEST(PEER_8_what_came_due_and_brought_nothing_is_late),
		FIXTURE_TEST(the_nearest_policy_says_how_old_it_may_be),
		FIXTURE_TEST(suspicion_and_alarms_are_facts),
		FIXTURE_TEST(an_upload_is_no_backup_of_the_environment),
		FIXTURE_TEST(a_list_keeps_to_its_project),
		FIXTURE_TEST(days_sizes_and_jobs_are_counted),
		FIXTURE_TEST(PEER_26_what_a_storage_held_is_noted_by_day),
		FIXTURE_TEST(a_badge_is_found_by_its_code_alone),
		FIXTURE_TEST(PEER_25_every_statement_goes_by_an_index),
	};

	return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
