/* dst_s3_test.c: a storage in a bucket of a real server, which checks signatures and digests. */
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
#include <sys/time.h>
#include <sys/wait.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/rand.h"
#include "lib/util/s3.h"
#include "tests/unit/swift_server.h"
#include "worker/dest/dest.h"
#include "worker/dest/s3_list.h"
#include "worker/dest/s3_parts.h"

enum { MIB = 1 << 20, BIG = 20 * MIB + 12345 };

struct place {
	struct swift swift;
	struct storage storage;
	char prefix[16];
	struct dest *dest;
	struct s3 *s3;
};
static struct place place;

static int
start(void **state)
{
	(void)state;
	swift_start(&place.swift);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	swift_stop(&place.swift);
	return 0;
}

/* Each test has a prefix of its own in the one bucket. */
static int
set_up(void **state)
{
	static int tests;
	struct s3_place at;
	struct err e;

	snprintf(place.prefix, sizeof place.prefix, "in/t%d", ++tests);
	place.storage = swift_storage(&place.swift, place.prefix);
	at = swift_place(&place.storage);
	assert_int_equal(dest_open(&place.dest, &place.storage, &e), 0);
	assert_int_equal(s3_new(&place.s3, &at, &e), 0);
	*state = &place;
	return 0;
}

static int
tear_down(void **state)
{
	struct place *p = *state;

	dest_closep(&p->dest);
	s3_free(p->s3);
	return 0;
}

static void
put_bytes(struct place *p, const char *key, const void *bytes, size_t n)
{
	CLEANUP_UPLOAD struct upload *up = NULL;
	struct err e = { 0 };

	if (dest_begin(&up, p->dest, key, 7, &e) != 0 || upload_write(up, bytes, n, &e) != 0 ||
	    upload_commit(&up, &e) != 0)
		fail_msg("%s", e.text);
}

static void
put(struct place *p, const char *key, const char *text)
{
	put_bytes(p, key, text, strlen(text));
}

static int
count_one(void *arg, const struct dest_entry *entry, struct err *e)
{
	(void)e;
	assert_true(entry->changed_at > 1600000000000);
	buf_printf(arg, "%s=%lld ", entry->key, (long long)entry->bytes);
	return 0;
}

static void
expect_list(struct place *p, const char *prefix, const char *want)
{
	CLEANUP_BUF struct buf list = BUF_INIT;
	struct err e = { 0 };

	if (dest_each_object(p->dest, prefix, count_one, &list, &e) != 0)
		fail_msg("%s", e.text);
	assert_string_equal(list.p, want);
}

static char *
noise(size_t n)
{
	char *p = malloc(n);

	assert_non_null(p);
	rand_bytes(p, n);
	return p;
}

static void
stores_and_reads_back(void **state)
{
	CLEANUP_OBJECT struct object *o = NULL;
	char text[16] = "";
	int64_t bytes;
	struct err e;

	put(*state, "shop/live/b1-x.json", "hello");
	assert_int_equal(object_open(&o, &bytes, place.dest, "shop/live/b1-x.json", &e), 0);
	assert_int_equal(bytes, 5);
	assert_int_equal(object_read(o, 1, text, sizeof text, &e), 4);
	assert_string_equal(text, "ello");
	assert_int_equal(object_read(o, 5, text, sizeof text, &e), 0);
	put(*state, "shop/empty", "");
	expect_list(*state, "", "shop/empty=0 shop/live/b1-x.json=5 ");
	expect_list(*state, "shop/live", "shop/live/b1-x.json=5 ");
	expect_list(*state, "shop/li", "");
}

static void
what_is_not_there_is_not_found_and_may_be_removed(void **state)
{
	struct place *p = *state;
	struct object *o;
	int64_t bytes;
	struct err e;

	assert_int_equal(object_open(&o, &bytes, p->dest, "shop/none", &e), -1);
	assert_int_equal(e.kind, ERR_NOT_FOUND);
	assert_string_equal(e.text, "storage cloud has no 'shop/none'");
	assert_int_equal(dest_remove(p->dest, "shop/none", &e), 0);
	assert_int_equal(dest_sweep(p->dest, "shop/none", 5, &e), 0);
	put(p, "shop/one", "x");
	assert_int_equal(dest_remove(p->dest, "shop/one", &e), 0);
	expect_list(p, "", "");
	assert_int_equal(dest_space(&bytes, p->dest, &e), 0);
	assert_true(bytes == DEST_NO_LIMIT);
}

