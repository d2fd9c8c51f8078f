/* on_health.h: does the process answer, and is the instance fit for work? */
#ifndef CGI_HANDLE_ON_HEALTH_H
#define CGI_HANDLE_ON_HEALTH_H

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

/* GET /healthz: that this process answers; asks for nothing else */
MUST_USE int on_health(struct reply *rp, struct request *rq, struct err *e);
/* GET /readyz: 200, or 503 with one line for each reason: the catalogue is not there, of another
 * version or cannot be written, or no worker has reported for a minute */
MUST_USE int on_health_ready(struct reply *rp, struct request *rq, struct err *e);

#endif
