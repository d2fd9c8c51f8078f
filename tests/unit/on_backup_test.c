/* on_backup_test.c: one backup: its page, and the small things done to it. */
#include "tests/unit/ask.h"

#include "cgi/handle/on_backup.h"
#include "cgi/handle/on_download_new.h"

#define PAGE .run = on_backup_get, .args = { "b1" }

static void
the_page_tells_items_sizes_who_checksums_and_how_to_restore(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp, plain;

	fixture_ready(f);
	ASK(200, &rp, PAGE);
	SAYS(&rp, "<h1>Backup b1</h1>");
	SAYS(&rp, "by admin@example.org");
	SAYS(&rp, "a note");
	SAYS(&rp, "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
	SAYS(&rp, "1.00 kB</span> → ");
	SAYS(&rp, "tool 1");
	SAYS(&rp, "Restore without this console");
	SAYS(&rp, "zstd -dc &#39;/srv/store/shop/live/");
	SAYS(&rp, "| tar -xpf - -C restored-media");
	SAYS(&rp, "restored-database.sqlite");
	SAYS(&rp, "  /srv/store/shop/live/");
	SAYS(&rp, "sha256sum -c");
	SAYS(&rp, "shop/live/b1-");
	SAYS(&rp, "<dt>Stays</dt><dd>Kept for 30 days, as it was taken on demand");
	ASK(200, &plain, .run = on_backup_get, .args = { "1" });
}

static void
the_page_shows_what_the_tools_wrote_on_stderr(void **state)
{
	struct fixture *f = *state;
	struct backup_ids ids = fixture_request(f, 0, NULL);
	struct lease l = fixture_claim(f);
	CLEANUP_REPLY struct reply rp;

	OK(jobs_log(f->db, &l, "err", "pg_dump: warning: <script>alert(1)</script>", &f->e));
	fixture_finish(f, &l, ids.backup);
	ASK(200, &rp, PAGE);
	SAYS(&rp, "class=\"is-err\"");
	SAYS(&rp, "pg_dump: warning: &lt;script&gt;alert(1)");
	SAYS_NOT(&rp, "<script>alert");
	SAYS(&rp, "href=\"/j/j1/log\"");
}

static void
a_ready_one_can_be_downloaded_verified_kept_and_deleted(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp;

	fixture_ready(f);
	ASK(200, &rp, PAGE);
	SAYS(&rp, "href=\"/b/b1/download\"");
	SAYS(&rp, "action=\"/b/b1/verify\"");
	SAYS(&rp, "action=\"/b/b1/keep\"");
	SAYS(&rp, "href=\"/b/b1/delete\"");
}

static void
what_is_still_being_created_is_left_alone(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply page, ask_delete, do_delete, keep, verify;

	fixture_request(f, 0, NULL);
	ASK(200, &page, PAGE);
	SAYS_NOT(&page, "/b/b1/download");
	SAYS_NOT(&page, "/b/b1/delete");
	SAYS_NOT(&page, "Restore without this console");
	ASK(409, &ask_delete, .run = on_backup_delete, .args = { "b1" });
	SAYS(&ask_delete, "b1 is still being created");
	ASK(409, &do_delete, .run = on_backup_delete, .args = { "b1" }, .post = true);
	ASK(409, &keep, .run = on_backup_keep, .args = { "b1" }, .post = true);
	ASK(409, &verify, .run = on_backup_verify, .args = { "b1" }, .post = true);
	SAYS(&verify, "b1 is still being created");
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job"), 1);
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM backup WHERE state = 'building' AND keep = 0"),
	    1);
}

static void
the_note_can_be_changed_later(void **state)
{
	struct fixture *f = *state;
	char note[502];
	CLEANUP_REPLY struct reply form, bad, good;

	memset(note, 'x', 501);
	note[501] = '\0';
	fixture_ready(f);
	ASK(200, &form, .run = on_backup_note, .args = { "b1" });
	SAYS(&form, ">a note</textarea>");
	ASK(422, &bad, .run = on_backup_note, .args = { "b1" }, .form = { { "note", note } });
	SAYS(&bad, "the limit is 500");
	SAYS(&bad, note);
	ASK(303, &good, .run = on_backup_note, .args = { "b1" },
	    .form = { { "note", "two\nlines" } });
	HEADER(&good, "Location: /b/b1?said=note\r\n");
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM backup WHERE note = 'two' || char(10) || "
	                     "'lines'"),
	    1);
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM event WHERE action = 'backup.note' AND target = "
	                     "'b1'"),
	    1);
}

