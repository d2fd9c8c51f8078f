/* restore_hooks_test.c: what is run around a restore: hooks, and landing rules. */
#include "tests/unit/media_restore.h"

static void
set_hooks(struct job_home *h, const char *before, const char *after)
{
	struct fixture *f = &h->f;

	OK(sql_run(NULL, f->db, "UPDATE environment SET hook_before=?1, hook_after=?2",
	    SQL_ARGS(sql_t(before), sql_t(after)), &f->e));
}

static void
put_hook(struct job_home *h, const char *name, mode_t mode, const char *body)
{
	const char *path = home_path(h, arena_printf(h->f.a, "hooks/%s", name));
	const char *text = arena_printf(h->f.a, "#!/bin/sh\nexec >>'%s' 2>&1\n%s\n",
	    home_path(h, "hooked"), body);
	struct fixture *f = &h->f;

	OK(fd_make_path(home_path(h, "hooks"), &f->e));
	OK(fd_put_file(path, text, strlen(text), mode, &f->e));
	assert_int_equal(chmod(path, mode), 0);
}

/* Its output is what it is there for. */
static void
put_code(struct job_home *h, const char *body)
{
	const char *text = arena_printf(h->f.a, "#!/bin/sh\n%s\n", body);
	const char *path = home_path(h, "hooks/code");
	struct fixture *f = &h->f;

	OK(fd_make_path(home_path(h, "hooks"), &f->e));
	OK(fd_put_file(path, text, strlen(text), 0755, &f->e));
	assert_int_equal(chmod(path, 0755), 0);
}

static const char *
hooked(struct job_home *h)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct fixture *f = &h->f;

	if (!home_has(h, "hooked"))
		return "";
	OK(fd_read_file(&text, home_path(h, "hooked"), 10000, &f->e));
	return arena_dupn(f->a, text.p, text.n);
}

static const char *
sidecar_text(struct job_home *h, int64_t backup)
{
	struct backup b = home_backup_row(h, backup);
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct fixture *f = &h->f;

	OK(fd_read_file(&text, arena_printf(f->a, "%s/%s", h->conf.storage, b.sidecar_key), 1 << 20,
	    &f->e));
	return arena_dupn(f->a, text.p, text.n);
}

/* -- hooks -- */

/* PLA-25: data comes back, code does not; a hook that fails keeps nobody from either. */
static void
PLA_25_which_code_ran_then_and_runs_now_is_kept(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	struct restore r;
	int64_t backup;

	fixture_do(f, "UPDATE environment SET hook_code='code'");
	put_code(h, "echo v1.4");
	backup = home_backup(h, f->media);
	assert_string_equal(home_backup_row(h, backup).code, "v1.4");
	assert_non_null(strstr(sidecar_text(h, backup), "\"code\": \"v1.4\""));
	put_code(h, "echo v1.5");
	r = restore_row(h, draft(h, backup));
	assert_int_equal(r.preview, PREVIEW_OK);
	assert_string_equal(r.backup_code, "v1.4");
	assert_string_equal(r.code, "v1.5");
	put_code(h, "echo v1.6; exit 1");
	backup = home_backup(h, f->media);
	assert_string_equal(home_backup_row(h, backup).code, "");
	assert_null(strstr(sidecar_text(h, backup), "\"code\""));
	r = restore_row(h, draft(h, backup));
	assert_int_equal(r.preview, PREVIEW_OK);
	assert_string_equal(r.code, "");
}

/* PEER-21, PLA-25: around the switch, told what it is about. */
static void
hooks_run_around_the_switch(void **state)
{
	struct job_home *h = *state;
	const char *tell = "echo $LAZARETTE_STEP $LAZARETTE_RESTORE $LAZARETTE_OUTCOME $(cat ";
	int64_t restore;

	set_hooks(h, "stop", "start");
	put_hook(h, "stop", 0755,
	    arena_printf(h->f.a, "%s'%s')", tell, home_path(h, "data/media/a.txt")));
	put_hook(h, "start", 0755,
	    arena_printf(h->f.a, "%s'%s')", tell, home_path(h, "data/media/a.txt")));
	restore = confirmed(h, false);
	assert_int_equal(do_next(h).state, JOB_SUCCEEDED);
	assert_string_equal(hooked(h),
	    arena_printf(h->f.a, "before r%d changed since\nafter r%d succeeded some text\n",
	        (int)restore, (int)restore));
	assert_false(restore_row(h, restore).hook_due);
}

static void
a_hook_that_fails_before_stops_the_restore_and_after_still_runs(void **state)
{
	struct job_home *h = *state;
	int64_t restore;
	struct job job;

	set_hooks(h, "stop", "start");
	put_hook(h, "stop", 0755, "exit 3");
	put_hook(h, "start", 0755, "echo $LAZARETTE_STEP $LAZARETTE_OUTCOME");
	restore = confirmed(h, false);
	job = do_next(h);
	assert_int_equal(job.state, JOB_FAILED);
	assert_non_null(strstr(job.error, "stop"));
	assert_non_null(strstr(job.error, "hook stop ended with exit code 3"));
	assert_string_equal(hooked(h), "after failed\n");
	assert_int_equal(restore_row(h, restore).state, RESTORE_FAILED);
	IS_OLD(h);
}

