/* verifies_test.c: what was stored is read again and tested without anybody asking. */
#include "tests/unit/job_home.h"

#include "lib/model/policy.h"
#include "lib/store/alarms.h"
#include "lib/store/channels.h"
#include "lib/store/concerns.h"
#include "lib/store/policies.h"
#include "lib/store/verifies.h"
#include "worker/notify/herald.h"
#include "worker/verify.h"

#define HOURS(n) ((int64_t)(n) * 3600000)
#define DAYS(n)  ((int64_t)(n) * 86400000)

/* Where no proof of recovery is asked for. */
static const struct conf unproved = { .prove_minute = -1 };

static int64_t
due(struct fixture *f, int64_t now)
{
	int64_t id = -1;

	OK(verifies_due(&id, f->db, f->storage, now, &f->e));
	return id;
}

static void
set_policy(struct fixture *f, enum policy_key key, enum policy_level level, const char *value)
{
	const struct policy_place at = { level, level == LEVEL_INSTANCE ? 0
	    : level == LEVEL_PROJECT                                    ? f->project
	                                                                : f->environment };

	OK(policies_set(f->db, key, &at, value, 0, &f->e));
}

/* The backup is made and was read again so long ago. */
static void
read_ago(struct fixture *f, int64_t id, int64_t made, int64_t again)
{
	int64_t now = clock_now();

	OK(sql_run(NULL, f->db, "UPDATE backup SET finished_at=?2, verified_at=?3 WHERE id=?1",
	    SQL_ARGS(sql_i(id), sql_i(now - made), sql_i(now - again)), &f->e));
}

/* -- what is due -- */

static void
T26_a_new_one_is_read_again_within_a_day(void **state)
{
	struct fixture *f = *state;
	int64_t id = fixture_ready(f), now = clock_now();

	assert_int_equal(due(f, now), 0);
	assert_int_equal(due(f, now + HOURS(11)), 0);
	assert_int_equal(due(f, now + HOURS(13)), id);
}

static void
T26_an_old_one_is_read_again_before_30_days_have_passed(void **state)
{
	struct fixture *f = *state;
	int64_t id = fixture_ready(f), now = clock_now();

	read_ago(f, id, DAYS(100), DAYS(29));
	assert_int_equal(due(f, now), 0);
	read_ago(f, id, DAYS(100), DAYS(30));
	assert_int_equal(due(f, now), id);
	fixture_do(f, "UPDATE backup SET health='damaged'");
	assert_int_equal(due(f, now), 0);
	fixture_do(f, "UPDATE backup SET health='good', state='trashed', before_trash='ready',"
	              " trashed_at=1");
	assert_int_equal(due(f, now), 0);
}

static void
T26_the_nearest_policy_says_how_often(void **state)
{
	struct fixture *f = *state;
	int64_t id = fixture_ready(f), now = clock_now();

	read_ago(f, id, DAYS(100), DAYS(7));
	set_policy(f, POLICY_VERIFY_DAYS, LEVEL_INSTANCE, "7");
	assert_int_equal(due(f, now), id);
	set_policy(f, POLICY_VERIFY_DAYS, LEVEL_PROJECT, "14");
	assert_int_equal(due(f, now), 0);
	set_policy(f, POLICY_VERIFY_DAYS, LEVEL_ENVIRONMENT, "1");
	assert_int_equal(due(f, now), id);
	set_policy(f, POLICY_VERIFY_DAYS, LEVEL_ENVIRONMENT, "300");
	read_ago(f, id, DAYS(200), DAYS(150));
	assert_int_equal(due(f, now), 0);
}

static void
new_ones_come_first_then_whoever_was_read_longest_ago(void **state)
{
	struct fixture *f = *state;
	int64_t a = fixture_ready(f), b = fixture_ready(f), c = fixture_ready(f),
	        now = clock_now();

	read_ago(f, a, DAYS(99), DAYS(40));
	read_ago(f, b, DAYS(99), DAYS(50));
	read_ago(f, c, HOURS(20), HOURS(20));
	assert_int_equal(due(f, now), c);
	read_ago(f, c, HOURS(20), 0);
	assert_int_equal(due(f, now), b);
	read_ago(f, b, DAYS(99), 0);
	assert_int_equal(due(f, now), a);
}

