/* dst_s3.c: a storage that is a bucket of an S3-compatible service.
 *
 * What fits into one part is one PUT; the rest is a multipart upload, which nobody sees before it
 * is completed. An upload's fence must outlive us, so it stands in the name of a marker,
 * ".<name>.<fence>.tmp", put before the first byte; it holds the id of the multipart upload. Who
 * sweeps removes the marker and aborts the upload; who has lost its marker commits nothing.
 */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/fault.h"
#include "lib/util/s3.h"
#include "worker/dest/ahead.h"
#include "worker/dest/driver.h"
#include "worker/dest/s3_list.h"
#include "worker/dest/s3_parts.h"
#include "worker/dest/s3_rules.h"

enum { MARKER_SIZE = 1400, ID_MAX = 2000 };

struct bucket {
	struct dest base;
	struct s3 *s3;
	atomic_bool reads_ahead;      /* one of its objects */
};

struct s3_upload {
	struct upload base;
	struct bucket *in;
	struct arena *arena;
	const char *key;
	char marker[MARKER_SIZE];
	int64_t fence;
	struct s3_parts *parts;
	struct buf part;              /* what is not sent yet */
	int64_t bytes;
};

struct s3_object {
	struct object base;
	struct bucket *in;
	char *key;
	struct ahead ahead;
};

static int
in_storage(const struct bucket *b, struct err *e)
{
	return err_in(e, "storage %s", b->base.slug);
}

static int
bucket_open(struct dest **ret, const struct storage *s, struct err *e)
{
	const struct s3_place at = {
		.endpoint = s->bucket.endpoint, .region = s->bucket.region,
		.bucket = s->bucket.bucket, .prefix = s->bucket.prefix, .style = s->bucket.style,
		.storage_class = s->bucket.storage_class, .encryption = s->bucket.encryption,
		.key_id = s->bucket.key_id, .secret = s->secret != NULL ? s->secret : "",
		.ca_file = s->ca_file != NULL ? s->ca_file : "",
		.stall_ms = s->stall_ms, .pause_ms = s->pause_ms, .tries = s->tries,
	};
	struct bucket *b = xmalloc(sizeof *b);

	*b = (struct bucket){ .base = { .driver = &dst_s3, .slug = xstrdup(s->slug),
		    .where = xstrdup(s->path) } };
	if (s3_new(&b->s3, &at, e) != 0) {
		in_storage(b, e);
		dst_s3.close(&b->base);
		return -1;
	}
	*ret = &b->base;
	return 0;
}

static void
bucket_close(struct dest *base)
{
	struct bucket *b = (struct bucket *)base;

	s3_free(b->s3);
	free(b->base.where);
	free(b->base.slug);
	free(b);
}

static int
bucket_space(int64_t *free_bytes, struct dest *base UNUSED, struct err *e UNUSED)
{
	*free_bytes = DEST_NO_LIMIT;
	return 0;
}

/* -- one object away -- */

static int
send(struct s3_answer *ans, struct bucket *b, const char *method, const char *key, struct err *e)
{
	const struct s3_request rq = { .method = method, .key = key };

	return s3_send(ans, b->s3, &rq, e);
}

/* A missing one is fine. */
static int
remove_key(struct bucket *b, const char *key, struct err *e)
{
	CLEANUP_S3_ANSWER struct s3_answer ans = S3_ANSWER_INIT;

	if (send(&ans, b, "DELETE", key, e) != 0 && e->kind != ERR_NOT_FOUND)
		return err_in(e, "remove '%s'", key);
	return 0;
}

/* "shop/a" with the fence 7: "shop/.a.7.tmp". */
static void
marker_of(char out[MARKER_SIZE], const char *key, int64_t fence)
{
	const char *slash = strrchr(key, '/'), *name = slash == NULL ? key : slash + 1;
	char temporary[256];

	dest_temporary(temporary, sizeof temporary, name, fence);
	snprintf(out, MARKER_SIZE, "%.*s%s", (int)(name - key), key, temporary);
}

