/* on_health.h: does the process answer? */
#ifndef CGI_HANDLE_ON_HEALTH_H
#define CGI_HANDLE_ON_HEALTH_H

#include "cgi/http/reply.h"
#include "cgi/http/request.h"

/* GET /healthz: "ok", without a look at the catalogue. */
int on_health(struct reply *rp, struct request *rq, struct err *e);

#endif
