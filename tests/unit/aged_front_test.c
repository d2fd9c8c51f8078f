/* aged_front_test.c: an encrypted object that begins as it was promised need not be hashed. */
#include "tests/unit/aging.h"

#include <zstd.h>

#include "worker/archive/export.h"
#include "worker/crypt/age.h"

static const char key[] = "x.age";

/* An object, and what is promised of it; the process that reads it did not write it. */
struct front {
	struct buf plain, lies;
	struct upload_stored stored;
	struct stored_object promised;
	size_t front;
};

static void
front_release(struct front *f)
{
	buf_release(&f->plain);
	buf_release(&f->lies);
}
#define FRONT CLEANUP(front_release) struct front f = { .plain = BUF_INIT, .lies = BUF_INIT }

static void
put(struct front *f, struct aging *g, size_t size)
{
	int64_t chunks = size == 0 ? 1 : ((int64_t)size + AGE_CHUNK - 1) / AGE_CHUNK;

	aging_dest(g);
	aging_random(&f->plain, size);
	aging_put(&f->stored, g, key, &f->plain, 1 << 20);
	f->promised = aging_promise(key, &f->stored);
	aging_read(&f->lies, g, "store/x.age");
	f->front = f->lies.n - size - (size_t)chunks * AGE_TAG;
	aging_dest(g);
}

static void
must_come(struct front *f, struct aging *g)
{
	CLEANUP_BUF struct buf back = BUF_INIT;

	AGED(aging_get_stored(&back, g, &f->promised, 100000));
	assert_int_equal(back.n, f->plain.n);
	assert_memory_equal(back.p, f->plain.p, back.n);
}

static void
must_be_damaged(struct front *f, struct aging *g, const struct buf *lies, const char *words)
{
	CLEANUP_BUF struct buf back = BUF_INIT;

	aging_write(g, "store/x.age", lies->p, lies->n);
	if (aging_get_stored(&back, g, &f->promised, 1 << 20) == 0)
		fail_msg("read as %zu bytes: it should say '%s'", back.n, words);
	if (g->e.kind != ERR_DAMAGED || strstr(g->e.text, words) == NULL)
		fail_msg("it should say '%s': %s", words, g->e.text);
}

/* Opened at all, which needs nothing but the front. */
static int
begins(struct front *f, struct aging *g)
{
	CLEANUP_OBJECT struct object *o = NULL;
	int64_t bytes;

	return object_open_stored(&o, &bytes, g->dest, &f->promised, &g->e);
}

static void
T17_the_front_is_header_and_nonce_and_no_hash_is_made_behind_it(void **state)
{
	static const size_t sizes[] = { 0, 1, AGE_CHUNK, 2 * AGE_CHUNK + 5, 150 * AGE_CHUNK };
	struct aging *g = *state;

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		FRONT;
		char sha256[HASH_HEX_SIZE];
		const char *mac;

		put(&f, g, sizes[i]);
		mac = strstr(f.lies.p, "\n--- ");
		assert_int_equal(f.front, strchr(mac + 1, '\n') + 1 - f.lies.p + AGE_NONCE);
		hash_of(sha256, f.lies.p, f.front);
		assert_string_equal(f.stored.front_sha256, sha256);
		must_come(&f, g);
		/* Nobody looks whether this is the hash: what opened is what was written. */
		f.promised.stored_sha256 = sha256;
		must_come(&f, g);
		/* Control: without the front it is looked at. */
		f.promised.front_sha256 = "";
		must_be_damaged(&f, g, &f.lies, "its SHA-256 is");
		f.promised.front_sha256 = f.stored.front_sha256;
		f.promised.stored_bytes++;
		must_be_damaged(&f, g, &f.lies, "bytes, it should have");
	}
}

static void
T17_who_has_not_read_all_of_it_in_order_has_compared_nothing(void **state)
{
	struct aging *g = *state;
	CLEANUP_OBJECT struct object *o = NULL;
	char *got = xmalloc(3 * AGE_CHUNK);
	int64_t bytes;
	FRONT;

	put(&f, g, 3 * AGE_CHUNK);
	AGED(object_open_stored(&o, &bytes, g->dest, &f.promised, &g->e));
	assert_int_equal(object_read(o, AGE_CHUNK, got, 2 * AGE_CHUNK, &g->e), 2 * AGE_CHUNK);
	assert_int_equal(object_compare(o, NULL, bytes, &f.promised, &g->e), -1);
	assert_int_equal(g->e.kind, ERR_INTERNAL);
	assert_int_equal(object_read(o, 0, got, 2 * AGE_CHUNK, &g->e), 2 * AGE_CHUNK);
	assert_int_equal(object_compare(o, NULL, bytes, &f.promised, &g->e), -1);
	assert_int_equal(object_read(o, 2 * AGE_CHUNK, got, AGE_CHUNK, &g->e), AGE_CHUNK);
	AGED(object_compare(o, NULL, bytes, &f.promised, &g->e));
	free(got);
}

