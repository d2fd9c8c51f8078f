/* on_restore_new.c: asking for a restore: what of a backup, and where it shall go. */
#include "cgi/handle/on_restore_new.h"

#include <inttypes.h>
#include <string.h>

#include "cgi/handle/envpage.h"
#include "cgi/handle/find.h"
#include "cgi/handle/trail.h"
#include "cgi/page/complaints.h"
#include "cgi/page/mark.h"
#include "cgi/page/show_restore_new.h"
#include "lib/base/num.h"
#include "lib/model/name.h"
#include "lib/store/backups.h"
#include "lib/store/jobs.h"
#include "lib/store/projects.h"
#include "lib/store/restores.h"

enum { CHOICE_MAX = 4000 };

/* The steps What and Where as they were sent; a GET carries its values in the address. */
struct form {
	struct backup b;
	struct environment source, target;
	struct restore_pick *picks;
	size_t count, chosen;
	struct restore_new_view view;
	struct complaints wrong;
};

static const char *
value(const struct request *rq, const char *name)
{
	return rq->method == METHOD_POST ? request_field(rq, name) : request_query(rq, name);
}

/* Was this part ticked? People and links may name its service, forms name the part. */
static bool
is_ticked(const struct request *rq, const struct part *part, bool *any)
{
	const struct params *from = rq->method == METHOD_POST ? &rq->form : &rq->query;
	bool on = false;

	for (size_t i = 0; i < from->count; i++) {
		int64_t id;

		if (strcmp(from->items[i].name, "part") != 0)
			continue;
		*any = true;
		on = on || strcmp(from->items[i].value, part->service_slug) == 0 ||
		    (num_parse(&id, from->items[i].value, 1, INT64_MAX) && id == part->id);
	}
	return on;
}

/* One path or table a line, without empty lines and the spaces around them. */
static const char *
lines_of(struct arena *a, const char *text)
{
	CLEANUP_BUF struct buf out = BUF_INIT;

	while (*text != '\0') {
		size_t n = strcspn(text, "\n"), skip = strspn(text, " \t\r");
		size_t end = n;

		while (end > skip && strchr(" \t\r", text[end - 1]) != NULL)
			end--;
		if (end > skip)
			buf_printf(&out, "%s%.*s", out.n > 0 ? "\n" : "", (int)(end - skip),
			    text + skip);
		text += n + (text[n] == '\n');
	}
	return arena_dupn(a, out.n > 0 ? out.p : "", out.n);
}

/* Part i with what the form says of it. */
static int
read_pick(struct form *f, struct request *rq, const struct part *part, size_t i, struct err *e)
{
	struct restore_pick *pick = &f->picks[i];
	struct table_count *tables;
	bool any = false;

	pick->part = part;
	pick->on = is_ticked(rq, part, &any);
	if (!any && *value(rq, "step") == '\0' && rq->method != METHOD_POST)
		pick->on = true;
	pick->only = *value(rq, arena_printf(rq->arena, "only-%" PRId64, part->id)) != '\0';
	pick->choice = lines_of(rq->arena,
	    value(rq, arena_printf(rq->arena, "choice-%" PRId64, part->id)));
	if (!num_parse(&pick->service,
	        value(rq, arena_printf(rq->arena, "service-%" PRId64, part->id)), 1, INT64_MAX))
		pick->service = 0;
	f->chosen += pick->on;
	if (restores_part_tables(&tables, &pick->table_count, rq->arena, rq->db, part->id, e) != 0)
		return -1;
	pick->tables = tables;
	return 0;
}

static int
read_what(struct form *f, struct request *rq, struct err *e)
{
	struct part *parts;

	memset(f, 0, sizeof *f);
	if (find_backup(&f->b, &f->source, rq, e) != 0 ||
	    backups_parts(&parts, &f->count, rq->arena, rq->db, f->b.id, e) != 0)
		return -1;
	f->picks = arena_array(rq->arena, f->count + 1, sizeof *f->picks);
	for (size_t i = 0; i < f->count; i++) {
		if (read_pick(f, rq, &parts[i], i, e) != 0)
			return -1;
	}
	f->view = (struct restore_new_view){ .backup = &f->b,
		.source = &f->source,
		.picks = f->picks,
		.count = f->count,
		.place = value(rq, "place"),
		.owners = *value(rq, "owners") != '\0',
		.may_live = find_may_restore(rq, ENV_LIVE),
		.now = rq->now };
	return 0;
}

