/* pg_merge.c: a backup's rows put into a PostgreSQL database that stays. */
#include "worker/target/pg_merge.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/fault.h"
#include "lib/base/fd.h"
#include "lib/util/proc.h"
#include "worker/target/pg_pick.h"
#include "worker/target/pg_plan.h"
#include "worker/target/pg_put.h"
#include "worker/target/pg_side.h"

enum { PIECE = 256 * 1024, KEYS_MAX = 256 << 20 };

/* What our functions say, from either side. */
struct ear {
	const struct target *t;
	const char *at;               /* the table that is being put; "" between them */
	enum err_kind kind;
	const char *raised;           /* what they have found wrong; NULL: nothing */
};

struct merge {
	const struct target *t;
	struct arena *a;
	struct pg_access side, target;
	struct ear ear;
	const char *schema;
};

/* What one transaction in the target is made of. The side's script writes the middle. */
struct flow {
	const char *head, *side, *tail;
};

bool
pg_merge_is(const struct target *t)
{
	return t->mode == RESTORE_ADD || t->choice_count > 0;
}

static const char *
ident(const struct merge *m, const char *name)
{
	return pg_ident(m->a, name);
}

static const char *
literal(const struct merge *m, const char *text)
{
	return pg_literal(m->a, text);
}

static void
merge_release(struct merge *m)
{
	pg_access_drop(&m->side);
	pg_access_drop(&m->target);
}
#define CLEANUP_MERGE CLEANUP(merge_release)
#define MERGE_NONE { .side = { .passfile = "" }, .target = { .passfile = "" } }

static int
merge_open(struct merge *m, const struct target *t, struct err *e)
{
	struct pg_names n = pg_side_names(t);

	*m = (struct merge){ .t = t, .a = t->src->arena, .ear = { .t = t, .at = "" } };
	m->side.passfile = m->target.passfile = "";
	m->schema = arena_printf(m->a, PG_OWN_SCHEMA "%s", t->tag);
	if (pg_access_make(&m->target, t->src, n.target, e) != 0)
		return -1;
	return pg_access_make(&m->side, t->src, n.new_, e);
}

/* -- what psql says -- */

static const char *
behind(const char *line, const char *mark)
{
	const char *at = strstr(line, mark);

	return at != NULL ? at + strlen(mark) : NULL;
}

static void
hear(void *arg, const char *line)
{
	static const struct {
		const char *mark;
		enum err_kind kind;
	} wrong[] = { { "lazarette input: ", ERR_INPUT }, { "lazarette conflict: ", ERR_CONFLICT },
		{ "lazarette busy: ", ERR_BUSY } };
	struct ear *ear = arg;
	const struct watch *watch = ear->t->src->watch;
	const char *says;

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0] && ear->raised == NULL; i++) {
		says = behind(line, wrong[i].mark);
		if (says == NULL)
			continue;
		ear->raised = arena_dup(ear->t->src->arena, says);
		ear->kind = wrong[i].kind;
	}
	if ((says = behind(line, "lazarette at: ")) != NULL ||
	    strstr(line, "lazarette at:") != NULL)
		ear->at = arena_dup(ear->t->src->arena, says != NULL ? says : "");
	else if ((says = behind(line, "lazarette note: ")) != NULL)
		watch->say(watch->arg, "note", says);
	else if ((says = behind(line, "lazarette warn: ")) != NULL)
		watch->say(watch->arg, "warn", says);
}

/* A failure of psql as a sentence. What is not the script's own fault stays as it is. */
static int
tell(const struct merge *m, struct err *e)
{
	static const char sure[] = "Nothing was changed";
	const struct ear *ear = &m->ear;
	const char *words = behind(e->text, "ERROR:  "), *end;
	enum err_kind kind = ERR_CONFLICT;
	size_t n;

	if (ear->raised != NULL)
		return err_set(e, ear->kind, "%s. %s", ear->raised, sure);
	if (e->exit_code != 3)
		return -1;
	words = arena_dup(m->a, words != NULL ? words : e->text);
	end = strstr(words, " CONTEXT:");
	n = end != NULL ? (size_t)(end - words) : strlen(words);
	while (n > 0 && (words[n - 1] == '.' || words[n - 1] == ' '))
		n--;
	words = arena_dupn(m->a, words, n);
	if (strstr(words, "No space left on device") != NULL)
		kind = ERR_FULL;
	else if (strstr(words, "lock timeout") != NULL || strstr(words, "deadlock") != NULL)
		kind = ERR_BUSY;
	return *ear->at != '\0'
	    ? err_set(e, kind, "Table %s: %.600s. %s", ear->at, words, sure)
	    : err_set(e, kind, "Database %s: %.600s. %s", pg_side_names(m->t).target, words, sure);
}

