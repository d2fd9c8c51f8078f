/* runner.c: the worker's supervisor: one thread, one loop, no waiting but in poll.
 *
 * Every turn does whatever is due: bury the dead, beat leases, take back jobs of workers that are
 * gone, ask for what is scheduled, claim new ones, send a mail, start housekeeping, count
 * deliveries. A turn that fails (the catalogue is locked or its disk full) is simply followed by
 * the next; no step depends on another.
 */
#include "worker/runner.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/base/log.h"
#include "lib/base/rand.h"
#include "lib/model/zone.h"
#include "lib/store/db.h"
#include "lib/store/secrets.h"
#include "lib/store/settings.h"
#include "worker/crew.h"
#include "worker/deliveries.h"
#include "worker/job/ballast.h"
#include "worker/lookout.h"
#include "worker/notify/herald.h"
#include "worker/notify/mail.h"
#include "worker/notify/webhook.h"
#include "worker/pruner.h"
#include "worker/spawn.h"
#include "worker/sweep.h"
#include "worker/timer.h"
#include "worker/thaws.h"

enum {
	FIRST_SWEEP_MS = 2000, SWEEP_MS = 10 * 1000, SWEEP_LIMIT_MS = 30 * 60 * 1000,
	SWEEP_OVERLAP_MS = 60 * 1000,
	CLOSING_MS = 15 * 1000, TELL_MS = 10 * 1000,
	SAY_AGAIN_MS = 30 * 1000,
	NAME_SIZE = 96,
};

/* The last trouble of one event that was logged. */
enum { EVENTS = 16 };
struct said {
	const char *event;            /* NULL: of none yet */
	char text[ERR_TEXT_MAX];
	int64_t at;
};

struct runner {
	const struct conf *conf;
	struct db *db;
	char name[NAME_SIZE];
	struct crew crew;
	struct deliveries deliveries;
	struct mail_sender mail;
	struct herald herald;
	struct webhook_sender webhooks;
	struct timer timer;
	struct thaws thaws;
	int signals;
	bool closing;
	bool said_held;
	int64_t closing_since;
	int64_t next_beat;
	pid_t sweeper;
	int64_t sweep_at, sweep_began, sweep_since;   /* mono, mono, wall */
	int64_t sweep_started_wall;
	struct said said[EVENTS];
};

/* -- starting -- */

static void
make_name(char out[NAME_SIZE])
{
	char host[64] = "";

	if (gethostname(host, sizeof host - 1) != 0)
		host[0] = '\0';
	snprintf(out, NAME_SIZE, "%s.%d.%04x", host, (int)getpid(), (unsigned)rand_below(0x10000));
}

/* SIGTERM, SIGINT and SIGCHLD are only ever read from the descriptor, so none comes between two
 * lines. */
static int
open_signals(int *ret, struct err *e)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return err_sys(e, "signalfd");
	*ret = fd;
	return 0;
}

static void
take_signals(struct runner *r)
{
	struct signalfd_siginfo info;

	while (read(r->signals, &info, sizeof info) == (ssize_t)sizeof info) {
		if (info.ssi_signo == SIGCHLD || r->closing)
			continue;
		log_line(LOG_INFO, "worker.closing", "stopping; jobs in work are queued again");
		r->closing = true;
		r->closing_since = clock_mono();
	}
}

static void
wait_a_moment(struct runner *r, int64_t ms)
{
	struct pollfd fds[3] = {
		{ .fd = r->signals, .events = POLLIN },
		{ .fd = r->deliveries.fd, .events = POLLIN },
		{ .fd = r->mail.fd, .events = POLLIN },
	};

	if (poll(fds, 3, (int)ms) > 0 && (fds[1].revents & POLLIN) != 0)
		deliveries_read(&r->deliveries, r->db);
	take_signals(r);
}

/* A full disk or a lock passes; a catalogue from the future does not. */
static int
open_catalog(struct runner *r, struct err *e)
{
	while (db_open_migrate(&r->db, r->conf->catalog, e) != 0) {
		if (e->kind != ERR_BUSY && e->kind != ERR_FULL)
			return -1;
		log_line(LOG_WARN, "worker.catalog", "%s; trying again", e->text);
		if (e->kind == ERR_FULL)
			ballast_drop(r->conf);
		wait_a_moment(r, 1000);
		if (r->closing)
			return -1;
	}
	return 0;
}

/* nginx passes through the folder of the sockets, and reads nothing else in it. */
static int
make_run_folder(const struct conf *conf, struct err *e)
{
	struct stat st;

	if (fd_make_path(conf->run, e) != 0)
		return -1;
	if (stat(conf->run, &st) != 0 ||
	    ((st.st_mode & 0711) != 0711 && chmod(conf->run, st.st_mode | 0711) != 0))
		return err_sys(e, "'%s'", conf->run);
	return 0;
}

