/* compare.c: what changed in the files of a part from one backup to another, for pages. */
#include "lib/store/compare.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/rand.h"
#include "lib/model/word.h"
#include "lib/store/backups.h"
#include "lib/store/enqueue.h"
#include "lib/store/row.h"
#include "lib/store/sql.h"

#define ENDING ".1.db"

static const char *const kinds[COMPARE_KINDS] = {
	[COMPARE_ADDED] = "added", [COMPARE_REMOVED] = "removed", [COMPARE_CHANGED] = "changed",
	[COMPARE_TOUCHED] = "touched",
};

const char *
compare_kind_name(enum compare_kind kind)
{
	return word_of(kinds, COMPARE_KINDS, (int)kind);
}

bool
compare_kind_parse(enum compare_kind *ret, const char *name)
{
	int found = word_find(kinds, COMPARE_KINDS, name);

	if (found < 0)
		return false;
	*ret = (enum compare_kind)found;
	return true;
}

char *
compare_file(struct arena *a, const char *run, const char *older, const char *newer)
{
	return arena_printf(a, "%s/%s_%s" ENDING, listing_folder(a, run), older, newer);
}

bool
compare_parts_of(const char *ret[2], struct arena *a, const char *name)
{
	static const char digits[] = "0123456789abcdef-";
	size_t n = UUID_SIZE - 1;

	if (strspn(name, digits) != n || name[n] != '_' || strspn(name + n + 1, digits) != n ||
	    strcmp(name + 2 * n + 1, ENDING) != 0)
		return false;
	ret[0] = arena_dupn(a, name, n);
	ret[1] = arena_dupn(a, name + n + 1, n);
	return true;
}

/* -- the worker -- */

/* growth_down: how many bytes it grew or shrank, negative, so that every order goes upwards. The
 * kinds are those of the enum; one more row of the totals, 4, counts what is the same. */
static const char sql_changes[] =
    "CREATE TABLE change (path TEXT PRIMARY KEY, kind INTEGER NOT NULL, type_before INTEGER NOT"
    " NULL, type_after INTEGER NOT NULL, before INTEGER NOT NULL, after INTEGER NOT NULL,"
    " mode_before INTEGER NOT NULL, mode_after INTEGER NOT NULL, content INTEGER NOT NULL,"
    " growth_down INTEGER NOT NULL) WITHOUT ROWID";
static const char sql_totals[] =
    "CREATE TABLE total (kind INTEGER PRIMARY KEY, count INTEGER NOT NULL, before INTEGER NOT NULL,"
    " after INTEGER NOT NULL)";

/* Folders come in the order of their paths, and what is in them by name, as in the table. */
#define SHOWN "CASE f.path WHEN '' THEN e.name ELSE f.path||'/'||e.name END"
#define OTHER(list) \
	" LEFT JOIN " list ".folder g ON g.path=f.path LEFT JOIN " list ".entry o ON" \
	" o.folder=g.id AND o.leaf IN (0, 1) AND o.name=e.name "
#define CONTENT "(o.sha256<>e.sha256 OR (e.type=2 AND o.target<>e.target))"
#define CHANGED "(o.type<>e.type OR o.size_down<>e.size_down OR o.mode<>e.mode OR " CONTENT ")"

static const char sql_of_newer[] =
    "INSERT INTO change SELECT " SHOWN ", CASE WHEN o.id IS NULL THEN 0 WHEN " CHANGED " THEN 2"
    " ELSE 3 END, coalesce(o.type, 0), e.type, coalesce(-o.size_down, 0), -e.size_down,"
    " coalesce(o.mode, 0), e.mode, coalesce(" CONTENT ", 0),"
    " -abs(coalesce(o.size_down, 0)-e.size_down) FROM newer.folder f CROSS JOIN newer.entry e ON"
    " e.folder=f.id" OTHER("older") "WHERE o.id IS NULL OR " CHANGED " OR (e.type<>0 AND"
    " o.time_down<>e.time_down)";
static const char sql_of_older[] =
    "INSERT INTO change SELECT " SHOWN ", 1, e.type, 0, -e.size_down, 0, e.mode, 0, 0,"
    " e.size_down FROM older.folder f CROSS JOIN older.entry e ON e.folder=f.id" OTHER("newer")
    "WHERE o.id IS NULL";

