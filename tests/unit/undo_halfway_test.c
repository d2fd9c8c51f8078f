/* undo_halfway_test.c: undos and test restores that are killed or fail in between. */
#include "tests/unit/halfway.h"

/* -- undos -- */

/* NEW-2 */
static void
an_undo_killed_between_two_switches_goes_on(void **state)
{
	struct scene *s = *state;

	confirmed(s, RESTORE_REPLACE, false);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	ask_undo(s);
	assert_true(dies_at(s, "undo.unswapped:kill"));
	IS_MIXED(s);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	IS_OLD(s);
	assert_int_equal(restore_row(s).state, RESTORE_UNDONE);
}

/* NEW-2: what is said to be restored is restored, wholly, and can still be undone. */
static void
an_undo_that_died_for_good_is_put_right_and_can_be_asked_for_again(void **state)
{
	struct scene *s = *state;

	confirmed(s, RESTORE_REPLACE, false);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	ask_undo(s);
	dies_for_good_at(s, "undo.unswapped:kill");
	IS_MIXED(s);
	assert_int_equal(queue_tidy(s), 1);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	IS_NEW(s);
	assert_int_equal(restore_row(s).state, RESTORE_DONE);
	assert_int_equal(queue_tidy(s), 0);
	ask_undo(s);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	IS_OLD(s);
}

/* NEW-2: one that cannot be switched back keeps the others with it. */
static void
an_undo_that_fails_leaves_all_of_it_restored(void **state)
{
	struct scene *s = *state;
	struct job job;

	confirmed(s, RESTORE_REPLACE, false);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	set_hooks(s, arena_printf(s->h.f.a, "rm -rf '%s'/.media.*", home_path(&s->h, "data")));
	ask_undo(s);
	job = do_next(s);
	assert_int_equal(job.state, JOB_FAILED);
	assert_non_null(strstr(job.error, "media"));
	IS_NEW(s);
	assert_true(is(s, "outcomes", "failed\n"));
}

/* T39: as the trash does, for an hour; the time of an undo may not be up at all. */
static void
T39_after_a_jump_of_the_clock_what_an_undo_needs_is_kept(void **state)
{
	struct scene *s = *state;
	struct fixture *f = &s->h.f;

	confirmed(s, RESTORE_REPLACE, false);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	assert_true(beside(s) > 0);
	fixture_do(f, "UPDATE restore SET undo_until=1");
	assert_int_equal(queue_tidy(s), 1);
	/* Between the queue and the job as well. */
	fixture_do(f, "INSERT INTO worker (name, started_at, seen_at) VALUES ('w', 1, 1)");
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	assert_true(beside(s) > 0);
	assert_int_equal(queue_tidy(s), 0);
	OK(settings_worker_beat(f->db, "w", &f->e));
	assert_int_equal(queue_tidy(s), 0);
	/* Control: the hour is over, and it goes. */
	fixture_do(f, "UPDATE setting SET value='1' WHERE name='trash_rests_until'");
	assert_int_equal(queue_tidy(s), 1);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	assert_int_equal(beside(s), 0);
}

/* A restore with a safety backup whose kept old is gone already, and an undo of it that waits. */
static void
undo_from_safety(struct scene *s)
{
	struct fixture *f = &s->h.f;

	confirmed(s, RESTORE_REPLACE, true);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	OK(sql_run(NULL, f->db, "UPDATE restore SET undo_until=1", SQL_NO_ARGS, &f->e));
	assert_int_equal(queue_tidy(s), 1);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	assert_int_equal(beside(s), 0);
	ask_undo(s);
}

/* What waits for its next try is taken back by a person. */
static void
cancel(struct scene *s)
{
	struct fixture *f = &s->h.f;

	OK(jobs_cancel(f->db, restore_row(s).undo_job, &f->e));
	assert_int_equal(home_job_row(&s->h, restore_row(s).undo_job).state, JOB_CANCELLED);
}

