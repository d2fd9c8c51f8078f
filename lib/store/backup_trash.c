/* backup_trash.c: backups on their way out: into the trash, back from it, and gone for good. */
#include "lib/store/backups.h"

#include <inttypes.h>

#include "lib/base/clock.h"
#include "lib/store/settings.h"
#include "lib/store/sql.h"

enum { PUT_BACK_MS = 7 * 24 * 3600 * 1000 };

/* Queued or running jobs that read or write what this backup stored, and the restore that it is the
 * way back from. */
static int
refuse_in_use(struct db *db, int64_t id, struct err *e)
{
	static const char sql[] =
	    "SELECT id FROM job WHERE (backup=?1 OR compared=?1) AND state IN ('queued', 'running')"
	    " LIMIT 1";
	static const char sql_safety[] =
	    "SELECT id FROM restore WHERE safety_backup=?1 AND (state='pending' OR (state='done'"
	    " AND undo_until>?2)) ORDER BY id LIMIT 1";
	int64_t job, restore;

	if (sql_get(&job, db, sql, SQL_ARGS(sql_i(id)), e) != 0)
		return -1;
	if (job != 0)
		return err_set(e, ERR_CONFLICT, "backup b%" PRId64 " is in use by j%" PRId64
		    "; wait for it or cancel it", id, job);
	if (sql_get(&restore, db, sql_safety, SQL_ARGS(sql_i(id), sql_i(clock_now())), e) != 0)
		return -1;
	return restore == 0 ? 0 : err_set(e, ERR_CONFLICT, "backup b%" PRId64
	    " is the way back from restore r%" PRId64 "; it can go when the time to undo that has"
	    " passed", id, restore);
}

/* The legal move of this backup to `to`, or ERR_CONFLICT that says what it is now. */
static int
may_move(struct backup *b, struct arena *a, struct db *db, enum backup_state to, struct err *e)
{
	if (backups_by_id(b, a, db, b->id, e) != 0)
		return -1;
	if (b->state == BACKUP_BUILDING)
		return err_set(e, ERR_CONFLICT, "backup b%" PRId64 " is still being created",
		    b->id);
	if (!backup_may_go(b->state, to))
		return err_set(e, ERR_CONFLICT, "backup b%" PRId64 " is %s", b->id,
		    b->state == BACKUP_TRASHED       ? "in the trash already"
		        : b->state == BACKUP_DELETED ? "deleted"
		                                     : "not in the trash");
	return 0;
}

int
backups_trash(struct db *db, int64_t id, struct err *e)
{
	static const char sql[] =
	    "UPDATE backup SET before_trash=state, state='trashed', trashed_at=?2, trashed_why=''"
	    " WHERE id=?1";
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct backup b = { .id = id };

	if (sql_begin(&t, db, e) != 0 || may_move(&b, a, db, BACKUP_TRASHED, e) != 0)
		return -1;
	if (b.keep)
		return err_set(e, ERR_CONFLICT,
		    "backup b%" PRId64 " is marked \u201ckeep\u201d; take the mark away first", id);
	if (refuse_in_use(db, id, e) != 0 ||
	    sql_run(NULL, db, sql, SQL_ARGS(sql_i(id), sql_i(clock_now())), e) != 0)
		return -1;
	return sql_commit(&t, e);
}

int
backups_untrash(struct db *db, int64_t id, struct err *e)
{
	/* What a person put back is not taken by a rule at once. */
	static const char sql[] =
	    "UPDATE backup SET state=before_trash, before_trash='', trashed_at=0, trashed_why='',"
	    " keep_until=max(keep_until, ?2) WHERE id=?1";
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct backup b = { .id = id };

	if (sql_begin(&t, db, e) != 0 || may_move(&b, a, db, BACKUP_READY, e) != 0)
		return -1;
	if (b.trashed_at == 0)
		return err_set(e, ERR_GONE,
		    "backup b%" PRId64 " is being deleted for good; it cannot be put back", id);
	if (sql_run(NULL, db, sql, SQL_ARGS(sql_i(id), sql_i(clock_now() + PUT_BACK_MS)), e) != 0)
		return -1;
	return sql_commit(&t, e);
}

