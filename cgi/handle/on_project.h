/* on_project.h: projects. */
#ifndef CGI_HANDLE_ON_PROJECT_H
#define CGI_HANDLE_ON_PROJECT_H

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

MUST_USE int on_project_list(struct reply *rp, struct request *rq,
    struct err *e); /* GET /projects */
MUST_USE int on_project_new(struct reply *rp, struct request *rq,
    struct err *e); /* GET /projects/new */
MUST_USE int on_project_create(struct reply *rp, struct request *rq,
    struct err *e); /* POST /projects/new */
MUST_USE int on_project_get(struct reply *rp, struct request *rq, struct err *e); /* GET /p/{p} */
MUST_USE int on_project_settings(struct reply *rp, struct request *rq,
    struct err *e); /* GET /p/{p}/-/settings */
MUST_USE int on_project_save(struct reply *rp, struct request *rq,
    struct err *e); /* POST /p/{p}/-/settings */

#endif