static void
check_what(struct form *f, struct request *rq)
{
	if (f->chosen == 0)
		complaints_add(&f->wrong, "parts", "Choose at least one thing to restore");
	for (size_t i = 0; i < f->count; i++) {
		struct restore_pick *pick = &f->picks[i];
		const char *field = arena_printf(rq->arena, "choice-%" PRId64, pick->part->id);

		if (!pick->on)
			continue;
		/* Never the whole where a list was meant. */
		if (!pick->only && *pick->choice != '\0')
			pick->choice_error = complaints_add(&f->wrong, field,
			    arena_printf(rq->arena, "Tick that only these of %s come back, or empty"
			    " the list to take the whole of it", pick->part->service_name));
		if (!pick->only)
			continue;
		if (*pick->choice == '\0')
			pick->choice_error = complaints_add(&f->wrong, field,
			    arena_printf(rq->arena, "Name what of %s is to come back, or take"
			    " the whole of it", pick->part->service_name));
		else if (strlen(pick->choice) > CHOICE_MAX)
			pick->choice_error = complaints_add(&f->wrong, field,
			    "This list is longer than 4000 characters; name folders, or take the"
			    " whole");
	}
}

/* Begin the page of a step: it belongs to the backup. */
static int
begin(struct page *p, const struct request *rq, const struct form *f, const char *template,
    struct err *e)
{
	const char *id = arena_printf(rq->arena, "b%" PRId64, f->b.id);

	if (envpage_begin(p, rq, &f->source,
	        &(struct envpage){ template, arena_printf(rq->arena, "Restore backup %s", id),
	            "backups", false }, e) != 0)
		return -1;
	page_crumb(p, id, arena_printf(rq->arena, "/b/%s", id));
	page_crumb(p, "Restore", NULL);
	return 0;
}

static int
send_what(struct reply *rp, const struct request *rq, const struct form *f, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };

	if (begin(&p, rq, f, "restore_what.cs", e) != 0)
		return -1;
	show_restore_new_what(&p, &f->view);
	if (f->wrong.count > 0)
		page_errors(&p, rp, f->wrong.items, f->wrong.count);
	if (mark_obstacle(&f->b) != NULL)
		rp->status = 409;
	return page_send(rp, rq, &p, e);
}

/* The environment of that number, if it is there and this person may restore into it. */
static int
take_target(struct form *f, struct request *rq, int64_t id, struct err *e)
{
	struct service *services;

	if (environments_by_id(&f->target, rq->arena, rq->db, id, e) != 0 ||
	    find_check_restore(rq, &f->target, e) != 0 ||
	    services_list(&services, &f->view.service_count, rq->arena, rq->db, id, e) != 0)
		return -1;
	f->view.target = &f->target;
	f->view.services = services;
	return 0;
}

/* Where it shall go, as far as it was said. Nothing is chosen for anybody: without a choice there
 * is no target. */
static int
read_where(struct form *f, struct request *rq, struct err *e)
{
	struct environment *places;
	const char *to = value(rq, "to");
	int64_t id = 0;

	if (environments_list(&places, &f->view.place_count, rq->arena, rq->db, 0, e) != 0)
		return -1;
	f->view.places = places;
	if (strcmp(f->view.place, "same") == 0) {
		id = f->source.id;
	} else if (*to != '\0' && !num_parse(&id, to, 1, INT64_MAX)) {
		return err_set(e, ERR_NOT_FOUND, "there is no such environment");
	} else if (id == 0 && (*f->view.place != '\0' || rq->method == METHOD_POST)) {
		complaints_add(&f->wrong, "to", "Choose a target environment");
	}
	return id == 0 ? 0 : take_target(f, rq, id, e);
}

/* Back in its own place a part goes where it came from; anywhere else that is asked. */
static void
suggest(struct form *f)
{
	for (size_t i = 0; f->target.id == f->source.id && i < f->count; i++)
		f->picks[i].service = f->picks[i].part->service;
}

static int
send_where(struct reply *rp, const struct request *rq, const struct form *f, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	int status = rp->status;

	if (begin(&p, rq, f, "restore_where.cs", e) != 0)
		return -1;
	show_restore_new_where(&p, &f->view, rq->arena);
	if (f->wrong.count > 0)
		page_errors(&p, rp, f->wrong.items, f->wrong.count);
	if (status != 200)
		rp->status = status;
	return page_send(rp, rq, &p, e);
}

