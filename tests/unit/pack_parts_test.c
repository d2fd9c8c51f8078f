/* pack_parts_test.c: packs have a limit; together they are what one would be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/chaining.h"
#include "worker/archive/fetch.h"

enum { FRAME = 16 << 10, LIMIT = 40000 };

static struct chained chained;

static int
set_up_parts(void **state)
{
	if (chaining_set_up(&chained, state) != 0)
		return -1;
	chained.raw_max = FRAME;
	chained.limit = LIMIT;
	return mkdir(chained.place->source, 0755);
}

static int
tear_down_parts(void **state)
{
	return chaining_tear_down(&chained, state);
}

static char *
source(const char *below)
{
	return chaining_source(&chained, below);
}

/* Nothing of it compresses, so that a pack is as large as its files. */
static void
put(const char *below, size_t size)
{
	tree_put_many(AT_FDCWD, source(below), size, true);
}

static void
put_some(void)
{
	char name[20];

	for (int i = 0; i < 30; i++) {
		snprintf(name, sizeof name, "file-%02d", i);
		put(name, 5000);
	}
	assert_int_equal(mkdir(source("folder"), 0755), 0);
	put("folder/one", 5000);
	assert_int_equal(symlink("one", source("folder/link")), 0);
	assert_int_equal(RUN(chained.place->source, "ln", "file-00", "folder/again"), 0);
	put("empty", 0);
	assert_int_equal(RUN("/", "touch", "-d", "2001-02-03 04:05:06", source("folder")), 0);
}

/* The tar of its own packs, as a person gets it: zstd -dc a b c | tar -x -i. */
static void
by_hand(const struct chained_one *l)
{
	struct place *place = chained.place;
	CLEANUP_BUF struct buf line = BUF_INIT;

	buf_text(&line, "zstd -dc");
	for (int64_t i = 1; backup_own(&l->part, i) != NULL; i++)
		buf_printf(&line, " '%s/%s'", place->store, backup_own(&l->part, i)->key);
	buf_printf(&line, " | tar -x -p -i -C %s", place->out);
	assert_int_equal(RUN("/", "rm", "-rf", place->out), 0);
	assert_int_equal(mkdir(place->out, 0700), 0);
	assert_int_equal(RUN("/", "sh", "-c", line.p), 0);
}

static int64_t
stored(const struct chained_one *l, size_t i)
{
	return l->own[i].object.stored_bytes;
}

static void
SCU_6_what_is_larger_than_a_pack_is_in_several_and_comes_back(void **state UNUSED)
{
	struct tree_check check = { .links = true, .times = true };
	struct chained_one *l;

	put_some();
	l = chain_pack(&chained);
	assert_in_range(l->own_count, 4, 8);
	assert_int_equal(l->part.pack_count, l->own_count - 1);
	for (size_t i = 0; i < l->own_count; i++)
		assert_in_range(stored(l, i), i + 1 < l->own_count ? LIMIT - FRAME - 4096 : 1,
		    LIMIT);
	assert_true(backup_is_plain(&l->part));
	assert_int_equal(backup_own_raw(&l->part), l->totals.whole_bytes);
	assert_int_equal(chain_differs(&chained, l), 0);
	assert_int_equal(chain_frames_differ(&chained, l), 0);
	by_hand(l);
	assert_int_equal(tree_compare(&check, l->copy, chained.place->out), 0);
}

/* Each opens alone; only a further name of a file needs the pack before it that has the file. */
static void
each_pack_is_a_tar_with_its_own_end(void **state UNUSED)
{
	struct chained_one *l;
	char line[500];

	put_some();
	l = chain_pack(&chained);
	for (size_t i = 0; i < l->own_count; i++) {
		snprintf(line, sizeof line, "zstd -dc %s/%s | tar -t > /dev/null",
		    chained.place->store, l->own[i].object.key);
		assert_int_equal(RUN("/", "sh", "-c", line), 0);
		snprintf(line, sizeof line,
		    "zstd -dc %s/%s | tail -c 1024 | cmp -n 1024 - /dev/zero",
		    chained.place->store, l->own[i].object.key);
		assert_int_equal(RUN("/", "sh", "-c", line), 0);
	}
}

