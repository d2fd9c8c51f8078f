/* reconcile_model.h: a storage behind whose back anything happens, step by random step, and a model
 * that knows what each step was, for the tests of reconcile and housekeeping. */
#ifndef TESTS_UNIT_RECONCILE_MODEL_H
#define TESTS_UNIT_RECONCILE_MODEL_H

#include "tests/unit/job_home.h"

#include <fts.h>

/* STEPS with ALL=1 in the environment: budget.h would ask the clocks that jump here. */
enum { STEPS = 1000, FEWER = 100, KEYS = 4, SIZE = 12, FENCE = 3, LIVE = 10 };
static const char content[] = "stored bytes";

/* What the model knows of a backup. FORGOTTEN: its row is gone, its files are not; PURGED: it left
 * the trash. */
enum fate { READY, TRASHED, RUNNING, FAILED, PURGED, FORGOTTEN };

struct kept {
	int64_t id, trashed_at;
	struct lease lease;           /* while it runs */
	enum fate fate;
	bool harmed;                  /* a file of it was taken or cut, now or before */
	const char *keys[KEYS];       /* the sidecar first */
	size_t count;
};

struct model {
	struct job_home *h;
	unsigned short dice[3];
	struct kept kept[STEPS];
	size_t count;
	struct kept *running;         /* or NULL; one of media alone, so that others can be made */
	int strangers;
	int met[6];                   /* needed, running, young, missing, damaged, named */
};

/* What lies in the storage. */
struct seen {
	const char *path;             /* below the storage's folder */
	int64_t bytes, changed_at;
};

struct sight {
	struct seen *files;
	size_t count, capacity;
};

/* What a file is to the model. */
enum what { OURS, NEEDED, IN_WORK, REMAINS, STRANGER };
static const char *const what_words[] = { "the storage's own", "needed", "of a running job",
	"left over", "a stranger" };

/* How far the clocks are ahead; see clock.h. */
static volatile int64_t *skew;

static int
pick(struct model *m, int limit)
{
	return (int)(nrand48(m->dice) % limit);
}

/* -- what lies there -- */

/* The same order each time, so that the same steps follow. */
static int
by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static struct sight
look_around(struct model *m, struct arena *a)
{
	char *roots[] = { arena_dup(a, m->h->conf.storage), NULL };
	size_t below = strlen(roots[0]) + 1;
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	struct sight s = { NULL, 0, 0 };

	assert_non_null(walk);
	for (FTSENT *x; (x = fts_read(walk)) != NULL;) {
		if (x->fts_info != FTS_F)
			continue;
		s.files = arena_grow(a, s.files, s.count, &s.capacity, sizeof *s.files);
		s.files[s.count++] = (struct seen){ arena_dup(a, x->fts_path + below),
			x->fts_statp->st_size, x->fts_statp->st_mtim.tv_sec * INT64_C(1000) };
	}
	fts_close(walk);
	return s;
}

static const struct seen *
seen(const struct sight *s, const char *path)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->files[i].path, path) == 0)
			return &s->files[i];
	return NULL;
}

static const char *
upload_of(struct arena *a, const char *key, int fence)
{
	const char *name = strrchr(key, '/') + 1;

	return arena_printf(a, "%.*s.%s.%d.tmp", (int)(name - key), key, name, fence);
}

static enum what
what_of_backup(const struct kept *k)
{
	return k->fate == READY || k->fate == TRASHED ? NEEDED
	    : k->fate == RUNNING                      ? IN_WORK
	    : k->fate == FORGOTTEN                    ? STRANGER
	                                              : REMAINS;
}

static enum what
what_is(const struct model *m, struct arena *a, const char *path)
{
	if (strcmp(path, "lazarette.json") == 0 || strcmp(path, "README.txt") == 0 ||
	    strcmp(path, "restore-files.sh") == 0)
		return OURS;
	for (size_t i = 0; i < m->count; i++)
		for (size_t n = 0; n < m->kept[i].count; n++) {
			const struct kept *k = &m->kept[i];

			if (strcmp(path, k->keys[n]) == 0)
				return what_of_backup(k);
			if (strcmp(path, upload_of(a, k->keys[n], FENCE)) == 0)
				return k->fate == RUNNING ? IN_WORK
				    : k->fate == FORGOTTEN ? STRANGER : REMAINS;
			if (strcmp(path, upload_of(a, k->keys[n], FENCE - 1)) == 0)
				return k->fate == FORGOTTEN ? STRANGER : REMAINS;
		}
	return STRANGER;
}

