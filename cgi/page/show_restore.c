/* show_restore.c: one restore, and lists of restores. */
#include "cgi/page/show_restore.h"

#include <inttypes.h>
#include <string.h>

#include "cgi/page/mark.h"
#include "cgi/page/show_job.h"
#include "cgi/page/show_log.h"
#include "cgi/page/show_service.h"

/* Data comes back, code does not: worth a word unless the two are the same, and one that nobody
 * knows is not the same as one that somebody does. */
static void
codes(struct node *n, const struct restore *r)
{
	bool same = strcmp(r->backup_code, r->code) == 0;

	if (*r->backup_code != '\0')
		node_set(n, same ? "code.same" : "code.data", r->backup_code);
	if (*r->code != '\0' && !same)
		node_set(n, "code.runs", r->code);
}

void
show_restore_row(struct node *n, const struct restore *r, int64_t now)
{
	mark_id(n, "id", NAME_RESTORE, r->id);
	node_setf(n, "href", "/r/r%" PRId64, r->id);
	mark_restore(n, r);
	mark_id(n, "backup.id", NAME_BACKUP, r->backup);
	node_setf(n, "backup.href", "/b/b%" PRId64, r->backup);
	node_setf(n, "backup.env", "%s/%s", r->source_project_slug, r->source_environment_slug);
	page_time(n, "backup.at", r->backup_at, now);
	node_setf(n, "target.label", "%s/%s", r->project_slug, r->environment_slug);
	node_setf(n, "target.href", "/p/%s/%s/restores", r->project_slug, r->environment_slug);
	node_set(n, "contents", r->contents);
	node_set(n, "mode", mark_mode(r->mode));
	node_flag(n, restore_mode_name(r->mode), true);
	node_flag(n, "owners", r->owners);
	node_set(n, "by", r->requested_name);
	page_time(n, "created", r->created_at, now);
	page_time(n, "started", r->started_at, now);
	page_time(n, "finished", r->finished_at, now);
	page_time(n, "undone", r->undone_at, now);
	if (r->started_at > 0 && r->finished_at > 0)
		mark_duration(n, "took", r->finished_at - r->started_at);
	if (r->warnings > 0)
		mark_count(n, "warnings", r->warnings);
	node_flag(n, "one_warning", r->warnings == 1);
	node_set(n, "error", r->error);
	codes(n, r);
	if (r->safety_backup != 0) {
		mark_id(n, "safety.id", NAME_BACKUP, r->safety_backup);
		node_setf(n, "safety.href", "/b/b%" PRId64, r->safety_backup);
	}
	if (r->job != 0) {
		mark_id(n, "job.id", NAME_JOB, r->job);
		node_setf(n, "job.href", "/j/j%" PRId64, r->job);
	}
}

/* What has become of one part, in the words of its journey. */
static void
landing(struct node *n, enum landing state)
{
	switch (state) {
	case LANDING_WAITING:
		mark_state(n, "state", "Waiting", "queued", "idle");
		return;
	case LANDING_BUILT:
		mark_state(n, "state", "Built and checked beside the target", "ok", "busy");
		return;
	case LANDING_SWAPPING:
		mark_state(n, "state", "Switching", "running", "busy");
		return;
	case LANDING_SWAPPED:
		mark_state(n, "state", "In place", "ok", "good");
		return;
	case LANDING_GONE:
	case LANDINGS:
		break;
	}
	mark_state(n, "state", "Tidied up", "ok", "idle");
}

void
show_restore_part(struct node *n, const struct restore_part *part, int64_t now)
{
	enum engine engine;
	bool known = engine_parse(&engine, part->engine);
	bool media = known && engine_is_media(engine);

	node_set(n, "source", part->source_name);
	node_set(n, "name", part->target_name);
	node_set(n, "slug", part->target_slug);
	node_set(n, "engine", known ? engine_title(engine) : part->engine);
	node_set(n, "icon", media ? "media" : "database");
	node_flag(n, "media", media);
	node_set(n, "choice", *part->choice == '\0' ? NULL : part->choice);
	/* A database of SQLite is switched as a whole, whatever was chosen of it. */
	node_flag(n, "alone", *part->choice != '\0' && known && engine != ENGINE_SQLITE);
	page_size(n, "size", part->raw_bytes);
	page_time(n, "taken", part->taken_at, now);
	if (media)
		mark_count(n, "items", part->items);
	landing(n, part->state);
	if (part->duration_ms > 0)
		mark_duration(n, "took", part->duration_ms);
	if (part->kept_bytes > 0)
		page_size(n, "kept", part->kept_bytes);
}

