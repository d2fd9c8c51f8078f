/* postman.h: notices that go by mail, and the question whether an address wants them. */
#ifndef WORKER_NOTIFY_POSTMAN_H
#define WORKER_NOTIFY_POSTMAN_H

#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/db.h"
#include "lib/util/conf.h"

/* Put what is due into the outbox: notices for mail channels, each once and together with its mark;
 * a notice about a job that the same address got a mail about is that mail. Ask each address that
 * is no account's and was not asked, with a link. An address that is none fails its notice. */
MUST_USE int postman_step(struct db *db, const struct conf *conf, int64_t now, struct err *e);

#endif
