/* keep.c: the data of one service goes into storage, is read back from it and proven. */
#include "worker/job/keep.h"

#include <stdbool.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/fault.h"
#include "lib/base/num.h"
#include "lib/store/restores.h"
#include "worker/archive/frame.h"
#include "worker/archive/pack.h"
#include "worker/job/carry.h"
#include "worker/job/readback.h"
#include "worker/job/series.h"
#include "worker/job/sign.h"

static int
to_upload(void *arg, const void *bytes, size_t n, struct err *e)
{
	return upload_write(arg, bytes, n, e);
}

/* A dump's first byte comes from behind its snapshot: what happens to the source from then on it
 * does not see. */
struct behind {
	struct frame_writer *frames;
	struct plan *plan;
	bool begun;
};

static int
to_frames(void *arg, const void *bytes, size_t n, struct err *e)
{
	struct behind *b = arg;

	if (!b->begun && b->plan->snapshot_taken != NULL)
		b->plan->snapshot_taken(b->plan->snapshot_arg);
	b->begun = true;
	return frame_write(b->frames, bytes, n, e);
}

/*
 * Before a commit the fence is checked: the temporary file exists by now, so a newer holder either
 * has not begun (then the check fails afterwards, not here, and this commit came first) or has
 * swept the file away already (then the commit fails). Nobody publishes late.
 */
static int
publish(struct upload_stored *lies, struct upload **up, struct plan *p, struct err *e)
{
	FAULT("keep.before_check");
	if (plan_still_ours(p, e) != 0)
		return -1;
	FAULT("keep.before_commit");
	return upload_commit_as(lies, up, e);
}

/* What lies there is what came out of the frames, unless it is encrypted. */
static void
fill(struct stored_object *o, const struct frame_totals *t, const struct upload_stored *lies,
    struct arena *a)
{
	bool encrypted = dest_encrypts(o->key);

	o->raw_bytes = t->raw_bytes;
	o->stored_bytes = encrypted ? lies->bytes : t->stored_bytes;
	o->raw_sha256 = arena_dup(a, t->raw_sha256);
	o->stored_sha256 = arena_dup(a, encrypted ? lies->sha256 : t->stored_sha256);
	/* Who has the file key can put other bytes below the same front. The files of a pack have
	 * their hashes in the manifest; a dump or a manifest has only the one over all of it. */
	o->front_sha256 =
	    encrypted && *o->raw_sha256 == '\0' ? arena_dup(a, lies->front_sha256) : "";
}

int
keep_object(struct stored_object *o, const struct frame_totals *t, struct upload **up,
    struct plan *p, struct err *e)
{
	struct upload_stored lies;

	if (publish(&lies, up, p, e) != 0)
		return -1;
	fill(o, t, &lies, p->arena);
	return 0;
}

static struct frame_options
frames(const struct plan *p, const struct part *part, const struct service *s)
{
	int64_t level = s->level > 0 ? s->level : p->conf->zstd_level;

	return (struct frame_options){ .level = (int)level,
		.threads = (int)p->conf->threads, .held = dest_holds(p->dest),
		.encrypted = dest_encrypts(part->data.key) };
}

/* -- databases -- */

static int
dump(struct part *part, struct plan *p, const struct source_driver *driver,
    const struct source *src, struct err *e)
{
	CLEANUP_UPLOAD struct upload *up = NULL;
	CLEANUP_FRAME_WRITER struct frame_writer *w = NULL;
	struct frame_options opt = frames(p, part, src->service);
	struct frame_totals totals;

	report_phase(p->report, "%s: dumping", part->service_slug);
	if (dest_begin(&up, p->dest, part->data.key, p->lease.fence, e) != 0)
		return -1;
	struct sink out = { to_upload, up };
	if (frame_writer_new(&w, &out, &opt, e) != 0)
		return -1;
	struct behind behind = { w, p, false };
	struct sink in = { to_frames, &behind };
	if (driver->dump(&in, src, e) != 0 || frame_finish(&totals, w, e) != 0)
		return -1;
	if (totals.raw_bytes == 0)
		return err_set(e, ERR_DAMAGED, "the dump is empty");
	FAULT("keep.dumped");
	report_phase(p->report, "%s: publishing", part->service_slug);
	return keep_object(&part->data, &totals, &up, p, e);
}

static int
take_database(struct part *part, struct plan *p, struct source *src, struct err *e)
{
	const struct source_driver *driver = source_driver(src->service->engine);
	struct source_rows rows = { NULL, 0 };
	struct source_facts facts = { .format = part->format, .engine_version = "", .tool = "" };

	report_phase(p->report, "%s: checking versions", part->service_slug);
	if (driver->prepare(&facts, src, e) != 0)
		return -1;
	part->format = facts.format;
	part->engine_version = facts.engine_version;
	part->tool = facts.tool;
	part->taken_at = facts.taken_at != 0 ? facts.taken_at : clock_now();
	src->rows = &rows;
	if (dump(part, p, driver, src, e) != 0 ||
	    restores_set_part_tables(p->db, &p->lease, part->id, rows.tables, rows.count, e) != 0)
		return -1;
	FAULT("keep.published");
	return 0;
}

