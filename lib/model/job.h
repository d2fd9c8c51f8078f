/* job.h: work in the queue: kinds, states and the legal moves between them. */
#ifndef LIB_MODEL_JOB_H
#define LIB_MODEL_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/attr.h"

/* preview: look at the target of a restore; undo: take one back; switch: a new service and the one
 * it stands beside change places; tidy: what a restore left to do (its hook, what it kept beside
 * the target); test: a restore into a scratch target; reconcile: compare a storage with the
 * catalogue; prune: to the trash with what the keep rule lets go; list: the files of a backup, for
 * pages; compare: what changed from one backup to another, for pages; copy: a backup into a further
 * storage, or made whole again in one; prove: that a storage is enough to come back from;
 * rewrap: what lies in a storage opens with the keys of now, too. */
enum job_kind {
	JOB_BACKUP,
	JOB_DOWNLOAD,
	JOB_CHECK,
	JOB_VERIFY,
	JOB_PREVIEW,
	JOB_RESTORE,
	JOB_UNDO,
	JOB_SWITCH,
	JOB_TIDY,
	JOB_TEST,
	JOB_RECONCILE,
	JOB_PRUNE,
	JOB_LIST,
	JOB_COMPARE,
	JOB_COPY,
	JOB_PROVE,
	JOB_REWRAP,
	JOB_KINDS
};
enum job_state { JOB_QUEUED, JOB_RUNNING, JOB_SUCCEEDED, JOB_FAILED, JOB_CANCELLED, JOB_STATES };

/* Lower-case names as they stand in the catalogue; parse is false for an unknown one. */
const char *job_kind_name(enum job_kind kind);
const char *job_state_name(enum job_state state);
MUST_USE bool job_kind_parse(enum job_kind *ret, const char *name);
MUST_USE bool job_state_parse(enum job_state *ret, const char *name);

/* The table of legal moves; the CHECK constraints and jobs.c hold to it. */
bool job_may_go(enum job_state from, enum job_state to);
bool job_ended(enum job_state state);

struct job {
	int64_t id;
	const char *uuid;
	enum job_kind kind;
	enum job_state state;
	int64_t environment;         /* always set */
	int64_t backup;              /* 0 when none: so are the next four */
	int64_t download;
	int64_t restore;
	int64_t after;               /* the job that must have ended before */
	int64_t service;             /* of a check */
	int64_t compared;            /* of a compare: the older backup; 0: none */
	int64_t storage;             /* that it looks at, copies to or reads from; 0: as usual */
	const char *storage_slug;    /* "" when none */
	int64_t requested_by;        /* account; 0 is the system itself */
	const char *requested_name;  /* e-mail of that account, or "system" */
	int64_t created_at, started_at, finished_at;   /* 0 when not yet */
	const char *worker;          /* who holds the lease, NULL when nobody */
	int64_t fence;               /* grows with each claim */
	int deaths;                  /* times its process died under a living worker */
	bool cancel_asked;
	bool mail_when_done;
	const char *phase;           /* words for people: "database: dumping" */
	int64_t bytes_done, bytes_total;   /* total 0 when unknown; of raw bytes */
	int64_t progress_at;         /* when bytes_done or phase last moved */
	int64_t warnings;
	const char *error;           /* NULL when none */
	int exit_code;               /* of the tool that failed */
	/* Where it belongs, for pages. */
	const char *project_slug, *environment_slug;
};

#endif
