/* pg_side.c: the databases beside a target, and the one act that exchanges them. */
#include "worker/target/pg_side.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "lib/base/clock.h"
#include "lib/base/utf8.h"

enum { NAME_BYTES = 63, PATIENCE_MS = 60 * 1000, PAUSE_MS = 200 };

/* As much of the target's name as there is room for, at a border of its letters. */
static const char *
named(const struct target *t, const char *ending)
{
	const char *base = t->src->service->settings.database;
	size_t n = strlen(base), room = NAME_BYTES - strlen(t->tag) - strlen(ending) - 2;

	if (n > room) {
		n = room;
		while (n > 0 && ((unsigned char)base[n] & 0xc0) == 0x80)
			n--;
	}
	return arena_printf(t->src->arena, "%.*s_%s_%s", (int)n, base, t->tag, ending);
}

struct pg_names
pg_side_names(const struct target *t)
{
	return (struct pg_names){ .target = t->src->service->settings.database,
		.new_ = named(t, "new"),
		.old = named(t, "old"),
		.via = named(t, "via") };
}

static const char *
ident(const struct target *t, const char *name)
{
	return pg_ident(t->src->arena, name);
}

static const char *
literal(const struct target *t, const char *text)
{
	return pg_literal(t->src->arena, text);
}

int
pg_side_there(struct pg_there *ret, const struct target *t, const struct pg_access *access,
    struct err *e)
{
	struct pg_names n = pg_side_names(t);
	int64_t target, new_, old;
	char *answer;
	const char *sql = arena_printf(t->src->arena,
	    "SELECT count(*) FILTER (WHERE datname = %s), count(*) FILTER (WHERE datname = %s),"
	    " count(*) FILTER (WHERE datname = %s) FROM pg_catalog.pg_database",
	    literal(t, n.target), literal(t, n.new_), literal(t, n.old));

	if (pg_ask(&answer, t->src, access, sql, e) != 0 || pg_number(&target, &answer, e) != 0 ||
	    pg_number(&new_, &answer, e) != 0 || pg_number(&old, &answer, e) != 0)
		return -1;
	*ret = (struct pg_there){ target > 0, new_ > 0, old > 0 };
	return 0;
}

/* By which a way is tried. */
struct question {
	const char *sql;
	char *answer;
};

static int
try_one(struct pg_access *ret, struct question *q, const struct target *t, const char *database,
    struct err *e)
{
	if (pg_access_make(ret, t->src, database, e) == 0 &&
	    pg_ask(&q->answer, t->src, ret, q->sql, e) == 0)
		return 0;
	pg_access_drop(ret);
	return -1;
}

/* Nothing but the target can be reached: then by an empty database of our own. */
static int
make_via(struct pg_access *ret, struct question *q, const struct target *t, struct err *e)
{
	CLEANUP_PG_ACCESS struct pg_access at = { .passfile = "" };
	struct pg_names n = pg_side_names(t);
	char *answer;

	if (try_one(ret, q, t, n.via, e) == 0)
		return 0;
	if (try_one(&at, q, t, n.target, e) != 0 && try_one(&at, q, t, n.new_, e) != 0)
		return -1;
	if (pg_ask(&answer, t->src, &at,
	        arena_printf(t->src->arena, "CREATE DATABASE %s TEMPLATE template0",
	            ident(t, n.via)), e) != 0)
		return -1;
	return try_one(ret, q, t, n.via, e);
}

static int
reach(struct pg_access *ret, struct question *q, const struct target *t, bool away, struct err *e)
{
	static const char *const known[] = { "postgres", "template1" };
	const char *target = t->src->service->settings.database;

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcmp(known[i], target) != 0 && try_one(ret, q, t, known[i], e) == 0)
			return 0;
	return away ? make_via(ret, q, t, e) : try_one(ret, q, t, target, e);
}

int
pg_side_reach(struct pg_access *ret, const struct target *t, bool away, struct err *e)
{
	struct question q = { .sql = "SELECT 1" };

	return reach(ret, &q, t, away, e);
}

int
pg_side_ask(struct pg_access *ret, char **answer, const struct target *t, const char *sql,
    struct err *e)
{
	struct question q = { .sql = sql };

	if (reach(ret, &q, t, false, e) != 0)
		return -1;
	*answer = q.answer;
	return 0;
}

/* What may not be ended is named when the renames fail for it. */
static const char sql_part[] =
    "SELECT count(pg_catalog.pg_terminate_backend(pid)) FROM pg_catalog.pg_stat_activity"
    " WHERE datname IN (%s, %s, %s) AND pid <> pg_catalog.pg_backend_pid()"
    " AND (pg_catalog.pg_has_role(usesysid, 'MEMBER')"
    "  OR (pg_catalog.pg_has_role('pg_signal_backend', 'MEMBER') AND NOT"
    "   (SELECT rolsuper FROM pg_catalog.pg_roles WHERE oid = usesysid)))";

