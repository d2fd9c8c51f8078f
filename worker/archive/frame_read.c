/* frame_read.c: a stored stream, read back to its end, decoded on several cores. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "lib/base/arena.h"
#include "lib/base/fault.h"
#include "worker/archive/frame.h"
#include "worker/archive/press.h"
#include "worker/archive/tally.h"

enum { READ_THREADS_MAX = 4, READ_STEP = 512 << 10 };

/* One stored frame on its way to its raw bytes. */
struct back {
	unsigned char *stored, *raw;
	size_t stored_n, raw_n;
	int64_t offset;
};

struct reader {
	struct object *object;
	int64_t size, offset;         /* of the stored stream; of the next frame in it */
	/* What is read and not yet given away: ahead_n bytes from ahead_at on. */
	unsigned char *ahead;
	size_t ahead_at, ahead_n, ahead_size;
	struct tally tally;
	const struct sink *raw;
	/* Nobody takes the decoded bytes, or who does asks for no hash of them, and the stored ones
	 * have a known hash: if it is met, they are the bytes that were written when the decoded
	 * ones were hashed, and each frame's own checksum over its decoded bytes holds. A fifth
	 * hash over everything would say nothing new. */
	bool trust;
	struct press *press;
	int threads, slots;
	ZSTD_DCtx *contexts[READ_THREADS_MAX];
	struct back backs[READ_THREADS_MAX + 2];
};

static int
damaged(struct err *e, int64_t offset, const char *how)
{
	return err_set(e, ERR_DAMAGED, "the stored copy is damaged at byte %lld: %s",
	    (long long)offset, how);
}

static int
decode(void *arg, int thread, void *item, struct err *e)
{
	struct reader *r = arg;
	struct back *b = item;
	size_t n =
	    ZSTD_decompressDCtx(r->contexts[thread], b->raw, FRAME_RAW_MAX, b->stored, b->stored_n);

	if (ZSTD_isError(n))
		return damaged(e, b->offset, ZSTD_getErrorName(n));
	b->raw_n = n;
	return 0;
}

static int
deliver(void *arg, void *item, struct err *e)
{
	struct reader *r = arg;
	struct back *b = item;

	if (r->trust) {
		r->tally.raw_bytes += (int64_t)b->raw_n;
	} else {
		tally_raw(&r->tally, b->raw, b->raw_n);
	}
	return r->raw == NULL ? 0 : sink_write(r->raw, b->raw, b->raw_n, e);
}

/* The stored stream is its frames one after the other, so its hash is made here, beside reading. */
static int
hash_stored(void *arg, void *item, struct err *e)
{
	struct reader *r = arg;
	const struct back *b = item;

	return tally_stored(&r->tally, b->stored, b->stored_n, e);
}

static int
reader_set_up(struct reader *r, struct err *e)
{
	void *items[READ_THREADS_MAX + 2];
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	r->threads = cores < 1 ? 1 : cores > READ_THREADS_MAX ? READ_THREADS_MAX : (int)cores;
	r->slots = r->threads + 2;
	r->ahead_size = ZSTD_compressBound(FRAME_RAW_MAX) + READ_STEP;
	r->ahead = xmalloc(r->ahead_size);
	tally_init(&r->tally, NULL);
	if (object_is_encrypted(r->object))
		tally_bare(&r->tally);
	for (int i = 0; i < r->threads; i++) {
		r->contexts[i] = ZSTD_createDCtx();
		if (r->contexts[i] == NULL)
			return err_set(e, ERR_INTERNAL, "zstd cannot be set up");
	}
	for (int i = 0; i < r->slots; i++) {
		r->backs[i].stored = xmalloc(ZSTD_compressBound(FRAME_RAW_MAX));
		r->backs[i].raw = xmalloc(FRAME_RAW_MAX);
		items[i] = &r->backs[i];
	}
	const struct press_spec spec = {
		.threads = r->threads, .slots = r->slots, .items = items, .work = decode,
		.deliver = { deliver, hash_stored }, .arg = r,
	};
	return press_new(&r->press, &spec, e);
}

static void
reader_release(struct reader *r)
{
	press_freep(&r->press);
	for (int i = 0; i < r->threads; i++)
		ZSTD_freeDCtx(r->contexts[i]);
	for (int i = 0; i < r->slots; i++) {
		free(r->backs[i].stored);
		free(r->backs[i].raw);
	}
	free(r->ahead);
	tally_release(&r->tally);
}

static int
read_ahead(struct reader *r, struct err *e)
{
	int64_t at = r->offset + (int64_t)r->ahead_n;
	size_t want =
	    r->ahead_size - r->ahead_n < READ_STEP ? r->ahead_size - r->ahead_n : READ_STEP;
	ssize_t got;

	memmove(r->ahead, r->ahead + r->ahead_at, r->ahead_n);
	r->ahead_at = 0;
	if ((int64_t)want > r->size - at)
		want = (size_t)(r->size - at);
	got = object_read(r->object, at, r->ahead + r->ahead_n, want, e);
	if (got < 0)
		return -1;
	if ((size_t)got < want)
		return err_set(e, ERR_DAMAGED,
		    "the stored copy ends at byte %lld, it should have %lld", (long long)(at + got),
		    (long long)r->size);
	r->ahead_n += want;
	return 0;
}

