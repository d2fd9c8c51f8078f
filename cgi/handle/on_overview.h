/* on_overview.h: the first page. */
#ifndef CGI_HANDLE_ON_OVERVIEW_H
#define CGI_HANDLE_ON_OVERVIEW_H

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

MUST_USE int on_overview_get(struct reply *rp, struct request *rq, struct err *e);   /* GET / */
/* GET /environments.csv: how safe each environment is, in the same order. */
MUST_USE int on_overview_csv(struct reply *rp, struct request *rq, struct err *e);

#endif
