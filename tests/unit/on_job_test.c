/* on_job_test.c: watching jobs, stopping them, asking for them again. */
#include "tests/unit/ask.h"

#include "cgi/handle/on_job.h"
#include "cgi/page/show_job.h"
#include "lib/store/downloads.h"
#include "lib/store/outbox.h"
#include "lib/store/settings.h"

#define PAGE .run = on_job_get, .args = { "j1" }
#define FRAGMENT .run = on_job_fragment, .args = { "j1" }

static struct lease
running(struct fixture *f)
{
	fixture_request(f, 0, NULL);
	return fixture_claim(f);
}

static void
a_running_job_shows_phase_and_bytes_and_refreshes_itself(void **state)
{
	struct fixture *f = *state;
	struct lease l = running(f);
	struct job_progress progress = { "database: dumping <b>", 25000000, 60000000 };
	CLEANUP_REPLY struct reply rp;

	OK(jobs_progress(f->db, &l, &progress, &f->e));
	ASK(200, &rp, PAGE);
	SAYS(&rp, "database: dumping &lt;b&gt;");
	SAYS(&rp, "Running 41 %");
	SAYS(&rp, "max=\"100\" value=\"41\"");
	SAYS(&rp, "25.0 MB</span> of about");
	SAYS(&rp, "data-poll=\"/j/j1/fragment\"");
	SAYS(&rp, "<noscript><meta http-equiv=\"refresh\" content=\"10\"></noscript>");
	SAYS(&rp, "You can close this page; the job continues. We will mail you");
	SAYS(&rp, "action=\"/j/j1/cancel\"");
}

static void
the_fragment_is_304_until_something_changes(void **state)
{
	struct fixture *f = *state;
	struct lease l = running(f);
	struct job_progress progress = { "database: dumping", 1, 2 };
	CLEANUP_REPLY struct reply first, same, later, ended;
	char tag[64];

	ASK(200, &first, FRAGMENT);
	SAYS_NOT(&first, "<html");
	assert_int_equal(sscanf(strstr(first.headers.p, "ETag: "), "ETag: %63s", tag), 1);
	ASK(304, &same, FRAGMENT, .none_match = tag);
	OK(jobs_progress(f->db, &l, &progress, &f->e));
	ASK(200, &later, FRAGMENT, .none_match = tag);
	SAYS(&later, "data-poll");
	fixture_finish(f, &l, 1);
	ASK(200, &ended, FRAGMENT);
	SAYS_NOT(&ended, "data-poll");
	SAYS(&ended, "To backup b1");
}

