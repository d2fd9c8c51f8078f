/* projects.c: projects, environments and services; storages. */
#include "lib/store/projects.h"

#include "lib/base/clock.h"
#include "lib/base/rand.h"
#include "lib/store/sql.h"

/* One row or ERR_NOT_FOUND with this sentence. */
static int
one(void *ret, const struct sql_query *query, const char *missing, struct err *e)
{
	int rc = sql_first(ret, query, e);

	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "%s", missing);
	return rc == 1 ? 0 : -1;
}

/* Runs an INSERT … RETURNING id of something with a slug. */
static int
insert(int64_t *id, struct db *db, const char *sql, const struct sql_arg *args, struct err *e)
{
	if (sql_get(id, db, sql, args, e) == 0)
		return 0;
	if (e->kind == ERR_CONFLICT)
		err_set(e, ERR_CONFLICT, "%s is taken", (const char *)args[0].p);
	return -1;
}

/* Runs an UPDATE of something with a slug; no row changed is ERR_NOT_FOUND. */
static int
update(struct db *db, const char *sql, const struct sql_arg *args, const char *missing, struct err *e)
{
	int64_t changes;

	if (sql_run(&changes, db, sql, args, e) != 0) {
		if (e->kind == ERR_CONFLICT)
			err_set(e, ERR_CONFLICT, "%s is taken", (const char *)args[0].p);
		return -1;
	}
	return changes == 1 ? 0 : err_set(e, ERR_NOT_FOUND, "%s", missing);
}

/* -- projects -- */

#define PROJECT_COLUMNS "SELECT id, uuid, slug, name, owners, created_at FROM project"
static const char no_project[] = "there is no such project";

static void
read_project(void *row, struct sql *q, struct arena *a)
{
	struct project *p = row;

	p->id = sql_int(q, 0);
	p->uuid = sql_text(q, 1, a);
	p->slug = sql_text(q, 2, a);
	p->name = sql_text(q, 3, a);
	p->owners = sql_text(q, 4, a);
	p->created_at = sql_int(q, 5);
}

int
projects_add(struct project *p, struct db *db, struct err *e)
{
	static const char sql[] = "INSERT INTO project (slug, uuid, name, owners, created_at)"
	    " VALUES (?1, ?2, ?3, ?4, ?5) RETURNING id";
	int64_t now = clock_now();
	char uuid[UUID_SIZE];

	rand_uuid(uuid);
	if (insert(&p->id, db, sql, SQL_ARGS(sql_t(p->slug), sql_t(uuid), sql_t(p->name),
	    sql_t(p->owners ? p->owners : ""), sql_i(now)), e) != 0)
		return -1;
	p->created_at = now;
	return 0;
}

int
projects_update(const struct project *p, struct db *db, struct err *e)
{
	static const char sql[] = "UPDATE project SET slug=?1, name=?2, owners=?3 WHERE id=?4";

	return update(db, sql, SQL_ARGS(sql_t(p->slug), sql_t(p->name), sql_t(p->owners), sql_i(p->id)), no_project, e);
}

int
projects_by_slug(struct project *ret, struct arena *a, struct db *db, const char *slug, struct err *e)
{
	static const char sql[] = PROJECT_COLUMNS " WHERE slug=?1";

	return one(ret, &(struct sql_query){ db, a, sql, SQL_ARGS(sql_t(slug)), sizeof *ret, read_project },
	    no_project, e);
}

