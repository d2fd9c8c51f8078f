/* notices.c: what waits to be told to a channel, and what became of it. */
#include "lib/store/notices.h"

#include "lib/base/clock.h"
#include "lib/base/rand.h"
#include "lib/store/channel_row.h"
#include "lib/store/settings.h"
#include "lib/store/sql.h"

/* -- making -- */

int
notices_add(struct db *db, const struct notice_row *n, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO delivery (uuid, channel, event, environment, body, state, next_at,"
	    " created_at, source) VALUES (?1, ?2, ?3, nullif(?4, 0), ?5, 'queued', ?6, ?7, ?8)"
	    " ON CONFLICT (channel, source) DO NOTHING";
	char uuid[UUID_SIZE];

	rand_uuid(uuid);
	return sql_run(NULL, db, sql,
	    SQL_ARGS(sql_t(uuid), sql_i(n->channel), sql_t(notice_event_name(n->event)),
	        sql_i(n->environment), sql_t(n->body), sql_i(n->next_at), sql_i(clock_now()),
	        sql_t(n->source)),
	    e);
}

int
notices_renew(struct db *db, const struct notice_row *n, struct err *e)
{
	static const char sql[] =
	    "UPDATE delivery SET uuid=?3, body=?4, state='queued', attempts=0, next_at=?5,"
	    " created_at=?6 WHERE channel=?1 AND source=?2";
	char uuid[UUID_SIZE];
	int64_t changed;

	rand_uuid(uuid);
	if (sql_run(&changed, db, sql,
	        SQL_ARGS(sql_i(n->channel), sql_t(n->source), sql_t(uuid), sql_t(n->body),
	            sql_i(n->next_at), sql_i(clock_now())),
	        e) != 0)
		return -1;
	return changed > 0 ? 0 : notices_add(db, n, e);
}

int
notices_tell(struct db *db, const struct notices_telling *t, struct err *e)
{
	static const char sql_job[] = "UPDATE job SET told=?2 WHERE id=?1 AND told<?2";
	CLEANUP_TXN struct sql_txn txn = { NULL };

	if (sql_begin(&txn, db, e) != 0)
		return -1;
	for (size_t i = 0; i < t->count; i++)
		if (notices_add(db, &t->rows[i], e) != 0)
			return -1;
	if ((t->job != 0 &&
	        sql_run(NULL, db, sql_job, SQL_ARGS(sql_i(t->job), sql_i(t->ended ? 2 : 1)), e) !=
	            0) ||
	    (t->alarm != NULL && alarms_told(db, t->alarm, e) != 0) ||
	    (t->setting != NULL && settings_set(db, t->setting, t->value, e) != 0))
		return -1;
	return sql_commit(&txn, e);
}

/* -- reading -- */

#define ROW_COLUMNS \
	"SELECT d.id, d.uuid, d.channel, d.event, d.environment, d.body, d.state, d.attempts," \
	" d.next_at, d.status, d.error, d.created_at, d.sent_at, d.source, d.mail, o.state," \
	" o.last_error, o.tries, c.name"
#define ROW_TABLES \
	" FROM delivery d JOIN channel c ON c.id=d.channel LEFT JOIN outbox o ON" \
	" o.message_id=d.mail AND d.mail<>''"

static int
read_columns(struct notice_row *n, struct sql *q, struct arena *a)
{
	int c = 0;

	n->id = sql_int(q, c++);
	n->uuid = sql_text(q, c++, a);
	n->channel = sql_int(q, c++);
	/* Only words of ours get into the table. */
	if (!notice_event_parse(&n->event, sql_text(q, c++, a)))
		n->event = NOTICE_TEST;
	n->environment = sql_int(q, c++);
	n->body = sql_text(q, c++, a);
	n->state = sql_text(q, c++, a);
	n->attempts = sql_int(q, c++);
	n->next_at = sql_int(q, c++);
	n->status = sql_int(q, c++);
	n->error = sql_text(q, c++, a);
	n->created_at = sql_int(q, c++);
	n->sent_at = sql_int(q, c++);
	n->source = sql_text(q, c++, a);
	n->mail = sql_text(q, c++, a);
	n->mail_state = sql_text(q, c++, a);
	n->mail_error = sql_text(q, c++, a);
	n->mail_tries = sql_int(q, c++);
	n->channel_name = sql_text(q, c++, a);
	return c;
}

static void
read_row(void *row, struct sql *q, struct arena *a)
{
	(void)read_columns(row, q, a);
}

static void
read_due(void *row, struct sql *q, struct arena *a)
{
	struct notice_due *due = row;
	int c = read_columns(&due->row, q, a);

	if (!notice_kind_parse(&due->channel.kind, sql_text(q, c++, a)))
		due->channel.kind = CHANNEL_KINDS;
	due->channel.id = due->row.channel;
	due->channel.name = due->row.channel_name;
	due->channel.target = sql_text(q, c++, a);
	due->channel.sealed = sql_blob(&due->channel.sealed_size, q, c++, a);
}

#define DUE_COLUMNS ROW_COLUMNS ", c.kind, c.target, c.sealed" ROW_TABLES

static int
list_due(struct notice_due **ret, size_t *count, const struct sql_query *query, struct err *e)
{
	void *rows = sql_list(count, query, e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}

int
notices_due(struct notice_due **ret, size_t *count, struct arena *a, struct db *db, int64_t now,
    struct err *e)
{
	/* What is queued for a channel that is off waits for it. */
	static const char sql[] = DUE_COLUMNS
	    " WHERE d.id IN (SELECT (SELECT x.id FROM delivery x INDEXED BY delivery_queue WHERE"
	    " x.channel=k.id AND x.state='queued' AND x.next_at<=?1 ORDER BY x.next_at, x.id LIMIT"
	    " 1) FROM channel k WHERE k.enabled=1 AND k.removed_at=0 AND k.kind<>'mail') ORDER BY"
	    " d.next_at, d.id LIMIT 50";

	return list_due(ret, count,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(now)), sizeof **ret, read_due }, e);
}

