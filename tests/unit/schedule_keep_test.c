/* schedule_keep_test.c: a schedule with keeps of its own: in the catalogue, and in its form. */
#include "tests/unit/ask.h"
#include "tests/unit/stock.h"

#include "cgi/handle/on_retention.h"
#include "cgi/handle/on_schedule.h"
#include "cgi/handle/on_schedule_form.h"
#include "lib/store/plans.h"
#include "lib/store/schedules.h"

#define LIVE .args = { "shop", "live" }
#define NIGHTLY { "name", "Nightly" }, { "every", "day" }, { "time", "02:30" }, { "spread", "0" }

/* Many pages in one test: what the last one held goes first. */
#define ASK_AGAIN(want, rp, ...) do { \
	reply_release(rp); \
	ASK(want, rp, __VA_ARGS__); \
} while (0)

static struct schedule
schedule(struct fixture *f, const char *keep)
{
	struct schedule s = { .environment = f->environment, .name = "Nightly",
		.cron = "0 2 * * *", .zone = "UTC", .keep = keep };

	OK(schedules_add(&s, f->db, &f->e));
	return s;
}

/* So many of a schedule, one a day, the newest an hour old: the oldest first. */
static void
add_days(struct fixture *f, int64_t by, int n, int64_t ids[])
{
	for (int i = 0; i < n; i++) {
		ids[i] = stock_add(f, (struct stock){ .at = clock_now() - STOCK_HOUR -
		    (n - 1 - i) * STOCK_DAY });
		fixture_do(f, arena_printf(f->a, "UPDATE backup SET schedule=%" PRId64 " WHERE"
		    " id=%" PRId64, by, ids[i]));
	}
}

static void
what_is_set_is_read_again(void **state)
{
	struct fixture *f = *state;
	struct schedule s = schedule(f, NULL), got;
	enum schedule_notify notify;

	OK(schedules_by_id(&got, f->a, f->db, s.id, &f->e));
	assert_string_equal(got.keep, "");
	assert_int_equal(got.notify, NOTIFY_CHANNELS);
	got.keep = "daily=3";
	got.notify = NOTIFY_ALWAYS;
	OK(schedules_update(&got, NULL, f->db, &f->e));
	OK(schedules_by_id(&got, f->a, f->db, s.id, &f->e));
	assert_string_equal(got.keep, "daily=3");
	assert_int_equal(got.notify, NOTIFY_ALWAYS);
	OK(schedules_notify(&notify, f->db, s.id, &f->e));
	assert_int_equal(notify, NOTIFY_ALWAYS);
	OK(schedules_notify(&notify, f->db, 99, &f->e));
	assert_int_equal(notify, NOTIFY_CHANNELS);
	got.keep = "daily=3 min-good=2";
	REFUSED(ERR_INPUT, schedules_update(&got, NULL, f->db, &f->e));
	got.keep = "sometimes";
	REFUSED(ERR_INPUT, schedules_update(&got, NULL, f->db, &f->e));
	for (int i = 0; i < NOTIFIES; i++) {
		assert_true(schedule_notify_parse(&notify,
		    schedule_notify_name((enum schedule_notify)i)));
		assert_int_equal(notify, i);
	}
	assert_false(schedule_notify_parse(&notify, "sometimes"));
}

/* PEER-19, PLA-11: the worker deletes by the schedule's own keeps, and by the rule what else is
 * there. */
static void
PEER_19_the_worker_deletes_by_the_schedule_s_own_keeps(void **state)
{
	struct fixture *f = *state;
	struct schedule own = schedule(f, "last=2"), plain = schedule(f, NULL);
	int64_t of_own[5], of_plain[5];

	stock_rule(f, "last=4 min-age=0");
	add_days(f, own.id, 5, of_own);
	add_days(f, plain.id, 5, of_plain);
	assert_int_equal(stock_turn(f, clock_now()), 4);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(stock_state(f, of_own[i]),
		    i < 3 ? BACKUP_TRASHED : BACKUP_READY);
		assert_int_equal(stock_state(f, of_plain[i]),
		    i < 1 ? BACKUP_TRASHED : BACKUP_READY);
	}
}

/* Of one that is off the backups stay as they were; of one that was removed they go by the rule of
 * the environment, as nobody could change its keeps; of a line nobody understands, all stay. */
