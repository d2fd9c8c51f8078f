/* do_copy.c: a backup is brought into a further storage byte by byte, or made whole again in one.
 *
 * What lies in the target already is not sent again: the packs of older backups above all. Each
 * object is hashed on its way; the sidecar comes last, so that nothing counts before all is there.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/fault.h"
#include "lib/base/num.h"
#include "lib/store/copies.h"
#include "lib/store/packs.h"
#include "lib/store/settings.h"
#include "lib/store/wraps.h"
#include "worker/dest/wrap.h"
#include "worker/job/act.h"
#include "worker/job/elsewhere.h"
#include "worker/job/readback.h"
#include "worker/job/sign.h"

enum { STEP = 256 << 10 };

/* From the place that is open in the plan to its target. */
struct ferry {
	struct plan *plan;
	unsigned char *buffer, *before;       /* STEP bytes each */
	int64_t fence;
	bool heals;                           /* it was whole there: what is replaced is said */
	bool takes_over;                      /* the other place goes when this one is made */
	bool source_failed;                   /* the last failure was one of reading */
	int64_t sent, sent_bytes;
};

static void
free_ferry(struct ferry *f)
{
	free(f->buffer);
	free(f->before);
}

/* What is in the target under a key and will be replaced, for the log. */
struct old {
	struct object *object;                /* NULL: nothing to compare with */
	int64_t differs_at;                   /* -1: not so far */
};

static void
release_old(struct old *old)
{
	object_closep(&old->object);
}

/* The first byte that differs. */
static void
compare(struct old *old, const struct ferry *f, int64_t at, size_t n)
{
	struct err ignored;
	ssize_t got;

	if (old->object == NULL || old->differs_at >= 0)
		return;
	got = object_read(old->object, at, f->before, n, &ignored);
	if (got < 0)
		got = 0;
	for (size_t i = 0; i < n && old->differs_at < 0; i++)
		if (i >= (size_t)got || f->buffer[i] != f->before[i])
			old->differs_at = at + (int64_t)i;
}

static void
say_healed(const struct ferry *f, const struct stored_object *o, const struct old *old)
{
	const struct plan *p = f->plan;

	/* A signature, of which nobody knows what it should be before it is read. */
	if (!f->heals || (o->stored_sha256[0] == '\0' && old->object != NULL &&
	                     old->differs_at < 0))
		return;
	if (old->object == NULL)
		report_say(p->report, "note", "'%s' was missing in %s: brought from %s", o->key,
		    p->to_storage.slug, p->storage.slug);
	else
		report_say(p->report, "note", "'%s' in %s differed from byte %" PRId64
		    " on: replaced by the one in %s", o->key, p->to_storage.slug,
		    old->differs_at < 0 ? object_lies(old->object) : old->differs_at,
		    p->storage.slug);
}

/* All of it into the upload, hashed. */
static int
pour(struct upload *up, struct ferry *f, const struct stored_object *o, struct old *old,
    struct err *e)
{
	const struct watch *watch = report_watch(f->plan->report);
	CLEANUP_OBJECT struct object *from = NULL;
	CLEANUP_HASH struct hash *hash = hash_new();
	struct stored_object promised = *o;
	int64_t bytes, at = 0;
	ssize_t n;

	f->source_failed = true;
	if (object_open_as_is(&from, &bytes, f->plan->dest, o->key, e) != 0)
		return -1;
	while ((n = object_read(from, at, f->buffer, STEP, e)) > 0) {
		hash_add(hash, f->buffer, (size_t)n);
		compare(old, f, at, (size_t)n);
		if (upload_write(up, f->buffer, (size_t)n, e) != 0) {
			f->source_failed = false;
			return -1;
		}
		at += n;
		watch->bytes(watch->arg, n);
	}
	if (promised.stored_bytes < 0)
		promised.stored_bytes = at;
	if (n < 0 || (promised.stored_sha256[0] != '\0' &&
	                 object_compare(from, hash, at, &promised, e) != 0))
		return -1;
	f->source_failed = false;
	f->sent_bytes += at;
	return 0;
}

