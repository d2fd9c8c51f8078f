/* restore_postgresql.c: one PostgreSQL part put back as a job does it, timed: built beside the
 * target and checked, swapped in, swapped back. The connection comes from PGHOST, PGPORT, PGUSER,
 * PGDATABASE and PGPASSWORD; the part is made here, from the database as it is. A line of stdout
 * tells that this is done, one that the side is built, and the last one has the figures.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "lib/base/clock.h"
#include "worker/archive/frame.h"
#include "worker/dest/dest.h"
#include "worker/source/drivers.h"
#include "worker/target/landings.h"

static const char key[] = "part.dump.zst";

static void
say(void *arg UNUSED, const char *stream, const char *text)
{
	fprintf(stderr, "%s: %s\n", stream, text);
}

static void
count(void *arg UNUSED, int64_t more UNUSED)
{
}

static int
to_upload(void *arg, const void *p, size_t n, struct err *e)
{
	return upload_write(arg, p, n, e);
}

static int
to_frames(void *arg, const void *p, size_t n, struct err *e)
{
	return frame_write(arg, p, n, e);
}

static int
back_up(struct frame_totals *totals, const char **version, struct dest *d,
    const struct source *src, struct err *e)
{
	const struct frame_options opt = { .threads = 2, .level = 3 };
	CLEANUP_UPLOAD struct upload *up = NULL;
	CLEANUP_FRAME_WRITER struct frame_writer *w = NULL;
	struct source_facts facts;

	if (src_postgresql_driver.prepare(&facts, src, e) != 0 ||
	    dest_begin(&up, d, key, 1, e) != 0)
		return -1;
	const struct sink out = { to_upload, up };
	if (frame_writer_new(&w, &out, &opt, e) != 0)
		return -1;
	const struct sink in = { to_frames, w };
	if (src_postgresql_driver.dump(&in, src, e) != 0 || frame_finish(totals, w, e) != 0)
		return -1;
	*version = facts.engine_version;
	return upload_commit(&up, e);
}

struct times {
	int64_t build, swap, unswap;
};

static int
put_back(struct times *ret, struct dest *d, const struct part *part, const struct source *src,
    struct err *e)
{
	const struct target t = { .src = src, .tag = "bench", .part = part };
	const struct export_part from = { d, &part->data, &part->manifest, src->watch };
	const struct target_driver *driver = &tgt_postgresql_driver;
	struct target_built built = { .mark = "" };
	int64_t began = clock_mono(), kept;

	printf("stored\n");
	fflush(stdout);
	if (driver->build(&built, &t, &from, e) != 0)
		return -1;
	ret->build = clock_mono() - began;
	printf("built\n");
	fflush(stdout);
	began = clock_mono();
	if (driver->swap(&kept, &t, built.mark, e) != 0)
		return -1;
	ret->swap = clock_mono() - began;
	began = clock_mono();
	if (driver->unswap(&t, built.mark, e) != 0)
		return -1;
	ret->unswap = clock_mono() - began;
	return driver->drop(&t, e);
}

static const char *
env(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

static int
run(const char *folder, struct err *e)
{
	const struct watch watch = { count, say, NULL };
	const struct storage storage = { .slug = "bench", .kind = "local", .path = folder };
	const struct service service = { .engine = ENGINE_POSTGRESQL, .slug = "database",
		.settings = { .host = env("PGHOST"), .port = env("PGPORT"),
		    .database = env("PGDATABASE"), .user = env("PGUSER"), .tls = "" } };
	CLEANUP_ARENA struct arena *a = arena_new();
	const struct source src = { .service = &service, .secret = env("PGPASSWORD"),
		.scratch = folder, .arena = a, .watch = &watch };
	CLEANUP_DEST struct dest *d = NULL;
	struct part part = { .engine = "postgresql", .format = "pg-custom", .service_slug =
		"database" };
	struct frame_totals totals;
	struct rusage usage;
	struct times took;

	if (dest_open(&d, &storage, e) != 0 ||
	    back_up(&totals, &part.engine_version, d, &src, e) != 0)
		return -1;
	part.data = (struct stored_object){ key, totals.raw_bytes, totals.stored_bytes,
		totals.raw_sha256, totals.stored_sha256 };
	part.manifest = (struct stored_object){ "", 0, 0, "", "" };
	if (put_back(&took, d, &part, &src, e) != 0)
		return -1;
	getrusage(RUSAGE_SELF, &usage);
	printf("{\"build_ms\": %" PRId64 ", \"swap_ms\": %" PRId64 ", \"unswap_ms\": %" PRId64
	       ", \"rss_kb\": %ld, \"raw\": %" PRId64 "}\n",
	    took.build, took.swap, took.unswap, usage.ru_maxrss, totals.raw_bytes);
	return 0;
}

int
main(int argc, char **argv)
{
	struct err e;

	if (argc == 2 && run(argv[1], &e) == 0)
		return 0;
	fprintf(stderr, "restore_postgresql: %s\n", argc == 2 ? e.text : "usage: STORAGE");
	return 1;
}
