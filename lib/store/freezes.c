/* freezes.c: applications that are held for a consistent backup, and the thaw owed to them. */
#include "lib/store/freezes.h"

#include "lib/base/clock.h"
#include "lib/model/calendar.h"
#include "lib/model/window.h"
#include "lib/model/zoneset.h"
#include "lib/store/lease.h"
#include "lib/store/policies.h"
#include "lib/store/sql.h"

enum { LINES_MAX = 2000 };

#define FREEZE_COLUMNS \
	"SELECT v.id, v.frozen_job, coalesce(j.backup, 0), v.frozen_at, v.frozen_until," \
	" v.thaw_tries, v.thaw_next, v.thaw_error, v.hook_limit_s, j.worker FROM environment v" \
	" LEFT JOIN job j ON j.id=v.frozen_job WHERE v.frozen_at>0"

static void
read_freeze(void *row, struct sql *q, struct arena *a)
{
	struct freeze_row *f = row;
	int c = 0;

	f->environment = sql_int(q, c++);
	f->job = sql_int(q, c++);
	f->backup = sql_int(q, c++);
	f->at = sql_int(q, c++);
	f->until = sql_int(q, c++);
	f->tries = sql_int(q, c++);
	f->next = sql_int(q, c++);
	f->error = sql_text(q, c++, a);
	f->limit_ms = sql_int(q, c++) * 1000;
	f->worker = sql_text(q, c++, a);
}

int
freezes_begin(struct freeze_row *ret, struct db *db, const struct lease *l, int64_t cap_ms,
    struct err *e)
{
	static const char sql_environment[] = "SELECT environment FROM job WHERE id=?1";
	static const char sql[] =
	    "UPDATE environment SET frozen_at=?2, frozen_until=?3, frozen_job=?4, thaw_tries=0,"
	    " thaw_next=0, thaw_error='' WHERE id=?1 AND frozen_at=0";
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct freeze_row row = { .job = l->job, .at = clock_now(), .error = "", .worker = "" };
	struct lease_work work;
	int64_t changed;

	row.until = row.at + cap_ms;
	if (sql_begin(&t, db, e) != 0 || lease_check(&work, db, l, e) != 0 ||
	    sql_get(&row.environment, db, sql_environment, SQL_ARGS(sql_i(l->job)), e) != 0 ||
	    sql_run(&changed, db, sql,
	        SQL_ARGS(sql_i(row.environment), sql_i(row.at), sql_i(row.until), sql_i(l->job)),
	        e) != 0)
		return -1;
	if (changed == 0)
		return err_set(e, ERR_BUSY, "it is held by another backup");
	row.backup = work.backup;
	if (sql_commit(&t, e) != 0)
		return -1;
	*ret = row;
	return 0;
}

int
freezes_owed(struct freeze_row **ret, size_t *count, struct arena *a, struct db *db, struct err *e)
{
	static const char sql[] = FREEZE_COLUMNS " ORDER BY v.frozen_at, v.id";
	void *rows = sql_list(count,
	    &(struct sql_query){ db, a, sql, SQL_NO_ARGS, sizeof **ret, read_freeze }, e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}

int
freezes_of(struct freeze_row *ret, struct arena *a, struct db *db, int64_t environment,
    struct err *e)
{
	static const char sql[] = FREEZE_COLUMNS " AND v.id=?1";
	struct freeze_row row = { .environment = environment, .error = "", .worker = "" };

	if (sql_first(&row,
	        &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(environment)), sizeof row,
	            read_freeze },
	        e) < 0)
		return -1;
	*ret = row;
	return 0;
}

int
freezes_over(struct db *db, const struct freeze_row *row, bool kept, struct err *e)
{
	static const char sql[] =
	    "UPDATE environment SET frozen_at=0, frozen_until=0, thaw_tries=0, thaw_next=0,"
	    " thaw_error='' WHERE id=?1 AND frozen_at=?2 AND frozen_job=?3";
	static const char sql_backup[] =
	    "UPDATE backup SET frozen_ms=?2, mode=CASE ?3 WHEN 1 THEN mode ELSE 'live' END"
	    " WHERE id=?1";
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t changed, held = clock_now() - row->at;

	if (sql_begin(&t, db, e) != 0 ||
	    sql_run(&changed, db, sql,
	        SQL_ARGS(sql_i(row->environment), sql_i(row->at), sql_i(row->job)), e) != 0)
		return -1;
	/* 0 would say that it was never held. */
	if (changed > 0 &&
	    sql_run(NULL, db, sql_backup,
	        SQL_ARGS(sql_i(row->backup), sql_i(held > 0 ? held : 1), sql_i(kept)), e) != 0)
		return -1;
	return sql_commit(&t, e);
}

