/* digest_test.c: once a week the worst comes first; also of a week in which nothing happened. */
#include "tests/unit/mail_fixture.h"
#include "tests/unit/restoring.h"

#include <inttypes.h>

#include "lib/model/calendar.h"
#include "worker/notify/digest.h"

/* Somebody is told of the week; nothing is sent here. */
static void
listen_weekly(struct fixture *f)
{
	fixture_do(f, "INSERT INTO channel (id, uuid, kind, name, target, created_at) VALUES"
	              " (1, 'c', 'slack', 'Slack', 'hooks.example.net', 1)");
	fixture_do(f, "INSERT INTO channel_event (channel, event) VALUES (1, 'digest')");
}

static int64_t
notices(struct fixture *f, const char *where)
{
	return fixture_number(f,
	    arena_printf(f->a, "SELECT count(*) FROM delivery WHERE %s", where));
}

/* A schedule that was handled up to an instant and runs next at another. */
static void
weekdays(struct fixture *f, int64_t handled, int64_t next)
{
	fixture_do(f, "INSERT INTO schedule (id, uuid, environment, name, cron, created_at) VALUES"
	    " (1, 's', 1, 'Weekdays', '0 12 * * 1-5', 1) ON CONFLICT DO NOTHING");
	fixture_do(f, arena_printf(f->a, "INSERT INTO schedule_state (schedule, environment,"
	    " handled_at, next_at) VALUES (1, 1, %lld, %lld) ON CONFLICT (schedule, environment) DO"
	    " UPDATE SET handled_at=excluded.handled_at, next_at=excluded.next_at",
	    (long long)handled, (long long)next));
}

/* Mondays at eight, once; also of a week in which nothing happened. */
static void
PEER_8_the_digest_comes_on_mondays_and_says_that_nothing_happened(void **state)
{
	struct fixture *f = *state;
	struct conf conf = conf_of(f);
	int64_t monday = calendar_day(2030, 1, 7) * CALENDAR_DAY + 8 * CALENDAR_HOUR;

	listen_weekly(f);
	fixture_ready(f);
	fixture_do(f, arena_printf(f->a, "UPDATE backup SET created_at=%" PRId64 ", finished_at=%"
	    PRId64, monday - 3 * CALENDAR_HOUR, monday - 2 * CALENDAR_HOUR));
	fixture_do(f, "UPDATE job SET finished_at=(SELECT finished_at FROM backup)");
	weekdays(f, monday - 6 * CALENDAR_HOUR, monday + 18 * CALENDAR_HOUR);
	OK(digest_step(f->db, &conf, monday - 7 * CALENDAR_DAY, &f->e));
	OK(digest_step(f->db, &conf, monday - 1, &f->e));
	assert_int_equal(notices(f, "1"), 0);
	for (int i = 0; i < 3; i++)
		OK(digest_step(f->db, &conf, monday + i * CALENDAR_HOUR, &f->e));
	assert_int_equal(notices(f, "1"), 1);
	assert_int_equal(notices(f, "body LIKE '%nothing happened that needs you%'"), 1);
	assert_int_equal(notices(f,
	    "body LIKE '%Protected: shop/live: No scheduled backup is missing."
	    " Last good backup: 2 hours ago. In 7 days: 1 good, 0 failed.%'"), 1);
	/* What belongs to no environment needs somebody, too. */
	fixture_do(f, "INSERT INTO alarm (kind, text, opened_at, told) VALUES ('storage', 'The"
	              " storage main is nearly full.', 1, 1)");
	fixture_do(f, "DELETE FROM delivery");
	fixture_do(f, "UPDATE setting SET value=value-7 WHERE name='digest_told'");
	OK(digest_step(f->db, &conf, monday + CALENDAR_HOUR, &f->e));
	assert_int_equal(notices(f,
	    "body LIKE '%something needs attention, but no environment does%'"
	    " AND body LIKE '%Attention: The storage main is nearly full.%'"), 1);
	fixture_do(f, "DELETE FROM alarm");
	/* A week later it is overdue; and a zone that the system has lost keeps nothing back. */
	fixture_do(f, "INSERT INTO policy (level, owner, key, value, set_at) VALUES ('instance', 0,"
	              " 'zone', 'X/Y', 1)");
	OK(digest_step(f->db, &conf, monday + 7 * CALENDAR_DAY, &f->e));
	assert_int_equal(notices(f, "body LIKE '%1 of 1 environment needs attention%'"), 1);
	assert_int_equal(notices(f, "body LIKE '%At risk: shop/live: The backup of%overdue%'"), 1);
	assert_int_equal(notices(f, "1"), 2);
}

/* How old is old depends on the schedule: by Monday morning that of the weekdays has rested for
 * nearly three days, and nothing is wrong. */
