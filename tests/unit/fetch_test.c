/* fetch_test.c: one file out of a pack, and nothing read beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/packing.h"
#include "worker/archive/fetch.h"
#include "worker/archive/scroll.h"

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

enum { LARGE = 12 << 20 };

/* The stored part, and the line of one path in it. */
struct look {
	struct stored_object data, manifest;
	struct export_part part;
	struct scroll *scroll;
	const struct entry *entry;
};

static struct stored_object
object_of(const char *key, const struct frame_totals *t)
{
	return (struct stored_object){ .key = key, .raw_bytes = t->raw_bytes,
		.stored_bytes = t->stored_bytes, .raw_sha256 = t->raw_sha256,
		.stored_sha256 = t->stored_sha256 };
}

static void
look_up(struct look *l, struct place *place, const char *path)
{
	struct err e = { .text = "" };

	*l = (struct look){ .data = object_of("a.tar.zst", &place->totals.data),
		.manifest = object_of("a.manifest.zst", &place->totals.manifest) };
	l->part = (struct export_part){ .dest = place->dest, .data = &l->data,
		.manifest = &l->manifest };
	assert_int_equal(scroll_open(&l->scroll, place->dest, &l->manifest, &e), 0);
	do {
		assert_int_equal(scroll_next(&l->entry, l->scroll, &e), 0);
		assert_non_null(l->entry);
	} while (strcmp(l->entry->path, path) != 0);
}

static int
fetch(struct buf *out, struct look *l, struct err *e)
{
	CLEANUP_FETCH struct fetch *f = NULL;
	const struct sink to = { to_buf, out };

	if (fetch_open(&f, &l->part, e) != 0)
		return -1;
	return fetch_file(&to, f, l->entry, e);
}

static void
make_source(struct place *place)
{
	char path[128];
	int fd;

	tree_make(place->source);
	snprintf(path, sizeof path, "%s/large", place->source);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	for (int i = 0; i < LARGE / 4096; i++) {
		unsigned char noise[4096];

		rand_bytes(noise, sizeof noise);
		assert_int_equal(write(fd, noise, sizeof noise), sizeof noise);
	}
	close(fd);
	pack_source(place);
}

/* Make what is stored between two offsets unreadable. */
static void
spoil(const struct place *place, int64_t from, int64_t to)
{
	char path[128], bad[4096];
	CLEANUP_FD int fd = -1;

	snprintf(path, sizeof path, "%s/a.tar.zst", place->store);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	memset(bad, 'x', sizeof bad);
	while (from < to) {
		size_t n = to - from < (int64_t)sizeof bad ? (size_t)(to - from) : sizeof bad;

		assert_int_equal(pwrite(fd, bad, n, from), n);
		from += (int64_t)n;
	}
}

static void
PEER_24_a_file_is_read_from_its_own_frames_alone(void **state)
{
	struct place *place = *state;
	CLEANUP_BUF struct buf got = BUF_INIT, want = BUF_INIT;
	CLEANUP_FD int fd = -1;
	struct err e = { .text = "" };
	struct look l;
	char path[128];

	make_source(place);
	snprintf(path, sizeof path, "%s/large", place->source);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(fd_read_all(&want, fd, LARGE + 1, &e), 0);
	look_up(&l, place, "large");
	spoil(place, 0, l.entry->frame_offset);
	spoil(place, l.entry->frame_offset + LARGE + 2 * FETCH_STEP,
	    place->totals.data.stored_bytes);
	if (fetch(&got, &l, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(got.n, want.n);
	assert_memory_equal(got.p, want.p, want.n);
	scroll_closep(&l.scroll);

	/* Control: who lies in what was spoiled does not come back. */
	look_up(&l, place, "plain.txt");
	assert_int_equal(fetch(&got, &l, &e), -1);
	assert_int_equal(e.kind, ERR_DAMAGED);
	scroll_closep(&l.scroll);
}

static void
PEER_24_what_is_damaged_or_too_short_is_named(void **state)
{
	struct place *place = *state;
	CLEANUP_BUF struct buf got = BUF_INIT;
	struct err e = { .text = "" };
	struct look l;
	struct entry other;
	char path[128];

	make_source(place);
	look_up(&l, place, "plain.txt");
	other = *l.entry;
	l.entry = &other;
	assert_int_equal(fetch(&got, &l, &e), 0);

	/* Another hash than the content has: control of the comparison. */
	other.sha256[0] = other.sha256[0] == '0' ? '1' : '0';
	assert_int_equal(fetch(&got, &l, &e), -1);
	assert_int_equal(e.kind, ERR_DAMAGED);
	assert_non_null(strstr(e.text, "plain.txt"));
	assert_non_null(strstr(e.text, "a.tar.zst"));
	setenv("LAZARETTE_FAULT_CONTROL", "fetch.unchecked", 1);
	assert_int_equal(fetch(&got, &l, &e), 0);
	unsetenv("LAZARETTE_FAULT_CONTROL");

	other.pack = "b.tar.zst";
	assert_int_equal(fetch(&got, &l, &e), -1);
	assert_int_equal(e.kind, ERR_DAMAGED);
	other.type = ENTRY_DIR;
	assert_int_equal(fetch(&got, &l, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	scroll_closep(&l.scroll);

	look_up(&l, place, "large");
	snprintf(path, sizeof path, "%s/a.tar.zst", place->store);
	assert_int_equal(truncate(path, l.entry->frame_offset + LARGE / 2), 0);
	assert_int_equal(fetch(&got, &l, &e), -1);
	assert_int_equal(e.kind, ERR_DAMAGED);
	assert_non_null(strstr(e.text, "large"));
	scroll_closep(&l.scroll);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(PEER_24_a_file_is_read_from_its_own_frames_alone),
		TEST(PEER_24_what_is_damaged_or_too_short_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
