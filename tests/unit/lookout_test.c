/* lookout_test.c: alarms that open and close by themselves. */
#include "tests/unit/fixture.h"

#include <sys/mount.h>
#include <sys/stat.h>

#include "lib/store/alarms.h"
#include "lib/store/policies.h"
#include "worker/lookout.h"

#define MIN INT64_C(60000)
#define HOUR (60 * MIN)
#define DAY (24 * HOUR)

/* A nightly schedule whose runs come due at this time and bring nothing. */
static void
schedule(struct fixture *f, int64_t next)
{
	fixture_do(f, "INSERT INTO schedule (id, uuid, environment, name, cron, created_at) VALUES"
	    " (1, 's', 1, 'Nightly', '0 2 * * *', 1)");
	fixture_do(f, arena_printf(f->a, "INSERT INTO schedule_state (schedule, environment,"
	    " handled_at, next_at) VALUES (1, 1, %lld, %lld)", (long long)(next - DAY),
	    (long long)next));
}

/* "late:Nothing came" of what is open, in the order it was opened. */
static const char *
open_kinds(struct fixture *f)
{
	struct alarm *list;
	const char *text = "";
	size_t count;

	OK(alarms_open(&list, &count, f->a, f->db, 0, &f->e));
	for (size_t i = 0; i < count; i++)
		text = arena_printf(f->a, "%s%s%s", text, i > 0 ? " " : "", list[i].kind);
	return text;
}

static void
look(struct fixture *f, int64_t now, const char *want)
{
	OK(lookout_step(f->db, now, &f->e));
	assert_string_equal(open_kinds(f), want);
}

static int
set_up(void **state)
{
	struct fixture *f;

	if (fixture_set_up(state) != 0)
		return -1;
	f = *state;
	fixture_do(f, "UPDATE storage SET path='/nonexistent'");
	return 0;
}
#define LOOKOUT_TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, fixture_tear_down)

static void
PEER_8_late_opens_then_at_risk_and_both_close_when_it_came(void **state)
{
	struct fixture *f = *state;
	int64_t now = clock_now();

	fixture_ready(f);
	schedule(f, now + HOUR);
	look(f, now, "");
	look(f, now + HOUR + 2 * MIN, "");
	look(f, now + HOUR + 10 * MIN, "late");
	look(f, now + 6 * HOUR, "late");
	/* Worse now; that it is late still holds, or somebody would read of a recovery. */
	look(f, now + 8 * HOUR, "late at-risk");
	look(f, now + 9 * HOUR, "late at-risk");
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM alarm"), 2);
	fixture_ready(f);
	fixture_do(f, arena_printf(f->a, "UPDATE backup SET finished_at=%lld WHERE id=2",
	    (long long)(now + 9 * HOUR)));
	fixture_do(f, "UPDATE schedule_state SET next_at=next_at+86400000,"
	    " handled_at=handled_at+86400000");
	look(f, now + 9 * HOUR + MIN, "");
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM alarm WHERE closed_at>0"), 2);
}

/* Its notice is backup-failed. An open alarm waits for a good one, whatever its cause became. */
static void
PEER_8_a_failed_backup_is_told_once_and_keeps_an_open_alarm(void **state)
{
	struct fixture *f = *state;
	struct alarm *list;
	struct lease l;
	struct err why;
	size_t count;
	int64_t now = clock_now();

	err_set(&why, ERR_INTERNAL, "no");
	fixture_request(f, 0, NULL);
	l = fixture_claim(f);
	OK(jobs_fail(f->db, &l, &why, &f->e));
	look(f, now, "");
	fixture_ready(f);
	schedule(f, now - 8 * HOUR);
	fixture_do(f, "UPDATE backup SET finished_at=finished_at-2*86400000");
	look(f, now, "at-risk");
	fixture_request(f, 0, NULL);
	l = fixture_claim(f);
	OK(jobs_fail(f->db, &l, &why, &f->e));
	look(f, clock_now(), "at-risk");
	OK(alarms_open(&list, &count, f->a, f->db, f->environment, &f->e));
	assert_int_equal(count, 1);
	fixture_ready(f);
	fixture_do(f, "UPDATE schedule_state SET next_at=next_at+86400000");
	look(f, clock_now(), "");
}

static void
promise(struct fixture *f, const char *hours)
{
	struct policy_place own = { LEVEL_ENVIRONMENT, f->environment };

	OK(policies_set(f->db, POLICY_RPO_HOURS, &own, hours, f->admin, &f->e));
}

