/* mail_send_test.c: the outbox on its way, with a server that keeps to the rules and with one that
 * does not (T37). */
#include "tests/unit/mail_fixture.h"

#include <poll.h>
#include <sys/stat.h>

#include "lib/base/fd.h"
#include "tests/unit/smtp_server.h"

static void
the_folder_takes_mails_when_there_is_no_server(void **state)
{
	struct fixture *f = *state;
	struct conf conf = conf_of(f);
	char path[300];
	struct outbox_mail m;
	bool tried;

	queue(f, 1);
	OK(outbox_next(&m, f->a, f->db, 0, &f->e));
	OK(mail_send_next(&tried, f->db, &conf, &f->e));
	assert_true(tried);
	OK(mail_send_next(&tried, f->db, &conf, &f->e));
	assert_false(tried);
	snprintf(path, sizeof path, "%s/%s.eml", conf.mail.folder, m.message_id);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(conf.mail.folder), 0);
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM outbox WHERE state='sent' AND message IS NULL"),
	    1);
}

static void
stepping_never_blocks_and_stopping_keeps_the_mail(void **state)
{
	struct fixture *f = *state;
	CLEANUP_SERVER struct server s = { .tls = "starttls", .cert = "good" };
	struct mail_sender sender = MAIL_SENDER_INIT;
	struct conf conf = conf_of(f);
	int64_t before = clock_mono();

	server_start(&s, "hang:greeting");
	conf.mail = s.conf;
	queue(f, 1);
	OK(mail_send_step(&sender, f->db, &conf, &f->e));
	assert_int_not_equal(sender.pid, 0);
	for (int i = 0; i < 100; i++)
		OK(mail_send_step(&sender, f->db, &conf, &f->e));
	assert_true(clock_mono() - before < s.conf.timeout_ms * 5);
	mail_send_stop(&sender, f->db);
	assert_int_equal(sender.pid, 0);
	mail_send_stop(&sender, f->db);
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM outbox WHERE state='queued' AND tries=0"),
	    1);
	assert_true(fixture_number(f, "SELECT next_at FROM outbox") <= clock_now());
}

static void
a_child_that_dies_counts_as_not_sent(void **state)
{
	struct fixture *f = *state;
	CLEANUP_SERVER struct server s = { .tls = "starttls", .cert = "good" };
	struct mail_sender sender = MAIL_SENDER_INIT;
	struct conf conf = conf_of(f);
	struct pollfd p = { .events = POLLIN };

	server_start(&s, "hang:greeting");
	conf.mail = s.conf;
	queue(f, 1);
	OK(mail_send_step(&sender, f->db, &conf, &f->e));
	kill(sender.pid, SIGKILL);
	p.fd = sender.fd;
	assert_int_equal(poll(&p, 1, 30000), 1);
	OK(mail_send_step(&sender, f->db, &conf, &f->e));
	assert_int_equal(sender.pid, 0);
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM outbox WHERE state='queued' AND tries=1 AND "
	                     "next_at>0"
	                     " AND last_error LIKE '%did not answer within%'"),
	    1);
}

static void
an_answer_the_catalogue_could_not_take_is_kept(void **state)
{
	struct fixture *f = *state;
	struct mail_sender sender = MAIL_SENDER_INIT;
	struct conf conf = conf_of(f);
	struct pollfd p = { .events = POLLIN };
	struct stat st;

	queue(f, 1);
	OK(mail_send_step(&sender, f->db, &conf, &f->e));
	p.fd = sender.fd;
	assert_int_equal(poll(&p, 1, 30000), 1);
	fixture_do(f,
	    "CREATE TRIGGER broken BEFORE UPDATE ON outbox BEGIN SELECT RAISE(ABORT, 'broken'); "
	    "END");
	assert_int_equal(mail_send_step(&sender, f->db, &conf, &f->e), -1);
	assert_int_equal(mail_send_step(&sender, f->db, &conf, &f->e), -1);
	fixture_do(f, "DROP TRIGGER broken");
	OK(mail_send_step(&sender, f->db, &conf, &f->e));
	assert_int_equal(sender.pid, 0);
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM outbox WHERE state='sent' AND tries=1"),
	    1);
	assert_int_equal(stat(conf.mail.folder, &st), 0);
	run_and_wait((const char *[]){ "rm", "-r", conf.mail.folder, NULL });
}

static void
T37_a_final_refusal_is_not_tried_again(void **state)
{
	struct fixture *f = *state;
	CLEANUP_SERVER struct server s = { .tls = "starttls", .cert = "good" };
	struct conf conf = conf_of(f);
	bool tried;

	server_start(&s, "550:rcpt");
	conf.mail = s.conf;
	queue(f, 1);
	OK(mail_send_next(&tried, f->db, &conf, &f->e));
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM outbox WHERE state='failed' AND message IS NULL"
	                     " AND last_error LIKE '%550%'"),
	    1);
}

