/* schedules.c: schedules as people set them, and which of them hold. */
#include "lib/store/schedules.h"

#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/rand.h"
#include "lib/store/plans.h"
#include "lib/store/retention.h"
#include "lib/store/row.h"
#include "lib/store/schedule_row.h"
#include "lib/store/sql.h"

static const char no_schedule[] = "there is no such schedule";

static void
read_schedule(void *row, struct sql *q, struct arena *a)
{
	int c = 0;

	schedule_row_read(row, q, &c, a);
}

static int
ids(int64_t **ret, size_t *count, const struct sql_query *query, struct err *e)
{
	struct sql_query q = *query;
	void *rows;

	q.size = sizeof **ret;
	q.read = schedule_row_id;
	rows = sql_list(count, &q, e);
	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}

/* -- setting -- */

int
schedules_touch(struct db *db, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO setting (name, value) VALUES ('schedules_changed', '1') ON CONFLICT (name)"
	    " DO UPDATE SET value=CAST(CAST(value AS BIGINT)+1 AS TEXT)";

	return sql_run(NULL, db, sql, SQL_NO_ARGS, e) != 0 ? -1 : plans_begin(db, clock_now(), e);
}

int
schedules_changed(int64_t *ret, struct db *db, struct err *e)
{
	return sql_get(ret, db,
	    "SELECT CAST(value AS BIGINT) FROM setting WHERE name='schedules_changed'",
	    SQL_NO_ARGS, e);
}

/* The first fault in words; what a form would show beside its fields. */
static int
check(const struct schedule *s, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct field_error faults[SCHEDULE_ERRORS_MAX];

	if (schedule_check(faults, a, s) > 0)
		return err_set(e, ERR_INPUT, "%s", faults[0].text);
	return 0;
}

static const char *
keep_of(const struct schedule *s)
{
	return s->keep != NULL ? s->keep : "";
}

static int
set_services(const struct schedule *s, struct db *db, struct err *e)
{
	static const char sql_clear[] = "DELETE FROM schedule_service WHERE schedule=?1";
	static const char sql_add[] =
	    "INSERT INTO schedule_service (schedule, service) SELECT ?1, x.id FROM service x WHERE"
	    " x.id=?2 AND x.environment=?3 AND x.removed_at=0 AND NOT EXISTS (SELECT 1 FROM"
	    " restore_part r WHERE r.made=x.id)";
	int64_t added;

	if (sql_run(NULL, db, sql_clear, SQL_ARGS(sql_i(s->id)), e) != 0)
		return -1;
	for (size_t i = 0; i < s->service_count; i++) {
		if (sql_run(&added, db, sql_add,
		        SQL_ARGS(sql_i(s->id), sql_i(s->services[i]), sql_i(s->environment)),
		        e) != 0)
			return -1;
		if (added == 0)
			return err_set(e, ERR_INPUT,
			    "a service was chosen that cannot be backed up on a schedule: it does"
			    " not belong to this environment, lies beside another, or is gone");
	}
	return 0;
}

int
schedules_add(struct schedule *s, struct db *db, struct err *e)
{
	static const char sql_count[] =
	    "SELECT count(*) FROM schedule WHERE project IS ?1 AND environment IS ?2 AND"
	    " removed_at=0";
	static const char sql[] =
	    "INSERT INTO schedule (uuid, project, environment, kinds, name, cron, zone, spread_min,"
	    " mode, paused_until, created_at, keep, notify) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,"
	    " ?9, ?10, ?11, ?12, ?13) RETURNING id";
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t now = clock_now(), there, id = s->id;
	char uuid[UUID_SIZE];

	rand_uuid(uuid);
	if (check(s, e) != 0 || sql_begin(&t, db, e) != 0 ||
	    sql_get(&there, db, sql_count,
	        SQL_ARGS(sql_id(s->project), sql_id(s->environment)), e) != 0)
		return -1;
	if (there >= SCHEDULES_MAX)
		return err_set(e, ERR_CONFLICT, "there are %d schedules here already, and no more"
		    " than that are possible", SCHEDULES_MAX);
	if (sql_get(&s->id, db, sql,
	        SQL_ARGS(sql_t(uuid), sql_id(s->project), sql_id(s->environment),
	            sql_t(s->all_kinds ? "all" : "live"), sql_t(s->name), sql_t(s->cron),
	            sql_t(s->zone), sql_i(s->spread_min), sql_t(backup_mode_name(s->mode)),
	            sql_i(s->paused_until), sql_i(now), sql_t(keep_of(s)),
	            sql_t(schedule_notify_name(s->notify))),
	        e) != 0 ||
	    set_services(s, db, e) != 0 || schedules_touch(db, e) != 0 || sql_commit(&t, e) != 0) {
		s->id = id;
		return -1;
	}
	s->created_at = now;
	s->revision = 1;
	s->enabled = true;
	return 0;
}

