/* storages.c: where backups lie. */
#include "lib/base/clock.h"
#include "lib/base/rand.h"
#include "lib/store/projects.h"
#include "lib/store/row.h"
#include "lib/store/sql.h"

/* The sum reads a row of an index per backup: only the list of storages needs it. */
#define STORAGE_COLUMNS "SELECT s.id, s.uuid, s.slug, s.kind, s.path, s.encrypted"
#define STORAGE_USED ", (SELECT sum(b.stored_bytes) FROM backup b WHERE b.storage=s.id" \
	" AND b.state IN ('ready', 'trashed'))"

static void
read_storage(void *row, struct sql *q, struct arena *a)
{
	struct storage *s = row;

	s->id = sql_int(q, 0);
	s->uuid = sql_text(q, 1, a);
	s->slug = sql_text(q, 2, a);
	s->kind = sql_text(q, 3, a);
	s->path = sql_text(q, 4, a);
	s->encrypted = sql_int(q, 5) != 0;
	s->used_bytes = sql_int(q, 6);
}

int
storages_ensure(struct storage *s, struct db *db, struct err *e)
{
	static const char sql_add[] =
	    "INSERT INTO storage (slug, uuid, kind, path, created_at) VALUES (?1, ?2, ?3, ?4, ?5)"
	    " ON CONFLICT (slug) DO UPDATE SET path=excluded.path WHERE"
	    " storage.path<>excluded.path";
	char uuid[UUID_SIZE];

	rand_uuid(uuid);
	return sql_run(NULL, db, sql_add,
	           SQL_ARGS(sql_t(s->slug), sql_t(uuid), sql_t(s->kind), sql_t(s->path),
	               sql_i(clock_now())),
	           e) != 0 ||
	        sql_get(&s->id, db, "SELECT id FROM storage WHERE slug=?1",
	            SQL_ARGS(sql_t(s->slug)), e) != 0
	    ? -1
	    : 0;
}

int
storages_set_encrypted(struct db *db, int64_t id, bool encrypted, struct err *e)
{
	return sql_run(NULL, db, "UPDATE storage SET encrypted=?2 WHERE id=?1",
	    SQL_ARGS(sql_i(id), sql_i(encrypted)), e);
}

int
storages_by_id(struct storage *ret, struct arena *a, struct db *db, int64_t id, struct err *e)
{
	static const char sql[] = STORAGE_COLUMNS ", 0 FROM storage s WHERE s.id=?1";

	return row_one(ret,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(id)), sizeof *ret, read_storage },
	    "there is no such storage", e);
}

int
storages_list(struct storage **ret, size_t *count, struct arena *a, struct db *db, struct err *e)
{
	static const char sql[] = STORAGE_COLUMNS STORAGE_USED " FROM storage s ORDER BY s.id";
	void *rows = sql_list(count,
	    &(struct sql_query){ db, a, sql, SQL_NO_ARGS, sizeof **ret, read_storage }, e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}
