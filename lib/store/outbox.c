/* outbox.c: mails that wait to be sent. */
#include "lib/store/outbox.h"

#include "lib/base/clock.h"
#include "lib/store/row.h"
#include "lib/store/sql.h"

enum { MINUTE = 60 * 1000, LONGEST = 360 * MINUTE, GIVE_UP = 1440 * MINUTE };

static int
add(int64_t *changes, struct db *db, const struct outbox_mail *m, struct err *e)
{
	static const char sql[] = "INSERT INTO outbox (message_id, kind, recipient, subject, "
	                          "message, state, next_at, job, created_at) VALUES (?1, ?2, ?3,"
	                          " ?4, ?5, 'queued', ?6, ?7, ?6) ON CONFLICT (message_id) DO"
	                          " NOTHING";
	CLEANUP_TXN struct sql_txn t = { NULL };

	if (row_sealed(&t, db, m->sealed_for, e) != 0 ||
	    sql_run(changes, db, sql,
	        SQL_ARGS(sql_t(m->message_id), sql_t(m->kind), sql_t(m->recipient),
	            sql_t(m->subject), sql_b(m->message, m->message_size), sql_i(clock_now()),
	            sql_id(m->job)),
	        e) != 0)
		return -1;
	return row_sealed_commit(&t, e);
}

int
outbox_add(struct db *db, const struct outbox_mail *m, struct err *e)
{
	return add(NULL, db, m, e);
}

int
outbox_add_with_link(struct db *db, const struct outbox_mail *m, struct link *link,
    const char *token_hash, struct err *e)
{
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t added;

	if (sql_begin(&t, db, e) != 0 || add(&added, db, m, e) != 0)
		return -1;
	if (added == 0)
		return 0;
	return links_add(link, db, token_hash, e) == 0 ? sql_commit(&t, e) : -1;
}

#define MAIL_COLUMNS \
	"SELECT id, job, message_id, kind, recipient, subject, message, state, last_error, tries," \
	" next_at, created_at, sent_at FROM outbox"

static void
read_mail(void *row, struct sql *q, struct arena *a)
{
	struct outbox_mail *m = row;
	int c = 0;

	m->id = sql_int(q, c++);
	m->job = sql_int(q, c++);
	m->message_id = sql_text(q, c++, a);
	m->kind = sql_text(q, c++, a);
	m->recipient = sql_text(q, c++, a);
	m->subject = sql_text(q, c++, a);
	m->message = sql_blob(&m->message_size, q, c++, a);
	m->sealed_for = NULL;
	m->state = sql_text(q, c++, a);
	m->last_error = sql_text(q, c++, a);
	m->tries = sql_int(q, c++);
	m->next_at = sql_int(q, c++);
	m->created_at = sql_int(q, c++);
	m->sent_at = sql_int(q, c++);
}

/* The row that the query finds, or a mail with id 0. */
static int
find(struct outbox_mail *ret, const struct sql_query *query, struct err *e)
{
	struct outbox_mail m = { .id = 0, .state = "", .last_error = "" };

	if (sql_first(&m, query, e) < 0)
		return -1;
	*ret = m;
	return 0;
}

int
outbox_next(struct outbox_mail *ret, struct arena *a, struct db *db, int64_t hold_ms, struct err *e)
{
	static const char sql_due[] =
	    "SELECT id FROM outbox WHERE state='queued' AND next_at<=?1 LIMIT 1";
	static const char sql_take[] =
	    "UPDATE outbox SET next_at=?1+?2 WHERE id=(SELECT id FROM outbox WHERE state='queued'"
	    " AND next_at<=?1 ORDER BY next_at, id LIMIT 1) RETURNING id";
	static const char sql_mail[] = MAIL_COLUMNS " WHERE id=?1";
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t now = clock_now(), id;
	struct outbox_mail m;

	/* Most looks find nothing: those take no write lock. */
	if (sql_get(&id, db, sql_due, SQL_ARGS(sql_i(now)), e) != 0)
		return -1;
	if (id == 0) {
		*ret = (struct outbox_mail){ .id = 0, .state = "", .last_error = "" };
		return 0;
	}
	if (sql_begin(&t, db, e) != 0 ||
	    sql_get(&id, db, sql_take, SQL_ARGS(sql_i(now), sql_i(hold_ms)), e) != 0 ||
	    find(&m, &(struct sql_query){ db, a, sql_mail, SQL_ARGS(sql_i(id)), sizeof m,
	                 read_mail }, e) != 0 ||
	    sql_commit(&t, e) != 0)
		return -1;
	*ret = m;
	return 0;
}

int
outbox_put_back(struct db *db, int64_t id, struct err *e)
{
	static const char sql[] = "UPDATE outbox SET next_at=?2 WHERE id=?1 AND state='queued'";

	return sql_run(NULL, db, sql, SQL_ARGS(sql_i(id), sql_i(clock_now())), e);
}

int
outbox_of_job(struct outbox_mail *ret, struct arena *a, struct db *db, int64_t job, struct err *e)
{
	static const char sql[] = MAIL_COLUMNS " WHERE job=?1 ORDER BY id DESC LIMIT 1";

	return find(ret,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(job)), sizeof *ret, read_mail }, e);
}

int
outbox_sent(struct db *db, int64_t id, struct err *e)
{
	static const char sql[] =
	    "UPDATE outbox SET state='sent', sent_at=?2, tries=tries+1, last_error='',"
	    " message=NULL WHERE id=?1 AND state='queued'";

	return sql_run(NULL, db, sql, SQL_ARGS(sql_i(id), sql_i(clock_now())), e);
}

int
outbox_not_sent(struct db *db, int64_t id, const char *why, int final, struct err *e)
{
	static const char sql_try[] =
	    "UPDATE outbox SET tries=tries+1, last_error=?2 WHERE id=?1 AND state='queued'"
	    " RETURNING tries";
	static const char sql_again[] = "UPDATE outbox SET next_at=?2 WHERE id=?1";
	static const char sql_give_up[] =
	    "UPDATE outbox SET state='failed', message=NULL WHERE id=?1 AND (?2=1 OR"
	    " created_at<=?3)";
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t now = clock_now(), wait = MINUTE, tries;

	if (sql_begin(&t, db, e) != 0 ||
	    sql_get(&tries, db, sql_try, SQL_ARGS(sql_i(id), sql_t(why)), e) != 0)
		return -1;
	for (; tries > 1 && wait < LONGEST; tries--)
		wait *= 2;
	if (wait > LONGEST)
		wait = LONGEST;
	if (sql_run(NULL, db, sql_again, SQL_ARGS(sql_i(id), sql_i(now + wait)), e) != 0 ||
	    sql_run(NULL, db, sql_give_up,
	        SQL_ARGS(sql_i(id), sql_i(final != 0), sql_i(now - GIVE_UP)), e) != 0)
		return -1;
	return sql_commit(&t, e);
}
