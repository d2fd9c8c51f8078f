/* outfile.c: a file that is being written, with its hash. */
#include "worker/archive/outfile.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/fd.h"
#include "worker/archive/press.h"

enum { BLOCK = 1 << 20, BLOCKS = 4, FLUSH = 32 << 20 };

struct block {
	unsigned char *p;
	size_t n;
};

struct outfile {
	int fd;
	struct hash *hash;
	int64_t bytes, flushed;
	struct press *press;
	struct block blocks[BLOCKS], *open;   /* `open`: being filled, or NULL */
};

static int
as_it_is(void *arg UNUSED, int thread UNUSED, void *item UNUSED, struct err *e UNUSED)
{
	return 0;
}

static int
write_block(void *arg, void *item, struct err *e)
{
	struct outfile *f = arg;
	const struct block *b = item;

	if (fd_write_all(f->fd, b->p, b->n, e) != 0)
		return -1;
	f->bytes += (int64_t)b->n;
	if (f->bytes - f->flushed >= FLUSH) {
		/* Starts the disk early; only a hint. */
		sync_file_range(f->fd, f->flushed, f->bytes - f->flushed, SYNC_FILE_RANGE_WRITE);
		f->flushed = f->bytes;
	}
	return 0;
}

static int
hash_block(void *arg, void *item, struct err *e UNUSED)
{
	struct outfile *f = arg;
	const struct block *b = item;

	hash_add(f->hash, b->p, b->n);
	return 0;
}

int
outfile_new(struct outfile **ret, int fd, struct err *e)
{
	CLEANUP_OUTFILE struct outfile *f = xmalloc(sizeof *f);
	void *items[BLOCKS];

	*f = (struct outfile){ .fd = fd, .hash = hash_new() };
	for (int i = 0; i < BLOCKS; i++) {
		f->blocks[i].p = xmalloc(BLOCK);
		items[i] = &f->blocks[i];
	}
	const struct press_spec spec = {
		.threads = 1, .slots = BLOCKS, .items = items, .work = as_it_is,
		.deliver = { write_block, hash_block }, .arg = f,
	};
	if (press_new(&f->press, &spec, e) != 0)
		return -1;
	*ret = f;
	f = NULL;
	return 0;
}

static void
give(struct outfile *f)
{
	press_give(f->press);
	f->open = NULL;
}

int
outfile_write(void *arg, const void *p, size_t n, struct err *e)
{
	struct outfile *f = arg;
	const unsigned char *at = p;
	void *item;
	size_t take;

	while (n > 0) {
		if (f->open == NULL) {
			if (press_take(&item, f->press, e) != 0)
				return -1;
			f->open = item;
			f->open->n = 0;
		}
		take = BLOCK - f->open->n < n ? BLOCK - f->open->n : n;
		memcpy(f->open->p + f->open->n, at, take);
		f->open->n += take;
		at += take;
		n -= take;
		if (f->open->n == BLOCK)
			give(f);
	}
	return 0;
}

int
outfile_finish(int64_t *bytes, char sha256[HASH_HEX_SIZE], struct outfile *f, struct err *e)
{
	if (f->open != NULL)
		give(f);
	if (press_finish(f->press, e) != 0)
		return -1;
	*bytes = f->bytes;
	hash_hex(f->hash, sha256);
	return 0;
}

void
outfile_freep(struct outfile **fp)
{
	struct outfile *f = *fp;

	if (f == NULL)
		return;
	press_freep(&f->press);
	hash_freep(&f->hash);
	for (int i = 0; i < BLOCKS; i++)
		free(f->blocks[i].p);
	free(f);
	*fp = NULL;
}
