/* dst_sftp.c: a storage that is a folder of another machine, reached over SFTP.
 *
 * An upload is a file ".<name>.<fence>.tmp" beside its place, sent in parts, each behind the last,
 * and renamed in the end. Who sweeps removes it; who has lost it commits nothing. A rename over
 * SFTP does not put one file in another's place: the few objects that are written again are removed
 * first. There is no fsync either: a size is asked for, and what was stored is read back later.
 */
#include "worker/dest/dst_sftp.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/fault.h"
#include "lib/util/sftp.h"
#include "worker/dest/ahead.h"
#include "worker/dest/driver.h"

enum { PART = 8 << 20, NAME_SIZE = 256, COMMIT_TRIES = 3 };

struct server {
	struct dest base;
	struct sftp *sftp;
	char *root;
};

struct server_upload {
	struct upload base;
	struct server *in;
	struct arena *arena;
	const char *key, *path, *temporary;
	struct buf part;              /* what is not sent yet */
	int64_t sent;
};

struct server_object {
	struct object base;
	struct server *in;
	char *key, *path;
	struct ahead ahead;
};

static int
in_storage(const struct server *d, struct err *e)
{
	return err_in(e, "storage %s", d->base.slug);
}

static struct sftp_place
place_of(const struct storage *s)
{
	return (struct sftp_place){
		.host = s->server.host, .port = s->server.port, .login = s->server.login,
		.with_key = strcmp(s->server.auth, "key") == 0,
		.secret = s->secret != NULL ? s->secret : "", .host_key = s->server.host_key,
		.stall_ms = s->stall_ms, .pause_ms = s->pause_ms, .tries = s->tries,
	};
}

int
dst_sftp_meet(char out[SFTP_KEY_TEXT], const struct storage *s, struct err *e)
{
	const struct sftp_place at = place_of(s);

	return sftp_meet(out, &at, e) != 0 ? err_in(e, "storage %s", s->slug) : 0;
}

static int
server_open(struct dest **ret, const struct storage *s, struct err *e)
{
	const struct sftp_place at = place_of(s);
	struct server *d = xmalloc(sizeof *d);

	*d = (struct server){ .base = { .driver = &dst_sftp, .slug = xstrdup(s->slug),
		    .where = xstrdup(s->path) }, .root = xstrdup(s->server.folder) };
	if (sftp_new(&d->sftp, &at, e) != 0) {
		in_storage(d, e);
		dst_sftp.close(&d->base);
		return -1;
	}
	*ret = &d->base;
	return 0;
}

static void
server_close(struct dest *base)
{
	struct server *d = (struct server *)base;

	sftp_free(d->sftp);
	free(d->root);
	free(d->base.where);
	free(d->base.slug);
	free(d);
}

static int
server_space(int64_t *free_bytes, struct dest *base, struct err *e)
{
	struct server *d = (struct server *)base;
	int64_t room;

	if (sftp_space(&room, d->sftp, d->root, e) != 0) {
		err_in(e, "ask for free room");
		return in_storage(d, e);
	}
	*free_bytes = room < 0 ? DEST_NO_LIMIT : room;
	return 0;
}

/* The folder of a key, and its name behind the last slash. */
static const char *
split(char **folder, struct arena *a, const struct server *d, const char *key)
{
	const char *slash = strrchr(key, '/');

	*folder = slash == NULL ? arena_dup(a, d->root)
	    : arena_printf(a, "%s/%.*s", d->root, (int)(slash - key), key);
	return slash == NULL ? key : slash + 1;
}

/* -- writing -- */

static void
upload_free(struct server_upload *up)
{
	buf_release(&up->part);
	arena_free(up->arena);
}

static int
failed(struct server_upload *up, struct err *e)
{
	err_in(e, "write '%s'", up->key);
	return in_storage(up->in, e);
}

static int
put(struct server_upload *up, struct err *e)
{
	const struct sftp_piece piece = { .path = up->temporary, .from = up->sent,
		.p = up->part.p, .n = up->part.n };

	if (sftp_put(up->in->sftp, &piece, e) != 0)
		return e->kind == ERR_NOT_FOUND && up->sent > 0
		    ? err_set(e, ERR_FENCED, "it was swept away") : -1;
	up->sent += (int64_t)up->part.n;
	buf_clear(&up->part);
	return 0;
}

/* One of the same fence may have been left by a worker that died. */
static int
make_empty(struct server_upload *up, struct err *e)
{
	if (put(up, e) == 0)
		return 0;
	if (e->kind != ERR_DAMAGED || sftp_remove(up->in->sftp, up->temporary, e) != 0)
		return -1;
	return put(up, e);
}

