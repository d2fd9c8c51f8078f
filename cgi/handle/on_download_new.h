/* on_download_new.h: asking for files to be prepared for download. */
#ifndef CGI_HANDLE_ON_DOWNLOAD_NEW_H
#define CGI_HANDLE_ON_DOWNLOAD_NEW_H

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

/* GET and POST /b/{n}/download */
MUST_USE int on_download_new_form(struct reply *rp, struct request *rq, struct err *e);
MUST_USE int on_download_new_create(struct reply *rp, struct request *rq, struct err *e);

#endif