/* What was queued is read, and went well; gives its backup. */
static int64_t
read_next(struct fixture *f, int64_t now)
{
	struct lease l;
	int64_t id, queued;

	OK(verifies_queue(&queued, f->db, now, &f->e));
	assert_int_equal(queued, 1);
	l = fixture_claim(f);
	id = fixture_number(f, "SELECT backup FROM job WHERE state='running'");
	OK(backups_set_health(f->db, id, HEALTH_GOOD, &f->e));
	OK(jobs_succeed(f->db, &l, 0, &f->e));
	return id;
}

/* However many new ones come each day, every second reading is of an old one. */
static void
T26_old_ones_do_not_starve_behind_new_ones(void **state)
{
	struct fixture *f = *state;
	int64_t old[2], fresh[3], now = clock_now();

	for (int i = 0; i < 2; i++)
		old[i] = fixture_ready(f);
	for (int i = 0; i < 3; i++)
		fresh[i] = fixture_ready(f);
	for (int i = 0; i < 2; i++)
		read_ago(f, old[i], DAYS(99), DAYS(40 - i));
	/* They were read before, when they were new. */
	fixture_do(f, "INSERT INTO job (uuid, kind, state, environment, backup, run_at, created_at,"
	              " started_at, finished_at) SELECT 'v'||n||id, 'verify', 'succeeded', 1, id,"
	              " 1, 1, 1, 2 FROM backup, (SELECT 1 AS n UNION ALL SELECT 2) WHERE id<=2"
	              " ORDER BY n, id");
	for (int i = 0; i < 3; i++)
		read_ago(f, fresh[i], HOURS(20 - i), HOURS(20 - i));
	assert_int_equal(read_next(f, now), fresh[0]);
	assert_int_equal(read_next(f, now), old[0]);
	assert_int_equal(read_next(f, now), fresh[1]);
	assert_int_equal(read_next(f, now), old[1]);
	assert_int_equal(read_next(f, now), fresh[2]);
	assert_int_equal(due(f, now), 0);
}

