/* scroll.c: a stored manifest, read one entry at a time when it is asked for. */
#include "worker/archive/scroll.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "lib/base/arena.h"
#include "lib/base/fault.h"
#include "lib/util/hash.h"

/* No frame of ours asks for a larger window than it has bytes, 4 MiB at most. */
enum { IN_SIZE = 64 << 10, OUT_SIZE = 128 << 10, WINDOW_LOG_MAX = 22 };

struct scroll {
	const struct stored_object *stored;
	struct object *object;
	ZSTD_DCtx *zstd;
	struct hash *raw_hash, *stored_hash;
	unsigned char in[IN_SIZE], out[OUT_SIZE];
	ZSTD_inBuffer given;
	size_t out_at, out_n;
	int64_t stored_at, raw_at;
	bool ended;                   /* the stored bytes, and the last frame */
	/* The manifest's reader gives one entry for each line that it is fed with. */
	struct manifest_reader reader;
	struct entry entry;
	struct arena *arena;
	bool found;
};

/* The texts of an entry live as long as the call that gives it. */
static int
keep(void *arg, const struct entry *entry, struct err *e)
{
	struct scroll *s = arg;

	(void)e;
	arena_free(s->arena);
	s->arena = arena_new();
	s->entry = *entry;
	s->entry.path = arena_dup(s->arena, entry->path);
	s->entry.uname = arena_dup(s->arena, entry->uname);
	s->entry.gname = arena_dup(s->arena, entry->gname);
	s->entry.target = arena_dup(s->arena, entry->target);
	s->entry.pack = arena_dup(s->arena, entry->pack);
	s->found = true;
	return 0;
}

int
scroll_open(struct scroll **ret, struct dest *d, const struct stored_object *stored, struct err *e)
{
	CLEANUP_SCROLL struct scroll *s = xmalloc(sizeof *s);
	int64_t bytes;

	memset(s, 0, sizeof *s);
	s->stored = stored;
	s->raw_hash = hash_new();
	s->stored_hash = hash_new();
	s->reader = (struct manifest_reader){ .each = keep, .arg = s, .line = BUF_INIT };
	s->zstd = ZSTD_createDCtx();
	if (s->zstd == NULL
	    || ZSTD_isError(ZSTD_DCtx_setParameter(s->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
		return err_set(e, ERR_INTERNAL, "zstd cannot be set up");
	if (object_open(&s->object, &bytes, d, stored->key, e) != 0)
		return -1;
	*ret = s;
	s = NULL;
	return 0;
}

void
scroll_closep(struct scroll **ps)
{
	struct scroll *s = *ps;

	*ps = NULL;
	if (s == NULL)
		return;
	object_closep(&s->object);
	ZSTD_freeDCtx(s->zstd);
	hash_free(s->raw_hash);
	hash_free(s->stored_hash);
	manifest_reader_release(&s->reader);
	arena_free(s->arena);
	free(s);
}

static int
damaged(const struct scroll *s, struct err *e, const char *how)
{
	return err_set(e, ERR_DAMAGED, "%s: the stored copy is damaged near byte %lld: %s",
	    s->stored->key, (long long)s->stored_at, how);
}

static int
read_stored(struct scroll *s, struct err *e)
{
	ssize_t n = object_read(s->object, s->stored_at, s->in, sizeof s->in, e);

	if (n < 0)
		return -1;
	if (!object_is_encrypted(s->object))
		hash_add(s->stored_hash, s->in, (size_t)n);
	s->stored_at += n;
	s->given = (ZSTD_inBuffer){ s->in, (size_t)n, 0 };
	s->ended = n == 0;
	return 0;
}

/* More decoded bytes; none when the stored ones have ended. */
static int
decode_more(struct scroll *s, struct err *e)
{
	ZSTD_outBuffer out = { s->out, sizeof s->out, 0 };

	/* Until there is something: a frame may end, or hold nothing. */
	while (out.pos == 0) {
		size_t rc;

		if (s->given.pos == s->given.size && read_stored(s, e) != 0)
			return -1;
		if (s->ended)
			break;
		rc = ZSTD_decompressStream(s->zstd, &out, &s->given);
		if (ZSTD_isError(rc))
			return damaged(s, e, ZSTD_getErrorName(rc));
	}
	hash_add(s->raw_hash, s->out, out.pos);
	s->raw_at += (int64_t)out.pos;
	s->out_at = 0;
	s->out_n = out.pos;
	if (s->raw_at > s->stored->raw_bytes || s->stored_at > s->stored->stored_bytes)
		return damaged(s, e, "it should have ended before");
	return 0;
}

/* What lies there is what was read, unless it is encrypted. */
static int
lies(struct upload_stored *ret, struct scroll *s, struct err *e)
{
	if (object_is_encrypted(s->object))
		return object_stored(ret, s->object, e);
	ret->bytes = s->stored_at;
	hash_hex(s->stored_hash, ret->sha256);
	return 0;
}

static int
check_end(struct scroll *s, struct err *e)
{
	struct upload_stored stored;
	char raw[HASH_HEX_SIZE];

	if (manifest_read_end(&s->reader, e) != 0)
		return err_in(e, "%s", s->stored->key);
	hash_hex(s->raw_hash, raw);
	if (lies(&stored, s, e) != 0)
		return -1;
	if (s->raw_at != s->stored->raw_bytes || stored.bytes != s->stored->stored_bytes)
		return err_set(e, ERR_DAMAGED,
		    "%s: the stored copy has %lld bytes (%lld decoded), it should have %lld (%lld)",
		    s->stored->key, (long long)stored.bytes, (long long)s->raw_at,
		    (long long)s->stored->stored_bytes, (long long)s->stored->raw_bytes);
	if (FAULT_CONTROL("copy.unchecked"))
		return 0;
	if (strcmp(stored.sha256, s->stored->stored_sha256) != 0
	    || strcmp(raw, s->stored->raw_sha256) != 0)
		return err_set(e, ERR_DAMAGED,
		    "%s: the stored copy differs: its SHA-256 is %s, it should be %s",
		    s->stored->key, stored.sha256, s->stored->stored_sha256);
	return 0;
}

int
scroll_next(const struct entry **ret, struct scroll *s, struct err *e)
{
	s->found = false;
	while (!s->found) {
		const unsigned char *at = s->out + s->out_at, *stop;
		size_t n = s->out_n - s->out_at;

		if (n == 0) {
			if (decode_more(s, e) != 0)
				return -1;
			if (s->out_n > 0)
				continue;
			*ret = NULL;
			return check_end(s, e);
		}
		stop = memchr(at, '\n', n);
		n = stop != NULL ? (size_t)(stop - at) + 1 : n;
		s->out_at += n;
		if (manifest_read(&s->reader, at, n, e) != 0)
			return err_in(e, "%s", s->stored->key);
	}
	*ret = &s->entry;
	return 0;
}
