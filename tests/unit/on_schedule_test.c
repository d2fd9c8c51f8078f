/* on_schedule_test.c: the pages of schedules. */
#include "tests/unit/ask.h"

#include <inttypes.h>

#include "cgi/handle/on_backups.h"
#include "cgi/handle/on_schedule.h"
#include "cgi/handle/on_schedule_form.h"
#include "lib/base/num.h"
#include "lib/model/calendar.h"
#include "lib/store/plans.h"
#include "lib/store/policies.h"
#include "lib/store/projects.h"
#include "lib/store/schedules.h"
#include "worker/timer.h"

#define LIVE .args = { "shop", "live" }
#define NIGHTLY { "name", "Nightly" }, { "every", "day" }, { "time", "02:30" }, { "spread", "0" }

/* Many pages in one test: what the last one held goes first. */
#define ASK_AGAIN(want, rp, ...) do { \
	reply_release(rp); \
	ASK(want, rp, __VA_ARGS__); \
} while (0)

static int64_t
newest(struct fixture *f)
{
	return fixture_number(f, "SELECT max(id) FROM schedule WHERE removed_at=0");
}

static const char *
name_of(struct fixture *f, int64_t id)
{
	return arena_printf(f->a, "s%" PRId64, id);
}

/* The scheduler wakes after so many days, and is at it until the spread has passed. */
static void
later(struct fixture *f, struct timer *t, int days)
{
	int64_t now = clock_now() + days * CALENDAR_DAY;

	for (int minute = 0; minute <= 15; minute++)
		OK(timer_step(t, f->db, now + minute * CALENDAR_MINUTE, &f->e));
}

static void
an_empty_page_offers_what_most_sites_use_with_one_click(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp = REPLY_INIT;

	ASK_AGAIN(200, &rp, .run = on_schedule_list, LIVE);
	SAYS(&rp, "every night, 7 daily + 4 weekly + 12 monthly");
	ASK_AGAIN(303, &rp, .run = on_schedule_usual, LIVE, .post = true);
	ASK_AGAIN(303, &rp, .run = on_schedule_usual, LIVE, .post = true);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM schedule"), 1);
	ASK_AGAIN(200, &rp, .run = on_schedule_list, LIVE);
	SAYS(&rp, "Every day at 02:00");
	SAYS(&rp, "UTC");
	SAYS(&rp, "Not yet run");
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM event WHERE"
	    " action='schedule.added'"), 1);
}

static void
the_form_writes_pickers_as_cron_and_shows_them_again(void **state)
{
	static const struct { struct param form[ASK_PARAMS]; const char *cron, *words; } cases[] = {
		{ { NIGHTLY }, "30 2 * * *", "Every day at 02:30" },
		{ { { "name", "N" }, { "every", "hour" }, { "minute", "7" } }, "7 * * * *", "7" },
		{ { { "name", "N" }, { "every", "week" }, { "time", "4:05" }, { "weekday", "0" } },
		    "5 4 * * 0", "Sunday" },
		{ { { "name", "N" }, { "every", "month" }, { "time", "23:00" }, { "day", "last" } },
		    "0 23 L * *", "last day" },
		{ { { "name", "N" }, { "every", "cron" }, { "cron", "*/20 8-18 * * mon-fri" } },
		    "*/20 8-18 * * mon-fri", "20" },
	};
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp = REPLY_INIT;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct ask q = { .run = on_schedule_form_create, LIVE };
		struct schedule s;

		memcpy(q.form, cases[i].form, sizeof q.form);
		reply_release(&rp);
		if (ask(&rp, f, q) != 303)
			fail_msg("%s: %s", cases[i].cron, rp.body.p);
		OK(schedules_by_id(&s, f->a, f->db, newest(f), &f->e));
		assert_string_equal(s.cron, cases[i].cron);
		ASK_AGAIN(200, &rp, .run = on_schedule_form_edit, .args = { name_of(f, s.id) });
		SAYS(&rp, cases[i].words);
		SAYS(&rp, "The next runs:");
		SAYS(&rp, arena_printf(f->a, "id=\"every-%s\" name=\"every\" value=\"%s\" checked",
		    cases[i].form[1].value, cases[i].form[1].value));
	}
}

