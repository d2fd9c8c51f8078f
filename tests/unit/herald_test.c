/* herald_test.c: what happened is told once to each channel that wants it, and goes out. */
#include "tests/unit/mail_fixture.h"

#include "lib/store/alarms.h"
#include "lib/store/channels.h"
#include "lib/store/notices.h"
#include "lib/util/proc.h"
#include "tests/unit/hooks_server.h"
#include "worker/notify/herald.h"
#include "worker/notify/webhook.h"

static struct hooks hooks;

static struct conf
conf_for(struct fixture *f)
{
	struct conf conf = conf_of(f);

	conf.http = (struct conf_http){ .allow_private = "127.0.0.1", .ca_file = "",
		.timeout_ms = 2000 };
	return conf;
}

static const notice_set everything = (1U << NOTICE_CHOICES) - 1;

/* A channel of the instance (project 0) or of a project. */
static int64_t
channel(struct fixture *f, enum channel_kind kind, const char *path, int64_t project,
    notice_set events)
{
	struct channel c = { .project = project, .kind = kind, .name = notice_kind_title(kind),
		.target = path, .events = events };
	void *sealed;
	char *key;

	if (kind != CHANNEL_MAIL) {
		OK(settings_get(&key, f->a, f->db, "seal_public_key", &f->e));
		OK(seal_lock(&sealed, &c.sealed_size, f->a, key,
		    arena_printf(f->a, "http://127.0.0.1:%d%s\nwhsec_%s", hooks.port, path,
		        "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="),
		    &f->e));
		c.sealed = sealed;
	}
	OK(channels_add(&c, f->db, &f->e));
	return c.id;
}

static void
step(struct fixture *f, int64_t now)
{
	struct conf conf = conf_for(f);
	struct herald h = { .alive_at = INT64_MAX / 2 };

	h.alive_at = now + 1;
	OK(herald_step(&h, f->db, &conf, now, &f->e));
}

/* Send all that is due, until nothing is. */
static void
send_all(struct fixture *f, int64_t now)
{
	struct webhook_sender s = { .slots = { { .pid = 0 } } };
	struct conf conf = conf_for(f);

	for (int i = 0; i < 2000; i++) {
		OK(webhook_step(&s, f->db, &conf, now, &f->e));
		if (!webhook_busy(&s))
			return;
		clock_sleep(5);
	}
	fail_msg("the notices do not come to an end");
}

static void
fail_backup(struct fixture *f, const char *why)
{
	struct err e = { .kind = ERR_INTERNAL };
	struct lease l;

	fixture_request(f, 0, NULL);
	l = fixture_claim(f);
	snprintf(e.text, sizeof e.text, "%s", why);
	OK(jobs_fail(f->db, &l, &e, &f->e));
}

static int64_t
rows(struct fixture *f, const char *where)
{
	int64_t n = -1;

	OK(sql_get(&n, f->db, arena_printf(f->a, "SELECT count(*) FROM delivery WHERE %s", where),
	    SQL_NO_ARGS, &f->e));
	return n;
}

/* How many of the noted requests are signed by this secret; -1: one that is signed is not by it. */
static int
read_signed(const char *secret)
{
	const char *const argv[] = { "/usr/bin/python3", "tests/fake/hooks_verify.py", secret,
		NULL };
	struct proc_spec spec = { .argv = argv, .stdin_fd = open(hooks.log, O_RDONLY | O_CLOEXEC) };
	CLEANUP_PROC struct proc *reader = NULL;
	char text[16] = "";
	struct err e;

	assert_true(spec.stdin_fd >= 0);
	assert_int_equal(proc_start(&reader, &spec, &e), 0);
	assert_true(proc_read(reader, text, sizeof text - 1, &e) > 0);
	return proc_wait(reader, &e) == 0 ? (int)strtol(text, NULL, 10) : -1;
}