/* -- files -- */

static struct pack_spec
pack_of(const struct part *part, struct plan *p, const struct source *src)
{
	const char *slash = strrchr(part->data.key, '/');
	struct pack_spec spec = {
		.pack_name = slash ? slash + 1 : part->data.key,
		.frames = frames(p, part, src->service), .watch = report_watch(p->report),
	};

	spec.root_count = source_lines(&spec.roots, p->arena, src->service->settings.roots);
	spec.exclude_count =
	    source_lines(&spec.excludes, p->arena, src->service->settings.excludes);
	return spec;
}

static int
pack(struct part *part, struct plan *p, const struct source *src, struct err *e)
{
	CLEANUP_CARRY struct carry carry = { .reuse = NULL };
	CLEANUP_SERIES struct series series = { .up = NULL };
	CLEANUP_UPLOAD struct upload *manifest = NULL;
	struct pack_spec spec = pack_of(part, p, src);
	struct pack_totals totals;

	if (carry_open(&carry, part, p, e) != 0)
		return -1;
	spec.reuse = carry.reuse;
	spec.ledger = carry.made;
	spec.next = &series.next;
	if (series_open(&series, part, p, e) != 0 ||
	    dest_begin(&manifest, p->dest, part->manifest.key, p->lease.fence, e) != 0)
		return -1;
	struct sink to_manifest = { to_upload, manifest };
	if (pack_write(&totals, &series.to, &to_manifest, &spec, e) != 0)
		return -1;
	report_phase(p->report, "%s: publishing", part->service_slug);
	if (carry_announce(&carry, series.count > 0, p, e) != 0 ||
	    series_finish(&series, &totals.data, e) != 0 ||
	    keep_object(&part->manifest, &totals.manifest, &manifest, p, e) != 0)
		return -1;
	carry_done(&carry, part, &totals, p);
	series_list(&series);
	part->items = totals.files;
	return sign_wanted(p) ? sign_object(p, &part->manifest, e) : 0;
}

static int
take_files(struct part *part, struct plan *p, const struct source *src, struct err *e)
{
	part->taken_at = clock_now();
	part->tool = "lazarette " LAZARETTE_VERSION;
	report_phase(p->report, "%s: reading files", part->service_slug);
	if (pack(part, p, src, e) != 0)
		return -1;
	FAULT("keep.published");
	return 0;
}

/* -- both -- */

int
keep_take(struct part *part, struct plan *p, struct err *e)
{
	int64_t warned = report_warnings(p->report);
	struct source src;
	int rc;

	if (plan_source(&src, p, part->service, e) != 0)
		return err_in(e, "%s", part->service_slug);
	rc = engine_is_media(src.service->engine) ? take_files(part, p, &src, e)
	                                          : take_database(part, p, &src, e);
	if (rc != 0)
		return err_in(e, "%s", part->service_slug);
	part->warnings = report_warnings(p->report) - warned;
	return 0;
}

static int
read_back(struct part *part, struct plan *p, const struct source *src, struct err *e)
{
	bool media = engine_is_media(src->service->engine);
	const struct readback data = {
		.object = &part->data, .label = part->service_slug,
		.prover = media ? NULL : source_driver(src->service->engine),
		.source = media ? NULL : src,
	};
	const struct readback manifest = { .object = &part->manifest, .label = part->service_slug };

	if (readback_object(p, &data, e) != 0 || series_read_back(part, p, e) != 0)
		return -1;
	return media ? readback_object(p, &manifest, e) : 0;
}

int
keep_prove(struct part *part, struct plan *p, struct err *e)
{
	int64_t warned = report_warnings(p->report);
	char raw[NUM_TEXT], new[NUM_TEXT], stored[NUM_TEXT], took[NUM_TEXT];
	struct source src;

	if (plan_source(&src, p, part->service, e) != 0 || read_back(part, p, &src, e) != 0)
		return err_in(e, "%s", part->service_slug);
	part->finished_at = clock_now();
	part->warnings += report_warnings(p->report) - warned;
	num_size(raw, backup_part_bytes(part));
	num_size(new, backup_own_raw(part));
	num_size(stored, backup_own_stored(part));
	num_duration(took, part->finished_at > part->taken_at ? part->finished_at - part->taken_at
	                                                      : 0);
	if (backup_part_bytes(part) > backup_own_raw(part))
		report_say(p->report, "note",
		    "%s: %s, of which %s are new, stored as %s in %s; read back and compared",
		    part->service_slug, raw, new, stored, took);
	else
		report_say(p->report, "note", "%s: %s stored as %s in %s; read back and compared",
		    part->service_slug, raw, stored, took);
	return 0;
}

int
keep_part(struct part *part, struct plan *p, struct err *e)
{
	return keep_take(part, p, e) != 0 ? -1 : keep_prove(part, p, e);
}
