/* backups.c: backups and their parts. */
#include "lib/store/backups.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/fault.h"
#include "lib/store/backup_plan.h"
#include "lib/store/copies.h"
#include "lib/store/days.h"
#include "lib/store/enqueue.h"
#include "lib/store/lease.h"
#include "lib/store/packs.h"
#include "lib/store/row.h"
#include "lib/store/sql.h"

/* -- asking for one -- */

int
backups_request(struct backup_ids *ret, struct db *db, const struct backup_request *rq,
    struct err *e)
{
	static const char sql_backup[] = "SELECT backup FROM job WHERE id=?1";
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct backup_ids ids;

	if (sql_begin(&t, db, e) != 0 ||
	    enqueue_known(&ids.job, db, rq->job.key, JOB_BACKUP, e) != 0)
		return -1;
	if (ids.job != 0 ? sql_get(&ids.backup, db, sql_backup, SQL_ARGS(sql_i(ids.job)), e) != 0
	    : backup_plan_add(&ids, db, rq, e) != 0)
		return -1;
	FAULT("backup.before_request_commit");
	if (sql_commit(&t, e) != 0)
		return -1;
	*ret = ids;
	return 0;
}

/* -- looking -- */

#define BACKUP_COLUMNS \
	"SELECT b.id, b.uuid, b.environment, b.storage, (SELECT max(j.id) FROM job j WHERE" \
	" j.backup=b.id AND j.kind='backup'), b.kind, b.state, b.health, b.note, b.keep," \
	" b.requested_by, coalesce(a.email, nullif(b.asked_by, ''), 'system'), b.rebuilt_at," \
	" b.created_at, b.started_at, b.finished_at," \
	" b.verified_at, b.trashed_at, b.raw_bytes, b.stored_bytes, b.warnings, b.error," \
	" b.tested_at, b.test_state, b.test_text, b.sidecar_key, b.sidecar_sha256, b.contents," \
	" b.keep_until, b.mode, b.frozen_ms, b.code, b.schedule, b.suspicion, b.trashed_why," \
	" b.recipients, b.signed_by, p.slug, v.slug, s.slug, (SELECT count(*) FROM copy c WHERE" \
	" c.backup=b.id AND c.state='ready' AND c.health IN ('unknown', 'good')), (SELECT" \
	" count(*) FROM copy c WHERE c.backup=b.id AND (c.state='failed' OR (c.state='ready' AND" \
	" c.health IN ('damaged', 'missing')))) FROM backup b" \
	" JOIN environment v ON v.id=b.environment" \
	" JOIN project p ON p.id=v.project JOIN storage s ON s.id=b.storage" \
	" LEFT JOIN account a ON a.id=b.requested_by"

static void
read_backup(void *row, struct sql *q, struct arena *a)
{
	struct backup *b = row;
	int c = 0;

	b->id = sql_int(q, c++);
	b->uuid = sql_text(q, c++, a);
	b->environment = sql_int(q, c++);
	b->storage = sql_int(q, c++);
	b->job = sql_int(q, c++);
	if (!backup_kind_parse(&b->kind, sql_text(q, c++, a)))
		b->kind = BACKUP_KINDS;
	if (!backup_state_parse(&b->state, sql_text(q, c++, a)))
		b->state = BACKUP_STATES;
	if (!backup_health_parse(&b->health, sql_text(q, c++, a)))
		b->health = HEALTHS;
	b->note = sql_text(q, c++, a);
	b->keep = sql_int(q, c++) != 0;
	b->requested_by = sql_int(q, c++);
	b->requested_name = sql_text(q, c++, a);
	b->rebuilt_at = sql_int(q, c++);
	b->created_at = sql_int(q, c++);
	b->started_at = sql_int(q, c++);
	b->finished_at = sql_int(q, c++);
	b->verified_at = sql_int(q, c++);
	b->trashed_at = sql_int(q, c++);
	b->raw_bytes = sql_int(q, c++);
	b->stored_bytes = sql_int(q, c++);
	b->warnings = sql_int(q, c++);
	b->error = sql_text_or_null(q, c++, a);
	b->tested_at = sql_int(q, c++);
	b->test_state = sql_text(q, c++, a);
	b->test_text = sql_text(q, c++, a);
	b->sidecar_key = sql_text(q, c++, a);
	b->sidecar_sha256 = sql_text(q, c++, a);
	b->contents = sql_text(q, c++, a);
	b->keep_until = sql_int(q, c++);
	if (!backup_mode_parse(&b->mode, sql_text(q, c++, a)))
		b->mode = BACKUP_MODES;
	b->frozen_ms = sql_int(q, c++);
	b->code = sql_text(q, c++, a);
	b->schedule = sql_int(q, c++);
	b->suspicion = sql_text(q, c++, a);
	b->trashed_why = sql_text(q, c++, a);
	b->recipients = sql_text(q, c++, a);
	b->signed_by = sql_text(q, c++, a);
	b->project_slug = sql_text(q, c++, a);
	b->environment_slug = sql_text(q, c++, a);
	b->storage_slug = sql_text(q, c++, a);
	b->copies_good = sql_int(q, c++);
	b->copies_bad = sql_int(q, c++);
}

