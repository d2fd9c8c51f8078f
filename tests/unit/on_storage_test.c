/* on_storage_test.c: the pages of the storages, and asking for a look through one. */
#include "tests/unit/ask.h"

#include "cgi/handle/on_job.h"
#include "cgi/handle/on_storage.h"
#include "cgi/handle/on_storage_form.h"
#include "lib/model/storage.h"
#include "lib/store/settings.h"
#include "lib/util/seal.h"

#define PAGE .run = on_storage_get, .args = { "main" }

static void
CYC_21_the_page_shows_what_was_found_worst_first(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply before, after, list, none;

	fixture_ready(f);
	ASK(200, &before, PAGE);
	SAYS(&before, "Not looked through yet");
	SAYS(&before, "Nobody has looked yet.");
	SAYS(&before, "<code>/srv/store</code>");
	fixture_do(f, "UPDATE storage SET checked_at=1795226400000, objects=1234,"
	              " object_bytes=5000, free_bytes=7000000");
	fixture_do(f, "INSERT INTO finding VALUES"
	              " (1, 'a/<b>', 'unknown', '5 B that nothing names (import?)', NULL, 1),"
	              " (1, 'shop/live/media/x', 'missing', 'it is gone', 1, 1)");
	ASK(200, &after, PAGE);
	SAYS(&after, "Something is missing");
	SAYS(&after, "1\u202f234");
	SAYS(&after, "a/&lt;b&gt;");
	SAYS(&after, "<a href=\"/b/b1\">b1</a>");
	assert_true(
	    strstr(after.body.p, "shop/live/media/x") < strstr(after.body.p, "a/&lt;b&gt;"));
	ASK(200, &list, .run = on_storage_list);
	SAYS(&list, "<a href=\"/storage/main\">main</a>");
	SAYS(&list, "Something is missing");
	ASK(404, &none, .run = on_storage_get, .args = { "other" });
	fixture_do(f, "DELETE FROM finding");
	CLEANUP_REPLY struct reply clean;
	ASK(200, &clean, PAGE);
	SAYS(&clean, "All there");
	SAYS(&clean, "Nothing: every object of every backup is there");
}

static void
CYC_21_a_look_is_asked_for_once_and_leaves_a_line_in_the_trail(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply none, once, twice, page;

	ASK(409, &none, .run = on_storage_check, .args = { "main" }, .post = true);
	SAYS(&none, "here is no backup in this storage yet");
	fixture_ready(f);
	ASK(303, &once, .run = on_storage_check, .args = { "main" }, .post = true);
	HEADER(&once, "Location: /storage/main?said=searching\r\n");
	ASK(303, &twice, .run = on_storage_check, .args = { "main" }, .post = true);
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM job WHERE kind='reconcile' AND storage=1"), 1);
	assert_true(fixture_number(f, "SELECT count(*) FROM event WHERE action='storage.checked'"
	                              " AND target='main'") >= 1);
	ASK(200, &page, PAGE);
	SAYS(&page, "It is being looked through by");
	SAYS_NOT(&page, "Check now");
}