/* It appears under its name only whole and with the right hash. */
static int
send(struct ferry *f, const struct stored_object *o, struct err *e)
{
	struct plan *p = f->plan;
	CLEANUP_UPLOAD struct upload *up = NULL;
	CLEANUP(release_old) struct old old = { .differs_at = -1 };
	struct err ignored;
	int64_t bytes;

	f->source_failed = false;
	if (f->heals && object_open_as_is(&old.object, &bytes, p->to, o->key, &ignored) != 0)
		old.object = NULL;
	if (dest_sweep(p->to, o->key, f->fence, e) != 0 ||
	    dest_begin_as_is(&up, p->to, o->key, f->fence, e) != 0 ||
	    pour(up, f, o, &old, e) != 0 || plan_still_ours(p, e) != 0)
		return -1;
	FAULT("copy.before_commit");
	if (upload_commit(&up, e) != 0)
		return -1;
	f->sent++;
	say_healed(f, o, &old);
	return 0;
}

/* A pack that a healthy backup has there is taken for what it is. Where something was bad, and
 * where this place will be the one that counts, only if it was read there lately. */
static int
is_known(bool *ret, const struct ferry *f, const char *key, struct err *e)
{
	const struct plan *p = f->plan;
	const struct pack_place at = { p->to_storage.id, 0, key };
	int64_t read_at = 0;

	*ret = false;
	if (copies_have_pack(ret, p->db, p->to_storage.id, key, e) != 0)
		return -1;
	if (!*ret || (!f->heals && !f->takes_over))
		return 0;
	if (packs_read_at(&read_at, p->db, &at, e) != 0)
		return -1;
	*ret = read_at >= clock_now() - PACKS_READ_LATELY_MS;
	return 0;
}

/* All that is not known is read and hashed. */
static int
is_there(bool *ret, struct ferry *f, const struct stored_object *o, bool pack, struct err *e)
{
	struct plan *p = f->plan;
	CLEANUP_OBJECT struct object *there = NULL;
	bool known = false;
	int64_t bytes;

	*ret = false;
	if (o->stored_sha256[0] == '\0')
		return 0;
	if (object_open_as_is(&there, &bytes, p->to, o->key, e) != 0)
		return e->kind == ERR_NOT_FOUND || e->kind == ERR_DAMAGED ? 0 : -1;
	if (o->stored_bytes >= 0 && bytes != o->stored_bytes)
		return 0;
	if (pack && is_known(&known, f, o->key, e) != 0)
		return -1;
	if (known)
		report_watch(p->report)->bytes(report_watch(p->report)->arg, bytes);
	else if (readback_as_it_lies(p, p->to, o, e) != 0)
		return e->kind == ERR_NOT_FOUND || e->kind == ERR_DAMAGED ? 0 : -1;
	else if (pack && packs_read(p->db,
	        &(struct pack_place){ p->to_storage.id, 0, o->key }, clock_now(), e) != 0)
		return -1;
	*ret = true;
	return 0;
}

static int
bring(struct ferry *f, const struct stored_object *o, bool pack, struct err *e)
{
	bool there;

	if (is_there(&there, f, o, pack, e) != 0)
		return err_in(e, "'%s'", o->key);
	if (there)
		return 0;
	while (send(f, o, e) != 0)
		if (!f->source_failed || !elsewhere_open(f->plan, e))
			return err_in(e, "'%s'", o->key);
	FAULT("copy.sent");
	return 0;
}

static int
bring_signature(struct ferry *f, const char *key, struct err *e)
{
	const struct stored_object signature = { .key = sign_key_for(f->plan->arena, key),
		.stored_bytes = -1, .stored_sha256 = "" };

	return *f->plan->backup.signed_by == '\0' ? 0 : bring(f, &signature, false, e);
}

/* Other keys may open it by now: what says so goes with it. One that is there and can be used
 * stays, for it may be of later keys than the one here. */
static int
bring_header(struct ferry *f, const char *key, const char *recipients, struct err *e)
{
	struct plan *p = f->plan;
	const struct stored_object header = { .key = wrap_key_for(p->arena, key),
		.stored_bytes = -1, .stored_sha256 = "" };
	struct dest *const places[] = { p->dest, p->to };
	bool serves[2];

	if (!dest_encrypts(key) || wrap_covers(recipients, p->keys))
		return 0;
	for (int i = 0; i < 2; i++) {
		enum wrap_found found;
		struct err why;

		if (wrap_look(&found, &why, places[i], key, e) != 0)
			return -1;
		serves[i] = found == WRAP_WHOLE || found == WRAP_OTHERS;
	}
	return serves[0] && !serves[1] ? bring(f, &header, false, e) : 0;
}

static int
bring_pack(struct ferry *f, const struct stored_object *pack, struct err *e)
{
	struct plan *p = f->plan;
	char *recipients;

	if (bring(f, pack, true, e) != 0 ||
	    wraps_recipients(&recipients, p->arena, p->db, pack->key, e) != 0)
		return -1;
	return bring_header(f, pack->key, recipients, e);
}