static int
put_marker(struct s3_upload *up, const char *id, struct err *e)
{
	CLEANUP_S3_ANSWER struct s3_answer ans = S3_ANSWER_INIT;
	const struct s3_request rq = { .method = "PUT", .key = up->marker, .body = id,
		.body_n = strlen(id) };

	return s3_send(&ans, up->in->s3, &rq, e);
}

/* Nobody has swept us away. */
static int
still_ours(struct s3_upload *up, struct err *e)
{
	CLEANUP_S3_ANSWER struct s3_answer ans = S3_ANSWER_INIT;

	if (FAULT_CONTROL("s3.no_marker") || send(&ans, up->in, "HEAD", up->marker, e) == 0)
		return 0;
	if (e->kind == ERR_NOT_FOUND)
		return err_set(e, ERR_FENCED, "it was swept away");
	return -1;
}

/* Its words, and whether it is gone because somebody swept. */
static int
failed(struct s3_upload *up, struct err *e)
{
	struct err why;

	if (e->kind == ERR_NOT_FOUND) {
		e->kind = ERR_BUSY;
		if (still_ours(up, &why) != 0 && why.kind == ERR_FENCED)
			*e = why;
	}
	err_in(e, "write '%s'", up->key);
	return in_storage(up->in, e);
}

/* -- writing -- */

static void
upload_free(struct s3_upload *up)
{
	s3_parts_free(up->parts);
	buf_release(&up->part);
	arena_free(up->arena);
}

/* What is left of it goes as far as the storage lets us; the sweep finds the rest by the marker. */
static void
give_up(struct s3_upload *up)
{
	struct err e;

	if (up->parts == NULL || s3_parts_abort(up->parts, &e) == 0)
		(void)!remove_key(up->in, up->marker, &e);
	upload_free(up);
}

static int
bucket_begin(struct upload **ret, struct dest *base, const char *key, int64_t fence, struct err *e)
{
	struct bucket *b = (struct bucket *)base;
	struct arena *a = arena_new();
	struct s3_upload *up = arena_alloc(a, sizeof *up);

	*up = (struct s3_upload){ .base = { .driver = &dst_s3 }, .in = b, .arena = a,
		.key = arena_dup(a, key), .fence = fence, .part = BUF_INIT };
	marker_of(up->marker, key, fence);
	if (put_marker(up, "", e) != 0) {
		err_in(e, "begin '%s'", key);
		in_storage(b, e);
		upload_free(up);
		return -1;
	}
	*ret = &up->base;
	return 0;
}

static int clear(struct bucket *b, const char *key, int64_t fence, struct err *e);

/* When the first answer was lost there are two uploads, and one of them is nobody's. */
static int
begin_parts(struct s3_upload *up, struct err *e)
{
	bool twice;

	if (s3_parts_begin(&up->parts, &twice, up->in->s3, up->key, e) != 0)
		return -1;
	FAULT("s3.begun");
	if (put_marker(up, s3_parts_id(up->parts), e) != 0)
		return -1;
	return twice ? clear(up->in, up->key, up->fence, e) : 0;
}

static int
send_part(struct s3_upload *up, struct err *e)
{
	if (up->parts == NULL && begin_parts(up, e) != 0)
		return -1;
	return s3_parts_send(up->parts, &up->part, e);
}

/* A full part waits for what follows, so that an object of just one part is one request. */
static int
bucket_write(struct upload *base, const void *p, size_t n, struct err *e)
{
	struct s3_upload *up = (struct s3_upload *)base;
	const char *from = p;

	while (n > 0) {
		size_t size = s3_parts_size(s3_parts_count(up->parts)), room;

		if (up->part.n >= size) {
			if (send_part(up, e) != 0)
				return failed(up, e);
			continue;
		}
		room = size - up->part.n;
		buf_room(&up->part, room);
		if (room > n)
			room = n;
		buf_add(&up->part, from, room);
		from += room;
		n -= room;
		up->bytes += (int64_t)room;
	}
	return 0;
}

