/* on_restore.c: restores and their life: watching them, and taking one back. */
#include "cgi/handle/on_restore.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cgi/handle/envpage.h"
#include "cgi/handle/find.h"
#include "cgi/handle/on_restore_confirm.h"
#include "cgi/handle/on_session.h"
#include "cgi/handle/restorepage.h"
#include "cgi/handle/trail.h"
#include "cgi/page/mark.h"
#include "cgi/page/show_restore.h"
#include "lib/model/name.h"
#include "lib/store/backups.h"
#include "lib/store/jobs.h"
#include "lib/store/restores.h"
#include "lib/store/settings.h"
#include "lib/util/hash.h"

enum { ROWS = 50 };

/* Nothing was restored yet: the newest good backup could be tried out. */
static int
offer_drill(struct page *p, const struct request *rq, const struct environment *v, struct err *e)
{
	struct backup good;

	if (backups_last_good(&good, rq->arena, rq->db, v->id, e) != 0)
		return e->kind == ERR_NOT_FOUND ? 0 : -1;
	if (mark_obstacle(&good) != NULL)
		return 0;
	mark_id(p->root, "drill.id", NAME_BACKUP, good.id);
	node_setf(p->root, "drill.href", "/b/b%" PRId64, good.id);
	return 0;
}

int
on_restore_list(struct reply *rp, struct request *rq, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	struct restore_filter filter = { .limit = ROWS + 1 };
	struct environment v;
	struct restore *items;
	size_t count;

	if (!name_id_parse(&filter.after, NAME_RESTORE, request_query(rq, "after")))
		filter.after = 0;
	if (find_environment(&v, rq, e) != 0)
		return -1;
	filter.environment = v.id;
	if (restores_list(&items, &count, rq->arena, rq->db, &filter, e) != 0 ||
	    envpage_begin(&p, rq, &v,
	        &(struct envpage){ "restores.cs", "Restores", "restores", true }, e) != 0)
		return -1;
	for (size_t i = 0; i < count && i < ROWS; i++)
		show_restore_row(node_add(p.root, "restores"), &items[i], rq->now);
	node_setf(p.root, "base", "/p/%s/%s", v.project_slug, v.slug);
	if (count > ROWS)
		node_setf(p.root, "pager.older", "/p/%s/%s/restores?after=%" PRId64,
		    v.project_slug, v.slug, items[ROWS - 1].id);
	if (filter.after != 0)
		node_setf(p.root, "pager.newer", "/p/%s/%s/restores", v.project_slug, v.slug);
	if (count == 0 && offer_drill(&p, rq, &v, e) != 0)
		return -1;
	return page_send(rp, rq, &p, e);
}

int
on_restore_get(struct reply *rp, struct request *rq, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	struct restore r;
	struct environment v;
	struct restore_view view = { .restore = NULL };

	if (find_restore(&r, &v, rq, e) != 0)
		return -1;
	if (r.state == RESTORE_DRAFT)
		return reply_see_other(rp, "/r/r%" PRId64 "/confirm", r.id);
	if (restorepage_gather(&view, rq, &r, &v, e) != 0 ||
	    restorepage_begin(&p, rq, &view, &(struct envpage){ "restore.cs",
	        arena_printf(rq->arena, "Restore r%" PRId64, r.id), "restores", false },
	        NULL, e) != 0)
		return -1;
	return page_send(rp, rq, &p, e);
}

/* A name for what the fragment would show: it changes when anything in it does. */
static void
etag(char out[HASH_HEX_SIZE + 2], const struct restore_view *view, int64_t seen)
{
	const struct restore *r = view->restore;
	const struct job *job = view->job;
	char text[512], hex[HASH_HEX_SIZE];
	uint64_t parts = 0;

	for (size_t i = 0; i < view->count; i++)
		parts = parts * LANDINGS + (uint64_t)view->parts[i].state;
	snprintf(text, sizeof text,
	    "%" PRId64 "|%d|%d|%" PRIu64 "|%d|%" PRId64 "|%d|%d|%" PRId64 "|%.100s|%" PRId64
	    "|%.100s|%d",
	    r->id, (int)r->state, (int)r->preview, parts, (int)view->way,
	    job != NULL ? job->id : 0, job != NULL ? (int)job->state : -1,
	    job != NULL && job->cancel_asked, job != NULL ? job->bytes_done : 0,
	    job != NULL ? job->phase : "",
	    view->line_count > 0 ? view->lines[view->line_count - 1].seq : 0,
	    view->waiting != NULL ? view->waiting : "", view->now - seen > 60000);
	hash_of(hex, text, strlen(text));
	snprintf(out, HASH_HEX_SIZE + 2, "\"%.32s\"", hex);
}

