/* mail_restore_test.c: who hears of a restore, an undo and a test restore, and what is said. */
#include "tests/unit/mail_fixture.h"
#include "tests/unit/restoring.h"

static int64_t
newest_job(struct fixture *f)
{
	return fixture_number(f, "SELECT max(id) FROM job");
}

/* A restore that waits for nothing but its worker; gives its job. */
static int64_t
pending(struct fixture *f, const struct restoring *s, int64_t *restore)
{
	struct restore_draft form = restoring_form(f, s);
	struct restore_confirm button;
	int64_t job;

	*restore = restoring_looked(f, &form);
	button = restoring_button(f, s, *restore);
	OK(restores_confirm(&job, f->db, &button, &f->e));
	return job;
}

/* As the whole one, with its safety backup; gives the restore's job. */
static int64_t
done(struct fixture *f, const struct restoring *s, int64_t *restore)
{
	struct restore_draft form = restoring_form(f, s);

	*restore = restoring_done(f, s, &form);
	return restoring_row(f, *restore).job;
}

static void
watched_by(struct fixture *f, const char *watchers)
{
	OK(sql_run(NULL, f->db, "UPDATE environment SET watchers=?1 WHERE slug='staging'",
	    SQL_ARGS(sql_t(watchers)), &f->e));
}

static void
SET14_a_restore_mails_who_asked_and_every_watcher_of_the_target_once(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	int64_t restore, job;

	watched_by(f, "ops@example.org\r\nADMIN@example.org\nOps@example.org\nno address\n"
	    "team@example.net\n");
	fixture_do(f, "UPDATE environment SET watchers='live@example.org' WHERE slug='live'");
	job = done(f, &s, &restore);
	/* It mails whether or not the box for a mail was ticked. */
	fixture_do(f, "UPDATE job SET mail_when_done=0");
	ended(f, job);
	ended(f, job);
	assert_int_equal(count_mails(f), 3);
	assert_int_equal(fixture_number(f,
	    "SELECT count(DISTINCT recipient) FROM outbox WHERE recipient IN"
	    " ('admin@example.org', 'ops@example.org', 'team@example.net') AND kind='restore_done'"
	    " AND subject='Restored b1 into shop/staging'"), 3);
	/* One who was told is told no second time when the list has grown. */
	watched_by(f, "ops@example.org\nlate@example.org");
	ended(f, job);
	assert_int_equal(count_mails(f), 4);
}

/* SET-13, too: where it came from, where it went and what is kept. */
static void
SET14_the_mail_says_source_target_who_duration_and_what_is_kept(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	int64_t restore, job = done(f, &s, &restore);
	struct outbox_mail m;

	fixture_do(f, "UPDATE restore SET started_at=1764036000000, finished_at=1764036072000,"
	    " undo_until=4102444800000");
	fixture_do(f, "UPDATE job SET finished_at=1764036072000 WHERE kind='restore'");
	fixture_do(f, "UPDATE restore_part SET kept_bytes=61000000 WHERE id=1");
	ended(f, job);
	m = mail_of(f, job);
	assert_string_equal(m.recipient, "admin@example.org");
	says(&m, "Backup:       b1 of shop/live, made ");
	says(&m, "Target:       shop/staging\r\n");
	says(&m, "Restore:      r1 (replace)\r\n");
	says(&m, "Asked for by: admin@example.org\r\n");
	says(&m, "Took:         1 m 12 s\r\n");
	says(&m, "Safety:       b2, ");
	says(&m, "  database into database, 1.00 kB\r\n");
	says(&m, "  media into media, 1.00 kB, only what was chosen of it\r\n");
	says(&m, "It has warnings (3).");
	says(&m, "Kept for an undo until 1 Jan 2100, 00:00 UTC:\r\n  the old database (61.0 MB)\r\n"
	         "  the old media (70 B)\r\n");
	says(&m, "Undo:\r\n  https://backup.example.org/r/r1/undo\r\n");
	says(&m, "\r\n  https://backup.example.org/r/r1\r\n");
	says(&m, "You get this because admin@example.org asked for this");
}

