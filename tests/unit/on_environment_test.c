/* on_environment_test.c: what surrounds a backup and a restore, in the settings of an environment
 * and its services. */
#include "tests/unit/ask.h"

#include "cgi/handle/on_environment.h"
#include "cgi/handle/on_service_form.h"

static void
PLA_7_the_hooks_of_a_freeze_are_settings_and_come_in_pairs(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply alone, bad, long_one, good, page, empty;

	ASK(422, &alone, .run = on_environment_save, .args = { "shop", "live" },
	    .form = { { "name", "Live" }, { "slug", "live" }, { "kind", "live" },
	        { "hook_freeze", "hold" } });
	SAYS(&alone, "<a href=\"#hook_thaw\">");
	SAYS(&alone, "value=\"hold\"");
	ASK(422, &bad, .run = on_environment_save, .args = { "shop", "live" },
	    .form = { { "name", "Live" }, { "slug", "live" }, { "kind", "live" },
	        { "hook_freeze", "../hold" }, { "hook_thaw", "go" } });
	SAYS(&bad, "<a href=\"#hook_freeze\">");
	ASK(422, &long_one, .run = on_environment_save, .args = { "shop", "live" },
	    .form = { { "name", "Live" }, { "slug", "live" }, { "kind", "live" },
	        { "freeze_seconds", "601" } });
	SAYS(&long_one, "<a href=\"#freeze_seconds\">");
	SAYS(&long_one, "value=\"601\"");
	ASK(303, &good, .run = on_environment_save, .args = { "shop", "live" },
	    .form = { { "name", "Live" }, { "slug", "live" }, { "kind", "live" },
	        { "hook_freeze", "hold" }, { "hook_thaw", "go" }, { "freeze_seconds", "20" } });
	assert_int_equal(fixture_number(f,
	    "SELECT count(*) FROM environment WHERE hook_freeze = 'hold' AND hook_thaw = 'go'"), 1);
	assert_int_equal(fixture_number(f, "SELECT value FROM policy WHERE key = 'freeze-seconds'"
	    " AND level = 'environment'"), 20);
	ASK(200, &page, .run = on_environment_settings, .args = { "shop", "live" });
	SAYS(&page, "value=\"20\"");
	/* Empty: what holds without it. */
	ASK(303, &empty, .run = on_environment_save, .args = { "shop", "live" },
	    .form = { { "name", "Live" }, { "slug", "live" }, { "kind", "live" } });
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM policy"), 0);
}

static void
a_thaw_that_fails_is_told_on_every_page_of_the_environment(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp, good, away;

	ASK(200, &good, .run = on_environment_settings, .args = { "shop", "live" });
	SAYS_NOT(&good, "may still be paused");
	fixture_do(f, "UPDATE environment SET frozen_at = 1, frozen_until = 2, thaw_tries = 2,"
	              " thaw_error = 'hook go ended with exit code 3'");
	ASK(200, &rp, .run = on_environment_settings, .args = { "shop", "live" });
	SAYS(&rp, "shop/live may still be paused: letting it go has failed 2 times");
	SAYS(&rp, "hook go ended with exit code 3");
	/* Taken away, the freeze would be over in the catalogue alone. */
	fixture_do(f, "UPDATE environment SET hook_freeze = 'hold', hook_thaw = 'go'");
	ASK(422, &away, .run = on_environment_save, .args = { "shop", "live" },
	    .form = { { "name", "Live" }, { "slug", "live" }, { "kind", "live" } });
	SAYS(&away, "<a href=\"#hook_thaw\">");
	assert_int_equal(fixture_number(f,
	    "SELECT count(*) FROM environment WHERE hook_thaw = 'go'"), 1);
}

static void
hooks_and_watchers_are_settings_and_only_names(void **state)
{
	static const char *const bad[] = { "../x", "/bin/sh", "a b", ".hidden", "x;y", "-x" };
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply good, late, mails;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		CLEANUP_REPLY struct reply rp;

		ASK(422, &rp, .run = on_environment_save, .args = { "shop", "live" },
		    .form = { { "name", "Live" }, { "slug", "live" }, { "kind", "live" },
		        { "hook_before", bad[i] }, { "hook_limit", "300" } });
		SAYS(&rp, "<a href=\"#hook_before\">");
	}
	ASK(422, &late, .run = on_environment_save, .args = { "shop", "live" },
	    .form = { { "name", "Live" }, { "slug", "live" }, { "kind", "live" },
	        { "hook_limit", "3601" } });
	SAYS(&late, "1 to 3600 seconds");
	SAYS(&late, "value=\"3601\"");
	ASK(422, &mails, .run = on_environment_save, .args = { "shop", "live" },
	    .form = { { "name", "Live" }, { "slug", "live" }, { "kind", "live" },
	        { "watchers", "not an address" } });
	SAYS(&mails, "<a href=\"#watchers\">");
	ASK(303, &good, .run = on_environment_save, .args = { "shop", "live" },
	    .form = { { "name", "Live" }, { "slug", "live" }, { "kind", "live" },
	        { "hook_before", "stop-shop" }, { "hook_after", "start_shop.2" },
	        { "hook_code", "which-code" }, { "hook_limit", "60" },
	        { "watchers", "a@example.org, b@example.org" } });
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM environment WHERE hook_before = 'stop-shop' AND"
	                     " hook_after = 'start_shop.2' AND hook_code = 'which-code' AND"
	                     " hook_limit_s = 60 AND watchers ="
	                     " 'a@example.org' || char(10) || 'b@example.org'"), 1);
}

static void
landing_rules_are_saved_with_the_service(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply form, bad, save;

	ASK(200, &form, .run = on_service_form_edit, .args = { "shop", "live", "database" });
	SAYS(&form, "Landing rules: what runs before live data is opened here");
	ASK(422, &bad, .run = on_service_form_save, .args = { "shop", "live", "database" },
	    .form = { { "name", "Database" }, { "slug", "database" }, { "path", "/srv/shop.db" },
	        { "sanitise_hook", "a/b" } });
	SAYS(&bad, "<a href=\"#sanitise_hook\">");
	ASK(303, &save, .run = on_service_form_save, .args = { "shop", "live", "database" },
	    .form = { { "name", "Database" }, { "slug", "database" }, { "path", "/srv/shop.db" },
	        { "sanitise_sql", "DELETE FROM visit" }, { "sanitise_hook", "mask" } });
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM service WHERE sanitise_sql = 'DELETE FROM visit'"
	                     " AND sanitise_hook = 'mask'"), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(hooks_and_watchers_are_settings_and_only_names),
		ROW_TEST("NEW-3", landing_rules_are_saved_with_the_service),
		FIXTURE_TEST(PLA_7_the_hooks_of_a_freeze_are_settings_and_come_in_pairs),
		FIXTURE_TEST(a_thaw_that_fails_is_told_on_every_page_of_the_environment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
