/* pace_test.c: how fast bytes go to a storage and come from it, by all jobs together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/attr.h"
#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/model/project.h"
#include "lib/model/storage.h"
#include "worker/dest/dest.h"
#include "worker/dest/pace.h"

enum { KIB = 1024, RATE = 1024 * KIB, SECOND = 1000 * 1000, CREDIT_MS = 250 };

static char home[] = "/tmp/pace_test.XXXXXX";
static char file[64], store[64];

static int
set_up(void **state UNUSED)
{
	if (mkdtemp(home) == NULL)
		return -1;
	snprintf(file, sizeof file, "%s/pace", home);
	snprintf(store, sizeof store, "%s/store", home);
	return fd_make_path(store, &(struct err){ 0 });
}

static int
tear_down(void **state UNUSED)
{
	char command[64];

	snprintf(command, sizeof command, "rm -rf %s", home);
	return system(command);
}

static void
who_comes_waits_until_all_before_have_gone(void **state UNUSED)
{
	_Atomic int64_t next = 0;
	int64_t now = 1000 * SECOND;

	/* What was not used before is at most a quarter of a second. */
	assert_int_equal(pace_take(&next, now, SECOND), now + SECOND - SECOND / 4);
	for (int i = 1; i <= 10; i++)
		assert_int_equal(pace_take(&next, now, SECOND),
		    now + (i + 1) * SECOND - SECOND / 4);
	/* A machine that has started again counts from zero. */
	assert_int_equal(pace_take(&next, 5 * SECOND, SECOND), 6 * SECOND - SECOND / 4);
}

static void
what_waits_is_cut_into_moments(void **state UNUSED)
{
	const int64_t rate[PACE_WAYS] = { RATE, 0 };
	struct pace *p;
	struct err e;

	assert_int_equal(pace_open(&p, file, rate, &e), 0);
	assert_int_equal(pace_slice(p, PACE_WRITE, 10 << 20), RATE / 4);
	assert_int_equal(pace_slice(p, PACE_WRITE, 10), 10);
	assert_int_equal(pace_slice(p, PACE_READ, 10 << 20), 10 << 20);
	assert_int_equal(pace_slice(NULL, PACE_WRITE, 10 << 20), 10 << 20);
	pace_close(p);
	assert_int_equal(unlink(file), 0);
}

/* One job: moves so many bytes and ends. */
static pid_t
mover(size_t bytes)
{
	const int64_t rate[PACE_WAYS] = { RATE, RATE };
	pid_t pid = fork();
	struct pace *p;
	struct err e;

	if (pid != 0)
		return pid;
	if (pace_open(&p, file, rate, &e) != 0)
		_exit(1);
	for (size_t done = 0; done < bytes; done += 64 * KIB)
		pace_wait(p, PACE_WRITE, 64 * KIB);
	_exit(0);
}

static int64_t
time_of(int jobs, size_t bytes)
{
	int64_t since = clock_mono();
	int status;

	for (int i = 0; i < jobs; i++)
		assert_true(mover(bytes) > 0);
	for (int i = 0; i < jobs; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	unlink(file);
	return clock_lap(&since);
}

static void
jobs_share_one_limit(void **state UNUSED)
{
	/* Three quarters of a second's worth each: four of them take three seconds less the
	 * credit; if each had the limit for itself, none would take one. */
	assert_true(time_of(4, 768 * KIB) >= 3000 - CREDIT_MS - 10);
	setenv("LAZARETTE_FAULT_CONTROL", "no_pace", 1);
	assert_true(time_of(4, 768 * KIB) < 1000);
	unsetenv("LAZARETTE_FAULT_CONTROL");
}

/* How far the shared moment has moved on, in µs, is what was counted, whatever time it took. */
static int64_t
moment(enum pace_way way)
{
	int64_t next[PACE_WAYS] = { 0 };
	FILE *f = fopen(file, "rb");

	assert_non_null(f);
	assert_int_equal(fread(next, sizeof next, 1, f), 1);
	fclose(f);
	return next[way];
}

static void
every_byte_of_a_storage_counts(void **state UNUSED)
{
	const struct storage s = { .slug = "main", .kind = "local", .path = store,
		.pace_file = file, .write_rate = 64 << 20, .read_rate = 32 << 20 };
	enum { N = 24 << 20 };
	char *bytes = calloc(1, N);
	int64_t first, size;
	struct object *o;
	struct upload *up;
	struct dest *d;
	struct err e;

	assert_int_equal(dest_open(&d, &s, &e), 0);
	assert_int_equal(dest_begin(&up, d, "a", 1, &e), 0);
	assert_int_equal(upload_write(up, bytes, 1, &e), 0);
	first = moment(PACE_WRITE);
	assert_int_equal(upload_write(up, bytes, N, &e), 0);
	assert_true(moment(PACE_WRITE) - first >= (int64_t)N * SECOND / (64 << 20));
	assert_int_equal(upload_commit(&up, &e), 0);
	assert_int_equal(moment(PACE_READ), 0);
	assert_int_equal(object_open(&o, &size, d, "a", &e), 0);
	assert_int_equal(size, N + 1);
	assert_int_equal(object_read(o, 0, bytes, 1, &e), 1);
	first = moment(PACE_READ);
	assert_int_equal(object_read(o, 0, bytes, N, &e), N);
	assert_true(moment(PACE_READ) - first >= (int64_t)N * SECOND / (32 << 20));
	/* Beyond the end there is nothing to wait for twice. */
	assert_int_equal(object_read(o, N, bytes, 10, &e), 1);
	object_closep(&o);
	dest_close(d);
	free(bytes);
	assert_int_equal(unlink(file), 0);
}

static void
rates_are_read_and_said(void **state UNUSED)
{
	static const struct {
		const char *typed, *said;
		int64_t rate;
	} good[] = {
		{ "", "", 0 }, { "  ", "", 0 }, { "10 MiB/s", "10 MiB/s", 10 << 20 },
		{ "10MiB", "10 MiB/s", 10 << 20 }, { " 64 KiB/s ", "64 KiB/s", 64 << 10 },
		{ "1500 kB/s", "1500 kB/s", 1500000 }, { "2 GB/s", "2 GB/s", 2000000000 },
		{ "1024 KiB/s", "1 MiB/s", 1 << 20 }, { "65537 B/s", "65537 B/s", 65537 },
	};
	static const char *const bad[] = { "10", "fast", "10 Mbit/s", "-1 MiB/s", "1 KiB/s",
		"0 MiB/s", "1.5 MiB/s", "10 MiB/s!", "99999999 MiB/s", "10 MiB/min" };
	char text[STORAGE_RATE_TEXT];
	int64_t rate;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		assert_true(storage_parse_rate(&rate, good[i].typed));
		assert_int_equal(rate, good[i].rate);
		storage_rate_text(text, rate);
		assert_string_equal(text, good[i].said);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(storage_parse_rate(&rate, bad[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_comes_waits_until_all_before_have_gone),
		cmocka_unit_test(what_waits_is_cut_into_moments),
		cmocka_unit_test(jobs_share_one_limit),
		cmocka_unit_test(every_byte_of_a_storage_counts),
		cmocka_unit_test(rates_are_read_and_said),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
