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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_place_is_nearest_then_folders_then_buckets),
		HOME_TEST(a_backup_that_becomes_ready_is_copied_where_the_policy_says),
		HOME_TEST(a_killed_copy_leaves_nothing_that_counts),
		HOME_TEST(control_a_sidecar_that_came_first_would_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
