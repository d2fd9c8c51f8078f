/* restores_test.c: asking for restores: what is kept, queued and refused, and why. */
#include "tests/unit/restoring.h"

#include "lib/store/downloads.h"

static struct job
job(struct fixture *f, int64_t id)
{
	struct job j;

	OK(jobs_by_id(&j, f->a, f->db, id, &f->e));
	return j;
}

static void
says(struct fixture *f, const char *text)
{
	if (strstr(f->e.text, text) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", text, f->e.text);
}

/* Nothing that a refused request would leave. */
static void
nothing_was_queued(struct fixture *f)
{
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM restore"), 0);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM restore_part"), 0);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job WHERE kind<>'backup'"), 0);
}

/* DIV-11, SET-10: the draft keeps the chosen parts alone, and the mode. */
static void
DIV_11_SET_10_a_draft_keeps_what_was_chosen_and_queues_a_look(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct restore_draft form = restoring_form(f, &s);
	struct restore_ids ids, again;
	struct restore_part *p;
	struct restore r, *list;
	struct job j;
	size_t n;

	form.job.key = "form-1";
	form.mode = RESTORE_ADD;
	form.owners = true;
	form.choice_count = 1;
	form.choices = &s.choices[1];
	OK(restores_draft(&ids, f->db, &form, &f->e));
	r = restoring_row(f, ids.restore);
	assert_int_equal(r.state, RESTORE_DRAFT);
	assert_int_equal(r.mode, RESTORE_ADD);
	assert_int_equal(r.preview, PREVIEW_LOOKING);
	assert_int_equal(r.backup, s.backup);
	assert_int_equal(r.environment, s.environment);
	assert_int_equal(r.job, ids.job);
	assert_true(r.owners && r.safety && r.hooks && !r.real_data);
	assert_int_equal(r.confirmed_at + r.safety_backup + r.undo_job + r.started_at, 0);
	assert_string_equal(r.requested_name, "admin@example.org");
	assert_string_equal(r.environment_slug, "staging");
	assert_string_equal(r.source_environment_slug, "live");
	assert_string_equal(r.contents, "media");
	assert_null(r.error);
	OK(restores_parts(&p, &n, f->a, f->db, r.id, &f->e));
	assert_int_equal(n, 1);
	assert_string_equal(p->choice, "img/");
	assert_string_equal(p->engine, "files");
	assert_int_equal(p->revision, 1);
	assert_int_equal(p->raw_bytes, FIXTURE_RAW);
	assert_int_equal(p->items, 3);
	assert_int_equal(p->state, LANDING_WAITING);
	/* Its tag carries the second, the restore and the part, and fits into any name. */
	assert_string_equal(p->tag + 14, arena_printf(f->a, "r%dp%d", (int)r.id, (int)p->id));
	assert_int_equal(strspn(p->tag, "0123456789"), 14);
	j = job(f, ids.job);
	assert_int_equal(j.kind, JOB_PREVIEW);
	assert_int_equal(j.backup, s.backup);
	assert_int_equal(j.restore, r.id);
	/* T05: the same form makes one draft; a draft is in no list. */
	OK(restores_draft(&again, f->db, &form, &f->e));
	assert_true(again.restore == ids.restore && again.job == ids.job);
	OK(restores_list(&list, &n, f->a, f->db, &(struct restore_filter){ .limit = 9 }, &f->e));
	assert_int_equal(n, 0);
	REFUSED(ERR_NOT_FOUND, restores_by_id(&r, f->a, f->db, 99, &f->e));
	assert_string_equal(f->e.text, "there is no restore r99");
}

