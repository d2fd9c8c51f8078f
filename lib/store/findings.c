/* findings.c: what lies in a storage, compared with what the catalogue says lies there. */
#include "lib/store/findings.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/model/word.h"
#include "lib/store/enqueue.h"
#include "lib/store/events.h"
#include "lib/store/lease.h"
#include "lib/store/row.h"
#include "lib/store/sql.h"

enum { DAY_MS = 24 * 3600 * 1000 };

static const char *const kinds[FINDINGS] = {
	[FINDING_MISSING] = "missing", [FINDING_DAMAGED] = "damaged",
	[FINDING_UNKNOWN] = "unknown",
};

const char *
findings_kind_name(enum finding_kind kind)
{
	return word_of(kinds, FINDINGS, (int)kind);
}

/* -- asking for a look -- */

/* Inside a transaction. */
static int
add_job(int64_t *ret, struct db *db, const struct job_request *rq, int64_t storage,
    enum job_kind kind, struct err *e)
{
	static const char sql_environment[] = "SELECT environment FROM backup WHERE storage=?1 AND"
	                                      " state IN ('ready', 'trashed') ORDER BY id DESC"
	                                      " LIMIT 1";
	static const char sql_copied[] = "SELECT max(b.environment) FROM copy c JOIN backup b ON"
	                                 " b.id=c.backup WHERE c.storage=?1 AND c.state='ready'";
	static const char sql_any[] = "SELECT min(id) FROM environment";
	static const char sql_storage[] = "UPDATE job SET storage=?2 WHERE id=?1";
	struct job_request own = *rq;

	if (sql_get(&own.environment, db, sql_environment, SQL_ARGS(sql_i(storage)), e) != 0 ||
	    (own.environment == 0 &&
	        sql_get(&own.environment, db, sql_copied, SQL_ARGS(sql_i(storage)), e) != 0) ||
	    (own.environment == 0 && kind == JOB_CHECK &&
	        sql_get(&own.environment, db, sql_any, SQL_NO_ARGS, e) != 0))
		return -1;
	if (own.environment == 0)
		return err_set(e, ERR_CONFLICT, kind == JOB_CHECK
		    ? "there is no environment yet: a test is a job, and each job belongs to one."
		      " To take up what a lost Lazarette has left here, none is needed:"
		      " lazarette admin rebuild on the server"
		    : "there is no backup in this storage yet, so there is nothing to compare");
	if (enqueue_add(ret, db, &own,
	        &(struct enqueue_work){ .kind = kind, .background = rq->requested_by == 0 },
	        e) != 0)
		return -1;
	return sql_run(NULL, db, sql_storage, SQL_ARGS(sql_i(*ret), sql_i(storage)), e);
}

int
findings_request_kind(int64_t *job, struct db *db, const struct job_request *rq, int64_t storage,
    enum job_kind kind, struct err *e)
{
	static const char sql[] = "SELECT max(id) FROM job WHERE storage=?1 AND kind=?2"
	                          " AND state IN ('queued', 'running')";
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t id;

	if (sql_begin(&t, db, e) != 0 || enqueue_known(&id, db, rq->key, kind, e) != 0)
		return -1;
	if (id == 0 && sql_get(&id, db, sql,
	        SQL_ARGS(sql_i(storage), sql_t(job_kind_name(kind))), e) != 0)
		return -1;
	if ((id == 0 && add_job(&id, db, rq, storage, kind, e) != 0) || sql_commit(&t, e) != 0)
		return -1;
	*job = id;
	return 0;
}

int
findings_request(int64_t *job, struct db *db, const struct job_request *rq, int64_t storage,
    struct err *e)
{
	return findings_request_kind(job, db, rq, storage, JOB_RECONCILE, e);
}

int
findings_request_test(int64_t *job, struct db *db, const struct job_request *rq,
    int64_t storage, struct err *e)
{
	return findings_request_kind(job, db, rq, storage, JOB_CHECK, e);
}

