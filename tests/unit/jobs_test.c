/* jobs_test.c: the queue: claims, leases, fences, deaths, logs. */
#include "tests/unit/fixture.h"

#include <sys/wait.h>

static struct job
job(struct fixture *f, int64_t id)
{
	struct job j;

	OK(jobs_by_id(&j, f->a, f->db, id, &f->e));
	return j;
}

static int64_t
running(struct fixture *f)
{
	return fixture_number(f, "SELECT count(*) FROM job_service WHERE running=1");
}

static void
a_claimed_job_is_running_and_has_its_services(void **state)
{
	struct fixture *f = *state;
	struct backup_ids ids = fixture_request(f, 0, NULL);
	struct lease l;
	struct job j;

	j = job(f, ids.job);
	assert_int_equal(j.state, JOB_QUEUED);
	assert_null(j.worker);
	assert_string_equal(j.requested_name, "admin@example.org");
	assert_string_equal(j.project_slug, "shop");
	l = fixture_claim(f);
	assert_int_equal(l.job, ids.job);
	j = job(f, ids.job);
	assert_int_equal(j.state, JOB_RUNNING);
	assert_string_equal(j.worker, "w1");
	assert_int_equal(j.fence, l.fence);
	assert_true(j.started_at > 0 && j.mail_when_done);
	assert_int_equal(running(f), 2);
	assert_int_equal(fixture_claim(f).job, 0);
}

/* DIV-4: another is accepted while one runs, and waits for its services. */
static void
DIV_4_one_job_at_a_time_has_a_service(void **state)
{
	struct fixture *f = *state;
	struct backup_ids first = fixture_request(f, f->database, NULL),
	                  second = fixture_request(f, 0, NULL);
	struct backup_ids third = fixture_request(f, f->media, NULL);
	struct lease a = fixture_claim(f), b = fixture_claim(f), c;
	char *why;

	assert_int_equal(a.job, first.job);
	assert_int_equal(b.job, third.job);
	assert_int_equal(fixture_claim(f).job, 0);
	OK(jobs_waiting_for(&why, f->a, f->db, second.job, &f->e));
	assert_string_equal(why, arena_printf(f->a, "waits for j%d on database", (int)first.job));
	fixture_finish(f, &a, first.backup);
	assert_int_equal(fixture_claim(f).job, 0);
	fixture_finish(f, &b, third.backup);
	OK(jobs_waiting_for(&why, f->a, f->db, second.job, &f->e));
	assert_string_equal(why, "");
	c = fixture_claim(f);
	assert_int_equal(c.job, second.job);
	assert_int_equal(running(f), 2);
}

static void
jobs_come_in_the_order_they_were_asked_for(void **state)
{
	struct fixture *f = *state;
	int64_t backup = fixture_ready(f), jobs[3];
	char *why;

	for (int i = 0; i < 3; i++)
		OK(jobs_add_verify(&jobs[i], f->db,
		    &(struct job_request){ f->environment, 0, NULL, false }, backup, &f->e));
	OK(jobs_waiting_for(&why, f->a, f->db, jobs[2], &f->e));
	assert_string_equal(why, "waits for its turn; 2 jobs are before it");
	OK(jobs_waiting_for(&why, f->a, f->db, jobs[1], &f->e));
	assert_string_equal(why, "waits for its turn; 1 job is before it");
	for (int i = 0; i < 3; i++)
		assert_int_equal(fixture_claim(f).job, jobs[i]);
	OK(jobs_waiting_for(&why, f->a, f->db, jobs[2], &f->e));
	assert_string_equal(why, "");
	assert_string_equal(job(f, jobs[0]).requested_name, "system");
}

