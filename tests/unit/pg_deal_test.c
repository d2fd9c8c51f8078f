/* pg_deal_test.c: the rows of a dump dealt out, and dumps that are not as any is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "tests/unit/pg_archive.h"
#include "worker/target/pg_deal.h"
#include "worker/target/pg_toc.h"

enum { FILE_MAX = 64 << 20, LANES = 3 };

static char folder[] = "/tmp/pg_deal_test.XXXXXX";

static const struct archive_entry entries[] = {
	{ 1, "ENCODING", 2, "SET client_encoding = 'UTF8';\n", NULL, 0 },
	{ 12, "SCHEMA", 2, "CREATE SCHEMA s;\n", NULL, 0 },
	{ 13, "ACL", 1, "GRANT USAGE ON SCHEMA s TO a;\n", NULL, 0 },
	{ 14, "COMMENT", 1, "COMMENT ON SCHEMA s IS 'x';\n", NULL, 0 },
	{ 20, "TABLE DATA", 3, "", "COPY public.big (a) FROM stdin;\n", 1 },
	{ 21, "TABLE DATA", 3, "", "COPY public.none (a) FROM stdin;\n", 1 },
	{ 22, "TABLE DATA", 3, "", "COPY public.small (a) FROM stdin;\n", 1 },
	{ 23, "TABLE DATA", 3, "", NULL, 1 },      /* rows as INSERT */
	{ 24, "BLOBS", 3, NULL, NULL, 1 },
	{ 25, "SEQUENCE SET", 3, "SELECT 1;\n", NULL, 0 },
	{ 30, "CONSTRAINT", 4, "ALTER TABLE x ADD PRIMARY KEY (a);\n", NULL, 0 },
	{ 31, "COMMENT", 1, "COMMENT ON INDEX i IS 'x';\n", NULL, 0 },
};

enum { COUNT = sizeof entries / sizeof entries[0] };

static const char few[] = "1\n\\\\.\n\n3\n";
static const char inserts[] = "INSERT INTO public.odd VALUES (1);\n";

/* Rows of 4 MB, whose lines have 1 to 99 letters, and one of 1.5 MB. */
static void
make_rows(struct buf *rows)
{
	for (int i = 0; rows->n < 4 << 20; i++) {
		buf_printf(rows, "%d", i);
		for (int k = i % 97; k > 0; k--)
			buf_char(rows, (char)('a' + k % 26));
		buf_char(rows, '\n');
	}
	for (int i = 0; i < 3 << 19; i++)
		buf_char(rows, 'x');
	buf_char(rows, '\n');
}

/* Rows as INSERT, and large objects. */
static void
make_others(struct buf *b)
{
	buf_char(b, 1);
	archive_int(b, 23);
	archive_text(b, inserts);
	archive_int(b, 0);
	buf_char(b, 3);
	archive_int(b, 24);
	for (int oid = 5; oid < 7; oid++) {
		archive_int(b, oid);
		archive_text(b, "\001\003large");
		archive_int(b, 0);
	}
	archive_int(b, 0);
}

static void
deal(struct pg_dealt *ret, bool *odd, const struct pg_dealt *names, const struct buf *dump,
    size_t step)
{
	CLEANUP_PG_DEAL struct pg_deal *d = NULL;
	struct err e;

	assert_int_equal(pg_deal_new(&d, names, &e), 0);
	for (size_t at = 0; at < dump->n; at += step)
		assert_int_equal(pg_deal_write(d, dump->p + at,
		                     dump->n - at < step ? dump->n - at : step, &e),
		    0);
	assert_int_equal(pg_deal_end(ret, odd, d, &e), 0);
}

static void
read_file(struct buf *to, const char *path)
{
	struct err e;

	if (fd_read_file(to, path, FILE_MAX, &e) != 0)
		fail_msg("%s", e.text);
}

static int64_t
int_at(const char **p)
{
	const unsigned char *at = (const unsigned char *)*p;

	*p += 5;
	assert_int_equal(at[0], 0);
	return (int64_t)at[1] | (int64_t)at[2] << 8 | (int64_t)at[3] << 16 | (int64_t)at[4] << 24;
}

/* The rows of each block behind the head, and the numbers of the blocks as the list has them. */
static void
take_lane(struct buf *big, struct buf *small, const char *path, const char *list, size_t head)
{
	CLEANUP_BUF struct buf file = BUF_INIT;
	CLEANUP_BUF struct buf want = BUF_INIT;
	CLEANUP_BUF struct buf got = BUF_INIT;
	const char *p;
	int64_t n;

	read_file(&file, path);
	read_file(&got, list);
	for (p = file.p + head; p < file.p + file.n;) {
		assert_int_equal(*p++, 1);
		n = int_at(&p);
		buf_printf(&want, "%d;\n", (int)n);
		assert_true(n == 20 || n == 22);
		for (struct buf *to = n == 20 ? big : small; (n = int_at(&p)) > 0; p += n)
			buf_add(to, p, (size_t)n);
	}
	assert_ptr_equal(p, file.p + file.n);
	assert_string_equal(got.p, want.p);
}

