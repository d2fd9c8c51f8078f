/* on_project_test.c: projects, environments, their activity, and the overview. */
#include "tests/unit/ask.h"

#include "cgi/handle/on_backup.h"
#include "cgi/handle/on_backups.h"
#include "cgi/handle/on_environment.h"
#include "cgi/handle/on_environment_view.h"
#include "cgi/handle/on_overview.h"
#include "cgi/handle/on_project.h"
#include "lib/store/outbox.h"

#define ADD .run = on_project_create, .post = true
#define ADD_ENV(p) .run = on_environment_create, .args = { p }, .post = true

static void
a_project_is_added_with_its_owners_one_a_line(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply form, rp, page;

	ASK(200, &form, .run = on_project_new);
	SAYS(&form, ">admin@example.org</textarea>");
	ASK(303, &rp, ADD,
	    .form = { { "name", "Blog & <b>" }, { "slug", "blog" },
	        { "owners", " a@x.org,b@x.org\r\n" } });
	HEADER(&rp, "Location: /p/blog?said=created\r\n");
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM project WHERE slug = 'blog' AND"
	    " owners = 'a@x.org' || char(10) || 'b@x.org'"), 1);
	ASK(200, &page, .run = on_project_get, .args = { "blog" });
	SAYS(&page, "<h1>Blog &amp; &lt;b&gt;</h1>");
	SAYS(&page, "No environments");
	SAYS(&page, "href=\"/p/blog/-/environments/new\"");
}

static void
wrong_projects_are_422_with_values_kept(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply empty, taken, mail, many;
	char owners[21 * 8 + 1] = "";

	for (size_t i = 0; i < 21; i++)
		memcpy(owners + 8 * i, "a@x.org ", 9);
	ASK(422, &empty, ADD, .form = { { "name", "" }, { "slug", "Not A Slug" } });
	SAYS(&empty, "href=\"#name\"");
	SAYS(&empty, "value=\"Not A Slug\"");
	ASK(422, &taken, ADD, .form = { { "name", "X" }, { "slug", "shop" } });
	SAYS(&taken, "shop is taken");
	ASK(422, &mail, ADD,
	    .form = { { "name", "X" }, { "slug", "x" }, { "owners", "fine@x.org x@ y@z.org" } });
	SAYS(&mail, "href=\"#owners\"");
	SAYS(&mail, "fine@x.org x@ y@z.org</textarea>");
	ASK(422, &many, ADD, .form = { { "name", "X" }, { "slug", "x" }, { "owners", owners } });
	SAYS(&many, "at most 20 addresses");
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM project"), 1);
}

/* The second post of a double click leads where the first one did. A minute later, or with other
 * values, the name is taken. */
static void
pressing_add_twice_adds_once(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply one, two, other, late, env, again, kind, env_late;

	ASK(303, &one, ADD, .form = { { "name", "Blog" }, { "slug", "blog" } });
	ASK(303, &two, ADD, .form = { { "name", "Blog" }, { "slug", "blog" } });
	HEADER(&two, "Location: /p/blog?said=created\r\n");
	ASK(422, &other, ADD, .form = { { "name", "Another" }, { "slug", "blog" } });
	ASK(303, &env, ADD_ENV("blog"),
	    .form = { { "name", "Live" }, { "slug", "live" }, { "kind", "live" } });
	ASK(303, &again, ADD_ENV("blog"),
	    .form = { { "name", "Live" }, { "slug", "live" }, { "kind", "live" } });
	HEADER(&again, "Location: /p/blog/live/backups?said=created\r\n");
	ASK(422, &kind, ADD_ENV("blog"),
	    .form = { { "name", "Live" }, { "slug", "live" }, { "kind", "staging" } });
	fixture_do(f, "UPDATE project SET created_at = created_at - 60000");
	fixture_do(f, "UPDATE environment SET created_at = created_at - 60000");
	ASK(422, &late, ADD, .form = { { "name", "Blog" }, { "slug", "blog" } });
	SAYS(&late, "blog is taken");
	ASK(422, &env_late, ADD_ENV("blog"),
	    .form = { { "name", "Live" }, { "slug", "live" }, { "kind", "live" } });
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM event WHERE action IN"
	    " ('project.added', 'environment.added')"), 2);
}