/* -- what happens -- */

/* A file as old as it is said, by the clock as it stands now. */
static void
lay(struct model *m, const char *key, const char *text, int64_t minutes)
{
	struct fixture *f = &m->h->f;
	const char *path = arena_printf(f->a, "%s/%s", m->h->conf.storage, key);
	struct timespec at[2] = { { .tv_sec = clock_now() / 1000 - minutes * 60 } };
	char *folder = arena_dup(f->a, path);

	at[1] = at[0];
	*strrchr(folder, '/') = '\0';
	OK(fd_make_path(folder, &f->e));
	OK(fd_put_file(path, text, strlen(text), 0644, &f->e));
	assert_int_equal(utimensat(AT_FDCWD, path, at, 0), 0);
}

/* Just now, within the day, a little more than a day ago, long ago. Clocks jump by whole hours: so
 * nothing is ever a day old to the second. */
static int64_t
some_age(struct model *m)
{
	static const int minutes[] = { 7, 67, 23 * 60 + 30, 24 * 60 + 30, 5000,
		60007 };

	return minutes[pick(m, sizeof minutes / sizeof *minutes)];
}

static struct kept *
begin(struct model *m, int64_t only)
{
	struct fixture *f = &m->h->f;
	struct kept *k = &m->kept[m->count];
	struct part *parts;
	size_t n;

	if (m->count == STEPS)
		return NULL;
	k->id = fixture_request(f, only, NULL).backup;
	k->lease = fixture_claim(f);
	k->lease.fence = FENCE;        /* two holders died before this one */
	OK(sql_run(NULL, f->db, "UPDATE job SET fence=?2 WHERE id=?1",
	    SQL_ARGS(sql_i(k->lease.job), sql_i(FENCE)), &f->e));
	OK(backups_begin(f->db, &k->lease, &f->e));
	OK(backups_parts(&parts, &n, f->a, f->db, k->id, &f->e));
	k->keys[k->count++] = home_backup_row(m->h, k->id).sidecar_key;
	for (size_t i = 0; i < n; i++) {
		k->keys[k->count++] = parts[i].data.key;
		if (*parts[i].manifest.key != '\0')
			k->keys[k->count++] = parts[i].manifest.key;
	}
	k->fate = RUNNING;
	m->count++;
	return k;
}

static void
finish(struct model *m, struct kept *k)
{
	static const char hash[] =
	    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
	struct fixture *f = &m->h->f;
	struct part *parts;
	size_t n;

	OK(backups_parts(&parts, &n, f->a, f->db, k->id, &f->e));
	for (size_t i = 0; i < n; i++) {
		struct part p = parts[i];

		p.data = (struct stored_object){ p.data.key, 20, SIZE, hash, hash, "" };
		if (*p.manifest.key != '\0')
			p.manifest = (struct stored_object){ p.manifest.key, 20, SIZE, hash, hash,
				"" };
		OK(backups_part_ready(f->db, &k->lease, &p, &f->e));
	}
	for (size_t i = 0; i < k->count; i++)
		lay(m, k->keys[i], content, some_age(m));
	OK(backups_finish(f->db, &k->lease, hash, &f->e));
	k->fate = READY;
}

static int
count_of(const struct model *m, enum fate fate)
{
	int n = 0;

	for (size_t i = 0; i < m->count; i++)
		n += m->kept[i].fate == fate;
	return n;
}

static void
make(struct model *m)
{
	struct kept *k;

	if (count_of(m, READY) + count_of(m, TRASHED) < LIVE &&
	    (k = begin(m, m->running != NULL ? m->h->f.database : 0)) != NULL)
		finish(m, k);
}

/* One backup at random that is not running; NULL: none came up. */
static struct kept *
some_kept(struct model *m, enum what what)
{
	for (int i = 0; i < 50 && m->count > 0; i++) {
		struct kept *k = &m->kept[pick(m, (int)m->count)];

		if (k != m->running && what_of_backup(k) == what)
			return k;
	}
	return NULL;
}

static void
harm(struct model *m)
{
	struct kept *k = some_kept(m, NEEDED);
	int n = k != NULL ? pick(m, (int)k->count) : 0;
	const char *path;

	if (k == NULL)
		return;
	path = arena_printf(m->h->f.a, "%s/%s", m->h->conf.storage, k->keys[n]);
	if (n > 0 && pick(m, 2) == 0)
		lay(m, k->keys[n], "cut", some_age(m));
	else
		unlink(path);
	k->harmed = true;
}

