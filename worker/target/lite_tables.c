/* lite_tables.c: chosen tables of one SQLite database put into another. */
#include "worker/target/lite_tables.h"

#include <string.h>

#include "lib/base/buf.h"
#include "worker/source/lite.h"

/* A statement about one table: @ is its name, ?1 too. */
static const char sql_names[] =
    "SELECT name FROM pragma_table_list WHERE schema = 'src' AND type IN ('table', 'virtual')"
    " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
    sql_kind[] = "SELECT type = 'virtual' FROM pragma_table_list"
    " WHERE schema = 'src' AND name = ?1 COLLATE NOCASE AND type IN ('table', 'virtual')",
    sql_here[] = "SELECT count(*) FROM pragma_table_list"
    " WHERE schema = 'main' AND name = ?1 COLLATE NOCASE",
    sql_own[] = "SELECT sql FROM src.sqlite_master WHERE type = 'table' AND tbl_name = ?1"
    " COLLATE NOCASE",
    sql_below[] = "SELECT sql FROM src.sqlite_master WHERE type IN ('index', 'trigger')"
    " AND tbl_name = ?1 COLLATE NOCASE AND sql IS NOT NULL ORDER BY type, rowid",
    sql_views[] = "SELECT sql FROM src.sqlite_master WHERE type IN ('view', 'trigger')"
    " AND tbl_name NOT IN (SELECT name FROM main.sqlite_master)"
    " AND tbl_name IN (SELECT name FROM src.sqlite_master WHERE type = 'view') ORDER BY rowid",
    sql_columns[] = "SELECT name FROM pragma_table_xinfo(?1, 'src') WHERE hidden = 0",
    /* Two rows with one number are two rows: only a table without a key of that number keeps it. */
    sql_numbered[] = "SELECT count(*) FROM pragma_table_list AS l WHERE schema = 'src'"
    " AND name = ?1 COLLATE NOCASE AND NOT wr AND NOT EXISTS (SELECT 1 FROM"
    " pragma_table_xinfo(?1, 'src') AS x WHERE x.name = 'rowid' COLLATE NOCASE)",
    sql_shadows[] = "SELECT name FROM pragma_table_list WHERE schema = 'src' AND type = 'shadow'"
    " AND lower(substr(name, 1, length(?1) + 1)) = lower(?1) || '_'"
    " AND instr(substr(name, length(?1) + 2), '_') = 0",
    sql_counter[] = "SELECT count(*) FROM src.sqlite_master WHERE name = 'sqlite_sequence'"
    " AND EXISTS (SELECT 1 FROM main.sqlite_master WHERE name = 'sqlite_sequence')";

struct list {
	const char **items;
	size_t n, capacity;
};

/* The parameters are SQLite's. `arg` is not NULL when only rows may change. */
static int
fence(void *arg, int what, const char *one, const char *two, const char *three UNUSED,
    const char *four UNUSED)
{
	/* Full text search asks for these two by itself. */
	bool asks = what == SQLITE_PRAGMA && two == NULL &&
	    (sqlite3_stricmp(one, "data_version") == 0 || sqlite3_stricmp(one, "page_size") == 0);

	if (what == SQLITE_ATTACH || what == SQLITE_DETACH)
		return SQLITE_DENY;
	if (what == SQLITE_FUNCTION && two != NULL && sqlite3_stricmp(two, "load_extension") == 0)
		return SQLITE_DENY;
	if (arg != NULL && ((what == SQLITE_PRAGMA && !asks) || what == SQLITE_TRANSACTION))
		return SQLITE_DENY;
	return SQLITE_OK;
}

void
lite_tables_close(sqlite3 *db, bool rows_only)
{
	sqlite3_set_authorizer(db, fence, rows_only ? db : NULL);
}

void
lite_tables_open(sqlite3 *db)
{
	sqlite3_set_authorizer(db, NULL, NULL);
}

/* The first column of all rows. */
static int
ask_list(struct list *ret, const struct lite_tables *w, const char *sql, const char *name,
    struct err *e)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(w->into, sql, -1, &st, NULL);

	*ret = (struct list){ .items = NULL };
	if (rc == SQLITE_OK && name != NULL)
		sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
	while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		rc = SQLITE_OK;
		ret->items = arena_grow(w->arena, ret->items, ret->n, &ret->capacity,
		    sizeof *ret->items);
		ret->items[ret->n++] =
		    arena_dup(w->arena, (const char *)sqlite3_column_text(st, 0));
	}
	if (rc != SQLITE_DONE)
		lite_complain(w->into, rc, w->from, e);
	sqlite3_finalize(st);
	return rc == SQLITE_DONE ? 0 : -1;
}

static int
ask_one(const char **ret, const struct lite_tables *w, const char *sql, const char *name,
    struct err *e)
{
	struct list found;

	if (ask_list(&found, w, sql, name, e) != 0)
		return -1;
	*ret = found.n > 0 ? found.items[0] : NULL;
	return 0;
}

/* One statement and no more, whatever the text says behind it. */
static int
run(const struct lite_tables *w, const char *sql, const char *name, struct err *e)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(w->into, sql, -1, &st, NULL);

	if (rc == SQLITE_OK && name != NULL && sqlite3_bind_parameter_count(st) > 0)
		rc = sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
	while (rc == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
		continue;
	rc = rc == SQLITE_OK ? sqlite3_finalize(st) : rc;
	if (rc == SQLITE_OK)
		return 0;
	if (name == NULL)
		return lite_complain(w->into, rc, w->target, e);
	return err_set(e, (rc & 0xff) == SQLITE_FULL ? ERR_FULL : ERR_CONFLICT,
	    "Table %s cannot be put into %s: %s. Nothing was changed", name, w->target,
	    sqlite3_errmsg(w->into));
}

