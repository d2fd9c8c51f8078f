/* herald_alarms_test.c: from every kind of alarm, and from the end of a restore, to its notice. */
#include "tests/unit/mail_fixture.h"
#include "tests/unit/restoring.h"

#include "lib/store/alarms.h"
#include "lib/store/channels.h"
#include "worker/notify/herald.h"

static const notice_set everything = (1U << NOTICE_CHOICES) - 1;

/* A channel that nothing is sent to here: its rows wait. */
static void
ear(struct fixture *f, const char *name, int64_t project, notice_set events)
{
	struct channel c = { .project = project, .kind = CHANNEL_WEBHOOK, .name = name,
		.target = "hooks.example.net", .sealed = "x", .sealed_size = 1, .events = events };

	OK(channels_add(&c, f->db, &f->e));
}

/* One of the instance for each event alone, one for all of them, and two of projects. */
static void
listen(struct fixture *f)
{
	struct project other = { .slug = "blog", .name = "Blog", .owners = "" };

	OK(projects_add(&other, f->db, &f->e));
	for (int i = 0; i < NOTICE_CHOICES; i++)
		ear(f, notice_event_name((enum notice_event)i), 0,
		    notice_bit((enum notice_event)i));
	ear(f, "all", 0, everything);
	ear(f, "shop", f->project, everything);
	ear(f, "blog", other.id, everything);
	clock_sleep(2);
}

static void
step(struct fixture *f)
{
	struct conf conf = conf_of(f);
	struct herald h = { .alive_at = INT64_MAX / 2 };
	int64_t now = clock_now();

	h.alive_at = now + 1;
	OK(herald_step(&h, f->db, &conf, now, &f->e));
}

/* How many notices there are, whose channel's name is `name` ("%": any) and whose event and body
 * are like these. */
static int64_t
told(struct fixture *f, const char *name, const char *event, const char *body)
{
	int64_t n = -1;

	OK(sql_get(&n, f->db, "SELECT count(*) FROM delivery d JOIN channel c ON c.id=d.channel"
	    " WHERE c.name LIKE ?1 AND d.event LIKE ?2 AND instr(d.body, ?3)>0",
	    SQL_ARGS(sql_t(name), sql_t(event), sql_t(body)), &f->e));
	return n;
}

/* Opened and closed: the channel of its event, and those of everything that it concerns, hear of
 * it; of its end those that had asked for both. `head`: what the title begins with. */
static void
passes(struct fixture *f, const char *kind, int64_t environment, const char *head)
{
	struct alarm what = { .kind = kind, .environment = environment, .subject = "its subject",
		.text = arena_printf(f->a, "What is wrong with %s.", kind) };
	int64_t of_project = environment != 0;
	enum notice_event event;
	const char *name;

	assert_true(notice_of_alarm(&event, kind));
	name = notice_event_name(event);
	fixture_do(f, "DELETE FROM delivery");
	OK(alarms_raise(NULL, f->db, &what, &f->e));
	step(f);
	step(f);
	assert_int_equal(told(f, name, name, what.text), 1);
	assert_int_equal(told(f, "all", name, what.text), 1);
	assert_int_equal(told(f, "shop", name, what.text), of_project);
	assert_int_equal(told(f, "%", name, arena_printf(f->a, "\"title\":\"%s%s\"", head,
	    notice_event_title(event))), 2 + of_project);
	assert_int_equal(told(f, "%", "%", "\"closes\""), 0);
	assert_int_equal(told(f, "%", "%", ""), 2 + of_project);
	OK(alarms_settle(NULL, f->db, &what, &f->e));
	step(f);
	step(f);
	name = arena_printf(f->a, "\"closes\":\"%s\"", name);
	assert_int_equal(told(f, "all", "recovered", name), 1);
	assert_int_equal(told(f, "shop", "recovered", name), of_project);
	assert_int_equal(told(f, "%", "recovered", what.text), 1 + of_project);
	assert_int_equal(told(f, "%", "%", ""), 3 + 2 * of_project);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM alarm WHERE told<2"), 0);
}

static void
PEER_8_every_kind_of_alarm_is_told_as_its_event_and_closed_by_recovered(void **state)
{
	struct fixture *f = *state;
	const char *kind;
	size_t kinds = 0;

	listen(f);
	for (; (kind = notice_alarm_kind(kinds)) != NULL; kinds++) {
		passes(f, kind, f->environment, "[shop/live] ");
		passes(f, kind, 0, "");
	}
	assert_int_equal(kinds, 11);
}

