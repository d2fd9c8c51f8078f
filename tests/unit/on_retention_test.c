/* on_retention_test.c: the keep rule on its page: looked at, typed for, saved. */
#include "tests/unit/ask.h"
#include "tests/unit/stock.h"

#include "cgi/handle/on_backup.h"
#include "cgi/handle/on_backup_new.h"
#include "cgi/handle/on_backups.h"
#include "cgi/handle/on_environment.h"
#include "cgi/handle/on_retention.h"
#include "lib/store/events.h"

#define GET_RULE .run = on_retention_get, .args = { "shop", "live" }
#define SAVE .run = on_retention_save, .args = { "shop", "live" }, .post = true
/* The newest three. */
#define THREE { "preset", "last" }, { "last_n", "3" }

/* Five nights, the newest a day ago. */
static void
nights(struct fixture *f)
{
	int64_t now = clock_now();

	for (int i = 5; i > 0; i--)
		stock_add(f, (struct stock){ .at = now - i * STOCK_DAY - STOCK_HOUR });
}

/* The own rule of a level, NULL when it has none. */
static const char *
own_rule(struct fixture *f, enum policy_level level, int64_t owner)
{
	const struct policy_place at = { level, owner };
	struct policy_pair pair;

	OK(policies_pair(&pair, f->a, f->db, POLICY_RETENTION, &at, &f->e));
	return pair.own.value;
}

static void
PLA_11_the_page_shows_the_rule_and_why_each_backup_stays(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp;

	nights(f);
	ASK(200, &rp, GET_RULE);
	SAYS(&rp, "keeps 7 daily, 4 weekly, 12 monthly</strong>");
	SAYS(&rp, "inherited from the default");
	SAYS(&rp, "value=\"inherit\" checked");
	SAYS(&rp, "href=\"/b/b5\"");
	SAYS(&rp, "Kept as the daily backup of");
	SAYS_NOT(&rp, "Goes</span>");
	SAYS_NOT(&rp, "name=\"typed\"");
}

static void
PLA_11_the_list_and_the_page_of_a_backup_say_until_when(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply list, page, old;

	nights(f);
	ASK(200, &list, .run = on_backups_list, .args = { "shop", "live" });
	SAYS(&list, "Keeps until</th>");
	SAYS(&list, "<span>Kept as daily");
	ASK(200, &page, .run = on_backup_get, .args = { "b1" });
	SAYS(&page, "<dt>Stays</dt><dd>Kept as the daily backup of");
	SAYS(&page, "href=\"/p/shop/live/retention\"");
	stock_rule(f, "last=3");
	ASK(200, &old, .run = on_backup_get, .args = { "b1" });
	SAYS(&old, "Goes tonight: not among the newest 3");
}

static void
PEER_10_looking_shows_what_would_go_and_saves_nothing(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp, none;

	nights(f);
	ASK(200, &rp, SAVE, .form = { { "do", "look" }, THREE });
	SAYS(&rp, "With the new rule: keeps the newest 3");
	SAYS(&rp, "Saving deletes 2 backups (2.00 MB) tonight");
	SAYS(&rp, "Type 2</label>");
	SAYS(&rp, "Goes tonight: not among the newest 3");
	SAYS(&rp, "name=\"last_n\" value=\"3\"");
	assert_null(own_rule(f, LEVEL_ENVIRONMENT, f->environment));
	ASK(200, &none, SAVE, .form = { { "do", "look" }, { "preset", "forever" } });
	SAYS(&none, "Saving this deletes nothing now");
	assert_null(own_rule(f, LEVEL_ENVIRONMENT, f->environment));
}

static void
PEER_10_a_rule_that_deletes_is_saved_when_its_number_is_typed(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply look, bare, wrong, right;
	const char *list;
	struct event *events;
	size_t n;

	nights(f);
	ASK(422, &bare, SAVE, .form = { { "do", "save" }, THREE });
	SAYS(&bare, "Type 2, the number of backups that go");
	SAYS(&bare, "Saving deletes 2 backups");
	list = seen_list(f, &bare);
	ASK(422, &wrong, SAVE, .form = { { "do", "save" }, THREE,
	    { "list", list }, { "typed", "3" } });
	SAYS(&wrong, "you wrote 3");
	assert_null(own_rule(f, LEVEL_ENVIRONMENT, f->environment));
	ASK(200, &look, SAVE, .form = { { "do", "look" }, THREE });
	assert_string_equal(list, seen_list(f, &look));
	ASK(303, &right, SAVE, .form = { { "do", "save" }, THREE,
	    { "list", list }, { "typed", "2" } });
	HEADER(&right, "/p/shop/live/retention?said=saved");
	assert_string_equal(own_rule(f, LEVEL_ENVIRONMENT, f->environment),
	    "last=3 on-demand=together failed=14 safety=7 min-age=0 min-good=1");
	OK(events_list(&events, &n, f->a, f->db, f->environment, 0, &f->e));
	assert_string_equal(events[0].action, "policy.changed");
	assert_string_equal(events[0].target, "retention");
	/* Nothing has gone by saving. */
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM backup WHERE state='ready'"), 5);
}

