/* packing.h: for tests: a folder that is packed into a storage of its own, and what came of it. */
#ifndef TESTS_UNIT_PACKING_H
#define TESTS_UNIT_PACKING_H

#include <pthread.h>

#include "tests/unit/tree.h"
#include "worker/archive/manifest.h"
#include "worker/archive/pack.h"
#include "worker/dest/dest.h"

struct place {
	char path[64], source[80], out[80];
	struct storage storage;
	char store[80];
	struct dest *dest;
	struct buf said;              /* what the watch was told, a line each */
	pthread_mutex_t lock;
	int64_t bytes;
	struct buf manifest;          /* decoded */
	struct pack_totals totals;
};

static int
set_up(void **state)
{
	static struct place place;
	struct err e;

	place = (struct place){ .said = BUF_INIT, .manifest = BUF_INIT };
	pthread_mutex_init(&place.lock, NULL);
	snprintf(place.path, sizeof place.path, "/tmp/pack_test.XXXXXX");
	assert_non_null(mkdtemp(place.path));
	snprintf(place.source, sizeof place.source, "%s/source", place.path);
	snprintf(place.out, sizeof place.out, "%s/out", place.path);
	snprintf(place.store, sizeof place.store, "%s/store", place.path);
	place.storage = (struct storage){ .slug = "main", .kind = "local", .path = place.store };
	assert_int_equal(mkdir(place.store, 0700), 0);
	assert_int_equal(dest_open(&place.dest, &place.storage, &e), 0);
	*state = &place;
	return 0;
}

static int
tear_down(void **state)
{
	struct place *place = *state;

	dest_closep(&place->dest);
	buf_release(&place->said);
	buf_release(&place->manifest);
	RUN("/", "chmod", "-R", "u+rwX", place->path);
	return RUN("/", "rm", "-rf", place->path);
}

static void
on_say(void *arg, const char *stream, const char *text)
{
	struct place *place = arg;

	pthread_mutex_lock(&place->lock);
	buf_printf(&place->said, "%s %s\n", stream, text);
	pthread_mutex_unlock(&place->lock);
}

static void
on_bytes(void *arg, int64_t more)
{
	struct place *place = arg;

	place->bytes += more;
}

static int
to_upload(void *arg, const void *p, size_t n, struct err *e)
{
	return upload_write(arg, p, n, e);
}

static int
to_buf(void *arg, const void *p, size_t n, struct err *e)
{
	(void)e;
	buf_add(arg, p, n);
	return 0;
}

static int
to_file(void *arg, const void *p, size_t n, struct err *e)
{
	return fd_write_all(*(int *)arg, p, n, e);
}

static int
pack_with(struct place *place, const struct pack_spec *wanted, const struct sink *data,
    struct err *e)
{
	const struct watch watch = { on_bytes, on_say, place };
	CLEANUP_UPLOAD struct upload *pack = NULL;
	CLEANUP_UPLOAD struct upload *list = NULL;
	struct pack_spec spec = *wanted;

	spec.frames.level = 3;
	if (spec.frames.threads == 0)
		spec.frames.threads = 2;
	spec.pack_name = "a.tar.zst";
	spec.watch = &watch;
	assert_int_equal(dest_begin(&pack, place->dest, "a.tar.zst", 1, e), 0);
	assert_int_equal(dest_begin(&list, place->dest, "a.manifest.zst", 1, e), 0);
	const struct sink to_pack = { to_upload, pack }, to_list = { to_upload, list };

	if (pack_write(&place->totals, data != NULL ? data : &to_pack, &to_list, &spec, e) != 0)
		return -1;
	assert_int_equal(upload_commit(&pack, e), 0);
	return upload_commit(&list, e);
}

static int
pack_roots(struct place *place, const char *const *roots, size_t count, struct err *e)
{
	const struct pack_spec spec = { .roots = roots, .root_count = count };

	return pack_with(place, &spec, NULL, e);
}

UNUSED static void
pack_source(struct place *place)
{
	const char *const roots[] = { place->source };
	struct err e = { .text = "" };

	if (pack_roots(place, roots, 1, &e) != 0)
		fail_msg("%s", e.text);
}

static void
decode(struct place *place, const char *key, const struct frame_totals *expect,
    const struct sink *to)
{
	CLEANUP_OBJECT struct object *o = NULL;
	struct frame_totals got;
	int64_t bytes;
	struct err e = { .text = "" };

	assert_int_equal(object_open(&o, &bytes, place->dest, key, &e), 0);
	if (frame_read(&got, o, to, expect, &e) != 0)
		fail_msg("%s", e.text);
}

UNUSED static void
decode_pack(struct place *place)
{
	char path[100];
	CLEANUP_FD int fd = -1;
	const struct sink file = { to_file, &fd }, list = { to_buf, &place->manifest };

	snprintf(path, sizeof path, "%s/pack.tar", place->path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	decode(place, "a.tar.zst", &place->totals.data, &file);
	decode(place, "a.manifest.zst", &place->totals.manifest, &list);
}

UNUSED static bool
has_line(const struct place *place, const char *start, const char *word)
{
	const char *at = strstr(place->manifest.p, start);
	const char *end = at != NULL ? strchr(at, '\n') : NULL;
	const char *found = at != NULL ? strstr(at, word) : NULL;

	return found != NULL && found < end;
}

#endif
