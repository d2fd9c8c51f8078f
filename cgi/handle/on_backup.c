/* on_backup.c: one backup: looking at it, and the small things done to it. */
#include "cgi/handle/on_backup.h"

#include <inttypes.h>
#include <string.h>

#include "cgi/handle/envpage.h"
#include "cgi/handle/find.h"
#include "cgi/handle/trail.h"
#include "cgi/page/show_backup.h"
#include "cgi/page/show_log.h"
#include "lib/base/num.h"
#include "lib/model/name.h"
#include "lib/store/backups.h"
#include "lib/store/concerns.h"
#include "lib/store/copies.h"
#include "lib/store/downloads.h"
#include "lib/store/jobs.h"
#include "lib/store/projects.h"
#include "lib/store/restores.h"
#include "lib/store/settings.h"
#include "lib/store/trust.h"
#include "lib/store/retention.h"

enum { RESTORE_ROWS = 10, KEEP_DAYS_MAX = 3650 };
#define DAY_MS INT64_C(86400000)

/* A job that works on this backup now; NULL when none does. */
static int
find_active(const struct job **ret, const struct request *rq, const struct backup *b, struct err *e)
{
	const struct job_filter filter = { .environment = b->environment,
		.unfinished_only = true,
		.limit = 50 };
	struct job *jobs;
	size_t count;

	*ret = NULL;
	if (jobs_list(&jobs, &count, rq->arena, rq->db, &filter, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (jobs[i].backup == b->id)
			*ret = &jobs[i];
	}
	return 0;
}

/* How soon its environment is back from a backup, and how old the newest one may be. */
static int
promises(struct backup_view *view, const struct request *rq, int64_t environment, struct err *e)
{
	struct forecast f;
	bool broken;
	char *age;

	if (concerns_forecast(&f, rq->db, environment, e) != 0 ||
	    concerns_age(&age, &broken, rq->arena, rq->db, environment, rq->now, e) != 0)
		return -1;
	view->forecast = forecast_words(rq->arena, &f);
	view->age = age;
	return 0;
}

/* Why it stays and when it goes. */
static int
judge(struct backup_view *view, const struct request *rq, const struct backup *b, struct err *e)
{
	const struct retention_question q = { .environment = b->environment, .now = rq->now,
		.trash_unsaid_ms = rq->conf->trash_ms };
	struct retention *r;

	if (retention_judge(&r, rq->arena, rq->db, &q, e) != 0)
		return -1;
	view->stays = retention_row(rq->arena, r, b->id);
	return 0;
}

/* Everything the page shows but the backup itself. */
static int
gather(struct backup_view *view, const struct request *rq, const struct backup *b, struct err *e)
{
	struct storage *storage = arena_alloc(rq->arena, sizeof *storage);
	struct job *job = arena_alloc(rq->arena, sizeof *job);
	struct part *parts;
	struct copy *places;
	struct storage *storages;
	struct job_line *lines;
	struct download *downloads;
	struct restore *restores;
	char *recipient;
	const struct restore_filter used = { .backup = b->id, .limit = RESTORE_ROWS };

	view->now = rq->now;
	view->backup = b;
	if (retention_trash_ms(&view->trash_ms, rq->db, b->environment, rq->conf->trash_ms,
	        e) != 0 ||
	    judge(view, rq, b, e) != 0)
		return -1;
	if (backups_parts(&parts, &view->part_count, rq->arena, rq->db, b->id, e) != 0 ||
	    storages_by_id(storage, rq->arena, rq->db, b->storage, e) != 0 ||
	    downloads_of_backup(&downloads, &view->download_count, rq->arena,
	        rq->db, b->id, e) != 0 ||
	    restores_list(&restores, &view->restore_count, rq->arena, rq->db, &used, e) != 0 ||
	    copies_list(&places, &view->place_count, rq->arena, rq->db, b->id, e) != 0 ||
	    storages_list(&storages, &view->storage_count, rq->arena, rq->db, e) != 0 ||
	    find_active(&view->active, rq, b, e) != 0 ||
	    settings_get(&recipient, rq->arena, rq->db, "age_recipient", e) != 0 ||
	    promises(view, rq, b->environment, e) != 0)
		return -1;
	view->recipient = recipient;
	view->parts = parts;
	view->places = places;
	view->storages = storages;
	view->storage = storage;
	view->keys = arena_printf(rq->arena, "%s/keys", rq->conf->home);
	view->downloads = downloads;
	view->restores = restores;
	if (b->job == 0)
		return 0;
	if (jobs_by_id(job, rq->arena, rq->db, b->job, e) != 0 ||
	    jobs_log_tail(&lines, &view->line_count, rq->arena, rq->db, b->job,
	        SHOW_LOG_TAIL, e) != 0)
		return -1;
	view->job = job;
	view->lines = lines;
	return 0;
}

int
on_backup_get(struct reply *rp, struct request *rq, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	struct backup b;
	struct environment v;
	struct backup_view view = { .environment = &v };

	if (find_backup(&b, &v, rq, e) != 0 || gather(&view, rq, &b, e) != 0)
		return -1;
	if (envpage_begin(&p, rq, &v, &(struct envpage){ "backup.cs",
	    arena_printf(rq->arena, "Backup b%" PRId64, b.id), "backups", false }, e) != 0)
		return -1;
	page_crumb(&p, arena_printf(rq->arena, "b%" PRId64, b.id), NULL);
	show_backup_page(&p, rq->arena, &view);
	return page_send(rp, rq, &p, e);
}

/* A page that asks one thing about a backup; `act` is its last crumb. */
struct question {
	const struct backup *backup;
	const struct environment *environment;
	const char *template, *title, *act;
};

static int
ask_begin(struct page *p, const struct request *rq, const struct question *q, struct err *e)
{
	const struct backup *b = q->backup;

	if (envpage_begin(p, rq, q->environment,
	        &(struct envpage){ q->template, q->title, "backups", false }, e) != 0)
		return -1;
	page_crumb(p, arena_printf(rq->arena, "b%" PRId64, b->id),
	    arena_printf(rq->arena, "/b/b%" PRId64, b->id));
	page_crumb(p, q->act, NULL);
	show_backup_short(node_at(p->root, "backup"), b, rq->now);
	return 0;
}

/* What was done to b, in the trail. */
static int
trail(const struct request *rq, const struct backup *b, const struct environment *v,
    const struct event *what, struct err *e)
{
	struct event ev = *what;
	char id[NAME_ID_SIZE];

	name_id(id, NAME_BACKUP, b->id);
	ev.project = v->project;
	ev.environment = v->id;
	ev.target = id;
	return trail_add(rq, &ev, e);
}

static int
note_form(struct reply *rp, struct request *rq, const struct question *q, const char *wrong,
    struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };

	if (ask_begin(&p, rq, q, e) != 0)
		return -1;
	node_set(p.root, "note.value", wrong != NULL ? request_field(rq, "note") : q->backup->note);
	node_int(p.root, "note.limit", NAME_NOTE_MAX);
	if (wrong != NULL)
		page_errors(&p, rp, &(struct field_error){ "note", wrong }, 1);
	return page_send(rp, rq, &p, e);
}

