/* herald_notify_test.c: when the backups of a schedule are told: never, of failures alone, always,
 * or as each channel has chosen. */
#include "tests/unit/mail_fixture.h"

#include <inttypes.h>
#include <string.h>

#include "lib/store/channels.h"
#include "lib/store/notices.h"
#include "lib/store/schedules.h"
#include "worker/notify/herald.h"
#include "worker/notify/webhook.h"

#define FAILED notice_bit(NOTICE_BACKUP_FAILED)
#define READY notice_bit(NOTICE_BACKUP_READY)
#define RECOVERED notice_bit(NOTICE_RECOVERED)

static void
ear(struct fixture *f, const char *name, enum channel_kind kind, notice_set events)
{
	struct channel c = { .kind = kind, .name = name, .target = "hooks.example.net",
		.sealed = "x", .sealed_size = 1, .events = events };

	OK(channels_add(&c, f->db, &f->e));
}

/* One that hears of failures, of good ones, of both; a check; one that hears of neither. */
static void
listen(struct fixture *f)
{
	ear(f, "bad", CHANNEL_SLACK, FAILED | RECOVERED);
	ear(f, "good", CHANNEL_SLACK, READY);
	ear(f, "both", CHANNEL_SLACK, FAILED | READY | RECOVERED);
	ear(f, "check", CHANNEL_HEALTHCHECKS, FAILED | READY);
	ear(f, "late", CHANNEL_SLACK, notice_bit(NOTICE_LATE));
	fixture_do(f, "UPDATE project SET owners='owner@example.org'");
	clock_sleep(2);
}

static int64_t
schedule(struct fixture *f, enum schedule_notify notify)
{
	struct schedule s = { .environment = f->environment, .name = "Nightly",
		.cron = "0 2 * * *", .zone = "UTC", .notify = notify };

	OK(schedules_add(&s, f->db, &f->e));
	return s.id;
}

/* A backup of that schedule comes to its end; what is told of it, as "bad:backup-failed …" in the
 * order of the channels. */
static const char *
told(struct fixture *f, int64_t schedule, const char *kind, bool fails)
{
	struct conf conf = conf_of(f);
	struct herald h = { .alive_at = 0 };
	CLEANUP_SQL struct sql *q = NULL;
	struct backup_ids ids;
	struct lease l;

	fixture_do(f, "DELETE FROM delivery");
	ids = fixture_request(f, 0, NULL);
	fixture_do(f, arena_printf(f->a, "UPDATE backup SET kind='%s', schedule=nullif(%" PRId64
	    ", 0) WHERE id=%" PRId64, kind, schedule, ids.backup));
	if (strcmp(kind, "scheduled") == 0)
		fixture_do(f, "UPDATE job SET requested_by=NULL");
	l = fixture_claim(f);
	if (fails)
		OK(jobs_fail(f->db, &l, &(struct err){ .text = "no luck" }, &f->e));
	else
		fixture_finish(f, &l, ids.backup);
	OK(mail_job_ended(f->db, &conf, l.job, &f->e));
	for (int i = 0; i < 2; i++) {
		h.alive_at = h.digest_at = clock_now() + 1;
		OK(herald_step(&h, f->db, &conf, clock_now(), &f->e));
	}
	OK(sql_open(&q, f->db, "SELECT coalesce(group_concat(name||':'||event, ' '), '') FROM"
	    " (SELECT c.name, d.event FROM delivery d JOIN channel c ON c.id=d.channel ORDER BY"
	    " c.id, d.id)", SQL_NO_ARGS, &f->e));
	assert_int_equal(sql_row(q, &f->e), 1);
	return sql_text(q, 0, f->a);
}

#define TOLD(schedule, fails, words) \
	assert_string_equal(told(f, schedule, "scheduled", fails), words)
#define TOLD_BY_HAND(schedule, fails, words) \
	assert_string_equal(told(f, schedule, "on-demand", fails), words)

static void
PEER_9_as_the_channels_have_chosen_is_how_it_was(void **state)
{
	struct fixture *f = *state;
	int64_t s = schedule(f, NOTIFY_CHANNELS);

	listen(f);
	TOLD(s, true, "bad:backup-failed both:backup-failed check:backup-started"
	    " check:backup-failed");
	assert_int_equal(count_mails(f), 1);
	TOLD(s, false, "bad:recovered good:backup-ready both:backup-ready both:recovered"
	    " check:backup-started check:backup-ready");
}

static void
PEER_9_of_a_schedule_that_never_tells_nobody_hears(void **state)
{
	struct fixture *f = *state;
	int64_t s = schedule(f, NOTIFY_NEVER);

	listen(f);
	TOLD(s, true, "");
	assert_int_equal(count_mails(f), 0);
	/* Of what nobody was told, nobody need be told that it is over. */
	TOLD(s, false, "");
	TOLD(s, true, "");
	TOLD(schedule(f, NOTIFY_CHANNELS), false, "good:backup-ready both:backup-ready"
	    " check:backup-started check:backup-ready");
}