static void
settings_of_a_project_are_changed(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply form, save, wrong, other, taken, unknown;

	ASK(200, &form, .run = on_project_settings, .args = { "shop" });
	SAYS(&form, "value=\"Shop\"");
	ASK(303, &save, .run = on_project_save, .args = { "shop" },
	    .form = { { "name", "Store" }, { "slug", "store" } });
	HEADER(&save, "Location: /p/store?said=saved\r\n");
	ASK(422, &wrong, .run = on_project_save, .args = { "store" },
	    .form = { { "name", "" }, { "slug", "store" } });
	ASK(303, &other, ADD, .form = { { "name", "Other" }, { "slug", "other" } });
	ASK(422, &taken, .run = on_project_save, .args = { "store" },
	    .form = { { "name", "Store" }, { "slug", "other" } });
	ASK(404, &unknown, .run = on_project_settings, .args = { "shop" });
}

static void
projects_are_listed_with_the_state_of_each_environment(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp, page, none;

	fixture_ready(f);
	ASK(200, &rp, .run = on_project_list);
	SAYS(&rp, "href=\"/p/shop\"");
	SAYS(&rp, "At risk");
	ASK(200, &page, .run = on_project_get, .args = { "shop" });
	SAYS(&page, "href=\"/p/shop/live/backups/new\"");
	SAYS(&page, "Last good backup: <a href=\"/b/b1\">");
	ASK(404, &none, .run = on_project_get, .args = { "nobody" });
}

static void
environments_are_added_and_changed(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply form, add, taken, kind, go, settings, save, clash, wrong;

	ASK(200, &form, .run = on_environment_new, .args = { "shop" });
	SAYS(&form, "value=\"staging\" checked");
	ASK(303, &add, ADD_ENV("shop"),
	    .form = { { "name", "Staging" }, { "slug", "staging" }, { "kind", "staging" } });
	HEADER(&add, "Location: /p/shop/staging/backups?said=created\r\n");
	ASK(422, &taken, ADD_ENV("shop"),
	    .form = { { "name", "Again" }, { "slug", "staging" }, { "kind", "live" } });
	SAYS(&taken, "staging is taken");
	ASK(422, &kind, ADD_ENV("shop"),
	    .form = { { "name", "X" }, { "slug", "x" }, { "kind", "odd" } });
	SAYS(&kind, "Choose what kind of environment it is");
	ASK(200, &go, .run = on_environment_view, .args = { "shop", "staging" });
	SAYS(&go, "Nothing has been backed up yet: it has no services.");
	ASK(200, &settings, .run = on_environment_settings, .args = { "shop", "staging" });
	SAYS(&settings, "Pause this environment</button>");
	ASK(303, &save, .run = on_environment_save, .args = { "shop", "staging" },
	    .form = { { "name", "Test" }, { "slug", "test" }, { "kind", "development" } });
	HEADER(&save, "Location: /p/shop/test/settings?said=saved\r\n");
	ASK(422, &clash, .run = on_environment_save, .args = { "shop", "test" },
	    .form = { { "name", "Test" }, { "slug", "live" }, { "kind", "development" } });
	ASK(422, &wrong, .run = on_environment_save, .args = { "shop", "test" },
	    .form = { { "name", "" } });
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM environment"), 2);
}

static void
the_first_environment_is_suggested_to_be_live(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply add, form, missing;

	ASK(303, &add, ADD, .form = { { "name", "Blog" }, { "slug", "blog" } });
	ASK(200, &form, .run = on_environment_new, .args = { "blog" });
	SAYS(&form, "value=\"live\" checked");
	ASK(404, &missing, ADD_ENV("nobody"),
	    .form = { { "name", "X" }, { "slug", "x" }, { "kind", "live" } });
}