/* Between looking and saving another backup came, or one of as many is another one. */
static void
PEER_10_a_list_that_has_changed_asks_again(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply look, more, other, right;
	const char *list;

	nights(f);
	ASK(200, &look, SAVE, .form = { { "do", "look" }, THREE });
	list = seen_list(f, &look);
	stock_add(f, (struct stock){ .at = clock_now() - STOCK_HOUR });
	ASK(422, &more, SAVE, .form = { { "do", "save" }, THREE,
	    { "list", list }, { "typed", "2" } });
	SAYS(&more, "The list has changed since you looked: now 3 would go");
	SAYS_NOT(&more, list);
	/* As many, but not the same. */
	OK(backups_set_keep(f->db, 1, true, &f->e));
	ASK(422, &other, SAVE, .form = { { "do", "save" }, THREE,
	    { "list", list }, { "typed", "2" } });
	SAYS(&other, "The list has changed since you looked: now 2 would go");
	assert_null(own_rule(f, LEVEL_ENVIRONMENT, f->environment));
	/* Control: the list that is seen now is saved. */
	ASK(303, &right, SAVE, .form = { { "do", "save" }, THREE,
	    { "list", seen_list(f, &other) }, { "typed", "2" } });
}

static void
a_rule_that_deletes_nothing_is_saved_at_once(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply saved, own, back;

	nights(f);
	ASK(303, &saved, SAVE, .form = { { "do", "save" }, { "preset", "forever" } });
	assert_non_null(strstr(own_rule(f, LEVEL_ENVIRONMENT, f->environment), "forever"));
	ASK(303, &own, SAVE, .form = { { "do", "save" }, { "preset", "own" }, { "daily", "9" },
	    { "demand", "own" }, { "demand_days", "90" }, { "min_good", "2" },
	    { "max_total", "20GB" } });
	assert_non_null(strstr(own_rule(f, LEVEL_ENVIRONMENT, f->environment), "daily=9"));
	assert_non_null(strstr(own_rule(f, LEVEL_ENVIRONMENT, f->environment),
	    "on-demand-days=90"));
	assert_non_null(strstr(own_rule(f, LEVEL_ENVIRONMENT, f->environment), "max-total="));
	ASK(303, &back, SAVE, .form = { { "do", "save" }, { "preset", "inherit" } });
	assert_null(own_rule(f, LEVEL_ENVIRONMENT, f->environment));
}

static void
bad_numbers_stand_beside_their_fields_and_stay(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply last, own, none, odd, space;

	ASK(422, &last, SAVE, .form = { { "do", "save" }, { "preset", "last" },
	    { "last_n", "1001" } });
	SAYS(&last, "Keep 1 to 1000 of the newest, you wrote 1001");
	SAYS(&last, "name=\"last_n\" aria-invalid=\"true\"");
	SAYS(&last, "value=\"1001\"");
	ASK(422, &own, SAVE, .form = { { "do", "look" }, { "preset", "own" }, { "daily", "0" },
	    { "weekly", "521" }, { "max_total", "<b>" }, { "demand", "together" } });
	SAYS(&own, "id=\"daily-fault\"");
	SAYS(&own, "id=\"weekly-fault\"");
	SAYS(&own, "id=\"max_total-fault\"");
	SAYS(&own, "value=\"521\"");
	SAYS_NOT(&own, "<b>");
	SAYS(&own, "id=\"demand-together\" name=\"demand\" value=\"together\" checked");
	ASK(422, &none, SAVE, .form = { { "do", "look" }, { "preset", "own" } });
	SAYS(&none, "id=\"keep_last-fault\"");
	ASK(422, &odd, SAVE, .form = { { "do", "save" }, { "preset", "most" } });
	SAYS(&odd, "Choose which backups stay");
	ASK(422, &space, SAVE, .form = { { "do", "save" }, { "preset", "own" },
	    { "daily", "7 forever" } });
	SAYS(&space, "without a space");
	assert_null(own_rule(f, LEVEL_ENVIRONMENT, f->environment));
}

static void
PEER_19_a_project_s_rule_counts_all_its_environments(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply get, look, save, page, instance;

	nights(f);
	ASK(200, &get, .run = on_retention_get, .args = { "shop" });
	SAYS(&get, "What inherits from here");
	SAYS(&get, "shop/live</a>");
	ASK(200, &look, .run = on_retention_save, .args = { "shop" },
	    .form = { { "do", "look" }, { "preset", "days" }, { "days_n", "3" } });
	SAYS(&look, "Saving deletes 3 backups");
	ASK(303, &save, .run = on_retention_save, .args = { "shop" },
	    .form = { { "do", "save" }, { "preset", "days" }, { "days_n", "3" },
	        { "list", seen_list(f, &look) }, { "typed", "3" } });
	HEADER(&save, "/p/shop/-/retention?said=saved");
	assert_non_null(own_rule(f, LEVEL_PROJECT, f->project));
	ASK(200, &page, GET_RULE);
	SAYS(&page, "inherited from project shop");
	SAYS(&page, "value=\"inherit\" checked");
	/* The project has its own now: nobody inherits from the instance. */
	ASK(200, &instance, .run = on_retention_get);
	SAYS(&instance, "None: each has a rule of its own");
}