static void
PLA_14_the_digest_asks_the_schedule_and_names_what_has_none(void **state)
{
	struct fixture *f = *state;
	struct conf conf = conf_of(f);
	int64_t monday = calendar_day(2030, 1, 7) * CALENDAR_DAY + 8 * CALENDAR_HOUR;
	int64_t friday = monday - 68 * CALENDAR_HOUR;

	listen_weekly(f);
	fixture_ready(f);
	fixture_do(f, arena_printf(f->a, "UPDATE backup SET finished_at=%lld",
	    (long long)friday));
	weekdays(f, friday, monday + 4 * CALENDAR_HOUR);
	OK(digest_step(f->db, &conf, monday - 7 * CALENDAR_DAY, &f->e));
	OK(digest_step(f->db, &conf, monday, &f->e));
	assert_int_equal(notices(f, "body LIKE '%nothing happened that needs you%'"), 1);
	/* Without a schedule nobody makes the next one, however new the last is. */
	fixture_do(f, "DELETE FROM schedule_state");
	fixture_do(f, arena_printf(f->a, "UPDATE backup SET finished_at=%lld",
	    (long long)(monday + 6 * CALENDAR_DAY)));
	OK(digest_step(f->db, &conf, monday + 7 * CALENDAR_DAY, &f->e));
	assert_int_equal(notices(f, "body LIKE '%1 of 1 environment needs attention%'"), 1);
	assert_int_equal(notices(f, "body LIKE '%At risk: shop/live: No schedule%'"), 1);
}

/* Another environment with a backup that ended then; the fixture makes its next ones there. */
static void
add_place(struct fixture *f, int64_t project, enum environment_kind kind, int64_t ended)
{
	struct restoring place = restoring_target(f, project, kind);

	f->environment = place.environment;
	f->database = place.database;
	f->media = place.media;
	fixture_do(f, arena_printf(f->a, "UPDATE backup SET created_at=%" PRId64 ", finished_at=%"
	    PRId64 " WHERE id=%" PRId64, ended - 1, ended, fixture_ready(f)));
}

/* By name, by kind, by age and by when they were made the order is another one each. */
static void
PEER_8_the_digest_has_the_worst_first(void **state)
{
	struct fixture *f = *state;
	struct conf conf = conf_of(f);
	struct project blog = { .slug = "blog", .name = "Blog", .owners = "" };
	int64_t monday = calendar_day(2030, 1, 7) * CALENDAR_DAY + 8 * CALENDAR_HOUR, ended;
	struct lease l;

	listen_weekly(f);
	OK(projects_add(&blog, f->db, &f->e));
	/* shop/live alone has a schedule, and a backup of this morning. */
	fixture_do(f, arena_printf(f->a, "UPDATE backup SET finished_at=%" PRId64 " WHERE id=%"
	    PRId64, monday - CALENDAR_HOUR, fixture_ready(f)));
	weekdays(f, monday - 6 * CALENDAR_HOUR, monday + 18 * CALENDAR_HOUR);
	add_place(f, blog.id, ENV_LIVE, monday - 2 * CALENDAR_HOUR);
	fixture_do(f, "UPDATE environment SET paused=1 WHERE id=2");
	/* These two stand alike, and the older one needs somebody more. */
	add_place(f, f->project, ENV_STAGING, monday - 5 * CALENDAR_HOUR);
	add_place(f, f->project, ENV_DEVELOPMENT, monday - 9 * CALENDAR_HOUR);
	add_place(f, blog.id, ENV_STAGING, monday - 3 * CALENDAR_HOUR);
	fixture_do(f, "UPDATE backup SET suspicion='It is empty' WHERE environment=5");
	add_place(f, blog.id, ENV_DEVELOPMENT, monday - 4 * CALENDAR_HOUR);
	ended = fixture_request(f, 0, NULL).backup;
	l = fixture_claim(f);
	OK(jobs_fail(f->db, &l, &(struct err){ .text = "no luck" }, &f->e));
	fixture_do(f, arena_printf(f->a, "UPDATE backup SET finished_at=%" PRId64 " WHERE id=%"
	    PRId64, monday - CALENDAR_HOUR, ended));
	OK(digest_step(f->db, &conf, monday - 7 * CALENDAR_DAY, &f->e));
	OK(digest_step(f->db, &conf, monday, &f->e));
	assert_int_equal(notices(f, "body LIKE '%4 of 6 environments need attention%'"), 1);
	assert_int_equal(notices(f, "body LIKE '%At risk: blog/development:%"
	    "Suspicious: blog/staging:%At risk: shop/development:%At risk: shop/staging:%"
	    "Protected: shop/live:%Paused: blog/live:%'"), 1);
}

/* Neither "all is backed up" nor "nothing happened": there is nothing. */
static void
PEER_8_the_digest_of_an_empty_instance_says_that_it_is(void **state)
{
	struct fixture *f = *state;
	struct conf conf = conf_of(f);
	int64_t monday = calendar_day(2030, 1, 7) * CALENDAR_DAY + 8 * CALENDAR_HOUR;

	listen_weekly(f);
	fixture_do(f, "DELETE FROM service");
	fixture_do(f, "DELETE FROM environment");
	OK(digest_step(f->db, &conf, monday - 7 * CALENDAR_DAY, &f->e));
	OK(digest_step(f->db, &conf, monday, &f->e));
	assert_int_equal(notices(f, "body LIKE '%Weekly digest: there is no environment yet%'"), 1);
	fixture_do(f, "INSERT INTO alarm (kind, text, opened_at, told) VALUES ('storage', 'The"
	              " storage main is nearly full.', 1, 1)");
	OK(digest_step(f->db, &conf, monday + 7 * CALENDAR_DAY, &f->e));
	assert_int_equal(notices(f,
	    "body LIKE '%something needs attention, but no environment does%'"), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(PEER_8_the_digest_comes_on_mondays_and_says_that_nothing_happened),
		FIXTURE_TEST(PEER_8_the_digest_has_the_worst_first),
		FIXTURE_TEST(PEER_8_the_digest_of_an_empty_instance_says_that_it_is),
		FIXTURE_TEST(PLA_14_the_digest_asks_the_schedule_and_names_what_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
