/* thaws.c: the supervisor's watch over applications that are held for a backup. */
#include "worker/thaws.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "worker/job/thaw.h"
#include "worker/spawn.h"

/* A job that lives lets go itself; it gets this long beyond its time. How long a child may take:
 * hooks have a limit of their own, of an hour at most. And what a worker that stops allows for all
 * but the hook: the end of the job, and the pause before a second try. */
enum { GRACE_MS = 10 * 1000, CHILD_MS = 3700 * 1000, LEAVE_MS = 10 * 1000 };

bool
thaws_due(const struct freeze_row *row, bool guarded, int64_t now, int64_t seen_ms)
{
	int64_t cap = row->until - row->at;

	/* A wall clock that was set back must not hold anybody longer. */
	if (row->next > now && row->next - now <= CHILD_MS)
		return false;
	return !guarded || now >= row->until + GRACE_MS || now < row->at - CHILD_MS ||
	    seen_ms >= cap + GRACE_MS;
}

static void
bury(struct thaw_watch *w)
{
	int status;

	if (w->pid != 0 && clock_mono() - w->started > CHILD_MS)
		kill(w->pid, SIGKILL);
	if (w->pid != 0 && waitpid(w->pid, &status, WNOHANG) == w->pid)
		w->pid = 0;
}

/* That of this freeze, or a free one; NULL when there is none: then at another turn. */
static struct thaw_watch *
watch_of(struct thaws *t, const struct freeze_row *row)
{
	struct thaw_watch *empty = NULL;

	for (size_t i = 0; i < THAWS_AT_ONCE; i++) {
		struct thaw_watch *w = &t->watches[i];

		if (w->environment == row->environment) {
			if (w->at != row->at)
				w->seen = clock_mono();
			w->at = row->at;
			return w;
		}
		if (w->environment == 0)
			empty = w;
	}
	if (empty != NULL)
		*empty = (struct thaw_watch){ .environment = row->environment, .at = row->at,
			.seen = clock_mono() };
	return empty;
}

static int
start(struct thaw_watch *w, struct err *e)
{
	char environment[24];
	const char *const args[] = { "--thaw", environment, NULL };

	snprintf(environment, sizeof environment, "%" PRId64, w->environment);
	w->started = clock_mono();
	return spawn_self(&w->pid, args, e);
}

/* What is not owed any more is forgotten. */
static void
forget(struct thaws *t, const struct freeze_row *rows, size_t count)
{
	for (size_t i = 0; i < THAWS_AT_ONCE; i++) {
		struct thaw_watch *w = &t->watches[i];
		bool owed = w->pid != 0;

		for (size_t k = 0; k < count; k++)
			owed |= rows[k].environment == w->environment;
		if (!owed)
			*w = (struct thaw_watch){ 0 };
	}
}

int
thaws_step(struct thaws *t, struct db *db, const struct conf *conf, struct err *e)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct freeze_row *rows;
	size_t count;
	int rc = 0;

	for (size_t i = 0; i < THAWS_AT_ONCE; i++)
		bury(&t->watches[i]);
	if (freezes_owed(&rows, &count, arena, db, e) != 0)
		return -1;
	forget(t, rows, count);
	for (size_t i = 0; i < count; i++) {
		struct thaw_watch *w = watch_of(t, &rows[i]);

		if (w != NULL && w->pid == 0 &&
		    thaws_due(&rows[i], thaw_guarded(conf, w->environment), clock_now(),
		        clock_mono() - w->seen) &&
		    start(w, e) != 0)
			rc = -1;
	}
	return rc;
}

static bool
at_work(const struct thaws *t, int64_t environment)
{
	for (size_t i = 0; i < THAWS_AT_ONCE; i++)
		if (t->watches[i].environment == environment && t->watches[i].pid != 0)
			return true;
	return false;
}

bool
thaws_of_another(const struct freeze_row *row, const struct thaws_leaving *who)
{
	return *row->worker != '\0' && strcmp(row->worker, who->worker) != 0 &&
	    thaw_guarded(who->conf, row->environment);
}

int
thaws_keep(bool *ret, const struct thaws *t, struct db *db, const struct thaws_leaving *who,
    struct err *e)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct freeze_row *rows;
	bool keep = false;
	size_t count;

	if (freezes_owed(&rows, &count, arena, db, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		/* Its last try may begin just before the others' time is up. */
		int64_t limit = 2 * (rows[i].limit_ms + LEAVE_MS);

		keep |= who->stopping_ms < limit && !thaws_of_another(&rows[i], who) &&
		    (rows[i].tries < THAWS_FAILED || at_work(t, rows[i].environment));
	}
	*ret = keep;
	return 0;
}