static void
SET14_when_the_old_is_gone_the_mail_names_the_safety_backup_or_nothing(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	int64_t restore, job = done(f, &s, &restore);
	struct outbox_mail m;

	fixture_do(f, "UPDATE restore SET undo_until=1");
	ended(f, job);
	m = mail_of(f, job);
	says(&m, "an undo restores the safety backup.\r\nUndo:\r\n");
	assert_null(strstr(m.message, "the old database"));
	fixture_do(f, "DELETE FROM outbox");
	fixture_do(f, "UPDATE backup SET health='missing' WHERE kind='safety'");
	ended(f, job);
	m = mail_of(f, job);
	says(&m, "Nothing is kept for an undo.\r\n");
	assert_null(strstr(m.message, "/undo"));
}

static void
SET14_a_watcher_reads_why_the_mail_came(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	int64_t restore, job = done(f, &s, &restore);
	struct outbox_mail m;

	watched_by(f, "ops@example.org");
	/* A restore of the system's own has nobody who asked. */
	fixture_do(f, "UPDATE job SET requested_by=NULL");
	ended(f, job);
	assert_int_equal(count_mails(f), 1);
	m = mail_of(f, job);
	assert_string_equal(m.recipient, "ops@example.org");
	says(&m, "You get this because ops@example.org watches shop/staging");
}

static void
SET14_a_failed_restore_mails_the_error_and_that_the_target_is_as_it_was(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	int64_t restore, job = pending(f, &s, &restore);
	struct lease l = fixture_claim(f);
	struct outbox_mail m;

	watched_by(f, "ops@example.org");
	OK(restores_begin(f->db, &l, &f->e));
	OK(jobs_log(f->db, &l, "err", "pg_restore: error: no room", &f->e));
	OK(jobs_fail(f->db, &l,
	    &(struct err){ .kind = ERR_INTERNAL, .exit_code = 1, .text = "database: no room" },
	    &f->e));
	ended(f, job);
	ended(f, job);
	assert_int_equal(count_mails(f), 2);
	m = mail_of(f, job);
	assert_string_equal(m.kind, "restore_failed");
	assert_string_equal(m.subject, "Restore into shop/staging failed");
	says(&m, "A restore failed.\r\nThe target is as it was.\r\n");
	says(&m, "Reason:\r\n  database: no room\r\n");
	says(&m, "The tool ended with exit code 1.");
	says(&m, "  err | pg_restore: error: no room\r\n");
	says(&m, "https://backup.example.org/r/r1\r\n");
}

static void
SET14_a_failed_restore_never_says_as_it_was_of_parts_that_were_switched(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	int64_t restore, job = pending(f, &s, &restore);
	struct lease l = fixture_claim(f);
	struct outbox_mail m;

	OK(jobs_fail(f->db, &l, &(struct err){ .kind = ERR_INTERNAL, .text = "x" }, &f->e));
	fixture_do(f, "UPDATE restore_part SET state='swapped' WHERE id=1");
	fixture_do(f, "UPDATE restore_part SET state='swapping' WHERE id=2");
	ended(f, job);
	m = mail_of(f, job);
	says(&m, "Not surely what it was before: database, media.");
	assert_null(strstr(m.message, "as it was"));
}

static void
SET14_a_cancelled_restore_mails_too(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	int64_t restore, job = pending(f, &s, &restore);
	struct outbox_mail m;

	ended(f, job);
	assert_int_equal(count_mails(f), 0);
	OK(jobs_cancel(f->db, job, &f->e));
	ended(f, job);
	assert_int_equal(count_mails(f), 1);
	m = mail_of(f, job);
	assert_string_equal(m.subject, "Restore into shop/staging cancelled");
	says(&m, "A restore was cancelled.\r\nThe target is as it was.\r\n");
	assert_null(strstr(m.message, "Took:"));
}

