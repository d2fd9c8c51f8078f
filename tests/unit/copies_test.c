/* copies_test.c: a backup in several storages: which is nearest, and what a copy job leaves. */
#include "tests/unit/job_home.h"

#include <stdlib.h>

#include "lib/store/copies.h"
#include "lib/store/policies.h"

static void
the_first_place_is_nearest_then_folders_then_buckets(void **state UNUSED)
{
	struct copy list[] = {
		{ .storage = 1, .first = true, .state = COPY_READY, .kind = "s3" },
		{ .storage = 2, .state = COPY_READY, .kind = "s3" },
		{ .storage = 3, .state = COPY_FAILED, .kind = "local" },
		{ .storage = 4, .state = COPY_READY, .kind = "local", .health = HEALTH_DAMAGED },
		{ .storage = 5, .state = COPY_READY, .kind = "local" },
	};
	static const int64_t near[] = { 1, 5, 2 };

	assert_int_equal(copy_order(list, 5), 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(list[i].storage, near[i]);
	list[0].health = HEALTH_MISSING;
	assert_int_equal(copy_order(list, 5), 2);
	assert_int_equal(list[0].storage, 5);
}

static int64_t
add_second(struct job_home *h)
{
	struct fixture *f = &h->f;
	struct storage s = { .slug = "second", .kind = "local", .path = home_path(h, "second") };
	const struct policy_place here = { LEVEL_INSTANCE, 0 };

	s.bucket = (struct storage_bucket){ "", "", "", "", "", "", "", "" };
	OK(fd_make_path(s.path, &f->e));
	OK(storages_add(&s, f->db, &f->e));
	OK(policies_set(f->db, POLICY_COPIES, &here, "second", 0, &f->e));
	return s.id;
}

static struct copy
copy_of(struct job_home *h, int64_t backup, int64_t storage)
{
	struct fixture *f = &h->f;
	struct copy *list;
	size_t count;

	OK(copies_list(&list, &count, f->a, f->db, backup, &f->e));
	for (size_t i = 0; i < count; i++)
		if (list[i].storage == storage)
			return list[i];
	return (struct copy){ .storage = 0 };
}

static void
a_backup_that_becomes_ready_is_copied_where_the_policy_says(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t second = add_second(h), id = home_backup(h, f->media), job;
	const struct job_request rq = { .environment = 1 };
	const struct copy_ask ask = { .backup = id, .storage = second };
	struct copy c = copy_of(h, id, second);
	struct lease l = fixture_claim(f);

	assert_int_equal(c.state, COPY_COPYING);
	assert_int_equal(c.job, l.job);
	/* Asked for once more it is the same job. */
	OK(copies_request(&job, f->db, &rq, &ask, &f->e));
	assert_int_equal(job, l.job);
	assert_int_equal(home_work(h, &l), 0);
	c = copy_of(h, id, second);
	assert_int_equal(c.state, COPY_READY);
	assert_int_equal(c.health, HEALTH_GOOD);
	REFUSED(ERR_CONFLICT, copies_request(&job, f->db, &rq, &ask, &f->e));
	assert_true(home_has(h, arena_printf(f->a, "second/%s",
	    home_backup_row(h, id).sidecar_key)));
}

/* The job's process dies there; gives whether a sidecar lies in the second storage then. */
static bool
sidecar_after_a_kill(struct job_home *h, const char *control)
{
	struct fixture *f = &h->f;
	int64_t second = add_second(h), id = home_backup(h, f->media);
	struct lease l = fixture_claim(f);
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		setenv("LAZARETTE_FAULT", "copy.before_sidecar:kill", 1);
		if (control != NULL)
			setenv("LAZARETTE_FAULT_CONTROL", control, 1);
		exit(work_run(&h->conf, &l));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(copy_of(h, id, second).state, COPY_COPYING);
	return home_has(h, arena_printf(f->a, "second/%s", home_backup_row(h, id).sidecar_key));
}

static void
a_killed_copy_leaves_nothing_that_counts(void **state)
{
	assert_false(sidecar_after_a_kill(*state, NULL));
}

static void
control_a_sidecar_that_came_first_would_count(void **state)
{
	assert_true(sidecar_after_a_kill(*state, "copy.sidecar_first"));
}

/* -- what is in doubt is read -- */

static const char *
pack_path(struct job_home *h, int64_t backup, const char *storage)
{
	struct fixture *f = &h->f;
	struct part *parts;
	size_t n;

	OK(backups_parts(&parts, &n, f->a, f->db, backup, &f->e));
	assert_int_equal(n, 1);
	return home_path(h, arena_printf(f->a, "%s/%s", storage,
	    parts[0].pack_count > 0 ? parts[0].packs[0].object.key : parts[0].data.key));
}

/* Its size stays the same, so nobody knows who does not read it. */
static void
flip(const char *path)
{
	CLEANUP_FD int fd = open(path, O_RDWR | O_CLOEXEC);
	unsigned char byte;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, 100), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, 100), 1);
}

