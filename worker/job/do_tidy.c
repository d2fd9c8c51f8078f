/* do_tidy.c: what a restore left to do: a halfway switch, its hook, and what lies beside its
 * targets. */
#include <inttypes.h>
#include <stdbool.h>

#include "lib/base/clock.h"
#include "lib/base/fault.h"
#include "lib/store/jobs.h"
#include "lib/store/restores.h"
#include "lib/store/settings.h"
#include "worker/job/act.h"
#include "worker/job/address.h"
#include "worker/job/hook.h"
#include "worker/job/landing.h"

/* Whether it is not where the restore's own state has it: failed is all old, done is all new, and
 * of a new service landed_at tells. There is no way back from what was added on top. */
static bool
is_halfway(const struct restore *r, const struct restore_part *row)
{
	bool undoing = restore_part_undoing(row);

	if (row->state == LANDING_SWAPPING)
		return true;
	if (r->state == RESTORE_FAILED)
		return row->state == LANDING_SWAPPED;
	if (r->state != RESTORE_DONE || (r->mode == RESTORE_ADD && !undoing))
		return false;
	if (undoing || (r->mode == RESTORE_NEW && r->landed_at == 0))
		return row->state == LANDING_SWAPPED;
	return row->state == LANDING_BUILT;
}

/* Nothing is done at another place than it was made at, and the service is not kept waiting for
 * what cannot be reached from it: it is told what stays where. *left: it was so. */
static int
leave(bool *left, struct landing_place *at, struct plan *p, struct err *e)
{
	struct restore_part *row = at->row;
	const char *own = restore_part_own_tag(p->arena, row);

	*left = !landing_same_place(at);
	if (!*left || row->state == LANDING_GONE)
		return 0;
	/* Nothing was made yet. */
	if (row->state != LANDING_WAITING || address_size(row->mark) > 0)
		report_say(p->report, "warn", "%s: %s leads elsewhere by now. What r%" PRId64
		    " left at %s stays there, with %s in its name; it is not removed%s",
		    row->target_slug, at->src.service->name, p->restore.id,
		    address_words(p->arena, at->src.service->engine, row->mark),
		    own, is_halfway(&p->restore, row) ? ", and what had ended halfway there is not "
		    "put right: look whether it has the old or what was restored" : "");
	row->tag = own;
	row->state = LANDING_GONE;
	row->kept_bytes = 0;
	return landing_write(at, p, e);
}

static int
drop_tag(const struct landing_place *at, struct plan *p, struct err *e)
{
	if (plan_still_ours(p, e) != 0 || at->driver->drop(&at->target, e) != 0)
		return err_in(e, "%s", at->row->target_slug);
	return 0;
}

/* All that carries the tag of a part, and that of an undo of it from the safety backup. */
static int
drop(struct landing_place *at, struct plan *p, struct err *e)
{
	struct restore_part row = *at->row;
	struct landing_place own;

	if (drop_tag(at, p, e) != 0)
		return -1;
	if (!restore_part_undoing(&row))
		return 0;
	row.tag = restore_part_own_tag(p->arena, &row);
	return landing_place(&own, p, &row, e) == 0 ? drop_tag(&own, p, e) : -1;
}

/* The row is the restore's own again. */
static int
end_undo(struct landing_place *at, struct plan *p, struct err *e)
{
	struct restore_part *row = at->row;
	bool keeps = p->restore.mode == RESTORE_ADD && p->restore.undo_until > clock_now();

	if ((keeps ? drop_tag(at, p, e) : drop(at, p, e)) != 0)
		return -1;
	row->tag = restore_part_own_tag(p->arena, row);
	row->state = keeps ? LANDING_SWAPPED : LANDING_GONE;
	row->kept_bytes = 0;
	return landing_write(at, p, e) == 0 ? landing_place(at, p, row, e) : -1;
}

/*
 * A new service whose switch died between two parts goes back to where it came from, and is led to
 * its place.
 */
static int
settle_new(struct landing_place *places, struct plan *p, struct err *e)
{
	const struct restore *r = &p->restore;
	bool in = r->landed_at > 0, moved = false;

	if (r->state != RESTORE_DONE ||
	    restore_turn_of(p->landings, p->landing_count) == (in ? TURN_IN : TURN_OUT))
		return 0;
	for (size_t i = 0; i < p->landing_count; i++) {
		struct landing_place *at = &places[i];
		bool left;

		if (leave(&left, at, p, e) != 0)
			return -1;
		if (left || at->row->state == LANDING_GONE)
			continue;
		moved |= is_halfway(r, at->row);
		if ((in ? landing_swap : landing_unswap)(at, p, e) != 0 ||
		    landing_make(at, p, e) != 0)
			return err_in(e, "switch r%" PRId64 " back", r->id);
		FAULT("tidy.settled");
	}
	if (moved)
		report_say(p->report, "warn", "the switch of r%" PRId64 " had ended halfway; %s/%s "
		    "has again what it had before the switch", r->id, r->project_slug,
		    r->environment_slug);
	return 0;
}

/* An undo from the safety backup that came to no end is taken back, for the restore stands as done;
 * what it left beside the targets goes. In mode add what was kept there is not its business. */
