/* do_prove.c: whether what lies in a storage is enough: the catalogue is rebuilt from it and
 * compared, and one backup is opened as the runbook says. Nothing in the storage changes. */
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/fault.h"
#include "lib/base/num.h"
#include "lib/store/backups.h"
#include "lib/store/findings.h"
#include "lib/store/proofs.h"
#include "lib/store/regain.h"
#include "lib/store/settings.h"
#include "worker/job/act.h"
#include "worker/job/runbook.h"
#include "worker/job/sign.h"
#include "worker/job/rebuild_read.h"

enum { TOLD = 5, LOG_LINES = 200, TRIES = 5 };
/* A sample is rather one that is taken out in a minute than the largest there is. */
#define SAMPLE_BYTES (INT64_C(4) << 30)

/* -- the catalogue, rebuilt -- */

struct rebuilding {
	struct plan *plan;
	int64_t storage, began;
	size_t backups;               /* that were rebuilt */
	struct proofs_difference *items;
	size_t count;
	const char *refused;          /* the first sidecar that cannot be believed; NULL: none */
	size_t refused_count;
};

static int
read_storage(struct rebuild_read *read, struct vouch *v, struct rebuilding *r, struct err *e)
{
	struct plan *p = r->plan;
	int64_t foreign;

	*v = (struct vouch){ .arena = read->arena, .dest = p->dest, .not_signed = true };
	/* Not the key that the storage names: who can write there could put another. What was
	 * made before there was a key is known by its row. */
	if (*p->keys->signing != '\0')
		v->by = p->keys->signing;
	read->vouch = v;
	if (vouch_begin(v, e) != 0 ||
	    proofs_foreign(&foreign, p->db, r->storage, sign_key_id(p), e) != 0)
		return -1;
	/* Of an instance that this one took the place of. The hash of each sidecar is compared with
	 * the catalogue's anyway. */
	v->checks = v->checks && foreign == 0;
	if (rebuild_read(read, e) != 0)
		return -1;
	r->backups = read->count;
	r->refused_count = read->refused.count;
	r->refused = read->refused.count > 0 ? arena_dup(p->arena, read->refused.items[0]) : NULL;
	return 0;
}

static int
fill(struct db *scratch, struct rebuilding *r, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct rebuild_read read = { .arena = a };
	struct regain rows = { .arena = a };
	struct vouch v;

	if (read_storage(&read, &v, r, e) != 0)
		return -1;
	rows.storage = (struct storage){ .slug = r->plan->storage.slug,
		.kind = r->plan->storage.kind, .path = r->plan->storage.path,
		.bucket = r->plan->storage.bucket };
	rows.backups = read.backups;
	rows.count = read.count;
	return regain_write(&rows, scratch, e);
}

static int
rebuild(struct rebuilding *r, struct err *e)
{
	struct plan *p = r->plan;
	const char *path = arena_printf(p->arena, "%s/rebuilt.db", p->scratch);
	CLEANUP_DB struct db *scratch = NULL;
	const struct proofs_pair pair = { p->db, NULL, r->storage, r->began };
	struct proofs_pair both = pair;

	if (unlink(path) != 0 && access(path, F_OK) == 0)
		return err_sys(e, "remove '%s'", path);
	if (db_open_migrate(&scratch, path, e) != 0 || fill(scratch, r, e) != 0)
		return -1;
	both.rebuilt = scratch;
	report_phase(p->report, "%s: comparing", p->storage.slug);
	return proofs_compare(&r->items, &r->count, p->arena, &both, e);
}

/* What was on its way during the one look is not during the other: only what both find counts. */
static void
keep_common(struct rebuilding *r, const struct rebuilding *before)
{
	size_t kept = 0, k = 0;

	for (size_t i = 0; i < r->count; i++) {
		while (k < before->count && strcmp(before->items[k].uuid, r->items[i].uuid) < 0)
			k++;
		if (k < before->count && strcmp(before->items[k].uuid, r->items[i].uuid) == 0)
			r->items[kept++] = r->items[i];
	}
	r->count = kept;
}

static int
rebuild_twice(struct rebuilding *r, struct err *e)
{
	struct rebuilding first;

	report_phase(r->plan->report, "%s: rebuilding the catalogue", r->plan->storage.slug);
	r->began = clock_now();
	if (rebuild(r, e) != 0)
		return -1;
	if (r->count == 0 && r->refused_count == 0)
		return 0;
	first = *r;
	r->began = clock_now();
	if (rebuild(r, e) != 0)
		return -1;
	keep_common(r, &first);
	return 0;
}

/* -- one backup, opened -- */

