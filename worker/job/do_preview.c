/* do_preview.c: a look at the target of a restore, before anybody decides. Nothing is changed. */
#include <inttypes.h>

#include "lib/base/num.h"
#include "lib/store/restores.h"
#include "worker/job/act.h"
#include "worker/job/apart.h"
#include "worker/job/elsewhere.h"
#include "worker/job/hook.h"
#include "worker/job/landing.h"

/* A target that cannot be reached or will not do is an answer, not a failure. */
static int
look(struct target_look *ret, struct landing_place *at, struct plan *p)
{
	struct target_look found = { .has = -1 };
	char needs[NUM_TEXT], has[NUM_TEXT];
	struct err why;

	report_phase(p->report, "%s: looking", at->row->target_slug);
	if (at->driver->look(&found, &at->target, &at->from, &why) != 0)
		found.refusal = arena_dup(p->arena, why.text);
	else if (found.refusal == NULL && at->target.mode == RESTORE_NEW && !found.there)
		found.refusal = "There is nothing there yet that a new service could stand beside. "
		    "Choose replace: it makes what is missing";
	if (found.refusal == NULL && found.has >= 0 && found.needs > found.has) {
		num_size(needs, found.needs);
		num_size(has, found.has);
		found.refusal = arena_printf(p->arena,
		    "There is no room beside it: a restore needs about %s, and %s are free. Make "
		    "room there, or choose another target", needs, has);
	}
	*ret = found;
	return found.refusal == NULL ? 0 : -1;
}

/* Of several folders some may be there; then there is something to save. */
static bool
is_absent(const struct target_look *found)
{
	return found->refusal == NULL && !found->there && found->bytes == 0;
}

/* The first refusal is the sentence of the whole. */
static int
look_at(const char **refusal, struct restore_part *row, struct plan *p, struct err *e)
{
	struct landing_place *at = arena_alloc(p->arena, sizeof *at);
	struct target_look found;
	const char *apart;

	if (landing_place(at, p, row, e) != 0 || apart_refusal(&apart, at, p, e) != 0)
		return -1;
	if (look(&found, at, p) == 0 && apart != NULL)
		found.refusal = apart;
	if (found.refusal != NULL && *refusal == NULL)
		*refusal = arena_printf(p->arena, "%s: %s", row->target_slug, found.refusal);
	row->refusal = found.refusal ? found.refusal : "";
	row->target_bytes = is_absent(&found) ? -1 : found.bytes;
	row->needs_bytes = found.needs;
	row->has_bytes = found.has;
	row->added = found.added;
	row->changed = found.changed;
	row->removed = found.removed;
	report_say(p->report, found.refusal ? "err" : "note", "%s: %s", row->target_slug,
	    found.refusal ? found.refusal : "the backup can be restored there");
	return restores_looked(p->db, &p->lease, row, found.tables, found.table_count, e);
}

static int
work(struct plan *p, struct err *e)
{
	const char *refusal = NULL;

	if (restores_code(p->db, &p->lease, hook_code(p), e) != 0)
		return -1;
	for (size_t i = 0; i < p->landing_count; i++)
		while (look_at(&refusal, &p->landings[i], p, e) != 0)
			if (!elsewhere_open(p, e))
				return -1;
	p->refusal = refusal;
	return 0;
}

static int
finish(struct plan *p, struct err *e)
{
	return restores_previewed(p->db, &p->lease, p->refusal ? PREVIEW_REFUSED : PREVIEW_OK,
	    p->refusal ? p->refusal : "", e);
}

const struct act do_preview = { .work = work, .finish = finish };
