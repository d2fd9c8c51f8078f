/* projects_test.c: projects, environments, services, storages. */
#include "tests/unit/fixture.h"

static void
a_project_is_added_found_and_changed(void **state)
{
	struct fixture *f = *state;
	struct project p = { .slug = "blog", .name = "a Blog" }, found, *list;
	size_t n;

	OK(projects_add(&p, f->db, &f->e));
	OK(projects_by_slug(&found, f->a, f->db, "blog", &f->e));
	assert_int_equal(found.id, p.id);
	assert_string_equal(found.owners, "");
	assert_int_equal(strlen(found.uuid), 36);
	assert_int_equal(found.created_at, p.created_at);
	found.name = "Zine";
	found.slug = "zine";
	found.owners = "a@x\nb@x";
	OK(projects_update(&found, f->db, &f->e));
	REFUSED(ERR_NOT_FOUND, projects_by_slug(&p, f->a, f->db, "blog", &f->e));
	OK(projects_list(&list, &n, f->a, f->db, &f->e));
	assert_int_equal(n, 2);
	assert_string_equal(list[1].name, "Zine");
	assert_string_equal(list[1].owners, "a@x\nb@x");
}

static void
a_taken_slug_is_a_conflict_everywhere(void **state)
{
	struct fixture *f = *state;
	struct project p = { .slug = "shop", .name = "x" };
	struct environment v = { .slug = "live", .name = "x", .project = f->project };
	struct service s = { .slug = "media",
		.name = "x",
		.environment = f->environment,
		.engine = ENGINE_FILES };

	REFUSED(ERR_CONFLICT, projects_add(&p, f->db, &f->e));
	assert_string_equal(f->e.text, "shop is taken");
	REFUSED(ERR_CONFLICT, environments_add(&v, f->db, &f->e));
	REFUSED(ERR_CONFLICT, services_add(&s, f->db, &f->e));
	p.slug = "other";
	OK(projects_add(&p, f->db, &f->e));
	v.project = p.id;
	OK(environments_add(&v, f->db, &f->e));
	p.slug = "shop";
	p.owners = "";
	REFUSED(ERR_CONFLICT, projects_update(&p, f->db, &f->e));
	p.id = 99;
	p.slug = "new";
	REFUSED(ERR_NOT_FOUND, projects_update(&p, f->db, &f->e));
}

static void
environments_are_listed_live_ones_first(void **state)
{
	struct fixture *f = *state;
	struct environment dev = { .project = f->project,
		.slug = "dev",
		.name = "Dev",
		.kind = ENV_DEVELOPMENT };
	struct environment staging = { .project = f->project,
		.slug = "staging",
		.name = "Staging",
		.kind = ENV_STAGING };
	struct environment *list, found;
	size_t n;

	OK(environments_add(&dev, f->db, &f->e));
	OK(environments_add(&staging, f->db, &f->e));
	OK(environments_list(&list, &n, f->a, f->db, 0, &f->e));
	assert_int_equal(n, 3);
	assert_string_equal(list[0].slug, "live");
	assert_string_equal(list[1].slug, "staging");
	assert_string_equal(list[2].slug, "dev");
	OK(environments_list(&list, &n, f->a, f->db, f->project + 1, &f->e));
	assert_int_equal(n, 0);
	OK(environments_by_slug(&found, f->a, f->db, "shop", "dev", &f->e));
	assert_string_equal(found.project_name, "Shop");
	assert_string_equal(found.project_slug, "shop");
	found.paused = true;
	found.kind = ENV_LIVE;
	OK(environments_update(&found, f->db, &f->e));
	OK(environments_by_id(&found, f->a, f->db, dev.id, &f->e));
	assert_true(found.paused);
	assert_int_equal(found.kind, ENV_LIVE);
	REFUSED(ERR_NOT_FOUND, environments_by_slug(&found, f->a, f->db, "shop", "x", &f->e));
	REFUSED(ERR_NOT_FOUND, environments_by_slug(&found, f->a, f->db, "x", "live", &f->e));
	REFUSED(ERR_NOT_FOUND, environments_by_id(&found, f->a, f->db, 99, &f->e));
}