/* -- one transaction -- */

static int
open_sink(struct proc **ret, int *to, struct merge *m, struct err *e)
{
	const char *env[PG_ENV_MAX + 1];
	char *psql;
	int ends[2];

	if (pg_psql(&psql, env, m->t->src, &m->target, e) != 0)
		return -1;
	/* Never --single-transaction: psql would commit what it has when its input ends because we
	 * are gone. The COMMIT is the last that is written. */
	const char *const argv[] = { psql, "--no-psqlrc", "--no-align", "--tuples-only", "--quiet",
		"--no-password", "--set=ON_ERROR_STOP=1", "--file=-", NULL };
	struct proc_spec spec = { .argv = argv, .env = env, .secret = m->t->src->secret,
		.line = hear, .arg = &m->ear };

	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_sys(e, "pipe");
	spec.stdin_fd = ends[0];
	*to = ends[1];
	if (fcntl(*to, F_SETFL, O_NONBLOCK) != 0) {
		fd_close(&ends[0]);
		return err_sys(e, "pipe");
	}
	return proc_start(ret, &spec, e);
}

/* Rows as they come, and what stands between them. */
static int
pump(struct proc *sink, int to, struct merge *m, const char *sql, struct err *e)
{
	CLEANUP_BUF struct buf piece = BUF_INIT;
	CLEANUP_PROC struct proc *from = NULL;
	const struct pg_script script = { .sql = sql, .line = hear, .arg = &m->ear };
	ssize_t n;

	if (pg_begin(&from, m->t->src, &m->side, &script, e) != 0)
		return -1;
	while ((n = proc_read(from, buf_room(&piece, PIECE), PIECE, e)) > 0) {
		if (proc_feed(sink, to, piece.p, (size_t)n, e) != 0)
			return -1;
		FAULT("merge.rows");
	}
	if (n < 0)
		return -1;
	return proc_wait(from, e);
}

static int
feed(struct proc *sink, int to, struct merge *m, const struct flow *f, struct err *e)
{
	if (proc_feed(sink, to, f->head, strlen(f->head), e) != 0)
		return -1;
	FAULT("merge.begun");
	if (f->side != NULL && pump(sink, to, m, f->side, e) != 0)
		return -1;
	FAULT("merge.before_commit");
	return proc_feed(sink, to, f->tail, strlen(f->tail), e);
}

static int
run(struct merge *m, const struct flow *f, struct err *e)
{
	CLEANUP_PROC struct proc *sink = NULL;
	CLEANUP_FD int to = -1;
	struct err words;
	int rc;

	if (open_sink(&sink, &to, m, e) != 0)
		return -1;
	rc = feed(sink, to, m, f, e);
	/* Without a COMMIT the end of its input is the end of its transaction. */
	fd_close(&to);
	if (proc_wait(sink, &words) != 0) {
		*e = words;
		rc = -1;
	}
	return rc != 0 ? tell(m, e) : 0;
}

/* -- what is where -- */

/* All that a script answers. */
static int
ask(struct buf *ret, struct merge *m, const struct pg_access *access, const char *sql,
    struct err *e)
{
	CLEANUP_PROC struct proc *p = NULL;
	const struct pg_script script = { .sql = sql, .line = hear, .arg = &m->ear };
	ssize_t n;

	if (pg_begin(&p, m->t->src, access, &script, e) != 0)
		return -1;
	while ((n = proc_read(p, buf_room(ret, PIECE), PIECE, e)) > 0) {
		buf_took(ret, (size_t)n);
		if (ret->n > KEYS_MAX)
			return err_set(e, ERR_INPUT, "the database has too many objects");
	}
	if (n < 0)
		return -1;
	return proc_wait(p, e) != 0 ? tell(m, e) : 0;
}