/* DIV-12: the services are those of the chosen destination, part by part of the same kind. */
static void
DIV_12_what_does_not_fit_is_refused_with_its_reason(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct restore_draft form = restoring_form(f, &s);
	struct restore_ids ids;

	form.choice_count = 0;
	REFUSED(ERR_INPUT, restores_draft(&ids, f->db, &form, &f->e));
	says(f, "Choose at least one thing to restore");
	form.choice_count = RESTORING_CHOICES;
	s.choices[1].part = 99;
	REFUSED(ERR_INPUT, restores_draft(&ids, f->db, &form, &f->e));
	says(f, "a part was chosen that backup b1 does not have");
	s.choices[1].part = s.choices[0].part;
	s.choices[1].service = s.database;
	REFUSED(ERR_INPUT, restores_draft(&ids, f->db, &form, &f->e));
	says(f, "two parts were to go into Database; choose a service of its own for each");
	s.choices[1].service = s.media;
	REFUSED(ERR_INPUT, restores_draft(&ids, f->db, &form, &f->e));
	says(f, "Database holds SQLite and cannot go into Media, which holds Files");
	/* Another environment's, another project's, nobody's. */
	s.choices[1].service = f->database;
	REFUSED(ERR_INPUT, restores_draft(&ids, f->db, &form, &f->e));
	says(f, "a service was chosen that does not belong to shop/staging");
	s.choices[1].service = 99;
	REFUSED(ERR_INPUT, restores_draft(&ids, f->db, &form, &f->e));
	form.job.environment = 99;
	REFUSED(ERR_NOT_FOUND, restores_draft(&ids, f->db, &form, &f->e));
	nothing_was_queued(f);
}

/* DIV-12: across projects, and back into the environment it came from. */
static void
DIV_12_another_project_or_the_same_environment_may_be_the_destination(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f), far;
	struct restore_draft form = restoring_form(f, &s);
	struct project p = { .slug = "other", .name = "Other", .owners = "" };
	struct restore_ids ids;
	bool needs;

	OK(projects_add(&p, f->db, &f->e));
	far = restoring_target(f, p.id, ENV_LIVE);
	form.job.environment = far.environment;
	REFUSED(ERR_INPUT, restores_draft(&ids, f->db, &form, &f->e));
	s.choices[0].service = far.database;
	s.choices[1].service = far.media;
	OK(restores_draft(&ids, f->db, &form, &f->e));
	assert_string_equal(restoring_row(f, ids.restore).project_slug, "other");
	assert_string_equal(restoring_row(f, ids.restore).source_project_slug, "shop");
	form.job.environment = f->environment;
	s.choices[0].service = f->database;
	s.choices[1].service = f->media;
	OK(restores_draft(&ids, f->db, &form, &f->e));
	/* NEW-3: live data in a live environment needs no landing rules. */
	OK(restores_needs_rules(&needs, f->db, ids.restore, &f->e));
	assert_false(needs);
}

/* SET-4, PEER-3: only a ready and healthy backup, only into an active environment. */
static void
SET_4_PEER_3_a_backup_that_is_not_whole_is_not_restored(void **state)
{
	static const struct { const char *spoil, *says;
	} broken[] = {
		{ "UPDATE backup SET state='building'", "backup b1 is still being created" },
		{ "UPDATE backup SET state='failed'", "backup b1 is failed" },
		{ "UPDATE backup SET state='trashed'", "backup b1 is in the trash" },
		{ "UPDATE backup SET state='deleted'", "backup b1 is deleted" },
		{ "UPDATE backup SET state='ready', health='damaged'",
		    "backup b1 is damaged in storage; choose another one" },
		{ "UPDATE backup SET health='missing'", "backup b1 is missing in storage" },
		{ "UPDATE backup SET health='good';", NULL },
		{ "UPDATE environment SET paused=1 WHERE slug='staging'",
		    "shop/staging is paused; make it active in its settings first" },
	};
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct restore_draft form = restoring_form(f, &s);
	struct restore_ids ids;
	int64_t test;

	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		fixture_do(f, broken[i].spoil);
		if (broken[i].says == NULL)
			continue;
		REFUSED(ERR_CONFLICT, restores_draft(&ids, f->db, &form, &f->e));
		says(f, broken[i].says);
		if (strstr(broken[i].says, "paused") == NULL) {
			REFUSED(ERR_CONFLICT, restores_test(&test, f->db,
			    &(struct job_request){ f->environment, 0, NULL, false }, s.backup,
			    &f->e));
			says(f, broken[i].says);
		}
	}
	nothing_was_queued(f);
}

