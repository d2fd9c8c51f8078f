/* beside.h: a hash that is made by a thread of its own, beside who reads the bytes. */
#ifndef WORKER_DEST_BESIDE_H
#define WORKER_DEST_BESIDE_H

#include <stddef.h>

#include "lib/base/attr.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/util/hash.h"

struct beside;

/* `hash` is the thread's until beside_end(). ERR_BUSY: the system has no thread for it. */
MUST_USE int beside_new(struct beside **ret, struct hash *hash, struct err *e);
/* The bytes from `skip` on are next. Takes what is in the buffer and leaves another one in its
 * place, whose content means nothing; waits while several are not hashed yet. */
MUST_USE int beside_add(struct beside *b, struct buf *bytes, size_t skip, struct err *e);
/* All of them are hashed. */
MUST_USE int beside_end(struct beside *b, struct err *e);
void beside_freep(struct beside **b);

#endif
