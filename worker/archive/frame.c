/* frame.c: one stream as concatenated zstd frames, compressed on several cores, in order. */
#include "worker/archive/frame.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/fault.h"
#include "worker/archive/press.h"
#include "worker/archive/squeeze.h"
#include "worker/archive/tally.h"

struct piece {
	unsigned char *raw;
	size_t n;
	struct squeezed squeezed;
};

struct frame_writer {
	struct tally tally;
	struct press *press;
	int threads, slots;
	size_t raw_max;
	struct squeezer *squeezers[PRESS_THREADS_MAX];
	struct piece pieces[PRESS_SLOTS_MAX];
	struct piece *open;           /* the one being filled */
	bool begun;
};

static int
press_piece(void *arg, int thread, void *item, struct err *e)
{
	struct frame_writer *w = arg;
	struct piece *piece = item;
	const struct iovec raw = { piece->raw, piece->n };

	return squeeze_runs(&piece->squeezed, w->squeezers[thread], &raw, e);
}

static int
hash_piece(void *arg, void *item, struct err *e)
{
	struct frame_writer *w = arg;
	const struct piece *piece = item;

	(void)e;
	tally_raw(&w->tally, piece->raw, piece->n);
	return 0;
}

static int
deliver_piece(void *arg, void *item, struct err *e)
{
	struct frame_writer *w = arg;
	struct piece *piece = item;

	FAULT("frame.before_write");
	w->tally.frames += piece->squeezed.frames;
	return tally_stored(&w->tally, piece->squeezed.out, piece->squeezed.n, e);
}

int
frame_writer_new(struct frame_writer **ret, const struct sink *out, const struct frame_options *opt,
    struct err *e)
{
	CLEANUP_FRAME_WRITER struct frame_writer *w = xmalloc(sizeof *w);
	void *items[PRESS_SLOTS_MAX];

	*w = (struct frame_writer){ .threads = opt->threads, .slots = opt->threads + 2 };
	w->raw_max = opt->raw_max > 0 ? opt->raw_max : squeeze_piece(2 * w->slots, opt->held);
	tally_init(&w->tally, out);
	if (opt->encrypted)
		tally_bare(&w->tally);
	for (int i = 0; i < w->threads; i++)
		if (squeeze_new(&w->squeezers[i], opt->level, e) != 0)
			return -1;
	for (int i = 0; i < w->slots; i++) {
		items[i] = &w->pieces[i];
		w->pieces[i].raw = xmalloc(w->raw_max);
		squeeze_out_init(&w->pieces[i].squeezed, w->raw_max);
	}
	const struct press_spec spec = {
		.threads = w->threads, .slots = w->slots, .items = items, .work = press_piece,
		.deliver = { deliver_piece, hash_piece }, .arg = w,
	};
	if (press_new(&w->press, &spec, e) != 0)
		return -1;
	*ret = w;
	w = NULL;
	return 0;
}

static int
open_piece(struct frame_writer *w, struct err *e)
{
	void *item;

	if (press_take(&item, w->press, e) != 0)
		return -1;
	w->open = item;
	w->open->n = 0;
	w->begun = true;
	squeeze_out_clear(&w->open->squeezed);
	return 0;
}

int
frame_write(struct frame_writer *w, const void *p, size_t n, struct err *e)
{
	const char *at = p;

	while (n > 0) {
		if (w->open == NULL && open_piece(w, e) != 0)
			return -1;
		size_t room = w->raw_max - w->open->n, take = n < room ? n : room;

		memcpy(w->open->raw + w->open->n, at, take);
		w->open->n += take;
		at += take;
		n -= take;
		if (w->open->n == w->raw_max) {
			press_give(w->press);
			w->open = NULL;
		}
	}
	return 0;
}

int
frame_finish(struct frame_totals *ret, struct frame_writer *w, struct err *e)
{
	if (w->open == NULL && !w->begun && open_piece(w, e) != 0)
		return -1;
	if (w->open != NULL)
		press_give(w->press);
	w->open = NULL;
	if (press_finish(w->press, e) != 0)
		return -1;
	tally_totals(ret, &w->tally);
	return 0;
}

void
frame_writer_freep(struct frame_writer **ww)
{
	struct frame_writer *w = *ww;

	*ww = NULL;
	if (w == NULL)
		return;
	press_freep(&w->press);
	for (int i = 0; i < w->threads; i++)
		squeeze_freep(&w->squeezers[i]);
	for (int i = 0; i < w->slots; i++) {
		free(w->pieces[i].raw);
		squeeze_out_release(&w->pieces[i].squeezed);
	}
	tally_release(&w->tally);
	free(w);
}
