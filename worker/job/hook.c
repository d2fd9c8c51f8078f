/* hook.c: programs of the administrator around a restore. */
#include "worker/job/hook.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/fault.h"
#include "lib/base/utf8.h"
#include "lib/store/restores.h"
#include "lib/util/proc.h"

enum { ENV_MAX = 24, PIECE = 4096, LINE = 2000, LIMIT_S = 300, CODE_S = 30, CODE_MAX = 80 };

/* A plain name: it comes from the catalogue, and must not lead out of the folder. */
static bool
is_plain(const char *name)
{
	return *name != '\0' && *name != '.' && strchr(name, '/') == NULL && strlen(name) <= 60;
}

/* Only what somebody who may change this worker could have put there is run. */
static int
find(char **ret, const struct hook *h, struct plan *p, struct err *e)
{
	char *path = arena_printf(p->arena, "%s/hooks/%s", p->conf->home, h->name);
	struct stat st;

	if (!is_plain(h->name))
		return err_set(e, ERR_INPUT, "'%s' is no name of a hook", h->name);
	if (lstat(path, &st) != 0)
		return err_set(e, ERR_INPUT,
		    "hook %s is not there: put an executable of that name into %s/hooks", h->name,
		    p->conf->home);
	if (!S_ISREG(st.st_mode) || access(path, X_OK) != 0)
		return err_set(e, ERR_INPUT,
		    "hook %s is no executable file; make it one with: chmod 755 %s", h->name, path);
	if ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return err_set(e, ERR_INPUT,
		    "hook %s could be changed by others than root and the worker's user, so it is "
		    "not run; mend it with: chmod go-w %s", h->name, path);
	*ret = path;
	return 0;
}

/* For hooks that need a duty of this program. */
static const char *
own_path(struct arena *a)
{
	char path[PIECE];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path);

	return n > 0 && n < (ssize_t)sizeof path ? arena_dupn(a, path, (size_t)n) : "";
}

static size_t
make_env(const char *env[ENV_MAX], const struct hook *h, struct plan *p)
{
	size_t n = 0;

	env[n++] = arena_printf(p->arena, "LAZARETTE_PROJECT=%s", p->environment.project_slug);
	env[n++] = arena_printf(p->arena, "LAZARETTE_ENVIRONMENT=%s", p->environment.slug);
	if (p->restore.id != 0)
		env[n++] = arena_printf(p->arena, "LAZARETTE_RESTORE=r%" PRId64, p->restore.id);
	env[n++] = arena_printf(p->arena, "LAZARETTE_WORKER=%s", own_path(p->arena));
	env[n++] = arena_printf(p->arena, "LAZARETTE_STEP=%s", h->step);
	env[n++] = arena_printf(p->arena, "LAZARETTE_OUTCOME=%s", h->outcome);
	for (size_t i = 0; h->more != NULL && h->more[i] != NULL && n < ENV_MAX - 1; i++)
		env[n++] = h->more[i];
	env[n] = NULL;
	return n;
}

static void
say(struct plan *p, const struct hook *h, const char *line, size_t n)
{
	const char *text = utf8_clean(p->arena, line, n);

	report_say(p->report, "note", "%s: %s", h->name, text);
	if (h->answer != NULL && **h->answer == '\0')
		*h->answer = text;
}

struct listener {
	struct plan *plan;
	const char *name;
};

static void
hear(void *arg, const char *line)
{
	const struct listener *l = arg;

	report_say(l->plan->report, "err", "%s: %s", l->name, line);
}

/* Its standard output, line by line, until it ends. */
static int
listen(struct proc *child, const struct hook *h, struct plan *p, struct err *e)
{
	CLEANUP_BUF struct buf line = BUF_INIT;
	char piece[PIECE];
	ssize_t n;

	while ((n = proc_read(child, piece, sizeof piece, e)) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (piece[i] != '\n')
				buf_char(&line, piece[i]);
			if (piece[i] != '\n' && line.n < LINE)
				continue;
			if (line.n > 0)
				say(p, h, line.p, line.n);
			buf_clear(&line);
		}
	}
	if (line.n > 0)
		say(p, h, line.p, line.n);
	return n < 0 ? -1 : 0;
}

/* A hook may be silent for longer than a job may stall: while it runs, its seconds are the sign of
 * life. Its own limit ends it. */
struct pulse {
	struct report *report;
	const char *name;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool over, beats;
};

static void *
beat(void *arg)
{
	struct pulse *b = arg;
	int64_t began = clock_mono();

	pthread_mutex_lock(&b->lock);
	while (!b->over) {
		struct timespec next;

		clock_gettime(CLOCK_MONOTONIC, &next);
		next.tv_sec++;
		if (pthread_cond_clockwait(&b->ended, &b->lock, CLOCK_MONOTONIC, &next) ==
		        ETIMEDOUT &&
		    !b->over)
			report_phase(b->report, "hook %s: %" PRId64 " s", b->name,
			    (clock_mono() - began) / 1000);
	}
	pthread_mutex_unlock(&b->lock);
	return NULL;
}

