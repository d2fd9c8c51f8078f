/* on_service_test.c: services: adding, changing, testing. */
#include "tests/unit/ask.h"

#include "cgi/handle/on_service.h"
#include "cgi/handle/on_service_form.h"
#include "lib/store/settings.h"
#include "lib/util/seal.h"

#define CREATE .run = on_service_form_create, .args = { "shop", "live" }, .post = true
#define EDIT(s) .run = on_service_form_edit, .args = { "shop", "live", s }
#define SAVE(s) .run = on_service_form_save, .args = { "shop", "live", s }, .post = true

#define POSTGRESQL                                                                                 \
	{ "engine", "postgresql" }, { "name", "Orders" }, { "slug", "orders" },                    \
	    { "host", "db.test" }, { "port", "5432" }, { "database", "orders" },                   \
	    { "user", "backup" },                                                                  \
	{                                                                                          \
		"tls", "require"                                                                   \
	}

static void
make_key(struct fixture *f)
{
	char hex[SEAL_PUBLIC_HEX_SIZE];

	OK(seal_make_key(hex, arena_printf(f->a, "%s/worker.key", f->folder), &f->e));
	OK(settings_set(f->db, "seal_public_key", hex, &f->e));
}

static int64_t
services(struct fixture *f)
{
	return fixture_number(f, "SELECT count(*) FROM service");
}

static void
first_the_kind_then_its_fields(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply kinds, pg, files, unknown;

	ASK(200, &kinds, .run = on_service_form_new, .args = { "shop", "live" });
	SAYS(&kinds, "href=\"/p/shop/live/services/new?engine=postgresql\"");
	SAYS(&kinds, "href=\"/p/shop/live/services/new?engine=sqlite\"");
	ASK(200, &pg, .run = on_service_form_new, .args = { "shop", "live" },
	    .query = { { "engine", "postgresql" } });
	SAYS(&pg, "name=\"host\"");
	SAYS(&pg, "value=\"5432\"");
	SAYS_NOT(&pg, "name=\"roots\"");
	ASK(200, &files, .run = on_service_form_new, .args = { "shop", "live" },
	    .query = { { "engine", "files" } });
	SAYS(&files, "name=\"excludes\"");
	SAYS_NOT(&files, "name=\"secret\"");
	ASK(422, &unknown, CREATE, .form = { { "engine", "mongodb" } });
}

static void
each_kind_is_stored_with_its_own_settings(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply pg, sqlite, files;

	make_key(f);
	ASK(303, &pg, CREATE,
	    .form = { POSTGRESQL, { "secret", "hush" }, { "path", "/etc/passwd" } });
	HEADER(&pg, "Location: /p/shop/live/services/orders?said=saved\r\n");
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM service WHERE slug = 'orders' AND sealed IS NOT "
	                     "NULL"
	                     " AND settings LIKE '%db.test%' AND settings NOT LIKE '%passwd%' AND "
	                     "settings NOT LIKE '%hush%'"),
	    1);
	ASK(303, &sqlite, CREATE,
	    .form = { { "engine", "sqlite" }, { "name", "Two" }, { "slug", "two" },
	        { "path", "/srv/two.sqlite" }, { "level", "19" } });
	assert_int_equal(fixture_number(f, "SELECT level FROM service WHERE slug = 'two'"), 19);
	assert_int_equal(fixture_number(f, "SELECT level FROM service WHERE slug = 'orders'"), 0);
	ASK(303, &files, CREATE,
	    .form = { { "engine", "files" }, { "name", "Three" }, { "slug", "three" },
	        { "roots", "/srv/a\n/srv/b" }, { "excludes", "*.tmp" } });
	assert_int_equal(services(f), 5);
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM event WHERE action = 'service.added'"),
	    3);
}