/* How many taken mails were in clear, and how many came again with an id that was there. */
static void
count_taken(const struct server *s, int *clear, int *twice)
{
	int n = mails(s);
	char path[200], **ids = calloc((size_t)n + 1, sizeof *ids);
	struct err e;

	*clear = *twice = 0;
	for (int i = 0; i < n; i++) {
		CLEANUP_BUF struct buf mail = BUF_INIT, facts = BUF_INIT;

		snprintf(path, sizeof path, "%s/%04d.json", s->dir, i + 1);
		assert_int_equal(fd_read_file(&facts, path, 1 << 20, &e), 0);
		*clear += strstr(facts.p, "\"tls\": true") == NULL;
		snprintf(path, sizeof path, "%s/%04d.eml", s->dir, i + 1);
		assert_int_equal(fd_read_file(&mail, path, 1 << 20, &e), 0);
		ids[i] = strndup(strstr(mail.p, "Message-ID: "), 80);
		for (int k = 0; k < i; k++)
			*twice += strcmp(ids[k], ids[i]) == 0;
	}
	for (int i = 0; i < n; i++)
		free(ids[i]);
	free(ids);
}

static void
run_outbox(struct fixture *f, const struct conf *conf)
{
	bool tried = true;

	for (int round = 0; round < 30 &&
	     fixture_number(f, "SELECT count(*) FROM outbox WHERE state='queued'") > 0;
	     round++) {
		/* The wait between two tries is the outbox's own test. */
		fixture_do(f, "UPDATE outbox SET next_at=0 WHERE state='queued'");
		for (tried = true; tried;)
			OK(mail_send_next(&tried, f->db, conf, &f->e));
	}
}

/* 100 mails, with ALL=1 in the environment 1,000. */
static void
T37_at_30_percent_faults_all_mails_arrive_none_twice_none_in_clear(void **state)
{
	const int count = getenv("ALL") != NULL ? 1000 : 100;
	struct fixture *f = *state;
	CLEANUP_SERVER struct server s = { .tls = "starttls",
		.cert = "good",
		.user = "console",
		.chaos = "0.3" };
	struct conf conf = conf_of(f);
	int clear, twice;

	server_start(&s, "none");
	conf.mail = s.conf;
	conf.mail.timeout_ms = 1500;
	queue(f, count);
	run_outbox(f, &conf);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM outbox WHERE state='sent'"),
	    count);
	print_message("%d tries for %d mails\n",
	    (int)fixture_number(f, "SELECT sum(tries) FROM outbox"), count);
	assert_true(fixture_number(f, "SELECT sum(tries) FROM outbox") > count + count / 10);
	count_taken(&s, &clear, &twice);
	assert_int_equal(clear, 0);
	print_message("%d of them came twice\n", twice);
	assert_true(twice <= count / 100);
	assert_int_equal(mails(&s), count + twice);
}

/* Control: a server that takes a mail and then hangs up makes doubles, and they are noticed. */
static void
T37_control_a_lost_answer_is_noticed_as_a_double(void **state)
{
	struct fixture *f = *state;
	CLEANUP_SERVER struct server s = { .tls = "starttls", .cert = "good" };
	struct conf conf = conf_of(f);
	int clear, twice;
	bool tried;

	server_start(&s, "lost:end");
	conf.mail = s.conf;
	queue(f, 1);
	OK(mail_send_next(&tried, f->db, &conf, &f->e));
	fixture_do(f, "UPDATE outbox SET next_at=0");
	OK(mail_send_next(&tried, f->db, &conf, &f->e));
	count_taken(&s, &clear, &twice);
	assert_int_equal(twice, 1);
	assert_int_equal(fixture_number(f, "SELECT tries FROM outbox"), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		MAIL_TEST(the_folder_takes_mails_when_there_is_no_server),
		MAIL_TEST(stepping_never_blocks_and_stopping_keeps_the_mail),
		MAIL_TEST(a_child_that_dies_counts_as_not_sent),
		MAIL_TEST(an_answer_the_catalogue_could_not_take_is_kept),
		MAIL_TEST(T37_a_final_refusal_is_not_tried_again),
		MAIL_TEST(
		    T37_at_30_percent_faults_all_mails_arrive_none_twice_none_in_clear),
		MAIL_TEST(T37_control_a_lost_answer_is_noticed_as_a_double),
	};

	return cmocka_run_group_tests_name("mail sending", tests, server_folder,
	    server_folder_remove);
}
