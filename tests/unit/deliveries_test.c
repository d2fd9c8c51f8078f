/* deliveries_test.c: what nginx says it has sent is read strictly (DIV-16). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "worker/deliveries.h"

static const char head[] = "<190>Nov 21 02:00:00 lazarette: ";

static bool
parse(struct delivery *d, char address[DELIVERY_ADDRESS_SIZE], const char *rest)
{
	char line[512];

	snprintf(line, sizeof line, "%s%s", head, rest);
	return deliveries_parse(d, address, line, strlen(line));
}

static void
reads_a_whole_delivery(void **state UNUSED)
{
	char address[DELIVERY_ADDRESS_SIZE];
	struct delivery d;

	assert_true(parse(&d, address, "12:34 200 5000000000 192.0.2.7"));
	assert_int_equal(d.link, 12);
	assert_int_equal(d.file, 34);
	assert_int_equal(d.bytes, 5000000000);
	assert_string_equal(d.address, "192.0.2.7");
}

static void
reads_a_range_and_an_ipv6_address_and_a_final_newline(void **state UNUSED)
{
	char address[DELIVERY_ADDRESS_SIZE];
	struct delivery d;

	assert_true(parse(&d, address, "1:2 206 0 2001:db8::1\n"));
	assert_int_equal(d.bytes, 0);
	assert_string_equal(d.address, "2001:db8::1");
	assert_true(parse(&d, address, "1:2 200 7 unix:"));
}

static void
counts_nothing_that_was_not_delivered(void **state UNUSED)
{
	char address[DELIVERY_ADDRESS_SIZE];
	struct delivery d;

	assert_false(parse(&d, address, "1:2 404 153 192.0.2.7"));
	assert_false(parse(&d, address, "1:2 304 0 192.0.2.7"));
	assert_false(parse(&d, address, "1:2 416 0 192.0.2.7"));
}

static void
refuses_everything_else(void **state UNUSED)
{
	static const char *const bad[] = {
		"",
		"1:2",
		"1:2 200",
		"1:2 200 5",
		"1:2 200 5 ",
		"1:2  200 5 192.0.2.7",
		"-1:2 200 5 192.0.2.7",
		"1:-2 200 5 192.0.2.7",
		"1:2 200 -5 192.0.2.7",
		"1:2 200 5x 192.0.2.7",
		"0:2 200 5 192.0.2.7",
		"1:0 200 5 192.0.2.7",
		"1 2 200 5 192.0.2.7",
		"1:2 200 5 192.0.2.7 more",
		"1:2 200 5 <script>",
		"1:2 200 99999999999999999999 192.0.2.7",
		"- 200 5 192.0.2.7",
		"1:2 200 5 192.0.2.7\n\n",
		"1:2 200 5 0123456789.0123456789.0123456789.0123456789.0123456789.0123456789",
	};
	char address[DELIVERY_ADDRESS_SIZE];
	struct delivery d;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (parse(&d, address, bad[i]))
			fail_msg("took '%s'", bad[i]);
	assert_false(deliveries_parse(&d, address, "1:2 200 5 192.0.2.7", 19));
	assert_false(deliveries_parse(&d, address, "<190>x nginx: 1:2 200 5 192.0.2.7", 33));
	assert_false(deliveries_parse(&d, address, "", 0));
}

static void
refuses_a_nul_and_a_line_that_is_too_long(void **state UNUSED)
{
	char line[4096], address[DELIVERY_ADDRESS_SIZE];
	struct delivery d;
	int n = snprintf(line, sizeof line, "%s1:2 200 5 192.0.2.7", head);

	line[n] = '\0';
	assert_false(deliveries_parse(&d, address, line, (size_t)n + 1));
	assert_true(deliveries_parse(&d, address, line, (size_t)n));
	memset(line, 'a', sizeof line);
	line[0] = '<';
	assert_false(deliveries_parse(&d, address, line, sizeof line));
}

/* Every cut and every changed byte of a good line either gives the same meaning or nothing; none is
 * read past its end. */
static void
survives_cuts_and_changed_bytes(void **state UNUSED)
{
	char good[128], line[128], address[DELIVERY_ADDRESS_SIZE];
	int n = snprintf(good, sizeof good, "%s12:34 200 12345 192.0.2.7", head);
	struct delivery d;
	int taken = 0;

	for (int cut = 0; cut < n - 8; cut++)
		assert_false(deliveries_parse(&d, address, good, (size_t)cut));
	for (int i = 0; i < n; i++)
		for (int c = 0; c < 256; c++) {
			memcpy(line, good, (size_t)n);
			line[i] = (char)c;
			if (!deliveries_parse(&d, address, line, (size_t)n))
				continue;
			taken++;
			assert_true(d.link > 0 && d.file > 0 && d.bytes >= 0);
			assert_true(strlen(d.address) < DELIVERY_ADDRESS_SIZE);
		}
	assert_true(taken > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_whole_delivery),
		cmocka_unit_test(reads_a_range_and_an_ipv6_address_and_a_final_newline),
		cmocka_unit_test(counts_nothing_that_was_not_delivered),
		cmocka_unit_test(refuses_everything_else),
		cmocka_unit_test(refuses_a_nul_and_a_line_that_is_too_long),
		cmocka_unit_test(survives_cuts_and_changed_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
