/* on_policies_test.c: policies on their pages, and what two of them do. */
#include "tests/unit/ask.h"
#include "tests/unit/stock.h"

#include "cgi/handle/on_download.h"
#include "cgi/handle/on_download_new.h"
#include "cgi/handle/on_policies.h"
#include "lib/store/downloads.h"
#include "lib/store/events.h"
#include "lib/store/policies.h"
#include "lib/store/trash_change.h"

#define AT_ENVIRONMENT .args = { "shop", "live" }
#define AT_PROJECT .args = { "shop" }
#define SAVE .run = on_policies_save, .post = true

static const char *
holds(struct fixture *f, enum policy_key key, enum policy_level level)
{
	struct policy p;

	OK(policies_get(&p, f->a, f->db, key, f->environment, &f->e));
	assert_int_equal(p.level, level);
	return p.value;
}

static void
PEER_19_each_key_shows_its_own_value_beside_the_inherited_one(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply first, project, environment, page, back;

	ASK(200, &first, .run = on_policies_get, AT_ENVIRONMENT);
	for (int key = 0; key < POLICY_KEYS; key++)
		SAYS(&first, arena_printf(f->a, "id=\"%s-title\"",
		    policy_key_name((enum policy_key)key)));
	SAYS(&first, "<strong>7 days</strong> <span class=\"muted\">from the default");
	SAYS(&first, "<strong>keeps 7 daily, 4 weekly, 12 monthly</strong>");
	SAYS(&first, "href=\"/p/shop/live/retention\"");
	SAYS_NOT(&first, "Use inherited");
	ASK(303, &project, SAVE, AT_PROJECT,
	    .form = { { "policy", "trash-days" }, { "value", "14" }, { "do", "save" } });
	HEADER(&project, "/p/shop/-/policies?said=saved");
	ASK(303, &environment, SAVE, AT_ENVIRONMENT,
	    .form = { { "policy", "trash-days" }, { "value", "30" }, { "do", "save" } });
	assert_string_equal(holds(f, POLICY_TRASH_DAYS, LEVEL_ENVIRONMENT), "30");
	ASK(200, &page, .run = on_policies_get, AT_ENVIRONMENT);
	SAYS(&page, "<strong>30 days</strong>");
	SAYS(&page, "otherwise it would be 14 days, from project shop");
	SAYS(&page, "Use inherited");
	ASK(303, &back, SAVE, AT_ENVIRONMENT,
	    .form = { { "policy", "trash-days" }, { "do", "inherit" } });
	assert_string_equal(holds(f, POLICY_TRASH_DAYS, LEVEL_PROJECT), "14");
}

static void
PEER_19_the_instance_has_a_page_of_its_own(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply page, saved, operator;
	struct event *events;
	size_t n;

	ASK(200, &page, .run = on_policies_get);
	SAYS(&page, "Policies of this instance");
	SAYS(&page, "action=\"/policies\"");
	ASK(303, &saved, SAVE,
	    .form = { { "policy", "zone" }, { "value", "Europe/Zurich" }, { "do", "save" } });
	assert_string_equal(holds(f, POLICY_ZONE, LEVEL_INSTANCE), "Europe/Zurich");
	OK(events_list(&events, &n, f->a, f->db, 0, 0, &f->e));
	assert_string_equal(events[0].action, "policy.changed");
	assert_string_equal(events[0].detail, "Europe/Zurich");
	ASK(200, &operator, .run = on_policies_get, .operator = true);
	SAYS_NOT(&operator, "action=\"/policies\"");
}

/* Four in the trash for 1, 3, 5 and 6 days, of seven; the third is held by its mark. */
static void
fill_trash(struct fixture *f)
{
	static const int days[] = { 1, 3, 5, 6 };

	for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
		int64_t id = stock_add(f, (struct stock){ .at = clock_now() - 9 * STOCK_DAY });

		OK(backups_trash(f->db, id, &f->e));
		OK(sql_run(NULL, f->db, "UPDATE backup SET trashed_at=?2, keep=?3 WHERE id=?1",
		    SQL_ARGS(sql_i(id), sql_i(clock_now() - days[i] * STOCK_DAY - STOCK_HOUR),
		        sql_i(days[i] == 5)), &f->e));
	}
}

#define TRASH(days) { "policy", "trash-days" }, { "value", days }