static void
SCU_10_wrong_input_is_told_beside_its_field_and_kept(void **state)
{
	static const struct { const char *every, *field, *value, *words; } cases[] = {
		{ "cron", "cron", "75 2 * * *", "Minute must be 0\u201359, you wrote 75" },
		{ "cron", "cron", "0 2 30 2 *", "30 February never happens" },
		{ "cron", "cron", "* * * * *",
		    "Runs every minute; the shortest allowed is 15 minutes" },
		{ "cron", "cron", "61 * * *", "five fields" },
		{ "hour", "minute", "75", "Minute must be 0\u201359, you wrote 75" },
		{ "day", "time", "25:00", "Time must be like 02:30, you wrote 25:00" },
		{ "day", "spread", "90", "Spread must be 0 to 60 minutes, you wrote 90" },
		{ "day", "zone", "Mars/Olympus", "There is no time zone Mars/Olympus" },
		{ "day", "zone", "../../etc/passwd", "zone" },
	};
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp = REPLY_INIT;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ASK_AGAIN(422, &rp, .run = on_schedule_form_create, LIVE,
		    .form = { { cases[i].field, cases[i].value }, { "name", "Keep <this>" },
		        { "every", cases[i].every }, { "time", "02:00" } });
		SAYS(&rp, cases[i].words);
		SAYS(&rp, "There is a problem");
		SAYS(&rp, "value=\"Keep &lt;this&gt;\"");
		SAYS(&rp, arena_printf(f->a, "value=\"%s\"", cases[i].value));
		SAYS(&rp, "aria-invalid");
	}
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM schedule"), 0);
}

static void
the_preview_button_writes_nothing_and_tells_the_days_of_the_change(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp = REPLY_INIT;
	struct schedule s = { .name = "Other", .cron = "32 2 29 3 *", .zone = "Europe/Zurich",
		.environment = f->environment };

	OK(schedules_add(&s, f->db, &f->e));
	ASK_AGAIN(200, &rp, .run = on_schedule_form_create, LIVE,
	    .form = { { "name", "N" }, { "every", "cron" }, { "cron", "30 2 29 3 *" },
	        { "zone", "Europe/Zurich" }, { "spread", "10" }, { "preview", "1" } });
	SAYS(&rp, "02:30");
	SAYS(&rp, "Europe/Zurich");
	SAYS(&rp, "+0");
	SAYS(&rp, "up to 10 minutes later");
	SAYS(&rp, "1 other job starts within 5 minutes of the next run.");
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM schedule"), 1);
	/* Sundays at half past two: the last one of March is among the next sixty. */
	ASK_AGAIN(200, &rp, .run = on_schedule_form_fragment, LIVE,
	    .query = { { "every", "cron" }, { "cron", "30 2 * 3 SunL" },
	        { "zone", "Europe/Zurich" } });
	SAYS(&rp, "the clocks change on this day");
	SAYS(&rp, "02:30 does not exist on this day");
	SAYS_NOT(&rp, "<html");
	ASK_AGAIN(200, &rp, .run = on_schedule_form_fragment_instance,
	    .query = { { "every", "cron" }, { "cron", "99 * * * *" } });
	SAYS(&rp, "Minute must be 0\u201359, you wrote 99");
}

static void
PLA_10_PLA_16_modes_kinds_and_services_are_kept(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp = REPLY_INIT;

	ASK_AGAIN(303, &rp, .run = on_schedule_form_create, LIVE, .form = { NIGHTLY });
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM schedule WHERE mode='live'"), 1);
	ASK_AGAIN(303, &rp, .run = on_schedule_form_create, LIVE,
	    .form = { NIGHTLY, { "mode", "consistent" }, { "services", "media" },
	        { "cron", "ignored" } });
	/* The same name and time a moment ago: the button was pressed twice. */
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM schedule"), 1);
	ASK_AGAIN(303, &rp, .run = on_schedule_form_create, LIVE,
	    .form = { { "name", "Media" }, { "every", "day" }, { "time", "03:00" },
	        { "mode", "consistent" }, { "services", "media" } });
	assert_int_equal(fixture_number(f, "SELECT service FROM schedule_service"), f->media);
	assert_int_equal(
	    fixture_number(f, "SELECT count(*) FROM schedule WHERE mode='consistent'"), 1);
	ASK_AGAIN(303, &rp, .run = on_schedule_form_create_project, .args = { "shop" },
	    .form = { NIGHTLY, { "kinds", "all" } });
	ASK_AGAIN(303, &rp, .run = on_schedule_form_create_instance, .form = { NIGHTLY });
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM schedule WHERE kinds='all' AND"
	    " project IS NOT NULL"), 1);
	ASK_AGAIN(200, &rp, .run = on_schedule_list_project, .args = { "shop" });
	SAYS(&rp, "every environment");
	ASK_AGAIN(200, &rp, .run = on_schedule_list_instance);
	SAYS(&rp, "live environments");
	ASK_AGAIN(422, &rp, .run = on_schedule_form_create, LIVE,
	    .form = { NIGHTLY, { "services", "nothing" } });
	SAYS(&rp, "A service was chosen that cannot be backed up here");
}

