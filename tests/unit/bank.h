/* bank.h: a SQLite database of accounts, and scenes of it. <cmocka.h> comes first. */
#ifndef TESTS_UNIT_BANK_H
#define TESTS_UNIT_BANK_H

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/unit/scene.h"

enum { ACCOUNTS = 3000, EACH = 1000 };

static char folder[] = "/tmp/src_sqlite_test.XXXXXX";
static char source[64], scratch[64], plain[64];

static inline void
scene_begin(struct scene *s, const char *path)
{
	scene_open(s, &src_sqlite_driver, "", scratch);
	s->service.settings.path = path;
}

static inline sqlite3 *
db_of(const char *path)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	return db;
}

static inline void
sql(sqlite3 *db, const char *text)
{
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", text, sqlite3_errmsg(db));
}

/* -1 when SQLite cannot even answer. */
static inline int64_t
number(sqlite3 *db, const char *text)
{
	sqlite3_stmt *st = NULL;
	int64_t n = -1;

	if (sqlite3_prepare_v2(db, text, -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return n;
}

/* Accounts whose balances always sum up to the same, and how many transfers there were. */
static inline void
make_bank(const char *path, const char *mode)
{
	sqlite3 *db;

	unlink(path);
	db = db_of(path);
	sql(db, mode);
	sql(db, "CREATE TABLE meta (transfers int); INSERT INTO meta VALUES (0);"
	    "CREATE TABLE account (id INTEGER PRIMARY KEY, balance int, pad text);"
	    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
	    " INSERT INTO account SELECT i, 1000, hex(randomblob(150)) FROM n");
	sqlite3_close(db);
}

static inline void
clean(const char *path)
{
	static const char *const endings[] = { "", "-wal", "-shm", "-journal" };
	char each[128];

	for (size_t i = 0; i < 4; i++) {
		snprintf(each, sizeof each, "%s%s", path, endings[i]);
		unlink(each);
	}
}

static inline bool
is_empty(const char *path)
{
	return rmdir(path) == 0 && mkdir(path, 0700) == 0;
}

static inline int
begin(void **state UNUSED)
{
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(source, sizeof source, "%s/app.sqlite", folder);
	snprintf(scratch, sizeof scratch, "%s/scratch", folder);
	snprintf(plain, sizeof plain, "%s/plain", folder);
	return mkdir(scratch, 0700);
}

static inline int
end(void **state UNUSED)
{
	clean(source);
	return rmdir(scratch) | rmdir(folder);
}

#endif