/* First in each transaction of a restore, until its end: one whose client was killed may still be
 * on its way to either, and who comes next waits for it. */
static const char *
turn(const struct merge *m)
{
	return arena_printf(m->a, "DO $f$ BEGIN PERFORM pg_catalog.pg_advisory_xact_lock("
	    "pg_catalog.hashtext(%s)); END $f$;\n", literal(m, m->schema));
}

/* Whether the swap was done. */
static const char sql_done[] =
    "BEGIN; %sCOMMIT; SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = %s";

static int
is_done(bool *ret, struct merge *m, struct err *e)
{
	char *answer;
	int64_t n;

	if (pg_ask(&answer, m->t->src, &m->target, arena_printf(m->a, sql_done, turn(m),
	        literal(m, m->schema)), e) != 0 || pg_number(&n, &answer, e) != 0)
		return -1;
	*ret = n > 0;
	return 0;
}

static int
read_keys(struct buf *keys, struct merge *m, struct err *e)
{
	const char *sql = arena_printf(m->a, "%sWITH o AS (%s)%s;\n", pg_plan_session,
	    pg_plan_objects, pg_plan_keys);

	return ask(keys, m, &m->target, sql, e);
}

/* How each session on the side begins: what the target has, what was chosen, and the plan. */
static void
add_plan(struct buf *b, struct merge *m, const struct buf *keys)
{
	const struct target *t = m->t;

	buf_text(b, pg_plan_session);
	buf_text(b, "BEGIN ISOLATION LEVEL REPEATABLE READ;\n");
	buf_text(b, pg_plan_tables);
	buf_text(b, "COPY pg_temp.lazarette_there FROM STDIN;\n");
	buf_add(b, keys->p, keys->n);
	buf_printf(b, "\\.\nINSERT INTO pg_temp.lazarette_how VALUES (%s, %s);\n",
	    t->mode == RESTORE_ADD ? "true" : "false",
	    FAULT_CONTROL("merge_in_pieces") ? "true" : "false");
	for (size_t i = 0; i < t->choice_count; i++)
		buf_printf(b, "INSERT INTO pg_temp.lazarette_choice VALUES (%zu, %s);\n", i,
		    literal(m, t->choice[i]));
	buf_text(b, pg_plan_make);
}

static void
add_functions(struct buf *b)
{
	const char *const all[] = { pg_plan_session, pg_put_tables, pg_put_check,
		pg_put_locks, pg_put_prepare, pg_put_rows, pg_put_finish };

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		buf_text(b, all[i]);
	if (FAULT_CONTROL("merge_hasty"))
		buf_text(b, "SET lock_timeout = '1s';\n");
	buf_text(b, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;\n");
}

/* -- the acts -- */

/* "public.item", or "item" alone. */
static bool
is_counted(const struct target *t, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < t->counted_count; i++) {
		const char *known = t->counted[i].name;
		size_t k = strlen(known);

		if (strcmp(known, name) == 0 ||
		    (k > n && known[k - n - 1] == '.' && strcmp(known + k - n, name) == 0))
			return true;
	}
	return false;
}

/* A table that could not be counted, and one that has its rows in partitions, is not in the list:
 * where the target has it, the backup will tell. */
static const char sql_here[] =
    "SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
    " ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND %s IN (c.relname,"
    "  pg_catalog.quote_ident(c.relname), n.nspname || '.' || c.relname,"
    "  pg_catalog.format('%%I.%%I', n.nspname, c.relname))";

int
pg_merge_look(const char **refusal, const struct target *t, struct err *e)
{
	CLEANUP_MERGE struct merge m = MERGE_NONE;
	char *answer;
	int64_t n;

	if (t->counted_count == 0)
		return 0;
	if (merge_open(&m, t, e) != 0)
		return -1;
	for (size_t i = 0; i < t->choice_count; i++) {
		if (is_counted(t, t->choice[i]))
			continue;
		if (pg_ask(&answer, t->src, &m.target,
		        arena_printf(m.a, sql_here, literal(&m, t->choice[i])), e) != 0 ||
		    pg_number(&n, &answer, e) != 0)
			return -1;
		if (n > 0)
			continue;
		*refusal = arena_printf(m.a, "The backup has no table %s. Choose among those that "
		    "it lists", t->choice[i]);
		return 0;
	}
	return 0;
}

