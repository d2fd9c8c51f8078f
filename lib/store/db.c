/* db.c: the catalogue's connection, and its migrations. */
#include "lib/store/db.h"

#include <errno.h>
#include <inttypes.h>
#include <fcntl.h>
#include <limits.h>
#include <schema.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/fault.h"
#include "lib/base/fd.h"
#include "lib/base/rand.h"
#include "lib/base/room.h"
#include "lib/store/sql.h"

enum { SCHEMAS = sizeof schema_sql / sizeof *schema_sql, APPLICATION = 0x4c7a7274 /* "Lzrt" */ };

/*
 * Debian's SQLite sleeps whole seconds in sqlite3_busy_timeout (p99 of a claim: 4 s). Short naps
 * with jitter instead, up to a limit.
 */
static int
wait_a_little(void *arg, int count)
{
	struct db *db = arg;
	struct timespec nap = { 0, 200000 + (long)rand_below(1800000) };

	if (count == 0)
		db->busy_since = clock_mono();
	else if (clock_mono() - db->busy_since >= db->busy_limit_ms)
		return 0;
	nanosleep(&nap, NULL);
	return 1;
}

static int
exec(struct db *db, const char *sql, struct err *e)
{
	return sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : sql_fail(db, e);
}

/* Two that make a catalogue at once: the switch to WAL does not ask the busy handler, so we do. */
static int
switch_to_wal(struct db *db, struct err *e)
{
	int rc, count = 0;

	do
		rc = sqlite3_exec(db->handle, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
	while (rc == SQLITE_BUSY && wait_a_little(db, count++));
	return rc == SQLITE_OK ? 0 : sql_fail(db, e);
}

static int
set_up(struct db *db, struct err *e)
{
	int keep = 1;

	sqlite3_busy_handler(db->handle, wait_a_little, db);
	sqlite3_extended_result_codes(db->handle, 0);
	/* -wal and -shm stay when the last one leaves: on a full disk they could not be made again.
	 */
	sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
	if (sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) != SQLITE_OK ||
	    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL) != SQLITE_OK ||
	    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL) != SQLITE_OK ||
	    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL) != SQLITE_OK)
		return sql_fail(db, e);
	if (switch_to_wal(db, e) != 0)
		return -1;
	return exec(db, "PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY", e);
}

