/* on_compare.h: what changed from one backup to another. */
#ifndef CGI_HANDLE_ON_COMPARE_H
#define CGI_HANDLE_ON_COMPARE_H

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

MUST_USE int on_compare_get(struct reply *rp, struct request *rq, struct err *e);
MUST_USE int on_compare_fragment(struct reply *rp, struct request *rq, struct err *e);
/* Compare again after that failed. */
MUST_USE int on_compare_again(struct reply *rp, struct request *rq, struct err *e);

#endif
