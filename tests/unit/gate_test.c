/* gate_test.c: who may pass, over a real catalogue (T51, and the rights of every role). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cgi/gate.h"
#include "lib/util/hash.h"
#include "tests/unit/visit.h"

static struct arena *arena;
static struct db *db;
static char folder[] = "/tmp/gate_test.XXXXXX";
static struct conf conf = { .public_url = "https://backup.example.org", .templates = "templates",
	.session_idle_ms = 1800000,
	.session_life_ms = 43200000 };

static int
nothing(struct reply *rp, struct request *rq, struct err *e)
{
	(void)rp;
	(void)rq;
	(void)e;
	return 0;
}

static const struct route reading = { METHOD_GET, "/x", RIGHT_VIEW, GUARD_SESSION, nothing };
static const struct route writing = { METHOD_POST, "/x", RIGHT_BACKUP, GUARD_SESSION, nothing };
static const struct route visiting = { METHOD_GET, "/login", RIGHT_NONE, GUARD_VISITOR, nothing };
static const struct route entering = { METHOD_POST, "/login", RIGHT_NONE, GUARD_VISITOR, nothing };
static const struct route linking = { METHOD_POST, "/dl/{token}/{file}", RIGHT_NONE, GUARD_LINK,
	nothing };
static const struct route opening = { METHOD_GET, "/help", RIGHT_NONE, GUARD_OPEN, nothing };

/* One person and one session per role; the cookie's value is the role's name, the token that name
 * twice. */
static int
set_up(void **state)
{
	struct err e;

	(void)state;
	arena = arena_new();
	if (mkdtemp(folder) == NULL ||
	    db_open_migrate(&db, arena_printf(arena, "%s/catalog.db", folder), &e) != 0)
		return -1;
	for (int role = 0; role < ROLES; role++) {
		const char *name = role_name((enum role)role);
		struct account a = { .email = arena_printf(arena, "%s@example.org", name),
			.name = name,
			.role = (enum role)role,
			.password_hash = "none" };
		char id_hash[HASH_HEX_SIZE];

		hash_of(id_hash, name, strlen(name));
		if (accounts_add(&a, db, &e) != 0 ||
		    sessions_add(db, id_hash, a.id, arena_printf(arena, "%s%s", name, name),
		        "192.0.2.7", &e) != 0)
			return -1;
	}
	return 0;
}

static int
tear_down(void **state)
{
	static const char *const files[] = { "catalog.db", "catalog.db-wal", "catalog.db-shm" };

	(void)state;
	db_close(db);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		unlink(arena_printf(arena, "%s/%s", folder, files[i]));
	rmdir(folder);
	arena_free(arena);
	return 0;
}

enum outcome { PASSED, ANSWERED, REFUSED };

struct passage {
	struct request rq;
	struct reply rp;
	struct err why;
};

static enum outcome
pass(struct passage *p, const struct route *rt, struct visit v)
{
	struct request_input in = visit_input(&v);
	bool answered;
	int status;

	*p =
	    (struct passage){ .rq = { .arena = arena, .db = db, .conf = &conf }, .rp = REPLY_INIT };
	if (v.uri == NULL)
		v.uri = "/x";
	assert_int_equal(request_read(&status, &p->rq, &in, &p->why), 0);
	if (gate_pass(&answered, &p->rp, &p->rq, rt, &p->why) != 0) {
		assert_int_equal(p->why.kind, ERR_DENIED);
		return REFUSED;
	}
	return answered ? ANSWERED : PASSED;
}

static void
a_visitor_is_sent_to_sign_in_and_back(void **state)
{
	struct passage p;

	(void)state;
	assert_int_equal(pass(&p, &reading,
	                     (struct visit){ .uri = "/p/shop/live/backups?after=7" }),
	    ANSWERED);
	assert_int_equal(p.rp.status, 303);
	assert_string_equal(p.rp.headers.p,
	    "Location: /login?next=%2Fp%2Fshop%2Flive%2Fbackups%3Fafter%3D7\r\n");
	reply_release(&p.rp);
	assert_int_equal(pass(&p, &reading, (struct visit){ .uri = "/" }), ANSWERED);
	assert_string_equal(p.rp.headers.p, "Location: /login\r\n");
	reply_release(&p.rp);
}

static void
a_visitors_post_is_answered_with_403(void **state)
{
	struct passage p;

	(void)state;
	assert_int_equal(pass(&p, &writing, (struct visit){ .body = "csrf=x" }), ANSWERED);
	assert_int_equal(p.rp.status, 403);
	reply_release(&p.rp);
}

