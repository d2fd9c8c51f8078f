/* pg_landing.h: a target "shop" of a role that is no superuser, its neighbours, and stored dumps of
 * it. <cmocka.h> comes first. */
#ifndef TESTS_UNIT_PG_LANDING_H
#define TESTS_UNIT_PG_LANDING_H

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/unit/pg_fixture.h"
#include "tests/unit/scene.h"
#include "worker/archive/frame.h"
#include "worker/target/landings.h"
#include "worker/target/pg_land.h"
#include "worker/target/pg_side.h"

#define ROLE "shopper"
#define ROLE_PASSWORD "pass of 'shopper'"
#define BIN "/usr/lib/postgresql/15/bin/"

struct landing_scene {
	struct scene s;
	struct target target;
	struct part part;
	struct stored_object data;
	struct dest *dest;
	struct export_part from;
	struct storage storage;
	char store[256];
};

static struct pg pg;
static char scratch[] = "/tmp/tgt_postgresql_test.XXXXXX";

static inline void
run_tool(struct buf *out, const char *const *argv, const char *database)
{
	char port[32], name[256];
	const char *const env[] = { "PGHOST=127.0.0.1", port, "PGUSER=" ROLE,
		"PGPASSWORD=" ROLE_PASSWORD, name, "PGTZ=UTC", "PGCLIENTENCODING=UTF8", NULL };
	struct proc_spec spec = { .argv = argv, .env = env, .stdin_fd = -1 };
	struct err e;

	snprintf(port, sizeof port, "PGPORT=%s", pg.port);
	snprintf(name, sizeof name, "PGDATABASE=%s", database);
	if (proc_output(out, 16 << 20, &spec, &e) != 0)
		fail_msg("%s", e.text);
}

/* As the role; what it prints. */
static inline char *
as_role(struct arena *a, const char *database, const char *text)
{
	const char *const argv[] = { BIN "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", text,
		NULL };
	CLEANUP_BUF struct buf out = BUF_INIT;

	run_tool(&out, argv, database);
	return arena_dupn(a, out.p, strcspn(out.p, "\n"));
}

static inline char *
as_super(struct arena *a, const char *database, const char *text)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err e;

	if (pg_sql(&out, &pg, database, text, &e) != 0)
		fail_msg("%s: %s", text, e.text);
	return arena_dupn(a, out.p, strcspn(out.p, "\n"));
}

/* All of a database as text, without the tokens that differ in each dump. */
static inline char *
text_of(struct arena *a, const char *database)
{
	const char *const argv[] = { BIN "pg_dump", "--create", NULL };
	CLEANUP_BUF struct buf out = BUF_INIT;
	char *text;

	run_tool(&out, argv, database);
	text = arena_dupn(a, out.p, out.n);
	for (char *at = text; (at = strstr(at, "restrict ")) != NULL; at++)
		memset(at, '-', strcspn(at, "\n"));
	return text;
}

static inline void
landing_begin(struct landing_scene *l, const char *tag)
{
	struct err e;

	*l = (struct landing_scene){ .dest = NULL };
	scene_open(&l->s, &src_postgresql_driver, ROLE_PASSWORD, scratch);
	l->s.service.settings = (struct service_settings){ .host = "127.0.0.1",
		.port = pg.port,
		.database = "shop",
		.user = ROLE,
		.tls = "",
		.path = "",
		.roots = "",
		.excludes = "" };
	snprintf(l->store, sizeof l->store, "%s/store", scratch);
	assert_true(mkdir(l->store, 0700) == 0 || errno == EEXIST);
	l->storage = (struct storage){ .slug = "main", .kind = "local", .path = l->store };
	assert_int_equal(dest_open(&l->dest, &l->storage, &e), 0);
	l->part = (struct part){ .backup = 101, .engine_version = "15.2" };
	l->target = (struct target){ .src = &l->s.src, .tag = tag, .part = &l->part };
	l->from = (struct export_part){ l->dest, &l->data, NULL, &l->s.watch, NULL };
}

