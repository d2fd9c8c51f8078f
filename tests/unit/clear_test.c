/* clear_test.c: what nobody will use goes, and only that: objects, uploads, scratch folders, the
 * ballast. */
#include "tests/unit/job_home.h"

#include "worker/job/ballast.h"
#include "worker/job/clear.h"

static struct clear
clear_of(struct job_home *h)
{
	return (struct clear){ &h->conf, h->f.a, h->f.db, NULL };
}

/* Not committed: left as a process leaves it that is killed in the middle. */
static void
put_object(struct job_home *h, const char *key, int64_t fence, bool commit)
{
	CLEANUP_DEST struct dest *d = home_storage(h);
	CLEANUP_UPLOAD struct upload *up = NULL;
	struct fixture *f = &h->f;
	int status;
	pid_t pid;

	if (commit) {
		OK(dest_begin(&up, d, key, fence, &f->e));
		OK(upload_write(up, "bytes", 5, &f->e));
		OK(upload_commit(&up, &f->e));
		return;
	}
	pid = fork();
	if (pid == 0)
		_exit(dest_begin(&up, d, key, fence, &f->e) == 0 &&
		    upload_write(up, "bytes", 5, &f->e) == 0 ? 0 : 1);
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
}

static struct backup_ids
building(struct job_home *h, struct lease *l)
{
	struct backup_ids ids = fixture_request(&h->f, 0, NULL);
	struct fixture *f = &h->f;

	*l = fixture_claim(f);
	OK(backups_begin(f->db, l, &f->e));
	return ids;
}

static void
fail_job(struct job_home *h, const struct lease *l)
{
	struct fixture *f = &h->f;
	struct err why;

	err_set(&why, ERR_INTERNAL, "for the test");
	OK(jobs_fail(f->db, l, &why, &f->e));
}

static void
a_failed_backup_loses_its_objects(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	struct clear c = clear_of(h);
	struct lease l;
	struct backup_ids ids = building(h, &l);
	struct part *parts;
	size_t n;

	OK(backups_parts(&parts, &n, f->a, f->db, ids.backup, &f->e));
	put_object(h, parts[0].data.key, l.fence, true);
	put_object(h, parts[1].data.key, l.fence, false);
	put_object(h, home_backup_row(h, ids.backup).sidecar_key, l.fence, true);
	put_object(h, "other/live/b9-x.json", 1, true);
	assert_int_equal(home_objects(h), 4);
	REFUSED(ERR_CONFLICT, clear_backup(&c, ids.backup, &f->e));
	assert_int_equal(home_objects(h), 4);
	fail_job(h, &l);
	OK(clear_backup(&c, ids.backup, &f->e));
	assert_int_equal(home_objects(h), 1);
	OK(clear_backup(&c, ids.backup, &f->e));
}

static void
a_ready_backup_keeps_its_objects(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	struct clear c = clear_of(h);
	int64_t id = home_backup(h, 0), before = home_objects(h);

	REFUSED(ERR_CONFLICT, clear_backup(&c, id, &f->e));
	assert_int_equal(home_objects(h), before);
}

/* T06: what the fenced left goes, what the present holder writes stays. */
static void
only_uploads_of_older_holders_are_cleared(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	struct clear c = clear_of(h);
	struct lease l;
	struct backup_ids ids = building(h, &l);
	struct job job;
	struct part *parts;
	size_t n;

	OK(jobs_release(f->db, &l, &f->e));
	l = fixture_claim(f);
	OK(backups_parts(&parts, &n, f->a, f->db, ids.backup, &f->e));
	put_object(h, parts[0].data.key, 1, false);
	put_object(h, parts[0].data.key, l.fence, false);
	put_object(h, parts[1].data.key, 1, true);
	job = home_job_row(h, l.job);
	OK(clear_uploads_of(&c, &job, &f->e));
	assert_int_equal(home_objects(h), 2);
	fail_job(h, &l);
	job = home_job_row(h, l.job);
	OK(clear_uploads_of(&c, &job, &f->e));
	assert_int_equal(home_objects(h), 1);
}