/* SET-11: a service that was led elsewhere while the undo waited. */
static void
an_undo_from_the_safety_backup_goes_nowhere_else(void **state)
{
	struct scene *s = *state;
	struct fixture *f = &s->h.f;
	struct service pages;
	struct job job;

	undo_from_safety(s);
	OK(fd_make_path(home_path(&s->h, "data/other"), &f->e));
	home_file(&s->h, "data/other/a.txt", "of another");
	OK(services_by_id(&pages, f->a, f->db, s->pages, &f->e));
	pages.settings.roots = home_path(&s->h, "data/other");
	OK(services_update(&pages, f->db, &f->e));
	job = do_next(s);
	assert_int_equal(job.state, JOB_FAILED);
	assert_non_null(strstr(job.error, "have changed"));
	assert_true(is(s, "data/other/a.txt", "of another"));
	IS_NEW(s);
}

/* NEW-2: from the safety backup, killed between its two switches. */
static void
an_undo_from_the_safety_backup_goes_on_and_leaves_nothing(void **state)
{
	struct scene *s = *state;

	undo_from_safety(s);
	assert_true(dies_at(s, "undo.safe_swapped:kill"));
	IS_MIXED(s);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	IS_OLD(s);
	assert_int_equal(queue_tidy(s), 1);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	IS_OLD(s);
	assert_int_equal(beside(s), 0);
	assert_int_equal(restore_row(s).state, RESTORE_UNDONE);
	assert_int_equal(queue_tidy(s), 0);
}

/* What it replaced stays at another place; the undo itself is complete. */
static void
what_an_undo_left_at_another_place_is_told(void **state)
{
	struct scene *s = *state;

	undo_from_safety(s);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	rename_media(s, "away");
	assert_int_equal(queue_tidy(s), 1);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	assert_true(told(s, home_path(&s->h, "data/media stays there")));
	assert_false(told(s, "halfway"));
	IS_OLD(s);
	assert_int_equal(queue_tidy(s), 0);
}

/* The tidy job takes it back, nothing lands there before, and it can be asked for again. */
static void
is_put_right(struct scene *s)
{
	struct fixture *f = &s->h.f;
	int64_t undone = s->restore;

	draft(s, RESTORE_REPLACE);
	REFUSED(ERR_CONFLICT, try_confirm(s, false));
	assert_non_null(strstr(f->e.text, "ended halfway"));
	s->restore = undone;
	assert_int_equal(queue_tidy(s), 1);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	IS_NEW(s);
	assert_int_equal(restore_row(s).state, RESTORE_DONE);
	assert_int_equal(queue_tidy(s), 0);
}

/* NEW-2: what is said to be restored is restored, wholly, wherever the undo ended for good. */
static void
an_undo_from_the_safety_backup_that_died_for_good_is_taken_back(void **state)
{
	static const char *const faults[] = { "restore.swapped:kill", "undo.safe_swapped:kill" };
	struct scene *s = *state;

	undo_from_safety(s);
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		if (i > 0)
			ask_undo(s);
		assert_true(dies_at(s, faults[i]));
		IS_MIXED(s);
		cancel(s);
		is_put_right(s);
		assert_int_equal(beside(s), 0);
		assert_true(restore_row(s).tidied_at > 0);
	}
	ask_undo(s);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	IS_OLD(s);
}

/* NEW-2: after the last switch, before it is said to be undone, all of it can be taken back. */
static void
an_undo_from_the_safety_backup_keeps_what_it_replaced_until_it_is_done(void **state)
{
	struct scene *s = *state;

	undo_from_safety(s);
	dies_for_good_at(s, "undo.before_finish:kill");
	IS_OLD(s);
	assert_true(beside(s) > 0);
	is_put_right(s);
	assert_int_equal(beside(s), 0);
}

