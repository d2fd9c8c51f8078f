/* on_download_test.c: asking for downloads, their life, and the files for people who are signed in.
 */
#include "tests/unit/ask.h"

#include "cgi/handle/on_download.h"
#include "cgi/handle/on_download_new.h"
#include "lib/store/downloads.h"
#include "lib/store/outbox.h"

#define CREATE .run = on_download_new_create, .args = { "b1" }, .post = true
#define PAGE .run = on_download_get, .args = { "d1" }

/* The files of a download ready, as the worker does it. */
static void
prepare(struct fixture *f, int64_t download)
{
	struct lease l = fixture_claim(f);
	struct download_file *files;
	size_t n;

	OK(downloads_files(&files, &n, f->a, f->db, download, &f->e));
	for (size_t i = 0; i < n; i++) {
		struct download_file file = files[i];

		file.path = arena_printf(f->a, "d%lld/%s", (long long)download, file.name);
		file.bytes = 2000;
		file.sha256 = "aa112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
		OK(downloads_file_ready(f->db, &l, &file, &f->e));
	}
	OK(downloads_finish(f->db, &l, &f->e));
}

static void
ready_download(struct fixture *f)
{
	CLEANUP_REPLY struct reply rp;

	fixture_ready(f);
	ASK(303, &rp, CREATE,
	    .form = { { "parts", "1" }, { "parts", "2" }, { "format", "tar.gz" }, { "key", "d" } });
	prepare(f, 1);
}

static void
the_form_offers_contents_and_formats(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp;

	fixture_ready(f);
	ASK(200, &rp, .run = on_download_new_form, .args = { "b1" });
	SAYS(&rp, "name=\"parts\" value=\"1\" checked");
	SAYS(&rp, "name=\"parts\" value=\"2\" checked");
	SAYS(&rp, "<option value=\"tar.zst\" selected>");
	SAYS(&rp, "<option value=\"zip\">");
	SAYS(&rp, "<option value=\"24\" selected>");
	SAYS(&rp, "mailed to admin@example.org");
}

static void
it_makes_an_object_of_its_own_and_no_backup(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp, page, list;

	fixture_ready(f);
	ASK(303, &rp, CREATE,
	    .form = { { "parts", "2" }, { "format", "zip" }, { "valid", "4" }, { "uses", "2" } });
	HEADER(&rp, "Location: /d/d1\r\n");
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM backup"), 1);
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM download WHERE format = 'zip' AND max_uses = 2"
	                     " AND valid_ms = 14400000"),
	    1);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM download_file"), 1);
	ASK(200, &page, PAGE);
	SAYS(&page, "Preparing");
	SAYS(&page, "data-poll=\"/d/d1/fragment\"");
	SAYS(&page, "http-equiv=\"refresh\"");
	ASK(200, &list, .run = on_download_list, .args = { "shop", "live" });
	SAYS(&list, "href=\"/d/d1\"");
}

static void
wrong_choices_are_422_beside_their_fields(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply none, odd;

	fixture_ready(f);
	ASK(422, &none, CREATE, .form = { { "format", "zip" } });
	SAYS(&none, "href=\"#parts\">Choose at least one thing to download");
	SAYS(&none, "<option value=\"zip\" selected>");
	ASK(422, &odd, CREATE,
	    .form = { { "parts", "1" }, { "format", "rar" }, { "valid", "999" },
	        { "uses", "21" } });
	SAYS(&odd, "Choose one of the formats");
	SAYS(&odd, "1 hour to 7 days");
	SAYS(&odd, "Allow 1 to 20 downloads");
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM download"), 0);
}

static void
the_same_request_again_uses_the_ready_files_and_mails(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply again, twice;

	ready_download(f);
	ASK(303, &again, CREATE,
	    .form = { { "parts", "2" }, { "parts", "1" }, { "format", "tar.gz" }, { "key", "e" } });
	HEADER(&again, "Location: /d/d1?said=mailed\r\n");
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM download"), 1);
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM job WHERE kind = 'download' AND state = "
	                     "'queued'"),
	    1);
	/* The form of the first request, sent again, makes nothing new. */
	ASK(303, &twice, CREATE,
	    .form = { { "parts", "2" }, { "parts", "1" }, { "format", "tar.gz" }, { "key", "d" } });
	HEADER(&twice, "Location: /d/d1\r\n");
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job WHERE kind = 'download'"), 2);
}

