/* on_overview_test.c: the first page in every state, an environment at a glance, its badge, and
 * what machines read: metrics and readiness. */
#include "tests/unit/ask.h"

#include "cgi/handle/on_badge.h"
#include "cgi/handle/on_environment_view.h"
#include "cgi/handle/on_health.h"
#include "cgi/handle/on_metrics.h"
#include "cgi/handle/on_overview.h"
#include "lib/base/buf.h"
#include "lib/store/badges.h"
#include "lib/store/settings.h"

#define DAY INT64_C(86400000)
#define VIEW .run = on_environment_view, .args = { "shop", "live" }

static void
schedule(struct fixture *f)
{
	fixture_do(f, "INSERT INTO schedule (id, uuid, environment, name, cron, created_at) VALUES"
	    " (1, 's', 1, 'Nightly', '0 2 * * *', 1)");
	fixture_do(f, arena_printf(f->a, "INSERT INTO schedule_state (schedule, environment,"
	    " handled_at, next_at) VALUES (1, 1, %lld, %lld)", (long long)(clock_now() - DAY / 2),
	    (long long)(clock_now() + DAY / 2 + 60000)));
}

static void
PEER_26_all_is_well_and_says_so(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp;
	long long today = (long long)(clock_now() / DAY);

	fixture_ready(f);
	schedule(f);
	fixture_do(f, "DELETE FROM day_log");
	fixture_do(f, arena_printf(f->a, "INSERT INTO day_log (environment, day, good, raw_bytes)"
	    " VALUES (1, %lld, 1, 500), (1, %lld, 1, 2000)", today - 8, today));
	ASK(200, &rp, .run = on_overview_get);
	SAYS(&rp, "Everything is backed up");
	SAYS(&rp, "1 protected");
	SAYS(&rp, "Next run: <a href=\"/p/shop/live/backups\">shop/live</a>, <time");
	SAYS(&rp, "in 12 hours");
	SAYS(&rp, "<title>The last 30 days: 2 days with a good backup, 0 with only failed ones,");
	SAYS(&rp, "+1.50 kB in 7 days");
	SAYS_NOT(&rp, "Needs attention");
	SAYS_NOT(&rp, "No run is scheduled");
	SAYS_NOT(&rp, "style=");
}

static void
PEER_26_what_belongs_to_no_environment_needs_attention_too(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp;

	fixture_ready(f);
	schedule(f);
	fixture_do(f,
	    "INSERT INTO alarm (kind, subject, text, opened_at) VALUES ('storage', 'main',"
	    " 'The storage main is nearly full: 1 GB of 40 GB are free.', 1000)");
	ASK(200, &rp, .run = on_overview_get);
	SAYS_NOT(&rp, "Everything is backed up");
	SAYS(&rp, "Backed up, but something needs attention");
	SAYS(&rp, "The storage main is nearly full: 1 GB of 40 GB are free.");
	SAYS(&rp, "href=\"/storage/main\"");
}

static void
SET_28_a_gap_is_named_and_counted(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp, view, more, odd;

	fixture_ready(f);
	schedule(f);
	fixture_do(f, "INSERT INTO schedule_service (schedule, service) VALUES (1, 1)");
	ASK(200, &rp, .run = on_overview_get);
	SAYS(&rp, "Backed up, but not all of it");
	SAYS(&rp, "1 service not backed up");
	SAYS(&rp, "Not backed up: Media. No schedule takes it.");
	ASK(200, &view, VIEW);
	SAYS(&view, "Not backed up</span> No schedule takes it.");
	SAYS(&view, "On a schedule</span>");
	fixture_do(f, "PRAGMA ignore_check_constraints=1");
	fixture_do(f, "UPDATE service SET engine='elastic' WHERE id=1");
	ASK(200, &more, .run = on_overview_get);
	SAYS(&more, "2 services not backed up");
	ASK(200, &odd, VIEW);
	SAYS(&odd, "This program does not know the type elastic.");
}

static void
PLA_14_without_a_schedule_it_is_at_risk(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp;

	fixture_ready(f);
	ASK(200, &rp, .run = on_overview_get);
	SAYS(&rp, "Backed up, but on demand only");
	SAYS(&rp, "1 at risk");
	SAYS(&rp, "No run is scheduled: backups are made on demand.");
	SAYS(&rp, "No schedule: backups are made on demand.");
}

