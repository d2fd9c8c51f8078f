/* downloads_test.c: prepared downloads, links, uses counted by bytes. */
#include "tests/unit/fixture.h"

#include "lib/store/downloads.h"
#include "lib/store/outbox.h"

static const char hash[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/* The parts of a backup: 0 is the database, 1 the media. */
static void
parts_of(struct fixture *f, int64_t backup, int64_t out[2])
{
	struct part *parts;
	size_t n;

	OK(backups_parts(&parts, &n, f->a, f->db, backup, &f->e));
	assert_int_equal(n, 2);
	out[0] = parts[0].id;
	out[1] = parts[1].id;
}

static struct download_request
request_of(struct fixture *f, int64_t backup, const int64_t *parts, size_t n)
{
	return (struct download_request){ { f->environment, f->admin, NULL, true }, backup, parts,
		n, FORMAT_TAR_ZST, 3600000, 5, NULL };
}

static struct download
download(struct fixture *f, int64_t id)
{
	struct download d;

	OK(downloads_by_id(&d, f->a, f->db, id, &f->e));
	return d;
}

/* A ready download of both parts: files of 1000 and of 0 bytes. */
static int64_t
ready(struct fixture *f, int64_t files[2])
{
	int64_t backup = fixture_ready(f), parts[2];
	struct download_request rq;
	struct download_file *file;
	struct download_ids ids;
	struct lease l;
	size_t n;

	parts_of(f, backup, parts);
	rq = request_of(f, backup, parts, 2);
	OK(downloads_request(&ids, f->db, &rq, &f->e));
	l = fixture_claim(f);
	assert_int_equal(l.job, ids.job);
	OK(downloads_files(&file, &n, f->a, f->db, ids.download, &f->e));
	for (size_t i = 0; i < n; i++) {
		file[i].path = "x";
		file[i].bytes = i == 0 ? 1000 : 0;
		file[i].sha256 = hash;
		files[i] = file[i].id;
		OK(downloads_file_ready(f->db, &l, &file[i], &f->e));
	}
	OK(downloads_finish(f->db, &l, &f->e));
	return ids.download;
}

/* DIV-14, DIV-15: content is chosen; the work is queued. */
static void
DIV_14_DIV_15_a_download_is_an_object_of_its_own(void **state)
{
	struct fixture *f = *state;
	int64_t backup = fixture_ready(f), parts[2];
	struct download_request rq;
	struct download_ids ids;
	struct download_file *files;
	struct download d;
	size_t n;

	parts_of(f, backup, parts);
	rq = request_of(f, backup, parts, 2);
	OK(downloads_request(&ids, f->db, &rq, &f->e));
	assert_false(ids.reused);
	d = download(f, ids.download);
	assert_int_equal(d.state, DOWNLOAD_PREPARING);
	assert_int_equal(d.backup, backup);
	assert_int_equal(d.job, ids.job);
	assert_string_equal(d.contents, "database, media");
	assert_string_equal(d.requested_name, "admin@example.org");
	assert_string_equal(d.mail_state, "");
	OK(downloads_files(&files, &n, f->a, f->db, ids.download, &f->e));
	assert_int_equal(n, 2);
	assert_memory_equal(files[0].name, "shop-live-database-2", 20);
	assert_string_equal(files[0].name + strlen(files[0].name) - 8, "Z.sqlite");
	assert_memory_equal(files[1].name, "shop-live-media-2", 17);
	assert_string_equal(files[1].name + strlen(files[1].name) - 9, "Z.tar.zst");
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM backup"), 1);
}

/* DIV-15: an identical second request uses the ready one. */
static void
DIV_15_the_same_content_is_prepared_once(void **state)
{
	struct fixture *f = *state;
	int64_t files[2], first = ready(f, files), backup = download(f, first).backup, parts[2],
	                  swapped[2], job, again;
	struct download_request rq;
	struct download_ids ids;
	struct lease l;

	parts_of(f, backup, parts);
	swapped[0] = parts[1];
	swapped[1] = parts[0];
	rq = request_of(f, backup, swapped, 2);
	OK(downloads_request(&ids, f->db, &rq, &f->e));
	assert_true(ids.reused);
	assert_int_equal(ids.download, first);
	assert_int_equal(ids.job, 0);
	rq.job.key = "again";
	OK(downloads_mail_again(&job, f->db, &rq.job, first, &f->e));
	OK(downloads_mail_again(&again, f->db, &rq.job, first, &f->e));
	assert_int_equal(job, again);
	l = fixture_claim(f);
	assert_int_equal(l.job, job);
	/* Its failure leaves the ready files alone. */
	OK(jobs_fail(f->db, &l, &(struct err){ .kind = ERR_INTERNAL, .text = "no mail" }, &f->e));
	assert_int_equal(download(f, first).state, DOWNLOAD_READY);
	rq.format = FORMAT_ZIP;
	rq.job.key = NULL;
	OK(downloads_request(&ids, f->db, &rq, &f->e));
	assert_false(ids.reused);
	/* In preparation: the same again for the same person, another for somebody else. */
	OK(downloads_request(&ids, f->db, &rq, &f->e));
	assert_true(ids.reused);
	assert_true(ids.job > 0);
	rq.job.requested_by = 0;
	OK(downloads_request(&ids, f->db, &rq, &f->e));
	assert_false(ids.reused);
}

static void
the_format_does_not_matter_to_a_database(void **state)
{
	struct fixture *f = *state;
	int64_t backup = fixture_ready(f), parts[2];
	struct download_request rq;
	struct download_ids one, two;

	parts_of(f, backup, parts);
	rq = request_of(f, backup, parts, 1);
	OK(downloads_request(&one, f->db, &rq, &f->e));
	rq.format = FORMAT_ZIP;
	OK(downloads_request(&two, f->db, &rq, &f->e));
	assert_int_equal(one.download, two.download);
}

/* SET-4: what is not ready cannot be downloaded; nothing is queued. */
static void
SET_4_only_a_good_backup_is_prepared(void **state)
{
	struct fixture *f = *state;
	struct backup_ids building = fixture_request(f, 0, NULL);
	int64_t parts[3] = { 0, 0, 999 }, jobs;
	struct download_request rq;
	struct download_ids ids;
	struct lease l;

	parts_of(f, building.backup, parts);
	rq = request_of(f, building.backup, parts, 2);
	jobs = fixture_number(f, "SELECT count(*) FROM job");
	REFUSED(ERR_CONFLICT, downloads_request(&ids, f->db, &rq, &f->e));
	assert_non_null(strstr(f->e.text, "still being created"));
	l = fixture_claim(f);
	fixture_finish(f, &l, building.backup);
	rq.part_count = 0;
	REFUSED(ERR_INPUT, downloads_request(&ids, f->db, &rq, &f->e));
	rq.part_count = 3;
	REFUSED(ERR_INPUT, downloads_request(&ids, f->db, &rq, &f->e));
	rq.part_count = 2;
	rq.job.environment = 77;
	REFUSED(ERR_NOT_FOUND, downloads_request(&ids, f->db, &rq, &f->e));
	rq.job.environment = f->environment;
	OK(backups_set_health(f->db, building.backup, HEALTH_DAMAGED, &f->e));
	REFUSED(ERR_CONFLICT, downloads_request(&ids, f->db, &rq, &f->e));
	assert_non_null(strstr(f->e.text, "damaged"));
	OK(backups_set_health(f->db, building.backup, HEALTH_GOOD, &f->e));
	OK(backups_trash(f->db, building.backup, &f->e));
	REFUSED(ERR_CONFLICT, downloads_request(&ids, f->db, &rq, &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job"), jobs);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM download"), 0);
}

static void
a_backup_in_use_by_a_download_stays(void **state)
{
	struct fixture *f = *state;
	int64_t backup = fixture_ready(f), parts[2];
	struct download_request rq;
	struct download_ids ids;

	parts_of(f, backup, parts);
	rq = request_of(f, backup, parts, 2);
	OK(downloads_request(&ids, f->db, &rq, &f->e));
	REFUSED(ERR_CONFLICT, backups_trash(f->db, backup, &f->e));
	assert_non_null(strstr(f->e.text, "in use by j"));
	OK(jobs_cancel(f->db, ids.job, &f->e));
	assert_int_equal(download(f, ids.download).state, DOWNLOAD_FAILED);
	assert_string_equal(download(f, ids.download).error, "Cancelled");
	OK(backups_trash(f->db, backup, &f->e));
}

static void
a_download_is_ready_only_when_all_its_files_are(void **state)
{
	struct fixture *f = *state;
	int64_t backup = fixture_ready(f), parts[2];
	struct download_file *files, other = { .id = 999, .path = "x", .sha256 = "" };
	struct download_request rq;
	struct download_ids ids;
	struct lease l, verify;
	int64_t id;
	size_t n;

	parts_of(f, backup, parts);
	rq = request_of(f, backup, parts, 2);
	OK(downloads_request(&ids, f->db, &rq, &f->e));
	l = fixture_claim(f);
	OK(downloads_files(&files, &n, f->a, f->db, ids.download, &f->e));
	files[0].path = "x";
	OK(downloads_file_ready(f->db, &l, &files[0], &f->e));
	REFUSED(ERR_INTERNAL, downloads_finish(f->db, &l, &f->e));
	REFUSED(ERR_INTERNAL, downloads_file_ready(f->db, &l, &other, &f->e));
	OK(jobs_add_verify(&id, f->db, &rq.job, backup, &f->e));
	verify = fixture_claim(f);
	REFUSED(ERR_INTERNAL, downloads_finish(f->db, &verify, &f->e));
	REFUSED(ERR_INTERNAL, backups_begin(f->db, &verify, &f->e));
	l.fence--;
	REFUSED(ERR_FENCED, downloads_file_ready(f->db, &l, &files[0], &f->e));
	REFUSED(ERR_FENCED, downloads_finish(f->db, &l, &f->e));
}

static struct link
link_of(struct fixture *f, int64_t download_id)
{
	struct link l = { .download = download_id, .recipient = "admin@example.org" };

	OK(links_add(&l, f->db, "hash-1", &f->e));
	return l;
}

static bool
deliver(struct fixture *f, int64_t link, int64_t file, int64_t bytes)
{
	struct delivery d = { link, file, bytes, "127.0.0.1" };
	bool first = false;

	OK(links_delivered(&first, f->db, &d, &f->e));
	return first;
}

static struct link_state
uses(struct fixture *f, int64_t link, int64_t file)
{
	struct link_state s;

	OK(links_state(&s, f->db, link, file, &f->e));
	return s;
}

/* T56: bytes make a use, requests do not. */
static void
T56_a_use_is_counted_when_all_bytes_were_sent(void **state)
{
	struct fixture *f = *state;
	int64_t files[2], id = ready(f, files);
	struct link l = link_of(f, id);
	struct delivery stranger = { l.id, 999, 10, "" };
	bool first;

	assert_int_equal(uses(f, l.id, files[0]).uses, 0);
	assert_false(deliver(f, l.id, files[0], 0));
	assert_int_equal(uses(f, l.id, files[0]).first_at, 0);
	assert_true(deliver(f, l.id, files[0], 400));
	assert_int_equal(uses(f, l.id, files[0]).uses, 0);
	assert_int_equal(uses(f, l.id, files[0]).bytes, 400);
	assert_false(deliver(f, l.id, files[0], 600));
	assert_int_equal(uses(f, l.id, files[0]).uses, 1);
	assert_int_equal(uses(f, l.id, files[0]).bytes, 0);
	deliver(f, l.id, files[0], 1000);
	deliver(f, l.id, files[0], 1000);
	deliver(f, l.id, files[0], 500);
	assert_int_equal(uses(f, l.id, files[0]).uses, 3);
	assert_int_equal(uses(f, l.id, files[0]).bytes, 500);
	deliver(f, l.id, files[1], 0);
	deliver(f, l.id, files[1], 0);
	assert_int_equal(uses(f, l.id, files[1]).uses, 2);
	assert_int_equal(download(f, id).uses, 3);
	REFUSED(ERR_NOT_FOUND, links_delivered(&first, f->db, &stranger, &f->e));
}

/* T56: whatever a report says, one delivery is at most one use, and no sum runs over. */
static void
T56_a_delivery_is_at_most_one_use(void **state)
{
	struct fixture *f = *state;
	int64_t files[2], id = ready(f, files);
	struct link l = link_of(f, id);

	deliver(f, l.id, files[0], 1);
	deliver(f, l.id, files[0], INT64_MAX);
	assert_int_equal(uses(f, l.id, files[0]).uses, 1);
	assert_int_equal(uses(f, l.id, files[0]).bytes, 1);
	deliver(f, l.id, files[0], INT64_MAX);
	assert_int_equal(uses(f, l.id, files[0]).uses, 2);
}

static void
a_link_lives_as_long_as_its_download(void **state)
{
	struct fixture *f = *state;
	int64_t files[2], id = ready(f, files), gone = 0;
	struct link l = link_of(f, id), found;
	struct download d;

	OK(links_find(&found, &d, f->a, f->db, "hash-1", &f->e));
	assert_int_equal(found.id, l.id);
	assert_int_equal(found.max_uses, 5);
	assert_int_equal(found.expires_at, d.expires_at);
	assert_int_equal(d.id, id);
	REFUSED(ERR_NOT_FOUND, links_find(&found, &d, f->a, f->db, "hash-2", &f->e));
	OK(downloads_next_removal(&gone, f->db, 0, &f->e));
	assert_int_equal(gone, 0);
	REFUSED(ERR_CONFLICT, downloads_set_removed(f->db, id, &f->e));
	fixture_do(f, "UPDATE download SET expires_at=1");
	REFUSED(ERR_GONE, links_find(&found, &d, f->a, f->db, "hash-1", &f->e));
	assert_string_equal(f->e.text, "this link has expired");
	assert_string_equal(found.recipient, "admin@example.org");
	assert_int_equal(d.state, DOWNLOAD_EXPIRED);
	OK(downloads_next_removal(&gone, f->db, 0, &f->e));
	assert_int_equal(gone, id);
	OK(downloads_set_removed(f->db, id, &f->e));
	OK(downloads_next_removal(&gone, f->db, 0, &f->e));
	assert_int_equal(gone, 0);
}

static void
a_revoked_download_takes_its_links_along(void **state)
{
	struct fixture *f = *state;
	int64_t files[2], id = ready(f, files), gone, job;
	struct job_request rq = { f->environment, f->admin, NULL, false };
	struct link found;
	struct download d;

	link_of(f, id);
	OK(downloads_revoke(f->db, id, &f->e));
	REFUSED(ERR_GONE, links_find(&found, &d, f->a, f->db, "hash-1", &f->e));
	assert_string_equal(f->e.text, "this link was revoked");
	assert_true(found.revoked_at > 0);
	REFUSED(ERR_CONFLICT, downloads_revoke(f->db, id, &f->e));
	REFUSED(ERR_CONFLICT, downloads_mail_again(&job, f->db, &rq, id, &f->e));
	REFUSED(ERR_NOT_FOUND, downloads_revoke(f->db, 999, &f->e));
	OK(downloads_next_removal(&gone, f->db, 0, &f->e));
	assert_int_equal(gone, id);
}

static void
a_link_may_be_made_before_its_download_is_ready(void **state)
{
	struct fixture *f = *state;
	int64_t backup = fixture_ready(f), parts[2];
	struct download_request rq;
	struct download_ids ids;
	struct link l, found, none = { .download = 999, .recipient = "a@x" };
	struct download d;

	parts_of(f, backup, parts);
	rq = request_of(f, backup, parts, 2);
	OK(downloads_request(&ids, f->db, &rq, &f->e));
	l = link_of(f, ids.download);
	REFUSED(ERR_GONE, links_find(&found, &d, f->a, f->db, "hash-1", &f->e));
	assert_int_equal(found.expires_at, l.created_at + 3600000);
	REFUSED(ERR_CONFLICT, downloads_revoke(f->db, ids.download, &f->e));
	REFUSED(ERR_NOT_FOUND, links_add(&none, f->db, "hash-9", &f->e));
	REFUSED(ERR_CONFLICT, links_add(&l, f->db, "hash-1", &f->e));
}

static void
lists_show_the_newest_first_with_the_state_of_their_mail(void **state)
{
	struct fixture *f = *state;
	int64_t files[2], id = ready(f, files);
	struct download *list;
	struct outbox_mail m = { .job = download(f, id).job,
		.message_id = "m1",
		.kind = "download_ready",
		.recipient = "admin@example.org",
		.subject = "s",
		.message = "x",
		.message_size = 1 };
	struct download_request rq;
	struct download_ids second;
	int64_t parts[2], mail;
	size_t n;

	OK(outbox_add(f->db, &m, &f->e));
	mail = fixture_number(f, "SELECT id FROM outbox");
	OK(outbox_not_sent(f->db, mail, "connection refused", 0, &f->e));
	parts_of(f, download(f, id).backup, parts);
	rq = request_of(f, download(f, id).backup, parts, 1);
	OK(downloads_request(&second, f->db, &rq, &f->e));
	OK(downloads_list(&list, &n, f->a, f->db, f->environment, 0, &f->e));
	assert_int_equal(n, 2);
	assert_int_equal(list[0].id, second.download);
	assert_string_equal(list[0].contents, "database");
	assert_string_equal(list[1].mail_state, "queued");
	assert_string_equal(list[1].mail_error, "connection refused");
	OK(downloads_list(&list, &n, f->a, f->db, f->environment, second.download, &f->e));
	assert_int_equal(n, 1);
	OK(downloads_of_backup(&list, &n, f->a, f->db, rq.backup, &f->e));
	assert_int_equal(n, 2);
	REFUSED(ERR_NOT_FOUND, downloads_by_id(list, f->a, f->db, 999, &f->e));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(DIV_14_DIV_15_a_download_is_an_object_of_its_own),
		FIXTURE_TEST(DIV_15_the_same_content_is_prepared_once),
		FIXTURE_TEST(the_format_does_not_matter_to_a_database),
		FIXTURE_TEST(SET_4_only_a_good_backup_is_prepared),
		FIXTURE_TEST(a_backup_in_use_by_a_download_stays),
		FIXTURE_TEST(a_download_is_ready_only_when_all_its_files_are),
		FIXTURE_TEST(T56_a_use_is_counted_when_all_bytes_were_sent),
		FIXTURE_TEST(T56_a_delivery_is_at_most_one_use),
		FIXTURE_TEST(a_link_lives_as_long_as_its_download),
		FIXTURE_TEST(a_revoked_download_takes_its_links_along),
		FIXTURE_TEST(a_link_may_be_made_before_its_download_is_ready),
		FIXTURE_TEST(lists_show_the_newest_first_with_the_state_of_their_mail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
