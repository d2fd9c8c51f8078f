/* lease.c: who holds a job, and how a job ends. */
#include "lib/store/lease.h"

#include <inttypes.h>

#include "lib/base/clock.h"
#include "lib/store/copies.h"
#include "lib/store/days.h"
#include "lib/store/sql.h"

static void
read_work(void *row, struct sql *q, struct arena *a)
{
	struct lease_work *w = row;

	if (!job_kind_parse(&w->kind, sql_text(q, 0, a)))
		w->kind = JOB_KINDS;
	w->backup = sql_int(q, 1);
	w->download = sql_int(q, 2);
	w->restore = sql_int(q, 3);
	w->deaths = sql_int(q, 4);
	w->losses = sql_int(q, 5);
	w->cancel_asked = sql_int(q, 6) != 0;
}

int
lease_lost(const struct lease *l, struct err *e)
{
	return err_set(e, ERR_FENCED, "job j%" PRId64 " is not ours any more: its lease was lost",
	    l->job);
}

int
lease_check(struct lease_work *ret, struct db *db, const struct lease *l, struct err *e)
{
	static const char sql[] =
	    "SELECT kind, backup, download, restore, deaths, losses, cancel_asked FROM job WHERE"
	    " id=?1 AND fence=?2 AND state='running'";
	CLEANUP_ARENA struct arena *a = arena_new();
	int rc = sql_first(ret,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(l->job), sql_i(l->fence)), sizeof *ret,
	        read_work },
	    e);

	if (rc == 0)
		return lease_lost(l, e);
	return rc == 1 ? 0 : -1;
}

/* What the job was making has failed with it. A download that was ready before stays so. */
static int
fail_product(struct db *db, int64_t job, const struct lease_end *end, struct err *e)
{
	static const char sql_backup[] =
	    "UPDATE backup SET state='failed', error=?2, finished_at=?3 WHERE state='building' AND"
	    " id=(SELECT backup FROM job WHERE id=?1 AND kind='backup') RETURNING environment";
	static const char sql_parts[] = "UPDATE part SET state='failed' WHERE state='building'"
	    " AND backup=(SELECT backup FROM job WHERE id=?1 AND kind='backup')";
	static const char sql_download[] = "UPDATE download SET state='failed', error=?2"
	                                   " WHERE state='preparing' AND id=(SELECT download FROM"
	                                   " job WHERE id=?1 AND kind='download')";
	int64_t now = clock_now(), environment;

	if (sql_get(&environment, db, sql_backup,
	        SQL_ARGS(sql_i(job), sql_t(end->error), sql_i(now)), e) != 0)
		return -1;
	/* One that somebody cancelled says nothing about the day. */
	if (environment != 0 && end->state == JOB_FAILED &&
	    days_add(db, &(struct day_note){ .environment = environment, .at = now, .failed = 1 },
	        e) != 0)
		return -1;
	if (sql_run(NULL, db, sql_parts, SQL_ARGS(sql_i(job)), e) != 0)
		return -1;
	return sql_run(NULL, db, sql_download, SQL_ARGS(sql_i(job), sql_t(end->error)), e);
}

/* The same of restores. An undo or a tidy that failed may be tried again, so nothing fails with it;
 * a test that was cancelled says nothing about the backup. */
static int
fail_restore(struct db *db, int64_t job, const struct lease_end *end, struct err *e)
{
	/* Tidying takes nothing away that was added, and forgets how far that had come. */
	static const char sql_restore[] =
	    "UPDATE restore SET state='failed', error=?2, finished_at=?3, landed_at=iif(mode='add'"
	    " AND EXISTS (SELECT 1 FROM restore_part x WHERE x.restore=restore.id AND x.state IN"
	    " ('swapping', 'swapped')), ?3, 0) WHERE state='pending' AND id=(SELECT restore FROM"
	    " job WHERE id=?1 AND kind='restore')";
	static const char sql_look[] =
	    "UPDATE restore SET preview='refused', preview_text=?2, previewed_at=?3 WHERE"
	    " state='draft' AND id=(SELECT restore FROM job WHERE id=?1 AND kind='preview')";
	static const char sql_test[] =
	    "UPDATE backup SET test_state='failed', test_text=?2, tested_at=?3 WHERE ?4='failed'"
	    " AND id=(SELECT backup FROM job WHERE id=?1 AND kind='test')";
	const char *error = end->state == JOB_CANCELLED ? "The look was cancelled; look again"
	                                                : end->error;
	int64_t now = clock_now();

	if (sql_run(NULL, db, sql_restore, SQL_ARGS(sql_i(job), sql_t(end->error), sql_i(now)),
	        e) != 0 ||
	    sql_run(NULL, db, sql_look, SQL_ARGS(sql_i(job), sql_t(error), sql_i(now)), e) != 0)
		return -1;
	return sql_run(NULL, db, sql_test,
	    SQL_ARGS(sql_i(job), sql_t(end->error), sql_i(now), sql_t(job_state_name(end->state))),
	    e);
}

static int
free_services(struct db *db, int64_t job, struct err *e)
{
	static const char sql[] = "UPDATE job_service SET running=0 WHERE job=?1";

	return sql_run(NULL, db, sql, SQL_ARGS(sql_i(job)), e);
}

int
lease_end(struct db *db, int64_t job, const struct lease_end *end, struct err *e)
{
	static const char sql[] =
	    "UPDATE job SET state=?2, worker=NULL, lease_until=0, finished_at=?3, error=?4,"
	    " exit_code=?5, warnings=CASE WHEN ?6>warnings THEN ?6 ELSE warnings END"
	    " WHERE id=?1 AND (state='running' OR (state='queued' AND ?2='cancelled'))";
	int64_t changes;

	if (sql_run(&changes, db, sql,
	        SQL_ARGS(sql_i(job), sql_t(job_state_name(end->state)), sql_i(clock_now()),
	            sql_t(end->error), sql_i(end->exit_code), sql_i(end->warnings)),
	        e) != 0)
		return -1;
	if (changes != 1)
		return err_set(e, ERR_CONFLICT, "job j%" PRId64 " cannot become %s now", job,
		    job_state_name(end->state));
	if (free_services(db, job, e) != 0)
		return -1;
	if (end->state == JOB_SUCCEEDED)
		return 0;
	if (copies_failed(db, job, end->error, e) != 0 || fail_product(db, job, end, e) != 0)
		return -1;
	return fail_restore(db, job, end, e);
}

int
lease_requeue(struct db *db, int64_t job, int64_t run_at, struct err *e)
{
	static const char sql[] =
	    "UPDATE job SET state='queued', worker=NULL, lease_until=0, fence=fence+1, run_at=?2,"
	    " phase='', bytes_done=0 WHERE id=?1 AND state='running'";

	if (sql_run(NULL, db, sql, SQL_ARGS(sql_i(job), sql_i(run_at)), e) != 0)
		return -1;
	return free_services(db, job, e);
}

int
lease_release(struct db *db, int64_t job, const struct lease_work *work, int64_t run_at,
    struct err *e)
{
	const struct lease_end cancelled = { JOB_CANCELLED, "Cancelled", 0, 0 };

	return work->cancel_asked ? lease_end(db, job, &cancelled, e)
	                          : lease_requeue(db, job, run_at, e);
}
