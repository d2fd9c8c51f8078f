/* projects.c: what is backed up belongs to one of these. */
#include "lib/store/projects.h"

#include "lib/base/clock.h"
#include "lib/base/rand.h"
#include "lib/store/row.h"
#include "lib/store/sql.h"

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
	if (row_insert(&p->id, db, sql, SQL_ARGS(sql_t(p->slug), sql_t(uuid), sql_t(p->name),
	    sql_t(p->owners ? p->owners : ""), sql_i(now)), e) != 0)
		return -1;
	p->created_at = now;
	return 0;
}

int
projects_update(const struct project *p, struct db *db, struct err *e)
{
	static const char sql[] = "UPDATE project SET slug=?1, name=?2, owners=?3 WHERE id=?4";

	return row_update(db, sql,
	    SQL_ARGS(sql_t(p->slug), sql_t(p->name), sql_t(p->owners), sql_i(p->id)), no_project,
	    e);
}

int
projects_by_slug(struct project *ret, struct arena *a, struct db *db, const char *slug,
    struct err *e)
{
	static const char sql[] = PROJECT_COLUMNS " WHERE slug=?1";

	return row_one(ret,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_t(slug)), sizeof *ret, read_project },
	    no_project, e);
}

int
projects_list(struct project **ret, size_t *count, struct arena *a, struct db *db, struct err *e)
{
	static const char sql[] = PROJECT_COLUMNS " ORDER BY lower(name), id";
	void *rows = sql_list(count,
	    &(struct sql_query){ db, a, sql, SQL_NO_ARGS, sizeof **ret, read_project }, e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}