static void
faults_stand_beside_their_fields_and_values_are_kept(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply pg, taken, word, level;

	make_key(f);
	ASK(422, &pg, CREATE,
	    .form = { { "engine", "postgresql" }, { "name", "<b>" }, { "slug", "Not A Slug" },
	        { "host", "\"><script>alert(1)</script>" }, { "port", "75000" },
	        { "database", "kept" }, { "secret", "hush hush" } });
	SAYS(&pg, "There is a problem");
	SAYS(&pg, "href=\"#port\"");
	SAYS(&pg, "href=\"#slug\"");
	SAYS(&pg, "value=\"kept\"");
	SAYS(&pg, "value=\"75000\"");
	SAYS_NOT(&pg, "<script>alert");
	SAYS_NOT(&pg, "hush hush");
	ASK(422, &taken, CREATE,
	    .form = { { "engine", "sqlite" }, { "name", "X" }, { "slug", "database" },
	        { "path", "/x" } });
	SAYS(&taken, "database is taken");
	ASK(422, &word, CREATE,
	    .form = { { "engine", "sqlite" }, { "name", "X" }, { "slug", "new" },
	        { "path", "/x" } });
	SAYS(&word, "a word of this console");
	ASK(422, &level, CREATE,
	    .form = { { "engine", "sqlite" }, { "name", "X" }, { "slug", "x" },
	        { "path", "/x" }, { "level", "20" } });
	SAYS(&level, "Use a number from 1 to 19");
	assert_int_equal(services(f), 2);
}

static void
a_secret_is_never_shown_and_stays_when_left_empty(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply make, form, save, change, huge;
	char *big = arena_alloc(f->a, 2002);

	make_key(f);
	ASK(303, &make, CREATE, .form = { POSTGRESQL, { "secret", "one secret" } });
	ASK(200, &form, EDIT("orders"));
	SAYS_NOT(&form, "one secret");
	SAYS(&form, "Unchanged if left empty.");
	fixture_do(f, "CREATE TABLE kept AS SELECT sealed FROM service WHERE slug = 'orders'");
	ASK(303, &save, SAVE("orders"), .form = { POSTGRESQL, { "revision", "1" } });
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM service s JOIN kept k ON s.sealed = k.sealed"),
	    1);
	ASK(303, &change, SAVE("orders"),
	    .form = { POSTGRESQL, { "secret", "another" }, { "revision", "2" } });
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM service s JOIN kept k ON s.sealed = k.sealed"),
	    0);
	memset(big, 'x', 2001);
	ASK(422, &huge, SAVE("orders"),
	    .form = { POSTGRESQL, { "secret", big }, { "revision", "3" } });
	SAYS(&huge, "longer than 1000 bytes");
}

static void
an_old_form_changes_nothing(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply first, old, taken, unknown;

	ASK(303, &first, SAVE("database"),
	    .form = { { "name", "Database" }, { "slug", "database" }, { "path", "/srv/new.db" },
	        { "revision", "1" } });
	ASK(422, &old, SAVE("database"),
	    .form = { { "name", "Database" }, { "slug", "database" }, { "path", "/srv/old.db" },
	        { "revision", "1" } });
	SAYS(&old, "There is a problem");
	SAYS(&old, "Somebody changed this service at ");
	SAYS(&old, " UTC while you edited. Your values are below; Save replaces theirs.");
	SAYS(&old, "value=\"/srv/old.db\"");
	SAYS(&old, "Saved meanwhile: /srv/new.db");
	SAYS_NOT(&old, "Saved meanwhile: Database");
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM service WHERE settings LIKE '%new.db%'"),
	    1);
	ASK(422, &taken, SAVE("database"),
	    .form = { { "name", "Database" }, { "slug", "media" }, { "path", "/srv/new.db" },
	        { "revision", "2" } });
	SAYS(&taken, "media is taken");
	ASK(404, &unknown, EDIT("nothing"));
}

/* The form that comes back knows the newer revision; what was typed as a password must come again.
 */
static void
an_old_form_can_be_saved_once_its_newer_values_were_shown(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply make, theirs, mine, again;

	make_key(f);
	ASK(303, &make, CREATE, .form = { POSTGRESQL });
	ASK(303, &theirs, SAVE("orders"), .form = { POSTGRESQL, { "revision", "1" } });
	ASK(422, &mine, SAVE("orders"),
	    .form = { { "name", "Orders" }, { "slug", "orders" }, { "host", "other.test" },
	        { "port", "5432" }, { "database", "orders" }, { "user", "backup" },
	        { "tls", "prefer" }, { "secret", "hush hush" }, { "revision", "1" } });
	SAYS(&mine, "name=\"revision\" value=\"2\"");
	SAYS(&mine, "Saved meanwhile: db.test");
	SAYS(&mine, "Saved meanwhile: require");
	SAYS(&mine, "Enter the password again: it was not saved");
	SAYS_NOT(&mine, "hush hush");
	ASK(303, &again, SAVE("orders"),
	    .form = { { "name", "Orders" }, { "slug", "orders" }, { "host", "other.test" },
	        { "port", "5432" }, { "database", "orders" }, { "user", "backup" },
	        { "tls", "prefer" }, { "revision", "2" } });
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM service WHERE revision = 3 AND"
	    " settings LIKE '%other.test%'"), 1);
}

