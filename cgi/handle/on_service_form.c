/* on_service_form.c: adding a service, and changing one. */
#include "cgi/handle/on_service_form.h"

#include <inttypes.h>
#include <string.h>

#include "cgi/handle/envpage.h"
#include "cgi/handle/find.h"
#include "cgi/handle/trail.h"
#include "cgi/page/complaints.h"
#include "cgi/page/show_service.h"
#include "lib/base/clock.h"
#include "lib/base/num.h"
#include "lib/model/name.h"
#include "lib/store/events.h"
#include "lib/store/jobs.h"
#include "lib/store/projects.h"
#include "lib/store/secrets.h"

enum { LEVEL_MAX = 19 };
enum { SECRET_MAX = 1000, SQL_MAX = 20000 };

struct form {
	struct environment v;
	struct service s; /* as the form has it; sealed only when a new secret was given */
	const struct service *newer; /* what somebody else saved meanwhile; NULL when nobody did */
	bool is_new, had_secret;
	struct complaints wrong;
};

/* The fields of the engine; the others stay empty, whatever was sent. */
static void
read_settings(struct service_settings *set, enum engine engine, const struct request *rq)
{
	*set = (struct service_settings){ "", "", "", "", "", "", "", "" };
	switch (engine) {
	case ENGINE_POSTGRESQL:
		set->host = request_field(rq, "host");
		set->port = request_field(rq, "port");
		set->database = request_field(rq, "database");
		set->user = request_field(rq, "user");
		set->tls = request_field(rq, "tls");
		return;
	case ENGINE_SQLITE:
		set->path = request_field(rq, "path");
		return;
	case ENGINE_FILES:
		set->roots = request_field(rq, "roots");
		set->excludes = request_field(rq, "excludes");
		return;
	case ENGINES:
		return;
	}
}

/* Lock the secret up at once; from here on nothing of this process can read it. An empty field
 * changes nothing. */
static int
seal_secret(struct form *f, const struct request *rq, struct err *e)
{
	const char *secret = request_field(rq, "secret");
	struct secrets_locked locked;

	f->s.sealed = NULL;
	f->s.sealed_size = 0;
	if (f->s.engine != ENGINE_POSTGRESQL || *secret == '\0')
		return 0;
	if (strlen(secret) > SECRET_MAX) {
		complaints_add(&f->wrong, "secret", "The password is longer than 1000 bytes");
		return 0;
	}
	if (secrets_lock(&locked, rq->arena, rq->db, secret, e) != 0)
		return err_in(e, "lock the password up");
	f->s.sealed = locked.sealed;
	f->s.sealed_size = locked.sealed_size;
	f->s.sealed_for = locked.sealed_for;
	return 0;
}

/* What runs on live data before it is opened here. */
static void
read_rules(struct form *f, const struct request *rq)
{
	struct err why;

	f->s.sanitise_sql = engine_is_media(f->s.engine) ? "" : request_field(rq, "sanitise_sql");
	f->s.sanitise_hook = request_field(rq, "sanitise_hook");
	if (strlen(f->s.sanitise_sql) > SQL_MAX)
		complaints_add(&f->wrong, "sanitise_sql",
		    "Use at most 20000 characters; put more into a hook");
	if (name_check_hook(f->s.sanitise_hook, &why) != 0)
		complaints_add(&f->wrong, "sanitise_hook", arena_dup(rq->arena, why.text));
}

static int
read_form(struct form *f, const struct request *rq, struct err *e)
{
	struct field_error found[SERVICE_ERRORS_MAX];
	struct err why;
	size_t count;

	f->s.name = request_field(rq, "name");
	f->s.slug = request_field(rq, "slug");
	read_settings(&f->s.settings, f->s.engine, rq);
	if (name_check_title("Name", f->s.name, &why) != 0)
		complaints_add(&f->wrong, "name", arena_dup(rq->arena, why.text));
	if (name_check_slug(f->s.slug, &why) != 0)
		complaints_add(&f->wrong, "slug", arena_dup(rq->arena, why.text));
	else if (strcmp(f->s.slug, "new") == 0)
		complaints_add(&f->wrong, "slug",
		    "\"new\" is a word of this console; choose another");
	count = service_settings_check(found, rq->arena, f->s.engine, &f->s.settings);
	for (size_t i = 0; i < count; i++)
		complaints_add(&f->wrong, found[i].field, found[i].text);
	read_rules(f, rq);
	f->s.level = 0;
	if (*request_field(rq, "level") != '\0' &&
	    !num_parse(&f->s.level, request_field(rq, "level"), 1, LEVEL_MAX))
		complaints_add(&f->wrong, "level", "Use a number from 1 to 19, or leave it empty");
	return seal_secret(f, rq, e);
}

