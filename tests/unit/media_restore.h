/* media_restore.h: shop/live · media, its backup, another content, and the jobs of a restore. */
#ifndef TESTS_UNIT_MEDIA_RESTORE_H
#define TESTS_UNIT_MEDIA_RESTORE_H

#include "tests/unit/job_home.h"

#include <dirent.h>

#include "lib/store/restores.h"

UNUSED static void
change_media(struct job_home *h)
{
	home_file(h, "data/media/a.txt", "changed since");
	home_file(h, "data/media/new.txt", "new since");
}

UNUSED static bool
media_is(struct job_home *h, const char *a_txt, bool has_new)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct fixture *f = &h->f;

	OK(fd_read_file(&text, home_path(h, "data/media/a.txt"), 1000, &f->e));
	return text.n == strlen(a_txt) && memcmp(text.p, a_txt, text.n) == 0 &&
	    home_has(h, "data/media/new.txt") == has_new;
}

#define IS_OLD(h) assert_true(media_is(h, "changed since", true))
#define IS_NEW(h) assert_true(media_is(h, "some text", false))

UNUSED static struct restore
restore_row(struct job_home *h, int64_t id)
{
	struct fixture *f = &h->f;
	struct restore r;

	OK(restores_by_id(&r, f->a, f->db, id, &f->e));
	return r;
}

UNUSED static struct restore_part
landing_row(struct job_home *h, int64_t id)
{
	struct restore_part *parts;
	struct fixture *f = &h->f;
	size_t n;

	OK(restores_parts(&parts, &n, f->a, f->db, id, &f->e));
	assert_int_equal(n, 1);
	return parts[0];
}

/* Claims whatever is due and does it; its row afterwards. */
UNUSED static struct job
do_next(struct job_home *h)
{
	struct lease l = fixture_claim(&h->f);

	assert_true(l.job > 0);
	home_work(h, &l);
	return home_job_row(h, l.job);
}

UNUSED static int64_t
draft(struct job_home *h, int64_t backup)
{
	struct fixture *f = &h->f;
	struct restore_choice choice = { .service = f->media };
	struct restore_draft rq = { .job = { .environment = f->environment,
		.requested_by = f->admin }, .backup = backup, .choices = &choice,
		.choice_count = 1 };
	struct restore_ids ids;
	struct part *parts;
	size_t n;

	OK(backups_parts(&parts, &n, f->a, f->db, backup, &f->e));
	assert_int_equal(n, 1);
	choice.part = parts[0].id;
	OK(restores_draft(&ids, f->db, &rq, &f->e));
	do_next(h);
	return ids.restore;
}

UNUSED static int64_t
confirm(struct job_home *h, int64_t restore, bool safety)
{
	struct fixture *f = &h->f;
	struct restore_confirm rq = { .job = { .environment = f->environment,
		.requested_by = f->admin }, .restore = restore, .safety = safety, .hooks = true };
	int64_t job;

	OK(restores_confirm(&job, f->db, &rq, &f->e));
	return job;
}

/* A backup, another content, and a restore that is looked at and confirmed. */
UNUSED static int64_t
confirmed(struct job_home *h, bool safety)
{
	int64_t backup = home_backup(h, h->f.media), restore;

	change_media(h);
	restore = draft(h, backup);
	assert_int_equal(restore_row(h, restore).preview, PREVIEW_OK);
	confirm(h, restore, safety);
	return restore;
}

UNUSED static int64_t
undo(struct job_home *h, int64_t restore)
{
	struct fixture *f = &h->f;
	struct job_request rq = { .environment = f->environment, .requested_by = f->admin };
	int64_t job;

	OK(restores_undo(&job, f->db, &rq, restore, &f->e));
	return job;
}

/* What begins like the side or the kept old of any restore. */
UNUSED static size_t
beside(struct job_home *h)
{
	DIR *dir = opendir(home_path(h, "data"));
	struct dirent *d;
	size_t n = 0;

	assert_non_null(dir);
	while ((d = readdir(dir)) != NULL)
		n += strncmp(d->d_name, ".media.", 7) == 0;
	closedir(dir);
	return n;
}

#endif