static void
who_may_not_configure_sees_no_form(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp;

	nights(f);
	ASK(200, &rp, GET_RULE, .operator = true);
	SAYS(&rp, "href=\"/b/b5\"");
	SAYS_NOT(&rp, "name=\"preset\"");
}

static void
PEER_18_a_backup_is_kept_for_some_days(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply form, wrong, right, page, none, trashed;
	struct backup b;

	nights(f);
	stock_rule(f, "last=1");
	ASK(200, &form, .run = on_backup_keep_for, .args = { "b1" });
	SAYS(&form, "name=\"days\"");
	ASK(422, &wrong, .run = on_backup_keep_for, .args = { "b1" },
	    .form = { { "days", "4000" } });
	SAYS(&wrong, "Keep it for 0 to 3650 days, you wrote 4000");
	SAYS(&wrong, "value=\"4000\"");
	ASK(303, &right, .run = on_backup_keep_for, .args = { "b1" }, .form = { { "days", "30" } });
	OK(backups_by_id(&b, f->a, f->db, 1, &f->e));
	assert_true(b.keep_until > clock_now() + 29 * STOCK_DAY);
	ASK(200, &page, .run = on_backup_get, .args = { "b1" });
	SAYS(&page, "<dd>Kept until ");
	ASK(303, &none, .run = on_backup_keep_for, .args = { "b1" }, .form = { { "days", "0" } });
	OK(backups_by_id(&b, f->a, f->db, 1, &f->e));
	assert_int_equal(b.keep_until, 0);
	OK(backups_trash(f->db, 1, &f->e));
	ASK(409, &trashed, .run = on_backup_keep_for, .args = { "b1" },
	    .form = { { "days", "1" } });
}

static void
PEER_18_a_new_backup_may_be_kept_for_some_days(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply wrong, right;
	struct backup b;

	ASK(422, &wrong, .run = on_backup_new_create, .args = { "shop", "live" },
	    .form = { { "services", "media" }, { "keep_days", "soon" } });
	SAYS(&wrong, "Keep it for 1 to 3650 days, you wrote soon");
	SAYS(&wrong, "value=\"soon\"");
	ASK(303, &right, .run = on_backup_new_create, .args = { "shop", "live" },
	    .form = { { "services", "media" }, { "keep_days", "10" } });
	OK(backups_by_id(&b, f->a, f->db, 1, &f->e));
	assert_true(b.keep_until > clock_now() + 9 * STOCK_DAY);
}

/* The trail and the page of what a rule took say why, and it can be put back from there. */
static void
what_a_rule_took_is_told_and_put_back_from_its_page(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply page, activity, back, list;

	nights(f);
	stock_rule(f, "last=4");
	assert_int_equal(stock_turn(f, clock_now()), 1);
	ASK(200, &page, .run = on_backup_get, .args = { "b1" });
	SAYS(&page, "by the rule of retention: older than it may be");
	SAYS(&page, "action=\"/b/b1/undelete\"");
	ASK(200, &activity, .run = on_environment_activity, .args = { "shop", "live" });
	SAYS(&activity, "moved to the trash by the rule: backup");
	ASK(200, &list, .run = on_backups_list, .args = { "shop", "live" },
	    .query = { { "state", "trashed" } });
	SAYS(&list, "In the trash");
	ASK(303, &back, .run = on_backup_undelete, .args = { "b1" }, .post = true);
	assert_int_equal(stock_turn(f, clock_now()), -1);
	assert_int_equal(stock_state(f, 1), BACKUP_READY);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(PLA_11_the_page_shows_the_rule_and_why_each_backup_stays),
		FIXTURE_TEST(PLA_11_the_list_and_the_page_of_a_backup_say_until_when),
		FIXTURE_TEST(PEER_10_looking_shows_what_would_go_and_saves_nothing),
		FIXTURE_TEST(PEER_10_a_rule_that_deletes_is_saved_when_its_number_is_typed),
		FIXTURE_TEST(PEER_10_a_list_that_has_changed_asks_again),
		FIXTURE_TEST(a_rule_that_deletes_nothing_is_saved_at_once),
		FIXTURE_TEST(bad_numbers_stand_beside_their_fields_and_stay),
		FIXTURE_TEST(PEER_19_a_project_s_rule_counts_all_its_environments),
		FIXTURE_TEST(who_may_not_configure_sees_no_form),
		FIXTURE_TEST(PEER_18_a_backup_is_kept_for_some_days),
		FIXTURE_TEST(PEER_18_a_new_backup_may_be_kept_for_some_days),
		FIXTURE_TEST(what_a_rule_took_is_told_and_put_back_from_its_page),
	};

	return cmocka_run_group_tests_name("on_retention", tests, NULL, NULL);
}
