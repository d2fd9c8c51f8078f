/* work_test.c: jobs from their row to their end: backups, verifications, checks, downloads. */
#include "tests/unit/job_home.h"

#include <jansson.h>
#include <signal.h>

#include "lib/util/hash.h"
#include "worker/job/report.h"

static struct part *
parts_of(struct job_home *h, int64_t backup, size_t *n)
{
	struct fixture *f = &h->f;
	struct part *parts;

	OK(backups_parts(&parts, n, f->a, f->db, backup, &f->e));
	return parts;
}

static const char *
key_path(struct job_home *h, const char *key)
{
	return arena_printf(h->f.a, "%s/%s", h->conf.storage, key);
}

/* One byte in the middle becomes another. */
static void
damage(const char *path)
{
	CLEANUP_FD int fd = open(path, O_RDWR | O_CLOEXEC);
	struct stat st;
	char c;

	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(pread(fd, &c, 1, st.st_size / 2), 1);
	c = (char)(c ^ 1);
	assert_int_equal(pwrite(fd, &c, 1, st.st_size / 2), 1);
}

static bool
log_says(struct job_home *h, int64_t job, const char *text)
{
	struct fixture *f = &h->f;
	struct job_line *lines;
	size_t n;

	OK(jobs_log_tail(&lines, &n, f->a, f->db, job, 100, &f->e));
	for (size_t i = 0; i < n; i++)
		if (strstr(lines[i].text, text) != NULL)
			return true;
	return false;
}

static struct lease
ask_verify(struct job_home *h, int64_t backup)
{
	struct job_request rq = { .environment = h->f.environment };
	struct fixture *f = &h->f;
	int64_t job;

	OK(jobs_add_verify(&job, f->db, &rq, backup, &f->e));
	return fixture_claim(f);
}

/* PEER-5: files and databases in one backup. */
static void
a_backup_of_database_and_media_becomes_ready(void **state)
{
	struct job_home *h = *state;
	int64_t id = home_backup(h, 0);
	struct backup b = home_backup_row(h, id);
	size_t n;
	struct part *parts = parts_of(h, id, &n);

	assert_int_equal(b.state, BACKUP_READY);
	assert_int_equal(n, 2);
	for (size_t i = 0; i < n; i++) {
		struct stat st;

		assert_string_equal(parts[i].state, "ready");
		assert_int_equal(stat(key_path(h, parts[i].data.key), &st), 0);
		assert_int_equal(st.st_size, parts[i].data.stored_bytes);
		assert_true(parts[i].data.raw_bytes > 0 && parts[i].taken_at > 0 &&
		    parts[i].tool[0] != '\0');
	}
	/* Two data objects, one manifest, one sidecar; nothing unfinished, no scratch folder. */
	assert_int_equal(home_objects(h), 4);
	assert_false(home_has(h, "run/job-1-1"));
	assert_true(log_says(h, b.job, "begins: "));
	assert_true(log_says(h, b.job, "read back and compared"));
}

static void
the_sidecar_tells_all_and_no_secret(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	struct backup b = home_backup_row(h, home_backup(h, 0));
	CLEANUP_BUF struct buf text = BUF_INIT;
	char hash[HASH_HEX_SIZE];
	json_t *j, *part;

	OK(fd_read_file(&text, key_path(h, b.sidecar_key), 1 << 20, &f->e));
	hash_of(hash, text.p, text.n);
	assert_string_equal(hash, b.sidecar_sha256);
	j = json_loadb(text.p, text.n, 0, NULL);
	assert_non_null(j);
	assert_int_equal(json_integer_value(json_object_get(j, "version")), 3);
	assert_string_equal(json_string_value(
	                        json_object_get(json_object_get(j, "backup"), "uuid")),
	    b.uuid);
	assert_string_equal(json_string_value(
	                        json_object_get(json_object_get(j, "backup"), "note")),
	    "a note");
	assert_int_equal(json_array_size(json_object_get(j, "parts")), 2);
	part = json_array_get(json_object_get(j, "parts"), 0);
	assert_int_equal(strlen(json_string_value(
	                     json_object_get(json_object_get(part, "data"), "raw_sha256"))),
	    64);
	assert_null(strstr(text.p, "sealed"));
	json_decref(j);
}