/* Whether anything of a restore that failed may be in a target still. */
static bool
is_touched(const struct restore_view *view)
{
	if (view->restore->landed_at > 0)
		return true;
	for (size_t i = 0; i < view->count; i++) {
		enum landing state = view->parts[i].state;

		if (state == LANDING_SWAPPING || state == LANDING_SWAPPED)
			return true;
	}
	return false;
}

/* What can be done about it now. */
static void
undo(struct node *n, const struct restore_view *view)
{
	const struct restore *r = view->restore;
	int64_t kept = 0;

	for (size_t i = 0; i < view->count; i++)
		kept += view->parts[i].kept_bytes;
	node_flag(n, "can.undo", view->way != WAY_NONE && view->may_undo);
	node_flag(n, "by_switch", view->way == WAY_SWAP);
	node_flag(n, "by_safety", view->way == WAY_SAFETY);
	if (kept > 0 && r->tidied_at == 0)
		page_size(n, "kept", kept);
	if (r->mode != RESTORE_NEW)
		page_time(n, "undo_until", r->undo_until, view->now);
	node_flag(n, "undo_over", r->state == RESTORE_DONE && r->mode != RESTORE_NEW &&
	    view->way == WAY_NONE);
}

/* A new service: which of the two is in use, and where the other one is. */
static void
turn(struct node *n, const struct restore_view *view)
{
	const struct restore *r = view->restore;
	enum restore_turn now = restore_turn_of(view->parts, view->count);
	bool there = r->state == RESTORE_DONE && r->tidied_at == 0 && r->undo_until > view->now;

	node_flag(n, "is_in", there && now == TURN_IN);
	node_flag(n, "is_out", there && now == TURN_OUT);
	node_flag(n, "is_between", there && now == TURN_NONE);
	node_flag(n, "is_removed", r->state == RESTORE_DONE && !there);
	node_flag(n, "tidied", r->tidied_at > 0);
	node_flag(n, "can.turn", there && now != TURN_NONE && view->may_undo);
	page_time(n, "landed", r->landed_at, view->now);
	for (size_t i = 0; there && i < view->beside_count; i++) {
		struct node *row = node_add(n, "beside");

		show_service_name(row, &view->beside[i]);
	}
}

static void
part_row(struct node *n, const struct restore_view *view, const struct restore_part *part)
{
	const struct restore *r = view->restore;

	show_restore_part(n, part, view->now);
	/* A new service is not on its way anywhere. */
	if (r->mode == RESTORE_NEW && r->state == RESTORE_DONE && part->state == LANDING_BUILT)
		mark_state(n, "state", "Beside the target", "ok", "good");
}

void
show_restore_page(struct page *p, const struct restore_view *view)
{
	const struct restore *r = view->restore;
	struct node *n = node_at(p->root, "restore");
	const struct job *job = view->job;
	bool busy = job != NULL && !job_ended(job->state);
	size_t made = 0;

	show_restore_row(n, r, view->now);
	node_set(n, "uuid", r->uuid);
	node_flag(n, "draft", r->state == RESTORE_DRAFT);
	node_flag(n, "pending", r->state == RESTORE_PENDING);
	node_flag(n, "done", r->state == RESTORE_DONE);
	node_flag(n, "failed", r->state == RESTORE_FAILED);
	node_flag(n, "touched", r->state == RESTORE_FAILED && is_touched(view));
	node_flag(n, "is_undone", r->state == RESTORE_UNDONE);
	node_flag(n, "busy", busy);
	node_flag(n, "hooks", r->hooks);
	node_flag(n, "real_data", r->real_data);
	node_flag(n, "target.live", view->target->kind == ENV_LIVE);
	if (r->mode == RESTORE_NEW)
		turn(n, view);
	undo(n, view);
	for (size_t i = 0; i < view->count; i++) {
		part_row(node_add(n, "parts"), view, &view->parts[i]);
		made += restore_part_is_absent(&view->parts[i]);
	}
	node_flag(n, "made", made > 0 && made == view->count);
	node_set(p->root, "page.mark", node_get(n, "state.word"));
	if (job != NULL)
		show_job_row(node_at(p->root, "job"), job, view->waiting, view->now);
	node_flag(p->root, "job.queued", job != NULL && job->state == JOB_QUEUED);
	node_flag(p->root, "job.failed", job != NULL && job->state == JOB_FAILED);
	node_flag(p->root, "job.cancelling", busy && job->cancel_asked);
	node_flag(p->root, "job.undo", job != NULL && job->kind == JOB_UNDO);
	node_flag(p->root, "job.switch", job != NULL && job->kind == JOB_SWITCH);
	if (busy)
		node_set(p->root, "page.refresh", "10");
	show_log_lines(p->root, view->lines, view->line_count);
}
