/* on_job.h: watching the work, stopping it, and asking for it again. */
#ifndef CGI_HANDLE_ON_JOB_H
#define CGI_HANDLE_ON_JOB_H

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

MUST_USE int on_job_list(struct reply *rp, struct request *rq, struct err *e);       /* GET /jobs */
MUST_USE int on_job_get(struct reply *rp, struct request *rq, struct err *e); /* GET /j/{n} */
MUST_USE int on_job_fragment(struct reply *rp, struct request *rq,
    struct err *e); /* GET /j/{n}/fragment: its middle, or 304 */
MUST_USE int on_job_log(struct reply *rp, struct request *rq,
    struct err *e); /* GET /j/{n}/log: text/plain */
MUST_USE int on_job_cancel(struct reply *rp, struct request *rq,
    struct err *e); /* POST /j/{n}/cancel */
MUST_USE int on_job_retry(struct reply *rp, struct request *rq,
    struct err *e); /* POST /j/{n}/retry: a new job for the same */

#endif