/* PEER-1: a source that fails, fails the backup as a whole, and nothing of it is left. */
static void
one_part_that_fails_fails_the_backup_and_leaves_nothing(void **state)
{
	struct job_home *h = *state;
	struct backup b;

	assert_int_equal(unlink(home_path(h, "data/app.db")), 0);
	b = home_backup_row(h, home_backup(h, 0));
	assert_int_equal(b.state, BACKUP_FAILED);
	assert_non_null(strstr(b.error, "database"));
	assert_int_equal(home_objects(h), 0);
	assert_true(log_says(h, b.job, "database"));
}

static void
a_job_that_has_another_holder_is_left_alone(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	struct lease l, late;

	fixture_request(f, 0, NULL);
	late = l = fixture_claim(f);
	OK(jobs_release(f->db, &l, &f->e));
	l = fixture_claim(f);
	assert_true(l.fence > late.fence);
	assert_int_equal(home_work(h, &late), REPORT_FENCED);
	assert_int_equal(home_job_row(h, l.job).state, JOB_RUNNING);
	assert_int_equal(home_objects(h), 0);
	assert_int_equal(home_work(h, &l), 0);
	assert_int_equal(home_job_row(h, l.job).state, JOB_SUCCEEDED);
}

#ifdef FAULT_POINTS
/* The job's process, which ends or stops at a named place. */
static pid_t
work_until(struct job_home *h, const struct lease *l, const char *fault)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		setenv("LAZARETTE_FAULT", fault, 1);
		exit(work_run(&h->conf, l));
	}
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSIGNALED(status) || WIFSTOPPED(status));
	return pid;
}

/* T01: the holder died between the sidecar and the end; the next one writes over its objects. */
static void
a_retry_takes_the_sidecar_of_the_first_try_away(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	struct backup_ids ids = fixture_request(f, 0, NULL);
	struct lease l = fixture_claim(f);
	const char *sidecar =
	    key_path(h, home_backup_row(h, ids.backup).sidecar_key) + strlen(f->folder) + 1;

	work_until(h, &l, "backup.before_finish:kill");
	assert_true(home_has(h, sidecar));
	OK(jobs_release(f->db, &l, &f->e));
	l = fixture_claim(f);
	work_until(h, &l, "backup.after_part:kill");
	assert_false(home_has(h, sidecar));
	OK(jobs_release(f->db, &l, &f->e));
	l = fixture_claim(f);
	assert_int_equal(home_work(h, &l), 0);
	assert_true(home_has(h, sidecar));
	assert_int_equal(home_backup_row(h, ids.backup).state, BACKUP_READY);
}

static void
a_sidecar_that_reads_back_otherwise_fails_the_backup(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	struct backup_ids ids = fixture_request(f, 0, NULL);
	struct lease l = fixture_claim(f);
	struct backup b;
	int status;
	pid_t pid = work_until(h, &l, "backup.sidecar_published:stop");

	damage(key_path(h, home_backup_row(h, ids.backup).sidecar_key));
	kill(pid, SIGCONT);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	b = home_backup_row(h, ids.backup);
	assert_int_equal(b.state, BACKUP_FAILED);
	assert_non_null(strstr(b.error, "differs from what was written"));
	assert_int_equal(home_objects(h), 0);
}
#endif

/* The numbers are those of the last good backup: it stored an exabyte. */
static void
a_storage_that_is_too_small_is_said_before_the_work(void **state)
{
	struct job_home *h = *state;
	struct backup b;

	home_backup(h, 0);
	fixture_do(&h->f, "UPDATE part SET data_stored_bytes=1000000000000000000 WHERE"
	    " manifest_key=''");
	b = home_backup_row(h, home_backup(h, h->f.database));
	assert_int_equal(b.state, BACKUP_FAILED);
	assert_non_null(strstr(b.error, "storage *main* is full: needs about "));
}

