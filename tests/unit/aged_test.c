/* aged_test.c: encrypted objects, there and back; what is not what was stored is noticed. */
#include "tests/unit/aging.h"

#include <pthread.h>

#include "worker/crypt/age.h"

enum { HEAD_MIN = 200 };

static const char key[] = "x.age";

static const char *
identity(struct aging *g)
{
	char id[AGEKEY_SHORT];

	agekey_short(id, g->public);
	return aging_path(g, arena_printf(g->a, "keys/%s.identity", id));
}

static void
PEER_16_every_size_comes_back_and_age_reads_it(void **state)
{
	static const size_t sizes[] = { 0, 1, AGE_CHUNK - 1, AGE_CHUNK, AGE_CHUNK + 1,
		2 * AGE_CHUNK, 3 * AGE_CHUNK + 17, 40 * AGE_CHUNK + 1 };
	static const size_t steps[] = { 1000, AGE_CHUNK, 1 << 20 };
	struct aging *g = *state;
	CLEANUP_BUF struct buf plain = BUF_INIT;

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
			CLEANUP_BUF struct buf back = BUF_INIT;
			CLEANUP_BUF struct buf lies = BUF_INIT;
			struct upload_stored stored;
			char sha256[HASH_HEX_SIZE];

			aging_dest(g);
			aging_random(&plain, sizes[i]);
			aging_put(&stored, g, key, &plain, steps[s]);
			aging_read(&lies, g, "store/x.age");
			hash_of(sha256, lies.p, lies.n);
			assert_int_equal(stored.bytes, lies.n);
			assert_string_equal(stored.sha256, sha256);
			aging_dest(g);
			AGED(aging_get(&back, g, key, steps[s]));
			assert_int_equal(back.n, plain.n);
			assert_memory_equal(back.p, plain.p, plain.n);
		}
		CLEANUP_BUF struct buf theirs = BUF_INIT;
		AGED(aging_tool(&theirs, g, TOOL("age", "-d", "-i", identity(g),
		    aging_path(g, "store/x.age"))));
		assert_int_equal(theirs.n, plain.n);
		assert_memory_equal(theirs.p, plain.p, plain.n);
	}
}

static void
PEER_16_what_age_wrote_is_read(void **state)
{
	struct aging *g = *state;
	CLEANUP_BUF struct buf plain = BUF_INIT;
	CLEANUP_BUF struct buf back = BUF_INIT;
	CLEANUP_BUF struct buf none = BUF_INIT;

	aging_dest(g);
	aging_random(&plain, 2 * AGE_CHUNK + 5);
	aging_write(g, "plain", plain.p, plain.n);
	/* A key of another kind beside ours: its entry is passed over. */
	AGED(aging_tool(&none, g, TOOL("age", "-r", g->recovery_public, "-r", g->public, "-r",
	    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
	    "-o", aging_path(g, "store/x.age"), aging_path(g, "plain"))));
	AGED(aging_get(&back, g, key, 100000));
	assert_int_equal(back.n, plain.n);
	assert_memory_equal(back.p, plain.p, plain.n);
}

static void
any_place_is_read_alone(void **state)
{
	struct aging *g = *state;
	CLEANUP_OBJECT struct object *o = NULL;
	CLEANUP_BUF struct buf plain = BUF_INIT;
	struct upload_stored stored;
	unsigned char *got = xmalloc(20 * AGE_CHUNK);
	int64_t bytes;

	aging_dest(g);
	aging_random(&plain, 19 * AGE_CHUNK + 77);
	aging_put(&stored, g, key, &plain, 1 << 20);
	AGED(object_open(&o, &bytes, g->dest, key, &g->e));
	for (int i = 0; i < 300; i++) {
		size_t at = (size_t)rand_below(plain.n + 10);
		size_t n = (size_t)rand_below(20 * AGE_CHUNK);
		size_t has = at < plain.n ? plain.n - at : 0, want = n < has ? n : has;

		assert_int_equal(object_read(o, (int64_t)at, got, n, &g->e), want);
		assert_memory_equal(got, plain.p + (want > 0 ? at : 0), want);
	}
	/* Not in order: its hash is not known. */
	assert_int_equal(object_read(o, 5 * AGE_CHUNK, got, 10, &g->e), 10);
	free(got);
}