static int
by_text(const void *a, const void *b)
{
	const char *const *one = a, *const *other = b;

	return strcmp(*one, *other);
}

/* The lines of a text in order, each as a string. */
static const char **
lines_of(size_t *count, struct buf *text)
{
	const char **lines = NULL;
	size_t n = 0;

	for (char *p = text->p; p < text->p + text->n; p += strlen(p) + 1) {
		if (n % 4096 == 0)
			lines = xrealloc(lines, (n + 4096) * sizeof *lines);
		*strchr(p, '\n') = '\0';
		lines[n++] = p;
	}
	qsort(lines, n, sizeof *lines, by_text);
	*count = n;
	return lines;
}

static void
assert_same_lines(struct buf *one, struct buf *other)
{
	size_t n, m;
	const char **a = lines_of(&n, one), **b = lines_of(&m, other);

	assert_int_equal(n, m);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(a[i], b[i]);
	free(a);
	free(b);
}

static void
check_lists(const struct pg_dealt *made)
{
	const char *const paths[] = { made->before, made->beside, made->after };
	const char *const wanted[] = { "1;\n12;\n14;\n", "23;\n24;\n25;\n", "13;\n30;\n31;\n" };

	for (size_t i = 0; i < 3; i++) {
		CLEANUP_BUF struct buf list = BUF_INIT;

		read_file(&list, paths[i]);
		assert_string_equal(list.p, wanted[i]);
	}
}

/* One dump through all of it; what the file with the rest has is told by `rest`. */
static void
check_dealt(const struct pg_dealt *names, const struct buf *dump, const struct buf *rest,
    struct buf *rows, size_t head)
{
	static const size_t steps[] = { 1, 4097, 1 << 22 };

	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		CLEANUP_BUF struct buf file = BUF_INIT;
		CLEANUP_BUF struct buf want = BUF_INIT;
		CLEANUP_BUF struct buf big = BUF_INIT;
		CLEANUP_BUF struct buf small = BUF_INIT;
		struct pg_dealt made;
		bool odd;

		deal(&made, &odd, names, dump, steps[i]);
		assert_false(odd);
		assert_int_equal(made.lanes, LANES);
		read_file(&file, made.dump);
		assert_int_equal(file.n, rest->n);
		assert_memory_equal(file.p, rest->p, rest->n);
		check_lists(&made);
		for (int lane = 0; lane < LANES; lane++) {
			size_t before = big.n;

			take_lane(&big, &small, made.lane[lane].dump, made.lane[lane].list, head);
			assert_in_range(big.n - before, 1 << 20, 4 << 20);
		}
		/* A small table stays whole, in its order. */
		assert_string_equal(small.p, few);
		buf_add(&want, rows->p, rows->n);
		assert_same_lines(&big, &want);
		pg_deal_remove(names);
	}
}

static void
SET_10_every_row_is_in_one_of_the_files_and_nothing_else_is_lost(void **state UNUSED)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_BUF struct buf rows = BUF_INIT;
	const struct pg_dealt names =
	    pg_deal_names(a, arena_printf(a, "%s/dump", folder), LANES);

	make_rows(&rows);
	for (int minor = 13; minor <= 16; minor++) {
		CLEANUP_BUF struct buf dump = BUF_INIT;
		CLEANUP_BUF struct buf rest = BUF_INIT;
		size_t head;

		archive_head(&dump, minor, entries, COUNT);
		head = dump.n;
		buf_add(&rest, dump.p, dump.n);
		archive_rows(&dump, 20, rows.p);
		archive_rows(&dump, 21, "");
		archive_rows(&dump, 22, few);
		make_others(&dump);
		for (int id = 20; id <= 22; id++)
			archive_rows(&rest, id, "");
		make_others(&rest);
		check_dealt(&names, &dump, &rest, &rows, head);
	}
}

/* What is wrong with a dump, and whether that shows at its head (then it is one file) or later. */
static void
make_wrong(struct buf *b, int wrong)
{
	struct archive_entry bad[COUNT];
	size_t at;

	memcpy(bad, entries, sizeof bad);
	if (wrong == 0)
		bad[3].id = bad[2].id;
	else if (wrong == 1)
		bad[1].section = 5;
	archive_head(b, wrong == 2 ? 17 : wrong == 3 ? 11 : 14, bad, COUNT);
	at = b->n;
	if (wrong == 4)
		b->p[12] = 6;                   /* compressed */
	else if (wrong == 5)
		b->p[at - 9] = 2;               /* it knows where its data lies */
	else if (wrong == 6)
		buf_cut(b, at - 1);             /* cut in its head */
	if (wrong <= 6)
		return;
	if (wrong == 7)
		archive_rows(b, 99, "1\n");     /* of no entry */
	archive_rows(b, 20, wrong == 15 ? "1\n\\.\n2\n" : wrong == 16 ? "\\.x\n" : "1\n2\n");
	if (wrong == 8)
		archive_rows(b, 20, "3\n");     /* once more */
	else if (wrong == 9)
		buf_cut(b, b->n - 1);
	else if (wrong == 10)
		b->p[at] = 3;                   /* rows that are large objects */
	else if (wrong == 11)
		b->p[b->n - 5 - 2] = 'x';       /* no mark behind the rows */
	else if (wrong == 12)
		b->p[at + 6] = 1;               /* a piece of negative length */
	else if (wrong == 13)
		buf_cut(b, b->n - 5);           /* cut between two pieces */
	else if (wrong == 14)
		buf_char(b, 2);                 /* no kind of block */
}

