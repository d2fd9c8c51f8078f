/* putting.h: for tools: a part is made from a source, and put back as a job does it, timed. */
#ifndef TESTS_BENCH_PUTTING_H
#define TESTS_BENCH_PUTTING_H

#include <stdio.h>

#include "lib/base/clock.h"
#include "worker/archive/frame.h"
#include "worker/dest/dest.h"
#include "worker/source/drivers.h"
#include "worker/target/landings.h"

/* In milliseconds. */
struct put_times {
	int64_t build, swap, unswap;
};

/* What is made of which database, and where it goes. */
struct put_source {
	struct dest *dest;
	const char *key;
	const struct source_driver *driver;
	const struct source *src;
};

static int
put_upload(void *arg, const void *p, size_t n, struct err *e)
{
	return upload_write(arg, p, n, e);
}

static int
put_frames(void *arg, const void *p, size_t n, struct err *e)
{
	return frame_write(arg, p, n, e);
}

/* A database's dump; the part's hashes live in *totals. */
UNUSED static int
put_away(struct part *ret, struct frame_totals *totals, const struct put_source *p, struct err *e)
{
	const struct frame_options opt = { .threads = 2, .level = 3 };
	CLEANUP_UPLOAD struct upload *up = NULL;
	CLEANUP_FRAME_WRITER struct frame_writer *w = NULL;
	struct source_facts facts;

	if (p->driver->prepare(&facts, p->src, e) != 0 ||
	    dest_begin(&up, p->dest, p->key, 1, e) != 0)
		return -1;
	const struct sink out = { put_upload, up };
	if (frame_writer_new(&w, &out, &opt, e) != 0)
		return -1;
	const struct sink in = { put_frames, w };
	if (p->driver->dump(&in, p->src, e) != 0 || frame_finish(totals, w, e) != 0)
		return -1;
	ret->engine_version = facts.engine_version;
	ret->data = (struct stored_object){ p->key, totals->raw_bytes, totals->stored_bytes,
		totals->raw_sha256, totals->stored_sha256, "" };
	ret->manifest = (struct stored_object){ "", 0, 0, "", "", "" };
	return upload_commit(&up, e);
}

/* A line of stdout tells that the part is there, one that the side is built. */
UNUSED static int
put_back(struct put_times *ret, const struct target_driver *driver, const struct target *t,
    const struct export_part *from, struct err *e)
{
	struct target_built built = { .mark = "" };
	int64_t began = clock_mono(), kept;

	printf("stored\n");
	fflush(stdout);
	if (driver->build(&built, t, from, e) != 0)
		return -1;
	ret->build = clock_lap(&began);
	printf("built\n");
	fflush(stdout);
	began = clock_mono();
	if (driver->swap(&kept, t, built.mark, e) != 0)
		return -1;
	ret->swap = clock_lap(&began);
	if (driver->unswap(t, built.mark, e) != 0)
		return -1;
	ret->unswap = clock_lap(&began);
	return driver->drop(t, e);
}

#endif
