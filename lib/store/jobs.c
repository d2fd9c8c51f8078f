/* jobs.c: the queue. */
#include "lib/store/jobs.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/fault.h"
#include "lib/base/utf8.h"
#include "lib/model/calendar.h"
#include "lib/store/enqueue.h"
#include "lib/store/lease.h"
#include "lib/store/row.h"
#include "lib/store/settings.h"
#include "lib/store/sql.h"

enum { DEATHS_MAX = 3, LOSSES_MAX = 25, RETRY_MS = 1000, SOON_MS = 60 * 1000 };
enum { LINE_MAX = 4000, LINES_MAX = 2000 };

/* -- asking for work -- */

int
jobs_add_check(int64_t *ret, struct db *db, const struct job_request *rq, int64_t service,
    struct err *e)
{
	static const char sql_service[] = "SELECT environment FROM service WHERE id=?1";
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t environment, job;

	if (sql_begin(&t, db, e) != 0 || enqueue_known(&job, db, rq->key, JOB_CHECK, e) != 0)
		return -1;
	if (job == 0) {
		if (sql_get(&environment, db, sql_service, SQL_ARGS(sql_i(service)), e) != 0)
			return -1;
		if (environment == 0 || environment != rq->environment)
			return err_set(e, ERR_INPUT,
			    "the service does not belong to this environment");
		if (enqueue_add(&job, db, rq,
		        &(struct enqueue_work){ .kind = JOB_CHECK, .service = service }, e) != 0 ||
		    enqueue_service(db, job, service, e) != 0)
			return -1;
	}
	if (sql_commit(&t, e) != 0)
		return -1;
	*ret = job;
	return 0;
}

int
jobs_add_verify(int64_t *ret, struct db *db, const struct job_request *rq, int64_t backup,
    struct err *e)
{
	static const char sql[] =
	    "SELECT id FROM backup WHERE id=?1 AND environment=?2 AND state='ready'";
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t ready, job;

	if (sql_begin(&t, db, e) != 0 || enqueue_known(&job, db, rq->key, JOB_VERIFY, e) != 0)
		return -1;
	if (job == 0) {
		if (sql_get(&ready, db, sql, SQL_ARGS(sql_i(backup), sql_i(rq->environment)),
		    e) != 0)
			return -1;
		if (ready == 0)
			return err_set(e, ERR_CONFLICT,
			    "backup b%" PRId64 " is not ready, so there is nothing to verify",
			    backup);
		if (enqueue_add(&job, db, rq,
		        &(struct enqueue_work){ .kind = JOB_VERIFY, .backup = backup }, e) != 0)
			return -1;
	}
	if (sql_commit(&t, e) != 0)
		return -1;
	*ret = job;
	return 0;
}

/* -- looking -- */

#define JOB_COLUMNS \
	"SELECT j.id, j.uuid, j.kind, j.state, j.environment, j.backup, j.download, j.service," \
	" j.restore, j.after_job, j.requested_by, coalesce(a.email, 'system'), j.created_at," \
	" j.started_at, j.finished_at, j.worker, j.fence, j.deaths, j.cancel_asked," \
	" j.mail_when_done, j.phase, j.bytes_done, j.bytes_total, j.progress_at, j.warnings," \
	" j.error, j.exit_code, p.slug, v.slug, j.compared, j.storage, (SELECT s.slug FROM" \
	" storage s WHERE s.id=j.storage) FROM job j JOIN environment v ON" \
	" v.id=j.environment JOIN project p ON p.id=v.project LEFT JOIN account a ON" \
	" a.id=j.requested_by"

