/* letter.c: what the mails say. */
#include "worker/notify/letter.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/num.h"
#include "lib/base/utf8.h"
#include "lib/model/name.h"
#include "lib/store/jobs.h"

enum { LOG_LINES = 5, SUBJECT_REASON = 100, SUBJECT_CONTENTS = 200, REASON = ERR_TEXT_MAX };

static struct node *
root(const struct letter *l)
{
	return tree_root(l->tree);
}

static void
set_time(const struct letter *l, const char *name, int64_t ms)
{
	char text[NUM_TEXT];

	if (ms == 0)
		return;
	num_date(text, ms);
	node_setf(root(l), name, "%s UTC", text);
}

static void
set_size(struct node *n, int64_t bytes)
{
	char text[NUM_TEXT];

	num_size(text, bytes);
	node_set(n, "size", text);
	node_int(n, "bytes", bytes);
}

/* A note may have several lines; each is quoted, so that none looks like ours. */
static void
set_note(const struct letter *l, const char *note)
{
	char *copy = arena_dup(l->arena, note), *next = NULL;

	for (char *line = strtok_r(copy, "\r\n", &next); line != NULL;
	     line = strtok_r(NULL, "\r\n", &next))
		node_set(node_add(root(l), "note"), "", line);
}

char *
letter_line(const struct letter *l, const char *text, size_t limit)
{
	char *line = utf8_clean(l->arena, text, strlen(text));
	size_t count = 0, n = 0;

	for (char *p = line; *p != '\0'; p++)
		if (*p == '\n' || *p == '\t')
			*p = ' ';
	while (line[n] != '\0' && (count < limit || ((unsigned char)line[n] & 0xc0) == 0x80))
		count += ((unsigned char)line[n++] & 0xc0) != 0x80;
	if (line[n] == '\0')
		return line;
	return arena_printf(l->arena, "%.*s…", (int)n, line);
}

/* "database, media" as it stands in lists, "database + media" as it stands in subjects. */
static char *
contents(const struct letter *l, const char *list)
{
	CLEANUP_BUF struct buf out = BUF_INIT;

	for (const char *p = list; *p != '\0'; p++) {
		if (p[0] == ',' && p[1] == ' ')
			buf_text(&out, " +");
		else
			buf_char(&out, *p);
	}
	return letter_line(l, out.n > 0 ? out.p : "nothing", SUBJECT_CONTENTS);
}

void
letter_about_job(struct letter *l, const struct job *job)
{
	char id[NAME_ID_SIZE];

	name_id(id, NAME_JOB, job->id);
	node_set(root(l), "project", job->project_slug);
	node_set(root(l), "environment", job->environment_slug);
	node_set(root(l), "job.id", id);
	node_setf(root(l), "job.url", "%s/j/%" PRId64, l->conf->public_url, job->id);
	node_set(root(l), "requested_by", job->requested_name);
	node_flag(root(l), "by_system", job->requested_by == 0);
	set_time(l, "finished", job->finished_at);
	node_set(root(l), "console", l->conf->public_url);
}

void
letter_about_backup(struct letter *l, const struct backup *b)
{
	char id[NAME_ID_SIZE];

	name_id(id, NAME_BACKUP, b->id);
	node_set(root(l), "backup.id", id);
	node_setf(root(l), "backup.url", "%s/b/%" PRId64, l->conf->public_url, b->id);
	node_set(root(l), "contents", contents(l, b->contents));
	set_note(l, b->note);
}

void
letter_about_download(struct letter *l, const struct download *d)
{
	char id[NAME_ID_SIZE];

	name_id(id, NAME_BACKUP, d->backup);
	node_set(root(l), "backup.id", id);
	node_setf(root(l), "backup.url", "%s/b/%" PRId64, l->conf->public_url, d->backup);
	node_setf(root(l), "download.url", "%s/d/%" PRId64, l->conf->public_url, d->id);
	node_set(root(l), "contents", contents(l, d->contents));
	set_time(l, "taken", d->taken_at);
	set_note(l, d->note);
}

