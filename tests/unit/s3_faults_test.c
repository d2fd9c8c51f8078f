/* s3_faults_test.c: a storage that breaks off, lies, or says nothing: what counts as stored is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/rand.h"
#include "tests/unit/swift_server.h"
#include "worker/dest/dest.h"

enum { SMALL = 3000, BIG = (9 << 20) + 7, REQUESTS = 12 };

static struct swift stub;
static char *content;

static int
start(void **state)
{
	(void)state;
	stub.port = fake_spawn(&stub.pid, SIGTERM,
	    (const char *[]){ "python3", "tests/fake/s3stub.py", NULL });
	assert_int_not_equal(stub.port, 0);
	snprintf(stub.endpoint, sizeof stub.endpoint, "http://127.0.0.1:%d", stub.port);
	content = malloc(BIG);
	rand_bytes(content, BIG);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	kill(stub.pid, SIGTERM);
	waitpid(stub.pid, NULL, 0);
	free(content);
	return 0;
}

static void
open_world(struct dest **d, const char *prefix)
{
	struct storage s = swift_storage(&stub, prefix);
	struct err e;

	s.pause_ms = 2;
	s.stall_ms = 1000;
	assert_int_equal(dest_open(d, &s, &e), 0);
}

/* As above, but what hangs is waited for. */
static void
open_world_patiently(struct dest **d, const char *prefix)
{
	struct storage s = swift_storage(&stub, prefix);
	struct err e;

	s.pause_ms = 2;
	s.stall_ms = 30000;
	assert_int_equal(dest_open(d, &s, &e), 0);
}

/* One way to go wrong, at one request of the story; 0: at each. */
struct story {
	const char *word;
	int at;
	size_t n;
	bool committed, whole, listed_clean;
	struct err e;
};

static int
tell_store(struct story *s, struct dest *d)
{
	CLEANUP_UPLOAD struct upload *up = NULL;

	if (dest_begin(&up, d, "shop/a", 7, &s->e) != 0 ||
	    upload_write(up, content, s->n, &s->e) != 0)
		return -1;
	return upload_commit(&up, &s->e);
}

static bool
is_whole(struct story *s, struct dest *d)
{
	CLEANUP_OBJECT struct object *o = NULL;
	char *back = malloc(BIG + 1);
	bool whole;
	int64_t size;

	whole = object_open(&o, &size, d, "shop/a", &s->e) == 0 && size == (int64_t)s->n &&
	    object_read(o, 0, back, s->n + 1, &s->e) == (ssize_t)s->n &&
	    memcmp(back, content, s->n) == 0;
	free(back);
	return whole;
}

static int
only_ours(void *arg, const struct dest_entry *entry, struct err *e)
{
	(void)e;
	if (strcmp(entry->key, "shop/a") != 0)
		*(bool *)arg = false;
	return 0;
}

static void
client(struct s3 **s3, const char *prefix)
{
	struct storage s = swift_storage(&stub, prefix);
	struct s3_place at = swift_place(&s);
	struct err e;

	assert_int_equal(s3_new(s3, &at, &e), 0);
}

/* Unfinished uploads, asked for by a client of its own. */
static int
left(const char *prefix)
{
	struct s3 *s3;
	int n;

	client(&s3, prefix);
	n = swift_uploads(s3, "shop/a");
	s3_free(s3);
	return n;
}

static void
tell(struct story *s)
{
	CLEANUP_DEST struct dest *d = NULL;
	char prefix[64];

	snprintf(prefix, sizeof prefix, "%s-%d-%zu%s", s->word, s->at, s->n,
	    getenv("LAZARETTE_FAULT_CONTROL") != NULL ? "-control" : "");
	open_world(&d, prefix);
	s->committed = tell_store(s, d) == 0;
	if (!s->committed)
		return;
	s->whole = is_whole(s, d);
	s->listed_clean = left(prefix) == 0;
	if (dest_each_object(d, "", only_ours, &s->listed_clean, &s->e) != 0)
		s->listed_clean = false;
}