/* What was there last time says nothing about a source that has shrunk since. */
static void
a_source_that_has_shrunk_is_not_refused(void **state)
{
	struct job_home *h = *state;

	home_backup(h, h->f.media);
	fixture_do(&h->f, "UPDATE part SET data_stored_bytes=1000000000000000000,"
	    " data_raw_bytes=1000000000000000000");
	assert_int_equal(home_backup_row(h, home_backup(h, h->f.media)).state, BACKUP_READY);
}

static void
the_progress_knows_its_end_from_the_first_time_on(void **state)
{
	struct job_home *h = *state;
	struct job j = home_job_row(h, home_backup_row(h, home_backup(h, 0)).job);

	assert_true(j.bytes_total > 0);
	assert_true(j.bytes_done > 0);
}

static void
a_verification_of_whole_objects_is_good(void **state)
{
	struct job_home *h = *state;
	int64_t id = home_backup(h, 0);
	struct lease l = ask_verify(h, id);

	assert_int_equal(home_work(h, &l), 0);
	assert_int_equal(home_job_row(h, l.job).state, JOB_SUCCEEDED);
	assert_int_equal(home_backup_row(h, id).health, HEALTH_GOOD);
}

/* T17: and the log names every object that is broken, not the first only. */
static void
a_verification_finds_damaged_and_missing_objects(void **state)
{
	struct job_home *h = *state;
	int64_t id = home_backup(h, 0);
	size_t n;
	struct part *parts = parts_of(h, id, &n);
	struct lease l;

	damage(key_path(h, parts[0].data.key));
	l = ask_verify(h, id);
	assert_int_equal(home_work(h, &l), 0);
	assert_int_equal(home_job_row(h, l.job).state, JOB_FAILED);
	assert_int_equal(home_backup_row(h, id).health, HEALTH_DAMAGED);
	assert_true(log_says(h, l.job, parts[0].data.key));
	assert_int_equal(unlink(key_path(h, parts[1].data.key)), 0);
	l = ask_verify(h, id);
	assert_int_equal(home_work(h, &l), 0);
	assert_int_equal(home_backup_row(h, id).health, HEALTH_MISSING);
	assert_true(log_says(h, l.job, parts[0].data.key));
	assert_true(log_says(h, l.job, parts[1].data.key));
}

static void
a_verification_finds_a_changed_sidecar(void **state)
{
	struct job_home *h = *state;
	int64_t id = home_backup(h, 0);
	struct lease l;

	damage(key_path(h, home_backup_row(h, id).sidecar_key));
	l = ask_verify(h, id);
	assert_int_equal(home_work(h, &l), 0);
	assert_int_equal(home_backup_row(h, id).health, HEALTH_DAMAGED);
	assert_true(log_says(h, l.job, "differs from what was written"));
}

static void
a_check_says_what_it_found_beside_the_service(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	struct job_request rq = { .environment = f->environment };
	struct service s;
	struct lease l;
	int64_t job;

	OK(jobs_add_check(&job, f->db, &rq, f->database, &f->e));
	l = fixture_claim(f);
	assert_int_equal(home_work(h, &l), 0);
	OK(services_by_id(&s, f->a, f->db, f->database, &f->e));
	assert_string_equal(s.check_state, "ok");
	assert_int_equal(unlink(home_path(h, "data/app.db")), 0);
	OK(jobs_add_check(&job, f->db, &rq, f->database, &f->e));
	l = fixture_claim(f);
	assert_int_equal(home_work(h, &l), 0);
	OK(services_by_id(&s, f->a, f->db, f->database, &f->e));
	assert_string_equal(s.check_state, "failed");
	assert_non_null(strstr(s.check_text, "app.db"));
	assert_int_equal(home_job_row(h, job).state, JOB_FAILED);
}

/* -- downloads -- */