static void
mend(struct model *m)
{
	struct kept *k = some_kept(m, NEEDED);

	if (k != NULL)
		lay(m, k->keys[pick(m, (int)k->count)], content, some_age(m));
}

static void
forget(struct model *m)
{
	static const char *const texts[] = {
		"DELETE FROM finding WHERE backup=?1", "DELETE FROM part WHERE backup=?1",
		"DELETE FROM job_service WHERE job IN (SELECT id FROM job WHERE backup=?1)",
		"DELETE FROM job WHERE backup=?1", "DELETE FROM backup WHERE id=?1",
	};
	struct fixture *f = &m->h->f;
	struct kept *k = some_kept(m, pick(m, 4) == 0 ? REMAINS : NEEDED);

	if (k == NULL)
		return;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		OK(sql_run(NULL, f->db, texts[i], SQL_ARGS(sql_i(k->id)), &f->e));
	k->fate = FORGOTTEN;
}

static void
add_stranger(struct model *m)
{
	static const struct {
		const char *before, *behind;
	} names[] = { { "shop/live/b", "-x.json" }, { "shop/live/my notes ", ".txt" },
		{ "shop/live/.b9-x.json.", ".tmp" }, { "other/deep/er/", "" }, { "stranger-", "" },
		{ "shop/live/database/\303\244", ".zst" } };
	size_t i = (size_t)pick(m, sizeof names / sizeof *names);

	lay(m, arena_printf(m->h->f.a, "%s%d%s", names[i].before, 1000 + m->strangers++,
	    names[i].behind), "whose?", some_age(m));
}

/* Somebody tidies up what nothing names. */
static void
remove_stranger(struct model *m)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct sight s = look_around(m, a);

	for (size_t i = 0; i < s.count; i++)
		if (what_is(m, a, s.files[i].path) == STRANGER && pick(m, 4) == 0)
			unlink(arena_printf(a, "%s/%s", m->h->conf.storage, s.files[i].path));
}

/* A backup begins, goes on for some steps, and ends well or not. */
static void
work_on(struct model *m)
{
	struct fixture *f = &m->h->f;
	const struct err why = { .kind = ERR_INTERNAL, .text = "x" };
	struct kept *k = m->running;
	int what = pick(m, 8);

	if (k == NULL) {
		m->running = begin(m, f->media);
	} else if (what < 3) {
		lay(m, upload_of(f->a, k->keys[pick(m, (int)k->count)], FENCE), "ha", some_age(m));
	} else if (what == 3) {
		lay(m, upload_of(f->a, k->keys[pick(m, (int)k->count)], FENCE - 1), "h",
		    some_age(m));
	} else if (what < 6) {
		lay(m, k->keys[pick(m, (int)k->count)], content, some_age(m));
	} else {
		if (what == 6)
			finish(m, k);
		else
			OK(jobs_fail(f->db, &k->lease, &why, &f->e));
		k->fate = what == 6 ? READY : FAILED;
		m->running = NULL;
	}
}

static void
into_or_out_of_the_trash(struct model *m)
{
	struct fixture *f = &m->h->f;
	struct kept *k = some_kept(m, NEEDED);

	if (k == NULL)
		return;
	if (k->fate == READY)
		OK(backups_trash(f->db, k->id, &f->e));
	else
		OK(backups_untrash(f->db, k->id, &f->e));
	k->fate = k->fate == READY ? TRASHED : READY;
	k->trashed_at = clock_now();
	/* What was trashed is not judged; a look after it is back sets it right. */
	k->harmed = true;
}

static void
jump(struct model *m)
{
	static const int hours[] = { 1, 23, 25, 200, 2000, -1, -30, -300 };

	*skew += hours[pick(m, sizeof hours / sizeof *hours)] * INT64_C(3600000);
}

static void
step(struct model *m)
{
	static void (*const steps[])(struct model *) = { make, make, harm, harm, mend, forget,
		add_stranger, add_stranger, add_stranger, remove_stranger, work_on, work_on,
		work_on, work_on, into_or_out_of_the_trash, jump, jump };

	steps[pick(m, sizeof steps / sizeof *steps)](m);
}

#endif