/* The settings of a newer server are there as keys of JSON only when it is one. Where there is no
 * target there is nothing to be like. */
static const char sql_create[] =
    "SELECT coalesce((SELECT pg_catalog.concat("
    " 'CREATE DATABASE ', pg_catalog.quote_ident(%s), ' TEMPLATE template0',"
    " ' OWNER ', pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(d.datdba)),"
    " ' ENCODING ', pg_catalog.quote_literal(pg_catalog.pg_encoding_to_char(d.encoding)),"
    " ' LC_COLLATE ', pg_catalog.quote_literal(d.datcollate),"
    " ' LC_CTYPE ', pg_catalog.quote_literal(d.datctype),"
    " CASE d.j->>'datlocprovider' WHEN 'i' THEN ' LOCALE_PROVIDER icu ICU_LOCALE ' ||"
    "  pg_catalog.quote_literal(coalesce(d.j->>'datlocale', d.j->>'daticulocale'))"
    "  WHEN 'b' THEN ' LOCALE_PROVIDER builtin BUILTIN_LOCALE ' ||"
    "  pg_catalog.quote_literal(d.j->>'datlocale') END,"
    " ' ICU_RULES ' || pg_catalog.quote_literal(d.j->>'daticurules'),"
    " CASE WHEN pg_catalog.has_tablespace_privilege(d.dattablespace, 'CREATE') THEN"
    "  ' TABLESPACE ' || pg_catalog.quote_ident((SELECT s.spcname FROM pg_catalog.pg_tablespace s"
    "  WHERE s.oid = d.dattablespace)) END)"
    " FROM (SELECT *, pg_catalog.to_jsonb(x) AS j FROM pg_catalog.pg_database x) d"
    " WHERE d.datname = %s), %s) \\gexec\n";

/* A commit that does not wait for the disk is lost at most together with the database's last one,
 * which pg_side_dress() makes as it takes the setting back. */
int
pg_side_begin(struct proc **ret, const struct target *t, const struct pg_access *access,
    struct err *e)
{
	const char *name = pg_side_names(t).new_, *which = literal(t, name);
	struct arena *a = t->src->arena;
	struct pg_script script = { .sql = NULL };

	script.sql = arena_printf(a,
	    "%s;\nDROP DATABASE IF EXISTS %s;\n%sALTER DATABASE %s SET synchronous_commit = off;\n",
	    arena_printf(a, sql_part, which, which, which), ident(t, name),
	    arena_printf(a, sql_create, which, literal(t, pg_side_names(t).target),
	        literal(t, arena_printf(a, "CREATE DATABASE %s TEMPLATE template0",
	            ident(t, name)))),
	    ident(t, name));
	return pg_begin(ret, t->src, access, &script, e);
}

/* Each statement alone: what the role may not do is no reason to fail. */
static const char sql_dress[] =
    "DECLARE side text := %s; target text := %s; s text;\n"
    "BEGIN FOR s IN\n"
    " SELECT pg_catalog.format('REVOKE ALL ON DATABASE %%I FROM PUBLIC', side)"
    "  FROM pg_catalog.pg_database WHERE datname = target AND datacl IS NOT NULL\n"
    " UNION ALL SELECT pg_catalog.format('GRANT %%s ON DATABASE %%I TO %%s%%s',"
    "  a.privilege_type, side,"
    "  CASE a.grantee WHEN 0 THEN 'PUBLIC'"
    "   ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END,"
    "  CASE WHEN a.is_grantable AND a.grantee <> 0 THEN ' WITH GRANT OPTION' END)"
    "  FROM pg_catalog.pg_database d, pg_catalog.aclexplode(d.datacl) a WHERE d.datname = target\n"
    " UNION ALL SELECT pg_catalog.format('ALTER %%s %%I SET %%I TO %%s', CASE r.setrole WHEN 0"
    "   THEN 'DATABASE' ELSE pg_catalog.format('ROLE %%I IN DATABASE',"
    "   pg_catalog.pg_get_userbyid(r.setrole)) END, side, pg_catalog.split_part(c, '=', 1),"
    "  CASE WHEN pg_catalog.split_part(c, '=', 1) IN ('search_path', 'temp_tablespaces',"
    "    'local_preload_libraries', 'session_preload_libraries')"
    "   THEN pg_catalog.substr(c, pg_catalog.strpos(c, '=') + 1)"
    "   ELSE pg_catalog.quote_literal(pg_catalog.substr(c, pg_catalog.strpos(c, '=') + 1)) END)"
    "  FROM pg_catalog.pg_db_role_setting r JOIN pg_catalog.pg_database d ON d.oid = r.setdatabase,"
    "  pg_catalog.unnest(r.setconfig) c WHERE d.datname = target\n"
    " UNION ALL SELECT pg_catalog.format('ALTER DATABASE %%I CONNECTION LIMIT %%s', side,"
    "  datconnlimit) FROM pg_catalog.pg_database WHERE datname = target AND datconnlimit >= 0\n"
    " UNION ALL SELECT pg_catalog.format('COMMENT ON DATABASE %%I IS %%L', side,"
    "  pg_catalog.shobj_description(d.oid, 'pg_database')) FROM pg_catalog.pg_database d"
    "  WHERE d.datname = target"
    "  AND pg_catalog.shobj_description(d.oid, 'pg_database') IS NOT NULL\n"
    "LOOP BEGIN EXECUTE s;\n"
    " EXCEPTION WHEN OTHERS THEN RAISE WARNING 'left out: %% (%%)', s, SQLERRM;\n"
    "END; END LOOP; END";

