/* pings_test.c: what a check of healthchecks hears: each start has an end, and one that watches
 * over the worker and over backups does not mix the two. */
#include "tests/unit/mail_fixture.h"

#include "lib/store/channels.h"
#include "worker/notify/herald.h"

static int64_t
check(struct fixture *f, notice_set events)
{
	struct channel c = { .kind = CHANNEL_HEALTHCHECKS, .name = "Check", .target = "x",
		.sealed = "x", .sealed_size = 1, .events = events };

	OK(channels_add(&c, f->db, &f->e));
	return c.id;
}

static void
step(struct fixture *f)
{
	struct herald h = { .alive_at = 0 };
	struct conf conf = conf_of(f);

	OK(herald_step(&h, f->db, &conf, clock_now() + 1, &f->e));
}

static int64_t
rows(struct fixture *f, const char *event)
{
	int64_t n = -1;

	OK(sql_get(&n, f->db, "SELECT count(*) FROM delivery WHERE event=?1",
	    SQL_ARGS(sql_t(event)), &f->e));
	return n;
}

/* A backup that began and ended like this. */
static void
ends(struct fixture *f, enum err_kind kind)
{
	struct err why;
	struct lease l;

	fixture_request(f, f->database, NULL);
	l = fixture_claim(f);
	step(f);
	err_set(&why, kind, "so it ended");
	OK(jobs_fail(f->db, &l, &why, &f->e));
	step(f);
}

static const notice_set backups = 1U << NOTICE_BACKUP_READY | 1U << NOTICE_BACKUP_FAILED;

static void
PEER_8_a_cancelled_backup_ends_its_check(void **state)
{
	struct fixture *f = *state;
	struct backup_ids ids;

	check(f, backups);
	ends(f, ERR_CANCELLED);
	assert_int_equal(rows(f, "backup-started"), 1);
	assert_int_equal(rows(f, "backup-failed"), 1);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM delivery WHERE event="
	    "'backup-failed' AND body LIKE '%was cancelled%'"), 1);
	/* One that never began has nothing to end. */
	ids = fixture_request(f, f->database, NULL);
	OK(jobs_cancel(f->db, ids.job, &f->e));
	step(f);
	assert_int_equal(rows(f, "backup-started"), 1);
	assert_int_equal(rows(f, "backup-failed"), 1);
}

static void
PEER_8_one_check_for_worker_and_backups_shows_both(void **state)
{
	struct fixture *f = *state;

	check(f, backups | 1U << NOTICE_WORKER_SILENT);
	step(f);
	assert_int_equal(rows(f, "alive"), 1);
	/* It heard of no start, so a cancel is no end. */
	ends(f, ERR_CANCELLED);
	assert_int_equal(rows(f, "backup-started"), 0);
	assert_int_equal(rows(f, "backup-failed"), 0);
	fixture_do(f, "DELETE FROM delivery");
	/* A failure is not taken back a minute later. */
	ends(f, ERR_INTERNAL);
	assert_int_equal(rows(f, "backup-started"), 0);
	assert_int_equal(rows(f, "backup-failed"), 1);
	fixture_do(f, "DELETE FROM delivery WHERE event='alive'");
	step(f);
	assert_int_equal(rows(f, "alive"), 0);
	fixture_do(f, "UPDATE delivery SET event='backup-ready'");
	step(f);
	assert_int_equal(rows(f, "alive"), 1);
}

/* The control: two checks, each with its own. */
static void
PEER_8_two_checks_do_not_hear_of_each_other(void **state)
{
	struct fixture *f = *state;

	check(f, backups);
	check(f, 1U << NOTICE_WORKER_SILENT);
	ends(f, ERR_INTERNAL);
	fixture_do(f, "DELETE FROM delivery WHERE event='alive'");
	step(f);
	assert_int_equal(rows(f, "backup-started"), 1);
	assert_int_equal(rows(f, "backup-failed"), 1);
	assert_int_equal(rows(f, "alive"), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(PEER_8_a_cancelled_backup_ends_its_check),
		FIXTURE_TEST(PEER_8_one_check_for_worker_and_backups_shows_both),
		FIXTURE_TEST(PEER_8_two_checks_do_not_hear_of_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
