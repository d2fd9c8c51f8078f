/* page_test.c: the frame, form faults, and the page of each kind of failure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cgi/page/page.h"

static struct arena *arena;
static struct conf conf = { .templates = "templates", .public_url = "http://localhost" };

static struct request
request_to(const char *path)
{
	return (struct request){ .arena = arena,
		.conf = &conf,
		.path = path,
		.csrf = "token",
		.id = "0123456789abcdef",
		.now = 1795226400000 };
}

static void
a_page_knows_its_person_and_rights(void **state)
{
	struct session session = {
		.account = { .email = "op@example.org", .name = "Op", .role = ROLE_OPERATOR }
	};
	struct request rq = request_to("/p/shop/live/backups");
	CLEANUP_PAGE struct page p;

	(void)state;
	rq.session = &session;
	page_begin(&p, &rq, "error.cs", "Backups");
	assert_string_equal(node_get(p.root, "page.title"), "Backups");
	assert_string_equal(node_get(p.root, "page.section"), "projects");
	assert_string_equal(node_get(p.root, "page.user.email"), "op@example.org");
	assert_string_equal(node_get(p.root, "page.csrf"), "token");
	assert_string_equal(node_get(p.root, "page.may.backup"), "1");
	assert_null(node_get(p.root, "page.may.administer"));
	assert_int_equal(strlen(node_get(p.root, "page.key")), 43);
}

static void
two_pages_never_share_an_idempotency_key(void **state)
{
	struct request rq = request_to("/");
	CLEANUP_PAGE struct page a, b;

	(void)state;
	page_begin(&a, &rq, "error.cs", "A");
	page_begin(&b, &rq, "error.cs", "B");
	assert_string_not_equal(node_get(a.root, "page.key"), node_get(b.root, "page.key"));
}

static void
only_known_words_become_a_message(void **state)
{
	struct param known = { "said", "kept" }, unknown = { "said", "<b>You have won</b>" };
	struct request rq = request_to("/");
	CLEANUP_PAGE struct page a, b, c;

	(void)state;
	rq.query = (struct params){ &known, 1 };
	page_begin(&a, &rq, "error.cs", "A");
	assert_non_null(strstr(node_get(a.root, "page.flash"), "Kept."));
	/* Shown for whatever reason no mail goes out, so it is true of each. */
	known.value = "asked-lately";
	page_begin(&c, &rq, "error.cs", "C");
	assert_non_null(strstr(node_get(c.root, "page.flash"), "under way"));
	assert_non_null(strstr(node_get(c.root, "page.flash"), "was answered"));
	rq.query = (struct params){ &unknown, 1 };
	page_begin(&b, &rq, "error.cs", "B");
	assert_null(node_get(b.root, "page.flash"));
}

static void
form_faults_stand_in_the_box_and_beside_the_field(void **state)
{
	static const struct field_error faults[] = {
		{ "note", "Note is 612 characters; the limit is 500." }, { "", "As a whole." }
	};
	CLEANUP_REPLY struct reply rp = REPLY_INIT;
	struct request rq = request_to("/");
	CLEANUP_PAGE struct page p;

	(void)state;
	page_begin(&p, &rq, "error.cs", "Create backup");
	page_errors(&p, &rp, faults, 2);
	assert_int_equal(rp.status, 422);
	assert_string_equal(node_get(p.root, "page.failed"), "1");
	assert_string_equal(node_get(p.root, "page.errors.0.field"), "note");
	assert_string_equal(node_get(p.root, "page.errors.0.text"), faults[0].text);
	assert_string_equal(node_get(p.root, "note.error"), faults[0].text);
	assert_null(node_get(p.root, "page.errors.1.field"));
}

static void
an_environment_has_crumbs_and_tabs(void **state)
{
	struct environment v = { .slug = "live",
		.name = "Live",
		.kind = ENV_LIVE,
		.project_slug = "shop",
		.project_name = "Shop" };
	struct request rq = request_to("/p/shop/live/backups");
	CLEANUP_PAGE struct page p;

	(void)state;
	page_begin(&p, &rq, "error.cs", "Backups");
	page_environment(&p, &rq, &v, "restores");
	assert_string_equal(node_get(p.root, "page.crumbs.1.href"), "/p/shop");
	assert_string_equal(node_get(p.root, "page.env.href"), "/p/shop/live");
	assert_string_equal(node_get(p.root, "page.env.tabs.0.href"), "/p/shop/live");
	assert_null(node_get(p.root, "page.env.tabs.0.current"));
	assert_string_equal(node_get(p.root, "page.env.tabs.1.href"), "/p/shop/live/backups");
	assert_string_equal(node_get(p.root, "page.env.tabs.2.current"), "1");
}