void
letter_backup_ready(struct letter *l, const struct backup *b, const struct part *parts,
    size_t count)
{
	char size[NUM_TEXT], duration[NUM_TEXT];

	letter_about_backup(l, b);
	num_size(size, b->stored_bytes);
	num_duration(duration, b->finished_at - b->started_at);
	node_set(root(l), "size", size);
	node_set(root(l), "duration", duration);
	set_time(l, "taken", b->started_at);
	if (b->warnings > 0)
		node_int(root(l), "warnings", b->warnings);
	for (size_t i = 0; i < count; i++) {
		struct node *row = node_add(root(l), "parts");

		node_set(row, "service", parts[i].service_slug);
		set_size(row, backup_part_bytes(&parts[i]));
		if (*parts[i].data.raw_sha256 != '\0')
			node_set(row, "sha256", parts[i].data.raw_sha256);
		else
			node_set(row, "stored_sha256", parts[i].data.stored_sha256);
	}
	l->kind = "backup_ready";
	l->subject = arena_printf(l->arena, "[%s/%s] Backup ready: %s (%s)", b->project_slug,
	    b->environment_slug, contents(l, b->contents), size);
}

void
letter_download_ready(struct letter *l, const struct download *d, const struct link *link,
    const char *token)
{
	char size[NUM_TEXT];

	letter_about_download(l, d);
	num_size(size, d->bytes);
	node_set(root(l), "size", size);
	set_time(l, "expires", link->expires_at);
	node_int(root(l), "uses", link->max_uses);
	node_flag(root(l), "once", link->max_uses == 1);
	node_setf(root(l), "page", "%s/dl/%s", l->conf->public_url, token);
	l->kind = "download_ready";
	l->subject = arena_printf(l->arena, "[%s/%s] Download ready: %s (%s)", d->project_slug,
	    d->environment_slug, contents(l, d->contents), size);
}

void
letter_add_file(struct letter *l, const struct download_file *file, const char *token)
{
	struct node *row = node_add(root(l), "files");

	node_set(row, "service", file->service_slug);
	node_set(row, "name", file->name);
	set_size(row, file->bytes);
	node_set(row, "sha256", file->sha256);
	node_setf(row, "url", "%s/dl/%s/%" PRId64, l->conf->public_url, token, file->id);
}

static const char *
reason_of(const struct job *job)
{
	return job->error != NULL ? job->error : "no reason was given";
}

static int
set_reason(const struct letter *l, const struct job *job, struct err *e)
{
	struct job_line *lines;
	size_t count;

	if (jobs_log_tail(&lines, &count, l->arena, l->db, job->id, LOG_LINES, e) != 0)
		return -1;
	node_set(root(l), "reason", letter_line(l, reason_of(job), REASON));
	if (job->exit_code != 0)
		node_int(root(l), "exit_code", job->exit_code);
	for (size_t i = 0; i < count; i++) {
		struct node *row = node_add(root(l), "log");

		node_set(row, "stream", lines[i].stream);
		node_set(row, "text", lines[i].text);
	}
	return 0;
}

int
letter_failed(struct letter *l, const char *kind, const char *what, const struct job *job,
    struct err *e)
{
	if (set_reason(l, job, e) != 0)
		return -1;
	l->kind = kind;
	l->subject = arena_printf(l->arena, "[%s/%s] %s FAILED: %s", job->project_slug,
	    job->environment_slug, what, letter_line(l, reason_of(job), SUBJECT_REASON));
	return 0;
}

/* -- restores -- */

static const char *
mode_words(enum restore_mode mode)
{
	switch (mode) {
	case RESTORE_REPLACE:
		return "replace";
	case RESTORE_ADD:
		return "add on top";
	case RESTORE_NEW:
		return "a new service beside it";
	case RESTORE_MODES:
		break;
	}
	return "unknown";
}

static void
set_took(const struct letter *l, int64_t from, int64_t to)
{
	char duration[NUM_TEXT];

	if (from == 0 || to < from)
		return;
	num_duration(duration, to - from);
	node_set(root(l), "duration", duration);
}

