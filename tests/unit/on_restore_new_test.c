/* on_restore_new_test.c: asking for a restore: what, and where. */
#include "tests/unit/place.h"

#include "cgi/handle/on_backup.h"
#include "cgi/handle/on_download_new.h"
#include "cgi/handle/on_job.h"
#include "cgi/handle/on_restore_new.h"

#define FORM .run = on_restore_new_form, .args = { "b1" }
#define LATEST .run = on_restore_new_latest, .args = { "shop", "live" }
#define CREATE .run = on_restore_new_create, .args = { "b1" }, .post = true
#define TEXT(...) arena_printf(f->a, __VA_ARGS__)
#define ID(n) TEXT("%" PRId64, (int64_t)(n))
#define INTO(part) TEXT("service-%" PRId64, (int64_t)(part))

static int64_t
drafts(struct fixture *f)
{
	return fixture_number(f, "SELECT count(*) FROM restore");
}

static void
the_form_offers_each_part_with_size_and_tables(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply rp;

	ASK(200, &rp, FORM);
	SAYS(&rp, TEXT("name=\"part\" value=\"%" PRId64 "\" checked", at.part_database));
	SAYS(&rp, TEXT("name=\"part\" value=\"%" PRId64 "\" checked", at.part_media));
	SAYS(&rp, "1.00 kB");
	SAYS(&rp, "3 files");
	SAYS(&rp, "data-label=\"Rows\">500</td>");
}

static void
what_is_not_restorable_says_why_and_has_no_form(void **state)
{
	static const struct { const char *sql, *words; } states[] = {
		{ "UPDATE backup SET health = 'damaged'", "are damaged" },
		{ "UPDATE backup SET health = 'missing'", "are missing" },
		{ "UPDATE backup SET health = 'good', state = 'failed', error = 'x'", "It failed" },
		{ "UPDATE backup SET state = 'trashed'", "in the trash" },
		{ "UPDATE backup SET state = 'building'", "still being created" },
	};
	struct fixture *f = *state;
	struct place at = place_make(f);

	for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
		CLEANUP_REPLY struct reply form, post;

		fixture_do(f, states[i].sql);
		ASK(409, &form, FORM);
		SAYS(&form, states[i].words);
		SAYS_NOT(&form, "name=\"part\"");
		ASK(409, &post, CREATE,
		    .form = { { "part", ID(at.part_database) }, { "place", "same" } });
		SAYS(&post, states[i].words);
	}
	assert_int_equal(drafts(f), 0);
}

static void
nothing_chosen_and_an_empty_list_are_422(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply none, empty;
	const char *only = TEXT("only-%" PRId64, at.part_media);

	ASK(422, &none, FORM, .query = { { "step", "2" } });
	SAYS(&none, "<a href=\"#parts\">Choose at least one thing to restore</a>");
	ASK(422, &empty, FORM,
	    .query = { { "step", "2" }, { "part", ID(at.part_media) }, { only, "1" } });
	SAYS(&empty, TEXT("<a href=\"#choice-%" PRId64 "\">", at.part_media));
	SAYS_NOT(&empty, TEXT("name=\"part\" value=\"%" PRId64 "\" checked", at.part_database));
}

static void
no_target_is_chosen_for_anybody(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply form, missing, other, staging;

	ASK(200, &form, FORM, .query = { { "step", "2" }, { "part", "database" } });
	SAYS(&form, "<option value=\"\">Choose…</option>");
	SAYS(&form, "Same place: shop/live");
	SAYS_NOT(&form, " selected");
	SAYS_NOT(&form, "name=\"place\" value=\"same\" checked");
	SAYS_NOT(&form, "method=\"post\" action=\"/b/b1/restore\"");
	ASK(422, &missing, CREATE, .form = { { "part", ID(at.part_database) } });
	SAYS(&missing, "<a href=\"#to\">Choose a target environment</a>");
	ASK(422, &other, FORM,
	    .query = { { "step", "2" }, { "part", "database" }, { "place", "other" } });
	SAYS(&other, "Choose a target environment");
	/* Elsewhere the service is asked for as well. */
	ASK(200, &staging, FORM,
	    .query = { { "step", "2" }, { "part", "database" }, { "place", "other" },
	        { "to", ID(at.staging) } });
	SAYS_NOT(&staging, TEXT("<option value=\"%" PRId64 "\" selected>copy", at.database));
	assert_int_equal(drafts(f), 0);
}

