/* on_backups_test.c: the list of an environment's backups, and deleting several at once. */
#include "tests/unit/ask.h"

#include "cgi/handle/on_backups.h"

#define LIST .run = on_backups_list, .args = { "shop", "live" }
#define DELETE .run = on_backups_delete, .args = { "shop", "live" }, .post = true

static void
an_empty_list_says_what_would_be_here(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp;

	ASK(200, &rp, LIST);
	SAYS(&rp, "No backups yet");
	SAYS(&rp, "href=\"/p/shop/live/backups/new\"");
	SAYS(&rp, "No backup yet");
}

static void
both_kinds_stand_on_one_page_with_a_filter(void **state)
{
	struct fixture *f = *state;
	int64_t first = fixture_ready(f), second = fixture_ready(f);
	CLEANUP_REPLY struct reply all, scheduled, ondemand;

	assert_int_equal(first, 1);
	assert_int_equal(second, 2);
	fixture_do(f, "UPDATE backup SET kind = 'scheduled' WHERE id = 1");
	ASK(200, &all, LIST);
	SAYS(&all, "Scheduled</span>");
	SAYS(&all, "On-demand</span>");
	ASK(200, &scheduled, LIST, .query = { { "kind", "scheduled" } });
	SAYS(&scheduled, "href=\"/b/b1\"");
	SAYS_NOT(&scheduled, "href=\"/b/b2\"");
	SAYS(&scheduled, "<option value=\"scheduled\" selected>");
	ASK(200, &ondemand, LIST, .query = { { "kind", "on-demand" } });
	SAYS_NOT(&ondemand, "href=\"/b/b1\"");
	SAYS(&ondemand, "href=\"/b/b2\"");
}

static void
a_row_tells_what_and_when_and_how_big(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp;

	fixture_ready(f);
	ASK(200, &rp, LIST);
	SAYS(&rp, "<time datetime=\"20");
	SAYS(&rp, "<span class=\"unseen\">database: </span>database");
	SAYS(&rp, "<span class=\"unseen\">media: </span>media");
	SAYS(&rp, "#media\"></use>");
	SAYS(&rp, "205 B</span>");
	SAYS(&rp, "<span class=\"note\">a note</span>");
	SAYS(&rp, "Ready, with warnings");
	SAYS(&rp, "href=\"/b/b1#restore\"");
	SAYS(&rp, "href=\"/b/b1/download\"");
	SAYS(&rp, "Last good backup: <a href=\"/b/b1\">b1</a>");
}

static void
each_row_has_a_menu_that_needs_no_script(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp;

	fixture_ready(f);
	ASK(200, &rp, LIST);
	SAYS(&rp, "<details class=\"menu\"><summary>");
	SAYS(&rp, "Prepare download</a>");
	SAYS(&rp, "Edit note</a>");
	SAYS(&rp, "Keep</button>");
	SAYS(&rp, "Verify now</button>");
	SAYS(&rp, "href=\"/b/b1/delete\"");
	SAYS(&rp, "action=\"/b/b1/verify\"");
	SAYS(&rp, "name=\"csrf\" value=\"csrf-token\"");
}

static void
the_first_row_says_that_nothing_is_scheduled(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp, filtered;

	fixture_ready(f);
	ASK(200, &rp, LIST);
	SAYS(&rp, "<title>Backups – shop/live – Lazarette</title>");
	SAYS(&rp, "<h1>Backups of shop/live</h1>");
	SAYS(&rp, "Next scheduled backup:");
	SAYS(&rp, "No schedule: backups are made on demand");
	SAYS(&rp, "At risk");
	ASK(200, &filtered, LIST, .query = { { "state", "ready" } });
	SAYS_NOT(&filtered, "Next scheduled backup:");
}

static void
notes_can_be_searched_and_are_shown_as_text(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply found, missed;

	fixture_ready(f);
	fixture_do(f, "UPDATE backup SET note = '<script>alert(1)</script> ümlaut'");
	ASK(200, &found, LIST, .query = { { "q", "alert(1)" } });
	SAYS(&found, "&lt;script&gt;alert(1)&lt;/script&gt; ümlaut");
	SAYS_NOT(&found, "<script>alert");
	ASK(200, &missed, LIST, .query = { { "q", "<b>nowhere\"" } });
	SAYS(&missed, "No backup matches these filters");
	SAYS(&missed, "value=\"&lt;b&gt;nowhere&quot;\"");
	SAYS(&missed, "href=\"/p/shop/live/backups\">Clear filters");
}

