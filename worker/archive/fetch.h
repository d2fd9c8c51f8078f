/* fetch.h: the content of single files, read out of packs without reading the rest of them.
 *
 * Of a pack only the bytes from the file's first frame to its last wanted byte are read, and at
 * most one step of FETCH_STEP more. Memory is constant, at most 5 MiB. For many files of one backup
 * in the manifest's order chain_pick() is the faster way; it decodes on several cores.
 */
#ifndef WORKER_ARCHIVE_FETCH_H
#define WORKER_ARCHIVE_FETCH_H

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "worker/archive/export.h"
#include "worker/archive/manifest.h"
#include "worker/archive/sink.h"

enum { FETCH_STEP = 128 << 10 };

struct fetch;
/* Reads nothing yet. `part`, and what it points to, outlives the fetch. */
MUST_USE int fetch_open(struct fetch **ret, const struct export_part *part, struct err *e);
void fetch_closep(struct fetch **f);
#define CLEANUP_FETCH CLEANUP(fetch_closep)

/*
 * Write the content of a file's line to `to`; the pack read last stays open for the next one. A
 * further name (ENTRY_HARDLINK) has its content in the line that it names, and a folder or link has
 * none: ERR_INPUT. ERR_DAMAGED names the pack and the file: it is said after the last byte when
 * the size is right and the SHA-256 is not, so what was written must not be used before 0 is
 * returned. ERR_NOT_FOUND, ERR_DENIED: the pack is gone; it is encrypted and its key is not here.
 */
MUST_USE int fetch_file(const struct sink *to, struct fetch *f, const struct entry *entry,
    struct err *e);

#endif