static void
set_backup(const struct letter *l, const char *name, int64_t backup)
{
	struct node *n = node_at(root(l), name);
	char id[NAME_ID_SIZE];

	name_id(id, NAME_BACKUP, backup);
	node_set(n, "id", id);
	node_setf(n, "url", "%s/b/%s", l->conf->public_url, id);
}

static void
about_restore(const struct letter *l, const struct letter_restore *w)
{
	const struct restore *r = w->restore;
	const struct job *job = w->job;
	char id[NAME_ID_SIZE];

	name_id(id, NAME_RESTORE, r->id);
	node_set(root(l), "restore.id", id);
	node_setf(root(l), "restore.url", "%s/r/%s", l->conf->public_url, id);
	node_set(root(l), "restore.mode", mode_words(r->mode));
	node_setf(root(l), "source", "%s/%s", r->source_project_slug, r->source_environment_slug);
	node_setf(root(l), "target", "%s/%s", r->project_slug, r->environment_slug);
	node_flag(root(l), "undo", job->kind == JOB_UNDO);
	node_flag(root(l), "beside", r->mode == RESTORE_NEW && job->kind == JOB_RESTORE);
	node_flag(root(l), "switched", job->kind == JOB_SWITCH);
	node_flag(root(l), "in", r->wanted == TURN_IN);
	node_flag(root(l), "real_data", r->real_data);
	set_backup(l, "backup", r->backup);
	set_time(l, "taken", r->backup_at);
	if (r->safety_backup != 0)
		set_backup(l, "safety", r->safety_backup);
	if (job->warnings > 0)
		node_int(root(l), "warnings", job->warnings);
	/* A restore that was taken up again has taken its time from its first start. */
	set_took(l,
	    job->kind == JOB_RESTORE && r->started_at != 0 ? r->started_at : job->started_at,
	    job->finished_at);
	for (size_t i = 0; i < w->count; i++) {
		struct node *row = node_add(root(l), "parts");

		node_set(row, "service", w->parts[i].target_slug);
		node_set(row, "from", w->parts[i].source_slug);
		set_size(row, w->parts[i].raw_bytes);
		node_flag(row, "chosen", *w->parts[i].choice != '\0');
	}
}

/* What an undo would have, and until when. */
static void
set_way_back(const struct letter *l, const struct letter_restore *w)
{
	if (w->way != WAY_NONE)
		node_setf(root(l), "undo_url", "%s/r/r%" PRId64 "/undo", l->conf->public_url,
		    w->restore->id);
	node_flag(root(l), "from_safety", w->way == WAY_SAFETY);
	if (w->way != WAY_SWAP)
		return;
	set_time(l, "kept_until", w->restore->undo_until);
	for (size_t i = 0; i < w->count; i++) {
		struct node *row = node_add(root(l), "kept");

		node_set(row, "service", w->parts[i].target_slug);
		if (w->parts[i].kept_bytes > 0)
			set_size(row, w->parts[i].kept_bytes);
	}
}

void
letter_restore_done(struct letter *l, const struct letter_restore *w)
{
	const struct restore *r = w->restore;

	about_restore(l, w);
	l->kind = "restore_done";
	if (w->job->kind == JOB_UNDO) {
		l->subject = arena_printf(l->arena, "Restore r%" PRId64 " into %s/%s undone", r->id,
		    r->project_slug, r->environment_slug);
		return;
	}
	if (w->job->kind == JOB_SWITCH) {
		l->subject = arena_printf(l->arena, "Switched %s/%s to what %s r%" PRId64,
		    r->project_slug, r->environment_slug,
		    r->wanted == TURN_IN ? "came with" : "it had before", r->id);
		return;
	}
	set_way_back(l, w);
	l->subject = arena_printf(l->arena, "Restored b%" PRId64 " %s %s/%s", r->backup,
	    r->mode == RESTORE_NEW ? "beside" : "into", r->project_slug, r->environment_slug);
}

