/* do_switch.c: a new service and the one it stands beside change places. */
#include <inttypes.h>

#include "lib/base/fault.h"
#include "lib/store/restores.h"
#include "worker/job/act.h"
#include "worker/job/hook.h"
#include "worker/job/landing.h"

static int
turn_one(struct landing_place *at, struct plan *p, enum restore_turn to, struct err *e)
{
	return to == TURN_IN ? landing_swap(at, p, e) : landing_unswap(at, p, e);
}

/* One that cannot be switched takes those before it back: all of one time, old or new. */
static int
turn_all(struct landing_place *places, struct plan *p, enum restore_turn to, struct err *e)
{
	enum restore_turn back = to == TURN_IN ? TURN_OUT : TURN_IN;
	struct err again;

	for (size_t i = 0; i < p->landing_count; i++) {
		if (turn_one(&places[i], p, to, e) == 0) {
			FAULT("switch.turned");
			continue;
		}
		for (size_t j = i; e->kind != ERR_FENCED && j-- > 0;)
			if (turn_one(&places[j], p, back, &again) != 0)
				return err_in(e, "%s could not be switched back yet (%s), which is "
				    "tried again by itself; this came first",
				    places[j].row->target_slug, again.text);
		return -1;
	}
	return 0;
}

static int
make_all(struct landing_place *places, struct plan *p, struct err *e)
{
	for (size_t i = 0; i < p->landing_count; i++)
		if (landing_make(&places[i], p, e) != 0)
			return -1;
	return 0;
}

static int
change_places(struct landing_place *places, struct plan *p, enum restore_turn to, struct err *e)
{
	struct err ignored;

	if (hook_before(p, e) == 0 && turn_all(places, p, to, e) == 0)
		return hook_after(p, "switched", e);
	/* A lost lease owes nothing: the next holder goes on. */
	if (e->kind != ERR_FENCED && hook_after(p, "failed", &ignored) != 0)
		report_say(p->report, "err", "%s", ignored.text);
	return -1;
}

static int
work(struct plan *p, struct err *e)
{
	struct landing_place *places =
	    arena_array(p->arena, p->landing_count + 1, sizeof *places);
	enum restore_turn to = p->restore.wanted;

	if (to == TURN_NONE)
		return err_set(e, ERR_INTERNAL, "restore r%" PRId64 " was not told which way to "
		    "switch", p->restore.id);
	report_say(p->report, "note", "restore r%" PRId64 ": switching to %s", p->restore.id,
	    to == TURN_IN ? "what it brought" : "what was there before it");
	for (size_t i = 0; i < p->landing_count; i++)
		if (landing_place(&places[i], p, &p->landings[i], e) != 0)
			return -1;
	if (change_places(places, p, to, e) != 0)
		return -1;
	FAULT("switch.before_make");
	return make_all(places, p, e);
}

static int
finish(struct plan *p, struct err *e)
{
	return restores_switched(p->db, &p->lease, report_warnings(p->report), e);
}

const struct act do_switch = { .work = work, .finish = finish };
