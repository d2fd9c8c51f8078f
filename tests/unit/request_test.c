/* request_test.c: what a request may look like, and with which status the others are refused (T57).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/buf.h"
#include "tests/unit/visit.h"

static struct arena *arena;
static struct conf conf;

/* 0, or the status of the refusal. */
static int
read_it(struct request *rq, struct visit v)
{
	struct request_input in = visit_input(&v);
	struct err e = { .text = "" };
	int status = 0;

	memset(rq, 0, sizeof *rq);
	rq->arena = arena;
	rq->conf = &conf;
	if (request_read(&status, rq, &in, &e) == 0)
		return 0;
	assert_true(status >= 400 && status < 500);
	assert_true(e.text[0] != '\0');
	return status;
}

static void
reads_path_query_and_headers(void **state)
{
	struct request rq;

	(void)state;
	assert_int_equal(read_it(&rq,
	                     (struct visit){ .uri = "/p/shop/live%2Fx/b%20c?after=7&q=a+b",
	                         .cookie = "lazarette=abc",
	                         .origin = "https://x",
	                         .site = "none",
	                         .none_match = "\"1\"" }),
	    0);
	assert_int_equal(rq.method, METHOD_GET);
	assert_string_equal(rq.path, "/p/shop/live/x/b c");
	assert_string_equal(rq.return_path, "/p/shop/live%2Fx/b%20c?after=7&q=a+b");
	assert_string_equal(request_query(&rq, "after"), "7");
	assert_string_equal(request_query(&rq, "q"), "a b");
	assert_string_equal(request_query(&rq, "none"), "");
	assert_string_equal(rq.address, "192.0.2.7");
	assert_string_equal(rq.origin, "https://x");
	assert_string_equal(rq.fetch_site, "none");
	assert_string_equal(rq.none_match, "\"1\"");
	assert_int_equal(strlen(rq.id), 16);
	assert_true(rq.now > 0);
}

static void
absent_headers_are_empty_texts(void **state)
{
	struct request rq;

	(void)state;
	assert_int_equal(read_it(&rq, (struct visit){ .uri = "/" }), 0);
	assert_string_equal(rq.origin, "");
	assert_string_equal(rq.fetch_site, "");
	assert_string_equal(request_cookie(&rq, "lazarette"), "");
	assert_int_equal(rq.form.count, 0);
}

static void
refuses_addresses_that_mislead_with_400(void **state)
{
	static const char *const bad[] = { "", "x", "http://evil/", "//evil.example/", "/a//b",
		"/a/../b", "/..", "/a/.", "/./a", "/%2e%2e/etc", "/a%2f%2fb", "/%00", "/%zz",
		"/%ff", "/a?x=%zz", "/a?%ff=1" };
	struct request rq;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		if (read_it(&rq, (struct visit){ .uri = bad[i] }) != 400)
			fail_msg("'%s' was taken", bad[i]);
		/* The page that says so can still be made. */
		assert_non_null(rq.path);
	}
	assert_int_equal(read_it(&rq, (struct visit){ .uri = "/a.b/..c/d..?e" }), 0);
}

static void
reads_a_form_that_arrives_in_pieces(void **state)
{
	struct request rq;
	const char **values;

	(void)state;
	assert_int_equal(read_it(&rq,
	                     (struct visit){ .uri = "/x",
	                         .body = "services=a&services=b&note=%C3%A4%0D%0Ab" }),
	    0);
	assert_int_equal(rq.method, METHOD_POST);
	assert_int_equal(request_fields(&values, &rq, "services"), 2);
	assert_string_equal(values[0], "a");
	assert_string_equal(values[1], "b");
	assert_int_equal(request_fields(&values, &rq, "other"), 0);
	assert_string_equal(request_field(&rq, "note"), "\xc3\xa4\nb");
}

static void
takes_the_form_type_with_or_without_charset(void **state)
{
	static const char *const good[] = { "application/x-www-form-urlencoded",
		"Application/X-WWW-Form-URLencoded",
		"application/x-www-form-urlencoded; charset=UTF-8",
		"application/x-www-form-urlencoded;charset=\"utf-8\"" };
	static const char *const bad[] = { "multipart/form-data", "multipart/form-data; boundary=x",
		"text/plain", "application/json", "application/x-www-form-urlencodedx",
		"application/x-www-form-urlencoded; charset=latin1",
		"application/x-www-form-urlencoded;", "" };
	struct request rq;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		assert_int_equal(read_it(&rq,
		                     (struct visit){ .uri = "/", .body = "a=1", .type = good[i] }),
		    0);
		assert_string_equal(request_field(&rq, "a"), "1");
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(read_it(&rq,
		                     (struct visit){ .uri = "/", .body = "a=1", .type = bad[i] }),
		    415);
}