static void
T26_what_was_not_read_in_time_is_an_alarm_until_it_is(void **state)
{
	struct fixture *f = *state;
	int64_t a = fixture_ready(f), b = fixture_ready(f), now = clock_now();
	struct alarm *list;
	size_t n;

	read_ago(f, a, DAYS(99), DAYS(31) - HOURS(1));
	read_ago(f, b, HOURS(47), HOURS(47));
	OK(verify_step(f->db, &unproved, now, &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM alarm"), 0);
	read_ago(f, a, DAYS(99), DAYS(31) + HOURS(1));
	OK(verify_step(f->db, &unproved, now, &f->e));
	OK(alarms_open(&list, &n, f->a, f->db, f->environment, &f->e));
	assert_int_equal(n, 1);
	assert_string_equal(list[0].kind, "unread");
	assert_string_equal(list[0].text, "Backup b1 was not verified in time");
	read_ago(f, b, HOURS(49), HOURS(49));
	OK(verify_step(f->db, &unproved, now, &f->e));
	OK(alarms_open(&list, &n, f->a, f->db, f->environment, &f->e));
	assert_int_equal(n, 1);
	assert_string_equal(list[0].text, "2 backups were not verified in time, b1 first of all");
	/* By the days of its own environment. */
	set_policy(f, POLICY_VERIFY_DAYS, LEVEL_ENVIRONMENT, "60");
	OK(verify_step(f->db, &unproved, now, &f->e));
	OK(alarms_open(&list, &n, f->a, f->db, f->environment, &f->e));
	assert_string_equal(list[0].text, "Backup b2 was not verified in time");
	read_ago(f, b, HOURS(49), 0);
	OK(verify_step(f->db, &unproved, now, &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM alarm WHERE closed_at=0"), 0);
}

static void
one_at_a_time_in_a_storage_and_behind_all_that_somebody_asked_for(void **state)
{
	struct fixture *f = *state;
	int64_t a = fixture_ready(f), b = fixture_ready(f), queued = -1;
	struct backup_ids asked;
	struct lease l;

	read_ago(f, a, DAYS(99), DAYS(40));
	read_ago(f, b, DAYS(99), DAYS(50));
	OK(verifies_queue(&queued, f->db, clock_now(), &f->e));
	assert_int_equal(queued, 1);
	OK(verifies_queue(&queued, f->db, clock_now(), &f->e));
	assert_int_equal(queued, 0);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job WHERE kind='verify'"), 1);
	asked = fixture_request(f, 0, NULL);
	l = fixture_claim(f);
	assert_int_equal(l.job, asked.job);
	l = fixture_claim(f);
	assert_int_equal(fixture_number(f, "SELECT backup FROM job WHERE kind='verify'"), b);
	OK(verifies_queue(&queued, f->db, clock_now(), &f->e));
	assert_int_equal(queued, 0);
	OK(backups_set_health(f->db, b, HEALTH_GOOD, &f->e));
	OK(jobs_succeed(f->db, &l, 0, &f->e));
	OK(verifies_queue(&queued, f->db, clock_now(), &f->e));
	assert_int_equal(queued, 1);
	assert_int_equal(fixture_number(f,
	                     "SELECT backup FROM job WHERE kind='verify' AND state='queued'"), a);
}

/* A storage whose disk is away fails every reading: it is tried again after an hour only. */
static void
a_storage_out_of_reach_is_left_alone_for_an_hour(void **state)
{
	const struct err away = { .kind = ERR_BUSY, .text = "the disk is away" };
	struct fixture *f = *state;
	int64_t a = fixture_ready(f), b = fixture_ready(f), queued, now = clock_now();
	struct lease l;

	read_ago(f, a, DAYS(99), DAYS(40));
	read_ago(f, b, DAYS(99), DAYS(50));
	OK(verifies_queue(&queued, f->db, now, &f->e));
	l = fixture_claim(f);
	OK(jobs_fail(f->db, &l, &away, &f->e));
	OK(verifies_queue(&queued, f->db, now, &f->e));
	assert_int_equal(queued, 0);
	OK(verifies_queue(&queued, f->db, now + HOURS(1) + 1000, &f->e));
	assert_int_equal(queued, 1);
	/* Rotten bytes are another thing: the next one is read at once. */
	l = fixture_claim(f);
	OK(backups_set_health(f->db, b, HEALTH_DAMAGED, &f->e));
	OK(jobs_fail(f->db, &l, &away, &f->e));
	OK(verifies_queue(&queued, f->db, now + HOURS(2), &f->e));
	assert_int_equal(queued, 1);
}

/* -- a whole cycle, with bytes -- */

static int64_t
turn(struct job_home *h, int64_t now)
{
	struct fixture *f = &h->f;
	struct lease l;

	/* Proofs come at a time of the day, which this `now` may be behind and the jobs' clock not.
	 */
	h->conf.prove_minute = -1;
	OK(verify_step(f->db, &h->conf, now, &f->e));
	OK(jobs_claim(&l, f->db, "w1", 30000, &f->e));
	if (l.job != 0)
		home_work(h, &l);
	return l.job;
}

static void
rot(struct job_home *h, int64_t backup)
{
	struct fixture *f = &h->f;
	struct part *parts;
	const char *path;
	size_t n;
	int fd;

	OK(backups_parts(&parts, &n, f->a, f->db, backup, &f->e));
	path = arena_printf(f->a, "%s/%s", h->conf.storage, parts[0].data.key);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "\377\377\377", 3, 20), 3);
	close(fd);
}

/* Somebody with an account hears by mail of what is missing, damaged or over. */
static void
listen(struct fixture *f)
{
	struct channel c = { .kind = CHANNEL_MAIL, .name = "Mail", .target = "admin@example.org",
		.events = notice_bit(NOTICE_MISSING) | notice_bit(NOTICE_RECOVERED) };

	OK(channels_add(&c, f->db, &f->e));
	clock_sleep(2);
}

/* What the herald makes of the alarms: how many mails there are by now, each about this. */
static int64_t
mails(struct job_home *h, const char *subject)
{
	struct fixture *f = &h->f;
	struct herald herald = { .alive_at = 0 };
	int64_t n = -1;

	/* A mail waits a moment for the one that a job itself may send. */
	for (int i = 0; i < 4; i++)
		OK(herald_step(&herald, f->db, &h->conf, clock_now() + i * 6000, &f->e));
	OK(sql_get(&n, f->db, "SELECT count(*) FROM outbox WHERE recipient='admin@example.org' AND"
	    " subject LIKE ?1", SQL_ARGS(sql_t(subject)), &f->e));
	return n;
}

/* 3 of 12 are rotten; with ALL=1 in the environment 50 of 1,000. One cycle finds them all, and
 * only them; of each there is an alarm and a mail, past 20 one more for all that are left. */
static void
T26_one_cycle_finds_every_rotten_one_and_says_so_once(void **state)
{
	const int count = getenv("ALL") != NULL ? 1000 : 12, rotten = count == 12 ? 3 : 50;
	const int told = rotten <= CONCERNS_EACH ? rotten : CONCERNS_EACH + 1;
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t now = clock_now() + HOURS(13), odd = 0;
	int jobs = 0;

	listen(f);
	for (int i = 0; i < count; i++) {
		int64_t id = home_backup(h, f->media);

		if (i % (count / rotten) != 2)
			continue;
		rot(h, id);
		odd += id;
	}
	/* Jobs are stamped by the real clock, so what was read counts as read 13 hours ago. */
	while (turn(h, now) != 0)
		jobs++;
	assert_int_equal(jobs, count);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM backup WHERE health='damaged'"),
	    rotten);
	assert_int_equal(fixture_number(f, "SELECT sum(id) FROM backup WHERE health='damaged'"),
	    odd);
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM part WHERE verified_at>0"), count - rotten);
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM alarm WHERE kind='missing' AND closed_at=0"),
	    told);
	assert_int_equal(mails(h, "%[shop/live] Stored bytes missing, damaged%"), told);
	assert_int_equal(turn(h, now), 0);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM alarm"), told);
	assert_int_equal(mails(h, "%"), told);
	/* One that goes to the trash troubles nobody any more. */
	OK(backups_trash(f->db, fixture_number(f, "SELECT min(id) FROM backup WHERE"
	                                          " health='damaged'"), &f->e));
	assert_int_equal(turn(h, now), 0);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM alarm WHERE closed_at=0"),
	    rotten <= CONCERNS_EACH ? told - 1 : told);
	assert_int_equal(mails(h, "%Recovered%"), 1);
}

