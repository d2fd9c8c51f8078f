/* tgt_postgresql.c: restoring into a PostgreSQL database.
 *
 * The dump is restored into a database beside the target, which is made as the target is; then both
 * are renamed in one transaction. On top of what is there, or for chosen tables, the target stays
 * and rows go from the one into the other (pg_merge.h). All of it is done as the service's own
 * role, which may not be a superuser: what the fence cannot see, because a function does it, that
 * role cannot do.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/num.h"
#include "worker/source/pg_rows.h"
#include "worker/target/landings.h"
#include "worker/target/pg_fence.h"
#include "worker/target/pg_land.h"
#include "worker/target/pg_learn.h"
#include "worker/target/pg_merge.h"
#include "worker/target/pg_side.h"

/* What a database takes above its dump: indexes. */
enum { INDEX_PERCENT = 30 };

/* The oldest server whose catalogues say all that a merge must know. */
enum { MERGE_MAJOR = 12 };

/* The mark is "built 16400": the number of the side, which it keeps when it is renamed. Where there
 * was no target before, a swap has no old to tell that it is done: then it is "fresh 16400". */
static const char mark_built[] = "built", mark_fresh[] = "fresh";

static bool
is_fresh(const char *mark)
{
	return strncmp(mark, mark_fresh, sizeof mark_fresh - 1) == 0;
}

static struct pg_built
read_mark(const char *mark)
{
	const char *number = strchr(mark, ' ');

	return (struct pg_built){ is_fresh(mark), number != NULL ? strtoll(number, NULL, 10) : 0 };
}

/* What was not there is made by a rename, in every mode. */
static bool
is_merged(const struct target *t, const char *mark)
{
	return pg_merge_is(t) && !is_fresh(mark);
}

struct facts {
	int64_t version, superuser, createdb, there, owner, bytes;
	const char *version_text, *role;
};

static const char sql_facts[] =
    "SELECT pg_catalog.current_setting('server_version_num'), r.rolsuper::int, r.rolcreatedb::int,"
    " (d.oid IS NOT NULL)::int,"
    " coalesce(pg_catalog.pg_has_role(d.datdba, 'USAGE'), false)::int,"
    " CASE WHEN pg_catalog.has_database_privilege(d.oid, 'CONNECT')"
    "  THEN pg_catalog.pg_database_size(d.oid) ELSE 0 END,"
    " pg_catalog.split_part(pg_catalog.current_setting('server_version'), ' ', 1), r.rolname"
    " FROM pg_catalog.pg_roles r LEFT JOIN pg_catalog.pg_database d ON d.datname = %s"
    " WHERE r.rolname = current_user";

static int
read_facts(struct facts *f, struct pg_access *access, const struct target *t, struct err *e)
{
	const char *database = t->src->service->settings.database;
	char *answer;

	if (pg_side_ask(access, &answer, t,
	        arena_printf(t->src->arena, sql_facts, pg_literal(t->src->arena, database)),
	        e) != 0)
		return -1;
	*f = (struct facts){ 0 };
	if (pg_number(&f->version, &answer, e) != 0 || pg_number(&f->superuser, &answer, e) != 0 ||
	    pg_number(&f->createdb, &answer, e) != 0 || pg_number(&f->there, &answer, e) != 0 ||
	    pg_number(&f->owner, &answer, e) != 0 || pg_number(&f->bytes, &answer, e) != 0)
		return -1;
	f->version_text = pg_column(&answer);
	f->role = answer;
	return 0;
}

/* "16.4" is 16; 0 when it is not known. */
static int64_t
major_in(const struct target *t)
{
	const char *text = t->part->engine_version != NULL ? t->part->engine_version : "";
	int64_t n;

	text = arena_dupn(t->src->arena, text, strspn(text, "0123456789"));
	return num_parse(&n, text, 1, 1000) ? n : 0;
}