static void
what_is_not_ready_cannot_be_downloaded(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply building, post, trashed;
	struct lease l;

	fixture_request(f, 0, NULL);
	ASK(409, &building, .run = on_download_new_form, .args = { "b1" });
	SAYS(&building, "b1 is still being created");
	ASK(409, &post, CREATE, .form = { { "parts", "1" } });
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job"), 1);
	l = fixture_claim(f);
	fixture_finish(f, &l, 1);
	OK(backups_trash(f->db, 1, &f->e));
	ASK(409, &trashed, .run = on_download_new_form, .args = { "b1" });
	SAYS(&trashed, "in the trash");
}

static void
CYC_21_what_is_damaged_or_missing_is_refused_with_the_reason(void **state)
{
	static const enum backup_health bad[] = { HEALTH_MISSING, HEALTH_DAMAGED };
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply good;

	fixture_ready(f);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		CLEANUP_REPLY struct reply form, post;
		const char *why = arena_printf(f->a, "he stored bytes of backup b1 are %s",
		    backup_health_name(bad[i]));

		OK(backups_set_health(f->db, 1, bad[i], &f->e));
		ASK(409, &form, .run = on_download_new_form, .args = { "b1" });
		SAYS(&form, why);
		ASK(409, &post, CREATE, .form = { { "parts", "1" } });
		SAYS(&post, why);
	}
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM download"), 0);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job"), 1);
	/* The control: nothing else was in the way. */
	OK(backups_set_health(f->db, 1, HEALTH_GOOD, &f->e));
	ASK(303, &good, CREATE, .form = { { "parts", "1" } });
}

static void
the_page_shows_files_checksums_uses_and_expiry(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp;

	ready_download(f);
	ASK(200, &rp, PAGE);
	SAYS(&rp, "Ready: <span");
	SAYS(&rp, "aa112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
	SAYS(&rp, "shop-live-media-");
	SAYS(&rp, "action=\"/d/d1/files/1\"");
	SAYS(&rp, "Used 0/5");
	SAYS(&rp, "action=\"/d/d1/revoke\"");
	SAYS_NOT(&rp, "http-equiv=\"refresh\"");
}

static void
the_fragment_changes_only_when_something_does(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply first, same, later;
	char tag[64];

	fixture_ready(f);
	ASK(303, &first, CREATE, .form = { { "parts", "1" } });
	reply_release(&first);
	ASK(200, &first, .run = on_download_fragment, .args = { "d1" });
	SAYS(&first, "<div id=\"download\" data-poll");
	SAYS_NOT(&first, "<html");
	assert_int_equal(sscanf(strstr(first.headers.p, "ETag: "), "ETag: %63s", tag), 1);
	ASK(304, &same, .run = on_download_fragment, .args = { "d1" }, .none_match = tag);
	assert_int_equal(same.body.n, 0);
	prepare(f, 1);
	ASK(200, &later, .run = on_download_fragment, .args = { "d1" }, .none_match = tag);
	SAYS_NOT(&later, "data-poll");
}

static void
a_signed_in_person_gets_the_file_from_nginx_and_spends_no_link(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp, unknown, odd;

	ready_download(f);
	ASK(200, &rp, .run = on_download_file, .args = { "d1", "1" }, .post = true);
	HEADER(&rp, "X-Accel-Redirect: /_dl/d1/shop-live-database-");
	HEADER(&rp, "X-Lazarette-Delivery: -\r\n");
	HEADER(&rp, "Content-Disposition: attachment; filename=\"shop-live-database-");
	assert_int_equal(rp.body.n, 0);
	ASK(404, &unknown, .run = on_download_file, .args = { "d1", "99" }, .post = true);
	ASK(404, &odd, .run = on_download_file, .args = { "d1", "../1" }, .post = true);
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM event WHERE action = 'download.fetched'"),
	    1);
}

