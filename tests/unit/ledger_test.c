/* ledger_test.c: what a ledger finds by inode and by content, among many and among equal ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/attr.h"
#include "worker/archive/ledger.h"

enum { COUNT = 20000, CONTENTS = 700 };

static const char manifest[] =
    "00000000000000000000000000000000000000000000000000000000000000aa";

/* Neither inodes nor hashes come in order; every seventh content begins as the one before it. */
static void
fill(struct entry *entry, char path[32], int i)
{
	uint64_t n = (uint64_t)(i % CONTENTS) / 7 * 7 * 0x9e3779b97f4a7c15u;

	snprintf(path, 32, "f%d", i);
	*entry = (struct entry){ .type = ENTRY_FILE, .mode = 0644, .path = path, .uname = "",
		.gname = "", .target = "", .pack = "p.tar.zst", .size = 10 + i % CONTENTS,
		.mtime_s = 1000 + i, .ctime_s = 2000 + i, .frame_offset = i,
		.inode = (int64_t)((uint64_t)(i + 1) * 0x5851f42d4c957f2du >> 1) };
	snprintf(entry->sha256, sizeof entry->sha256, "%016llx%048x", (unsigned long long)n,
	    i % CONTENTS);
}

static int
write_ledger(void **state)
{
	static char path[] = "/tmp/lzledger.XXXXXX";
	CLEANUP_LEDGER_WRITER struct ledger_writer *w = NULL;
	struct entry entry;
	struct err e;
	char name[32];
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(ledger_write_new(&w, path, &e), 0);
	for (int i = 0; i < COUNT; i++) {
		fill(&entry, name, i);
		assert_int_equal(ledger_write_add(w, &entry, &e), 0);
	}
	assert_int_equal(ledger_write_finish(w, manifest, &e), 0);
	*state = path;
	return 0;
}

static int
remove_ledger(void **state)
{
	return unlink(*state);
}

static void
every_file_is_found_by_its_inode(void **state)
{
	CLEANUP_LEDGER struct ledger *l = NULL;
	struct entry entry;
	struct err e;
	char name[32];

	assert_int_equal(ledger_open(&l, *state, manifest, &e), 0);
	assert_int_equal(ledger_count(l), COUNT);
	for (int i = 0; i < COUNT; i++) {
		fill(&entry, name, i);
		const struct stat st = { .st_ino = (ino_t)entry.inode, .st_size = entry.size,
			.st_mtim.tv_sec = entry.mtime_s, .st_ctim.tv_sec = entry.ctime_s };
		const struct ledger_record *r = ledger_find(l, &st, ledger_path(name));

		assert_non_null(r);
		assert_int_equal(ledger_number(l, r), i);
	}
}

/* All that have it, in their order, and nothing of another that begins alike. */
static void
equal_contents_are_found_together(void **state)
{
	CLEANUP_LEDGER struct ledger *l = NULL;
	struct entry entry;
	struct err e;
	char name[32];

	assert_int_equal(ledger_open(&l, *state, manifest, &e), 0);
	for (int i = 0; i < CONTENTS; i++) {
		size_t from = 0, to = 0, expect = (COUNT - (size_t)i + CONTENTS - 1) / CONTENTS;

		fill(&entry, name, i);
		ledger_find_content(&from, &to, l, entry.sha256, entry.size);
		assert_int_equal(to - from, expect);
		for (size_t k = from; k < to; k++)
			assert_int_equal(ledger_number(l, ledger_by_hash(l, k)),
			    (size_t)i + (k - from) * CONTENTS);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_file_is_found_by_its_inode),
		cmocka_unit_test(equal_contents_are_found_together),
	};

	return cmocka_run_group_tests(tests, write_ledger, remove_ledger);
}
