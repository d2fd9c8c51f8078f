/* do_restore.c: parts of a backup are built beside their targets, and then switched in. */
#include <inttypes.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/fault.h"
#include "lib/base/num.h"
#include "lib/store/backups.h"
#include "lib/store/projects.h"
#include "lib/store/restores.h"
#include "worker/job/act.h"
#include "worker/job/elsewhere.h"
#include "worker/job/hook.h"
#include "worker/job/landing.h"

/* The safety backup came first, or there is no restore. */
static int
check_safety(struct plan *p, struct err *e)
{
	struct job before;

	if (p->job.after == 0)
		return 0;
	if (jobs_by_id(&before, p->arena, p->db, p->job.after, e) != 0)
		return -1;
	if (before.state == JOB_SUCCEEDED)
		return 0;
	return err_set(e, ERR_CONFLICT,
	    "the safety backup j%" PRId64 " of the target %s, so nothing was restored: %s",
	    before.id, before.state == JOB_CANCELLED ? "was cancelled" : "failed",
	    before.error ? before.error : "no reason is known");
}

static int
check_backup(const struct plan *p, struct err *e)
{
	if (p->backup.state != BACKUP_READY)
		return err_set(e, ERR_CONFLICT, "backup b%" PRId64 " is %s", p->backup.id,
		    backup_state_name(p->backup.state));
	if (p->environment.paused)
		return err_set(e, ERR_CONFLICT,
		    "%s/%s is paused; make it active in its settings first",
		    p->environment.project_slug, p->environment.slug);
	return 0;
}

/* -- landing rules -- */

/* Live data that lands where it is not live. */
static int
needs_rules(bool *ret, struct plan *p, struct err *e)
{
	struct environment from;

	if (environments_by_id(&from, p->arena, p->db, p->backup.environment, e) != 0)
		return -1;
	*ret = from.kind == ENV_LIVE && p->environment.kind != ENV_LIVE;
	return 0;
}

/* They may have been taken away since the restore was confirmed. */
static int
check_rules(struct plan *p, struct err *e)
{
	bool bare;

	if (restores_needs_rules(&bare, p->db, p->restore.id, e) != 0)
		return -1;
	if (!bare || p->restore.real_data)
		return 0;
	return err_set(e, ERR_CONFLICT,
	    "live data would land in %s/%s, where a service has no landing rules any more: add "
	    "them in its settings, or have an administrator let real data in, and restore again",
	    p->environment.project_slug, p->environment.slug);
}

static int
apply_rules(struct landing_place *at, struct plan *p, struct err *e)
{
	const struct service *s = at->src.service;
	const char *const *env = NULL;
	struct hook h = { .name = s->sanitise_hook, .step = "sanitise", .outcome = "",
		.limit_s = p->environment.hook_limit_s };

	if (*s->sanitise_sql != '\0' && at->driver->script != NULL) {
		report_phase(p->report, "%s: landing rules", at->row->target_slug);
		if (at->driver->script(&at->target, s->sanitise_sql, e) != 0)
			return err_in(e, "landing rules of %s", at->row->target_slug);
		report_say(p->report, "note", "%s: its landing rules were applied",
		    at->row->target_slug);
	}
	if (*s->sanitise_hook == '\0')
		return 0;
	if (at->driver->side_env(&env, &at->target, e) != 0)
		return -1;
	h.more = env;
	if (hook_run(&h, p, e) != 0)
		return err_in(e, "landing rules of %s", at->row->target_slug);
	return 0;
}

/* -- the acts in their order -- */

/* Nothing was touched before it stands beside the target: a place that cannot be read is made up
 * for by the next. */
static int
build(struct landing_place *at, struct plan *p, struct err *e)
{
	while (landing_build(at, p, e) != 0)
		if (!elsewhere_open(p, e) || landing_place(at, p, at->row, e) != 0)
			return -1;
	return 0;
}

/* All parts stand beside their targets, whole, checked and harmless, before the first is switched.
 * Rules are no act that may be done twice by halves: what they ran on counts as built only then. */
static int
build_all(struct landing_place *places, struct plan *p, struct err *e)
{
	bool rules;

	if (check_rules(p, e) != 0 || needs_rules(&rules, p, e) != 0)
		return -1;
	for (size_t i = 0; i < p->landing_count; i++) {
		struct landing_place *at = &places[i];

		if (landing_place(at, p, &p->landings[i], e) != 0)
			return -1;
		if (at->row->state != LANDING_WAITING)
			continue;
		if (build(at, p, e) != 0 || (rules && apply_rules(at, p, e) != 0))
			return -1;
		at->row->state = LANDING_BUILT;
		if (landing_write(at, p, e) != 0)
			return -1;
		FAULT("restore.built");
	}
	return 0;
}

