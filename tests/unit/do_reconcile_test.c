/* do_reconcile_test.c: a storage behind whose back things happened, against the catalogue. */
#include "tests/unit/job_home.h"

#include <time.h>

#include "lib/store/alarms.h"
#include "lib/store/findings.h"
#include "lib/store/restores.h"
#include "worker/verify.h"

#define DAYS(n) ((int64_t)(n) * 86400000)

static const char foreign[] =
    "{\"type\":\"lazarette-backup\",\"version\":1,\"instance\":\"other\",\"environment\":{"
    "\"uuid\":\"e\",\"slug\":\"live\",\"name\":\"Live\",\"kind\":\"live\",\"project\":\"blog\","
    "\"project_name\":\"Blog\"},\"backup\":{\"number\":7,\"uuid\":\"u\",\"kind\":\"on-demand\","
    "\"made\":\"2026-11-21T02:00:00Z\",\"created_at\":1795226400000,\"note\":\"\"},\"parts\":["
    "{\"uuid\":\"p\",\"service\":{\"slug\":\"db\",\"name\":\"DB\",\"engine\":\"sqlite\"},"
    "\"format\":\"sqlite\",\"engine_version\":\"\",\"tool\":\"\",\"taken_at\":1,"
    "\"finished_at\":2,\"items\":0,\"warnings\":0,\"data\":{\"key\":\"blog/live/db/p.zst\","
    "\"raw_bytes\":1,\"stored_bytes\":1,\"raw_sha256\":\"00\",\"stored_sha256\":\"00\"}}]}";

static struct job
look_through(struct job_home *h)
{
	struct fixture *f = &h->f;
	const struct job_request rq = { .requested_by = f->admin };
	struct lease l;
	int64_t job;

	OK(findings_request(&job, f->db, &rq, f->storage, &f->e));
	l = fixture_claim(f);
	assert_int_equal(l.job, job);
	home_work(h, &l);
	return home_job_row(h, job);
}

static struct finding *
found(struct job_home *h, size_t want)
{
	struct fixture *f = &h->f;
	struct finding *list;
	size_t n;

	OK(findings_list(&list, &n, f->a, f->db, f->storage, 100, &f->e));
	if (n != want)
		for (size_t i = 0; i < n; i++)
			print_message("%s: %s\n", list[i].path, list[i].text);
	assert_int_equal(n, want);
	return list;
}

static const char *
stored(struct job_home *h, const char *key)
{
	return arena_printf(h->f.a, "%s/%s", h->conf.storage, key);
}

static struct part *
parts_of(struct job_home *h, int64_t backup)
{
	struct fixture *f = &h->f;
	struct part *parts;
	size_t n;

	OK(backups_parts(&parts, &n, f->a, f->db, backup, &f->e));
	assert_int_equal(n, 2);
	return parts;
}

/* A file that has lain there for so many days. */
static void
lay(struct job_home *h, const char *key, const char *text, int days)
{
	struct timespec at[2] = { { .tv_sec = time(NULL) - days * 86400 } };
	struct fixture *f = &h->f;
	const char *path = stored(h, key);
	char *folder = arena_dup(f->a, path);

	*strrchr(folder, '/') = '\0';
	OK(fd_make_path(folder, &f->e));
	OK(fd_put_file(path, text, strlen(text), 0644, &f->e));
	at[1] = at[0];
	assert_int_equal(utimensat(AT_FDCWD, path, at, 0), 0);
}

static void
CYC_21_a_storage_as_the_catalogue_says_has_no_findings(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	struct findings_storage s;
	struct job job;

	home_backup(h, 0);
	job = look_through(h);
	assert_int_equal(job.state, JOB_SUCCEEDED);
	assert_int_equal(job.warnings, 0);
	found(h, 0);
	OK(findings_storage(&s, f->a, f->db, "main", &f->e));
	/* sidecar, two objects of data, a manifest, and the two files of the storage itself */
	assert_int_equal(s.objects, 6);
	assert_true(s.checked_at > 0 && s.bytes > 0 && s.free_bytes > 0);
	assert_int_equal(s.backups, 1);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM event"), 0);
	REFUSED(ERR_NOT_FOUND, findings_storage(&s, f->a, f->db, "other", &f->e));
}

