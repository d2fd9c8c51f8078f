/* restores.c: restores and their parts: looking, and the way back. */
#include "lib/store/restores.h"

#include <inttypes.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/store/backups.h"
#include "lib/store/newest.h"
#include "lib/store/row.h"
#include "lib/store/sql.h"

#define RESTORE_COLUMNS \
	"SELECT r.id, r.uuid, r.backup, r.environment, r.mode, r.state, r.requested_by," \
	" coalesce(a.email, 'system'), r.created_at, r.preview, r.preview_text, r.previewed_at," \
	" r.confirmed_at, r.safety, r.hooks, r.owners, r.real_data, r.safety_backup, (SELECT" \
	" max(j.id) FROM job j WHERE j.restore=r.id AND j.kind IN ('preview', 'restore'))," \
	" (SELECT max(j.id) FROM job j WHERE j.restore=r.id AND j.kind IN ('undo', 'switch'))," \
	" r.started_at, r.finished_at, r.undo_until, r.undone_at, r.tidied_at, r.hook_due," \
	" r.landed_at, r.wanted, r.warnings, r.error, p.slug, v.slug, bp.slug, bv.slug," \
	" b.created_at, b.code, r.code FROM restore r JOIN environment v ON v.id=r.environment" \
	" JOIN project p ON p.id=v.project JOIN backup b ON b.id=r.backup JOIN environment bv ON" \
	" bv.id=b.environment JOIN project bp ON bp.id=bv.project LEFT JOIN account a ON" \
	" a.id=r.requested_by"

static void
read_restore(void *row, struct sql *q, struct arena *a)
{
	struct restore *r = row;
	int c = 0;

	r->id = sql_int(q, c++);
	r->uuid = sql_text(q, c++, a);
	r->backup = sql_int(q, c++);
	r->environment = sql_int(q, c++);
	if (!restore_mode_parse(&r->mode, sql_text(q, c++, a)))
		r->mode = RESTORE_MODES;
	if (!restore_state_parse(&r->state, sql_text(q, c++, a)))
		r->state = RESTORE_STATES;
	r->requested_by = sql_int(q, c++);
	r->requested_name = sql_text(q, c++, a);
	r->created_at = sql_int(q, c++);
	if (!restore_preview_parse(&r->preview, sql_text(q, c++, a)))
		r->preview = PREVIEWS;
	r->preview_text = sql_text(q, c++, a);
	r->previewed_at = sql_int(q, c++);
	r->confirmed_at = sql_int(q, c++);
	r->safety = sql_int(q, c++) != 0;
	r->hooks = sql_int(q, c++) != 0;
	r->owners = sql_int(q, c++) != 0;
	r->real_data = sql_int(q, c++) != 0;
	r->safety_backup = sql_int(q, c++);
	r->job = sql_int(q, c++);
	r->undo_job = sql_int(q, c++);
	r->started_at = sql_int(q, c++);
	r->finished_at = sql_int(q, c++);
	r->undo_until = sql_int(q, c++);
	r->undone_at = sql_int(q, c++);
	r->tidied_at = sql_int(q, c++);
	r->hook_due = sql_int(q, c++) != 0;
	r->landed_at = sql_int(q, c++);
	if (!restore_turn_parse(&r->wanted, sql_text(q, c++, a)))
		r->wanted = TURN_NONE;
	r->warnings = sql_int(q, c++);
	r->error = sql_text_or_null(q, c++, a);
	r->project_slug = sql_text(q, c++, a);
	r->environment_slug = sql_text(q, c++, a);
	r->source_project_slug = sql_text(q, c++, a);
	r->source_environment_slug = sql_text(q, c++, a);
	r->backup_at = sql_int(q, c++);
	r->backup_code = sql_text(q, c++, a);
	r->code = sql_text(q, c++, a);
}

/* The slugs of the services it goes into need a look of their own per row. */
static int
complete(struct restore *r, struct arena *a, struct db *db, struct err *e)
{
	static const char sql[] = "SELECT s.slug FROM restore_part x JOIN service s ON"
	    " s.id=x.service WHERE x.restore=?1 ORDER BY x.id";
	CLEANUP_BUF struct buf contents = BUF_INIT;
	CLEANUP_SQL struct sql *q = NULL;
	int rc;

	if (sql_open(&q, db, sql, SQL_ARGS(sql_i(r->id)), e) != 0)
		return -1;
	while ((rc = sql_row(q, e)) == 1)
		buf_printf(&contents, "%s%s", contents.n > 0 ? ", " : "", sql_text(q, 0, a));
	if (rc != 0)
		return -1;
	r->contents = arena_dupn(a, contents.p, contents.n);
	return 0;
}

