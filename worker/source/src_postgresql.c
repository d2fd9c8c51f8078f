/* src_postgresql.c: a PostgreSQL database, by the vendor's own tools: psql, pg_dump and pg_restore.
 *
 * How to connect goes to them by environment variables, never by argv: there a value is always
 * itself, while as --dbname a name like "host=x" would be taken apart. The password goes by a file
 * (PGPASSFILE).
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/base/num.h"
#include "lib/base/rand.h"
#include "lib/base/utf8.h"
#include "lib/util/proc.h"
#include "worker/source/drivers.h"

enum { ENV_MAX = 12, ANSWER_MAX = 64 * 1024, PIECE = 256 * 1024 };

/* A custom-format dump begins so. */
static const char magic[] = { 'P', 'G', 'D', 'M', 'P' };

/* How the tools reach the server. */
struct access {
	const char *env[ENV_MAX];
	const char *passfile;         /* removed with this; "" when there is none */
};

static void
access_drop(struct access *access)
{
	if (*access->passfile != '\0')
		unlink(access->passfile);
	access->passfile = "";
}

/* One line that fits every server: its own fields are wildcards, so only the password needs
 * escapes. */
static int
write_passfile(const char *path, const char *secret, struct err *e)
{
	CLEANUP_BUF struct buf line = BUF_INIT;
	CLEANUP_FD int fd = -1;
	int rc;

	if (strpbrk(secret, "\r\n") != NULL)
		return err_set(e, ERR_INPUT,
		    "A password with a line break cannot be used for PostgreSQL");
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, "create '%s'", path);
	buf_text(&line, "*:*:*:*:");
	for (const char *c = secret; *c != '\0'; c++) {
		if (*c == ':' || *c == '\\')
			buf_char(&line, '\\');
		buf_char(&line, *c);
	}
	buf_char(&line, '\n');
	rc = fd_write_all(fd, line.p, line.n, e);
	explicit_bzero(line.p, line.n);
	return rc;
}

static int
access_make(struct access *ret, const struct source *src, struct err *e)
{
	const struct service_settings *s = &src->service->settings;
	unsigned char bytes[8];
	char name[2 * sizeof bytes + 1];
	char *passfile;
	size_t n = 0;

	rand_bytes(bytes, sizeof bytes);
	rand_hex(name, bytes, sizeof bytes);
	passfile = arena_printf(src->arena, "%s/pgpass.%s", src->scratch, name);
	*ret = (struct access){ .passfile = "" };
	ret->env[n++] = arena_printf(src->arena, "PGHOST=%s", s->host);
	ret->env[n++] = arena_printf(src->arena, "PGPORT=%s", *s->port != '\0' ? s->port : "5432");
	ret->env[n++] = arena_printf(src->arena, "PGUSER=%s", s->user);
	ret->env[n++] = arena_printf(src->arena, "PGDATABASE=%s", s->database);
	if (*s->tls != '\0')
		ret->env[n++] = arena_printf(src->arena, "PGSSLMODE=%s", s->tls);
	/* Set even without a password: the file of whoever runs the worker is none of this
	 * service's business. */
	ret->env[n++] = arena_printf(src->arena, "PGPASSFILE=%s", passfile);
	ret->env[n++] = "PGCONNECT_TIMEOUT=10";
	ret->env[n] = "PGAPPNAME=lazarette";
	if (*src->secret == '\0')
		return 0;
	ret->passfile = passfile;
	return write_passfile(passfile, src->secret, e);
}

