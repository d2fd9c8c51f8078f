/* alarms.c: troubles that last: opened once, told once, closed when they are over. */
#include "lib/store/alarms.h"

#include "lib/base/clock.h"
#include "lib/store/sql.h"

/* The open one of this kind (?1), environment (?2) and subject (?3): the index alarm_open. */
#define THE_OPEN_ONE \
	" WHERE kind=?1 AND coalesce(environment, 0)=?2 AND subject=?3 AND closed_at=0"

static const char *
subject_of(const struct alarm *what)
{
	return what->subject != NULL ? what->subject : "";
}

int
alarms_raise(bool *opened, struct db *db, const struct alarm *what, struct err *e)
{
	static const char sql_find[] = "SELECT id FROM alarm" THE_OPEN_ONE;
	static const char sql_add[] =
	    "INSERT INTO alarm (kind, environment, subject, text, opened_at) VALUES (?1,"
	    " nullif(?2, 0), ?3, ?4, ?5) ON CONFLICT DO NOTHING";
	static const char sql_text[] = "UPDATE alarm SET text=?2 WHERE id=?1 AND text<>?2";
	int64_t id, added = 0;

	/* Most calls find it open and unchanged: those write nothing. */
	if (sql_get(&id, db, sql_find,
	        SQL_ARGS(sql_t(what->kind), sql_i(what->environment), sql_t(subject_of(what))),
	        e) != 0)
		return -1;
	if (id != 0 && sql_run(NULL, db, sql_text, SQL_ARGS(sql_i(id), sql_t(what->text)), e) != 0)
		return -1;
	if (id == 0 &&
	    sql_run(&added, db, sql_add,
	        SQL_ARGS(sql_t(what->kind), sql_i(what->environment), sql_t(subject_of(what)),
	            sql_t(what->text), sql_i(clock_now())),
	        e) != 0)
		return -1;
	if (opened != NULL)
		*opened = added > 0;
	return 0;
}

/* With `quiet` nobody is told any more, of neither end. */
static int
settle(bool *closed, struct db *db, const struct alarm *what, bool quiet, struct err *e)
{
	static const char sql_find[] = "SELECT id FROM alarm" THE_OPEN_ONE;
	static const char sql_close[] = "UPDATE alarm SET closed_at=?2, told=iif(?3, 2, told) WHERE"
	                                " id=?1 AND closed_at=0";
	int64_t id, changed = 0;

	if (sql_get(&id, db, sql_find,
	        SQL_ARGS(sql_t(what->kind), sql_i(what->environment), sql_t(subject_of(what))),
	        e) != 0)
		return -1;
	if (id != 0 &&
	    sql_run(&changed, db, sql_close, SQL_ARGS(sql_i(id), sql_i(clock_now()), sql_i(quiet)),
	        e) != 0)
		return -1;
	if (closed != NULL)
		*closed = changed > 0;
	return 0;
}

int
alarms_settle(bool *closed, struct db *db, const struct alarm *what, struct err *e)
{
	return settle(closed, db, what, false, e);
}

int
alarms_forget(struct db *db, const struct alarm *what, struct err *e)
{
	return settle(NULL, db, what, true, e);
}

int
alarms_pass(struct db *db, const struct alarm *what, int64_t since, struct err *e)
{
	static const char sql[] =
	    "SELECT count(*) FROM alarm WHERE kind=?1 AND coalesce(environment, 0)=?2 AND"
	    " subject=?3 AND opened_at>?4 AND opened_at<=?5";
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t told;

	if (sql_begin(&t, db, e) != 0 ||
	    sql_get(&told, db, sql,
	        SQL_ARGS(sql_t(what->kind), sql_i(what->environment), sql_t(subject_of(what)),
	            sql_i(since), sql_i(clock_now())), e) != 0)
		return -1;
	if (told == 0 && (alarms_raise(NULL, db, what, e) != 0 ||
	        alarms_settle(NULL, db, what, e) != 0))
		return -1;
	return sql_commit(&t, e);
}

#define ALARM_COLUMNS \
	"SELECT id, kind, environment, subject, text, opened_at, closed_at, told FROM alarm"

static int
read_columns(struct alarm *w, struct sql *q, struct arena *a)
{
	int c = 0;

	w->id = sql_int(q, c++);
	w->kind = sql_text(q, c++, a);
	w->environment = sql_int(q, c++);
	w->subject = sql_text(q, c++, a);
	w->text = sql_text(q, c++, a);
	w->opened_at = sql_int(q, c++);
	w->closed_at = sql_int(q, c++);
	return c;
}

static void
read_alarm(void *row, struct sql *q, struct arena *a)
{
	(void)read_columns(row, q, a);
}

int
alarms_open(struct alarm **ret, size_t *count, struct arena *a, struct db *db, int64_t environment,
    struct err *e)
{
	static const char sql_all[] = ALARM_COLUMNS " WHERE closed_at=0 AND ?1=0 ORDER BY id";
	static const char sql_one[] =
	    ALARM_COLUMNS " WHERE closed_at=0 AND environment=?1 ORDER BY id";
	void *rows = sql_list(count,
	    &(struct sql_query){ db, a, environment == 0 ? sql_all : sql_one,
	        SQL_ARGS(sql_i(environment)), sizeof **ret, read_alarm },
	    e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}

int
alarms_open_instance(struct alarm **ret, size_t *count, struct arena *a, struct db *db,
    struct err *e)
{
	static const char sql[] =
	    ALARM_COLUMNS " WHERE closed_at=0 AND environment IS NULL ORDER BY id";
	void *rows = sql_list(count,
	    &(struct sql_query){ db, a, sql, SQL_NO_ARGS, sizeof **ret, read_alarm }, e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}

/* -- the herald's side -- */

static void
read_news(void *row, struct sql *q, struct arena *a)
{
	struct alarm_news *n = row;
	int c = read_columns(&n->alarm, q, a);

	n->told_open = sql_int(q, c) > 0;
}

int
alarms_news(struct alarm_news **ret, size_t *count, struct arena *a, struct db *db, struct err *e)
{
	static const char sql[] =
	    ALARM_COLUMNS " WHERE told<2 AND (told=0 OR closed_at>0) ORDER BY id LIMIT 100";
	void *rows = sql_list(count,
	    &(struct sql_query){ db, a, sql, SQL_NO_ARGS, sizeof **ret, read_news }, e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}

int
alarms_told(struct db *db, const struct alarm *told, struct err *e)
{
	static const char sql[] = "UPDATE alarm SET told=?2 WHERE id=?1";

	return sql_run(NULL, db, sql, SQL_ARGS(sql_i(told->id), sql_i(told->closed_at > 0 ? 2 : 1)),
	    e);
}