/* -- test restores -- */

static void
PEER_7_a_test_restore_comes_when_the_last_one_is_too_old(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t a = home_backup(h, 0), b = home_backup(h, 0), queued = -1, now = clock_now();

	OK(verifies_queue_tests(&queued, f->db, now, &f->e));
	assert_int_equal(queued, 0);   /* nobody asked for any */
	set_policy(f, POLICY_TEST_DAYS, LEVEL_PROJECT, "7");
	assert_true(turn(h, now) > 0);
	assert_string_equal(home_backup_row(h, b).test_state, "equal");
	assert_string_equal(home_backup_row(h, a).test_state, "");
	assert_int_equal(turn(h, now + DAYS(6) - HOURS(150)), 0);
	OK(verifies_queue_tests(&queued, f->db, now + DAYS(6), &f->e));
	assert_int_equal(queued, 0);
	OK(verifies_queue_tests(&queued, f->db, now + DAYS(8), &f->e));
	assert_int_equal(queued, 1);
	OK(verifies_queue_tests(&queued, f->db, now + DAYS(8), &f->e));
	assert_int_equal(queued, 0);
	fixture_do(f, "UPDATE environment SET paused=1");
	fixture_do(f, "DELETE FROM job WHERE state='queued'");
	OK(verifies_queue_tests(&queued, f->db, now + DAYS(8), &f->e));
	assert_int_equal(queued, 0);
}

/* Each service has its own clock: one that is backed up apart is tested apart. */
static void
PEER_7_each_service_is_tested_from_its_newest_good_backup(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t both = home_backup(h, 0), media = home_backup(h, f->media), now = clock_now();

	set_policy(f, POLICY_TEST_DAYS, LEVEL_INSTANCE, "30");
	assert_true(turn(h, now) > 0);
	assert_string_equal(home_backup_row(h, both).test_state, "equal");
	/* That one had both services in it. */
	assert_int_equal(turn(h, now), 0);
	fixture_do(f, "UPDATE backup SET tested_at=1 WHERE tested_at>0");
	fixture_do(f, "UPDATE service SET removed_at=1 WHERE slug='database'");
	assert_true(turn(h, now) > 0);
	assert_string_equal(home_backup_row(h, media).test_state, "equal");
}