static bool
are_alike(struct job_home *h, const char *one, const char *other)
{
	struct fixture *f = &h->f;
	CLEANUP_BUF struct buf a = BUF_INIT, b = BUF_INIT;

	OK(fd_read_file(&a, one, 64 << 20, &f->e));
	OK(fd_read_file(&b, other, 64 << 20, &f->e));
	return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

static int
work_next(struct job_home *h)
{
	struct lease l = fixture_claim(&h->f);

	return home_work(h, &l);
}

static void
T17_healing_believes_no_backup_in_the_trash(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	const struct job_request rq = { .environment = 1, .requested_by = f->admin };
	int64_t first, second, job;
	const char *here, *there;

	add_second(h);
	first = home_backup(h, f->media);
	OK(work_next(h));
	second = home_backup(h, f->media);
	OK(work_next(h));
	here = pack_path(h, second, "store");
	there = pack_path(h, second, "second");
	assert_string_equal(here, pack_path(h, first, "store"));
	OK(backups_trash(f->db, first, &f->e));
	flip(here);
	OK(jobs_add_verify(&job, f->db, &rq, second, &f->e));
	OK(work_next(h));
	assert_int_equal(home_backup_row(h, second).health, HEALTH_DAMAGED);
	assert_int_equal(home_backup_row(h, first).health, HEALTH_DAMAGED);
	OK(work_next(h));
	assert_true(are_alike(h, here, there));
	assert_int_equal(home_backup_row(h, second).health, HEALTH_GOOD);
	assert_int_equal(home_backup_row(h, first).health, HEALTH_UNKNOWN);
}

static void
SCU_12_a_move_reads_what_is_there_before_the_other_place_goes(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	const struct job_request rq = { .environment = 1, .requested_by = f->admin };
	int64_t second = add_second(h), id = home_backup(h, f->media), count;
	const struct copy_move move = { f->storage, second };

	OK(work_next(h));
	flip(pack_path(h, id, "second"));
	OK(copies_move(&count, f->db, &rq, &move, &f->e));
	assert_int_equal(count, 1);
	OK(work_next(h));
	assert_int_equal(home_backup_row(h, id).storage, second);
	assert_true(are_alike(h, pack_path(h, id, "store"), pack_path(h, id, "second")));
}

static void
what_was_found_meanwhile_outlives_a_good_word(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t id = home_backup(h, f->media), now = clock_now();
	struct copy_finding good = { id, f->storage, HEALTH_GOOD, now - 1000 };

	fixture_do(f, "UPDATE backup SET health='damaged'");
	OK(copies_found(f->db, &good, &f->e));
	assert_int_equal(home_backup_row(h, id).health, HEALTH_DAMAGED);
	good.since = clock_now() + 1000;
	OK(copies_found(f->db, &good, &f->e));
	assert_int_equal(home_backup_row(h, id).health, HEALTH_GOOD);
}

static void
who_asks_is_not_given_what_the_system_reads_by_itself(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t second = add_second(h), id = home_backup(h, f->media), own, asked, again;
	const struct copy_ask there = { .backup = id, .storage = second };
	struct job_request rq = { .environment = 1 };

	OK(work_next(h));
	OK(copies_verify(&own, f->db, &rq, &there, &f->e));
	OK(copies_verify(&again, f->db, &rq, &there, &f->e));
	assert_int_equal(again, own);
	rq.requested_by = f->admin;
	OK(copies_verify(&asked, f->db, &rq, &there, &f->e));
	OK(copies_verify(&again, f->db, &rq, &there, &f->e));
	assert_int_not_equal(asked, own);
	assert_int_equal(again, asked);
}

static void
what_a_running_job_may_read_leaves_after_it(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	const struct job_request rq = { .environment = 1, .requested_by = f->admin };
	int64_t second = add_second(h), id = home_backup(h, f->media), count, job;
	const struct copy_move move = { f->storage, second };
	struct copy *leaving;
	size_t n;

	OK(work_next(h));
	OK(copies_move(&count, f->db, &rq, &move, &f->e));
	OK(work_next(h));
	OK(copies_leaving(&leaving, &n, f->a, f->db, 10, &f->e));
	assert_int_equal(n, 1);
	OK(jobs_add_verify(&job, f->db, &rq, id, &f->e));
	fixture_claim(f);
	OK(copies_leaving(&leaving, &n, f->a, f->db, 10, &f->e));
	assert_int_equal(n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_place_is_nearest_then_folders_then_buckets),
		HOME_TEST(a_backup_that_becomes_ready_is_copied_where_the_policy_says),
		HOME_TEST(a_killed_copy_leaves_nothing_that_counts),
		HOME_TEST(control_a_sidecar_that_came_first_would_count),
		HOME_TEST(T17_healing_believes_no_backup_in_the_trash),
		HOME_TEST(SCU_12_a_move_reads_what_is_there_before_the_other_place_goes),
		HOME_TEST(what_was_found_meanwhile_outlives_a_good_word),
		HOME_TEST(who_asks_is_not_given_what_the_system_reads_by_itself),
		HOME_TEST(what_a_running_job_may_read_leaves_after_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
