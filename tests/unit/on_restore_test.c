/* on_restore_test.c: deciding on a restore, and watching it. */
#include "tests/unit/place.h"

#include "cgi/handle/on_backup.h"
#include "cgi/handle/on_backups.h"
#include "cgi/handle/on_job.h"
#include "cgi/handle/on_restore.h"
#include "cgi/handle/on_restore_confirm.h"
#include "lib/util/hash.h"
#include "lib/util/passwd.h"

#define SEE .run = on_restore_confirm_form, .args = { "r1" }
#define DECIDE .run = on_restore_confirm, .args = { "r1" }, .post = true
#define PAGE .run = on_restore_get, .args = { "r1" }
#define UNDO .run = on_restore_undo, .args = { "r1" }, .post = true
#define YES PLACE_SEEN, { "consent", "1" }, { "safety", "1" }

static int64_t
confirmed(struct fixture *f)
{
	return fixture_number(f, "SELECT count(*) FROM restore WHERE state <> 'draft'");
}

static int64_t
jobs_of(struct fixture *f, const char *kind)
{
	return fixture_number(f,
	    arena_printf(f->a, "SELECT count(*) FROM job WHERE kind = '%s'", kind));
}

static void
while_it_looks_the_page_waits_and_offers_nothing(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply page, fragment, post;

	place_draft(f, &at, f->environment, f->database);
	ASK(200, &page, SEE);
	SAYS(&page, "Looking at the target…");
	SAYS(&page, "data-poll=\"/r/r1/fragment\"");
	SAYS(&page, "http-equiv=\"refresh\"");
	SAYS_NOT(&page, "name=\"typed\"");
	ASK(200, &fragment, .run = on_restore_fragment, .args = { "r1" });
	SAYS(&fragment, "Looking at the target…");
	ASK(409, &post, DECIDE, .fresh = true, .form = { YES, { "typed", "shop/live" } });
	SAYS(&post, "has not ended yet");
	assert_int_equal(confirmed(f), 0);
}

/* Said where one decides and where one looks afterwards, also when one of them is not known; that
 * both are the same is a fact of the restore alone. */
static void
data_and_code_that_do_not_belong_together_are_named(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply page, same, now, then, neither, backup;
	int64_t r = place_draft(f, &at, f->environment, f->database);

	place_look(f, r, PREVIEW_OK, "");
	fixture_do(f, "UPDATE backup SET code = 'v1.4 <old>'");
	fixture_do(f, "UPDATE restore SET code = 'v1.5'");
	ASK(200, &page, SEE);
	SAYS(&page, "The data is from the code <strong class=\"note\">v1.4 &lt;old&gt;</strong>;");
	SAYS(&page, "runs <strong class=\"note\">v1.5</strong>");
	ASK(200, &backup, .run = on_backup_get, .args = { "b1" });
	SAYS(&backup, "<dt>Code</dt><dd><span class=\"note\">v1.4 &lt;old&gt;</span>");
	fixture_do(f, "UPDATE restore SET code = 'v1.4 <old>'");
	ASK(200, &same, SEE);
	SAYS_NOT(&same, "Data comes back, code does not");
	fixture_do(f, "UPDATE restore SET code = ''");
	ASK(200, &now, SEE);
	SAYS(&now, "v1.4 &lt;old&gt;</strong>; what ");
	SAYS(&now, " runs is not known. Data comes back");
	fixture_do(f, "UPDATE restore SET code = 'v1.5'");
	fixture_do(f, "UPDATE backup SET code = ''");
	ASK(200, &then, SEE);
	SAYS(&then, " runs <strong class=\"note\">v1.5</strong>; which code the data is"
	    " from is not known.");
	fixture_do(f, "UPDATE restore SET code = ''");
	ASK(200, &neither, SEE);
	SAYS_NOT(&neither, "Data comes back, code does not");
}