static void
PEER_19_keeps_end_with_their_schedule(void **state)
{
	struct fixture *f = *state;
	struct schedule own = schedule(f, "last=3");
	int64_t ids[5];

	stock_rule(f, "last=1 min-age=0");
	add_days(f, own.id, 5, ids);
	OK(schedules_switch(f->db, own.id, false, 0, &f->e));
	assert_int_equal(stock_judge(f, clock_now())->result.go_count, 2);
	fixture_do(f, "UPDATE schedule SET keep='of a newer program'");
	assert_int_equal(stock_judge(f, clock_now())->result.go_count, 0);
	OK(schedules_remove(f->db, own.id, NULL, &f->e));
	assert_int_equal(stock_judge(f, clock_now())->result.go_count, 4);
}

static void
what_other_keeps_would_do_is_known_before(void **state)
{
	struct fixture *f = *state;
	struct schedule own = schedule(f, "forever");
	struct retention_schedule_change c = { own.id, "last=2", clock_now() };
	struct retention_impact impact;
	int64_t ids[5];

	stock_rule(f, "days=3 min-age=0");
	OK(retention_schedule_impact(&impact, f->a, f->db, &c, &f->e));
	assert_int_equal(impact.count, 0);
	add_days(f, own.id, 5, ids);
	OK(retention_schedule_impact(&impact, f->a, f->db, &c, &f->e));
	assert_int_equal(impact.count, 1);
	assert_int_equal(impact.go_count, 3);
	c.keep = "";
	OK(retention_schedule_impact(&impact, f->a, f->db, &c, &f->e));
	assert_int_equal(impact.go_count, 2);
	c.keep = "forever";
	OK(retention_schedule_impact(&impact, f->a, f->db, &c, &f->e));
	assert_int_equal(impact.go_count, 0);
	assert_int_equal(stock_judge(f, clock_now())->result.go_count, 0);
}

/* What was weighed is weighed again where it is saved: in between, another backup may have come. */
static void
PLA_11_other_keeps_are_saved_only_for_the_list_that_was_seen(void **state)
{
	struct fixture *f = *state;
	struct schedule own = schedule(f, "forever"), got;
	struct retention_schedule_change c = { own.id, "last=2", clock_now() };
	struct retention_impact impact;
	struct schedule_seen seen = { c.now, impact.list };
	int64_t ids[6];

	stock_rule(f, "days=3 min-age=0");
	add_days(f, own.id, 5, ids);
	OK(retention_schedule_impact(&impact, f->a, f->db, &c, &f->e));
	assert_int_equal(impact.go_count, 3);
	add_days(f, own.id, 1, ids + 5);
	OK(schedules_by_id(&got, f->a, f->db, own.id, &f->e));
	got.keep = c.keep;
	REFUSED(ERR_CONFLICT, schedules_update(&got, &seen, f->db, &f->e));
	assert_non_null(strstr(f->e.text, "look again"));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM schedule WHERE keep='forever'"),
	    1);
	/* The control: of the list as it is now they are saved. */
	OK(retention_schedule_impact(&impact, f->a, f->db, &c, &f->e));
	assert_int_equal(impact.go_count, 4);
	OK(schedules_update(&got, &seen, f->db, &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM schedule WHERE keep='last=2'"), 1);
}

/* The page of retention tells which backups do not go by the rule it shows. */
static void
PLA_11_the_page_of_retention_names_schedules_with_their_own(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp = REPLY_INIT;
	struct schedule own = schedule(f, "last=3");
	int64_t ids[5];

	stock_rule(f, "last=1 min-age=0");
	add_days(f, own.id, 5, ids);
	ASK_AGAIN(200, &rp, .run = on_retention_get, LIVE);
	SAYS(&rp, "schedules with keeps of their own: \u201cNightly\u201d keeps the newest 3.");
	SAYS(&rp, "Kept by its schedule \u201cNightly\u201d as one of the newest 3");
	SAYS(&rp, "not among the newest 3, by its schedule \u201cNightly\u201d");
	/* The control: removed, nothing of it is apart. */
	OK(schedules_remove(f->db, own.id, NULL, &f->e));
	ASK_AGAIN(200, &rp, .run = on_retention_get, LIVE);
	assert_null(strstr(rp.body.p, "Nightly"));
	assert_null(strstr(rp.body.p, "keeps of their own"));
}

/* -- the form -- */

static void
the_form_writes_keeps_and_shows_them_again(void **state)
{
	static const struct { const char *keep, *n, *line, *stored, *words; } cases[] = {
		{ "inherit", "", "", "", "As the environment has it" },
		{ "calendar", "9", "ignored", "daily=7 weekly=4 monthly=12",
		    "It keeps 7 daily, 4 weekly, 12 monthly" },
		{ "last", "30", "", "last=30", "It keeps the newest 30" },
		{ "days", "60", "", "days=60", "60 days" },
		{ "forever", "", "", "forever", "It keeps" },
		{ "own", "", " weekly=2  hourly=24 ", "hourly=24 weekly=2",
		    "It keeps 24 hourly, 2 weekly" },
	};
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp = REPLY_INIT;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct schedule *all;
		size_t count;

		ASK_AGAIN(303, &rp, .run = on_schedule_form_create, LIVE,
		    .form = { { "name", arena_printf(f->a, "N%zu", i) }, { "every", "day" },
		        { "time", "02:30" }, { "keep", cases[i].keep },
		        { "keep_n", cases[i].n }, { "keep_line", cases[i].line },
		        { "notify", i % 2 ? "failure" : "never" } });
		OK(schedules_at(&all, &count, f->a, f->db,
		    &(struct schedule_place){ 0, f->environment }, &f->e));
		assert_int_equal(count, i + 1);
		assert_string_equal(all[i].keep, cases[i].stored);
		assert_int_equal(all[i].notify, i % 2 ? NOTIFY_FAILURE : NOTIFY_NEVER);
		ASK_AGAIN(200, &rp, .run = on_schedule_form_edit,
		    .args = { arena_printf(f->a, "s%" PRId64, all[i].id) });
		SAYS(&rp, arena_printf(f->a, "value=\"%s\" checked", cases[i].keep));
		SAYS(&rp, arena_printf(f->a, "value=\"%s\" checked", i % 2 ? "failure" : "never"));
		if (strcmp(cases[i].keep, "own") == 0)
			SAYS(&rp, "value=\"hourly=24 weekly=2\"");
		ASK_AGAIN(200, &rp, .run = on_schedule_list, LIVE);
		SAYS(&rp, i == 0 ? "tells nobody" : cases[i].words);
	}
	ASK_AGAIN(200, &rp, .run = on_schedule_plans);
	SAYS(&rp, "It keeps 24 hourly, 2 weekly");
	SAYS(&rp, "tells of failures alone");
}

