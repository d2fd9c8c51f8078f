/* listing.c: the files of one part, as a small database of its own that pages read. */
#include "lib/store/listing.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/rand.h"
#include "lib/base/utf8.h"
#include "lib/model/word.h"
#include "lib/store/enqueue.h"
#include "lib/store/row.h"
#include "lib/store/sql.h"

#define ENDING ".1.db"

static const char *const orders[LISTING_ORDERS] = {
	[LISTING_BY_NAME] = "name", [LISTING_BY_SIZE] = "size", [LISTING_BY_TIME] = "time",
};

const char *
listing_order_name(enum listing_order order)
{
	return word_of(orders, LISTING_ORDERS, (int)order);
}

bool
listing_order_parse(enum listing_order *ret, const char *name)
{
	int found = word_find(orders, LISTING_ORDERS, name);

	if (found < 0)
		return false;
	*ret = (enum listing_order)found;
	return true;
}

char *
listing_folder(struct arena *a, const char *run)
{
	return arena_printf(a, "%s/lists", run);
}

char *
listing_file(struct arena *a, const char *run, const char *part_uuid)
{
	return arena_printf(a, "%s/lists/%s" ENDING, run, part_uuid);
}

char *
listing_part_of(struct arena *a, const char *name)
{
	size_t n = UUID_SIZE - 1;

	if (strspn(name, "0123456789abcdef-") != n || strcmp(name + n, ENDING) != 0)
		return NULL;
	return arena_dupn(a, name, n);
}

/* -- the worker -- */

/* size_down and time_down are the negative values: every order then goes upwards. */
static const char sql_folders[] =
    "CREATE TABLE folder (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE)";
static const char sql_packs[] = "CREATE TABLE pack (id INTEGER PRIMARY KEY, name TEXT UNIQUE)";
static const char sql_entries[] =
    "CREATE TABLE entry (id INTEGER PRIMARY KEY, folder INTEGER NOT NULL, leaf INTEGER NOT NULL,"
    " name TEXT NOT NULL, type INTEGER NOT NULL, size_down INTEGER NOT NULL,"
    " time_down INTEGER NOT NULL, mode INTEGER NOT NULL, sha256 TEXT NOT NULL,"
    " target TEXT NOT NULL, plain INTEGER NOT NULL, pack INTEGER NOT NULL, frame_offset INTEGER"
    " NOT NULL, at INTEGER NOT NULL)";

int
listing_make(struct db **ret, const char *path, struct err *e)
{
	CLEANUP_DB struct db *list = NULL;

	if (db_make_derived(&list, path, e) != 0 ||
	    sql_run(NULL, list, "BEGIN", SQL_NO_ARGS, e) != 0 ||
	    sql_run(NULL, list, sql_folders, SQL_NO_ARGS, e) != 0 ||
	    sql_run(NULL, list, sql_packs, SQL_NO_ARGS, e) != 0 ||
	    sql_run(NULL, list, sql_entries, SQL_NO_ARGS, e) != 0)
		return -1;
	*ret = list;
	list = NULL;
	return 0;
}

static int
folder_id(int64_t *ret, struct db *list, const char *shown, struct err *e)
{
	static const char sql_find[] = "SELECT id FROM folder WHERE path=?1";
	static const char sql_add[] = "INSERT INTO folder (path) VALUES (?1) RETURNING id";

	if (sql_get(ret, list, sql_find, SQL_ARGS(sql_t(shown)), e) != 0)
		return -1;
	return *ret != 0 ? 0 : sql_get(ret, list, sql_add, SQL_ARGS(sql_t(shown)), e);
}

static int
pack_id(int64_t *ret, struct db *list, const char *name, struct err *e)
{
	static const char sql_find[] = "SELECT id FROM pack WHERE name=?1";
	static const char sql_add[] = "INSERT INTO pack (name) VALUES (?1) RETURNING id";

	*ret = 0;
	if (*name == '\0')
		return 0;
	if (sql_get(ret, list, sql_find, SQL_ARGS(sql_t(name)), e) != 0)
		return -1;
	return *ret != 0 ? 0 : sql_get(ret, list, sql_add, SQL_ARGS(sql_t(name)), e);
}

/* A restore takes paths one a line, without the spaces around them. */
static bool
can_be_named(const char *path, const char *shown)
{
	size_t n = strlen(path);

	return strcmp(path, shown) == 0 && n > 0 && path[0] != ' ' && path[n - 1] != ' ';
}