static void
CYC_21_a_file_deleted_by_hand_makes_its_backup_missing_and_refused(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t whole = home_backup(h, 0), robbed = home_backup(h, 0), job;
	struct part *parts = parts_of(h, robbed);
	const struct job_request rq = { .environment = f->environment };
	const struct finding *list;

	assert_int_equal(unlink(stored(h, parts[0].data.key)), 0);
	assert_int_equal(look_through(h).warnings, 1);
	list = found(h, 1);
	assert_int_equal(list[0].kind, FINDING_MISSING);
	assert_int_equal(list[0].backup, robbed);
	assert_string_equal(list[0].path, parts[0].data.key);
	assert_string_equal(list[0].text, "it is gone; backup b2 needs it");
	assert_int_equal(home_backup_row(h, robbed).health, HEALTH_MISSING);
	assert_int_equal(home_backup_row(h, whole).health, HEALTH_GOOD);
	REFUSED(ERR_CONFLICT, restores_test(&job, f->db, &rq, robbed, &f->e));
	REFUSED(ERR_CONFLICT,
	    downloads_request(&(struct download_ids){ 0 }, f->db,
	        &(struct download_request){ .job = { .environment = f->environment,
	                                        .requested_by = f->admin },
	            .backup = robbed, .parts = &parts[0].id, .part_count = 1,
	            .valid_ms = 3600000, .max_uses = 5 }, &f->e));
	OK(restores_test(&job, f->db, &rq, whole, &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM event WHERE action="
	                                   "'backup.found' AND target='b2' AND detail='missing'"),
	    1);
	/* Looked at again, nothing is news. */
	fixture_do(f, "DELETE FROM job WHERE kind='test'");
	look_through(h);
	found(h, 1);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM event"), 1);
}

static void
CYC_21_another_size_is_damaged_and_what_comes_back_is_read_again(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t cut = home_backup(h, 0), moved = home_backup(h, 0);
	const char *key = parts_of(h, cut)[0].data.key, *away = stored(h, "away");
	const char *sidecar = stored(h, home_backup_row(h, moved).sidecar_key);
	const struct finding *list;

	assert_int_equal(truncate(stored(h, key), 10), 0);
	assert_int_equal(rename(sidecar, away), 0);
	look_through(h);
	list = found(h, 2);
	assert_int_equal(list[0].kind, FINDING_MISSING);
	assert_int_equal(list[1].kind, FINDING_DAMAGED);
	assert_non_null(strstr(list[1].text, "it has 10 bytes where backup b1 stored "));
	assert_int_equal(home_backup_row(h, cut).health, HEALTH_DAMAGED);
	assert_int_equal(home_backup_row(h, moved).health, HEALTH_MISSING);
	assert_int_equal(rename(away, sidecar), 0);
	look_through(h);
	found(h, 1);
	assert_int_equal(home_backup_row(h, moved).health, HEALTH_UNKNOWN);
	assert_int_equal(home_backup_row(h, moved).verified_at, 0);
	/* Bytes that were wrong once are not believed for having the right number again. */
	assert_int_equal(home_backup_row(h, cut).health, HEALTH_DAMAGED);
	OK(verify_step(f->db, &h->conf, clock_now() + DAYS(1), &f->e));
	assert_int_equal(fixture_number(f,
	                     "SELECT backup FROM job WHERE kind='verify' AND state='queued'"),
	    moved);
}

static void
CYC_21_what_nobody_knows_is_named_once_it_is_a_day_old(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	const struct finding *list;
	struct alarm *open;
	size_t n;

	home_backup(h, 0);
	lay(h, "blog/live/b7-u.json", foreign, 2);
	lay(h, "blog/live/db/p.sqlite.zst", "bytes", 2);
	lay(h, "shop/live/.b9-x.json.3.tmp", "half", 2);
	lay(h, "shop/live/bad\001name", "x", 2);
	lay(h, "shop/live/fresh.json", "x", 0);
	assert_int_equal(look_through(h).state, JOB_SUCCEEDED);
	list = found(h, 4);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(list[i].kind, FINDING_UNKNOWN);
	assert_string_equal(list[0].path, "blog/live/b7-u.json");
	assert_string_equal(list[0].text,
	    "it describes backup b7 of blog/live, made 21 Nov 2026, 02:00 UTC, which the catalogue"
	    " does not know (import?)");
	assert_string_equal(list[1].text, "5 B that nothing names (import?)");
	assert_string_equal(list[3].path, "shop/live/bad\357\277\275name");
	OK(verify_step(f->db, &h->conf, clock_now(), &f->e));
	OK(alarms_open(&open, &n, f->a, f->db, 0, &f->e));
	assert_int_equal(n, 1);
	assert_string_equal(open[0].kind, "missing");
	assert_int_equal(open[0].environment, 0);
	assert_string_equal(open[0].text,
	    "Storage main holds 4 files that the catalogue does not know");
	/* Nothing of it was touched. */
	assert_true(home_has(h, "store/shop/live/.b9-x.json.3.tmp"));
	unlink(stored(h, "blog/live/b7-u.json"));
	unlink(stored(h, "blog/live/db/p.sqlite.zst"));
	unlink(stored(h, "shop/live/.b9-x.json.3.tmp"));
	unlink(stored(h, "shop/live/bad\001name"));
	look_through(h);
	found(h, 0);
	OK(verify_step(f->db, &h->conf, clock_now(), &f->e));
	OK(alarms_open(&open, &n, f->a, f->db, 0, &f->e));
	assert_int_equal(n, 0);
}

