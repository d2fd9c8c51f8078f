/* frame_test.c: streams as zstd frames, there and back; what is not the same is noticed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "lib/base/buf.h"
#include "lib/base/rand.h"
#include "worker/archive/frame.h"
#include "worker/archive/squeeze.h"

enum { MIB = 1 << 20 };

struct place {
	char path[64];
	struct storage storage;
	struct dest *dest;
};

static int
set_up(void **state)
{
	static struct place place;
	struct err e;

	snprintf(place.path, sizeof place.path, "/tmp/frame_test.XXXXXX");
	assert_non_null(mkdtemp(place.path));
	place.storage = (struct storage){ .slug = "main", .kind = "local", .path = place.path };
	assert_int_equal(dest_open(&place.dest, &place.storage, &e), 0);
	*state = &place;
	return 0;
}

static int
tear_down(void **state)
{
	struct place *place = *state;
	struct err e;

	assert_int_equal(dest_remove(place->dest, "x", &e), 0);
	dest_closep(&place->dest);
	return rmdir(place->path);
}

static int
collect(void *arg, const void *p, size_t n, struct err *e)
{
	(void)e;
	buf_add(arg, p, n);
	return 0;
}

/* Every fourth MiB from `random` on is random, the rest is text. */
static void
fill(struct buf *to, size_t n, size_t random)
{
	char *p = buf_room(to, n);

	for (size_t i = 0; i < n; i += 16) {
		char line[32];

		snprintf(line, sizeof line, "%014zu\r\n", i);
		memcpy(p + i, line, n - i < 16 ? n - i : 16);
	}
	for (size_t at = random * MIB; at < n; at += 4 * (size_t)MIB)
		rand_bytes(p + at, n - at < MIB ? n - at : MIB);
	buf_took(to, n);
}

static void
write_frames(struct frame_totals *ret, struct buf *stored, const struct buf *raw, size_t step)
{
	const struct sink out = { collect, stored };
	const struct frame_options options = { .level = 3, .threads = 3 };
	CLEANUP_FRAME_WRITER struct frame_writer *w = NULL;
	struct err e;

	assert_int_equal(frame_writer_new(&w, &out, &options, &e), 0);
	for (size_t at = 0; at < raw->n; at += step)
		assert_int_equal(frame_write(w, raw->p + at,
		                     raw->n - at < step ? raw->n - at : step, &e),
		    0);
	assert_int_equal(frame_finish(ret, w, &e), 0);
}

static void
store(struct place *place, const struct buf *stored)
{
	CLEANUP_UPLOAD struct upload *up = NULL;
	struct err e;

	assert_int_equal(dest_begin(&up, place->dest, "x", 1, &e), 0);
	assert_int_equal(upload_write(up, stored->p, stored->n, &e), 0);
	assert_int_equal(upload_commit(&up, &e), 0);
}

static int
read_frames(struct place *place, struct buf *raw, const struct frame_totals *expect, struct err *e)
{
	CLEANUP_OBJECT struct object *o = NULL;
	const struct sink to = { collect, raw };
	struct frame_totals got;
	int64_t bytes;

	assert_int_equal(object_open(&o, &bytes, place->dest, "x", e), 0);
	return frame_read(&got, o, raw == NULL ? NULL : &to, expect, e);
}

static void
comes_back_as_it_was_written(void **state)
{
	static const size_t sizes[] = { 0, 1, SQUEEZE_MAX - 1, SQUEEZE_MAX, SQUEEZE_MAX + 1,
		21 * MIB + 5 };

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		CLEANUP_BUF struct buf raw = BUF_INIT, stored = BUF_INIT, again = BUF_INIT;
		struct frame_totals totals;
		struct err e;

		fill(&raw, sizes[i], 2);
		write_frames(&totals, &stored, &raw, 100000);
		assert_int_equal(totals.raw_bytes, raw.n);
		assert_int_equal(totals.stored_bytes, stored.n);
		store(*state, &stored);
		assert_int_equal(read_frames(*state, &again, &totals, &e), 0);
		assert_int_equal(again.n, raw.n);
		assert_memory_equal(again.p, raw.p, raw.n);
	}
}

