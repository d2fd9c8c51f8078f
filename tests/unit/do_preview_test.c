/* do_preview_test.c: a look at a target that is not there, and the restore that makes it. */
#include "tests/unit/job_home.h"

#include "lib/store/restores.h"

static struct restore_part
row(struct fixture *f, int64_t restore)
{
	struct restore_part *parts;
	size_t n;

	OK(restores_parts(&parts, &n, f->a, f->db, restore, &f->e));
	assert_int_equal(n, 1);
	return parts[0];
}

static void
work_next(struct job_home *h, int64_t job)
{
	struct lease l = fixture_claim(&h->f);

	assert_int_equal(l.job, job);
	home_work(h, &l);
	assert_int_equal(home_job_row(h, job).state, JOB_SUCCEEDED);
}

static int64_t
looked(struct job_home *h, int64_t backup)
{
	struct fixture *f = &h->f;
	struct restore_choice choice = { .service = f->media };
	struct restore_draft rq = { .job = { .environment = f->environment,
		.requested_by = f->admin }, .backup = backup, .choices = &choice,
		.choice_count = 1 };
	struct restore_ids ids;
	struct part *parts;
	size_t n;

	OK(backups_parts(&parts, &n, f->a, f->db, backup, &f->e));
	choice.part = parts[0].id;
	OK(restores_draft(&ids, f->db, &rq, &f->e));
	work_next(h, ids.job);
	return ids.restore;
}

static void
DIV_13_a_target_that_is_gone_is_restored_without_a_safety_backup(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t backup = home_backup(h, f->media), restore = looked(h, backup), job;
	struct restore_confirm rq = { .job = { .environment = f->environment,
		.requested_by = f->admin }, .safety = true };
	struct restore r;

	assert_true(row(f, restore).target_bytes > 0);
	assert_int_equal(rename(home_path(h, "data/media"), home_path(h, "data/moved")), 0);
	rq.restore = restore = looked(h, backup);
	assert_true(restore_part_is_absent(&(struct restore_part){ .target_bytes =
	    row(f, restore).target_bytes }));
	OK(restores_confirm(&job, f->db, &rq, &f->e));
	work_next(h, job);
	OK(restores_by_id(&r, f->a, f->db, restore, &f->e));
	assert_int_equal(r.state, RESTORE_DONE);
	assert_int_equal(r.safety_backup, 0);
	assert_true(home_has(h, "data/media/a.txt"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HOME_TEST(DIV_13_a_target_that_is_gone_is_restored_without_a_safety_backup),
	};

	return cmocka_run_group_tests_name("do_preview", tests, NULL, NULL);
}
