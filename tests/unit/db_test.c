/* db_test.c: opening, migrating, waiting, full disks. */
#include "tests/unit/fixture.h"

#include <fcntl.h>
#include <schema.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lib/base/buf.h"
#include "lib/base/fd.h"
#include "lib/store/settings.h"

static const char first[] = "CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);"
    "CREATE TABLE one (x INTEGER); INSERT INTO one VALUES (7);";
static const char second[] =
    "CREATE TABLE two (y INTEGER); INSERT INTO two SELECT x*2 FROM one; DROP TABLE one;";
static const char broken[] =
    "CREATE TABLE two (y INTEGER); DROP TABLE one; INSERT INTO nowhere VALUES (1);";

static void
a_new_catalogue_is_for_its_owner_alone(void **state)
{
	struct fixture *f = *state;
	struct db *again;
	struct stat st;

	OK(db_open_migrate(&f->db, f->path, &f->e));
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(fixture_number(f, "PRAGMA foreign_keys"), 1);
	assert_int_equal(fixture_number(f, "PRAGMA synchronous"), 2);
	assert_int_equal(fixture_number(f, "PRAGMA trusted_schema"), 0);
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM pragma_journal_mode WHERE journal_mode='wal'"),
	    1);
	OK(db_open(&again, f->path, &f->e));
	db_close(again);
	OK(db_open_migrate(&again, f->path, &f->e));
	db_close(again);
	assert_int_equal(access(arena_printf(f->a, "%s.v1.bak", f->path), F_OK), -1);
	db_close(NULL);
}

static void
what_is_not_there_or_not_ours_is_refused(void **state)
{
	struct fixture *f = *state;
	char garbage[4096];

	REFUSED(ERR_NOT_FOUND, db_open(&f->db, f->path, &f->e));
	assert_non_null(strstr(f->e.text, "lazarette admin init"));
	REFUSED(ERR_INTERNAL, db_open_migrate(&f->db, "/nonexistent/x/catalog.db", &f->e));
	memset(garbage, 'x', sizeof garbage);
	OK(fd_put_file(f->path, garbage, sizeof garbage, 0600, &f->e));
	REFUSED(ERR_DAMAGED, db_open(&f->db, f->path, &f->e));
	REFUSED(ERR_DAMAGED, db_open_migrate(&f->db, f->path, &f->e));
	OK(fd_put_file(f->path, "", 0, 0600, &f->e));
	REFUSED(ERR_BUSY, db_open(&f->db, f->path, &f->e));
	assert_non_null(strstr(f->e.text, "waits for the worker"));
	OK(db_migrate(&f->db, f->path, (const char *const[]){ first }, 1, &f->e));
	fixture_do(f, "PRAGMA application_id=1");
	db_close(f->db);
	f->db = NULL;
	REFUSED(ERR_CONFLICT, db_open(&f->db, f->path, &f->e));
	assert_non_null(strstr(f->e.text, "another program"));
	REFUSED(ERR_CONFLICT, db_open_migrate(&f->db, f->path, &f->e));
}

static void
a_newer_catalogue_is_refused_with_the_name_of_its_writer(void **state)
{
	struct fixture *f = *state;
	struct db *db;

	OK(db_open_migrate(&f->db, f->path, &f->e));
	fixture_do(f, "UPDATE setting SET value='9.9.9' WHERE name='written_by'");
	fixture_do(f, "PRAGMA user_version=99");
	REFUSED(ERR_CONFLICT, db_open(&db, f->path, &f->e));
	assert_non_null(strstr(f->e.text, "schema 99 and was written by Lazarette 9.9.9"));
	REFUSED(ERR_CONFLICT, db_open_migrate(&db, f->path, &f->e));
	assert_int_equal(fixture_number(f, "PRAGMA user_version"), 99);
}