static void
pressing_add_twice_adds_one_service(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply one, two, open, other, late;

	make_key(f);
	ASK(303, &one, CREATE, .form = { POSTGRESQL, { "secret", "hush" } });
	ASK(303, &two, CREATE, .form = { POSTGRESQL, { "secret", "hush" } });
	HEADER(&two, "Location: /p/shop/live/services/orders?said=saved\r\n");
	ASK(422, &open, CREATE, .form = { POSTGRESQL });
	ASK(422, &other, CREATE,
	    .form = { { "engine", "sqlite" }, { "name", "Orders" }, { "slug", "orders" },
	        { "path", "/srv/orders.db" } });
	SAYS(&other, "orders is taken");
	fixture_do(f, "UPDATE service SET created_at = created_at - 60000");
	ASK(422, &late, CREATE, .form = { POSTGRESQL, { "secret", "hush" } });
	assert_int_equal(services(f), 3);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM event"), 1);
}

static void
save_and_test_queues_one_test_and_its_result_is_shown(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply save, check, twice, page, list;

	ASK(303, &save, SAVE("database"),
	    .form = { { "name", "Database" }, { "slug", "database" }, { "path", "/srv/x.db" },
	        { "revision", "1" }, { "then", "test" }, { "key", "t1" } });
	HEADER(&save, "Location: /j/j1\r\n");
	ASK(303, &check, .run = on_service_check, .args = { "shop", "live", "media" },
	    .form = { { "key", "t2" } });
	ASK(303, &twice, .run = on_service_check, .args = { "shop", "live", "media" },
	    .form = { { "key", "t2" } });
	HEADER(&twice, "Location: /j/j2\r\n");
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job WHERE kind = 'check'"), 2);
	OK(services_set_check(f->db, f->media, 1, "failed", "cannot read /srv/<media>", &f->e));
	ASK(200, &page, EDIT("media"));
	SAYS(&page, "Connection failed");
	SAYS(&page, "cannot read /srv/&lt;media&gt;");
	SAYS(&page, "action=\"/p/shop/live/services/media/check\"");
	ASK(200, &list, .run = on_service_list, .args = { "shop", "live" });
	SAYS(&list, "Connection failed");
	SAYS(&list, "/srv/media");
}

static void
the_list_names_the_last_backup_and_an_empty_one_says_what_to_do(void **state)
{
	struct fixture *f = *state;
	struct environment v = { .project = f->project,
		.slug = "empty",
		.name = "Empty",
		.kind = ENV_STAGING };
	CLEANUP_REPLY struct reply list, empty, several;

	fixture_ready(f);
	ASK(200, &list, .run = on_service_list, .args = { "shop", "live" });
	SAYS(&list, "<h1>Services of shop/live</h1>");
	SAYS(&list, "href=\"/b/b1\"");
	SAYS(&list, "href=\"/p/shop/live/services/media/backups\"");
	OK(environments_add(&v, f->db, &f->e));
	ASK(200, &empty, .run = on_service_list, .args = { "shop", "empty" });
	SAYS(&empty, "No services yet");
	fixture_do(f,
	    "UPDATE service SET settings = "
	    "'{\"roots\":\"/srv/a\\n/srv/b\\n/srv/c\",\"excludes\":\"\"}' WHERE slug = 'media'");
	ASK(200, &several, .run = on_service_list, .args = { "shop", "live" });
	SAYS(&several, "/srv/a and 2 more");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(first_the_kind_then_its_fields),
		FIXTURE_TEST(each_kind_is_stored_with_its_own_settings),
		FIXTURE_TEST(faults_stand_beside_their_fields_and_values_are_kept),
		FIXTURE_TEST(a_secret_is_never_shown_and_stays_when_left_empty),
		FIXTURE_TEST(an_old_form_changes_nothing),
		FIXTURE_TEST(pressing_add_twice_adds_one_service),
		FIXTURE_TEST(an_old_form_can_be_saved_once_its_newer_values_were_shown),
		FIXTURE_TEST(save_and_test_queues_one_test_and_its_result_is_shown),
		FIXTURE_TEST(the_list_names_the_last_backup_and_an_empty_one_says_what_to_do),
	};

	return cmocka_run_group_tests_name("on_service", tests, NULL, NULL);
}