static void
a_filter_that_is_not_known_is_told(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply known, odd;

	fixture_ready(f);
	ASK(200, &known, LIST, .query = { { "state", "ready" }, { "service", "media" } });
	SAYS_NOT(&known, "showing all");
	ASK(200, &odd, LIST,
	    .query = { { "state", "odd" }, { "kind", "odd" }, { "service", "odd" } });
	SAYS(&odd, "Unknown status; showing all.");
	SAYS(&odd, "Unknown kind; showing all.");
	SAYS(&odd, "Unknown service; showing all.");
	SAYS(&odd, "href=\"/b/b1\"");
}

static void
fifty_a_page_and_the_filters_go_along(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply first, second, odd;

	for (int i = 0; i < 53; i++)
		fixture_request(f, f->media, NULL);
	ASK(200, &first, LIST, .query = { { "state", "building" }, { "q", "a note" } });
	SAYS(&first, "href=\"/b/b53\"");
	SAYS(&first, "href=\"/b/b4\"");
	SAYS_NOT(&first, "href=\"/b/b3\"");
	SAYS(&first, "href=\"/p/shop/live/backups?state=building&amp;q=a%20note&amp;after=4\"");
	ASK(200, &second, LIST,
	    .query = { { "state", "building" }, { "q", "a note" }, { "after", "4" } });
	SAYS(&second, "href=\"/b/b3\"");
	SAYS_NOT(&second, "href=\"/b/b4\"");
	SAYS(&second, "href=\"/p/shop/live/backups?state=building&amp;q=a%20note\" rel=\"prev\"");
	SAYS_NOT(&second, "rel=\"next\"");
	/* Words that mean nothing filter nothing. */
	ASK(200, &odd, LIST,
	    .query = { { "state", "deleted" }, { "kind", "odd" }, { "after", "-1" },
	        { "service", "x" } });
	SAYS(&odd, "href=\"/b/b53\"");
}

static void
the_trash_shows_only_when_asked_for(void **state)
{
	struct fixture *f = *state;
	int64_t id = fixture_ready(f);
	CLEANUP_REPLY struct reply usual, trash;

	OK(backups_trash(f->db, id, &f->e));
	ASK(200, &usual, LIST);
	SAYS_NOT(&usual, "href=\"/b/b1\"");
	ASK(200, &trash, LIST, .query = { { "state", "trashed" } });
	SAYS(&trash, "href=\"/b/b1\"");
	SAYS(&trash, "In the trash");
	SAYS(&trash, "action=\"/b/b1/undelete\"");
}

static void
a_services_own_list_has_only_its_backups(void **state)
{
	struct fixture *f = *state;
	struct backup_ids both = fixture_request(f, 0, NULL),
	                  database = fixture_request(f, f->database, NULL);
	CLEANUP_REPLY struct reply media, all, filtered, unknown;

	assert_int_equal(both.backup, 1);
	assert_int_equal(database.backup, 2);
	ASK(200, &media, .run = on_backups_of_service, .args = { "shop", "live", "media" });
	SAYS(&media, "href=\"/b/b1\"");
	SAYS_NOT(&media, "href=\"/b/b2\"");
	SAYS_NOT(&media, "type=\"checkbox\"");
	ASK(200, &all, .run = on_backups_of_service, .args = { "shop", "live", "database" });
	SAYS(&all, "href=\"/b/b1\"");
	SAYS(&all, "href=\"/b/b2\"");
	ASK(200, &filtered, LIST, .query = { { "service", "media" } });
	SAYS_NOT(&filtered, "href=\"/b/b2\"");
	ASK(404, &unknown, .run = on_backups_of_service, .args = { "shop", "live", "nothing" });
}

static void
deleting_several_asks_first(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply asked, done;

	fixture_ready(f);
	fixture_ready(f);
	ASK(200, &asked, DELETE, .form = { { "backup", "b1" }, { "backup", "b2" } });
	SAYS(&asked, "2 backups (<span");
	SAYS(&asked, "for 7 days");
	SAYS(&asked, "name=\"confirm\" value=\"1\"");
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM backup WHERE state = 'ready'"), 2);
	ASK(303, &done, DELETE,
	    .form = { { "backup", "b1" }, { "backup", "2" }, { "confirm", "1" } });
	HEADER(&done, "Location: /p/shop/live/backups?said=deleted\r\n");
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM backup WHERE state = 'trashed'"),
	    2);
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM event WHERE action = 'backup.deleted'"),
	    2);
}

