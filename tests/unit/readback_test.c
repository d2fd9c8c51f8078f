/* readback_test.c: what was stored is read again, and a long silence of its reader is no stall. */
#include "tests/unit/job_home.h"

#include "lib/base/clock.h"
#include "worker/job/readback.h"

enum { PATIENCE_MS = 60 * 1000 };

struct bench {
	struct job_home *home;
	struct plan plan;
	struct report *report;
	struct lease lease;
	struct part *part;
};

/* What the reader of these tests needs, and what it saw. */
static struct bench *bench;
static bool saw_life;

/* Reads all, then says nothing until somebody else has given a sign of life. */
static int
prove_slowly(int fd, const struct source *src UNUSED, struct err *e UNUSED)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	int64_t until = clock_mono() + PATIENCE_MS;
	char piece[4096];

	while (read(fd, piece, sizeof piece) > 0)
		continue;
	while (!saw_life && clock_mono() < until) {
		saw_life = strstr(report_words(bench->report, a),
		               "database: checking its structure, ") != NULL;
		clock_sleep(20);
	}
	return 0;
}

static int
prove_nothing(int fd UNUSED, const struct source *src UNUSED, struct err *e)
{
	return err_set(e, ERR_DAMAGED, "the reader refuses it");
}

static int
set_up(void **state)
{
	void *home;
	struct bench *b = calloc(1, sizeof *b);

	if (home_set_up(&home) != 0)
		return -1;
	bench = b;
	b->home = home;
	struct fixture *f = &b->home->f;
	int64_t backup = home_backup(b->home, f->database);
	size_t n;

	OK(backups_parts(&b->part, &n, f->a, f->db, backup, &f->e));
	fixture_request(f, f->database, NULL);
	b->lease = fixture_claim(f);
	OK(report_start(&b->report, f->path, &b->lease, &f->e));
	b->plan = (struct plan){ .conf = &b->home->conf, .arena = f->a, .db = f->db,
		.report = b->report, .lease = b->lease, .dest = home_storage(b->home) };
	saw_life = false;
	*state = b;
	return 0;
}

static int
tear_down(void **state)
{
	struct bench *b = *state;
	void *home = b->home;

	report_free(b->report);
	plan_release(&b->plan);
	free(b);
	return home_tear_down(&home);
}

/* PEER-17: SQLite's check of gigabytes says nothing for longer than the stall rule waits. */
static void
a_reader_that_is_silent_for_long_is_no_stall(void **state)
{
	struct bench *b = *state;
	struct fixture *f = &b->home->f;
	const struct source_driver slow = { .prove = prove_slowly };
	const struct readback what = { .object = &b->part->data, .label = "database",
		.prover = &slow };

	OK(readback_object(&b->plan, &what, &f->e));
	assert_true(saw_life);
}

static void
a_reader_that_refuses_decides(void **state)
{
	struct bench *b = *state;
	struct fixture *f = &b->home->f;
	const struct source_driver never = { .prove = prove_nothing };
	const struct readback what = { .object = &b->part->data, .label = "database",
		.prover = &never };

	REFUSED(ERR_DAMAGED, readback_object(&b->plan, &what, &f->e));
	assert_string_equal(f->e.text, "the reader refuses it");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_reader_that_is_silent_for_long_is_no_stall,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_reader_that_refuses_decides, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