int
on_restore_new_form(struct reply *rp, struct request *rq, struct err *e)
{
	struct form f;

	if (read_what(&f, rq, e) != 0)
		return -1;
	if (mark_obstacle(&f.b) != NULL || strcmp(request_query(rq, "step"), "2") != 0)
		return send_what(rp, rq, &f, e);
	check_what(&f, rq);
	if (f.wrong.count > 0)
		return send_what(rp, rq, &f, e);
	if (read_where(&f, rq, e) != 0)
		return -1;
	suggest(&f);
	return send_where(rp, rq, &f, e);
}

static const struct service *
service_of(const struct form *f, int64_t id)
{
	for (size_t i = 0; i < f->view.service_count; i++) {
		if (f->view.services[i].id == id)
			return &f->view.services[i];
	}
	return NULL;
}

static bool
is_taken(const struct form *f, size_t before, int64_t service)
{
	for (size_t i = 0; i < before; i++) {
		if (f->picks[i].on && f->picks[i].service == service)
			return true;
	}
	return false;
}

/* Each chosen part needs a service of the target, of its engine, for itself. A service of another
 * environment is none. */
static int
check_landings(struct form *f, struct request *rq, struct err *e)
{
	for (size_t i = 0; i < f->count; i++) {
		struct restore_pick *pick = &f->picks[i];
		const char *field = arena_printf(rq->arena, "service-%" PRId64, pick->part->id);
		const struct service *s = service_of(f, pick->service);
		const char *wrong = NULL;

		if (!pick->on)
			continue;
		if (pick->service != 0 && s == NULL)
			return err_set(e, ERR_NOT_FOUND, "%s/%s has no such service",
			    f->target.project_slug, f->target.slug);
		if (s == NULL)
			wrong = arena_printf(rq->arena, "Choose where %s goes",
			    pick->part->service_name);
		else if ((wrong = show_restore_new_misfit(rq->arena, pick->part, s)) == NULL &&
		    is_taken(f, i, s->id))
			wrong = arena_printf(rq->arena,
			    "Two parts cannot go into %s; choose another for one of them", s->name);
		if (wrong != NULL)
			pick->service_error = complaints_add(&f->wrong, field, wrong);
	}
	return 0;
}

static int
check_where(struct form *f, struct request *rq, struct err *e)
{
	const char *seen = request_field(rq, "seen");
	const char *label =
	    arena_printf(rq->arena, "%s/%s", f->target.project_slug, f->target.slug);

	/* The number leads to the same place, but the person has read another name. */
	if (strcmp(seen, label) != 0)
		complaints_add(&f->wrong, "",
		    arena_printf(rq->arena,
		        "This place is called %s now, and was not"
		        " when you opened the page. Read it again, then go on.",
		        label));
	if (!restore_mode_parse(&f->view.mode, request_field(rq, "mode")))
		complaints_add(&f->wrong, "mode",
		    "Choose whether it replaces what is there, comes on top, or "
		    "becomes a new service");
	for (size_t i = 0; f->view.mode == RESTORE_NEW && i < f->count; i++)
		if (f->picks[i].on && f->picks[i].only)
			complaints_add(&f->wrong, "mode",
			    arena_printf(rq->arena,
			        "Only a part of %s was chosen, "
			        "and a new service holds the whole. Replace or add instead, or go "
			        "back and take the whole",
			        f->picks[i].part->service_name));
	return check_landings(f, rq, e);
}

static int
draft(struct restore_ids *ids, struct request *rq, const struct form *f, struct err *e)
{
	struct restore_choice *choices = arena_array(rq->arena, f->count + 1, sizeof *choices);
	struct restore_draft rd = { .job = { .environment = f->target.id,
		.key = find_key(rq),
		.requested_by = rq->session != NULL ? rq->session->account.id : 0 },
		.backup = f->b.id,
		.mode = f->view.mode,
		.owners = f->view.owners,
		.choices = choices };

	for (size_t i = 0; i < f->count; i++) {
		const struct restore_pick *pick = &f->picks[i];

		if (pick->on)
			choices[rd.choice_count++] = (struct restore_choice){ pick->part->id,
				pick->service, pick->only ? pick->choice : "" };
	}
	return restores_draft(ids, rq->db, &rd, e);
}