int
compare_make(const char *path, const char *older, const char *newer, struct err *e)
{
	static const char *const steps[] = {
		"BEGIN", sql_changes, sql_totals,
		/* Before the rows: sorting them all at its end would take memory for them all. */
		"CREATE INDEX change_growth ON change (growth_down, path, kind)",
		sql_of_newer, sql_of_older,
		"INSERT INTO total SELECT kind, count(*), sum(before), sum(after) FROM change"
		" GROUP BY kind",
		"INSERT INTO total SELECT 4, (SELECT count(*) FROM newer.entry)-count(*), 0, 0"
		" FROM change WHERE kind<>1",
		"COMMIT",
	};
	CLEANUP_DB struct db *diff = NULL;

	if (db_make_derived(&diff, path, e) != 0)
		return -1;
	if (sql_run(NULL, diff, "ATTACH ?1 AS older", SQL_ARGS(sql_t(older)), e) != 0 ||
	    sql_run(NULL, diff, "ATTACH ?1 AS newer", SQL_ARGS(sql_t(newer)), e) != 0)
		return err_in(e, "the lists '%s' and '%s'", older, newer);
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
		if (sql_run(NULL, diff, steps[i], SQL_NO_ARGS, e) != 0)
			return -1;
	return 0;
}

/* -- the web -- */

int
compare_open(struct db **ret, const char *path, struct err *e)
{
	CLEANUP_DB struct db *diff = NULL;
	int64_t totals;

	if (db_open_derived(&diff, path, e) != 0)
		return -1;
	if (sql_get(&totals, diff, "SELECT count(*) FROM total", SQL_NO_ARGS, e) != 0)
		return err_set(e, ERR_NOT_FOUND, "the comparison '%s' cannot be read", path);
	*ret = diff;
	diff = NULL;
	return 0;
}

int
compare_read_totals(struct compare_totals *ret, struct db *diff, struct err *e)
{
	CLEANUP_SQL struct sql *q = NULL;
	int rc;

	memset(ret, 0, sizeof *ret);
	if (sql_open(&q, diff, "SELECT kind, count, before, after FROM total", SQL_NO_ARGS, e) != 0)
		return -1;
	while ((rc = sql_row(q, e)) == 1) {
		int64_t kind = sql_int(q, 0);

		if (kind >= 0 && kind < COMPARE_KINDS)
			ret->of[kind] = (struct compare_total){ sql_int(q, 1), sql_int(q, 2),
				sql_int(q, 3) };
		else
			ret->same = sql_int(q, 1);
	}
	return rc;
}

static void
read_change(void *row, struct sql *q, struct arena *a)
{
	struct compare_change *change = row;
	int c = 0;

	change->path = sql_text(q, c++, a);
	change->kind = (enum compare_kind)sql_int(q, c++);
	change->before.type = (enum listing_type)sql_int(q, c++);
	change->after.type = (enum listing_type)sql_int(q, c++);
	change->before.size = sql_int(q, c++);
	change->after.size = sql_int(q, c++);
	change->before.mode = (unsigned)sql_int(q, c++);
	change->after.mode = (unsigned)sql_int(q, c++);
	change->content = sql_int(q, c++) != 0;
}

#define CHANGE_ROWS \
	"SELECT c.path, c.kind, c.type_before, c.type_after, c.before, c.after, c.mode_before," \
	" c.mode_after, c.content FROM change c"
#define CHANGE_WANTED \
	" WHERE (kind=?1 OR (?1=-1 AND kind<>3)) AND (?2='' OR instr(lower(path), lower(?2))>0)"

int
compare_changes(struct compare_change **ret, size_t *count, struct arena *a, struct db *diff,
    const struct compare_page *page, struct err *e)
{
	static const char sql_by_path[] =
	    CHANGE_ROWS CHANGE_WANTED " AND path>?3 ORDER BY path LIMIT ?4";
	/* What is wanted is found in the index alone, then its rows are fetched. */
	static const char sql_by_growth[] =
	    CHANGE_ROWS " JOIN (SELECT growth_down AS g, path AS p FROM change" CHANGE_WANTED
	    " AND (growth_down, path)>(?5, ?3) ORDER BY growth_down, path LIMIT ?4) ON p=c.path"
	    " ORDER BY g, p";
	static const char sql_last[] = "SELECT count(*) FROM change WHERE path=?1";
	static const char sql_from[] = "SELECT growth_down FROM change WHERE path=?1";
	struct sql_query query = { diff, a, page->by_growth ? sql_by_growth : sql_by_path, NULL,
		sizeof **ret, read_change };
	int64_t there = 1, from = INT64_MIN;

	if (*page->after != '\0' &&
	    (sql_get(&there, diff, sql_last, SQL_ARGS(sql_t(page->after)), e) != 0 ||
	    sql_get(&from, diff, sql_from, SQL_ARGS(sql_t(page->after)), e) != 0))
		return -1;
	if (there == 0)
		return err_set(e, ERR_NOT_FOUND, "nothing of that name has changed");
	query.args = page->by_growth
	    ? SQL_ARGS(sql_i(page->kind), sql_t(page->search), sql_t(page->after),
	        sql_i(page->limit), sql_i(from))
	    : SQL_ARGS(sql_i(page->kind), sql_t(page->search), sql_t(page->after),
	        sql_i(page->limit));
	*ret = sql_list(count, &query, e);
	return *ret != NULL ? 0 : -1;
}