static void
a_second_look_takes_the_present_revisions_and_is_one_at_a_time(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct restore_draft form = restoring_form(f, &s);
	int64_t id = restoring_looked(f, &form), first, second;
	struct job_request rq = { s.environment, f->admin, NULL, false };
	struct restore_confirm button = restoring_button(f, &s, id);
	struct lease l;

	fixture_do(f, "UPDATE service SET revision=5 WHERE slug='media'");
	fixture_do(f, "UPDATE restore_part SET refusal='no room'");
	OK(restores_look_again(&first, f->db, &rq, id, &f->e));
	assert_int_equal(restoring_row(f, id).preview, PREVIEW_LOOKING);
	assert_int_equal(restoring_row(f, id).job, first);
	assert_int_equal(restoring_rows(f, id)[1].revision, 5);
	assert_string_equal(restoring_rows(f, id)[0].refusal, "");
	/* A look that runs already may have begun with the settings of before. */
	l = fixture_claim(f);
	fixture_do(f, "UPDATE service SET revision=6 WHERE slug='media'");
	OK(restores_look_again(&second, f->db, &rq, id, &f->e));
	assert_int_equal(second, first);
	assert_int_equal(restoring_rows(f, id)[1].revision, 5);
	OK(restores_previewed(f->db, &l, PREVIEW_OK, "", &f->e));
	REFUSED(ERR_CONFLICT, restores_confirm(&first, f->db, &button, &f->e));
	says(f, "Review again");
	/* Not from another environment, and not once it is confirmed. */
	rq.environment = f->environment;
	REFUSED(ERR_NOT_FOUND, restores_look_again(&first, f->db, &rq, id, &f->e));
	rq.environment = s.environment;
	fixture_do(f, "UPDATE restore_part SET revision=6");
	fixture_do(f, "UPDATE service SET revision=6");
	OK(restores_confirm(&first, f->db, &button, &f->e));
	REFUSED(ERR_CONFLICT, restores_look_again(&first, f->db, &rq, id, &f->e));
	says(f, "r1 was confirmed already");
}

/* What the look did not find has nothing that could be saved, and a dump of it would only fail. */
static void
DIV_13_what_is_not_there_is_in_no_safety_backup(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct restore_draft form = restoring_form(f, &s);
	int64_t id = restoring_looked(f, &form), job_id;
	struct restore_confirm button = restoring_button(f, &s, id);
	struct backup b;
	struct lease l;

	button.safety = true;
	fixture_do(f, "UPDATE restore_part SET target_bytes=-1 WHERE id=1");
	OK(restores_confirm(&job_id, f->db, &button, &f->e));
	OK(backups_by_id(&b, f->a, f->db, restoring_row(f, id).safety_backup, &f->e));
	assert_string_equal(b.contents, "media");
	l = fixture_claim(f);
	fixture_finish(f, &l, b.id);
	l = fixture_claim(f);
	restoring_land(f, &l, id);
	/* Nothing is there at all: the restore waits for nobody. */
	button.restore = id = restoring_looked(f, &form);
	fixture_do(f, "UPDATE restore_part SET target_bytes=-1");
	OK(restores_confirm(&job_id, f->db, &button, &f->e));
	assert_true(restoring_row(f, id).safety_backup == 0 && !restoring_row(f, id).safety);
	assert_int_equal(job(f, job_id).after, 0);
	assert_int_equal(fixture_claim(f).job, job_id);
}