static void
in_its_own_place_a_part_goes_where_it_came_from(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp;

	place_make(f);
	ASK(200, &rp, FORM,
	    .query = { { "step", "2" }, { "part", "database" }, { "place", "same" } });
	SAYS(&rp, TEXT("<option value=\"%" PRId64 "\" selected>Database", f->database));
	SAYS(&rp, "name=\"mode\" value=\"replace\" checked");
	SAYS(&rp, "Existing rows stay");
}

static void
what_does_not_fit_is_greyed_with_the_reason_and_refused(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply form, post;

	ASK(200, &form, FORM,
	    .query = { { "step", "2" }, { "part", "database" }, { "place", "other" },
	        { "to", ID(at.staging) } });
	SAYS(&form, TEXT("<option value=\"%" PRId64 "\" disabled>files: SQLite into Files does not"
	                 " fit; prepare a download instead", at.media));
	ASK(422, &post, CREATE,
	    .form = { { "part", ID(at.part_database) }, { "to", ID(at.staging) },
	        { "seen", "shop/staging" }, { "mode", "replace" },
	        { INTO(at.part_database), ID(at.postgresql) } });
	SAYS(&post, "SQLite into PostgreSQL does not fit; prepare a download instead");
	assert_int_equal(drafts(f), 0);
}

static void
an_operator_is_told_who_may_restore_into_live(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply form, get, post, allowed;

	ASK(200, &form, FORM, .operator = true,
	    .query = { { "step", "2" }, { "part", "database" } });
	SAYS(&form, "value=\"same\" disabled");
	SAYS(&form, "an administrator may");
	ASK(403, &get, FORM, .operator = true,
	    .query = { { "step", "2" }, { "part", "database" }, { "place", "same" } });
	SAYS(&get, "Administrators may");
	ASK(403, &post, CREATE, .operator = true,
	    .form = { { "part", ID(at.part_database) }, { "to", ID(f->environment) },
	        { "seen", "shop/live" }, { "mode", "replace" },
	        { INTO(at.part_database), ID(f->database) } });
	SAYS(&post, "restore into shop/live, as it is live");
	assert_int_equal(drafts(f), 0);
	ASK(303, &allowed, CREATE, .operator = true,
	    .form = { { "part", ID(at.part_database) }, { "to", ID(at.staging) },
	        { "seen", "shop/staging" }, { "mode", "replace" },
	        { INTO(at.part_database), ID(at.database) } });
}

static void
foreign_and_unknown_ids_are_404(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply backup, place, words, service;

	ASK(404, &backup, .run = on_restore_new_form, .args = { "b77" });
	ASK(404, &place, CREATE, .form = { { "part", "database" }, { "to", "777" } });
	ASK(404, &words, CREATE, .form = { { "part", "database" }, { "to", "shop/staging" } });
	/* The service is there, but in another environment than the one that was named. */
	ASK(404, &service, CREATE,
	    .form = { { "part", ID(at.part_database) }, { "to", ID(at.staging) },
	        { "seen", "shop/staging" }, { "mode", "replace" },
	        { INTO(at.part_database), ID(f->database) } });
	assert_int_equal(drafts(f), 0);
}

static void
a_place_that_was_renamed_meanwhile_is_read_again(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply stale, again;

	/* The name that the open page shows leads somewhere else now. */
	fixture_do(f, "UPDATE environment SET slug = 'old-staging' WHERE slug = 'staging'");
	fixture_do(f, "UPDATE environment SET slug = 'staging' WHERE slug = 'live'");
	ASK(422, &stale, CREATE,
	    .form = { { "part", ID(at.part_database) }, { "to", ID(at.staging) },
	        { "seen", "shop/staging" }, { "mode", "replace" },
	        { INTO(at.part_database), ID(at.database) } });
	SAYS(&stale, "This place is called shop/old-staging now");
	SAYS(&stale, "name=\"seen\" value=\"shop/old-staging\"");
	assert_int_equal(drafts(f), 0);
	ASK(303, &again, CREATE,
	    .form = { { "part", ID(at.part_database) }, { "to", ID(at.staging) },
	        { "seen", "shop/old-staging" }, { "mode", "replace" },
	        { INTO(at.part_database), ID(at.database) } });
	assert_int_equal(fixture_number(f, "SELECT environment FROM restore"), at.staging);
}