int
restores_by_id(struct restore *ret, struct arena *a, struct db *db, int64_t id, struct err *e)
{
	static const char sql[] = RESTORE_COLUMNS " WHERE r.id=?1";

	if (row_one(ret,
	        &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(id)), sizeof *ret, read_restore },
	        arena_printf(a, "there is no restore r%" PRId64, id), e) != 0)
		return -1;
	return complete(ret, a, db, e);
}

static void
read_part(void *row, struct sql *q, struct arena *a)
{
	struct restore_part *p = row;
	int c = 0;

	p->id = sql_int(q, c++);
	p->restore = sql_int(q, c++);
	p->part = sql_int(q, c++);
	p->service = sql_int(q, c++);
	p->revision = sql_int(q, c++);
	p->made = sql_int(q, c++);
	p->choice = sql_text(q, c++, a);
	if (!restore_landing_parse(&p->state, sql_text(q, c++, a)))
		p->state = LANDINGS;
	p->tag = sql_text(q, c++, a);
	p->mark = sql_text(q, c++, a);
	p->kept_bytes = sql_int(q, c++);
	p->target_bytes = sql_int(q, c++);
	p->needs_bytes = sql_int(q, c++);
	p->has_bytes = sql_int(q, c++);
	p->added = sql_int(q, c++);
	p->changed = sql_int(q, c++);
	p->removed = sql_int(q, c++);
	p->refusal = sql_text(q, c++, a);
	p->duration_ms = sql_int(q, c++);
	p->source_slug = sql_text(q, c++, a);
	p->source_name = sql_text(q, c++, a);
	p->engine = sql_text(q, c++, a);
	p->target_slug = sql_text(q, c++, a);
	p->target_name = sql_text(q, c++, a);
	p->raw_bytes = sql_int(q, c++);
	p->items = sql_int(q, c++);
	p->taken_at = sql_int(q, c++);
	p->target_backed_up = sql_int(q, c++);
}

int
restores_parts(struct restore_part **ret, size_t *count, struct arena *a, struct db *db,
    int64_t restore, struct err *e)
{
	static const char sql[] =
	    "SELECT x.id, x.restore, x.part, x.service, x.revision, x.made, x.choice, x.state,"
	    " x.tag, x.mark, x.kept_bytes, x.target_bytes, x.needs_bytes, x.has_bytes, x.added,"
	    " x.changed, x.removed, x.refusal, x.duration_ms, p.service_slug, p.service_name,"
	    " p.engine, s.slug, s.name, max(p.whole_bytes, p.data_raw_bytes), p.items, p.taken_at,"
	    " coalesce(" NEWEST_PART("x.service", "y.taken_at", NEWEST_TRUSTED) ", 0)"
	    " FROM restore_part x JOIN part p ON p.id=x.part JOIN service s ON s.id=x.service"
	    " WHERE x.restore=?1 ORDER BY x.id";
	void *rows = sql_list(count,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(restore)), sizeof **ret, read_part },
	    e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}

int
restores_list(struct restore **ret, size_t *count, struct arena *a, struct db *db,
    const struct restore_filter *filter, struct err *e)
{
	/* One text per index that serves it: restore_page, restore_backup and the primary key. */
	static const char sql_environment[] = RESTORE_COLUMNS
	    " WHERE r.environment=?1 AND (?2=0 OR r.backup=?2) AND r.id<?3 AND r.state<>'draft'"
	    " ORDER BY r.id DESC LIMIT ?4";
	static const char sql_backup[] = RESTORE_COLUMNS
	    " WHERE ?1=0 AND r.backup=?2 AND r.id<?3 AND r.state<>'draft' ORDER BY r.id DESC"
	    " LIMIT ?4";
	static const char sql_all[] = RESTORE_COLUMNS
	    " WHERE ?1=0 AND ?2=0 AND r.id<?3 AND r.state<>'draft' ORDER BY r.id DESC LIMIT ?4";
	const char *sql = filter->environment != 0 ? sql_environment
	    : filter->backup != 0                  ? sql_backup
	                                           : sql_all;
	int64_t after = filter->after > 0 ? filter->after : INT64_MAX;
	struct restore *rows = sql_list(count,
	    &(struct sql_query){ db, a, sql,
	        SQL_ARGS(sql_i(filter->environment), sql_i(filter->backup), sql_i(after),
	            sql_i(filter->limit)),
	        sizeof *rows, read_restore },
	    e);

	if (rows == NULL)
		return -1;
	for (size_t i = 0; i < *count; i++)
		if (complete(&rows[i], a, db, e) != 0)
			return -1;
	*ret = rows;
	return 0;
}

static void
read_table(void *row, struct sql *q, struct arena *a)
{
	struct table_count *t = row;

	t->name = sql_text(q, 0, a);
	t->rows = sql_int(q, 1);
}

