/* on_copy.h: one backup in one storage: copied there, verified there, removed from there. */
#ifndef CGI_HANDLE_ON_COPY_H
#define CGI_HANDLE_ON_COPY_H

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

MUST_USE int on_copy_make(struct reply *rp, struct request *rq,
    struct err *e); /* POST /b/{n}/copies/{storage}: copied there, or made whole again there */
MUST_USE int on_copy_verify(struct reply *rp, struct request *rq,
    struct err *e); /* POST /b/{n}/copies/{storage}/verify */
MUST_USE int on_copy_remove(struct reply *rp, struct request *rq,
    struct err *e); /* POST /b/{n}/copies/{storage}/remove: never the first place */

#endif
