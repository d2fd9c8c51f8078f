/* dump_postgresql.c: one PostgreSQL part as a job makes it, timed: pg_dump, frames, fsync, rename;
 * read back, proven. The connection comes from PGHOST, PGPORT, PGUSER, PGDATABASE and PGPASSWORD.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "worker/archive/frame.h"
#include "worker/dest/dest.h"
#include "worker/source/drivers.h"

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
to_pipe(void *arg, const void *p, size_t n, struct err *e)
{
	return fd_write_all(*(const int *)arg, p, n, e);
}

static int
back_up(struct frame_totals *totals, struct dest *d, const struct frame_options *opt,
    const struct source *src, struct err *e)
{
	CLEANUP_UPLOAD struct upload *up = NULL;
	CLEANUP_FRAME_WRITER struct frame_writer *w = NULL;
	struct source_facts facts;

	if (src_postgresql_driver.prepare(&facts, src, e) != 0 ||
	    dest_begin(&up, d, "part.dump.zst", 1, e) != 0)
		return -1;
	const struct sink out = { to_upload, up };
	if (frame_writer_new(&w, &out, opt, e) != 0)
		return -1;
	const struct sink in = { to_frames, w };
	if (src_postgresql_driver.dump(&in, src, e) != 0 || frame_finish(totals, w, e) != 0)
		return -1;
	return upload_commit(&up, e);
}

struct prover {
	const struct source *src;
	int in, rc;
	struct err e;
};

static void *
prove(void *arg)
{
	struct prover *p = arg;

	p->rc = src_postgresql_driver.prove(p->in, p->src, &p->e);
	fd_close(&p->in);
	return NULL;
}

static int
read_back(struct dest *d, const struct frame_totals *expect, const struct source *src,
    struct err *e)
{
	CLEANUP_OBJECT struct object *o = NULL;
	struct frame_totals got;
	struct prover p = { .src = src };
	pthread_t thread;
	int64_t bytes;
	int ends[2], rc;

	if (object_open(&o, &bytes, d, "part.dump.zst", e) != 0)
		return -1;
	if (pipe(ends) != 0)
		return err_sys(e, "pipe");
	p.in = ends[0];
	const struct sink raw = { to_pipe, &ends[1] };
	if (pthread_create(&thread, NULL, prove, &p) != 0)
		return err_sys(e, "thread");
	rc = frame_read(&got, o, &raw, expect, e);
	close(ends[1]);
	pthread_join(thread, NULL);
	if (rc == 0 && p.rc != 0)
		*e = p.e;
	return rc != 0 ? rc : p.rc;
}

static const char *
env(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

int
main(int argc, char **argv)
{
	const struct watch watch = { count, say, NULL };
	const struct storage storage = { .slug = "bench",
		.kind = "local",
		.path = argc > 1 ? argv[1] : "" };
	const struct service service = { .engine = ENGINE_POSTGRESQL,
		.settings = { .host = env("PGHOST"),
		    .port = env("PGPORT"),
		    .database = env("PGDATABASE"),
		    .user = env("PGUSER"),
		    .tls = "" } };
	CLEANUP_ARENA struct arena *a = arena_new();
	const struct source src = { .service = &service, .secret = env("PGPASSWORD"),
		.scratch = storage.path, .arena = a, .watch = &watch };
	CLEANUP_DEST struct dest *d = NULL;
	struct frame_totals totals;
	struct rusage usage;
	int64_t start, dumped;
	struct err e;

	if (argc != 4) {
		fprintf(stderr, "usage: dump_postgresql STORAGE THREADS LEVEL\n");
		return 2;
	}
	const struct frame_options opt = { .threads = (int)strtol(argv[2], NULL, 10),
		.level = (int)strtol(argv[3], NULL, 10) };

	start = clock_mono();
	if (dest_open(&d, &storage, &e) != 0 || back_up(&totals, d, &opt, &src, &e) != 0)
		goto fail;
	dumped = clock_mono();
	if (read_back(d, &totals, &src, &e) != 0)
		goto fail;
	getrusage(RUSAGE_SELF, &usage);
	printf("{\"dump_ms\": %" PRId64 ", \"read_ms\": %" PRId64
	       ", \"rss_kb\": %ld, \"raw\": %" PRId64 ", \"stored\": %" PRId64 "}\n",
	    dumped - start, clock_mono() - dumped, usage.ru_maxrss, totals.raw_bytes,
	    totals.stored_bytes);
	return 0;
fail:
	fprintf(stderr, "dump_postgresql: %s\n", e.text);
	return 1;
}
