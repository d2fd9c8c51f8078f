/* answer_test.c: whole requests over a real catalogue: set-up, sign-in, sign-out, refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cgi/answer.h"
#include "lib/store/accounts.h"
#include "lib/store/settings.h"
#include "lib/util/hash.h"
#include "tests/unit/visit.h"

#define PASSWORD "a+sentence+that+nobody+else+has"
#define EMAIL "Ada@Example.org"

static struct arena *arena;
static struct conf conf = { .public_url = "http://console.test", .templates = "templates",
	.session_idle_ms = 1800000, .session_life_ms = 43200000 };
static struct app app = { &conf, NULL };
static char folder[] = "/tmp/answer_test.XXXXXX";

/* The answer to a visit, as text in the arena. */
static const char *
ask(struct visit v)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct request_input in = visit_input(&v);

	answer_request(&out, &app, &in);
	return arena_dupn(arena, out.p, out.n);
}

static bool
has(const char *answer, const char *text)
{
	return strstr(answer, text) != NULL;
}

static void
need(const char *answer, const char *text)
{
	if (!has(answer, text))
		fail_msg("'%s' is not in: %s", text, answer);
}

/* What stands between two texts, or "". */
static const char *
between(const char *text, const char *before, const char *after)
{
	const char *from = strstr(text, before), *to;

	if (from == NULL || (to = strstr(from + strlen(before), after)) == NULL)
		return "";
	from += strlen(before);
	return arena_dupn(arena, from, (size_t)(to - from));
}

static const char *
token_on(const char *page)
{
	return between(page, "name=\"csrf\" value=\"", "\"");
}

static const char *
session_in(const char *answer)
{
	return between(answer, "Set-Cookie: lazarette=", ";");
}

/* A visitor's form: opened for its cookie and token, then sent with these fields. */
static const char *
send_form(const char *path, const char *fields)
{
	const char *page = ask((struct visit){ .uri = path });
	const char *cookie = between(page, "Set-Cookie: lazarette-form=", ";");

	assert_string_equal(token_on(page), cookie);
	return ask((struct visit){ .uri = path,
	    .cookie = arena_printf(arena, "lazarette-form=%s", cookie),
	    .body = arena_printf(arena, "csrf=%s&%s", cookie, fields) });
}

static const char *
sign_in(const char *email, const char *password)
{
	return send_form("/login", arena_printf(arena, "email=%s&password=%s&next=%%2Fhelp", email,
	    password));
}

static void
without_a_catalogue_only_open_pages_answer(void **state)
{
	const char *answer;

	(void)state;
	conf.catalog = "/nonexistent/catalog.db";
	need(ask((struct visit){ .uri = "/healthz" }), "\r\n\r\nok\n");
	need(ask((struct visit){ .uri = "/help" }), "Status: 200 ");
	answer = ask((struct visit){ .uri = "/login" });
	need(answer, "Status: 503 ");
	need(answer, "Retry-After: ");
	need(answer, "catalogue");
	assert_false(has(answer, "/nonexistent"));
}

static void
the_first_visit_leads_to_the_set_up_page(void **state)
{
	struct err e;
	struct db *db;
	char hash[HASH_HEX_SIZE];

	(void)state;
	conf.catalog = arena_printf(arena, "%s/catalog.db", folder);
	assert_int_equal(db_open_migrate(&db, conf.catalog, &e), 0);
	hash_of(hash, "setup-code", strlen("setup-code"));
	assert_int_equal(settings_set(db, "setup_code_hash", hash, &e), 0);
	db_close(db);
	need(ask((struct visit){ .uri = "/" }), "Location: /login\r\n");
	need(ask((struct visit){ .uri = "/login" }), "Location: /setup\r\n");
	need(ask((struct visit){ .uri = "/setup" }), "Set up this instance");
}

static void
set_up_asks_for_everything_and_keeps_what_was_typed(void **state)
{
	const char *answer;

	(void)state;
	answer = send_form("/setup", "code=&name=%3CAda%3E&email=not-an-address&password=short");
	need(answer, "Status: 422 ");
	need(answer, "<title>Error: Set up");
	need(answer, "href=\"#code\"");
	need(answer, "href=\"#email\"");
	need(answer, "href=\"#password\"");
	need(answer, "value=\"&lt;Ada&gt;\"");
	assert_false(has(answer, "value=\"short\""));
	answer = send_form("/setup", "code=wrong&name=Ada&email=" EMAIL "&password=" PASSWORD);
	need(answer, "Status: 422 ");
	need(answer, "Enter the setup code shown by");
}

