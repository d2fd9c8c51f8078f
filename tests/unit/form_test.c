/* form_test.c: urlencoded pairs, as browsers send them and as others do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cgi/http/form.h"

static struct arena *arena;

static int
parse(struct params *p, const char *text)
{
	struct err e;

	return form_parse(p, arena, text, strlen(text), &e);
}

static void
reads_pairs_in_their_order(void **state)
{
	struct params p;

	(void)state;
	assert_int_equal(parse(&p, "services=database&services=media&note=before+2.4"), 0);
	assert_int_equal(p.count, 3);
	assert_string_equal(p.items[0].name, "services");
	assert_string_equal(p.items[0].value, "database");
	assert_string_equal(p.items[1].value, "media");
	assert_string_equal(p.items[2].value, "before 2.4");
}

static void
takes_names_without_a_value_and_skips_empty_pairs(void **state)
{
	struct params p;

	(void)state;
	assert_int_equal(parse(&p, "&&a&b=&=c&"), 0);
	assert_int_equal(p.count, 3);
	assert_string_equal(p.items[0].name, "a");
	assert_string_equal(p.items[0].value, "");
	assert_string_equal(p.items[1].value, "");
	assert_string_equal(p.items[2].name, "");
	assert_string_equal(p.items[2].value, "c");
	assert_int_equal(parse(&p, ""), 0);
	assert_int_equal(p.count, 0);
}

static void
keeps_equals_signs_of_the_value(void **state)
{
	struct params p;

	(void)state;
	assert_int_equal(parse(&p, "a=b=c%3Dd"), 0);
	assert_string_equal(p.items[0].value, "b=c=d");
}

static void
decodes_utf8_and_keeps_markup_as_text(void **state)
{
	struct params p;

	(void)state;
	assert_int_equal(parse(&p, "n=%E2%82%AC+%3Cscript%3E&%C3%A4=1"), 0);
	assert_string_equal(p.items[0].value, "\xe2\x82\xac <script>");
	assert_string_equal(p.items[1].name, "\xc3\xa4");
}

static void
makes_every_line_end_a_newline(void **state)
{
	struct params p;

	(void)state;
	assert_int_equal(parse(&p, "n=a%0D%0Ab%0Dc%0Ad%0D"), 0);
	assert_string_equal(p.items[0].value, "a\nb\nc\nd\n");
}

static void
refuses_what_is_not_text_with_400(void **state)
{
	static const char *const bad[] = { "a=%", "a=%4", "a=%zz", "a=%00", "%00=a", "a=%ff",
		"a=%C3", "a=%ED%A0%80", "a=%C0%AF", "a=\xff", "a=%F5%80%80%80" };
	struct params p;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(parse(&p, bad[i]), 400);
}

static void
refuses_the_201st_field_with_413(void **state)
{
	char text[2 * 201 + 1];
	struct params p;

	(void)state;
	for (size_t i = 0; i < 201; i++)
		memcpy(text + 2 * i, "a&", 2);
	text[2 * 200] = '\0';
	assert_int_equal(parse(&p, text), 0);
	assert_int_equal(p.count, 200);
	text[2 * 200] = 'a';
	text[2 * 201] = '\0';
	assert_int_equal(parse(&p, text), 413);
}

static void
leaves_the_result_alone_when_it_refuses(void **state)
{
	struct params p = { NULL, 77 };

	(void)state;
	assert_int_equal(parse(&p, "ok=1&a=%zz"), 400);
	assert_int_equal(p.count, 77);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_pairs_in_their_order),
		cmocka_unit_test(takes_names_without_a_value_and_skips_empty_pairs),
		cmocka_unit_test(keeps_equals_signs_of_the_value),
		cmocka_unit_test(decodes_utf8_and_keeps_markup_as_text),
		cmocka_unit_test(makes_every_line_end_a_newline),
		cmocka_unit_test(refuses_what_is_not_text_with_400),
		cmocka_unit_test(refuses_the_201st_field_with_413),
		cmocka_unit_test(leaves_the_result_alone_when_it_refuses),
	};
	int failed;

	arena = arena_new();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_free(arena);
	return failed;
}