int
projects_list(struct project **ret, size_t *count, struct arena *a, struct db *db, struct err *e)
{
	static const char sql[] = PROJECT_COLUMNS " ORDER BY lower(name), id";
	void *rows = sql_list(count, &(struct sql_query){ db, a, sql, SQL_NO_ARGS, sizeof **ret, read_project }, e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}

/* -- environments -- */

#define ENVIRONMENT_COLUMNS "SELECT v.id, v.project, v.uuid, v.slug, v.name, v.kind, v.paused, v.created_at," \
	" p.slug, p.name FROM environment v JOIN project p ON p.id=v.project"
static const char no_environment[] = "there is no such environment";

static void
read_environment(void *row, struct sql *q, struct arena *a)
{
	struct environment *v = row;
	int c = 0;

	v->id = sql_int(q, c++);
	v->project = sql_int(q, c++);
	v->uuid = sql_text(q, c++, a);
	v->slug = sql_text(q, c++, a);
	v->name = sql_text(q, c++, a);
	if (!environment_kind_parse(&v->kind, sql_text(q, c++, a)))
		v->kind = ENV_LIVE;
	v->paused = sql_int(q, c++) != 0;
	v->created_at = sql_int(q, c++);
	v->project_slug = sql_text(q, c++, a);
	v->project_name = sql_text(q, c++, a);
}

int
environments_add(struct environment *v, struct db *db, struct err *e)
{
	static const char sql[] = "INSERT INTO environment (slug, project, uuid, name, kind, paused, created_at)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING id";
	int64_t now = clock_now();
	char uuid[UUID_SIZE];

	rand_uuid(uuid);
	if (insert(&v->id, db, sql, SQL_ARGS(sql_t(v->slug), sql_i(v->project), sql_t(uuid), sql_t(v->name),
	    sql_t(environment_kind_name(v->kind)), sql_i(v->paused), sql_i(now)), e) != 0)
		return -1;
	v->created_at = now;
	return 0;
}

int
environments_update(const struct environment *v, struct db *db, struct err *e)
{
	static const char sql[] = "UPDATE environment SET slug=?1, name=?2, kind=?3, paused=?4 WHERE id=?5";

	return update(db, sql, SQL_ARGS(sql_t(v->slug), sql_t(v->name), sql_t(environment_kind_name(v->kind)),
	    sql_i(v->paused), sql_i(v->id)), no_environment, e);
}

int
environments_by_slug(struct environment *ret, struct arena *a, struct db *db, const char *project, const char *slug,
    struct err *e)
{
	static const char sql[] = ENVIRONMENT_COLUMNS " WHERE p.slug=?1 AND v.slug=?2";

	return one(ret, &(struct sql_query){ db, a, sql, SQL_ARGS(sql_t(project), sql_t(slug)), sizeof *ret,
	    read_environment }, no_environment, e);
}

int
environments_by_id(struct environment *ret, struct arena *a, struct db *db, int64_t id, struct err *e)
{
	static const char sql[] = ENVIRONMENT_COLUMNS " WHERE v.id=?1";

	return one(ret, &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(id)), sizeof *ret, read_environment },
	    no_environment, e);
}

int
environments_list(struct environment **ret, size_t *count, struct arena *a, struct db *db, int64_t project,
    struct err *e)
{
	static const char sql[] = ENVIRONMENT_COLUMNS " WHERE ?1=0 OR v.project=?1 ORDER BY"
	    " CASE v.kind WHEN 'live' THEN 0 WHEN 'staging' THEN 1 ELSE 2 END, lower(p.name), lower(v.name), v.id";
	void *rows = sql_list(count, &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(project)), sizeof **ret,
	    read_environment }, e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}

/* -- services -- */

#define SERVICE_COLUMNS "SELECT s.id, s.environment, s.revision, s.uuid, s.slug, s.name, s.engine, s.settings," \
	" s.sealed, s.created_at, s.check_state, s.check_text, s.checked_at, p.slug, v.slug FROM service s" \
	" JOIN environment v ON v.id=s.environment JOIN project p ON p.id=v.project"
static const char no_service[] = "there is no such service";

static void
read_service(void *row, struct sql *q, struct arena *a)
{
	struct service *s = row;
	struct err ignored;
	int c = 0;

	s->id = sql_int(q, c++);
	s->environment = sql_int(q, c++);
	s->revision = sql_int(q, c++);
	s->uuid = sql_text(q, c++, a);
	s->slug = sql_text(q, c++, a);
	s->name = sql_text(q, c++, a);
	if (!engine_parse(&s->engine, sql_text(q, c++, a)))
		s->engine = ENGINE_FILES;
	/* Written by service_settings_json(); should somebody have edited the row, its fields are empty and
	 * the connection test says what is missing. */
	if (service_settings_parse(&s->settings, a, s->engine, sql_text(q, c++, a), &ignored) != 0)
		s->settings = (struct service_settings){ "", "", "", "", "", "", "", "" };
	s->sealed = sql_blob(&s->sealed_size, q, c++, a);
	s->created_at = sql_int(q, c++);
	s->check_state = sql_text(q, c++, a);
	s->check_text = sql_text(q, c++, a);
	s->checked_at = sql_int(q, c++);
	s->project_slug = sql_text(q, c++, a);
	s->environment_slug = sql_text(q, c++, a);
}

int
services_add(struct service *s, struct db *db, struct err *e)
{
	static const char sql[] = "INSERT INTO service (slug, environment, uuid, name, engine, settings, sealed, created_at)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) RETURNING id";
	CLEANUP_ARENA struct arena *a = arena_new();
	int64_t now = clock_now();
	char uuid[UUID_SIZE];

	rand_uuid(uuid);
	if (insert(&s->id, db, sql, SQL_ARGS(sql_t(s->slug), sql_i(s->environment), sql_t(uuid), sql_t(s->name),
	    sql_t(engine_name(s->engine)), sql_t(service_settings_json(a, s->engine, &s->settings)),
	    sql_b(s->sealed, s->sealed_size), sql_i(now)), e) != 0)
		return -1;
	s->created_at = now;
	s->revision = 1;
	return 0;
}