/* NEW-2: an undo tells its own end, and keeps no promise of another one. */
static void
SET14_an_undo_mails_that_it_is_undone_or_why_not(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct job_request rq = { s.environment, f->admin, NULL, false };
	struct outbox_mail m;
	int64_t restore, job;
	struct lease l;

	done(f, &s, &restore);
	watched_by(f, "ops@example.org");
	OK(restores_undo(&job, f->db, &rq, restore, &f->e));
	l = fixture_claim(f);
	OK(jobs_fail(f->db, &l, &(struct err){ .kind = ERR_BUSY, .text = "in use" }, &f->e));
	ended(f, job);
	m = mail_of(f, job);
	assert_string_equal(m.subject, "Undo of r1 in shop/staging failed");
	says(&m, "The undo of a restore failed.\r\n");
	says(&m, "Undo again:\r\n  https://backup.example.org/r/r1/undo\r\n");
	assert_null(strstr(m.message, "The target is as it was"));
	OK(restores_undo(&job, f->db, &rq, restore, &f->e));
	l = fixture_claim(f);
	OK(restores_undone(f->db, &l, &f->e));
	ended(f, job);
	m = mail_of(f, job);
	assert_string_equal(m.subject, "Restore r1 into shop/staging undone");
	says(&m, "shop/staging has again what it had before.");
	assert_null(strstr(m.message, "Nothing is kept"));
	/* Two of each: who asked, and the watcher. */
	assert_int_equal(count_mails(f), 4);
	/* That of the restore itself may come late, and is not taken for the undo's. */
	job = restoring_row(f, restore).job;
	ended(f, job);
	m = mail_of(f, job);
	assert_string_equal(m.subject, "Restored b1 into shop/staging");
	says(&m, "Nothing is kept for an undo.\r\n");
}

/* NEW-2: by its own journal, an undo from the safety backup that ended in between. */
static void
SET14_an_undo_from_the_safety_backup_mails_what_it_may_have_changed(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct job_request rq = { s.environment, f->admin, NULL, false };
	struct outbox_mail m;
	int64_t restore, job;
	struct lease l;

	done(f, &s, &restore);
	OK(restores_undo(&job, f->db, &rq, restore, &f->e));
	l = fixture_claim(f);
	fixture_do(f, "UPDATE restore_part SET tag=tag||'u', state=iif(id=1, 'swapped', 'built')");
	OK(jobs_fail(f->db, &l, &(struct err){ .kind = ERR_BUSY, .text = "in use" }, &f->e));
	ended(f, job);
	m = mail_of(f, job);
	says(&m, "Not surely what it was before: database. ");
	assert_null(strstr(m.message, "stays as it is listed"));
}

static int64_t
tested(struct fixture *f, const struct restoring *s, const char *found)
{
	struct job_request rq = { f->environment, f->admin, NULL, false };
	struct lease l;
	int64_t job;

	OK(restores_test(&job, f->db, &rq, s->backup, &f->e));
	l = fixture_claim(f);
	assert_int_equal(l.job, job);
	if (found == NULL) {
		OK(jobs_fail(f->db, &l, &(struct err){ .kind = ERR_BUSY, .text = "no room" },
		    &f->e));
	} else {
		OK(restores_set_tested(f->db, s->backup, found, "database: 41 tables", &f->e));
		OK(jobs_succeed(f->db, &l, 0, &f->e));
	}
	ended(f, job);
	return job;
}

/* PEER-7: what was counted, and loudly when it differs. */
static void
SET14_a_test_restore_mails_its_result(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct outbox_mail m;

	m = mail_of(f, tested(f, &s, "equal"));
	assert_string_equal(m.subject, "[shop/live] Test restore of b1: equal");
	says(&m, "is equal to what was backed up");
	says(&m, "Result:\r\n  database: 41 tables\r\n");
	m = mail_of(f, tested(f, &s, "differs"));
	assert_string_equal(m.subject, "[shop/live] Test restore of b1: DIFFERS");
	says(&m, "DIFFERS from what was backed up");
	m = mail_of(f, tested(f, &s, NULL));
	assert_string_equal(m.subject, "[shop/live] Test restore of b1: failed");
	says(&m, "Reason:\r\n  no room\r\n");
	assert_int_equal(count_mails(f), 3);
}

