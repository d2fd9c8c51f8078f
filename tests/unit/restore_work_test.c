/* restore_work_test.c: what the worker writes about a restore, and how one ends. */
#include "tests/unit/restoring.h"

#include <sqlite3.h>

static void
says(struct fixture *f, const char *text)
{
	if (strstr(f->e.text, text) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", text, f->e.text);
}

/* The restore's job of a confirmed restore without a safety backup, claimed. */
static struct lease
begin(struct fixture *f, const struct restoring *s, int64_t *restore)
{
	struct restore_draft form = restoring_form(f, s);
	struct restore_confirm button;
	int64_t job;
	struct lease l;

	*restore = restoring_looked(f, &form);
	button = restoring_button(f, s, *restore);
	OK(restores_confirm(&job, f->db, &button, &f->e));
	l = fixture_claim(f);
	assert_int_equal(l.job, job);
	return l;
}

static int64_t
tidies(struct fixture *f)
{
	int64_t n;

	OK(restores_queue_tidy(&n, f->db, &f->e));
	return n;
}

/* NEW-6: what a look found is kept for the page, and a second look replaces it. */
static void
NEW_6_a_look_keeps_sizes_and_rows_of_the_target(void **state)
{
	static const struct table_count found[] = { { "b", 7 }, { "a", -1 } };
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct restore_draft form = restoring_form(f, &s);
	struct restore_ids ids;
	struct restore_part seen, *p;
	struct table_count *t;
	struct lease l;
	size_t n;

	OK(restores_draft(&ids, f->db, &form, &f->e));
	l = fixture_claim(f);
	seen = restoring_rows(f, ids.restore)[0];
	seen.target_bytes = 10;
	seen.needs_bytes = 20;
	seen.has_bytes = -1;
	seen.added = 1;
	seen.changed = 2;
	seen.removed = 3;
	seen.refusal = "No room";
	OK(restores_looked(f->db, &l, &seen, found, 2, &f->e));
	OK(restores_looked(f->db, &l, &seen, found, 2, &f->e));
	p = restoring_rows(f, ids.restore);
	assert_int_equal(p->target_bytes, 10);
	assert_int_equal(p->needs_bytes, 20);
	assert_int_equal(p->has_bytes, -1);
	assert_true(p->added == 1 && p->changed == 2 && p->removed == 3);
	assert_string_equal(p->refusal, "No room");
	assert_string_equal(p[1].refusal, "");
	OK(restores_target_tables(&t, &n, f->a, f->db, p->id, &f->e));
	assert_int_equal(n, 2);
	assert_string_equal(t[0].name, "a");
	assert_int_equal(t[0].rows, -1);
	assert_int_equal(t[1].rows, 7);
	OK(restores_previewed(f->db, &l, PREVIEW_REFUSED, "Database: No room", &f->e));
	assert_int_equal(restoring_row(f, ids.restore).preview, PREVIEW_REFUSED);
	assert_string_equal(restoring_row(f, ids.restore).preview_text, "Database: No room");
	assert_true(restoring_row(f, ids.restore).previewed_at > 0);
	assert_int_equal(fixture_number(f,
	    "SELECT count(*) FROM job WHERE kind='preview' AND state='succeeded'"), 1);
}

static void
a_look_that_fails_or_is_cancelled_refuses_the_draft(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct restore_draft form = restoring_form(f, &s);
	struct restore_ids ids;
	struct lease l;
	struct err why;

	OK(restores_draft(&ids, f->db, &form, &f->e));
	l = fixture_claim(f);
	err_set(&why, ERR_INPUT, "the server does not answer");
	OK(jobs_fail(f->db, &l, &why, &f->e));
	assert_int_equal(restoring_row(f, ids.restore).preview, PREVIEW_REFUSED);
	assert_string_equal(restoring_row(f, ids.restore).preview_text,
	    "the server does not answer");
	assert_int_equal(restoring_row(f, ids.restore).state, RESTORE_DRAFT);
	OK(restores_draft(&ids, f->db, &form, &f->e));
	OK(jobs_cancel(f->db, ids.job, &f->e));
	assert_string_equal(restoring_row(f, ids.restore).preview_text,
	    "The look was cancelled; look again");
}

/* SET-13: a restore that landed is done; its times, sizes and counts stay. */
static void
SET_13_a_restore_is_done_when_everything_has_landed(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	int64_t id, started, expected;
	struct lease l = begin(f, &s, &id);
	struct restore_part built, *p;
	struct restore r;

	OK(restores_begin(f->db, &l, &f->e));
	fixture_do(f, "UPDATE restore SET started_at=5");
	OK(restores_begin(f->db, &l, &f->e));
	started = restoring_row(f, id).started_at;
	assert_int_equal(started, 5);
	built = restoring_rows(f, id)[0];
	built.state = LANDING_BUILT;
	built.mark = "abc";
	OK(restores_part_moved(f->db, &l, &built, &f->e));
	assert_string_equal(restoring_rows(f, id)->mark, "abc");
	REFUSED(ERR_INTERNAL, restores_finish(f->db, &l, 0, 9, &f->e));
	says(f, "restore r1 has 2 parts that have not landed");
	OK(restores_expected_ms(&expected, f->db, s.database, &f->e));
	assert_int_equal(expected, 0);
	restoring_land(f, &l, id);
	r = restoring_row(f, id);
	assert_int_equal(r.state, RESTORE_DONE);
	assert_int_equal(r.warnings, 3);
	assert_true(r.finished_at > 0 && r.undo_until > clock_now() && r.error == NULL);
	p = restoring_rows(f, id);
	assert_int_equal(p->state, LANDING_SWAPPED);
	assert_int_equal(p->kept_bytes, 70);
	assert_int_equal(p->duration_ms, 500);
	assert_int_equal(fixture_number(f,
	    "SELECT count(*) FROM job WHERE kind='restore' AND state='succeeded' AND warnings=3"),
	    1);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job_service WHERE running=1"), 0);
	/* Nothing of an ended job is written any more. */
	REFUSED(ERR_FENCED, restores_begin(f->db, &l, &f->e));
	REFUSED(ERR_FENCED, restores_part_moved(f->db, &l, p, &f->e));
	REFUSED(ERR_FENCED, restores_hook_due(f->db, &l, true, &f->e));
	REFUSED(ERR_FENCED, restores_finish(f->db, &l, 0, 0, &f->e));
}

/* The median of the last five, so that one slow night does not frighten. */
static void
NEW_6_the_expected_time_is_the_median_of_the_last_five(void **state)
{
	static const int took[] = { 9000, 100, 5000, 200, 300, 400 };
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	int64_t id, expected;

	for (size_t i = 0; i < sizeof took / sizeof *took; i++) {
		struct lease l = begin(f, &s, &id);

		restoring_land(f, &l, id);
		OK(sql_run(NULL, f->db, "UPDATE restore_part SET duration_ms=?1 WHERE restore=?2",
		    SQL_ARGS(sql_i(took[i]), sql_i(id)), &f->e));
	}
	OK(restores_expected_ms(&expected, f->db, s.media, &f->e));
	assert_int_equal(expected, 300);
	OK(restores_expected_ms(&expected, f->db, f->media, &f->e));
	assert_int_equal(expected, 0);
}

static void
lists_are_newest_first_by_target_and_by_backup(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct restore *list;
	int64_t ids[3];
	size_t n;

	for (int i = 0; i < 3; i++) {
		struct lease l = begin(f, &s, &ids[i]);

		restoring_land(f, &l, ids[i]);
	}
	OK(restores_list(&list, &n, f->a, f->db,
	    &(struct restore_filter){ .environment = s.environment, .limit = 2 }, &f->e));
	assert_int_equal(n, 2);
	assert_true(list[0].id == ids[2] && list[1].id == ids[1]);
	assert_string_equal(list[1].contents, "database, media");
	OK(restores_list(&list, &n, f->a, f->db,
	    &(struct restore_filter){ .backup = s.backup, .after = ids[1], .limit = 2 }, &f->e));
	assert_int_equal(n, 1);
	assert_int_equal(list[0].id, ids[0]);
	OK(restores_list(&list, &n, f->a, f->db, &(struct restore_filter){ .limit = 9 }, &f->e));
	assert_int_equal(n, 3);
	OK(restores_list(&list, &n, f->a, f->db,
	    &(struct restore_filter){ .environment = f->environment, .limit = 9 }, &f->e));
	assert_int_equal(n, 0);
	OK(restores_list(&list, &n, f->a, f->db,
	    &(struct restore_filter){ .environment = s.environment, .backup = 99, .limit = 9 },
	    &f->e));
	assert_int_equal(n, 0);
}

/* SET-13: failed, poisoned and cancelled restores are not pending any more. */
static void
SET_13_a_restore_fails_with_its_job_and_keeps_the_error(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	int64_t id;
	struct lease l = begin(f, &s, &id);
	struct err why;
	bool again = true;

	OK(restores_begin(f->db, &l, &f->e));
	err_set(&why, ERR_DAMAGED, "media: the copy is damaged at byte 7");
	OK(jobs_fail(f->db, &l, &why, &f->e));
	assert_int_equal(restoring_row(f, id).state, RESTORE_FAILED);
	assert_string_equal(restoring_row(f, id).error, why.text);
	assert_true(restoring_row(f, id).finished_at > 0);
	/* The process dies three times. */
	l = begin(f, &s, &id);
	for (int i = 0; i < 3; i++) {
		OK(jobs_died(&again, f->db, &l, "signal 9", &f->e));
		fixture_do(f, "UPDATE job SET run_at=0 WHERE state='queued'");
		assert_int_equal(restoring_row(f, id).state,
		    i < 2 ? RESTORE_PENDING : RESTORE_FAILED);
		if (i < 2)
			l = fixture_claim(f);
	}
	assert_non_null(strstr(restoring_row(f, id).error, "poisoned"));
	/* Somebody cancels it. */
	l = begin(f, &s, &id);
	OK(jobs_cancel(f->db, l.job, &f->e));
	assert_int_equal(restoring_row(f, id).state, RESTORE_PENDING);
	err_set(&why, ERR_CANCELLED, "told to stop");
	OK(jobs_fail(f->db, &l, &why, &f->e));
	assert_int_equal(restoring_row(f, id).state, RESTORE_FAILED);
	assert_string_equal(restoring_row(f, id).error, "Cancelled");
}

/* DIV-13: neither holds the other up when one of the two ends badly. */
static void
DIV_13_a_safety_backup_and_its_restore_end_apart(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct restore_draft form = restoring_form(f, &s);
	struct restore_confirm button = restoring_button(f, &s, restoring_looked(f, &form));
	int64_t restore;
	struct lease l;
	struct err why;
	struct job j;

	/* The backup fails: the restore is claimed and can see that. */
	button.safety = true;
	OK(restores_confirm(&restore, f->db, &button, &f->e));
	l = fixture_claim(f);
	err_set(&why, ERR_FULL, "no room");
	OK(jobs_fail(f->db, &l, &why, &f->e));
	assert_int_equal(restoring_row(f, button.restore).state, RESTORE_PENDING);
	l = fixture_claim(f);
	assert_int_equal(l.job, restore);
	OK(jobs_by_id(&j, f->a, f->db, restore, &f->e));
	OK(jobs_by_id(&j, f->a, f->db, j.after, &f->e));
	assert_int_equal(j.state, JOB_FAILED);
	OK(jobs_fail(f->db, &l, &why, &f->e));
	/* The restore is cancelled: the backup goes on. */
	button.restore = restoring_looked(f, &form);
	OK(restores_confirm(&restore, f->db, &button, &f->e));
	OK(jobs_cancel(f->db, restore, &f->e));
	assert_int_equal(restoring_row(f, button.restore).state, RESTORE_FAILED);
	l = fixture_claim(f);
	fixture_finish(f, &l, restoring_row(f, button.restore).safety_backup);
	assert_int_equal(fixture_claim(f).job, 0);
}

/* An old fence, another kind of job and another restore's part write nothing. */
static void
only_the_holder_of_the_right_job_writes(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	int64_t id;
	struct lease l = begin(f, &s, &id), old = { l.job, l.fence - 1 };
	struct restore_part *p = restoring_rows(f, id), foreign = *p;

	REFUSED(ERR_FENCED, restores_part_moved(f->db, &old, p, &f->e));
	REFUSED(ERR_INTERNAL, restores_looked(f->db, &l, p, NULL, 0, &f->e));
	says(f, "is not one that may write this about a restore");
	REFUSED(ERR_INTERNAL, restores_previewed(f->db, &l, PREVIEW_OK, "", &f->e));
	REFUSED(ERR_INTERNAL, restores_undone(f->db, &l, &f->e));
	REFUSED(ERR_INTERNAL, restores_tidied(f->db, &l, &f->e));
	foreign.id = 99;
	REFUSED(ERR_INTERNAL, restores_part_moved(f->db, &l, &foreign, &f->e));
	REFUSED(ERR_INTERNAL,
	    restores_set_part_tables(f->db, &l, s.choices[0].part, NULL, 0, &f->e));
	assert_int_equal(restoring_row(f, id).state, RESTORE_PENDING);
	assert_int_equal(p->state, LANDING_WAITING);
}

/* NEW-6: a backup keeps the rows of its tables, and a second try counts anew. */
static void
NEW_6_a_part_keeps_the_rows_of_its_tables(void **state)
{
	static const struct table_count first[] = { { "public.b", 2 }, { "public.a", 1 } };
	static const struct table_count second[] = { { "public.a", 5 } };
	struct fixture *f = *state;
	struct backup_ids ids = fixture_request(f, 0, NULL), other;
	struct lease l = fixture_claim(f);
	int64_t part = restoring_part(f, ids.backup, "database");
	struct table_count *t;
	size_t n;

	OK(restores_set_part_tables(f->db, &l, part, first, 2, &f->e));
	OK(restores_part_tables(&t, &n, f->a, f->db, part, &f->e));
	assert_int_equal(n, 2);
	assert_string_equal(t[0].name, "public.a");
	assert_int_equal(t[1].rows, 2);
	OK(restores_set_part_tables(f->db, &l, part, second, 1, &f->e));
	OK(restores_part_tables(&t, &n, f->a, f->db, part, &f->e));
	assert_int_equal(n, 1);
	assert_int_equal(t[0].rows, 5);
	other = fixture_request(f, 0, NULL);
	REFUSED(ERR_INTERNAL, restores_set_part_tables(f->db, &l,
	    restoring_part(f, other.backup, "database"), second, 1, &f->e));
	says(f, "is not one that job j1 builds");
}

/* All tidy jobs ended so many seconds ago. */
static void
ended_ago(struct fixture *f, int seconds)
{
	fixture_do(f, arena_printf(f->a, "UPDATE job SET finished_at=%lld WHERE kind='tidy' AND"
	    " finished_at>0", (long long)(clock_now() - seconds * 1000LL)));
}

/* The app is up again whatever happened: a hook that is due is work left over. */
static void
a_hook_that_is_due_and_what_failed_are_tidied_once(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	int64_t id;
	struct lease l = begin(f, &s, &id);
	struct err why;
	struct job j;

	OK(restores_hook_due(f->db, &l, true, &f->e));
	assert_true(restoring_row(f, id).hook_due);
	assert_int_equal(tidies(f), 0);
	err_set(&why, ERR_INTERNAL, "the hook went wrong");
	OK(jobs_fail(f->db, &l, &why, &f->e));
	assert_true(restoring_row(f, id).hook_due);
	assert_int_equal(tidies(f), 1);
	assert_int_equal(tidies(f), 0);
	l = fixture_claim(f);
	OK(jobs_by_id(&j, f->a, f->db, l.job, &f->e));
	assert_int_equal(j.kind, JOB_TIDY);
	assert_int_equal(j.restore, id);
	assert_string_equal(j.requested_name, "system");
	assert_int_equal(fixture_number(f,
	    "SELECT count(*) FROM job_service WHERE running=1"), RESTORING_CHOICES);
	assert_int_equal(tidies(f), 0);
	/* One that failed is tried again, after a minute, then two, and so on up to an hour. */
	for (int minutes = 1, i = 0; i < 8; minutes = minutes < 32 ? 2 * minutes : 60, i++) {
		OK(jobs_fail(f->db, &l, &why, &f->e));
		assert_int_equal(restoring_row(f, id).state, RESTORE_FAILED);
		ended_ago(f, minutes * 60 - 5);
		assert_int_equal(tidies(f), 0);
		ended_ago(f, minutes * 60 + 5);
		assert_int_equal(tidies(f), 1);
		l = fixture_claim(f);
	}
	OK(restores_hook_due(f->db, &l, false, &f->e));
	OK(restores_tidied(f->db, &l, &f->e));
	assert_true(restoring_row(f, id).tidied_at > 0);
	assert_int_equal(restoring_rows(f, id)[0].state, LANDING_GONE);
	assert_int_equal(restoring_rows(f, id)[1].state, LANDING_GONE);
	assert_int_equal(tidies(f), 0);
}

static void
what_is_kept_for_the_undo_goes_when_its_time_has_passed(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	int64_t id, draft;
	struct lease l = begin(f, &s, &id);
	struct restore_draft form = restoring_form(f, &s);

	restoring_land(f, &l, id);
	assert_int_equal(tidies(f), 0);
	/* An undo that stopped the application and failed: the hook runs, the old stays. */
	fixture_do(f, "UPDATE restore SET hook_due=1");
	assert_int_equal(tidies(f), 1);
	l = fixture_claim(f);
	OK(restores_hook_due(f->db, &l, false, &f->e));
	OK(jobs_succeed(f->db, &l, 0, &f->e));
	assert_int_equal(restoring_rows(f, id)->state, LANDING_SWAPPED);
	assert_int_equal(tidies(f), 0);
	fixture_do(f, "UPDATE restore SET undo_until=1");
	assert_int_equal(tidies(f), 1);
	l = fixture_claim(f);
	OK(restores_tidied(f->db, &l, &f->e));
	assert_int_equal(restoring_rows(f, id)->kept_bytes, 0);
	assert_int_equal(restoring_row(f, id).state, RESTORE_DONE);
	/* A draft that nobody confirmed leaves no row behind but its look. */
	draft = restoring_looked(f, &form);
	assert_int_equal(tidies(f), 0);
	assert_int_equal(restoring_row(f, draft).state, RESTORE_DRAFT);
	fixture_do(f, "UPDATE restore SET created_at=1 WHERE state='draft'");
	assert_int_equal(tidies(f), 0);
	REFUSED(ERR_NOT_FOUND, restores_by_id(&(struct restore){ 0 }, f->a, f->db, draft, &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM restore_part"), 2);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
	assert_int_equal(fixture_number(f,
	    "SELECT count(*) FROM job WHERE kind='preview' AND restore IS NULL"), 1);
}

/* How many rows the statements of this connection walked over without an index. */
static int
scanned(const struct fixture *f)
{
	int n = 0;

	for (sqlite3_stmt *s = NULL; (s = sqlite3_next_stmt(f->db->handle, s)) != NULL;)
		n += sqlite3_stmt_status(s, SQLITE_STMTSTATUS_FULLSCAN_STEP, 0);
	return n;
}

/* PEER-25: thousands of restores later a page is as fast as on the first day. */
static void
PEER_25_restores_are_read_from_their_indexes(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct restore_filter filter = { .environment = s.environment, .limit = 50 };
	struct restore_draft form = restoring_form(f, &s);
	struct job_request rq = { s.environment, f->admin, NULL, false };
	struct restore *list;
	int64_t id, n, job;
	size_t count;

	fixture_do(f,
	    "INSERT INTO restore (uuid, backup, environment, mode, state, created_at,"
	    " confirmed_at, finished_at, tidied_at, safety) WITH RECURSIVE i(n) AS (SELECT 1 UNION"
	    " ALL SELECT n+1 FROM i WHERE n<5000) SELECT 'u'||n, 1, 2, 'replace', 'done', 1, 1, 1,"
	    " 1, 0 FROM i");
	fixture_do(f,
	    "INSERT INTO restore_part (restore, part, service, revision, tag, state) SELECT id, 1,"
	    " 3, 1, 't'||id, 'gone' FROM restore");
	id = restoring_done(f, &s, &form);
	sql_forget(f->db);
	OK(restores_list(&list, &count, f->a, f->db, &filter, &f->e));
	filter.after = 2500;
	OK(restores_list(&list, &count, f->a, f->db, &filter, &f->e));
	assert_int_equal(count, 50);
	filter.environment = 0;
	filter.backup = s.backup;
	OK(restores_list(&list, &count, f->a, f->db, &filter, &f->e));
	OK(restores_expected_ms(&n, f->db, s.database, &f->e));
	OK(restores_queue_tidy(&n, f->db, &f->e));
	OK(restores_undo(&job, f->db, &rq, id, &f->e));
	REFUSED(ERR_CONFLICT, backups_trash(f->db, restoring_row(f, id).safety_backup, &f->e));
	fixture_claim(f);
	assert_in_range(scanned(f), 0, 100);
	fixture_number(f, "SELECT count(*) FROM restore WHERE error='x'");
	assert_true(scanned(f) > 4000);
}

/* Once tidied no part tells any more whether some of what was to be added is there. */
static void
SET_10_an_addition_that_failed_keeps_whether_some_of_it_is_there(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct restore_draft form = restoring_form(f, &s);
	struct err why;

	form.mode = RESTORE_ADD;
	err_set(&why, ERR_BUSY, "somebody has it open");
	for (int swapped = 0; swapped < 2; swapped++) {
		int64_t id = restoring_looked(f, &form), ret;
		struct restore_confirm button = restoring_button(f, &s, id);
		struct restore_part *p;
		struct lease l;

		OK(restores_confirm(&ret, f->db, &button, &f->e));
		l = fixture_claim(f);
		p = restoring_rows(f, id);
		p[0].state = swapped == 1 ? LANDING_SWAPPING : LANDING_BUILT;
		OK(restores_part_moved(f->db, &l, &p[0], &f->e));
		OK(jobs_fail(f->db, &l, &why, &f->e));
		OK(restores_queue_tidy(&ret, f->db, &f->e));
		l = fixture_claim(f);
		/* What it keeps is looked after once, and again when its time is up. */
		OK(restores_kept(f->db, &l, clock_now() + 60000, 0, &f->e));
		OK(restores_queue_tidy(&ret, f->db, &f->e));
		assert_int_equal(ret, 0);
		fixture_do(f, "UPDATE restore SET undo_until=1 WHERE tidied_at=0");
		OK(restores_queue_tidy(&ret, f->db, &f->e));
		assert_int_equal(ret, 1);
		l = fixture_claim(f);
		OK(restores_tidied(f->db, &l, &f->e));
		assert_int_equal(restoring_row(f, id).landed_at > 0, swapped == 1);
	}
}

static char *
tag_of_draft(struct fixture *f, const struct restore_draft *form, int64_t *restore)
{
	struct restore_ids ids;
	struct restore_part *p;
	size_t n;

	OK(restores_draft(&ids, f->db, form, &f->e));
	OK(restores_parts(&p, &n, f->a, f->db, ids.restore, &f->e));
	*restore = ids.restore;
	return arena_dup(f->a, p->tag);
}

/* What a restore kept lies under its tag, and another catalogue does not know of it. */
static void
DIV_11_a_catalogue_that_counts_anew_on_the_same_day_makes_other_tags(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct restore_draft form = restoring_form(f, &s);
	const char *kept, *tag;
	int64_t first, second;

	form.job.key = "form-1";
	kept = tag_of_draft(f, &form, &first);
	fixture_do(f, "PRAGMA foreign_keys=OFF");
	fixture_do(f, "DELETE FROM restore_part");
	fixture_do(f, "DELETE FROM restore");
	fixture_do(f, "DELETE FROM job WHERE kind='preview'");
	fixture_do(f, "PRAGMA foreign_keys=ON");
	clock_sleep(1001);
	tag = tag_of_draft(f, &form, &second);
	assert_int_equal(first, second);
	assert_string_equal(strchr(tag, 'r'), strchr(kept, 'r'));
	assert_string_not_equal(tag, kept);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(
		    DIV_11_a_catalogue_that_counts_anew_on_the_same_day_makes_other_tags),
		FIXTURE_TEST(NEW_6_a_look_keeps_sizes_and_rows_of_the_target),
		FIXTURE_TEST(a_look_that_fails_or_is_cancelled_refuses_the_draft),
		FIXTURE_TEST(SET_13_a_restore_is_done_when_everything_has_landed),
		FIXTURE_TEST(NEW_6_the_expected_time_is_the_median_of_the_last_five),
		FIXTURE_TEST(lists_are_newest_first_by_target_and_by_backup),
		FIXTURE_TEST(SET_13_a_restore_fails_with_its_job_and_keeps_the_error),
		FIXTURE_TEST(SET_10_an_addition_that_failed_keeps_whether_some_of_it_is_there),
		FIXTURE_TEST(DIV_13_a_safety_backup_and_its_restore_end_apart),
		FIXTURE_TEST(only_the_holder_of_the_right_job_writes),
		FIXTURE_TEST(NEW_6_a_part_keeps_the_rows_of_its_tables),
		FIXTURE_TEST(a_hook_that_is_due_and_what_failed_are_tidied_once),
		FIXTURE_TEST(PEER_25_restores_are_read_from_their_indexes),
		FIXTURE_TEST(what_is_kept_for_the_undo_goes_when_its_time_has_passed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
