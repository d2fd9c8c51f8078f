/* lists.c: the manifests of a backup become lists that pages can read. */
#include "worker/job/lists.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/base/fault.h"
#include "lib/base/fd.h"
#include "lib/store/listing.h"
#include "worker/archive/frame.h"
#include "worker/archive/manifest.h"
#include "worker/job/elsewhere.h"

/* A manifest on its way into a list. */
struct turning {
	struct db *list;
	struct manifest_reader reader;
	const struct watch *watch;
};

static void
turning_release(struct turning *t)
{
	db_closep(&t->list);
	manifest_reader_release(&t->reader);
}

static int
add(void *arg, const struct entry *from, struct err *e)
{
	static const enum listing_type types[] = {
		[ENTRY_FILE] = LISTING_FILE, [ENTRY_DIR] = LISTING_FOLDER,
		[ENTRY_LINK] = LISTING_LINK, [ENTRY_HARDLINK] = LISTING_FILE,
	};
	struct turning *t = arg;
	bool file = types[from->type] == LISTING_FILE;
	const struct listing_entry entry = { .type = types[from->type], .path = from->path,
		.size = file ? from->size : 0,
		.mtime = from->mtime_s * 1000 + from->mtime_ns / 1000000,
		.mode = from->mode, .sha256 = file ? from->sha256 : "",
		.target = from->target != NULL ? from->target : "",
		.pack = from->type == ENTRY_FILE ? from->pack : "",
		.frame_offset = from->frame_offset, .at = from->at };

	return listing_add(t->list, &entry, e);
}

static int
take(void *arg, const void *p, size_t n, struct err *e)
{
	struct turning *t = arg;

	if (t->watch->bytes != NULL)
		t->watch->bytes(t->watch->arg, (int64_t)n);
	return manifest_read(&t->reader, p, n, e);
}

/* The stored manifest, compared with what the catalogue says of it, into the open list. */
static int
turn(struct turning *t, struct plan *p, const struct stored_object *manifest, struct err *e)
{
	const struct sink to = { take, t };
	struct frame_totals got, expect = { .raw_bytes = manifest->raw_bytes,
		.stored_bytes = manifest->stored_bytes };
	CLEANUP_OBJECT struct object *o = NULL;
	int64_t bytes;

	snprintf(expect.raw_sha256, sizeof expect.raw_sha256, "%s", manifest->raw_sha256);
	snprintf(expect.stored_sha256, sizeof expect.stored_sha256, "%s", manifest->stored_sha256);
	if (object_open(&o, &bytes, p->dest, manifest->key, e) != 0)
		return -1;
	if (frame_read(&got, o, &to, &expect, e) != 0 || manifest_read_end(&t->reader, e) != 0)
		return err_in(e, "%s", manifest->key);
	return listing_finish(t->list, e);
}

/* Readable under its name only when it is whole. */
static int
make(struct plan *p, const struct part *part, const char *temporary, struct err *e)
{
	CLEANUP(turning_release) struct turning t = { .reader = { .each = add, .arg = &t,
		.line = BUF_INIT }, .watch = report_watch(p->report) };
	CLEANUP_FD int fd = -1;

	/* What a worker left that died under this number. */
	unlink(temporary);
	if (listing_make(&t.list, temporary, e) != 0 || turn(&t, p, &part->manifest, e) != 0)
		return -1;
	db_closep(&t.list);
	t.list = NULL;
	if (plan_still_ours(p, e) != 0)
		return -1;
	fd = open(temporary, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open '%s'", temporary);
	FAULT("list.before_publish");
	return fd_publish(fd, AT_FDCWD, temporary, listing_file(p->arena, p->conf->run, part->uuid),
	    e);
}

static int
list_part(struct plan *p, const struct part *part, struct err *e)
{
	const char *temporary = arena_printf(p->arena, "%s/.%" PRId64 "-%" PRId64 ".%s.tmp",
	    listing_folder(p->arena, p->conf->run), p->lease.job, p->lease.fence, part->uuid);

	report_phase(p->report, "%s: reading the list of files", part->service_slug);
	while (make(p, part, temporary, e) != 0) {
		unlink(temporary);
		if (!elsewhere_open(p, e))
			return err_in(e, "%s", part->service_slug);
	}
	return 0;
}

static bool
is_there(struct plan *p, const struct part *part)
{
	CLEANUP_DB struct db *list = NULL;
	struct err e;

	return listing_open(&list, listing_file(p->arena, p->conf->run, part->uuid), &e) == 0;
}

int
lists_make(struct plan *p, struct err *e)
{
	if (fd_make_path(listing_folder(p->arena, p->conf->run), e) != 0)
		return -1;
	for (size_t i = 0; i < p->part_count; i++) {
		const struct part *part = &p->parts[i];

		if (part->manifest.key[0] != '\0' && !is_there(p, part) &&
		    list_part(p, part, e) != 0)
			return -1;
	}
	return 0;
}

int64_t
lists_bytes(const struct plan *p)
{
	int64_t total = 0;

	for (size_t i = 0; i < p->part_count; i++)
		total += p->parts[i].manifest.raw_bytes;
	return total;
}
