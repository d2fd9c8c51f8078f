/* base_test.c: the lowest floor: errors, memory, text, numbers, ids. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/rand.h"
#include "lib/base/room.h"
#include "lib/base/utf8.h"

static void
an_error_reads_from_the_outside_in(void **state UNUSED)
{
	struct err e;

	errno = ENOENT;
	assert_int_equal(err_sys(&e, "open '%s'", "/x"), -1);
	assert_int_equal(err_in(&e, "part %d", 7), -1);
	assert_string_equal(e.text, "part 7: open '/x': No such file or directory");
	assert_int_equal(e.kind, ERR_INTERNAL);
}

static void
a_full_disk_is_told_apart(void **state UNUSED)
{
	struct err e;

	errno = ENOSPC;
	err_sys(&e, "write");
	assert_int_equal(e.kind, ERR_FULL);
	errno = EDQUOT;
	err_sys(&e, "write");
	assert_int_equal(e.kind, ERR_FULL);
}

/* What needs a file system of its own is in tests/faults/no_inodes_test.py. */
static void
T20_a_quota_and_a_read_only_disk_are_told_as_what_they_are(void **state UNUSED)
{
	struct err e;

	errno = EDQUOT;
	err_sys(&e, "write");
	assert_true(room_tell(&e, -1, "storage main"));
	assert_int_equal(e.kind, ERR_FULL);
	assert_non_null(strstr(e.text, "storage main is full: the worker's quota"));
	errno = EROFS;
	err_sys(&e, "write");
	assert_true(room_tell_folder(&e, "/nowhere"));
	assert_int_equal(e.kind, ERR_FULL);
	assert_non_null(strstr(e.text, "the folder '/nowhere' is read-only: "));
	errno = EIO;
	err_sys(&e, "write");
	assert_false(room_tell(&e, -1, "storage main"));
	assert_string_equal(e.text, "write: Input/output error");
}

static void
an_error_that_grows_too_long_loses_its_end(void **state UNUSED)
{
	char place[300];
	struct err e;

	memset(place, 'p', sizeof place - 1);
	place[sizeof place - 1] = '\0';
	err_set(&e, ERR_INPUT, "the reason");
	for (int i = 0; i < 10; i++)
		err_in(&e, "%s", place);
	assert_int_equal(strlen(e.text), ERR_TEXT_MAX - 1);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_memory_equal(e.text, "pppp", 4);
}

static void
every_kind_of_error_has_its_own_name(void **state UNUSED)
{
	for (int i = 0; i < ERR_KINDS; i++) {
		assert_non_null(err_kind_name((enum err_kind)i));
		for (int j = 0; j < i; j++)
			assert_string_not_equal(err_kind_name((enum err_kind)i),
			    err_kind_name((enum err_kind)j));
	}
	assert_string_equal(err_kind_name(ERR_KINDS), "unknown");
}

static void
arena_memory_is_zeroed_aligned_and_apart(void **state UNUSED)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	char *one = arena_alloc(a, 3), *two = arena_alloc(a, 100000), *three = arena_alloc(a, 1);

	assert_int_equal((uintptr_t)one % 16, 0);
	assert_int_equal((uintptr_t)two % 16, 0);
	for (int i = 0; i < 100000; i++)
		assert_int_equal(two[i], 0);
	memset(two, 'x', 100000);
	assert_int_equal(one[0], 0);
	assert_int_equal(three[0], 0);
}

static void
arena_copies_text_and_bytes(void **state UNUSED)
{
	CLEANUP_ARENA struct arena *a = arena_new();

	assert_null(arena_dup(a, NULL));
	assert_string_equal(arena_dup(a, "abc"), "abc");
	assert_string_equal(arena_dupn(a, "abc", 2), "ab");
	assert_string_equal(arena_printf(a, "%s-%d", "j", 412), "j-412");
}

static void
a_grown_array_keeps_its_elements(void **state UNUSED)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	size_t used = 0, capacity = 0;
	int *items = NULL;

	for (int i = 0; i < 1000; i++) {
		items = arena_grow(a, items, used, &capacity, sizeof *items);
		items[used++] = i;
	}
	for (int i = 0; i < 1000; i++)
		assert_int_equal(items[i], i);
}

static void
a_number_in_a_buffer_is_as_printf_writes_it(void **state UNUSED)
{
	const struct {
		int64_t n;
		int width;
	} numbers[] = { { 0, 0 }, { 7, 9 }, { 999999999, 9 }, { 1234567890, 9 }, { -5, 0 },
		{ -5, 4 }, { INT64_MAX, 0 }, { INT64_MIN, 0 }, { INT64_MIN, 20 }, { 0, 20 } };
	CLEANUP_BUF struct buf got = BUF_INIT;
	char expect[32];

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		buf_clear(&got);
		buf_number(&got, numbers[i].n, numbers[i].width);
		snprintf(expect, sizeof expect, "%0*lld", numbers[i].width,
		    (long long)numbers[i].n);
		assert_string_equal(got.p, expect);
	}
}