static void
a_long_object_goes_in_parts_and_nobody_sees_it_before(void **state)
{
	struct place *p = *state;
	CLEANUP_UPLOAD struct upload *up = NULL;
	CLEANUP_OBJECT struct object *o = NULL;
	char *bytes = noise(BIG), *back = malloc(BIG);
	int64_t size;
	struct err e;

	assert_int_equal(dest_begin(&up, p->dest, "shop/big", 7, &e), 0);
	for (size_t at = 0; at < BIG; at += 777777)
		assert_int_equal(upload_write(up, bytes + at,
		                     BIG - at < 777777 ? BIG - at : 777777, &e), 0);
	assert_int_equal(swift_uploads(p->s3, "shop/big"), 1);
	assert_int_equal(object_open(&o, &size, p->dest, "shop/big", &e), -1);
	assert_int_equal(upload_commit(&up, &e), 0);
	assert_int_equal(swift_uploads(p->s3, "shop/big"), 0);
	expect_list(p, "", "shop/big=20983865 ");
	assert_int_equal(object_open(&o, &size, p->dest, "shop/big", &e), 0);
	for (size_t at = 0; at < BIG; at += 512 << 10)
		assert_true(object_read(o, (int64_t)at, back + at, 512 << 10, &e) > 0);
	assert_memory_equal(back, bytes, BIG);
	/* A jump, across what was read ahead. */
	assert_int_equal(object_read(o, 9 * MIB - 100, back, 5 * MIB, &e), 5 * MIB);
	assert_memory_equal(back, bytes + 9 * MIB - 100, 5 * MIB);
	free(bytes);
	free(back);
}