/* What a newer program raised is passed over, and what comes behind it is told. */
static void
PEER_8_an_alarm_without_words_holds_nothing_up(void **state)
{
	struct fixture *f = *state;
	struct alarm odd = { .kind = "pigeon", .environment = f->environment, .text = "coo" };

	listen(f);
	OK(alarms_raise(NULL, f->db, &odd, &f->e));
	step(f);
	OK(alarms_settle(NULL, f->db, &odd, &f->e));
	step(f);
	assert_int_equal(told(f, "%", "%", ""), 0);
	passes(f, "late", f->environment, "[shop/live] ");
}

/* Exactly one notice of a restore since the last look: this event, with this title and text. */
static void
restore_told(struct fixture *f, const char *event, const char *title, const char *text)
{
	step(f);
	step(f);
	title = arena_printf(f->a, "\"title\":\"[shop/staging] %s\"", title);
	assert_int_equal(told(f, event, event, title), 1);
	assert_int_equal(told(f, "all", event, title), 1);
	assert_int_equal(told(f, "shop", event, title), 1);
	assert_int_equal(told(f, "%", event, text), 3);
	assert_int_equal(told(f, "%", event, "https://backup.example.org/r/r1\""), 3);
	assert_int_equal(told(f, "%", "restore-%", ""), 3);
	assert_int_equal(told(f, "%", "recovered", ""), 0);
	fixture_do(f, "DELETE FROM delivery");
}

static void
PEER_8_a_restore_and_its_undo_are_told_when_they_are_done(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct job_request rq = { s.environment, f->admin, NULL, true };
	struct restore_draft form = restoring_form(f, &s);
	struct lease l;
	int64_t job, restore;

	listen(f);
	restore = restoring_done(f, &s, &form);
	restore_told(f, "restore-done", "Restore r1 done", "");
	OK(restores_undo(&job, f->db, &rq, restore, &f->e));
	l = fixture_claim(f);
	OK(jobs_fail(f->db, &l, &(struct err){ .kind = ERR_BUSY, .text = "in use" }, &f->e));
	restore_told(f, "restore-failed", "Undo of restore r1 FAILED", "in use");
	OK(restores_undo(&job, f->db, &rq, restore, &f->e));
	l = fixture_claim(f);
	OK(restores_undone(f->db, &l, &f->e));
	restore_told(f, "restore-done", "Undo of restore r1 done", "");
}

static void
PEER_8_a_restore_that_failed_is_told(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct restore_draft form = restoring_form(f, &s);
	struct restore_confirm button;
	int64_t job, restore;
	struct lease l;

	listen(f);
	restore = restoring_looked(f, &form);
	button = restoring_button(f, &s, restore);
	OK(restores_confirm(&job, f->db, &button, &f->e));
	step(f);
	assert_int_equal(told(f, "%", "restore-%", ""), 0);
	l = fixture_claim(f);
	assert_int_equal(l.job, job);
	OK(jobs_fail(f->db, &l, &(struct err){ .text = "database: no room" }, &f->e));
	restore_told(f, "restore-failed", "Restore r1 FAILED", "database: no room");
}

static void
PEER_8_a_cancelled_restore_is_told(void **state)
{
	struct fixture *f = *state;
	struct restoring s = restoring_begin(f);
	struct restore_draft form = restoring_form(f, &s);
	struct restore_confirm button;
	int64_t job;

	listen(f);
	button = restoring_button(f, &s, restoring_looked(f, &form));
	OK(restores_confirm(&job, f->db, &button, &f->e));
	OK(jobs_cancel(f->db, job, &f->e));
	restore_told(f, "restore-failed", "Restore r1 cancelled", "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		MAIL_TEST(PEER_8_every_kind_of_alarm_is_told_as_its_event_and_closed_by_recovered),
		MAIL_TEST(PEER_8_an_alarm_without_words_holds_nothing_up),
		MAIL_TEST(PEER_8_a_restore_and_its_undo_are_told_when_they_are_done),
		MAIL_TEST(PEER_8_a_restore_that_failed_is_told),
		MAIL_TEST(PEER_8_a_cancelled_restore_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