static int
put_whole(struct s3_upload *up, struct err *e)
{
	CLEANUP_S3_ANSWER struct s3_answer ans = S3_ANSWER_INIT;
	char md5[S3_MD5_HEX];
	const struct s3_request rq = { .method = "PUT", .key = up->key, .body = up->part.p,
		.body_n = up->part.n, .stores = true, .md5 = md5 };

	return s3_send(&ans, up->in->s3, &rq, e);
}

static int
check_size(struct s3_upload *up, struct err *e)
{
	CLEANUP_S3_ANSWER struct s3_answer ans = S3_ANSWER_INIT;

	if (FAULT_CONTROL("s3.unchecked"))
		return 0;
	if (send(&ans, up->in, "HEAD", up->key, e) != 0)
		return err_in(e, "look for what was written");
	if (ans.length != up->bytes)
		return err_set(e, ERR_DAMAGED, "it has %" PRId64 " bytes there, it should have %"
		    PRId64, ans.length, up->bytes);
	return 0;
}

static int
publish(struct s3_upload *up, struct err *e)
{
	if (up->parts != NULL && up->part.n > 0 && send_part(up, e) != 0)
		return -1;
	if (up->parts != NULL && s3_parts_wait(up->parts, e) != 0)
		return -1;
	if (still_ours(up, e) != 0)
		return -1;
	FAULT("s3.commit");
	if ((up->parts != NULL ? s3_parts_complete(up->parts, e) : put_whole(up, e)) != 0)
		return -1;
	FAULT("s3.committed");
	return check_size(up, e);
}

static int
bucket_commit(struct upload *base, struct err *e)
{
	struct s3_upload *up = (struct s3_upload *)base;
	struct err late;

	if (publish(up, e) != 0) {
		failed(up, e);
		give_up(up);
		return -1;
	}
	/* A marker that stays is an empty one too many, and the next look finds it. */
	(void)!remove_key(up->in, up->marker, &late);
	upload_free(up);
	return 0;
}

static void
bucket_abort(struct upload *base)
{
	give_up((struct s3_upload *)base);
}

/* -- reading -- */

static int
fetch(void *arg, int64_t from, char *into, size_t n, struct err *e)
{
	CLEANUP_S3_ANSWER struct s3_answer ans = S3_ANSWER_INIT;
	struct s3_object *o = arg;
	const struct s3_request rq = { .method = "GET", .key = o->key, .from = from,
		.into = into, .room = n, .stop = &o->ahead.stop };

	if (s3_send(&ans, o->in->s3, &rq, e) == 0)
		return 0;
	err_in(e, "read '%s' at byte %" PRId64, o->key, from);
	return in_storage(o->in, e);
}

static int
bucket_read_open(struct object **ret, int64_t *bytes, struct dest *base, const char *key,
    struct err *e)
{
	CLEANUP_S3_ANSWER struct s3_answer ans = S3_ANSWER_INIT;
	struct bucket *b = (struct bucket *)base;
	struct s3_object *o;

	if (send(&ans, b, "HEAD", key, e) != 0) {
		if (e->kind == ERR_NOT_FOUND)
			return err_set(e, ERR_NOT_FOUND, "storage %s has no '%s'", b->base.slug,
			    key);
		err_in(e, "open '%s'", key);
		return in_storage(b, e);
	}
	if (ans.length < 0)
		return err_set(e, ERR_DAMAGED, "storage %s does not say how long '%s' is",
		    b->base.slug, key);
	o = xmalloc(sizeof *o);
	*o = (struct s3_object){ .base = { .driver = &dst_s3, .bytes = ans.length },
		.in = b, .key = xstrdup(key) };
	ahead_init(&o->ahead, ans.length, &b->reads_ahead, fetch, o);
	*ret = &o->base;
	*bytes = ans.length;
	return 0;
}

static ssize_t
bucket_read(struct object *base, int64_t offset, void *p, size_t n, struct err *e)
{
	return ahead_read(&((struct s3_object *)base)->ahead, offset, p, n, e);
}

static void
bucket_read_close(struct object *base)
{
	struct s3_object *o = (struct s3_object *)base;

	ahead_release(&o->ahead);
	free(o->key);
	free(o);
}

