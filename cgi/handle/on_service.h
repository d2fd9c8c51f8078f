/* on_service.h: the services of an environment: listing, testing. */
#ifndef CGI_HANDLE_ON_SERVICE_H
#define CGI_HANDLE_ON_SERVICE_H

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

MUST_USE int on_service_list(struct reply *rp, struct request *rq,
    struct err *e); /* GET /p/{p}/{e}/services */
MUST_USE int on_service_check(struct reply *rp, struct request *rq,
    struct err *e); /* POST …/services/{s}/check */

#endif