int
findings_queue(int64_t *count, struct db *db, int64_t now, struct err *e)
{
	static const char sql[] =
	    "SELECT s.id FROM storage s WHERE s.id>?1 AND s.removed_at=0 AND s.checked_at<?2"
	    " AND (EXISTS (SELECT 1 FROM backup b WHERE b.storage=s.id"
	    " AND b.state IN ('ready', 'trashed') AND b.finished_at<?3) OR EXISTS (SELECT 1 FROM"
	    " copy c WHERE c.storage=s.id AND c.state='ready' AND c.finished_at<?3)) AND"
	    " NOT EXISTS (SELECT 1 FROM job j WHERE j.storage=s.id AND"
	    " j.kind='reconcile' AND (j.state IN ('queued', 'running') OR j.finished_at>?3))"
	    " ORDER BY s.id LIMIT 1";
	const struct job_request rq = { .environment = 0 };
	int64_t storage = 0, job;

	for (;;) {
		if (sql_get(&storage, db, sql,
		        SQL_ARGS(sql_i(storage), sql_i(now - (int64_t)FINDINGS_EVERY_DAYS * DAY_MS),
		            sql_i(now - DAY_MS)), e) != 0)
			return -1;
		if (storage == 0)
			return 0;
		if (findings_request(&job, db, &rq, storage, e) != 0)
			return -1;
		++*count;
	}
}

int
findings_storage_of(int64_t *ret, struct db *db, int64_t job, struct err *e)
{
	return sql_get(ret, db, "SELECT storage FROM job WHERE id=?1", SQL_ARGS(sql_i(job)), e);
}

int
findings_newest_job(int64_t *ret, struct db *db, int64_t storage, enum job_kind kind,
    struct err *e)
{
	return sql_get(ret, db, "SELECT max(id) FROM job WHERE storage=?1 AND kind=?2",
	    SQL_ARGS(sql_i(storage), sql_t(job_kind_name(kind))), e);
}

/* -- writing -- */

char *
findings_gone(struct arena *a, const char *owner)
{
	return arena_printf(a, "it is gone; backup %s needs it", owner);
}

char *
findings_resized(struct arena *a, const char *owner, int64_t bytes, int64_t stored)
{
	return arena_printf(a,
	    "it has %" PRId64 " bytes where backup %s stored %" PRId64, bytes, owner, stored);
}