static void
a_migration_keeps_a_copy_of_what_was(void **state)
{
	struct fixture *f = *state;
	const char *copy = arena_printf(f->a, "%s.v1.bak", f->path);
	struct stat st;

	OK(db_migrate(&f->db, f->path, (const char *const[]){ first }, 1, &f->e));
	db_close(f->db);
	f->db = NULL;
	OK(db_migrate(&f->db, f->path, (const char *const[]){ first, second }, 2, &f->e));
	assert_int_equal(fixture_number(f, "SELECT y FROM two"), 14);
	assert_int_equal(fixture_number(f, "PRAGMA user_version"), 2);
	db_close(f->db);
	f->db = NULL;
	assert_int_equal(stat(copy, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	OK(db_migrate(&f->db, copy, (const char *const[]){ first }, 1, &f->e));
	assert_int_equal(fixture_number(f, "SELECT x FROM one"), 7);
}

static void
a_migration_that_fails_changes_nothing(void **state)
{
	struct fixture *f = *state;

	OK(db_migrate(&f->db, f->path, (const char *const[]){ first }, 1, &f->e));
	db_close(f->db);
	f->db = NULL;
	REFUSED(ERR_INTERNAL,
	    db_migrate(&f->db, f->path, (const char *const[]){ first, broken }, 2, &f->e));
	assert_non_null(strstr(f->e.text, "migration 2: "));
	OK(db_migrate(&f->db, f->path, (const char *const[]){ first }, 1, &f->e));
	assert_int_equal(fixture_number(f, "SELECT x FROM one"), 7);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM sqlite_schema WHERE name='two'"),
	    0);
}

/* T12: killed at each place of a migration, the next start finishes it. */
static void
T12_a_killed_migration_is_finished_by_the_next_start(void **state)
{
	static const char *const places[] = { "migrate.begun", "migrate.run",
		"migrate.before_commit", "publish.before_rename", "publish.after_rename" };
	const char *const scripts[] = { first, second };
	struct fixture *f = *state;
	int status;

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		f->db = NULL;
		unlink(f->path);
		unlink(arena_printf(f->a, "%s-wal", f->path));
		unlink(arena_printf(f->a, "%s-shm", f->path));
		OK(db_migrate(&f->db, f->path, scripts, 1, &f->e));
		db_close(f->db);
		f->db = NULL;
		if (fork() == 0) {
			setenv("LAZARETTE_FAULT", arena_printf(f->a, "%s:kill", places[i]), 1);
			_exit(db_migrate(&f->db, f->path, scripts, 2, &f->e) == 0 ? 0 : 1);
		}
		assert_true(wait(&status) > 0);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		OK(db_migrate(&f->db, f->path, scripts, 2, &f->e));
		assert_int_equal(fixture_number(f, "SELECT y FROM two"), 14);
		assert_int_equal(fixture_number(f, "SELECT count(*) FROM pragma_integrity_check"
		    " WHERE integrity_check='ok'"), 1);
		assert_int_equal(access(arena_printf(f->a, "%s.v1.bak", f->path), F_OK), 0);
		db_close(f->db);
	}
	f->db = NULL;
}