/* All goes on without them, by another clock than the one somebody chose. */
static void
look_for_zones(void)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct zone *utc;
	struct err e;

	if (zone_load(&utc, arena, ZONE_FOLDER, "UTC", &e) != 0)
		log_line(LOG_WARN, "worker.zones", "the system has no time zones (package tzdata):"
		    " schedules, windows and days count by UTC");
}

/* Without the right key what needs a password fails and says so; all else goes on. */
static void
look_for_key(const struct runner *r)
{
	bool changed;
	struct err e;

	if (secrets_settle(&changed, r->db, r->conf->secret_key, &e) != 0)
		log_line(LOG_ERROR, "worker.key", "%s", e.text);
	else if (changed)
		log_line(LOG_INFO, "worker.key", "the key of the catalogue is in its place again:"
		    " '%s'", r->conf->secret_key);
}

/* -- turns -- */

static struct said *
said_of(struct runner *r, const char *event)
{
	size_t i = 0;

	while (r->said[i].event != NULL && strcmp(r->said[i].event, event) != 0)
		i++;
	assert(i < EVENTS);
	r->said[i].event = event;
	return &r->said[i];
}

/* The same trouble at every turn is one line now and then, also when others come between. */
static void
trouble(struct runner *r, const char *event, const struct err *e)
{
	struct said *last = said_of(r, event);

	if (e->kind == ERR_FULL)
		ballast_drop(r->conf);
	if (strcmp(last->text, e->text) == 0 && clock_mono() - last->at < SAY_AGAIN_MS)
		return;
	snprintf(last->text, sizeof last->text, "%s", e->text);
	last->at = clock_mono();
	log_line(LOG_WARN, event, "%s", e->text);
}

static void
start_sweep(struct runner *r)
{
	char since[24];
	const char *const args[] = { "--sweep", since, NULL };
	struct err e;

	snprintf(since, sizeof since, "%" PRId64, r->sweep_since);
	r->crew.left_traces = false;
	r->sweep_at = clock_mono() + SWEEP_MS;
	r->sweep_began = clock_mono();
	r->sweep_started_wall = clock_now();
	if (spawn_self(&r->sweeper, args, &e) != 0)
		trouble(r, "worker.sweep", &e);
}

static void
turn_sweep(struct runner *r)
{
	int status;

	if (r->sweeper > 0 && waitpid(r->sweeper, &status, WNOHANG) == r->sweeper) {
		r->sweeper = 0;
		/* The next round looks a little further back than this one's start: clocks of
		 * others differ. */
		if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
			r->sweep_since = r->sweep_started_wall - SWEEP_OVERLAP_MS;
	}
	if (r->sweeper > 0 && clock_mono() - r->sweep_began > SWEEP_LIMIT_MS)
		kill(r->sweeper, SIGKILL);
	if (r->sweeper == 0 && !r->closing && (r->crew.left_traces || clock_mono() >= r->sweep_at))
		start_sweep(r);
}

static void
turn_beat(struct runner *r)
{
	struct err e;

	if (clock_mono() < r->next_beat)
		return;
	r->next_beat = clock_mono() + r->conf->poll_ms;
	if (settings_worker_beat(r->db, r->name, &e) != 0)
		trouble(r, "worker.beat", &e);
	else
		ballast_keep(r->conf);
}

static void
turn_tell(struct runner *r)
{
	struct err e;

	if (herald_step(&r->herald, r->db, r->conf, clock_now(), &e) != 0)
		trouble(r, "worker.herald", &e);
	if (webhook_step(&r->webhooks, r->db, r->conf, clock_now(), &e) != 0)
		trouble(r, "worker.webhook", &e);
	if (mail_send_step(&r->mail, r->db, r->conf, &e) != 0)
		trouble(r, "worker.mail", &e);
}

static void
turn(struct runner *r)
{
	struct err e;

	if (crew_bury(&r->crew, &e) != 0)
		trouble(r, "worker.bury", &e);
	if (crew_watch(&r->crew, &e) != 0)
		trouble(r, "worker.watch", &e);
	/* Also while closing: what a stopped job held must go on before we go. */
	if (thaws_step(&r->thaws, r->db, r->conf, &e) != 0)
		trouble(r, "worker.thaw", &e);
	turn_sweep(r);
	if (r->closing)
		return;
	turn_beat(r);
	if (crew_recover(&r->crew, &e) != 0)
		trouble(r, "worker.recover", &e);
	if (timer_step(&r->timer, r->db, clock_now(), &e) != 0)
		trouble(r, "worker.timer", &e);
	if (crew_claim(&r->crew, &e) != 0)
		trouble(r, "worker.claim", &e);
	if (pruner_step(r->db, r->conf, clock_now(), &e) != 0)
		trouble(r, "worker.prune", &e);
	turn_tell(r);
	deliveries_open(&r->deliveries, r->conf);
}