static void
set_up_signs_in_and_is_over_for_ever(void **state)
{
	const char *answer, *cookie;

	(void)state;
	answer =
	    send_form("/setup", "code=+setup-code+&name=Ada&email=" EMAIL "&password=" PASSWORD);
	need(answer, "Status: 303 ");
	need(answer, "Location: /\r\n");
	assert_int_equal(strlen(session_in(answer)), 43);
	cookie = arena_printf(arena, "lazarette=%s", session_in(answer));
	need(ask((struct visit){ .uri = "/help", .cookie = cookie }), EMAIL);
	need(ask((struct visit){ .uri = "/setup" }), "Location: /login\r\n");
	need(ask((struct visit){ .uri = "/login", .cookie = cookie }), "Location: /\r\n");
}

static void
the_right_password_opens_a_new_session(void **state)
{
	const char *first, *second;

	(void)state;
	first = sign_in(EMAIL, PASSWORD);
	need(first, "Status: 303 ");
	need(first, "Location: /help\r\n");
	need(first, "HttpOnly; SameSite=Lax");
	second = sign_in("ada@example.ORG", PASSWORD);
	need(second, "Status: 303 ");
	assert_string_not_equal(session_in(first), session_in(second));
}

/* A session id that was there before signing in is worth nothing after it. */
static void
a_planted_session_id_is_not_taken_over(void **state)
{
	const char *planted = "lazarette=planted-by-somebody-else-0000000000000000000";
	const char *page, *form, *answer;

	(void)state;
	page = ask((struct visit){ .uri = "/login", .cookie = planted });
	form = between(page, "Set-Cookie: lazarette-form=", ";");
	answer = ask((struct visit){ .uri = "/login",
	    .cookie = arena_printf(arena, "%s; lazarette-form=%s", planted, form),
	    .body = arena_printf(arena, "csrf=%s&email=" EMAIL "&password=" PASSWORD, form) });
	need(answer, "Status: 303 ");
	assert_false(has(answer, "planted"));
	need(ask((struct visit){ .uri = "/", .cookie = planted }), "Location: /login");
}

static void
sign_in_never_leads_to_another_site(void **state)
{
	static const char *const away[] = { "%2F%2Fevil.example", "https%3A%2F%2Fevil.example",
		"%2F%5Cevil.example", "javascript%3Aalert(1)", "%2Fa%0D%0ASet-Cookie%3A+x%3Dy" };

	(void)state;
	for (size_t i = 0; i < sizeof away / sizeof away[0]; i++)
		need(send_form("/login", arena_printf(arena, "email=" EMAIL "&password=" PASSWORD
		    "&next=%s", away[i])), "Location: /\r\n");
}

static void
one_text_for_every_wrong_sign_in(void **state)
{
	const char *wrong = sign_in(EMAIL, "another+password+entirely");
	const char *unknown = sign_in("nobody@example.org", PASSWORD);

	(void)state;
	need(wrong, "Status: 422 ");
	need(wrong, "E-mail or password is wrong.");
	need(unknown, "Status: 422 ");
	need(unknown, "E-mail or password is wrong.");
	need(unknown, "value=\"nobody@example.org\"");
	assert_false(has(wrong, "another"));
	assert_string_equal(session_in(wrong), "");
}

static void
signing_out_ends_the_session_on_the_server(void **state)
{
	const char *cookie =
	    arena_printf(arena, "lazarette=%s", session_in(sign_in(EMAIL, PASSWORD)));
	const char *page = ask((struct visit){ .uri = "/help", .cookie = cookie }), *answer;

	(void)state;
	need(ask((struct visit){ .uri = "/logout", .cookie = cookie }), "Status: 405 ");
	answer = ask((struct visit){ .uri = "/logout", .cookie = cookie,
	    .body = arena_printf(arena, "csrf=%s", token_on(page)) });
	need(answer, "Location: /login?said=signed-out\r\n");
	need(answer, "Set-Cookie: lazarette=; ");
	need(ask((struct visit){ .uri = "/", .cookie = cookie }), "Location: /login\r\n");
}

