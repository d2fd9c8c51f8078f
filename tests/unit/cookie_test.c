/* cookie_test.c: the Cookie header, also as other programs on the host fill it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cgi/http/cookie.h"
#include "lib/base/buf.h"

static struct arena *arena;

static void
reads_pairs_and_trims_the_space_around_them(void **state)
{
	struct params p;

	(void)state;
	cookie_parse(&p, arena, "lazarette=abc; theme = dark ;x=1");
	assert_int_equal(p.count, 3);
	assert_string_equal(p.items[0].name, "lazarette");
	assert_string_equal(p.items[0].value, "abc");
	assert_string_equal(p.items[1].name, "theme");
	assert_string_equal(p.items[1].value, "dark");
	assert_string_equal(p.items[2].value, "1");
}

static void
keeps_duplicates_in_their_order(void **state)
{
	struct params p;

	(void)state;
	cookie_parse(&p, arena, "a=1; a=2");
	assert_int_equal(p.count, 2);
	assert_string_equal(p.items[0].value, "1");
	assert_string_equal(p.items[1].value, "2");
}

static void
skips_what_is_not_a_pair_of_text(void **state)
{
	struct params p;

	(void)state;
	cookie_parse(&p, arena, ";;; =x; nothing; bad=\xff\xfe; good=a=b; \t ;");
	assert_int_equal(p.count, 1);
	assert_string_equal(p.items[0].name, "good");
	assert_string_equal(p.items[0].value, "a=b");
	cookie_parse(&p, arena, "");
	assert_int_equal(p.count, 0);
}

static void
stops_after_fifty(void **state)
{
	CLEANUP_BUF struct buf header = BUF_INIT;
	struct params p;

	(void)state;
	for (int i = 0; i < 80; i++)
		buf_printf(&header, "c%d=v; ", i);
	cookie_parse(&p, arena, header.p);
	assert_int_equal(p.count, COOKIES_MAX);
	assert_string_equal(p.items[COOKIES_MAX - 1].name, "c49");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_pairs_and_trims_the_space_around_them),
		cmocka_unit_test(keeps_duplicates_in_their_order),
		cmocka_unit_test(skips_what_is_not_a_pair_of_text),
		cmocka_unit_test(stops_after_fifty),
	};
	int failed;

	arena = arena_new();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_free(arena);
	return failed;
}