int
pg_merge_check(const struct target *t, struct err *e)
{
	CLEANUP_MERGE struct merge m = MERGE_NONE;
	CLEANUP_BUF struct buf keys = BUF_INIT;
	CLEANUP_BUF struct buf head = BUF_INIT;
	CLEANUP_BUF struct buf side = BUF_INIT;
	struct flow f = { .tail = "SELECT pg_temp.lazarette_check(); ROLLBACK;\n" };

	if (merge_open(&m, t, e) != 0 || read_keys(&keys, &m, e) != 0)
		return -1;
	add_functions(&head);
	add_plan(&side, &m, &keys);
	buf_text(&side, pg_plan_units);
	f.head = head.p;
	f.side = side.p;
	return run(&m, &f, e);
}

static void
add_begin(struct buf *b, struct merge *m, const struct pg_ddl *ddl)
{
	const char *schema = ident(m, m->schema);

	add_functions(b);
	buf_text(b, turn(m));
	buf_printf(b, "CREATE SCHEMA %s;\nCOMMENT ON SCHEMA %s IS 'Kept by Lazarette for a"
	    " restore; it goes by itself';\nSELECT pg_temp.lazarette_close(%s);\n", schema, schema,
	    literal(m, m->schema));
	if (m->t->mode != RESTORE_ADD)
		buf_printf(b, "CREATE TABLE %s.sequence (ns text, rel text, last int8,"
		    " called boolean);\nCREATE TEMP TABLE lazarette_before AS SELECT class, id"
		    " FROM (%s) o;\n", schema, pg_plan_objects);
	buf_text(b, ddl->before);
}

static void
add_stream(struct buf *b, struct merge *m)
{
	bool add = m->t->mode == RESTORE_ADD;
	const char *prepare = add ? "SELECT pg_temp.lazarette_prepare(false);"
	    : arena_printf(m->a, "SELECT pg_temp.lazarette_prepare(true);"
	          " SELECT pg_temp.lazarette_keep(%s);", literal(m, m->schema));

	buf_text(b, pg_plan_units);
	buf_printf(b, "SELECT %s;\n", literal(m, prepare));
	buf_text(b, pg_plan_rows);
	buf_text(b, "SELECT 'SELECT pg_temp.lazarette_at(0);';\n");
	buf_text(b, pg_plan_sequences);
	if (add && m->t->choice_count == 0)
		buf_text(b, pg_plan_large);
}

/* What was made is what has a new number and comes from this transaction: others may make something
 * at the same time. */
static const char sql_made[] =
    "CREATE TABLE %s.made AS SELECT row_number() OVER (ORDER BY o.id) AS n, i.type, i.identity"
    " FROM (%s) o, pg_identify_object(o.class, o.id, 0) i WHERE o.class = o.of_class"
    " AND o.id = o.of_id AND pg_temp.lazarette_mine(o.made) AND i.schema IS DISTINCT FROM %s"
    " AND NOT EXISTS (SELECT FROM pg_temp.lazarette_before b WHERE b.class = o.class"
    "  AND b.id = o.id);\n";

static void
add_end(struct buf *b, struct merge *m, const struct pg_ddl *ddl)
{
	bool add = m->t->mode == RESTORE_ADD;

	buf_printf(b, "SELECT pg_temp.lazarette_settle(%s, %s);\n", add ? "false" : "true",
	    add ? "NULL" : literal(m, m->schema));
	buf_text(b, ddl->behind);
	if (!add)
		buf_printf(b, sql_made, ident(m, m->schema), pg_plan_objects,
		    literal(m, m->schema));
	buf_text(b, "SELECT pg_temp.lazarette_finish();\nCOMMIT;\n");
}

