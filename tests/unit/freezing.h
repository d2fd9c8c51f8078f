/* freezing.h: job_home.h with an application that can be held, for the tests of consistent backups.
 */
#ifndef TESTS_UNIT_FREEZING_H
#define TESTS_UNIT_FREEZING_H

#include "tests/unit/job_home.h"

#include <signal.h>
#include <time.h>

#include "lib/base/clock.h"
#include "lib/store/freezes.h"
#include "lib/store/policies.h"
#include "lib/util/proc.h"
#include "worker/job/thaw.h"
#include "worker/thaws.h"

/* -- an application: it stands still while the file "frozen" is there -- */

UNUSED static void
put_hook(struct job_home *h, const char *name, const char *body)
{
	const char *path = home_path(h, arena_printf(h->f.a, "hooks/%s", name));
	const char *text = arena_printf(h->f.a, "#!/bin/sh\ncd '%s' || exit 9\n%s\n", h->f.folder,
	    body);
	struct fixture *f = &h->f;

	OK(fd_make_path(home_path(h, "hooks"), &f->e));
	OK(fd_put_file(path, text, strlen(text), 0755, &f->e));
	assert_int_equal(chmod(path, 0755), 0);
}

UNUSED static void
make_app(struct job_home *h)
{
	put_hook(h, "hold", "echo $LAZARETTE_STEP >>hooked; : >frozen");
	put_hook(h, "go", "echo $LAZARETTE_STEP $LAZARETTE_OUTCOME >>hooked; rm -f frozen");
	fixture_do(&h->f, "UPDATE environment SET hook_freeze='hold', hook_thaw='go'");
}

UNUSED static const char *
hooked(struct job_home *h)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct fixture *f = &h->f;

	if (!home_has(h, "hooked"))
		return "";
	OK(fd_read_file(&text, home_path(h, "hooked"), 100000, &f->e));
	return arena_dupn(f->a, text.p, text.n);
}

UNUSED static int
times(const char *text, const char *what)
{
	int n = 0;

	for (const char *at = text; (at = strstr(at, what)) != NULL; at += strlen(what))
		n++;
	return n;
}

UNUSED static void
set_cap(struct job_home *h, const char *seconds)
{
	const struct policy_place at = { LEVEL_ENVIRONMENT, h->f.environment };
	struct fixture *f = &h->f;

	OK(policies_set(f->db, POLICY_FREEZE_SECONDS, &at, seconds, 0, &f->e));
}

/* -- a job and its supervisor -- */

UNUSED static struct backup_ids
ask(struct job_home *h, enum backup_mode mode)
{
	struct fixture *f = &h->f;
	int64_t both[] = { f->database, f->media };
	struct backup_request rq = { .job = { f->environment, f->admin, NULL, false },
		.kind = BACKUP_ON_DEMAND, .note = "", .services = both, .service_count = 2,
		.mode = mode };
	struct backup_ids ids = { 0, 0 };

	OK(backups_request(&ids, f->db, &rq, &f->e));
	return ids;
}

UNUSED static pid_t
start_job(struct job_home *h, const struct lease *l, const char *fault)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (fault != NULL)
			setenv("LAZARETTE_FAULT", fault, 1);
		setsid();
		exit(work_run(&h->conf, l));
	}
	return pid;
}

UNUSED static int
wait_for(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

UNUSED static struct backup
done(struct job_home *h, enum backup_mode mode)
{
	struct backup_ids ids = ask(h, mode);
	struct lease l = fixture_claim(&h->f);

	assert_int_equal(l.job, ids.job);
	assert_int_equal(wait_for(start_job(h, &l, NULL)), 0);
	return home_backup_row(h, ids.backup);
}

UNUSED static size_t
owed(struct job_home *h, struct freeze_row **rows)
{
	struct fixture *f = &h->f;
	size_t count;

	OK(freezes_owed(rows, &count, f->a, f->db, &f->e));
	return count;
}

/* What the supervisor does at each of its turns; returns how many thaws it had to start. */
UNUSED static int
supervise(struct job_home *h, int64_t later_ms)
{
	struct freeze_row *rows;
	int started = 0;

	for (size_t n = owed(h, &rows), i = 0; i < n; i++) {
		pid_t pid;

		if (!thaws_due(&rows[i], thaw_guarded(&h->conf, rows[i].environment),
		        clock_now() + later_ms, 0))
			continue;
		started++;
		if ((pid = fork()) == 0) {
			unsetenv("LAZARETTE_FAULT");
			exit(thaw_main(&h->conf, rows[i].environment));
		}
		wait_for(pid);
	}
	return started;
}

UNUSED static bool
log_says(struct job_home *h, int64_t job, const char *text)
{
	struct fixture *f = &h->f;
	struct job_line *lines;
	size_t n;

	OK(jobs_log_tail(&lines, &n, f->a, f->db, job, 100, &f->e));
	for (size_t i = 0; i < n; i++)
		if (strstr(lines[i].text, text) != NULL)
			return true;
	return false;
}

#endif
