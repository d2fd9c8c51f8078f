/* plans.c: schedules in the environments where they hold, and their runs, each exactly once. */
#include "lib/store/plans.h"

#include <string.h>

#include "lib/base/fault.h"
#include "lib/model/cron_read.h"
#include "lib/model/retain_rule.h"
#include "lib/model/zoneset.h"
#include "lib/store/backup_plan.h"
#include "lib/store/days.h"
#include "lib/store/policies.h"
#include "lib/store/schedule_row.h"
#include "lib/store/schedules.h"
#include "lib/store/sql.h"

enum { LATE_MS = 10 * 60 * 1000, DUE_MAX = 50, DAYS_MAX = 400 };

/* -- where it holds, and what has become of it -- */

/* A policy of the nearest level that says something; NULL: none does. */
#define NEAREST(key) \
	" coalesce((SELECT value FROM policy WHERE key='" key "' AND level='environment' AND" \
	" owner=v.id), (SELECT value FROM policy WHERE key='" key "' AND level='project' AND" \
	" owner=v.project), (SELECT value FROM policy WHERE key='" key "' AND" \
	" level='instance' AND owner=0))"

/* The schedule's own, else the policy's. */
#define ZONE " coalesce(nullif(s.zone, ''), " NEAREST("zone") ")"

/* Where a backup goes (backup_plan.c): by the policy while that storage is there, else into the
 * first one. */
#define STORAGES \
	" (SELECT slug FROM storage WHERE slug=" NEAREST("storage") ")," \
	" (SELECT slug FROM storage ORDER BY id LIMIT 1)"

#define PLANS_WITH(run, backup) \
	"SELECT " SCHEDULE_COLUMNS ", v.id, v.uuid, p.slug, v.slug, v.paused," ZONE \
	", st.schedule IS NOT NULL, st.handled_at, st.next_at, r.started_at, r.due_at, r.error," \
	" r.merged, b.id, b.created_at, b.started_at, b.stored_bytes, b.warnings, b.health," \
	" b.state, b.error, b.contents," STORAGES "," NEAREST("retention") \
	" FROM (" SCHEDULE_HOLDS ") h JOIN schedule s ON s.id=h.schedule JOIN environment v ON" \
	" v.id=h.environment JOIN project p ON p.id=v.project LEFT JOIN schedule_state st ON" \
	" st.schedule=s.id AND st.environment=v.id LEFT JOIN schedule_run r ON " run \
	" LEFT JOIN backup b ON " backup
/* With the newest run and the newest backup of each; a tombstone still tells when it ran. */
#define PLANS \
	PLANS_WITH("r.id=(SELECT max(x.id) FROM schedule_run x WHERE x.schedule=s.id AND" \
	    " x.environment=v.id)", \
	    "b.id=(SELECT max(y.id) FROM backup y WHERE y.schedule=s.id AND y.environment=v.id)")
/* Without them (no id is 0): to see when the next run is, among any number of backups. */
#define PLANS_AHEAD PLANS_WITH("r.id=0", "b.id=0")
#define PLANS_ORDER " ORDER BY lower(p.slug), lower(v.slug), s.id"

static void
read_plan(void *row, struct sql *q, struct arena *a)
{
	struct schedule_plan *p = row;
	const char *first;
	int c = 0;

	schedule_row_read(&p->schedule, q, &c, a);
	p->environment = sql_int(q, c++);
	p->environment_uuid = sql_text(q, c++, a);
	p->project_slug = sql_text(q, c++, a);
	p->environment_slug = sql_text(q, c++, a);
	p->environment_paused = sql_int(q, c++) != 0;
	p->zone = sql_text(q, c++, a);
	if (*p->zone == '\0')
		p->zone = policy_default(POLICY_ZONE);
	p->known = sql_int(q, c++) != 0;
	p->handled = sql_int(q, c++);
	p->next = sql_int(q, c++);
	p->run_at = sql_int(q, c++);
	p->run_due = sql_int(q, c++);
	p->run_error = sql_text(q, c++, a);
	p->run_merged = sql_int(q, c++) != 0;
	p->backup = sql_int(q, c++);
	p->backup_at = sql_int(q, c++);
	p->backup_started = sql_int(q, c++);
	p->backup_bytes = sql_int(q, c++);
	p->backup_warnings = sql_int(q, c++);
	if (!backup_health_parse(&p->backup_health, sql_text(q, c++, a)))
		p->backup_health = HEALTH_UNKNOWN;
	if (!backup_state_parse(&p->backup_state, sql_text(q, c++, a)))
		p->backup_state = BACKUP_BUILDING;
	p->backup_error = sql_text(q, c++, a);
	p->contents = sql_text(q, c++, a);
	p->storage_slug = sql_text(q, c++, a);
	first = sql_text(q, c++, a);
	p->storage_default = *p->storage_slug == '\0';
	if (p->storage_default)
		p->storage_slug = first;
	p->retention = sql_text(q, c++, a);
	if (*p->schedule.keep != '\0')
		p->retention = p->schedule.keep;
	p->retention_default = *p->retention == '\0';
	if (p->retention_default)
		p->retention = policy_default(POLICY_RETENTION);
}

