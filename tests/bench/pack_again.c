/* pack_again.c: one media backup on top of the one before it, as a job makes it, timed; what the
 * next one needs to know is kept in STORAGE/last.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "worker/archive/pack.h"

struct again {
	const char *storage;
	char name[32], manifest[32], ledger[4200], last[4200];
	struct dest *dest;
	struct arena *arena;
	int number;
	struct part base;             /* number 0: none */
};

static void
say(void *arg, const char *stream, const char *text)
{
	(void)arg;
	fprintf(stderr, "%s: %s\n", stream, text);
}

static int
to_upload(void *arg, const void *p, size_t n, struct err *e)
{
	return upload_write(arg, p, n, e);
}

static struct stored_object
read_object(struct arena *a, FILE *f)
{
	struct stored_object o = { .raw_bytes = 0 };
	char key[256], raw[65], stored[65];

	if (fscanf(f, "%255s %" SCNd64 " %" SCNd64 " %64s %64s", key, &o.raw_bytes,
	        &o.stored_bytes, raw, stored) != 5)
		exit(1);
	o.key = arena_dup(a, key);
	o.raw_sha256 = arena_dup(a, raw);
	o.stored_sha256 = arena_dup(a, stored);
	return o;
}

static void
read_last(struct again *g)
{
	FILE *f = fopen(g->last, "r");

	if (f == NULL)
		return;
	if (fscanf(f, "%d %zu", &g->number, &g->base.pack_count) != 2)
		exit(1);
	g->base.data = read_object(g->arena, f);
	g->base.manifest = read_object(g->arena, f);
	g->base.packs = arena_array(g->arena, g->base.pack_count + 1, sizeof *g->base.packs);
	for (size_t i = 0; i < g->base.pack_count; i++) {
		g->base.packs[i].object = read_object(g->arena, f);
		if (fscanf(f, "%" SCNd64, &g->base.packs[i].live_bytes) != 1)
			exit(1);
	}
	fclose(f);
}

static void
write_object(FILE *f, const struct stored_object *o)
{
	fprintf(f, "%s %" PRId64 " %" PRId64 " %s %s\n", o->key, o->raw_bytes, o->stored_bytes,
	    o->raw_sha256, o->stored_sha256);
}

static struct stored_object
object_of(const char *key, const struct frame_totals *t)
{
	return (struct stored_object){ key, t->raw_bytes, t->stored_bytes, t->raw_sha256,
		t->stored_sha256, "" };
}

static void
write_last(const struct again *g, const struct pack_totals *t, const struct reuse *reuse)
{
	const struct stored_object data = object_of(g->name, &t->data),
	                           manifest = object_of(g->manifest, &t->manifest);
	struct part_pack *packs = NULL;
	size_t count = 0;
	FILE *f = fopen(g->last, "w");

	if (f == NULL)
		exit(1);
	if (reuse != NULL)
		reuse_packs(&packs, &count, reuse, g->arena);
	fprintf(f, "%d %zu\n", g->number, count);
	write_object(f, &data);
	write_object(f, &manifest);
	for (size_t i = 0; i < count; i++) {
		write_object(f, &packs[i].object);
		fprintf(f, "%" PRId64 "\n", packs[i].live_bytes);
	}
	fclose(f);
}

static int
back_up(struct again *g, struct pack_totals *totals, struct pack_spec *spec, struct err *e)
{
	const struct reuse_spec base = { .dest = g->dest, .base = &g->base, .ledger = g->ledger,
		.scratch = g->storage };
	CLEANUP_REUSE struct reuse *reuse = NULL;
	CLEANUP_LEDGER_WRITER struct ledger_writer *made = NULL;
	CLEANUP_UPLOAD struct upload *data = NULL;
	CLEANUP_UPLOAD struct upload *manifest = NULL;

	if ((g->number > 1 && reuse_open(&reuse, &base, e) != 0)
	    || ledger_write_new(&made, g->ledger, e) != 0
	    || dest_begin(&data, g->dest, g->name, 1, e) != 0
	    || dest_begin(&manifest, g->dest, g->manifest, 1, e) != 0)
		return -1;
	const struct sink to_data = { to_upload, data }, to_manifest = { to_upload, manifest };

	spec->reuse = reuse;
	spec->ledger = made;
	spec->pack_name = g->name;
	if (pack_write(totals, &to_data, &to_manifest, spec, e) != 0
	    || upload_commit(&data, e) != 0 || upload_commit(&manifest, e) != 0
	    || ledger_write_finish(made, totals->manifest.stored_sha256, e) != 0)
		return -1;
	write_last(g, totals, reuse);
	return 0;
}

static void
tell(const struct pack_totals *t, int64_t took)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	printf("{\"ms\": %" PRId64 ", \"rss_kb\": %ld, \"files\": %" PRId64 ", \"warnings\": %"
	       PRId64 ", \"whole\": %" PRId64 ", \"stored\": %" PRId64 ", \"manifest\": %" PRId64
	       ", \"manifest_raw\": %" PRId64 "}\n",
	    took, usage.ru_maxrss, t->files, t->warnings, t->whole_bytes, t->data.stored_bytes,
	    t->manifest.stored_bytes, t->manifest.raw_bytes);
}

int
main(int argc, char **argv)
{
	const struct watch watch = { .say = say };
	struct again g = { .storage = argc > 1 ? argv[1] : "", .arena = arena_new() };
	const struct storage storage = { .slug = "bench", .kind = "local", .path = g.storage };
	int64_t began = clock_mono();
	struct pack_totals totals;
	struct err e;

	if (argc < 4) {
		fprintf(stderr, "usage: pack_again STORAGE THREADS ROOT...\n");
		return 2;
	}
	struct pack_spec spec = { .roots = (const char *const *)&argv[3],
		.root_count = (size_t)argc - 3, .watch = &watch,
		.frames = { .threads = (int)strtol(argv[2], NULL, 10), .level = 3 } };

	snprintf(g.last, sizeof g.last, "%s/last", g.storage);
	snprintf(g.ledger, sizeof g.ledger, "%s/ledger", g.storage);
	read_last(&g);
	g.number++;
	snprintf(g.name, sizeof g.name, "%d.tar.zst", g.number);
	snprintf(g.manifest, sizeof g.manifest, "%d.manifest.zst", g.number);
	if (dest_open(&g.dest, &storage, &e) != 0 || back_up(&g, &totals, &spec, &e) != 0) {
		fprintf(stderr, "pack_again: %s\n", e.text);
		return 1;
	}
	tell(&totals, clock_mono() - began);
	dest_closep(&g.dest);
	arena_free(g.arena);
	return 0;
}