static void
pausing_and_resuming_are_noted(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply pause, page, resume;

	ASK(303, &pause, .run = on_environment_pause, .args = { "shop", "live" },
	    .form = { { "paused", "1" } });
	assert_int_equal(fixture_number(f, "SELECT paused FROM environment"), 1);
	ASK(200, &page, .run = on_environment_settings, .args = { "shop", "live" });
	SAYS(&page, "Resume</button>");
	ASK(303, &resume, .run = on_environment_pause, .args = { "shop", "live" },
	    .form = { { "paused", "0" } });
	assert_int_equal(fixture_number(f, "SELECT paused FROM environment"), 0);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM event"), 2);
}

static void
activity_tells_who_did_what_from_where(void **state)
{
	struct fixture *f = *state;
	struct event hostile = { .at = 1000,
		.actor = "<i>x</i>",
		.action = "odd.<b>",
		.target = "<u>",
		.detail = "<s>",
		.address = "" };
	CLEANUP_REPLY struct reply empty, keep, rp, older;

	ASK(200, &empty, .run = on_environment_activity, .args = { "shop", "live" });
	SAYS(&empty, "<h1>Activity of shop/live</h1>");
	SAYS(&empty, "Nothing has happened yet");
	fixture_ready(f);
	ASK(303, &keep, .run = on_backup_keep, .args = { "b1" }, .form = { { "keep", "1" } });
	hostile.project = f->project;
	hostile.environment = f->environment;
	for (int i = 0; i < 50; i++)
		OK(events_add(f->db, &hostile, &f->e));
	ASK(200, &rp, .run = on_environment_activity, .args = { "shop", "live" });
	SAYS(&rp, "odd.&lt;b&gt;");
	SAYS_NOT(&rp, "<u>");
	SAYS(&rp, "href=\"/p/shop/live/activity?after=2\"");
	ASK(200, &older, .run = on_environment_activity, .args = { "shop", "live" },
	    .query = { { "after", "2" } });
	SAYS(&older, "marked as kept: backup <a href=\"/b/b1\">b1</a>");
	SAYS(&older, "192.0.2.7");
	SAYS(&older, "rel=\"prev\"");
}

static void
the_overview_of_nothing_leads_to_the_first_project(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp;

	OK(db_open_migrate(&f->db, f->path, &f->e));
	ASK(200, &rp, .run = on_overview_get);
	SAYS(&rp, "Nothing to protect yet");
	SAYS(&rp, "href=\"/projects/new\"");
}

static void
the_overview_puts_the_worst_first(void **state)
{
	struct fixture *f = *state;
	struct environment staging = { .project = f->project,
		.slug = "staging",
		.name = "Staging",
		.kind = ENV_STAGING };
	struct err why = { .kind = ERR_INTERNAL, .text = "no" };
	CLEANUP_REPLY struct reply waiting, calm, bad, damaged, paused;
	struct lease l;

	ASK(200, &waiting, .run = on_overview_get);
	SAYS(&waiting, "Waiting for a first backup");
	SAYS(&waiting, "1 without a backup");
	fixture_ready(f);
	ASK(200, &calm, .run = on_overview_get);
	SAYS(&calm, "Backed up, but on demand only");
	SAYS(&calm, "1 at risk");
	SAYS(&calm, "No schedule: backups are made on demand.");
	SAYS(&calm, "<a href=\"/b/b1\">b1</a> of <a href=\"/p/shop/live/backups\">shop/live</a>");
	SAYS(&calm, "205 B</span> of backups in <code>/srv/store</code>");

	OK(environments_add(&staging, f->db, &f->e));
	fixture_request(f, 0, NULL);
	l = fixture_claim(f);
	OK(jobs_fail(f->db, &l, &why, &f->e));
	fixture_request(f, 0, NULL);
	ASK(200, &bad, .run = on_overview_get);
	SAYS(&bad, "A backup needs attention");
	SAYS(&bad, "1 without a backup");
	SAYS(&bad, "href=\"/p/shop/staging/services/new\">Add a service");
	SAYS_NOT(&bad, "/p/shop/staging/backups/new");
	SAYS(&bad, "The last backup, b2, failed.");
	SAYS(&bad, "1 job waiting");
	SAYS(&bad, "✗ 2 need attention");
	assert_true(strstr(bad.body.p, ">shop/staging</a>") <
	    strstr(strstr(bad.body.p, "<tbody"), ">shop/live</a>"));

	fixture_do(f, "UPDATE backup SET state = 'trashed', before_trash = 'failed' WHERE id = 2");
	OK(backups_set_health(f->db, 1, HEALTH_MISSING, &f->e));
	ASK(200, &damaged, .run = on_overview_get);
	SAYS(&damaged, "The stored bytes of the last backup, b1, are missing.");
	fixture_do(f, "UPDATE environment SET paused = 1");
	ASK(200, &paused, .run = on_overview_get);
	SAYS(&paused, "Everything is paused");
}

