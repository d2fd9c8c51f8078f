/* sshd_place.h: a storage on a real OpenSSH server, a new one for each test. */
#ifndef TESTS_UNIT_SSHD_PLACE_H
#define TESTS_UNIT_SSHD_PLACE_H

#include "lib/base/buf.h"
#include "lib/base/rand.h"
#include "tests/unit/sshd_server.h"
#include "worker/dest/dest.h"

enum { MIB = 1 << 20, BIG = 20 * MIB + 12345 };

struct place {
	struct sshd sshd;
	struct storage storage;
	char folder[96];
	struct dest *dest;
};
static struct place place;

UNUSED static int
start(void **state UNUSED)
{
	sshd_start(&place.sshd);
	return 0;
}

UNUSED static int
stop(void **state UNUSED)
{
	sshd_stop(&place.sshd);
	return 0;
}

/* Each test has a folder of its own, which is not there yet. */
UNUSED static int
set_up(void **state)
{
	static int tests;
	struct err e;

	snprintf(place.folder, sizeof place.folder, "%s/t%d", place.sshd.store, ++tests);
	place.storage = sshd_storage(&place.sshd, place.folder);
	assert_int_equal(dest_open(&place.dest, &place.storage, &e), 0);
	*state = &place;
	return 0;
}

UNUSED static int
tear_down(void **state)
{
	struct place *p = *state;

	sshd_cut(&p->sshd, 0, 0, "");
	dest_closep(&p->dest);
	return 0;
}

UNUSED static int
try_put(struct place *p, const char *key, const void *bytes, size_t n, struct err *e)
{
	CLEANUP_UPLOAD struct upload *up = NULL;

	if (dest_begin(&up, p->dest, key, 7, e) != 0 || upload_write(up, bytes, n, e) != 0)
		return -1;
	return upload_commit(&up, e);
}

UNUSED static void
put_bytes(struct place *p, const char *key, const void *bytes, size_t n)
{
	struct err e = { 0 };

	if (try_put(p, key, bytes, n, &e) != 0)
		fail_msg("%s", e.text);
}

UNUSED static void
put(struct place *p, const char *key, const char *text)
{
	put_bytes(p, key, text, strlen(text));
}

struct listed {
	char lines[20][80];
	int n;
};

UNUSED static int
list_one(void *arg, const struct dest_entry *entry, struct err *e)
{
	struct listed *l = arg;

	(void)e;
	assert_true(entry->changed_at > 1600000000000);
	assert_true(l->n < 20);
	snprintf(l->lines[l->n++], sizeof l->lines[0], "%s=%lld", entry->key,
	    (long long)entry->bytes);
	return 0;
}

UNUSED static int
by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

UNUSED static void
expect_list(struct place *p, const char *prefix, const char *want)
{
	CLEANUP_BUF struct buf list = BUF_INIT;
	struct listed l = { .n = 0 };
	struct err e = { 0 };

	if (dest_each_object(p->dest, prefix, list_one, &l, &e) != 0)
		fail_msg("%s", e.text);
	qsort(l.lines, (size_t)l.n, sizeof l.lines[0], by_text);
	for (int i = 0; i < l.n; i++)
		buf_printf(&list, "%s ", l.lines[i]);
	assert_string_equal(list.p, want);
}

UNUSED static char *
noise(size_t n)
{
	char *p = malloc(n);

	assert_non_null(p);
	rand_bytes(p, n);
	return p;
}

UNUSED static void
expect_bytes(struct place *p, const char *key, const char *bytes, size_t n)
{
	CLEANUP_OBJECT struct object *o = NULL;
	char *back = malloc(n + 1);
	int64_t size;
	struct err e = { 0 };

	if (object_open(&o, &size, p->dest, key, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(size, n);
	for (size_t at = 0; at < n; at += 512 << 10)
		assert_true(object_read(o, (int64_t)at, back + at, 512 << 10, &e) > 0);
	assert_memory_equal(back, bytes, n);
	free(back);
}

#endif
