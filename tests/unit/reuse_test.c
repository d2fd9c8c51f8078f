/* reuse_test.c: what has not changed is not stored again, and comes back all the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/unit/chaining.h"

/* A file on a disk that has a bad moment: these stand before the C library's. */
static ino_t sick;

ssize_t
read(int fd, void *p, size_t n)
{
	struct stat st;

	if (sick != 0 && fstat(fd, &st) == 0 && st.st_ino == sick) {
		errno = EIO;
		return -1;
	}
	return syscall(SYS_read, fd, p, n);
}

ssize_t
preadv2(int fd UNUSED, const struct iovec *to UNUSED, int count UNUSED, off_t at UNUSED,
    int flags UNUSED)
{
	errno = EAGAIN;
	return -1;
}

static struct chained chained;

static int
set_up_chain(void **state)
{
	return chaining_set_up(&chained, state);
}

static int
tear_down_chain(void **state)
{
	return chaining_tear_down(&chained, state);
}

static char *
source(const char *below)
{
	return chaining_source(&chained, below);
}

static void
put(const char *below, const char *text)
{
	tree_put(AT_FDCWD, source(below), text, strlen(text));
}

static void
SCU_6_an_unchanged_tree_is_stored_once_and_comes_back_from_each_backup(void **state)
{
	struct chained_one *first, *second;

	tree_make(((struct place *)*state)->source);
	first = chain_pack(&chained);
	second = chain_pack(&chained);
	assert_int_equal(second->totals.data.raw_bytes, 1024);
	assert_int_equal(second->totals.file_bytes, first->totals.file_bytes);
	assert_int_equal(second->totals.entries, first->totals.entries);
	assert_int_equal(second->totals.whole_bytes, first->totals.data.raw_bytes);
	/* The bit that no restore brings back. */
	assert_int_equal(chain_differs(&chained, first), 1);
	assert_int_equal(chain_differs(&chained, second), 1);
	chain_delete(&chained, first, false);
	assert_int_equal(chain_differs(&chained, second), 1);
}

/* So many files below the source were opened since the watch was set. */
static int
opened(int watch)
{
	char events[8192];
	ssize_t n = read(watch, events, sizeof events);
	int count = 0;

	for (ssize_t at = 0; at < n;) {
		struct inotify_event event;

		memcpy(&event, events + at, sizeof event);
		count += event.len > 0;
		at += (ssize_t)(sizeof event + event.len);
	}
	return count;
}

static void
an_unchanged_file_is_not_opened(void **state)
{
	CLEANUP_FD int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	struct place *place = *state;

	assert_int_equal(mkdir(place->source, 0755), 0);
	put("a", "stays as it is\n");
	put("b", "changes\n");
	chain_pack(&chained);
	put("b", "has changed\n");
	/* Before the copy that the test takes for itself. */
	chain_copy(&chained);
	assert_true(inotify_add_watch(watch, place->source, IN_OPEN) >= 0);
	chain_pack(&chained);
	assert_int_equal(opened(watch), 1);
}

static void
PEER_5_the_script_in_the_storage_takes_the_files_out_of_all_packs(void **state)
{
	struct place *place = *state;
	struct tree_check check = { .links = true, .times = true };
	struct chained_one *l;
	struct err e = { .text = "" };
	char script[200], list[200];

	tree_make(place->source);
	chain_pack(&chained);
	put("plain.txt", "changed\n");
	chain_pack(&chained);
	put("another", "new in the third\n");
	l = chain_pack(&chained);
	assert_int_equal(l->part.pack_count, 2);
	if (dest_claim_raise(place->dest, "0198-mine", &e) != 0)
		fail_msg("%s", e.text);
	snprintf(script, sizeof script, "%s/restore-files.sh", place->store);
	snprintf(list, sizeof list, "%s/%s", place->store, l->list);
	assert_int_equal(RUN("/", "sh", script, list, place->out), 0);
	assert_int_equal(tree_compare(&check, l->copy, place->out), 0);
}