/* PEER-9: one failed backup, every kind of channel, each exactly once however often one looks. */
static void
PEER_9_each_channel_is_told_once_of_each_thing(void **state)
{
	struct fixture *f = *state;
	int64_t now = clock_now() + 10000;

	channel(f, CHANNEL_WEBHOOK, "/hook", 0, everything);
	channel(f, CHANNEL_SLACK, "/slack", f->project, everything);
	channel(f, CHANNEL_TEAMS, "/teams", 0, notice_bit(NOTICE_BACKUP_FAILED));
	channel(f, CHANNEL_NTFY, "/topic", 0, notice_bit(NOTICE_BACKUP_FAILED));
	channel(f, CHANNEL_HEALTHCHECKS, "/ping", f->project, everything);
	channel(f, CHANNEL_MAIL, "admin@example.org", f->project, everything);
	channel(f, CHANNEL_SLACK, "/other", 0, notice_bit(NOTICE_RESTORE_DONE));
	clock_sleep(2);
	fail_backup(f, "database: no luck <!channel> \"quoted\"");
	for (int i = 0; i < 3; i++)
		step(f, now);
	assert_int_equal(rows(f, "event='backup-failed'"), 6);
	assert_int_equal(rows(f, "event='backup-started'"), 1);
	assert_int_equal(rows(f, "1"), 7);
	send_all(f, now);
	assert_int_equal(hooks_count(&hooks, ""), 6);
	assert_int_equal(hooks_count(&hooks, "\"path\": \"/hook\""), 1);
	assert_int_equal(hooks_count(&hooks, "\"path\": \"/slack\""), 1);
	assert_int_equal(hooks_count(&hooks, "\"path\": \"/teams\""), 1);
	assert_int_equal(hooks_count(&hooks, "\"path\": \"/ping/start?rid="), 1);
	assert_int_equal(hooks_count(&hooks, "\"path\": \"/ping/fail?rid="), 1);
	assert_int_equal(hooks_count(&hooks, "webhook-signature"), 1);
	assert_int_equal(rows(f, "state='sent' AND status=200"), 6);
	/* By a reader who shares no line with us. */
	assert_int_equal(read_signed("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="), 1);
	/* The control: another secret does not hold. */
	assert_int_equal(read_signed("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDI="), -1);
	/* The mail waits a moment for the one that the job itself may send. */
	step(f, now + 6000);
	assert_int_equal(rows(f, "state='sent' AND mail<>''"), 1);
	assert_int_equal(count_mails(f), 1);
	step(f, now + 12000);
	send_all(f, now + 12000);
	assert_int_equal(hooks_count(&hooks, ""), 6);
	assert_int_equal(count_mails(f), 1);
}

/* PEER-8: pairs close themselves. */
static void
PEER_8_what_was_late_is_told_to_be_over(void **state)
{
	struct fixture *f = *state;
	struct alarm late = { .kind = "late", .environment = f->environment, .subject = "s1",
		.text = "Nightly is 3 hours late." };

	channel(f, CHANNEL_WEBHOOK, "/both", 0, everything);
	channel(f, CHANNEL_WEBHOOK, "/late", 0, notice_bit(NOTICE_LATE));
	channel(f, CHANNEL_WEBHOOK, "/end", 0, notice_bit(NOTICE_RECOVERED));
	clock_sleep(2);
	OK(alarms_raise(NULL, f->db, &late, &f->e));
	step(f, clock_now());
	step(f, clock_now());
	assert_int_equal(rows(f, "event='late'"), 2);
	OK(alarms_settle(NULL, f->db, &late, &f->e));
	step(f, clock_now());
	step(f, clock_now());
	assert_int_equal(rows(f, "event='recovered'"), 1);
	assert_int_equal(rows(f, "event='recovered' AND body LIKE '%\"closes\":\"late\"%'"), 1);
	assert_int_equal(rows(f, "1"), 3);
	/* It opens again: told again. */
	OK(alarms_raise(NULL, f->db, &late, &f->e));
	step(f, clock_now());
	assert_int_equal(rows(f, "event='late'"), 4);
}

static void
PEER_8_a_good_backup_after_a_failed_one_is_recovery(void **state)
{
	struct fixture *f = *state;

	channel(f, CHANNEL_SLACK, "/slack", 0,
	    notice_bit(NOTICE_BACKUP_FAILED) | notice_bit(NOTICE_RECOVERED));
	clock_sleep(2);
	fixture_ready(f);
	step(f, clock_now());
	assert_int_equal(rows(f, "1"), 0);
	fail_backup(f, "no luck");
	clock_sleep(2);
	fixture_ready(f);
	clock_sleep(2);
	fixture_ready(f);
	step(f, clock_now());
	assert_int_equal(rows(f, "event='backup-failed'"), 1);
	assert_int_equal(rows(f, "event='recovered'"), 1);
	assert_int_equal(rows(f, "1"), 2);
}