static void
read_job(void *row, struct sql *q, struct arena *a)
{
	struct job *j = row;
	int c = 0;

	j->id = sql_int(q, c++);
	j->uuid = sql_text(q, c++, a);
	if (!job_kind_parse(&j->kind, sql_text(q, c++, a)))
		j->kind = JOB_KINDS;
	if (!job_state_parse(&j->state, sql_text(q, c++, a)))
		j->state = JOB_STATES;
	j->environment = sql_int(q, c++);
	j->backup = sql_int(q, c++);
	j->download = sql_int(q, c++);
	j->service = sql_int(q, c++);
	j->restore = sql_int(q, c++);
	j->after = sql_int(q, c++);
	j->requested_by = sql_int(q, c++);
	j->requested_name = sql_text(q, c++, a);
	j->created_at = sql_int(q, c++);
	j->started_at = sql_int(q, c++);
	j->finished_at = sql_int(q, c++);
	j->worker = sql_text_or_null(q, c++, a);
	j->fence = sql_int(q, c++);
	j->deaths = (int)sql_int(q, c++);
	j->cancel_asked = sql_int(q, c++) != 0;
	j->mail_when_done = sql_int(q, c++) != 0;
	j->phase = sql_text(q, c++, a);
	j->bytes_done = sql_int(q, c++);
	j->bytes_total = sql_int(q, c++);
	j->progress_at = sql_int(q, c++);
	j->warnings = sql_int(q, c++);
	j->error = sql_text_or_null(q, c++, a);
	j->exit_code = (int)sql_int(q, c++);
	j->project_slug = sql_text(q, c++, a);
	j->environment_slug = sql_text(q, c++, a);
	j->compared = sql_int(q, c++);
	j->storage = sql_int(q, c++);
	j->storage_slug = sql_text(q, c++, a);
}

int
jobs_by_id(struct job *ret, struct arena *a, struct db *db, int64_t id, struct err *e)
{
	static const char sql[] = JOB_COLUMNS " WHERE j.id=?1";

	return row_one(ret,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(id)), sizeof *ret, read_job },
	    arena_printf(a, "there is no job j%" PRId64, id), e);
}

int
jobs_by_key(int64_t *ret, struct db *db, const char *key, struct err *e)
{
	int64_t job;

	if (sql_get(&job, db, "SELECT id FROM job WHERE idempotency_key=?1", SQL_ARGS(sql_t(key)),
	        e) != 0)
		return -1;
	if (job == 0)
		return err_set(e, ERR_NOT_FOUND, "no job was made by this form");
	*ret = job;
	return 0;
}

