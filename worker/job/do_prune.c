/* do_prune.c: what an environment's keep rule lets go moves to the trash.
 *
 * It was judged once already, by the supervisor, or this job would not be; what counts is how it
 * stands right before each one goes. Nothing leaves a storage here: the trash keeps it for its
 * days.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/fault.h"
#include "lib/base/num.h"
#include "lib/model/retain_note.h"
#include "lib/model/retain_words.h"
#include "lib/store/jobs.h"
#include "lib/store/retention.h"
#include "worker/job/act.h"

/* The sentence of a row says "Goes tonight: older than 30 days"; here it goes now. */
static const char *
reason(struct plan *p, const struct retention *r, size_t i)
{
	const char *text = retain_words_row(p->arena, &r->ask, i, &r->result.verdicts[i]);
	const char *colon = strstr(text, ": ");

	return colon != NULL ? colon + 2 : text;
}

/* How it stands; judged again whenever somebody else has written since. */
struct standing {
	struct plan *plan;
	struct arena *arena;          /* of what was judged */
	struct retention *judged;
	int64_t stamp;
};

static int
judge(struct standing *s, struct err *e)
{
	struct plan *p = s->plan;
	const struct retention_question q = { .environment = p->environment.id,
		.now = clock_now(), .trash_unsaid_ms = p->conf->trash_ms };
	int64_t stamp;

	/* The stamp first: what is written while we judge makes us judge again. */
	if (retention_stamp(&stamp, p->db, e) != 0)
		return -1;
	if (s->judged != NULL && stamp == s->stamp)
		return 0;
	arena_free(s->arena);
	s->arena = arena_new();
	s->judged = NULL;
	if (retention_judge(&s->judged, s->arena, p->db, &q, e) != 0)
		return err_in(e, "judge the backups of %s/%s", p->environment.project_slug,
		    p->environment.slug);
	s->stamp = stamp;
	return 0;
}

/* With a long list it is a while since it was made: one may be pinned by now, or another that it
 * was kept beside be damaged. */
static int
trash_one(bool *gone, struct standing *s, int64_t backup, struct err *e)
{
	struct plan *p = s->plan;
	const struct retention *r;
	struct retention_go go;
	size_t i;

	*gone = false;
	if (plan_still_ours(p, e) != 0 || (!FAULT_CONTROL("judged_once") && judge(s, e) != 0))
		return -1;
	r = s->judged;
	if (!r->paused && retention_find(&i, r, backup) && r->result.verdicts[i].go) {
		go = (struct retention_go){ backup, r->ask.now, reason(p, r, i) };
		if (retention_trash(gone, p->db, &p->lease, &go, e) != 0)
			return -1;
		FAULT("prune.trashed");
	}
	if (*gone)
		report_say(p->report, "note", "b%" PRId64 ": %s", go.backup, go.why);
	else
		report_say(p->report, "note", "b%" PRId64 " stays: it was changed meanwhile, or "
		    "another was", backup);
	return 0;
}

/* Those that may go; room for all is in the plan's arena. */
struct chosen {
	int64_t id, bytes;
};

static size_t
choose(struct chosen **ret, struct arena *a, const struct retention *r)
{
	size_t n = 0;

	*ret = arena_array(a, r->ask.count + 1, sizeof **ret);
	for (size_t i = 0; i < r->ask.count; i++)
		if (r->result.verdicts[i].go)
			(*ret)[n++] = (struct chosen){ r->ask.items[i].id,
				r->ask.items[i].stored_bytes };
	return n;
}

/* The clock, or a limit that what must stay does not meet. */
static void
tell(struct plan *p, const struct retention *r)
{
	const char *warning = retain_note_warning(p->arena, &r->ask, &r->result);

	if (warning != NULL)
		report_say(p->report, "warn", "%s", warning);
}

static int
put_away(struct standing *s, struct err *e)
{
	struct plan *p = s->plan;
	int64_t count = 0, bytes = 0;
	struct chosen *list;
	char size[NUM_TEXT];
	size_t n = choose(&list, p->arena, s->judged);
	bool gone;

	for (size_t i = 0; i < n; i++) {
		if (trash_one(&gone, s, list[i].id, e) != 0)
			return -1;
		count += gone;
		bytes += gone ? list[i].bytes : 0;
	}
	num_size(size, bytes);
	report_say(p->report, "note", "%" PRId64 " backup%s (%s) moved to the trash", count,
	    count == 1 ? "" : "s", size);
	return 0;
}

static int
work(struct plan *p, struct err *e)
{
	struct standing s = { .plan = p };
	int rc;

	report_phase(p->report, "looking at what may go");
	rc = judge(&s, e);
	if (rc == 0)
		tell(p, s.judged);
	if (rc == 0 && s.judged->paused)
		report_say(p->report, "note", "%s/%s is paused: nothing is deleted",
		    p->environment.project_slug, p->environment.slug);
	else if (rc == 0)
		rc = put_away(&s, e);
	arena_free(s.arena);
	return rc;
}

/* What has gone to the trash by then went for a reason, and the rest goes the next time. */
const struct act do_prune = { .work = work };
