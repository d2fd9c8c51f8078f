/* show_service.c: services and their forms. */
#include "cgi/page/show_service.h"

#include <inttypes.h>
#include <string.h>

#include "cgi/page/mark.h"

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
show_service_row(struct node *n, const struct service_view *view)
{
	const struct service *s = view->service;

	node_set(n, "name", s->name);
	node_set(n, "slug", s->slug);
	node_setf(n, "href", "/p/%s/%s/services/%s", s->project_slug, s->environment_slug, s->slug);
	node_set(n, "engine", engine_title(s->engine));
	node_set(n, "icon", icon(s->engine));
	node_set(n, "group", engine_is_media(s->engine) ? "Media" : "Database");
	reads(n, s);
	mark_check(n, s);
	page_time(n, "checked", s->checked_at, view->now);
	if (view->raw_bytes > 0)
		page_size(n, "size", view->raw_bytes);
	if (view->last == NULL)
		return;
	mark_id(n, "last.id", NAME_BACKUP, view->last->id);
	node_setf(n, "last.href", "/b/b%" PRId64, view->last->id);
	page_time(n, "last.at", view->last->finished_at, view->now);
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

void
show_service_form(struct page *p, const struct service *s)
{
	const struct service_settings *set = &s->settings;
	const struct { const char *name, *value;
	} fields[] = {
		{ "name.value", s->name },
		{ "slug.value", s->slug },
		{ "host.value", set->host },
		{ "port.value", set->port },
		{ "database.value", set->database },
		{ "user.value", set->user },
		{ "path.value", set->path },
		{ "roots.value", set->roots },
		{ "excludes.value", set->excludes },
	};

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		node_set(p->root, fields[i].name, fields[i].value);
	node_set(p->root, "engine.value", engine_name(s->engine));
	node_set(p->root, "engine.title", engine_title(s->engine));
	node_flag(p->root, engine_name(s->engine), true);
	node_flag(p->root, "secret.stored", s->sealed != NULL);
	node_int(p->root, "revision", s->revision);
	tls_choices(p, set->tls);
}

void
show_service_check(struct page *p, const struct service *s, int64_t now)
{
	mark_check(p->root, s);
	page_time(p->root, "check.at", s->checked_at, now);
	node_set(p->root, "check.text", *s->check_text == '\0' ? NULL : s->check_text);
	node_flag(p->root, "check.failed", strcmp(s->check_state, "failed") == 0);
}
