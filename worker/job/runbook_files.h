/* runbook_files.h: inside of worker/job/runbook: the files it opens with, and those it took out. */
#ifndef WORKER_JOB_RUNBOOK_FILES_H
#define WORKER_JOB_RUNBOOK_FILES_H

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

/* "-i", file, "-i", file …, NULL: every *.identity in the folder, at most 16 of them. */
MUST_USE int runbook_files_identities(const char *const **ret, struct arena *a,
    const char *folder, struct err *e);

/* Every path of a manifest (decoded, a file) is there below the folder and nothing of it differs:
 * kind, size, SHA-256, target of a link. ERR_DAMAGED names the first that is not. */
MUST_USE int runbook_files_compare(const char *manifest, const char *folder, struct err *e);

void runbook_files_free(unsigned char **buffer);

#endif