static void
refusals_are_pages_with_their_status(void **state)
{
	const char *answer;

	(void)state;
	need(ask((struct visit){ .uri = "/nowhere" }), "Status: 404 ");
	need(ask((struct visit){ .uri = "/a//b" }), "Status: 400 ");
	need(ask((struct visit){ .uri = "/help/nothing" }), "Status: 404 ");
	need(ask((struct visit){ .uri = "/login", .body = "{}", .type = "application/json" }),
	    "Status: 415 ");
	need(ask((struct visit){ .uri = "/login", .body = "csrf=" }), "Status: 403 ");
	answer = ask((struct visit){ .uri = "/healthz", .method = "DELETE" });
	need(answer, "Status: 405 ");
	need(answer, "Allow: GET, HEAD\r\n");
}

/* Nothing that was typed is lost: the page says how to go on, and leads back to the form. */
static void
a_form_sent_after_sign_out_leads_back_to_its_page(void **state)
{
	static const struct {
		const char *form, *back;
	} cases[] = {
		{ "/projects/new", "/login?next=%2Fprojects%2Fnew\"" },
		{ "/p/shop/live/backups/new", "/login?next=%2Fp%2Fshop%2Flive%2Fbackups%2Fnew\"" },
		{ "/p/shop/live/backups/delete", "/login?next=%2Fp%2Fshop%2Flive%2Fbackups\"" },
		{ "/b/b7/keep", "/login?next=%2Fb%2Fb7\"" },
		{ "/d/d3/files/f2", "/login?next=%2Fd%2Fd3\"" },
		{ "/p/shop/live/notifications/2/here",
		    "/login?next=%2Fp%2Fshop%2Flive%2Fnotifications%2F2%2Fhere\"" },
		{ "/p/a%22b/live/pause", "/login?next=%2Fp%2Fa%2522b%2Flive\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *answer = ask((struct visit){ .uri = cases[i].form,
		    .cookie = "lazarette=ended",
		    .body = "csrf=old&note=typed" });

		need(answer, "Status: 403 ");
		need(answer, "You are signed out");
		need(answer, "Nothing was done.");
		need(answer, "Back button");
		need(answer, cases[i].back);
	}
}

static void
signing_out_twice_and_in_twice_is_no_fault(void **state)
{
	static const struct {
		const char *fields, *location;
	} cases[] = {
		{ "csrf=of+a+visitor&email=a&password=b&next=%2Fjobs", "Location: /jobs\r\n" },
		{ "csrf=of+a+visitor&next=", "Location: /\r\n" },
		{ "csrf=of+a+visitor&next=%2F%2Fevil.example", "Location: /\r\n" },
	};
	const char *answer, *cookie =
	    arena_printf(arena, "lazarette=%s", session_in(sign_in(EMAIL, PASSWORD)));

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		answer = ask((struct visit){ .uri = "/login",
		    .cookie = cookie, .body = cases[i].fields });
		need(answer, "Status: 303 ");
		need(answer, cases[i].location);
		assert_string_equal(session_in(answer), "");
	}
	need(ask((struct visit){ .uri = "/login?next=%2Fjobs", .cookie = cookie }),
	    "Location: /jobs\r\n");
	answer = ask((struct visit){ .uri = "/logout", .body = "csrf=old" });
	need(answer, "Status: 303 ");
	need(answer, "Location: /login?said=signed-out\r\n");
}

/* The head of the page and its buttons are those of somebody signed in. */
static void
refusals_know_who_is_signed_in(void **state)
{
	static const struct visit cases[] = { { .uri = "/nowhere" }, { .uri = "/a//b" },
		{ .uri = "/help?%zz" }, { .uri = "/help", .method = "DELETE" },
		{ .uri = "/projects/new", .body = "{}", .type = "application/json" } };
	const char *cookie =
	    arena_printf(arena, "lazarette=%s", session_in(sign_in(EMAIL, PASSWORD)));

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct visit v = cases[i];
		const char *answer;

		v.cookie = cookie;
		answer = ask(v);
		need(answer, "Status: 4");
		need(answer, "action=\"/logout\"");
		assert_string_not_equal(token_on(answer), "");
		assert_false(has(answer, "Sign in"));
		v = cases[i];
		assert_false(has(ask(v), "action=\"/logout\""));
	}
}

