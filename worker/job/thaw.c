/* thaw.c: an application that was held for a backup is let go again. */
#include "worker/job/thaw.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fault.h"
#include "lib/base/fd.h"
#include "lib/base/log.h"
#include "lib/store/projects.h"
#include "worker/job/hook.h"

/* How long after a failed thaw the next one comes: soon at first, and never less often than this.
 */
enum { SOON_MS = 5 * 1000, OFTEN_MS = 60 * 1000, PATH_SIZE = 4096 };

static int
open_lock(int *ret, const struct conf *conf, const char *what, int64_t environment, struct err *e)
{
	char path[PATH_SIZE];
	int fd;

	snprintf(path, sizeof path, "%s/%s-%" PRId64 ".lock", conf->run, what, environment);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, "open '%s'", path);
	*ret = fd;
	return 0;
}

/* Locks of the process, not of the descriptor: no child of ours holds them on. */
static struct flock
whole_file(void)
{
	return (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET };
}

int
thaw_guard(int *ret, const struct conf *conf, int64_t environment, struct err *e)
{
	CLEANUP_FD int fd = -1;
	struct flock all = whole_file();

	if (open_lock(&fd, conf, "freeze", environment, e) != 0)
		return -1;
	if (fcntl(fd, F_SETLK, &all) != 0)
		return errno == EACCES || errno == EAGAIN
		    ? err_set(e, ERR_BUSY, "another backup holds it")
		    : err_sys(e, "lock for the freeze");
	*ret = fd;
	fd = -1;
	return 0;
}

bool
thaw_guarded(const struct conf *conf, int64_t environment)
{
	CLEANUP_FD int fd = -1;
	struct flock all = whole_file();
	struct err e;

	return open_lock(&fd, conf, "freeze", environment, &e) == 0 &&
	    fcntl(fd, F_GETLK, &all) == 0 && all.l_type != F_UNLCK;
}

static int
wait_for_turn(int *ret, const struct conf *conf, int64_t environment, struct err *e)
{
	CLEANUP_FD int fd = -1;
	struct flock all = whole_file();

	if (open_lock(&fd, conf, "thaw", environment, e) != 0)
		return -1;
	while (fcntl(fd, F_SETLKW, &all) != 0)
		if (errno != EINTR)
			return err_sys(e, "lock for the thaw");
	*ret = fd;
	fd = -1;
	return 0;
}

static const char *
outcome(enum thaw_why why)
{
	static const char *const words[] = {
		[THAW_READ] = "read", [THAW_CAP] = "cap", [THAW_LEFT] = "abandoned",
	};

	return words[why];
}

static int
run_hook(struct plan *p, const struct freeze_row *row, enum thaw_why why, struct err *e)
{
	const struct environment *v = &p->environment;
	int64_t began = clock_mono();
	const char *const more[] = {
		arena_printf(p->arena, "LAZARETTE_BACKUP=b%" PRId64, row->backup), NULL,
	};
	const struct hook h = { .name = v->hook_thaw, .step = "thaw", .outcome = outcome(why),
		.limit_s = v->hook_limit_s, .more = more };

	if (*v->hook_thaw == '\0')
		return 0;
	if (hook_run(&h, p, e) != 0)
		return -1;
	report_say(p->report, "note", "%s: the application goes on; exit code 0 after %" PRId64
	    " ms", v->hook_thaw, clock_mono() - began);
	return 0;
}

static int
write_failed(struct plan *p, const struct freeze_row *row, const char *text, struct err *e)
{
	int64_t pause = SOON_MS << (row->tries < 8 ? row->tries : 8);

	return freezes_failed(p->db, row, text,
	    clock_now() + (pause < OFTEN_MS ? pause : OFTEN_MS), e);
}

int
thaw_run(bool *mine, struct plan *p, const struct freeze_row *row, enum thaw_why why,
    struct err *e)
{
	CLEANUP_FD int turn = -1;
	struct freeze_row now;
	struct err sore;

	*mine = false;
	if (wait_for_turn(&turn, p->conf, row->environment, e) != 0 ||
	    freezes_of(&now, p->arena, p->db, row->environment, e) != 0)
		return -1;
	if (now.at != row->at || now.job != row->job)
		return 0;
	FAULT("thaw.begun");
	if (run_hook(p, &now, why, e) != 0) {
		if (write_failed(p, &now, e->text, &sore) != 0)
			log_line(LOG_WARN, "thaw.failed", "%s", sore.text);
		return -1;
	}
	FAULT("thaw.hook_ran");
	*mine = true;
	return freezes_over(p->db, &now, why != THAW_CAP, e);
}

/* -- by the supervisor's order -- */

/* Whose time is up while its job goes on reading is live from here on. */
static int
let_go(struct plan *p, int64_t environment, struct err *e)
{
	struct freeze_row row;
	struct err sore;
	bool mine;

	if (environments_by_id(&p->environment, p->arena, p->db, environment, e) != 0 ||
	    freezes_of(&row, p->arena, p->db, environment, e) != 0)
		return -1;
	if (row.at == 0)
		return 0;
	if (thaw_run(&mine, p, &row,
	        thaw_guarded(p->conf, environment) ? THAW_CAP : THAW_LEFT, e) != 0) {
		if (freezes_note(p->db, row.job, "err",
		        arena_printf(p->arena, "thaw: %s", e->text), &sore) != 0)
			log_line(LOG_WARN, "thaw.note", "%s", sore.text);
		return -1;
	}
	if (!mine)
		return 0;
	log_line(LOG_WARN, "freeze.thawed", "%s/%s goes on again; j%" PRId64 " had left it held",
	    p->environment.project_slug, p->environment.slug, row.job);
	return freezes_note(p->db, row.job, "note", arena_printf(p->arena, "the application was "
	    "let go by the supervisor: %s ended with exit code 0", p->environment.hook_thaw), e);
}

int
thaw_main(const struct conf *conf, int64_t environment)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_REPORT struct report *report = report_aside();
	CLEANUP_DB struct db *db = NULL;
	struct plan p = { .conf = conf, .arena = arena, .report = report };
	struct err e;

	if (db_open(&db, conf->catalog, &e) != 0) {
		log_line(LOG_ERROR, "thaw.failed", "%s", e.text);
		return REPORT_UNWRITTEN;
	}
	p.db = db;
	if (let_go(&p, environment, &e) == 0)
		return 0;
	log_line(LOG_ERROR, "thaw.failed", "%s/%s may still be held: %s",
	    p.environment.project_slug ? p.environment.project_slug : "?",
	    p.environment.slug ? p.environment.slug : "?", e.text);
	return REPORT_UNWRITTEN;
}
