/* on_storage_test.c: the pages of the storages, and asking for a look through one. */
#include "tests/unit/ask.h"

#include "cgi/handle/on_job.h"
#include "cgi/handle/on_storage.h"
#include "lib/store/settings.h"

#define PAGE .run = on_storage_get, .args = { "main" }

static void
CYC_21_the_page_shows_what_was_found_worst_first(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply before, after, list, none;

	fixture_ready(f);
	ASK(200, &before, PAGE);
	SAYS(&before, "Not looked through yet");
	SAYS(&before, "Nobody has looked yet.");
	SAYS(&before, "<code>/srv/store</code>");
	fixture_do(f, "UPDATE storage SET checked_at=1795226400000, objects=1234,"
	              " object_bytes=5000, free_bytes=7000000");
	fixture_do(f, "INSERT INTO finding VALUES"
	              " (1, 'a/<b>', 'unknown', '5 B that nothing names (import?)', NULL, 1),"
	              " (1, 'shop/live/media/x', 'missing', 'it is gone', 1, 1)");
	ASK(200, &after, PAGE);
	SAYS(&after, "Something is missing");
	SAYS(&after, "1\u202f234");
	SAYS(&after, "a/&lt;b&gt;");
	SAYS(&after, "<a href=\"/b/b1\">b1</a>");
	assert_true(
	    strstr(after.body.p, "shop/live/media/x") < strstr(after.body.p, "a/&lt;b&gt;"));
	ASK(200, &list, .run = on_storage_list);
	SAYS(&list, "<a href=\"/storage/main\">main</a>");
	SAYS(&list, "Something is missing");
	ASK(404, &none, .run = on_storage_get, .args = { "other" });
	fixture_do(f, "DELETE FROM finding");
	CLEANUP_REPLY struct reply clean;
	ASK(200, &clean, PAGE);
	SAYS(&clean, "All there");
	SAYS(&clean, "Nothing: every object of every backup is there");
}

static void
CYC_21_a_look_is_asked_for_once_and_leaves_a_line_in_the_trail(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply none, once, twice, page;

	ASK(409, &none, .run = on_storage_check, .args = { "main" }, .post = true);
	SAYS(&none, "here is no backup in this storage yet");
	fixture_ready(f);
	ASK(303, &once, .run = on_storage_check, .args = { "main" }, .post = true);
	HEADER(&once, "Location: /storage/main?said=searching\r\n");
	ASK(303, &twice, .run = on_storage_check, .args = { "main" }, .post = true);
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM job WHERE kind='reconcile' AND storage=1"), 1);
	assert_true(fixture_number(f, "SELECT count(*) FROM event WHERE action='storage.checked'"
	                              " AND target='main'") >= 1);
	ASK(200, &page, PAGE);
	SAYS(&page, "It is being looked through by");
	SAYS_NOT(&page, "Check now");
}

static void
CYC_2_a_test_is_asked_for_once_and_its_end_shows(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply before, once, twice, busy, done, later, failed, missing;
	struct lease l;
	struct err why;

	ASK(200, &before, PAGE);
	SAYS(&before, "Never. A test writes a small object");
	SAYS(&before, "action=\"/storage/main/test\"");
	ASK(303, &once, .run = on_storage_test, .args = { "main" }, .post = true);
	HEADER(&once, "Location: /storage/main?said=testing\r\n");
	ASK(303, &twice, .run = on_storage_test, .args = { "main" }, .post = true);
	assert_int_equal(fixture_number(f,
	    "SELECT count(*) FROM job WHERE kind='check' AND storage=1 AND service IS NULL"), 1);
	assert_true(fixture_number(f, "SELECT count(*) FROM event WHERE action='storage.tested'"
	                              " AND target='main'") >= 1);
	ASK(200, &busy, PAGE);
	SAYS(&busy, "Queued</span> <a href=\"/j/j1\">j1</a>");
	SAYS_NOT(&busy, "action=\"/storage/main/test\"");
	/* A look through it is another thing. */
	SAYS_NOT(&busy, "It is being looked through by");
	l = fixture_claim(f);
	OK(jobs_succeed(f->db, &l, 0, &f->e));
	ASK(200, &done, PAGE);
	SAYS(&done, "Done</span> <a href=\"/j/j1\">j1</a>");
	ASK(303, &later, .run = on_storage_test, .args = { "main" }, .post = true);
	l = fixture_claim(f);
	err_set(&why, ERR_DAMAGED, "storage main: what is read is <not> what was written");
	OK(jobs_fail(f->db, &l, &why, &f->e));
	ASK(200, &failed, PAGE);
	SAYS(&failed, "The last test failed.</strong> storage main: what is read is &lt;not&gt;");
	ASK(404, &missing, .run = on_storage_test, .args = { "other" }, .post = true);
}