/* The frames that it is downloaded by are the stored ones: nothing is pressed again. */
static void
copied_frames_are_the_stored_bytes(void **state UNUSED)
{
	struct place *place = chained.place;
	struct chained_one *l;
	struct stat st;
	char file[100];
	int64_t sum = 0;

	put_some();
	l = chain_pack(&chained);
	assert_int_equal(chain_frames_differ(&chained, l), 0);
	snprintf(file, sizeof file, "%s/frames.tar.zst", place->path);
	assert_int_equal(stat(file, &st), 0);
	for (size_t i = 0; i < l->own_count; i++)
		sum += stored(l, i);
	/* All ends but one are left out. */
	assert_in_range(st.st_size, sum - (int64_t)l->own_count * 64, sum);
	char line[1000];

	snprintf(line, sizeof line, "cmp -n %d %s %s/%s", (int)stored(l, 0) - 64, file,
	    place->store, l->own[0].object.key);
	assert_int_equal(RUN("/", "sh", "-c", line), 0);
}

static void
a_file_larger_than_the_limit_lies_in_one_pack(void **state UNUSED)
{
	struct chained_one *l;
	char list[300];

	put("a", 5000);
	put("b", 10 * LIMIT);
	put("c", 5000);
	l = chain_pack(&chained);
	assert_int_equal(l->own_count, 2);
	assert_true(stored(&chained.links[0], 0) > 10 * LIMIT
	    || stored(&chained.links[0], 1) > 10 * LIMIT);
	assert_int_equal(chain_differs(&chained, l), 0);
	assert_int_equal(chain_frames_differ(&chained, l), 0);
	snprintf(list, sizeof list, "zstd -dc %s/%s | grep -c 'x-pack=000'", chained.place->store,
	    l->list);
	assert_int_equal(RUN("/", "sh", "-c", list), 0);
}

/* One byte less, and the last frame begins a pack of its own; an end alone never does. */
static void
the_limit_may_be_reached_to_the_byte(void **state UNUSED)
{
	struct chained_one *l;
	int64_t whole;

	put_some();
	chained.limit = 0;
	whole = stored(chain_pack(&chained), 0);
	chained.base = -1;
	chained.limit = whole;
	l = chain_pack(&chained);
	assert_int_equal(l->own_count, 1);
	assert_int_equal(stored(l, 0), whole);
	chained.base = -1;
	chained.limit = whole - 1;
	l = chain_pack(&chained);
	assert_int_equal(l->own_count, 2);
	assert_true(stored(l, 0) < whole);
	assert_int_equal(chain_differs(&chained, l), 0);
}

static void
nothing_is_one_pack(void **state UNUSED)
{
	struct chained_one *l;

	chained.limit = 1;
	l = chain_pack(&chained);
	assert_int_equal(l->own_count, 1);
	assert_int_equal(chain_differs(&chained, l), 0);
	assert_int_equal(RUN("/", "rm", "-rf", chained.place->source), 0);
	assert_int_equal(mkdir(chained.place->source, 0755), 0);
	l = chain_pack(&chained);
	assert_int_equal(l->own_count, 1);
	assert_int_equal(l->totals.data.raw_bytes, 1024);
}

static void
SCU_6_the_next_backup_builds_on_all_of_them(void **state UNUSED)
{
	struct chained_one *first, *second, *third;

	put_some();
	first = chain_pack(&chained);
	second = chain_pack(&chained);
	assert_int_equal(second->own_count, 1);
	assert_int_equal(second->totals.data.raw_bytes, 1024);
	assert_int_equal(second->part.pack_count, first->own_count);
	for (int i = 0; i < 20; i++) {
		char name[20];

		snprintf(name, sizeof name, "new-%02d", i);
		put(name, 5000);
	}
	third = chain_pack(&chained);
	assert_in_range(third->own_count, 2, 5);
	assert_int_equal(third->part.pack_count, first->own_count + third->own_count - 1);
	assert_false(backup_is_plain(&third->part));
	chain_delete(&chained, first, false);
	chain_delete(&chained, second, false);
	assert_int_equal(chain_differs(&chained, third), 0);
	assert_int_equal(chain_frames_differ(&chained, third), 0);
}