/* For what comes on top, or a choice of tables. */
static const char *
judge_merge(const struct target *t, const struct facts *f)
{
	const char *database = t->src->service->settings.database;

	if (pg_major(f->version) < MERGE_MAJOR)
		return arena_printf(t->src->arena,
		    "This server runs PostgreSQL %s; adding on top and single tables need %d or "
		    "newer. Restore all of the database", f->version_text, MERGE_MAJOR);
	if (!f->there && t->choice_count > 0)
		return arena_printf(t->src->arena,
		    "There is no database %s that single tables could be put into. Restore all of "
		    "it, then it is made", database);
	return NULL;
}

/* Why nothing can be restored here, with what to do; NULL when it can. */
static const char *
judge(const struct target *t, const struct facts *f)
{
	struct arena *a = t->src->arena;
	const char *database = t->src->service->settings.database;
	int64_t from = major_in(t);

	if (from > pg_major(f->version))
		return arena_printf(a,
		    "b%" PRId64 " was made by PostgreSQL %" PRId64 "; this server runs %s, and an "
		    "older version cannot read it. Restore it into a server of version %" PRId64
		    " or newer", t->part->backup, from, f->version_text, from);
	if (f->superuser)
		return arena_printf(a,
		    "Role %s is a superuser, and restores never run as one: a dump could do "
		    "anything to the server. Give the service a role of its own: CREATE ROLE "
		    "\"…\" LOGIN CREATEDB PASSWORD '…', and make it the owner: ALTER DATABASE "
		    "%s OWNER TO \"…\"", f->role, pg_ident(a, database));
	if (!f->createdb)
		return arena_printf(a,
		    "Role %s may not create the database beside the target. A superuser can "
		    "allow it: ALTER ROLE %s CREATEDB", f->role, pg_ident(a, f->role));
	if (f->there && !f->owner)
		return arena_printf(a,
		    "Role %s does not own database %s, so it cannot exchange it. A superuser can "
		    "change that: ALTER DATABASE %s OWNER TO %s", f->role, database,
		    pg_ident(a, database), pg_ident(a, f->role));
	return pg_merge_is(t) ? judge_merge(t, f) : NULL;
}

static int
count_rows(struct table_count **tables, size_t *count, const struct target *t,
    const char *database, struct err *e)
{
	CLEANUP_PG_ACCESS struct pg_access access = { .passfile = "" };
	struct source_rows rows;

	if (pg_access_make(&access, t->src, database, e) != 0 ||
	    pg_rows_now(&rows, t->src, &access, e) != 0)
		return -1;
	*tables = rows.tables;
	*count = rows.count;
	return 0;
}

static int
look(struct target_look *ret, const struct target *t, const struct export_part *from,
    struct err *e)
{
	CLEANUP_PG_ACCESS struct pg_access access = { .passfile = "" };
	int64_t raw = from->data->raw_bytes, grown = raw + raw / 100 * INDEX_PERCENT;
	struct target_look found = { .has = -1 };
	struct facts f;

	if (read_facts(&f, &access, t, e) != 0)
		return -1;
	found.there = f.there;
	found.bytes = f.bytes;
	found.needs = grown;
	found.refusal = judge(t, &f);
	if (found.refusal == NULL && f.there && t->choice_count > 0 &&
	    pg_merge_look(&found.refusal, t, e) != 0)
		return -1;
	if (f.there && count_rows(&found.tables, &found.table_count, t,
	                   t->src->service->settings.database, e) != 0)
		return -1;
	*ret = found;
	return 0;
}

/* Where the time went. */
struct steps {
	int64_t began, read_ms, fence_ms, count_ms;
	struct pg_loaded load;
};

