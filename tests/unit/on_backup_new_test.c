/* on_backup_new_test.c: asking for a backup. */
#include "tests/unit/ask.h"

#include "cgi/handle/on_backup_new.h"
#include "cgi/handle/on_job.h"
#include "lib/base/clock.h"
#include "lib/store/policies.h"

#define FORM .run = on_backup_new_form, .args = { "shop", "live" }
#define CREATE .run = on_backup_new_create, .args = { "shop", "live" }, .post = true

static int64_t
jobs(struct fixture *f)
{
	return fixture_number(f, "SELECT count(*) FROM job");
}

static void
the_form_offers_every_service_ticked_in_two_groups(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp;

	ASK(200, &rp, FORM);
	SAYS(&rp, "name=\"services\" value=\"database\" checked");
	SAYS(&rp, "name=\"services\" value=\"media\" checked");
	SAYS(&rp, "Database</legend>");
	SAYS(&rp, "Media</legend>");
	SAYS(&rp, "first backup of these services");
}

static void
one_some_or_all_services_become_parts(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply one, both;

	ASK(303, &one, CREATE, .form = { { "services", "media" }, { "key", "k1" } });
	HEADER(&one, "Location: /j/j1\r\n");
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM part WHERE backup = 1 AND service_slug = "
	                     "'media'"),
	    1);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM part"), 1);
	ASK(303, &both, CREATE,
	    .form = { { "services", "media" }, { "services", "database" }, { "key", "k2" } });
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM part WHERE backup = 2"), 2);
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM event WHERE action = 'backup.requested'"),
	    2);
}

static void
nothing_chosen_is_422_with_the_sentence_and_the_values_kept(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp;

	ASK(422, &rp, CREATE, .form = { { "note", "keep me" }, { "mail", "1" } });
	SAYS(&rp, "<title>Error: ");
	SAYS(&rp, "<a href=\"#services\">Choose at least one thing to back up</a>");
	SAYS(&rp, ">keep me</textarea>");
	SAYS_NOT(&rp, "value=\"media\" checked");
	assert_int_equal(jobs(f), 0);
}

static void
all_files_are_stored_anew_by_wish(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply first, usual, later, wish, refused;

	ASK(200, &first, FORM);
	SAYS_NOT(&first, "name=\"anew\"");
	fixture_ready(f);
	ASK(200, &later, FORM);
	SAYS(&later, "name=\"anew\" value=\"1\"");
	SAYS_NOT(&later, "name=\"anew\" value=\"1\" checked");
	ASK(303, &usual, CREATE, .form = { { "services", "media" }, { "key", "k1" } });
	assert_int_equal(fixture_number(f, "SELECT anew FROM backup ORDER BY id DESC"), 0);
	ASK(303, &wish, CREATE,
	    .form = { { "services", "media" }, { "anew", "1" }, { "key", "k2" } });
	assert_int_equal(fixture_number(f, "SELECT anew FROM backup ORDER BY id DESC"), 1);
	ASK(422, &refused, CREATE, .form = { { "anew", "1" } });
	SAYS(&refused, "name=\"anew\" value=\"1\" checked");
}

static void
with_a_hook_consistent_is_ticked_and_live_can_be_had(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply without, with, first, second, third;

	/* Nothing to choose from without a hook, and what is sent does not count. */
	ASK(200, &without, FORM);
	SAYS_NOT(&without, "name=\"mode\"");
	SAYS(&without, "/p/shop/live/settings");
	ASK(303, &third, CREATE,
	    .form = { { "services", "media" }, { "mode", "consistent" }, { "key", "k0" } });
	fixture_do(f, "UPDATE environment SET hook_freeze = 'hold', hook_thaw = 'go'");
	ASK(200, &with, FORM);
	SAYS(&with, "name=\"mode\" value=\"consistent\" checked");
	SAYS(&with, "for how long is not known yet");
	ASK(303, &first, CREATE,
	    .form = { { "services", "media" }, { "mode", "consistent" }, { "key", "k1" } });
	ASK(303, &second, CREATE,
	    .form = { { "services", "media" }, { "mode", "live" }, { "key", "k2" } });
	assert_int_equal(
	    fixture_number(f, "SELECT sum(id * (mode = 'consistent')) FROM backup"), 2);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM backup"), 3);
}