static struct download_ids
ask_download(struct job_home *h, int64_t backup)
{
	struct fixture *f = &h->f;
	int64_t ids[4];
	struct download_request rq = { .job = { .environment = f->environment,
		                           .requested_by = f->admin },
		.backup = backup,
		.parts = ids,
		.format = FORMAT_TAR,
		.valid_ms = 3600000,
		.max_uses = 5 };
	struct download_ids made;
	struct part *parts = parts_of(h, backup, &rq.part_count);

	for (size_t i = 0; i < rq.part_count; i++)
		ids[i] = parts[i].id;
	OK(downloads_request(&made, f->db, &rq, &f->e));
	return made;
}

static struct download
download_row(struct job_home *h, int64_t id)
{
	struct fixture *f = &h->f;
	struct download d;

	OK(downloads_by_id(&d, f->a, f->db, id, &f->e));
	return d;
}

/* DIV-14, DIV-17: a database is the vendor's file; the hash of each file is the one that people are
 * told. */
static void
a_download_becomes_files_that_nginx_can_read(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	struct download_ids ids = ask_download(h, home_backup(h, 0));
	struct lease l = fixture_claim(f);
	struct download_file *files;
	size_t n;

	assert_int_equal(home_work(h, &l), 0);
	assert_int_equal(download_row(h, ids.download).state, DOWNLOAD_READY);
	OK(downloads_files(&files, &n, f->a, f->db, ids.download, &f->e));
	assert_int_equal(n, 2);
	for (size_t i = 0; i < n; i++) {
		CLEANUP_BUF struct buf text = BUF_INIT;
		const char *path = home_path(h, arena_printf(f->a, "downloads/%s", files[i].path));
		char hash[HASH_HEX_SIZE];
		struct stat st;

		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0640);
		assert_int_equal(st.st_size, files[i].bytes);
		OK(fd_read_file(&text, path, 1 << 20, &f->e));
		hash_of(hash, text.p, text.n);
		assert_string_equal(hash, files[i].sha256);
		if (strcmp(files[i].engine, "sqlite") == 0)
			assert_memory_equal(text.p, "SQLite format 3", 16);
	}
}

static void
a_ready_download_that_is_asked_for_again_stays_as_it_is(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	struct download_ids ids = ask_download(h, home_backup(h, 0));
	struct job_request rq = { .environment = f->environment, .requested_by = f->admin };
	struct lease l = fixture_claim(f);
	int64_t job, expires;

	assert_int_equal(home_work(h, &l), 0);
	expires = download_row(h, ids.download).expires_at;
	OK(downloads_mail_again(&job, f->db, &rq, ids.download, &f->e));
	l = fixture_claim(f);
	assert_int_equal(l.job, job);
	assert_int_equal(home_work(h, &l), 0);
	assert_int_equal(home_job_row(h, job).state, JOB_SUCCEEDED);
	assert_int_equal(download_row(h, ids.download).expires_at, expires);
}

/* Its time ended while its job still waited. */
static void
a_download_that_is_over_is_not_prepared(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	struct download_ids ids = ask_download(h, home_backup(h, f->media));
	struct lease l = fixture_claim(f);
	struct download d;

	fixture_do(f, "UPDATE download SET state='expired'");
	assert_int_equal(home_work(h, &l), 0);
	assert_int_equal(home_job_row(h, l.job).state, JOB_FAILED);
	assert_non_null(strstr(home_job_row(h, l.job).error, "is expired and is not prepared"));
	d = download_row(h, ids.download);
	assert_int_equal(d.state, DOWNLOAD_EXPIRED);
	assert_false(home_has(h, arena_printf(f->a, "downloads/%s", d.uuid)));
}

/* T16, T17: damage is found while the file is made, and no file of it is left. */
static void
a_download_of_damaged_bytes_fails_and_leaves_nothing(void **state)
{
	struct job_home *h = *state;
	int64_t backup = home_backup(h, 0);
	size_t n;
	struct part *parts = parts_of(h, backup, &n);
	struct download_ids ids = ask_download(h, backup);
	struct lease l = fixture_claim(&h->f);
	struct download d;

	damage(key_path(h, parts[1].data.key));
	assert_int_equal(home_work(h, &l), 0);
	d = download_row(h, ids.download);
	assert_int_equal(d.state, DOWNLOAD_FAILED);
	assert_non_null(d.error);
	assert_false(home_has(h, arena_printf(h->f.a, "downloads/%s", d.uuid)));
}

