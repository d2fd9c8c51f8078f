/* mail_test.c: which mail is due about a job, once and only once, and what it says. */
#include "tests/unit/mail_fixture.h"

#include <sys/stat.h>

#include "lib/base/fd.h"
#include "lib/store/downloads.h"
#include "lib/util/hash.h"
#include "tests/unit/smtp_server.h"

static int64_t
failed_backup(struct fixture *f, const char *why, int exit_code)
{
	struct backup_ids ids = fixture_request(f, 0, NULL);
	struct lease l = fixture_claim(f);
	struct err e = { .kind = ERR_INTERNAL, .exit_code = exit_code };
	char line[32];

	snprintf(e.text, sizeof e.text, "%s", why);
	for (int i = 1; i <= 7; i++) {
		snprintf(line, sizeof line, "line %d of the tool", i);
		OK(jobs_log(f->db, &l, "err", line, &f->e));
	}
	OK(jobs_fail(f->db, &l, &e, &f->e));
	return ids.job;
}

/* A finished download of both parts; gives its job. */
static struct download_ids
ready_download(struct fixture *f)
{
	static const char hash[] =
	    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
	int64_t backup = fixture_ready(f), ids[2];
	struct download_file *files;
	struct download_ids made;
	struct part *parts;
	struct lease l;
	size_t n;

	OK(backups_parts(&parts, &n, f->a, f->db, backup, &f->e));
	ids[0] = parts[0].id;
	ids[1] = parts[1].id;
	OK(downloads_request(&made, f->db,
	    &(struct download_request){ { f->environment, f->admin, NULL, true }, backup, ids, 2,
	        FORMAT_TAR_ZST, 3600000, 5, NULL },
	    &f->e));
	l = fixture_claim(f);
	OK(downloads_files(&files, &n, f->a, f->db, made.download, &f->e));
	for (size_t i = 0; i < n; i++) {
		files[i].path = "x";
		files[i].bytes = 5000000000;
		files[i].sha256 = hash;
		OK(downloads_file_ready(f->db, &l, &files[i], &f->e));
	}
	OK(downloads_finish(f->db, &l, &f->e));
	return made;
}

static void
a_backup_that_is_done_mails_who_asked_once(void **state)
{
	struct fixture *f = *state;
	struct outbox_mail m;
	int64_t job;

	fixture_ready(f);
	job = fixture_number(f, "SELECT max(id) FROM job");
	ended(f, job);
	ended(f, job);
	assert_int_equal(count_mails(f), 1);
	m = mail_of(f, job);
	assert_string_equal(m.kind, "backup_ready");
	assert_string_equal(m.recipient, "admin@example.org");
	assert_string_equal(m.subject, "[shop/live] Backup ready: database + media (205 B)");
	says(&m, "Auto-Submitted: auto-generated\r\n");
	says(&m, "In-Reply-To: <job.");
	says(&m, "\r\n  > a note\r\n");
	says(&m, "https://backup.example.org/b/1\r\n");
	says(&m, "You get this because admin@example.org asked");
}

static void
a_backup_nobody_wanted_a_mail_about_is_silent(void **state)
{
	struct fixture *f = *state;

	fixture_ready(f);
	fixture_do(f, "UPDATE job SET mail_when_done=0");
	ended(f, 1);
	assert_int_equal(count_mails(f), 0);
}

static void
a_failed_backup_mails_reason_exit_code_and_five_lines(void **state)
{
	struct fixture *f = *state;
	int64_t job =
	    failed_backup(f, "database: pg_dump ended with exit code 1:\nconnection refused", 1);
	struct outbox_mail m;

	fixture_do(f, "UPDATE job SET mail_when_done=0");
	ended(f, job);
	m = mail_of(f, job);
	assert_string_equal(m.kind, "backup_failed");
	assert_string_equal(m.subject,
	    "[shop/live] Backup FAILED: database: pg_dump ended with exit code 1: connection "
	    "refused");
	says(&m, "  database: pg_dump ended with exit code 1: connection refused\r\n");
	says(&m, "The tool ended with exit code 1.");
	says(&m, "err | line 3 of the tool\r\n");
	says(&m, "err | line 7 of the tool\r\n");
	assert_null(strstr(m.message, "line 2 of the tool"));
	says(&m, "https://backup.example.org/j/1\r\n");
}

