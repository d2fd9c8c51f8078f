/* landing.c: one restore of files as a job does it, for tests that kill it.
 *
 *   landing ACT STORAGE JOURNAL TAG MODE ROOTS [PATH...]
 *
 * ACT is go (build, write the mark to the file JOURNAL, swap; goes on from the journal when it is
 * there), undo (swap back, remove the journal) or drop. STORAGE holds pack.tar.zst and
 * pack.manifest.zst; ROOTS are folders, one per line.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "tests/bench/promised.h"
#include "worker/target/target.h"

enum { MARK_MAX = 1 << 20, FIXED = 7 };

static int
go(const struct target *t, const struct export_part *from, const char *journal, struct err *e)
{
	const struct target_driver *files = target_driver(ENGINE_FILES);
	CLEANUP_BUF struct buf mark = BUF_INIT;
	struct target_built built;
	int64_t kept;

	if (fd_read_file(&mark, journal, MARK_MAX, e) != 0) {
		if (e->kind != ERR_NOT_FOUND || files->build(&built, t, from, e) != 0)
			return -1;
		buf_text(&mark, built.mark);
		if (fd_put_file(journal, mark.p, mark.n, 0600, e) != 0)
			return -1;
	}
	if (files->swap(&kept, t, mark.p, e) != 0)
		return -1;
	printf("kept %lld\n", (long long)kept);
	return 0;
}

static int
undo(const struct target *t, const char *journal, struct err *e)
{
	CLEANUP_BUF struct buf mark = BUF_INIT;

	if (fd_read_file(&mark, journal, MARK_MAX, e) != 0)
		return -1;
	return target_driver(ENGINE_FILES)->unswap(t, mark.p, e);
}

static int
act(char **argv, const struct target *t, struct err *e)
{
	const struct storage storage = { .slug = "test", .kind = "local", .path = argv[2] };
	struct stored_object data = { .key = "pack.tar.zst" },
			     manifest = { .key = "pack.manifest.zst" };
	CLEANUP_DEST struct dest *d = NULL;
	struct frame_totals totals[2];

	if (strcmp(argv[1], "undo") == 0)
		return undo(t, argv[3], e);
	if (strcmp(argv[1], "drop") == 0)
		return target_driver(ENGINE_FILES)->drop(t, e);
	if (dest_open(&d, &storage, e) != 0 || promised_by(&data, &totals[0], d, e) != 0
	    || promised_by(&manifest, &totals[1], d, e) != 0)
		return -1;
	const struct export_part from = { d, &data, &manifest, NULL, NULL };

	return go(t, &from, argv[3], e);
}

int
main(int argc, char **argv)
{
	struct service service = { .slug = "media", .engine = ENGINE_FILES };
	struct source src = { .service = &service, .secret = "", .arena = arena_new() };
	struct target target = { .src = &src };
	struct err e = { .text = "" };
	int rc = -1;

	if (argc < FIXED || !restore_mode_parse(&target.mode, argv[5])) {
		fprintf(stderr, "usage: landing ACT STORAGE JOURNAL TAG MODE ROOTS [PATH...]\n");
	} else {
		service.settings.roots = argv[6];
		target.tag = argv[4];
		target.choice = (const char *const *)&argv[FIXED];
		target.choice_count = (size_t)(argc - FIXED);
		rc = act(argv, &target, &e);
		if (rc != 0)
			fprintf(stderr, "%s: %s\n", err_kind_name(e.kind), e.text);
	}
	arena_free(src.arena);
	return rc == 0 ? 0 : 1;
}
