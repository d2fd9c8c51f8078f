/* reconcile_model_test.c: after each step of a random model (reconcile_model.h) the storage is
 * looked through and swept: nothing has gone that may not, and what nothing names is named.
 */
#include "tests/unit/reconcile_model.h"

#include <inttypes.h>
#include <sys/mman.h>

#include "lib/store/findings.h"
#include "worker/sweep.h"

/* -- what must be so -- */

static const struct finding *
finding_of(const struct finding *list, size_t count, const char *path)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i].path, path) == 0)
			return &list[i];
	return NULL;
}

/* Each of these gives NULL, or a sentence on what is wrong first. */
static const char *
judge_files(struct model *m, struct arena *a, const struct sight *s, const struct finding *list,
    size_t count)
{
	for (size_t i = 0; i < s->count; i++) {
		const char *path = s->files[i].path;
		enum what what = what_is(m, a, path);
		bool old = s->files[i].changed_at < clock_now() - 24 * INT64_C(3600000);
		const struct finding *found = finding_of(list, count, path);
		bool named = found != NULL && found->kind == FINDING_UNKNOWN;

		if (named != (old && (what == STRANGER || what == REMAINS)))
			return arena_printf(a, "%s is %s, %s, and %s named", path, what_words[what],
			    old ? "old" : "young", named ? "is" : "is not");
		m->met[0] += what == NEEDED && old;
		m->met[1] += what == IN_WORK && old;
		m->met[2] += what >= REMAINS && !old;
		m->met[5] += named;
	}
	return NULL;
}

static const char *
judge_backup(struct model *m, struct arena *a, const struct sight *s, const struct finding *list,
    size_t count, const struct kept *k)
{
	enum backup_health health = home_backup_row(m->h, k->id).health;
	int missing = 0, damaged = 0;

	for (size_t n = 0; n < k->count; n++) {
		const struct seen *file = seen(s, k->keys[n]);
		const struct finding *found = finding_of(list, count, k->keys[n]);
		bool gone = file == NULL, cut = !gone && n > 0 && file->bytes != SIZE;

		if ((found != NULL) != (gone || cut) ||
		    (found != NULL && (found->kind != (gone ? FINDING_MISSING : FINDING_DAMAGED) ||
		                          found->backup != k->id)))
			return arena_printf(a, "%s is %s and found %s", k->keys[n],
			    gone ? "gone" : cut ? "cut" : "whole",
			    found ? findings_kind_name(found->kind) : "well");
		missing += gone;
		damaged += cut;
	}
	m->met[3] += missing;
	m->met[4] += damaged;
	if (k->fate == READY && ((missing > 0 && health != HEALTH_MISSING) ||
	        (damaged > 0 && health == HEALTH_GOOD) || (!k->harmed && health != HEALTH_GOOD)))
		return arena_printf(a, "b%" PRId64 " is %s", k->id, backup_health_name(health));
	return NULL;
}

static const char *
judge_findings(struct model *m, struct arena *a, const struct sight *s)
{
	struct fixture *f = &m->h->f;
	const char *wrong;
	struct finding *list;
	size_t count;

	OK(findings_list(&list, &count, a, f->db, f->storage, 10 * STEPS, &f->e));
	assert_true(count < FINDINGS_UNKNOWN);
	wrong = judge_files(m, a, s, list, count);
	for (size_t i = 0; wrong == NULL && i < m->count; i++)
		if (what_of_backup(&m->kept[i]) == NEEDED)
			wrong = judge_backup(m, a, s, list, count, &m->kept[i]);
	return wrong;
}

/* Only what is left over of a backup that failed or left the trash may have gone, and that only
 * where something sweeps. */
static const char *
judge_deletions(struct model *m, struct arena *a, const struct sight *before,
    const struct sight *after, bool swept)
{
	for (size_t i = 0; i < before->count; i++) {
		const char *path = before->files[i].path;
		enum what what = what_is(m, a, path);

		if (seen(after, path) == NULL && !(swept && what == REMAINS))
			return arena_printf(a, "%s, %s, was deleted", path, what_words[what]);
	}
	return after->count > before->count ? "a file was made" : NULL;
}