int
jobs_list(struct job **ret, size_t *count, struct arena *a, struct db *db,
    const struct job_filter *filter, struct err *e)
{
	/* One text per index that serves it: job_environment, the primary key, job_queue and
	 * job_leases. */
	static const char sql_environment[] = JOB_COLUMNS " WHERE j.environment=?1 AND j.id<?2"
	    " ORDER BY j.id DESC LIMIT ?3";
	static const char sql_all[] =
	    JOB_COLUMNS " WHERE ?1=0 AND j.id<?2 ORDER BY j.id DESC LIMIT ?3";
	static const char sql_unfinished[] =
	    JOB_COLUMNS " WHERE (?1=0 OR j.environment=?1) AND j.id<?2 AND j.id IN"
	                " (SELECT id FROM job WHERE state='queued' UNION ALL SELECT id FROM job"
	                " WHERE state='running') ORDER BY j.id DESC LIMIT ?3";
	const char *sql = filter->unfinished_only ? sql_unfinished
	    : filter->environment != 0            ? sql_environment
	                                          : sql_all;
	int64_t after = filter->after > 0 ? filter->after : INT64_MAX;
	void *rows = sql_list(count,
	    &(struct sql_query){ db, a, sql,
	        SQL_ARGS(sql_i(filter->environment), sql_i(after), sql_i(filter->limit)),
	        sizeof **ret, read_job },
	    e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}

/* The job that has a service which this one needs: "waits for j412 on database". */
static int
blocker(char **ret, struct arena *a, struct db *db, int64_t job, struct err *e)
{
	static const char sql[] =
	    "SELECT o.job, s.slug FROM job_service m JOIN job_service o ON o.service=m.service AND"
	    " o.running=1 JOIN service s ON s.id=m.service WHERE m.job=?1 AND o.job<>?1 ORDER BY"
	    " o.job LIMIT 1";
	CLEANUP_SQL struct sql *q = NULL;
	int rc;

	if (sql_open(&q, db, sql, SQL_ARGS(sql_i(job)), e) != 0 || (rc = sql_row(q, e)) < 0)
		return -1;
	*ret = rc == 0
	    ? NULL
	    : arena_printf(a, "waits for j%" PRId64 " on %s", sql_int(q, 0), sql_text(q, 1, a));
	return 0;
}

/* The job that has to end first: "waits for j412, the safety backup". */
static int
predecessor(char **ret, struct arena *a, struct db *db, int64_t job, struct err *e)
{
	static const char sql[] =
	    "SELECT x.id, CASE b.kind WHEN 'safety' THEN ', the safety backup' ELSE '' END FROM"
	    " job m JOIN job x ON x.id=m.after_job LEFT JOIN backup b ON b.id=x.backup WHERE"
	    " m.id=?1 AND x.state IN ('queued', 'running')";
	CLEANUP_SQL struct sql *q = NULL;
	int rc;

	if (sql_open(&q, db, sql, SQL_ARGS(sql_i(job)), e) != 0 || (rc = sql_row(q, e)) < 0)
		return -1;
	*ret = rc == 0
	    ? NULL
	    : arena_printf(a, "waits for j%" PRId64 "%s", sql_int(q, 0), sql_text(q, 1, a));
	return 0;
}

static char *
until_words(struct arena *a, int64_t at)
{
	char t[CALENDAR_TEXT_SIZE];

	calendar_text(t, at);
	return arena_printf(a, "waits until %.10s, %s UTC", t, t + CALENDAR_TIME_AT);
}

int
jobs_waiting_for(char **ret, struct arena *a, struct db *db, int64_t job, struct err *e)
{
	static const char sql_queued[] = "SELECT count(*) FROM job WHERE id=?1 AND state='queued'";
	static const char sql_back[] = "SELECT count(*) FROM job WHERE id=?1 AND priority<=?2";
	static const char sql_ahead[] =
	    "SELECT count(*) FROM job o JOIN job m ON m.id=?1 WHERE o.state='queued' AND"
	    " (o.run_at<m.run_at OR (o.run_at=m.run_at AND o.id<m.id))";
	static const char sql_due[] = "SELECT run_at FROM job WHERE id=?1";
	int64_t queued, ahead, background, due;
	char *text, *held;

	if (sql_get(&due, db, sql_due, SQL_ARGS(sql_i(job)), e) != 0 ||
	    sql_get(&queued, db, sql_queued, SQL_ARGS(sql_i(job)), e) != 0 ||
	    predecessor(&text, a, db, job, e) != 0 ||
	    (text == NULL && blocker(&text, a, db, job, e) != 0) ||
	    settings_get(&held, a, db, "background_waits", e) != 0 ||
	    sql_get(&background, db, sql_back,
	        SQL_ARGS(sql_i(job), sql_i(ENQUEUE_BACKGROUND)), e) != 0 ||
	    sql_get(&ahead, db, sql_ahead, SQL_ARGS(sql_i(job)), e) != 0)
		return -1;
	if (queued == 0)
		text = NULL;
	else if (text == NULL && due > clock_now() + SOON_MS)
		text = until_words(a, due);
	else if (text == NULL && background != 0 && *held != '\0')
		text = held;
	else if (text == NULL && ahead > 0)
		text = arena_printf(a, "waits for its turn; %" PRId64 " %s before it", ahead,
		    ahead == 1 ? "job is" : "jobs are");
	*ret = text ? text : arena_dup(a, "");
	return 0;
}

int
jobs_cancel(struct db *db, int64_t job, struct err *e)
{
	static const char sql_state[] = "SELECT state FROM job WHERE id=?1";
	static const char sql_ask[] = "UPDATE job SET cancel_asked=1 WHERE id=?1";
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_TXN struct sql_txn t = { NULL };
	CLEANUP_SQL struct sql *q = NULL;
	enum job_state state;
	int rc;

	if (sql_begin(&t, db, e) != 0 ||
	    sql_open(&q, db, sql_state, SQL_ARGS(sql_i(job)), e) != 0 || (rc = sql_row(q, e)) < 0)
		return -1;
	if (rc == 0 || !job_state_parse(&state, sql_text(q, 0, a)))
		return err_set(e, ERR_NOT_FOUND, "there is no job j%" PRId64, job);
	sql_closep(&q);
	if (job_ended(state))
		return err_set(e, ERR_CONFLICT, "job j%" PRId64 " has ended already", job);
	if (state == JOB_RUNNING)
		rc = sql_run(NULL, db, sql_ask, SQL_ARGS(sql_i(job)), e);
	else
		rc = lease_end(db, job, &(struct lease_end){ JOB_CANCELLED, "Cancelled", 0, 0 }, e);
	return rc != 0 ? -1 : sql_commit(&t, e);
}

/* -- the worker's side -- */

/* What may be claimed, and by whom. */
struct claim {
	const char *worker;
	int64_t lease_ms, above;      /* only of a priority above */
};

static int
claim(struct lease *ret, struct db *db, const struct claim *by, struct err *e)
{
	static const char sql_due[] =
	    "SELECT id FROM job WHERE state='queued' AND run_at<=?1 AND priority>?2 LIMIT 1";
	static const char sql_claim[] =
	    "UPDATE job SET state='running', worker=?1, lease_until=?2+?3, fence=fence+1,"
	    " started_at=CASE started_at WHEN 0 THEN ?2 ELSE started_at END, progress_at=?2,"
	    " phase='', bytes_done=0, warnings=0 WHERE id=(SELECT j.id FROM job j WHERE"
	    " j.state='queued' AND j.run_at<=?2 AND j.priority>?4 AND NOT EXISTS (SELECT 1 FROM"
	    " job_service m JOIN job_service o ON o.service=m.service AND o.running=1 WHERE"
	    " m.job=j.id) AND NOT EXISTS (SELECT 1 FROM job x"
	    " WHERE x.id=j.after_job AND x.state IN ('queued', 'running')) AND NOT"
	    " (j.kind='copy' AND EXISTS (SELECT 1 FROM job x WHERE x.state='running' AND"
	    " x.kind='copy' AND x.storage=j.storage))"
	    " ORDER BY j.priority DESC, j.run_at, j.id LIMIT 1) RETURNING id, fence";
	static const char sql_mark[] = "UPDATE job_service SET running=1 WHERE job=?1";
	CLEANUP_TXN struct sql_txn t = { NULL };
	CLEANUP_SQL struct sql *q = NULL;
	int64_t now = clock_now(), due;
	struct lease l = { 0, 0 };
	int rc;

	/* Most looks find nothing: those take no write lock. */
	if (sql_get(&due, db, sql_due, SQL_ARGS(sql_i(now), sql_i(by->above)), e) != 0)
		return -1;
	if (due == 0) {
		*ret = l;
		return 0;
	}
	if (sql_begin(&t, db, e) != 0 ||
	    sql_open(&q, db, sql_claim,
	        SQL_ARGS(sql_t(by->worker), sql_i(now), sql_i(by->lease_ms), sql_i(by->above)),
	        e) != 0)
		return -1;
	while ((rc = sql_row(q, e)) == 1)
		l = (struct lease){ sql_int(q, 0), sql_int(q, 1) };
	sql_closep(&q);
	if (rc != 0 || sql_run(NULL, db, sql_mark, SQL_ARGS(sql_i(l.job)), e) != 0)
		return -1;
	FAULT("claim.before_commit");
	if (sql_commit(&t, e) != 0)
		return -1;
	FAULT("claim.committed");
	*ret = l;
	return 0;
}

int
jobs_claim(struct lease *ret, struct db *db, const char *worker, int64_t lease_ms, struct err *e)
{
	return claim(ret, db, &(struct claim){ worker, lease_ms, INT64_MIN }, e);
}

int
jobs_claim_urgent(struct lease *ret, struct db *db, const char *worker, int64_t lease_ms,
    struct err *e)
{
	return claim(ret, db, &(struct claim){ worker, lease_ms, ENQUEUE_BACKGROUND }, e);
}

int
jobs_hold_back(struct db *db, const char *why, struct err *e)
{
	return settings_set(db, "background_waits", why, e);
}

int
jobs_beat(struct job_pulse *ret, struct db *db, const struct lease *l, int64_t lease_ms,
    struct err *e)
{
	static const char sql[] =
	    "UPDATE job SET lease_until=?3 WHERE id=?1 AND fence=?2 AND state='running' RETURNING"
	    " cancel_asked, progress_at, bytes_done";
	CLEANUP_SQL struct sql *q = NULL;
	struct job_pulse pulse = { false, 0, 0 };
	bool found = false;
	int rc;

	if (sql_open(&q, db, sql,
	        SQL_ARGS(sql_i(l->job), sql_i(l->fence), sql_i(clock_now() + lease_ms)), e) != 0)
		return -1;
	while ((rc = sql_row(q, e)) == 1) {
		pulse = (struct job_pulse){ sql_int(q, 0) != 0, sql_int(q, 1),
			sql_int(q, 2) };
		found = true;
	}
	if (rc != 0)
		return -1;
	if (!found)
		return lease_lost(l, e);
	*ret = pulse;
	return 0;
}

int
jobs_progress(struct db *db, const struct lease *l, const struct job_progress *p, struct err *e)
{
	static const char sql[] =
	    "UPDATE job SET progress_at=CASE WHEN bytes_done<>?4 OR phase<>?3 THEN ?6 ELSE"
	    " progress_at END, phase=?3, bytes_done=?4, bytes_total=?5 WHERE id=?1 AND fence=?2"
	    " AND state='running'";
	int64_t changes;

	if (sql_run(&changes, db, sql,
	        SQL_ARGS(sql_i(l->job), sql_i(l->fence), sql_t(p->phase), sql_i(p->bytes_done),
	            sql_i(p->bytes_total), sql_i(clock_now())),
	        e) != 0)
		return -1;
	return changes == 1 ? 0 : lease_lost(l, e);
}

/* At most LINE_MAX bytes of clean text, cut between characters. */
static char *
log_text(struct arena *a, const char *text)
{
	size_t n = strlen(text);
	char *clean;

	if (n <= LINE_MAX)
		return utf8_clean(a, text, n);
	for (n = LINE_MAX - 3; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80; n--)
		;
	clean = utf8_clean(a, text, n);
	return arena_printf(a, "%s\u2026", clean);
}

int
jobs_log(struct db *db, const struct lease *l, const char *stream, const char *text, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO job_log (job, seq, at, stream, text) SELECT ?1, n, ?2, CASE WHEN n>?5"
	    " THEN 'note' ELSE ?3 END, CASE WHEN n>?5 THEN 'The log is full; what follows is not"
	    " kept.' ELSE ?4 END FROM (SELECT coalesce(max(seq), 0)+1 AS n FROM job_log WHERE"
	    " job=?1) WHERE n<=?5+1";
	static const char sql_count[] = "UPDATE job SET warnings=warnings+1 WHERE id=?1";
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct lease_work work;

	/* No line is fine, for the log may be full; a warning counts all the same. */
	if (sql_begin(&t, db, e) != 0 || lease_check(&work, db, l, e) != 0 ||
	    sql_run(NULL, db, sql,
	        SQL_ARGS(sql_i(l->job), sql_i(clock_now()), sql_t(stream),
	            sql_t(log_text(a, text)), sql_i(LINES_MAX)),
	        e) != 0)
		return -1;
	if (strcmp(stream, "warn") == 0 &&
	    sql_run(NULL, db, sql_count, SQL_ARGS(sql_i(l->job)), e) != 0)
		return -1;
	return sql_commit(&t, e);
}

static void
read_line(void *row, struct sql *q, struct arena *a)
{
	struct job_line *line = row;

	line->seq = sql_int(q, 0);
	line->at = sql_int(q, 1);
	line->stream = sql_text(q, 2, a);
	line->text = sql_text(q, 3, a);
}

int
jobs_log_tail(struct job_line **ret, size_t *count, struct arena *a, struct db *db, int64_t job,
    int limit, struct err *e)
{
	static const char sql[] =
	    "SELECT seq, at, stream, text FROM (SELECT seq, at, stream, text FROM job_log WHERE"
	    " job=?1 ORDER BY seq DESC LIMIT ?2) AS tail ORDER BY seq";
	void *rows = sql_list(count,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(job), sql_i(limit)), sizeof **ret,
	        read_line },
	    e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}

