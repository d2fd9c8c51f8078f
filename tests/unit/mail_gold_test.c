/* mail_gold_test.c: every mail template on its data (tests/data/mail) gives exactly its gold file.
 * GOLD=write writes the gold files anew; read them before you commit them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/fd.h"
#include "lib/util/render.h"

typedef int renderer(struct buf *out, const char *folder, const char *name, struct tree *t,
    struct err *e);

static void
compare(const char *template, const char *data, const char *form)
{
	renderer *render = strcmp(form, "html") == 0 ? render_html : render_text;
	CLEANUP_BUF struct buf got = BUF_INIT, want = BUF_INIT;
	CLEANUP_TREE struct tree *t = tree_new();
	char path[128], name[64];
	struct err e = { 0 };

	snprintf(path, sizeof path, "tests/data/mail/%s.hdf", data);
	assert_int_equal(tree_read(t, path, &e), 0);
	snprintf(name, sizeof name, "mail/%s.%s.cs", template, form);
	if (render(&got, "templates", name, t, &e) != 0)
		fail_msg("%s", e.text);
	if (strcmp(data, "hostile") == 0)
		snprintf(path, sizeof path, "tests/data/mail/hostile_%s.%s.gold", template, form);
	else
		snprintf(path, sizeof path, "tests/data/mail/%s.%s.gold", data, form);
	if (getenv("GOLD") != NULL)
		assert_int_equal(fd_put_file(path, got.p, got.n, 0644, &e), 0);
	assert_int_equal(fd_read_file(&want, path, 1 << 20, &e), 0);
	assert_string_equal(got.p, want.p);
}

static void
both(const char *template, const char *data)
{
	compare(template, data, "txt");
	compare(template, data, "html");
}

static void
download_ready_is_its_gold(void **state UNUSED)
{
	both("download_ready", "download_ready");
}

static void
download_failed_is_its_gold(void **state UNUSED)
{
	both("download_failed", "download_failed");
}

static void
backup_ready_is_its_gold(void **state UNUSED)
{
	both("backup_ready", "backup_ready");
}

static void
backup_failed_is_its_gold(void **state UNUSED)
{
	both("backup_failed", "backup_failed");
	both("backup_failed", "backup_failed_system");
}

static void
test_mail_is_its_gold(void **state UNUSED)
{
	both("test", "test");
}

/* SET-14: also what is said of a restore is the same in both forms. */
static void
SET14_mails_about_restores_are_their_gold(void **state UNUSED)
{
	both("restore_done", "restore_done");
	both("restore_done", "restore_done_safety");
	both("restore_done", "restore_done_undo");
	both("restore_failed", "restore_failed");
	both("restore_failed", "restore_failed_halfway");
	both("restore_failed", "restore_failed_cancelled");
	both("restore_failed", "restore_failed_undo");
	both("restore_tested", "restore_tested");
	both("restore_tested", "restore_tested_differs");
	both("restore_test_failed", "restore_test_failed");
}

static void
PEER_8_mails_of_notices_are_their_gold(void **state UNUSED)
{
	both("notice", "notice");
	both("notice", "notice_short");
	both("digest", "digest");
	both("confirm", "confirm");
}

static const char *const templates[] = {
	"download_ready",
	"download_failed",
	"backup_ready",
	"backup_failed",
	"restore_done",
	"restore_failed",
	"restore_tested",
	"restore_test_failed",
	"test",
	"notice",
	"digest",
	"confirm",
};

static void
T50_hostile_values_are_their_gold(void **state UNUSED)
{
	for (size_t i = 0; i < sizeof templates / sizeof *templates; i++)
		both(templates[i], "hostile");
}

/* T50: what gold files of hostile values never hold, so that a careless new gold is noticed. */
static void
T50_no_hostile_value_becomes_a_tag(void **state UNUSED)
{
	static const char *const never[] = {
		"<script",
		"<img",
		"<svg",
		"<iframe",
		"<form",
		"<style",
		"<input",
		"</blockquote><",
		"<b>",
		"<!--",
		"'alert",
		"\"onclick",
		"\"//evil",
	};

	for (size_t i = 0; i < sizeof templates / sizeof *templates; i++) {
		CLEANUP_BUF struct buf html = BUF_INIT;
		char path[128];
		struct err e;

		snprintf(path, sizeof path, "tests/data/mail/hostile_%s.html.gold", templates[i]);
		assert_int_equal(fd_read_file(&html, path, 1 << 20, &e), 0);
		for (size_t k = 0; k < sizeof never / sizeof *never; k++)
			if (strstr(html.p, never[k]) != NULL)
				fail_msg("%s holds %s", path, never[k]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(download_ready_is_its_gold),
		cmocka_unit_test(download_failed_is_its_gold),
		cmocka_unit_test(backup_ready_is_its_gold),
		cmocka_unit_test(backup_failed_is_its_gold),
		cmocka_unit_test(test_mail_is_its_gold),
		cmocka_unit_test(SET14_mails_about_restores_are_their_gold),
		cmocka_unit_test(PEER_8_mails_of_notices_are_their_gold),
		cmocka_unit_test(T50_hostile_values_are_their_gold),
		cmocka_unit_test(T50_no_hostile_value_becomes_a_tag),
	};

	return cmocka_run_group_tests_name("mail templates", tests, NULL, NULL);
}