/* One alarm, whatever else is wrong meanwhile: the promise is broken once. */
static void
NEW_7_an_age_over_the_promise_is_one_alarm(void **state)
{
	struct fixture *f = *state;
	int64_t now = clock_now();
	struct lease l;
	struct err why;

	err_set(&why, ERR_INTERNAL, "no");
	promise(f, "24");
	fixture_ready(f);
	look(f, now + 23 * HOUR, "");
	look(f, now + 25 * HOUR, "at-risk");
	fixture_request(f, 0, NULL);
	l = fixture_claim(f);
	OK(jobs_fail(f->db, &l, &why, &f->e));
	look(f, now + 26 * HOUR, "at-risk");
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM alarm"), 1);
	/* A failure alone is told by its own notice. */
	promise(f, "48");
	fixture_do(f, "UPDATE alarm SET closed_at=1");
	look(f, now + 26 * HOUR, "");
	look(f, now + 49 * HOUR, "at-risk");
	fixture_ready(f);
	look(f, now + HOUR, "");
}

static void
NEW_7_a_promise_counts_from_the_beginning_where_there_was_no_backup(void **state)
{
	struct fixture *f = *state;
	int64_t now = clock_now();

	promise(f, "24");
	look(f, now + 23 * HOUR, "");
	look(f, now + 25 * HOUR, "at-risk");
	fixture_do(f, "UPDATE environment SET paused=1");
	look(f, now + 26 * HOUR, "");
	fixture_do(f, "UPDATE environment SET paused=0");
	fixture_do(f, "UPDATE service SET removed_at=1");
	look(f, now + 27 * HOUR, "");
}

/* What waits for a decision is on the pages, and calls nobody at night. */
static void
PLA_14_never_scheduled_and_paused_are_no_alarm(void **state)
{
	struct fixture *f = *state;

	look(f, clock_now(), "");
	fixture_ready(f);
	look(f, clock_now() + 400 * DAY, "");
	/* The alarm "missing" tells of that. */
	fixture_do(f, "UPDATE backup SET health='missing'");
	look(f, clock_now(), "");
	fixture_do(f, "UPDATE environment SET paused=1");
	look(f, clock_now(), "");
}

static void
PEER_8_silence_after_a_failure_is_told(void **state)
{
	struct fixture *f = *state;
	int64_t now = clock_now();
	struct lease l;
	struct err why;

	fixture_ready(f);
	schedule(f, now + 12 * HOUR);
	fixture_request(f, 0, NULL);
	l = fixture_claim(f);
	err_set(&why, ERR_INTERNAL, "broken");
	OK(jobs_fail(f->db, &l, &why, &f->e));
	/* The failure has a notice of its own, and the next run is still to come. */
	look(f, now, "");
	look(f, now + 29 * HOUR, "");
	fixture_do(f, "UPDATE backup SET finished_at=finished_at-86400000*2");
	look(f, now, "at-risk");
	fixture_ready(f);
	look(f, clock_now(), "");
}

static void
PEER_8_one_that_is_only_queued_is_no_recovery(void **state)
{
	struct fixture *f = *state;
	int64_t now = clock_now();
	struct lease l;
	int64_t backup;

	fixture_ready(f);
	fixture_do(f, "UPDATE backup SET finished_at=finished_at-86400000*2");
	schedule(f, now - 8 * HOUR);
	look(f, now, "at-risk");
	backup = fixture_request(f, 0, NULL).backup;
	look(f, clock_now(), "at-risk");
	l = fixture_claim(f);
	look(f, clock_now(), "at-risk");
	fixture_finish(f, &l, backup);
	fixture_do(f, "UPDATE schedule_state SET next_at=next_at+86400000");
	look(f, clock_now(), "");
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM alarm WHERE told<2"), 1);
}

static void
PEER_8_what_is_paused_has_not_recovered(void **state)
{
	struct fixture *f = *state;
	int64_t now = clock_now();

	fixture_ready(f);
	fixture_do(f, "UPDATE backup SET finished_at=finished_at-86400000*2");
	schedule(f, now - 8 * HOUR);
	look(f, now, "at-risk");
	fixture_do(f, "UPDATE environment SET paused=1");
	look(f, now, "");
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM alarm WHERE told<2"), 0);
}

static void
PLA_7_an_application_that_is_not_let_go_opens_one_until_it_is(void **state)
{
	struct fixture *f = *state;
	int64_t now = clock_now();
	struct alarm *list;
	size_t count;

	fixture_do(f, "UPDATE environment SET frozen_at=1, frozen_until=2, thaw_tries=1,"
	              " thaw_error='thaw.sh exited with 3'");
	look(f, now, "");
	fixture_do(f, "UPDATE environment SET thaw_tries=2");
	look(f, now, "held");
	OK(alarms_open(&list, &count, f->a, f->db, f->environment, &f->e));
	assert_non_null(strstr(list[0].text, "shop/live was held for a backup"));
	assert_non_null(strstr(list[0].text, "thaw.sh exited with 3"));
	fixture_do(f, "UPDATE environment SET frozen_at=0, thaw_tries=0, thaw_error=''");
	look(f, now, "");
}

