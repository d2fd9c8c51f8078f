/* on_backups.h: the list of an environment's backups, and deleting several at once. */
#ifndef CGI_HANDLE_ON_BACKUPS_H
#define CGI_HANDLE_ON_BACKUPS_H

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

/* GET /p/{p}/{e}/backups */
MUST_USE int on_backups_list(struct reply *rp, struct request *rq, struct err *e);
/* GET /p/{p}/{e}/backups.csv: all that the filters let through, as CSV */
MUST_USE int on_backups_csv(struct reply *rp, struct request *rq, struct err *e);
/* GET /p/{p}/{e}/services/{s}/backups: only those that hold this service */
MUST_USE int on_backups_of_service(struct reply *rp, struct request *rq, struct err *e);
/* POST /p/{p}/{e}/backups/delete: asks first, deletes when the answer is there */
MUST_USE int on_backups_delete(struct reply *rp, struct request *rq, struct err *e);

#endif