static void
PEER_10_fewer_days_of_the_trash_are_looked_at_and_typed_for(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply look, bare, wrong, stale, saved, more, none;
	const char *list;

	fill_trash(f);
	ASK(200, &look, SAVE, AT_ENVIRONMENT, .form = { TRASH("4"), { "do", "look" } });
	SAYS(&look, "Saving deletes 2 backups (2.00 MB) for good within a day");
	SAYS(&look, "cannot be put back");
	SAYS(&look, "Type 2</label>");
	SAYS(&look, "value=\"4\"");
	list = seen_list(f, &look);
	ASK(422, &bare, SAVE, AT_ENVIRONMENT, .form = { TRASH("4"), { "do", "save" } });
	SAYS(&bare, "Type 2, the number of backups that go");
	SAYS(&bare, "id=\"typed-fault\"");
	SAYS(&bare, "Saving deletes 2 backups");
	SAYS_NOT(&bare, "trash-days-fault");
	ASK(422, &wrong, SAVE, AT_ENVIRONMENT, .form = { TRASH("4"), { "do", "save" },
	    { "list", list }, { "typed", "3" } });
	SAYS(&wrong, "you wrote 3");
	/* The list of another number of days is another one. */
	ASK(422, &stale, SAVE, AT_ENVIRONMENT, .form = { TRASH("1"), { "do", "save" },
	    { "list", list }, { "typed", "2" } });
	SAYS(&stale, "The list has changed since you looked: now 3 would go");
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM policy"), 0);
	ASK(303, &saved, SAVE, AT_ENVIRONMENT, .form = { TRASH("4"), { "do", "save" },
	    { "list", list }, { "typed", "2" } });
	assert_string_equal(holds(f, POLICY_TRASH_DAYS, LEVEL_ENVIRONMENT), "4");
	/* More days, and days that take nothing, ask for nothing. */
	ASK(303, &more, SAVE, AT_ENVIRONMENT, .form = { TRASH("20"), { "do", "save" } });
	ASK(200, &none, SAVE, AT_ENVIRONMENT, .form = { TRASH("19"), { "do", "look" } });
	SAYS(&none, "Saving this deletes nothing now");
	SAYS_NOT(&none, "name=\"typed\"");
}

