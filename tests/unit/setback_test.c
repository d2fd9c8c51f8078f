/* setback_test.c: a clock that ran ahead and is right again stops nothing (T39). */
#include "tests/unit/ask.h"

#include <inttypes.h>

#include "lib/base/clock.h"
#include "lib/model/calendar.h"
#include "lib/store/schedules.h"
#include "lib/store/setback.h"
#include "lib/store/settings.h"
#include "worker/notify/digest.h"
#include "worker/timer.h"

/* A Sunday noon in winter, UTC. */
#define START INT64_C(1763899200000)
#define HOUR CALENDAR_HOUR
#define DAY CALENDAR_DAY
#define RUNS "SELECT count(*) FROM schedule_run"

static void
add_nightly(struct fixture *f)
{
	struct schedule s = { .environment = f->environment, .name = "Nightly",
		.cron = "0 2 * * *", .zone = "UTC" };

	fixture_do(f, "UPDATE account SET created_at=1");
	OK(schedules_add(&s, f->db, &f->e));
}

/* Turn by turn for so many days, with workers that keep up. */
static void
walk(struct fixture *f, struct timer *t, int64_t from, int days)
{
	for (int64_t now = from; now < from + days * DAY; now += HOUR) {
		OK(timer_step(t, f->db, now, &f->e));
		fixture_do(f, "UPDATE backup SET state='ready', finished_at=1, sidecar_sha256='x'"
		              " WHERE state='building'");
		fixture_do(f, "UPDATE job SET state='succeeded', finished_at=1 WHERE"
		              " state='queued'");
	}
}

/* -- schedules -- */

static void
T39_nights_that_a_clock_ahead_has_had_come_again(void **state)
{
	struct fixture *f = *state;
	struct timer t = { .begun = false };

	add_nightly(f);
	OK(timer_step(&t, f->db, START, &f->e));
	walk(f, &t, START + 30 * DAY, 4);
	/* One is made up for, as after any stop. */
	assert_int_equal(fixture_number(f, RUNS), 1 + 4);
	walk(f, &t, START, 36);
	/* Every night of it, those of days 30 to 33 as well, and none twice. */
	assert_int_equal(fixture_number(f, RUNS), 36);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM backup"), 1 + 4 + 36);
}

/* The same when nobody worked while the clock was set. */
static void
T39_a_worker_that_starts_under_a_right_clock_frees_them_too(void **state)
{
	struct fixture *f = *state;
	struct timer t = { .begun = false };

	add_nightly(f);
	OK(timer_step(&t, f->db, START, &f->e));
	walk(f, &t, START + 30 * DAY, 4);
	t = (struct timer){ .begun = false };
	walk(f, &t, START, 36);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM backup"), 1 + 4 + 36);
}

/* A little back is no clock that was wrong: what has run does not run again. */
static void
T39_a_clock_that_is_set_back_a_day_makes_no_run_twice(void **state)
{
	struct fixture *f = *state;
	struct timer t = { .begun = false };

	add_nightly(f);
	walk(f, &t, START, 3);
	assert_int_equal(fixture_number(f, RUNS), 3);
	walk(f, &t, START + 2 * DAY, 1);
	assert_int_equal(fixture_number(f, RUNS), 3);
}

/* A machine that has started without its time forgets nothing. */
static void
T39_a_clock_before_the_instance_was_made_mends_nothing(void **state)
{
	struct fixture *f = *state;
	struct timer t = { .begun = false };
	struct setback was;

	add_nightly(f);
	walk(f, &t, START, 3);
	fixture_do(f, arena_printf(f->a, "UPDATE account SET created_at=%" PRId64, (int64_t)START));
	OK(setback_mend(&was, f->db, START - 3650 * DAY, &f->e));
	assert_int_equal(was.slots + was.jobs, 0);
	assert_int_equal(fixture_number(f, RUNS), 3);
	/* Control: a day after it was made, what lies ahead is of a wrong clock. */
	fixture_do(f, "UPDATE account SET created_at=1");
	OK(setback_mend(&was, f->db, START - 3650 * DAY, &f->e));
	assert_int_equal(was.slots, 3);
}