static void
read_in_order(struct aging *g, size_t size)
{
	CLEANUP_OBJECT struct object *o = NULL;
	CLEANUP_BUF struct buf plain = BUF_INIT;
	struct upload_stored stored, read;
	static char got[50000];
	int64_t bytes, at = 0;
	ssize_t n;

	aging_dest(g);
	aging_random(&plain, size);
	aging_put(&stored, g, key, &plain, 1 << 20);
	/* Whoever comes later has no other way than the hash. */
	aging_dest(g);
	AGED(object_open(&o, &bytes, g->dest, key, &g->e));
	assert_true(object_is_encrypted(o));
	assert_int_equal(object_stored(&read, o, &g->e), -1);
	while ((n = object_read(o, at, got, sizeof got, &g->e)) > 0)
		at += n;
	AGED(object_stored(&read, o, &g->e));
	assert_int_equal(read.bytes, stored.bytes);
	assert_string_equal(read.sha256, stored.sha256);
}

static void
hash_is_of_what_lies_there_when_all_was_read_in_order(void **state)
{
	read_in_order(*state, 3 * AGE_CHUNK + 77);
	/* From some size on by a thread of its own. */
	read_in_order(*state, 150 * AGE_CHUNK);
	read_in_order(*state, 101 * AGE_CHUNK + 1);
}

/* Opened and read by whoever has the key; -1 with ERR_DAMAGED is what is wished. */
static void
must_be_damaged(struct aging *g, const void *p, size_t n, const char *how)
{
	CLEANUP_BUF struct buf back = BUF_INIT;

	aging_write(g, "store/x.age", p, n);
	if (aging_get(&back, g, key, 1 << 20) == 0)
		fail_msg("%s: read as %zu bytes", how, back.n);
	if (g->e.kind != ERR_DAMAGED && g->e.kind != ERR_INPUT && g->e.kind != ERR_DENIED)
		fail_msg("%s: %s", how, g->e.text);
}

static void
T16_every_length_that_is_cut_is_noticed(void **state)
{
	struct aging *g = *state;
	CLEANUP_BUF struct buf plain = BUF_INIT;
	CLEANUP_BUF struct buf lies = BUF_INIT;
	struct upload_stored stored;

	aging_dest(g);
	aging_random(&plain, 300);
	aging_put(&stored, g, key, &plain, 300);
	aging_read(&lies, g, "store/x.age");
	aging_dest(g);
	for (size_t n = 0; n < lies.n; n++)
		must_be_damaged(g, lies.p, n, arena_printf(g->a, "cut at %zu", n));
	/* At the border of chunks, too, where nothing is odd but the missing end. */
	aging_random(&plain, 3 * AGE_CHUNK);
	aging_dest(g);
	aging_put(&stored, g, key, &plain, 1 << 20);
	aging_read(&lies, g, "store/x.age");
	aging_dest(g);
	for (size_t chunk = 0; chunk < 3; chunk++) {
		size_t n = lies.n - (chunk + 1) * AGE_STORED;

		must_be_damaged(g, lies.p, n, arena_printf(g->a, "cut at %zu", n));
	}
	/* Longer is no better. */
	buf_add(&lies, "x", 1);
	must_be_damaged(g, lies.p, lies.n, "one byte more");
}

static void
T17_every_flipped_bit_is_noticed(void **state)
{
	struct aging *g = *state;
	CLEANUP_BUF struct buf plain = BUF_INIT;
	CLEANUP_BUF struct buf lies = BUF_INIT;
	struct upload_stored stored;

	aging_dest(g);
	aging_random(&plain, 64);
	aging_put(&stored, g, key, &plain, 64);
	aging_read(&lies, g, "store/x.age");
	aging_dest(g);
	assert_true(lies.n > HEAD_MIN);
	for (size_t bit = 0; bit < lies.n * 8; bit += 3) {
		lies.p[bit / 8] = (char)(lies.p[bit / 8] ^ (1 << bit % 8));
		must_be_damaged(g, lies.p, lies.n, arena_printf(g->a, "bit %zu", bit));
		lies.p[bit / 8] = (char)(lies.p[bit / 8] ^ (1 << bit % 8));
	}
}

