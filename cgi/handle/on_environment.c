/* on_environment.c: environments of a project. */
#include "cgi/handle/on_environment.h"

#include <inttypes.h>
#include <string.h>

#include "cgi/handle/emails.h"
#include "cgi/handle/envpage.h"
#include "cgi/handle/find.h"
#include "cgi/handle/trail.h"
#include "cgi/page/complaints.h"
#include "cgi/page/show_activity.h"
#include "lib/base/num.h"
#include "lib/model/name.h"
#include "lib/store/freezes.h"
#include "lib/store/outbox.h"
#include "lib/store/policies.h"
#include "lib/store/projects.h"

enum { EVENT_ROWS = 50, HOOK_SECONDS_MAX = 3600 };

/* The form of an environment, with what is wrong in it. */
struct form {
	struct environment v;
	struct complaints wrong;
	const char *hook_limit;       /* as it was typed, when that is no number; else NULL */
	const char *freeze_seconds;   /* as it was typed, "" for what holds without it */
};

static void
read_form(struct form *f, const struct request *rq)
{
	struct err why;

	f->v.name = request_field(rq, "name");
	f->v.slug = request_field(rq, "slug");
	if (name_check_title("Name", f->v.name, &why) != 0)
		complaints_add(&f->wrong, "name", arena_dup(rq->arena, why.text));
	if (name_check_slug(f->v.slug, &why) != 0)
		complaints_add(&f->wrong, "slug", arena_dup(rq->arena, why.text));
	if (!environment_kind_parse(&f->v.kind, request_field(rq, "kind")))
		complaints_add(&f->wrong, "kind", "Choose what kind of environment it is");
}

/* What surrounds a restore into it: hooks, how long they may take, and who hears of it. */
static void
read_restores(struct form *f, const struct request *rq)
{
	const char *limit = request_field(rq, "hook_limit"), *wrong;
	struct err why;

	f->v.hook_before = request_field(rq, "hook_before");
	f->v.hook_after = request_field(rq, "hook_after");
	if (name_check_hook(f->v.hook_before, &why) != 0)
		complaints_add(&f->wrong, "hook_before", arena_dup(rq->arena, why.text));
	if (name_check_hook(f->v.hook_after, &why) != 0)
		complaints_add(&f->wrong, "hook_after", arena_dup(rq->arena, why.text));
	if (*limit != '\0' && !num_parse(&f->v.hook_limit_s, limit, 1, HOOK_SECONDS_MAX)) {
		f->hook_limit = limit;
		complaints_add(&f->wrong, "hook_limit", "A hook may take 1 to 3600 seconds");
	}
	f->v.hook_code = request_field(rq, "hook_code");
	if (name_check_hook(f->v.hook_code, &why) != 0)
		complaints_add(&f->wrong, "hook_code", arena_dup(rq->arena, why.text));
	wrong = emails_read(&f->v.watchers, rq, "watchers");
	if (wrong != NULL)
		complaints_add(&f->wrong, "watchers", wrong);
}

/* What surrounds a consistent backup of it. */
static void
read_freeze(struct form *f, const struct request *rq)
{
	struct err why;

	f->v.hook_freeze = request_field(rq, "hook_freeze");
	f->v.hook_thaw = request_field(rq, "hook_thaw");
	f->freeze_seconds = request_field(rq, "freeze_seconds");
	if (name_check_hook(f->v.hook_freeze, &why) != 0)
		complaints_add(&f->wrong, "hook_freeze", arena_dup(rq->arena, why.text));
	if (name_check_hook(f->v.hook_thaw, &why) != 0)
		complaints_add(&f->wrong, "hook_thaw", arena_dup(rq->arena, why.text));
	else if (*f->v.hook_freeze != '\0' && *f->v.hook_thaw == '\0')
		complaints_add(&f->wrong, "hook_thaw",
		    "What is held must be let go again: name a hook for it");
	if (*f->freeze_seconds != '\0' &&
	    policy_check(POLICY_FREEZE_SECONDS, f->freeze_seconds, &why) != 0)
		complaints_add(&f->wrong, "freeze_seconds", arena_dup(rq->arena, why.text));
}

