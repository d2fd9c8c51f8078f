/* stats_worst_test.c: an environment is as safe as its worst service, and a pause makes none safer.
 */
#include "tests/unit/fixture.h"

#include "lib/store/concerns.h"
#include "lib/store/plans.h"
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

/* Each by a schedule of its own. */
static void
PEER_8_a_backup_of_the_media_does_not_make_up_for_the_database(void **state)
{
	struct fixture *f = *state;
	int64_t now = clock_now(), first = fixture_ready(f), failed, media;
	struct alarm *alarms;
	struct stats_row r;
	struct lease l;
	struct err why;
	size_t count;

	schedule(f, 1, "");
	schedule(f, 2, "");
	fixture_do(f, arena_printf(f->a,
	    "INSERT INTO schedule_service (schedule, service) VALUES (1, %lld), (2, %lld)",
	    (long long)f->database, (long long)f->media));
	fixture_do(f, "UPDATE service SET created_at=1");
	fixture_do(f, arena_printf(f->a, "UPDATE backup SET started_at=%lld, finished_at=%lld",
	    (long long)(now - 30 * HOUR), (long long)(now - 29 * HOUR)));
	/* The run of the database was refused, that of the media brought a backup. */
	fixture_do(f, arena_printf(f->a, "INSERT INTO schedule_run (schedule, environment, slot,"
	    " due_at, started_at) VALUES (1, 1, 'a', %lld, 1), (2, 1, 'a', %lld, 1)",
	    (long long)(now - 9 * HOUR), (long long)(now - 9 * HOUR)));
	media = fixture_request(f, f->media, NULL).backup;
	l = fixture_claim(f);
	fixture_finish(f, &l, media);
	r = row_of(f, f->environment);
	assert_int_equal(r.facts.good, media);
	assert_int_equal(r.safety.cause, CAUSE_OVERDUE);
	assert_int_equal(r.safety.since, now - 9 * HOUR);
	assert_int_equal(r.facts.trusted_at, now - 30 * HOUR);
	/* Doubt about the database stays, too. */
	assert_false(r.facts.suspicious);
	fixture_do(f, arena_printf(f->a, "UPDATE backup SET suspicion='0 tables' WHERE id=%lld",
	    (long long)first));
	assert_true(row_of(f, f->environment).facts.suspicious);
	OK(concerns_list(&alarms, &count, f->a, f->db, now, &f->e));
	assert_int_equal(count, 1);
	assert_string_equal(alarms[0].kind, "suspicious");
	fixture_do(f, "UPDATE backup SET suspicion=''");
	/* It fails, and then the media come again. */
	failed = fixture_request(f, f->database, NULL).backup;
	l = fixture_claim(f);
	err_set(&why, ERR_INTERNAL, "broken");
	OK(jobs_fail(f->db, &l, &why, &f->e));
	media = fixture_request(f, f->media, NULL).backup;
	l = fixture_claim(f);
	fixture_finish(f, &l, media);
	r = row_of(f, f->environment);
	assert_int_equal(r.safety.cause, CAUSE_FAILED);
	assert_int_equal(r.facts.ended, failed);
	assert_true(first < failed);
}

/* The promise and the metric go by the service that waits longest. */
static void
NEW_7_the_age_is_that_of_the_service_that_waits_longest(void **state)
{
	struct fixture *f = *state;
	struct policy_place all = { LEVEL_INSTANCE, 0 };
	int64_t now = clock_now(), media;
	struct lease l;
	bool broken;
	char *age;

	OK(policies_set(f->db, POLICY_RPO_HOURS, &all, "24", f->admin, &f->e));
	OK(concerns_age(&age, &broken, f->a, f->db, f->environment, now, &f->e));
	assert_true(broken);
	assert_string_equal(age, "There is no good backup; one of at most 24 h is wished.");
	fixture_ready(f);
	fixture_do(f, arena_printf(f->a, "UPDATE backup SET started_at=%lld, finished_at=%lld",
	    (long long)(now - 31 * HOUR), (long long)(now - 30 * HOUR)));
	media = fixture_request(f, f->media, NULL).backup;
	l = fixture_claim(f);
	fixture_finish(f, &l, media);
	OK(concerns_age(&age, &broken, f->a, f->db, f->environment, now, &f->e));
	assert_true(broken);
	assert_string_equal(age,
	    "A service's newest good backup is 30 h old; at most 24 h are wished.");
	assert_int_equal(row_of(f, f->environment).facts.trusted_end, now - 30 * HOUR);
	fixture_do(f, "UPDATE service SET removed_at=1 WHERE slug='database'");
	OK(concerns_age(&age, &broken, f->a, f->db, f->environment, clock_now(), &f->e));
	assert_false(broken);
	assert_string_equal(age, "The newest good backup is 0 h old; at most 24 h are wished.");
	REFUSED(ERR_NOT_FOUND, concerns_age(&age, &broken, f->a, f->db, 77, now, &f->e));
}

