/* policies_test.c: what was set nearer wins, and a wrong value is told in a sentence. */
#include "tests/unit/fixture.h"

#include "lib/store/policies.h"

static struct policy
holds(struct fixture *f, enum policy_key key)
{
	struct policy p;

	OK(policies_get(&p, f->a, f->db, key, f->environment, &f->e));
	return p;
}

static void
set(struct fixture *f, enum policy_key key, enum policy_level level, const char *value)
{
	struct policy_place at = { level, level == LEVEL_ENVIRONMENT ? f->environment
	    : level == LEVEL_PROJECT ? f->project : 0 };

	OK(policies_set(f->db, key, &at, value, f->admin, &f->e));
}

/* PEER-19 */
static void
PEER_19_the_nearest_level_wins(void **state)
{
	struct fixture *f = *state;
	int64_t n;

	assert_int_equal(holds(f, POLICY_TRASH_DAYS).level, LEVEL_DEFAULT);
	assert_string_equal(holds(f, POLICY_TRASH_DAYS).value, "7");
	set(f, POLICY_TRASH_DAYS, LEVEL_INSTANCE, "10");
	assert_int_equal(holds(f, POLICY_TRASH_DAYS).level, LEVEL_INSTANCE);
	set(f, POLICY_TRASH_DAYS, LEVEL_ENVIRONMENT, "3");
	set(f, POLICY_TRASH_DAYS, LEVEL_PROJECT, "5");
	assert_string_equal(holds(f, POLICY_TRASH_DAYS).value, "3");
	set(f, POLICY_TRASH_DAYS, LEVEL_ENVIRONMENT, NULL);
	assert_string_equal(holds(f, POLICY_TRASH_DAYS).value, "5");
	assert_int_equal(holds(f, POLICY_TRASH_DAYS).level, LEVEL_PROJECT);
	OK(policies_number(&n, f->db, POLICY_TRASH_DAYS, f->environment, &f->e));
	assert_int_equal(n, 5);
	OK(policies_number(&n, f->db, POLICY_TRASH_DAYS, 0, &f->e));
	assert_int_equal(n, 10);
	/* Another project hears nothing of it. */
	fixture_do(f, "INSERT INTO project (id, uuid, slug, name, owners, created_at) VALUES (77,"
	    " 'u', 'blog', 'Blog', '', 1)");
	fixture_do(f, "INSERT INTO environment (id, project, uuid, slug, name, kind, paused,"
	    " created_at) VALUES (77, 77, 'v', 'live', 'Live', 'live', 0, 1)");
	OK(policies_number(&n, f->db, POLICY_TRASH_DAYS, 77, &f->e));
	assert_int_equal(n, 10);
}

/* PEER-19: the page shows both. */
static void
PEER_19_own_and_inherited_stand_side_by_side(void **state)
{
	struct fixture *f = *state;
	struct policy_pair p;

	OK(policies_pair(&p, f->a, f->db, POLICY_ZONE,
	    &(struct policy_place){ LEVEL_ENVIRONMENT, f->environment }, &f->e));
	assert_null(p.own.value);
	assert_int_equal(p.inherited.level, LEVEL_DEFAULT);
	assert_string_equal(p.inherited.value, "UTC");
	set(f, POLICY_ZONE, LEVEL_INSTANCE, "Europe/Zurich");
	set(f, POLICY_ZONE, LEVEL_PROJECT, "Europe/Berlin");
	set(f, POLICY_ZONE, LEVEL_ENVIRONMENT, "Asia/Kathmandu");
	OK(policies_pair(&p, f->a, f->db, POLICY_ZONE,
	    &(struct policy_place){ LEVEL_ENVIRONMENT, f->environment }, &f->e));
	assert_string_equal(p.own.value, "Asia/Kathmandu");
	assert_string_equal(p.inherited.value, "Europe/Berlin");
	assert_int_equal(p.inherited.level, LEVEL_PROJECT);
	OK(policies_pair(&p, f->a, f->db, POLICY_ZONE,
	    &(struct policy_place){ LEVEL_PROJECT, f->project }, &f->e));
	assert_string_equal(p.own.value, "Europe/Berlin");
	assert_string_equal(p.inherited.value, "Europe/Zurich");
	OK(policies_pair(&p, f->a, f->db, POLICY_ZONE,
	    &(struct policy_place){ LEVEL_INSTANCE, 0 }, &f->e));
	assert_string_equal(p.own.value, "Europe/Zurich");
	assert_int_equal(p.inherited.level, LEVEL_DEFAULT);
}

static void
a_wrong_value_changes_nothing_and_says_what_it_takes(void **state)
{
	static const struct { enum policy_key key; const char *value, *words; } wrong[] = {
		{ POLICY_TRASH_DAYS, "0", "Trash must be 1 to 90 days, you wrote 0" },
		{ POLICY_TRASH_DAYS, "", "you wrote nothing" },
		{ POLICY_VERIFY_DAYS, "366", "Verifying must be 1 to 365 days" },
		{ POLICY_FREEZE_SECONDS, "x", "must be 1 to 600 seconds, you wrote x" },
		{ POLICY_WINDOW, "1-5", "A window is two times of the day" },
		{ POLICY_WINDOW, "01:00-25:00", "A window is two times of the day" },
		{ POLICY_WINDOW, "01:00-01:00", "A window is two times of the day" },
		{ POLICY_DOWNLOADS, "maybe", "Downloads are allowed or forbidden" },
		{ POLICY_ZONE, "../etc", "" },
		{ POLICY_RETENTION, "daily=0", "" },
		{ POLICY_STORAGE, "No Slug", "" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		REFUSED(ERR_INPUT, policies_set(f->db, wrong[i].key,
		    &(struct policy_place){ LEVEL_INSTANCE, 0 }, wrong[i].value, 0, &f->e));
		if (strstr(f->e.text, wrong[i].words) == NULL)
			fail_msg("%s: %s", wrong[i].value, f->e.text);
		assert_int_equal(holds(f, wrong[i].key).level, LEVEL_DEFAULT);
	}
	for (int k = 0; k < POLICY_KEYS; k++) {
		enum policy_key again;

		OK(policy_check((enum policy_key)k, policy_default((enum policy_key)k), &f->e));
		assert_true(policy_key_parse(&again, policy_key_name((enum policy_key)k)));
		assert_int_equal(again, k);
	}
}

static void
a_window_is_two_times_also_over_midnight(void **state)
{
	int from, until;

	(void)state;
	assert_true(policy_window(&from, &until, "22:30-04:00"));
	assert_int_equal(from, 22 * 60 + 30);
	assert_int_equal(until, 4 * 60);
	assert_false(policy_window(&from, &until, ""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(PEER_19_the_nearest_level_wins),
		FIXTURE_TEST(PEER_19_own_and_inherited_stand_side_by_side),
		FIXTURE_TEST(a_wrong_value_changes_nothing_and_says_what_it_takes),
		cmocka_unit_test(a_window_is_two_times_also_over_midnight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