static void
keep_protects_until_it_is_taken_away(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply keep, page, refused, unkeep;

	fixture_ready(f);
	ASK(303, &keep, .run = on_backup_keep, .args = { "b1" }, .form = { { "keep", "1" } });
	ASK(200, &page, PAGE);
	SAYS(&page, "Kept: it cannot be deleted");
	SAYS_NOT(&page, "href=\"/b/b1/delete\"");
	ASK(409, &refused, .run = on_backup_delete, .args = { "b1" }, .post = true);
	ASK(303, &unkeep, .run = on_backup_keep, .args = { "b1" }, .form = { { "keep", "0" } });
	assert_int_equal(fixture_number(f, "SELECT keep FROM backup"), 0);
}

static void
deleting_asks_moves_to_the_trash_and_can_be_undone(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply asked, done, page, back;

	fixture_ready(f);
	ASK(200, &asked, .run = on_backup_delete, .args = { "b1" });
	SAYS(&asked, "Delete backup b1</button>");
	SAYS(&asked, "Keep it</a>");
	SAYS(&asked, "newest good backup of shop/live");
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM backup WHERE state = 'ready'"), 1);
	ASK(303, &done, .run = on_backup_delete, .args = { "b1" }, .post = true);
	ASK(200, &page, PAGE);
	SAYS(&page, "deleted for good after");
	SAYS(&page, "Put back</button>");
	ASK(303, &back, .run = on_backup_undelete, .args = { "b1" }, .post = true);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM backup WHERE state = 'ready'"), 1);
}

static void
verify_makes_one_job_per_form(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply a, b, page;

	fixture_ready(f);
	ASK(303, &a, .run = on_backup_verify, .args = { "b1" }, .form = { { "key", "v" } });
	HEADER(&a, "Location: /j/j2\r\n");
	ASK(303, &b, .run = on_backup_verify, .args = { "b1" }, .form = { { "key", "v" } });
	HEADER(&b, "Location: /j/j2\r\n");
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job WHERE kind = 'verify'"), 1);
	ASK(200, &page, PAGE);
	SAYS(&page, "Verify <a href=\"/j/j2\">j2</a> is at work");
}

static void
damage_found_by_a_verification_is_told(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp;

	OK(backups_set_health(f->db, fixture_ready(f), HEALTH_DAMAGED, &f->e));
	ASK(200, &rp, PAGE);
	SAYS(&rp, "Damaged");
	SAYS(&rp, "is-bad");
}

static void
a_failed_one_shows_cause_and_exit_code_and_can_be_tried_again(void **state)
{
	struct fixture *f = *state;
	struct lease l;
	struct err why = { .kind = ERR_INTERNAL,
		.exit_code = 3,
		.text = "the tool gave up <b>here</b>" };
	CLEANUP_REPLY struct reply rp;

	fixture_request(f, 0, NULL);
	l = fixture_claim(f);
	OK(jobs_fail(f->db, &l, &why, &f->e));
	ASK(200, &rp, PAGE);
	SAYS(&rp, "the tool gave up &lt;b&gt;here&lt;/b&gt;");
	SAYS(&rp, "Exit code 3.");
	SAYS(&rp, "action=\"/j/j1/retry\"");
	SAYS_NOT(&rp, "/b/b1/download");
}

static void
what_is_not_there_is_404(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply a, b, c;

	ASK(404, &a, .run = on_backup_get, .args = { "b99" });
	ASK(404, &b, .run = on_backup_get, .args = { "j1" });
	ASK(404, &c, .run = on_backup_keep, .args = { "b0" }, .post = true);
}

static void
PEER_23_a_suspicious_one_says_why_and_who_may_delete_says_that_it_is_fine(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply page, mine, said, again;

	fixture_ready(f);
	fixture_do(f, "UPDATE backup SET suspicion='media: no files where the last one had 3'");
	ASK(200, &page, PAGE);
	SAYS(&page, "Ready, but suspicious");
	SAYS(&page, "media: no files where the last one had 3.");
	SAYS(&page, "action=\"/b/b1/trust\"");
	ASK(200, &mine, PAGE, .operator = true);
	SAYS(&mine, "media: no files where the last one had 3.");
	SAYS_NOT(&mine, "/b/b1/trust");
	ASK(303, &said, .run = on_backup_trust, .args = { "b1" }, .post = true);
	HEADER(&said, "Location: /b/b1?said=trusted\r\n");
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM backup WHERE suspicion='' AND trusted_at>0"), 1);
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM event WHERE action='backup.trusted' AND"
	                     " target='b1' AND detail LIKE 'media:%'"), 1);
	ASK(409, &again, .run = on_backup_trust, .args = { "b1" }, .post = true);
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM event WHERE action='backup.trusted'"), 1);
}

