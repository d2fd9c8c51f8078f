/* packs_test.c: a pack stays as long as a backup needs it, whoever stored it, and not longer. */
#include "tests/unit/job_home.h"

#include <time.h>

#include "lib/base/rand.h"
#include "lib/store/findings.h"
#include "lib/store/packs.h"
#include "lib/store/policies.h"
#include "worker/gc.h"
#include "worker/job/clear.h"
#include "worker/sweep.h"

#define DAY_S 86400

static struct part
media_of(struct job_home *h, int64_t backup)
{
	struct fixture *f = &h->f;
	struct part *parts;
	size_t n;

	OK(backups_parts(&parts, &n, f->a, f->db, backup, &f->e));
	for (size_t i = 0; i < n; i++)
		if (parts[i].service == f->media)
			return parts[i];
	fail_msg("b%d has no media", (int)backup);
	return parts[0];
}

static bool
is_there(struct job_home *h, const char *key)
{
	return access(arena_printf(h->f.a, "%s/%s", h->conf.storage, key), F_OK) == 0;
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

static void
SCU_6_a_pack_goes_with_the_last_backup_that_needs_it(void **state)
{
	struct job_home *h = *state;
	int64_t first = home_backup(h, h->f.media), second = home_backup(h, h->f.media);
	struct part one = media_of(h, first), two = media_of(h, second);

	assert_int_equal(one.pack_count, 0);
	assert_int_equal(two.pack_count, 1);
	assert_string_equal(two.packs[0].object.key, one.data.key);
	assert_string_equal(two.packs[0].object.stored_sha256, one.data.stored_sha256);
	assert_true(backup_part_bytes(&two) == backup_part_bytes(&one));
	assert_int_equal(home_backup_row(h, second).raw_bytes, backup_part_bytes(&one));
	assert_int_equal(home_backup_row(h, second).stored_bytes,
	    two.data.stored_bytes + two.manifest.stored_bytes);
	purge(h, first);
	assert_true(is_there(h, one.data.key));
	assert_false(is_there(h, one.manifest.key));
	purge(h, second);
	assert_false(is_there(h, one.data.key));
	assert_int_equal(home_objects(h), 0);
}

/* Between the begin of a backup and its end all that it may need is held. */
static void
SCU_6_what_a_backup_builds_on_stays_while_it_is_made(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t first = home_backup(h, f->media);
	struct part one = media_of(h, first), next, base;
	struct backup_ids ids = fixture_request(f, f->media, NULL);
	struct lease l = fixture_claim(f);
	const struct clear c = { &h->conf, f->a, f->db, NULL };

	next = media_of(h, ids.backup);
	OK(backups_begin(f->db, &l, &f->e));
	OK(packs_hold_base(&base, f->a, f->db, &l, &next, &f->e));
	assert_int_equal(base.id, one.id);
	purge(h, first);
	assert_true(is_there(h, one.data.key));
	/* It fails: what it held is nobody's now. */
	fixture_do(f, "UPDATE backup SET state='failed' WHERE state='building'");
	OK(clear_backup(&c, ids.backup, &f->e));
	assert_false(is_there(h, one.data.key));
}

static void
nothing_builds_on_a_backup_that_something_speaks_against(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;

	home_backup(h, f->media);
	assert_int_equal(media_of(h, home_backup(h, f->media)).pack_count, 1);
	fixture_do(f, "UPDATE backup SET health='damaged' WHERE id=2");
	assert_int_equal(media_of(h, home_backup(h, f->media)).pack_count, 0);
	fixture_do(f, "UPDATE backup SET test_state='failed' WHERE id=3");
	assert_int_equal(media_of(h, home_backup(h, f->media)).pack_count, 0);
	assert_int_equal(media_of(h, home_backup(h, f->media)).pack_count, 1);
}

static void
files_are_stored_anew_by_wish_and_after_days(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	const struct policy_place here = { LEVEL_ENVIRONMENT, f->environment };
	struct backup_request rq = { .job = { f->environment, f->admin, NULL, false },
		.kind = BACKUP_ON_DEMAND, .services = &f->media, .service_count = 1, .anew = true };
	struct backup_ids ids;
	struct lease l;

	home_backup(h, f->media);
	OK(backups_request(&ids, f->db, &rq, &f->e));
	l = fixture_claim(f);
	assert_int_equal(home_work(h, &l), 0);
	assert_int_equal(media_of(h, ids.backup).pack_count, 0);
	assert_int_equal(media_of(h, home_backup(h, f->media)).pack_count, 1);
	OK(policies_set(f->db, POLICY_FULL_DAYS, &here, "30", f->admin, &f->e));
	assert_int_equal(media_of(h, home_backup(h, f->media)).pack_count, 1);
	fixture_do(f, "UPDATE part SET taken_at=taken_at-31*86400000");
	assert_int_equal(media_of(h, home_backup(h, f->media)).pack_count, 0);
	assert_int_equal(media_of(h, home_backup(h, f->media)).pack_count, 1);
}

static void
CYC_21_a_pack_that_is_gone_counts_against_all_that_need_it(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t ids[3], job;
	struct lease l;

	/* From b9 to b11: whose the object is must not hang on how numbers are spelled. */
	for (int i = 1; i < 9; i++)
		home_backup(h, f->database);
	for (int i = 0; i < 3; i++)
		ids[i] = home_backup(h, f->media);
	OK(unlink(arena_printf(f->a, "%s/%s", h->conf.storage, media_of(h, ids[0]).data.key)));
	OK(findings_request(&job, f->db, &(struct job_request){ .requested_by = f->admin },
	    f->storage, &f->e));
	l = fixture_claim(f);
	home_work(h, &l);
	for (int i = 0; i < 3; i++)
		assert_int_equal(home_backup_row(h, ids[i]).health, HEALTH_MISSING);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM finding"), 1);
}

/* One in the trash may come back, and one in the making builds on it. */
static void
a_bad_pack_speaks_against_all_and_what_is_made_whole_is_in_doubt(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t first = home_backup(h, f->media), second = home_backup(h, f->media);
	struct part one = media_of(h, first), next, base;
	struct backup_ids ids = fixture_request(f, f->media, NULL);
	struct lease l = fixture_claim(f);

	next = media_of(h, ids.backup);
	OK(backups_begin(f->db, &l, &f->e));
	OK(packs_hold_base(&base, f->a, f->db, &l, &next, &f->e));
	OK(packs_read(f->db, &(struct pack_place){ f->storage, 0, one.data.key }, clock_now(),
	    &f->e));
	OK(backups_trash(f->db, first, &f->e));
	OK(packs_bad(f->db, f->storage, one.data.key, HEALTH_DAMAGED, &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM backup WHERE health='damaged'"),
	    3);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM part_pack WHERE read_at>0"), 0);
	fixture_do(f, "UPDATE part SET state='ready', data_stored_sha256='1',"
	    " manifest_raw_sha256='1' WHERE state='building'");
	OK(backups_finish(f->db, &l, "0", &f->e));
	assert_int_equal(home_backup_row(h, ids.backup).state, BACKUP_READY);
	assert_int_equal(home_backup_row(h, ids.backup).health, HEALTH_DAMAGED);
	fixture_do(f, "UPDATE backup SET health='good' WHERE id=2");
	OK(packs_mended(f->db, f->storage, second, &f->e));
	assert_int_equal(home_backup_row(h, first).health, HEALTH_UNKNOWN);
	assert_int_equal(home_backup_row(h, ids.backup).health, HEALTH_UNKNOWN);
	assert_int_equal(home_backup_row(h, second).health, HEALTH_GOOD);
}

/* -- gc -- */

static void
lay(struct job_home *h, const char *key, int days)
{
	struct fixture *f = &h->f;
	const char *path = arena_printf(f->a, "%s/%s", h->conf.storage, key);
	const struct timespec at[2] = { { .tv_sec = time(NULL) - days * DAY_S },
		{ .tv_sec = time(NULL) - days * DAY_S } };

	OK(fd_put_file(path, "left over", 9, 0600, &f->e));
	OK(utimensat(AT_FDCWD, path, at, 0));
}

/* One run; what it says goes to *said. */
static void
collect(char **said, struct job_home *h, bool dry)
{
	struct fixture *f = &h->f;
	CLEANUP_BUF struct buf text = BUF_INIT;
	const char *path = arena_printf(f->a, "%s/said", f->folder);
	int out = dup(1), fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	fflush(stdout);
	dup2(fd, 1);
	OK(gc_run(&h->conf, dry, &f->e));
	fflush(stdout);
	dup2(out, 1);
	close(out);
	close(fd);
	OK(fd_read_file(&text, path, 1 << 20, &f->e));
	*said = arena_dupn(f->a, text.p, text.n);
}

/* It says what becomes of this one and why, in this order and nothing between. */
static void
says(const char *said, const char *becomes, const char *key, const char *why)
{
	char line[600];
	size_t n;

	n = (size_t)snprintf(line, sizeof line, "%s: main: %s (9 B): %s\n", becomes, key, why);
	assert_in_range(n, 1, sizeof line - 1);
	if (strstr(said, line) == NULL)
		fail_msg("no %s in:\n%s", line, said);
}

static void
T24_gc_takes_what_is_known_to_be_left_over_and_old_and_nothing_else(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t gone = home_backup(h, f->media), kept = home_backup(h, f->media);
	struct part old = media_of(h, gone);
	const char *folder = arena_dupn(f->a, old.data.key,
	    (size_t)(strrchr(old.data.key, '/') - old.data.key));
	const char *stranger = arena_printf(f->a, "%s/stranger.tar.zst", folder);
	const char *second = arena_printf(f->a, "%.*s-2.tar.zst",
	    (int)(strlen(old.data.key) - strlen(".tar.zst")), old.data.key);
	const char *upload = arena_printf(f->a, "%s/.stranger.tar.zst.77.tmp", folder);
	const char *young = home_backup_row(h, gone).sidecar_key, *running;
	char *said;
	const char *why = arena_printf(f->a, "backup b%d is gone and no other needs it", (int)gone);
	struct lease l;
	int64_t whole;

	purge(h, gone);
	fixture_request(f, f->media, NULL);
	l = fixture_claim(f);
	OK(backups_begin(f->db, &l, &f->e));
	running = arena_printf(f->a, "%s/.running.tar.zst.%d.tmp", folder, (int)l.fence);
	whole = home_objects(h);
	lay(h, old.manifest.key, 2);
	lay(h, second, 2);
	lay(h, young, 0);
	lay(h, stranger, 9);
	lay(h, upload, 2);
	lay(h, running, 2);
	/* The control: were it not for its age, the young one would go. */
	setenv("LAZARETTE_FAULT_CONTROL", "gc.young", 1);
	collect(&said, h, true);
	unsetenv("LAZARETTE_FAULT_CONTROL");
	says(said, "would go", young, why);
	for (int dry = 1; dry >= 0; dry--) {
		const char *goes = dry ? "would go" : "gone";

		collect(&said, h, dry);
		says(said, goes, old.manifest.key, why);
		says(said, goes, second, why);
		says(said, goes, upload, "an upload that was never finished");
		says(said, "stays", young, "it is younger than a day");
		says(said, "stays", stranger, "the catalogue has never heard of it");
		says(said, "stays", running, "a running job writes it");
		/* Its backup is gone, but another needs it. */
		assert_null(strstr(said, old.data.key));
		assert_int_equal(home_objects(h), whole + (dry ? 6 : 3));
	}
	assert_true(is_there(h, stranger) && is_there(h, young) && is_there(h, running));
	assert_true(is_there(h, old.data.key));
	assert_int_equal(home_backup_row(h, kept).state, BACKUP_READY);
}

static void
several_packs_of_its_own_are_counted_and_freed_with_it(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	CLEANUP_ARENA struct arena *a = arena_new();
	char *noise = arena_alloc(a, 2 << 20);
	const struct policy_place here = { LEVEL_ENVIRONMENT, f->environment };
	struct part one, next, last;
	struct backup row;
	int64_t backup;

	/* A file that changed a moment ago would be read again. */
	setenv("LAZARETTE_FAULT_CONTROL", "slot.settled_at_once", 1);
	h->conf.pack_size = 1 << 20;
	for (int i = 0; i < 6; i++) {
		rand_bytes(noise, 2 << 20);
		OK(fd_put_file(arena_printf(a, "%s/data/media/%d.bin", f->folder, i), noise,
		    2 << 20, 0644, &f->e));
	}
	backup = home_backup(h, f->media);
	one = media_of(h, backup);
	row = home_backup_row(h, backup);
	assert_in_range(one.pack_count, 1, 5);
	assert_true(backup_is_plain(&one));
	assert_int_equal(row.stored_bytes, backup_own_stored(&one) + one.manifest.stored_bytes);
	assert_true(row.stored_bytes > 12 << 20);
	for (size_t i = 0; i < one.pack_count; i++) {
		assert_true(is_there(h, one.packs[i].object.key));
		assert_true(one.packs[i].read_at > 0);
		assert_int_equal(one.packs[i].live_bytes, one.packs[i].object.raw_bytes - 1024);
	}
	/* It counts as a full one, and the next one needs all of them. */
	OK(policies_set(f->db, POLICY_FULL_DAYS, &here, "30", f->admin, &f->e));
	next = media_of(h, home_backup(h, f->media));
	assert_int_equal(next.data.raw_bytes, 1024);
	assert_int_equal(next.pack_count, one.pack_count + 1);
	purge(h, backup);
	assert_true(is_there(h, one.packs[0].object.key));
	/* That it was a full one is known when it is gone, too. */
	last = media_of(h, home_backup(h, f->media));
	assert_int_equal(last.data.raw_bytes, 1024);
	purge(h, next.backup);
	purge(h, last.backup);
	assert_int_equal(home_objects(h), 0);
	unsetenv("LAZARETTE_FAULT_CONTROL");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, home_set_up, home_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(SCU_6_a_pack_goes_with_the_last_backup_that_needs_it),
		TEST(SCU_6_what_a_backup_builds_on_stays_while_it_is_made),
		TEST(nothing_builds_on_a_backup_that_something_speaks_against),
		TEST(files_are_stored_anew_by_wish_and_after_days),
		TEST(several_packs_of_its_own_are_counted_and_freed_with_it),
		TEST(CYC_21_a_pack_that_is_gone_counts_against_all_that_need_it),
		TEST(a_bad_pack_speaks_against_all_and_what_is_made_whole_is_in_doubt),
		TEST(T24_gc_takes_what_is_known_to_be_left_over_and_old_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
