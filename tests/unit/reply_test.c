/* reply_test.c: headers that every answer carries, redirects, cookies, files. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cgi/http/reply.h"

static struct arena *arena;
static struct conf conf;

static struct request
request_of(enum method method)
{
	return (struct request){ .arena = arena,
		.conf = &conf,
		.method = method,
		.id = "0123456789abcdef" };
}

static size_t
count_of(const char *text, const char *needle)
{
	size_t count = 0;

	for (const char *p = text; (p = strstr(p, needle)) != NULL; p += strlen(needle))
		count++;
	return count;
}

static void
every_answer_carries_the_protecting_headers_once(void **state)
{
	static const char *const names[] = { "Content-Security-Policy: default-src 'none';",
		"X-Content-Type-Options: nosniff\r\n", "Cache-Control: no-store\r\n",
		"Referrer-Policy: same-origin\r\n",
		"Permissions-Policy: ", "X-Request-Id: 0123456789abcdef\r\n",
		"Content-Type: text/html; charset=utf-8\r\n" };
	CLEANUP_REPLY struct reply rp = REPLY_INIT;
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct request rq = request_of(METHOD_GET);

	(void)state;
	buf_text(&rp.body, "<p>hello</p>");
	reply_write(&out, &rp, &rq);
	assert_int_equal(strncmp(out.p, "Status: 200 OK\r\n", 16), 0);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		assert_int_equal(count_of(out.p, names[i]), 1);
	assert_non_null(strstr(out.p, "Content-Length: 12\r\n"));
	assert_non_null(strstr(out.p, "\r\n\r\n<p>hello</p>"));
	assert_null(strstr(out.p, "unsafe"));
	assert_null(strstr(out.p, "Strict-Transport"));
}

static void
what_the_handler_sets_replaces_the_usual(void **state)
{
	CLEANUP_REPLY struct reply rp = REPLY_INIT;
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct request rq = request_of(METHOD_GET);

	(void)state;
	reply_header(&rp, "X-First", "1");
	reply_header(&rp, "Referrer-Policy", "no-referrer");
	reply_write(&out, &rp, &rq);
	assert_int_equal(count_of(out.p, "Referrer-Policy"), 1);
	assert_non_null(strstr(out.p, "Referrer-Policy: no-referrer\r\n"));
}

static void
head_and_304_have_no_body(void **state)
{
	CLEANUP_REPLY struct reply rp = REPLY_INIT;
	CLEANUP_BUF struct buf out = BUF_INIT, again = BUF_INIT;
	struct request rq = request_of(METHOD_HEAD);

	(void)state;
	reply_text(&rp, "hello", 5);
	reply_write(&out, &rp, &rq);
	assert_non_null(strstr(out.p, "Content-Length: 5\r\n"));
	assert_null(strstr(out.p, "hello"));
	rq.method = METHOD_GET;
	rp.status = 304;
	reply_write(&again, &rp, &rq);
	assert_null(strstr(again.p, "hello"));
	assert_null(strstr(again.p, "Content-Length"));
}

static void
redirects_stay_on_this_site(void **state)
{
	static const char *const away[] = { "//evil.example", "https://evil.example", "/\\evil",
		"relative" };
	(void)state;
	for (size_t i = 0; i < sizeof away / sizeof away[0]; i++) {
		CLEANUP_REPLY struct reply rp = REPLY_INIT;

		assert_int_equal(reply_see_other(&rp, "%s", away[i]), 0);
		assert_int_equal(rp.status, 303);
		assert_string_equal(rp.headers.p, "Location: /\r\n");
	}
}

static void
a_redirect_forgets_the_body(void **state)
{
	CLEANUP_REPLY struct reply rp = REPLY_INIT;
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct request rq = request_of(METHOD_POST);

	(void)state;
	buf_text(&rp.body, "half a page");
	assert_int_equal(reply_see_other(&rp, "/b/%d", 101), 0);
	reply_write(&out, &rp, &rq);
	assert_non_null(strstr(out.p, "Status: 303 See Other\r\n"));
	assert_non_null(strstr(out.p, "Location: /b/101\r\n"));
	assert_null(strstr(out.p, "half"));
	assert_null(strstr(out.p, "\r\nContent-Type"));
}

static void
cookies_are_host_bound_where_it_is_https(void **state)
{
	CLEANUP_REPLY struct reply plain = REPLY_INIT, secure = REPLY_INIT;
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct request rq = request_of(METHOD_GET);

	(void)state;
	reply_cookie(&plain, &rq, "lazarette", "abc", 60);
	assert_string_equal(plain.headers.p,
	    "Set-Cookie: lazarette=abc; Path=/; HttpOnly; SameSite=Lax; Max-Age=60\r\n");
	conf.secure_cookies = true;
	reply_cookie(&secure, &rq, "lazarette", "", 0);
	assert_string_equal(secure.headers.p,
	    "Set-Cookie: __Host-lazarette=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0; Secure\r\n");
	reply_write(&out, &secure, &rq);
	assert_non_null(strstr(out.p, "Strict-Transport-Security: "));
	conf.secure_cookies = false;
}

static void
files_go_through_nginx_with_a_name_for_people(void **state)
{
	CLEANUP_REPLY struct reply rp = REPLY_INIT;
	struct request rq = request_of(METHOD_POST);

	(void)state;
	assert_int_equal(reply_file(&rp, &rq, "d3/shop live.tar", "shop \"live\"\xc3\xa4.tar",
	                     "7:9"),
	    0);
	assert_string_equal(rp.content_type, "application/octet-stream");
	assert_string_equal(rp.headers.p,
	    "Content-Disposition: attachment; filename=\"shop--live---.tar\"; "
	    "filename*=UTF-8''shop%20%22live%22%C3%A4.tar\r\n"
	    "X-Lazarette-Delivery: 7:9\r\n"
	    "X-Accel-Redirect: /_dl/d3/shop%20live.tar\r\n");
}

/* A handler that lets a line break through would let somebody write headers: the child ends
 * instead. */
static void
a_line_break_in_a_header_ends_the_process(void **state)
{
	static const char *const bad[] = { "a\r\nSet-Cookie: x=y", "a\nb", "a\rb" };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		pid_t pid = fork();
		int status;

		if (pid == 0) {
			CLEANUP_REPLY struct reply rp = REPLY_INIT;
			struct rlimit none = { 0, 0 };

			setrlimit(RLIMIT_CORE, &none);
			signal(SIGABRT, SIG_DFL);
			reply_header(&rp, "X-Test", "%s", bad[i]);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_answer_carries_the_protecting_headers_once),
		cmocka_unit_test(what_the_handler_sets_replaces_the_usual),
		cmocka_unit_test(head_and_304_have_no_body),
		cmocka_unit_test(redirects_stay_on_this_site),
		cmocka_unit_test(a_redirect_forgets_the_body),
		cmocka_unit_test(cookies_are_host_bound_where_it_is_https),
		cmocka_unit_test(files_go_through_nginx_with_a_name_for_people),
		cmocka_unit_test(a_line_break_in_a_header_ends_the_process),
	};
	int failed;

	arena = arena_new();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_free(arena);
	return failed;
}