int
services_update(const struct service *s, struct db *db, struct err *e)
{
	static const char sql[] = "UPDATE service SET slug=?1, name=?2, settings=?3, sealed=coalesce(?4, sealed),"
	    " revision=revision+1, check_state='untested', check_text='', checked_at=0 WHERE id=?5 AND revision=?6";
	static const char sql_there[] = "SELECT id FROM service WHERE id=?1";
	CLEANUP_ARENA struct arena *a = arena_new();
	int64_t there;

	if (update(db, sql, SQL_ARGS(sql_t(s->slug), sql_t(s->name),
	    sql_t(service_settings_json(a, s->engine, &s->settings)), sql_b(s->sealed, s->sealed_size), sql_i(s->id),
	    sql_i(s->revision)), no_service, e) == 0)
		return 0;
	if (e->kind != ERR_NOT_FOUND || sql_get(&there, db, sql_there, SQL_ARGS(sql_i(s->id)), e) != 0 || there == 0)
		return -1;
	return err_set(e, ERR_CONFLICT, "somebody has changed this service since you opened the page; look again");
}

int
services_by_slug(struct service *ret, struct arena *a, struct db *db, const struct environment *v, const char *slug,
    struct err *e)
{
	static const char sql[] = SERVICE_COLUMNS " WHERE s.environment=?1 AND s.slug=?2";

	return one(ret, &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(v->id), sql_t(slug)), sizeof *ret,
	    read_service }, no_service, e);
}

int
services_by_id(struct service *ret, struct arena *a, struct db *db, int64_t id, struct err *e)
{
	static const char sql[] = SERVICE_COLUMNS " WHERE s.id=?1";

	return one(ret, &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(id)), sizeof *ret, read_service }, no_service, e);
}

int
services_list(struct service **ret, size_t *count, struct arena *a, struct db *db, int64_t environment, struct err *e)
{
	static const char sql[] = SERVICE_COLUMNS " WHERE s.environment=?1 ORDER BY"
	    " CASE s.engine WHEN 'files' THEN 1 ELSE 0 END, lower(s.name), s.id";
	void *rows = sql_list(count, &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(environment)), sizeof **ret,
	    read_service }, e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}

int
services_set_check(struct db *db, int64_t service, int64_t revision, const char *state, const char *text,
    struct err *e)
{
	static const char sql[] = "UPDATE service SET check_state=?3, check_text=?4, checked_at=?5"
	    " WHERE id=?1 AND revision=?2";

	return sql_run(NULL, db, sql, SQL_ARGS(sql_i(service), sql_i(revision), sql_t(state), sql_t(text),
	    sql_i(clock_now())), e);
}

/* -- storages -- */

#define STORAGE_COLUMNS "SELECT s.id, s.uuid, s.slug, s.kind, s.path, (SELECT sum(b.stored_bytes) FROM backup b" \
	" WHERE b.storage=s.id AND b.state IN ('ready', 'trashed')) FROM storage s"

static void
read_storage(void *row, struct sql *q, struct arena *a)
{
	struct storage *s = row;

	s->id = sql_int(q, 0);
	s->uuid = sql_text(q, 1, a);
	s->slug = sql_text(q, 2, a);
	s->kind = sql_text(q, 3, a);
	s->path = sql_text(q, 4, a);
	s->used_bytes = sql_int(q, 5);
}

int
storages_ensure(struct storage *s, struct db *db, struct err *e)
{
	static const char sql_add[] = "INSERT INTO storage (slug, uuid, kind, path, created_at) VALUES (?1, ?2, ?3, ?4, ?5)"
	    " ON CONFLICT (slug) DO UPDATE SET path=excluded.path WHERE storage.path<>excluded.path";
	char uuid[UUID_SIZE];

	rand_uuid(uuid);
	return sql_run(NULL, db, sql_add, SQL_ARGS(sql_t(s->slug), sql_t(uuid), sql_t(s->kind), sql_t(s->path),
	    sql_i(clock_now())), e) != 0 ||
	    sql_get(&s->id, db, "SELECT id FROM storage WHERE slug=?1", SQL_ARGS(sql_t(s->slug)), e) != 0 ? -1 : 0;
}

int
storages_by_id(struct storage *ret, struct arena *a, struct db *db, int64_t id, struct err *e)
{
	static const char sql[] = STORAGE_COLUMNS " WHERE s.id=?1";

	return one(ret, &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(id)), sizeof *ret, read_storage },
	    "there is no such storage", e);
}

int
storages_list(struct storage **ret, size_t *count, struct arena *a, struct db *db, struct err *e)
{
	static const char sql[] = STORAGE_COLUMNS " ORDER BY s.id";
	void *rows = sql_list(count, &(struct sql_query){ db, a, sql, SQL_NO_ARGS, sizeof **ret, read_storage }, e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}
