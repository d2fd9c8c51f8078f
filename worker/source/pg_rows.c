/* pg_rows.c: how many rows each table has, all of one moment. */
#include "worker/source/pg_rows.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "lib/base/num.h"
#include "lib/base/utf8.h"
#include "lib/util/proc.h"

enum { OUTPUT_MAX = 16 << 20, PIECE = 16 * 1024, LINE_MAX = 8192 };

struct pg_rows {
	const struct source *src;
	struct proc *psql;
	int to;                       /* its stdin; until we close it, it holds the snapshot */
	struct buf seen;              /* of its stdout */
};

static const char snapshot_mark[] = "snapshot|", end_mark[] = "end|\n";

#define TABLES \
	" FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace," \
	" LATERAL (SELECT pg_catalog.translate(n.nspname || '.' || c.relname, E'\\n\\r', '  ')" \
	"  AS name) t" \
	" WHERE c.relkind = 'r' AND c.relpersistence <> 't'" \
	" AND n.nspname <> 'information_schema' AND n.nspname !~ '^(pg_|" PG_OWN_SCHEMA ")'" \
	" AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE" \
	"  d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid" \
	"  AND d.deptype = 'e')" \
	" ORDER BY t.name COLLATE \"C\""

/* One table that fails must not end the transaction, whose snapshot is in use; but without a
 * snapshot psql ends, and nobody waits for it. None can be taken inside a savepoint. */
static const char script[] =
    "\\set ON_ERROR_STOP 1\n"
    "SET idle_in_transaction_session_timeout = 0;\n"
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n"
    "SELECT 'snapshot|' || pg_catalog.pg_export_snapshot();\n"
    "SELECT pg_catalog.repeat(' ', 65536);\n"   /* so that psql writes what it holds back */
    "\\set ON_ERROR_STOP 0\n"
    "\\set ON_ERROR_ROLLBACK on\n"
    "SET LOCAL statement_timeout = '60s';\n"
    "SET LOCAL lock_timeout = '10s';\n"
    "SET LOCAL row_security = off;\n"
    "SELECT t.name || '|-1'" TABLES ";\n"
    "SELECT pg_catalog.format('SELECT %L || pg_catalog.count(*) FROM ONLY %I.%I',"
    " t.name || '|', n.nspname, c.relname)" TABLES " \\gexec\n"
    "SELECT 'end|';\n";

static void
hear(void *arg, const char *line)
{
	const struct source *src = arg;

	src->watch->say(src->watch->arg, "note", line);
}

void
pg_rows_freep(struct pg_rows **rows)
{
	struct pg_rows *r = *rows;

	if (r == NULL)
		return;
	fd_close(&r->to);
	proc_end(r->psql);
	buf_release(&r->seen);
	free(r);
	*rows = NULL;
}

/* Read until a line begins with the mark: where it does. */
static int
read_to(const char **at, struct pg_rows *r, const char *mark, struct err *e)
{
	size_t n = strlen(mark), from = 0;
	const char *end;
	ssize_t got;

	for (;;) {
		while ((end = memchr(r->seen.p + from, '\n', r->seen.n - from)) != NULL) {
			if (strncmp(r->seen.p + from, mark, n) == 0) {
				*at = r->seen.p + from;
				return 0;
			}
			from = (size_t)(end - r->seen.p) + 1;
		}
		if (r->seen.n > OUTPUT_MAX)
			return err_set(e, ERR_INPUT, "the database has too many tables to count");
		got = proc_read(r->psql, buf_room(&r->seen, PIECE), PIECE, e);
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		buf_took(&r->seen, (size_t)got);
	}
	if (proc_wait(r->psql, e) != 0)
		return -1;
	return err_set(e, ERR_INTERNAL, "psql ended before it had counted");
}