/* Parts that are not, or not surely, what they were before this job. */
static void
set_halfway(const struct letter *l, const struct letter_restore *w)
{
	bool back = w->job->kind == JOB_UNDO ||
	    (w->job->kind == JOB_SWITCH && w->restore->wanted == TURN_OUT);
	const char *list = NULL;

	for (size_t i = 0; i < w->count; i++) {
		const struct restore_part *part = &w->parts[i];
		/* What comes from the safety backup goes in, what was kept goes back. */
		enum landing moved =
		    back && !restore_part_undoing(part) ? LANDING_BUILT : LANDING_SWAPPED;

		if (part->state == LANDING_SWAPPING || part->state == moved)
			list = list == NULL
			    ? part->target_slug
			    : arena_printf(l->arena, "%s, %s", list, part->target_slug);
	}
	node_set(root(l), "halfway", list);
}

static const char *
ended_how(const struct letter *l, const struct job *job)
{
	node_flag(root(l), "cancelled", job->state == JOB_CANCELLED);
	return job->state == JOB_CANCELLED ? "cancelled" : "failed";
}

int
letter_restore_failed(struct letter *l, const struct letter_restore *w, struct err *e)
{
	const struct restore *r = w->restore;
	const char *how = ended_how(l, w->job);

	about_restore(l, w);
	set_halfway(l, w);
	if (set_reason(l, w->job, e) != 0)
		return -1;
	l->kind = "restore_failed";
	if (w->job->kind == JOB_UNDO) {
		set_way_back(l, w);
		l->subject = arena_printf(l->arena, "Undo of r%" PRId64 " in %s/%s %s", r->id,
		    r->project_slug, r->environment_slug, how);
		return 0;
	}
	l->subject = arena_printf(l->arena, "%s %s/%s %s",
	    w->job->kind == JOB_SWITCH ? "Switch of" : "Restore into", r->project_slug,
	    r->environment_slug, how);
	return 0;
}

int
letter_restore_tested(struct letter *l, const struct job *job, const struct backup *b,
    struct err *e)
{
	bool equal = strcmp(b->test_state, "equal") == 0;
	const char *how;

	letter_about_backup(l, b);
	set_time(l, "taken", b->created_at);
	set_took(l, job->started_at, job->finished_at);
	if (job->state == JOB_SUCCEEDED) {
		l->kind = "restore_tested";
		node_flag(root(l), "equal", equal);
		node_set(root(l), "result", letter_line(l, b->test_text, REASON));
		how = equal ? "equal" : "DIFFERS";
	} else {
		l->kind = "restore_test_failed";
		how = ended_how(l, job);
		if (set_reason(l, job, e) != 0)
			return -1;
	}
	l->subject = arena_printf(l->arena, "[%s/%s] Test restore of b%" PRId64 ": %s",
	    b->project_slug, b->environment_slug, b->id, how);
	return 0;
}

void
letter_test(struct letter *l)
{
	set_time(l, "finished", clock_now());
	node_set(root(l), "console", l->conf->public_url);
	l->kind = "test";
	l->subject = "[Lazarette] Test mail";
}

/* -- notices -- */

void
letter_notice(struct letter *l, const struct notice *n, const char *channel)
{
	char *copy = arena_dup(l->arena, n->text), *next = NULL;

	node_set(root(l), "title", letter_line(l, n->title, REASON));
	for (char *line = strtok_r(copy, "\r\n", &next); line != NULL;
	     line = strtok_r(NULL, "\r\n", &next))
		node_set(node_add(root(l), "lines"), "", line);
	node_set(root(l), "url", *n->url != '\0' ? n->url : NULL);
	set_time(l, "at", n->at);
	node_set(root(l), "channel", channel);
	node_set(root(l), "console", l->conf->public_url);
	l->kind = n->event == NOTICE_DIGEST ? "digest" : "notice";
	l->subject = letter_line(l, n->title, SUBJECT_CONTENTS);
}

void
letter_confirm(struct letter *l, const char *channel, const char *token)
{
	node_set(root(l), "channel", channel);
	node_setf(root(l), "url", "%s/confirm/%s", l->conf->public_url, token);
	node_set(root(l), "console", l->conf->public_url);
	l->kind = "confirm";
	l->subject = "[Lazarette] May notices come to this address?";
}
