/* switch_halfway_test.c: new services that are made, switched, killed in between, and removed. */
#include "tests/unit/halfway.h"

static int
ask_switch(struct scene *s, enum restore_turn to)
{
	struct fixture *f = &s->h.f;
	struct job_request rq = { .environment = f->environment, .requested_by = f->admin };
	int64_t job;

	return restores_switch(&job, f->db, &rq, s->restore, to, &f->e);
}

static void
switched(struct scene *s, enum restore_turn to)
{
	struct fixture *f = &s->h.f;

	OK(ask_switch(s, to));
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
}

static void
ask_remove(struct scene *s)
{
	struct fixture *f = &s->h.f;
	struct job_request rq = { .environment = f->environment, .requested_by = f->admin };
	int64_t job;

	OK(restores_remove(&job, f->db, &rq, s->restore, &f->e));
}

/* The service of what is not in use, beside this one. */
static struct service
other(struct scene *s, int64_t service)
{
	struct fixture *f = &s->h.f;
	struct restore_part *parts;
	struct service made = { .id = 0 };
	size_t n;

	OK(restores_parts(&parts, &n, f->a, f->db, s->restore, &f->e));
	for (size_t i = 0; i < n; i++)
		if (parts[i].service == service)
			OK(services_by_id(&made, f->a, f->db, parts[i].made, &f->e));
	assert_true(made.id != 0);
	return made;
}

/* What a.txt says in the folder that is not in use. */
static const char *
text_of(struct scene *s, int64_t service)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct fixture *f = &s->h.f;

	OK(fd_read_file(&text, arena_printf(f->a, "%s/a.txt", other(s, service).settings.roots),
	    1000, &f->e));
	return arena_dupn(f->a, text.p, text.n);
}

#define BESIDE_IS(s, text) do { \
	assert_string_equal(text_of(s, (s)->first), text); \
	assert_string_equal(text_of(s, (s)->pages), text); \
} while (0)

/* A whole backup beside what is there. */
static void
beside_it(struct scene *s)
{
	confirmed(s, RESTORE_NEW, false);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
}

/* SET-15, SET-11: nothing changes until somebody switches, and every switch can be taken back. */
static void
SET_15_a_new_service_is_switched_there_and_back(void **state)
{
	struct scene *s = *state;

	beside_it(s);
	IS_OLD(s);
	BESIDE_IS(s, "restored");
	assert_string_equal(other(s, s->pages).slug, "pages-r1");
	assert_string_equal(other(s, s->pages).name, "Pages (from r1)");
	assert_int_equal(queue_tidy(s), 0);
	switched(s, TURN_IN);
	IS_NEW(s);
	BESIDE_IS(s, "was there");
	assert_string_equal(other(s, s->pages).name, "Pages (before r1)");
	/* What is written into the one is not lost when the other is in use. */
	write_both(s, "later");
	switched(s, TURN_OUT);
	IS_OLD(s);
	BESIDE_IS(s, "later");
	switched(s, TURN_IN);
	BOTH_ARE(s, "later");
	assert_int_equal(queue_tidy(s), 0);
}

/* SET-15: what is not in use is a service like any other: it can be backed up. */
static void
SET_15_what_lies_beside_can_be_backed_up(void **state)
{
	struct scene *s = *state;
	struct fixture *f = &s->h.f;
	struct backup_request rq = { .job = { f->environment, f->admin, NULL, false },
		.kind = BACKUP_ON_DEMAND,
		.note = "", .services = NULL, .service_count = 1 };
	struct backup_ids ids;
	int64_t made;

	beside_it(s);
	made = other(s, s->pages).id;
	rq.services = &made;
	OK(backups_request(&ids, f->db, &rq, &f->e));
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	assert_int_equal(home_backup_row(&s->h, ids.backup).raw_bytes > 0, 1);
}

static void
SET_15_what_is_not_in_use_is_removed_for_good(void **state)
{
	struct scene *s = *state;
	struct fixture *f = &s->h.f;
	struct service *list;
	size_t n;

	beside_it(s);
	switched(s, TURN_IN);
	ask_remove(s);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	assert_int_equal(beside(s), 0);
	IS_NEW(s);
	OK(services_list(&list, &n, f->a, f->db, f->environment, &f->e));
	for (size_t i = 0; i < n; i++)
		assert_int_equal(list[i].made_by, 0);
	REFUSED(ERR_CONFLICT, ask_switch(s, TURN_OUT));
	assert_int_equal(queue_tidy(s), 0);
}

