/* hook_test.c: which programs are run around a restore, how they end, and what is told of them. */
#include "tests/unit/job_home.h"

#include <signal.h>
#include <time.h>

#include "lib/base/utf8.h"
#include "worker/job/hook.h"

/* A plan with no more than a hook needs. */
struct scene {
	struct job_home h;            /* first */
	struct plan plan;
};

static int
set_up(void **state)
{
	struct scene *s;

	if (home_set_up(state) != 0)
		return -1;
	s = calloc(1, sizeof *s);
	s->h = *(struct job_home *)*state;
	free(*state);
	struct fixture *f = &s->h.f;

	fixture_request(f, 0, NULL);
	s->plan = (struct plan){ .conf = &s->h.conf, .arena = f->a, .db = f->db,
		.lease = fixture_claim(f), .restore = { .id = 7, .hooks = true } };
	OK(environments_by_id(&s->plan.environment, f->a, f->db, f->environment, &f->e));
	OK(fd_make_path(home_path(&s->h, "hooks"), &f->e));
	OK(report_start(&s->plan.report, f->path, &s->plan.lease, &f->e));
	*state = s;
	return 0;
}

static int
tear_down(void **state)
{
	struct scene *s = *state;

	report_freep(&s->plan.report);
	return home_tear_down(state);
}

static const char *
put(struct scene *s, const char *name, mode_t mode, const char *body)
{
	const char *path = home_path(&s->h, arena_printf(s->h.f.a, "hooks/%s", name));
	const char *text = arena_printf(s->h.f.a, "#!/bin/sh\n%s\n", body);
	struct fixture *f = &s->h.f;

	OK(fd_put_file(path, text, strlen(text), mode, &f->e));
	assert_int_equal(chmod(path, mode), 0);
	return path;
}

static int
run(struct scene *s, const char *name, int64_t limit_s)
{
	static const char *const more[] = { "LAZARETTE_SIDE=/side", NULL };
	struct hook h = {
		.name = name, .step = "before", .outcome = "", .limit_s = limit_s, .more = more,
	};

	return hook_run(&h, &s->plan, &s->h.f.e);
}

/* The log of the job so far, a line each: "stream text". */
static const char *
logged(struct scene *s)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct fixture *f = &s->h.f;
	struct job_line *lines;
	size_t n;

	OK(report_flush(s->plan.report, f->db, &f->e));
	OK(jobs_log_tail(&lines, &n, f->a, f->db, s->plan.lease.job, 20, &f->e));
	for (size_t i = 0; i < n; i++)
		buf_printf(&text, "%s %s\n", lines[i].stream, lines[i].text);
	return arena_dupn(f->a, text.p, text.n);
}

#define REFUSES(s, name, words) do { \
	struct fixture *f_ = &(s)->h.f; \
	assert_int_equal(run(s, name, 60), -1); \
	if (strstr(f_->e.text, words) == NULL) \
		fail_msg("'%s' does not say '%s'", f_->e.text, words); \
	assert_false(home_has(&(s)->h, "ran")); \
} while (0)

/* SET-15: both of its outputs, and what it was told. */
static void
a_hook_is_told_what_it_is_about_and_what_it_writes_is_logged(void **state)
{
	struct scene *s = *state;
	struct fixture *f = &s->h.f;

	put(s, "stop", 0755,
	    "echo \"$LAZARETTE_PROJECT/$LAZARETTE_ENVIRONMENT $LAZARETTE_RESTORE"
	    " $LAZARETTE_STEP $LAZARETTE_SIDE\"\necho ouch >&2; printf 'no end of line'");
	OK(run(s, "stop", 60));
	assert_non_null(strstr(logged(s), "note stop: shop/live r7 before /side\n"));
	assert_non_null(strstr(logged(s), "err stop: ouch\n"));
	assert_non_null(strstr(logged(s), "note stop: no end of line\n"));
}

/* SET-15: what is longer than a line of the log becomes several, with nothing lost. */
static void
a_long_line_loses_nothing(void **state)
{
	struct scene *s = *state;
	struct fixture *f = &s->h.f;
	size_t seen = 0;

	put(s, "long", 0755, "head -c 10000 /dev/zero | tr '\\0' x");
	OK(run(s, "long", 60));
	for (const char *p = logged(s); *p != '\0'; p++)
		seen += *p == 'x';
	assert_int_equal(seen, 10000);
}

/* PLA-25: only a plain name of what lies in the folder. */
static void
names_that_lead_elsewhere_are_refused(void **state)
{
	struct scene *s = *state;

	put(s, ".hidden", 0755, "touch ../ran");
	REFUSES(s, "../../../bin/true", "no name of a hook");
	REFUSES(s, "/bin/true", "no name of a hook");
	REFUSES(s, ".hidden", "no name of a hook");
	REFUSES(s, "", "no name of a hook");
	REFUSES(s, "nothing", "is not there");
}

