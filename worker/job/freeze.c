/* freeze.c: the application stands still while a consistent backup reads it, and no longer. */
#include "worker/job/freeze.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/fault.h"
#include "lib/base/fd.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/store/freezes.h"
#include "lib/store/policies.h"
#include "worker/job/hook.h"
#include "worker/job/thaw.h"

/* How long we wait beyond another's cap, and how often we look. */
enum { PATIENCE_MS = 15 * 1000, LOOK_MS = 500, STEP_MS = 500 };

struct freeze {
	struct plan *plan;
	struct freeze_row row;
	int guard;
	int64_t deadline;             /* of clock_mono() */
	pthread_t watch;
	pthread_mutex_t lock;
	pthread_cond_t read;
	bool watched, done, over;     /* over: there is nothing left to let go */
};

/* -- letting go -- */

static void
tell(struct freeze *f, struct plan *p, enum thaw_why why, bool mine)
{
	char held[NUM_TEXT];

	num_duration(held, clock_now() - f->row.at);
	if (mine && why == THAW_READ)
		report_say(p->report, "note", "held for %s", held);
	else
		report_say(p->report, "warn", "the application was let go after %s, before all was "
		    "read: this backup is a live one", held);
}

/* Called by one thread at a time. */
static void
let_go(struct freeze *f, struct plan *p, enum thaw_why why)
{
	struct err e;
	bool mine;

	if (thaw_run(&mine, p, &f->row, why, &e) != 0)
		report_say(p->report, "warn", "the application may still be held: %s; it is tried "
		    "again", e.text);
	else
		tell(f, p, why, mine);
	f->over = true;
}

/* With a connection and memory of its own: the other thread is at work. */
static void
let_go_aside(struct freeze *f)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_DB struct db *db = NULL;
	struct plan mine = *f->plan;
	struct err e;

	if (db_open(&db, mine.conf->catalog, &e) != 0) {
		report_say(mine.report, "warn", "%s", e.text);
		return;
	}
	mine.arena = arena;
	mine.db = db;
	let_go(f, &mine, THAW_CAP);
}

/* In short steps: the condition's clock stands still while the machine sleeps. */
static void *
keep_watch(void *arg)
{
	struct freeze *f = arg;
	int64_t left;

	pthread_mutex_lock(&f->lock);
	while (!f->done && (left = f->deadline - clock_mono()) > 0) {
		struct timespec at;

		left = left < STEP_MS ? left : STEP_MS;
		clock_gettime(CLOCK_MONOTONIC, &at);
		at.tv_nsec += left * 1000000;
		at.tv_sec += at.tv_nsec / 1000000000;
		at.tv_nsec %= 1000000000;
		pthread_cond_clockwait(&f->read, &f->lock, CLOCK_MONOTONIC, &at);
	}
	/* The lock is kept: who has read all waits until this is done. */
	if (!f->done && !FAULT_CONTROL("no_cap"))
		let_go_aside(f);
	pthread_mutex_unlock(&f->lock);
	return NULL;
}

void
freeze_end(struct freeze *f)
{
	if (f == NULL || f->done)
		return;
	FAULT("freeze.read");
	pthread_mutex_lock(&f->lock);
	f->done = true;
	pthread_cond_signal(&f->read);
	pthread_mutex_unlock(&f->lock);
	if (f->watched)
		pthread_join(f->watch, NULL);
	if (!f->over)
		let_go(f, f->plan, THAW_READ);
	/* If it failed, the supervisor need not wait for this job. */
	fd_close(&f->guard);
	FAULT("freeze.over");
}

void
freeze_release(struct freeze *f)
{
	if (f == NULL)
		return;
	freeze_end(f);
	fd_close(&f->guard);
	free(f);
}

void
freeze_releasep(struct freeze **f)
{
	freeze_release(*f);
	*f = NULL;
}

/* -- holding -- */

/* Has somebody said that it may be held outside the window? Whoever asks for a backup by hand has
 * to, but not while it is open. */
static int
was_allowed(bool *ret, struct plan *p, struct err *e)
{
	const struct backup *b = &p->backup;
	struct freeze_window then;

	*ret = false;
	if (freezes_windowed(b->kind, b->schedule))
		return 0;
	if (freezes_window(&then, p->arena, p->db, p->environment.id, b->created_at, e) != 0)
		return -1;
	*ret = then.opens > b->created_at;
	return 0;
}

