/* on_environment_view.h: an environment at a glance: how safe, its year, its size. */
#ifndef CGI_HANDLE_ON_ENVIRONMENT_VIEW_H
#define CGI_HANDLE_ON_ENVIRONMENT_VIEW_H

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

MUST_USE int on_environment_view(struct reply *rp, struct request *rq,
    struct err *e);   /* GET /p/{p}/{e} */

#endif