static void
PEER_19_what_is_inherited_names_its_origin(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp = REPLY_INIT;

	ASK_AGAIN(303, &rp, .run = on_schedule_usual_instance, .post = true);
	ASK_AGAIN(200, &rp, .run = on_schedule_list, LIVE);
	SAYS(&rp, "come from <a href=\"/schedule\">the instance</a>");
	ASK_AGAIN(303, &rp, .run = on_schedule_usual_project, .args = { "shop" }, .post = true);
	ASK_AGAIN(200, &rp, .run = on_schedule_list, LIVE);
	SAYS(&rp, "come from <a href=\"/p/shop/-/schedule\">the project</a>");
	ASK_AGAIN(303, &rp, .run = on_schedule_usual, LIVE, .post = true);
	ASK_AGAIN(200, &rp, .run = on_schedule_list, LIVE);
	SAYS_NOT(&rp, "come from");
}

static void
DIV_1_DIV_3_SET_9_the_list_of_backups_begins_with_the_next_run(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp = REPLY_INIT;
	struct timer t = { .begun = false };

	fixture_ready(f);
	ASK_AGAIN(200, &rp, .run = on_backups_list, LIVE);
	SAYS(&rp, "Set a schedule");
	ASK_AGAIN(303, &rp, .run = on_schedule_usual, LIVE, .post = true);
	ASK_AGAIN(200, &rp, .run = on_backups_list, LIVE);
	SAYS(&rp, "<strong>Next scheduled backup:</strong> <time");
	SAYS(&rp, "+00:00");
	SAYS(&rp, "Every day at 02:00");
	OK(timer_step(&t, f->db, clock_now(), &f->e));
	later(f, &t, 2);
	ASK_AGAIN(200, &rp, .run = on_backups_list, LIVE);
	SAYS(&rp, ">Scheduled<");
	SAYS(&rp, ">On-demand<");
	ASK_AGAIN(200, &rp, .run = on_backups_list, LIVE, .query = { { "kind", "scheduled" } });
	SAYS(&rp, "/b/b2");
	SAYS_NOT(&rp, "/b/b1\"");
	/* Off: an amber line that says since when and by whom. */
	ASK_AGAIN(303, &rp, .run = on_schedule_switch, .args = { name_of(f, newest(f)) },
	    .form = { { "on", "0" } });
	ASK_AGAIN(200, &rp, .run = on_backups_list, LIVE);
	SAYS(&rp, "Scheduled backups are off since");
	SAYS(&rp, "by admin@example.org.");
	SAYS(&rp, "Turn on");
	ASK_AGAIN(303, &rp, .run = on_schedule_switch, .args = { name_of(f, newest(f)) },
	    .form = { { "on", "1" } });
	ASK_AGAIN(200, &rp, .run = on_backups_list, LIVE);
	SAYS_NOT(&rp, "are off since");
}

static void
SCU_8_SCU_9_plans_tell_all_nine_things(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp = REPLY_INIT;
	struct timer t = { .begun = false };
	struct lease l;
	struct err why;

	ASK_AGAIN(200, &rp, .run = on_schedule_plans);
	SAYS(&rp, "No plans");
	ASK_AGAIN(303, &rp, .run = on_schedule_usual, LIVE, .post = true);
	OK(timer_step(&t, f->db, clock_now(), &f->e));
	later(f, &t, 1);
	l = fixture_claim(f);
	err_set(&why, ERR_INTERNAL, "pg_dump: <b>connection refused</b>");
	OK(jobs_fail(f->db, &l, &why, &f->e));
	ASK_AGAIN(200, &rp, .run = on_schedule_plans);
	SAYS(&rp, "pg_dump: &lt;b&gt;connection refused");
	SAYS(&rp, "Failed");
	SAYS(&rp, "shop/live");
	SAYS(&rp, "database, media");
	SAYS(&rp, "0 2 * * *");
	SAYS(&rp, "main");
	later(f, &t, 2);
	l = fixture_claim(f);
	fixture_finish(f, &l, 2);
	ASK_AGAIN(200, &rp, .run = on_schedule_plans);
	SAYS_NOT(&rp, "connection refused");
	SAYS(&rp, "Ready");
	SAYS(&rp, "bytes");
	ASK_AGAIN(200, &rp, .run = on_schedule_plans, .operator = true);
	SAYS_NOT(&rp, "Remove…");
}