/* -- jobs -- */

static int64_t
job_at(struct fixture *f, int64_t run_at)
{
	int64_t job = fixture_request(f, f->database, NULL).job;

	fixture_do(f, arena_printf(f->a, "UPDATE job SET run_at=%" PRId64 " WHERE id=%" PRId64,
	    run_at, job));
	return job;
}

static void
T39_a_job_put_off_by_a_wrong_clock_is_due(void **state)
{
	struct fixture *f = *state;
	struct timer t = { .begun = false };
	int64_t now = clock_now(), far = job_at(f, now + 30 * DAY), near;

	OK(timer_step(&t, f->db, now, &f->e));
	assert_int_equal(fixture_claim(f).job, far);
	/* One that waits for its window goes on waiting. */
	near = job_at(f, now + 2 * DAY);
	t.begun = false;
	OK(timer_step(&t, f->db, now, &f->e));
	assert_int_equal(fixture_claim(f).job, 0);
	assert_int_equal(fixture_number(f, arena_printf(f->a, "SELECT run_at FROM job WHERE id=%"
	    PRId64, near)), now + 2 * DAY);
}

/* -- what is told -- */

/* A mail whose next try is next month, and a channel that hears of nothing until then. */
static void
T39_what_waits_to_be_told_goes_out(void **state)
{
	struct fixture *f = *state;
	struct setback was;
	int64_t now = clock_now(), far = now + 30 * DAY, near = now + HOUR;

	fixture_do(f, "UPDATE account SET created_at=1");
	fixture_do(f, arena_printf(f->a, "INSERT INTO channel (id, uuid, kind, name, target,"
	    " created_at) VALUES (1, 'c', 'webhook', 'x', 'x', %" PRId64 ")", far));
	fixture_do(f, arena_printf(f->a, "INSERT INTO delivery (uuid, channel, event, body, state,"
	    " next_at, created_at, source) VALUES ('far', 1, 'late', '', 'queued', %" PRId64 ", 1,"
	    " 'a'), ('near', 1, 'late', '', 'queued', %" PRId64 ", 1, 'b'), ('done', 1, 'late', '',"
	    " 'sent', %" PRId64 ", 1, 'c')", far, near, far));
	fixture_do(f, arena_printf(f->a, "INSERT INTO outbox (message_id, kind, recipient, subject,"
	    " state, next_at, created_at) VALUES ('far', 'x', 'x', 'x', 'queued', %" PRId64 ", %"
	    PRId64 "), ('near', 'x', 'x', 'x', 'queued', %" PRId64 ", 1)", far, far, near));
	fixture_do(f, arena_printf(f->a, "UPDATE service SET created_at=%" PRId64 " WHERE id=1",
	    far));
	fixture_do(f, arena_printf(f->a, "UPDATE environment SET created_at=1, paused_at=%" PRId64
	    ", resumed_at=%" PRId64, near, far));
	OK(setback_mend(&was, f->db, now, &f->e));
	assert_int_equal(was.mails, 2);
	assert_int_equal(fixture_number(f, "SELECT min(resumed_at) FROM environment"), now);
	assert_int_equal(fixture_number(f, "SELECT max(created_at) FROM environment"), 1);
	assert_int_equal(fixture_number(f, "SELECT next_at FROM delivery WHERE uuid='far'"), now);
	assert_int_equal(fixture_number(f, "SELECT next_at FROM delivery WHERE uuid='near'"), near);
	assert_int_equal(fixture_number(f, "SELECT next_at FROM delivery WHERE uuid='done'"), far);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM outbox WHERE message_id='far' AND"
	    " next_at=created_at"), 1);
	assert_int_equal(fixture_number(f, "SELECT next_at FROM outbox WHERE message_id='far'"),
	    now);
	assert_int_equal(fixture_number(f, "SELECT next_at FROM outbox WHERE message_id='near'"),
	    near);
	assert_int_equal(fixture_number(f, "SELECT created_at FROM channel"), now);
	assert_int_equal(fixture_number(f, "SELECT created_at FROM service WHERE id=1"), now);
	OK(setback_mend(&was, f->db, now, &f->e));
	assert_int_equal(was.mails, 0);
}