static int
bring_part(struct ferry *f, const struct part *part, struct err *e)
{
	report_phase(f->plan->report, "%s: copying to %s", part->service_slug,
	    f->plan->to_storage.slug);
	for (size_t i = 0; i < part->pack_count; i++)
		if (bring_pack(f, &part->packs[i].object, e) != 0)
			return -1;
	if (bring_pack(f, &part->data, e) != 0)
		return -1;
	if (part->manifest.key[0] == '\0')
		return 0;
	return bring(f, &part->manifest, false, e) != 0 ||
	    bring_header(f, part->manifest.key, f->plan->backup.recipients, e) != 0
	    ? -1 : bring_signature(f, part->manifest.key, e);
}

static int
bring_all(struct ferry *f, struct err *e)
{
	struct plan *p = f->plan;
	const struct stored_object sidecar = { .key = p->backup.sidecar_key, .stored_bytes = -1,
		.stored_sha256 = p->backup.sidecar_sha256 };

	if (FAULT_CONTROL("copy.sidecar_first") && bring(f, &sidecar, false, e) != 0)
		return -1;
	for (size_t i = 0; i < p->part_count; i++)
		if (bring_part(f, &p->parts[i], e) != 0)
			return -1;
	FAULT("copy.before_sidecar");
	return bring_signature(f, sidecar.key, e) != 0 ? -1 : bring(f, &sidecar, false, e);
}

/* Who reads a target of format 1 knows nothing of parts that need more than one pack. */
static int
announce(struct plan *p, struct err *e)
{
	bool others = *p->backup.recipients != '\0';
	char *instance;

	for (size_t i = 0; i < p->part_count; i++)
		others = others || p->parts[i].pack_count > 0;
	if (!others)
		return 0;
	if (settings_get(&instance, p->arena, p->db, "instance_id", e) != 0)
		return -1;
	return dest_claim_raise(p->to, instance, e);
}

static int64_t
bytes_of(const struct plan *p)
{
	int64_t sum = 0;

	for (size_t i = 0; i < p->part_count; i++) {
		const struct part *part = &p->parts[i];

		sum += part->data.stored_bytes + part->manifest.stored_bytes;
		for (size_t k = 0; k < part->pack_count; k++)
			sum += part->packs[k].object.stored_bytes;
	}
	return sum;
}

/* Whether this backup was whole in the target before, and whether it stays there alone. */
static int
learn_target(struct ferry *f, struct err *e)
{
	struct plan *p = f->plan;
	struct copy *list;
	size_t count;

	if (copies_list(&list, &count, p->arena, p->db, p->backup.id, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (list[i].storage == p->job.storage) {
			f->heals = list[i].state == COPY_READY;
			f->takes_over = list[i].takes_over;
		}
	return 0;
}

static int
work(struct plan *p, struct err *e)
{
	CLEANUP(free_ferry) struct ferry f = { .plan = p, .buffer = xmalloc(STEP),
		.before = xmalloc(STEP), .fence = copy_fence(p->job.id, p->lease.fence) };
	char size[NUM_TEXT];

	if (plan_storage(&p->to, &p->to_storage, p, p->job.storage, e) != 0 ||
	    learn_target(&f, e) != 0)
		return -1;
	report_say(p->report, "note", "backup b%" PRId64 " %s %s, from %s", p->backup.id,
	    f.heals ? "is made whole in" : "is copied to", p->to_storage.slug, p->storage.slug);
	report_expect(p->report, bytes_of(p));
	if (announce(p, e) != 0 || bring_all(&f, e) != 0)
		return -1;
	num_size(size, f.sent_bytes);
	report_say(p->report, "note", "%s: %" PRId64 " objects (%s) were brought there",
	    p->to_storage.slug, f.sent, size);
	p->sent_bytes = f.sent_bytes;
	if (f.heals && f.sent > 0 &&
	    packs_mended(p->db, p->to_storage.id, p->backup.id, e) != 0)
		return -1;
	FAULT("copy.before_finish");
	return 0;
}

static int
finish(struct plan *p, struct err *e)
{
	return copies_finish(p->db, &p->lease, p->sent_bytes, report_warnings(p->report), e);
}

/* What was brought counts only with the sidecar, and the next try need not send it again. */
const struct act do_copy = { .work = work, .finish = finish };
