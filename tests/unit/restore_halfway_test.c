/* restore_halfway_test.c: restores of two services that are killed or fail in between. */
#include "tests/unit/halfway.h"

/* DIV-13, T31: what is killed between two switches goes on forward. */
static void
a_restore_killed_between_two_switches_goes_on(void **state)
{
	struct scene *s = *state;

	confirmed(s, RESTORE_REPLACE, false);
	assert_true(dies_at(s, "restore.between_swaps:kill"));
	IS_MIXED(s);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	IS_NEW(s);
	assert_int_equal(restore_row(s).state, RESTORE_DONE);
	ask_undo(s);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	IS_OLD(s);
}

/* DIV-13, PLA-25: and when it may not go on any more, all of it is as it was, the hook included. */
static void
a_restore_that_died_for_good_between_two_switches_is_taken_back(void **state)
{
	struct scene *s = *state;

	set_hooks(s, "true");
	confirmed(s, RESTORE_REPLACE, false);
	dies_for_good_at(s, "restore.between_swaps:kill");
	IS_MIXED(s);
	assert_int_equal(restore_row(s).state, RESTORE_FAILED);
	assert_int_equal(queue_tidy(s), 1);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	IS_OLD(s);
	assert_int_equal(beside(s), 0);
	assert_true(is(s, "outcomes", "failed\n"));
	assert_true(restore_row(s).tidied_at > 0);
}

/* The control of the one before: a tidy that only removes leaves a mixture. */
static void
without_taking_back_a_mixture_would_stay(void **state)
{
	struct scene *s = *state;

	confirmed(s, RESTORE_REPLACE, false);
	dies_for_good_at(s, "restore.between_swaps:kill");
	assert_int_equal(queue_tidy(s), 1);
	setenv("LAZARETTE_FAULT_CONTROL", "no_settle", 1);
	do_next(s);
	unsetenv("LAZARETTE_FAULT_CONTROL");
	IS_MIXED(s);
}

/* DIV-12: until it is taken back, nothing else lands there. */
static void
nothing_is_restored_over_one_that_ended_halfway(void **state)
{
	struct scene *s = *state;
	struct fixture *f = &s->h.f;

	confirmed(s, RESTORE_REPLACE, false);
	dies_for_good_at(s, "restore.between_swaps:kill");
	draft(s, RESTORE_REPLACE);
	REFUSED(ERR_CONFLICT, try_confirm(s, false));
	assert_non_null(strstr(f->e.text, "ended halfway"));
	assert_int_equal(queue_tidy(s), 1);
	assert_int_equal(do_next(s).kind, JOB_TIDY);
	OK(try_confirm(s, false));
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	IS_NEW(s);
}

/* DIV-13: the second cannot be switched, so the first is switched back. */
static void
a_switch_that_fails_takes_the_others_back(void **state)
{
	struct scene *s = *state;
	struct job job;

	set_hooks(s, arena_printf(s->h.f.a, "rm -rf '%s'/.pages.*", home_path(&s->h, "data")));
	confirmed(s, RESTORE_REPLACE, false);
	job = do_next(s);
	assert_int_equal(job.state, JOB_FAILED);
	assert_non_null(strstr(job.error, "pages"));
	IS_OLD(s);
	assert_true(is(s, "outcomes", "failed\n"));
	assert_int_equal(queue_tidy(s), 1);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	IS_OLD(s);
	assert_int_equal(beside(s), 0);
}

/* What was added is not added twice, and it is said what to do. */
static void
an_addition_that_may_have_been_done_is_not_done_again(void **state)
{
	struct scene *s = *state;
	struct job job;

	back_up_rows(s);
	confirmed(s, RESTORE_ADD, true);
	assert_true(dies_at(s, "restore.before_swap:kill"));
	job = do_next(s);
	assert_int_equal(job.state, JOB_FAILED);
	assert_non_null(strstr(job.error, "not known"));
	assert_non_null(strstr(job.error, arena_printf(s->h.f.a, "b%d",
	    (int)restore_row(s).safety_backup)));
	assert_int_equal(rows(s), 3);
	assert_true(is(s, "data/pages/a.txt", "was there"));
	/* It is looked after once; what it keeps is kept for its time. */
	assert_int_equal(queue_tidy(s), 1);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	assert_int_equal(restore_row(s).undo_until,
	    restore_row(s).finished_at + s->h.conf.undo_ms);
	assert_int_equal(queue_tidy(s), 0);
}