/* A job writes while the storage is looked through: none of its files is a finding. */
static void
CYC_21_what_a_running_job_writes_is_no_finding(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	struct backup_ids ids;
	struct lease l;
	const char *key, *slash;

	home_backup(h, 0);
	ids = fixture_request(f, 0, NULL);
	l = fixture_claim(f);
	OK(backups_begin(f->db, &l, &f->e));
	key = parts_of(h, ids.backup)[0].data.key;
	slash = strrchr(key, '/');
	lay(h, key, "published long ago by a slow job", 3);
	lay(h, arena_printf(f->a, "%.*s/.%s.%d.tmp", (int)(slash - key), key, slash + 1,
	    (int)l.fence), "half", 3);
	look_through(h);
	found(h, 0);
	/* The control: the same temporary of a holder that is gone. */
	lay(h, arena_printf(f->a, "%.*s/.%s.%d.tmp", (int)(slash - key), key, slash + 1,
	    (int)l.fence + 70), "half", 3);
	look_through(h);
	found(h, 1);
}

/* A storage whose disk is away is not one whose backups have vanished. */
static void
CYC_21_a_disk_that_is_away_changes_nothing(void **state)
{
	struct job_home *h = *state;
	int64_t id = home_backup(h, 0);
	struct job job;

	assert_int_equal(rename(home_path(h, "store"), home_path(h, "elsewhere")), 0);
	assert_int_equal(mkdir(home_path(h, "store"), 0755), 0);
	job = look_through(h);
	assert_int_equal(job.state, JOB_FAILED);
	assert_non_null(strstr(job.error, "Is its disk mounted?"));
	found(h, 0);
	assert_int_equal(home_backup_row(h, id).health, HEALTH_GOOD);
}

static void
CYC_21_it_is_looked_through_weekly_and_one_at_a_time(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	const struct job_request rq = { .requested_by = f->admin };
	int64_t queued = 0, job, again, now = clock_now();

	REFUSED(ERR_CONFLICT, findings_request(&job, f->db, &rq, f->storage, &f->e));
	OK(findings_queue(&queued, f->db, now, &f->e));
	assert_int_equal(queued, 0);
	home_backup(h, 0);
	OK(findings_queue(&queued, f->db, now, &f->e));
	assert_int_equal(queued, 0);   /* not on its first day */
	OK(findings_queue(&queued, f->db, now + DAYS(2), &f->e));
	assert_int_equal(queued, 1);
	OK(findings_queue(&queued, f->db, now + DAYS(2), &f->e));
	assert_int_equal(queued, 1);
	OK(findings_request(&again, f->db, &rq, f->storage, &f->e));
	OK(findings_newest_job(&job, f->db, f->storage, JOB_RECONCILE, &f->e));
	assert_int_equal(again, job);
	look_through(h);
	OK(findings_queue(&queued, f->db, now + DAYS(6), &f->e));
	assert_int_equal(queued, 1);
	OK(findings_queue(&queued, f->db, now + DAYS(8), &f->e));
	assert_int_equal(queued, 2);
}

static void
of_very_many_missing_ones_an_environment_raises_twenty_one_alarms(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	struct alarm *open;
	size_t n;

	for (int i = 0; i < 30; i++)
		fixture_ready(f);
	fixture_do(f, "UPDATE backup SET health='missing'");
	OK(verify_step(f->db, &h->conf, clock_now(), &f->e));
	OK(alarms_open(&open, &n, f->a, f->db, f->environment, &f->e));
	assert_int_equal(n, 21);
	assert_string_equal(open[20].text, "10 more backups are damaged or missing in storage");
}

static void
CYC_21_what_was_found_of_a_backup_goes_with_it(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t robbed = home_backup(h, 0);

	assert_int_equal(unlink(stored(h, parts_of(h, robbed)[0].data.key)), 0);
	look_through(h);
	OK(backups_trash(f->db, robbed, &f->e));
	found(h, 1);                   /* it can be put back as yet */
	OK(backups_set_deleted(f->db, robbed, &f->e));
	found(h, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HOME_TEST(CYC_21_a_storage_as_the_catalogue_says_has_no_findings),
		HOME_TEST(CYC_21_what_was_found_of_a_backup_goes_with_it),
		HOME_TEST(CYC_21_a_file_deleted_by_hand_makes_its_backup_missing_and_refused),
		HOME_TEST(CYC_21_another_size_is_damaged_and_what_comes_back_is_read_again),
		HOME_TEST(CYC_21_what_nobody_knows_is_named_once_it_is_a_day_old),
		HOME_TEST(CYC_21_what_a_running_job_writes_is_no_finding),
		HOME_TEST(CYC_21_a_disk_that_is_away_changes_nothing),
		HOME_TEST(CYC_21_it_is_looked_through_weekly_and_one_at_a_time),
		HOME_TEST(of_very_many_missing_ones_an_environment_raises_twenty_one_alarms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
