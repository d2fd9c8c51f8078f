/* pg_land.c: a dump goes through the fence and into the database beside the target. */
#include "worker/target/pg_land.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/base/num.h"
#include "lib/util/proc.h"
#include "worker/target/pg_fence.h"
#include "worker/target/pg_side.h"

enum { PIECE = 256 * 1024, SPARE = 16 << 20, LANES_MIN = 2 };

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

static struct pg_dealt
names(const struct target *t, int lanes)
{
	return pg_deal_names(t->src->arena,
	    arena_printf(t->src->arena, "%s/%s", t->src->scratch, t->tag), lanes);
}

void
pg_land_remove(const struct target *t)
{
	const struct pg_dealt all = names(t, PG_LANES_MAX);

	pg_deal_remove(&all);
}

/* As many as the worker has cores: what they are for is the server's, which is often near. */
static int
lanes(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	return cores < LANES_MIN ? LANES_MIN : cores > PG_LANES_MAX ? PG_LANES_MAX : (int)cores;
}

static int
deal(void *arg, const void *p, size_t n, struct err *e)
{
	return pg_deal_write(arg, p, n, e);
}

static int
fetch(struct pg_dealt *ret, bool *odd, const struct pg_dealt *to, const struct export_part *from,
    struct err *e)
{
	CLEANUP_PG_DEAL struct pg_deal *d = NULL;
	struct sink sink = { deal, NULL };

	if (pg_deal_new(&d, to, e) != 0)
		return -1;
	sink.arg = d;
	if (export_bytes(&sink, from, e) != 0)
		return -1;
	return pg_deal_end(ret, odd, d, e);
}

int
pg_land_fetch(struct pg_dealt *ret, const struct target *t, const struct export_part *from,
    struct err *e)
{
	const struct pg_dealt dealt = names(t, lanes()), whole = names(t, 0);
	bool odd;

	if (check_room(t, from->data->raw_bytes, e) != 0 ||
	    fetch(ret, &odd, &dealt, from, e) != 0)
		return -1;
	if (!odd)
		return 0;
	pg_deal_remove(&dealt);
	return fetch(ret, &odd, &whole, from, e);
}