int
backups_by_id(struct backup *ret, struct arena *a, struct db *db, int64_t id, struct err *e)
{
	static const char sql[] = BACKUP_COLUMNS " WHERE b.id=?1";

	return row_one(ret,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(id)), sizeof *ret, read_backup },
	    arena_printf(a, "there is no backup b%" PRId64, id), e);
}

static void
read_part(void *row, struct sql *q, struct arena *a)
{
	struct part *p = row;
	int c = 0;

	p->id = sql_int(q, c++);
	p->backup = sql_int(q, c++);
	p->service = sql_int(q, c++);
	p->uuid = sql_text(q, c++, a);
	p->service_slug = sql_text(q, c++, a);
	p->service_name = sql_text(q, c++, a);
	p->engine = sql_text(q, c++, a);
	p->state = sql_text(q, c++, a);
	p->format = sql_text(q, c++, a);
	p->engine_version = sql_text(q, c++, a);
	p->tool = sql_text(q, c++, a);
	for (struct stored_object *o = &p->data;; o = &p->manifest) {
		o->key = sql_text(q, c++, a);
		o->raw_bytes = sql_int(q, c++);
		o->stored_bytes = sql_int(q, c++);
		o->raw_sha256 = sql_text(q, c++, a);
		o->stored_sha256 = sql_text(q, c++, a);
		if (o == &p->manifest)
			break;
	}
	p->items = sql_int(q, c++);
	p->warnings = sql_int(q, c++);
	p->taken_at = sql_int(q, c++);
	p->finished_at = sql_int(q, c++);
	p->verified_at = sql_int(q, c++);
	p->whole_bytes = sql_int(q, c++);
	p->data.front_sha256 = sql_text(q, c++, a);
}

int
backups_by_uuid(struct backup *ret, struct arena *a, struct db *db, const char *uuid,
    struct err *e)
{
	static const char sql[] = BACKUP_COLUMNS " WHERE b.uuid=?1";

	return row_one(ret,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_t(uuid)), sizeof *ret, read_backup },
	    arena_printf(a, "there is no backup %.40s", uuid), e);
}

int
backups_parts(struct part **ret, size_t *count, struct arena *a, struct db *db, int64_t backup,
    struct err *e)
{
	static const char sql[] =
	    "SELECT id, backup, service, uuid, service_slug, service_name, engine, state, format,"
	    " engine_version, tool, data_key, data_raw_bytes, data_stored_bytes, data_raw_sha256,"
	    " data_stored_sha256, manifest_key, manifest_raw_bytes, manifest_stored_bytes,"
	    " manifest_raw_sha256, manifest_stored_sha256, items, warnings, taken_at, finished_at,"
	    " verified_at, max(whole_bytes, data_raw_bytes), data_front_sha256"
	    " FROM part WHERE backup=?1 ORDER BY id";
	struct part *rows = sql_list(count,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(backup)), sizeof **ret, read_part }, e);

	if (rows == NULL)
		return -1;
	for (size_t i = 0; i < *count; i++)
		if (rows[i].manifest.key[0] != '\0' &&
		    packs_list(&rows[i].packs, &rows[i].pack_count, a, db, rows[i].id, e) != 0)
			return -1;
	*ret = rows;
	return 0;
}