static void
wrong_keeps_are_told_beside_their_field(void **state)
{
	static const struct { const char *keep, *n, *line, *field, *words; } cases[] = {
		{ "last", "", "", "keep_n", "Keep 1 to 1000 of the newest, you wrote nothing" },
		{ "days", "9999", "", "keep_n", "Keep for 1 to 3650 days, you wrote 9999" },
		{ "own", "", "daily=7 min-good=3", "keep_line", "Of a schedule only" },
		{ "own", "", "dayly=7", "keep_line", "dayly" },
	};
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp = REPLY_INIT;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ASK_AGAIN(422, &rp, .run = on_schedule_form_create, LIVE,
		    .form = { NIGHTLY, { "keep", cases[i].keep }, { "keep_n", cases[i].n },
		        { "keep_line", cases[i].line } });
		SAYS(&rp, cases[i].words);
		SAYS(&rp, arena_printf(f->a, "id=\"%s-fault\"", cases[i].field));
		SAYS(&rp, arena_printf(f->a, "value=\"%s\" checked", cases[i].keep));
	}
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM schedule"), 0);
}

/* What the form does not offer is a fault, not the default. */
static void
unknown_choices_are_told_beside_their_field(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp = REPLY_INIT;

	ASK_AGAIN(422, &rp, .run = on_schedule_form_create, LIVE,
	    .form = { NIGHTLY, { "keep", "sometimes" }, { "notify", "never" } });
	SAYS(&rp, "Choose how long its backups stay</p>");
	SAYS(&rp, "href=\"#keep\"");
	ASK_AGAIN(422, &rp, .run = on_schedule_form_create, LIVE,
	    .form = { NIGHTLY, { "keep", "inherit" }, { "notify", "sometimes" } });
	SAYS(&rp, "Choose when to tell of its backups</p>");
	SAYS(&rp, "href=\"#notify\"");
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM schedule"), 0);
	/* The control: a form without them, as an old page sends it, is as inherited. */
	ASK_AGAIN(303, &rp, .run = on_schedule_form_create, LIVE, .form = { NIGHTLY });
}