static void
a_failed_backup_of_nobody_mails_every_owner(void **state)
{
	struct fixture *f = *state;
	int64_t job = failed_backup(f, "no luck", 0);

	fixture_do(f, "UPDATE job SET requested_by=NULL");
	ended(f, job);
	assert_int_equal(count_mails(f), 0);
	fixture_do(f, "UPDATE project SET owners='a@example.org\r\nno address\nb@example.org\n'");
	ended(f, job);
	ended(f, job);
	assert_int_equal(count_mails(f), 2);
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM outbox WHERE recipient IN ('a@example.org', "
	                     "'b@example.org')"),
	    2);
}

static void
a_long_reason_is_cut_in_the_subject_between_characters(void **state)
{
	struct fixture *f = *state;
	char reason[400] = "";
	struct outbox_mail m;

	for (int i = 0; i < 120; i++)
		strncat(reason, "\xc3\xa9", 3);
	ended(f, failed_backup(f, reason, 0));
	m = mail_of(f, 1);
	/* 100 characters of two bytes and the three bytes of the ellipsis. */
	assert_int_equal(strlen(m.subject), strlen("[shop/live] Backup FAILED: ") + 200 + 3);
	assert_non_null(strstr(m.subject, "\xc3\xa9\xe2\x80\xa6"));
}

static void
nothing_is_due_about_what_runs_was_cancelled_or_is_a_check(void **state)
{
	struct fixture *f = *state;
	struct job_request rq = { f->environment, f->admin, NULL, true };
	struct backup_ids ids = fixture_request(f, 0, NULL);
	struct lease l;
	int64_t check;

	ended(f, ids.job);
	l = fixture_claim(f);
	ended(f, ids.job);
	OK(jobs_fail(f->db, &l, &(struct err){ .kind = ERR_CANCELLED, .text = "cancelled" },
	    &f->e));
	ended(f, ids.job);
	OK(jobs_add_check(&check, f->db, &rq, f->database, &f->e));
	l = fixture_claim(f);
	OK(jobs_succeed(f->db, &l, 0, &f->e));
	ended(f, check);
	assert_int_equal(count_mails(f), 0);
}

/* DIV-16: one mail, one link per item, with size, sha256 and expiry. */
static void
DIV16_a_ready_download_mails_one_link_per_item(void **state)
{
	struct fixture *f = *state;
	struct download_ids ids = ready_download(f);
	char token[44], hash[HASH_HEX_SIZE];
	struct download d;
	struct outbox_mail m;
	struct link link;

	ended(f, ids.job);
	ended(f, ids.job);
	assert_int_equal(count_mails(f), 1);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM link"), 1);
	m = mail_of(f, ids.job);
	assert_string_equal(m.subject, "[shop/live] Download ready: database + media (10.0 GB)");
	says(&m, "size:   5.00 GB (5000000000 bytes)\r\n");
	says(&m, "sha256: 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\r\n");
	says(&m, "until then each file can be fetched 5 times\r\n");
	says(&m, "Asked for by: admin@example.org\r\n");
	snprintf(token, sizeof token, "%s",
	    strstr(m.message, "https://backup.example.org/dl/") + 30);
	says(&m, arena_printf(f->a, "  https://backup.example.org/dl/%s/1\r\n", token));
	says(&m, arena_printf(f->a, "  https://backup.example.org/dl/%s/2\r\n", token));
	/* The token opens the download, and stands nowhere but in the mail. */
	hash_of(hash, token, strlen(token));
	OK(links_find(&link, &d, f->a, f->db, hash, &f->e));
	assert_int_equal(d.id, ids.download);
	assert_int_equal(link.expires_at, d.expires_at);
	assert_string_equal(link.recipient, "admin@example.org");
	OK(outbox_sent(f->db, m.id, &f->e));
	OK(outbox_of_job(&m, f->a, f->db, ids.job, &f->e));
	assert_int_equal(m.message_size, 0);
}

/* Is this text anywhere in the files of the catalogue? */
static bool
lies_in_catalogue(struct fixture *f, const char *text)
{
	static const char *const ends[] = { "", "-wal" };
	bool found = false;

	for (size_t i = 0; i < 2; i++) {
		CLEANUP_BUF struct buf all = BUF_INIT;
		char *path = arena_printf(f->a, "%s%s", f->path, ends[i]);

		if (fd_read_file(&all, path, 64 << 20, &f->e) == 0)
			found |= memmem(all.p, all.n, text, strlen(text)) != NULL;
	}
	return found;
}

