/* sweep_test.c: housekeeping takes what is past its time and what the dead left, and nothing else.
 */
#include "tests/unit/job_home.h"

#include <inttypes.h>

#include "worker/sweep.h"

static void
sweep(struct job_home *h)
{
	struct fixture *f = &h->f;

	OK(sweep_once(&h->conf, f->db, 0, &f->e));
}

static void
a_trashed_backup_goes_when_its_days_are_over(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t kept = home_backup(h, f->media), gone = home_backup(h, f->media);
	int64_t each = home_objects(h) / 2;

	h->conf.trash_ms = 3600000;
	OK(backups_trash(f->db, gone, &f->e));
	sweep(h);
	assert_int_equal(home_backup_row(h, gone).state, BACKUP_TRASHED);
	assert_int_equal(home_objects(h), 2 * each);
	fixture_do(f, "UPDATE backup SET trashed_at=1 WHERE state='trashed'");
	sweep(h);
	assert_int_equal(home_backup_row(h, gone).state, BACKUP_DELETED);
	assert_int_equal(home_backup_row(h, kept).state, BACKUP_READY);
	assert_int_equal(home_objects(h), each);
}

/* What the trash holds is only gone when it was removed from its own disk. */
static void
a_trashed_backup_stays_while_its_disk_is_away(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t id = home_backup(h, f->media), each = home_objects(h);

	OK(backups_trash(f->db, id, &f->e));
	fixture_do(f, "UPDATE backup SET trashed_at=1 WHERE state='trashed'");
	OK(rename(h->conf.storage, home_path(h, "away")));
	OK(fd_make_path(h->conf.storage, &f->e));
	REFUSED(ERR_BUSY, sweep_once(&h->conf, f->db, 0, &f->e));
	assert_int_equal(home_backup_row(h, id).state, BACKUP_TRASHED);
	OK(rmdir(h->conf.storage));
	OK(rename(home_path(h, "away"), h->conf.storage));
	assert_int_equal(home_objects(h), each);
	sweep(h);
	assert_int_equal(home_backup_row(h, id).state, BACKUP_DELETED);
	assert_int_equal(home_objects(h), 0);
}

static void
one_that_cannot_go_keeps_no_other(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t stuck = home_backup(h, f->media), gone = home_backup(h, f->database);
	const char *path;
	struct part *parts;
	size_t n;

	/* A folder in the place of its object cannot be removed as one. */
	OK(backups_parts(&parts, &n, f->a, f->db, stuck, &f->e));
	path = arena_printf(f->a, "%s/%s", h->conf.storage, parts[0].data.key);
	OK(unlink(path));
	OK(fd_make_path(path, &f->e));
	OK(backups_trash(f->db, stuck, &f->e));
	OK(backups_trash(f->db, gone, &f->e));
	fixture_do(f, "UPDATE backup SET trashed_at=1 WHERE state='trashed'");
	assert_int_equal(sweep_once(&h->conf, f->db, 0, &f->e), -1);
	assert_int_equal(home_backup_row(h, stuck).state, BACKUP_TRASHED);
	assert_int_equal(home_backup_row(h, gone).state, BACKUP_DELETED);
	OK(rmdir(path));
	sweep(h);
	assert_int_equal(home_backup_row(h, stuck).state, BACKUP_DELETED);
}

static void
what_lies_behind_many_failures_is_found(void **state)
{
	enum { MANY = 201 };
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t bad = home_backup(h, f->media);

	fixture_do(f, "UPDATE backup SET state='failed', error='x'");
	for (int i = 0; i < MANY; i++)
		OK(jobs_cancel(f->db, fixture_request(f, f->media, NULL).job, &f->e));
	assert_true(home_objects(h) > 0);
	sweep(h);
	assert_int_equal(home_objects(h), 0);
	assert_int_equal(home_backup_row(h, bad).state, BACKUP_FAILED);
}

static void
a_download_past_its_time_loses_its_files(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t backup = home_backup(h, f->media);
	struct download_ids ids;
	struct part *parts;
	struct download d;
	struct lease l;
	size_t n;

	OK(backups_parts(&parts, &n, f->a, f->db, backup, &f->e));
	OK(downloads_request(&ids, f->db,
	    &(struct download_request){ { f->environment, f->admin, NULL, false }, backup,
	        &parts[0].id, 1, FORMAT_ZIP, 3600000, 1, NULL },
	    &f->e));
	l = fixture_claim(f);
	assert_int_equal(home_work(h, &l), 0);
	OK(downloads_by_id(&d, f->a, f->db, ids.download, &f->e));
	sweep(h);
	assert_true(home_has(h, arena_printf(f->a, "downloads/%s", d.uuid)));
	fixture_do(f, "UPDATE download SET expires_at=1");
	sweep(h);
	assert_false(home_has(h, arena_printf(f->a, "downloads/%s", d.uuid)));
	OK(downloads_by_id(&d, f->a, f->db, ids.download, &f->e));
	assert_int_equal(d.state, DOWNLOAD_EXPIRED);
}