/* -- what uploads have left -- */

struct sweep {
	struct bucket *in;
	struct arena *arena;
	const char *key, *name;       /* the name: behind the last slash */
	int64_t fence;
	struct buf theirs;            /* ids of uploads of our fence and above, a line each */
	struct buf old;               /* markers to remove, a line each */
};

static int
read_id(struct sweep *w, const char *marker, struct err *e)
{
	CLEANUP_S3_ANSWER struct s3_answer ans = S3_ANSWER_INIT;

	if (send(&ans, w->in, "GET", marker, e) != 0)
		return e->kind == ERR_NOT_FOUND ? 0 : -1;
	buf_printf(&w->theirs, "\n%.*s\n", ID_MAX, ans.body.p);
	return 0;
}

static int
see_marker(void *arg, const struct dest_entry *entry, struct err *e)
{
	struct sweep *w = arg;
	const char *slash = strrchr(entry->key, '/');
	const char *name = slash == NULL ? entry->key : slash + 1;
	int64_t fence = dest_fence_of(name, w->name);

	if (fence < 0)
		return 0;
	if (fence >= w->fence)
		return entry->bytes > 0 ? read_id(w, entry->key, e) : 0;
	buf_printf(&w->old, "%s\n", entry->key);
	return 0;
}

static int
see_upload(void *arg, const char *key, const char *id, struct err *e)
{
	struct sweep *w = arg;

	if (strstr(w->theirs.p, arena_printf(w->arena, "\n%s\n", id)) != NULL)
		return 0;
	return s3_parts_abort_id(w->in->s3, key, id, e);
}

static void
sweep_release(struct sweep *w)
{
	buf_release(&w->theirs);
	buf_release(&w->old);
}

/* The markers go first: who has none commits nothing. */
static int
clear(struct bucket *b, const char *key, int64_t fence, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	const char *slash = strrchr(key, '/'), *name = slash == NULL ? key : slash + 1;
	CLEANUP(sweep_release) struct sweep w = { .in = b, .arena = a, .key = key, .name = name,
		.fence = fence, .theirs = BUF_INIT, .old = BUF_INIT };
	char *begins = arena_printf(a, "%.*s.%s.", (int)(name - key), key, name);

	if (s3_list_objects(b->s3, begins, see_marker, &w, e) != 0)
		return -1;
	for (char *at = w.old.p, *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
		*end = '\0';
		if (remove_key(b, at, e) != 0)
			return -1;
	}
	return s3_list_uploads(b->s3, key, see_upload, &w, e);
}

static int
bucket_sweep(struct dest *base, const char *key, int64_t fence, struct err *e)
{
	struct bucket *b = (struct bucket *)base;

	return clear(b, key, fence, e) != 0 ? in_storage(b, e) : 0;
}

static int
bucket_remove(struct dest *base, const char *key, struct err *e)
{
	struct bucket *b = (struct bucket *)base;

	if (clear(b, key, INT64_MAX, e) != 0 || remove_key(b, key, e) != 0)
		return in_storage(b, e);
	return 0;
}

static int
bucket_each(struct dest *base, const char *prefix, dest_each *fn, void *arg, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct bucket *b = (struct bucket *)base;
	char *begins = arena_printf(a, "%s%s", prefix, *prefix != '\0' ? "/" : "");

	return s3_list_objects(b->s3, begins, fn, arg, e) != 0 ? in_storage(b, e) : 0;
}

static const char *
bucket_advice(struct dest *base)
{
	return s3_rules_advice(((struct bucket *)base)->s3);
}

const struct dest_driver dst_s3 = {
	.kind = "s3",
	.open = bucket_open, .close = bucket_close, .space = bucket_space,
	.begin = bucket_begin, .write = bucket_write, .commit = bucket_commit,
	.abort = bucket_abort,
	.read_open = bucket_read_open, .read = bucket_read, .read_close = bucket_read_close,
	.remove = bucket_remove, .sweep = bucket_sweep, .each = bucket_each,
	.advice = bucket_advice, .holds = S3_PARTS_MEMORY,
};