static void
PLA_3_where_downloads_are_forbidden_none_is_offered(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply before, after, form;

	fixture_ready(f);
	ASK(200, &before, PAGE);
	SAYS(&before, "Prepare download");
	fixture_do(f, "INSERT INTO policy (level, owner, key, value, set_at) VALUES ('instance', 0,"
	              " 'downloads', 'forbidden', 1)");
	ASK(200, &after, PAGE);
	SAYS_NOT(&after, "Prepare download");
	ASK(403, &form, .run = on_download_new_form, .args = { "b1" });
	SAYS(&form, "forbidden by a policy of the instance");
}

static void
NEW_7_the_page_tells_how_soon_it_is_back_and_how_old_it_may_be(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply before, after;

	fixture_ready(f);
	ASK(200, &before, PAGE);
	SAYS_NOT(&before, "Back in about");
	SAYS_NOT(&before, "wished");
	fixture_do(f, "INSERT INTO job (uuid, kind, state, environment, backup, run_at, created_at,"
	              " started_at, finished_at) VALUES ('t1', 'test', 'succeeded', 1, 1, 1, 1,"
	              " 1000000, 1840000), ('t2', 'test', 'succeeded', 1, 1, 1, 1, 2000000,"
	              " 2720000)");
	fixture_do(f, "INSERT INTO policy (level, owner, key, value, set_at) VALUES ('instance', 0,"
	              " 'rpo-hours', '24', 1)");
	ASK(200, &after, PAGE);
	SAYS(&after, "Back in about 14 minutes; the last two took 12 to 14.");
	SAYS(&after, "The newest good backup is 0 h old; at most 24 h are wished.");
}

/* The control of each is the one before it: it has other words. */
static void
PLA_8_PLA_10_the_page_tells_live_and_how_long_it_was_frozen(void **state)
{
	static const struct {
		const char *values, *says, *lacks;
	} cases[] = {
		{ "mode = 'live'", "<dt>Mode</dt><dd>Live: the application went on meanwhile</dd>",
		    "paused for" },
		{ "kind = 'scheduled'", "<dt>Mode</dt><dd>Live: the application went", "paused" },
		{ "mode = 'consistent', frozen_ms = 24000", "<dt>Mode</dt><dd>Consistent: the"
		    " application was paused for 24 s</dd>", "Live" },
		{ "frozen_ms = 0", "<dt>Mode</dt><dd>Consistent</dd>", "paused for" },
		{ "mode = 'live', frozen_ms = 60000", "<dt>Mode</dt><dd>Live: the application was"
		    " let go after 1 m 00 s, before all was read</dd>", "went on meanwhile" },
	};
	struct fixture *f = *state;

	fixture_ready(f);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		CLEANUP_REPLY struct reply rp;

		fixture_do(f, arena_printf(f->a, "UPDATE backup SET %s", cases[i].values));
		ASK(200, &rp, PAGE);
		SAYS(&rp, cases[i].says);
		SAYS_NOT(&rp, cases[i].lacks);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(
		    PEER_23_a_suspicious_one_says_why_and_who_may_delete_says_that_it_is_fine),
		FIXTURE_TEST(PLA_3_where_downloads_are_forbidden_none_is_offered),
		FIXTURE_TEST(PLA_8_PLA_10_the_page_tells_live_and_how_long_it_was_frozen),
		FIXTURE_TEST(NEW_7_the_page_tells_how_soon_it_is_back_and_how_old_it_may_be),
		ROW_TEST("DIV-8", the_page_tells_items_sizes_who_checksums_and_how_to_restore),
		ROW_TEST("CYC-14", the_page_shows_what_the_tools_wrote_on_stderr),
		ROW_TEST("SET-3", a_ready_one_can_be_downloaded_verified_kept_and_deleted),
		ROW_TEST("SET-4", what_is_still_being_created_is_left_alone),
		ROW_TEST("DIV-7", the_note_can_be_changed_later),
		ROW_TEST("DIV-10", keep_protects_until_it_is_taken_away),
		ROW_TEST("DIV-10", deleting_asks_moves_to_the_trash_and_can_be_undone),
		ROW_TEST("DIV-10", verify_makes_one_job_per_form),
		FIXTURE_TEST(damage_found_by_a_verification_is_told),
		FIXTURE_TEST(a_failed_one_shows_cause_and_exit_code_and_can_be_tried_again),
		FIXTURE_TEST(what_is_not_there_is_404),
	};

	return cmocka_run_group_tests_name("on_backup", tests, NULL, NULL);
}