static void
T17_swapped_repeated_and_dropped_chunks_are_noticed_with_their_place(void **state)
{
	struct aging *g = *state;
	CLEANUP_BUF struct buf plain = BUF_INIT;
	CLEANUP_BUF struct buf lies = BUF_INIT;
	CLEANUP_BUF struct buf bad = BUF_INIT;
	struct upload_stored stored;
	size_t head;

	aging_dest(g);
	aging_random(&plain, 4 * AGE_CHUNK);
	aging_put(&stored, g, key, &plain, 1 << 20);
	aging_read(&lies, g, "store/x.age");
	aging_dest(g);
	head = lies.n - 4 * (size_t)AGE_STORED;
	buf_add(&bad, lies.p, head + AGE_STORED);
	buf_add(&bad, lies.p + head + 2 * AGE_STORED, AGE_STORED);
	buf_add(&bad, lies.p + head + AGE_STORED, AGE_STORED);
	buf_add(&bad, lies.p + head + 3 * AGE_STORED, AGE_STORED);
	must_be_damaged(g, bad.p, bad.n, "swapped");
	assert_non_null(strstr(g->e.text, arena_printf(g->a, "at byte %zu:", head + AGE_STORED)));
	buf_cut(&bad, head + AGE_STORED);
	buf_add(&bad, lies.p + head + 2 * AGE_STORED, 2 * AGE_STORED);
	must_be_damaged(g, bad.p, bad.n, "dropped");
	buf_cut(&bad, head + AGE_STORED);
	buf_add(&bad, lies.p + head, AGE_STORED);
	buf_add(&bad, lies.p + head + AGE_STORED, 3 * AGE_STORED);
	must_be_damaged(g, bad.p, bad.n, "repeated");
}

struct many {
	struct object *o;
	const struct buf *plain;
	int wrong;
};

static void *
read_here_and_there(void *arg)
{
	struct many *m = arg;
	unsigned char *got = xmalloc(3 * AGE_CHUNK);
	struct err e;

	for (int i = 0; i < 60; i++) {
		size_t at = (size_t)rand_below(m->plain->n - 3 * AGE_CHUNK);
		ssize_t n = object_read(m->o, (int64_t)at, got, 3 * AGE_CHUNK, &e);

		m->wrong += n != 3 * AGE_CHUNK || memcmp(got, m->plain->p + at, (size_t)n) != 0;
	}
	free(got);
	return NULL;
}