static void
PEER_7_a_test_that_fails_opens_an_alarm_and_is_tried_again_after_a_day(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t id = home_backup(h, f->media), queued, now = clock_now();
	struct alarm *list;
	size_t n;

	set_policy(f, POLICY_TEST_DAYS, LEVEL_ENVIRONMENT, "30");
	rot(h, id);
	assert_true(turn(h, now) > 0);
	assert_string_equal(home_backup_row(h, id).test_state, "failed");
	OK(verify_step(f->db, &h->conf, now, &f->e));
	OK(alarms_open(&list, &n, f->a, f->db, f->environment, &f->e));
	assert_int_equal(n, 1);
	assert_string_equal(list[0].kind, "test");
	assert_non_null(strstr(list[0].text, "The test restore of b1 failed: "));
	OK(verifies_queue_tests(&queued, f->db, now + HOURS(23), &f->e));
	assert_int_equal(queued, 0);
	OK(verifies_queue_tests(&queued, f->db, now + HOURS(25), &f->e));
	assert_int_equal(queued, 1);
	fixture_do(f, "DELETE FROM job WHERE state='queued'");
	/* A good one closes it. */
	OK(sql_run(NULL, f->db, "UPDATE backup SET tested_at=tested_at-90000000", SQL_NO_ARGS,
	    &f->e));
	home_backup(h, f->media);
	assert_true(turn(h, clock_now()) > 0);
	OK(verify_step(f->db, &h->conf, clock_now(), &f->e));
	OK(alarms_open(&list, &n, f->a, f->db, f->environment, &f->e));
	assert_int_equal(n, 0);
}

