/* runbook.h: a backup is opened as README.txt of its storage says, with the tools it names.
 *
 * What the backup needs is copied into the job's scratch folder, compared by sha256sum, opened by
 * age, decoded by zstd, and shown to what would restore it: tar (or restore-files.sh) into a folder
 * that is compared with the manifest file by file, pg_restore --list, sqlite3's integrity_check.
 * Nothing stays. Where a tool is missing or there is no room for it, Lazarette's own reader reads
 * and compares every object, and the answer says so.
 */
#ifndef WORKER_JOB_RUNBOOK_H
#define WORKER_JOB_RUNBOOK_H

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "worker/job/plan.h"

/*
 * Of the plan's backup. *way is what it was opened with, for people: "age, zstd and tar".
 * ERR_DENIED: it is encrypted, and its key is not here. ERR_DAMAGED, ERR_NOT_FOUND or ERR_INTERNAL
 * (a tool's own words): it does not open.
 */
MUST_USE int runbook_open(const char **way, struct plan *p, struct err *e);

#endif