int
on_backup_note(struct reply *rp, struct request *rq, struct err *e)
{
	struct backup b;
	struct environment v;
	struct question q = { .backup = &b,
		.environment = &v,
		.template = "backup_note.cs",
		.act = "Note" };
	const char *note = request_field(rq, "note");
	struct err why;

	if (find_backup(&b, &v, rq, e) != 0)
		return -1;
	q.title = arena_printf(rq->arena, "Note of backup b%" PRId64, b.id);
	if (rq->method != METHOD_POST)
		return note_form(rp, rq, &q, NULL, e);
	if (name_check_note(note, &why) != 0)
		return note_form(rp, rq, &q, why.text, e);
	if (backups_set_note(rq->db, b.id, note, e) != 0 ||
	    trail(rq, &b, &v, &(struct event){ .action = "backup.note", .detail = note }, e) != 0)
		return -1;
	return reply_see_other(rp, "/b/b%" PRId64 "?said=note", b.id);
}

/* What is still being created is left alone. */
static int
check_built(const struct backup *b, struct err *e)
{
	if (b->state == BACKUP_BUILDING)
		return err_set(e, ERR_CONFLICT, "backup b%" PRId64 " is still being created",
		    b->id);
	return 0;
}

int
on_backup_keep(struct reply *rp, struct request *rq, struct err *e)
{
	struct backup b;
	struct environment v;
	bool keep = strcmp(request_field(rq, "keep"), "0") != 0;

	if (find_backup(&b, &v, rq, e) != 0 || check_built(&b, e) != 0)
		return -1;
	if (backups_set_keep(rq->db, b.id, keep, e) != 0 ||
	    trail(rq, &b, &v, &(struct event){ .action = keep ? "backup.kept" : "backup.unkept" },
	        e) != 0)
		return -1;
	return reply_see_other(rp, "/b/b%" PRId64 "?said=%s", b.id, keep ? "kept" : "unkept");
}

static int
keep_for_form(struct reply *rp, struct request *rq, const struct question *q, const char *wrong,
    struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };

	if (ask_begin(&p, rq, q, e) != 0)
		return -1;
	node_set(p.root, "days.value", wrong != NULL ? request_field(rq, "days") : "30");
	page_time(p.root, "until", q->backup->keep_until, rq->now);
	if (wrong != NULL)
		page_errors(&p, rp, &(struct field_error){ "days", wrong }, 1);
	return page_send(rp, rq, &p, e);
}