/* T05: a form that is sent twice makes one job. */
static void
T05_the_same_form_twice_is_one_job(void **state)
{
	struct fixture *f = *state;
	struct backup_ids one = fixture_request(f, 0, "form-1"),
	                  two = fixture_request(f, 0, "form-1");
	struct job_request rq = { f->environment, f->admin, "form-2", false };
	int64_t first, second, found;

	assert_int_equal(one.job, two.job);
	assert_int_equal(one.backup, two.backup);
	OK(jobs_add_check(&first, f->db, &rq, f->database, &f->e));
	OK(jobs_add_check(&second, f->db, &rq, f->database, &f->e));
	assert_int_equal(first, second);
	OK(jobs_by_key(&found, f->db, "form-2", &f->e));
	assert_int_equal(found, first);
	REFUSED(ERR_NOT_FOUND, jobs_by_key(&found, f->db, "form-3", &f->e));
	rq.key = "form-1";
	REFUSED(ERR_CONFLICT, jobs_add_check(&second, f->db, &rq, f->database, &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job"), 2);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM backup"), 1);
}

static void
a_check_is_of_a_service_of_the_environment(void **state)
{
	struct fixture *f = *state;
	struct job_request rq = { f->environment, f->admin, NULL, false };
	struct lease l;
	int64_t id;

	REFUSED(ERR_INPUT, jobs_add_check(&id, f->db, &rq, 99, &f->e));
	OK(jobs_add_check(&id, f->db, &rq, f->database, &f->e));
	l = fixture_claim(f);
	assert_int_equal(l.job, id);
	assert_int_equal(job(f, id).service, f->database);
	assert_int_equal(running(f), 1);
	OK(jobs_succeed(f->db, &l, 2, &f->e));
	assert_int_equal(job(f, id).state, JOB_SUCCEEDED);
	assert_int_equal(job(f, id).warnings, 2);
	assert_int_equal(running(f), 0);
	REFUSED(ERR_CONFLICT, jobs_add_verify(&id, f->db, &rq, 99, &f->e));
}

/* T06: who lost the lease changes nothing any more. */
static void
T06_every_write_with_an_old_fence_is_refused(void **state)
{
	struct fixture *f = *state;
	struct backup_ids ids = fixture_request(f, 0, NULL);
	struct lease old = { 0, 0 }, now = { 0, 0 }, recovered;
	struct err why = { .kind = ERR_INTERNAL, .text = "late" };
	struct job_progress p = { "x", 1, 2 };
	struct job_pulse pulse;
	struct part *parts;
	size_t n;
	bool again;

	OK(jobs_claim(&old, f->db, "w1", -1, &f->e));
	OK(jobs_recover(&recovered, f->db, &f->e));
	assert_int_equal(recovered.job, ids.job);
	assert_true(recovered.fence > old.fence);
	now = fixture_claim(f);
	assert_int_equal(now.job, ids.job);
	assert_true(now.fence > recovered.fence);
	OK(backups_parts(&parts, &n, f->a, f->db, ids.backup, &f->e));
	REFUSED(ERR_FENCED, jobs_beat(&pulse, f->db, &old, 1000, &f->e));
	REFUSED(ERR_FENCED, jobs_progress(f->db, &old, &p, &f->e));
	REFUSED(ERR_FENCED, jobs_log(f->db, &old, "note", "late", &f->e));
	REFUSED(ERR_FENCED, jobs_succeed(f->db, &old, 0, &f->e));
	REFUSED(ERR_FENCED, jobs_fail(f->db, &old, &why, &f->e));
	REFUSED(ERR_FENCED, jobs_died(&again, f->db, &old, "x", &f->e));
	REFUSED(ERR_FENCED, backups_begin(f->db, &old, &f->e));
	REFUSED(ERR_FENCED, backups_part_ready(f->db, &old, &parts[0], &f->e));
	REFUSED(ERR_FENCED, backups_finish(f->db, &old, "00", &f->e));
	assert_int_equal(job(f, ids.job).state, JOB_RUNNING);
	assert_int_equal(job(f, ids.job).bytes_done, 0);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job_log"), 0);
	fixture_finish(f, &now, ids.backup);
	REFUSED(ERR_FENCED, jobs_beat(&pulse, f->db, &now, 1000, &f->e));
}