/* A text that fits what is written at once, one that just does not, and a long one. */
static void
a_format_of_any_length_is_whole(void **state UNUSED)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	char text[300];

	for (int n = 60; n < 70; n++) {
		memset(text, 'x', sizeof text);
		text[n] = '\0';
		buf_clear(&b);
		buf_printf(&b, "%s", text);
		assert_string_equal(b.p, text);
		assert_int_equal(b.n, n);
	}
	memset(text, 'y', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	buf_printf(&b, "<%s>", text);
	assert_int_equal(b.n, 69 + 301);
}

static void
a_buffer_is_always_a_string(void **state UNUSED)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	assert_string_equal(b.p, "");
	buf_add(&b, "abc", 3);
	buf_char(&b, 'd');
	buf_text(&b, "ef");
	buf_printf(&b, "%d", 42);
	assert_string_equal(b.p, "abcdef42");
	buf_drop(&b, 2);
	assert_string_equal(b.p, "cdef42");
	buf_cut(&b, 4);
	assert_string_equal(b.p, "cdef");
	buf_cut(&b, 400);
	assert_int_equal(b.n, 4);
	buf_clear(&b);
	assert_string_equal(b.p, "");
	buf_release(&b);
	assert_string_equal(b.p, "");
}

static void
a_number_is_digits_within_its_limits(void **state UNUSED)
{
	static const char *const bad[] = { "", " 1", "1 ", "+1", "-1", "0x1", "1.0",
		"9223372036854775808", "99999999999999999999999", "4" };
	int64_t n = 77;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(num_parse(&n, bad[i], 5, INT64_MAX));
	assert_false(num_parse(&n, NULL, 0, 9));
	assert_false(num_parse(&n, "10", 0, 9));
	assert_int_equal(n, 77);
	assert_true(num_parse(&n, "9", 0, 9));
	assert_int_equal(n, 9);
	assert_true(num_parse(&n, "0", 0, 9));
}

static void
sizes_have_three_digits(void **state UNUSED)
{
	static const struct {
		int64_t bytes;
		const char *text;
	} rows[] = {
		{ 0, "0 B" },
		{ 999, "999 B" },
		{ 1000, "1.00 kB" },
		{ 61100000, "61.1 MB" },
		{ 999499, "999 kB" },
		{ 999500, "1.00 MB" },
		{ 9995, "10.0 kB" },
		{ 99949, "99.9 kB" },
		{ 99950, "100 kB" },
		{ 1200000000, "1.20 GB" },
		{ INT64_MAX, "9.22 EB" },
	};
	char text[NUM_TEXT];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		num_size(text, rows[i].bytes);
		assert_string_equal(text, rows[i].text);
	}
}

static void
durations_read_as_people_say_them(void **state UNUSED)
{
	static const struct {
		int64_t ms;
		const char *text;
	} rows[] = {
		{ -5, "0.0 s" },
		{ 0, "0.0 s" },
		{ 449, "0.4 s" },
		{ 9949, "9.9 s" },
		{ 9950, "10 s" },
		{ 59400, "59 s" },
		{ 59500, "1 m 00 s" },
		{ 72000, "1 m 12 s" },
		{ 11100000, "3 h 05 m" },
		{ 353000000, "4 d 2 h" },
	};
	char text[NUM_TEXT];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		num_duration(text, rows[i].ms);
		assert_string_equal(text, rows[i].text);
	}
}

static void
times_are_told_relative_to_now(void **state UNUSED)
{
	static const struct {
		int64_t ago;
		const char *text;
	} rows[] = {
		{ 0, "just now" },
		{ -2000, "in a moment" },
		{ 12000, "12 seconds ago" },
		{ 60000, "1 minute ago" },
		{ 7200000, "2 hours ago" },
		{ -79200000, "in 22 hours" },
		{ 86400000LL * 45, "1 month ago" },
		{ 86400000LL * 800, "2 years ago" },
	};
	char text[NUM_TEXT];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		num_ago(text, 1763690400000 - rows[i].ago, 1763690400000);
		assert_string_equal(text, rows[i].text);
	}
}

static void
dates_are_utc(void **state UNUSED)
{
	char text[NUM_TEXT], iso[CLOCK_ISO_SIZE];

	num_date(text, 1763690400000);
	assert_string_equal(text, "21 Nov 2025, 02:00");
	clock_iso(iso, 1763690400000);
	assert_string_equal(iso, "2025-11-21T02:00:00Z");
	clock_compact(iso, 1763690400000);
	assert_string_equal(iso, "20251121T020000Z");
}