/* Its own cap, or the one that it inherits. */
static int
save_freeze(const struct form *f, const struct request *rq, struct err *e)
{
	const struct policy_place at = { LEVEL_ENVIRONMENT, f->v.id };

	return policies_set(rq->db, POLICY_FREEZE_SECONDS, &at,
	    *f->freeze_seconds == '\0' ? NULL : f->freeze_seconds,
	    rq->session != NULL ? rq->session->account.id : 0, e);
}

static int
send_new(struct reply *rp, const struct request *rq, const struct form *f,
    const struct project *project, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };

	page_begin(&p, rq, "environment_form.cs", "Add an environment");
	page_crumb(&p, "Projects", "/projects");
	page_crumb(&p, project->slug, arena_printf(rq->arena, "/p/%s", project->slug));
	page_crumb(&p, "Add an environment", NULL);
	show_environment_form(&p, &f->v);
	node_flag(p.root, "new", true);
	node_setf(p.root, "back", "/p/%s", project->slug);
	if (f->wrong.count > 0)
		page_errors(&p, rp, f->wrong.items, f->wrong.count);
	return page_send(rp, rq, &p, e);
}

/* The settings page; `stored` is what the address names, f what the form has. */
static int
send_settings(struct reply *rp, const struct request *rq, const struct form *f,
    const struct environment *stored, struct err *e)
{
	const struct policy_place at = { LEVEL_ENVIRONMENT, stored->id };
	CLEANUP_PAGE struct page p = { 0 };
	struct policy_pair cap;

	if (policies_pair(&cap, rq->arena, rq->db, POLICY_FREEZE_SECONDS, &at, e) != 0)
		return -1;
	if (envpage_begin(&p, rq, stored,
	        &(struct envpage){ "environment_form.cs", "Settings", "settings", true }, e) != 0)
		return -1;
	show_environment_form(&p, &f->v);
	node_set(p.root, "hook_limit.value", f->hook_limit);
	node_set(p.root, "freeze_seconds.value",
	    f->freeze_seconds != NULL ? f->freeze_seconds : cap.own.value);
	node_set(p.root, "freeze_seconds.inherited", cap.inherited.value);
	node_setf(p.root, "back", "/p/%s/%s/backups", stored->project_slug, stored->slug);
	node_setf(p.root, "pause.href", "/p/%s/%s/pause", stored->project_slug, stored->slug);
	node_flag(p.root, "pause.on", stored->paused);
	if (f->wrong.count > 0)
		page_errors(&p, rp, f->wrong.items, f->wrong.count);
	return page_send(rp, rq, &p, e);
}

/* Written to the trail; then to the environment's page. */
static int
leave(struct reply *rp, const struct request *rq, const struct environment *v,
    const struct event *what, struct err *e)
{
	struct event ev = *what;
	const char *said = ev.detail;

	ev.project = v->project;
	ev.environment = v->id;
	ev.target = v->slug;
	ev.detail = "";
	if (trail_add(rq, &ev, e) != 0)
		return -1;
	return reply_see_other(rp, "/p/%s/%s/%s?said=%s", v->project_slug, v->slug,
	    strcmp(said, "created") == 0 ? "backups" : "settings", said);
}

int
on_environment_new(struct reply *rp, struct request *rq, struct err *e)
{
	struct form f = { .v = { .name = "", .slug = "" } };
	struct project project;
	struct environment *others;
	size_t count;

	if (find_project(&project, rq, e) != 0 ||
	    environments_list(&others, &count, rq->arena, rq->db, project.id, e) != 0)
		return -1;
	/* The first one is live nearly always. */
	if (count == 0) {
		f.v.name = "Live";
		f.v.slug = "live";
	} else {
		f.v.kind = ENV_STAGING;
	}
	return send_new(rp, rq, &f, &project, e);
}

/* The same environment, added a moment ago: the button was pressed twice. */
static bool
is_repeated(const struct form *f, const struct request *rq, const struct project *project)
{
	struct environment there;
	struct err why;

	return environments_by_slug(&there, rq->arena, rq->db, project->slug, f->v.slug,
	           &why) == 0 &&
	    strcmp(there.name, f->v.name) == 0 && there.kind == f->v.kind &&
	    find_repeated(rq, there.created_at);
}