static void
SET14_a_look_and_a_tidying_mail_nothing(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	int64_t restore, queued;
	struct lease l;

	watched_by(f, "ops@example.org");
	done(f, &s, &restore);
	ended(f, fixture_number(f, "SELECT max(id) FROM job WHERE kind='preview'"));
	fixture_do(f, "UPDATE restore SET undo_until=1");
	OK(restores_queue_tidy(&queued, f->db, &f->e));
	assert_int_equal(queued, 1);
	l = fixture_claim(f);
	OK(restores_tidied(f->db, &l, &f->e));
	ended(f, newest_job(f));
	assert_int_equal(count_mails(f), 0);
}

/* The mail comes later, by housekeeping; nothing of the restore is other than it was. */
static void
SET14_a_mail_that_cannot_be_queued_leaves_the_restore_done(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct conf conf = conf_of(f);
	int64_t restore, job = done(f, &s, &restore);

	conf.templates = "/nonexistent";
	REFUSED(ERR_INTERNAL, mail_job_ended(f->db, &conf, job, &f->e));
	assert_int_equal(count_mails(f), 0);
	assert_int_equal(restoring_row(f, restore).state, RESTORE_DONE);
	assert_int_equal(fixture_number(f,
	    "SELECT count(*) FROM job WHERE kind='restore' AND state='succeeded'"), 1);
	ended(f, job);
	assert_int_equal(count_mails(f), 1);
}

/* T48: watchers are typed by a person. */
static void
T48_a_hostile_watcher_adds_no_header_and_no_recipient(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	int64_t restore, job = done(f, &s, &restore);
	struct outbox_mail m;

	watched_by(f, "a@b>\x01,<evil@example.net\r\nBcc: \"x\" <x@example.net>\r\n%0d%0aCc:c@d\n");
	ended(f, job);
	assert_int_equal(fixture_number(f,
	    "SELECT count(*) FROM outbox WHERE recipient LIKE '%<%' OR recipient LIKE '%>%'"
	    " OR recipient LIKE '%\"%'"), 0);
	m = mail_of(f, job);
	assert_null(strstr(m.message, "\nBcc:"));
	assert_null(strstr(m.message, "\nCc:"));
	/* Control: who asked has the mail. */
	assert_int_equal(fixture_number(f,
	    "SELECT count(*) FROM outbox WHERE recipient='admin@example.org'"), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		MAIL_TEST(SET14_a_restore_mails_who_asked_and_every_watcher_of_the_target_once),
		MAIL_TEST(SET14_the_mail_says_source_target_who_duration_and_what_is_kept),
		MAIL_TEST(SET14_when_the_old_is_gone_the_mail_names_the_safety_backup_or_nothing),
		MAIL_TEST(SET14_a_watcher_reads_why_the_mail_came),
		MAIL_TEST(SET14_a_failed_restore_mails_the_error_and_that_the_target_is_as_it_was),
		MAIL_TEST(SET14_a_failed_restore_never_says_as_it_was_of_parts_that_were_switched),
		MAIL_TEST(SET14_a_cancelled_restore_mails_too),
		MAIL_TEST(SET14_an_undo_mails_that_it_is_undone_or_why_not),
		MAIL_TEST(SET14_an_undo_from_the_safety_backup_mails_what_it_may_have_changed),
		MAIL_TEST(SET14_a_test_restore_mails_its_result),
		MAIL_TEST(SET14_a_look_and_a_tidying_mail_nothing),
		MAIL_TEST(SET14_a_mail_that_cannot_be_queued_leaves_the_restore_done),
		MAIL_TEST(T48_a_hostile_watcher_adds_no_header_and_no_recipient),
	};

	return cmocka_run_group_tests_name("mails about restores", tests, NULL, NULL);
}