/* It begins afresh: schedules_touch() makes its rows again, as handled up to now. */
static int
forget_state(struct db *db, int64_t id, struct err *e)
{
	return sql_run(NULL, db, "DELETE FROM schedule_state WHERE schedule=?1",
	    SQL_ARGS(sql_i(id)), e);
}

/* By these keeps the same backups go as somebody has seen, also now that nobody else writes. */
static int
check_seen(struct db *db, const struct schedule *s, const struct schedule_seen *seen,
    struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct retention_impact now;

	if (seen == NULL)
		return 0;
	if (retention_schedule_impact(&now, a, db,
	        &(struct retention_schedule_change){ s->id, keep_of(s), seen->now }, e) != 0)
		return -1;
	if (strcmp(now.list, seen->list) != 0)
		return err_set(e, ERR_CONFLICT, "what would go has just changed; look again");
	return 0;
}

int
schedules_update(const struct schedule *s, const struct schedule_seen *seen, struct db *db,
    struct err *e)
{
	static const char sql[] =
	    "UPDATE schedule SET name=?3, cron=?4, zone=?5, spread_min=?6, mode=?7, kinds=?8,"
	    " keep=?9, notify=?10, revision=revision+1 WHERE id=?1 AND revision=?2 AND"
	    " removed_at=0";
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct schedule old, new = *s;
	int64_t changes;

	if (check(s, e) != 0 || sql_begin(&t, db, e) != 0 ||
	    schedules_by_id(&old, a, db, s->id, e) != 0 || check_seen(db, s, seen, e) != 0 ||
	    sql_run(&changes, db, sql,
	        SQL_ARGS(sql_i(s->id), sql_i(s->revision), sql_t(s->name), sql_t(s->cron),
	            sql_t(s->zone), sql_i(s->spread_min), sql_t(backup_mode_name(s->mode)),
	            sql_t(s->all_kinds ? "all" : "live"), sql_t(keep_of(s)),
	            sql_t(schedule_notify_name(s->notify))),
	        e) != 0)
		return -1;
	if (changes != 1)
		return err_set(e, ERR_CONFLICT,
		    "somebody else has changed this schedule meanwhile; load the page again");
	new.environment = old.environment;
	if (set_services(&new, db, e) != 0 ||
	    ((strcmp(old.cron, s->cron) != 0 || strcmp(old.zone, s->zone) != 0) &&
	        forget_state(db, s->id, e) != 0) ||
	    schedules_touch(db, e) != 0)
		return -1;
	return sql_commit(&t, e);
}

int
schedules_switch(struct db *db, int64_t id, bool on, int64_t by, struct err *e)
{
	/* From an old page it says nothing of a pause that was set since. */
	static const char sql_on[] =
	    "UPDATE schedule SET enabled=1, paused_until=iif(enabled=1, paused_until, 0), off_at=0,"
	    " off_by=NULL WHERE id=?1 AND removed_at=0";
	static const char sql_off[] = "UPDATE schedule SET enabled=0, off_at=?2, off_by=?3 WHERE"
	    " id=?1 AND enabled=1 AND removed_at=0";
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct schedule s;

	if (sql_begin(&t, db, e) != 0 || schedules_by_id(&s, a, db, id, e) != 0)
		return -1;
	if (on ? sql_run(NULL, db, sql_on, SQL_ARGS(sql_i(id)), e) != 0
	       : sql_run(NULL, db, sql_off, SQL_ARGS(sql_i(id), sql_i(clock_now()), sql_id(by)),
	             e) != 0)
		return -1;
	if ((on && !s.enabled && forget_state(db, id, e) != 0) || schedules_touch(db, e) != 0)
		return -1;
	return sql_commit(&t, e);
}

int
schedules_pause(struct db *db, int64_t id, int64_t until, struct err *e)
{
	static const char sql[] =
	    "UPDATE schedule SET paused_until=?2 WHERE id=?1 AND removed_at=0";
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct schedule s;

	if (sql_begin(&t, db, e) != 0 || schedules_by_id(&s, a, db, id, e) != 0)
		return -1;
	/* What falls into a pause is not made up for when it ends early. */
	if ((until == 0 && s.paused_until > clock_now() && forget_state(db, id, e) != 0) ||
	    sql_run(NULL, db, sql, SQL_ARGS(sql_i(id), sql_i(until)), e) != 0 ||
	    schedules_touch(db, e) != 0)
		return -1;
	return sql_commit(&t, e);
}

