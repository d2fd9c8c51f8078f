/* lite.c: what whoever reads or writes somebody's SQLite database needs. */
#include "worker/source/lite.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"

/* Every database file begins so (with its NUL). */
static const char magic[] = "SQLite format 3";

void
lite_closep(sqlite3 **db)
{
	sqlite3_close(*db);
}

/* SQLite's own waits last whole seconds in Debian's build. */
int
lite_wait(void *arg, int count)
{
	const int64_t *until = arg;

	if (count > 0 && clock_mono() > *until)
		return 0;
	clock_sleep(2);
	return 1;
}

int
lite_open(sqlite3 **ret, const char *path, int flags, int64_t *until, struct err *e)
{
	CLEANUP_LITE sqlite3 *db = NULL;
	int rc = sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX, NULL);

	if (rc != SQLITE_OK)
		return lite_complain(db, rc, path, e);
	*until = clock_mono() + LITE_BUSY_LIMIT;
	sqlite3_busy_handler(db, lite_wait, until);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	*ret = db;
	db = NULL;
	return 0;
}

int
lite_open_own(sqlite3 **ret, const char *path, struct err *e)
{
	static const int flags =
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX;
	CLEANUP_LITE sqlite3 *db = NULL;
	int rc = sqlite3_open_v2(path, &db, flags, NULL);

	if (rc == SQLITE_OK) {
		sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
		sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
		rc = sqlite3_exec(db, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA synchronous=OFF", NULL,
		    NULL, NULL);
	}
	if (rc != SQLITE_OK)
		return lite_complain(db, rc, path, e);
	*ret = db;
	db = NULL;
	return 0;
}

int
lite_complain(sqlite3 *db, int rc, const char *path, struct err *e)
{
	const char *words = db ? sqlite3_errmsg(db) : sqlite3_errstr(rc);

	switch (rc & 0xff) {
	case SQLITE_NOTADB:
		return err_set(e, ERR_INPUT, "File %s is not a SQLite database", path);
	case SQLITE_CORRUPT:
		return err_set(e, ERR_DAMAGED, "SQLite database %s is damaged: %s", path, words);
	case SQLITE_BUSY:
		return err_set(e, ERR_BUSY, "SQLite database %s stayed locked for %d s: %s", path,
		    LITE_BUSY_LIMIT / 1000, words);
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
		/* A journal to roll back, or WAL mode without its side files: a reader alone cannot
		 * do either. */
		return err_set(e, ERR_INPUT,
		    "SQLite database %s cannot be read: %s. Start its application once, or let "
		    "the worker's user write to its folder",
		    path, words);
	default:
		return err_set(e, ERR_INTERNAL, "SQLite database %s: %s", path, words);
	}
}

int
lite_ask(int64_t *ret, sqlite3 *db, const char *sql, const char *path, struct err *e)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*ret = sqlite3_column_int64(st, 0);
	else
		lite_complain(db, rc, path, e);
	sqlite3_finalize(st);
	return rc == SQLITE_ROW ? 0 : -1;
}

int
lite_look_at(const char *path, struct err *e)
{
	struct stat st;

	if (stat(path, &st) != 0 && (errno == ENOENT || errno == ENOTDIR))
		return err_set(e, ERR_INPUT, "File %s does not exist on this host", path);
	if (faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) != 0) {
		err_sys(e, "File %s cannot be read", path);
		e->kind = ERR_INPUT;
		return -1;
	}
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_INPUT, "%s is not a file", path);
	if (st.st_size == 0)
		return err_set(e, ERR_INPUT, "File %s is empty: no SQLite database yet", path);
	return 0;
}

static int
too_long(void *arg)
{
	const int64_t *until = arg;

	return clock_mono() > *until;
}

int
lite_inspect(const char **ret, struct arena *a, sqlite3 *db, const char *pragma, int64_t limit,
    struct err *e)
{
	int64_t until = clock_mono() + limit;
	sqlite3_stmt *st = NULL;
	int rc;

	if (limit > 0)
		sqlite3_progress_handler(db, 100000, too_long, &until);
	rc = sqlite3_prepare_v2(db, pragma, -1, &st, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	*ret = NULL;
	if (rc == SQLITE_ROW)
		*ret = arena_dup(a, (const char *)sqlite3_column_text(st, 0));
	else if (rc != SQLITE_INTERRUPT)
		err_set(e, ERR_DAMAGED, "%s", sqlite3_errmsg(db));
	sqlite3_finalize(st);
	sqlite3_progress_handler(db, 0, NULL, NULL);
	return rc == SQLITE_ROW || rc == SQLITE_INTERRUPT ? 0 : -1;
}

static int64_t
big_endian(const unsigned char *p, size_t n)
{
	int64_t value = 0;

	while (n-- > 0)
		value = value << 8 | *p++;
	return value;
}

int64_t
lite_promised(const unsigned char *head)
{
	int64_t page = big_endian(head + 16, 2);

	if (memcmp(head, magic, sizeof magic) != 0)
		return -1;
	return (page == 1 ? 65536 : page) * big_endian(head + 28, 4);
}

static void
quote(struct buf *b, const char *name)
{
	buf_char(b, '"');
	for (const char *p = name; *p != '\0'; p++) {
		if (*p == '"')
			buf_char(b, '"');
		buf_char(b, *p);
	}
	buf_char(b, '"');
}

const char *
lite_sql(struct arena *a, const char *text, const char *name)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	for (const char *p = text; *p != '\0'; p++)
		if (*p == '@')
			quote(&b, name);
		else
			buf_char(&b, *p);
	return arena_dupn(a, b.p, b.n);
}

static const char sql_tables[] =
    "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual')"
    " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";

int
lite_count(struct table_count **ret, size_t *count, struct arena *a, sqlite3 *db, struct err *e)
{
	struct table_count *rows = NULL;
	sqlite3_stmt *st = NULL;
	size_t n = 0, capacity = 0;
	int rc = sqlite3_prepare_v2(db, sql_tables, -1, &st, NULL);

	while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		const char *name = arena_dup(a, (const char *)sqlite3_column_text(st, 0));
		const char *sql = lite_sql(a, "SELECT count(*) FROM main.@", name);
		struct err ignored;

		rc = SQLITE_OK;
		rows = arena_grow(a, rows, n, &capacity, sizeof *rows);
		rows[n].name = name;
		if (lite_ask(&rows[n].rows, db, sql, name, &ignored) == 0)
			n++;
	}
	if (rc != SQLITE_DONE)
		lite_complain(db, rc, "main", e);
	sqlite3_finalize(st);
	*ret = rows;
	*count = n;
	return rc == SQLITE_DONE ? 0 : -1;
}

const char lite_integrity[] = "PRAGMA integrity_check";