static void
several_processes_that_start_at_once_migrate_once(void **state)
{
	struct fixture *f = *state;
	int status;

	for (int i = 0; i < 4; i++)
		if (fork() == 0)
			_exit(db_open_migrate(&f->db, f->path, &f->e) == 0 ? 0 : 1);
	for (int i = 0; i < 4; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	OK(db_open(&f->db, f->path, &f->e));
}

/* A child that has the write lock; it gives it back when the pipe is closed, or after `ms`. */
static pid_t
hold_lock(struct fixture *f, int64_t ms)
{
	int ready[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		struct sql_txn t;
		struct db *db;

		if (db_open(&db, f->path, &f->e) != 0 || sql_begin(&t, db, &f->e) != 0 ||
		    write(ready[1], "x", 1) != 1)
			_exit(1);
		clock_sleep(ms);
		_exit(sql_commit(&t, &f->e));
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

static void
a_locked_catalogue_is_waited_for_up_to_the_limit(void **state)
{
	struct fixture *f = *state;
	pid_t pid = hold_lock(f, 300);
	int status;

	OK(settings_set(f->db, "x", "1", &f->e));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	pid = hold_lock(f, 20000);
	f->db->busy_limit_ms = 100;
	REFUSED(ERR_BUSY, settings_set(f->db, "x", "2", &f->e));
	REFUSED(ERR_BUSY, db_check_writable(f->db, &f->e));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	OK(settings_set(f->db, "x", "3", &f->e));
	OK(db_check_writable(f->db, &f->e));
}

/* The text of `n` bytes that a note would hold. */
static int
write_much(struct fixture *f, size_t n)
{
	char *text = malloc(n + 1);
	int rc;

	memset(text, 'x', n);
	text[n] = '\0';
	rc = settings_set(f->db, "much", text, &f->e);
	free(text);
	return rc;
}

/* T19: no room is told as ERR_FULL, reading goes on, and writing too once there is room. */
static void
T19_no_room_is_said_so_and_passes_by_itself(void **state)
{
	struct fixture *f = *state;
	struct rlimit old, small;
	char *value;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){ 1 << 20, old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(write_much(f, 4 << 20), -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	if (f->e.kind != ERR_FULL)
		fail_msg("%s: %s", err_kind_name(f->e.kind), f->e.text);
	OK(settings_get(&value, f->a, f->db, "written_by", &f->e));
	assert_string_equal(value, LAZARETTE_VERSION);
	OK(write_much(f, 4 << 20));
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM pragma_integrity_check WHERE "
	                     "integrity_check='ok'"),
	    1);
}

/* T19 on a disk of 2 MB that somebody else has filled; needs root for the mount. */
static void
T19_a_full_disk_is_said_so_and_passes_by_itself(void **state)
{
	struct fixture *f = *state;
	const char *disk = arena_printf(f->a, "%s/disk", f->folder),
	           *path = arena_printf(f->a, "%s/catalog.db", disk);
	const char *filler = arena_printf(f->a, "%s/filler", disk);
	char *value, page[4096] = "";
	int fd;

	assert_int_equal(mkdir(disk, 0700), 0);
	if (geteuid() != 0 || mount("none", disk, "tmpfs", 0, "size=2m") != 0) {
		rmdir(disk);
		skip();
	}
	OK(db_open_migrate(&f->db, path, &f->e));
	fixture_fill(f);
	fd = open(filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	while (write(fd, page, sizeof page) == (ssize_t)sizeof page)
		;
	assert_int_equal(write_much(f, 1 << 20), -1);
	if (f->e.kind != ERR_FULL)
		fail_msg("%s: %s", err_kind_name(f->e.kind), f->e.text);
	OK(settings_get(&value, f->a, f->db, "written_by", &f->e));
	close(fd);
	unlink(filler);
	OK(db_check_writable(f->db, &f->e));
	fixture_request(f, 0, NULL);
	db_close(f->db);
	f->db = NULL;
	OK(db_open(&f->db, path, &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM backup"), 1);
	db_close(f->db);
	f->db = NULL;
	umount(disk);
	rmdir(disk);
}

static void
a_transaction_that_is_left_is_undone(void **state)
{
	struct fixture *f = *state;

	{
		CLEANUP_TXN struct sql_txn t = { NULL };

		OK(sql_begin(&t, f->db, &f->e));
		OK(settings_set(f->db, "x", "1", &f->e));
		assert_int_equal(fixture_number(f, "SELECT count(*) FROM setting WHERE name='x'"),
		    1);
	}
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM setting WHERE name='x'"), 0);
}

static const char everything[] = "SELECT name, value FROM setting ORDER BY name";

static void
a_statement_may_be_open_twice(void **state)
{
	struct fixture *f = *state;
	CLEANUP_SQL struct sql *one = NULL, *two = NULL;

	OK(settings_set(f->db, "b", "1", &f->e));
	OK(settings_set(f->db, "a", "1", &f->e));
	OK(sql_open(&one, f->db, everything, SQL_NO_ARGS, &f->e));
	assert_int_equal(sql_row(one, &f->e), 1);
	OK(sql_open(&two, f->db, everything, SQL_NO_ARGS, &f->e));
	assert_int_equal(sql_row(two, &f->e), 1);
	assert_int_equal(sql_row(one, &f->e), 1);
	assert_string_equal(sql_text(one, 0, f->a), "b");
	assert_string_equal(sql_text(two, 0, f->a), "a");
}

static void
values_of_every_kind_come_back(void **state)
{
	static const char sql[] = "SELECT ?1, ?2, ?3, ?4, ?5, ?6";
	struct fixture *f = *state;
	CLEANUP_SQL struct sql *q = NULL;
	size_t n;

	OK(sql_open(&q, f->db, sql,
	    SQL_ARGS(sql_i(INT64_MIN), sql_t("t\xc3\xa9xt"), sql_t(NULL), sql_b("a\0b", 3),
	        sql_b(NULL, 0), sql_id(0)),
	    &f->e));
	assert_int_equal(sql_row(q, &f->e), 1);
	assert_true(sql_int(q, 0) == INT64_MIN);
	assert_string_equal(sql_text(q, 1, f->a), "t\xc3\xa9xt");
	assert_null(sql_text_or_null(q, 2, f->a));
	assert_string_equal(sql_text(q, 2, f->a), "");
	assert_memory_equal(sql_blob(&n, q, 3, f->a), "a\0b", 3);
	assert_int_equal(n, 3);
	assert_null(sql_blob(&n, q, 4, f->a));
	assert_null(sql_text_or_null(q, 5, f->a));
	assert_int_equal(sql_row(q, &f->e), 0);
}

static void
wrong_sql_is_a_fault_of_ours_and_says_so(void **state)
{
	static const char sql[] = "SELECT x FROM nowhere";
	struct fixture *f = *state;
	int64_t n;

	REFUSED(ERR_INTERNAL, sql_get(&n, f->db, sql, SQL_NO_ARGS, &f->e));
	assert_non_null(strstr(f->e.text, "no such table: nowhere"));
}

static void
settings_and_beats_are_kept(void **state)
{
	struct fixture *f = *state;
	int64_t seen;
	char *value;

	OK(settings_get(&value, f->a, f->db, "instance_name", &f->e));
	assert_string_equal(value, "");
	OK(settings_set(f->db, "instance_name", "A", &f->e));
	OK(settings_set(f->db, "instance_name", "B", &f->e));
	OK(settings_get(&value, f->a, f->db, "instance_name", &f->e));
	assert_string_equal(value, "B");
	OK(settings_worker_seen(&seen, f->db, &f->e));
	assert_int_equal(seen, 0);
	OK(settings_worker_beat(f->db, "w1", &f->e));
	fixture_do(f, "UPDATE worker SET seen_at=5");
	OK(settings_worker_beat(f->db, "w2", &f->e));
	OK(settings_worker_seen(&seen, f->db, &f->e));
	assert_true(seen > 5);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM worker"), 1);
}

/* A row in every table of the first schema, as one person's use would leave them. */
static const char used[] =
    "INSERT INTO setting VALUES ('x', 'y');"
    "INSERT INTO account VALUES (1, 'u-a', 'a@x', 'A', 'admin', 'hash', 0, 1, 2);"
    "INSERT INTO session VALUES ('s', 1, 'c', '::1', 1, 2, 3);"
    "INSERT INTO throttle VALUES ('account:a@x', 1, 2, 3);"
    "INSERT INTO storage VALUES (1, 'u-s', 'main', 'local', '/srv', 1);"
    "INSERT INTO project VALUES (1, 'u-p', 'shop', 'Shop', 'a@x', 1);"
    "INSERT INTO environment VALUES (1, 'u-e', 1, 'live', 'Live', 'live', 0, 1);"
    "INSERT INTO service VALUES (4, 'u-v', 1, 'media', 'Media', 'files', '{}', X'00ff', 3, 1,"
    " 'ok', 'fine', 9);"
    "INSERT INTO backup VALUES (2, 'u-b', 1, 1, 'on-demand', 'ready', '', 'good', 'note', 1, 1, 1,"
    " 2, 3, 4, 5, 6, 7, 8, NULL, 'media', 'k.json', 'ab'),"
    " (5, 'u-c', 1, 1, 'scheduled', 'failed', '', 'unknown', '', 0, NULL, 1, 2, 3, 0, 0, 0, 0, 0,"
    " 'no room', 'media', 'l.json', '');"
    "INSERT INTO part VALUES (3, 'u-t', 2, 4, 'media', 'Media', 'files', 'ready', 'tar', '', 'tar',"
    " 'k', 1, 2, 'a', 'b', 'm', 3, 4, 'c', 'd', 5, 6, 7, 8);"
    "INSERT INTO download VALUES (6, 'u-d', 2, 1, 1, 'ready', 'zip', '2:zip:3', 1, 2, 3, 4, 5, 6,"
    " NULL, 0);"
    "INSERT INTO job VALUES (7, 'u-j', 'backup', 'succeeded', 1, 2, NULL, NULL, 1, 'form', 1, 1, 2,"
    " 3, 4, NULL, 0, 2, 1, 1, 0, 'media', 5, 6, 7, 8, NULL, 0),"
    " (8, 'u-k', 'download', 'running', 1, 2, 6, NULL, NULL, NULL, 0, 1, 2, 3, 0, 'w', 9, 1, 0, 0,"
    " 1, '', 0, 0, 0, 0, NULL, 0),"
    " (9, 'u-l', 'check', 'failed', 1, NULL, NULL, 4, 1, NULL, 0, 1, 2, 3, 4, NULL, 0, 1, 0, 0,"
    " 0, '', 0, 0, 0, 0, 'no', 7);"
    "INSERT INTO job_service VALUES (7, 4, 0), (8, 4, 1);"
    "INSERT INTO job_log VALUES (7, 1, 2, 'note', 'begun');"
    "INSERT INTO download_file VALUES (1, 6, 3, 'media.zip', 'p', 4, 'e');"
    "INSERT INTO link VALUES (1, 6, 'hash', 'a@x', 1, 2, 0, 3);"
    "INSERT INTO link_use VALUES (1, 1, 1, 2, 3, 4, '::1');"
    "INSERT INTO outbox VALUES (1, '<m>', 'ready', 'a@x', 's', X'ff', 'queued', 1, 2, '', 8, 3, 0);"
    "INSERT INTO event VALUES (1, 2, 1, 'a@x', 'backup.requested', 1, 1, 'b2', '', '::1');"
    "INSERT INTO worker VALUES ('w', 1, 2);";

static int
note_row(void *to, int columns, char **values, char **names)
{
	for (int i = 0; i < columns; i++)
		buf_printf(to, "%s=%s ", names[i], values[i] != NULL ? values[i] : "NULL");
	buf_char(to, '\n');
	return 0;
}

/* What a query gives, as text. */
static char *
rows_of(struct fixture *f, const char *sql)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	char *wrong = NULL;

	if (sqlite3_exec(f->db->handle, sql, note_row, &out, &wrong) != SQLITE_OK)
		fail_msg("%s: %s", sql, wrong);
	return arena_dupn(f->a, out.p, out.n);
}

/* A catalogue of the first schema that was used; closed again. */
static void
use_first_schema(struct fixture *f)
{
	OK(db_migrate(&f->db, f->path, schema_sql, 1, &f->e));
	rows_of(f, used);
	db_close(f->db);
	f->db = NULL;
}

/* One SELECT per table of the first schema, of the columns that it had there. */
static size_t
list_tables(struct fixture *f, char *selects[32])
{
	static const char sql[] =
	    "SELECT 'SELECT '||group_concat(c.name, ', ')||' FROM '||t.name||' ORDER BY 1, 2' FROM"
	    " sqlite_schema t JOIN pragma_table_info(t.name) c WHERE t.type='table' AND"
	    " t.name<>'setting' GROUP BY t.name";
	CLEANUP_SQL struct sql *q = NULL;
	size_t n = 0;
	int rc;

	OK(sql_open(&q, f->db, sql, SQL_NO_ARGS, &f->e));
	while ((rc = sql_row(q, &f->e)) == 1 && n < 32)
		selects[n++] = sql_text(q, 0, f->a);
	assert_int_equal(rc, 0);
	return n;
}

/* The second schema makes two tables anew that others point to. */
static void
the_second_schema_keeps_every_row_and_every_reference(void **state)
{
	static const char sql_indexes[] =
	    "SELECT type, name, tbl_name FROM sqlite_schema WHERE type IN ('index', 'trigger') AND"
	    " name NOT LIKE 'sqlite_%' AND name NOT LIKE 'restore%' AND name<>'job_restore' ORDER"
	    " BY name";
	struct fixture *f = *state;
	char *selects[32], *before[32], *indexes, *after;
	size_t n;

	use_first_schema(f);
	OK(db_migrate(&f->db, f->path, schema_sql, 1, &f->e));
	n = list_tables(f, selects);
	assert_int_equal(n, 19);
	for (size_t i = 0; i < n; i++) {
		before[i] = rows_of(f, selects[i]);
		assert_string_not_equal(before[i], "");
	}
	indexes = rows_of(f, sql_indexes);
	db_close(f->db);
	OK(db_open_migrate(&f->db, f->path, &f->e));
	assert_true(fixture_number(f, "PRAGMA user_version") >= 2);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(rows_of(f, selects[i]), before[i]);
	after = rows_of(f, sql_indexes);
	for (char *next = NULL, *line = strtok_r(indexes, "\n", &next); line != NULL;
	     line = strtok_r(NULL, "\n", &next))
		if (strstr(after, line) == NULL)
			fail_msg("lost: %s", line);
	assert_string_equal(rows_of(f, "SELECT value FROM setting WHERE name='x'"), "value=y \n");
	/* Sound, and watched over again. */
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
	assert_string_equal(rows_of(f, "PRAGMA integrity_check"), "integrity_check=ok \n");
	assert_string_equal(rows_of(f, "SELECT name FROM sqlite_schema WHERE sql LIKE '%\\_new%'"
	                               " ESCAPE '\\'"), "");
	assert_int_equal(fixture_number(f, "PRAGMA foreign_keys"), 1);
	REFUSED(ERR_INTERNAL, sql_run(NULL, f->db, "DELETE FROM job WHERE id=7", SQL_NO_ARGS,
	    &f->e));
	REFUSED(ERR_INTERNAL, sql_run(NULL, f->db, "UPDATE part SET backup=99", SQL_NO_ARGS,
	    &f->e));
	/* What is new has its first value, and the new words are known. */
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM environment WHERE hook_before=''"
	    " AND hook_after='' AND hook_limit_s=300 AND watchers=''"), 1);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM backup WHERE test_state='' AND"
	    " tested_at=0"), 2);
	fixture_do(f, "UPDATE backup SET kind='safety' WHERE id=2");
	fixture_do(f, "UPDATE backup SET kind='uploaded' WHERE id=2");
	fixture_do(f, "UPDATE job SET kind='tidy', after_job=7 WHERE id=9");
}