/* "%text%" with LIKE's own characters escaped. */
static char *
like(struct arena *a, const char *text)
{
	CLEANUP_BUF struct buf out = BUF_INIT;

	buf_char(&out, '%');
	for (; *text != '\0'; text++) {
		if (strchr("%_\\", *text) != NULL)
			buf_char(&out, '\\');
		buf_char(&out, *text);
	}
	buf_char(&out, '%');
	return arena_dupn(a, out.p, out.n);
}

int
backups_list(struct backup **ret, size_t *count, struct arena *a, struct db *db,
    const struct backup_filter *filter, struct err *e)
{
	/* In the order of the index backup_page, from where the page before ended; a search walks
	 * only over those with a note, by the index backup_noted. */
#define LIST_WHERE " WHERE b.environment=?1 AND b.state<>'deleted'" \
	    " AND (b.created_at, b.id)<(?2, ?3) AND (?4='' OR b.kind=?4) AND CASE ?5 WHEN '' THEN" \
	    " b.state<>'trashed' ELSE b.state=?5 END AND (?6='' OR lower(b.note) LIKE lower(?6)" \
	    " ESCAPE '\\') AND (?7=0 OR EXISTS (SELECT 1 FROM part x WHERE x.backup=b.id AND" \
	    " x.service=?7))"
#define LIST_ORDER " ORDER BY b.created_at DESC, b.id DESC LIMIT ?8"
	static const char sql[] = BACKUP_COLUMNS LIST_WHERE LIST_ORDER;
	static const char sql_noted[] = BACKUP_COLUMNS LIST_WHERE " AND b.note<>''" LIST_ORDER;
	static const char sql_from[] = "SELECT created_at FROM backup WHERE id=?1";
	int64_t from = INT64_MAX, id = filter->after > 0 ? filter->after : INT64_MAX;
	const char *kind = filter->kind < 0 ? "" : backup_kind_name((enum backup_kind)filter->kind);
	const char *state =
	    filter->state < 0 ? "" : backup_state_name((enum backup_state)filter->state);
	const char *note =
	    filter->note == NULL || *filter->note == '\0' ? "" : like(a, filter->note);
	void *rows;

	if (filter->after > 0 && sql_get(&from, db, sql_from, SQL_ARGS(sql_i(id)), e) != 0)
		return -1;
	rows = sql_list(count,
	    &(struct sql_query){ db, a, *note == '\0' ? sql : sql_noted,
	        SQL_ARGS(sql_i(filter->environment), sql_i(from), sql_i(id), sql_t(kind),
	            sql_t(state), sql_t(note), sql_i(filter->service), sql_i(filter->limit)),
	        sizeof **ret, read_backup },
	    e);
	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}

int
backups_last_good(struct backup *ret, struct arena *a, struct db *db, int64_t environment,
    struct err *e)
{
	static const char sql[] = BACKUP_COLUMNS " WHERE b.environment=?1 AND b.state='ready'"
	    " ORDER BY b.finished_at DESC LIMIT 1";

	return row_one(ret,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(environment)), sizeof *ret,
	        read_backup },
	    "there is no good backup yet", e);
}

int
backups_latest(struct backup *ret, struct arena *a, struct db *db, int64_t environment,
    int64_t service, struct err *e)
{
	static const char sql[] = BACKUP_COLUMNS " WHERE b.environment=?1 AND b.state='ready' AND"
	    " (b.health NOT IN ('damaged', 'missing') OR EXISTS (SELECT 1 FROM copy c WHERE"
	    " c.backup=b.id AND c.state='ready' AND c.health IN ('unknown', 'good'))) AND (?2=0 OR"
	    " EXISTS (SELECT 1 FROM part x"
	    " WHERE x.backup=b.id AND x.service=?2 AND x.state='ready')) ORDER BY b.finished_at"
	    " DESC, b.id DESC LIMIT 1";

	return row_one(ret,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(environment), sql_i(service)),
	        sizeof *ret, read_backup },
	    "there is no good backup of it yet", e);
}