static int
server_begin(struct upload **ret, struct dest *base, const char *key, int64_t fence, struct err *e)
{
	struct server *d = (struct server *)base;
	struct arena *a = arena_new();
	struct server_upload *up = arena_alloc(a, sizeof *up);
	char temporary[NAME_SIZE], *folder;
	const char *name = split(&folder, a, d, key);

	dest_temporary(temporary, sizeof temporary, name, fence);
	*up = (struct server_upload){ .base = { .driver = &dst_sftp }, .in = d, .arena = a,
		.key = arena_dup(a, key), .path = arena_printf(a, "%s/%s", folder, name),
		.temporary = arena_printf(a, "%s/%s", folder, temporary), .part = BUF_INIT };
	if (make_empty(up, e) != 0) {
		err_in(e, "begin '%s'", key);
		in_storage(d, e);
		upload_free(up);
		return -1;
	}
	*ret = &up->base;
	return 0;
}

/* Nobody has swept us away, and all that was sent is there. */
static int
still_ours(struct server_upload *up, struct err *e)
{
	int64_t bytes;

	if (FAULT_CONTROL("sftp.unchecked"))
		return 0;
	if (sftp_stat(&bytes, NULL, up->in->sftp, up->temporary, e) != 0)
		return e->kind != ERR_NOT_FOUND ? -1 : err_set(e, ERR_FENCED, "it was swept away");
	if (bytes != up->sent)
		return err_set(e, ERR_DAMAGED, "it has %" PRId64 " bytes there, it should have %"
		    PRId64, bytes, up->sent);
	return 0;
}

/* The first part would make the file, which must not bring back one that was swept. */
static int
send_part(struct server_upload *up, struct err *e)
{
	if ((up->sent == 0 && still_ours(up, e) != 0) || put(up, e) != 0)
		return -1;
	FAULT("sftp.part");
	return 0;
}

static int
server_write(struct upload *base, const void *p, size_t n, struct err *e)
{
	struct server_upload *up = (struct server_upload *)base;
	const char *from = p;

	while (n > 0) {
		size_t room = PART - up->part.n;

		if (room > n)
			room = n;
		buf_add(&up->part, from, room);
		from += room;
		n -= room;
		if (up->part.n == PART && send_part(up, e) != 0)
			return failed(up, e);
	}
	return 0;
}

/* The answer to an earlier try may have been lost on the way. */
static bool
is_there(struct server_upload *up)
{
	struct err e;
	int64_t bytes;

	return sftp_stat(&bytes, NULL, up->in->sftp, up->path, &e) == 0 && bytes == up->sent;
}

static int
publish(struct server_upload *up, struct err *e)
{
	struct sftp *s = up->in->sftp;
	bool unsure, over = false;
	int64_t bytes;
	struct err why;

	if ((up->part.n > 0 && send_part(up, e) != 0) || still_ours(up, e) != 0)
		return -1;
	FAULT("sftp.commit");
	for (int i = 0; i < COMMIT_TRIES; i++) {
		if (sftp_rename(&unsure, s, up->temporary, up->path, over, e) == 0)
			return 0;
		if (e->kind != ERR_CONFLICT)
			return -1;
		if (still_ours(up, &why) != 0) {
			if (unsure && why.kind == ERR_FENCED && is_there(up))
				return 0;
			*e = why;
			return -1;
		}
		over = sftp_stat(&bytes, NULL, s, up->path, &why) == 0;
	}
	return -1;
}

/* What is left of it goes as far as the storage lets us; the sweep finds the rest. */
static void
server_abort(struct upload *base)
{
	struct server_upload *up = (struct server_upload *)base;
	struct err e;

	(void)!sftp_remove(up->in->sftp, up->temporary, &e);
	upload_free(up);
}

static int
server_commit(struct upload *base, struct err *e)
{
	struct server_upload *up = (struct server_upload *)base;

	if (publish(up, e) != 0) {
		if (e->kind == ERR_CONFLICT)
			e->kind = ERR_DENIED;
		failed(up, e);
		server_abort(base);
		return -1;
	}
	FAULT("sftp.committed");
	upload_free(up);
	return 0;
}

/* -- reading -- */

static int
fetch(void *arg, int64_t from, char *into, size_t n, struct err *e)
{
	struct server_object *o = arg;
	const struct sftp_piece piece = { .path = o->path, .from = from, .n = n };

	if (sftp_get(o->in->sftp, &piece, into, e) == 0)
		return 0;
	err_in(e, "read '%s' at byte %" PRId64, o->key, from);
	return in_storage(o->in, e);
}