struct ear {
	const struct source *src;
	int64_t warnings;
};

static void
hear(void *arg, const char *line)
{
	struct ear *ear = arg;
	const char *left = strstr(line, "left out: ");

	if (left == NULL)
		return;
	ear->warnings++;
	ear->src->watch->say(ear->src->watch->arg, "warn", left);
}

int
pg_side_dress(int64_t *warnings, const struct target *t, const struct pg_access *access,
    struct err *e)
{
	struct pg_names n = pg_side_names(t);
	struct ear ear = { t->src, 0 };
	struct pg_script script = { .line = hear, .arg = &ear };

	script.sql = arena_printf(t->src->arena,
	    "SET synchronous_commit = local;\nALTER DATABASE %s RESET ALL;\nDO %s;\n",
	    ident(t, n.new_), literal(t,
	    arena_printf(t->src->arena, sql_dress, literal(t, n.new_), literal(t, n.target))));
	if (pg_run(t->src, access, &script, e) != 0)
		return -1;
	*warnings = ear.warnings;
	return 0;
}

/* -- the exchange -- */

/* Who holds on to the databases, behind the tool's own words. */
static int
tell_users(const struct target *t, const struct pg_access *access, struct err *e)
{
	struct pg_names n = pg_side_names(t);
	char *words = arena_dup(t->src->arena, e->text), *who;
	struct err unheard;

	if (pg_ask(&who, t->src, access, arena_printf(t->src->arena,
	    "SELECT pg_catalog.string_agg(DISTINCT pg_catalog.concat(usename, ' (',"
	    " pg_catalog.concat_ws(', ', nullif(application_name, ''),"
	    "  pg_catalog.host(client_addr)), ')'), ', ')"
	    " FROM pg_catalog.pg_stat_activity"
	    " WHERE datname IN (%s, %s, %s) AND pid <> pg_catalog.pg_backend_pid()",
	    literal(t, n.target), literal(t, n.new_), literal(t, n.old)), &unheard) != 0)
		return -1;
	return err_set(e, ERR_BUSY, "Database %s is in use and its sessions cannot be ended%s%s. "
	    "End them and try again. %.300s", n.target, *who != '\0' ? ": " : "", who, words);
}

static void
rest(int ms)
{
	const struct timespec pause = { ms / 1000, (long)(ms % 1000) * 1000000 };

	nanosleep(&pause, NULL);
}

/* The renames wait up to five seconds for others to leave, and their locks let nobody in meanwhile:
 * who came back just before is ended while they wait. */
static int
rename_once(const struct target *t, const struct pg_access *access, const char *sql,
    struct err *e)
{
	CLEANUP_PROC struct proc *ending = NULL;
	struct pg_names n = pg_side_names(t);
	const char *part = arena_printf(t->src->arena, sql_part, literal(t, n.target),
	    literal(t, n.new_), literal(t, n.old));
	struct pg_script others = { .sql = arena_printf(t->src->arena, "%s \\watch 0.1\n", part) };
	struct pg_script script = { .single = true };

	script.sql = arena_printf(t->src->arena, "%s;\n%s", part, sql);
	if (pg_begin(&ending, t->src, access, &others, e) != 0)
		return -1;
	return pg_run(t->src, access, &script, e);
}

static int
rename_all(const struct target *t, const struct pg_access *access, const char *sql, struct err *e)
{
	int64_t until = clock_mono() + PATIENCE_MS;

	while (rename_once(t, access, sql, e) != 0) {
		if (strstr(e->text, "is being accessed by other users") == NULL)
			return -1;
		if (clock_mono() >= until)
			return tell_users(t, access, e);
		rest(PAUSE_MS);
	}
	return 0;
}

/* A former holder that was killed may have sent its COMMIT: what is there is known only when the
 * locks of its renames are gone. */