/* Check the lease and end the job, in one transaction. */
static int
end_held(struct db *db, const struct lease *l, const struct lease_end *end, struct err *e)
{
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct lease_work work;

	if (sql_begin(&t, db, e) != 0 || lease_check(&work, db, l, e) != 0 ||
	    lease_end(db, l->job, end, e) != 0)
		return -1;
	return sql_commit(&t, e);
}

int
jobs_succeed(struct db *db, const struct lease *l, int64_t warnings, struct err *e)
{
	return end_held(db, l, &(struct lease_end){ JOB_SUCCEEDED, NULL, 0, warnings }, e);
}

int
jobs_fail(struct db *db, const struct lease *l, const struct err *why, struct err *e)
{
	bool cancelled = why->kind == ERR_CANCELLED;
	struct lease_end end = { cancelled ? JOB_CANCELLED : JOB_FAILED,
		cancelled ? "Cancelled" : why->text, why->exit_code, 0 };

	return end_held(db, l, &end, e);
}

int
jobs_died(bool *again, struct db *db, const struct lease *l, const char *how, struct err *e)
{
	static const char sql[] = "UPDATE job SET deaths=deaths+1 WHERE id=?1";
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct lease_work work;
	int64_t deaths;
	int rc;

	if (sql_begin(&t, db, e) != 0 || lease_check(&work, db, l, e) != 0 ||
	    sql_run(NULL, db, sql, SQL_ARGS(sql_i(l->job)), e) != 0)
		return -1;
	deaths = work.deaths + 1;
	if (!work.cancel_asked && deaths >= DEATHS_MAX)
		rc = lease_end(db, l->job,
		    &(struct lease_end){ JOB_FAILED,
		        arena_printf(a, "poisoned: its process died %" PRId64 " times (%s)", deaths,
		            how),
		        0, 0 },
		    e);
	else
		rc = lease_release(db, l->job, &work, clock_now() + deaths * RETRY_MS, e);
	if (rc != 0 || sql_commit(&t, e) != 0)
		return -1;
	*again = !work.cancel_asked && deaths < DEATHS_MAX;
	return 0;
}