static void
backed_up(struct fixture *f, int64_t service)
{
	int64_t backup = fixture_request(f, service, NULL).backup;
	struct lease l = fixture_claim(f);

	fixture_finish(f, &l, backup);
}

/* What the timer asks for. */
static bool
fire(struct fixture *f)
{
	struct schedule_fired fired;

	OK(plans_fire(&fired, f->a, f->db, &(struct schedule_due){ 1, f->environment },
	    clock_now(), &f->e));
	return fired.ran;
}

/* Runs that went by while it was paused were refused; what was late before is late after it. */
static void
PEER_8_a_pause_makes_no_lateness_and_takes_none_away(void **state)
{
	struct fixture *f = *state;
	int64_t now = clock_now(), began;
	struct environment v;
	struct stats_row r;

	fixture_ready(f);
	schedule(f, 1, "");
	fixture_do(f, "UPDATE service SET created_at=1");
	fixture_do(f, "UPDATE backup SET started_at=1000, finished_at=2000");
	fixture_do(f, arena_printf(f->a, "INSERT INTO schedule_run (schedule, environment, slot,"
	    " due_at, started_at, error) VALUES (1, 1, 'a', %lld, 1, NULL)",
	    (long long)(now - 9 * HOUR)));
	assert_int_equal(row_of(f, f->environment).safety.cause, CAUSE_OVERDUE);
	OK(environments_by_id(&v, f->a, f->db, f->environment, &f->e));
	/* Saved without having been paused, it owes what it owed. */
	OK(environments_update(&v, f->db, &f->e));
	assert_int_equal(row_of(f, f->environment).safety.cause, CAUSE_OVERDUE);
	v.paused = true;
	OK(environments_update(&v, f->db, &f->e));
	r = row_of(f, f->environment);
	assert_int_equal(r.safety.cause, CAUSE_PAUSED);
	began = r.facts.paused_at;
	assert_true(began >= now);
	/* Saved while it is paused, that goes on. */
	OK(environments_update(&v, f->db, &f->e));
	assert_int_equal(row_of(f, f->environment).facts.paused_at, began);
	v.paused = false;
	OK(environments_update(&v, f->db, &f->e));
	r = row_of(f, f->environment);
	assert_int_equal(r.safety.cause, CAUSE_OVERDUE);
	assert_true(r.facts.resumed_at >= began);
	/* It was late for an hour, and then there was the pause. */
	fixture_do(f, arena_printf(f->a, "UPDATE environment SET paused_at=%lld",
	    (long long)(now - 8 * HOUR)));
	assert_int_equal(row_of(f, f->environment).safety.cause, CAUSE_LATE);
	/* What the timer asks for in a pause is refused, and owed by nobody. */
	v.paused = true;
	OK(environments_update(&v, f->db, &f->e));
	fixture_do(f, "DELETE FROM schedule_run");
	fixture_do(f, arena_printf(f->a, "UPDATE schedule_state SET handled_at=%lld, next_at=%lld",
	    (long long)(now - 2 * DAY), (long long)(now - 1)));
	assert_true(fire(f));
	v.paused = false;
	OK(environments_update(&v, f->db, &f->e));
	fixture_do(f, arena_printf(f->a, "UPDATE schedule_run SET due_at=%lld",
	    (long long)(now - 9 * HOUR)));
	assert_int_equal(row_of(f, f->environment).facts.unmet_at, 0);
	fixture_do(f, "UPDATE schedule_run SET error='there is no storage'");
	assert_int_equal(row_of(f, f->environment).facts.unmet_at, now - 9 * HOUR);
}