/* DIV-13: the safety backup comes first, and the restore waits for it. */
static void
DIV_13_a_confirmed_restore_waits_for_its_safety_backup(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct restore_draft form = restoring_form(f, &s);
	int64_t id, restore;
	struct restore_confirm button;
	struct backup b;
	struct restore r;
	struct lease l;
	char *why;

	form.choice_count = 1;
	id = restoring_looked(f, &form);
	button = restoring_button(f, &s, id);
	button.safety = button.hooks = true;
	OK(restores_confirm(&restore, f->db, &button, &f->e));
	r = restoring_row(f, id);
	assert_int_equal(r.state, RESTORE_PENDING);
	assert_true(r.confirmed_at > 0 && r.safety && r.hooks && !r.real_data);
	assert_int_equal(r.job, restore);
	OK(backups_by_id(&b, f->a, f->db, r.safety_backup, &f->e));
	assert_int_equal(b.kind, BACKUP_SAFETY);
	assert_int_equal(b.environment, s.environment);
	assert_string_equal(b.note, "Before restore r1");
	assert_string_equal(b.contents, "database");
	assert_int_equal(job(f, restore).after, b.job);
	assert_int_equal(job(f, restore).backup, s.backup);
	assert_true(job(f, restore).mail_when_done && !job(f, b.job).mail_when_done);
	OK(jobs_waiting_for(&why, f->a, f->db, restore, &f->e));
	assert_string_equal(why, arena_printf(f->a, "waits for j%d, the safety backup",
	    (int)b.job));
	l = fixture_claim(f);
	assert_int_equal(l.job, b.job);
	assert_int_equal(fixture_claim(f).job, 0);
	fixture_finish(f, &l, b.id);
	OK(jobs_waiting_for(&why, f->a, f->db, restore, &f->e));
	assert_string_equal(why, "");
	assert_int_equal(fixture_claim(f).job, restore);
	assert_int_equal(fixture_number(f,
	    "SELECT count(*) FROM job_service WHERE running=1 AND service=3"), 1);
}

/* T33: what comes between the look and the button. */
static void
T33_a_stale_or_unseen_page_confirms_nothing(void **state)
{
	static const struct { const char *spoil, *says, *mend;
	} slips[] = {
		{ "UPDATE restore SET preview='looking'",
		    "the look at shop/staging has not ended yet; wait for it", NULL },
		{ "UPDATE restore SET preview='refused', preview_text='No room: buy a disk'",
		    "r1 cannot be restored: No room: buy a disk",
		    "UPDATE restore SET preview='ok', preview_text=''" },
		{ "UPDATE service SET revision=2 WHERE id=4",
		    "Media of shop/staging has changed since you looked at it. Review again",
		    "UPDATE service SET revision=1 WHERE id=4" },
		{ "UPDATE environment SET paused=1 WHERE slug='staging'",
		    "shop/staging is paused; make it active in its settings first",
		    "UPDATE environment SET paused=0" },
		{ "UPDATE backup SET state='trashed', before_trash='ready', trashed_at=1",
		    "backup b1 is in the trash",
		    "UPDATE backup SET state='ready', before_trash='', trashed_at=0" },
		{ "UPDATE backup SET health='damaged'", "backup b1 is damaged in storage",
		    "UPDATE backup SET health='good'" },
	};
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct restore_draft form = restoring_form(f, &s);
	int64_t id = restoring_looked(f, &form), one, two;
	struct restore_confirm button = restoring_button(f, &s, id);

	button.safety = true;
	for (size_t i = 0; i < sizeof slips / sizeof *slips; i++) {
		fixture_do(f, slips[i].spoil);
		REFUSED(ERR_CONFLICT, restores_confirm(&one, f->db, &button, &f->e));
		says(f, slips[i].says);
		if (slips[i].mend != NULL)
			fixture_do(f, slips[i].mend);
	}
	/* The page of another environment. */
	button.job.environment = f->environment;
	REFUSED(ERR_NOT_FOUND, restores_confirm(&one, f->db, &button, &f->e));
	says(f, "there is no restore r1 here");
	assert_int_equal(restoring_row(f, id).state, RESTORE_DRAFT);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job"), 2);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM backup"), 1);
	/* Two clicks, with one form or two, make one restore. */
	button.job.environment = s.environment;
	button.job.key = "form-1";
	OK(restores_confirm(&one, f->db, &button, &f->e));
	OK(restores_confirm(&two, f->db, &button, &f->e));
	assert_int_equal(one, two);
	button.job.key = "form-2";
	OK(restores_confirm(&two, f->db, &button, &f->e));
	assert_int_equal(one, two);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job"), 4);
	button.job.key = "form-1";
	form.job.key = "form-1";
	REFUSED(ERR_CONFLICT, restores_draft(&(struct restore_ids){ 0, 0 }, f->db, &form, &f->e));
	says(f, "this form was used for something else already");
}

