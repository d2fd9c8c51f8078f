/* retention_test.c: the keep rule over the catalogue, day by day. */
#include "tests/unit/stock.h"

#include <time.h>

#include "lib/model/retain_note.h"
#include "lib/store/events.h"
#include "lib/store/settings.h"

enum { DAYS_LONG = 700 };

/* 2025-01-06, a Monday, at 02:00 UTC. */
#define BEGIN (INT64_C(20094) * STOCK_DAY + 2 * STOCK_HOUR)

/* -- SCU-11 -- */

static void
SCU_11_after_five_good_ones_exactly_the_newest_3_remain(void **state)
{
	struct fixture *f = *state;
	int64_t ids[5], failed, now = BEGIN;

	stock_rule(f, "last=3 min-age=0");
	for (int i = 0; i < 5; i++) {
		ids[i] = stock_add(f, (struct stock){ .at = now });
		failed = stock_add(f, (struct stock){ .at = now + STOCK_HOUR, .state = "failed" });
		assert_int_equal(stock_turn(f, now + 2 * STOCK_HOUR), i < 3 ? -1 : 1);
		assert_int_equal(stock_state(f, failed), BACKUP_FAILED);
		now += STOCK_DAY;
	}
	for (int i = 0; i < 5; i++)
		assert_int_equal(stock_state(f, ids[i]), i < 2 ? BACKUP_TRASHED : BACKUP_READY);
}

/* Control: without counting only good ones, the same list would lose good backups. */
static void
SCU_11_control_failed_ones_that_counted_would_be_noticed(void **state)
{
	struct fixture *f = *state;
	int64_t good = stock_add(f, (struct stock){ .at = BEGIN });

	stock_rule(f, "last=3 min-age=0");
	for (int i = 1; i < 5; i++)
		stock_add(f, (struct stock){ .at = BEGIN + i * STOCK_HOUR, .state = "failed" });
	assert_int_equal(stock_turn(f, BEGIN + STOCK_DAY), -1);
	fixture_do(f, "UPDATE part SET state='ready'");
	fixture_do(f, "UPDATE backup SET state='ready' WHERE state='failed'");
	assert_int_equal(stock_turn(f, BEGIN + 2 * STOCK_DAY), 2);
	assert_int_equal(stock_state(f, good), BACKUP_TRASHED);
}

/* -- 700 days of 7 daily, 4 weekly, 12 monthly -- */

/* The month of a day since 1970, as one number. */
static int
month_of(int64_t day)
{
	time_t t = (time_t)(day * 86400);
	struct tm tm;

	gmtime_r(&t, &tm);
	return tm.tm_year * 12 + tm.tm_mon;
}

static int
week_of(int64_t day)
{
	return (int)((day + 3) / 7);
}

/* Written on its own: from today backwards, the newest day of each period, those that stay passed
 * over. */
static void
expect(bool stay[DAYS_LONG], int today, int (*period)(int64_t day), int wanted)
{
	int64_t first = BEGIN / STOCK_DAY;

	for (int d = today; d >= 0 && wanted > 0; d--) {
		if (d < today && period(first + d) == period(first + d + 1))
			continue;
		wanted -= !stay[d];
		stay[d] = true;
	}
}

static void
check_day(struct fixture *f, const int64_t ids[DAYS_LONG], int today)
{
	bool stay[DAYS_LONG] = { false };

	for (int d = today; d >= 0 && d > today - 7; d--)
		stay[d] = true;
	expect(stay, today, week_of, 4);
	expect(stay, today, month_of, 12);
	for (int d = 0; d <= today; d++) {
		bool there = stock_state(f, ids[d]) == BACKUP_READY;

		if (there != stay[d])
			fail_msg("on day %d the backup of day %d %s", today, d,
			    there ? "is still there" : "is gone");
	}
}

static void
empty_trash(struct fixture *f, int64_t now)
{
	int64_t id = 0;

	for (;;) {
		OK(backups_next_purge(&id, f->db, now - 7 * STOCK_DAY, id, &f->e));
		if (id == 0)
			return;
		OK(backups_set_deleted(f->db, id, &f->e));
	}
}

