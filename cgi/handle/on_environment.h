/* on_environment.h: environments of a project. */
#ifndef CGI_HANDLE_ON_ENVIRONMENT_H
#define CGI_HANDLE_ON_ENVIRONMENT_H

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

MUST_USE int on_environment_new(struct reply *rp, struct request *rq,
    struct err *e); /* GET /p/{p}/-/environments/new */
MUST_USE int on_environment_create(struct reply *rp, struct request *rq,
    struct err *e); /* POST of the same */
MUST_USE int on_environment_settings(struct reply *rp, struct request *rq,
    struct err *e); /* GET /p/{p}/{e}/settings */
MUST_USE int on_environment_save(struct reply *rp, struct request *rq,
    struct err *e); /* POST of the same */
MUST_USE int on_environment_pause(struct reply *rp, struct request *rq,
    struct err *e); /* POST /p/{p}/{e}/pause: paused=1 or 0 */
MUST_USE int on_environment_activity(struct reply *rp, struct request *rq,
    struct err *e); /* GET /p/{p}/{e}/activity */

#endif
