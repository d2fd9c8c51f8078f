/* services.c: the databases and folders of an environment. */
#include "lib/base/clock.h"
#include "lib/base/rand.h"
#include "lib/store/projects.h"
#include "lib/store/row.h"
#include "lib/store/sql.h"

#define SERVICE_COLUMNS \
	"SELECT s.id, s.environment, s.revision, s.uuid, s.slug, s.name, s.engine, s.settings," \
	" s.sealed, s.created_at, s.check_state, s.check_text, s.checked_at, s.sanitise_sql," \
	" s.sanitise_hook, p.slug, v.slug, (SELECT x.restore FROM restore_part x WHERE" \
	" x.made=s.id), s.removed_at, s.level FROM service s JOIN environment v" \
	" ON v.id=s.environment JOIN project p ON p.id=v.project"
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
	/* Written by service_settings_json(); should somebody have edited the row, its fields are
	 * empty and the connection test says what is missing. */
	if (service_settings_parse(&s->settings, a, s->engine, sql_text(q, c++, a), &ignored) != 0)
		s->settings = (struct service_settings){ "", "", "", "", "", "", "", "" };
	s->sealed = sql_blob(&s->sealed_size, q, c++, a);
	s->sealed_for = NULL;
	s->created_at = sql_int(q, c++);
	s->check_state = sql_text(q, c++, a);
	s->check_text = sql_text(q, c++, a);
	s->checked_at = sql_int(q, c++);
	s->sanitise_sql = sql_text(q, c++, a);
	s->sanitise_hook = sql_text(q, c++, a);
	s->project_slug = sql_text(q, c++, a);
	s->environment_slug = sql_text(q, c++, a);
	s->made_by = sql_int(q, c++);
	s->removed_at = sql_int(q, c++);
	s->level = sql_int(q, c++);
}

int
services_add(struct service *s, struct db *db, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO service (slug, environment, uuid, name, engine, settings, sealed,"
	    " created_at, sanitise_sql, sanitise_hook, level) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7,"
	    " ?8, coalesce(?9, ''), coalesce(?10, ''), ?11) RETURNING id";
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t now = clock_now();
	char uuid[UUID_SIZE];

	rand_uuid(uuid);
	if (row_sealed(&t, db, s->sealed_for, e) != 0 ||
	    row_insert(&s->id, db, sql,
	        SQL_ARGS(sql_t(s->slug), sql_i(s->environment), sql_t(uuid), sql_t(s->name),
	            sql_t(engine_name(s->engine)),
	            sql_t(service_settings_json(a, s->engine, &s->settings)),
	            sql_b(s->sealed, s->sealed_size), sql_i(now), sql_t(s->sanitise_sql),
	            sql_t(s->sanitise_hook), sql_i(s->level)),
	        e) != 0 ||
	    row_sealed_commit(&t, e) != 0)
		return -1;
	s->created_at = now;
	s->revision = 1;
	return 0;
}

int
services_update(const struct service *s, struct db *db, struct err *e)
{
	static const char sql[] =
	    "UPDATE service SET slug=?1, name=?2, settings=?3, sealed=coalesce(?4, sealed),"
	    " sanitise_sql=coalesce(?7, ''), sanitise_hook=coalesce(?8, ''), level=?9,"
	    " revision=revision+1,"
	    " check_state='untested', check_text='', checked_at=0 WHERE id=?5 AND revision=?6";
	static const char sql_there[] = "SELECT id FROM service WHERE id=?1";
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t there;

	if (row_sealed(&t, db, s->sealed_for, e) != 0)
		return -1;
	if (row_update(db, sql,
	        SQL_ARGS(sql_t(s->slug), sql_t(s->name),
	            sql_t(service_settings_json(a, s->engine, &s->settings)),
	            sql_b(s->sealed, s->sealed_size), sql_i(s->id), sql_i(s->revision),
	            sql_t(s->sanitise_sql), sql_t(s->sanitise_hook), sql_i(s->level)),
	        no_service, e) == 0)
		return row_sealed_commit(&t, e);
	if (e->kind != ERR_NOT_FOUND ||
	    sql_get(&there, db, sql_there, SQL_ARGS(sql_i(s->id)), e) != 0 || there == 0)
		return -1;
	return err_set(e, ERR_CONFLICT,
	    "somebody has changed this service since you opened the page; look again");
}

int
services_by_slug(struct service *ret, struct arena *a, struct db *db, const struct environment *v,
    const char *slug, struct err *e)
{
	static const char sql[] = SERVICE_COLUMNS
	    " WHERE s.environment=?1 AND s.slug=?2 AND s.removed_at=0";

	return row_one(ret,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(v->id), sql_t(slug)), sizeof *ret,
	        read_service },
	    no_service, e);
}

int
services_by_id(struct service *ret, struct arena *a, struct db *db, int64_t id, struct err *e)
{
	static const char sql[] = SERVICE_COLUMNS " WHERE s.id=?1";

	return row_one(ret,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(id)), sizeof *ret, read_service },
	    no_service, e);
}

int
services_list(struct service **ret, size_t *count, struct arena *a, struct db *db,
    int64_t environment, struct err *e)
{
	static const char sql[] = SERVICE_COLUMNS
	    " WHERE s.environment=?1 AND s.removed_at=0 ORDER BY CASE s.engine WHEN 'files' THEN 1"
	    " ELSE 0 END, lower(s.name), s.id";
	void *rows = sql_list(count,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(environment)), sizeof **ret,
	        read_service },
	    e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}

int
services_set_check(struct db *db, int64_t service, int64_t revision, const char *state,
    const char *text, struct err *e)
{
	static const char sql[] = "UPDATE service SET check_state=?3, check_text=?4, checked_at=?5"
	    " WHERE id=?1 AND revision=?2";

	return sql_run(NULL, db, sql,
	    SQL_ARGS(sql_i(service), sql_i(revision), sql_t(state), sql_t(text),
	        sql_i(clock_now())),
	    e);
}
