/* do_rewrap_test.c: headers for new keys beside what old ones were for: put, kept and removed with
 * it. */
#include "tests/unit/job_home.h"

#include <time.h>

#include "lib/base/rand.h"
#include "lib/store/findings.h"
#include "lib/store/invariants.h"
#include "lib/store/wraps.h"
#include "worker/gc.h"
#include "worker/sweep.h"

static char *
recipient(struct job_home *h)
{
	struct fixture *f = &h->f;
	char *public;

	OK(settings_get(&public, f->a, f->db, "age_recipient", &f->e));
	return public;
}

static void
rotate(struct job_home *h)
{
	struct fixture *f = &h->f;
	char public[AGEKEY_TEXT];
	struct agekey key;

	agekey_make(&key);
	OK(agekey_put(home_path(h, "keys"), &key, &f->e));
	agekey_public_text(public, key.public);
	OK(settings_set(f->db, "age_recipient", public, &f->e));
}

/* The job's row, once it has ended. */
static struct job
rewrap(struct job_home *h)
{
	struct fixture *f = &h->f;
	const struct job_request rq = { .requested_by = f->admin };
	int64_t job, again;
	struct lease l;

	OK(wraps_request(&job, f->db, &rq, f->storage, &f->e));
	OK(wraps_request(&again, f->db, &rq, f->storage, &f->e));
	assert_int_equal(again, job);
	l = fixture_claim(f);
	assert_int_equal(l.job, job);
	home_work(h, &l);
	return home_job_row(h, job);
}

struct counted {
	int64_t all, headers;
};

static int
count_one(void *arg, const struct dest_entry *entry, struct err *e UNUSED)
{
	size_t n = strlen(entry->key);
	struct counted *c = arg;

	c->all++;
	c->headers += n > 7 && strcmp(entry->key + n - 7, ".header") == 0;
	return 0;
}

static struct counted
count(struct job_home *h)
{
	CLEANUP_DEST struct dest *d = home_storage(h);
	struct counted c = { 0, 0 };
	struct fixture *f = &h->f;

	OK(dest_each_object(d, "", count_one, &c, &f->e));
	return c;
}

static void
purge(struct job_home *h, int64_t backup)
{
	struct fixture *f = &h->f;

	OK(backups_trash(f->db, backup, &f->e));
	fixture_do(f, "UPDATE backup SET trashed_at=1 WHERE state='trashed'");
	OK(sweep_once(&h->conf, f->db, 0, &f->e));
	assert_int_equal(home_backup_row(h, backup).state, BACKUP_DELETED);
}

/* The header of the one database that is listed. */
static const char *
header_path(struct job_home *h)
{
	struct fixture *f = &h->f;
	struct wraps_object *objects;
	size_t n;

	OK(wraps_list(&objects, &n, f->a, f->db, f->storage, &f->e));
	assert_true(n > 0);
	return arena_printf(f->a, "%s/%s.header", h->conf.storage, objects[0].key);
}

static void
T62_each_object_gets_one_header_and_the_second_run_finds_all_fine(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	const char **facts;
	struct job job;
	size_t n;

	home_backup(h, 0);                  /* plain: it has no part in this */
	home_keys(h);
	home_backup(h, 0);
	home_backup(h, f->media);           /* its pack is new and empty, and it needs the first */
	rotate(h);
	home_backup(h, f->media);           /* for the new key */
	assert_int_equal(count(h).headers, 0);
	job = rewrap(h);
	assert_int_equal(job.state, JOB_SUCCEEDED);
	assert_int_equal(job.warnings, 0);
	assert_int_equal(count(h).headers, 5);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job_log WHERE text LIKE"
	    " '%: 5 objects were wrapped%, 2 were fine, 0 could not be opened, 0 are damaged%'"),
	    1);
	assert_int_equal(rewrap(h).state, JOB_SUCCEEDED);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job_log WHERE text LIKE"
	    " '%: 0 objects were wrapped%, 7 were fine,%'"), 1);
	OK(invariants_check(&facts, &n, f->a, f->db, &f->e));
	assert_int_equal(n, 0);
}

