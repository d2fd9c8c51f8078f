/* folder.h: removing a folder of ours with all that is in it. */
#ifndef WORKER_JOB_FOLDER_H
#define WORKER_JOB_FOLDER_H

#include "lib/base/attr.h"
#include "lib/base/err.h"

/* Remove the folder `path` and everything below it; links are removed, never followed. Missing is
 * fine. */
MUST_USE int folder_remove(const char *path, struct err *e);

#endif
