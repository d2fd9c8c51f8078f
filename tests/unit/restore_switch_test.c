/* restore_switch_test.c: what asking for a switch and a removal allows and refuses. */
#include "tests/unit/restoring.h"

static void
says(struct fixture *f, const char *text)
{
	if (strstr(f->e.text, text) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", text, f->e.text);
}

static void
make(struct fixture *f, const struct lease *l, struct restore_part *part)
{
	struct service s = { .id = part->service, .environment = 2, .slug = arena_printf(f->a,
	        "%s-r%d", part->target_slug, (int)part->restore),
		.name = part->target_name, .engine = ENGINE_FILES,
		.settings = { .roots = "/srv/beside" } }, of;

	OK(services_by_id(&of, f->a, f->db, part->service, &f->e));
	if (of.sealed != NULL) {
		s.sealed = "as it was read a while ago";
		s.sealed_size = 10;
	}
	OK(restores_made(f->db, l, part, &s, &f->e));
}

/* A whole backup beside shop/staging, not switched. */
static int64_t
beside(struct fixture *f, struct restoring *s)
{
	struct restore_draft form = restoring_form(f, s);
	struct restore_confirm button;
	struct restore_part *p;
	struct lease l;
	int64_t id, job;

	s->choices[1].choice = NULL;
	form.mode = RESTORE_NEW;
	id = restoring_looked(f, &form);
	button = restoring_button(f, s, id);
	button.safety = true;
	OK(restores_confirm(&job, f->db, &button, &f->e));
	l = fixture_claim(f);
	assert_int_equal(l.job, job);
	OK(restores_begin(f->db, &l, &f->e));
	p = restoring_rows(f, id);
	for (size_t i = 0; i < RESTORING_CHOICES; i++) {
		p[i].state = LANDING_BUILT;
		OK(restores_part_moved(f->db, &l, &p[i], &f->e));
		make(f, &l, &p[i]);
	}
	OK(restores_finish(f->db, &l, 0, RESTORE_ALWAYS, &f->e));
	return id;
}

static int
turn(struct fixture *f, const struct restoring *s, int64_t id, enum restore_turn to)
{
	struct job_request rq = { s->environment, f->admin, NULL, true };
	int64_t job;

	return restores_switch(&job, f->db, &rq, id, to, &f->e);
}

static void
move_all(struct fixture *f, const struct lease *l, int64_t id, enum landing state)
{
	struct restore_part *p = restoring_rows(f, id);

	for (size_t i = 0; i < RESTORING_CHOICES; i++) {
		p[i].state = state;
		OK(restores_part_moved(f->db, l, &p[i], &f->e));
	}
}

static void
turned(struct fixture *f, const struct restoring *s, int64_t id, enum restore_turn to)
{
	struct lease l;

	OK(turn(f, s, id, to));
	l = fixture_claim(f);
	move_all(f, &l, id, to == TURN_IN ? LANDING_SWAPPED : LANDING_BUILT);
	OK(restores_switched(f->db, &l, 0, &f->e));
}

static int64_t
due(struct fixture *f)
{
	int64_t n;

	OK(restores_queue_tidy(&n, f->db, &f->e));
	return n;
}

static size_t
listed(struct fixture *f, int64_t environment)
{
	struct service *list;
	size_t n;

	OK(services_list(&list, &n, f->a, f->db, environment, &f->e));
	return n;
}

/* SET-15: beside, in, out and in again; nothing of it has an end of its own. */
static void
SET_15_a_new_service_is_switched_there_and_back(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	int64_t id = beside(f, &s);
	struct restore r = restoring_row(f, id);
	enum restore_way way;

	assert_int_equal(r.state, RESTORE_DONE);
	assert_int_equal(r.landed_at, 0);
	/* What overwrites nothing needs no safety backup. */
	assert_int_equal(r.safety_backup, 0);
	assert_false(r.safety);
	OK(restores_way_back(&way, f->db, &r, &f->e));
	assert_int_equal(way, WAY_NONE);
	assert_int_equal(listed(f, s.environment), 4);
	for (int i = 0; i < 2; i++) {
		turned(f, &s, id, TURN_IN);
		assert_true(restoring_row(f, id).landed_at > 0);
		REFUSED(ERR_CONFLICT, turn(f, &s, id, TURN_IN));
		says(f, "shop/staging uses what r1 brought already");
		assert_int_equal(due(f), 0);
		turned(f, &s, id, TURN_OUT);
		assert_int_equal(restoring_row(f, id).landed_at, 0);
		REFUSED(ERR_CONFLICT, turn(f, &s, id, TURN_OUT));
		says(f, "uses what it had before r1 already");
		assert_int_equal(due(f), 0);
	}
}

/* SET-15: its service is made once, and led elsewhere later. */
static void
SET_15_the_service_of_what_is_not_in_use_is_one(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	int64_t id = beside(f, &s), made = restoring_rows(f, id)[1].made;
	struct restore_part part = restoring_rows(f, id)[1];
	struct service again = { .name = "Media (before r1)", .engine = ENGINE_FILES,
		.settings = { .roots = "/srv/old" } }, row;
	struct lease l, other;

	OK(turn(f, &s, id, TURN_IN));
	l = fixture_claim(f);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job_service WHERE running=1"), 4);
	OK(restores_made(f->db, &l, &part, &again, &f->e));
	assert_int_equal(part.made, made);
	OK(services_by_id(&row, f->a, f->db, made, &f->e));
	assert_string_equal(row.settings.roots, "/srv/old");
	assert_string_equal(row.name, "Media (before r1)");
	assert_int_equal(row.made_by, id);
	assert_int_equal(listed(f, s.environment), 4);
	/* Nobody else's lease, and no half of it. */
	REFUSED(ERR_INTERNAL, restores_switched(f->db, &l, 0, &f->e));
	other = l;
	other.fence++;
	REFUSED(ERR_FENCED, restores_made(f->db, &other, &part, &again, &f->e));
	part.restore = 99;
	REFUSED(ERR_INTERNAL, restores_made(f->db, &l, &part, &again, &f->e));
}

/* SET-15, T62: the key may have been changed since the job has read the secret. */
static void
SET_15_T62_the_service_that_is_made_has_the_secret_as_it_is_by_now(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);

	fixture_do(f, "UPDATE service SET sealed=x'c0ffee' WHERE environment=2 AND id="
	    "(SELECT max(id) FROM service WHERE environment=2)");
	beside(f, &s);
	assert_int_equal(fixture_number(f,
	    "SELECT count(*) FROM service WHERE sealed=x'c0ffee'"), 2);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM service WHERE sealed IS NULL"), 4);
}