/* For whom they are says the backup that stored them, though no part has them as its first. */
static void
T62_further_packs_are_fine_as_the_first_is(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	enum { SIZE = 2 << 20 };
	CLEANUP_ARENA struct arena *a = arena_new();
	char *noise = arena_alloc(a, SIZE);
	struct wraps_object *objects;
	char *recipients;
	int64_t first;
	size_t n;

	h->conf.pack_size = SIZE / 2;
	for (int i = 0; i < 6; i++) {
		rand_bytes(noise, SIZE);
		OK(fd_put_file(arena_printf(a, "%s/data/media/%d.bin", f->folder, i), noise, SIZE,
		    0644, &f->e));
	}
	home_keys(h);
	first = home_backup(h, f->media);
	home_backup(h, f->media);
	purge(h, first);
	OK(wraps_list(&objects, &n, f->a, f->db, f->storage, &f->e));
	assert_true(n > 3);                 /* a manifest, two first packs, and further ones */
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(objects[i].recipients, objects[0].recipients);
		assert_string_not_equal(objects[i].recipients, "");
		OK(wraps_recipients(&recipients, f->a, f->db, objects[i].key, &f->e));
		if (strstr(objects[i].key, ".manifest.") == NULL)
			assert_string_equal(recipients, objects[0].recipients);
	}
	assert_int_equal(rewrap(h).state, JOB_SUCCEEDED);
	assert_int_equal(count(h).headers, 0);
	rotate(h);
	assert_int_equal(rewrap(h).state, JOB_SUCCEEDED);
	assert_int_equal(count(h).headers, n);
}

static void
T62_a_storage_without_backups_has_nothing_to_wrap(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	const struct job_request rq = { .requested_by = f->admin };
	int64_t job;

	REFUSED(ERR_CONFLICT, wraps_request(&job, f->db, &rq, f->storage, &f->e));
	/* And without keys there is none to wrap for. */
	home_backup(h, 0);
	assert_non_null(strstr(rewrap(h).error, "lazarette admin keys"));
}

/* Housekeeping would never be done with it. */
static void
T62_what_failed_in_a_storage_that_was_removed_is_let_be(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t backup = home_backup(h, 0);
	struct err why;

	assert_int_equal(rewrap(h).state, JOB_FAILED);
	purge(h, backup);
	fixture_do(f, "UPDATE storage SET path='/proc/nothing'");
	assert_int_equal(sweep_once(&h->conf, f->db, 0, &why), -1);
	fixture_do(f, "UPDATE storage SET removed_at=1");
	OK(sweep_once(&h->conf, f->db, 0, &f->e));
}

static void
T62_what_no_key_opens_is_counted_and_named_and_the_others_go_on(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	char id[AGEKEY_SHORT], *lost;
	struct job job;

	home_keys(h);
	lost = recipient(h);
	home_backup(h, f->database);
	rotate(h);
	home_backup(h, f->media);
	rotate(h);
	agekey_short(id, lost);
	assert_int_equal(rename(home_path(h, arena_printf(f->a, "keys/%s.identity", id)),
	    home_path(h, "away")), 0);
	job = rewrap(h);
	assert_int_equal(job.state, JOB_FAILED);
	assert_non_null(strstr(job.error, "1 of 3 objects in main"));
	assert_non_null(strstr(job.error, lost));
	assert_non_null(strstr(job.error, ".identity"));
	assert_int_equal(job.warnings, 1);
	assert_int_equal(count(h).headers, 2);
	/* Once the key is back, the rest is done. */
	assert_int_equal(rename(home_path(h, "away"),
	    home_path(h, arena_printf(f->a, "keys/%s.identity", id))), 0);
	assert_int_equal(rewrap(h).state, JOB_SUCCEEDED);
	assert_int_equal(count(h).headers, 3);
}

/* It would not open once the old key is taken away, and the job is what that waits for. */
static void
T62_a_backup_that_is_being_made_for_the_old_key_is_not_forgotten(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t late;

	home_keys(h);
	home_backup(h, f->database);
	late = home_backup(h, f->media);
	fixture_do(f, arena_printf(f->a, "UPDATE backup SET state='building' WHERE id=%d",
	    (int)late));
	assert_int_equal(rewrap(h).state, JOB_SUCCEEDED);
	rotate(h);
	assert_non_null(strstr(rewrap(h).error, arena_printf(f->a, "b%d was being made",
	    (int)late)));
	assert_int_equal(count(h).headers, 1);
	fixture_do(f, "UPDATE backup SET state='ready'");
	assert_int_equal(rewrap(h).state, JOB_SUCCEEDED);
	assert_int_equal(count(h).headers, 3);
}