static void
the_facts_of_a_restore_say_what_is_known_of_both_codes(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply same, data, runs, neither;

	place_done(f, &at);
	fixture_do(f, "UPDATE restore SET code = 'v1.4'");
	fixture_do(f, "UPDATE backup SET code = 'v1.4'");
	ASK(200, &same, .run = on_restore_get, .args = { "r1" });
	SAYS(&same, "<dd>the same code, <span class=\"note\">v1.4</span></dd>");
	fixture_do(f, "UPDATE restore SET code = ''");
	ASK(200, &data, .run = on_restore_get, .args = { "r1" });
	SAYS(&data, "<dd>data from <span class=\"note\">v1.4</span>; what shop/live ran is not"
	    " known</dd>");
	fixture_do(f, "UPDATE restore SET code = 'v1.5'");
	fixture_do(f, "UPDATE backup SET code = ''");
	ASK(200, &runs, .run = on_restore_get, .args = { "r1" });
	SAYS(&runs, "<dd>shop/live ran <span class=\"note\">v1.5</span>; which code the data is"
	    " from is not known</dd>");
	fixture_do(f, "UPDATE restore SET code = ''");
	ASK(200, &neither, .run = on_restore_get, .args = { "r1" });
	SAYS_NOT(&neither, "<dt>Code</dt>");
}

static void
a_refused_look_shows_why_and_no_form(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply page, post;
	int64_t r = place_draft(f, &at, f->environment, f->database);

	place_look(f, r, PREVIEW_REFUSED, "b1 was made by PostgreSQL 16; shop/live runs 13.");
	ASK(200, &page, SEE);
	SAYS(&page, "b1 was made by PostgreSQL 16");
	SAYS(&page, "href=\"/b/b1/restore\">Choose another target</a>");
	SAYS_NOT(&page, "name=\"typed\"");
	ASK(409, &post, DECIDE, .fresh = true, .form = { YES, { "typed", "shop/live" } });
	assert_int_equal(confirmed(f), 0);
}

static void
the_page_says_in_numbers_what_will_change(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply rp, chosen;
	const char *first, *second;

	place_live(f, &at);
	fixture_do(f, arena_printf(f->a, "UPDATE part SET taken_at = %" PRId64,
	                  clock_now() - (4 * 3600 + 12 * 60) * 1000));
	ASK(200, &rp, SEE);
	SAYS(&rp, "Everything in shop/live · Database newer than ");
	SAYS(&rp, "(4 h 12 m of changes) will be lost");
	SAYS(&rp, "3.00 kB");
	SAYS(&rp, "of which 1 have another number of rows");
	SAYS(&rp, "900 kB");
	SAYS(&rp, "data-label=\"Last good backup\"><span class=\"stamp\">");
	SAYS(&rp, "Yes, restore into shop/live</button>");
	SAYS(&rp, "Type <strong>shop/live</strong> to confirm");
	SAYS(&rp, "name=\"safety\" value=\"1\" checked");
	SAYS_NOT(&rp, "name=\"consent\" value=\"1\" checked");
	SAYS_NOT(&rp, "name=\"hooks\"");
	SAYS_NOT(&rp, "with owners and grants");
	/* What differs comes first. */
	first = strstr(rp.body.p, ">product</th>");
	second = strstr(rp.body.p, ">visit</th>");
	assert_true(first != NULL && second != NULL && first < second);
	/* A form that comes twice leads to what was chosen first: that is to be read here. */
	fixture_do(f, "UPDATE restore SET owners=1, mode='add'");
	fixture_do(f, "UPDATE restore_part SET choice='product'");
	ASK(200, &chosen, SEE);
	SAYS(&chosen, "Mode: <strong>Add on top</strong>, with owners and grants of the dump.");
	SAYS(&chosen, "Only: product");
}

static void
what_is_not_there_is_said_to_come_and_not_to_be_saved(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply rp, post, page;

	place_live(f, &at);
	fixture_do(f, "UPDATE restore_part SET target_bytes = -1");
	ASK(200, &rp, SEE);
	SAYS(&rp, "<strong>shop/live · Database is not there.</strong> It will be made");
	SAYS(&rp, "There is nothing in shop/live yet that a safety backup could hold");
	SAYS_NOT(&rp, "name=\"safety\"");
	SAYS_NOT(&rp, "will be lost");
	ASK(303, &post, DECIDE, .fresh = true, .form = { YES, { "typed", "shop/live" } });
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM backup WHERE kind='safety'"), 0);
	ASK(200, &page, PAGE);
	SAYS(&page, "not needed: nothing was there");
}

static void
of_many_tables_twenty_are_shown_at_once(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply rp;
	const char *fold;

	place_live(f, &at);
	fixture_do(f, "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE"
	              " i < 39) INSERT INTO restore_table SELECT restore_part.id, 't' || i, 5 FROM"
	              " n, restore_part");
	ASK(200, &rp, SEE);
	SAYS(&rp, "12 more tables</summary>");
	fold = strstr(rp.body.p, "12 more tables");
	assert_true(fold < strstr(rp.body.p, ">visit</th>"));
	assert_true(fold > strstr(rp.body.p, ">t10</th>"));
}

