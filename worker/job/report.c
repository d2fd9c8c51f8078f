/* report.c: what a running job tells the world, and how it is told to stop. */
#include "worker/job/report.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/fault.h"
#include "lib/base/log.h"
#include "worker/job/kin.h"

enum { TICK_MS = 500, LINES_MAX = 2100, PHASE_MAX = 200, CATALOG_MAX = 4096 };

struct line {
	char stream[8];
	char *text;
};

struct report {
	char catalog[CATALOG_MAX];
	struct lease lease;
	struct watch watch;
	pthread_t thread, ear;        /* writes; hears SIGTERM */
	bool running, hearing, aside;
	atomic_bool stop, ending;
	atomic_llong bytes, warnings;
	pthread_mutex_t lock;         /* for all below */
	char phase[PHASE_MAX];
	int64_t total;
	struct line *lines;           /* not yet written */
	size_t line_count;
};

static void
add_line(struct report *r, const char *stream, const char *text)
{
	if (strcmp(stream, "warn") == 0)
		atomic_fetch_add(&r->warnings, 1);
	if (r->aside) {
		log_line(LOG_INFO, "job.aside", "%s", text);
		return;
	}
	pthread_mutex_lock(&r->lock);
	/* The catalogue keeps 2000 lines of a job; more than that need not be remembered here. */
	if (r->line_count < LINES_MAX) {
		struct line *l = &r->lines[r->line_count++];

		snprintf(l->stream, sizeof l->stream, "%s", stream);
		l->text = xstrdup(text);
	}
	pthread_mutex_unlock(&r->lock);
}

static void
watch_bytes(void *arg, int64_t more)
{
	struct report *r = arg;

	atomic_fetch_add(&r->bytes, more);
}

static void
watch_say(void *arg, const char *stream, const char *text)
{
	add_line(arg, stream, text);
}

/* First the flag: that a tool was killed here must not become the reason why the job failed. Once
 * begun it is gone through with, even while report_free() waits for this thread. */
static NORETURN void
end_at_once(struct report *r, int status)
{
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	atomic_store(&r->ending, true);
	kin_kill(getpid());
	_exit(status);
}

/* -- writing -- */

static int
write_lines(struct report *r, struct db *db, struct err *e)
{
	struct line first;

	for (;;) {
		pthread_mutex_lock(&r->lock);
		if (r->line_count == 0) {
			pthread_mutex_unlock(&r->lock);
			return 0;
		}
		first = r->lines[0];
		pthread_mutex_unlock(&r->lock);
		/* Only the writer takes lines away, so the first one stays the first. */
		if (jobs_log(db, &r->lease, first.stream, first.text, e) != 0)
			return -1;
		pthread_mutex_lock(&r->lock);
		memmove(r->lines, r->lines + 1, --r->line_count * sizeof r->lines[0]);
		pthread_mutex_unlock(&r->lock);
		free(first.text);
	}
}

static int
write_progress(struct report *r, struct db *db, struct err *e)
{
	char phase[PHASE_MAX];
	struct job_progress p = { .phase = phase, .bytes_done = atomic_load(&r->bytes) };

	pthread_mutex_lock(&r->lock);
	snprintf(phase, sizeof phase, "%s", r->phase);
	p.bytes_total = r->total;
	pthread_mutex_unlock(&r->lock);
	return jobs_progress(db, &r->lease, &p, e);
}

int
report_flush(struct report *r, struct db *db, struct err *e)
{
	/* Another thread is ending the process: nothing more is written. */
	while (atomic_load(&r->ending))
		pause();
	if (write_lines(r, db, e) != 0 || write_progress(r, db, e) != 0)
		return err_in(e, "job %" PRId64, r->lease.job);
	return 0;
}

/* One turn: a catalogue that is busy or full now is tried again at the next. */
static void
turn(struct report *r, struct db **db)
{
	struct err e;

	FAULT("report.turn");
	if (*db == NULL && db_open(db, r->catalog, &e) != 0) {
		log_line(LOG_WARN, "report.open", "%s", e.text);
		return;
	}
	if (write_progress(r, *db, &e) == 0 && write_lines(r, *db, &e) == 0)
		return;
	if (e.kind != ERR_FENCED || FAULT_CONTROL("no_fence")) {
		log_line(LOG_WARN, "report.write", "%s", e.text);
		return;
	}
	log_line(LOG_WARN, "job.fenced", "job %" PRId64 " has another holder; stopping",
	    r->lease.job);
	end_at_once(r, REPORT_FENCED);
}