static void
DIV_3_a_700_day_walk_of_7_daily_4_weekly_12_monthly(void **state)
{
	struct fixture *f = *state;
	static int64_t ids[DAYS_LONG];
	clock_t began = clock(), spent;
	int64_t now;

	for (int d = 0; d < DAYS_LONG; d++) {
		now = BEGIN + d * STOCK_DAY;
		ids[d] = stock_add(f, (struct stock){ .at = now });
		for (int64_t h = 1; h < 24; h += 12)
			stock_turn(f, now + h * STOCK_HOUR);
		empty_trash(f, now + STOCK_HOUR);
		if (d % 7 == 0 || d > DAYS_LONG - 40)
			check_day(f, ids, d);
	}
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM backup WHERE state='ready'"), 23);
	assert_true(fixture_number(f, "SELECT count(*) FROM backup WHERE state='trashed'") <= 9);
	/* Of this process alone: others may have the processor meanwhile. */
	spent = (clock() - began) / (CLOCKS_PER_SEC / 1000);
	print_message("%d days in %ld ms\n", DAYS_LONG, (long)spent);
	assert_true(spent < 30000);
}

/* When no backups come for 90 days, nothing more goes than went before. */
static void
a_90_day_outage_deletes_nothing(void **state)
{
	struct fixture *f = *state;
	int64_t now = BEGIN, before;

	for (int d = 0; d < 60; d++, now += STOCK_DAY) {
		stock_add(f, (struct stock){ .at = now });
		stock_turn(f, now + STOCK_HOUR);
	}
	before = fixture_number(f, "SELECT count(*) FROM backup WHERE state='ready'");
	for (int d = 0; d < 90 * 2; d++, now += STOCK_DAY / 2)
		assert_int_equal(stock_turn(f, now), -1);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM backup WHERE state='ready'"),
	    before);
}

/* -- PEER-10 -- */

/* Random histories; gives how many times a service was left without a good backup that it had. */
static int
walk(struct fixture *f, unsigned seed)
{
	static const char *const rules[] = { "last=1 min-age=0 failed=1", "days=1 min-age=0",
		"daily=1 min-age=1 on-demand-days=1", "last=2 max-total=1MB min-age=0" };
	int64_t services[] = { f->database, f->media };
	int64_t now = BEGIN, good[2] = { 0, 0 };
	int lost = 0;

	srandom(seed);
	for (int step = 0; step < 40; step++, now += STOCK_DAY / 3) {
		long dice = random();
		int which = (int)(dice % 3);
		bool bad = dice / 3 % 3 == 0;

		stock_rule(f, rules[dice / 9 % 4]);
		stock_add(f, (struct stock){ .at = now, .state = bad ? "failed" : NULL,
		    .only = which < 2 ? services[which] : 0,
		    .kind = dice / 100 % 4 == 0 ? "on-demand" : NULL });
		for (int s = 0; s < 2; s++)
			if (!bad && (which == 2 || which == s))
				good[s] = now;
		stock_turn(f, now + 2 * STOCK_HOUR);
		for (int s = 0; s < 2; s++) {
			int64_t left;

			OK(sql_get(&left, f->db,
			    "SELECT count(*) FROM backup b JOIN part p ON p.backup=b.id WHERE"
			    " b.state='ready' AND p.service=?1", SQL_ARGS(sql_i(services[s])),
			    &f->e));
			lost += good[s] > 0 && left == 0;
		}
	}
	fixture_do(f, "DELETE FROM part");
	fixture_do(f, "DELETE FROM job_log");
	fixture_do(f, "DELETE FROM job");
	fixture_do(f, "DELETE FROM backup");
	fixture_do(f, "DELETE FROM setting WHERE name='retention_clock'");
	fixture_do(f, "UPDATE environment SET pruned_at=0");
	return lost;
}

static void
PEER_10_the_last_good_backup_of_a_service_never_goes(void **state)
{
	struct fixture *f = *state;

	for (unsigned seed = 1; seed <= 25; seed++)
		assert_int_equal(walk(f, seed), 0);
}

/* Control: with the guard switched off the same walks lose some. */
static void
PEER_10_control_without_the_guard_some_are_lost(void **state)
{
	struct fixture *f = *state;
	int lost = 0;

	setenv("LAZARETTE_FAULT_CONTROL", "no_last_good", 1);
	for (unsigned seed = 1; seed <= 25; seed++)
		lost += walk(f, seed);
	unsetenv("LAZARETTE_FAULT_CONTROL");
	assert_true(lost > 0);
}

