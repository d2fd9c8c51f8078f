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

/* Unfinished uploads, asked for by a client of its own. */
static int
left(const char *prefix)
{
	struct storage s = swift_storage(&stub, prefix);
	struct s3_place at = swift_place(&s);
	struct s3 *s3;
	struct err e;
	int n;

	assert_int_equal(s3_new(&s3, &at, &e), 0);
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
		cmocka_unit_test(
		    T23_a_bucket_without_any_rule_is_advised_one_and_others_are_left_in_peace),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
