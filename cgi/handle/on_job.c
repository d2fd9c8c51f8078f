/* on_job.c: watching the work, stopping it, and asking for it again. */
#include "cgi/handle/on_job.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cgi/handle/envpage.h"
#include "cgi/handle/find.h"
#include "cgi/handle/trail.h"
#include "cgi/page/mark.h"
#include "cgi/page/show_job.h"
#include "cgi/page/show_log.h"
#include "lib/model/name.h"
#include "lib/store/backups.h"
#include "lib/store/compare.h"
#include "lib/store/copies.h"
#include "lib/store/downloads.h"
#include "lib/store/findings.h"
#include "lib/store/jobs.h"
#include "lib/store/listing.h"
#include "lib/store/projects.h"
#include "lib/store/restores.h"
#include "lib/store/settings.h"
#include "lib/util/hash.h"

enum { JOBS_ROWS = 50 };

/* Everything the job's page and its fragment show. */
static int
gather(struct job_view *view, struct request *rq, const struct job *job, struct err *e)
{
	struct service *service = arena_alloc(rq->arena, sizeof *service);
	struct restore *restore = arena_alloc(rq->arena, sizeof *restore);
	struct outbox_mail *mail = arena_alloc(rq->arena, sizeof *mail);
	struct job_line *lines;
	char *waiting = NULL;

	view->job = job;
	view->now = rq->now;
	if (jobs_log_tail(&lines, &view->line_count, rq->arena, rq->db, job->id, SHOW_LOG_TAIL,
	        e) != 0)
		return -1;
	view->lines = lines;
	if (job->state == JOB_QUEUED &&
	    jobs_waiting_for(&waiting, rq->arena, rq->db, job->id, e) != 0)
		return -1;
	view->waiting = waiting;
	if (outbox_of_job(mail, rq->arena, rq->db, job->id, e) != 0)
		return -1;
	view->mail = mail->id != 0 ? mail : NULL;
	if (job->restore != 0) {
		if (restores_by_id(restore, rq->arena, rq->db, job->restore, e) != 0)
			return -1;
		view->restore = restore;
	}
	if (job->service == 0)
		return 0;
	if (services_by_id(service, rq->arena, rq->db, job->service, e) != 0)
		return -1;
	view->service = service;
	return 0;
}

/* Under which tab of its environment a job belongs. */
static const char *
tab_of(const struct job *job)
{
	if (job->restore != 0)
		return "restores";
	return job->download != 0 ? "downloads" : job->service != 0 ? "services" : "backups";
}

int
on_job_get(struct reply *rp, struct request *rq, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	struct job job;
	struct environment v;
	struct job_view view = { .job = NULL };

	if (find_job(&job, &v, rq, e) != 0 || gather(&view, rq, &job, e) != 0)
		return -1;
	if (envpage_begin(&p, rq, &v, &(struct envpage){ "job.cs",
	    arena_printf(rq->arena, "Job j%" PRId64, job.id), tab_of(&job), false }, e) != 0)
		return -1;
	page_crumb(&p, arena_printf(rq->arena, "j%" PRId64, job.id), NULL);
	show_job_page(&p, &view);
	return page_send(rp, rq, &p, e);
}

/* A name for what the fragment would show: it changes when anything in it does. */
static void
etag(char out[HASH_HEX_SIZE + 2], const struct job_view *view, int64_t seen)
{
	const struct job *job = view->job;
	char text[512], hex[HASH_HEX_SIZE];

	snprintf(text, sizeof text,
	    "%" PRId64 "|%d|%d|%" PRId64 "|%" PRId64 "|%.100s|%" PRId64 "|%" PRId64 "|%.100s|%d",
	    job->id, (int)job->state, job->cancel_asked, job->bytes_done, job->bytes_total,
	    job->phase, job->warnings,
	    view->line_count > 0 ? view->lines[view->line_count - 1].seq : 0,
	    view->waiting != NULL ? view->waiting : "", view->now - seen > 60000);
	hash_of(hex, text, strlen(text));
	snprintf(out, HASH_HEX_SIZE + 2, "\"%.32s\"", hex);
}

int
on_job_fragment(struct reply *rp, struct request *rq, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	struct job job;
	struct environment v;
	struct job_view view = { .job = NULL };
	char tag[HASH_HEX_SIZE + 2];
	int64_t seen;

	if (find_job(&job, &v, rq, e) != 0 || gather(&view, rq, &job, e) != 0 ||
	    settings_worker_seen(&seen, rq->db, e) != 0)
		return -1;
	etag(tag, &view, seen);
	reply_header(rp, "ETag", "%s", tag);
	if (strcmp(rq->none_match, tag) == 0) {
		rp->status = 304;
		return 0;
	}
	page_begin(&p, rq, "job_fragment.cs", "");
	show_environment_worker(&p, seen, rq->now);
	show_job_page(&p, &view);
	return page_send(rp, rq, &p, e);
}

