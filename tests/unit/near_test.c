/* near_test.c: did you mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/base/attr.h"
#include "lib/util/near.h"

static void
a_distance_counts_letters_added_lost_and_changed(void **state UNUSED)
{
	assert_int_equal(near_distance("", ""), 0);
	assert_int_equal(near_distance("doctor", "doctor"), 0);
	assert_int_equal(near_distance("doctr", "doctor"), 1);
	assert_int_equal(near_distance("docttor", "doctor"), 1);
	assert_int_equal(near_distance("doktor", "doctor"), 1);
	assert_int_equal(near_distance("", "abc"), 3);
	assert_int_equal(near_distance("kitten", "sitting"), 3);
	assert_int_equal(near_distance("sitting", "kitten"), 3);
}

static void
words_too_long_to_compare_are_far_from_everything(void **state UNUSED)
{
	static const char endless[] =
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	static const char *const words[] = { endless };

	assert_int_equal(near_distance(endless, endless), 48);
	assert_null(near_word(words, 1, endless));
}

static void
only_a_word_nearer_than_half_is_proposed(void **state UNUSED)
{
	static const char *const words[] = { "init", "setup-code", "doctor" };

	assert_string_equal(near_word(words, 3, "doctr"), "doctor");
	assert_string_equal(near_word(words, 3, "setup_code"), "setup-code");
	assert_string_equal(near_word(words, 3, "int"), "init");
	assert_null(near_word(words, 3, "backup"));
	assert_null(near_word(words, 3, "x"));
	assert_null(near_word(words, 0, "init"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_distance_counts_letters_added_lost_and_changed),
		cmocka_unit_test(words_too_long_to_compare_are_far_from_everything),
		cmocka_unit_test(only_a_word_nearer_than_half_is_proposed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