static char *
base_of(const struct request *rq, const struct environment *v)
{
	return arena_printf(rq->arena, "/p/%s/%s", v->project_slug, v->slug);
}

static int
send_form(struct reply *rp, const struct request *rq, const struct form *f,
    const struct service *stored, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	const char *base = base_of(rq, &f->v);

	if (envpage_begin(&p, rq, &f->v, &(struct envpage){ "service.cs", f->is_new ?
	    arena_printf(rq->arena, "Add a %s service", engine_title(f->s.engine)) :
	    arena_printf(rq->arena, "Service %s", stored->name), "services", false }, e) != 0)
		return -1;
	page_crumb(&p, "Services", arena_printf(rq->arena, "%s/services", base));
	page_crumb(&p, f->is_new ? "Add" : stored->slug, NULL);
	show_service_form(&p, &f->s);
	if (f->newer != NULL)
		show_service_newer(&p, &f->s, f->newer);
	node_flag(p.root, "new", f->is_new);
	node_flag(p.root, "secret.stored", f->had_secret);
	node_set(p.root, "base", base);
	if (!f->is_new) {
		node_setf(p.root, "href", "%s/services/%s", base, stored->slug);
		show_service_check(&p, stored, rq->now);
	}
	if (f->wrong.count > 0)
		page_errors(&p, rp, f->wrong.items, f->wrong.count);
	return page_send(rp, rq, &p, e);
}

/* "at 06:06 UTC ", or nothing when the trail does not tell. */
static int
changed_when(char **ret, const struct request *rq, const struct service *s, struct err *e)
{
	struct event *events;
	char iso[CLOCK_ISO_SIZE];
	size_t count;

	*ret = arena_dup(rq->arena, "");
	if (events_list(&events, &count, rq->arena, rq->db, s->environment, 0, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(events[i].action, "service.changed") == 0 &&
		    strcmp(events[i].target, s->slug) == 0) {
			clock_iso(iso, events[i].at);
			*ret = arena_printf(rq->arena, "at %.5s UTC ", iso + strlen("2026-11-21T"));
			return 0;
		}
	}
	return 0;
}

/* Somebody else saved while this form was open: it comes back with the newer revision, so that
 * whoever has read what stands there now may replace it. */
static int
send_newer(struct reply *rp, const struct request *rq, struct form *f,
    const struct service *newer, struct err *e)
{
	char *when;

	if (changed_when(&when, rq, newer, e) != 0)
		return -1;
	complaints_add(&f->wrong, "",
	    arena_printf(rq->arena,
	        "Somebody changed this service %swhile you edited."
	        " Your values are below; Save replaces theirs.",
	        when));
	if (*request_field(rq, "secret") != '\0')
		complaints_add(&f->wrong, "secret", "Enter the password again: it was not saved");
	f->s.revision = newer->revision;
	f->newer = newer;
	return send_form(rp, rq, f, newer, e);
}

/* Nothing chosen yet: which kind shall it be? */
static int
send_engines(struct reply *rp, const struct request *rq, const struct environment *v, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	const char *base = base_of(rq, v);

	if (envpage_begin(&p, rq, v,
	        &(struct envpage){ "service_new.cs", "Add a service", "services", false }, e) != 0)
		return -1;
	page_crumb(&p, "Services", arena_printf(rq->arena, "%s/services", base));
	page_crumb(&p, "Add", NULL);
	show_service_engines(&p, base);
	return page_send(rp, rq, &p, e);
}

/* What a new service of this kind is likely to be called and to need. */
static void
suggest(struct form *f)
{
	static const struct service empty[ENGINES] = {
		[ENGINE_POSTGRESQL] = { .name = "Database", .slug = "database",
		    .settings = { .port = "5432", .tls = "prefer" } },
		[ENGINE_SQLITE] = { .name = "Database", .slug = "database" },
		[ENGINE_FILES] = { .name = "Media", .slug = "media" },
	};
	struct service_settings *set = &f->s.settings;

	f->s.name = empty[f->s.engine].name;
	f->s.slug = empty[f->s.engine].slug;
	f->s.sanitise_sql = f->s.sanitise_hook = "";
	*set = (struct service_settings){ "", "", "", "", "", "", "", "" };
	if (f->s.engine == ENGINE_POSTGRESQL) {
		set->port = empty[ENGINE_POSTGRESQL].settings.port;
		set->tls = empty[ENGINE_POSTGRESQL].settings.tls;
	}
}

int
on_service_form_new(struct reply *rp, struct request *rq, struct err *e)
{
	struct form f = { .is_new = true };

	if (find_environment(&f.v, rq, e) != 0)
		return -1;
	if (!engine_parse(&f.s.engine, request_query(rq, "engine")))
		return send_engines(rp, rq, &f.v, e);
	suggest(&f);
	return send_form(rp, rq, &f, NULL, e);
}

