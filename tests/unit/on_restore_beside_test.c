/* on_restore_beside_test.c: deciding on a restore into a new service. */
#include "tests/unit/place.h"

#include "cgi/handle/on_restore_confirm.h"

#define SEE .run = on_restore_confirm_form, .args = { "r1" }
#define DECIDE .run = on_restore_confirm, .args = { "r1" }, .post = true

static int64_t
confirmed(struct fixture *f)
{
	return fixture_number(f, "SELECT count(*) FROM restore WHERE state <> 'draft'");
}

static void
make_draft(struct fixture *f, const struct place *at)
{
	place_look(f, place_draft(f, at, at->staging, at->database), PREVIEW_OK, "");
	fixture_do(f, "UPDATE restore SET mode = 'new'");
}

static void
real_data_is_signed_off_by_name_and_password(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply see, unsigned_, wrong, old, post;

	make_draft(f, &at);
	ASK(200, &see, SEE);
	SAYS(&see, "Type <strong>shop/staging</strong> to confirm");
	SAYS(&see, "name=\"password\"");
	SAYS_NOT(&see, "name=\"consent\"");
	ASK(409, &unsigned_, DECIDE, .fresh = true, .form = { PLACE_SEEN });
	ASK(422, &wrong, DECIDE, .fresh = true, .form = { PLACE_SEEN, { "real_data", "1" } });
	SAYS(&wrong, "Type shop/staging exactly as shown");
	ASK(422, &old, DECIDE,
	    .form = { PLACE_SEEN, { "real_data", "1" }, { "typed", "shop/staging" } });
	SAYS(&old, "Enter your password");
	assert_int_equal(confirmed(f), 0);
	ASK(303, &post, DECIDE, .fresh = true,
	    .form = { PLACE_SEEN, { "real_data", "1" }, { "typed", "shop/staging" } });
	assert_int_equal(confirmed(f), 1);
}

/* Nothing is overwritten, and what lands there is washed. */
static void
with_landing_rules_the_button_is_enough(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply see, post;

	fixture_do(f, "UPDATE service SET sanitise_sql = 'DELETE FROM visit' WHERE slug = 'copy'");
	make_draft(f, &at);
	ASK(200, &see, SEE);
	SAYS_NOT(&see, "name=\"typed\"");
	ASK(303, &post, DECIDE, .form = { PLACE_SEEN });
	assert_int_equal(confirmed(f), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST("SET-15 NEW-3", real_data_is_signed_off_by_name_and_password),
		ROW_TEST("SET-15", with_landing_rules_the_button_is_enough),
	};

	return cmocka_run_group_tests_name("on_restore_beside", tests, NULL, NULL);
}