static int
read_tables(struct table_count **ret, size_t *count, const struct sql_query *query, struct err *e)
{
	void *rows = sql_list(count, query, e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}

int
restores_part_tables(struct table_count **ret, size_t *count, struct arena *a, struct db *db,
    int64_t part, struct err *e)
{
	static const char sql[] = "SELECT name, rows FROM part_table WHERE part=?1 ORDER BY name";

	return read_tables(ret, count,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(part)), sizeof **ret, read_table }, e);
}

int
restores_target_tables(struct table_count **ret, size_t *count, struct arena *a, struct db *db,
    int64_t restore_part, struct err *e)
{
	static const char sql[] =
	    "SELECT name, rows FROM restore_table WHERE restore_part=?1 ORDER BY name";

	return read_tables(ret, count,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(restore_part)), sizeof **ret,
	        read_table },
	    e);
}

int
restores_expected_ms(int64_t *ret, struct db *db, int64_t service, struct err *e)
{
	/* Of an even number the upper one of the two in the middle: better too long than too
	 * short. */
	static const char sql[] =
	    "WITH latest AS (SELECT x.duration_ms AS ms FROM restore_part x JOIN restore r ON"
	    " r.id=x.restore WHERE x.service=?1 AND r.state IN ('done', 'undone') ORDER BY x.id"
	    " DESC LIMIT 5) SELECT ms FROM latest ORDER BY ms LIMIT 1 OFFSET (SELECT count(*)/2"
	    " FROM latest)";

	return sql_get(ret, db, sql, SQL_ARGS(sql_i(service)), e);
}

int
restores_needs_rules(bool *ret, struct db *db, int64_t restore, struct err *e)
{
	static const char sql[] =
	    "SELECT count(*) FROM restore r JOIN environment v ON v.id=r.environment JOIN backup b"
	    " ON b.id=r.backup JOIN environment bv ON bv.id=b.environment JOIN restore_part x ON"
	    " x.restore=r.id JOIN service s ON s.id=x.service WHERE r.id=?1 AND bv.kind='live' AND"
	    " v.kind<>'live' AND v.id<>bv.id AND s.sanitise_sql='' AND s.sanitise_hook=''";
	int64_t bare;

	if (sql_get(&bare, db, sql, SQL_ARGS(sql_i(restore)), e) != 0)
		return -1;
	*ret = bare > 0;
	return 0;
}

/* Whether what was replaced still lies beside every target, and its time has not passed. An undo
 * that was asked for in time keeps it there. */
static int
kept_beside(bool *ret, struct db *db, const struct restore *r, struct err *e)
{
	/* Not swapped in a restore that is done: an undo that did not come to its end took it back.
	 * One from the safety backup is only begun where nothing is kept. */
	static const char sql_lost[] = "SELECT count(*) FROM restore_part WHERE restore=?1 AND"
	                               " (state NOT IN ('swapped', 'swapping', 'built') OR tag"
	                               " LIKE '%" RESTORE_UNDO_TAG "')";
	static const char sql_asked[] = "SELECT count(*) FROM job WHERE restore=?1 AND kind='undo'"
	                                " AND state IN ('queued', 'running')";
	int64_t lost, asked;

	if (sql_get(&lost, db, sql_lost, SQL_ARGS(sql_i(r->id)), e) != 0 ||
	    sql_get(&asked, db, sql_asked, SQL_ARGS(sql_i(r->id)), e) != 0)
		return -1;
	*ret = r->mode == RESTORE_REPLACE && r->tidied_at == 0 && lost == 0 &&
	    (r->undo_until > clock_now() || asked > 0);
	return 0;
}

int
restores_way_back(enum restore_way *ret, struct db *db, const struct restore *r, struct err *e)
{
	/* One of a target that was not there yet is not in the safety backup. */
	static const char sql[] =
	    "SELECT count(*) FROM backup WHERE id=?1 AND state='ready' AND health NOT IN"
	    " ('damaged', 'missing') AND NOT EXISTS (SELECT 1 FROM restore_part x WHERE"
	    " x.restore=?2 AND NOT EXISTS (SELECT 1 FROM part p WHERE p.backup=?1 AND"
	    " p.service=x.service))";
	bool kept;
	int64_t safe;

	if (r->state != RESTORE_DONE || r->mode == RESTORE_NEW) {
		*ret = WAY_NONE;
		return 0;
	}
	if (kept_beside(&kept, db, r, e) != 0 ||
	    sql_get(&safe, db, sql, SQL_ARGS(sql_i(r->safety_backup), sql_i(r->id)),
	        e) != 0)
		return -1;
	*ret = kept ? WAY_SWAP : safe > 0 ? WAY_SAFETY : WAY_NONE;
	return 0;
}