static void
PEER_10_another_environment_is_left_alone(void **state)
{
	struct fixture *f = *state;
	int64_t old = stock_add(f, (struct stock){ .at = BEGIN });
	struct environment v = { .slug = "other", .name = "Other", .kind = ENV_STAGING,
		.project = f->project };
	struct lease l;
	const struct job_request rq = { .environment = f->environment };
	bool gone = true;

	OK(environments_add(&v, f->db, &f->e));
	OK(retention_looked(f->db, v.id, BEGIN, true, &f->e));
	l = fixture_claim(f);
	OK(retention_trash(&gone, f->db, &l, &(struct retention_go){ old, BEGIN, "why" }, &f->e));
	assert_false(gone);
	OK(jobs_succeed(f->db, &l, 0, &f->e));
	/* Nor does any other kind of job take anything. */
	assert_int_equal(rq.environment, f->environment);
	OK(jobs_add_check(&l.job, f->db, &rq, f->media, &f->e));
	l = fixture_claim(f);
	REFUSED(ERR_INTERNAL, retention_trash(&gone, f->db, &l,
	    &(struct retention_go){ old, BEGIN, "why" }, &f->e));
}

/* -- what never goes -- */

static void
PEER_18_what_is_kept_or_kept_until_or_in_use_stays(void **state)
{
	struct fixture *f = *state;
	int64_t pinned, until, used, plain, now = BEGIN + 30 * STOCK_DAY;
	struct job_request rq = { .environment = f->environment };
	const struct retention *r;
	int64_t job;

	stock_rule(f, "last=1 min-age=0");
	pinned = stock_add(f, (struct stock){ .at = BEGIN });
	until = stock_add(f, (struct stock){ .at = BEGIN });
	used = stock_add(f, (struct stock){ .at = BEGIN });
	plain = stock_add(f, (struct stock){ .at = BEGIN });
	stock_add(f, (struct stock){ .at = now });
	OK(backups_set_keep(f->db, pinned, true, &f->e));
	OK(backups_set_keep_until(f->db, until, now + STOCK_DAY, &f->e));
	OK(jobs_add_verify(&job, f->db, &rq, used, &f->e));
	r = stock_judge(f, now);
	assert_false(stock_goes(f, r, pinned));
	assert_false(stock_goes(f, r, until));
	assert_false(stock_goes(f, r, used));
	assert_true(stock_goes(f, r, plain));
	assert_string_equal(retention_row(f->a, r, pinned), "Kept");
	assert_string_equal(retention_row(f->a, r, plain),
	    "Goes tonight: not the newest one");
	assert_null(retention_row(f->a, r, 4711));
	assert_null(retention_short(f->a, r, 4711));
	/* The day after, the date has passed and the job is over. */
	OK(jobs_cancel(f->db, job, &f->e));
	r = stock_judge(f, now + 2 * STOCK_DAY);
	assert_true(stock_goes(f, r, until));
	assert_true(stock_goes(f, r, used));
}

/* What was judged and then changed does not go. */
static void
a_backup_that_was_pinned_meanwhile_stays(void **state)
{
	struct fixture *f = *state;
	int64_t old = stock_add(f, (struct stock){ .at = BEGIN }), now = BEGIN + 9 * STOCK_DAY;
	struct lease l;
	bool gone;

	stock_rule(f, "last=1 min-age=0");
	stock_add(f, (struct stock){ .at = now - STOCK_DAY });
	OK(pruner_step(f->db, &stock_conf, now, &f->e));
	l = fixture_claim(f);
	assert_true(stock_goes(f, stock_judge(f, now), old));
	OK(backups_set_keep(f->db, old, true, &f->e));
	OK(retention_trash(&gone, f->db, &l, &(struct retention_go){ old, now, "why" }, &f->e));
	assert_false(gone);
	OK(backups_set_keep(f->db, old, false, &f->e));
	OK(retention_trash(&gone, f->db, &l, &(struct retention_go){ old, now, "why" }, &f->e));
	assert_true(gone);
	/* Once is enough. */
	OK(retention_trash(&gone, f->db, &l, &(struct retention_go){ old, now, "why" }, &f->e));
	assert_false(gone);
	/* And not without the lease. */
	l.fence++;
	REFUSED(ERR_FENCED, retention_trash(&gone, f->db, &l,
	    &(struct retention_go){ old, now, "why" }, &f->e));
}

static void
what_a_rule_took_says_why_and_can_be_put_back_for_a_week(void **state)
{
	struct fixture *f = *state;
	int64_t now = clock_now(), old = stock_add(f, (struct stock){ .at = now - 9 * STOCK_DAY });
	struct backup b;
	struct event *events;
	size_t n;

	stock_rule(f, "last=1 min-age=0");
	stock_add(f, (struct stock){ .at = now - STOCK_DAY });
	assert_int_equal(stock_turn(f, now), 1);
	OK(backups_by_id(&b, f->a, f->db, old, &f->e));
	assert_string_equal(b.trashed_why, "older than it may be");
	OK(events_list(&events, &n, f->a, f->db, f->environment, 0, &f->e));
	assert_string_equal(events[0].action, "backup.pruned");
	assert_string_equal(events[0].actor, "system");
	assert_string_equal(events[0].detail, "older than it may be");
	OK(backups_untrash(f->db, old, &f->e));
	OK(backups_by_id(&b, f->a, f->db, old, &f->e));
	assert_string_equal(b.trashed_why, "");
	assert_true(b.keep_until > now + 6 * STOCK_DAY);
	assert_false(stock_goes(f, stock_judge(f, now + STOCK_DAY), old));
	for (int h = 0; h < 9 * 24; h += 12)
		stock_turn(f, now + h * STOCK_HOUR);
	assert_int_equal(stock_state(f, old), BACKUP_TRASHED);
}