/* Two uploads of one storage with several parts on their way share what it may take. */
static void
a_limit_holds_for_all_that_travels_together(void **state)
{
	struct place *p = *state;
	CLEANUP_DEST struct dest *d = NULL;
	struct storage s = p->storage;
	char file[96], *bytes = noise(20 * MIB);
	int64_t began = clock_mono();
	struct upload *up[2];
	struct err e;

	snprintf(file, sizeof file, "%s/pace", p->swift.folder);
	s.pace_file = file;
	s.write_rate = 32 * MIB;
	assert_int_equal(dest_open(&d, &s, &e), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(dest_begin(&up[i], d, i == 0 ? "a" : "b", 7, &e), 0);
	for (size_t at = 0; at < 20 * MIB; at += MIB)
		for (int i = 0; i < 2; i++)
			assert_int_equal(upload_write(up[i], bytes + at, MIB, &e), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(upload_commit(&up[i], &e), 0);
	/* 40 MiB at 32 MiB a second, of which the first quarter is to its credit. */
	assert_true(clock_mono() - began >= 1000);
	expect_list(p, "", "a=20971520 b=20971520 ");
	free(bytes);
}

static void
an_object_of_exactly_one_part_is_one_request(void **state)
{
	struct place *p = *state;
	CLEANUP_UPLOAD struct upload *up = NULL;
	char *bytes = noise(5 * MIB);
	struct err e;

	assert_int_equal(dest_begin(&up, p->dest, "shop/one", 7, &e), 0);
	assert_int_equal(upload_write(up, bytes, 5 * MIB, &e), 0);
	assert_int_equal(swift_uploads(p->s3, "shop/one"), 0);
	assert_int_equal(upload_write(up, "", 0, &e), 0);
	assert_int_equal(upload_commit(&up, &e), 0);
	expect_list(p, "", "shop/one=5242880 ");
	free(bytes);
}

static void
parts_grow_so_that_a_terabyte_fits(void **state)
{
	int64_t all = 0;

	(void)state;
	assert_int_equal(s3_parts_size(0), 5 * MIB);
	for (int i = 0; i < 10000; i++)
		all += (int64_t)s3_parts_size(i);
	assert_true(all > 1000000000000);
	/* At 15 GB still as small as at the beginning. */
	assert_int_equal(s3_parts_size(2999), 5 * MIB);
	assert_int_equal(s3_parts_size(3000), 10 * MIB);
}

/* PEER-17 */
static void
an_aborted_upload_leaves_nothing(void **state)
{
	struct place *p = *state;
	char *bytes = noise(9 * MIB);
	struct err e;

	for (size_t n = 4; n < 9 * MIB; n += 9 * MIB - 5) {
		CLEANUP_UPLOAD struct upload *up = NULL;

		assert_int_equal(dest_begin(&up, p->dest, "shop/a", 7, &e), 0);
		assert_int_equal(upload_write(up, bytes, n, &e), 0);
		expect_list(p, "", n == 4 ? "shop/.a.7.tmp=0 " : "shop/.a.7.tmp=48 ");
		assert_int_equal(swift_uploads(p->s3, "shop/a"), n == 4 ? 0 : 1);
	}
	expect_list(p, "", "");
	assert_int_equal(swift_uploads(p->s3, "shop/a"), 0);
	free(bytes);
}

/* Of three holders the lowest two are swept: they commit nothing, the third does. */
static void
a_sweep_stops_lower_fences_and_nothing_else(void **state)
{
	struct place *p = *state;
	char *bytes = noise(9 * MIB);
	struct upload *small, *old, *now;
	struct err e = { 0 };

	assert_int_equal(dest_begin(&small, p->dest, "shop/a", 5, &e), 0);
	assert_int_equal(upload_write(small, "small", 5, &e), 0);
	assert_int_equal(dest_begin(&old, p->dest, "shop/a", 6, &e), 0);
	assert_int_equal(upload_write(old, bytes, 9 * MIB, &e), 0);
	assert_int_equal(dest_begin(&now, p->dest, "shop/a", 9, &e), 0);
	assert_int_equal(upload_write(now, bytes, 9 * MIB, &e), 0);
	put(p, "shop/a.other", "not touched");
	assert_int_equal(swift_uploads(p->s3, "shop/a"), 2);
	if (dest_sweep(p->dest, "shop/a", 7, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(swift_uploads(p->s3, "shop/a"), 1);
	assert_int_equal(upload_commit(&small, &e), -1);
	assert_int_equal(e.kind, ERR_FENCED);
	assert_int_equal(upload_commit(&old, &e), -1);
	assert_int_equal(e.kind, ERR_FENCED);
	if (upload_commit(&now, &e) != 0)
		fail_msg("%s", e.text);
	expect_list(p, "", "shop/a=9437184 shop/a.other=11 ");
	free(bytes);
}

static void
removing_takes_unfinished_uploads_of_any_fence_along(void **state)
{
	struct place *p = *state;
	char *bytes = noise(9 * MIB);
	struct upload *left;
	struct err e;

	put(p, "shop/a", "whole");
	assert_int_equal(dest_begin(&left, p->dest, "shop/a", 1000, &e), 0);
	assert_int_equal(upload_write(left, bytes, 9 * MIB, &e), 0);
	assert_int_equal(dest_remove(p->dest, "shop/a", &e), 0);
	assert_int_equal(swift_uploads(p->s3, "shop/a"), 0);
	expect_list(p, "", "");
	upload_abortp(&left);
	expect_list(p, "", "");
	free(bytes);
}

struct reading {
	struct object *o;
	const char *bytes;
	unsigned seed;
	bool good;
};

static void *
read_about(void *arg)
{
	struct reading *r = arg;
	char *back = malloc(MIB);
	struct err e;

	r->good = true;
	for (int i = 0; i < 20; i++) {
		r->seed = r->seed * 1103515245 + 12345;
		int64_t at = r->seed % (3 * MIB);
		ssize_t n = object_read(r->o, at, back, 70000, &e);

		r->good = r->good && n == (at + 70000 > 3 * MIB ? 3 * MIB - at : 70000) &&
		    memcmp(back, r->bytes + at, (size_t)n) == 0;
	}
	free(back);
	return NULL;
}

static void
is_read_by_several_threads_at_once(void **state)
{
	struct place *p = *state;
	CLEANUP_OBJECT struct object *o = NULL;
	char *bytes = noise(3 * MIB);
	struct reading r[4];
	pthread_t t[4];
	int64_t size;
	struct err e;

	put_bytes(p, "shop/a", bytes, 3 * MIB);
	assert_int_equal(object_open(&o, &size, p->dest, "shop/a", &e), 0);
	for (unsigned i = 0; i < 4; i++) {
		r[i] = (struct reading){ .o = o, .bytes = bytes, .seed = i };
		assert_int_equal(pthread_create(&t[i], NULL, read_about, &r[i]), 0);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(t[i], NULL);
		assert_true(r[i].good);
	}
	free(bytes);
}

/* A worker that is killed: at a named place, or so many ms after its first byte. */
static void
upload_and_die(struct place *p, const char *key, const char *fault, int ms)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		CLEANUP_DEST struct dest *d = NULL;
		struct upload *up;
		char *bytes = noise(20 * MIB);
		struct err e;

		if (fault != NULL)
			setenv("LAZARETTE_FAULT", fault, 1);
		if (ms > 0)
			setitimer(ITIMER_REAL, &(struct itimerval){ .it_value = {
			    .tv_usec = ms * 1000 } }, NULL);
		if (dest_open(&d, &p->storage, &e) != 0 ||
		    dest_begin(&up, d, key, 7, &e) != 0 ||
		    upload_write(up, bytes, 20 * MIB, &e) != 0 || upload_commit(&up, &e) != 0)
			_exit(1);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	/* Killed, or done before its time was up; never failed. */
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
}

static void
left_whole(struct place *p, const char *key, int *whole)
{
	struct object *o = NULL;
	int64_t size;
	struct err e;

	if (object_open(&o, &size, p->dest, key, &e) == 0) {
		assert_true(size == 20 * MIB);
		object_closep(&o);
		++*whole;
		assert_int_equal(dest_remove(p->dest, key, &e), 0);
	}
	expect_list(p, "", "");
}

static void
T23_what_a_killed_worker_left_is_gone_after_one_sweep(void **state)
{
	static const char *const places[] = { "s3.begun:kill", "s3.part:kill", "s3.part:kill:2",
		"s3.commit:kill", "s3.committed:kill" };
	struct place *p = *state;
	int left = 0, whole = 0, strikes = getenv("ALL") != NULL ? 200 : 10;
	struct err e = { 0 };
	char key[32];

	for (int i = 0; i < strikes; i++) {
		snprintf(key, sizeof key, "shop/k%d", i);
		upload_and_die(p, key, i < 5 ? places[i] : NULL, i < 5 ? 0 : 1 + i * 37 % 400);
		left += swift_uploads(p->s3, key);
		if (dest_sweep(p->dest, key, 8, &e) != 0)
			fail_msg("%s", e.text);
		assert_int_equal(swift_uploads(p->s3, key), 0);
		/* Whole, or not there. */
		left_whole(p, key, &whole);
	}
	/* The control: there was something to sweep. */
	assert_true(left >= 4 && whole >= 1);
}

/* SCU-14: the storage's own words, with the status. */
static void
a_wrong_key_says_so_in_the_storages_words(void **state)
{
	struct place *p = *state;
	struct storage bad = p->storage;
	struct dest *d;
	struct upload *up;
	struct err e;

	bad.secret = "wrong";
	assert_int_equal(dest_open(&d, &bad, &e), 0);
	assert_int_equal(dest_begin(&up, d, "shop/a", 1, &e), -1);
	assert_int_equal(e.kind, ERR_DENIED);
	assert_non_null(strstr(e.text, "storage cloud: begin 'shop/a': 127.0.0.1:"));
	assert_non_null(strstr(e.text, "answered 403 SignatureDoesNotMatch: The request"));
	assert_non_null(strstr(e.text, "Check the key id and the secret key"));
	assert_null(strstr(e.text, "wrong"));
	dest_close(d);
	bad = p->storage;
	bad.bucket.bucket = "not-there";
	assert_int_equal(dest_open(&d, &bad, &e), 0);
	assert_int_equal(dest_begin(&up, d, "shop/a", 1, &e), -1);
	assert_non_null(strstr(e.text, "404 NoSuchBucket"));
	assert_int_equal(e.kind, ERR_INPUT);
	dest_close(d);
}

static void
a_storage_of_another_instance_is_refused(void **state)
{
	struct place *p = *state;
	struct err e;

	assert_int_equal(dest_claim(p->dest, "0198-mine", false, &e), -1);
	assert_int_equal(e.kind, ERR_BUSY);
	if (dest_claim(p->dest, "0198-mine", true, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(dest_claim(p->dest, "0198-mine", false, &e), 0);
	assert_int_equal(dest_claim(p->dest, "0198-other", true, &e), -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(stores_and_reads_back),
		T(what_is_not_there_is_not_found_and_may_be_removed),
		T(a_long_object_goes_in_parts_and_nobody_sees_it_before),
		T(a_limit_holds_for_all_that_travels_together),
		T(an_object_of_exactly_one_part_is_one_request),
		T(parts_grow_so_that_a_terabyte_fits),
		T(an_aborted_upload_leaves_nothing),
		T(a_sweep_stops_lower_fences_and_nothing_else),
		T(removing_takes_unfinished_uploads_of_any_fence_along),
		T(T23_what_a_killed_worker_left_is_gone_after_one_sweep),
		T(is_read_by_several_threads_at_once),
		T(a_wrong_key_says_so_in_the_storages_words),
		T(a_storage_of_another_instance_is_refused),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