int
on_backup_keep_for(struct reply *rp, struct request *rq, struct err *e)
{
	struct backup b;
	struct environment v;
	struct question q = { .backup = &b,
		.environment = &v,
		.template = "backup_keep.cs",
		.act = "Keep" };
	const char *days = request_field(rq, "days");
	int64_t n;

	if (find_backup(&b, &v, rq, e) != 0)
		return -1;
	q.title = arena_printf(rq->arena, "Keep backup b%" PRId64 " for some days", b.id);
	if (rq->method != METHOD_POST)
		return keep_for_form(rp, rq, &q, NULL, e);
	if (!num_parse(&n, days, 0, KEEP_DAYS_MAX))
		return keep_for_form(rp, rq, &q,
		    arena_printf(rq->arena, "Keep it for 0 to 3650 days, you wrote %.40s",
		        *days != '\0' ? days : "nothing"), e);
	if (backups_set_keep_until(rq->db, b.id, n == 0 ? 0 : rq->now + n * DAY_MS, e) != 0 ||
	    trail(rq, &b, &v, &(struct event){ .action = "backup.kept_until",
	        .detail = arena_printf(rq->arena, "%" PRId64 " days", n) }, e) != 0)
		return -1;
	return reply_see_other(rp, "/b/b%" PRId64 "?said=%s", b.id, n == 0 ? "saved" : "kept-for");
}

int
on_backup_verify(struct reply *rp, struct request *rq, struct err *e)
{
	struct backup b;
	struct environment v;
	struct job_request jr = { .key = find_key(rq) };
	int64_t job;

	if (find_backup(&b, &v, rq, e) != 0 || check_built(&b, e) != 0 ||
	    find_earlier(&job, rq, e) != 0)
		return -1;
	if (job != 0)
		return reply_see_other(rp, "/j/j%" PRId64, job);
	jr.environment = v.id;
	jr.requested_by = rq->session != NULL ? rq->session->account.id : 0;
	if (jobs_add_verify(&job, rq->db, &jr, b.id, e) != 0 ||
	    trail(rq, &b, &v, &(struct event){ .action = "backup.verify" }, e) != 0)
		return -1;
	return reply_see_other(rp, "/j/j%" PRId64, job);
}

/* What is suspicious is not counted by retention; a word too many here deletes the good ones before
 * it. So it needs the right to delete. */
int
on_backup_trust(struct reply *rp, struct request *rq, struct err *e)
{
	struct backup b;
	struct environment v;

	if (find_backup(&b, &v, rq, e) != 0 || check_built(&b, e) != 0 ||
	    trust_clear(rq->db, b.id, e) != 0 ||
	    trail(rq, &b, &v,
	        &(struct event){ .action = "backup.trusted", .detail = b.suspicion }, e) != 0)
		return -1;
	return reply_see_other(rp, "/b/b%" PRId64 "?said=trusted", b.id);
}

int
on_backup_delete(struct reply *rp, struct request *rq, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	struct backup b;
	struct environment v;
	int64_t trash_ms;
	struct question q = { .backup = &b,
		.environment = &v,
		.template = "backup_delete.cs",
		.act = "Delete" };

	if (find_backup(&b, &v, rq, e) != 0 || check_built(&b, e) != 0)
		return -1;
	if (rq->method == METHOD_POST) {
		if (backups_trash(rq->db, b.id, e) != 0 ||
		    trail(rq, &b, &v,
		        &(struct event){ .action = "backup.deleted", .detail = b.note }, e) != 0)
			return -1;
		return reply_see_other(rp, "/b/b%" PRId64 "?said=deleted", b.id);
	}
	q.title = arena_printf(rq->arena, "Delete backup b%" PRId64 "?", b.id);
	if (ask_begin(&p, rq, &q, e) != 0)
		return -1;
	if (retention_trash_ms(&trash_ms, rq->db, v.id, rq->conf->trash_ms, e) != 0)
		return -1;
	page_time(p.root, "gone", rq->now + trash_ms, rq->now);
	return page_send(rp, rq, &p, e);
}

int
on_backup_undelete(struct reply *rp, struct request *rq, struct err *e)
{
	struct backup b;
	struct environment v;

	if (find_backup(&b, &v, rq, e) != 0)
		return -1;
	if (backups_untrash(rq->db, b.id, e) != 0 ||
	    trail(rq, &b, &v, &(struct event){ .action = "backup.undeleted" }, e) != 0)
		return -1;
	return reply_see_other(rp, "/b/b%" PRId64 "?said=undeleted", b.id);
}