static const size_t sizes[] = { SMALL, BIG };

static void
T22_what_passes_is_tried_again_wherever_it_strikes(void **state)
{
	static const char *const words[] = { "reset", "lost", "cut", "fail", "slowdown", "error200",
		"corrupt", "shortget" };
	int told = 0;

	(void)state;
	for (size_t w = 0; w < sizeof words / sizeof *words; w++)
		for (size_t i = 0; i < 2; i++)
			for (int at = 1; at <= REQUESTS; at++) {
				struct story s = { words[w], at, .n = sizes[i] };

				tell(&s);
				if (!s.committed || !s.whole || !s.listed_clean)
					fail_msg("%s at request %d, %zu bytes: %d %d %d, %s",
					    words[w], at, sizes[i], s.committed, s.whole,
					    s.listed_clean, s.e.text);
				told++;
			}
	assert_true(told == 8 * 2 * REQUESTS);
}

static const struct {
	const char *word, *says;
} lasting[] = {
	{ "reset", "gave no whole answer" }, { "lost", "gave no whole answer" },
	{ "cut", NULL }, { "fail", "answered 500 InternalError" },
	{ "slowdown", "answered 503 SlowDown: as it was told & so on (tried 3 times)" },
	{ "skew", "The clock of this machine and that of the storage differ" },
	{ "corrupt", "says that the MD5 of what it got is" },
	{ "shorter", "it should have" },
};

static void
T22_what_lasts_fails_with_the_storages_words(void **state)
{
	(void)state;
	for (size_t w = 0; w < sizeof lasting / sizeof *lasting; w++)
		for (size_t i = 0; i < 2; i++) {
			struct story s = { lasting[w].word, 0, .n = sizes[i] };

			tell(&s);
			assert_false(s.committed);
			if (lasting[w].says != NULL && strstr(s.e.text, lasting[w].says) == NULL)
				fail_msg("%s: %s", lasting[w].word, s.e.text);
			assert_int_equal(strncmp(s.e.text, "storage cloud: ", 15), 0);
		}
	struct story s = { "error200", 0, .n = BIG };

	tell(&s);
	assert_false(s.committed);
	assert_non_null(strstr(s.e.text, "200 InternalError: We encountered an internal error"));
}

/* Without our checks the same lies count as stored: the stub lies indeed. */
static void
T22_the_control_believes_what_it_is_told(void **state)
{
	static const char *const lies[] = { "corrupt", "shorter", "error200" };
	int believed = 0;

	(void)state;
	setenv("LAZARETTE_FAULT_CONTROL", "s3.unchecked", 1);
	for (size_t w = 0; w < 3; w++) {
		struct story s = { lies[w], 0, .n = BIG };

		tell(&s);
		believed += s.committed && !s.whole;
	}
	unsetenv("LAZARETTE_FAULT_CONTROL");
	assert_int_equal(believed, 3);
}

static void *
tell_beside(void *arg)
{
	tell(arg);
	return NULL;
}

/* All at once, for they wait. */
static void
T22_silence_and_dripping_are_given_up_and_tried_again(void **state)
{
	struct story s[] = {
		{ "hang", 1, .n = SMALL }, { "hang", 3, .n = SMALL }, { "hang", 6, .n = SMALL },
		{ "hang", 3, .n = BIG }, { "drip", 1, .n = SMALL }, { "drip", 3, .n = SMALL },
		{ "drip", 4, .n = BIG }, { "hang", 0, .n = SMALL },
	};
	enum { COUNT = sizeof s / sizeof *s };
	pthread_t t[COUNT];

	(void)state;
	for (int i = 0; i < COUNT; i++)
		assert_int_equal(pthread_create(&t[i], NULL, tell_beside, &s[i]), 0);
	for (int i = 0; i < COUNT; i++)
		pthread_join(t[i], NULL);
	for (int i = 0; i < COUNT - 1; i++)
		if (!s[i].committed || !s[i].whole)
			fail_msg("%s at %d: %s", s[i].word, s[i].at, s[i].e.text);
	assert_false(s[COUNT - 1].committed);
	assert_non_null(strstr(s[COUNT - 1].e.text, "did not answer in time"));
}