/* What the bytes or the tools say counts; a storage that is out of reach does not. */
static bool
tells_of_bytes(const struct err *e)
{
	return e->kind == ERR_DAMAGED || e->kind == ERR_NOT_FOUND || e->kind == ERR_INTERNAL;
}

/* 1: another one may open. */
static int
open_one(struct proof *proof, struct plan *p, int64_t id, struct err *e)
{
	int64_t began = clock_mono();
	const char *way = "";

	if (backups_by_id(&p->backup, p->arena, p->db, id, e) != 0 ||
	    backups_parts(&p->parts, &p->part_count, p->arena, p->db, id, e) != 0)
		return -1;
	p->keys->needed = arena_dupn(p->arena, p->backup.recipients,
	    strcspn(p->backup.recipients, " "));
	if (runbook_open(&way, p, e) != 0) {
		if (e->kind == ERR_DENIED) {
			proof->way = arena_printf(p->arena, "None was opened: %s", e->text);
			return 1;
		}
		return err_in(e, "b%" PRId64, id);
	}
	proof->sample = id;
	proof->sample_ms = clock_mono() - began;
	proof->way = way;
	report_say(p->report, "note", "b%" PRId64 " opened by %s", id, way);
	return 0;
}

static int
open_sample(struct proof *proof, struct plan *p, struct err *e)
{
	int64_t id;
	int rc = 1;

	for (int i = 0; i < TRIES && rc == 1; i++) {
		if (proofs_sample(&id, p->db, proof->storage, SAMPLE_BYTES, e) != 0)
			return -1;
		if (id == 0) {
			proof->way = "None was opened: there is no good backup in it.";
			return 0;
		}
		rc = open_one(proof, p, id, e);
	}
	return rc < 0 ? -1 : 0;
}

/* -- the answer -- */

static void
judge(struct proof *proof, const struct rebuilding *r)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct plan *p = r->plan;

	for (size_t i = 0; i < r->count; i++) {
		if (i < TOLD)
			buf_printf(&text, "%s%s", i > 0 ? "; " : "", r->items[i].text);
		if (i < LOG_LINES)
			report_say(p->report, "err", "%s", r->items[i].text);
	}
	if (r->count > TOLD)
		buf_printf(&text, "; and %zu more", r->count - TOLD);
	if (r->refused_count > 0) {
		buf_printf(&text, "%s%zu cannot be believed: %s", text.n > 0 ? "; " : "",
		    r->refused_count, r->refused);
		report_say(p->report, "err", "%s", r->refused);
	}
	proof->backups = (int64_t)r->backups;
	proof->differences = (int64_t)(r->count + r->refused_count);
	proof->text = arena_dup(p->arena, text.p);
}

static void
add_fault(struct proof *proof, struct plan *p, const struct err *why)
{
	report_say(p->report, "err", "%s", why->text);
	proof->text = arena_printf(p->arena, "%s%s%s", proof->text,
	    *proof->text != '\0' ? "; " : "", why->text);
	proof->way = "None was opened: the one that was tried does not open.";
}

static int
work(struct plan *p, struct err *e)
{
	struct proof proof = { .way = "", .text = "" };
	struct rebuilding r = { .plan = p };
	int64_t began = clock_mono();
	char took[NUM_TEXT];

	if (findings_storage_of(&r.storage, p->db, p->job.id, e) != 0 ||
	    plan_storage(&p->dest, &p->storage, p, r.storage, e) != 0 ||
	    plan_scratch(p, e) != 0 || rebuild_twice(&r, e) != 0)
		return -1;
	proof.storage = r.storage;
	proof.rebuild_ms = clock_mono() - began;
	judge(&proof, &r);
	num_duration(took, proof.rebuild_ms);
	report_say(p->report, "note", "%" PRId64 " backups rebuilt in %s, %s", proof.backups, took,
	    proof.differences == 0 ? "equal" : "not equal");
	FAULT("prove.rebuilt");
	if (open_sample(&proof, p, e) != 0) {
		if (!tells_of_bytes(e))
			return -1;
		add_fault(&proof, p, e);
	}
	if (proofs_write(p->db, &p->lease, &proof, e) != 0)
		return -1;
	return *proof.text == '\0' ? 0 : err_set(e, ERR_DAMAGED, "%s", proof.text);
}

static int
finish(struct plan *p, struct err *e)
{
	return jobs_succeed(p->db, &p->lease, report_warnings(p->report), e);
}

static int
clear(struct plan *p UNUSED, struct err *e UNUSED)
{
	return 0;
}

const struct act do_prove = { work, finish, clear };
