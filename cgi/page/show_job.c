/* show_job.c: one job with its progress, and lists of jobs. */
#include "cgi/page/show_job.h"

#include <inttypes.h>
#include <stdio.h>

#include "cgi/page/mark.h"
#include "cgi/page/show_log.h"
#include "lib/base/num.h"

enum { ETA_AFTER_MS = 10 * 1000, LAST_LINES = 5 };

/* Bytes per second and what is left, once there is enough to go by: 10 s and 5 %. */
static void
speed(struct node *n, const struct job *job)
{
	int64_t took = job->progress_at - job->started_at;
	char text[NUM_TEXT];
	double rate;

	if (took < 1000 || job->bytes_done == 0)
		return;
	rate = (double)job->bytes_done * 1000 / (double)took;
	num_size(text, (int64_t)rate);
	node_setf(n, "speed", "%s/s", text);
	if (took < ETA_AFTER_MS || job->bytes_total <= job->bytes_done ||
	    job->bytes_done < job->bytes_total / 20)
		return;
	num_duration(text, (int64_t)((double)(job->bytes_total - job->bytes_done) / rate * 1000));
	node_setf(n, "left", "about %s left", text);
}

void
show_job_progress(struct node *n, const struct job *job, int64_t now)
{
	struct node *progress = node_at(n, "progress");

	if (job->state != JOB_RUNNING)
		return;
	node_set(n, "progress", "1");
	node_set(progress, "phase", *job->phase == '\0' ? "starting" : job->phase);
	page_size(progress, "done", job->bytes_done);
	/* The total is the last run's; more than that means it was a poor guess. */
	if (job->bytes_total > 0 && job->bytes_done <= job->bytes_total) {
		page_size(progress, "total", job->bytes_total);
		node_int(progress, "percent",
		    (int64_t)(100 * ((double)job->bytes_done / (double)job->bytes_total)));
	}
	page_time(progress, "moved", job->progress_at, now);
	speed(progress, job);
}

/* Where people go from here: the backup, download or restore it makes, or the service it tests. */
static void
subject(struct node *n, const struct job_view *view)
{
	const struct job *job = view->job;

	if (job->download != 0) {
		mark_id(n, "subject.text", NAME_DOWNLOAD, job->download);
		node_setf(n, "subject.href", "/d/d%" PRId64, job->download);
	} else if (job->restore != 0) {
		mark_id(n, "subject.text", NAME_RESTORE, job->restore);
		node_setf(n, "subject.href", "/r/r%" PRId64, job->restore);
	} else if (job->backup != 0) {
		mark_id(n, "subject.text", NAME_BACKUP, job->backup);
		node_setf(n, "subject.href", "/b/b%" PRId64, job->backup);
	} else if (view->service != NULL) {
		const struct service *s = view->service;

		node_set(n, "subject.text", s->name);
		node_setf(n, "subject.href", "/p/%s/%s/services/%s", job->project_slug,
		    job->environment_slug, s->slug);
	}
}

void
show_job_row(struct node *n, const struct job *job, const char *waiting, int64_t now)
{
	const struct job_view view = { .job = job };

	mark_id(n, "id", NAME_JOB, job->id);
	node_setf(n, "href", "/j/j%" PRId64, job->id);
	node_set(n, "title", mark_job_title(job->kind));
	node_setf(n, "env.label", "%s/%s", job->project_slug, job->environment_slug);
	node_setf(n, "env.href", "/p/%s/%s/backups", job->project_slug, job->environment_slug);
	mark_job(n, job);
	subject(n, &view);
	page_time(n, "created", job->created_at, now);
	page_time(n, "started", job->started_at, now);
	page_time(n, "finished", job->finished_at, now);
	if (job->started_at > 0)
		mark_duration(n, "took",
		    (job->finished_at > 0 ? job->finished_at : now) - job->started_at);
	node_set(n, "by", job->requested_name);
	if (job->backup != 0 || job->download != 0 || job->restore != 0)
		node_set(n, "place", *job->storage_slug != '\0' ? job->storage_slug : NULL);
	node_set(n, "waiting", waiting != NULL && *waiting != '\0' ? waiting : NULL);
	node_set(n, "error", job->state == JOB_FAILED ? job->error : NULL);
	show_job_progress(n, job, now);
}

void
show_job_page(struct page *p, const struct job_view *view)
{
	const struct job *job = view->job;
	struct node *n = node_at(p->root, "job");

	show_job_row(n, job, view->waiting, view->now);
	subject(n, view);
	if (view->restore != NULL)
		node_set(n, "mode", mark_mode(view->restore->mode));
	node_set(n, "uuid", job->uuid);
	node_set(p->root, "page.mark", node_get(n, "state.word"));
	if (!job_ended(job->state))
		node_set(p->root, "page.refresh", "10");
	node_flag(n, "queued", job->state == JOB_QUEUED);
	node_flag(n, "running", job->state == JOB_RUNNING);
	node_flag(n, "succeeded", job->state == JOB_SUCCEEDED);
	node_flag(n, "failed", job->state == JOB_FAILED);
	node_flag(n, "cancelled", job->state == JOB_CANCELLED);
	node_flag(n, "ended", job_ended(job->state));
	node_flag(n, "cancelling", job->cancel_asked && !job_ended(job->state));
	node_flag(n, "will_mail", job->mail_when_done);
	node_flag(n, job_kind_name(job->kind), true);
	node_flag(n, "of_restore", job->restore != 0);
	node_flag(n, "repeatable", job->kind <= JOB_VERIFY || job->kind == JOB_LIST ||
	    job->kind == JOB_COMPARE || job->kind == JOB_COPY);
	if (view->mail != NULL) {
		mark_mail(n, view->mail->state, view->mail->last_error);
		node_set(n, "mail.to", view->mail->recipient);
	}
	if (job->warnings > 0)
		mark_count(n, "warnings", job->warnings);
	if (job->exit_code != 0)
		node_int(n, "exit_code", job->exit_code);
	if (job->kind == JOB_CHECK && view->service != NULL && job->state == JOB_SUCCEEDED) {
		node_set(n, "result", view->service->check_text);
		mark_check(n, view->service);
	}
	/* A failure shows its last lines above everything else. */
	for (size_t i = view->line_count > LAST_LINES ? view->line_count - LAST_LINES : 0;
	    job->state == JOB_FAILED && i < view->line_count; i++)
		node_set(node_add(n, "last"), "text", view->lines[i].text);
	show_log_lines(p->root, view->lines, view->line_count);
}