/* SET-15: what is not in use goes for good, with its service. */
static void
SET_15_what_is_not_in_use_can_be_removed(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	int64_t id = beside(f, &s), job, same;
	struct job_request rq = { s.environment, f->admin, NULL, true };
	struct service row;
	struct lease l;

	turned(f, &s, id, TURN_IN);
	OK(restores_remove(&job, f->db, &rq, id, &f->e));
	OK(restores_remove(&same, f->db, &rq, id, &f->e));
	assert_int_equal(job, same);
	REFUSED(ERR_CONFLICT, turn(f, &s, id, TURN_OUT));
	says(f, "what lay beside the service by r1 was removed");
	assert_int_equal(due(f), 0);
	l = fixture_claim(f);
	assert_int_equal(l.job, job);
	OK(restores_tidied(f->db, &l, &f->e));
	assert_int_equal(listed(f, s.environment), 2);
	OK(services_by_id(&row, f->a, f->db, restoring_rows(f, id)[0].made, &f->e));
	assert_true(row.removed_at > 0);
	assert_null(row.sealed);
	REFUSED(ERR_NOT_FOUND, services_by_slug(&row, f->a, f->db,
	    &(struct environment){ .id = s.environment }, "media-r1", &f->e));
}

/* SET-15: only the whole of a part, and never into what lies beside another. */
static void
SET_15_a_new_service_holds_the_whole_and_is_no_target(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct restore_draft form = restoring_form(f, &s);
	struct restore_ids ids;
	int64_t id;

	form.mode = RESTORE_NEW;
	REFUSED(ERR_INPUT, restores_draft(&ids, f->db, &form, &f->e));
	says(f, "a new service holds the whole of a part");
	id = beside(f, &s);
	form.mode = RESTORE_REPLACE;
	s.choices[1].service = restoring_rows(f, id)[1].made;
	REFUSED(ERR_INPUT, restores_draft(&ids, f->db, &form, &f->e));
	says(f, "Media is what lies beside another service, by restore r1");
}

