/* on_restore_undo_test.c: taking a restore back. */
#include "tests/unit/place.h"

#include "cgi/handle/on_restore.h"

#define PAGE .run = on_restore_get, .args = { "r1" }
#define FORM .run = on_restore_undo_form, .args = { "r1" }
#define UNDO .run = on_restore_undo, .args = { "r1" }, .post = true

static int64_t
undos(struct fixture *f)
{
	return fixture_number(f, "SELECT count(*) FROM job WHERE kind = 'undo'");
}

static void
a_done_restore_can_be_undone_by_its_name(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply page, ask_first, wrong, old, yes, again;

	place_done(f, &at);
	ASK(200, &page, PAGE);
	SAYS(&page, "href=\"/r/r1/undo\"");
	SAYS(&page, "Kept for the undo");
	ASK(200, &ask_first, FORM, .fresh = true);
	SAYS(&ask_first, "is kept beside it and is switched back in");
	SAYS(&ask_first, "name=\"typed\"");
	ASK(422, &wrong, UNDO, .fresh = true, .form = { { "typed", "shop" } });
	ASK(422, &old, UNDO, .form = { { "typed", "shop/live" } });
	assert_int_equal(undos(f), 0);
	ASK(303, &yes, UNDO, .fresh = true, .form = { { "typed", "shop/live" }, { "key", "u" } });
	ASK(303, &again, UNDO, .fresh = true, .form = { { "typed", "shop/live" }, { "key", "u" } });
	assert_int_equal(undos(f), 1);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM event WHERE action ="
	                                   " 'restore.undo_requested'"), 1);
}

/* Chosen tables of SQLite are part of a file that is switched as one. */
static void
the_page_of_an_undo_says_how_much_is_lost(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply file, tables, safety;

	place_done(f, &at);
	fixture_do(f, "UPDATE restore_part SET choice = 'product'");
	ASK(200, &file, FORM, .fresh = true);
	SAYS(&file, "everything that changed after the restore");
	SAYS_NOT(&file, "the rest stays");
	fixture_do(f, "UPDATE part SET engine = 'postgresql'");
	ASK(200, &tables, FORM, .fresh = true);
	SAYS(&tables, "only what was restored goes back (<span class=\"note\">product</span>)");
	SAYS(&tables, "will be lost; the rest stays.");
	SAYS_NOT(&tables, "everything that changed");
	fixture_do(f, "UPDATE restore SET undo_until = 5, safety_backup = backup");
	ASK(200, &safety, FORM, .fresh = true);
	SAYS(&safety, "since the safety backup was taken, before the restore began, will be lost");
	SAYS(&safety, "for all of it goes back, not only what was chosen");
}

static void
what_cannot_be_undone_says_so(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply page, form, post;

	place_done(f, &at);
	fixture_do(f, "UPDATE restore SET undo_until = 5, tidied_at = 6");
	ASK(200, &page, PAGE);
	SAYS(&page, "can no longer be undone");
	SAYS_NOT(&page, "href=\"/r/r1/undo\"");
	ASK(409, &form, FORM);
	ASK(409, &post, UNDO, .fresh = true, .form = { { "typed", "shop/live" } });
	assert_int_equal(undos(f), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST("NEW-2", a_done_restore_can_be_undone_by_its_name),
		ROW_TEST("NEW-2", the_page_of_an_undo_says_how_much_is_lost),
		ROW_TEST("NEW-2", what_cannot_be_undone_says_so),
	};

	return cmocka_run_group_tests_name("on_restore_undo", tests, NULL, NULL);
}