/* How long the frame at the front is; reads on until its end is there. */
static int
next_frame(size_t *ret, struct reader *r, struct err *e)
{
	static const unsigned char magic[4] = { 0x28, 0xb5, 0x2f, 0xfd };

	for (;;) {
		const unsigned char *front = r->ahead + r->ahead_at;
		unsigned long long raw_n;
		size_t n = ZSTD_findFrameCompressedSize(front, r->ahead_n);
		bool all = r->offset + (int64_t)r->ahead_n == r->size;

		if (r->ahead_n >= 4 && memcmp(front, magic, 4) != 0)
			return damaged(e, r->offset, "no frame begins there");
		if (ZSTD_isError(n) && !all && r->ahead_n < r->ahead_size) {
			if (read_ahead(r, e) != 0)
				return -1;
			continue;
		}
		if (ZSTD_isError(n))
			return damaged(e, r->offset, ZSTD_getErrorName(n));
		raw_n = ZSTD_getFrameContentSize(front, n);
		if (raw_n > FRAME_RAW_MAX || n > ZSTD_compressBound(FRAME_RAW_MAX))
			return damaged(e, r->offset, "a frame is larger than any of ours");
		*ret = n;
		return 0;
	}
}

/* A stream that goes on behind its known end is not the one that was stored. */
static int
check_end(struct reader *r, struct err *e)
{
	char more;
	ssize_t got = object_read(r->object, r->size, &more, 1, e);

	if (got < 0)
		return -1;
	return got == 0 ? 0 : damaged(e, r->size, "it should end there");
}

static int
read_frames(struct reader *r, struct err *e)
{
	while (r->offset < r->size) {
		void *item;
		struct back *b;
		size_t n = 0;

		if (next_frame(&n, r, e) != 0 || press_take(&item, r->press, e) != 0)
			return -1;
		b = item;
		memcpy(b->stored, r->ahead + r->ahead_at, n);
		b->stored_n = n;
		b->offset = r->offset;
		press_give(r->press);
		r->ahead_at += n;
		r->ahead_n -= n;
		r->offset += (int64_t)n;
		r->tally.frames++;
	}
	if (check_end(r, e) != 0)
		return -1;
	return press_finish(r->press, e);
}

static int
compare(const struct frame_totals *got, const struct frame_totals *want, struct err *e)
{
	if (got->stored_bytes != want->stored_bytes || got->raw_bytes != want->raw_bytes)
		return err_set(e, ERR_DAMAGED,
		    "the stored copy differs: it has %lld bytes (%lld decoded),"
		    " it should have %lld (%lld)",
		    (long long)got->stored_bytes, (long long)got->raw_bytes,
		    (long long)want->stored_bytes, (long long)want->raw_bytes);
	if (FAULT_CONTROL("copy.unchecked"))
		return 0;
	if (strcmp(got->stored_sha256, want->stored_sha256) != 0)
		return err_set(e, ERR_DAMAGED,
		    "the stored copy differs: its SHA-256 is %s, it should be %s",
		    got->stored_sha256, want->stored_sha256);
	if (strcmp(got->raw_sha256, want->raw_sha256) != 0)
		return err_set(e, ERR_DAMAGED,
		    "the stored copy differs: decoded, its SHA-256 is %s, it should be %s",
		    got->raw_sha256, want->raw_sha256);
	return 0;
}

int
frame_read(struct frame_totals *ret, struct object *o, const struct sink *raw,
    const struct frame_totals *expect, struct err *e)
{
	CLEANUP(reader_release) struct reader r = { .object = o, .raw = raw };
	struct frame_totals got;

	r.trust = expect != NULL && expect->stored_sha256[0] != '\0'
	    && (raw == NULL || expect->raw_sha256[0] == '\0');
	/* The sizes of an encrypted object differ by its header and tags; its pieces know their
	 * end. */
	r.size = expect != NULL && !object_is_encrypted(o) ? expect->stored_bytes : object_bytes(o);
	if (reader_set_up(&r, e) != 0 || read_frames(&r, e) != 0)
		return -1;
	tally_totals(&got, &r.tally);
	if (object_is_encrypted(o)) {
		struct upload_stored lies;

		if (object_stored(&lies, o, e) != 0)
			return -1;
		got.stored_bytes = lies.bytes;
		memcpy(got.stored_sha256, lies.sha256, sizeof got.stored_sha256);
	}
	if (r.trust)
		memcpy(got.raw_sha256, expect->raw_sha256, sizeof got.raw_sha256);
	if (expect != NULL && compare(&got, expect, e) != 0)
		return -1;
	*ret = got;
	return 0;
}