/* Not only when all of it was built. */
static void
SET_15_a_new_service_whose_name_cannot_be_is_refused_at_once(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct restore_draft form = restoring_form(f, &s);
	struct restore_confirm button;
	struct restore_ids ids;
	int64_t job;

	form.mode = RESTORE_NEW;
	s.choices[1].choice = NULL;
	fixture_do(f, "UPDATE service SET slug='media-0123456789-0123456789-0123456789' WHERE"
	              " id=4");
	REFUSED(ERR_CONFLICT, restores_draft(&ids, f->db, &form, &f->e));
	says(f, "the new service beside Media would be called");
	says(f, "media-0123456789-0123456789-0123456789-r1, and a name in addresses has at most"
	    " 40");
	/* Forty are not too many, and elsewhere such a name is in nobody's way. */
	fixture_do(f, "UPDATE service SET slug='media-0123456789-0123456789-012345678' WHERE"
	              " id=4");
	fixture_do(f, "UPDATE service SET slug='database-r1' WHERE id=1");
	button = restoring_button(f, &s, restoring_looked(f, &form));
	fixture_do(f, "UPDATE service SET slug='media-r1' WHERE id=3");
	fixture_do(f, "UPDATE service SET slug='media' WHERE id=4");
	REFUSED(ERR_CONFLICT, restores_confirm(&job, f->db, &button, &f->e));
	says(f, "the new service beside Media would be called media-r1, and there is or was one");
	fixture_do(f, "UPDATE service SET slug='database' WHERE id=3");
	OK(restores_confirm(&job, f->db, &button, &f->e));
}

static void
SET_15_a_switch_is_refused_where_it_would_go_wrong(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct restore_draft form = restoring_form(f, &s);
	int64_t replaced = restoring_done(f, &s, &form), id = beside(f, &s), job;
	struct job_request rq = { s.environment, f->admin, NULL, true };
	struct backup_ids ids;
	struct lease l;

	REFUSED(ERR_CONFLICT, turn(f, &s, replaced, TURN_IN));
	says(f, "r1 has made no new service");
	REFUSED(ERR_CONFLICT, restores_remove(&job, f->db, &rq, replaced, &f->e));
	REFUSED(ERR_CONFLICT, restores_undo(&job, f->db, &rq, id, &f->e));
	says(f, "r2 made a new service: switch back");
	fixture_do(f, "UPDATE environment SET paused=1 WHERE id=2");
	REFUSED(ERR_CONFLICT, turn(f, &s, id, TURN_IN));
	says(f, "shop/staging is paused");
	REFUSED(ERR_CONFLICT, restores_remove(&job, f->db, &rq, id, &f->e));
	says(f, "shop/staging is paused");
	fixture_do(f, "UPDATE environment SET paused=0");
	/* A backup of what lies beside. */
	OK(backups_request(&ids, f->db,
	    &(struct backup_request){ .job = { s.environment, 0, NULL, false },
	        .kind = BACKUP_ON_DEMAND, .services = &restoring_rows(f, id)[1].made,
	        .service_count = 1 }, &f->e));
	l = fixture_claim(f);
	REFUSED(ERR_CONFLICT, turn(f, &s, id, TURN_IN));
	says(f, "works on media-r2 of shop/staging; wait for it");
	fixture_finish(f, &l, ids.backup);
	/* The service leads elsewhere now. */
	fixture_do(f, "UPDATE service SET revision=revision+1 WHERE slug='media'");
	REFUSED(ERR_CONFLICT, turn(f, &s, id, TURN_IN));
	says(f, "Media of shop/staging has changed since it was built");
	fixture_do(f, "UPDATE service SET revision=revision-1 WHERE slug='media'");
	/* The latest first: an undo would take what was switched in for what it has replaced. */
	turned(f, &s, id, TURN_IN);
	REFUSED(ERR_CONFLICT, restores_undo(&job, f->db, &rq, replaced, &f->e));
	says(f, "shop/staging was switched to r2 after r1; switch r2 back first");
	replaced = restoring_done(f, &s, &form);
	REFUSED(ERR_CONFLICT, turn(f, &s, id, TURN_OUT));
	says(f, "r3 was restored into shop/staging after r2; undo r3 first");
	/* Once it keeps nothing, nothing is in the way. */
	fixture_do(f, "UPDATE restore_part SET state='gone' WHERE restore=3");
	fixture_do(f, "UPDATE restore SET tidied_at=9 WHERE id=3");
	OK(turn(f, &s, id, TURN_OUT));
}