/* NEW-2: the second try cannot switch the second part, so the first is taken back. */
static void
a_second_try_from_the_safety_backup_can_take_the_first_back(void **state)
{
	struct scene *s = *state;
	struct job job;

	undo_from_safety(s);
	assert_true(dies_at(s, "undo.safe_swapped:kill"));
	IS_MIXED(s);
	set_hooks(s, arena_printf(s->h.f.a, "rm -rf '%s'/.pages.*", home_path(&s->h, "data")));
	job = do_next(s);
	assert_int_equal(job.state, JOB_FAILED);
	assert_non_null(strstr(job.error, "pages"));
	IS_NEW(s);
	assert_int_equal(queue_tidy(s), 1);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	IS_NEW(s);
	assert_int_equal(beside(s), 0);
}

/* NEW-2: of an addition, whose own kept files stay for their time. */
static void
an_undo_of_an_addition_that_died_for_good_is_taken_back(void **state)
{
	struct scene *s = *state;
	size_t kept;

	confirmed(s, RESTORE_ADD, true);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	IS_NEW(s);
	kept = beside(s);
	assert_true(kept > 0);
	ask_undo(s);
	dies_for_good_at(s, "undo.safe_swapped:kill");
	is_put_right(s);
	assert_int_equal(beside(s), kept);
	ask_undo(s);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	IS_OLD(s);
	assert_int_equal(queue_tidy(s), 1);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	assert_int_equal(beside(s), 0);
}

/* PLA-26: the storage's disk is away, and what is kept still goes back. */
static void
an_undo_by_switch_and_its_tidy_need_no_storage(void **state)
{
	struct scene *s = *state;
	struct fixture *f = &s->h.f;

	confirmed(s, RESTORE_REPLACE, false);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	OK(folder_remove(s->h.conf.storage, &f->e));
	ask_undo(s);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	IS_OLD(s);
	assert_int_equal(queue_tidy(s), 1);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	assert_int_equal(beside(s), 0);
	IS_OLD(s);
}

/* -- test restores -- */

static struct job
test_backup(struct scene *s)
{
	struct fixture *f = &s->h.f;
	struct job_request rq = { .environment = f->environment, .requested_by = f->admin };
	int64_t job;

	OK(restores_test(&job, f->db, &rq, s->backup, &f->e));
	return do_next(s);
}

/* PEER-7: what a test that died left goes with the next one. */
static void
a_scratch_target_whose_test_died_goes_with_the_next_test(void **state)
{
	struct scene *s = *state;
	struct fixture *f = &s->h.f;
	struct job_request rq = { .environment = f->environment, .requested_by = f->admin };
	int64_t job;

	OK(restores_test(&job, f->db, &rq, s->backup, &f->e));
	dies_for_good_at(s, "test.counted:kill");
	assert_int_equal(beside(s), 1);
	assert_string_equal(home_backup_row(&s->h, s->backup).test_state, "failed");
	assert_int_equal(test_backup(s).state, JOB_SUCCEEDED);
	assert_int_equal(beside(s), 0);
	assert_string_equal(home_backup_row(&s->h, s->backup).test_state, "equal");
	IS_OLD(s);
}

/* -- with a database -- */

/* SET-13: database and folder, killed in between, forward and back again. */
static void
a_database_and_a_folder_are_restored_and_undone_together(void **state)
{
	struct scene *s = *state;

	back_up_rows(s);
	confirmed(s, RESTORE_REPLACE, false);
	assert_true(dies_at(s, "restore.between_swaps:kill"));
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	assert_int_equal(rows(s), 2);
	assert_true(is(s, "data/pages/a.txt", "restored"));
	ask_undo(s);
	assert_true(dies_at(s, "undo.unswapped:kill"));
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	assert_int_equal(rows(s), 3);
	assert_true(is(s, "data/pages/a.txt", "was there"));
	assert_int_equal(queue_tidy(s), 1);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	assert_int_equal(beside(s), 0);
}