/* What killed processes left in the job's scratch folder, which goes as a whole. */
static inline void
landing_sweep(void)
{
	DIR *d = opendir(scratch);
	struct dirent *entry;

	while ((entry = readdir(d)) != NULL)
		if (entry->d_type == DT_REG)
			unlinkat(dirfd(d), entry->d_name, 0);
	closedir(d);
}

static inline void
landing_end(struct landing_scene *l)
{
	struct err e;

	assert_int_equal(dest_remove(l->dest, "d", &e), 0);
	dest_closep(&l->dest);
	assert_int_equal(rmdir(l->store), 0);
	scene_end(&l->s);
}

static inline int
landing_upload(void *arg, const void *p, size_t n, struct err *e)
{
	return upload_write(arg, p, n, e);
}

/* What is in l->s.bytes as the stored part. */
static inline void
landing_store(struct landing_scene *l)
{
	const struct frame_options options = { .level = 3, .threads = 2 };
	CLEANUP_FRAME_WRITER struct frame_writer *w = NULL;
	CLEANUP_UPLOAD struct upload *up = NULL;
	struct frame_totals totals;
	struct err e;

	assert_int_equal(dest_begin(&up, l->dest, "d", 1, &e), 0);
	const struct sink to = { landing_upload, up };
	assert_int_equal(frame_writer_new(&w, &to, &options, &e), 0);
	assert_int_equal(frame_write(w, l->s.bytes.p, l->s.bytes.n, &e), 0);
	assert_int_equal(frame_finish(&totals, w, &e), 0);
	assert_int_equal(upload_commit(&up, &e), 0);
	l->data = (struct stored_object){ "d", totals.raw_bytes, totals.stored_bytes,
		arena_dup(l->s.a, totals.raw_sha256), arena_dup(l->s.a, totals.stored_sha256), "" };
}

static inline void
landing_dump(struct landing_scene *l)
{
	struct err e;

	if (scene_dump(&l->s, &e) != 0)
		fail_msg("%s", e.text);
	landing_store(l);
}

static inline void
landing_build(struct target_built *built, struct landing_scene *l)
{
	struct err e;

	if (tgt_postgresql_driver.build(built, &l->target, &l->from, &e) != 0)
		fail_msg("%s\n%s", e.text, l->s.said.p);
}

static inline void
landing_swap(struct landing_scene *l)
{
	int64_t kept = -1;
	struct err e;

	if (tgt_postgresql_driver.swap(&kept, &l->target, "", &e) != 0)
		fail_msg("%s", e.text);
	assert_true(kept > 1 << 20);
}

static inline void
landing_drop(struct landing_scene *l)
{
	struct err e;

	if (tgt_postgresql_driver.drop(&l->target, &e) != 0)
		fail_msg("%s", e.text);
}

/* Of a table; -2 when there is none. */
static inline int64_t
rows_of(const struct target_built *b, const char *name)
{
	for (size_t i = 0; i < b->table_count; i++)
		if (strcmp(b->tables[i].name, name) == 0)
			return b->tables[i].rows;
	return -2;
}

/* Names of all databases but the server's own. */
static inline char *
databases(struct arena *a)
{
	return as_super(a, "postgres",
	    "SELECT string_agg(datname, ' ' ORDER BY datname) FROM "
	    "pg_database WHERE datname !~ '^(postgres|template.)$'");
}

static inline int
landing_server(void **state UNUSED)
{
	struct arena *a = arena_new();

	pg_start(&pg);
	if (mkdtemp(scratch) == NULL)
		return -1;
	as_super(a, "postgres",
	    "CREATE ROLE " ROLE " LOGIN CREATEDB PASSWORD $$" ROLE_PASSWORD
	    "$$; CREATE ROLE reader");
	as_super(a, "postgres", "CREATE DATABASE shop OWNER " ROLE);
	as_super(a, "postgres", "CREATE DATABASE shop_live2 OWNER " ROLE);
	as_super(a, "postgres", "CREATE DATABASE shop_ OWNER " ROLE);
	arena_free(a);
	return 0;
}

static inline int
landing_server_end(void **state UNUSED)
{
	pg_stop(&pg);
	return rmdir(scratch);
}

#endif
