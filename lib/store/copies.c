/* copies.c: the places of a backup. */
#include "lib/store/copies.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/store/backups.h"
#include "lib/store/enqueue.h"
#include "lib/store/lease.h"
#include "lib/store/policies.h"
#include "lib/store/projects.h"
#include "lib/store/sql.h"

/* -- looking -- */

static void
read_copy(void *row, struct sql *q, struct arena *a)
{
	struct copy *k = row;
	int c = 0;

	k->backup = sql_int(q, c++);
	k->storage = sql_int(q, c++);
	k->first = sql_int(q, c++) != 0;
	if (!copy_state_parse(&k->state, sql_text(q, c++, a)))
		k->state = COPY_STATES;
	if (!backup_health_parse(&k->health, sql_text(q, c++, a)))
		k->health = HEALTHS;
	k->error = sql_text_or_null(q, c++, a);
	k->stored_bytes = sql_int(q, c++);
	k->takes_over = sql_int(q, c++) != 0;
	k->created_at = sql_int(q, c++);
	k->finished_at = sql_int(q, c++);
	k->verified_at = sql_int(q, c++);
	k->slug = sql_text(q, c++, a);
	k->kind = sql_text(q, c++, a);
	k->job = sql_int(q, c++);
}

int
copies_list(struct copy **ret, size_t *count, struct arena *a, struct db *db, int64_t backup,
    struct err *e)
{
	static const char sql[] =
	    "SELECT o.backup, o.storage, o.first, o.state, o.health, o.error, o.stored_bytes,"
	    " o.takes_over, o.created_at, o.finished_at, o.verified_at, s.slug, s.kind, (SELECT"
	    " max(j.id) FROM job j WHERE j.backup=o.backup AND j.storage=o.storage AND"
	    " j.kind='copy' AND j.state IN ('queued', 'running')) FROM (SELECT id AS backup,"
	    " storage, 1 AS first, CASE state WHEN 'building' THEN 'copying' WHEN 'failed' THEN"
	    " 'failed' ELSE 'ready' END AS state, health, NULL AS error, stored_bytes, 0 AS"
	    " takes_over, created_at, finished_at, verified_at FROM backup WHERE id=?1 UNION ALL"
	    " SELECT backup, storage, 0, state, health, error, stored_bytes, takes_over,"
	    " created_at, finished_at, verified_at FROM copy WHERE backup=?1) AS o JOIN storage s"
	    " ON s.id=o.storage ORDER BY o.first DESC, o.storage";
	void *rows = sql_list(count,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(backup)), sizeof **ret, read_copy }, e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}

int
copies_have_pack(bool *ret, struct db *db, int64_t storage, const char *key, struct err *e)
{
	static const char sql[] =
	    "WITH o AS (SELECT backup FROM part WHERE data_key=?2 UNION SELECT p.backup FROM"
	    " part_pack k JOIN part p ON p.id=k.part WHERE k.key=?2) SELECT EXISTS (SELECT 1 FROM"
	    " o JOIN backup b ON b.id=o.backup WHERE b.storage=?1 AND b.state IN ('ready',"
	    " 'trashed') AND b.before_trash<>'failed' AND (b.state='ready' OR b.trashed_at>0) AND"
	    " b.health NOT IN ('damaged', 'missing')) OR EXISTS (SELECT 1 FROM o JOIN copy c ON"
	    " c.backup=o.backup WHERE c.storage=?1 AND c.state='ready' AND c.health NOT IN"
	    " ('damaged', 'missing'))";
	int64_t found;

	if (sql_get(&found, db, sql, SQL_ARGS(sql_i(storage), sql_t(key)), e) != 0)
		return -1;
	*ret = found != 0;
	return 0;
}

/* -- asking for one -- */

/* The place of that storage in the list; NULL: none. */
static const struct copy *
find_place(const struct copy *list, size_t count, int64_t storage)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].storage == storage)
			return &list[i];
	return NULL;
}

static bool
is_source_left(const struct copy *list, size_t count, int64_t storage)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].storage != storage && copy_usable(&list[i]))
			return true;
	return false;
}

/* What stands against it, in a sentence. */
static int
check(const struct backup *b, const struct storage *s, const struct copy *list, size_t count,
    struct err *e)
{
	const struct copy *there = find_place(list, count, s->id);

