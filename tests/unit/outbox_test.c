/* outbox_test.c: mails that wait, and the audit trail. */
#include "tests/unit/fixture.h"

#include "lib/store/outbox.h"

static void
add(struct fixture *f, const char *id)
{
	struct outbox_mail m = { .message_id = id,
		.kind = "test",
		.recipient = "a@x",
		.subject = "S",
		.message = "A: b\r\n\r\nc\0d\r\n",
		.message_size = 13 };

	OK(outbox_add(f->db, &m, &f->e));
}

static struct outbox_mail
next(struct fixture *f)
{
	struct outbox_mail m;

	OK(outbox_next(&m, f->a, f->db, 0, &f->e));
	return m;
}

/* DIV-16: a job that is run again mails once. */
static void
DIV_16_a_message_goes_out_once(void **state)
{
	struct fixture *f = *state;
	struct outbox_mail m;

	assert_int_equal(next(f).id, 0);
	add(f, "m1@x");
	add(f, "m1@x");
	add(f, "m2@x");
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM outbox"), 2);
	m = next(f);
	assert_string_equal(m.message_id, "m1@x");
	assert_int_equal(m.message_size, 13);
	assert_memory_equal(m.message, "A: b\r\n\r\nc\0d\r\n", 13);
	assert_string_equal(m.state, "queued");
	OK(outbox_sent(f->db, m.id, &f->e));
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM outbox WHERE message IS NULL AND state='sent'"
	                     " AND sent_at>0 AND tries=1"),
	    1);
	add(f, "m1@x");
	assert_string_equal(next(f).message_id, "m2@x");
	OK(outbox_sent(f->db, next(f).id, &f->e));
	assert_int_equal(next(f).id, 0);
}

/* DIV-16: two workers share one outbox; who takes a mail has it alone, but not for ever. */
static void
DIV_16_a_mail_that_is_taken_is_taken_by_nobody_else(void **state)
{
	struct fixture *f = *state;
	struct outbox_mail m, other;

	add(f, "m1@x");
	OK(outbox_next(&m, f->a, f->db, 60000, &f->e));
	assert_string_equal(m.message_id, "m1@x");
	OK(outbox_next(&other, f->a, f->db, 60000, &f->e));
	assert_int_equal(other.id, 0);
	OK(outbox_put_back(f->db, m.id, &f->e));
	OK(outbox_next(&other, f->a, f->db, 60000, &f->e));
	assert_int_equal(other.id, m.id);
	fixture_do(f, "UPDATE outbox SET next_at=next_at-60001");
	OK(outbox_next(&other, f->a, f->db, 60000, &f->e));
	assert_int_equal(other.id, m.id);
	OK(outbox_sent(f->db, m.id, &f->e));
	OK(outbox_put_back(f->db, m.id, &f->e));
	assert_int_equal(next(f).id, 0);
}