/* PEER-2: whatever a receiver does, the backup is what it is. */
static void
PEER_2_a_failing_notifier_touches_no_backup(void **state)
{
	struct fixture *f = *state;
	int64_t now;

	channel(f, CHANNEL_SLACK, "/status/404", 0, everything);
	channel(f, CHANNEL_SLACK, "/status/410", 0, everything);
	channel(f, CHANNEL_SLACK, "/close", 0, everything);
	channel(f, CHANNEL_SLACK, "/redirect", 0, everything);
	clock_sleep(2);
	fixture_ready(f);
	now = clock_now();
	step(f, now);
	send_all(f, now);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM backup WHERE state='ready'"), 1);
	assert_int_equal(fixture_number(f, "SELECT warnings FROM job"), 2);
	assert_int_equal(rows(f, "state='queued' AND attempts=1 AND status=404 AND error="
	    "'answered 404: no_service'"), 1);
	assert_int_equal(rows(f, "state='failed' AND status=410"), 1);
	assert_int_equal(rows(f, "state='queued' AND status=302 AND error LIKE '%not followed%'"),
	    1);
	assert_int_equal(rows(f, "state='queued' AND status=0 AND error<>''"), 1);
	assert_int_equal(hooks_count(&hooks, "/ok"), 0);
}

/* A backup of the media is no recovery of the database. */
static void
PEER_8_only_what_has_all_that_failed_is_a_recovery(void **state)
{
	struct fixture *f = *state;
	struct backup_ids ids;
	struct lease l;

	channel(f, CHANNEL_SLACK, "/slack", 0, everything);
	clock_sleep(2);
	fail_backup(f, "no luck");
	step(f, clock_now());
	ids = fixture_request(f, f->media, NULL);
	l = fixture_claim(f);
	fixture_finish(f, &l, ids.backup);
	step(f, clock_now());
	assert_int_equal(rows(f, "event='recovered'"), 0);
	fixture_ready(f);
	step(f, clock_now());
	assert_int_equal(rows(f, "event='recovered'"), 1);
	fixture_ready(f);
	fail_backup(f, "no luck");
	fixture_ready(f);
	step(f, clock_now());
	assert_int_equal(rows(f, "event='recovered'"), 2);
	/* What was removed waits for nothing. */
	fail_backup(f, "no luck");
	fixture_do(f, "UPDATE service SET removed_at=1 WHERE slug='media'");
	ids = fixture_request(f, f->database, NULL);
	l = fixture_claim(f);
	fixture_finish(f, &l, ids.backup);
	step(f, clock_now());
	assert_int_equal(rows(f, "event='recovered'"), 3);
}

/* Its turn may come outside its window, and then it has not begun: a check that had heard of a
 * start would wait for the end until the next day. */
static void
PEER_9_a_run_that_may_be_put_back_has_not_begun_for_a_check(void **state)
{
	struct fixture *f = *state;
	struct backup_ids ids;
	struct lease l;

	channel(f, CHANNEL_HEALTHCHECKS, "/ping", 0,
	    notice_bit(NOTICE_BACKUP_READY) | notice_bit(NOTICE_BACKUP_FAILED));
	clock_sleep(2);
	ids = fixture_request(f, 0, NULL);
	fixture_do(f, "UPDATE backup SET mode='consistent'");
	l = fixture_claim(f);
	OK(backups_begin(f->db, &l, &f->e));
	step(f, clock_now());
	assert_int_equal(rows(f, "1"), 0);
	assert_int_equal(fixture_number(f, "SELECT told FROM job"), 0);
	/* It holds the application. */
	fixture_do(f, "UPDATE environment SET frozen_at=1, frozen_job=1");
	step(f, clock_now());
	assert_int_equal(rows(f, "event='backup-started'"), 1);
	fixture_finish(f, &l, ids.backup);
	step(f, clock_now());
	assert_int_equal(rows(f, "event='backup-ready'"), 1);
	/* One that ends before is told from its start on. */
	fixture_request(f, 0, NULL);
	fixture_do(f, "UPDATE backup SET mode='consistent'");
	l = fixture_claim(f);
	OK(backups_begin(f->db, &l, &f->e));
	OK(jobs_fail(f->db, &l, &(struct err){ .kind = ERR_INTERNAL, .text = "x" }, &f->e));
	step(f, clock_now());
	assert_int_equal(rows(f, "event='backup-started'"), 2);
	assert_int_equal(rows(f, "event='backup-failed'"), 1);
}