	if (b->state != BACKUP_READY && !(b->state == BACKUP_TRASHED && b->trashed_at > 0))
		return err_set(e, ERR_CONFLICT, "backup b%" PRId64 " is %s, so it cannot be copied",
		    b->id, b->state == BACKUP_BUILDING ? "still being created"
		    : b->state == BACKUP_TRASHED ? "being deleted" : backup_state_name(b->state));
	if (s->removed_at != 0)
		return err_set(e, ERR_NOT_FOUND, "there is no such storage");
	if (there != NULL && there->state == COPY_LEAVING)
		return err_set(e, ERR_CONFLICT, "what lies in %s of backup b%" PRId64
		    " is being removed; copy it again when that is done", s->slug, b->id);
	if (!is_source_left(list, count, s->id))
		return err_set(e, ERR_CONFLICT, "no place of backup b%" PRId64
		    " can be read that it could be copied from", b->id);
	return 0;
}

static int
add_row(struct db *db, const struct copy_ask *ask, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO copy (backup, storage, state, takes_over, created_at) VALUES (?1, ?2,"
	    " 'copying', ?3, ?4) ON CONFLICT (backup, storage) DO UPDATE SET state=CASE copy.state"
	    " WHEN 'ready' THEN 'ready' ELSE 'copying' END, error=NULL,"
	    " takes_over=max(copy.takes_over, excluded.takes_over)";

	return sql_run(NULL, db, sql,
	    SQL_ARGS(sql_i(ask->backup), sql_i(ask->storage), sql_i(ask->takes_over),
	        sql_i(clock_now())), e);
}

/* Inside a transaction. */
static int
add(int64_t *job, struct db *db, const struct job_request *rq, const struct copy_ask *ask,
    struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct job_request own = *rq;
	const struct copy *there;
	struct storage s;
	struct backup b;
	struct copy *list;
	size_t count;

	if (backups_by_id(&b, a, db, ask->backup, e) != 0 ||
	    storages_by_id(&s, a, db, ask->storage, e) != 0 ||
	    copies_list(&list, &count, a, db, ask->backup, e) != 0)
		return -1;
	there = find_place(list, count, ask->storage);
	if (there != NULL && there->job != 0) {
		*job = there->job;
		return ask->takes_over && !there->first ? add_row(db, ask, e) : 0;
	}
	if (there != NULL && copy_usable(there) && (there->first || !ask->takes_over))
		return err_set(e, ERR_CONFLICT, "backup b%" PRId64 " is in %s already", b.id,
		    s.slug);
	if (check(&b, &s, list, count, e) != 0 ||
	    ((there == NULL || !there->first) && add_row(db, ask, e) != 0))
		return -1;
	own.environment = b.environment;
	return enqueue_add(job, db, &own,
	    &(struct enqueue_work){ .kind = JOB_COPY, .backup = ask->backup,
	        .storage = ask->storage, .background = ask->background }, e);
}

int
copies_request(int64_t *ret, struct db *db, const struct job_request *rq,
    const struct copy_ask *ask, struct err *e)
{
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t job;

	if (sql_begin(&t, db, e) != 0 || enqueue_known(&job, db, rq->key, JOB_COPY, e) != 0 ||
	    (job == 0 && add(&job, db, rq, ask, e) != 0) || sql_commit(&t, e) != 0)
		return -1;
	*ret = job;
	return 0;
}

static void
read_number(void *row, struct sql *q, struct arena *a UNUSED)
{
	*(int64_t *)row = sql_int(q, 0);
}

#define LIE_THERE \
	"b.storage=?1 AND (b.state='ready' OR (b.state='trashed' AND b.before_trash='ready' AND" \
	" b.trashed_at>0))"

int
copies_move(int64_t *count, struct db *db, const struct job_request *rq,
    const struct copy_move *move, struct err *e)
{
	static const char sql[] = "SELECT b.id FROM backup b WHERE " LIE_THERE " ORDER BY b.id";
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct copy_ask ask = { .storage = move->to, .takes_over = true };
	int64_t *list, job, asked = 0;
	size_t n;

	if (move->from == move->to)
		return err_set(e, ERR_INPUT, "Choose another storage to move to");
	if (sql_begin(&t, db, e) != 0)
		return -1;
	list = sql_list(&n,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(move->from)), sizeof *list,
	        read_number }, e);
	for (size_t i = 0; list != NULL && i < n; i++) {
		/* One that cannot be read anywhere stays, and keeps no other. */
		ask.backup = list[i];
		if (add(&job, db, rq, &ask, e) == 0)
			asked++;
		else if (e->kind != ERR_CONFLICT)
			return -1;
	}
	if (list == NULL || sql_commit(&t, e) != 0)
		return -1;
	*count = asked;
	return 0;
}