static void
PEER_8_late_and_overdue_need_attention_and_say_since_when(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply late, risk, odd;

	fixture_ready(f);
	schedule(f);
	fixture_do(f, arena_printf(f->a, "UPDATE schedule_state SET next_at=%lld",
	    (long long)(clock_now() - 60 * 60000)));
	ASK(200, &late, .run = on_overview_get);
	SAYS(&late, "A backup is late");
	SAYS(&late, "1 late");
	SAYS(&late, "Needs attention");
	SAYS(&late, "Since <time");
	SAYS(&late, "1 hour ago</time>");
	SAYS(&late, "<title>\xe2\x9c\x97 1 need attention");
	SAYS(&late, "Back up now");
	fixture_do(f, "UPDATE schedule_state SET next_at=next_at-86400000");
	ASK(200, &risk, .run = on_overview_get);
	SAYS(&risk, "A backup needs attention");
	SAYS(&risk, "overdue.");
	fixture_do(f, "UPDATE schedule_state SET next_at=next_at+2*86400000");
	fixture_do(f, "UPDATE backup SET suspicion='0 tables'");
	ASK(200, &odd, .run = on_overview_get);
	SAYS(&odd, "Suspicious</span>");
	SAYS(&odd, "1 suspicious");
}

static void
PEER_26_a_storage_says_when_it_is_full(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp, unclear;

	fixture_ready(f);
	fixture_do(f, "UPDATE storage SET free_bytes=41000, total_bytes=100000, looked_at=1");
	fixture_do(f, arena_printf(f->a, "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1"
	    " FROM n WHERE i<20) INSERT INTO storage_day (storage, day, used_bytes) SELECT 1,"
	    " %lld-20+i, 1000*i FROM n", (long long)(clock_now() / DAY)));
	ASK(200, &rp, .run = on_overview_get);
	SAYS(&rp, "At this pace it is full in about 41 days, on ");
	SAYS(&rp, "41.0 kB free of 100 kB");
	SAYS(&rp, "<rect class=\"is-used\" width=\"0.2\" height=\"6\"/>");
	fixture_do(f, "UPDATE storage_day SET used_bytes=(day%2)*5000");
	ASK(200, &unclear, .run = on_overview_get);
	SAYS_NOT(&unclear, "At this pace");
}

static void
PEER_25_more_than_a_page_shows_are_the_better_ones(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp;

	fixture_do(f, "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i+1 FROM n WHERE i<260)"
	    " INSERT INTO environment (id, project, uuid, slug, name, kind, paused, created_at)"
	    " SELECT i, 1, 'v' || i, 'e' || i, 'E', 'live', 1, 1 FROM n");
	ASK(200, &rp, .run = on_overview_get);
	SAYS(&rp, "And 60 more, none of them worse off.");
	/* The only one that is not paused stands first. */
	assert_true(strstr(rp.body.p, "shop/live</a>") < strstr(rp.body.p, "shop/e10</a>"));
}

static void
PEER_26_an_environment_shows_its_year_and_its_size(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply none, rp, foreign;

	ASK(200, &none, VIEW);
	SAYS(&none, "A line needs two good backups.");
	SAYS(&none, "aria-current=\"page\">Overview</a>");
	fixture_ready(f);
	fixture_ready(f);
	ASK(200, &rp, VIEW);
	SAYS(&rp, "<svg class=\"calendar\" role=\"img\"");
	SAYS(&rp, "The year as a table");
	SAYS(&rp, "<title>Size of the last 2 backups: from 2.00 kB to 2.00 kB");
	SAYS(&rp, "On demand only</span>");
	ASK(404, &foreign, .run = on_environment_view, .args = { "shop", "nothing" });
}

/* -- for machines -- */

