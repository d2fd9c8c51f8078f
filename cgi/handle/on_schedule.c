/* on_schedule.c: the schedules of an environment, a project and the instance; all plans. */
#include "cgi/handle/on_schedule.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cgi/handle/envpage.h"
#include "cgi/handle/find.h"
#include "cgi/handle/policyplace.h"
#include "cgi/handle/schedpage.h"
#include "cgi/handle/trail.h"
#include "cgi/page/mark.h"
#include "cgi/page/show_csv.h"
#include "cgi/page/show_schedule.h"
#include "lib/base/num.h"
#include "lib/model/calendar.h"
#include "lib/store/backups.h"
#include "lib/store/policies.h"
#include "lib/store/retention.h"

/* What most sites use. */
enum { USUAL_SPREAD = 15, PAUSE_DAYS_MAX = 366 };

/* -- lists -- */

/* Those that hold in an environment, own or inherited. */
static int
plans_of(struct page *p, const struct request *rq, const struct spot *at, struct err *e)
{
	struct zoneset set = { .arena = rq->arena };
	struct schedule_plan *plans;
	size_t count;

	if (plans_list(&plans, &count, rq->arena, rq->db, at->v.id, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		show_schedule_plan(node_add(p->root, "schedules"), &set, &plans[i], rq->now);
	node_flag(p->root, "inherited", count > 0 && plans[0].schedule.environment == 0);
	if (count > 0 && plans[0].schedule.project != 0)
		node_setf(p->root, "origin", "/p/%s/-/schedule", at->v.project_slug);
	else if (count > 0)
		node_set(p->root, "origin", "/schedule");
	return 0;
}

/* Those that a project or the instance sets for what is below. */
static int
items_of(struct page *p, const struct request *rq, const struct spot *at, struct err *e)
{
	struct schedule *list;
	size_t count;

	if (schedules_at(&list, &count, rq->arena, rq->db, &at->at, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		show_schedule_item(node_add(p->root, "schedules"), rq->arena, &list[i],
		    list[i].zone, rq->now);
	return 0;
}

static int
send_list(struct reply *rp, const struct request *rq, const struct spot *at, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };

	if (schedpage_begin(&p, rq, at, &(struct schedpage){ "schedule.cs", "Schedule", NULL },
	        e) != 0)
		return -1;
	node_flag(p.root, "of_environment", at->at.environment != 0);
	if ((at->at.environment != 0 ? plans_of(&p, rq, at, e) : items_of(&p, rq, at, e)) != 0)
		return -1;
	return page_send(rp, rq, &p, e);
}

int
on_schedule_list(struct reply *rp, struct request *rq, struct err *e)
{
	struct spot at;

	return schedpage_environment(&at, rq, e) != 0 ? -1 : send_list(rp, rq, &at, e);
}

int
on_schedule_list_project(struct reply *rp, struct request *rq, struct err *e)
{
	struct spot at;

	return schedpage_project(&at, rq, e) != 0 ? -1 : send_list(rp, rq, &at, e);
}

int
on_schedule_list_instance(struct reply *rp, struct request *rq, struct err *e)
{
	struct spot at;

	schedpage_instance(&at);
	return send_list(rp, rq, &at, e);
}

int
on_schedule_plans(struct reply *rp, struct request *rq, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	struct zoneset set = { .arena = rq->arena };
	struct schedule_plan *plans;
	size_t count;

	if (plans_list(&plans, &count, rq->arena, rq->db, 0, e) != 0)
		return -1;
	page_begin(&p, rq, "plans.cs", "Plans");
	page_crumb(&p, "Plans", NULL);
	if (envpage_worker(&p, rq, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		show_schedule_plan(node_add(p.root, "plans"), &set, &plans[i], rq->now);
	return page_send(rp, rq, &p, e);
}

int
on_schedule_plans_csv(struct reply *rp, struct request *rq, struct err *e)
{
	struct zoneset set = { .arena = rq->arena };
	struct schedule_plan *plans;
	size_t count;

	if (plans_list(&plans, &count, rq->arena, rq->db, 0, e) != 0)
		return -1;
	show_csv_begin(rp, "plans", rq->now);
	show_csv_plans_head(rp);
	for (size_t i = 0; i < count && show_csv_room(rp); i++)
		show_csv_plan(rp, &set, &plans[i], rq->now);
	return 0;
}

/* -- acts -- */

/* Noted in the trail. */
static int
note(const struct request *rq, const struct spot *at, const struct schedule *s, const char *action,
    struct err *e)
{
	return trail_add(rq, &(struct event){ .action = action, .project = at->in_project,
	    .environment = at->in_environment, .target = s->name, .detail = s->cron }, e);
}

static int
add_usual(struct reply *rp, const struct request *rq, const struct spot *at, struct err *e)
{
	struct schedule s = { .project = at->at.project, .environment = at->at.environment,
		.name = "Every night", .cron = SCHEDULE_USUAL, .zone = "",
		.spread_min = USUAL_SPREAD };
	struct schedule *there;
	size_t count;

	if (schedules_at(&there, &count, rq->arena, rq->db, &at->at, e) != 0)
		return -1;
	/* The button is only there as long as there is none: it was pressed twice. */
	if (count == 0 && (schedules_add(&s, rq->db, e) != 0 ||
	        note(rq, at, &s, "schedule.added", e) != 0))
		return -1;
	return reply_see_other(rp, "%s/schedule?said=created", at->base);
}

int
on_schedule_usual(struct reply *rp, struct request *rq, struct err *e)
{
	struct spot at;

	return schedpage_environment(&at, rq, e) != 0 ? -1 : add_usual(rp, rq, &at, e);
}

int
on_schedule_usual_project(struct reply *rp, struct request *rq, struct err *e)
{
	struct spot at;

	return schedpage_project(&at, rq, e) != 0 ? -1 : add_usual(rp, rq, &at, e);
}

int
on_schedule_usual_instance(struct reply *rp, struct request *rq, struct err *e)
{
	struct spot at;

	schedpage_instance(&at);
	return add_usual(rp, rq, &at, e);
}

/* The one in the path, which must hold in the environment of the path. */
static int
find_held(struct schedule *ret, const struct request *rq, const struct environment *v,
    struct err *e)
{
	struct schedule *held;
	size_t count;
	int64_t id;

	if (!name_id_parse(&id, NAME_SCHEDULE, rq->args[2]))
		return err_set(e, ERR_NOT_FOUND, "there is no such schedule");
	if (schedules_of(&held, &count, rq->arena, rq->db, v->id, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (held[i].id == id) {
			*ret = held[i];
			return 0;
		}
	return err_set(e, ERR_NOT_FOUND, "%s/%s has no such schedule", v->project_slug, v->slug);
}

int
on_schedule_run(struct reply *rp, struct request *rq, struct err *e)
{
	struct schedule_run_request ask = { .key = find_key(rq),
		.requested_by = rq->session != NULL ? rq->session->account.id : 0 };
	struct schedule s = { .id = 0 };
	struct spot at;
	int64_t backup, job;

	if (schedpage_environment(&at, rq, e) != 0 || find_held(&s, rq, &at.v, e) != 0 ||
	    find_earlier(&job, rq, e) != 0)
		return -1;
	if (job != 0)
		return reply_see_other(rp, "/j/j%" PRId64, job);
	ask.schedule = s.id;
	ask.environment = at.v.id;
	if (plans_run_now(&backup, rq->db, &ask, e) != 0 ||
	    note(rq, &at, &s, "schedule.run", e) != 0)
		return -1;
	return reply_see_other(rp, "/b/b%" PRId64 "?said=appended", backup);
}

int
on_schedule_switch(struct reply *rp, struct request *rq, struct err *e)
{
	bool on = strcmp(request_field(rq, "on"), "1") == 0;
	struct schedule s;
	struct spot at;

	if (schedpage_find(&s, &at, rq, e) != 0 ||
	    schedules_switch(rq->db, s.id, on,
	        rq->session != NULL ? rq->session->account.id : 0, e) != 0 ||
	    note(rq, &at, &s, on ? "schedule.on" : "schedule.off", e) != 0)
		return -1;
	return reply_see_other(rp, "%s/schedule?said=%s", at.base,
	    on ? "schedule-on" : "schedule-off");
}

/* "2026-11-30" as a day; false when it is none. */
static bool
read_day(int64_t *ret, const char *text)
{
	int year, month, day, end = 0;

	if (strlen(text) != 10 || sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &end) != 3 ||
	    end != 10 || year < 1970 || year > 9999 || month < 1 || month > 12 || day < 1 ||
	    day > calendar_month_length(year, month))
		return false;
	*ret = calendar_day(year, month, day);
	return true;
}

/* The first moment of a day by the clock of that place. */
static int
begin_of_day(int64_t *ret, const struct request *rq, const struct schedule *s, int64_t day,
    struct err *e)
{
	struct zoneset set = { .arena = rq->arena };
	const struct policy_place place = s->environment != 0
	    ? (struct policy_place){ LEVEL_ENVIRONMENT, s->environment }
	    : s->project != 0 ? (struct policy_place){ LEVEL_PROJECT, s->project }
	                      : (struct policy_place){ LEVEL_INSTANCE, 0 };
	int64_t at[2], local = day * CALENDAR_DAY;
	const char *name = s->zone;
	struct policy_pair pair;
	struct zone *zone;

	if (*name == '\0') {
		if (policies_pair(&pair, rq->arena, rq->db, POLICY_ZONE, &place, e) != 0)
			return -1;
		name = pair.own.value != NULL ? pair.own.value : pair.inherited.value;
	}
	zone = zoneset_any(&set, name);
	/* Where midnight is skipped, the first hour that is not. */
	while (zone_instants(at, zone, local) == 0)
		local += CALENDAR_HOUR;
	*ret = at[0];
	return 0;
}

int
on_schedule_pause(struct reply *rp, struct request *rq, struct err *e)
{
	const char *until = request_field(rq, "until");
	struct schedule s;
	struct spot at;
	int64_t day, moment = 0;

	if (schedpage_find(&s, &at, rq, e) != 0)
		return -1;
	if (*until != '\0') {
		if (!read_day(&day, until))
			return err_set(e, ERR_INPUT, "Pause until must be a date like 2026-11-30,"
			    " you wrote %.40s", until);
		if (begin_of_day(&moment, rq, &s, day, e) != 0)
			return -1;
		if (moment <= rq->now || moment > rq->now + PAUSE_DAYS_MAX * CALENDAR_DAY)
			return err_set(e, ERR_INPUT,
			    "Pause until must be a day of the coming year, you wrote %s", until);
	}
	if (schedules_pause(rq->db, s.id, moment, e) != 0 ||
	    note(rq, &at, &s, moment != 0 ? "schedule.paused" : "schedule.resumed", e) != 0)
		return -1;
	return reply_see_other(rp, "%s/schedule?said=%s", at.base,
	    moment != 0 ? "schedule-paused" : "resumed");
}

/* -- removing -- */

/* One that goes, with its backups and what goes of all when they are kept without its keeps. */
struct removal {
	struct schedule s;
	struct spot at;
	int64_t *backups;
	size_t count;
	bool weighed;                 /* it has keeps of its own */
	struct retention_impact impact;
	struct field_error wrong;     /* text NULL: nothing */
};

static int
find_removal(struct removal *r, const struct request *rq, struct err *e)
{
	*r = (struct removal){ .count = 0 };
	if (schedpage_find(&r->s, &r->at, rq, e) != 0 ||
	    schedules_backups(&r->backups, &r->count, rq->arena, rq->db, r->s.id, e) != 0)
		return -1;
	r->weighed = *r->s.keep != '\0';
	return !r->weighed ? 0
	                   : retention_schedule_impact(&r->impact, rq->arena, rq->db,
	                         &(struct retention_schedule_change){ r->s.id, "", rq->now }, e);
}

static int
send_removal(struct reply *rp, const struct request *rq, const struct removal *r, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };

	if (schedpage_begin(&p, rq, &r->at,
	        &(struct schedpage){ "schedule_remove.cs", "Remove a schedule", "Remove" }, e) != 0)
		return -1;
	show_schedule_item(node_at(p.root, "s"), rq->arena, &r->s, r->s.zone, rq->now);
	if (r->count > 0)
		mark_count(p.root, "count", (int64_t)r->count);
	node_flag(p.root, "own", r->weighed);
	if (r->impact.go_count > 0) {
		node_setf(p.root, "go_count", "%zu", r->impact.go_count);
		page_size(p.root, "go_size", r->impact.go_bytes);
		node_set(p.root, "list", r->impact.list);
	}
	if (r->wrong.text != NULL)
		page_errors(&p, rp, &r->wrong, 1);
	return page_send(rp, rq, &p, e);
}

int
on_schedule_remove_form(struct reply *rp, struct request *rq, struct err *e)
{
	struct removal r;

	return find_removal(&r, rq, e) != 0 ? -1 : send_removal(rp, rq, &r, e);
}

/* Those that may go go to the trash; one that is in use at this moment stays. */
static int
trash(const struct request *rq, const struct spot *at, const int64_t *backups, size_t count,
    struct err *e)
{
	char id[NAME_ID_SIZE];
	struct err why;

	for (size_t i = 0; i < count; i++) {
		if (backups_trash(rq->db, backups[i], &why) != 0) {
			if (why.kind == ERR_CONFLICT)
				continue;
			*e = why;
			return -1;
		}
		name_id(id, NAME_BACKUP, backups[i]);
		if (trail_add(rq, &(struct event){ .action = "backup.deleted",
		        .project = at->in_project, .environment = at->in_environment,
		        .target = id, .detail = "with its schedule" }, e) != 0)
			return -1;
	}
	return 0;
}

int
on_schedule_remove(struct reply *rp, struct request *rq, struct err *e)
{
	bool archives = strcmp(request_field(rq, "backups"), "delete") == 0, weighed;
	struct schedule_seen seen = { .now = rq->now };
	struct removal r;
	struct err why;

	if (find_removal(&r, rq, e) != 0)
		return -1;
	if (archives && !role_has(rq->session != NULL ? rq->session->account.role : ROLE_VIEWER,
	        RIGHT_DELETE))
		return err_set(e, ERR_DENIED, "Your role may not delete backups.");
	weighed = r.weighed && !archives;
	seen.list = r.impact.list;
	if (weighed)
		r.wrong = (struct field_error){ "typed",
			policyplace_typed(rq, r.impact.list, r.impact.go_count) };
	if (r.wrong.text != NULL)
		return send_removal(rp, rq, &r, e);
	if (schedules_remove(rq->db, r.s.id, weighed ? &seen : NULL, &why) != 0) {
		*e = why;
		if (why.kind != ERR_CONFLICT)
			return -1;
		r.wrong = (struct field_error){ "", page_sentence(rq, why.text) };
		return send_removal(rp, rq, &r, e);
	}
	if (note(rq, &r.at, &r.s, "schedule.removed", e) != 0 ||
	    (archives && trash(rq, &r.at, r.backups, r.count, e) != 0))
		return -1;
	return reply_see_other(rp, "%s/schedule?said=schedule-removed", r.at.base);
}
