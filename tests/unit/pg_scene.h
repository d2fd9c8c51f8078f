/* pg_scene.h: a database "shop" in a private server, and scenes of it. <cmocka.h> comes first. */
#ifndef TESTS_UNIT_PG_SCENE_H
#define TESTS_UNIT_PG_SCENE_H

#include <dirent.h>

#include "lib/base/clock.h"
#include "tests/unit/pg_fixture.h"
#include "tests/unit/scene.h"

static struct pg pg;
static char scratch[] = "/tmp/src_postgresql_test.XXXXXX";

static inline void
scene_begin(struct scene *s, const char *database)
{
	scene_open(s, &src_postgresql_driver, PG_PASSWORD, scratch);
	s->service.settings = (struct service_settings){ .host = "127.0.0.1",
		.port = pg.port,
		.database = database,
		.user = PG_USER,
		.tls = "",
		.path = "",
		.roots = "",
		.excludes = "" };
}

/* What pg_restore --list says of the bytes: the check that is none. */
static inline int
list(const char *p, size_t n, struct err *e)
{
	const char *const argv[] = { "/usr/lib/postgresql/15/bin/pg_restore", "--list", NULL };
	struct proc_spec spec = { .argv = argv, .stdin_fd = memfd_create("dump", MFD_CLOEXEC) };
	CLEANUP_BUF struct buf out = BUF_INIT;

	assert_int_equal(fd_write_all(spec.stdin_fd, p, n, e), 0);
	assert_int_equal(lseek(spec.stdin_fd, 0, SEEK_SET), 0);
	return proc_output(&out, 1 << 20, &spec, e);
}

static inline void
sql(const char *database, const char *text)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err e;

	if (pg_sql(&out, &pg, database, text, &e) != 0)
		fail_msg("%s", e.text);
}

static inline char *
answer(struct arena *a, const char *database, const char *text)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err e;

	if (pg_sql(&out, &pg, database, text, &e) != 0)
		fail_msg("%s", e.text);
	return arena_dupn(a, out.p, strcspn(out.p, "\n"));
}

static inline int
count_in(const char *folder)
{
	DIR *d = opendir(folder);
	int n = -2;

	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static inline void
empty(const char *folder)
{
	DIR *d = opendir(folder);
	struct dirent *entry;

	while ((entry = readdir(d)) != NULL)
		if (*entry->d_name != '.')
			unlinkat(dirfd(d), entry->d_name, 0);
	closedir(d);
}

static inline int
begin(void **state UNUSED)
{
	pg_start(&pg);
	if (mkdtemp(scratch) == NULL)
		return -1;
	sql("postgres", "CREATE DATABASE shop");
	/* About 28 MB, which no buffer on the way holds; incompressible, in rows that are stored in
	 * line. */
	sql("shop",
	    "CREATE TABLE item AS SELECT i AS id, now() AS added, (SELECT string_agg(md5(i::text "
	    "|| j), '')"
	    " FROM generate_series(1, 40) j) AS name FROM generate_series(1, 22000) i; ALTER TABLE "
	    "item ADD PRIMARY KEY (id)");
	sql("shop", "CREATE TABLE empty (a int)");
	return 0;
}

static inline int
end(void **state UNUSED)
{
	pg_stop(&pg);
	return rmdir(scratch);
}


#endif