/* T33: the back button after the restore has ended. */
static void
T33_confirming_what_has_ended_gives_its_job(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct restore_draft form = restoring_form(f, &s);
	int64_t id = restoring_done(f, &s, &form), made;
	struct restore_confirm button = restoring_button(f, &s, id);

	OK(restores_confirm(&made, f->db, &button, &f->e));
	assert_int_equal(made, restoring_row(f, id).job);
	assert_int_equal(restoring_row(f, id).state, RESTORE_DONE);
	assert_int_equal(fixture_claim(f).job, 0);
}

/* Two people, one target: the second is refused and hears of the first. */
static void
T33_a_second_restore_into_the_same_service_names_the_first(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct restore_draft form = restoring_form(f, &s);
	int64_t first = restoring_looked(f, &form), second = restoring_looked(f, &form), third;
	int64_t apart, ret;
	struct restore_confirm button = restoring_button(f, &s, first);
	struct job_request rq = { s.environment, f->admin, NULL, false };
	struct lease l;

	form.choice_count = 1;
	form.choices = &s.choices[1];
	third = restoring_looked(f, &form);
	form.choices = &s.choices[0];
	apart = restoring_looked(f, &form);
	OK(restores_confirm(&ret, f->db, &button, &f->e));
	button.restore = second;
	REFUSED(ERR_CONFLICT, restores_confirm(&ret, f->db, &button, &f->e));
	says(f, "r1 is being restored into shop/staging; wait for it or cancel it");
	l = fixture_claim(f);
	button.restore = third;
	REFUSED(ERR_CONFLICT, restores_confirm(&ret, f->db, &button, &f->e));
	says(f, "r1 is being restored into shop/staging");
	restoring_land(f, &l, first);
	OK(restores_undo(&ret, f->db, &rq, first, &f->e));
	REFUSED(ERR_CONFLICT, restores_confirm(&ret, f->db, &button, &f->e));
	says(f, "r1 is being undone in shop/staging; wait for it");
	l = fixture_claim(f);
	OK(restores_undone(f->db, &l, &f->e));
	OK(restores_confirm(&ret, f->db, &button, &f->e));
	/* Into another service of the same environment: both go on. */
	button.restore = apart;
	OK(restores_confirm(&ret, f->db, &button, &f->e));
}

/* NEW-3: live data lands under rules, or with an administrator's word, which is kept. */
static void
NEW_3_live_data_lands_only_where_there_are_rules_or_a_word_for_it(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct restore_draft form = restoring_form(f, &s);
	int64_t id = restoring_looked(f, &form), ret;
	struct restore_confirm button = restoring_button(f, &s, id);
	bool needs;

	OK(restores_needs_rules(&needs, f->db, id, &f->e));
	assert_false(needs);
	/* Either kind of rule will do, but every service must have one. */
	fixture_do(f, "UPDATE service SET sanitise_hook='', sanitise_sql='DELETE FROM mail' WHERE"
	              " id=3");
	OK(restores_needs_rules(&needs, f->db, id, &f->e));
	assert_false(needs);
	fixture_do(f, "UPDATE service SET sanitise_hook='' WHERE id=4");
	OK(restores_needs_rules(&needs, f->db, id, &f->e));
	assert_true(needs);
	REFUSED(ERR_CONFLICT, restores_confirm(&ret, f->db, &button, &f->e));
	says(f, "live data would land in shop/staging");
	says(f, "have an administrator let real data in");
	/* What does not come from live needs none. */
	fixture_do(f, "UPDATE environment SET kind='development' WHERE slug='live'");
	OK(restores_needs_rules(&needs, f->db, id, &f->e));
	assert_false(needs);
	fixture_do(f, "UPDATE environment SET kind='live' WHERE slug='live'");
	button.real_data = true;
	OK(restores_confirm(&ret, f->db, &button, &f->e));
	assert_true(restoring_row(f, id).real_data);
}

