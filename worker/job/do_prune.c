/* do_prune.c: what an environment's keep rule lets go moves to the trash.
 *
 * It was judged once already, by the supervisor, or this job would not be; what counts is how it
 * stands now. Nothing leaves a storage here: the trash keeps it for its days.
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

static int
trash_one(bool *gone, struct plan *p, const struct retention *r, size_t i, struct err *e)
{
	const struct retention_go go = { r->ask.items[i].id, r->ask.now, reason(p, r, i) };

	if (plan_still_ours(p, e) != 0 || retention_trash(gone, p->db, &p->lease, &go, e) != 0)
		return -1;
	FAULT("prune.trashed");
	if (*gone)
		report_say(p->report, "note", "b%" PRId64 ": %s", go.backup, go.why);
	else
		report_say(p->report, "note", "b%" PRId64 " stays: it was changed meanwhile",
		    go.backup);
	return 0;
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
work(struct plan *p, struct err *e)
{
	const struct retention_question q = { .environment = p->environment.id,
		.now = clock_now(), .trash_unsaid_ms = p->conf->trash_ms };
	char size[NUM_TEXT];
	struct retention *r;
	int64_t count = 0, bytes = 0;
	bool gone;

	report_phase(p->report, "looking at what may go");
	if (retention_judge(&r, p->arena, p->db, &q, e) != 0)
		return err_in(e, "judge the backups of %s/%s", p->environment.project_slug,
		    p->environment.slug);
	tell(p, r);
	if (r->paused) {
		report_say(p->report, "note", "%s/%s is paused: nothing is deleted",
		    p->environment.project_slug, p->environment.slug);
		return 0;
	}
	for (size_t i = 0; i < r->ask.count; i++) {
		if (!r->result.verdicts[i].go)
			continue;
		if (trash_one(&gone, p, r, i, e) != 0)
			return -1;
		count += gone;
		bytes += gone ? r->ask.items[i].stored_bytes : 0;
	}
	num_size(size, bytes);
	report_say(p->report, "note", "%" PRId64 " backup%s (%s) moved to the trash", count,
	    count == 1 ? "" : "s", size);
	return 0;
}

static int
finish(struct plan *p, struct err *e)
{
	return jobs_succeed(p->db, &p->lease, report_warnings(p->report), e);
}

/* What has gone to the trash by then went for a reason, and the rest goes the next time. */
static int
clear(struct plan *p UNUSED, struct err *e UNUSED)
{
	return 0;
}

const struct act do_prune = { work, finish, clear };