static void
is_plain_zstd_with_sizes_and_checksums(void **state)
{
	CLEANUP_BUF struct buf raw = BUF_INIT, stored = BUF_INIT;
	struct frame_totals totals;
	char *again;

	(void)state;
	fill(&raw, 9 * MIB, 1);
	write_frames(&totals, &stored, &raw, raw.n);
	again = malloc(raw.n);
	assert_int_equal(ZSTD_decompress(again, raw.n, stored.p, stored.n), raw.n);
	assert_memory_equal(again, raw.p, raw.n);
	free(again);
	int64_t frames = 0;
	for (size_t at = 0; at < stored.n; frames++) {
		unsigned long long size = ZSTD_getFrameContentSize(stored.p + at, stored.n - at);

		assert_true(size > 0 && size <= FRAME_RAW_MAX);
		assert_int_equal((unsigned char)stored.p[at + 4] & 4,
		    4); /* Content_Checksum_flag */
		at += ZSTD_findFrameCompressedSize(stored.p + at, stored.n - at);
	}
	assert_int_equal(frames, totals.frames);
}

static void
does_not_depend_on_how_it_is_written(void **state)
{
	CLEANUP_BUF struct buf raw = BUF_INIT, one = BUF_INIT, two = BUF_INIT;
	struct frame_totals a, b;

	(void)state;
	fill(&raw, 5 * MIB, 1);
	write_frames(&a, &one, &raw, raw.n);
	write_frames(&b, &two, &raw, 7777);
	assert_string_equal(a.stored_sha256, b.stored_sha256);
	assert_string_equal(a.raw_sha256, b.raw_sha256);
}

static void
random_bytes_are_stored_and_text_is_pressed(void **state)
{
	CLEANUP_BUF struct buf raw = BUF_INIT, stored = BUF_INIT;
	struct frame_totals totals;

	(void)state;
	fill(&raw, 8 * MIB, 1);          /* two of eight are random */
	assert_true(squeeze_is_flat(raw.p + MIB, MIB));
	assert_false(squeeze_is_flat(raw.p, MIB));
	assert_false(squeeze_is_flat(raw.p + MIB, 100));
	write_frames(&totals, &stored, &raw, raw.n);
	assert_true(stored.n > 2 * MIB && stored.n < 4 * (size_t)MIB);
}

static int
refuse(void *arg, const void *p, size_t n, struct err *e)
{
	int *left = arg;

	(void)p;
	(void)n;
	return --*left >= 0 ? 0 : err_set(e, ERR_FULL, "storage main is full: has 0 B");
}

static void
a_full_sink_stops_the_writer(void **state)
{
	int left = 2;
	const struct sink out = { refuse, &left };
	const struct frame_options options = { .level = 1, .threads = 2 };
	CLEANUP_FRAME_WRITER struct frame_writer *w = NULL;
	CLEANUP_BUF struct buf raw = BUF_INIT;
	struct err e;
	int rc = 0;

	(void)state;
	fill(&raw, FRAME_RAW_MAX, 0);
	assert_int_equal(frame_writer_new(&w, &out, &options, &e), 0);
	for (int i = 0; i < 50 && rc == 0; i++)
		rc = frame_write(w, raw.p, raw.n, &e);
	assert_int_equal(rc, -1);
	assert_int_equal(e.kind, ERR_FULL);
	assert_string_equal(e.text, "storage main is full: has 0 B");
}

static void
a_full_sink_stops_the_reader(void **state)
{
	int left = 1;
	const struct sink to = { refuse, &left };
	CLEANUP_BUF struct buf raw = BUF_INIT, stored = BUF_INIT;
	CLEANUP_OBJECT struct object *o = NULL;
	struct place *place = *state;
	struct frame_totals totals, got;
	int64_t bytes;
	struct err e;

	fill(&raw, 30 * MIB, 0);
	write_frames(&totals, &stored, &raw, raw.n);
	store(place, &stored);
	assert_int_equal(object_open(&o, &bytes, place->dest, "x", &e), 0);
	assert_int_equal(frame_read(&got, o, &to, &totals, &e), -1);
	assert_int_equal(e.kind, ERR_FULL);
}

