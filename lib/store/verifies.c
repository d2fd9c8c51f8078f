/* verifies.c: what was stored is read again, and restored for a test, without anybody asking. */
#include "lib/store/verifies.h"

#include "lib/base/clock.h"
#include "lib/model/policy.h"
#include "lib/store/backups.h"
#include "lib/store/copies.h"
#include "lib/store/enqueue.h"
#include "lib/store/lease.h"
#include "lib/store/projects.h"
#include "lib/store/restores.h"
#include "lib/store/sql.h"

/* What a policy says in environment v, as a number; the text of the default stands behind it. */
#define POLICY_IN_V(key, fallback) \
	"CAST(coalesce((SELECT x.value FROM policy x WHERE x.key='" key "' AND" \
	" ((x.level='environment' AND x.owner=v.id) OR (x.level='project' AND" \
	" x.owner=v.project) OR (x.level='instance' AND x.owner=0)) ORDER BY CASE x.level WHEN" \
	" 'environment' THEN 0 WHEN 'project' THEN 1 ELSE 2 END LIMIT 1), " fallback \
	") AS INTEGER)"

/* -- reading again -- */

/* Of the longest that anybody allows, the shortest: nothing that was read later is due. */
static int
shortest_days(int64_t *ret, struct db *db, struct err *e)
{
	static const char sql[] =
	    "SELECT min(CAST(value AS INTEGER)) FROM policy WHERE key='verify-days'";
	int64_t least = policy_number(POLICY_VERIFY_DAYS, policy_default(POLICY_VERIFY_DAYS)), set;

	if (sql_get(&set, db, sql, SQL_NO_ARGS, e) != 0)
		return -1;
	*ret = set > 0 && set < least ? set : least;
	return 0;
}

/* One that could not be read is not asked for again at once. */
#define NOT_LATELY \
	" AND NOT EXISTS (SELECT 1 FROM job j WHERE j.backup=b.id AND (j.state IN ('queued'," \
	" 'running') OR (j.kind='verify' AND j.state<>'succeeded' AND j.finished_at>?3)))"

/* Whether the last reading in this storage was of a new one: none had gone well before it. */
static int
was_of_new(int64_t *ret, struct db *db, int64_t storage, struct err *e)
{
#define LAST(state) \
	"(SELECT j.id FROM job j JOIN backup b ON b.id=j.backup WHERE j.state='" state "' AND" \
	" j.kind='verify' AND b.storage=?1 ORDER BY j.id DESC LIMIT 1)"
	static const char sql[] =
	    "SELECT NOT EXISTS (SELECT 1 FROM job o WHERE o.backup=l.backup AND o.kind='verify' AND"
	    " o.state='succeeded' AND o.id<l.id) FROM job l WHERE l.id=max(coalesce("
	    LAST("succeeded") ", 0), coalesce(" LAST("failed") ", 0))";
#undef LAST

	return sql_get(ret, db, sql, SQL_ARGS(sql_i(storage)), e);
}

/*
 * The index backup_reread begins with whoever was read longest ago, so a look at what is not due
 * ends with its first row. A reading begins half a day before its time is up.
 */
int
verifies_due(int64_t *ret, struct db *db, int64_t storage, int64_t now, struct err *e)
{
	static const char sql_new[] =
	    "SELECT b.id FROM backup b WHERE b.storage=?1 AND b.state='ready' AND b.health IN"
	    " ('unknown', 'good') AND b.verified_at<=b.finished_at AND b.finished_at<?2"
	    NOT_LATELY " ORDER BY b.finished_at LIMIT 1";
	static const char sql_old[] =
	    "SELECT b.id FROM backup b JOIN environment v ON v.id=b.environment WHERE b.storage=?1"
	    " AND b.state='ready' AND b.health IN ('unknown', 'good') AND b.verified_at<?2"
	    NOT_LATELY " AND b.verified_at<?4+43200000-86400000*" POLICY_IN_V("verify-days", "?5")
	    " ORDER BY b.verified_at LIMIT 1";
	int64_t days, again = now - VERIFIES_AGAIN_MS, fresh, old, before, turn = 0;

	if (sql_get(&fresh, db, sql_new,
	        SQL_ARGS(sql_i(storage), sql_i(now - VERIFIES_NEW_MS), sql_i(again)), e) != 0 ||
	    (fresh != 0 && was_of_new(&turn, db, storage, e) != 0))
		return -1;
	if (fresh != 0 && turn == 0) {
		*ret = fresh;
		return 0;
	}
	if (shortest_days(&days, db, e) != 0)
		return -1;
	before = now - days * VERIFIES_DAY_MS + VERIFIES_DAY_MS / 2;
	if (sql_get(&old, db, sql_old,
	        SQL_ARGS(sql_i(storage), sql_i(before), sql_i(again), sql_i(now),
	            sql_t(policy_default(POLICY_VERIFY_DAYS))), e) != 0)
		return -1;
	*ret = old != 0 ? old : fresh;
	return 0;
}

