/* do_restore_test.c: the jobs of a restore: look, restore, undo, tidy, test. */
#include "tests/unit/media_restore.h"

/* -- looking -- */

/* NEW-6: before anybody decides, the numbers of what would change. */
static void
a_look_tells_what_would_change_and_changes_nothing(void **state)
{
	struct job_home *h = *state;
	int64_t backup = home_backup(h, h->f.media), restore;
	struct restore_part part;

	change_media(h);
	restore = draft(h, backup);
	part = landing_row(h, restore);
	assert_int_equal(restore_row(h, restore).preview, PREVIEW_OK);
	assert_int_equal(part.changed, 1);
	assert_int_equal(part.removed, 1);
	assert_int_equal(part.added, 0);
	assert_true(part.needs_bytes > 0 && part.has_bytes > part.needs_bytes);
	IS_OLD(h);
	assert_int_equal(beside(h), 0);
}

/* PLA-28: a target that will not do is an answer with its reason, no failed job. */
static void
a_target_that_cannot_be_reached_is_a_refusal_with_its_reason(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t backup = home_backup(h, f->media), restore;
	struct service s;

	OK(services_by_id(&s, f->a, f->db, f->media, &f->e));
	s.settings.roots = home_path(h, "nowhere/at/all");
	OK(services_update(&s, f->db, &f->e));
	restore = draft(h, backup);
	assert_int_equal(restore_row(h, restore).preview, PREVIEW_REFUSED);
	assert_non_null(strstr(restore_row(h, restore).preview_text, "nowhere/at"));
}

/* A folder is not exchanged with another service's database in it. */
static void
a_folder_that_holds_another_service_is_refused(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t backup = home_backup(h, f->media), restore;
	struct service s;

	OK(services_by_id(&s, f->a, f->db, f->database, &f->e));
	s.settings.path = home_path(h, "data/media/img/app.db");
	OK(services_update(&s, f->db, &f->e));
	restore = draft(h, backup);
	assert_int_equal(restore_row(h, restore).preview, PREVIEW_REFUSED);
	assert_non_null(strstr(restore_row(h, restore).preview_text, "img/app.db"));
}

/* -- restoring -- */

/* DIV-13, SET-13: replaced by the backup's content, the old kept for the undo. */
static void
a_restore_makes_the_target_equal_and_keeps_the_old(void **state)
{
	struct job_home *h = *state;
	int64_t restore = confirmed(h, false);
	struct restore r;

	assert_int_equal(do_next(h).state, JOB_SUCCEEDED);
	IS_NEW(h);
	r = restore_row(h, restore);
	assert_int_equal(r.state, RESTORE_DONE);
	assert_true(r.undo_until > r.finished_at && r.started_at > 0);
	assert_int_equal(landing_row(h, restore).state, LANDING_SWAPPED);
	assert_true(landing_row(h, restore).kept_bytes > 0);
	assert_int_equal(beside(h), 1);
}

/* DIV-13: the restore waits for the safety backup, and gives up without it. */
static void
without_its_safety_backup_nothing_is_restored(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t restore = confirmed(h, true);
	struct job job;
	struct restore r = restore_row(h, restore);

	assert_true(r.safety_backup > 0);
	OK(jobs_cancel(f->db, home_job_row(h, r.job).after, &f->e));
	job = do_next(h);
	assert_int_equal(job.state, JOB_FAILED);
	assert_non_null(strstr(job.error, "safety backup"));
	assert_int_equal(restore_row(h, restore).state, RESTORE_FAILED);
	IS_OLD(h);
}

/* T35: one changed byte, and the target is not touched. */
static void
a_damaged_copy_is_refused_and_the_target_stays(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t restore = confirmed(h, false);
	struct part *parts;
	struct job job;
	size_t n;

	OK(backups_parts(&parts, &n, f->a, f->db, restore_row(h, restore).backup, &f->e));
	home_file(h, arena_printf(f->a, "store/%s", parts[0].data.key), "something else");
	job = do_next(h);
	assert_int_equal(job.state, JOB_FAILED);
	assert_non_null(strstr(job.error, parts[0].data.key));
	IS_OLD(h);
}

/* -- undo, tidy -- */