int
listing_add(struct db *list, const struct listing_entry *entry, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO entry (folder, leaf, name, type, size_down, time_down, mode, sha256,"
	    " target, plain, pack, frame_offset, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,"
	    " ?10, ?11, ?12, ?13)";
	CLEANUP_BUF struct buf path = BUF_INIT, target = BUF_INIT;
	int64_t folder, own, pack;
	char *name;

	utf8_show_path(&path, entry->path);
	utf8_show_path(&target, entry->target);
	/* A folder can be looked into, also an empty one. */
	if (entry->type == LISTING_FOLDER && folder_id(&own, list, path.p, e) != 0)
		return -1;
	if (path.n == 0)
		return 0;
	bool plain = can_be_named(entry->path, path.p);

	name = strrchr(path.p, '/');
	if (name != NULL)
		*name++ = '\0';
	if (folder_id(&folder, list, name != NULL ? path.p : "", e) != 0 ||
	    pack_id(&pack, list, entry->pack, e) != 0)
		return -1;
	return sql_run(NULL, list, sql,
	    SQL_ARGS(sql_i(folder), sql_i(entry->type != LISTING_FOLDER),
	        sql_t(name != NULL ? name : path.p), sql_i(entry->type), sql_i(-entry->size),
	        sql_i(-entry->mtime), sql_i(entry->mode), sql_t(entry->sha256), sql_t(target.p),
	        sql_i(plain), sql_i(pack), sql_i(entry->frame_offset), sql_i(entry->at)), e);
}

int
listing_finish(struct db *list, struct err *e)
{
	static const char *const ends[] = {
		"CREATE INDEX entry_name ON entry (folder, leaf, name, id)",
		"CREATE INDEX entry_size ON entry (folder, leaf, size_down, id)",
		"CREATE INDEX entry_time ON entry (folder, time_down, id)",
		"COMMIT",
	};

	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
		if (sql_run(NULL, list, ends[i], SQL_NO_ARGS, e) != 0)
			return -1;
	return 0;
}

/* -- the web -- */

int
listing_open(struct db **ret, const char *path, struct err *e)
{
	CLEANUP_DB struct db *list = NULL;
	int64_t packs;

	if (db_open_derived(&list, path, e) != 0)
		return -1;
	if (sql_get(&packs, list, "SELECT count(*) FROM pack", SQL_NO_ARGS, e) != 0)
		return err_set(e, ERR_NOT_FOUND, "the list '%s' cannot be read", path);
	*ret = list;
	list = NULL;
	return 0;
}

#define ENTRY \
	"SELECT e.id, e.type, f.path, e.name, -e.size_down, -e.time_down, e.mode, e.sha256," \
	" e.target, e.plain, (SELECT name FROM pack WHERE id=e.pack), e.frame_offset, e.at FROM" \
	" entry e JOIN folder f ON f.id=e.folder "

static void
read_entry(void *row, struct sql *q, struct arena *a)
{
	struct listing_entry *entry = row;
	const char *folder;
	int c = 0;

	entry->id = sql_int(q, c++);
	entry->type = (enum listing_type)sql_int(q, c++);
	folder = sql_text(q, c++, a);
	entry->name = sql_text(q, c++, a);
	entry->path = *folder != '\0' ? arena_printf(a, "%s/%s", folder, entry->name) : entry->name;
	entry->size = sql_int(q, c++);
	entry->mtime = sql_int(q, c++);
	entry->mode = (unsigned)sql_int(q, c++);
	entry->sha256 = sql_text(q, c++, a);
	entry->target = sql_text(q, c++, a);
	entry->plain = sql_int(q, c++) != 0;
	entry->pack = sql_text(q, c++, a);
	entry->frame_offset = sql_int(q, c++);
	entry->at = sql_int(q, c++);
}

int
listing_by_id(struct listing_entry *ret, struct arena *a, struct db *list, int64_t id,
    struct err *e)
{
	const struct sql_query query = { list, a, ENTRY "WHERE e.id=?1", SQL_ARGS(sql_i(id)),
		sizeof *ret, read_entry };

	return row_one(ret, &query, "this backup has no such file", e);
}

int
listing_by_path(struct listing_entry *ret, struct arena *a, struct db *list, const char *path,
    struct err *e)
{
	static const char sql[] = ENTRY "WHERE f.path=?1 AND e.leaf IN (0, 1) AND e.name=?2";
	CLEANUP_BUF struct buf shown = BUF_INIT;
	char *name;

	utf8_show_path(&shown, path);
	name = strrchr(shown.p, '/');
	if (name != NULL)
		*name++ = '\0';
	const struct sql_query query = { list, a, sql,
		SQL_ARGS(sql_t(name != NULL ? shown.p : ""), sql_t(name != NULL ? name : shown.p)),
		sizeof *ret, read_entry };

	return row_one(ret, &query, "this backup has no such file", e);
}

/* The entries behind `last`, whose id is 0 before the first. */
static struct listing_entry *
in_folder(size_t *count, const struct sql_query *q, const struct listing_page *page,
    const struct listing_entry *last, struct err *e)
{
	static const char *const sql[LISTING_ORDERS] = {
		[LISTING_BY_NAME] = ENTRY "WHERE e.folder=?1 AND (e.leaf, e.name, e.id)>(?2, ?3,"
		    " ?4) ORDER BY e.leaf, e.name, e.id LIMIT ?7",
		[LISTING_BY_SIZE] = ENTRY "WHERE e.folder=?1 AND (e.leaf, e.size_down, e.id)>(?2,"
		    " ?5, ?4) ORDER BY e.leaf, e.size_down, e.id LIMIT ?7",
		[LISTING_BY_TIME] = ENTRY "WHERE e.folder=?1 AND (e.time_down, e.id)>(?6, ?4)"
		    " ORDER BY e.time_down, e.id LIMIT ?7",
	};
	struct sql_query query = *q;
	bool first = last->id == 0;
	int64_t folder;

	if (sql_get(&folder, q->db, "SELECT id FROM folder WHERE path=?1",
	        SQL_ARGS(sql_t(page->folder)), e) != 0)
		return NULL;
	if (folder == 0) {
		err_set(e, ERR_NOT_FOUND, "this backup has no such folder");
		return NULL;
	}
	query.text = sql[page->order];
	query.args = SQL_ARGS(sql_i(folder), sql_i(first ? -1 : last->type != LISTING_FOLDER),
	    sql_t(first ? "" : last->name), sql_i(last->id), sql_i(first ? INT64_MIN : -last->size),
	    sql_i(first ? INT64_MIN : -last->mtime), sql_i(page->limit));
	return sql_list(count, &query, e);
}

static struct listing_entry *
found_below(size_t *count, const struct sql_query *q, const struct listing_page *page,
    const struct listing_entry *last, struct err *e)
{
	static const char sql[] =
	    ENTRY "WHERE (?1='' OR f.path=?1 OR (f.path>?1||'/' AND f.path<?1||'0')) AND"
	    " instr(lower(e.name), lower(?2))>0 AND (f.path, e.name, e.id)>(?3, ?4, ?5)"
	    " ORDER BY f.path, e.name, e.id LIMIT ?6";
	struct sql_query query = *q;
	size_t n = last->id == 0 ? 0 : strlen(last->path) - strlen(last->name);

	query.text = sql;
	query.args = SQL_ARGS(sql_t(page->folder), sql_t(page->search),
	    sql_t(arena_dupn(q->arena, n > 0 ? last->path : "", n > 0 ? n - 1 : 0)),
	    sql_t(last->id == 0 ? "" : last->name), sql_i(last->id), sql_i(page->limit));
	return sql_list(count, &query, e);
}

int
listing_entries(struct listing_entry **ret, size_t *count, struct arena *a, struct db *list,
    const struct listing_page *page, struct err *e)
{
	const struct sql_query query = { list, a, NULL, NULL, sizeof **ret, read_entry };
	struct listing_entry last = { .id = 0 };

	if (page->after != 0 && listing_by_id(&last, a, list, page->after, e) != 0)
		return -1;
	*ret = *page->search != '\0' ? found_below(count, &query, page, &last, e)
	                             : in_folder(count, &query, page, &last, e);
	return *ret != NULL ? 0 : -1;
}

/* -- the queue -- */

int
listing_request(int64_t *ret, struct db *db, const struct job_request *rq, int64_t backup,
    struct err *e)
{
	static const char sql_there[] = "SELECT max(id) FROM job WHERE backup=?1 AND kind='list'"
	                                " AND state IN ('queued', 'running')";
	static const char sql_ready[] = "SELECT environment FROM backup WHERE id=?1 AND"
	                                " state='ready'";
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct job_request own = *rq;
	int64_t job;

	if (sql_begin(&t, db, e) != 0 || enqueue_known(&job, db, rq->key, JOB_LIST, e) != 0)
		return -1;
	if (job == 0 && sql_get(&job, db, sql_there, SQL_ARGS(sql_i(backup)), e) != 0)
		return -1;
	if (job == 0) {
		if (sql_get(&own.environment, db, sql_ready, SQL_ARGS(sql_i(backup)), e) != 0)
			return -1;
		if (own.environment == 0)
			return err_set(e, ERR_CONFLICT,
			    "backup b%" PRId64 " is not ready, so there is nothing to look into",
			    backup);
		if (enqueue_add(&job, db, &own,
		        &(struct enqueue_work){ .kind = JOB_LIST, .backup = backup }, e) != 0)
			return -1;
	}
	if (sql_commit(&t, e) != 0)
		return -1;
	*ret = job;
	return 0;
}

int
listing_newest_job(int64_t *job, struct db *db, int64_t backup, struct err *e)
{
	return sql_get(job, db, "SELECT max(id) FROM job WHERE backup=?1 AND kind='list'",
	    SQL_ARGS(sql_i(backup)), e);
}

int
listing_wanted(bool *ret, struct db *db, const char *part_uuid, struct err *e)
{
	static const char sql[] = "SELECT count(*) FROM part p JOIN backup b ON b.id=p.backup WHERE"
	                          " p.uuid=?1 AND b.state IN ('ready', 'trashed')";
	int64_t n;

	if (sql_get(&n, db, sql, SQL_ARGS(sql_t(part_uuid)), e) != 0)
		return -1;
	*ret = n > 0;
	return 0;
}