/* -- a look, and housekeeping -- */

/* What housekeeping asked for is not what this test claims. */
static void
drop_queue(struct model *m)
{
	struct fixture *f = &m->h->f;

	fixture_do(f, "DELETE FROM job_service WHERE job IN (SELECT id FROM job WHERE"
	              " state='queued')");
	fixture_do(f, "DELETE FROM job WHERE state='queued'");
}

static void
reconcile(struct model *m)
{
	struct fixture *f = &m->h->f;
	const struct job_request rq = { .environment = f->environment };
	int status;
	int64_t job;
	struct lease l;
	pid_t pid;

	drop_queue(m);
	OK(findings_request(&job, f->db, &rq, f->storage, &f->e));
	l = fixture_claim(f);
	assert_int_equal(l.job, job);
	/* As home_work(), but without a look for leaks at each end: there are many. */
	pid = fork();
	if (pid == 0)
		_exit(work_run(&m->h->conf, &l));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(home_job_row(m->h, job).state, JOB_SUCCEEDED);
}

static const char *
sweep(struct model *m, struct arena *a)
{
	struct fixture *f = &m->h->f;

	OK(sweep_once(&m->h->conf, f->db, 0, &f->e));
	drop_queue(m);
	for (size_t i = 0; i < m->count; i++) {
		struct kept *k = &m->kept[i];

		if (k->fate != TRASHED || home_backup_row(m->h, k->id).state != BACKUP_DELETED)
			continue;
		if (k->trashed_at >= clock_now() - m->h->conf.trash_ms)
			return arena_printf(a, "b%" PRId64 " left the trash early", k->id);
		k->fate = PURGED;
	}
	return NULL;
}

/* NULL, or what is wrong. `spoil` does something to the storage or the catalogue that no step may:
 * the controls. */
static const char *
round_of(struct model *m, struct arena *a, void (*spoil)(struct model *m))
{
	struct sight before = look_around(m, a), after;
	const char *wrong;

	reconcile(m);
	if (spoil != NULL)
		spoil(m);
	after = look_around(m, a);
	if ((wrong = judge_deletions(m, a, &before, &after, false)) != NULL ||
	    (wrong = judge_findings(m, a, &after)) != NULL || (wrong = sweep(m, a)) != NULL)
		return wrong;
	before = after;
	after = look_around(m, a);
	return judge_deletions(m, a, &before, &after, true);
}

static void
open_model(struct model *m, struct job_home *h)
{
	struct dest *d = home_storage(h);
	struct fixture *f = &h->f;

	m->h = h;
	m->dice[0] = 24;
	OK(dest_claim(d, "01890000-0000-7000-8000-000000000001", true, &f->e));
	dest_close(d);
	/* Rows vanish as they do when an older catalogue is put in place. */
	fixture_do(f, "PRAGMA foreign_keys=0");
	*skew = 0;
	make(m);
}

static void
T24_only_leftovers_go_and_each_stranger_is_named(void **state)
{
	struct model *m = calloc(1, sizeof *m);
	int steps = getenv("ALL") != NULL ? STEPS : FEWER;

	open_model(m, *state);
	for (int done = 0; done < steps; done++) {
		CLEANUP_ARENA struct arena *a = arena_new();
		const char *wrong;

		step(m);
		/* Without any backup there would be nothing to compare. */
		if (count_of(m, READY) == 0)
			make(m);
		wrong = round_of(m, a, NULL);
		if (wrong != NULL)
			fail_msg("step %d: %s", done, wrong);
	}
	print_message("%d steps; files met: %d old and needed, %d of a running job, %d young that"
	              " nothing names, %d missing, %d damaged, %d named\n",
	    steps, m->met[0], m->met[1], m->met[2], m->met[3], m->met[4], m->met[5]);
	for (int i = 0; i < 6; i++)
		assert_true(m->met[i] > 0);
	free(m);
}

