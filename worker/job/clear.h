/* clear.h: removing what a backup or download left in storage, when nobody will use it. */
#ifndef WORKER_JOB_CLEAR_H
#define WORKER_JOB_CLEAR_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/job.h"
#include "lib/store/db.h"
#include "lib/util/conf.h"
#include "worker/dest/dest.h"

struct clear {
	const struct conf *conf;
	struct arena *arena;
	struct db *db;
	int64_t *failed_in;           /* the storage that failed clear_backup(); may be NULL */
};

/*
 * Every object of a backup, in all its places: parts, manifests, sidecar, and their unfinished
 * uploads. A place that fails does not spare the others; the first failure is given back, and a
 * copy that is gone is forgotten. Only for a backup in a state that nothing leads back from:
 * failed, trashed for good, deleted. Any other state is ERR_CONFLICT and nothing is touched.
 */
MUST_USE int clear_backup(const struct clear *c, int64_t backup, struct err *e);

/* Whether that asks nothing of a network: what lies in a bucket is for a child to clear. */
MUST_USE int clear_is_near(bool *ret, const struct clear *c, int64_t backup, struct err *e);

/* Uploads that holders of a backup with a fence below this one left; safe in every state. */
MUST_USE int clear_uploads(const struct clear *c, int64_t backup, int64_t below, struct err *e);
/* Of a backup job: those of all holders but the one that still has it. */
MUST_USE int clear_uploads_of(const struct clear *c, const struct job *job, struct err *e);

/* The objects of a copy that is leaving, and then its row. ERR_CONFLICT when it is not. */
MUST_USE int clear_copy(const struct clear *c, int64_t backup, int64_t storage, struct err *e);
/* As clear_uploads_of() for a copy job, in the storage that it copies to. */
MUST_USE int clear_copy_uploads(const struct clear *c, const struct job *job, struct err *e);

/* What a rewrap job that has ended left unfinished in its storage. */
MUST_USE int clear_wrap_uploads(const struct clear *c, const struct job *job, struct err *e);

/* The folder of a download, when it is neither preparing nor ready; else ERR_CONFLICT. */
MUST_USE int clear_download(const struct clear *c, int64_t download, struct err *e);

/* Folders of downloads that are neither preparing nor ready, whatever became of their rows. */
MUST_USE int clear_downloads(const struct clear *c, struct err *e);

/* Lists of files: of parts that are gone, a week after they were made, and what was begun and never
 * published. */
MUST_USE int clear_lists(const struct clear *c, struct err *e);

/* What a backup of files knows of the one before: of services that were removed. */
MUST_USE int clear_ledgers(const struct clear *c, struct err *e);

/* Scratch folders of jobs that do not run under that fence any more. */
MUST_USE int clear_scratch(const struct clear *c, struct err *e);

#endif