static int
leave(struct reply *rp, struct request *rq, const struct form *f, int64_t restore, struct err *e)
{
	char id[NAME_ID_SIZE];

	name_id(id, NAME_RESTORE, restore);
	if (trail_add(rq,
	        &(struct event){ .action = "restore.requested",
	            .project = f->target.project,
	            .environment = f->target.id,
	            .target = id,
	            .detail = arena_printf(rq->arena, "backup b%" PRId64 " of %s/%s", f->b.id,
	                f->source.project_slug, f->source.slug) },
	        e) != 0)
		return -1;
	return reply_see_other(rp, "/r/%s/confirm", id);
}

/* The draft that an earlier post of this form made. */
static int
go_on(struct reply *rp, struct request *rq, int64_t job, struct err *e)
{
	struct job earlier;

	if (jobs_by_id(&earlier, rq->arena, rq->db, job, e) != 0)
		return -1;
	return reply_see_other(rp, "/r/r%" PRId64 "/confirm", earlier.restore);
}

int
on_restore_new_create(struct reply *rp, struct request *rq, struct err *e)
{
	struct form f;
	struct restore_ids ids;
	struct err why;
	int64_t job;

	if (read_what(&f, rq, e) != 0 || find_earlier(&job, rq, e) != 0)
		return -1;
	if (job != 0)
		return go_on(rp, rq, job, e);
	check_what(&f, rq);
	if (mark_obstacle(&f.b) != NULL || f.wrong.count > 0)
		return send_what(rp, rq, &f, e);
	if (read_where(&f, rq, e) != 0)
		return -1;
	if (f.view.target != NULL && check_where(&f, rq, e) != 0)
		return -1;
	if (f.wrong.count > 0)
		return send_where(rp, rq, &f, e);
	if (draft(&ids, rq, &f, &why) == 0)
		return leave(rp, rq, &f, ids.restore, e);
	if (why.kind != ERR_CONFLICT && why.kind != ERR_INPUT) {
		*e = why;
		return -1;
	}
	complaints_add(&f.wrong, "", page_sentence(rq, why.text));
	rp->status = why.kind == ERR_CONFLICT ? 409 : 422;
	return send_where(rp, rq, &f, e);
}

int
on_restore_new_latest(struct reply *rp, struct request *rq, struct err *e)
{
	const char *slug = request_query(rq, "service");
	struct service s = { .id = 0 };
	struct environment v;
	struct backup b;

	if (find_environment(&v, rq, e) != 0 ||
	    (*slug != '\0' && services_by_slug(&s, rq->arena, rq->db, &v, slug, e) != 0))
		return -1;
	if (backups_latest(&b, rq->arena, rq->db, v.id, s.id, e) != 0)
		return e->kind != ERR_NOT_FOUND ? -1 : err_set(e, ERR_CONFLICT,
		    "there is no good backup of %s/%s yet%s%s", v.project_slug, v.slug,
		    s.id != 0 ? " that holds " : "", s.id != 0 ? s.name : "");
	if (s.id == 0)
		return reply_see_other(rp, "/b/b%" PRId64 "/restore", b.id);
	return reply_see_other(rp, "/b/b%" PRId64 "/restore?part=%s", b.id, s.slug);
}

int
on_restore_new_test(struct reply *rp, struct request *rq, struct err *e)
{
	struct backup b;
	struct environment v;
	struct job_request jr = { .key = find_key(rq) };
	char id[NAME_ID_SIZE];
	int64_t job;

	if (find_backup(&b, &v, rq, e) != 0 || find_earlier(&job, rq, e) != 0)
		return -1;
	if (job != 0)
		return reply_see_other(rp, "/j/j%" PRId64, job);
	jr.environment = v.id;
	jr.requested_by = rq->session != NULL ? rq->session->account.id : 0;
	name_id(id, NAME_BACKUP, b.id);
	if (restores_test(&job, rq->db, &jr, b.id, e) != 0 ||
	    trail_add(rq, &(struct event){ .action = "backup.test", .project = v.project,
	        .environment = v.id, .target = id }, e) != 0)
		return -1;
	return reply_see_other(rp, "/j/j%" PRId64, job);
}
