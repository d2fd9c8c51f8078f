/* on_restore.h: restores and their life: watching them, and taking one back. */
#ifndef CGI_HANDLE_ON_RESTORE_H
#define CGI_HANDLE_ON_RESTORE_H

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

/* GET /p/{p}/{e}/restores */
MUST_USE int on_restore_list(struct reply *rp, struct request *rq, struct err *e);
/* GET /r/{restore} and its part that changes, also of a draft */
MUST_USE int on_restore_get(struct reply *rp, struct request *rq, struct err *e);
MUST_USE int on_restore_fragment(struct reply *rp, struct request *rq, struct err *e);
/* GET and POST /r/{restore}/undo */
MUST_USE int on_restore_undo_form(struct reply *rp, struct request *rq, struct err *e);
MUST_USE int on_restore_undo(struct reply *rp, struct request *rq, struct err *e);

#endif
