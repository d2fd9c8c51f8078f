/* job.c: work in the queue: kinds, states and the legal moves between them. */
#include "lib/model/job.h"

#include "lib/model/word.h"

static const char *const kinds[JOB_KINDS] = {
	[JOB_BACKUP] = "backup", [JOB_DOWNLOAD] = "download",
	[JOB_CHECK] = "check",   [JOB_VERIFY] = "verify",
	[JOB_PREVIEW] = "preview", [JOB_RESTORE] = "restore",
	[JOB_UNDO] = "undo",     [JOB_SWITCH] = "switch",
	[JOB_TIDY] = "tidy",     [JOB_TEST] = "test",
	[JOB_RECONCILE] = "reconcile",
	[JOB_PRUNE] = "prune",
	[JOB_LIST] = "list",
	[JOB_COMPARE] = "compare",
	[JOB_COPY] = "copy",
	[JOB_PROVE] = "prove",
	[JOB_REWRAP] = "rewrap",
};

static const char *const states[JOB_STATES] = {
	[JOB_QUEUED] = "queued", [JOB_RUNNING] = "running", [JOB_SUCCEEDED] = "succeeded",
	[JOB_FAILED] = "failed", [JOB_CANCELLED] = "cancelled",
};

/* Back to the queue: its process died or its lease ran out. */
static const bool moves[JOB_STATES][JOB_STATES] = {
	[JOB_QUEUED] = { [JOB_RUNNING] = true, [JOB_CANCELLED] = true },
	[JOB_RUNNING] = { [JOB_QUEUED] = true, [JOB_SUCCEEDED] = true, [JOB_FAILED] = true,
	    [JOB_CANCELLED] = true },
};

const char *
job_kind_name(enum job_kind kind)
{
	return word_of(kinds, JOB_KINDS, (int)kind);
}

const char *
job_state_name(enum job_state state)
{
	return word_of(states, JOB_STATES, (int)state);
}

bool
job_kind_parse(enum job_kind *ret, const char *name)
{
	int found = word_find(kinds, JOB_KINDS, name);

	if (found < 0)
		return false;
	*ret = (enum job_kind)found;
	return true;
}

bool
job_state_parse(enum job_state *ret, const char *name)
{
	int found = word_find(states, JOB_STATES, name);

	if (found < 0)
		return false;
	*ret = (enum job_state)found;
	return true;
}

bool
job_may_go(enum job_state from, enum job_state to)
{
	return from < JOB_STATES && to < JOB_STATES && moves[from][to];
}

bool
job_ended(enum job_state state)
{
	return state == JOB_SUCCEEDED || state == JOB_FAILED || state == JOB_CANCELLED;
}