/* There is no way back from what was added. */
static int
tell_added(const struct landing_place *places, size_t n, const struct plan *p, struct err *e)
{
	const char *list = places[0].row->target_slug;

	for (size_t i = 1; i < n; i++)
		list = arena_printf(p->arena, "%s, %s", list, places[i].row->target_slug);
	if (p->restore.safety_backup != 0)
		return err_in(e, "the backup's content was added to %s and then came this; to take "
		    "that back, restore the safety backup b%" PRId64, list,
		    p->restore.safety_backup);
	return err_in(e, "the backup's content was added to %s and then came this; there is no "
	    "safety backup to take that back", list);
}

/* One that cannot be switched takes those before it back: the environment is all old or all new. */
static int
swap_all(struct landing_place *places, struct plan *p, struct err *e)
{
	struct err back;

	for (size_t i = 0; i < p->landing_count; i++) {
		if (i > 0)
			FAULT("restore.between_swaps");
		if (landing_swap(&places[i], p, e) == 0)
			continue;
		if (e->kind == ERR_FENCED)
			return -1;
		if (p->restore.mode == RESTORE_ADD)
			return i == 0 ? -1 : tell_added(places, i, p, e);
		for (size_t j = i; j-- > 0;)
			if (landing_unswap(&places[j], p, &back) != 0)
				return err_in(e, "%s could not be switched back yet (%s), which is "
				    "tried again by itself; this came first",
				    places[j].row->target_slug, back.text);
		if (i > 0)
			report_say(p->report, "note",
			    "what was switched was switched back: all is as it was");
		return -1;
	}
	return 0;
}

static int
switch_in(struct landing_place *places, struct plan *p, struct err *e)
{
	struct err ignored;

	if (hook_before(p, e) == 0 && swap_all(places, p, e) == 0)
		return hook_after(p, "succeeded", e);
	/* A lost lease owes nothing: the next holder goes on. */
	if (e->kind != ERR_FENCED && hook_after(p, "failed", &ignored) != 0)
		report_say(p->report, "err", "%s", ignored.text);
	return -1;
}

/* What is new stands beside the target as a service of its own, until somebody switches it in. */
static int
make_all(struct landing_place *places, struct plan *p, struct err *e)
{
	for (size_t i = 0; i < p->landing_count; i++) {
		if (landing_make(&places[i], p, e) != 0)
			return -1;
		report_say(p->report, "note", "%s: what was restored is a service of its own: %s-r%"
		    PRId64, places[i].row->target_slug, places[i].row->target_slug,
		    p->restore.id);
	}
	return 0;
}

static void
say_begin(struct plan *p)
{
	report_say(p->report, "note",
	    "restore r%" PRId64 ": backup b%" PRId64 " of %s/%s %s %s/%s",
	    p->restore.id, p->backup.id, p->backup.project_slug, p->backup.environment_slug,
	    p->restore.mode == RESTORE_NEW ? "beside" : "into", p->environment.project_slug,
	    p->environment.slug);
	if (p->restore.real_data)
		report_say(p->report, "note", "an administrator let real data land here");
}

static int
work(struct plan *p, struct err *e)
{
	struct landing_place *places =
	    arena_array(p->arena, p->landing_count + 1, sizeof *places);
	int64_t total = 0;

	if (check_safety(p, e) != 0 || check_backup(p, e) != 0 ||
	    restores_begin(p->db, &p->lease, e) != 0)
		return -1;
	FAULT("restore.begin");
	say_begin(p);
	for (size_t i = 0; i < p->landing_count; i++)
		total += p->landings[i].raw_bytes;
	report_expect(p->report, total);
	if (build_all(places, p, e) != 0 ||
	    (p->restore.mode == RESTORE_NEW ? make_all : switch_in)(places, p, e) != 0)
		return -1;
	FAULT("restore.before_finish");
	return 0;
}

static int
finish(struct plan *p, struct err *e)
{
	int64_t until = p->restore.mode == RESTORE_NEW ? RESTORE_ALWAYS
	    : clock_now() + p->conf->undo_ms;

	return restores_finish(p->db, &p->lease, report_warnings(p->report), until, e);
}

/* What was built beside the target goes with the tidy job that housekeeping queues. */
const struct act do_restore = { .work = work, .finish = finish };