static void
the_same_name_in_two_projects_is_two_places(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	struct project p = { .slug = "other", .name = "Other", .owners = "" };
	struct environment v = { .slug = "staging", .name = "Staging", .kind = ENV_STAGING };
	CLEANUP_REPLY struct reply form, slip;

	OK(projects_add(&p, f->db, &f->e));
	v.project = p.id;
	OK(environments_add(&v, f->db, &f->e));
	place_service(f, v.id, "copy", ENGINE_SQLITE);
	ASK(200, &form, FORM, .query = { { "step", "2" }, { "part", "database" } });
	SAYS(&form, TEXT("<option value=\"%" PRId64 "\">shop/staging</option>", at.staging));
	SAYS(&form, TEXT("<option value=\"%" PRId64 "\">other/staging</option>", v.id));
	/* One project's place with the other's service. */
	ASK(404, &slip, CREATE,
	    .form = { { "part", ID(at.part_database) }, { "to", ID(v.id) },
	        { "seen", "other/staging" }, { "mode", "replace" },
	        { INTO(at.part_database), ID(at.database) } });
	assert_int_equal(drafts(f), 0);
}

static void
a_post_makes_one_draft_and_one_look_however_often_it_comes(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply rp;

	for (int i = 0; i < 2; i++) {
		ASK(303, &rp, CREATE,
		    .form = { { "key", "same" }, { "part", ID(at.part_database) },
		        { "part", ID(at.part_media) }, { "to", ID(at.staging) },
		        { "seen", "shop/staging" }, { "mode", "add" },
		        { TEXT("only-%" PRId64, at.part_media), "1" },
		        { TEXT("choice-%" PRId64, at.part_media), " img/a \n\nimg/b\n" },
		        { INTO(at.part_database), ID(at.database) },
		        { INTO(at.part_media), ID(at.media) } });
		HEADER(&rp, "Location: /r/r1/confirm\r\n");
		if (i == 0)
			reply_release(&rp);
	}
	assert_int_equal(drafts(f), 1);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job WHERE kind = 'preview'"), 1);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM event WHERE action ="
	                                   " 'restore.requested' AND target = 'r1'"), 1);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM restore_part WHERE choice ="
	                                   " 'img/a' || char(10) || 'img/b'"), 1);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM restore WHERE mode = 'add'"), 1);
}

static void
two_parts_never_go_into_one_service(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply rp;

	fixture_do(f, "UPDATE part SET engine = 'sqlite'");
	ASK(422, &rp, CREATE,
	    .form = { { "part", ID(at.part_database) }, { "part", ID(at.part_media) },
	        { "to", ID(at.staging) }, { "seen", "shop/staging" }, { "mode", "replace" },
	        { INTO(at.part_database), ID(at.database) },
	        { INTO(at.part_media), ID(at.database) } });
	SAYS(&rp, "Two parts cannot go into copy");
	assert_int_equal(drafts(f), 0);
}

static void
a_paused_target_refuses_with_its_sentence(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply rp;

	fixture_do(f, "UPDATE environment SET paused = 1 WHERE slug = 'staging'");
	ASK(409, &rp, CREATE,
	    .form = { { "part", ID(at.part_database) }, { "to", ID(at.staging) },
	        { "seen", "shop/staging" }, { "mode", "replace" },
	        { INTO(at.part_database), ID(at.database) } });
	SAYS(&rp, "Shop/staging is paused");
	SAYS(&rp, TEXT("<option value=\"%" PRId64 "\" selected>copy", at.database));
	assert_int_equal(drafts(f), 0);
}

static void
a_hostile_list_comes_back_as_text(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply rp;

	ASK(200, &rp, FORM,
	    .query = { { "step", "2" }, { "part", ID(at.part_media) },
	        { TEXT("only-%" PRId64, at.part_media), "1" },
	        { TEXT("choice-%" PRId64, at.part_media), "\"><script>alert(1)</script>" } });
	SAYS_NOT(&rp, "<script>alert");
	SAYS(&rp, "&lt;script&gt;alert(1)");
}