/* What one query answers: its columns divided by '|'. */
static int
ask(char **ret, const struct source *src, const struct access *access, const char *sql,
    struct err *e)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	const char *env[ENV_MAX + 1];
	size_t n = 0;
	char *psql;

	if (proc_find(&psql, src->arena, "psql", 0, e) != 0)
		return -1;
	for (; access->env[n] != NULL; n++)
		env[n] = access->env[n];
	env[n] = "PGCLIENTENCODING=UTF8";
	env[n + 1] = NULL;
	const char *const argv[] = { psql, "--no-psqlrc", "--no-align", "--tuples-only", "--quiet",
		"--no-password", "--field-separator=|", "--command", sql, NULL };
	struct proc_spec spec = { .argv = argv, .env = env, .stdin_fd = -1, .secret = src->secret };

	if (proc_output(&out, ANSWER_MAX, &spec, e) != 0)
		return -1;
	while (out.n > 0 && out.p[out.n - 1] == '\n')
		buf_cut(&out, out.n - 1);
	*ret = utf8_clean(src->arena, out.p, out.n);
	return 0;
}

/* The text up to the next '|', which becomes its end; *at moves behind it. */
static const char *
column(char **at)
{
	char *begin = *at, *end = strchr(begin, '|');

	if (end != NULL)
		*end++ = '\0';
	*at = end ? end : begin + strlen(begin);
	return begin;
}

static int
number(int64_t *ret, char **at, struct err *e)
{
	const char *text = column(at);

	if (!num_parse(ret, text, 0, INT64_MAX))
		return err_set(e, ERR_INTERNAL,
		    "psql answered '%.100s' where a number was expected", text);
	return 0;
}

/* "150020" is 15, "90624" is 9. */
static int
major_of(int64_t server_version_num)
{
	return (int)(server_version_num / 10000);
}

/* A tool's own words about its version: "pg_dump (PostgreSQL) 15.20", and the 15 in it. */
static int
tool_version(char **ret, int *major, const struct source *src, const char *path, struct err *e)
{
	static const char mark[] = "(PostgreSQL) ";
	const char *const argv[] = { path, "--version", NULL };
	struct proc_spec spec = { .argv = argv, .stdin_fd = -1 };
	CLEANUP_BUF struct buf out = BUF_INIT;
	char *version, *end;
	int64_t n;

	if (proc_output(&out, ANSWER_MAX, &spec, e) != 0)
		return -1;
	*ret = utf8_clean(src->arena, out.p, strcspn(out.p, "\n"));
	version = strstr(*ret, mark);
	if (version != NULL) {
		version += sizeof mark - 1;
		/* Without the packager's words in brackets behind it. */
		version[strcspn(version, " ")] = '\0';
		end = version + strspn(version, "0123456789");
		if (num_parse(&n, arena_dupn(src->arena, version, (size_t)(end - version)), 1,
		        1000)) {
			*major = (int)n;
			return 0;
		}
	}
	return err_set(e, ERR_INPUT,
	    "'%s --version' says '%.200s', which is no version of PostgreSQL", path, *ret);
}

/* The newest pg_dump, which must be at least as new as the server. */
static int
find_dump(char **path, char **tool, const struct source *src, int server, struct err *e)
{
	int major = 0;

	/* What a package left behind is found only without asking for a version; then its age is
	 * the news. */
	if (proc_find(path, src->arena, "pg_dump", server, e) != 0 &&
	    proc_find(path, src->arena, "pg_dump", 0, e) != 0) {
		return err_set(e, ERR_INPUT, "pg_dump is not installed. "
		    "Install it with: apt install postgresql-client-%d", server);
	}
	if (tool_version(tool, &major, src, *path, e) != 0)
		return -1;
	if (major < server)
		return err_set(e, ERR_INPUT,
		    "pg_dump %d cannot dump a PostgreSQL %d server. "
		    "Install a newer one with: apt install postgresql-client-%d",
		    major, server, server);
	return 0;
}

static int
prepare(struct source_facts *ret, const struct source *src, struct err *e)
{
	static const char sql[] = "SELECT pg_catalog.current_setting('server_version_num'),"
	    " pg_catalog.split_part(pg_catalog.current_setting('server_version'), ' ', 1)";
	CLEANUP(access_drop) struct access access = { .passfile = "" };
	char *answer, *path, *tool;
	int64_t version;

	if (access_make(&access, src, e) != 0 || ask(&answer, src, &access, sql, e) != 0 ||
	    number(&version, &answer, e) != 0 ||
	    find_dump(&path, &tool, src, major_of(version), e) != 0)
		return -1;
	*ret = (struct source_facts){ .format = "pg-custom",
		.ending = "dump",
		.engine_version = answer,
		.tool = tool,
		.taken_at = clock_now() };
	return 0;
}

