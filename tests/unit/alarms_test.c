/* alarms_test.c: an alarm is opened once, told once, and closed when it is over. */
#include "tests/unit/fixture.h"

#include "lib/store/alarms.h"

static struct alarm
late(struct fixture *f)
{
	return (struct alarm){ .kind = "late",
		.environment = f->environment,
		.subject = "nightly",
		.text = "Nightly is 3 hours late." };
}

static size_t
count_open(struct fixture *f, int64_t environment)
{
	struct alarm *list;
	size_t n;

	OK(alarms_open(&list, &n, f->a, f->db, environment, &f->e));
	return n;
}

static size_t
news(struct fixture *f, struct alarm_news **list)
{
	size_t n;

	OK(alarms_news(list, &n, f->a, f->db, &f->e));
	return n;
}

static void
PEER_8_an_alarm_opens_once_until_it_is_over(void **state)
{
	struct fixture *f = *state;
	struct alarm what = late(f), *list;
	bool opened, closed;
	size_t n;

	OK(alarms_settle(&closed, f->db, &what, &f->e));
	assert_false(closed);
	OK(alarms_raise(&opened, f->db, &what, &f->e));
	assert_true(opened);
	what.text = "Nightly is 4 hours late.";
	OK(alarms_raise(&opened, f->db, &what, &f->e));
	assert_false(opened);
	OK(alarms_open(&list, &n, f->a, f->db, f->environment, &f->e));
	assert_int_equal(n, 1);
	assert_string_equal(list[0].kind, "late");
	assert_string_equal(list[0].subject, "nightly");
	assert_string_equal(list[0].text, "Nightly is 4 hours late.");
	assert_int_equal(list[0].environment, f->environment);
	assert_true(list[0].opened_at > 0);
	OK(alarms_settle(&closed, f->db, &what, &f->e));
	assert_true(closed);
	OK(alarms_settle(&closed, f->db, &what, &f->e));
	assert_false(closed);
	assert_int_equal(count_open(f, 0), 0);
	OK(alarms_raise(&opened, f->db, &what, &f->e));
	assert_true(opened);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM alarm"), 2);
}

static void
alarms_of_other_subjects_kinds_and_of_the_instance_are_others(void **state)
{
	struct fixture *f = *state;
	struct alarm what = late(f), hourly = late(f), risk = late(f);
	struct alarm full = { .kind = "storage", .subject = "main", .text = "main is 96 % full." };

	hourly.subject = "hourly";
	risk.kind = "at-risk";
	risk.subject = NULL;
	OK(alarms_raise(NULL, f->db, &what, &f->e));
	OK(alarms_raise(NULL, f->db, &hourly, &f->e));
	OK(alarms_raise(NULL, f->db, &risk, &f->e));
	OK(alarms_raise(NULL, f->db, &full, &f->e));
	OK(alarms_raise(NULL, f->db, &full, &f->e));
	assert_int_equal(count_open(f, 0), 4);
	assert_int_equal(count_open(f, f->environment), 3);
	OK(alarms_settle(NULL, f->db, &hourly, &f->e));
	OK(alarms_settle(NULL, f->db, &full, &f->e));
	assert_int_equal(count_open(f, 0), 2);
	assert_int_equal(count_open(f, f->environment), 2);
}

static void
what_was_told_is_no_news(void **state)
{
	struct fixture *f = *state;
	struct alarm what = late(f);
	struct alarm_news *list;

	OK(alarms_raise(NULL, f->db, &what, &f->e));
	assert_int_equal(news(f, &list), 1);
	assert_false(list[0].told_open);
	OK(alarms_told(f->db, &list[0].alarm, &f->e));
	assert_int_equal(news(f, &list), 0);
	OK(alarms_raise(NULL, f->db, &what, &f->e));
	assert_int_equal(news(f, &list), 0);
	OK(alarms_settle(NULL, f->db, &what, &f->e));
	assert_int_equal(news(f, &list), 1);
	assert_true(list[0].told_open);
	assert_true(list[0].alarm.closed_at > 0);
	OK(alarms_told(f->db, &list[0].alarm, &f->e));
	assert_int_equal(news(f, &list), 0);
}

/* Both within one look: the opening is told with its end. */
static void
one_that_opened_and_closed_unseen_is_news_once(void **state)
{
	struct fixture *f = *state;
	struct alarm what = late(f);
	struct alarm_news *list;

	OK(alarms_raise(NULL, f->db, &what, &f->e));
	OK(alarms_settle(NULL, f->db, &what, &f->e));
	assert_int_equal(news(f, &list), 1);
	assert_false(list[0].told_open);
	assert_true(list[0].alarm.closed_at > 0);
	OK(alarms_told(f->db, &list[0].alarm, &f->e));
	assert_int_equal(news(f, &list), 0);
}

/* Both ends or neither: an alarm that was opened alone would never close. */
static void
PEER_8_what_is_over_already_is_noted_whole_or_not_at_all(void **state)
{
	struct fixture *f = *state;
	const struct alarm silent = { .kind = "worker", .text = "No worker was at work." };

	fixture_do(f, "CREATE TRIGGER full BEFORE UPDATE ON alarm BEGIN SELECT RAISE(ABORT,"
	              " 'full'); END");
	assert_int_equal(alarms_pass(f->db, &silent, 1, &f->e), -1);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM alarm"), 0);
	fixture_do(f, "DROP TRIGGER full");
	OK(alarms_pass(f->db, &silent, 1, &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM alarm WHERE closed_at>0"), 1);
	/* Of the same silence it is told once; of the next one again. */
	OK(alarms_pass(f->db, &silent, 1, &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM alarm"), 1);
	OK(alarms_pass(f->db, &silent, clock_now(), &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM alarm"), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(PEER_8_what_is_over_already_is_noted_whole_or_not_at_all),
		FIXTURE_TEST(PEER_8_an_alarm_opens_once_until_it_is_over),
		FIXTURE_TEST(alarms_of_other_subjects_kinds_and_of_the_instance_are_others),
		FIXTURE_TEST(what_was_told_is_no_news),
		FIXTURE_TEST(one_that_opened_and_closed_unseen_is_news_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