static int
server_read_open(struct object **ret, int64_t *bytes, struct dest *base, const char *key,
    struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct server *d = (struct server *)base;
	const char *path = arena_printf(a, "%s/%s", d->root, key);
	struct server_object *o;
	int64_t size;

	if (sftp_stat(&size, NULL, d->sftp, path, e) != 0) {
		if (e->kind == ERR_NOT_FOUND)
			return err_set(e, ERR_NOT_FOUND, "storage %s has no '%s'", d->base.slug,
			    key);
		err_in(e, "open '%s'", key);
		return in_storage(d, e);
	}
	o = xmalloc(sizeof *o);
	*o = (struct server_object){ .base = { .driver = &dst_sftp, .bytes = size },
		.in = d, .key = xstrdup(key), .path = xstrdup(path) };
	ahead_init(&o->ahead, size, NULL, fetch, o);
	*ret = &o->base;
	*bytes = size;
	return 0;
}

static ssize_t
server_read(struct object *base, int64_t offset, void *p, size_t n, struct err *e)
{
	return ahead_read(&((struct server_object *)base)->ahead, offset, p, n, e);
}

static void
server_read_close(struct object *base)
{
	struct server_object *o = (struct server_object *)base;

	ahead_release(&o->ahead);
	free(o->path);
	free(o->key);
	free(o);
}

/* -- what lies there -- */

struct sweep {
	struct server *in;
	const char *folder, *name;
	int64_t fence;
};

static int
see_temporary(void *arg, const struct sftp_entry *entry, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct sweep *w = arg;
	int64_t fence = entry->folder ? -1 : dest_fence_of(entry->name, w->name);

	if (fence < 0 || fence >= w->fence)
		return 0;
	return sftp_remove(w->in->sftp, arena_printf(a, "%s/%s", w->folder, entry->name), e);
}

static int
clear(struct server *d, const char *key, int64_t fence, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct sweep w = { .in = d, .fence = fence };
	char *folder;

	w.name = split(&folder, a, d, key);
	w.folder = folder;
	return sftp_list(d->sftp, folder, see_temporary, &w, e);
}

static int
server_sweep(struct dest *base, const char *key, int64_t fence, struct err *e)
{
	struct server *d = (struct server *)base;

	return clear(d, key, fence, e) != 0 ? in_storage(d, e) : 0;
}

static int
server_remove(struct dest *base, const char *key, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct server *d = (struct server *)base;

	if (clear(d, key, INT64_MAX, e) != 0 ||
	    sftp_remove(d->sftp, arena_printf(a, "%s/%s", d->root, key), e) != 0)
		return in_storage(d, e);
	return 0;
}

struct listing {
	struct server *in;
	const char *prefix;           /* of the folder's keys, with its slash; "" */
	dest_each *fn;
	void *arg;
};

static int list_folder(const struct listing *to, struct err *e);

static int
see_entry(void *arg, const struct sftp_entry *entry, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	const struct listing *to = arg;
	char *key = arena_printf(a, "%s%s", to->prefix, entry->name);
	const struct dest_entry found = { key, entry->bytes, entry->changed_at };
	struct listing below = *to;

	if (!entry->folder)
		return to->fn(to->arg, &found, e);
	below.prefix = arena_printf(a, "%s/", key);
	return list_folder(&below, e);
}

static int
list_folder(const struct listing *to, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct listing own = *to;
	char *folder = arena_printf(a, "%s/%s", to->in->root, to->prefix);

	folder[strlen(folder) - 1] = '\0';
	return sftp_list(to->in->sftp, folder, see_entry, &own, e);
}

static int
server_each(struct dest *base, const char *prefix, dest_each *fn, void *arg, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct server *d = (struct server *)base;
	const struct listing to = { d, arena_printf(a, "%s%s", prefix,
	    *prefix != '\0' ? "/" : ""), fn, arg };

	return list_folder(&to, e) != 0 ? in_storage(d, e) : 0;
}

const struct dest_driver dst_sftp = {
	.kind = "sftp",
	.open = server_open, .close = server_close, .space = server_space,
	.begin = server_begin, .write = server_write, .commit = server_commit,
	.abort = server_abort,
	.read_open = server_read_open, .read = server_read, .read_close = server_read_close,
	.remove = server_remove, .sweep = server_sweep, .each = server_each,
};
