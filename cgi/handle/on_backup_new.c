/* on_backup_new.c: asking for a backup. */
#include "cgi/handle/on_backup_new.h"

#include <inttypes.h>
#include <string.h>

#include "cgi/handle/envpage.h"
#include "cgi/handle/find.h"
#include "cgi/handle/trail.h"
#include "cgi/page/show_backup_new.h"
#include "lib/base/num.h"
#include "lib/model/name.h"
#include "lib/store/backups.h"
#include "lib/store/freezes.h"
#include "lib/store/jobs.h"
#include "lib/store/projects.h"

enum { KEEP_DAYS_MAX = 3650, DAY_MS = 24 * 3600 * 1000 };

/* The form as it was sent, or as it is first shown. */
struct form {
	struct environment v;
	struct backup_choice *choices;
	size_t count, chosen;
	const char *note, *keep_days;
	int64_t keep_ms;              /* 0: as the rule says */
	bool mail, anyway, anew;
	enum backup_mode mode;
	struct freeze_window window;
};

static bool
among(const char *slug, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(words[i], slug) == 0)
			return true;
	}
	return false;
}

/* Where it can be had, a backup by hand is consistent unless somebody says live. */
static int
read_mode(struct form *f, struct request *rq, bool sent, struct err *e)
{
	f->mode = *f->v.hook_freeze != '\0' ? MODE_CONSISTENT : MODE_LIVE;
	if (sent && f->mode == MODE_CONSISTENT &&
	    !backup_mode_parse(&f->mode, request_field(rq, "mode")))
		f->mode = MODE_LIVE;
	f->anyway = *request_field(rq, "anyway") != '\0';
	return freezes_window(&f->window, rq->arena, rq->db, f->v.id, rq->now, e);
}

/* The services with what was ticked: all of them when the form is new. */
static int
read_form(struct form *f, struct request *rq, bool sent, struct err *e)
{
	struct service *services;
	const char **words = NULL;
	size_t word_count = 0;

	memset(f, 0, sizeof *f);
	if (find_environment(&f->v, rq, e) != 0 ||
	    services_list(&services, &f->count, rq->arena, rq->db, f->v.id, e) != 0)
		return -1;
	if (sent)
		word_count = request_fields(&words, rq, "services");
	f->choices = arena_array(rq->arena, f->count + 1, sizeof *f->choices);
	for (size_t i = 0; i < f->count; i++) {
		struct backup_choice *c = &f->choices[i];

		c->service = &services[i];
		c->on = !sent || among(services[i].slug, words, word_count);
		f->chosen += c->on;
		if (backups_estimate(&c->raw_bytes, &c->stored_bytes, rq->db,
		        services[i].id, e) != 0)
			return -1;
	}
	/* A name that is not one of this environment's services belongs to another one, or is gone.
	 */
	if (f->chosen < word_count)
		return err_set(e, ERR_NOT_FOUND, "%s/%s has no such service", f->v.project_slug,
		    f->v.slug);
	f->note = request_field(rq, "note");
	f->keep_days = request_field(rq, "keep_days");
	f->anew = *request_field(rq, "anew") != '\0';
	f->mail = !sent || *request_field(rq, "mail") != '\0';
	return read_mode(f, rq, sent, e);
}