/* The control: who does not know that they are full takes them for many small ones. */
static void
many_full_packs_are_not_stored_anew_for_their_number(void **state UNUSED)
{
	struct chained_one *first, *second, *third;

	for (int i = 0; i < 220; i++) {
		char name[20];

		snprintf(name, sizeof name, "file-%03d", i);
		put(name, 5000);
	}
	chained.limit = FRAME;
	first = chain_pack(&chained);
	assert_in_range(first->own_count, 66, 110);
	second = chain_pack(&chained);
	assert_int_equal(second->totals.data.raw_bytes, 1024);
	assert_int_equal(second->part.pack_count, first->own_count);
	chained.limit = 0;
	third = chain_pack(&chained);
	assert_in_range(third->part.pack_count, 32, 33);
	assert_true(third->totals.data.raw_bytes > 100000);
	assert_int_equal(chain_differs(&chained, third), 0);
}

/* By the pack: one that nothing lives in any more goes, its neighbours stay. */
static void
SCU_6_a_dead_pack_goes_alone(void **state UNUSED)
{
	struct chained_one *first, *second;
	char path[200];
	int gone = 0;

	put_some();
	first = chain_pack(&chained);
	for (int i = 0; i < 30; i++) {
		char name[20];

		snprintf(name, sizeof name, "file-%02d", i);
		if (i % 2 == 0)
			unlink(source(name));
	}
	/* Every second file is gone from each pack: it is mostly dead where it had no more. */
	second = chain_pack(&chained);
	chain_delete(&chained, first, false);
	for (size_t i = 0; i < first->own_count; i++) {
		snprintf(path, sizeof path, "%s/%s", chained.place->store,
		    first->own[i].object.key);
		gone += access(path, F_OK) != 0;
	}
	assert_int_equal(gone, first->own_count - second->part.pack_count);
	assert_int_equal(chain_differs(&chained, second), 0);
}

static int
take(void *arg, const void *p, size_t n, struct err *e UNUSED)
{
	buf_add(arg, p, n);
	return 0;
}

struct wanted {
	const struct export_part *part;
	int files;
};

static int
fetch_each(void *arg, const struct entry *entry, struct err *e)
{
	struct wanted *w = arg;
	CLEANUP_FETCH struct fetch *f = NULL;
	CLEANUP_BUF struct buf got = BUF_INIT;
	const struct sink to = { take, &got };

	if (entry->type != ENTRY_FILE)
		return 0;
	if (fetch_open(&f, w->part, e) != 0 || fetch_file(&to, f, entry, e) != 0)
		return -1;
	assert_int_equal(got.n, entry->size);
	w->files++;
	return 0;
}

static int
read_manifest(void *arg, const void *p, size_t n, struct err *e)
{
	return manifest_read(arg, p, n, e);
}

static void
one_file_is_read_from_whichever_pack_it_lies_in(void **state UNUSED)
{
	struct place *place = chained.place;
	struct chained_one *l;
	struct err e = { .text = "" };

	put_some();
	l = chain_pack(&chained);
	const struct export_part part = { place->dest, &l->part.data, &l->part.manifest, NULL,
		&l->part };
	struct wanted w = { &part, 0 };
	struct manifest_reader reader = { .each = fetch_each, .arg = &w, .line = BUF_INIT };
	const struct sink to = { read_manifest, &reader };

	decode(place, l->list, &l->totals.manifest, &to);
	assert_int_equal(manifest_read_end(&reader, &e), 0);
	assert_int_equal(w.files, 32);
}

/* The control: without one of its packs it does not come back. */
static void
a_pack_that_is_missing_is_named(void **state UNUSED)
{
	struct chained_one *l;
	struct err e = { .text = "" };

	put_some();
	l = chain_pack(&chained);
	assert_int_equal(dest_remove(chained.place->dest, l->own[1].object.key, &e), 0);
	assert_int_equal(chain_restore(&chained, l, &e), -1);
	assert_int_equal(e.kind, ERR_NOT_FOUND);
	assert_non_null(strstr(e.text, "000-2.tar.zst"));
}

