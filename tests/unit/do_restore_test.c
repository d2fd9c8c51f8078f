/* do_restore_test.c: the jobs of a restore: look, restore, undo, tidy, test, and their hooks. */
#include "tests/unit/job_home.h"

#include <dirent.h>

#include "lib/store/restores.h"

/* -- a scene: shop/live · media, with a backup of it and then another content -- */

static void
change_media(struct job_home *h)
{
	home_file(h, "data/media/a.txt", "changed since");
	home_file(h, "data/media/new.txt", "new since");
}

static bool
media_is(struct job_home *h, const char *a_txt, bool has_new)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct fixture *f = &h->f;

	OK(fd_read_file(&text, home_path(h, "data/media/a.txt"), 1000, &f->e));
	return text.n == strlen(a_txt) && memcmp(text.p, a_txt, text.n) == 0 &&
	    home_has(h, "data/media/new.txt") == has_new;
}

#define IS_OLD(h) assert_true(media_is(h, "changed since", true))
#define IS_NEW(h) assert_true(media_is(h, "some text", false))

static struct restore
restore_row(struct job_home *h, int64_t id)
{
	struct fixture *f = &h->f;
	struct restore r;

	OK(restores_by_id(&r, f->a, f->db, id, &f->e));
	return r;
}

static struct restore_part
landing_row(struct job_home *h, int64_t id)
{
	struct restore_part *parts;
	struct fixture *f = &h->f;
	size_t n;

	OK(restores_parts(&parts, &n, f->a, f->db, id, &f->e));
	assert_int_equal(n, 1);
	return parts[0];
}

/* Claims whatever is due and does it; its row afterwards. */
static struct job
do_next(struct job_home *h)
{
	struct lease l = fixture_claim(&h->f);

	assert_true(l.job > 0);
	home_work(h, &l);
	return home_job_row(h, l.job);
}

static int64_t
draft(struct job_home *h, int64_t backup)
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
	assert_int_equal(n, 1);
	choice.part = parts[0].id;
	OK(restores_draft(&ids, f->db, &rq, &f->e));
	do_next(h);
	return ids.restore;
}

static int64_t
confirm(struct job_home *h, int64_t restore, bool safety)
{
	struct fixture *f = &h->f;
	struct restore_confirm rq = { .job = { .environment = f->environment,
		.requested_by = f->admin }, .restore = restore, .safety = safety, .hooks = true };
	int64_t job;

	OK(restores_confirm(&job, f->db, &rq, &f->e));
	return job;
}

/* A backup, another content, and a restore that is looked at and confirmed. */
static int64_t
confirmed(struct job_home *h, bool safety)
{
	int64_t backup = home_backup(h, h->f.media), restore;

	change_media(h);
	restore = draft(h, backup);
	assert_int_equal(restore_row(h, restore).preview, PREVIEW_OK);
	confirm(h, restore, safety);
	return restore;
}

static int64_t
undo(struct job_home *h, int64_t restore)
{
	struct fixture *f = &h->f;
	struct job_request rq = { .environment = f->environment, .requested_by = f->admin };
	int64_t job;

	OK(restores_undo(&job, f->db, &rq, restore, &f->e));
	return job;
}

/* What begins like the side or the kept old of any restore. */
static size_t
beside(struct job_home *h)
{
	DIR *dir = opendir(home_path(h, "data"));
	struct dirent *d;
	size_t n = 0;

	assert_non_null(dir);
	while ((d = readdir(dir)) != NULL)
		n += strncmp(d->d_name, ".media.", 7) == 0;
	closedir(dir);
	return n;
}

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

/* -- hooks -- */

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
		HOME_TEST(hooks_run_around_the_switch),
		HOME_TEST(a_hook_that_fails_before_stops_the_restore_and_after_still_runs),
		HOME_TEST(after_runs_also_when_the_worker_was_killed_in_between),
		HOME_TEST(a_hook_that_others_could_change_is_not_run),
		HOME_TEST(a_hook_past_its_limit_is_stopped),
		HOME_TEST(landing_rules_run_on_the_side_before_the_switch),
		HOME_TEST(landing_rules_that_fail_leave_the_target),
		HOME_TEST(an_undo_makes_it_as_it_was),
		HOME_TEST(without_the_kept_old_the_undo_takes_the_safety_backup),
		HOME_TEST(what_is_kept_stays_until_its_time),
		HOME_TEST(a_test_restore_counts_and_leaves_nothing),
		HOME_TEST(a_test_restore_tells_what_differs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
