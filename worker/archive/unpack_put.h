/* unpack_put.h: one entry of an archive, put on the disk below its root. */
#ifndef WORKER_ARCHIVE_UNPACK_PUT_H
#define WORKER_ARCHIVE_UNPACK_PUT_H

#include <stdatomic.h>
#include <stdbool.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/util/hash.h"
#include "worker/archive/beneath.h"
#include "worker/archive/manifest.h"

/* An entry and where it goes. */
struct unpack_put {
	struct entry entry;
	int root;
	const char *below;
	int from_root;                /* hard links: where the first name is */
	const char *from_below;
	size_t at;                    /* where its content begins in the batch */
	bool late;                    /* its folder was finished before it came */
};
/* For one thread. */
struct unpack_hand {
	struct beneath beneath, other;
	struct hash *hash;
	bool owners;
	atomic_int *pending;          /* folders that were made and not yet finished */
};

/* A new file with this content; its hash is compared with the entry's. */
MUST_USE int unpack_put_file(struct unpack_hand *h, const struct unpack_put *put, const void *p,
    struct err *e);
MUST_USE int unpack_put_link(struct unpack_hand *h, const struct unpack_put *put, struct err *e);
MUST_USE int unpack_put_hardlink(struct unpack_hand *h, const struct unpack_put *put,
    struct err *e);
/* Makes it when it is not there; owner, mode and time are then for good. */
MUST_USE int unpack_put_folder(struct unpack_hand *h, const struct unpack_put *put, struct err *e);
/* A file in pieces: a descriptor to write to; then the end, which closes it. */
MUST_USE int unpack_put_begin(int *fd, struct unpack_hand *h, const struct unpack_put *put,
    struct err *e);
MUST_USE int unpack_put_write(int fd, const struct unpack_put *put, const void *p, size_t n,
    struct err *e);
MUST_USE int unpack_put_end(int *fd, struct unpack_hand *h, const struct unpack_put *put,
    struct err *e);

/* ERR_DAMAGED: "'<path>' <why>". */
int unpack_put_damaged(struct err *e, const char *path, const char *why);

#endif
