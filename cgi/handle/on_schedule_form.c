/* on_schedule_form.c: a new schedule, or the settings of one, and what it would do. */
#include "cgi/handle/on_schedule_form.h"

#include <inttypes.h>
#include <string.h>

#include "cgi/handle/find.h"
#include "cgi/handle/policyplace.h"
#include "cgi/handle/schedpage.h"
#include "cgi/handle/trail.h"
#include "cgi/page/complaints.h"
#include "cgi/page/show_schedule.h"
#include "lib/base/num.h"
#include "lib/model/cron_read.h"
#include "lib/model/retain_note.h"
#include "lib/model/retain_preset.h"
#include "lib/model/spread.h"
#include "lib/store/plans.h"
#include "lib/store/policies.h"
#include "lib/store/projects.h"
#include "lib/store/retention.h"

enum { NEAR_MS = 5 * 60 * 1000 };

/* The form as it was typed, what it means, and what is wrong in it. */
struct form {
	struct schedule_form f;
	struct schedule s;
	struct service *services;
	bool *chosen;
	struct complaints wrong;
	const char *old_keep;         /* of one that is there */
	bool looked;                  /* at what other keeps would let go */
	struct retention_impact impact;
};

/* -- reading -- */

/* The services that can be chosen: of this environment, without what lies beside another. */
static int
list_services(struct form *f, const struct request *rq, const struct spot *at, struct err *e)
{
	size_t count, n = 0;

	f->f.of_environment = at->at.environment != 0;
	if (at->at.environment == 0)
		return 0;
	if (services_list(&f->services, &count, rq->arena, rq->db, at->v.id, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (f->services[i].made_by == 0)
			f->services[n++] = f->services[i];
	f->chosen = arena_array(rq->arena, n + 1, sizeof *f->chosen);
	f->f.services = f->services;
	f->f.chosen = f->chosen;
	f->f.service_count = n;
	return 0;
}

static void
mark_chosen(struct form *f, const struct schedule *s)
{
	for (size_t i = 0; i < f->f.service_count; i++)
		for (size_t j = 0; j < s->service_count; j++)
			f->chosen[i] = f->chosen[i] || f->services[i].id == s->services[j];
}

static int
read_services(struct form *f, const struct request *rq, struct err *e)
{
	int64_t *ids = arena_array(rq->arena, f->f.service_count + 1, sizeof *ids);
	const char **words;
	size_t count = request_fields(&words, rq, "services"), n = 0;

	for (size_t i = 0; i < f->f.service_count; i++)
		for (size_t j = 0; j < count; j++)
			if (strcmp(words[j], f->services[i].slug) == 0 && !f->chosen[i]) {
				f->chosen[i] = true;
				ids[n++] = f->services[i].id;
			}
	if (n < count)
		return err_set(e, ERR_INPUT, "A service was chosen that cannot be backed up here:"
		    " it is gone, or belongs to another environment");
	/* All of them is the same as none: then those that come later are in it too. */
	f->s.services = ids;
	f->s.service_count = n == f->f.service_count ? 0 : n;
	return 0;
}

/* "02:30" */
static bool
read_time(int *hour, int *minute, const char *text)
{
	const char *colon = strchr(text, ':');
	char part[4] = "";
	int64_t h, m;

	if (colon == NULL || colon == text || colon - text > 2 || strlen(colon + 1) != 2)
		return false;
	memcpy(part, text, (size_t)(colon - text));
	if (!num_parse(&h, part, 0, 23) || !num_parse(&m, colon + 1, 0, 59))
		return false;
	*hour = (int)h;
	*minute = (int)m;
	return true;
}

/* The pickers as a cron expression. */
static void
read_simple(struct form *f, const struct request *rq, enum cron_every every)
{
	struct cron_simple simple = CRON_SIMPLE_DEFAULT;
	const char *day = request_field(rq, "day");
	char text[CRON_SIMPLE_SIZE];
	int64_t n;
	struct err why;

	simple.every = every;
	if (every == CRON_EVERY_HOUR) {
		if (!num_parse(&n, f->f.minute, 0, 59)) {
			complaints_add(&f->wrong, "minute", arena_printf(rq->arena,
			    "Minute must be 0\u201359, you wrote %.40s",
			    *f->f.minute != '\0' ? f->f.minute : "nothing"));
			return;
		}
		simple.minute = (int)n;
	} else if (!read_time(&simple.hour, &simple.minute, f->f.time)) {
		complaints_add(&f->wrong, "time", arena_printf(rq->arena,
		    "Time must be like 02:30, you wrote %.40s",
		    *f->f.time != '\0' ? f->f.time : "nothing"));
		return;
	}
	if (num_parse(&n, request_field(rq, "weekday"), 0, 7))
		simple.weekday = (int)n;
	if (strcmp(day, "last") == 0)
		simple.day = CRON_LAST_DAY;
	else if (num_parse(&n, day, 1, 31))
		simple.day = (int)n;
	if (cron_simple_text(text, &simple, &why) != 0)
		complaints_add(&f->wrong, "every", arena_dup(rq->arena, why.text));
	else
		f->s.cron = arena_dup(rq->arena, text);
}

static const char *
or(const char *text, const char *otherwise)
{
	return *text != '\0' ? text : otherwise;
}

/* What was typed, wherever it came from: `field` is request_field() or request_query(). */
static void
read_words(struct form *f, const struct request *rq,
    const char *(*field)(const struct request *rq, const char *name))
{
	f->f.name = field(rq, "name");
	f->f.every = or(field(rq, "every"), "day");
	f->f.minute = field(rq, "minute");
	f->f.time = field(rq, "time");
	f->f.weekday = or(field(rq, "weekday"), "1");
	f->f.day = or(field(rq, "day"), "1");
	f->f.cron = field(rq, "cron");
	f->f.zone = field(rq, "zone");
	f->f.spread = field(rq, "spread");
	f->f.consistent = strcmp(field(rq, "mode"), "consistent") == 0;
	f->f.all_kinds = strcmp(field(rq, "kinds"), "all") == 0;
	f->f.keep = or(field(rq, "keep"), "inherit");
	f->f.keep_n = field(rq, "keep_n");
	f->f.keep_line = field(rq, "keep_line");
	f->f.notify = or(field(rq, "notify"), schedule_notify_name(NOTIFY_CHANNELS));
}

/* The line of its keeps, "" as inherited. */
static void
read_keep(struct form *f, const struct request *rq)
{
	bool own = strcmp(f->f.keep, "own") == 0;
	enum retain_preset preset;
	struct retain_rule rule;
	struct err why;
	int64_t n;

	f->s.keep = "";
	if (strcmp(f->f.keep, "inherit") == 0)
		return;
	if (!own && !retain_preset_parse(&preset, f->f.keep)) {
		complaints_add(&f->wrong, "keep", "Choose how long its backups stay");
		return;
	}
	if (own && retain_rule_parse_keeps(&rule, f->f.keep_line, &why) != 0) {
		complaints_add(&f->wrong, "keep_line", arena_dup(rq->arena, why.text));
		return;
	}
	if (!own && retain_preset_typed(&n, preset, f->f.keep_n, &why) != 0) {
		complaints_add(&f->wrong, "keep_n", arena_dup(rq->arena, why.text));
		return;
	}
	if (!own)
		rule = retain_preset_rule(preset, n);
	f->s.keep = retain_rule_text_keeps(rq->arena, &rule);
}

/* The words into f->s, with all that is wrong. */
static void
understand(struct form *f, const struct request *rq)
{
	struct field_error faults[SCHEDULE_ERRORS_MAX];
	enum cron_every every;
	int64_t spread = 0;
	size_t count;
	bool picked = cron_simple_parse(&every, f->f.every);

	f->s.name = f->f.name;
	f->s.cron = f->f.cron;
	f->s.zone = f->f.zone;
	f->s.mode = f->f.consistent ? MODE_CONSISTENT : MODE_LIVE;
	f->s.all_kinds = f->f.all_kinds;
	if (picked) {
		f->s.cron = "@daily";
		read_simple(f, rq, every);
	}
	if (*f->f.spread != '\0' && !num_parse(&spread, f->f.spread, 0, SPREAD_MAX))
		complaints_add(&f->wrong, "spread", arena_printf(rq->arena,
		    "Spread must be 0 to %d minutes, you wrote %.40s", SPREAD_MAX, f->f.spread));
	f->s.spread_min = (int)spread;
	if (!schedule_notify_parse(&f->s.notify, f->f.notify))
		complaints_add(&f->wrong, "notify", "Choose when to tell of its backups");
	read_keep(f, rq);
	count = schedule_check(faults, rq->arena, &f->s);
	for (size_t i = 0; i < count; i++)
		complaints_add(&f->wrong, faults[i].field, faults[i].text);
}

/* -- showing -- */

/* The zone it would run by. */
static int
zone_of(struct zone **ret, struct zoneset *set, const struct request *rq, const struct schedule *s,
    struct err *e)
{
	struct policy p = { s->zone, LEVEL_DEFAULT };

	if (*s->zone == '\0' &&
	    policies_get(&p, rq->arena, rq->db, POLICY_ZONE, s->environment, e) != 0)
		return -1;
	*ret = zoneset_any(set, p.value);
	return 0;
}

/* How many other schedules run within five minutes of an instant. */
static int
count_others(size_t *ret, struct zoneset *set, const struct request *rq, int64_t self, int64_t at,
    struct err *e)
{
	struct schedule_plan *plans;
	size_t count;

	if (plans_list(&plans, &count, rq->arena, rq->db, 0, e) != 0)
		return -1;
	*ret = 0;
	for (size_t i = 0; i < count; i++) {
		const struct schedule_plan *p = &plans[i];
		const struct zone *z = zoneset_any(set, p->zone);
		int64_t late = spread_minutes(p->schedule.uuid, p->environment_uuid,
		    p->schedule.spread_min) * CALENDAR_MINUTE;
		struct cron_run run;
		struct cron c;
		struct err why;

		if (p->schedule.id == self || !p->schedule.enabled || p->environment_paused ||
		    p->schedule.paused_until > at ||
		    cron_read(&c, p->schedule.cron, 0, &why) != 0)
			continue;
		*ret += cron_next(&run, &c, z, at - NEAR_MS - late - 1) &&
		    run.at + late <= at + NEAR_MS;
	}
	return 0;
}

static int
add_preview(struct page *p, const struct request *rq, const struct schedule *s, struct err *e)
{
	struct zoneset set = { .arena = rq->arena };
	struct schedule_preview v = { .spread_min = s->spread_min, .now = rq->now };
	struct cron_run first;
	struct zone *zone;
	struct cron c;

	if (cron_read(&c, s->cron, SCHEDULE_SHORTEST, e) != 0 ||
	    zone_of(&zone, &set, rq, s, e) != 0)
		return -1;
	v.cron = &c;
	v.zone = zone;
	if (cron_next(&first, &c, zone, rq->now) &&
	    count_others(&v.others, &set, rq, s->id, first.at, e) != 0)
		return -1;
	show_schedule_preview(p, rq->arena, &v);
	return 0;
}

/* What holds for its backups as long as it has no keeps of its own. */
static int
find_inherited(struct form *f, const struct request *rq, const struct spot *at, struct err *e)
{
	struct retain_rule rule;
	struct policy p;

	if (at->at.environment == 0)
		return 0;
	if (policies_get(&p, rq->arena, rq->db, POLICY_RETENTION, at->at.environment, e) != 0 ||
	    retain_rule_parse(&rule, p.value, e) != 0)
		return -1;
	f->f.inherited = arena_printf(rq->arena, "It %s", retain_rule_words(rq->arena, &rule));
	return 0;
}

static void
show_keeps(struct page *p, const struct request *rq, const struct form *f)
{
	struct retain_result sum = { .go_count = f->impact.go_count,
		.go_bytes = f->impact.go_bytes };

	node_flag(p->root, "looked", f->looked);
	if (!f->looked)
		return;
	node_set(p->root, "saving", retain_note_saving(rq->arena, &sum));
	node_set(p->root, "list", f->impact.list);
	node_setf(p->root, "go_count", "%zu", f->impact.go_count);
}

static int
send_form(struct reply *rp, const struct request *rq, struct form *f, const struct spot *at,
    struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	bool new = f->s.id == 0;

	if (find_inherited(f, rq, at, e) != 0 ||
	    schedpage_begin(&p, rq, at,
	        &(struct schedpage){ "schedule_form.cs", new ? "Add a schedule" : "Edit a schedule",
	            new ? "Add" : "Edit" }, e) != 0)
		return -1;
	show_schedule_form(&p, &f->f);
	show_keeps(&p, rq, f);
	node_flag(p.root, "new", new);
	if (!new)
		node_int(p.root, "revision", f->s.revision);
	if (f->wrong.count > 0)
		page_errors(&p, rp, f->wrong.items, f->wrong.count);
	else if (add_preview(&p, rq, &f->s, e) != 0)
		return -1;
	return page_send(rp, rq, &p, e);
}

/* -- a new one -- */

static int
new_form(struct reply *rp, const struct request *rq, const struct spot *at, struct err *e)
{
	struct form f = { .s = { .project = at->at.project, .environment = at->at.environment,
	    .name = "Every night", .cron = SCHEDULE_USUAL, .zone = "", .spread_min = 15 } };

	if (list_services(&f, rq, at, e) != 0)
		return -1;
	show_schedule_fill(&f.f, rq->arena, &f.s);
	return send_form(rp, rq, &f, at, e);
}

/* The one that this form has made a moment ago, pressed twice. */
static int
is_repeated(bool *ret, const struct request *rq, const struct spot *at, const struct schedule *s,
    struct err *e)
{
	struct schedule *there;
	size_t count;

	*ret = false;
	if (schedules_at(&there, &count, rq->arena, rq->db, &at->at, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		*ret = *ret || (strcmp(there[i].name, s->name) == 0 &&
		    strcmp(there[i].cron, s->cron) == 0 &&
		    find_repeated(rq, there[i].created_at));
	return 0;
}

/* Written, or the form again; `failed` is what schedules_add() and _update() gave. */
static int
leave(struct reply *rp, const struct request *rq, struct form *f, const struct spot *at,
    struct err *e)
{
	const struct schedule_seen seen = { rq->now, f->impact.list };
	bool new = f->s.id == 0, repeated = false;
	struct err why;

	if (new && is_repeated(&repeated, rq, at, &f->s, e) != 0)
		return -1;
	if (repeated)
		return reply_see_other(rp, "%s/schedule?said=created", at->base);
	if ((new ? schedules_add(&f->s, rq->db, &why)
	         : schedules_update(&f->s, f->looked ? &seen : NULL, rq->db, &why)) != 0) {
		if (why.kind != ERR_CONFLICT && why.kind != ERR_INPUT) {
			*e = why;
			return -1;
		}
		complaints_add(&f->wrong, "", page_sentence(rq, why.text));
		return send_form(rp, rq, f, at, e);
	}
	if (trail_add(rq, &(struct event){ .action = new ? "schedule.added" : "schedule.changed",
	        .project = at->in_project, .environment = at->in_environment,
	        .target = f->s.name, .detail = f->s.cron }, e) != 0)
		return -1;
	return reply_see_other(rp, "%s/schedule?said=%s", at->base, new ? "created" : "saved");
}

/* Other keeps may let backups go: saving them asks for their number, as a rule does. */
static int
weigh(struct form *f, const struct request *rq, bool save, struct err *e)
{
	const char *wrong;

	if (f->s.id == 0 || strcmp(f->s.keep, f->old_keep) == 0)
		return 0;
	if (retention_schedule_impact(&f->impact, rq->arena, rq->db,
	        &(struct retention_schedule_change){ f->s.id, f->s.keep, rq->now }, e) != 0)
		return -1;
	f->looked = true;
	wrong = save ? policyplace_typed(rq, f->impact.list, f->impact.go_count) : NULL;
	if (wrong != NULL)
		complaints_add(&f->wrong, "typed", wrong);
	return 0;
}

/* What was sent, understood; then shown again, or written. */
static int
take(struct reply *rp, struct request *rq, struct form *f, const struct spot *at, struct err *e)
{
	bool save = *request_field(rq, "preview") == '\0';
	struct err why;

	read_words(f, rq, request_field);
	if (list_services(f, rq, at, e) != 0)
		return -1;
	understand(f, rq);
	if (read_services(f, rq, &why) != 0)
		complaints_add(&f->wrong, "services", arena_dup(rq->arena, why.text));
	if (f->wrong.count == 0 && weigh(f, rq, save, e) != 0)
		return -1;
	if (f->wrong.count > 0 || !save)
		return send_form(rp, rq, f, at, e);
	return leave(rp, rq, f, at, e);
}

static int
create(struct reply *rp, struct request *rq, const struct spot *at, struct err *e)
{
	struct form f = { .s = { .project = at->at.project, .environment = at->at.environment } };

	return take(rp, rq, &f, at, e);
}

int
on_schedule_form_new(struct reply *rp, struct request *rq, struct err *e)
{
	struct spot at;

	return schedpage_environment(&at, rq, e) != 0 ? -1 : new_form(rp, rq, &at, e);
}

int
on_schedule_form_new_project(struct reply *rp, struct request *rq, struct err *e)
{
	struct spot at;

	return schedpage_project(&at, rq, e) != 0 ? -1 : new_form(rp, rq, &at, e);
}

int
on_schedule_form_new_instance(struct reply *rp, struct request *rq, struct err *e)
{
	struct spot at;

	schedpage_instance(&at);
	return new_form(rp, rq, &at, e);
}

int
on_schedule_form_create(struct reply *rp, struct request *rq, struct err *e)
{
	struct spot at;

	return schedpage_environment(&at, rq, e) != 0 ? -1 : create(rp, rq, &at, e);
}

int
on_schedule_form_create_project(struct reply *rp, struct request *rq, struct err *e)
{
	struct spot at;

	return schedpage_project(&at, rq, e) != 0 ? -1 : create(rp, rq, &at, e);
}

int
on_schedule_form_create_instance(struct reply *rp, struct request *rq, struct err *e)
{
	struct spot at;

	schedpage_instance(&at);
	return create(rp, rq, &at, e);
}

/* -- one that is there -- */

int
on_schedule_form_edit(struct reply *rp, struct request *rq, struct err *e)
{
	struct form f = { .wrong = { .count = 0 } };
	struct spot at;

	if (schedpage_find(&f.s, &at, rq, e) != 0 || list_services(&f, rq, &at, e) != 0)
		return -1;
	show_schedule_fill(&f.f, rq->arena, &f.s);
	mark_chosen(&f, &f.s);
	return send_form(rp, rq, &f, &at, e);
}

int
on_schedule_form_save(struct reply *rp, struct request *rq, struct err *e)
{
	struct form f = { .wrong = { .count = 0 } };
	struct spot at;

	if (schedpage_find(&f.s, &at, rq, e) != 0)
		return -1;
	if (!num_parse(&f.s.revision, request_field(rq, "revision"), 1, INT64_MAX))
		f.s.revision = 0;
	f.old_keep = f.s.keep;
	return take(rp, rq, &f, &at, e);
}

/* -- while one types -- */

static int
send_preview(struct reply *rp, const struct request *rq, const struct spot *at, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	struct form f = { .s = { .environment = at->at.environment } };

	read_words(&f, rq, request_query);
	f.f.name = "preview";
	understand(&f, rq);
	page_begin(&p, rq, "schedule_fragment.cs", "Preview");
	for (size_t i = 0; i < f.wrong.count; i++)
		node_set(node_add(p.root, "preview.faults"), "text", f.wrong.items[i].text);
	if (f.wrong.count == 0 && add_preview(&p, rq, &f.s, e) != 0)
		return -1;
	return page_send(rp, rq, &p, e);
}

int
on_schedule_form_fragment(struct reply *rp, struct request *rq, struct err *e)
{
	struct spot at;

	return schedpage_environment(&at, rq, e) != 0 ? -1 : send_preview(rp, rq, &at, e);
}

int
on_schedule_form_fragment_instance(struct reply *rp, struct request *rq, struct err *e)
{
	struct spot at;

	schedpage_instance(&at);
	return send_preview(rp, rq, &at, e);
}