/* The word is kept only where it was needed. */
static void
NEW_3_a_word_that_was_not_needed_is_not_recorded(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct restore_draft form = restoring_form(f, &s);
	struct restore_confirm button = restoring_button(f, &s, restoring_looked(f, &form));
	int64_t ret;

	button.real_data = true;
	OK(restores_confirm(&ret, f->db, &button, &f->e));
	assert_false(restoring_row(f, button.restore).real_data);
	assert_int_equal(restoring_row(f, button.restore).safety_backup, 0);
	assert_int_equal(job(f, ret).after, 0);
}

/* The line of the trail comes with the decision or not at all, once, and says what came of it. */
static void
T33_a_decision_and_its_line_in_the_trail_are_one(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct restore_draft form = restoring_form(f, &s);
	struct restore_confirm button = restoring_button(f, &s, restoring_looked(f, &form));
	struct event trail = { .actor = "admin", .action = "restore.confirmed", .target = "r1" };
	int64_t ret;

	button.real_data = true;
	button.trail = &trail;
	fixture_do(f, "CREATE TRIGGER no BEFORE INSERT ON event BEGIN SELECT RAISE(ABORT, 'no');"
	              " END");
	assert_int_equal(restores_confirm(&ret, f->db, &button, &f->e), -1);
	assert_int_equal(restoring_row(f, button.restore).state, RESTORE_DRAFT);
	fixture_do(f, "DROP TRIGGER no");
	OK(restores_confirm(&ret, f->db, &button, &f->e));
	OK(restores_confirm(&ret, f->db, &button, &f->e));
	/* Nobody needed the word about real data. */
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM event WHERE action="
	    "'restore.confirmed' AND target='r1' AND detail='backup b1 of shop/live, mode replace,"
	    " without a safety backup'"), 1);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM event WHERE action="
	    "'restore.confirmed'"), 1);
}

/* SET-5, DIV-13: while it is restored from, or may be the way back, a backup stays. */
static void
SET_5_a_backup_in_a_restore_can_be_downloaded_but_not_deleted(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct restore_draft form = restoring_form(f, &s);
	int64_t id = restoring_looked(f, &form), ret, safety;
	struct restore_confirm button = restoring_button(f, &s, id);
	struct download_request download = { .job = { f->environment, f->admin, NULL, false },
	    .backup = s.backup, .parts = &s.choices[0].part, .part_count = 1,
	    .format = FORMAT_TAR, .valid_ms = 3600000, .max_uses = 1 };
	struct download_ids ids;
	struct lease l;

	button.safety = true;
	OK(restores_confirm(&ret, f->db, &button, &f->e));
	safety = restoring_row(f, id).safety_backup;
	REFUSED(ERR_CONFLICT, backups_trash(f->db, s.backup, &f->e));
	says(f, arena_printf(f->a, "backup b1 is in use by j%d", (int)ret));
	l = fixture_claim(f);
	fixture_finish(f, &l, safety);
	REFUSED(ERR_CONFLICT, backups_trash(f->db, safety, &f->e));
	says(f, "backup b2 is the way back from restore r1");
	l = fixture_claim(f);
	REFUSED(ERR_CONFLICT, backups_trash(f->db, s.backup, &f->e));
	OK(downloads_request(&ids, f->db, &download, &f->e));
	assert_true(ids.job > 0);
	restoring_land(f, &l, id);
	OK(jobs_cancel(f->db, ids.job, &f->e));
	OK(backups_trash(f->db, s.backup, &f->e));
	REFUSED(ERR_CONFLICT, backups_trash(f->db, safety, &f->e));
	says(f, "it can go when the time to undo that has passed");
	fixture_do(f, "UPDATE restore SET undo_until=1");
	OK(backups_trash(f->db, safety, &f->e));
}

