/* fetch.c: the content of single files, read out of packs without reading the rest of them. */
#include "worker/archive/fetch.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "lib/base/arena.h"
#include "lib/base/fault.h"
#include "lib/util/hash.h"
#include "worker/archive/chain.h"
#include "worker/archive/frame.h"

/* No frame of ours needs more to be decoded. */
enum { WINDOW_LOG = 22 };
_Static_assert(1 << WINDOW_LOG == FRAME_RAW_MAX, "a window holds a frame");

struct fetch {
	const struct export_part *part;
	const struct stored_object *pack;   /* the open one, or NULL */
	struct object *object;
	ZSTD_DCtx *context;
	struct hash *hash;
	unsigned char *stored, *raw;        /* FETCH_STEP each */
};

int
fetch_open(struct fetch **ret, const struct export_part *part, struct err *e)
{
	CLEANUP_FETCH struct fetch *f = xmalloc(sizeof *f);

	*f = (struct fetch){ .part = part };
	f->context = ZSTD_createDCtx();
	if (f->context == NULL
	    || ZSTD_isError(
	        ZSTD_DCtx_setParameter(f->context, ZSTD_d_windowLogMax, WINDOW_LOG)))
		return err_set(e, ERR_INTERNAL, "zstd cannot be set up");
	f->hash = hash_new();
	f->stored = xmalloc(FETCH_STEP);
	f->raw = xmalloc(FETCH_STEP);
	*ret = f;
	f = NULL;
	return 0;
}

void
fetch_closep(struct fetch **f)
{
	struct fetch *gone = *f;

	*f = NULL;
	if (gone == NULL)
		return;
	object_closep(&gone->object);
	ZSTD_freeDCtx(gone->context);
	hash_free(gone->hash);
	free(gone->stored);
	free(gone->raw);
	free(gone);
}

static int
damaged(const struct fetch *f, const struct entry *entry, const char *how, struct err *e)
{
	return err_set(e, ERR_DAMAGED, "%s: '%.400s' is damaged: %s", f->pack->key, entry->path,
	    how);
}

static int
open_pack(struct fetch *f, const struct entry *entry, struct err *e)
{
	const struct stored_object *pack = chain_pack_named(f->part, entry->pack);
	int64_t bytes;

	if (pack == NULL)
		return err_set(e, ERR_DAMAGED,
		    "%s: '%.400s' lies in the pack '%.200s', which the backup does not know",
		    f->part->manifest->key, entry->path, entry->pack);
	if (pack == f->pack)
		return 0;
	object_closep(&f->object);
	f->pack = NULL;
	if (object_open_stored(&f->object, &bytes, f->part->dest, pack, e) != 0)
		return -1;
	f->pack = pack;
	return 0;
}

/* The next stored bytes; ERR_DAMAGED where there are none. */
static int
read_step(ZSTD_inBuffer *in, struct fetch *f, int64_t *offset, const struct entry *entry,
    struct err *e)
{
	ssize_t n = object_read(f->object, *offset, f->stored, FETCH_STEP, e);

	if (n < 0)
		return err_in(e, "%s: '%.400s'", f->pack->key, entry->path);
	if (n == 0)
		return damaged(f, entry, "the stored copy ends before it", e);
	*offset += n;
	*in = (ZSTD_inBuffer){ f->stored, (size_t)n, 0 };
	return 0;
}

/* Decode from the frame of the file on; give away what lies behind `at`, `size` bytes of it. */
static int
copy(const struct sink *to, struct fetch *f, const struct entry *entry, struct err *e)
{
	ZSTD_inBuffer in = { f->stored, 0, 0 };
	int64_t offset = entry->frame_offset, skip = entry->at, left = entry->size;
	bool full = false;   /* the decoder may hold more than it could give */

	ZSTD_DCtx_reset(f->context, ZSTD_reset_session_only);
	while (left > 0) {
		ZSTD_outBuffer out = { f->raw, FETCH_STEP, 0 };
		size_t from, n, rc;

		if (in.pos == in.size && !full && read_step(&in, f, &offset, entry, e) != 0)
			return -1;
		rc = ZSTD_decompressStream(f->context, &out, &in);
		if (ZSTD_isError(rc))
			return damaged(f, entry, ZSTD_getErrorName(rc), e);
		full = out.pos == out.size;
		from = skip < (int64_t)out.pos ? (size_t)skip : out.pos;
		skip -= (int64_t)from;
		n = out.pos - from;
		if ((int64_t)n > left)
			n = (size_t)left;
		left -= (int64_t)n;
		hash_add(f->hash, f->raw + from, n);
		if (n > 0 && sink_write(to, f->raw + from, n, e) != 0)
			return -1;
	}
	return 0;
}

int
fetch_file(const struct sink *to, struct fetch *f, const struct entry *entry, struct err *e)
{
	char hash[HASH_HEX_SIZE];

	if (entry->type != ENTRY_FILE)
		return err_set(e, ERR_INPUT, "'%.400s' is no file with a content of its own",
		    entry->path);
	if (entry->size == 0)
		return 0;
	if (entry->pack[0] == '\0')
		return err_set(e, ERR_DAMAGED, "%s: '%.400s' has no place", f->part->manifest->key,
		    entry->path);
	if (open_pack(f, entry, e) != 0)
		return -1;
	/* What a file before this one left behind when it failed is not of this one. */
	hash_hex(f->hash, hash);
	if (copy(to, f, entry, e) != 0)
		return -1;
	hash_hex(f->hash, hash);
	if (strcmp(hash, entry->sha256) != 0 && !FAULT_CONTROL("fetch.unchecked"))
		return damaged(f, entry, "its SHA-256 is not the manifest's", e);
	return 0;
}