static void
read_late(void *row, struct sql *q, struct arena *a UNUSED)
{
	*(struct verifies_late *)row =
	    (struct verifies_late){ sql_int(q, 0), sql_int(q, 1), sql_int(q, 2) };
}

int
verifies_late(struct verifies_late **ret, size_t *count, struct arena *a, struct db *db,
    int64_t now, struct err *e)
{
	/* One that is to be read again because it was missing for a time has verified_at 0. The
	 * days are looked up once for each environment, and the two short indexes name who it may
	 * be. */
	static const char sql[] =
	    "WITH t AS MATERIALIZED (SELECT v.id AS place, " POLICY_IN_V("verify-days", "?3")
	    " AS days FROM environment v) SELECT place, count(*), min(id) FROM (SELECT t.place,"
	    " b.id FROM storage s CROSS JOIN backup b ON b.storage=s.id AND b.state='ready' AND"
	    " b.health IN ('unknown', 'good') AND b.verified_at<=b.finished_at AND"
	    " b.finished_at<?1-2*?4 JOIN t ON t.place=b.environment WHERE b.verified_at>0 UNION"
	    " SELECT t.place, b.id FROM storage s CROSS JOIN backup b ON b.storage=s.id AND"
	    " b.state='ready' AND b.health IN ('unknown', 'good') AND b.verified_at<?2 JOIN t ON"
	    " t.place=b.environment WHERE b.verified_at>0 AND b.verified_at<?1-(t.days+1)*?4)"
	    " GROUP BY place ORDER BY place";
	int64_t days;
	void *rows;

	if (shortest_days(&days, db, e) != 0)
		return -1;
	rows = sql_list(count,
	    &(struct sql_query){ db, a, sql,
	        SQL_ARGS(sql_i(now), sql_i(now - (days + 1) * VERIFIES_DAY_MS),
	            sql_t(policy_default(POLICY_VERIFY_DAYS)), sql_i(VERIFIES_DAY_MS)),
	        sizeof **ret, read_late },
	    e);
	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}

/* Somebody reads there already, or tried within the hour and could not (its bytes were not why):
 * then the next one fares no better. */
static int
rests(int64_t *ret, struct db *db, int64_t storage, int64_t now, struct err *e)
{
	static const char sql[] =
	    "SELECT EXISTS (SELECT 1 FROM job j JOIN backup b ON b.id=j.backup WHERE"
	    " j.kind='verify' AND coalesce(j.storage, b.storage)=?1 AND j.id IN (SELECT id FROM job"
	    " WHERE state='queued' UNION ALL SELECT id FROM job WHERE state='running')) OR EXISTS"
	    " (SELECT 1 FROM job j JOIN backup b ON b.id=j.backup WHERE j.id=(SELECT max(m.id)"
	    " FROM job m WHERE m.kind='verify' AND m.requested_by IS NULL) AND j.state='failed'"
	    " AND j.finished_at>?2 AND j.storage IS NULL AND b.storage=?1 AND b.health NOT IN"
	    " ('damaged', 'missing'))";

	return sql_get(ret, db, sql, SQL_ARGS(sql_i(storage), sql_i(now - VERIFIES_AGAIN_MS)), e);
}

/* What was copied there has its turn when no backup that was made there is due. */
static int
copy_due(struct enqueue_work *work, struct db *db, int64_t storage, int64_t now, struct err *e)
{
	int64_t days;

	work->storage = storage;
	if (shortest_days(&days, db, e) != 0)
		return -1;
	return copies_due(&work->backup, db, storage,
	    now - days * VERIFIES_DAY_MS + VERIFIES_DAY_MS / 2, e);
}

static int
queue_one(int64_t *count, struct db *db, int64_t storage, int64_t now, struct err *e)
{
	static const char sql[] = "SELECT environment FROM backup WHERE id=?1";
	struct enqueue_work work = { .kind = JOB_VERIFY, .background = true };
	struct job_request rq = { .environment = 0 };
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t job, busy;

	/* Most looks find nothing: those take no write lock. */
	if (rests(&busy, db, storage, now, e) != 0)
		return -1;
	if (busy)
		return 0;
	if (verifies_due(&work.backup, db, storage, now, e) != 0)
		return -1;
	if (work.backup == 0 && copy_due(&work, db, storage, now, e) != 0)
		return -1;
	if (work.backup == 0)
		return 0;
	if (sql_begin(&t, db, e) != 0 || rests(&busy, db, storage, now, e) != 0 ||
	    sql_get(&rq.environment, db, sql, SQL_ARGS(sql_i(work.backup)), e) != 0)
		return -1;
	if (busy)
		return 0;
	if (enqueue_add(&job, db, &rq, &work, e) != 0 || sql_commit(&t, e) != 0)
		return -1;
	++*count;
	return 0;
}