static void
DIV16_the_key_of_a_link_lies_in_no_file_of_the_catalogue(void **state)
{
	struct fixture *f = *state;
	struct download_ids ids = ready_download(f);
	struct outbox_mail m;
	char token[44];

	ended(f, ids.job);
	m = mail_of(f, ids.job);
	snprintf(token, sizeof token, "%s",
	    strstr(m.message, "https://backup.example.org/dl/") + 30);
	assert_int_equal(strlen(token), 43);
	assert_false(lies_in_catalogue(f, token));
	assert_false(lies_in_catalogue(f, "The download you asked for"));
	/* Control: what is kept in clear is found. */
	assert_true(lies_in_catalogue(f, "[shop/live] Download ready"));
}

static void
a_mail_that_the_key_does_not_open_is_given_up(void **state)
{
	struct fixture *f = *state;
	struct conf conf = conf_of(f);
	bool tried;

	queue(f, 1);
	fixture_do(f, "UPDATE outbox SET message=x'00112233'");
	OK(mail_send_next(&tried, f->db, &conf, &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM outbox WHERE state='failed'"), 1);
}

static void
T62_a_mail_waits_while_the_key_is_missing_or_open_to_all(void **state)
{
	struct fixture *f = *state;
	struct conf conf = conf_of(f);
	const char *aside = arena_printf(f->a, "%s/aside", f->folder);
	bool tried;

	queue(f, 1);
	assert_int_equal(rename(conf.secret_key, aside), 0);
	OK(mail_send_next(&tried, f->db, &conf, &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM outbox WHERE state='queued' AND"
	    " last_error LIKE '%does not exist: put it back from your copy%'"), 1);
	assert_int_equal(rename(aside, conf.secret_key), 0);
	assert_int_equal(chmod(conf.secret_key, 0644), 0);
	fixture_do(f, "UPDATE outbox SET next_at=0");
	OK(mail_send_next(&tried, f->db, &conf, &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM outbox WHERE state='queued' AND"
	    " last_error LIKE '%chmod 600%'"), 1);
	assert_int_equal(chmod(conf.secret_key, 0600), 0);
	fixture_do(f, "UPDATE outbox SET next_at=0");
	OK(mail_send_next(&tried, f->db, &conf, &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM outbox WHERE state='sent'"), 1);
}

static void
without_a_key_nothing_is_queued(void **state)
{
	struct fixture *f = *state;
	struct conf conf = conf_of(f);
	int64_t job = failed_backup(f, "no luck", 0);

	OK(settings_set(f->db, "seal_public_key", "", &f->e));
	REFUSED(ERR_INTERNAL, mail_job_ended(f->db, &conf, job, &f->e));
	assert_int_equal(count_mails(f), 0);
}

/* Each try would have left a living link that nobody knows. */
static void
a_mail_that_cannot_be_made_leaves_no_link(void **state)
{
	struct fixture *f = *state;
	struct conf conf = conf_of(f);
	struct download_ids ids = ready_download(f);
	char *key;

	OK(settings_get(&key, f->a, f->db, "seal_public_key", &f->e));
	OK(settings_set(f->db, "seal_public_key", "", &f->e));
	REFUSED(ERR_INTERNAL, mail_job_ended(f->db, &conf, ids.job, &f->e));
	conf.templates = "nowhere";
	assert_int_equal(mail_job_ended(f->db, &conf, ids.job, &f->e), -1);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM link"), 0);
	assert_int_equal(count_mails(f), 0);
	OK(settings_set(f->db, "seal_public_key", key, &f->e));
	ended(f, ids.job);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM link"), 1);
	assert_int_equal(count_mails(f), 1);
}

static void
a_download_that_was_revoked_meanwhile_mails_no_link(void **state)
{
	struct fixture *f = *state;
	struct download_ids ids = ready_download(f);

	OK(downloads_revoke(f->db, ids.download, &f->e));
	ended(f, ids.job);
	assert_int_equal(count_mails(f), 0);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM link"), 0);
}

static void
a_download_that_failed_mails_the_reason(void **state)
{
	struct fixture *f = *state;
	int64_t backup = fixture_ready(f), part = 1;
	struct download_ids ids;
	struct outbox_mail m;
	struct lease l;

	OK(downloads_request(&ids, f->db,
	    &(struct download_request){ { f->environment, f->admin, NULL, true }, backup, &part, 1,
	        FORMAT_ZIP, 3600000, 5, NULL },
	    &f->e));
	l = fixture_claim(f);
	OK(jobs_fail(f->db, &l,
	    &(struct err){ .kind = ERR_DAMAGED, .text = "the stored copy differs" }, &f->e));
	ended(f, ids.job);
	m = mail_of(f, ids.job);
	assert_string_equal(m.subject, "[shop/live] Download FAILED: the stored copy differs");
	says(&m, "The backup itself is untouched.");
	says(&m, "  the stored copy differs\r\n");
}

/* T48: the name of the instance is typed by a person. */
static void
T48_a_hostile_instance_name_adds_no_header(void **state)
{
	struct fixture *f = *state;
	struct outbox_mail m;
	char *text;

	OK(settings_set(f->db, "instance_name", "Shop\r\nBcc: evil@example.net\x01 \xff", &f->e));
	queue(f, 1);
	OK(outbox_next(&m, f->a, f->db, 0, &f->e));
	text = opened(f, &m);
	assert_null(strstr(text, "\nBcc:"));
	assert_int_equal(strncmp(text, "From: =?UTF-8?Q?Shop", 20), 0);
}

static void
a_missing_template_is_an_error_and_queues_nothing(void **state)
{
	struct fixture *f = *state;
	struct conf conf = conf_of(f);
	int64_t job = failed_backup(f, "no luck", 0);

	conf.templates = "/nonexistent";
	REFUSED(ERR_INTERNAL, mail_job_ended(f->db, &conf, job, &f->e));
	REFUSED(ERR_NOT_FOUND, mail_job_ended(f->db, &conf, 77, &f->e));
	assert_int_equal(count_mails(f), 0);
}

static void
a_test_mail_goes_out_at_once(void **state)
{
	struct fixture *f = *state;
	struct conf conf = conf_of(f);

	OK(mail_test(f->db, &conf, "ada@example.org", &f->e));
	assert_int_equal(count_mails(f), 0);
	run_and_wait((const char *[]){ "grep", "-rlq", "This is a test mail", conf.mail.folder,
	    NULL });
	run_and_wait((const char *[]){ "rm", "-r", conf.mail.folder, NULL });
	conf.mail.server = "smtp://localhost:1";
	REFUSED(ERR_BUSY, mail_test(f->db, &conf, "ada@example.org", &f->e));
	/* T48: a recipient who is more than an address gets nothing. */
	REFUSED(ERR_INPUT, mail_test(f->db, &conf, "a@b\r\nBcc: c@d", &f->e));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		MAIL_TEST(a_backup_that_is_done_mails_who_asked_once),
		MAIL_TEST(a_backup_nobody_wanted_a_mail_about_is_silent),
		MAIL_TEST(a_failed_backup_mails_reason_exit_code_and_five_lines),
		MAIL_TEST(a_failed_backup_of_nobody_mails_every_owner),
		MAIL_TEST(a_long_reason_is_cut_in_the_subject_between_characters),
		MAIL_TEST(nothing_is_due_about_what_runs_was_cancelled_or_is_a_check),
		MAIL_TEST(DIV16_a_ready_download_mails_one_link_per_item),
		MAIL_TEST(DIV16_the_key_of_a_link_lies_in_no_file_of_the_catalogue),
		MAIL_TEST(a_mail_that_the_key_does_not_open_is_given_up),
		MAIL_TEST(T62_a_mail_waits_while_the_key_is_missing_or_open_to_all),
		MAIL_TEST(without_a_key_nothing_is_queued),
		MAIL_TEST(a_mail_that_cannot_be_made_leaves_no_link),
		MAIL_TEST(a_download_that_was_revoked_meanwhile_mails_no_link),
		MAIL_TEST(a_download_that_failed_mails_the_reason),
		MAIL_TEST(T48_a_hostile_instance_name_adds_no_header),
		MAIL_TEST(a_missing_template_is_an_error_and_queues_nothing),
		MAIL_TEST(a_test_mail_goes_out_at_once),
	};

	return cmocka_run_group_tests_name("mail", tests, NULL, NULL);
}
