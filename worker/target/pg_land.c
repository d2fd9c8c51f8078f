/* pg_land.c: a dump goes through the fence and into the database beside the target. */
#include "worker/target/pg_land.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "lib/base/num.h"
#include "lib/util/proc.h"
#include "worker/target/pg_fence.h"
#include "worker/target/pg_side.h"

enum { PIECE = 256 * 1024, SPARE = 1 << 20, NOTHING_MAX = 64 * 1024 };

static int
check_room(const struct target *t, int64_t needs, struct err *e)
{
	char wants[NUM_TEXT], got[NUM_TEXT];
	struct statvfs st;
	int64_t has;

	if (statvfs(t->src->scratch, &st) != 0)
		return err_sys(e, "statvfs '%s'", t->src->scratch);
	has = (int64_t)st.f_bavail * (int64_t)st.f_frsize;
	if (has >= needs + SPARE)
		return 0;
	num_size(wants, needs + SPARE);
	num_size(got, has);
	return err_set(e, ERR_FULL,
	    "The worker's scratch folder is full: the dump needs %s, it has %s. Make room in '%s'",
	    wants, got, t->src->scratch);
}

int
pg_land_fetch(const char **path, const struct target *t, const struct export_part *from,
    struct err *e)
{
	const char *name = arena_printf(t->src->arena, "%s/%s.dump", t->src->scratch, t->tag);
	CLEANUP_FD int fd = -1;
	struct export_file file;

	if (check_room(t, from->data->raw_bytes, e) != 0)
		return -1;
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, "create '%s'", name);
	if (export_database(&file, fd, from, e) != 0) {
		unlink(name);
		return -1;
	}
	*path = name;
	return 0;
}

int
pg_land_fence(const struct target *t, const char *path, struct err *e)
{
	CLEANUP_PG_FENCE struct pg_fence *fence = pg_fence_new(PG_FENCE_DUMP);
	CLEANUP_BUF struct buf piece = BUF_INIT;
	CLEANUP_PROC struct proc *p = NULL;
	char *tool;
	ssize_t n;

	if (proc_find(&tool, t->src->arena, "pg_restore", 0, e) != 0)
		return -1;
	const char *const all[] = { tool, "--format=custom", "--file=-", path, NULL };
	const char *const plain[] = { tool, "--format=custom", "--file=-", "--no-owner",
		"--no-privileges", path, NULL };
	struct proc_spec spec = { .argv = t->owners ? all : plain, .stdin_fd = -1 };

	if (proc_start(&p, &spec, e) != 0)
		return -1;
	while ((n = proc_read(p, buf_room(&piece, PIECE), PIECE, e)) > 0)
		if (pg_fence_read(fence, piece.p, (size_t)n, e) != 0)
			return -1;
	if (n < 0)
		return -1;
	if (proc_wait(p, e) != 0) {
		e->kind = ERR_DAMAGED;
		return -1;
	}
	return pg_fence_end(fence, e);
}

/* What a role that is no superuser cannot restore, and what the database has without it. */
static const struct {
	const char *name, *says;
} benign[] = {
	{ "an extension that is there already", "extension \"%\" already exists" },
	{ "a comment on an extension", "must be owner of extension " },
	{ "the schema public", "schema \"public\" already exists" },
	{ "a comment on the schema public", "must be owner of schema public" },
	{ "a language that is there already", "language \"%\" already exists" },
	{ "a publication of all tables", "must be superuser to create FOR ALL TABLES publication" },
	{ "a publication of a schema", "must be superuser to create FOR TABLES IN SCHEMA" },
	{ "a publication of a schema", "must be superuser to add or set schemas" },
	{ "what belongs to that publication", "publication \"%\" does not exist" },
	{ "an event trigger", "permission denied to create event trigger " },
	{ "what belongs to that event trigger", "event trigger \"%\" does not exist" },
};

/* What pg_restore says on stderr, line by line: an error, and behind it the command that failed. */
struct ear {
	const struct target *t;
	char *error;                  /* whose command is not known yet */
	char *failure;                /* the first that is not benign */
	int64_t left_out, ignored;    /* as counted here, and by pg_restore itself */
};

/* `says` in the line; a % in it stands for a name. */
static bool
is_said(const char *line, const char *says)
{
	const char *hole = strchr(says, '%'), *at;
	char first[64];
	size_t n;

	if (hole == NULL)
		return strstr(line, says) != NULL;
	n = (size_t)(hole - says);
	memcpy(first, says, n);
	first[n] = '\0';
	at = strstr(line, first);
	return at != NULL && strstr(at + n, hole + 1) != NULL;
}

