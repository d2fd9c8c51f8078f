/* s3_parts.h: one multipart upload, of which several parts travel at once.
 *
 * One thread gives the parts in their order; each is sent, and tried again, by a thread of its own.
 * What the parts that travel and one that is being filled have in memory is 20 MiB, or one part
 * where that is longer: then it is sent while the giver waits. The first part that fails breaks the
 * others off, and its words are what every later call says.
 */
#ifndef WORKER_DEST_S3_PARTS_H
#define WORKER_DEST_S3_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/util/s3.h"

enum { S3_PARTS_MEMORY = 20 << 20 };

struct s3_parts;
/* *twice: it was asked for more than once, so another upload may have begun that nobody knows. */
MUST_USE int s3_parts_begin(struct s3_parts **ret, bool *twice, struct s3 *s, const char *key,
    struct err *e);
/* NULL is fine; breaks off what travels, aborts nothing. */
void s3_parts_free(struct s3_parts *p);
const char *s3_parts_id(const struct s3_parts *p);
/* How many parts were given; of NULL none. */
int s3_parts_count(const struct s3_parts *p);
/* How long the next one should be: 5 MiB, the least that S3 takes, and after 15 GB 5 MiB more after
 * each 135, so that the 10,000 that S3 allows hold 1 TB. Only the last may be shorter. */
size_t s3_parts_size(int so_far);
/* Takes the bytes and leaves an empty *data; waits until fewer than three travel. */
MUST_USE int s3_parts_send(struct s3_parts *p, struct buf *data, struct err *e);
/* All that were given have arrived. */
MUST_USE int s3_parts_wait(struct s3_parts *p, struct err *e);
MUST_USE int s3_parts_complete(struct s3_parts *p, struct err *e);   /* after s3_parts_wait() */
MUST_USE int s3_parts_abort(struct s3_parts *p, struct err *e);
/* One that is gone is fine. */
MUST_USE int s3_parts_abort_id(struct s3 *s, const char *key, const char *id, struct err *e);

#endif