static void
wanted_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
}

static void
tick_signal(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGUSR1);
}

/* Does nothing else, so that a stop is obeyed whatever the other threads wait for. */
static void *
keep_listening(void *arg)
{
	struct report *r = arg;
	sigset_t set;
	int sig;

	wanted_signals(&set);
	while (sigwait(&set, &sig) != 0)
		continue;
	end_at_once(r, REPORT_STOPPED);
}

static void *
keep_reporting(void *arg)
{
	struct report *r = arg;
	CLEANUP_DB struct db *db = NULL;
	struct timespec tick = { .tv_nsec = TICK_MS * 1000000 };
	sigset_t set;

	tick_signal(&set);
	while (!atomic_load(&r->stop))
		if (sigtimedwait(&set, NULL, &tick) < 0 && !atomic_load(&r->stop))
			turn(r, &db);
	return NULL;
}

/* -- the work's side -- */

static struct report *
make(void)
{
	struct report *r = xmalloc(sizeof *r);

	*r = (struct report){ .watch = { watch_bytes, watch_say, r } };
	pthread_mutex_init(&r->lock, NULL);
	r->lines = xmalloc(LINES_MAX * sizeof r->lines[0]);
	return r;
}

struct report *
report_aside(void)
{
	struct report *r = make();

	r->aside = true;
	return r;
}

int
report_start(struct report **ret, const char *catalog, const struct lease *l, struct err *e)
{
	struct report *r = make();
	sigset_t set;

	r->lease = *l;
	if (snprintf(r->catalog, sizeof r->catalog, "%s", catalog) >= (int)sizeof r->catalog) {
		report_free(r);
		return err_set(e, ERR_INPUT, "the path of the catalogue is too long");
	}
	wanted_signals(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	r->hearing = pthread_create(&r->ear, NULL, keep_listening, r) == 0;
	r->running = r->hearing && pthread_create(&r->thread, NULL, keep_reporting, r) == 0;
	if (!r->running) {
		report_free(r);
		return err_set(e, ERR_BUSY,
		    "no thread for reporting progress: the system has too many");
	}
	*ret = r;
	return 0;
}

void
report_phase(struct report *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	pthread_mutex_lock(&r->lock);
	vsnprintf(r->phase, sizeof r->phase, fmt, ap);
	pthread_mutex_unlock(&r->lock);
	va_end(ap);
}

void
report_expect(struct report *r, int64_t raw_bytes)
{
	pthread_mutex_lock(&r->lock);
	r->total = raw_bytes;
	pthread_mutex_unlock(&r->lock);
}

void
report_say(struct report *r, const char *stream, const char *fmt, ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	add_line(r, stream, text);
}

const struct watch *
report_watch(struct report *r)
{
	return &r->watch;
}

char *
report_words(struct report *r, struct arena *a)
{
	char *words;

	pthread_mutex_lock(&r->lock);
	words = arena_dup(a, r->phase);
	pthread_mutex_unlock(&r->lock);
	return words;
}

int64_t
report_expected(struct report *r)
{
	int64_t total;

	pthread_mutex_lock(&r->lock);
	total = r->total;
	pthread_mutex_unlock(&r->lock);
	return total;
}

int64_t
report_bytes(struct report *r)
{
	return atomic_load(&r->bytes);
}

int64_t
report_warnings(struct report *r)
{
	return atomic_load(&r->warnings);
}

void
report_stop(struct report *r)
{
	if (!r->running)
		return;
	atomic_store(&r->stop, true);
	pthread_kill(r->thread, SIGUSR1);
	pthread_join(r->thread, NULL);
	r->running = false;
}

void
report_free(struct report *r)
{
	if (r == NULL)
		return;
	report_stop(r);
	if (r->hearing) {
		pthread_cancel(r->ear);
		pthread_join(r->ear, NULL);
	}
	for (size_t i = 0; i < r->line_count; i++)
		free(r->lines[i].text);
	free(r->lines);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

void
report_freep(struct report **r)
{
	report_free(*r);
	*r = NULL;
}
