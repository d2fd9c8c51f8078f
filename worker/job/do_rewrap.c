/* do_rewrap.c: after a change of the keys what lies in a storage opens with the new ones, too.
 *
 * Beside each object that was encrypted for others a header for those of now is put. No object is
 * changed, and of each only the front is read. What was put there stays right when the job dies. */
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "lib/base/fault.h"
#include "lib/model/copy.h"
#include "lib/store/findings.h"
#include "lib/store/wraps.h"
#include "worker/dest/wrap.h"
#include "worker/job/act.h"

enum { LOG_LINES = 50, SAY_EVERY = 100 };

struct round {
	struct plan *plan;
	int64_t fence;
	int64_t fine, wrapped, closed, bad, gone;
	struct err first;             /* why the first of the closed or bad ones is that */
};

/* It appears under its name only whole; one that is there already is replaced by it. */
static int
publish(struct round *r, const char *key, const struct buf *text, struct err *e)
{
	struct plan *p = r->plan;
	CLEANUP_UPLOAD struct upload *up = NULL;

	if (dest_sweep(p->dest, key, r->fence, e) != 0 ||
	    dest_begin_as_is(&up, p->dest, key, r->fence, e) != 0 ||
	    upload_write(up, text->p, text->n, e) != 0)
		return -1;
	FAULT("rewrap.written");
	if (plan_still_ours(p, e) != 0)
		return -1;
	FAULT("rewrap.before_commit");
	if (upload_commit(&up, e) != 0)
		return -1;
	FAULT("rewrap.committed");
	return 0;
}

/* Its backup may have been removed meanwhile, and nobody would come for the header any more. */
static int
remove_orphan(struct round *r, const char *object, const char *key, struct err *e)
{
	struct plan *p = r->plan;
	CLEANUP_OBJECT struct object *o = NULL;
	int64_t bytes;

	if (object_open_as_is(&o, &bytes, p->dest, object, e) == 0)
		return 0;
	return e->kind != ERR_NOT_FOUND || dest_remove(p->dest, key, e) != 0
	    ? -1 : err_set(e, ERR_NOT_FOUND, "%s: it was removed meanwhile", object);
}

/* 1: it is fine as it is. */
static int
wrap(struct round *r, const struct wraps_object *o, struct err *e)
{
	struct plan *p = r->plan;
	const char *beside = wrap_key_for(p->arena, o->key);
	CLEANUP_BUF struct buf text = BUF_INIT;
	enum wrap_found found;
	struct err why;

	if (wrap_covers(o->recipients, p->keys))
		return 1;
	p->keys->needed = arena_dupn(p->arena, o->recipients, strcspn(o->recipients, " "));
	if (wrap_look(&found, &why, p->dest, o->key, e) != 0)
		return -1;
	if (found == WRAP_WHOLE)
		return 1;
	if (found == WRAP_BROKEN)
		report_say(p->report, "warn", "%s: it is made anew", why.text);
	if (wrap_make(&text, p->dest, o->key, e) != 0 || publish(r, beside, &text, e) != 0)
		return -1;
	return remove_orphan(r, o->key, beside, e);
}

/* Whether it concerns this object alone: the others go on. What is not there is no matter of keys:
 * its backup was removed meanwhile, or a look through the storage says so. */
static bool
passes_over(struct round *r, const struct err *why)
{
	bool closed = why->kind == ERR_DENIED;

	if (why->kind == ERR_NOT_FOUND) {
		report_say(r->plan->report, "note", "%s", why->text);
		r->gone++;
		return true;
	}
	if (!closed && why->kind != ERR_DAMAGED && why->kind != ERR_INPUT)
		return false;
	if (r->closed + r->bad == 0)
		r->first = *why;
	if (r->closed + r->bad < LOG_LINES)
		report_say(r->plan->report, "warn", "%s", why->text);
	*(closed ? &r->closed : &r->bad) += 1;
	return true;
}

static int
go_through(struct round *r, const struct wraps_object *objects, size_t count, struct err *e)
{
	struct plan *p = r->plan;

	for (size_t i = 0; i < count; i++) {
		int rc;

		if (i % SAY_EVERY == 0) {
			report_phase(p->report, "%s: %zu of %zu objects", p->storage.slug, i,
			    count);
			if (plan_still_ours(p, e) != 0)
				return -1;
		}
		rc = wrap(r, &objects[i], e);
		if (rc < 0 && !passes_over(r, e))
			return -1;
		r->fine += rc == 1;
		r->wrapped += rc == 0;
	}
	return 0;
}

/* What was being made for older keys when the list was asked for is not in it: whoever takes the
 * old key away must know. */
static int
refuse_late(const struct plan *p, const struct wraps_object *making, size_t count, struct err *e)
{
	for (size_t i = 0; i < count; i++)
		if (!wrap_covers(making[i].recipients, p->keys))
			return err_set(e, ERR_CONFLICT, "%s was being made or copied into %s"
			    " meanwhile, for an older key: ask for it again once that is done",
			    making[i].key, p->storage.slug);
	return 0;
}

static int
work(struct plan *p, struct err *e)
{
	struct round r = { .plan = p, .fence = copy_fence(p->job.id, p->lease.fence) };
	struct wraps_object *objects, *making;
	int64_t storage;
	size_t count, making_count;

	if (findings_storage_of(&storage, p->db, p->job.id, e) != 0 ||
	    plan_storage(&p->dest, &p->storage, p, storage, e) != 0 ||
	    wraps_making(&making, &making_count, p->arena, p->db, storage, e) != 0 ||
	    wraps_list(&objects, &count, p->arena, p->db, storage, e) != 0)
		return -1;
	if (p->keys->recipient_count == 0)
		return err_set(e, ERR_CONFLICT,
		    "there are no keys yet; run on the server: lazarette admin keys");
	if (go_through(&r, objects, count, e) != 0)
		return err_in(e, "storage %s", p->storage.slug);
	report_say(p->report, "note", "%s: %" PRId64 " objects were wrapped for the present keys,"
	    " %" PRId64 " were fine, %" PRId64 " could not be opened, %" PRId64 " are damaged,"
	    " %" PRId64 " are not there", p->storage.slug, r.wrapped, r.fine, r.closed, r.bad,
	    r.gone);
	if (r.closed + r.bad == 0)
		return refuse_late(p, making, making_count, e);
	return err_set(e, r.first.kind, "%" PRId64 " of %zu objects in %s do not open with the"
	    " present keys yet. The first: %s", r.closed + r.bad, count, p->storage.slug,
	    r.first.text);
}

const struct act do_rewrap = { .work = work };