/* DIV-16: a link without its mail, or a mail without its link, is of no use to anybody. */
static void
DIV_16_a_mail_and_its_link_are_made_together_or_not(void **state)
{
	struct fixture *f = *state;
	struct outbox_mail m = { .message_id = "m1@x", .kind = "download_ready", .recipient = "a@x",
		.subject = "S", .message = "x", .message_size = 1 };
	struct link link = { .download = 99, .recipient = "a@x" };

	REFUSED(ERR_NOT_FOUND, outbox_add_with_link(f->db, &m, &link, "hash", &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM outbox"), 0);
	OK(outbox_add(f->db, &m, &f->e));
	OK(outbox_add_with_link(f->db, &m, &link, "hash", &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM outbox"), 1);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM link"), 0);
}

/* PEER-2, T37: 1, 2, 4 … minutes, at most 6 h apart, given up after a day. */
static void
PEER_2_T37_an_unsent_mail_is_tried_for_a_day(void **state)
{
	static const int64_t minutes[] = { 1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360 };
	struct fixture *f = *state;
	int64_t id, wait;

	add(f, "m1@x");
	id = next(f).id;
	for (size_t i = 0; i < sizeof minutes / sizeof *minutes; i++) {
		OK(outbox_not_sent(f->db, id, "421 busy", 0, &f->e));
		wait = fixture_number(f, "SELECT next_at FROM outbox") - clock_now();
		assert_in_range(wait, minutes[i] * 60000 - 5000, minutes[i] * 60000);
		assert_int_equal(next(f).id, 0);
	}
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM outbox WHERE state='queued' AND message IS NOT "
	                     "NULL"
	                     " AND last_error='421 busy'"),
	    1);
	fixture_do(f, "UPDATE outbox SET created_at=created_at-86400001, next_at=1");
	assert_int_equal(next(f).id, id);
	OK(outbox_not_sent(f->db, id, "421 still busy", 0, &f->e));
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM outbox WHERE state='failed' AND message IS "
	                     "NULL"),
	    1);
	OK(outbox_not_sent(f->db, id, "late", 0, &f->e));
	OK(outbox_sent(f->db, id, &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM outbox WHERE state='failed'"), 1);
}

static void
a_final_refusal_is_not_tried_again(void **state)
{
	struct fixture *f = *state;

	add(f, "m1@x");
	OK(outbox_not_sent(f->db, next(f).id, "550 no such user", 1, &f->e));
	assert_int_equal(next(f).id, 0);
	assert_int_equal(fixture_number(f,
	                     "SELECT count(*) FROM outbox WHERE state='failed' AND message IS NULL"
	                     " AND last_error='550 no such user'"),
	    1);
}

static void
the_newest_mail_of_a_job_is_found(void **state)
{
	struct fixture *f = *state;
	struct backup_ids ids = fixture_request(f, 0, NULL);
	struct outbox_mail m = { .job = ids.job,
		.message_id = "a",
		.kind = "backup_ready",
		.recipient = "a@x",
		.subject = "s",
		.message = "x",
		.message_size = 1 },
	                   found;

	OK(outbox_of_job(&found, f->a, f->db, ids.job, &f->e));
	assert_int_equal(found.id, 0);
	assert_string_equal(found.state, "");
	OK(outbox_add(f->db, &m, &f->e));
	m.message_id = "b";
	OK(outbox_add(f->db, &m, &f->e));
	OK(outbox_of_job(&found, f->a, f->db, ids.job, &f->e));
	assert_string_equal(found.message_id, "b");
	assert_int_equal(found.job, ids.job);
}

static void
events_are_listed_newest_first_and_by_environment(void **state)
{
	struct fixture *f = *state;
	struct event ev = { .account = f->admin,
		.actor = "admin@example.org",
		.action = "backup.requested",
		.project = f->project,
		.environment = f->environment,
		.target = "b1" },
	             *list;
	struct event other = { .actor = "system", .action = "session.started" };
	size_t n;

	for (int i = 0; i < 60; i++)
		OK(events_add(f->db, &ev, &f->e));
	OK(events_add(f->db, &other, &f->e));
	OK(events_list(&list, &n, f->a, f->db, f->environment, 0, &f->e));
	assert_int_equal(n, 50);
	assert_int_equal(list[0].id, 60);
	assert_string_equal(list[0].target, "b1");
	assert_string_equal(list[0].detail, "");
	assert_true(list[0].at > 0);
	OK(events_list(&list, &n, f->a, f->db, f->environment, list[49].id, &f->e));
	assert_int_equal(n, 10);
	OK(events_list(&list, &n, f->a, f->db, 0, 0, &f->e));
	assert_int_equal(n, 50);
	assert_string_equal(list[0].actor, "system");
	assert_int_equal(list[0].environment, 0);
}

static void
the_audit_trail_cannot_be_changed(void **state)
{
	struct fixture *f = *state;
	struct event ev = { .actor = "system", .action = "x" };

	OK(events_add(f->db, &ev, &f->e));
	REFUSED(ERR_INTERNAL,
	    sql_run(NULL, f->db, "UPDATE event SET actor='y'", SQL_NO_ARGS, &f->e));
	assert_non_null(strstr(f->e.text, "append-only"));
	REFUSED(ERR_INTERNAL, sql_run(NULL, f->db, "DELETE FROM event", SQL_NO_ARGS, &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM event"), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(DIV_16_a_message_goes_out_once),
		FIXTURE_TEST(DIV_16_a_mail_that_is_taken_is_taken_by_nobody_else),
		FIXTURE_TEST(DIV_16_a_mail_and_its_link_are_made_together_or_not),
		FIXTURE_TEST(PEER_2_T37_an_unsent_mail_is_tried_for_a_day),
		FIXTURE_TEST(a_final_refusal_is_not_tried_again),
		FIXTURE_TEST(the_newest_mail_of_a_job_is_found),
		FIXTURE_TEST(events_are_listed_newest_first_and_by_environment),
		FIXTURE_TEST(the_audit_trail_cannot_be_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