int
schedules_remove(struct db *db, int64_t id, const struct schedule_seen *seen, struct err *e)
{
	static const char sql[] = "UPDATE schedule SET removed_at=?2 WHERE id=?1 AND removed_at=0";
	const struct schedule without = { .id = id, .keep = "" };
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t changes;

	if (sql_begin(&t, db, e) != 0 || check_seen(db, &without, seen, e) != 0 ||
	    sql_run(&changes, db, sql, SQL_ARGS(sql_i(id), sql_i(clock_now())), e) != 0)
		return -1;
	if (changes != 1)
		return err_set(e, ERR_NOT_FOUND, "%s", no_schedule);
	if (forget_state(db, id, e) != 0 || schedules_touch(db, e) != 0)
		return -1;
	return sql_commit(&t, e);
}

int
schedules_backups(int64_t **ret, size_t *count, struct arena *a, struct db *db, int64_t id,
    struct err *e)
{
	static const char sql[] =
	    "SELECT id FROM backup WHERE schedule=?1 AND state IN ('ready', 'failed') AND keep=0"
	    " ORDER BY id";

	return ids(ret, count,
	    &(struct sql_query){ .db = db, .arena = a, .text = sql, .args = SQL_ARGS(sql_i(id)) },
	    e);
}

/* -- looking -- */

int
schedules_by_id(struct schedule *ret, struct arena *a, struct db *db, int64_t id, struct err *e)
{
	static const char sql[] =
	    "SELECT " SCHEDULE_COLUMNS " FROM schedule s WHERE s.id=?1 AND s.removed_at=0";

	if (row_one(ret,
	        &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(id)), sizeof *ret, read_schedule },
	        no_schedule, e) != 0)
		return -1;
	return schedule_row_services(ret, a, db, e);
}

static int
list(struct schedule **ret, size_t *count, const struct sql_query *query, struct err *e)
{
	struct sql_query q = *query;
	struct schedule *rows;

	q.size = sizeof **ret;
	q.read = read_schedule;
	rows = sql_list(count, &q, e);
	if (rows == NULL)
		return -1;
	for (size_t i = 0; i < *count; i++)
		if (schedule_row_services(&rows[i], q.arena, q.db, e) != 0)
			return -1;
	*ret = rows;
	return 0;
}

int
schedules_at(struct schedule **ret, size_t *count, struct arena *a, struct db *db,
    const struct schedule_place *at, struct err *e)
{
	static const char sql[] =
	    "SELECT " SCHEDULE_COLUMNS " FROM schedule s WHERE s.project IS ?1"
	    " AND s.environment IS ?2 AND s.removed_at=0 ORDER BY s.id";

	return list(ret, count,
	    &(struct sql_query){ .db = db, .arena = a, .text = sql,
	        .args = SQL_ARGS(sql_id(at->project), sql_id(at->environment)) }, e);
}

int
schedules_of(struct schedule **ret, size_t *count, struct arena *a, struct db *db,
    int64_t environment, struct err *e)
{
	static const char sql[] =
	    "SELECT " SCHEDULE_COLUMNS " FROM schedule s WHERE s.id IN (SELECT"
	    " schedule FROM (" SCHEDULE_HOLDS ") WHERE environment=?1) ORDER BY s.id";

	return list(ret, count,
	    &(struct sql_query){ .db = db, .arena = a, .text = sql,
	        .args = SQL_ARGS(sql_i(environment)) }, e);
}

int
schedules_notify(enum schedule_notify *ret, struct db *db, int64_t schedule, struct err *e)
{
	static const char sql[] = "SELECT notify FROM schedule WHERE id=?1";
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_SQL struct sql *q = NULL;
	int rc;

	if (sql_open(&q, db, sql, SQL_ARGS(sql_i(schedule)), e) != 0 || (rc = sql_row(q, e)) < 0)
		return -1;
	if (rc == 0 || !schedule_notify_parse(ret, sql_text(q, 0, a)))
		*ret = NOTIFY_CHANNELS;
	return 0;
}

int
schedules_services(int64_t **ret, size_t *count, struct arena *a, struct db *db,
    const struct schedule *s, int64_t environment, struct err *e)
{
	static const char sql[] =
	    "SELECT x.id FROM service x WHERE x.environment=?2 AND x.removed_at=0 AND NOT EXISTS"
	    " (SELECT 1 FROM restore_part r WHERE r.made=x.id) AND (NOT EXISTS (SELECT 1 FROM"
	    " schedule_service WHERE schedule=?1) OR x.id IN (SELECT service FROM schedule_service"
	    " WHERE schedule=?1)) ORDER BY x.id";

	return ids(ret, count,
	    &(struct sql_query){ .db = db, .arena = a, .text = sql,
	        .args = SQL_ARGS(sql_i(s->id), sql_i(environment)) }, e);
}
