/* events.c: the audit trail. */
#include "lib/store/events.h"

#include "lib/base/clock.h"
#include "lib/store/sql.h"

int
events_add(struct db *db, const struct event *ev, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO event (at, account, actor, action, project, environment, target, detail,"
	    " address) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

	return sql_run(NULL, db, sql,
	    SQL_ARGS(sql_i(clock_now()), sql_id(ev->account), sql_t(ev->actor), sql_t(ev->action),
	        sql_id(ev->project), sql_id(ev->environment), sql_t(ev->target ? ev->target : ""),
	        sql_t(ev->detail ? ev->detail : ""), sql_t(ev->address ? ev->address : "")),
	    e);
}

static void
read_event(void *row, struct sql *q, struct arena *a)
{
	struct event *ev = row;
	int c = 0;

	ev->id = sql_int(q, c++);
	ev->at = sql_int(q, c++);
	ev->account = sql_int(q, c++);
	ev->actor = sql_text(q, c++, a);
	ev->action = sql_text(q, c++, a);
	ev->project = sql_int(q, c++);
	ev->environment = sql_int(q, c++);
	ev->target = sql_text(q, c++, a);
	ev->detail = sql_text(q, c++, a);
	ev->address = sql_text(q, c++, a);
}

#define EVENT_COLUMNS \
	"SELECT id, at, account, actor, action, project, environment, target, detail, address" \
	" FROM event"

int
events_list(struct event **ret, size_t *count, struct arena *a, struct db *db, int64_t environment,
    int64_t after, struct err *e)
{
	static const char sql_all[] =
	    EVENT_COLUMNS " WHERE ?1=0 AND id<?2 ORDER BY id DESC LIMIT 50";
	static const char sql_one[] =
	    EVENT_COLUMNS " WHERE environment=?1 AND id<?2 ORDER BY id DESC LIMIT 50";
	void *rows = sql_list(count,
	    &(struct sql_query){ db, a, environment == 0 ? sql_all : sql_one,
	        SQL_ARGS(sql_i(environment), sql_i(after > 0 ? after : INT64_MAX)), sizeof **ret,
	        read_event },
	    e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}