/* Saved: to its page, or to the test that was asked for with it. */
static int
leave(struct reply *rp, const struct request *rq, const struct form *f, struct err *e)
{
	struct job_request jr = { .environment = f->v.id, .key = find_key(rq),
		.requested_by = rq->session != NULL ? rq->session->account.id : 0 };
	int64_t job;

	if (trail_add(rq,
	        &(struct event){ .action = f->is_new ? "service.added" : "service.changed",
	            .project = f->v.project,
	            .environment = f->v.id,
	            .target = f->s.slug },
	        e) != 0)
		return -1;
	if (strcmp(request_field(rq, "then"), "test") != 0)
		return reply_see_other(rp, "/p/%s/%s/services/%s?said=saved", f->v.project_slug,
		    f->v.slug, f->s.slug);
	if (jobs_add_check(&job, rq->db, &jr, f->s.id, e) != 0)
		return -1;
	return reply_see_other(rp, "/j/j%" PRId64, job);
}

/* The same service, added a moment ago: the button was pressed twice. A password cannot be
 * compared, as nobody here can read the stored one. */
static bool
is_repeated(const struct form *f, const struct request *rq)
{
	struct service there;
	struct err why;

	return services_by_slug(&there, rq->arena, rq->db, &f->v, f->s.slug, &why) == 0 &&
	    strcmp(there.name, f->s.name) == 0 && there.engine == f->s.engine &&
	    (there.sealed != NULL) == (f->s.sealed != NULL) &&
	    strcmp(service_settings_json(rq->arena, there.engine, &there.settings),
	        service_settings_json(rq->arena, f->s.engine, &f->s.settings)) == 0 &&
	    find_repeated(rq, there.created_at);
}

int
on_service_form_create(struct reply *rp, struct request *rq, struct err *e)
{
	struct form f = { .is_new = true };
	struct err why;
	int64_t job;

	if (find_environment(&f.v, rq, e) != 0 || find_earlier(&job, rq, e) != 0)
		return -1;
	if (job != 0)
		return reply_see_other(rp, "/j/j%" PRId64, job);
	if (!engine_parse(&f.s.engine, request_field(rq, "engine")))
		return err_set(e, ERR_INPUT, "choose the kind of the service");
	if (read_form(&f, rq, e) != 0)
		return -1;
	f.s.environment = f.v.id;
	if (f.wrong.count > 0)
		return send_form(rp, rq, &f, NULL, e);
	if (services_add(&f.s, rq->db, &why) == 0)
		return leave(rp, rq, &f, e);
	if (why.kind != ERR_CONFLICT) {
		*e = why;
		return -1;
	}
	if (is_repeated(&f, rq))
		return reply_see_other(rp, "/p/%s/%s/services/%s?said=saved", f.v.project_slug,
		    f.v.slug, f.s.slug);
	complaints_add(&f.wrong, "slug", why.text);
	return send_form(rp, rq, &f, NULL, e);
}

int
on_service_form_edit(struct reply *rp, struct request *rq, struct err *e)
{
	struct form f = { .is_new = false };

	if (find_environment(&f.v, rq, e) != 0 || find_service(&f.s, rq, &f.v, e) != 0)
		return -1;
	f.had_secret = f.s.sealed != NULL;
	return send_form(rp, rq, &f, &f.s, e);
}

int
on_service_form_save(struct reply *rp, struct request *rq, struct err *e)
{
	struct form f = { .is_new = false };
	struct service stored, newer;
	struct err why;

	if (find_environment(&f.v, rq, e) != 0 || find_service(&stored, rq, &f.v, e) != 0)
		return -1;
	f.s = stored;
	f.had_secret = stored.sealed != NULL;
	if (read_form(&f, rq, e) != 0)
		return -1;
	/* What the person saw when the form was opened; a form without it changes what is there
	 * now. */
	if (!num_parse(&f.s.revision, request_field(rq, "revision"), 1, INT64_MAX))
		f.s.revision = stored.revision;
	if (f.wrong.count > 0)
		return send_form(rp, rq, &f, &stored, e);
	if (services_update(&f.s, rq->db, &why) == 0)
		return leave(rp, rq, &f, e);
	if (why.kind != ERR_CONFLICT) {
		*e = why;
		return -1;
	}
	if (services_by_id(&newer, rq->arena, rq->db, stored.id, e) != 0)
		return -1;
	if (newer.revision != f.s.revision)
		return send_newer(rp, rq, &f, &newer, e);
	complaints_add(&f.wrong, "slug", why.text);
	return send_form(rp, rq, &f, &stored, e);
}