static void
nothing_happens_without_consent_name_and_password(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply bare, typo, close, old;

	place_live(f, &at);
	ASK(422, &bare, DECIDE, .fresh = true,
	    .form = { { "safety", "1" }, { "typed", "shop/live" } });
	SAYS(&bare, "<a href=\"#consent\">");
	SAYS(&bare, "name=\"typed\" value=\"shop/live\"");
	ASK(422, &typo, DECIDE, .fresh = true, .form = { YES, { "typed", "shop/staging" } });
	SAYS(&typo, "Type shop/live exactly as shown");
	SAYS(&typo, "name=\"consent\" value=\"1\" checked");
	ASK(422, &close, DECIDE, .fresh = true, .form = { YES, { "typed", "Shop/live" } });
	/* Signed in long ago. */
	ASK(422, &old, DECIDE, .form = { YES, { "typed", "shop/live" } });
	SAYS(&old, "Enter your password");
	SAYS(&old, "name=\"password\"");
	assert_int_equal(confirmed(f), 0);
	assert_int_equal(jobs_of(f, "restore"), 0);
}

static void
an_old_sign_in_needs_the_right_password_once(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	char hash[PASSWD_HASH_SIZE], id_hash[HASH_HEX_SIZE];
	CLEANUP_REPLY struct reply wrong, right;

	place_live(f, &at);
	OK(passwd_hash(hash, "correct horse battery", &f->e));
	OK(sql_run(NULL, f->db, "UPDATE account SET password_hash = ?1", SQL_ARGS(sql_t(hash)),
	    &f->e));
	hash_of(id_hash, "cookie", 6);
	OK(sessions_add(f->db, id_hash, f->admin, "csrf-token", "192.0.2.7", &f->e));
	fixture_do(f, "UPDATE session SET auth_at = 5");
	ASK(422, &wrong, DECIDE, .cookie = "cookie",
	    .form = { YES, { "typed", "shop/live" }, { "password", "guess" } });
	SAYS(&wrong, "The password is wrong");
	SAYS_NOT(&wrong, "guess");
	assert_int_equal(fixture_number(f, "SELECT auth_at FROM session"), 5);
	assert_true(fixture_number(f, "SELECT sum(tries) FROM throttle") > 0);
	ASK(303, &right, DECIDE, .cookie = "cookie",
	    .form = { YES, { "typed", "shop/live" }, { "password", "correct horse battery" } });
	assert_true(fixture_number(f, "SELECT auth_at FROM session") > 5);
	assert_int_equal(confirmed(f), 1);
}

static void
guessing_the_password_is_braked(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply rp;

	place_live(f, &at);
	for (int i = 0; i < 7; i++)
		OK(throttle_failed(f->db, "account:admin@example.org", &f->e));
	ASK(429, &rp, DECIDE, .form = { YES, { "typed", "shop/live" }, { "password", "guess" } });
	SAYS(&rp, "Too many tries");
	assert_int_equal(confirmed(f), 0);
}

static void
a_decision_is_one_job_however_often_it_is_sent(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply a, b, stale, see;

	place_live(f, &at);
	ASK(303, &a, DECIDE, .fresh = true,
	    .form = { YES, { "typed", "shop/live" }, { "key", "k" } });
	HEADER(&a, "Location: /r/r1\r\n");
	ASK(303, &b, DECIDE, .fresh = true,
	    .form = { YES, { "typed", "shop/live" }, { "key", "k" } });
	/* From a tab that was open before, with another key and nothing typed. */
	ASK(303, &stale, DECIDE, .form = { { "key", "other" } });
	HEADER(&stale, "Location: /r/r1\r\n");
	ASK(303, &see, SEE);
	assert_int_equal(jobs_of(f, "restore"), 1);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM backup WHERE kind = 'safety'"), 1);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM event WHERE action ="
	                                   " 'restore.confirmed'"), 1);
}