/* What stays at another place is told; nothing of it had ended halfway. */
static void
SET_15_what_lies_at_another_place_is_told_and_left(void **state)
{
	struct scene *s = *state;
	size_t there;

	beside_it(s);
	there = beside(s);
	rename_media(s, "away");
	ask_remove(s);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	assert_true(told(s, home_path(&s->h, "data/media stays there")));
	assert_false(told(s, "halfway"));
	assert_int_equal(beside(s), there - 1);
	IS_OLD(s);
	assert_int_equal(queue_tidy(s), 0);
}

/* T31: killed anywhere in the switch, either way: it goes on, and never ends halfway. */
static void
T31_a_switch_killed_anywhere_goes_on(void **state)
{
	static const char *const faults[] = { "restore.before_swap:kill", "files.exchanged:kill",
		"restore.swapped:kill", "switch.turned:kill", "switch.before_make:kill" };
	static const char *const back[] = { "files.exchanged:kill", "switch.turned:kill",
		"switch.before_make:kill" };
	struct scene *s = *state;
	struct fixture *f = &s->h.f;
	size_t mixed = 0;

	beside_it(s);
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		OK(ask_switch(s, TURN_IN));
		assert_true(dies_at(s, faults[i]));
		mixed += is(s, "data/media/a.txt", "restored") !=
		    is(s, "data/pages/a.txt", "restored");
		assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
		IS_NEW(s);
		BESIDE_IS(s, "was there");
		OK(ask_switch(s, TURN_OUT));
		assert_true(dies_at(s, back[i % (sizeof back / sizeof *back)]));
		assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
		IS_OLD(s);
		BESIDE_IS(s, "restored");
	}
	/* Control: the kills did come between the two. */
	assert_true(mixed > 0);
}

/* T31: one that died for good is taken back, whichever way it went. */
static void
T31_a_switch_that_died_for_good_is_taken_back(void **state)
{
	struct scene *s = *state;
	struct fixture *f = &s->h.f;

	beside_it(s);
	OK(ask_switch(s, TURN_IN));
	dies_for_good_at(s, "switch.turned:kill");
	IS_MIXED(s);
	assert_int_equal(queue_tidy(s), 1);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	IS_OLD(s);
	BESIDE_IS(s, "restored");
	switched(s, TURN_IN);
	OK(ask_switch(s, TURN_OUT));
	dies_for_good_at(s, "switch.turned:kill");
	IS_MIXED(s);
	assert_int_equal(queue_tidy(s), 1);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	IS_NEW(s);
	BESIDE_IS(s, "was there");
	/* All of it was switched, but its services were not led to their place. */
	OK(ask_switch(s, TURN_OUT));
	dies_for_good_at(s, "switch.before_make:kill");
	IS_OLD(s);
	assert_int_equal(queue_tidy(s), 1);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	IS_NEW(s);
	BESIDE_IS(s, "was there");
	assert_int_equal(queue_tidy(s), 0);
}

/* Control: without the settling, what died halfway stays of two times. */
static void
T31_without_settling_it_stays_mixed(void **state)
{
	struct scene *s = *state;
	struct fixture *f = &s->h.f;

	beside_it(s);
	OK(ask_switch(s, TURN_IN));
	dies_for_good_at(s, "switch.turned:kill");
	assert_int_equal(queue_tidy(s), 1);
	setenv("LAZARETTE_FAULT_CONTROL", "no_settle", 1);
	do_next(s);
	unsetenv("LAZARETTE_FAULT_CONTROL");
	IS_MIXED(s);
}

/* SET-15: one part that cannot be switched keeps the other with it; the hooks have run. */
static void
SET_15_a_switch_that_fails_leaves_all_as_it_was(void **state)
{
	struct scene *s = *state;
	struct fixture *f = &s->h.f;
	struct job job;

	set_hooks(s, "true");
	beside_it(s);
	/* Nothing that is in use was touched, so nobody was stopped. */
	assert_int_equal(access(home_path(&s->h, "outcomes"), F_OK), -1);
	switched(s, TURN_IN);
	assert_true(is(s, "outcomes", "switched\n"));
	set_hooks(s, arena_printf(f->a, "rm -rf '%s'/.pages.*", home_path(&s->h, "data")));
	OK(ask_switch(s, TURN_OUT));
	job = do_next(s);
	assert_int_equal(job.state, JOB_FAILED);
	assert_non_null(strstr(job.error, "pages"));
	IS_NEW(s);
	assert_true(is(s, "outcomes", "switched\nfailed\n"));
}

