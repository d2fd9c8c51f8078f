/* show_service.c: services and their forms. */
#include "cgi/page/show_service.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cgi/page/mark.h"
#include "lib/base/num.h"

static const char *
icon(enum engine engine)
{
	return engine_is_media(engine) ? "media" : "database";
}

/* What it reads, in one line: "shop on db.example.org", "/srv/shop.sqlite", "/srv/media and 2
 * more". */
static void
reads(struct node *n, const struct service *s)
{
	const struct service_settings *set = &s->settings;
	size_t first, more = 0;

	switch (s->engine) {
	case ENGINE_POSTGRESQL:
		node_setf(n, "reads", "%s on %s", set->database,
		    *set->host != '\0' ? set->host : "the local socket");
		return;
	case ENGINE_SQLITE:
		node_set(n, "reads", set->path);
		return;
	case ENGINE_FILES:
	case ENGINES:
		break;
	}
	first = strcspn(set->roots, "\r\n");
	for (const char *at = set->roots + first; *at != '\0'; at += strcspn(at, "\r\n")) {
		at += strspn(at, "\r\n");
		more += *at != '\0';
	}
	if (more > 0)
		node_setf(n, "reads", "%.*s and %zu more", (int)first, set->roots, more);
	else
		node_setf(n, "reads", "%.*s", (int)first, set->roots);
}

void
show_service_name(struct node *n, const struct service *s)
{
	node_set(n, "name", s->name);
	node_set(n, "slug", s->slug);
	node_setf(n, "href", "/p/%s/%s/services/%s", s->project_slug, s->environment_slug, s->slug);
	node_set(n, "engine", engine_title(s->engine));
	node_set(n, "icon", icon(s->engine));
	reads(n, s);
}

void
show_service_row(struct node *n, const struct service_view *view)
{
	const struct service *s = view->service;

	show_service_name(n, s);
	node_set(n, "group", engine_is_media(s->engine) ? "Media" : "Database");
	if (s->made_by != 0) {
		mark_id(n, "made.id", NAME_RESTORE, s->made_by);
		node_setf(n, "made.href", "/r/r%" PRId64, s->made_by);
	}
	mark_check(n, s);
	page_time(n, "checked", s->checked_at, view->now);
	if (view->raw_bytes > 0)
		page_size(n, "size", view->raw_bytes);
	if (view->last == NULL)
		return;
	mark_id(n, "last.id", NAME_BACKUP, view->last->id);
	node_setf(n, "last.href", "/b/b%" PRId64, view->last->id);
	page_time(n, "last.at", view->last->finished_at, view->now);
	/* What lies beside another service is no target. */
	if (s->made_by == 0)
		node_setf(n, "restore", "/p/%s/%s/restore?service=%s", s->project_slug,
		    s->environment_slug, s->slug);
}

void
show_service_engines(struct page *p, const char *base)
{
	static const struct { enum engine engine; const char *about;
	} engines[] = {
		{ ENGINE_POSTGRESQL,
		    "A database on a PostgreSQL server, by pg_dump. No downtime." },
		{ ENGINE_SQLITE, "A database file, by SQLite's own online copy. No downtime." },
		{ ENGINE_FILES, "Uploads, media and other folders on this host." },
	};

	for (size_t i = 0; i < sizeof engines / sizeof *engines; i++) {
		struct node *n = node_add(p->root, "engines");

		node_set(n, "title", engine_title(engines[i].engine));
		node_set(n, "icon", icon(engines[i].engine));
		node_set(n, "about", engines[i].about);
		node_setf(n, "href", "%s/services/new?engine=%s", base,
		    engine_name(engines[i].engine));
	}
}

static void
tls_choices(struct page *p, const char *chosen)
{
	static const struct { const char *value, *text; } modes[] = {
		{ "prefer", "prefer: encrypt when the server can" },
		{ "require", "require: encrypt always" },
		{ "verify-ca", "verify-ca: encrypt, and check who signed the certificate" },
		{ "verify-full", "verify-full: encrypt, and check the server's name too" },
		{ "disable", "disable: never encrypt" },
	};

	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		struct node *n = node_add(p->root, "modes");

		node_set(n, "value", modes[i].value);
		node_set(n, "text", modes[i].text);
		node_flag(n, "on", strcmp(chosen, modes[i].value) == 0);
	}
}

enum { TEXT_FIELDS = 12 };
struct text_field {
	const char *name, *value;
};

/* The fields a person types, by the names that the template has for them. */
static void
text_fields(struct text_field out[TEXT_FIELDS], char level[NUM_TEXT], const struct service *s)
{
	const struct service_settings *set = &s->settings;

	snprintf(level, NUM_TEXT, "%" PRId64, s->level);
	const struct text_field fields[TEXT_FIELDS] = {
		{ "name", s->name },
		{ "slug", s->slug },
		{ "host", set->host },
		{ "port", set->port },
		{ "database", set->database },
		{ "user", set->user },
		{ "path", set->path },
		{ "roots", set->roots },
		{ "excludes", set->excludes },
		{ "sanitise_sql", s->sanitise_sql },
		{ "sanitise_hook", s->sanitise_hook },
		{ "level", s->level > 0 ? level : "" },
	};

	memcpy(out, fields, sizeof fields);
}

void
show_service_form(struct page *p, const struct service *s)
{
	struct text_field fields[TEXT_FIELDS];
	char level[NUM_TEXT];

	text_fields(fields, level, s);
	for (size_t i = 0; i < TEXT_FIELDS; i++)
		node_set(node_at(p->root, fields[i].name), "value", fields[i].value);
	node_set(p->root, "engine.value", engine_name(s->engine));
	node_set(p->root, "engine.title", engine_title(s->engine));
	node_flag(p->root, engine_name(s->engine), true);
	node_flag(p->root, "secret.stored", s->sealed != NULL);
	node_int(p->root, "revision", s->revision);
	tls_choices(p, s->settings.tls);
}

static void
newer_value(struct page *p, const char *name, const char *mine, const char *theirs)
{
	if (strcmp(mine, theirs) != 0)
		node_set(node_at(p->root, name), "newer", *theirs != '\0' ? theirs : "(empty)");
}

void
show_service_newer(struct page *p, const struct service *mine, const struct service *theirs)
{
	struct text_field a[TEXT_FIELDS], b[TEXT_FIELDS];
	char level[2][NUM_TEXT];

	text_fields(a, level[0], mine);
	text_fields(b, level[1], theirs);
	for (size_t i = 0; i < TEXT_FIELDS; i++)
		newer_value(p, a[i].name, a[i].value, b[i].value);
	newer_value(p, "tls", mine->settings.tls, theirs->settings.tls);
}

void
show_service_check(struct page *p, const struct service *s, int64_t now)
{
	mark_check(p->root, s);
	page_time(p->root, "check.at", s->checked_at, now);
	node_set(p->root, "check.text", *s->check_text == '\0' ? NULL : s->check_text);
	node_flag(p->root, "check.failed", strcmp(s->check_state, "failed") == 0);
}
