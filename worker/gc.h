/* gc.h: what lies in the storages and is of no use to any backup any more.
 *
 * Marked is what the catalogue names: objects of backups that are being made, ready or in the
 * trash, and the packs that any of them needs. Of the rest only what is known to be left over from
 * a backup that failed or was deleted goes, and unfinished uploads of no running job; never
 * anything that is younger than a day. What the catalogue has never heard of stays: it is told, and
 * somebody's.
 */
#ifndef WORKER_GC_H
#define WORKER_GC_H

#include <stdbool.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/util/conf.h"

/* Tells on stdout, one line each, what goes or stays and why; `dry`: removes nothing. */
MUST_USE int gc_run(const struct conf *conf, bool dry, struct err *e);

#endif