/* Killed between the mark in the catalogue and the folder, or made after its end. */
static void
a_folder_that_no_living_download_has_goes(void **state)
{
	static const char gone[] = "downloads/01890000-0000-7000-8000-00000000dead";
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	const char *mine;
	struct part *parts;
	struct download_ids ids;
	struct download d;
	size_t n;

	OK(backups_parts(&parts, &n, f->a, f->db, home_backup(h, f->media), &f->e));
	OK(downloads_request(&ids, f->db,
	    &(struct download_request){ { f->environment, f->admin, NULL, false },
	        parts[0].backup, &parts[0].id, 1, FORMAT_ZIP, 3600000, 1, NULL },
	    &f->e));
	OK(downloads_by_id(&d, f->a, f->db, ids.download, &f->e));
	mine = arena_printf(f->a, "downloads/%s", d.uuid);
	OK(fd_make_path(home_path(h, mine), &f->e));
	OK(fd_make_path(home_path(h, gone), &f->e));
	OK(fd_make_path(home_path(h, "downloads/notes"), &f->e));
	home_file(h, arena_printf(f->a, "%s/.1.1.tmp", gone), "x");
	sweep(h);
	assert_true(home_has(h, mine));
	assert_true(home_has(h, "downloads/notes"));
	assert_false(home_has(h, gone));
	fixture_do(f, "UPDATE download SET state='revoked', removed_at=1");
	sweep(h);
	assert_false(home_has(h, mine));
}

static void
what_is_known_of_a_service_goes_with_it(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	const char *mine = arena_printf(f->a, "run/ledgers/service-%" PRId64, f->media);

	home_backup(h, f->media);
	home_file(h, "run/ledgers/service-999", "x");
	sweep(h);
	assert_true(home_has(h, mine));
	assert_false(home_has(h, "run/ledgers/service-999"));
	fixture_do(f, "UPDATE service SET removed_at=1");
	sweep(h);
	assert_false(home_has(h, mine));
}

/* Killed between the end of the job and its clean-up. */
static void
what_a_failed_backup_left_goes(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t good = home_backup(h, f->media), each = home_objects(h),
	        bad = home_backup(h, f->media);

	fixture_do(f,
	    "UPDATE backup SET state='failed', error='x' WHERE id=(SELECT max(id) FROM backup)");
	OK(sweep_once(&h->conf, f->db, clock_now() + 1000, &f->e));
	assert_int_equal(home_objects(h), 2 * each);
	sweep(h);
	assert_int_equal(home_objects(h), each);
	assert_int_equal(home_backup_row(h, good).state, BACKUP_READY);
	assert_int_equal(home_backup_row(h, bad).state, BACKUP_FAILED);
}

static void
a_storage_out_of_reach_is_told_and_keeps_nothing_else(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;

	home_backup(h, f->media);
	fixture_do(f, "UPDATE backup SET state='failed', error='x'");
	fixture_do(f, "UPDATE storage SET path='relative'");
	OK(fd_make_path(home_path(h, "run/job-9-9"), &f->e));
	assert_int_equal(sweep_once(&h->conf, f->db, 0, &f->e), -1);
	assert_non_null(strstr(f->e.text, "main"));
	assert_false(home_has(h, "run/job-9-9"));
}

/* DIV-16: the supervisor was killed before it queued the mail; the next housekeeping does, once. */
static void
a_mail_that_nobody_got_to_is_queued_once(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;

	assert_int_equal(unlink(home_path(h, "data/app.db")), 0);
	home_backup(h, f->database);
	sweep(h);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM outbox"), 0);
	fixture_do(f, "UPDATE job SET finished_at=finished_at-60000");
	sweep(h);
	sweep(h);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM outbox"), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HOME_TEST(a_trashed_backup_goes_when_its_days_are_over),
		HOME_TEST(a_trashed_backup_stays_while_its_disk_is_away),
		HOME_TEST(one_that_cannot_go_keeps_no_other),
		HOME_TEST(what_lies_behind_many_failures_is_found),
		HOME_TEST(a_download_past_its_time_loses_its_files),
		HOME_TEST(a_folder_that_no_living_download_has_goes),
		HOME_TEST(what_is_known_of_a_service_goes_with_it),
		HOME_TEST(what_a_failed_backup_left_goes),
		HOME_TEST(a_storage_out_of_reach_is_told_and_keeps_nothing_else),
		HOME_TEST(a_mail_that_nobody_got_to_is_queued_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