/* Who lives beats again before it is taken; who died under the wrong clock held it for a month. */
static void
T39_a_job_that_nobody_holds_is_taken_back(void **state)
{
	struct fixture *f = *state;
	struct setback was;
	struct lease l;
	int64_t now = clock_now();

	fixture_do(f, "UPDATE account SET created_at=1");
	fixture_request(f, f->database, NULL);
	(void)fixture_claim(f);
	fixture_do(f, arena_printf(f->a, "UPDATE job SET lease_until=%" PRId64, now + 30 * DAY));
	OK(setback_mend(&was, f->db, now, &f->e));
	assert_int_equal(was.jobs, 1);
	OK(jobs_recover(&l, f->db, &f->e));
	assert_int_equal(l.job, 0);
	assert_in_range(fixture_number(f, "SELECT lease_until FROM job"), now + 60000,
	    now + 300000);
}

static void
T39_a_digest_that_was_told_of_days_to_come_is_told_again(void **state)
{
	struct fixture *f = *state;
	const struct conf conf = { .public_url = "https://backup.example" };
	int64_t monday = calendar_day(2030, 1, 7) * DAY + 8 * HOUR;
	const char mark[] = "SELECT CAST(value AS INTEGER) FROM setting WHERE name='digest_told'";

	OK(digest_step(f->db, &conf, monday + 700 * DAY, &f->e));
	assert_int_equal(fixture_number(f, mark), (monday + 700 * DAY) / DAY);
	/* This week's counts as told, as for a new instance; next week's comes. */
	OK(digest_step(f->db, &conf, monday, &f->e));
	assert_int_equal(fixture_number(f, mark), monday / DAY);
	/* Back by an hour over the hour itself tells it once. */
	OK(digest_step(f->db, &conf, monday + 7 * DAY, &f->e));
	OK(digest_step(f->db, &conf, monday + 7 * DAY - HOUR, &f->e));
	assert_int_equal(fixture_number(f, mark), monday / DAY + 7);
}

static void
T39_a_beat_of_the_future_is_no_sign_of_life(void **state)
{
	struct fixture *f = *state;
	int64_t seen;

	OK(settings_worker_beat(f->db, "gone", &f->e));
	fixture_do(f, "UPDATE worker SET seen_at=seen_at+3600000");
	OK(settings_worker_seen(&seen, f->db, &f->e));
	assert_int_equal(seen, 0);
	/* One of days to come is forgotten. */
	fixture_do(f, "UPDATE worker SET seen_at=seen_at+86400000*400");
	OK(settings_worker_beat(f->db, "here", &f->e));
	OK(settings_worker_seen(&seen, f->db, &f->e));
	assert_in_range(seen, clock_now() - 10000, clock_now());
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM worker"), 1);
	/* Two web processes never read the same instant. */
	fixture_do(f, "UPDATE worker SET seen_at=seen_at+20000");
	OK(settings_worker_seen(&seen, f->db, &f->e));
	assert_true(seen > clock_now());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(T39_nights_that_a_clock_ahead_has_had_come_again),
		FIXTURE_TEST(T39_a_worker_that_starts_under_a_right_clock_frees_them_too),
		FIXTURE_TEST(T39_a_clock_that_is_set_back_a_day_makes_no_run_twice),
		FIXTURE_TEST(T39_a_clock_before_the_instance_was_made_mends_nothing),
		FIXTURE_TEST(T39_a_job_put_off_by_a_wrong_clock_is_due),
		FIXTURE_TEST(T39_what_waits_to_be_told_goes_out),
		FIXTURE_TEST(T39_a_job_that_nobody_holds_is_taken_back),
		FIXTURE_TEST(T39_a_digest_that_was_told_of_days_to_come_is_told_again),
		FIXTURE_TEST(T39_a_beat_of_the_future_is_no_sign_of_life),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
