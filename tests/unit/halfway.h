/* halfway.h: a scene for restores and undos of two services that are killed or fail in between. */
#ifndef TESTS_UNIT_HALFWAY_H
#define TESTS_UNIT_HALFWAY_H

#include "tests/unit/job_home.h"

#include <dirent.h>

#include "lib/store/restores.h"

/* -- a scene: shop/live · media, pages, with a backup of both and then another content -- */

struct scene {
	struct job_home h;            /* first */
	int64_t pages, backup, restore;
	int64_t first;                /* the other service: media, or a database */
};

UNUSED static void
write_both(struct scene *s, const char *text)
{
	home_file(&s->h, "data/media/a.txt", text);
	home_file(&s->h, "data/pages/a.txt", text);
}

/* Claims whatever is due and does it; its row afterwards. */
UNUSED static struct job
do_next(struct scene *s)
{
	struct lease l = fixture_claim(&s->h.f);

	assert_true(l.job > 0);
	home_work(&s->h, &l);
	return home_job_row(&s->h, l.job);
}

UNUSED static void
back_up(struct scene *s)
{
	struct fixture *f = &s->h.f;
	int64_t both[] = { s->first, s->pages };
	struct backup_request rq = { .job = { f->environment, f->admin, NULL, false },
		.kind = BACKUP_ON_DEMAND,
		.note = "", .services = both, .service_count = 2 };
	struct backup_ids ids;

	OK(backups_request(&ids, f->db, &rq, &f->e));
	assert_int_equal(do_next(s).state, JOB_SUCCEEDED);
	s->backup = ids.backup;
}

UNUSED static int
set_up(void **state)
{
	struct scene *s;
	struct job_home *h;
	struct service pages = { .slug = "pages", .name = "Pages", .engine = ENGINE_FILES };

	if (home_set_up(state) != 0)
		return -1;
	s = calloc(1, sizeof *s);
	h = *state;
	s->h = *h;
	free(h);
	h = &s->h;
	struct fixture *f = &h->f;

	OK(fd_make_path(home_path(h, "data/pages"), &f->e));
	OK(fd_make_path(home_path(h, "hooks"), &f->e));
	pages.environment = f->environment;
	pages.settings.roots = home_path(h, "data/pages");
	OK(services_add(&pages, f->db, &f->e));
	s->pages = pages.id;
	s->first = f->media;
	write_both(s, "restored");
	back_up(s);
	write_both(s, "was there");
	*state = s;
	return 0;
}

UNUSED static struct restore
restore_row(struct scene *s)
{
	struct fixture *f = &s->h.f;
	struct restore r;

	OK(restores_by_id(&r, f->a, f->db, s->restore, &f->e));
	return r;
}

/* Looked at; what a person sees on the page that asks for the confirmation. */
UNUSED static void
draft(struct scene *s, enum restore_mode mode)
{
	struct fixture *f = &s->h.f;
	struct restore_choice choices[2] = { { .service = s->first }, { .service = s->pages } };
	struct restore_draft rq = { .job = { .environment = f->environment,
		.requested_by = f->admin }, .backup = s->backup, .mode = mode, .choices = choices,
		.choice_count = 2 };
	struct restore_ids ids;
	struct part *parts;
	size_t n;

	OK(backups_parts(&parts, &n, f->a, f->db, s->backup, &f->e));
	assert_int_equal(n, 2);
	for (size_t i = 0; i < n; i++)
		choices[parts[i].service == s->pages].part = parts[i].id;
	OK(restores_draft(&ids, f->db, &rq, &f->e));
	s->restore = ids.restore;
	do_next(s);
	assert_int_equal(restore_row(s).preview, PREVIEW_OK);
}

UNUSED static int
try_confirm(struct scene *s, bool safety)
{
	struct fixture *f = &s->h.f;
	struct restore_confirm rq = { .job = { .environment = f->environment,
		.requested_by = f->admin },
		.restore = s->restore, .safety = safety, .hooks = true };
	int64_t job;

	return restores_confirm(&job, f->db, &rq, &f->e);
}

UNUSED static void
confirmed(struct scene *s, enum restore_mode mode, bool safety)
{
	struct fixture *f = &s->h.f;

	draft(s, mode);
	OK(try_confirm(s, safety));
	if (safety)
		assert_int_equal(do_next(s).kind, JOB_BACKUP);
}

UNUSED static void
ask_undo(struct scene *s)
{
	struct fixture *f = &s->h.f;
	struct job_request rq = { .environment = f->environment, .requested_by = f->admin };
	int64_t job;

	OK(restores_undo(&job, f->db, &rq, s->restore, &f->e));
}