static void
CYC_2_a_test_is_asked_for_once_and_its_end_shows(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply before, once, twice, busy, done, later, failed, missing;
	struct lease l;
	struct err why;

	ASK(200, &before, PAGE);
	SAYS(&before, "Never. A test writes a small object");
	SAYS(&before, "action=\"/storage/main/test\"");
	ASK(303, &once, .run = on_storage_test, .args = { "main" }, .post = true);
	HEADER(&once, "Location: /storage/main?said=testing\r\n");
	ASK(303, &twice, .run = on_storage_test, .args = { "main" }, .post = true);
	assert_int_equal(fixture_number(f,
	    "SELECT count(*) FROM job WHERE kind='check' AND storage=1 AND service IS NULL"), 1);
	assert_true(fixture_number(f, "SELECT count(*) FROM event WHERE action='storage.tested'"
	                              " AND target='main'") >= 1);
	ASK(200, &busy, PAGE);
	SAYS(&busy, "Queued</span> <a href=\"/j/j1\">j1</a>");
	SAYS_NOT(&busy, "action=\"/storage/main/test\"");
	/* A look through it is another thing. */
	SAYS_NOT(&busy, "It is being looked through by");
	l = fixture_claim(f);
	OK(jobs_succeed(f->db, &l, 0, &f->e));
	ASK(200, &done, PAGE);
	SAYS(&done, "Done</span> <a href=\"/j/j1\">j1</a>");
	ASK(303, &later, .run = on_storage_test, .args = { "main" }, .post = true);
	l = fixture_claim(f);
	err_set(&why, ERR_DAMAGED, "storage main: what is read is <not> what was written");
	OK(jobs_fail(f->db, &l, &why, &f->e));
	ASK(200, &failed, PAGE);
	SAYS(&failed, "The last test failed.</strong> storage main: what is read is &lt;not&gt;");
	ASK(404, &missing, .run = on_storage_test, .args = { "other" }, .post = true);
}

static void
CYC_2_a_test_needs_an_environment_to_belong_to(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp;

	fixture_do(f, "DELETE FROM service");
	fixture_do(f, "DELETE FROM environment");
	ASK(409, &rp, .run = on_storage_test, .args = { "main" }, .post = true);
	SAYS(&rp, "There is no environment yet");
}

/* Its job page repeats it, and not the test of a service. */
static void
CYC_2_a_failed_test_can_be_repeated_from_its_job(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply once, again, page;
	struct lease l;
	struct err why;

	ASK(303, &once, .run = on_storage_test, .args = { "main" }, .post = true);
	l = fixture_claim(f);
	err_set(&why, ERR_BUSY, "away");
	OK(jobs_fail(f->db, &l, &why, &f->e));
	ASK(200, &page, .run = on_job_get, .args = { "j1" });
	SAYS(&page, "Connection test");
	ASK(303, &again, .run = on_job_retry, .args = { "j1" }, .post = true);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job WHERE kind='check' AND"
	    " storage=1 AND service IS NULL AND state='queued'"), 1);
}

static void
PEER_16_an_administrator_switches_encryption_once_there_are_keys(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply none, keyless, on, again, with, off, without;

	ASK(409, &none, .run = on_storage_encrypt, .args = { "main" }, .post = true);
	SAYS(&none, "lazarette admin keys");
	ASK(200, &keyless, PAGE);
	SAYS(&keyless, "There are no keys yet");
	OK(settings_set(f->db, "age_recipient", "age1ours", &f->e));
	OK(settings_set(f->db, "age_recovery", "age1recovery", &f->e));
	ASK(303, &on, .run = on_storage_encrypt, .args = { "main" }, .post = true);
	HEADER(&on, "Location: /storage/main?said=encrypted\r\n");
	ASK(303, &again, .run = on_storage_encrypt, .args = { "main" }, .post = true);
	assert_int_equal(fixture_number(f, "SELECT encrypted FROM storage"), 1);
	assert_int_equal(fixture_number(f,
	    "SELECT count(*) FROM event WHERE action='storage.encrypted'"), 1);
	ASK(200, &with, PAGE);
	SAYS(&with, "opens with the secret key of <code>age1ours</code>");
	ASK(303, &off, .run = on_storage_plain, .args = { "main" }, .post = true);
	ASK(200, &without, PAGE);
	SAYS(&without, "whoever can read this storage can read");
	SAYS(&without, "<code>age1recovery</code>");
	assert_int_equal(fixture_number(f, "SELECT encrypted FROM storage"), 0);
}

#define BUCKET \
	{ "kind", "s3" }, { "slug", "cloud" }, { "endpoint", "https://s3.test/" }, \
	    { "bucket", "shop" }, { "prefix", "/a/b/" }, { "style", "path" }, \
	    { "key_id", "AKIA" }