/* "Run now" of a schedule: somebody waits for it. */
static void
PEER_9_a_run_by_hand_is_told_whatever_its_schedule_says(void **state)
{
	struct fixture *f = *state;
	int64_t never = schedule(f, NOTIFY_NEVER), always = schedule(f, NOTIFY_ALWAYS);

	listen(f);
	TOLD_BY_HAND(never, true, "bad:backup-failed both:backup-failed check:backup-started"
	    " check:backup-failed");
	/* What was told is taken back. */
	TOLD_BY_HAND(never, false, "bad:recovered good:backup-ready both:backup-ready"
	    " both:recovered check:backup-started check:backup-ready");
	TOLD_BY_HAND(always, false, "good:backup-ready both:backup-ready check:backup-started"
	    " check:backup-ready");
	/* The control: by the clock it tells nobody. */
	TOLD(never, true, "");
	TOLD_BY_HAND(never, false, "good:backup-ready both:backup-ready check:backup-started"
	    " check:backup-ready");
}

/* The trouble of another is over: that is told, whoever brought it. */
static void
what_was_told_is_taken_back_also_by_one_that_never_tells(void **state)
{
	struct fixture *f = *state;
	int64_t quiet = schedule(f, NOTIFY_NEVER);

	listen(f);
	TOLD(schedule(f, NOTIFY_FAILURE), true, "bad:backup-failed both:backup-failed"
	    " check:backup-started check:backup-failed");
	TOLD(quiet, false, "bad:recovered both:recovered");
}

static void
PEER_9_of_failures_alone_checks_hear_of_all_the_same(void **state)
{
	struct fixture *f = *state;
	int64_t s = schedule(f, NOTIFY_FAILURE);

	listen(f);
	TOLD(s, true, "bad:backup-failed both:backup-failed check:backup-started"
	    " check:backup-failed");
	assert_int_equal(count_mails(f), 1);
	TOLD(s, false, "bad:recovered both:recovered check:backup-started check:backup-ready");
	TOLD(s, false, "check:backup-started check:backup-ready");
}

static void
PEER_9_always_is_each_end_to_who_hears_of_any(void **state)
{
	struct fixture *f = *state;
	int64_t s = schedule(f, NOTIFY_ALWAYS);

	listen(f);
	TOLD(s, true, "bad:backup-failed good:backup-failed both:backup-failed"
	    " check:backup-started check:backup-failed");
	TOLD(s, false, "bad:backup-ready bad:recovered good:backup-ready both:backup-ready"
	    " both:recovered check:backup-started check:backup-ready");
	/* A schedule that is gone still says how its last ones are told; none says nothing. */
	OK(schedules_remove(f->db, s, NULL, &f->e));
	TOLD(s, false, "bad:backup-ready good:backup-ready both:backup-ready check:backup-started"
	    " check:backup-ready");
	TOLD(0, false, "good:backup-ready both:backup-ready check:backup-started"
	    " check:backup-ready");
}

/* One try of each notice that is due then. */
static void
try_all(struct fixture *f, int64_t now)
{
	struct webhook_sender s = { .slots = { { .pid = 0 } } };
	struct conf conf = conf_of(f);

	do {
		OK(webhook_step(&s, f->db, &conf, now, &f->e));
		clock_sleep(2);
	} while (webhook_busy(&s));
}

/* What no key opens is given up; but not while the key is missing. */
static void
T62_a_notice_waits_while_the_key_is_missing(void **state)
{
	struct fixture *f = *state;
	const char *key = conf_of(f).secret_key, *aside = arena_printf(f->a, "%s/aside", f->folder);
	int64_t now = clock_now() + 1000;

	ear(f, "bad", CHANNEL_SLACK, FAILED);
	clock_sleep(2);
	assert_string_equal(told(f, 0, "on-demand", true), "bad:backup-failed");
	assert_int_equal(rename(key, aside), 0);
	try_all(f, now);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM delivery WHERE state='queued' AND"
	    " error LIKE '%does not exist: put it back from your copy%'"), 1);
	assert_int_equal(rename(aside, key), 0);
	try_all(f, now + 3600 * 1000);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM delivery WHERE state='failed' AND"
	    " error LIKE '%enter it again'"), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		MAIL_TEST(PEER_9_as_the_channels_have_chosen_is_how_it_was),
		MAIL_TEST(PEER_9_of_a_schedule_that_never_tells_nobody_hears),
		MAIL_TEST(PEER_9_a_run_by_hand_is_told_whatever_its_schedule_says),
		MAIL_TEST(what_was_told_is_taken_back_also_by_one_that_never_tells),
		MAIL_TEST(PEER_9_of_failures_alone_checks_hear_of_all_the_same),
		MAIL_TEST(PEER_9_always_is_each_end_to_who_hears_of_any),
		MAIL_TEST(T62_a_notice_waits_while_the_key_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
