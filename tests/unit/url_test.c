/* url_test.c: percent-encoding both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "lib/util/url.h"

static void
encodes_everything_but_the_unreserved(void **state UNUSED)
{
	CLEANUP_ARENA struct arena *a = arena_new();

	assert_string_equal(url_encode(a, "AZaz09-._~"), "AZaz09-._~");
	assert_string_equal(url_encode(a, "a b/c"), "a%20b%2Fc");
	assert_string_equal(url_encode(a, "?#[]@!$&'()*+,;=%\""),
	    "%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D%25%22");
	assert_string_equal(url_encode(a, "\r\n\x01\x7f\xc3\xa9"), "%0D%0A%01%7F%C3%A9");
	assert_string_equal(url_encode(a, ""), "");
}

static void
keeps_the_slashes_of_a_path_only(void **state UNUSED)
{
	CLEANUP_ARENA struct arena *a = arena_new();

	assert_string_equal(url_encode_path(a, "/d3/shop live.tar"), "/d3/shop%20live.tar");
	assert_string_equal(url_encode_path(a, "a?b#c%d"), "a%3Fb%23c%25d");
}

static void
reads_a_plus_as_a_space_only_in_forms(void **state UNUSED)
{
	CLEANUP_ARENA struct arena *a = arena_new();

	assert_string_equal(url_decode(a, "a+b%20c", 7, true), "a b c");
	assert_string_equal(url_decode(a, "a+b%20c", 7, false), "a+b c");
	assert_string_equal(url_decode(a, "%2b%2B", 6, true), "++");
}

static void
refuses_a_bad_escape(void **state UNUSED)
{
	static const char *const bad[] = { "%", "%4", "a%", "%g0", "%0g", "%%20", "% 1", "%-1" };
	CLEANUP_ARENA struct arena *a = arena_new();

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_null(url_decode(a, bad[i], strlen(bad[i]), true));
	/* The escape lies behind the end that was given. */
	assert_null(url_decode(a, "%41", 2, true));
}

static void
refuses_a_nul_in_any_spelling(void **state UNUSED)
{
	CLEANUP_ARENA struct arena *a = arena_new();

	assert_null(url_decode(a, "a%00b", 5, true));
	assert_null(url_decode(a, "a\0b", 3, true));
}

static void
decodes_what_it_encoded(void **state UNUSED)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	char all[256];
	char *text;

	for (int i = 0; i < 255; i++)
		all[i] = (char)(i + 1);
	all[255] = '\0';
	text = url_encode(a, all);
	assert_string_equal(url_decode(a, text, strlen(text), true), all);
	assert_string_equal(url_decode(a, text, strlen(text), false), all);
}

static void
a_decoded_control_character_is_no_escape_of_ours(void **state UNUSED)
{
	CLEANUP_ARENA struct arena *a = arena_new();

	/* T48: what comes decoded from outside is encoded again before it reaches a header. */
	assert_string_equal(url_encode(a, url_decode(a, "x%0d%0aSet-Cookie:1", 19, true)),
	    "x%0D%0ASet-Cookie%3A1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encodes_everything_but_the_unreserved),
		cmocka_unit_test(keeps_the_slashes_of_a_path_only),
		cmocka_unit_test(reads_a_plus_as_a_space_only_in_forms),
		cmocka_unit_test(refuses_a_bad_escape),
		cmocka_unit_test(refuses_a_nul_in_any_spelling),
		cmocka_unit_test(decodes_what_it_encoded),
		cmocka_unit_test(a_decoded_control_character_is_no_escape_of_ours),
	};

	return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