/* Made with what it is about alone, a plan has all three, and says that nobody chose them. */
static void
SCU_13_what_nobody_chose_is_shown_as_default(void **state)
{
	static const char *const defaults[] = { "<code class=\"muted\">0 2 * * *</code> (default)",
		"Into main (default)", "It keeps 7 daily, 4 weekly, 12 monthly (default)" };
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp = REPLY_INIT;
	const struct policy_place all = { LEVEL_INSTANCE, 0 }, own = { LEVEL_ENVIRONMENT,
		f->environment };

	ASK_AGAIN(303, &rp, .run = on_schedule_usual, LIVE, .post = true);
	ASK_AGAIN(200, &rp, .run = on_schedule_plans);
	for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
		SAYS(&rp, defaults[i]);
	/* One by one they are chosen. The same as the default is a choice, too, where it is set. */
	OK(policies_set(f->db, POLICY_RETENTION, &own, "last=5", f->admin, &f->e));
	OK(policies_set(f->db, POLICY_STORAGE, &all, "main", f->admin, &f->e));
	ASK_AGAIN(200, &rp, .run = on_schedule_plans);
	SAYS(&rp, "Into main<");
	SAYS(&rp, "It keeps the newest 5<");
	SAYS(&rp, defaults[0]);
	fixture_do(f, "UPDATE schedule SET cron='0 3 * * *'");
	ASK_AGAIN(200, &rp, .run = on_schedule_plans);
	SAYS(&rp, "<code class=\"muted\">0 3 * * *</code> <");
	SAYS_NOT(&rp, "(default)");
}

/* Where to is told of the next run, whatever became of the last, also where there was none. */
static void
SCU_12_a_plan_tells_where_its_next_run_goes(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp = REPLY_INIT;
	struct storage second = { .slug = "second", .kind = "local", .path = "/srv/second" };
	const struct policy_place all = { LEVEL_INSTANCE, 0 }, own = { LEVEL_ENVIRONMENT,
		f->environment };
	struct timer t = { .begun = false };
	struct lease l;

	ASK_AGAIN(303, &rp, .run = on_schedule_usual, LIVE, .post = true);
	OK(timer_step(&t, f->db, clock_now(), &f->e));
	ASK_AGAIN(200, &rp, .run = on_schedule_plans);
	SAYS(&rp, "Into main (default)<");
	later(f, &t, 1);
	l = fixture_claim(f);
	fixture_finish(f, &l, 1);
	OK(storages_ensure(&second, f->db, &f->e));
	OK(policies_set(f->db, POLICY_STORAGE, &all, "second", f->admin, &f->e));
	ASK_AGAIN(200, &rp, .run = on_schedule_plans);
	SAYS(&rp, "Into second<");
	ASK_AGAIN(200, &rp, .run = on_schedule_plans_csv);
	SAYS(&rp, ",\"second\",");
	/* Nearer, and nothing chosen: the first one. One that is gone: the first one, too. */
	OK(policies_set(f->db, POLICY_STORAGE, &own, "", f->admin, &f->e));
	ASK_AGAIN(200, &rp, .run = on_schedule_plans);
	SAYS(&rp, "Into main (default)<");
	fixture_do(f, "UPDATE policy SET value='gone' WHERE level='environment'");
	ASK_AGAIN(200, &rp, .run = on_schedule_plans);
	SAYS(&rp, "Into main (default)<");
}

static void
SCU_15_run_now_only_queues_and_twice_is_once(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp = REPLY_INIT;

	ASK_AGAIN(303, &rp, .run = on_schedule_usual, LIVE, .post = true);
	for (int i = 0; i < 2; i++)
		ASK_AGAIN(303, &rp, .run = on_schedule_run,
		    .args = { "shop", "live", name_of(f, newest(f)) },
		    .form = { { "key", "k1" } });
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job WHERE state='queued'"), 1);
	ASK_AGAIN(404, &rp, .run = on_schedule_run, .args = { "shop", "live", "s99" },
	    .post = true);
	ASK_AGAIN(404, &rp, .run = on_schedule_run, .args = { "shop", "live", "x" }, .post = true);
	fixture_do(f, "UPDATE environment SET paused=1");
	ASK_AGAIN(409, &rp, .run = on_schedule_run,
	    .args = { "shop", "live", name_of(f, newest(f)) },
	    .form = { { "key", "k2" } });
	SAYS(&rp, "is paused");
}