/* SET-15: what ended between two parts is put right before anything else happens there. */
static void
SET_15_a_switch_that_ended_halfway_is_due_for_tidying(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct restore_draft form = restoring_form(f, &s);
	int64_t id = beside(f, &s), other = restoring_looked(f, &form), job;
	struct restore_confirm button = restoring_button(f, &s, other);
	struct restore_part *p = restoring_rows(f, id);
	struct err why;
	struct lease l;

	OK(turn(f, &s, id, TURN_IN));
	REFUSED(ERR_CONFLICT, turn(f, &s, id, TURN_IN));
	says(f, "r1 is being switched in shop/staging; wait for it");
	l = fixture_claim(f);
	p[0].state = LANDING_SWAPPED;
	OK(restores_part_moved(f->db, &l, &p[0], &f->e));
	err_set(&why, ERR_BUSY, "somebody has it open");
	OK(jobs_fail(f->db, &l, &why, &f->e));
	assert_int_equal(restoring_row(f, id).state, RESTORE_DONE);
	REFUSED(ERR_CONFLICT, turn(f, &s, id, TURN_IN));
	says(f, "r1 ended halfway in shop/staging and is being put right");
	REFUSED(ERR_CONFLICT, restores_confirm(&job, f->db, &button, &f->e));
	assert_int_equal(due(f), 1);
	l = fixture_claim(f);
	p[0].state = LANDING_BUILT;
	OK(restores_part_moved(f->db, &l, &p[0], &f->e));
	OK(jobs_succeed(f->db, &l, 0, &f->e));
	assert_int_equal(due(f), 0);
	OK(turn(f, &s, id, TURN_IN));
}

/* The same form sent twice is one switch. */
static void
T33_a_switch_sent_twice_is_one_job(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	int64_t id = beside(f, &s), first, second;
	struct job_request rq = { s.environment, f->admin, "k1", true };
	struct job_request elsewhere = { f->environment, f->admin, NULL, true };

	OK(restores_switch(&first, f->db, &rq, id, TURN_IN, &f->e));
	OK(restores_switch(&second, f->db, &rq, id, TURN_IN, &f->e));
	assert_int_equal(first, second);
	REFUSED(ERR_CONFLICT, restores_remove(&second, f->db, &rq, id, &f->e));
	REFUSED(ERR_NOT_FOUND,
	    restores_switch(&second, f->db, &elsewhere, id, TURN_IN, &f->e));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(SET_15_a_new_service_is_switched_there_and_back),
		FIXTURE_TEST(SET_15_the_service_of_what_is_not_in_use_is_one),
		FIXTURE_TEST(SET_15_T62_the_service_that_is_made_has_the_secret_as_it_is_by_now),
		FIXTURE_TEST(SET_15_what_is_not_in_use_can_be_removed),
		FIXTURE_TEST(SET_15_a_new_service_holds_the_whole_and_is_no_target),
		FIXTURE_TEST(SET_15_a_new_service_whose_name_cannot_be_is_refused_at_once),
		FIXTURE_TEST(SET_15_a_switch_is_refused_where_it_would_go_wrong),
		FIXTURE_TEST(SET_15_a_switch_that_ended_halfway_is_due_for_tidying),
		FIXTURE_TEST(T33_a_switch_sent_twice_is_one_job),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