static void
PEER_22_metrics_are_for_this_host_or_for_the_token(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply far, near, six, proxied, none, wrong, basic, right;

	ASK(403, &far, .run = on_metrics, .guest = true);
	SAYS(&far, "metrics_token");
	SAYS_NOT(&far, "shop");
	ASK(403, &proxied, .run = on_metrics, .guest = true, .address = "127.0.0.1",
	    .forwarded = true);
	ASK(200, &near, .run = on_metrics, .guest = true, .address = "127.0.0.1");
	ASK(200, &six, .run = on_metrics, .guest = true, .address = "::1");
	ask_conf.metrics_token = "a-long-token";
	ASK(401, &none, .run = on_metrics, .guest = true, .address = "127.0.0.1");
	HEADER(&none, "WWW-Authenticate: Bearer\r\n");
	ASK(401, &wrong, .run = on_metrics, .guest = true, .authorization = "Bearer a-long-toke");
	ASK(401, &basic, .run = on_metrics, .guest = true, .authorization = "Basic a-long-token");
	ASK(200, &right, .run = on_metrics, .guest = true, .authorization = "Bearer a-long-token");
	ask_conf.metrics_token = "";
	assert_string_equal(right.content_type, "text/plain; version=0.0.4; charset=utf-8");
}

static void
PEER_22_metrics_have_base_units_and_no_ids(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp;

	fixture_ready(f);
	fixture_do(f, "UPDATE backup SET started_at=1000, finished_at=3500, verified_at=4000");
	OK(settings_worker_beat(f->db, "w", &f->e));
	ASK(200, &rp, .run = on_metrics, .guest = true, .address = "127.0.0.1");
	SAYS(&rp, "\nlazarette_last_success_timestamp_seconds{project=\"shop\",env=\"live\"}"
	    " 3.500\n");
	SAYS(&rp, "\nlazarette_backup_duration_seconds{project=\"shop\",env=\"live\"} 2.500\n");
	SAYS(&rp, "\nlazarette_backup_size_bytes{project=\"shop\",env=\"live\"} 2000\n");
	SAYS(&rp, "\nlazarette_verify_last_success_timestamp_seconds{project=\"shop\",env=\"live\"}"
	    " 4.000\n");
	SAYS(&rp, "\nlazarette_backup_overdue{project=\"shop\",env=\"live\"} 0\n");
	SAYS(&rp, "\nlazarette_services_not_backed_up{project=\"shop\",env=\"live\"} 2\n");
	SAYS(&rp, "\nlazarette_environments{state=\"not-scheduled\"} 1\n");
	SAYS(&rp, "\nlazarette_jobs{state=\"queued\"} 0\n");
	SAYS(&rp, "\nlazarette_job_runs_total{kind=\"backup\",result=\"succeeded\"} 1\n");
	SAYS(&rp, "\nlazarette_storage_used_bytes{storage=\"main\"} 205\n");
	SAYS(&rp, "\n# TYPE lazarette_job_runs_total counter\n");
	SAYS(&rp, "lazarette_build_info{version=\"");
	SAYS(&rp, "\nlazarette_worker_heartbeat_timestamp_seconds 1");
	SAYS_NOT(&rp, "lazarette_storage_free_bytes{");
	SAYS_NOT(&rp, "b1\"");
}

/* What the overview would not call good is no success. */
static void
PEER_22_the_last_success_is_of_a_backup_that_can_be_trusted(void **state)
{
	static const char of_first[] =
	    "\nlazarette_last_success_timestamp_seconds{project=\"shop\",env=\"live\"} 3.500\n";
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply hollow, damaged, none;

	fixture_ready(f);
	fixture_do(f, "UPDATE backup SET started_at=1000, finished_at=3500, verified_at=4000");
	fixture_ready(f);
	fixture_do(f, "UPDATE backup SET suspicion='0 tables' WHERE id=2");
	ASK(200, &hollow, .run = on_metrics, .guest = true, .address = "127.0.0.1");
	SAYS(&hollow, of_first);
	fixture_do(f, "UPDATE backup SET suspicion='', health='damaged' WHERE id=2");
	ASK(200, &damaged, .run = on_metrics, .guest = true, .address = "127.0.0.1");
	SAYS(&damaged, of_first);
	fixture_do(f, "UPDATE backup SET suspicion='0 tables'");
	ASK(200, &none, .run = on_metrics, .guest = true, .address = "127.0.0.1");
	SAYS_NOT(&none, "lazarette_last_success_timestamp_seconds{");
}