static void
the_form_says_for_how_long_it_was_the_last_time(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp;

	fixture_do(f, "UPDATE environment SET hook_freeze = 'hold', hook_thaw = 'go'");
	fixture_ready(f);
	fixture_do(f, "UPDATE backup SET mode = 'consistent', frozen_ms = 23400");
	ASK(200, &rp, FORM);
	SAYS(&rp, "24 s the last time");
}

/* A window that is open at no moment of this test. */
static const char *
another_time(struct fixture *f)
{
	int64_t hour = clock_now() / 3600000 % 24;

	return arena_printf(f->a, "%02d:00-%02d:00", (int)((hour + 3) % 24),
	    (int)((hour + 5) % 24));
}

static void
outside_the_window_the_form_asks_and_lets_you(void **state)
{
	struct fixture *f = *state;
	const struct policy_place at = { LEVEL_ENVIRONMENT, f->environment };
	CLEANUP_REPLY struct reply asks, live, anyway;

	fixture_do(f, "UPDATE environment SET hook_freeze = 'hold', hook_thaw = 'go'");
	OK(policies_set(f->db, POLICY_ZONE, &at, "UTC", 0, &f->e));
	OK(policies_set(f->db, POLICY_WINDOW, &at, another_time(f), 0, &f->e));
	ASK(422, &asks, CREATE, .form = { { "services", "media" }, { "mode", "consistent" } });
	SAYS(&asks, "<a href=\"#mode\">");
	SAYS(&asks, another_time(f));
	SAYS(&asks, "name=\"anyway\"");
	assert_int_equal(jobs(f), 0);
	ASK(303, &live, CREATE,
	    .form = { { "services", "media" }, { "mode", "live" }, { "key", "k1" } });
	ASK(303, &anyway, CREATE, .form = { { "services", "media" }, { "mode", "consistent" },
	    { "anyway", "1" }, { "key", "k2" } });
	/* By hand it begins now. */
	assert_int_equal(
	    fixture_number(f, "SELECT count(*) FROM job WHERE run_at = created_at"), 2);
}

static void
a_note_is_stored_up_to_500_characters(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp, good;
	char note[1002];

	/* 501 and 500 characters of two bytes each. */
	for (size_t i = 0; i < 1002; i += 2)
		memcpy(note + i, "\xc3\xbc", 2);
	ASK(422, &rp, CREATE,
	    .form = { { "services", "media" }, { "note", arena_dupn(f->a, note, 1002) } });
	SAYS(&rp, "the limit is 500");
	SAYS(&rp, "aria-invalid=\"true\"");
	assert_int_equal(jobs(f), 0);
	ASK(303, &good, CREATE,
	    .form = { { "services", "media" }, { "note", arena_dupn(f->a, note, 1000) } });
	assert_int_equal(fixture_number(f, "SELECT length(note) FROM backup"), 500);
}

static void
a_hostile_note_comes_back_as_text(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp;

	ASK(422, &rp, CREATE, .form = { { "note", "</textarea><script>alert(1)</script>" } });
	SAYS_NOT(&rp, "<script>alert");
	SAYS(&rp, "&lt;script&gt;alert(1)");
}

static void
another_projects_environment_is_404(void **state)
{
	struct fixture *f = *state;
	struct project other = { .slug = "other", .name = "Other", .owners = "" };
	struct environment v = { .slug = "live", .name = "Live", .kind = ENV_LIVE };
	CLEANUP_REPLY struct reply a, b, c;

	OK(projects_add(&other, f->db, &f->e));
	ASK(404, &a, .run = on_backup_new_create, .args = { "other", "live" },
	    .form = { { "services", "database" } });
	v.project = other.id;
	OK(environments_add(&v, f->db, &f->e));
	/* The environment is there, the service is another one's. */
	ASK(404, &b, .run = on_backup_new_create, .args = { "other", "live" },
	    .form = { { "services", "database" } });
	ASK(404, &c, .run = on_backup_new_form, .args = { "nobody", "live" });
	assert_int_equal(jobs(f), 0);
}