/* Chunks far behind are opened while those before them are read: each is told by its own place, the
 * first one first, and who has enough can go away meanwhile. */
static void
T17_what_is_opened_ahead_is_told_in_its_order(void **state)
{
	enum { CHUNKS = 320 };
	static const int bad[] = { CHUNKS - 1, 200, 130, 64, 1, 0 };
	struct aging *g = *state;
	CLEANUP_OBJECT struct object *one = NULL, *two = NULL;
	char *got = xmalloc(8 << 20);
	int64_t bytes;
	FRONT;

	put(&f, g, CHUNKS * AGE_CHUNK - 7);
	must_come(&f, g);
	AGED(object_open_stored(&one, &bytes, g->dest, &f.promised, &g->e));
	AGED(object_open_stored(&two, &bytes, g->dest, &f.promised, &g->e));
	for (int64_t at = 0; at < 8 << 20; at += 1 << 20) {
		assert_int_equal(object_read(one, at, got + at, 1 << 20, &g->e), 1 << 20);
		assert_int_equal(object_read(two, at / 2, got, 1 << 19, &g->e), 1 << 19);
		assert_memory_equal(got, f.plain.p + at / 2, 1 << 19);
		assert_memory_equal(got + at, f.plain.p + at, at == 0 ? 0 : 1 << 20);
	}
	object_closep(&one);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		size_t at = f.front + (size_t)bad[i] * AGE_STORED;

		f.lies.p[at + 1000] ^= 1;
		must_be_damaged(&f, g, &f.lies, arena_printf(g->a, "damaged at byte %zu:", at));
	}
	free(got);
}

/* The same contents for the same recipients, from another day: only the file key differs. */
static void
T17_another_file_of_the_same_contents_and_keys_is_refused_when_it_is_opened(void **state)
{
	struct aging *g = *state;
	CLEANUP_BUF struct buf other = BUF_INIT;
	struct upload_stored stored;
	FRONT;

	put(&f, g, 3 * AGE_CHUNK);
	aging_put(&stored, g, key, &f.plain, 1 << 20);
	aging_read(&other, g, "store/x.age");
	aging_dest(g);
	assert_int_equal(other.n, f.lies.n);
	assert_int_equal(begins(&f, g), -1);
	assert_int_equal(g->e.kind, ERR_DAMAGED);
	must_be_damaged(&f, g, &other, "another file lies in its place");
	/* Its body below the right front, all of it or the end alone. */
	memcpy(other.p, f.lies.p, f.front);
	must_be_damaged(&f, g, &other,
	    arena_printf(g->a, "damaged at byte %zu: what is there is not the piece", f.front));
	memcpy(other.p, f.lies.p, f.lies.n - 1);
	must_be_damaged(&f, g, &other, "is not the piece that was stored there");
	/* Control: without the front it opens, and the hash tells. */
	f.promised.front_sha256 = "";
	aging_put(&stored, g, key, &f.plain, 1 << 20);
	aging_read(&other, g, "store/x.age");
	aging_dest(g);
	AGED(begins(&f, g));
	must_be_damaged(&f, g, &other, "its SHA-256 is");
}

static void
T17_every_flipped_bit_is_noticed_without_a_hash(void **state)
{
	struct aging *g = *state;
	FRONT;

	put(&f, g, 64);
	for (size_t bit = 0; bit < f.lies.n * 8; bit += 3) {
		char *byte = &f.lies.p[bit / 8], was = *byte;

		*byte = (char)(*byte ^ (1 << bit % 8));
		must_be_damaged(&f, g, &f.lies, "");
		assert_true(bit / 8 >= f.front || begins(&f, g) != 0);
		*byte = was;
	}
	aging_write(g, "store/x.age", f.lies.p, f.lies.n);
	must_come(&f, g);
}

static void
T16_every_length_is_noticed_also_at_the_border_of_chunks(void **state)
{
	struct aging *g = *state;
	FRONT;

	put(&f, g, 300);
	for (; f.lies.n > 0; f.lies.n--) {
		struct buf cut = { .p = f.lies.p, .n = f.lies.n - 1 };

		must_be_damaged(&f, g, &cut, "");
	}
	put(&f, g, 3 * AGE_CHUNK);
	for (size_t chunk = 1; chunk <= 3; chunk++) {
		struct buf cut = { .p = f.lies.p, .n = f.lies.n - chunk * AGE_STORED };

		must_be_damaged(&f, g, &cut, "");
	}
	buf_add(&f.lies, f.lies.p + f.front, AGE_STORED);
	must_be_damaged(&f, g, &f.lies, "is not the piece that was stored there");
}