int
on_restore_fragment(struct reply *rp, struct request *rq, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	struct restore r;
	struct environment v;
	struct restore_view view = { .restore = NULL };
	char tag[HASH_HEX_SIZE + 2];
	int64_t seen;

	if (find_restore(&r, &v, rq, e) != 0 || restorepage_gather(&view, rq, &r, &v, e) != 0 ||
	    settings_worker_seen(&seen, rq->db, e) != 0)
		return -1;
	etag(tag, &view, seen);
	reply_header(rp, "ETag", "%s", tag);
	if (strcmp(rq->none_match, tag) == 0) {
		rp->status = 304;
		return 0;
	}
	page_begin(&p, rq, "restore_fragment.cs", "");
	show_environment_worker(&p, seen, rq->now);
	if (r.state != RESTORE_DRAFT)
		show_restore_page(&p, &view);
	else if (find_check_restore(rq, &v, e) != 0 ||
	    on_restore_confirm_fill(&p, rq, &r, &v, e) != 0)
		return -1;
	return page_send(rp, rq, &p, e);
}

static int
send_undo(struct reply *rp, const struct request *rq, const struct restore_view *view,
    const struct field_error *wrong, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	const struct restore *r = view->restore;
	int status = rp->status;

	if (restorepage_begin(&p, rq, view, &(struct envpage){ "restore_undo.cs",
	        arena_printf(rq->arena, "Undo restore r%" PRId64 "?", r->id), "restores", false },
	        "Undo", e) != 0)
		return -1;
	node_flag(p.root, "password.asked", !on_session_is_fresh(rq));
	node_set(p.root, "typed.value", request_field(rq, "typed"));
	if (wrong != NULL)
		page_errors(&p, rp, wrong, 1);
	if (status != 200)
		rp->status = status;
	return page_send(rp, rq, &p, e);
}

/* A restore that this person may take back, now. */
static int
find_undoable(struct restore *r, struct environment *v, struct restore_view *view,
    struct request *rq, struct err *e)
{
	if (find_restore(r, v, rq, e) != 0 || find_check_restore(rq, v, e) != 0 ||
	    restorepage_gather(view, rq, r, v, e) != 0)
		return -1;
	if (view->way == WAY_NONE)
		return err_set(e, ERR_CONFLICT,
		    "restore r%" PRId64 " cannot be undone: it is not done, or what was there"
		    " before is no longer kept. A backup from before it can be restored instead",
		    r->id);
	return 0;
}

int
on_restore_undo_form(struct reply *rp, struct request *rq, struct err *e)
{
	struct restore r;
	struct environment v;
	struct restore_view view = { .restore = NULL };

	if (find_undoable(&r, &v, &view, rq, e) != 0)
		return -1;
	return send_undo(rp, rq, &view, NULL, e);
}

/* Queued, with its line in the trail. */
static int
request_undo(struct request *rq, const struct restore *r, const struct environment *v,
    struct err *e)
{
	struct job_request jr = { .environment = v->id,
		.key = find_key(rq),
		.mail_when_done = true,
		.requested_by = rq->session->account.id };
	char id[NAME_ID_SIZE];
	int64_t job;

	name_id(id, NAME_RESTORE, r->id);
	if (restores_undo(&job, rq->db, &jr, r->id, e) != 0)
		return -1;
	return trail_add(rq,
	    &(struct event){ .action = "restore.undo_requested",
	        .project = v->project,
	        .environment = v->id,
	        .target = id },
	    e);
}

int
on_restore_undo(struct reply *rp, struct request *rq, struct err *e)
{
	struct restore r;
	struct environment v;
	struct restore_view view = { .restore = NULL };
	struct field_error wrong;
	int64_t job;
	int refused = 0;

	if (find_restore(&r, &v, rq, e) != 0 || find_earlier(&job, rq, e) != 0)
		return -1;
	if (job != 0)
		return reply_see_other(rp, "/r/r%" PRId64, r.id);
	if (find_undoable(&r, &v, &view, rq, e) != 0)
		return -1;
	if (v.kind == ENV_LIVE || view.way == WAY_SAFETY)
		refused = on_restore_confirm_hands(&wrong, rp, rq, &v, e);
	if (refused < 0)
		return -1;
	if (refused > 0)
		return send_undo(rp, rq, &view, &wrong, e);
	if (request_undo(rq, &r, &v, e) != 0)
		return -1;
	return reply_see_other(rp, "/r/r%" PRId64, r.id);
}