static void
a_beat_extends_the_lease_and_hears_of_a_cancel(void **state)
{
	struct fixture *f = *state;
	struct backup_ids ids = fixture_request(f, 0, NULL);
	struct err why = { .kind = ERR_CANCELLED, .text = "stopped" };
	struct job_pulse pulse;
	struct lease l, lost;
	struct backup b;

	OK(jobs_claim(&l, f->db, "w1", -1, &f->e));
	OK(jobs_beat(&pulse, f->db, &l, 60000, &f->e));
	assert_false(pulse.cancel);
	OK(jobs_recover(&lost, f->db, &f->e));
	assert_int_equal(lost.job, 0);
	OK(jobs_cancel(f->db, ids.job, &f->e));
	assert_int_equal(job(f, ids.job).state, JOB_RUNNING);
	OK(jobs_beat(&pulse, f->db, &l, 60000, &f->e));
	assert_true(pulse.cancel);
	OK(jobs_fail(f->db, &l, &why, &f->e));
	assert_int_equal(job(f, ids.job).state, JOB_CANCELLED);
	OK(backups_by_id(&b, f->a, f->db, ids.backup, &f->e));
	assert_int_equal(b.state, BACKUP_FAILED);
	assert_string_equal(b.error, "Cancelled");
	REFUSED(ERR_CONFLICT, jobs_cancel(f->db, ids.job, &f->e));
	assert_int_equal(running(f), 0);
}

static void
a_queued_job_is_cancelled_at_once_with_its_backup(void **state)
{
	struct fixture *f = *state;
	struct backup_ids ids = fixture_request(f, 0, NULL);
	struct backup b;

	OK(jobs_cancel(f->db, ids.job, &f->e));
	assert_int_equal(job(f, ids.job).state, JOB_CANCELLED);
	OK(backups_by_id(&b, f->a, f->db, ids.backup, &f->e));
	assert_int_equal(b.state, BACKUP_FAILED);
	assert_string_equal(b.error, "Cancelled");
	assert_int_equal(fixture_claim(f).job, 0);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM part WHERE state='failed'"), 2);
	REFUSED(ERR_NOT_FOUND, jobs_cancel(f->db, 999, &f->e));
}

static void
a_failed_job_fails_its_backup_with_the_tools_words(void **state)
{
	struct fixture *f = *state;
	struct backup_ids ids = fixture_request(f, 0, NULL);
	struct lease l = fixture_claim(f);
	struct err why = { .kind = ERR_INTERNAL, .exit_code = 3,
		.text = "pg_dump ended with exit code 3: no route" };
	struct backup b;
	struct job j;

	OK(jobs_fail(f->db, &l, &why, &f->e));
	j = job(f, ids.job);
	assert_int_equal(j.state, JOB_FAILED);
	assert_int_equal(j.exit_code, 3);
	assert_string_equal(j.error, why.text);
	assert_null(j.worker);
	assert_true(j.finished_at > 0);
	OK(backups_by_id(&b, f->a, f->db, ids.backup, &f->e));
	assert_int_equal(b.state, BACKUP_FAILED);
	assert_string_equal(b.error, why.text);
}

/* What was warned of is told of a job that failed, too; a retry begins to count anew. */
static void
a_failed_job_keeps_its_warnings(void **state)
{
	struct fixture *f = *state;
	struct backup_ids ids = fixture_request(f, 0, NULL);
	struct lease l = fixture_claim(f);
	struct err why = { .kind = ERR_INTERNAL, .text = "no route" };

	OK(jobs_log(f->db, &l, "warn", "first try", &f->e));
	OK(jobs_release(f->db, &l, &f->e));
	l = fixture_claim(f);
	OK(jobs_log(f->db, &l, "note", "begun", &f->e));
	OK(jobs_log(f->db, &l, "warn", "a.txt changed", &f->e));
	OK(jobs_log(f->db, &l, "warn", "b.txt changed", &f->e));
	OK(jobs_fail(f->db, &l, &why, &f->e));
	assert_int_equal(job(f, ids.job).warnings, 2);
	assert_int_equal(job(f, ids.job).state, JOB_FAILED);
}

