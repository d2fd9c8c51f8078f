/* pack_tree.c: one media backup as a job makes it, timed: pack, manifest, fsync, rename, read back.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "lib/base/clock.h"
#include "lib/util/agekey.h"
#include "worker/archive/frame.h"
#include "worker/archive/pack.h"
#include "worker/dest/dest.h"

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

static const char *const plain[] = { "pack.tar.zst", "pack.manifest.zst" },
                  *const sealed[] = { "pack.tar.zst.age", "pack.manifest.zst.age" };

/* A key that nobody has: what this process wrote it can read back. */
static void
encrypt(struct dest *d)
{
	static char public[AGEKEY_TEXT];
	static const char *const to[] = { public, public };
	static const struct dest_keys keys = { .recipients = to, .recipient_count = 2 };
	struct agekey k;

	agekey_make(&k);
	agekey_public_text(public, k.public);
	dest_use_keys(d, &keys);
}

/* What lies there, where it is not what came out of the frames. */
static void
lies(struct frame_totals *totals, const struct upload_stored *stored)
{
	if (totals->stored_sha256[0] != '\0')
		return;
	totals->stored_bytes = stored->bytes;
	memcpy(totals->stored_sha256, stored->sha256, sizeof totals->stored_sha256);
}

static int
read_back(struct dest *d, const char *key, const struct frame_totals *expect, struct err *e)
{
	CLEANUP_OBJECT struct object *o = NULL;
	struct frame_totals got;
	int64_t bytes;

	if (object_open(&o, &bytes, d, key, e) != 0)
		return -1;
	return frame_read(&got, o, NULL, expect, e);
}

/* A folder, or the bucket that tests/fake makes: "http://127.0.0.1:PORT/BUCKET". */
static struct storage
storage_at(char *where)
{
	bool far = strncmp(where, "http://", 7) == 0;
	char *slash = far ? strrchr(where, '/') : NULL;
	struct storage s = { .slug = "bench", .kind = far ? "s3" : "local", .path = where };

	if (slash == NULL)
		return s;
	*slash = '\0';
	s.bucket = (struct storage_bucket){ .endpoint = where, .region = "us-east-1",
		.bucket = slash + 1, .prefix = "", .style = "path", .storage_class = "",
		.encryption = "", .key_id = "test:tester" };
	s.secret = "testing";
	return s;
}

struct times {
	int64_t start, packed, read;
};

static int
back_up(struct pack_totals *totals, struct times *t, struct dest *d, const struct pack_spec *spec,
    struct err *e)
{
	CLEANUP_UPLOAD struct upload *data = NULL;
	CLEANUP_UPLOAD struct upload *manifest = NULL;
	const char *const *keys = spec->frames.encrypted ? sealed : plain;
	struct upload_stored stored[2];

	t->start = clock_mono();
	if (dest_begin(&data, d, keys[0], 1, e) != 0
	    || dest_begin(&manifest, d, keys[1], 1, e) != 0)
		return -1;
	const struct sink to_data = { to_upload, data }, to_manifest = { to_upload, manifest };

	if (pack_write(totals, &to_data, &to_manifest, spec, e) != 0
	    || upload_commit_as(&stored[0], &data, e) != 0
	    || upload_commit_as(&stored[1], &manifest, e) != 0)
		return -1;
	lies(&totals->data, &stored[0]);
	lies(&totals->manifest, &stored[1]);
	t->packed = clock_mono();
	if (read_back(d, keys[0], &totals->data, e) != 0
	    || read_back(d, keys[1], &totals->manifest, e) != 0)
		return -1;
	t->read = clock_mono();
	return 0;
}

int
main(int argc, char **argv)
{
	const struct watch watch = { .say = say };
	bool encrypted = argc > 1 && strcmp(argv[1], "--age") == 0;

	argc -= encrypted;
	argv += encrypted;
	char none[] = "";
	const struct storage storage = storage_at(argc > 1 ? argv[1] : none);
	CLEANUP_DEST struct dest *d = NULL;
	struct pack_totals totals;
	struct rusage usage;
	struct times t;
	struct err e;

	if (argc < 5) {
		fprintf(stderr, "usage: pack_tree [--age] STORAGE THREADS LEVEL ROOT...\n");
		return 2;
	}
	struct pack_spec spec = {
		.roots = (const char *const *)&argv[4],
		.root_count = (size_t)argc - 4,
		.pack_name = "pack.tar.zst",
		.frames = { .threads = (int)strtol(argv[2], NULL, 10),
		    .level = (int)strtol(argv[3], NULL, 10), .encrypted = encrypted },
		.watch = &watch,
	};
	if (dest_open(&d, &storage, &e) != 0) {
		fprintf(stderr, "pack_tree: %s\n", e.text);
		return 1;
	}
	spec.frames.held = dest_holds(d);
	if (encrypted)
		encrypt(d);
	if (back_up(&totals, &t, d, &spec, &e) != 0) {
		fprintf(stderr, "pack_tree: %s\n", e.text);
		return 1;
	}
	getrusage(RUSAGE_SELF, &usage);
	printf("{\"pack_ms\": %" PRId64 ", \"read_ms\": %" PRId64
	       ", \"rss_kb\": %ld, \"files\": %" PRId64 ", \"warnings\": %" PRId64
	       ", \"raw\": %" PRId64 ", \"stored\": %" PRId64 ", \"frames\": %" PRId64
	       ", \"manifest\": %" PRId64 "}\n",
	    t.packed - t.start, t.read - t.packed, usage.ru_maxrss, totals.files, totals.warnings,
	    totals.data.raw_bytes, totals.data.stored_bytes, totals.data.frames,
	    totals.manifest.stored_bytes);
	return 0;
}