static void
fail_and_send(struct fixture *f)
{
	int64_t now;

	clock_sleep(2);
	fail_backup(f, "no luck");
	now = clock_now();
	step(f, now);
	send_all(f, now);
}

/* Whatever a server says of an address that is a secret. */
static void
PEER_9_an_echo_of_the_address_is_not_kept(void **state)
{
	struct fixture *f = *state;

	channel(f, CHANNEL_SLACK, "/echo/T00/secretsecret?token=abcdefgh", 0, everything);
	fail_and_send(f);
	assert_int_equal(rows(f, "status=404 AND error LIKE 'answered 404: Cannot POST %'"), 1);
	assert_int_equal(rows(f, "error LIKE '%secretsecret%' OR error LIKE '%abcdefgh%'"), 0);
	/* Nor the head of one where the answer is cut. */
	channel(f, CHANNEL_SLACK, arena_printf(f->a, "/echo/%0*d/secretsecret", 220, 0), 0,
	    everything);
	fail_and_send(f);
	assert_int_equal(rows(f, "error LIKE 'answered 404: Cannot POST %'"), 3);
	assert_int_equal(rows(f, "error LIKE '%secre%'"), 0);
	/* What stands for it is short, so that the cut may come near to the begin of the answer. */
	fixture_do(f, "DELETE FROM delivery");
	for (int upto = 0; upto < 8; upto++)
		channel(f, CHANNEL_SLACK, arena_printf(f->a, "/echo/upto-%d/%0*dsecretsecret",
		    upto, 1600 + upto * 37, 0), 0, everything);
	fail_and_send(f);
	assert_int_equal(rows(f, "channel>2 AND error LIKE 'answered 404: %…%'"), 8);
	assert_int_equal(rows(f, "channel>2 AND error LIKE '%00000%'"), 0);
}

static void
PEER_9_a_channel_with_many_waiting_holds_up_no_other(void **state)
{
	struct fixture *f = *state;
	struct notice_due *due;
	size_t count;

	channel(f, CHANNEL_SLACK, "/one", 0, everything);
	channel(f, CHANNEL_SLACK, "/two", 0, everything);
	for (int i = 0; i < 60; i++)
		fixture_do(f, arena_printf(f->a, "INSERT INTO delivery (uuid, channel, event, body,"
		    " state, next_at, created_at, source) VALUES ('u%d', 1, 'late', '{}', 'queued',"
		    " %d, 1, 's%d')", i, i + 1, i));
	fixture_do(f,
	    "INSERT INTO delivery (uuid, channel, event, body, state, next_at, created_at, source)"
	    " VALUES ('v', 2, 'late', '{}', 'queued', 1000, 1, 's')");
	OK(notices_due(&due, &count, f->a, f->db, clock_now(), &f->e));
	assert_int_equal(count, 2);
	assert_string_equal(due[0].row.uuid, "u0");
	assert_string_equal(due[1].row.uuid, "v");
}

/* 5 s, 5 min … 24 h: ten tries in all, then it is given up; [Send again] begins anew. */
static void
a_notice_is_tried_for_days_and_then_given_up(void **state)
{
	struct fixture *f = *state;
	int64_t now, id, first, tries = 0;

	channel(f, CHANNEL_SLACK, "/status/500", 0, everything);
	clock_sleep(2);
	fail_backup(f, "no luck");
	first = now = clock_now();
	step(f, now);
	while (rows(f, "state='queued'") == 1 && tries < 20) {
		send_all(f, now);
		tries++;
		now = fixture_number(f, "SELECT next_at FROM delivery");
	}
	assert_int_equal(tries, 10);
	assert_int_equal(rows(f, "state='failed' AND attempts=10 AND status=500"), 1);
	assert_int_equal(hooks_count(&hooks, ""), 10);
	id = fixture_number(f, "SELECT id FROM delivery");
	OK(notices_again(f->db, id, &f->e));
	send_all(f, clock_now());
	assert_int_equal(hooks_count(&hooks, ""), 11);
	assert_true(first > 0);
}

