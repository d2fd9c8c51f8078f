/* plan.h: a job's row becomes all that its work needs, resolved. The only reader of secrets. */
#ifndef WORKER_JOB_PLAN_H
#define WORKER_JOB_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/backup.h"
#include "lib/model/copy.h"
#include "lib/model/download.h"
#include "lib/model/job.h"
#include "lib/model/project.h"
#include "lib/model/restore.h"
#include "lib/store/db.h"
#include "lib/store/jobs.h"
#include "lib/util/conf.h"
#include "lib/util/hash.h"
#include "worker/dest/dest.h"
#include "worker/job/report.h"
#include "worker/source/source.h"

struct plan {
	const struct conf *conf;
	struct arena *arena;
	struct db *db;                 /* of the main thread */
	struct report *report;
	struct lease lease;
	struct job job;
	const char *scratch;           /* made on first use by plan_scratch() */
	/* of a backup, verify, download or test job, and of a restore its source; else zero */
	struct environment environment;
	struct backup backup;
	struct part *parts;
	size_t part_count;
	struct storage storage;
	struct dest *dest;
	struct dest_keys *keys;        /* of that storage; NULL: no storage */
	/* where that backup can be read, the nearest first; NULL: it has one place only */
	struct copy *places;
	size_t place_count, place;     /* place: the one that is open */
	const char *unread;            /* what stands against the others, "main: …; b: …" */
	/* of a copy job: where it goes; else zero */
	struct storage to_storage;
	struct dest *to;
	/* of a download job; else zero */
	struct download download;
	struct download_file *files;
	size_t file_count;
	/* of a preview, restore, undo or tidy job; else zero */
	struct restore restore;
	struct restore_part *landings;
	size_t landing_count;
	/* of a dump: called when its first byte comes, for what it reads is fixed then; may be NULL
	 */
	void (*snapshot_taken)(void *arg);
	void *snapshot_arg;
	/* results that the end of the job needs */
	const char *refusal;           /* of a preview; NULL: it can be done */
	const char *test_state, *test_text;
	char sidecar_sha256[HASH_HEX_SIZE];
	int64_t sent_bytes;            /* of a copy */
};

/* The job's row and what it names. conf, arena, db, lease and report are set by the caller.
 * ERR_FENCED when the row is not running under this fence. */
MUST_USE int plan_make(struct plan *p, struct err *e);
/* Closes what plan_make() opened and removes the scratch folder. */
void plan_release(struct plan *p);

/* The folder of this job for files that an engine must have on disk: <run>/job-<id>-<fence>, mode
 * 0700. */
MUST_USE int plan_scratch(struct plan *p, struct err *e);
void plan_scratch_path(char *out, size_t n, const struct conf *conf, const struct lease *l);

/* A service as a source, its secret opened, and the row itself. Both live in the arena. */
MUST_USE int plan_source(struct source *ret, struct plan *p, int64_t service, struct err *e);

/* The part of that id of the plan's backup; NULL when it has none. */
const struct part *plan_part(const struct plan *p, int64_t id);

/* ERR_FENCED unless the lease is still ours. Also writes the present progress. */
MUST_USE int plan_still_ours(struct plan *p, struct err *e);

/* How patiently its requests are made, and how fast bytes may go. */
void plan_limits(struct storage *s, const struct plan *p);
/* A storage, opened with the keys of this instance; whose it is was not looked at. Needs conf,
 * arena and db only. */
MUST_USE int plan_dest(struct dest **ret, struct storage *storage, struct plan *p, struct err *e);

/* The storage of a backup, opened, and known to be the right one: ERR_BUSY when backups should be
 * in it and its disk is away. Needs arena and db only. */
MUST_USE int plan_storage(struct dest **ret, struct storage *storage, struct plan *p, int64_t id,
    struct err *e);

/* The places of the plan's backup, and the nearest of them open. */
MUST_USE int plan_nearest(struct plan *p, struct err *e);
/* Open the storage from which the plan's backup is best read: the nearest of its places that is
 * healthy and answers, from p->place on. The log says which, when it is not the first. With none
 * left the error names each place and what stands against it. */
MUST_USE int plan_open_place(struct plan *p, struct err *e);
/* The place that is open, or was tried, cannot be read for this reason. */
void plan_note_unread(struct plan *p, const struct copy *place, const char *why);

#endif
