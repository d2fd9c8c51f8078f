/* dst_sftp_test.c: a storage on a real OpenSSH server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "tests/unit/sshd_place.h"
#include "worker/dest/dst_sftp.h"

/* libcurl gives a server that hangs a second to say goodbye, and else drops what it had of it. */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:libssh2.so\nleak:libcurl.so\n";
}

static void
stores_and_reads_back(void **state)
{
	CLEANUP_OBJECT struct object *o = NULL;
	char text[16] = "", path[128];
	int64_t bytes;
	struct stat st;
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
	snprintf(path, sizeof path, "%s/shop", place.folder);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
}

static void
what_is_not_there_is_not_found_and_may_be_removed(void **state)
{
	struct place *p = *state;
	struct object *o;
	int64_t bytes;
	struct err e;

	expect_list(p, "", "");
	assert_int_equal(object_open(&o, &bytes, p->dest, "shop/none", &e), -1);
	assert_int_equal(e.kind, ERR_NOT_FOUND);
	assert_string_equal(e.text, "storage nas has no 'shop/none'");
	assert_int_equal(dest_remove(p->dest, "shop/none", &e), 0);
	assert_int_equal(dest_sweep(p->dest, "shop/none", 5, &e), 0);
	put(p, "shop/one", "x");
	assert_int_equal(dest_remove(p->dest, "shop/one", &e), 0);
	expect_list(p, "", "");
	assert_int_equal(dest_space(&bytes, p->dest, &e), 0);
	assert_true(bytes > 0);
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
	expect_list(p, "", "shop/.big.7.tmp=16777216 ");
	assert_int_equal(object_open(&o, &size, p->dest, "shop/big", &e), -1);
	assert_int_equal(upload_commit(&up, &e), 0);
	expect_list(p, "", "shop/big=20983865 ");
	expect_bytes(p, "shop/big", bytes, BIG);
	assert_int_equal(object_open(&o, &size, p->dest, "shop/big", &e), 0);
	/* A jump, across what was read ahead. */
	assert_int_equal(object_read(o, 9 * MIB - 100, back, 5 * MIB, &e), 5 * MIB);
	assert_memory_equal(back, bytes + 9 * MIB - 100, 5 * MIB);
	free(bytes);
	free(back);
}

