/* unpack_tree.c: a stored pack put into an empty folder as a restore does it, timed; also for the
 * fault tests, which give it archives that they have made.
 *
 * The objects pack.tar.zst and pack.manifest.zst lie in STORAGE; what they must be is taken from
 * them, as a hostile backup would say it of itself, or from LAZARETTE_RAW for the pack's size.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "tests/bench/promised.h"
#include "worker/archive/unpack.h"

static void
say(void *arg, const char *stream, const char *text)
{
	(void)arg;
	fprintf(stderr, "%s: %s\n", stream, text);
}

/* In kB, of this program alone: getrusage() also counts what the parent had when it forked. */
static int64_t
most_memory(void)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	const char *line;
	struct err e;

	if (fd_read_file(&text, "/proc/self/status", 1 << 16, &e) != 0)
		return -1;
	line = strstr(text.p, "VmHWM:");
	return line == NULL ? -1 : strtoll(line + 6, NULL, 10);
}

int
main(int argc, char **argv)
{
	const struct watch watch = { .say = say };
	const struct storage storage = { .slug = "bench",
		.kind = "local",
		.path = argc > 1 ? argv[1] : "" };
	struct stored_object data = { .key = "pack.tar.zst" },
			     manifest = { .key = "pack.manifest.zst" };
	const char *raw = getenv("LAZARETTE_RAW");
	struct frame_totals totals[2];
	CLEANUP_DEST struct dest *d = NULL;
	CLEANUP_FD int fd = -1;
	struct unpack_totals made = { .entries = 0 };
	int64_t start;
	struct err e = { .text = "" };
	int rc;

	if (argc < 3) {
		fprintf(stderr, "usage: unpack_tree STORAGE FOLDER [PATH...]\n");
		return 2;
	}
	fd = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || dest_open(&d, &storage, &e) != 0 || promised_by(&data, &totals[0], d, &e) != 0
	    || promised_by(&manifest, &totals[1], d, &e) != 0) {
		fprintf(stderr, "unpack_tree: %s\n", e.text);
		return 1;
	}
	if (raw != NULL)
		data.raw_bytes = strtoll(raw, NULL, 10);
	const struct unpack_root root = { "", fd };
	const struct unpack_spec spec = {
		.from = { d, &data, &manifest, &watch, NULL },
		.roots = &root,
		.root_count = 1,
		.choice = (const char *const *)&argv[3],
		.choice_count = (size_t)argc - 3,
		.owners = geteuid() == 0,
	};
	start = clock_mono();
	rc = unpack_tree(&made, &spec, &e);
	if (rc == 0 && syncfs(fd) != 0)
		rc = err_sys(&e, "sync '%s'", argv[2]);
	if (rc != 0)
		fprintf(stderr, "%s: %s\n", err_kind_name(e.kind), e.text);
	printf("{\"rc\": %d, \"ms\": %" PRId64 ", \"rss_kb\": %" PRId64 ", \"entries\": %" PRId64
	       ", \"files\": %" PRId64 ", \"bytes\": %" PRId64 ", \"warnings\": %" PRId64 "}\n",
	    rc, clock_mono() - start, most_memory(), made.entries, made.files, made.bytes,
	    made.warnings);
	return rc == 0 ? 0 : 1;
}