int
verifies_queue(int64_t *count, struct db *db, int64_t now, struct err *e)
{
	static const char sql[] = "SELECT min(id) FROM storage WHERE id>?1";
	int64_t storage = 0, queued = 0;

	for (;;) {
		if (sql_get(&storage, db, sql, SQL_ARGS(sql_i(storage)), e) != 0)
			return -1;
		if (storage == 0)
			break;
		if (queue_one(&queued, db, storage, now, e) != 0)
			return -1;
	}
	if (count != NULL)
		*count = queued;
	return 0;
}

int
verifies_part_read(struct db *db, const struct lease *l, int64_t part, struct err *e)
{
	static const char sql[] = "UPDATE part SET verified_at=?3 WHERE id=?1 AND backup=?2";
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct lease_work work;

	if (sql_begin(&t, db, e) != 0 || lease_check(&work, db, l, e) != 0 ||
	    sql_run(NULL, db, sql,
	        SQL_ARGS(sql_i(part), sql_i(work.backup), sql_i(clock_now())), e) != 0)
		return -1;
	return sql_commit(&t, e);
}

/* -- test restores -- */

struct tested {
	int64_t environment, days, now;
};

static void
read_tested(void *row, struct sql *q, struct arena *a UNUSED)
{
	struct tested *t = row;

	t->environment = sql_int(q, 0);
	t->days = sql_int(q, 1);
}

static int
test_due(bool *ret, struct db *db, int64_t service, const struct tested *t, struct err *e)
{
	/* Its newest test decides: one that failed is not made up for by a good one before it. */
	static const char sql[] =
	    "SELECT b.tested_at>CASE b.test_state WHEN 'equal' THEN ?2 ELSE ?3 END FROM part p JOIN"
	    " backup b ON b.id=p.backup WHERE p.service=?1 AND b.tested_at>0 ORDER BY b.tested_at"
	    " DESC, b.id DESC LIMIT 1";
	int64_t lately;

	if (sql_get(&lately, db, sql,
	        SQL_ARGS(sql_i(service), sql_i(t->now - t->days * VERIFIES_DAY_MS),
	            sql_i(t->now - VERIFIES_DAY_MS)), e) != 0)
		return -1;
	*ret = lately == 0;
	return 0;
}

/* The newest good backup of this service, if its test is due; 0: nothing is to be done. */
static int
test_of(int64_t *ret, struct arena *a, struct db *db, const struct service *s,
    const struct tested *t, struct err *e)
{
	struct backup b;
	bool due;

	*ret = 0;
	if (test_due(&due, db, s->id, t, e) != 0)
		return -1;
	if (!due)
		return 0;
	if (backups_latest(&b, a, db, t->environment, s->id, e) != 0)
		return e->kind == ERR_NOT_FOUND ? 0 : -1;
	*ret = b.id;
	return 0;
}

static int
queue_test(int64_t *count, struct arena *a, struct db *db, const struct tested *t, struct err *e)
{
	/* Nor within a day of one that somebody has cancelled. */
	static const char sql[] =
	    "SELECT (SELECT count(*) FROM job WHERE kind='test' AND environment=?1 AND id IN"
	    " (SELECT id FROM job WHERE state='queued' UNION ALL SELECT id FROM job WHERE"
	    " state='running'))+(SELECT count(*) FROM job WHERE state='cancelled' AND kind='test'"
	    " AND environment=?1 AND finished_at>?2)";
	const struct job_request rq = { .environment = t->environment };
	struct service *services;
	int64_t busy, backup, job;
	size_t n;

	if (sql_get(&busy, db, sql,
	        SQL_ARGS(sql_i(t->environment), sql_i(t->now - VERIFIES_DAY_MS)), e) != 0 ||
	    services_list(&services, &n, a, db, t->environment, e) != 0)
		return -1;
	for (size_t i = 0; i < n && busy == 0; i++) {
		if (test_of(&backup, a, db, &services[i], t, e) != 0)
			return -1;
		if (backup == 0)
			continue;
		if (restores_test(&job, db, &rq, backup, e) != 0)
			return -1;
		++*count;
		busy = 1;
	}
	return 0;
}

int
verifies_queue_tests(int64_t *count, struct db *db, int64_t now, struct err *e)
{
	static const char sql[] =
	    "SELECT id, days FROM (SELECT v.id AS id, " POLICY_IN_V("test-days", "?1")
	    " AS days FROM environment v WHERE v.paused=0) AS e WHERE days>0 ORDER BY id";
	CLEANUP_ARENA struct arena *a = arena_new();
	struct tested *list;
	int64_t queued = 0;
	size_t n;

	list = sql_list(&n,
	    &(struct sql_query){ db, a, sql,
	        SQL_ARGS(sql_t(policy_default(POLICY_TEST_DAYS))), sizeof *list, read_tested }, e);
	if (list == NULL)
		return -1;
	for (size_t i = 0; i < n; i++) {
		list[i].now = now;
		if (queue_test(&queued, a, db, &list[i], e) != 0)
			return -1;
	}
	if (count != NULL)
		*count = queued;
	return 0;
}
