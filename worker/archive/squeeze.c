/* squeeze.c: bytes become zstd frames; what does not compress is not compressed. */
#include "worker/archive/squeeze.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <zstd.h>

#include "lib/base/arena.h"
#include "worker/archive/frame.h"

/* The tables of level 3 are 768 KiB for each thread, most of the cache that a core has for itself.
 * Narrower ones of 320 KiB are a fifth faster; what comes out is smaller or, of programs, up to
 * 2 % larger. */
enum { NARROW_LEVEL = 3, HASH_LOG = 16, CHAIN_LOG = 14 };

struct squeezer {
	ZSTD_CCtx *context;
	int level;
};

size_t
squeeze_piece(int buffers, size_t held)
{
	const size_t all = (size_t)36 << 20;
	size_t units = (held < all ? all - held : 0) / (size_t)buffers / SQUEEZE_UNIT;
	size_t most = SQUEEZE_MAX / SQUEEZE_UNIT;

	if (units == 0)
		units = 1;
	return (units > most ? most : units) * SQUEEZE_UNIT;
}

size_t
squeeze_room(size_t raw_max)
{
	/* Every frame may add its head, checksum and a few block heads; SQUEEZE_FRAMES of them. */
	return ZSTD_compressBound(raw_max) + SQUEEZE_FRAMES * 512;
}

void
squeeze_out_init(struct squeezed *to, size_t raw_max)
{
	*to = (struct squeezed){ .capacity = squeeze_room(raw_max) };
	to->out = xmalloc(to->capacity);
}

void
squeeze_out_clear(struct squeezed *to)
{
	to->n = 0;
	to->frames = 0;
}

void
squeeze_out_release(struct squeezed *to)
{
	free(to->out);
	*to = (struct squeezed){ 0 };
}

/* Order-0 entropy of up to four samples: 4 KiB of random bytes have about 7.95 bits a byte, text
 * has 4 to 6. */
bool
squeeze_is_flat(const void *p, size_t n)
{
	enum { SAMPLES = 4, SAMPLE = 1024, LEAST = 4096 };
	const double enough_bits = 7.7;
	const unsigned char *bytes = p;
	unsigned count[256] = { 0 };
	double bits = 0;

	if (n < LEAST)
		return false;
	for (size_t s = 0; s < SAMPLES; s++) {
		const unsigned char *at = bytes + (n - SAMPLE) / (SAMPLES - 1) * s;

		for (size_t i = 0; i < SAMPLE; i++)
			count[at[i]]++;
	}
	for (size_t i = 0; i < 256; i++)
		if (count[i] > 0)
			bits -= count[i] * log2((double)count[i] / (SAMPLES * SAMPLE));
	return bits / (SAMPLES * SAMPLE) > enough_bits;
}

int
squeeze_new(struct squeezer **ret, int level, struct err *e)
{
	ZSTD_CCtx *context = ZSTD_createCCtx();

	if (context == NULL ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1))) {
		ZSTD_freeCCtx(context);
		return err_set(e, ERR_INTERNAL, "zstd cannot be set up");
	}
	*ret = xmalloc(sizeof **ret);
	**ret = (struct squeezer){ context, level };
	return 0;
}

void
squeeze_freep(struct squeezer **s)
{
	if (*s != NULL)
		ZSTD_freeCCtx((*s)->context);
	free(*s);
	*s = NULL;
}

int
squeeze_frame(struct squeezed *to, struct squeezer *s, bool flat, const struct iovec *raw,
    struct err *e)
{
	/* The fastest level finds no matches and codes no literals: blocks are stored raw at memory
	 * speed. */
	int level = flat ? ZSTD_minCLevel() : s->level;
	bool narrow = !flat && level == NARROW_LEVEL;
	size_t n;

	assert(to->frames < SQUEEZE_FRAMES);
	n = ZSTD_CCtx_setParameter(s->context, ZSTD_c_compressionLevel, level);
	if (!ZSTD_isError(n))
		n = ZSTD_CCtx_setParameter(s->context, ZSTD_c_hashLog, narrow ? HASH_LOG : 0);
	if (!ZSTD_isError(n))
		n = ZSTD_CCtx_setParameter(s->context, ZSTD_c_chainLog, narrow ? CHAIN_LOG : 0);
	if (!ZSTD_isError(n))
		n = ZSTD_compress2(s->context, to->out + to->n, to->capacity - to->n, raw->iov_base,
		    raw->iov_len);
	if (ZSTD_isError(n))
		return err_set(e, ERR_INTERNAL, "zstd: %s", ZSTD_getErrorName(n));
	to->frame[to->frames].raw_n = raw->iov_len;
	to->frame[to->frames++].out_n = n;
	to->n += n;
	return 0;
}

int
squeeze_runs(struct squeezed *to, struct squeezer *s, const struct iovec *raw, struct err *e)
{
	unsigned char *at = raw->iov_base;
	size_t left = raw->iov_len;

	/* Nothing at all is one empty frame, so that even an empty stream is valid zstd. */
	do {
		size_t run = left < SQUEEZE_UNIT ? left : SQUEEZE_UNIT;
		bool flat = squeeze_is_flat(at, run);

		while (run < left) {
			size_t next = left - run < SQUEEZE_UNIT ? left - run : SQUEEZE_UNIT;

			if (squeeze_is_flat(at + run, next) != flat)
				break;
			run += next;
		}
		const struct iovec piece = { at, run };
		if (squeeze_frame(to, s, flat, &piece, e) != 0)
			return -1;
		at += run;
		left -= run;
	} while (left > 0);
	return 0;
}