/* What a person put back stays for a week, whoever had put it away. */
static void
what_a_person_put_back_stays_for_a_week(void **state)
{
	struct fixture *f = *state;
	int64_t id = stock_add(f, (struct stock){ .at = BEGIN });
	struct backup b;

	OK(backups_trash(f->db, id, &f->e));
	REFUSED(ERR_CONFLICT, backups_set_keep_until(f->db, id, BEGIN, &f->e));
	OK(backups_untrash(f->db, id, &f->e));
	OK(backups_by_id(&b, f->a, f->db, id, &f->e));
	assert_true(b.keep_until > clock_now() + 6 * STOCK_DAY);
	REFUSED(ERR_NOT_FOUND, backups_set_keep_until(f->db, 4711, BEGIN, &f->e));
}

/* -- the clock -- */

static void
T39_a_clock_that_jumped_stops_all_deleting_for_a_day(void **state)
{
	struct fixture *f = *state;
	int64_t old = stock_add(f, (struct stock){ .at = BEGIN }), now = BEGIN + 2 * STOCK_DAY;
	const struct retention *r;

	stock_rule(f, "days=10 min-age=0");
	stock_add(f, (struct stock){ .at = BEGIN + STOCK_DAY });
	assert_int_equal(stock_turn(f, now), -1);
	/* A year ahead: nothing goes, and it is said. */
	now += 365 * STOCK_DAY;
	assert_int_equal(stock_turn(f, now), -1);
	r = stock_judge(f, now + STOCK_HOUR);
	assert_true(r->result.stopped);
	assert_int_equal(r->result.go_count, 0);
	assert_non_null(strstr(retain_note_warning(f->a, &r->ask, &r->result),
	    "nothing is deleted this time"));
	/* The clock is put right again: that is a jump, too. */
	now -= 365 * STOCK_DAY;
	assert_int_equal(stock_turn(f, now), -1);
	assert_true(stock_judge(f, now + STOCK_HOUR)->result.stopped);
	assert_int_equal(stock_state(f, old), BACKUP_READY);
	/* A day later all is as ever. */
	for (int h = 0; h < 26; h++)
		stock_turn(f, now + h * STOCK_HOUR);
	assert_false(stock_judge(f, now + 26 * STOCK_HOUR)->result.stopped);
}

/* Control: the same year in steps of hours deletes what is to be deleted. */
static void
T39_control_the_same_time_step_by_step_deletes(void **state)
{
	struct fixture *f = *state;
	int64_t old = stock_add(f, (struct stock){ .at = BEGIN }), now = BEGIN + 2 * STOCK_DAY;

	stock_rule(f, "days=10 min-age=0");
	stock_add(f, (struct stock){ .at = BEGIN + STOCK_DAY });
	for (int h = 0; h < 24 * 12; h += 12)
		stock_turn(f, now + h * STOCK_HOUR);
	assert_int_equal(stock_state(f, old), BACKUP_TRASHED);
}

/* -- when it is looked at -- */

