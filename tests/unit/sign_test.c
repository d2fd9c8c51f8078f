/* sign_test.c: backups of an instance with keys: encrypted, signed, and checked. */
#include "tests/unit/job_home.h"

#include "lib/store/invariants.h"
#include "lib/store/verifies.h"
#include "worker/job/clear.h"
#include "worker/job/sign.h"

static const char *
at(struct job_home *h, const char *key)
{
	return arena_printf(h->f.a, "%s/%s", h->conf.storage, key);
}

static struct part
part_of(struct job_home *h, int64_t backup, const char *slug)
{
	struct fixture *f = &h->f;
	struct part *parts;
	size_t n;

	OK(backups_parts(&parts, &n, f->a, f->db, backup, &f->e));
	for (size_t i = 0; i < n; i++)
		if (strcmp(parts[i].service_slug, slug) == 0)
			return parts[i];
	fail_msg("no part %s", slug);
	return parts[0];
}

/* A verification of a backup that is ready: its health, and the error of its job. */
static enum backup_health
verify(struct job_home *h, int64_t backup, const char **error)
{
	struct fixture *f = &h->f;
	struct lease l;
	int64_t job;

	OK(jobs_add_verify(&job, f->db, &(struct job_request){ .environment = f->environment },
	    backup, &f->e));
	l = fixture_claim(f);
	assert_int_equal(home_work(h, &l), 0);
	*error = home_job_row(h, job).error;
	return home_backup_row(h, backup).health;
}

static void
PEER_16_what_is_stored_is_encrypted_signed_and_all_of_it_is_named(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	struct invariants_file *rows;
	struct backup b;
	size_t n;

	home_keys(h);
	b = home_backup_row(h, home_backup(h, 0));
	assert_int_equal(b.state, BACKUP_READY);
	assert_non_null(strstr(b.recipients, " age1"));
	assert_int_equal(strlen(b.signed_by), 16);
	assert_true(dest_encrypts(part_of(h, b.id, "media").data.key));
	assert_true(dest_encrypts(part_of(h, b.id, "media").manifest.key));
	assert_true(dest_encrypts(part_of(h, b.id, "database").data.key));
	OK(invariants_objects(&rows, &n, f->a, f->db, 1, &f->e));
	/* Two parts, a manifest, the sidecar, two signatures; and what may come beside the first
	 * three when the keys change. */
	assert_int_equal(n, 9);
	assert_int_equal(home_objects(h), 6);
	for (size_t i = 0; i < n; i++) {
		bool header = strstr(rows[i].path, ".age.header") != NULL;

		assert_int_equal(rows[i].wish, header ? INVARIANTS_MAY : INVARIANTS_MUST);
		assert_int_equal(access(at(h, rows[i].path), F_OK), header ? -1 : 0);
	}
}

static void
a_backup_that_goes_takes_its_signatures_along(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	const struct clear c = { &h->conf, f->a, f->db, NULL };
	int64_t id;

	home_keys(h);
	id = home_backup(h, 0);
	OK(clear_uploads(&c, id, 100, &f->e));
	assert_int_equal(home_objects(h), 6);
	fixture_do(f, "UPDATE backup SET state='trashed', before_trash='ready', trashed_at=1");
	OK(clear_backup(&c, id, &f->e));
	assert_int_equal(home_objects(h), 0);
}

static void
T27_a_signature_that_is_gone_or_of_another_object_is_found(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	const char *manifest, *sidecar, *error;
	struct backup b, other;

	home_keys(h);
	b = home_backup_row(h, home_backup(h, 0));
	other = home_backup_row(h, home_backup(h, 0));
	assert_int_equal(verify(h, b.id, &error), HEALTH_GOOD);
	manifest = at(h, sign_key_for(f->a, part_of(h, b.id, "media").manifest.key));
	sidecar = at(h, sign_key_for(f->a, b.sidecar_key));
	assert_int_equal(rename(manifest, home_path(h, "aside")), 0);
	assert_int_equal(verify(h, b.id, &error), HEALTH_MISSING);
	assert_non_null(strstr(error, ".minisig"));
	assert_int_equal(rename(home_path(h, "aside"), manifest), 0);
	assert_int_equal(verify(h, b.id, &error), HEALTH_GOOD);
	assert_int_equal(rename(sidecar, home_path(h, "aside")), 0);
	assert_int_equal(rename(at(h, sign_key_for(f->a, other.sidecar_key)), sidecar), 0);
	assert_int_equal(verify(h, b.id, &error), HEALTH_DAMAGED);
	assert_non_null(strstr(error, "changed after it was signed"));
}

