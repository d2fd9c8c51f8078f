/* regain_place.c: projects, environments and services made again from what sidecars say. */
#include "lib/store/regain_place.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/rand.h"
#include "lib/model/name.h"
#include "lib/store/schedules.h"
#include "lib/store/sql.h"

enum { SAME_SLUG_MAX = 99 };

/* What the newest backup says of an environment or a service counts; older ones are passed over. */
struct seen {
	const char **uuids;
	size_t count, capacity;
};

struct places {
	struct regain *r;
	struct db *db;
	struct seen seen;
};

static bool
is_first(struct places *p, const char *uuid)
{
	struct seen *s = &p->seen;

	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->uuids[i], uuid) == 0)
			return false;
	s->uuids =
	    arena_grow(p->r->arena, s->uuids, s->count, &s->capacity, sizeof *s->uuids);
	s->uuids[s->count++] = uuid;
	return true;
}

/* The slug itself, or with a number behind it while another one has it. */
static int
free_slug(const char **ret, struct places *p, const char *sql_taken, int64_t in, const char *slug,
    struct err *e)
{
	const char *now = slug;
	int64_t taken;

	for (int i = 2;; i++) {
		if (sql_get(&taken, p->db, sql_taken, SQL_ARGS(sql_i(in), sql_t(now)), e) != 0)
			return -1;
		if (taken == 0)
			break;
		if (i > SAME_SLUG_MAX)
			return err_set(e, ERR_CONFLICT, "too many things here are called %s",
			    slug);
		now = arena_printf(p->r->arena, "%.*s-%d", NAME_SLUG_MAX - 3, slug, i);
	}
	*ret = now;
	return 0;
}

static int
ensure_project(int64_t *ret, struct places *p, const struct regain_backup *b, struct err *e)
{
	static const char sql[] = "SELECT id FROM project WHERE uuid=?1 OR slug=?2 ORDER BY"
	                          " uuid<>?1 LIMIT 1";
	static const char sql_add[] = "INSERT INTO project (uuid, slug, name, created_at) VALUES"
	                              " (?1, ?2, ?3, ?4)";
	const struct sql_arg *named =
	    SQL_ARGS(sql_t(b->project_uuid), sql_t(b->row.project_slug));
	char uuid[UUID_SIZE];
	int64_t id;

	if (sql_get(&id, p->db, sql, named, e) != 0)
		return -1;
	if (id == 0) {
		rand_uuid(uuid);
		if (sql_run(NULL, p->db, sql_add,
		        SQL_ARGS(sql_t(*b->project_uuid != '\0' ? b->project_uuid : uuid),
		            sql_t(b->row.project_slug), sql_t(b->project_name),
		            sql_i(b->row.created_at)), e) != 0 ||
		    sql_get(&id, p->db, sql, named, e) != 0)
			return -1;
	}
	*ret = id;
	return 0;
}

/* The moment of the first backup that names it. */
static int64_t
oldest_of(const struct regain *r, const char *environment, const char *service)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct regain_backup *b = &r->backups[i];

		if (service == NULL && strcmp(b->environment_uuid, environment) == 0)
			return b->row.created_at;
		for (size_t j = 0; service != NULL && j < b->part_count; j++)
			if (strcmp(b->services[j].uuid, service) == 0)
				return b->row.created_at;
	}
	return 0;
}

/* 1: they differ; 0; -1. */
static int
environment_differs(struct places *p, const struct regain_backup *b, struct err *e)
{
	static const char sql[] =
	    "SELECT v.name<>?2 OR v.kind<>?3 OR v.slug<>?4 OR p.slug<>?5 FROM environment v JOIN"
	    " project p ON p.id=v.project WHERE v.uuid=?1";
	int64_t differs;

	if (sql_get(&differs, p->db, sql,
	        SQL_ARGS(sql_t(b->environment_uuid), sql_t(b->environment_name),
	            sql_t(environment_kind_name(b->kind)), sql_t(b->row.environment_slug),
	            sql_t(b->row.project_slug)), e) != 0)
		return -1;
	return differs != 0;
}

static int
add_environment(int64_t *ret, struct places *p, const struct regain_backup *b, struct err *e)
{
	static const char sql_taken[] = "SELECT id FROM environment WHERE project=?1 AND slug=?2";
	static const char sql[] = "INSERT INTO environment (project, uuid, slug, name, kind,"
	    " created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
	static const char sql_id[] = "SELECT id FROM environment WHERE uuid=?1";
	static const char sql_planned[] =
	    "SELECT EXISTS (SELECT 1 FROM schedule s JOIN environment v ON v.id=?1 WHERE"
	    " s.removed_at=0 AND s.enabled=1 AND (s.environment=v.id OR (s.environment IS NULL AND"
	    " (s.project IS NULL OR s.project=v.project) AND (s.kinds='all' OR v.kind='live'))))";
	struct regain *r = p->r;
	const char *slug;
	int64_t project, planned;

	if (ensure_project(&project, p, b, e) != 0 ||
	    free_slug(&slug, p, sql_taken, project, b->row.environment_slug, e) != 0 ||
	    sql_run(NULL, p->db, sql,
	        SQL_ARGS(sql_i(project), sql_t(b->environment_uuid), sql_t(slug),
	            sql_t(b->environment_name), sql_t(environment_kind_name(b->kind)),
	            sql_i(oldest_of(r, b->environment_uuid, NULL))), e) != 0 ||
	    sql_get(ret, p->db, sql_id, SQL_ARGS(sql_t(b->environment_uuid)), e) != 0 ||
	    sql_get(&planned, p->db, sql_planned, SQL_ARGS(sql_i(*ret)), e) != 0)
		return -1;
	if (strcmp(slug, b->row.environment_slug) != 0)
		regain_tell(&r->differs, r->arena,
		    "%s/%s is another environment here; that of the backups is called %s",
		    b->row.project_slug, b->row.environment_slug, slug);
	if (planned == 0)
		regain_tell(&r->unplanned, r->arena, "%s/%s", b->row.project_slug, slug);
	return schedules_touch(p->db, e);
}