static void
what_is_not_understood_is_one_file_or_odd(void **state UNUSED)
{
	enum { HEADS = 7, ALL = 17 };
	CLEANUP_ARENA struct arena *a = arena_new();
	const char *path = arena_printf(a, "%s/dump", folder);
	const struct pg_dealt names = pg_deal_names(a, path, LANES),
			      whole = pg_deal_names(a, path, 0);

	for (int wrong = 0; wrong < ALL; wrong++)
		for (size_t step = 1; step < 200; step += 66) {
			CLEANUP_BUF struct buf dump = BUF_INIT;
			CLEANUP_BUF struct buf file = BUF_INIT;
			struct pg_dealt made;
			bool odd;

			make_wrong(&dump, wrong);
			deal(&made, &odd, &names, &dump, step);
			if (odd != (wrong >= HEADS))
				fail_msg("wrong %d: odd %d", wrong, odd);
			assert_int_equal(made.lanes, 0);
			if (odd)
				deal(&made, &odd, &whole, &dump, step);
			assert_false(odd);
			assert_null(made.before);
			read_file(&file, made.dump);
			assert_int_equal(file.n, dump.n);
			assert_memory_equal(file.p, dump.p, dump.n);
			pg_deal_remove(&names);
		}
}

/* An entry whose statement would run once for each file is none of rows. */
static void
T36_rows_with_a_statement_stay_in_the_file_that_the_fence_reads(void **state UNUSED)
{
	struct archive_entry entry = { 20, "TABLE DATA", 3, "", "COPY t FROM stdin;\n", 1 };
	CLEANUP_BUF struct buf dump = BUF_INIT;
	struct pg_toc toc = { 0 };

#define STEP()                                                                                     \
	(buf_clear(&dump), archive_head(&dump, 14, &entry, 1),                                     \
	    assert_int_equal(pg_toc_read(&toc, dump.p, dump.n), 1),                                \
	    assert_int_equal(toc.bytes, dump.n), pg_toc_find(&toc, 20)->step)
	assert_int_equal(STEP(), PG_TOC_ROWS);
	entry.statement = "DROP TABLE t;\n";
	assert_int_equal(STEP(), PG_TOC_BESIDE);
	entry.statement = "";
	entry.copy = "";
	assert_int_equal(STEP(), PG_TOC_BESIDE);
	entry.copy = "COPY t FROM stdin;\n";
	entry.section = 2;
	assert_int_equal(STEP(), PG_TOC_BEFORE);
	entry.section = 3;
	entry.desc = "TABLE";
	assert_int_equal(STEP(), PG_TOC_BESIDE);
	assert_null(pg_toc_find(&toc, 21));
	for (size_t n = 0; n < dump.n; n++)
		assert_int_equal(pg_toc_read(&toc, dump.p, n), 0);
	pg_toc_release(&toc);
}

static void
a_full_disk_is_told(void **state UNUSED)
{
	const struct pg_dealt names = { .dump = "/dev/full", .lanes = 0 };
	CLEANUP_PG_DEAL struct pg_deal *d = NULL;
	CLEANUP_BUF struct buf much = BUF_INIT;
	struct err e = { 0 };

	memset(buf_room(&much, 1 << 20), 'x', 1 << 20);
	buf_took(&much, 1 << 20);
	assert_int_equal(pg_deal_new(&d, &names, &e), 0);
	assert_int_equal(pg_deal_write(d, much.p, much.n, &e), -1);
	assert_int_equal(e.kind, ERR_FULL);
}

static int
make_folder(void **state UNUSED)
{
	return mkdtemp(folder) ? 0 : -1;
}

static int
remove_folder(void **state UNUSED)
{
	return rmdir(folder);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(SET_10_every_row_is_in_one_of_the_files_and_nothing_else_is_lost),
		cmocka_unit_test(what_is_not_understood_is_one_file_or_odd),
		cmocka_unit_test(T36_rows_with_a_statement_stay_in_the_file_that_the_fence_reads),
		cmocka_unit_test(a_full_disk_is_told),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
