/* do_backup.c: every chosen service goes into storage, then the sidecar; then it is ready. */
#include <inttypes.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "lib/base/fault.h"
#include "lib/base/num.h"
#include "lib/store/backups.h"
#include "lib/store/jobs.h"
#include "lib/store/projects.h"
#include "worker/archive/pack.h"
#include "worker/job/act.h"
#include "worker/job/clear.h"
#include "worker/job/keep.h"
#include "worker/job/sidecar.h"

/* Room for sidecar and manifest, and for what has grown since the last time. */
enum { SPARE = 1 << 20, MARGIN_PERCENT = 10 };

/* A first look at what was never backed up, by sizes alone; 0 when only the tool could tell. */
static int64_t
guess(struct plan *p, int64_t id)
{
	struct pack_spec spec = { .watch = NULL };
	struct pack_count found;
	struct service s;
	struct stat st;
	struct err e;

	if (services_by_id(&s, p->arena, p->db, id, &e) != 0)
		return 0;
	if (s.engine == ENGINE_SQLITE)
		return stat(s.settings.path, &st) == 0 ? st.st_size : 0;
	if (s.engine != ENGINE_FILES)
		return 0;
	spec.root_count = source_lines(&spec.roots, p->arena, s.settings.roots);
	spec.exclude_count = source_lines(&spec.excludes, p->arena, s.settings.excludes);
	return pack_count(&found, &spec, &e) == 0 ? found.bytes : 0;
}

/* What the last good backup of each service took, in all. One unknown makes the raw sum unknown
 * (0): no percentage is better than a wrong one. */
static int
estimate(int64_t *raw, int64_t *stored, struct plan *p, struct err *e)
{
	bool known = true;
	int64_t r, s;

	*raw = *stored = 0;
	for (size_t i = 0; i < p->part_count; i++) {
		if (backups_estimate(&r, &s, p->db, p->parts[i].service, e) != 0)
			return -1;
		if (r == 0)
			r = guess(p, p->parts[i].service);
		known &= r > 0;
		*raw += r;
		*stored += s;
	}
	*raw = known ? *raw : 0;
	return 0;
}

static int
check_space(struct plan *p, int64_t stored, struct err *e)
{
	int64_t need = stored + stored / 100 * MARGIN_PERCENT + SPARE, has;
	char needs[NUM_TEXT], got[NUM_TEXT];

	if (dest_space(&has, p->dest, e) != 0)
		return -1;
	if (has >= need)
		return 0;
	num_size(needs, need);
	num_size(got, has);
	return err_set(e, ERR_FULL, "storage *%s* is full: needs about %s, has %s", p->storage.slug,
	    needs, got);
}

/* What a holder before us left unfinished must not be published under our feet. */
static int
sweep_uploads(struct plan *p, struct err *e)
{
	if (dest_sweep(p->dest, p->backup.sidecar_key, p->lease.fence, e) != 0)
		return -1;
	for (size_t i = 0; i < p->part_count; i++) {
		const struct part *part = &p->parts[i];

		if (dest_sweep(p->dest, part->data.key, p->lease.fence, e) != 0 ||
		    (part->manifest.key[0] != '\0' &&
		        dest_sweep(p->dest, part->manifest.key, p->lease.fence, e) != 0))
			return -1;
	}
	return 0;
}

/* The control of the crash tests: a worker that calls its backup ready before a byte is stored. */
static int
ready_too_early(struct plan *p, struct err *e)
{
	static const char none[] =
	    "0000000000000000000000000000000000000000000000000000000000000000";

	for (size_t i = 0; i < p->part_count; i++) {
		struct part early = p->parts[i];

		early.data.raw_sha256 = early.data.stored_sha256 = none;
		if (backups_part_ready(p->db, &p->lease, &early, e) != 0)
			return -1;
	}
	return backups_finish(p->db, &p->lease, none, e);
}

static int
work(struct plan *p, struct err *e)
{
	int64_t raw, stored;

	if (backups_begin(p->db, &p->lease, e) != 0)
		return -1;
	if (FAULT_CONTROL("ready_too_early") && ready_too_early(p, e) != 0)
		return -1;
	FAULT("backup.begun");
	report_say(p->report, "note", "backup b%" PRId64 " of %s/%s begins: %s", p->backup.id,
	    p->backup.project_slug, p->backup.environment_slug, p->backup.contents);
	if (sweep_uploads(p, e) != 0 || estimate(&raw, &stored, p, e) != 0 ||
	    check_space(p, stored, e) != 0)
		return -1;
	report_expect(p->report, raw);
	for (size_t i = 0; i < p->part_count; i++) {
		if (keep_part(&p->parts[i], p, e) != 0 ||
		    backups_part_ready(p->db, &p->lease, &p->parts[i], e) != 0)
			return -1;
		FAULT("backup.after_part");
	}
	report_phase(p->report, "writing the sidecar");
	FAULT("backup.before_sidecar");
	if (sidecar_publish(p, e) != 0)
		return -1;
	FAULT("backup.before_finish");
	return 0;
}

static int
finish(struct plan *p, struct err *e)
{
	return backups_finish(p->db, &p->lease, p->sidecar_sha256, e);
}

static int
clear(struct plan *p, struct err *e)
{
	const struct clear c = { p->conf, p->arena, p->db };

	return clear_backup(&c, p->job.backup, e);
}

const struct act do_backup = { work, finish, clear };