/* As with a rule: what deletes asks for the number, of the list that was seen. */
static void
PLA_11_saving_keeps_that_delete_asks_for_the_number(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp = REPLY_INIT;
	struct schedule s = schedule(f, "forever");
	const char *id = arena_printf(f->a, "s%" PRId64, s.id), *list;
	int64_t ids[5];

	stock_rule(f, "last=1 min-age=0");
	add_days(f, s.id, 5, ids);
	/* What changes nothing of it asks nothing. */
	ASK_AGAIN(303, &rp, .run = on_schedule_form_save, .args = { id },
	    .form = { NIGHTLY, { "revision", "1" }, { "keep", "forever" } });
	ASK_AGAIN(200, &rp, .run = on_schedule_form_save, .args = { id },
	    .form = { NIGHTLY, { "revision", "2" }, { "keep", "last" }, { "keep_n", "2" },
	        { "preview", "1" } });
	SAYS(&rp, "Saving deletes 3 backups");
	SAYS(&rp, "Type 3");
	list = seen_list(f, &rp);
	ASK_AGAIN(422, &rp, .run = on_schedule_form_save, .args = { id },
	    .form = { NIGHTLY, { "revision", "2" }, { "keep", "last" }, { "keep_n", "2" } });
	SAYS(&rp, "Type 3, the number of backups that go");
	ASK_AGAIN(422, &rp, .run = on_schedule_form_save, .args = { id },
	    .form = { NIGHTLY, { "revision", "2" }, { "keep", "last" }, { "keep_n", "2" },
	        { "list", list }, { "typed", "4" } });
	SAYS(&rp, "you wrote 4");
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM schedule WHERE keep='forever'"),
	    1);
	ASK_AGAIN(303, &rp, .run = on_schedule_form_save, .args = { id },
	    .form = { NIGHTLY, { "revision", "2" }, { "keep", "last" }, { "keep_n", "2" },
	        { "list", list }, { "typed", "3" } });
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM schedule WHERE keep='last=2'"), 1);
	/* More is kept: nothing goes, nothing is asked. */
	ASK_AGAIN(200, &rp, .run = on_schedule_form_save, .args = { id },
	    .form = { NIGHTLY, { "revision", "3" }, { "keep", "days" }, { "keep_n", "90" },
	        { "preview", "1" } });
	SAYS(&rp, "Saving this deletes nothing now");
	ASK_AGAIN(303, &rp, .run = on_schedule_form_save, .args = { id },
	    .form = { NIGHTLY, { "revision", "3" }, { "keep", "days" }, { "keep_n", "90" } });
}

/* Removed, its keeps end: what the rule of the environment lets go then asks for the number. */
static void
PLA_11_removing_a_schedule_with_keeps_asks_for_the_number(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp = REPLY_INIT;
	struct schedule s = schedule(f, "forever");
	const char *id = arena_printf(f->a, "s%" PRId64, s.id), *list;
	int64_t ids[5];

	stock_rule(f, "last=2 min-age=0");
	add_days(f, s.id, 5, ids);
	ASK_AGAIN(200, &rp, .run = on_schedule_remove_form, .args = { id });
	SAYS(&rp, "own keeps end with it");
	SAYS(&rp, "Without the keeps of this schedule 3 backups go tonight");
	list = seen_list(f, &rp);
	ASK_AGAIN(422, &rp, .run = on_schedule_remove, .args = { id },
	    .form = { { "backups", "keep" } });
	SAYS(&rp, "Type 3, the number of backups that go");
	ASK_AGAIN(422, &rp, .run = on_schedule_remove, .args = { id },
	    .form = { { "backups", "keep" }, { "list", list }, { "typed", "2" } });
	REFUSED(ERR_CONFLICT, schedules_remove(f->db, s.id,
	    &(struct schedule_seen){ clock_now(), "of another day" }, &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM schedule WHERE removed_at=0"), 1);
	ASK_AGAIN(303, &rp, .run = on_schedule_remove, .args = { id },
	    .form = { { "backups", "keep" }, { "list", list }, { "typed", "3" } });
	assert_int_equal(stock_judge(f, clock_now())->result.go_count, 3);
	/* Of one without keeps nothing changes, so nothing is asked. */
	s = schedule(f, "");
	ASK_AGAIN(303, &rp, .run = on_schedule_remove,
	    .args = { arena_printf(f->a, "s%" PRId64, s.id) }, .form = { { "backups", "keep" } });
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(unknown_choices_are_told_beside_their_field),
		FIXTURE_TEST(PLA_11_the_page_of_retention_names_schedules_with_their_own),
		FIXTURE_TEST(PLA_11_removing_a_schedule_with_keeps_asks_for_the_number),
		FIXTURE_TEST(what_is_set_is_read_again),
		FIXTURE_TEST(PEER_19_the_worker_deletes_by_the_schedule_s_own_keeps),
		FIXTURE_TEST(PEER_19_keeps_end_with_their_schedule),
		FIXTURE_TEST(what_other_keeps_would_do_is_known_before),
		FIXTURE_TEST(PLA_11_other_keeps_are_saved_only_for_the_list_that_was_seen),
		FIXTURE_TEST(the_form_writes_keeps_and_shows_them_again),
		FIXTURE_TEST(wrong_keeps_are_told_beside_their_field),
		FIXTURE_TEST(PLA_11_saving_keeps_that_delete_asks_for_the_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
