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

#include "tests/bench/putting.h"

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
	struct put_times took;

	if (dest_open(&d, &storage, e) != 0)
		return -1;
	const struct put_source made = { d, key, &src_postgresql_driver, &src };
	if (put_away(&part, &totals, &made, e) != 0)
		return -1;
	const struct target t = { .src = &src, .tag = "bench", .part = &part };
	const struct export_part from = { d, &part.data, &part.manifest, &watch, NULL };

	if (put_back(&took, &tgt_postgresql_driver, &t, &from, e) != 0)
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