int
on_environment_create(struct reply *rp, struct request *rq, struct err *e)
{
	struct form f = { .wrong = { .count = 0 } };
	struct project project;
	struct err why;

	if (find_project(&project, rq, e) != 0)
		return -1;
	read_form(&f, rq);
	f.v.project = project.id;
	if (f.wrong.count > 0)
		return send_new(rp, rq, &f, &project, e);
	if (environments_add(&f.v, rq->db, &why) != 0) {
		if (why.kind != ERR_CONFLICT) {
			*e = why;
			return -1;
		}
		if (is_repeated(&f, rq, &project))
			return reply_see_other(rp, "/p/%s/%s/backups?said=created", project.slug,
			    f.v.slug);
		complaints_add(&f.wrong, "slug", why.text);
		return send_new(rp, rq, &f, &project, e);
	}
	f.v.project_slug = project.slug;
	return leave(rp, rq, &f.v,
	    &(struct event){ .action = "environment.added", .detail = "created" }, e);
}

int
on_environment_settings(struct reply *rp, struct request *rq, struct err *e)
{
	struct form f = { .wrong = { .count = 0 } };

	if (find_environment(&f.v, rq, e) != 0)
		return -1;
	return send_settings(rp, rq, &f, &f.v, e);
}

/* Without its hook a freeze would end in the catalogue alone. Another hook may be what lets it go
 * when the first fails. */
static int
refuse_held(struct form *f, const struct request *rq, struct err *e)
{
	struct freeze_row row;

	if (freezes_of(&row, rq->arena, rq->db, f->v.id, e) != 0)
		return -1;
	if (row.at != 0)
		complaints_add(&f->wrong, "hook_thaw",
		    "The application is held for a backup, and this hook is "
		    "to let it go: take it away when that is over");
	return 0;
}

int
on_environment_save(struct reply *rp, struct request *rq, struct err *e)
{
	struct form f = { .wrong = { .count = 0 } };
	struct environment stored;
	struct err why;

	if (find_environment(&stored, rq, e) != 0)
		return -1;
	f.v = stored;
	read_form(&f, rq);
	read_restores(&f, rq);
	read_freeze(&f, rq);
	if (*f.v.hook_thaw == '\0' && *stored.hook_thaw != '\0' && refuse_held(&f, rq, e) != 0)
		return -1;
	if (f.wrong.count > 0)
		return send_settings(rp, rq, &f, &stored, e);
	if (environments_update(&f.v, rq->db, &why) != 0) {
		if (why.kind != ERR_CONFLICT) {
			*e = why;
			return -1;
		}
		complaints_add(&f.wrong, "slug", why.text);
		return send_settings(rp, rq, &f, &stored, e);
	}
	if (save_freeze(&f, rq, e) != 0)
		return -1;
	return leave(rp, rq, &f.v,
	    &(struct event){ .action = "environment.changed", .detail = "saved" }, e);
}

int
on_environment_pause(struct reply *rp, struct request *rq, struct err *e)
{
	struct environment v;

	if (find_environment(&v, rq, e) != 0)
		return -1;
	v.paused = strcmp(request_field(rq, "paused"), "0") != 0;
	if (environments_update(&v, rq->db, e) != 0)
		return -1;
	return leave(rp, rq, &v, &(struct event){
	    .action = v.paused ? "environment.paused" : "environment.resumed",
	    .detail = v.paused ? "paused" : "resumed" }, e);
}

int
on_environment_activity(struct reply *rp, struct request *rq, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	struct environment v;
	struct event *events;
	int64_t after;
	size_t count;

	if (!num_parse(&after, request_query(rq, "after"), 1, INT64_MAX))
		after = 0;
	if (find_environment(&v, rq, e) != 0 ||
	    events_list(&events, &count, rq->arena, rq->db, v.id, after, e) != 0)
		return -1;
	if (envpage_begin(&p, rq, &v,
	        &(struct envpage){ "activity.cs", "Activity", "activity", true }, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		show_activity_row(node_add(p.root, "events"), &events[i], rq->now);
	if (count == EVENT_ROWS)
		node_setf(p.root, "pager.older", "/p/%s/%s/activity?after=%" PRId64, v.project_slug,
		    v.slug, events[count - 1].id);
	if (after != 0)
		node_setf(p.root, "pager.newer", "/p/%s/%s/activity", v.project_slug, v.slug);
	return page_send(rp, rq, &p, e);
}