static void
T62_a_header_goes_with_its_object_and_is_no_stranger_before(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	const struct job_request rq = { .requested_by = f->admin };
	int64_t first, second, job;
	struct lease l;

	home_keys(h);
	first = home_backup(h, f->media);
	second = home_backup(h, f->media);
	rotate(h);
	assert_int_equal(rewrap(h).state, JOB_SUCCEEDED);
	assert_int_equal(count(h).headers, 4);
	OK(findings_request(&job, f->db, &rq, f->storage, &f->e));
	l = fixture_claim(f);
	home_work(h, &l);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM finding"), 0);
	/* The pack of the first is needed by the second, and so is its header. */
	purge(h, first);
	assert_int_equal(count(h).headers, 3);
	OK(gc_run(&h->conf, false, &f->e));
	assert_int_equal(count(h).headers, 3);
	purge(h, second);
	assert_int_equal(count(h).headers, 0);
	assert_int_equal(home_objects(h), 0);
}

static void
T24_gc_takes_a_header_whose_object_is_gone(void **state)
{
	const struct timespec old[2] = { { .tv_sec = time(NULL) - 2 * 86400 },
		{ .tv_sec = time(NULL) - 2 * 86400 } };
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t id;
	const char *path;

	home_keys(h);
	id = home_backup(h, f->database);
	home_backup(h, f->media);
	path = header_path(h);
	purge(h, id);
	OK(fd_put_file(path, "left over", 9, 0600, &f->e));
	OK(gc_run(&h->conf, false, &f->e));
	assert_int_equal(count(h).headers, 1);
	OK(utimensat(AT_FDCWD, path, old, 0));
	OK(gc_run(&h->conf, false, &f->e));
	assert_int_equal(count(h).headers, 0);
}

static void
T62_damaged_objects_are_counted_and_a_damaged_header_is_made_anew(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	const char *path;
	struct job job;

	home_keys(h);
	home_backup(h, f->database);
	home_backup(h, f->media);
	rotate(h);
	assert_int_equal(rewrap(h).state, JOB_SUCCEEDED);
	path = header_path(h);
	OK(fd_put_file(path, "no header", 9, 0600, &f->e));
	job = rewrap(h);
	assert_int_equal(job.state, JOB_SUCCEEDED);
	assert_int_equal(job.warnings, 1);
	assert_int_equal(rewrap(h).warnings, 0);
	/* Of an object that is gone, and one that is no encrypted file any more. */
	assert_int_equal(unlink(path), 0);
	path = arena_dupn(f->a, path, strlen(path) - strlen(".header"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rewrap(h).state, JOB_SUCCEEDED);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job_log WHERE text LIKE"
	    " '%2 were fine, 0 could not be opened, 0 are damaged, 1 are not there'"), 1);
	OK(fd_put_file(path, "other words", 11, 0600, &f->e));
	job = rewrap(h);
	assert_int_equal(job.state, JOB_FAILED);
	assert_non_null(strstr(job.error, "1 of 3 objects in main"));
	assert_non_null(strstr(job.error, "does not begin as a file of age"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HOME_TEST(T62_each_object_gets_one_header_and_the_second_run_finds_all_fine),
		HOME_TEST(T62_further_packs_are_fine_as_the_first_is),
		HOME_TEST(T62_a_storage_without_backups_has_nothing_to_wrap),
		HOME_TEST(T62_what_failed_in_a_storage_that_was_removed_is_let_be),
		HOME_TEST(T62_what_no_key_opens_is_counted_and_named_and_the_others_go_on),
		HOME_TEST(T62_a_backup_that_is_being_made_for_the_old_key_is_not_forgotten),
		HOME_TEST(T62_a_header_goes_with_its_object_and_is_no_stranger_before),
		HOME_TEST(T24_gc_takes_a_header_whose_object_is_gone),
		HOME_TEST(T62_damaged_objects_are_counted_and_a_damaged_header_is_made_anew),
	};

	return cmocka_run_group_tests_name("do_rewrap", tests, NULL, NULL);
}
