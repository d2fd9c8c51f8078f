/* restore_work.c: what the worker writes about a restore, under the lease of its job. */
#include <inttypes.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/fault.h"
#include "lib/model/project.h"
#include "lib/store/enqueue.h"
#include "lib/store/lease.h"
#include "lib/store/restore_ask.h"
#include "lib/store/restores.h"
#include "lib/store/settings.h"
#include "lib/store/sql.h"

/* A draft that nobody confirmed goes after a day. */
enum { DRAFT_MS = 24 * 3600 * 1000, TIDY_ROUND = 100 };

#define BIT(kind) (1u << (kind))
/* The jobs that may move a part. */
#define MOVERS (BIT(JOB_RESTORE) | BIT(JOB_UNDO) | BIT(JOB_SWITCH) | BIT(JOB_TIDY))

/* The restore that the holder of this lease works on; its job must be of one of these kinds. */
static int
held_restore(int64_t *ret, struct db *db, const struct lease *l, unsigned kinds, struct err *e)
{
	struct lease_work work;

	if (lease_check(&work, db, l, e) != 0)
		return -1;
	if ((kinds & BIT(work.kind)) == 0 || work.restore == 0)
		return err_set(e, ERR_INTERNAL,
		    "job j%" PRId64 " is not one that may write this about a restore", l->job);
	*ret = work.restore;
	return 0;
}

/* Runs an UPDATE that must meet one row. */
static int
change(struct db *db, const char *sql, const struct sql_arg *args, struct err *e)
{
	int64_t changes;

	if (sql_run(&changes, db, sql, args, e) != 0)
		return -1;
	return changes == 1 ? 0 : err_set(e, ERR_INTERNAL,
	    "the restore r%" PRId64 " is not in a state for this", args[0].i);
}

/* -- the look -- */