static void
a_target_that_changed_since_is_looked_at_again(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply post, again, page;

	place_live(f, &at);
	fixture_do(f, "UPDATE service SET revision = revision + 1 WHERE slug = 'database'");
	ASK(409, &post, DECIDE, .fresh = true, .form = { YES, { "typed", "shop/live" } });
	SAYS(&post, "has changed since you looked at it");
	SAYS(&post, "action=\"/r/r1/look\"");
	SAYS_NOT(&post, "name=\"typed\"");
	assert_int_equal(confirmed(f), 0);
	ASK(303, &again, .run = on_restore_confirm_look, .args = { "r1" }, .post = true);
	HEADER(&again, "Location: /r/r1/confirm?said=looking\r\n");
	ASK(200, &page, SEE);
	SAYS(&page, "Looking at the target…");
}

static void
what_was_read_is_what_is_decided(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply post;

	place_live(f, &at);
	fixture_do(f, "UPDATE restore SET previewed_at=previewed_at+1");
	ASK(422, &post, DECIDE, .fresh = true, .form = { YES, { "typed", "shop/live" } });
	SAYS(&post, "looked at again since you opened this page");
	SAYS(&post, "name=\"seen\" value=\"1700000000001\"");
	assert_int_equal(confirmed(f), 0);
}

static void
a_renamed_target_wants_its_new_name(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply stale, right;

	place_live(f, &at);
	fixture_do(f, "UPDATE environment SET slug = 'www' WHERE slug = 'live'");
	ASK(422, &stale, DECIDE, .fresh = true, .form = { YES, { "typed", "shop/live" } });
	SAYS(&stale, "Type shop/www exactly as shown");
	assert_int_equal(confirmed(f), 0);
	ASK(303, &right, DECIDE, .fresh = true, .form = { YES, { "typed", "shop/www" } });
	assert_int_equal(confirmed(f), 1);
}

static void
an_operator_decides_nothing_about_live(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply see, post, look, undo;

	place_live(f, &at);
	ASK(403, &see, SEE, .operator = true);
	SAYS(&see, "Administrators may");
	ASK(403, &post, DECIDE, .operator = true, .fresh = true,
	    .form = { YES, { "typed", "shop/live" } });
	ASK(403, &look, .run = on_restore_confirm_look, .args = { "r1" }, .operator = true,
	    .post = true);
	assert_int_equal(confirmed(f), 0);
	fixture_do(f, "UPDATE restore SET state = 'done', confirmed_at = 1");
	ASK(403, &undo, UNDO, .operator = true, .fresh = true,
	    .form = { { "typed", "shop/live" } });
	assert_int_equal(jobs_of(f, "undo"), 0);
}

static void
live_data_without_landing_rules_needs_an_administrator(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply operator, forged, admin, without, with;

	place_look(f, place_draft(f, &at, at.staging, at.database), PREVIEW_OK, "");
	ASK(200, &operator, SEE, .operator = true, .fresh = true);
	SAYS(&operator, "without landing rules");
	SAYS_NOT(&operator, "name=\"real_data\"");
	SAYS_NOT(&operator, "name=\"typed\"");
	ASK(403, &forged, DECIDE, .operator = true, .fresh = true,
	    .form = { YES, { "typed", "shop/staging" }, { "real_data", "1" } });
	ASK(200, &admin, SEE, .fresh = true);
	SAYS(&admin, "name=\"real_data\" value=\"1\">");
	ASK(409, &without, DECIDE, .fresh = true, .form = { YES, { "typed", "shop/staging" } });
	assert_int_equal(confirmed(f), 0);
	ASK(303, &with, DECIDE, .fresh = true,
	    .form = { YES, { "typed", "shop/staging" }, { "real_data", "1" } });
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM event WHERE action ="
	                                   " 'restore.confirmed' AND detail LIKE '%real data signed"
	                                   " off%'"), 1);
}

static void
with_landing_rules_an_operator_may_go_on(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply see, post;

	fixture_do(f, "UPDATE service SET sanitise_sql = 'DELETE FROM visit' WHERE slug = 'copy'");
	place_look(f, place_draft(f, &at, at.staging, at.database), PREVIEW_OK, "");
	ASK(200, &see, SEE, .operator = true, .fresh = true);
	SAYS_NOT(&see, "without landing rules");
	ASK(303, &post, DECIDE, .operator = true, .fresh = true,
	    .form = { YES, { "typed", "shop/staging" } });
	assert_int_equal(confirmed(f), 1);
}