static void
one_that_fails_first_arrives_later_with_the_same_id(void **state)
{
	struct fixture *f = *state;
	int64_t now;
	char *uuid = NULL;

	channel(f, CHANNEL_WEBHOOK, "/fail-2", 0, everything);
	clock_sleep(2);
	fail_backup(f, "no luck");
	now = clock_now();
	step(f, now);
	for (int i = 0; i < 3; i++, now += 3600 * 1000)
		send_all(f, now);
	assert_int_equal(rows(f, "state='sent' AND attempts=3"), 1);
	{
		struct notice_row row;

		OK(notices_by_id(&row, f->a, f->db, fixture_number(f, "SELECT id FROM delivery"),
		    &f->e));
		uuid = arena_printf(f->a, "\"webhook-id\": \"%s\"", row.uuid);
	}
	assert_int_equal(hooks_count(&hooks, uuid), 3);
}

/* Who dies between sending and noting sends once more, under the same id. */
static void
a_killed_sender_repeats_at_most_once(void **state)
{
	struct fixture *f = *state;
	struct webhook_sender s = { .slots = { { .pid = 0 } } };
	struct conf conf = conf_for(f);
	int64_t now;

	channel(f, CHANNEL_WEBHOOK, "/hook", 0, everything);
	clock_sleep(2);
	fail_backup(f, "no luck");
	now = clock_now();
	step(f, now);
	OK(webhook_step(&s, f->db, &conf, now, &f->e));
	assert_true(webhook_busy(&s));
	for (int i = 0; hooks_count(&hooks, "") == 0 && i < 1000; i++)
		clock_sleep(5);
	/* As if the process were gone: nobody reads the answer. */
	send_all(f, now + 1000);
	assert_int_equal(hooks_count(&hooks, ""), 1);
	send_all(f, now + 60000);
	assert_int_equal(hooks_count(&hooks, ""), 2);
	send_all(f, now + 120000);
	assert_int_equal(hooks_count(&hooks, ""), 2);
	assert_int_equal(rows(f, "state='sent'"), 1);
	webhook_stop(&s, f->db, now);
}

/* The mail of the job itself is enough for the same address. */
static void
nobody_is_mailed_twice_about_one_job(void **state)
{
	struct fixture *f = *state;
	struct conf conf = conf_for(f);
	int64_t job;

	channel(f, CHANNEL_MAIL, "ADMIN@example.org", 0, everything);
	clock_sleep(2);
	fail_backup(f, "no luck");
	job = fixture_number(f, "SELECT max(id) FROM job");
	OK(mail_job_ended(f->db, &conf, job, &f->e));
	assert_int_equal(count_mails(f), 1);
	step(f, clock_now());
	step(f, clock_now() + 6000);
	assert_int_equal(rows(f, "state='sent' AND mail<>''"), 1);
	assert_int_equal(count_mails(f), 1);
}

/* What stands behind /confirm/, without quoted-printable's soft line ends. */
static char *
token_of(struct fixture *f, const char *message)
{
	char *token = arena_alloc(f->a, TOKEN_SIZE), *to = token;
	const char *at = strstr(arena_dup(f->a, message), "/confirm/");

	assert_non_null(at);
	/* A line that begins as "From " does is not left so: "=46". */
	for (at += strlen("/confirm/"); to < token + TOKEN_SIZE - 1; at += *at == '=' ? 3 : 1)
		if (*at != '=')
			*to++ = *at;
		else if (at[1] != '\r')
			*to++ = (char)strtol((char[]){ at[1], at[2], '\0' }, NULL, 16);
	return token;
}