/* DIV-13: and all of it as it was, when the restore died for good before or after a switch. */
static void
a_database_and_a_folder_are_taken_back_together(void **state)
{
	static const char *const faults[] = {
		"restore.before_swap:kill",
		"restore.between_swaps:kill",
		"restore.swapped:kill",
		"restore.before_finish:kill",
	};
	struct scene *s = *state;

	back_up_rows(s);
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		confirmed(s, RESTORE_REPLACE, false);
		dies_for_good_at(s, faults[i]);
		assert_int_equal(restore_row(s).state, RESTORE_FAILED);
		assert_int_equal(queue_tidy(s), 1);
		assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
		assert_int_equal(rows(s), 3);
		assert_true(is(s, "data/pages/a.txt", "was there"));
		assert_int_equal(beside(s), 0);
	}
}

/* PEER-7: rows are compared with those that the backup has counted. */
static void
a_test_restore_counts_rows(void **state)
{
	struct scene *s = *state;
	struct fixture *f = &s->h.f;

	back_up_rows(s);
	assert_int_equal(test_backup(s).state, JOB_SUCCEEDED);
	assert_string_equal(home_backup_row(&s->h, s->backup).test_state, "equal");
	assert_non_null(strstr(home_backup_row(&s->h, s->backup).test_text, "1 table, 2 rows"));
	OK(sql_run(NULL, f->db, "UPDATE part_table SET rows=rows+1", SQL_NO_ARGS, &f->e));
	assert_int_equal(test_backup(s).state, JOB_SUCCEEDED);
	assert_string_equal(home_backup_row(&s->h, s->backup).test_state, "differs");
	assert_int_equal(beside(s), 0);
	assert_int_equal(rows(s), 3);
}

/* T35: a copy that holds fewer rows than were counted is not switched in. */
static void
a_side_with_other_rows_than_were_counted_is_refused(void **state)
{
	struct scene *s = *state;
	struct fixture *f = &s->h.f;
	struct job job;

	back_up_rows(s);
	OK(sql_run(NULL, f->db, "UPDATE part_table SET rows=rows+1", SQL_NO_ARGS, &f->e));
	confirmed(s, RESTORE_REPLACE, false);
	job = do_next(s);
	assert_int_equal(job.state, JOB_FAILED);
	assert_non_null(strstr(job.error, "2 rows where the backup has 3"));
	assert_int_equal(rows(s), 3);
	assert_true(is(s, "data/pages/a.txt", "was there"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE_TEST(an_undo_killed_between_two_switches_goes_on),
		SCENE_TEST(an_undo_that_died_for_good_is_put_right_and_can_be_asked_for_again),
		SCENE_TEST(an_undo_that_fails_leaves_all_of_it_restored),
		SCENE_TEST(an_undo_from_the_safety_backup_goes_nowhere_else),
		SCENE_TEST(an_undo_from_the_safety_backup_goes_on_and_leaves_nothing),
		SCENE_TEST(what_an_undo_left_at_another_place_is_told),
		SCENE_TEST(an_undo_from_the_safety_backup_that_died_for_good_is_taken_back),
		SCENE_TEST(an_undo_from_the_safety_backup_keeps_what_it_replaced_until_it_is_done),
		SCENE_TEST(a_second_try_from_the_safety_backup_can_take_the_first_back),
		SCENE_TEST(an_undo_of_an_addition_that_died_for_good_is_taken_back),
		SCENE_TEST(T39_after_a_jump_of_the_clock_what_an_undo_needs_is_kept),
		SCENE_TEST(an_undo_by_switch_and_its_tidy_need_no_storage),
		SCENE_TEST(a_scratch_target_whose_test_died_goes_with_the_next_test),
		SCENE_TEST(a_database_and_a_folder_are_restored_and_undone_together),
		SCENE_TEST(a_database_and_a_folder_are_taken_back_together),
		SCENE_TEST(a_test_restore_counts_rows),
		SCENE_TEST(a_side_with_other_rows_than_were_counted_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