int
backups_estimate(int64_t *raw_bytes, int64_t *stored_bytes, struct db *db, int64_t service,
    struct err *e)
{
	static const char sql[] =
	    "SELECT max(whole_bytes, data_raw_bytes), data_stored_bytes+manifest_stored_bytes+"
	    PACKS_OWN("k.stored_bytes") " FROM part p WHERE service=?1 AND state='ready' ORDER BY"
	    " id DESC LIMIT 1";
	CLEANUP_SQL struct sql *q = NULL;
	int rc;

	if (sql_open(&q, db, sql, SQL_ARGS(sql_i(service)), e) != 0 || (rc = sql_row(q, e)) < 0)
		return -1;
	*raw_bytes = rc == 1 ? sql_int(q, 0) : 0;
	*stored_bytes = rc == 1 ? sql_int(q, 1) : 0;
	return 0;
}

int
backups_in_storage(bool *ret, struct db *db, int64_t storage, struct err *e)
{
	static const char sql[] =
	    "SELECT EXISTS (SELECT 1 FROM backup WHERE storage=?1 AND state IN ('ready',"
	    " 'trashed')) OR EXISTS (SELECT 1 FROM copy WHERE storage=?1 AND finished_at>0)";
	int64_t found;

	if (sql_get(&found, db, sql, SQL_ARGS(sql_i(storage)), e) != 0)
		return -1;
	*ret = found != 0;
	return 0;
}

/* -- small changes -- */

/* Runs an UPDATE of the backup ?1; ERR_NOT_FOUND when there is none. */
static int
change(struct db *db, const char *sql, const struct sql_arg *args, struct err *e)
{
	int64_t changes;

	if (sql_run(&changes, db, sql, args, e) != 0)
		return -1;
	return changes == 1 ? 0
	                    : err_set(e, ERR_NOT_FOUND, "there is no backup b%" PRId64, args[0].i);
}

int
backups_set_note(struct db *db, int64_t id, const char *note, struct err *e)
{
	return change(db, "UPDATE backup SET note=?2 WHERE id=?1 AND state<>'deleted'",
	    SQL_ARGS(sql_i(id), sql_t(note)), e);
}

int
backups_set_keep(struct db *db, int64_t id, bool keep, struct err *e)
{
	static const char sql[] = "UPDATE backup SET keep=?2 WHERE id=?1 AND state<>'deleted'";
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct backup b;

	if (sql_begin(&t, db, e) != 0 || backups_by_id(&b, a, db, id, e) != 0)
		return -1;
	if (keep && b.state == BACKUP_TRASHED)
		return err_set(e, ERR_CONFLICT, "backup b%" PRId64
		    " is in the trash; put it back first, then mark it \u201ckeep\u201d", id);
	if (change(db, sql, SQL_ARGS(sql_i(id), sql_i(keep)), e) != 0)
		return -1;
	return sql_commit(&t, e);
}

int
backups_set_keep_until(struct db *db, int64_t id, int64_t until, struct err *e)
{
	static const char sql[] =
	    "UPDATE backup SET keep_until=?2 WHERE id=?1 AND state IN ('building', 'ready')";
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct backup b;

	if (sql_begin(&t, db, e) != 0 || backups_by_id(&b, a, db, id, e) != 0)
		return -1;
	if (b.state != BACKUP_BUILDING && b.state != BACKUP_READY)
		return err_set(e, ERR_CONFLICT, "backup b%" PRId64 " is %s; only one that is ready"
		    " can be kept", id, b.state == BACKUP_TRASHED ? "in the trash"
		                                                  : backup_state_name(b.state));
	if (change(db, sql, SQL_ARGS(sql_i(id), sql_i(until)), e) != 0)
		return -1;
	return sql_commit(&t, e);
}

