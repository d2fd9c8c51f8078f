/* templates_test.c: every template, rendered with data of its own and compared byte for byte.
 *
 * tests/data/templates/<template>[.<case>].hdf is rendered by templates/<template>.cs over the
 * common frame.hdf and compared with the .gold beside it. Each template has at least one case, and
 * one named "hostile" whose values try to break out of the markup. LAZARETTE_GOLD=write writes the
 * gold files anew: look at the diff.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/fd.h"
#include "lib/util/render.h"

#define DATA "tests/data/templates"

enum { CASES_MAX = 200, PAGE_MAX = 1 << 20 };

static struct arena *arena;

static bool
ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* The names in a folder with this ending, without it. */
static size_t
list(const char *names[CASES_MAX], const char *folder, const char *end)
{
	struct dirent **found;
	int n = scandir(folder, &found, NULL, by_name);
	size_t count = 0;

	assert_true(n >= 0);
	for (int i = 0; i < n; i++) {
		if (ends_with(found[i]->d_name, end) && count < CASES_MAX)
			names[count++] = arena_dupn(arena, found[i]->d_name,
			    strlen(found[i]->d_name) - strlen(end));
		free(found[i]);
	}
	free(found);
	return count;
}

static void
render_case(struct buf *out, const char *name)
{
	CLEANUP_TREE struct tree *t = tree_new();
	const char *template = arena_printf(arena, "%.*s.cs", (int)strcspn(name, "."), name);
	struct err e;

	if (tree_read(t, DATA "/frame.hdf", &e) != 0 ||
	    tree_read(t, arena_printf(arena, DATA "/%s.hdf", name), &e) != 0 ||
	    render_html(out, "templates", template, t, &e) != 0)
		fail_msg("%s: %s", name, e.text);
}

static void
renders_as_its_gold_file(void **state)
{
	CLEANUP_BUF struct buf page = BUF_INIT, gold = BUF_INIT;
	const char *name = *state, *path = arena_printf(arena, DATA "/%s.gold", name);
	struct err e;

	render_case(&page, name);
	if (getenv("LAZARETTE_GOLD") != NULL && fd_put_file(path, page.p, page.n, 0644, &e) != 0)
		fail_msg("%s", e.text);
	if (fd_read_file(&gold, path, PAGE_MAX, &e) != 0)
		fail_msg("%s: %s", name, e.text);
	assert_string_equal(page.p, gold.p);
}

/* Every value of the data has been escaped, wherever it landed: no tag and no attribute of theirs
 * is left. */
static void
keeps_hostile_values_inert(void **state)
{
	static const char *const signs[] = { "<script>alert", "<img", "<b>", "<i>", "<u>", "\" on",
		"</code><s", "<?cs", "onerror=alert(1)>", "javascript:" };
	CLEANUP_BUF struct buf page = BUF_INIT;

	render_case(&page, *state);
	for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
		if (strstr(page.p, signs[i]) != NULL)
			fail_msg("%s: '%s' reached the page", (const char *)*state, signs[i]);
}

static void
every_template_has_a_plain_and_a_hostile_case(void **state)
{
	static const char *const parts[] = { "head", "foot", "macros" };
	const char *templates[CASES_MAX];
	size_t count = list(templates, "templates", ".cs");

	(void)state;
	assert_true(count > 5);
	for (size_t i = 0; i < count; i++) {
		/* A part is printed by the pages that include it. */
		bool part = strncmp(templates[i], "part_", strlen("part_")) == 0;

		for (size_t j = 0; j < sizeof parts / sizeof parts[0]; j++)
			part = part || strcmp(templates[i], parts[j]) == 0;
		if (part)
			continue;
		if (access(arena_printf(arena, DATA "/%s.hdf", templates[i]), R_OK) != 0)
			fail_msg("templates/%s.cs has no data: write " DATA "/%s.hdf", templates[i],
			    templates[i]);
		if (access(arena_printf(arena, DATA "/%s.hostile.hdf", templates[i]), R_OK) != 0)
			fail_msg("templates/%s.cs has no hostile data: write " DATA
			         "/%s.hostile.hdf",
			    templates[i], templates[i]);
	}
}

/* Control: the signs are found in a page that escapes nothing. */
static void
an_unescaped_page_would_be_noticed(void **state)
{
	CLEANUP_TREE struct tree *t = tree_new();
	CLEANUP_BUF struct buf page = BUF_INIT;
	struct err e;

	(void)state;
	assert_int_equal(tree_read(t, DATA "/frame.hdf", &e), 0);
	assert_int_equal(tree_read(t, DATA "/error.hostile.hdf", &e), 0);
	assert_int_equal(render_text(&page, "templates", "error.cs", t, &e), 0);
	assert_non_null(strstr(page.p, "<script>alert"));
}

int
main(void)
{
	struct CMUnitTest tests[2 * CASES_MAX + 2];
	const char *cases[CASES_MAX];
	size_t count, n = 0;
	int failed;

	arena = arena_new();
	memset(tests, 0, sizeof tests);
	count = list(cases, DATA, ".hdf");
	for (size_t i = 0; i < count; i++) {
		char *name = arena_dup(arena, cases[i]);

		if (strcmp(name, "frame") == 0)
			continue;
		tests[n++] =
		    (struct CMUnitTest){ arena_printf(arena, "renders_as_its_gold_file: %s", name),
			    renders_as_its_gold_file, NULL, NULL, name };
		if (ends_with(name, ".hostile"))
			tests[n++] =
			    (struct CMUnitTest){ arena_printf(arena,
				                     "keeps_hostile_values_inert: %s", name),
				    keeps_hostile_values_inert, NULL, NULL, name };
	}
	tests[n++] =
	    (struct CMUnitTest)cmocka_unit_test(every_template_has_a_plain_and_a_hostile_case);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(an_unescaped_page_would_be_noticed);
	failed = _cmocka_run_group_tests("templates", tests, n, NULL, NULL);
	arena_free(arena);
	return failed;
}
