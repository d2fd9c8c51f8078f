/* restore_switch.c: one part of files, or of a SQLite database, put back as a job does it, timed:
 * built beside the target and checked, swapped in, swapped back.
 *
 *   restore_switch STORAGE files FOLDER              the pack lies in STORAGE, by pack_tree
 *   restore_switch STORAGE sqlite FILE OTHER         the part is made here, from OTHER
 *
 * The last line of stdout has the figures.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "tests/bench/promised.h"
#include "tests/bench/putting.h"

struct scene {
	struct watch watch;
	struct service service, other;
	struct source src, from;
	struct part part;
	struct frame_totals totals[2];
	const struct target_driver *driver;
};

static void
say(void *arg UNUSED, const char *stream, const char *text)
{
	fprintf(stderr, "%s: %s\n", stream, text);
}

static void
count(void *arg UNUSED, int64_t more UNUSED)
{
}

static void
scene_begin(struct scene *s, struct arena *a, char **argv)
{
	bool media = strcmp(argv[2], "files") == 0;

	*s = (struct scene){ .watch = { count, say, NULL } };
	s->driver = media ? &tgt_files_driver : &tgt_sqlite_driver;
	s->service = s->other = (struct service){ .engine = s->driver->engine, .slug = "it" };
	s->service.settings = (struct service_settings){ .path = media ? "" : argv[3],
		.roots = media ? argv[3] : "", .excludes = "" };
	s->other.settings.path = media ? "" : argv[4];
	s->src = s->from = (struct source){ .service = &s->service, .secret = "",
		.scratch = argv[1], .arena = a, .watch = &s->watch };
	s->from.service = &s->other;
}

/* The part of it, in the storage. */
static int
scene_part(struct scene *s, struct dest *d, struct err *e)
{
	const struct put_source made = { d, "part.sqlite.zst", &src_sqlite_driver, &s->from };

	if (s->driver == &tgt_sqlite_driver)
		return put_away(&s->part, &s->totals[0], &made, e);
	s->part.data.key = "pack.tar.zst";
	s->part.manifest.key = "pack.manifest.zst";
	if (promised_by(&s->part.data, &s->totals[0], d, e) != 0)
		return -1;
	return promised_by(&s->part.manifest, &s->totals[1], d, e);
}

static int
run(char **argv, struct err *e)
{
	const struct storage storage = { .slug = "bench", .kind = "local", .path = argv[1] };
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_DEST struct dest *d = NULL;
	struct put_times took;
	struct rusage usage;
	struct scene s;

	scene_begin(&s, a, argv);
	if (dest_open(&d, &storage, e) != 0 || scene_part(&s, d, e) != 0)
		return -1;
	const struct target t = { .src = &s.src, .tag = "bench", .part = &s.part };
	const struct export_part from = { d, &s.part.data, &s.part.manifest, &s.watch, NULL };

	if (put_back(&took, s.driver, &t, &from, e) != 0)
		return -1;
	getrusage(RUSAGE_SELF, &usage);
	printf("{\"build_ms\": %" PRId64 ", \"swap_ms\": %" PRId64 ", \"unswap_ms\": %" PRId64
	       ", \"rss_kb\": %ld, \"raw\": %" PRId64 "}\n",
	    took.build, took.swap, took.unswap, usage.ru_maxrss, s.part.data.raw_bytes);
	return 0;
}

int
main(int argc, char **argv)
{
	bool asked = (argc == 4 && strcmp(argv[2], "files") == 0) ||
	    (argc == 5 && strcmp(argv[2], "sqlite") == 0);
	struct err e;

	if (asked && run(argv, &e) == 0)
		return 0;
	fprintf(stderr, "restore_switch: %s\n",
	    asked ? e.text : "usage: STORAGE files FOLDER | STORAGE sqlite FILE OTHER");
	return 1;
}