static void
a_second_one_is_accepted_while_the_first_runs_and_the_form_says_so(void **state)
{
	struct fixture *f = *state;
	struct backup_ids first = fixture_request(f, 0, NULL);
	struct lease l = fixture_claim(f);
	CLEANUP_REPLY struct reply form, rp, job;

	assert_int_equal(l.job, first.job);
	ASK(200, &form, FORM);
	SAYS(&form, "already running (j1)");
	SAYS(&form, "<a href=\"/j/j1\">Watch it</a>");
	ASK(303, &rp, CREATE, .form = { { "services", "media" }, { "key", "another" } });
	HEADER(&rp, "Location: /j/j2\r\n");
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job WHERE state = 'queued'"), 1);
	/* One at a time per service: the second is not claimed, and its page says what for. */
	assert_int_equal(fixture_claim(f).job, 0);
	ASK(200, &job, .run = on_job_get, .args = { "j2" });
	SAYS(&job, "waits for");
	SAYS(&job, "j1");
}

static void
the_same_form_sent_twice_makes_one_job(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply a, b;

	ASK(303, &a, CREATE, .form = { { "services", "media" }, { "key", "same" } });
	ASK(303, &b, CREATE, .form = { { "services", "media" }, { "key", "same" } });
	HEADER(&b, "Location: /j/j1\r\n");
	assert_int_equal(jobs(f), 1);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM event"), 1);
}

static void
a_paused_environment_refuses_with_409_and_the_way_out(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply form, rp;

	fixture_do(f, "UPDATE environment SET paused = 1");
	ASK(200, &form, FORM);
	SAYS(&form, "shop/live is paused");
	ASK(409, &rp, CREATE, .form = { { "services", "media" } });
	SAYS(&rp, "href=\"/p/shop/live/settings\"");
	assert_int_equal(jobs(f), 0);
}

static void
the_estimate_is_what_the_last_good_one_took(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp;

	fixture_ready(f);
	ASK(200, &rp, FORM);
	SAYS(&rp, "2.00 kB</span> to read");
	SAYS(&rp, "205 B</span> to store");
}

static void
mail_when_done_is_a_choice(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply a, b;

	ASK(303, &a, CREATE, .form = { { "services", "media" }, { "mail", "1" }, { "key", "a" } });
	ASK(303, &b, CREATE, .form = { { "services", "media" }, { "key", "b" } });
	assert_int_equal(fixture_number(f, "SELECT mail_when_done FROM job WHERE id = 1"), 1);
	assert_int_equal(fixture_number(f, "SELECT mail_when_done FROM job WHERE id = 2"), 0);
}

static void
an_environment_without_services_leads_to_adding_one(void **state)
{
	struct fixture *f = *state;
	struct environment v = { .project = f->project,
		.slug = "empty",
		.name = "Empty",
		.kind = ENV_STAGING };
	CLEANUP_REPLY struct reply rp;

	OK(environments_add(&v, f->db, &f->e));
	ASK(200, &rp, .run = on_backup_new_form, .args = { "shop", "empty" });
	SAYS(&rp, "href=\"/p/shop/empty/services/new\"");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST("DIV-6", the_form_offers_every_service_ticked_in_two_groups),
		ROW_TEST("DIV-6", one_some_or_all_services_become_parts),
		ROW_TEST("SCU-6", all_files_are_stored_anew_by_wish),
		ROW_TEST("DIV-6", nothing_chosen_is_422_with_the_sentence_and_the_values_kept),
		ROW_TEST("PLA-9", with_a_hook_consistent_is_ticked_and_live_can_be_had),
		ROW_TEST("PLA-7", the_form_says_for_how_long_it_was_the_last_time),
		ROW_TEST("PLA-29", outside_the_window_the_form_asks_and_lets_you),
		ROW_TEST("DIV-7", a_note_is_stored_up_to_500_characters),
		ROW_TEST("DIV-7", a_hostile_note_comes_back_as_text),
		ROW_TEST("DIV-5", another_projects_environment_is_404),
		ROW_TEST("DIV-4",
		    a_second_one_is_accepted_while_the_first_runs_and_the_form_says_so),
		ROW_TEST("DIV-4", the_same_form_sent_twice_makes_one_job),
		FIXTURE_TEST(a_paused_environment_refuses_with_409_and_the_way_out),
		FIXTURE_TEST(the_estimate_is_what_the_last_good_one_took),
		FIXTURE_TEST(mail_when_done_is_a_choice),
		FIXTURE_TEST(an_environment_without_services_leads_to_adding_one),
	};

	return cmocka_run_group_tests_name("on_backup_new", tests, NULL, NULL);
}
