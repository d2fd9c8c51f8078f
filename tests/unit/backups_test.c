/* backups_test.c: backups: keys planned, lists, trash, purge. */
#include "tests/unit/fixture.h"

#include <sqlite3.h>

#include "lib/store/settings.h"

static struct backup
backup(struct fixture *f, int64_t id)
{
	struct backup b;

	OK(backups_by_id(&b, f->a, f->db, id, &f->e));
	return b;
}

static void
keys_are_planned_when_a_backup_is_asked_for(void **state)
{
	struct fixture *f = *state;
	struct backup_ids ids = fixture_request(f, 0, NULL);
	struct backup b = backup(f, ids.backup);
	struct part *p;
	size_t n;

	assert_string_equal(b.sidecar_key,
	    arena_printf(f->a, "shop/live/b%d-%s.json", (int)b.id, b.uuid));
	OK(backups_parts(&p, &n, f->a, f->db, ids.backup, &f->e));
	assert_int_equal(n, 2);
	assert_string_equal(p[0].data.key,
	    arena_printf(f->a, "shop/live/database/%s.sqlite.zst", p[0].uuid));
	assert_string_equal(p[0].manifest.key, "");
	assert_string_equal(p[0].format, "sqlite");
	assert_string_equal(p[1].data.key,
	    arena_printf(f->a, "shop/live/media/%s.tar.zst", p[1].uuid));
	assert_string_equal(p[1].manifest.key,
	    arena_printf(f->a, "shop/live/media/%s.manifest.zst", p[1].uuid));
	assert_string_equal(p[1].state, "building");
	assert_int_equal(b.state, BACKUP_BUILDING);
	assert_int_equal(b.job, ids.job);
	assert_string_equal(b.contents, "database, media");
	assert_string_equal(b.note, "a note");
	assert_string_equal(b.storage_slug, "main");
	assert_string_equal(b.requested_name, "admin@example.org");
	assert_null(b.error);
	/* Renaming a service later leaves what is stored where it is. */
	fixture_do(f, "UPDATE service SET slug='renamed' WHERE slug='media'");
	OK(backups_parts(&p, &n, f->a, f->db, ids.backup, &f->e));
	assert_string_equal(p[1].service_slug, "media");
}

/* DIV-6: nothing chosen is refused, as is what belongs elsewhere (DIV-5). */
static void
DIV_5_DIV_6_only_services_of_the_environment_can_be_chosen(void **state)
{
	struct fixture *f = *state;
	struct environment other = { .project = f->project,
		.slug = "staging",
		.name = "S",
		.kind = ENV_STAGING };
	int64_t twice[] = { f->database, f->database }, unknown = 99;
	struct backup_request rq = { .job = { f->environment, 0, NULL, false },
		.kind = BACKUP_SCHEDULED,
		.note = NULL, .services = &f->database, .service_count = 0 };
	struct backup_ids ids;

	OK(environments_add(&other, f->db, &f->e));
	REFUSED(ERR_INPUT, backups_request(&ids, f->db, &rq, &f->e));
	assert_string_equal(f->e.text, "Choose at least one thing to back up");
	rq.service_count = 2;
	rq.services = twice;
	REFUSED(ERR_INPUT, backups_request(&ids, f->db, &rq, &f->e));
	rq.services = &unknown;
	rq.service_count = 1;
	REFUSED(ERR_INPUT, backups_request(&ids, f->db, &rq, &f->e));
	rq.services = &f->database;
	rq.job.environment = other.id;
	REFUSED(ERR_INPUT, backups_request(&ids, f->db, &rq, &f->e));
	rq.job.environment = 99;
	REFUSED(ERR_NOT_FOUND, backups_request(&ids, f->db, &rq, &f->e));
	rq.job.environment = f->environment;
	fixture_do(f, "UPDATE environment SET paused=1");
	REFUSED(ERR_CONFLICT, backups_request(&ids, f->db, &rq, &f->e));
	assert_non_null(strstr(f->e.text, "shop/live is paused"));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM backup"), 0);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job"), 0);
	fixture_do(f, "UPDATE environment SET paused=0");
	fixture_do(f, "DELETE FROM storage");
	REFUSED(ERR_CONFLICT, backups_request(&ids, f->db, &rq, &f->e));
	assert_non_null(strstr(f->e.text, "lazarette admin init"));
}

