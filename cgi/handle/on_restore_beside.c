/* on_restore_beside.c: a new service: switching it in and out, and removing what is not in use. */
#include "cgi/handle/on_restore_beside.h"

#include <inttypes.h>
#include <stdbool.h>

#include "cgi/handle/find.h"
#include "cgi/handle/on_restore_confirm.h"
#include "cgi/handle/on_session.h"
#include "cgi/handle/restorepage.h"
#include "cgi/handle/trail.h"
#include "lib/model/name.h"
#include "lib/store/restores.h"

/* A restore into a new service, with all that its pages show. */
struct asked {
	struct restore r;
	struct environment v;
	struct restore_view view;
};

/* What the form asks for and how it does it. */
struct form {
	const char *template, *title, *crumb;
	const char *action;           /* in the trail */
	bool hands;                   /* the name typed, and a fresh password */
};

static int
find(struct asked *ret, struct request *rq, struct err *e)
{
	*ret = (struct asked){ .view = { .restore = NULL } };
	if (find_restore(&ret->r, &ret->v, rq, e) != 0 ||
	    find_check_restore(rq, &ret->v, e) != 0)
		return -1;
	if (ret->r.mode != RESTORE_NEW || ret->r.state != RESTORE_DONE)
		return err_set(e, ERR_CONFLICT,
		    "restore r%" PRId64 " has no new service beside its target", ret->r.id);
	return restorepage_gather(&ret->view, rq, &ret->r, &ret->v, e);
}

static int
send(struct reply *rp, const struct request *rq, const struct asked *q, const struct form *f,
    const struct field_error *wrong, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	int status = rp->status;

	if (restorepage_begin(&p, rq, &q->view,
	        &(struct envpage){ f->template, f->title, "restores", false }, f->crumb, e) != 0)
		return -1;
	node_flag(p.root, "hands", f->hands);
	node_flag(p.root, "password.asked", f->hands && !on_session_is_fresh(rq));
	node_set(p.root, "typed.value", request_field(rq, "typed"));
	if (wrong != NULL)
		page_errors(&p, rp, wrong, 1);
	if (status != 200)
		rp->status = status;
	return page_send(rp, rq, &p, e);
}

static struct form
switch_form(const struct request *rq, const struct asked *q)
{
	return (struct form){ "restore_switch.cs",
		arena_printf(rq->arena, "Switch %s/%s?", q->v.project_slug, q->v.slug), "Switch",
		"restore.switch_requested", q->v.kind == ENV_LIVE };
}

static struct form
remove_form(const struct request *rq, const struct asked *q)
{
	return (struct form){ "restore_remove.cs",
		arena_printf(rq->arena, "Remove what lies beside %s/%s?", q->v.project_slug,
		    q->v.slug), "Remove", "restore.remove_requested", true };
}

/* Ask for it, with its line in the trail; `to` NONE is the removal. */
static int
request_job(struct request *rq, const struct asked *q, const struct form *f,
    enum restore_turn to, struct err *e)
{
	struct job_request jr = { .environment = q->v.id,
		.key = find_key(rq),
		.mail_when_done = true,
		.requested_by = rq->session->account.id };
	char id[NAME_ID_SIZE];
	int64_t job;

	name_id(id, NAME_RESTORE, q->r.id);
	if ((to == TURN_NONE ? restores_remove(&job, rq->db, &jr, q->r.id, e)
	                     : restores_switch(&job, rq->db, &jr, q->r.id, to, e)) != 0)
		return -1;
	return trail_add(rq,
	    &(struct event){ .action = f->action,
	        .project = q->v.project,
	        .environment = q->v.id,
	        .target = id,
	        .detail = restore_turn_name(to) },
	    e);
}

/* The form's post: what was typed is right, or the form comes back. */
static int
take(struct reply *rp, struct request *rq, const struct asked *q, const struct form *f,
    enum restore_turn to, struct err *e)
{
	struct field_error wrong;
	struct err why;
	int refused = f->hands ? on_restore_confirm_hands(&wrong, rp, rq, &q->v, e) : 0;

	if (refused < 0)
		return -1;
	if (refused > 0)
		return send(rp, rq, q, f, &wrong, e);
	if (request_job(rq, q, f, to, &why) == 0)
		return reply_see_other(rp, "/r/r%" PRId64, q->r.id);
	if (why.kind != ERR_CONFLICT) {
		*e = why;
		return -1;
	}
	wrong = (struct field_error){ "", page_sentence(rq, why.text) };
	rp->status = 409;
	return send(rp, rq, q, f, &wrong, e);
}

int
on_restore_beside_switch_form(struct reply *rp, struct request *rq, struct err *e)
{
	struct asked q;
	struct form f;

	if (find(&q, rq, e) != 0)
		return -1;
	f = switch_form(rq, &q);
	return send(rp, rq, &q, &f, NULL, e);
}

int
on_restore_beside_switch(struct reply *rp, struct request *rq, struct err *e)
{
	enum restore_turn to;
	struct asked q;
	struct form f;
	int64_t job;

	if (find(&q, rq, e) != 0 || find_earlier(&job, rq, e) != 0)
		return -1;
	if (job != 0)
		return reply_see_other(rp, "/r/r%" PRId64, q.r.id);
	if (!restore_turn_parse(&to, request_field(rq, "to")) || to == TURN_NONE)
		return err_set(e, ERR_INPUT, "the form does not say which way to switch");
	f = switch_form(rq, &q);
	return take(rp, rq, &q, &f, to, e);
}

int
on_restore_beside_remove_form(struct reply *rp, struct request *rq, struct err *e)
{
	struct asked q;
	struct form f;

	if (find(&q, rq, e) != 0)
		return -1;
	f = remove_form(rq, &q);
	return send(rp, rq, &q, &f, NULL, e);
}

int
on_restore_beside_remove(struct reply *rp, struct request *rq, struct err *e)
{
	struct asked q;
	struct form f;
	int64_t job;

	if (find(&q, rq, e) != 0 || find_earlier(&job, rq, e) != 0)
		return -1;
	if (job != 0)
		return reply_see_other(rp, "/r/r%" PRId64, q.r.id);
	f = remove_form(rq, &q);
	return take(rp, rq, &q, &f, TURN_NONE, e);
}