static size_t
count_of(const char *answer, const char *text)
{
	size_t n = 0;

	while ((answer = strstr(answer, text)) != NULL) {
		answer += strlen(text);
		n++;
	}
	return n;
}

/* Who holds a link may have no account: the advice is for them. */
static void
an_unknown_link_advises_to_ask_its_sender(void **state)
{
	static const char *const paths[] = { "/dl/unknown", "/dl/unknown/1", "/dl/a/b/c" };

	(void)state;
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		const char *answer = ask((struct visit){ .uri = paths[i] });

		need(answer, "Status: 404 ");
		need(answer, "Ask the person who sent you the link for a new one.");
		assert_false(has(answer, "Sign in"));
		assert_false(has(answer, "lists of projects"));
		need(answer, "Referrer-Policy: no-referrer\r\n");
		assert_int_equal(count_of(answer, "Referrer-Policy: "), 1);
		assert_int_equal(count_of(answer, "X-Robots-Tag: noindex"), 1);
	}
	/* Control: an unknown page of the console advises to sign in. */
	need(ask((struct visit){ .uri = "/nowhere" }), ">Sign in</a>");
}

/* Leave something behind on the stack that is no address. */
static __attribute__((noinline)) void
soil_the_stack(void)
{
	volatile unsigned char soil[64 * 1024];

	for (size_t i = 0; i < sizeof soil; i++)
		soil[i] = 0xa5;
}

/* What a page before has left on the stack must not be taken for a tree. */
static void
an_unknown_topic_after_a_form_harms_nothing(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		need(ask((struct visit){ .uri = "/login" }), "Status: 200 ");
		soil_the_stack();
		need(ask((struct visit){ .uri = "/help/x" }), "Status: 404 ");
	}
}

/* After five free tries each further one has to wait; the page and the header say how long. */
static void
guessing_is_slowed_down(void **state)
{
	const char *answer = "";

	(void)state;
	for (int i = 0; i < 12 && !has(answer, "Status: 429 "); i++)
		answer = sign_in("guess@example.org", "wrong+password+again");
	need(answer, "Status: 429 ");
	need(answer, "Too many tries. Wait ");
	need(answer, "Retry-After: ");
	/* Also with the right password, from the same address. */
	answer = sign_in(EMAIL, PASSWORD);
	need(answer, "Status: 429 ");
	assert_string_equal(session_in(answer), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_catalogue_only_open_pages_answer),
		cmocka_unit_test(the_first_visit_leads_to_the_set_up_page),
		cmocka_unit_test(set_up_asks_for_everything_and_keeps_what_was_typed),
		cmocka_unit_test(set_up_signs_in_and_is_over_for_ever),
		cmocka_unit_test(the_right_password_opens_a_new_session),
		cmocka_unit_test(a_planted_session_id_is_not_taken_over),
		cmocka_unit_test(sign_in_never_leads_to_another_site),
		cmocka_unit_test(one_text_for_every_wrong_sign_in),
		cmocka_unit_test(signing_out_ends_the_session_on_the_server),
		cmocka_unit_test(refusals_are_pages_with_their_status),
		cmocka_unit_test(a_form_sent_after_sign_out_leads_back_to_its_page),
		cmocka_unit_test(signing_out_twice_and_in_twice_is_no_fault),
		cmocka_unit_test(refusals_know_who_is_signed_in),
		cmocka_unit_test(an_unknown_link_advises_to_ask_its_sender),
		cmocka_unit_test(an_unknown_topic_after_a_form_harms_nothing),
		cmocka_unit_test(guessing_is_slowed_down),
	};
	static const char *const files[] = { "catalog.db", "catalog.db-wal", "catalog.db-shm" };
	int failed;

	arena = arena_new();
	if (mkdtemp(folder) == NULL)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	db_close(app.db);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		unlink(arena_printf(arena, "%s/%s", folder, files[i]));
	rmdir(folder);
	arena_free(arena);
	return failed;
}