/* What the user may not read whole makes pg_dump fail later; tables of extensions are not dumped.
 * Named are up to five of the worst kind: 1 forbidden tables, 2 forbidden sequences, 3 tables with
 * hidden rows. */
static const char sql_check[] =
    "WITH rel AS (SELECT c.relkind = 'S' AS sequence,"
    "  CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname AS name,"
    "  pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, "
    "'SELECT') AS may,"
    "  c.relkind <> 'S' AND pg_catalog.row_security_active(c.oid) AS hidden"
    "  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    "  WHERE c.relkind IN ('r', 'p', 'S') AND c.relpersistence <> 't'"
    "  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'"
    "  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d"
    "   WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND "
    "d.deptype = 'e')),"
    " t AS (SELECT *, CASE WHEN may AND NOT hidden THEN NULL WHEN may THEN 3 WHEN sequence THEN 2 "
    "ELSE 1 END AS fault"
    "  FROM rel)"
    " SELECT pg_catalog.current_setting('server_version_num'),"
    "  pg_catalog.pg_database_size(pg_catalog.current_database()),"
    "  count(*) FILTER (WHERE NOT sequence),"
    "  count(*) FILTER (WHERE fault = 1), count(*) FILTER (WHERE fault = 2), count(*) FILTER "
    "(WHERE fault = 3),"
    "  pg_catalog.split_part(pg_catalog.current_setting('server_version'), ' ', 1),"
    "  (SELECT pg_catalog.string_agg(name, ', ') FROM (SELECT pg_catalog.replace(name, E'\\n', ' "
    "') AS name"
    "   FROM t WHERE fault = (SELECT min(fault) FROM t) ORDER BY 1 LIMIT 5) few)"
    " FROM t";

struct findings {
	int64_t version, bytes, tables, forbidden_tables, forbidden_sequences, hidden_tables;
	const char *version_text, *names;
};

/* What the user may not read, as a sentence with the remedy. */
static int
judge_rights(const struct findings *f, const struct source *src, struct err *e)
{
	const char *user = src->service->settings.user;
	int64_t n = f->forbidden_tables > 0 ? f->forbidden_tables : f->forbidden_sequences;
	const char *kind = f->forbidden_tables > 0 ? "table" : "sequence";

	if (n > 0)
		return err_set(e, ERR_INPUT,
		    "User %s lacks SELECT on %" PRId64 " %s%s: %s%s. "
		    "A superuser can grant it: GRANT pg_read_all_data TO \"%s\" (PostgreSQL 14 or "
		    "newer)",
		    user, n, kind, n == 1 ? "" : "s", f->names, n > 5 ? ", …" : "", user);
	if (f->hidden_tables > 0)
		return err_set(e, ERR_INPUT,
		    "Row security hides rows of %" PRId64 " table%s from user %s: %s%s. "
		    "A superuser can lift it: ALTER ROLE \"%s\" BYPASSRLS",
		    f->hidden_tables, f->hidden_tables == 1 ? "" : "s", user, f->names,
		    f->hidden_tables > 5 ? ", …" : "", user);
	return 0;
}

static int
check(char **text, const struct source *src, struct err *e)
{
	CLEANUP(access_drop) struct access access = { .passfile = "" };
	char *answer, *path, *tool, size[NUM_TEXT], count[NUM_TEXT];
	struct findings f;

	if (access_make(&access, src, e) != 0 || ask(&answer, src, &access, sql_check, e) != 0 ||
	    number(&f.version, &answer, e) != 0 || number(&f.bytes, &answer, e) != 0 ||
	    number(&f.tables, &answer, e) != 0 || number(&f.forbidden_tables, &answer, e) != 0 ||
	    number(&f.forbidden_sequences, &answer, e) != 0 ||
	    number(&f.hidden_tables, &answer, e) != 0)
		return -1;
	f.version_text = column(&answer);
	f.names = answer;
	if (find_dump(&path, &tool, src, major_of(f.version), e) != 0 ||
	    judge_rights(&f, src, e) != 0)
		return -1;
	num_size(size, f.bytes);
	num_count(count, f.tables);
	*text =
	    arena_printf(src->arena, "PostgreSQL %s, %s in %s table%s. It will be dumped by %s.",
	        f.version_text, size, count, f.tables == 1 ? "" : "s", tool);
	return 0;
}

