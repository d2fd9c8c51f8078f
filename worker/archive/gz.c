/* gz.c: a stream as one gzip member, compressed on several cores, in order. */
#include "worker/archive/gz.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "lib/base/arena.h"
#include "worker/archive/press.h"
#include "worker/archive/squeeze.h"

/* Each piece is deflated by itself and ends on a byte; together they are one deflate stream. */
enum { PIECE = 1 << 20, OUT = PIECE + (PIECE >> 6), LEVEL = 6, TRAILER = 10 };

struct gz_piece {
	unsigned char *raw, *out;
	size_t n, out_n;
	uLong crc;
};

struct gz {
	const struct sink *out;
	struct press *press;
	int slots;
	struct gz_piece pieces[PRESS_SLOTS_MAX];
	struct gz_piece *open;
	uLong crc;
	uint32_t size;                /* modulo 2^32, as the format wants */
	bool begun;
};

static int
deflate_piece(void *arg, int thread, void *item, struct err *e)
{
	struct gz_piece *piece = item;
	z_stream z = { .next_in = piece->raw, .avail_in = (uInt)piece->n, .next_out = piece->out,
		.avail_out = OUT };
	int level = squeeze_is_flat(piece->raw, piece->n) ? 0 : LEVEL, rc;

	(void)arg;
	(void)thread;
	if (deflateInit2(&z, level, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return err_set(e, ERR_INTERNAL, "zlib cannot be set up");
	rc = deflate(&z, Z_SYNC_FLUSH);
	piece->out_n = OUT - z.avail_out;
	deflateEnd(&z);
	if (rc != Z_OK || z.avail_in > 0 || z.avail_out == 0)
		return err_set(e, ERR_INTERNAL, "zlib: a piece did not fit");
	piece->crc = crc32(0, piece->raw, (uInt)piece->n);
	return 0;
}

static int
deliver_piece(void *arg, void *item, struct err *e)
{
	static const unsigned char head[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3 };
	struct gz *g = arg;
	struct gz_piece *piece = item;

	if (!g->begun && sink_write(g->out, head, sizeof head, e) != 0)
		return -1;
	g->begun = true;
	g->crc = crc32_combine(g->crc, piece->crc, (z_off_t)piece->n);
	g->size += (uint32_t)piece->n;
	return sink_write(g->out, piece->out, piece->out_n, e);
}

int
gz_new(struct gz **ret, const struct sink *out, int threads, struct err *e)
{
	CLEANUP_GZ struct gz *g = xmalloc(sizeof *g);
	void *items[PRESS_SLOTS_MAX];

	*g = (struct gz){ .out = out, .slots = threads + 2 };
	for (int i = 0; i < g->slots; i++) {
		g->pieces[i].raw = xmalloc(PIECE);
		g->pieces[i].out = xmalloc(OUT);
		items[i] = &g->pieces[i];
	}
	const struct press_spec spec = {
		.threads = threads, .slots = g->slots, .items = items, .work = deflate_piece,
		.deliver = { deliver_piece }, .arg = g,
	};
	if (press_new(&g->press, &spec, e) != 0)
		return -1;
	*ret = g;
	g = NULL;
	return 0;
}

static int
open_piece(struct gz *g, struct err *e)
{
	void *item;

	if (press_take(&item, g->press, e) != 0)
		return -1;
	g->open = item;
	g->open->n = 0;
	return 0;
}

int
gz_write(struct gz *g, const void *p, size_t n, struct err *e)
{
	const char *at = p;

	while (n > 0) {
		if (g->open == NULL && open_piece(g, e) != 0)
			return -1;
		size_t room = PIECE - g->open->n, take = n < room ? n : room;

		memcpy(g->open->raw + g->open->n, at, take);
		g->open->n += take;
		at += take;
		n -= take;
		if (g->open->n == PIECE) {
			press_give(g->press);
			g->open = NULL;
		}
	}
	return 0;
}

int
gz_finish(struct gz *g, struct err *e)
{
	unsigned char end[TRAILER] = { 3, 0 };   /* an empty last block, then CRC and size */

	if (g->open == NULL && open_piece(g, e) != 0)
		return -1;
	press_give(g->press);
	g->open = NULL;
	if (press_finish(g->press, e) != 0)
		return -1;
	for (int i = 0; i < 4; i++) {
		end[2 + i] = (unsigned char)(g->crc >> 8 * i);
		end[6 + i] = (unsigned char)(g->size >> 8 * i);
	}
	return sink_write(g->out, end, sizeof end, e);
}

void
gz_freep(struct gz **gg)
{
	struct gz *g = *gg;

	*gg = NULL;
	if (g == NULL)
		return;
	press_freep(&g->press);
	for (int i = 0; i < g->slots; i++) {
		free(g->pieces[i].raw);
		free(g->pieces[i].out);
	}
	free(g);
}
