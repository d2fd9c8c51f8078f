/* tally.c: the end of a framed stream: its hashes, both counts, and the sink. */
#include "worker/archive/tally.h"

void
tally_init(struct tally *t, const struct sink *out)
{
	*t = (struct tally){ .out = out, .raw = hash_new(), .stored = hash_new() };
}

void
tally_release(struct tally *t)
{
	hash_freep(&t->raw);
	hash_freep(&t->stored);
}

void
tally_bare(struct tally *t)
{
	hash_freep(&t->stored);
	t->stored = NULL;
}

void
tally_unhashed(struct tally *t)
{
	hash_freep(&t->raw);
	t->raw = NULL;
}

void
tally_raw(struct tally *t, const void *p, size_t n)
{
	if (t->raw != NULL)
		hash_add(t->raw, p, n);
	t->raw_bytes += (int64_t)n;
}

int
tally_stored(struct tally *t, const void *p, size_t n, struct err *e)
{
	if (t->stored != NULL)
		hash_add(t->stored, p, n);
	t->stored_bytes += (int64_t)n;
	return t->out == NULL ? 0 : sink_write(t->out, p, n, e);
}

void
tally_totals(struct frame_totals *ret, struct tally *t)
{
	*ret = (struct frame_totals){
		.raw_bytes = t->raw_bytes, .stored_bytes = t->stored_bytes, .frames = t->frames,
	};
	if (t->raw != NULL)
		hash_hex(t->raw, ret->raw_sha256);
	if (t->stored != NULL)
		hash_hex(t->stored, ret->stored_sha256);
}