static void
speed_and_time_left_wait_for_ten_seconds_and_five_percent(void **state)
{
	static const struct { int64_t took, done; bool speed, left;
	} cases[] = {
		{ 500, 100, false, false },
		{ 5000, 50, true, false },
		{ 20000, 4, true, false },
		{ 20000, 50, true, true },
		{ 20000, 100, true, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct job job = { .state = JOB_RUNNING,
			.phase = "",
			.started_at = 1000,
			.bytes_total = 100,
			.progress_at = 1000 + cases[i].took,
			.bytes_done = cases[i].done };
		CLEANUP_TREE struct tree *t = tree_new();

		show_job_progress(tree_root(t), &job, 30000);
		assert_int_equal(node_get(tree_root(t), "progress.speed") != NULL, cases[i].speed);
		assert_int_equal(node_get(tree_root(t), "progress.left") != NULL, cases[i].left);
	}
}

static void
more_than_the_estimate_shows_no_percent(void **state)
{
	struct job job = { .state = JOB_RUNNING,
		.phase = "x",
		.started_at = 1000,
		.bytes_total = 100,
		.bytes_done = 101,
		.progress_at = 2000 };
	CLEANUP_TREE struct tree *t = tree_new();

	(void)state;
	show_job_progress(tree_root(t), &job, 3000);
	assert_null(node_get(tree_root(t), "progress.percent"));
	assert_string_equal(node_get(tree_root(t), "progress.done.text"), "101 B");
}

static void
stderr_is_shown_as_text_and_whole_as_plain_text(void **state)
{
	struct fixture *f = *state;
	struct lease l = running(f);
	CLEANUP_REPLY struct reply page, log;

	for (int i = 1; i <= 205; i++)
		OK(jobs_log(f->db, &l, "err",
		    arena_printf(f->a, "line %d <script>alert(1)</script>", i), &f->e));
	ASK(200, &page, PAGE);
	SAYS(&page, "line 205 &lt;script&gt;");
	SAYS_NOT(&page, "line 5 ");
	SAYS_NOT(&page, "<script>alert");
	SAYS(&page, "The last 200 lines.");
	ASK(200, &log, .run = on_job_log, .args = { "j1" });
	assert_memory_equal(log.content_type, "text/plain", 10);
	SAYS(&log, "err  line 1 <script>alert(1)</script>\n");
}

static void
a_failure_comes_first_with_its_last_lines(void **state)
{
	struct fixture *f = *state;
	struct lease l = running(f);
	struct err why = { .kind = ERR_INTERNAL, .exit_code = 3, .text = "pg_dump gave up" };
	CLEANUP_REPLY struct reply rp;

	for (int i = 1; i <= 7; i++)
		OK(jobs_log(f->db, &l, "err", arena_printf(f->a, "last %d", i), &f->e));
	OK(jobs_fail(f->db, &l, &why, &f->e));
	ASK(200, &rp, PAGE);
	SAYS(&rp, "<strong>pg_dump gave up</strong> Exit code 3.");
	SAYS(&rp, "<pre>last 3\nlast 4\nlast 5\nlast 6\nlast 7\n</pre>");
	SAYS(&rp, "earlier backups are untouched");
	SAYS(&rp, "Try again</button>");
	SAYS_NOT(&rp, "data-poll");
}

static void
a_queued_job_is_cancelled_at_once_and_an_ended_one_is_409(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply cancel, page, again;

	fixture_request(f, 0, NULL);
	ASK(303, &cancel, .run = on_job_cancel, .args = { "j1" }, .post = true);
	HEADER(&cancel, "Location: /j/j1?said=cancelled\r\n");
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job WHERE state = 'cancelled'"),
	    1);
	ASK(200, &page, PAGE);
	SAYS(&page, "It was cancelled.");
	ASK(409, &again, .run = on_job_cancel, .args = { "j1" }, .post = true);
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM event WHERE action = 'job.cancelled'"),
	    1);
}

static void
a_running_job_says_that_it_was_asked_to_stop(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply cancel, page;

	running(f);
	ASK(303, &cancel, .run = on_job_cancel, .args = { "j1" }, .post = true);
	ASK(200, &page, PAGE);
	SAYS(&page, "Cancelling");
	SAYS(&page, "asked to stop");
	SAYS_NOT(&page, "action=\"/j/j1/cancel\"");
}

static void
retry_makes_a_new_job_for_the_same(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply early, backup, twice, verify, check;
	struct job_request jr = { .environment = f->environment };
	struct lease l;
	int64_t id;

	fixture_request(f, f->media, NULL);
	ASK(409, &early, .run = on_job_retry, .args = { "j1" }, .post = true);
	OK(jobs_cancel(f->db, 1, &f->e));
	ASK(303, &backup, .run = on_job_retry, .args = { "j1" }, .form = { { "key", "r" } });
	HEADER(&backup, "Location: /j/j2?said=retried\r\n");
	ASK(303, &twice, .run = on_job_retry, .args = { "j1" }, .form = { { "key", "r" } });
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM part WHERE backup = 2 AND service_slug = "
	                     "'media'"),
	    1);
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM backup WHERE id = 2 AND note = 'a note'"),
	    1);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job"), 2);
	l = fixture_claim(f);
	fixture_finish(f, &l, 2);

	OK(jobs_add_verify(&id, f->db, &jr, 2, &f->e));
	OK(jobs_cancel(f->db, id, &f->e));
	ASK(303, &verify, .run = on_job_retry, .args = { "j3" }, .post = true);
	OK(jobs_add_check(&id, f->db, &jr, f->media, &f->e));
	OK(jobs_cancel(f->db, id, &f->e));
	ASK(303, &check, .run = on_job_retry, .args = { "j5" }, .post = true);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job WHERE kind = 'verify'"), 2);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job WHERE kind = 'check'"), 2);
}