static void
what_is_written_again_takes_the_place_of_the_old(void **state)
{
	struct place *p = *state;

	put(p, "lazarette.json", "old and longer");
	put(p, "lazarette.json", "new");
	expect_list(p, "", "lazarette.json=3 ");
	expect_bytes(p, "lazarette.json", "new", 3);
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
		expect_list(p, "", n == 4 ? "shop/.a.7.tmp=0 " : "shop/.a.7.tmp=8388608 ");
	}
	expect_list(p, "", "");
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
	if (dest_sweep(p->dest, "shop/a", 7, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(upload_commit(&small, &e), -1);
	assert_int_equal(e.kind, ERR_FENCED);
	assert_int_equal(upload_commit(&old, &e), -1);
	assert_int_equal(e.kind, ERR_FENCED);
	if (upload_commit(&now, &e) != 0)
		fail_msg("%s", e.text);
	expect_list(p, "", "shop/a.other=11 shop/a=9437184 ");
	free(bytes);
}

static void
removing_takes_unfinished_uploads_of_any_fence_along(void **state)
{
	struct place *p = *state;
	struct upload *left;
	struct err e;

	put(p, "shop/a", "whole");
	assert_int_equal(dest_begin(&left, p->dest, "shop/a", 1000, &e), 0);
	assert_int_equal(dest_remove(p->dest, "shop/a", &e), 0);
	expect_list(p, "", "");
	upload_abortp(&left);
	expect_list(p, "", "");
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
	for (int i = 0; i < 10; i++) {
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
	char *bytes = noise(3 * MIB);
	struct reading r[4];
	pthread_t t[4];
	int64_t size;
	struct err e;

	put_bytes(p, "shop/a", bytes, 3 * MIB);
	for (unsigned i = 0; i < 4; i++) {
		r[i] = (struct reading){ .bytes = bytes, .seed = i };
		assert_int_equal(object_open(&r[i].o, &size, p->dest, "shop/a", &e), 0);
		assert_int_equal(pthread_create(&t[i], NULL, read_about, &r[i]), 0);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(t[i], NULL);
		assert_true(r[i].good);
		object_closep(&r[i].o);
	}
	free(bytes);
}

/* -- who may -- */

static void
fails(const struct storage *s, enum err_kind kind, const char *words)
{
	CLEANUP_DEST struct dest *d = NULL;
	struct object *o;
	int64_t bytes;
	struct err e = { 0 };

	if (dest_open(&d, s, &e) == 0)
		assert_int_equal(object_open(&o, &bytes, d, "a", &e), -1);
	if (e.kind != kind || strstr(e.text, words) == NULL)
		fail_msg("%d: %s", (int)e.kind, e.text);
	assert_null(strstr(e.text, "PRIVATE"));
	assert_null(strstr(e.text, "secret word"));
}

/* SCU-14 */
static void
a_wrong_key_and_a_wrong_password_are_refused_in_words(void **state)
{
	struct place *p = *state;
	struct storage bad = p->storage;
	char host[2000];

	/* Some private key, but not one that is let in. */
	sshd_file(&p->sshd, "host", host, sizeof host);
	bad.secret = host;
	fails(&bad, ERR_DENIED, "127.0.0.1 does not accept the private key for the account root");
	bad.secret = "no key at all";
	fails(&bad, ERR_DENIED, "does not accept the private key");
	bad.server.auth = "password";
	bad.secret = "secret word";
	fails(&bad, ERR_DENIED, "127.0.0.1 does not accept the password for the account root");
}

static void
a_password_is_enough(void **state)
{
	struct place *p = *state;
	CLEANUP_DEST struct dest *d = NULL;
	struct storage s = p->storage;
	struct err e = { 0 };
	struct upload *up;

	s.server.auth = "password";
	s.secret = "right";
	assert_int_equal(dest_open(&d, &s, &e), 0);
	if (dest_begin(&up, d, "a", 1, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(upload_commit(&up, &e), 0);
	expect_list(p, "", "a=0 ");
}

static void
nothing_is_sent_before_the_servers_key_is_confirmed(void **state)
{
	struct place *p = *state;
	struct storage s = p->storage;
	char met[SFTP_KEY_TEXT];
	struct err e;

	s.server.host_key = "";
	fails(&s, ERR_DENIED, "nobody has confirmed the key of 127.0.0.1 yet");
	assert_int_equal(dst_sftp_meet(met, &s, &e), 0);
	assert_string_equal(met, p->sshd.host_key);
	s.server.host_key = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	fails(&s, ERR_DENIED, "nothing was sent to it");
	s.server.port = 1;
	assert_int_equal(dst_sftp_meet(met, &s, &e), -1);
	assert_int_equal(e.kind, ERR_BUSY);
}

static void
a_place_that_may_not_be_written_says_so(void **state)
{
	struct place *p = *state;
	CLEANUP_DEST struct dest *d = NULL;
	struct storage s = p->storage;
	struct err e = { 0 };

	s.server.folder = "/proc/nowhere";
	assert_int_equal(dest_open(&d, &s, &e), 0);
	struct place there = *p;

	there.dest = d;
	assert_int_equal(try_put(&there, "a", "x", 1, &e), -1);
	assert_true(strstr(e.text, "storage nas: begin 'a': 127.0.0.1") == e.text);
}

/* -- what breaks -- */

/* Every place where a wire can break, and that nothing half counts as stored. */
static void
T24_a_wire_that_breaks_once_costs_a_try_and_no_byte(void **state)
{
	struct place *p = *state;
	static const long places[] = { 1, 500, 2500, 4000, 5000, 6000, 100000, 3 * MIB,
		8 * MIB + 30000, 9 * MIB, 17 * MIB, 20 * MIB + 50000 };
	char *bytes = noise(BIG);
	char key[24];

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		struct err e = { 0 };

		snprintf(key, sizeof key, "shop/k%zu", i);
		dest_closep(&p->dest);
		assert_int_equal(dest_open(&p->dest, &p->storage, &e), 0);
		sshd_cut(&p->sshd, places[i], 1, "");
		if (try_put(p, key, bytes, BIG, &e) != 0)
			fail_msg("at byte %ld: %s", places[i], e.text);
		expect_bytes(p, key, bytes, BIG);
	}
	free(bytes);
}

/* The same byte by byte, nearly, through the few requests of a small object. */
static void
T24_no_request_of_an_upload_is_one_too_many(void **state)
{
	struct place *p = *state;
	int step = getenv("ALL") != NULL ? 7 : 61;
	char key[24];

	for (int at = 2000; at < 7000; at += step) {
		struct err e = { 0 };

		snprintf(key, sizeof key, "k%d/a", at);
		dest_closep(&p->dest);
		assert_int_equal(dest_open(&p->dest, &p->storage, &e), 0);
		sshd_cut(&p->sshd, at, 1, "");
		if (try_put(p, key, "hello", 5, &e) != 0)
			fail_msg("at byte %d: %s", at, e.text);
		sshd_cut(&p->sshd, 0, 0, "");
		/* A broken connection may make its temporary late; that is all it can do. */
		assert_int_equal(dest_sweep(p->dest, key, 8, &e), 0);
		snprintf(key, sizeof key, "k%d", at);
		struct listed l = { .n = 0 };

		assert_int_equal(dest_each_object(p->dest, key, list_one, &l, &e), 0);
		if (l.n != 1)
			fail_msg("at %d: %s %s", at, l.lines[0], l.lines[1]);
		assert_non_null(strstr(l.lines[0], "/a=5"));
	}
}

/* A worker that is killed at a named place. */
static void
upload_and_die(struct place *p, const char *key, const char *fault, const char *bytes)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct err e;

		setenv("LAZARETTE_FAULT", fault, 1);
		/* The connections of the parent are not ours. */
		if (dest_open(&p->dest, &p->storage, &e) != 0)
			_exit(1);
		_exit(try_put(p, key, bytes, BIG, &e) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
}

static void
T23_what_a_killed_worker_left_is_gone_after_one_sweep(void **state)
{
	static const struct {
		const char *fault, *left, *after;
	} places[] = {
		{ "sftp.part:kill", "k0/.a.7.tmp=8388608 ", "" },
		{ "sftp.part:kill:2", "k1/.a.7.tmp=16777216 ", "" },
		{ "sftp.commit:kill", "k2/.a.7.tmp=20983865 ", "" },
		{ "sftp.committed:kill", "k3/a=20983865 ", "k3/a=20983865 " },
	};
	struct place *p = *state;
	char *bytes = noise(BIG), key[16], folder[16];
	struct err e = { 0 };

	for (int i = 0; i < 4; i++) {
		snprintf(key, sizeof key, "k%d/a", i);
		snprintf(folder, sizeof folder, "k%d", i);
		upload_and_die(p, key, places[i].fault, bytes);
		/* The control: there is something to sweep. */
		expect_list(p, folder, places[i].left);
		if (dest_sweep(p->dest, key, 8, &e) != 0)
			fail_msg("%s", e.text);
		expect_list(p, folder, places[i].after);
	}
	free(bytes);
}

static void
T24_a_wire_that_stays_broken_fails_and_publishes_nothing(void **state)
{
	struct place *p = *state;
	char *bytes = noise(BIG);
	struct err e = { 0 };

	for (int silent = 0; silent < 2; silent++) {
		struct storage s = p->storage;

		s.stall_ms = 1000;
		s.tries = 2;
		dest_closep(&p->dest);
		assert_int_equal(dest_open(&p->dest, &s, &e), 0);
		sshd_cut(&p->sshd, 3 * MIB, 3, silent ? "hang" : "");
		assert_int_equal(try_put(p, "shop/a", bytes, BIG, &e), -1);
		if (e.kind != ERR_BUSY || strstr(e.text, "(tried 2 times)") == NULL)
			fail_msg("%s", e.text);
		sshd_cut(&p->sshd, 0, 0, "");
		expect_list(p, "", "");
	}
	free(bytes);
}

/* The control: without its own measuring a file that lost its end would be published. */
static void
T24_what_is_not_whole_there_is_not_published(void **state)
{
	struct place *p = *state;
	CLEANUP_UPLOAD struct upload *up = NULL;
	char path[160], *bytes = noise(9 * MIB);
	struct err e;

	for (int control = 0; control < 2; control++) {
		assert_int_equal(dest_begin(&up, p->dest, "shop/a", 7, &e), 0);
		assert_int_equal(upload_write(up, bytes, 8 * MIB, &e), 0);
		snprintf(path, sizeof path, "%s/shop/.a.7.tmp", p->folder);
		assert_int_equal(truncate(path, 4 * MIB), 0);
		if (control)
			setenv("LAZARETTE_FAULT_CONTROL", "sftp.unchecked", 1);
		assert_int_equal(upload_commit(&up, &e), control ? 0 : -1);
		unsetenv("LAZARETTE_FAULT_CONTROL");
		if (!control)
			assert_non_null(strstr(e.text, "it has 4194304 bytes there"));
		expect_list(p, "", control ? "shop/a=4194304 " : "");
	}
	free(bytes);
}

static void
a_full_disk_is_told_from_a_broken_wire(void **state)
{
	struct place *p = *state;
	char *bytes = noise(9 * MIB), small[96];
	struct storage s = p->storage;
	struct err e = { 0 };
	int64_t room;

	snprintf(small, sizeof small, "%s/small", p->sshd.folder);
	s.server.folder = small;
	dest_closep(&p->dest);
	assert_int_equal(dest_open(&p->dest, &s, &e), 0);
	assert_int_equal(dest_space(&room, p->dest, &e), 0);
	if (room > 2 * MIB) {
		free(bytes);
		skip();
	}
	assert_int_equal(try_put(p, "a", bytes, 9 * MIB, &e), -1);
	expect_list(p, "", "");
	if (e.kind != ERR_FULL || strstr(e.text, "the disk of 127.0.0.1 is full") == NULL)
		fail_msg("%s", e.text);
	free(bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		T(stores_and_reads_back),
		T(what_is_not_there_is_not_found_and_may_be_removed),
		T(a_long_object_goes_in_parts_and_nobody_sees_it_before),
		T(what_is_written_again_takes_the_place_of_the_old),
		T(an_aborted_upload_leaves_nothing),
		T(a_sweep_stops_lower_fences_and_nothing_else),
		T(removing_takes_unfinished_uploads_of_any_fence_along),
		T(is_read_by_several_threads_at_once),
		T(a_wrong_key_and_a_wrong_password_are_refused_in_words),
		T(a_password_is_enough),
		T(nothing_is_sent_before_the_servers_key_is_confirmed),
		T(a_place_that_may_not_be_written_says_so),
		T(T24_a_wire_that_breaks_once_costs_a_try_and_no_byte),
		T(T24_no_request_of_an_upload_is_one_too_many),
		T(T23_what_a_killed_worker_left_is_gone_after_one_sweep),
		T(T24_a_wire_that_stays_broken_fails_and_publishes_nothing),
		T(T24_what_is_not_whole_there_is_not_published),
		T(a_full_disk_is_told_from_a_broken_wire),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