int
findings_put(struct db *db, int64_t storage, const struct finding *f, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO finding (storage, path, kind, text, backup, found_at) VALUES (?1, ?2, ?3,"
	    " ?4, ?5, ?6) ON CONFLICT (storage, path) DO UPDATE SET kind=excluded.kind,"
	    " text=excluded.text, backup=excluded.backup, found_at=CASE WHEN"
	    " finding.kind=excluded.kind THEN abs(finding.found_at) ELSE excluded.found_at END";

	return sql_run(NULL, db, sql,
	    SQL_ARGS(sql_i(storage), sql_t(f->path), sql_t(findings_kind_name(f->kind)),
	        sql_t(f->text), sql_id(f->backup), sql_i(clock_now())), e);
}

/* Its state follows the worst of its objects. Only a change is an event. */
static int
move_health(struct db *db, const char *sql, int64_t storage, const char *health, struct err *e)
{
	static const char sql_set[] = "UPDATE backup SET health=?2, verified_at=?3 WHERE id=?1";
	CLEANUP_ARENA struct arena *a = arena_new();
	int64_t id = 0, now = clock_now();

	for (;;) {
		if (sql_get(&id, db, sql, SQL_ARGS(sql_i(storage), sql_i(id)), e) != 0)
			return -1;
		if (id == 0)
			return 0;
		struct event ev = { .actor = "system", .action = "backup.found",
			.target = arena_printf(a, "b%" PRId64, id), .detail = health,
			.address = "", .at = now };

		if (sql_get(&ev.environment, db, "SELECT environment FROM backup WHERE id=?1",
		        SQL_ARGS(sql_i(id)), e) != 0 ||
		    sql_get(&ev.project, db, "SELECT project FROM environment WHERE id=?1",
		        SQL_ARGS(sql_i(ev.environment)), e) != 0 ||
		    sql_run(NULL, db, sql_set,
		        SQL_ARGS(sql_i(id), sql_t(health),
		            sql_i(strcmp(health, "unknown") == 0 ? 0 : now)),
		        e) != 0 ||
		    events_add(db, &ev, e) != 0)
			return -1;
	}
}

/* A pack that is not as it should be counts against all that need it. */
#define FOUND_IN(kinds) \
	"(SELECT f.backup FROM finding f WHERE f.storage=?1 AND f.backup IS NOT NULL" kinds \
	" UNION SELECT p.backup FROM finding f JOIN part_pack k ON k.key=f.path JOIN part p ON" \
	" p.id=k.part WHERE f.storage=?1" kinds " UNION SELECT p.backup FROM finding f JOIN" \
	" part p ON p.data_key=f.path WHERE f.storage=?1" kinds ")"
#define READY_OF "SELECT min(b.id) FROM backup b WHERE b.storage=?1 AND b.id>?2 AND b.state='ready'"

/* The same of copies; they are no events. */
static int
move_copies(struct db *db, int64_t storage, struct err *e)
{
#define COPIES_OF " WHERE storage=?1 AND state='ready' AND health"
	static const char sql_missing[] = "UPDATE copy SET health='missing', verified_at=?2"
	    COPIES_OF "<>'missing' AND backup IN " FOUND_IN(" AND f.kind='missing'");
	static const char sql_damaged[] = "UPDATE copy SET health='damaged', verified_at=?2"
	    COPIES_OF " NOT IN ('missing', 'damaged') AND backup IN "
	    FOUND_IN(" AND f.kind='damaged'");
	static const char sql_back[] = "UPDATE copy SET health='unknown', verified_at=0"
	    COPIES_OF "='missing' AND backup NOT IN " FOUND_IN("");
#undef COPIES_OF
	const struct sql_arg *args = SQL_ARGS(sql_i(storage), sql_i(clock_now()));

	if (sql_run(NULL, db, sql_missing, args, e) != 0 ||
	    sql_run(NULL, db, sql_damaged, args, e) != 0)
		return -1;
	return sql_run(NULL, db, sql_back, SQL_ARGS(sql_i(storage)), e);
}

static int
move_all_health(struct db *db, int64_t storage, struct err *e)
{
	static const char sql_missing[] = READY_OF
	    " AND b.health<>'missing' AND b.id IN " FOUND_IN(" AND f.kind='missing'");
	static const char sql_damaged[] = READY_OF
	    " AND b.health<>'damaged' AND b.id NOT IN " FOUND_IN(" AND f.kind='missing'")
	    " AND b.id IN " FOUND_IN(" AND f.kind='damaged'");
	static const char sql_back[] = READY_OF
	    " AND b.health='missing' AND b.id NOT IN " FOUND_IN("");

	if (move_copies(db, storage, e) != 0 ||
	    move_health(db, sql_missing, storage, kinds[FINDING_MISSING], e) != 0 ||
	    move_health(db, sql_damaged, storage, kinds[FINDING_DAMAGED], e) != 0)
		return -1;
	return move_health(db, sql_back, storage, "unknown", e);
}

/* Those of this look are marked by their time; the others go. */
static int
write_items(struct db *db, const struct findings_look *look, struct err *e)
{
	static const char sql_old[] = "UPDATE finding SET found_at=-found_at WHERE storage=?1";
	/* Also what belongs to a backup that was deleted while the look went on. */
	static const char sql_gone[] =
	    "DELETE FROM finding WHERE storage=?1 AND (found_at<0 OR backup IN (SELECT id FROM"
	    " backup WHERE state='deleted'))";

	if (sql_run(NULL, db, sql_old, SQL_ARGS(sql_i(look->storage)), e) != 0)
		return -1;
	for (size_t i = 0; i < look->count; i++)
		if (findings_put(db, look->storage, &look->items[i], e) != 0)
			return -1;
	return sql_run(NULL, db, sql_gone, SQL_ARGS(sql_i(look->storage)), e);
}

int
findings_write(struct db *db, const struct lease *l, const struct findings_look *look,
    struct err *e)
{
	static const char sql[] = "UPDATE storage SET checked_at=?2, objects=?3, object_bytes=?4,"
	                          " free_bytes=?5 WHERE id=?1";
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct lease_work work;

	if (sql_begin(&t, db, e) != 0 || lease_check(&work, db, l, e) != 0 ||
	    write_items(db, look, e) != 0 || move_all_health(db, look->storage, e) != 0 ||
	    sql_run(NULL, db, sql,
	        SQL_ARGS(sql_i(look->storage), sql_i(clock_now()), sql_i(look->objects),
	            sql_i(look->bytes), sql_i(look->free_bytes)),
	        e) != 0)
		return -1;
	return sql_commit(&t, e);
}

/* -- looking -- */

#define STORAGE_COLUMNS \
	"SELECT s.id, s.uuid, s.slug, s.kind, s.path, s.encrypted," \
	" coalesce((SELECT sum(b.stored_bytes) FROM backup b WHERE b.storage=s.id AND b.state IN" \
	" ('ready', 'trashed')), 0)+coalesce((SELECT sum(c.stored_bytes) FROM copy c WHERE" \
	" c.storage=s.id), 0), s.checked_at, s.objects," \
	" s.object_bytes, s.free_bytes, s.test_text, s.test_warning, s.host_key," \
	" s.host_key_met, s.write_rate, s.read_rate," \
	" (SELECT count(*) FROM backup b WHERE b.storage=s.id AND" \
	" b.state IN ('ready', 'trashed'))+(SELECT count(*) FROM copy c WHERE c.storage=s.id AND" \
	" c.state='ready'), (SELECT count(*) FROM finding f WHERE f.storage=s.id" \
	" AND f.kind='missing'), (SELECT count(*) FROM finding f WHERE f.storage=s.id AND" \
	" f.kind='damaged'), (SELECT count(*) FROM finding f WHERE f.storage=s.id AND" \
	" f.kind='unknown') FROM storage s"

static void
read_storage(void *row, struct sql *q, struct arena *a)
{
	struct findings_storage *s = row;
	int c = 0;

	s->storage.id = sql_int(q, c++);
	s->storage.uuid = sql_text(q, c++, a);
	s->storage.slug = sql_text(q, c++, a);
	s->storage.kind = sql_text(q, c++, a);
	s->storage.path = sql_text(q, c++, a);
	s->storage.encrypted = sql_int(q, c++) != 0;
	s->storage.used_bytes = sql_int(q, c++);
	s->checked_at = sql_int(q, c++);
	s->objects = sql_int(q, c++);
	s->bytes = sql_int(q, c++);
	s->free_bytes = sql_int(q, c++);
	s->storage.test_text = sql_text(q, c++, a);
	s->storage.test_warning = sql_text(q, c++, a);
	s->storage.server.host_key = sql_text(q, c++, a);
	s->storage.server.host_key_met = sql_text(q, c++, a);
	s->storage.write_rate = sql_int(q, c++);
	s->storage.read_rate = sql_int(q, c++);
	s->backups = sql_int(q, c++);
	s->missing = sql_int(q, c++);
	s->damaged = sql_int(q, c++);
	s->unknown = sql_int(q, c++);
}

int
findings_storages(struct findings_storage **ret, size_t *count, struct arena *a, struct db *db,
    struct err *e)
{
	static const char sql[] = STORAGE_COLUMNS " WHERE s.removed_at=0 ORDER BY s.id";
	void *rows = sql_list(count,
	    &(struct sql_query){ db, a, sql, SQL_NO_ARGS, sizeof **ret, read_storage }, e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}

int
findings_storage(struct findings_storage *ret, struct arena *a, struct db *db, const char *slug,
    struct err *e)
{
	static const char sql[] = STORAGE_COLUMNS " WHERE s.slug=?1 AND s.removed_at=0";

	return row_one(ret,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_t(slug)), sizeof *ret, read_storage },
	    "there is no such storage", e);
}

static void
read_finding(void *row, struct sql *q, struct arena *a)
{
	struct finding *f = row;
	int kind = word_find(kinds, FINDINGS, sql_text(q, 1, a));

	f->path = sql_text(q, 0, a);
	f->kind = kind < 0 ? FINDING_UNKNOWN : (enum finding_kind)kind;
	f->text = sql_text(q, 2, a);
	f->backup = sql_int(q, 3);
	f->found_at = sql_int(q, 4);
}

int
findings_list(struct finding **ret, size_t *count, struct arena *a, struct db *db,
    int64_t storage, int limit, struct err *e)
{
	static const char sql[] =
	    "SELECT path, kind, text, backup, found_at FROM finding WHERE storage=?1 ORDER BY CASE"
	    " kind WHEN 'missing' THEN 0 WHEN 'damaged' THEN 1 ELSE 2 END, path LIMIT ?2";
	void *rows = sql_list(count,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(storage), sql_i(limit)),
	        sizeof **ret, read_finding },
	    e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}