/* A download takes the stored frames; only those that are not wanted as a whole are made anew. */
static void
frames_are_copied_where_they_are_whole(void **state)
{
	struct chained_one *first, *second;
	struct stat st;
	char file[120];

	tree_make(((struct place *)*state)->source);
	first = chain_pack(&chained);
	put("another", "new\n");
	assert_int_equal(unlink(source("sizes/small-299")), 0);
	second = chain_pack(&chained);
	assert_int_equal(chain_frames_differ(&chained, second), 0);
	snprintf(file, sizeof file, "%s/frames.tar.zst", chained.place->path);
	assert_int_equal(stat(file, &st), 0);
	assert_true(st.st_size < first->totals.data.stored_bytes * 101 / 100);
}

static void
a_content_that_many_files_have_is_stored_once(void **state)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct chained_one *second;
	char name[32];

	assert_int_equal(mkdir(((struct place *)*state)->source, 0755), 0);
	tree_put_many(AT_FDCWD, source("one"), 900000, true);
	tree_put_many(AT_FDCWD, source("large"), 5 << 20, true);
	chain_pack(&chained);
	for (int i = 0; i < 30; i++) {
		snprintf(name, sizeof name, "copy-%d", i);
		assert_int_equal(
		    RUN("/", "cp", "-p", arena_dup(a, source("one")), source(name)), 0);
	}
	second = chain_pack(&chained);
	assert_int_equal(second->totals.data.raw_bytes, 1024);
	assert_int_equal(chain_differs(&chained, second), 0);
	assert_int_equal(chain_frames_differ(&chained, second), 0);
}

static void
a_touched_a_renamed_and_a_copied_file_are_not_stored_again(void **state)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct chained_one *second;

	assert_int_equal(mkdir(((struct place *)*state)->source, 0755), 0);
	assert_int_equal(mkdir(source("old"), 0755), 0);
	put("touched", "the same bytes\n");
	put("old/in a folder", "that gets another name\n");
	put("copied", "twice\n");
	tree_put_many(AT_FDCWD, source("large"), 9 << 20, true);
	tree_put_many(AT_FDCWD, source("grown"), 9 << 20, true);
	chain_pack(&chained);
	tree_stamp(AT_FDCWD, source("touched"), 1234567890, 5);
	assert_int_equal(rename(arena_dup(a, source("old")), source("new")), 0);
	assert_int_equal(rename(arena_dup(a, source("large")), source("larger")), 0);
	put("copy", "twice\n");
	put("new one", "nobody has seen this\n");
	second = chain_pack(&chained);
	assert_int_equal(second->totals.data.raw_bytes, 1024 + 1024 + 1024);
	assert_int_equal(chain_differs(&chained, second), 0);
	assert_int_equal(chain_frames_differ(&chained, second), 0);
	assert_int_equal(second->part.pack_count, 1);
}

static void
a_pack_that_is_mostly_dead_is_left_behind(void **state)
{
	struct chained_one *second, *third;

	assert_int_equal(mkdir(((struct place *)*state)->source, 0755), 0);
	tree_put_many(AT_FDCWD, source("one"), 60000, true);
	tree_put_many(AT_FDCWD, source("two"), 50000, true);
	chain_pack(&chained);
	assert_int_equal(unlink(source("one")), 0);
	second = chain_pack(&chained);
	assert_int_equal(second->part.pack_count, 1);
	assert_true(second->part.packs[0].live_bytes < second->part.packs[0].object.raw_bytes / 2);
	third = chain_pack(&chained);
	assert_int_equal(third->part.pack_count, 0);
	assert_int_equal(chain_differs(&chained, third), 0);
}

static void
a_pack_that_is_gone_or_cut_is_not_pointed_to(void **state)
{
	struct place *place = *state;
	struct chained_one *first, *second;
	char path[200];

	assert_int_equal(mkdir(place->source, 0755), 0);
	put("a", "stored twice, for its pack was cut\n");
	first = chain_pack(&chained);
	snprintf(path, sizeof path, "%s/%s", place->store, first->key);
	assert_int_equal(truncate(path, 10), 0);
	second = chain_pack(&chained);
	assert_int_equal(second->part.pack_count, 0);
	assert_int_equal(chain_differs(&chained, second), 0);
}