static void
hear(void *arg, const char *line)
{
	const struct source *src = *(const struct source **)arg;

	src->watch->say(src->watch->arg, strstr(line, "warning:") ? "warn" : "err", line);
}

/* Pass the dump on; its beginning must be that of a custom-format dump. */
static int
stream(const struct sink *to, struct proc *p, const struct watch *watch, struct err *e)
{
	CLEANUP_BUF struct buf piece = BUF_INIT;
	char head[sizeof magic];
	size_t seen = 0;
	ssize_t n;

	while ((n = proc_read(p, buf_room(&piece, PIECE), PIECE, e)) > 0) {
		for (ssize_t i = 0; i < n && seen < sizeof head; i++)
			head[seen++] = piece.p[i];
		if (sink_write(to, piece.p, (size_t)n, e) != 0)
			return -1;
		watch->bytes(watch->arg, n);
	}
	/* The tool's own words come first: when it failed, what it wrote is of no interest. */
	if (n < 0 || proc_wait(p, e) != 0)
		return -1;
	if (seen == 0)
		return err_set(e, ERR_DAMAGED, "pg_dump ended with exit code 0 but wrote nothing");
	if (seen < sizeof head || memcmp(head, magic, sizeof magic) != 0)
		return err_set(e, ERR_DAMAGED,
		    "what pg_dump wrote does not begin as a custom-format dump");
	return 0;
}

static int
dump(const struct sink *to, const struct source *src, struct err *e)
{
	CLEANUP(access_drop) struct access access = { .passfile = "" };
	CLEANUP_PROC struct proc *p = NULL;
	char *path;

	if (proc_find(&path, src->arena, "pg_dump", 0, e) != 0 || access_make(&access, src, e) != 0)
		return -1;
	/* A table locked for so long is reported by the server's words; waiting for ever tells
	 * nothing. */
	const char *const argv[] = { path, "--format=custom", "--compress=0", "--no-password",
		"--lock-wait-timeout=240000", NULL };
	struct proc_spec spec = { .argv = argv,
		.env = access.env,
		.stdin_fd = -1,
		.secret = src->secret,
		.line = hear,
		.arg = &src };

	if (proc_start(&p, &spec, e) != 0)
		return -1;
	return stream(to, p, src->watch, e);
}

/* pg_restore --list looks at the head only; the whole dump is read when its script is written. */
static int
prove(int fd, const struct source *src UNUSED, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();    /* the job proves in a thread of its own */
	CLEANUP_BUF struct buf none = BUF_INIT;
	char rest[8192];
	char *path;
	ssize_t n;

	if (proc_find(&path, a, "pg_restore", 0, e) != 0)
		return -1;
	const char *const argv[] = { path, "--format=custom", "--file=/dev/null", NULL };
	struct proc_spec spec = { .argv = argv, .stdin_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3) };

	if (spec.stdin_fd < 0)
		return err_sys(e, "dup");
	if (proc_output(&none, ANSWER_MAX, &spec, e) != 0) {
		e->kind = ERR_DAMAGED;
		return -1;
	}
	/* pg_restore stops behind the last block; who feeds us may still be writing. */
	do
		n = fd_read_full(fd, rest, sizeof rest, e);
	while (n > 0);
	return n < 0 ? -1 : 0;
}

const struct source_driver src_postgresql_driver = {
	.engine = ENGINE_POSTGRESQL,
	.check = check,
	.prepare = prepare,
	.dump = dump,
	.prove = prove,
};
