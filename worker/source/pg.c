/* pg.c: reaching a PostgreSQL server by the vendor's tools. */
#include "worker/source/pg.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/fd.h"
#include "lib/base/num.h"
#include "lib/base/rand.h"
#include "lib/base/room.h"
#include "lib/base/utf8.h"
#include "lib/util/proc.h"

enum { ANSWER_MAX = 64 * 1024 };

void
pg_access_drop(struct pg_access *access)
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
		return room_not_made(e, path);
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

int
pg_access_make(struct pg_access *ret, const struct source *src, const char *database, struct err *e)
{
	const struct service_settings *s = &src->service->settings;
	unsigned char bytes[8];
	char name[2 * sizeof bytes + 1];
	char *passfile;
	size_t n = 0;

	rand_bytes(bytes, sizeof bytes);
	rand_hex(name, bytes, sizeof bytes);
	passfile = arena_printf(src->arena, "%s/pgpass.%s", src->scratch, name);
	*ret = (struct pg_access){ .passfile = "" };
	ret->env[n++] = arena_printf(src->arena, "PGHOST=%s", s->host);
	ret->env[n++] = arena_printf(src->arena, "PGPORT=%s", *s->port != '\0' ? s->port : "5432");
	ret->env[n++] = arena_printf(src->arena, "PGUSER=%s", s->user);
	ret->env[n++] = arena_printf(src->arena, "PGDATABASE=%s", database);
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

int
pg_psql(char **path, const char *env[PG_ENV_MAX + 1], const struct source *src,
    const struct pg_access *access, struct err *e)
{
	size_t n = 0;

	if (proc_find(path, src->arena, "psql", 0, e) != 0)
		return -1;
	for (; access->env[n] != NULL; n++)
		env[n] = access->env[n];
	env[n] = "PGCLIENTENCODING=UTF8";
	env[n + 1] = NULL;
	return 0;
}

int
pg_ask(char **ret, const struct source *src, const struct pg_access *access, const char *sql,
    struct err *e)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	const char *env[PG_ENV_MAX + 1];
	char *psql;

	if (pg_psql(&psql, env, src, access, e) != 0)
		return -1;
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

/* A descriptor from which the text is read. */
static int
text_fd(int *ret, const char *text, struct err *e)
{
	CLEANUP_FD int fd = memfd_create("sql", MFD_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "memfd_create");
	if (fd_write_all(fd, text, strlen(text), e) != 0)
		return -1;
	if (lseek(fd, 0, SEEK_SET) != 0)
		return err_sys(e, "lseek");
	*ret = fd;
	fd = -1;
	return 0;
}

int
pg_begin(struct proc **ret, const struct source *src, const struct pg_access *access,
    const struct pg_script *script, struct err *e)
{
	const char *env[PG_ENV_MAX + 1];
	char *psql;

	if (pg_psql(&psql, env, src, access, e) != 0)
		return -1;
	const char *const argv[] = { psql, "--no-psqlrc", "--no-align", "--tuples-only", "--quiet",
		"--no-password", "--field-separator=|", "--set=ON_ERROR_STOP=1", "--file=-",
		script->single ? "--single-transaction" : NULL, NULL };
	struct proc_spec spec = { .argv = argv,
		.env = env,
		.stdin_fd = -1,
		.secret = src->secret,
		.line = script->line,
		.arg = script->arg };

	if (text_fd(&spec.stdin_fd, script->sql, e) != 0)
		return -1;
	return proc_start(ret, &spec, e);
}

int
pg_run(const struct source *src, const struct pg_access *access, const struct pg_script *script,
    struct err *e)
{
	CLEANUP_PROC struct proc *p = NULL;

	if (pg_begin(&p, src, access, script, e) != 0)
		return -1;
	return proc_wait(p, e);
}

char *
pg_ident(struct arena *a, const char *name)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	buf_char(&b, '"');
	for (; *name != '\0'; name++) {
		if (*name == '"')
			buf_char(&b, '"');
		buf_char(&b, *name);
	}
	buf_char(&b, '"');
	return arena_dupn(a, b.p, b.n);
}

char *
pg_literal(struct arena *a, const char *text)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	buf_text(&b, "E'");
	for (; *text != '\0'; text++) {
		if (*text == '\'' || *text == '\\')
			buf_char(&b, *text);
		buf_char(&b, *text);
	}
	buf_char(&b, '\'');
	return arena_dupn(a, b.p, b.n);
}

const char *
pg_column(char **at)
{
	char *begin = *at, *end = strchr(begin, '|');

	if (end != NULL)
		*end++ = '\0';
	*at = end ? end : begin + strlen(begin);
	return begin;
}

int
pg_number(int64_t *ret, char **at, struct err *e)
{
	const char *text = pg_column(at);

	if (!num_parse(ret, text, 0, INT64_MAX))
		return err_set(e, ERR_INTERNAL,
		    "psql answered '%.100s' where a number was expected", text);
	return 0;
}

int
pg_major(int64_t server_version_num)
{
	return (int)(server_version_num / 10000);
}

int
pg_tool_version(char **ret, int *major, const struct source *src, const char *path, struct err *e)
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
