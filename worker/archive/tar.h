/* tar.h: members of a pax tar (POSIX.1-2001), as GNU tar, bsdtar and every other reader take them.
 *
 * A plain ustar header, and a pax header in front of it only for what does not fit: nanoseconds,
 * sizes from 8 GiB, ids from 2^21, names over 255 bytes. Such a name that is not UTF-8 goes into
 * GNU's long-name member, because pax text must be UTF-8. Names stand as their bytes are on disk.
 */
#ifndef WORKER_ARCHIVE_TAR_H
#define WORKER_ARCHIVE_TAR_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "worker/archive/manifest.h"

enum { TAR_BLOCK = 512, TAR_END = 2 * TAR_BLOCK };   /* an archive ends with TAR_END zeros */

void tar_header(struct buf *out, const struct entry *entry);
/* Never less than tar_header() appends. */
size_t tar_header_bound(size_t path_length, size_t target_length);
/* Zeros behind content of this size. */
size_t tar_padding(int64_t size);

#endif