int
backups_set_health(struct db *db, int64_t id, enum backup_health health, struct err *e)
{
	return change(db, "UPDATE backup SET health=?2, verified_at=?3 WHERE id=?1",
	    SQL_ARGS(sql_i(id), sql_t(backup_health_name(health)), sql_i(clock_now())), e);
}

/* -- the worker's side -- */

/* The backup that the holder of this lease builds. */
static int
held_backup(int64_t *ret, struct db *db, const struct lease *l, struct err *e)
{
	struct lease_work work;

	if (lease_check(&work, db, l, e) != 0)
		return -1;
	if (work.kind != JOB_BACKUP || work.backup == 0)
		return err_set(e, ERR_INTERNAL, "job j%" PRId64 " makes no backup", l->job);
	*ret = work.backup;
	return 0;
}

int
backups_begin(struct db *db, const struct lease *l, struct err *e)
{
	static const char sql_backup[] =
	    "UPDATE backup SET started_at=?2, raw_bytes=0, stored_bytes=0, warnings=0, error=NULL,"
	    " sidecar_sha256='', health='unknown' WHERE id=?1 AND state='building'";
	static const char sql_parts[] =
	    "UPDATE part SET state='building', engine_version='', tool='', data_raw_bytes=0,"
	    " data_stored_bytes=0, data_raw_sha256='', data_stored_sha256='',"
	    " data_front_sha256='',"
	    " manifest_raw_bytes=0, manifest_stored_bytes=0, manifest_raw_sha256='',"
	    " manifest_stored_sha256='', whole_bytes=0, items=0, warnings=0, taken_at=0,"
	    " finished_at=0 WHERE backup=?1";
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t backup;

	if (sql_begin(&t, db, e) != 0 || held_backup(&backup, db, l, e) != 0 ||
	    change(db, sql_backup, SQL_ARGS(sql_i(backup), sql_i(clock_now())), e) != 0 ||
	    sql_run(NULL, db, sql_parts, SQL_ARGS(sql_i(backup)), e) != 0)
		return -1;
	return sql_commit(&t, e);
}

int
backups_code(struct db *db, const struct lease *l, const char *code, struct err *e)
{
	static const char sql[] = "UPDATE backup SET code=?2 WHERE id=?1 AND state='building'";
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t backup;

	if (sql_begin(&t, db, e) != 0 || held_backup(&backup, db, l, e) != 0 ||
	    change(db, sql, SQL_ARGS(sql_i(backup), sql_t(code)), e) != 0)
		return -1;
	return sql_commit(&t, e);
}

int
backups_seal(struct db *db, const struct lease *l, const char *recipients, const char *signed_by,
    struct err *e)
{
	static const char sql[] =
	    "UPDATE backup SET recipients=?2, signed_by=?3 WHERE id=?1 AND state='building'";
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t backup;

	if (sql_begin(&t, db, e) != 0 || held_backup(&backup, db, l, e) != 0 ||
	    change(db, sql, SQL_ARGS(sql_i(backup), sql_t(recipients), sql_t(signed_by)), e) != 0)
		return -1;
	return sql_commit(&t, e);
}

