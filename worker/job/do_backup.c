/* do_backup.c: every chosen service goes into storage, then the sidecar; then it is ready. */
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/clock.h"
#include "lib/base/fault.h"
#include "lib/base/num.h"
#include "lib/store/backups.h"
#include "lib/store/jobs.h"
#include "lib/store/projects.h"
#include "lib/store/trust.h"
#include "worker/archive/pack.h"
#include "worker/job/act.h"
#include "worker/job/clear.h"
#include "worker/job/freeze.h"
#include "worker/job/hook.h"
#include "worker/job/keep.h"
#include "worker/job/keys.h"
#include "worker/job/sidecar.h"
#include "worker/job/sign.h"

/* Room for sidecar and manifest, and for what has grown since the last time. */
enum { SPARE = 1 << 20, MARGIN_PERCENT = 10 };

/* A walk through millions of files shows no progress, so it may not last. */
enum { LOOK_MS = 20 * 1000 };

/* A first look at what was never backed up, by sizes alone; 0 when only the tool could tell, or the
 * look would take too long. */
static int64_t
guess(struct plan *p, int64_t id, int64_t until)
{
	struct pack_spec spec = { .count_until = until };
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

struct needs {
	int64_t raw;                  /* 0: unknown; no percentage is better than a wrong one */
	/* Without the services that have no backup yet, and without files that have: what of them
	 * has changed nobody knows. */
	int64_t stored;
	int64_t most;                 /* those by the size of their source; 0: unknown */
};

/* What the last good backup of each service took, in all. With `now`, no more than what is there at
 * the moment: looking costs a walk through every folder. */
static int
estimate(struct needs *ret, struct plan *p, bool now, struct err *e)
{
	struct needs sum = { 0, 0, 0 };
	int64_t until = clock_mono() + LOOK_MS;
	bool known = true;

	for (size_t i = 0; i < p->part_count; i++) {
		int64_t raw, stored, seen;

		if (backups_estimate(&raw, &stored, p->db, p->parts[i].service, e) != 0)
			return -1;
		seen = now || raw == 0 ? guess(p, p->parts[i].service, until) : 0;
		if (seen > 0 && raw > 0 && seen < raw)
			stored = (int64_t)((double)stored * (double)seen / (double)raw);
		raw = seen > 0 ? seen : raw;
		known &= raw > 0;
		sum.raw += raw;
		sum.stored += p->parts[i].manifest.key[0] == '\0' ? stored : 0;
		sum.most += stored > 0 ? stored : seen;
	}
	sum.raw = known ? sum.raw : 0;
	sum.most = known ? sum.most : 0;
	*ret = sum;
	return 0;
}

static int64_t
room_for(int64_t stored)
{
	return stored + stored / 100 * MARGIN_PERCENT + SPARE;
}

static int
check_space(struct needs *needs, struct plan *p, struct err *e)
{
	char wants[NUM_TEXT], got[NUM_TEXT];
	int64_t has;

	if (dest_space(&has, p->dest, e) != 0 || estimate(needs, p, false, e) != 0)
		return -1;
	if (has == DEST_NO_LIMIT || has >= room_for(needs->stored))
		return 0;
	/* The source may have shrunk since then: look before refusing. */
	if (estimate(needs, p, true, e) != 0)
		return -1;
	if (has >= room_for(needs->stored))
		return 0;
	num_size(wants, room_for(needs->stored));
	num_size(got, has);
	return err_set(e, ERR_FULL, "storage *%s* is full: needs about %s, has %s", p->storage.slug,
	    wants, got);
}

/* How much is missing, for who must make room. A first backup is not refused by its source's size:
 * nobody knows yet how small it gets. */
static int
tell_needs(const struct needs *needs, struct plan *p, struct err *e)
{
	char wants[NUM_TEXT];
	struct err ignored;
	int64_t has;

	if (e->kind != ERR_FULL || needs->most == 0)
		return -1;
	/* It is not bytes that it lacks: inodes, or a quota. */
	if (dest_space(&has, p->dest, &ignored) == 0 && has >= room_for(needs->most))
		return -1;
	num_size(wants, room_for(needs->most));
	return err_set(e, ERR_FULL, "%s; the whole backup needs about %s",
	    arena_dup(p->arena, e->text), wants);
}

/* Its next holder may write fewer packs. What a later holder than us has published is not ours to
 * remove. */
static int
sweep_packs(struct plan *p, const struct part *part, struct err *e)
{
	for (size_t i = 0; i < part->pack_count; i++) {
		const char *key = part->packs[i].object.key;

		if (backup_own_pack(part, key) != 0 &&
		    (dest_sweep(p->dest, key, p->lease.fence, e) != 0 ||
		    plan_still_ours(p, e) != 0 || dest_remove(p->dest, key, e) != 0))
			return -1;
	}
	return 0;
}

static int
sweep_signed(struct plan *p, const char *key, struct err *e)
{
	return dest_sweep(p->dest, key, p->lease.fence, e) != 0
	    ? -1 : dest_sweep(p->dest, sign_key_for(p->arena, key), p->lease.fence, e);
}

/* What a holder before us left unfinished must not be published under our feet, and what it had
 * finished is worth nothing. */
static int
sweep_former(struct plan *p, struct err *e)
{
	if (sweep_signed(p, p->backup.sidecar_key, e) != 0)
		return -1;
	/* One that was published just before its holder died would name objects that are written
	 * over now, and a scan of the storage would take it for a whole backup. */
	if (p->lease.fence > 1 && (plan_still_ours(p, e) != 0 ||
	                              dest_remove(p->dest, p->backup.sidecar_key, e) != 0))
		return -1;
	for (size_t i = 0; i < p->part_count; i++) {
		const struct part *part = &p->parts[i];

		if (sweep_packs(p, part, e) != 0 ||
		    dest_sweep(p->dest, part->data.key, p->lease.fence, e) != 0 ||
		    (part->manifest.key[0] != '\0' &&
		        sweep_signed(p, part->manifest.key, e) != 0))
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

/* A dump that ended well may still be of the wrong thing: that does not fail it, but is said. */
static int
compare_with_the_past(struct plan *p, struct err *e)
{
	char *odd;

	if (trust_mark(&odd, p->arena, p->db, &p->lease, e) != 0)
		return -1;
	if (*odd != '\0')
		report_say(p->report, "warn", "suspicious: %s", odd);
	return 0;
}

/* -- all parts -- */

/* A backup's warnings are those of its parts: what was said of the whole is the first one's. */
static void
count_warnings(struct plan *p, int64_t all)
{
	for (size_t i = 0; i < p->part_count; i++)
		all -= p->parts[i].warnings;
	p->parts[0].warnings += all;
}

/* `warned`: warnings that came before all parts. */
static int
keep_each(struct plan *p, int64_t warned, struct err *e)
{
	for (size_t i = 0; i < p->part_count; i++) {
		if (keep_part(&p->parts[i], p, e) != 0)
			return -1;
		p->parts[i].warnings += i == 0 ? warned : 0;
		if (backups_part_ready(p->db, &p->lease, &p->parts[i], e) != 0)
			return -1;
		FAULT("backup.after_part");
	}
	return 0;
}

static void
let_go(void *freeze)
{
	freeze_end(freeze);
}

/* Media first, for they must stand still until their last byte is read; of the last database only
 * the snapshot is waited for. */
static int
take_held(struct plan *p, struct freeze *f, struct err *e)
{
	struct part **order = arena_array(p->arena, p->part_count + 1, sizeof *order);
	size_t n = 0;

	for (int media = 1; media >= 0; media--)
		for (size_t i = 0; i < p->part_count; i++)
			if ((strcmp(p->parts[i].engine, engine_name(ENGINE_FILES)) == 0) == media)
				order[n++] = &p->parts[i];
	for (size_t i = 0; i < n; i++) {
		p->snapshot_arg = f;
		p->snapshot_taken = i == n - 1 ? let_go : NULL;
		if (keep_take(order[i], p, e) != 0)
			return -1;
		FAULT("freeze.part_taken");
	}
	p->snapshot_taken = NULL;
	return 0;
}

/* Nothing is proven while the application waits. */
static int
keep_held(struct plan *p, struct freeze *f, struct err *e)
{
	if (take_held(p, f, e) != 0)
		return -1;
	freeze_end(f);
	count_warnings(p, report_warnings(p->report));
	for (size_t i = 0; i < p->part_count; i++) {
		if (keep_prove(&p->parts[i], p, e) != 0 ||
		    backups_part_ready(p->db, &p->lease, &p->parts[i], e) != 0)
			return -1;
		FAULT("backup.after_part");
	}
	return 0;
}

static int
keep_all(struct plan *p, struct err *e)
{
	CLEANUP_FREEZE struct freeze *f = NULL;

	if (freeze_begin(&f, p, e) != 0)
		return -1;
	return f != NULL ? keep_held(p, f, e) : keep_each(p, report_warnings(p->report), e);
}

/* The keys are those of now; whether it is encrypted was settled when it was asked for. */
static int
seal(struct plan *p, struct err *e)
{
	bool encrypted = p->part_count > 0 && dest_encrypts(p->parts[0].data.key);

	p->backup.recipients =
	    encrypted && p->keys != NULL ? keys_recipients(p->arena, p->keys) : "";
	p->backup.signed_by = sign_key_id(p);
	return backups_seal(p->db, &p->lease, p->backup.recipients, p->backup.signed_by, e);
}

static int
work(struct plan *p, struct err *e)
{
	struct needs needs;

	if (backups_begin(p->db, &p->lease, e) != 0)
		return -1;
	if (FAULT_CONTROL("ready_too_early") && ready_too_early(p, e) != 0)
		return -1;
	FAULT("backup.begun");
	report_say(p->report, "note", "backup b%" PRId64 " of %s/%s begins: %s", p->backup.id,
	    p->backup.project_slug, p->backup.environment_slug, p->backup.contents);
	/* The sidecar tells it, too. */
	p->backup.code = hook_code(p);
	if (backups_code(p->db, &p->lease, p->backup.code, e) != 0 || seal(p, e) != 0 ||
	    sweep_former(p, e) != 0 ||
	    check_space(&needs, p, e) != 0)
		return -1;
	report_expect(p->report, needs.raw);
	if (keep_all(p, e) != 0)
		return tell_needs(&needs, p, e);
	if (compare_with_the_past(p, e) != 0)
		return -1;
	report_phase(p->report, "writing the sidecar");
	FAULT("backup.before_sidecar");
	if (sidecar_publish(p, e) != 0)
		return -1;
	FAULT("backup.sidecar_published");
	if (sidecar_check(p, p->sidecar_sha256, e) != 0)
		return err_in(e, "sidecar");
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
	const struct clear c = { p->conf, p->arena, p->db, NULL };

	return clear_backup(&c, p->job.backup, e);
}

const struct act do_backup = { .work = work, .finish = finish, .clear = clear };