static void
it_is_looked_at_after_each_good_backup_and_once_a_day(void **state)
{
	struct fixture *f = *state;
	int64_t due, now = BEGIN;

	OK(retention_due(&due, f->db, now, 0, &f->e));
	assert_int_equal(due, f->environment);
	OK(retention_due(&due, f->db, now, f->environment, &f->e));
	assert_int_equal(due, 0);
	OK(retention_looked(f->db, f->environment, now, false, &f->e));
	OK(retention_due(&due, f->db, now + STOCK_HOUR, 0, &f->e));
	assert_int_equal(due, 0);
	stock_add(f, (struct stock){ .at = now + STOCK_HOUR, .state = "failed" });
	OK(retention_due(&due, f->db, now + 2 * STOCK_HOUR, 0, &f->e));
	assert_int_equal(due, 0);
	stock_add(f, (struct stock){ .at = now + STOCK_HOUR });
	OK(retention_due(&due, f->db, now + 2 * STOCK_HOUR, 0, &f->e));
	assert_int_equal(due, f->environment);
	OK(retention_looked(f->db, f->environment, now + 2 * STOCK_HOUR, true, &f->e));
	OK(retention_looked(f->db, f->environment, now + 2 * STOCK_HOUR, true, &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job WHERE kind='prune'"), 1);
	OK(retention_due(&due, f->db, now + 27 * STOCK_HOUR, 0, &f->e));
	assert_int_equal(due, f->environment);
	/* A paused environment stays as it is. */
	fixture_do(f, "UPDATE environment SET paused=1");
	OK(retention_due(&due, f->db, now + 27 * STOCK_HOUR, 0, &f->e));
	assert_int_equal(due, 0);
	assert_true(stock_judge(f, now)->paused);
}

static void
a_rule_that_cannot_be_read_deletes_nothing_and_keeps_no_other(void **state)
{
	struct fixture *f = *state;
	struct environment v = { .slug = "other", .name = "Other", .kind = ENV_STAGING,
		.project = f->project };
	int64_t due;

	OK(environments_add(&v, f->db, &f->e));
	stock_rule(f, "last=1");
	fixture_do(f, "UPDATE policy SET value='keep some'");
	assert_int_equal(pruner_step(f->db, &stock_conf, BEGIN, &f->e), -1);
	OK(retention_due(&due, f->db, BEGIN + STOCK_HOUR, 0, &f->e));
	assert_int_equal(due, 0);
}

/* Weeks and years of small transactions: no power is lost here. */
static int
set_up(void **state)
{
	if (fixture_set_up(state) != 0)
		return -1;
	fixture_do(*state, "PRAGMA synchronous=OFF");
	return 0;
}

#define WALK_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, fixture_tear_down)

/* Of the older ones nothing can be made whole in the first place, but each lies in another. */
static void
what_is_whole_in_a_copy_is_kept_as_if_it_were_whole(void **state)
{
	static const char sql_copies[] =
	    "INSERT INTO copy (backup, storage, state, health, created_at, finished_at)"
	    " SELECT id, (SELECT max(id) FROM storage), 'ready', CASE id WHEN 2 THEN 'damaged'"
	    " ELSE 'good' END, 1, 1 FROM backup";
	struct fixture *f = *state;
	int64_t ids[4];

	stock_rule(f, "last=4 min-age=0");
	for (int i = 0; i < 4; i++)
		ids[i] = stock_add(f, (struct stock){ .at = BEGIN + i * STOCK_HOUR });
	fixture_do(f, "INSERT INTO storage (uuid, slug, kind, path, created_at) VALUES"
	    " ('u2', 'second', 'local', '/second', 1)");
	fixture_do(f, sql_copies);
	fixture_do(f, "UPDATE backup SET health='missing' WHERE id<=3");
	assert_int_equal(ids[1], 2);
	stock_turn(f, BEGIN + 60 * STOCK_DAY);
	for (int i = 0; i < 4; i++)
		assert_int_equal(stock_state(f, ids[i]),
		    i == 1 ? BACKUP_TRASHED : BACKUP_READY);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WALK_TEST(SCU_11_after_five_good_ones_exactly_the_newest_3_remain),
		WALK_TEST(SCU_11_control_failed_ones_that_counted_would_be_noticed),
		WALK_TEST(DIV_3_a_700_day_walk_of_7_daily_4_weekly_12_monthly),
		WALK_TEST(what_is_whole_in_a_copy_is_kept_as_if_it_were_whole),
		WALK_TEST(a_90_day_outage_deletes_nothing),
		WALK_TEST(PEER_10_the_last_good_backup_of_a_service_never_goes),
		WALK_TEST(PEER_10_control_without_the_guard_some_are_lost),
		WALK_TEST(PEER_10_another_environment_is_left_alone),
		WALK_TEST(PEER_18_what_is_kept_or_kept_until_or_in_use_stays),
		WALK_TEST(a_backup_that_was_pinned_meanwhile_stays),
		WALK_TEST(what_a_rule_took_says_why_and_can_be_put_back_for_a_week),
		WALK_TEST(what_a_person_put_back_stays_for_a_week),
		WALK_TEST(T39_a_clock_that_jumped_stops_all_deleting_for_a_day),
		WALK_TEST(T39_control_the_same_time_step_by_step_deletes),
		WALK_TEST(it_is_looked_at_after_each_good_backup_and_once_a_day),
		WALK_TEST(a_rule_that_cannot_be_read_deletes_nothing_and_keeps_no_other),
	};

	return cmocka_run_group_tests_name("retention", tests, NULL, NULL);
}