static int
run_each(const struct lite_tables *w, const char *sql, const char *name, struct err *e)
{
	struct list texts;

	if (ask_list(&texts, w, sql, name, e) != 0)
		return -1;
	for (size_t i = 0; i < texts.n; i++)
		if (run(w, texts.items[i], name != NULL ? name : "(view)", e) != 0)
			return -1;
	return 0;
}

/* Generated columns come by themselves. */
static int
copy_rows(const struct lite_tables *w, const char *name, bool numbered, struct err *e)
{
	CLEANUP_BUF struct buf columns = BUF_INIT;
	CLEANUP_BUF struct buf sql = BUF_INIT;
	struct list names;

	if (ask_list(&names, w, sql_columns, name, e) != 0)
		return -1;
	if (numbered)
		buf_text(&columns, "rowid");
	for (size_t i = 0; i < names.n; i++) {
		buf_text(&columns, columns.n > 0 ? ", " : "");
		buf_text(&columns, lite_sql(w->arena, "@", names.items[i]));
	}
	buf_text(&sql, lite_sql(w->arena, "INSERT INTO main.@ (", name));
	buf_text(&sql, columns.p);
	buf_text(&sql, ") SELECT ");
	buf_text(&sql, columns.p);
	buf_text(&sql, lite_sql(w->arena, " FROM src.@", name));
	return run(w, sql.p, name, e);
}

/* What a virtual table keeps its contents in, as it is. */
static int
copy_shadows(const struct lite_tables *w, const char *name, struct err *e)
{
	struct list shadows;

	if (ask_list(&shadows, w, sql_shadows, name, e) != 0)
		return -1;
	for (size_t i = 0; i < shadows.n; i++) {
		const char *each = shadows.items[i];

		if (run(w, lite_sql(w->arena, "DELETE FROM main.@", each), name, e) != 0 ||
		    run(w, lite_sql(w->arena, "INSERT INTO main.@ SELECT * FROM src.@", each), name,
		        e) != 0)
			return -1;
	}
	return 0;
}

/* The last number that AUTOINCREMENT gave away. */
static int
copy_counter(const struct lite_tables *w, const char *name, struct err *e)
{
	const char *both;

	if (ask_one(&both, w, sql_counter, NULL, e) != 0)
		return -1;
	if (*both == '0')
		return 0;
	if (run(w, "DELETE FROM main.sqlite_sequence WHERE name = ?1", name, e) != 0)
		return -1;
	return run(w,
	    "INSERT INTO main.sqlite_sequence SELECT name, seq FROM src.sqlite_sequence"
	    " WHERE name = ?1",
	    name, e);
}

/* A table that is not there (any more). */
static int
create(const struct lite_tables *w, const char *name, bool virtual, struct err *e)
{
	const char *numbered;

	if (run_each(w, sql_own, name, e) != 0 || ask_one(&numbered, w, sql_numbered, name, e) != 0)
		return -1;
	if ((virtual ? copy_shadows(w, name, e) : copy_rows(w, name, *numbered != '0', e)) != 0)
		return -1;
	if (run_each(w, sql_below, name, e) != 0)
		return -1;
	return virtual ? 0 : copy_counter(w, name, e);
}

static int
put_one(const struct lite_tables *w, const char *wanted, struct err *e)
{
	const char *virtual, *here;

	if (ask_one(&virtual, w, sql_kind, wanted, e) != 0 ||
	    ask_one(&here, w, sql_here, wanted, e) != 0)
		return -1;
	if (virtual == NULL)
		return err_set(e, ERR_INPUT, "The backup has no table %s", wanted);
	if (*here != '0' && w->add)
		return copy_rows(w, wanted, *virtual == '1', e);
	if (*here != '0' && run(w, lite_sql(w->arena, "DROP TABLE main.@", wanted), wanted, e) != 0)
		return -1;
	return create(w, wanted, *virtual == '1', e);
}

static int
put_all(const struct lite_tables *w, struct err *e)
{
	struct list names = { .n = 0 };

	if (w->count == 0 && ask_list(&names, w, sql_names, NULL, e) != 0)
		return -1;
	for (size_t i = 0; i < names.n; i++)
		if (put_one(w, names.items[i], e) != 0)
			return -1;
	for (size_t i = 0; i < w->count; i++)
		if (put_one(w, w->choice[i], e) != 0)
			return -1;
	return w->count == 0 ? run_each(w, sql_views, NULL, e) : 0;
}

int
lite_tables_put(const struct lite_tables *w, struct err *e)
{
	int rc;

	sqlite3_db_config(w->into, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	/* Shadow tables are copied as they are. */
	sqlite3_db_config(w->into, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
	if (run(w, "PRAGMA foreign_keys=OFF", NULL, e) != 0 ||
	    run(w, "ATTACH ?1 AS src", w->from, e) != 0)
		return -1;
	lite_tables_close(w->into, false);
	rc = run(w, "BEGIN IMMEDIATE", NULL, e);
	if (rc == 0)
		rc = put_all(w, e);
	if (rc == 0)
		rc = run(w, "COMMIT", NULL, e);
	lite_tables_open(w->into);
	return rc;
}
