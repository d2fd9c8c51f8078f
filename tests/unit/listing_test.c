/* listing_test.c: the list of a part's files: orders and pages, odd names, searching, the queue. */
#include "tests/unit/fixture.h"

#include <time.h>

#include "lib/base/buf.h"
#include "lib/store/listing.h"

enum { MANY = 2000 };

static const char *
list_path(struct fixture *f)
{
	return arena_printf(f->a, "%s/list.db", f->folder);
}

static void
add(struct fixture *f, struct db *list, const struct listing_entry *entry)
{
	struct listing_entry own = *entry;

	own.target = own.target != NULL ? own.target : "";
	own.pack = own.pack != NULL ? own.pack : "";
	own.sha256 = own.sha256 != NULL ? own.sha256 : "";
	OK(listing_add(list, &own, &f->e));
}

#define ADD(kind, ...) \
	add(f, list, &(struct listing_entry){ .type = LISTING_##kind, .path = __VA_ARGS__ })

static struct db *
begin(struct fixture *f)
{
	struct db *list = NULL;

	OK(listing_make(&list, list_path(f), &f->e));
	return list;
}

static struct db *
end(struct fixture *f, struct db *list)
{
	struct db *opened = NULL;

	OK(listing_finish(list, &f->e));
	db_close(list);
	OK(listing_open(&opened, list_path(f), &f->e));
	return opened;
}

/* All of it, page by page, as one text. */
static char *
walk(struct fixture *f, struct db *list, struct listing_page page)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct listing_entry *entries;
	size_t count;

	page.folder = page.folder != NULL ? page.folder : "";
	page.search = page.search != NULL ? page.search : "";
	page.limit = page.limit != 0 ? page.limit : 2;
	do {
		OK(listing_entries(&entries, &count, f->a, list, &page, &f->e));
		for (size_t i = 0; i < count; i++)
			buf_printf(&out, "%s ", entries[i].path);
		page.after = count > 0 ? entries[count - 1].id : 0;
	} while (count > 0);
	return arena_dupn(f->a, out.p, out.n);
}

static struct db *
small(struct fixture *f)
{
	struct db *list = begin(f);

	/* Files come before the folders that they are in, as in a manifest that goes by packs. */
	ADD(FILE, "img/b.svg", .size = 10, .mtime = 3000);
	ADD(FILE, "img/a.svg", .size = 10, .mtime = 1000);
	ADD(FILE, "img/c.svg", .size = 30, .mtime = 2000);
	ADD(FILE, "img/deep/A.SVG", .size = 1, .mtime = 1);
	ADD(FILE, "top", .size = 5, .mtime = 9000);
	ADD(FOLDER, "");
	ADD(FOLDER, "img", .mode = 0755, .mtime = 8000);
	ADD(FOLDER, "img/deep", .mtime = 2500);
	ADD(FOLDER, "empty");
	ADD(LINK, "img/link", .target = "a.svg", .mtime = 500);
	return end(f, list);
}

static void
PEER_24_each_order_goes_page_by_page_and_folders_first(void **state)
{
	struct fixture *f = *state;
	CLEANUP_DB struct db *list = small(f);

	assert_string_equal(walk(f, list, (struct listing_page){ 0 }), "empty img top ");
	for (int limit = 1; limit < 7; limit++) {
		assert_string_equal(walk(f, list, (struct listing_page){ .folder = "img",
		    .limit = limit }), "img/deep img/a.svg img/b.svg img/c.svg img/link ");
		assert_string_equal(walk(f, list, (struct listing_page){ .folder = "img",
		    .order = LISTING_BY_SIZE, .limit = limit }),
		    "img/deep img/c.svg img/b.svg img/a.svg img/link ");
		assert_string_equal(walk(f, list, (struct listing_page){ .folder = "img",
		    .order = LISTING_BY_TIME, .limit = limit }),
		    "img/b.svg img/deep img/c.svg img/a.svg img/link ");
	}
	assert_string_equal(walk(f, list, (struct listing_page){ .folder = "empty" }), "");
}

static void
PEER_24_a_search_goes_through_all_that_is_below(void **state)
{
	struct fixture *f = *state;
	CLEANUP_DB struct db *list = small(f);

	for (int limit = 1; limit < 7; limit++)
		assert_string_equal(walk(f, list, (struct listing_page){ .search = "a.sv",
		    .limit = limit }), "img/a.svg img/deep/A.SVG ");
	assert_string_equal(walk(f, list, (struct listing_page){ .folder = "img/deep",
	    .search = ".svg" }), "img/deep/A.SVG ");
	assert_string_equal(walk(f, list, (struct listing_page){ .search = "%" }), "");
}

static void
PEER_24_odd_names_are_shown_apart_and_cannot_be_typed(void **state)
{
	struct fixture *f = *state;
	struct db *list = begin(f);
	CLEANUP_DB struct db *opened = NULL;
	struct listing_page page = { .folder = "\\374\\134", .search = "", .limit = 9 };
	struct listing_entry *entries;
	size_t count;

	ADD(FOLDER, "\xfc\\");
	ADD(FILE, "\xfc\\/\xc3\xbc");
	ADD(FILE, "\xfc\\/\xff\xc3\xbc");
	ADD(FILE, "\xfc\\/two\nlines");
	ADD(FILE, " edge");
	ADD(FILE, "\xc3\xbc plain");
	opened = end(f, list);
	assert_string_equal(walk(f, opened, (struct listing_page){ 0 }),
	    "\\374\\134  edge \xc3\xbc plain ");
	OK(listing_entries(&entries, &count, f->a, opened, &page, &f->e));
	assert_int_equal(count, 3);
	assert_string_equal(entries[0].name, "\\377\\303\\274");
	assert_string_equal(entries[1].name, "two\\012lines");
	assert_string_equal(entries[2].path, "\\374\\134/\xc3\xbc");
	page.folder = "";
	OK(listing_entries(&entries, &count, f->a, opened, &page, &f->e));
	assert_false(entries[0].plain);
	assert_false(entries[1].plain);
	assert_true(entries[2].plain);
}

static void
PEER_24_what_is_not_there_is_not_found(void **state)
{
	struct fixture *f = *state;
	CLEANUP_DB struct db *list = NULL, *none = NULL;
	struct listing_page page = { .folder = "nowhere", .search = "", .limit = 2 };
	struct listing_entry *entries;
	size_t count;

	REFUSED(ERR_NOT_FOUND, listing_open(&none, list_path(f), &f->e));
	list = small(f);
	REFUSED(ERR_NOT_FOUND, listing_entries(&entries, &count, f->a, list, &page, &f->e));
	page = (struct listing_page){ .folder = "", .search = "", .limit = 2, .after = 99 };
	REFUSED(ERR_NOT_FOUND, listing_entries(&entries, &count, f->a, list, &page, &f->e));
	assert_null(listing_part_of(f->a, "catalog.db"));
	assert_null(listing_part_of(f->a, ".7-1.01890000-0000-7000-8000-000000000001.tmp"));
	assert_string_equal(listing_part_of(f->a, "01890000-0000-7000-8000-000000000001.1.db"),
	    "01890000-0000-7000-8000-000000000001");
}

static void
PEER_24_one_job_reads_it_whoever_asks(void **state)
{
	struct fixture *f = *state;
	const struct job_request rq = { .environment = f->environment, .requested_by = f->admin };
	struct part *parts;
	size_t count;
	int64_t one, two, newest;
	bool wanted;

	OK(listing_newest_job(&newest, f->db, 1, &f->e));
	assert_int_equal(newest, 0);
	fixture_request(f, 0, NULL);
	REFUSED(ERR_CONFLICT, listing_request(&one, f->db, &rq, 1, &f->e));
	struct lease l = fixture_claim(f);
	fixture_finish(f, &l, 1);
	OK(listing_request(&one, f->db, &rq, 1, &f->e));
	OK(listing_request(&two, f->db, &rq, 1, &f->e));
	assert_int_equal(one, two);
	OK(listing_newest_job(&newest, f->db, 1, &f->e));
	assert_int_equal(newest, one);
	OK(backups_parts(&parts, &count, f->a, f->db, 1, &f->e));
	OK(listing_wanted(&wanted, f->db, parts[0].uuid, &f->e));
	assert_true(wanted);
	fixture_do(f, "UPDATE backup SET state='deleted'");
	OK(listing_wanted(&wanted, f->db, parts[0].uuid, &f->e));
	assert_false(wanted);
}

static int64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

/* A page deep in a large folder costs what one of a small folder costs: it goes by an index. */
static void
PEER_24_the_last_page_is_as_near_as_the_first(void **state)
{
	struct fixture *f = *state;
	int64_t many = getenv("ALL") != NULL ? 200000 : MANY, began;
	struct db *list = begin(f);
	CLEANUP_DB struct db *opened = NULL;
	struct listing_page page = { .folder = "img", .search = "", .limit = 100 };
	struct listing_entry *entries;
	size_t count;

	ADD(FOLDER, "img");
	for (int64_t i = 0; i < many; i++)
		ADD(FILE, arena_printf(f->a, "img/%07lld.svg", (long long)i), .size = i % 1000,
		    .mtime = i);
	opened = end(f, list);
	for (int order = 0; order < LISTING_ORDERS; order++) {
		page.order = (enum listing_order)order;
		page.after = many - 50;
		began = now_us();
		OK(listing_entries(&entries, &count, f->a, opened, &page, &f->e));
		print_message("# %s: %lld us\n", listing_order_name(page.order),
		    (long long)(now_us() - began));
		assert_true(count > 0);
		assert_true(now_us() - began < 20000);
	}
}

#define T(test) cmocka_unit_test_setup_teardown(test, fixture_set_up, fixture_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(PEER_24_each_order_goes_page_by_page_and_folders_first),
		T(PEER_24_a_search_goes_through_all_that_is_below),
		T(PEER_24_odd_names_are_shown_apart_and_cannot_be_typed),
		T(PEER_24_what_is_not_there_is_not_found),
		T(PEER_24_one_job_reads_it_whoever_asks),
		T(PEER_24_the_last_page_is_as_near_as_the_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
