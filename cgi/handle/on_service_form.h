/* on_service_form.h: adding a service, and changing one. */
#ifndef CGI_HANDLE_ON_SERVICE_FORM_H
#define CGI_HANDLE_ON_SERVICE_FORM_H

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

/* GET and POST /p/{p}/{e}/services/new: first the kind (?engine=), then its fields */
MUST_USE int on_service_form_new(struct reply *rp, struct request *rq, struct err *e);
MUST_USE int on_service_form_create(struct reply *rp, struct request *rq, struct err *e);
/* GET and POST /p/{p}/{e}/services/{s} */
MUST_USE int on_service_form_edit(struct reply *rp, struct request *rq, struct err *e);
MUST_USE int on_service_form_save(struct reply *rp, struct request *rq, struct err *e);

#endif
