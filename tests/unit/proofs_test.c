/* proofs_test.c: when recovery is proved, and how two catalogues are compared. */
#include "tests/unit/fixture.h"

#include <unistd.h>

#include "lib/model/policy.h"
#include "lib/store/concerns.h"
#include "lib/store/policies.h"
#include "lib/store/proofs.h"

/* 2026-11-21T12:00:00Z */
#define NOON INT64_C(1795262400000)
#define HOUR INT64_C(3600000)

static int64_t
queued(struct fixture *f, int64_t now, int64_t minute)
{
	int64_t count = 0;

	OK(proofs_queue(&count, f->db, now, minute, &f->e));
	return count;
}

static void
made_at(struct fixture *f, const char *what, int64_t at)
{
	const struct sql_arg *args = SQL_ARGS(sql_i(at));

	if (strcmp(what, "backup") == 0)
		OK(sql_run(NULL, f->db, "UPDATE backup SET finished_at=?1", args, &f->e));
	else
		OK(sql_run(NULL, f->db, "UPDATE job SET created_at=?1, state='succeeded',"
		    " finished_at=?1 WHERE kind='prove'", args, &f->e));
}

static void
NEW_5_recovery_is_proved_once_a_night_by_the_clock_of_the_instance(void **state)
{
	static const struct policy_place instance = { LEVEL_INSTANCE, 0 };
	struct fixture *f = *state;

	assert_int_equal(queued(f, NOON, 220), 0);
	fixture_ready(f);
	/* A backup of today is in the proof of tomorrow. */
	made_at(f, "backup", NOON - 4 * HOUR);
	assert_int_equal(queued(f, NOON, 220), 0);
	assert_int_equal(queued(f, NOON + 15 * HOUR, 220), 0);
	assert_int_equal(queued(f, NOON + 16 * HOUR, -1), 0);
	assert_int_equal(queued(f, NOON + 16 * HOUR, 220), 1);
	assert_int_equal(queued(f, NOON + 16 * HOUR, 220), 0);
	made_at(f, "job", NOON + 16 * HOUR);
	assert_int_equal(queued(f, NOON + 39 * HOUR, 220), 0);
	assert_int_equal(queued(f, NOON + 40 * HOUR, 220), 1);
	/* 03:40 in Tokyo is 18:40 UTC. */
	OK(policies_set(f->db, POLICY_ZONE, &instance, "Asia/Tokyo", 0, &f->e));
	made_at(f, "job", NOON + 40 * HOUR);
	assert_int_equal(queued(f, NOON + 54 * HOUR, 220), 0);
	assert_int_equal(queued(f, NOON + 55 * HOUR, 220), 1);
}

static void
NEW_5_a_storage_of_copies_alone_is_proved_as_well(void **state)
{
	struct fixture *f = *state;
	int64_t first, sample;

	first = fixture_ready(f);
	made_at(f, "backup", NOON - 40 * HOUR);
	fixture_do(f, "INSERT INTO storage (uuid, slug, kind, path, created_at)"
	              " VALUES ('u2', 'second', 'local', '/srv/second', 1)");
	assert_int_equal(queued(f, NOON, 220), 1);
	made_at(f, "job", NOON);
	fixture_do(f, "INSERT INTO copy (backup, storage, state, health, created_at, finished_at)"
	              " SELECT id, (SELECT max(id) FROM storage), 'ready', 'damaged', 1, 1"
	              " FROM backup");
	assert_int_equal(queued(f, NOON + HOUR, 220), 1);
	OK(proofs_sample(&sample, f->db, f->storage + 1, 1 << 20, &f->e));
	assert_int_equal(sample, 0);
	fixture_do(f, "UPDATE copy SET health='good'");
	OK(proofs_sample(&sample, f->db, f->storage + 1, 1 << 20, &f->e));
	assert_int_equal(sample, first);
}

/* A copy of the catalogue, as one that was rebuilt whole. */
static struct db *
copied(struct fixture *f)
{
	const char *path = arena_printf(f->a, "%s.copy", f->path);
	struct db *db = NULL;

	unlink(path);
	OK(sql_run(NULL, f->db, "VACUUM INTO ?1", SQL_ARGS(sql_t(path)), &f->e));
	OK(db_open(&db, path, &f->e));
	return db;
}

static void
compares(struct fixture *f, struct db *other, size_t want, const char *words)
{
	const struct proofs_pair pair = { f->db, other, f->storage, NOON * 2 };
	struct proofs_difference *list;
	size_t n;

	OK(proofs_compare(&list, &n, f->a, &pair, &f->e));
	for (size_t i = 0; n != want && i < n; i++)
		print_message("%s\n", list[i].text);
	assert_int_equal(n, want);
	if (want > 0 && strstr(list[0].text, words) == NULL)
		fail_msg("'%s' is not in '%s'", words, list[0].text);
}

