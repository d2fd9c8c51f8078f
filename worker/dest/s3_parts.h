/* s3_parts.h: one multipart upload. */
#ifndef WORKER_DEST_S3_PARTS_H
#define WORKER_DEST_S3_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/util/s3.h"

struct s3_parts;
/* *twice: it was asked for more than once, so another upload may have begun that nobody knows. */
MUST_USE int s3_parts_begin(struct s3_parts **ret, bool *twice, struct s3 *s, const char *key,
    struct err *e);
void s3_parts_free(struct s3_parts *p);          /* NULL is fine; aborts nothing */
const char *s3_parts_id(const struct s3_parts *p);
/* How many parts were sent; of NULL none. */
int s3_parts_count(const struct s3_parts *p);
/* How long the next one should be: 8 MiB, and 8 MiB more after each 400, so that the 10,000 that S3
 * allows hold 1 TB. Only the last may be shorter. */
size_t s3_parts_size(int so_far);
MUST_USE int s3_parts_send(struct s3_parts *p, const void *data, size_t n, struct err *e);
MUST_USE int s3_parts_complete(struct s3_parts *p, struct err *e);
MUST_USE int s3_parts_abort(struct s3_parts *p, struct err *e);
/* One that is gone is fine. */
MUST_USE int s3_parts_abort_id(struct s3 *s, const char *key, const char *id, struct err *e);

#endif