/* Often enough for the beats, and for whoever waits for work. */
static int64_t
pause_of(const struct runner *r)
{
	int64_t beat = r->conf->lease_ms / 3;

	return beat < r->conf->poll_ms ? beat : r->conf->poll_ms;
}

/* Jobs get a moment to be buried. An application that one of them held does not stand still until
 * some other worker comes: it is let go first, however long its hook may take. */
static bool
must_stay(struct runner *r)
{
	int64_t stopping = clock_mono() - r->closing_since;
	const struct thaws_leaving who = { r->conf, r->name, stopping };
	struct err e;
	bool held;

	if (stopping < CLOSING_MS && crew_busy(&r->crew) > 0)
		return true;
	if (thaws_keep(&held, &r->thaws, r->db, &who, &e) != 0) {
		trouble(r, "worker.thaw", &e);
		return stopping < CLOSING_MS;
	}
	if (held && !r->said_held)
		log_line(LOG_INFO, "worker.thaw", "stopping waits: an application is still held, "
		    "and its thaw comes first");
	r->said_held |= held;
	return held;
}

/* What could not be let go is told before we go: no other worker may come for long. A mail about it
 * waits for some seconds, and a server may be slow; the rest is the next worker's. */
static void
tell_held(struct runner *r)
{
	const struct thaws_leaving who = { .conf = r->conf, .worker = r->name };
	int64_t until = clock_mono() + TELL_MS;
	struct err e;
	bool news;

	if (lookout_held(&news, r->db, &who, &e) != 0) {
		trouble(r, "worker.lookout", &e);
		return;
	}
	while (news && clock_mono() < until) {
		turn_tell(r);
		wait_a_moment(r, 100);
	}
}

static void
close_down(struct runner *r)
{
	crew_close(&r->crew);
	while (must_stay(r)) {
		wait_a_moment(r, 100);
		turn(r);
	}
	/* First: a sweep might close what is opened here. */
	if (r->sweeper > 0)
		kill(r->sweeper, SIGKILL);
	tell_held(r);
	mail_send_stop(&r->mail, r->db);
	webhook_stop(&r->webhooks, r->db, clock_now());
}

int
runner_run(const struct conf *conf)
{
	struct runner r = {
		.conf = conf,
		.deliveries = DELIVERIES_INIT,
		.mail = MAIL_SENDER_INIT,
		.signals = -1,
		.sweep_at = clock_mono() + FIRST_SWEEP_MS,
	};
	struct err e;

	make_name(r.name);
	if (open_signals(&r.signals, &e) != 0 || make_run_folder(conf, &e) != 0 ||
	    open_catalog(&r, &e) != 0) {
		if (!r.closing)
			log_line(LOG_ERROR, "worker.start", "%s", e.text);
		fd_close(&r.signals);
		return r.closing ? 0 : 1;
	}
	look_for_zones();
	look_for_key(&r);
	crew_init(&r.crew, conf, r.db, r.name);
	if (herald_begin(r.db, clock_now(), &e) != 0)
		trouble(&r, "worker.herald", &e);
	log_line(LOG_INFO, "worker.started", "%s, %" PRId64 " jobs at once", r.name,
	    conf->worker_parallel);
	for (;;) {
		turn(&r);
		if (r.closing)
			break;
		wait_a_moment(&r, pause_of(&r));
	}
	close_down(&r);
	log_line(LOG_INFO, "worker.stopped", "%s", r.name);
	crew_release(&r.crew);
	deliveries_close(&r.deliveries);
	db_close(r.db);
	fd_close(&r.signals);
	return 0;
}

int
runner_sweep(const struct conf *conf, long long since)
{
	CLEANUP_DB struct db *db = NULL;
	struct err e;

	if (db_open(&db, conf->catalog, &e) != 0) {
		log_line(LOG_WARN, "worker.sweep", "%s", e.text);
		return 1;
	}
	/* What is wrong is told, however the housekeeping goes. */
	if (lookout_step(db, clock_now(), &e) != 0)
		log_line(LOG_WARN, "worker.lookout", "%s", e.text);
	if (sweep_once(conf, db, since, &e) != 0) {
		log_line(LOG_WARN, "worker.sweep", "%s", e.text);
		return 1;
	}
	return 0;
}
