/* route_test.c: the table of routes and how a path finds its row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cgi/route.h"

static struct arena *arena;

static const struct route *
find(struct request *rq, int *status, enum method method, const char *path)
{
	*rq = (struct request){ .arena = arena, .method = method, .path = path };
	return route_find(status, rq);
}

static void
finds_a_row_by_path_and_method(void **state)
{
	struct request rq;
	const struct route *rt;
	int status;

	(void)state;
	rt = find(&rq, &status, METHOD_GET, "/login");
	assert_non_null(rt);
	assert_string_equal(rt->pattern, "/login");
	assert_int_equal(rt->method, METHOD_GET);
	rt = find(&rq, &status, METHOD_POST, "/login");
	assert_non_null(rt);
	assert_int_equal(rt->method, METHOD_POST);
}

static void
head_is_answered_by_the_get_row(void **state)
{
	struct request rq;
	const struct route *rt;
	int status;

	(void)state;
	rt = find(&rq, &status, METHOD_HEAD, "/login");
	assert_non_null(rt);
	assert_int_equal(rt->method, METHOD_GET);
	assert_null(find(&rq, &status, METHOD_HEAD, "/logout"));
	assert_int_equal(status, 405);
}

static void
braces_give_their_segment(void **state)
{
	struct request rq;
	int status;

	(void)state;
	assert_non_null(find(&rq, &status, METHOD_GET, "/help/backups"));
	assert_string_equal(rq.args[0], "backups");
	assert_null(rq.args[1]);
	/* A segment is whatever stands between two slashes, but never nothing. */
	assert_null(find(&rq, &status, METHOD_GET, "/help/"));
	assert_int_equal(status, 404);
}

static void
unknown_paths_are_404_and_wrong_methods_405(void **state)
{
	static const char *const nowhere[] = { "/nowhere", "/login/", "/login/x/y", "/Login",
		"/help/a/b/c", "/h", "/healthz/x" };
	struct request rq;
	int status;

	(void)state;
	for (size_t i = 0; i < sizeof nowhere / sizeof nowhere[0]; i++) {
		assert_null(find(&rq, &status, METHOD_GET, nowhere[i]));
		assert_int_equal(status, 404);
	}
	assert_null(find(&rq, &status, METHOD_POST, "/healthz"));
	assert_int_equal(status, 405);
	assert_string_equal(route_methods(&rq), "GET, HEAD");
	assert_null(find(&rq, &status, METHOD_OTHER, "/login"));
	assert_int_equal(status, 405);
	assert_string_equal(route_methods(&rq), "GET, HEAD, POST");
	assert_null(find(&rq, &status, METHOD_GET, "/logout"));
	assert_int_equal(status, 405);
	assert_string_equal(route_methods(&rq), "POST");
}

/* Each pattern, its braces filled with a word that nothing else is called, finds its own row again.
 */
static void
every_row_is_reached_by_its_own_path(void **state)
{
	const struct route *rows;
	size_t count;

	(void)state;
	rows = route_table(&count);
	for (size_t i = 0; i < count; i++) {
		char path[200];
		struct request rq;
		size_t n = 0;
		int status;

		for (const char *p = rows[i].pattern; *p != '\0'; p++) {
			if (*p == '{') {
				path[n++] = 'x';
				p += strcspn(p, "}");
			} else {
				path[n++] = *p;
			}
		}
		path[n] = '\0';
		if (find(&rq, &status, rows[i].method, path) != &rows[i])
			fail_msg("%s leads somewhere else", rows[i].pattern);
	}
}

/* What changes something is a POST with a guard; what is public asks for no right. */
static void
every_row_is_guarded(void **state)
{
	const struct route *rows;
	size_t count;

	(void)state;
	rows = route_table(&count);
	assert_true(count > 5);
	for (size_t i = 0; i < count; i++) {
		const struct route *r = &rows[i];

		assert_true(r->method == METHOD_GET || r->method == METHOD_POST);
		assert_true(r->pattern[0] == '/');
		assert_non_null(r->run);
		assert_true((r->right == RIGHT_NONE) == (r->guard != GUARD_SESSION));
		assert_false(r->method == METHOD_POST && r->guard == GUARD_OPEN);
		assert_true(strlen(route_guard_name(r->guard)) > 0);
		for (size_t j = 0; j < i; j++)
			assert_false(rows[j].method == r->method &&
			    strcmp(rows[j].pattern, r->pattern) == 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_a_row_by_path_and_method),
		cmocka_unit_test(head_is_answered_by_the_get_row),
		cmocka_unit_test(braces_give_their_segment),
		cmocka_unit_test(unknown_paths_are_404_and_wrong_methods_405),
		cmocka_unit_test(every_row_is_reached_by_its_own_path),
		cmocka_unit_test(every_row_is_guarded),
	};
	int failed;

	arena = arena_new();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_free(arena);
	return failed;
}