static int
start(struct pg_rows *r, const struct pg_access *access, struct err *e)
{
	const char *env[PG_ENV_MAX + 1];
	char *psql;
	int ends[2];

	if (pg_psql(&psql, env, r->src, access, e) != 0)
		return -1;
	const char *const argv[] = { psql, "--no-psqlrc", "--no-align", "--tuples-only", "--quiet",
		"--no-password", "--file=-", NULL };
	struct proc_spec spec = { .argv = argv, .env = env, .secret = r->src->secret,
		.line = hear, .arg = (void *)(uintptr_t)r->src };

	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_sys(e, "pipe");
	spec.stdin_fd = ends[0];
	r->to = ends[1];
	/* Into an empty pipe, which is larger: this never waits, and psql cannot be gone yet. */
	if (fd_write_all(r->to, script, sizeof script - 1, e) != 0) {
		fd_close(&ends[0]);
		return -1;
	}
	return proc_start(&r->psql, &spec, e);
}

int
pg_rows_begin(struct pg_rows **ret, char **snapshot, const struct source *src,
    const struct pg_access *access, struct err *e)
{
	CLEANUP_PG_ROWS struct pg_rows *r = xmalloc(sizeof *r);
	const char *at;

	*r = (struct pg_rows){ .src = src, .to = -1, .seen = BUF_INIT };
	if (start(r, access, e) != 0 || read_to(&at, r, snapshot_mark, e) != 0)
		return -1;
	at += sizeof snapshot_mark - 1;
	*snapshot = arena_dupn(src->arena, at, strcspn(at, "\n"));
	*ret = r;
	r = NULL;
	return 0;
}

/* Two tables may look the same once line breaks are spaces: they are one then. */
static bool
is_last(const struct source_rows *rows, size_t next, const char *name)
{
	return next > 0 && strcmp(rows->tables[next - 1].name, name) == 0;
}

/* "public.item|-1" for each table, then "public.item|22000" for each that could be counted, in the
 * same order. */
static int
take(struct source_rows *ret, struct arena *a, const char *text, const char *end)
{
	struct source_rows rows = { NULL, 0 };
	size_t capacity = 0, next = 0;

	for (const char *line = text, *stop; line < end; line = stop + 1) {
		const char *bar;
		int64_t count;
		char *name;

		stop = memchr(line, '\n', (size_t)(end - line));
		if (stop == NULL)
			break;
		bar = memrchr(line, '|', (size_t)(stop - line));
		if (bar == NULL || strncmp(line, snapshot_mark, sizeof snapshot_mark - 1) == 0)
			continue;
		name = utf8_clean(a, line, (size_t)(bar - line));
		if (!num_parse(&count, arena_dupn(a, bar + 1, (size_t)(stop - bar - 1)), 0,
		        INT64_MAX)) {
			if (is_last(&rows, rows.count, name))
				continue;
			rows.tables = arena_grow(a, rows.tables, rows.count, &capacity,
			    sizeof *rows.tables);
			rows.tables[rows.count++] = (struct table_count){ name, -1 };
			continue;
		}
		if (is_last(&rows, next, name)) {
			rows.tables[next - 1].rows += count;
			continue;
		}
		while (next < rows.count && strcmp(rows.tables[next].name, name) != 0)
			next++;
		if (next == rows.count)
			return -1;
		rows.tables[next++].rows = count;
	}
	*ret = rows;
	return 0;
}

int
pg_rows_end(struct source_rows *ret, struct pg_rows *rows, struct err *e)
{
	const char *end;

	fd_close(&rows->to);
	if (read_to(&end, rows, end_mark, e) != 0)
		return -1;
	if (take(ret, rows->src->arena, rows->seen.p, end) != 0)
		return err_set(e, ERR_INTERNAL, "psql counted a table that it had not named");
	return 0;
}

int
pg_rows_now(struct source_rows *ret, const struct source *src, const struct pg_access *access,
    struct err *e)
{
	CLEANUP_PG_ROWS struct pg_rows *r = NULL;
	char *snapshot;

	if (pg_rows_begin(&r, &snapshot, src, access, e) != 0)
		return -1;
	return pg_rows_end(ret, r, e);
}