/* Both tables of counts have the columns (owner, name, rows). */
static int
put_tables(struct db *db, const char *const sql[2], int64_t owner,
    const struct table_count *tables, size_t count, struct err *e)
{
	if (sql_run(NULL, db, sql[0], SQL_ARGS(sql_i(owner)), e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (sql_run(NULL, db, sql[1],
		        SQL_ARGS(sql_i(owner), sql_t(tables[i].name), sql_i(tables[i].rows)),
		        e) != 0)
			return -1;
	return 0;
}

int
restores_looked(struct db *db, const struct lease *l, const struct restore_part *part,
    const struct table_count *tables, size_t table_count, struct err *e)
{
	static const char sql[] =
	    "UPDATE restore_part SET target_bytes=?3, needs_bytes=?4, has_bytes=?5, added=?6,"
	    " changed=?7, removed=?8, refusal=?9 WHERE restore=?1 AND id=?2";
	static const char sql_clear[] = "DELETE FROM restore_table WHERE restore_part=?1";
	static const char sql_add[] =
	    "INSERT INTO restore_table (restore_part, name, rows) VALUES (?1, ?2, ?3)";
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t restore;

	if (sql_begin(&t, db, e) != 0 ||
	    held_restore(&restore, db, l, BIT(JOB_PREVIEW), e) != 0 ||
	    change(db, sql,
	        SQL_ARGS(sql_i(restore), sql_i(part->id), sql_i(part->target_bytes),
	            sql_i(part->needs_bytes), sql_i(part->has_bytes), sql_i(part->added),
	            sql_i(part->changed), sql_i(part->removed),
	            sql_t(part->refusal ? part->refusal : "")),
	        e) != 0 ||
	    put_tables(db, (const char *const[]){ sql_clear, sql_add }, part->id, tables,
	        table_count, e) != 0)
		return -1;
	return sql_commit(&t, e);
}

int
restores_code(struct db *db, const struct lease *l, const char *code, struct err *e)
{
	static const char sql[] = "UPDATE restore SET code=?2 WHERE id=?1 AND state='draft'";
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t restore;

	if (sql_begin(&t, db, e) != 0 ||
	    held_restore(&restore, db, l, BIT(JOB_PREVIEW), e) != 0 ||
	    change(db, sql, SQL_ARGS(sql_i(restore), sql_t(code)), e) != 0)
		return -1;
	return sql_commit(&t, e);
}

int
restores_previewed(struct db *db, const struct lease *l, enum restore_preview preview,
    const char *text, struct err *e)
{
	static const char sql[] = "UPDATE restore SET preview=?2, preview_text=?3, previewed_at=?4"
	                          " WHERE id=?1 AND state='draft'";
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t restore;

	if (sql_begin(&t, db, e) != 0 ||
	    held_restore(&restore, db, l, BIT(JOB_PREVIEW), e) != 0 ||
	    change(db, sql,
	        SQL_ARGS(sql_i(restore), sql_t(restore_preview_name(preview)),
	            sql_t(text ? text : ""), sql_i(clock_now())),
	        e) != 0 ||
	    lease_end(db, l->job, &(struct lease_end){ JOB_SUCCEEDED, NULL, 0, 0 }, e) != 0)
		return -1;
	return sql_commit(&t, e);
}

/* -- the restore -- */

int
restores_begin(struct db *db, const struct lease *l, struct err *e)
{
	static const char sql[] =
	    "UPDATE restore SET started_at=CASE started_at WHEN 0 THEN ?2 ELSE started_at END"
	    " WHERE id=?1 AND state='pending'";
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t restore;

	if (sql_begin(&t, db, e) != 0 ||
	    held_restore(&restore, db, l, BIT(JOB_RESTORE), e) != 0 ||
	    change(db, sql, SQL_ARGS(sql_i(restore), sql_i(clock_now())), e) != 0)
		return -1;
	return sql_commit(&t, e);
}

int
restores_part_moved(struct db *db, const struct lease *l, const struct restore_part *part,
    struct err *e)
{
	static const char sql[] =
	    "UPDATE restore_part SET state=?3, mark=?4, kept_bytes=?5, duration_ms=?6, tag=?7"
	    " WHERE restore=?1 AND id=?2";
	/* An undo from the safety backup puts something beside the target again. */
	static const char sql_untidy[] =
	    "UPDATE restore SET tidied_at=0 WHERE id=?1 AND tidied_at>0 AND ?2<>'gone'";
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t restore;

	if (sql_begin(&t, db, e) != 0 ||
	    held_restore(&restore, db, l, MOVERS, e) != 0 ||
	    change(db, sql,
	        SQL_ARGS(sql_i(restore), sql_i(part->id), sql_t(restore_landing_name(part->state)),
	            sql_t(part->mark ? part->mark : ""), sql_i(part->kept_bytes),
	            sql_i(part->duration_ms), sql_t(part->tag)),
	        e) != 0 ||
	    sql_run(NULL, db, sql_untidy,
	        SQL_ARGS(sql_i(restore), sql_t(restore_landing_name(part->state))), e) != 0)
		return -1;
	return sql_commit(&t, e);
}

int
restores_hook_due(struct db *db, const struct lease *l, bool due, struct err *e)
{
	static const char sql[] = "UPDATE restore SET hook_due=?2 WHERE id=?1";
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t restore;

	if (sql_begin(&t, db, e) != 0 || held_restore(&restore, db, l, MOVERS, e) != 0 ||
	    change(db, sql, SQL_ARGS(sql_i(restore), sql_i(due)), e) != 0)
		return -1;
	return sql_commit(&t, e);
}

int
restores_finish(struct db *db, const struct lease *l, int64_t warnings, int64_t undo_until,
    struct err *e)
{
	/* A service that is new lies beside the target until somebody switches it in. */
	static const char sql_missing[] =
	    "SELECT count(*) FROM restore_part x JOIN restore r ON r.id=x.restore WHERE r.id=?1"
	    " AND x.state NOT IN ('swapped', 'gone') AND NOT (r.mode='new' AND x.state='built')";
	static const char sql[] =
	    "UPDATE restore SET state='done', finished_at=?2, landed_at=CASE mode WHEN 'new' THEN"
	    " 0 ELSE ?2 END, warnings=?3, undo_until=?4, error=NULL WHERE id=?1 AND"
	    " state='pending'";
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t restore, missing;

	if (sql_begin(&t, db, e) != 0 ||
	    held_restore(&restore, db, l, BIT(JOB_RESTORE), e) != 0 ||
	    sql_get(&missing, db, sql_missing, SQL_ARGS(sql_i(restore)), e) != 0)
		return -1;
	if (missing > 0)
		return err_set(e, ERR_INTERNAL,
		    "restore r%" PRId64 " has %" PRId64 " parts that have not landed", restore,
		    missing);
	if (change(db, sql,
	        SQL_ARGS(sql_i(restore), sql_i(clock_now()), sql_i(warnings), sql_i(undo_until)),
	        e) != 0 ||
	    lease_end(db, l->job, &(struct lease_end){ JOB_SUCCEEDED, NULL, 0, warnings }, e) != 0)
		return -1;
	FAULT("restore.before_done_commit");
	return sql_commit(&t, e);
}

int
restores_undone(struct db *db, const struct lease *l, struct err *e)
{
	static const char sql[] =
	    "UPDATE restore SET undone_at=?2, state='undone' WHERE id=?1 AND state='done'";
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t restore;

	if (sql_begin(&t, db, e) != 0 || held_restore(&restore, db, l, BIT(JOB_UNDO), e) != 0 ||
	    change(db, sql, SQL_ARGS(sql_i(restore), sql_i(clock_now())), e) != 0 ||
	    lease_end(db, l->job, &(struct lease_end){ JOB_SUCCEEDED, NULL, 0, 0 }, e) != 0)
		return -1;
	return sql_commit(&t, e);
}

int
restores_tidied(struct db *db, const struct lease *l, struct err *e)
{
	static const char sql_parts[] =
	    "UPDATE restore_part SET state='gone', kept_bytes=0,"
	    " tag=rtrim(tag, '" RESTORE_UNDO_TAG "') WHERE restore=?1";
	static const char sql_made[] =
	    "UPDATE service SET removed_at=?2, sealed=NULL, revision=revision+1 WHERE id IN (SELECT"
	    " made FROM restore_part WHERE restore=?1) AND removed_at=0";
	static const char sql[] = "UPDATE restore SET tidied_at=?2 WHERE id=?1 AND state IN"
	                          " ('done', 'failed', 'undone')";
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t restore;

	if (sql_begin(&t, db, e) != 0 || held_restore(&restore, db, l, BIT(JOB_TIDY), e) != 0 ||
	    sql_run(NULL, db, sql_parts, SQL_ARGS(sql_i(restore)), e) != 0 ||
	    sql_run(NULL, db, sql_made, SQL_ARGS(sql_i(restore), sql_i(clock_now())), e) != 0 ||
	    change(db, sql, SQL_ARGS(sql_i(restore), sql_i(clock_now())), e) != 0 ||
	    lease_end(db, l->job, &(struct lease_end){ JOB_SUCCEEDED, NULL, 0, 0 }, e) != 0)
		return -1;
	return sql_commit(&t, e);
}

int
restores_kept(struct db *db, const struct lease *l, int64_t until, int64_t warnings, struct err *e)
{
	static const char sql[] =
	    "UPDATE restore SET undo_until=?2 WHERE id=?1 AND state='failed' AND mode='add'";
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t restore;

	if (sql_begin(&t, db, e) != 0 || held_restore(&restore, db, l, BIT(JOB_TIDY), e) != 0 ||
	    change(db, sql, SQL_ARGS(sql_i(restore), sql_i(until)), e) != 0 ||
	    lease_end(db, l->job, &(struct lease_end){ JOB_SUCCEEDED, NULL, 0, warnings }, e) != 0)
		return -1;
	return sql_commit(&t, e);
}

/* -- what is left over -- */

/* A tidy that failed is tried again after a minute, then 2, 4 … up to an hour: while it is owed,
 * nothing else can be restored there. */
#define IDLE \
	" AND NOT EXISTS (SELECT 1 FROM job j WHERE j.restore=r.id AND (j.state IN ('queued'," \
	" 'running') OR (j.kind='tidy' AND j.state<>'succeeded' AND j.finished_at>?2-min(3600000," \
	" 60000<<min(6, (SELECT count(*) FROM job k WHERE k.restore=r.id AND k.kind='tidy' AND" \
	" k.state<>'succeeded' AND k.id<j.id))))))"

/* A draft leaves nothing but its looks, which then belong to no restore. */
static int
drop_draft(struct db *db, int64_t restore, struct err *e)
{
	static const char *const sql[] = {
		("DELETE FROM restore_table WHERE restore_part IN (SELECT id FROM restore_part"
		" WHERE restore=?1)"),
		"DELETE FROM restore_part WHERE restore=?1",
		"UPDATE job SET restore=NULL WHERE restore=?1",
		"DELETE FROM restore WHERE id=?1 AND state='draft'",
	};

	for (size_t i = 0; i < sizeof sql / sizeof *sql; i++)
		if (sql_run(NULL, db, sql[i], SQL_ARGS(sql_i(restore)), e) != 0)
			return -1;
	return 0;
}

/* A system's own job that has the services for itself, for a hook may stop what runs there. */
static int
add_tidy(struct db *db, int64_t restore, struct err *e)
{
	static const char sql[] = "SELECT environment FROM restore WHERE id=?1";
	CLEANUP_ARENA struct arena *a = arena_new();
	struct restore_part *parts;
	int64_t environment, job;
	size_t n;

	if (sql_get(&environment, db, sql, SQL_ARGS(sql_i(restore)), e) != 0 ||
	    restores_parts(&parts, &n, a, db, restore, e) != 0 ||
	    enqueue_add(&job, db, &(struct job_request){ environment, 0, NULL, false },
	        &(struct enqueue_work){ .kind = JOB_TIDY, .restore = restore }, e) != 0)
		return -1;
	return restore_ask_take(db, job, parts, n, e);
}

static void
read_id(void *row, struct sql *q, struct arena *a)
{
	(void)a;
	*(int64_t *)row = sql_int(q, 0);
}

/* Does `each` with every restore that the query names. */
static int
for_each(int64_t *count, const struct sql_query *query,
    int (*each)(struct db *db, int64_t restore, struct err *e), struct err *e)
{
	size_t n;
	int64_t *ids = sql_list(&n, query, e);

	if (ids == NULL)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (each(query->db, ids[i], e) != 0)
			return -1;
	*count = (int64_t)n;
	return 0;
}

int
restores_queue_tidy(int64_t *count, struct db *db, struct err *e)
{
	static const char sql_drafts[] =
	    "SELECT r.id FROM restore r WHERE r.state='draft' AND r.created_at<?1" IDLE
	    " ORDER BY r.created_at LIMIT ?3";
	/* A hook that is due is run, and an undo or a switch that ended halfway is settled,
	 * however much time is left. Of a failed one what restores_kept() keeps has its time
	 * like what a good one has replaced. By the indexes restore_tidy and restore_hook. */
	static const char sql_due[] =
	    "SELECT r.id FROM restore r WHERE r.id IN (SELECT id FROM restore WHERE tidied_at=0"
	    " AND state<>'draft' UNION ALL SELECT id FROM restore WHERE hook_due=1) AND"
	    " r.state<>'pending' AND (r.hook_due=1 OR r.state='undone' OR (r.state='failed' AND"
	    " r.undo_until<=?1 AND (?4=0 OR r.undo_until=0)) OR"
	    " (?4=0 AND r.undo_until<=?1) OR (r.state='done' AND EXISTS (SELECT 1 FROM"
	    " restore_part x WHERE x.restore=r.id AND (x.tag LIKE '%" RESTORE_UNDO_TAG "' OR"
	    " (r.mode<>'add' AND x.state<>'gone' AND"
	    " x.state<>iif(r.landed_at>0, 'swapped', 'built'))))))" IDLE " ORDER BY r.id LIMIT"
	    " ?3";
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t now = clock_now(), dropped, queued;
	bool rests;

	if (sql_begin(&t, db, e) != 0 || settings_trash_rests(&rests, db, e) != 0 ||
	    for_each(&dropped,
	        &(struct sql_query){ db, a, sql_drafts,
	            SQL_ARGS(sql_i(now - DRAFT_MS), sql_i(now), sql_i(TIDY_ROUND)),
	            sizeof(int64_t), read_id },
	        drop_draft, e) != 0 ||
	    for_each(&queued,
	        &(struct sql_query){ db, a, sql_due,
	            SQL_ARGS(sql_i(now), sql_i(now), sql_i(TIDY_ROUND), sql_i(rests)),
	            sizeof(int64_t), read_id },
	        add_tidy, e) != 0 ||
	    sql_commit(&t, e) != 0)
		return -1;
	*count = queued;
	return 0;
}

/* -- what a backup and its test say -- */

int
restores_set_part_tables(struct db *db, const struct lease *l, int64_t part,
    const struct table_count *tables, size_t count, struct err *e)
{
	static const char sql_of[] =
	    "SELECT id FROM part WHERE id=?1 AND backup=?2 AND state='building'";
	static const char sql_clear[] = "DELETE FROM part_table WHERE part=?1";
	static const char sql_add[] = "INSERT INTO part_table (part, name, rows) VALUES (?1, ?2,"
	                              " ?3)";
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct lease_work work;
	int64_t found;

	if (sql_begin(&t, db, e) != 0 || lease_check(&work, db, l, e) != 0 ||
	    sql_get(&found, db, sql_of, SQL_ARGS(sql_i(part), sql_i(work.backup)), e) != 0)
		return -1;
	if (work.kind != JOB_BACKUP || found == 0)
		return err_set(e, ERR_INTERNAL,
		    "part %" PRId64 " is not one that job j%" PRId64 " builds", part, l->job);
	if (put_tables(db, (const char *const[]){ sql_clear, sql_add }, part, tables, count, e) !=
	    0)
		return -1;
	return sql_commit(&t, e);
}

int
restores_set_tested(struct db *db, int64_t backup, const char *state, const char *text,
    struct err *e)
{
	static const char sql[] =
	    "UPDATE backup SET tested_at=?2, test_state=?3, test_text=?4 WHERE id=?1";
	int64_t changes;

	if (sql_run(&changes, db, sql,
	        SQL_ARGS(sql_i(backup), sql_i(clock_now()), sql_t(state), sql_t(text)), e) != 0)
		return -1;
	return changes == 1 ? 0
	                    : err_set(e, ERR_NOT_FOUND, "there is no backup b%" PRId64, backup);
}