/* An address that is no account's is asked first, and told nothing before it agreed. */
static void
an_address_outside_is_asked_first(void **state)
{
	struct fixture *f = *state;
	int64_t id = channel(f, CHANNEL_MAIL, "ops@example.net", 0, everything);
	struct outbox_mail m;
	struct channel c;
	char *token, hash[HASH_HEX_SIZE];

	clock_sleep(2);
	fail_backup(f, "no luck");
	step(f, clock_now());
	step(f, clock_now() + 6000);
	assert_int_equal(rows(f, "1"), 0);
	assert_int_equal(count_mails(f), 1);
	OK(outbox_next(&m, f->a, f->db, 1000, &f->e));
	assert_string_equal(m.recipient, "ops@example.net");
	token = token_of(f, opened(f, &m));
	hash_of(hash, token, strlen(token));
	OK(channels_by_token(&c, f->a, f->db, hash, &f->e));
	assert_int_equal(c.id, id);
	assert_int_equal(c.confirmed_at, 0);
	OK(channels_confirm(f->db, hash, &f->e));
	fail_backup(f, "no luck again");
	step(f, clock_now());
	step(f, clock_now() + 6000);
	assert_int_equal(count_mails(f), 2);
	hash_of(hash, "x", 1);
	REFUSED(ERR_NOT_FOUND, channels_by_token(&c, f->a, f->db, hash, &f->e));
}

/* The dead man's switch: a ping each minute, of which only the last is kept. */
static void
PEER_8_the_worker_pings_each_minute(void **state)
{
	struct fixture *f = *state;
	struct conf conf = conf_for(f);
	struct herald h = { .alive_at = 0 };
	int64_t now;

	channel(f, CHANNEL_HEALTHCHECKS, "/alive", 0, notice_bit(NOTICE_WORKER_SILENT));
	channel(f, CHANNEL_SLACK, "/slack", 0, everything);
	clock_sleep(2);
	now = clock_now();
	for (int i = 0; i < 10; i++, now += 30000) {
		OK(herald_step(&h, f->db, &conf, now, &f->e));
		send_all(f, now);
	}
	assert_int_equal(hooks_count(&hooks, "\"path\": \"/alive\""), 5);
	assert_int_equal(hooks_count(&hooks, ""), 5);
	assert_int_equal(rows(f, "1"), 1);
}

static void
PEER_8_a_worker_that_was_away_says_so(void **state)
{
	struct fixture *f = *state;

	channel(f, CHANNEL_SLACK, "/slack", 0, everything);
	OK(herald_begin(f->db, clock_now(), &f->e));
	OK(settings_worker_beat(f->db, "w1", &f->e));
	OK(herald_begin(f->db, clock_now() + 60000, &f->e));
	clock_sleep(2);
	step(f, clock_now());
	assert_int_equal(rows(f, "1"), 0);
	/* Two workers that start together have both found none. */
	OK(herald_begin(f->db, clock_now() + 6 * 60000, &f->e));
	OK(herald_begin(f->db, clock_now() + 6 * 60000, &f->e));
	step(f, clock_now());
	assert_int_equal(rows(f, "event='worker-silent'"), 1);
	assert_int_equal(rows(f, "event='recovered'"), 1);
}

static int
hooks_set_up(void **state)
{
	struct fixture *f;

	if (set_up(state) != 0)
		return -1;
	f = *state;
	hooks_start(&hooks, f->folder, NULL);
	return 0;
}

static int
hooks_tear_down(void **state)
{
	hooks_stop(&hooks);
	return fixture_tear_down(state);
}
#define HOOKS_TEST(f) cmocka_unit_test_setup_teardown(f, hooks_set_up, hooks_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HOOKS_TEST(PEER_9_each_channel_is_told_once_of_each_thing),
		HOOKS_TEST(PEER_8_what_was_late_is_told_to_be_over),
		HOOKS_TEST(PEER_8_a_good_backup_after_a_failed_one_is_recovery),
		HOOKS_TEST(PEER_2_a_failing_notifier_touches_no_backup),
		HOOKS_TEST(PEER_8_only_what_has_all_that_failed_is_a_recovery),
		HOOKS_TEST(PEER_9_a_run_that_may_be_put_back_has_not_begun_for_a_check),
		HOOKS_TEST(PEER_9_an_echo_of_the_address_is_not_kept),
		HOOKS_TEST(PEER_9_a_channel_with_many_waiting_holds_up_no_other),
		HOOKS_TEST(a_notice_is_tried_for_days_and_then_given_up),
		HOOKS_TEST(one_that_fails_first_arrives_later_with_the_same_id),
		HOOKS_TEST(a_killed_sender_repeats_at_most_once),
		HOOKS_TEST(nobody_is_mailed_twice_about_one_job),
		HOOKS_TEST(an_address_outside_is_asked_first),
		HOOKS_TEST(PEER_8_the_worker_pings_each_minute),
		HOOKS_TEST(PEER_8_a_worker_that_was_away_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