static void
keys_of_its_own_have_numbers(void **state UNUSED)
{
	struct part_pack packs[] = {
		{ .object = { .key = "p/x-10.tar.zst.age" } },
		{ .object = { .key = "p/x-2.tar.zst.age" } },
		{ .object = { .key = "p/y.tar.zst.age" } },
	};
	const struct part p = { .data = { .key = "p/x.tar.zst.age" }, .packs = packs,
		.pack_count = 3 };
	static const char *const others[] = { "p/x-1.tar.zst.age", "p/x-02.tar.zst.age",
		"p/x-2.tar.zst", "p/x-.tar.zst.age", "p/x2.tar.zst.age", "q/x-2.tar.zst.age",
		"p/x-2a.tar.zst.age", "p/x-99999999999999999999999999999999999.tar.zst.age", "" };

	assert_int_equal(backup_own_pack(&p, "p/x.tar.zst.age"), 1);
	assert_int_equal(backup_own_pack(&p, "p/x-10.tar.zst.age"), 10);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		assert_int_equal(backup_own_pack(&p, others[i]), 0);
	assert_ptr_equal(backup_own(&p, 1), &p.data);
	assert_ptr_equal(backup_own(&p, 2), &packs[1].object);
	assert_null(backup_own(&p, 3));
	assert_false(backup_is_plain(&p));
}

#define ID "0190a2b4-0000-7000-8000-00000000000a"

static void
only_objects_of_backups_have_their_keys(void **state UNUSED)
{
	static const char *const objects[] = { "shop/live/db/" ID ".dump.zst",
		"shop/live/db/" ID ".sqlite.zst.age", "shop/live/media/" ID ".tar.zst",
		"shop/live/media/" ID "-2.tar.zst", "s/l/m/" ID "-1200.tar.zst.age",
		"shop-2/live/media/" ID ".manifest.zst.age" };
	static const char *const others[] = { "", "lazarette.json", "lazarette.pub", "README.txt",
		"restore-files.sh", "shop/live/b1-" ID ".json", "shop/live/" ID ".tar.zst",
		"shop/live/media/more/" ID ".tar.zst", "shop/live/media/" ID ".json",
		"shop/live/media/" ID ".manifest.zst.minisig",
		"shop/live/media/" ID ".tar.zst.age.header",
		"shop/live/media/." ID ".tar.zst.7.tmp",
		"shop/live/media/" ID, "shop/live/media/x.tar.zst", "shop/live/media/" ID "-2",
		"shop/live/media/" ID "-.tar.zst", "shop/live/media/" ID "x.tar.zst",
		"../live/media/" ID ".tar.zst", "/live/media/" ID ".tar.zst",
		"shop/LIVE/media/" ID ".tar.zst", "shop/live/media/" ID ".tar/../x.zst" };

	for (size_t i = 0; i < sizeof objects / sizeof *objects; i++)
		if (!backup_is_object(objects[i]))
			fail_msg("%s", objects[i]);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (backup_is_object(others[i]))
			fail_msg("%s", others[i]);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up_parts, tear_down_parts)
int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(SCU_6_what_is_larger_than_a_pack_is_in_several_and_comes_back),
		T(each_pack_is_a_tar_with_its_own_end),
		T(copied_frames_are_the_stored_bytes),
		T(a_file_larger_than_the_limit_lies_in_one_pack),
		T(the_limit_may_be_reached_to_the_byte),
		T(nothing_is_one_pack),
		T(SCU_6_the_next_backup_builds_on_all_of_them),
		T(many_full_packs_are_not_stored_anew_for_their_number),
		T(SCU_6_a_dead_pack_goes_alone),
		T(one_file_is_read_from_whichever_pack_it_lies_in),
		T(a_pack_that_is_missing_is_named),
		cmocka_unit_test(keys_of_its_own_have_numbers),
		cmocka_unit_test(only_objects_of_backups_have_their_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
