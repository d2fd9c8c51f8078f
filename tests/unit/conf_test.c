/* conf_test.c: lazarette.conf: values, units, and sentences about what is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/fd.h"
#include "lib/util/conf.h"

struct home {
	struct arena *arena;
	char path[64];
	struct conf conf;
	struct err e;
};

static int
set_up(void **state)
{
	struct home *h = calloc(1, sizeof *h);

	h->arena = arena_new();
	snprintf(h->path, sizeof h->path, "/tmp/conf_test.XXXXXX");
	*state = h;
	return mkdtemp(h->path) == NULL;
}

static int
tear_down(void **state)
{
	struct home *h = *state;
	char command[2][128];

	snprintf(command[0], sizeof command[0], "%s/lazarette.conf", h->path);
	snprintf(command[1], sizeof command[1], "%s/pw", h->path);
	unlink(command[0]);
	unlink(command[1]);
	rmdir(h->path);
	arena_free(h->arena);
	free(h);
	return 0;
}

static int
read_text(struct home *h, const char *text)
{
	char path[128];

	snprintf(path, sizeof path, "%s/lazarette.conf", h->path);
	assert_int_equal(fd_put_file(path, text, strlen(text), 0600, &h->e), 0);
	return conf_read(&h->conf, h->arena, h->path, &h->e);
}

static void
a_missing_file_gives_the_defaults(void **state)
{
	struct home *h = *state;

	assert_int_equal(conf_read(&h->conf, h->arena, h->path, &h->e), 0);
	assert_string_equal(h->conf.home, h->path);
	assert_string_equal(h->conf.catalog, arena_printf(h->arena, "%s/catalog.db", h->path));
	assert_string_equal(h->conf.secret_key,
	    arena_printf(h->arena, "%s/keys/worker.key", h->path));
	assert_string_equal(h->conf.mail.folder, arena_printf(h->arena, "%s/mail", h->path));
	assert_int_equal(h->conf.web_processes, 2);
	assert_int_equal(h->conf.session_idle_ms, 30 * 60000);
	assert_int_equal(h->conf.session_life_ms, 12 * 3600000);
	assert_int_equal(h->conf.worker_parallel, 2);
	assert_int_equal(h->conf.lease_ms, 30000);
	assert_int_equal(h->conf.stall_ms, 300000);
	assert_int_equal(h->conf.poll_ms, 500);
	assert_int_equal(h->conf.job_limit_ms, 0);
	assert_int_equal(h->conf.trash_ms, 7 * 86400000);
	assert_int_equal(h->conf.undo_ms, 86400000);
	assert_int_equal(h->conf.download_valid_ms, 86400000);
	assert_int_equal(h->conf.download_uses, 5);
	assert_in_range(h->conf.threads, 1, 4);
	assert_int_equal(h->conf.zstd_level, 3);
	assert_int_equal(h->conf.pack_size, 512 << 20);
	assert_int_equal(h->conf.nice, 10);
	assert_int_equal(h->conf.io_class, CONF_IO_IDLE);
	assert_string_equal(h->conf.mail.server, "");
	assert_string_equal(h->conf.mail.password, "");
	assert_string_equal(h->conf.mail.from, "lazarette@localhost");
	assert_false(h->conf.secure_cookies);
}

static void
values_units_and_the_mail_section_are_read(void **state)
{
	struct home *h = *state;

	assert_int_equal(read_text(h,
	    "# a comment\n"
	    "public_url = \"https://backup.example.org/\"\n"
	    "storage = /srv/backups\n"
	    "downloads = elsewhere\n"
	    "lease = 1500ms\n"
	    "stall = 2m\n"
	    "trash = 14d\n"
	    "undo_keep = 2h\n"
	    "threads = 3\n"
	    "pack_size = 2GiB\n"
	    "mail {\n"
	    "\tserver = \"smtp://mail.example.org:587\"\n"
	    "\tuser = console\n"
	    "\tpassword_file = pw\n"
	    "\tinsecure = yes\n"
	    "}\n"), -1);
	assert_non_null(strstr(h->e.text, "mail.password_file"));
	assert_int_equal(fd_put_file(arena_printf(h->arena, "%s/pw", h->path), "se cret\n", 8, 0600,
	                     &h->e),
	    0);
	assert_int_equal(conf_read(&h->conf, h->arena, h->path, &h->e), 0);
	assert_string_equal(h->conf.public_url, "https://backup.example.org");
	assert_true(h->conf.secure_cookies);
	assert_string_equal(h->conf.storage, "/srv/backups");
	assert_string_equal(h->conf.downloads, arena_printf(h->arena, "%s/elsewhere", h->path));
	assert_int_equal(h->conf.lease_ms, 1500);
	assert_int_equal(h->conf.stall_ms, 120000);
	assert_int_equal(h->conf.trash_ms, 14 * 86400000);
	assert_int_equal(h->conf.undo_ms, 2 * 3600000);
	assert_int_equal(h->conf.threads, 3);
	assert_true(h->conf.pack_size == INT64_C(2) << 30);
	assert_string_equal(h->conf.mail.server, "smtp://mail.example.org:587");
	assert_string_equal(h->conf.mail.user, "console");
	assert_string_equal(h->conf.mail.password, "se cret");
	assert_string_equal(h->conf.mail.from, "lazarette@backup.example.org");
	assert_true(h->conf.mail.insecure);
}

static void
how_far_jobs_stand_back_is_read(void **state)
{
	struct home *h = *state;

	assert_int_equal(read_text(h, "nice = 0\nio_class = best-effort\n"), 0);
	assert_int_equal(h->conf.nice, 0);
	assert_int_equal(h->conf.io_class, CONF_IO_BEST_EFFORT);
	assert_int_equal(read_text(h, "io_class = none\n"), 0);
	assert_int_equal(h->conf.io_class, CONF_IO_NONE);
	assert_int_equal(read_text(h, "io_class = slow\n"), -1);
	assert_non_null(strstr(h->e.text, "io_class must be idle, best-effort or none"));
	assert_int_equal(read_text(h, "nice = 20\n"), -1);
}

static void
an_unknown_key_is_named_with_its_line_and_the_nearest_known_one(void **state)
{
	struct home *h = *state;

	assert_int_equal(read_text(h, "lease = 5s\nwebprocesses = 2\n"), -1);
	assert_int_equal(h->e.kind, ERR_INPUT);
	assert_non_null(strstr(h->e.text,
	    "lazarette.conf:2: unknown key \"webprocesses\"; did you mean web_processes?"));
	assert_int_equal(read_text(h, "mail {\n\n pasword_file = x\n}\n"), -1);
	assert_non_null(strstr(h->e.text,
	    ":3: unknown key \"pasword_file\"; did you mean mail.password_file?"));
	assert_int_equal(read_text(h,
	                     "# one\n# \"two\n\nlease = 5s # three\nmail { from = \"a # b@x\" "
	                     "}\nleas = 1\n"),
	    -1);
	assert_non_null(strstr(h->e.text, ":6: unknown key \"leas\"; did you mean lease?"));
	assert_int_equal(read_text(h, "server = \"smtp://x\"\n"), -1);
	assert_non_null(strstr(h->e.text, "did you mean mail.server?"));
	assert_int_equal(read_text(h, "zzzzzzzzzzzzzz = 1\n"), -1);
	assert_null(strstr(h->e.text, "did you mean"));
}

static void
a_bad_value_is_named_with_its_line_and_what_is_wanted(void **state)
{
	static const struct { const char *text, *says;
	} bad[] = {
		{ "lease = 5\n", ":1: lease must be a time with its unit" },
		{ "\nlease = 1ms\n", ":2: lease must be from 200ms to 3600s, not \"1ms\"" },
		{ "trash = 5000d\n", "trash must be from" },
		{ "pack_size = 600\n", "pack_size must be a size with its unit: 64MiB or 2GiB" },
		{ "pack_size = 15MiB\n", "pack_size must be from 16MiB to 64GiB" },
		{ "pack_size = 9999999999999999999GiB\n", "pack_size must be a size" },
		{ "web_processes = 0\n", "web_processes must be a number from 1 to 64" },
		{ "web_processes = two\n", "web_processes must be a number" },
		{ "public_url = ftp://x\n", "public_url must begin with http:// or https://" },
		{ "public_url = \"https://\"\n", "public_url must begin with" },
		{ "mail { server = mail.example.org }\n",
		    "mail.server must begin with smtp:// or smtps://" },
		{ "mail { insecure = maybe }\n", "mail.insecure must be yes or no" },
		{ "mail { from = \"a\\r\\nb\" }\n", "mail.from must not hold control characters" },
		{ "session_idle = 5d\n", "session_idle must not be longer than session_life" },
		{ "lease = \n", "lazarette.conf" },
	};
	struct home *h = *state;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		h->e.text[0] = '\0';
		if (read_text(h, bad[i].text) == 0 || strstr(h->e.text, bad[i].says) == NULL)
			fail_msg("%s gave: %s", bad[i].text, h->e.text);
		assert_int_equal(h->e.kind, ERR_INPUT);
	}
}

static void
the_environment_is_stronger_than_the_file(void **state)
{
	struct home *h = *state;

	setenv("LAZARETTE_LEASE", "7s", 1);
	setenv("LAZARETTE_MAIL_SERVER", "smtps://m:465", 1);
	setenv("LAZARETTE_TEMPLATES", "/tmp/t", 1);
	assert_int_equal(read_text(h, "lease = 5s\n"), 0);
	assert_int_equal(h->conf.lease_ms, 7000);
	assert_string_equal(h->conf.mail.server, "smtps://m:465");
	assert_string_equal(h->conf.templates, "/tmp/t");
	setenv("LAZARETTE_LEASE", "soon", 1);
	assert_int_equal(read_text(h, ""), -1);
	assert_non_null(strstr(h->e.text, "LAZARETTE_LEASE must be a time"));
	unsetenv("LAZARETTE_LEASE");
	unsetenv("LAZARETTE_MAIL_SERVER");
	unsetenv("LAZARETTE_TEMPLATES");
}

static void
a_password_that_this_process_may_not_read_is_left_out(void **state)
{
	struct home *h = *state;
	int rc;

	assert_int_equal(fd_put_file(arena_printf(h->arena, "%s/pw", h->path), "x", 1, 0600, &h->e),
	    0);
	if (geteuid() == 0)
		assert_int_equal(chown(h->path, 65534, 65534), 0);
	assert_int_equal(chmod(arena_printf(h->arena, "%s/pw", h->path), 0), 0);
	if (geteuid() == 0)
		assert_int_equal(seteuid(65534), 0);
	rc = read_text(h, "mail { password_file = pw }\n");
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(rc, 0);
	assert_string_equal(h->conf.mail.password, "");
}

static void
home_is_absolute_and_without_a_slash_at_the_end(void **state)
{
	struct home *h = *state;
	char here[256];

	unsetenv("LAZARETTE_HOME");
	assert_string_equal(conf_home(h->arena), "/var/lib/lazarette");
	setenv("LAZARETTE_HOME", "/srv/x//", 1);
	assert_string_equal(conf_home(h->arena), "/srv/x");
	setenv("LAZARETTE_HOME", "var", 1);
	assert_non_null(getcwd(here, sizeof here));
	assert_string_equal(conf_home(h->arena), arena_printf(h->arena, "%s/var", here));
	unsetenv("LAZARETTE_HOME");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		T(a_missing_file_gives_the_defaults),
		T(values_units_and_the_mail_section_are_read),
		T(how_far_jobs_stand_back_is_read),
		T(an_unknown_key_is_named_with_its_line_and_the_nearest_known_one),
		T(a_bad_value_is_named_with_its_line_and_what_is_wanted),
		T(the_environment_is_stronger_than_the_file),
		T(a_password_that_this_process_may_not_read_is_left_out),
		T(home_is_absolute_and_without_a_slash_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