static void
what_is_kept_or_still_made_stays(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply asked, refused;
	struct backup_ids building;

	OK(backups_set_keep(f->db, fixture_ready(f), true, &f->e));
	building = fixture_request(f, 0, NULL);
	assert_int_equal(building.backup, 2);
	ASK(200, &asked, DELETE, .form = { { "backup", "1" }, { "backup", "2" } });
	SAYS(&asked, "None of the chosen backups can be deleted now.");
	SAYS(&asked, "stays: it is marked as kept");
	SAYS(&asked, "stays: it is still being created");
	ASK(409, &refused, DELETE, .form = { { "backup", "2" }, { "confirm", "1" } });
	SAYS(&refused, "b2 is still being created");
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM backup WHERE state = 'trashed'"),
	    0);
}

static void
a_foreign_backup_cannot_be_deleted_from_here(void **state)
{
	struct fixture *f = *state;
	struct environment v = { .project = f->project,
		.slug = "staging",
		.name = "Staging",
		.kind = ENV_STAGING };
	CLEANUP_REPLY struct reply foreign, unknown, none;

	fixture_ready(f);
	OK(environments_add(&v, f->db, &f->e));
	ASK(404, &foreign, .run = on_backups_delete, .args = { "shop", "staging" },
	    .form = { { "backup", "1" }, { "confirm", "1" } });
	ASK(404, &unknown, DELETE, .form = { { "backup", "j1" }, { "confirm", "1" } });
	ASK(303, &none, DELETE, .form = { { "confirm", "1" } });
	HEADER(&none, "?said=none-chosen");
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM backup WHERE state = 'ready'"), 1);
}

static void
a_failed_backup_names_its_cause_in_the_list_and_the_head(void **state)
{
	struct fixture *f = *state;
	struct lease l;
	struct err why;
	CLEANUP_REPLY struct reply rp;

	fixture_request(f, 0, NULL);
	l = fixture_claim(f);
	err_set(&why, ERR_INTERNAL, "pg_dump said <b>no</b>");
	OK(jobs_fail(f->db, &l, &why, &f->e));
	ASK(200, &rp, LIST);
	SAYS(&rp, "pg_dump said &lt;b&gt;no&lt;/b&gt;");
	SAYS(&rp, "What went wrong in b1");
}

/* What stands in the table between the link to a backup and the end of its row. */
static const char *
row_of(struct fixture *f, const struct reply *rp, int64_t backup)
{
	const char *table = strstr(rp->body.p, "aria-label=\"Backups\""), *start, *end;

	assert_non_null(table);
	start = strstr(table, arena_printf(f->a, "href=\"/b/b%lld\"", (long long)backup));
	assert_non_null(start);
	end = strstr(start, "</tr>");
	assert_non_null(end);
	return arena_dupn(f->a, start, (size_t)(end - start));
}

static void
SET_6_a_scheduled_one_is_listed_while_it_waits_and_runs(void **state)
{
	struct fixture *f = *state;
	struct backup_ids ids;
	struct lease l;
	CLEANUP_REPLY struct reply none, queued, running, ready;

	ASK(200, &none, LIST);
	SAYS_NOT(&none, "href=\"/b/b1\"");
	ids = fixture_request(f, f->media, NULL);
	fixture_do(f, "UPDATE backup SET kind='scheduled', requested_by=NULL");
	ASK(200, &queued, LIST);
	assert_non_null(strstr(row_of(f, &queued, ids.backup), "Scheduled"));
	assert_non_null(strstr(row_of(f, &queued, ids.backup), "Queued"));
	l = fixture_claim(f);
	OK(backups_begin(f->db, &l, &f->e));
	ASK(200, &running, LIST);
	assert_non_null(strstr(row_of(f, &running, ids.backup), "Scheduled"));
	assert_non_null(strstr(row_of(f, &running, ids.backup), "Running"));
	assert_null(strstr(row_of(f, &running, ids.backup), "On-demand"));
	/* The control: it does not stay so. */
	fixture_finish(f, &l, ids.backup);
	ASK(200, &ready, LIST);
	assert_non_null(strstr(row_of(f, &ready, ids.backup), "Scheduled"));
	assert_null(strstr(row_of(f, &ready, ids.backup), "Running"));
}