int
copies_count(struct copy_counts *ret, struct db *db, int64_t storage, struct err *e)
{
	static const char sql_first[] = "SELECT count(*) FROM backup b WHERE " LIE_THERE;
	static const char sql_only[] = "SELECT count(*) FROM backup b WHERE " LIE_THERE " AND NOT"
	    " EXISTS (SELECT 1 FROM copy c WHERE c.backup=b.id AND c.state='ready' AND c.health IN"
	    " ('unknown', 'good'))";
	static const char sql_moving[] = "SELECT count(*) FROM backup b WHERE " LIE_THERE " AND"
	    " EXISTS (SELECT 1 FROM copy c JOIN job j ON j.backup=c.backup AND j.storage=c.storage"
	    " WHERE c.backup=b.id AND c.takes_over=1 AND j.kind='copy' AND j.state IN ('queued',"
	    " 'running'))";
	const struct sql_arg *args = SQL_ARGS(sql_i(storage));

	return sql_get(&ret->first, db, sql_first, args, e) != 0 ||
	        sql_get(&ret->only_here, db, sql_only, args, e) != 0 ||
	        sql_get(&ret->moving, db, sql_moving, args, e) != 0
	    ? -1 : 0;
}

int
copies_verify(int64_t *ret, struct db *db, const struct job_request *rq,
    const struct copy_ask *ask, struct err *e)
{
	/* What the system does by itself reads less than who asks wants to know. */
	static const char sql_there[] = "SELECT max(id) FROM job WHERE backup=?1 AND storage=?2 AND"
	    " kind='verify' AND state IN ('queued', 'running') AND (?3=0 OR requested_by>0)";
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_TXN struct sql_txn t = { NULL };
	const struct copy *there;
	struct copy *list;
	int64_t job;
	size_t count;

	if (sql_begin(&t, db, e) != 0 || enqueue_known(&job, db, rq->key, JOB_VERIFY, e) != 0 ||
	    (job == 0 && sql_get(&job, db, sql_there,
	        SQL_ARGS(sql_i(ask->backup), sql_i(ask->storage), sql_i(rq->requested_by)),
	        e) != 0) ||
	    copies_list(&list, &count, a, db, ask->backup, e) != 0)
		return -1;
	there = find_place(list, count, ask->storage);
	if (there == NULL || there->state != COPY_READY)
		return err_set(e, ERR_CONFLICT, "backup b%" PRId64 " does not lie there, so there "
		    "is nothing to verify", ask->backup);
	if (job == 0 && enqueue_add(&job, db, rq,
	        &(struct enqueue_work){ .kind = JOB_VERIFY, .backup = ask->backup,
	            .storage = ask->storage, .background = ask->background }, e) != 0)
		return -1;
	if (sql_commit(&t, e) != 0)
		return -1;
	*ret = job;
	return 0;
}

int
copies_remove(struct db *db, int64_t backup, int64_t storage, struct err *e)
{
	static const char sql[] =
	    "UPDATE copy SET state='leaving', takes_over=0 WHERE backup=?1 AND storage=?2";
	static const char sql_job[] = "SELECT max(id) FROM job WHERE backup=?1 AND (storage=?2 OR"
	    " kind='copy') AND state IN ('queued', 'running')";
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_TXN struct sql_txn t = { NULL };
	const struct copy *there;
	struct copy *list;
	int64_t job;
	size_t count;

	if (sql_begin(&t, db, e) != 0 || copies_list(&list, &count, a, db, backup, e) != 0 ||
	    sql_get(&job, db, sql_job, SQL_ARGS(sql_i(backup), sql_i(storage)), e) != 0)
		return -1;
	there = find_place(list, count, storage);
	if (there == NULL || there->first)
		return err_set(e, ERR_CONFLICT, "backup b%" PRId64 " has no copy there%s", backup,
		    there != NULL ? ": it is its first place; move it, or delete the backup" : "");
	if (job != 0)
		return err_set(e, ERR_CONFLICT, "that copy is in use by j%" PRId64
		    "; wait for it or cancel it", job);
	if (copy_usable(there) && !is_source_left(list, count, storage))
		return err_set(e, ERR_CONFLICT, "it is the only place where backup b%" PRId64
		    " can still be read; make another one whole first", backup);
	if (sql_run(NULL, db, sql, SQL_ARGS(sql_i(backup), sql_i(storage)), e) != 0)
		return -1;
	return sql_commit(&t, e);
}