/* -- controls: what a worse reconcile would do -- */

static const char old_one[] = "shop/live/old.txt", young_one[] = "shop/live/young.txt";

static void
take(struct model *m, const char *key)
{
	assert_int_equal(unlink(arena_printf(m->h->f.a, "%s/%s", m->h->conf.storage, key)), 0);
}

static void
take_needed(struct model *m)
{
	take(m, m->kept[0].keys[1]);
}

static void
take_upload(struct model *m)
{
	take(m, upload_of(m->h->f.a, m->running->keys[1], FENCE));
}

static void
take_young(struct model *m)
{
	take(m, young_one);
}

static void
take_old(struct model *m)
{
	take(m, old_one);
}

static void
name_none(struct model *m)
{
	struct fixture *f = &m->h->f;

	fixture_do(f, "DELETE FROM finding WHERE kind='unknown'");
}

static void
name(struct model *m, const char *path)
{
	struct fixture *f = &m->h->f;

	OK(sql_run(NULL, f->db, "INSERT INTO finding (storage, path, kind, text, found_at) VALUES"
	                        " (?1, ?2, 'unknown', 'x', 1)",
	    SQL_ARGS(sql_i(f->storage), sql_t(path)), &f->e));
}

static void
name_young(struct model *m)
{
	name(m, young_one);
}

static void
name_upload(struct model *m)
{
	name(m, upload_of(m->h->f.a, m->running->keys[1], FENCE));
}

static void
name_needed(struct model *m)
{
	name(m, m->kept[0].keys[1]);
}

static void
overlook_missing(struct model *m)
{
	struct fixture *f = &m->h->f;

	fixture_do(f, "DELETE FROM finding WHERE kind='missing'");
}

static void
T24_a_deletion_too_many_and_a_stranger_too_few_are_seen(void **state)
{
	static const struct {
		void (*spoil)(struct model *m);
		const char *wrong;
	} cases[] = {
		{ take_needed, "needed, was deleted" },
		{ take_upload, "of a running job, was deleted" },
		{ take_young, "a stranger, was deleted" },
		{ take_old, "a stranger, was deleted" },
		{ name_none, "old.txt is a stranger, old, and is not named" },
		{ name_young, "young.txt is a stranger, young, and is named" },
		{ name_upload, "is of a running job, old, and is named" },
		{ name_needed, "is needed, young, and is named" },
		{ overlook_missing, "is gone and found well" },
	};
	struct model *m = calloc(1, sizeof *m);
	struct job_home *h = *state;

	open_model(m, h);
	make(m);
	take(m, m->kept[1].keys[1]);
	m->kept[1].harmed = true;
	m->running = begin(m, h->f.media);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		CLEANUP_ARENA struct arena *a = arena_new();
		const char *wrong;

		lay(m, m->kept[0].keys[1], content, 7);
		lay(m, upload_of(a, m->running->keys[1], FENCE), "half", 5000);
		lay(m, old_one, "x", 5000);
		lay(m, young_one, "x", 7);
		wrong = round_of(m, a, NULL);
		assert_null(wrong);
		wrong = round_of(m, a, cases[i].spoil);
		if (wrong == NULL || strstr(wrong, cases[i].wrong) == NULL)
			fail_msg("%s: %s", cases[i].wrong, wrong ? wrong : "not seen");
	}
	free(m);
}

/* The clocks of this process and its children can be moved from here on. */
static void
take_the_clocks(void)
{
	char path[] = "/tmp/lz-skew-XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0 || ftruncate(fd, sizeof *skew) != 0 ||
	    setenv("LAZARETTE_CLOCK_SKEW", path, 1) != 0)
		abort();
	skew = mmap(NULL, sizeof *skew, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (skew == MAP_FAILED)
		abort();
	clock_begin();
	close(fd);
	unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HOME_TEST(T24_only_leftovers_go_and_each_stranger_is_named),
		HOME_TEST(T24_a_deletion_too_many_and_a_stranger_too_few_are_seen),
	};

	take_the_clocks();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