static void
SET_9_the_list_shows_the_schedule_with_the_way_to_it(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply without, with;

	fixture_ready(f);
	/* The control: without one, nothing claims that there is one. */
	ASK(200, &without, LIST);
	SAYS(&without, "<a href=\"/p/shop/live/schedule\">Set a schedule</a>");
	SAYS_NOT(&without, "Every day at 02:00");
	fixture_do(f, "INSERT INTO schedule (id, uuid, environment, name, cron, created_at) VALUES"
	    " (1, 's', 1, 'Nightly <b>', '0 2 * * *', 1)");
	ASK(200, &with, LIST);
	SAYS(&with, "Next scheduled backup:");
	SAYS(&with, "<a href=\"/p/shop/live/schedule\">Nightly &lt;b&gt;</a>");
	SAYS(&with, "Every day at 02:00");
	SAYS_NOT(&with, "Set a schedule");
}

static void
PLA_8_PLA_10_a_row_tells_live_and_how_long_it_was_frozen(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply live, frozen;

	fixture_ready(f);
	fixture_do(f, "UPDATE backup SET kind = 'scheduled', mode = 'live'");
	ASK(200, &live, LIST);
	SAYS(&live, "Scheduled</span><span class=\"muted\">, live</span>");
	SAYS_NOT(&live, ", consistent</span>");
	SAYS_NOT(&live, "The application was paused");
	fixture_do(f, "UPDATE backup SET mode = 'consistent', frozen_ms = 24000");
	ASK(200, &frozen, LIST);
	SAYS(&frozen, "<span class=\"muted\" title=\"The application was paused for 24 s\">,"
	              " consistent</span>");
	SAYS_NOT(&frozen, ", live</span>");
}

static void
NEW_7_every_way_to_a_restore_tells_how_soon_it_is_back(void **state)
{
	static const char row[] = "<a href=\"/b/b%d/restore\" title=\"Back in about 14 minutes; the"
	    " last two took 12 to 14.\">Restore";
	static const char head[] = "Restore the latest…</a> <span class=\"muted\">Back in about 14"
	    " minutes; the last two took 12 to 14.</span>";
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply before, after, service;

	fixture_ready(f);
	fixture_ready(f);
	ASK(200, &before, LIST);
	SAYS(&before, "<a href=\"/b/b1/restore\">Restore");
	SAYS(&before, "Restore the latest…</a></div>");
	fixture_do(f, "INSERT INTO job (uuid, kind, state, environment, backup, run_at, created_at,"
	              " started_at, finished_at) VALUES ('t1', 'test', 'succeeded', 1, 1, 1, 1,"
	              " 1000000, 1840000), ('t2', 'test', 'succeeded', 1, 1, 1, 1, 2000000,"
	              " 2720000)");
	ASK(200, &after, LIST);
	SAYS(&after, head);
	SAYS(&after, arena_printf(f->a, row, 1));
	SAYS(&after, arena_printf(f->a, row, 2));
	ASK(200, &service, .run = on_backups_of_service, .args = { "shop", "live", "media" });
	SAYS(&service, arena_printf(f->a, row, 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST("DIV-1", both_kinds_stand_on_one_page_with_a_filter),
		ROW_TEST("DIV-2", a_row_tells_what_and_when_and_how_big),
		ROW_TEST("DIV-10", each_row_has_a_menu_that_needs_no_script),
		ROW_TEST("DIV-7", notes_can_be_searched_and_are_shown_as_text),
		ROW_TEST("CYC-3", a_services_own_list_has_only_its_backups),
		ROW_TEST("SET-4", what_is_kept_or_still_made_stays),
		FIXTURE_TEST(SET_6_a_scheduled_one_is_listed_while_it_waits_and_runs),
		FIXTURE_TEST(SET_9_the_list_shows_the_schedule_with_the_way_to_it),
		FIXTURE_TEST(PLA_8_PLA_10_a_row_tells_live_and_how_long_it_was_frozen),
		FIXTURE_TEST(NEW_7_every_way_to_a_restore_tells_how_soon_it_is_back),
		FIXTURE_TEST(an_empty_list_says_what_would_be_here),
		FIXTURE_TEST(the_first_row_says_that_nothing_is_scheduled),
		FIXTURE_TEST(a_filter_that_is_not_known_is_told),
		FIXTURE_TEST(fifty_a_page_and_the_filters_go_along),
		FIXTURE_TEST(the_trash_shows_only_when_asked_for),
		FIXTURE_TEST(deleting_several_asks_first),
		FIXTURE_TEST(a_foreign_backup_cannot_be_deleted_from_here),
		FIXTURE_TEST(a_failed_backup_names_its_cause_in_the_list_and_the_head),
	};

	return cmocka_run_group_tests_name("on_backups", tests, NULL, NULL);
}