/* NEW-2: by the old that was kept. */
static void
an_undo_makes_it_as_it_was(void **state)
{
	struct job_home *h = *state;
	int64_t restore = confirmed(h, false);

	do_next(h);
	IS_NEW(h);
	undo(h, restore);
	assert_int_equal(do_next(h).state, JOB_SUCCEEDED);
	IS_OLD(h);
	assert_int_equal(restore_row(h, restore).state, RESTORE_UNDONE);
}

/* NEW-2: when what was kept is gone, the safety backup is left. */
static void
without_the_kept_old_the_undo_takes_the_safety_backup(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t restore = confirmed(h, true), queued;

	do_next(h);
	do_next(h);
	IS_NEW(h);
	OK(sql_run(NULL, f->db, "UPDATE restore SET undo_until=1", SQL_NO_ARGS, &f->e));
	OK(restores_queue_tidy(&queued, f->db, &f->e));
	assert_int_equal(queued, 1);
	assert_int_equal(do_next(h).state, JOB_SUCCEEDED);
	assert_int_equal(beside(h), 0);
	undo(h, restore);
	assert_int_equal(do_next(h).state, JOB_SUCCEEDED);
	IS_OLD(h);
	OK(restores_queue_tidy(&queued, f->db, &f->e));
	assert_int_equal(queued, 1);
	assert_int_equal(do_next(h).state, JOB_SUCCEEDED);
	IS_OLD(h);
	assert_int_equal(beside(h), 0);
}

static void
what_is_kept_stays_until_its_time(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t restore = confirmed(h, false), queued;

	do_next(h);
	OK(restores_queue_tidy(&queued, f->db, &f->e));
	assert_int_equal(queued, 0);
	assert_int_equal(beside(h), 1);
	OK(sql_run(NULL, f->db, "UPDATE restore SET undo_until=1", SQL_NO_ARGS, &f->e));
	OK(restores_queue_tidy(&queued, f->db, &f->e));
	assert_int_equal(queued, 1);
	assert_int_equal(do_next(h).state, JOB_SUCCEEDED);
	assert_int_equal(beside(h), 0);
	IS_NEW(h);
	assert_true(restore_row(h, restore).tidied_at > 0);
	assert_int_equal(landing_row(h, restore).state, LANDING_GONE);
}

/* -- test restores -- */

static struct job
test_restore(struct job_home *h, int64_t backup)
{
	struct fixture *f = &h->f;
	struct job_request rq = { .environment = f->environment, .requested_by = f->admin };
	int64_t job;

	OK(restores_test(&job, f->db, &rq, backup, &f->e));
	return do_next(h);
}

/* PEER-7, CYC-18: counted in a scratch target that does not stay. */
static void
a_test_restore_counts_and_leaves_nothing(void **state)
{
	struct job_home *h = *state;
	int64_t backup = home_backup(h, h->f.media);
	struct backup b;

	change_media(h);
	assert_int_equal(test_restore(h, backup).state, JOB_SUCCEEDED);
	b = home_backup_row(h, backup);
	assert_string_equal(b.test_state, "equal");
	assert_non_null(strstr(b.test_text, "2 files"));
	assert_true(b.tested_at > 0);
	assert_int_equal(beside(h), 0);
	IS_OLD(h);
}

/* T30's control: what lacks something is told. */
static void
a_test_restore_tells_what_differs(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t backup = home_backup(h, f->media);

	OK(sql_run(NULL, f->db, "UPDATE part SET items=items+1", SQL_NO_ARGS, &f->e));
	test_restore(h, backup);
	assert_string_equal(home_backup_row(h, backup).test_state, "differs");
	assert_non_null(
	    strstr(home_backup_row(h, backup).test_text, "2 files where the backup has 3"));
	assert_int_equal(beside(h), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HOME_TEST(a_look_tells_what_would_change_and_changes_nothing),
		HOME_TEST(a_target_that_cannot_be_reached_is_a_refusal_with_its_reason),
		HOME_TEST(a_folder_that_holds_another_service_is_refused),
		HOME_TEST(a_restore_makes_the_target_equal_and_keeps_the_old),
		HOME_TEST(without_its_safety_backup_nothing_is_restored),
		HOME_TEST(a_damaged_copy_is_refused_and_the_target_stays),
		HOME_TEST(an_undo_makes_it_as_it_was),
		HOME_TEST(without_the_kept_old_the_undo_takes_the_safety_backup),
		HOME_TEST(what_is_kept_stays_until_its_time),
		HOME_TEST(a_test_restore_counts_and_leaves_nothing),
		HOME_TEST(a_test_restore_tells_what_differs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