/* Hourly media that came do not make the daily database silent, nor the other way round. */
static void
PEER_8_a_service_is_silent_by_its_own_runs(void **state)
{
	struct fixture *f = *state;
	int64_t now = clock_now();
	struct stats_row r;
	struct lease l;
	struct err why;

	fixture_ready(f);
	schedule(f, 1, "");
	schedule(f, 2, "");
	fixture_do(f, arena_printf(f->a,
	    "INSERT INTO schedule_service (schedule, service) VALUES (1, %lld), (2, %lld)",
	    (long long)f->database, (long long)f->media));
	fixture_do(f, arena_printf(f->a, "UPDATE schedule_state SET handled_at=%lld, next_at=%lld"
	    " WHERE schedule=2", (long long)now, (long long)(now + HOUR)));
	(void)fixture_request(f, f->database, NULL);
	l = fixture_claim(f);
	err_set(&why, ERR_INTERNAL, "broken");
	OK(jobs_fail(f->db, &l, &why, &f->e));
	fixture_do(f, arena_printf(f->a, "UPDATE backup SET finished_at=%lld WHERE id=2",
	    (long long)(now - 5 * HOUR)));
	r = row_of(f, f->environment);
	assert_int_equal(r.facts.interval_ms, HOUR);
	assert_true(r.facts.silent_after == now - 5 * HOUR && r.facts.silent_interval_ms == DAY);
	assert_false(safety_silent(&r.facts, now));
	assert_true(safety_silent(&r.facts, now + 26 * HOUR));
	/* The media fail too, three hours ago: they should have come again first. */
	(void)fixture_request(f, f->media, NULL);
	l = fixture_claim(f);
	OK(jobs_fail(f->db, &l, &why, &f->e));
	fixture_do(f, arena_printf(f->a, "UPDATE backup SET finished_at=%lld WHERE id=3",
	    (long long)(now - 3 * HOUR)));
	r = row_of(f, f->environment);
	assert_true(r.facts.silent_after == now - 3 * HOUR && r.facts.silent_interval_ms == HOUR);
	assert_true(safety_silent(&r.facts, now));
	/* A service that no schedule takes is waited for by nobody. */
	fixture_do(f, "UPDATE schedule SET enabled=0 WHERE id=2");
	assert_int_equal(row_of(f, f->environment).facts.silent_interval_ms, DAY);
}

/* A service of which there is no backup at all, or only doubtful ones, is the worst. */
static void
NEW_7_a_service_without_a_trusted_backup_is_the_oldest(void **state)
{
	struct fixture *f = *state;
	struct policy_place own = { LEVEL_ENVIRONMENT, f->environment };
	int64_t now = clock_now();
	struct stats_row r;
	bool broken;
	char *age;

	OK(policies_set(f->db, POLICY_RPO_HOURS, &own, "4", f->admin, &f->e));
	fixture_do(f, arena_printf(f->a, "UPDATE service SET created_at=%lld",
	    (long long)(now - 3 * HOUR)));
	backed_up(f, f->database);
	r = row_of(f, f->environment);
	assert_string_equal(r.facts.oldest, "Media");
	assert_int_equal(r.facts.trusted_at, now - 3 * HOUR);
	assert_int_equal(r.facts.trusted_end, 0);
	assert_false(safety_too_old(&r.facts, now));
	OK(concerns_age(&age, &broken, f->a, f->db, f->environment, now, &f->e));
	assert_true(broken);
	assert_string_equal(age, "A service has no good backup; one of at most 4 h is wished.");
	fixture_do(f, arena_printf(f->a, "UPDATE service SET created_at=%lld",
	    (long long)(now - 5 * HOUR)));
	r = row_of(f, f->environment);
	assert_int_equal(r.safety.cause, CAUSE_OLD);
	assert_string_equal(safety_reason(f->a, &r.safety, &r.facts, now),
	    "There is no backup of Media that can be trusted.");
	/* One that somebody doubts is none, and it is named. */
	backed_up(f, f->media);
	fixture_do(f, "UPDATE backup SET suspicion='0 files' WHERE id=2");
	backed_up(f, f->database);
	r = row_of(f, f->environment);
	assert_int_equal(r.facts.trusted_at, 0);
	assert_true(r.facts.good == 3 && r.facts.odd == 2);
	assert_string_equal(r.facts.odd_of, "Media");
	OK(policies_set(f->db, POLICY_RPO_HOURS, &own, NULL, f->admin, &f->e));
	r = row_of(f, f->environment);
	assert_int_equal(r.safety.since, r.facts.odd_at);
	assert_string_equal(safety_reason(f->a, &r.safety, &r.facts, now),
	    "The last backup of Media, b2, looks wrong.");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(PEER_8_a_backup_of_the_media_does_not_make_up_for_the_database),
		FIXTURE_TEST(NEW_7_the_age_is_that_of_the_service_that_waits_longest),
		FIXTURE_TEST(PEER_8_a_pause_makes_no_lateness_and_takes_none_away),
		FIXTURE_TEST(PEER_8_a_service_is_silent_by_its_own_runs),
		FIXTURE_TEST(NEW_7_a_service_without_a_trusted_backup_is_the_oldest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