/* Files are added one by one, and what is still to be added is known: the next holder goes on. */
static void
an_addition_of_files_survives_a_stopped_worker(void **state)
{
	static const char *const faults[] = {
		"restore.before_swap:kill",
		"files.kept:kill",
		"files.added:kill",
		"restore.swapped:kill",
	};
	struct scene *s = *state;

	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		write_both(s, "was there");
		home_file(&s->h, "data/media/mine.txt", "stays");
		confirmed(s, RESTORE_ADD, false);
		assert_true(dies_at(s, faults[i]));
		assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
		IS_NEW(s);
		assert_true(is(s, "data/media/mine.txt", "stays"));
	}
}

/* SET-11: what is confirmed is what is restored into. */
static void
settings_that_changed_after_the_confirmation_stop_it(void **state)
{
	struct scene *s = *state;
	struct fixture *f = &s->h.f;
	struct service media;
	struct job job;

	confirmed(s, RESTORE_REPLACE, false);
	OK(services_by_id(&media, f->a, f->db, f->media, &f->e));
	media.settings.roots = home_path(&s->h, "data/pages");
	OK(services_update(&media, f->db, &f->e));
	job = do_next(s);
	assert_int_equal(job.state, JOB_FAILED);
	assert_non_null(strstr(job.error, "have changed"));
	IS_OLD(s);
	assert_int_equal(beside(s), 0);
}

/* -- services that are edited while something of a restore is left -- */

/* NEW-2: a new name or password is no other place. */
static void
what_ended_halfway_is_put_right_with_the_settings_of_now(void **state)
{
	struct scene *s = *state;

	confirmed(s, RESTORE_REPLACE, false);
	dies_for_good_at(s, "restore.between_swaps:kill");
	IS_MIXED(s);
	rename_media(s, NULL);
	assert_int_equal(queue_tidy(s), 1);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	IS_OLD(s);
	assert_int_equal(beside(s), 0);
}

/* NEW-2: of another place it is told what is left, and the service is free again. */
static void
what_ended_halfway_at_another_place_is_told_and_left(void **state)
{
	struct scene *s = *state;
	struct fixture *f = &s->h.f;
	struct job job;

	confirmed(s, RESTORE_REPLACE, false);
	dies_for_good_at(s, "restore.between_swaps:kill");
	IS_MIXED(s);
	rename_media(s, "away");
	assert_int_equal(queue_tidy(s), 1);
	job = do_next(s);
	assert_int_equal(job.state, JOB_SUCCEEDED);
	assert_int_equal(job.warnings, 1);
	assert_true(told(s, "media: Pictures leads elsewhere"));
	assert_true(told(s, home_path(&s->h, "data/media stays there")));
	assert_true(told(s, "is not put right"));
	assert_false(told(s, "media: nothing of"));
	assert_true(told(s, "pages: nothing of"));
	IS_MIXED(s);
	assert_int_equal(beside(s), 1);
	assert_true(restore_row(s).tidied_at > 0);
	draft(s, RESTORE_REPLACE);
	OK(try_confirm(s, false));
}

/* NEW-2: what is kept is removed where it is, or it is told that it is not. */
static void
what_is_kept_at_another_place_is_told_and_left(void **state)
{
	struct scene *s = *state;
	struct fixture *f = &s->h.f;

	confirmed(s, RESTORE_REPLACE, false);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	rename_media(s, "away");
	OK(sql_run(NULL, f->db, "UPDATE restore SET undo_until=1", SQL_NO_ARGS, &f->e));
	assert_int_equal(queue_tidy(s), 1);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	assert_true(told(s, home_path(&s->h, "data/media stays there")));
	assert_false(told(s, "is not put right"));
	assert_false(told(s, "media: nothing of"));
	assert_int_equal(beside(s), 1);
	IS_NEW(s);
	assert_int_equal(queue_tidy(s), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE_TEST(a_restore_killed_between_two_switches_goes_on),
		SCENE_TEST(a_restore_that_died_for_good_between_two_switches_is_taken_back),
		SCENE_TEST(without_taking_back_a_mixture_would_stay),
		SCENE_TEST(nothing_is_restored_over_one_that_ended_halfway),
		SCENE_TEST(a_switch_that_fails_takes_the_others_back),
		SCENE_TEST(an_addition_that_may_have_been_done_is_not_done_again),
		SCENE_TEST(an_addition_of_files_survives_a_stopped_worker),
		SCENE_TEST(settings_that_changed_after_the_confirmation_stop_it),
		SCENE_TEST(what_ended_halfway_is_put_right_with_the_settings_of_now),
		SCENE_TEST(what_ended_halfway_at_another_place_is_told_and_left),
		SCENE_TEST(what_is_kept_at_another_place_is_told_and_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