static void
scratch_folders_of_the_dead_go(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	struct clear c = clear_of(h);
	struct lease l;

	building(h, &l);
	OK(fd_make_path(home_path(h, "run/job-1-1/sub"), &f->e));
	OK(fd_make_path(home_path(h, "run/job-1-99"), &f->e));
	OK(fd_make_path(home_path(h, "run/job-77-1"), &f->e));
	OK(fd_make_path(home_path(h, "run/jobs"), &f->e));
	home_file(h, "run/job-1-99/copy.sqlite", "x");
	OK(clear_scratch(&c, &f->e));
	assert_true(home_has(h, "run/job-1-1/sub"));
	assert_false(home_has(h, "run/job-1-99"));
	assert_false(home_has(h, "run/job-77-1"));
	assert_true(home_has(h, "run/jobs"));
}

static void
a_folder_is_removed_without_following_links(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;

	OK(fd_make_path(home_path(h, "gone/a/b"), &f->e));
	home_file(h, "gone/a/b/c", "x");
	home_file(h, "kept", "x");
	assert_int_equal(symlink(home_path(h, "data"), home_path(h, "gone/link")), 0);
	OK(folder_remove(home_path(h, "gone"), &f->e));
	assert_false(home_has(h, "gone"));
	assert_true(home_has(h, "data/app.db"));
	OK(folder_remove(home_path(h, "gone"), &f->e));
	REFUSED(ERR_INTERNAL, folder_remove(home_path(h, "kept"), &f->e));
	assert_int_equal(symlink(home_path(h, "data"), home_path(h, "link")), 0);
	assert_int_equal(folder_remove(home_path(h, "link"), &f->e), -1);
	assert_true(home_has(h, "data/app.db"));
}

static void
a_folder_that_is_too_deep_is_left(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	const char *path = "deep";

	for (int i = 0; i < 20; i++)
		path = arena_printf(f->a, "%s/d", path);
	OK(fd_make_path(home_path(h, path), &f->e));
	assert_int_equal(folder_remove(home_path(h, "deep"), &f->e), -1);
	assert_true(home_has(h, "deep"));
	OK(folder_remove(home_path(h, "deep/d/d/d/d/d/d/d"), &f->e));
}

static void
a_download_in_use_keeps_its_files(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	struct clear c = clear_of(h);
	int64_t backup = home_backup(h, f->media);
	struct download_ids ids;
	struct part *parts;
	size_t n;

	OK(backups_parts(&parts, &n, f->a, f->db, backup, &f->e));
	OK(downloads_request(&ids, f->db,
	    &(struct download_request){ { f->environment, f->admin, NULL, false }, backup,
	        &parts[0].id, 1, FORMAT_ZIP, 3600000, 1, NULL },
	    &f->e));
	REFUSED(ERR_CONFLICT, clear_download(&c, ids.download, &f->e));
	REFUSED(ERR_NOT_FOUND, clear_download(&c, ids.download + 1, &f->e));
}

static void
the_ballast_is_laid_down_once_and_given_up(void **state)
{
	struct job_home *h = *state;
	struct stat first, again;

	ballast_keep(&h->conf);
	assert_int_equal(stat(home_path(h, "run/ballast"), &first), 0);
	assert_int_equal(first.st_size, 1 << 20);
	assert_true(first.st_blocks >= (1 << 20) / 512);
	ballast_keep(&h->conf);
	assert_int_equal(stat(home_path(h, "run/ballast"), &again), 0);
	assert_int_equal(first.st_ino, again.st_ino);
	ballast_drop(&h->conf);
	assert_false(home_has(h, "run/ballast"));
	ballast_drop(&h->conf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HOME_TEST(a_failed_backup_loses_its_objects),
		HOME_TEST(a_ready_backup_keeps_its_objects),
		HOME_TEST(only_uploads_of_older_holders_are_cleared),
		HOME_TEST(scratch_folders_of_the_dead_go),
		HOME_TEST(a_folder_is_removed_without_following_links),
		HOME_TEST(a_folder_that_is_too_deep_is_left),
		HOME_TEST(a_download_in_use_keeps_its_files),
		HOME_TEST(the_ballast_is_laid_down_once_and_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