static int
open_file(struct db **ret, const char *path, int flags, struct err *e)
{
	CLEANUP_DB struct db *db = xmalloc(sizeof *db);

	*db = (struct db){ .busy_limit_ms = 10000 };
	if (access(path, F_OK) != 0 && errno == ENOENT && !(flags & SQLITE_OPEN_CREATE))
		return err_set(e, ERR_NOT_FOUND,
		    "the catalogue '%s' does not exist; run: lazarette admin init", path);
	if (sqlite3_open_v2(path, &db->handle, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK ||
	    set_up(db, e) != 0) {
		sql_fail(db, e);
		return err_in(e, "open '%s'", path);
	}
	*ret = db;
	db = NULL;
	return 0;
}

/* What is new is for its owner alone; -wal and -shm take the same mode. */
static int
make_file(const char *path, struct err *e)
{
	CLEANUP_FD int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	return fd < 0 ? room_not_made(e, path) : 0;
}

int
db_make_derived(struct db **ret, const char *path, struct err *e)
{
	CLEANUP_DB struct db *db = xmalloc(sizeof *db);

	*db = (struct db){ .busy_limit_ms = 10000 };
	if (make_file(path, e) != 0)
		return -1;
	if (sqlite3_open_v2(path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
	    SQLITE_OK ||
	    exec(db, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA temp_store=MEMORY",
	        e) != 0) {
		sql_fail(db, e);
		return err_in(e, "make '%s'", path);
	}
	*ret = db;
	db = NULL;
	return 0;
}

int
db_open_derived(struct db **ret, const char *path, struct err *e)
{
	CLEANUP_DB struct db *db = xmalloc(sizeof *db);

	*db = (struct db){ .busy_limit_ms = 10000 };
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return err_set(e, ERR_NOT_FOUND, "there is no '%s'", path);
	if (sqlite3_open_v2(path, &db->handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) !=
	    SQLITE_OK ||
	    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL) != SQLITE_OK) {
		sql_fail(db, e);
		return err_in(e, "open '%s'", path);
	}
	*ret = db;
	db = NULL;
	return 0;
}

static int
schema_version(int *ret, struct db *db, struct err *e)
{
	int64_t version, application, tables;

	if (sql_get(&version, db, "PRAGMA user_version", SQL_NO_ARGS, e) != 0 ||
	    sql_get(&application, db, "PRAGMA application_id", SQL_NO_ARGS, e) != 0 ||
	    sql_get(&tables, db, "SELECT count(*) FROM sqlite_schema", SQL_NO_ARGS, e) != 0)
		return -1;
	if (application != APPLICATION && (tables > 0 || version > 0 || application != 0))
		return err_set(e, ERR_CONFLICT, "the file is a database of another program");
	*ret = (int)version;
	return 0;
}

/* A newer catalogue: whoever wrote it says so in a setting that every version has. */
static int
refuse_newer(struct db *db, int version, int known, struct err *e)
{
	static const char sql[] = "SELECT value FROM setting WHERE name='written_by'";
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_SQL struct sql *q = NULL;
	const char *by = "a newer Lazarette";

	if (sql_open(&q, db, sql, SQL_NO_ARGS, e) == 0 && sql_row(q, e) == 1)
		by = arena_printf(a, "Lazarette %s", sql_text(q, 0, a));
	return err_set(e, ERR_CONFLICT,
	    "the catalogue has schema %d and was written by %s; this is Lazarette %s, which knows"
	    " schema %d: install the newer one, or put the copy back that was taken before the"
	    " upgrade",
	    version, by, LAZARETTE_VERSION, known);
}

int
db_open(struct db **ret, const char *path, struct err *e)
{
	CLEANUP_DB struct db *db = NULL;
	int version;

	if (open_file(&db, path, SQLITE_OPEN_READWRITE, e) != 0)
		return -1;
	if (schema_version(&version, db, e) != 0)
		return err_in(e, "'%s'", path);
	if (version > SCHEMAS)
		return refuse_newer(db, version, SCHEMAS, e);
	if (version < SCHEMAS)
		return err_set(e, ERR_BUSY,
		    "the catalogue has schema %d and waits for the worker to bring it to %d",
		    version, SCHEMAS);
	*ret = db;
	db = NULL;
	return 0;
}

static void
handle_close(sqlite3 **handle)
{
	sqlite3_close(*handle);
}

static int
copy_into(struct db *db, const char *path, struct err *e)
{
	CLEANUP(handle_close) sqlite3 *to = NULL;
	sqlite3_backup *copy;

	if (sqlite3_open(path, &to) != SQLITE_OK ||
	    (copy = sqlite3_backup_init(to, "main", db->handle, "main")) == NULL)
		return err_set(e, ERR_INTERNAL, "%s", sqlite3_errmsg(to));
	sqlite3_backup_step(copy, -1);
	if (sqlite3_backup_finish(copy) != SQLITE_OK)
		return err_set(e,
		    sqlite3_errcode(to) == SQLITE_FULL || sqlite3_errcode(to) == SQLITE_IOERR
		        ? ERR_FULL
		        : ERR_INTERNAL,
		    "%s", sqlite3_errmsg(to));
	return 0;
}

/*
 * The temporary file of a copy, empty and for us alone: of several processes that start at once
 * each waits until the one before has published its copy or died.
 */
static int
open_copy(int *ret, const char *temporary, struct err *e)
{
	for (;;) {
		CLEANUP_FD int fd = open(temporary, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		struct stat ours, there;

		if (fd < 0 || flock(fd, LOCK_EX) != 0 || fstat(fd, &ours) != 0)
			return err_sys(e, "create '%s'", temporary);
		/* What was published while we waited has another name now. */
		if (stat(temporary, &there) != 0 || there.st_ino != ours.st_ino)
			continue;
		if (ftruncate(fd, 0) != 0)
			return err_sys(e, "empty '%s'", temporary);
		*ret = fd;
		fd = -1;
		return 0;
	}
}

/* The catalogue as it is now, as "<path>.v<version>.bak". */
static int
keep_copy(struct db *db, const char *path, int version, struct err *e)
{
	CLEANUP_FD int fd = -1;
	char name[PATH_MAX], temporary[PATH_MAX + 8];
	int now;

	if (snprintf(name, sizeof name, "%s.v%d.bak", path, version) >= (int)sizeof name)
		return err_set(e, ERR_INTERNAL, "path too long: '%s'", path);
	snprintf(temporary, sizeof temporary, "%s.tmp", name);
	if (open_copy(&fd, temporary, e) != 0)
		return -1;
	if (copy_into(db, temporary, e) != 0) {
		unlink(temporary);
		return err_in(e, "copy the catalogue to '%s' before its migration", name);
	}
	if (schema_version(&now, db, e) != 0)
		return -1;
	/* Another process has migrated it, and kept a copy before. */
	if (now != version) {
		unlink(temporary);
		return 0;
	}
	return fd_publish(fd, AT_FDCWD, temporary, name, e);
}

/* They rested while tables were made anew. */
static int
check_references(struct db *db, struct err *e)
{
	int64_t lost;

	if (sql_get(&lost, db, "SELECT count(*) FROM pragma_foreign_key_check", SQL_NO_ARGS, e) !=
	    0)
		return -1;
	return lost == 0 ? 0
	                 : err_set(e, ERR_INTERNAL,
	                       "%" PRId64 " rows would point to rows that are not there", lost);
}

/* From schema `version` to the next, wholly or not at all. Another process may have been faster. */
static int
migrate_one(struct db *db, int version, const char *script, struct err *e)
{
	CLEANUP_TXN struct sql_txn t = { NULL };
	char mark[128];
	int now;

	if (sql_begin(&t, db, e) != 0 || schema_version(&now, db, e) != 0)
		return -1;
	if (now != version)
		return 0;
	FAULT("migrate.begun");
	if (exec(db, script, e) != 0 || check_references(db, e) != 0)
		return err_in(e, "migration %d", version + 1);
	FAULT("migrate.run");
	snprintf(mark, sizeof mark, "PRAGMA user_version=%d; PRAGMA application_id=%d", version + 1,
	    APPLICATION);
	if (exec(db, mark, e) != 0 ||
	    sql_run(NULL, db,
	        "INSERT INTO setting (name, value) VALUES ('written_by', ?1) ON CONFLICT (name) DO"
	        " UPDATE SET value=excluded.value",
	        SQL_ARGS(sql_t(LAZARETTE_VERSION)), e) != 0)
		return -1;
	FAULT("migrate.before_commit");
	return sql_commit(&t, e);
}

int
db_migrate(struct db **ret, const char *path, const char *const *scripts, int count, struct err *e)
{
	CLEANUP_DB struct db *db = NULL;
	int version;

	if (make_file(path, e) != 0 ||
	    open_file(&db, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, e) != 0)
		return -1;
	if (schema_version(&version, db, e) != 0)
		return err_in(e, "'%s'", path);
	if (version > count)
		return refuse_newer(db, version, count, e);
	if (version > 0 && version < count && keep_copy(db, path, version, e) != 0)
		return -1;
	/* A table that others point to can only be made anew while foreign keys rest. */
	if (sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_FKEY, 0, NULL) != SQLITE_OK)
		return sql_fail(db, e);
	while (version < count) {
		if (migrate_one(db, version, scripts[version], e) != 0 ||
		    schema_version(&version, db, e) != 0)
			return err_in(e, "migrate '%s'", path);
		/* Statements prepared for the old tables. */
		sql_forget(db);
	}
	if (sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL) != SQLITE_OK)
		return sql_fail(db, e);
	*ret = db;
	db = NULL;
	return 0;
}