/* The key pair of the instance; only the public half is in the catalogue. */
static void
keys(struct fixture *f)
{
	char public[SEAL_PUBLIC_HEX_SIZE], path[] = "/tmp/on_storage_test.XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	unlink(path);
	OK(seal_make_key(public, path, &f->e));
	OK(settings_set(f->db, "seal_public_key", public, &f->e));
	unlink(path);
}

static void
SCU_14_a_bucket_is_added_with_its_secret_locked_up(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply kinds, none, bad, added, twice, taken, form;
	struct storage s;

	keys(f);
	ASK(200, &kinds, .run = on_storage_form_new);
	SAYS(&kinds, "/storage/new?kind=s3");
	ASK(200, &none, .run = on_storage_form_new, .query = { { "kind", "s3" } });
	SAYS(&none, "name=\"endpoint\"");
	SAYS_NOT(&none, "name=\"path\"");
	ASK(422, &bad, .run = on_storage_form_create, .form = { BUCKET });
	SAYS(&bad, "Give the secret key");
	ASK(303, &added, .run = on_storage_form_create, .form = { BUCKET, { "secret", "s3cr3t" },
	    { "then", "test" } });
	HEADER(&added, "Location: /storage/cloud?said=testing\r\n");
	OK(storages_by_slug(&s, f->a, f->db, "cloud", &f->e));
	assert_string_equal(s.path, "https://s3.test/shop/a/b");
	assert_string_equal(s.bucket.region, "us-east-1");
	assert_true(s.sealed != NULL && memmem(s.sealed, s.sealed_size, "s3cr3t", 6) == NULL);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job WHERE kind='check'"), 1);
	ASK(303, &twice, .run = on_storage_form_create, .form = { BUCKET, { "secret", "x" } });
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM storage WHERE slug='cloud'"), 1);
	ASK(422, &taken, .run = on_storage_form_create, .form = { { "kind", "local" },
	    { "slug", "cloud" }, { "path", "/mnt/other" } });
	SAYS(&taken, "cloud is taken");
	ASK(200, &form, .run = on_storage_form_edit, .args = { "cloud" });
	SAYS(&form, "One is stored, locked up");
	SAYS_NOT(&form, "s3cr3t");
}

#define SERVER { "kind", "sftp" }, { "slug", "nas" }, { "host", "nas.test" }, { "port", "22" }, \
	{ "login", "backup" }, { "folder", "/srv/b/" }, { "auth", "key" }
#define PRIVATE "-----BEGIN OPENSSH PRIVATE KEY-----\r\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU" \
	"AAAAEbm9uZQ\r\n-----END OPENSSH PRIVATE KEY-----\r\n"