static void
hear_error(struct ear *ear, const char *command)
{
	struct arena *a = ear->t->src->arena;
	const struct watch *watch = ear->t->src->watch;
	const char *error = ear->error;

	if (error == NULL)
		return;
	ear->error = NULL;
	for (size_t i = 0; i < sizeof benign / sizeof benign[0]; i++) {
		if (!is_said(error, benign[i].says))
			continue;
		ear->left_out++;
		watch->say(watch->arg, "warn",
		    arena_printf(a, "left out: %s: %s (%s)", benign[i].name, command, error));
		return;
	}
	watch->say(watch->arg, "err", arena_printf(a, "%s (%s)", error, command));
	if (ear->failure == NULL)
		ear->failure = arena_printf(a, "%.400s (%.200s)", error, command);
}

static void
hear(void *arg, const char *line)
{
	static const char query[] = "could not execute query: ", error[] = "pg_restore: error: ",
			  command[] = "Command was: ", ignored[] = "errors ignored on restore: ";
	struct ear *ear = arg;
	const char *at;

	if ((at = strstr(line, ignored)) != NULL) {
		if (!num_parse(&ear->ignored, at + sizeof ignored - 1, 0, INT64_MAX))
			ear->ignored = -1;
	} else if ((at = strstr(line, error)) != NULL) {
		hear_error(ear, "");
		at += sizeof error - 1;
		if (strncmp(at, query, sizeof query - 1) == 0)
			at += sizeof query - 1;
		ear->error = arena_dup(ear->t->src->arena, at);
	} else if (strncmp(line, command, sizeof command - 1) == 0) {
		hear_error(ear, line + sizeof command - 1);
	}
}

/* dbname='…', so that a name is never taken apart. */
static const char *
connection(struct arena *a, const char *database)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	buf_text(&b, "--dbname=dbname='");
	for (const char *c = database; *c != '\0'; c++) {
		if (*c == '\'' || *c == '\\')
			buf_char(&b, '\\');
		buf_char(&b, *c);
	}
	buf_char(&b, '\'');
	return arena_dupn(a, b.p, b.n);
}

/* Exit code 1 with nothing but benign errors, all of them heard, is success. With --jobs pg_restore
 * counts an error up to two times. */
static int
judge(const struct ear *ear, int rc, struct err *e)
{
	if (ear->failure != NULL)
		return err_set(e, ERR_INPUT, "The dump cannot be restored here: %s", ear->failure);
	if (rc == 0)
		return 0;
	if (e->exit_code != 1 || ear->ignored < ear->left_out || ear->left_out == 0 ||
	    ear->ignored > 2 * ear->left_out)
		return -1;
	return 0;
}

/* One step of pg_restore; what it did not restore and nobody misses is added to *left_out. */
static int
load(int64_t *left_out, const struct target *t, const struct pg_access *access,
    const char *const *argv, struct err *e)
{
	CLEANUP_BUF struct buf nothing = BUF_INIT;
	struct ear ear = { .t = t };
	struct err failure = { 0 };
	struct proc_spec spec = { .argv = argv,
		.env = access->env,
		.stdin_fd = -1,
		.secret = t->src->secret,
		.line = hear,
		.arg = &ear };
	int rc = proc_output(&nothing, NOTHING_MAX, &spec, &failure);

	hear_error(&ear, "");
	if (judge(&ear, rc, &failure) != 0) {
		*e = failure;
		return -1;
	}
	*left_out += ear.left_out;
	return 0;
}

/* In steps: with --jobs pg_restore makes a trigger of a partitioned table before the rows of its
 * partitions are there, for which it then fires. */
int
pg_land_load(int64_t *warnings, const struct target *t, const struct pg_access *access,
    const char *path, struct err *e)
{
	static const char *const sections[] = { "--section=pre-data", "--section=data",
		"--section=post-data" };
	const char *to = connection(t->src->arena, pg_side_names(t).new_);
	int64_t left_out = 0;
	char *tool;

	if (proc_find(&tool, t->src->arena, "pg_restore", 0, e) != 0)
		return -1;
	for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
		const char *const argv[] = { tool, "--format=custom", "--jobs=2", "--no-password",
			sections[i], to, path, t->owners ? NULL : "--no-owner", "--no-privileges",
			NULL };

		if (load(&left_out, t, access, argv, e) != 0)
			return -1;
	}
	*warnings = left_out;
	return 0;
}
