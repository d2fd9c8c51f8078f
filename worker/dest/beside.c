/* beside.c: a hash that is made by a thread of its own, beside who reads the bytes. */
#include "worker/dest/beside.h"

#include <stdlib.h>

#include "lib/base/arena.h"
#include "worker/archive/press.h"

enum { BATCHES = 3 };

struct batch {
	struct buf bytes;
	size_t skip;
};

struct beside {
	struct hash *hash;
	struct press *press;
	struct batch batches[BATCHES];
};

static int
hash_batch(void *arg, int thread UNUSED, void *item, struct err *e UNUSED)
{
	struct beside *b = arg;
	const struct batch *batch = item;

	hash_add(b->hash, batch->bytes.p + batch->skip, batch->bytes.n - batch->skip);
	return 0;
}

static int
done(void *arg UNUSED, void *item UNUSED, struct err *e UNUSED)
{
	return 0;
}

int
beside_new(struct beside **ret, struct hash *hash, struct err *e)
{
	struct beside *b = xmalloc(sizeof *b);
	void *items[BATCHES];

	*b = (struct beside){ .hash = hash };
	for (int i = 0; i < BATCHES; i++) {
		b->batches[i].bytes = (struct buf)BUF_INIT;
		items[i] = &b->batches[i];
	}
	const struct press_spec spec = {
		.threads = 1, .slots = BATCHES, .items = items, .work = hash_batch,
		.deliver = { done }, .arg = b,
	};
	if (press_new(&b->press, &spec, e) != 0) {
		beside_freep(&b);
		return -1;
	}
	*ret = b;
	return 0;
}

int
beside_add(struct beside *b, struct buf *bytes, size_t skip, struct err *e)
{
	struct batch *batch;
	struct buf other;
	void *item;

	if (press_take(&item, b->press, e) != 0)
		return -1;
	batch = item;
	other = batch->bytes;
	batch->bytes = *bytes;
	batch->skip = skip;
	*bytes = other;
	press_give(b->press);
	return 0;
}

int
beside_end(struct beside *b, struct err *e)
{
	return press_finish(b->press, e);
}

void
beside_freep(struct beside **bp)
{
	struct beside *b = *bp;

	*bp = NULL;
	if (b == NULL)
		return;
	press_freep(&b->press);
	for (int i = 0; i < BATCHES; i++)
		buf_release(&b->batches[i].bytes);
	free(b);
}