static void
a_service_keeps_its_secret_unless_a_new_one_is_given(void **state)
{
	struct fixture *f = *state;
	struct environment v = { .id = f->environment };
	struct service s = { .slug = "pg",
		.name = "PG",
		.environment = f->environment,
		.engine = ENGINE_POSTGRESQL,
		.settings = { .host = "h",
		    .port = "1",
		    .database = "d",
		    .user = "u",
		    .tls = "prefer" },
		.sealed = "\0sealed",
		.sealed_size = 7 },
	               found;

	OK(services_add(&s, f->db, &f->e));
	OK(services_by_slug(&found, f->a, f->db, &v, "pg", &f->e));
	assert_int_equal(found.revision, 1);
	assert_int_equal(found.sealed_size, 7);
	assert_memory_equal(found.sealed, "\0sealed", 7);
	assert_string_equal(found.settings.database, "d");
	assert_string_equal(found.check_state, "untested");
	assert_string_equal(found.environment_slug, "live");
	found.sealed = NULL;
	found.settings.port = "5433";
	OK(services_update(&found, f->db, &f->e));
	OK(services_by_id(&found, f->a, f->db, s.id, &f->e));
	assert_int_equal(found.revision, 2);
	assert_string_equal(found.settings.port, "5433");
	assert_memory_equal(found.sealed, "\0sealed", 7);
	found.sealed = "new";
	found.sealed_size = 3;
	OK(services_update(&found, f->db, &f->e));
	OK(services_by_id(&found, f->a, f->db, s.id, &f->e));
	assert_int_equal(found.sealed_size, 3);
}

/* What is around a restore: hooks and watchers of an environment. */
static void
hooks_and_watchers_of_an_environment_are_kept(void **state)
{
	struct fixture *f = *state;
	struct environment v;

	OK(environments_by_id(&v, f->a, f->db, f->environment, &f->e));
	assert_string_equal(v.hook_before, "");
	assert_string_equal(v.hook_after, "");
	assert_string_equal(v.hook_code, "");
	assert_string_equal(v.watchers, "");
	assert_int_equal(v.hook_limit_s, 300);
	v = (struct environment){ .project = f->project,
		.slug = "staging",
		.name = "S",
		.kind = ENV_STAGING,
		.hook_before = "stop-shop",
		.hook_after = "start-shop",
		.hook_code = "which-code",
		.hook_limit_s = 60,
		.watchers = "a@x\nb@x" };
	OK(environments_add(&v, f->db, &f->e));
	OK(environments_by_id(&v, f->a, f->db, v.id, &f->e));
	assert_string_equal(v.hook_before, "stop-shop");
	assert_string_equal(v.hook_after, "start-shop");
	assert_string_equal(v.hook_code, "which-code");
	assert_string_equal(v.watchers, "a@x\nb@x");
	assert_int_equal(v.hook_limit_s, 60);
	v.hook_before = "halt-shop";
	v.hook_after = NULL;
	v.hook_code = "show-code";
	v.watchers = NULL;
	v.hook_limit_s = 0;
	OK(environments_update(&v, f->db, &f->e));
	OK(environments_by_id(&v, f->a, f->db, v.id, &f->e));
	assert_string_equal(v.hook_before, "halt-shop");
	assert_string_equal(v.hook_code, "show-code");
	assert_string_equal(v.hook_after, "");
	assert_string_equal(v.watchers, "");
	assert_int_equal(v.hook_limit_s, 300);
}

/* NEW-3: a change of the landing rules is a change of the service, so a page that showed the old
 * ones is stale. */
static void
NEW_3_landing_rules_of_a_service_are_kept(void **state)
{
	struct fixture *f = *state;
	struct service s = { .slug = "logs", .name = "Logs", .environment = f->environment,
	    .engine = ENGINE_SQLITE, .settings = { .path = "/srv/logs.db" },
	    .sanitise_sql = "DELETE FROM visitor;" };

	OK(services_add(&s, f->db, &f->e));
	OK(services_by_id(&s, f->a, f->db, s.id, &f->e));
	assert_string_equal(s.sanitise_sql, "DELETE FROM visitor;");
	assert_string_equal(s.sanitise_hook, "");
	s.sanitise_sql = NULL;
	s.sanitise_hook = "wash";
	OK(services_update(&s, f->db, &f->e));
	OK(services_by_id(&s, f->a, f->db, s.id, &f->e));
	assert_string_equal(s.sanitise_sql, "");
	assert_string_equal(s.sanitise_hook, "wash");
	assert_int_equal(s.revision, 2);
}

static void
the_level_of_a_service_is_kept(void **state)
{
	struct fixture *f = *state;
	struct service s = { .slug = "logs", .name = "Logs", .environment = f->environment,
	    .engine = ENGINE_SQLITE, .settings = { .path = "/srv/logs.db" }, .level = 19 };

	OK(services_add(&s, f->db, &f->e));
	OK(services_by_id(&s, f->a, f->db, s.id, &f->e));
	assert_int_equal(s.level, 19);
	s.level = 0;
	OK(services_update(&s, f->db, &f->e));
	OK(services_by_id(&s, f->a, f->db, s.id, &f->e));
	assert_int_equal(s.level, 0);
}