static void
CYC_2_a_test_needs_an_environment_to_belong_to(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp;

	fixture_do(f, "DELETE FROM service");
	fixture_do(f, "DELETE FROM environment");
	ASK(409, &rp, .run = on_storage_test, .args = { "main" }, .post = true);
	SAYS(&rp, "There is no environment yet");
}

/* Its job page repeats it, and not the test of a service. */
static void
CYC_2_a_failed_test_can_be_repeated_from_its_job(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply once, again, page;
	struct lease l;
	struct err why;

	ASK(303, &once, .run = on_storage_test, .args = { "main" }, .post = true);
	l = fixture_claim(f);
	err_set(&why, ERR_BUSY, "away");
	OK(jobs_fail(f->db, &l, &why, &f->e));
	ASK(200, &page, .run = on_job_get, .args = { "j1" });
	SAYS(&page, "Connection test");
	ASK(303, &again, .run = on_job_retry, .args = { "j1" }, .post = true);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job WHERE kind='check' AND"
	    " storage=1 AND service IS NULL AND state='queued'"), 1);
}

static void
PEER_16_an_administrator_switches_encryption_once_there_are_keys(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply none, keyless, on, again, with, off, without;

	ASK(409, &none, .run = on_storage_encrypt, .args = { "main" }, .post = true);
	SAYS(&none, "lazarette admin keys");
	ASK(200, &keyless, PAGE);
	SAYS(&keyless, "There are no keys yet");
	OK(settings_set(f->db, "age_recipient", "age1ours", &f->e));
	OK(settings_set(f->db, "age_recovery", "age1recovery", &f->e));
	ASK(303, &on, .run = on_storage_encrypt, .args = { "main" }, .post = true);
	HEADER(&on, "Location: /storage/main?said=encrypted\r\n");
	ASK(303, &again, .run = on_storage_encrypt, .args = { "main" }, .post = true);
	assert_int_equal(fixture_number(f, "SELECT encrypted FROM storage"), 1);
	assert_int_equal(fixture_number(f,
	    "SELECT count(*) FROM event WHERE action='storage.encrypted'"), 1);
	ASK(200, &with, PAGE);
	SAYS(&with, "opens with the secret key of <code>age1ours</code>");
	ASK(303, &off, .run = on_storage_plain, .args = { "main" }, .post = true);
	ASK(200, &without, PAGE);
	SAYS(&without, "whoever can read this storage can read");
	SAYS(&without, "<code>age1recovery</code>");
	assert_int_equal(fixture_number(f, "SELECT encrypted FROM storage"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(CYC_21_the_page_shows_what_was_found_worst_first),
		FIXTURE_TEST(CYC_2_a_test_is_asked_for_once_and_its_end_shows),
		FIXTURE_TEST(CYC_2_a_test_needs_an_environment_to_belong_to),
		FIXTURE_TEST(CYC_2_a_failed_test_can_be_repeated_from_its_job),
		FIXTURE_TEST(PEER_16_an_administrator_switches_encryption_once_there_are_keys),
		FIXTURE_TEST(CYC_21_a_look_is_asked_for_once_and_leaves_a_line_in_the_trail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