int
copies_follow(struct db *db, int64_t backup, int64_t environment, struct err *e)
{
	static const char sql[] =
	    "SELECT s.id FROM storage s WHERE s.slug=?1 AND s.removed_at=0 AND NOT EXISTS (SELECT 1"
	    " FROM backup b WHERE b.id=?2 AND b.storage=s.id) AND NOT EXISTS (SELECT 1 FROM copy c"
	    " WHERE c.backup=?2 AND c.storage=s.id)";
	const struct job_request rq = { .environment = environment };
	CLEANUP_ARENA struct arena *a = arena_new();
	struct copy_ask ask = { .backup = backup, .background = true };
	struct policy others;
	int64_t job;

	if (policies_get(&others, a, db, POLICY_COPIES, environment, e) != 0)
		return -1;
	for (const char *at = others.value; *at != '\0';) {
		size_t n = strcspn(at, " ");

		if (sql_get(&ask.storage, db, sql,
		        SQL_ARGS(sql_t(arena_dupn(a, at, n)), sql_i(backup)), e) != 0 ||
		    (ask.storage != 0 && add(&job, db, &rq, &ask, e) != 0))
			return -1;
		at += n + strspn(at + n, " ");
	}
	return 0;
}

/* -- the worker's side -- */

/* The backup and the storage of a copy job that this lease holds. */
static int
held_place(struct copy_finding *ret, struct db *db, const struct lease *l, struct err *e)
{
	struct lease_work work;

	if (lease_check(&work, db, l, e) != 0)
		return -1;
	if (work.kind != JOB_COPY)
		return err_set(e, ERR_INTERNAL, "job j%" PRId64 " makes no copy", l->job);
	*ret = (struct copy_finding){ .backup = work.backup, .health = HEALTH_GOOD,
		.since = clock_now() };
	return sql_get(&ret->storage, db, "SELECT storage FROM job WHERE id=?1",
	    SQL_ARGS(sql_i(l->job)), e);
}

int
copies_found(struct db *db, const struct copy_finding *f, struct err *e)
{
#define AND_NOT_WORSE \
	" AND (?3<>'good' OR health NOT IN ('damaged', 'missing') OR verified_at<=?5)"
	static const char sql[] =
	    "UPDATE copy SET health=?3, verified_at=?4 WHERE backup=?1 AND storage=?2 AND"
	    " state='ready'" AND_NOT_WORSE;
	static const char sql_first[] =
	    "UPDATE backup SET health=?3, verified_at=?4 WHERE id=?1 AND storage=?2" AND_NOT_WORSE;
#undef AND_NOT_WORSE
	const struct sql_arg *args = SQL_ARGS(sql_i(f->backup), sql_i(f->storage),
	    sql_t(backup_health_name(f->health)), sql_i(clock_now()), sql_i(f->since));

	return sql_run(NULL, db, sql_first, args, e) != 0 ? -1 : sql_run(NULL, db, sql, args, e);
}