/* T11: after the third death the job is poisoned; a job that is retried waits a moment. */
static void
T11_the_third_death_is_the_last(void **state)
{
	struct fixture *f = *state;
	struct backup_ids ids = fixture_request(f, 0, NULL);
	struct lease l;
	bool again;

	for (int death = 1; death <= 3; death++) {
		l = fixture_claim(f);
		assert_int_equal(l.job, ids.job);
		OK(jobs_died(&again, f->db, &l, "killed by signal 11", &f->e));
		assert_int_equal(again, death < 3);
		assert_int_equal(job(f, ids.job).deaths, death);
		assert_int_equal(fixture_claim(f).job, 0);
		assert_int_equal(running(f), 0);
		fixture_do(f, "UPDATE job SET run_at=0");
	}
	assert_int_equal(job(f, ids.job).state, JOB_FAILED);
	assert_string_equal(job(f, ids.job).error,
	    "poisoned: its process died 3 times (killed by signal 11)");
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM backup WHERE state='failed'"), 1);
}

static void
a_job_that_dies_after_a_cancel_is_cancelled(void **state)
{
	struct fixture *f = *state;
	struct backup_ids ids = fixture_request(f, 0, NULL);
	struct lease l = fixture_claim(f);
	bool again = true;

	OK(jobs_cancel(f->db, ids.job, &f->e));
	OK(jobs_died(&again, f->db, &l, "killed by signal 9", &f->e));
	assert_false(again);
	assert_int_equal(job(f, ids.job).state, JOB_CANCELLED);
}

static void
a_lost_lease_is_found_and_after_25_losses_given_up(void **state)
{
	struct fixture *f = *state;
	struct backup_ids ids = fixture_request(f, 0, NULL);
	struct lease l, lost;

	for (int i = 1; i <= 25; i++) {
		OK(jobs_claim(&l, f->db, "w1", -1, &f->e));
		assert_int_equal(l.job, ids.job);
		OK(jobs_recover(&lost, f->db, &f->e));
		assert_int_equal(lost.job, ids.job);
		assert_int_equal(job(f, ids.job).state, i < 25 ? JOB_QUEUED : JOB_FAILED);
	}
	assert_non_null(strstr(job(f, ids.job).error, "given up"));
	assert_int_equal(job(f, ids.job).deaths, 0);
	OK(jobs_recover(&lost, f->db, &f->e));
	assert_int_equal(lost.job, 0);
}

static void
a_lost_job_that_somebody_cancelled_is_not_run_again(void **state)
{
	struct fixture *f = *state;
	struct backup_ids ids = fixture_request(f, 0, NULL);
	struct lease l, lost;

	OK(jobs_claim(&l, f->db, "w1", -1, &f->e));
	OK(jobs_cancel(f->db, ids.job, &f->e));
	OK(jobs_recover(&lost, f->db, &f->e));
	assert_int_equal(lost.job, ids.job);
	assert_int_equal(job(f, ids.job).state, JOB_CANCELLED);
}

static void
a_job_that_is_given_back_waits_again_without_a_death(void **state)
{
	struct fixture *f = *state;
	struct backup_ids ids = fixture_request(f, 0, NULL);
	struct lease l = fixture_claim(f), next;

	OK(jobs_release(f->db, &l, &f->e));
	assert_int_equal(job(f, ids.job).state, JOB_QUEUED);
	assert_int_equal(job(f, ids.job).deaths, 0);
	assert_int_equal(running(f), 0);
	REFUSED(ERR_FENCED, jobs_release(f->db, &l, &f->e));
	next = fixture_claim(f);
	assert_int_equal(next.job, ids.job);
	OK(jobs_cancel(f->db, ids.job, &f->e));
	OK(jobs_release(f->db, &next, &f->e));
	assert_int_equal(job(f, ids.job).state, JOB_CANCELLED);
}

static void
progress_moves_its_time_only_when_something_moved(void **state)
{
	struct fixture *f = *state;
	struct backup_ids ids = fixture_request(f, 0, NULL);
	struct lease l = fixture_claim(f);
	struct job_progress p = { "database: dumping", 100, 1000 };

	OK(jobs_progress(f->db, &l, &p, &f->e));
	assert_int_equal(job(f, ids.job).bytes_done, 100);
	assert_string_equal(job(f, ids.job).phase, "database: dumping");
	fixture_do(f, "UPDATE job SET progress_at=7");
	p.bytes_total = 2000;
	OK(jobs_progress(f->db, &l, &p, &f->e));
	assert_int_equal(job(f, ids.job).progress_at, 7);
	assert_int_equal(job(f, ids.job).bytes_total, 2000);
	p.bytes_done = 101;
	OK(jobs_progress(f->db, &l, &p, &f->e));
	assert_true(job(f, ids.job).progress_at > 7);
}