/* The control: a reference that leads nowhere stops the migration, and the first schema stays. */
static void
a_reference_that_leads_nowhere_stops_a_migration(void **state)
{
	struct fixture *f = *state;

	use_first_schema(f);
	OK(db_migrate(&f->db, f->path, schema_sql, 1, &f->e));
	fixture_do(f, "PRAGMA foreign_keys=0");
	fixture_do(f, "UPDATE part SET backup=99");
	db_close(f->db);
	f->db = NULL;
	REFUSED(ERR_INTERNAL, db_open_migrate(&f->db, f->path, &f->e));
	assert_non_null(strstr(f->e.text, "1 rows would point to rows that are not there"));
	OK(db_migrate(&f->db, f->path, schema_sql, 1, &f->e));
	assert_int_equal(fixture_number(f, "PRAGMA user_version"), 1);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job"), 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_EMPTY_TEST(a_new_catalogue_is_for_its_owner_alone),
		FIXTURE_EMPTY_TEST(what_is_not_there_or_not_ours_is_refused),
		FIXTURE_EMPTY_TEST(a_newer_catalogue_is_refused_with_the_name_of_its_writer),
		FIXTURE_EMPTY_TEST(a_migration_keeps_a_copy_of_what_was),
		FIXTURE_EMPTY_TEST(a_migration_that_fails_changes_nothing),
		FIXTURE_EMPTY_TEST(T12_a_killed_migration_is_finished_by_the_next_start),
		FIXTURE_EMPTY_TEST(the_second_schema_keeps_every_row_and_every_reference),
		FIXTURE_EMPTY_TEST(a_reference_that_leads_nowhere_stops_a_migration),
		FIXTURE_EMPTY_TEST(several_processes_that_start_at_once_migrate_once),
		FIXTURE_TEST(a_locked_catalogue_is_waited_for_up_to_the_limit),
		FIXTURE_TEST(T19_no_room_is_said_so_and_passes_by_itself),
		FIXTURE_EMPTY_TEST(T19_a_full_disk_is_said_so_and_passes_by_itself),
		FIXTURE_TEST(a_transaction_that_is_left_is_undone),
		FIXTURE_TEST(a_statement_may_be_open_twice),
		FIXTURE_TEST(values_of_every_kind_come_back),
		FIXTURE_TEST(wrong_sql_is_a_fault_of_ours_and_says_so),
		FIXTURE_TEST(settings_and_beats_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