static void
changed(struct fixture *f, const char *sql, size_t want, const char *words)
{
	CLEANUP_DB struct db *db = copied(f);

	OK(sql_run(NULL, db, sql, SQL_NO_ARGS, &f->e));
	compares(f, db, want, words);
}

static void
NEW_5_what_would_come_back_otherwise_is_named_once_for_each_backup(void **state)
{
	struct fixture *f = *state;

	fixture_ready(f);
	fixture_ready(f);
	changed(f, "UPDATE backup SET note='changed later', keep=1", 0, "");
	changed(f, "UPDATE backup SET sidecar_sha256='00' WHERE id=1", 1,
	    "b1 has another description");
	changed(f, "UPDATE backup SET recipients='age1x' WHERE id=2", 1,
	    "b2 would come back other");
	changed(f, "UPDATE part SET data_stored_sha256='00'", 2, "its part");
	changed(f, "UPDATE part SET data_front_sha256='00'", 2, "its part");
	changed(f, "UPDATE backup SET health='missing' WHERE id=1", 1, "names is missing");
	changed(f, "DELETE FROM part_table", 0, "");
	changed(f, "UPDATE backup SET uuid='x' WHERE id=2", 2, "b2 ");
	fixture_do(f, "UPDATE backup SET health='missing' WHERE id=1");
	changed(f, "UPDATE backup SET uuid='x' WHERE id=1", 1, "the catalogue does not know it");
	changed(f, "UPDATE backup SET health='good'", 0, "");
}

static void
NEW_5_what_is_on_its_way_in_the_live_catalogue_is_passed_over(void **state)
{
	struct fixture *f = *state;
	CLEANUP_DB struct db *db = NULL;

	fixture_ready(f);
	db = copied(f);
	fixture_do(f, "UPDATE backup SET state='building'");
	compares(f, db, 0, "");
	fixture_do(f, "UPDATE backup SET state='deleted'");
	compares(f, db, 1, "though here it is deleted");
	fixture_do(f, "UPDATE backup SET state='trashed', trashed_at=5, before_trash='ready'");
	compares(f, db, 0, "");
	OK(sql_run(NULL, db, "UPDATE backup SET uuid='x'", SQL_NO_ARGS, &f->e));
	compares(f, db, 1, "does not know");
}

static void
NEW_5_a_failed_proof_is_a_concern_until_a_good_one_takes_its_place(void **state)
{
	struct fixture *f = *state;
	struct proof p = { .storage = f->storage, .backups = 4, .differences = 1, .way = "",
		.text = "b1 cannot be rebuilt" }, last;
	struct alarm *list;
	struct lease l;
	int64_t job;
	size_t n;

	fixture_ready(f);
	OK(proofs_last(&last, f->a, f->db, f->storage, &f->e));
	assert_int_equal(last.at, 0);
	OK(proofs_request(&job, f->db, &(struct job_request){ .requested_by = f->admin },
	    f->storage, &f->e));
	l = fixture_claim(f);
	OK(proofs_write(f->db, &l, &p, &f->e));
	OK(concerns_list(&list, &n, f->a, f->db, NOON, &f->e));
	assert_int_equal(n, 1);
	assert_string_equal(list[0].text,
	    "Recovery from the storage main is not proved: b1 cannot be rebuilt");
	assert_true(concerns_owns(&list[0]));
	p.text = "";
	p.sample = 1;
	OK(proofs_write(f->db, &l, &p, &f->e));
	OK(concerns_list(&list, &n, f->a, f->db, NOON, &f->e));
	assert_int_equal(n, 0);
	OK(proofs_last(&last, f->a, f->db, f->storage, &f->e));
	assert_true(last.at > 0 && last.sample == 1 && last.backups == 4);
	/* Who has lost the job writes nothing. */
	l.fence--;
	assert_int_equal(proofs_write(f->db, &l, &p, &f->e), -1);
	assert_int_equal(f->e.kind, ERR_FENCED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(NEW_5_recovery_is_proved_once_a_night_by_the_clock_of_the_instance),
		FIXTURE_TEST(NEW_5_a_storage_of_copies_alone_is_proved_as_well),
		FIXTURE_TEST(NEW_5_what_would_come_back_otherwise_is_named_once_for_each_backup),
		FIXTURE_TEST(NEW_5_what_is_on_its_way_in_the_live_catalogue_is_passed_over),
		FIXTURE_TEST(NEW_5_a_failed_proof_is_a_concern_until_a_good_one_takes_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