int
backups_part_ready(struct db *db, const struct lease *l, const struct part *p, struct err *e)
{
	static const char sql[] =
	    "UPDATE part SET state='ready', engine_version=?3, tool=?4, data_raw_bytes=?5,"
	    " data_stored_bytes=?6, data_raw_sha256=?7, data_stored_sha256=?8,"
	    " manifest_raw_bytes=?9, manifest_stored_bytes=?10, manifest_raw_sha256=?11,"
	    " manifest_stored_sha256=?12, items=?13, warnings=?14, taken_at=?15, finished_at=?16,"
	    " whole_bytes=?17, data_front_sha256=?18"
	    " WHERE id=?1 AND backup=?2 AND state='building'";
	const struct stored_object *d = &p->data, *m = &p->manifest;
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t backup, changes;

	if (sql_begin(&t, db, e) != 0 || held_backup(&backup, db, l, e) != 0)
		return -1;
	if (sql_run(&changes, db, sql,
	        SQL_ARGS(sql_i(p->id), sql_i(backup),
	            sql_t(p->engine_version ? p->engine_version : ""),
	            sql_t(p->tool ? p->tool : ""), sql_i(d->raw_bytes), sql_i(d->stored_bytes),
	            sql_t(d->raw_sha256), sql_t(d->stored_sha256), sql_i(m->raw_bytes),
	            sql_i(m->stored_bytes), sql_t(m->raw_sha256 ? m->raw_sha256 : ""),
	            sql_t(m->stored_sha256 ? m->stored_sha256 : ""), sql_i(p->items),
	            sql_i(p->warnings), sql_i(p->taken_at), sql_i(clock_now()),
	            sql_i(backup_part_bytes(p)), sql_t(backup_front(d))),
	        e) != 0)
		return -1;
	if (changes != 1)
		return err_set(e, ERR_INTERNAL,
		    "part %" PRId64 " is not one that job j%" PRId64 " builds", p->id, l->job);
	if (packs_put(db, p, e) != 0)
		return -1;
	return sql_commit(&t, e);
}

int
backups_finish(struct db *db, const struct lease *l, const char *sidecar_sha256, struct err *e)
{
	static const char sql_missing[] =
	    "SELECT count(*) FROM part WHERE backup=?1 AND state<>'ready'";
	/* Every part was read back and proven before it became ready: that was its first
	 * verification. A pack of an older one that was found bad meanwhile speaks against it. */
	static const char sql_ready[] =
	    "UPDATE backup SET state='ready', finished_at=?2, sidecar_sha256=?3, error=NULL,"
	    " health=CASE WHEN health IN ('damaged', 'missing') THEN health ELSE 'good' END,"
	    " verified_at=?2,"
	    " raw_bytes=(SELECT sum(max(whole_bytes, data_raw_bytes)) FROM part WHERE backup=?1),"
	    " stored_bytes=(SELECT sum(data_stored_bytes+manifest_stored_bytes+"
	    PACKS_OWN("k.stored_bytes") ") FROM part p WHERE backup=?1),"
	    " warnings=(SELECT sum(warnings) FROM part WHERE backup=?1) WHERE id=?1"
	    " AND state='building'";
	static const char sql_warnings[] = "SELECT warnings FROM backup WHERE id=?1";
	static const char sql_environment[] = "SELECT environment FROM backup WHERE id=?1";
	static const char sql_bytes[] = "SELECT raw_bytes FROM backup WHERE id=?1";
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct day_note day = { .at = clock_now(), .good = 1 };
	int64_t backup, missing, warnings;

	if (sql_begin(&t, db, e) != 0 || held_backup(&backup, db, l, e) != 0 ||
	    sql_get(&missing, db, sql_missing, SQL_ARGS(sql_i(backup)), e) != 0)
		return -1;
	if (missing > 0)
		return err_set(e, ERR_INTERNAL,
		    "backup b%" PRId64 " has %" PRId64 " parts that are not ready", backup,
		    missing);
	if (change(db, sql_ready,
	        SQL_ARGS(sql_i(backup), sql_i(clock_now()), sql_t(sidecar_sha256)), e) != 0 ||
	    sql_get(&warnings, db, sql_warnings, SQL_ARGS(sql_i(backup)), e) != 0 ||
	    sql_get(&day.environment, db, sql_environment, SQL_ARGS(sql_i(backup)), e) != 0 ||
	    sql_get(&day.raw_bytes, db, sql_bytes, SQL_ARGS(sql_i(backup)), e) != 0 ||
	    days_add(db, &day, e) != 0 || copies_follow(db, backup, day.environment, e) != 0 ||
	    lease_end(db, l->job, &(struct lease_end){ JOB_SUCCEEDED, NULL, 0, warnings }, e) != 0)
		return -1;
	FAULT("backup.before_ready_commit");
	return sql_commit(&t, e);
}
