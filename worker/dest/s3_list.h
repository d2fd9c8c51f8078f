/* s3_list.h: what lies in a bucket, and which uploads there are unfinished. */
#ifndef WORKER_DEST_S3_LIST_H
#define WORKER_DEST_S3_LIST_H

#include "lib/util/s3.h"
#include "worker/dest/dest.h"

/* Every object whose key below the bucket's prefix begins with `begins`, whole names or not. fn may
 * send requests of its own. What it returns other than 0 ends it. */
MUST_USE int s3_list_objects(struct s3 *s, const char *begins, dest_each *fn, void *arg,
    struct err *e);

typedef int s3_list_upload(void *arg, const char *key, const char *id, struct err *e);
/* Every unfinished multipart upload of exactly this key. */
MUST_USE int s3_list_uploads(struct s3 *s, const char *key, s3_list_upload *fn, void *arg,
    struct err *e);

#endif