static void
T22_a_storage_that_is_not_there_is_out_of_reach(void **state)
{
	struct storage s = swift_storage(&stub, "none-0");
	struct dest *d;
	struct upload *up;
	struct err e;

	(void)state;
	s.pause_ms = 2;
	s.bucket.endpoint = "http://127.0.0.1:1";
	assert_int_equal(dest_open(&d, &s, &e), 0);
	assert_int_equal(dest_begin(&up, d, "a", 1, &e), -1);
	assert_int_equal(e.kind, ERR_BUSY);
	assert_non_null(strstr(e.text, "127.0.0.1:1 could not be reached (tried 3 times)"));
	dest_close(d);
	s.bucket.endpoint = "http://nowhere.invalid";
	assert_int_equal(dest_open(&d, &s, &e), 0);
	assert_int_equal(dest_begin(&up, d, "a", 1, &e), -1);
	assert_non_null(strstr(e.text, "nowhere.invalid was not found"));
	dest_close(d);
}

static int
gather(void *arg, const struct dest_entry *entry, struct err *e)
{
	(void)e;
	buf_printf(arg, "%s ", entry->key);
	return 0;
}

static void
lists_go_on_from_page_to_page(void **state)
{
	CLEANUP_DEST struct dest *d = NULL;
	CLEANUP_BUF struct buf got = BUF_INIT;
	struct upload *up[5];
	char key[16];
	struct err e;

	(void)state;
	open_world(&d, "none-0-list");
	for (int i = 0; i < 5; i++) {
		snprintf(key, sizeof key, "o%d", i);
		assert_int_equal(dest_begin(&up[i], d, key, 1, &e), 0);
		assert_int_equal(upload_commit(&up[i], &e), 0);
	}
	assert_int_equal(dest_each_object(d, "", gather, &got, &e), 0);
	assert_string_equal(got.p, "o0 o1 o2 o3 o4 ");
	/* Five holders of one key, each with parts on the way. */
	for (int i = 0; i < 5; i++) {
		assert_int_equal(dest_begin(&up[i], d, "many", i + 1, &e), 0);
		assert_int_equal(upload_write(up[i], content, BIG, &e), 0);
	}
	assert_int_equal(dest_sweep(d, "many", 5, &e), 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(upload_commit(&up[i], &e), -1);
		assert_int_equal(e.kind, ERR_FENCED);
	}
	assert_int_equal(upload_commit(&up[4], &e), 0);
}

/* -- several parts at once -- */

enum { PART = 5 << 20, PARTS = 6 };

/* How many parts or ranges ever waited in that world at the same time. */
static int
most_at_once(const char *world)
{
	CLEANUP_S3_ANSWER struct s3_answer ans = S3_ANSWER_INIT;
	const struct s3_request rq = { .method = "GET", .key = "any", .query = "most=" };
	struct s3 *s3;
	struct err e;

	client(&s3, world);
	assert_int_equal(s3_send(&ans, s3, &rq, &e), 0);
	s3_free(s3);
	return (int)strtol(ans.body.p, NULL, 10);
}

/* So many parts of a byte each that says which one it is. */
static int
store_parts(struct dest *d, int parts, struct err *e)
{
	CLEANUP_UPLOAD struct upload *up = NULL;
	char *bytes = malloc(PART);
	int rc = dest_begin(&up, d, "shop/a", 7, e);

	for (int i = 0; i < parts && rc == 0; i++) {
		memset(bytes, 'a' + i, PART);
		rc = upload_write(up, bytes, PART, e);
	}
	free(bytes);
	return rc == 0 ? upload_commit(&up, e) : -1;
}