static void
SCU_24_removing_asks_and_keeps_the_backups_unless_told(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp = REPLY_INIT;

	for (int round = 0; round < 2; round++) {
		int64_t id;
		struct lease l;

		ASK_AGAIN(303, &rp, .run = on_schedule_usual, LIVE, .post = true);
		id = newest(f);
		ASK_AGAIN(303, &rp, .run = on_schedule_run,
		    .args = { "shop", "live", name_of(f, id) },
		    .form = { { "key", round == 0 ? "a" : "b" } });
		l = fixture_claim(f);
		fixture_finish(f, &l, round + 1);
		ASK_AGAIN(200, &rp, .run = on_schedule_remove_form, .args = { name_of(f, id) });
		SAYS(&rp, "value=\"keep\" checked");
		ASK_AGAIN(303, &rp, .run = on_schedule_remove, .args = { name_of(f, id) },
		    .form = { { "backups", round == 0 ? "keep" : "delete" } });
		ASK_AGAIN(404, &rp, .run = on_schedule_form_edit, .args = { name_of(f, id) });
	}
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM backup WHERE state='ready'"), 1);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM backup WHERE state='trashed'"), 1);
	ASK_AGAIN(404, &rp, .run = on_schedule_remove, .args = { "s99" }, .post = true);
}

static void
an_old_form_and_a_wrong_pause_are_refused(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp = REPLY_INIT;
	char day[CALENDAR_TEXT_SIZE];
	const char *id;

	ASK_AGAIN(303, &rp, .run = on_schedule_usual, LIVE, .post = true);
	id = name_of(f, newest(f));
	ASK_AGAIN(303, &rp, .run = on_schedule_form_save, .args = { id },
	    .form = { NIGHTLY, { "revision", "1" } });
	ASK_AGAIN(422, &rp, .run = on_schedule_form_save, .args = { id },
	    .form = { NIGHTLY, { "revision", "1" } });
	SAYS(&rp, "Somebody else has changed this schedule");
	ASK_AGAIN(422, &rp, .run = on_schedule_pause, .args = { id },
	    .form = { { "until", "soon" } });
	ASK_AGAIN(422, &rp, .run = on_schedule_pause, .args = { id },
	    .form = { { "until", "2020-02-30" } });
	ASK_AGAIN(422, &rp, .run = on_schedule_pause, .args = { id },
	    .form = { { "until", "2020-02-20" } });
	calendar_text(day, clock_now() + 5 * CALENDAR_DAY);
	day[10] = '\0';
	ASK_AGAIN(303, &rp, .run = on_schedule_pause, .args = { id }, .form = { { "until", day } });
	ASK_AGAIN(200, &rp, .run = on_schedule_list, LIVE);
	SAYS(&rp, "Paused until");
	/* From midnight to midnight it is five days; later in the day it is four and a part. */
	if (strstr(rp.body.p, "in 4 days") == NULL)
		SAYS(&rp, "in 5 days");
	ASK_AGAIN(303, &rp, .run = on_schedule_pause, .args = { id }, .post = true);
	ASK_AGAIN(200, &rp, .run = on_schedule_list, LIVE);
	SAYS_NOT(&rp, "Paused until <");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(an_empty_page_offers_what_most_sites_use_with_one_click),
		FIXTURE_TEST(the_form_writes_pickers_as_cron_and_shows_them_again),
		FIXTURE_TEST(SCU_10_wrong_input_is_told_beside_its_field_and_kept),
		FIXTURE_TEST(the_preview_button_writes_nothing_and_tells_the_days_of_the_change),
		FIXTURE_TEST(PLA_10_PLA_16_modes_kinds_and_services_are_kept),
		FIXTURE_TEST(PEER_19_what_is_inherited_names_its_origin),
		FIXTURE_TEST(DIV_1_DIV_3_SET_9_the_list_of_backups_begins_with_the_next_run),
		FIXTURE_TEST(SCU_12_a_plan_tells_where_its_next_run_goes),
		FIXTURE_TEST(SCU_8_SCU_9_plans_tell_all_nine_things),
		FIXTURE_TEST(SCU_13_what_nobody_chose_is_shown_as_default),
		FIXTURE_TEST(SCU_15_run_now_only_queues_and_twice_is_once),
		FIXTURE_TEST(SCU_24_removing_asks_and_keeps_the_backups_unless_told),
		FIXTURE_TEST(an_old_form_and_a_wrong_pause_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
