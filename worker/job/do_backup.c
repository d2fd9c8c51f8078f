/* do_backup.c: every chosen service goes into storage, then the sidecar; then it is ready. */
#include <inttypes.h>

#include "lib/base/fault.h"
#include "lib/base/num.h"
#include "lib/store/backups.h"
#include "lib/store/jobs.h"
#include "worker/job/act.h"
#include "worker/job/clear.h"
#include "worker/job/keep.h"
#include "worker/job/sidecar.h"

/* Room for sidecar and manifest, and for what has grown since the last time. */
enum { SPARE = 1 << 20, MARGIN_PERCENT = 10 };

/* What the last good backup of each service took, in all. 0 for those that have none. */
static int
estimate(int64_t *raw, int64_t *stored, struct plan *p, struct err *e)
{
	int64_t r, s;

	*raw = *stored = 0;
	for (size_t i = 0; i < p->part_count; i++) {
		if (backups_estimate(&r, &s, p->db, p->parts[i].service, e) != 0)
			return -1;
		if (r == 0) {
			/* One unknown makes the sum unknown: no percentage, not a wrong one. */
			*raw = 0;
			*stored += s;
			return 0;
		}
		*raw += r;
		*stored += s;
	}
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