static void
times_and_sizes_are_words_with_the_exact_value_beside(void **state)
{
	CLEANUP_TREE struct tree *t = tree_new();

	(void)state;
	page_time(tree_root(t), "taken", 1795226400000, 1795226400000 + 7200000);
	assert_non_null(strstr(node_get(tree_root(t), "taken.iso"), "T"));
	assert_string_equal(node_get(tree_root(t), "taken.ago"), "2 hours ago");
	page_time(tree_root(t), "never", 0, 1);
	assert_null(node_get(tree_root(t), "never.iso"));
	page_size(tree_root(t), "size", 75312004);
	assert_string_equal(node_get(tree_root(t), "size.text"), "75.3 MB");
	assert_null(strstr(node_get(tree_root(t), "size.bytes"), "M"));
}

static void
every_kind_of_failure_has_its_status_and_page(void **state)
{
	static const struct {
		enum err_kind kind;
		int status;
	} cases[] = {
		{ ERR_INTERNAL, 500 },
		{ ERR_INPUT, 422 },
		{ ERR_DENIED, 403 },
		{ ERR_NOT_FOUND, 404 },
		{ ERR_CONFLICT, 409 },
		{ ERR_GONE, 410 },
		{ ERR_TOO_MANY, 429 },
		{ ERR_BUSY, 503 },
		{ ERR_FULL, 503 },
		{ ERR_DAMAGED, 500 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		CLEANUP_REPLY struct reply rp = REPLY_INIT;
		struct request rq = request_to("/x");
		struct err why;

		err_set(&why, cases[i].kind, "the <canary> of '%s'", err_kind_name(cases[i].kind));
		buf_text(&rp.body, "half a page");
		page_error(&rp, &rq, &why);
		assert_int_equal(rp.status, cases[i].status);
		assert_null(strstr(rp.body.p, "half a page"));
		assert_null(strstr(rp.body.p, "<canary>"));
		assert_non_null(strstr(rp.body.p, "0123456789abcdef"));
		/* A fault of ours tells nothing of the inside; every other one says what happened,
		 * as a sentence. */
		if (rp.status == 500)
			assert_null(strstr(rp.body.p, "canary"));
		else
			assert_non_null(strstr(rp.body.p,
			    arena_printf(arena, "The &lt;canary&gt; of &#39;%s&#39;.",
			        err_kind_name(cases[i].kind))));
		if (rp.status == 503)
			assert_non_null(strstr(rp.headers.p, "Retry-After: "));
	}
}

static void
refusals_without_a_kind_have_pages_too(void **state)
{
	static const int statuses[] = { 400, 405, 413, 415 };

	(void)state;
	for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
		CLEANUP_REPLY struct reply rp = REPLY_INIT;
		struct request rq = request_to("/x");

		page_refuse(&rp, &rq, statuses[i], "No.");
		assert_int_equal(rp.status, statuses[i]);
		assert_non_null(strstr(rp.body.p, "<h1>"));
	}
}

static void
missing_templates_still_give_an_answer(void **state)
{
	CLEANUP_REPLY struct reply rp = REPLY_INIT;
	struct conf broken = { .templates = "/nonexistent", .public_url = "http://localhost" };
	struct request rq = request_to("/x");

	(void)state;
	rq.conf = &broken;
	page_refuse(&rp, &rq, 404, "Nothing here.");
	assert_int_equal(rp.status, 404);
	assert_string_equal(rp.body.p, "Not found");
	assert_string_equal(rp.content_type, "text/plain; charset=utf-8");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_knows_its_person_and_rights),
		cmocka_unit_test(two_pages_never_share_an_idempotency_key),
		cmocka_unit_test(only_known_words_become_a_message),
		cmocka_unit_test(form_faults_stand_in_the_box_and_beside_the_field),
		cmocka_unit_test(an_environment_has_crumbs_and_tabs),
		cmocka_unit_test(times_and_sizes_are_words_with_the_exact_value_beside),
		cmocka_unit_test(every_kind_of_failure_has_its_status_and_page),
		cmocka_unit_test(refusals_without_a_kind_have_pages_too),
		cmocka_unit_test(missing_templates_still_give_an_answer),
	};
	int failed;

	arena = arena_new();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_free(arena);
	return failed;
}