static void
a_finished_backup_sums_its_parts_and_ends_its_job(void **state)
{
	struct fixture *f = *state;
	int64_t id = fixture_ready(f), raw, stored;
	struct backup b = backup(f, id);
	struct job j;

	assert_int_equal(b.state, BACKUP_READY);
	assert_int_equal(b.raw_bytes, 2 * FIXTURE_RAW);
	assert_int_equal(b.stored_bytes, 2 * FIXTURE_STORED + 5);
	assert_int_equal(b.warnings, 2);
	assert_true(b.started_at > 0 && b.finished_at >= b.started_at);
	OK(jobs_by_id(&j, f->a, f->db, b.job, &f->e));
	assert_int_equal(j.state, JOB_SUCCEEDED);
	assert_int_equal(j.warnings, 2);
	OK(backups_estimate(&raw, &stored, f->db, f->media, &f->e));
	assert_int_equal(raw, FIXTURE_RAW);
	assert_int_equal(stored, FIXTURE_STORED + 5);
	OK(backups_estimate(&raw, &stored, f->db, 99, &f->e));
	assert_int_equal(raw + stored, 0);
}

/* PEER-1: a backup with a part that was not proven never becomes ready. */
static void
PEER_1_a_missing_part_keeps_a_backup_from_being_ready(void **state)
{
	struct fixture *f = *state;
	struct backup_ids ids = fixture_request(f, 0, NULL);
	struct lease l = fixture_claim(f);
	struct part *p, foreign;
	size_t n;

	OK(backups_begin(f->db, &l, &f->e));
	REFUSED(ERR_INTERNAL, backups_finish(f->db, &l, "00", &f->e));
	OK(backups_parts(&p, &n, f->a, f->db, ids.backup, &f->e));
	foreign = p[0];
	foreign.id = 999;
	REFUSED(ERR_INTERNAL, backups_part_ready(f->db, &l, &foreign, &f->e));
	p[0].data.raw_sha256 = p[0].data.stored_sha256 = "";
	REFUSED(ERR_INTERNAL, backups_part_ready(f->db, &l, &p[0], &f->e));
	assert_int_equal(backup(f, ids.backup).state, BACKUP_BUILDING);
}

static void
a_second_try_begins_from_nothing(void **state)
{
	struct fixture *f = *state;
	struct backup_ids ids = fixture_request(f, 0, NULL);
	struct lease l = fixture_claim(f);
	struct part *p;
	size_t n;
	bool again;

	OK(backups_begin(f->db, &l, &f->e));
	OK(backups_parts(&p, &n, f->a, f->db, ids.backup, &f->e));
	p[0].data.raw_sha256 = p[0].data.stored_sha256 = "aa";
	p[0].data.raw_bytes = 5;
	OK(backups_part_ready(f->db, &l, &p[0], &f->e));
	OK(jobs_died(&again, f->db, &l, "killed", &f->e));
	fixture_do(f, "UPDATE job SET run_at=0");
	l = fixture_claim(f);
	OK(backups_begin(f->db, &l, &f->e));
	OK(backups_parts(&p, &n, f->a, f->db, ids.backup, &f->e));
	assert_string_equal(p[0].state, "building");
	assert_string_equal(p[0].data.stored_sha256, "");
	assert_int_equal(p[0].data.raw_bytes, 0);
	fixture_finish(f, &l, ids.backup);
	assert_int_equal(backup(f, ids.backup).state, BACKUP_READY);
}