static void
counts_are_grouped(void **state UNUSED)
{
	char text[NUM_TEXT];

	num_count(text, 7);
	assert_string_equal(text, "7");
	num_count(text, 212033);
	assert_string_equal(text, "212\xe2\x80\xaf" "033");
	num_count(text, 1000000);
	assert_string_equal(text, "1\xe2\x80\xaf" "000\xe2\x80\xaf" "000");
}

static void
ids_are_unique_and_sort_by_time(void **state UNUSED)
{
	char one[UUID_SIZE], two[UUID_SIZE];

	rand_uuid(one);
	clock_sleep(3);
	rand_uuid(two);
	assert_int_equal(strlen(one), 36);
	assert_int_equal(one[14], '7');
	assert_true(strchr("89ab", one[19]) != NULL);
	assert_true(strcmp(one, two) < 0);
}

static void
tokens_use_the_whole_alphabet(void **state UNUSED)
{
	int seen[256] = { 0 }, kinds = 0;
	char token[TOKEN_SIZE];

	for (int i = 0; i < 200; i++) {
		rand_token(token);
		assert_int_equal(strlen(token), 43);
		for (const char *p = token; *p != '\0'; p++)
			seen[(unsigned char)*p]++;
	}
	for (int i = 0; i < 256; i++)
		kinds += seen[i] > 0;
	assert_int_equal(kinds, 64);
}

static void
random_numbers_stay_below_their_limit(void **state UNUSED)
{
	int seen[3] = { 0 };

	for (int i = 0; i < 300; i++)
		seen[rand_below(3)]++;
	assert_true(seen[0] > 0 && seen[1] > 0 && seen[2] > 0);
	assert_int_equal(rand_below(1), 0);
}

static void
bad_utf8_is_known(void **state UNUSED)
{
	static const char *const good[] = { "", "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
		"\xed\x9f\xbf", "\xf4\x8f\xbf\xbf" };
	static const char *const bad[] = { "\x80", "\xc3", "\xc0\x80", "\xe0\x80\x80",
		"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff", "a\xe2\x82" };

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(utf8_valid(good[i], strlen(good[i])));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(utf8_valid(bad[i], strlen(bad[i])));
	assert_int_equal(utf8_length("a\xc3\xa9\xf0\x9f\x98\x80"), 3);
	assert_int_equal(utf8_cut("a\xc3\xa9\xf0\x9f\x98\x80", 7), 7);
	for (size_t most = 3; most < 7; most++)
		assert_int_equal(utf8_cut("a\xc3\xa9\xf0\x9f\x98\x80", most), 3);
	assert_int_equal(utf8_cut("a\xc3\xa9", 2), 1);
	assert_int_equal(utf8_cut("\xc3\xa9", 1), 0);
}

static void
cleaned_text_is_valid_and_keeps_what_was_good(void **state UNUSED)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	char bytes[256];
	char *clean;

	assert_string_equal(utf8_clean(a, "a\xff" "b\x1b\n\tc\x7f", 8),
	    "a\xef\xbf\xbd" "b\xef\xbf\xbd\n\tc\xef\xbf\xbd");
	for (int i = 0; i < 256; i++)
		bytes[i] = (char)i;
	clean = utf8_clean(a, bytes, sizeof bytes);
	assert_true(utf8_valid(clean, strlen(clean)));
	assert_non_null(strstr(clean, "ABC"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_reads_from_the_outside_in),
		cmocka_unit_test(a_full_disk_is_told_apart),
		cmocka_unit_test(T20_a_quota_and_a_read_only_disk_are_told_as_what_they_are),
		cmocka_unit_test(an_error_that_grows_too_long_loses_its_end),
		cmocka_unit_test(every_kind_of_error_has_its_own_name),
		cmocka_unit_test(arena_memory_is_zeroed_aligned_and_apart),
		cmocka_unit_test(arena_copies_text_and_bytes),
		cmocka_unit_test(a_grown_array_keeps_its_elements),
		cmocka_unit_test(a_buffer_is_always_a_string),
		cmocka_unit_test(a_number_in_a_buffer_is_as_printf_writes_it),
		cmocka_unit_test(a_format_of_any_length_is_whole),
		cmocka_unit_test(a_number_is_digits_within_its_limits),
		cmocka_unit_test(sizes_have_three_digits),
		cmocka_unit_test(durations_read_as_people_say_them),
		cmocka_unit_test(times_are_told_relative_to_now),
		cmocka_unit_test(dates_are_utc),
		cmocka_unit_test(counts_are_grouped),
		cmocka_unit_test(ids_are_unique_and_sort_by_time),
		cmocka_unit_test(tokens_use_the_whole_alphabet),
		cmocka_unit_test(random_numbers_stay_below_their_limit),
		cmocka_unit_test(bad_utf8_is_known),
		cmocka_unit_test(cleaned_text_is_valid_and_keeps_what_was_good),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
