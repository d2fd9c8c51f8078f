/* on_restore_confirm.c: looking at what a restore will change, and deciding. */
#include "cgi/handle/on_restore_confirm.h"

#include <inttypes.h>
#include <string.h>

#include "cgi/handle/envpage.h"
#include "cgi/handle/find.h"
#include "cgi/handle/on_session.h"
#include "cgi/handle/trail.h"
#include "cgi/page/complaints.h"
#include "cgi/page/show_restore_confirm.h"
#include "lib/model/name.h"
#include "lib/store/concerns.h"
#include "lib/store/jobs.h"
#include "lib/store/projects.h"
#include "lib/store/restores.h"

/* One part: its tables on both sides, and whether its target is still the one that was looked at.
 */
static int
read_change(struct restore_change *c, struct request *rq, const struct restore_part *part,
    struct err *e)
{
	struct table_count *then, *now;
	struct service service;

	c->part = part;
	if (restores_part_tables(&then, &c->then_count, rq->arena, rq->db, part->part, e) != 0 ||
	    restores_target_tables(&now, &c->now_count, rq->arena, rq->db, part->id, e) != 0 ||
	    services_by_id(&service, rq->arena, rq->db, part->service, e) != 0)
		return -1;
	c->then = then;
	c->now = now;
	c->moved = service.revision != part->revision;
	return 0;
}

/* Everything the page shows but what was typed. */
static int
gather(struct restore_confirm_view *view, struct request *rq, const struct restore *r,
    struct err *e)
{
	struct job *job = arena_alloc(rq->arena, sizeof *job);
	struct restore_part *parts;
	struct restore_change *changes;
	struct forecast past;
	int64_t ms;

	if (restores_parts(&parts, &view->count, rq->arena, rq->db, r->id, e) != 0 ||
	    restores_needs_rules(&view->needs_rules, rq->db, r->id, e) != 0)
		return -1;
	changes = arena_array(rq->arena, view->count + 1, sizeof *changes);
	for (size_t i = 0; i < view->count; i++) {
		if (read_change(&changes[i], rq, &parts[i], e) != 0 ||
		    restores_expected_ms(&ms, rq->db, parts[i].service, e) != 0)
			return -1;
		view->expected_ms += ms;
	}
	if (concerns_forecast(&past, rq->db, r->environment, e) != 0)
		return -1;
	view->forecast = forecast_words(rq->arena, &past);
	view->changes = changes;
	view->restore = r;
	view->may_sign_off = role_has(rq->session->account.role, RIGHT_ADMINISTER);
	view->ask_password = !on_session_is_fresh(rq);
	view->now = rq->now;
	if (r->job == 0)
		return 0;
	if (jobs_by_id(job, rq->arena, rq->db, r->job, e) != 0)
		return -1;
	view->job = job;
	return 0;
}

int
on_restore_confirm_fill(struct page *p, struct request *rq, const struct restore *r,
    const struct environment *v, struct err *e)
{
	struct restore_confirm_view view = { .target = v,
		.safety = true,
		.hooks = true,
		.typed = "" };

	if (gather(&view, rq, r, e) != 0)
		return -1;
	/* What was sent comes back as it was; nobody has to type it again. */
	if (rq->method == METHOD_POST) {
		view.safety = *request_field(rq, "safety") != '\0';
		view.hooks = *request_field(rq, "hooks") != '\0';
		view.real_data = *request_field(rq, "real_data") != '\0';
		view.consent = *request_field(rq, "consent") != '\0';
		view.typed = request_field(rq, "typed");
	}
	node_flag(p->root, "restore.draft", true);
	show_restore_confirm_page(p, &view);
	return 0;
}

static int
send_form(struct reply *rp, struct request *rq, const struct restore *r,
    const struct environment *v, const struct complaints *f, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	const char *id = arena_printf(rq->arena, "r%" PRId64, r->id);
	int status = rp->status;

	if (envpage_begin(&p, rq, v,
	        &(struct envpage){ "restore_confirm.cs",
	            arena_printf(rq->arena, "Restore %s %s/%s?",
	                r->mode == RESTORE_NEW ? "beside" : "into", v->project_slug, v->slug),
	            "restores", false },
	        e) != 0 ||
	    on_restore_confirm_fill(&p, rq, r, v, e) != 0)
		return -1;
	page_crumb(&p, "Restores",
	    arena_printf(rq->arena, "/p/%s/%s/restores", v->project_slug, v->slug));
	page_crumb(&p, id, NULL);
	if (f->count > 0)
		page_errors(&p, rp, f->items, f->count);
	if (status != 200)
		rp->status = status;
	return page_send(rp, rq, &p, e);
}

int
on_restore_confirm_form(struct reply *rp, struct request *rq, struct err *e)
{
	const struct complaints none = { .count = 0 };
	struct restore r;
	struct environment v;

	if (find_restore(&r, &v, rq, e) != 0)
		return -1;
	if (r.state != RESTORE_DRAFT)
		return reply_see_other(rp, "/r/r%" PRId64, r.id);
	if (find_check_restore(rq, &v, e) != 0)
		return -1;
	return send_form(rp, rq, &r, &v, &none, e);
}