static void
a_test_restore_is_asked_for_once(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply a, b, bad;

	place_make(f);
	ASK(303, &a, .run = on_restore_new_test, .args = { "b1" }, .form = { { "key", "t" } });
	ASK(303, &b, .run = on_restore_new_test, .args = { "b1" }, .form = { { "key", "t" } });
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job WHERE kind = 'test'"), 1);
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM event WHERE action = 'backup.test'"), 1);
	fixture_do(f, "UPDATE backup SET state = 'trashed'");
	ASK(409, &bad, .run = on_restore_new_test, .args = { "b1" }, .post = true);
}

static void
what_is_being_restored_is_not_deleted_but_can_be_downloaded(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	const struct restore_confirm rc = { .job = { .environment = f->environment,
		                                .requested_by = f->admin },
		.restore = place_live(f, &at) };
	CLEANUP_REPLY struct reply trash, download, jobs;
	int64_t job;

	OK(restores_confirm(&job, f->db, &rc, &f->e));
	ASK(409, &trash, .run = on_backup_delete, .args = { "b1" }, .post = true);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM backup WHERE state = 'ready'"), 1);
	ASK(303, &download, .run = on_download_new_create, .args = { "b1" },
	    .form = { { "parts", "media" } });
	/* Its row tells how it treats the target. */
	ASK(200, &jobs, .run = on_job_list);
	SAYS(&jobs, "href=\"/r/r1\">r1</a>, Replace");
}

/* The newest that can be restored, and that has what is wanted: not simply the newest. */
static void
the_latest_is_the_newest_good_one_with_the_wanted_part(void **state)
{
	struct fixture *f = *state;
	struct backup_ids ids;
	struct lease l;
	CLEANUP_REPLY struct reply none, any, damaged, media, database, unknown;

	ASK(409, &none, LATEST);
	SAYS(&none, "no good backup of shop/live yet");
	fixture_ready(f);
	ASK(303, &any, LATEST);
	HEADER(&any, "Location: /b/b1/restore\r\n");
	fixture_ready(f);
	fixture_do(f, "UPDATE backup SET health='damaged' WHERE id=2");
	ASK(303, &damaged, LATEST);
	HEADER(&damaged, "Location: /b/b1/restore\r\n");
	ids = fixture_request(f, f->media, NULL);
	l = fixture_claim(f);
	fixture_finish(f, &l, ids.backup);
	ASK(303, &media, LATEST, .query = { { "service", "media" } });
	HEADER(&media, "Location: /b/b3/restore?part=media\r\n");
	ASK(303, &database, LATEST, .query = { { "service", "database" } });
	HEADER(&database, "Location: /b/b1/restore?part=database\r\n");
	ASK(404, &unknown, LATEST, .query = { { "service", "other" } });
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST("DIV-9 DIV-11", the_form_offers_each_part_with_size_and_tables),
		ROW_TEST("DIV-9 PLA-22", what_is_not_restorable_says_why_and_has_no_form),
		ROW_TEST("PEER-3", the_latest_is_the_newest_good_one_with_the_wanted_part),
		ROW_TEST("DIV-11", nothing_chosen_and_an_empty_list_are_422),
		ROW_TEST("DIV-12 T33", no_target_is_chosen_for_anybody),
		ROW_TEST("DIV-12 SET-10", in_its_own_place_a_part_goes_where_it_came_from),
		ROW_TEST("PLA-28", what_does_not_fit_is_greyed_with_the_reason_and_refused),
		ROW_TEST("PLA-20", an_operator_is_told_who_may_restore_into_live),
		ROW_TEST("PLA-20 T33", foreign_and_unknown_ids_are_404),
		ROW_TEST("T33", a_place_that_was_renamed_meanwhile_is_read_again),
		ROW_TEST("T33", the_same_name_in_two_projects_is_two_places),
		ROW_TEST("T33 SET-10", a_post_makes_one_draft_and_one_look_however_often_it_comes),
		ROW_TEST("DIV-12", two_parts_never_go_into_one_service),
		ROW_TEST("DIV-12", a_paused_target_refuses_with_its_sentence),
		ROW_TEST("DIV-11 T50", a_hostile_list_comes_back_as_text),
		ROW_TEST("SET-5 SET-10",
		    what_is_being_restored_is_not_deleted_but_can_be_downloaded),
		ROW_TEST("DIV-9", a_test_restore_is_asked_for_once),
	};

	return cmocka_run_group_tests_name("on_restore_new", tests, NULL, NULL);
}