/*
 * From here on the backup cannot be put back, for its objects go next: trashed_at 0 marks that.
 * Should the worker die in between, the same backup comes first the next time. A mark "keep" that
 * got onto a backup in the trash holds it there, unless its objects are going already.
 */
int
backups_next_purge(int64_t *ret, struct db *db, int64_t before, int64_t after, struct err *e)
{
	static const char sql_look[] =
	    "SELECT b.id FROM backup b WHERE b.state='trashed' AND b.trashed_at<coalesce(?3-(SELECT"
	    " CAST(x.value AS BIGINT)*86400000 FROM policy x WHERE x.key='trash-days' AND"
	    " ((x.level='environment' AND x.owner=b.environment) OR (x.level='project' AND"
	    " x.owner=(SELECT v.project FROM environment v WHERE v.id=b.environment)) OR"
	    " (x.level='instance' AND x.owner=0)) ORDER BY CASE x.level WHEN 'environment' THEN 0"
	    " WHEN 'project' THEN 1 ELSE 2 END LIMIT 1), ?1) AND b.id>?2 AND"
	    " (b.keep=0 OR b.trashed_at=0) AND b.purge_after<=?3 AND NOT EXISTS"
	    " (SELECT 1 FROM job j WHERE (j.backup=b.id OR j.compared=b.id) AND j.state IN"
	    " ('queued', 'running')) ORDER"
	    " BY b.id LIMIT 1";
	static const char sql_mark[] = "UPDATE backup SET trashed_at=0 WHERE id=?1";
	const struct sql_arg *args = SQL_ARGS(sql_i(before), sql_i(after), sql_i(clock_now()));
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t id;
	bool rests;

	if (settings_trash_rests(&rests, db, e) != 0 ||
	    sql_get(&id, db, sql_look, args, e) != 0)
		return -1;
	if (rests)
		id = 0;
	if (id != 0 &&
	    (sql_begin(&t, db, e) != 0 ||
	        sql_get(&id, db, sql_look, args, e) != 0 ||
	        sql_run(NULL, db, sql_mark, SQL_ARGS(sql_i(id)), e) != 0 || sql_commit(&t, e) != 0))
		return -1;
	*ret = id;
	return 0;
}

int
backups_put_off(struct db *db, int64_t backup, int64_t storage, int64_t until, struct err *e)
{
	static const char sql_one[] = "UPDATE backup SET purge_after=?2 WHERE id=?1";
	static const char sql_all[] =
	    "UPDATE backup SET purge_after=?2 WHERE state='trashed' AND purge_after<?2 AND"
	    " (storage=?1 OR id IN (SELECT backup FROM copy WHERE storage=?1))";

	return sql_run(NULL, db, storage != 0 ? sql_all : sql_one,
	    SQL_ARGS(sql_i(storage != 0 ? storage : backup), sql_i(until)), e);
}

int
backups_set_deleted(struct db *db, int64_t id, struct err *e)
{
	static const char sql[] = "UPDATE backup SET state='deleted' WHERE id=?1";
	/* Nobody can look after them any more. */
	static const char sql_findings[] = "DELETE FROM finding WHERE backup=?1";
	/* It needs no others any more; what it had stored itself tells if it was a full one. */
	static const char sql_packs[] =
	    "DELETE FROM part_pack WHERE part IN (SELECT id FROM part WHERE backup=?1) AND"
	    " instr(key, '/'||(SELECT p.uuid FROM part p WHERE p.id=part_pack.part)||'-')=0";
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct backup b = { .id = id };

	if (sql_begin(&t, db, e) != 0 || may_move(&b, a, db, BACKUP_DELETED, e) != 0 ||
	    sql_run(NULL, db, sql, SQL_ARGS(sql_i(id)), e) != 0 ||
	    sql_run(NULL, db, sql_packs, SQL_ARGS(sql_i(id)), e) != 0 ||
	    sql_run(NULL, db, sql_findings, SQL_ARGS(sql_i(id)), e) != 0)
		return -1;
	return sql_commit(&t, e);
}