static void
a_service_that_somebody_else_changed_is_a_conflict(void **state)
{
	struct fixture *f = *state;
	struct service s;

	OK(services_by_id(&s, f->a, f->db, f->media, &f->e));
	OK(services_update(&s, f->db, &f->e));
	REFUSED(ERR_CONFLICT, services_update(&s, f->db, &f->e));
	assert_non_null(strstr(f->e.text, "somebody has changed"));
	s.id = 99;
	REFUSED(ERR_NOT_FOUND, services_update(&s, f->db, &f->e));
	OK(services_by_id(&s, f->a, f->db, f->media, &f->e));
	s.slug = "database";
	REFUSED(ERR_CONFLICT, services_update(&s, f->db, &f->e));
	assert_string_equal(f->e.text, "database is taken");
}

static void
a_test_of_an_older_revision_is_dropped(void **state)
{
	struct fixture *f = *state;
	struct service s;

	OK(services_set_check(f->db, f->media, 1, "ok", "3 files", &f->e));
	OK(services_by_id(&s, f->a, f->db, f->media, &f->e));
	assert_string_equal(s.check_state, "ok");
	assert_string_equal(s.check_text, "3 files");
	assert_true(s.checked_at > 0);
	OK(services_update(&s, f->db, &f->e));
	OK(services_set_check(f->db, f->media, 1, "failed", "late", &f->e));
	OK(services_by_id(&s, f->a, f->db, f->media, &f->e));
	assert_string_equal(s.check_state, "untested");
}

static void
databases_are_listed_before_media(void **state)
{
	struct fixture *f = *state;
	struct service a = { .slug = "a",
		.name = "A",
		.environment = f->environment,
		.engine = ENGINE_FILES,
		.settings = { .roots = "/a" } },
	               *list;
	size_t n;

	OK(services_add(&a, f->db, &f->e));
	OK(services_list(&list, &n, f->a, f->db, f->environment, &f->e));
	assert_int_equal(n, 3);
	assert_string_equal(list[0].slug, "database");
	assert_string_equal(list[1].slug, "a");
	assert_string_equal(list[2].slug, "media");
}

static void
settings_that_somebody_spoiled_read_as_empty(void **state)
{
	struct fixture *f = *state;
	struct service s;

	fixture_do(f, "UPDATE service SET settings='{' WHERE slug='media'");
	OK(services_by_id(&s, f->a, f->db, f->media, &f->e));
	assert_string_equal(s.settings.roots, "");
}

static void
a_storage_is_found_again_and_follows_the_configuration(void **state)
{
	struct fixture *f = *state;
	struct storage s = { .slug = "main", .kind = "local", .path = "/elsewhere" }, found, *list;
	size_t n;

	OK(storages_ensure(&s, f->db, &f->e));
	assert_int_equal(s.id, f->storage);
	fixture_ready(f);
	OK(storages_by_id(&found, f->a, f->db, s.id, &f->e));
	assert_string_equal(found.path, "/elsewhere");
	OK(storages_list(&list, &n, f->a, f->db, &f->e));
	assert_int_equal(list[0].used_bytes, 2 * FIXTURE_STORED + 5);
	assert_int_equal(n, 1);
	assert_string_equal(list[0].uuid, found.uuid);
	REFUSED(ERR_NOT_FOUND, storages_by_id(&found, f->a, f->db, 99, &f->e));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(a_project_is_added_found_and_changed),
		FIXTURE_TEST(a_taken_slug_is_a_conflict_everywhere),
		FIXTURE_TEST(environments_are_listed_live_ones_first),
		FIXTURE_TEST(a_service_keeps_its_secret_unless_a_new_one_is_given),
		FIXTURE_TEST(hooks_and_watchers_of_an_environment_are_kept),
		FIXTURE_TEST(NEW_3_landing_rules_of_a_service_are_kept),
		FIXTURE_TEST(the_level_of_a_service_is_kept),
		FIXTURE_TEST(a_service_that_somebody_else_changed_is_a_conflict),
		FIXTURE_TEST(a_test_of_an_older_revision_is_dropped),
		FIXTURE_TEST(databases_are_listed_before_media),
		FIXTURE_TEST(settings_that_somebody_spoiled_read_as_empty),
		FIXTURE_TEST(a_storage_is_found_again_and_follows_the_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