/* SET-4: what is being created cannot be deleted; nor what is kept or in use. */
static void
SET_4_trash_takes_only_what_nobody_needs(void **state)
{
	struct fixture *f = *state;
	struct backup_ids ids = fixture_request(f, 0, NULL);
	struct job_request rq = { f->environment, 0, NULL, false };
	struct lease l = fixture_claim(f);
	int64_t job;

	REFUSED(ERR_CONFLICT, backups_trash(f->db, ids.backup, &f->e));
	assert_string_equal(f->e.text, "backup b1 is still being created");
	fixture_finish(f, &l, ids.backup);
	REFUSED(ERR_CONFLICT, backups_untrash(f->db, ids.backup, &f->e));
	OK(backups_set_keep(f->db, ids.backup, true, &f->e));
	REFUSED(ERR_CONFLICT, backups_trash(f->db, ids.backup, &f->e));
	OK(backups_set_keep(f->db, ids.backup, false, &f->e));
	OK(jobs_add_verify(&job, f->db, &rq, ids.backup, &f->e));
	REFUSED(ERR_CONFLICT, backups_trash(f->db, ids.backup, &f->e));
	OK(jobs_cancel(f->db, job, &f->e));
	OK(backups_trash(f->db, ids.backup, &f->e));
	REFUSED(ERR_CONFLICT, backups_trash(f->db, ids.backup, &f->e));
	REFUSED(ERR_NOT_FOUND, backups_trash(f->db, 99, &f->e));
	REFUSED(ERR_CONFLICT, jobs_add_verify(&job, f->db, &rq, ids.backup, &f->e));
}

static void
the_trash_gives_back_what_it_took_as_it_was(void **state)
{
	struct fixture *f = *state;
	int64_t good = fixture_ready(f), bad;
	struct backup_ids ids = fixture_request(f, 0, NULL);

	bad = ids.backup;
	OK(jobs_cancel(f->db, ids.job, &f->e));
	OK(backups_trash(f->db, good, &f->e));
	OK(backups_trash(f->db, bad, &f->e));
	assert_true(backup(f, good).trashed_at > 0);
	OK(backups_untrash(f->db, good, &f->e));
	OK(backups_untrash(f->db, bad, &f->e));
	assert_int_equal(backup(f, good).state, BACKUP_READY);
	assert_int_equal(backup(f, bad).state, BACKUP_FAILED);
	assert_int_equal(backup(f, good).trashed_at, 0);
	/* No rule takes it again in the same night. */
	assert_true(backup(f, good).keep_until > clock_now() + 6 * 86400000LL);
}

/* Nothing that somebody wants kept leaves the trash by itself. */
static void
a_kept_backup_is_never_purged(void **state)
{
	struct fixture *f = *state;
	int64_t id = fixture_ready(f), purge = 0, later = clock_now() + 60000;

	OK(backups_trash(f->db, id, &f->e));
	REFUSED(ERR_CONFLICT, backups_set_keep(f->db, id, true, &f->e));
	assert_non_null(strstr(f->e.text, "put it back first"));
	assert_int_equal(fixture_number(f, "SELECT keep FROM backup"), 0);
	fixture_do(f, "UPDATE backup SET keep=1");
	OK(backups_next_purge(&purge, f->db, later, 0, &f->e));
	assert_int_equal(purge, 0);
	OK(backups_set_keep(f->db, id, false, &f->e));
	OK(backups_next_purge(&purge, f->db, later, 0, &f->e));
	assert_int_equal(purge, id);
	fixture_do(f, "UPDATE backup SET keep=1");
	OK(backups_next_purge(&purge, f->db, later, 0, &f->e));
	assert_int_equal(purge, id);
}

static int64_t
purged(struct fixture *f)
{
	int64_t purge;

	OK(backups_next_purge(&purge, f->db, clock_now() + 60000, 0, &f->e));
	return purge;
}