static void
pulse_start(struct pulse *b, struct plan *p, const char *name)
{
	*b = (struct pulse){ .report = p->report, .name = name,
		.lock = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER };
	report_phase(p->report, "hook %s", name);
	b->beats = pthread_create(&b->thread, NULL, beat, b) == 0;
}

static void
pulse_stop(struct pulse *b)
{
	if (!b->beats)
		return;
	pthread_mutex_lock(&b->lock);
	b->over = true;
	pthread_cond_signal(&b->ended);
	pthread_mutex_unlock(&b->lock);
	pthread_join(b->thread, NULL);
}

/* The timer ends as the hook has, and says so in its own name. One that had to be killed has no
 * exit code of its own, so the time decides. */
static int
judge(const struct hook *h, int64_t limit, bool late, struct plan *p, struct err *e)
{
	static const char timer[] = "timeout ";
	int code = e->exit_code;

	if (late)
		return err_set(e, ERR_INPUT,
		    "hook %s did not end within its limit of %" PRId64 " s and was stopped",
		    h->name, limit);
	if (strncmp(e->text, timer, sizeof timer - 1) == 0)
		err_set(e, ERR_INPUT, "hook %s %s", h->name,
		    arena_dup(p->arena, e->text + sizeof timer - 1));
	e->exit_code = code;
	return -1;
}

int
hook_run(const struct hook *h, struct plan *p, struct err *e)
{
	CLEANUP_PROC struct proc *child = NULL;
	struct listener ear = { p, h->name };
	const char *env[ENV_MAX];
	char *path = NULL, *timer, *seconds;
	int64_t limit = h->limit_s > 0 ? h->limit_s : LIMIT_S, began = clock_mono();
	struct pulse pulse;
	int rc;

	if (find(&path, h, p, e) != 0 || proc_find(&timer, p->arena, "timeout", 0, e) != 0)
		return -1;
	seconds = arena_printf(p->arena, "%" PRId64, limit);
	const char *const argv[] = { timer, "--kill-after=5", seconds, path, NULL };
	struct proc_spec spec = { .argv = argv, .env = env, .stdin_fd = -1, .line = hear,
		.arg = &ear };

	make_env(env, h, p);
	if (proc_start(&child, &spec, e) != 0)
		return err_in(e, "hook %s", h->name);
	pulse_start(&pulse, p, h->name);
	rc = listen(child, h, p, e) == 0 ? proc_wait(child, e) : -1;
	pulse_stop(&pulse);
	return rc == 0 ? 0 : judge(h, limit, clock_mono() - began >= limit * 1000, p, e);
}

int
hook_before(struct plan *p, struct err *e)
{
	const struct environment *v = &p->environment;
	const struct hook h = { .name = v->hook_before, .step = "before", .outcome = "",
		.limit_s = v->hook_limit_s };

	if (!p->restore.hooks || (*v->hook_before == '\0' && *v->hook_after == '\0'))
		return 0;
	/* Written first: whatever comes, "after" is owed from here on. */
	if (restores_hook_due(p->db, &p->lease, true, e) != 0)
		return -1;
	p->restore.hook_due = true;
	if (*v->hook_before == '\0')
		return 0;
	if (hook_run(&h, p, e) != 0)
		return -1;
	FAULT("restore.hook_before_ran");
	return 0;
}

int
hook_after(struct plan *p, const char *outcome, struct err *e)
{
	const struct environment *v = &p->environment;
	const struct hook h = { .name = v->hook_after, .step = "after", .outcome = outcome,
		.limit_s = v->hook_limit_s };
	struct err why;

	if (!p->restore.hook_due)
		return 0;
	/* The data is in its place: a hook that fails now is a warning, and is not run for ever. */
	if (*v->hook_after != '\0' && hook_run(&h, p, &why) != 0)
		report_say(p->report, "warn", "%s", why.text);
	p->restore.hook_due = false;
	return restores_hook_due(p->db, &p->lease, false, e);
}

const char *
hook_code(struct plan *p)
{
	const struct environment *v = &p->environment;
	const char *answer = "";
	const struct hook h = { .name = v->hook_code, .step = "code", .outcome = "",
		.limit_s = CODE_S, .answer = &answer };
	struct err why;

	if (*v->hook_code == '\0')
		return "";
	if (hook_run(&h, p, &why) != 0) {
		report_say(p->report, "warn", "which code runs is not known: %s", why.text);
		return "";
	}
	return arena_dupn(p->arena, answer, utf8_cut(answer, CODE_MAX));
}
