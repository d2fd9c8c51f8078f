/* trust.c: which backups are suspicious, and who said that one is fine. */
#include "lib/store/trust.h"

#include <inttypes.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/model/plausible.h"
#include "lib/model/project.h"
#include "lib/store/backups.h"
#include "lib/store/lease.h"
#include "lib/store/restores.h"
#include "lib/store/sql.h"

/* The parts that a new one is compared with, newest first: none older than the newest of which
 * somebody said that it is fine. */
struct past {
	int64_t parts[PLAUSIBLE_PAST], bytes[PLAUSIBLE_PAST], files[PLAUSIBLE_PAST];
	size_t count;
};

static int
find_past(struct past *ret, struct db *db, const struct part *now, struct err *e)
{
	static const char sql[] =
	    "SELECT p.id, max(p.whole_bytes, p.data_raw_bytes), p.items, b.trusted_at FROM part p"
	    " JOIN backup b ON b.id=p.backup WHERE p.service=?1 AND p.backup<?2 AND"
	    " p.state='ready' AND b.suspicion='' AND (b.state='ready' OR b.before_trash='ready')"
	    " AND b.health NOT IN ('damaged', 'missing') ORDER BY p.backup DESC LIMIT ?3";
	CLEANUP_SQL struct sql *q = NULL;
	struct past past = { .count = 0 };
	int64_t trusted = 0;
	int rc;

	if (sql_open(&q, db, sql,
	        SQL_ARGS(sql_i(now->service), sql_i(now->backup), sql_i(PLAUSIBLE_PAST)), e) != 0)
		return -1;
	while ((rc = sql_row(q, e)) == 1) {
		if (trusted != 0)
			continue;
		past.parts[past.count] = sql_int(q, 0);
		past.bytes[past.count] = sql_int(q, 1);
		past.files[past.count++] = sql_int(q, 2);
		trusted = sql_int(q, 3);
	}
	*ret = past;
	return rc;
}

static int
describe(struct plausible_part *ret, struct arena *a, struct db *db, int64_t part, struct err *e)
{
	struct table_count *tables;

	if (restores_part_tables(&tables, &ret->table_count, a, db, part, e) != 0)
		return -1;
	ret->tables = tables;
	ret->counted = true;
	return 0;
}

static int
judge_part(char **ret, struct arena *a, struct db *db, const struct part *p, struct err *e)
{
	struct plausible_part now = { .bytes = backup_part_bytes(p), .files = p->items }, last;
	struct plausible_history history = { .last = &last };
	struct past past;
	enum engine engine;

	if (find_past(&past, db, p, e) != 0)
		return -1;
	*ret = NULL;
	if (past.count == 0)
		return 0;
	now.media = engine_parse(&engine, p->engine) && engine_is_media(engine);
	last = (struct plausible_part){ now.media, past.bytes[0], past.files[0], NULL, 0, false };
	history.bytes = past.bytes;
	history.count = past.count;
	if (!now.media && (describe(&now, a, db, p->id, e) != 0 ||
	                      describe(&last, a, db, past.parts[0], e) != 0))
		return -1;
	*ret = plausible_judge(a, &now, &history);
	return 0;
}

int
trust_judge(char **ret, struct arena *a, struct db *db, int64_t backup, struct err *e)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct part *parts;
	size_t n;

	if (backups_parts(&parts, &n, a, db, backup, e) != 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		char *odd;

		if (judge_part(&odd, a, db, &parts[i], e) != 0)
			return -1;
		if (odd != NULL)
			buf_printf(&text, "%s%s: %s", text.n > 0 ? "; " : "",
			    parts[i].service_slug, odd);
	}
	*ret = arena_dupn(a, text.p, text.n);
	return 0;
}

int
trust_mark(char **ret, struct arena *a, struct db *db, const struct lease *l, struct err *e)
{
	static const char sql[] =
	    "UPDATE backup SET suspicion=?2, trusted_at=0 WHERE id=?1 AND state='building'";
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct lease_work work;
	char *text;

	if (sql_begin(&t, db, e) != 0 || lease_check(&work, db, l, e) != 0 ||
	    trust_judge(&text, a, db, work.backup, e) != 0 ||
	    sql_run(NULL, db, sql, SQL_ARGS(sql_i(work.backup), sql_t(text)), e) != 0 ||
	    sql_commit(&t, e) != 0)
		return -1;
	*ret = text;
	return 0;
}

int
trust_clear(struct db *db, int64_t backup, struct err *e)
{
	static const char sql[] =
	    "UPDATE backup SET suspicion='', trusted_at=?2 WHERE id=?1 AND suspicion<>'' AND"
	    " state='ready'";
	int64_t changes;

	if (sql_run(&changes, db, sql, SQL_ARGS(sql_i(backup), sql_i(clock_now())), e) != 0)
		return -1;
	return changes == 1 ? 0
	                    : err_set(e, ERR_CONFLICT,
	                          "backup b%" PRId64 " is not suspicious any more", backup);
}
