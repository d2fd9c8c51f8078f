/* pack_count.c: what a backup would hold, by walking without reading. */
#include "worker/archive/pack.h"

#include "lib/base/clock.h"
#include "worker/archive/twins.h"
#include "worker/archive/walk.h"

struct counter {
	struct pack_count count;
	struct twins twins;
	int64_t until;
};

static int
count_found(void *arg, const struct walk_found *f, struct err *e)
{
	struct counter *c = arg;

	if (c->until != 0 && clock_mono() >= c->until)
		return err_set(e, ERR_BUSY, "counting the files takes too long");
	if (S_ISDIR(f->st->st_mode))
		c->count.folders++;
	if (!S_ISREG(f->st->st_mode))
		return 0;
	/* Further names of a file cost nothing. */
	if (f->st->st_nlink > 1) {
		struct twin *twin = twins_find(&c->twins, f->st);

		if (twin == NULL)
			twin = twins_add(&c->twins, f->st, "");
		else
			c->count.bytes -= f->st->st_size;
		twins_drop(twin);
	}
	c->count.files++;
	c->count.bytes += f->st->st_size;
	return 0;
}

static void
count_trouble(void *arg, enum walk_trouble kind, const char *path, const char *why)
{
	struct counter *c = arg;

	(void)path;
	(void)why;
	c->count.excluded += kind == WALK_EXCLUDED;
	c->count.unreadable += kind == WALK_UNREADABLE;
}

int
pack_count(struct pack_count *ret, const struct pack_spec *spec, struct err *e)
{
	CLEANUP_WALK struct walk_roots roots = { .count = 0 };
	struct counter c = { .count = { 0 }, .until = spec->count_until };
	const struct walk walk = {
		.excludes = spec->excludes, .exclude_count = spec->exclude_count,
		.found = count_found, .trouble = count_trouble, .arg = &c,
	};
	int rc;

	if (walk_open(&roots, spec->roots, spec->root_count, e) != 0)
		return -1;
	rc = walk_all(&roots, &walk, e);
	twins_release(&c.twins);
	if (rc == 0)
		*ret = c.count;
	return rc;
}