/* PLA-25: what somebody else could have put there, or could change, is not run. */
static void
files_that_others_could_have_made_are_refused(void **state)
{
	struct scene *s = *state;
	const char *body = arena_printf(s->h.f.a, "touch '%s'", home_path(&s->h, "ran"));
	const char *path = put(s, "plain", 0644, body);

	REFUSES(s, "plain", "chmod 755");
	put(s, "open", 0775, body);
	REFUSES(s, "open", "chmod go-w");
	put(s, "wide", 0757, body);
	REFUSES(s, "wide", "chmod go-w");
	assert_int_equal(chmod(path, 0755), 0);
	assert_int_equal(symlink(path, home_path(&s->h, "hooks/link")), 0);
	REFUSES(s, "link", "no executable file");
	assert_int_equal(mkdir(home_path(&s->h, "hooks/folder"), 0755), 0);
	REFUSES(s, "folder", "no executable file");
	if (geteuid() != 0)
		return;
	assert_int_equal(chown(path, 65534, 65534), 0);
	REFUSES(s, "plain", "could be changed by others");
}

/* The control of the one before: mended as it was told, it runs. */
static void
the_same_file_runs_once_it_is_mended(void **state)
{
	struct scene *s = *state;
	struct fixture *f = &s->h.f;

	put(s, "plain", 0755,
	    arena_printf(f->a, "touch '%s'", home_path(&s->h, "ran")));
	OK(run(s, "plain", 60));
	assert_true(home_has(&s->h, "ran"));
}

/* SET-15 */
static void
its_exit_code_is_told(void **state)
{
	struct scene *s = *state;
	struct fixture *f = &s->h.f;

	put(s, "stop", 0755, "echo no such unit >&2; exit 124");
	assert_int_equal(run(s, "stop", 60), -1);
	assert_int_equal(f->e.exit_code, 124);
	assert_non_null(strstr(f->e.text, "hook stop ended with exit code 124"));
	assert_non_null(strstr(f->e.text, "no such unit"));
}

/* PLA-25: the first line of its output is the answer, and only as much of it as a page can show. */
static void
which_code_runs_is_what_its_hook_prints_first(void **state)
{
	struct scene *s = *state;

	assert_string_equal(hook_code(&s->plan), "");
	s->plan.environment.hook_code = "code";
	put(s, "code", 0755, "echo warning >&2; echo \"v1.5 $LAZARETTE_STEP\"; echo more");
	assert_string_equal(hook_code(&s->plan), "v1.5 code");
	put(s, "code", 0755, "head -c 3000 /dev/zero | tr '\\0' x");
	assert_int_equal(strlen(hook_code(&s->plan)), 80);
	/* No character is cut in two. */
	put(s, "code", 0755, "printf '%079d\\303\\274\\n' 0");
	assert_int_equal(strlen(hook_code(&s->plan)), 79);
	put(s, "code", 0755, "printf '\\033[1mv\\377\\n'");
	assert_true(utf8_valid(hook_code(&s->plan), strlen(hook_code(&s->plan))));
	put(s, "code", 0755, "echo v1.5; exit 1");
	assert_string_equal(hook_code(&s->plan), "");
	assert_non_null(strstr(logged(s), "warn which code runs is not known: hook code"));
}

/* SET-15: also one that does not want to end, and what it has started. */
static void
a_hook_past_its_limit_is_killed_with_its_children(void **state)
{
	struct scene *s = *state;
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct fixture *f = &s->h.f;
	int64_t began = clock_mono();
	pid_t child;

	put(s, "stop", 0755,
	    arena_printf(f->a,
	        "trap '' TERM\nsleep 600 &\necho $! >'%s'\nwhile :; do sleep 1; done",
	        home_path(&s->h, "child")));
	assert_int_equal(run(s, "stop", 1), -1);
	assert_non_null(strstr(f->e.text, "its limit of 1 s"));
	assert_in_range(clock_mono() - began, 1000, 30000);
	OK(fd_read_file(&text, home_path(&s->h, "child"), 100, &f->e));
	child = (pid_t)strtol(text.p, NULL, 10);
	assert_true(child > 1);
	/* Killed is not yet reaped. */
	for (int i = 0; i < 100 && kill(child, 0) == 0; i++)
		clock_sleep(50);
	assert_int_equal(kill(child, 0), -1);
}

/* A job that shows nothing for long counts as stalled: a hook's seconds are its sign of life. */
static void
a_silent_hook_gives_signs_of_life(void **state)
{
	struct scene *s = *state;
	struct fixture *f = &s->h.f;

	put(s, "migrate", 0755, "sleep 2.5");
	OK(run(s, "migrate", 60));
	assert_string_equal(report_words(s->plan.report, f->a), "hook migrate: 2 s");
}

#define SCENE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE_TEST(a_hook_is_told_what_it_is_about_and_what_it_writes_is_logged),
		SCENE_TEST(a_long_line_loses_nothing),
		SCENE_TEST(names_that_lead_elsewhere_are_refused),
		SCENE_TEST(files_that_others_could_have_made_are_refused),
		SCENE_TEST(the_same_file_runs_once_it_is_mended),
		SCENE_TEST(which_code_runs_is_what_its_hook_prints_first),
		SCENE_TEST(its_exit_code_is_told),
		SCENE_TEST(a_hook_past_its_limit_is_killed_with_its_children),
		SCENE_TEST(a_silent_hook_gives_signs_of_life),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