static void
nothing_is_written_while_nothing_changes(void **state)
{
	struct fixture *f = *state;
	int64_t now = clock_now(), before;

	fixture_ready(f);
	schedule(f, now - HOUR);
	fixture_do(f, "UPDATE backup SET finished_at=finished_at-86400000");
	look(f, now, "late");
	before = fixture_number(f, "SELECT total_changes()");
	look(f, now + 30 * MIN, "late");
	look(f, now + 31 * MIN, "late");
	assert_int_equal(fixture_number(f, "SELECT total_changes()"), before);
}

static void
a_storage_that_is_nearly_full_opens_one_and_closes_it(void **state)
{
	struct fixture *f = *state;
	int64_t now = clock_now();

	fixture_ready(f);
	fixture_do(f, "UPDATE storage SET path='/tmp'");
	look(f, now, "");
	assert_true(fixture_number(f, "SELECT total_bytes FROM storage") > 0);
	assert_int_equal(fixture_number(f, "SELECT used_bytes FROM storage_day"), 205);
	/* The largest backup would not fit twice. */
	fixture_do(f, "UPDATE backup SET stored_bytes=9000000000000000");
	look(f, now + 10 * 1000, "");          /* looked at a moment ago */
	look(f, now + MIN, "storage");
	assert_int_equal(fixture_number(f, "SELECT subject='main' AND environment IS NULL FROM"
	    " alarm"), 1);
	fixture_do(f, "UPDATE backup SET stored_bytes=205");
	look(f, now + 2 * MIN, "");
	/* A clock that went back is no reason to wait. */
	look(f, now - DAY, "");
	assert_int_equal(fixture_number(f, "SELECT looked_at FROM storage"), now - DAY);
}

/* The text of the one alarm. */
static const char *
alarm_text(struct fixture *f)
{
	struct alarm *list;
	size_t count;

	OK(alarms_open(&list, &count, f->a, f->db, 0, &f->e));
	assert_int_equal(count, 1);
	return list[0].text;
}

static void
T20_few_inodes_and_a_read_only_storage_are_alarms_too(void **state)
{
	struct fixture *f = *state;
	char path[] = "/tmp/lzt-XXXXXX";
	int64_t now = clock_now();

	fixture_ready(f);
	assert_non_null(mkdtemp(path));
	/* Only root may mount. */
	if (mount("none", path, "tmpfs", 0, "size=8m,nr_inodes=11") != 0) {
		rmdir(path);
		skip();
	}
	fixture_do(f, arena_printf(f->a, "UPDATE storage SET path='%s'", path));
	look(f, now, "");
	for (char c = 'a'; c <= 'j'; c++)
		assert_int_equal(mkdir(arena_printf(f->a, "%s/%c", path, c), 0755), 0);
	look(f, now + MIN, "storage");
	assert_string_equal(alarm_text(f), "The storage main has few inodes left: 0 of 11 are free,"
	    " and each file needs one.");
	assert_int_equal(mount("none", path, "tmpfs", MS_REMOUNT, "nr_inodes=100"), 0);
	look(f, now + 2 * MIN, "");
	assert_int_equal(mount("none", path, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), 0);
	look(f, now + 3 * MIN, "storage");
	assert_string_equal(alarm_text(f), "The storage main is read-only: nothing can be stored in"
	    " it. Mount its file system writable.");
	assert_int_equal(umount(path), 0);
	rmdir(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LOOKOUT_TEST(PEER_8_late_opens_then_at_risk_and_both_close_when_it_came),
		LOOKOUT_TEST(PEER_8_a_failed_backup_is_told_once_and_keeps_an_open_alarm),
		LOOKOUT_TEST(NEW_7_an_age_over_the_promise_is_one_alarm),
		LOOKOUT_TEST(NEW_7_a_promise_counts_from_the_beginning_where_there_was_no_backup),
		LOOKOUT_TEST(PLA_14_never_scheduled_and_paused_are_no_alarm),
		LOOKOUT_TEST(PEER_8_silence_after_a_failure_is_told),
		LOOKOUT_TEST(PEER_8_one_that_is_only_queued_is_no_recovery),
		LOOKOUT_TEST(PEER_8_what_is_paused_has_not_recovered),
		LOOKOUT_TEST(PLA_7_an_application_that_is_not_let_go_opens_one_until_it_is),
		LOOKOUT_TEST(nothing_is_written_while_nothing_changes),
		LOOKOUT_TEST(a_storage_that_is_nearly_full_opens_one_and_closes_it),
		LOOKOUT_TEST(T20_few_inodes_and_a_read_only_storage_are_alarms_too),
	};

	return cmocka_run_group_tests_name("lookout", tests, NULL, NULL);
}