static void
tell_steps(const struct target *t, const struct steps *s)
{
	t->src->watch->say(t->src->watch->arg, "note", arena_printf(t->src->arena,
	    "Restored beside the target: read and compared in %.2f s, checked by the fence in "
	    "%.2f s, tables made in %.2f s, rows loaded in %.2f s, indexes and constraints in "
	    "%.2f s, counted and analysed in %.2f s", (double)s->read_ms / 1000,
	    (double)s->fence_ms / 1000, (double)s->load.before_ms / 1000,
	    (double)s->load.rows_ms / 1000, (double)s->load.after_ms / 1000,
	    (double)s->count_ms / 1000));
}

/* Load, count and mark the side. While the server counts, what was dealt out goes. */
static int
fill_side(struct target_built *ret, struct steps *steps, const struct target *t,
    const struct pg_dealt *dump, struct err *e)
{
	CLEANUP_PG_ACCESS struct pg_access side = { .passfile = "" };
	CLEANUP_PROC struct proc *learning = NULL;
	const char *name = pg_side_names(t).new_;
	struct pg_learned learned;

	if (pg_access_make(&side, t->src, name, e) != 0 ||
	    pg_land_load(&steps->load, t, &side, dump, e) != 0)
		return -1;
	steps->began = clock_mono();
	if (pg_learn_begin(&learning, t->src, &side, e) != 0)
		return -1;
	pg_land_remove(t);
	if (count_rows(&ret->tables, &ret->table_count, t, name, e) != 0 ||
	    pg_learn_end(&learned, learning, e) != 0)
		return -1;
	ret->bytes = learned.bytes;
	if (!is_merged(t, ret->mark))
		ret->mark = arena_printf(t->src->arena, "%s %" PRId64,
		    is_fresh(ret->mark) ? mark_fresh : mark_built, learned.oid);
	steps->count_ms = clock_lap(&steps->began);
	return 0;
}

/* An empty side is made while the dump is read; nothing of the dump is in it before all of that was
 * compared and went through the fence. */
static int
make_side(struct target_built *ret, const struct target *t, const struct export_part *from,
    const struct pg_access *access, struct err *e)
{
	CLEANUP_PROC struct proc *making = NULL;
	struct steps steps = { .began = clock_mono() };
	struct pg_dealt dump;
	struct err unheard;
	int64_t undressed;
	int rc;

	if (pg_side_begin(&making, t, access, e) != 0)
		return -1;
	rc = pg_land_fetch(&dump, t, from, e);
	steps.read_ms = clock_lap(&steps.began);
	if (rc == 0)
		rc = pg_land_fence(t, &dump, e);
	if (proc_wait(making, rc == 0 ? e : &unheard) != 0 || rc != 0)
		return -1;
	steps.fence_ms = clock_lap(&steps.began);
	if (fill_side(ret, &steps, t, &dump, e) != 0 ||
	    pg_side_dress(&undressed, t, access, e) != 0)
		return -1;
	ret->warnings = steps.load.left_out + undressed;
	tell_steps(t, &steps);
	return 0;
}

static int
build(struct target_built *ret, const struct target *t, const struct export_part *from,
    struct err *e)
{
	CLEANUP_PG_ACCESS struct pg_access access = { .passfile = "" };
	struct target_built built = { .mark = "" };
	const char *refusal;
	struct err unheard;
	struct facts f;
	int rc;

	if (read_facts(&f, &access, t, e) != 0)
		return -1;
	refusal = judge(t, &f);
	if (refusal != NULL)
		return err_set(e, ERR_INPUT, "%s", refusal);
	if (!f.there)
		built.mark = mark_fresh;
	rc = make_side(&built, t, from, &access, e);
	if (rc == 0 && is_merged(t, built.mark))
		rc = pg_merge_check(t, e);
	pg_land_remove(t);
	if (rc != 0) {
		/* Else the next build() or drop() does; without the lease it is another's. */
		if (e->kind != ERR_FENCED)
			(void)!pg_side_drop(t, &access, pg_side_names(t).new_, &unheard);
		return -1;
	}
	*ret = built;
	return 0;
}