static void
a_session_passes_and_brings_its_token(void **state)
{
	struct passage p;

	(void)state;
	assert_int_equal(pass(&p, &reading, (struct visit){ .cookie = "lazarette=admin" }), PASSED);
	assert_non_null(p.rq.session);
	assert_string_equal(p.rq.session->account.email, "admin@example.org");
	assert_string_equal(p.rq.csrf, "adminadmin");
}

static void
unknown_and_empty_cookies_are_nobody(void **state)
{
	static const char *const cookies[] = { "lazarette=", "lazarette=guess", "lazarette=ADMIN",
		"other=admin", "lazarette=admin2" };
	struct passage p;

	(void)state;
	for (size_t i = 0; i < sizeof cookies / sizeof cookies[0]; i++) {
		assert_int_equal(pass(&p, &reading, (struct visit){ .cookie = cookies[i] }),
		    ANSWERED);
		assert_null(p.rq.session);
		reply_release(&p.rp);
	}
}

/* The table of rights, walked: each role × each right. */
static void
a_role_passes_exactly_where_it_has_the_right(void **state)
{
	struct passage p;

	(void)state;
	for (int role = 0; role < ROLES; role++) {
		for (int right = RIGHT_VIEW; right < RIGHTS; right++) {
			struct route rt = { METHOD_GET, "/x", (enum right)right, GUARD_SESSION,
				nothing };
			const char *cookie =
			    arena_printf(arena, "lazarette=%s", role_name((enum role)role));
			enum outcome wanted =
			    role_has((enum role)role, (enum right)right) ? PASSED : REFUSED;

			assert_int_equal(pass(&p, &rt, (struct visit){ .cookie = cookie }), wanted);
			if (wanted == REFUSED)
				assert_non_null(strstr(p.why.text, role_name((enum role)role)));
		}
	}
	assert_false(role_has(ROLE_VIEWER, RIGHT_BACKUP));
	assert_true(role_has(ROLE_ADMIN, RIGHT_ADMINISTER));
}

static void
T51_a_post_needs_the_token_of_its_own_session(void **state)
{
	static const char *const bad[] = { "", "csrf=", "csrf=wrong", "csrf=adminadmi",
		"csrf=adminadminx", "csrf=vieweradmin", "csrf=operatoroperator", "csrf=ADMINADMIN",
		"csrf=x&csrf=adminadmin", "Csrf=adminadmin" };
	struct passage p;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (pass(&p, &writing,
		        (struct visit){ .cookie = "lazarette=admin", .body = bad[i] }) != REFUSED)
			fail_msg("'%s' was taken", bad[i]);
	/* Control: the right one passes. */
	assert_int_equal(pass(&p, &writing,
	                     (struct visit){ .cookie = "lazarette=admin",
	                         .body = "csrf=adminadmin" }),
	    PASSED);
}

static void
T51_a_post_of_another_site_is_refused_even_with_the_token(void **state)
{
	static const struct {
		const char *site, *origin;
		enum outcome wanted;
	} cases[] = {
		{ "cross-site", NULL, REFUSED },
		{ "same-site", NULL, REFUSED },
		{ "nonsense", NULL, REFUSED },
		{ "cross-site", "https://backup.example.org", REFUSED },
		{ NULL, "https://evil.example", REFUSED },
		{ NULL, "null", REFUSED },
		{ NULL, "http://backup.example.org", REFUSED },
		{ NULL, "https://backup.example.org.evil.example", REFUSED },
		{ "same-origin", NULL, PASSED },
		{ "none", NULL, PASSED },
		{ NULL, "https://backup.example.org", PASSED },
		{ NULL, NULL, PASSED },
	};
	struct passage p;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (pass(&p, &writing,
		        (struct visit){ .cookie = "lazarette=admin",
		            .body = "csrf=adminadmin",
		            .site = cases[i].site,
		            .origin = cases[i].origin }) != cases[i].wanted)
			fail_msg("site %s, origin %s", cases[i].site != NULL ? cases[i].site : "-",
			    cases[i].origin != NULL ? cases[i].origin : "-");
}

/* Behind plain http and another name than public_url, the page says which name it has to be. */
static void
a_refusal_names_the_address_to_use(void **state)
{
	struct passage p;

	(void)state;
	assert_int_equal(pass(&p, &writing,
	    (struct visit){ .cookie = "lazarette=admin",
		.body = "csrf=adminadmin",
		.origin = "http://192.0.2.1:8080" }),
	    REFUSED);
	assert_non_null(strstr(p.why.text, "https://backup.example.org"));
}