/* SET-15: what fails while it is built leaves no service and nothing beside. */
static void
SET_15_what_could_not_be_built_leaves_no_service(void **state)
{
	struct scene *s = *state;
	struct fixture *f = &s->h.f;
	struct service *list;
	size_t n;

	confirmed(s, RESTORE_NEW, false);
	OK(sql_run(NULL, f->db, "UPDATE service SET revision=revision+1 WHERE slug='pages'",
	    SQL_NO_ARGS, &f->e));
	assert_int_equal(do_next(s).state, JOB_FAILED);
	assert_int_equal(queue_tidy(s), 1);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	assert_int_equal(beside(s), 0);
	IS_OLD(s);
	OK(services_list(&list, &n, f->a, f->db, f->environment, &f->e));
	for (size_t i = 0; i < n; i++)
		assert_int_equal(list[i].made_by, 0);
}

/* SET-15: a database in use and a folder, there and back, with what was written in between. */
static void
SET_15_a_database_and_a_folder_are_switched_together(void **state)
{
	struct scene *s = *state;
	struct fixture *f = &s->h.f;

	back_up_rows(s);
	beside_it(s);
	assert_int_equal(rows(s), 3);
	OK(ask_switch(s, TURN_IN));
	assert_true(dies_at(s, "switch.turned:kill"));
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	assert_int_equal(rows(s), 2);
	assert_true(is(s, "data/pages/a.txt", "restored"));
	write_rows(s, "INSERT INTO note VALUES ('a'), ('b')");
	switched(s, TURN_OUT);
	assert_int_equal(rows(s), 3);
	assert_true(is(s, "data/pages/a.txt", "was there"));
	switched(s, TURN_IN);
	assert_int_equal(rows(s), 4);
	ask_remove(s);
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	assert_int_equal(beside(s), 0);
	assert_int_equal(rows(s), 4);
}

/* SET-15: beside nothing, there is no new service. */
static void
SET_15_what_is_not_there_yet_cannot_be_stood_beside(void **state)
{
	struct scene *s = *state;
	struct fixture *f = &s->h.f;
	struct restore_choice choice = { .service = s->pages };
	struct restore_draft rq = { .job = { .environment = f->environment,
		.requested_by = f->admin }, .backup = s->backup, .mode = RESTORE_NEW,
		.choices = &choice, .choice_count = 1 };
	struct restore_ids ids;
	struct part *parts;
	size_t n;

	OK(backups_parts(&parts, &n, f->a, f->db, s->backup, &f->e));
	for (size_t i = 0; i < n; i++)
		if (parts[i].service == s->pages)
			choice.part = parts[i].id;
	OK(folder_remove(home_path(&s->h, "data/pages"), &f->e));
	OK(restores_draft(&ids, f->db, &rq, &f->e));
	s->restore = ids.restore;
	do_next(s);
	assert_int_equal(restore_row(s).preview, PREVIEW_REFUSED);
	assert_non_null(strstr(restore_row(s).preview_text, "nothing there yet"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE_TEST(SET_15_a_new_service_is_switched_there_and_back),
		SCENE_TEST(SET_15_what_lies_beside_can_be_backed_up),
		SCENE_TEST(SET_15_what_is_not_in_use_is_removed_for_good),
		SCENE_TEST(SET_15_what_lies_at_another_place_is_told_and_left),
		SCENE_TEST(T31_a_switch_killed_anywhere_goes_on),
		SCENE_TEST(T31_a_switch_that_died_for_good_is_taken_back),
		SCENE_TEST(T31_without_settling_it_stays_mixed),
		SCENE_TEST(SET_15_a_switch_that_fails_leaves_all_as_it_was),
		SCENE_TEST(SET_15_what_could_not_be_built_leaves_no_service),
		SCENE_TEST(SET_15_a_database_and_a_folder_are_switched_together),
		SCENE_TEST(SET_15_what_is_not_there_yet_cannot_be_stood_beside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