int
db_open_migrate(struct db **ret, const char *path, struct err *e)
{
	CLEANUP_DB struct db *db = NULL;

	if (db_migrate(&db, path, schema_sql, SCHEMAS, e) != 0)
		return -1;
	/* What was opened so stays so, also when its disk is mended. */
	if (sqlite3_db_readonly(db->handle, "main") == 1)
		return err_set(e, ERR_FULL, "the catalogue '%s' can only be read: is its disk"
		    " mounted read-only, or does the file belong to somebody else?", path);
	*ret = db;
	db = NULL;
	return 0;
}

void
db_close(struct db *db)
{
	if (db == NULL)
		return;
	sql_forget(db);
	sqlite3_close(db->handle);
	free(db);
}

void
db_closep(struct db **db)
{
	db_close(*db);
}

bool
db_is_outlived(struct db *db)
{
	return sqlite3_db_readonly(db->handle, "main") == 1 &&
	    access(sqlite3_db_filename(db->handle, "main"), W_OK) == 0;
}

int
db_check_writable(struct db *db, struct err *e)
{
	return sql_run(NULL, db,
	    "INSERT INTO setting (name, value) VALUES ('written_at', ?1) ON CONFLICT (name) DO"
	    " UPDATE SET value=excluded.value",
	    SQL_ARGS(sql_i(clock_now())), e);
}