static void
a_second_try_replaces_what_the_first_began(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	struct download_ids ids = ask_download(h, home_backup(h, 0));
	struct lease l = fixture_claim(f);
	const char *folder = arena_printf(f->a, "downloads/%s", download_row(h, ids.download).uuid);

	OK(fd_make_path(home_path(h, folder), &f->e));
	home_file(h, arena_printf(f->a, "%s/.%d.7.tmp", folder, (int)l.fence), "begun");
	OK(jobs_release(f->db, &l, &f->e));
	l = fixture_claim(f);
	assert_int_equal(home_work(h, &l), 0);
	assert_int_equal(download_row(h, ids.download).state, DOWNLOAD_READY);
	assert_false(home_has(h, arena_printf(f->a, "%s/.1.7.tmp", folder)));
}

/* The disk of the storage is not mounted: its empty mount point is neither filled nor believed. */
static void
a_storage_that_is_not_mounted_is_left_alone(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t good = home_backup(h, f->media), late;
	struct backup b;
	struct lease l;

	OK(rename(h->conf.storage, home_path(h, "away")));
	OK(fd_make_path(h->conf.storage, &f->e));
	l = ask_verify(h, good);
	assert_int_equal(home_work(h, &l), 0);
	assert_non_null(strstr(home_job_row(h, l.job).error, "Is its disk mounted?"));
	b = home_backup_row(h, good);
	assert_int_equal(b.state, BACKUP_READY);
	assert_int_equal(b.health, HEALTH_GOOD);
	late = home_backup(h, f->media);
	b = home_backup_row(h, late);
	assert_int_equal(b.state, BACKUP_FAILED);
	assert_non_null(strstr(b.error, "storage *main* is not there: "));
	assert_false(home_has(h, "store/lazarette.json"));
	assert_false(home_has(h, "store/README.txt"));
	assert_int_equal(home_objects(h), 0);
	OK(rmdir(h->conf.storage));
	OK(rename(home_path(h, "away"), h->conf.storage));
	l = ask_verify(h, good);
	assert_int_equal(home_work(h, &l), 0);
	assert_int_equal(home_job_row(h, l.job).state, JOB_SUCCEEDED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HOME_TEST(a_backup_of_database_and_media_becomes_ready),
		HOME_TEST(the_sidecar_tells_all_and_no_secret),
		HOME_TEST(one_part_that_fails_fails_the_backup_and_leaves_nothing),
		HOME_TEST(a_job_that_has_another_holder_is_left_alone),
		HOME_TEST(a_storage_that_is_too_small_is_said_before_the_work),
		HOME_TEST(a_source_that_has_shrunk_is_not_refused),
		HOME_TEST(the_progress_knows_its_end_from_the_first_time_on),
		HOME_TEST(a_verification_of_whole_objects_is_good),
		HOME_TEST(a_verification_finds_damaged_and_missing_objects),
		HOME_TEST(a_verification_finds_a_changed_sidecar),
		HOME_TEST(a_check_says_what_it_found_beside_the_service),
		HOME_TEST(a_download_becomes_files_that_nginx_can_read),
		HOME_TEST(a_ready_download_that_is_asked_for_again_stays_as_it_is),
		HOME_TEST(a_download_of_damaged_bytes_fails_and_leaves_nothing),
		HOME_TEST(a_second_try_replaces_what_the_first_began),
		HOME_TEST(a_storage_that_is_not_mounted_is_left_alone),
		HOME_TEST(a_download_that_is_over_is_not_prepared),
#ifdef FAULT_POINTS
		HOME_TEST(a_retry_takes_the_sidecar_of_the_first_try_away),
		HOME_TEST(a_sidecar_that_reads_back_otherwise_fails_the_backup),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