static char
byte_at(struct dest *d, int64_t at)
{
	CLEANUP_OBJECT struct object *o = NULL;
	int64_t size;
	struct err e;
	char c = 0;

	assert_int_equal(object_open(&o, &size, d, "shop/a", &e), 0);
	assert_true(size == (int64_t)PARTS * PART);
	assert_int_equal(object_read(o, at, &c, 1, &e), 1);
	return c;
}

/* The stub answers none of three before it has all of them. */
static void
three_parts_travel_at_once_and_lie_in_their_order(void **state)
{
	CLEANUP_DEST struct dest *d = NULL;
	struct err e = { 0 };

	(void)state;
	open_world_patiently(&d, "together-3-parts");
	if (store_parts(d, PARTS, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(most_at_once("together-3-parts"), 3);
	dest_closep(&d);
	/* Seen with other eyes: of this world nothing waits. */
	open_world(&d, "none-0-parts");
	assert_int_equal(store_parts(d, PARTS, &e), 0);
	for (int i = 0; i < PARTS; i++) {
		assert_int_equal(byte_at(d, (int64_t)i * PART), 'a' + i);
		assert_int_equal(byte_at(d, (int64_t)(i + 1) * PART - 1), 'a' + i);
	}
}

static void
expect_nothing_there(struct dest *d, const char *world)
{
	CLEANUP_BUF struct buf got = BUF_INIT;
	struct err e;

	assert_int_equal(dest_each_object(d, "", gather, &got, &e), 0);
	assert_string_equal(got.p, "");
	assert_int_equal(left(world), 0);
}

/* The others hang for a minute, and would be given up after half of one. */
static void
T22_a_part_that_is_refused_breaks_off_those_beside_it(void **state)
{
	static const char *const worlds[] = { "nopart-1-x", "nopart-3-x" };
	static const int parts[] = { 1, 3 };
	struct err e;

	(void)state;
	for (int i = 0; i < 2; i++) {
		CLEANUP_DEST struct dest *d = NULL;
		int64_t began = clock_mono();
		char part[64];

		open_world_patiently(&d, worlds[i]);
		assert_int_equal(store_parts(d, PARTS, &e), -1);
		snprintf(part, sizeof part, "write 'shop/a': part %d: 127.0.0.1:", parts[i]);
		if (strstr(e.text, part) == NULL ||
		    strstr(e.text, "answered 500 InternalError: as it was told") == NULL)
			fail_msg("%s", e.text);
		assert_true(clock_mono() - began < 15000);
		expect_nothing_there(d, worlds[i]);
	}
}

static void
PEER_17_an_abort_breaks_off_what_travels(void **state)
{
	CLEANUP_DEST struct dest *d = NULL;
	struct upload *up;
	int64_t began = clock_mono();
	char *bytes = calloc(3, PART);
	struct err e;

	(void)state;
	open_world_patiently(&d, "nopart-9-x");
	assert_int_equal(dest_begin(&up, d, "shop/a", 7, &e), 0);
	assert_int_equal(upload_write(up, bytes, 3 * PART, &e), 0);
	upload_abortp(&up);
	assert_true(clock_mono() - began < 15000);
	expect_nothing_there(d, "nopart-9-x");
	free(bytes);
}

/* Six blocks of 2 MiB behind those that grow up to them. */
enum { LONG = (3968 << 10) + 6 * (2 << 20), SIP = 60000 };

static void
expect_bytes(struct object *o, const char *bytes, int64_t from, int64_t to)
{
	char sip[SIP];
	struct err e = { 0 };

	for (int64_t at = from; at < to; at += SIP) {
		size_t n = to - at < SIP ? (size_t)(to - at) : SIP;

		if (object_read(o, at, sip, n, &e) != (ssize_t)n)
			fail_msg("%s", e.text);
		assert_memory_equal(sip, bytes + at, n);
	}
}

static void
who_reads_on_has_three_ranges_on_their_way(void **state)
{
	CLEANUP_DEST struct dest *d = NULL;
	CLEANUP_OBJECT struct object *o = NULL;
	CLEANUP_UPLOAD struct upload *up = NULL;
	char *bytes = malloc(LONG);
	int64_t size;
	struct err e;

	(void)state;
	rand_bytes(bytes, LONG);
	open_world_patiently(&d, "ranges-3-x");
	assert_int_equal(dest_begin(&up, d, "shop/a", 7, &e), 0);
	assert_int_equal(upload_write(up, bytes, LONG, &e), 0);
	assert_int_equal(upload_commit(&up, &e), 0);
	assert_int_equal(object_open(&o, &size, d, "shop/a", &e), 0);
	expect_bytes(o, bytes, 0, LONG);
	assert_int_equal(most_at_once("ranges-3-x"), 3);
	assert_int_equal(object_read(o, LONG, bytes, 1, &e), 0);
	free(bytes);
}

/* What is on its way then is broken off: it would come after a minute. */
static void
who_jumps_or_leaves_does_not_wait_for_what_is_on_its_way(void **state)
{
	CLEANUP_DEST struct dest *d = NULL;
	CLEANUP_OBJECT struct object *o = NULL;
	CLEANUP_UPLOAD struct upload *up = NULL;
	char *bytes = malloc(LONG);
	int64_t size, began;
	struct err e;

	(void)state;
	rand_bytes(bytes, LONG);
	open_world_patiently(&d, "ranges-99-x");
	assert_int_equal(dest_begin(&up, d, "shop/a", 7, &e), 0);
	assert_int_equal(upload_write(up, bytes, LONG, &e), 0);
	assert_int_equal(upload_commit(&up, &e), 0);
	assert_int_equal(object_open(&o, &size, d, "shop/a", &e), 0);
	began = clock_mono();
	expect_bytes(o, bytes, 0, 3968 << 10);
	expect_bytes(o, bytes, 100, 3968 << 10);
	object_closep(&o);
	assert_true(clock_mono() - began < 15000);
	free(bytes);
}

/* -- advice -- */

static const char *
advice_of(const char *bucket)
{
	CLEANUP_DEST struct dest *d = NULL;
	struct storage s = swift_storage(&stub, "advice");
	struct err e;

	s.bucket.bucket = bucket;
	s.pause_ms = 2;
	assert_int_equal(dest_open(&d, &s, &e), 0);
	return dest_advice(d);
}

static void
T23_a_bucket_without_any_rule_is_advised_one_and_others_are_left_in_peace(void **state)
{
	(void)state;
	assert_non_null(strstr(advice_of("bare-0-x"), "AbortIncompleteMultipartUpload"));
	assert_string_equal(advice_of("ruled-0-x"), "");
	assert_string_equal(advice_of("old-0-x"), "");
	assert_string_equal(advice_of("denied-0-x"), "");
	assert_string_equal(advice_of("reset-0-x"), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(T22_what_passes_is_tried_again_wherever_it_strikes),
		cmocka_unit_test(T22_what_lasts_fails_with_the_storages_words),
		cmocka_unit_test(T22_the_control_believes_what_it_is_told),
		cmocka_unit_test(T22_silence_and_dripping_are_given_up_and_tried_again),
		cmocka_unit_test(T22_a_storage_that_is_not_there_is_out_of_reach),
		cmocka_unit_test(lists_go_on_from_page_to_page),
		cmocka_unit_test(three_parts_travel_at_once_and_lie_in_their_order),
		cmocka_unit_test(T22_a_part_that_is_refused_breaks_off_those_beside_it),
		cmocka_unit_test(PEER_17_an_abort_breaks_off_what_travels),
		cmocka_unit_test(who_reads_on_has_three_ranges_on_their_way),
		cmocka_unit_test(who_jumps_or_leaves_does_not_wait_for_what_is_on_its_way),
		cmocka_unit_test(
		    T23_a_bucket_without_any_rule_is_advised_one_and_others_are_left_in_peace),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