/* The catalogue was made anew from sidecars: the files in the folder of keys open what is there. */
static void
NEW_5_a_catalogue_that_knows_no_keys_reads_with_those_that_are_there(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	const char *error;
	struct backup b;

	home_keys(h);
	b = home_backup_row(h, home_backup(h, 0));
	fixture_do(f, "DELETE FROM setting WHERE name IN ('age_recipient', 'age_recovery',"
	              " 'sign_public_key')");
	assert_int_equal(verify(h, b.id, &error), HEALTH_GOOD);
	/* What is stored plainly from now on is stored. */
	fixture_do(f, "UPDATE storage SET encrypted=0");
	assert_int_equal(home_backup_row(h, home_backup(h, 0)).state, BACKUP_READY);
	/* What is to be encrypted is not stored in the clear instead. */
	fixture_do(f, "UPDATE storage SET encrypted=1");
	b = home_backup_row(h, home_backup(h, 0));
	assert_int_equal(b.state, BACKUP_FAILED);
	assert_non_null(strstr(b.error, "lazarette admin keys"));
}

/* What is good in itself but lies in the place of something else. */
static void
T27_a_moved_object_tells_where_it_was_signed(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	struct minisign_public by;
	unsigned char digest[MINISIGN_DIGEST];
	CLEANUP_DEST struct dest *d = home_storage(h);
	CLEANUP_BUF struct buf text = BUF_INIT;
	const char *moved = "shop/live/b9-x.json", *signature;
	char *public, *instance;
	struct backup b;

	home_keys(h);
	b = home_backup_row(h, home_backup(h, 0));
	OK(settings_get(&public, f->a, f->db, "sign_public_key", &f->e));
	OK(settings_get(&instance, f->a, f->db, "instance_id", &f->e));
	OK(minisign_read_public(&by, public, &f->e));
	OK(fd_read_file(&text, at(h, b.sidecar_key), 1 << 20, &f->e));
	minisign_hash_of(digest, text.p, text.n);
	struct sign_check what = { f->a, d, b.sidecar_key, instance, &by, digest };

	OK(sign_check(&what, &f->e));
	what.instance = "01890000-0000-7000-8000-000000000002";
	assert_int_equal(sign_check(&what, &f->e), -1);
	assert_non_null(strstr(f->e.text, "another Lazarette"));
	what.instance = instance;
	signature = at(h, sign_key_for(f->a, b.sidecar_key));
	assert_int_equal(rename(signature, at(h, sign_key_for(f->a, moved))), 0);
	assert_int_equal(sign_check(&what, &f->e), -1);
	assert_int_equal(f->e.kind, ERR_NOT_FOUND);
	what.key = moved;
	assert_int_equal(sign_check(&what, &f->e), -1);
	assert_int_equal(f->e.kind, ERR_DAMAGED);
	assert_non_null(strstr(f->e.text, b.sidecar_key));
}

static void
a_lost_or_wrong_signing_key_ends_a_backup_with_its_name(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	const char *file = home_path(h, "keys/sign.key");
	struct minisign_public another;
	struct backup b;

	home_keys(h);
	assert_int_equal(unlink(file), 0);
	b = home_backup_row(h, home_backup(h, 0));
	assert_int_equal(b.state, BACKUP_FAILED);
	assert_non_null(strstr(b.error, file));
	OK(minisign_make(&another, file, &f->e));
	b = home_backup_row(h, home_backup(h, 0));
	assert_int_equal(b.state, BACKUP_FAILED);
	assert_non_null(strstr(b.error, "not the signing key of this catalogue"));
	assert_int_equal(home_objects(h), 0);
}

/* Killed between the signature and the sidecar: what is left is nothing that a scan takes for a
 * backup, and the next attempt ends well. */
static void
T27_a_sidecar_is_seen_only_with_its_signature(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	struct backup_ids ids;
	struct backup b;
	struct lease l;
	int status;
	pid_t pid;

	home_keys(h);
	ids = fixture_request(f, 0, NULL);
	l = fixture_claim(f);
	pid = fork();
	if (pid == 0) {
		setenv("LAZARETTE_FAULT", "sidecar.before_commit:kill", 1);
		_exit(work_run(&h->conf, &l));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	b = home_backup_row(h, ids.backup);
	assert_int_equal(access(at(h, b.sidecar_key), F_OK), -1);
	assert_int_equal(access(at(h, sign_key_for(f->a, b.sidecar_key)), F_OK), 0);
	OK(jobs_release(f->db, &l, &f->e));
	l = fixture_claim(f);
	assert_int_equal(l.job, ids.job);
	assert_int_equal(home_work(h, &l), 0);
	assert_int_equal(home_backup_row(h, ids.backup).state, BACKUP_READY);
	assert_int_equal(home_objects(h), 6);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HOME_TEST(PEER_16_what_is_stored_is_encrypted_signed_and_all_of_it_is_named),
		HOME_TEST(a_backup_that_goes_takes_its_signatures_along),
		HOME_TEST(T27_a_signature_that_is_gone_or_of_another_object_is_found),
		HOME_TEST(NEW_5_a_catalogue_that_knows_no_keys_reads_with_those_that_are_there),
		HOME_TEST(T27_a_moved_object_tells_where_it_was_signed),
		HOME_TEST(a_lost_or_wrong_signing_key_ends_a_backup_with_its_name),
		HOME_TEST(T27_a_sidecar_is_seen_only_with_its_signature),
	};

	return cmocka_run_group_tests_name("sign", tests, NULL, NULL);
}