/* -- the catalogue -- */

int
compare_request(int64_t *ret, struct db *db, const struct job_request *rq,
    const struct compare_pair *pair, struct err *e)
{
	static const char sql_there[] = "SELECT max(id) FROM job WHERE backup=?1 AND compared=?2"
	                                " AND kind='compare' AND state IN ('queued', 'running')";
	static const char sql_ready[] = "SELECT n.environment FROM backup n JOIN backup o ON"
	                                " o.id=?2 AND o.state='ready' WHERE n.id=?1 AND"
	                                " n.state='ready' AND n.id<>o.id";
	const struct sql_arg *both = SQL_ARGS(sql_i(pair->newer), sql_i(pair->older));
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct job_request own = *rq;
	int64_t job;

	if (sql_begin(&t, db, e) != 0 || enqueue_known(&job, db, rq->key, JOB_COMPARE, e) != 0)
		return -1;
	if (job == 0 && sql_get(&job, db, sql_there, both, e) != 0)
		return -1;
	if (job == 0) {
		if (sql_get(&own.environment, db, sql_ready, both, e) != 0)
			return -1;
		if (own.environment == 0)
			return err_set(e, ERR_CONFLICT,
			    "b%" PRId64 " and b%" PRId64 " are not two backups that are ready",
			    pair->older, pair->newer);
		if (enqueue_add(&job, db, &own,
		        &(struct enqueue_work){ .kind = JOB_COMPARE, .backup = pair->newer,
		            .compared = pair->older }, e) != 0)
			return -1;
	}
	if (sql_commit(&t, e) != 0)
		return -1;
	*ret = job;
	return 0;
}

int
compare_newest_job(int64_t *job, struct db *db, const struct compare_pair *pair, struct err *e)
{
	return sql_get(job, db,
	    "SELECT max(id) FROM job WHERE backup=?1 AND compared=?2 AND kind='compare'",
	    SQL_ARGS(sql_i(pair->newer), sql_i(pair->older)), e);
}

static void
read_id(void *row, struct sql *q, struct arena *a UNUSED)
{
	int64_t *id = row;

	*id = sql_int(q, 0);
}

/* Its environment first, then the newest of each other one that has something to compare. */
int
compare_candidates(struct backup **ret, size_t *count, struct arena *a, struct db *db,
    const struct backup *b, int limit, struct err *e)
{
	static const char sql[] =
	    "SELECT id FROM (SELECT id FROM backup WHERE environment=?1 AND state='ready' AND"
	    " id<>?2 ORDER BY created_at DESC, id DESC LIMIT ?3) UNION ALL SELECT id FROM"
	    " (SELECT (SELECT n.id FROM backup n JOIN part p ON p.backup=n.id WHERE"
	    " n.environment=v.id AND n.state='ready' AND"
	    " p.service_slug IN (SELECT m.service_slug FROM part m WHERE m.backup=?2) ORDER BY"
	    " n.created_at DESC, n.id DESC LIMIT 1) AS id FROM environment v WHERE v.id<>?1) WHERE"
	    " id IS NOT NULL";
	const struct sql_query query = { db, a, sql,
		SQL_ARGS(sql_i(b->environment), sql_i(b->id), sql_i(limit)), sizeof(int64_t),
		read_id };
	int64_t *ids = sql_list(count, &query, e);

	if (ids == NULL)
		return -1;
	*ret = arena_array(a, *count + 1, sizeof **ret);
	for (size_t i = 0; i < *count; i++)
		if (backups_by_id(&(*ret)[i], a, db, ids[i], e) != 0)
			return -1;
	return 0;
}
