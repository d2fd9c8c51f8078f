/* pg_salvage.c: a stored PostgreSQL dump into an empty database, without a catalogue. */
#include "worker/target/pg_salvage.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/fd.h"
#include "lib/util/proc.h"
#include "worker/target/pg_fence.h"

enum { ANSWER_MAX = 64 * 1024, PIECE = 256 * 1024, ENV_MAX = 8 };

/* The dump on disk, gone with this. */
struct scratch {
	char folder[256];
	char dump[280];
};

static void
scratch_remove(struct scratch *s)
{
	if (*s->folder == '\0')
		return;
	unlink(s->dump);
	rmdir(s->folder);
	*s->folder = '\0';
}

static int
scratch_make(struct scratch *ret, struct err *e)
{
	const char *where = getenv("TMPDIR");

	if (snprintf(ret->folder, sizeof ret->folder, "%s/lazarette.XXXXXX",
	        where != NULL && *where == '/' ? where : "/var/tmp") >= (int)sizeof ret->folder ||
	    mkdtemp(ret->folder) == NULL) {
		*ret->folder = '\0';
		return err_sys(e, "make a folder in '%s' (see TMPDIR)", where ? where : "/var/tmp");
	}
	snprintf(ret->dump, sizeof ret->dump, "%s/dump", ret->folder);
	return 0;
}

/* What libpq reads a password from, and nothing else of whoever runs this. */
static void
make_env(const char *env[ENV_MAX], struct arena *a)
{
	static const char *const passed[] = { "PGPASSWORD", "PGPASSFILE", "PGSSLMODE",
		"PGSSLROOTCERT" };
	size_t n = 0;

	for (size_t i = 0; i < sizeof passed / sizeof *passed; i++) {
		const char *value = getenv(passed[i]);

		if (value != NULL)
			env[n++] = arena_printf(a, "%s=%s", passed[i], value);
	}
	env[n++] = "PGCONNECT_TIMEOUT=10";
	env[n++] = "PGAPPNAME=lazarette";
	env[n] = NULL;
}

/* "//user:password@": the colon stands before the first at-sign of the authority. */
static int
check_url(const char *url, struct err *e)
{
	const char *authority = strstr(url, "://"), *at, *colon;

	if (authority == NULL || (strncmp(url, "postgresql://", 13) != 0 &&
	                             strncmp(url, "postgres://", 11) != 0))
		return err_set(e, ERR_INPUT,
		    "'%s' is no address of a database: say postgresql://user@host:5432/database",
		    url);
	authority += 3;
	at = memchr(authority, '@', strcspn(authority, "/?"));
	colon = at ? memchr(authority, ':', (size_t)(at - authority)) : NULL;
	if (colon != NULL || strstr(url, "password=") != NULL)
		return err_set(e, ERR_INPUT,
		    "a password in the address would be seen by everybody on this machine; put it "
		    "into the variable PGPASSWORD or a file that PGPASSFILE names");
	return 0;
}

static int
check_database(const char *const *env, const char *url, struct arena *a, struct err *e)
{
	static const char sql[] =
	    "SELECT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user),"
	    " (SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
	    "  ON n.oid = c.relnamespace WHERE n.nspname <> 'information_schema'"
	    "  AND n.nspname !~ '^pg_')";
	CLEANUP_BUF struct buf out = BUF_INIT;
	char *psql;

	if (proc_find(&psql, a, "psql", 0, e) != 0)
		return -1;
	const char *const argv[] = { psql, "--no-psqlrc", "--no-align", "--tuples-only", "--quiet",
		"--no-password", "--command", sql, "--dbname", url, NULL };
	const struct proc_spec spec = { .argv = argv, .env = env, .stdin_fd = -1 };

	if (proc_output(&out, ANSWER_MAX, &spec, e) != 0)
		return -1;
	if (out.n > 0 && out.p[0] == 't')
		return err_set(e, ERR_INPUT,
		    "the role of this address is a superuser; a dump is restored by an ordinary "
		    "role that owns the database: CREATE ROLE app LOGIN; CREATE DATABASE … OWNER "
		    "app");
	if (out.n < 3 || strncmp(out.p, "f|0", 3) != 0 || (out.n > 3 && out.p[3] != '\n'))
		return err_set(e, ERR_CONFLICT,
		    "the database is not empty; name one that is, so that nothing is lost");
	return 0;
}

static int
put_dump(const struct scratch *s, const struct export_part *from, struct err *e)
{
	CLEANUP_FD int fd = open(s->dump, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct export_file made;

	return fd < 0 ? err_sys(e, "create '%s'", s->dump) : export_database(&made, fd, from, e);
}

/* The whole script that the dump stands for, before any of it is run. */
static int
check_script(const struct scratch *s, struct arena *a, struct err *e)
{
	CLEANUP_PG_FENCE struct pg_fence *fence = pg_fence_new(PG_FENCE_DUMP);
	CLEANUP_PROC struct proc *child = NULL;
	CLEANUP_BUF struct buf piece = BUF_INIT;
	char *tool;
	ssize_t n;

	if (proc_find(&tool, a, "pg_restore", 0, e) != 0)
		return -1;
	const char *const argv[] = { tool, "--file=-", s->dump, NULL };
	const struct proc_spec spec = { .argv = argv, .stdin_fd = -1 };

	if (proc_start(&child, &spec, e) != 0)
		return -1;
	while ((n = proc_read(child, buf_room(&piece, PIECE), PIECE, e)) > 0)
		if (pg_fence_read(fence, piece.p, (size_t)n, e) != 0)
			return -1;
	if (n < 0 || proc_wait(child, e) != 0)
		return -1;
	return pg_fence_end(fence, e);
}

static int
restore(const struct scratch *s, const char *const *env, const char *url, struct arena *a,
    struct err *e)
{
	CLEANUP_BUF struct buf none = BUF_INIT;
	char *tool;

	if (proc_find(&tool, a, "pg_restore", 0, e) != 0)
		return -1;
	const char *const argv[] = { tool, "--single-transaction", "--exit-on-error", "--no-owner",
		"--no-privileges", "--no-password", "--dbname", url, s->dump, NULL };
	const struct proc_spec spec = { .argv = argv, .env = env, .stdin_fd = -1 };

	return proc_output(&none, ANSWER_MAX, &spec, e);
}

int
pg_salvage(const struct export_part *from, const char *url, struct arena *a, struct err *e)
{
	CLEANUP(scratch_remove) struct scratch s = { .folder = "" };
	const char *env[ENV_MAX];

	make_env(env, a);
	if (check_url(url, e) != 0 || check_database(env, url, a, e) != 0 ||
	    scratch_make(&s, e) != 0 || put_dump(&s, from, e) != 0 || check_script(&s, a, e) != 0)
		return -1;
	return restore(&s, env, url, a, e);
}
