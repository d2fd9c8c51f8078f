/* compare_test.c: what changed from one backup to another: kinds, totals, orders and pages. */
#include "tests/unit/fixture.h"

#include <time.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/store/compare.h"

enum { MANY = 2000 };

static const char *
file(struct fixture *f, const char *name)
{
	return arena_printf(f->a, "%s/%s.db", f->folder, name);
}

static struct db *
begin(struct fixture *f, const char *name)
{
	struct db *list = NULL;

	OK(listing_make(&list, file(f, name), &f->e));
	return list;
}

static void
end(struct fixture *f, struct db *list)
{
	OK(listing_finish(list, &f->e));
	db_close(list);
}

static void
add(struct fixture *f, struct db *list, const struct listing_entry *entry)
{
	struct listing_entry own = *entry;

	own.target = own.target != NULL ? own.target : "";
	own.sha256 = own.sha256 != NULL ? own.sha256 : "";
	own.mode = own.mode != 0 ? own.mode : 0644;
	own.pack = "";
	OK(listing_add(list, &own, &f->e));
}

#define ADD(kind, ...) \
	add(f, list, &(struct listing_entry){ .type = LISTING_##kind, .path = __VA_ARGS__ })

static struct db *
joined(struct fixture *f)
{
	struct db *diff = NULL;

	OK(compare_make(file(f, "diff"), file(f, "older"), file(f, "newer"), &f->e));
	OK(compare_open(&diff, file(f, "diff"), &f->e));
	return diff;
}

static struct db *
small(struct fixture *f)
{
	struct db *list = begin(f, "older");

	ADD(FOLDER, "");
	ADD(FOLDER, "img", .mtime = 1);
	ADD(FILE, "img/same", .size = 5, .sha256 = "aa", .mtime = 7);
	ADD(FILE, "img/grown", .size = 10, .sha256 = "bb");
	ADD(FILE, "img/edited", .size = 10, .sha256 = "cc", .mtime = 7);
	ADD(FILE, "img/mode", .size = 1, .sha256 = "dd");
	ADD(FILE, "img/touched", .size = 1, .sha256 = "dd", .mtime = 7);
	ADD(FILE, "gone", .size = 400, .sha256 = "ee");
	ADD(FOLDER, "gone folder");
	ADD(LINK, "link", .target = "gone");
	ADD(FILE, "turned", .size = 3, .sha256 = "ff");
	ADD(FILE, "hard", .size = 3, .sha256 = "ff", .target = "turned");
	ADD(FILE, "odd\xff", .size = 3, .sha256 = "ff");
	end(f, list);
	list = begin(f, "newer");
	/* In another order: what a manifest lists first is of no concern. */
	ADD(FILE, "odd\xff", .size = 3, .sha256 = "ff");
	ADD(FILE, "hard", .size = 3, .sha256 = "ff");
	ADD(LINK, "link", .target = "img/same");
	ADD(FILE, "img/touched", .size = 1, .sha256 = "dd", .mtime = 8);
	ADD(FILE, "img/mode", .size = 1, .sha256 = "dd", .mode = 0600);
	ADD(FILE, "img/edited", .size = 10, .sha256 = "c2", .mtime = 7);
	ADD(FILE, "img/grown", .size = 1010, .sha256 = "b2");
	ADD(FILE, "img/same", .size = 5, .sha256 = "aa", .mtime = 7);
	ADD(FILE, "img/New", .size = 70, .sha256 = "nn");
	ADD(FOLDER, "img", .mtime = 2);
	ADD(FOLDER, "turned");
	ADD(FOLDER, "");
	end(f, list);
	return joined(f);
}

/* All of it, page by page, as one text. */
static char *
walk(struct fixture *f, struct db *diff, struct compare_page page)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct compare_change *changes;
	size_t count;

	page.search = page.search != NULL ? page.search : "";
	page.after = "";
	do {
		OK(compare_changes(&changes, &count, f->a, diff, &page, &f->e));
		for (size_t i = 0; i < count; i++)
			buf_printf(&out, "%.1s:%s ", compare_kind_name(changes[i].kind),
			    changes[i].path);
		page.after = count > 0 ? changes[count - 1].path : "";
	} while (count > 0);
	return arena_dupn(f->a, out.p, out.n);
}

static void
PEER_24_what_was_added_removed_changed_or_only_touched_is_told_apart(void **state)
{
	struct fixture *f = *state;
	CLEANUP_DB struct db *diff = small(f);

	for (int limit = 1; limit < 9; limit++) {
		assert_string_equal(walk(f, diff,
		    (struct compare_page){ -1, NULL, false, "", limit }),
		    "r:gone r:gone folder a:img/New c:img/edited c:img/grown c:img/mode c:link"
		    " c:turned ");
		assert_string_equal(walk(f, diff,
		    (struct compare_page){ -1, NULL, true, "", limit }),
		    "c:img/grown r:gone a:img/New c:turned r:gone folder c:img/edited c:img/mode"
		    " c:link ");
		assert_string_equal(walk(f, diff,
		    (struct compare_page){ COMPARE_TOUCHED, NULL, false, "", limit }),
		    "t:img/touched ");
		assert_string_equal(walk(f, diff,
		    (struct compare_page){ COMPARE_CHANGED, "IMG/", true, "", limit }),
		    "c:img/grown c:img/edited c:img/mode ");
	}
	assert_string_equal(walk(f, diff, (struct compare_page){ -1, "%", false, "", 5 }), "");
}

static void
PEER_24_the_totals_are_of_all_of_it(void **state)
{
	struct fixture *f = *state;
	CLEANUP_DB struct db *diff = small(f);
	struct compare_totals t;

	OK(compare_read_totals(&t, diff, &f->e));
	assert_int_equal(t.of[COMPARE_ADDED].count, 1);
	assert_int_equal(t.of[COMPARE_ADDED].after, 70);
	assert_int_equal(t.of[COMPARE_REMOVED].count, 2);
	assert_int_equal(t.of[COMPARE_REMOVED].before, 400);
	assert_int_equal(t.of[COMPARE_CHANGED].count, 5);
	assert_int_equal(t.of[COMPARE_CHANGED].before, 24);
	assert_int_equal(t.of[COMPARE_CHANGED].after, 1021);
	assert_int_equal(t.of[COMPARE_TOUCHED].count, 1);
	/* img, img/same, hard, odd */
	assert_int_equal(t.same, 4);
}

static void
PEER_24_each_change_says_what_it_was_and_is(void **state)
{
	struct fixture *f = *state;
	CLEANUP_DB struct db *diff = small(f);
	struct compare_page page = { COMPARE_CHANGED, "", false, "", 9 };
	struct compare_change *c;
	size_t count;

	OK(compare_changes(&c, &count, f->a, diff, &page, &f->e));
	assert_int_equal(count, 5);
	assert_true(c[0].content && c[0].before.size == 10 && c[0].after.size == 10);
	assert_true(!c[2].content && c[2].before.mode == 0644 && c[2].after.mode == 0600);
	assert_true(c[3].content && c[3].before.type == LISTING_LINK);
	assert_true(c[4].before.type == LISTING_FILE && c[4].after.type == LISTING_FOLDER);
	page.after = "img/nothing";
	REFUSED(ERR_NOT_FOUND, compare_changes(&c, &count, f->a, diff, &page, &f->e));
}

static void
PEER_24_two_of_the_same_differ_in_nothing(void **state)
{
	struct fixture *f = *state;
	CLEANUP_DB struct db *diff = NULL;
	struct compare_totals t;

	db_close(small(f));
	assert_int_equal(unlink(file(f, "diff")), 0);
	OK(compare_make(file(f, "diff"), file(f, "newer"), file(f, "newer"), &f->e));
	OK(compare_open(&diff, file(f, "diff"), &f->e));
	OK(compare_read_totals(&t, diff, &f->e));
	assert_int_equal(t.same, 11);
	for (int i = 0; i < COMPARE_KINDS; i++)
		assert_int_equal(t.of[i].count, 0);
}

static void
PEER_24_a_list_that_is_not_there_is_not_made_by_looking(void **state)
{
	struct fixture *f = *state;
	CLEANUP_DB struct db *diff = NULL;

	REFUSED(ERR_NOT_FOUND, compare_open(&diff, file(f, "diff"), &f->e));
	assert_int_equal(compare_make(file(f, "diff"), file(f, "older"), file(f, "newer"), &f->e),
	    -1);
	assert_non_null(strstr(f->e.text, "older.db"));
	assert_int_not_equal(access(file(f, "older"), F_OK), 0);
	REFUSED(ERR_NOT_FOUND, compare_open(&diff, file(f, "diff"), &f->e));
}

static void
PEER_24_one_job_compares_a_pair_whoever_asks(void **state)
{
	struct fixture *f = *state;
	const struct job_request rq = { .environment = f->environment, .requested_by = f->admin };
	static const char older[] = "01890000-0000-7000-8000-000000000001",
	    newer[] = "01890000-0000-7000-8000-000000000002";
	const struct compare_pair pair = { 1, 2 };
	const char *parts[2];
	struct backup b, *with;
	size_t count;
	struct job job;
	int64_t one, two;

	for (int64_t i = 1; i <= 2; i++) {
		fixture_request(f, 0, NULL);
		REFUSED(ERR_CONFLICT, compare_request(&one, f->db, &rq, &pair, &f->e));
		struct lease l = fixture_claim(f);
		fixture_finish(f, &l, i);
	}
	OK(compare_newest_job(&one, f->db, &pair, &f->e));
	assert_int_equal(one, 0);
	OK(compare_request(&one, f->db, &rq, &pair, &f->e));
	OK(compare_request(&two, f->db, &rq, &pair, &f->e));
	assert_int_equal(one, two);
	OK(compare_newest_job(&two, f->db, &pair, &f->e));
	assert_int_equal(one, two);
	OK(jobs_by_id(&job, f->a, f->db, one, &f->e));
	assert_int_equal(job.backup, 2);
	assert_int_equal(job.compared, 1);
	/* The older one cannot go while it is read. */
	REFUSED(ERR_CONFLICT, backups_trash(f->db, 1, &f->e));
	OK(backups_by_id(&b, f->a, f->db, 2, &f->e));
	OK(compare_candidates(&with, &count, f->a, f->db, &b, 9, &f->e));
	assert_int_equal(count, 1);
	assert_int_equal(with[0].id, 1);
	assert_true(compare_parts_of(parts, f->a,
	    strrchr(compare_file(f->a, "/run", older, newer), '/') + 1));
	assert_string_equal(parts[0], older);
	assert_string_equal(parts[1], newer);
	assert_false(compare_parts_of(parts, f->a, "01890000-0000-7000-8000-000000000001.1.db"));
	assert_null(listing_part_of(f->a, strrchr(compare_file(f->a, "", older, newer), '/') + 1));
}

static int64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static void
make_many(struct fixture *f, const char *name, int64_t many, bool later)
{
	struct db *list = begin(f, name);

	for (int64_t i = 0; i < many; i++) {
		bool changed = later && i % 100 == 0;

		if (i % 200 == 0)
			ADD(FOLDER, arena_printf(f->a, "%lld", (long long)(i / 200)));
		ADD(FILE, arena_printf(f->a, "%lld/%s%07lld.svg", (long long)(i / 200),
		    changed && i % 300 == 0 ? "new" : "", (long long)i), .size = i + changed,
		    .sha256 = arena_printf(f->a, "%064lld", (long long)(i + changed)), .mtime = i);
	}
	end(f, list);
}

/* One in a hundred has changed. With ALL=1 it is 200,000 against 200,000. */
static void
PEER_24_a_page_of_many_changes_is_near(void **state)
{
	struct fixture *f = *state;
	int64_t many = getenv("ALL") != NULL ? 200000 : MANY, began;
	CLEANUP_DB struct db *diff = NULL;
	struct compare_page page = { -1, "", true, "", 100 };
	struct compare_totals t;
	struct compare_change *c;
	size_t count;

	make_many(f, "older", many, false);
	make_many(f, "newer", many, true);
	began = now_us();
	diff = joined(f);
	print_message("# %lld against %lld: compared in %lld ms\n", (long long)many,
	    (long long)many, (long long)(now_us() - began) / 1000);
	assert_true(now_us() - began < 10000000);
	began = now_us();
	OK(compare_read_totals(&t, diff, &f->e));
	OK(compare_changes(&c, &count, f->a, diff, &page, &f->e));
	print_message("# the totals and the first page: %lld us\n", (long long)(now_us() - began));
	assert_true(now_us() - began < 300000);
	assert_int_equal(t.of[COMPARE_ADDED].count, t.of[COMPARE_REMOVED].count);
	assert_int_equal(t.of[COMPARE_ADDED].count + t.of[COMPARE_CHANGED].count, many / 100);
}

#define T(test) cmocka_unit_test_setup_teardown(test, fixture_set_up, fixture_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(PEER_24_what_was_added_removed_changed_or_only_touched_is_told_apart),
		T(PEER_24_the_totals_are_of_all_of_it),
		T(PEER_24_each_change_says_what_it_was_and_is),
		T(PEER_24_two_of_the_same_differ_in_nothing),
		T(PEER_24_a_list_that_is_not_there_is_not_made_by_looking),
		T(PEER_24_one_job_compares_a_pair_whoever_asks),
		T(PEER_24_a_page_of_many_changes_is_near),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
