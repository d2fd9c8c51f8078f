/* untar.h: a tar stream, taken apart as its bytes come.
 *
 * Reads what tar.h writes, and with it any ustar, pax or GNU archive of files, folders and links.
 * Members of other kinds, paths that leave the root and headers whose checksum is wrong are
 * ERR_DAMAGED.
 */
#ifndef WORKER_ARCHIVE_UNTAR_H
#define WORKER_ARCHIVE_UNTAR_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "worker/archive/manifest.h"

struct untar_to {
	/* The entry is valid during the call; its sha256 and place are not known. */
	int (*member)(void *arg, const struct entry *entry, struct err *e);
	int (*content)(void *arg, const void *p, size_t n, struct err *e); /* of the last member */
	void *arg;
};
struct untar;
struct untar *untar_new(const struct untar_to *to);
MUST_USE int untar_write(struct untar *u, const void *p, size_t n, struct err *e);
MUST_USE int untar_end(struct untar *u,
    struct err *e); /* ERR_DAMAGED when the archive is not whole */
void untar_freep(struct untar **u);
#define CLEANUP_UNTAR CLEANUP(untar_freep)

#endif
