/* doctor_test.c: lazarette admin: a new instance is sound, and every way to spoil one is noticed.
 */
#include "tests/unit/fixture.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "cli/cmd.h"
#include "lib/base/fd.h"
#include "lib/store/downloads.h"
#include "lib/store/settings.h"
#include "lib/util/hash.h"
#include "lib/util/seal.h"

static int64_t made_backup, made_download;

/* Run a command with this one argument (or none); what it says goes to f->folder/said. Gives its
 * status. */
static int
run(struct fixture *f, int (*command)(int, char **), const char *argument, char **said)
{
	char name[] = "command", word[32] = "", *argv[] = { name, word, NULL };
	const char *path = arena_printf(f->a, "%s/said", f->folder);
	int out = dup(1), err = dup(2), status,
	    fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct buf text = BUF_INIT;

	if (argument != NULL)
		snprintf(word, sizeof word, "%s", argument);
	fflush(stdout);
	fflush(stderr);
	dup2(fd, 1);
	dup2(fd, 2);
	optind = 0;
	status = command(argument != NULL ? 2 : 1, argv);
	fflush(stdout);
	fflush(stderr);
	dup2(out, 1);
	dup2(err, 2);
	close(out);
	close(err);
	close(fd);
	OK(fd_read_file(&text, path, 1 << 20, &f->e));
	*said = arena_dupn(f->a, text.p, text.n);
	buf_release(&text);
	return status;
}

static int
doctor(struct fixture *f, const char *argument, char **said)
{
	return run(f, cmd_doctor, argument, said);
}

/* The doctor finds this, and says it is an error. */
static void
finds(struct fixture *f, const char *argument, const char *what)
{
	char *said, *at;
	int status = doctor(f, argument, &said);

	at = strstr(said, what);
	if (status != 1 || at == NULL || strncmp(said, "error: ", 7) != 0)
		fail_msg("status %d, wanted \"%s\":\n%s", status, what, said);
}

static void
is_sound(struct fixture *f, const char *argument)
{
	char *said;
	int status = doctor(f, argument, &said);

	if (status != 0)
		fail_msg("status %d:\n%s", status, said);
}

static void
put(struct fixture *f, const char *below, const char *key, const char *bytes,
    char hash[HASH_HEX_SIZE])
{
	char *path = arena_printf(f->a, "%s/%s/%s", f->folder, below, key),
	     *slash = strrchr(path, '/');

	*slash = '\0';
	OK(fd_make_path(path, &f->e));
	*slash = '/';
	OK(fd_put_file(path, bytes, strlen(bytes), 0600, &f->e));
	if (hash != NULL)
		hash_of(hash, bytes, strlen(bytes));
}

static void
make_backup(struct fixture *f)
{
	struct backup_ids ids = fixture_request(f, 0, NULL);
	struct lease l = fixture_claim(f);
	char hash[HASH_HEX_SIZE];
	struct backup b;
	struct part *p;
	size_t n;

	OK(backups_begin(f->db, &l, &f->e));
	OK(backups_parts(&p, &n, f->a, f->db, ids.backup, &f->e));
	for (size_t i = 0; i < n; i++) {
		for (struct stored_object *o = &p[i].data;; o = &p[i].manifest) {
			if (*o->key != '\0') {
				put(f, "store", o->key, "stored bytes", hash);
				o->raw_bytes = 20;
				o->stored_bytes = 12;
				o->raw_sha256 = o->stored_sha256 = arena_dup(f->a, hash);
			}
			if (o == &p[i].manifest)
				break;
		}
		OK(backups_part_ready(f->db, &l, &p[i], &f->e));
	}
	OK(backups_by_id(&b, f->a, f->db, ids.backup, &f->e));
	put(f, "store", b.sidecar_key, "{\"sidecar\":1}", hash);
	OK(backups_finish(f->db, &l, hash, &f->e));
	made_backup = ids.backup;
}