static void
several_threads_read_one_object(void **state)
{
	enum { THREADS = 4 };
	struct aging *g = *state;
	CLEANUP_OBJECT struct object *o = NULL;
	CLEANUP_BUF struct buf plain = BUF_INIT;
	struct upload_stored stored;
	struct many many[THREADS];
	pthread_t threads[THREADS];
	int64_t bytes;

	aging_dest(g);
	aging_random(&plain, 12 * AGE_CHUNK);
	aging_put(&stored, g, key, &plain, 1 << 20);
	AGED(object_open(&o, &bytes, g->dest, key, &g->e));
	for (int i = 0; i < THREADS; i++) {
		many[i] = (struct many){ o, &plain, 0 };
		assert_int_equal(
		    pthread_create(&threads[i], NULL, read_here_and_there, &many[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(many[i].wrong, 0);
	}
}

static void
a_missing_key_is_named_and_what_was_just_written_needs_none(void **state)
{
	struct aging *g = *state;
	CLEANUP_BUF struct buf plain = BUF_INIT;
	CLEANUP_BUF struct buf back = BUF_INIT;
	CLEANUP_OBJECT struct object *o = NULL;
	struct upload_stored stored;
	const char *away = aging_path(g, "away");
	char secret[AGEKEY_TEXT];
	int64_t bytes;

	assert_int_equal(rename(identity(g), away), 0);
	aging_dest(g);
	aging_random(&plain, 1000);
	aging_put(&stored, g, key, &plain, 1000);
	/* It was sealed for good only when this process ends. */
	AGED(aging_get(&back, g, key, 1000));
	assert_memory_equal(back.p, plain.p, plain.n);
	aging_dest(g);
	assert_int_equal(object_open(&o, &bytes, g->dest, key, &g->e), -1);
	assert_int_equal(g->e.kind, ERR_DENIED);
	assert_non_null(strstr(g->e.text, g->public));
	assert_non_null(strstr(g->e.text, ".identity"));
	assert_non_null(strstr(g->e.text, aging_path(g, "keys")));
	/* As it lies it can be read all the same. */
	AGED(object_open_as_is(&o, &bytes, g->dest, key, &g->e));
	assert_int_equal(bytes, stored.bytes);
	/* The recovery key opens it. */
	agekey_secret_text(secret, &g->recovery);
	aging_write(g, "recovery", secret, strlen(secret));
	g->keys.file = aging_path(g, "recovery");
	buf_clear(&back);
	AGED(aging_get(&back, g, key, 1000));
	assert_memory_equal(back.p, plain.p, plain.n);
}

/* What this process wrote is compared by the key that only it has: not even the same content in
 * another envelope of the same keys passes. */
static void
PEER_1_what_was_written_is_told_from_the_same_written_before(void **state)
{
	struct aging *g = *state;
	CLEANUP_BUF struct buf plain = BUF_INIT;
	CLEANUP_BUF struct buf before = BUF_INIT;
	CLEANUP_BUF struct buf after = BUF_INIT;
	CLEANUP_BUF struct buf back = BUF_INIT;
	struct upload_stored stored;

	aging_dest(g);
	aging_random(&plain, 3 * AGE_CHUNK);
	aging_put(&stored, g, key, &plain, 1 << 20);
	AGED(fd_read_file(&before, aging_path(g, "store/x.age"), 1 << 20, &g->e));
	aging_put(&stored, g, key, &plain, 1 << 20);
	AGED(fd_read_file(&after, aging_path(g, "store/x.age"), 1 << 20, &g->e));
	AGED(aging_get(&back, g, key, 1 << 20));
	assert_int_equal(before.n, after.n);
	must_be_damaged(g, before.p, before.n, "the one before");
	/* Its body below the right header. */
	memcpy(after.p + after.n - AGE_STORED, before.p + before.n - AGE_STORED, AGE_STORED);
	must_be_damaged(g, after.p, after.n, "the body of the one before");
}

static void
nothing_is_encrypted_to_nobody(void **state)
{
	struct aging *g = *state;
	struct upload *up = NULL;

	aging_dest(g);
	g->keys.recipient_count = 0;
	assert_int_equal(dest_begin(&up, g->dest, key, 1, &g->e), -1);
	assert_int_equal(g->e.kind, ERR_CONFLICT);
	assert_non_null(strstr(g->e.text, "lazarette admin keys"));
	g->keys.recipient_count = 2;
	/* An upload that is given up leaves nothing. */
	AGED(dest_begin(&up, g->dest, key, 1, &g->e));
	AGED(upload_write(up, "abc", 3, &g->e));
	upload_abortp(&up);
	assert_int_equal(access(aging_path(g, "store/x.age"), F_OK), -1);
	assert_int_equal(access(aging_path(g, "store/.x.age.1.tmp"), F_OK), -1);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, aging_set_up, aging_tear_down)
	const struct CMUnitTest tests[] = {
		T(PEER_16_every_size_comes_back_and_age_reads_it),
		T(PEER_16_what_age_wrote_is_read),
		T(any_place_is_read_alone),
		T(hash_is_of_what_lies_there_when_all_was_read_in_order),
		T(T16_every_length_that_is_cut_is_noticed),
		T(T17_every_flipped_bit_is_noticed),
		T(T17_swapped_repeated_and_dropped_chunks_are_noticed_with_their_place),
		T(several_threads_read_one_object),
		T(a_missing_key_is_named_and_what_was_just_written_needs_none),
		T(PEER_1_what_was_written_is_told_from_the_same_written_before),
		T(nothing_is_encrypted_to_nobody),
	};

	return cmocka_run_group_tests_name("aged", tests, NULL, NULL);
}
