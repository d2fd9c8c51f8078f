/* files_look.h: what a restore of files would change, before anything is changed. */
#ifndef WORKER_TARGET_FILES_LOOK_H
#define WORKER_TARGET_FILES_LOOK_H

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "worker/archive/export.h"
#include "worker/target/target.h"

/*
 * Files and links are counted, folders are not. changed: another kind, size, time or link target.
 * Reads the manifest once and the target once; file contents are not read.
 */
MUST_USE int files_look_at(struct target_look *ret, const struct target *t,
    const struct export_part *from, struct err *e);

#endif