/* The copy that takes over and the first place change their rows; what was first goes. */
static int
take_over(struct db *db, const struct copy_finding *at, struct err *e)
{
	static const char sql_asked[] =
	    "SELECT count(*) FROM copy WHERE backup=?1 AND storage=?2 AND takes_over=1";
	static const char sql_leave[] =
	    "INSERT INTO copy (backup, storage, state, health, stored_bytes, created_at,"
	    " finished_at, verified_at) SELECT id, storage, 'leaving', health, stored_bytes,"
	    " created_at, finished_at, verified_at FROM backup WHERE id=?1";
	static const char sql_move[] =
	    "UPDATE backup SET storage=?2, health='good', verified_at=?3 WHERE id=?1";
	/* When its packs were read last was of the place before. */
	static const char sql_unread[] =
	    "UPDATE part_pack SET read_at=0 WHERE part IN (SELECT id FROM part WHERE backup=?1)";
	static const char sql_drop[] = "DELETE FROM copy WHERE backup=?1 AND storage=?2";
	const struct sql_arg *args = SQL_ARGS(sql_i(at->backup), sql_i(at->storage));
	int64_t asked;

	if (sql_get(&asked, db, sql_asked, args, e) != 0)
		return -1;
	if (asked == 0)
		return 0;
	if (sql_run(NULL, db, sql_leave, SQL_ARGS(sql_i(at->backup)), e) != 0 ||
	    sql_run(NULL, db, sql_unread, SQL_ARGS(sql_i(at->backup)), e) != 0 ||
	    sql_run(NULL, db, sql_move,
	        SQL_ARGS(sql_i(at->backup), sql_i(at->storage), sql_i(clock_now())), e) != 0)
		return -1;
	return sql_run(NULL, db, sql_drop, args, e);
}

int
copies_finish(struct db *db, const struct lease *l, int64_t stored_bytes, int64_t warnings,
    struct err *e)
{
	/* What is made whole again brings what it had brought. */
	static const char sql[] =
	    "UPDATE copy SET stored_bytes=CASE state WHEN 'ready' THEN stored_bytes ELSE ?3 END,"
	    " state='ready', finished_at=?4, error=NULL WHERE backup=?1 AND storage=?2 AND state IN"
	    " ('copying', 'ready')";
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct copy_finding at;

	if (sql_begin(&t, db, e) != 0 || held_place(&at, db, l, e) != 0 ||
	    sql_run(NULL, db, sql,
	        SQL_ARGS(sql_i(at.backup), sql_i(at.storage), sql_i(stored_bytes),
	            sql_i(clock_now())), e) != 0 ||
	    copies_found(db, &at, e) != 0 || take_over(db, &at, e) != 0 ||
	    lease_end(db, l->job, &(struct lease_end){ JOB_SUCCEEDED, NULL, 0, warnings }, e) != 0)
		return -1;
	return sql_commit(&t, e);
}

int
copies_failed(struct db *db, int64_t job, const char *error, struct err *e)
{
	static const char sql[] =
	    "UPDATE copy SET state=CASE state WHEN 'copying' THEN 'failed' ELSE state END, error=?2"
	    " WHERE state IN ('copying', 'ready') AND backup=(SELECT backup FROM job WHERE id=?1"
	    " AND kind='copy') AND storage=(SELECT storage FROM job WHERE id=?1)";

	return sql_run(NULL, db, sql, SQL_ARGS(sql_i(job), sql_t(error)), e);
}

int
copies_reading(struct db *db, const struct lease *l, int64_t storage, struct err *e)
{
	static const char sql[] = "UPDATE job SET storage=?3 WHERE id=?1 AND fence=?2 AND"
	                          " state='running'";

	return sql_run(NULL, db, sql,
	    SQL_ARGS(sql_i(l->job), sql_i(l->fence), sql_id(storage)), e);
}

static void
read_leaving(void *row, struct sql *q, struct arena *a UNUSED)
{
	*(struct copy *)row = (struct copy){ .backup = sql_int(q, 0), .storage = sql_int(q, 1) };
}

int
copies_leaving(struct copy **ret, size_t *count, struct arena *a, struct db *db, int limit,
    struct err *e)
{
	static const char sql[] =
	    "SELECT c.backup, c.storage FROM copy c JOIN backup b ON b.id=c.backup WHERE"
	    " c.state='leaving' AND (c.state<>'ready' OR c.health IN ('damaged', 'missing')) AND"
	    " NOT EXISTS (SELECT 1 FROM job j WHERE j.state='running' AND (j.backup=b.id OR"
	    " j.compared=b.id OR (j.kind='backup' AND j.environment=b.environment))) ORDER BY"
	    " c.storage, c.backup LIMIT ?1";
	void *rows = sql_list(count,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(limit)), sizeof **ret, read_leaving },
	    e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}

int
copies_gone(struct db *db, int64_t backup, int64_t storage, struct err *e)
{
	return sql_run(NULL, db, "DELETE FROM copy WHERE backup=?1 AND storage=?2",
	    SQL_ARGS(sql_i(backup), sql_i(storage)), e);
}

