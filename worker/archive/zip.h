/* zip.h: a zip file (with zip64 where it is needed), member by member.
 *
 * Symbolic links stay links. A zip knows no hard links: a further name of a file becomes a relative
 * symbolic link to its first name. Names are marked as UTF-8 when they are.
 */
#ifndef WORKER_ARCHIVE_ZIP_H
#define WORKER_ARCHIVE_ZIP_H

#include <stddef.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "worker/archive/manifest.h"
#include "worker/archive/sink.h"

struct zip;
MUST_USE int zip_new(struct zip **ret, const struct sink *out, struct err *e);
MUST_USE int zip_member(struct zip *z, const struct entry *entry, struct err *e);
MUST_USE int zip_content(struct zip *z, const void *p, size_t n,
    struct err *e); /* of the last member */
MUST_USE int zip_finish(struct zip *z, struct err *e);
void zip_freep(struct zip **z);
#define CLEANUP_ZIP CLEANUP(zip_freep)

#endif