/* -- T16, T17: damage -- */

struct damage {
	int tried, caught,
	    control; /* control: how many a check of size and frames alone would catch */
};

/* What `zstd --list` looks at: heads of frames and their sizes; no hash, no decoding. */
static bool
control_notices(const struct buf *stored, const struct frame_totals *totals)
{
	int64_t frames = 0, raw = 0;

	for (size_t at = 0; at < stored->n; frames++) {
		size_t n = ZSTD_findFrameCompressedSize(stored->p + at, stored->n - at);
		unsigned long long size;

		if (ZSTD_isError(n))
			return true;
		size = ZSTD_getFrameContentSize(stored->p + at, n);
		raw += size > FRAME_RAW_MAX ? -1 : (int64_t)size;
		at += n;
	}
	return frames != totals->frames || raw != totals->raw_bytes;
}

static void
try_damage(struct place *place, struct damage *d, const struct buf *bad,
    const struct frame_totals *totals)
{
	struct err e = { .text = "" };
	int rc;

	store(place, bad);
	rc = read_frames(place, NULL, totals, &e);
	d->tried++;
	d->caught += rc != 0 && e.kind == ERR_DAMAGED;
	d->control += control_notices(bad, totals);
}

static void
make_stored(struct buf *stored, struct frame_totals *totals)
{
	CLEANUP_BUF struct buf raw = BUF_INIT;

	fill(&raw, 300000, 4);
	/* Text that zstd does not make tiny, so that there is something to hit. */
	for (size_t i = 0; i < raw.n; i += 3)
		raw.p[i] = (char)('a' + rand_below(20));
	write_frames(totals, stored, &raw, raw.n);
}

static void
T16_a_cut_at_any_place_is_noticed(void **state)
{
	CLEANUP_BUF struct buf stored = BUF_INIT;
	struct frame_totals totals;
	struct damage d = { 0 };

	make_stored(&stored, &totals);
	for (int i = 0; i < 400; i++) {
		CLEANUP_BUF struct buf bad = BUF_INIT;
		size_t keep = i < 100 ? (size_t)i : i < 200 ? stored.n - (size_t)(i - 99)
		    : (size_t)rand_below(stored.n);

		buf_add(&bad, stored.p, keep);
		try_damage(*state, &d, &bad, &totals);
	}
	print_message("T16 cuts caught: %d of %d\n", d.caught, d.tried);
	assert_int_equal(d.caught, d.tried);
}

static void
T17_a_flipped_bit_is_noticed(void **state)
{
	CLEANUP_BUF struct buf stored = BUF_INIT;
	struct frame_totals totals;
	struct damage d = { 0 };

	make_stored(&stored, &totals);
	for (int i = 0; i < 400; i++) {
		size_t at = i < 40 ? (size_t)i : (size_t)rand_below(stored.n);
		char was = stored.p[at];

		stored.p[at] = (char)(was ^ 1 << rand_below(8));
		try_damage(*state, &d, &stored, &totals);
		stored.p[at] = was;
	}
	print_message("T17 flips caught: %d of %d; control (sizes only): %d\n", d.caught, d.tried,
	    d.control);
	assert_int_equal(d.caught, d.tried);
	assert_true(d.control < d.tried);
}

