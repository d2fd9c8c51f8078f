/* enqueue.c: putting work into the queue. */
#include "lib/store/enqueue.h"

#include "lib/base/clock.h"
#include "lib/base/rand.h"
#include "lib/store/sql.h"

int
enqueue_known(int64_t *ret, struct db *db, const char *key, enum job_kind kind, struct err *e)
{
	static const char sql[] =
	    "SELECT CASE kind WHEN ?2 THEN id ELSE -1 END FROM job WHERE idempotency_key=?1";
	int64_t job = 0;

	if (key != NULL &&
	    sql_get(&job, db, sql, SQL_ARGS(sql_t(key), sql_t(job_kind_name(kind))), e) != 0)
		return -1;
	if (job < 0)
		return err_set(e, ERR_CONFLICT,
		    "this form was used for something else already; load the page again");
	*ret = job;
	return 0;
}

/* What overwrites somebody's worst day goes before what only looks after old copies; what a person
 * asked for goes before all that is done in the background. */
static const int priorities[JOB_KINDS] = {
	[JOB_RESTORE] = 30, [JOB_UNDO] = 30,    [JOB_SWITCH] = 30,
	[JOB_PREVIEW] = 30, [JOB_CHECK] = 30,   [JOB_BACKUP] = 20,
	[JOB_DOWNLOAD] = 20, [JOB_TIDY] = 15,   [JOB_TEST] = 15,
	[JOB_VERIFY] = 15,      [JOB_RECONCILE] = 15,
	[JOB_PRUNE] = 10,       [JOB_LIST] = 30,
	[JOB_COMPARE] = 30,
	[JOB_COPY] = 18,
	[JOB_PROVE] = 15,
	[JOB_REWRAP] = 15,
};

int
enqueue_add(int64_t *ret, struct db *db, const struct job_request *rq,
    const struct enqueue_work *work, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO job (uuid, kind, state, environment, backup, download, service, restore,"
	    " after_job, requested_by, idempotency_key, mail_when_done, run_at, created_at,"
	    " priority, compared, storage) VALUES (?1, ?2, 'queued', ?3, ?4, ?5, ?6, ?7, ?8, ?9,"
	    " ?10, ?11,"
	    " ?14, ?12, ?13, ?15, ?16) RETURNING id";
	int64_t now = clock_now();
	char uuid[UUID_SIZE];

	rand_uuid(uuid);
	return sql_get(ret, db, sql,
	    SQL_ARGS(sql_t(uuid), sql_t(job_kind_name(work->kind)), sql_i(rq->environment),
	        sql_id(work->backup), sql_id(work->download), sql_id(work->service),
	        sql_id(work->restore), sql_id(work->after), sql_id(rq->requested_by),
	        sql_t(rq->key), sql_i(rq->mail_when_done), sql_i(now),
	        sql_i(priorities[work->kind] - (work->background ? ENQUEUE_BACKGROUND : 0)),
	        sql_i(work->run_at > now ? work->run_at : now), sql_id(work->compared),
	        sql_id(work->storage)),
	    e);
}

int
enqueue_service(struct db *db, int64_t job, int64_t service, struct err *e)
{
	return sql_run(NULL, db, "INSERT INTO job_service (job, service) VALUES (?1, ?2)",
	    SQL_ARGS(sql_i(job), sql_i(service)), e);
}
