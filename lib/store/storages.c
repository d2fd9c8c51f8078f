/* storages.c: where backups lie. */
#include <inttypes.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/rand.h"
#include "lib/store/projects.h"
#include "lib/store/row.h"
#include "lib/store/sql.h"

#define STORAGE_COLUMNS \
	"SELECT s.id, s.uuid, s.slug, s.kind, s.path, s.endpoint, s.region, s.bucket, s.prefix," \
	" s.style, s.storage_class, s.encryption, s.key_id, s.sealed, s.revision, s.created_at," \
	" s.test_text, s.test_warning, s.removed_at, s.encrypted, s.host, s.port, s.login," \
	" s.folder, s.auth, s.host_key, s.host_key_met, s.write_rate, s.read_rate"
/* The sum reads a row of an index per backup: only the list of storages needs it. */
#define STORAGE_USED ", coalesce((SELECT sum(b.stored_bytes) FROM backup b WHERE" \
	" b.storage=s.id AND b.state IN ('ready', 'trashed')), 0)+coalesce((SELECT" \
	" sum(c.stored_bytes) FROM copy c WHERE c.storage=s.id), 0)"
static const char no_storage[] = "there is no such storage";

static void
read_storage(void *row, struct sql *q, struct arena *a)
{
	struct storage *s = row;
	int c = 0;

	s->id = sql_int(q, c++);
	s->uuid = sql_text(q, c++, a);
	s->slug = sql_text(q, c++, a);
	s->kind = sql_text(q, c++, a);
	s->path = sql_text(q, c++, a);
	s->bucket.endpoint = sql_text(q, c++, a);
	s->bucket.region = sql_text(q, c++, a);
	s->bucket.bucket = sql_text(q, c++, a);
	s->bucket.prefix = sql_text(q, c++, a);
	s->bucket.style = sql_text(q, c++, a);
	s->bucket.storage_class = sql_text(q, c++, a);
	s->bucket.encryption = sql_text(q, c++, a);
	s->bucket.key_id = sql_text(q, c++, a);
	s->sealed = sql_blob(&s->sealed_size, q, c++, a);
	s->sealed_for = NULL;
	s->revision = sql_int(q, c++);
	s->created_at = sql_int(q, c++);
	s->test_text = sql_text(q, c++, a);
	s->test_warning = sql_text(q, c++, a);
	s->removed_at = sql_int(q, c++);
	s->encrypted = sql_int(q, c++) != 0;
	s->server.host = sql_text(q, c++, a);
	s->server.port = sql_int(q, c++);
	s->server.login = sql_text(q, c++, a);
	s->server.folder = sql_text(q, c++, a);
	s->server.auth = sql_text(q, c++, a);
	s->server.host_key = sql_text(q, c++, a);
	s->server.host_key_met = sql_text(q, c++, a);
	s->write_rate = sql_int(q, c++);
	s->read_rate = sql_int(q, c++);
	s->used_bytes = sql_int(q, c++);
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
storages_add(struct storage *s, struct db *db, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO storage (slug, uuid, kind, path, created_at, endpoint, region, bucket,"
	    " prefix, style, storage_class, encryption, key_id, sealed, write_rate, read_rate,"
	    " host, port, login, folder, auth, encrypted) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,"
	    " ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, coalesce(?17, ''), ?18, coalesce(?19, ''),"
	    " coalesce(?20, ''), coalesce(?21, ''), EXISTS (SELECT 1 FROM setting"
	    " WHERE name='age_recipient' AND value<>'')) RETURNING id";
	const struct storage_bucket *b = &s->bucket;
	const struct storage_server *v = &s->server;
	CLEANUP_TXN struct sql_txn t = { NULL };
	char uuid[UUID_SIZE];

	rand_uuid(uuid);
	s->created_at = clock_now();
	if (row_sealed(&t, db, s->sealed_for, e) != 0 ||
	    row_insert(&s->id, db, sql,
	        SQL_ARGS(sql_t(s->slug), sql_t(uuid), sql_t(s->kind), sql_t(s->path),
	        sql_i(s->created_at), sql_t(b->endpoint), sql_t(b->region), sql_t(b->bucket),
	        sql_t(b->prefix), sql_t(b->style), sql_t(b->storage_class), sql_t(b->encryption),
	        sql_t(b->key_id), sql_b(s->sealed, s->sealed_size), sql_i(s->write_rate),
	        sql_i(s->read_rate), sql_t(v->host), sql_i(v->port), sql_t(v->login),
	        sql_t(v->folder), sql_t(v->auth)), e) != 0)
		return -1;
	return row_sealed_commit(&t, e);
}

int
storages_update(const struct storage *s, struct db *db, struct err *e)
{
	static const char sql[] =
	    "UPDATE storage SET path=?1, endpoint=?2, region=?3, bucket=?4, prefix=?5, style=?6,"
	    " storage_class=?7, encryption=?8, key_id=?9, sealed=coalesce(?10, sealed),"
	    " write_rate=?13, read_rate=?14, login=coalesce(?17, ''), folder=coalesce(?18, ''),"
	    " auth=coalesce(?19, ''),"
	    " host_key=CASE WHEN host=?15 AND port=?16 THEN host_key ELSE '' END,"
	    " host_key_met=CASE WHEN host=?15 AND port=?16 THEN host_key_met ELSE '' END,"
	    " host=coalesce(?15, ''), port=?16, revision=revision+1, test_text='',"
	    " test_warning='' WHERE id=?11 AND revision=?12 AND removed_at=0";
	const struct storage_bucket *b = &s->bucket;
	const struct storage_server *v = &s->server;
	CLEANUP_TXN struct sql_txn t = { NULL };

	if (row_sealed(&t, db, s->sealed_for, e) != 0)
		return -1;
	if (row_update(db, sql,
	        SQL_ARGS(sql_t(s->path), sql_t(b->endpoint), sql_t(b->region), sql_t(b->bucket),
	            sql_t(b->prefix), sql_t(b->style), sql_t(b->storage_class),
	            sql_t(b->encryption), sql_t(b->key_id), sql_b(s->sealed, s->sealed_size),
	            sql_i(s->id), sql_i(s->revision), sql_i(s->write_rate),
	            sql_i(s->read_rate), sql_t(v->host), sql_i(v->port), sql_t(v->login),
	            sql_t(v->folder), sql_t(v->auth)), no_storage, e) == 0)
		return row_sealed_commit(&t, e);
	if (e->kind != ERR_NOT_FOUND)
		return -1;
	return err_set(e, ERR_CONFLICT,
	    "somebody has changed this storage since you opened the page; look again");
}

int
storages_set_test(struct db *db, const struct storage *s, struct err *e)
{
	static const char sql[] = "UPDATE storage SET test_text=?2, test_warning=?3 WHERE id=?1"
	                          " AND revision=?4";

	return sql_run(NULL, db, sql, SQL_ARGS(sql_i(s->id), sql_t(s->test_text),
	    sql_t(s->test_warning), sql_i(s->revision)), e);
}

int
storages_meet(struct db *db, const struct storage *s, const char *host_key, struct err *e)
{
	static const char sql[] = "UPDATE storage SET host_key_met=?2 WHERE id=?1 AND revision=?3";

	return sql_run(NULL, db, sql,
	    SQL_ARGS(sql_i(s->id), sql_t(host_key), sql_i(s->revision)), e);
}

int
storages_trust(struct db *db, const struct storage *s, const char *host_key, struct err *e)
{
	static const char sql[] = "UPDATE storage SET host_key=?2, host_key_met='' WHERE id=?1 AND"
	    " host_key_met=?2 AND host_key_met<>'' AND removed_at=0";

	if (row_update(db, sql, SQL_ARGS(sql_i(s->id), sql_t(host_key)), no_storage, e) == 0)
		return 0;
	return e->kind != ERR_NOT_FOUND ? -1 : err_set(e, ERR_CONFLICT,
	    "the server has shown another key since you opened the page; look again");
}

/* What stands against it, in a sentence; 0 when nothing does. */
static int
refuse(struct db *db, const struct storage *s, struct err *e)
{
	static const char sql_backups[] =
	    "SELECT count(*) FROM backup WHERE storage=?1 AND state NOT IN ('failed',"
	    " 'deleted')";
	static const char sql_policies[] =
	    "SELECT count(*) FROM policy WHERE (key='storage' AND value=?1) OR (key='copies' AND"
	    " ' '||value||' ' LIKE '% '||?1||' %')";
	static const char sql_others[] =
	    "SELECT count(*) FROM storage WHERE removed_at=0 AND id<>?1";
	static const char sql_copies[] =
	    "SELECT count(*) FROM copy c JOIN backup b ON b.id=c.backup WHERE c.storage=?1 AND"
	    " c.state='ready' AND c.health IN ('unknown', 'good') AND b.health IN ('damaged',"
	    " 'missing') AND b.state IN ('ready', 'trashed')";
	static const char sql_jobs[] =
	    "SELECT count(*) FROM job WHERE storage=?1 AND state IN ('queued', 'running')";
	int64_t backups, copies, policies, others, jobs;

	if (sql_get(&backups, db, sql_backups, SQL_ARGS(sql_i(s->id)), e) != 0 ||
	    sql_get(&copies, db, sql_copies, SQL_ARGS(sql_i(s->id)), e) != 0 ||
	    sql_get(&policies, db, sql_policies, SQL_ARGS(sql_t(s->slug)), e) != 0 ||
	    sql_get(&others, db, sql_others, SQL_ARGS(sql_i(s->id)), e) != 0 ||
	    sql_get(&jobs, db, sql_jobs, SQL_ARGS(sql_i(s->id)), e) != 0)
		return -1;
	if (backups > 0)
		return err_set(e, ERR_CONFLICT, "%" PRId64 " backup%s in it: a storage is removed "
		    "only once it holds none", backups, backups == 1 ? " lies" : "s lie");
	if (copies > 0)
		return err_set(e, ERR_CONFLICT, "%" PRId64 " backup%s damaged in the first place "
		    "and can be read from here: make them whole there first", copies,
		    copies == 1 ? " is" : "s are");
	if (policies > 0)
		return err_set(e, ERR_CONFLICT, "%" PRId64 " polic%s it: choose another storage "
		    "there first", policies, policies == 1 ? "y chooses" : "ies choose");
	if (jobs > 0)
		return err_set(e, ERR_CONFLICT, "a job is at work in it: wait for its end");
	return others > 0 ? 0 : err_set(e, ERR_CONFLICT,
	    "it is the only one: backups would have no place to go");
}

/* The row stays, for the backups that were deleted from it still name it; its secret does not. */
int
storages_remove(struct db *db, const struct storage *s, struct err *e)
{
	static const char sql[] =
	    "UPDATE storage SET removed_at=?2, slug=slug || '~' || id, sealed=NULL WHERE id=?1";
	static const char sql_findings[] = "DELETE FROM finding WHERE storage=?1";
	/* What was copied there stays there, and is forgotten here. */
	static const char sql_copies[] = "DELETE FROM copy WHERE storage=?1";
	static const char sql_alarms[] =
	    "UPDATE alarm SET closed_at=?2, told=2 WHERE kind='storage' AND"
	    " subject=?1 AND closed_at=0";
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t now = clock_now();

	if (sql_begin(&t, db, e) != 0 || refuse(db, s, e) != 0 ||
	    sql_run(NULL, db, sql_findings, SQL_ARGS(sql_i(s->id)), e) != 0 ||
	    sql_run(NULL, db, sql_copies, SQL_ARGS(sql_i(s->id)), e) != 0 ||
	    sql_run(NULL, db, sql_alarms, SQL_ARGS(sql_t(s->slug), sql_i(now)), e) != 0 ||
	    sql_run(NULL, db, sql, SQL_ARGS(sql_i(s->id), sql_i(now)), e) != 0)
		return -1;
	return sql_commit(&t, e);
}

int
storages_by_id(struct storage *ret, struct arena *a, struct db *db, int64_t id, struct err *e)
{
	static const char sql[] = STORAGE_COLUMNS ", 0 FROM storage s WHERE s.id=?1";

	return row_one(ret,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(id)), sizeof *ret, read_storage },
	    no_storage, e);
}

int
storages_by_slug(struct storage *ret, struct arena *a, struct db *db, const char *slug,
    struct err *e)
{
	static const char sql[] = STORAGE_COLUMNS ", 0 FROM storage s WHERE s.slug=?1 AND"
	                                          " s.removed_at=0";

	return row_one(ret,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_t(slug)), sizeof *ret, read_storage },
	    no_storage, e);
}

int
storages_list(struct storage **ret, size_t *count, struct arena *a, struct db *db, struct err *e)
{
	static const char sql[] = STORAGE_COLUMNS STORAGE_USED " FROM storage s WHERE"
	    " s.removed_at=0 ORDER BY s.id";
	void *rows = sql_list(count,
	    &(struct sql_query){ db, a, sql, SQL_NO_ARGS, sizeof **ret, read_storage }, e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}