static void
SCU_14_a_server_is_added_and_its_key_is_confirmed_as_it_was_shown(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply bare, added, page, other, trusted, done, moved, key, wrong;
	struct storage s;

	keys(f);
	ASK(422, &bare, .run = on_storage_form_create, .form = { SERVER });
	SAYS(&bare, "Give the private key or the password");
	ASK(303, &added, .run = on_storage_form_create, .form = { SERVER,
	    { "secret", PRIVATE }, { "write_rate", "10 MiB/s" } });
	OK(storages_by_slug(&s, f->a, f->db, "nas", &f->e));
	assert_string_equal(s.path, "sftp://backup@nas.test:22/srv/b");
	assert_int_equal(s.write_rate, 10 << 20);
	assert_int_equal(s.read_rate, 0);
	assert_string_equal(s.server.host_key, "");
	OK(storages_meet(f->db, &s, "SHA256:one", &f->e));
	ASK(200, &page, .run = on_storage_get, .args = { "nas" });
	SAYS(&page, "SHA256:one");
	SAYS(&page, "action=\"/storage/nas/trust\"");
	SAYS_NOT(&page, "OPENSSH");
	ASK(409, &other, .run = on_storage_trust, .args = { "nas" },
	    .form = { { "host_key", "SHA256:two" } });
	ASK(303, &trusted, .run = on_storage_trust, .args = { "nas" },
	    .form = { { "host_key", "SHA256:one" } });
	HEADER(&trusted, "Location: /storage/nas?said=testing\r\n");
	OK(storages_by_slug(&s, f->a, f->db, "nas", &f->e));
	assert_string_equal(s.server.host_key, "SHA256:one");
	assert_string_equal(s.server.host_key_met, "");
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM event WHERE"
	    " action='storage.trusted' AND detail='SHA256:one'"), 1);
	ASK(200, &done, .run = on_storage_get, .args = { "nas" });
	SAYS_NOT(&done, "/trust");
	/* What is stored is a private key; as a password it would go over the wire. */
	ASK(422, &wrong, .run = on_storage_form_save, .args = { "nas" },
	    .form = { { "auth", "password" }, SERVER, { "revision", "1" } });
	ASK(303, &key, .run = on_storage_form_save, .args = { "nas" },
	    .form = { SERVER, { "revision", "1" } });
	OK(storages_by_slug(&s, f->a, f->db, "nas", &f->e));
	assert_string_equal(s.server.host_key, "SHA256:one");
	/* Another server has another key. */
	ASK(303, &moved, .run = on_storage_form_save, .args = { "nas" }, .form = {
	    { "host", "other.test" }, { "port", "22" }, { "login", "backup" },
	    { "folder", "/srv/b" }, { "auth", "key" }, { "revision", "2" } });
	OK(storages_by_slug(&s, f->a, f->db, "nas", &f->e));
	assert_string_equal(s.server.host_key, "");
	assert_true(s.sealed != NULL);
}

static void
SCU_14_what_is_no_private_key_is_refused_in_words(void **state)
{
	static const char *const bad[] = {
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA backup@here", "hunter2",
		"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHI\n",
		"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n",
		"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n",
	};
	struct fixture *f = *state;

	keys(f);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		CLEANUP_REPLY struct reply rp;

		ASK(422, &rp, .run = on_storage_form_create,
		    .form = { SERVER, { "secret", bad[i] } });
		SAYS(&rp, i < 2 ? "not the one that ends in .pub" : "The key has a passphrase");
		SAYS_NOT(&rp, "hunter2");
	}
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM storage"), 1);
}

static void
SCU_14_settings_are_saved_over_what_was_seen_only(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply saved, late, whole;
	struct storage s;

	ASK(303, &saved, .run = on_storage_form_save, .args = { "main" }, .form = {
	    { "path", "/mnt/disk/" }, { "revision", "1" } });
	OK(storages_by_slug(&s, f->a, f->db, "main", &f->e));
	assert_string_equal(s.path, "/mnt/disk");
	assert_int_equal(s.revision, 2);
	ASK(422, &late, .run = on_storage_form_save, .args = { "main" }, .form = {
	    { "path", "/mnt/late" }, { "revision", "1" } });
	SAYS(&late, "it is now /mnt/disk. Your values are below");
	SAYS(&late, "name=\"revision\" value=\"2\"");
	ASK(422, &whole, .run = on_storage_form_save, .args = { "main" }, .form = {
	    { "path", "/mnt/x" } });
	assert_int_equal(fixture_number(f,
	    "SELECT count(*) FROM event WHERE action='storage.changed'"), 1);
}