static void
it_is_ready_while_a_worker_reports(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply silent, ready, late, newer, gone;

	ask_conf.catalog = f->path;
	ASK(503, &silent, .run = on_health_ready, .guest = true);
	SAYS(&silent, "no worker has reported for a minute");
	OK(settings_worker_beat(f->db, "w", &f->e));
	ASK(200, &ready, .run = on_health_ready, .guest = true);
	SAYS(&ready, "ready\n");
	fixture_do(f, "UPDATE worker SET seen_at=seen_at-61000");
	ASK(503, &late, .run = on_health_ready, .guest = true);
	/* A worker of a newer version has been here. */
	OK(settings_worker_beat(f->db, "w", &f->e));
	fixture_do(f, "PRAGMA user_version=4711");
	ASK(503, &newer, .run = on_health_ready, .guest = true);
	SAYS(&newer, "another version");
	ask_conf.catalog = "/nonexistent/catalog.db";
	ASK(503, &gone, .run = on_health_ready, .guest = true);
	SAYS_NOT(&gone, "/nonexistent");
	ask_conf.catalog = NULL;
}

/* The badge of the environment with this ending. */
static int
badge(struct reply *rp, struct fixture *f, const char *end)
{
	char *code;

	OK(badges_code(&code, f->a, f->db, f->environment, &f->e));
	return ask(rp, f, (struct ask){ .run = on_badge, .guest = true,
	    .args = { arena_printf(f->a, "%s%s", code, end) } });
}

static void
a_badge_tells_the_state_to_who_knows_its_address(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply form, made, again, svg, json, bad, odd, bare, removed, gone;

	ASK(200, &form, .run = on_badge_form, .args = { "shop", "live" });
	SAYS(&form, "Make a badge</button>");
	ASK(404, &odd, .run = on_badge, .args = { ".svg" }, .guest = true);
	ASK(303, &made, .run = on_badge_save, .args = { "shop", "live" }, .post = true);
	HEADER(&made, "Location: /p/shop/live/badge?said=badge-made\r\n");
	ASK(200, &again, .run = on_badge_form, .args = { "shop", "live" });
	SAYS(&again, "http://shop.test/badge/");
	fixture_ready(f);
	schedule(f);
	assert_int_equal(badge(&svg, f, ".svg"), 200);
	assert_string_equal(svg.content_type, "image/svg+xml");
	HEADER(&svg, "Cross-Origin-Resource-Policy: cross-origin\r\n");
	HEADER(&svg, "Cache-Control: public, max-age=60\r\n");
	SAYS(&svg, "<title>backup: protected, just now</title>");
	SAYS_NOT(&svg, "shop");
	SAYS_NOT(&svg, "style=");
	assert_int_equal(badge(&json, f, ".json"), 200);
	assert_string_equal(json.body.p, "{\"schemaVersion\":1,\"label\":\"backup\",\"message\":"
	    "\"protected, just now\",\"color\":\"green\"}\n");
	assert_int_equal(badge(&bare, f, ""), 404);
	fixture_do(f, "UPDATE backup SET health='damaged'");
	assert_int_equal(badge(&bad, f, ".json"), 200);
	SAYS(&bad, "\"color\":\"red\",\"isError\":true}");
	ASK(303, &removed, .run = on_badge_save, .args = { "shop", "live" },
	    .form = { { "act", "remove" } });
	assert_int_equal(badge(&gone, f, ".svg"), 404);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM event WHERE action IN"
	    " ('environment.badge_made', 'environment.badge_removed')"), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(PEER_26_all_is_well_and_says_so),
		FIXTURE_TEST(PEER_26_what_belongs_to_no_environment_needs_attention_too),
		FIXTURE_TEST(SET_28_a_gap_is_named_and_counted),
		FIXTURE_TEST(PLA_14_without_a_schedule_it_is_at_risk),
		FIXTURE_TEST(PEER_8_late_and_overdue_need_attention_and_say_since_when),
		FIXTURE_TEST(PEER_26_a_storage_says_when_it_is_full),
		FIXTURE_TEST(PEER_25_more_than_a_page_shows_are_the_better_ones),
		FIXTURE_TEST(PEER_26_an_environment_shows_its_year_and_its_size),
		FIXTURE_TEST(PEER_22_metrics_are_for_this_host_or_for_the_token),
		FIXTURE_TEST(PEER_22_metrics_have_base_units_and_no_ids),
		FIXTURE_TEST(PEER_22_the_last_success_is_of_a_backup_that_can_be_trusted),
		FIXTURE_TEST(it_is_ready_while_a_worker_reports),
		FIXTURE_TEST(a_badge_tells_the_state_to_who_knows_its_address),
	};

	return cmocka_run_group_tests_name("on_overview", tests, NULL, NULL);
}