bool
plans_refused(const struct schedule_plan *p)
{
	return *p->run_error != '\0' && p->run_at >= p->backup_at;
}

const char *
plans_error(const struct schedule_plan *p)
{
	if (plans_refused(p))
		return p->run_error;
	return p->backup != 0 && p->backup_state == BACKUP_FAILED ? p->backup_error : "";
}

char *
plans_keeps(struct arena *a, const struct schedule_plan *p)
{
	struct retain_rule rule;
	struct err e;

	/* Checked when it was set; should somebody have edited the row, it is shown as it is. */
	return retain_rule_parse(&rule, p->retention, &e) == 0 ? retain_rule_words(a, &rule)
	                                                       : arena_dup(a, p->retention);
}

int
plans_list(struct schedule_plan **ret, size_t *count, struct arena *a, struct db *db,
    int64_t environment, struct err *e)
{
	static const char sql_all[] = PLANS " WHERE ?1=0" PLANS_ORDER;
	static const char sql_one[] = PLANS " WHERE h.environment=?1" PLANS_ORDER;
	const char *sql = environment == 0 ? sql_all : sql_one;
	struct schedule_plan *rows = sql_list(count,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(environment)), sizeof **ret,
	        read_plan },
	    e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}

/* -- its next run -- */

static int
write_state(struct db *db, const struct schedule_plan *p, int64_t handled, int64_t next,
    struct err *e)
{
	static const char sql[] =
	    "INSERT INTO schedule_state (schedule, environment, handled_at, next_at) VALUES (?1,"
	    " ?2, ?3, ?4) ON CONFLICT (schedule, environment) DO UPDATE SET"
	    " handled_at=excluded.handled_at, next_at=excluded.next_at";

	if (p->known && p->handled == handled && p->next == next)
		return 0;
	return sql_run(NULL, db, sql,
	    SQL_ARGS(sql_i(p->schedule.id), sql_i(p->environment), sql_i(handled), sql_i(next)),
	    e);
}

/* When it is to be looked at next. */
static int64_t
look_at(const struct schedule_plan *p, const struct schedule_turn *turn, int64_t now)
{
	int64_t since = turn->run.at + turn->spread;
	int64_t wide = p->schedule.spread_min * CALENDAR_MINUTE;

	if (!turn->due)
		return turn->next;
	if (now - since <= LATE_MS)
		return since;
	/* Put off already, and then not again until that has passed too; or now. */
	if (p->next > since && p->next > now - LATE_MS && p->next <= now + wide)
		return p->next;
	return now + turn->spread;
}

static int
plan_one(struct zoneset *set, struct db *db, const struct schedule_plan *p, int64_t now,
    struct err *e)
{
	struct zone *zone = zoneset_any(set, p->zone);
	struct schedule_turn turn;
	struct err why;

	/* Checked when it was set; should somebody have edited the row, it never runs. */
	if (schedule_turn(&turn, &p->schedule,
	        &(struct schedule_target){ p->environment_uuid, zone, p->known ? p->handled : now },
	        now, &why) != 0)
		return write_state(db, p, now, 0, e);
	return write_state(db, p, turn.handled, look_at(p, &turn, now), e);
}

static int
plan(struct db *db, int64_t now, const char *which, struct err *e)
{
	static const char sql_stale[] = "DELETE FROM schedule_state WHERE (schedule, environment)"
	    " NOT IN (SELECT schedule, environment FROM (" SCHEDULE_HOLDS "))";
	CLEANUP_ARENA struct arena *a = arena_new();
	struct zoneset set = { .arena = a };
	struct schedule_plan *plans;
	size_t count;

	if (sql_run(NULL, db, sql_stale, SQL_NO_ARGS, e) != 0)
		return -1;
	plans = sql_list(&count,
	    &(struct sql_query){ db, a, which, SQL_NO_ARGS, sizeof *plans, read_plan }, e);
	if (plans == NULL)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (plan_one(&set, db, &plans[i], now, e) != 0)
			return -1;
	return 0;
}