static int
settle(const struct target *t, const struct pg_access *access, struct err *e)
{
	struct pg_names n = pg_side_names(t);
	int64_t until = clock_mono() + PATIENCE_MS, held;
	char *answer;
	const char *sql = arena_printf(t->src->arena,
	    "SELECT count(*) FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_database d"
	    " ON d.oid = l.objid WHERE l.locktype = 'object' AND l.mode = 'AccessExclusiveLock'"
	    " AND l.classid = 'pg_catalog.pg_database'::pg_catalog.regclass"
	    " AND d.datname IN (%s, %s, %s)",
	    literal(t, n.target), literal(t, n.new_), literal(t, n.old));

	for (;;) {
		if (pg_ask(&answer, t->src, access, sql, e) != 0 ||
		    pg_number(&held, &answer, e) != 0)
			return -1;
		if (held == 0)
			return 0;
		if (clock_mono() >= until)
			return err_set(e, ERR_BUSY, "Database %s is being renamed or dropped by"
			    " another session. End it and try again", n.target);
		rest(PAUSE_MS);
	}
}

/* Whether the target is not what was built: somebody else made it. */
static int
is_foreign(bool *ret, const struct target *t, const struct pg_access *access, int64_t oid,
    struct err *e)
{
	int64_t mine;
	char *answer;

	if (oid == 0) {
		*ret = false;
		return 0;
	}
	if (pg_ask(&answer, t->src, access,
	        arena_printf(t->src->arena, "SELECT count(*) FROM pg_catalog.pg_database WHERE"
	            " datname = %s AND oid = %" PRId64, literal(t, pg_side_names(t).target), oid),
	        e) != 0 ||
	    pg_number(&mine, &answer, e) != 0)
		return -1;
	*ret = mine == 0;
	return 0;
}

/* 1: to be done, 0: done already, or back before it was ever done. */
static int
judge(const struct target *t, const struct pg_there *is, bool back, bool fresh, struct err *e)
{
	struct pg_names n = pg_side_names(t);
	bool restored_in = is->target && !is->new_ && (fresh ? !is->old : is->old);
	bool restored_out = is->new_ && !is->old && (fresh ? !is->target : is->target);

	if (back ? restored_in : restored_out)
		return 1;
	/* The side is there and nothing old: it was not the target, whoever made one since. */
	if (back ? is->new_ && !is->old : restored_in)
		return 0;
	return err_set(e, ERR_CONFLICT, "The databases are not as this restore left them: "
	    "%s is %s, %s is %s, %s is %s. Nothing was renamed",
	    n.target, is->target ? "there" : "gone", n.new_, is->new_ ? "there" : "gone",
	    n.old, is->old ? "there" : "gone");
}

int
pg_side_exchange(const struct target *t, bool back, const struct pg_built *built, struct err *e)
{
	CLEANUP_PG_ACCESS struct pg_access access = { .passfile = "" };
	struct pg_names n = pg_side_names(t);
	const char *in = back ? n.old : n.new_, *out = back ? n.new_ : n.old;
	struct pg_there is;
	const char *leave, *enter;
	bool foreign, fresh = built->fresh;
	int todo;

	if (pg_side_reach(&access, t, true, e) != 0 || settle(t, &access, e) != 0 ||
	    pg_side_there(&is, t, &access, e) != 0 ||
	    is_foreign(&foreign, t, &access, built->oid, e) != 0)
		return -1;
	if (foreign && !is.new_ && !is.old)
		return err_set(e, back ? ERR_NOT_FOUND : ERR_CONFLICT,
		    "Database %s, which was built beside %s, is not there any more. Nothing was "
		    "renamed", n.new_, n.target);
	todo = judge(t, &is, back, fresh, e);
	if (todo <= 0)
		return todo;
	leave = arena_printf(t->src->arena, "ALTER DATABASE %s RENAME TO %s;\n",
	    ident(t, n.target), ident(t, out));
	enter = arena_printf(t->src->arena, "ALTER DATABASE %s RENAME TO %s;\n", ident(t, in),
	    ident(t, n.target));
	if (fresh)
		return back
		    ? rename_all(t, &access, leave, e)
		    : rename_all(t, &access, enter, e);
	return rename_all(t, &access, arena_printf(t->src->arena, "%s%s", leave, enter), e);
}

int
pg_side_drop(const struct target *t, const struct pg_access *access, const char *name,
    struct err *e)
{
	char *answer;

	const char *which = literal(t, name);

	if (pg_ask(&answer, t->src, access,
	        arena_printf(t->src->arena, sql_part, which, which, which), e) != 0)
		return -1;
	return pg_ask(&answer, t->src, access,
	    arena_printf(t->src->arena, "DROP DATABASE IF EXISTS %s", ident(t, name)), e);
}
