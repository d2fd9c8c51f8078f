/* on_link_test.c: the public pages behind the links in mails. */
#include "tests/unit/ask.h"

#include "cgi/handle/on_link.h"
#include "lib/base/rand.h"
#include "lib/store/downloads.h"
#include "lib/util/hash.h"

#define DAY (24LL * 3600 * 1000)

static char token[TOKEN_SIZE];

/* A ready download of both services with a link to it: files 1 and 2 of download 1, link 1. */
static void
make_link(struct fixture *f)
{
	int64_t parts[] = { 1, 2 };
	struct download_request rq = { .job = { .environment = f->environment,
		                           .requested_by = f->admin },
		.parts = parts,
		.part_count = 2,
		.format = FORMAT_TAR,
		.valid_ms = DAY,
		.max_uses = 2 };
	struct link link = { .download = 1, .recipient = "admin@example.org", .max_uses = 2 };
	struct download_ids ids;
	struct download_file *files;
	struct lease l;
	char hash[HASH_HEX_SIZE];
	size_t n;

	rq.backup = fixture_ready(f);
	OK(downloads_request(&ids, f->db, &rq, &f->e));
	l = fixture_claim(f);
	OK(downloads_files(&files, &n, f->a, f->db, ids.download, &f->e));
	for (size_t i = 0; i < n; i++) {
		files[i].path = arena_printf(f->a, "d1/%s", files[i].name);
		files[i].bytes = 100;
		files[i].sha256 =
		    "aa112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
		OK(downloads_file_ready(f->db, &l, &files[i], &f->e));
	}
	OK(downloads_finish(f->db, &l, &f->e));
	rand_token(token);
	hash_of(hash, token, strlen(token));
	link.expires_at = clock_now() + DAY;
	OK(links_add(&link, f->db, hash, &f->e));
}

#define PAGE .run = on_link_page, .guest = true, .args = { token }
#define FILE_PAGE(n) .run = on_link_page, .guest = true, .args = { token, n }
#define FETCH(n) .run = on_link_file, .guest = true, .post = true, .args = { token, n }

static void
deliver(struct fixture *f, int64_t file, int64_t bytes)
{
	struct delivery d = { 1, file, bytes, "192.0.2.7" };
	bool first;

	OK(links_delivered(&first, f->db, &d, &f->e));
}

static void
looking_shows_the_files_and_spends_nothing(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp, one;

	make_link(f);
	ASK(200, &rp, PAGE);
	SAYS(&rp, "Download from shop/live");
	SAYS(&rp, "shop-live-database-");
	SAYS(&rp, "shop-live-media-");
	SAYS(&rp, "aa112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
	SAYS(&rp, "Can be downloaded 2 more times.");
	SAYS(&rp, arena_printf(f->a, "action=\"/dl/%s/2\"", token));
	SAYS(&rp,
	    arena_printf(f->a, "curl -fOJ -X POST &#39;http://shop.test/dl/%s/1&#39;", token));
	SAYS_NOT(&rp, "name=\"csrf\"");
	assert_null(strstr(rp.headers.p, "Set-Cookie"));
	ASK(200, &one, FILE_PAGE("2"));
	SAYS(&one, "shop-live-media-");
	SAYS_NOT(&one, "shop-live-database-");
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM link_use"), 0);
}

static void
the_button_hands_the_file_to_nginx_and_names_the_delivery(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp, lettered, foreign, page;

	make_link(f);
	ASK(200, &rp, FETCH("2"));
	HEADER(&rp, "X-Accel-Redirect: /_dl/d1/shop-live-media-");
	HEADER(&rp, "X-Lazarette-Delivery: 1:2\r\n");
	ASK(200, &lettered, FETCH("f2"));
	ASK(404, &foreign, FETCH("77"));
	ASK(404, &page, FILE_PAGE("x"));
	/* Uses are counted by what nginx reports, not by the press of the button. */
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM link_use"), 0);
}

static void
a_used_up_link_is_410_and_says_so(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply half, spent, page, all, once;

	make_link(f);
	deliver(f, 2, 100);
	ASK(200, &half, PAGE);
	SAYS(&half, "Can be downloaded 1 more time.");
	deliver(f, 2, 100);
	ASK(410, &spent, FETCH("2"));
	SAYS(&spent, "This link has been used as often as it may be (2 downloads).");
	assert_null(strstr(spent.headers.p, "X-Accel-Redirect"));
	ASK(200, &page, PAGE);
	SAYS(&page, "downloaded as often as it may be");
	deliver(f, 1, 100);
	deliver(f, 1, 100);
	ASK(410, &all, PAGE);
	fixture_do(f, "UPDATE link SET max_uses = 1");
	ASK(410, &once, FETCH("2"));
	SAYS(&once, "as often as it may be (1 download).");
}

static void
an_expired_link_is_410_with_whom_to_ask(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply page, fetch;

	make_link(f);
	fixture_do(f, "UPDATE link SET expires_at = 1795528800000 - 100 * 86400000");
	ASK(410, &page, PAGE);
	SAYS(&page, "This link expired on ");
	SAYS(&page, " UTC.");
	SAYS(&page,
	    "Ask admin@example.org or <a href=\"/b/b1/download\">sign in</a> to prepare it again.");
	ASK(410, &fetch, FETCH("1"));
	assert_null(strstr(fetch.headers.p, "X-Accel-Redirect"));
}

static void
a_revoked_link_is_410(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply page, fetch;

	make_link(f);
	OK(downloads_revoke(f->db, 1, &f->e));
	ASK(410, &page, PAGE);
	SAYS(&page, "This link was revoked.");
	ASK(410, &fetch, FETCH("1"));
}

static void
unknown_tokens_are_404_then_braked_while_known_ones_work(void **state)
{
	struct fixture *f = *state;
	const char *odd[] = { "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "short",
		"../../etc/passwd", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'", "" };
	CLEANUP_REPLY struct reply known;
	int last = 0;

	make_link(f);
	for (int i = 0; i < 8; i++) {
		CLEANUP_REPLY struct reply rp;

		last = ask(&rp, f,
		    (struct ask){ .run = on_link_page, .guest = true, .args = { odd[i % 5] } });
		if (i < 5)
			assert_int_equal(last, 404);
	}
	assert_int_equal(last, 429);
	ASK(200, &known, PAGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(looking_shows_the_files_and_spends_nothing),
		FIXTURE_TEST(the_button_hands_the_file_to_nginx_and_names_the_delivery),
		FIXTURE_TEST(a_used_up_link_is_410_and_says_so),
		FIXTURE_TEST(an_expired_link_is_410_with_whom_to_ask),
		FIXTURE_TEST(a_revoked_link_is_410),
		FIXTURE_TEST(unknown_tokens_are_404_then_braked_while_known_ones_work),
	};

	return cmocka_run_group_tests_name("on_link", tests, NULL, NULL);
}
