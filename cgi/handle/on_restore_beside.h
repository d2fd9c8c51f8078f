/* on_restore_beside.h: a new service: switching it in and out, and removing what is not in use. */
#ifndef CGI_HANDLE_ON_RESTORE_BESIDE_H
#define CGI_HANDLE_ON_RESTORE_BESIDE_H

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

/* GET and POST /r/{restore}/switch; the post says which way by `to`, in or out. */
MUST_USE int on_restore_beside_switch_form(struct reply *rp, struct request *rq, struct err *e);
MUST_USE int on_restore_beside_switch(struct reply *rp, struct request *rq, struct err *e);
/* GET and POST /r/{restore}/remove */
MUST_USE int on_restore_beside_remove_form(struct reply *rp, struct request *rq, struct err *e);
MUST_USE int on_restore_beside_remove(struct reply *rp, struct request *rq, struct err *e);

#endif