int
freezes_failed(struct db *db, const struct freeze_row *row, const char *why, int64_t next,
    struct err *e)
{
	static const char sql[] =
	    "UPDATE environment SET thaw_tries=thaw_tries+1, thaw_next=?4, thaw_error=?5 WHERE"
	    " id=?1 AND frozen_at=?2 AND frozen_job=?3";

	return sql_run(NULL, db, sql,
	    SQL_ARGS(sql_i(row->environment), sql_i(row->at), sql_i(row->job), sql_i(next),
	        sql_t(why)),
	    e);
}

int
freezes_live(struct db *db, const struct lease *l, struct err *e)
{
	static const char sql[] = "UPDATE backup SET mode='live' WHERE id=?1";
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct lease_work work;

	if (sql_begin(&t, db, e) != 0 || lease_check(&work, db, l, e) != 0 ||
	    sql_run(NULL, db, sql, SQL_ARGS(sql_i(work.backup)), e) != 0)
		return -1;
	return sql_commit(&t, e);
}

int
freezes_window(struct freeze_window *ret, struct arena *a, struct db *db, int64_t environment,
    int64_t now, struct err *e)
{
	struct freeze_window out = { "", "", now };
	struct zoneset set = { .arena = a };
	struct policy text, zone;
	struct window w;
	struct zone *z;

	if (policies_get(&text, a, db, POLICY_WINDOW, environment, e) != 0 ||
	    policies_get(&zone, a, db, POLICY_ZONE, environment, e) != 0)
		return -1;
	if (policy_window(&w.from, &w.until, text.value)) {
		z = zoneset_any(&set, zone.value);
		out.zone = zone_name(z);
		out.text = text.value;
		out.opens = window_opens(&w, z, now);
	}
	*ret = out;
	return 0;
}

bool
freezes_windowed(enum backup_kind kind, int64_t schedule)
{
	return kind == BACKUP_SCHEDULED || schedule != 0;
}

/* As if it had not begun: what it did so far was to look. */
static int
not_begun(struct db *db, const struct lease *l, int64_t backup, struct err *e)
{
	static const char sql_job[] = "UPDATE job SET started_at=0, told=0 WHERE id=?1";
	static const char sql_backup[] =
	    "UPDATE backup SET started_at=0 WHERE id=?1 AND state='building'";

	if (sql_run(NULL, db, sql_job, SQL_ARGS(sql_i(l->job)), e) != 0)
		return -1;
	return sql_run(NULL, db, sql_backup, SQL_ARGS(sql_i(backup)), e);
}

int
freezes_put_back(struct db *db, const struct lease *l, const struct freeze_window *w,
    struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct lease_work work;
	char at[CALENDAR_TEXT_SIZE];

	calendar_text(at, w->opens);
	if (sql_begin(&t, db, e) != 0 || lease_check(&work, db, l, e) != 0 ||
	    lease_release(db, l->job, &work, w->opens, e) != 0)
		return -1;
	if (!work.cancel_asked &&
	    (freezes_note(db, l->job, "note", arena_printf(a, "its turn came outside the window %s"
	         " (%s) in which the application may be held: it waits until %.10s, %s UTC",
	         w->text, w->zone, at, at + CALENDAR_TIME_AT), e) != 0 ||
	        not_begun(db, l, work.backup, e) != 0))
		return -1;
	return sql_commit(&t, e);
}

int
freezes_usual(int64_t *ms, struct db *db, int64_t environment, struct err *e)
{
	static const char sql[] =
	    "SELECT frozen_ms FROM backup WHERE environment=?1 AND state<>'deleted' AND"
	    " mode='consistent' AND frozen_ms>0 ORDER BY created_at DESC, id DESC LIMIT 1";

	return sql_get(ms, db, sql, SQL_ARGS(sql_i(environment)), e);
}

int
freezes_note(struct db *db, int64_t job, const char *stream, const char *text, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO job_log (job, seq, at, stream, text) SELECT ?1, n, ?2, ?3, ?4 FROM"
	    " (SELECT coalesce(max(seq), 0)+1 AS n FROM job_log WHERE job=?1) WHERE n<=?5";

	return sql_run(NULL, db, sql,
	    SQL_ARGS(sql_i(job), sql_i(clock_now()), sql_t(stream), sql_t(text),
	        sql_i(LINES_MAX)),
	    e);
}
