/* on_retention.h: the keep rule of an environment, a project or the instance, and what it does to
 * the backups that are there. */
#ifndef CGI_HANDLE_ON_RETENTION_H
#define CGI_HANDLE_ON_RETENTION_H

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

MUST_USE int on_retention_get(struct reply *rp, struct request *rq, struct err *e);
/* do=look: what would go, nothing is saved. do=save: saved, when nothing goes or the number of what
 * goes was typed. */
MUST_USE int on_retention_save(struct reply *rp, struct request *rq, struct err *e);

#endif