int
plans_begin(struct db *db, int64_t now, struct err *e)
{
	static const char sql[] = PLANS_AHEAD " WHERE st.schedule IS NULL";

	return plan(db, now, sql, e);
}

int
plans_refresh(struct db *db, int64_t now, struct err *e)
{
	static const char sql[] = PLANS_AHEAD;
	CLEANUP_TXN struct sql_txn t = { NULL };

	if (sql_begin(&t, db, e) != 0 || plan(db, now, sql, e) != 0)
		return -1;
	return sql_commit(&t, e);
}

static void
read_due(void *row, struct sql *q, struct arena *a)
{
	(void)a;
	*(struct schedule_due *)row = (struct schedule_due){ sql_int(q, 0), sql_int(q, 1) };
}

int
plans_due(struct schedule_due **ret, size_t *count, struct arena *a, struct db *db,
    int64_t now, struct err *e)
{
	static const char sql[] =
	    "SELECT schedule, environment FROM schedule_state WHERE next_at>0 AND next_at<=?1 ORDER"
	    " BY next_at LIMIT ?2";
	void *rows = sql_list(count,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(now), sql_i(DUE_MAX)), sizeof **ret,
	        read_due },
	    e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}

/* -- running -- */

/* The backup of the run before, if nobody has begun it. */
static int
still_queued(int64_t *ret, struct db *db, const struct schedule_due *what, struct err *e)
{
	static const char sql[] =
	    "SELECT b.id FROM backup b JOIN job j ON j.backup=b.id AND j.kind='backup' WHERE"
	    " b.schedule=?1 AND b.environment=?2 AND b.kind='scheduled' AND b.state='building' AND"
	    " j.state='queued' ORDER BY b.id DESC LIMIT 1";

	return sql_get(ret, db, sql, SQL_ARGS(sql_i(what->schedule), sql_i(what->environment)), e);
}

/* A refusal is the run's; any other trouble ends the transaction and is tried again. */
static int
ask_for_backup(struct schedule_fired *f, struct arena *a, struct db *db,
    const struct schedule_plan *p, struct err *e)
{
	struct backup_request rq = { .job = { .environment = p->environment },
		.kind = BACKUP_SCHEDULED, .note = "", .mode = p->schedule.mode,
		.schedule = p->schedule.id };
	struct backup_ids made = { 0, 0 };
	struct schedule chosen = p->schedule;
	int64_t *services;
	struct err why;

	if (schedules_services(&services, &rq.service_count, a, db, &p->schedule, p->environment,
	        e) != 0 ||
	    schedule_row_services(&chosen, a, db, e) != 0)
		return -1;
	rq.services = services;
	if (rq.service_count == 0) {
		f->error = chosen.service_count > 0 ? "the services it is for are gone"
		                                         : "there are no services to back up";
		return 0;
	}
	if (backup_plan_add(&made, db, &rq, &why) == 0) {
		f->backup = made.backup;
		return 0;
	}
	if (why.kind != ERR_CONFLICT && why.kind != ERR_INPUT) {
		*e = why;
		return -1;
	}
	f->error = arena_dup(a, why.text);
	return 0;
}

/* Days that had their runs and got none; `until` is the run that is made up for. */
static int
note_missed(struct db *db, const struct schedule_plan *p, const struct zone *zone,
    const int64_t between[2], struct err *e)
{
	struct cron_run run = { .at = between[0] };
	struct cron c;
	int64_t day = 0;
	int days = 0;

	if (cron_read(&c, p->schedule.cron, 0, e) != 0)
		return -1;
	while (cron_next(&run, &c, zone, run.at) && run.at < between[1] && days < DAYS_MAX) {
		int64_t today = calendar_floor(zone_local(zone, run.at), CALENDAR_DAY);

		if (days > 0 && today == day)
			continue;
		day = today;
		days++;
		if (days_add(db,
		        &(struct day_note){ .environment = p->environment, .at = run.at,
		            .missed = 1 }, e) != 0)
			return -1;
	}
	return 0;
}

/* The slot, taken; *id 0: it was taken before. */
static int
take_slot(int64_t *id, struct db *db, const struct schedule_plan *p,
    const struct schedule_turn *turn, int64_t now, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO schedule_run (schedule, environment, slot, due_at, started_at, missed)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (schedule, environment, slot) DO NOTHING"
	    " RETURNING id";

	return sql_get(id, db, sql,
	    SQL_ARGS(sql_i(p->schedule.id), sql_i(p->environment), sql_t(turn->run.id),
	        sql_i(turn->run.at + turn->spread), sql_i(now), sql_i(turn->missed)),
	    e);
}