/* PEER-21: the process dies between "before" and the switch; who takes the job up runs "after". */
static void
after_runs_also_when_the_worker_was_killed_in_between(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	struct lease l;
	bool again = true;
	int64_t queued;

	set_hooks(h, "stop", "start");
	put_hook(h, "stop", 0755, "echo before");
	put_hook(h, "start", 0755, "echo after $LAZARETTE_OUTCOME");
	confirmed(h, false);
	/* Three deaths and it is poisoned, with a hook that is owed. */
	while (again) {
		pid_t pid;
		int status;

		OK(sql_run(NULL, f->db, "UPDATE job SET run_at=0 WHERE state='queued'",
		    SQL_NO_ARGS, &f->e));
		l = fixture_claim(f);
		assert_true(l.job > 0);
		if ((pid = fork()) == 0) {
			setenv("LAZARETTE_FAULT", "restore.hook_before_ran:kill", 1);
			exit(work_run(&h->conf, &l));
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		OK(jobs_died(&again, f->db, &l, "signal 9", &f->e));
	}
	IS_OLD(h);
	assert_string_equal(hooked(h), "before\nbefore\nbefore\n");
	OK(restores_queue_tidy(&queued, f->db, &f->e));
	assert_int_equal(queued, 1);
	assert_int_equal(do_next(h).state, JOB_SUCCEEDED);
	assert_string_equal(hooked(h), "before\nbefore\nbefore\nafter failed\n");
	assert_int_equal(beside(h), 0);
}

static void
a_hook_that_others_could_change_is_not_run(void **state)
{
	struct job_home *h = *state;
	struct job job;

	set_hooks(h, "stop", "");
	put_hook(h, "stop", 0777, "echo ran");
	confirmed(h, false);
	job = do_next(h);
	assert_int_equal(job.state, JOB_FAILED);
	assert_non_null(strstr(job.error, "chmod go-w"));
	assert_string_equal(hooked(h), "");
	IS_OLD(h);
}

static void
a_hook_past_its_limit_is_stopped(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	struct job job;

	set_hooks(h, "stop", "");
	OK(sql_run(NULL, f->db, "UPDATE environment SET hook_limit_s=1", SQL_NO_ARGS, &f->e));
	put_hook(h, "stop", 0755, "exec sleep 600");
	confirmed(h, false);
	job = do_next(h);
	assert_int_equal(job.state, JOB_FAILED);
	assert_non_null(strstr(job.error, "limit of 1 s"));
	IS_OLD(h);
}

/* -- landing rules -- */

/* Live data into staging: the rule runs on the side, before anything is switched. */
static void
make_live_land_in_staging(struct job_home *h, const char *body)
{
	struct fixture *f = &h->f;

	put_hook(h, "wash", 0755, body);
	OK(sql_run(NULL, f->db,
	    "INSERT INTO environment (uuid, project, slug, name, kind, created_at) SELECT 'e', "
	    "project, 'from', 'From', 'live', 1 FROM environment WHERE id=?1",
	    SQL_ARGS(sql_i(f->environment)), &f->e));
	OK(sql_run(NULL, f->db, "UPDATE environment SET kind='staging' WHERE id=?1",
	    SQL_ARGS(sql_i(f->environment)), &f->e));
	OK(sql_run(NULL, f->db, "UPDATE service SET sanitise_hook='wash'", SQL_NO_ARGS, &f->e));
}

static int64_t
confirmed_from_live(struct job_home *h)
{
	struct fixture *f = &h->f;
	int64_t backup = home_backup(h, f->media), restore;

	OK(sql_run(NULL, f->db,
	    "UPDATE backup SET environment=(SELECT id FROM environment WHERE slug='from')",
	    SQL_NO_ARGS, &f->e));
	change_media(h);
	restore = draft(h, backup);
	confirm(h, restore, false);
	return restore;
}

/* NEW-3: what lands is washed before it is opened. */
static void
landing_rules_run_on_the_side_before_the_switch(void **state)
{
	struct job_home *h = *state;

	make_live_land_in_staging(h,
	    arena_printf(h->f.a,
	        "echo $LAZARETTE_STEP $(cat '%s')\necho washed >\"$LAZARETTE_SIDE\"/a.txt",
	        home_path(h, "data/media/a.txt")));
	confirmed_from_live(h);
	assert_int_equal(do_next(h).state, JOB_SUCCEEDED);
	assert_true(media_is(h, "washed\n", false));
	assert_string_equal(hooked(h), "sanitise changed since\n");
}

static void
landing_rules_that_fail_leave_the_target(void **state)
{
	struct job_home *h = *state;
	struct job job;

	make_live_land_in_staging(h, "exit 1");
	confirmed_from_live(h);
	job = do_next(h);
	assert_int_equal(job.state, JOB_FAILED);
	assert_non_null(strstr(job.error, "landing rules"));
	IS_OLD(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HOME_TEST(PLA_25_which_code_ran_then_and_runs_now_is_kept),
		HOME_TEST(hooks_run_around_the_switch),
		HOME_TEST(a_hook_that_fails_before_stops_the_restore_and_after_still_runs),
		HOME_TEST(after_runs_also_when_the_worker_was_killed_in_between),
		HOME_TEST(a_hook_that_others_could_change_is_not_run),
		HOME_TEST(a_hook_past_its_limit_is_stopped),
		HOME_TEST(landing_rules_run_on_the_side_before_the_switch),
		HOME_TEST(landing_rules_that_fail_leave_the_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