static void
T17_swapped_and_doubled_frames_are_noticed(void **state)
{
	CLEANUP_BUF struct buf raw = BUF_INIT, stored = BUF_INIT, swapped = BUF_INIT,
	                       doubled = BUF_INIT;
	struct frame_totals totals;
	struct damage d = { 0 };
	size_t one, two;

	fill(&raw, 2 * (size_t)SQUEEZE_MAX, 100);
	write_frames(&totals, &stored, &raw, raw.n);
	assert_int_equal(totals.frames, 2);
	one = ZSTD_findFrameCompressedSize(stored.p, stored.n);
	two = stored.n - one;
	buf_add(&swapped, stored.p + one, two);
	buf_add(&swapped, stored.p, one);
	try_damage(*state, &d, &swapped, &totals);
	assert_false(control_notices(&swapped, &totals));
	buf_add(&doubled, stored.p, stored.n);
	buf_add(&doubled, stored.p, one);
	try_damage(*state, &d, &doubled, &totals);
	assert_int_equal(d.caught, 2);
}

/* Who asks for no hash of the decoded bytes gets them, and the stored ones are compared. */
static void
T17_without_a_raw_hash_the_stored_one_notices(void **state)
{
	CLEANUP_BUF struct buf raw = BUF_INIT, stored = BUF_INIT, swapped = BUF_INIT,
	                       again = BUF_INIT;
	struct frame_totals totals;
	struct err e;
	size_t one;

	fill(&raw, 2 * (size_t)SQUEEZE_MAX, 100);
	write_frames(&totals, &stored, &raw, raw.n);
	totals.raw_sha256[0] = '\0';
	store(*state, &stored);
	assert_int_equal(read_frames(*state, &again, &totals, &e), 0);
	assert_int_equal(again.n, raw.n);
	assert_memory_equal(again.p, raw.p, raw.n);
	one = ZSTD_findFrameCompressedSize(stored.p, stored.n);
	buf_add(&swapped, stored.p + one, stored.n - one);
	buf_add(&swapped, stored.p, one);
	store(*state, &swapped);
	assert_int_equal(read_frames(*state, &again, &totals, &e), -1);
	assert_int_equal(e.kind, ERR_DAMAGED);
	assert_non_null(strstr(e.text, "its SHA-256 is"));
}

static void
T17_damage_is_named_by_its_place(void **state)
{
	CLEANUP_BUF struct buf raw = BUF_INIT, stored = BUF_INIT;
	struct frame_totals totals;
	struct err e;
	char want[64];
	size_t one;

	fill(&raw, 2 * (size_t)SQUEEZE_MAX, 100);
	write_frames(&totals, &stored, &raw, raw.n);
	one = ZSTD_findFrameCompressedSize(stored.p, stored.n);
	stored.p[stored.n - 1] ^= 1;        /* in the checksum of the second frame */
	store(*state, &stored);
	assert_int_equal(read_frames(*state, NULL, NULL, &e), -1);
	snprintf(want, sizeof want, "damaged at byte %zu:", one);
	assert_non_null(strstr(e.text, want));
}

static void
a_frame_larger_than_ours_is_refused(void **state)
{
	CLEANUP_BUF struct buf raw = BUF_INIT, stored = BUF_INIT;
	size_t n = FRAME_RAW_MAX + 1;
	struct err e;

	fill(&raw, n, 100);
	n = ZSTD_compress(buf_room(&stored, ZSTD_compressBound(n)), ZSTD_compressBound(n), raw.p, n,
	    1);
	buf_took(&stored, n);
	store(*state, &stored);
	assert_int_equal(read_frames(*state, NULL, NULL, &e), -1);
	assert_int_equal(e.kind, ERR_DAMAGED);
	assert_non_null(strstr(e.text, "larger than any of ours"));
}

int
main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(comes_back_as_it_was_written),
		T(is_plain_zstd_with_sizes_and_checksums),
		T(does_not_depend_on_how_it_is_written),
		T(random_bytes_are_stored_and_text_is_pressed),
		T(a_full_sink_stops_the_writer),
		T(a_full_sink_stops_the_reader),
		T(T16_a_cut_at_any_place_is_noticed),
		T(T17_a_flipped_bit_is_noticed),
		T(T17_swapped_and_doubled_frames_are_noticed),
		T(T17_without_a_raw_hash_the_stored_one_notices),
		T(T17_damage_is_named_by_its_place),
		T(a_frame_larger_than_ours_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