static void
SCU_14_only_a_storage_that_nothing_needs_is_removed(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply last, asked, used, chosen, gone, list, none;

	ASK(409, &last, .run = on_storage_form_remove, .args = { "main" }, .post = true);
	SAYS(&last, "it is the only one");
	fixture_do(f, "INSERT INTO storage (uuid, slug, kind, path, created_at) VALUES ('u2',"
	              " 'second', 'local', '/mnt/2', 1)");
	fixture_ready(f);
	ASK(409, &used, .run = on_storage_form_remove, .args = { "main" }, .post = true);
	SAYS(&used, "1 backup lies in it");
	fixture_do(f, "INSERT INTO policy VALUES ('instance', 0, 'storage', 'second', NULL, 1)");
	ASK(409, &chosen, .run = on_storage_form_remove, .args = { "second" }, .post = true);
	SAYS(&chosen, "1 policy chooses it");
	fixture_do(f, "DELETE FROM policy");
	ASK(200, &asked, .run = on_storage_form_remove, .args = { "second" });
	SAYS(&asked, "Nothing in it is deleted");
	ASK(303, &gone, .run = on_storage_form_remove, .args = { "second" }, .post = true);
	ASK(200, &list, .run = on_storage_list);
	SAYS_NOT(&list, "second");
	ASK(404, &none, .run = on_storage_get, .args = { "second" });
}

static void
each_setting_has_its_sentence(void **state)
{
	static const struct {
		const char *kind, *path, *endpoint, *bucket, *prefix, *style, *field;
	} bad[] = {
		{ "local", "mnt", "", "", "", "", "path" },
		{ "local", "/", "", "", "", "", "path" },
		{ "local", "/a/../b", "", "", "", "", "path" },
		{ "s3", "", "", "shop", "", "path", "endpoint" },
		{ "s3", "", "file:///etc", "shop", "", "path", "endpoint" },
		{ "s3", "", "https://u:p@s3.test", "shop", "", "path", "endpoint" },
		{ "s3", "", "https://s3.test/?x", "shop", "", "path", "endpoint" },
		{ "s3", "", "https://s3.test", "S", "", "path", "bucket" },
		{ "s3", "", "https://s3.test", "a/b/c", "", "path", "bucket" },
		{ "s3", "", "https://s3.test", "shop", "a/../b", "path", "prefix" },
		{ "s3", "", "https://s3.test", "shop", "a b", "path", "prefix" },
		{ "s3", "", "https://s3.test", "shop", "", "other", "style" },
		{ "s3", "", "https://s3.test", "my.shop", "", "virtual", "style" },
	};
	struct fixture *f = *state;
	struct field_error faults[STORAGE_ERRORS_MAX];

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct storage s = { .slug = "x", .kind = bad[i].kind, .path = bad[i].path,
			.bucket = { bad[i].endpoint, "", bad[i].bucket, bad[i].prefix,
			    bad[i].style, "", "", "k" } };

		assert_int_equal(storage_check(faults, f->a, &s), 1);
		assert_string_equal(faults[0].field, bad[i].field);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(CYC_21_the_page_shows_what_was_found_worst_first),
		FIXTURE_TEST(CYC_2_a_test_is_asked_for_once_and_its_end_shows),
		FIXTURE_TEST(SCU_14_a_bucket_is_added_with_its_secret_locked_up),
		FIXTURE_TEST(SCU_14_a_server_is_added_and_its_key_is_confirmed_as_it_was_shown),
		FIXTURE_TEST(SCU_14_what_is_no_private_key_is_refused_in_words),
		FIXTURE_TEST(SCU_14_settings_are_saved_over_what_was_seen_only),
		FIXTURE_TEST(SCU_14_only_a_storage_that_nothing_needs_is_removed),
		FIXTURE_TEST(each_setting_has_its_sentence),
		FIXTURE_TEST(CYC_2_a_test_needs_an_environment_to_belong_to),
		FIXTURE_TEST(CYC_2_a_failed_test_can_be_repeated_from_its_job),
		FIXTURE_TEST(PEER_16_an_administrator_switches_encryption_once_there_are_keys),
		FIXTURE_TEST(CYC_21_a_look_is_asked_for_once_and_leaves_a_line_in_the_trail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