static void
make_download(struct fixture *f)
{
	struct download_request rq = { { f->environment, f->admin, NULL, true }, made_backup, NULL,
		2, FORMAT_TAR, 3600000, 5, NULL };
	struct download_file *files;
	struct download_ids ids;
	char hash[HASH_HEX_SIZE];
	struct part *parts;
	int64_t chosen[2];
	struct download d;
	struct lease l;
	size_t n;

	OK(backups_parts(&parts, &n, f->a, f->db, made_backup, &f->e));
	chosen[0] = parts[0].id;
	chosen[1] = parts[1].id;
	rq.parts = chosen;
	OK(downloads_request(&ids, f->db, &rq, &f->e));
	l = fixture_claim(f);
	OK(downloads_by_id(&d, f->a, f->db, ids.download, &f->e));
	OK(downloads_files(&files, &n, f->a, f->db, ids.download, &f->e));
	for (size_t i = 0; i < n; i++) {
		files[i].path = arena_printf(f->a, "%s/%s", d.uuid, files[i].name);
		files[i].bytes = 8;
		put(f, "downloads", files[i].path, "prepared", hash);
		files[i].sha256 = hash;
		OK(downloads_file_ready(f->db, &l, &files[i], &f->e));
	}
	OK(downloads_finish(f->db, &l, &f->e));
	made_download = ids.download;
}

static void
make_secret(struct fixture *f)
{
	struct service s;
	char *public;
	void *sealed;

	OK(settings_get(&public, f->a, f->db, "seal_public_key", &f->e));
	OK(services_by_id(&s, f->a, f->db, f->database, &f->e));
	OK(seal_lock(&sealed, &s.sealed_size, f->a, public, "secret", &f->e));
	s.sealed = sealed;
	s.sealed_for = public;
	OK(services_update(&s, f->db, &f->e));
}

/* An instance as people have it: a backup, a download, a secret. */
static int
set_up(void **state)
{
	struct fixture *f;
	struct storage s = { .slug = "main", .kind = "local" };
	char *said;

	if (fixture_empty(state) != 0)
		return -1;
	f = *state;
	setenv("LAZARETTE_HOME", f->folder, 1);
	if (run(f, cmd_init, NULL, &said) != 0 || db_open(&f->db, f->path, &f->e) != 0) {
		fprintf(stderr, "%s\n", said);
		return -1;
	}
	fixture_fill(f);
	s.path = arena_printf(f->a, "%s/store", f->folder);
	OK(storages_ensure(&s, f->db, &f->e));
	make_backup(f);
	make_download(f);
	make_secret(f);
	fixture_do(f, "PRAGMA ignore_check_constraints=1");
	fixture_do(f, "PRAGMA foreign_keys=0");
	return 0;
}