static void
a_changed_byte_in_an_older_pack_is_found_by_the_file_it_is_in(void **state)
{
	struct place *place = *state;
	struct chained_one *first, *second;
	struct err e = { .text = "" };
	char path[200];

	assert_int_equal(mkdir(place->source, 0755), 0);
	tree_put_many(AT_FDCWD, source("picture"), 300000, true);
	first = chain_pack(&chained);
	second = chain_pack(&chained);
	snprintf(path, sizeof path, "%s/%s", place->store, first->key);
	CLEANUP_FD int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_int_equal(pwrite(fd, "x", 1, 150000), 1);
	assert_int_equal(chain_restore(&chained, second, &e), -1);
	assert_int_equal(e.kind, ERR_DAMAGED);
	assert_non_null(strstr(e.text, first->key));
}

static void
a_ledger_that_is_missing_damaged_or_old_is_made_again(void **state)
{
	struct chained_one *l;

	tree_make(((struct place *)*state)->source);
	chain_pack(&chained);
	for (int how = 0; how < 3; how++) {
		if (how == 0)
			assert_int_equal(unlink(chained.ledger), 0);
		else if (how == 1)
			assert_int_equal(truncate(chained.ledger, 5000), 0);
		else
			chained.base = 0;
		l = chain_pack(&chained);
		assert_int_equal(l->totals.data.raw_bytes, 1024);
		assert_int_equal(chain_differs(&chained, l), 1);
	}
}

static void
a_file_that_changed_just_now_is_read_the_next_time(void **state)
{
	struct chained_one *second;

	unsetenv("LAZARETTE_FAULT_CONTROL");
	assert_int_equal(mkdir(((struct place *)*state)->source, 0755), 0);
	put("a", "one\n");
	chain_pack(&chained);
	put("a", "two\n");
	second = chain_pack(&chained);
	assert_int_equal(chain_differs(&chained, second), 0);
	assert_int_equal(second->part.pack_count, 0);
}

static void
zeros_that_stood_for_what_could_not_be_read_do_not_stay(void **state)
{
	struct chained_one *l;
	struct stat st;
	char other[300];

	assert_int_equal(mkdir(((struct place *)*state)->source, 0755), 0);
	put("one", "what it holds\n");
	snprintf(other, sizeof other, "%s", source("two"));
	assert_int_equal(link(source("one"), other), 0);
	assert_int_equal(stat(other, &st), 0);
	sick = st.st_ino;
	l = chain_pack(&chained);
	sick = 0;
	assert_int_equal(l->totals.warnings, 1);
	assert_int_not_equal(chain_differs(&chained, l), 0);
	l = chain_pack(&chained);
	assert_int_equal(l->totals.warnings, 0);
	assert_int_equal(chain_differs(&chained, l), 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_chain, tear_down_chain)
	const struct CMUnitTest tests[] = {
		TEST(SCU_6_an_unchanged_tree_is_stored_once_and_comes_back_from_each_backup),
		TEST(an_unchanged_file_is_not_opened),
		TEST(PEER_5_the_script_in_the_storage_takes_the_files_out_of_all_packs),
		TEST(frames_are_copied_where_they_are_whole),
		TEST(a_content_that_many_files_have_is_stored_once),
		TEST(a_touched_a_renamed_and_a_copied_file_are_not_stored_again),
		TEST(a_pack_that_is_mostly_dead_is_left_behind),
		TEST(a_pack_that_is_gone_or_cut_is_not_pointed_to),
		TEST(a_changed_byte_in_an_older_pack_is_found_by_the_file_it_is_in),
		TEST(a_ledger_that_is_missing_damaged_or_old_is_made_again),
		TEST(a_file_that_changed_just_now_is_read_the_next_time),
		TEST(zeros_that_stood_for_what_could_not_be_read_do_not_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