/* Between the look that is typed for and the saving somebody puts one more into the trash. */
static void
PEER_10_what_is_saved_is_what_was_looked_at(void **state)
{
	struct fixture *f = *state;
	const struct trash_change c = { { LEVEL_ENVIRONMENT, f->environment }, "4", clock_now(),
		7 * STOCK_DAY };
	struct trash_impact seen;

	fill_trash(f);
	OK(trash_change_weigh(&seen, f->a, f->db, &c, &f->e));
	assert_int_equal(seen.count, 2);
	fixture_do(f, "UPDATE backup SET keep=0 WHERE state='trashed'");
	REFUSED(ERR_CONFLICT, trash_change_set(f->db, &c, &seen, f->admin, &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM policy"), 0);
	OK(trash_change_weigh(&seen, f->a, f->db, &c, &f->e));
	OK(trash_change_set(f->db, &c, &seen, f->admin, &f->e));
	assert_string_equal(holds(f, POLICY_TRASH_DAYS, LEVEL_ENVIRONMENT), "4");
}

static void
a_look_saves_nothing(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply look;

	ASK(200, &look, SAVE, AT_ENVIRONMENT,
	    .form = { { "policy", "rpo-hours" }, { "value", "5" }, { "do", "look" } });
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM policy"), 0);
}

static void
PEER_10_what_inherits_counts_and_going_back_to_inherit_is_typed_for(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply own, mine, project, all, every, back, saved;

	fill_trash(f);
	ASK(422, &all, SAVE, .form = { TRASH("1"), { "do", "save" } });
	SAYS(&all, "Saving deletes 3 backups");
	ASK(422, &own, SAVE, AT_PROJECT, .form = { TRASH("2"), { "do", "save" } });
	SAYS(&own, "Saving deletes 3 backups");
	ASK(303, &mine, SAVE, AT_ENVIRONMENT, .form = { TRASH("30"), { "do", "save" } });
	/* The environment has its own now: nothing of it goes by the others. */
	ASK(303, &project, SAVE, AT_PROJECT, .form = { TRASH("4"), { "do", "save" } });
	ASK(303, &every, SAVE, .form = { TRASH("1"), { "do", "save" } });
	ASK(422, &back, SAVE, AT_ENVIRONMENT, .form = { TRASH("30"), { "do", "inherit" } });
	SAYS(&back, "Using what is inherited deletes 2 backups (2.00 MB) for good");
	assert_string_equal(holds(f, POLICY_TRASH_DAYS, LEVEL_ENVIRONMENT), "30");
	ASK(303, &saved, SAVE, AT_ENVIRONMENT, .form = { TRASH("30"), { "do", "inherit" },
	    { "list", seen_list(f, &back) }, { "typed", "2" } });
	assert_string_equal(holds(f, POLICY_TRASH_DAYS, LEVEL_PROJECT), "4");
}

static void
what_is_wrong_stands_beside_its_field(void **state)
{
	static const struct { const char *key, *value, *words; } cases[] = {
		{ "zone", "Mars/Olympus", "There is no time zone Mars/Olympus" },
		{ "zone", "../../etc/passwd", "zone-fault" },
		{ "trash-days", "0", "Trash must be 1 to 90 days, you wrote 0" },
		{ "trash-days", "", "you wrote nothing" },
		{ "window", "25:00-03:00", "A window is two times of the day" },
		{ "storage", "nowhere", "There is no storage nowhere" },
		{ "downloads", "perhaps", "Downloads are allowed or forbidden" },
		{ "freeze-seconds", "<script>", "you wrote &lt;script&gt;" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		CLEANUP_REPLY struct reply rp;

		ASK(422, &rp, SAVE, AT_ENVIRONMENT, .form = { { "policy", cases[i].key },
		    { "value", cases[i].value }, { "do", "save" } });
		SAYS(&rp, cases[i].words);
		SAYS(&rp, arena_printf(f->a, "id=\"%s-fault\"", cases[i].key));
	}
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM policy"), 0);
}

static void
CYC_2_a_storage_that_is_not_there_is_refused_with_the_way_to_those_that_are(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply wrong, other, right;

	ASK(422, &wrong, SAVE, AT_ENVIRONMENT,
	    .form = { { "policy", "storage" }, { "value", "nowhere" }, { "do", "save" } });
	SAYS(&wrong, "There is no storage nowhere <a href=\"/storage\">");
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM policy"), 0);
	/* Only there. */
	ASK(422, &other, SAVE, AT_ENVIRONMENT,
	    .form = { { "policy", "trash-days" }, { "value", "0" }, { "do", "save" } });
	SAYS_NOT(&other, "The storages there are");
	ASK(303, &right, SAVE, AT_ENVIRONMENT,
	    .form = { { "policy", "storage" }, { "value", "main" }, { "do", "save" } });
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM policy"), 1);
}

static void
odd_keys_and_the_rule_of_retention_go_elsewhere(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply odd, rule, missing;

	ASK(422, &odd, SAVE, AT_ENVIRONMENT, .form = { { "policy", "odd" }, { "value", "1" } });
	ASK(303, &rule, SAVE, AT_ENVIRONMENT,
	    .form = { { "policy", "retention" }, { "value", "last=1" }, { "do", "save" } });
	HEADER(&rule, "/p/shop/live/retention");
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM policy"), 0);
	ASK(404, &missing, .run = on_policies_get, .args = { "shop", "nowhere" });
}

static void
PLA_3_forbidden_downloads_are_refused_with_a_sentence(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply before, saved, form, post, file;
	struct download_request dr = { .job = { .environment = f->environment,
	    .requested_by = f->admin }, .part_count = 1, .format = FORMAT_TAR_ZST,
	    .valid_ms = 3600000, .max_uses = 5 };
	struct download_ids ids;
	struct part *parts;
	size_t n;

	dr.backup = fixture_ready(f);
	OK(backups_parts(&parts, &n, f->a, f->db, dr.backup, &f->e));
	dr.parts = &parts[0].id;
	OK(downloads_request(&ids, f->db, &dr, &f->e));
	/* Control: as long as they are allowed. */
	ASK(200, &before, .run = on_download_new_form, .args = { "b1" });
	ASK(303, &saved, SAVE, AT_ENVIRONMENT,
	    .form = { { "policy", "downloads" }, { "value", "forbidden" }, { "do", "save" } });
	ASK(403, &form, .run = on_download_new_form, .args = { "b1" });
	SAYS(&form, "are forbidden by a policy of the environment");
	ASK(403, &post, .run = on_download_new_create, .args = { "b1" }, .post = true,
	    .form = { { "parts", "media" } });
	ASK(403, &file, .run = on_download_file, .args = { "d1", "1" }, .post = true);
	REFUSED(ERR_DENIED, downloads_request(&ids, f->db, &dr, &f->e));
}

static void
new_backups_go_to_the_storage_of_the_policy(void **state)
{
	struct fixture *f = *state;
	struct storage other = { .slug = "other", .kind = "local", .path = "/srv/other" };
	CLEANUP_REPLY struct reply saved;
	struct backup_ids ids;
	struct backup b;

	OK(storages_ensure(&other, f->db, &f->e));
	ids = fixture_request(f, f->media, NULL);
	OK(backups_by_id(&b, f->a, f->db, ids.backup, &f->e));
	assert_string_equal(b.storage_slug, "main");
	ASK(303, &saved, SAVE, AT_PROJECT,
	    .form = { { "policy", "storage" }, { "value", "other" }, { "do", "save" } });
	ids = fixture_request(f, f->media, NULL);
	OK(backups_by_id(&b, f->a, f->db, ids.backup, &f->e));
	assert_string_equal(b.storage_slug, "other");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(PEER_19_each_key_shows_its_own_value_beside_the_inherited_one),
		FIXTURE_TEST(PEER_19_the_instance_has_a_page_of_its_own),
		FIXTURE_TEST(PEER_10_fewer_days_of_the_trash_are_looked_at_and_typed_for),
		FIXTURE_TEST(PEER_10_what_inherits_counts_and_going_back_to_inherit_is_typed_for),
		FIXTURE_TEST(PEER_10_what_is_saved_is_what_was_looked_at),
		FIXTURE_TEST(a_look_saves_nothing),
		FIXTURE_TEST(what_is_wrong_stands_beside_its_field),
		FIXTURE_TEST(
		    CYC_2_a_storage_that_is_not_there_is_refused_with_the_way_to_those_that_are),
		FIXTURE_TEST(odd_keys_and_the_rule_of_retention_go_elsewhere),
		FIXTURE_TEST(PLA_3_forbidden_downloads_are_refused_with_a_sentence),
		FIXTURE_TEST(new_backups_go_to_the_storage_of_the_policy),
	};

	return cmocka_run_group_tests_name("on_policies", tests, NULL, NULL);
}