static int
merge(struct merge *m, struct err *e)
{
	CLEANUP_BUF struct buf keys = BUF_INIT;
	CLEANUP_BUF struct buf missing = BUF_INIT;
	CLEANUP_BUF struct buf head = BUF_INIT;
	CLEANUP_BUF struct buf side = BUF_INIT;
	CLEANUP_BUF struct buf tail = BUF_INIT;
	struct pg_ddl ddl;

	if (read_keys(&keys, m, e) != 0)
		return -1;
	add_plan(&side, m, &keys);
	buf_printf(&side, "WITH o AS (%s)%s", pg_plan_objects, pg_plan_missing);
	if (ask(&missing, m, &m->side, side.p, e) != 0 ||
	    pg_pick(&ddl, m->t, &m->side, missing.p, e) != 0)
		return -1;
	buf_clear(&side);
	add_plan(&side, m, &keys);
	add_stream(&side, m);
	add_begin(&head, m, &ddl);
	add_end(&tail, m, &ddl);
	return run(m, &(struct flow){ head.p, side.p, tail.p }, e);
}

/* How much is kept; 0 where that cannot be asked, for by now it is done. */
static int64_t
kept(struct merge *m)
{
	char *answer;
	int64_t bytes;
	struct err e;

	if (pg_ask(&answer, m->t->src, &m->target, arena_printf(m->a,
	        "SELECT coalesce(sum(pg_catalog.pg_total_relation_size(c.oid)), 0)::int8"
	        " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
	        " ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relkind = 'r'",
	        literal(m, m->schema)), &e) != 0 || pg_number(&bytes, &answer, &e) != 0)
		return 0;
	return bytes;
}

/* Where the connection ended with the COMMIT, only the target can tell: 0 when it did what was
 * wanted. What psql itself has said (3: the script failed) holds. */
static int
in_doubt(struct merge *m, bool wanted, struct err *e)
{
	struct err again;
	bool done;

	if (e->exit_code == 0 || e->exit_code == 3 || is_done(&done, m, &again) != 0)
		return -1;
	return done == wanted ? 0 : -1;
}

int
pg_merge_swap(int64_t *kept_bytes, const struct target *t, struct err *e)
{
	CLEANUP_MERGE struct merge m = MERGE_NONE;
	bool done;

	if (merge_open(&m, t, e) != 0 || is_done(&done, &m, e) != 0)
		return -1;
	if (!done && merge(&m, e) != 0 && in_doubt(&m, true, e) != 0)
		return -1;
	FAULT("merge.committed");
	*kept_bytes = kept(&m);
	return 0;
}

int
pg_merge_unswap(const struct target *t, struct err *e)
{
	CLEANUP_MERGE struct merge m = MERGE_NONE;
	CLEANUP_BUF struct buf head = BUF_INIT;
	struct flow f = { .side = NULL };
	struct pg_there is;
	bool done;

	if (merge_open(&m, t, e) != 0 || is_done(&done, &m, e) != 0)
		return -1;
	if (!done) {
		if (pg_side_there(&is, t, &m.target, e) != 0)
			return -1;
		return is.new_ ? 0 : err_set(e, ERR_NOT_FOUND, "Nothing of this restore is in "
		    "database %s or beside it", pg_side_names(t).target);
	}
	if (t->mode == RESTORE_ADD)
		return err_set(e, ERR_CONFLICT, "What was added to database %s cannot be told from "
		    "what was there: restore the safety backup", pg_side_names(t).target);
	add_functions(&head);
	buf_text(&head, turn(&m));
	buf_text(&head, pg_put_undo);
	f.head = head.p;
	f.tail = arena_printf(m.a, "SELECT pg_temp.lazarette_back(%s);\nCOMMIT;\n",
	    literal(&m, m.schema));
	return run(&m, &f, e) != 0 ? in_doubt(&m, false, e) : 0;
}

int
pg_merge_drop(const struct target *t, struct err *e)
{
	CLEANUP_MERGE struct merge m = MERGE_NONE;
	char *answer;

	if (merge_open(&m, t, e) != 0)
		return -1;
	return pg_ask(&answer, t->src, &m.target, arena_printf(m.a,
	    "SET lock_timeout = '30s'; SET client_min_messages = warning;"
	    " DROP SCHEMA IF EXISTS %s CASCADE", ident(&m, m.schema)), e);
}