static void
hear_script(void *arg, const char *line)
{
	const struct target *t = *(const struct target **)arg;

	t->src->watch->say(t->src->watch->arg, strstr(line, "ERROR:") ? "err" : "note", line);
}

static int
script(const struct target *t, const char *sql, struct err *e)
{
	CLEANUP_PG_FENCE struct pg_fence *fence = pg_fence_new(PG_FENCE_SQL);
	CLEANUP_PG_ACCESS struct pg_access access = { .passfile = "" };
	const struct pg_script script = { .sql = sql,
		.single = true,
		.line = hear_script,
		.arg = &t };

	if (pg_fence_read(fence, sql, strlen(sql), e) != 0 || pg_fence_end(fence, e) != 0 ||
	    pg_access_make(&access, t->src, pg_side_names(t).new_, e) != 0)
		return -1;
	return pg_run(t->src, &access, &script, e);
}

static int
side_env(const char *const **ret, const struct target *t, struct err *e)
{
	struct pg_access *access = arena_alloc(t->src->arena, sizeof *access);

	/* The password file stays for the hook; the job's scratch folder goes with it. */
	if (pg_access_make(access, t->src, pg_side_names(t).new_, e) != 0)
		return -1;
	*ret = access->env;
	return 0;
}

static int
beside(struct service_settings *ret, const struct target *t, bool swapped, struct err *e UNUSED)
{
	const struct pg_names n = pg_side_names(t);

	*ret = t->src->service->settings;
	ret->database = swapped ? n.old : n.new_;
	return 0;
}

/* How much is kept; 0 where that cannot be asked, for by now it is done. */
static int64_t
kept(const struct target *t)
{
	CLEANUP_PG_ACCESS struct pg_access access = { .passfile = "" };
	int64_t bytes;
	char *answer;
	struct err e;

	if (pg_side_reach(&access, t, false, &e) != 0 ||
	    pg_ask(&answer, t->src, &access,
	        arena_printf(t->src->arena, "SELECT pg_catalog.pg_database_size(oid) FROM"
	            " pg_catalog.pg_database WHERE datname = %s",
	            pg_literal(t->src->arena, pg_side_names(t).old)), &e) != 0 ||
	    pg_number(&bytes, &answer, &e) != 0)
		return 0;
	return bytes;
}

static int
swap(int64_t *kept_bytes, const struct target *t, const char *mark, struct err *e)
{
	struct pg_built built = read_mark(mark);

	if (is_merged(t, mark))
		return pg_merge_swap(kept_bytes, t, e);
	if (pg_side_exchange(t, false, &built, e) != 0)
		return -1;
	*kept_bytes = built.fresh ? 0 : kept(t);
	return 0;
}

static int
unswap(const struct target *t, const char *mark, struct err *e)
{
	struct pg_built built = read_mark(mark);

	if (is_merged(t, mark))
		return pg_merge_unswap(t, e);
	return pg_side_exchange(t, true, &built, e);
}

static int
drop(const struct target *t, struct err *e)
{
	CLEANUP_PG_ACCESS struct pg_access access = { .passfile = "" };
	struct pg_names n = pg_side_names(t);
	struct pg_there is;

	pg_land_remove(t);
	if (pg_side_reach(&access, t, false, e) != 0 || pg_side_there(&is, t, &access, e) != 0)
		return -1;
	if (pg_merge_is(t) && is.target && pg_merge_drop(t, e) != 0)
		return -1;
	if (pg_side_drop(t, &access, n.new_, e) != 0 ||
	    pg_side_drop(t, &access, n.old, e) != 0)
		return -1;
	return pg_side_drop(t, &access, n.via, e);
}

const struct target_driver tgt_postgresql_driver = {
	.engine = ENGINE_POSTGRESQL,
	.side_is_part = true,
	.adds_once = true,
	.look = look,
	.build = build,
	.script = script,
	.side_env = side_env,
	.beside = beside,
	.swap = swap,
	.unswap = unswap,
	.drop = drop,
};