static void
a_download_is_retried_with_the_same_content(void **state)
{
	struct fixture *f = *state;
	int64_t part = 2;
	struct download_request dr = { .job = { .environment = f->environment },
		.parts = &part,
		.part_count = 1,
		.format = FORMAT_ZIP,
		.valid_ms = 1000,
		.max_uses = 3 };
	struct download_ids ids;
	CLEANUP_REPLY struct reply rp;

	dr.backup = fixture_ready(f);
	OK(downloads_request(&ids, f->db, &dr, &f->e));
	OK(jobs_cancel(f->db, ids.job, &f->e));
	ASK(303, &rp, .run = on_job_retry, .args = { "j2" }, .post = true);
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM download WHERE format = 'zip' AND max_uses = 3"),
	    2);
	assert_int_equal(fixture_number(f, "SELECT part FROM download_file WHERE download = 2"), 2);
}

static void
a_silent_worker_is_told_in_red(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply never, fresh, silent;

	fixture_request(f, 0, NULL);
	ASK(200, &never, PAGE);
	SAYS(&never, "The worker has never reported; queued jobs wait.");
	SAYS(&never, "<a href=\"/help/worker\">How to fix</a>");
	OK(settings_worker_beat(f->db, "w1", &f->e));
	ASK(200, &fresh, PAGE);
	SAYS_NOT(&fresh, "worker has");
	fixture_do(f, "UPDATE worker SET seen_at = seen_at - 240000");
	ASK(200, &silent, .run = on_job_list);
	SAYS(&silent, "The worker has not reported for 4 m 0");
}

static void
an_unsent_mail_fails_no_job_and_is_told(void **state)
{
	struct fixture *f = *state;
	struct outbox_mail m = { .job = 1,
		.message_id = "x@y",
		.kind = "backup_ready",
		.recipient = "admin@example.org",
		.subject = "Ready",
		.message = "m",
		.message_size = 1 },
	                   next;
	CLEANUP_REPLY struct reply rp;

	fixture_ready(f);
	OK(outbox_add(f->db, &m, &f->e));
	OK(outbox_next(&next, f->a, f->db, 0, &f->e));
	OK(outbox_not_sent(f->db, next.id, "connection refused", 0, &f->e));
	ASK(200, &rp, PAGE);
	SAYS(&rp, "Unsent, will be tried again");
	SAYS(&rp, "connection refused");
	SAYS(&rp, "Done, with warnings");
}

static void
the_list_says_why_a_job_waits(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply empty, rp, unknown;

	ASK(200, &empty, .run = on_job_list);
	SAYS(&empty, "No jobs");
	running(f);
	fixture_request(f, f->media, NULL);
	ASK(200, &rp, .run = on_job_list);
	SAYS(&rp, "href=\"/j/j2\"");
	SAYS(&rp, "waits for j1");
	ASK(404, &unknown, .run = on_job_get, .args = { "j77" });
}

static void
the_list_has_fifty_rows_a_page(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply first, second;

	for (int i = 0; i < 52; i++)
		fixture_request(f, f->media, NULL);
	ASK(200, &first, .run = on_job_list);
	SAYS(&first, "href=\"/jobs?after=3\"");
	SAYS_NOT(&first, "href=\"/j/j2\"");
	ASK(200, &second, .run = on_job_list, .query = { { "after", "3" } });
	SAYS(&second, "href=\"/j/j2\"");
	SAYS(&second, "rel=\"prev\"");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST("CYC-14", stderr_is_shown_as_text_and_whole_as_plain_text),
		FIXTURE_TEST(a_running_job_shows_phase_and_bytes_and_refreshes_itself),
		FIXTURE_TEST(the_fragment_is_304_until_something_changes),
		cmocka_unit_test(speed_and_time_left_wait_for_ten_seconds_and_five_percent),
		cmocka_unit_test(more_than_the_estimate_shows_no_percent),
		FIXTURE_TEST(a_failure_comes_first_with_its_last_lines),
		FIXTURE_TEST(a_queued_job_is_cancelled_at_once_and_an_ended_one_is_409),
		FIXTURE_TEST(a_running_job_says_that_it_was_asked_to_stop),
		FIXTURE_TEST(retry_makes_a_new_job_for_the_same),
		FIXTURE_TEST(a_download_is_retried_with_the_same_content),
		FIXTURE_TEST(a_silent_worker_is_told_in_red),
		FIXTURE_TEST(an_unsent_mail_fails_no_job_and_is_told),
		ROW_TEST("DIV-4", the_list_says_why_a_job_waits),
		FIXTURE_TEST(the_list_has_fifty_rows_a_page),
	};

	return cmocka_run_group_tests_name("on_job", tests, NULL, NULL);
}