static void
hooks_are_offered_where_the_target_has_them(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply see, post;

	fixture_do(f, "UPDATE environment SET hook_before = 'stop-shop' WHERE slug = 'live'");
	place_live(f, &at);
	ASK(200, &see, SEE, .fresh = true);
	SAYS(&see, "name=\"hooks\" value=\"1\" checked");
	SAYS(&see, "stop-shop");
	ASK(303, &post, DECIDE, .fresh = true,
	    .form = { PLACE_SEEN, { "consent", "1" }, { "typed", "shop/live" } });
	assert_int_equal(fixture_number(f, "SELECT hooks + safety FROM restore"), 0);
}

static void
unknown_and_drafted_restores_have_no_page(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply none, odd, see, draft;

	ASK(404, &none, PAGE);
	ASK(404, &odd, .run = on_restore_get, .args = { "x" });
	ASK(404, &see, SEE);
	place_draft(f, &at, f->environment, f->database);
	ASK(303, &draft, PAGE);
	HEADER(&draft, "Location: /r/r1/confirm\r\n");
}

static void
the_page_follows_the_work_and_tells_the_end(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply busy, fragment, same, done, failed, job;
	char tag[60];

	place_live(f, &at);
	ASK(303, &job, DECIDE, .fresh = true, .form = { YES, { "typed", "shop/live" } });
	ASK(200, &busy, PAGE);
	SAYS(&busy, "data-poll=\"/r/r1/fragment\"");
	SAYS(&busy, "waits for");
	SAYS(&busy, ">b2</a>");
	ASK(200, &fragment, .run = on_restore_fragment, .args = { "r1" });
	snprintf(tag, sizeof tag, "%.34s", strstr(fragment.headers.p, "ETag: ") + 6);
	ASK(304, &same, .run = on_restore_fragment, .args = { "r1" }, .none_match = tag);
	fixture_do(f, "UPDATE restore SET state = 'failed', error = 'The disk is full.'");
	ASK(200, &failed, PAGE);
	SAYS(&failed, "The disk is full.");
	SAYS(&failed, "shop/live is as it was before");
	fixture_do(f, "UPDATE job SET state = 'cancelled', worker = NULL, finished_at = 9");
	fixture_do(f, "UPDATE restore SET state = 'done', error = NULL, warnings = 3,"
	              " started_at = 1000, finished_at = 63000");
	ASK(200, &done, PAGE);
	SAYS(&done, "Finished with 3 warnings");
	SAYS(&done, "took 1 m 02 s");
	SAYS_NOT(&done, "data-poll");
}

static void
a_failed_addition_says_whether_some_of_it_may_be_there(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply none, some;

	place_done(f, &at);
	fixture_do(f, "UPDATE restore SET state = 'failed', mode = 'add', error = 'no',"
	              " undo_until = 0, tidied_at = 5, landed_at = 0");
	fixture_do(f, "UPDATE restore_part SET state = 'gone'");
	ASK(200, &none, PAGE);
	SAYS(&none, "shop/live is as it was before.");
	fixture_do(f, "UPDATE restore SET landed_at = 4");
	ASK(200, &some, PAGE);
	SAYS(&some, "It is not sure that shop/live is what it was");
}

static void
restores_are_listed_apart_and_beside_their_backup(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply empty, list, backup;

	ASK(200, &empty, .run = on_restore_list, .args = { "shop", "live" });
	SAYS(&empty, "No restores yet");
	SAYS(&empty, "Test-restore b1</button>");
	place_done(f, &at);
	ASK(200, &list, .run = on_restore_list, .args = { "shop", "live" });
	SAYS(&list, "href=\"/r/r1\">r1</a>");
	SAYS(&list, "shop/live: database");
	SAYS(&list, "1 m 02 s");
	ASK(200, &backup, .run = on_backup_get, .args = { "b1" });
	SAYS(&backup, "Restores of this backup");
	SAYS(&backup, "href=\"/r/r1\">r1</a>");
}