/* A clock that was set far ahead must not empty the trash at once. */
static void
the_trash_rests_after_a_jump_of_the_clock(void **state)
{
	struct fixture *f = *state;
	int64_t id = fixture_ready(f);

	OK(backups_trash(f->db, id, &f->e));
	OK(settings_worker_beat(f->db, "w1", &f->e));
	fixture_do(f, "UPDATE worker SET seen_at=seen_at-90000000");
	assert_int_equal(purged(f), 0);
	OK(settings_worker_beat(f->db, "w2", &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM worker"), 1);
	OK(settings_worker_beat(f->db, "w2", &f->e));
	assert_int_equal(purged(f), 0);
	/* The clock was put right again: the time that was noted lies too far ahead. */
	fixture_do(f, "UPDATE setting SET value=value+90000000 WHERE name='trash_rests_until'");
	assert_int_equal(purged(f), id);
	/* The hour is over. */
	fixture_do(f, "UPDATE setting SET value='1' WHERE name='trash_rests_until'");
	assert_int_equal(purged(f), id);
}

static void
a_purge_that_has_begun_cannot_be_undone_and_is_resumed(void **state)
{
	struct fixture *f = *state;
	int64_t id = fixture_ready(f), purge, now = clock_now();

	OK(backups_next_purge(&purge, f->db, now + 1000, 0, &f->e));
	assert_int_equal(purge, 0);
	OK(backups_trash(f->db, id, &f->e));
	OK(backups_next_purge(&purge, f->db, now - 1000, 0, &f->e));
	assert_int_equal(purge, 0);
	REFUSED(ERR_CONFLICT, backups_set_deleted(f->db, fixture_ready(f), &f->e));
	OK(backups_next_purge(&purge, f->db, now + 60000, 0, &f->e));
	assert_int_equal(purge, id);
	REFUSED(ERR_GONE, backups_untrash(f->db, id, &f->e));
	OK(backups_next_purge(&purge, f->db, now - 1000, 0, &f->e));
	assert_int_equal(purge, id);
	OK(backups_set_deleted(f->db, id, &f->e));
	assert_int_equal(backup(f, id).state, BACKUP_DELETED);
	OK(backups_next_purge(&purge, f->db, now + 60000, 0, &f->e));
	assert_int_equal(purge, 0);
	REFUSED(ERR_CONFLICT, backups_set_deleted(f->db, id, &f->e));
	REFUSED(ERR_NOT_FOUND, backups_set_note(f->db, id, "x", &f->e));
}

static void
health_and_note_are_kept_with_their_time(void **state)
{
	struct fixture *f = *state;
	int64_t id = fixture_ready(f);

	assert_int_equal(backup(f, id).health, HEALTH_GOOD);
	assert_int_equal(backup(f, id).verified_at, backup(f, id).finished_at);
	OK(backups_set_health(f->db, id, HEALTH_DAMAGED, &f->e));
	assert_int_equal(backup(f, id).health, HEALTH_DAMAGED);
	assert_true(backup(f, id).verified_at > 0);
	OK(backups_set_note(f->db, id, "<script>\n\xf0\x9f\x8e\x84", &f->e));
	assert_string_equal(backup(f, id).note, "<script>\n\xf0\x9f\x8e\x84");
	REFUSED(ERR_NOT_FOUND, backups_set_health(f->db, 99, HEALTH_GOOD, &f->e));
	REFUSED(ERR_NOT_FOUND, backups_set_keep(f->db, 99, true, &f->e));
}

static void
the_newest_good_one_is_found(void **state)
{
	struct fixture *f = *state;
	int64_t first, second;
	struct backup_ids failed;
	struct backup b;

	REFUSED(ERR_NOT_FOUND, backups_last_good(&b, f->a, f->db, f->environment, &f->e));
	first = fixture_ready(f);
	fixture_do(f, "UPDATE backup SET finished_at=finished_at-1000, created_at=created_at-1000");
	second = fixture_ready(f);
	OK(backups_last_good(&b, f->a, f->db, f->environment, &f->e));
	assert_int_equal(b.id, second);
	failed = fixture_request(f, 0, NULL);
	OK(jobs_cancel(f->db, failed.job, &f->e));
	OK(backups_last_good(&b, f->a, f->db, f->environment, &f->e));
	assert_int_equal(b.id, second);
	OK(backups_trash(f->db, second, &f->e));
	OK(backups_last_good(&b, f->a, f->db, f->environment, &f->e));
	assert_int_equal(b.id, first);
}

/* Many rows at once, as years would bring them. */
static void
fill(struct fixture *f, int64_t n)
{
	static const char sql[] =
	    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<?2)"
	    " INSERT INTO backup (uuid, environment, storage, kind, state, note, created_at, "
	    "finished_at, contents,"
	    " sidecar_sha256) SELECT 'u'||i, ?1, 1, CASE i%2 WHEN 0 THEN 'scheduled' ELSE "
	    "'on-demand' END,"
	    " CASE i%10 WHEN 0 THEN 'failed' WHEN 1 THEN 'deleted' ELSE 'ready' END, 'note '||i,"
	    " 1000000+i/3, 1000000+i, 'database', 'x' FROM n";

	OK(sql_run(NULL, f->db, sql, SQL_ARGS(sql_i(f->environment), sql_i(n)), &f->e));
}

static size_t
list(struct backup **ret, struct fixture *f, const struct backup_filter *filter)
{
	size_t n;

	OK(backups_list(ret, &n, f->a, f->db, filter, &f->e));
	return n;
}

/* PEER-25: keyset paging meets every row once, also where many were made in the same millisecond.
 */
static void
PEER_25_pages_meet_every_row_once(void **state)
{
	struct fixture *f = *state;
	struct backup_filter filter = { f->environment, 0, 0, NULL, -1, -1, 50 };
	struct backup *b;
	bool seen[2001] = { false };
	size_t total = 0, n;

	fill(f, 2000);
	while ((n = list(&b, f, &filter)) > 0) {
		for (size_t i = 0; i < n; i++) {
			assert_false(seen[b[i].id]);
			seen[b[i].id] = true;
			if (i > 0)
				assert_true(b[i].created_at <= b[i - 1].created_at);
		}
		total += n;
		filter.after = b[n - 1].id;
	}
	assert_int_equal(total, 1800);
}

static void
DIV_1_DIV_7_lists_are_filtered_by_kind_state_note_and_service(void **state)
{
	struct fixture *f = *state;
	struct backup_filter all = { f->environment, 0, 0, NULL, -1, -1, 1000 }, filter = all;
	int64_t trashed = fixture_ready(f), only = fixture_request(f, f->media, NULL).backup;
	struct backup *b;

	fill(f, 100);
	OK(backups_trash(f->db, trashed, &f->e));
	OK(backups_set_note(f->db, only, "100% Sure_thing \\ done", &f->e));
	assert_int_equal(list(&b, f, &filter), 90 + 1);
	filter.kind = BACKUP_SCHEDULED;
	assert_int_equal(list(&b, f, &filter), 50);
	filter = all;
	filter.state = BACKUP_FAILED;
	assert_int_equal(list(&b, f, &filter), 10);
	filter.state = BACKUP_TRASHED;
	assert_int_equal(list(&b, f, &filter), 1);
	assert_int_equal(b[0].id, trashed);
	filter = all;
	filter.service = f->media;
	assert_int_equal(list(&b, f, &filter), 1);
	assert_int_equal(b[0].id, only);
	filter = all;
	filter.note = "SURE_";
	assert_int_equal(list(&b, f, &filter), 1);
	filter.note = "0%";
	assert_int_equal(list(&b, f, &filter), 1);
	filter.note = "\\";
	assert_int_equal(list(&b, f, &filter), 1);
	filter.note = "_";
	assert_int_equal(list(&b, f, &filter), 1);
	filter = all;
	filter.environment = 99;
	assert_int_equal(list(&b, f, &filter), 0);
}

/* PEER-25: no list reads a whole table and none sorts: what SQLite itself counted says so. */
static void
PEER_25_lists_read_from_their_indexes(void **state)
{
	struct fixture *f = *state;
	struct backup_filter filter = { f->environment, 0, 0, NULL, -1, -1, 50 };
	struct job_filter open_jobs = { 0, 0, true, 50 };
	struct backup *b, one;
	struct job *jobs;
	int64_t raw, stored, purge;
	int scanned = 0, sorted = 0;
	size_t n;

	fill(f, 5000);
	fixture_do(f,
	    "INSERT INTO job (uuid, kind, state, environment, backup, run_at, created_at, "
	    "finished_at)"
	    " SELECT uuid, 'backup', 'succeeded', environment, id, 1, 1, 1 FROM backup");
	sql_forget(f->db);
	list(&b, f, &filter);
	filter.after = 2500;
	list(&b, f, &filter);
	OK(backups_last_good(&one, f->a, f->db, f->environment, &f->e));
	OK(backups_estimate(&raw, &stored, f->db, f->media, &f->e));
	OK(backups_next_purge(&purge, f->db, 1, 0, &f->e));
	OK(jobs_list(&jobs, &n, f->a, f->db, &open_jobs, &f->e));
	fixture_claim(f);
	for (sqlite3_stmt *s = NULL; (s = sqlite3_next_stmt(f->db->handle, s)) != NULL;) {
		scanned += sqlite3_stmt_status(s, SQLITE_STMTSTATUS_FULLSCAN_STEP, 0);
		if (sqlite3_stmt_status(s, SQLITE_STMTSTATUS_SORT, 0) > 0 &&
		    strstr(sqlite3_sql(s), "FROM backup") != NULL)
			sorted++;
	}
	assert_in_range(scanned, 0, 60);
	assert_int_equal(sorted, 0);
	/* The control: a list that no index serves is noticed. */
	fixture_number(f, "SELECT count(*) FROM backup WHERE note='x'");
	scanned = 0;
	for (sqlite3_stmt *s = NULL; (s = sqlite3_next_stmt(f->db->handle, s)) != NULL;)
		scanned += sqlite3_stmt_status(s, SQLITE_STMTSTATUS_FULLSCAN_STEP, 0);
	assert_true(scanned > 4000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(keys_are_planned_when_a_backup_is_asked_for),
		FIXTURE_TEST(DIV_5_DIV_6_only_services_of_the_environment_can_be_chosen),
		FIXTURE_TEST(a_finished_backup_sums_its_parts_and_ends_its_job),
		FIXTURE_TEST(PEER_1_a_missing_part_keeps_a_backup_from_being_ready),
		FIXTURE_TEST(a_second_try_begins_from_nothing),
		FIXTURE_TEST(SET_4_trash_takes_only_what_nobody_needs),
		FIXTURE_TEST(the_trash_gives_back_what_it_took_as_it_was),
		FIXTURE_TEST(a_kept_backup_is_never_purged),
		FIXTURE_TEST(the_trash_rests_after_a_jump_of_the_clock),
		FIXTURE_TEST(a_purge_that_has_begun_cannot_be_undone_and_is_resumed),
		FIXTURE_TEST(health_and_note_are_kept_with_their_time),
		FIXTURE_TEST(the_newest_good_one_is_found),
		FIXTURE_TEST(PEER_25_pages_meet_every_row_once),
		FIXTURE_TEST(DIV_1_DIV_7_lists_are_filtered_by_kind_state_note_and_service),
		FIXTURE_TEST(PEER_25_lists_read_from_their_indexes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