static void
T51_a_visitors_form_is_bound_to_its_cookie(void **state)
{
	struct passage p, again;
	const char *token, *cookie;

	(void)state;
	assert_int_equal(pass(&p, &visiting, (struct visit){ .uri = "/login" }), PASSED);
	token = p.rq.csrf;
	assert_int_equal(strlen(token), 43);
	assert_non_null(
	    strstr(p.rp.headers.p, arena_printf(arena, "Set-Cookie: lazarette-form=%s;", token)));
	reply_release(&p.rp);

	/* The cookie is kept while it is good, and made anew when it is not a token. */
	cookie = arena_printf(arena, "lazarette-form=%s", token);
	assert_int_equal(pass(&again, &visiting, (struct visit){ .cookie = cookie }), PASSED);
	assert_string_equal(again.rq.csrf, token);
	assert_int_equal(again.rp.headers.n, 0);
	assert_int_equal(pass(&again, &visiting,
	                     (struct visit){ .cookie = "lazarette-form=short" }),
	    PASSED);
	assert_int_equal(strlen(again.rq.csrf), 43);
	reply_release(&again.rp);

	assert_int_equal(pass(&again, &entering, (struct visit){ .cookie = cookie,
	    .body = arena_printf(arena, "csrf=%s", token) }), PASSED);
	assert_int_equal(pass(&again, &entering,
	                     (struct visit){ .cookie = cookie, .body = "csrf=" }),
	    REFUSED);
	assert_int_equal(pass(&again, &entering,
	                     (struct visit){ .body = arena_printf(arena, "csrf=%s", token) }),
	    REFUSED);
	assert_int_equal(pass(&again, &entering, (struct visit){ .body = "csrf=" }), REFUSED);
	assert_int_equal(pass(&again, &entering,
	                     (struct visit){ .cookie = cookie,
	                         .site = "cross-site",
	                         .body = arena_printf(arena, "csrf=%s", token) }),
	    REFUSED);
}

static void
a_link_is_its_own_token_and_no_cookie_is_read_or_set(void **state)
{
	struct passage p;

	(void)state;
	assert_int_equal(pass(&p, &linking,
	                     (struct visit){ .method = "POST", .cookie = "lazarette=admin" }),
	    PASSED);
	assert_null(p.rq.session);
	assert_string_equal(p.rp.headers.p, "Referrer-Policy: no-referrer\r\n");
	reply_release(&p.rp);
	/* These pages send no referrer, so a browser without Sec-Fetch-Site calls their origin
	 * "null". */
	assert_int_equal(pass(&p, &linking, (struct visit){ .method = "POST", .origin = "null" }),
	    PASSED);
	reply_release(&p.rp);
	assert_int_equal(pass(&p, &linking,
	                     (struct visit){ .method = "POST", .site = "cross-site" }),
	    REFUSED);
	reply_release(&p.rp);
	assert_int_equal(pass(&p, &linking,
	                     (struct visit){ .method = "POST", .origin = "https://evil.example" }),
	    REFUSED);
	reply_release(&p.rp);
}

static void
open_pages_need_no_catalogue(void **state)
{
	struct passage p = { .rq = { .arena = arena, .conf = &conf }, .rp = REPLY_INIT };
	struct visit v = { .uri = "/help", .cookie = "lazarette=admin" };
	struct request_input in = visit_input(&v);
	bool answered;
	int status;

	(void)state;
	assert_int_equal(request_read(&status, &p.rq, &in, &p.why), 0);
	assert_int_equal(gate_pass(&answered, &p.rp, &p.rq, &opening, &p.why), 0);
	assert_false(answered);
	assert_null(p.rq.session);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_visitor_is_sent_to_sign_in_and_back),
		cmocka_unit_test(a_visitors_post_is_answered_with_403),
		cmocka_unit_test(a_session_passes_and_brings_its_token),
		cmocka_unit_test(unknown_and_empty_cookies_are_nobody),
		cmocka_unit_test(a_role_passes_exactly_where_it_has_the_right),
		cmocka_unit_test(T51_a_post_needs_the_token_of_its_own_session),
		cmocka_unit_test(T51_a_post_of_another_site_is_refused_even_with_the_token),
		cmocka_unit_test(a_refusal_names_the_address_to_use),
		cmocka_unit_test(T51_a_visitors_form_is_bound_to_its_cookie),
		cmocka_unit_test(a_link_is_its_own_token_and_no_cookie_is_read_or_set),
		cmocka_unit_test(open_pages_need_no_catalogue),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
