/* do_undo.c: a restore is taken back: by the old that was kept, else from the safety backup. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "lib/base/fault.h"
#include "lib/store/backups.h"
#include "lib/store/restores.h"
#include "worker/job/act.h"
#include "worker/job/hook.h"
#include "worker/job/landing.h"

enum { TAG_SIZE = 48 };

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

/* The parts of the safety backup as places of their own: its journal is only that a side which
 * stands there is built anew. */
static int
place_safety(struct landing_place *at, struct plan *p, size_t i, struct err *e)
{
	struct restore_part *row = arena_alloc(p->arena, sizeof *row);
	char *tag = arena_alloc(p->arena, TAG_SIZE);

	*row = p->landings[i];
	for (size_t j = 0; j < p->part_count; j++)
		if (p->parts[j].service == row->service)
			row->part = p->parts[j].id;
	snprintf(tag, TAG_SIZE, "%.24su", row->tag);
	row->tag = tag;
	row->choice = "";
	row->mark = "";
	return landing_place(at, p, row, e);
}

struct safe_place {
	struct landing_place at;
	struct target_built built;
};

static int
build_safe(struct safe_place *s, struct plan *p, struct err *e)
{
	struct landing_place *at = &s->at;

	at->target.mode = RESTORE_REPLACE;
	s->built = (struct target_built){ .mark = "" };
	if (landing_still_same(at, e) != 0)
		return -1;
	report_phase(p->report, "%s: restoring the safety backup", at->row->target_slug);
	/* An undo that died may have switched already: it is done anew from its beginning. */
	if (at->driver->drop(&at->target, e) != 0 ||
	    at->driver->build(&s->built, &at->target, &at->from, e) != 0)
		return err_in(e, "%s", at->row->target_slug);
	return plan_still_ours(p, e);
}

/* The kept old of an undo is kept only until all of it has come to its end. */
static int
swap_safe(bool *mixed, struct safe_place *places, struct plan *p, struct err *e)
{
	struct err back;
	int64_t kept;

	for (size_t i = 0; i < p->landing_count; i++) {
		struct landing_place *at = &places[i].at;

		report_phase(p->report, "%s: switching", at->row->target_slug);
		if (landing_still_same(at, e) == 0 && plan_still_ours(p, e) == 0 &&
		    at->driver->swap(&kept, &at->target, places[i].built.mark, e) == 0) {
			FAULT("undo.safe_swapped");
			continue;
		}
		err_in(e, "%s", at->row->target_slug);
		/* The one that failed, too: some of it may have come about. */
		for (size_t j = i + 1; e->kind != ERR_FENCED && j-- > 0;) {
			if (places[j].at.driver->unswap(&places[j].at.target, places[j].built.mark,
			        &back) == 0)
				continue;
			*mixed = true;
			return err_in(e,
				    "%s is as the safety backup has it, the others are not, and it "
				    "could not be switched back (%s). Undo again; this came first",
				    places[j].at.row->target_slug, back.text);
		}
		return -1;
	}
	return 0;
}

/* Whatever came of it; what cannot be removed now is told and costs room, nothing else. */
static void
drop_safe(struct safe_place *places, struct plan *p)
{
	struct err e;

	for (size_t i = 0; i < p->landing_count; i++) {
		struct landing_place *at = &places[i].at;

		if (at->driver->drop(&at->target, &e) != 0)
			report_say(p->report, "warn", "%s: what the undo built beside it was not "
			    "removed: %s", at->row->target_slug, e.text);
	}
}

static int
restore_safe(bool *mixed, struct safe_place *places, struct plan *p, struct err *e)
{
	for (size_t i = 0; i < p->landing_count; i++)
		if (build_safe(&places[i], p, e) != 0)
			return -1;
	return swap_safe(mixed, places, p, e);
}

static int
from_safety(struct plan *p, struct err *e)
{
	struct safe_place *places = arena_array(p->arena, p->landing_count + 1, sizeof *places);
	int64_t backup = p->restore.safety_backup;
	bool mixed = false;
	int rc;

	if (backups_by_id(&p->backup, p->arena, p->db, backup, e) != 0 ||
	    backups_parts(&p->parts, &p->part_count, p->arena, p->db, backup, e) != 0 ||
	    plan_storage(&p->dest, &p->storage, p, p->backup.storage, e) != 0)
		return -1;
	report_say(p->report, "note", "undoing from the safety backup b%" PRId64, backup);
	for (size_t i = 0; i < p->landing_count; i++)
		if (place_safety(&places[i].at, p, i, e) != 0)
			return -1;
	rc = restore_safe(&mixed, places, p, e);
	/* After a lost lease it belongs to the next holder; and of two times nothing is removed. */
	if (rc == 0 || (e->kind != ERR_FENCED && !mixed))
		drop_safe(places, p);
	return rc;
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

static int
clear(struct plan *p UNUSED, struct err *e UNUSED)
{
	return 0;
}

const struct act do_undo = { work, finish, clear };