/* The oldest backup of this environment that has not ended; NULL when there is none. */
static int
find_busy(struct job **ret, struct request *rq, const struct environment *v, struct err *e)
{
	const struct job_filter filter = { .environment = v->id,
		.unfinished_only = true,
		.limit = 20 };
	struct job *jobs;
	size_t count;

	*ret = NULL;
	if (jobs_list(&jobs, &count, rq->arena, rq->db, &filter, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (jobs[i].kind == JOB_BACKUP)
			*ret = &jobs[i];
	}
	return 0;
}

/* The form's page, with what is wrong; a refusal keeps its own status. */
static int
send_form(struct reply *rp, struct request *rq, const struct form *f,
    const struct field_error *error, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	struct job *busy;
	struct backup_new_view view = {
		.environment = &f->v,
		.choices = f->choices,
		.count = f->count,
		.note = f->note,
		.keep_days = f->keep_days,
		.mail = f->mail,
		.anew = f->anew,
		.email = rq->session != NULL ? rq->session->account.email : "",
		.mode = f->mode,
		.window = f->window,
		.now = rq->now,
		.anyway = f->anyway,
	};

	if (find_busy(&busy, rq, &f->v, e) != 0 ||
	    freezes_usual(&view.usual_ms, rq->db, f->v.id, e) != 0)
		return -1;
	view.busy = busy;
	if (envpage_begin(&p, rq, &f->v,
	        &(struct envpage){ "backup_new.cs", "Create a backup", "backups", true }, e) != 0)
		return -1;
	page_crumb(&p, "Create", NULL);
	show_backup_new_form(&p, &view);
	if (error != NULL)
		page_errors(&p, rp, error, 1);
	else if (f->v.paused)
		rp->status = rq->method == METHOD_POST ? 409 : 200;
	return page_send(rp, rq, &p, e);
}

int
on_backup_new_form(struct reply *rp, struct request *rq, struct err *e)
{
	struct form f;

	if (read_form(&f, rq, false, e) != 0)
		return -1;
	return send_form(rp, rq, &f, NULL, e);
}

/* Empty: as the rule says. */
static bool
read_keep(struct form *f)
{
	int64_t days;

	if (*f->keep_days == '\0')
		return true;
	if (!num_parse(&days, f->keep_days, 1, KEEP_DAYS_MAX))
		return false;
	f->keep_ms = days * DAY_MS;
	return true;
}

static int
request_backup(int64_t *job, struct request *rq, const struct form *f, struct err *e)
{
	struct backup_request br = { .kind = BACKUP_ON_DEMAND, .note = f->note,
		.keep_until = f->keep_ms > 0 ? rq->now + f->keep_ms : 0,
		.mode = f->mode, .anew = f->anew };
	int64_t *services = arena_array(rq->arena, f->count + 1, sizeof *services);
	struct backup_ids ids;
	char id[NAME_ID_SIZE];

	for (size_t i = 0; i < f->count; i++) {
		if (f->choices[i].on)
			services[br.service_count++] = f->choices[i].service->id;
	}
	br.services = services;
	br.job = (struct job_request){ .environment = f->v.id,
		.key = find_key(rq),
		.mail_when_done = f->mail,
		.requested_by = rq->session != NULL ? rq->session->account.id : 0 };
	if (backups_request(&ids, rq->db, &br, e) != 0)
		return -1;
	*job = ids.job;
	name_id(id, NAME_BACKUP, ids.backup);
	return trail_add(rq, &(struct event){ .action = "backup.requested", .project = f->v.project,
	    .environment = f->v.id, .target = id, .detail = f->note }, e);
}

static const char *
outside(const struct form *f, const struct request *rq)
{
	return arena_printf(rq->arena,
	    "The application is to be paused from %s (%s) only; choose Live, or say that you want "
	    "it now", f->window.text, f->window.zone);
}

int
on_backup_new_create(struct reply *rp, struct request *rq, struct err *e)
{
	struct form f;
	struct field_error wrong = { .field = NULL };
	struct err why;
	int64_t job;

	if (read_form(&f, rq, true, e) != 0 || find_earlier(&job, rq, e) != 0)
		return -1;
	if (job != 0)
		return reply_see_other(rp, "/j/j%" PRId64, job);
	if (f.v.paused)
		return send_form(rp, rq, &f, NULL, e);
	if (name_check_note(f.note, &why) != 0)
		wrong = (struct field_error){ "note", arena_dup(rq->arena, why.text) };
	else if (!read_keep(&f))
		wrong = (struct field_error){ "keep_days", arena_printf(rq->arena,
		    "Keep it for 1 to 3650 days, you wrote %.40s", f.keep_days) };
	else if (f.chosen == 0)
		wrong = (struct field_error){ "services", "Choose at least one thing to back up" };
	else if (f.mode == MODE_CONSISTENT && f.window.opens > rq->now && !f.anyway)
		wrong = (struct field_error){ "mode", outside(&f, rq) };
	if (wrong.field != NULL)
		return send_form(rp, rq, &f, &wrong, e);
	if (request_backup(&job, rq, &f, e) != 0)
		return -1;
	return reply_see_other(rp, "/j/j%" PRId64, job);
}