static int
remove_one(const char *path, const struct stat *st UNUSED, int kind UNUSED, struct FTW *at UNUSED)
{
	return remove(path);
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	db_close(f->db);
	nftw(f->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	arena_free(f->a);
	free(f);
	return 0;
}

static void
a_new_instance_is_whole_and_init_may_run_again(void **state)
{
	struct fixture *f = *state;
	struct stat st;
	char *said, *id, *again;

	is_sound(f, NULL);
	is_sound(f, "--deep");
	is_sound(f, "--strict");
	OK(settings_get(&id, f->a, f->db, "instance_id", &f->e));
	assert_int_equal(strlen(id), 36);
	assert_int_equal(run(f, cmd_init, NULL, &said), 0);
	OK(settings_get(&again, f->a, f->db, "instance_id", &f->e));
	assert_string_equal(id, again);
	assert_int_equal(stat(arena_printf(f->a, "%s/keys/worker.key", f->folder), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(arena_printf(f->a, "%s/downloads", f->folder), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0750);
}

static char *
key_of(struct fixture *f, const char *sql)
{
	CLEANUP_SQL struct sql *q = NULL;

	OK(sql_open(&q, f->db, sql, SQL_NO_ARGS, &f->e));
	assert_int_equal(sql_row(q, &f->e), 1);
	return sql_text(q, 0, f->a);
}

static const char sidecar[] = "SELECT sidecar_key FROM backup";
static const char dump[] = "SELECT data_key FROM part WHERE engine='sqlite'";
static const char manifest[] = "SELECT manifest_key FROM part WHERE engine='files'";
static const char prepared[] = "SELECT path FROM download_file";

static void
a_missing_file_is_an_error(void **state)
{
	static const char *const keys[] = { sidecar, dump, manifest, prepared };
	struct fixture *f = *state;

	for (size_t i = 0; i < 4; i++) {
		char *key = key_of(f, keys[i]),
		     *path = arena_printf(f->a, "%s/%s/%s", f->folder,
		         keys[i] == prepared ? "downloads" : "store", key),
		     *aside = arena_printf(f->a, "%s/aside", f->folder);

		assert_int_equal(rename(path, aside), 0);
		finds(f, NULL,
		    arena_printf(f->a, "%s of %s is missing", key,
		        keys[i] == prepared ? "d1" : "b1"));
		assert_int_equal(rename(aside, path), 0);
		is_sound(f, NULL);
	}
}

/* T16: cut; T17: one bit. */
static void
T16_T17_changed_bytes_are_errors(void **state)
{
	struct fixture *f = *state;
	char *key = key_of(f, dump);

	put(f, "store", key, "stored byte", NULL);
	finds(f, NULL, "has 11 bytes instead of 12");
	put(f, "store", key, "stored bytez", NULL);
	is_sound(f, NULL);
	finds(f, "--deep", "has other bytes than were written");
	OK(backups_set_health(f->db, made_backup, HEALTH_DAMAGED, &f->e));
	is_sound(f, "--deep");
	OK(backups_set_health(f->db, made_backup, HEALTH_GOOD, &f->e));
	put(f, "store", key, "stored bytes", NULL);
	/* A sidecar is always read. */
	put(f, "store", key_of(f, sidecar), "{\"sidecar\":2}", NULL);
	finds(f, NULL, "has other bytes than were written");
}

static void
a_link_in_place_of_a_file_is_an_error(void **state)
{
	struct fixture *f = *state;
	char *path = arena_printf(f->a, "%s/store/%s", f->folder, key_of(f, dump));

	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/etc/hostname", path), 0);
	finds(f, NULL, "cannot be opened");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	finds(f, NULL, "is not a file");
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	finds(f, NULL, "is not a file");
}

/* T24: what nothing names is listed, and an error only when asked for. */
static void
T24_strangers_are_listed_and_strictly_refused(void **state)
{
	static const char *const strangers[] = { "store/x", "store/shop/live/b9-x.json",
		"downloads/y/z", "store/shop/live/.b1-x.json.1.tmp" };
	struct fixture *f = *state;
	char *said;

	put(f, "store", "lazarette.json", "{}", NULL);
	put(f, "store", "README.txt", "x", NULL);
	is_sound(f, "--strict");
	for (size_t i = 0; i < 4; i++) {
		const char *slash = strchr(strangers[i], '/');
		char *path = arena_printf(f->a, "%s/%s", f->folder, strangers[i]);

		put(f, arena_dupn(f->a, strangers[i], (size_t)(slash - strangers[i])), slash + 1,
		    "x", NULL);
		assert_int_equal(doctor(f, NULL, &said), 0);
		if (strstr(said, arena_printf(f->a, "nothing names %s", slash + 1)) == NULL)
			fail_msg("%s", said);
		assert_int_equal(doctor(f, "--strict", &said), 1);
		assert_int_equal(unlink(path), 0);
		is_sound(f, "--strict");
	}
}

static void
temporaries_of_a_running_job_are_no_strangers(void **state)
{
	struct fixture *f = *state;
	struct backup_ids ids = fixture_request(f, 0, NULL);
	struct lease l = fixture_claim(f);
	const char *name =
	    arena_printf(f->a, "shop/live/.b%d-x.json.%d.tmp", (int)ids.backup, (int)l.fence);
	char *said;

	put(f, "store", name, "x", NULL);
	is_sound(f, "--strict");
	OK(jobs_fail(f->db, &l, &(struct err){ .kind = ERR_INTERNAL, .text = "x" }, &f->e));
	assert_int_equal(doctor(f, "--strict", &said), 1);
	assert_non_null(strstr(said, "nothing names"));
}

static void
what_is_left_of_a_failed_backup_is_a_stranger(void **state)
{
	struct fixture *f = *state;
	char *said;

	OK(backups_trash(f->db, made_backup, &f->e));
	is_sound(f, "--strict");
	OK(backups_untrash(f->db, made_backup, &f->e));
	fixture_do(f, "UPDATE backup SET state='deleted', before_trash='ready'");
	assert_int_equal(doctor(f, NULL, &said), 0);
	assert_non_null(strstr(said, "4 strangers"));
}

static void
a_storage_or_key_that_is_gone_is_an_error(void **state)
{
	struct fixture *f = *state;
	const char *key = arena_printf(f->a, "%s/keys/worker.key", f->folder),
	           *store = arena_printf(f->a, "%s/store", f->folder),
	           *aside = arena_printf(f->a, "%s/aside", f->folder);
	char public[SEAL_PUBLIC_HEX_SIZE], *said;

	assert_int_equal(rename(store, aside), 0);
	finds(f, NULL, "does not exist");
	assert_int_equal(rename(aside, store), 0);
	assert_int_equal(rename(key, aside), 0);
	finds(f, NULL, "worker.key' does not exist");
	assert_int_equal(run(f, cmd_init, NULL, &said), 1);
	assert_non_null(strstr(said, "put the right one back from your copy"));
	OK(seal_make_key(public, key, &f->e));
	finds(f, NULL, "belongs to another catalogue");
	assert_int_equal(run(f, cmd_init, NULL, &said), 1);
	assert_non_null(strstr(said, "belongs to another catalogue"));
	/* As if the other key had been registered: the secret is shut. */
	OK(settings_set(f->db, "seal_public_key", public, &f->e));
	finds(f, NULL, "shop/live/database: the secret does not open");
}

static void
PEER_16_the_keys_of_backups_are_looked_at(void **state)
{
	struct fixture *f = *state;
	const char *keys = arena_printf(f->a, "%s/keys", f->folder), *file;
	char *public, *said;

	/* The recovery key is shown when it is made, and never again. */
	fixture_do(f, "UPDATE setting SET value='' WHERE name='age_recovery'");
	assert_int_equal(run(f, cmd_keys, NULL, &said), 0);
	assert_non_null(strstr(said, "AGE-SECRET-KEY-1"));
	assert_int_equal(run(f, cmd_keys, NULL, &said), 0);
	assert_null(strstr(said, "AGE-SECRET-KEY-1"));
	is_sound(f, NULL);
	OK(settings_get(&public, f->a, f->db, "age_recipient", &f->e));
	file = arena_printf(f->a, "%s/%.12s.identity", keys, public);
	assert_int_equal(rename(file, arena_printf(f->a, "%s/away", keys)), 0);
	assert_int_equal(doctor(f, NULL, &said), 0);
	assert_non_null(strstr(said, public));
	assert_int_equal(unlink(arena_printf(f->a, "%s/sign.key", keys)), 0);
	finds(f, NULL, "the key that signs backups");
}

static void
a_catalogue_that_cannot_be_written_is_an_error(void **state)
{
	struct fixture *f = *state;

	fixture_do(f, "CREATE TRIGGER full BEFORE INSERT ON setting WHEN NEW.name='written_at'"
	    " BEGIN SELECT RAISE(ABORT, 'no room at all'); END");
	finds(f, NULL, "it cannot be written: catalogue: no room at all");
}

/* Every row of the table of facts, broken on purpose: the control of the doctor itself. */
static void
every_broken_fact_is_found(void **state)
{
	static const struct { const char *spoil, *says;
	} broken[] = {
		{ "UPDATE part SET service=99 WHERE engine='files'",
		    "points to a row of service that is not there" },
		{ "UPDATE job SET state='running', worker='w', lease_until=0 WHERE kind='backup'",
		    "j1 is running without a lease" },
		{ "UPDATE job SET state='running', worker='w', lease_until=5 WHERE kind='backup'",
		    "nobody took it up" },
		{ "UPDATE job SET lease_until=5 WHERE kind='backup'",
		    "j1 is succeeded but has a lease" },
		{ "UPDATE job_service SET running=1 WHERE service=2",
		    "j1 is succeeded but still has service 2" },
		{ "UPDATE job SET state='running', worker='w', lease_until=9999999999999 WHERE "
		  "kind='backup'",
		    "without holding its service" },
		{ "UPDATE job SET download=NULL WHERE kind='download'",
		    "j2 is a download job of nothing" },
		{ "UPDATE backup SET state='building'", "b1 is being created but no job does it" },
		{ "UPDATE job SET state='queued', finished_at=0 WHERE kind='backup'",
		    "b1 is ready but j1 still creates it" },
		{ "UPDATE backup SET state='failed'", "b1 is failed but j1 succeeded" },
		{ "UPDATE job SET state='cancelled' WHERE kind='backup'",
		    "b1 is ready but j1 cancelled" },
		{ "UPDATE job SET kind='verify' WHERE kind='backup'", "b1 was created by 0 jobs" },
		{ "DELETE FROM part", "b1 is ready but has no parts" },
		{ "UPDATE part SET state='building' WHERE engine='files'",
		    "b1 is ready but its media is building" },
		{ "UPDATE backup SET stored_bytes=1",
		    "b1 does not add up: 1 bytes stored, its parts have 36" },
		{ "UPDATE backup SET raw_bytes=1", "b1 does not add up" },
		{ "UPDATE part SET manifest_stored_sha256='' WHERE engine='files'",
		    "b1: media is ready but has no manifest" },
		{ "UPDATE part SET data_key=(SELECT data_key FROM part WHERE engine='files')",
		    "two parts have the key" },
		{ "UPDATE backup SET state='trashed', trashed_at=5",
		    "b1 is in the trash without a time" },
		{ "UPDATE download SET state='preparing'",
		    "d1 is being prepared but no job does it" },
		{ "UPDATE job SET state='failed', error='x' WHERE kind='download'",
		    "d1 is ready but no job prepared it" },
		{ "UPDATE download_file SET sha256='' WHERE id=1",
		    "d1 is ready but its shop-live-database" },
		{ "UPDATE download SET bytes=1", "d1 does not add up: 1 bytes, its files have 16" },
		{ "UPDATE download SET removed_at=5", "d1 lost its files while it was ready" },
		{ "INSERT INTO outbox (message_id, kind, recipient, subject, message, state, "
		  "next_at, created_at)"
		  " VALUES ('m', 'test', 'a@x', 's', 'x', 'sent', 1, 1)",
		    "is sent but its text is still kept" },
		{ "INSERT INTO outbox (message_id, kind, recipient, subject, state, next_at, "
		  "created_at)"
		  " VALUES ('m', 'test', 'a@x', 's', 'queued', 1, 1)",
		    "waits to be sent but has no text" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		char *copy = arena_printf(f->a, "%s/copy.db", f->folder),
		     *hold = arena_printf(f->a, "%s/hold.db", f->folder);

		unlink(copy);
		OK(sql_run(NULL, f->db, "VACUUM INTO ?1", SQL_ARGS(sql_t(copy)), &f->e));
		sql_forget(f->db);
		assert_int_equal(rename(copy, hold), 0);
		OK(sql_run(NULL, f->db, broken[i].spoil, SQL_NO_ARGS, &f->e));
		finds(f, NULL, broken[i].says);
		/* Back to the whole catalogue. */
		db_close(f->db);
		unlink(arena_printf(f->a, "%s-wal", f->path));
		unlink(arena_printf(f->a, "%s-shm", f->path));
		assert_int_equal(rename(hold, f->path), 0);
		OK(db_open(&f->db, f->path, &f->e));
		fixture_do(f, "PRAGMA ignore_check_constraints=1");
		fixture_do(f, "PRAGMA foreign_keys=0");
	}
	is_sound(f, NULL);
}

static void
the_setup_code_is_printed_once_and_only_its_hash_kept(void **state)
{
	struct fixture *f = *state;
	char *said, *known, *code, hash[HASH_HEX_SIZE];

	assert_int_equal(run(f, cmd_setup_code, NULL, &said), 1);
	assert_non_null(strstr(said, "sign in at"));
	fixture_do(f, "DELETE FROM account");
	assert_int_equal(run(f, cmd_setup_code, NULL, &said), 0);
	code = strrchr(arena_dupn(f->a, said, strlen(said) - 1), '\n') + 1;
	assert_int_equal(strlen(code), 23);
	assert_int_equal(strspn(code, "abcdefghjkmnpqrstuvwxyz23456789-"), 23);
	hash_of(hash, code, strlen(code));
	OK(settings_get(&known, f->a, f->db, "setup_code_hash", &f->e));
	assert_string_equal(hash, known);
}

static void
the_configuration_is_shown_without_its_secrets(void **state)
{
	struct fixture *f = *state;
	char *said;

	put(f, ".", "pw", "hush hush\n", NULL);
	put(f, ".", "lazarette.conf",
	    "mail {\n server = \"smtp://m:587\"\n user = u\n password_file = pw\n}\n", NULL);
	assert_int_equal(run(f, cmd_check_config, NULL, &said), 0);
	assert_non_null(strstr(said, "mail.server      smtp://m:587"));
	assert_non_null(strstr(said, "mail.user        u"));
	assert_null(strstr(said, "hush"));
	put(f, ".", "lazarette.conf", "leas = 5s\n", NULL);
	assert_int_equal(run(f, cmd_check_config, NULL, &said), EX_CONFIG);
	assert_non_null(strstr(said, "did you mean lease?"));
	assert_int_equal(doctor(f, NULL, &said), EX_CONFIG);
}

static void
wrong_words_on_the_command_line_are_a_usage_error(void **state)
{
	struct fixture *f = *state;
	char *said;

	assert_int_equal(run(f, cmd_init, "x", &said), EX_USAGE);
	assert_int_equal(run(f, cmd_setup_code, "x", &said), EX_USAGE);
	assert_int_equal(run(f, cmd_check_config, "x", &said), EX_USAGE);
	assert_int_equal(doctor(f, "--quick", &said), EX_USAGE);
	assert_int_equal(doctor(f, "x", &said), EX_USAGE);
	assert_non_null(strstr(said, "usage: lazarette admin doctor [--deep] [--strict]"));
	setenv("LAZARETTE_HOME", "/nonexistent", 1);
	assert_int_equal(doctor(f, NULL, &said), EX_NOINPUT);
	assert_non_null(strstr(said, "lazarette admin init"));
	put(f, ".", "not-a-folder", "x", NULL);
	setenv("LAZARETTE_HOME", arena_printf(f->a, "%s/not-a-folder", f->folder), 1);
	assert_int_equal(run(f, cmd_init, NULL, &said), 1);
	assert_non_null(strstr(said, "is not a folder"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		T(a_new_instance_is_whole_and_init_may_run_again),
		T(a_missing_file_is_an_error),
		T(T16_T17_changed_bytes_are_errors),
		T(a_link_in_place_of_a_file_is_an_error),
		T(T24_strangers_are_listed_and_strictly_refused),
		T(temporaries_of_a_running_job_are_no_strangers),
		T(what_is_left_of_a_failed_backup_is_a_stranger),
		T(a_storage_or_key_that_is_gone_is_an_error),
		T(PEER_16_the_keys_of_backups_are_looked_at),
		T(a_catalogue_that_cannot_be_written_is_an_error),
		T(every_broken_fact_is_found),
		T(the_setup_code_is_printed_once_and_only_its_hash_kept),
		T(the_configuration_is_shown_without_its_secrets),
		T(wrong_words_on_the_command_line_are_a_usage_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