/* The next job dies at a fault point; whether it will be tried again. */
UNUSED static bool
dies_at(struct scene *s, const char *fault)
{
	struct fixture *f = &s->h.f;
	struct lease l;
	bool again;
	int status;
	pid_t pid;

	OK(sql_run(NULL, f->db, "UPDATE job SET run_at=0 WHERE state='queued'", SQL_NO_ARGS,
	    &f->e));
	l = fixture_claim(f);
	assert_true(l.job > 0);
	if ((pid = fork()) == 0) {
		setenv("LAZARETTE_FAULT", fault, 1);
		exit(work_run(&s->h.conf, &l));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	OK(jobs_died(&again, f->db, &l, "signal 9", &f->e));
	OK(sql_run(NULL, f->db, "UPDATE job SET run_at=0 WHERE state='queued'", SQL_NO_ARGS,
	    &f->e));
	return again;
}

UNUSED static void
dies_for_good_at(struct scene *s, const char *fault)
{
	while (dies_at(s, fault))
		continue;
}

UNUSED static int64_t
queue_tidy(struct scene *s)
{
	struct fixture *f = &s->h.f;
	int64_t queued;

	OK(restores_queue_tidy(&queued, f->db, &f->e));
	return queued;
}

UNUSED static bool
is(struct scene *s, const char *below, const char *want)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct fixture *f = &s->h.f;

	OK(fd_read_file(&text, home_path(&s->h, below), 1000, &f->e));
	return text.n == strlen(want) && memcmp(text.p, want, text.n) == 0;
}

#define BOTH_ARE(s, text) do { \
	assert_true(is(s, "data/media/a.txt", text)); \
	assert_true(is(s, "data/pages/a.txt", text)); \
} while (0)
#define IS_OLD(s) BOTH_ARE(s, "was there")
#define IS_NEW(s) BOTH_ARE(s, "restored")
#define IS_MIXED(s) assert_true(is(s, "data/media/a.txt", "restored") != \
    is(s, "data/pages/a.txt", "restored"))

/* Sides and kept olds, of whatever tag. */
UNUSED static size_t
beside(struct scene *s)
{
	DIR *dir = opendir(home_path(&s->h, "data"));
	struct dirent *d;
	size_t n = 0;

	assert_non_null(dir);
	while ((d = readdir(dir)) != NULL)
		n += strncmp(d->d_name, ".", 1) == 0
		    ? strlen(d->d_name) > 2
		    : strcmp(d->d_name, "media") != 0 && strcmp(d->d_name, "pages") != 0 &&
		        strncmp(d->d_name, "app.db-", 7) != 0 &&
		        strcmp(d->d_name, "app.db") != 0;
	closedir(dir);
	return n;
}

UNUSED static void
set_hooks(struct scene *s, const char *before)
{
	struct fixture *f = &s->h.f;
	const char *text = arena_printf(f->a, "#!/bin/sh\n%s\n", before);
	const char *after = arena_printf(f->a, "#!/bin/sh\necho $LAZARETTE_OUTCOME >>'%s'\n",
	    home_path(&s->h, "outcomes"));

	OK(fd_put_file(home_path(&s->h, "hooks/stop"), text, strlen(text), 0755, &f->e));
	OK(fd_put_file(home_path(&s->h, "hooks/start"), after, strlen(after), 0755, &f->e));
	OK(sql_run(NULL, f->db, "UPDATE environment SET hook_before='stop', hook_after='start'",
	    SQL_NO_ARGS, &f->e));
}

/* -- the database of the scene -- */

UNUSED static void
write_rows(struct scene *s, const char *sql)
{
	sqlite3 *c = NULL;

	assert_int_equal(sqlite3_open(home_path(&s->h, "data/app.db"), &c), SQLITE_OK);
	assert_int_equal(sqlite3_exec(c, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(c);
}

UNUSED static int
rows(struct scene *s)
{
	sqlite3_stmt *q = NULL;
	sqlite3 *c = NULL;
	int n;

	assert_int_equal(sqlite3_open(home_path(&s->h, "data/app.db"), &c), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(c, "SELECT count(*) FROM note", -1, &q, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	n = sqlite3_column_int(q, 0);
	sqlite3_finalize(q);
	sqlite3_close(c);
	return n;
}

/* Two rows in the backup, three there now; pages as ever. */
UNUSED static void
back_up_rows(struct scene *s)
{
	struct fixture *f = &s->h.f;

	s->first = f->database;
	write_both(s, "restored");
	back_up(s);
	write_both(s, "was there");
	write_rows(s, "INSERT INTO note VALUES ('since')");
}

#define SCENE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, home_tear_down)

/* The service media has another name, and with `roots` another place. */
UNUSED static void
rename_media(struct scene *s, const char *roots)
{
	struct fixture *f = &s->h.f;
	struct service media;

	OK(services_by_id(&media, f->a, f->db, f->media, &f->e));
	media.name = "Pictures";
	if (roots != NULL) {
		OK(fd_make_path(home_path(&s->h, roots), &f->e));
		media.settings.roots = home_path(&s->h, roots);
	}
	OK(services_update(&media, f->db, &f->e));
}

/* The last tidy job has said so. */
UNUSED static bool
told(struct scene *s, const char *words)
{
	struct fixture *f = &s->h.f;
	int64_t n;

	OK(sql_get(&n, f->db, "SELECT count(*) FROM job_log WHERE job=(SELECT max(id) FROM job"
	    " WHERE kind='tidy') AND instr(text, ?1)>0", SQL_ARGS(sql_t(words)), &f->e));
	return n > 0;
}

#endif