static void
a_revoked_or_expired_one_gives_nothing(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply revoke, page, file, expired, preparing;

	ready_download(f);
	ASK(303, &revoke, .run = on_download_revoke, .args = { "d1" }, .post = true);
	ASK(200, &page, PAGE);
	SAYS(&page, "Revoked");
	SAYS(&page, "href=\"/b/b1/download\"");
	ASK(410, &file, .run = on_download_file, .args = { "d1", "1" }, .post = true);
	fixture_do(f, "UPDATE download SET state = 'ready', expires_at = 1000");
	ASK(410, &expired, .run = on_download_file, .args = { "d1", "1" }, .post = true);
	fixture_do(f, "UPDATE download SET state = 'preparing'");
	ASK(409, &preparing, .run = on_download_file, .args = { "d1", "1" }, .post = true);
}

static void
an_unsent_mail_is_told_with_its_reason(void **state)
{
	struct fixture *f = *state;
	struct outbox_mail m = { .message_id = "x@y",
		.kind = "download_ready",
		.recipient = "admin@example.org",
		.subject = "Ready",
		.message = "m",
		.message_size = 1 },
	                   next;
	CLEANUP_REPLY struct reply rp;

	ready_download(f);
	m.job = fixture_number(f, "SELECT max(id) FROM job WHERE kind = 'download'");
	OK(outbox_add(f->db, &m, &f->e));
	OK(outbox_next(&next, f->a, f->db, 0, &f->e));
	OK(outbox_not_sent(f->db, next.id, "550 no <such> user", 1, &f->e));
	ASK(200, &rp, PAGE);
	SAYS(&rp, "Unsent");
	SAYS(&rp, "550 no &lt;such&gt; user");
}

static void
lists_page_and_unknown_ones_are_404(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply empty, first, second, unknown;

	ASK(200, &empty, .run = on_download_list, .args = { "shop", "live" });
	SAYS(&empty, "No downloads yet");
	fixture_ready(f);
	for (int i = 0; i < 51; i++) {
		CLEANUP_REPLY struct reply rp;

		ASK(303, &rp, CREATE, .form = { { "parts", "1" } });
		fixture_do(f, "UPDATE download SET state = 'failed', error = 'x'");
	}
	ASK(200, &first, .run = on_download_list, .args = { "shop", "live" });
	SAYS(&first, "href=\"/p/shop/live/downloads?after=2\"");
	ASK(200, &second, .run = on_download_list, .args = { "shop", "live" },
	    .query = { { "after", "2" } });
	SAYS(&second, "href=\"/d/d1\"");
	SAYS(&second, "rel=\"prev\"");
	ASK(404, &unknown, .run = on_download_get, .args = { "d999" });
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST("DIV-14", the_form_offers_contents_and_formats),
		ROW_TEST("DIV-14", it_makes_an_object_of_its_own_and_no_backup),
		ROW_TEST("DIV-14", wrong_choices_are_422_beside_their_fields),
		ROW_TEST("DIV-15", the_same_request_again_uses_the_ready_files_and_mails),
		ROW_TEST("DIV-15", the_fragment_changes_only_when_something_does),
		ROW_TEST("SET-4", what_is_not_ready_cannot_be_downloaded),
		FIXTURE_TEST(CYC_21_what_is_damaged_or_missing_is_refused_with_the_reason),
		ROW_TEST("SET-3", the_page_shows_files_checksums_uses_and_expiry),
		FIXTURE_TEST(a_signed_in_person_gets_the_file_from_nginx_and_spends_no_link),
		FIXTURE_TEST(a_revoked_or_expired_one_gives_nothing),
		FIXTURE_TEST(an_unsent_mail_is_told_with_its_reason),
		FIXTURE_TEST(lists_page_and_unknown_ones_are_404),
	};

	return cmocka_run_group_tests_name("on_download", tests, NULL, NULL);
}