/* T57: 64 kB and not one byte more, whatever the client says of the length. */
static void
T57_refuses_a_larger_form_with_413(void **state)
{
	CLEANUP_BUF struct buf body = BUF_INIT;
	struct request rq;

	(void)state;
	buf_text(&body, "a=");
	while (body.n < REQUEST_BODY_MAX)
		buf_char(&body, 'x');
	assert_int_equal(read_it(&rq, (struct visit){ .uri = "/", .body = body.p }), 0);
	assert_int_equal(strlen(request_field(&rq, "a")), REQUEST_BODY_MAX - 2);
	buf_char(&body, 'x');
	assert_int_equal(read_it(&rq, (struct visit){ .uri = "/", .body = body.p }), 413);
	assert_int_equal(read_it(&rq,
	                     (struct visit){ .uri = "/", .body = "a", .length = "999999999999" }),
	    413);
}

static void
T57_refuses_lengths_that_are_wrong_with_400(void **state)
{
	static const char *const bad[] = { "-1", "1x", "+1", " 1", "99999999999999999999", "0x10",
		"10" };
	struct request rq;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(read_it(&rq,
		                     (struct visit){ .uri = "/", .body = "a=1", .length = bad[i] }),
		    400);
	assert_int_equal(read_it(&rq,
	                     (struct visit){ .uri = "/", .body = "abcdefghijklmnop=1", .cut = 7 }),
	    400);
}

static void
an_empty_post_is_a_form_without_fields(void **state)
{
	struct request rq;

	(void)state;
	assert_int_equal(read_it(&rq, (struct visit){ .method = "POST", .uri = "/" }), 0);
	assert_int_equal(rq.method, METHOD_POST);
	assert_int_equal(rq.form.count, 0);
}

static void
only_three_methods_have_a_name(void **state)
{
	struct request rq;

	(void)state;
	assert_int_equal(read_it(&rq, (struct visit){ .method = "HEAD", .uri = "/" }), 0);
	assert_int_equal(rq.method, METHOD_HEAD);
	assert_int_equal(read_it(&rq, (struct visit){ .method = "DELETE", .uri = "/" }), 0);
	assert_int_equal(rq.method, METHOD_OTHER);
	assert_int_equal(read_it(&rq, (struct visit){ .method = "get", .uri = "/" }), 0);
	assert_int_equal(rq.method, METHOD_OTHER);
}

static void
cookies_are_looked_for_behind_the_host_prefix_where_it_is_https(void **state)
{
	struct visit v = { .uri = "/", .cookie = "lazarette=planted; __Host-lazarette=ours" };
	struct request rq;

	(void)state;
	conf.secure_cookies = false;
	assert_int_equal(read_it(&rq, v), 0);
	assert_string_equal(request_cookie(&rq, "lazarette"), "planted");
	conf.secure_cookies = true;
	assert_int_equal(read_it(&rq, v), 0);
	assert_string_equal(request_cookie(&rq, "lazarette"), "ours");
	conf.secure_cookies = false;
}

static void
only_paths_of_this_site_are_local(void **state)
{
	static const char *const good[] = { "/", "/p/shop", "/p?x=//y", "/a:b" };
	static const char *const bad[] = { "", "x", "//evil", "/\\evil", "/a\\b", "http://evil",
		"/a\nb", "/a\tb", "javascript:x", "/\x7f" };

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_true(request_path_is_local(good[i]));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(request_path_is_local(bad[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_path_query_and_headers),
		cmocka_unit_test(absent_headers_are_empty_texts),
		cmocka_unit_test(refuses_addresses_that_mislead_with_400),
		cmocka_unit_test(reads_a_form_that_arrives_in_pieces),
		cmocka_unit_test(takes_the_form_type_with_or_without_charset),
		cmocka_unit_test(T57_refuses_a_larger_form_with_413),
		cmocka_unit_test(T57_refuses_lengths_that_are_wrong_with_400),
		cmocka_unit_test(an_empty_post_is_a_form_without_fields),
		cmocka_unit_test(only_three_methods_have_a_name),
		cmocka_unit_test(cookies_are_looked_for_behind_the_host_prefix_where_it_is_https),
		cmocka_unit_test(only_paths_of_this_site_are_local),
	};
	int failed;

	arena = arena_new();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_free(arena);
	return failed;
}
