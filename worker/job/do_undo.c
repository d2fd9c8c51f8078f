/* do_undo.c: a restore is taken back: by the old that was kept, else from the safety backup. */
#include <inttypes.h>
#include <stdbool.h>

#include "lib/base/fault.h"
#include "lib/store/backups.h"
#include "lib/store/restores.h"
#include "worker/job/act.h"
#include "worker/job/address.h"
#include "worker/job/hook.h"
#include "worker/job/landing.h"

/* One that cannot be switched back keeps the others with it: all of one time, old or new. */
static int
all_or_none(struct landing_place *places, size_t i, struct plan *p, struct err *e)
{
	struct err again;

	for (; e->kind != ERR_FENCED && i < p->landing_count; i++)
		if (landing_swap(&places[i], p, &again) != 0)
			return err_in(e, "%s was switched back already and cannot be put in place "
			    "again (%s), which is tried again by itself; this came first",
			    places[i].row->target_slug, again.text);
	return -1;
}

static int
swap_back(struct plan *p, struct err *e)
{
	struct landing_place *places =
	    arena_array(p->arena, p->landing_count + 1, sizeof *places);

	for (size_t i = 0; i < p->landing_count; i++)
		if (landing_place(&places[i], p, &p->landings[i], e) != 0)
			return -1;
	for (size_t i = p->landing_count; i-- > 0;) {
		if (landing_unswap(&places[i], p, e) != 0)
			return all_or_none(places, i, p, e);
		FAULT("undo.unswapped");
	}
	return 0;
}

/* -- from the safety backup -- */

/* The same part of the safety backup, in the same row of the journal; begun anew unless a former
 * holder has begun it. */
static int
place_safety(struct landing_place *at, struct plan *p, size_t i, struct err *e)
{
	struct restore_part *row = arena_alloc(p->arena, sizeof *row);
	bool begun = restore_part_undoing(&p->landings[i]);

	*row = p->landings[i];
	for (size_t j = 0; j < p->part_count; j++)
		if (p->parts[j].service == row->service)
			row->part = p->parts[j].id;
	if (!begun) {
		row->tag = restore_part_undo_tag(p->arena, row);
		row->state = LANDING_WAITING;
		/* Of what the restore itself has kept, it still says where that is. */
		row->mark = arena_dupn(p->arena, row->mark, address_size(row->mark));
	}
	if (landing_place(at, p, row, e) != 0)
		return -1;
	if (begun)
		return 0;
	return landing_still_same(at, e) == 0 ? landing_write(at, p, e) : -1;
}

static int
build_safe(struct landing_place *at, struct plan *p, struct err *e)
{
	if (at->row->state != LANDING_WAITING)
		return 0;
	if (landing_build(at, p, e) != 0)
		return -1;
	at->row->state = LANDING_BUILT;
	return landing_write(at, p, e);
}

/* One that cannot be switched takes those before it back: all of one time. */
static int
swap_safe(struct landing_place *places, struct plan *p, struct err *e)
{
	struct err back;

	for (size_t i = 0; i < p->landing_count; i++) {
		if (landing_swap(&places[i], p, e) == 0) {
			FAULT("undo.safe_swapped");
			continue;
		}
		/* A former holder may have switched a later one. */
		for (size_t j = p->landing_count; e->kind != ERR_FENCED && j-- > 0;)
			if (landing_unswap(&places[j], p, &back) != 0)
				return err_in(e, "%s is as the safety backup has it and could not "
				    "be switched back yet (%s), which is tried again by itself; "
				    "this came first", places[j].row->target_slug, back.text);
		return -1;
	}
	return 0;
}

/* What it took the place of is kept until the restore is known to be undone; then, as after an undo
 * that came to nothing, the tidy job removes what lies beside the targets. */
static int
from_safety(struct plan *p, struct err *e)
{
	struct landing_place *places =
	    arena_array(p->arena, p->landing_count + 1, sizeof *places);
	int64_t backup = p->restore.safety_backup;

	if (backups_by_id(&p->backup, p->arena, p->db, backup, e) != 0 ||
	    backups_parts(&p->parts, &p->part_count, p->arena, p->db, backup, e) != 0 ||
	    plan_nearest(p, e) != 0)
		return -1;
	report_say(p->report, "note", "undoing from the safety backup b%" PRId64, backup);
	for (size_t i = 0; i < p->landing_count; i++)
		if (place_safety(&places[i], p, i, e) != 0)
			return -1;
	for (size_t i = 0; i < p->landing_count; i++)
		if (build_safe(&places[i], p, e) != 0)
			return -1;
	if (swap_safe(places, p, e) != 0)
		return -1;
	FAULT("undo.before_finish");
	return 0;
}

static int
undo(struct plan *p, enum restore_way way, struct err *e)
{
	struct err ignored;

	if (hook_before(p, e) == 0 && (way == WAY_SWAP ? swap_back(p, e) : from_safety(p, e)) == 0)
		return hook_after(p, "undone", e);
	if (e->kind != ERR_FENCED && hook_after(p, "failed", &ignored) != 0)
		report_say(p->report, "err", "%s", ignored.text);
	return -1;
}

static int
work(struct plan *p, struct err *e)
{
	enum restore_way way;

	if (restores_way_back(&way, p->db, &p->restore, e) != 0)
		return -1;
	if (way == WAY_NONE)
		return err_set(e, ERR_GONE,
		    "restore r%" PRId64 " cannot be undone any more: what it had kept is gone, and "
		    "so is its safety backup", p->restore.id);
	report_say(p->report, "note", "undoing restore r%" PRId64, p->restore.id);
	return undo(p, way, e);
}

static int
finish(struct plan *p, struct err *e)
{
	return restores_undone(p->db, &p->lease, e);
}

const struct act do_undo = { .work = work, .finish = finish };