/* -- made whole again, by itself -- */

static int
ask_all(int64_t *count, struct db *db, const struct sql_query *query, struct err *e)
{
	const struct job_request rq = { .environment = 0 };
	struct copy *list;
	struct err why;
	int64_t job;
	size_t n;

	list = sql_list(&n, query, e);
	if (list == NULL)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const struct copy_ask ask = { .backup = list[i].backup,
			.storage = list[i].storage, .background = true };

		if (copies_request(&job, db, &rq, &ask, &why) == 0)
			++*count;
		else if (why.kind != ERR_CONFLICT && why.kind != ERR_NOT_FOUND) {
			*e = why;
			return -1;
		}
	}
	return 0;
}

/* Not lately, and not against somebody's will. */
#define MAY_TRY(backup, storage) \
	" AND NOT EXISTS (SELECT 1 FROM job j WHERE j.kind='copy' AND j.backup=" backup \
	" AND j.storage=" storage " AND (j.state IN ('queued', 'running') OR (j.state<>" \
	"'succeeded' AND (j.finished_at>?2 OR j.state='cancelled'))))"

int
copies_heal(int64_t *count, struct db *db, int64_t backup, int64_t now, struct err *e)
{
	static const char sql[] =
	    "SELECT b.id, b.storage FROM backup b WHERE b.state='ready' AND b.health IN ('damaged',"
	    " 'missing') AND (?1=0 OR b.id=?1) AND EXISTS (SELECT 1 FROM copy c WHERE"
	    " c.backup=b.id AND c.state='ready' AND c.health IN ('unknown', 'good'))"
	    MAY_TRY("b.id", "b.storage") " UNION ALL SELECT c.backup, c.storage FROM copy c JOIN"
	    " backup b ON b.id=c.backup WHERE b.state='ready' AND c.state='ready' AND c.health IN"
	    " ('damaged', 'missing') AND (?1=0 OR b.id=?1) AND (b.health IN ('unknown', 'good') OR"
	    " EXISTS (SELECT 1 FROM copy o WHERE o.backup=b.id AND o.state='ready' AND o.health IN"
	    " ('unknown', 'good')))" MAY_TRY("c.backup", "c.storage") " LIMIT 200";
	CLEANUP_ARENA struct arena *a = arena_new();

	return ask_all(count, db,
	    &(struct sql_query){ db, a, sql,
	        SQL_ARGS(sql_i(backup), sql_i(now - COPIES_AGAIN_MS)), sizeof(struct copy),
	        read_leaving }, e);
}

int
copies_queue(int64_t *count, struct db *db, int64_t now, struct err *e)
{
	static const char sql[] =
	    "SELECT c.backup, c.storage FROM copy c JOIN backup b ON b.id=c.backup JOIN storage s"
	    " ON s.id=c.storage WHERE b.state='ready' AND c.state='failed' AND s.removed_at=0 AND"
	    " ?1=0" MAY_TRY("c.backup", "c.storage") " ORDER BY c.backup LIMIT 200";
	CLEANUP_ARENA struct arena *a = arena_new();

	if (copies_heal(count, db, 0, now, e) != 0)
		return -1;
	return ask_all(count, db,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(0), sql_i(now - COPIES_AGAIN_MS)),
	        sizeof(struct copy), read_leaving }, e);
}

int
copies_due(int64_t *ret, struct db *db, int64_t storage, int64_t before, struct err *e)
{
	static const char sql[] =
	    "SELECT c.backup FROM copy c JOIN backup b ON b.id=c.backup WHERE c.storage=?1 AND"
	    " c.state='ready' AND c.health IN ('unknown', 'good') AND b.state='ready' AND"
	    " c.verified_at<?2 AND NOT EXISTS (SELECT 1 FROM job j WHERE j.backup=b.id AND (j.state"
	    " IN ('queued', 'running') OR (j.kind='verify' AND j.storage=?1 AND"
	    " j.state<>'succeeded' AND j.finished_at>?3))) ORDER BY c.verified_at LIMIT 1";

	return sql_get(ret, db, sql,
	    SQL_ARGS(sql_i(storage), sql_i(before), sql_i(clock_now() - COPIES_AGAIN_MS)), e);
}