/* What waits for its window is due when that opens. */
static int
write_run(struct db *db, int64_t run, const struct schedule_fired *f, struct err *e)
{
	static const char sql[] =
	    "UPDATE schedule_run SET backup=?2, error=?3, merged=?4, due_at=max(due_at, coalesce("
	    "(SELECT j.run_at FROM job j WHERE j.backup=?2 AND j.kind='backup' AND"
	    " j.state='queued' AND j.run_at>j.created_at), 0)) WHERE id=?1";

	return sql_run(NULL, db, sql,
	    SQL_ARGS(sql_i(run), sql_id(f->backup), sql_t(*f->error == '\0' ? NULL : f->error),
	        sql_i(f->merged)),
	    e);
}

/* The run of this slot, once it is ours. */
static int
run_slot(struct schedule_fired *f, struct arena *a, struct db *db, const struct schedule_plan *p,
    struct err *e)
{
	const struct schedule_due what = { p->schedule.id, p->environment };

	if (still_queued(&f->backup, db, &what, e) != 0)
		return -1;
	f->merged = f->backup != 0;
	return f->merged ? 0 : ask_for_backup(f, a, db, p, e);
}

/* What is due of one plan. */
static int
fire(struct schedule_fired *f, struct arena *a, struct db *db, const struct schedule_plan *p,
    int64_t now, struct err *e)
{
	struct zoneset set = { .arena = a };
	struct zone *zone = zoneset_any(&set, p->zone);
	struct schedule_turn turn;
	int64_t run = 0;

	if (schedule_turn(&turn, &p->schedule,
	        &(struct schedule_target){ p->environment_uuid, zone, p->handled }, now, e) != 0)
		return -1;
	if (turn.due) {
		if (take_slot(&run, db, p, &turn, now, e) != 0)
			return -1;
		FAULT("schedule.slot");
	}
	if (run != 0) {
		f->ran = true;
		f->missed = turn.missed;
		if (run_slot(f, a, db, p, e) != 0 || write_run(db, run, f, e) != 0)
			return -1;
		FAULT("schedule.asked");
		if (turn.missed > 0 &&
		    note_missed(db, p, zone,
		        (const int64_t[]){ p->handled > p->schedule.paused_until
		                ? p->handled : p->schedule.paused_until, turn.run.at }, e) != 0)
			return -1;
		if (f->backup == 0 &&
		    days_add(db,
		        &(struct day_note){ .environment = p->environment, .at = turn.run.at,
		            .missed = 1 }, e) != 0)
			return -1;
	}
	return write_state(db, p, turn.due ? turn.run.at : turn.handled, turn.next, e);
}

int
plans_fire(struct schedule_fired *ret, struct arena *a, struct db *db,
    const struct schedule_due *what, int64_t now, struct err *e)
{
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct schedule_fired f = { .error = "" };
	struct schedule_plan *plans;
	size_t count;

	if (sql_begin(&t, db, e) != 0 ||
	    plans_list(&plans, &count, a, db, what->environment, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		const struct schedule_plan *p = &plans[i];

		/* Somebody else may have been here since it was looked up. */
		if (p->schedule.id != what->schedule || !p->known || p->next == 0 || p->next > now)
			continue;
		if (fire(&f, a, db, p, now, e) != 0)
			return -1;
	}
	if (sql_commit(&t, e) != 0)
		return -1;
	FAULT("schedule.committed");
	*ret = f;
	return 0;
}

/* -- by hand -- */

int
plans_run_now(int64_t *backup, struct db *db, const struct schedule_run_request *rq,
    struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct backup_ids made;
	struct schedule s;
	int64_t *services;
	size_t count;

	if (schedules_by_id(&s, a, db, rq->schedule, e) != 0 ||
	    schedules_services(&services, &count, a, db, &s, rq->environment, e) != 0 ||
	    backups_request(&made, db,
	        &(struct backup_request){
	            .job = { rq->environment, rq->requested_by, rq->key, false },
	            .kind = BACKUP_ON_DEMAND,
	            .note = "",
	            .services = services,
	            .service_count = count,
	            .mode = s.mode,
	            .schedule = s.id },
	        e) != 0)
		return -1;
	*backup = made.backup;
	return 0;
}
