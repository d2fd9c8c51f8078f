/* sftp_ls_test.c: lists of folders as servers write them for people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "lib/base/attr.h"
#include "lib/util/sftp_ls.h"

/* 2026-11-29 12:00 UTC */
#define NOW 1795953600000
enum { DAY_MS = 86400000 };

static bool
reads(struct sftp_entry *out, const char *text)
{
	static char line[400];

	snprintf(line, sizeof line, "%s", text);
	return sftp_ls_read(out, line, NOW);
}

static void
lines_of_several_servers_are_read(void **state UNUSED)
{
	static const struct {
		const char *line, *name;
		bool folder;
		int64_t bytes, days;         /* days: how old; 0: to be asked for */
	} lines[] = {
		{ "-rw-------    1 root     root       300000 Nov 20 04:49 b1-x.json", "b1-x.json",
		    false, 300000, 9 },
		{ "-rw-------    ? 1000     1000            0 Nov 29 04:49 .a.7.tmp", ".a.7.tmp",
		    false, 0, 0 },
		{ "drwx------    2 backup   backup       4096 Jan  3  2025 shop", "shop", true,
		    4096, 695 },
		{ "-rw-r--r--   1 Domain Users some one 17 Dec 31 23:59 one", "one", false, 17,
		    333 },
		/* The clock of the server is ahead, or its zone is. */
		{ "-rw------- 1 0 0 1099511627776 Nov 30 02:00 x", "x", false, (int64_t)1 << 40,
		    0 },
		/* Written in another way: the name at least. */
		{ "-rw------- 1 0 0 5 2026-11-20 04:49 x", "x", false, -1, 0 },
		{ "-rw------- 1 0 0 -5 Nov 20 04:49 x", "x", false, -1, 0 },
		{ "- x", "x", false, -1, 0 },
	};
	struct sftp_entry e;

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		assert_true(reads(&e, lines[i].line));
		assert_string_equal(e.name, lines[i].name);
		assert_int_equal(e.folder, lines[i].folder);
		assert_int_equal(e.bytes, lines[i].bytes);
		if (lines[i].days == 0)
			assert_int_equal(e.changed_at, 0);
		else
			assert_in_range(e.changed_at, NOW - (lines[i].days + 1) * DAY_MS,
			    NOW - (lines[i].days - 1) * DAY_MS);
	}
}

static void
what_cannot_be_ours_is_passed_over(void **state UNUSED)
{
	static const char *const lines[] = {
		"", " ", "-", "x", "total 12", "lrwxrwxrwx 1 root root 4 Nov 20 04:49 a -> b",
		"drwx------ 2 root root 4096 Nov 20 04:49 .",
		"drwx------ 2 root root 4096 Nov 20 04:49 ..",
		"-rw------- 1 root root 5 Nov 20 04:49 a/b", "-rw------- 1 0 0 5 Nov 20 04:49 ä",
		"srw------- 1 root root 0 Nov 20 04:49 socket", "-rw\tx",
	};
	struct sftp_entry e;

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		assert_false(reads(&e, lines[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_several_servers_are_read),
		cmocka_unit_test(what_cannot_be_ours_is_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
