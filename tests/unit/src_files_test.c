/* src_files_test.c: what a backup of folders would hold, told before it is made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tests/unit/scene.h"

static char folder[] = "/tmp/src_files_test.XXXXXX";

static const char *
in_folder(const char *name)
{
	static char path[128];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static int
check(char **text, struct scene *s, const char *roots, const char *excludes, struct err *e)
{
	scene_open(s, &src_files_driver, "", folder);
	s->service.settings.roots = roots;
	s->service.settings.excludes = excludes;
	return s->driver->check(text, &s->src, e);
}

static void
counts_files_and_bytes_of_all_roots(void **state UNUSED)
{
	struct scene s;
	char roots[256], *text = NULL;
	struct err e;

	/* With a blank line and the line ends of a form. */
	snprintf(roots, sizeof roots, "%s/media\r\n\r\n%s/more", folder, folder);
	if (check(&text, &s, roots, "", &e) != 0)
		fail_msg("%s", e.text);
	assert_string_equal(text, "4 files, 3.50 kB");
	scene_end(&s);
	if (check(&text, &s, in_folder("more"), "", &e) != 0)
		fail_msg("%s", e.text);
	assert_string_equal(text, "1 file, 500 B");
	scene_end(&s);
}

static void
tells_what_excludes_leave_out(void **state UNUSED)
{
	struct scene s;
	char *text = NULL;
	struct err e;

	if (check(&text, &s, in_folder("media"), "*.tmp\ncache", &e) != 0)
		fail_msg("%s", e.text);
	assert_string_equal(text, "1 file, 1.00 kB; excludes leave out 2 files or folders");
	scene_end(&s);
	if (check(&text, &s, in_folder("media"), "*.tmp", &e) != 0)
		fail_msg("%s", e.text);
	assert_string_equal(text, "2 files, 2.00 kB; excludes leave out 1 file or folder");
	scene_end(&s);
}

static void
counts_what_cannot_be_read(void **state UNUSED)
{
	struct scene s;
	char *text = NULL;
	struct err e;
	int rc;

	assert_int_equal(chmod(in_folder("media/cache"), 0), 0);
	/* For root everything is readable. */
	if (geteuid() == 0 && seteuid(65534) != 0)
		fail();
	rc = check(&text, &s, in_folder("media"), "", &e);
	if (getuid() == 0 && seteuid(0) != 0)
		fail();
	assert_int_equal(chmod(in_folder("media/cache"), 0755), 0);
	assert_int_equal(rc, 0);
	assert_string_equal(text, "2 files, 2.00 kB; 1 cannot be read");
	scene_end(&s);
}

static void
a_missing_root_is_named(void **state UNUSED)
{
	struct scene s;
	char *text = NULL;
	struct err e;

	assert_int_equal(check(&text, &s, in_folder("nothing here"), "", &e), -1);
	assert_non_null(strstr(e.text, in_folder("nothing here")));
	assert_null(text);
	scene_end(&s);
}

static void
a_setting_of_several_lines_becomes_a_list(void **state UNUSED)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	const char *const *lines;

	assert_int_equal(source_lines(&lines, a, "/a b\r\n\n/c\r\r\n\r\n/d"), 3);
	assert_string_equal(lines[0], "/a b");
	assert_string_equal(lines[1], "/c\r");
	assert_string_equal(lines[2], "/d");
	assert_int_equal(source_lines(&lines, a, "\n\r\n"), 0);
	assert_int_equal(source_lines(&lines, a, ""), 0);
	assert_null(lines);
}

static void
every_engine_has_its_driver(void **state UNUSED)
{
	for (enum engine i = 0; i < ENGINES; i++) {
		const struct source_driver *d = source_driver(i);

		assert_int_equal(d->engine, i);
		assert_non_null(d->check);
		/* The archive of files is made elsewhere. */
		assert_int_equal(d->dump == NULL, engine_is_media(i));
		assert_int_equal(d->prove == NULL, engine_is_media(i));
	}
}

static int
begin(void **state UNUSED)
{
	static const struct { const char *path; size_t size;
	} files[] = { { "media/a", 1000 }, { "media/b.tmp", 1000 }, { "media/cache/c", 1000 },
		{ "more/d", 500 } };
	static char zeros[1000];
	struct err e;

	if (mkdtemp(folder) == NULL || chmod(folder, 0755) != 0 ||
	    mkdir(in_folder("media"), 0755) != 0 || mkdir(in_folder("media/cache"), 0755) != 0 ||
	    mkdir(in_folder("more"), 0755) != 0)
		return -1;
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		if (fd_put_file(in_folder(files[i].path), zeros, files[i].size, 0644, &e) != 0)
			return -1;
	return 0;
}

static int
end(void **state UNUSED)
{
	static const char *const made[] = { "media/a", "media/b.tmp", "media/cache/c",
		"media/cache", "media", "more/d", "more" };

	for (size_t i = 0; i < sizeof made / sizeof made[0]; i++)
		if (remove(in_folder(made[i])) != 0)
			return -1;
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_files_and_bytes_of_all_roots),
		cmocka_unit_test(tells_what_excludes_leave_out),
		cmocka_unit_test(counts_what_cannot_be_read),
		cmocka_unit_test(a_missing_root_is_named),
		cmocka_unit_test(a_setting_of_several_lines_becomes_a_list),
		cmocka_unit_test(every_engine_has_its_driver),
	};

	return cmocka_run_group_tests_name("src_files", tests, begin, end);
}