/* PEER-7: a test restore is asked for, and what it found stands on the backup's row. */
static void
PEER_7_a_test_restore_leaves_its_finding_on_the_backup(void **state)
{
	struct fixture *f = *state;
	int64_t backup = fixture_ready(f), one, two;
	struct job_request rq = { f->environment, f->admin, "form-1", false };
	struct err why;
	struct backup b;
	struct lease l;

	OK(restores_test(&one, f->db, &rq, backup, &f->e));
	OK(restores_test(&two, f->db, &rq, backup, &f->e));
	assert_int_equal(one, two);
	assert_int_equal(job(f, one).kind, JOB_TEST);
	l = fixture_claim(f);
	OK(restores_set_tested(f->db, backup, "equal", "41 tables, 212,033 rows equal", &f->e));
	OK(jobs_succeed(f->db, &l, 0, &f->e));
	OK(backups_by_id(&b, f->a, f->db, backup, &f->e));
	assert_string_equal(b.test_state, "equal");
	assert_string_equal(b.test_text, "41 tables, 212,033 rows equal");
	assert_true(b.tested_at > 0);
	/* A cancelled test says nothing about the backup, a failed one does. */
	rq.key = NULL;
	OK(restores_test(&one, f->db, &rq, backup, &f->e));
	OK(jobs_cancel(f->db, one, &f->e));
	OK(backups_by_id(&b, f->a, f->db, backup, &f->e));
	assert_string_equal(b.test_state, "equal");
	OK(restores_test(&one, f->db, &rq, backup, &f->e));
	l = fixture_claim(f);
	err_set(&why, ERR_DAMAGED, "the copy ends too soon");
	OK(jobs_fail(f->db, &l, &why, &f->e));
	OK(backups_by_id(&b, f->a, f->db, backup, &f->e));
	assert_string_equal(b.test_state, "failed");
	assert_string_equal(b.test_text, "the copy ends too soon");
	assert_int_equal(b.state, BACKUP_READY);
	REFUSED(ERR_NOT_FOUND, restores_set_tested(f->db, 99, "equal", "", &f->e));
	REFUSED(ERR_NOT_FOUND, restores_test(&one, f->db, &rq, 99, &f->e));
	rq.environment = 99;
	REFUSED(ERR_NOT_FOUND, restores_test(&one, f->db, &rq, backup, &f->e));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(DIV_11_SET_10_a_draft_keeps_what_was_chosen_and_queues_a_look),
		FIXTURE_TEST(DIV_12_what_does_not_fit_is_refused_with_its_reason),
		FIXTURE_TEST(DIV_12_another_project_or_the_same_environment_may_be_the_destination),
		FIXTURE_TEST(SET_4_PEER_3_a_backup_that_is_not_whole_is_not_restored),
		FIXTURE_TEST(a_second_look_takes_the_present_revisions_and_is_one_at_a_time),
		FIXTURE_TEST(DIV_13_what_is_not_there_is_in_no_safety_backup),
		FIXTURE_TEST(DIV_13_a_confirmed_restore_waits_for_its_safety_backup),
		FIXTURE_TEST(T33_a_stale_or_unseen_page_confirms_nothing),
		FIXTURE_TEST(T33_confirming_what_has_ended_gives_its_job),
		FIXTURE_TEST(T33_a_second_restore_into_the_same_service_names_the_first),
		FIXTURE_TEST(NEW_3_live_data_lands_only_where_there_are_rules_or_a_word_for_it),
		FIXTURE_TEST(NEW_3_a_word_that_was_not_needed_is_not_recorded),
		FIXTURE_TEST(T33_a_decision_and_its_line_in_the_trail_are_one),
		FIXTURE_TEST(SET_5_a_backup_in_a_restore_can_be_downloaded_but_not_deleted),
		FIXTURE_TEST(PEER_7_a_test_restore_leaves_its_finding_on_the_backup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