int
notices_due_mail(struct notice_due **ret, size_t *count, struct arena *a, struct db *db,
    int64_t now, struct err *e)
{
	static const char sql[] = DUE_COLUMNS
	    " WHERE d.state='queued' AND d.next_at<=?1 AND c.enabled=1 AND c.removed_at=0 AND"
	    " c.kind='mail' AND c.confirmed_at>0 ORDER BY d.next_at, d.id LIMIT 50";

	return list_due(ret, count,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(now)), sizeof **ret, read_due }, e);
}

int
notices_by_id(struct notice_row *ret, struct arena *a, struct db *db, int64_t id, struct err *e)
{
	static const char sql[] = ROW_COLUMNS ROW_TABLES " WHERE d.id=?1 AND c.removed_at=0";
	int rc = sql_first(ret,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(id)), 0, read_row }, e);

	return rc == 0 ? err_set(e, ERR_NOT_FOUND, "There is no such notice.") : rc == 1 ? 0 : -1;
}

int
notices_list(struct notice_row **ret, size_t *count, struct arena *a, struct db *db,
    const struct notice_filter *filter, struct err *e)
{
	static const char sql_all[] =
	    ROW_COLUMNS ROW_TABLES " WHERE ?3=0 AND " CHANNEL_AT("?1", "?2") " AND"
	                           " c.removed_at=0 AND d.id<?4 ORDER BY d.id DESC LIMIT 50";
	static const char sql_one[] =
	    ROW_COLUMNS ROW_TABLES " WHERE " CHANNEL_AT("?1", "?2") " AND d.channel=?3 AND d.id<?4"
	                           " ORDER BY d.id DESC LIMIT 50";
	void *rows = sql_list(count,
	    &(struct sql_query){ db, a, filter->channel == 0 ? sql_all : sql_one,
	        SQL_ARGS(sql_t(policy_level_name(filter->at.level)), sql_i(filter->at.owner),
	            sql_i(filter->channel),
	            sql_i(filter->after > 0 ? filter->after : INT64_MAX)),
	        sizeof **ret, read_row },
	    e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}

/* -- sending -- */

int
notices_take(bool *taken, struct db *db, const struct notice_row *n, int64_t until, struct err *e)
{
	static const char sql[] =
	    "UPDATE delivery SET next_at=?3, attempts=attempts+1 WHERE id=?1 AND state='queued' AND"
	    " next_at=?2";
	int64_t changed;

	if (sql_run(&changed, db, sql, SQL_ARGS(sql_i(n->id), sql_i(n->next_at), sql_i(until)),
	        e) != 0)
		return -1;
	*taken = changed > 0;
	return 0;
}

int
notices_tried(struct db *db, const struct notice_row *n, const struct notice_outcome *o,
    struct err *e)
{
	/* By its uuid, too: a ping that was renewed meanwhile is another one. */
	static const char sql[] =
	    "UPDATE delivery SET state=?3, status=?4, error=?5, next_at=?6, sent_at=?7 WHERE id=?1"
	    " AND uuid=?2 AND state='queued'";
	const char *state = o->sent ? "sent" : o->again_at > 0 ? "queued" : "failed";

	return sql_run(NULL, db, sql,
	    SQL_ARGS(sql_i(n->id), sql_t(n->uuid), sql_t(state), sql_i(o->status), sql_t(o->error),
	        sql_i(o->again_at), sql_i(o->sent ? clock_now() : 0)),
	    e);
}

int
notices_mailed(struct db *db, int64_t id, const struct outbox_mail *m, struct err *e)
{
	static const char sql[] =
	    "UPDATE delivery SET state='sent', mail=?2, error='', sent_at=?3, attempts=attempts+1"
	    " WHERE id=?1 AND state='queued'";
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t changed;

	if (sql_begin(&t, db, e) != 0 ||
	    sql_run(&changed, db, sql,
	        SQL_ARGS(sql_i(id), sql_t(m->message_id), sql_i(clock_now())), e) != 0)
		return -1;
	/* Another worker was faster, and has its mail there. */
	if (changed == 0)
		return 0;
	if (m->message != NULL && outbox_add(db, m, e) != 0)
		return -1;
	return sql_commit(&t, e);
}

int
notices_mail_of_job(char **ret, struct arena *a, struct db *db, int64_t job, const char *address,
    struct err *e)
{
	static const char sql[] =
	    "SELECT message_id FROM outbox WHERE job=?1 AND lower(recipient)=lower(?2) AND"
	    " state<>'failed' LIMIT 1";
	CLEANUP_SQL struct sql *q = NULL;
	int rc;

	*ret = arena_dup(a, "");
	if (job == 0)
		return 0;
	if (sql_open(&q, db, sql, SQL_ARGS(sql_i(job), sql_t(address)), e) != 0 ||
	    (rc = sql_row(q, e)) < 0)
		return -1;
	if (rc == 1)
		*ret = sql_text(q, 0, a);
	return 0;
}

int
notices_again(struct db *db, int64_t id, struct err *e)
{
	static const char sql[] =
	    "UPDATE delivery SET state='queued', attempts=0, next_at=?2, error='', mail='' WHERE"
	    " id=?1 AND state<>'queued' AND EXISTS (SELECT 1 FROM channel WHERE id=delivery.channel"
	    " AND enabled=1 AND removed_at=0)";
	static const char sql_now[] =
	    "UPDATE delivery SET next_at=?2 WHERE id=?1 AND state='queued'";
	int64_t now = clock_now(), changed, waiting;

	if (sql_run(&changed, db, sql, SQL_ARGS(sql_i(id), sql_i(now)), e) != 0 ||
	    (changed == 0 &&
	        sql_run(&waiting, db, sql_now, SQL_ARGS(sql_i(id), sql_i(now)), e) != 0))
		return -1;
	if (changed == 0 && waiting == 0)
		return err_set(e, ERR_CONFLICT, "This channel is off: turn it on first.");
	return 0;
}

int
notices_forget(struct db *db, int64_t before, struct err *e)
{
	/* Whoever heard that a trouble began is to hear of its end, however long it lasts. */
	static const char sql[] =
	    "DELETE FROM delivery WHERE state<>'queued' AND created_at<?1 AND source NOT IN (SELECT"
	    " 'alarm:'||id||':open' FROM alarm WHERE told<2)";

	return sql_run(NULL, db, sql, SQL_ARGS(sql_i(before)), e);
}

/* -- jobs -- */

static void
read_job(void *row, struct sql *q, struct arena *a UNUSED)
{
	struct notice_job *j = row;

	j->id = sql_int(q, 0);
	j->started_told = sql_int(q, 1) > 0;
}

int
notices_jobs(struct notice_job **ret, size_t *count, struct arena *a, struct db *db, struct err *e)
{
	/* The words of the index job_untold. A consistent backup that does not hold its application
	 * yet may be put back until its window opens: then it has not begun. */
	static const char sql[] =
	    "SELECT id, told FROM job WHERE ((started_at > 0 AND told = 0) OR (finished_at > 0 AND"
	    " told < 2)) AND NOT (finished_at=0 AND kind='backup' AND EXISTS (SELECT 1 FROM backup"
	    " b JOIN environment v ON v.id=b.environment WHERE b.id=job.backup AND"
	    " b.mode='consistent' AND b.frozen_ms=0 AND coalesce(v.frozen_job, 0)<>job.id)) ORDER"
	    " BY id LIMIT 100";
	void *rows = sql_list(count,
	    &(struct sql_query){ db, a, sql, SQL_NO_ARGS, sizeof **ret, read_job }, e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}

/* The newest backup that has ended of a service, of those before this one (?1). */
#define ENDED_OF(part) \
	"(SELECT y.backup FROM part y JOIN backup l ON l.id=y.backup WHERE y.service=" part \
	".service AND y.backup<?1 AND l.state IN ('ready', 'failed') ORDER BY y.id DESC LIMIT 1)"

int
notices_failed_before(bool *ret, struct db *db, int64_t backup, struct err *e)
{
	/* Nobody was told of one that was cancelled, or that a quiet schedule brought. */
	static const char sql[] =
	    "SELECT count(*) FROM part o JOIN backup b ON b.id=" ENDED_OF("o") " WHERE o.backup=?1"
	    " AND b.state='failed' AND NOT (b.kind='scheduled' AND EXISTS (SELECT 1 FROM schedule s"
	    " WHERE s.id=b.schedule AND s.notify='never')) AND NOT EXISTS (SELECT 1 FROM job j"
	    " WHERE j.backup=b.id AND j.kind='backup' AND j.state='cancelled') AND NOT EXISTS"
	    " (SELECT 1 FROM part p JOIN service x ON x.id=p.service AND x.removed_at=0 WHERE"
	    " p.backup=b.id AND p.service NOT IN (SELECT z.service FROM part z WHERE z.backup=?1)"
	    " AND " ENDED_OF("p") "=b.id)";
	int64_t failed;

	if (sql_get(&failed, db, sql, SQL_ARGS(sql_i(backup)), e) != 0)
		return -1;
	*ret = failed != 0;
	return 0;
}

int
notices_last_failed(bool *ret, struct db *db, int64_t channel, struct err *e)
{
	static const char sql[] =
	    "SELECT event='backup-failed' FROM delivery WHERE channel=?1 AND event IN"
	    " ('backup-failed', 'backup-ready') ORDER BY id DESC LIMIT 1";
	int64_t failed;

	if (sql_get(&failed, db, sql, SQL_ARGS(sql_i(channel)), e) != 0)
		return -1;
	*ret = failed != 0;
	return 0;
}

int
notices_week(struct notices_week *ret, struct db *db, int64_t environment, int64_t since,
    struct err *e)
{
	static const char sql[] =
	    "SELECT count(*) FROM job WHERE environment=?1 AND kind='backup' AND finished_at>=?2"
	    " AND state=?3";

	if (sql_get(&ret->good, db, sql,
	        SQL_ARGS(sql_i(environment), sql_i(since), sql_t("succeeded")), e) != 0 ||
	    sql_get(&ret->failed, db, sql,
	        SQL_ARGS(sql_i(environment), sql_i(since), sql_t("failed")), e) != 0)
		return -1;
	return 0;
}