int
on_job_log(struct reply *rp, struct request *rq, struct err *e)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct job job;
	struct environment v;
	struct job_line *lines;
	size_t count;

	if (find_job(&job, &v, rq, e) != 0 ||
	    jobs_log_tail(&lines, &count, rq->arena, rq->db, job.id, SHOW_LOG_WHOLE, e) != 0)
		return -1;
	show_log_text(&text, lines, count);
	return reply_text(rp, text.p, text.n);
}

/* One row of the list; why it waits, and how a restore treats its target. */
static int
list_row(struct node *n, struct request *rq, const struct job *job, struct err *e)
{
	struct restore r;
	char *waiting = NULL;

	if (job->state == JOB_QUEUED &&
	    jobs_waiting_for(&waiting, rq->arena, rq->db, job->id, e) != 0)
		return -1;
	show_job_row(n, job, waiting, rq->now);
	if (job->restore == 0)
		return 0;
	if (restores_by_id(&r, rq->arena, rq->db, job->restore, e) != 0)
		return -1;
	node_set(n, "mode", mark_mode(r.mode));
	return 0;
}

int
on_job_list(struct reply *rp, struct request *rq, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	struct job_filter filter = { .limit = JOBS_ROWS + 1 };
	struct job *jobs;
	size_t count;

	if (!name_id_parse(&filter.after, NAME_JOB, request_query(rq, "after")))
		filter.after = 0;
	if (jobs_list(&jobs, &count, rq->arena, rq->db, &filter, e) != 0)
		return -1;
	page_begin(&p, rq, "jobs.cs", "Jobs");
	page_crumb(&p, "Jobs", NULL);
	if (envpage_worker(&p, rq, e) != 0)
		return -1;
	for (size_t i = 0; i < count && i < JOBS_ROWS; i++) {
		if (list_row(node_add(p.root, "jobs"), rq, &jobs[i], e) != 0)
			return -1;
	}
	if (count > JOBS_ROWS)
		node_setf(p.root, "pager.older", "/jobs?after=%" PRId64, jobs[JOBS_ROWS - 1].id);
	if (filter.after != 0)
		node_set(p.root, "pager.newer", "/jobs");
	return page_send(rp, rq, &p, e);
}

static int
trail(const struct request *rq, const struct job *job, const struct environment *v,
    const char *action, struct err *e)
{
	char id[NAME_ID_SIZE];

	name_id(id, NAME_JOB, job->id);
	return trail_add(rq,
	    &(struct event){ .action = action,
	        .project = v->project,
	        .environment = v->id,
	        .target = id },
	    e);
}

int
on_job_cancel(struct reply *rp, struct request *rq, struct err *e)
{
	struct job job;
	struct environment v;

	if (find_job(&job, &v, rq, e) != 0)
		return -1;
	/* Who may not restore there may not stop one halfway either. */
	if (job.restore != 0 && job.kind != JOB_PREVIEW && find_check_restore(rq, &v, e) != 0)
		return -1;
	if (jobs_cancel(rq->db, job.id, e) != 0 || trail(rq, &job, &v, "job.cancelled", e) != 0)
		return -1;
	return reply_see_other(rp, "/j/j%" PRId64 "?said=cancelled", job.id);
}

/* The same services and note again, as a new backup. */
static int
retry_backup(int64_t *ret, struct request *rq, const struct job *old, const struct job_request *jr,
    struct err *e)
{
	struct backup_request br = { .job = *jr };
	struct backup b;
	struct backup_ids ids;
	struct part *parts;
	int64_t *services;
	size_t count;

	if (backups_by_id(&b, rq->arena, rq->db, old->backup, e) != 0 ||
	    backups_parts(&parts, &count, rq->arena, rq->db, b.id, e) != 0)
		return -1;
	services = arena_array(rq->arena, count + 1, sizeof *services);
	for (size_t i = 0; i < count; i++)
		services[i] = parts[i].service;
	br.kind = BACKUP_ON_DEMAND;
	br.note = b.note;
	br.services = services;
	br.service_count = count;
	if (backups_request(&ids, rq->db, &br, e) != 0)
		return -1;
	*ret = ids.job;
	return 0;
}

/* The same content in the same format, as a new download. */
/* An archive has a name that we made. */
static bool
is_named_as_chosen(const struct download_file *f)
{
	const char *slash = strrchr(f->choice, '/');
	const char *name = slash != NULL ? slash + 1 : f->choice;

	return strchr(f->choice, '\n') == NULL &&
	    strncmp(name, f->name + (*name == '.'), strlen(f->name) - (*name == '.')) == 0;
}