static void
the_overview_follows_the_first_backup(void **state)
{
	struct fixture *f = *state;
	struct err why = { .kind = ERR_INTERNAL, .text = "no" };
	CLEANUP_REPLY struct reply none, coming, card, list, failed;
	struct lease l;

	ASK(200, &none, .run = on_overview_get);
	SAYS(&none, "Nothing has been backed up yet.");
	SAYS(&none, "Back up now");
	fixture_request(f, 0, NULL);
	ASK(200, &coming, .run = on_overview_get);
	SAYS(&coming, "Waiting for a first backup");
	SAYS(&coming, "The first backup is on its way (b1).");
	SAYS(&coming, "href=\"/b/b1\">Watch b1</a>");
	SAYS_NOT(&coming, "Back up now");
	ASK(200, &card, .run = on_project_get, .args = { "shop" });
	SAYS(&card, "href=\"/b/b1\">Watch b1</a>");
	ASK(200, &list, .run = on_backups_list, .args = { "shop", "live" });
	SAYS(&list, "The first backup is on its way (b1).");
	l = fixture_claim(f);
	OK(jobs_fail(f->db, &l, &why, &f->e));
	ASK(200, &failed, .run = on_overview_get);
	SAYS(&failed, "A backup needs attention");
	SAYS(&failed, "The last backup, b1, failed, and there is no good one.");
	SAYS_NOT(&failed, "Waiting for a first backup");
}

static void
the_overview_counts_what_has_no_backup_beside_what_has(void **state)
{
	struct fixture *f = *state;
	struct environment staging = { .project = f->project,
		.slug = "staging",
		.name = "Staging",
		.kind = ENV_STAGING };
	CLEANUP_REPLY struct reply one, card;

	fixture_ready(f);
	OK(environments_add(&staging, f->db, &f->e));
	ASK(200, &one, .run = on_overview_get);
	SAYS(&one, "1 environment has no backup yet");
	SAYS(&one, "Last good backup:");
	SAYS_NOT(&one, "Waiting for a first backup");
	ASK(200, &card, .run = on_project_get, .args = { "shop" });
	SAYS(&card, "href=\"/p/shop/staging/services/new\">Add a service");
	SAYS_NOT(&card, "/p/shop/staging/backups/new");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(a_project_is_added_with_its_owners_one_a_line),
		FIXTURE_TEST(wrong_projects_are_422_with_values_kept),
		FIXTURE_TEST(pressing_add_twice_adds_once),
		FIXTURE_TEST(settings_of_a_project_are_changed),
		FIXTURE_TEST(projects_are_listed_with_the_state_of_each_environment),
		FIXTURE_TEST(environments_are_added_and_changed),
		FIXTURE_TEST(the_first_environment_is_suggested_to_be_live),
		FIXTURE_TEST(pausing_and_resuming_are_noted),
		FIXTURE_TEST(activity_tells_who_did_what_from_where),
		FIXTURE_EMPTY_TEST(the_overview_of_nothing_leads_to_the_first_project),
		FIXTURE_TEST(the_overview_puts_the_worst_first),
		FIXTURE_TEST(the_overview_follows_the_first_backup),
		FIXTURE_TEST(the_overview_counts_what_has_no_backup_beside_what_has),
	};

	return cmocka_run_group_tests_name("on_project", tests, NULL, NULL);
}
