/* on_metrics.h: how everything stands, for Prometheus. */
#ifndef CGI_HANDLE_ON_METRICS_H
#define CGI_HANDLE_ON_METRICS_H

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

/* GET /metrics: for whoever brings the token of lazarette.conf ("Authorization: Bearer …"); without
 * one there, for this host alone, and not through another proxy. */
MUST_USE int on_metrics(struct reply *rp, struct request *rq, struct err *e);

#endif
