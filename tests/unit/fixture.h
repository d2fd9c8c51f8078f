/* fixture.h: a catalogue in a temporary folder with one project, for the tests of lib/store. */
#ifndef TESTS_UNIT_FIXTURE_H
#define TESTS_UNIT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/clock.h"
#include "lib/model/project.h"
#include "lib/store/accounts.h"
#include "lib/store/backups.h"
#include "lib/store/db.h"
#include "lib/store/jobs.h"
#include "lib/store/projects.h"
#include "lib/store/sql.h"

struct fixture {
	struct arena *a;
	char folder[64], path[96];
	struct db *db;
	struct err e;
	int64_t project, environment, database, media, admin, storage;
};

#define OK(call) do { \
	if ((call) != 0) \
		fail_msg("%s: %s", #call, f->e.text); \
} while (0)
#define REFUSED(want, call) do { \
	assert_int_equal((call), -1); \
	if (f->e.kind != (want)) \
		fail_msg("%s: %s: %s", #call, err_kind_name(f->e.kind), f->e.text); \
} while (0)

UNUSED static void
fixture_fill(struct fixture *f)
{
	struct project p = { .slug = "shop", .name = "Shop", .owners = "" };
	struct environment v = { .slug = "live", .name = "Live", .kind = ENV_LIVE };
	struct service d = { .slug = "database", .name = "Database", .engine = ENGINE_SQLITE,
	    .settings = { .path = "/srv/shop.db" } };
	struct service m = { .slug = "media", .name = "Media", .engine = ENGINE_FILES,
	    .settings = { .roots = "/srv/media" } };
	struct account admin = { .email = "admin@example.org",
		.name = "Admin",
		.role = ROLE_ADMIN,
		.password_hash = "x" };
	struct storage s = { .slug = "main", .kind = "local", .path = "/srv/store" };

	OK(projects_add(&p, f->db, &f->e));
	v.project = f->project = p.id;
	OK(environments_add(&v, f->db, &f->e));
	d.environment = m.environment = f->environment = v.id;
	OK(services_add(&d, f->db, &f->e));
	OK(services_add(&m, f->db, &f->e));
	f->database = d.id;
	f->media = m.id;
	OK(accounts_add(&admin, f->db, &f->e));
	f->admin = admin.id;
	OK(storages_ensure(&s, f->db, &f->e));
	f->storage = s.id;
}

UNUSED static int
fixture_empty(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	f->a = arena_new();
	snprintf(f->folder, sizeof f->folder, "/tmp/store_test.XXXXXX");
	if (mkdtemp(f->folder) == NULL)
		return -1;
	snprintf(f->path, sizeof f->path, "%s/catalog.db", f->folder);
	*state = f;
	return 0;
}

UNUSED static int
fixture_set_up(void **state)
{
	struct fixture *f;

	if (fixture_empty(state) != 0)
		return -1;
	f = *state;
	if (db_open_migrate(&f->db, f->path, &f->e) != 0) {
		fprintf(stderr, "%s\n", f->e.text);
		return -1;
	}
	fixture_fill(f);
	return 0;
}

UNUSED static int
fixture_tear_down(void **state)
{
	struct fixture *f = *state;
	DIR *dir = opendir(f->folder);

	db_close(f->db);
	for (struct dirent *d; dir != NULL && (d = readdir(dir)) != NULL;)
		unlinkat(dirfd(dir), d->d_name, 0);
	closedir(dir);
	rmdir(f->folder);
	arena_free(f->a);
	free(f);
	return 0;
}

/* What one SELECT of one number gives, for looking behind the functions under test. */
UNUSED static int64_t
fixture_number(struct fixture *f, const char *sql)
{
	int64_t n = -1;

	OK(sql_get(&n, f->db, sql, SQL_NO_ARGS, &f->e));
	return n;
}

UNUSED static void
fixture_do(struct fixture *f, const char *sql)
{
	OK(sql_run(NULL, f->db, sql, SQL_NO_ARGS, &f->e));
}

/* Ask for a backup of both services, or of one when `only` is not 0. */
UNUSED static struct backup_ids
fixture_request(struct fixture *f, int64_t only, const char *key)
{
	int64_t both[] = { f->database, f->media };
	struct backup_request rq = { .job = { f->environment, f->admin, key, true },
		.kind = BACKUP_ON_DEMAND,
		.note = "a note", .services = only ? &only : both, .service_count = only ? 1 : 2 };
	struct backup_ids ids = { 0, 0 };

	OK(backups_request(&ids, f->db, &rq, &f->e));
	return ids;
}

UNUSED static struct lease
fixture_claim(struct fixture *f)
{
	struct lease l = { -1, -1 };

	OK(jobs_claim(&l, f->db, "w1", 30000, &f->e));
	return l;
}

enum { FIXTURE_RAW = 1000, FIXTURE_STORED = 100 };

/* Do what a worker does, without bytes: every part ready, then the backup. */
UNUSED static void
fixture_finish(struct fixture *f, const struct lease *l, int64_t backup)
{
	static const char hash[] =
	    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
	struct part *parts;
	size_t n;

	OK(backups_begin(f->db, l, &f->e));
	OK(backups_parts(&parts, &n, f->a, f->db, backup, &f->e));
	for (size_t i = 0; i < n; i++) {
		struct part p = parts[i];

		p.data = (struct stored_object){ p.data.key, FIXTURE_RAW, FIXTURE_STORED, hash,
			hash, hash };
		if (*p.manifest.key != '\0')
			p.manifest = (struct stored_object){ p.manifest.key, 50, 5, hash, hash,
				"" };
		p.warnings = 1;
		p.items = 3;
		p.tool = "tool 1";
		p.taken_at = clock_now();
		OK(backups_part_ready(f->db, l, &p, &f->e));
	}
	OK(backups_finish(f->db, l, hash, &f->e));
}

/* A ready backup of both services. */
UNUSED static int64_t
fixture_ready(struct fixture *f)
{
	struct backup_ids ids = fixture_request(f, 0, NULL);
	struct lease l = fixture_claim(f);

	assert_int_equal(l.job, ids.job);
	fixture_finish(f, &l, ids.backup);
	return ids.backup;
}

#define FIXTURE_TEST(f) cmocka_unit_test_setup_teardown(f, fixture_set_up, fixture_tear_down)
#define FIXTURE_EMPTY_TEST(f) cmocka_unit_test_setup_teardown(f, fixture_empty, fixture_tear_down)

#endif