/* The test of the media that went well later says nothing of the database. */
static void
PEER_7_a_service_whose_test_failed_is_not_hidden_by_another(void **state)
{
	struct fixture *f = *state;
	struct alarm *list;
	size_t n;

	for (int i = 0; i < 3; i++)
		fixture_ready(f);
	fixture_do(f, "DELETE FROM part WHERE backup=1 AND service<>(SELECT id FROM service WHERE"
	              " slug='database')");
	fixture_do(f, "DELETE FROM part WHERE backup=2 AND service<>(SELECT id FROM service WHERE"
	              " slug='media')");
	fixture_do(f, "UPDATE backup SET tested_at=1000, test_state='failed', test_text='odd' WHERE"
	              " id=1");
	fixture_do(f, "UPDATE backup SET tested_at=2000, test_state='equal' WHERE id=2");
	OK(verify_step(f->db, &unproved, clock_now(), &f->e));
	OK(alarms_open(&list, &n, f->a, f->db, f->environment, &f->e));
	assert_int_equal(n, 1);
	assert_string_equal(list[0].subject, "database");
	assert_string_equal(list[0].text, "The test restore of b1 failed: odd");
	/* One of both that differs is told once. */
	fixture_do(f, "UPDATE backup SET tested_at=3000, test_state='differs' WHERE id=3");
	OK(verify_step(f->db, &unproved, clock_now(), &f->e));
	OK(alarms_open(&list, &n, f->a, f->db, f->environment, &f->e));
	assert_int_equal(n, 1);
	assert_non_null(strstr(list[0].text, "The test restore of b3 differs"));
	fixture_do(f, "UPDATE backup SET test_state='equal' WHERE id=3");
	OK(verify_step(f->db, &unproved, clock_now(), &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM alarm WHERE closed_at=0"), 0);
}

/* -- promises -- */

static void
NEW_7_a_restore_that_takes_too_long_is_an_alarm(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t now = clock_now();
	struct alarm *list;
	size_t n;

	home_backup(h, 0);
	fixture_do(f, "INSERT INTO job (uuid, kind, state, environment, backup, run_at, created_at,"
	              " started_at, finished_at) VALUES ('t1', 'test', 'succeeded', 1, 1, 1, 1,"
	              " 1000, 1801000)");
	OK(verify_step(f->db, &h->conf, now, &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM alarm"), 0);
	set_policy(f, POLICY_RTO_MINUTES, LEVEL_PROJECT, "30");
	set_policy(f, POLICY_RPO_HOURS, LEVEL_PROJECT, "24");
	OK(verify_step(f->db, &h->conf, now, &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM alarm"), 0);
	set_policy(f, POLICY_RTO_MINUTES, LEVEL_ENVIRONMENT, "29");
	OK(verify_step(f->db, &h->conf, now + HOURS(30) + 600000, &f->e));
	OK(alarms_open(&list, &n, f->a, f->db, f->environment, &f->e));
	/* The age is the lookout's: one thing is told once. */
	assert_int_equal(n, 1);
	assert_string_equal(list[0].text,
	    "A restore takes about 30 m 00 s; at most 29 m 00 s are wished");
	OK(verify_step(f->db, &h->conf, now, &f->e));
	set_policy(f, POLICY_RTO_MINUTES, LEVEL_ENVIRONMENT, "60");
	OK(verify_step(f->db, &h->conf, now, &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM alarm WHERE closed_at=0"), 0);
}

/* -- how long a turn takes -- */

/* 1,000 environments with 100 backups each; a promise everywhere, a test policy in some, one in a
 * thousand backups damaged or suspicious. A turn comes every ten seconds, beside the supervisor. */
static void
fill_large(struct fixture *f)
{
	static const char *const scripts[] = {
		"INSERT INTO environment (uuid, project, slug, name, kind, created_at) WITH"
		" RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n<999) SELECT"
		" 'e'||n, 1, 'e'||n, 'E', 'live', 1 FROM c",
		"INSERT INTO service (uuid, environment, slug, name, engine, settings, created_at)"
		" SELECT 's'||id, id, 'db', 'DB', 'sqlite', '{}', 1 FROM environment WHERE id>1",
		"INSERT INTO backup (uuid, environment, storage, kind, state, health, suspicion,"
		" created_at, started_at, finished_at, verified_at, sidecar_sha256) WITH RECURSIVE"
		" c(n) AS (SELECT 0 UNION ALL SELECT n+1 FROM c WHERE n<99999) SELECT 'b'||n,"
		" 1+n%1000, 1, 'scheduled', 'ready', CASE WHEN n%1000=7 THEN 'damaged' ELSE 'good'"
		" END, CASE WHEN n%997=3 THEN 'odd' ELSE '' END, t, t, t, t+90000000, 'x' FROM"
		" (SELECT n, (unixepoch()-(100000-n)*80)*1000 AS t FROM c)",
		"INSERT INTO part (uuid, backup, service, service_slug, service_name, engine,"
		" state, format, data_key, data_raw_sha256, data_stored_sha256) SELECT"
		" 'p'||b.id||'.'||s.id, b.id, s.id, s.slug, s.name, s.engine, 'ready', 'sqlite',"
		" 'k'||b.id||'.'||s.id, 'x', 'x' FROM backup b JOIN service s ON"
		" s.environment=b.environment",
		"INSERT INTO policy (level, owner, key, value, set_at) VALUES ('instance', 0,"
		" 'rpo-hours', '24', 1), ('instance', 0, 'rto-minutes', '60', 1), ('instance', 0,"
		" 'verify-days', '300', 1), ('environment', 5, 'verify-days', '7', 1),"
		" ('environment', 5, 'test-days', '7', 1)",
		"ANALYZE",
	};

	for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
		fixture_do(f, scripts[i]);
}

static void
a_turn_over_100_000_backups_of_1_000_environments_is_short(void **state)
{
	struct fixture *f = *state;
	int64_t began, took[3];

	fill_large(f);
	for (int i = 0; i < 3; i++) {
		began = clock_mono();
		OK(verify_step(f->db, &unproved, clock_now(), &f->e));
		took[i] = clock_mono() - began;
	}
	print_message("turns over 100,000 backups: %d, %d, %d ms\n", (int)took[0], (int)took[1],
	    (int)took[2]);
	assert_true(fixture_number(f, "SELECT count(*) FROM alarm") > 10);
	assert_true(fixture_number(f, "SELECT count(*) FROM job WHERE kind='verify'") == 1);
	assert_true(took[2] < 3000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(T26_a_new_one_is_read_again_within_a_day),
		FIXTURE_TEST(T26_an_old_one_is_read_again_before_30_days_have_passed),
		FIXTURE_TEST(T26_the_nearest_policy_says_how_often),
		FIXTURE_TEST(new_ones_come_first_then_whoever_was_read_longest_ago),
		FIXTURE_TEST(T26_old_ones_do_not_starve_behind_new_ones),
		FIXTURE_TEST(T26_what_was_not_read_in_time_is_an_alarm_until_it_is),
		FIXTURE_TEST(one_at_a_time_in_a_storage_and_behind_all_that_somebody_asked_for),
		FIXTURE_TEST(a_turn_over_100_000_backups_of_1_000_environments_is_short),
		FIXTURE_TEST(a_storage_out_of_reach_is_left_alone_for_an_hour),
		FIXTURE_TEST(PEER_7_a_service_whose_test_failed_is_not_hidden_by_another),
		HOME_TEST(T26_one_cycle_finds_every_rotten_one_and_says_so_once),
		HOME_TEST(PEER_7_a_test_restore_comes_when_the_last_one_is_too_old),
		HOME_TEST(PEER_7_each_service_is_tested_from_its_newest_good_backup),
		HOME_TEST(PEER_7_a_test_that_fails_opens_an_alarm_and_is_tried_again_after_a_day),
		HOME_TEST(NEW_7_a_restore_that_takes_too_long_is_an_alarm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