static int
settle_undo(struct landing_place *places, struct plan *p, struct err *e)
{
	const struct restore *r = &p->restore;

	for (size_t i = 0; i < p->landing_count; i++) {
		bool halfway = is_halfway(r, places[i].row), left;

		if (!restore_part_undoing(places[i].row))
			continue;
		if (leave(&left, &places[i], p, e) != 0)
			return -1;
		if (left)
			continue;
		if (landing_unswap(&places[i], p, e) != 0)
			return err_in(e, "take back the undo of r%" PRId64, r->id);
		if (halfway)
			report_say(p->report, "warn", "%s: the undo of r%" PRId64 " had ended "
			    "halfway; this part was switched back to what was restored",
			    places[i].row->target_slug, r->id);
		FAULT("tidy.settled");
	}
	for (size_t i = 0; i < p->landing_count; i++)
		if (restore_part_undoing(places[i].row) && end_undo(&places[i], p, e) != 0)
			return -1;
	return 0;
}

/*
 * A restore that died between two switches has left parts of two times, and so has an undo. The
 * restore's own state decides which one all of them get.
 */
static int
settle(struct landing_place *places, struct plan *p, struct err *e)
{
	const struct restore *r = &p->restore;

	if (FAULT_CONTROL("no_settle"))
		return 0;
	if (r->state == RESTORE_DONE && settle_undo(places, p, e) != 0)
		return -1;
	if (r->mode == RESTORE_ADD)
		return 0;
	if (r->mode == RESTORE_NEW)
		return settle_new(places, p, e);
	for (size_t i = 0; i < p->landing_count; i++) {
		struct landing_place *at = &places[i];
		bool back = r->state == RESTORE_FAILED, left;

		if (!is_halfway(r, at->row))
			continue;
		if (leave(&left, at, p, e) != 0)
			return -1;
		if (left)
			continue;
		if ((back ? landing_unswap : landing_swap)(at, p, e) != 0)
			return err_in(e, "put r%" PRId64 " right", r->id);
		report_say(p->report, "warn",
		    "%s: r%" PRId64 " had ended halfway; this part was switched %s",
		    at->row->target_slug, r->id,
		    back ? "back to what was there before" : "to what was restored");
		FAULT("tidy.settled");
	}
	return 0;
}

static const char *
outcome(const struct restore *r)
{
	if (r->state == RESTORE_FAILED)
		return "failed";
	return r->state == RESTORE_UNDONE ? "undone" : "succeeded";
}

static int
remove_sides(struct landing_place *places, struct plan *p, struct err *e)
{
	for (size_t i = 0; i < p->landing_count; i++) {
		struct landing_place *at = &places[i];
		bool left;

		if (leave(&left, at, p, e) != 0)
			return -1;
		if (left)
			continue;
		report_phase(p->report, "%s: removing what was kept", at->row->target_slug);
		if (drop(at, p, e) != 0)
			return -1;
		at->row->state = LANDING_GONE;
		at->row->kept_bytes = 0;
		if (landing_write(at, p, e) != 0)
			return -1;
		report_say(p->report, "note", "%s: nothing of r%" PRId64 " is left beside it",
		    at->row->target_slug, p->restore.id);
	}
	return 0;
}

/* What an addition that failed halfway has moved aside is all that is left of it. */
static bool
keeps_halves(const struct plan *p, bool rests)
{
	const struct restore *r = &p->restore;

	if (r->mode != RESTORE_ADD || r->state != RESTORE_FAILED ||
	    (!rests && r->finished_at + p->conf->undo_ms <= clock_now()))
		return false;
	for (size_t i = 0; i < p->landing_count; i++)
		if (p->landings[i].state == LANDING_SWAPPING ||
		    p->landings[i].state == LANDING_SWAPPED)
			return true;
	return false;
}

static int
work(struct plan *p, struct err *e)
{
	struct landing_place *places =
	    arena_array(p->arena, p->landing_count + 1, sizeof *places);
	const struct restore *r = &p->restore;
	struct err why;
	bool rests;
	int rc = 0;

	for (size_t i = 0; i < p->landing_count; i++)
		if (landing_place(&places[i], p, &p->landings[i], e) != 0)
			return -1;
	/* The hook runs in any case: an application must not stay stopped. */
	if (settle(places, p, &why) != 0)
		rc = -1;
	if (rc != 0 && why.kind == ERR_FENCED) {
		*e = why;
		return -1;
	}
	if (hook_after(p, outcome(r), e) != 0)
		return -1;
	if (rc != 0) {
		*e = why;
		return -1;
	}
	/* An undo or a switch may still want what is kept. After a jump of the clock nobody knows
	 * whose time is up: for as long as the trash rests, so does this. */
	if (settings_trash_rests(&rests, p->db, e) != 0)
		return -1;
	if (r->state == RESTORE_DONE && (rests || r->undo_until > clock_now()))
		return 0;
	if (keeps_halves(p, rests))
		return 0;
	return remove_sides(places, p, e);
}

/* What is still kept is tidied another time. */
static int
finish(struct plan *p, struct err *e)
{
	const struct restore *r = &p->restore;
	int64_t warnings = report_warnings(p->report);

	for (size_t i = 0; i < p->landing_count; i++)
		if (p->landings[i].state != LANDING_GONE)
			return r->mode == RESTORE_ADD && r->state == RESTORE_FAILED
			    ? restores_kept(p->db, &p->lease, r->finished_at + p->conf->undo_ms,
			          warnings, e)
			    : jobs_succeed(p->db, &p->lease, warnings, e);
	return restores_tidied(p->db, &p->lease, e);
}

const struct act do_tidy = { .work = work, .finish = finish };
