/* pack_parts.c: where a pack ends and the next one begins. */
#include "worker/archive/pack_inner.h"
#include "worker/archive/tar.h"

static void
begin(struct pack *p, const struct pack_begun *at)
{
	p->name = at->name;
	tally_init(&p->tally, at->to);
	tally_unhashed(&p->tally);
	if (p->spec->frames.encrypted)
		tally_bare(&p->tally);
}

int
pack_parts_begin(struct pack *p, const struct sink *to, struct err *e)
{
	char zeros[TAR_END] = { 0 };
	const struct iovec end = { zeros, sizeof zeros };

	begin(p, &(struct pack_begun){ to, p->spec->pack_name });
	squeeze_out_init(&p->end, sizeof zeros);
	return squeeze_frame(&p->end, p->tools[0].squeezer, false, &end, e);
}

void
pack_parts_release(struct pack *p)
{
	tally_release(&p->tally);
	squeeze_out_release(&p->end);
}

int
pack_parts_end(struct pack *p, struct err *e)
{
	static const char zeros[TAR_END];

	tally_raw(&p->tally, zeros, sizeof zeros);
	p->tally.frames += p->end.frames;
	return tally_stored(&p->tally, p->end.out, p->end.n, e);
}

/* The slots of one file stay together, and no pack has nothing but an end. */
static bool
has_room(const struct pack *p, const struct slot *s)
{
	const struct pack_next *next = p->spec->next;

	if (next == NULL || p->tally.stored_bytes == 0 || s->squeezed.n == 0
	    || (s->stream != STREAM_NONE && !(s->stream & STREAM_FIRST)))
		return true;
	return p->tally.stored_bytes + (int64_t)(s->squeezed.n + p->end.n) <= next->limit;
}

int
pack_parts_turn(struct pack *p, const struct slot *s, struct err *e)
{
	const struct pack_next *next = p->spec->next;
	struct frame_totals full;
	struct pack_begun at;

	if (has_room(p, s))
		return 0;
	if (pack_parts_end(p, e) != 0)
		return -1;
	tally_totals(&full, &p->tally);
	if (next->next(&at, next->arg, &full, e) != 0)
		return -1;
	p->before += full.raw_bytes - TAR_END;
	tally_release(&p->tally);
	begin(p, &at);
	return 0;
}