/* Who waited long for its turn would hold the application by day. */
static int
keep_window(struct plan *p, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();     /* asked again and again while it waits */
	int64_t now = clock_now();
	struct freeze_window w;
	bool allowed;

	if (freezes_window(&w, a, p->db, p->environment.id, now, e) != 0)
		return -1;
	if (w.opens <= now)
		return 0;
	if (was_allowed(&allowed, p, e) != 0)
		return -1;
	if (allowed)
		return 0;
	if (freezes_put_back(p->db, &p->lease, &w, e) != 0)
		return -1;
	log_line(LOG_INFO, "job.put_back", "j%" PRId64 " waits for its window", p->lease.job);
	return err_set(e, ERR_FENCED, "it waits for its window");
}

/* Two backups of different services may meet here: the second waits for the first. What nobody
 * looks after any more is the supervisor's, but is not waited for. */
static int
write_down(struct freeze *f, struct plan *p, int64_t cap_ms, struct err *e)
{
	int64_t until = clock_mono() + cap_ms + PATIENCE_MS;
	struct freeze_row left;
	bool mine;

	for (;;) {
		if (keep_window(p, e) != 0)
			return -1;
		if (thaw_guard(&f->guard, p->conf, p->environment.id, e) == 0 &&
		    freezes_of(&left, p->arena, p->db, p->environment.id, e) == 0 &&
		    (left.at == 0 || thaw_run(&mine, p, &left, THAW_LEFT, e) == 0) &&
		    freezes_begin(&f->row, p->db, &p->lease, cap_ms, e) == 0)
			return 0;
		fd_close(&f->guard);
		if (e->kind != ERR_BUSY || clock_mono() >= until)
			return err_in(e, "hold the application");
		report_phase(p->report, "waiting: another backup holds the application");
		if (plan_still_ours(p, e) != 0)
			return -1;
		clock_sleep(LOOK_MS);
	}
}

static int
run_hook(struct plan *p, int64_t cap_s, struct err *e)
{
	const struct environment *v = &p->environment;
	int64_t began = clock_mono(),
	        limit = v->hook_limit_s > 0 && v->hook_limit_s < cap_s ? v->hook_limit_s : cap_s;
	const char *const more[] = {
		arena_printf(p->arena, "LAZARETTE_BACKUP=b%" PRId64, p->backup.id),
		arena_printf(p->arena, "LAZARETTE_FREEZE_SECONDS=%" PRId64, cap_s), NULL,
	};
	const struct hook h = { .name = v->hook_freeze, .step = "freeze", .outcome = "",
		.limit_s = limit, .more = more };

	if (hook_run(&h, p, e) != 0)
		return err_in(e, "the application could not be held, so no backup was taken");
	report_say(p->report, "note", "%s: the application is held; exit code 0 after %" PRId64
	    " ms", v->hook_freeze, clock_mono() - began);
	return 0;
}

/* Wanted and possible? */
static int
is_due(bool *ret, struct plan *p, struct err *e)
{
	*ret = p->backup.mode == MODE_CONSISTENT;
	if (!*ret || *p->environment.hook_freeze != '\0')
		return 0;
	*ret = false;
	report_say(p->report, "warn", "there is no hook that holds the application: this backup is "
	    "a live one");
	return freezes_live(p->db, &p->lease, e);
}

int
freeze_begin(struct freeze **ret, struct plan *p, struct err *e)
{
	CLEANUP_FREEZE struct freeze *f = NULL;
	int64_t cap_s, began;
	bool due;

	*ret = NULL;
	if (is_due(&due, p, e) != 0 ||
	    (due && policies_number(&cap_s, p->db, POLICY_FREEZE_SECONDS, p->environment.id,
	                e) != 0))
		return -1;
	if (!due)
		return 0;
	f = xmalloc(sizeof *f);
	*f = (struct freeze){ .plan = p, .guard = -1, .over = true,
		.lock = PTHREAD_MUTEX_INITIALIZER, .read = PTHREAD_COND_INITIALIZER };
	if (write_down(f, p, cap_s * 1000, e) != 0)
		return -1;
	f->over = false;
	began = clock_mono();
	FAULT("freeze.written");
	/* The watch comes after the hook, which has the same limit: a thaw must not overtake it. */
	if (run_hook(p, cap_s, e) != 0)
		return -1;
	FAULT("freeze.hook_ran");
	f->deadline = began + cap_s * 1000;
	f->watched = pthread_create(&f->watch, NULL, keep_watch, f) == 0;
	if (!f->watched)
		return err_set(e, ERR_BUSY, "no thread to watch over the time: the system has too "
		    "many");
	*ret = f;
	f = NULL;
	return 0;
}
