/* stats_days.c: what the charts and the counters are made of. */
#include "lib/model/calendar.h"
#include "lib/store/sql.h"
#include "lib/store/stats.h"

static void
read_day(void *row, struct sql *q, struct arena *a)
{
	struct stats_day *d = row;

	(void)a;
	d->environment = sql_int(q, 0);
	d->day = sql_int(q, 1);
	d->good = sql_int(q, 2);
	d->failed = sql_int(q, 3);
	d->missed = sql_int(q, 4);
	d->raw_bytes = sql_int(q, 5);
}

int
stats_days(struct stats_day **ret, size_t *count, struct arena *a, struct db *db,
    int64_t environment, int64_t from, struct err *e)
{
	/* CROSS JOIN keeps the order: a few days of each environment, never the whole log. */
	static const char sql[] =
	    "SELECT d.environment, d.day, d.good, d.failed, d.missed, d.raw_bytes FROM"
	    " environment v CROSS JOIN day_log d WHERE d.environment=v.id AND d.day>=?2 AND (?1=0"
	    " OR v.id=?1) ORDER BY v.id, d.day";
	void *rows = sql_list(count,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(environment), sql_i(from)),
	        sizeof **ret, read_day }, e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}

static void
read_size(void *row, struct sql *q, struct arena *a)
{
	struct stats_size *s = row;

	(void)a;
	s->id = sql_int(q, 0);
	s->at = sql_int(q, 1);
	s->raw_bytes = sql_int(q, 2);
	s->stored_bytes = sql_int(q, 3);
	s->suspicious = sql_int(q, 4) != 0;
}

int
stats_sizes(struct stats_size **ret, size_t *count, struct arena *a, struct db *db,
    int64_t environment, int limit, struct err *e)
{
	static const char sql[] =
	    "SELECT id, finished_at, raw_bytes, stored_bytes, suspicion<>'' FROM backup WHERE"
	    " environment=?1 AND state='ready' AND kind<>'uploaded' ORDER BY finished_at DESC LIMIT"
	    " ?2";
	void *rows = sql_list(count,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(environment), sql_i(limit)),
	        sizeof **ret, read_size }, e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}

/* -- storages -- */

static void
read_storage(void *row, struct sql *q, struct arena *a)
{
	struct stats_storage *s = row;

	s->storage.id = sql_int(q, 0);
	s->storage.uuid = sql_text(q, 1, a);
	s->storage.slug = sql_text(q, 2, a);
	s->storage.kind = sql_text(q, 3, a);
	s->storage.path = sql_text(q, 4, a);
	s->storage.used_bytes = sql_int(q, 5);
	s->free_bytes = sql_int(q, 6);
	s->total_bytes = sql_int(q, 7);
	s->looked_at = sql_int(q, 8);
	s->largest = sql_int(q, 9);
}

int
stats_storages(struct stats_storage **ret, size_t *count, struct arena *a, struct db *db,
    struct err *e)
{
	static const char sql[] =
	    "SELECT s.id, s.uuid, s.slug, s.kind, s.path, (SELECT sum(b.stored_bytes) FROM backup b"
	    " WHERE b.storage=s.id AND b.state IN ('ready', 'trashed')), s.free_bytes,"
	    " s.total_bytes, s.looked_at, (SELECT max(b.stored_bytes) FROM backup b WHERE"
	    " b.storage=s.id AND b.state IN ('ready', 'trashed')) FROM storage s WHERE"
	    " s.removed_at=0 ORDER BY s.id";
	void *rows = sql_list(count,
	    &(struct sql_query){ db, a, sql, SQL_NO_ARGS, sizeof **ret, read_storage }, e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}

int
stats_saw_storage(struct db *db, const struct stats_storage *seen, int64_t now, struct err *e)
{
	static const char sql[] =
	    "UPDATE storage SET free_bytes=?2, total_bytes=?3, looked_at=?4 WHERE id=?1";
	static const char sql_day[] =
	    "INSERT INTO storage_day (storage, day, used_bytes) VALUES (?1, ?2, ?3) ON CONFLICT"
	    " (storage, day) DO UPDATE SET used_bytes=excluded.used_bytes";
	CLEANUP_TXN struct sql_txn t = { NULL };

	if (sql_begin(&t, db, e) != 0 ||
	    sql_run(NULL, db, sql,
	        SQL_ARGS(sql_i(seen->storage.id), sql_i(seen->free_bytes),
	            sql_i(seen->total_bytes), sql_i(now)), e) != 0 ||
	    sql_run(NULL, db, sql_day,
	        SQL_ARGS(sql_i(seen->storage.id), sql_i(calendar_floor(now, CALENDAR_DAY)),
	            sql_i(seen->storage.used_bytes)), e) != 0)
		return -1;
	return sql_commit(&t, e);
}

static void
read_used(void *row, struct sql *q, struct arena *a)
{
	struct stats_used *u = row;

	(void)a;
	u->day = sql_int(q, 0);
	u->used_bytes = sql_int(q, 1);
}

int
stats_used_days(struct stats_used **ret, size_t *count, struct arena *a, struct db *db,
    int64_t storage, int64_t from, struct err *e)
{
	static const char sql[] = "SELECT day, used_bytes FROM storage_day WHERE storage=?1 AND"
	    " day>=?2 ORDER BY day";
	void *rows = sql_list(count,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(storage), sql_i(from)), sizeof **ret,
	        read_used }, e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}

/* -- jobs -- */

static void
read_jobs(void *row, struct sql *q, struct arena *a)
{
	struct stats_jobs *j = row;

	if (!job_kind_parse(&j->kind, sql_text(q, 0, a)) ||
	    !job_state_parse(&j->state, sql_text(q, 1, a)))
		return;
	j->count = sql_int(q, 2);
}

int
stats_job_counts(struct stats_jobs **ret, size_t *count, struct arena *a, struct db *db,
    struct err *e)
{
	static const char sql[] = "SELECT kind, state, count(*) FROM job GROUP BY kind, state";
	void *rows = sql_list(count,
	    &(struct sql_query){ db, a, sql, SQL_NO_ARGS, sizeof **ret, read_jobs }, e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}