static int
retry_download(int64_t *ret, struct request *rq, const struct job *old,
    const struct job_request *jr, struct err *e)
{
	struct download_request dr = { .job = *jr };
	struct download_choice choice;
	struct download d;
	struct download_ids ids;
	struct download_file *files;
	int64_t *parts;
	size_t count;

	if (downloads_by_id(&d, rq->arena, rq->db, old->download, e) != 0 ||
	    downloads_files(&files, &count, rq->arena, rq->db, d.id, e) != 0)
		return -1;
	parts = arena_array(rq->arena, count + 1, sizeof *parts);
	for (size_t i = 0; i < count; i++) {
		parts[i] = files[i].part;
		if (*files[i].choice == '\0')
			continue;
		choice = (struct download_choice){ files[i].part, files[i].choice,
			is_named_as_chosen(&files[i]) ? files[i].name : NULL };
		dr.choice = &choice;
	}
	dr.backup = d.backup;
	dr.parts = parts;
	dr.part_count = count;
	dr.format = d.format;
	dr.valid_ms = d.valid_ms;
	dr.max_uses = d.max_uses;
	if (downloads_request(&ids, rq->db, &dr, e) != 0)
		return -1;
	*ret = ids.job;
	if (ids.job == 0)
		return downloads_mail_again(ret, rq->db, jr, ids.download, e);
	return 0;
}

/* Of a service or of a storage. */
static int
retry_check(int64_t *ret, struct request *rq, const struct job *old, const struct job_request *jr,
    struct err *e)
{
	int64_t storage;

	if (old->service != 0)
		return jobs_add_check(ret, rq->db, jr, old->service, e);
	if (findings_storage_of(&storage, rq->db, old->id, e) != 0)
		return -1;
	return findings_request_test(ret, rq->db, jr, storage, e);
}

static int
retry(int64_t *ret, struct request *rq, const struct job *old, const struct job_request *jr,
    struct err *e)
{
	switch (old->kind) {
	case JOB_BACKUP:
		return retry_backup(ret, rq, old, jr, e);
	case JOB_DOWNLOAD:
		return retry_download(ret, rq, old, jr, e);
	case JOB_CHECK:
		return retry_check(ret, rq, old, jr, e);
	case JOB_VERIFY:
		if (old->storage != 0)
			return copies_verify(ret, rq->db, jr,
			    &(struct copy_ask){ .backup = old->backup,
			        .storage = old->storage }, e);
		return jobs_add_verify(ret, rq->db, jr, old->backup, e);
	case JOB_PREVIEW:
	case JOB_RESTORE:
	case JOB_UNDO:
	case JOB_SWITCH:
	case JOB_TIDY:
	case JOB_TEST:
		return err_set(e, ERR_CONFLICT,
		    "a restore is never repeated by itself: begin it again from its backup");
	case JOB_RECONCILE:
		return err_set(e, ERR_CONFLICT,
		    "a storage is looked through again from its own page");
	case JOB_PRUNE:
		return err_set(e, ERR_CONFLICT,
		    "it comes again by itself after the next backup, or within a day");
	case JOB_LIST:
		return listing_request(ret, rq->db, jr, old->backup, e);
	case JOB_COMPARE:
		return compare_request(ret, rq->db, jr,
		    &(struct compare_pair){ old->compared, old->backup }, e);
	case JOB_COPY:
		return copies_request(ret, rq->db, jr,
		    &(struct copy_ask){ old->backup, old->storage, false, false }, e);
	case JOB_PROVE:
		return err_set(e, ERR_CONFLICT,
		    "recovery is proved again from the storage's own page");
	case JOB_REWRAP:
		return err_set(e, ERR_CONFLICT,
		    "it is asked for again from the storage's own page");
	case JOB_KINDS:
		break;
	}
	return err_set(e, ERR_INTERNAL, "job %" PRId64 " is of no known kind", old->id);
}

int
on_job_retry(struct reply *rp, struct request *rq, struct err *e)
{
	struct job old;
	struct environment v;
	struct job_request jr;
	int64_t job;

	if (find_job(&old, &v, rq, e) != 0 || find_earlier(&job, rq, e) != 0)
		return -1;
	if (job != 0)
		return reply_see_other(rp, "/j/j%" PRId64, job);
	if (!job_ended(old.state))
		return err_set(e, ERR_CONFLICT, "job j%" PRId64 " has not ended yet", old.id);
	jr = (struct job_request){ .environment = v.id,
		.key = find_key(rq),
		.mail_when_done = old.mail_when_done,
		.requested_by = rq->session != NULL ? rq->session->account.id : 0 };
	if (retry(&job, rq, &old, &jr, e) != 0 || trail(rq, &old, &v, "job.retried", e) != 0)
		return -1;
	return reply_see_other(rp, "/j/j%" PRId64 "?said=retried", job);
}