static void
rows_and_pages_offer_restore_or_the_reason(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply list, page, bad_list, bad_page;

	place_make(f);
	fixture_do(f, "UPDATE backup SET tested_at = 1, test_state = 'differs', test_text ="
	              " 'visit has 6 rows, not 7'");
	ASK(200, &list, .run = on_backups_list, .args = { "shop", "live" });
	SAYS(&list, "href=\"/b/b1/restore\"");
	SAYS(&list, "formaction=\"/b/b1/test\"");
	SAYS(&list, "Test restore differs");
	ASK(200, &page, .run = on_backup_get, .args = { "b1" });
	SAYS(&page, "href=\"/b/b1/restore\"");
	SAYS(&page, "visit has 6 rows, not 7");
	fixture_do(f, "UPDATE backup SET health = 'damaged'");
	ASK(200, &bad_list, .run = on_backups_list, .args = { "shop", "live" });
	SAYS_NOT(&bad_list, "href=\"/b/b1/restore\"");
	SAYS(&bad_list, "Not restorable: Its stored bytes are damaged");
	ASK(200, &bad_page, .run = on_backup_get, .args = { "b1" });
	SAYS_NOT(&bad_page, "href=\"/b/b1/restore\"");
	SAYS(&bad_page, "Not restorable: Its stored bytes are damaged");
}

static void
the_job_of_a_restore_leads_to_it_and_is_not_repeated(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply rp, cancel;
	const char *id;

	place_draft(f, &at, f->environment, f->database);
	id = arena_printf(f->a, "j%" PRId64,
	    fixture_number(f, "SELECT id FROM job WHERE kind = 'preview'"));
	ASK(303, &cancel, .run = on_job_cancel, .args = { id }, .post = true);
	ASK(200, &rp, .run = on_job_get, .args = { id });
	SAYS(&rp, "href=\"/r/r1\"");
	SAYS_NOT(&rp, "/retry");
}

static void
a_look_that_was_stopped_can_be_had_again(void **state)
{
	struct fixture *f = *state;
	struct place at = place_make(f);
	CLEANUP_REPLY struct reply rp;

	place_draft(f, &at, f->environment, f->database);
	fixture_do(f, "UPDATE job SET state = 'failed', error = 'No route to host', finished_at = 9"
	              " WHERE kind = 'preview'");
	ASK(200, &rp, SEE);
	SAYS(&rp, "No route to host");
	SAYS(&rp, "action=\"/r/r1/look\"");
	SAYS_NOT(&rp, "data-poll");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST("NEW-6", while_it_looks_the_page_waits_and_offers_nothing),
		ROW_TEST("PLA-22 PLA-28", a_refused_look_shows_why_and_no_form),
		ROW_TEST("PLA-25", data_and_code_that_do_not_belong_together_are_named),
		ROW_TEST("PLA-25", the_facts_of_a_restore_say_what_is_known_of_both_codes),
		ROW_TEST("PLA-24 NEW-6 DIV-13", the_page_says_in_numbers_what_will_change),
		ROW_TEST("NEW-6", what_is_not_there_is_said_to_come_and_not_to_be_saved),
		ROW_TEST("NEW-6", of_many_tables_twenty_are_shown_at_once),
		ROW_TEST("DIV-13 T33", nothing_happens_without_consent_name_and_password),
		ROW_TEST("T33", an_old_sign_in_needs_the_right_password_once),
		ROW_TEST("T33", guessing_the_password_is_braked),
		ROW_TEST("DIV-13 T33", a_decision_is_one_job_however_often_it_is_sent),
		ROW_TEST("T33", a_target_that_changed_since_is_looked_at_again),
		ROW_TEST("T33", what_was_read_is_what_is_decided),
		ROW_TEST("T33", a_renamed_target_wants_its_new_name),
		ROW_TEST("PLA-20 T33", an_operator_decides_nothing_about_live),
		ROW_TEST("NEW-3", live_data_without_landing_rules_needs_an_administrator),
		ROW_TEST("NEW-3 PLA-20", with_landing_rules_an_operator_may_go_on),
		ROW_TEST("DIV-13", hooks_are_offered_where_the_target_has_them),
		FIXTURE_TEST(unknown_and_drafted_restores_have_no_page),
		ROW_TEST("DIV-13", the_page_follows_the_work_and_tells_the_end),
		ROW_TEST("SET-10", a_failed_addition_says_whether_some_of_it_may_be_there),
		ROW_TEST("DIV-9", restores_are_listed_apart_and_beside_their_backup),
		ROW_TEST("DIV-9 PLA-22 PEER-3", rows_and_pages_offer_restore_or_the_reason),
		FIXTURE_TEST(the_job_of_a_restore_leads_to_it_and_is_not_repeated),
		ROW_TEST("NEW-6", a_look_that_was_stopped_can_be_had_again),
	};

	return cmocka_run_group_tests_name("on_restore", tests, NULL, NULL);
}