static void
the_log_is_clean_and_bounded(void **state)
{
	struct fixture *f = *state;
	struct backup_ids ids = fixture_request(f, 0, NULL);
	struct lease l = fixture_claim(f);
	struct job_line *lines;
	char longer[6001];
	size_t n;

	OK(jobs_log(f->db, &l, "err", "bad \xff byte\x1b[31m", &f->e));
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	memcpy(longer + 3996, "\u20ac\u20ac", 6);
	OK(jobs_log(f->db, &l, "note", longer, &f->e));
	OK(jobs_log_tail(&lines, &n, f->a, f->db, ids.job, 10, &f->e));
	assert_int_equal(n, 2);
	assert_string_equal(lines[0].stream, "err");
	assert_string_equal(lines[0].text, "bad \ufffd byte\ufffd[31m");
	assert_in_range(strlen(lines[1].text), 3990, 4000);
	assert_string_equal(lines[1].text + strlen(lines[1].text) - 3, "\u2026");
	for (int i = 3; i <= 2010; i++)
		OK(jobs_log(f->db, &l, "warn", arena_printf(f->a, "line %d", i), &f->e));
	OK(jobs_log_tail(&lines, &n, f->a, f->db, ids.job, 200, &f->e));
	assert_int_equal(n, 200);
	assert_string_equal(lines[199].text, "The log is full; what follows is not kept.");
	assert_string_equal(lines[199].stream, "note");
	assert_string_equal(lines[198].text, "line 2000");
	assert_int_equal(lines[199].seq, 2001);
}

static void
the_list_is_paged_by_key_and_by_state(void **state)
{
	struct fixture *f = *state;
	struct job_filter filter = { f->environment, 0, false, 3 };
	int64_t seen = INT64_MAX, total = 0;
	struct job *jobs;
	size_t n;

	for (int i = 0; i < 7; i++)
		fixture_request(f, f->database, NULL);
	OK(jobs_cancel(f->db, 1, &f->e));
	for (;;) {
		OK(jobs_list(&jobs, &n, f->a, f->db, &filter, &f->e));
		if (n == 0)
			break;
		for (size_t i = 0; i < n; i++) {
			assert_true(jobs[i].id < seen);
			seen = jobs[i].id;
		}
		total += (int64_t)n;
		filter.after = seen;
	}
	assert_int_equal(total, 7);
	filter = (struct job_filter){ 0, 0, true, 100 };
	OK(jobs_list(&jobs, &n, f->a, f->db, &filter, &f->e));
	assert_int_equal(n, 6);
	filter = (struct job_filter){ 0, 0, false, 100 };
	OK(jobs_list(&jobs, &n, f->a, f->db, &filter, &f->e));
	assert_int_equal(n, 7);
	filter = (struct job_filter){ f->environment + 1, 0, true, 100 };
	OK(jobs_list(&jobs, &n, f->a, f->db, &filter, &f->e));
	assert_int_equal(n, 0);
	REFUSED(ERR_NOT_FOUND, jobs_by_id(jobs, f->a, f->db, 99, &f->e));
}

/* One of several workers: claim and finish until the queue is empty; each finish leaves a line in
 * the log. */
static void
work_until_empty(const char *path)
{
	struct err e;
	struct db *db;
	struct lease l;
	int idle = 0;

	if (db_open(&db, path, &e) != 0)
		_exit(2);
	while (idle < 20) {
		if (jobs_claim(&l, db, "w", 60000, &e) != 0)
			_exit(3);
		if (l.job == 0) {
			idle++;
			clock_sleep(2);
		} else if (jobs_log(db, &l, "note", "done", &e) != 0 ||
		    jobs_succeed(db, &l, 0, &e) != 0) {
			_exit(4);
		}
	}
	db_close(db);
	_exit(0);
}