int
pg_land_fence(const struct target *t, const struct pg_dealt *dump, struct err *e)
{
	CLEANUP_PG_FENCE struct pg_fence *fence = pg_fence_new(PG_FENCE_DUMP);
	CLEANUP_BUF struct buf piece = BUF_INIT;
	CLEANUP_PROC struct proc *p = NULL;
	char *tool;
	ssize_t n;

	if (proc_find(&tool, t->src->arena, "pg_restore", 0, e) != 0)
		return -1;
	const char *const all[] = { tool, "--format=custom", "--file=-", dump->dump, NULL };
	const char *const plain[] = { tool, "--format=custom", "--file=-", "--no-owner",
		"--no-privileges", dump->dump, NULL };
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

/* Of COPY no command is told. */
static char *
in_words(struct arena *a, const char *error, const char *command)
{
	return *command == '\0' ? arena_printf(a, "%.400s", error)
	    : arena_printf(a, "%.400s (%.200s)", error, command);
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
	watch->say(watch->arg, "err",
	    *command == '\0' ? error : arena_printf(a, "%s (%s)", error, command));
	if (ear->failure == NULL)
		ear->failure = in_words(a, error, command);
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
		return err_set(e, ERR_INPUT, "The dump cannot be restored here: %s%s",
		    ear->failure, strstr(ear->failure, "has no equivalent in encoding")
		    ? ". A database that is made with ENCODING 'UTF8' can hold it" : "");
	if (rc == 0)
		return 0;
	if (e->exit_code != 1 || ear->ignored < ear->left_out || ear->left_out == 0 ||
	    ear->ignored > 2 * ear->left_out)
		return -1;
	return 0;
}

/* One pg_restore at work. */
struct load {
	struct ear ear;
	struct proc *proc;
};

struct step {
	const char *dump, *list;      /* without a list, all of it */
	bool jobs;
};

static int
load_begin(struct load *l, const struct target *t, const struct pg_access *access,
    const struct step *step, struct err *e)
{
	struct arena *a = t->src->arena;
	const char *argv[12] = { NULL };
	struct proc_spec spec = { .argv = argv, .env = access->env, .stdin_fd = -1,
		.secret = t->src->secret, .line = hear, .arg = &l->ear };
	size_t n = 0;
	char *tool;

	if (proc_find(&tool, a, "pg_restore", 0, e) != 0)
		return -1;
	argv[n++] = tool;
	argv[n++] = "--format=custom";
	argv[n++] = "--no-password";
	argv[n++] = connection(a, pg_side_names(t).new_);
	if (step->jobs)
		argv[n++] = arena_printf(a, "--jobs=%d", lanes());
	if (step->list != NULL)
		argv[n++] = arena_printf(a, "--use-list=%s", step->list);
	if (!t->owners) {
		argv[n++] = "--no-owner";
		argv[n++] = "--no-privileges";
	}
	argv[n] = step->dump;
	*l = (struct load){ .ear = { .t = t } };
	return proc_start(&l->proc, &spec, e);
}

static int
load_end(int64_t *warnings, struct load *l, struct err *e)
{
	struct err failure = { 0 };
	int rc = proc_wait(l->proc, &failure);

	proc_endp(&l->proc);
	hear_error(&l->ear, "");
	if (judge(&l->ear, rc, &failure) != 0) {
		*e = failure;
		return -1;
	}
	*warnings += l->ear.left_out;
	return 0;
}

static void
load_release(struct load *l)
{
	proc_endp(&l->proc);
}

static int
load_one(int64_t *warnings, const struct target *t, const struct pg_access *access,
    const struct step *step, struct err *e)
{
	CLEANUP(load_release) struct load l = { .proc = NULL };

	if (load_begin(&l, t, access, step, e) != 0)
		return -1;
	return load_end(warnings, &l, e);
}

struct loads {
	struct load of[PG_LANES_MAX + 1];
};

static void
loads_release(struct loads *l)
{
	for (size_t i = 0; i < sizeof l->of / sizeof l->of[0]; i++)
		load_release(&l->of[i]);
}

/* As many at a time as there are lanes: each is a connection, of which a role may have few. The
 * first failure ends all. */
static int
load_all(int64_t *warnings, const struct target *t, const struct pg_access *access,
    const struct step *steps, struct err *e)
{
	CLEANUP(loads_release) struct loads l = { .of = { { .proc = NULL } } };
	struct proc *procs[PG_LANES_MAX + 1] = { NULL };
	size_t begun = 0, at_work = 0, ended;

	while (steps[begun].dump != NULL || at_work > 0) {
		if (steps[begun].dump != NULL && (int)at_work < lanes()) {
			if (load_begin(&l.of[begun], t, access, &steps[begun], e) != 0)
				return -1;
			procs[begun] = l.of[begun].proc;
			begun++;
			at_work++;
			continue;
		}
		if (proc_first(&ended, procs, begun, e) != 0 ||
		    load_end(warnings, &l.of[ended], e) != 0)
			return -1;
		procs[ended] = NULL;
		at_work--;
	}
	return 0;
}

/* What is no rows first: there is little of it, or it is large objects. */
static int
load_data(int64_t *warnings, const struct target *t, const struct pg_access *access,
    const struct pg_dealt *dump, struct err *e)
{
	struct step steps[PG_LANES_MAX + 2] = { { .dump = NULL } };
	size_t n = 0;

	if (dump->beside != NULL)
		steps[n++] = (struct step){ .dump = dump->dump, .list = dump->beside };
	for (int i = 0; i < dump->lanes; i++)
		steps[n++] = (struct step){ .dump = dump->lane[i].dump,
			.list = dump->lane[i].list };
	return load_all(warnings, t, access, steps, e);
}

int
pg_land_load(struct pg_loaded *ret, const struct target *t, const struct pg_access *access,
    const struct pg_dealt *dump, struct err *e)
{
	const struct step before = { .dump = dump->dump, .list = dump->before };
	const struct step after = { .dump = dump->dump, .list = dump->after, .jobs = true };
	/* With neither list it is one file, and one step. */
	bool whole = before.list == NULL && after.list == NULL;
	struct pg_loaded loaded = { 0 };
	int64_t began = clock_mono();

	if (before.list != NULL && load_one(&loaded.left_out, t, access, &before, e) != 0)
		return -1;
	loaded.before_ms = clock_lap(&began);
	if (load_data(&loaded.left_out, t, access, dump, e) != 0)
		return -1;
	loaded.rows_ms = clock_lap(&began);
	if ((whole || after.list != NULL) &&
	    load_one(&loaded.left_out, t, access, &after, e) != 0)
		return -1;
	loaded.after_ms = clock_lap(&began);
	*ret = loaded;
	return 0;
}