int
jobs_release(struct db *db, const struct lease *l, struct err *e)
{
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct lease_work work;

	if (sql_begin(&t, db, e) != 0 || lease_check(&work, db, l, e) != 0 ||
	    lease_release(db, l->job, &work, clock_now(), e) != 0)
		return -1;
	return sql_commit(&t, e);
}

int
jobs_recover(struct lease *ret, struct db *db, struct err *e)
{
	static const char sql_lost[] = "SELECT id FROM job WHERE state='running' AND lease_until<?1"
	    " ORDER BY lease_until LIMIT 1";
	static const char sql_count[] =
	    "UPDATE job SET losses=losses+1 WHERE id=?1 RETURNING losses";
	static const char sql_asked[] = "SELECT cancel_asked FROM job WHERE id=?1";
	static const char sql_fence[] = "SELECT fence FROM job WHERE id=?1";
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t now = clock_now(), losses, asked;
	struct lease l = { 0, 0 };
	int rc;

	if (sql_get(&l.job, db, sql_lost, SQL_ARGS(sql_i(now)), e) != 0)
		return -1;
	if (l.job == 0) {
		*ret = l;
		return 0;
	}
	/* The look was free; now again with the write lock, for somebody else may have looked too.
	 */
	if (sql_begin(&t, db, e) != 0 ||
	    sql_get(&l.job, db, sql_lost, SQL_ARGS(sql_i(now)), e) != 0 ||
	    sql_get(&losses, db, sql_count, SQL_ARGS(sql_i(l.job)), e) != 0 ||
	    sql_get(&asked, db, sql_asked, SQL_ARGS(sql_i(l.job)), e) != 0)
		return -1;
	if (l.job == 0)
		rc = 0;
	else if (asked)
		rc = lease_end(db, l.job, &(struct lease_end){ JOB_CANCELLED, "Cancelled", 0, 0 },
		    e);
	else if (losses >= LOSSES_MAX)
		rc = lease_end(db, l.job,
		    &(struct lease_end){ JOB_FAILED,
		        "given up: the workers that had it went away 25 times before it was done",
		        0, 0 },
		    e);
	else
		rc = lease_requeue(db, l.job, now, e);
	if (rc != 0 || sql_get(&l.fence, db, sql_fence, SQL_ARGS(sql_i(l.job)), e) != 0 ||
	    sql_commit(&t, e) != 0)
		return -1;
	*ret = l;
	return 0;
}