/* T01, T67: four processes, every job once. */
static void
T01_T67_several_workers_do_every_job_exactly_once(void **state)
{
	enum { JOBS = 300, WORKERS = 4 };
	struct fixture *f = *state;
	int64_t backup = fixture_ready(f), id;
	int status;

	for (int i = 0; i < JOBS; i++)
		OK(jobs_add_verify(&id, f->db,
		    &(struct job_request){ f->environment, 0, NULL, false }, backup, &f->e));
	for (int i = 0; i < 5; i++)
		OK(jobs_add_check(&id, f->db,
		    &(struct job_request){ f->environment, 0, NULL, false }, f->media, &f->e));
	db_close(f->db);
	f->db = NULL;
	for (int i = 0; i < WORKERS; i++)
		if (fork() == 0)
			work_until_empty(f->path);
	for (int i = 0; i < WORKERS; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	OK(db_open(&f->db, f->path, &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job WHERE state='succeeded'"),
	    JOBS + 6);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM job_log"), JOBS + 5);
	assert_int_equal(fixture_number(f, "SELECT max(fence) FROM job"), 1);
	assert_int_equal(running(f), 0);
}

/* The must-fail control of one job per service: without the check in the claim, the index refuses.
 */
static void
the_index_refuses_a_second_running_job_of_a_service(void **state)
{
	struct fixture *f = *state;

	fixture_request(f, f->database, NULL);
	fixture_request(f, f->database, NULL);
	fixture_do(f, "UPDATE job_service SET running=1 WHERE job=1");
	REFUSED(ERR_CONFLICT,
	    sql_run(NULL, f->db, "UPDATE job_service SET running=1 WHERE job=2", SQL_NO_ARGS,
	        &f->e));
}

static void
the_catalogue_itself_refuses_states_that_make_no_sense(void **state)
{
	static const char *const nonsense[] = {
		"UPDATE job SET state='running'",
		"UPDATE job SET worker='x'",
		"UPDATE job SET state='succeeded'",
		"UPDATE job SET state='failed', finished_at=1",
		"UPDATE job SET state='asleep'",
		"UPDATE backup SET state='ready'",
		"UPDATE part SET state='ready'",
		"UPDATE job SET environment=99",
	};
	struct fixture *f = *state;

	fixture_request(f, 0, NULL);
	for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++)
		REFUSED(ERR_INTERNAL, sql_run(NULL, f->db, nonsense[i], SQL_NO_ARGS, &f->e));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(a_claimed_job_is_running_and_has_its_services),
		FIXTURE_TEST(DIV_4_one_job_at_a_time_has_a_service),
		FIXTURE_TEST(jobs_come_in_the_order_they_were_asked_for),
		FIXTURE_TEST(T05_the_same_form_twice_is_one_job),
		FIXTURE_TEST(a_check_is_of_a_service_of_the_environment),
		FIXTURE_TEST(T06_every_write_with_an_old_fence_is_refused),
		FIXTURE_TEST(a_beat_extends_the_lease_and_hears_of_a_cancel),
		FIXTURE_TEST(a_queued_job_is_cancelled_at_once_with_its_backup),
		FIXTURE_TEST(a_failed_job_fails_its_backup_with_the_tools_words),
		FIXTURE_TEST(a_failed_job_keeps_its_warnings),
		FIXTURE_TEST(T11_the_third_death_is_the_last),
		FIXTURE_TEST(a_job_that_dies_after_a_cancel_is_cancelled),
		FIXTURE_TEST(a_lost_lease_is_found_and_after_25_losses_given_up),
		FIXTURE_TEST(a_lost_job_that_somebody_cancelled_is_not_run_again),
		FIXTURE_TEST(a_job_that_is_given_back_waits_again_without_a_death),
		FIXTURE_TEST(progress_moves_its_time_only_when_something_moved),
		FIXTURE_TEST(the_log_is_clean_and_bounded),
		FIXTURE_TEST(the_list_is_paged_by_key_and_by_state),
		FIXTURE_TEST(T01_T67_several_workers_do_every_job_exactly_once),
		FIXTURE_TEST(the_index_refuses_a_second_running_job_of_a_service),
		FIXTURE_TEST(the_catalogue_itself_refuses_states_that_make_no_sense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
