/* pg.h: reaching a PostgreSQL server by the vendor's tools.
 *
 * How to connect goes to them by environment variables, never by argv: there a value is always
 * itself, while as --dbname a name like "host=x" would be taken apart. The password goes by a file
 * (PGPASSFILE).
 */
#ifndef WORKER_SOURCE_PG_H
#define WORKER_SOURCE_PG_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/util/proc.h"
#include "worker/source/source.h"

enum { PG_ENV_MAX = 12 };

/* How schemas begin that a restore of ours keeps in a target: no part of what is backed up. */
#define PG_OWN_SCHEMA "lazarette_restore_"

/* How the tools reach one database of the server. */
struct pg_access {
	const char *env[PG_ENV_MAX];
	const char *passfile; /* removed with this; "" when there is none */
};

MUST_USE int pg_access_make(struct pg_access *ret, const struct source *src, const char *database,
    struct err *e);
void pg_access_drop(struct pg_access *access);
#define CLEANUP_PG_ACCESS CLEANUP(pg_access_drop)

/* Where psql is, and the environment that it runs in: what it prints is UTF-8. The dumping tools do
 * not take that: a dump is in the database's own encoding. */
MUST_USE int pg_psql(char **path, const char *env[PG_ENV_MAX + 1], const struct source *src,
    const struct pg_access *access, struct err *e);

/* What one query answers: its columns divided by '|'. */
MUST_USE int pg_ask(char **ret, const struct source *src, const struct pg_access *access,
    const char *sql, struct err *e);
/* The text up to the next '|', which becomes its end; *at moves behind it. */
const char *pg_column(char **at);
MUST_USE int pg_number(int64_t *ret, char **at, struct err *e);
/* SQL of any length through psql's stdin, with its own commands; one that fails ends it, unless the
 * text says otherwise. With `single` all of it is one transaction. `line` hears stderr; what it
 * answers is thrown away. */
struct pg_script {
	const char *sql;
	bool single;
	void (*line)(void *arg, const char *line);
	void *arg;
};
MUST_USE int pg_run(const struct source *src, const struct pg_access *access,
    const struct pg_script *script, struct err *e);
MUST_USE int pg_begin(struct proc **ret, const struct source *src, const struct pg_access *access,
    const struct pg_script *script, struct err *e);

/* As SQL writes it: "name" and E'text'. */
char *pg_ident(struct arena *a, const char *name);
char *pg_literal(struct arena *a, const char *text);

/* "150020" is 15, "90624" is 9. */
int pg_major(int64_t server_version_num);
/* A tool's own words about its version: "pg_dump (PostgreSQL) 15.20", and the 15 in it. */
MUST_USE int pg_tool_version(char **ret, int *major, const struct source *src, const char *path,
    struct err *e);

#endif
