/* manifest_test.c: lines of a manifest, there and back; what is not one is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "worker/archive/manifest.h"

#define HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static struct entry
a_file(void)
{
	return (struct entry){ .path = "img/a b.jpg",
		.type = ENTRY_FILE,
		.mode = 0644,
		.uid = 33,
		.gid = 33,
		.uname = "www-data",
		.gname = "www-data",
		.size = 5120,
		.mtime_s = 1763690400,
		.target = "",
		.sha256 = HASH,
		.pack = "x.tar.zst",
		.frame = 3,
		.frame_offset = 1000,
		.at = 512 };
}

static void
expect_line(const struct entry *entry, bool with_place, const char *want)
{
	CLEANUP_BUF struct buf line = BUF_INIT;

	manifest_line(&line, entry, with_place);
	assert_string_equal(line.p, want);
}

static void
writes_a_file_with_its_place(void **state)
{
	struct entry entry = a_file();

	(void)state;
	expect_line(&entry, true,
	    "./img/a\\040b.jpg type=file mode=0644 uid=33 gid=33 uname=www-data"
	    " gname=www-data size=5120 time=1763690400.000000000 sha256=" HASH
	    " x-pack=x.tar.zst x-frame=3 x-offset=1000 x-at=512\n");
}

static void
leaves_our_words_out_for_downloads(void **state)
{
	struct entry entry = a_file();

	(void)state;
	expect_line(&entry, false,
	    "./img/a\\040b.jpg type=file mode=0644 uid=33 gid=33 uname=www-data"
	    " gname=www-data size=5120 time=1763690400.000000000 sha256=" HASH "\n");
	entry.type = ENTRY_HARDLINK;
	entry.target = "img/first.jpg";
	entry.pack = "";
	expect_line(&entry, false,
	    "./img/a\\040b.jpg type=file mode=0644 uid=33 gid=33 uname=www-data"
	    " gname=www-data size=5120 time=1763690400.000000000 sha256=" HASH "\n");
}

static void
writes_folders_and_links_without_size_or_hash(void **state)
{
	struct entry entry = a_file();

	(void)state;
	entry.type = ENTRY_DIR;
	entry.path = "";
	entry.uname = entry.gname = entry.pack = "";
	entry.mode = 01777;
	expect_line(&entry, true, ". type=dir mode=1777 uid=33 gid=33 time=1763690400.000000000\n");
	entry.type = ENTRY_LINK;
	entry.path = "l";
	entry.target = "a b=\n";
	entry.mtime_s = -2;
	entry.mtime_ns = 250000000;
	expect_line(&entry, true,
	    "./l type=link mode=1777 uid=33 gid=33 time=-2.250000000 link=a\\040b\\075\\012\n");
}

static void
comes_back_the_same(const struct entry *entry)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_BUF struct buf line = BUF_INIT;
	CLEANUP_BUF struct buf again = BUF_INIT;
	struct entry got;
	struct err e = { .text = "" };
	bool skip;

	manifest_line(&line, entry, true);
	buf_cut(&line, line.n - 1);
	if (manifest_parse(&got, &skip, a, line.p, &e) != 0)
		fail_msg("%s", e.text);
	assert_false(skip);
	assert_string_equal(got.path, entry->path);
	assert_int_equal(got.type, entry->type);
	assert_string_equal(got.target, entry->target);
	assert_int_equal(got.size, entry->size);
	assert_int_equal(got.mtime_s, entry->mtime_s);
	manifest_line(&again, &got, true);
	buf_cut(&again, again.n - 1);
	assert_string_equal(again.p, line.p);
}

static void
every_byte_of_a_name_comes_back(void **state)
{
	char name[256];
	struct entry entry = a_file();

	(void)state;
	for (int i = 1; i < 256; i++)
		name[i - 1] = (char)(i == '/' ? '_' : i);
	name[255] = '\0';
	entry.path = entry.uname = name;
	comes_back_the_same(&entry);
	entry.type = ENTRY_LINK;
	entry.target = name;
	entry.size = 0;
	comes_back_the_same(&entry);
	entry.type = ENTRY_HARDLINK;
	entry.size = 1;
	comes_back_the_same(&entry);
}

static void
large_numbers_come_back(void **state)
{
	struct entry entry = a_file();

	(void)state;
	entry.size = 999999999999999999;
	entry.uid = entry.gid = UINT32_MAX;
	entry.mtime_s = -62135596800;
	entry.mtime_ns = 999999999;
	entry.mode = 07777;
	comes_back_the_same(&entry);
}

static void
refuses_lines_that_are_none(void **state)
{
	static const char rest[] =
	    " type=file mode=0644 uid=0 gid=0 size=1 time=1.000000000 sha256=" HASH;
	static const char *const paths[] = { "a", "/a", "./", "./../a", "./a/../b", "./a//b",
		"./a/.", "./a/", "./\\00", "./\\400", "./\\000", "./\\8aa", ".\\" };
	static const char *const lines[] = {
		"./a",
		"./a type=file",
		"./a type=fifo time=1.000000000",
		"./a type=dir",
		"./a type=dir time=1",
		"./a type=dir time=1.5",
		"./a type=dir time=x.000000000",
		"./a type=dir mode=8 time=1.000000000",
		"./a type=dir mode=17777 time=1.000000000",
		"./a type=dir mode= time=1.000000000",
		"./a type=dir uid=4294967296 time=1.000000000",
		"./a type=dir uid=-1 time=1.000000000",
		"./a type=file time=1.000000000 size=1",
		"./a type=file time=1.000000000 size=1 sha256=00",
		"./a type=file time=1.000000000 size=-1 sha256=" HASH,
		"./a type=link time=1.000000000 link=\\1",
		"./a type=file size=1 x-frame=-1 time=1.000000000 sha256=" HASH,
		"./a type=file size=1 x-hardlink=\\ time=1.000000000 sha256=" HASH,
		" ",
	};
	CLEANUP_ARENA struct arena *a = arena_new();
	struct entry entry;
	struct err e;
	bool skip;

	(void)state;
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		char line[256];

		snprintf(line, sizeof line, "%s%s", paths[i], rest);
		assert_int_equal(manifest_parse(&entry, &skip, a, line, &e), -1);
		assert_int_equal(e.kind, ERR_DAMAGED);
	}
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		assert_int_equal(manifest_parse(&entry, &skip, a, lines[i], &e), -1);
		assert_int_equal(e.kind, ERR_DAMAGED);
	}
}

static void
passes_over_comments_blanks_and_words_of_others(void **state)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct entry entry;
	struct err e;
	bool skip;

	(void)state;
	assert_int_equal(manifest_parse(&entry, &skip, a, "# hello", &e), 0);
	assert_true(skip);
	assert_int_equal(manifest_parse(&entry, &skip, a, "", &e), 0);
	assert_true(skip);
	assert_int_equal(manifest_parse(&entry, &skip, a,
	    "./d flags=none type=dir optional nlink=2 time=1.000000000", &e), 0);
	assert_false(skip);
	assert_int_equal(entry.type, ENTRY_DIR);
}

static int
count(void *arg, const struct entry *entry, struct err *e)
{
	int *n = arg;

	++*n;
	return strcmp(entry->path, "stop") == 0 ? err_set(e, ERR_CANCELLED, "enough") : 0;
}

static int
read_whole(int *entries, const char *text, size_t n, size_t step, struct err *e)
{
	CLEANUP(manifest_reader_release) struct manifest_reader r = { .each = count, .arg = entries,
		.line = BUF_INIT };

	*entries = 0;
	for (size_t at = 0; at < n; at += step)
		if (manifest_read(&r, text + at, n - at < step ? n - at : step, e) != 0)
			return -1;
	return manifest_read_end(&r, e);
}

static void
reads_a_whole_one_in_pieces_of_any_size(void **state)
{
	static const char text[] = "#mtree\n# lazarette manifest 1\n./d type=dir time=1.000000000\n"
	    "\n./e type=dir time=2.000000000\n";
	struct err e;
	int n;

	(void)state;
	for (size_t step = 1; step < sizeof text; step++) {
		assert_int_equal(read_whole(&n, text, sizeof text - 1, step, &e), 0);
		assert_int_equal(n, 2);
	}
}

static void
a_cut_headless_or_binary_one_is_damaged(void **state)
{
	static const char cut[] = "#mtree\n./d type=dir time=1.000000000\n./e type=dir";
	static const char headless[] = "./d type=dir time=1.000000000\n";
	static const char nul[] = "#mtree\n./d\0 type=dir time=1.000000000\n";
	static const char bad[] = "#mtree\n\n./d type=dir time=?\n";
	struct err e;
	int n;

	(void)state;
	assert_int_equal(read_whole(&n, cut, sizeof cut - 1, 10, &e), -1);
	assert_string_equal(e.text, "the manifest does not end with a whole line");
	assert_int_equal(read_whole(&n, headless, sizeof headless - 1, 10, &e), -1);
	assert_int_equal(read_whole(&n, nul, sizeof nul - 1, 10, &e), -1);
	assert_int_equal(read_whole(&n, "", 0, 1, &e), -1);
	assert_int_equal(read_whole(&n, bad, sizeof bad - 1, 10, &e), -1);
	assert_string_equal(e.text, "line 3 of the manifest: the value of 'time' is not valid");
}

static void
a_line_without_end_is_refused_before_it_fills_the_memory(void **state)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct err e;
	int n;

	(void)state;
	buf_text(&text, "#mtree\n");
	for (int i = 0; i <= MANIFEST_LINE_MAX; i++)
		buf_char(&text, 'a');
	assert_int_equal(read_whole(&n, text.p, text.n, 1000, &e), -1);
	assert_string_equal(e.text, "line 2 of the manifest is too long");
}

static void
the_readers_own_error_is_passed_on(void **state)
{
	static const char text[] = "#mtree\n./stop type=dir time=1.000000000\n";
	struct err e;
	int n;

	(void)state;
	assert_int_equal(read_whole(&n, text, sizeof text - 1, 5, &e), -1);
	assert_int_equal(e.kind, ERR_CANCELLED);
}

static void
paths_are_shown_on_one_line(void **state)
{
	CLEANUP_BUF struct buf out = BUF_INIT;

	(void)state;
	manifest_show_path(&out, "M\xc3\xbcnchen 1/a\nb");
	buf_char(&out, ' ');
	manifest_show_path(&out, "\xff z");
	assert_string_equal(out.p, "M\xc3\xbcnchen 1/a\\012b \\377 z");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_a_file_with_its_place),
		cmocka_unit_test(leaves_our_words_out_for_downloads),
		cmocka_unit_test(writes_folders_and_links_without_size_or_hash),
		cmocka_unit_test(every_byte_of_a_name_comes_back),
		cmocka_unit_test(large_numbers_come_back),
		cmocka_unit_test(refuses_lines_that_are_none),
		cmocka_unit_test(passes_over_comments_blanks_and_words_of_others),
		cmocka_unit_test(reads_a_whole_one_in_pieces_of_any_size),
		cmocka_unit_test(a_cut_headless_or_binary_one_is_damaged),
		cmocka_unit_test(a_line_without_end_is_refused_before_it_fills_the_memory),
		cmocka_unit_test(the_readers_own_error_is_passed_on),
		cmocka_unit_test(paths_are_shown_on_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