int
on_restore_confirm_hands(struct field_error *wrong, struct reply *rp, struct request *rq,
    const struct environment *v, struct err *e)
{
	const char *label = arena_printf(rq->arena, "%s/%s", v->project_slug, v->slug);
	const char *words;
	int refused;

	if (strcmp(request_field(rq, "typed"), label) != 0) {
		*wrong = (struct field_error){ "typed",
			arena_printf(rq->arena, "Type %s exactly as shown", label) };
		return 1;
	}
	if (on_session_is_fresh(rq))
		return 0;
	if (*request_field(rq, "password") == '\0') {
		*wrong = (struct field_error){ "password",
			"Enter your password: you signed in more than 15 minutes ago" };
		return 1;
	}
	refused = on_session_again(&words, rp, rq, e);
	if (refused > 0)
		*wrong = (struct field_error){ "password", words };
	return refused;
}

/* What is asked of a person before data is overwritten, or real data is let in. Into a new service
 * nothing is overwritten: else the look and the button are enough for it. */
static int
check_form(struct complaints *f, struct reply *rp, struct request *rq, const struct restore *r,
    const struct environment *v, struct err *e)
{
	bool beside = r->mode == RESTORE_NEW, bare;
	struct field_error wrong;
	int refused;

	if (restores_needs_rules(&bare, rq->db, r->id, e) != 0)
		return -1;
	if (beside && (!bare || *request_field(rq, "real_data") == '\0'))
		return 0;
	if (!beside && *request_field(rq, "consent") == '\0')
		complaints_add(f, "consent",
		    "Tick that you have read what will be overwritten, or cancel");
	refused = on_restore_confirm_hands(&wrong, rp, rq, v, e);
	if (refused > 0)
		complaints_add(f, wrong.field, wrong.text);
	return refused < 0 ? -1 : 0;
}

static int
check_sign_off(const struct request *rq, struct err *e)
{
	if (*request_field(rq, "real_data") == '\0' ||
	    role_has(rq->session->account.role, RIGHT_ADMINISTER))
		return 0;
	return err_set(e, ERR_DENIED,
	    "Only an administrator may let live data in without landing rules");
}

/* With its line in the trail. */
static int
confirm(int64_t *job, struct request *rq, const struct restore *r, const struct environment *v,
    struct err *e)
{
	char id[NAME_ID_SIZE];
	struct event trail = trail_of(rq, &(struct event){ .action = "restore.confirmed",
		.project = v->project,
		.environment = v->id,
		.target = id });
	struct restore_confirm rc = { .job = { .environment = v->id,
		.key = find_key(rq),
		.mail_when_done = true,
		.requested_by = rq->session->account.id },
		.restore = r->id,
		.safety = *request_field(rq, "safety") != '\0',
		/* Of a new service they run when it is switched. */
		.hooks = r->mode == RESTORE_NEW || *request_field(rq, "hooks") != '\0',
		.real_data = *request_field(rq, "real_data") != '\0',
		.trail = &trail };

	name_id(id, NAME_RESTORE, r->id);
	return restores_confirm(job, rq->db, &rc, e);
}

int
on_restore_confirm(struct reply *rp, struct request *rq, struct err *e)
{
	struct complaints f = { .count = 0 };
	struct restore r;
	struct environment v;
	struct err why;
	int64_t job;

	if (find_restore(&r, &v, rq, e) != 0)
		return -1;
	/* Sent twice, or from an old tab: it is decided already. */
	if (r.state != RESTORE_DRAFT)
		return reply_see_other(rp, "/r/r%" PRId64, r.id);
	if (find_check_restore(rq, &v, e) != 0 || check_sign_off(rq, e) != 0 ||
	    check_form(&f, rp, rq, &r, &v, e) != 0)
		return -1;
	/* Somebody looked again since: what was read is not what would be done. */
	if (r.previewed_at != 0 &&
	    strcmp(request_field(rq, "seen"),
	        arena_printf(rq->arena, "%" PRId64, r.previewed_at)) != 0)
		complaints_add(&f, "", "The target was looked at again since you opened this page."
		    " Read it once more, then decide");
	if (f.count > 0)
		return send_form(rp, rq, &r, &v, &f, e);
	if (confirm(&job, rq, &r, &v, &why) == 0)
		return reply_see_other(rp, "/r/r%" PRId64, r.id);
	if (why.kind != ERR_CONFLICT) {
		*e = why;
		return -1;
	}
	complaints_add(&f, "", page_sentence(rq, why.text));
	rp->status = 409;
	return send_form(rp, rq, &r, &v, &f, e);
}

int
on_restore_confirm_look(struct reply *rp, struct request *rq, struct err *e)
{
	struct job_request jr = { .key = find_key(rq) };
	struct restore r;
	struct environment v;
	int64_t job;

	if (find_restore(&r, &v, rq, e) != 0)
		return -1;
	if (r.state != RESTORE_DRAFT)
		return reply_see_other(rp, "/r/r%" PRId64, r.id);
	if (find_check_restore(rq, &v, e) != 0 || find_earlier(&job, rq, e) != 0)
		return -1;
	jr.environment = v.id;
	jr.requested_by = rq->session->account.id;
	if (job == 0 && restores_look_again(&job, rq->db, &jr, r.id, e) != 0)
		return -1;
	return reply_see_other(rp, "/r/r%" PRId64 "/confirm?said=looking", r.id);
}