static int
ensure_environment(struct places *p, const struct regain_backup *b, struct err *e)
{
	static const char sql[] = "SELECT id FROM environment WHERE uuid=?1";
	int64_t id;
	int differs;

	if (!is_first(p, b->environment_uuid))
		return 0;
	if (sql_get(&id, p->db, sql, SQL_ARGS(sql_t(b->environment_uuid)), e) != 0)
		return -1;
	if (id == 0)
		return add_environment(&id, p, b, e);
	differs = environment_differs(p, b, e);
	if (differs > 0)
		regain_tell(&p->r->differs, p->r->arena,
		    "environment %s/%s has another name, place or kind here than in b%" PRId64,
		    b->row.project_slug, b->row.environment_slug, b->row.id);
	return differs < 0 ? -1 : 0;
}

/* A database server asks for a password; who needs none leaves it empty. */
static void
tell_secret(struct places *p, const struct regain_backup *b, const struct regain_service *s,
    const char *slug)
{
	if (s->engine == ENGINE_POSTGRESQL)
		regain_tell(&p->r->secrets, p->r->arena, "%s/%s/%s", b->row.project_slug,
		    b->row.environment_slug, slug);
}

static int
add_service(struct places *p, const struct regain_backup *b, size_t i, struct err *e)
{
	static const char sql_taken[] = "SELECT id FROM service WHERE environment=?1 AND slug=?2";
	static const char sql_environment[] = "SELECT id FROM environment WHERE uuid=?1";
	static const char sql[] = "INSERT INTO service (environment, uuid, slug, name, engine,"
	    " settings, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
	const struct regain_service *s = &b->services[i];
	struct arena *a = p->r->arena;
	const char *slug;
	int64_t environment;

	if (sql_get(&environment, p->db, sql_environment, SQL_ARGS(sql_t(b->environment_uuid)),
	        e) != 0 ||
	    free_slug(&slug, p, sql_taken, environment, b->parts[i].service_slug, e) != 0 ||
	    sql_run(NULL, p->db, sql,
	        SQL_ARGS(sql_i(environment), sql_t(s->uuid), sql_t(slug),
	            sql_t(b->parts[i].service_name), sql_t(engine_name(s->engine)),
	            sql_t(service_settings_json(a, s->engine, &s->settings)),
	            sql_i(oldest_of(p->r, b->environment_uuid, s->uuid))), e) != 0)
		return -1;
	if (strcmp(slug, b->parts[i].service_slug) != 0)
		regain_tell(&p->r->differs, a,
		    "%s/%s/%s is another service here; that of the backups is called %s",
		    b->row.project_slug, b->row.environment_slug, b->parts[i].service_slug, slug);
	tell_secret(p, b, s, slug);
	return 0;
}

static int
ensure_service(struct places *p, const struct regain_backup *b, size_t i, struct err *e)
{
	static const char sql[] = "SELECT id FROM service WHERE uuid=?1";
	static const char sql_differs[] = "SELECT settings<>?2 OR name<>?3 OR slug<>?4 FROM service"
	                                  " WHERE uuid=?1";
	const struct regain_service *s = &b->services[i];
	int64_t id, differs;

	if (!is_first(p, s->uuid))
		return 0;
	if (sql_get(&id, p->db, sql, SQL_ARGS(sql_t(s->uuid)), e) != 0)
		return -1;
	if (id == 0)
		return add_service(p, b, i, e);
	if (sql_get(&differs, p->db, sql_differs,
	        SQL_ARGS(sql_t(s->uuid),
	            sql_t(service_settings_json(p->r->arena, s->engine, &s->settings)),
	            sql_t(b->parts[i].service_name), sql_t(b->parts[i].service_slug)), e) != 0)
		return -1;
	if (differs != 0)
		regain_tell(&p->r->differs, p->r->arena,
		    "service %s/%s/%s has another name or other settings here than in b%" PRId64,
		    b->row.project_slug, b->row.environment_slug, b->parts[i].service_slug,
		    b->row.id);
	return 0;
}

int
regain_place_all(struct regain *r, struct db *db, struct err *e)
{
	struct places p = { .r = r, .db = db };

	for (size_t i = r->count; i > 0; i--) {
		const struct regain_backup *b = &r->backups[i - 1];

		if (ensure_environment(&p, b, e) != 0)
			return -1;
		for (size_t j = 0; j < b->part_count; j++)
			if (ensure_service(&p, b, j, e) != 0)
				return -1;
	}
	return 0;
}
