/* restore_undo_test.c: the way back from a restore, and what must be true of all of them. */
#include "tests/unit/restoring.h"

#include "lib/store/invariants.h"

static void
says(struct fixture *f, const char *text)
{
	if (strstr(f->e.text, text) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", text, f->e.text);
}

static enum restore_way
way(struct fixture *f, int64_t id)
{
	struct restore r = restoring_row(f, id);
	enum restore_way ret = WAY_NONE;

	OK(restores_way_back(&ret, f->db, &r, &f->e));
	return ret;
}

static void
refused(struct fixture *f, const struct restoring *s, int64_t id, const char *text)
{
	struct job_request rq = { s->environment, f->admin, NULL, true };
	int64_t job;

	REFUSED(ERR_CONFLICT, restores_undo(&job, f->db, &rq, id, &f->e));
	says(f, text);
}

static struct lease
undo(struct fixture *f, const struct restoring *s, int64_t id)
{
	struct job_request rq = { s->environment, f->admin, NULL, true };
	struct lease l;
	int64_t job, again;

	OK(restores_undo(&job, f->db, &rq, id, &f->e));
	OK(restores_undo(&again, f->db, &rq, id, &f->e));
	assert_int_equal(again, job);
	assert_int_equal(restoring_row(f, id).undo_job, job);
	l = fixture_claim(f);
	assert_int_equal(l.job, job);
	return l;
}

static void
move_all(struct fixture *f, const struct lease *l, int64_t restore, enum landing to)
{
	struct restore_part *p;
	size_t n;

	OK(restores_parts(&p, &n, f->a, f->db, restore, &f->e));
	for (size_t i = 0; i < n; i++) {
		p[i].state = to;
		OK(restores_part_moved(f->db, l, &p[i], &f->e));
	}
}

/* T34: by what was kept, once, and what the undo put aside is then tidied. */
static void
T34_an_undo_takes_the_kept_old_and_only_once(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct restore_draft form = restoring_form(f, &s);
	int64_t id = restoring_done(f, &s, &form), n;
	struct lease l;
	struct job j;

	assert_int_equal(way(f, id), WAY_SWAP);
	l = undo(f, &s, id);
	OK(jobs_by_id(&j, f->a, f->db, l.job, &f->e));
	assert_int_equal(j.kind, JOB_UNDO);
	assert_int_equal(j.backup, 0);
	assert_true(j.mail_when_done);
	assert_int_equal(fixture_number(f,
	    "SELECT count(*) FROM job_service WHERE running=1"), RESTORING_CHOICES);
	/* The time passes while it works: what it needs is not taken away. */
	fixture_do(f, "UPDATE restore SET undo_until=1");
	assert_int_equal(way(f, id), WAY_SWAP);
	OK(restores_queue_tidy(&n, f->db, &f->e));
	assert_int_equal(n, 0);
	move_all(f, &l, id, LANDING_BUILT);
	OK(restores_undone(f->db, &l, &f->e));
	assert_int_equal(restoring_row(f, id).state, RESTORE_UNDONE);
	assert_true(restoring_row(f, id).undone_at > 0);
	assert_int_equal(way(f, id), WAY_NONE);
	refused(f, &s, id, "r1 was undone already");
	OK(restores_queue_tidy(&n, f->db, &f->e));
	assert_int_equal(n, 1);
}

/* T34: when the old is gone, or a restore added to what was there, the safety backup is the way. */
static void
T34_without_the_kept_old_the_safety_backup_is_the_way(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct restore_draft form = restoring_form(f, &s);
	int64_t id = restoring_done(f, &s, &form);
	struct lease l;
	struct job j;

	fixture_do(f, "UPDATE restore SET undo_until=1");
	assert_int_equal(way(f, id), WAY_SAFETY);
	fixture_do(f, "UPDATE restore SET undo_until=9999999999999, mode='add'");
	assert_int_equal(way(f, id), WAY_SAFETY);
	fixture_do(f, "UPDATE restore SET mode='replace'");
	fixture_do(f, "UPDATE restore_part SET state='gone' WHERE id=2");
	assert_int_equal(way(f, id), WAY_SAFETY);
	fixture_do(f, "UPDATE backup SET health='damaged' WHERE kind='safety'");
	assert_int_equal(way(f, id), WAY_NONE);
	refused(f, &s, id, "the time to undo r1 has passed: what it replaced is not kept any more");
	fixture_do(f, "UPDATE backup SET health='good'");
	/* What was not there yet is not in it, so all of one time cannot come back. */
	fixture_do(f, "UPDATE restore_part SET service=1 WHERE id=1");
	assert_int_equal(way(f, id), WAY_NONE);
	fixture_do(f, arena_printf(f->a, "UPDATE restore_part SET service=%d WHERE id=1",
	    (int)s.database));
	l = undo(f, &s, id);
	OK(jobs_by_id(&j, f->a, f->db, l.job, &f->e));
	assert_int_equal(j.backup, restoring_row(f, id).safety_backup);
	/* SET-5: it is read from now, so it stays. */
	fixture_do(f, "UPDATE restore SET undo_until=1");
	REFUSED(ERR_CONFLICT, backups_trash(f->db, j.backup, &f->e));
}

static void
what_has_not_landed_or_is_in_use_cannot_be_undone(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct restore_draft form = restoring_form(f, &s);
	int64_t id = restoring_looked(f, &form), ret;
	struct restore_confirm button = restoring_button(f, &s, id);
	struct job_request elsewhere = { f->environment, f->admin, NULL, false };
	struct backup_ids ids;
	struct lease l;
	struct err why;

	assert_int_equal(way(f, id), WAY_NONE);
	refused(f, &s, id, "r1 has not been restored yet");
	OK(restores_confirm(&ret, f->db, &button, &f->e));
	refused(f, &s, id, "r1 has not been restored yet");
	l = fixture_claim(f);
	err_set(&why, ERR_INPUT, "no");
	OK(jobs_fail(f->db, &l, &why, &f->e));
	refused(f, &s, id, "r1 has failed, so there is nothing to undo");
	id = restoring_done(f, &s, &form);
	REFUSED(ERR_NOT_FOUND, restores_undo(&ret, f->db, &elsewhere, id, &f->e));
	/* Nothing is queued for what is paused. */
	fixture_do(f, "UPDATE environment SET paused=1 WHERE id=2");
	refused(f, &s, id, "shop/staging is paused; make it active in its settings first");
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job WHERE kind='undo'"), 0);
	fixture_do(f, "UPDATE environment SET paused=0");
	/* A job that has one of its services. */
	OK(backups_request(&ids, f->db,
	    &(struct backup_request){ .job = { s.environment, 0, NULL, false },
		.kind = BACKUP_ON_DEMAND,
		.note = NULL, .services = &s.media, .service_count = 1 }, &f->e));
	l = fixture_claim(f);
	refused(f, &s, id, arena_printf(f->a, "j%d works on media of shop/staging; wait for it",
	    (int)ids.job));
	fixture_finish(f, &l, ids.backup);
	/* Another restore that waits for the same target. */
	button.restore = restoring_looked(f, &form);
	OK(restores_confirm(&ret, f->db, &button, &f->e));
	refused(f, &s, id, "r3 is being restored into shop/staging; wait for it or cancel it");
	OK(jobs_cancel(f->db, ret, &f->e));
	undo(f, &s, id);
}

/* What came later would be lost with an earlier undo. */
static void
restores_are_undone_from_the_latest_on(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct restore_draft form = restoring_form(f, &s);
	int64_t first = restoring_done(f, &s, &form), second;
	struct lease l;

	form.choice_count = 1;
	second = restoring_done(f, &s, &form);
	refused(f, &s, first, "r2 was restored into shop/staging after r1; undo r2 first");
	/* Nobody is sent where there is no way. */
	fixture_do(f, "UPDATE restore SET mode='add', safety=0, safety_backup=NULL WHERE id=2");
	refused(f, &s, first, "r2 was restored into shop/staging after r1 and has no way back"
	    " itself; restore the safety backup b2 to go back to before r1");
	fixture_do(f, "UPDATE restore SET mode='replace' WHERE id=2");
	l = undo(f, &s, second);
	OK(restores_undone(f->db, &l, &f->e));
	l = undo(f, &s, first);
	OK(restores_undone(f->db, &l, &f->e));
	assert_int_equal(restoring_row(f, first).state, RESTORE_UNDONE);
}

/* An undo that fails leaves the restore done, so that it can be asked for again. */
static void
an_undo_that_fails_can_be_tried_again(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct restore_draft form = restoring_form(f, &s);
	int64_t id = restoring_done(f, &s, &form);
	struct lease l = undo(f, &s, id);
	struct err why;

	err_set(&why, ERR_BUSY, "somebody has it open");
	OK(jobs_fail(f->db, &l, &why, &f->e));
	assert_int_equal(restoring_row(f, id).state, RESTORE_DONE);
	assert_null(restoring_row(f, id).error);
	l = undo(f, &s, id);
	OK(restores_undone(f->db, &l, &f->e));
}

/* An undo that ended between two switches: both ways stay open to it, others wait. */
static void
T32_what_ended_halfway_is_put_right_before_anything_else_lands_there(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct restore_draft form = restoring_form(f, &s);
	int64_t id = restoring_done(f, &s, &form), other = restoring_looked(f, &form), n, job;
	struct restore_confirm button = restoring_button(f, &s, other);
	struct lease l = undo(f, &s, id);
	struct restore_part *p = restoring_rows(f, id);
	struct err why;

	p[1].state = LANDING_BUILT;
	OK(restores_part_moved(f->db, &l, &p[1], &f->e));
	err_set(&why, ERR_BUSY, "somebody has it open");
	OK(jobs_fail(f->db, &l, &why, &f->e));
	assert_int_equal(way(f, id), WAY_SWAP);
	REFUSED(ERR_CONFLICT, restores_confirm(&job, f->db, &button, &f->e));
	says(f, "r1 ended halfway in shop/staging and is being put right; wait until that is done");
	OK(restores_queue_tidy(&n, f->db, &f->e));
	assert_int_equal(n, 1);
	l = fixture_claim(f);
	p[1].state = LANDING_SWAPPED;
	OK(restores_part_moved(f->db, &l, &p[1], &f->e));
	OK(jobs_succeed(f->db, &l, 0, &f->e));
	OK(restores_queue_tidy(&n, f->db, &f->e));
	assert_int_equal(n, 0);
	OK(restores_confirm(&job, f->db, &button, &f->e));
	/* So does a restore that failed between two switches. */
	l = fixture_claim(f);
	p = restoring_rows(f, other);
	p[0].state = LANDING_SWAPPED;
	OK(restores_part_moved(f->db, &l, &p[0], &f->e));
	OK(jobs_fail(f->db, &l, &why, &f->e));
	refused(f, &s, id, "r2 ended halfway in shop/staging");
	OK(restores_queue_tidy(&n, f->db, &f->e));
	assert_int_equal(n, 1);
	l = fixture_claim(f);
	OK(restores_tidied(f->db, &l, &f->e));
	undo(f, &s, id);
}

static size_t
faults(const char ***ret, struct fixture *f)
{
	size_t n;

	OK(invariants_check(ret, &n, f->a, f->db, &f->e));
	return n;
}

static bool
found(struct fixture *f, const char *text)
{
	const char **list;
	size_t n = faults(&list, f);

	for (size_t i = 0; i < n; i++)
		if (strstr(list[i], text) != NULL)
			return true;
	return false;
}

/* A restore of each state, and no fault to be found. */
static void
fill(struct fixture *f, const struct restoring *s)
{
	struct restore_draft form = restoring_form(f, s);
	struct restore_confirm button = { .restore = 0 };
	const char **list;
	int64_t job;
	struct lease l;
	struct err why;

	/* r1 undone, r2 failed, r3 done, r4 pending, r5 a draft. */
	restoring_done(f, s, &form);
	l = undo(f, s, 1);
	move_all(f, &l, 1, LANDING_BUILT);
	OK(restores_undone(f->db, &l, &f->e));
	button = restoring_button(f, s, restoring_looked(f, &form));
	OK(restores_confirm(&job, f->db, &button, &f->e));
	l = fixture_claim(f);
	err_set(&why, ERR_INPUT, "no");
	OK(jobs_fail(f->db, &l, &why, &f->e));
	restoring_done(f, s, &form);
	button.restore = restoring_looked(f, &form);
	assert_int_equal(restoring_looked(f, &form), 5);
	button.safety = true;
	OK(restores_confirm(&job, f->db, &button, &f->e));
	if (faults(&list, f) > 0)
		fail_msg("%s", list[0]);
}

/* Every fact about restores, broken on purpose. */
static void
every_broken_fact_about_restores_is_found(void **state)
{
	static const struct { const char *spoil, *says;
	} broken[] = {
		{ "UPDATE job SET restore=NULL WHERE restore=3 AND kind='restore'",
		    "is a restore job of nothing" },
		{ "UPDATE job SET restore=NULL WHERE kind='undo'", "is a undo job of nothing" },
		{ "UPDATE job SET restore=NULL, state='queued', finished_at=0 WHERE kind='preview'"
		  " AND restore=5", "is a preview job of nothing" },
		{ "UPDATE job SET kind='test', backup=NULL WHERE kind='preview' AND restore=5",
		    "is a test job of nothing" },
		{ "UPDATE job SET state='cancelled', finished_at=9 WHERE restore=4 AND"
		  " kind='restore'", "r4 is pending with 0 jobs that restore it" },
		{ "UPDATE restore SET state='failed', error='x' WHERE id=4",
		    "r4 is failed but j" },
		{ "UPDATE job SET state='cancelled' WHERE restore=3 AND kind='restore'",
		    "r3 is done but no job restored it" },
		{ "UPDATE restore SET state='failed', error='x' WHERE id=3",
		    "r3 is failed but j" },
		{ "UPDATE job SET kind='tidy' WHERE restore=5",
		    "r5 was never confirmed but j" },
		{ "DELETE FROM restore_part WHERE restore=2", "r2 is failed but has no parts" },
		{ "UPDATE restore_part SET part=3 WHERE restore=5 AND part=1",
		    "r5 takes a part that is not of b1" },
		{ "UPDATE restore_part SET service=1 WHERE restore=5 AND part=1",
		    "r5 goes into database of another environment" },
		{ "UPDATE restore SET safety_backup=NULL WHERE id=3",
		    "r3 was to have a safety backup but has none" },
		{ "UPDATE restore SET safety_backup=1 WHERE id=3",
		    "r3 was to have a safety backup but has none" },
		{ "UPDATE restore_part SET state='built' WHERE restore=5 AND service=3",
		    "r5 is draft but its database is built" },
		{ "UPDATE restore_part SET state='built' WHERE restore=3 AND service=4",
		    "r3 is done but its media is built" },
		{ "UPDATE restore_part SET state='swapping' WHERE restore=1 AND service=4",
		    "r1 is undone but its media is swapping" },
		{ "UPDATE restore SET tidied_at=9 WHERE id=3",
		    "r3 is done but its database is swapped" },
		{ "UPDATE restore_part SET tag='same'", "two restores have the tag same" },
	};
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);

	fill(f, &s);
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		CLEANUP_TXN struct sql_txn t = { NULL };

		OK(sql_begin(&t, f->db, &f->e));
		OK(sql_run(NULL, f->db, broken[i].spoil, SQL_NO_ARGS, &f->e));
		if (!found(f, broken[i].says))
			fail_msg("%s: nothing says \"%s\"", broken[i].spoil, broken[i].says);
	}
	/* Parts on their way in an undo are no fault. */
	fixture_do(f, "UPDATE restore_part SET state='built' WHERE restore=3 AND service=4");
	assert_true(found(f, "r3 is done but its media is built"));
	fixture_do(f, "UPDATE job SET kind='undo', restore=3, state='queued', finished_at=0 WHERE"
	              " restore=5");
	assert_false(found(f, "r3 is done but its media is built"));
}

/* T33: what leads elsewhere by now is not undone, neither by the kept old nor from the safety
 * backup. */
static void
T33_a_service_that_was_edited_since_is_not_undone(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct restore_draft form = restoring_form(f, &s);
	int64_t id = restoring_done(f, &s, &form);

	assert_int_equal(way(f, id), WAY_SWAP);
	fixture_do(f, "UPDATE service SET revision=revision+1");
	refused(f, &s, id, "so an undo might go elsewhere");
	fixture_do(f, "UPDATE service SET revision=revision-1");
	undo(f, &s, id);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(T34_an_undo_takes_the_kept_old_and_only_once),
		FIXTURE_TEST(T34_without_the_kept_old_the_safety_backup_is_the_way),
		FIXTURE_TEST(what_has_not_landed_or_is_in_use_cannot_be_undone),
		FIXTURE_TEST(T33_a_service_that_was_edited_since_is_not_undone),
		FIXTURE_TEST(restores_are_undone_from_the_latest_on),
		FIXTURE_TEST(an_undo_that_fails_can_be_tried_again),
		FIXTURE_TEST(T32_what_ended_halfway_is_put_right_before_anything_else_lands_there),
		FIXTURE_TEST(every_broken_fact_about_restores_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