static void
another_file_is_told_from_a_missing_key(void **state)
{
	struct aging *g = *state;
	char id[AGEKEY_SHORT];
	FRONT;

	put(&f, g, 1000);
	agekey_short(id, g->public);
	assert_int_equal(rename(aging_path(g, arena_printf(g->a, "keys/%s.identity", id)),
	                     aging_path(g, "away")), 0);
	assert_int_equal(begins(&f, g), -1);
	assert_int_equal(g->e.kind, ERR_DENIED);
	assert_non_null(strstr(g->e.text, g->public));
	f.lies.p[f.front - 1] ^= 1;
	must_be_damaged(&f, g, &f.lies, "another file lies in its place");
	assert_non_null(strstr(g->e.text, key));
}

/* What is promised is the file key, and who has a secret key has that as well: this is what the
 * hashes of the files are for. */
static void
T17_who_has_a_secret_key_can_forge_what_only_hashes_notice(void **state)
{
	struct aging *g = *state;
	CLEANUP_AGE_CIPHER struct age_cipher *cipher = NULL;
	CLEANUP_BUF struct buf back = BUF_INIT;
	struct agering ring = { &g->key, 1 };
	const struct age_openers by = { &ring, NULL };
	struct age_payload payload;
	unsigned char file_key[AGE_KEY];
	char sha256[HASH_HEX_SIZE];
	size_t size;
	FRONT;

	put(&f, g, 5);
	AGED(age_header_read(&size, file_key, &f.lies, &by, &g->e));
	age_payload_key(&payload, file_key, (unsigned char *)f.lies.p + size);
	cipher = age_cipher_new(&payload);
	age_seal((unsigned char *)f.lies.p + f.front, cipher, &(struct age_chunk){ 0, true },
	    (const unsigned char *)"false", 5);
	aging_write(g, "store/x.age", f.lies.p, f.lies.n);
	AGED(aging_get_stored(&back, g, &f.promised, 100));
	assert_memory_equal(back.p, "false", 5);
	hash_of(sha256, f.lies.p, f.lies.n);
	assert_string_not_equal(sha256, f.stored.sha256);
	f.promised.front_sha256 = NULL;
	must_be_damaged(&f, g, &f.lies, "its SHA-256 is");
}

static int
take_all(void *arg UNUSED, const void *p UNUSED, size_t n UNUSED, struct err *e UNUSED)
{
	return 0;
}

/* Its reader has no manifest to compare the files with, so that the front is not enough. */
static void
T17_what_is_handed_out_is_hashed_whatever_its_front_says(void **state)
{
	static const char text[] = "what a person downloads";
	struct aging *g = *state;
	const struct sink to = { take_all, NULL };
	CLEANUP_BUF struct buf frame = BUF_INIT;
	CLEANUP_BUF struct buf back = BUF_INIT;
	ZSTD_CCtx *zstd = ZSTD_createCCtx();
	char sha256[HASH_HEX_SIZE];
	FRONT;

	ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 1);
	buf_took(&frame,
	    ZSTD_compress2(zstd, buf_room(&frame, 1000), 1000, text, sizeof text));
	ZSTD_freeCCtx(zstd);
	aging_dest(g);
	aging_put(&f.stored, g, key, &frame, 1 << 20);
	aging_dest(g);
	f.promised = aging_promise(key, &f.stored);
	f.promised.raw_bytes = sizeof text;
	f.promised.raw_sha256 = "";
	const struct export_part part = { .dest = g->dest, .data = &f.promised };

	AGED(export_bytes(&to, &part, &g->e));
	hash_of(sha256, text, sizeof text);
	f.promised.stored_sha256 = sha256;
	assert_int_equal(export_bytes(&to, &part, &g->e), -1);
	assert_int_equal(g->e.kind, ERR_DAMAGED);
	assert_non_null(strstr(g->e.text, "its SHA-256 is"));
	/* Control: who trusts the front does not notice. */
	AGED(aging_get_stored(&back, g, &f.promised, 100));
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, aging_set_up, aging_tear_down)
	const struct CMUnitTest tests[] = {
		T(T17_the_front_is_header_and_nonce_and_no_hash_is_made_behind_it),
		T(T17_who_has_not_read_all_of_it_in_order_has_compared_nothing),
		T(T17_what_is_opened_ahead_is_told_in_its_order),
		T(T17_another_file_of_the_same_contents_and_keys_is_refused_when_it_is_opened),
		T(T17_every_flipped_bit_is_noticed_without_a_hash),
		T(T16_every_length_is_noticed_also_at_the_border_of_chunks),
		T(another_file_is_told_from_a_missing_key),
		T(T17_who_has_a_secret_key_can_forge_what_only_hashes_notice),
		T(T17_what_is_handed_out_is_hashed_whatever_its_front_says),
	};

	return cmocka_run_group_tests_name("aged_front", tests, NULL, NULL);
}
