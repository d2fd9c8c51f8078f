/* digest.h: Mondays at eight the week in one line per environment, worst first; also when nothing
 * happened, so that silence means that something is wrong. */
#ifndef WORKER_NOTIFY_DIGEST_H
#define WORKER_NOTIFY_DIGEST_H

#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/db.h"
#include "lib/util/conf.h"

/* Tells the instance's channels that chose it, once a week: at 08:00 of the instance's time zone,
 * or as soon as a worker is there again. A new instance begins with its next Monday, and so
 * does one whose clock was ahead and is right again. */
MUST_USE int digest_step(struct db *db, const struct conf *conf, int64_t now, struct err *e);

#endif
